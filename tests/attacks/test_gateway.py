"""Attacks of relayers: fees for dust, replays, sandwiches, races.

A relayer is given orders and picks who settles what, when, against whom and in which parts. What
that can cost a signer is his limit, on the size he signed, and one relay fee.
"""

from __future__ import annotations

import random
from typing import Any

from plimsoll.core.engine import Engine
from plimsoll.core.load import load
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
from tests.attacks.gateway_strategies import (
    MINUTE,
    Gate,
    key_of,
    parts_of,
    resigned,
)

QUIET: dict[str, Any] = {"vamm_enabled": 0, "auction": 0, "liquidation_auction": 0}
"""Nothing but the book and signed orders trades."""


def stage(rng: random.Random, **more: Any) -> tuple[Gate, Person, Person, Person, Person]:
    """A gate; an honest maker in the book, a signer, a relayer and his friend (both the gang)."""
    gate = Gate(Arena(**{**drawn(rng), **QUIET, **more}))
    arena = gate.arena
    maker, signer = arena.person(10**6), gate.trader(10**5)
    relayer, friend = gate.relayer(10**4), gate.trader(10**5)
    quote_around(arena, maker, rng.choice([500, 3_000]), 500 * LOT)
    return gate, maker, signer, relayer, friend


def reload(arena: Arena) -> None:
    """Go on from the dump of the state, as after a restart."""
    gang, before = [account.ident for account in arena.gang], arena.hash()
    arena.engine = Engine(load(arena.state.dump()))
    arena.state = arena.engine.state
    arena.gang = [arena.state.accounts[ident] for ident in gang]
    assert arena.hash() == before


def paid_to(arena: Arena, reason: int) -> int:
    """What the last command moved for a reason."""
    return sum(e.amount for e in arena.of(events.Transferred) if e.reason == reason)


def fills_of(arena: Arena, who: Person) -> list[events.Filled]:
    """The last command's fills of somebody's."""
    return [e for e in arena.of(events.Filled) if who.ident in (e.taker, e.maker)]


def test_a_fee_is_paid_once_and_not_for_dust() -> None:
    """However a relayer cuts an order up, he is paid one relay fee, no more than was signed, and
    not before at least ``min_fill`` of it is filled.

    Findings: #110.
    """
    dusty: list[int] = []

    def play(rng: random.Random) -> None:
        gate, _, signer, relayer, _ = stage(rng)
        arena = gate.arena
        before = relayer.account.cash()
        size, fee = sized(rng, 50), rng.randint(1, 10 * USD)
        least = rng.choice([0, rng.randint(1, size), size, 2 * size])
        side = rng.randrange(2)
        price = on_tick(PRICE * (104 if side == BUY else 96) // 100)
        order = gate.sign(signer, side, size, price, relay_fee=fee, min_fill=least)
        tried = [STEP, *parts_of(rng, size, STEP), size]
        paid = filled = 0
        for part in tried:
            if not gate.settle(relayer, order, part):
                continue
            got = paid_to(arena, codes.R_RELAY_FEE)
            assert got == (fee if filled == 0 else 0)
            paid, filled = paid + got, filled + part
            dusty.append(min(least, size) - part if filled == part else 0)
            assert part >= min(least, size - filled + part)
        assert filled <= size and paid == (fee if filled else 0)
        assert relayer.account.cash() - before == paid
        arena.check()

    every(play)
    assert dusty and max(dusty) <= 0


def test_nothing_signed_is_settled_again() -> None:
    """An order that is done, cancelled or expired fills nothing, moves no margin and pays no fee,
    however often it is sent, after a restart, or when the exchange has forgotten it.

    Findings: #99.
    """
    ends: set[str] = set()

    def play(rng: random.Random) -> None:
        gate, _, signer, relayer, friend = stage(rng)
        arena = gate.arena
        fund = gate.fund_of(signer, 10_000)
        side, size = rng.randrange(2), sized(rng, 20)
        price = on_tick(PRICE * (104 if side == BUY else 96) // 100)
        order = gate.sign(signer, side, size, price, relay_fee=rng.choice([0, USD]),
                          fund=fund.ident, margin=rng.choice([0, 500 * USD]))  # fmt: skip
        end = rng.choice(["done", "cancelled", "cancelled before", "expired", "forgotten"])
        if end == "cancelled":
            order = resigned(order, size=2 * size)
        if end != "cancelled before":
            assert gate.settle(relayer, order, size)
        if end.startswith("cancelled"):
            assert gate.cancel(signer, order)
        if end in ("expired", "forgotten"):
            arena.oracle(PRICE, order.expires_ms - arena.now + rng.choice([1, MINUTE]))
            if end == "forgotten":
                arena.tick()
                assert gate.known(order) is None
        ends.add(end)
        cash = [one.account.cash() for one in (signer, fund, relayer, friend)]
        other = gate.sign(friend, opposite(side), size, price)
        for _ in range(3):
            if rng.random() < 0.5:
                reload(arena)
            attempts: list[commands.Command] = [
                commands.SettleSigned(order, rng.choice([STEP, size]), relayer.ident),
                commands.MatchSigned(order, other, size, relayer.ident),
                commands.MatchSigned(other, order, size, relayer.ident),
            ]
            wanted = codes.ALREADY_EXPIRED if end in ("expired", "forgotten") else (
                codes.SIGNED_DONE if end == "done" else codes.SIGNED_CANCELLED
            )  # fmt: skip
            assert arena.refused(rng.choice(attempts), relayer.owner) == wanted
            assert arena.refused(commands.CancelSigned(order), signer.owner) == wanted
            twice: list[commands.Command] = [commands.SettleSigned(order, STEP, -1)] * 2
            batch = commands.Batch(rng.random() < 0.5, twice)
            assert arena.refused(batch, relayer.owner) == codes.BATCH_ITEM
        people = (signer, fund, relayer, friend)
        assert [arena.state.accounts[one.ident].cash() for one in people] == cash
        arena.check()

    every(play)
    assert len(ends) == 5


def test_one_client_id_is_two_orders() -> None:
    """Two orders under one client id, or the same order signed by two keys, share nothing: each is
    filled, cancelled and charged for itself, and neither for the other.

    Findings: #109.
    """

    def play(rng: random.Random) -> None:
        gate, _, signer, relayer, _ = stage(rng)
        arena = gate.arena
        gate.allow(signer, key_of(77))
        size, fee = sized(rng, 20), rng.randint(1, 9) * USD
        price = on_tick(PRICE * 104 // 100)
        first = gate.sign(signer, BUY, size, price, client_order_id="twin", relay_fee=fee)
        changed: dict[str, Any] = rng.choice([
            {"price": price - 10_000}, {"size": 2 * size}, {"signer": key_of(77)},
            {"expires_ms": first.expires_ms + 1}, {"relay_fee": fee - 1}, {"min_fill": 1},
        ])  # fmt: skip
        second = resigned(first, **changed)
        assert first.order_hash != second.order_hash
        assert gate.settle(relayer, first)
        if rng.random() < 0.5:
            assert gate.cancel(signer, second)
            assert not gate.settle(relayer, second)
            assert gate.filled(first) == size
            return
        before = relayer.account.cash()
        assert gate.settle(relayer, second), [e.row() for e in arena.found]
        assert relayer.account.cash() - before == second.relay_fee
        assert (gate.filled(first), gate.filled(second)) == (size, second.size)
        arena.check()

    every(play, 300)


def test_a_limit_binds_whoever_picks_the_moment() -> None:
    """A relayer who sees an order before it trades sandwiches it with his own, waits for a price,
    and chooses its partner: no part costs more than the limit, and what the gang makes is what
    limits and fees were signed for.
    """
    gains: list[int] = []

    def play(rng: random.Random) -> None:
        gate, maker, signer, relayer, friend = stage(rng, open_interest_max=10**6 * LOT)
        arena = gate.arena
        arena.watch(relayer, friend)
        signed = 0  # what the signer agreed to lose, 1e-15 quote
        for _ in range(rng.randint(1, 3)):
            side, size = rng.randrange(2), sized(rng, 30)
            slack = rng.choice([0, 1_000, 5_000, 40_000])
            worst = on_tick(arena.price * (10**6 + (slack if side == BUY else -slack)) // 10**6)
            fee = rng.choice([0, USD])
            order = gate.sign(signer, side, size, worst, relay_fee=fee)
            for part in parts_of(rng, size, STEP, 3):
                if rng.random() < 0.3:
                    arena.send_cancel(maker)
                    arena.oracle(around(rng, arena.price, 3_000), rng.randint(1, 9_000))
                    quote_around(arena, maker, rng.choice([500, 3_000]), 500 * LOT)
                if rng.random() < 0.4:  # take what stands before the limit, and offer it there
                    arena.take(friend, side, 600 * LOT, worst)
                    arena.place(friend, opposite(side), part, worst)
                if rng.random() < 0.5:
                    beyond = rng.choice([0, 0, 10_000, 2 * USD]) * (1 if side == BUY else -1)
                    partner = gate.sign(friend, opposite(side), part, worst + beyond)
                    done = gate.match(relayer, order, partner, part)
                else:
                    done = gate.settle(relayer, order, part)
                if not done:
                    continue
                signed += paid_to(arena, codes.R_RELAY_FEE) * LOT
                for fill in fills_of(arena, signer):
                    over = (fill.price - worst) * (1 if side == BUY else -1)
                    assert over <= 0 and fill.taker == signer.ident
                    edge = worst - arena.price if side == BUY else arena.price - worst
                    signed += max(0, edge) * fill.size
                    signed += fill.maker_rebate * LOT + LOT
        arena.send_cancel(friend)
        arena.unwind(friend, relayer)
        arena.check()
        gains.append(arena.profit())
        assert gains[-1] <= signed // LOT + arena.excused() + 5, (gains[-1], signed // LOT)

    every(play)
    assert sum(gain > 0 for gain in gains) > 50, "nothing was sandwiched"


def test_racing_a_cancellation() -> None:
    """Whoever is faster, the order ends the same way: what was filled before it was cancelled cost
    its limit at most, and afterwards nothing of it is. A cancellation names no other order."""

    def play(rng: random.Random) -> None:
        gate, maker, signer, relayer, friend = stage(rng)
        arena = gate.arena
        size = 4 * sized(rng, 10)
        worst = on_tick(PRICE * 101 // 100)
        order = gate.sign(signer, BUY, size, worst)
        bystander = gate.sign(signer, BUY, size, worst)
        moves = ["cancel", "settle", "settle", "match"]
        rng.shuffle(moves)
        cancelled, filled = False, 0
        for move in moves:
            part = rng.choice(parts_of(rng, size, STEP))
            if move == "cancel":
                assert gate.cancel(friend, order) is False
                cancelled = gate.cancel(signer, order)
                assert cancelled == (filled < size)
                continue
            if move == "settle":
                done = gate.settle(relayer, order, part)
            else:
                made = gate.sign(friend, SELL, part, worst)
                done = gate.match(relayer, order, made, part)
            assert not (done and cancelled)
            if done:
                filled += part
                assert all(fill.price <= worst for fill in fills_of(arena, signer))
        assert gate.filled(order) == filled <= size
        quote_around(arena, maker, 500, 500 * LOT)
        assert gate.settle(relayer, bystander, size), "another order was cancelled with it"
        arena.check()

    every(play, 300)
