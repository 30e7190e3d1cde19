"""The kept history of vaults and vAMMs: share price and PnL by cause, of every hour and day.

It follows a node and writes what it sees beside the journal, a few times a second, on a thread of
its own. Made before the node is opened, it is told what recovery replays:

    history = VaultHistory(data_dir)
    node = await Node.open(data_dir, listen=history.listen)
    history.follow(node)                        # before anything else is awaited
    ...
    await node.close()
    await history.close()                       # after the node, so that it has seen everything

What it missed (its file was gone or too old, or the node too fast) it reads from the journal, and
does not answer until then. A node in memory has no journal: there it must listen from genesis on.

Spec: docs/spec/28-attribution.md, "Kept history".
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import structlog

from plimsoll.analytics.vault_recorder import CLOSED_MAX, Recorder, chain_at
from plimsoll.analytics.vault_store import (
    MEMORY,
    STORE_NAME,
    Checkpoint,
    PointStore,
    Window,
    point_before,
    points_in,
    read_checkpoint,
)
from plimsoll.errors import JournalError, NodeError
from plimsoll.runtime import recovery
from plimsoll.runtime.node import Gap, NodeBase, Published, Subscription
from plimsoll.runtime.node_types import Status
from plimsoll.runtime.pnl import HistoryUnavailable, Point

P = ParamSpec("P")
T = TypeVar("T")

WRITE_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 2.0
"""How long a reader waits for what is being caught up with."""
CHECKPOINT_RECORDS: Final = 100_000
"""Records after which a catching-up writes how far it is."""
_TURN_EVERY: Final = 64  # records taken over before others on the event loop get a turn

_log = structlog.get_logger("plimsoll.history")


class _Closing(Exception):
    """The history is closed while it reads the journal."""


class VaultHistory:
    """A `PnlReader` that follows a node, and belongs to the node's event loop."""

    def __init__(self, data_dir: Path | None = None) -> None:
        """Look for a checkpoint in a directory; without one everything stays in memory."""
        self._dir = data_dir
        self._start = None if data_dir is None else read_checkpoint(data_dir / STORE_NAME)
        self._recorder = self._begin()
        self._written = self._recorder.seq
        self._failure = ""
        self._writes_fail = False
        self._closing = False
        # While False the recorder is another thread's.
        self._in_step = False
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vault-history")
        self._store: PointStore | None = None
        self._node: NodeBase
        self._subscription: Subscription
        self._target = -1
        self._tasks: list[asyncio.Task[None]] = []

    def _begin(self) -> Recorder:
        try:
            return Recorder(self._start)
        except (ValueError, TypeError, LookupError):
            # Of another version of the attribution.
            self._start = None
            return Recorder()

    # --- following --------------------------------------------------------------------------

    def listen(self, item: Published) -> None:
        """Take over a record that recovery replays or that opens an exchange."""
        if item.seq == self._recorder.seq + 1 and not self._failure:
            try:
                self._recorder.take(item)
            except Exception as error:  # noqa: BLE001 - the exchange opens all the same
                self._fail(error)

    def follow(self, node: NodeBase) -> None:
        """Listen from the next record on. Errors: `NodeClosed`, `NodeHalted`."""
        self._node = node
        self._subscribe()
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._follow(), name="vault-history"),
            loop.create_task(self._write_often(), name="vault-history-writer"),
        ]

    def _subscribe(self) -> None:
        self._subscription = self._node.subscribe()
        self._target = self._node.last_seq

    async def _follow(self) -> None:
        try:
            self._store = await self._in_thread(self._open)
            while not self._failure:
                await self._catch_up()
                if not await self._take_all():
                    return
                self._subscribe()
        except (_Closing, NodeError):
            return  # closed, or the node was, in the meantime: there is nothing more to listen to
        except Exception as error:  # noqa: BLE001 - the exchange goes on without its history
            self._fail(error)
        finally:
            self._subscription.close()

    def _open(self) -> PointStore:
        """Open the file, behind the lock that the node has by now, and judge its checkpoint."""
        start, folder = self._start, self._dir
        if folder is None:
            return PointStore.open(MEMORY)
        if start is not None and not self._is_of_journal(folder, start):
            _log.warning("vault history is not of this journal", seq=start.seq)
            self._start, self._recorder = None, Recorder()
        if self._start is None and self._recorder.seq < self._target:
            _log.info("vault history is made anew from the journal", records=self._target)
        self._written = -1 if self._start is None else self._start.seq
        return PointStore.open(folder / STORE_NAME, afresh=self._start is None)

    def _is_of_journal(self, folder: Path, start: Checkpoint) -> bool:
        return start.seq <= self._target and chain_at(folder, start.seq) == start.chain

    async def _catch_up(self) -> None:
        """Read from the journal what was published before the subscription began."""
        if self._recorder.seq == self._target:
            return
        folder = self._dir
        if folder is None:
            raise LookupError(f"records up to {self._target} were missed; there is no journal")
        async with self._writing:
            _log.info("vault history catches up", after=self._recorder.seq, upto=self._target)
            await self._in_thread(self._read_journal, folder)

    def _read_journal(self, folder: Path) -> None:
        recorder = self._recorder

        def take(item: Published) -> None:
            if self._closing:
                raise _Closing
            recorder.take(item)
            far = item.seq - self._written >= CHECKPOINT_RECORDS
            if far or len(recorder.closed) >= CLOSED_MAX:
                self._put(recorder.newer(), recorder.checkpoint())
                recorder.closed.clear()
                self._written = item.seq

        recovery.replay_after(folder, recorder.seq, self._target, take)

    async def _take_all(self) -> bool:
        """Take over what is published; False once the node has stopped, True after a gap."""
        subscription, recorder = self._subscription, self._recorder
        self._in_step = True
        self._announce()
        done = 0
        async for item in subscription:
            if self._failure:
                break
            if isinstance(item, Gap):
                self._in_step = False
                return True
            recorder.take(item)
            done += 1
            if subscription.buffered == 0 or done % _TURN_EVERY == 0:
                self._announce()
                await asyncio.sleep(0)
        return False

    def _announce(self) -> None:
        """Wake who waits for a record."""
        self._news.set()
        self._news = asyncio.Event()

    def _fail(self, error: Exception) -> None:
        """Give up: a history with a hole would be wrong without saying so."""
        self._failure = f"{type(error).__name__}: {error}"
        self._in_step = False
        self._announce()
        _log.error("vault history stopped", seq=self._recorder.seq, reason=self._failure)

    # --- writing ----------------------------------------------------------------------------

    async def _write_often(self) -> None:
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write all that is not written yet. What cannot be written is kept, and tried again."""
        async with self._writing:
            recorder = self._recorder
            if not self._in_step or recorder.seq == self._written:
                return
            closed, checkpoint = len(recorder.closed), recorder.checkpoint()
            try:
                points = self._told(recorder.newer)
                await self._in_thread(self._put, points, checkpoint)
            except (sqlite3.Error, JournalError, OSError) as error:
                if not self._writes_fail:
                    _log.error("vault history not written", seq=checkpoint.seq, error=str(error))
                self._writes_fail = True
                return
            except HistoryUnavailable:
                return
            self._writes_fail = False
            self._written = checkpoint.seq
            del recorder.closed[:closed]

    def _put(self, points: list[Point], checkpoint: Checkpoint) -> None:
        if self._dir is not None:
            checkpoint = checkpoint._replace(chain=chain_at(self._dir, checkpoint.seq))
        if self._store is not None:
            self._store.write(points, checkpoint)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *args, **kwargs))

    async def close(self) -> None:
        """Write what is left and let go of the file. The node is closed before, or followed no
        further.
        """
        self._closing = True
        if self._tasks:
            following, writing = self._tasks
            if self._node.health().status is Status.RUNNING:
                self._subscription.close()
            await asyncio.wait([following])
            writing.cancel()
            await asyncio.wait([writing])
            await self.flush()
            self._tasks = []
            if self._store is not None:
                await self._in_thread(self._store.close)
                self._store = None
        self._thread.shutdown()

    # --- reading: `PnlReader` ---------------------------------------------------------------

    async def sources(self) -> list[str]:
        return self._told((await self._current()).sources)

    async def latest(self) -> dict[str, Point]:
        return {point.source: point for point in self._told((await self._current()).points)}

    async def before(self, source: str, ts: int) -> Point | None:
        newer = self._told((await self._current()).newer)
        return await self._asked(lambda store: point_before(store, newer, source, ts))

    async def points(
        self, source: str, resolution: int, since: int | None, until: int | None, limit: int
    ) -> list[Point]:
        newer, window = self._told((await self._current()).newer), Window(since, until, limit)
        return await self._asked(lambda store: points_in(store, newer, source, resolution, window))

    async def _current(self) -> Recorder:
        """The recorder, once it has taken over all that is published by now."""
        target = self._node.last_seq
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                while not (self._failure or self._is_at(target)):
                    await self._news.wait()
        if self._failure:
            raise HistoryUnavailable(f"the history of vaults stopped: {self._failure}", again=False)
        if not self._is_at(target):
            raise HistoryUnavailable(
                f"the history of vaults is being brought up to record {target}", again=True
            )
        return self._recorder

    def _told(self, ask: Callable[[], T]) -> T:
        """What the recorder says; figures that contradict themselves end the history."""
        try:
            return ask()
        except Exception as error:
            self._fail(error)
            raise HistoryUnavailable(
                f"the history of vaults stopped: {self._failure}", again=False
            ) from error

    def _is_at(self, seq: int) -> bool:
        return self._in_step and self._recorder.seq >= seq

    async def _asked(self, ask: Callable[[PointStore], T]) -> T:
        if self._store is None:
            raise HistoryUnavailable("the history of vaults is closed", again=False)
        try:
            return await self._in_thread(ask, self._store)
        except sqlite3.Error as error:
            raise HistoryUnavailable(
                f"the history of vaults cannot be read: {error}", again=True
            ) from error
