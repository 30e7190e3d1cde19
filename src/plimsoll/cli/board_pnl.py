"""What the terminal shows of what vaults earn: figures of now, and how the share price came here.

``Earnings`` is told points; ``follow`` of a running exchange, by a scenario's recorder otherwise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from plimsoll.runtime.pnl import HOUR_MS, HistoryUnavailable, PnlReader, Point

HOURS: Final = 72
"""Hours whose last prices are shown."""
ENOUGH: Final = 8
"""Hours below which the prices of this session are shown instead."""
SAMPLES: Final = 120
SAMPLE_MS: Final = 5_000
"""Time between two prices of this session, at least."""
HOURS_EVERY_MS: Final = 60_000
"""Time after which a running exchange is asked for its hours again."""


@dataclass(frozen=True, slots=True)
class Earned:
    """A vault since its opening (1e-6 USD), and prices of its shares over ``span`` ms, the oldest
    first.
    """

    vault: int
    pnl: int
    causes: dict[str, int]
    prices: list[int]
    span: int


class Earnings:
    """What every vault earned, by its id, in the order of the ids."""

    def __init__(self) -> None:
        self.rows: list[Earned] = []
        self._samples: dict[str, deque[tuple[int, int]]] = {}
        self._hours: dict[str, list[tuple[int, int]]] = {}
        self._asked = 0

    def see(self, points: Iterable[Point], now: int) -> None:
        """Take over how every source is now (ms)."""
        self.rows = [self._row(one, now) for one in points if one.source.startswith("vault:")]

    def see_hours(self, source: str, points: Sequence[Point]) -> None:
        """Take over the last points of the hours of a source, the oldest first."""
        self._hours[source] = _prices(points[-HOURS:])

    async def ask(self, kept: PnlReader, now: int) -> None:
        """Look at the kept history; what cannot be had now stays as it was."""
        try:
            latest = await kept.latest()
            if now - self._asked >= HOURS_EVERY_MS:
                self._asked = now
                for source in latest:
                    self.see_hours(source, await kept.points(source, HOUR_MS, None, None, HOURS))
        except HistoryUnavailable:
            return
        self.see(latest.values(), now)

    def _row(self, one: Point, now: int) -> Earned:
        samples = self._samples.setdefault(one.source, deque(maxlen=SAMPLES))
        if one.share_price is not None and (not samples or now - samples[-1][0] >= SAMPLE_MS):
            samples.append((now, one.share_price))
        kept = self._hours.get(one.source, [])
        series = kept if len(kept) >= ENOUGH else list(samples)
        last = _prices([one])
        series = [pair for pair in series if not last or pair[0] < last[0][0]] + last
        span = series[-1][0] - series[0][0] if series else 0
        ident = int(one.source.partition(":")[2])
        prices = [price for _, price in series]
        return Earned(ident, sum(one.causes.values()), one.causes, prices, span)


def _prices(points: Sequence[Point]) -> list[tuple[int, int]]:
    return [(one.ts, one.share_price) for one in points if one.share_price is not None]
