"""Two signed orders settled against each other: at whose price, by whose rules, for whose fee."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import margin
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import OPERATOR, market, scaled
from tests.harness.signed_page import HOUR, SignedPage, key_of

LOT = 10**9
Fields = dict[str, Any]


def pair(page: SignedPage, taker: Fields | None = None, maker: Fields | None = None) -> Any:
    """Alice buys 1 at 101, Bob sells 1 at 100, but for what is named."""
    buys: Fields = {"side": BUY, "size": "1", "price": "101", **(taker or {})}
    sells: Fields = {"side": SELL, "size": "1", "price": "100", **(maker or {})}
    return page.sign("alice", **buys), page.sign("bob", **sells)


def test_the_makers_price_and_the_fees_of_the_book() -> None:
    """GATE-010: the taker gets the better price, pays the fee of a taker, the maker its rebate."""
    page = SignedPage(taker_fee=500, maker_rebate=100)
    taker, maker = pair(page, {"size": "2"}, {"size": "3"})
    told = page.match(taker, maker)
    (fill,) = [event for event in page.found if isinstance(event, events.Filled)]
    assert (fill.source, fill.price, fill.size, fill.quote, fill.side) == (
        codes.FROM_SIGNED, 100 * 10**6, 2 * LOT, 200 * 10**6, BUY,
    )  # fmt: skip
    assert (fill.taker_fee, fill.maker_rebate) == (100_000, 20_000)
    assert [event.filled for event in told] == [2 * LOT, 2 * LOT]
    assert [event.order for event in told] == [fill.taker_order, fill.maker_order]
    assert page.cash("alice", "bob") == [scaled("799.9", 6), scaled("1200.02", 6)]
    assert [page.position(name).base for name in ("alice", "bob")] == [2 * LOT, -2 * LOT]
    assert page.filled(maker) == 2 * LOT


def test_what_is_reported_of_it() -> None:
    """GATE-010: two orders accepted, one fill, both done, and what was settled of each."""
    page = SignedPage()
    taker, maker = pair(page, {"relay_fee": "1"}, {"relay_fee": "2"})
    page.match(taker, maker)
    assert [type(event).__name__ for event in page.found] == [
        "OrderAccepted", "OrderAccepted", "Filled", "OrderRemoved", "OrderRemoved",
        "Transferred", "SignedSettled", "Transferred", "SignedSettled",
    ]  # fmt: skip
    assert page.moved() == [("relay_fee", 10**6), ("relay_fee", 2 * 10**6)]
    assert page.cash("rita") == [3 * 10**6]


def test_the_seller_may_take() -> None:
    """GATE-010: who takes is the relayer's choice; the price is the maker's either way."""
    page = SignedPage()
    sells = page.sign("bob", SELL, "1", "99")
    buys = page.sign("alice", BUY, "1", "100")
    page.match(sells, buys)
    assert page.cash("alice", "bob") == [900 * 10**6, 1_100 * 10**6]


def test_the_first_fault_is_told() -> None:
    """GATE-010: relayer, taker's order, maker's order, then what the two make together."""
    page = SignedPage(market(), market("2000", symbol="ETH-USD"))
    alice, bob = page.accounts["alice"], page.accounts["bob"]
    taker: Fields = {"size": 2 * LOT, "signer": key_of(1), "market": 9, "price": 1,
                     "relay_fee": 10**9}  # fmt: skip
    maker: Fields = {**taker, "side": BUY, "account": page.accounts["alice2"]}
    fresh, other = pair(page)
    told = []

    def look(relayer: str, taking: Fields, making: Fields, size: int = LOT) -> None:
        taker.update(taking)
        maker.update(making)
        command = commands.MatchSigned(
            page.changed(fresh, **taker), page.changed(other, **maker), size,
            page.accounts.get(relayer, 999),
        )  # fmt: skip
        told.append(page.refused(command)[0])

    page.allow("alice2")
    look("nobody", {}, {})
    look("alice", {}, {})
    look("rita", {}, {})
    look("rita", {"signer": key_of(alice)}, {})
    look("rita", {"relay_fee": 0}, {})
    look("rita", {}, {"signer": key_of(page.accounts["alice2"])})
    look("rita", {}, {"relay_fee": 0, "market": 8})
    look("rita", {}, {"market": 9})
    look("rita", {"market": 0}, {"market": 0})
    look("rita", {}, {"side": SELL})
    look("rita", {}, {"account": bob, "signer": key_of(bob), "price": 2})
    look("rita", {"price": 5}, {}, LOT + 1)
    look("rita", {"price": 1_000_000}, {"price": 100_001}, LOT + 1)
    look("rita", {}, {})
    look("rita", {"price": 5_000_000}, {"price": 2_000_050})
    taker["price"] = maker["price"] = 200 * 10**6
    page.oracle("2000", 1)
    look("rita", {}, {})
    page.oracle("100")
    look("rita", {"reduce_only": True}, {})
    look("rita", {"reduce_only": False}, {"reduce_only": True})
    look("rita", {}, {"reduce_only": False})
    page.play("bob sell 1 @ 100\ncarol buy 1 @ 100")
    look("rita", {"size": 2 * LOT}, {"side": BUY, "size": 2 * LOT}, 2 * LOT)
    look("rita", {"side": SELL}, {"reduce_only": True}, 2 * LOT)
    look("rita", {"price": 100 * 10**6}, {"price": 100 * 10**6}, 2 * LOT)
    assert told == [
        "UNKNOWN_ACCOUNT", "NOT_OWNER", "UNKNOWN_SIGNER", "RELAY_FEE_TOO_LARGE", "UNKNOWN_SIGNER",
        "RELAY_FEE_TOO_LARGE", "SIGNED_MARKETS", "UNKNOWN_MARKET", "SIGNED_SIDES", "SIGNED_SELF",
        "SIGNED_PRICE", "PRICE_NOT_ON_TICK", "SIZE_NOT_ON_STEP", "NOTIONAL_TOO_SMALL",
        "PRICE_NOT_ON_TICK", "ORACLE_INVALID", "REDUCE_ONLY_NOTHING", "REDUCE_ONLY_NOTHING",
        "PRICE_BAND", "SIGNED_SIDES", "PRICE_BAND", "REDUCE_ONLY_NOTHING",
    ]  # fmt: skip


def test_the_numbers_of_a_refusal() -> None:
    """GATE-010: both sides of each comparison are named."""
    page = SignedPage(market(), market("2000", symbol="ETH-USD"))
    page.oracle("100")
    page.oracle("2000", 1)
    alice2 = page.accounts["alice2"]
    page.allow("alice2")
    told = [
        page.refused(page.matching(*pair(page, taker, maker)))
        for taker, maker in (
            ({}, {"market": 1}),
            ({"side": SELL}, {}),
            ({}, {"account": alice2, "signer": key_of(alice2)}),
            ({"price": "99.9"}, {}),
            ({"side": SELL, "price": "100.1"}, {"side": BUY}),
            ({"price": "120"}, {"price": "110.1"}),
        )
    ]
    assert told == [
        ("SIGNED_MARKETS", 0, 1),
        ("SIGNED_SIDES", SELL, SELL),
        ("SIGNED_SELF", alice2, page.owner("alice")),
        ("SIGNED_PRICE", 100_000_000, 99_900_000),
        ("SIGNED_PRICE", 100_000_000, 100_100_000),
        ("PRICE_BAND", 110_100_000, 110_000_000),
    ]


def test_an_order_does_not_meet_itself() -> None:
    """GATE-010: nor another one of the same account."""
    page = SignedPage()
    one, _ = pair(page)
    assert page.refused(page.matching(one, one))[0] == "SIGNED_SIDES"
    back = page.sign("alice", SELL, "1", "100")
    assert page.refused(page.matching(one, back))[0] == "SIGNED_SELF"


def test_a_size_is_exact_for_both() -> None:
    """GATE-008, GATE-010: neither is filled beyond what is left, nor below its least part."""
    page = SignedPage()
    taker, maker = pair(page, {"size": "3"}, {"size": "2", "min_fill": "1"})
    assert page.refused(page.matching(taker, maker))[0] == "SIGNED_OVERFILL"
    assert page.refused(page.matching(taker, maker, "0.5"))[0] == "SIGNED_MIN_FILL"
    page.match(taker, maker, "2")
    assert page.refused(page.matching(taker, maker, "1"))[0] == "SIGNED_DONE"
    assert (page.filled(taker), page.filled(maker)) == (2 * LOT, 2 * LOT)


def test_the_band_binds_reductions_too() -> None:
    """GATE-010: two colluding accounts move nothing at a price far from the oracle's."""
    page = SignedPage().play("bob sell 1 @ 100\nalice buy 1 @ 100")
    for price in ("89.9", "110.1"):
        sells = page.sign("alice", SELL, "1", price, reduce_only=True)
        buys = page.sign("bob", BUY, "1", price, reduce_only=True)
        assert page.refused(page.matching(sells, buys))[0] == "PRICE_BAND"
    sells = page.sign("alice", SELL, "1", "90", reduce_only=True)
    page.match(sells, page.sign("bob", BUY, "1", "90", reduce_only=True))


def test_the_takers_own_limit_may_be_outside_the_band() -> None:
    """GATE-010: what counts is the price of the trade."""
    page = SignedPage()
    page.match(*pair(page, {"price": "200"}))


def test_modes_and_prices_bind_each_side() -> None:
    """GATE-010: in a tighter mode, or without a fresh price, both only reduce."""
    page = SignedPage().play("bob sell 2 @ 100\nalice buy 2 @ 100")

    def closing(**more: Any) -> Any:
        sells = page.sign("alice", SELL, "1", "100", **more)
        return sells, page.sign("bob", BUY, "1", "100", reduce_only=True)

    for mode in ("restricted", "reduce_only"):
        page.play(f"mode {mode}")
        assert page.refused(page.matching(*pair(page)))[0] == "MARKET_MODE"
        carol = page.sign("carol", BUY, "1", "100")
        sells, _ = closing()
        assert page.refused(page.matching(sells, carol))[0] == "MARKET_MODE"
        assert page.refused(page.matching(carol, sells))[0] == "MARKET_MODE"
    page.match(*closing())
    page.play("mode halted")
    assert page.refused(page.matching(*closing()))[0] == "MARKET_MODE"
    page.play("mode active\nclock +1h")
    assert page.refused(page.matching(*pair(page)))[0] == "ORACLE_INVALID"
    page.match(*closing(reduce_only=True))


@pytest.mark.parametrize("reduces", [False, True])
def test_halves_of_a_reduction_pass(reduces: bool) -> None:
    """GATE-010: taker and maker alike, twice half of an order for all of the position."""
    page = SignedPage().play("bob sell 1 @ 100\nalice buy 1 @ 100")
    sells = page.sign("alice", SELL, "1", "100", reduce_only=True)
    buys = page.sign("bob", BUY, "1", "100", reduce_only=reduces)
    page.match(sells, buys, "0.5")
    page.match(buys, sells, "0.5")
    assert [page.position(name).base for name in ("alice", "bob")] == [0, 0]
    more = page.sign("alice", SELL, "1", "100", reduce_only=True)
    other = page.sign("carol", BUY, "1", "100")
    assert page.refused(page.matching(more, other)) == ("REDUCE_ONLY_NOTHING", 0, LOT)


def test_reduce_only_orders_that_rest_are_trimmed() -> None:
    """GATE-010: for either side: the position they close has become smaller."""
    page = SignedPage().play("""
        bob sell 2 @ 100
        alice buy 2 @ 100
        alice sell 2 @ 105 reduce as=a
        bob buy 2 @ 95 reduce as=b
    """)
    page.match(page.sign("alice", SELL, "1.5", "100"), page.sign("bob", BUY, "1.5", "100"))
    assert [page.order(label).remaining for label in "ab"] == [LOT // 2, LOT // 2]


def test_both_are_judged_by_their_margin() -> None:
    """GATE-010: who adds risk needs the initial margin, taker or maker, after all is done."""
    for poor, rich, side in (("alice", "bob", BUY), ("bob", "alice", SELL)):
        page = SignedPage(cash="100").play(f"{rich} deposit 10000")
        mine = page.sign(poor, side, "10.001", "100")
        other = page.sign(rich, 1 - side, "10.001", "100")
        for command in (page.matching(mine, other), page.matching(other, mine)):
            assert page.refused(command) == ("INSUFFICIENT_MARGIN", 10**8, 100_010_000)
        page.match(mine, other, "10")


def test_open_interest_is_bounded() -> None:
    """GATE-010: as for any order that opens."""
    page = SignedPage(open_interest_max=LOT)
    assert page.refused(page.matching(*pair(page, {"size": "2"}, {"size": "2"}))) == (
        "OPEN_INTEREST", 2 * LOT, LOT,
    )  # fmt: skip
    page.match(*pair(page))


def test_nobody_closes_into_a_debt() -> None:
    """GATE-010: a reduction passes below the requirement, but not to below zero."""
    page = SignedPage(cash="100").play("""
        bob deposit 10000
        bob sell 9 @ 100
        alice buy 9 @ 100
        oracle 90
    """)
    # 10 left; selling all of it at 89 would leave 1, at 88 owe 8.
    for price, told in (("88", ("INSUFFICIENT_MARGIN", -8_000_000, 0)), ("89", None)):
        sells = page.sign("alice", SELL, "9", price, reduce_only=True)
        buys = page.sign("bob", BUY, "9", price)
        if told is None:
            page.match(sells, buys)
        else:
            assert page.refused(page.matching(sells, buys)) == told
            assert page.refused(page.matching(buys, sells)) == told


def test_trading_with_oneself_does_not_heal() -> None:
    """GATE-010: an account that is to be liquidated cannot rewrite its entry among its own."""
    page = SignedPage(cash="100").play("""
        bob deposit 10000
        bob sell 9 @ 100
        alice buy 9 @ 100
        oracle 91
    """)
    page.allow("alice2")
    signer = key_of(page.accounts["alice2"])
    before = margin.requirement(page.state, page.account("alice"), True)
    for price in ("90", "95.5", "100"):
        sells = page.sign("alice", SELL, "9", price)
        buys = page.sign("alice2", BUY, "9", price, signer=signer)
        assert page.refused(page.matching(sells, buys))[0] == "SIGNED_SELF"
        assert page.refused(page.matching(buys, sells))[0] == "SIGNED_SELF"
    assert margin.requirement(page.state, page.account("alice"), True) == before


def test_margin_and_releases_of_both() -> None:
    """GATE-011 to GATE-013: each side has its fund, its fee and its ratio."""
    page = SignedPage(cash="100").play("bob sell 4 @ 100\nalice buy 4 @ 100")
    sells = page.sign("alice", SELL, "2", "100", reduce_only=True, fund="alice2", relay_fee="1")
    buys = page.sign("bob", BUY, "2", "100", reduce_only=True, fund="bob2", margin="100")
    told = page.match(sells, buys)
    assert [(event.margin, event.released, event.relay_fee) for event in told] == [
        (0, 50 * 10**6, 10**6), (100 * 10**6, 100 * 10**6, 0),
    ]  # fmt: skip
    assert page.cash("alice2", "bob2", "rita") == [549 * 10**6, 500 * 10**6, 10**6]


def test_what_cannot_be_paid_undoes_the_match() -> None:
    """GATE-012: the last refusal leaves no more than the first."""
    page = SignedPage(cash="100")
    taker, maker = pair(page, {"size": "9"}, {"size": "9", "relay_fee": "10.000001"})
    page.do(commands.SetGlobalParams(type(page.state.globals.params)(relay_fee_max=10**9)), 0)
    assert page.refused(page.matching(taker, maker)) == ("NOT_WITHDRAWABLE", 10_000_001, 10**7)
    assert (page.known(taker), page.known(maker)) == (None, None)


def test_expired_and_cancelled_orders_meet_nobody() -> None:
    """GATE-007, GATE-010: whichever of the two it is."""
    page = SignedPage()
    taker, maker = pair(page)
    page.cancel(maker)
    for command in (page.matching(taker, maker), page.matching(maker, taker)):
        assert page.refused(command)[0] == "SIGNED_CANCELLED"
    taker, maker = pair(page, {"expires_ms": page.now + HOUR + 1})
    page.now += HOUR + 1
    for command in (page.matching(taker, maker), page.matching(maker, taker)):
        assert page.refused(command)[0] == "ALREADY_EXPIRED"


def test_whoever_is_liquidated_adds_no_risk() -> None:
    """GATE-010: as checked for any order; a reduction passes."""
    liquidates = {
        "liquidation": 1,
        "liquidation_auction": 1,
        "auction_min_notional": 0,
        "keeper_flat_fee": 0,
        "liquidation_buffer": 0,
    }
    page = SignedPage(cash="100", vamm_enabled=1, auction=1, **liquidates).play("""
        bob deposit 10000
        bob sell 9 @ 100
        alice buy 9 @ 100
        oracle 93
    """)
    page.do(commands.Liquidate(page.accounts["alice"], -1), 2)
    assert page.account("alice").liquidations == 1
    opens = page.sign("alice", BUY, "1", "93"), page.sign("bob", SELL, "1", "93")
    assert page.refused(page.matching(*opens))[0] == "IN_LIQUIDATION"
    closes = page.sign("alice", SELL, "1", "93", reduce_only=True, relay_fee="1")
    buys = page.sign("bob", BUY, "1", "93")
    assert page.refused(page.matching(closes, buys))[0] == "IN_LIQUIDATION"
    free = page.sign("alice", SELL, "1", "93", reduce_only=True, fund="alice2", relay_fee="1")
    told = page.match(free, buys)
    assert (told[0].released, told[0].relay_fee) == (0, 10**6)


def test_only_a_relayer_matches() -> None:
    """GATE-010: not even one of the two."""
    page = SignedPage()
    for sender in (page.owner("alice"), OPERATOR):
        assert page.refused(page.matching(*pair(page)), sender)[0] == "NOT_ALLOWED"
