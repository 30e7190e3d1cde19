"""An adversary search: random strategies of a gang against people who do nothing clever.

Some scripts are a few commands long, so that a small leak is not drowned by what the rest costs.
"""

from __future__ import annotations

import random

from tests.attacks.arena import (
    LOT,
    PRICE,
    Arena,
    Person,
    drawn,
    every,
    on_tick,
    pair_up,
    quote_around,
)
from tests.attacks.strategies import act

LENGTHS = (3, 6, 12, 60, 60)


def crowd(arena: Arena, rng: random.Random) -> tuple[list[Person], list[Person]]:
    """Two honest makers who hold positions against each other; three accounts of two owners."""
    makers = [arena.person(1_000_000) for _ in range(2)]
    if rng.random() < 0.5:
        pair_up(arena, makers[0], makers[1], rng.randint(1, 50) * LOT)
    requote(arena, rng, makers)
    first = arena.person(rng.choice([1_000, 10_000, 100_000]))
    second = arena.account_of(first.owner, rng.choice([0, 1_000, 100_000]))
    third = arena.person(rng.choice([1_000, 10_000, 100_000]))
    return makers, [first, second, third]


def requote(arena: Arena, rng: random.Random, makers: list[Person]) -> None:
    """The makers quote around the oracle, never through it."""
    for maker in makers:
        quote_around(arena, maker, rng.choice([300, 1_000, 5_000]), rng.randint(10, 5_000) * 10**7)


def test_flat() -> None:
    """Nobody gains from a price that never moves, whatever he sends."""

    def play(rng: random.Random) -> None:
        arena = Arena(**drawn(rng))
        _, gang = crowd(arena, rng)
        arena.watch(*gang)
        for _ in range(rng.choice(LENGTHS)):
            act(rng, arena, gang)
            if rng.random() < 0.3:
                arena.oracle(PRICE, rng.choice([1, 50, 1_000, 20_000]))
            if rng.random() < 0.3:
                arena.tick()
        arena.unwind(*gang)
        arena.check()
        assert arena.profit(abandoning=False) <= 0, arena.profit(abandoning=False)

    every(play)


def walk(rng: random.Random, arena: Arena, makers: list[Person], gang: list[Person]) -> None:
    """Commands between oracle prices; after each price the makers are first, then the house."""
    for _ in range(rng.choice(LENGTHS)):
        act(rng, arena, gang)
        if rng.random() < 0.4:
            price = on_tick(arena.price + arena.price * rng.randint(-5_000, 5_000) // 10**6)
            for maker in makers:
                arena.send_cancel(maker)
            arena.oracle(price, rng.choice([1, 50, 1_000, 20_000]))
            arena.tick()
            requote(arena, rng, makers)


def test_walk_without_a_vamm() -> None:
    """A moving price brings a gang what its net position makes, and no more."""

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "vamm_enabled": 0, "auction": 0, "repeg": 0,
                         "vamm_spread_steps": 0, "liquidation_auction": 0})  # fmt: skip
        makers, gang = crowd(arena, rng)
        arena.watch(*gang)
        walk(rng, arena, makers, gang)
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())

    every(play)


def test_walk_with_a_vamm() -> None:
    """Beyond the net position, a gang gets at most what stale quotes of the vAMM gave away."""

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "repeg": 2})
        makers, gang = crowd(arena, rng)
        arena.watch(*gang)
        walk(rng, arena, makers, gang)
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())

    every(play)
