"""Streams of HttpClient over connections that break, and servers that say nothing sensible."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import web

from plimsoll.client import errors
from plimsoll.client.models import StreamMessage
from plimsoll.errors import PlimsollError
from tests.client.flaky import Act, Flaky, fault, lose


def message(seq: int, channel: str = "book:B", kind: str = "delta") -> StreamMessage:
    """A message of a stream."""
    return StreamMessage(channel=channel, seq=seq, ts=seq, type=kind, data={})  # type: ignore[arg-type]


def talk(*bodies: bytes, then_wait: bool = False) -> Act:
    """Accept a WebSocket, expect a subscription, send messages, hang up or stay."""

    async def act(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        asked = await socket.receive_json()
        if asked != {"op": "subscribe", "channels": ["book:B", "trades:B"]}:
            raise web.HTTPBadRequest
        for body in bodies:
            await socket.send_str(body.decode())
        if then_wait:
            await socket.receive()
        await socket.close()
        return socket

    return act


def sent(*messages: StreamMessage) -> list[bytes]:
    """Messages as a server sends them."""
    return [msgspec.json.encode(one) for one in messages]


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams come back at once."""
    monkeypatch.setattr("plimsoll.client.socket.WAIT_FIRST", 0.0)


CHANNELS = ["book:B", "trades:B"]


@pytest.mark.usefixtures("eager")
async def test_stream_comes_back(flaky: Flaky) -> None:
    """After a lost connection each channel gets a gap, then what the new connection says."""
    first = sent(message(1, kind="snapshot"), message(2, "trades:B", "snapshot"), message(3))
    flaky.script = [
        talk(*first),
        lose,
        talk(),
        talk(*sent(message(9, kind="snapshot")), then_wait=True),
    ]
    found = []
    async with flaky.client() as client, asyncio.timeout(5):
        async for one in client.stream(CHANNELS):
            found.append((one.channel, one.type, one.seq))
            if one.seq == 9:
                break
    assert found == [
        ("book:B", "snapshot", 1),
        ("trades:B", "snapshot", 2),
        ("book:B", "delta", 3),
        ("book:B", "gap", 3),
        ("trades:B", "gap", 2),
        ("book:B", "snapshot", 9),
    ]
    assert flaky.bad == [] and {seen[1] for seen in flaky.seen} == {"/v1/stream"}


@pytest.mark.usefixtures("eager")
async def test_stream_gives_up(flaky: Flaky) -> None:
    """A server that never says anything is not asked for ever."""
    flaky.script = [lose]
    async with flaky.client() as client, asyncio.timeout(5):
        with pytest.raises(errors.Unreachable):
            await anext(aiter(client.stream(CHANNELS)))
    assert 9 <= len(flaky.seen) <= 18  # the HTTP library may try each connection twice


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (talk(b"garbage"), errors.BadAnswer),
        (talk(b'{"channel":1}'), errors.BadAnswer),
        (talk(b"[]"), errors.BadAnswer),
        (fault(401), errors.Unauthorised),
        (talk(b'{"error":{"code":2001,"name":"UNKNOWN_ACCOUNT","message":"m"}}'), errors.NotFound),
        (talk(b'{"error":{"code":9403,"name":"FORBIDDEN","message":"m"}}'), errors.Forbidden),
        (talk(b'{"error":{"code":1004,"name":"BAD_FIELD","message":"m"}}'), errors.BadField),
    ],
)
async def test_stream_refused(flaky: Flaky, act: Act, error: type[PlimsollError]) -> None:
    """A stream that cannot be served ends with the reason."""
    flaky.script = [act]
    async with flaky.client() as client, asyncio.timeout(5):
        with pytest.raises(error):
            await anext(aiter(client.stream(CHANNELS)))
    assert len(flaky.seen) == 1


async def test_stream_ends_with_the_client(flaky: Flaky) -> None:
    """Whoever waits for a message is let go when the client closes."""
    flaky.script = [talk(*sent(message(1)), then_wait=True)]
    client = flaky.client()
    stream = aiter(client.stream(CHANNELS))
    async with asyncio.timeout(5):
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream, None))
        await asyncio.sleep(0)
        await client.close()
        assert await waiting is None
