"""Attacks with the keys of operators: one that was stolen, two that work together, announcements
kept in stock or overtaken, floods, second identities.

There is a delay of a day and a second operator. One key alone moves nobody's money and loosens
nothing; two take no more than anybody could until a day after they said so.
"""

from __future__ import annotations

import random
from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard import CancelProposal, ExecuteProposal, Propose
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.attacks.arena import BUY, LOT, OPERATOR, PRICE, SELL, every, sized
from tests.attacks.breaker_arena import PAID, TICK, WINDOW
from tests.attacks.key_arena import DELAY, EXPIRY, Keyed, any_change, check_tighter, row_of, turned
from tests.attacks.test_breaker import greedy
from tests.attacks.test_breaker_vaults import adding, terms
from tests.attacks.vault_arena import BASE, PASSIVE, QUOTE


def test_one_stolen_key() -> None:
    """Whatever the only key of a thief is used for, at once or over days: nothing that guards money
    is looser than it was, the house's money and that of others is where it was, there is no third
    operator, and what his friend takes out is what anybody could.
    """
    done: list[str] = []

    def play(rng: random.Random) -> None:
        arena = Keyed()
        crowd = [arena.worth(one.account) for one in arena.crowd]
        for _ in range(rng.randint(5, 25)):
            thief = rng.choice([OPERATOR, OPERATOR, OPERATOR, arena.friend.owner])
            before, house = arena.guarded(), arena.house()
            pick = rng.random()
            if pick < 0.7:
                command = any_change(rng, arena)
                if arena.send(command, thief):
                    done.append(type(command).__name__)
            elif pick < 0.85:
                made = arena.propose(any_change(rng, arena), thief)
                if made and rng.random() < 0.5:
                    arena.wait(rng.choice([1, DELAY, DELAY + EXPIRY]))
                for ident in sorted(arena.state.guard.proposals):
                    for key in (OPERATOR, arena.friend.owner):
                        assert not arena.execute(ident, key)
            elif arena.exchange_mode == codes.NORMAL:
                if greedy(rng, arena, arena.friend) == PAID:
                    arena.check_outflow()
                    before = arena.guarded()
            else:
                arena.wait(rng.choice([1, WINDOW, DELAY]))
            if arena.exchange_mode == codes.NORMAL:
                check_tighter(before, arena.guarded())
            else:
                check_tighter(before[:-2], arena.guarded()[:-2])
            assert arena.house() == house
            assert arena.operators() == 2
        assert [arena.worth(one.account) for one in arena.crowd] == crowd
        arena.check()

    every(play, 300)
    assert len(set(done)) > 10, sorted(set(done))


def test_what_was_announced_before_it_was_tightened() -> None:
    """A set that was announced when more was allowed is never carried out once anything of it has
    been tightened, nor after its expiry, in whatever order announcements, changes and executions
    come."""
    stale: list[int] = []

    def play(rng: random.Random) -> None:
        arena = Keyed()
        announced: dict[int, tuple[commands.Command, dict[str, Any]]] = {}
        for _ in range(rng.randint(10, 40)):
            pick = rng.random()
            keys = [OPERATOR, arena.second]
            change = turned(rng, arena)
            kind = type(change.params)  # type: ignore[attr-defined]
            if pick < 0.4:
                made = arena.propose(change, rng.choice(keys))
                if made:
                    announced[made] = change, row_of(arena.set_of(kind))
            elif pick < 0.6:
                before = arena.guarded()
                if arena.send(change, rng.choice(keys)):
                    check_tighter(before, arena.guarded())
            elif pick < 0.8:
                arena.wait(rng.choice([1, DELAY // 2, DELAY, EXPIRY]))
            elif announced:
                ident = rng.choice(sorted(announced))
                change, was = announced[ident]
                kind = type(change.params)  # type: ignore[attr-defined]
                now = row_of(arena.set_of(kind))
                waiting = arena.state.guard.proposals.get(ident)
                if arena.execute(ident, rng.choice(keys)):
                    assert now == was, "it was announced against something else"
                    assert waiting is not None
                    assert waiting.ready_ms <= arena.now <= waiting.expires_ms
                    want = row_of(change.params)  # type: ignore[attr-defined]
                    assert row_of(arena.set_of(kind)) == want
                    del announced[ident]
                elif arena.of(events.Rejected)[0].code == codes.PROPOSAL_STALE:
                    stale.append(1)
                    assert now != was
        arena.check()

    every(play, 300)
    assert len(stale) > 50


def test_two_keys_within_the_delay() -> None:
    """Two operators who work together, with a friend who takes out what he can: until a day after
    the first of them said so, no limit of the outflow is wider, no new key, market or delay helps,
    and no more leaves than anybody could have taken. Afterwards they may."""
    after: list[int] = []

    def play(rng: random.Random) -> None:
        arena = Keyed(locking=0)
        keys = [OPERATOR, arena.second]
        told = arena.now
        plans: list[commands.Command] = [
            arena.setting(BreakerParams, retained=1),
            arena.setting(BreakerParams, window_ms=TICK, cooldown_ms=WINDOW),
            arena.setting(BreakerParams, threshold=10**15),
            arena.setting(GlobalParams, admin_delay_ms=0),
            commands.SetBreakerMode(codes.NORMAL, told + DELAY + WINDOW),
            commands.CreatePrincipal("third", codes.ROLE_OPERATOR),
            commands.CreateMarket(MarketParams("Y-USD", *arena.settings[1:])),
        ]  # fmt: skip
        rng.shuffle(plans)
        plans = plans[: rng.randint(1, len(plans))]
        made = [arena.propose(plan, rng.choice(keys)) for plan in plans]
        before, house = arena.guarded(), arena.house()
        while arena.now < told + DELAY - 1:
            for plan in plans:
                assert not arena.send(plan, rng.choice(keys))
            for ident in made:
                for key in (*keys, arena.friend.owner):
                    assert not arena.execute(ident, key)
            if greedy(rng, arena, arena.friend) == PAID:
                arena.check_outflow()
            assert arena.guarded() == before and arena.house() == house
            assert len(arena.state.markets) == 1 and arena.operators() == 2
            step = rng.choice([WINDOW // 2, WINDOW, DELAY // 3])
            arena.wait(min(step, max(1, told + DELAY - 1 - arena.now)))
        arena.wait(1)
        assert arena.now == told + DELAY
        after.extend(sum(arena.execute(ident, key) for key in keys) for ident in made)
        arena.check()

    every(play, 200)
    assert after.count(1) > 200 and 2 not in after


def test_a_second_identity() -> None:
    """One key makes itself no second one: not as an operator, nor as anything else that could carry
    out what it announced; it cannot do so itself, and not by announcing it twice."""

    def play(rng: random.Random) -> None:
        arena = Keyed()
        roles = rng.randrange(1, 128)
        new = commands.CreatePrincipal("alias", roles)
        mighty = roles & (codes.ROLE_OPERATOR | codes.ROLE_ORACLE)
        if mighty:
            assert arena.refused(new, OPERATOR) == codes.NEEDS_PROPOSAL
            alias = arena.friend.owner
        else:
            arena.must(new, OPERATOR)
            alias = len(arena.state.principals) - 1
        first = arena.propose(commands.CreatePrincipal("third", codes.ROLE_OPERATOR))
        second = arena.propose(commands.CreatePrincipal("third", codes.ROLE_OPERATOR))
        arena.wait(rng.choice([DELAY, DELAY + EXPIRY]))
        for ident in (first, second):
            own = ExecuteProposal(ident)
            assert arena.refused(own, OPERATOR) == codes.PROPOSAL_OWN
            assert arena.refused(own, alias) == codes.NOT_ALLOWED
            nested = Propose(own)
            assert arena.refused(nested, OPERATOR) == codes.BAD_FIELD
        assert arena.operators() == 2
        assert arena.execute(first, arena.second)
        assert not arena.execute(second, arena.second), "the name is taken"
        arena.check()

    every(play, 100)


def test_a_flood_of_proposals() -> None:
    """A key that fills all there is room for stops nobody: what tightens is done at once, what was
    announced before is carried out, either operator makes room, and time does."""

    def play(rng: random.Random) -> None:
        arena = Keyed()
        good = arena.propose(arena.setting(MarketParams, imr=90_000), arena.second)
        flood: list[int] = []
        while len(arena.state.guard.proposals) < 64:
            made = arena.propose(commands.CreatePrincipal(f"f{len(flood)}", rng.randrange(1, 128)))
            assert made
            flood.append(made)
        plan = Propose(arena.setting(GlobalParams, relay_fee_max=10**8))
        assert arena.refused(plan, arena.second) == codes.PROPOSALS_FULL
        arena.must(arena.setting(BreakerParams, retained=900_000), arena.second)
        arena.must(commands.SetVaultMode(BASE, codes.HALTED), arena.second)
        if rng.random() < 0.5:
            arena.must(CancelProposal(rng.choice(flood)), arena.second)
            arena.must(plan, arena.second)
        arena.wait(DELAY)
        assert arena.execute(good, OPERATOR), arena.found[0].row()
        arena.wait(EXPIRY + DELAY + 1)
        arena.tick()
        assert not arena.state.guard.proposals
        arena.must(plan, arena.second)
        arena.check()

    every(play, 30)


def test_an_opening_kept_in_stock() -> None:
    """Two operators who announce each day that a vault be opened, just in case, have nothing in
    hand when its breaker trips: what it lost since was not known then. Nor a normal mode of the
    exchange for its next outflow.

    Findings: own-opening-in-stock.
    """

    def play(rng: random.Random) -> None:
        arena = Keyed()
        stock = [arena.propose(commands.SetVaultMode(vault, codes.ACTIVE))
                 for vault in (PASSIVE, BASE, QUOTE)]  # fmt: skip
        stock.append(arena.propose(commands.SetBreakerMode(codes.NORMAL, 0)))
        arena.wait(DELAY + rng.randrange(EXPIRY // 2))
        vault = rng.choice([BASE, QUOTE])
        trader = arena.rich(50_000, 100)
        assert arena.trade(trader, vault, adding(vault), 10 * LOT)
        params = arena.row(vault).params
        terms(arena, vault, util_max=params.util_max // 1_000)
        assert arena.row(vault).guard.mode == codes.TRIPPED
        assert arena.takes(arena.friend, arena.friend.account.cash()) != PAID
        assert arena.exchange_mode == codes.TRIPPED
        opening = commands.SetVaultMode(vault, codes.ACTIVE)
        assert arena.refused(opening, OPERATOR) == codes.NEEDS_PROPOSAL
        for ident in (stock[vault], stock[3]):
            command = ExecuteProposal(ident)
            assert arena.refused(command, arena.second) == codes.PROPOSAL_STALE
        made = arena.propose(opening)
        assert not arena.execute(made, arena.second)
        arena.wait(DELAY)
        assert arena.execute(made, arena.second)
        arena.check()

    every(play, 50)


def test_another_market_of_the_same_base() -> None:
    """A market that two operators open later, with a price of its own, changes neither what ETH
    count when they leave nor what vaults and pools are worth."""

    def play(rng: random.Random) -> None:
        arena = Keyed(locking=0)
        made = arena.propose(commands.CreateMarket(MarketParams("Y-USD", *arena.settings[1:])))
        arena.wait(DELAY)
        assert arena.execute(made, arena.second)
        arena.oracle(PRICE)
        room = arena.spare_now()
        arena.oracle_of(1, PRICE * rng.choice([1, 3, 50]) // rng.choice([1, 40]))
        assert arena.spare_now() == room
        for _ in range(5):
            if greedy(rng, arena, arena.friend) == PAID:
                arena.check_outflow()
        size, trader = sized(rng, 5), arena.rich(10_000, 0)
        assert arena.trade(trader, BASE, SELL, size), arena.found[0].row()
        assert arena.trade(trader, BASE, BUY, size)
        arena.check()

    every(play, 50)
