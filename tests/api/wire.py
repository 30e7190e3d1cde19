"""A WebSocket connection straight into the application, with a reader that can be slow."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from plimsoll.api.mirror import Mirror
from plimsoll.client.models import StreamMessage
from tests.api.world import World

PATH = "/v1/stream"
PATIENCE = 10.0


class Wire:
    """What a client sees. ``open_gate`` cleared: it does not read, and the server's sends wait."""

    def __init__(
        self, world: World, headers: dict[str, str] | None = None, query: str = ""
    ) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        lines = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "websocket", "path": PATH, "raw_path": PATH.encode(), "root_path": "",
            "query_string": query.encode(), "headers": lines, "client": ("192.0.2.1", 5),
            "subprotocols": [], "extensions": {"websocket.http.response": {}}, "scheme": "ws",
        }  # fmt: skip
        self.task = asyncio.create_task(world.app(scope, self._incoming.get, self._send))

    async def _send(self, message: Any) -> None:
        if not self.gate.is_set():
            self.waiting.set()
        await self.gate.wait()
        self.sent.put_nowait(message)

    async def next(self) -> dict[str, Any]:
        """The next raw message of the server."""
        async with asyncio.timeout(PATIENCE):
            return await self.sent.get()

    async def read(self) -> dict[str, Any]:
        """The next text message, as plain values."""
        message = await self.next()
        if message["type"] != "websocket.send":
            raise ConnectionError(str(message))
        found: dict[str, Any] = msgspec.json.decode(message["text"])
        return found

    async def accept(self) -> Wire:
        """Wait until the handshake is done."""
        message = await self.next()
        if message["type"] != "websocket.accept":
            raise ConnectionError(str(message))
        return self

    def write(self, value: Any) -> None:
        """Send a text message."""
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        self._incoming.put_nowait({"type": "websocket.receive", "text": text})

    async def subscribe(self, *channels: str) -> None:
        """Ask for channels."""
        self.write({"op": "subscribe", "channels": list(channels)})

    async def close(self) -> None:
        """Go away."""
        self.gate.set()
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(PATIENCE):
            await self.task


class Follower:
    """A client's copy of its channels, which notices every missing or repeated message."""

    def __init__(self) -> None:
        self.mirrors: dict[str, Mirror] = {}
        self.gaps = 0
        self.deltas = 0

    def take(self, message: dict[str, Any]) -> None:
        """Apply a message; ``AssertionError`` if it does not follow the one before."""
        name = message["channel"]
        mirror = self.mirrors.setdefault(name, Mirror(name.partition(":")[0]))
        if message["type"] == "gap":
            self.gaps += 1
        elif message["type"] == "delta":
            self.deltas += 1
            assert mirror.data is not None, "a delta before a snapshot"
            assert message["prev"] == mirror.seq < message["seq"], message
        else:
            assert message["prev"] is None
        prev = message.pop("prev")
        mirror.apply(msgspec.convert(message, StreamMessage))
        message["prev"] = prev

    async def until(self, wire: Wire, seq: int, name: str) -> None:
        """Read until this channel has caught up with a record."""
        while True:
            mirror = self.mirrors.get(name)
            if mirror is not None and mirror.data is not None and mirror.seq >= seq:
                return
            self.take(await wire.read())
