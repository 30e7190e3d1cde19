"""Streams of HttpClient over connections that break, and servers that say nothing sensible."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import web

from plimsoll.client import errors
from plimsoll.client.models import StreamMessage
from plimsoll.client.socket import Socket
from plimsoll.errors import PlimsollError
from tests.client.flaky import Act, Flaky, fault, lose


def message(
    seq: int, channel: str = "book:B", kind: str = "delta", prev: int | None = None
) -> StreamMessage:
    """A message of a stream."""
    values = {"channel": channel, "seq": seq, "ts": seq, "type": kind, "data": {}, "prev": prev}
    return StreamMessage(**values)  # type: ignore[arg-type]


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
@pytest.mark.parametrize(
    "wrong",
    [message(7, prev=5), message(7, prev=2), message(7, "trades:B", prev=3), message(7, prev=None)],
)
async def test_a_missing_message_is_noticed(flaky: Flaky, wrong: StreamMessage) -> None:
    """A delta that does not follow is not handed on: gaps, a new connection, fresh snapshots."""
    first = sent(
        message(1, kind="snapshot"), message(2, "trades:B", "snapshot"), message(3, prev=1)
    )
    again = sent(message(9, kind="snapshot"), message(11, prev=9))
    flaky.script = [
        talk(*first, *sent(wrong, message(12, prev=7)), then_wait=True),
        talk(*again, then_wait=True),
    ]
    found = []
    async with flaky.client() as client, asyncio.timeout(5):
        async for one in client.stream(CHANNELS):
            found.append((one.channel, one.type, one.seq))
            if one.seq > 10:
                break
    known = [("book:B", "snapshot", 1), ("trades:B", "snapshot", 2), ("book:B", "delta", 3)]
    if wrong.prev is None:  # a server that names no ``prev`` is believed
        assert found == [*known, ("book:B", "delta", 7), ("book:B", "delta", 12)]
        return
    assert found == [
        *known, ("book:B", "gap", 3), ("trades:B", "gap", 2),
        ("book:B", "snapshot", 9), ("book:B", "delta", 11),
    ]  # fmt: skip
    assert len(flaky.seen) == 2


@pytest.mark.usefixtures("eager")
async def test_a_lost_snapshot_is_noticed(flaky: Flaky) -> None:
    """A delta in place of the first snapshot is not handed on either."""
    flaky.script = [
        talk(*sent(message(4, prev=3)), then_wait=True),
        talk(*sent(message(5, kind="snapshot")), then_wait=True),
    ]
    async with flaky.client() as client, asyncio.timeout(5):
        one = await anext(aiter(client.stream(CHANNELS)))
    assert (one.type, one.seq, one.prev) == ("snapshot", 5, None)


async def test_a_stream_that_keeps_missing_slows_down(
    flaky: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each new connection that misses a message waits longer than the one before."""
    waits: list[int] = []

    async def pause(_self: Socket, failures: int) -> None:
        waits.append(failures)

    monkeypatch.setattr(Socket, "_pause", pause)
    lossy = talk(*sent(message(1, kind="snapshot"), message(3, prev=2)), then_wait=True)
    sound = talk(*sent(message(1, kind="snapshot"), message(3, prev=1), message(5, prev=4)))
    last = talk(*sent(message(9, kind="snapshot")), then_wait=True)
    flaky.script = [lossy, lossy, lossy, sound, last]
    async with flaky.client() as client, asyncio.timeout(5):
        async for one in client.stream(CHANNELS):
            if one.seq == 9:
                break
    assert waits == [1, 2, 3, 1]


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
