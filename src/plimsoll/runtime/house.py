"""When the house does due work itself: by a ``Tick`` right after the command that made it due."""

from __future__ import annotations

from typing import Final

from plimsoll.core.engine import Engine
from plimsoll.messages import codec
from plimsoll.messages.commands import Command, Tick
from plimsoll.messages.events import Event

REST_MS: Final = 250
TICK: Final = Tick(256)
TICK_BODY: Final = codec.encode_command(TICK)


class HouseKeeper:
    """Decides after each command; what is due and cannot be done is tried again after a rest."""

    def __init__(self) -> None:
        self._idle_until = 0

    def has_work(self, engine: Engine, command: Command, ts: int) -> bool:
        """Whether a ``Tick`` is to follow ``command``, which was applied at ``ts`` (ms)."""
        return ts >= self._idle_until and engine.is_due(command, ts)

    def worked(self, events: list[Event], ts: int) -> None:
        """Take note of what a ``Tick`` at ``ts`` did."""
        if not events:
            self._idle_until = ts + REST_MS
