"""A WebSocket that comes back: connects again, subscribes again, and says what may be missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
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
        failures = 0
        while not self._closing.is_set():
            try:
                async for message in self._connection():
                    failures = 0
                    self._seen[message.channel] = (message.seq, message.ts)
                    yield message
                cause: Exception | None = None
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
            await self._pause(failures)

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
