"""What is not to be tried for a while, each key until its own time."""

from __future__ import annotations

import heapq
from typing import Final

KEYS_MAX: Final = 10_000
STRIKES_MAX: Final = 6
"""Refusals in a row that still double the wait."""
FORGET_MS: Final = 60_000
"""After so long without a refusal the next one counts as the first."""


class Throttle:
    """Keys with the time (ms) until which they rest. At most ``most`` keys are remembered: beyond
    that the ones that end soonest are forgotten first.
    """

    def __init__(self, most: int = KEYS_MAX) -> None:
        self._most = max(1, most)
        self._until: dict[str, int] = {}
        # The one that was struck longest ago stands first.
        self._strikes: dict[str, tuple[int, int]] = {}
        self._ends: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._until)

    def block(self, key: str, now: int, rest_ms: int) -> int:
        """Let a key rest for ``rest_ms``; never shortens a rest. Returns when it ends."""
        until = now + max(0, rest_ms)
        if until <= self._until.get(key, now):
            return self._until.get(key, now)
        self._until[key] = until
        heapq.heappush(self._ends, (until, key))
        self.prune(now)
        while len(self._until) > self._most:
            self._forget_first()
        return until

    def strike(self, key: str, now: int, rest_ms: int) -> int:
        """As ``block``, twice as long each time it happens again before the key is ``cleared`` or
        has been left alone for ``FORGET_MS``.
        """
        count, ended = self._strikes.pop(key, (0, now))
        if now - ended > FORGET_MS:
            count = 0
        until = self.block(key, now, rest_ms << min(count, STRIKES_MAX))
        self._strikes[key] = (count + 1, until)
        while len(self._strikes) > self._most:
            del self._strikes[next(iter(self._strikes))]
        return until

    def clear(self, key: str) -> None:
        """Forget what is remembered of a key."""
        self._until.pop(key, None)
        self._strikes.pop(key, None)

    def blocked(self, key: str, now: int) -> bool:
        """Whether a key rests at ``now``; at its end it no longer does."""
        return now < self._until.get(key, now)

    def prune(self, now: int) -> int:
        """Forget the keys whose time is over; returns how many."""
        gone = 0
        while self._ends and self._ends[0][0] <= now:
            gone += self._forget_first()
        return gone

    def _forget_first(self) -> int:
        """Forget the key that ends soonest; 0 if its entry was replaced by a later one."""
        until, key = heapq.heappop(self._ends)
        if self._until.get(key) != until:
            return 0
        del self._until[key]
        return 1
