"""The extra fee of an order: held while it waits, paid once, given back otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.mechanics import (
    auction_page,
    do_offer,
    keeper_account,
    live,
    money_moved,
    refusal,
    settle,
)
from tests.harness.scenario import KEEPER, Scenario

LOT = 10**9
FEE = 250_000


def order(page: Scenario, name: str, side: int, price: int, **more: Any) -> int:
    """Place an order of 1 with an extra fee; its id."""
    values = {"keeper_fee": FEE, **more}
    page.do(page.place(name, side, LOT, price * 10**6, **values), page.owner(name))
    (accepted,) = [e for e in page.found if isinstance(e, events.OrderAccepted)]
    return accepted.order


def held(page: Scenario) -> int:
    """What escrow holds, which must be what the orders say."""
    state = page.state
    waiting = [auction.order for auction in state.board.live[0]]
    waiting += [state.orders[ident] for ident in sorted(state.orders)]
    total = state.markets[0].escrow.cash()
    assert total == sum(row.keeper_fee for row in waiting)
    return total


def test_the_fee_is_bounded() -> None:
    """KEEPER-003: by the market's limit, which is 0 unless set."""
    page = Scenario()
    command = page.place("alice", BUY, LOT, 10**8, keeper_fee=1)
    assert refusal(page, command, page.owner("alice")) == ("KEEPER_FEE_TOO_LARGE", 1, 0)
    page = Scenario(keeper_fee_max=FEE)
    command = page.place("alice", BUY, LOT, 10**8, keeper_fee=FEE + 1)
    assert refusal(page, command, page.owner("alice")) == ("KEEPER_FEE_TOO_LARGE", FEE + 1, FEE)
    order(page, "alice", BUY, 100)
    assert held(page) == FEE


def test_only_what_waits_is_held_back() -> None:
    """KEEPER-004: nothing for an order that is done at once."""
    page = Scenario(keeper_fee_max=FEE).play("bob sell 1 @ 100")
    order(page, "alice", BUY, 100)
    assert (held(page), page.account("alice").cash()) == (0, 900_000_000)
    order(page, "alice", BUY, 99, tif=codes.IOC)
    assert held(page) == 0


def test_the_account_must_be_able_to_pay_it() -> None:
    """KEEPER-004: free equity is 0 or more after it, also for an order that adds no risk."""
    page = Scenario(keeper_fee_max=FEE, cash="10").play("bob sell 1 @ 100\nalice buy 1 @ 100")
    command = page.place("alice", SELL, LOT, 101 * 10**6, reduce_only=True, keeper_fee=1)
    assert refusal(page, command, page.owner("alice")) == (
        "INSUFFICIENT_MARGIN", 9_999_999, 10_000_000,
    )  # fmt: skip


def test_a_fill_without_a_keeper_gives_it_back() -> None:
    """KEEPER-005: at the first fill, of part of the order too; and only once."""
    page = Scenario(keeper_fee_max=FEE)
    order(page, "alice", BUY, 100)
    account, escrow = page.accounts["alice"], page.state.markets[0].escrow.ident
    page.play("bob sell 0.4 @ 100   -> 0.4 @ 100 alice")
    assert money_moved(page, codes.R_EXTRA_REFUND) == [(escrow, account, FEE)]
    assert held(page) == 0
    page.play("bob sell 0.6 @ 100   -> 0.6 @ 100 alice")
    assert money_moved(page, codes.R_EXTRA_REFUND) == []


@pytest.mark.parametrize("end", ["cancel", "expire", "band", "self", "amend-to-fill"])
def test_every_end_without_a_keeper_gives_it_back(end: str) -> None:
    """KEEPER-005: whatever the reason."""
    page = Scenario(keeper_fee_max=FEE)
    ident = order(page, "alice", BUY, 91, expires_ms=page.now + 5)
    account = page.accounts["alice"]
    if end == "cancel":
        page.play("alice cancel-all")
    elif end == "expire":
        page.play("clock +6ms\ntick 9")
    elif end == "band":
        page.play("oracle 110\nbob sell 1 @ 100\noracle 105\nbob sell 1 @ 94.5\noracle 110")
        page.play("bob cancel-all\nbob sell 1 @ 99\noracle 91\nbob sell 1 @ 91")
    elif end == "self":
        page.play("alice sell 1 @ 91 ioc")
    else:
        page.play("bob sell 1 @ 95")
        page.do(commands.AmendOrder(account, ident, 95 * 10**6, LOT), page.owner("alice"))
    assert held(page) == 0
    paid = page.account("alice").cash()
    assert paid + (page.position("alice").entry_cost) == 1_000_000_000


def test_amending_keeps_it() -> None:
    """KEEPER-005: the order goes on, and so does what is held for it."""
    page = Scenario(keeper_fee_max=FEE)
    ident = order(page, "alice", BUY, 95)
    page.do(commands.AmendOrder(page.accounts["alice"], ident, 96 * 10**6, 2 * LOT), 3)
    assert held(page) == FEE
    assert money_moved(page, codes.R_EXTRA_REFUND) == []
    page.do(commands.AmendOrder(page.accounts["alice"], ident, 96 * 10**6, LOT), 3)
    assert held(page) == FEE
    twin = load(page.state.dump())
    assert twin.dump() == page.state.dump() and twin.orders[ident].keeper_fee == FEE


def test_the_keeper_of_the_first_fill_gets_it() -> None:
    """KEEPER-005: here by settling an auction at the vAMM; nobody gets it twice."""
    page = auction_page(keeper_fee_max=FEE)
    reward = keeper_account(page)
    market = {"kind": codes.MARKET, "tif": codes.IOC}
    ident = order(page, "alice", BUY, 0, **market)
    assert (live(page), held(page)) == ([ident], FEE)
    page.now += 5_001
    settle(page, ident, reward)
    escrow = page.state.markets[0].escrow.ident
    assert money_moved(page, codes.R_KEEPER_EXTRA) == [(escrow, reward, FEE)]
    assert money_moved(page, codes.R_EXTRA_REFUND) == []
    assert held(page) == 0


def test_a_maker_of_an_auction_earns_no_extra_fee() -> None:
    """KEEPER-005: no keeper made the fill, so it goes back; the end pays nothing more."""
    page = auction_page(keeper_fee_max=FEE)
    reward = keeper_account(page)
    ident = order(page, "alice", BUY, 0, kind=codes.MARKET, tif=codes.IOC)
    do_offer(page, "bob", ident, "100", "0.5")
    assert len(money_moved(page, codes.R_EXTRA_REFUND)) == 1
    page.now += 5_001
    settle(page, ident, reward)
    assert money_moved(page, codes.R_KEEPER_EXTRA) == []
    ident = order(page, "alice", BUY, 0, kind=codes.MARKET, tif=codes.IOC)
    page.do(commands.CancelOrder(page.accounts["alice"], ident, ""), page.owner("alice"))
    assert len(money_moved(page, codes.R_EXTRA_REFUND)) == 1
    assert held(page) == 0


def test_an_overdue_order_is_removed_for_the_flat_fee() -> None:
    """KEEPER-002, KEEPER-006: only past its expiry, once, at its owner's cost."""
    page = Scenario(keeper_fee_max=FEE, taker_fee=1_000)
    reward = keeper_account(page)
    page.play("bob sell 1 @ 100\ncarol buy 1 @ 100")
    ident = order(page, "alice", BUY, 95, expires_ms=page.now + 5)
    never = order(page, "alice", BUY, 95, keeper_fee=0)
    page.now += 5
    command = commands.ExpireOrder(ident, reward)
    assert refusal(page, command, KEEPER) == ("ORDER_NOT_EXPIRED", page.now, page.now)
    page.now += 1
    other = commands.ExpireOrder(never, reward)
    assert refusal(page, other, KEEPER) == ("ORDER_NOT_EXPIRED", 0, page.now)
    page.do(command, KEEPER)
    payer = page.accounts["alice"]
    assert money_moved(page, codes.R_KEEPER_FLAT) == [(payer, reward, 10_000)]
    assert refusal(page, command, KEEPER) == ("UNKNOWN_ORDER", ident, 0)
    assert held(page) == 0
