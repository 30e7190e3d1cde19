"""The node: one exchange, one writer. Takes commands, makes them durable, then answers.

Commands that arrive while a commit is under way form the next batch. Nobody sees a state, an
answer or an event before the records behind it are durable.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog

from plimsoll.core.engine import Engine, genesis
from plimsoll.core.state import State
from plimsoll.errors import BadSignature, ClientIdReused, NodeBusy, NodeClosed, NodeHalted
from plimsoll.messages.commands import Command
from plimsoll.messages.events import Event
from plimsoll.messages.fields import FieldError
from plimsoll.runtime.durability import DiskStore, MemoryStore, Store
from plimsoll.runtime.metrics import NodeMetrics
from plimsoll.runtime.node_types import Clock, Health, NodeSettings, Status, system_clock
from plimsoll.runtime.publisher import Gap, Listener, Published, Publisher, Subscription
from plimsoll.runtime.recovery import Progress
from plimsoll.runtime.sequencer import (
    Batch,
    Receipt,
    Sequencer,
    Submission,
    check_submission,
    decode_answer,
    require_same_body,
)
from plimsoll.runtime.signatures import Door

__all__ = [
    "Gap", "Health", "MemoryNode", "Node", "NodeBase", "NodeSettings", "Published", "Receipt",
    "Status", "Subscription", "system_clock",
]  # fmt: skip

T = TypeVar("T")

SUBSCRIPTION_MAX: Final = 10_000
_TURN_EVERY: Final = 32  # commands applied before others on the event loop get a turn

_log = structlog.get_logger("plimsoll.node")


class NodeBase:
    """A running node, whatever its store. Belongs to the event loop it was opened on."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        *,
        seq: int,
        ts: int,
        settings: NodeSettings,
        clock: Clock,
        metrics: NodeMetrics,
    ) -> None:
        """Made by the ``open`` of its subclasses."""
        self.metrics = metrics
        self._settings = settings
        self._engine = engine
        self._store = store
        self._publisher = Publisher(seq, metrics)
        self.exchange_id = store.exchange_id  # what orders for it are signed with
        self._door = Door(self.exchange_id)
        self._sequencer = Sequencer(
            engine, seq=seq, ts=ts, clock=clock, metrics=metrics,
            check_every=settings.check_every, house_keeper=settings.house_keeper,
        )  # fmt: skip
        self._queue: deque[Submission] = deque()
        self._pending: dict[tuple[int, str], Submission] = {}
        self._readers: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._settled = True
        self._status = Status.RUNNING
        self._reason = ""
        self._task: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[None] | None = None

    # --- what callers use -------------------------------------------------------------------

    @property
    def last_seq(self) -> int:
        """The newest durable record."""
        return self._publisher.last_seq

    def health(self) -> Health:
        """The node's condition; always answers."""
        queued = len(self._queue)
        return Health(self._status, self._reason, self.last_seq, self._sequencer.ts, queued)

    async def submit(self, command: Command, *, principal: int, client_id: str = "") -> Receipt:
        """Have a command executed; returns once its result, also a rejection, is durable.

        With a client id the command is executed once, however often it is sent. If the waiting
        task is cancelled the command is executed all the same.
        Errors: `FieldError`, `BadSignature` (nothing journaled), `ClientIdReused`, `NodeBusy`,
        `NodeClosed`, `NodeHalted` (unknown whether it was executed: send it again later).
        """
        self._require_running()
        try:
            checked, body = check_submission(command, principal, client_id, self._door)
            earlier = self._find_earlier(principal, client_id, body)
            if earlier is not None:
                receipt = await earlier if isinstance(earlier, asyncio.Future) else earlier
                self.metrics.duplicates += 1
                return receipt if receipt.duplicate else replace(receipt, duplicate=True)
            if len(self._queue) >= self._settings.queue_max:
                raise NodeBusy(f"{len(self._queue)} commands are waiting")
        except (FieldError, BadSignature, ClientIdReused, NodeBusy) as error:
            self.metrics.refuse(type(error).__name__)
            raise
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        submission = Submission(checked, body, principal, client_id, future)
        self._queue.append(submission)
        self.metrics.queue_depth = len(self._queue)
        if client_id:
            self._pending[principal, client_id] = submission
        self._wake.set()
        return await asyncio.shield(future)

    async def query(self, ask: Callable[[State], T]) -> T:
        """What ``ask`` says of the durable state; it must neither change nor keep the state.

        Errors: `NodeBusy`, `NodeClosed`, `NodeHalted`, and whatever ``ask`` raises.
        """
        return (await self.query_at(ask))[1]

    async def query_at(self, ask: Callable[[State], T]) -> tuple[int, T]:
        """As `query`, with the sequence number of the state asked."""
        self._require_running()
        return await self._between_batches(lambda: (self.last_seq, ask(self._engine.state)))

    async def dry_run(self, command: Command, principal: int) -> list[Event]:
        """The events a command would have now; nothing changes and nothing is journaled.

        Errors: `FieldError`, `BadSignature`, `NodeBusy`, `NodeClosed`, `NodeHalted`.
        """
        self._require_running()
        checked, _ = check_submission(command, principal, "", self._door)
        return await self._between_batches(lambda: self._dry_run(checked, principal))

    def subscribe(self, maxsize: int = SUBSCRIPTION_MAX) -> Subscription:
        """Listen to all events from the next record on. Errors: `NodeClosed`, `NodeHalted`."""
        self._require_running()
        return self._publisher.subscribe(maxsize)

    async def close(self) -> None:
        """Execute what is queued, leave a snapshot, let go of the data directory."""
        if self._closed is None:
            self._closed = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closed)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # --- the way in -------------------------------------------------------------------------

    def _require_running(self) -> None:
        if self._status is Status.HALTED:
            raise NodeHalted(f"the node is halted: {self._reason}")
        if self._status is Status.CLOSED:
            raise NodeClosed("the node takes no more commands")

    def _find_earlier(
        self, principal: int, client_id: str, body: bytes
    ) -> Receipt | asyncio.Future[Receipt] | None:
        """The answer to the same command sent before, or the future of it; None if it is new."""
        if not client_id:
            return None
        waiting = self._pending.get((principal, client_id))
        if waiting is not None:
            if waiting.body != body:
                raise ClientIdReused(f"the client id {client_id} is in use for another command")
            return asyncio.shield(waiting.future)
        stored = self._store.find_answer(principal, client_id)
        if stored is None:
            return None
        require_same_body(client_id, body, stored.body_hash)
        return decode_answer(stored)

    # --- the loop ---------------------------------------------------------------------------

    def _start(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="plimsoll-node")
        return self

    async def _bootstrap(self, commands: Sequence[Command], listen: Listener | None) -> None:
        """Execute the operator's first commands as one batch, before anybody else's."""
        if not commands:
            return
        batch = self._sequencer.bootstrap(commands, self._door)
        await self._commit(batch)
        self._publisher.publish(batch.published())
        if listen is not None:
            for item in batch.published():
                listen(item)

    async def _run(self) -> None:
        """Batch after batch, until closed or halted."""
        waiting: list[Submission] = []
        try:
            while self._queue or self._status is Status.RUNNING:
                if not self._queue:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                size = min(len(self._queue), self._settings.batch_max)
                waiting = [self._queue.popleft() for _ in range(size)]
                self.metrics.queue_depth = len(self._queue)
                self._settled = False
                batch, receipts = await self._apply(waiting)
                await self._commit(batch)
                self._announce(waiting, receipts, batch)
                self._settled = True
                self._store.maintain(self._engine.state, self._sequencer.seq, self._sequencer.ts)
                self._answer_readers()
        except asyncio.CancelledError:
            self._halt("its task was cancelled", waiting)
            raise
        except Exception as error:  # noqa: BLE001 - no later command may build on this state
            _log.exception("node halted", seq=self._sequencer.seq + 1)
            self._halt(f"{type(error).__name__}: {error}", waiting)

    async def _apply(self, waiting: Sequence[Submission]) -> tuple[Batch, list[Receipt]]:
        batch = Batch()
        receipts: list[Receipt] = []
        for done, one in enumerate(waiting, 1):
            try:
                receipt = self._sequencer.apply(
                    batch, one.command, one.body, one.principal, one.client_id
                )
                receipts.append(receipt)
            except Exception:
                # It never reaches the journal, so the log must tell which command it was.
                _log.error("command failed", principal=one.principal, body=one.body.hex())
                raise
            if done % _TURN_EVERY == 0:
                await asyncio.sleep(0)
        return batch, receipts

    async def _commit(self, batch: Batch) -> None:
        started = time.perf_counter()
        await self._store.commit(batch.records, batch.answers)
        self.metrics.commit_seconds.observe(time.perf_counter() - started)
        self.metrics.batch_size.observe(len(batch.records))
        self.metrics.batches += 1

    def _announce(
        self, waiting: Sequence[Submission], receipts: Sequence[Receipt], batch: Batch
    ) -> None:
        """Answer and publish a batch that is durable."""
        self._publisher.publish(batch.published())
        for one, receipt in zip(waiting, receipts, strict=True):
            self._pending.pop((one.principal, one.client_id), None)
            if not one.future.done():
                one.future.set_result(receipt)

    def _halt(self, reason: str, waiting: Sequence[Submission]) -> None:
        """Stop for good: everybody who waits, and everybody to come, gets `NodeHalted`."""
        self._status, self._reason = Status.HALTED, reason
        self.metrics.halted = 1
        left: list[asyncio.Future[Any]] = [one.future for one in (*waiting, *self._queue)]
        left += [future for _, future in self._readers]
        self._queue.clear()
        self._readers.clear()
        self._pending.clear()
        for future in left:
            if not future.done():
                future.set_exception(NodeHalted(f"the node is halted: {reason}"))
        self._publisher.end()

    async def _close(self) -> None:
        if self._status is Status.RUNNING:
            self._status = Status.CLOSED
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        self._publisher.end()
        sound = self._status is not Status.HALTED
        await self._store.close(self._engine.state if sound else None, self.last_seq)

    # --- reading ----------------------------------------------------------------------------

    async def _between_batches(self, ask: Callable[[], T]) -> T:
        """Call ``ask`` when everything applied is durable: at once, or after this batch."""
        if self._settled:
            return ask()
        if len(self._readers) >= self._settings.queue_max:
            raise NodeBusy(f"{len(self._readers)} queries are waiting")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._readers.append((ask, future))
        return await future

    def _answer_readers(self) -> None:
        while self._readers:
            ask, future = self._readers.popleft()
            if future.done():
                continue
            try:
                future.set_result(ask())
            except Exception as error:  # noqa: BLE001 - handed to the one who asked
                future.set_exception(error)

    def _dry_run(self, command: Command, principal: int) -> list[Event]:
        try:
            return self._engine.dry_run(command, self._sequencer.now(), principal)
        except Exception as error:
            # The core promises to refuse, never to fail: its state may be half changed.
            _log.exception("dry run failed", principal=principal, command=command.row())
            self._halt(f"a dry run failed: {error}", ())
            self._wake.set()
            raise NodeHalted(f"the node is halted: {self._reason}") from error


class Node(NodeBase):
    """A node on a data directory."""

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        *,
        bootstrap: Sequence[Command] = (),
        settings: NodeSettings | None = None,
        clock: Clock = system_clock,
        recording: bool = True,
        progress: Progress | None = None,
        listen: Listener | None = None,
    ) -> Self:
        """Take the directory's lock, recover what is in it, or create it, and start.

        ``bootstrap`` commands are journaled, all or none, if the journal is empty. Without
        ``recording`` no events are kept, and a replay has none to compare. ``listen`` is told
        what is replayed and bootstrapped; a subscription made at once misses nothing after it.
        Errors: `JournalError` (locked, damaged, of another format), `ReplayDiverged`,
        `SnapshotError`, `ConfigError` if a bootstrap command is refused.
        """
        settings = settings or NodeSettings()
        metrics = NodeMetrics()
        store = DiskStore.open(data_dir, settings, metrics, progress, listen)
        found = store.recovered
        found.engine.txn.recording = recording
        node = cls(
            found.engine, store, seq=found.head.seq, ts=found.head.ts,
            settings=settings, clock=clock, metrics=metrics,
        )  # fmt: skip
        try:
            if found.head.seq == 0:
                await node._bootstrap(bootstrap, listen)
        except BaseException:
            await store.close(None, 0)
            raise
        return node._start()


class MemoryNode(NodeBase):
    """A node that keeps nothing, for tests, simulations and demonstrations."""

    @classmethod
    async def open(
        cls,
        *,
        bootstrap: Sequence[Command] = (),
        settings: NodeSettings | None = None,
        clock: Clock = system_clock,
        recording: bool = True,
        state: State | None = None,
        listen: Listener | None = None,
    ) -> Self:
        """Start at genesis, or at ``state``, which the node then owns; ``listen`` as `Node.open`.
        Errors: `ConfigError`."""
        metrics = NodeMetrics()
        engine = Engine(genesis() if state is None else state)
        engine.txn.recording = recording
        node = cls(
            engine, MemoryStore(), seq=0, ts=0,
            settings=settings or NodeSettings(), clock=clock, metrics=metrics,
        )  # fmt: skip
        await node._bootstrap(bootstrap, listen)
        return node._start()
