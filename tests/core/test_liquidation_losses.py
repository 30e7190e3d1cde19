"""Liquidation: its prices, the penalty, losses and who bears them, who is deleveraged."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import liquidation as lq
from plimsoll.core.liquidation import Counterparty
from plimsoll.units import AMOUNT_MAX, LOT, PRICE_MAX, RATIO_SCALE, RangeError

USD = 1_000_000
TICK = USD // 10


@given(
    size=st.integers(1, 10**13),
    oracle=st.integers(10**6, 10**12),
    equity=st.integers(-(10**14), 10**14),
    tick=st.sampled_from([1, 100, 10_000]),
)
def test_nobody_is_taken_more_than_his_equity(
    size: int, oracle: int, equity: int, tick: int
) -> None:
    """LIQ-006, LIQ-007: a long is rounded up, a short down, by less than a tick; mirrored."""
    long = lq.bankruptcy_price(size, oracle, equity, tick)
    short = lq.bankruptcy_price(-size, oracle, equity, tick)
    top = PRICE_MAX - PRICE_MAX % tick
    each = Fraction(equity * LOT, size)
    for price, exact, sign in ((long, oracle - each, 1), (short, oracle + each, -1)):
        assert price % tick == 0
        assert tick <= price <= top
        if tick < exact < top:
            assert 0 <= sign * (price - exact) < tick
    if oracle % tick == 0 and tick < long < top and tick < short < top:
        assert long - oracle == oracle - short


@given(
    size=st.integers(1, 10**12),
    part=st.integers(1, 1_000),
    oracle=st.integers(10**9, 10**12),
    ratio=st.integers(1, 49_999),
    sign=st.sampled_from([1, -1]),
)
def test_deleveraging_takes_its_part_of_the_equity(
    size: int, part: int, oracle: int, ratio: int, sign: int
) -> None:
    """LIQ-006: equity after = equity·(1 - c/size), at most the price's rounding above it."""
    equity = size * oracle // LOT * ratio // RATIO_SCALE
    closed = -(-size * part // 1_000)
    price = lq.bankruptcy_price(sign * size, oracle, equity, 1)
    after = equity + Fraction(sign * closed * (price - oracle), LOT)
    kept = Fraction(equity * (size - closed), size)
    assert kept <= after <= kept + Fraction(closed, LOT)


@pytest.mark.parametrize(
    ("base", "oracle", "equity", "price"),
    [
        (LOT, 100 * USD, 100 * USD, TICK),
        (LOT, 100 * USD, AMOUNT_MAX, TICK),
        (-LOT, 100 * USD, -AMOUNT_MAX, TICK),
        (1, 100 * USD, -AMOUNT_MAX, PRICE_MAX - PRICE_MAX % TICK),
        (-1, 100 * USD, AMOUNT_MAX, PRICE_MAX - PRICE_MAX % TICK),
        (3 * LOT, 100 * USD, 10 * USD, 96_700_000),
        (-3 * LOT, 100 * USD, 10 * USD, 103_300_000),
        (3 * LOT, 100 * USD, -10 * USD, 103_400_000),
        (-3 * LOT, 100 * USD, -10 * USD, 96_600_000),
    ],
)
def test_a_price_stays_a_price(base: int, oracle: int, equity: int, price: int) -> None:
    """LIQ-006, LIQ-007: direction by side, and at least one tick, at most the largest price."""
    assert lq.bankruptcy_price(base, oracle, equity, TICK) == price


@pytest.mark.parametrize("sign", [1, -1])
def test_insurance_moves_the_limit(sign: int) -> None:
    """LIQ-008: 10 ETH at 1,700 with -200: 20 a unit, of which insurance bears what it holds."""
    base, oracle = sign * 10 * LOT, 1_700 * USD
    for insurance, away in ((0, 20), (120, 8), (200, 0), (10**9, 0)):
        limit = lq.book_limit(base, oracle, -200 * USD, insurance * USD, 1)
        assert limit == oracle + sign * away * USD
    solvent = lq.book_limit(base, oracle, 180 * USD, 10**9, 1)
    assert solvent == oracle - sign * 18 * USD == lq.bankruptcy_price(base, oracle, 180 * USD, 1)
    assert lq.book_limit(base, oracle, 0, 10**9, 1) == oracle


@given(
    base=st.integers(-(10**12), 10**12).filter(bool),
    oracle=st.integers(10**9, 10**12),
    equity=st.integers(-(10**12), 0),
    insurance=st.integers(0, 10**12),
)
def test_the_limit_never_costs_more_than_the_insurance(
    base: int, oracle: int, equity: int, insurance: int
) -> None:
    """LIQ-008: between oracle and bankruptcy price; all at the limit loses what is insured."""
    limit = lq.book_limit(base, oracle, equity, insurance, 1)
    bankrupt = lq.bankruptcy_price(base, oracle, equity, 1)
    assert min(oracle, bankrupt) <= limit <= max(oracle, bankrupt)
    if 1 < limit < PRICE_MAX:
        assert equity + Fraction(base * (limit - oracle), LOT) >= -insurance


@given(
    value=st.integers(0, 10**15),
    rate=st.integers(0, RATIO_SCALE),
    equity=st.integers(-(10**15), 10**15),
    share=st.integers(0, 200_000),
)
def test_a_penalty_never_makes_bad_debt(value: int, rate: int, equity: int, share: int) -> None:
    """LIQ-009: out of what is there; the keeper has at most a fifth of it."""
    paid = lq.penalty(value, rate, equity)
    assert 0 <= paid <= value * rate // RATIO_SCALE
    assert paid == value * rate // RATIO_SCALE or paid == max(0, equity)
    assert equity - paid >= min(equity, 0)
    assert 0 <= lq.keeper_part(paid, share) <= paid // 5
    assert lq.keeper_part(paid, share) == paid * share // RATIO_SCALE


def test_deficits_and_haircuts_of_the_chapter() -> None:
    """LIQ-010, LIQ-011: chapter 18, 935 over two markets and 100 over four positions."""
    assert (lq.deficit(-935 * USD), lq.deficit(0), lq.deficit(1)) == (935 * USD, 0, 0)
    parts = lq.split_deficit(935 * USD, [44_000 * USD, 18_000 * USD])
    assert parts == [663_548_388, 271_451_612]
    shares = lq.haircut_shares(100 * USD, [300 * USD, -50 * USD, 150 * USD, 50 * USD])
    assert shares == [60 * USD, 0, 30 * USD, 10 * USD]
    assert lq.haircut_shares(2, [1, 1, 1]) == [1, 1, 0]
    assert lq.haircut_shares(10, [1, -5, 2]) == [1, 0, 2]
    assert lq.haircut_shares(10, [-5]) == [0]
    assert lq.haircut_shares(10, []) == []


@given(
    missing=st.integers(0, AMOUNT_MAX),
    notionals=st.lists(st.integers(0, AMOUNT_MAX), max_size=6),
)
def test_parts_of_a_deficit_sum_to_it(missing: int, notionals: list[int]) -> None:
    """LIQ-010: up while something is left, and never more than one unit over the exact part."""
    total = sum(notionals)
    if missing and not total:
        with pytest.raises(RangeError):
            lq.split_deficit(missing, notionals)
        return
    parts = lq.split_deficit(missing, notionals)
    assert sum(parts) == missing
    for part, notional in zip(parts, notionals, strict=True):
        exact = Fraction(missing * notional, max(1, total))
        assert 0 <= part < exact + 1
        assert exact - len(parts) < part


@given(
    loss=st.integers(0, 10**15),
    profits=st.lists(st.integers(-(10**14), 10**14), max_size=8),
)
def test_a_haircut_takes_profit_only(loss: int, profits: list[int]) -> None:
    """LIQ-011: in all the loss or all the profit, from none more than he has."""
    shares = lq.haircut_shares(loss, profits)
    gains = [max(0, profit) for profit in profits]
    assert sum(shares) == min(loss, sum(gains))
    assert all(0 <= share <= gain for share, gain in zip(shares, gains, strict=True))
    for share, gain in zip(shares, gains, strict=True):
        if loss <= sum(gains) and gain:
            assert share < Fraction(loss * gain, sum(gains)) + 1


def ranked(victim: int, *rows: tuple[int, int, int, int]) -> list[int]:
    """Accounts in the order in which they are deleveraged."""
    found = lq.deleveraging_order(victim, [Counterparty(*row) for row in rows])
    return [each.account for each in found]


def test_the_ranking_of_the_chapter() -> None:
    """LIQ-012, LIQ-013: profit first, then the account; vaults and vAMM after all traders."""
    shorts = [
        (7, lq.RANK_VAMM, -LOT, -70_000 * USD),
        (3, lq.RANK_TRADER, -2 * LOT, -122_000 * USD),
        (5, lq.RANK_HEDGED_VAULT, -LOT, -99_000 * USD),
        (9, lq.RANK_TRADER, -LOT, -62_000 * USD),
        (4, lq.RANK_TRADER, -3 * LOT, -183_000 * USD),
        (6, lq.RANK_PASSIVE_VAULT, -LOT, -1),
    ]
    for rows in permutations(shorts):
        assert ranked(LOT, *rows) == [9, 3, 4, 6, 7, 5]
    longs = [(account, rank, -base, -cost) for account, rank, base, cost in shorts]
    assert ranked(-LOT, *longs) == [3, 4, 9, 6, 7, 5]


def test_entry_prices_are_compared_without_division() -> None:
    """LIQ-013: prices a hair apart, far beyond any fixed scale, and costs of either sign."""
    big = AMOUNT_MAX
    assert ranked(1, (1, 0, -big, -big + 1), (2, 0, -big + 1, -big + 1)) == [2, 1]
    assert ranked(-1, (1, 0, big, big - 1), (2, 0, big - 1, big - 2)) == [2, 1]
    assert ranked(-1, (1, 0, 5, 1), (2, 0, 5, 0), (3, 0, 5, -1)) == [3, 2, 1]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 50), st.integers(-200, 200)), max_size=8
    ),
    sign=st.sampled_from([1, -1]),
    seed=st.randoms(use_true_random=False),
)
def test_the_ranking_is_a_total_order(
    rows: list[tuple[int, int, int]], sign: int, seed: Any
) -> None:
    """LIQ-012, LIQ-013: the same whatever the order of arrival; a short victim mirrors it."""
    made = [(n, rank, sign * size, sign * cost) for n, (rank, size, cost) in enumerate(rows)]
    expected = [
        row[0]
        for row in sorted(
            made, key=lambda row: (row[1], sign * Fraction(row[3], row[2]), row[0])
        )
    ]  # fmt: skip
    seed.shuffle(made)
    assert ranked(-sign, *made) == expected
