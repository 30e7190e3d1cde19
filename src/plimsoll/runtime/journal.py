"""The journal: every command that entered the node, in order, durable before it is acknowledged.

`Journal` is one SQLite file in WAL mode, fully synchronous, with a hash chain over its records,
open for writing; `JournalReader` reads it, also beside a writer; `JournalWriter` runs a `Journal`
on a thread of its own and commits what has gathered meanwhile as one group; `copy_until` makes
the journal of a fork. Records are opaque: the journal knows nothing of the core.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from plimsoll.errors import JournalRefused
from plimsoll.runtime.journal_format import BATCH_RECORDS_MAX, Answer, Head, Record, check_batch
from plimsoll.runtime.journal_reader import AuditReport, JournalReader
from plimsoll.runtime.journal_store import Journal, copy_until

__all__ = [
    "Answer",
    "AuditReport",
    "Head",
    "Journal",
    "JournalReader",
    "JournalWriter",
    "Record",
    "copy_until",
]


class JournalWriter:
    """A journal on a thread of its own, with group commit.

    What is submitted while one commit is under way goes into the next one together. Futures
    resolve in order, after the commit; await them with ``asyncio.wrap_future``. They cannot be
    cancelled: a record once submitted is followed by others. After a failure every future, pending
    or new, fails with `JournalWriteFailed`.

    ``recovered`` is the head found at opening; ``epoch`` and ``wal`` are as in `Journal`.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        create: bool = False,
        birth: Mapping[str, bytes] | None = None,
    ) -> None:
        """Open the journal on the new thread. Errors: as `Journal.open`."""
        self._wake = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._closed = False
        opened: Future[Journal] = Future()
        self._thread = threading.Thread(
            target=self._run,
            args=(opened, lambda: Journal.open(path, create=create, birth=birth)),
            name="journal-writer",
            daemon=True,
        )
        self._thread.start()
        journal = opened.result()
        self.epoch = journal.epoch
        self.wal = journal.wal
        self.recovered = self._next = journal.head()

    def submit(self, batch: Sequence[Record], answers: Sequence[Answer] = ()) -> Future[int]:
        """Queue records with their answers; the future gives the last ``seq`` once durable.

        Errors: `JournalRefused` at once if the batch does not follow the last one submitted.
        """
        job = _Job(batch=tuple(batch), answers=tuple(answers))
        with self._wake:
            check_batch(batch, answers, after_seq=self._next.seq, after_ts=self._next.ts)
            self._put(job)
            self._next = Head(batch[-1].seq, batch[-1].ts, b"")
        return job.future

    def prune_answers(self, before_ts: int, *, keep_at_most: int | None = None) -> Future[Any]:
        """`Journal.prune_answers` on the writer's thread."""
        return self._call(
            lambda journal: journal.prune_answers(before_ts, keep_at_most=keep_at_most)
        )

    def set_meta(self, key: str, value: bytes) -> Future[Any]:
        """`Journal.set_meta` on the writer's thread."""
        return self._call(lambda journal: journal.set_meta(key, value))

    @property
    def pending(self) -> int:
        """Submissions not yet taken up. The caller bounds it: a record applied must be written."""
        return len(self._jobs)

    def close(self) -> None:
        """Commit what is queued, close the journal and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, call: Callable[[Journal], object]) -> Future[Any]:
        job = _Job(call=call)
        with self._wake:
            self._put(job)
        return job.future

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise JournalRefused("the journal's writer is closed")
        job.future.set_running_or_notify_cancel()
        self._jobs.append(job)
        self._wake.notify()

    def _run(self, opened: Future[Journal], open_journal: Callable[[], Journal]) -> None:
        try:
            journal = open_journal()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            opened.set_exception(error)
            return
        opened.set_result(journal)
        with journal:
            while group := self._take():
                _commit(journal, group)

    def _take(self) -> list[_Job]:
        """Wait for work; what can be committed together, or nothing once closed and done."""
        with self._wake:
            self._wake.wait_for(lambda: self._jobs or self._closed)
            group: list[_Job] = []
            count = 0
            while self._jobs:
                job = self._jobs[0]
                count += len(job.batch)
                if group and (job.call or group[0].call or count > BATCH_RECORDS_MAX):
                    break
                group.append(self._jobs.popleft())
        return group


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    batch: tuple[Record, ...] = ()
    answers: tuple[Answer, ...] = ()
    call: Callable[[Journal], object] | None = None
    future: Future[Any] = field(default_factory=Future)


def _commit(journal: Journal, group: list[_Job]) -> None:
    """Do the group's work in one transaction and resolve its futures."""
    try:
        if call := group[0].call:
            results = [call(journal)]
        else:
            records = [record for job in group for record in job.batch]
            journal.append(records, [answer for job in group for answer in job.answers])
            results = [job.batch[-1].seq for job in group]
    except BaseException as error:  # noqa: BLE001 - handed to those who wait
        for job in group:
            job.future.set_exception(error)
        return
    for job, result in zip(group, results, strict=True):
        job.future.set_result(result)
