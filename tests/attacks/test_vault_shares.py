"""Attacks on the price of a share: inflation, donations, dust, what the last one leaves behind."""

from __future__ import annotations

import random
from fractions import Fraction

from plimsoll.messages import codes
from tests.attacks.arena import BUY, LOT, PRICE, SELL, USD, Person, every
from tests.attacks.vault_arena import ALL, BASE, PASSIVE, VaultArena, near

SHARES = 1_000_000
"""Virtual shares of every vault here."""


def unit(vault: int) -> int:
    """A whole dollar or a hundredth of an ETH, in units of the vault's asset."""
    return LOT // 100 if vault == BASE else USD


def funds(arena: VaultArena, who: Person, vault: int) -> int:
    """What somebody has of a vault's asset."""
    return arena.eth(who.account) if vault == BASE else who.account.cash()


def feeding(rng: random.Random) -> VaultArena:
    """Fees high enough to carry money into vaults: all of them to the passive one, and rebates
    that a hedged one gets."""
    return VaultArena(
        vamm_enabled=0, vamm_spread_steps=0, liquidation_auction=0, taker_fee=40_000,
        maker_rebate=rng.choice([0, 40_000]), split_vault=1_000_000, split_insurance=0,
        split_adjustments=0, split_funding=0, split_keepers=0, split_treasury=0,
    )  # fmt: skip


def donate(arena: VaultArena, rng: random.Random, who: Person, vault: int) -> None:
    """Bring a vault money that buys no share: what fees of trades there and back leave in it."""
    partner = arena.person(10**6)
    for _ in range(rng.randint(1, 3)):
        size = near(rng, 500 * LOT, 10**8) // 10**6 * 10**6
        if vault == PASSIVE:
            arena.place(partner, SELL, size, PRICE)
            assert arena.take(who, BUY, size, PRICE)
            arena.place(partner, BUY, size, PRICE)
            assert arena.take(who, SELL, size, PRICE)
        else:
            side = SELL if vault == BASE else BUY
            arena.trade(who, vault, side, size)
            arena.trade(who, vault, 1 - side, size)


def test_first_depositor_inflation() -> None:
    """Who inflates the price of a share before a deposit loses a million times what it costs.

    Findings: #79.
    """

    def play(rng: random.Random) -> None:
        arena = feeding(rng)
        vault = rng.choice(ALL)
        attacker, victim = arena.rich(10**6, 10**4), arena.rich(10**6, 10**4)
        arena.quote(weight=0)
        arena.watch(attacker)
        arena.join(attacker, vault, rng.choice([1, 2, 1_000, near(rng, 10_000 * unit(vault))]))
        given = arena.assets(vault)
        donate(arena, rng, attacker, vault)
        given = arena.assets(vault) - given
        assert given >= 0
        before = funds(arena, victim, vault)
        if arena.join(victim, vault, near(rng, 10_000 * unit(vault))):
            arena.leave_most(victim, vault)
        else:
            (refused,) = arena.found
            assert refused.row()[1] == codes.SHARES_TOO_FEW
        lost = before - funds(arena, victim, vault)
        assert lost >= 0
        arena.leave_most(attacker, vault)
        price = Fraction(PRICE if vault == BASE else LOT)
        # A share of an empty vault and three units of rounding apart: they cost anybody as much.
        plain = 10 if vault == BASE else 1
        excess = max(Fraction(0), (lost - plain - 3) * price)
        assert -arena.profit() * LOT + LOT >= SHARES * excess
        arena.check()

    every(play)


def test_losing_to_the_vault_is_no_way_to_inflate() -> None:
    """What is lost to a vault's quotes belongs to all its shares, and the loser gets his part.

    Findings: #79.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(quotes={"half_spread": rng.choice([1_000, 20_000, 80_000])})
        saver = arena.hold()
        attacker = arena.rich(10**6, 0)
        arena.watch(attacker)
        arena.join(attacker, PASSIVE, near(rng, 10**6 * USD // 2, 10))
        part = arena.part(attacker.account, PASSIVE)
        was, held = arena.price_of(PASSIVE), arena.part(saver.account, PASSIVE)
        for _ in range(rng.randint(1, 4)):
            side = rng.randrange(2)
            arena.take(attacker, side, near(rng, 500 * LOT, 10**8) // 10**6 * 10**6)
            if rng.random() < 0.5:
                arena.oracle(PRICE, 1_000)
        lost = -arena.profit()
        assert arena.price_of(PASSIVE) >= was
        late = arena.rich(10**5, 0)
        assert arena.join(late, PASSIVE, 10**5 * USD)
        arena.leave_most(late, PASSIVE)
        assert late.account.cash() <= 10**5 * USD
        assert arena.shares(late, PASSIVE) or late.account.cash() >= 10**5 * USD - 2
        arena.go_home(attacker)
        assert arena.profit() <= 0
        # Of every dollar that reached the vault he has at most his part back.
        gain = (arena.price_of(PASSIVE) - was) * arena.row(PASSIVE).supply
        assert gain >= 0
        assert held > 0 and part < 1 and lost >= 0
        arena.check()

    every(play)


def test_the_last_one_out_leaves_nothing_to_the_next() -> None:
    """After the supply was 0 with value left, a stranger's shares are worth what he brought.

    Findings: own-empty-supply.
    """

    def play(rng: random.Random) -> None:
        arena = feeding(rng)
        arena.quote(weight=0)
        vault = rng.choice(ALL)
        first, stranger = arena.rich(10**6, 10**4), arena.rich(10**6, 10**4)
        if rng.random() < 0.8:
            assert arena.join(first, vault, near(rng, 10_000 * unit(vault), 100))
        donate(arena, rng, first, vault)
        arena.leave_most(first, vault)
        donate(arena, rng, first, vault)
        arena.leave_most(first, vault)
        assert arena.row(vault).supply == 0
        left = arena.assets(vault)
        assert left >= 0
        arena.watch(stranger)
        before = funds(arena, stranger, vault)
        brought = rng.choice([1, 1_000, near(rng, 100 * unit(vault))])
        if arena.join(stranger, vault, brought):
            arena.leave_most(stranger, vault)
        assert funds(arena, stranger, vault) <= before
        assert arena.profit() <= 0
        arena.check()

    every(play)


def test_shares_are_never_burnt_for_nothing() -> None:
    """Giving back shares that are worth less than a unit is refused, and they are kept.

    Findings: #94.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(
            hedged={"virtual_shares": 10**9, "virtual_assets": rng.choice([1, 10, 10**4])},
            passive={"virtual_shares": 10**9, "virtual_assets": rng.choice([1, 10, 10**4]),
                     "withdrawal_fee": rng.choice([0, 50_000])},
            vamm_enabled=0, vamm_spread_steps=0, liquidation_auction=0,
        )  # fmt: skip
        vault = rng.choice(ALL)
        who = arena.rich(10**4, 100)
        assert arena.join(who, vault, near(rng, unit(vault), 2))
        have = arena.shares(who, vault)
        before = funds(arena, who, vault)
        few = near(rng, 10**6)
        accepted = arena.leave(who, vault, min(have, few))
        paid = funds(arena, who, vault) - before
        burnt = have - arena.shares(who, vault)
        assert accepted == (paid > 0) == (burnt > 0)
        if not accepted:
            assert arena.found[0].row()[1] == codes.VALUE_TOO_SMALL
        arena.check()

    every(play)


def test_what_a_share_costs_is_what_it_was_asked_for() -> None:
    """The limits of a deposit and of an exit bind to the unit, whatever happened in between.

    Findings: M-9.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena()
        vault = rng.choice(ALL)
        saver, trader = arena.hold(), arena.rich(10**5, 100)
        who = arena.rich(10**5, 100)
        assert arena.join(who, vault, 100 * unit(vault))
        supply = arena.row(vault).supply
        before, have = funds(arena, who, vault), arena.shares(who, vault)
        assert arena.leave(who, vault, have)
        said = funds(arena, who, vault) - before
        assert arena.join(who, vault, said)
        assert arena.row(vault).supply <= supply
        have = arena.shares(who, vault)
        # The trader wins against the vault, or loses.
        side = rng.randrange(2)
        arena.take(trader, side, near(rng, 400 * LOT, 10**9) // 10**6 * 10**6)
        arena.move(arena.price * rng.randint(930_000, 1_070_000) // 10**6)
        before = funds(arena, who, vault)
        if arena.leave(who, vault, have, said):
            assert funds(arena, who, vault) - before >= said
        else:
            assert arena.found[0].row()[1] in (codes.VALUE_TOO_SMALL, codes.VAULT_MARGIN)
            assert arena.shares(who, vault) == have
        shares = arena.shares(saver, vault)
        asked = rng.randint(1, 2 * 10**9)
        if arena.join(saver, vault, 1, asked):
            assert arena.shares(saver, vault) - shares >= asked
        arena.check()

    every(play)
