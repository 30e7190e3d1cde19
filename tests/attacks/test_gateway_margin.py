"""Attacks with the money that moves with a signed order: margin from a fund, and what a reduction
gives back to it. A gang signs, relays and trades with itself.
"""

from __future__ import annotations

import random
from typing import Any

from plimsoll.core import margin
from plimsoll.messages import commands
from tests.attacks.arena import (
    BUY,
    LOT,
    PRICE,
    SELL,
    STEP,
    TICK,
    USD,
    Arena,
    Person,
    around,
    drawn,
    every,
    on_tick,
    opposite,
    quote_around,
    sized,
)
from tests.attacks.gateway_strategies import Gate, parts_of

QUIET: dict[str, Any] = {"vamm_enabled": 0, "auction": 0, "liquidation_auction": 0}


def stage(rng: random.Random, cash: int, **more: Any) -> tuple[Gate, Person, Person, Person]:
    """A gate; a signer with a fund beside his account; a relayer and partner with money."""
    gate = Gate(Arena(**{**drawn(rng), **QUIET, **more}))
    signer = gate.trader(cash)
    fund = gate.fund_of(signer, rng.choice([100, 1_000, 5_000]))
    return gate, signer, fund, gate.relayer(10**5)


def shifted(arena: Arena, rng: random.Random, ppm: int) -> int:
    """A price on the grid within the band, ``ppm`` around the oracle."""
    edges = arena.state.oracles[0]
    price = around(rng, arena.price, ppm)
    return max(on_tick(edges.low) + TICK, min(on_tick(edges.high), price))


def test_what_is_released_was_not_needed() -> None:
    """Whatever a reduction frees, the account has its initial requirement afterwards, keeps its
    margin ratio, and gave back nothing that is not realised; where it has less, nothing leaves.

    Findings: #101.
    """
    released: list[int] = []

    def play(rng: random.Random) -> None:
        gate, signer, fund, partner = stage(rng, rng.choice([200, 2_000]))
        arena = gate.arena
        held = rng.randint(5, 15) * LOT if signer.account.cash() > 10**9 else LOT
        side = rng.randrange(2)
        opening = gate.sign(signer, side, held, on_tick(PRICE))
        other = gate.sign(partner, opposite(side), held, on_tick(PRICE))
        assert gate.match(partner, opening, other)
        for part in parts_of(rng, held, STEP):
            arena.oracle(around(rng, arena.price, rng.choice([1_000, 40_000])), 1_000)
            price = shifted(arena, rng, 60_000)
            order = gate.sign(signer, opposite(side), part, price, reduce_only=True,
                              fund=fund.ident, relay_fee=rng.choice([0, USD]),
                              margin=rng.choice([0, USD]))  # fmt: skip
            match = gate.sign(partner, side, part, price)
            row = signer.account.positions[0]
            cash, cost = signer.account.cash(), abs(row.entry_cost)
            equity = margin.equity(arena.state, signer.account)
            if not gate.match(partner, order, match):
                continue
            told = gate.told()[0]
            released.append(told.released)
            if told.released == 0:
                continue
            assert gate.free(signer.account) >= 0
            settled = margin.settled(arena.state, signer.account)
            assert settled >= 0, "profit that is not realised has left"
            if row.base:
                had = max(0, equity + told.margin)
                left = margin.equity(arena.state, signer.account)
                assert (left + 1) * cost >= had * abs(row.entry_cost)
                needed = margin.requirement(arena.state, signer.account, False)
                assert left >= needed and cash + told.margin >= 0
        arena.check()

    every(play)
    assert sum(amount > 0 for amount in released) > 500, "nothing was released"


def test_dust_to_be_released_stops_nothing() -> None:
    """A reduction that frees less than a unit settles like any other; the last of it gives back
    whatever units are left.

    Findings: #66.
    """
    released: list[int] = []

    def play(rng: random.Random) -> None:
        gate, signer, fund, partner = stage(rng, 0, taker_fee=0, maker_rebate=0)
        arena = gate.arena
        side, drop = rng.randrange(2), rng.randint(1_100, 4_000) * TICK
        units, price = rng.randint(0, 3), PRICE
        held = 2_000 * STEP
        arena.put(signer.ident, drop * held // LOT + units)
        assert gate.match(partner, gate.sign(signer, side, held, price),
                          gate.sign(partner, opposite(side), held, price))  # fmt: skip
        price += -drop if side == BUY else drop
        arena.oracle(price, 1_000)
        assert margin.equity(arena.state, signer.account) == units
        before = fund.account.cash()
        for part in parts_of(rng, held // 200, STEP, 5):
            size = 200 * part
            order = gate.sign(signer, opposite(side), size, price, reduce_only=True,
                              fund=fund.ident)  # fmt: skip
            made = gate.sign(partner, side, size, price)
            assert gate.match(partner, order, made), [e.row() for e in arena.found]
            released.append(gate.told()[0].released)
            assert (released[-1] == units) if arena.base(signer.account) == 0 else (
                released[-1] == 0
            )  # fmt: skip
        assert signer.account.cash() == 0 and fund.account.cash() == before + units
        arena.check()

    every(play)
    assert {0, 1, 2, 3} <= set(released)


def test_loops_of_margin_lift_nothing_out() -> None:
    """Fund to margin, margin to fund, transfers, withdrawals, trades with a partner anywhere in the
    band, debts left behind: the gang is paid what it brought and what others conceded."""
    withdrawn: list[int] = []

    def play(rng: random.Random) -> None:
        gate, signer, fund, partner = stage(rng, rng.choice([200, 2_000]))
        arena = gate.arena
        honest = arena.person(10**6)
        quote_around(arena, honest, 2_000, 100 * LOT)
        gang = [signer, fund, partner]
        arena.watch(*gang)
        for _ in range(rng.randint(2, 10)):
            if rng.random() < 0.3:
                arena.send_cancel(honest)
                arena.oracle(around(rng, arena.price, rng.choice([1_000, 30_000])), 1_000)
                quote_around(arena, honest, 2_000, 100 * LOT)
            side = rng.randrange(2)
            price = shifted(arena, rng, 95_000)
            reduces = rng.random() < 0.5
            size = sized(rng, 30)
            held = arena.base(signer.account)
            if reduces and held:
                side = SELL if held > 0 else BUY
                size = min(size, abs(held))
            order = gate.sign(signer, side, size, price, reduce_only=reduces, fund=fund.ident,
                              margin=rng.choice([0, rng.randint(1, 500 * USD)]))  # fmt: skip
            if rng.random() < 0.7:
                gate.match(partner, order, gate.sign(partner, opposite(side), size, price))
            else:
                gate.settle(partner, order)
            source, target = rng.sample([signer, fund], 2)
            amount = rng.randint(1, 800 * USD)
            arena.send(commands.Transfer(source.ident, target.ident, 0, amount), signer.owner)
            if arena.withdraw(rng.choice(gang), rng.randint(1, 800 * USD)):
                withdrawn.append(1)
            for who in gang:
                if rng.random() < 0.2:
                    arena.send(commands.Liquidate(who.ident, partner.ident), partner.owner)
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())

    every(play)
    assert len(withdrawn) > 500


def test_no_release_while_it_is_needed() -> None:
    """Between two prices, on an old one, or when it may be liquidated, an account gives nothing to
    its fund; and what it gave before never makes it liquidatable at the price of then."""
    late: list[int] = []

    def play(rng: random.Random) -> None:
        gate, signer, fund, partner = stage(rng, 150, liquidation=1)
        arena = gate.arena
        side = rng.randrange(2)
        price = on_tick(PRICE)
        assert gate.match(partner, gate.sign(signer, side, 10 * LOT, price),
                          gate.sign(partner, opposite(side), 10 * LOT, price))  # fmt: skip
        against = -1 if side == BUY else 1
        move = rng.choice([0, 20_000, 60_000, 110_000, 140_000])
        arena.oracle(on_tick(PRICE + against * PRICE * move // 10**6), 1_000)
        stale = rng.random() < 0.3
        if stale:
            arena.now += arena.params.oracle_max_age_ms + 1
        for _ in range(3):
            held = abs(arena.base(signer.account))
            if held == 0:
                break
            size = min(held, sized(rng, 10))
            at = shifted(arena, rng, 20_000)
            order = gate.sign(signer, opposite(side), size, at, reduce_only=True, fund=fund.ident)
            made = gate.sign(partner, side, size, at, reduce_only=stale)
            before = fund.account.cash()
            if not gate.match(partner, order, made):
                continue
            gave = fund.account.cash() - before
            left = arena.base(signer.account)
            assert gave == 0 or left == 0 or not stale
            equity = margin.equity(arena.state, signer.account)
            needed = margin.requirement(arena.state, signer.account, True)
            if gave and left:
                late.append(gave)
                assert equity >= 2 * needed, "it may be liquidated after a release"
            if left and equity < margin.requirement(arena.state, signer.account, False):
                assert gave == 0
        arena.check()

    every(play)
    assert late


def test_a_fee_is_paid_of_what_is_free() -> None:
    """Margin and fees leave an account or its fund as a withdrawal would: whoever pays has the
    initial requirement of what he holds afterwards, or nothing of the settlement stands."""
    told: list[bool] = []

    def play(rng: random.Random) -> None:
        gate, signer, fund, partner = stage(rng, 100)
        arena = gate.arena
        price = on_tick(PRICE)
        if rng.random() < 0.5:
            held = fund.account.cash() * 90 // STEP * STEP
            arena.place(partner, SELL, held, price)
            assert arena.take(fund, BUY, held, price), arena.found[0].row()
        funded = rng.random() < 0.7
        size = rng.randint(8_000, 10_000) * STEP
        order = gate.sign(
            signer, BUY, size, price, fund=fund.ident if funded else -1,
            margin=rng.choice([0, rng.randint(1, 20) * USD]) if funded else 0,
            relay_fee=rng.randint(0, 10 * USD),
        )  # fmt: skip
        told.append(gate.match(partner, order, gate.sign(partner, SELL, size, price)))
        if told[-1]:
            assert gate.free(signer.account) >= 0 and gate.free(fund.account) >= 0
        arena.check()

    every(play)
    assert 50 < sum(told) < 950


def test_parts_of_a_reduction() -> None:
    """A reduce-only order stays good part by part, as long as there is something to close; it never
    goes through the position, whatever else closes it meanwhile.

    Findings: M-2.
    """

    def play(rng: random.Random) -> None:
        gate, signer, _, partner = stage(rng, 10**4)
        arena = gate.arena
        side, held = rng.randrange(2), 2 * sized(rng, 10)
        price = on_tick(PRICE)
        assert gate.match(partner, gate.sign(signer, side, held, price),
                          gate.sign(partner, opposite(side), held, price))  # fmt: skip
        order = gate.sign(signer, opposite(side), held, price, reduce_only=True)
        closed = 0
        for part in [*parts_of(rng, held, 200 * STEP, 4), held]:
            if rng.random() < 0.3:
                left = abs(arena.base(signer.account))
                arena.place(partner, side, 200 * STEP, price)
                arena.take(signer, opposite(side), min(left, 200 * STEP) or STEP, price,
                           reduce_only=True)  # fmt: skip
                arena.send_cancel(partner)
            left = abs(arena.base(signer.account))
            made = gate.sign(partner, side, part, price)
            done = gate.match(partner, order, made, part)
            assert done == (part <= left and part <= held - closed), [e.row() for e in arena.found]
            closed += part if done else 0
            assert arena.base(signer.account) * (1 if side == BUY else -1) >= 0
        arena.check()

    every(play, 300)


def test_partners_at_the_edge_of_the_band() -> None:
    """Two signers trade at the edge of the band and abandon the loser: no account is left in debt
    by it, one wins what the other loses, and the house its fees.

    Findings: #91.
    """
    matched: list[int] = []

    def play(rng: random.Random) -> None:
        gate = Gate(Arena(**{**drawn(rng), "auction": 0, "liquidation_auction": 0}))
        arena = gate.arena
        gang = [gate.relayer(rng.choice([100, 1_000, 10_000])) for _ in range(2)]
        arena.watch(*gang)
        for _ in range(rng.randint(1, 6)):
            maker, taker = rng.sample(gang, 2)
            side, price = rng.randrange(2), on_tick(PRICE * rng.randint(8_900, 11_100) // 10_000)
            size = rng.randint(200, 90_000) * 10**6
            reduces = [rng.random() < 0.3 for _ in gang]
            one = gate.sign(taker, side, size, price, reduce_only=reduces[0])
            other = gate.sign(maker, opposite(side), size, price, reduce_only=reduces[1])
            before = [margin.equity(arena.state, who.account) for who in (taker, maker)]
            if gate.match(maker, one, other):
                matched.append(1)
                assert 90 * PRICE <= price * 100 <= 110 * PRICE
                for had, who in zip(before, (taker, maker), strict=True):
                    now = margin.equity(arena.state, who.account)
                    assert now >= 0 or now >= had
            arena.withdraw(maker, rng.randint(1, 500 * USD))
            for who in gang:
                arena.send(commands.Liquidate(who.ident, maker.ident), maker.owner)
        arena.unwind(*gang)
        arena.check()
        assert arena.debts == 0
        assert arena.profit() <= arena.excused(), arena.profit()

    every(play)
    assert len(matched) > 500
