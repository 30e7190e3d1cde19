"""Row of the order gateway: what is known of a signed order."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core.rows.base import Row
from plimsoll.core.store import Undo, UndoLog


@final
class Signed(Row):
    """What is known of a signed order, from its first fill or its cancellation until it expires.

    ``account`` and ``size`` are those of the order that the hash stands for; ``ident`` is its place
    in the timer.
    """

    def __init__(
        self,
        log: UndoLog,
        ident: int,
        order_hash: str,
        account: int,
        size: int,
        expires_ms: int,
        filled: int = 0,
        cancelled: bool = False,
    ) -> None:
        super().__init__(log)
        self.was: SignedWas | None = None
        self.ident: int = ident
        self.order_hash: str = order_hash
        self.account: int = account
        self.size: int = size
        self.expires_ms: int = expires_ms
        self.filled: int = filled
        self.cancelled: bool = cancelled
        # Made in this scope: taking it back forgets the row.
        self.stamp = log.stamp

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = SignedWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def fill(self, size: int) -> None:
        """A part was filled."""
        self.touch()
        self.filled += size

    def cancel(self) -> None:
        """Never to be filled again."""
        self.touch()
        self.cancelled = True


@final
class SignedWas(Undo):
    """Saved ``Signed``."""

    def __init__(self, row: Signed) -> None:
        self.row: Signed = row
        self.stamp: i64 = row.stamp
        self.filled: int = row.filled
        self.cancelled: bool = row.cancelled

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.filled = row.filled
        self.cancelled = row.cancelled

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.filled = self.filled
        row.cancelled = self.cancelled
