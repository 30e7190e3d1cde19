"""Triggers: an order that waits for the oracle, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core.handlers import triggers as handler
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import ABOVE, BELOW, BUY, SELL
from tests.harness.mechanics import (
    arm,
    keeper_account,
    live,
    money_moved,
    refusal,
    removals,
    trigger,
)
from tests.harness.scenario import KEEPER, Scenario

LOT = 10**9


def fire(page: Scenario, ident: int, keeper: int = -1) -> list[str]:
    """Fire a trigger that is reached; the fills."""
    page.do(commands.FireTrigger(ident, keeper), KEEPER)
    return page.fills()


def kinds(page: Scenario) -> list[str]:
    """The events of the last command by name."""
    return [type(event).__name__ for event in page.found]


@pytest.mark.parametrize(
    ("direction", "at", "near", "there"),
    [(ABOVE, "102", "101.9", "102"), (BELOW, "98", "98.1", "97")],
)
def test_a_trigger_waits_for_the_oracle(direction: int, at: str, near: str, there: str) -> None:
    """TRIGGER-001, TRIGGER-004: at its price or past it; placed under the same id."""
    page = Scenario(vamm_enabled=1)
    ident = arm(page, "alice", BUY, "1", at, direction=direction)
    page.play(f"alice has reserved 0, orders 0\noracle {near}")
    code, value, limit = refusal(page, commands.FireTrigger(ident, -1), KEEPER)
    assert (code, value // 10**5, limit // 10**6) == (
        "TRIGGER_NOT_REACHED", int(float(near) * 10), int(at),
    )  # fmt: skip
    page.play(f"oracle {there}")
    assert fire(page, ident)[0].endswith("vamm") is True
    assert kinds(page)[:2] == ["TriggerFired", "OrderAccepted"]
    assert {e.order for e in page.found if isinstance(e, events.OrderAccepted)} == {ident}
    assert refusal(page, commands.FireTrigger(ident, -1), KEEPER) == ("UNKNOWN_ORDER", ident, 0)


@pytest.mark.parametrize(("more", "code", "numbers"), [
    ({"tif": codes.GTC}, "ORDER_COMBINATION", (1, 0)),
    ({"kind": codes.LIMIT}, "ORDER_COMBINATION", (2, 0)),
    ({"expires_ms": 5}, "ORDER_COMBINATION", (4, 0)),
    ({"kind": codes.LIMIT, "tif": codes.GTC, "price": 10**8, "expires_ms": 5},
     "ALREADY_EXPIRED", (5, 1_000_000)),
    ({"price": 100_000_001}, "PRICE_NOT_ON_TICK", (100_000_001, 100_000)),
    ({"trigger_price": 102_000_001}, "PRICE_NOT_ON_TICK", (102_000_001, 100_000)),
    ({"size": 1}, "SIZE_NOT_ON_STEP", (1, 1_000_000)),
    ({"size": 1_000_000}, "NOTIONAL_TOO_SMALL", (102_000, 1_000_000)),
    ({"trigger_price": 100_000_000}, "TRIGGER_IMMEDIATE", (100_000_000, 100_000_000)),
    ({"trigger_price": 99_000_000}, "TRIGGER_IMMEDIATE", (99_000_000, 100_000_000)),
    ({"direction": BELOW}, "TRIGGER_IMMEDIATE", (102_000_000, 100_000_000)),
    ({"market": 7}, "UNKNOWN_MARKET", (7, 1)),
])  # fmt: skip
def test_what_is_refused(more: dict[str, Any], code: str, numbers: tuple[int, int]) -> None:
    """TRIGGER-002: fields, grid, size, and a price that is there already."""
    page = Scenario()
    command = trigger(page, "alice", BUY, "1", "102", **more)
    assert refusal(page, command, page.owner("alice")) == (code, *numbers)


def test_mode_and_first_price() -> None:
    """TRIGGER-002, TRIGGER-003: halted, nothing is left nor set off; without a price nothing."""
    page = Scenario()
    ident = arm(page, "alice", BUY, "1", "102")
    page.play("mode halted\noracle 103")
    halted = ("MARKET_MODE", codes.HALTED, codes.HALTED)
    assert refusal(page, trigger(page, "bob", BUY, "1", "110"), page.owner("bob")) == halted
    assert refusal(page, commands.FireTrigger(ident, -1), KEEPER) == halted
    blank = Scenario(page.state.markets[0].params)
    new = trigger(blank, "alice", BUY, "1", "102")
    assert refusal(blank, new, blank.owner("alice"))[0] == "ORACLE_INVALID"


def test_ids_and_limits_are_shared_with_orders() -> None:
    """TRIGGER-002, ORDER-006, ORDER-007: one counter, one name space."""
    limits = Scenario().state.globals.params
    limits.open_orders_max = 2
    page = Scenario(limits=limits)
    ident = arm(page, "alice", BUY, "1", "102", client_order_id="x")
    owner = page.owner("alice")
    page.play(f"alice buy 1 @ 99 as=x    -> CLIENT_ORDER_ID_IN_USE {ident} 0\nalice buy 1 @ 99")
    again = trigger(page, "alice", BUY, "1", "102")
    assert refusal(page, again, owner) == ("OPEN_ORDERS_LIMIT", 2, 2)
    page.play("alice buy 1 @ 99    -> OPEN_ORDERS_LIMIT 2 2\nalice cancel-all")
    arm(page, "alice", BUY, "1", "102", client_order_id="x")


def test_cancelling() -> None:
    """TRIGGER-006: by id, by client id, with all of a market; amending does not know triggers."""
    page = Scenario()
    owner = page.owner("alice")
    one = arm(page, "alice", BUY, "1", "102")
    two = arm(page, "alice", BUY, "1", "102", client_order_id="x")
    arm(page, "alice", SELL, "1", "98", direction=BELOW)
    kept = arm(page, "bob", SELL, "1", "98", direction=BELOW)
    account = page.accounts["alice"]
    amend = commands.AmendOrder(account, one, 10**8, LOT)
    assert refusal(page, amend, owner) == ("UNKNOWN_ORDER", one, 0)
    stranger = commands.CancelOrder(page.accounts["bob"], one, "")
    assert refusal(page, stranger, page.owner("bob")) == ("UNKNOWN_ORDER", one, 0)
    page.do(commands.CancelOrder(account, one, ""), owner)
    assert removals(page) == [codes.DONE_CANCELLED]
    page.do(commands.CancelOrder(account, 0, "x"), owner)
    assert [e.order for e in page.found if isinstance(e, events.OrderRemoved)] == [two]
    page.play("alice cancel-all")
    assert sorted(page.state.board.triggers) == [kept]
    assert page.account("alice").open_orders() == 0


def test_a_limit_order_rests_when_fired() -> None:
    """TRIGGER-004: the normal path: it takes or rests, with its expiry and client id."""
    page = Scenario()
    ident = arm(
        page, "alice", BUY, "1", "102", kind=codes.LIMIT, tif=codes.GTC, price=10**8,
        expires_ms=page.now + 10, client_order_id="x",
    )  # fmt: skip
    page.play("oracle 103")
    fire(page, ident)
    order = page.state.orders[ident]
    assert (order.resting, order.age, order.client_order_id) == (True, page.now, "x")
    page.play("book has bids 100:1, asks -")


def test_what_cannot_be_placed_is_done() -> None:
    """TRIGGER-005: refused by margin, with nothing to close, or past its expiry; never twice."""
    page = Scenario(vamm_enabled=1, cash="8")
    poor = arm(page, "alice", BUY, "1", "102")
    closes = arm(page, "alice", SELL, "1", "102", reduce_only=True)
    late = arm(
        page, "alice", BUY, "1", "102", kind=codes.LIMIT, tif=codes.GTC, price=10**8,
        expires_ms=page.now + 10,
    )  # fmt: skip
    page.play("clock +10ms\noracle 102")
    for ident, reason in (
        (poor, codes.DONE_TRIGGER_REFUSED), (closes, codes.DONE_REDUCE_ONLY),
        (late, codes.DONE_EXPIRED),
    ):  # fmt: skip
        fire(page, ident)
        assert kinds(page) == ["TriggerFired", "OrderRemoved"]
        assert removals(page) == [reason]
    page.play("alice has base 0, cash 8")
    assert page.state.board.triggers == {}


def test_waiting_does_not_expire() -> None:
    """TRIGGER-003: an expiry counts from when the order is placed."""
    page = Scenario()
    ident = arm(
        page, "alice", BUY, "1", "102", kind=codes.LIMIT, tif=codes.GTC, price=10**8,
        expires_ms=page.now + 10,
    )  # fmt: skip
    page.play("clock +20s\ntick 10")
    assert ident in page.state.board.triggers


def test_a_stale_price_fires_but_places_only_what_reduces() -> None:
    """TRIGGER-003, ORDER-011: staleness alone is no reason to wait for a keeper's command."""
    page = Scenario().play("bob sell 2 @ 100\nalice buy 2 @ 100\ncarol buy 1 @ 99")
    opens = arm(page, "alice", BUY, "1", "102")
    closes = arm(page, "alice", SELL, "1", "102", reduce_only=True, price=99_000_000)
    page.play("oracle 102\nclock +40s")
    assert fire(page, closes) == ["1 @ 99 carol"]
    fire(page, opens)
    assert removals(page) == [codes.DONE_TRIGGER_REFUSED]


def test_a_fired_market_order_goes_up_for_auction() -> None:
    """TRIGGER-004, AUCTION-009: the auction keeps the trigger's id."""
    page = Scenario(vamm_enabled=1, auction=1, auction_min_notional=0)
    ident = arm(page, "alice", BUY, "1", "102")
    page.play("oracle 102")
    fire(page, ident)
    assert live(page) == [ident]


def test_the_keeper_gets_the_flat_fee() -> None:
    """KEEPER-002: from the account whose order it is, also when the order comes to nothing."""
    page = Scenario(taker_fee=1_000, vamm_enabled=1)
    reward = keeper_account(page)
    page.play("bob buy 5 market")
    ident = arm(page, "alice", BUY, "200", "102")
    page.play("oracle 102")
    fire(page, ident, reward)
    assert money_moved(page, codes.R_KEEPER_FLAT) == [(page.accounts["alice"], reward, 10_000)]


def test_due_triggers_nearest_first_within_the_limit() -> None:
    """TRIGGER-007: above from the lowest, below from the highest; not on a stale price."""
    page = Scenario(vamm_enabled=1)
    high = arm(page, "alice", BUY, "1", "105")
    low = arm(page, "alice", BUY, "1", "102")
    far = arm(page, "alice", BUY, "1", "108")
    page.play("oracle 106")
    txn = page.engine.txn
    txn.now = page.now + 60_000
    page.state.log.begin()
    assert handler.fire_due(txn, 9) == 0
    txn.now = page.now
    assert handler.fire_due(txn, 1) == 1
    assert sorted(page.state.board.triggers) == [high, far]
    assert handler.fire_due(txn, 9) == 1
    fired = [e.order for e in page.engine.drain() if isinstance(e, events.TriggerFired)]
    assert fired == [low, high]
    page.state.log.rollback(0)
    assert sorted(page.state.board.triggers) == [high, low, far]


def test_triggers_survive_a_snapshot() -> None:
    """TRIGGER-001: what waits is part of the state."""
    page = Scenario()
    arm(page, "alice", BUY, "1", "105", client_order_id="x")
    arm(page, "bob", SELL, "1", "95", direction=BELOW, reduce_only=True)
    twin = load(page.state.dump())
    assert twin.dump() == page.state.dump()
    assert twin.accounts[page.accounts["alice"]].client_orders["x"].ident == 1
