"""Random sequences of settlements, matches, cancellations and restarts against a tiny model."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.gateway import SignedOrder
from tests.harness.scenario import KEEPER
from tests.harness.signed_page import SignedPage, key_of

LOT = 10**9
STEPS = 200
NAMES = ("alice", "bob", "carol")


@dataclass
class Fate:
    """What the model knows of one order."""

    order: SignedOrder
    filled: int = 0
    cancelled: bool = False
    fees: int = 0
    margins: int = 0


@dataclass
class Model:
    """Every order ever signed, and which keys may sign. It knows nothing of prices and margin."""

    fates: list[Fate] = field(default_factory=list)
    revoked: set[int] = field(default_factory=set)

    def why_not(self, fate: Fate, size: int, now: int) -> str:
        """The refusal that the state of an order alone is enough for; "" if none."""
        order = fate.order
        left = order.size - fate.filled
        if now > order.expires_ms:
            return "ALREADY_EXPIRED"
        if order.account in self.revoked:
            return "UNKNOWN_SIGNER"
        if fate.cancelled:
            return "SIGNED_CANCELLED"
        if left == 0:
            return "SIGNED_DONE"
        if order.fok and size != order.size:
            return "SIGNED_FOK"
        if size > left:
            return "SIGNED_OVERFILL"
        return "SIGNED_MIN_FILL" if size < min(order.min_fill, left) else ""

    def may_cancel(self, fate: Fate, now: int) -> str:
        """The refusal of a cancellation, or ""."""
        if now > fate.order.expires_ms:
            return "ALREADY_EXPIRED"
        if fate.cancelled:
            return "SIGNED_CANCELLED"
        return "SIGNED_DONE" if fate.filled == fate.order.size else ""

    def settled(self, event: events.SignedSettled, expected: int) -> None:
        """One part more; fee and margin with the first one, and only then."""
        (fate,) = [one for one in self.fates if one.order.order_hash == event.order_hash]
        first = fate.filled == 0
        fate.filled += expected
        assert (event.size, event.filled) == (expected, fate.filled)
        assert fate.filled <= fate.order.size
        assert event.relay_fee == (fate.order.relay_fee if first else 0)
        assert event.margin == (fate.order.margin if first else 0)
        fate.fees += event.relay_fee
        fate.margins += event.margin


class Walk:
    """A page, the model beside it, and what may happen next."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.page = SignedPage(
            vamm_enabled=seed % 2, taker_fee=500, maker_rebate=100, oracle_max_age_ms=60_000
        )
        self.model = Model()
        self.price = 1_000
        self.accepted = 0
        self.releases = 0

    def sign(self) -> None:
        """Somebody signs another order."""
        dice = self.random
        name = dice.choice(NAMES)
        fund = dice.random() < 0.5
        side = dice.choice((BUY, SELL))
        away = dice.randint(-10, 40) * (1 if side == BUY else -1)
        order = self.page.sign(
            name, side, str(dice.randint(1, 8)), str((self.price + away) / 10),
            fok=dice.random() < 0.1, min_fill=dice.choice((0, 0, LOT, 2 * LOT)),
            reduce_only=dice.random() < 0.3, expires_ms=self.page.now + dice.randint(1, 9_000),
            relay_fee=dice.choice((0, 10**6, 3 * 10**6)),
            fund=self.page.accounts[f"{name}2"] if fund else -1,
            margin=dice.choice((0, 5 * 10**6)) if fund else 0,
            client_order_id=dice.choice(("", "same", "other")),
        )  # fmt: skip
        known = {fate.order.order_hash for fate in self.model.fates}
        if order.order_hash not in known:
            self.model.fates.append(Fate(order))

    def any_order(self) -> Fate:
        """One of the orders, the later ones more often."""
        return self.random.choice(self.model.fates[-8:] + self.model.fates[:1])

    def judge(self, command: commands.Command, size: int, fates: list[Fate]) -> None:
        """Apply a settlement or a match: refused where the model must, else by other rules."""
        page = self.page
        reasons = [self.model.why_not(fate, size, page.now) for fate in fates]
        wanted = next((reason for reason in reasons if reason), "")
        accepted = page.apply(command, page.rita)
        if accepted:
            assert not wanted, wanted
            self.accepted += 1
            told = page.told_of(page.found)
            assert [e.order_hash for e in told] == [fate.order.order_hash for fate in fates]
            for event in told:
                self.model.settled(event, size)
                self.releases += event.released > 0
            fills = [event for event in page.found if isinstance(event, events.Filled)]
            traded = sum(event.size for event in fills if event.taker_order == told[0].order)
            assert traded == size
        elif wanted:
            (event,) = page.found
            assert isinstance(event, events.Rejected)
            assert codes.REJECTS[event.code][0] == wanted

    def settle(self) -> None:
        """A part of some order, sensible or not."""
        fate = self.any_order()
        size = self.random.choice((LOT, 2 * LOT, fate.order.size, fate.order.size - fate.filled))
        self.judge(self.page.settling(fate.order, str((size or LOT) / LOT)), size or LOT, [fate])

    def match(self) -> None:
        """Two orders, in the order that may work."""
        one, two = self.any_order(), self.any_order()
        for _ in range(20):
            if one.order.side != two.order.side and one.order.account != two.order.account:
                break
            two = self.any_order()
        size = self.random.choice((LOT, min(one.order.size, two.order.size)))
        command = self.page.matching(one.order, two.order, str(size / LOT))
        self.judge(command, size, [one, two])

    def cancel(self) -> None:
        """The owner cancels, whether it can be or not."""
        fate = self.any_order()
        page = self.page
        wanted = self.model.may_cancel(fate, page.now)
        command = commands.CancelSigned(fate.order)
        owner = page.state.accounts[fate.order.account].owner
        if wanted:
            assert page.refused(command, owner)[0] == wanted
        else:
            page.do(command, owner)
            fate.cancelled = True

    def trade(self) -> None:
        """Others leave something in the book."""
        name, side = self.random.choice(NAMES), self.random.choice((BUY, SELL))
        away = self.random.randint(0, 20) * (1 if side == SELL else -1)
        order = self.page.place(
            name, side, self.random.randint(1, 4) * LOT, (self.price + away) * 100_000
        )
        self.page.apply(order, self.page.owner(name))

    def revoke(self) -> None:
        """A key may sign no longer, or again."""
        revoked = [name for name in NAMES if self.page.accounts[name] in self.model.revoked]
        name = self.random.choice(revoked or NAMES)
        if not revoked and self.random.random() < 0.5:
            return
        account = self.page.accounts[name]
        allowed = account in self.model.revoked
        self.page.allow(name, key_of(account), allowed=allowed)
        (self.model.revoked.remove if allowed else self.model.revoked.add)(account)

    def pass_time(self) -> None:
        """Time, a price, and at times the house at work."""
        page = self.page
        page.now += self.random.randint(1, 900)
        self.price = max(850, min(1_150, self.price + self.random.randint(-15, 15)))
        page.oracle(str(self.price / 10))
        if self.random.random() < 0.5:
            page.do(commands.Tick(self.random.randint(1, 20)), KEEPER)

    def restart(self) -> None:
        """The exchange comes up again from its snapshot."""
        page = self.page
        before = page.hash()
        page.engine = Engine(load(page.state.dump()))
        page.state = page.engine.state
        assert page.hash() == before

    def compare(self) -> None:
        """What is known is what the model says, but for what has been forgotten since."""
        page = self.page
        for fate in self.model.fates:
            row = page.known(fate.order)
            if row is not None:
                assert (row.filled, row.cancelled) == (fate.filled, fate.cancelled)
            elif page.now <= fate.order.expires_ms:
                assert (fate.filled, fate.cancelled) == (0, False)
        assert page.cash("rita") == [sum(fate.fees for fate in self.model.fates)]

    def run(self, steps: int) -> None:
        """So many things happen."""
        acts: list[Any] = [self.settle] * 8 + [self.match] * 12 + [self.trade] * 6 + [self.sign] * 8
        acts += [self.cancel] + [self.pass_time] * 2 + [self.revoke, self.restart]
        self.sign()
        for _ in range(steps):
            self.random.choice(acts)()
            self.compare()
        self.page.now += 10_000
        for _ in range(20):
            self.page.tick(50)
        assert self.page.state.gateway.signed == {}
        for fate in self.model.fates:
            command = self.page.settling(fate.order)
            assert self.page.refused(command)[0] == "ALREADY_EXPIRED"


@pytest.mark.parametrize("seed", range(12))
def test_orders_do_what_the_model_says(seed: int) -> None:
    """GATE-007, GATE-008, GATE-014 to GATE-016: never more than signed, never twice, never after
    the end; each part exact; fee and margin at most once."""
    walk = Walk(seed)
    walk.run(STEPS)
    assert walk.accepted > 3


def test_the_walks_reach_everything() -> None:
    """The sequences above settle, match and release often enough to mean something."""
    walks = [Walk(seed) for seed in range(100, 106)]
    for walk in walks:
        walk.run(STEPS)
    assert sum(walk.accepted for walk in walks) > 60
    assert sum(walk.releases for walk in walks) > 2
    partly = [f for w in walks for f in w.model.fates if 0 < f.filled < f.order.size]
    whole = [f for w in walks for f in w.model.fates if f.filled == f.order.size]
    assert len(partly) > 10 and len(whole) > 10
