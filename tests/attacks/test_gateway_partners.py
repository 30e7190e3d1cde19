"""Attacks of partners at the gateway: rebates, the mark, the next price; and random strategies."""

from __future__ import annotations

import random

from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    LOT,
    PRICE,
    SELL,
    STEP,
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
from tests.attacks.gateway_strategies import Gate, Pad, act
from tests.attacks.strategies import act as act_at_the_book
from tests.attacks.test_gateway import QUIET
from tests.attacks.test_gateway_margin import shifted
from tests.attacks.test_mark import Funded, pass_hour

LENGTHS = (3, 6, 12, 40)


def test_washing_for_rebates() -> None:
    """Two partners match each other, keep the rebates, relay for themselves and have a keeper's
    account: whatever the fees are split into, they pay them."""

    def play(rng: random.Random) -> None:
        gate = Gate(Arena(**{**drawn(rng), **QUIET}))
        arena = gate.arena
        gang = [gate.relayer(10**5) for _ in range(2)]
        arena.watch(*gang)
        traded = 0
        for _ in range(rng.randint(1, 8)):
            taker, maker = rng.sample(gang, 2)
            size, price = sized(rng, 60), shifted(arena, rng, 1_000)
            one = gate.sign(taker, BUY, size, price, relay_fee=rng.choice([0, USD]))
            other = gate.sign(maker, SELL, size, price, relay_fee=rng.choice([0, USD]))
            if gate.match(rng.choice(gang), one, other):
                (fill,) = arena.of(events.Filled)
                assert fill.taker_fee >= fill.maker_rebate
                traded += fill.taker_fee - fill.maker_rebate
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= -traded + arena.excused() + 5

    every(play, 300)


def test_matches_do_not_make_the_mark() -> None:
    """Partners who match each other at the edge of the band, without meeting book or vAMM, do not
    move the mark by it so far that the funding they collect pays.
    """

    def play(rng: random.Random) -> None:
        game = Funded(rng, width=10, auction=0, repeg=rng.choice([0, 1]), maker_rebate=0,
                      taker_fee=rng.choice([0, 50, 500]))  # fmt: skip
        arena, (_, maker, taker) = game.arena, game.gang
        gate = Gate(arena)
        relayer = gate.relayer()
        gate.allow(maker)
        gate.allow(taker)
        game.hold(rng.randint(100, 400) * LOT)
        price = game.near(rng.randint(20_000, 98_000))
        side = rng.randrange(2)

        def push() -> None:
            for one, other in ((maker, taker), (taker, maker)):
                made = gate.sign(other, opposite(side), STEP * 200, price)
                gate.match(relayer, gate.sign(one, side, STEP * 200, price), made)

        for _ in range(rng.randint(2, 4)):
            pass_hour(game, rng.choice([450_000, 600_000, 900_000]), push)
        game.leave()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def test_delayed_orders_are_no_option() -> None:
    """Who leaves orders both ways, and cancels before the price what he likes less, still trades
    at the price that comes: the choice is worth nothing once that price is true.
    """
    kept: list[int] = []

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), **QUIET, "delayed_ms": rng.choice([0, 500])})
        maker, gang = arena.person(10**6), arena.person(10**5)
        arena.watch(gang)
        truth = PRICE
        for _ in range(rng.randint(1, 5)):
            truth = around(rng, truth, 20_000)
            placed = {}
            for side in (BUY, SELL):
                command = commands.PlaceDelayed(
                    gang.ident, 0, side, codes.MARKET, codes.IOC, 0, sized(rng, 30), False,
                    arena.now + 60_000, "", -1,
                )  # fmt: skip
                arena.must(command, gang.owner)
                placed[side] = arena.of(events.DelayedPlaced)[0].order
            worse = SELL if truth > arena.price else BUY
            if rng.random() < 0.9:
                arena.must(commands.CancelOrder(gang.ident, placed[worse], ""), gang.owner)
            truth = around(rng, truth, 3_000)
            arena.send_cancel(maker)
            for side, ppm in ((BUY, -500), (SELL, 500)):  # who quotes knows as much as the gang
                arena.place(maker, side, 100 * LOT, on_tick(truth + truth * ppm // 10**6))
            held = arena.base(gang.account)
            arena.oracle(truth, 2_000)
            arena.tick()
            kept.append(abs(arena.base(gang.account) - held))
        arena.unwind(gang)
        arena.check()
        assert arena.profit() <= arena.excused(), arena.profit()

    every(play)
    assert sum(size > 0 for size in kept) > 1_000, "nothing was executed"


def test_flat_with_signed_orders() -> None:
    """Whatever a gang signs, relays, cancels and delays, a price that never moves brings it
    nothing."""

    def play(rng: random.Random) -> None:
        arena, pad, maker, gang = scene(rng)
        for _ in range(rng.choice(LENGTHS)):
            if rng.random() < 0.7:
                act(rng, pad, gang)
            else:
                act_at_the_book(rng, arena, gang)
            if rng.random() < 0.15:
                arena.oracle(PRICE, rng.choice([1, 1_000, 5_000]))
                quote_around(arena, maker, rng.choice([500, 3_000]), 20 * LOT)
                arena.tick()
        arena.unwind(*gang)
        arena.check()
        assert arena.profit(abandoning=False) <= arena.given // LOT + 5, arena.profit()

    every(play)


def test_walk_with_signed_orders() -> None:
    """Nor does one that moves, beyond what an honest holder of the same position makes of it."""

    def play(rng: random.Random) -> None:
        arena, pad, maker, gang = scene(rng)
        for _ in range(rng.choice(LENGTHS)):
            if rng.random() < 0.7:
                act(rng, pad, gang)
            else:
                act_at_the_book(rng, arena, gang)
            if rng.random() < 0.2:
                arena.send_cancel(maker)
                arena.oracle(around(rng, arena.price, rng.choice([2_000, 30_000])), 1_000)
                quote_around(arena, maker, rng.choice([500, 3_000]), 20 * LOT)
                arena.tick()
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= arena.excused() + 5, (arena.profit(), arena.excused())

    every(play)


def scene(rng: random.Random) -> tuple[Arena, Pad, Person, list[Person]]:
    """An arena with anything on, a maker, and a gang of two owners with three accounts."""
    settings = drawn(rng)
    if rng.random() < 0.5:
        settings.update(QUIET)
    gate = Gate(Arena(**settings))
    arena = gate.arena
    maker = arena.person(10**6)
    quote_around(arena, maker, rng.choice([500, 3_000]), 20 * LOT)
    first = gate.relayer(20_000)
    gang = [first, gate.relayer(20_000), gate.beside(first, 5_000)]
    arena.watch(*gang)
    return arena, Pad(gate), maker, gang
