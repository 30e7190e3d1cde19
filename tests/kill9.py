"""Kill a node again and again under load, then judge: nothing lost, doubled or changed.

    python -m tests.kill9 --kills 50 --clients 4 --seed 1 [--transport http|socket]

Over ``http`` it is ``plimsoll up`` that dies, and the clients are those of the SDK; ``socket`` is a
bare node, many times as busy. Clients outside the node log every acknowledgement, and send what was
not acknowledged again under the same id. At the end the journal, its answers, the flow of deposits
and the state hash in several environments must agree with those logs. Prints one line; exit status
1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from plimsoll.errors import ReplayDiverged
from plimsoll.messages.codes import OUTSIDE_ACCOUNT
from plimsoll.runtime.journal import JournalReader
from plimsoll.runtime.recovery import JOURNAL_NAME, SNAPSHOTS_NAME, replay, verify
from plimsoll.runtime.sequencer import decode_answer
from plimsoll.runtime.snapshots import SnapshotStore
from tests.harness.ack_client import Ack, AckClient
from tests.harness.http_door import HttpDoor
from tests.harness.node_link import ROOT, Door, SocketDoor, child_environment

TRANSPORTS: dict[str, type[HttpDoor | SocketDoor]] = {"http": HttpDoor, "socket": SocketDoor}
KILLED_EARLY = 0.15  # share of nodes killed while they start
END_SECONDS_MAX = 60.0

# Options of Python and environment of each recomputation of the state hash.
ENVIRONMENTS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    ((), {"PYTHONHASHSEED": "0"}),
    ((), {"PYTHONHASHSEED": "1"}),
    ((), {"PYTHONHASHSEED": "random"}),
    (("-O",), {"PYTHONHASHSEED": "random"}),
    ((), {"PLIMSOLL_PURE": "1"}),
)


@dataclass
class Verdict:
    """What the judge found. The lists hold client ids with what is wrong."""

    kills: int = 0
    acked: int = 0
    resent: int = 0
    already_done: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong at all."""
        one = len(set(self.hashes)) == 1 and self.hashes[0] != ""
        return one and not (self.lost or self.doubled or self.changed)

    def __str__(self) -> str:
        found = sorted(set(self.hashes))
        return (
            f"kills={self.kills} acked={self.acked} resent={self.resent} "
            f"already_done={self.already_done} lost={len(self.lost)} doubled={len(self.doubled)} "
            f"changed={len(self.changed)} hash={','.join(found)}"
        )


def judge(door: Door, acks: Iterable[Ack]) -> Verdict:
    """Compare the journal and the state with what clients were told. Leaves ``hashes`` empty."""
    verdict = Verdict()
    flow = door.capital
    try:
        state = replay(door.data_dir).state
    except ReplayDiverged as error:
        verdict.changed.append(error.message)
        return verdict
    with JournalReader.open(door.data_dir / JOURNAL_NAME) as journal:
        records = {record.seq: record for record in journal.read()}
        told = set()
        for ack in acks:
            verdict.acked += 1
            sent, record = ack.sent, records.get(ack.seq)
            told.add((sent.principal, sent.client_id))
            flow += sent.flow if ack.accepted else 0
            if record is None or (record.principal, record.client_id) != (
                sent.principal,
                sent.client_id,
            ):
                verdict.lost.append(f"{sent.client_id}: record {ack.seq} is another one")
                continue
            if sha256(record.body).digest() != ack.body_hash:
                verdict.changed.append(f"{sent.client_id}: another body")
            stored = journal.find_answer(sent.principal, sent.client_id)
            if stored is None:
                verdict.lost.append(f"{sent.client_id}: its answer is gone")
                continue
            answer = door.answer(state, record, decode_answer(stored))
            if sha256(answer).digest() != ack.answer_hash:
                verdict.changed.append(f"{sent.client_id}: another answer")
    count = Counter((r.principal, r.client_id) for r in records.values() if r.client_id)
    verdict.doubled += [f"{key[1]}: {n} records" for key, n in count.items() if n > 1]
    verdict.changed += [f"{key[1]}: never acknowledged" for key in sorted(set(count) - told)]
    outside = state.accounts[OUTSIDE_ACCOUNT].cash()
    if outside != -flow:
        verdict.doubled.append(f"the clients brought in {flow}, the exchange has {-outside}")
    return verdict


def state_hashes(data_dir: Path) -> list[str]:
    """The hash the last node left in its snapshot, and those of replays in all environments.

    A replay that finds anything wrong gives the problem in place of the hash.
    """
    store = SnapshotStore(data_dir / SNAPSHOTS_NAME)
    found = [store.load(path).header.state_hash.hex() for path in store.list()[:1]] or [""]
    for options, variables in ENVIRONMENTS:
        done = subprocess.run(
            [sys.executable, *options, "-m", "tests.kill9", "--hash", str(data_dir)],
            env={**child_environment(), **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        found.append(done.stdout.strip() or done.stderr.strip()[-300:])
    return found


def print_hash(data_dir: Path) -> None:
    """Verify everything and print the state hash, or what is wrong."""
    report = verify(data_dir)
    wrong = [*report.problems, *(check.problem for check in report.snapshots if check.problem)]
    sys.stdout.write(f"{report.state_hash if report.ok else '; '.join(wrong)}\n")


async def run(door: Door, kills: int, clients: int, seed: int) -> tuple[Verdict, list[Ack]]:
    """Load and kill, judge, and give back all acknowledgements."""
    rng = random.Random(seed)
    await door.prepare(clients)
    crowd = [
        AckClient(index, seed, door.data_dir.parent / f"acks-{index}.log", door)
        for index in range(clients)
    ]
    tasks = [asyncio.create_task(client.run()) for client in crowd]
    for _ in range(kills):
        early = rng.random() < KILLED_EARLY
        node = await door.start(wait=not early)
        await asyncio.sleep(
            rng.uniform(*door.start_seconds) if early else rng.random() * door.life_seconds
        )
        await node.kill()
        for task in tasks:
            if task.done():
                await task  # a client ends early only by an error
    node = await door.start()
    for client in crowd:
        client.finish()
    try:
        await asyncio.wait_for(asyncio.gather(*tasks), END_SECONDS_MAX)
        await node.stop()
    except BaseException:
        await node.kill()
        raise
    acks = [ack for client in crowd for ack in client.acks.values()]
    verdict = judge(door, acks)
    verdict.kills = kills
    verdict.resent = sum(client.resent for client in crowd)
    verdict.already_done = sum(client.already_done for client in crowd)
    verdict.changed += [problem for client in crowd for problem in client.changed]
    verdict.changed += door.faults
    verdict.hashes = state_hashes(door.data_dir)
    return verdict, acks


def main() -> int:
    """Command line; see the module's description."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill9")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--transport", choices=list(TRANSPORTS), default="http")
    parser.add_argument("--hash", type=Path, help="only verify this data directory")
    arguments = parser.parse_args()
    if arguments.hash is not None:
        print_hash(arguments.hash)
        return 0
    with tempfile.TemporaryDirectory(prefix="kill9-") as folder:
        door = TRANSPORTS[arguments.transport](Path(folder) / "data")
        verdict, _ = asyncio.run(run(door, arguments.kills, arguments.clients, arguments.seed))
    sys.stdout.write(f"{verdict}\n")
    if not verdict.ok:
        for problem in (*verdict.lost, *verdict.doubled, *verdict.changed, *verdict.hashes):
            sys.stderr.write(f"  {problem}\n")
        sys.stderr.write(f"  seed {arguments.seed}\n")
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
