"""Attacks on the exits of depositors: capacity, dust, limits, modes, lists, losses."""

from __future__ import annotations

import random

from plimsoll.core import vault_money
from plimsoll.messages import codes, commands
from plimsoll.messages.vault_params import VaultParams
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    PRICE,
    SELL,
    STEP,
    USD,
    Person,
    every,
    on_tick,
    opposite,
)
from tests.attacks.test_vault_flows import QUIET, stake
from tests.attacks.vault_arena import ALL, BASE, HEDGED, QUOTE, VaultArena, near


def opening(vault: int) -> int:
    """The side of a taker that uses a hedged vault up."""
    return SELL if vault == BASE else BUY


def use_up(arena: VaultArena, who: Person, vault: int) -> None:
    """Trade with a vault until it has nothing left to give."""
    row = arena.row(vault)
    size = 4_096 * STEP
    while size > 0:
        if not arena.trade(who, vault, opening(vault), size):
            size //= 2 * STEP
            size *= STEP
    assert vault_money.payable(arena.state, row) * PRICE < 100 * USD * LOT or vault == QUOTE


def test_capacity_is_no_lock() -> None:
    """An attacker uses a hedged vault up, so that nothing can be paid out: it costs him, and a
    depositor frees what is his by trading the vault back and closing elsewhere.

    Findings: #21.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(
            vamm_sqrt_k=10_000 * LOT, depth=200_000, taker_fee=500, maker_rebate=0, vamm_enabled=1
        )
        maker = arena.person(10**7)
        vault = rng.choice(HEDGED)
        amount = rng.randint(5, 20) * 100 * (LOT // 100 if vault == BASE else USD)
        saver = arena.rich(10_000, 0)
        arena.put_eth(saver.ident, amount if vault == BASE else LOT)
        if vault == QUOTE:
            arena.put(saver.ident, amount)
        assert arena.join(saver, vault, amount)
        attacker = arena.rich(10**6, 0)
        arena.watch(attacker)
        use_up(arena, attacker, vault)
        assert arena.profit() < 0
        assert not arena.trade(attacker, vault, opening(vault), 10 * LOT)
        claim = arena.part(saver.account, vault) * (arena.assets(vault) + arena.virtual(vault)[0])
        back = opposite(opening(vault))
        held = abs(arena.base(arena.row(vault).account))
        part = rng.randint(1, 100)
        size = held * part // 100 // STEP * STEP
        if size * PRICE < 11 * USD * LOT:
            return
        assert arena.trade(saver, vault, back, size)
        arena.leave_most(saver, vault)
        paid = arena.eth(saver.account) * PRICE if vault == BASE else 0
        assert paid + saver.account.cash() * LOT >= claim * part * 98 // 10_000
        # Elsewhere: an honest maker a half percent off.
        price = on_tick(PRICE * (995 if back == BUY else 1_005) // 1_000)
        arena.place(maker, back, size, price)
        assert arena.take(saver, opposite(back), size, price, reduce_only=True)
        assert arena.base(saver.account) == 0
        arena.check()

    every(play, 600)


def test_dust_does_not_block_exits() -> None:
    """A position of the least size there is, opened by anybody, holds back no more than itself.

    Findings: #21.
    """

    def play(rng: random.Random) -> None:
        least_order = rng.choice([0, 10 * USD])
        arena = VaultArena(taker_fee=0, maker_rebate=0, min_notional=least_order, **QUIET)
        savers = [arena.hold(10_000, 100, 10_000) for _ in range(rng.randint(1, 3))]
        arena.oracle(PRICE, 1_000)
        attacker = arena.rich(1_000, 1)
        least = max(STEP, -(-arena.params.min_notional * LOT // PRICE // STEP) * STEP)
        for vault in HEDGED:
            assert arena.trade(attacker, vault, opening(vault), least), arena.found[0].row()
        arena.take(attacker, rng.randrange(2), least)
        # A reduction may leave less than the least order: one step.
        if rng.random() < 0.5 and least > STEP:
            for vault in HEDGED:
                arena.trade(attacker, vault, opposite(opening(vault)), least - STEP,
                            reduce_only=True)  # fmt: skip
        for who in savers:
            for vault in ALL:
                before = arena.shares(who, vault)
                arena.leave_most(who, vault)
                left = arena.shares(who, vault) * arena.price_of(vault)
                # What the position holds back, of the passive vault its requirement.
                assert left <= 2 * least * PRICE + 2 * USD * LOT, (vault, before)
        arena.check()

    every(play, 400)


def test_limits_never_block_what_reduces() -> None:
    """Below the minimum margin ratio, restricted, at any price: a taker closes against his vault.

    Findings: known-12, M-12.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(hedged={"min_margin_ratio": rng.choice([500_000, 950_000])}, **QUIET)
        arena.hold()
        vault = rng.choice(HEDGED)
        side = opening(vault)
        taker = arena.rich(10**5, 0)
        assert arena.trade(taker, vault, side, rng.randint(1, 200) * LOT)
        for _ in range(rng.randint(1, 6)):
            arena.move(arena.price * rng.choice([900, 930, 1_070, 1_100]) // 1_000)
        if abs(arena.pool_price() - arena.price) * 1_000 > arena.price:
            return  # more than the pool really has: it could not follow
        if rng.random() < 0.5:
            mode = rng.choice([codes.RESTRICTED, codes.REDUCE_ONLY])
            arena.must(commands.SetVaultMode(vault, mode), OPERATOR)
        held = arena.base(taker.account)
        part = near(rng, abs(held), STEP) // STEP * STEP
        for size in (part, abs(held) - part):
            if size:
                done = arena.trade(taker, vault, opposite(side), size, reduce_only=True)
                assert done, arena.found[0].row()
                arena.follow()
        assert arena.base(taker.account) == 0
        arena.check()

    every(play)


def test_modes_and_lists_trap_no_depositor() -> None:
    """Taken off the list, in any mode of the vault or the market, with the cap reached, without a
    price: who has shares leaves, for as much as he would have.

    Findings: own-lp-list.
    """

    def play(rng: random.Random) -> None:
        listed = {"depositors_listed": 1, "takers_listed": 1}
        cap = rng.choice([0, 1])
        arena = VaultArena(passive={"depositors_listed": 1}, hedged=listed, **QUIET)
        vault = rng.choice(ALL)
        who, late = arena.rich(10**5, 1_000), arena.rich(10**5, 1_000)
        amount = stake(rng, vault)
        assert not arena.join(who, vault, amount)
        assert arena.found[0].row()[1] == codes.NOT_WHITELISTED
        arena.must(commands.SetVaultWhitelist(vault, who.ident, True), OPERATOR)
        assert arena.join(who, vault, amount)
        arena.must(commands.SetVaultWhitelist(vault, who.ident, False), OPERATOR)
        if cap:
            values = arena.row(vault).params.row()
            names = [name for name, _ in VaultParams.FIELDS]
            params = VaultParams(**{**dict(zip(names, values, strict=True)), "deposit_cap": 1})
            arena.must(commands.SetVaultParams(vault, params), OPERATOR)
        arena.must(commands.SetVaultMode(vault, rng.randrange(4)), OPERATOR)
        arena.must(commands.SetMarketMode(0, rng.randrange(4)), OPERATOR)
        if rng.random() < 0.5:
            arena.now += 10**7  # no price is needed to value what no price moves
        assert not arena.join(late, vault, amount)
        before = (who.account.cash(), arena.eth(who.account))
        assert arena.leave(who, vault), arena.found[0].row()
        got = (
            arena.eth(who.account) - before[1]
            if vault == BASE
            else (who.account.cash() - before[0])
        )
        assert amount - 10 <= got <= amount
        arena.check()

    every(play)


def test_a_solvent_hedged_vault_can_always_fill() -> None:
    """After a rise whose gain nobody has paid it yet, new takers still buy from a hedged vault: its
    cash follows its fills, and no loser can hold it up by not closing.

    Findings: own-liveness.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(taker_fee=0, maker_rebate=0, **QUIET)
        arena.hold()
        vault = rng.choice(HEDGED)
        side = opening(vault)
        loser = arena.person(50_000)
        size = rng.randint(2, 100) * LOT
        assert arena.trade(loser, vault, side, size)
        rises = 1 if vault == BASE else -1
        for _ in range(rng.randint(1, 4)):
            arena.move(arena.price * (100 + rises * rng.randint(1, 6)) // 100)
        fresh = arena.person(50_000)
        wanted = rng.randint(1, size // LOT) * LOT
        assert arena.trade(fresh, vault, opposite(side), wanted), arena.found[0].row()
        arena.leave_most(arena.hold(0, 10, 1_000), vault)
        assert arena.base(loser.account) and arena.base(fresh.account)
        arena.check()

    every(play)


def test_a_crowd_cannot_stop_anybody_by_unlocks() -> None:
    """Unlocks of others, any number of them, delay none: each is paid when it is due, once."""

    def play(rng: random.Random) -> None:
        terms = {"cooldown_ms": 60_000, "max_unlocks": rng.randint(1, 10)}
        arena = VaultArena(passive=terms, hedged=terms, **QUIET)
        vault = rng.choice(ALL)
        crowd = [arena.rich(100, 1) for _ in range(rng.randint(2, 6))]
        victim = arena.rich(1_000, 10)
        for who in [*crowd, victim]:
            assert arena.join(who, vault, (LOT if vault == BASE else 100 * USD) // 2)
        waits = 0
        for who in crowd:
            for _ in range(rng.randint(1, 12)):
                waits += arena.leave(who, vault, rng.randint(1, 10**6))
                arena.now += rng.randint(0, 100)
        before = victim.account.cash() + arena.eth(victim.account)
        assert arena.leave(victim, vault)
        assert victim.account.cash() + arena.eth(victim.account) == before
        due = arena.now + 60_000
        arena.oracle(PRICE, 59_999)
        claim = commands.ClaimUnlocks(victim.ident, vault)
        assert arena.refused(claim, victim.owner) == codes.UNLOCK_NOT_DUE
        arena.now = due
        if rng.random() < 0.5:
            arena.must(claim, victim.owner)
        else:
            while arena.state.liquidity.due_unlock(arena.now) is not None:
                arena.must(commands.Tick(rng.randint(1, 20)), KEEPER)
        paid = victim.account.cash() + arena.eth(victim.account) - before
        half = (LOT if vault == BASE else 100 * USD) // 2
        assert half - 12 <= paid <= half
        assert arena.refused(claim, victim.owner) == codes.UNLOCK_NOT_DUE
        assert waits
        arena.check()

    every(play)
