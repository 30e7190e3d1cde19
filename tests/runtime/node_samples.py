"""What the tests of the node share: a small exchange, seeded traffic, and a clock by hand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from plimsoll.core.state import State
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    CancelAll,
    CancelOrder,
    Command,
    CreateAccount,
    CreatePrincipal,
    Deposit,
    OraclePrices,
    PlaceOrder,
    PricePoint,
    Tick,
    Transfer,
    Withdraw,
)
from plimsoll.runtime import presets
from plimsoll.runtime.journal import Answer, JournalReader, Record
from plimsoll.runtime.node import Node, NodeBase
from plimsoll.runtime.recovery import JOURNAL_NAME
from plimsoll.units import PRICE_SCALE, QUOTE_SCALE
from tests.harness import plain

START = 1_700_000_000_000
PRICE = 60_000 * PRICE_SCALE
FIRST_TRADER = 3
FIRST_ACCOUNT = 10
TICK = 100_000
STEP = 1_000_000
ALICE, BOB = FIRST_TRADER, FIRST_TRADER + 1

OpenNode = Callable[..., Awaitable[Node]]


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def exchange(traders: int = 2) -> list[Command]:
    """One market, open deposits; trader i is principal 3 + i and owns account 8 + i."""
    commands = plain.bootstrap({"BTC-USD": PRICE}, open_deposits=True)
    for index in range(traders):
        commands.append(CreatePrincipal(f"trader-{index}", codes.ROLE_TRADER))
        commands.append(CreateAccount(FIRST_TRADER + index, -1, f"account-{index}"))
    return commands


def deposit(usd: int, external_id: str, trader: int = 0) -> Deposit:
    """A deposit of whole dollars."""
    return Deposit(FIRST_ACCOUNT + trader, 0, usd * QUOTE_SCALE, external_id)


def oracle(price: int, now: int) -> OraclePrices:
    """A price of the only market."""
    return OraclePrices([PricePoint(0, price, 0, now)])


def limit_order(trader: int, side: int, ticks: int, steps: int, client: str = "") -> PlaceOrder:
    """A resting order ``ticks`` away from the start price."""
    price = PRICE + ticks * TICK
    return PlaceOrder(
        FIRST_ACCOUNT + trader, 0, side, codes.LIMIT, codes.GTC, price, steps * STEP,
        codes.POST_NONE, False, 0, client,
    )  # fmt: skip


def traffic(seed: int, count: int, clock: Clock, traders: int = 4) -> Iterator[tuple[Command, int]]:
    """Commands with their senders; most are accepted, some are refused. Moves the clock."""
    rng = random.Random(seed)
    for index in range(count):
        clock.now += rng.randrange(0, 400)
        trader = rng.randrange(traders)
        account, principal = FIRST_ACCOUNT + trader, FIRST_TRADER + trader
        kind = rng.random()
        if index == 0 or kind < 0.1:
            yield oracle(PRICE + rng.randrange(-200, 200) * TICK, clock.now), presets.ORACLE
        elif kind < 0.2:
            yield deposit(rng.randrange(1, 50_000), f"d-{seed}-{index}", trader), principal
        elif kind < 0.75:
            side, ticks = rng.randrange(2), rng.randrange(-300, 300)
            yield limit_order(trader, side, ticks, rng.randrange(1, 200)), principal
        elif kind < 0.8:
            yield CancelOrder(account, rng.randrange(1, index + 2), ""), principal
        elif kind < 0.83:
            yield CancelAll(account, -1), principal
        elif kind < 0.88:
            amount = rng.randrange(1, 10_000 * QUOTE_SCALE)
            yield Withdraw(account, 0, amount, f"w-{seed}-{index}"), principal
        elif kind < 0.93:
            yield Transfer(account, FIRST_ACCOUNT, 0, 1), principal
        elif kind < 0.97:
            yield PlaceOrder(
                account, 0, rng.randrange(2), codes.MARKET, codes.IOC, 0,
                rng.randrange(1, 500) * STEP, codes.POST_NONE, False, 0, "",
            ), principal  # fmt: skip
        else:
            yield Tick(10), presets.KEEPER


class Held:
    """A store that commits only when let."""

    def __init__(self, node: NodeBase) -> None:
        self.store = node._store
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.failure: Exception | None = None
        node._store = self  # type: ignore[assignment]

    async def commit(self, records: list[Record], answers: list[Answer]) -> None:
        self.entered.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        await self.store.commit(records, answers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def journaled(tmp_path: Path) -> list[Record]:
    """The records on disk."""
    with JournalReader.open(tmp_path / "data" / JOURNAL_NAME) as reader:
        return list(reader.read())


def cash(state: State, trader: int = 0) -> int:
    """Balance of a trader in 1e-6 USD."""
    return state.accounts[FIRST_ACCOUNT + trader].cash()
