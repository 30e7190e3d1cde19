"""The WebSocket ``/v1/stream``: operations in, messages of the subscribed channels out.

In: ``{"op": "subscribe", "channels": [...]}``, ``unsubscribe``, ``auth`` (the four values of a
signed ``GET /v1/stream``, for those who cannot set headers), ``ping``. Out: ``StreamMessage``,
``StreamFault``, and a ``Notice`` in answer to ``auth``, ``unsubscribe`` and ``ping``.

A reader that is too slow loses what is queued for it, gets a ``gap`` and fresh snapshots, and is
cut off with 1013 when that does not help. Nobody waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any, Final

import msgspec
from starlette.types import Receive, Scope, Send

from plimsoll.api import answers, guard
from plimsoll.api.auth import Door, Signed
from plimsoll.api.dispatch import NOBODY, command_id_of, host_of, signed_values, target_of
from plimsoll.api.feeds import MARKETS, Feed, Feeds
from plimsoll.api.guard import Headers, refused
from plimsoll.api.limits import ApiSettings, Buckets, network_of
from plimsoll.api.metrics import ApiMetrics
from plimsoll.client.base import KEEPER_CHANNEL, PRIVATE_CHANNELS
from plimsoll.client.errors import (
    FORBIDDEN,
    TOO_MANY_REQUESTS,
    UNAUTHENTICATED,
    HttpProblem,
    bad_field,
)
from plimsoll.client.models import Request, StreamFault
from plimsoll.client.signing import COMMAND_ID_HEADER
from plimsoll.runtime.keys import KEEPER, READ, StoredKey
from plimsoll.runtime.streams import parse_channel

PATH: Final = "/v1/stream"
GOING_AWAY: Final = 1001
POLICY: Final = 1008
TOO_BIG: Final = 1009
TRY_LATER: Final = 1013
CHANNEL_LENGTH_MAX: Final = 80
_CLOSE_SECONDS: Final = 1.0


class Subscribe(Request, tag_field="op", tag="subscribe"):
    """Add channels."""

    channels: list[str]


class Unsubscribe(Request, tag_field="op", tag="unsubscribe"):
    """Drop channels."""

    channels: list[str]


class Auth(Request, tag_field="op", tag="auth"):
    """Say who one is: the values of the four headers of a signed ``GET /v1/stream``."""

    key: str
    timestamp: str
    nonce: str
    signature: str


class Ping(Request, tag_field="op", tag="ping"):
    """Ask for a sign of life."""

    id: int = 0


class Notice(msgspec.Struct, kw_only=True, frozen=True):
    """The answer to an operation that has no message of its own."""

    op: str
    ts: int
    id: int = 0
    channels: list[str] = []


_decoder: Final = msgspec.json.Decoder(Subscribe | Unsubscribe | Auth | Ping)
_encoder: Final = msgspec.json.Encoder()


class Streaming:
    """The endpoint: accepts connections within the limits and serves each until it ends."""

    def __init__(
        self, door: Door, feeds: Feeds, settings: ApiSettings, metrics: ApiMetrics
    ) -> None:
        self.door = door
        self.feeds = feeds
        self.settings = settings
        self.metrics = metrics
        self._open: dict[Connection, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = host_of(scope)
        try:
            key = self._let_in(scope, host)
        except HttpProblem as error:
            await _refuse(scope, receive, send, error)
            return
        await receive()
        await send({"type": "websocket.accept"})
        connection = Connection(self, host, key, receive, send)
        self._open[connection] = network_of(host)
        self.metrics.connections.set(len(self._open))
        try:
            await connection.serve()
        finally:
            del self._open[connection]
            self.metrics.connections.set(len(self._open))

    def close(self) -> None:
        """Ask every connection to end."""
        for connection in list(self._open):
            connection.end(GOING_AWAY)

    def _let_in(self, scope: Scope, host: str) -> StoredKey | None:
        settings = self.settings
        headers = Headers(scope["headers"], settings.header_bytes_max)
        if target_of(scope)[1]:
            raise guard.bad_request("the stream has no parameters")
        if command_id_of(headers):
            raise bad_field(COMMAND_ID_HEADER, "belongs to commands, not to the stream")
        network = network_of(host)
        same = sum(1 for one in self._open.values() if one == network)
        full = len(self._open) >= settings.ws_connections_max
        if full or same >= settings.ws_connections_per_address_max:
            raise refused(429, TOO_MANY_REQUESTS, "too many connections", retry_after=5.0)
        values = signed_values(headers)
        if values is None:
            self.door.anonymous(host, 1)
            return None
        return self.verify(*values, host=host)

    def verify(
        self, key: str, timestamp: str, nonce: str, signature: str, *, host: str
    ) -> StoredKey:
        """The key of a signed ``GET /v1/stream``. Raises 401, 429."""
        signed = Signed(key, timestamp, nonce, signature, "GET", PATH, "", b"", "")
        return self.door.verify(signed, host, 1, None)


async def _refuse(scope: Scope, receive: Receive, send: Send, error: HttpProblem) -> None:
    """Answer a handshake with the problem, if the server can, else just close."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY, "reason": error.info.name})
        return
    answer = answers.of_problem(error)
    await send(
        {
            "type": "websocket.http.response.start",
            "status": answer.status,
            "headers": list(answer.headers),
        }
    )
    await send({"type": "websocket.http.response.body", "body": answer.body})


class Connection:
    """One reader: its subscriptions and the bounded queue of what is to be sent to it."""

    def __init__(
        self,
        home: Streaming,
        host: str,
        key: StoredKey | None,
        receive: Receive,
        send: Send,
    ) -> None:
        self._home = home
        self._settings = home.settings
        self._host = host
        self._key = key
        self._receive = receive
        self._send = send
        self._feeds: dict[str, Feed] = {}
        self._queue: deque[tuple[str, int, str]] = deque()
        self._sent: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._behind = False
        self._resyncs = 0
        self._code: int | None = None
        self._ops = Buckets(home.settings.ws_ops_rate, home.settings.ws_ops_burst, 1)

    # --- what feeds call ----------------------------------------------------------------------

    def push(self, feed: Feed, text: str) -> None:
        if self._behind:
            return
        if feed.private and not (self._key and self._home.door.is_active(self._key.key_id)):
            self.end(POLICY)
            return
        if len(self._queue) >= self._settings.ws_queue_max:
            self._fall_behind()
        else:
            self._queue.append((feed.name, feed.seq, text))
        self._wake.set()

    def drop(self, feed: Feed, fault: StreamFault) -> None:
        self._feeds.pop(feed.name, None)
        self._put(fault)

    def end(self, code: int) -> None:
        """Close as soon as the message under way is out."""
        if self._code is None:
            self._code = code
        self._wake.set()

    # --- serving ------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Until either side ends it."""
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for feed in list(self._feeds.values()):
                self._home.feeds.leave(feed, self)
            for task in (reader, writer):
                task.cancel()
            outcomes = await asyncio.gather(reader, writer, return_exceptions=True)
        for outcome in outcomes:
            # A broken connection is the normal end of one.
            if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                raise outcome

    async def _write(self) -> None:
        while self._code is None:
            if self._behind:
                self._resynchronise()
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            channel, seq, text = self._queue.popleft()
            try:
                async with asyncio.timeout(self._settings.ws_send_seconds):
                    await self._send({"type": "websocket.send", "text": text})
            except TimeoutError:
                self.end(TRY_LATER)
            self._sent[channel] = seq
            self._home.metrics.stream_messages.inc()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": self._code})
        except TimeoutError:
            # It does not read even that: the server drops the connection when we return.
            return

    def _fall_behind(self) -> None:
        self._queue.clear()
        self._behind = True
        self._resyncs += 1
        self._home.metrics.stream_gaps.inc()
        if self._resyncs > self._settings.ws_resyncs_max:
            self.end(TRY_LATER)

    def _resynchronise(self) -> None:
        self._behind = False
        for feed in self._feeds.values():
            self._queue.append((feed.name, 0, feed.gap(self._sent.get(feed.name, 0))))
            snapshot = feed.snapshot()
            if snapshot is not None:
                self._queue.append((feed.name, feed.seq, snapshot))

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            data = message.get("bytes") or b"" if text is None else text.encode()
            if len(data) > self._settings.ws_frame_bytes_max:
                self.end(TOO_BIG)
            elif self._ops.take("", 1, time.monotonic()):
                self.end(POLICY)
            if self._code is not None:
                await self._ended()
                return
            try:
                self._obey(guard.decode_body(data, _decoder, self._settings.json_depth_max))
            except HttpProblem as error:
                self._put(StreamFault(error=error.info))

    async def _ended(self) -> None:
        """Leave the closing to the writer, which may be in the middle of a message."""
        await asyncio.Event().wait()

    def _put(self, message: msgspec.Struct) -> None:
        if len(self._queue) >= self._settings.ws_queue_max:
            self._fall_behind()
        else:
            self._queue.append(("", 0, _encoder.encode(message).decode()))
        self._wake.set()

    # --- operations ---------------------------------------------------------------------------

    def _obey(self, op: Any) -> None:
        now = self._home.door.time_ms()
        if isinstance(op, Ping):
            self._put(Notice(op="ping", ts=now, id=op.id))
        elif isinstance(op, Auth):
            self._authenticate(op)
            self._put(Notice(op="auth", ts=now))
        elif isinstance(op, Unsubscribe):
            for name in op.channels[: self._settings.ws_channels_max]:
                feed = self._feeds.pop(name, None)
                if feed is not None:
                    self._home.feeds.leave(feed, self)
            self._put(Notice(op="unsubscribe", ts=now, channels=sorted(self._feeds)))
        elif isinstance(op, Subscribe):
            if len(op.channels) > self._settings.ws_channels_max:
                most = self._settings.ws_channels_max
                raise bad_field("channels", f"must have at most {most} entries")
            for name in op.channels:
                self._subscribe(name)

    def _authenticate(self, op: Auth) -> None:
        if self._key is not None:
            raise refused(403, FORBIDDEN, "this connection has a key already")
        lines = [
            (f"plimsoll-{name}".encode(), value.encode())
            for name, value in (
                ("key", op.key),
                ("timestamp", op.timestamp),
                ("nonce", op.nonce),
                ("signature", op.signature),
            )
        ]
        values = signed_values(Headers(lines, self._settings.header_bytes_max))
        if values is not None:
            self._key = self._home.verify(*values, host=self._host)

    def _subscribe(self, name: str) -> None:
        if name in self._feeds:
            return
        try:
            if len(name) > CHANNEL_LENGTH_MAX or len(self._feeds) >= (
                self._settings.ws_channels_max
            ):
                raise bad_field("channels", "has too many or too long names")
            kind = MARKETS if name == MARKETS else parse_channel(name).kind
            if kind == KEEPER_CHANNEL:
                self._require(KEEPER)
            elif kind in PRIVATE_CHANNELS:
                self._require(READ)
        except HttpProblem as error:
            shown = name if len(name) <= CHANNEL_LENGTH_MAX else None
            self._put(StreamFault(error=error.info, channel=shown))
            return
        principal = NOBODY if self._key is None else self._key.principal
        self._feeds[name] = self._home.feeds.join(name, principal, self)

    def _require(self, scope: str) -> None:
        if self._key is None:
            raise refused(401, UNAUTHENTICATED, "this channel needs a signed connection")
        if scope not in self._key.scopes:
            raise refused(403, FORBIDDEN, f"this channel needs a key with the scope {scope}")
