"""Delayed orders: placing them, taking them back, who is paid, and what the state keeps."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import invariants
from plimsoll.core.handlers import delayed as handler
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, FOK, LIMIT, SELL
from tests.harness.delaying import (
    delay,
    delayed,
    execute,
    executed,
    missed,
    refused,
    vamm_page,
    waiting,
)
from tests.harness.mechanics import (
    arm,
    keeper_account,
    money_moved,
    refusal,
    removals,
)
from tests.harness.scenario import KEEPER, START_MS, Scenario

LOT = 10**9


# Placing and taking back -----------------------------------------------------------------------


@pytest.mark.parametrize(("more", "code", "numbers"), [
    ({"market": 7, "tif": codes.GTC}, "UNKNOWN_MARKET", (7, 1)),
    ({"tif": codes.GTC, "expires_ms": 0}, "ORDER_COMBINATION", (6, 0)),
    ({"tif": codes.GTC, "kind": LIMIT, "price": 10**8}, "ORDER_COMBINATION", (6, 0)),
    ({"kind": LIMIT, "maker": 3}, "ORDER_COMBINATION", (2, 0)),
    ({"maker": 3, "expires_ms": 0}, "UNKNOWN_VAULT", (3, 0)),
    ({"expires_ms": 0, "price": 1}, "ALREADY_EXPIRED", (0, START_MS)),
    ({"expires_ms": START_MS}, "ALREADY_EXPIRED", (START_MS, START_MS)),
    ({"expires_ms": START_MS + 9_999}, "BAD_FIELD", (START_MS + 9_999, START_MS + 10_000)),
    ({"expires_ms": START_MS + 90_001, "price": 1}, "BAD_FIELD",
     (START_MS + 90_001, START_MS + 90_000)),
    ({"price": 100_000_001, "size": 1}, "PRICE_NOT_ON_TICK", (100_000_001, 100_000)),
    ({"size": 1}, "SIZE_NOT_ON_STEP", (1, 1_000_000)),
    ({"size": 1_000_000}, "NOTIONAL_TOO_SMALL", (100_000, 1_000_000)),
    ({"size": 1_000_000, "price": 90_000_000}, "NOTIONAL_TOO_SMALL", (90_000, 1_000_000)),
    ({"client_order_id": "x"}, "CLIENT_ORDER_ID_IN_USE", (1, 0)),
])  # fmt: skip
def test_what_is_refused(more: dict[str, Any], code: str, numbers: tuple[int, int]) -> None:
    """DELAY-002, DELAY-003: each fault, told in the order of the chapter."""
    page = vamm_page(delayed_ms=10_000, delayed_validity_max_ms=90_000)
    delay(page, "alice", BUY, "1", client_order_id="x")
    command = delayed(page, "alice", BUY, "1", **more)
    assert refusal(page, command, page.owner("alice")) == (code, *numbers)


def test_both_ends_of_the_expiry_pass() -> None:
    """DELAY-003: the earliest price itself, and the longest validity."""
    page = vamm_page(delayed_ms=10_000, delayed_validity_max_ms=90_000)
    delay(page, "alice", BUY, "1", expires_ms=START_MS + 10_000)
    delay(page, "alice", BUY, "1", expires_ms=START_MS + 90_000)


def test_accounts_and_modes() -> None:
    """DELAY-002: one's own trading account; a halted market last of all."""
    page = vamm_page()
    foreign = delayed(page, "alice", BUY, "1", tif=codes.GTC)
    assert refusal(page, foreign, page.owner("bob"))[0] == "NOT_OWNER"
    page.play("mode halted")
    used = delayed(page, "alice", BUY, "1")
    halted = ("MARKET_MODE", codes.HALTED, codes.HALTED)
    assert refusal(page, used, page.owner("alice")) == halted
    small = delayed(page, "alice", BUY, "1", size=1_000_000)
    assert refusal(page, small, page.owner("alice"))[0] == "NOTIONAL_TOO_SMALL"


def test_a_stale_price_and_none_at_all_stop_no_placing() -> None:
    """DELAY-002: it is the next price that counts; a worst price stands in for the first."""
    page = vamm_page()
    page.play("clock +40s")
    delay(page, "alice", BUY, "1")
    blank = Scenario(page.state.markets[0].params)
    nothing = delayed(blank, "alice", BUY, "1")
    assert refusal(blank, nothing, blank.owner("alice"))[0] == "NOTIONAL_TOO_SMALL"
    ident = delay(blank, "alice", BUY, "1", price=10**8)
    page.play("tick 10")
    blank.oracle("100")
    assert waiting(blank) == [ident]
    blank.play("clock +1s\noracle 100")
    assert executed(blank) == [ident]


def test_ids_and_limits_are_shared_with_orders() -> None:
    """DELAY-008, ORDER-006, ORDER-007: one counter, one name space, free again when it is done."""
    limits = Scenario().state.globals.params
    limits.open_orders_max = 2
    page = Scenario(limits=limits)
    owner = page.owner("alice")
    ident = delay(page, "alice", BUY, "1", client_order_id="x", expires_ms=page.now + 1_000)
    page.play(f"alice buy 1 @ 99 as=x    -> CLIENT_ORDER_ID_IN_USE {ident} 0\nalice buy 1 @ 99")
    again = delayed(page, "alice", BUY, "1")
    assert refusal(page, again, owner) == ("OPEN_ORDERS_LIMIT", 2, 2)
    page.play("alice buy 1 @ 99    -> OPEN_ORDERS_LIMIT 2 2\nclock +2s\ntick 10")
    page.play("alice buy 1 @ 98 as=x")
    assert page.account("alice").open_orders() == 2


def test_it_is_cancelled_like_an_order() -> None:
    """DELAY-008, ORDER-018: by id, by client id, with all; amending and firing know none."""
    page = Scenario()
    owner, account = page.owner("alice"), page.accounts["alice"]
    one = delay(page, "alice", BUY, "1")
    two = delay(page, "alice", BUY, "1", client_order_id="x")
    delay(page, "alice", SELL, "1")
    kept = delay(page, "bob", SELL, "1")
    amend = commands.AmendOrder(account, one, 10**8, LOT)
    assert refusal(page, amend, owner) == ("UNKNOWN_ORDER", one, 0)
    stranger = commands.CancelOrder(page.accounts["bob"], one, "")
    assert refusal(page, stranger, page.owner("bob")) == ("UNKNOWN_ORDER", one, 0)
    page.do(commands.CancelOrder(account, one, ""), owner)
    assert removals(page) == [codes.DONE_CANCELLED]
    page.do(commands.CancelOrder(account, 0, "x"), owner)
    assert [e.order for e in page.found if isinstance(e, events.OrderRemoved)] == [two]
    page.play("alice cancel-all\nclock +1s\noracle 100")
    assert [one[0] for one in refused(page)] + executed(page) == [kept]
    assert page.account("alice").open_orders() == 0


def test_triggers_and_delayed_orders_are_not_mixed_up() -> None:
    """DELAY-004, TRIGGER-003: each has its command, and waits for its own."""
    page = vamm_page()
    later = delay(page, "alice", BUY, "1")
    reached = arm(page, "bob", BUY, "1", "102")
    page.play("clock +1s")
    fires = commands.FireTrigger(later, -1)
    assert refusal(page, fires, KEEPER) == ("UNKNOWN_ORDER", later, 0)
    executes = commands.ExecuteDelayed(reached, -1)
    assert refusal(page, executes, KEEPER) == ("UNKNOWN_ORDER", reached, 0)
    page.play("tick 10")
    assert waiting(page) == [later, reached]
    page.oracle("102")
    assert executed(page) == [later]
    page.play("tick 10")
    assert [e.order for e in page.found if isinstance(e, events.TriggerFired)] == [reached]


# Keepers ---------------------------------------------------------------------------------------


def test_the_keeper_gets_the_flat_fee() -> None:
    """DELAY-009, KEEPER-002: from the account whose order it is, however the order ends."""
    page = vamm_page(taker_fee=1_000)
    reward = keeper_account(page)
    paid = [(page.accounts["alice"], reward, 10_000)]
    fills = delay(page, "alice", BUY, "1")
    fails = delay(page, "alice", SELL, "1", kind=LIMIT, price=200_000_000)
    lapses = delay(page, "alice", BUY, "1", expires_ms=page.now + 2_000)
    page.play("clock +1s")
    missed(page, page.now, "101")
    execute(page, fills, reward)
    assert money_moved(page, codes.R_KEEPER_FLAT) == paid
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    assert fill.keeper == reward
    execute(page, fails, reward)
    assert money_moved(page, codes.R_KEEPER_FLAT) == paid
    page.play("clock +2s")
    execute(page, lapses, reward)
    assert money_moved(page, codes.R_KEEPER_FLAT) == paid


def test_a_keeper_is_paid_on_its_own_account_only() -> None:
    """DELAY-004, KEEPER-001: before anything about the price."""
    page = vamm_page()
    ident = delay(page, "alice", BUY, "1")
    foreign = commands.ExecuteDelayed(ident, page.accounts["bob"])
    assert refusal(page, foreign, KEEPER)[0] == "NOT_OWNER"


def test_no_keeper_chooses_a_later_moment() -> None:
    """DELAY-006: the price leaves nothing to wait with."""
    page = vamm_page()
    ident = delay(page, "alice", BUY, "1")
    page.play("clock +1s\noracle 101\nclock +1s\noracle 90")
    for _ in range(2):
        assert refusal(page, commands.ExecuteDelayed(ident, -1), KEEPER)[0] == "UNKNOWN_ORDER"
        page.play("tick 10")
    assert page.position("alice").base == LOT


# The state -------------------------------------------------------------------------------------


def test_it_survives_a_snapshot() -> None:
    """DELAY-001: what waits is part of the state, and goes on as if nothing had been."""
    page = vamm_page(delayed_ms=1_000)
    ident = delay(page, "alice", BUY, "1", client_order_id="x")
    delay(page, "bob", SELL, "1", kind=LIMIT, price=99_000_000, tif=FOK, reduce_only=True)
    twin = load(page.state.dump())
    assert twin.dump() == page.state.dump()
    assert twin.accounts[page.accounts["alice"]].client_orders["x"].ident == ident
    row = twin.board.triggers[ident]
    assert (row.earliest_ms, row.maker, row.is_delayed()) == (START_MS + 1_000, -1, True)
    assert handler.next_due(twin, twin.markets[0], page.now) is None
    invariants.check_full(twin)


def test_the_work_is_undone_with_its_scope() -> None:
    """DELAY-005: executed, expired and taken back: waiting as before."""
    page = vamm_page()
    delay(page, "alice", BUY, "1", client_order_id="x")
    delay(page, "bob", BUY, "1", expires_ms=page.now + 1_000)
    page.play("clock +2s")
    missed(page, page.now, "101")
    before = page.hash()
    txn = page.engine.txn
    txn.now = page.now
    page.state.log.begin()
    assert handler.expire_due(txn, 9) == 1
    assert handler.execute_due(txn, 9) == 1
    assert waiting(page) == []
    page.state.log.rollback(0)
    page.engine.drain()
    assert page.hash() == before
    assert handler.next_due(page.state, page.state.markets[0], page.now) is not None


@pytest.mark.parametrize("index", ["later", "ends"])
@pytest.mark.parametrize("fault", ["gone", "moved", "left over"])
def test_indexes_that_lose_or_keep_one_are_noticed(index: str, fault: str) -> None:
    """INV-002: both timers know every delayed order and nothing else."""
    page = Scenario()
    ident = delay(page, "alice", BUY, "1")
    row = page.state.board.triggers[ident]
    timer = page.state.board.later[0] if index == "later" else page.state.board.delayed_ends
    key = row.earliest_ms if index == "later" else row.order.expires_ms
    if fault == "left over":
        timer.add(key, ident + 1)
    else:
        timer.remove(key, ident)
    if fault == "moved":
        timer.add(key + 1, ident)
    with pytest.raises(invariants.InvariantBroken) as broken:
        invariants.check_full(page.state)
    assert broken.value.ident == "U3"
