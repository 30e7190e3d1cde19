"""Rows of the exchange as a whole: counters and limits, principals, assets."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core.rows.base import Row
from plimsoll.core.store import Undo, UndoLog
from plimsoll.messages.params import GlobalParams


@final
class Globals(Row):
    """Counters and limits of the whole exchange. Ids are never used twice."""

    def __init__(self, log: UndoLog, params: GlobalParams) -> None:
        super().__init__(log)
        self.was: GlobalsWas | None = None
        self.params: GlobalParams = params
        self.next_order: int = 1
        self.next_sequence: int = 1
        self.next_fill: int = 1
        self.scanned: int = 0  # the account that the search for liquidations goes on with

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = GlobalsWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def take_order(self) -> int:
        """A fresh order id."""
        self.touch()
        taken = self.next_order
        self.next_order = taken + 1
        return taken

    def take_sequence(self) -> int:
        """A fresh place in the order of arrival."""
        self.touch()
        taken = self.next_sequence
        self.next_sequence = taken + 1
        return taken

    def take_fill(self) -> int:
        """A fresh fill id."""
        self.touch()
        taken = self.next_fill
        self.next_fill = taken + 1
        return taken

    def set_scanned(self, account: int) -> None:
        """Where the search for liquidations goes on."""
        self.touch()
        self.scanned = account

    def set_params(self, params: GlobalParams) -> None:
        """Replace the limits."""
        self.touch()
        self.params = params

    def set_counters(self, order: int, sequence: int, fill: int) -> None:
        """Counters of a snapshot."""
        self.touch()
        self.next_order = order
        self.next_sequence = sequence
        self.next_fill = fill


@final
class GlobalsWas(Undo):
    """Saved ``Globals``."""

    def __init__(self, row: Globals) -> None:
        self.row: Globals = row
        self.stamp: i64 = row.stamp
        self.params: GlobalParams = row.params
        self.next_order: int = row.next_order
        self.next_sequence: int = row.next_sequence
        self.next_fill: int = row.next_fill
        self.scanned: int = row.scanned

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.params = row.params
        self.next_order = row.next_order
        self.next_sequence = row.next_sequence
        self.next_fill = row.next_fill
        self.scanned = row.scanned

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.params = self.params
        row.next_order = self.next_order
        row.next_sequence = self.next_sequence
        row.next_fill = self.next_fill
        row.scanned = self.scanned


@final
class Principal(Row):
    """Somebody who may send commands; ``roles`` is a mask, ``accounts`` how many are owned."""

    def __init__(self, log: UndoLog, ident: int, name: str, roles: int) -> None:
        super().__init__(log)
        self.was: PrincipalWas | None = None
        self.ident: int = ident
        self.name: str = name
        self.roles: int = roles
        self.accounts: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = PrincipalWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def count_account(self) -> None:
        """One more account is owned."""
        self.touch()
        self.accounts += 1


@final
class PrincipalWas(Undo):
    """Saved ``Principal``."""

    def __init__(self, row: Principal) -> None:
        self.row: Principal = row
        self.stamp: i64 = row.stamp
        self.accounts: int = row.accounts

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.accounts = row.accounts

    def undo(self) -> None:
        self.row.stamp = self.stamp
        self.row.accounts = self.accounts


@final
class Asset:
    """Something balances are kept in. Never changes."""

    def __init__(self, ident: int, symbol: str, decimals: int) -> None:
        self.ident: int = ident
        self.symbol: str = symbol
        self.decimals: int = decimals
