"""Attacks on the mark: trades with oneself, funding collected on a price one made oneself."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    LOT,
    PRICE,
    SELL,
    STEP,
    USD,
    Arena,
    drawn,
    every,
    on_tick,
    opposite,
    pair_up,
    quote_around,
)

HOUR = 3_600_000


def test_nobody_trades_with_himself() -> None:
    """Two accounts of one owner never fill each other, in book or auction.

    Findings: #112.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(**drawn(rng))
        first = arena.person(10_000)
        second = arena.account_of(first.owner, 10_000)
        arena.watch(first, second)
        for _ in range(6):
            side = rng.randrange(2)
            price = on_tick(PRICE * rng.randint(91, 109) // 100)
            size = rng.randint(1_000, 9_000) * 10**6
            maker, taker = rng.sample([first, second], 2)
            arena.place(maker, opposite(side), size, price)
            if rng.random() < 0.5:
                arena.take(taker, side, size, price)
            else:
                arena.at_market(taker, side, size, price)
                for started in arena.of(events.AuctionStarted):
                    offer = commands.OfferAuction(maker.ident, started.auction, price, size)
                    assert arena.refused(offer, maker.owner) == codes.AUCTION_OWN
            owners = [
                (arena.state.accounts[e.taker].owner, arena.state.accounts[e.maker].owner)
                for e in arena.of(events.Filled)
            ]
            assert all(taker_is != maker_is for taker_is, maker_is in owners)
        arena.unwind(first, second)
        arena.check()
        assert arena.profit() <= 0

    every(play)


def test_shifting_margin_at_the_edge_of_the_band() -> None:
    """Two owners trade at the edge of the band: what one wins the other loses, less fees.

    Findings: #91, #112.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "auction": 0, "liquidation_auction": 0})
        gang = [arena.person(rng.choice([100, 1_000, 10_000])) for _ in range(2)]
        arena.watch(*gang)
        for _ in range(rng.randint(1, 6)):
            side = rng.randrange(2)
            price = on_tick(PRICE * rng.randint(9_010, 10_990) // 10_000)
            size = rng.randint(200, 90_000) * 10**6
            maker, taker = rng.sample(gang, 2)
            arena.place(maker, opposite(side), size, price)
            arena.take(taker, side, size, price)
            arena.withdraw(maker, rng.randint(1, 500 * USD))
            for who in gang:
                arena.send(commands.Liquidate(who.ident, maker.ident), maker.owner)
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= 0, arena.profit()

    every(play)


class Funded:
    """Honest people hold positions against each other at a flat price; a gang wants funding.

    It gets in and out at a maker's quotes, ``width`` ppm away from the oracle and to the tick. The
    narrower they are, the less they hide of what funding brings.
    """

    def __init__(self, rng: random.Random, width: int = 300, **changes: Any) -> None:
        self.rng = rng
        self.width = width
        self.arena = arena = Arena(oracle_max_age_ms=HOUR, **changes)
        self.long, self.short, self.maker = (arena.person(10**6) for _ in range(3))
        pair_up(arena, self.long, self.short, 500 * LOT)
        self.gang = [arena.person(10**6) for _ in range(3)]
        self.above = rng.random() < 0.5  # whether the mark is pushed up, so that shorts receive
        arena.oracle(PRICE, HOUR + 1_000)
        arena.tick()
        arena.watch(*self.gang)

    def hold(self, size: int) -> None:
        """Take the receiving side from an honest maker."""
        arena = self.arena
        quote_around(arena, self.maker, self.width, 2 * size)
        arena.take(self.gang[0], SELL if self.above else BUY, size, self.near(-400))
        arena.send_cancel(self.maker)

    def near(self, ppm: int) -> int:
        """A price so far from the oracle, toward where the mark is pushed."""
        sign = 1 if self.above else -1
        return on_tick(PRICE + sign * PRICE * ppm // 10**6)

    def leave(self) -> None:
        """Close against an honest maker at the oracle, and then what is left."""
        arena = self.arena
        arena.oracle(PRICE, 1_000)
        held = arena.base(self.gang[0].account)
        if held:
            quote_around(arena, self.maker, self.width, 2 * abs(held))
            arena.take(self.gang[0], SELL if held > 0 else BUY, abs(held), reduce_only=True)
        arena.unwind(*self.gang)
        arena.check()


def pass_hour(game: Funded, each: int, push: Callable[[], None]) -> None:
    """An hour of oracle prices, ``each`` ms apart; ``push`` comes just before each of them.

    The averages weigh a price by the time since the one before: few of them, far apart, move
    the mark as far as many do.
    """
    arena = game.arena
    due = arena.now + HOUR
    while arena.now < due:
        left = min(each, due - arena.now)
        if left > 1_000:
            arena.now += left - 1_000
            push()
            left = 1_000
        arena.oracle(PRICE, left)
        arena.tick()


def test_washing_the_mark_does_not_collect_funding() -> None:
    """Trades with a partner at the edge of the band cost more than the funding they bring."""

    def play(rng: random.Random) -> None:
        game = Funded(rng, width=10, auction=0, repeg=rng.choice([0, 1]), maker_rebate=0,
                      taker_fee=rng.choice([0, 50, 500]))  # fmt: skip
        arena, (_, maker, taker) = game.arena, game.gang
        game.hold(rng.randint(100, 400) * LOT)
        price = game.near(rng.randint(20_000, 98_000))
        side = BUY if game.above else SELL

        def push() -> None:
            for one, other in ((maker, taker), (taker, maker)):
                arena.place(one, opposite(side), STEP * 200, price)
                arena.take(other, side, STEP * 200, price)

        for _ in range(rng.randint(2, 4)):
            pass_hour(game, rng.choice([450_000, 600_000, 900_000]), push)
        game.leave()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def test_pushing_the_vamm_does_not_collect_funding() -> None:
    """To hold the vAMM away from the oracle costs more than funding brings, while the honest
    interest is no larger than what the vAMM trades for a few per cent.

    Findings: H-2.
    """

    def play(rng: random.Random) -> None:
        game = Funded(rng, width=10, auction=0, repeg=rng.choice([0, 1, 2]), maker_rebate=0,
                      taker_fee=rng.choice([0, 50, 500]), vamm_sqrt_k=10_000 * LOT)  # fmt: skip
        arena, (_, pusher, _) = game.arena, game.gang
        game.hold(rng.randint(1, 400) * LOT)
        size = rng.randint(1, rng.choice([5, 20, 50])) * LOT
        side = BUY if game.above else SELL
        often = rng.choice([0.1, 0.5, 1.0])

        def push() -> None:
            if rng.random() < often:
                arena.take(pusher, side, size)

        for _ in range(rng.randint(1, 3)):
            pass_hour(game, rng.choice([300_000, 450_000, 600_000]), push)
        game.leave()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def test_rates_stay_within_the_clamp() -> None:
    """Whatever one maker's skew: ±1/33 of the oracle a day, and 0.1 % an hour for who receives.

    Findings: H-2, #48.
    """

    def play(rng: random.Random) -> None:
        period = rng.choice([3_600, 7_200, 28_800])
        arena = Arena(auction=0, repeg=0, funding_period_s=period)
        people = [arena.person(10**6) for _ in range(3)]
        arena.oracle(PRICE, period * 2_000)
        arena.tick()
        for _ in range(2):
            side = rng.randrange(2)
            arena.take(people[0], side, rng.randint(1, 500) * LOT)
            edge = arena.state.oracles[0].high if side == BUY else arena.state.oracles[0].low
            arena.place(people[1], opposite(side), LOT, edge)
            arena.take(people[2], side, LOT, edge)
            for part in range(4):
                arena.oracle(PRICE, period * 250 + part)
            arena.tick()
            for event in arena.of(events.FundingUpdated):
                most = event.oracle // 33 * 1_000 // (86_400 // period)
                received = event.oracle * 1_000 * period // 3_600_000
                assert abs(event.rate) <= most
                paid, got = abs(event.rate_long), abs(event.rate_short)
                if event.rate < 0:
                    paid, got = got, paid
                assert got <= paid <= most
                assert got <= received
        arena.check()

    every(play)
