"""Liquidation: the schedule of closes, its prices, the penalty, losses, who is deleveraged."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import liquidation as lq
from plimsoll.core.liquidation import Counterparty, Holding
from plimsoll.units import AMOUNT_MAX, LOT, PRICE_MAX, RATIO_SCALE, RangeError

USD = 1_000_000
TICK = USD // 10
BTC: dict[str, int] = {
    "market": 0, "size": LOT, "price": 60_000 * USD, "mmr": 25_000, "penalty": 10_000,
    "buffer": 50_000, "step": LOT // 1000, "min_notional": 10 * USD,
}  # fmt: skip
PLAIN: dict[str, int] = {
    "market": 0, "mmr": 50_000, "penalty": 0, "buffer": 0, "step": 1, "min_notional": 0,
}  # fmt: skip


def btc(**more: int) -> Holding:
    """One BTC at the defaults."""
    return Holding(**{**BTC, **more})


def plain(size: int, price: int, **more: int) -> Holding:
    """A position at 5 % without penalty, buffer or grid; size in whole units, price in USD."""
    return Holding(**{**PLAIN, "size": size * LOT, "price": price * USD, **more})


def plan(equity: int, holdings: list[Holding], maintenance: int = -1) -> list[tuple[int, int, int]]:
    """A schedule as (market, now, wanted)."""
    required = maintenance if maintenance >= 0 else sum(held.requirement for held in holdings)
    closes = lq.close_schedule(equity, required, holdings)
    assert all(close.waits() == (close.size < close.wanted) for close in closes)
    return [(close.market, close.size, close.wanted) for close in closes]


def test_the_first_example_of_the_chapter() -> None:
    """LIQ-003, LIQ-005, LIQ-006, LIQ-009: chapter 18, a long of 1 BTC at the defaults."""
    assert lq.is_liquidatable(1_400 * USD, btc().requirement)
    short = lq.shortfall(1_400 * USD, 1_500 * USD, 50_000)
    assert short == 175 * USD * RATIO_SCALE
    assert lq.needed_size(short, 60_000 * USD, 25_000, 10_000, 50_000) == 179_487_180
    assert plan(1_400 * USD, [btc()]) == [(0, 180_000_000, 180_000_000)]
    chunks = {"chunk": 100_000, "chunk_above": 1_000 * USD}
    assert plan(1_400 * USD, [btc(**chunks)]) == [(0, 100_000_000, 180_000_000)]
    assert lq.bankruptcy_price(LOT, 60_000 * USD, 1_400 * USD, TICK) == 58_600 * USD
    paid = lq.penalty(10_800 * USD, 10_000, 1_400 * USD)
    assert paid == 108 * USD
    assert lq.keeper_part(paid, 200_000) == 21_600_000
    left = btc(size=820_000_000).requirement
    assert not lq.is_liquidatable((1_400 - 108) * USD, left * 105 // 100)


@pytest.mark.parametrize(
    ("margin", "oracle", "equity", "maintenance", "close", "price"),
    [
        (2_180, 1_800, 180, 900, 8, 1_782),
        (2_800, 1_700, -200, 850, 10, 1_720),
        (-1_450, 2_200, 550, 1_100, 5, 2_145),
    ],
)
def test_the_published_examples(
    margin: int, oracle: int, equity: int, maintenance: int, close: int, price: int
) -> None:
    """LIQ-001, LIQ-003, LIQ-006: long 10 ETH from 2,000 at 5 %, no buffer."""
    assert margin + 10 * (oracle - 2_000) == equity
    held = plain(10, oracle)
    assert held.requirement == maintenance * USD
    assert lq.is_liquidatable(equity * USD, maintenance * USD)
    assert plan(equity * USD, [held]) == [(0, close * LOT, close * LOT)]
    assert lq.bankruptcy_price(10 * LOT, oracle * USD, equity * USD, 1) == price * USD


@pytest.mark.parametrize(
    ("book", "margin", "counterparty"),
    [(8, 565_600_000, 10_000), (5, 511_600_000, 10_654), (0, 421_600_000, 11_744)],
)
def test_the_solvent_example_to_its_end(book: int, margin: int, counterparty: int) -> None:
    """LIQ-006, LIQ-009: 8 of 10 ETH by book at 1,800, the rest at 1,782; 14.40 to insurance."""
    at_price = book * 1_800 + (8 - book) * 1_782
    fee = lq.penalty(8 * 1_800 * USD, 1_000, (180 - (8 * 1_800 - at_price)) * USD)
    assert fee == 14_400_000
    assert (2_180 - 8 * 2_000 + at_price) * USD - fee == margin
    assert 10_000 + (8 - book) * (2_000 - 1_782) == counterparty


def test_two_positions() -> None:
    """LIQ-002, LIQ-003, LIQ-006: 10 ETH and 1 BTC; the larger requirement is closed first."""
    eth, bitcoin = plain(10, 1_900, market=1), plain(1, 47_000)
    assert (eth.requirement, bitcoin.requirement) == (950 * USD, 2_350 * USD)
    assert plan(3_065 * USD, [eth, bitcoin]) == [(0, LOT // 10, LOT // 10)]
    assert lq.bankruptcy_price(LOT, 47_000 * USD, 3_065 * USD, 1) == 43_935 * USD
    # 7,065 of margin less the loss of 0.1 BTC from 50,000 and the penalty.
    fee = lq.penalty(4_700 * USD, 1_000, 3_065 * USD)
    assert 7_065 * USD - (50_000 - 43_935) * USD // 10 - fee == 6_453_800_000
    insolvent = [plain(10, 1_800, market=1), plain(1, 44_000)]
    assert plan(-935 * USD, insolvent) == [(0, LOT, LOT), (1, 10 * LOT, 10 * LOT)]
    assert lq.bankruptcy_price(LOT, 44_000 * USD, -935 * USD, 1) == 44_935 * USD
    # Bought out at 44,935, BTC has brought the missing 935: nothing is left, nothing is owed.
    assert lq.bankruptcy_price(10 * LOT, 1_800 * USD, 0, 1) == 1_800 * USD


def test_strictly_below() -> None:
    """LIQ-001: equity that meets the requirement is enough; without positions nobody is."""
    assert not lq.is_liquidatable(1_000, 1_000)
    assert lq.is_liquidatable(999, 1_000)
    assert not lq.is_liquidatable(0, 0)


def test_nothing_missing_closes_nothing() -> None:
    """LIQ-002: the target is (1+b)·MM, met exactly; one unit less closes a step."""
    assert plan(1_575 * USD, [btc()]) == []
    assert plan(1_575 * USD - 1, [btc()]) == [(0, LOT // 1000, LOT // 1000)]
    assert plan(0, []) == []


def test_the_largest_buffer_counts() -> None:
    """LIQ-002: of the markets held, for all of them; equal requirements go by market."""
    first, second = plain(1, 100, buffer=0), plain(1, 100, market=1, buffer=100_000)
    assert lq.account_buffer([first, second]) == 100_000
    assert lq.account_buffer([]) == 0
    assert plan(11 * USD, [second, first]) == []
    # 11 are asked for, 10 are there: 1/(100·5 %·1.1) of the lower market.
    assert plan(10 * USD, [second, first]) == [(0, 181_818_182, 181_818_182)]


def test_what_stays_elsewhere_counts() -> None:
    """LIQ-002: a requirement that cannot be closed now is still to be met."""
    assert plan(12 * USD, [plain(1, 100)], 15 * USD) == [(0, 600_000_000, 600_000_000)]
    with pytest.raises(RangeError):
        plan(12 * USD, [plain(1, 100)], 5 * USD - 1)


@pytest.mark.parametrize(
    ("missing", "least", "close"),
    [
        (47_500_000, 50 * USD, 9_500),
        (47_500_000, 50 * USD + 1, 10_000),
        (100_000, 998 * USD, 20),
        (100_000, 998 * USD + 1, 10_000),
        (100_000, 5_000 * USD, 10_000),
    ],
)
@pytest.mark.parametrize("price", [100, 300])
def test_dust_is_closed_too(missing: int, least: int, close: int, price: int) -> None:
    """LIQ-004: what would be worth less than the least order, strictly, does not stay."""
    times = price // 100
    held = plain(10, price, min_notional=least * times)
    expected = close * LOT // 1_000
    assert plan((50 * USD - missing) * times, [held]) == [(0, expected, expected)]


def test_dust_ends_the_schedule() -> None:
    """LIQ-004: closing more than needed leaves nothing for the next market."""
    holdings = [plain(100, 2, min_notional=190 * USD), plain(100, 1, market=1)]
    assert plan(14 * USD, holdings) == [(0, 100 * LOT, 100 * LOT)]


def test_a_close_that_suffices_ends_the_schedule() -> None:
    """LIQ-003: exactly all of a market; the rounding of its penalty does not open the next."""
    rules = {"mmr": 50_000, "penalty": 700, "buffer": 50_000, "step": 1, "min_notional": 0}
    first = Holding(market=0, size=2, price=10**12, **rules)
    second = Holding(market=1, size=1, price=2 * 10**11, **rules)
    assert (first.requirement, second.requirement) == (100, 10)
    assert plan(12, [first, second]) == [(0, 2, 2)]
    assert plan(11, [first, second]) == [(0, 2, 2), (1, 1, 1)]


def test_steps_never_exceed_the_size() -> None:
    """LIQ-004: up to the step, but a position off the grid closes whole."""
    held = Holding(**{**PLAIN, "size": 1_500, "price": 100 * USD, "step": 1_000})
    assert held.rounded(1) == 1_000
    assert held.rounded(1_001) == held.rounded(1_500) == held.rounded(10**30) == 1_500


def test_a_penalty_makes_it_more() -> None:
    """LIQ-003: and one that costs what the close frees is refused."""
    held = plain(10, 1_800, penalty=1_000)
    assert plan(180 * USD, [held]) == [(0, 8_163_265_307, 8_163_265_307)]
    for rate in (50_000, 50_001):
        with pytest.raises(RangeError):
            plan(180 * USD, [plain(10, 1_800, penalty=rate)])
    # The buffer of the other market carries it here, too.
    other = plain(1, 1, market=1, buffer=10_000)
    assert plan(180 * USD, [plain(10, 1_800, penalty=50_000), other])


def test_chunks() -> None:
    """LIQ-005: a part at a time of what is worth more than the bound; at least a step."""
    part = {"chunk": 330_000, "chunk_above": 60_000 * USD}
    assert plan(100 * USD, [btc(**part)])[0][1] == LOT
    assert plan(100 * USD, [btc(**part, price=60_000 * USD + 1)]) == [(0, 330_000_000, LOT)]
    assert btc(chunk=1, chunk_above=0).at_a_time(LOT) == LOT // 1_000
    assert btc(chunk=330_999).at_a_time(LOT) == 330_000_000
    assert btc(chunk=330_000).at_a_time(300_000_000) == 300_000_000
    assert btc(chunk=999_999, step=1).at_a_time(LOT) == LOT
    assert btc(size=2, step=5, min_notional=0, chunk=1).at_a_time(2) == 2


def test_an_insolvent_account_does_not_wait() -> None:
    """LIQ-005: with no equity left every day costs others."""
    part = {"chunk": 330_000}
    assert plan(1, [btc(**part)]) == [(0, 330_000_000, LOT)]
    assert plan(0, [btc(**part)]) == plan(-1, [btc(**part)]) == [(0, LOT, LOT)]


def test_a_chunk_spares_the_other_markets() -> None:
    """LIQ-005: the rest is waited for, not taken elsewhere."""
    holdings = [plain(1, 100), plain(2, 100, market=1, chunk=100_000)]
    assert plan(11 * USD, holdings) == [(1, LOT // 5, 4 * LOT // 5)]


holding_values = st.fixed_dictionaries(
    {
        "size": st.integers(1, 10**13),
        "price": st.integers(1, 10**12),
        "mmr": st.integers(5_000, 100_000),
        "penalty": st.integers(0, 4_999),
        "buffer": st.integers(0, 200_000),
        "step": st.sampled_from([1, 1_000, 10**6, 10**9]),
        "min_notional": st.sampled_from([0, 10 * USD, 1_000 * USD]),
    }
)


@given(rows=st.lists(holding_values, min_size=1, max_size=4), part=st.integers(-500, 1_500))
def test_the_schedule_suffices_and_is_the_smallest(rows: list[dict[str, int]], part: int) -> None:
    """LIQ-002 to LIQ-004: equity >= (1+b)·MM after it, and not with a step less of the last."""
    holdings = [Holding(market=number, **row) for number, row in enumerate(rows)]
    required = sum(held.requirement for held in holdings)
    equity = required * part // 1_000
    buffer = max(held.buffer for held in holdings)
    closes = lq.close_schedule(equity, required, holdings)
    by_market = {held.market: held for held in holdings}
    order = sorted(holdings, key=lambda held: (-held.requirement, held.market))
    assert [close.market for close in closes] == [held.market for held in order][: len(closes)]

    def spare(sizes: list[int], cost: int) -> Fraction:
        """Equity less the target when these sizes are closed; ``cost``: of rounding, at most."""
        left, needs = Fraction(equity - cost), Fraction(required)
        for close, size in zip(closes, sizes, strict=True):
            held = by_market[close.market]
            worth = Fraction(size * held.price, LOT)
            left -= worth * held.penalty / RATIO_SCALE
            part = worth * held.mmr / RATIO_SCALE
            needs -= held.requirement if size == held.size else part
        return left - needs * (RATIO_SCALE + buffer) / RATIO_SCALE

    sizes = [close.wanted for close in closes]
    whole = len(closes) == len(holdings) and sizes == [by_market[c.market].size for c in closes]
    assert whole or spare(sizes, 0) >= 0
    for close in closes[:-1]:
        assert close.wanted == by_market[close.market].size
    if not closes:
        assert spare([], 0) >= 0
        return
    last = by_market[closes[-1].market]
    fewer = sizes[-1] - 1 if sizes[-1] == last.size else sizes[-1] - last.step
    if last.size * last.price < last.min_notional * LOT or last.leaves_dust(max(0, fewer)):
        fewer = 0
    elif sizes[-1] == last.size:
        # Up to a step was rounded, and up to the least order was swept.
        swept = -(-last.min_notional * LOT // last.price)
        fewer = max(0, last.size - last.step - swept)
    # Closing all of a market costs its penalty rounded up twice: less than two units each.
    assert spare([*sizes[:-1], fewer], 2 * len(closes) + 2) < 0


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0}, {"size": -1}, {"size": AMOUNT_MAX + 1}, {"price": 0}, {"price": PRICE_MAX + 1},
        {"mmr": 0}, {"mmr": RATIO_SCALE + 1}, {"penalty": -1}, {"penalty": RATIO_SCALE + 1},
        {"buffer": -1}, {"buffer": RATIO_SCALE + 1}, {"step": 0}, {"min_notional": -1},
        {"chunk": 0}, {"chunk": RATIO_SCALE + 1}, {"chunk_above": -1}, {"market": -1},
        {"size": AMOUNT_MAX, "price": PRICE_MAX},
    ],
)  # fmt: skip
def test_holdings_out_of_range_are_refused(change: dict[str, int]) -> None:
    """LIQ-002: a position of nothing, a price of nothing, a ratio above one."""
    with pytest.raises(RangeError):
        btc(**change)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("close_schedule", (AMOUNT_MAX + 1, 0, [])),
        ("close_schedule", (-AMOUNT_MAX - 1, 0, [])),
        ("close_schedule", (0, AMOUNT_MAX + 1, [])),
        ("close_schedule", (0, -1, [])),
        ("needed_size", (1, 0, 50_000, 0, 0)),
        ("bankruptcy_price", (0, 1, 1, 1)),
        ("bankruptcy_price", (1, 0, 1, 1)),
        ("bankruptcy_price", (1, 1, 1, 0)),
        ("bankruptcy_price", (1, 1, AMOUNT_MAX + 1, 1)),
        ("bankruptcy_price", (AMOUNT_MAX + 1, 1, 1, 1)),
        ("book_limit", (1, 1, -1, -1, 1)),
        ("book_limit", (0, 1, -1, 0, 1)),
        ("penalty", (-1, 1, 1)),
        ("penalty", (1, -1, 1)),
        ("penalty", (1, RATIO_SCALE + 1, 1)),
        ("keeper_part", (1, 200_001)),
        ("keeper_part", (1, -1)),
        ("keeper_part", (-1, 1)),
        ("split_deficit", (-1, [1])),
        ("split_deficit", (1, [])),
        ("split_deficit", (1, [2, -1])),
        ("haircut_shares", (-1, [1])),
        ("haircut_shares", (1, [AMOUNT_MAX + 1])),
        ("deleveraging_order", (0, [])),
        ("deleveraging_order", (1, [Counterparty(1, 0, 1, 1)])),
        ("deleveraging_order", (-1, [Counterparty(1, 0, 1, 1), Counterparty(2, 0, -1, -1)])),
    ],
)
def test_arguments_out_of_range_are_refused(name: str, arguments: tuple[Any, ...]) -> None:
    """LIQ-003, LIQ-006 to LIQ-012: nothing wraps, nothing is guessed."""
    with pytest.raises(RangeError):
        getattr(lq, name)(*arguments)


@pytest.mark.parametrize("row", [(1, -1, 1, 1), (1, 4, 1, 1), (1, 0, 0, 1)])
def test_a_counterparty_holds_something(row: tuple[int, int, int, int]) -> None:
    """LIQ-012: one of four ranks, and a position."""
    with pytest.raises(RangeError):
        Counterparty(*row)
