"""Attacks on vaults by breakers: the exchange's, and their own. Tiny trades, shares that come and
go, donations, hedges to use up what may be hedged. A depositor gets out, a taker gets rid of what
he has, and nobody gains by it.
"""

from __future__ import annotations

import random
from typing import Any

from plimsoll.core import vault_money
from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import VaultParams
from tests.attacks.arena import (
    BUY,
    LOT,
    OPERATOR,
    PRICE,
    SELL,
    STEP,
    USD,
    around,
    every,
    opposite,
    sized,
)
from tests.attacks.breaker_arena import COOLDOWN, HELD, MINUTE, PAID, QUIET, WINDOW, Walled
from tests.attacks.test_breaker import WHOLE, spare
from tests.attacks.vault_arena import BASE, HEDGED, PASSIVE, QUOTE, VaultArena, near

HOLD = 300_000


def test_leaving_while_nothing_leaves() -> None:
    """While withdrawals are held a depositor still ends what he is exposed to: his shares are burnt
    at the price of now, his position is closed, what he gets waits, and no price changes it.

    Findings: #113.
    """

    def play(rng: random.Random) -> None:
        arena = Walled(**WHOLE)
        guest = arena.rich(60_000, 100)
        other = arena.rich(10**6, 0)
        for vault, amount in ((PASSIVE, 10_000 * USD), (BASE, 50 * LOT), (QUOTE, 10_000 * USD)):
            assert arena.join(guest, vault, amount)
        arena.hold()
        size = 20 * LOT
        assert arena.trade(guest, QUOTE, BUY, size)
        arena.limit()
        assert arena.takes(other, arena.spare_now() + 1) == HELD
        assert arena.exchange_mode == codes.TRIPPED
        assert arena.trade(guest, QUOTE, SELL, size, reduce_only=True), arena.found[0].row()
        for vault in (PASSIVE, BASE, QUOTE):
            assert arena.leave(guest, vault), [e.row() for e in arena.found]
        if arena.eth(guest.account):
            assert arena.swap(guest, SELL, arena.eth(guest.account))
        have = guest.account.cash()
        assert arena.takes(guest, have) == HELD
        (claim,) = arena.claims_of(guest)
        for _ in range(3):
            arena.wait(MINUTE, around(rng, arena.price, 50_000))
            assert arena.own(guest.account) == 0
            assert arena.state.guard.held[claim].amount == have
        if rng.random() < 0.5:
            assert arena.take_back(guest, claim) and guest.account.cash() == have
        else:
            arena.wait(COOLDOWN)
            arena.tick()
            assert not arena.claims_of(guest) and arena.exchange_mode == codes.NORMAL
        arena.check()

    every(play, 100)


def test_a_hedge_needs_no_quota() -> None:
    """With nothing left to leave, and with the breaker tripped, either side of either hedged vault
    is as open as the other: hedges are made inside, and what reduces passes.

    Findings: known-7.
    """

    def play(rng: random.Random) -> None:
        arena = Walled(**WHOLE)
        arena.hold(10_000, 1_000, 100_000)
        taker, thief = arena.rich(10**5, 100), arena.rich(10**6, 0)
        arena.limit()
        assert arena.takes(thief, arena.spare_now()) == PAID
        assert spare(arena) == 0
        size = rng.randint(2, 12) * LOT
        for vault, side in ((BASE, SELL), (QUOTE, BUY)):
            back = BUY if side == SELL else SELL
            assert arena.trade(taker, vault, side, size), [e.row() for e in arena.found]
            half = size // 2 // STEP * STEP
            assert arena.trade(taker, vault, back, half), [e.row() for e in arena.found]
            if vault == QUOTE:
                assert arena.takes(thief, 1) == HELD
                assert arena.exchange_mode == codes.TRIPPED
                more = commands.TradeVault(taker.ident, vault, side, False, size, 0, False)
                assert arena.refused(more, taker.owner) == codes.EXCHANGE_MODE
            assert arena.trade(taker, vault, back, size - half, reduce_only=True)
        room = spare(arena)
        assert room == 0 and arena.base(taker.account) == 0
        assert not arena.of(events.BreakerMoved)
        arena.check()

    every(play, 100)


def terms(arena: VaultArena, vault: int, **changes: Any) -> None:
    """Other terms of a vault."""
    params = arena.row(vault).params
    row = dict(zip([name for name, _ in VaultParams.FIELDS], params.row(), strict=True))
    made = VaultParams(**{**row, **changes})
    arena.must(commands.SetVaultParams(vault, made), OPERATOR)


def adding(vault: int) -> int:
    """The side of a taker that adds to a hedged vault's position."""
    return SELL if vault == BASE else BUY


def moved(arena: VaultArena) -> list[tuple[int, int, int]]:
    """How breakers of vaults moved in the last command: vault, mode, cause."""
    return [(e.vault, e.mode, e.cause) for e in arena.of(events.VaultBreakerMoved)]


def test_trades_flip_no_vault() -> None:
    """Whoever trades with a vault, however little at a time and at whatever price of the pool, does
    not trip its breaker: a fill past a threshold is refused, and one that reduces is not."""
    refused: list[int] = []

    def play(rng: random.Random) -> None:
        used = rng.choice([100_000, 300_000])
        arena = VaultArena(**QUIET, hedged={
            "util_max": used, "min_margin_ratio": rng.choice([1, 500_000, 3_000_000]),
            "drawdown_max": 1_000, "undirected": rng.randrange(2)})  # fmt: skip
        arena.hold(0, 300, 30_000)
        gang = [arena.rich(20_000, 200) for _ in range(2)]
        arena.watch(*gang)
        for _ in range(rng.randint(5, 30)):
            who, vault = rng.choice(gang), rng.choice(HEDGED)
            side = rng.choice([adding(vault), adding(vault), opposite(adding(vault))])
            if rng.random() < 0.2:
                arena.skew(who, around(rng, PRICE, 15_000))
            size = rng.choice([200 * STEP, sized(rng, 60)])
            if not arena.trade(who, vault, side, size):
                refused.append(arena.of(events.Rejected)[0].code)
                if side == opposite(adding(vault)):
                    assert refused[-1] not in (codes.VAULT_UTILISATION, codes.VAULT_MODE)
            for ident in HEDGED:
                row = arena.row(ident)
                assert row.guard.mode == codes.NORMAL
                assert vault_money.utilisation(arena.state, row) <= used
            if rng.random() < 0.1:
                arena.oracle(PRICE, rng.choice([1, MINUTE]))
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= 5, arena.profit()

    every(play, 500)
    assert refused.count(codes.VAULT_UTILISATION) > 200


def test_exits_that_trip_a_vault() -> None:
    """Who has most of a vault and leaves it trips its breaker; what reduces still passes, honest
    depositors get out as far as there is anything, nobody is released early by asking, and it is
    normal again once it has been well for as long as it must.
    """
    seen: list[int] = []

    def play(rng: random.Random) -> None:
        arena = VaultArena(**QUIET, hedged={"util_max": 400_000, "breaker_hold_ms": HOLD})
        arena.hold(0, 100, 10_000)
        honest = arena.rich(50_000, 500)
        assert arena.join(honest, BASE, 20 * LOT) and arena.join(honest, QUOTE, 2_000 * USD)
        gang = [arena.rich(200_000, 1_000) for _ in range(2)]
        arena.watch(*gang)
        vault = rng.choice(HEDGED)
        brought = 100 * (LOT if vault == BASE else 100 * USD)
        assert arena.join(gang[0], vault, brought)
        size = rng.randint(50, 80) * LOT
        for _ in range(4):
            arena.trade(gang[1], vault, adding(vault), size // 4 - size // 4 % STEP)
            arena.follow()
        arena.leave_most(gang[0], vault)
        row = arena.row(vault)
        if row.guard.mode == codes.NORMAL:
            arena.oracle(PRICE, 1_000)
        seen.append(row.guard.mode)
        if row.guard.mode == codes.TRIPPED:
            more = commands.TradeVault(gang[1].ident, vault, adding(vault), False, LOT, 0, False)
            assert arena.refused(more, gang[1].owner) == codes.VAULT_MODE
            come = commands.DepositVault(honest.ident, vault, LOT, 0)
            assert arena.refused(come, honest.owner) == codes.VAULT_MODE
            shares = arena.shares(honest, vault)
            assert arena.leave(honest, vault, shares // 10), arena.found[0].row()
            held = abs(arena.base(gang[1].account))
            assert arena.trade(gang[1], vault, opposite(adding(vault)), held, reduce_only=True)
            calm = arena.now
            for _ in range(4):
                arena.oracle(PRICE, rng.randint(1, HOLD // 2))
                arena.send(commands.ReviewBreaker(vault), gang[0].owner)
                early = arena.now - calm < HOLD
                assert (row.guard.mode == codes.TRIPPED) == early
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= 5, arena.profit()

    every(play, 300)
    assert seen.count(codes.TRIPPED) > 100, seen.count(codes.TRIPPED)


def test_a_donation_poisons_no_mark() -> None:
    """Who raises the highest value of a share by paying fees and losing trades does not trip the
    breaker by what he does next: what was given stays in the share, whoever leaves or comes."""
    raised: list[int] = []

    def play(rng: random.Random) -> None:
        fees = {"deposit_fee": rng.choice([0, 50_000]), "withdrawal_fee": rng.choice([0, 50_000])}
        down = {"drawdown_max": 1_000, **fees}
        arena = VaultArena(**QUIET, passive=down, hedged=down,
                           quotes={"half_spread": rng.choice([1_000, 20_000])})  # fmt: skip
        gang, victim = arena.rich(50_000, 500), arena.rich(50_000, 500)
        vault = rng.choice([PASSIVE, BASE, QUOTE])
        unit = LOT if vault == BASE else 100 * USD
        assert arena.join(gang, vault, near(rng, 100 * unit, 10**6))
        if rng.random() < 0.5:
            assert arena.join(victim, vault, 10 * unit)
        before = arena.row(vault).guard.high
        for _ in range(rng.randint(1, 10)):
            if vault == PASSIVE:
                arena.take(gang, rng.randrange(2), sized(rng, 10))
            else:
                arena.trade(gang, vault, rng.randrange(2), sized(rng, 10))
                arena.follow()
            if rng.random() < 0.5:
                arena.join(gang, vault, near(rng, 20 * unit, 10**6))
            if rng.random() < 0.3:
                arena.leave_most(gang, vault)
            if rng.random() < 0.5:
                arena.oracle(PRICE, 1_000)
            assert all(row.guard.mode == codes.NORMAL for row in arena.state.liquidity.vaults)
        arena.unwind(gang)
        arena.leave_most(gang, vault)
        assert arena.join(victim, vault, 10 * unit), arena.found[0].row()
        arena.oracle(PRICE, 1_000)
        raised.append(int(arena.row(vault).guard.high > before))
        assert arena.row(vault).guard.mode == codes.NORMAL
        arena.leave_most(victim, vault)
        arena.check()

    every(play, 500)
    assert sum(raised) > 100


def test_using_up_what_may_be_hedged() -> None:
    """Who trades to and fro uses up what a vault may hedge within a window, at his cost; nobody is
    kept from reducing by it, hedges never go past it, and it comes back with the window.
    """
    told: list[int] = []

    def play(rng: random.Random) -> None:
        most = rng.randint(500, 5_000) * USD
        arena = VaultArena(**QUIET, pool_fee=300, hedged={"hedge_window_max": most})
        arena.hold(0, 1_000, 100_000)
        honest, gang = arena.rich(20_000, 200), arena.rich(20_000, 200)
        vault = rng.choice(HEDGED)
        side = adding(vault)
        small = 2 * LOT
        assert arena.trade(honest, vault, side, small)
        arena.watch(gang)
        used = sum(e.quote for e in arena.of(events.VaultHedged))
        for _ in range(40):
            size = sized(rng, 20)
            if not arena.trade(gang, vault, side, size):
                told.append(arena.of(events.Rejected)[0].code)
                if told[-1] == codes.HEDGE_QUOTA:
                    break
                continue
            used += sum(e.quote for e in arena.of(events.VaultHedged))
            assert used <= most
            assert arena.trade(gang, vault, opposite(side), size, reduce_only=True)
        assert arena.trade(honest, vault, opposite(side), small, reduce_only=True)
        arena.now += WINDOW
        arena.oracle(PRICE)
        arena.follow()
        assert arena.trade(honest, vault, side, small), arena.found[0].row()
        arena.go_home(gang)
        arena.check()
        assert arena.profit() <= 5, arena.profit()

    every(play, 200)
    assert told.count(codes.HEDGE_QUOTA) > 100


def test_a_loss_that_tripped_a_vault() -> None:
    """Tripped by what a share has lost, a vault lets its depositors out at what it is worth, takes
    nobody in, and stays so until that is made up or its operator has seen it: no review, trade,
    exit or dust deposit makes it measure anew."""
    tripped: list[int] = []

    def play(rng: random.Random) -> None:
        arena = VaultArena(**QUIET, passive={"drawdown_max": 10_000, "breaker_hold_ms": HOLD},
                           quotes={"half_spread": 500})  # fmt: skip
        honest, gang = arena.hold(20_000, 0, 0), arena.rich(10**5, 0)
        assert arena.join(gang, PASSIVE, 1_000 * USD)
        arena.oracle(PRICE, 1_000)
        side = rng.randrange(2)
        assert arena.take(gang, side, 100 * LOT)
        row = arena.row(PASSIVE)
        price = PRICE
        for _ in range(10):
            step = PRICE * rng.randint(5_000, 20_000) // 10**6
            price += step if side == BUY else -step
            arena.oracle(price // 10_000 * 10_000, 1_000)
            if row.guard.mode != codes.NORMAL:
                break
        if row.guard.mode == codes.NORMAL:
            return
        tripped.append(1)
        high = row.guard.high
        for _ in range(rng.randint(1, 6)):
            pick = rng.random()
            if pick < 0.3:
                come = commands.DepositVault(gang.ident, PASSIVE, rng.choice([1, USD]), 0)
                assert arena.refused(come, gang.owner) == codes.VAULT_MODE
            elif pick < 0.6:
                assert arena.leave(gang, PASSIVE, max(1, arena.shares(gang, PASSIVE) // 3))
            elif pick < 0.8:
                arena.oracle(arena.price, 2 * HOLD)
                arena.send(commands.ReviewBreaker(PASSIVE), gang.owner)
            else:
                arena.take(gang, rng.randrange(2), sized(rng, 5))
            assert row.guard.mode == codes.TRIPPED and row.guard.high == high
        before, part = honest.account.cash(), arena.part(honest.account, PASSIVE)
        worth = part * (arena.assets(PASSIVE) + arena.virtual(PASSIVE)[0]) / LOT
        arena.leave_most(honest, PASSIVE)
        assert honest.account.cash() > before
        left = arena.shares(honest, PASSIVE)
        assert honest.account.cash() - before <= worth and (left == 0 or arena.base(row.account))
        arena.check()

    every(play, 300)
    assert len(tripped) > 200
