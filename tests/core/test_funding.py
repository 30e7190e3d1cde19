"""Funding: schedule, rate, payment, and the pool's part, each rounded against who acts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import funding
from plimsoll.core.funding import PAYERS_UP, TOWARD_ZERO
from plimsoll.units import AMOUNT_MAX, PRICE_MAX, RangeError

HOUR = 3_600
USD = 10**6
BTC = 10**9
ORACLE = 60_000 * USD
ROUNDINGS = st.sampled_from([PAYERS_UP, TOWARD_ZERO])
prices = st.integers(1, PRICE_MAX)
rates = st.integers(-(10**12), 10**12)
bases = st.integers(-(10**15), 10**15)
sizes = st.integers(0, 10**15)
parts = st.lists(st.integers(1, 10**13), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("last", "now", "left"),
    [
        (0, 0, HOUR),
        (0, HOUR - 1, 1),
        (0, HOUR, 0),
        (0, 9 * HOUR, 0),
        (1_200, 1_200, 2_400),
        (1_201, 1_201, 5_999),
        (1_201, 2 * HOUR, 0),
        (HOUR + 3_599, 2 * HOUR, HOUR),
    ],
)
def test_when_funding_is_due(last: int, now: int, left: int) -> None:
    """FUND-001: on the hour, or the one after it if the last one came over a third late."""
    assert funding.seconds_left(last, HOUR, now) == left


@given(last=st.integers(0, 10**10), period=st.integers(1, 10**6))
def test_due_times_are_aligned(last: int, period: int) -> None:
    """FUND-001: a multiple of the period, after 2/3 to 5/3 of one."""
    wait = funding.seconds_left(last, period, last)
    assert (last + wait) % period == 0
    assert 2 * period <= 3 * wait <= 5 * period
    assert funding.seconds_left(last, period, last + wait - 1) == 1
    assert funding.seconds_left(last, period, last + wait) == 0


def test_the_rate_of_the_example() -> None:
    """FUND-002, FUND-003, FUND-004: chapter 16, rate, cap and what is published."""
    assert funding.premium_max(ORACLE, 10) == 6_000 * USD
    assert funding.rate(60_120 * USD, ORACLE, 10, 0, HOUR) == 5 * 10**9
    assert funding.relative(5 * 10**9, ORACLE) == 8_333
    assert funding.relative(-5 * 10**9, ORACLE) == -8_333
    assert funding.rate_max(ORACLE, 1_000, HOUR) == 60 * 10**9


@pytest.mark.parametrize(
    ("mark", "carry", "period", "rate"),
    [
        (ORACLE + 1, 0, HOUR, 41),
        (ORACLE - 1, 0, HOUR, -41),
        (ORACLE, 5_000, HOUR, 500_000_000),
        (2 * ORACLE, 0, HOUR, 6_000 * USD * 1_000 // 24),
        (1, 0, HOUR, -6_000 * USD * 1_000 // 24),
        (ORACLE + 12, 0, 8 * HOUR, 4_000),
        (ORACLE + 12, 0, 60, 500),
        (ORACLE + 12, 0, 24 * HOUR, 12_000),
    ],
)
def test_rates(mark: int, carry: int, period: int, rate: int) -> None:
    """FUND-002: truncated, clamped after the carry, by the number of periods a day."""
    assert funding.rate(mark, ORACLE, 10, carry, period) == rate


def test_the_carry_is_clamped_with_the_premium() -> None:
    """FUND-002: the clamp comes last."""
    assert funding.rate(ORACLE + 6_000 * USD, ORACLE, 10, 5_000, HOUR) == 250 * 10**9


@given(oracle=st.integers(2, PRICE_MAX // 2), data=st.data(), clamp=st.integers(1, 100))
def test_premium_and_discount_mirror_each_other(
    oracle: int, data: st.DataObject, clamp: int
) -> None:
    """FUND-002: the same distance makes the same rate, of the other sign, within the clamp."""
    apart = data.draw(st.integers(0, oracle - 1))
    above = funding.rate(oracle + apart, oracle, clamp, 0, HOUR)
    assert funding.rate(oracle - apart, oracle, clamp, 0, HOUR) == -above
    assert 0 <= above * 24 <= oracle // clamp * 1_000
    assert funding.relative(-above, oracle) == -funding.relative(above, oracle)


@given(low=prices, high=prices, oracle=prices, clamp=st.integers(1, 100))
def test_a_higher_mark_never_lowers_the_rate(low: int, high: int, oracle: int, clamp: int) -> None:
    """FUND-002: monotone in the mark."""
    low, high = sorted((low, high))
    first = funding.rate(low, oracle, clamp, 0, HOUR)
    assert first <= funding.rate(high, oracle, clamp, 0, HOUR)


def test_caps_grow_with_the_period_and_keep_the_sign() -> None:
    """FUND-003: a cap is per hour; it bounds both signs alike."""
    cap = funding.rate_max(ORACLE, 10_000, HOUR)
    assert cap == 600 * 10**9
    assert funding.rate_max(ORACLE, 10_000, 8 * HOUR) == 8 * cap
    assert funding.rate_max(ORACLE, 10_000, 60) == cap
    assert funding.rate_max(1, 999, HOUR) == 0
    assert funding.rate_max(1, 1_000, HOUR) == 1
    assert [funding.capped(rate, 7) for rate in (-8, -7, 0, 7, 8)] == [-7, -7, 0, 7, 7]


@pytest.mark.parametrize(
    ("base", "rate", "rounding", "payment"),
    [
        (BTC // 2, 1_000_000_001, PAYERS_UP, -500_001),
        (BTC // 2, 1_000_000_001, TOWARD_ZERO, -500_000),
        (BTC // 2, -1_000_000_001, PAYERS_UP, 500_000),
        (-BTC // 2, 1_000_000_001, PAYERS_UP, 500_000),
        (-BTC // 2, -1_000_000_001, PAYERS_UP, -500_001),
        (-BTC // 2, -1_000_000_001, TOWARD_ZERO, -500_000),
        (BTC // 2, 1_000_000_000, PAYERS_UP, -500_000),
        (1, 1, PAYERS_UP, -1),
        (1, -1, PAYERS_UP, 0),
        (0, 10**9, PAYERS_UP, 0),
        (BTC, 0, PAYERS_UP, 0),
    ],
)
def test_payments(base: int, rate: int, rounding: int, payment: int) -> None:
    """FUND-005: payers up, receivers down; truncated, both toward zero."""
    assert funding.payment(base, rate, rounding) == payment


@given(base=bases, rate=rates, rounding=ROUNDINGS)
def test_both_sides_of_a_payment(base: int, rate: int, rounding: int) -> None:
    """FUND-005: long and short mirror each other, but for the unit that rounding keeps."""
    one, other = (funding.payment(sign * base, rate, rounding) for sign in (1, -1))
    kept = -(one + other)
    assert kept == (base * rate % 10**12 != 0 if rounding == PAYERS_UP else 0)
    assert one == funding.payment(-base, -rate, rounding)
    assert abs(abs(one) * 10**12 - abs(base * rate)) < 10**12


def test_the_events_of_the_example() -> None:
    """FUND-006, FUND-007: chapter 16, an imbalance the pool gains from, and its mirror image."""
    rate = 5 * 10**9
    event = funding.settle(rate, 60 * 10**9, 10 * BTC, 7 * BTC, 0, PAYERS_UP)
    assert (event.rate_long, event.rate_short, event.pool) == (rate, rate, 15 * USD)
    for pool, long, paid in (
        (60 * USD, rate, 15 * USD),
        (45 * USD, rate, 15 * USD),
        (30 * USD, 4_499_999_900, 10 * USD),
        (0, 3_499_999_900, 0),
    ):
        event = funding.settle(-rate, 60 * 10**9, 10 * BTC, 7 * BTC, pool, PAYERS_UP)
        assert (event.rate_long, event.rate_short, event.pool) == (-long, -rate, -paid)


def test_the_reference_at_its_limit() -> None:
    """FUND-007: shorts are twice the longs, and a third of a pool of 250,000 goes."""
    event = funding.settle(
        41_666_666, 41_666_666, 12_295_081_967, 24_590_163_934, 250_000, TOWARD_ZERO
    )
    assert (event.rate_long, event.rate_short, event.pool) == (41_666_666, 24_222_164, -83_333)


def test_the_receiving_cap_feeds_the_pool() -> None:
    """FUND-006: what the receivers may not have stays with the pool."""
    event = funding.settle(5 * 10**9, 2 * 10**9, 10 * BTC, 10 * BTC, 0, PAYERS_UP)
    assert (event.rate_long, event.rate_short, event.pool) == (5 * 10**9, 2 * 10**9, 30 * USD)
    event = funding.settle(-5 * 10**9, 0, 10 * BTC, BTC, 0, PAYERS_UP)
    assert (event.rate_long, event.rate_short, event.pool) == (0, -5 * 10**9, 5 * USD)


def test_the_pool_rounds_like_everybody() -> None:
    """FUND-006: a pool that pays rounds up, one that gains down; truncated, both toward zero."""
    for pool, rounding, change in (
        (10, PAYERS_UP, -1), (10, TOWARD_ZERO, 0),
    ):  # fmt: skip
        assert funding.settle(1, 1, 0, 1, pool, rounding).pool == change
        assert funding.settle(1, 1, 1, 0, pool, rounding).pool == 0


@pytest.mark.parametrize("rate", [5 * 10**9, -5 * 10**9])
def test_one_side_alone(rate: int) -> None:
    """FUND-006, FUND-007: nobody to receive, nobody to pay, and nobody at all."""
    longs, shorts = (BTC, 0) if rate > 0 else (0, BTC)
    assert funding.settle(rate, abs(rate), longs, shorts, 0, PAYERS_UP).pool == 5 * USD
    alone = funding.settle(rate, abs(rate), shorts, longs, 3 * USD, PAYERS_UP)
    received = alone.rate_short if rate > 0 else alone.rate_long
    assert (abs(received), alone.pool) == (999_999_000, -USD)
    broke = funding.settle(rate, abs(rate), shorts, longs, 0, PAYERS_UP)
    assert (broke.rate_short if rate > 0 else broke.rate_long, broke.pool) == (0, 0)
    assert funding.settle(rate, abs(rate), 0, 0, 0, PAYERS_UP).pool == 0


@given(
    rate=rates, cap=st.integers(0, 10**12), longs=sizes, shorts=sizes, pool=sizes, mode=ROUNDINGS
)
def test_an_event_and_its_mirror_image(
    rate: int, cap: int, longs: int, shorts: int, pool: int, mode: int
) -> None:
    """FUND-006, FUND-007: sides swapped and sign turned, all is the same; bounds are kept."""
    one = funding.settle(rate, cap, longs, shorts, pool, mode)
    two = funding.settle(-rate, cap, shorts, longs, pool, mode)
    assert (one.rate_long, one.rate_short, one.pool) == (-two.rate_short, -two.rate_long, two.pool)
    paid, received = one.rate_long, one.rate_short
    if rate <= 0:
        paid, received = -received, -paid
    assert paid == abs(rate)
    assert 0 <= received <= min(abs(rate), cap)
    assert one.pool >= -(pool // 3)


@given(longs=parts, shorts=parts, events=st.lists(rates, min_size=1, max_size=6),
       cap=st.integers(0, 10**12), pool=sizes)  # fmt: skip
def test_clearing_is_never_short(
    longs: list[int], shorts: list[int], events: list[int], cap: int, pool: int
) -> None:
    """FUND-008: many events, settled at once by every position: what comes in covers what goes."""
    clearing = long = short = 0
    total = sum(longs), sum(shorts)
    lost = 0
    for rate in events:
        event = funding.settle(rate, cap, *total, pool, PAYERS_UP)
        long += event.rate_long
        short += event.rate_short
        pool += event.pool
        clearing -= event.pool
        lost += 3 + max(total) // 10**12
    assert pool >= 0
    clearing -= sum(funding.payment(size, long, PAYERS_UP) for size in longs)
    clearing -= sum(funding.payment(-size, short, PAYERS_UP) for size in shorts)
    assert 0 <= clearing <= lost + len(longs) + len(shorts)


@pytest.mark.parametrize(
    ("helper", "arguments"),
    [
        (funding.seconds_left, (0, 0, 0)),
        (funding.seconds_left, (-1, HOUR, 0)),
        (funding.premium_max, (ORACLE, 0)),
        (funding.premium_max, (0, 10)),
        (funding.rate, (0, ORACLE, 10, 0, HOUR)),
        (funding.rate, (ORACLE, 0, 10, 0, HOUR)),
        (funding.rate, (PRICE_MAX + 1, ORACLE, 10, 0, HOUR)),
        (funding.rate, (ORACLE, ORACLE, -1, 0, HOUR)),
        (funding.rate, (ORACLE, ORACLE, 10, -1, HOUR)),
        (funding.rate, (ORACLE, ORACLE, 10, 0, 24 * HOUR + 1)),
        (funding.rate_max, (ORACLE, -1, HOUR)),
        (funding.rate_max, (0, 1, HOUR)),
        (funding.relative, (1, 0)),
        (funding.payment, (1, 1, 2)),
        (funding.payment, (AMOUNT_MAX, AMOUNT_MAX, PAYERS_UP)),
        (funding.settle, (1, 1, 1, 1, 1, -1)),
        (funding.settle, (1, -1, 1, 1, 1, PAYERS_UP)),
        (funding.settle, (1, 1, -1, 1, 1, PAYERS_UP)),
        (funding.settle, (1, 1, 1, -1, 1, PAYERS_UP)),
        (funding.settle, (1, 1, 1, 1, -1, PAYERS_UP)),
        (funding.settle, (AMOUNT_MAX, AMOUNT_MAX, AMOUNT_MAX, 0, 0, PAYERS_UP)),
    ],
)
def test_what_is_out_of_range_is_refused(helper: object, arguments: tuple[int, ...]) -> None:
    """FUND-009: by a typed error, whatever the argument."""
    assert callable(helper)
    with pytest.raises(RangeError):
        helper(*arguments)
