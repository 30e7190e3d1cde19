"""What an account holds of one asset."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core.rows.base import Row
from plimsoll.core.store import Tally, Undo, UndoLog


@final
class Balance(Row):
    """What an account holds of one asset; may be negative (a margin debt, the outside world)."""

    def __init__(self, log: UndoLog, account: int, kind: int, asset: int) -> None:
        super().__init__(log)
        self.was: BalanceWas | None = None
        self.account: int = account
        self.kind: int = kind
        self.asset: int = asset
        self.amount: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = BalanceWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def add(self, amount: int) -> None:
        """Change the balance by a signed amount. Only the ledger calls this."""
        self.touch()
        self.amount += amount


@final
class BalanceWas(Undo):
    """Saved ``Balance``."""

    def __init__(self, row: Balance) -> None:
        self.row: Balance = row
        self.stamp: i64 = row.stamp
        self.amount: int = row.amount

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.amount = row.amount

    def undo(self) -> None:
        self.row.stamp = self.stamp
        self.row.amount = self.amount

    def audit(self, check: Tally, stamp: i64) -> None:
        if self.stamp < stamp:
            row = self.row
            check.balance(row.asset, row.kind, self.amount, row.amount)
