"""The order gateway as a data structure: who may sign for which account, and what is known of
signed orders.

Every change leaves its inverse in the undo log. What is settled is decided in ``signed_orders``.
"""

from __future__ import annotations

from typing import final

from mypy_extensions import mypyc_attr

from plimsoll.core.board import DueAdded, DueRemoved
from plimsoll.core.rows import Signed
from plimsoll.core.store import KeyIndex, Undo, UndoLog


@final
class GatewayBoard:
    """Signers by account, in order of their text; signed orders by hash, by place in the timer."""

    def __init__(self, log: UndoLog) -> None:
        self.log: UndoLog = log
        self.signers: dict[int, list[str]] = {}  # lists are replaced, never changed in place
        self.signed: dict[str, Signed] = {}
        self.by_ident: dict[int, Signed] = {}
        self.ends: KeyIndex = KeyIndex()

    def signers_of(self, account: int) -> list[str]:
        """The keys that may sign orders of an account."""
        return self.signers.get(account, [])

    def set_signers(self, account: int, signers: list[str]) -> None:
        """Replace the keys of an account; sorted, none left is fine."""
        before = self.signers_of(account)
        self.keep_signers(account, signers)
        self.log.entries.append(SignersSet(self, account, before))

    def keep_signers(self, account: int, signers: list[str]) -> None:
        """Enter the keys of an account (not into the log)."""
        if len(signers) > 0:
            self.signers[account] = signers
        else:
            self.signers.pop(account, None)

    def learn(self, row: Signed) -> None:
        """Know a signed order from now on."""
        self.enter(row)
        self.log.entries.append(Learned(self, row))
        self.ends.add(row.expires_ms, row.ident)
        self.log.entries.append(DueAdded(self.ends, row.expires_ms, row.ident))

    def forget(self, row: Signed) -> None:
        """Know a signed order no more: it is past its expiry."""
        self.leave(row)
        self.log.entries.append(Forgotten(self, row))
        self.ends.remove(row.expires_ms, row.ident)
        self.log.entries.append(DueRemoved(self.ends, row.expires_ms, row.ident))

    def enter(self, row: Signed) -> None:
        """Enter a signed order into the tables (not into the log)."""
        self.signed[row.order_hash] = row
        self.by_ident[row.ident] = row

    def leave(self, row: Signed) -> None:
        """Take a signed order out of the tables (not of the log)."""
        del self.signed[row.order_hash]
        del self.by_ident[row.ident]

    def lapsed(self, now: int) -> Signed | None:
        """A signed order past its expiry, the earliest first; None."""
        if self.ends.size() > 0 and self.ends.first_key() < now:
            return self.by_ident[self.ends.first_id()]
        return None


@final
@mypyc_attr(acyclic=True)
class SignersSet(Undo):
    """The keys of an account were replaced."""

    def __init__(self, board: GatewayBoard, account: int, before: list[str]) -> None:
        self.board: GatewayBoard = board
        self.account: int = account
        self.before: list[str] = before

    def undo(self) -> None:
        self.board.keep_signers(self.account, self.before)


@final
@mypyc_attr(acyclic=True)
class Learned(Undo):
    """A signed order came to be known."""

    def __init__(self, board: GatewayBoard, row: Signed) -> None:
        self.board: GatewayBoard = board
        self.row: Signed = row

    def undo(self) -> None:
        self.board.leave(self.row)


@final
@mypyc_attr(acyclic=True)
class Forgotten(Undo):
    """A signed order was forgotten."""

    def __init__(self, board: GatewayBoard, row: Signed) -> None:
        self.board: GatewayBoard = board
        self.row: Signed = row

    def undo(self) -> None:
        self.board.enter(self.row)
