"""Attacks with the time of deposits and exits: two prices, known losses, fees, what waits."""

from __future__ import annotations

import random
from typing import Any

from plimsoll.messages import codes, commands
from tests.attacks.arena import (
    BUY,
    LOT,
    PRICE,
    SELL,
    USD,
    Person,
    every,
    limit,
    on_tick,
    quote_around,
    sized,
)
from tests.attacks.vault_arena import ALL, BASE, PASSIVE, QUOTE, VaultArena, near
from tests.attacks.vault_strategies import act

QUIET: dict[str, Any] = {"vamm_enabled": 0, "vamm_spread_steps": 0, "liquidation_auction": 0}
"""Settings under which only the vaults and the book trade."""


def burden(arena: VaultArena, rng: random.Random, most: int = 600) -> Person:
    """An honest trader gives the passive vault a position, at its quotes."""
    trader = arena.person(10**6)
    arena.oracle(arena.price, 1_000)
    for _ in range(rng.randint(1, 3)):
        arena.take(trader, rng.randrange(2), near(rng, most * LOT, LOT) // 10**6 * 10**6)
        arena.oracle(arena.price, 1_000)
    return trader


def stake(rng: random.Random, vault: int, most: int = 50_000) -> int:
    """What somebody deposits, in units of the vault's asset."""
    dollars = near(rng, most * USD, 10 * USD)
    return dollars * 10 if vault == BASE else dollars


def test_sandwiching_an_honest_depositor() -> None:
    """Trades, swaps, deposits and prices around somebody's deposit or exit bring nothing.

    Findings: M-1.
    """

    def play(rng: random.Random) -> None:
        fee = rng.choice([0, 0, 500])
        arena = VaultArena(taker_fee=fee, maker_rebate=fee // 5, pool_fee=rng.choice([0, 300]))
        arena.hold()
        maker, victim = arena.person(10**6), arena.rich(50_000, 500)
        first = arena.rich(50_000, 500)
        gang = [first, arena.account_of(first.owner, 20_000), arena.rich(50_000, 500)]
        arena.watch(*gang)
        vault = rng.choice(ALL)
        for _ in range(rng.choice([3, 6, 10])):
            kind = rng.randrange(6)
            if kind == 0 and arena.shares(victim, vault):
                arena.leave(victim, vault)
            elif kind <= 1:
                arena.join(victim, vault, stake(rng, vault, 5_000))
            elif kind == 2 and rng.random() < 0.5:
                arena.send_cancel(maker)
                arena.move(arena.price * rng.randint(980, 1_020) // 1_000)
                quote_around(arena, maker, 2_000, 20 * LOT)
            act(rng, arena, gang)
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())

    every(play)


def test_two_prices_deposit_low_withdraw_high() -> None:
    """Who knows the next price gets his part of the vault's own gain, less both fees; after a
    cooldown he has borne what came; of a hedged vault there is nothing to get.

    Findings: H-1.
    """

    def play(rng: random.Random) -> None:
        fee = rng.choice([0, 1_000, 10_000, 50_000])
        cooldown = rng.choice([0, 60_000])
        terms = {"deposit_fee": fee, "withdrawal_fee": fee, "cooldown_ms": cooldown}
        arena = VaultArena(passive=terms, hedged=terms, taker_fee=0, maker_rebate=0, **QUIET)
        arena.hold()
        burden(arena, rng)
        arena.trade(arena.rich(10**5, 0), BASE, SELL, 100 * LOT)
        arena.trade(arena.rich(10**5, 0), QUOTE, BUY, 100 * LOT)
        vault = rng.choice(ALL)
        attacker = arena.rich(60_000, 600)
        arena.watch(attacker)
        amount = stake(rng, vault)
        assert arena.join(attacker, vault, amount)
        part = arena.part(attacker.account, vault)
        held = arena.held(arena.row(vault).account) if vault != BASE else 0
        before = arena.price
        moved = rng.randint(-50_000, 50_000)
        arena.move(before + before * moved // 10**6)
        if arena.leave(attacker, vault) and cooldown:
            assert attacker.account.cash() <= 60_000 * USD
            arena.move(before)
            arena.oracle(before, cooldown)
            arena.tick()
        brought = amount * before // LOT if vault == BASE else amount
        # He owns a part of what he paid for coming.
        paid = brought * fee * (1 - part) / 10**6
        assert arena.profit() <= 1 - paid
        if vault != BASE and not arena.shares(attacker, vault):
            raw = attacker.account.cash() - 60_000 * USD
            change = arena.price if cooldown == 0 else before + before * moved // 10**6
            gain = part * held * (on_tick(change) - before) / LOT
            assert raw <= gain - paid + 2
            if vault == QUOTE:
                assert held == 0 and raw <= 0
            leverage = abs(held) * PRICE // LOT * 10**6 // (arena.assets(PASSIVE) // LOT + 1)
            if fee * 10**6 > leverage * abs(moved):
                assert raw <= 0
        arena.check()

    every(play)


def test_one_price_at_a_time() -> None:
    """Flows are no part of a batch, older prices change nothing, and flows wait for a price that is
    fresh and certain enough.

    Findings: H-1, #39, #128.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(**QUIET)
        arena.hold()
        burden(arena, rng)
        who = arena.rich(10**4, 100)
        assert arena.join(who, PASSIVE, 1_000 * USD)
        flow: commands.Command = commands.DepositVault(who.ident, PASSIVE, USD, 0)
        if rng.random() < 0.5:
            flow = commands.WithdrawVault(who.ident, PASSIVE, USD, 0)
        batch = commands.Batch(rng.random() < 0.5, [limit(who, BUY, LOT, 90 * USD), flow])
        assert arena.refused(batch, who.owner) == codes.BATCH_ITEM
        published = arena.published
        point = commands.PricePoint(0, 150 * USD, 0, published - rng.randint(0, 10))
        arena.must(commands.OraclePrices([point]), 1)
        assert arena.price == PRICE
        if not arena.base(arena.row(PASSIVE).account):
            return
        if rng.random() < 0.5:
            arena.now += 30_001
            assert arena.refused(flow, who.owner) == codes.ORACLE_INVALID
        else:
            unsure = PRICE * rng.randint(10_001, 19_999) // 10**6
            arena.now += 1_000
            arena.published = arena.now
            point = commands.PricePoint(0, PRICE, unsure, arena.now)
            arena.must(commands.OraclePrices([point]), 1)
            assert arena.refused(flow, who.owner) == codes.ORACLE_TOO_UNCERTAIN
        arena.oracle(PRICE, 1_000)
        arena.must(flow, who.owner)

    every(play)


def test_fleeing_before_a_known_loss() -> None:
    """What is asked for before a loss is paid in full, at most; with ``min_at_maturity`` the leaver
    bears his part of what was lost meanwhile, and not a unit more, however few stayed."""

    def play(rng: random.Random) -> None:
        bears = rng.random() < 0.7
        terms = {"cooldown_ms": 60_000, "min_at_maturity": int(bears)}
        arena = VaultArena(passive=terms, taker_fee=0, maker_rebate=0, **QUIET)
        stays = arena.rich(10**5, 0)
        assert arena.join(stays, PASSIVE, near(rng, 10**5 * USD, 100 * USD))
        flees = arena.rich(10**5, 0)
        assert arena.join(flees, PASSIVE, near(rng, 10**5 * USD, 100 * USD))
        trader = arena.person(10**6)
        side = rng.randrange(2)
        arena.oracle(PRICE, 1_000)
        if rng.random() < 0.5:
            arena.take(trader, side, near(rng, 300 * LOT, LOT // 10) // 10**6 * 10**6)
            arena.oracle(PRICE, 1_000)
        price = arena.price_of(PASSIVE)
        arena.leave_most(flees, PASSIVE)
        row = arena.state.liquidity.find(PASSIVE, flees.ident)
        assert row is not None
        left = sum(one.shares for one in row.unlocks)
        value = sum(one.value for one in row.unlocks)
        whole = arena.assets(PASSIVE)
        for _ in range(rng.randint(1, 3)):
            arena.take(trader, side, near(rng, 300 * LOT, LOT // 10) // 10**6 * 10**6)
            arena.oracle(on_tick(arena.price * (1_000 + (6 if side == BUY else -6)) // 1_000), 900)
        lost = max(0, whole - arena.assets(PASSIVE)) // LOT + 1
        before = flees.account.cash()
        arena.oracle(arena.price, 60_000)
        arena.tick()
        paid = flees.account.cash() - before
        assert paid <= value
        if bears:
            assert paid >= value - lost
            fair = arena.price_of(PASSIVE) * left / LOT
            assert paid <= fair + len(row.unlocks) + 11
        else:
            assert paid == value
        assert price > 0
        arena.check()

    every(play)


def test_arriving_before_somebody_elses_cut() -> None:
    """A deposit just before unlocks are cut gets no part of what they give back to the vault."""

    def play(rng: random.Random) -> None:
        terms = {"cooldown_ms": 60_000, "min_at_maturity": 1}
        arena = VaultArena(passive=terms, taker_fee=0, maker_rebate=0, **QUIET)
        stays, flees = arena.rich(10**5, 0), arena.rich(10**5, 0)
        assert arena.join(stays, PASSIVE, near(rng, 10**5 * USD, 1_000 * USD))
        assert arena.join(flees, PASSIVE, near(rng, 10**5 * USD, 1_000 * USD))
        trader = arena.person(10**6)
        arena.oracle(PRICE, 1_000)
        arena.take(trader, BUY, near(rng, 300 * LOT, LOT) // 10**6 * 10**6)
        arena.oracle(PRICE, 1_000)
        arena.leave_most(flees, PASSIVE)
        arena.oracle(105 * USD, 1_000)
        attacker = arena.rich(10**6, 0)
        arena.watch(attacker)
        arena.oracle(105 * USD, 58_999)
        assert arena.join(attacker, PASSIVE, near(rng, 10**6 * USD, 1_000 * USD))
        arena.now += 1
        arena.tick()
        arena.leave_most(attacker, PASSIVE)
        arena.oracle(105 * USD, 60_000)
        arena.tick()
        assert arena.profit() <= 12, arena.profit()  # a unit for each unlock that was cut
        arena.check()

    every(play)


def test_arriving_before_fees_and_funding() -> None:
    """A deposit just before income gets its part, less the fees; of one's own fees, a loss."""

    def play(rng: random.Random) -> None:
        charge = rng.choice([0, 100, 2_000])
        terms = {"deposit_fee": charge, "withdrawal_fee": charge}
        arena = VaultArena(
            passive=terms, hedged=terms, taker_fee=10_000, maker_rebate=rng.choice([0, 2_000]),
            split_vault=1_000_000, split_insurance=0, split_adjustments=0, split_funding=0,
            split_keepers=0, split_treasury=0,
        )  # fmt: skip
        arena.hold()
        vault = rng.choice(ALL)
        attacker, trader = arena.rich(60_000, 600), arena.rich(10**5, 1_000)
        own = rng.random() < 0.5
        arena.watch(*([attacker, trader] if own else [attacker]))
        amount = stake(rng, vault)
        assert arena.join(attacker, vault, amount)
        part = arena.part(attacker.account, vault)
        before = arena.assets(vault)
        size = sized(rng, 300)
        for side in rng.sample([BUY, SELL], 2):
            if vault == PASSIVE:
                arena.take(trader, side, size)
            else:
                arena.trade(trader, vault, side, size)
        if rng.random() < 0.5:
            arena.oracle(PRICE, 3_700_000)
            arena.tick()
        gain = part * (arena.assets(vault) - before) / LOT
        arena.leave_most(attacker, vault)
        if own:
            arena.go_home(attacker, trader)
            assert arena.profit() <= arena.excused()
        else:
            brought = amount * PRICE // LOT if vault == BASE else amount
            assert arena.profit() <= gain - brought * charge // 10**6 + 1
        arena.check()

    every(play)
