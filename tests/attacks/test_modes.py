"""Attacks on the exits: modes that must not trap anybody, winners who leave first."""

from __future__ import annotations

import random

from plimsoll.core import margin
from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    PRICE,
    SELL,
    TICK,
    USD,
    Arena,
    Person,
    every,
    limit,
    pair_up,
)

MODES = (codes.ACTIVE, codes.RESTRICTED, codes.REDUCE_ONLY, codes.HALTED)
ACTIONS: dict[str, int] = {
    "open_rest": codes.ACTIVE, "open_take": codes.ACTIVE, "bid_for": codes.ACTIVE,
    "open_against_the_vamm": codes.RESTRICTED,
    "reduce_book": codes.REDUCE_ONLY, "reduce_vamm": codes.REDUCE_ONLY,
    "reduce_rest": codes.REDUCE_ONLY, "liquidate": codes.REDUCE_ONLY,
    "reduce_market": codes.REDUCE_ONLY, "arm": codes.REDUCE_ONLY,
    "cancel": codes.HALTED, "cancel_all": codes.HALTED, "deposit": codes.HALTED,
    "withdraw": codes.HALTED, "withdraw_held": codes.HALTED, "expire": codes.HALTED,
    "tick": codes.HALTED,
}  # fmt: skip
"""Action -> the tightest mode that lets it pass."""


def test_modes_never_block_exits() -> None:
    """Every action in every mode: what takes risk away passes as long as anything trades."""

    def play(rng: random.Random) -> None:
        arena = Arena(auction=1, liquidation_auction=0, repeg=2)
        maker, holder, flat = arena.person(10**6), arena.person(10**4), arena.person(10**4)
        victim = arena.person(rng.randint(230, 250))
        spare = arena.account_of(flat.owner, 100)
        pair_up(arena, holder, maker, rng.randint(5, 20) * LOT)
        pair_up(arena, victim, maker, 20 * LOT)
        # The traders are net short, so the vAMM is long: what sells to it adds to its position.
        arena.take(maker, SELL, 4 * LOT)
        arena.oracle(92 * USD, 1_000)
        arena.must(limit(maker, BUY, 3 * LOT, 91 * USD), maker.owner)
        arena.must(limit(flat, BUY, LOT, 90 * USD, expires_ms=arena.now + 10), flat.owner)
        rests = arena.placed()
        assert arena.at_market(holder, BUY, 2 * LOT, 91_990_000)
        auction = arena.placed()
        arena.now += 20
        mode = rng.choice(MODES)
        arena.must(commands.SetMarketMode(0, mode), OPERATOR)
        ioc = codes.IOC
        asked: dict[str, tuple[commands.Command, int]] = {
            "open_rest": (limit(flat, BUY, LOT, 90 * USD), flat.owner),
            "open_take": (limit(flat, SELL, LOT, 91 * USD, tif=ioc), flat.owner),
            "bid_for": (commands.OfferAuction(flat.ident, auction, 91_900_000, LOT), flat.owner),
            "open_against_the_vamm": (limit(flat, BUY, LOT, 99 * USD, tif=ioc), flat.owner),
            "reduce_book": (
                limit(holder, SELL, LOT, 91 * USD, tif=ioc, reduce_only=True), holder.owner),
            "reduce_vamm": (
                limit(maker, BUY, LOT, 99 * USD, tif=ioc, reduce_only=True), maker.owner),
            "reduce_rest": (limit(holder, SELL, LOT, 99 * USD, reduce_only=True), holder.owner),
            "reduce_market": (
                limit(maker, BUY, 3 * LOT, 0, kind=1, tif=ioc, reduce_only=True), maker.owner),
            "liquidate": (commands.Liquidate(victim.ident, -1), KEEPER),
            "arm": (
                commands.PlaceTrigger(
                    holder.ident, 0, SELL, 1, ioc, 0, LOT, True, 80 * USD, codes.BELOW, 0, ""),
                holder.owner),
            "cancel": (commands.CancelOrder(holder.ident, auction, ""), holder.owner),
            "cancel_all": (commands.CancelAll(flat.ident, -1), flat.owner),
            "deposit": (commands.Deposit(holder.ident, 0, USD, "x"), OPERATOR),
            "withdraw": (commands.Withdraw(spare.ident, 0, USD, "y"), spare.owner),
            "withdraw_held": (commands.Withdraw(holder.ident, 0, USD, "z"), holder.owner),
            "expire": (commands.ExpireOrder(rests, -1), KEEPER),
            "tick": (commands.Tick(100), KEEPER),
        }  # fmt: skip
        for name, (command, principal) in asked.items():
            found = arena.engine.dry_run(command, arena.now, principal)
            passed = not any(isinstance(event, events.Rejected) for event in found)
            if isinstance(command, commands.PlaceOrder) and command.kind == codes.LIMIT:
                filled = any(isinstance(event, events.Filled) for event in found)
                passed = passed and (filled or command.tif == codes.GTC)
            assert passed == (mode <= ACTIONS[name]), (name, codes.MODES[mode])
        arena.check()

    every(play)


def test_winners_who_leave_first_take_only_what_is_settled() -> None:
    """In any order of leaving nobody takes unrealised profit, and savers get all of theirs.

    Findings: #106.
    """

    def play(rng: random.Random) -> None:
        capital = rng.choice([200, 2_000, 20_000])
        arena = Arena(
            capital=capital, pools=rng.choice([0, 100, 1_000]), auction=0, liquidation_auction=0,
            repeg=rng.choice([0, 1, 2]), vamm_sqrt_k=rng.choice([100, 1_000]) * LOT,
            vamm_max_fill_fraction=2,
        )  # fmt: skip
        cash = 1_000
        people = [arena.person(cash) for _ in range(4)]
        saver = arena.person(cash)
        for who in people:
            arena.take(who, rng.randrange(2), rng.randint(1, 20) * LOT)
        pair_up_any(arena, rng, people)
        for _ in range(rng.randint(1, 5)):
            arena.oracle(arena.price * rng.randint(88, 113) // 100 // TICK * TICK, 2_000)
            arena.tick()
            who = rng.choice(people)
            spare = margin.settled(arena.state, who.account)
            assert not arena.withdraw(who, max(0, spare) + 1)
        rng.shuffle(people)
        unpaid = 0
        for who in people:
            for _ in range(6):
                held = arena.base(who.account)
                if held:
                    arena.take(who, SELL if held > 0 else BUY, abs(held), reduce_only=True)
            amount = margin.withdrawable(arena.state, who.account)
            assert not arena.withdraw(who, amount + 1)
            if amount:
                assert arena.withdraw(who, amount)
            arena.tick()
            unpaid += sum(event.unpaid for event in arena.of(events.BadDebt))
        assert arena.withdraw(saver, cash * USD)
        assert arena.state.accounts[codes.OUTSIDE_ACCOUNT].cash() <= unpaid
        arena.check()

    every(play)


def pair_up_any(arena: Arena, rng: random.Random, people: list[Person]) -> None:
    """Trades among the people, some of them at the edge of the band."""
    for _ in range(3):
        maker, taker = rng.sample(people, 2)
        price = PRICE + rng.randint(-900, 900) * TICK
        side = rng.randrange(2)
        arena.place(maker, 1 - side, 5 * LOT, price)
        arena.take(taker, side, 5 * LOT, price)
