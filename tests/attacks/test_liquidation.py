"""Attacks on liquidations: one's own, a partner's, a crowd of small ones, absurd orders before."""

from __future__ import annotations

import random

from plimsoll.core import margin, vamm
from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
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
    on_tick,
    opposite,
    pair_up,
)


def leveraged(arena: Arena, who: Person, side: int, maker: Person) -> None:
    """As large a position as the account can carry, from an honest maker at the oracle."""
    spare = margin.free(arena.state, who.account)
    size = spare * LOT * 95 // (PRICE * 10)
    arena.place(maker, opposite(side), 10**4 * LOT, PRICE + (TICK if side == BUY else -TICK))
    arena.take(who, side, size - size % STEP, PRICE + (9 if side == BUY else -9) * TICK)
    arena.send_cancel(maker)


def slide(arena: Arena, side: int, ppm: int) -> None:
    """The oracle moves against positions of a side."""
    moved = arena.price * ppm // 10**6
    arena.oracle(on_tick(arena.price - moved if side == BUY else arena.price + moved), 1_000)


def test_liquidating_oneself_does_not_pay() -> None:
    """Penalty, reward and fee-free closing together never beat an honest holder.

    Findings: #41.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "repeg": 2, "vamm_sqrt_k": 10_000 * LOT})
        maker = arena.person(10**7)
        debtor = arena.person(rng.choice([100, 1_000, 5_000]))
        keeper = arena.account_of(debtor.owner, 0)
        partner = arena.person(10**5)
        side = rng.randrange(2)
        leveraged(arena, debtor, side, maker)
        arena.watch(debtor, keeper, partner)
        for _ in range(rng.randint(1, 6)):
            slide(arena, side, rng.randint(1_000, 30_000))
            if rng.random() < 0.5:
                price = arena.price + rng.randint(-500, 500) * TICK
                arena.place(partner, side, rng.randint(1, 50) * LOT, price)
            arena.send(commands.Liquidate(debtor.ident, keeper.ident), debtor.owner)
            for auction in list(arena.state.board.live[0]):
                price = arena.price + rng.randint(-300, 300) * TICK
                offer = commands.OfferAuction(partner.ident, auction.ident, price, LOT * 9)
                arena.send(offer, partner.owner)
                arena.oracle(arena.price, 5_001)
                settle = commands.SettleAuction(auction.ident, keeper.ident)
                arena.send(settle, debtor.owner)
        arena.unwind(debtor, partner)
        arena.check()
        assert arena.profit() <= arena.excused(), arena.profit()
        assert arena.profit(abandoning=False) <= arena.excused()

    every(play)


def test_a_coalition_with_one_bankrupt_takes_at_most_the_insurance() -> None:
    """Two owners against each other at the edge of the band, a jump, one of them bankrupt.

    Without a jump they lose; with one, what they get is what the insurance paid, and no saver's.
    """

    def play(rng: random.Random) -> None:
        pools = rng.choice([0, 10, 1_000])
        arena = Arena(**{**drawn(rng), "repeg": 0}, pools=pools)
        saver, bystander = arena.person(10_000), arena.person(10_000)
        pair_up(arena, bystander, saver, 5 * LOT)
        gang = [arena.person(rng.choice([100, 1_000])) for _ in range(2)]
        arena.watch(*gang)
        side = rng.randrange(2)
        price = on_tick(PRICE * rng.randint(9_200, 10_800) // 10_000)
        size = rng.randint(1_000, 90_000) * STEP
        arena.place(gang[1], opposite(side), size, price)
        arena.take(gang[0], side, size, price)
        insured = arena.market.insurance.cash()
        for _ in range(rng.randint(1, 3)):
            slide(arena, side, rng.choice([5_000, 60_000, 150_000]))
            if rng.random() < 0.5:
                edge = arena.price + rng.randint(-900, 900) * TICK
                arena.place(gang[1], side, size, edge, reduce_only=rng.random() < 0.5)
            for who in gang:
                arena.withdraw(who, rng.randint(1, 100 * USD))
                command = commands.Liquidate(who.ident, gang[1].ident)
                arena.send(command, gang[1].owner)
            arena.tick()
        for _ in range(12):
            # Long enough for the average to follow a jump that nobody was liquidated by.
            arena.oracle(arena.price, 30_000)
            arena.tick()
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())
        assert arena.debts <= insured + arena.unpaid + arena.cut
        for who in (bystander, saver):
            assert who.account.cash() + arena.base(who.account) * PRICE // LOT >= 9_999 * USD

    every(play)


def test_a_crowd_of_small_positions_is_liquidated() -> None:
    """Accounts with the least position there may be: every one is closed, and pays its keeper.

    Findings: M-4.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(auction=0, liquidation_auction=rng.randrange(2), repeg=0)
        maker = arena.person(10**6)
        count = rng.randint(3, 12)
        side = rng.randrange(2)
        crowd = []
        for _ in range(count):
            who = arena.person(0)
            arena.put(who.ident, 1_080_000 + rng.randint(0, 20_000))
            crowd.append(who)
        for who in crowd:
            price = PRICE + (TICK if side == BUY else -TICK)
            arena.place(maker, opposite(side), LOT // 10 + STEP, price, post=1)
            arena.take(who, side, LOT // 10 + STEP, price)
            arena.send_cancel(maker)
        assert all(arena.base(who.account) for who in crowd)
        slide(arena, side, rng.randint(70_000, 80_000))
        keeper = arena.person(0)
        rewards = 0
        for who in rng.sample(crowd, count // 2):
            before = keeper.account.cash()
            arena.must(commands.Liquidate(who.ident, keeper.ident), keeper.owner)
            for auction in list(arena.state.board.live[0]):
                arena.oracle(arena.price, auction.ends_ms + 1 - arena.now)
                settle = commands.SettleAuction(auction.ident, keeper.ident)
                arena.must(settle, keeper.owner)
            rewards += keeper.account.cash() - before
            assert keeper.account.cash() - before >= arena.params.keeper_flat_fee
        for _ in range(4):
            arena.oracle(arena.price, 5_001)
            arena.tick()
        assert [who.ident for who in crowd if arena.base(who.account)] == []
        assert all(who.account.cash() >= 0 for who in crowd)
        arena.check()

    every(play)


def test_an_absurd_order_before_a_liquidation() -> None:
    """An ask (a bid) at the edge of the band takes no more than the victim had, no insurance.

    What it gets of a solvent victim is bounded by that one's maintenance margin.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "repeg": 2})
        maker, victim = arena.person(10**7), arena.person(rng.choice([100, 1_000]))
        side = rng.randrange(2)
        leveraged(arena, victim, side, maker)
        gang = arena.person(10**5)
        for _ in range(30):
            slide(arena, side, rng.randint(5_000, 15_000))
            required = margin.requirement(arena.state, victim.account, True)
            if margin.equity(arena.state, victim.account) < required:
                break
        left = margin.equity(arena.state, victim.account)
        assert left < margin.requirement(arena.state, victim.account, True)
        insured = arena.market.insurance.cash()
        arena.watch(gang)
        edges = arena.state.oracles[0]
        sign = -1 if side == BUY else 1
        for _ in range(rng.randint(1, 5)):
            off = arena.price + sign * arena.price * rng.randint(0, 99_000) // 10**6
            price = min(max(on_tick(off), edges.low), edges.high)
            arena.place(gang, side, rng.randint(1, 60) * LOT, price)
        arena.must(commands.Liquidate(victim.ident, -1), KEEPER)
        for _ in range(3):
            arena.oracle(arena.price, 5_001)
            arena.tick()
        required = max(0, left)
        arena.unwind(gang)
        arena.check()
        assert arena.profit() <= required + arena.given // LOT, (arena.profit(), left)
        if left > 0:
            assert arena.market.insurance.cash() >= insured
            assert margin.equity(arena.state, victim.account) >= 0

    every(play)


def in_danger(arena: Arena, rng: random.Random, side: int, cash: int) -> Person:
    """Somebody whose position has to be liquidated, in some variants an insolvent one."""
    maker, victim = arena.person(10**7), arena.person(cash)
    leveraged(arena, victim, side, maker)
    for _ in range(30):
        slide(arena, side, rng.choice([5_000, 15_000, 15_000, 80_000]))
        equity = margin.equity(arena.state, victim.account)
        if equity < margin.requirement(arena.state, victim.account, True):
            return victim
    raise AssertionError("still healthy")


def sold_to_vamm(found: list[events.Event], victim: Person) -> int:
    """How much of a victim's position the vAMM took over."""
    fills = [e for e in found if isinstance(e, events.Filled) and e.taker == victim.ident]
    return sum(e.size for e in fills if e.source == codes.FROM_VAMM)


def check_vamm_first(arena: Arena, victim: Person, gang: Person) -> int:
    """After a close: the gang was asked after the vAMM. Returns how much it took."""
    fills = [e for e in arena.of(events.Filled) if e.taker == victim.ident]
    mine = [at for at, e in enumerate(fills) if e.maker == gang.ident]
    assert all(fills[at].source == codes.FROM_BOOK for at in mine)
    theirs = [at for at, e in enumerate(fills) if e.source == codes.FROM_VAMM]
    if mine and theirs:
        assert max(theirs) < min(mine)
    return sum(fills[at].size for at in mine)


def test_an_order_far_from_the_price_waits_for_the_vamm() -> None:
    """Who bids (asks) worse than the vAMM quotes gets of a liquidation what the vAMM cannot take.

    With such orders in the book the vAMM takes as much as without them, and before them. Beyond
    the oracle they bring no more than the rest times the way to the worst price of the close.
    """
    served = waited = 0

    def play(rng: random.Random) -> None:
        nonlocal served, waited
        arena = Arena(**{
            **drawn(rng), "repeg": 0, "auction": 1, "vamm_spread_steps": 0, "vamm_limits": 0,
            "vamm_sqrt_k": rng.choice([100, 1_000, 10_000]) * LOT,
        })  # fmt: skip
        side = rng.randrange(2)
        victim = in_danger(arena, rng, side, rng.choice([300, 1_000, 10_000]))
        gang = arena.person(10**6)
        arena.watch(gang)
        command: commands.Command = commands.Liquidate(victim.ident, -1)
        alone = arena.engine.dry_run(command, arena.now, KEEPER)
        if any(isinstance(event, events.AuctionStarted) for event in alone):
            # Nobody offers: what is left is closed by the command that ends the auction.
            arena.must(command, KEEPER)
            (begun,) = arena.of(events.AuctionStarted)
            worst = begun.limit
            arena.oracle(arena.price, 5_001)
            command = commands.SettleAuction(begun.auction, -1)
            alone = arena.engine.dry_run(command, arena.now, KEEPER)
        else:
            worst = next(e.limit for e in alone if isinstance(e, events.Liquidating))
        row = arena.state.vamms[0]
        quote = vamm.quote_price(row, opposite(side))
        sign = -1 if side == BUY else 1
        for _ in range(rng.randint(1, 4)):
            price = on_tick(quote) + (TICK if side == SELL else 0)
            price += sign * (1 + int(abs(worst - quote) // TICK * rng.random())) * TICK
            arena.place(gang, side, rng.randint(1, 500) * LOT, price)
        alone_sold = sold_to_vamm(alone, victim)
        left = abs(arena.base(victim.account))
        arena.must(command, KEEPER)
        closed = left - abs(arena.base(victim.account))
        mine = check_vamm_first(arena, victim, gang)
        assert sold_to_vamm(arena.found, victim) == alone_sold
        assert mine <= closed - alone_sold
        served += mine > 0 and alone_sold > 0
        waited += mine == 0 and alone_sold > 0 and len(gang.account.orders) > 0
        most = (closed - alone_sold) * max(0, sign * (worst - arena.price)) // LOT
        assert arena.profit() <= most, (arena.profit(), most)
        arena.unwind(gang)
        arena.check()
        assert arena.profit() <= most + arena.given // LOT, (arena.profit(), most)

    every(play)
    assert min(served, waited) >= 50, (served, waited)


def test_unrealised_profit_that_covers_is_no_bad_debt() -> None:
    """Negative margin with positive equity: not liquidated, not paid for by the insurance."""

    def play(rng: random.Random) -> None:
        arena = Arena(auction=0, repeg=0, vamm_enabled=0, liquidation_auction=0,
                      vamm_spread_steps=0)  # fmt: skip
        arena.must(commands.CreateMarket(arena.twin()), OPERATOR)
        arena.oracle_of(1, PRICE)
        maker, who = arena.person(10**6), arena.person(1_000)
        for ident, side in ((0, BUY), (1, BUY)):
            arena.place(maker, opposite(side), 45 * LOT, PRICE, market=ident)
            order = limit(who, side, 45 * LOT, PRICE, market=ident, tif=codes.IOC)
            arena.must(order, who.owner)
        gain = rng.randint(20, 30)
        loss = rng.randint(gain // 2, gain - 5)
        arena.oracle(PRICE * (100 + gain) // 100, 1_000)
        arena.oracle_of(1, PRICE * (100 - loss) // 100)
        # Close the loser: the loss is realised, the profit is not.
        low = on_tick(arena.state.oracles[1].low)
        arena.place(maker, BUY, 45 * LOT, on_tick(arena.state.oracles[1].price), market=1)
        arena.must(limit(who, SELL, 45 * LOT, low, market=1, tif=codes.IOC), who.owner)
        settled = margin.settled(arena.state, who.account)
        assert margin.equity(arena.state, who.account) > 0
        if loss > 23:
            assert settled < 0
        insured = arena.market.insurance.cash()
        assert arena.refused(commands.Liquidate(who.ident, -1), KEEPER) == (
            codes.SUFFICIENT_COLLATERAL
        )
        arena.tick()
        assert arena.market.insurance.cash() == insured
        assert not arena.of(events.BadDebt)
        if settled < 0:
            assert not arena.withdraw(who, 1)
        arena.check()

    every(play)
