"""Sandwiches around a repeg: trade, let the peg move, close; with orders of one's own about."""

from __future__ import annotations

import random

from plimsoll.messages import commands, events
from tests.attacks.arena import (
    BUY,
    LOT,
    PRICE,
    SELL,
    STEP,
    TICK,
    Arena,
    Person,
    drawn,
    every,
    on_tick,
    opposite,
)

EVENT_MS = 10_800_000


def sandwich(rng: random.Random, **changes: int) -> tuple[Arena, list[Person], Person]:
    """A market with an honest net position of some size against the vAMM, and a gang of two."""
    settings = {**drawn(rng), "auction": 0, "liquidation_auction": 0, "funding_period_s": 0,
                **changes}  # fmt: skip
    arena = Arena(pools=rng.choice([0, 10, 1_000, 50_000]), **settings)
    holder = arena.person(10**6)
    for _ in range(rng.randint(0, 4)):
        arena.take(holder, rng.randrange(2), rng.randint(1, 100) * LOT)
    for _ in range(4):
        arena.oracle(PRICE, 1_000)
    gang = [arena.person(10**6) for _ in range(2)]
    arena.watch(*gang)
    return arena, gang, holder


def leg(rng: random.Random, arena: Arena, gang: list[Person]) -> None:
    """One trade of the gang: against the vAMM, with itself, or a maker's order in the way."""
    who, other = rng.sample(gang, 2)
    side = rng.randrange(2)
    roll = rng.random()
    if roll < 0.6:
        arena.take(who, side, rng.randint(200, 100_000) * STEP)
    elif roll < 0.8:
        price = on_tick(PRICE * rng.randint(9_500, 10_500) // 10_000)
        size = rng.randint(200, 50_000) * STEP
        arena.place(other, opposite(side), size, price)
        arena.take(who, side, rng.randint(200, 50_000) * STEP, price)
    else:
        arena.send(commands.UpdateMarket(0, who.ident), who.owner)


def test_sandwiching_free_and_earning_repegs() -> None:
    """The peg follows every trade back to the oracle: whoever trades around that, pays."""

    def play(rng: random.Random) -> None:
        arena, gang, _ = sandwich(rng, repeg=rng.choice([1, 2]))
        for _ in range(rng.randint(1, 12)):
            leg(rng, arena, gang)
            if rng.random() < 0.4:
                arena.oracle(PRICE, rng.choice([1, 1_000, 20_000]))
        arena.unwind(*gang)
        arena.check()
        assert arena.profit(abandoning=False) <= 0, arena.profit(abandoning=False)

    every(play)


def test_forcing_the_event_at_a_flat_oracle() -> None:
    """Hold the mark 5 % off for three hours, let the event move it back, close: a loss."""
    seen = [0]

    def play(rng: random.Random) -> None:
        arena, gang, holder = sandwich(rng, repeg=1, vamm_sqrt_k=1_000 * LOT,
                                       vamm_max_fill_fraction=2)  # fmt: skip
        side = rng.randrange(2)
        others = rng.choice([0, 30, 100]) * LOT
        if others:
            # Somebody holds so much the other way that to move the peg back costs the pool.
            arena.take(holder, opposite(side), others)
        for _ in range(rng.randint(1, 4)):
            arena.take(gang[0], side, rng.randint(5_000, 60_000) * STEP)
        for _ in range(11):
            arena.oracle(PRICE, rng.choice([1_000_000, 1_100_000]))
            if rng.random() < 0.3:
                leg(rng, arena, gang)
        seen[0] += any(event.cause == 1 for event in arena.of(events.Repegged))
        arena.unwind(*gang)
        arena.check()
        assert arena.profit(abandoning=False) <= 0, arena.profit(abandoning=False)

    every(play)


def test_a_paid_repeg_gives_no_more_than_the_pool_had() -> None:
    """After a real move of the oracle, trading ahead of the event takes from the pool alone.

    What the gang makes beyond an honest holder is at most what stale quotes gave away; that in
    turn is paid by the vAMM's capital and the adjustments pool, which stay what they must be.
    """

    def play(rng: random.Random) -> None:
        pool = rng.choice([0, 100, 10_000])
        arena = Arena(pools=pool, auction=0, liquidation_auction=0, funding_period_s=0,
                      repeg=rng.choice([1, 2]), vamm_sqrt_k=rng.choice([1_000, 10_000]) * LOT,
                      vamm_max_fill_fraction=2, health_divergence_max=0)  # fmt: skip
        gang = [arena.person(10**6) for _ in range(2)]
        arena.watch(*gang)
        vamm, pools = arena.market.vamm, arena.market.adjustments
        for _ in range(rng.randint(1, 3)):
            leg(rng, arena, gang)
        price = on_tick(PRICE * rng.choice([88, 92, 107, 112]) // 100)
        arena.oracle(price, 1_000)
        side = BUY if price > PRICE else SELL
        for _ in range(rng.randint(1, 3)):
            arena.take(gang[0], side, rng.randint(1, 60) * LOT)
        for _ in range(12):
            arena.oracle(price, 1_000_000)
            if rng.random() < 0.2:
                leg(rng, arena, gang)
        before = arena.worth(vamm) + arena.worth(pools)
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())
        assert pools.cash() >= 0
        assert arena.worth(vamm) + arena.worth(pools) >= min(0, before)

    every(play)


def test_orders_of_ones_own_around_a_repeg() -> None:
    """Resting orders that the moved quote reaches are filled at the quote: no gain."""

    def play(rng: random.Random) -> None:
        arena, gang, _ = sandwich(rng, repeg=rng.choice([1, 2]))
        for _ in range(rng.randint(1, 6)):
            who = rng.choice(gang)
            side = rng.randrange(2)
            sign = -1 if side == BUY else 1
            price = PRICE + sign * rng.randint(1, 200) * TICK
            arena.place(who, side, rng.randint(200, 40_000) * STEP, price)
            leg(rng, arena, gang)
            for order in list(who.account.orders):
                arena.send(commands.MatchLimit(order.ident, gang[0].ident), gang[0].owner)
            arena.oracle(PRICE, rng.choice([1, 1_000]))
            if rng.random() < 0.5:
                arena.tick()
        arena.unwind(*gang)
        arena.check()
        assert arena.profit(abandoning=False) <= 0, arena.profit(abandoning=False)

    every(play)
