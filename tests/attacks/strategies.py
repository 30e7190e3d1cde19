"""Random legal commands of a gang: what a fuzzer would try who knows every door of the core."""

from __future__ import annotations

import random
from collections.abc import Callable

from plimsoll.messages import codes, commands
from tests.attacks.arena import STEP, USD, Arena, Person, around, limit, sized

Action = Callable[[random.Random, Arena, Person, list[Person]], bool]
MOST = 60
"""Largest size in base."""


def rest(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """A limit order, anywhere in the band, that may cross, expire and pay a keeper."""
    del gang
    expires = arena.now + rng.choice([1, 500, 10_000]) if rng.random() < 0.2 else 0
    return arena.place(
        who, rng.randrange(2), sized(rng, MOST), around(rng, arena.price, 40_000),
        post=rng.choice([0, 0, 1, 2]), reduce_only=rng.random() < 0.15, expires_ms=expires,
        keeper_fee=rng.choice([0, 0, 0, USD // 2]),
    )  # fmt: skip


def cross(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Take at once what there is up to a limit."""
    del gang
    tif = rng.choice([codes.IOC, codes.FOK])
    price = around(rng, arena.price, 60_000)
    return arena.place(
        who, rng.randrange(2), sized(rng, MOST), price, tif=tif, reduce_only=rng.random() < 0.2
    )


def market(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """A market order, mostly an auction."""
    del gang
    worst = around(rng, arena.price, 60_000) if rng.random() < 0.5 else 0
    return arena.at_market(
        who, rng.randrange(2), sized(rng, MOST), worst, keeper_fee=rng.choice([0, 0, USD])
    )


def wash(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Trade with a partner at a price of one's own."""
    other = rng.choice(gang)
    price = around(rng, arena.price, 90_000)
    size = sized(rng, MOST)
    side = rng.randrange(2)
    arena.place(other, 1 - side, size, price)
    return arena.place(who, side, size, price, tif=codes.IOC)


def bid_for(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Offer to an auction, at what it asks or near it."""
    del gang
    live = arena.state.board.live[0]
    if not live:
        return False
    auction = rng.choice(live)
    price = around(rng, rng.choice([auction.start, auction.end, arena.price]), 5_000)
    return arena.send(
        commands.OfferAuction(who.ident, auction.ident, price, sized(rng, MOST)), who.owner
    )


def cancel(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Cancel an order, an auction, or everything."""
    del gang
    orders = who.account.orders
    live = [auction.ident for auction in arena.state.board.live[0]]
    if rng.random() < 0.3:
        return arena.send(commands.CancelAll(who.ident, -1), who.owner)
    ident = rng.choice([order.ident for order in orders] + live + [1])
    return arena.send(commands.CancelOrder(who.ident, ident, ""), who.owner)


def amend(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Another price or size for a resting order."""
    del gang
    if not who.account.orders:
        return False
    order = rng.choice(list(who.account.orders))
    price = rng.choice([order.price, around(rng, arena.price, 40_000)])
    return arena.send(
        commands.AmendOrder(who.ident, order.ident, price, sized(rng, MOST)), who.owner
    )


def arm(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Leave a trigger near the oracle."""
    del gang
    at = around(rng, arena.price, 20_000)
    direction = codes.ABOVE if at > arena.price else codes.BELOW
    return arena.trigger(
        who, rng.randrange(2), sized(rng, MOST), at, direction, reduce_only=rng.random() < 0.4
    )


def keep(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Do a keeper's work, the reward to oneself."""
    board = arena.state.board
    live = [auction.ident for auction in board.live[0]] + [1]
    orders = [order.ident for one in gang for order in one.account.orders] + [1]
    triggers = [*sorted(board.triggers), 1]
    choices: list[commands.Command] = [
        commands.SettleAuction(rng.choice(live), who.ident),
        commands.MatchLimit(rng.choice(orders), who.ident),
        commands.ExpireOrder(rng.choice(orders), who.ident),
        commands.FireTrigger(rng.choice(triggers), who.ident),
        commands.Liquidate(rng.choice(gang).ident, who.ident),
        commands.UpdateFunding(0, who.ident),
        commands.UpdateMarket(0, who.ident),
        commands.SettleFunding(who.ident),
    ]
    return arena.send(rng.choice(choices), who.owner)


def shift(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Move money between accounts of one owner, or out."""
    amount = rng.randint(1, 2_000 * USD)
    if rng.random() < 0.3:
        return arena.withdraw(who, amount)
    return arena.send(commands.Transfer(who.ident, rng.choice(gang).ident, 0, amount), who.owner)


def batch(rng: random.Random, arena: Arena, who: Person, gang: list[Person]) -> bool:
    """Several orders at once."""
    del gang
    items: list[commands.Command] = [
        limit(
            who, rng.randrange(2), sized(rng, MOST), around(rng, arena.price, 30_000),
            tif=rng.choice([codes.GTC, codes.IOC]),
        )
        for _ in range(rng.randint(1, 4))
    ]  # fmt: skip
    items.append(commands.CancelAll(who.ident, 0))
    return arena.send(commands.Batch(rng.random() < 0.5, items), who.owner)


ACTIONS: list[Action] = [
    rest, rest, cross, cross, cross, market, market, wash, wash, bid_for, bid_for, cancel, amend,
    arm, keep, keep, shift, batch,
]  # fmt: skip


def act(rng: random.Random, arena: Arena, gang: list[Person]) -> bool:
    """One command of one of them; whether it was accepted."""
    return rng.choice(ACTIONS)(rng, arena, rng.choice(gang), gang)


def step(size: int) -> int:
    """A size on the grid."""
    return size - size % STEP
