"""The vAMM of a market: how much it takes, at what quote, and what it may lose."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core import curve, vamm
from plimsoll.core.invariants import InvariantBroken, check_vamm
from plimsoll.core.rows import Vamm
from plimsoll.core.store import UndoLog
from plimsoll.messages import codes, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import MarketParams
from tests.harness.scenario import Scenario, market

LOT = 10**9


def pool(net: int = 0, **overrides: Any) -> tuple[Vamm, MarketParams]:
    """A curve of 10,000 base at 100, after the traders bought ``net``."""
    params = market(vamm_enabled=1, **overrides)
    row = Vamm(UndoLog(), 0)
    k = params.vamm_sqrt_k
    x = k - net
    y = curve.product_over(k, x)
    row.set_curve(x, y, k, params.vamm_peg, net)
    row.set_spreads(params.vamm_base_spread, params.vamm_base_spread)
    return row, params


def test_quotes_stand_around_the_reservation_price() -> None:
    """VAMM-003: the taker's side picks the quote; both move with the curve."""
    row, _ = pool()
    assert vamm.quote_price(row, BUY) == 100_050_000
    assert vamm.quote_price(row, SELL) == 99_950_000
    row, _ = pool(net=100 * LOT)
    assert vamm.quote_price(row, BUY) == 102_081_420
    assert vamm.quote_price(row, SELL) > 100_050_000


def test_open_side_ends_at_the_concentration_bounds() -> None:
    """VAMM-007: x stays between x_T/conc and x_T·conc; what was traded counts."""
    row, params = pool(vamm_concentration=1_250_000)
    assert vamm.open_side(row, params, BUY) == 2_000 * LOT
    assert vamm.open_side(row, params, SELL) == 2_500 * LOT
    row, params = pool(net=1_500 * LOT, vamm_concentration=1_250_000)
    assert vamm.open_side(row, params, BUY) == 500 * LOT
    assert vamm.open_side(row, params, SELL) == 4_000 * LOT
    row, params = pool(net=2_100 * LOT, vamm_concentration=1_250_000)
    assert vamm.open_side(row, params, BUY) == 0


@pytest.mark.parametrize(
    ("fraction", "net", "side", "size"),
    [
        (100, 0, BUY, 100 * LOT),  # a hundredth of the reserve
        (1, 0, BUY, 1_000 * LOT),  # half of the open side
        (1, 0, SELL, 1_250 * LOT),
        (1, 1_999_999_000_000, BUY, 0),  # half a step is left
    ],
)
def test_one_fill_takes_a_bounded_share(fraction: int, net: int, side: int, size: int) -> None:
    """VAMM-008: min(x/fraction, half the open side), floored to the step."""
    row, params = pool(net, vamm_concentration=1_250_000, vamm_max_fill_fraction=fraction)
    assert vamm.available(row, params, side) == size


def test_size_to_a_price_moves_the_quote_there() -> None:
    """VAMM-009: trading it brings the quoted side's price to the limit, and no further."""
    row, params = pool()
    size = vamm.size_to_price(row, BUY, 101_000_000)
    ask = curve.side_reserves(row.x, row.y, row.sqrt_k, BUY, params.vamm_base_spread)
    after = curve.swap(ask.x, ask.y, row.sqrt_k, row.peg, BUY, size)
    assert 0 <= 101_000_000 - curve.price(after.y, after.x, row.peg) <= 1
    assert vamm.size_to_price(row, SELL, 101_000_000) == 0
    assert vamm.size_to_price(row, BUY, 0) == 0
    assert vamm.size_to_price(row, SELL, 0) == 0


@pytest.mark.parametrize(("side", "limit"), [(BUY, 100_049_999), (SELL, 99_950_001)])
def test_a_limit_short_of_the_top_quote_gets_nothing(side: int, limit: int) -> None:
    """VAMM-010: not reached by one unit, not asked at all."""
    row, params = pool()
    assert not vamm.reaches(row, side, limit)
    assert vamm.fillable(row, params, side, 10 * LOT, limit) == 0
    edge = 100_050_000 if side == BUY else 99_950_000
    assert vamm.reaches(row, side, edge)


@pytest.mark.parametrize(("side", "limit"), [(BUY, 101_000_000), (SELL, 99_000_000)])
def test_fillable_keeps_a_tick_from_the_limit(side: int, limit: int) -> None:
    """VAMM-010: the size reaches limit minus a tick, is floored to the step, and fits the order."""
    row, params = pool()
    edge = limit - params.tick if side == BUY else limit + params.tick
    reach = vamm.size_to_price(row, side, edge)
    assert vamm.fillable(row, params, side, 10**15, limit) == reach - reach % params.step
    assert vamm.fillable(row, params, side, 5_000_000, limit) == 5_000_000


def test_taker_gets_the_worse_of_spread_and_plain_quote() -> None:
    """VAMM-011: pays max(q, q0), receives min(q, q0); the vAMM's own leg is q0."""
    row, _ = pool()
    buy = vamm.plan(row, BUY, LOT)
    assert (buy.quote, buy.plain) == (100_060_015, 100_010_002)
    assert (buy.x, buy.y) == (9_999 * LOT, 10_001_000_100_010)
    sell = vamm.plan(row, SELL, LOT)
    assert (sell.quote, sell.plain) == (99_940_014, 99_990_001)
    wide = vamm.plan(pool(vamm_base_spread=2)[0], BUY, LOT)
    assert wide.quote >= wide.plain


@pytest.mark.parametrize(
    ("net", "side", "size", "part"),
    [(5, SELL, 3, 3), (5, SELL, 9, 5), (5, BUY, 3, 0), (-5, BUY, 9, 5), (-5, SELL, 3, 0),
     (0, BUY, 1, 0)],
)  # fmt: skip
def test_reducing_part_of_a_fill(net: int, side: int, size: int, part: int) -> None:
    """VAMM-013: what brings the traders' net toward zero."""
    assert vamm.reducing(net, side, size) == part


def test_terminal_reserve_is_where_everybody_has_closed() -> None:
    """VAMM-014: y_T = floor(k/(x + net)); at launch it is the quote reserve."""
    row, _ = pool()
    assert vamm.terminal_quote_reserve(row) == row.y
    row, _ = pool(net=1_000 * LOT)
    assert vamm.terminal_quote_reserve(row) == row.sqrt_k


trades = st.lists(
    st.tuples(st.sampled_from(["alice", "bob"]), st.sampled_from([BUY, SELL]),
              st.integers(10, 20_000)),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(trades=trades)
def test_nobody_profits_by_trading_with_the_vamm_alone(
    trades: list[tuple[str, int, int]],
) -> None:
    """VAMM-012, VAMM-014: who ends flat has less; the vAMM and the pools have it."""
    page = Scenario(vamm_enabled=1, cash="1000000", min_notional=0)
    capital = page.account("vamm").cash()
    for name, side, steps in trades:
        place(page, name, side, steps * 1_000_000)
    for name in ("alice", "bob"):
        while (held := page.position(name).base) != 0:
            place(page, name, SELL if held > 0 else BUY, abs(held))
    lost = sum(10**12 - page.account(name).cash() for name in ("alice", "bob"))
    earned = page.account("vamm").cash() - capital
    assert page.position("vamm").base == 0
    assert earned >= 0
    assert lost == earned + page.account("adjustments").cash()
    assert lost > 0


def place(page: Scenario, name: str, side: int, size: int) -> None:
    """A market order, wide enough to be filled."""
    limit = 105_000_000 if side == BUY else 95_000_000
    command = page.place(name, side, size, limit, kind=codes.MARKET, tif=codes.IOC)
    page.do(command, page.owner(name))
    assert any(isinstance(event, events.Filled) for event in page.found)


@settings(max_examples=60)
@given(size=st.integers(1, 100), net=st.integers(-500, 500), spread=st.integers(100, 20_000),
       side=st.sampled_from([BUY, SELL]))  # fmt: skip
def test_a_quoted_round_trip_costs_both_spreads(
    size: int, net: int, spread: int, side: int
) -> None:
    """VAMM-011: mirrored for both first sides, at any position of the curve."""
    row, _ = pool(net * LOT, vamm_base_spread=spread)
    amount = size * LOT
    there = vamm.plan(row, side, amount)
    back_side = SELL if side == BUY else BUY
    row.move(there.x, there.y, net * LOT)
    back = vamm.plan(row, back_side, amount)
    paid, received = (there, back) if side == BUY else (back, there)
    assert paid.quote > received.quote
    # Within the truncations of the side reserves, the cost is twice the spread.
    assert paid.quote - received.quote >= 2 * received.quote * spread // 1_050_000


def test_dust_of_a_long_life_is_no_contradiction() -> None:
    """INV-001: what millions of fills gained by rounding is within A10; without them it is not."""
    page = Scenario(vamm_enabled=1)
    state = page.engine.state
    check_vamm(state, state.markets[0])
    state.markets[0].vamm.usd.add(20_000_000)
    with pytest.raises(InvariantBroken) as broken:
        check_vamm(state, state.markets[0])
    assert broken.value.ident == "A10"
    state.globals.set_counters(1, 1, 10_000_000)
    check_vamm(state, state.markets[0])
