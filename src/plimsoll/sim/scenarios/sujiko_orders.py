"""Chapters of the Sujiko tour about orders: auctions, the book, keepers, the skew of the spread."""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import (
    ABOVE,
    BELOW,
    BUY,
    DONE_CANCELLED,
    DONE_FILLED,
    FOK,
    FROM_AUCTION,
    FROM_BOOK,
    FROM_VAMM,
    OF_LIQUIDATION,
    OF_ORDER,
    POST_REJECT,
    POST_SLIDE,
    R_KEEPER_EXTRA,
    R_KEEPER_FLAT,
    SELL,
)
from plimsoll.messages.commands import (
    CancelAll,
    CancelOrder,
    Command,
    FireTrigger,
    Liquidate,
    MatchLimit,
    SettleAuction,
)
from plimsoll.messages.events import Event, Filled, OrderRested, Transferred
from plimsoll.messages.mechanisms import (
    AuctionEnded,
    AuctionOffered,
    AuctionStarted,
    Liquidating,
    TriggerFired,
    TriggerPlaced,
)
from plimsoll.sim.scenarios.language import (
    Chapter,
    Step,
    does,
    holds,
    in_order,
    may_not,
    never,
    priced,
    saw,
    waits,
)
from plimsoll.sim.scenarios.orders import answer, fills, market_order, order, trigger
from plimsoll.sim.scenarios.scene import BASE, SECOND, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import (
    BTC,
    CROWD,
    LATE,
    WEAK,
    base,
    beside,
    closing,
    dollars,
    filled,
    reaching,
    spreads,
)

OPEN_ORDERS: Final = 64
TENTH: Final = BASE // 10
HUNDREDTH: Final = BASE // 100


def _band(scene: Scene, events: list[Event]) -> str:
    started = next(event for event in events if isinstance(event, AuctionStarted))
    return (
        f"{filled(scene, events)}; the rest, {base(started.size)}, is auctioned from "
        f"{dollars(started.start)} (oracle) to {dollars(started.end)} (vAMM)"
    )


def _better(scene: Scene, events: list[Event]) -> str:
    one = fills(events)[0]
    end = scene.figures["end"]
    return f"{filled(scene, events)}, {dollars(end - one.price)} better than the vAMM's quote"


def normal_flow() -> Chapter:
    """Book, auction, vAMM, in that order."""
    return Chapter(
        "Market order: book, Dutch auction, vAMM",
        "The auction's price walks from the oracle to the vAMM's quote in five seconds.",
        (
            does(
                "mike rests an offer inside the vAMM's spread", "mike",
                lambda s: order(s, "mike", BTC, SELL, 3 * TENTH, price=beside(s, BTC, 200),
                                post=POST_REJECT),
                saw(OrderRested, 1),
            ),
            does(
                "alice buys 1 BTC at the market", "alice",
                lambda s: market_order(s, "alice", BTC, BUY, BASE),
                in_order(Filled, AuctionStarted),
                saw(Filled, 1, source=FROM_BOOK, size=3 * TENTH, price=lambda p: p < 60_030 * USD),
                saw(AuctionStarted, 1, size=7 * TENTH, cause=OF_ORDER, start=60_000 * USD,
                    end=lambda end: end > 60_000 * USD),
                label="alice", note=_band,
            ),
            waits("two seconds of the auction pass", 2 * SECOND, never(AuctionEnded),
                  every=250, tick=False, seconds=2.0),
            does(
                "mary takes 0.4 of it at what it asks now", "mary",
                lambda s: answer(s, "mary", s.order("alice"), 4 * TENTH),
                in_order(AuctionOffered, Filled),
                saw(Filled, 1, source=FROM_AUCTION, size=4 * TENTH),
                holds("the maker's price is better than the vAMM's",
                      lambda s: s.happened(Filled)[-1].price < s.figures["end"]),
                keep=lambda s: {"end": s.happened(AuctionStarted)[-1].end}, note=_better,
            ),
            waits("the rest of its five seconds", 3_250, never(AuctionEnded),
                  every=250, tick=False, seconds=3.0),
            does(
                "kim, a keeper, ends it: the vAMM fills what is left", "kim",
                lambda s: SettleAuction(s.order("alice"), s.account("kim")),
                saw(Filled, 1, source=FROM_VAMM, size=3 * TENTH),
                saw(AuctionEnded, 1, filled=BASE, remaining=0, reason=DONE_FILLED),
                saw(Transferred, 1, reason=R_KEEPER_FLAT),
                holds("kim has earned a part of the fee and the flat fee",
                      lambda s: s.cash("kim") > 10_000),
                note=filled,
            ),
        ),
    )  # fmt: skip


def _small_bids(scene: Scene) -> list[Command]:
    price = beside(scene, BTC, -50_000)
    tick = int(scene.params(BTC).tick)
    return [
        order(scene, "dan", BTC, BUY, HUNDREDTH, price=price - at * tick)
        for at in range(OPEN_ORDERS)
    ]


def limit_orders() -> Chapter:
    """Resting orders, keepers, fill or kill, post-only, the limit of open orders."""
    return Chapter(
        "Limit orders and keepers",
        "A resting order that the vAMM's price reaches is settled by a keeper, without a rebate.",
        (
            does("carol rests a bid below the vAMM and offers a keeper 1 USD more", "carol",
                 lambda s: order(s, "carol", BTC, BUY, TENTH, price=beside(s, BTC, -1_500),
                                 keeper_fee=USD),
                 saw(OrderRested, 1), label="carol"),
            may_not("11 USD is more than the market allows", "carol",
                    lambda s: order(s, "carol", BTC, BUY, TENTH, price=beside(s, BTC, -1_500),
                                    keeper_fee=11 * USD), "KEEPER_FEE_TOO_LARGE"),
            may_not("before the vAMM is there, kim may not settle it", "kim",
                    lambda s: MatchLimit(s.order("carol"), s.account("kim")), "LIMIT_NOT_REACHED"),
            priced("the oracle falls by 0.4 %, and the vAMM's price follows it",
                   {BTC: 59_760 * USD}),
            waits("the vAMM comes down to the bid", 8 * SECOND, every=SECOND, tick=False),
            does("kim settles the bid against the vAMM", "kim",
                 lambda s: MatchLimit(s.order("carol"), s.account("kim")),
                 saw(Filled, 1, source=FROM_VAMM, size=TENTH, maker_rebate=0),
                 saw(Transferred, 1, reason=R_KEEPER_EXTRA, amount=USD), note=filled),
            does("mike offers half a bitcoin, post-only", "mike",
                 lambda s: order(s, "mike", BTC, SELL, 5 * TENTH, price=beside(s, BTC, 200),
                                 post=POST_REJECT), saw(OrderRested, 1), label="offer"),
            may_not("bob's post-only bid at that price would take", "bob",
                    lambda s: order(s, "bob", BTC, BUY, TENTH, price=beside(s, BTC, 200),
                                    post=POST_REJECT), "POST_ONLY_CROSSES"),
            does("with slide it rests one tick below", "bob",
                 lambda s: order(s, "bob", BTC, BUY, TENTH, price=beside(s, BTC, 200),
                                 post=POST_SLIDE), saw(OrderRested, 1), never(Filled)),
            does("bob takes the offer back off the book with fill or kill", "bob",
                 lambda s: order(s, "bob", BTC, BUY, 5 * TENTH, price=beside(s, BTC, 200),
                                 tif=FOK),
                 saw(Filled, 1, source=FROM_BOOK, size=5 * TENTH), note=filled),
            may_not("a thousand are not there: all of it or nothing", "bob",
                    lambda s: order(s, "bob", BTC, BUY, 1_000 * BASE, price=beside(s, BTC, 400),
                                    tif=FOK), "FOK_NOT_FILLABLE", never(Filled)),
            does("dan leaves 64 bids", "dan", _small_bids, saw(OrderRested, OPEN_ORDERS),
                 seconds=0.02),
            may_not("the 65th open order is refused", "dan",
                    lambda s: order(s, "dan", BTC, BUY, HUNDREDTH,
                                    price=beside(s, BTC, -60_000)), "OPEN_ORDERS_LIMIT"),
            does("dan and bob cancel everything", "dan",
                 lambda s: CancelAll(s.account("dan"), -1)),
            does("bob too", "bob", lambda s: CancelAll(s.account("bob"), -1)),
        ),
    )  # fmt: skip


def one_sided_flow() -> Chapter:
    """Buyers only: the spread skews against them."""
    return Chapter(
        "One-sided flow skews the spread",
        "Look at the vAMM's spreads: the side that adds to the imbalance becomes dear.",
        (
            does("before: the spreads", "alice", lambda s: [],
                 note=lambda s, _: spreads(s, BTC),
                 keep=lambda s: {"long": s.vamm(BTC)["long_spread"],
                                 "short": s.vamm(BTC)["short_spread"]}),
            *(
                does(f"bob buys 3 more BTC from the vAMM ({part} of 6)", "bob",
                     lambda s: reaching(s, "bob", BTC, BUY, 3 * BASE, 50_000),
                     saw(Filled, source=FROM_VAMM),
                     note=lambda s, _: spreads(s, BTC))
                for part in range(1, 7)
            ),
            does("after: buyers pay more than twice as much, sellers no more than before",
                 "alice", lambda s: [],
                 holds("the long spread has doubled",
                       lambda s: s.vamm(BTC)["long_spread"] > 2 * s.figures["long"]),
                 holds("the short spread has not grown as much",
                       lambda s: s.vamm(BTC)["short_spread"] < s.vamm(BTC)["long_spread"])),
            does("bob sells everything back: the skew is gone, what is left is volatility", "bob",
                 lambda s: closing(s, "bob", BTC),
                 saw(Filled, source=FROM_VAMM),
                 holds("bob is flat", lambda s: s.base("bob", BTC) == 0),
                 holds("the long spread has fallen",
                       lambda s: s.vamm(BTC)["long_spread"] < s.figures["peak"]),
                 holds("both sides are alike", lambda s: abs(
                     s.vamm(BTC)["long_spread"] - s.vamm(BTC)["short_spread"]) < 500),
                 keep=lambda s: {"peak": s.vamm(BTC)["long_spread"]},
                 note=lambda s, _: spreads(s, BTC)),
        ),
    )  # fmt: skip


def _four(who: str) -> Step:
    return does(
        f"{who} sends four market orders", who,
        lambda s: [market_order(s, who, BTC, BUY, HUNDREDTH) for _ in range(4)],
        saw(AuctionStarted, 4, cause=OF_ORDER), after=10, label=who, seconds=0.05,
    )  # fmt: skip


def _leveraged(who: str) -> Step:
    return does(
        f"{who} buys with 18 times leverage", who,
        lambda s: reaching(s, who, BTC, BUY, 3 * TENTH, 20_000),
        saw(Filled, source=FROM_VAMM), after=50,
    )  # fmt: skip


def _liquidated(who: str) -> Step:
    return does(
        f"kim liquidates {who}: that has a place", "kim",
        lambda s: Liquidate(s.account(who), s.account("kim")),
        in_order(Liquidating, AuctionStarted),
        saw(AuctionStarted, 1, cause=OF_LIQUIDATION), after=10, note=_counted,
    )  # fmt: skip


def _counted(scene: Scene, events: list[Event]) -> str:
    live = scene.auctions(BTC)
    forced = sum(1 for row in live if row["cause"] == "liquidation")
    return f"{len(live)} auctions run, {forced} of them liquidations"


def auctions_at_once() -> Chapter:
    """28 of orders and 4 of liquidations: 32 at once."""
    return Chapter(
        "Thirty-two auctions at once",
        "28 places are for orders, 4 are kept for liquidations; the list counts them down.",
        (
            *(_leveraged(who) for who in WEAK),
            priced("the oracle falls by 3.5 %", {BTC: 57_660 * USD}),
            *(_four(who) for who in CROWD),
            may_not("the 29th ordinary one finds no room", LATE,
                    lambda s: market_order(s, LATE, BTC, BUY, HUNDREDTH), "AUCTIONS_FULL",
                    holds("28 auctions run", lambda s: len(s.auctions(BTC)) == 28), after=10),
            *(_liquidated(who) for who in WEAK),
            does("32 auctions run", "kim", lambda s: [],
                 holds("32 auctions run", lambda s: len(s.auctions(BTC)) == 32)),
            does("crowd-1 cancels one midway", "crowd-1",
                 lambda s: CancelOrder(s.account("crowd-1"), s.order("crowd-1"), ""),
                 saw(AuctionEnded, 1, filled=0, reason=DONE_CANCELLED)),
            does("mike offers for a half of crowd-2's first", "mike",
                 lambda s: answer(s, "mike", s.order("crowd-2"), HUNDREDTH // 2),
                 saw(Filled, 1, source=FROM_AUCTION), after=300, note=filled),
            does("mary takes the other half", "mary",
                 lambda s: answer(s, "mary", s.order("crowd-2")),
                 saw(Filled, 1, source=FROM_AUCTION),
                 saw(AuctionEnded, 1, remaining=0, reason=DONE_FILLED), note=filled),
            may_not("the price must be at least as good as the auction's", "mike",
                    lambda s: answer(s, "mike", s.order("crowd-3"), better=-500),
                    "AUCTION_PRICE_NOT_MET"),
            waits("all of them end; what is left goes to the vAMM", 7 * SECOND,
                  saw(AuctionEnded),
                  holds("none is left", lambda s: not s.auctions(BTC)),
                  every=500, seconds=5.0),
        ),
    )  # fmt: skip


def triggers() -> Chapter:
    """Stop loss and take profit."""
    return Chapter(
        "Stop loss and take profit",
        "Triggers wait for the oracle; then they are market orders and go to an auction.",
        (
            does("carol's position is to be protected: she buys 1 BTC", "carol",
                 lambda s: reaching(s, "carol", BTC, BUY, BASE, 20_000), saw(Filled)),
            does("a stop loss 2 % below the oracle", "carol",
                 lambda s: trigger(s, "carol", BTC, SELL, 6 * TENTH, beside(s, BTC, -20_000),
                                   BELOW), saw(TriggerPlaced, 1), label="stop"),
            does("and a take profit 2 % above", "carol",
                 lambda s: trigger(s, "carol", BTC, SELL, 4 * TENTH, beside(s, BTC, 20_000),
                                   ABOVE), saw(TriggerPlaced, 1), label="profit"),
            may_not("nobody may fire one before its price", "kim",
                    lambda s: FireTrigger(s.order("stop"), s.account("kim")),
                    "TRIGGER_NOT_REACHED"),
            priced("the oracle rises by 2.2 %", {BTC: 58_940 * USD}),
            does("kim fires the take profit", "kim",
                 lambda s: FireTrigger(s.order("profit"), s.account("kim")),
                 in_order(TriggerFired, AuctionStarted)),
            does("mary buys it in the auction", "mary",
                 lambda s: answer(s, "mary", s.order("profit")),
                 saw(Filled, 1, source=FROM_AUCTION, size=4 * TENTH), note=filled),
            waits("the oracle falls by 5 %", 20 * SECOND, every=SECOND, tick=False,
                  to={BTC: 56_000 * USD}),
            does("kim fires the stop loss", "kim",
                 lambda s: FireTrigger(s.order("stop"), s.account("kim")),
                 in_order(TriggerFired, AuctionStarted)),
            waits("its auction ends at the vAMM", 6 * SECOND,
                  saw(AuctionEnded, 1, remaining=0), every=500, note=filled),
        ),
    )  # fmt: skip
