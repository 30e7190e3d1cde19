"""What a handler works with: the state, the stamp of the command, and the list of its events."""

from __future__ import annotations

from typing import final

from plimsoll.core.rows import Position
from plimsoll.core.state import State
from plimsoll.messages.events import Event


@final
class FeeParts:
    """Who got how much of the fee of the last fill."""

    def __init__(self) -> None:
        self.insurance: int = 0
        self.adjustments: int = 0
        self.funding: int = 0
        self.keepers: int = 0
        self.treasury: int = 0
        self.vault: int = 0


@final
class Txn:
    """One command in the making. Events roll back with the state."""

    def __init__(self, state: State) -> None:
        self.state: State = state
        self.events: list[Event] = []
        self.recording: bool = True
        self.seq: int = 0
        self.now: int = 0
        self.principal: int = 0
        self.roles: int = 0
        self.parts: FeeParts = FeeParts()
        self.to_trim: list[Position] = []  # positions whose reduce-only orders may be too many

    def emit(self, event: Event) -> None:
        """Add an event, unless nobody wants them."""
        if self.recording:
            self.events.append(event)

    def drop_events(self, mark: int) -> None:
        """Forget the events since ``mark``."""
        events = self.events
        while len(events) > mark:
            events.pop()
