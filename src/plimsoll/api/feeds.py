"""Feeds: each channel that anybody listens to is read once, encoded once, and handed to all.

A feed follows the node through the same ``Stream`` every client uses and keeps a mirror of the
channel, from which those who join later, or fell behind, get their snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, Protocol

import msgspec
import structlog

from plimsoll.api.mirror import Mirror
from plimsoll.client.base import KEEPER_CHANNEL, PRIVATE_CHANNELS, Client
from plimsoll.client.errors import DOOR_CODES, HALTED, INTERNAL, HttpProblem
from plimsoll.client.models import ErrorInfo, StreamFault, StreamMessage, StreamType
from plimsoll.runtime.local import LocalClient
from plimsoll.runtime.node import Gap, NodeBase
from plimsoll.runtime.recent import History
from plimsoll.runtime.streams import Stream

MARKETS: Final = "markets"
"""The channel of all markets together; the others are those of ``client.base``."""
CONFLATED: Final = frozenset(("markets", "market", "account"))
"""Kinds of which only the newest state matters: sent at most once per interval."""

_encoder: Final = msgspec.json.Encoder()
_log = structlog.get_logger("plimsoll.api")


def is_private(kind: str) -> bool:
    """Whether what a channel of this kind shows depends on who asks."""
    return kind in PRIVATE_CHANNELS or kind == KEEPER_CHANNEL


class Listener(Protocol):
    """Who gets a feed's messages."""

    def push(self, feed: Feed, text: str) -> None:
        """Take a message to be sent; must not block."""

    def drop(self, feed: Feed, fault: StreamFault) -> None:
        """The feed has ended."""


class Feed:
    """One channel, followed for its listeners."""

    def __init__(
        self, name: str, principal: int, source: Callable[[], AsyncGenerator[StreamMessage, None]]
    ) -> None:
        self.name = name
        self.principal = principal
        self.kind = name.partition(":")[0]
        self.private = is_private(self.kind)
        self.listeners: dict[Listener, None] = {}
        self.task: asyncio.Task[None] | None = None
        self._source = source
        self._mirror = Mirror(self.kind)
        self._snapshot: str | None = None

    def snapshot(self) -> str | None:
        """The channel's present state as a message; None before the first."""
        mirror = self._mirror
        if self._snapshot is None and mirror.data is not None:
            self._snapshot = self._text(mirror.seq, None, mirror.ts, "snapshot", mirror.data)
        return self._snapshot

    @property
    def seq(self) -> int:
        """The record of the newest message."""
        return self._mirror.seq

    def gap(self, since: int) -> str:
        """Word that messages since a record were left out."""
        return self._text(since, None, self._mirror.ts, "gap", {})

    async def run(self, pause: float) -> None:
        """Follow the channel; at least ``pause`` seconds between messages of conflated kinds."""
        source = self._source()
        try:
            async for message in source:
                self.take(message)
                if self.kind in CONFLATED:
                    await asyncio.sleep(pause)
            self._end(ErrorInfo(code=HALTED, name=DOOR_CODES[HALTED], message="the node stopped"))
        except HttpProblem as error:
            self._end(error.info)
        except Exception:
            _log.exception("feed failed", channel=self.name)
            self._end(ErrorInfo(code=INTERNAL, name=DOOR_CODES[INTERNAL], message="feed failed"))
            raise
        finally:
            await source.aclose()

    def take(self, message: StreamMessage) -> None:
        """Hand a message to all listeners."""
        prev = self._mirror.seq if message.type == "delta" else None
        self._mirror.apply(message)
        self._snapshot = None
        text = self._text(message.seq, prev, message.ts, message.type, message.data)
        for listener in list(self.listeners):
            listener.push(self, text)

    def _text(
        self, seq: int, prev: int | None, ts: int, kind: StreamType, data: dict[str, Any]
    ) -> str:
        message = StreamMessage(channel=self.name, seq=seq, prev=prev, ts=ts, type=kind, data=data)
        return _encoder.encode(message).decode()

    def _end(self, info: ErrorInfo) -> None:
        fault = StreamFault(error=info, channel=self.name)
        for listener in list(self.listeners):
            listener.drop(self, fault)
        self.listeners.clear()


class Feeds:
    """The feeds that have listeners. Belongs to the node's event loop."""

    def __init__(
        self,
        node: NodeBase,
        history: Callable[[], History],
        client_of: Callable[[int], LocalClient],
        pause: float,
    ) -> None:
        self._node = node
        self._history = history
        self._client_of = client_of
        self._pause = pause
        self._feeds: dict[tuple[int, str], Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, name: str, principal: int, listener: Listener) -> Feed:
        """Listen to a channel; its snapshot comes first, at once or as soon as it is known."""
        key = (principal if is_private(name.partition(":")[0]) else -1, name)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = self._start(key)
        feed.listeners[listener] = None
        snapshot = feed.snapshot()
        if snapshot is not None:
            listener.push(feed, snapshot)
        return feed

    def leave(self, feed: Feed, listener: Listener) -> None:
        """Stop listening; the last one ends the feed."""
        feed.listeners.pop(listener, None)
        if not feed.listeners:
            self._feeds.pop((feed.principal, feed.name), None)
            if feed.task is not None:
                feed.task.cancel()

    async def close(self) -> None:
        """End all feeds."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._feeds.clear()

    def _start(self, key: tuple[int, str]) -> Feed:
        principal, name = key
        client = self._client_of(principal)

        def source() -> AsyncGenerator[StreamMessage, None]:
            if name == MARKETS:
                return follow_markets(client, self._node)
            return Stream(client, self._node, self._history(), [name]).messages()

        feed = Feed(name, principal, source)
        task = asyncio.get_running_loop().create_task(feed.run(self._pause), name=f"feed {name}")
        feed.task = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(key, feed, done))
        return feed

    def _ended(self, key: tuple[int, str], feed: Feed, done: asyncio.Task[None]) -> None:
        self._tasks.discard(done)
        if self._feeds.get(key) is feed:
            del self._feeds[key]
        if not done.cancelled():
            # Logged where it happened; asked for here so that asyncio does not report it again.
            done.exception()


async def follow_markets(client: Client, node: NodeBase) -> AsyncGenerator[StreamMessage, None]:
    """All markets, then those that changed, whenever something was published."""
    sent: dict[str, Any] = {}
    subscription = node.subscribe()
    try:
        while True:
            health = node.health()
            rows = {row.symbol: msgspec.to_builtins(row) for row in await client.markets()}
            changed = [row for symbol, row in rows.items() if sent.get(symbol) != row]
            if changed:
                yield StreamMessage(
                    channel=MARKETS,
                    seq=health.seq,
                    ts=health.ts,
                    type="delta" if sent else "snapshot",
                    data={"markets": changed},
                )
            sent = rows
            item = await anext(subscription, None)
            while subscription.buffered:
                item = await anext(subscription)
            if item is None:
                return
            if isinstance(item, Gap):
                subscription = node.subscribe()
    finally:
        subscription.close()
