"""What the core can do: workloads, and one measured run of one build.

``python -m plimsoll.runtime.bench WORKLOAD`` measures the build that is loaded and prints JSON;
``cli.bench`` starts it once per build and round, interleaved, and prints ratios. Rates are per
second of CPU time of one core; wall time stands beside them where a disk takes part.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from plimsoll import _build
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.state import State, load
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
from plimsoll.messages.params import GlobalParams
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

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.engine = prepared()
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
        """A post-free resting order 1 to 50 ticks away from the vAMM's quote."""
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
        size = self.rng.randrange(20, 200) * step
        command = PlaceOrder(
            self.first + who, at, side, codes.MARKET, codes.IOC, 0, size, 0, False, 0, ""
        )
        self.send(command, 3 + who)

    def oracle(self) -> None:
        """One price of one market, a little off the last."""
        price = list(PRICES.values())[0] + self.rng.randrange(-1000, 1000) * 100_000
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
    path.write_bytes(codec._encoder.encode([work.kind, work.start, work.rows, work.senders]))


def read(path: Path) -> Workload:
    """Read what ``save`` wrote."""
    return Workload(*codec._decoder.decode(path.read_bytes()))


def timed(action: Callable[[], None]) -> tuple[float, float]:
    """CPU and wall seconds of an action, collector off."""
    gc.collect()
    gc.disable()
    try:
        wall = time.perf_counter()
        cpu = time.process_time()
        action()
        return time.process_time() - cpu, time.perf_counter() - wall
    finally:
        gc.enable()


def run_drained(engine: Engine, commands: list[Command], senders: list[int]) -> None:
    """Groups of a thousand, events released after each."""
    for at in range(0, len(commands), BATCH):
        now = NOW + div_floor(at, BATCH)
        engine.apply_all(commands[at : at + BATCH], at + 1, now, senders[at : at + BATCH])


def run_calls(engine: Engine, commands: list[Command], senders: list[int]) -> None:
    """One Python call per command."""
    apply = engine.apply
    seq = 0
    now = NOW
    for command, sender in zip(commands, senders, strict=True):
        seq += 1
        apply(command, seq, now, sender)
        if seq % BATCH == 0:
            engine.drain()
            now += 1


def resident() -> int:
    """Resident memory of this process in bytes (0 where the system does not say)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * 4096


def measure(work: Workload) -> dict[str, Any]:
    """Both ways of driving the core over one workload, and the hash both must end in."""
    found: dict[str, Any] = {"kind": work.kind, "build": _build.describe(), "count": len(work.rows)}
    hashes = set()
    for name, drive in (("drain", run_drained), ("calls", run_calls)):
        engine = Engine(work.state())
        commands = work.commands()
        cpu, wall = timed(lambda: drive(engine, commands, work.senders))  # noqa: B023
        found[name] = {"per_s": len(commands) / cpu, "cpu_s": cpu, "wall_s": wall}
        hashes.add(codec.state_hash(engine.state.dump()))
    if len(hashes) != 1:
        raise RuntimeError(f"{work.kind}: the two ways of driving end in different states")
    found["state_hash"] = hashes.pop()
    return found


def measure_memory(orders: int) -> dict[str, float]:
    """Bytes of resident memory per account and per resting order."""
    gc.collect()
    before = resident()
    engine = prepared()
    gc.collect()
    after_accounts = resident()
    maker = Maker.__new__(Maker)
    maker.rng = random.Random(1)
    maker.engine = engine
    maker.first = len(engine.state.accounts) - ACCOUNTS
    maker.live, maker.rows, maker.senders, maker.warm = [], [], [], True
    for _ in range(orders):
        maker.place()
    maker.live, maker.rows, maker.senders = [], [], []
    gc.collect()
    resting = max(1, len(engine.state.orders))
    return {
        "bytes_per_account": (after_accounts - before) / ACCOUNTS,
        "bytes_per_resting_order": (resident() - after_accounts) / resting,
        "resting_orders": resting,
    }


def measure_journal(work: Workload, group: int = BATCH) -> dict[str, float]:
    """The mixed workload with every group encoded, digested and committed to disk."""
    from plimsoll.runtime.journal import Journal, Record

    engine = Engine(work.state())
    commands = work.commands()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder) / "journal.db", create=True)

        def run() -> None:
            for at in range(0, len(commands), group):
                batch = []
                for offset, command in enumerate(commands[at : at + group], at + 1):
                    sender = work.senders[offset - 1]
                    engine.apply(command, offset, NOW, sender)
                    digest = codec.digest(engine.drain())
                    body = codec.encode_command(command)
                    batch.append(Record(offset, NOW, sender, "", body, digest))
                journal.append(batch, [])

        cpu, wall = timed(run)
        journal.close()
    return {"per_s": len(commands) / wall, "cpu_s": cpu, "wall_s": wall}


def main(argv: list[str]) -> None:
    """Measure the workload files named; ``--memory N`` and ``--journal`` add theirs."""
    found: dict[str, Any] = {"build": _build.describe(), "kinds": []}
    gc.freeze()
    for name in argv:
        if name.startswith("--memory="):
            found["memory"] = measure_memory(int(name.partition("=")[2]))
        elif name.startswith("--journal="):
            found["journal"] = measure_journal(read(Path(name.partition("=")[2])))
        else:
            found["kinds"].append(measure(read(Path(name))))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
