"""A client over a bad network: late and lossy, by the caller's clock and dice. For simulations."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any, TypeVar

from plimsoll.client.errors import Timeout
from plimsoll.client.models import (
    AccountInfo,
    KeeperSnapshot,
    OfferRequest,
    Receipt,
    StreamMessage,
)
from plimsoll.keepers.access import KeeperClient

T = TypeVar("T")


class VirtualTime:
    """Time (ms) that passes when it is told to. Call it to read it."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = count()

    def __call__(self) -> int:
        return self._now

    async def sleep(self, ms: int) -> None:
        """Wait until so much of this time has passed."""
        if ms <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + ms, next(self._count), woken))
        await woken

    async def advance(self, ms: int, *, turns: int = 20) -> None:
        """Let ``ms`` pass, waking the sleepers at their times, in order; ``turns`` of the event
        loop are left to each for what it does then.
        """
        until = self._now + ms
        while self._sleepers and self._sleepers[0][0] <= until:
            self._now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
                await _turn(turns)
        self._now = until
        await _turn(turns)


async def _turn(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


class DegradedClient:
    """Every call takes ``latency_ms`` (least, most) each way; a part ``drop`` of the calls is lost:
    half of them on the way there, which does nothing, half on the way back. Both raise
    ``Timeout``, as nobody can tell them apart. Snapshots are late but never lost; streams are
    as they are.
    """

    def __init__(
        self,
        client: KeeperClient,
        *,
        rng: random.Random,
        sleep: Callable[[int], Awaitable[None]],
        latency_ms: tuple[int, int] = (0, 0),
        drop: float = 0.0,
    ) -> None:
        self._client = client
        self._rng = rng
        self._sleep = sleep
        self._latency = latency_ms
        self._drop = drop
        self.lost = 0

    async def keeper_snapshot(self) -> KeeperSnapshot:
        return await self._late(self._client.keeper_snapshot)

    async def keeper_command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        return await self._lossy(lambda: self._client.keeper_command(values, client_id), client_id)

    async def offer(self, auction: int, req: OfferRequest, client_id: str = "") -> Receipt:
        return await self._lossy(lambda: self._client.offer(auction, req, client_id), client_id)

    async def account(self, account: int) -> AccountInfo:
        return await self._lossy(lambda: self._client.account(account), "")

    def stream(self, channels: list[str]) -> AsyncIterator[StreamMessage]:
        return self._client.stream(channels)

    async def _late(self, call: Callable[[], Awaitable[T]]) -> T:
        await self._sleep(self._rng.randint(*self._latency))
        found = await call()
        await self._sleep(self._rng.randint(*self._latency))
        return found

    async def _lossy(self, call: Callable[[], Awaitable[T]], client_id: str) -> T:
        luck = self._rng.random()
        await self._sleep(self._rng.randint(*self._latency))
        if luck < self._drop / 2:
            raise self._loss(client_id)
        found = await call()
        await self._sleep(self._rng.randint(*self._latency))
        if luck < self._drop:
            raise self._loss(client_id)
        return found

    def _loss(self, client_id: str) -> Timeout:
        self.lost += 1
        return Timeout("the message was lost", client_id=client_id)
