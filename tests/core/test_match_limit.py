"""Resting limits that the vAMM's quote has reached: settled by keepers."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core.handlers import upkeep
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import at_rate_floor
from tests.harness.mechanics import (
    auction_page,
    keeper_account,
    live,
    money_moved,
    refusal,
    removals,
    set_params,
    settle,
)
from tests.harness.scenario import KEEPER, Scenario

LOT = 10**9
WORDS = {BUY: "buy", SELL: "sell"}


def before(side: int = BUY, **more: Any) -> Scenario:
    """An auction is up that will bring the vAMM's quote 1 % nearer to orders of ``side``."""
    page = auction_page(
        **{"vamm_sqrt_k": 1_000 * LOT, "keeper_fee_max": 10**6, "vamm_limits": 1, **more}
    )
    page.play("bob sell 5 market>=95" if side == BUY else "bob buy 5 market<=105")
    return page


def come(page: Scenario) -> None:
    """The auction ends at the vAMM, which never looks at the book."""
    page.now += 5_001
    settle(page, live(page)[0])


def rest(page: Scenario, side: int = BUY, size: int = LOT, **more: Any) -> int:
    """Rest an order of Alice at 100; its id."""
    page.do(page.place("alice", side, size, 100 * 10**6, **more), page.owner("alice"))
    (accepted,) = [e for e in page.found if isinstance(e, events.OrderAccepted)]
    assert accepted.order in page.state.orders
    return accepted.order


def match(page: Scenario, ident: int, keeper: int = -1) -> events.Filled:
    """Match an order that fills; the fill."""
    page.do(commands.MatchLimit(ident, keeper), KEEPER)
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    return fill


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_limit_that_is_reached_is_filled_at_the_quote(side: int) -> None:
    """KEEPER-007, KEEPER-008: no fee and no rebate; better than the limit, and never before."""
    page = before(side, taker_fee=1_000, maker_rebate=200, split_keepers=100_000,
                  split_treasury=350_000)  # fmt: skip
    reward = keeper_account(page)
    ident = rest(page, side, keeper_fee=300_000)
    command = commands.MatchLimit(ident, reward)
    quote = page.state.vamms[0].ask if side == BUY else page.state.vamms[0].bid
    assert refusal(page, command, KEEPER) == ("LIMIT_NOT_REACHED", 100_000_000, quote)
    come(page)
    cash = page.account("alice").cash()
    fill = match(page, ident, reward)
    assert (fill.source, fill.side, fill.size) == (codes.FROM_VAMM, side, LOT)
    assert (fill.taker_fee, fill.maker_rebate) == (0, 0)
    assert fill.quote < 100_000_000 if side == BUY else fill.quote > 100_000_000
    sign = 1 if side == BUY else -1
    assert page.account("alice").cash() == cash - sign * fill.quote
    assert page.position("alice").base == sign * LOT
    # A part of the surplus, and the extra fee of the first fill.
    share = at_rate_floor(fill.surplus, 100_000)
    ((_, to, paid),) = money_moved(page, codes.R_KEEPER_SURPLUS)
    assert (to, paid) == (reward, share) and share > 0
    assert [to for _, to, _ in money_moved(page, codes.R_KEEPER_EXTRA)] == [reward]
    assert removals(page) == [codes.DONE_FILLED]
    page.play("alice has reserved 0, orders 0")
    assert refusal(page, command, KEEPER) == ("UNKNOWN_ORDER", ident, 0)


def test_only_as_far_as_the_limit_and_the_vamm_go() -> None:
    """KEEPER-007: the last unit is no worse than the limit less a tick; the rest goes on."""
    page = before()
    ident = rest(page, size=50 * LOT)
    come(page)
    fill = match(page, ident)
    assert 0 < fill.size < 50 * LOT and fill.size % 1_000_000 == 0
    assert fill.price < 100_000_000
    order = page.state.orders[ident]
    assert order.remaining == 50 * LOT - fill.size
    assert page.state.vamms[0].ask <= 100_000_000
    # A step or two of rounding, and the limit is met.
    command = commands.MatchLimit(ident, -1)
    assert sum(page.apply(command, KEEPER) for _ in range(4)) < 4
    assert refusal(page, command, KEEPER)[0] == "LIMIT_NOT_REACHED"
    assert page.state.vamms[0].ask > 99_800_000


def test_orders_that_may_not_trade_are_removed() -> None:
    """KEEPER-009: expired, outside the band, or of an account that cannot pay."""
    page = before()
    ident = rest(page, expires_ms=page.now + 9_000)
    come(page)
    page.now += 4_000
    page.do(commands.MatchLimit(ident, -1), KEEPER)
    assert removals(page) == [codes.DONE_EXPIRED]
    page = before()
    ident = rest(page)
    come(page)
    page.play("oracle 89")
    page.do(commands.MatchLimit(ident, -1), KEEPER)
    assert removals(page) == [codes.DONE_PRICE_BAND]
    page = before()
    ident = rest(page, size=2 * LOT)
    come(page)
    page.account("alice").usd.amount -= 9_985_000_000
    page.account("carol").usd.amount += 9_985_000_000
    page.do(commands.MatchLimit(ident, -1), KEEPER)
    assert removals(page) == [codes.DONE_MAKER_MARGIN]


def test_modes_oracle_and_open_interest() -> None:
    """KEEPER-009, ROUTE-010, ORDER-017: what may not be filled now waits."""
    page = before()
    ident = rest(page)
    come(page)
    command = commands.MatchLimit(ident, -1)
    page.play("mode halted")
    assert refusal(page, command, KEEPER) == ("MARKET_MODE", codes.HALTED, codes.HALTED)
    page.play("mode reduce_only")
    assert refusal(page, command, KEEPER) == ("MARKET_MODE", codes.REDUCE_ONLY, codes.ACTIVE)
    page.play("mode active")
    set_params(page, open_interest_max=1)
    # Here the vAMM sells out of what it holds: the open interest does not rise.
    page.play("mode restricted")
    page.now += 40_000
    assert refusal(page, command, KEEPER)[0] == "ORACLE_INVALID"
    page.play("oracle 100")
    assert match(page, ident).size == LOT
    page = before(vamm_enabled=1)
    ident = rest(page)
    unknown = commands.MatchLimit(ident, page.accounts["bob"])
    assert refusal(page, unknown, KEEPER)[0] == "NOT_OWNER"


def test_due_matches_best_first_one_partial_a_side() -> None:
    """KEEPER-010: all that is reached, in the order of the book, within the limit."""
    page = before()
    first = rest(page)
    page.now += 1
    second = rest(page)
    page.now += 1
    third = rest(page, size=50 * LOT)
    come(page)
    txn = page.engine.txn
    txn.now = page.now
    page.state.log.begin()
    assert upkeep.match_due(txn, 1) == 1
    assert first not in page.state.orders and second in page.state.orders
    assert upkeep.match_due(txn, 9) == 2
    assert second not in page.state.orders
    assert page.state.orders[third].filled > 0
    # The side stops at an order that something is left of.
    assert upkeep.match_due(txn, 9) <= 1
    txn.to_trim.clear()
    page.engine.drain()
    page.state.log.rollback(0)
    assert page.state.orders[first].remaining == LOT
