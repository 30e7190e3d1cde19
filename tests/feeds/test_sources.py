"""Sources by themselves and merged."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from plimsoll.feeds import (
    BadRowsError,
    Bar,
    FeedError,
    MergedSource,
    PriceSource,
    PriceTick,
    SyntheticFeed,
    bar_ticks,
)


class ListSource:
    """A source of given times."""

    def __init__(self, symbol: str, times: list[int]) -> None:
        self.symbols = (symbol,)
        self._times = times

    def ticks(self) -> Iterator[PriceTick]:
        return (PriceTick(ts_ms, self.symbols[0], 1) for ts_ms in self._times)


def test_merge_is_by_time_and_stable() -> None:
    """At equal times the earlier source comes first, and each source keeps its order."""
    merged = MergedSource([ListSource("B", [1, 2, 2, 5]), ListSource("A", [1, 2, 3])])
    assert isinstance(merged, PriceSource)
    assert merged.symbols == ("B", "A")
    order = [(tick.ts_ms, tick.symbol) for tick in merged.ticks()]
    assert order == [(1, "B"), (1, "A"), (2, "B"), (2, "B"), (2, "A"), (3, "A"), (5, "B")]


def test_merge_of_endless_sources_is_lazy() -> None:
    """Only as much is read as is asked for."""
    feeds = [
        SyntheticFeed({name: 10**9}, seed=1, step_ms=step) for name, step in (("A", 3), ("B", 5))
    ]
    ticks = list(islice(MergedSource(feeds).ticks(), 100))
    assert [tick.ts_ms for tick in ticks] == sorted(tick.ts_ms for tick in ticks)


@pytest.mark.parametrize("interval_ms", [0, 1, 2, 3, 1000])
def test_bar_ticks_stay_inside_the_bar(interval_ms: int) -> None:
    """Even the shortest bars give ordered times within their interval."""
    bar = Bar(100, interval_ms, 5, 9, 1, 4, confidence=2)
    ticks = bar_ticks(bar, "A", "ohlc")
    times = [tick.ts_ms for tick in ticks]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (100, 100 + max(interval_ms - 1, 0))
    assert [tick.price for tick in ticks] == [5, 9, 1, 4]
    assert bar_ticks(bar, "A") == (ticks[-1],)
    assert {tick.confidence for tick in ticks} == {2}


def test_error_says_where() -> None:
    """Path and line stand before the reason."""
    assert str(BadRowsError("too many", path="a.csv", line=7)) == "a.csv:7: too many"
    assert str(FeedError("gone", path="a.csv")) == "a.csv: gone"
    assert str(FeedError("no")) == "no"
