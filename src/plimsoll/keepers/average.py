"""Time-weighted average of a price over a window, as the maker judges volatility by."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from plimsoll.units import div_floor


class PriceAverage:
    """Average (1e-6, rounded down) over the last ``window_ms`` of what was fed to it."""

    def __init__(self, window_ms: int) -> None:
        self.window_ms = window_ms
        self._samples: deque[tuple[int, int]] = deque()

    def feed(self, now: int, price: int) -> None:
        """A price that holds from ``now`` (ms) on; an earlier time is taken as the last one."""
        if self._samples and now <= self._samples[-1][0]:
            now = self._samples.pop()[0]
        self._samples.append((now, price))
        self._drop(now)

    def at(self, now: int) -> int:
        """The average at ``now``; 0 if nothing was fed."""
        if not self._samples:
            return 0
        self._drop(now)
        start = now - self.window_ms
        points = [*self._samples, (max(now, self._samples[-1][0]), self._samples[-1][1])]
        total = weight = 0
        for (since, price), (until, _) in pairwise(points):
            lasted = until - max(since, start)
            total += price * lasted
            weight += lasted
        return div_floor(total, weight) if weight > 0 else self._samples[-1][1]

    def _drop(self, now: int) -> None:
        """Forget what was over before the window began; the price that holds then stays."""
        start = now - self.window_ms
        while len(self._samples) > 1 and self._samples[1][0] <= start:
            self._samples.popleft()
