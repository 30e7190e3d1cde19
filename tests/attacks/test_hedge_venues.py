"""Attacks at the venue of a hedge: desks of one's own, dust of quotes and amounts, limits."""

from __future__ import annotations

import random

from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    LOT,
    PRICE,
    STEP,
    USD,
    every,
    on_tick,
    opposite,
    sized,
)
from tests.attacks.test_vault_flows import QUIET
from tests.attacks.vault_arena import ALL, BASE, ETH, HEDGED, QUOTE, VaultArena, near


def test_being_the_desk_that_hedges_oneself() -> None:
    """A taker whose other account is the desk of the hedge moves money between his accounts, within
    the slippage, and no depositor's.

    Findings: #89.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(
            hedged={"firm_quotes": 1, "hedge_slippage": rng.choice([5_000, 80_000])},
            taker_fee=0, maker_rebate=0, vamm_enabled=rng.randrange(2), vamm_spread_steps=0,
            liquidation_auction=0,
        )  # fmt: skip
        arena.hold()
        desk = arena.rich(10**5, 500)
        taker = arena.account_of(desk.owner, rng.choice([200, 20_000]))
        arena.watch(desk, taker)
        prices = [arena.price_of(one) for one in ALL]
        if rng.random() < 0.5:  # so that the pool is the worse venue
            arena.skew(desk, PRICE * rng.randint(900, 1_100) // 1_000)
        for _ in range(rng.randint(1, 3)):
            side, size = rng.randrange(2), sized(rng, 50)
            price = on_tick(PRICE * rng.randint(910_000, 1_090_000) // 10**6)
            for part in (size, near(rng, size), rng.randint(1, 1_000)):
                offer = commands.PostFirmQuote(
                    desk.ident, ETH, opposite(side), price, part, arena.now + rng.choice([1, 10**6])
                )
                arena.send(offer, desk.owner)
            arena.trade(taker, rng.choice(HEDGED), side, size)
            arena.oracle(PRICE, rng.choice([1, 1_000]))
            arena.tick()
        arena.skew(desk, PRICE)
        for before, one in zip(prices, ALL, strict=True):
            assert arena.price_of(one) >= before
        arena.go_home(desk, taker)
        arena.check()
        assert arena.profit() <= arena.excused() + 2, arena.profit()
        assert arena.debts == 0

    every(play)


def test_firm_quotes_cannot_be_filled_with_nothing() -> None:
    """Dust at a good price neither blocks a hedge nor is hedged for less than it costs."""

    def play(rng: random.Random) -> None:
        arena = VaultArena(hedged={"firm_quotes": 1}, **QUIET)
        arena.hold()
        desk, taker = arena.rich(10**5, 500), arena.rich(10**5, 0)
        arena.watch(desk)
        side = rng.randrange(2)
        for _ in range(rng.randint(1, 60)):
            price = PRICE * (10**6 + rng.randint(-19_000, 19_000)) // 10**6
            offer = commands.PostFirmQuote(
                desk.ident, ETH, opposite(side), price, rng.choice([1, 7, 10**4, 10**6]),
                arena.now + 10**6,
            )  # fmt: skip
            arena.send(offer, desk.owner)
        for vault in HEDGED:
            assert arena.trade(taker, vault, side, 10 * LOT) == (vault == (side == BUY) + 1)
        arena.go_home(desk)
        arena.check()
        assert arena.state.liquidity.escrow is None or not any(
            row.amount for row in arena.state.liquidity.escrow.balances
        )

    every(play, 500)


def test_dust_of_exact_amounts() -> None:
    """Whatever the decimals of the asset, and for exact base or exact quote, no unit of a vault is
    lost to rounding in thousands of fills.

    Findings: own-exact-dust.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(
            taker_fee=0, maker_rebate=0, min_notional=0, step=rng.choice([STEP, 10**5 * 10]),
            depth=rng.choice([1_000, 20_000]), **QUIET,
        )  # fmt: skip
        arena.hold()
        who = arena.rich(10**5, 0)
        arena.skew(arena.arbitrageur, rng.randint(99 * 10**6, 101 * 10**6))
        arena.watch(who)
        worths = {vault: arena.assets(vault) for vault in HEDGED}
        prices = {vault: arena.price_of(vault) for vault in HEDGED}
        for _ in range(60):
            vault, side = rng.choice(HEDGED), rng.randrange(2)
            if rng.random() < 0.5:
                arena.trade(who, vault, side, rng.randint(1, 10**6), quote=True)
            else:
                arena.trade(who, vault, side, rng.randint(1, 5) * STEP)
        for vault in HEDGED:
            assert arena.assets(vault) >= worths[vault]
            assert arena.price_of(vault) >= prices[vault]
        arena.check()

    every(play, 300)


def test_limits_bind_in_all_four_cases() -> None:
    """Buy or sell, for exact base or exact quote, the pool moved in between: nothing worse than the
    limit is filled, and a limit at what it came to is not in the way.

    Findings: #122.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(**QUIET)
        arena.hold()
        taker, mover = arena.rich(10**5, 0), arena.rich(10**6, 10**4)
        side, quote = rng.randrange(2), rng.random() < 0.5
        vault = QUOTE if side == BUY else BASE
        amount = rng.randint(11, 5_000) * USD if quote else rng.randint(1, 50) * LOT
        arena.skew(mover, PRICE * rng.randint(995, 1_005) // 1_000)
        tried = commands.TradeVault(taker.ident, vault, side, quote, amount, 0, False)
        (fill,) = [
            one
            for one in arena.engine.dry_run(tried, arena.now, taker.owner)
            if isinstance(one, events.Filled)
        ]
        other = fill.size if quote else fill.quote
        at_most = (side == BUY) != quote
        tight = rng.randint(0, 3)
        limit = other - tight if at_most else other + tight
        if rng.random() < 0.5:
            arena.skew(mover, PRICE * rng.randint(995, 1_005) // 1_000)
        if arena.trade(taker, vault, side, amount, quote=quote, limit=limit):
            (fill,) = arena.of(events.Filled)
            got = fill.size if quote else fill.quote
            assert got <= limit if at_most else got >= limit
            assert not quote or (fill.quote <= amount if side == BUY else fill.quote >= amount)
        else:
            assert arena.found[0].row()[1] == codes.SPOT_SLIPPAGE
        arena.check()

    every(play)
