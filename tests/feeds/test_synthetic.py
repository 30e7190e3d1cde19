"""The seeded feed: same seed, same integers; the statistics asked for."""

from __future__ import annotations

import hashlib
from itertools import islice, pairwise
from math import log, sqrt
from typing import Any

import pytest

from plimsoll.feeds import NO_JUMPS, FeedError, Jumps, PriceSource, PriceTick, SyntheticFeed
from plimsoll.feeds.synthetic import YEAR_MS
from plimsoll.units import PRICE_MAX

STARTS = {"BTC-USD": 60_000_000_000, "ETH-USD": 3_000_000_000}
PINNED = "dda2a467fbf0ff23e286b96c1acf02f3778efa94bd009f70a657a56b32c2fccb"


def take(feed: SyntheticFeed, count: int) -> list[PriceTick]:
    """The first ticks of a new pass."""
    return list(islice(feed.ticks(), count))


def moves(ticks: list[PriceTick], symbol: str) -> list[float]:
    """Log moves of one symbol."""
    prices = [tick.price for tick in ticks if tick.symbol == symbol]
    return [log(b / a) for a, b in pairwise(prices)]


def deviation(values: list[float]) -> float:
    """Standard deviation about zero."""
    return sqrt(sum(value * value for value in values) / len(values))


def test_pinned_digest() -> None:
    """This seed gives these integers, on every machine and in every version."""
    feed = SyntheticFeed(
        STARTS, seed=42, step_ms=60_000, annual_vol=0.8, jumps=Jumps(2000.0), confidence_ppm=500
    )
    digest = hashlib.sha256()
    for tick in take(feed, 20_000):
        digest.update(f"{tick.ts_ms},{tick.symbol},{tick.price},{tick.confidence}\n".encode())
    assert digest.hexdigest() == PINNED


def test_every_pass_is_the_same_and_seeds_differ() -> None:
    """A feed can be read again; another seed is another path."""
    feed = SyntheticFeed(STARTS, seed=1)
    assert take(feed, 200) == take(feed, 200) == take(SyntheticFeed(STARTS, seed=1), 200)
    assert take(feed, 200) != take(SyntheticFeed(STARTS, seed=2), 200)


def test_shape_of_the_ticks() -> None:
    """Start prices at the start, then each symbol once a step, sorted by name."""
    feed = SyntheticFeed(dict(reversed(STARTS.items())), seed=1, start_ms=1000, step_ms=250)
    assert isinstance(feed, PriceSource)
    assert feed.symbols == ("BTC-USD", "ETH-USD")
    ticks = take(feed, 6)
    assert ticks[:2] == [PriceTick(1000, name, STARTS[name], 0) for name in feed.symbols]
    assert [(t.ts_ms, t.symbol) for t in ticks[2:]] == [
        (1000 + 250 * i, name) for i in (1, 2) for name in feed.symbols
    ]
    assert all(type(tick.price) is int for tick in ticks)


def test_a_series_does_not_depend_on_other_symbols() -> None:
    """Adding a market leaves the others' prices as they were."""
    alone = take(SyntheticFeed({"BTC-USD": STARTS["BTC-USD"]}, seed=9), 100)
    both = take(SyntheticFeed(STARTS, seed=9), 200)
    assert [tick for tick in both if tick.symbol == "BTC-USD"] == alone


@pytest.mark.parametrize("vol", [0.2, 1.0])
def test_volatility_is_the_one_asked_for(vol: float) -> None:
    """Moves of an hour have annual_vol x sqrt(hour / year), within sampling error."""
    hour = 3_600_000
    feed = SyntheticFeed({"A": 10**12}, seed=3, step_ms=hour, annual_vol=vol)
    expected = vol * sqrt(hour / YEAR_MS)
    assert deviation(moves(take(feed, 8000), "A")) == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_correlation_is_the_one_asked_for(correlation: float) -> None:
    """Of two symbols with volatilities of their own."""
    feed = SyntheticFeed(
        {"A": 10**12, "B": 10**12},
        seed=4,
        step_ms=3_600_000,
        annual_vol={"A": 0.5, "B": 1.0},
        correlation=correlation,
    )
    ticks = take(feed, 12_000)
    first, second = moves(ticks, "A"), moves(ticks, "B")
    assert deviation(second) / deviation(first) == pytest.approx(2, rel=0.05)
    product = sum(a * b for a, b in zip(first, second, strict=True)) / len(first)
    assert product / deviation(first) / deviation(second) == pytest.approx(correlation, abs=0.04)


def test_expected_price_stays_without_drift() -> None:
    """The mean of many ends is the start: the drift makes up for the variance."""
    ends = [
        take(SyntheticFeed({"A": 10**12}, seed=seed, step_ms=YEAR_MS // 12, annual_vol=0.5), 13)[-1]
        for seed in range(1500)
    ]
    mean = sum(tick.price for tick in ends) / len(ends) / 10**12
    assert mean == pytest.approx(1, abs=0.05)


def test_jumps_are_rare_large_and_common() -> None:
    """As many as asked for, in the same step of all symbols; none without jumps."""
    day = 86_400_000
    jumps = Jumps(per_year=36.525, mean=-0.3, deviation=0.01)
    arguments: dict[str, Any] = {"seed": 5, "step_ms": day, "annual_vol": 0.1}
    ticks = take(SyntheticFeed({"A": PRICE_MAX, "B": PRICE_MAX}, jumps=jumps, **arguments), 600)
    jumped = [
        {i for i, move in enumerate(moves(ticks, name)) if move < -0.2} for name in ("A", "B")
    ]
    assert jumped[0] == jumped[1]
    assert 15 <= len(jumped[0]) <= 45
    calm = take(SyntheticFeed({"A": PRICE_MAX // 2}, jumps=NO_JUMPS, **arguments), 300)
    assert all(abs(move) < 0.05 for move in moves(calm, "A"))


def test_prices_stay_in_range() -> None:
    """Never zero, never past PRICE_MAX, whatever the volatility."""
    feed = SyntheticFeed(
        {"A": 1, "B": PRICE_MAX},
        seed=6,
        step_ms=86_400_000,
        annual_vol=10.0,
        annual_drift=10.0,
        confidence_ppm=1,
    )
    ticks = take(feed, 4000)
    assert all(0 < tick.price <= PRICE_MAX for tick in ticks)
    assert all(tick.confidence == -(-tick.price // 10**6) for tick in ticks)


@pytest.mark.parametrize(
    "change",
    [
        {"symbols": {}},
        {"symbols": {"A": 0}},
        {"symbols": {"A": PRICE_MAX + 1}},
        {"symbols": {"A": 60_000.5}},
        {"step_ms": 0},
        {"start_ms": -1},
        {"annual_vol": -0.1},
        {"annual_vol": float("nan")},
        {"annual_vol": {"B": 1.0}},
        {"correlation": 1.1},
        {"jumps": Jumps(per_year=1e12)},
        {"jumps": Jumps(mean=float("inf"))},
        {"confidence_ppm": -1},
    ],
)
def test_arguments_out_of_range(change: dict[str, Any]) -> None:
    """Refused when the feed is made."""
    arguments: dict[str, Any] = {"symbols": {"A": 10**6}, "seed": 1, **change}
    with pytest.raises(FeedError):
        SyntheticFeed(arguments.pop("symbols"), **arguments)
