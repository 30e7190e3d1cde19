"""Amending orders, and several commands in one."""

from __future__ import annotations

import pytest

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY
from tests.core.test_orders import dropped, kinds
from tests.harness.scenario import Scenario

LOT = 10**9


def test_amending_meets_the_limits_of_the_day() -> None:
    """ORDER-019: a lower limit of open orders, and its own expiry, refuse an order a new place."""
    page = Scenario().play("""
        alice  buy 1 @ 90 as=a
        alice  buy 1 @ 91
        bob    buy 1 @ 90 as=b until=+5ms
        clock  +6ms
        bob    amend b 1 @ 91     -> ALREADY_EXPIRED 1000005 1000006
    """)
    page.do(commands.SetGlobalParams(commands.GlobalParams(open_orders_max=1)), 0)
    page.play("""
        alice  amend a 1 @ 92     -> OPEN_ORDERS_LIMIT 1 1
        alice  amend a 0.5 @ 90
    """)


def test_a_smaller_amendment_keeps_its_place() -> None:
    """ORDER-019, BOOK-003: same price, smaller size; anything else is a new arrival."""
    page = Scenario()
    page.play("""
        alice  sell 3 @ 101 as=a
        clock  +1ms
        bob    sell 3 @ 101 as=b
        clock  +1ms
        alice  amend a 2 @ 101
        carol  buy 1 @ 101 ioc      -> 1 @ 101 alice
        alice  amend a 5 @ 101
        carol  buy 1 @ 101 ioc      -> 1 @ 101 bob
    """)
    order = page.order("a")
    assert (order.size, order.filled, order.remaining, order.age) == (
        5 * LOT, LOT, 4 * LOT, page.now,
    )  # fmt: skip


def test_an_amendment_may_take() -> None:
    """ORDER-019: placed anew under the same id, it meets the book first."""
    page = Scenario()
    page.play("""
        alice  sell 1 @ 101
        bob    buy  2 @ 100 as=b
        bob    amend b 2 @ 101     -> 1 @ 101 alice
        book   has  bids 101:1, asks -
    """)
    order = page.order("b")
    assert (order.size, order.filled, order.remaining) == (2 * LOT, LOT, LOT)
    assert dropped(page) == []


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("amend a 2 @ 101", "AMEND_NOTHING 101000000 2000000000"),
        ("amend a 2 @ 101.05", "PRICE_NOT_ON_TICK 101050000 100000"),
        ("amend a 2.0001 @ 101", "SIZE_NOT_ON_STEP 2000100000 1000000"),
        ("amend a 1 @ 101", "AMEND_BELOW_FILLED 1000000000 1000000000"),
        ("amend a 1.001 @ 101", "NOTIONAL_TOO_SMALL 101000 1000000"),
        ("amend a 2 @ 110.1", "PRICE_BAND 110100000 110000000"),
        ("amend a 500 @ 101", "INSUFFICIENT_MARGIN"),
    ],
)
def test_refused_amendments_leave_the_order(line: str, outcome: str) -> None:
    """ORDER-019: refusals in order; the order stays where it stood."""
    page = Scenario().play("""
        alice  sell 2 @ 101 as=a
        bob    sell 2 @ 101
        carol  buy  1 @ 101 ioc    -> 1 @ 101 alice
    """)
    before = page.order("a")
    page.play(f"""
        alice  {line}  -> {outcome}
        carol  buy  1 @ 101 ioc    -> 1 @ 101 alice
    """)
    assert not before.resting


def test_amending_obeys_mode_and_oracle() -> None:
    """ORDER-019: rows 9 to 11 hold for what is placed anew, not for making smaller."""
    Scenario().play("""
        alice  buy 2 @ 99 as=a
        mode   restricted
        alice  amend a 2 @ 98    -> MARKET_MODE 1 0
        alice  amend a 1 @ 99
        mode   active
        clock  +31s
        alice  amend a 1 @ 98    -> ORACLE_INVALID 31000 30000
    """)


def batch(page: Scenario, atomic: bool, *items: commands.Command) -> commands.Batch:
    """A batch of alice's."""
    return commands.Batch(atomic, list(items))


def test_an_atomic_batch_is_all_or_nothing() -> None:
    """ORDER-020: the first refusal refuses it and names its item."""
    page = Scenario()
    good = page.place("alice", BUY, LOT, 90_000_000)
    bad = page.place("alice", BUY, LOT, 10_000_000)
    owner = page.owner("alice")
    refused = page.refuse(batch(page, True, good, bad, good), owner)
    assert refused == (codes.PRICE_BAND, 10_000_000, 90_000_000, 1)
    page.do(batch(page, True, good, good), owner)
    page.play("alice has orders 2")


def test_items_of_a_loose_batch_stand_for_themselves() -> None:
    """ORDER-020: a refused item leaves a Rejected with its number, and no other trace."""
    page = Scenario()
    good = page.place("alice", BUY, LOT, 90_000_000)
    bad = page.place("alice", BUY, 500 * LOT, 99_000_000)
    owner = page.owner("alice")
    page.do(batch(page, False, good, bad, commands.CancelAll(page.accounts["alice"], -1)), owner)
    assert kinds(page) == ["OrderAccepted", "OrderRested", "Rejected", "OrderRemoved"]
    rejected = page.found[2]
    assert isinstance(rejected, events.Rejected)
    assert (rejected.code, rejected.item) == (codes.INSUFFICIENT_MARGIN, 1)
    # The id the refused item had drawn is free again.
    page.play("alice buy 1 @ 90 as=next")
    assert page.order_ids["next"] == 2


def test_a_range_error_inside_a_batch_is_a_refusal() -> None:
    """ORDER-020: whatever refuses an item, atomic or not."""
    page = Scenario(price="100000", cash="1000000")
    huge = page.place("alice", BUY, 4 * 10**18, 100_000_000_000)
    good = page.place("alice", BUY, LOT, 90_000_000_000)
    owner = page.owner("alice")
    assert page.refuse(batch(page, True, good, huge), owner)[0] == codes.AMOUNT_RANGE
    page.do(batch(page, False, huge, good), owner)
    assert kinds(page) == ["Rejected", "OrderAccepted", "OrderRested"]
