"""Whether a keeper still works: its ticks, its mirror, its clock, its view of the book."""

from __future__ import annotations

from typing import Final

from plimsoll.keepers.feed import Feed
from plimsoll.keepers.settings import KeeperSettings

TICKS_LATE: Final = 5
"""A tick may be this many intervals late."""


class Watchdog:
    """Looks at every tick; ``problems`` says what is wrong at any time. Times are own ms."""

    def __init__(self, feed: Feed, settings: KeeperSettings, now: int) -> None:
        self._feed = feed
        self._settings = settings
        self._ticked = now
        self._behind_since = -1
        self._tops: list[tuple[int, int, int]] = []
        self._tops_since = now
        self.stuck = 0

    def ticked(self, now: int) -> None:
        """A tick was done."""
        self._ticked = now

    def tick_age(self, now: int) -> int:
        """How long ago (ms) the last tick ended."""
        return max(0, now - self._ticked)

    def stuck_for(self, now: int) -> int:
        """How long (ms) the top of the book has not changed."""
        return max(0, now - self._tops_since)

    def look(self, now: int) -> bool:
        """Note how things stand; True if the book has been stuck for so long that it should be
        fetched again (asked for once every ``stuck_ms``).
        """
        mirror = self._feed.mirror
        if mirror is not None and self._feed.lag == 0:
            self._behind_since = -1
        elif self._behind_since < 0:
            self._behind_since = now
        tops = [] if mirror is None else mirror.book.tops()
        if tops != self._tops or not tops:
            self._tops, self._tops_since = tops, now
            return False
        if self.stuck_for(now) < self._settings.stuck_ms:
            return False
        self._tops_since = now
        self.stuck += 1
        return True

    def behind_for(self, now: int) -> int:
        """How long (ms) the mirror has been missing or behind the exchange."""
        return 0 if self._behind_since < 0 else max(0, now - self._behind_since)

    def problems(self, now: int) -> list[str]:
        """What is wrong, in words; empty while all is well."""
        found: list[str] = []
        age, most = self.tick_age(now), TICKS_LATE * self._settings.interval_ms
        if age > most:
            found.append(f"the last tick was {age} ms ago, more than {most}")
        behind = self.behind_for(now)
        if behind > self._settings.lag_ms:
            why = f": {self._feed.failure}" if self._feed.failure else ""
            found.append(f"the mirror has been behind for {behind} ms{why}")
        if abs(self._feed.skew_ms) > self._settings.skew_ms:
            found.append(f"this clock is {self._feed.skew_ms} ms behind the exchange's")
        return found
