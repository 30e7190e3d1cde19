"""An exchange with a vAMM and vaults of all kinds, and seeded traffic over hours and days."""

from __future__ import annotations

import random
from collections.abc import Iterator

from plimsoll.messages import codes
from plimsoll.messages.commands import (
    Command,
    CreateAccount,
    CreatePrincipal,
    Deposit,
    OraclePrices,
    PlaceOrder,
    PricePoint,
    Tick,
)
from plimsoll.messages.vaults import DepositVault, SwapSpot, TradeVault, WithdrawVault
from plimsoll.runtime import presets, presets_vaults
from plimsoll.runtime.inline import InlineExchange
from plimsoll.units import QUOTE_SCALE
from tests.runtime.node_samples import Clock

PRICE = 60_000 * QUOTE_SCALE
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MIDNIGHT = 1_699_920_000_000
"""A day begins (UTC)."""
BTC = 1
UNIT = 10**8
TICK = 100_000


def exchange() -> list[Command]:
    """BTC-USD at 60,000 with every mechanism on, three vaults, two traders (principals 3 and 4)
    whose accounts follow the exchange's own."""
    found = {"BTC-USD": PRICE}
    commands = presets.bootstrap(found, open_deposits=True) + presets_vaults.open_vaults(found)
    for name in ("ann", "bob"):
        commands.append(CreatePrincipal(name, codes.ROLE_TRADER))
    return commands


def first_account() -> int:
    """The id that the next account will have."""
    with InlineExchange() as made:
        made.bootstrap(exchange(), MIDNIGHT)
        return len(made.state.accounts)


def accounts(first: int) -> list[tuple[Command, int]]:
    """Open and fund the traders' accounts, ``first`` and the next, and fill every vault."""
    made: list[tuple[Command, int]] = []
    for at, principal in enumerate((3, 4)):
        account = first + at
        made.append((CreateAccount(principal, -1, "main"), principal))
        made.append((Deposit(account, 0, 5_000_000 * QUOTE_SCALE, f"usd-{at}"), principal))
        made.append((Deposit(account, BTC, 100 * UNIT, f"btc-{at}"), presets.OPERATOR))
    for vault, amount in ((0, 200_000 * QUOTE_SCALE), (1, 5 * UNIT), (2, 300_000 * QUOTE_SCALE)):
        made.append((DepositVault(first, vault, amount, 0), 3))
    return made


def oracle(price: int, now: int) -> tuple[Command, int]:
    """A price of the only market."""
    return OraclePrices([PricePoint(0, price, 0, now)]), presets.ORACLE


def traffic(
    seed: int, clock: Clock, first: int, hours: int, step: int = 10 * MINUTE
) -> Iterator[tuple[Command, int]]:
    """A price, then some of what moves vaults, every ``step`` ms or so, for a number of hours."""
    rng = random.Random(seed)
    price, until = PRICE, clock.now + hours * HOUR
    while clock.now < until:
        clock.now += rng.randrange(1, 2 * step)
        price += rng.randrange(-200, 201) * TICK
        yield oracle(price, clock.now)
        for _ in range(rng.randrange(3)):
            trader = rng.randrange(2)
            yield _something(rng, first + trader), 3 + trader
        yield Tick(64), presets.KEEPER


def _something(rng: random.Random, account: int) -> Command:
    kind, side = rng.randrange(6), rng.randrange(2)
    size = rng.randrange(1, 60) * 10_000_000
    if kind == 0:
        return DepositVault(account, rng.choice((0, 2)), rng.randrange(1, 9_000) * QUOTE_SCALE, 0)
    if kind == 1:
        return WithdrawVault(account, rng.randrange(3), rng.randrange(1, 10**9), 0)
    if kind == 2:
        return SwapSpot(account, 0, BTC if side else 0, False, rng.randrange(1, 10**7), 0)
    if kind == 3:
        return TradeVault(account, 1 + rng.randrange(2), side, False, size, 0, False)
    return PlaceOrder(
        account, 0, side, codes.MARKET, codes.IOC, 0, size, codes.POST_NONE, False, 0, ""
    )
