"""Attacks with dust on vaults: a hundred thousand flows, split and merged shares."""

from __future__ import annotations

import random

from tests.attacks.arena import BUY, SELL, every
from tests.attacks.test_vault_shares import funds, unit
from tests.attacks.vault_arena import ALL, BASE, VaultArena, near


def test_a_hundred_thousand_flows_of_dust() -> None:
    """Split, merged, tiny: no order of deposits and withdrawals pays out more than was paid in."""
    flows = 0

    def play(rng: random.Random) -> None:
        nonlocal flows
        arena = VaultArena(vamm_enabled=0, vamm_spread_steps=0, liquidation_auction=0)
        saver = arena.hold(*(rng.choice([0, 1, 1_000]) for _ in ALL))
        if rng.random() < 0.5:  # a price of a share that is no round number
            arena.trade(saver, BASE, SELL, 10**8)
            arena.trade(arena.rich(1_000, 0), BASE, BUY, 10**8)
        dusty = [arena.rich(100, 1) for _ in range(3)]
        vault = rng.choice(ALL)
        began = {each.ident: funds(arena, each, vault) for each in [*dusty, saver]}
        price = arena.price_of(vault)
        for _ in range(5_000):
            who = rng.choice(dusty)
            if rng.random() < 0.55:
                done = arena.join(who, vault, rng.choice([1, 2, 3, 7, near(rng, 10_000)]))
            else:
                have = arena.shares(who, vault)
                done = arena.leave(who, vault, rng.choice([have, 1, 2, 3, near(rng, max(have, 1))]))
            flows += done
        assert arena.price_of(vault) >= price
        for who in dusty:
            arena.leave_most(who, vault)
            assert funds(arena, who, vault) <= began[who.ident]
        arena.check()

    every(play, 28)
    assert flows >= 100_000, flows


def test_splitting_and_merging_shares_does_not_pay() -> None:
    """Many small deposits or exits never beat one large one, of however many accounts."""

    def play(rng: random.Random) -> None:
        vault = rng.choice(ALL)
        outcomes = []
        sizes = [near(rng, 30 * unit(vault)) for _ in range(rng.randint(2, 6))]
        odd = near(rng, 50 * unit(vault), 100)
        for split_in in (False, True):
            for split_out in (False, True):
                arena = VaultArena(vamm_enabled=0, vamm_spread_steps=0, liquidation_auction=0)
                saver = arena.rich(10**4, 100)
                assert arena.join(saver, vault, odd)
                who = arena.rich(10**4, 100)
                before = funds(arena, who, vault)
                for size in sizes if split_in else [sum(sizes)]:
                    arena.join(who, vault, size)
                have = arena.shares(who, vault)
                if split_out:
                    for _ in sizes:
                        arena.leave(who, vault, max(1, have // len(sizes)))
                arena.leave_most(who, vault)
                outcomes.append(funds(arena, who, vault) - before)
                arena.check()
        assert max(outcomes) <= 0
        assert outcomes[0] == max(outcomes)

    every(play, 500)
