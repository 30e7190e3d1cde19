"""Attacks with orders: the limit of open ones, spam, one unit the other way, reduce-only chains."""

from __future__ import annotations

import random

from plimsoll.core import margin
from plimsoll.messages import codes, commands, events
from plimsoll.messages.params import GlobalParams
from tests.attacks.arena import (
    BUY,
    LOT,
    OPERATOR,
    PRICE,
    SELL,
    STEP,
    TICK,
    USD,
    Arena,
    drawn,
    every,
    opposite,
    pair_up,
)

MOST = 64


def waiting(arena: Arena, account: int) -> int:
    """Orders, triggers and auctions an account has, counted from the exchange's own lists."""
    board = arena.state.board
    orders = sum(1 for key in sorted(arena.state.orders)
                 if arena.state.orders[key].account.ident == account)  # fmt: skip
    triggers = sum(1 for key in sorted(board.triggers)
                   if board.triggers[key].order.account.ident == account)  # fmt: skip
    return orders + triggers + sum(1 for a in board.live[0] if a.order.account.ident == account)


def test_one_limit_for_all_that_waits() -> None:
    """64, or what is set, over orders, reduce-only ones, triggers and auctions: no kind gets
    around it.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(auctions_per_account=20)
        most = MOST
        if rng.random() < 0.8:
            most = rng.randint(3, 24)
            limits = GlobalParams(open_orders_max=most)
            arena.must(commands.SetGlobalParams(limits), OPERATOR)
        who, other = arena.person(10**6), arena.person(10**6)
        pair_up(arena, who, other, 50 * LOT)
        side_limits = {BUY: 99 * USD, SELL: 101 * USD}
        refusals = 0
        while refusals < 3:
            before = waiting(arena, who.ident)
            kind = rng.randrange(4)
            side = rng.randrange(2)
            if kind == 0:
                accepted = arena.place(who, side, LOT, side_limits[side] - TICK)
            elif kind == 1:
                accepted = arena.place(who, SELL, LOT // 2, 102 * USD, reduce_only=True)
            elif kind == 2:
                at = rng.choice([90, 110]) * USD
                direction = codes.ABOVE if at > PRICE else codes.BELOW
                accepted = arena.trigger(who, side, LOT, at, direction)
            else:
                accepted = arena.at_market(who, side, LOT + LOT // 2)
            after = waiting(arena, who.ident)
            assert after <= most
            if not accepted:
                code = arena.of(events.Rejected)[0].code
                assert code in (codes.OPEN_ORDERS_LIMIT, codes.AUCTIONS_FULL), code
                refusals += code == codes.OPEN_ORDERS_LIMIT
                if code == codes.OPEN_ORDERS_LIMIT:
                    assert before == most
        assert waiting(arena, who.ident) == who.account.open_orders() == most
        assert arena.send_cancel(who)
        assert waiting(arena, who.ident) == who.account.open_orders() == 0
        arena.check()

    every(play)


def test_spam_leaves_nothing_behind() -> None:
    """A storm of orders and cancels: bounded rows while it lasts, none after, no harm to others."""

    def play(rng: random.Random) -> None:
        arena = Arena()
        saver = arena.person(10_000)
        assert arena.place(saver, BUY, LOT, 95 * USD)
        gang = [arena.person(10_000) for _ in range(2)]
        arena.watch(*gang)
        for _ in range(60):
            who = rng.choice(gang)
            side = rng.randrange(2)
            price = PRICE + (1 if side == SELL else -1) * rng.randint(100, 900) * TICK
            roll = rng.random()
            if roll < 0.7:
                arena.place(who, side, rng.randint(150, 2_000) * STEP, price,
                            expires_ms=arena.now + rng.randint(1, 1_000))  # fmt: skip
            elif roll < 0.9:
                arena.send_cancel(who)
            else:
                arena.now += 500
                arena.tick()
            assert len(arena.state.orders) <= 1 + MOST * len(gang)
            assert arena.state.expiries.size() <= MOST * len(gang)
        arena.now += 2_000
        arena.tick()
        arena.send_cancel(rng.choice(gang))
        assert len(arena.state.orders) == 1
        book = arena.state.books[0]
        assert (len(book.bids.levels), len(book.asks.levels)) == (1, 0)
        assert arena.state.expiries.size() == 0
        assert arena.profit() == 0
        arena.check()

    every(play)


def test_one_unit_the_other_way_does_not_open_at_maintenance() -> None:
    """An order that flips a position is judged by the initial requirement, like one that opens.

    Findings: #43.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "auction": 0, "min_notional": 0})
        maker = arena.person(10**6)
        gang = arena.person(rng.choice([500, 1_000]))
        side = rng.randrange(2)
        arena.place(maker, opposite(side), 200 * LOT, PRICE + (TICK if side == BUY else -TICK))
        arena.take(gang, opposite(side), STEP * rng.randint(1, 3))
        assert arena.base(gang.account) != 0
        reach = margin.equity(arena.state, gang.account) * LOT * 10 // PRICE
        for part in (150, 110, 102, 100, 99, 98, 90):
            size = reach * part // 100
            before = arena.base(gang.account)
            room = margin.free(arena.state, gang.account)
            accepted = arena.take(gang, side, size - size % STEP)
            after = arena.base(gang.account)
            if accepted and abs(after) > abs(before):
                assert margin.free(arena.state, gang.account) >= 0
            if part >= 102 and size > 0:
                assert not accepted or room >= 0
                assert abs(after) * PRICE // LOT <= margin.equity(arena.state, gang.account) * 10
        arena.check()

    every(play)


def test_reduce_only_chains_never_go_through_the_position() -> None:
    """Several reduce-only orders of one maker in one sweep close the position and stop there.

    Findings: M-2.
    """

    def play(rng: random.Random) -> None:
        arena = Arena(**{**drawn(rng), "auction": 0})
        maker, other, taker = (arena.person(10**6) for _ in range(3))
        side = rng.randrange(2)
        size = rng.randint(1, 30) * LOT
        pair_up(arena, *((maker, other) if side == SELL else (other, maker)), size)
        held = abs(arena.base(maker.account))
        for _ in range(rng.randint(2, 10)):
            # pairs up front: beyond the vAMM's own quote nothing of it is taken
            price = PRICE + (1 if side == SELL else -1) * rng.randint(0, 200) * TICK
            reduce = rng.random() < 0.7
            arena.place(maker, side, rng.randint(1_000, 20_000) * STEP, price, reduce_only=reduce)
            if rng.random() < 0.3:
                arena.take(taker, opposite(side), rng.randint(1, 9) * LOT)
            if rng.random() < 0.2:
                before = arena.base(maker.account)
                arena.take(maker, side, rng.randint(1, 90) * LOT, reduce_only=True)
                after = arena.base(maker.account)
                assert 0 <= after <= before or before <= after <= 0
            arena.check()
        for _ in range(3):
            before = arena.base(maker.account)
            reducing = {o.ident for o in maker.account.orders if o.reduce_only}
            arena.take(taker, opposite(side), rng.choice([held, 2 * held, 5 * LOT]))
            moved = sum(
                e.size for e in arena.of(events.Filled)
                if e.maker == maker.ident and e.maker_order in reducing
            )  # fmt: skip
            assert moved <= abs(before)
            arena.check()
        assert all(
            order.remaining <= abs(arena.base(maker.account))
            for order in maker.account.orders if order.reduce_only
        )  # fmt: skip

    every(play)
