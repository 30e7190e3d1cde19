"""One fill becomes two positions: entry cost, realised PnL, open interest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core import settlement
from plimsoll.core.context import Txn
from plimsoll.core.rows import Position
from plimsoll.messages import codes, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import AMOUNT_MAX, RangeError
from tests.harness.scenario import Scenario

LOT = 10**9


def moved(held: int, entry: int, base: int, cost: int) -> tuple[int, int, int]:
    """Base and entry cost after a change, and the realised PnL."""
    page = Scenario()
    txn = Txn(page.state)
    row = Position(page.state.log, 0, 0)
    row.hold(held, entry)
    page.state.markets[0].add_interest(max(0, held))
    pnl = settlement.move(txn, page.state.markets[0], row, base, cost)
    assert page.state.markets[0].open_interest == max(0, row.base)
    return row.base, row.entry_cost, pnl


@pytest.mark.parametrize(
    ("held", "entry", "base", "cost", "after"),
    [
        (0, 0, 10, 100, (10, 100, 0)),  # open
        (10, 100, 5, 70, (15, 170, 0)),  # add
        (10, 100, -4, -60, (6, 60, 20)),  # close a part with profit
        (10, 100, -4, -20, (6, 60, -20)),  # and with a loss
        (3, 100, -1, -40, (2, 67, 7)),  # 33.3 released, toward zero
        (10, 100, -10, -130, (0, 0, 30)),  # close all
        (10, 100, -15, -180, (-5, -60, 20)),  # turn
        (3, 10, -7, -29, (-4, -17, 2)),  # 29·3/7 = 12.4, toward zero
    ],
)
def test_entry_cost_and_realised_pnl(
    held: int, entry: int, base: int, cost: int, after: tuple[int, int, int]
) -> None:
    """SETTLE-002, SETTLE-003: long, and the mirror image short."""
    assert moved(held, entry, base, cost) == after
    assert moved(-held, -entry, -base, cost * -1) == (-after[0], -after[1], mirrored(after[2]))


def mirrored(pnl: int) -> int:
    """A short that mirrors every cost has the opposite PnL."""
    return -pnl


@pytest.mark.parametrize(("base", "cost"), [(1, 0), (0, 1)])
def test_positions_stay_in_range(base: int, cost: int) -> None:
    """SETTLE-005: base and entry cost within 2^62 - 1."""
    with pytest.raises(RangeError):
        moved(AMOUNT_MAX, AMOUNT_MAX, base or 1, cost or 0 if base else AMOUNT_MAX)


@pytest.mark.parametrize(("side", "price"), [(BUY, 34), (SELL, 33)])
def test_average_price_is_told_against_the_taker(side: int, price: int) -> None:
    """SETTLE-005: quote·1e9/size, up for a buy, down for a sell."""
    assert settlement.average_price(side, 100, 3 * LOT) == price


def test_a_fill_reports_everything_it_moved() -> None:
    """SETTLE-001, SETTLE-003, SETTLE-004, MONEY-004: at the maker's price, PnL moves no money."""
    page = Scenario().play("""
        alice  sell 3 @ 100
        bob    buy  3 @ 100
        bob    sell 2 @ 104
        carol  buy  2 @ 105
        carol  has  cash 792, base 2, entry 208
        bob    has  cash 908, base 1, entry 100
    """)
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    assert (fill.source, fill.side, fill.price, fill.size, fill.quote) == (
        codes.FROM_BOOK, BUY, 104_000_000, 2 * LOT, 208_000_000,
    )  # fmt: skip
    assert (fill.taker_pnl, fill.maker_pnl) == (0, 8_000_000)
    assert (fill.taker_base, fill.maker_base, fill.surplus) == (2 * LOT, LOT, 0)
    assert page.state.markets[0].open_interest == 3 * LOT


def test_open_interest_is_the_sum_of_the_longs() -> None:
    """SETTLE-004: it grows when both open, stays when one passes on, falls when both close."""
    page = Scenario()
    interest = page.state.markets[0]
    for line, longs in (
        ("alice sell 3 @ 100", 0),
        ("bob buy 3 @ 100", 3),
        ("carol buy 3 @ 100", 3),
        ("bob sell 3 @ 100", 3),
        ("alice buy 5 @ 100", 3),
        ("carol sell 3 @ 100", 0),
    ):
        page.play(line)
        assert interest.open_interest == longs * LOT


fills = st.lists(
    st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 300)), min_size=1, max_size=15
)


@given(fills=fills)
def test_margin_is_deposits_plus_realised_pnl(fills: list[tuple[int, int]]) -> None:
    """SETTLE-002, SETTLE-003, MARGIN-006: cash + entry cost = realised PnL, after every fill."""
    page = Scenario()
    txn = Txn(page.state)
    row = Position(page.state.log, 0, 0)
    cash = realised = 0
    for base, quote in fills:
        cost = quote if base > 0 else -quote
        realised += settlement.move(txn, page.state.markets[0], row, base, cost)
        cash -= cost
        assert cash + row.entry_cost == realised
        assert (row.base == 0) <= (row.entry_cost == 0)
        assert row.base * row.entry_cost >= 0
    assert page.state.markets[0].open_interest == max(0, row.base)


trades = st.lists(
    st.tuples(st.sampled_from(["alice", "bob", "carol"]), st.sampled_from([BUY, SELL]),
              st.integers(95, 105), st.integers(1, 2_000)),
    max_size=20,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(trades=trades, vamm=st.booleans())
def test_deposits_plus_reported_pnl_is_margin(
    trades: list[tuple[str, int, int, int]], vamm: bool
) -> None:
    """SETTLE-003, FEE-003: margin moves by realised PnL, fees and rebates as reported only."""
    page = Scenario(
        cash="10000", vamm_enabled=int(vamm), taker_fee=500, maker_rebate=100, min_notional=0
    )
    told = dict.fromkeys(page.accounts.values(), 10_000_000_000)
    for name, side, price, steps in trades:
        command = page.place(name, side, steps * 1_000_000, price * 1_000_000)
        page.apply(command, page.owner(name))
        for event in page.found:
            if isinstance(event, events.Filled):
                told[event.taker] += event.taker_pnl - event.taker_fee
                if event.maker in told:
                    told[event.maker] += event.maker_pnl + event.maker_rebate
    for name, account in page.accounts.items():
        assert page.value(name, "margin", 0) == told[account]
