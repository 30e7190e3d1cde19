"""Dust: ten thousand tiny trades that hope for one unit of rounding each."""

from __future__ import annotations

import random

from plimsoll.core import curve
from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    LOT,
    PRICE,
    SELL,
    TICK,
    USD,
    Arena,
    every,
    opposite,
    pair_up,
    quote_around,
)

TRADES = 10_000
ROUNDS = 40


def tiny(rng: random.Random, **changes: int) -> Arena:
    """A market where the smallest step is worth a few units of quote, with uneven settings."""
    values = {
        "tick": 1_000, "step": 10**6, "min_notional": 0, "auction": 0, "funding_period_s": 0,
        "taker_fee": rng.choice([0, 0, 1, 333, 500]), "vamm_peg": PRICE + rng.randint(0, 99_999),
        "vamm_sqrt_k": rng.randint(1_001, 10_000) * LOT + rng.randint(0, 10**6) * 1_000,
        "vamm_base_spread": rng.choice([41, 50, 500]), "vamm_spread_steps": 0, "repeg": 0,
        "maker_rebate": 0,
    }  # fmt: skip
    return Arena(**{**values, **changes})


def test_rounding_of_the_vamm() -> None:
    """Buys and sells of the smallest size, in any order: every round trip costs."""

    def play(rng: random.Random, trades: int) -> None:
        arena = tiny(rng)
        gang = arena.person(10**4)
        arena.watch(gang)
        limits = {BUY: arena.state.oracles[0].high, SELL: arena.state.oracles[0].low}
        size = rng.randint(1, 3) * 10**6
        held = 0
        last = 0
        for at in range(trades):
            side = at % 2 if rng.random() < 0.8 else rng.randrange(2)
            arena.take(gang, side, size, limits[side])
            held = arena.base(gang.account)
            if held == 0:
                now = arena.profit()
                assert now <= last
                last = now
            if at % 250 == 0:
                arena.oracle(PRICE, 1_000)
        arena.unwind(gang)
        arena.check()
        assert held == 0 or arena.base(gang.account) == 0
        assert arena.profit() <= 0, arena.profit()

    every(lambda rng: play(rng, ROUNDS))
    play(random.Random(1), TRADES)


def test_rounding_of_fees_and_rebates() -> None:
    """Fees round up and rebates down: to split a trade into crumbs never saves, for two owners."""

    def play(rng: random.Random, trades: int) -> None:
        fee = rng.choice([1, 7, 333, 500])
        arena = tiny(rng, taker_fee=fee, maker_rebate=rng.choice([fee, fee // 2]))
        gang = [arena.person(10**4) for _ in range(2)]
        arena.watch(*gang)
        keepers = arena.state.accounts[codes.KEEPER_ACCOUNT].cash()
        for at in range(trades // 2):
            size = rng.randint(1, 9) * 10**6
            maker, taker = gang if at % 2 else gang[::-1]
            price = PRICE + rng.randint(-50, 50) * 1_000
            arena.place(maker, opposite(BUY), size, price)
            arena.take(taker, BUY, size, price)
            assert arena.profit() <= arena.excused()
        assert arena.state.accounts[codes.KEEPER_ACCOUNT].cash() >= keepers
        arena.unwind(*gang)
        arena.check()
        # The peg stands a little off the oracle: what that gives is no rounding.
        assert arena.profit() <= arena.excused(), arena.profit()

    every(lambda rng: play(rng, ROUNDS))
    play(random.Random(2), TRADES)


def test_rounding_of_the_spread() -> None:
    """Splitting a trade against the quoted reserves never beats the curve without a spread."""

    def play(rng: random.Random) -> None:
        arena = tiny(rng)
        vamm = arena.state.vamms[0]
        side = rng.randrange(2)
        size = rng.randint(1, 500) * 10**6
        x, y = vamm.x, vamm.y
        whole = curve.swap(x, y, vamm.sqrt_k, vamm.peg, side, size)
        exact = curve.plain_quote(y, whole.y, vamm.peg, side)
        gang = arena.person(10**5)
        arena.watch(gang)
        before = gang.account.cash()
        left = size
        while left > 0:
            part = min(left, rng.randint(1, 100) * 10**6)
            assert arena.take(gang, side, part)
            left -= part
        spent = before - gang.account.cash()
        held = arena.base(gang.account)
        assert abs(held) == size
        assert spent >= exact - 1 if side == BUY else -spent <= exact + 1

    every(play)


def test_rounding_of_funding() -> None:
    """Settled at every update or once, split over accounts or not: the pool never pays rounding."""

    def play(rng: random.Random, periods: int) -> None:
        arena = tiny(rng, funding_period_s=3_600, vamm_sqrt_k=1_000 * LOT)
        honest = [arena.person(10**5) for _ in range(2)]
        arena.take(honest[0], rng.randrange(2), 50 * LOT)
        gang = [arena.person(10**4) for _ in range(4)]
        size = rng.randint(1, 9) * 10**6
        pair_up(arena, gang[0], gang[1], size)
        pair_up(arena, gang[2], gang[3], size)
        arena.watch(*gang)
        for _ in range(periods):
            arena.oracle(PRICE, 3_600_000)
            arena.tick()
            for who in gang[:2]:
                # Two settle every hour, two wait: what is owed and due cancels, never pays.
                arena.send(commands.SettleFunding(who.ident), who.owner)
            assert arena.profit() <= 0, arena.profit()
        arena.check()
        assert arena.market.clearing.cash() >= 0 or arena.market.open_interest > 0

    every(lambda rng: play(rng, 8))
    play(random.Random(3), 1_000)


def test_dust_orders_pay_for_what_they_get() -> None:
    """A maker who is nibbled at, order by order, gets what he quoted, to 1e-15 quote."""

    def play(rng: random.Random) -> None:
        arena = tiny(rng, taker_fee=0)
        maker, gang = arena.person(10**5), arena.person(10**4)
        quote_around(arena, maker, 300, 50 * LOT)
        arena.watch(gang)
        earned = 0
        for _ in range(ROUNDS // 2):
            side = rng.randrange(2)
            arena.take(gang, side, rng.randint(1, 5) * 10**6, PRICE + (1 - 2 * side) * 50 * TICK)
            for fill in arena.of(events.Filled):
                if fill.maker == maker.ident:
                    edge = fill.price - PRICE if side == BUY else PRICE - fill.price
                    earned += edge * fill.size
        assert earned > 0
        assert arena.worth(maker.account) == 10**5 * USD * LOT + earned
        assert arena.profit() <= 0
        arena.check()

    every(play)
