"""Where a node keeps what must survive: on disk, or, for tests and simulations, nowhere."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

import plimsoll
from plimsoll.core.state import State
from plimsoll.errors import SnapshotError
from plimsoll.runtime import identity, recovery
from plimsoll.runtime.journal import Answer, JournalReader, JournalWriter, Record
from plimsoll.runtime.lock import DataDirLock
from plimsoll.runtime.metrics import NodeMetrics
from plimsoll.runtime.node_types import NodeSettings
from plimsoll.runtime.publisher import Listener
from plimsoll.runtime.snapshots import SnapshotHeader, SnapshotStore

PRUNE_EVERY: Final = 10_000
"""Records between two prunings of old answers: few enough that none holds commits up for long."""

MEMORY_ANSWERS_MAX: Final = 100_000
"""Answers a node without a disk remembers."""

_log = structlog.get_logger("plimsoll.node")


class Store(Protocol):
    """What a node needs of its store. All calls come from the node's event loop.

    ``exchange_id`` is the id of the exchange that is kept in it.
    """

    exchange_id: str

    def find_answer(self, principal: int, client_id: str) -> Answer | None:
        """The durable answer to a client's command, if it is still kept."""

    async def commit(self, records: list[Record], answers: list[Answer]) -> None:
        """Return once the batch is durable. Errors: `JournalError`."""

    def maintain(self, state: State, seq: int, ts: int) -> None:
        """Do what is due after a commit: snapshots, pruning. Never fails for lack of space."""

    async def close(self, state: State | None, seq: int) -> None:
        """Finish and let go; with the state after ``seq``, leave a snapshot of it."""


class MemoryStore:
    """Keeps answers, within a limit, and nothing else."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[int, str], Answer] = OrderedDict()
        self.exchange_id = identity.IN_MEMORY

    def find_answer(self, principal: int, client_id: str) -> Answer | None:
        return self._answers.get((principal, client_id))

    async def commit(self, records: list[Record], answers: list[Answer]) -> None:
        del records
        for answer in answers:
            self._answers[answer.principal, answer.client_id] = answer
        while len(self._answers) > MEMORY_ANSWERS_MAX:
            self._answers.popitem(last=False)
        await asyncio.sleep(0)  # as with a disk, others get their turn between two batches

    def maintain(self, state: State, seq: int, ts: int) -> None:
        del state, seq, ts

    async def close(self, state: State | None, seq: int) -> None:
        del state, seq


class DiskStore:
    """A data directory: lock, journal and snapshots. ``recovered`` is the state found in it."""

    def __init__(
        self,
        data_dir: Path,
        settings: NodeSettings,
        metrics: NodeMetrics,
        held: ExitStack,
        progress: recovery.Progress | None,
        listen: Listener | None,
    ) -> None:
        """Take the lock, open the journal (or make it) and recover; ``held`` is what to close.

        Errors: `JournalError`, `SnapshotError`, `ReplayDiverged`.
        """
        self._settings = settings
        self._metrics = metrics
        self._held = held
        self._code_version = plimsoll.__version__
        data_dir.mkdir(parents=True, exist_ok=True)
        held.enter_context(DataDirLock.acquire(data_dir))
        path = data_dir / recovery.JOURNAL_NAME
        birth = identity.birth_of(self._code_version)
        self._writer = held.enter_context(JournalWriter(path, create=True, birth=birth))
        # Closed before the writer: the last connection to close folds the log into the file.
        self._reader = held.enter_context(JournalReader.open(path))
        self.exchange_id = identity.exchange_id(self._reader)
        self._snapshots = SnapshotStore(
            data_dir / recovery.SNAPSHOTS_NAME, keep=settings.keep_snapshots
        )
        self._disk = held.enter_context(ThreadPoolExecutor(1, thread_name_prefix="snapshots"))
        self._snapshot: Future[None] | None = None
        self._pruned_at = 0
        self.recovered = recovery.recover(
            self._reader, self._snapshots, progress=progress, listen=listen
        )
        self._snapshot_seq = self.recovered.from_seq
        for skipped in self.recovered.skipped:
            _log.warning("snapshot skipped", path=str(skipped.path), reason=skipped.reason)
        metrics.recovery_seconds = self.recovered.seconds
        metrics.recovered_records = self.recovered.head.seq - self.recovered.from_seq

    @classmethod
    def open(
        cls,
        data_dir: Path,
        settings: NodeSettings,
        metrics: NodeMetrics,
        progress: recovery.Progress | None = None,
        listen: Listener | None = None,
    ) -> DiskStore:
        """As the constructor; lets go of everything if it fails."""
        with ExitStack() as opening:
            store = cls(data_dir, settings, metrics, opening, progress, listen)
            store._held = opening.pop_all()
        return store

    def find_answer(self, principal: int, client_id: str) -> Answer | None:
        return self._reader.find_answer(principal, client_id)

    async def commit(self, records: list[Record], answers: list[Answer]) -> None:
        await asyncio.wrap_future(self._writer.submit(records, answers))

    def maintain(self, state: State, seq: int, ts: int) -> None:
        every = self._settings.snapshot_every
        if every and seq - self._snapshot_seq >= every and self._is_idle():
            self._take_snapshot(state, seq)
        retention = self._settings.answer_retention_ms
        if retention and seq - self._pruned_at >= PRUNE_EVERY:
            self._pruned_at = seq
            _log_failure("pruning answers failed", self._writer.prune_answers(ts - retention))

    async def close(self, state: State | None, seq: int) -> None:
        try:
            if state is not None and seq > self._snapshot_seq:
                if self._snapshot is not None:
                    await asyncio.wait([asyncio.wrap_future(self._snapshot)])
                await asyncio.wait([asyncio.wrap_future(self._take_snapshot(state, seq))])
        finally:
            self._held.close()

    def _is_idle(self) -> bool:
        return self._snapshot is None or self._snapshot.done()

    def _take_snapshot(self, state: State, seq: int) -> Future[None]:
        """Encode now, between two batches, and write on another thread."""
        head = self._reader.head_at(seq)
        header, body = recovery.encode_snapshot(state, head, self._code_version)
        self._snapshot_seq = header.seq
        self._snapshot = self._disk.submit(self._write_snapshot, header, body)
        return self._snapshot

    def _write_snapshot(self, header: SnapshotHeader, body: bytes) -> None:
        try:
            self._snapshots.write(header, body)
        except SnapshotError as error:
            # The journal alone is enough: the node goes on and tries again later.
            self._metrics.snapshot_failures += 1
            _log.error("no snapshot written", seq=header.seq, error=str(error))
        else:
            self._metrics.snapshots += 1


def _log_failure(event: str, future: Future[Any]) -> None:
    """Log a failure whose consequence comes by itself: the next commit fails as well."""

    def done(finished: Future[Any]) -> None:
        if (error := finished.exception()) is not None:
            _log.error(event, error=str(error))

    future.add_done_callback(done)
