"""Attacks on whose order it is: accounts that did not sign, funds of others, keys taken back."""

from __future__ import annotations

import random
from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.gateway import SignedOrder
from tests.attacks.arena import (
    BUY,
    OPERATOR,
    PRICE,
    STEP,
    USD,
    Person,
    every,
    on_tick,
    opposite,
    sized,
)
from tests.attacks.gateway_strategies import key_of, parts_of, resigned, with_terms
from tests.attacks.test_gateway import stage


def test_other_terms_under_a_known_hash() -> None:
    """Who has filled a part of an order cannot go on with another account, size or expiry under
    its hash: the core knows what the hash stands for. All other terms are the door's."""

    def play(rng: random.Random) -> None:
        gate, _, signer, relayer, friend = stage(rng)
        size = 2 * sized(rng, 20)
        order = gate.sign(signer, BUY, size, on_tick(PRICE * 104 // 100))
        if rng.random() < 0.5:
            part = max(200 * STEP, size // 2 - size // 2 % STEP)
            assert gate.settle(relayer, order, part)
        else:
            assert gate.cancel(signer, order)
        terms: dict[str, Any] = rng.choice([
            {"account": friend.ident, "signer": key_of(friend.ident)}, {"size": 2 * size},
            {"expires_ms": order.expires_ms + 1},
        ])  # fmt: skip
        forged = with_terms(order, **terms)
        attempts: list[tuple[commands.Command, Person]] = [
            (commands.SettleSigned(forged, STEP * 200, relayer.ident), relayer),
            (commands.CancelSigned(forged), friend if forged.account == friend.ident else signer),
        ]
        command, who = rng.choice(attempts)
        assert gate.arena.refused(command, who.owner) == codes.SIGNED_TERMS
        gate.arena.check()

    every(play, 300)


def test_nobody_is_charged_who_did_not_sign() -> None:
    """A relayer cannot put an order on an account whose owner did not allow its key, use an order
    as both sides, match two of one owner, or let anybody but himself be paid.

    Findings: own-maker-signer.
    """

    def play(rng: random.Random) -> None:
        gate, maker, signer, relayer, friend = stage(rng)
        arena = gate.arena
        second = gate.beside(signer, 10**4)
        side, size = rng.randrange(2), sized(rng, 20)
        price = on_tick(PRICE)
        order = gate.sign(signer, side, size, price)
        own = gate.sign(friend, opposite(side), size, price)
        victim = rng.choice([maker.ident, second.ident, codes.TREASURY_ACCOUNT, 10**6])
        charged = resigned(own, account=victim)
        wanted = {
            codes.TREASURY_ACCOUNT: codes.ACCOUNT_KIND, 10**6: codes.UNKNOWN_ACCOUNT,
        }.get(victim, codes.UNKNOWN_SIGNER)  # fmt: skip
        cases: list[tuple[SignedOrder, SignedOrder, int, int]] = [
            (order, charged, relayer.ident, wanted),
            (charged, order, relayer.ident, wanted),
            (order, order, relayer.ident, codes.SIGNED_SIDES),
            (order, gate.sign(second, opposite(side), size, price), relayer.ident,
             codes.SIGNED_SELF),
            (order, own, signer.ident, codes.NOT_OWNER),
            (order, own, codes.TREASURY_ACCOUNT, codes.NOT_OWNER),
        ]  # fmt: skip
        for taker, making, to, code in cases:
            command = commands.MatchSigned(taker, making, size, to)
            assert arena.refused(command, relayer.owner) == code
        alone = commands.SettleSigned(charged, size, relayer.ident)
        assert arena.refused(alone, relayer.owner) == wanted
        himself = commands.SettleSigned(order, size, -1)
        assert arena.refused(himself, signer.owner) == codes.NOT_ALLOWED
        assert gate.match(relayer, order, own)
        arena.check()

    every(play, 300)


def test_nobody_pays_with_the_fund_of_another() -> None:
    """Margin and relay fee come from another account of the signer's owner, from none that is the
    house's, in use as margin, or being liquidated; whatever the order says, they come once."""
    asked: set[int] = set()

    def play(rng: random.Random) -> None:
        gate, maker, signer, relayer, friend = stage(rng)
        arena = gate.arena
        fund = gate.fund_of(signer, rng.choice([0, 100, 5_000]))
        size = sized(rng, 20)
        target = rng.choice([
            maker.ident, friend.ident, relayer.ident, signer.ident, codes.TREASURY_ACCOUNT,
            arena.market.insurance.ident, 10**6, fund.ident, fund.ident, -1,
        ])  # fmt: skip
        amount = rng.choice([0, 1, rng.randint(1, 200 * USD), 10**6 * USD])
        order = gate.sign(signer, BUY, size, on_tick(PRICE * 104 // 100), fund=target,
                          margin=amount, relay_fee=rng.choice([0, USD, 10 * USD]))  # fmt: skip
        people = [maker, friend, relayer, fund, signer]
        others = [one for one in arena.state.accounts if one.ident not in
                  {who.ident for who in people}]  # fmt: skip
        before = {one.ident: one.cash() for one in [*others, friend.account, fund.account]}
        parts = parts_of(rng, size, STEP, 3)
        settled = [gate.settle(relayer, order, part) for part in parts]
        if not any(settled):
            (told,) = arena.of(events.Rejected)
            asked.add(told.code)
            foreign = target not in (fund.ident, -1)
            assert told.code == codes.SIGNED_FUND or not foreign
            return
        assert target in (fund.ident, -1)
        assert friend.account.cash() == before[friend.ident]
        paid = before[fund.ident] - fund.account.cash()
        assert paid == (order.margin + order.relay_fee if target == fund.ident else 0)
        arena.check()

    every(play)
    assert asked >= {codes.SIGNED_FUND, codes.NOT_WITHDRAWABLE}


def test_a_key_reaches_no_other_account() -> None:
    """A key that may sign for one account takes no margin and no fee from another of its owner's,
    until it may sign for that one too; nor once it may no longer.

    Findings: own-key-scope.
    """

    def play(rng: random.Random) -> None:
        gate, _, signer, relayer, friend = stage(rng)
        arena = gate.arena
        savings = gate.beside(signer, 10**5)
        bot = key_of(99)
        gate.allow(signer, bot)
        side, size = rng.randrange(2), sized(rng, 20)
        price = on_tick(PRICE * (109 if side == BUY else 91) // 100)
        order = gate.sign(signer, side, size, price, signer=bot, fund=savings.ident,
                          margin=rng.choice([0, 10**4 * USD]), relay_fee=rng.choice([0, USD]),
                          reduce_only=rng.random() < 0.3)  # fmt: skip
        made = gate.sign(friend, opposite(side), size, price)
        allowed = rng.random() < 0.5
        if allowed:
            gate.allow(savings, bot)
            gate.allow(savings, bot, False)
        attempts: list[commands.Command] = [
            commands.SettleSigned(order, size, relayer.ident),
            commands.MatchSigned(order, made, size, relayer.ident),
            commands.MatchSigned(made, order, size, relayer.ident),
        ]
        for command in attempts:
            assert arena.refused(command, relayer.owner) == codes.UNKNOWN_SIGNER
        assert savings.account.cash() == 10**5 * USD
        arena.check()

    every(play, 300)


def test_a_key_that_is_taken_back() -> None:
    """A key that its owner revokes settles nothing more; allowed again, it gives back what he did
    not cancel meanwhile, once. Nobody but the owner allows or revokes one."""

    def play(rng: random.Random) -> None:
        gate, _, signer, relayer, friend = stage(rng)
        arena = gate.arena
        size = 2 * sized(rng, 20)
        price = on_tick(PRICE * 104 // 100)
        alive, gone = (gate.sign(signer, BUY, size, price) for _ in range(2))
        half = max(200 * STEP, size // 2 - size // 2 % STEP)
        assert gate.settle(relayer, alive, half)
        for who in (friend.owner, relayer.owner, OPERATOR):
            for allowed in (True, False):
                for key in (key_of(signer.ident), key_of(friend.ident)):
                    command = commands.SetSigner(signer.ident, key, allowed)
                    assert arena.refused(command, who) in (codes.NOT_OWNER, codes.NOT_ALLOWED)
        gate.allow(signer, allowed=False)
        for order in (alive, gone):
            attempt = commands.SettleSigned(order, half, relayer.ident)
            assert arena.refused(attempt, relayer.owner) == codes.UNKNOWN_SIGNER
        assert gate.cancel(signer, gone)
        gate.allow(signer)
        assert not gate.settle(relayer, gone)
        if size > half:
            done = gate.settle(relayer, alive, size - half)
            assert done or arena.of(events.Rejected)[0].code == codes.NOTIONAL_TOO_SMALL
        assert not gate.settle(relayer, alive, half) or size == half
        assert gate.filled(alive) <= size
        arena.check()

    every(play, 300)
