"""What the core can do: one measured run of the build that is loaded.

``python -m plimsoll.runtime.bench WORKLOAD…`` prints JSON; ``cli.bench`` starts it once per build
and round, interleaved, and prints ratios. Rates are per second of CPU time of one core; wall time
stands beside them where a disk takes part.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plimsoll import _build
from plimsoll.core.engine import Engine
from plimsoll.messages import codec
from plimsoll.messages.commands import Command
from plimsoll.runtime.bench_workloads import (
    ACCOUNTS,
    BATCH,
    NOW,
    Maker,
    Workload,
    prepared,
    read,
)
from plimsoll.units import div_floor


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
    now = NOW
    for seq, (command, sender) in enumerate(zip(commands, senders, strict=True), 1):
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
    maker = Maker(1, engine)
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
    """A workload with every group encoded, digested and committed to disk (wall time)."""
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
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
