"""Random legal commands of a gang at the doors of the vaults and of their spot venues."""

from __future__ import annotations

import random
from collections.abc import Callable

from plimsoll.messages import codes, commands
from tests.attacks.arena import LOT, USD, Person, around, limit, sized
from tests.attacks.strategies import ACTIONS as AT_THE_BOOK
from tests.attacks.vault_arena import ALL, BASE, ETH, HEDGED, VaultArena, near

VaultAction = Callable[[random.Random, VaultArena, Person, list[Person]], bool]
MOST = 60
"""Largest size in base."""


def join(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """Deposit anything from a unit up to all there is."""
    del gang
    vault = rng.choice(ALL)
    have = arena.eth(who.account) if vault == BASE else max(1, who.account.cash())
    return arena.join(who, vault, near(rng, have))


def leave(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """Give back a part of the shares, or all."""
    del gang
    vault = rng.choice(ALL)
    have = arena.shares(who, vault)
    return have > 0 and arena.leave(who, vault, rng.choice([have, near(rng, have)]))


def trade(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """Trade with a hedged vault, for an amount of base or of quote."""
    del gang
    vault, side = rng.choice(HEDGED), rng.randrange(2)
    reduces = rng.random() < 0.3
    if rng.random() < 0.3:
        amount = near(rng, MOST * 100 * USD)
        return arena.trade(who, vault, side, amount, quote=True, reduce_only=reduces)
    size = sized(rng, MOST)
    if reduces:
        size = min(size, abs(arena.base(who.account)) or size)
    return arena.trade(who, vault, side, size, reduce_only=reduces)


def direct(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """An order directed at a hedged vault, with the book before it and the vAMM behind."""
    del gang
    order = limit(
        who, rng.randrange(2), sized(rng, MOST), around(rng, arena.price, 40_000),
        tif=rng.choice([codes.IOC, codes.FOK]), maker=arena.row(rng.choice(HEDGED)).account.ident,
    )  # fmt: skip
    return arena.send(order, who.owner)


def swap(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """Bring the pool somewhere, or back to the oracle."""
    del gang
    if rng.random() < 0.3:
        return arena.skew(who, arena.price) != 0
    return arena.skew(who, around(rng, arena.price, rng.choice([2_000, 19_000, 30_000]))) != 0


def offer(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """Be the desk that a vault hedges with, or no longer."""
    del gang
    own = [one for one in arena.state.liquidity.offers if one.account is who.account]
    if own and rng.random() < 0.4:
        return arena.send(commands.CancelFirmQuote(who.ident, own[0].ident), who.owner)
    price = around(rng, arena.price, 25_000)
    command = commands.PostFirmQuote(
        who.ident, ETH, rng.randrange(2), price, near(rng, MOST * LOT), arena.now + 60_000
    )
    return arena.send(command, who.owner)


def keep(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """A keeper's work on vaults, the reward to oneself."""
    holder = arena.row(rng.choice(ALL)).account
    choices: list[commands.Command] = [
        commands.RehedgeVault(rng.choice(HEDGED), who.ident),
        commands.Liquidate(holder.ident, who.ident),
        commands.Liquidate(rng.choice(gang).ident, who.ident),
        commands.ClaimUnlocks(who.ident, rng.choice(ALL)),
    ]
    return arena.send(rng.choice(choices), who.owner)


def shift(rng: random.Random, arena: VaultArena, who: Person, gang: list[Person]) -> bool:
    """ETH to another account of the same owner."""
    amount = near(rng, max(1, arena.eth(who.account)))
    return arena.send(commands.Transfer(who.ident, rng.choice(gang).ident, ETH, amount), who.owner)


AT_THE_VAULTS: list[VaultAction] = [
    join, join, join, leave, leave, leave, trade, trade, trade, trade, trade, direct, direct, swap,
    swap, swap, offer, keep, shift,
]  # fmt: skip


def act(rng: random.Random, arena: VaultArena, gang: list[Person]) -> bool:
    """One command of one of them; whether it was accepted."""
    who = rng.choice(gang)
    if rng.random() < 0.35:
        return rng.choice(AT_THE_BOOK)(rng, arena, who, gang)
    return rng.choice(AT_THE_VAULTS)(rng, arena, who, gang)
