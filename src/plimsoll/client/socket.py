"""A WebSocket that comes back: connects again, subscribes again, and says what may be missing.

A message that does not follow the one before it (``prev``) means that one is missing: it is not
handed on, and the connection is given up for a new one, which begins with snapshots.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final

import aiohttp
import msgspec

from plimsoll.client.errors import BadAnswer, Unreachable, problem
from plimsoll.client.models import ErrorInfo, StreamFault, StreamMessage, StreamRequest

WAIT_FIRST: Final = 0.1
WAIT_MAX: Final = 10.0
FAILURES_MAX: Final = 8
"""Connections in a row that may fail or stay silent before a stream gives up."""

Connect = Callable[[], Awaitable[aiohttp.ClientWebSocketResponse]]

_REFUSED: Final = (400, 401, 403, 404, 409)


class Socket:
    """One stream of messages over connections that may break."""

    def __init__(self, connect: Connect, channels: Sequence[str]) -> None:
        self._connect = connect
        self._channels = list(channels)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._closing = asyncio.Event()
        self._seen: dict[str, tuple[int, int]] = {}

    async def close(self) -> None:
        """End the stream, also for one who waits for the next message."""
        self._closing.set()
        if self._socket is not None:
            await self._socket.close()

    async def messages(self) -> AsyncGenerator[StreamMessage, None]:
        """Messages over one connection after the other; a ``gap`` for each channel in between.

        Errors: `HttpProblem` for a channel or key that is refused, `BadAnswer`, `Unreachable`
        after ``FAILURES_MAX`` connections in a row without a message.
        """
        failures = missed = 0
        while not self._closing.is_set():
            cause: Exception | None = None
            try:
                async with aclosing(self._connection()) as connection:
                    async for message in connection:
                        failures = 0
                        if not self._follows(message):
                            missed += 1
                            break
                        # Only deltas in order show that the new connection is a better one.
                        missed = missed if message.prev is None else 0
                        self._seen[message.channel] = (message.seq, message.ts)
                        yield message
            except aiohttp.WSServerHandshakeError as error:
                if error.status in _REFUSED:
                    info = ErrorInfo(code=0, name=f"HTTP_{error.status}", message=error.message)
                    raise problem(error.status, info) from error
                cause = error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                cause = error
            failures += 1
            if failures > FAILURES_MAX:
                raise Unreachable(f"the stream is lost: {cause or 'closed'}") from cause
            for channel, (seq, ts) in self._seen.items():
                if self._closing.is_set():
                    return
                yield StreamMessage(channel=channel, seq=seq, ts=ts, type="gap", data={})
            self._seen.clear()
            await self._pause(max(failures, missed))

    def _follows(self, message: StreamMessage) -> bool:
        """Whether no message of the channel is missing before this one."""
        if message.type != "delta" or message.prev is None:
            return True
        seen = self._seen.get(message.channel)
        return seen is not None and seen[0] == message.prev

    async def _connection(self) -> AsyncGenerator[StreamMessage, None]:
        self._socket = socket = await self._connect()
        try:
            request = StreamRequest(op="subscribe", channels=self._channels)
            await socket.send_str(msgspec.json.encode(request).decode())
            while not self._closing.is_set():
                received = await socket.receive()
                if received.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    yield _decode(received.data)
                else:
                    return
        finally:
            await socket.close()

    async def _pause(self, failures: int) -> None:
        """Wait longer after each failure, but not once the stream is being closed."""
        seconds = min(WAIT_FIRST * 2.0 ** (failures - 1), WAIT_MAX)
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _decode(data: str | bytes) -> StreamMessage:
    try:
        found = msgspec.json.decode(data)
        if isinstance(found, dict) and "error" in found:
            fault = msgspec.convert(found, type=StreamFault)
        else:
            return msgspec.convert(found, type=StreamMessage)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadAnswer(f"a message of the stream says nothing: {error}") from error
    raise problem(_status_of(fault.error), fault.error)


def _status_of(info: ErrorInfo) -> int:
    """The HTTP status that goes with an error: door codes end in it."""
    if 9400 <= info.code <= 9599:
        return info.code - 9000
    return 404 if info.name.startswith("UNKNOWN_") else 400
