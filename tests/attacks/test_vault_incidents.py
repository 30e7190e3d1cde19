"""Attacks that happened elsewhere, on the vaults: liquidations onto them, averages, ADL."""

from __future__ import annotations

import random

from plimsoll.core import margin, vault_money
from plimsoll.messages import codes, commands
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    PRICE,
    SELL,
    every,
    on_tick,
    opposite,
    sized,
)
from tests.attacks.test_vault_quotes import within_spread
from tests.attacks.vault_arena import ALL, BASE, PASSIVE, QUOTE, VaultArena
from tests.attacks.vault_strategies import act


def test_hlp_eth_a_winner_is_liquidated_onto_the_vault() -> None:
    """A large winner takes out what may leave and lets the rest be liquidated: the vault buys at
    its quotes, no more than its margin carries, and the gang has no more than the price made."""

    def play(rng: random.Random) -> None:
        half = rng.choice([500, 2_000])
        arena = VaultArena(
            quotes={"half_spread": half, "max_position": rng.choice([0, 300]) * LOT},
            vamm_enabled=rng.randrange(2), vamm_spread_steps=0,
            liquidation_auction=0, taker_fee=0, maker_rebate=0,
        )  # fmt: skip
        saver = arena.hold()
        maker = arena.person(10**7)
        whale = arena.person(rng.choice([5_000, 50_000]))
        arena.watch(whale)
        side = rng.randrange(2)
        arena.oracle(PRICE, 1_000)
        spare = margin.free(arena.state, whale.account)
        size = spare * 9 * LOT // PRICE // 10**6 * 10**6
        arena.place(maker, opposite(side), size, on_tick(PRICE))
        arena.take(whale, side, size)
        sign = 1 if side == BUY else -1
        holder = arena.row(PASSIVE).account
        for step in range(rng.randint(2, 6)):
            up = sign if step < 2 else -sign
            arena.move(arena.price * (1_000_000 + up * rng.randint(5_000, 40_000)) // 10**6)
            amount = margin.withdrawable(arena.state, whale.account)
            if amount and arena.withdraw(whale, amount):
                needed = margin.requirement(arena.state, whale.account, False)
                assert margin.equity(arena.state, whale.account) >= needed
            before = arena.base(holder)
            arena.send(commands.Liquidate(whale.ident, -1), KEEPER)
            within_spread(arena, arena.price, half)
            if arena.base(holder) != before:
                assert arena.spare(PASSIVE) >= 0
            arena.tick()
        most = arena.params.imr
        worth = abs(arena.base(holder)) * arena.price // LOT
        assert worth * most // 10**6 <= 2 * arena.assets(PASSIVE) // LOT
        arena.go_home(whale)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())
        assert saver.ident

    every(play)


def test_jelly_a_short_is_left_to_the_vault_and_pumped() -> None:
    """One account long, one short, which is liquidated onto the vault while the price is pumped on:
    what the gang has beyond its net position is what was bankrupt or conceded."""

    def play(rng: random.Random) -> None:
        bound = rng.choice([50, 200]) * LOT
        arena = VaultArena(
            quotes={"half_spread": 1_000, "max_position": bound}, liquidation_auction=0,
            open_interest_max=2_000 * LOT, depth=2_000, taker_fee=rng.choice([0, 500]),
            maker_rebate=0, vamm_sqrt_k=1_000 * LOT,
        )  # fmt: skip
        arena.hold()
        first = arena.rich(rng.choice([5_000, 20_000]), 500)
        gang = [first, arena.account_of(first.owner, 0), arena.rich(rng.choice([2_000, 9_000]), 0)]
        arena.watch(*gang)
        side = rng.randrange(2)
        sign = 1 if side == BUY else -1
        arena.oracle(PRICE, 1_000)
        size = sized(rng, 150)
        arena.place(gang[2], opposite(side), size, PRICE)
        arena.take(first, side, size)
        arena.skew(first, PRICE * (1_000 + sign * 40) // 1_000)
        holder = arena.row(PASSIVE).account
        for _ in range(rng.randint(1, 5)):
            arena.oracle(on_tick(arena.price * (1_000 + sign * rng.randint(5, 80)) // 1_000), 1_000)
            amount = margin.withdrawable(arena.state, gang[2].account)
            if amount and rng.random() < 0.5:
                arena.withdraw(gang[2], amount)
            for who in gang:
                arena.send(commands.Liquidate(who.ident, first.ident), first.owner)
            if rng.random() < 0.3:
                arena.take(first, opposite(side), sized(rng, 60), reduce_only=True)
            arena.tick()
            assert abs(arena.base(holder)) <= bound
        arena.follow()
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())

    every(play)


def test_gmx_aum_no_average_is_kept() -> None:
    """What a vault is worth is its accounts at the oracle, to the rounding, after any commands.

    Findings: #67.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(taker_fee=500, maker_rebate=100)
        arena.hold()
        gang = [arena.rich(50_000, 500), arena.rich(50_000, 500)]
        for _ in range(15):
            act(rng, arena, gang)
            if rng.random() < 0.3:
                arena.move(arena.price * rng.randint(950, 1_050) // 1_000)
            for vault in ALL:
                price = arena.price if vault == BASE else LOT
                said = vault_money.assets(arena.state, arena.row(vault))
                exact = arena.assets(vault) / price
                assert exact - 3 <= said <= exact
        arena.check()

    every(play)


def test_deleveraging_asks_vaults_last_and_takes_no_more_than_profit() -> None:
    """Traders are deleveraged before the passive vault, hedged vaults after everybody; a vault
    gives up unrealised profit only, and a hedged one stays hedged or says it is not."""

    legs = 0

    def play(rng: random.Random) -> None:
        nonlocal legs
        arena = VaultArena(
            pools=0, taker_fee=0, maker_rebate=0, vamm_enabled=0, vamm_spread_steps=0,
            liquidation_auction=0, liquidation_penalty=0,
        )  # fmt: skip
        arena.hold()
        arena.quote(weight=0)
        loser, winner = arena.person(rng.randint(1_100, 3_000)), arena.person(10**6)
        vault = rng.choice([BASE, QUOTE])
        side = SELL if vault == BASE else BUY
        mixed = rng.random() < 0.5
        assert arena.trade(loser, vault, side, rng.randint(50, 100) * LOT)
        if mixed:
            arena.place(winner, opposite(side), 20 * LOT, PRICE)
            arena.take(loser, side, 20 * LOT)
        row = arena.row(vault)
        worth = arena.assets(vault)
        sign = -1 if side == BUY else 1
        price = PRICE * (1_000 + sign * rng.randint(150, 500)) // 1_000
        arena.oracle(on_tick(price), 1_000)
        if rng.random() < 0.7:
            arena.follow()
        held = arena.base(row.account)
        arena.send(commands.Liquidate(loser.ident, -1), KEEPER)
        closed = abs(held) - abs(arena.base(row.account))
        legs += closed > 0
        if closed and mixed:
            assert arena.base(winner.account) == 0
        if row.unhedged:
            assert row.effective_mode() == codes.RESTRICTED
        if vault == QUOTE:
            # Its worth does not move with the price: what is gone is profit given up, and the leg.
            given = abs(arena.price - PRICE) * closed
            leg = arena.price * 20_000 // 10**6 * closed
            assert worth - arena.assets(vault) <= given + leg + LOT * 10
        arena.check()

    every(play)
    assert legs > 100, legs
