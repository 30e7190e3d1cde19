"""The mirror kept by records says what one made from a fresh snapshot says."""

from __future__ import annotations

import random
from typing import Any

import pytest

from plimsoll.client.keeper_models import KeeperRecord
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.ladder import Ladder
from plimsoll.keepers import formulas
from plimsoll.keepers.mirror import Mirror
from plimsoll.messages import codec
from plimsoll.messages.fields import FieldError
from plimsoll.runtime import present_mechanisms
from tests.harness import world
from tests.harness.commands_gen import Generator

LOOK_EVERY = 97
LESS = {"funding_period_s": 3_600, "liquidation": 1}
ON = {**LESS, "auction": 1, "auction_min_notional": 0, "liquidation_auction": 1}


class Run:
    """An exchange under random commands, and the mirror that follows it."""

    def __init__(self, seed: int) -> None:
        self.engine = Engine(genesis())
        self.generator = Generator(seed, hostile=0.05)
        self.seq = 0
        self.now = 0
        self.mirror: Mirror | None = None
        self.last: set[str] = set()

    def step(self) -> None:
        """One command; refused ones make records too."""
        stamped = self.generator.next()
        try:
            command = codec.check_command(stamped.command)
        except FieldError:
            return
        self.seq += 1
        self.now = stamped.now
        self.engine.apply(command, self.seq, stamped.now, stamped.principal)
        found = self.engine.drain()
        self.generator.learn(stamped.command, found)
        self.last = {type(one).__name__ for one in found}
        if self.mirror is not None:
            named = [codec.event_to_named(one) for one in found]
            self.mirror.apply(KeeperRecord(seq=self.seq, ts=stamped.now, events=named))

    def fresh(self) -> Mirror:
        """A mirror made anew."""
        snapshot = present_mechanisms.keeper_snapshot(
            self.engine.state, self.seq, self.now, self.now
        )
        return Mirror(snapshot)

    def ladder(self, ladder: Ladder) -> list[tuple[int, int, int]]:
        """A side of the exchange's own book in the order of matching."""
        found: list[tuple[int, int, int]] = []
        for level in reversed(ladder.levels):
            order: Any = level.head
            while order is not None:
                found.append((order.ident, order.price, order.remaining))
                order = order.next
        return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_incremental_is_rebuilt(seed: int) -> None:
    """KEEPER book: incremental, rebuilt and the exchange's own agree, order by order."""
    run = Run(seed)
    for _ in range(120):
        run.step()
    run.mirror = run.fresh()
    resting = 0
    for at in range(2_500):
        run.step()
        if at % LOOK_EVERY:
            continue
        fresh = run.fresh()
        assert run.mirror.differences(fresh) == []
        books = run.mirror.book.ladder()
        for market, sides in enumerate(run.engine.state.books):
            for side, ladder in (("buy", sides.bids), ("sell", sides.asks)):
                assert books.get((market, side), []) == run.ladder(ladder)
        resting += len(run.mirror.book)
    assert resting > 100, "nothing rested, so nothing was compared"


@pytest.fixture
def mechanisms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Auctions, funding and liquidations in the markets of the random commands."""
    for symbol, given in world.OVERRIDES.items():
        switched = dict(ON) if given.get("vamm_enabled", 1) else dict(LESS)
        monkeypatch.setitem(world.OVERRIDES, symbol, {**given, **switched})


@pytest.mark.parametrize("seed", [11, 12, 13])
@pytest.mark.usefixtures("mechanisms")
def test_mechanisms_are_followed(seed: int) -> None:
    """Auctions, offers, funding and liquidations by records leave what a snapshot says."""
    run = Run(seed)
    for _ in range(120):
        run.step()
    run.mirror = run.fresh()
    seen: set[str] = set()
    for at in range(2_500):
        run.step()
        seen |= run.last
        if at % LOOK_EVERY == 0:
            fresh = run.fresh()
            assert run.mirror.differences(fresh) == []
            for ident, account in fresh.accounts.items():
                mine = run.mirror.accounts[ident]
                if mine.known:
                    assert (mine.cash, mine.liquidations) == (account.cash, account.liquidations)
    assert {"AuctionStarted", "AuctionEnded", "Liquidating"} <= seen


@pytest.mark.parametrize("seed", [4, 5])
def test_health_is_the_exchanges(seed: int) -> None:
    """Cash, equity and requirement of accounts known from a snapshot stay exact by records."""
    run = Run(seed)
    for _ in range(400):
        run.step()
    run.mirror = run.fresh()
    compared = 0
    for at in range(1_500):
        run.step()
        if at % LOOK_EVERY:
            continue
        fresh = run.fresh()
        for ident, account in fresh.accounts.items():
            mine = run.mirror.accounts[ident]
            if not mine.known:
                continue
            assert mine.cash == account.cash
            assert formulas.health(mine, run.mirror.markets) == formulas.health(
                account, fresh.markets
            )
            compared += 1
    assert compared > 50


def test_a_record_that_does_not_follow() -> None:
    """A hole is refused, and nothing of the record is taken over."""
    run = Run(6)
    for _ in range(150):
        run.step()
    mirror = run.fresh()
    before = mirror.book.ladder()
    event = {"type": "OrderRemoved", "order": 1, "resting": True}
    with pytest.raises(ValueError, match="does not follow"):
        mirror.apply(KeeperRecord(seq=run.seq + 2, ts=run.now, events=[event]))
    assert (mirror.seq, mirror.book.ladder()) == (run.seq, before)


def test_a_missing_record_shows() -> None:
    """What a lost record leaves behind is found by comparing: no ghost stays unseen."""
    run = Run(7)
    for _ in range(150):
        run.step()
    run.mirror = run.fresh()
    rng = random.Random(1)
    ghost = next(iter(run.mirror.book))
    run.mirror.book.add(type(ghost)(10**9, 1, 0, "buy", 1, rng.randint(1, 9), run.now, 1, 10**9))
    assert any("book" in one for one in run.mirror.differences(run.fresh()))
