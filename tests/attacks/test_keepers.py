"""Attacks by keepers: rewards to oneself, and items that should block the others."""

from __future__ import annotations

import random
from typing import Any

from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    ORACLE,
    PRICE,
    SELL,
    STEP,
    TICK,
    USD,
    Arena,
    Person,
    drawn,
    every,
    limit,
    opposite,
    pair_up,
    quote_around,
)


def with_pot(**changes: Any) -> tuple[Arena, Person]:
    """An exchange whose keepers' pot holds fees that honest people paid; and a keeper."""
    arena = Arena(**changes)
    people = [arena.person(10**5) for _ in range(2)]
    for _ in range(4):
        pair_up(arena, people[0], people[1], 100 * LOT)
    assert arena.state.accounts[codes.KEEPER_ACCOUNT].cash() > USD
    gang = arena.person(10**4)
    arena.oracle(PRICE, 1_000)
    arena.watch(gang)
    return arena, gang


def test_expired_orders_are_not_farmed() -> None:
    """To place an order that expires at once and to remove it oneself brings nothing."""

    def play(rng: random.Random) -> None:
        arena, gang = with_pot(auction=0)
        for _ in range(rng.randint(1, 20)):
            until = arena.now + 1
            arena.place(gang, BUY, LOT, 95 * USD, expires_ms=until)
            ident = arena.placed()
            arena.now += 2
            arena.send(commands.ExpireOrder(ident, gang.ident), gang.owner)
        arena.check()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def test_triggers_are_not_farmed() -> None:
    """To leave triggers a tick away and to fire them oneself brings nothing."""

    def play(rng: random.Random) -> None:
        arena, gang = with_pot(auction=0)
        for _ in range(rng.randint(1, 5)):
            price = arena.price
            up = rng.random() < 0.5
            idents = []
            for _ in range(rng.randint(1, 10)):
                at = price + (TICK if up else -TICK)
                direction = codes.ABOVE if up else codes.BELOW
                if arena.trigger(gang, BUY, LOT, at, direction, reduce_only=True):
                    idents.append(arena.of(events.TriggerPlaced)[0].order)
            arena.oracle(price + (TICK if up else -TICK), 1_000)
            for ident in idents:
                arena.send(commands.FireTrigger(ident, gang.ident), gang.owner)
        arena.check()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def test_auctions_without_a_fill_are_not_farmed() -> None:
    """To end one's own auction whose worst price nobody can meet brings nothing."""

    def play(rng: random.Random) -> None:
        arena, gang = with_pot()
        for _ in range(rng.randint(1, 6)):
            side = rng.randrange(2)
            worst = PRICE * (95 if side == BUY else 105) // 100
            arena.at_market(gang, side, rng.randint(2, 9) * LOT, worst)
            ident = arena.placed()
            arena.oracle(PRICE, 5_001)
            arena.send(commands.SettleAuction(ident, gang.ident), gang.owner)
        arena.check()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def test_paid_work_on_oneself_does_not_pay() -> None:
    """Auctions, resting limits and extra fees: what a keeper gets is less than what it paid.

    Without the flat fee, a reward is at most the fees and the spread of the command it is for.
    """

    def play(rng: random.Random) -> None:
        fee = rng.choice([0, 50, 500])
        arena = Arena(taker_fee=fee, maker_rebate=0, keeper_flat_fee=0, repeg=2, auction=1,
                      vamm_base_spread=rng.choice([50, 500, 2_000]))  # fmt: skip
        trader = arena.person(10**5)
        keeper = arena.account_of(trader.owner, 0)
        arena.watch(trader, keeper)
        for _ in range(rng.randint(1, 6)):
            side = rng.randrange(2)
            extra = rng.choice([0, USD])
            before = arena.profit()
            if rng.random() < 0.5:
                arena.at_market(trader, side, rng.randint(2, 50) * LOT, keeper_fee=extra)
                ident = arena.placed()
                arena.oracle(PRICE, 5_001)
                arena.send(commands.SettleAuction(ident, keeper.ident), trader.owner)
                assert arena.profit() <= before
            else:
                vamm = arena.state.vamms[0]
                price = (
                    (vamm.ask // TICK - 1) * TICK if side == BUY else (vamm.bid // TICK + 2) * TICK
                )
                arena.place(trader, side, rng.randint(2, 50) * LOT, price, keeper_fee=extra)
                ident = arena.placed()
                arena.take(trader, opposite(side), rng.randint(2, 80) * LOT)
                arena.send(commands.MatchLimit(ident, keeper.ident), trader.owner)
                assert arena.profit() <= before
        arena.unwind(trader)
        arena.check()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def test_a_bad_item_stops_no_other() -> None:
    """A price, an order of a batch, or a piece of due work that is refused stands alone.

    Findings: #80.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(auction=1, liquidation_auction=0)
        maker, who, poor = arena.person(10**6), arena.person(10**4), arena.person(30)
        items: list[commands.Command] = [
            limit(who, BUY, LOT, 90 * USD + at * TICK) for at in range(rng.randint(1, 6))
        ]
        good = len(items)
        for _ in range(rng.randint(1, 4)):
            bad = rng.choice([
                limit(who, BUY, LOT, 90 * USD + 1), limit(who, BUY, 10**6 * LOT, 95 * USD),
                limit(who, BUY, LOT, 300 * USD), limit(maker, BUY, LOT, 95 * USD),
                limit(who, BUY, 2**62 - 1 - (2**62 - 1) % STEP, 95 * USD),
                commands.CancelOrder(who.ident, 999_999, ""),
            ])  # fmt: skip
            items.insert(rng.randint(0, len(items)), bad)
        arena.must(commands.Batch(False, items), who.owner)
        assert len(who.account.orders) == good
        assert len(arena.of(events.Rejected)) == len(items) - good
        poison(rng, arena, maker, who, poor)
        arena.check()

    every(play)


def poison(rng: random.Random, arena: Arena, maker: Person, who: Person, poor: Person) -> None:
    """Due work of many kinds, some of which cannot be done; one tick does all the rest."""
    arena.send_cancel(who)
    kinds = [rng.randrange(4) for _ in range(6)]
    for kind in kinds:
        owner = rng.choice([who, poor])
        size = 2 * LOT
        if kind == 0:
            arena.place(owner, BUY, LOT // 5, 92 * USD, expires_ms=arena.now + 5)
        elif kind == 1:
            arena.trigger(owner, BUY, size * 9, 101 * USD, codes.ABOVE)
        elif kind == 2:
            arena.at_market(owner, SELL, size)
        else:
            arena.place(maker, SELL, size, 100_900_000)
    running = [auction.ident for auction in arena.state.board.live[0]]
    expiring = [o.ident for p in (who, poor) for o in p.account.orders if o.expires_ms]
    prices = [
        commands.PricePoint(market, price, 0, arena.now + 6_000)
        for market, price in ((7, PRICE), (0, -1), (0, 10**17), (0, 101 * USD), (0, 0))
    ]
    rng.shuffle(prices)
    arena.now += 6_000
    arena.must(commands.OraclePrices(prices), ORACLE)
    assert arena.price == 101 * USD
    assert len(arena.of(events.OracleRefused)) == 4
    arena.must(commands.Tick(256), KEEPER)
    board = arena.state.board
    assert not [ident for ident in running if ident in board.auctions]
    assert not board.triggers
    assert not [ident for ident in expiring if ident in arena.state.orders]


def test_a_keeper_only_wastes_its_own_time() -> None:
    """Wrong, late and repeated keeper commands change nothing, and pay nobody."""

    def play(rng: random.Random) -> None:
        arena = Arena(**drawn(rng))
        maker, keeper = arena.person(10**6), arena.person(0)
        victim = arena.person(1_000)
        quote_around(arena, maker, 1_000, 10 * LOT)
        arena.take(victim, BUY, LOT)
        standing = [order.ident for order in maker.account.orders]
        arena.watch(keeper)
        idents = [*standing, 0, 1, 10**9, 2**53 - 1]
        for _ in range(12):
            target = rng.choice([keeper.ident, -1, victim.ident, 0, 2**31 - 1])
            command = rng.choice([
                commands.SettleAuction(rng.choice(idents), target),
                commands.MatchLimit(rng.choice(idents), target),
                commands.FireTrigger(rng.choice(idents), target),
                commands.ExpireOrder(rng.choice(idents), target),
                commands.Liquidate(rng.choice([victim.ident, maker.ident, 0, 5, 99]), target),
                commands.UpdateFunding(rng.choice([1, 99]), target),
                commands.OfferAuction(keeper.ident, rng.choice(idents), PRICE, LOT),
            ])  # fmt: skip
            arena.refused(command, keeper.owner)
        assert keeper.account.cash() == 0
        arena.check()

    every(play)
