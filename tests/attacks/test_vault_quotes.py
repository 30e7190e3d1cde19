"""Attacks on the passive vault's quotes: latency, stale prices, orders in their way, inventory."""

from __future__ import annotations

import random

from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    ORACLE,
    PRICE,
    SELL,
    TICK,
    USD,
    every,
    limit,
    on_tick,
    opposite,
    sized,
)
from tests.attacks.test_vault_flows import QUIET
from tests.attacks.vault_arena import BASE, ETH, PASSIVE, VaultArena, near


def fills_of(arena: VaultArena) -> list[events.Filled]:
    """Fills of the last command in which the passive vault was the maker, from the book."""
    holder = arena.row(PASSIVE).account.ident
    fills = arena.of(events.Filled)
    return [one for one in fills if one.maker == holder and one.source == codes.FROM_BOOK]


def within_spread(arena: VaultArena, price: int, half: int) -> None:
    """Every fill of the vault was at least half the spread off the oracle it quoted by."""
    for fill in fills_of(arena):
        if fill.side == BUY:
            assert fill.price * 10**6 >= price * (10**6 + half), fill.row()
        else:
            assert fill.price * 10**6 <= price * (10**6 - half), fill.row()


def test_the_vault_quotes_in_the_command_of_the_price() -> None:
    """Between a price and the quotes that follow it nobody trades: after every command the quotes
    are those of the last price, and a fill is never nearer to it than half the spread."""

    met = 0

    def play(rng: random.Random) -> None:
        nonlocal met
        half = rng.choice([500, 1_000, 5_000, 50_000])
        arena = VaultArena(quotes={"half_spread": half}, vamm_limits=0)
        arena.hold()
        arena.oracle(PRICE, 1_000)
        gang = [arena.rich(50_000, 100), arena.rich(50_000, 100)]
        arena.watch(*gang)
        for _ in range(12):
            who = rng.choice(gang)
            if rng.random() < 0.4:
                # An order that waits for the new price, and one that meets the vault at once.
                moved = on_tick(arena.price * rng.randint(950_000, 1_050_000) // 10**6)
                side = BUY if moved > arena.price else SELL
                edge = (half + 2_000) * arena.price // 10**6
                waits = on_tick(arena.price + (edge if side == SELL else -edge))
                arena.place(who, side, sized(rng, 20), waits)
                arena.move(moved)
                within_spread(arena, arena.price, half)
                arena.tick()
                within_spread(arena, arena.price, half)
            else:
                arena.take(who, rng.randrange(2), sized(rng, 100))
                within_spread(arena, arena.price, half)
                met += len(fills_of(arena))
            for order in arena.row(PASSIVE).account.orders:
                sign = 1 if order.side == SELL else -1
                assert (order.price - arena.price) * sign * 10**6 >= half * arena.price
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())

    every(play)
    assert met > 1_000, met


def test_leaning_on_the_book_before_a_requote() -> None:
    """Orders put in the way of the next quotes move these away from the oracle, or nowhere."""

    def play(rng: random.Random) -> None:
        half = rng.choice([500, 5_000, 20_000])
        arena = VaultArena(quotes={"half_spread": half}, **QUIET)
        arena.hold()
        gang = [arena.rich(100_000, 100), arena.rich(100_000, 100)]
        arena.watch(*gang)
        for _ in range(6):
            who, other = rng.sample(gang, 2)
            side = rng.randrange(2)
            off = rng.randint(-8_000, 8_000) * TICK // 10
            arena.place(who, side, sized(rng, 50), on_tick(arena.price + off))
            arena.oracle(on_tick(arena.price * rng.randint(995, 1_005) // 1_000), 1_000)
            arena.take(other, opposite(side), sized(rng, 50))
            within_spread(arena, arena.price, half)
            arena.take(who, side, sized(rng, 50))
            within_spread(arena, arena.price, half)
            for each in gang:
                arena.send_cancel(each)
        arena.go_home(*gang)
        arena.check()
        assert arena.profit() <= arena.excused(), (arena.profit(), arena.excused())

    every(play)


def test_nobody_takes_what_an_old_price_said() -> None:
    """When the oracle stops, the vault's quotes are removed by who meets them, and not filled."""

    def play(rng: random.Random) -> None:
        arena = VaultArena(**QUIET)
        arena.hold()
        holder, other = arena.person(10**5), arena.person(10**5)
        arena.oracle(PRICE, 1_000)
        assert arena.take(holder, BUY, 5 * LOT)
        assert fills_of(arena)
        arena.oracle(PRICE, 1_000)
        arena.place(other, BUY, LOT, 97 * USD)
        arena.now += 30_001 + rng.randint(0, 10**6)
        if rng.random() < 0.5:  # a price that is no good does not refresh the old one
            point = commands.PricePoint(0, PRICE, PRICE // 10, arena.now)
            arena.must(commands.OraclePrices([point]), ORACLE)
        who = rng.choice([holder, other])
        arena.take(who, rng.randrange(2), LOT, reduce_only=rng.random() < 0.7)
        arena.send(limit(holder, SELL, LOT, 96 * USD, tif=1, reduce_only=True), holder.owner)
        assert not fills_of(arena)
        assert not arena.send(commands.Liquidate(arena.row(PASSIVE).account.ident, -1), KEEPER)
        arena.oracle(PRICE, 1_000)
        assert len(arena.row(PASSIVE).account.orders) == 2
        arena.check()

    every(play)


def test_the_operator_is_a_taker_like_others() -> None:
    """The operator's own account trades with the vault at its quotes, and may not leave with its
    money; what it does for nobody else leaves depositors what they had."""

    def play(rng: random.Random) -> None:
        arena = VaultArena(**QUIET)
        saver = arena.hold()
        own = arena.account_of(0, 50_000)
        arena.put_eth(own.ident, 100 * LOT)
        arena.oracle(PRICE, 1_000)
        arena.watch(own)
        price = arena.price_of(PASSIVE)
        holder = arena.row(PASSIVE).account
        tried: list[commands.Command] = [
            commands.Transfer(holder.ident, own.ident, 0, USD),
            commands.Withdraw(holder.ident, 0, USD, "w"),
            commands.PlaceOrder(holder.ident, 0, BUY, 0, 0, 101 * USD, LOT, 0, False, 0, "", 0),
            commands.WithdrawVault(saver.ident, PASSIVE, USD, 0),
            commands.DepositVault(holder.ident, PASSIVE, USD, 0),
            commands.SwapSpot(arena.row(BASE).account.ident, 0, ETH, False, LOT, 0),
            commands.TradeVault(holder.ident, BASE, BUY, False, LOT, 0, False),
        ]
        for command in rng.sample(tried, 3):
            arena.refused(command, OPERATOR)
        for _ in range(4):
            arena.take(own, rng.randrange(2), sized(rng, 100))
            within_spread(arena, arena.price, 1_000)
            if rng.random() < 0.4:
                arena.must(commands.CancelAll(holder.ident, -1), OPERATOR)
            arena.oracle(arena.price, 1_000)
        arena.go_home(own)
        assert arena.profit() <= 0
        assert arena.price_of(PASSIVE) >= price
        arena.check()

    every(play)


def test_a_vault_that_leans_is_not_pumped() -> None:
    """Skews of size and spread, up to the oracle itself, give a gang nothing it can turn over.

    Findings: M-1.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(**QUIET)
        arena.hold()
        who = arena.person(10**6)
        arena.quote(
            half_spread=rng.choice([500, 5_000]), max_skew=rng.choice([5, 50, 500]) * LOT,
            size_skew=rng.choice([0, 500_000, 1_000_000]),
            spread_skew=rng.choice([0, 500_000, 1_000_000]),
        )  # fmt: skip
        arena.watch(who)
        for _ in range(14):
            arena.take(who, rng.randrange(2), near(rng, 600 * LOT, LOT) // 10**6 * 10**6)
            arena.oracle(PRICE, 1_000)
            assert arena.profit() <= 0
        arena.go_home(who)
        assert arena.profit() <= 0
        arena.check()

    every(play)
