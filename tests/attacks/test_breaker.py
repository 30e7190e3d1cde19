"""Attacks on the bound of what leaves the exchange: by other assets, through vaults and pools, at
edges of windows, with fresh money, held withdrawals, many accounts, a price one has moved.

Whatever a gang does inside, it is held against what was there before the window, as the test
counts it (``breaker_arena``): 70 % of that stays, at the prices of now.
"""

from __future__ import annotations

import random
from typing import Any

from plimsoll.core import outflow
from plimsoll.messages import codes, commands
from tests.attacks.arena import BUY, LOT, PRICE, SELL, USD, Person, around, every, sized
from tests.attacks.breaker_arena import (
    COOLDOWN,
    HELD,
    PAID,
    PPM,
    TICK,
    WINDOW,
    Walled,
)
from tests.attacks.vault_arena import BASE, ETH
from tests.attacks.vault_strategies import act as act_at_the_vaults

WHOLE: dict[str, Any] = {"principal_share": PPM, "pause_retained": 0}
"""Limits under which one principal may take all that may leave."""


def most(arena: Walled, who: Person, asset: int) -> int:
    """All there is of an asset on somebody's account."""
    return who.account.cash() if asset == 0 else arena.eth(who.account)


def greedy(rng: random.Random, arena: Walled, who: Person) -> str:
    """Take out what may leave, a unit more, or all there is; of either asset."""
    asset = rng.choice([0, ETH])
    have = most(arena, who, asset)
    spare = arena.spare_now()
    if asset == ETH:
        spare = spare * LOT // arena.price
    amount = min(have, rng.choice([spare, spare + 1, spare // 2, have, rng.randint(1, 10**9)]))
    if amount <= 0:
        return ""
    answer = arena.takes(who, amount, asset)
    if answer == PAID:
        arena.check_outflow()
    return answer


def test_no_way_around_by_other_assets() -> None:
    """What is sold to vaults and pools, hedged, swapped, deposited or offered inside the exchange
    changes neither what may leave nor what counts when it leaves as ETH.

    Findings: M-6.
    """
    told: list[str] = []

    def play(rng: random.Random) -> None:
        arena = Walled(**WHOLE, locking=0, pool_fee=rng.choice([0, 3_000]))
        arena.hold(20_000, 200, 20_000)
        gang = [arena.rich(200_000, 2_000) for _ in range(2)]
        arena.limit()
        for _ in range(rng.randint(5, 15)):
            room = outflow.may_leave(arena.state, -1, arena.now)
            for _ in range(rng.randint(1, 4)):
                there = arena.inside()
                act_at_the_vaults(rng, arena, gang)
                made = outflow.may_leave(arena.state, -1, arena.now)
                # One of the things they do is to take money out.
                assert made == room if arena.inside() == there else made < room
                assert abs(made - arena.spare_now()) <= 3
                room = made
            told.append(greedy(rng, arena, rng.choice(gang)))
            if rng.random() < 0.2:
                arena.wait(rng.choice([TICK, WINDOW // 3, WINDOW]), around(rng, PRICE, 20_000))
        arena.check()

    every(play, 300)
    assert told.count(PAID) > 300 and told.count("RATE_LIMITED") > 100


def test_a_hedge_of_five_hundred() -> None:
    """The numbers of the audit: of 1,000 may leave 300; a vault sells 500 of base for a short, and
    301 are still too much."""

    def play(rng: random.Random) -> None:
        arena = Walled(**WHOLE, locking=0)
        arena.hold(0, 1_000, 0)
        thief = arena.rich(10**6, 0)
        arena.limit()
        room = arena.spare_now()
        assert arena.trade(thief, BASE, SELL, rng.randint(5, 15) * LOT)
        assert arena.takes(thief, room + rng.choice([1, 10**6])) == "RATE_LIMITED"
        assert arena.takes(thief, room) == PAID
        arena.check_outflow()

    every(play, 100)


def test_edges_of_windows() -> None:
    """Whoever takes all that may leave at the edges of ticks and windows takes no more than from
    any other moment: an outflow counts for exactly a window, to the tick, and is then forgotten.

    Findings: known-10.
    """

    def play(rng: random.Random) -> None:
        arena = Walled(**WHOLE, locking=0)
        thief = arena.rich(10**6, 5_000)
        arena.limit()
        arena.wait(rng.randrange(TICK))
        left: list[tuple[int, int]] = []
        for _ in range(rng.randint(4, 10)):
            before = arena.inside()
            if greedy(rng, arena, thief) == PAID:
                after = arena.inside()
                left.append((arena.now, before[0] - after[0] + (before[1] - after[1]) // 10))
            edge = TICK - arena.now % TICK
            step = rng.choice([1, edge - 1, edge, WINDOW - arena.now % TICK - 1, WINDOW, TICK])
            arena.wait(max(1, step))
            assert abs(outflow.may_leave(arena.state, -1, arena.now) - arena.spare_now()) <= 3
        whole = arena.worth_of(arena.notes[0][1]) // LOT
        for start, _ in left:
            taken = sum(amount for at, amount in left if start <= at < start + WINDOW - TICK)
            assert taken <= whole * 3 // 10 + 10
        arena.wait(WINDOW)
        kept = arena.worth_of(arena.inside()) // LOT
        assert abs(outflow.may_leave(arena.state, -1, arena.now) - kept * 3 // 10) <= 2
        arena.check()

    every(play, 300)


def test_a_breach_stops_it() -> None:
    """Who asks for more than may leave gets nothing more, in no later window and by nobody's
    account, until the cooldown is over and nothing else is past the bound; then no more than a
    window's. What was paid before was within the bound.

    Findings: #62.
    """
    windows: list[int] = []

    def play(rng: random.Random) -> None:
        arena = Walled(**WHOLE)
        gang = [arena.rich(10**6, 0), arena.rich(200_000, 1_000)]
        arena.limit()
        quota = arena.spare_now()
        start = arena.inside()
        for _ in range(rng.randint(0, 2)):
            thief = rng.choice(gang)
            arena.takes(thief, min(thief.account.cash(), rng.randint(1, quota // 4)))
        thief = max(gang, key=lambda one: one.account.cash())
        over = arena.spare_now() + rng.choice([1, USD])
        assert arena.takes(thief, over) == HELD, [e.row() for e in arena.found]
        assert arena.exchange_mode == codes.TRIPPED
        left = arena.worth_of(outside_of(arena))
        tripped = arena.now
        while arena.now < tripped + COOLDOWN - WINDOW:
            arena.wait(rng.choice([TICK, WINDOW // 2, WINDOW, COOLDOWN // 4]))
            who = rng.choice([*gang, *arena.crowd])
            asked = min(who.account.cash(), rng.choice([1, USD, 10_000 * USD]))
            if asked and arena.now < tripped + COOLDOWN:
                assert arena.takes(who, asked) == HELD
                arena.tick()
                windows.append(1)
                assert arena.send(commands.ReviewBreaker(-1), who.owner) is False
            claims = sorted(arena.state.guard.held)
            released = commands.ReleaseHeld(rng.choice(claims))
            if arena.now < tripped + COOLDOWN:
                assert arena.refused(released, who.owner) == codes.HELD_WAITS
                assert arena.worth_of(outside_of(arena)) == left, "something left"
        assert arena.worth_of(start) - arena.worth_of(all_of(arena)) <= quota * LOT
        arena.check()

    every(play, 200)
    assert len(windows) > 500


def outside_of(arena: Walled) -> list[int]:
    """What the outside has got in all, of dollars and of ETH (signed)."""
    outside = arena.state.accounts[codes.OUTSIDE_ACCOUNT]
    return [outside.held(0), outside.held(ETH)]


def all_of(arena: Walled) -> list[int]:
    """What is in the exchange, with what is held."""
    return [-amount for amount in outside_of(arena)]


def test_fresh_money_and_held_money() -> None:
    """Deposits, withdrawals, claims taken back and claims paid out, in any order and by several:
    beyond what the gang brought within the window it takes what may leave and no more. A claim that
    asked for more than may leave at all comes back in a normal mode, any other at any time.
    """
    told: list[str] = []
    backs: list[bool] = []

    def play(rng: random.Random) -> None:
        arena = Walled(**{**WHOLE, "cooldown_ms": WINDOW, "pause_cooldown_ms": WINDOW})
        gang = [arena.rich(200_000, 1_000) for _ in range(2)]
        arena.limit()
        for _ in range(rng.randint(5, 20)):
            who = rng.choice(gang)
            pick = rng.random()
            if pick < 0.25:
                arena.brings(who, rng.randint(1, 300_000) * USD)
            elif pick < 0.35:
                arena.brings(who, rng.randint(1, 3_000) * LOT, ETH)
            elif pick < 0.5 and arena.claims_of(who):
                back_again(rng, arena, who, backs)
            elif pick < 0.6:
                arena.wait(rng.choice([1, TICK, WINDOW // 2, WINDOW - 1, WINDOW, 2 * WINDOW]))
                arena.tick()
            else:
                told.append(greedy(rng, arena, who))
            assert abs(spare(arena) - arena.spare_now()) <= 3
            if arena.exchange_mode == codes.TRIPPED and who.account.cash() > USD:
                told.append(arena.takes(who, rng.randint(1, USD)))
                if rng.random() < 0.5:
                    back_again(rng, arena, who, backs)
                assert abs(spare(arena) - arena.spare_now()) <= 3
        arena.check()

    every(play)
    assert told.count(PAID) > 1_000 and told.count(HELD) > 100
    assert backs.count(True) > 50 and backs.count(False) > 100


def back_again(rng: random.Random, arena: Walled, who: Person, backs: list[bool]) -> None:
    """Somebody asks for a claim of his; whether it has to wait is added to ``backs``."""
    claim = rng.choice(arena.claims_of(who))
    backs.append(arena.is_stuck(claim))
    if backs[-1]:
        arena.stuck(who, claim)
    else:
        assert arena.take_back(who, claim)


def spare(arena: Walled) -> int:
    """What may leave by the exchange's count, whatever its mode."""
    return outflow.bound(arena.state, arena.now).may_leave()


def test_limits_come_over_what_is_there() -> None:
    """Limits that are set when the exchange has money count all of it at once; those who brought it
    before are no fresher than others, and money that comes later is counted for itself.

    Findings: own-limiter-seed.
    """

    def play(rng: random.Random) -> None:
        arena = Walled()
        thief = arena.rich(rng.randint(10_000, 500_000), 0)
        if rng.random() < 0.5:
            assert arena.takes(thief, rng.randint(1, 5_000) * USD) == PAID
        arena.limit(**WHOLE, locking=0)
        whole = arena.worth_of(arena.inside()) // LOT
        assert spare(arena) == whole - whole * 7 // 10
        later = rng.randint(0, 100_000) * USD
        if later:
            arena.brings(arena.crowd[0], later)
        allowed = whole * 3 // 10 + later
        for who in (thief, *arena.crowd):
            greedy(rng, arena, who)
            greedy(rng, arena, who)
        assert whole + later - arena.worth_of(arena.inside()) // LOT <= allowed + 1
        if rng.random() < 0.5:
            arena.wait(WINDOW)
            whole = arena.worth_of(arena.inside()) // LOT
            assert spare(arena) == whole - whole * 7 // 10
        arena.check()

    every(play, 300)


def test_a_whale_leaves_the_others_their_part() -> None:
    """One principal, with any number of accounts and requests, takes its part of what may leave; it
    trips nothing by asking for more within the bound, and small withdrawals go on.

    Findings: own-quota-griefing.
    """

    def play(rng: random.Random) -> None:
        share = rng.choice([100_000, 250_000, 500_000])
        arena = Walled(principal_share=share)
        whale = arena.rich(300_000, 2_000)
        accounts = [whale, arena.account_of(whale.owner, 200_000)]
        arena.limit()
        quota = arena.spare_now()
        part = quota * share // PPM
        taken = 0
        for _ in range(rng.randint(3, 20)):
            who, asset = rng.choice(accounts), rng.choice([0, ETH])
            before = arena.worth_of(arena.inside())
            amount = rng.choice([rng.randint(1, 10_000 * USD), part // 2, part])
            amount = min(amount * LOT // arena.price if asset else amount,
                         most(arena, who, asset), quota - part)  # fmt: skip
            if amount <= 0 or arena.worth_of([0, amount] if asset else [amount, 0]) > (
                arena.spare_now() * LOT
            ):
                continue
            if arena.takes(who, amount, asset) == PAID:
                taken += before - arena.worth_of(arena.inside())
            assert arena.exchange_mode == codes.NORMAL
        assert taken <= (part + 1) * LOT
        for small in arena.crowd:
            assert arena.takes(small, min(20_000 * USD, (quota - part) // 5)) == PAID
        assert arena.exchange_mode == codes.NORMAL
        arena.check_outflow()
        arena.check()

    every(play, 300)


def test_many_hands_take_no_more() -> None:
    """Any number of principals who work together take what may leave, and each its part: what one
    wins from another inside is counted where it leaves."""

    def play(rng: random.Random) -> None:
        arena = Walled(principal_share=rng.choice([200_000, 500_000]), locking=0)
        gang = [arena.rich(100_000, 500) for _ in range(rng.randint(2, 6))]
        arena.limit()
        start = arena.worth_of(arena.inside())
        part = arena.spare_now() * arena.limits.principal_share // PPM
        taken = {who.owner: 0 for who in gang}
        for _ in range(25):
            who = rng.choice(gang)
            before = arena.worth_of(arena.inside())
            if rng.random() < 0.3:
                other = rng.choice(gang)
                price = around(rng, PRICE, 90_000)
                size = sized(rng, 100)
                arena.place(other, SELL, size, price)
                arena.take(who, BUY, size, price)
            asked = min(who.account.cash(), rng.randint(1, 60_000 * USD))
            if arena.takes(who, asked) == PAID:
                taken[who.owner] += before - arena.worth_of(arena.inside())
            arena.check_outflow()
        assert sum(taken.values()) <= start * 3 // 10 + LOT
        assert max(taken.values()) <= (part + 1) * LOT
        arena.check()

    every(play, 200)


def test_a_price_that_was_moved() -> None:
    """A price alone trips nothing. Pumped, it lets more leave: what 30 % of the exchange are worth
    at that price, and not a unit beyond; back where it was, what has left counts in full.
    """
    pumped: list[int] = []

    def play(rng: random.Random) -> None:
        arena = Walled(**WHOLE, locking=0, hedged={"firm_quotes": 1})
        thief = arena.rich(10**6, rng.choice([0, 10_000]))
        arena.limit()
        normal = arena.spare_now()
        for _ in range(rng.randint(1, 4)):
            factor = rng.choice([2, 10, 90, 110, 200, 450])
            arena.wait(rng.choice([1_000, TICK, WINDOW // 2]))
            arena.oracle(arena.price * factor // 100 // 10_000 * 10_000 + 10_000)
            assert arena.exchange_mode == codes.NORMAL
            assert abs(spare(arena) - arena.spare_now()) <= 3
            pumped.append(arena.spare_now() - normal)
            greedy(rng, arena, thief)
        arena.oracle(PRICE)
        kept = arena.worth_of(arena.before()) * 7 // 10
        short = max(0, kept - arena.worth_of(arena.inside()))
        assert spare(arena) == 0 or short == 0
        arena.check()

    every(play, 300)
    assert max(pumped) > 0
