"""The vAMM's curve: prices, swaps and the quoted sides, each rounded against the taker."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core import curve
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import RangeError

K = 100_000 * 10**9
PEG = 100_000_000
sizes = st.integers(1, K // 100)
starts = st.integers(-K // 10, K // 10)
pegs = st.integers(1_000, 10**11)


def at(net: int) -> tuple[int, int]:
    """Reserves after the traders bought ``net`` in all."""
    x = K - net
    return x, curve.product_over(K, x)


def test_price_is_the_ratio_of_the_reserves_times_the_peg() -> None:
    """VAMM-002: price = y·peg/x, rounded down; the peg where both reserves are equal."""
    assert curve.price(K, K, PEG) == PEG
    assert curve.price(63_015_384_615, 65_000_000_000, 19_400_000_000) == 18_807_668_638
    assert curve.price(2, 3, 1_000_000) == 666_666


@pytest.mark.parametrize(("side", "price"), [(BUY, 100_050_000), (SELL, 99_950_000)])
def test_top_quotes_stand_a_spread_away(side: int, price: int) -> None:
    """VAMM-003: each side is moved by the whole spread."""
    assert curve.quoted(PEG, 500, side) == price


def test_a_buyer_pays_two_roundings_and_a_seller_gets_none() -> None:
    """VAMM-004, VAMM-005: long q = floor((y'-y+1)·peg/1e9) + 1, short q = floor((y-y')·peg/1e9)."""
    bought = curve.swap(100_000, 100_000, 100_000, 37_123_456, BUY, 1_000)
    assert (bought.x, bought.y) == (99_000, 101_010)
    assert bought.quote == (1_010 + 1) * 37_123_456 // 10**9 + 1 == 38
    sold = curve.swap(100_000, 100_000, 100_000, 37_123_456, SELL, 1_000)
    assert (sold.x, sold.y) == (101_000, 99_009)
    assert sold.quote == (100_000 - 99_009) * 37_123_456 // 10**9 == 36


def test_each_rounding_of_a_buyer_counts() -> None:
    """VAMM-004: at a dear peg one reserve unit is ten quote units, and one more comes on top."""
    peg = 10 * 10**9
    bought = curve.swap(100_000, 100_000, 100_000, peg, BUY, 1_000)
    assert bought.quote == (1_010 + 1) * 10 + 1
    assert curve.swap(100_000, 100_000, 100_000, peg, SELL, 1_000).quote == 991 * 10


@pytest.mark.parametrize("size", [100_000, 100_001])
def test_the_base_reserve_cannot_be_bought_up(size: int) -> None:
    """VAMM-004: a purchase of the whole base reserve, or more, is refused."""
    with pytest.raises(RangeError, match="larger than the base reserve"):
        curve.swap(100_000, 100_000, 100_000, PEG, BUY, size)


@pytest.mark.parametrize(("side", "y"), [(BUY, 110_000), (SELL, 90_000)])
def test_reserves_off_the_curve_are_refused(side: int, y: int) -> None:
    """VAMM-004, VAMM-005: the quote reserve never moves against the trade."""
    with pytest.raises(RangeError, match="wrong way"):
        curve.swap(100_000, y, 100_000, PEG, side, 10)


def test_plain_quote_is_the_move_of_the_real_reserve() -> None:
    """VAMM-011: without spread and without the extra reserve unit; a buyer's has one unit more."""
    assert curve.plain_quote(100_000, 101_010, 37_123_456, BUY) == 38
    assert curve.plain_quote(100_000, 99_009, 37_123_456, SELL) == 36


def test_side_reserves_truncate_twice() -> None:
    """VAMM-006: half the spread and its inverse are truncated, then the product is kept."""
    y = 2_000_000_000
    ask = curve.side_reserves(y, y, y, BUY, 27_270)
    assert ask.y == y + y // (1_000_000 // 13_635)
    assert ask.x == y * y // ask.y
    bid = curve.side_reserves(y, y, y, SELL, 27_270)
    assert bid.y == y - y // (1_000_000 // 13_635)
    assert bid.x == y * y // bid.y


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("spread", [0, 1])
def test_a_spread_that_halves_to_nothing_leaves_the_curve(side: int, spread: int) -> None:
    """VAMM-006: below two millionths both sides stand on the curve."""
    moved = curve.side_reserves(K, K, K, side, spread)
    assert (moved.x, moved.y) == (K, K)


@given(net=starts, size=sizes, peg=pegs, first=st.sampled_from([BUY, SELL]))
def test_a_round_trip_on_the_curve_never_profits(net: int, size: int, peg: int, first: int) -> None:
    """VAMM-004, VAMM-005: there and back costs a unit or more, wherever the curve is."""
    x, y = at(net)
    there = curve.swap(x, y, K, peg, first, size)
    back = curve.swap(there.x, there.y, K, peg, SELL if first == BUY else BUY, size)
    paid, received = (there.quote, back.quote) if first == BUY else (back.quote, there.quote)
    assert paid > received
    assert back.x == x


@given(net=starts, size=sizes, peg=pegs, side=st.sampled_from([BUY, SELL]), data=st.data())
def test_splitting_never_pays_on_the_curve(
    net: int, size: int, peg: int, side: int, data: st.DataObject
) -> None:
    """VAMM-004, VAMM-005: two parts cost no less than the whole, and end where it ends."""
    x, y = at(net)
    cut = data.draw(st.integers(0, size))
    whole = curve.swap(x, y, K, peg, side, size)
    one = curve.swap(x, y, K, peg, side, cut)
    two = curve.swap(one.x, one.y, K, peg, side, size - cut)
    assert (two.x, two.y) == (whole.x, whole.y)
    split = one.quote + two.quote
    assert split >= whole.quote if side == BUY else split <= whole.quote


@given(net=starts, spread=st.integers(0, 20_000), side=st.sampled_from([BUY, SELL]))
def test_the_quoted_side_never_improves_on_the_curve(net: int, spread: int, side: int) -> None:
    """VAMM-006: clamped to the worse of both, for each side alike."""
    x, y = at(net)
    moved = curve.side_reserves(x, y, K, side, spread)
    if side == BUY:
        assert moved.x <= x
        assert moved.y >= y
    else:
        assert moved.x >= x
        assert moved.y <= y


@pytest.mark.parametrize(("side", "off"), [(BUY, -5), (SELL, 5)])
def test_reserves_a_little_off_the_curve_are_quoted_no_better(side: int, off: int) -> None:
    """VAMM-006: rounding may leave y some units beside k/x; the clamp keeps both reserves."""
    moved = curve.side_reserves(10**6, 10**6 + off, 10**6, side, 0)
    assert (moved.x, moved.y) == (10**6, 10**6 + off)


@settings(max_examples=200)
@given(net=starts, size=sizes, peg=pegs)
def test_long_and_short_mirror_each_other(net: int, size: int, peg: int) -> None:
    """VAMM-004, VAMM-005: buying back what was sold differs by rounding only."""
    x, y = at(net)
    sold = curve.swap(x, y, K, peg, SELL, size)
    bought = curve.swap(sold.x, sold.y, K, peg, BUY, size)
    assert bought.quote - sold.quote <= 2 + peg // 10**9 + 1
