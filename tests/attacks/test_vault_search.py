"""An adversary search at the doors of the vaults: random strategies against honest depositors."""

from __future__ import annotations

import random
from typing import Any

from tests.attacks.arena import (
    LOT,
    PRICE,
    Person,
    around,
    drawn,
    every,
    quote_around,
)
from tests.attacks.test_vault_flows import QUIET, stake
from tests.attacks.vault_arena import ALL, VaultArena
from tests.attacks.vault_strategies import act

LENGTHS = (3, 6, 12, 40)


def terms(rng: random.Random) -> dict[str, Any]:
    """Terms of the vaults, their quotes and their pool."""
    cooldown = rng.choice([0, 0, 5_000, 60_000])
    fee = rng.choice([0, 0, 100, 1_000])
    common = {
        "cooldown_ms": cooldown, "min_at_maturity": int(cooldown > 0 and rng.random() < 0.3),
        "deposit_fee": fee, "withdrawal_fee": rng.choice([0, fee]),
    }  # fmt: skip
    quotes: dict[str, Any] = {
        "half_spread": rng.choice([500, 1_000, 5_000, 20_000]),
        "max_quote_size": rng.choice([5, 100, 1_000]) * LOT,
        "max_skew": rng.choice([10, 100]) * LOT, "size_skew": rng.choice([0, 500_000]),
        "spread_skew": rng.choice([0, 300_000, 1_000_000]),
    }  # fmt: skip
    hedged = {
        **common, "undirected": rng.randrange(2), "firm_quotes": rng.randrange(2),
        "hedge_slippage": rng.choice([5_000, 20_000, 50_000]),
        "min_margin_ratio": rng.choice([1, 500_000, 900_000]),
    }  # fmt: skip
    return {
        "passive": {**common, "margin_total": rng.randrange(2)}, "quotes": quotes,
        "hedged": hedged, "pool_fee": rng.choice([0, 0, 300, 3_000]),
        "depth": rng.choice([2_000, 20_000]),
    }  # fmt: skip


def stage(rng: random.Random) -> tuple[VaultArena, list[Person], list[Person]]:
    """An arena with everything drawn; a maker and a depositor; three accounts of two owners."""
    settings = {**drawn(rng), "auction": rng.randrange(2), "repeg": 0}
    if rng.random() < 0.5:
        settings.update(QUIET)
        settings["auction"] = 0
    arena = VaultArena(**{**settings, **terms(rng)})
    people = [arena.person(10**6), arena.hold(), arena.rich(20_000, 200)]
    first = arena.rich(20_000, 200)
    gang = [first, arena.rich(20_000, 200), arena.account_of(first.owner, 5_000)]
    arena.watch(*gang)
    return arena, people, gang


def honest(rng: random.Random, arena: VaultArena, people: list[Person]) -> None:
    """The maker quotes; where it costs nothing, a depositor comes or goes."""
    maker, _, guest = people
    quote_around(arena, maker, rng.choice([500, 3_000]), 20 * LOT)
    vault = rng.choice(ALL)
    row = arena.row(vault).params
    if row.deposit_fee == row.withdrawal_fee == 0 and not row.min_at_maturity:
        if rng.random() < 0.5:
            arena.join(guest, vault, stake(rng, vault, 5_000))
        else:
            arena.leave(guest, vault)


def test_flat_with_vaults() -> None:
    """Nobody gains at the vaults from a price that never moves, whatever he sends."""

    def play(rng: random.Random) -> None:
        arena, people, gang = stage(rng)
        for _ in range(rng.choice(LENGTHS)):
            act(rng, arena, gang)
            if rng.random() < 0.1:
                arena.oracle(PRICE, rng.choice([1, 1_000, 20_000]))
                arena.tick()
            if rng.random() < 0.1:
                honest(rng, arena, people)
        arena.go_home(*gang)
        arena.check()
        assert arena.profit(abandoning=False) <= 5 + arena.given // LOT, arena.profit()

    every(play)


def test_walk_with_vaults() -> None:
    """A moving price brings a gang what its exposure makes, that of its shares included."""

    def play(rng: random.Random) -> None:
        arena, people, gang = stage(rng)
        for _ in range(rng.choice(LENGTHS)):
            act(rng, arena, gang)
            if rng.random() < 0.15:
                arena.send_cancel(people[0])
                wide = rng.choice([2_000, 10_000, 60_000])
                arena.move(around(rng, arena.price, wide), rng.choice([1_000, 10_000]))
                arena.tick()
            if rng.random() < 0.1:
                honest(rng, arena, people)
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= arena.excused() + 5, (arena.profit(), arena.excused())

    every(play)
