"""Attacks with delayed orders: a price that is known, what keepers say, failures that wait."""

from __future__ import annotations

import random
from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import DELAYED_EARLY, UNKNOWN_ORDER
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    ORACLE,
    PRICE,
    SELL,
    USD,
    Arena,
    Person,
    around,
    every,
    on_tick,
    opposite,
    sized,
)
from tests.attacks.vault_arena import BASE, VaultArena

QUIET: dict[str, Any] = {"vamm_enabled": 0, "vamm_spread_steps": 0, "liquidation_auction": 0}
"""Settings under which only the vaults and the book trade."""


def delayed(arena: Arena, who: Person, side: int, size: int, **more: Any) -> commands.PlaceDelayed:
    """A delayed market order that is good for a minute, not yet applied."""
    values: dict[str, Any] = {
        "kind": codes.MARKET, "tif": codes.IOC, "price": 0, "reduce_only": False,
        "expires_ms": arena.now + 60_000, "client_order_id": "", "maker": -1, **more,
    }  # fmt: skip
    return commands.PlaceDelayed(account=who.ident, market=0, side=side, size=size, **values)


def delay(arena: Arena, who: Person, side: int, size: int, **more: Any) -> int:
    """Place a delayed order; its id."""
    arena.must(delayed(arena, who, side, size, **more), who.owner)
    return arena.of(events.DelayedPlaced)[0].order


def publish(arena: Arena, price: int, published_ms: int) -> None:
    """A price that comes in now and was published at some time, taken over."""
    arena.published = published_ms
    arena.must(commands.OraclePrices([commands.PricePoint(0, price, 0, published_ms)]), ORACLE)
    assert arena.state.oracles[0].published_ms == published_ms


def pester(rng: random.Random, arena: Arena, ident: int, code: int, *keepers: Person) -> None:
    """Everybody tries to work a delayed order off; nothing comes of it but refusals."""
    for _ in range(rng.randint(1, 3)):
        keeper = rng.choice(keepers)
        attempt = commands.ExecuteDelayed(ident, rng.choice([keeper.ident, -1]))
        assert arena.refused(attempt, keeper.owner) == code
        assert arena.refused(commands.FireTrigger(ident, -1), KEEPER) == UNKNOWN_ORDER
        arena.tick()
        assert not arena.of(events.Filled) and not arena.of(events.OrderRemoved)


def edge(arena: Arena, who: Person, worth: int) -> int:
    """What the last command's fills gave somebody against what the base is worth, 1e-15 quote."""
    found = 0
    for fill in arena.of(events.Filled):
        if fill.taker == who.ident:
            gain = fill.size * worth - fill.quote * LOT
            found += gain if fill.side == BUY else -gain
    return found


def test_no_price_that_was_known_executes() -> None:
    """Whoever knows where the market is before the oracle says so trades at what the oracle says
    then, however late old prices come in; a plain order has the difference.

    Findings: known-3.
    """
    plain: list[int] = []
    done: list[int] = []

    def play(rng: random.Random) -> None:
        wait = rng.choice([0, 1, 100, 2_000])
        arena = VaultArena(taker_fee=0, maker_rebate=0, delayed_ms=wait, **QUIET)
        arena.hold()
        gang, friend = arena.person(10**6), arena.person(10**4)
        truth = PRICE
        for _ in range(rng.randint(1, 4)):
            old, truth = truth, around(rng, truth, 20_000)
            side = BUY if truth > old else SELL
            size = sized(rng, 50)
            arena.now += rng.randint(1, 1_000)
            if rng.random() < 0.3 and arena.take(gang, side, size):
                plain.append(edge(arena, gang, truth))
            known = arena.state.oracles[0].published_ms
            ident = delay(arena, gang, side, size)
            earliest = max(arena.now, known) + max(1, wait)
            pester(rng, arena, ident, DELAYED_EARLY, gang, friend)
            while known + 1 < earliest and rng.random() < 0.6:
                known = rng.randint(known + 1, earliest - 1)
                arena.now = max(arena.now, known) + rng.randint(0, 2_000)
                publish(arena, old, known)
                pester(rng, arena, ident, DELAYED_EARLY, gang, friend)
            truth = around(rng, truth, 5_000)
            first = earliest + rng.choice([0, 0, 1, 700])
            arena.now = max(arena.now, first) + rng.randint(0, 2_000)
            publish(arena, truth, first)
            for told in arena.of(events.DelayedExecuted):
                assert (told.order, told.oracle, told.published_ms) == (ident, truth, first)
                done.append(edge(arena, gang, truth))
                assert done[-1] <= 0, done[-1]
            pester(rng, arena, ident, UNKNOWN_ORDER, gang, friend)
        arena.check()

    every(play)
    assert sum(gain > 0 for gain in plain) > 100, "a plain order gains nothing: this shows nothing"
    assert sum(gain < 0 for gain in done) > 1_000, "nothing was executed"


def test_a_keeper_adds_nothing_to_an_order() -> None:
    """Who executes makes no difference to what is traded, at what price and with whom: a keeper
    names the order and whom to pay, nothing else.

    Findings: own-keeper-data.
    """
    assert [name for name, _ in commands.ExecuteDelayed.FIELDS] == ["order", "keeper"]
    filled: list[int] = []

    def outcome(seed: int, by: int) -> tuple[list[Any], list[Any]]:
        rng = random.Random(seed)
        flat = rng.choice([0, 10_000])
        arena = VaultArena(keeper_flat_fee=flat, pool_fee=rng.choice([0, 300]), **QUIET)
        arena.hold()
        victim, keeper, other = arena.rich(10**5, 0), arena.person(10**5), arena.person(10**5)
        for side in (BUY, SELL):
            shift = rng.randint(1, 20_000) * (1 if side == SELL else -1)
            arena.place(other, side, sized(rng, 5), on_tick(PRICE + PRICE * shift // 10**6))
        side = rng.randrange(2)
        worst = rng.choice([0, on_tick(PRICE * (101 if side == BUY else 99) // 100)])
        maker = rng.choice([-1, arena.row(BASE).account.ident])
        ident = delay(arena, victim, side, sized(rng, 30), price=worst, maker=maker,
                      tif=rng.choice([codes.IOC, codes.FOK]))  # fmt: skip
        before = victim.account.cash()
        # A price that comes while the market is halted executes nothing: it is left to others.
        arena.must(commands.SetMarketMode(0, codes.HALTED), OPERATOR)
        arena.oracle(around(rng, PRICE, 5_000), 1_000)
        arena.must(commands.SetMarketMode(0, codes.ACTIVE), OPERATOR)
        if by == 0:
            arena.tick()
        else:
            who = keeper if by == 1 else other
            arena.must(commands.ExecuteDelayed(ident, -1 if by == 1 else who.ident), who.owner)
        fills = arena.of(events.Filled)
        for fill in fills:
            assert fill.taker_order == ident
            if worst:
                assert (fill.price - worst) * (1 if side == BUY else -1) <= 0
        paid = sum(e.amount for e in arena.of(events.Transferred)
                   if e.reason == codes.R_KEEPER_FLAT)  # fmt: skip
        assert paid == (flat if by == 2 else 0)
        traded = [[f.market, f.side, f.size, f.quote, f.price, f.maker, f.taker_fee] for f in fills]
        ended = [(e.order, e.reason, e.remaining) for e in arena.of(events.OrderRemoved)]
        arena.check()
        return traded, [*ended, victim.account.cash() - before + paid, arena.base(victim.account)]

    def play(rng: random.Random) -> None:
        seed = rng.randrange(2**32)
        first = outcome(seed, 0)
        assert outcome(seed, 1) == outcome(seed, 2) == first
        filled.append(len(first[0]))

    every(play, 300)
    assert sum(count > 0 for count in filled) > 100, "nothing was filled"


TROUBLES = ("band", "margin", "size", "mode", "nothing", "fok")


def test_what_failed_once_never_executes() -> None:
    """Whatever an order fails for, it is over with that: its keeper cannot wait until it passes at
    a price he likes, and the house does not try again.

    Findings: own-purge-list.
    """
    seen: set[str] = set()

    def play(rng: random.Random) -> None:
        arena = Arena(auction=0, vamm_limits=0, health_imbalance_max=0, funding_period_s=0)
        trader, keeper, other = arena.person(2_000), arena.person(10), arena.person(10**6)
        trouble = rng.choice(TROUBLES)
        side = rng.randrange(2)
        more: dict[str, Any] = {}
        size = 2 * LOT
        if trouble == "band":
            far = 112 if side == BUY else 88
            more = {"kind": codes.LIMIT, "price": on_tick(PRICE * far // 100)}
        elif trouble == "size":
            size = LOT // 10
        elif trouble == "nothing":
            more = {"reduce_only": True}
        elif trouble == "fok":
            near = 96 if side == BUY else 104
            price = on_tick(PRICE * near // 100)
            more = {"kind": codes.LIMIT, "tif": codes.FOK, "price": price}
        ident = delay(arena, trader, side, size, **more)
        if trouble == "margin":
            assert arena.withdraw(trader, 1_990 * USD)
        elif trouble == "mode":
            arena.must(commands.SetMarketMode(0, codes.REDUCE_ONLY), OPERATOR)
        drop = -10_000 if trouble == "size" else rng.randint(-5_000, 5_000)
        arena.oracle(on_tick(PRICE + PRICE * drop // 10**6), 1_000)
        (told,) = arena.of(events.DelayedRefused)
        (gone,) = arena.of(events.OrderRemoved)
        assert (told.order, gone.reason) == (ident, codes.DONE_DELAYED_REFUSED)
        seen.add(codes.REJECTS[told.code][0])
        relieve(arena, trader, other, side)
        held, cash = arena.base(trader.account), trader.account.cash()
        for _ in range(rng.randint(1, 4)):
            arena.oracle(around(rng, PRICE, 50_000), rng.randint(1, 5_000))
            pester(rng, arena, ident, UNKNOWN_ORDER, keeper, trader)
        assert (arena.base(trader.account), trader.account.cash()) == (held, cash)
        assert not arena.state.board.triggers
        arena.check()

    every(play)
    assert seen >= {
        "PRICE_BAND", "INSUFFICIENT_MARGIN", "NOTIONAL_TOO_SMALL", "MARKET_MODE",
        "REDUCE_ONLY_NOTHING", "FOK_NOT_FILLABLE",
    }, seen  # fmt: skip


def relieve(arena: Arena, trader: Person, other: Person, side: int) -> None:
    """All that stood in the way of the order is taken out of it."""
    arena.must(commands.SetMarketMode(0, codes.ACTIVE), OPERATOR)
    arena.put(trader.ident, 10**6 * USD)
    price = on_tick(arena.price)
    arena.place(other, opposite(side), 5 * LOT, price)
    arena.take(trader, opposite(side), LOT // 2)
