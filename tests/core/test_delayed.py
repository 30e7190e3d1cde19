"""Delayed orders: what they wait for, when they execute, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core.handlers import delayed as handler
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, FOK, LIMIT, SELL
from plimsoll.units import AMOUNT_MAX
from tests.harness.delaying import (
    delay,
    delayed,
    execute,
    executed,
    missed,
    publish,
    refused,
    vamm_page,
    waiting,
)
from tests.harness.mechanics import (
    arm,
    auction_page,
    live,
    refusal,
    removals,
    set_params,
)
from tests.harness.scenario import KEEPER, START_MS, Scenario
from tests.harness.vault_page import BASE, PASSIVE, VaultPage

LOT = 10**9


def cash(page: Scenario) -> list[tuple[int, int]]:
    """What every account has, and holds in the first market."""
    found = []
    for account in page.state.accounts:
        row = account.position(0)
        found.append((account.cash(), 0 if row is None else row.base))
    return found


# When it executes ------------------------------------------------------------------------------


@pytest.mark.parametrize(("delay_ms", "earliest"), [(0, 1), (1, 1), (5_000, 5_000)])
def test_it_waits_for_a_price_published_late_enough(delay_ms: int, earliest: int) -> None:
    """DELAY-001, DELAY-004: when a price was published counts, not when it comes in."""
    page = vamm_page(delayed_ms=delay_ms)
    ident = delay(page, "alice", BUY, "1")
    first = START_MS + earliest
    before = (START_MS, START_MS) if earliest == 1 else (START_MS, first - 1)
    page.play("clock +20s")
    if before[1] > START_MS:
        publish(page, first - 1, "101")
    early = ("DELAYED_EARLY", before[1], first)
    assert refusal(page, commands.ExecuteDelayed(ident, -1), KEEPER) == early
    page.play("tick 10")
    assert (waiting(page), page.position("alice").base) == ([ident], 0)
    publish(page, first, "102")
    (told,) = [e for e in page.found if isinstance(e, events.DelayedExecuted)]
    assert (told.order, told.oracle, told.published_ms) == (ident, 102_000_000, first)
    assert page.position("alice").base == LOT


def test_a_price_stamped_ahead_does_not_count() -> None:
    """DELAY-001: what was known when the order was placed is not later, whatever its stamp."""
    page = vamm_page(delayed_ms=1_000)
    publish(page, START_MS + 3_000, "100")
    ident = delay(page, "alice", BUY, "1")
    (placed,) = page.found
    assert isinstance(placed, events.DelayedPlaced)
    assert placed.earliest_ms == START_MS + 4_000
    page.play("clock +5s\ntick 10")
    assert waiting(page) == [ident]


def test_the_newest_price_is_used() -> None:
    """DELAY-005: of two that come together, the one that stands."""
    page = vamm_page(delayed_ms=1_000)
    ident = delay(page, "alice", BUY, "1", kind=LIMIT, price=100_500_000)
    page.play("clock +2s")
    publish(page, page.now, "90", "101")
    (told,) = [e for e in page.found if isinstance(e, events.DelayedExecuted)]
    assert (told.order, told.oracle, told.published_ms) == (ident, 101_000_000, page.published)


def test_the_price_itself_executes() -> None:
    """DELAY-006: nobody has a look between the two, and nothing is left to do."""
    page = vamm_page()
    ident = delay(page, "alice", BUY, "1")
    tick, prices = commands.Tick(1), commands.OraclePrices([])
    assert not page.engine.is_due(tick, page.now + 59_000)
    page.play("clock +1s\noracle 101")
    assert executed(page) == [ident]
    assert not page.engine.is_due(prices, page.now)


def test_what_the_price_left_is_due() -> None:
    """DELAY-006, HOUSE-001, HOUSE-002: the house does it as soon as it may."""
    page = vamm_page()
    ident = delay(page, "alice", BUY, "1")
    tick = commands.Tick(1)
    page.play("clock +1s\nmode halted\noracle 101")
    assert not page.engine.is_due(tick, page.now)
    page.play("mode active")
    assert page.engine.is_due(tick, page.now)
    page.play("tick 1")
    assert executed(page) == [ident]
    assert not page.engine.is_due(tick, page.now)


def test_several_go_in_the_order_of_their_times() -> None:
    """DELAY-006: the earliest first, equal ones by id, as many as the work allows."""
    page = vamm_page(delayed_ms=1_000)
    set_params(page, delayed_ms=5_000)
    late = delay(page, "alice", BUY, "1")
    set_params(page, delayed_ms=1_000)
    soon = delay(page, "bob", BUY, "1")
    equal = delay(page, "carol", BUY, "1")
    page.play("clock +6s")
    page.state.globals.params.tick_work_max = 1
    publish(page, START_MS + 4_999, "101")
    assert executed(page) == [soon]
    page.play("tick 10")
    assert executed(page) == [equal]
    page.oracle("102")
    assert (executed(page), waiting(page)) == ([late], [])


def test_markets_do_not_wait_for_each_other() -> None:
    """DELAY-006: a market whose price has not come, or that is halted, holds up no other."""
    page = vamm_page()
    params = page.state.markets[0].params
    row = params.row()
    page.open(type(params)("Y-USD", *row[1:]))  # type: ignore[arg-type]
    page.oracle("100", 1)
    first = delay(page, "alice", BUY, "1")
    other = delay(page, "alice", BUY, "1", market=1)
    page.play("clock +1s")
    page.oracle("101", 1)
    assert (executed(page), waiting(page)) == ([other], [first])


@pytest.mark.parametrize("old", ["clock +40s", "mode halted"])
def test_it_waits_while_nothing_can_be_done(old: str) -> None:
    """DELAY-004: a stale price and a halted market end no order; it lapses, or goes later."""
    page = vamm_page(oracle_max_age_ms=30_000)
    ident = delay(page, "alice", BUY, "1")
    missed(page, START_MS + 1, "101")
    page.play(old)
    wanted = (
        ("MARKET_MODE", codes.HALTED, codes.HALTED)
        if old == "mode halted"
        else ("ORACLE_INVALID", 39_999, 30_000)
    )
    assert refusal(page, commands.ExecuteDelayed(ident, -1), KEEPER) == wanted
    assert not page.engine.is_due(commands.OraclePrices([]), page.now)
    page.play("tick 10")
    assert waiting(page) == [ident]
    page.play("mode active\noracle 102")
    assert executed(page) == [ident]


def test_a_halted_market_lets_it_lapse() -> None:
    """DELAY-007: what waits in a halted market is over at its expiry all the same."""
    page = vamm_page()
    delay(page, "alice", BUY, "1")
    page.play("mode halted\nclock +60s\noracle 101\ntick 10")
    assert not page.engine.is_due(commands.Tick(1), page.now)
    page.play("clock +1ms")
    assert page.engine.is_due(commands.Tick(1), page.now)
    page.play("tick 10")
    assert (removals(page), waiting(page)) == ([codes.DONE_EXPIRED], [])


def test_a_price_far_from_its_average_executes_nothing() -> None:
    """DELAY-004: what may be a slip of the oracle is no price for orders on it."""
    page = vamm_page(oracle_jump_max=2_000_000, funding_period_s=3_600)
    page.play("clock +1s\noracle 199\nclock +1s\noracle 298")
    ident = delay(page, "alice", BUY, "1")
    page.play("clock +1s\noracle 390")
    found = refusal(page, commands.ExecuteDelayed(ident, -1), KEEPER)
    assert found == ("ORACLE_INVALID", 0, page.state.markets[0].params.oracle_max_age_ms)
    assert handler.next_due(page.state, page.state.markets[0], page.now) is None
    page.play("tick 10")
    assert waiting(page) == [ident]
    page.play("clock +1s\noracle 290")
    assert executed(page) == [ident]


def test_the_worked_example() -> None:
    """DELAY-001, DELAY-006: the chapter's: a price that comes in late, and the one that counts."""
    page = vamm_page(delayed_ms=2_000)
    page.now = ten = 36_000_000
    publish(page, ten - 100, "100")
    ident = delay(page, "alice", BUY, "1")
    page.now = ten + 2_400
    publish(page, ten + 1_950, "101")
    assert waiting(page) == [ident]
    page.now = ten + 2_800
    publish(page, ten + 2_350, "102")
    (told,) = [e for e in page.found if isinstance(e, events.DelayedExecuted)]
    assert (told.oracle, told.published_ms) == (102_000_000, ten + 2_350)
    assert page.position("alice").base == LOT


# What becomes of it ----------------------------------------------------------------------------


def test_a_refusal_is_the_end_of_it() -> None:
    """DELAY-005: reported with its numbers, nothing moved, and a better price finds no order."""
    page = Scenario().play("bob sell 1 @ 100")
    ident = delay(page, "alice", BUY, "2", kind=LIMIT, price=100_000_000, tif=FOK)
    before = cash(page)
    page.play("clock +1s\noracle 100")
    assert refused(page) == [(ident, "FOK_NOT_FILLABLE", LOT, 2 * LOT)]
    assert [type(e).__name__ for e in page.found[1:]] == ["DelayedRefused", "OrderRemoved"]
    assert removals(page) == [codes.DONE_DELAYED_REFUSED]
    assert (cash(page), waiting(page)) == (before, [])
    page.play("book has bids -, asks 100:1\nbob sell 5 @ 100\nclock +1s\noracle 100\ntick 10")
    assert page.position("alice").base == 0
    assert refusal(page, commands.ExecuteDelayed(ident, -1), KEEPER) == ("UNKNOWN_ORDER", ident, 0)


@pytest.mark.parametrize(("more", "price", "why"), [
    ({"kind": LIMIT, "price": 120_000_000}, "101", ("PRICE_BAND", 120_000_000, 111_100_000)),
    ({}, "101", ("INSUFFICIENT_MARGIN", None, None)),
    ({"size": LOT, "reduce_only": True}, "101", ("REDUCE_ONLY_NOTHING", 0, LOT)),
    ({"size": 11 * 10**6}, "90", ("NOTIONAL_TOO_SMALL", 990_000, 1_000_000)),
])  # fmt: skip
def test_what_it_is_refused_for(more: dict[str, Any], price: str, why: tuple[Any, ...]) -> None:
    """DELAY-005: all rules of placing, at the price of that moment; the house reports the same."""
    page = vamm_page(cash="8")
    ident = delay(page, "alice", BUY, "1", **more)
    page.play(f"clock +1s\noracle {price}")
    ((order, name, value, limit),) = refused(page)
    assert (order, name) == (ident, why[0])
    if why[1] is not None:
        assert (value, limit) == why[1:]
    assert (removals(page), waiting(page)) == ([codes.DONE_DELAYED_REFUSED], [])
    assert page.position("alice").base == 0


def test_a_tighter_mode_refuses_what_adds_risk() -> None:
    """DELAY-005: only a halted market lets it wait."""
    page = vamm_page()
    ident = delay(page, "alice", BUY, "1")
    page.play("mode reduce_only\nclock +1s\noracle 101")
    assert refused(page) == [(ident, "MARKET_MODE", codes.REDUCE_ONLY, codes.ACTIVE)]


def test_amounts_out_of_range_end_it() -> None:
    """DELAY-005, TRIGGER-005: worth more than can be counted by then: refused like any other."""
    page = Scenario(price="2000")
    huge = AMOUNT_MAX * 1_000 // 2_000_500_000 * 1_000_000
    ident = delay(page, "alice", BUY, "1", size=huge)
    held = arm(page, "alice", BUY, "1", "2000.1", size=huge)
    page.play("clock +1s\noracle 2001")
    assert refused(page)[0][:2] == (ident, "AMOUNT_RANGE")
    assert removals(page) == [codes.DONE_DELAYED_REFUSED]
    page.play("tick 10")
    assert removals(page) == [codes.DONE_TRIGGER_REFUSED]
    assert held not in waiting(page)


def test_reduce_only_closes_what_is_left_by_then() -> None:
    """DELAY-005: never through the position, whatever that was when it was placed."""
    page = Scenario().play("bob sell 2 @ 100\nalice buy 2 @ 100\ncarol buy 5 @ 100")
    ident = delay(page, "alice", SELL, "2", kind=LIMIT, price=99_000_000, reduce_only=True)
    page.play("alice sell 1.5 @ 100\nclock +1s\noracle 100")
    assert (executed(page), page.fills()) == ([ident], ["0.5 @ 100 carol"])
    page.play("alice has base 0")


def test_the_expiry_itself_still_counts() -> None:
    """DELAY-007: over after it; a keeper's command ends it then, and no price executes it."""
    page = vamm_page()
    ident = delay(page, "alice", BUY, "1", expires_ms=page.now + 1_000)
    other = delay(page, "bob", BUY, "1", expires_ms=page.now + 1_000)
    page.play("clock +1s")
    missed(page, page.now, "101")
    execute(page, ident)
    assert executed(page) == [ident]
    page.play("clock +1ms")
    execute(page, other)
    assert removals(page) == [codes.DONE_EXPIRED]
    assert [type(e).__name__ for e in page.found] == ["OrderRemoved"]
    page.play("bob has base 0")


def test_what_expires_is_bounded_by_the_work() -> None:
    """DELAY-007, HOUSE-001: the earliest first, no more than a tick may do."""
    page = vamm_page()
    late = delay(page, "alice", BUY, "1", expires_ms=page.now + 2_000)
    soon = delay(page, "bob", BUY, "1", expires_ms=page.now + 1_000)
    page.play("clock +3s\ntick 1")
    assert [e.order for e in page.found if isinstance(e, events.OrderRemoved)] == [soon]
    page.play("tick 10")
    assert [e.order for e in page.found if isinstance(e, events.OrderRemoved)] == [late]


def test_a_market_order_goes_up_for_auction() -> None:
    """DELAY-005, AUCTION-009: as any market order of that moment; a limit order never rests."""
    page = auction_page()
    ident = delay(page, "alice", BUY, "1", client_order_id="x")
    rests = delay(page, "bob", BUY, "1", kind=LIMIT, price=99_000_000)
    page.play("clock +1s\noracle 101")
    assert live(page) == [ident]
    assert page.account("alice").client_orders["x"].ident == ident
    assert [e.reason for e in page.found if isinstance(e, events.OrderRemoved)] == [codes.DONE_IOC]
    assert rests not in page.state.orders
    page.play("book has bids -, asks -")


def test_directed_at_a_vault() -> None:
    """DELAY-003, DELAY-005, HEDGE-013: the vault is asked at the price of the execution."""
    page = VaultPage(traders="lp alice bob")
    page.join("lp", BASE, "10")
    vault = page.vault(BASE).account.ident
    ident = delay(page, "alice", SELL, "2", tif=FOK, maker=vault)
    plain = delay(page, "bob", SELL, "2", tif=FOK)
    page.play("clock +1s\noracle 99")
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    assert (fill.taker_order, fill.maker, fill.source) == (ident, vault, codes.FROM_HEDGED)
    assert [one[:2] for one in refused(page)] == [(plain, "FOK_NOT_FILLABLE")]
    none = delayed(page, "alice", SELL, "2", maker=page.accounts["bob"])
    assert refusal(page, none, page.owner("alice"))[0] == "UNKNOWN_VAULT"
    passive = delayed(page, "alice", SELL, "2", maker=page.vault(PASSIVE).account.ident)
    assert refusal(page, passive, page.owner("alice"))[0] == "VAULT_KIND"
