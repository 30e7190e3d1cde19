"""A Dutch auction's price: from best to worst for the taker, and what offers it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import auction_price as auction
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import PRICE_MAX, RangeError

USD = 10**6
BTC = 10**9
T = auction.DURATION_MS
TICK = 100_000
ORACLE, BID, ASK = 60_000 * USD, 59_970 * USD, 60_030 * USD
sides = st.sampled_from([BUY, SELL])
prices = st.integers(10**6, PRICE_MAX // 4)
times = st.integers(0, 2 * T)
ticks = st.integers(1, 10**6)


def better(side: int, one: int, other: int) -> bool:
    """Whether a taker likes ``one`` at least as much."""
    return one <= other if side == BUY else one >= other


@pytest.mark.parametrize(
    ("elapsed", "buy", "sell"),
    [
        (0, 60_000_000_000, 60_000_000_000),
        (1_234, 60_007_400_000, 59_992_600_000),
        (2_500, 60_015_000_000, 59_985_000_000),
        (5_000, 60_030_000_000, 59_970_000_000),
        (5_001, 60_030_000_000, 59_970_000_000),
    ],
)
def test_the_path_of_the_example(elapsed: int, buy: int, sell: int) -> None:
    """AUCTION-001, AUCTION-003, AUCTION-005: chapter 17, a path up and its mirror image."""
    for side, quote, price in ((BUY, ASK, buy), (SELL, BID, sell)):
        start = auction.start_price(side, ORACLE, quote)
        assert start == ORACLE
        assert auction.price(side, start, quote, elapsed, T, TICK) == price
    assert auction.complete(elapsed, T) == (elapsed == 5_001)


def test_the_offer_of_the_example() -> None:
    """AUCTION-006, AUCTION-007, AUCTION-008: chapter 17, Bob's offer and what Ann pays."""
    offer = 60_012 * USD
    early = auction.price(BUY, ORACLE, ASK, 1_999, T, TICK)
    assert not auction.accepts(BUY, early, SELL, offer)
    assert auction.accepts(BUY, auction.price(BUY, ORACLE, ASK, 2_000, T, TICK), SELL, offer)
    size = auction.fill_size(BTC // 2, BTC // 5, BTC // 2, BTC // 1000)
    assert size == BTC // 5
    assert auction.fill_quote(BUY, offer, size) == 12_002_400_000


@pytest.mark.parametrize(("side", "oracle", "quote"), [
    (BUY, 60_050 * USD, ASK), (SELL, 59_950 * USD, BID),
])  # fmt: skip
def test_a_quote_better_than_the_oracle_makes_a_flat_path(
    side: int, oracle: int, quote: int
) -> None:
    """AUCTION-002: the taker never gets worse than what the vAMM gives at once."""
    start = auction.start_price(side, oracle, quote)
    assert start == quote
    assert {auction.price(side, start, quote, e, T, TICK) for e in (0, 1, T, 2 * T)} == {quote}


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_band_that_improves_is_refused(side: int) -> None:
    """AUCTION-002: it cannot come from ``start_price``, and is not interpolated."""
    start, end = (ASK, ORACLE) if side == BUY else (BID, ORACLE)
    with pytest.raises(RangeError, match="band"):
        auction.price(side, start, end, 0, T, TICK)


def test_the_tick_rounds_for_the_taker() -> None:
    """AUCTION-003: the move is truncated, then a buyer's price goes down and a seller's up."""
    assert auction.price(BUY, 1_000, 1_100, 1, 3, 1) == 1_033
    assert auction.price(SELL, 1_100, 1_000, 1, 3, 1) == 1_067
    assert auction.price(BUY, 1_000, 1_100, 1, 3, 10) == 1_030
    assert auction.price(SELL, 1_100, 1_000, 1, 3, 10) == 1_070


def test_without_a_duration_it_is_over_at_its_end_price() -> None:
    """AUCTION-003, AUCTION-005: 0 means at once."""
    assert auction.price(BUY, ORACLE, ASK, 0, 0, TICK) == ASK
    assert auction.complete(0, 0)
    assert not auction.complete(0, 1)
    assert T == 5_000


@pytest.mark.parametrize("elapsed", [-1, -T])
def test_time_does_not_run_backwards(elapsed: int) -> None:
    """AUCTION-003, AUCTION-005: before its start an auction has no price and no state."""
    with pytest.raises(RangeError, match="elapsed"):
        auction.price(BUY, ORACLE, ASK, elapsed, T, TICK)
    with pytest.raises(RangeError, match="elapsed"):
        auction.complete(elapsed, T)


def test_the_worst_price_bounds_the_path() -> None:
    """AUCTION-004: slippage tolerance, for either side."""
    assert [auction.limited(BUY, asked, 100) for asked in (99, 100, 101)] == [99, 100, 100]
    assert [auction.limited(SELL, asked, 100) for asked in (99, 100, 101)] == [100, 100, 101]


@pytest.mark.parametrize(("side", "offer_side", "price", "valid"), [
    (BUY, SELL, 100, True), (BUY, SELL, 99, True), (BUY, SELL, 101, False),
    (SELL, BUY, 100, True), (SELL, BUY, 101, True), (SELL, BUY, 99, False),
    (BUY, BUY, 100, False), (SELL, SELL, 100, False),
])  # fmt: skip
def test_which_offers_are_valid(side: int, offer_side: int, price: int, valid: bool) -> None:
    """AUCTION-006: the other side's, no worse than the price of now, which is 100."""
    assert auction.accepts(side, 100, offer_side, price) == valid


@pytest.mark.parametrize(("remaining", "offered", "most", "size"), [
    (50, 90, 90, 50), (90, 50, 90, 50), (90, 90, 50, 50), (59, 90, 90, 50), (9, 90, 90, 0),
    (90, 90, 0, 0),
])  # fmt: skip
def test_sizes_of_fills(remaining: int, offered: int, most: int, size: int) -> None:
    """AUCTION-007: the least of three, on the step of 10."""
    assert auction.fill_size(remaining, offered, most, 10) == size


def test_the_quote_rounds_against_the_taker() -> None:
    """AUCTION-008: a buyer pays the unit, a seller does not get it."""
    assert auction.fill_quote(BUY, 100_000_001, 333_333_333) == 33_333_334
    assert auction.fill_quote(SELL, 100_000_001, 333_333_333) == 33_333_333
    assert auction.fill_quote(BUY, 10**6, BTC) == auction.fill_quote(SELL, 10**6, BTC) == 10**6


@given(side=sides, oracle=prices, quote=prices, one=times, two=times, tick=ticks)
def test_prices_get_worse_with_time_and_stay_in_the_band(
    side: int, oracle: int, quote: int, one: int, two: int, tick: int
) -> None:
    """AUCTION-001 to AUCTION-003: monotone, on the tick, never worse than oracle's band allows."""
    start = auction.start_price(side, oracle, quote)
    assert better(side, start, oracle) and better(side, start, quote)
    first, then = sorted((one, two))
    early, late = (auction.price(side, start, quote, e, T, tick) for e in (first, then))
    assert better(side, early, late)
    assert better(side, late, quote)
    assert early % tick == late % tick == 0
    assert abs(early - start) <= abs(quote - start) + tick


@given(side=sides, oracle=prices, quote=prices, elapsed=times)
def test_buyers_and_sellers_mirror_each_other(
    side: int, oracle: int, quote: int, elapsed: int
) -> None:
    """AUCTION-001, AUCTION-003: reflected at a price, a path becomes that of the other side."""
    top = PRICE_MAX // 2
    start = auction.start_price(side, oracle, quote)
    other = SELL if side == BUY else BUY
    assert auction.start_price(other, top - oracle, top - quote) == top - start
    mirrored = auction.price(other, top - start, top - quote, elapsed, T, 1)
    assert mirrored == top - auction.price(side, start, quote, elapsed, T, 1)
