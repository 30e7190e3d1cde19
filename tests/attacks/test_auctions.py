"""Attacks on auctions: their places, their clock, and the option to cancel."""

from __future__ import annotations

import random

from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    TICK,
    USD,
    Arena,
    Person,
    drawn,
    every,
    opposite,
    pair_up,
)

DURATION = 5_000


def test_slots_are_not_exhausted_with_dust() -> None:
    """Dust gets no place, an account four, all together 28: liquidations always find theirs."""

    def play(rng: random.Random) -> None:
        most = rng.randint(6, 12)
        reserved = rng.randint(1, 4)
        own = rng.randint(1, 4)
        arena = Arena(auctions_max=most, auctions_reserved=reserved, auctions_per_account=own,
                      auction_full_to_vamm=rng.randrange(2))  # fmt: skip
        victim, saver = arena.person(230), arena.person(10_000)
        pair_up(arena, victim, saver, 20 * LOT)
        gang = [arena.person(2_000) for _ in range(rng.randint(1, 8))]
        arena.watch(*gang)
        for _ in range(40):
            who = rng.choice(gang)
            dust = rng.random() < 0.3
            size = rng.randint(100, 900) * 10**6 if dust else rng.randint(1_010, 2_000) * 10**6
            before = len(arena.state.board.live[0])
            full = before >= most - reserved or who.account.auctions >= own
            accepted = arena.at_market(who, rng.randrange(2), size)
            grown = len(arena.state.board.live[0]) - before
            assert grown == (0 if dust or full or not accepted else 1)
            if full and not dust and not accepted:
                assert arena.of(events.Rejected)[0].code in (
                    codes.AUCTIONS_FULL, codes.INSUFFICIENT_MARGIN)  # fmt: skip
            assert len(arena.state.board.live[0]) <= most - reserved
        arena.oracle(92 * USD)
        arena.must(commands.Liquidate(victim.ident, -1), KEEPER)
        started = arena.of(events.AuctionStarted)
        assert started or arena.base(victim.account) == 0
        arena.unwind(*gang)
        arena.check()
        assert arena.profit() <= 0, arena.profit()

    every(play)


def path(auction: events.AuctionStarted, elapsed: int) -> int:
    """The price by the specification: a line from start to end, to the tick, toward the start."""
    start, end = auction.start, auction.end
    whole = auction.ends_ms - auction.started_ms
    elapsed = min(elapsed, whole)
    moved = (end - start) * elapsed // whole
    if auction.side == BUY:
        price = start + max(0, moved)
        return min(price - price % TICK, auction.limit)
    price = start - ((start - end) * elapsed // whole if end < start else 0)
    return max(price + (-price) % TICK, auction.limit)


def started(arena: Arena, who: Person, side: int, size: int) -> events.AuctionStarted:
    """A market order in its auction."""
    assert arena.at_market(who, side, size)
    (found,) = arena.of(events.AuctionStarted)
    return found


def offered(arena: Arena, who: Person, auction: int, price: int) -> int:
    """What an offer at a price comes to: 0 if it would be taken, else the code of the refusal."""
    command = commands.OfferAuction(who.ident, auction, price, LOT)
    found = arena.engine.dry_run(command, arena.now, who.owner)
    refusals = [event.code for event in found if isinstance(event, events.Rejected)]
    return refusals[0] if refusals else 0


def check_times(arena: Arena, found: events.AuctionStarted, who: Person, times: list[int]) -> None:
    """At each time the price asked is the specification's: taken there, refused a tick past it."""
    better = -TICK if found.side == BUY else TICK
    for elapsed in times:
        arena.now = found.started_ms + elapsed
        asked = path(found, elapsed)
        if arena.now > found.ends_ms:
            assert offered(arena, who, found.auction, asked) == codes.UNKNOWN_AUCTION
            continue
        assert offered(arena, who, found.auction, asked) == 0, (elapsed, asked)
        assert offered(arena, who, found.auction, asked + better) == 0
        too_far = offered(arena, who, found.auction, asked - better)
        assert too_far == codes.AUCTION_PRICE_NOT_MET, (elapsed, asked)


def on_the_clock(
    rng: random.Random, duration: int = DURATION
) -> tuple[Arena, events.AuctionStarted, Person]:
    """An auction of either side with a price that moves, and somebody to offer."""
    arena = Arena(vamm_base_spread=rng.choice([500, 2_000, 5_000]), oracle_max_age_ms=10**6,
                  auction_ms=duration)  # fmt: skip
    arena.now += rng.randint(0, 999)
    who, maker = arena.person(10_000), arena.person(100_000)
    found = started(arena, who, rng.randrange(2), rng.randint(2_000, 9_000) * 10**6)
    assert found.ends_ms - found.started_ms == duration
    return arena, found, maker


def test_time_edges() -> None:
    """The first and last millisecond and some between: the core's clock alone makes the price."""

    def play(rng: random.Random) -> None:
        arena, found, maker = on_the_clock(rng)
        times = sorted({0, 1, 2_500, 4_999, 5_000, 5_001, *(rng.randint(0, 5_000),) * 3})
        check_times(arena, found, maker, times)
        arena.now = found.started_ms + DURATION
        settle = commands.SettleAuction(found.auction, -1)
        assert arena.refused(settle, KEEPER) == codes.AUCTION_RUNNING
        last = rng.random() < 0.5
        if last:
            offer = commands.OfferAuction(maker.ident, found.auction, path(found, 5_000), LOT)
            arena.must(offer, maker.owner)
            assert arena.of(events.Filled)[0].price == path(found, 5_000)
        arena.now += 1
        arena.must(settle, KEEPER)
        assert [event.auction for event in arena.of(events.AuctionEnded)] == [found.auction]
        assert arena.refused(settle, KEEPER) == codes.UNKNOWN_AUCTION
        arena.check()

    every(play)


def test_every_millisecond() -> None:
    """All milliseconds of an auction, from its start to after its end: of short ones, and the
    5,003 of one as long as they usually are.
    """

    def play(rng: random.Random, duration: int) -> None:
        arena, found, maker = on_the_clock(rng, duration)
        check_times(arena, found, maker, list(range(duration + 3)))

    every(lambda rng: play(rng, rng.randint(1, 20)))
    play(random.Random(1), DURATION)


def test_cancelling_on_adverse_moves_pays_no_more_than_not_asking() -> None:
    """What an auction leaves to the vAMM is filled at what anybody pays who comes just then.

    Makers who quote no worse than the oracle lose nothing to an order that may be cancelled.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "auction": 1, "repeg": 2})
        maker, gang = arena.person(1_000_000), arena.person(10_000)
        mirror = arena.person(10_000)
        arena.watch(gang)
        best = 0
        for _ in range(rng.randint(2, 5)):
            side = rng.randrange(2)
            begun = arena.price
            size = rng.randint(1_500, 9_000) * 10**6
            if not arena.at_market(gang, side, size) or not arena.of(events.AuctionStarted):
                continue
            ident = arena.of(events.AuctionStarted)[0].auction
            for _ in range(rng.randint(1, 4)):
                arena.oracle(arena.price + rng.randint(-30, 30) * TICK, rng.randint(1, 1_500))
                price = arena.price + (TICK if side == BUY else -TICK)
                offer = commands.OfferAuction(
                    maker.ident, ident, price - price % TICK, rng.randint(1, 9) * LOT
                )
                arena.send(offer, maker.owner)
                arena.now += arena.params.auction_batch_ms
                arena.tick()
            adverse = arena.price < begun if side == BUY else arena.price > begun
            if adverse or ident not in arena.state.board.auctions:
                arena.send_cancel(gang)
                continue
            arena.now = arena.state.board.auctions[ident].ends_ms + 1
            best += at_the_end(arena, ident, mirror)
        arena.unwind(gang)
        arena.check()
        assert arena.profit() <= arena.given // LOT + 1, arena.profit()

    every(play)


def at_the_end(arena: Arena, ident: int, mirror: Person) -> int:
    """End an auction; a stranger who takes the same at once would have had the same price."""
    order = arena.state.board.auctions[ident].order
    command = commands.PlaceOrder(
        mirror.ident, 0, order.side, codes.LIMIT, codes.IOC, order.price - order.price % TICK,
        order.remaining, 0, False, 0, "",
    )  # fmt: skip
    twin = arena.engine.dry_run(command, arena.now, mirror.owner)
    seen = [e.quote for e in twin if isinstance(e, events.Filled) and e.source == codes.FROM_VAMM]
    arena.send(commands.SettleAuction(ident, -1), KEEPER)
    mine = [e.quote for e in arena.of(events.Filled) if e.source == codes.FROM_VAMM]
    repegged = arena.of(events.Repegged)
    if seen and mine and not repegged:
        paid = mine[0] - seen[0]
        assert (paid if order.side == BUY else -paid) >= 0
    return opposite(order.side)
