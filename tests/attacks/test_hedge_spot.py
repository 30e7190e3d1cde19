"""Attacks on the spot leg: skewed pools, venues that diverge, desks of one's own, dust."""

from __future__ import annotations

import random
from fractions import Fraction

from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    PRICE,
    SELL,
    USD,
    Person,
    every,
    limit,
    on_tick,
    opposite,
    sized,
)
from tests.attacks.test_vault_flows import QUIET
from tests.attacks.vault_arena import ALL, BASE, ETH, HEDGED, QUOTE, VaultArena, near
from tests.attacks.vault_strategies import act


def directed(arena: VaultArena, who: Person, vault: int, side: int, size: int) -> bool:
    """Trade with a vault by an order directed at it, at any price in the band."""
    edges = arena.state.oracles[0]
    price = edges.high if side == BUY else edges.low
    maker = arena.row(vault).account.ident
    return arena.send(limit(who, side, size, price, tif=codes.IOC, maker=maker), who.owner)


def test_skewing_the_pool_around_a_fill() -> None:
    """Skew, open, restore, in a row, and close later: the attacker pays for it, never the vault; a
    hedge further from the oracle than the slippage is refused in either direction.

    Findings: M-8.
    """

    def play(rng: random.Random) -> None:
        slippage = rng.choice([5_000, 20_000, 80_000])
        arena = VaultArena(
            hedged={"hedge_slippage": slippage}, pool_fee=rng.choice([0, 0, 3_000]),
            depth=rng.choice([1_000, 20_000]), taker_fee=rng.choice([0, 500]), maker_rebate=0,
        )  # fmt: skip
        arena.hold()
        first = arena.rich(10**6, 5_000)
        gang = [first, arena.account_of(first.owner, rng.choice([500, 50_000]))]
        arena.watch(*gang)
        vault = rng.choice(HEDGED)
        prices = [arena.price_of(one) for one in ALL]
        for _ in range(rng.randint(1, 3)):
            off = rng.choice([rng.randint(-slippage, slippage), rng.randint(-90_000, 90_000)])
            arena.skew(first, PRICE * (10**6 + off) // 10**6)
            # What the pool asks or gives now, beyond what a fill of any size could.
            beyond = abs(arena.pool_price() - PRICE) * 10**6 > slippage * PRICE * 11 // 10
            size = sized(rng, 20)
            side = rng.randrange(2)
            if rng.random() < 0.7:
                filled = arena.trade(gang[1], vault, side, size)
            else:
                directed(arena, gang[1], vault, side, size)
                filled = any(one.source == codes.FROM_HEDGED for one in arena.of(events.Filled))
            assert not (filled and beyond and (off > 0) == (side == BUY)), (off, slippage)
            arena.skew(first, PRICE)
            assert arena.profit() <= arena.excused() + 2
        for vault_price, one in zip(prices, ALL, strict=True):
            assert arena.price_of(one) >= vault_price
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= arena.excused() + 2, (arena.profit(), arena.excused())

    every(play)


def test_opening_at_a_skewed_price_and_abandoning_the_account() -> None:
    """What the pool gains by a fill at a bad price is the taker's own: no account is born with less
    than its margin, and no bad debt is left behind.

    Findings: M-8, #91.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(
            hedged={"hedge_slippage": rng.choice([20_000, 80_000])},
            depth=rng.choice([500, 20_000]), imr=rng.choice([50_000, 100_000]), mmr=25_000,
            taker_fee=0, maker_rebate=0, **QUIET,
        )  # fmt: skip
        arena.hold()
        first = arena.rich(10**6, 5_000)
        thin = arena.account_of(first.owner, rng.randint(20, 500))
        arena.watch(first, thin)
        vault, side = rng.choice(HEDGED), rng.randrange(2)
        off = rng.randint(1_000, 90_000) * (1 if side == BUY else -1)
        arena.skew(first, PRICE * (10**6 + off) // 10**6)
        for size in (sized(rng, 60), sized(rng, 60)):
            if arena.trade(thin, vault, side, size):
                needed = abs(arena.base(thin.account)) * arena.price // LOT * arena.params.imr
                assert arena.own(thin.account) * 10**6 >= needed * LOT - 10**15
        arena.skew(first, PRICE)
        arena.send(commands.Liquidate(thin.ident, first.ident), first.owner)
        assert arena.debts == 0
        arena.go_home(first, thin)
        arena.check()
        assert arena.profit() <= 2, arena.profit()

    every(play)


def test_the_pool_and_the_oracle_diverge() -> None:
    """Open at a vault for the pool's price, close elsewhere for the oracle's: no more than an
    arbitrageur gets out of the pool by itself, and nothing from depositors.

    Findings: #136, #128.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(
            hedged={"hedge_slippage": 90_000, "undirected": rng.randrange(2)},
            taker_fee=rng.choice([0, 50]), maker_rebate=0, depth=rng.choice([1_000, 20_000]),
        )  # fmt: skip
        arena.hold()
        arena.oracle(PRICE, 1_000)
        who = arena.rich(10**6, 5_000)
        arena.skew(arena.arbitrageur, PRICE * rng.randint(940_000, 1_060_000) // 10**6)
        prices = [arena.price_of(one) for one in ALL]
        edge = above_curve(arena)
        arena.watch(who)
        for _ in range(rng.randint(1, 4)):
            vault, size = rng.choice(HEDGED), sized(rng, 40)
            side = BUY if arena.pool_price() < PRICE else SELL
            side = rng.choice([side, side, opposite(side)])
            if arena.trade(who, vault, side, size):
                held = arena.base(who.account)
                arena.take(who, SELL if held > 0 else BUY, abs(held), reduce_only=True)
        arena.go_home(who)
        arena.check()
        assert arena.profit() <= edge + arena.excused() + 1
        for before, one in zip(prices, ALL, strict=True):
            assert arena.price_of(one) >= before

    every(play)


def above_curve(arena: VaultArena) -> int:
    """What a pool is worth at the oracle beyond what it would be worth if it stood there (1e-6)."""
    pool = arena.state.liquidity.pools[0]
    x = arena.eth(pool.account) + pool.virtual_base
    y = (pool.account.cash() + pool.virtual_quote) * LOT
    low = isqrt_floor(4 * x * y * arena.price)
    return (x * arena.price + y - low) // LOT + 1


def isqrt_floor(value: int) -> int:
    """Square root of a large number, floored."""
    low, high = 0, 1 << ((value.bit_length() >> 1) + 1)
    while high - low > 1:
        middle = (low + high) >> 1
        low, high = (middle, high) if middle * middle <= value else (low, middle)
    return low


def test_sandwiching_a_leg_that_came_alone() -> None:
    """Deleveraging and rehedging trade for the vault's own account: whoever moves the pool around
    it gets at most the slippage on the size of the leg, and only that."""
    legs = 0

    def play(rng: random.Random) -> None:
        nonlocal legs
        slippage = rng.choice([5_000, 20_000])
        arena = VaultArena(
            hedged={"hedge_slippage": slippage}, pools=0, taker_fee=0, maker_rebate=0,
            liquidation_penalty=0, **QUIET,
        )  # fmt: skip
        arena.hold()
        arena.quote(weight=0)
        loser = arena.person(rng.randint(1_200, 2_000))
        vault = rng.choice(HEDGED)
        side = SELL if vault == BASE else BUY
        size = rng.randint(50, 95) * LOT
        assert arena.trade(loser, vault, side, size), arena.found[0].row()
        sign = -1 if side == BUY else 1
        price = on_tick(PRICE * (1_000 + sign * rng.randint(200, 500)) // 1_000)
        if rng.random() < 0.5:
            arena.move(price)
        else:
            arena.oracle(price, 1_000)
        gang = [arena.rich(10**7, 10**5)]
        if rng.random() < 0.5:
            arena.follow()
        # Where the pool still stands elsewhere, whoever comes first is paid for moving it.
        edge = above_curve(arena)
        arena.watch(*gang)
        held = arena.base(arena.row(vault).account)
        for _ in range(4):
            off = rng.randint(-slippage, slippage)
            arena.skew(gang[0], arena.price * (10**6 + off) // 10**6)
            arena.send(commands.Liquidate(loser.ident, gang[0].ident), gang[0].owner)
            legs += len(arena.of(events.VaultHedged))
            arena.send(commands.RehedgeVault(vault, gang[0].ident), gang[0].owner)
            legs += len(arena.of(events.VaultHedged))
            arena.skew(gang[0], arena.price)
        closed = abs(held) - abs(arena.base(arena.row(vault).account))
        bound = Fraction(closed * arena.price, LOT) * slippage / 10**6
        assert arena.profit() <= bound + edge + 2, (arena.profit(), bound)
        arena.check()

    every(play)
    assert legs > 100, legs


def test_nothing_reaches_a_pool_without_a_swap() -> None:
    """Nobody but the operator adds to a pool or takes from it, and a swap never lowers its product:
    there is no donation that would move a hedge.

    Findings: own-cap-donation.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(pool_fee=rng.choice([0, 3_000]))
        arena.hold()
        who = arena.rich(10**5, 1_000)
        pool = arena.state.liquidity.pools[0]
        tried: list[commands.Command] = [
            commands.Transfer(who.ident, pool.account.ident, ETH, LOT),
            commands.AddSpotLiquidity(who.ident, 0, LOT, 0),
            commands.RemoveSpotLiquidity(who.ident, 0, LOT, 0),
            commands.Transfer(who.ident, arena.row(QUOTE).account.ident, 0, USD),
            commands.Withdraw(pool.account.ident, ETH, LOT, "p"),
        ]
        for command in tried:
            arena.refused(command, who.owner)
        arena.refused(commands.Deposit(pool.account.ident, ETH, LOT, "d"), OPERATOR)
        arena.refused(commands.Deposit(arena.row(BASE).account.ident, ETH, LOT, "e"), OPERATOR)
        arena.watch(who)
        for _ in range(20):
            asset = rng.choice([0, ETH])
            most = who.account.cash() if asset == 0 else arena.eth(who.account)
            out = rng.random() < 0.5
            amount = near(rng, 1_000 * LOT if out else max(1, most))
            arena.send(commands.SwapSpot(who.ident, 0, asset, out, amount, 0), who.owner)
        arena.skew(who, PRICE)
        assert arena.profit() <= 2
        arena.check()

    every(play, 500)


def test_a_vault_is_a_dead_end_for_nobody() -> None:
    """A pool that is emptied, or skewed past the slippage, leaves orders the other ways to go.

    Findings: M-5.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(depth=rng.choice([500, 2_000]), hedged={"hedge_slippage": 10_000})
        arena.hold()
        arena.oracle(PRICE, 1_000)
        taker = arena.rich(10**5, 0)
        vault = rng.choice(HEDGED)
        side = SELL if vault == BASE else BUY
        size = rng.randint(1, 3) * LOT
        assert arena.trade(taker, vault, side, size)
        attacker = arena.rich(10**7, 10**5)
        arena.follow()
        arena.watch(attacker)
        if not arena.skew(attacker, PRICE * rng.choice([500, 950, 1_050, 1_900]) // 1_000):
            return  # more than the pool really has
        assert not arena.trade(taker, vault, opposite(side), size, reduce_only=True)
        kept = arena.base(taker.account)
        assert directed(arena, taker, vault, opposite(side), size)
        assert abs(arena.base(taker.account)) < abs(kept)
        assert arena.row(vault).effective_mode() == codes.ACTIVE
        arena.skew(attacker, PRICE)
        assert arena.profit() <= 2
        act(rng, arena, [attacker])
        arena.must(commands.Tick(64), KEEPER)
        arena.check()

    every(play)
