"""Attacks by the modes of the breaker: tripping it on purpose, pausing it, keeping it, profiting of
those who cannot open anything meanwhile. What it costs others is time, and bounded; no money.
"""

from __future__ import annotations

import random
from typing import Any

from plimsoll.core import margin
from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard_params import BreakerParams
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    PRICE,
    SELL,
    USD,
    Arena,
    Person,
    every,
    limit,
    on_tick,
    pair_up,
)
from tests.attacks.breaker_arena import COOLDOWN, HELD, MINUTE, PAID, PAUSE, PPM, WINDOW, Walled
from tests.attacks.test_breaker import greedy, most
from tests.attacks.test_liquidation import leveraged, slide
from tests.attacks.vault_arena import BASE, ETH, PASSIVE, QUOTE
from tests.attacks.vault_strategies import act as act_at_the_vaults


def trip(arena: Walled, thief: Person) -> int:
    """Somebody who has more than may leave asks for it; the claim, which he does not get back."""
    assert arena.takes(thief, arena.spare_now() + 1) == HELD, arena.found[0].row()
    assert arena.exchange_mode == codes.TRIPPED
    claim = arena.claims_of(thief)[-1]
    arena.stuck(thief, claim)
    return claim


def let_go(rng: random.Random, arena: Walled, thief: Person, claim: int) -> None:
    """The cooldown is over in a millisecond: what tripped it waits until then, and is paid by the
    house, or taken back before that."""
    assert arena.exchange_mode == codes.TRIPPED
    arena.stuck(thief, claim)
    arena.wait(1)
    if rng.random() < 0.5:
        arena.stuck(thief, claim)
        arena.must(commands.ReviewBreaker(-1), thief.owner)
        assert arena.take_back(thief, claim)
    arena.tick()
    assert arena.exchange_mode == codes.NORMAL


def test_tripping_it_on_purpose() -> None:
    """Who has more than may leave can trip the breaker, and is without what he asked for as long as
    it stays so. The others lose nothing but time: they reduce, cancel, move and bring money, leave
    vaults; nobody opens anything; and after the cooldown they take out what they had.
    """

    def play(rng: random.Random) -> None:
        arena = Walled(principal_share=PPM, pause_retained=0)
        arena.hold(20_000, 200, 50_000)
        guest, maker, thief = (arena.rich(cash, 100) for cash in (20_000, 10**5, 2 * 10**6))
        spare = arena.account_of(guest.owner, 100)
        pair_up(arena, guest, maker, 20 * LOT)
        assert arena.trade(guest, QUOTE, BUY, 5 * LOT)
        assert arena.join(guest, PASSIVE, 1_000 * USD) and arena.join(guest, BASE, 10 * LOT)
        arena.must(limit(guest, SELL, LOT, on_tick(PRICE * 107 // 100)), guest.owner)
        arena.must(limit(maker, BUY, 5 * LOT, on_tick(PRICE * 99 // 100)), maker.owner)
        arena.limit()
        arena.watch(thief)
        worth = arena.worth(guest.account) + arena.worth(spare.account)
        claim = trip(arena, thief)
        opening: list[commands.Command] = [
            limit(guest, BUY, LOT, PRICE), limit(guest, BUY, LOT, PRICE, tif=codes.IOC),
            commands.TradeVault(guest.ident, QUOTE, BUY, False, LOT, 0, False),
            commands.DepositVault(guest.ident, PASSIVE, USD, 0),
            commands.DepositVault(guest.ident, BASE, LOT, 0),
        ]  # fmt: skip
        for command in opening:
            assert arena.refused(command, guest.owner) == codes.EXCHANGE_MODE
        ways: list[commands.Command] = [
            limit(guest, SELL, LOT, on_tick(PRICE * 98 // 100), tif=codes.IOC, reduce_only=True),
            limit(guest, SELL, LOT, on_tick(PRICE * 98 // 100), tif=codes.IOC),
            commands.TradeVault(guest.ident, QUOTE, SELL, False, 5 * LOT, 0, True),
            commands.Transfer(guest.ident, spare.ident, 0, 50 * USD),
            commands.WithdrawVault(guest.ident, BASE, arena.shares(guest, BASE), 0),
            commands.WithdrawVault(guest.ident, PASSIVE, arena.shares(guest, PASSIVE), 0),
            commands.SwapSpot(guest.ident, 0, ETH, False, LOT // 100, 0),
            commands.CancelAll(guest.ident, -1),
        ]  # fmt: skip
        rng.shuffle(ways)
        for command in ways:
            assert arena.send(command, guest.owner), (command.row(), arena.found[0].row())
        arena.brings(guest, USD)
        arena.wait(COOLDOWN - 1)
        let_go(rng, arena, thief, claim)
        closing = arena.base(guest.account)
        assert arena.place(maker, BUY, closing, PRICE)
        assert arena.take(guest, SELL, closing, PRICE) and arena.base(guest.account) == 0
        assert arena.takes(guest, guest.account.cash()) == PAID
        assert arena.takes(guest, arena.eth(guest.account), ETH) == PAID
        out = [arena.left.get((guest.ident, asset), 0) for asset in (0, ETH)]
        now = arena.worth(guest.account) + arena.worth(spare.account) + arena.worth_of(out)
        # Two fills with a maker and one with a pool, 2 % off at most; a dollar came.
        assert now >= worth - 10 * USD * LOT, (now - worth) // LOT
        assert arena.profit() <= 0 or arena.claims_of(thief)
        arena.check()

    every(play, 100)


def test_less_than_may_leave_trips_nothing() -> None:
    """A gang that has less than may leave cannot trip the breaker by anything it does inside, nor
    by taking all it has out bit by bit; one that has less than has to go cannot pause it."""
    modes: list[int] = []

    def play(rng: random.Random) -> None:
        strong = rng.random() < 0.5
        cash = rng.randint(1, 100_000) if not strong else 700_000
        arena = Walled(principal_share=PPM, pause_retained=400_000)
        arena.hold(20_000, 200, 20_000)
        gang = [arena.rich(cash, 0) for _ in range(2)]
        arena.limit()
        whole = arena.worth_of(arena.inside())
        has = sum(arena.worth(who.account) for who in gang)
        assert has < whole * 6 // 10
        for _ in range(rng.randint(5, 25)):
            who = rng.choice(gang)
            pick = rng.random()
            if pick < 0.4:
                greedy(rng, arena, who)
            elif pick < 0.6 and arena.claims_of(who):
                arena.take_back(who, rng.choice(arena.claims_of(who)))
            elif pick < 0.8:
                arena.wait(rng.choice([1, MINUTE, WINDOW - 1, WINDOW, COOLDOWN]))
                arena.tick()
            else:
                act_at_the_vaults(rng, arena, gang)
            modes.append(arena.exchange_mode)
            assert arena.exchange_mode < codes.PAUSED
            assert strong or arena.exchange_mode == codes.NORMAL
        arena.check()

    every(play, 300)
    assert codes.TRIPPED in modes


def test_a_pause_is_no_trap() -> None:
    """Paused, exits of vaults are shut, for the time of the cooldown and not a moment longer, and
    by nothing but what is asked to leave; reductions, cancels and money that comes pass, and nobody
    shortens or lengthens it. What paused it is not taken back before all is normal; what others
    asked for meanwhile is.
    """

    def play(rng: random.Random) -> None:
        arena = Walled(principal_share=PPM)
        arena.hold(20_000, 200, 50_000)
        guest, maker, thief = (arena.rich(cash, 100) for cash in (20_000, 10**5, 4 * 10**6))
        pair_up(arena, guest, maker, 20 * LOT)
        assert arena.trade(guest, QUOTE, BUY, 5 * LOT)
        assert arena.join(guest, BASE, 10 * LOT)
        arena.must(limit(maker, BUY, 5 * LOT, on_tick(PRICE * 99 // 100)), maker.owner)
        arena.limit()
        trip(arena, thief)
        assert arena.takes(guest, rng.randint(1, 1_000) * USD) == HELD
        assert arena.takes(thief, thief.account.cash()) == HELD
        assert arena.exchange_mode == codes.PAUSED
        claims = arena.claims_of(thief)
        for claim in claims:
            arena.stuck(thief, claim)
        assert arena.take_back(guest, arena.claims_of(guest)[0])
        since = arena.now
        shares = arena.shares(guest, BASE)
        out = commands.WithdrawVault(guest.ident, BASE, shares, 0)
        shut: list[commands.Command] = [
            out, commands.Withdraw(guest.ident, 0, 1, "g"),
            commands.SwapSpot(guest.ident, 0, ETH, False, LOT, 0),
            limit(guest, BUY, LOT, PRICE),
        ]  # fmt: skip
        for _ in range(3):
            arena.wait(rng.randint(1, PAUSE // 4))
            assert arena.refused(rng.choice(shut), guest.owner) == codes.EXCHANGE_MODE
            for who in (thief, guest):
                assert not arena.send(commands.ReviewBreaker(-1), who.owner)
            assert arena.takes(thief, 1) != HELD
            assert arena.exchange_mode == codes.PAUSED
        ways: list[commands.Command] = [
            limit(guest, SELL, LOT, on_tick(PRICE * 98 // 100), tif=codes.IOC, reduce_only=True),
            commands.CancelAll(guest.ident, -1),
        ]  # fmt: skip
        for command in ways:
            arena.must(command, guest.owner)
        arena.wait(since + PAUSE - 1 - arena.now)
        assert not arena.send(commands.ReviewBreaker(-1), guest.owner)
        arena.wait(1)
        arena.must(commands.ReviewBreaker(-1), guest.owner)
        assert arena.exchange_mode == codes.TRIPPED
        arena.must(out, guest.owner)
        for claim in claims:
            arena.stuck(thief, claim)
        arena.wait(COOLDOWN)
        arena.must(commands.ReviewBreaker(-1), guest.owner)
        assert arena.exchange_mode == codes.NORMAL
        for claim in claims:
            assert arena.take_back(thief, claim)
        arena.check()

    every(play, 100)


def test_a_run() -> None:
    """Everybody asks for all he has at once: who is first is paid sooner, within the bound, and not
    more than who is last. Nobody is cut, no claim gets lost, and without an operator all of it has
    been paid once the modes have run out.
    """
    told: set[str] = set()

    def play(rng: random.Random) -> None:
        arena = Walled(principal_share=rng.choice([250_000, 500_000, PPM]))
        people = [arena.rich(rng.randint(1, 400_000), rng.randint(1, 2_000)) for _ in range(6)]
        people += arena.crowd
        arena.limit()
        had = {(who.ident, asset): most(arena, who, asset) for who in people for asset in (0, ETH)}
        piece = arena.spare_now() // 8
        asking = [(who, asset) for who in people for asset in (0, ETH)]
        for _ in range(60):
            rng.shuffle(asking)
            for who, asset in 3 * asking:
                # More than a whole part is refused; whoever wants out asks in pieces.
                part = arena.most_at_once() * arena.limits.principal_share // PPM
                asked = min(piece, max(1, part))
                wanted = min(most(arena, who, asset), asked if asset == 0 else asked * 10)
                if wanted:
                    told.add(arena.takes(who, wanted, asset))
                    if arena.exchange_mode == codes.NORMAL:
                        arena.check_outflow()
            arena.wait(rng.choice([WINDOW, WINDOW, COOLDOWN // 2]))
            arena.tick()
        assert not arena.state.guard.held
        assert {key: arena.left[key] for key in had if had[key]} == had
        arena.check()

    every(play, 50)
    assert told >= {PAID, HELD, "EXCHANGE_MODE"}, told


def test_only_operators_move_it() -> None:
    """Nobody but an operator sets modes or limits; a review or a release by anybody changes nothing
    but what is due, and a claim is its owner's alone, wherever it goes."""

    def play(rng: random.Random) -> None:
        arena = Walled(principal_share=PPM, pause_retained=0)
        thief, guest = arena.rich(2 * 10**6, 0), arena.rich(10_000, 0)
        arena.limit()
        trip(arena, thief)
        (claim,) = arena.claims_of(thief)
        tries: list[tuple[commands.Command, int]] = [
            (commands.SetBreakerMode(rng.randrange(3), 0), codes.NOT_ALLOWED),
            (commands.SetBreakerParams(arena.limits), codes.NOT_ALLOWED),
            (commands.CancelHeld(thief.ident, claim), codes.NOT_OWNER),
            (commands.CancelHeld(guest.ident, claim), codes.UNKNOWN_HELD),
            (commands.ReleaseHeld(claim), codes.HELD_WAITS),
            (commands.ReviewBreaker(-1), codes.BREAKER_WAITS),
        ]  # fmt: skip
        for command, code in tries:
            assert arena.refused(command, guest.owner) == code
        assert arena.refused(commands.CancelHeld(thief.ident, claim), OPERATOR) == codes.NOT_OWNER
        amount = arena.state.guard.held[claim].amount
        arena.wait(COOLDOWN)
        arena.tick()
        assert not arena.claims_of(thief)
        paid = [e for e in arena.found if isinstance(e, events.HeldReleased)]
        assert [(one.account, one.amount, one.paid) for one in paid] == [
            (thief.ident, amount, True)
        ]
        assert arena.refused(commands.ReleaseHeld(claim), guest.owner) == codes.UNKNOWN_HELD
        assert arena.refused(
            commands.CancelHeld(thief.ident, claim), thief.owner
        ) == codes.UNKNOWN_HELD  # fmt: skip
        arena.check()

    every(play, 100)


def tripped(arena: Arena, thief: Person) -> None:
    """Limits, and somebody past them."""
    limits = BreakerParams(principal_share=PPM, pause_retained=0)
    arena.must(commands.SetBreakerParams(limits), OPERATOR)
    arena.external += 1
    all_of_it = commands.Withdraw(thief.ident, 0, thief.account.cash(), f"out{arena.external}")
    arena.must(all_of_it, thief.owner)
    assert arena.state.guard.breaker.mode == codes.TRIPPED


def test_tripping_it_before_a_liquidation() -> None:
    """While nobody may open anything, an order at the edge of the band that waits for somebody's
    liquidation takes no more than it would otherwise: not more than he had, and no insurance."""

    def play(rng: random.Random) -> None:
        changes: dict[str, Any] = {"auction": rng.randrange(2), "liquidation_auction": 1}
        arena = Arena(repeg=2, **changes)
        maker, victim = arena.person(10**7), arena.person(rng.choice([100, 1_000]))
        gang, thief = arena.person(10**5), arena.person(10**8)
        side = rng.randrange(2)
        leveraged(arena, victim, side, maker)
        insured = arena.market.insurance.cash()
        arena.watch(gang)
        edges = arena.state.oracles[0]
        for _ in range(rng.randint(1, 5)):
            sign = -1 if side == BUY else 1
            off = on_tick(arena.price + sign * arena.price * rng.randint(30_000, 99_000) // PPM)
            arena.place(gang, side, rng.randint(1, 60) * LOT,
                        min(max(off, edges.low), edges.high))  # fmt: skip
        tripped(arena, thief)
        for _ in range(30):
            slide(arena, side, rng.randint(5_000, 15_000))
            required = margin.requirement(arena.state, victim.account, True)
            if margin.equity(arena.state, victim.account) < required:
                break
        left = margin.equity(arena.state, victim.account)
        arena.send(commands.Liquidate(victim.ident, -1), KEEPER)
        assert not arena.of(events.Rejected), arena.found[0].row()
        for _ in range(3):
            arena.oracle(arena.price, 5_001)
            arena.tick()
        arena.must(commands.SetBreakerMode(codes.NORMAL, 0), OPERATOR)
        arena.unwind(gang)
        arena.check()
        most = max(0, left) + arena.given // LOT
        assert arena.profit() <= most, (arena.profit(), left)
        if left > 0:
            assert arena.market.insurance.cash() >= insured
            assert margin.equity(arena.state, victim.account) >= 0

    every(play, 300)
