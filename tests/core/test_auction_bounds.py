"""Dutch auctions within their bounds: places, modes, open interest, due work, liquidation."""

from __future__ import annotations

import pytest

from plimsoll.core import auctions
from plimsoll.core.handlers import auctions as handler
from plimsoll.core.rows import Order
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.mechanics import (
    auction_page,
    batch_page,
    do_offer,
    keeper_account,
    live,
    money_moved,
    offer,
    refusal,
    removals,
    set_params,
    settle,
)
from tests.harness.scenario import KEEPER, Scenario

LOT = 10**9
T = 5_000


def asked(page: Scenario) -> int:
    """What the first auction asks now."""
    auction = page.state.board.live[0][0]
    return auctions.price_now(auction, page.state.markets[0].params, page.now)


def test_places_in_a_market() -> None:
    """AUCTION-020, U1: orders never use the reserved places; the book's fills stand."""
    page = auction_page(auctions_max=32, auctions_reserved=4, auctions_per_account=256)
    for _ in range(27):
        page.play("alice buy 0.1 market")
    state, row = page.state, page.state.markets[0]
    alice = page.account("alice")
    assert auctions.has_room(state, row, alice, codes.OF_ORDER)
    page.play("alice buy 0.1 market")
    assert not auctions.has_room(state, row, alice, codes.OF_ORDER)
    assert auctions.has_room(state, row, alice, codes.OF_LIQUIDATION)
    page.play("""
        carol  buy  0.1 market      -> AUCTIONS_FULL 28 28
        dave   sell 0.1 @ 100.5
        carol  buy  0.2 market      -> 0.1 @ 100.5 dave
    """)
    assert removals(page)[-1] == codes.DONE_AUCTIONS_FULL
    set_params(page, auctions_reserved=0)
    for _ in range(4):
        page.play("bob buy 0.1 market")
    page.play("carol buy 0.1 market   -> AUCTIONS_FULL 32 32")
    assert not auctions.has_room(state, row, alice, codes.OF_LIQUIDATION)
    set_params(page, auction_full_to_vamm=1)
    page.play("carol buy 0.1 market")
    assert page.fills()[0].endswith("vamm")


def test_places_of_an_account() -> None:
    """AUCTION-020: counted over all markets; liquidations ignore it."""
    page = auction_page(auctions_per_account=2).play("""
        alice buy 0.1 market
        alice buy 0.1 market
        alice buy 0.1 market      -> AUCTIONS_FULL 2 2
        bob   buy 0.1 market
    """)
    alice, row = page.account("alice"), page.state.markets[0]
    assert auctions.has_room(page.state, row, alice, codes.OF_LIQUIDATION)


def test_auctions_are_open_orders() -> None:
    """ORDER-006, AUCTION-020: one counter for what rests, is up, or waits for a trigger."""
    limits = Scenario(limits=None).state.globals.params
    limits.open_orders_max = 2
    page = auction_page(limits=limits).play("""
        alice buy 0.1 market
        alice buy 1 @ 99
        alice buy 1 @ 98           -> OPEN_ORDERS_LIMIT 2 2
        alice buy 0.1 market       -> OPEN_ORDERS_LIMIT 2 2
    """)
    assert page.account("alice").open_orders() == 2


@pytest.mark.parametrize("mode", ["restricted", "reduce_only", "halted"])
def test_a_tighter_mode_lets_makers_only_reduce_the_taker(mode: str) -> None:
    """AUCTION-021: an opening order gets nothing from makers; one that closes does."""
    page = auction_page().play("""
        bob    sell 1 @ 100
        alice  buy  1 @ 100
        alice  sell 1 market
        carol  buy  1 market
    """)
    page.play(f"mode {mode}")
    closing, opening = live(page)
    if mode == "halted":
        refused = offer(page, "dave", closing, "100", "1")
        assert refusal(page, refused, page.owner("dave"))[0] == "MARKET_MODE"
    else:
        assert do_offer(page, "dave", closing, "100", "1") == ["1 @ 100 dave"]
    refused = offer(page, "dave", opening, "100", "1")
    expected = "MARKET_MODE" if mode == "halted" else "AUCTION_NOTHING"
    assert refusal(page, refused, page.owner("dave"))[0] == expected
    page.now += T + 1
    assert settle(page, opening) == []
    assert removals(page) == [codes.DONE_RESTRICTED]


def test_restricted_the_vamm_still_reduces_itself() -> None:
    """AUCTION-021, ROUTE-010: an opening order that brings the vAMM home is filled by it."""
    page = auction_page(auction=0).play("""
        alice  buy  2 market
        dave   buy  1 @ 99
        mode   restricted
        carol  buy  1 market          -> nothing
        carol  sell 3 market                        # past dave, who is in the book
        vamm   has  base 0
        carol  has  base -2
        dave   has  base 0
        carol  sell 1 @ 101           -> MARKET_MODE 1 0
    """)
    assert page.state.vamms[0].net == 0


def test_the_keeper_is_paid_for_the_end() -> None:
    """KEEPER-001, KEEPER-002: a flat fee from the taker, and the keepers' part of the fee."""
    page = auction_page(taker_fee=1_000, split_keepers=100_000, split_treasury=350_000)
    reward = keeper_account(page)
    page.play("alice buy 1 market")
    (ident,) = live(page)
    page.now += T + 1
    stranger = commands.SettleAuction(ident, page.accounts["bob"])
    assert refusal(page, stranger, KEEPER)[0] == "NOT_OWNER"
    settle(page, ident, reward)
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    assert fill.keeper == reward and fill.fee_keepers > 0
    assert money_moved(page, codes.R_KEEPER_FLAT) == [(page.accounts["alice"], reward, 10_000)]


def test_work_that_is_due_is_done_in_its_order() -> None:
    """AUCTION-019: batches and ends by time, then id; at most so many."""
    page, first = batch_page()
    page.now += 100
    page.play("bob buy 1 market")
    second = live(page)[1]
    do_offer(page, "carol", second, "100", "1")
    txn = page.engine.txn
    page.now += 5_000
    txn.now = page.now
    page.state.log.begin()
    assert handler.work_due(txn, 1) == 1
    assert live(page) == [first]
    assert handler.work_due(txn, 9) == 1
    assert live(page) == []
    assert handler.work_due(txn, 9) == 0
    page.engine.drain()
    page.state.log.rollback(0)
    assert live(page) == [first, second]


def test_a_sale_mirrors_a_purchase() -> None:
    """AUCTION-013, AUCTION-019: sellers get the maker's price, then the vAMM's bid."""
    page = auction_page().play("alice sell 2 market")
    (ident,) = live(page)
    assert do_offer(page, "bob", ident, "100.1", "1") == ["1 @ 100.1 bob"]
    late = offer(page, "carol", ident, "99.9", "1")
    assert refusal(page, late, page.owner("carol"))[0] == "AUCTION_PRICE_NOT_MET"
    page.now += T + 1
    assert settle(page, ident)[0].endswith("vamm")
    page.play("alice has base -2")


@pytest.mark.parametrize("side", [BUY, SELL])
def test_what_open_interest_allows(side: int) -> None:
    """AUCTION-013: the largest fill that keeps the bound, by trying every size."""
    page = auction_page(open_interest_max=6, auction=0)
    row = page.state.markets[0]
    position = page.state.position
    taker, maker = position(page.account("alice"), 0), position(page.account("bob"), 0)
    for interest in (0, 3, 6, 9):
        row.open_interest = interest
        for held in range(-4, 5):
            for other in range(-4, 5):
                taker.base, maker.base = held, other
                sign = 1 if side == BUY else -1

                def grown(size: int, a: int = held, b: int = other, s: int = sign) -> int:
                    after = max(0, a + s * size) + max(0, b - s * size)
                    return after - max(0, a) - max(0, b)

                fits = [n for n in range(9) if grown(n) <= max(0, 6 - interest)]
                best = max(fits)
                assert auctions.interest_allows(row, side, taker, maker, 8) == best


def liquidating(page: Scenario, name: str, size: int) -> int:
    """Put a liquidation of a long account up, as the closing of accounts does; its id."""
    state, row = page.state, page.state.markets[0]
    txn = page.engine.txn
    txn.now = page.now
    state.log.begin()
    account = page.account(name)
    order = Order(
        state.log, state.globals.take_order(), account, state.position(account, 0), SELL,
        90_000_000, size, 0, True, 0, "", page.now,
    )  # fmt: skip
    order.without_fees()
    auction = auctions.start(txn, row, order, codes.OF_LIQUIDATION, 80_000_000)
    page.engine.drain()
    state.log.commit()
    return auction.ident


def test_an_account_in_liquidation_takes_no_risk_and_lets_nothing_out() -> None:
    """ORDER-021, AUCTION-018: deposits, cancels and reductions pass; the auction is not its own."""
    page = auction_page(cash="1000").play("""
        bob    sell 3 @ 100
        alice  buy  3 @ 100
        alice  buy  1 @ 90 as=a
    """)
    before = page.account("alice").cash()
    ident = liquidating(page, "alice", LOT)
    page.play("""
        alice  buy  1 @ 91            -> IN_LIQUIDATION 1 0
        alice  buy  1 market          -> IN_LIQUIDATION 1 0
        alice  amend a 2 @ 91         -> IN_LIQUIDATION 1 0
        alice  withdraw 1             -> IN_LIQUIDATION 1 0
        alice  deposit 5
        alice  sell 1 @ 100.5 reduce
        alice  cancel-all
    """)
    assert (live(page), page.account("alice").cash()) == ([ident], before + 5_000_000)
    cancel = commands.CancelOrder(page.accounts["alice"], ident, "")
    owner = page.owner("alice")
    assert refusal(page, cancel, owner) == ("UNKNOWN_ORDER", ident, 0)
    page.do(commands.CreateAccount(owner, -1, "sub"), owner)
    out = commands.Transfer(page.accounts["alice"], len(page.state.accounts) - 1, 0, 1)
    assert refusal(page, out, owner) == ("IN_LIQUIDATION", 1, 0)
    page.play("bob buy 1 market")
    (other,) = [number for number in live(page) if number != ident]
    opens = offer(page, "alice", other, "99", "5")
    assert refusal(page, opens, page.owner("alice")) == ("IN_LIQUIDATION", 1, 0)
    assert do_offer(page, "alice", other, "99", "1") == ["1 @ 99 alice"]
