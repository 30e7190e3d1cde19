"""What every row can do: save its values once per scope, before they change."""

from __future__ import annotations

from mypy_extensions import i64

from plimsoll.core.store import Undo, UndoLog


class Row:
    """A row that can be changed. ``stamp`` tells in which scope it was last saved."""

    def __init__(self, log: UndoLog) -> None:
        self.log: UndoLog = log
        self.stamp: i64 = 0

    def save(self, first: bool) -> Undo:
        """A record of the values that can change; for the ``first`` of a command the row's own."""
        raise RuntimeError("a row must say how it is saved")

    def touch(self) -> None:
        """Save the row unless this scope has saved it already. Called before every change."""
        log = self.log
        if self.stamp != log.stamp:
            log.entries.append(self.save(self.stamp < log.base))
            self.stamp = log.stamp
