"""Chapters of the Sujiko tour about prices: repegs, funding, restricted mode."""

from __future__ import annotations

from plimsoll.messages.codes import (
    BUY,
    FROM_BOOK,
    FROM_VAMM,
    IOC,
    R_FUNDING,
    R_FUNDING_POOL,
    R_REPEG_COST,
    R_REPEG_REVENUE,
    REPEG_EVENT,
    SELL,
)
from plimsoll.messages.commands import CancelAll, FundPool, SettleFunding, UpdateFunding
from plimsoll.messages.events import Event, Filled, OrderRested, Transferred
from plimsoll.messages.mechanisms import (
    FundingUpdated,
    MarketReleased,
    MarketRestricted,
    Repegged,
    RepegUnaffordable,
)
from plimsoll.sim.scenarios.language import Chapter, does, holds, may_not, never, priced, saw, waits
from plimsoll.sim.scenarios.orders import market_order, order, pool_kind
from plimsoll.sim.scenarios.scene import BASE, HOUR, MINUTE, SECOND, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import (
    BTC,
    EARNING,
    ETH,
    FREE,
    IMBALANCE,
    OFF_ORACLE,
    PAID,
    SOL,
    beside,
    closing,
    divergence,
    dollars,
    filled,
    percent,
    pools,
    reaching,
)


def _moved(scene: Scene, events: list[Event]) -> str:
    rows = [event for event in events if isinstance(event, Repegged)]
    if not rows:
        return "the peg stayed"
    cost = sum(row.cost for row in rows)
    words = f"cost {dollars(cost)}" if cost >= 0 else f"earned {dollars(-cost)}"
    return (
        f"{len(rows)} repeg(s), mark {dollars(rows[0].mark)} to "
        f"{dollars(scene.vamm(rows[0].market)['reservation_price'])}, {words}; "
        f"adjustments pool {dollars(scene.pool(rows[0].market, 'adjustments'))}"
    )


def _apart(scene: Scene, events: list[Event]) -> str:
    return f"mark and oracle are {percent(divergence(scene, ETH))} apart"


def _unaffordable(scene: Scene, events: list[Event]) -> str:
    found = next(event for event in events if isinstance(event, RepegUnaffordable))
    return f"it would cost {dollars(found.cost)}, the pool has {dollars(found.budget)}"


def repegs() -> Chapter:
    """Free, earning, unaffordable, paid."""
    return Chapter(
        "Repegs: free, earning, and the event",
        "Watch mark and oracle, the adjustments pool, and the timer of the event.",
        (
            waits("nobody holds anything: the mark follows the oracle for nothing", 10 * SECOND,
                  saw(Repegged, market=ETH, outcome=FREE, cost=0),
                  never(Repegged, market=ETH, outcome=PAID),
                  holds("mark is oracle", lambda s: divergence(s, ETH) < 10_000),
                  every=SECOND, to={ETH: 3_060 * USD}, note=_moved),
            waits("and comes to rest", 12 * SECOND,
                  holds("mark is oracle", lambda s: divergence(s, ETH) < 100), every=SECOND),
            does("bob buys 40 ETH: traders are net long", "bob",
                 lambda s: reaching(s, "bob", ETH, BUY, 40 * BASE, 30_000),
                 saw(Filled, source=FROM_VAMM), note=filled),
            waits("the oracle falls by 1 %: following it earns", 20 * SECOND,
                  saw(Repegged, market=ETH, outcome=EARNING, cost=lambda c: c < 0),
                  saw(Transferred, market=ETH, reason=R_REPEG_REVENUE),
                  holds("the pool has grown", lambda s: s.pool(ETH, "adjustments")
                        > s.figures["pool"]),
                  every=SECOND, to={ETH: 3_030 * USD}, note=_moved,
                  keep=lambda s: {"pool": s.pool(ETH, "adjustments")}),
            waits("it rises by 6.5 %: following would cost, so the mark stays", 20 * SECOND,
                  never(Repegged, market=ETH),
                  holds("6 % apart", lambda s: 60_000 <= divergence(s, ETH) < 70_000),
                  every=SECOND, to={ETH: 3_235 * USD}, note=_apart),
            waits("three hours pass: the event, and nobody to pay for it",
                  3 * HOUR, saw(RepegUnaffordable, market=ETH), never(Repegged, market=ETH),
                  seconds=8.0, note=_unaffordable),
            does("the operator puts 20,000 USD into the adjustments pool", "operator",
                 lambda s: FundPool(ETH, pool_kind("adjustments"), 20_000 * USD)),
            priced("with the next price the event's repeg is paid: mark is oracle", {},
                   saw(Repegged, 1, market=ETH, cause=REPEG_EVENT, outcome=PAID,
                       cost=lambda c: c > 0),
                   saw(Transferred, 1, market=ETH, reason=R_REPEG_COST),
                   holds("mark is oracle", lambda s: divergence(s, ETH) < 10), note=_moved),
            does("bob closes", "bob", lambda s: closing(s, "bob", ETH)),
        ),
        market=ETH,
    )  # fmt: skip


def _rates(scene: Scene, events: list[Event]) -> str:
    rows = [e for e in events if isinstance(e, FundingUpdated) and e.market == BTC]
    if not rows:
        return "no funding"
    last = rows[-1]
    return (
        f"longs pay {dollars(last.rate_long // 1_000)} USD per BTC, shorts get "
        f"{dollars(last.rate_short // 1_000)}; the pool {dollars(last.pool)}"
    )


def _to_the_hour(scene: Scene) -> int:
    return HOUR - scene.now % HOUR


def funding() -> Chapter:
    """Schedule, rate, cap, the pool's part, lazy settlement."""
    return Chapter(
        "Funding on the hour",
        "The mark stands above the oracle, so longs pay shorts; the pool is the vAMM's leg.",
        (
            does("mike offers 6 BTC in the book", "mike",
                 lambda s: order(s, "mike", BTC, SELL, 6 * BASE, price=beside(s, BTC, 300)),
                 saw(OrderRested, 1)),
            does("dan buys them: a long and a short without the vAMM", "dan",
                 lambda s: order(s, "dan", BTC, BUY, 6 * BASE, price=beside(s, BTC, 300),
                                 tif=IOC), saw(Filled, 1, source=FROM_BOOK)),
            does("alice sells 8 BTC to the vAMM: traders are net short", "alice",
                 lambda s: reaching(s, "alice", BTC, SELL, 8 * BASE, 40_000),
                 saw(Filled, source=FROM_VAMM), note=filled),
            waits("the oracle falls by 8 %: going down with it would cost, the mark stays",
                  2 * MINUTE, to={BTC: 51_500 * USD},
                  note=lambda s, _: f"{percent(divergence(s, BTC))} apart"),
            may_not("funding comes on the hour, not before", "kim",
                    lambda s: UpdateFunding(BTC, s.account("kim")), "FUNDING_NOT_DUE"),
            waits("two hours of it", 2 * HOUR + 5 * MINUTE,
                  saw(FundingUpdated, market=BTC, rate=lambda r: r > 0),
                  holds("who receives gets at most 0.1 % an hour", lambda s: any(
                      e.market == BTC and e.rate_short == e.oracle < e.rate_long
                      for e in s.happened(FundingUpdated))),
                  saw(Transferred, market=BTC, reason=R_FUNDING_POOL),
                  seconds=6.0, note=_rates),
            does("dan settles what he owes", "dan", lambda s: SettleFunding(s.account("dan")),
                 saw(Transferred, debit=lambda d: d > 0, reason=R_FUNDING),
                 holds("dan has paid", lambda s: s.cash("dan") < s.figures["dan"]),
                 keep=lambda s: {"dan": s.cash("dan")},
                 note=lambda s, _: f"dan paid {dollars(s.figures['dan'] - s.cash('dan'))} USD"),
            waits("the oracle recovers", MINUTE, to={BTC: 54_500 * USD}, every=2 * SECOND),
            does("alice buys her 8 BTC back", "alice", lambda s: closing(s, "alice", BTC, 50_000),
                 saw(Filled, source=FROM_VAMM)),
            waits("the mark may follow the oracle again", 20 * SECOND, every=SECOND,
                  note=lambda s, _: pools(s, BTC)),
        ),
    )  # fmt: skip


def _measured(scene: Scene, events: list[Event]) -> str:
    found = [event for event in events if isinstance(event, MarketRestricted)]
    return "; ".join(
        f"restricted: {percent(one.value)} measured, {percent(one.limit)} allowed" for one in found
    )


def restricted() -> Chapter:
    """A divergence of 25 %, and back."""
    return Chapter(
        "Restricted mode: 25 % from the oracle",
        "What adds risk is refused, what takes it away passes; the header names the reason.",
        (
            does("carol offers 10 ETH in the book", "carol",
                 lambda s: order(s, "carol", ETH, SELL, 10 * BASE, price=beside(s, ETH, 300)),
                 saw(OrderRested, 1)),
            does("dan buys them", "dan",
                 lambda s: order(s, "dan", ETH, BUY, 10 * BASE, price=beside(s, ETH, 300),
                                 tif=IOC), saw(Filled, source=FROM_BOOK)),
            does("bob buys 40 ETH from the vAMM", "bob",
                 lambda s: reaching(s, "bob", ETH, BUY, 40 * BASE, 30_000),
                 saw(Filled, source=FROM_VAMM)),
            priced("the oracle jumps by a third: the mark is 25 % below it", {ETH: 4_320 * USD},
                   saw(MarketRestricted, market=ETH, what=OFF_ORACLE,
                       value=lambda v: 240_000 < v < 270_000, limit=200_000),
                   holds("the market says so", lambda s: s.market(ETH)["mode"] == "restricted"),
                   note=_measured),
            may_not("alice may not open a position with a limit order", "alice",
                    lambda s: order(s, "alice", ETH, BUY, BASE, price=beside(s, ETH, -10_000)),
                    "MARKET_MODE"),
            does("nor with a market order: nothing of it is filled", "alice",
                 lambda s: market_order(s, "alice", ETH, BUY, BASE), never(Filled),
                 may_refuse=True),
            does("carol may rest what reduces her short", "carol",
                 lambda s: order(s, "carol", ETH, BUY, 10 * BASE, price=beside(s, ETH, -2_000),
                                 reduce_only=True), saw(OrderRested, 1)),
            does("and dan may sell into it", "dan",
                 lambda s: order(s, "dan", ETH, SELL, 10 * BASE, price=beside(s, ETH, -2_000),
                                 tif=IOC, reduce_only=True),
                 saw(Filled, source=FROM_BOOK, size=10 * BASE), note=filled),
            priced("the oracle comes back: the market is released", {ETH: 3_260 * USD},
                   saw(MarketReleased, 1, market=ETH),
                   holds("active again", lambda s: s.market(ETH)["mode"] == "active")),
            does("alice's order is welcome now", "alice",
                 lambda s: order(s, "alice", ETH, BUY, BASE, price=beside(s, ETH, -60_000)),
                 saw(OrderRested, 1)),
            does("all clean up", "alice", lambda s: CancelAll(s.account("alice"), -1)),
            does("bob closes", "bob", lambda s: closing(s, "bob", ETH)),
        ),
        market=ETH,
    )  # fmt: skip


def imbalance() -> Chapter:
    """The vAMM's inventory fills its curve."""
    return Chapter(
        "Restricted mode: imbalance",
        "The vAMM may hold 80 % of what its curve can still give; the gauge runs to its end.",
        (
            *(
                does(f"bob buys SOL from the vAMM ({part} of 2)", "bob",
                     lambda s: reaching(s, "bob", SOL, BUY, 3_000 * BASE, 60_000),
                     note=filled)
                for part in range(1, 3)
            ),
            does("one more, and it is too much", "bob",
                 lambda s: reaching(s, "bob", SOL, BUY, 2_500 * BASE, 60_000),
                 saw(MarketRestricted, 1, market=SOL, what=IMBALANCE), note=_measured),
            does("the vAMM sells nothing more", "alice",
                 lambda s: reaching(s, "alice", SOL, BUY, 10 * BASE, 60_000), never(Filled),
                 may_refuse=True),
            does("but it takes back", "bob", lambda s: closing(s, "bob", SOL),
                 saw(Filled, source=FROM_VAMM), saw(MarketReleased, 1, market=SOL),
                 note=filled),
        ),
        market=SOL,
    )  # fmt: skip
