"""A process that appends to a journal until it is killed; run by the crash tests as a script.

Arguments: path, seed, number of batches (0: without end). It prints ``opening``, ``ready HEAD``
and then each sequence number as it is acknowledged. Exit status 3: the journal refused.
"""

from __future__ import annotations

import os
import random
import sys
from collections import deque
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.errors import JournalError
from plimsoll.runtime.journal import Answer, JournalWriter, Record

if TYPE_CHECKING:
    from concurrent.futures import Future

REFUSED = 3
BIRTH = {"genesis": b"crash test"}
_OUTSTANDING_MAX = 8


def make_record(seq: int) -> Record:
    """The one and only record with this number."""
    noise = random.Random(seq)
    client_id = f"client-{seq}" if noise.random() < 0.5 else ""
    body = noise.randbytes(noise.choice((0, 40, 60, 60, 60, 5000)))
    return Record(
        seq, 1_000_000 + seq // 3, noise.randrange(9), client_id, body, sha256(body).digest()
    )


def make_answers(batch: list[Record]) -> list[Answer]:
    """The answers to the records with a client id."""
    return [
        Answer(r.principal, r.client_id, r.seq, sha256(r.body).digest(), b"done %d" % r.seq)
        for r in batch
        if r.client_id
    ]


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def _acknowledge(done: Future[int]) -> None:
    if done.exception() is None:
        _say(str(done.result()))


def _append(path: Path, seed: int, batches: int) -> None:
    chance = random.Random(seed)
    _say("opening")
    with JournalWriter(path, create=True, birth=BIRTH) as writer:
        seq = writer.recovered.seq
        _say(f"ready {seq}")
        waiting: deque[Future[int]] = deque()
        done = 0
        while batches == 0 or done < batches:
            batch = [make_record(seq + i) for i in range(1, chance.randint(1, 20) + 1)]
            seq = batch[-1].seq
            future = writer.submit(batch, make_answers(batch))
            future.add_done_callback(_acknowledge)
            waiting.append(future)
            done += 1
            if done % 30 == 0:
                writer.prune_answers(0, keep_at_most=50).result()
            if len(waiting) > chance.randint(0, _OUTSTANDING_MAX):
                waiting.popleft().result()
        for future in waiting:
            future.result()


if __name__ == "__main__":
    try:
        _append(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    except JournalError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(REFUSED)
