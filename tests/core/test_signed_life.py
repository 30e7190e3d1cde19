"""How a signed order ends: filled, cancelled or expired, and never a second time."""

from __future__ import annotations

from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY
from plimsoll.messages.params import VALIDITY_MOST_MS
from tests.harness.scenario import OPERATOR
from tests.harness.signed_page import SignedPage, key_of, stocked

LOT = 10**9


# Cancelling, replay -------------------------------------------------------------------------------


def test_a_cancelled_order_is_dead() -> None:
    """GATE-015: seen or not; what was filled stands, and it is cancelled once."""
    page = stocked()
    fresh = page.sign("alice", BUY, "1", "100")
    assert page.cancel(fresh).row() == [83, fresh.order_hash, page.accounts["alice"], 0]
    part = page.sign("alice", BUY, "2", "100")
    page.settle(part, "1")
    assert page.cancel(part).filled == LOT
    alice = page.owner("alice")
    for order, filled in ((fresh, 0), (part, LOT)):
        assert page.refused(page.settling(order, "1")) == ("SIGNED_CANCELLED", filled, order.size)
        again = commands.CancelSigned(order)
        assert page.refused(again, alice) == ("SIGNED_CANCELLED", filled, order.size)
    done = page.sign("alice", BUY, "1", "100")
    page.settle(done)
    assert page.refused(commands.CancelSigned(done), alice) == ("SIGNED_DONE", LOT, LOT)


def test_who_may_cancel() -> None:
    """GATE-015: the owner, without any signature, and the operator; nobody else."""
    page = stocked()
    order = page.sign("alice", BUY, "1", "100", signer=key_of(77))
    command = commands.CancelSigned(order)
    assert page.refused(command, page.owner("bob"))[0] == "NOT_OWNER"
    assert page.refused(command)[0] == "NOT_ALLOWED"
    house = page.changed(order, account=codes.TREASURY_ACCOUNT)
    assert page.refused(commands.CancelSigned(house), OPERATOR)[0] == "ACCOUNT_KIND"
    page.do(command, OPERATOR)


def test_when_it_may_be_cancelled() -> None:
    """GATE-015: until it expires; and not so early that it could not be settled by any setting."""
    page = stocked()
    alice = page.owner("alice")
    late = page.sign("alice", BUY, "1", "100", expires_ms=page.now + VALIDITY_MOST_MS + 1)
    assert page.refused(commands.CancelSigned(late), alice)[0] == "SIGNED_VALIDITY"
    page.now += 1
    page.cancel(late)
    order = page.sign("alice", BUY, "1", "100", expires_ms=page.now + 5)
    page.now += 6
    assert page.refused(commands.CancelSigned(order), alice) == (
        "ALREADY_EXPIRED", page.now - 1, page.now,
    )  # fmt: skip


def test_an_order_is_good_until_the_last_moment() -> None:
    """GATE-007, GATE-016: at its expiry it settles, a millisecond later it is refused, whether it
    is still known or forgotten."""
    page = stocked()
    order = page.sign("alice", BUY, "2", "100", expires_ms=page.now + 10)
    page.settle(order, "1")
    page.now += 10
    assert page.tick() == []
    page.settle(order, "0.5")
    page.now += 1
    expired = ("ALREADY_EXPIRED", page.now - 1, page.now)
    assert page.refused(page.settling(order, "0.5")) == expired
    assert page.engine.is_due(commands.Tick(1), page.now)
    found = [event for event in page.tick() if isinstance(event, events.SignedLapsed)]
    assert [event.row() for event in found] == [
        [84, order.order_hash, page.accounts["alice"], 15 * LOT // 10]
    ]
    assert page.known(order) is None
    assert not page.engine.is_due(commands.Tick(1), page.now)
    assert page.refused(page.settling(order, "0.5")) == expired


def test_forgetting_is_bounded() -> None:
    """GATE-016: no more than the command's limit, the earliest first."""
    page = SignedPage()
    orders = [page.sign("alice", BUY, "1", "100", expires_ms=page.now + at) for at in (3, 1, 2)]
    for order in orders:
        page.cancel(order)
    page.now += 10
    for limit, left in ((0, 3), (1, 2), (5, 0)):
        if limit:
            page.tick(limit)
        assert len(page.state.gateway.signed) == left
    assert [order.order_hash for order in orders] != []


def test_nothing_is_replayed_after_a_restart() -> None:
    """GATE-014: what was filled, cancelled and allowed is part of the state that is loaded."""
    page = stocked()
    part = page.sign("alice", BUY, "2", "100")
    dead = page.sign("alice", BUY, "1", "100")
    done = page.sign("alice", BUY, "1", "100")
    page.settle(part, "1")
    page.cancel(dead)
    page.settle(done)
    dump = page.state.dump()
    page.engine = Engine(load(dump))
    page.state = page.engine.state
    assert page.state.dump() == dump
    assert page.refused(page.settling(part))[0] == "SIGNED_OVERFILL"
    assert page.refused(page.settling(dead))[0] == "SIGNED_CANCELLED"
    assert page.refused(page.settling(done))[0] == "SIGNED_DONE"
    page.settle(part, "1")
    page.now = part.expires_ms + 1
    page.tick()
    assert page.state.gateway.signed == {}
    page.engine = Engine(load(page.state.dump()))
    page.state = page.engine.state
    assert page.refused(page.settling(part))[0] == "ALREADY_EXPIRED"


def test_two_orders_with_one_client_id_stand_for_themselves() -> None:
    """GATE-003, GATE-014: the state is the hash's; a client id is a word of the owner's."""
    page = stocked()
    one = page.sign("alice", BUY, "1", "100", client_order_id="same", relay_fee="1")
    two = page.sign("alice", BUY, "1", "99.9", client_order_id="same", relay_fee="1")
    page.settle(one)
    page.play("bob sell 1 @ 99.9")
    page.settle(two, "0.5")
    page.cancel(two)
    assert (page.filled(one), page.filled(two)) == (LOT, LOT // 2)
    assert page.cash("rita") == [2 * 10**6]


def test_a_dry_run_leaves_nothing_known() -> None:
    """GATE-014: what would come of a settlement can be asked before it is sent."""
    page = stocked()
    order = page.sign("alice", BUY, "1", "100", relay_fee="1", fund="alice2", margin="5")
    before = page.hash()
    told = page.engine.dry_run(page.settling(order), page.now, page.rita)
    assert [type(event).__name__ for event in told][-1] == "SignedSettled"
    assert page.hash() == before
    page.settle(order)
