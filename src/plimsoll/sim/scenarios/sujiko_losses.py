"""Chapters of the Sujiko tour about losses: liquidation, insurance, deleveraging, and the sum."""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import (
    BUY,
    DONE_BANKRUPT,
    FROM_ADL,
    FROM_AUCTION,
    FROM_BOOK,
    FROM_VAMM,
    IOC,
    OF_LIQUIDATION,
    POST_REJECT,
    R_BAD_DEBT,
    R_HAIRCUT,
    R_KEEPER_LIQUIDATION,
    R_PENALTY,
    SELL,
)
from plimsoll.messages.commands import FundPool, Liquidate
from plimsoll.messages.events import Event, Filled, OrderRested, Transferred, VammMoved
from plimsoll.messages.mechanisms import (
    AuctionEnded,
    AuctionStarted,
    BadDebt,
    Deleveraged,
    Liquidating,
    LiquidationEnded,
)
from plimsoll.sim.scenarios.language import (
    Chapter,
    Step,
    counted,
    does,
    holds,
    in_order,
    may_not,
    never,
    priced,
    saw,
    waits,
)
from plimsoll.sim.scenarios.orders import answer, order, pool_kind
from plimsoll.sim.scenarios.scene import BASE, SECOND, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import (
    AVAX,
    SOL,
    base,
    beside,
    dollars,
    filled,
    pools,
    reaching,
)

_COUNTED: Final = (
    "Filled",
    "AuctionStarted",
    "AuctionEnded",
    "Repegged",
    "FundingUpdated",
    "MarketRestricted",
    "Liquidating",
    "Deleveraged",
    "BadDebt",
)


def _judged(scene: Scene, events: list[Event]) -> str:
    one = next(event for event in events if isinstance(event, Liquidating))
    return (
        f"equity {dollars(one.equity)} is below {dollars(one.maintenance)}: {base(one.size)} are "
        f"closed at {dollars(one.limit)} or better (bankruptcy {dollars(one.bankruptcy)})"
    )


def _borne(scene: Scene, events: list[Event]) -> str:
    found = [event for event in events if isinstance(event, BadDebt)]
    return "; ".join(
        f"lost {dollars(one.loss)}: insurance pays {dollars(one.insurance)}, winners "
        f"{dollars(one.haircut)}"
        for one in found
    )


def _deleveraged(scene: Scene, events: list[Event]) -> str:
    rows = [
        f"{base(one.size)} at {dollars(one.price)}"
        for one in events
        if isinstance(one, Deleveraged)
    ]
    return "deleveraged: " + ", ".join(rows)


def _buys(who: str, size: int) -> Step:
    return does(
        f"{who} buys {size} SOL of it, with all there is", who,
        lambda s: order(s, who, SOL, BUY, size * BASE, price=beside(s, SOL, 300), tif=IOC),
        saw(Filled, source=FROM_BOOK),
    )  # fmt: skip


def _auctioned() -> tuple[Step, ...]:
    """A liquidation while there is equity left."""
    return (
        does("the operator insures the market with 3,000 USD", "operator",
             lambda s: FundPool(SOL, pool_kind("insurance"), 3_000 * USD)),
        does("dan offers 2,750 SOL in the book", "dan",
             lambda s: order(s, "dan", SOL, SELL, 2_750 * BASE, price=beside(s, SOL, 300)),
             saw(OrderRested, 1)),
        _buys("lena", 1_000), _buys("otto", 900), _buys("paul", 850),
        may_not("nobody may be liquidated yet", "kim",
                lambda s: Liquidate(s.account("lena"), s.account("kim")),
                "SUFFICIENT_COLLATERAL"),
        waits("the oracle falls by 9 %", 20 * SECOND, every=SECOND, tick=False,
              to={SOL: 136_500_000}),
        does("kim liquidates lena: her closing order goes to an auction", "kim",
             lambda s: Liquidate(s.account("lena"), s.account("kim")),
             in_order(Liquidating, AuctionStarted),
             saw(AuctionStarted, 1, cause=OF_LIQUIDATION, reduce_only=True), note=_judged),
        does("mary takes a third of it: the penalty goes to insurance, a part to kim's pot",
             "mary",
             lambda s: answer(s, "mary", s.auctions(SOL)[0]["auction"], 100 * BASE),
             saw(Filled, 1, source=FROM_AUCTION, taker_fee=0),
             saw(Transferred, 1, reason=R_PENALTY), note=filled),
        waits("the auction ends; the vAMM takes the rest", 7 * SECOND,
              saw(AuctionEnded, 1), saw(LiquidationEnded, 1),
              saw(Transferred, reason=R_PENALTY),
              holds("lena keeps a part", lambda s: s.base("lena", SOL) > 0),
              every=500, note=lambda s, _: pools(s, SOL)),
    )  # fmt: skip


def _insolvent() -> tuple[Step, ...]:
    """Liquidations of who owes more than he has."""
    return (
        waits("another 8 %: otto owes more than he has", 20 * SECOND, every=SECOND,
              tick=False, to={SOL: 125_250_000}),
        does("mike bids what the oracle says", "mike",
             lambda s: order(s, "mike", SOL, BUY, 900 * BASE, price=beside(s, SOL, 0),
                             post=POST_REJECT), saw(OrderRested, 1)),
        does("kim liquidates otto: closed at once, insurance pays what is missing", "kim",
             lambda s: Liquidate(s.account("otto"), s.account("kim")),
             saw(Filled, source=FROM_BOOK, size=900 * BASE), never(AuctionStarted),
             saw(BadDebt, 1, insurance=lambda a: a > 0, haircut=0, unpaid=0),
             saw(Transferred, reason=R_BAD_DEBT),
             saw(LiquidationEnded, 1, reason=DONE_BANKRUPT), note=_borne),
        waits("another 4 %", 20 * SECOND, every=SECOND, tick=False, to={SOL: 120_000_000}),
        does("kim liquidates lena again: nobody bids, so dan is deleveraged against her",
             "kim", lambda s: Liquidate(s.account("lena"), s.account("kim")),
             saw(Deleveraged), saw(Filled, source=FROM_ADL),
             holds("lena is flat and owes nothing",
                   lambda s: s.base("lena", SOL) == 0 and s.cash("lena") >= 0),
             note=_deleveraged),
        may_not("paul may not sell himself out at others' cost", "paul",
                lambda s: order(s, "paul", SOL, SELL, 850 * BASE, price=beside(s, SOL, -60_000),
                                tif=IOC, reduce_only=True), "INSUFFICIENT_MARGIN", never(Filled)),
        priced("a little lower still", {SOL: 118 * USD}),
        does("mary offers 4,400 SOL", "mary",
             lambda s: order(s, "mary", SOL, SELL, 4_400 * BASE, price=beside(s, SOL, 200)),
             saw(OrderRested, 1)),
        does("dan, the winner, takes his profit and leaves", "dan",
             lambda s: order(s, "dan", SOL, BUY, -s.base("dan", SOL), price=beside(s, SOL, 300),
                             tif=IOC, reduce_only=True),
             holds("dan is flat", lambda s: s.base("dan", SOL) == 0), note=filled),
        does("alice buys 2,500", "alice",
             lambda s: order(s, "alice", SOL, BUY, 2_500 * BASE, price=beside(s, SOL, 300),
                             tif=IOC), saw(Filled, source=FROM_BOOK, size=2_500 * BASE)),
        priced("and up by 2 %: alice is the only winner left", {SOL: 120_400_000}),
        does("kim liquidates paul: no short has a profit to give, insurance is too small", "kim",
             lambda s: Liquidate(s.account("paul"), s.account("kim")),
             saw(Deleveraged, price=120_400_000),
             saw(BadDebt, 1, insurance=lambda a: a > 0, haircut=lambda a: a > 0, unpaid=0),
             saw(Transferred, debit=lambda d: d > 0, reason=R_HAIRCUT),
             holds("paul owes nothing", lambda s: s.cash("paul") == 0),
             holds("insurance is empty", lambda s: s.pool(SOL, "insurance") == 0), note=_borne),
        does("kim was paid out of the penalties", "kim", lambda s: [],
             holds("kim was paid", lambda s: any(
                 e.reason == R_KEEPER_LIQUIDATION for e in s.happened(Transferred)))),
    )  # fmt: skip


def cascade() -> Chapter:
    """Auction, penalty, insurance, deleveraging, haircut."""
    return Chapter(
        "A cascade of liquidations",
        "First the auction, then insurance, then the winners: never another market's pool.",
        (*_auctioned(), *_insolvent()),
        market=SOL,
    )


def thin_vamm() -> Chapter:
    """A vAMM with little capital is deleveraged itself."""
    return Chapter(
        "The vAMM's own deleveraging",
        "A vAMM is an account too: when its capital runs out, its winners are closed.",
        (
            does("bob buys 8,000 AVAX from a vAMM with 30,000 USD", "bob",
                 lambda s: reaching(s, "bob", AVAX, BUY, 8_000 * BASE, 50_000),
                 saw(Filled, source=FROM_VAMM, size=8_000 * BASE), note=filled),
            priced("the oracle rises by 10 %: in the same command the vAMM is deleveraged",
                   {AVAX: 33 * USD},
                   in_order(Liquidating, Deleveraged, LiquidationEnded),
                   saw(VammMoved, market=AVAX),
                   holds("bob holds less", lambda s: 0 < s.base("bob", AVAX) < 8_000 * BASE),
                   holds("the vAMM is still solvent", lambda s: s.vamm(AVAX)["equity"] > 0),
                   note=_deleveraged),
        ),
        market=AVAX,
    )  # fmt: skip


def _of_market(market: int, name: str) -> Step:
    return does(f"the pools of {name}", "kim", lambda s: [], note=lambda s, _: pools(s, market))


def ending() -> Chapter:
    """Everything adds up."""
    return Chapter(
        "What is left",
        "All invariants are swept; every balance is the sum of its ledger lines.",
        (
            does("the invariants hold, and the ledger gives every balance", "kim", lambda s: [],
                 holds("invariants", lambda s: s.sweep()),
                 holds("ledger", lambda s: s.is_conserved()), note=counted(*_COUNTED)),
            *(_of_market(at, name) for at, name in enumerate(("BTC", "ETH", "SOL", "AVAX"))),
            does("what kim, the keeper, earned", "kim", lambda s: [],
                 holds("more than nothing", lambda s: s.cash("kim") > 0),
                 note=lambda s, _: f"{dollars(s.cash('kim'))} USD"),
        ),
    )  # fmt: skip
