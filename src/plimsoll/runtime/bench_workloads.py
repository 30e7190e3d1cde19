"""Workloads for measuring the core: commands that were run once, so that cancels name live orders.

Placed orders rest (they cross nothing), takers trade with the best levels, and the vAMM's takers
find an empty book. Time advances a millisecond per group of commands, as it does behind a
sequencer.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import msgspec

from plimsoll.core.engine import Engine, genesis
from plimsoll.core.load import load
from plimsoll.core.state import State
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import (
    CancelOrder,
    Command,
    CreateAccount,
    CreatePrincipal,
    Deposit,
    OraclePrices,
    PlaceOrder,
    PricePoint,
)
from plimsoll.runtime import presets
from plimsoll.units import PRICE_SCALE, QUOTE_SCALE, div_floor

KINDS: Final = ("place", "cancel", "match", "vamm", "oracle", "mixed")
BATCH: Final = 1_000
EARLIER: Final = 100_000
ACCOUNTS: Final = 1_000
NOW: Final = 1_700_000_000_000
PRICES: Final = {"BTC-USD": 60_000 * PRICE_SCALE, "ETH-USD": 3_000 * PRICE_SCALE}
_LEVELS: Final = 50


def prepared(accounts: int = ACCOUNTS) -> Engine:
    """An exchange with two markets, prices, and funded accounts (one principal each)."""
    engine = Engine(genesis())
    limits = {"open_orders_max": 1_000, "oracle_future_max_ms": 10**9}
    seq = 0
    for command in presets.bootstrap(PRICES, open_deposits=True, global_overrides=limits):
        seq += 1
        engine.apply(command, seq, NOW, presets.OPERATOR)
    for index in range(accounts):
        seq += 3
        principal = 3 + index
        engine.apply(CreatePrincipal(f"p{index}", codes.ROLE_TRADER), seq, NOW, 0)
        engine.apply(CreateAccount(principal, -1, ""), seq, NOW, principal)
        account = len(engine.state.accounts) - 1
        engine.apply(
            Deposit(account, 0, 10_000_000 * QUOTE_SCALE, f"d{index}"), seq, NOW, principal
        )
    points = [PricePoint(at, price, 0, NOW) for at, price in enumerate(PRICES.values())]
    engine.apply(OraclePrices(points), seq + 1, NOW, presets.ORACLE)
    engine.drain()
    return engine


class Workload:
    """Commands of one kind with their senders, and the state they start from."""

    def __init__(self, kind: str, start: bytes, rows: list[list[Any]], senders: list[int]) -> None:
        self.kind = kind
        self.start = start
        self.rows = rows
        self.senders = senders

    def commands(self) -> list[Command]:
        """Fresh command objects."""
        return [codec.command_from_row(row) for row in self.rows]

    def state(self) -> State:
        """A fresh state to run them on."""
        return load(codec.decode_state(self.start))


class Maker:
    """Builds workloads by running them, so that cancels name live orders."""

    def __init__(self, seed: int, engine: Engine | None = None) -> None:
        self.rng = random.Random(seed)
        self.engine = prepared() if engine is None else engine
        self.first = len(self.engine.state.accounts) - ACCOUNTS
        self.live: list[tuple[int, int]] = []
        self.rows: list[list[Any]] = []
        self.senders: list[int] = []
        self.warm = True

    def clock(self) -> int:
        """Time of the next command: a millisecond per group, earlier ones while warming up."""
        sent = len(self.rows)
        return NOW - EARLIER + div_floor(sent, 100) if self.warm else NOW + div_floor(sent, BATCH)

    def send(self, command: Command, principal: int) -> bool:
        """Apply a command and record it."""
        ok = self.engine.apply(command, 1_000_000, self.clock(), principal)
        self.engine.drain()
        self.rows.append(command.row())
        self.senders.append(principal)
        return ok

    def place(self) -> None:
        """A resting order on one of 50 prices outside the vAMM's quotes."""
        who = self.rng.randrange(ACCOUNTS)
        market = self.rng.randrange(2)
        params = self.engine.state.markets[market].params
        side = self.rng.randrange(2)
        ticks = self.rng.randrange(1, _LEVELS) * 10
        # Outside the vAMM's spread on the passive side, so that nothing crosses at entry.
        anchor = list(PRICES.values())[market]
        away = div_floor(anchor, 1_000) + ticks * params.tick
        price = anchor - away if side == codes.BUY else anchor + away
        price -= price % params.tick
        size = self.rng.randrange(20, 200) * params.step
        ident = self.engine.state.globals.next_order
        command = PlaceOrder(
            self.first + who, market, side, codes.LIMIT, codes.GTC, price, size, 0, False, 0, ""
        )
        if self.send(command, 3 + who):
            self.live.append((who, ident))

    def cancel(self) -> None:
        """Cancel a random order placed before (it may be gone: then it is refused)."""
        at = self.rng.randrange(len(self.live))
        who, ident = self.live[at]
        self.live[at] = self.live[-1]
        self.live.pop()
        self.send(CancelOrder(self.first + who, ident, ""), 3 + who)

    def match(self, market: int | None = None) -> None:
        """An IOC order through the best levels; without makers the vAMM takes it."""
        who = self.rng.randrange(ACCOUNTS)
        at = self.rng.randrange(2) if market is None else market
        side = self.rng.randrange(2)
        step = self.engine.state.markets[at].params.step
        # Mostly smaller than what rests, so that an order makes about one fill.
        size = self.rng.randrange(5, 50) * step
        command = PlaceOrder(
            self.first + who, at, side, codes.MARKET, codes.IOC, 0, size, 0, False, 0, ""
        )
        self.send(command, 3 + who)

    def oracle(self) -> None:
        """One price of one market, a little off the last."""
        price = PRICES["BTC-USD"] + self.rng.randrange(-1000, 1000) * 100_000
        published = self.engine.state.oracles[0].published_ms + 1
        self.send(OraclePrices([PricePoint(0, price, 0, published)]), presets.ORACLE)

    def start(self) -> bytes:
        """Forget what was recorded: the workload begins here."""
        self.rows = []
        self.senders = []
        self.warm = False
        return codec.encode_state(self.engine.state.dump())


def make(kind: str, count: int, seed: int) -> Workload:
    """A workload of ``count`` commands of one kind."""
    maker = Maker(seed)
    before = {"cancel": count, "match": count, "mixed": 2_000}.get(kind, 0)
    for _ in range(before):
        maker.place()
    start = maker.start()
    for _ in range(count):
        if kind == "mixed":
            roll = maker.rng.random()
            if roll < 0.45 or not maker.live:
                maker.place()
            elif roll < 0.80:
                maker.cancel()
            else:
                maker.match()
        elif kind == "vamm":
            maker.match(market=0)
        else:
            getattr(maker, kind)()
    return Workload(kind, start, maker.rows, maker.senders)


def save(work: Workload, path: Path) -> None:
    """Write a workload for the measuring processes."""
    path.write_bytes(msgspec.msgpack.encode([work.kind, work.start, work.rows, work.senders]))


def read(path: Path) -> Workload:
    """Read what ``save`` wrote."""
    return Workload(*msgspec.msgpack.decode(path.read_bytes()))
