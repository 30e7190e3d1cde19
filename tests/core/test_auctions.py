"""Dutch auctions: who comes in, what they ask, who fills them, how they end."""

from __future__ import annotations

import pytest

from plimsoll.core import auctions
from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from tests.harness.mechanics import (
    auction_page,
    batch_page,
    do_offer,
    live,
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


def test_the_book_first_then_an_auction() -> None:
    """AUCTION-009: the rest of a market order goes up; nothing of it stands in the book."""
    page = auction_page().play("""
        bob    sell 1 @ 100.5
        alice  buy  3 market        -> 1 @ 100.5 bob
        book   has  bids -, asks -
        alice  has  orders 0
    """)
    (auction,) = page.state.board.live[0]
    assert (auction.order.remaining, auction.start, auction.end) == (
        2 * LOT, 100_000_000, 100_050_000,
    )  # fmt: skip
    assert page.account("alice").open_orders() == 1
    assert page.position("alice").bid_size == 2 * LOT
    assert auctions.reference_price(page.engine.txn, page.state.markets[0]) == 100_000_000


@pytest.mark.parametrize("words", [
    "buy 0.05 market",  # worth 5, less than 10
    "buy 1 @ 101 ioc", "buy 1 @ 101 fok", "buy 1 @ 101", "buy 1 market fok",
])  # fmt: skip
def test_what_does_not_go_up_takes_the_vamm_at_once(words: str) -> None:
    """AUCTION-009: small remainders, limits, and fill-or-kill."""
    page = auction_page().play(f"alice {words}")
    assert [fill.rpartition(" ")[2] for fill in page.fills()] == ["vamm"]
    assert live(page) == []


@pytest.mark.parametrize(("word", "end"), [("buy", "100.05"), ("sell", "99.95")])
def test_every_boundary_of_the_path(word: str, end: str) -> None:
    """AUCTION-010, U2: on the tick, from best to worst, taken at the last ms, over one later."""
    page = auction_page(tick=10_000, step=10_000_000).play(f"alice {word} 1 market")
    seen = []
    for at in (0, 1, 999, 1_000, 1_001, 2_499, 2_500, 2_501, 4_999, 5_000):
        page.now = 1_000_000 + at
        seen.append(asked(page))
    sign = 1 if word == "buy" else -1
    assert [sign * (price - 100_000_000) for price in seen] == [
        0, 0, 0, 10_000, 10_000, 20_000, 20_000, 20_000, 40_000, 50_000,
    ]  # fmt: skip
    (ident,) = live(page)
    page.now = 1_000_000 + T
    assert do_offer(page, "bob", ident, end, "0.5") == [f"0.5 @ {end} bob"]
    page.now += 1
    late = offer(page, "bob", ident, end, "0.5")
    assert refusal(page, late, page.owner("bob")) == ("UNKNOWN_AUCTION", ident, 0)


def test_the_worst_price_bounds_the_path() -> None:
    """AUCTION-004, AUCTION-010: never past what the order accepts."""
    page = auction_page(tick=10_000, step=10_000_000).play("alice buy 1 market<=100.02")
    page.now += T
    assert asked(page) == 100_020_000
    (ident,) = live(page)
    late = offer(page, "bob", ident, "100.03", "1")
    assert refusal(page, late, page.owner("bob"))[0] == "AUCTION_PRICE_NOT_MET"


def test_makers_fill_at_their_price_and_the_auction_ends_when_filled() -> None:
    """AUCTION-013, AUCTION-017, U3: partial fills, what is too much of an offer is dropped."""
    page = auction_page().play("alice buy 2 market")
    (ident,) = live(page)
    assert do_offer(page, "bob", ident, "99.9", "0.5") == ["0.5 @ 99.9 bob"]
    assert page.position("alice").bid_size == 3 * LOT // 2
    assert do_offer(page, "carol", ident, "100", "9") == ["1.5 @ 100 carol"]
    (dropped,) = [e for e in page.found if isinstance(e, events.OfferDropped)]
    assert (dropped.remaining, dropped.reason) == (15 * LOT // 2, codes.DONE_IOC)
    assert removals(page) == [codes.DONE_FILLED]
    assert live(page) == []
    page.play("alice has base 2, orders 0, reserved 0, cash 9800.05")


@pytest.mark.parametrize(("who", "price", "size", "code", "numbers"), [
    ("alice", "100", "1", "AUCTION_OWN", (4, 3)),
    ("bob", "100.01", "1", "PRICE_NOT_ON_TICK", (100_010_000, 100_000)),
    ("bob", "100", "0.0001", "SIZE_NOT_ON_STEP", (100_000, 1_000_000)),
    ("bob", "100.1", "1", "AUCTION_PRICE_NOT_MET", (100_100_000, 100_000_000)),
    ("bob", "80", "1", "PRICE_BAND", (80_000_000, 90_000_000)),
])  # fmt: skip
def test_offers_that_are_refused(
    who: str, price: str, size: str, code: str, numbers: tuple[int, int]
) -> None:
    """AUCTION-012: owner, grid, price, band."""
    page = auction_page().play("alice buy 1 market")
    command = offer(page, who, live(page)[0], price, size)
    assert refusal(page, command, page.owner(who)) == (code, *numbers)


def test_makers_must_be_able_to_pay() -> None:
    """AUCTION-014: the initial requirement after the fill, as for makers of the book."""
    page = auction_page()
    page.trader("poor", "9.99")
    page.play("alice buy 1 market")
    command = offer(page, "poor", live(page)[0], "100", "1")
    assert refusal(page, command, page.owner("poor")) == (
        "INSUFFICIENT_MARGIN", 9_990_000, 10_000_000,
    )  # fmt: skip
    page.deposit("poor", "0.01")
    assert do_offer(page, "poor", live(page)[0], "100", "1") == ["1 @ 100 poor"]


def test_a_taker_who_can_pay_no_more_ends_the_auction() -> None:
    """AUCTION-015: the fill is judged at the taker too; what was filled stands."""
    page = auction_page(cash="0")
    page.trader("thin", "21")
    page.deposit("bob", "1000")
    page.play("thin buy 2 market")
    (ident,) = live(page)
    assert do_offer(page, "bob", ident, "100", "1") == ["1 @ 100 bob"]
    page.play("oracle 98")
    assert do_offer(page, "bob", ident, "100", "1") == []
    assert removals(page) == [codes.DONE_TAKER_MARGIN]
    page.play("thin has base 1, reserved 0")


def test_reduce_only_takers_stay_within_their_position() -> None:
    """AUCTION-013: a position that shrank meanwhile bounds the fill; with none it is done."""
    page = auction_page().play("""
        bob    sell 2 @ 100
        alice  buy  2 @ 100
        alice  sell 2 market reduce
        carol  buy  1.5 @ 100
        alice  sell 1.5 @ 100 ioc
    """)
    (ident,) = live(page)
    assert do_offer(page, "carol", ident, "100", "2") == ["0.5 @ 100 carol"]
    page.play("alice has base 0")
    nothing = offer(page, "carol", ident, "100", "1")
    assert refusal(page, nothing, page.owner("carol")) == ("AUCTION_NOTHING", LOT, 0)
    page.now += T + 1
    settle(page, ident)
    assert removals(page) == [codes.DONE_REDUCE_ONLY]


def test_the_end_is_the_vamm() -> None:
    """AUCTION-016, AUCTION-019, U5: not before its time; within the worst price; once."""
    page = auction_page().play("alice buy 1 market")
    (ident,) = live(page)
    early = commands.SettleAuction(ident, -1)
    assert refusal(page, early, KEEPER) == ("AUCTION_RUNNING", 0, T)
    page.now += T
    assert refusal(page, early, KEEPER) == ("AUCTION_RUNNING", T, T)
    page.now += 1
    assert settle(page, ident)[0].endswith("vamm")
    assert removals(page) == [codes.DONE_FILLED]
    assert refusal(page, early, KEEPER) == ("UNKNOWN_AUCTION", ident, 0)  # the second keeper
    page.play("alice has base 1, reserved 0")


@pytest.mark.parametrize(("words", "reason"), [
    ("buy 1 market<=100", codes.DONE_SLIPPAGE), ("buy 60 market", codes.DONE_SLIPPAGE),
    ("buy 60 market<=110", codes.DONE_NO_LIQUIDITY),
])  # fmt: skip
def test_why_the_rest_is_cancelled(words: str, reason: int) -> None:
    """AUCTION-019: the limit, or what the vAMM gives in one fill."""
    page = auction_page(vamm_sqrt_k=1_000 * LOT, market_slippage=2_000)
    page.play(f"alice {words}")
    page.now += T + 1
    settle(page, live(page)[0])
    assert removals(page) == [reason]


def test_without_a_fresh_price_the_vamm_takes_nothing() -> None:
    """AUCTION-019: the rest is cancelled."""
    page = auction_page(auction_ms=40_000).play("alice buy 1 market")
    page.now += 40_001
    settle(page, live(page)[0])
    assert removals(page) == [codes.DONE_STALE_ORACLE]


def test_a_taker_who_cannot_carry_the_vamm_fill() -> None:
    """AUCTION-019: judged on the outcome; nothing of the fill stays."""
    page = auction_page(cash="0")
    page.trader("thin", "11")
    page.play("thin buy 1 market")
    page.play("oracle 98")
    page.now += T + 1
    assert settle(page, live(page)[0]) == []
    assert removals(page) == [codes.DONE_TAKER_MARGIN]
    page.play("thin has cash 11, base 0")


def test_the_worst_of_an_auction_is_reserved() -> None:
    """AUCTION-011: as if it rested at its worst price; orders and withdrawals see it."""
    page = auction_page(cash="11").play("""
        alice  buy 1 market               # worst: 101, 10.1 reserved
        alice  has reserved 10.1, free 0.9
        bob    buy 2 market               -> INSUFFICIENT_MARGIN 11000000 20200000
        alice  withdraw 1                 -> NOT_WITHDRAWABLE 1000000 900000
    """)
    assert len(live(page)) == 1


def test_open_interest_counts_the_auction() -> None:
    """AUCTION-011, AUCTION-013: at creation as if opened, at a fill what still fits."""
    page = auction_page(open_interest_max=5 * LOT).play("""
        alice  buy 6 market     -> OPEN_INTEREST 6000000000 5000000000
        alice  buy 4 market
        bob    sell 3 @ 100
        carol  buy 3 @ 100
    """)
    (ident,) = live(page)
    assert do_offer(page, "dave", ident, "100", "4") == ["2 @ 100 dave"]
    page.now += T + 1
    assert settle(page, ident) == []


def test_cancelling_midway_keeps_the_fills() -> None:
    """AUCTION-018, ORDER-018, U4: by id, by client id, with all others; nobody else's."""
    page = auction_page().play("alice buy 3 market as=a")
    (ident,) = live(page)
    do_offer(page, "bob", ident, "100", "1")
    stranger = commands.CancelOrder(page.accounts["bob"], ident, "")
    assert refusal(page, stranger, page.owner("bob"))[0] == "UNKNOWN_ORDER"
    page.do(commands.CancelOrder(page.accounts["alice"], 0, "a"), page.owner("alice"))
    assert removals(page) == [codes.DONE_CANCELLED]
    page.play("alice has base 1, reserved 0")
    page.play("alice buy 1 market\nalice buy 1 @ 99\nalice cancel-all\nalice has orders 0")
    assert (live(page), page.account("alice").open_orders()) == ([], 0)


def test_amending_does_not_know_auctions() -> None:
    """AUCTION-018."""
    page = auction_page().play("alice buy 3 market")
    amend = commands.AmendOrder(page.accounts["alice"], live(page)[0], 100_000_000, LOT)
    assert refusal(page, amend, page.owner("alice"))[0] == "UNKNOWN_ORDER"


def test_a_batch_goes_by_price_then_arrival_then_size() -> None:
    """AUCTION-014: whoever comes later in the batch with a better price is served first."""
    page, ident = batch_page()
    page.trader("erin", "1000")
    assert do_offer(page, "bob", ident, "100", "1") == []
    page.now += 100
    assert do_offer(page, "carol", ident, "99.9", "1") == []
    assert do_offer(page, "dave", ident, "100", "0.5") == []
    assert do_offer(page, "erin", ident, "100", "5") == []
    page.now += 399
    wait = commands.SettleAuction(ident, -1)
    assert refusal(page, wait, KEEPER) == ("AUCTION_RUNNING", 499, T)
    page.now += 1
    assert settle(page, ident) == ["1 @ 99.9 carol", "1 @ 100 bob", "1 @ 100 erin"]
    dropped = [e for e in page.found if isinstance(e, events.OfferDropped)]
    assert [(e.remaining, e.reason) for e in dropped] == [
        (4 * LOT, codes.DONE_IOC), (LOT // 2, codes.DONE_OUTBID),
    ]  # fmt: skip
    assert live(page) == []


def test_a_batch_that_was_begun_is_not_overtaken() -> None:
    """AUCTION-014: who offers after batches were switched off joins the one that waits."""
    page, ident = batch_page()
    assert do_offer(page, "bob", ident, "99.9", "2") == []
    set_params(page, auction_batch_ms=0)
    page.now += 100
    assert do_offer(page, "carol", ident, "100", "3") == []
    page.now += 400
    assert settle(page, ident) == ["2 @ 99.9 bob", "1 @ 100 carol"]


def test_offers_in_waiting_are_bounded() -> None:
    """AUCTION-014: one an account, 64 an auction."""
    page, ident = batch_page()
    do_offer(page, "bob", ident, "100", "0.1")
    again = offer(page, "bob", ident, "100", "0.1")
    assert refusal(page, again, page.owner("bob")) == ("AUCTION_OFFERS_FULL", 1, 1)
    for number in range(63):
        page.trader(f"m{number}", "100")
        do_offer(page, f"m{number}", ident, "100", "0.1")
    full = offer(page, "carol", ident, "100", "0.1")
    assert refusal(page, full, page.owner("carol")) == ("AUCTION_OFFERS_FULL", 64, 64)


def test_waiting_offers_survive_a_snapshot_and_are_settled_at_the_end() -> None:
    """AUCTION-014, AUCTION-019: what came in time is served before the vAMM."""
    page, ident = batch_page()
    page.now += T - 1
    do_offer(page, "bob", ident, "100", "1")
    twin = load(page.state.dump())
    assert twin.dump() == page.state.dump()
    page.now += 2
    fills = settle(page, ident)
    assert fills[0] == "1 @ 100 bob" and fills[1].endswith("vamm")
    other = Engine(twin)
    assert other.apply(commands.SettleAuction(ident, -1), page.seq, page.now, KEEPER)
    assert twin.dump() == page.state.dump()


def test_an_offer_that_cannot_pay_any_more_leaves_the_others() -> None:
    """AUCTION-014: dropped alone, without a trace."""
    page, ident = batch_page()
    page.trader("poor", "10.1")
    do_offer(page, "poor", ident, "99.9", "1")
    do_offer(page, "bob", ident, "100", "1")
    page.play("poor withdraw 5")
    page.now += 500
    assert settle(page, ident) == ["1 @ 100 bob"]
    (dropped,) = [e for e in page.found if isinstance(e, events.OfferDropped)]
    assert dropped.reason == codes.DONE_MAKER_MARGIN


def test_a_late_offer_finds_the_batch_before_it_served() -> None:
    """AUCTION-014: a batch that is due is worked off before the next one begins."""
    page, ident = batch_page()
    do_offer(page, "bob", ident, "100", "1")
    page.now += 600
    assert do_offer(page, "carol", ident, "99.9", "1") == ["1 @ 100 bob"]
    (auction,) = page.state.board.live[0]
    assert [(o.account.label, o.due_ms) for o in auction.offers] == [("carol", page.now + 500)]
    page.do(commands.CancelOrder(page.accounts["alice"], ident, ""), page.owner("alice"))
    (dropped,) = [e for e in page.found if isinstance(e, events.OfferDropped)]
    assert dropped.reason == codes.DONE_CANCELLED
    assert page.state.board.offers_due.size() == 0
