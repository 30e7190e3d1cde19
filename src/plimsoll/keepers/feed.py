"""Keeps a mirror of the exchange: stream, snapshot, gaps, and comparison with fresh snapshots."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from plimsoll.client.errors import HttpProblem
from plimsoll.client.keeper_models import KeeperRecord
from plimsoll.client.models import StreamMessage
from plimsoll.errors import PlimsollError
from plimsoll.keepers.access import CHANNEL, Clock, KeeperClient
from plimsoll.keepers.mirror import Mirror

RECORDS_KEPT: Final = 20_000
"""Records remembered, to bring a snapshot that was slow to arrive up to date."""
REFUSED: Final = (400, 401, 403, 404)
"""Answers (HTTP) that will be the same next time."""
WAIT_FIRST: Final = 0.1
WAIT_MAX: Final = 10.0

_log = structlog.get_logger("plimsoll.keeper")


@dataclass(slots=True)
class FeedCounters:
    """What happened to a feed so far."""

    records: int = 0
    gaps: int = 0
    resyncs: int = 0
    reconnects: int = 0
    checks: int = 0
    ghosts: int = 0


class Feed:
    """The mirror, and what is needed to trust it. ``mirror`` is None until it is in step.

    ``clock`` (ms) is this machine's; ``now`` is the exchange's time by its last snapshot.
    """

    def __init__(self, client: KeeperClient, clock: Clock) -> None:
        self.mirror: Mirror | None = None
        self.counters = FeedCounters()
        self.skew_ms = 0
        self.head = 0
        self.failure = ""
        self._client = client
        self._clock = clock
        self._records: deque[KeeperRecord] = deque(maxlen=RECORDS_KEPT)
        self._pending: Mirror | None = None
        self._inner: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._stopping = asyncio.Event()

    # --- what others look at ----------------------------------------------------------------

    def now(self) -> int:
        """The time (ms) a command would have: own clock, corrected; never before the mirror."""
        least = 0 if self.mirror is None else self.mirror.ts
        return max(self._clock() + self.skew_ms, least)

    def saw(self, seq: int) -> None:
        """The exchange is at least at this record."""
        self.head = max(self.head, seq)

    @property
    def lag(self) -> int:
        """Records by which the mirror is known to be behind."""
        return max(0, self.head - (0 if self.mirror is None else self.mirror.seq))

    async def reach(self, seq: int) -> Mirror:
        """The mirror once it is at record ``seq`` or later."""
        while self.mirror is None or self.mirror.seq < seq:
            self._moved.clear()
            await self._moved.wait()
        return self.mirror

    # --- running ----------------------------------------------------------------------------

    async def run(self, *, retry: bool = True) -> None:
        """Follow the exchange until ``stop``; connections that break are made anew if ``retry``.

        Errors: `HttpProblem` where the key is refused, which no retry would change.
        """
        failures = 0
        while not self._stopping.is_set():
            before = self.counters.records + self.counters.resyncs
            self._inner = asyncio.create_task(self._follow())
            try:
                await self._inner
                self.failure = "the stream ended"
            except asyncio.CancelledError:
                if not self._inner.cancelled() or self._cancelled():
                    self._inner.cancel()
                    raise
            except (PlimsollError, msgspec.ValidationError) as error:
                hopeless = isinstance(error, HttpProblem) and error.status in REFUSED
                if hopeless or not retry:
                    raise
                self.failure = str(error)
                _log.warning("stream lost", error=str(error))
            self.mirror = None
            if self._stopping.is_set():
                return
            went_well = self.counters.records + self.counters.resyncs > before
            failures = 0 if went_well else failures + 1
            self.counters.reconnects += 1
            await self._pause(min(WAIT_FIRST * 2.0 ** min(failures, 10), WAIT_MAX))

    def stop(self) -> None:
        """End ``run``."""
        self._stopping.set()
        if self._inner is not None:
            self._inner.cancel()

    def reconnect(self) -> None:
        """Give the stream up for a new one: subscribe and fetch again."""
        self.mirror = None
        if self._inner is not None:
            self._inner.cancel()

    async def check(self) -> list[str]:
        """Compare the mirror with a fresh snapshot and go on from that; the differences found.

        Errors: those of the client. A snapshot ahead of the mirror is compared once the records
        up to it have come; the differences are then only counted.
        """
        snapshot = await self._client.keeper_snapshot()
        self._take_time(snapshot.now)
        self.saw(snapshot.seq)
        fresh, mirror = Mirror(snapshot), self.mirror
        if mirror is None:
            return []
        if fresh.seq > mirror.seq:
            self._pending = fresh
            return []
        for record in self._records:
            if record.seq == fresh.seq + 1:
                fresh.apply(record)
        if fresh.seq != mirror.seq:
            return []
        return self._compare(mirror, fresh)

    # --- inside -----------------------------------------------------------------------------

    def _cancelled(self) -> bool:
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def _follow(self) -> None:
        stream: Any = self._client.stream([CHANNEL])
        async with aclosing(stream):
            async for message in stream:
                await self._receive(message)

    async def _receive(self, message: StreamMessage) -> None:
        if message.type == "gap":
            self.counters.gaps += 1
            self.mirror = None
        elif message.type == "snapshot":
            await self._rebuild(message.seq)
        else:
            for record in msgspec.convert(message.data["records"], list[KeeperRecord]):
                await self._take(record)

    async def _take(self, record: KeeperRecord) -> None:
        self.saw(record.seq)
        mirror = self.mirror
        if mirror is None or record.seq <= mirror.seq:
            return
        if record.seq != mirror.seq + 1:
            self.counters.gaps += 1
            await self._rebuild(record.seq)
            return
        mirror.apply(record)
        self.counters.records += 1
        self._records.append(record)
        pending = self._pending
        if pending is not None and pending.seq <= mirror.seq:
            self._pending = None
            if pending.seq == mirror.seq:
                self._compare(mirror, pending)
        self._moved.set()

    async def _rebuild(self, least: int) -> None:
        """Begin anew from a snapshot at record ``least`` or later."""
        self.mirror = self._pending = None
        self._records.clear()
        snapshot = await self._client.keeper_snapshot()
        while snapshot.seq < least and not self._stopping.is_set():
            await self._pause(WAIT_FIRST)
            snapshot = await self._client.keeper_snapshot()
        self._take_time(snapshot.now)
        self.saw(snapshot.seq)
        self.mirror = Mirror(snapshot)
        self.failure = ""
        self.counters.resyncs += 1
        self._moved.set()

    def _compare(self, mirror: Mirror, fresh: Mirror) -> list[str]:
        self.counters.checks += 1
        found = mirror.differences(fresh)
        if found:
            self.counters.ghosts += len(found)
            _log.warning("mirror differs", seq=mirror.seq, first=found[:5], count=len(found))
        fresh.inherit(mirror)
        self.mirror = fresh
        return found

    def _take_time(self, now: int) -> None:
        self.skew_ms = now - self._clock()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
