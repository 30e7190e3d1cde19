"""Over real sockets: the SDK against the server, raw bytes against its parser. Attacks 45 to 48."""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from plimsoll.api.limits import ApiSettings
from plimsoll.api.server import make_server
from plimsoll.client.errors import NotFound, Unauthorised
from plimsoll.client.http import HttpClient
from plimsoll.client.models import DepositRequest, PlaceOrderRequest
from plimsoll.client.signing import ApiKey
from plimsoll.runtime.node_types import system_clock
from tests.api.world import OPEN_LIMITS, World, open_world

POST = b"POST /v1/orders HTTP/1.1\r\nHost: a\r\n"


@asynccontextmanager
async def serving(**changes: Any) -> AsyncIterator[tuple[World, int]]:
    """A world behind uvicorn on a free port of the loopback interface."""
    settings = ApiSettings(**{**OPEN_LIMITS, **changes})
    async with open_world(settings) as world:
        listener = socket.create_server(("127.0.0.1", 0))
        server = make_server(world.app, settings=settings)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield world, listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task
            listener.close()


def client_of(world: World, port: int, **changes: Any) -> HttpClient:
    """The SDK with Ann's key."""
    key = world.ann.api_key()
    shown = ApiKey(key_id=key.key_id, secret=changes.get("secret", key.secret))
    return HttpClient(f"http://127.0.0.1:{port}", shown, clock=world.clock, attempts=1)


async def raw(port: int, *pieces: bytes) -> bytes:
    """What the server answers to these bytes until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_the_sdk_works_against_the_server() -> None:
    """Reads, commands, a stream, refusals: the same through HTTP as in process."""
    async with serving() as (world, port), client_of(world, port) as client:
        assert (await client.exchange()).markets == ["BTC-USD", "ETH-USD"]
        account = world.ann_account
        stream = client.stream(["book:BTC-USD", f"orders:{account}"])
        kinds = [(await anext(stream)).type for _ in range(2)]
        assert kinds == ["snapshot", "snapshot"]
        order = PlaceOrderRequest(
            account=account, market="BTC-USD", side="buy", price="59000", size="0.01"
        )
        receipt = await client.place_order(order, "c-1")
        assert (await client.place_order(order, "c-1")).duplicate
        changes = [await anext(stream) for _ in range(2)]
        assert {change.seq for change in changes} == {receipt.seq}
        deposit = DepositRequest(amount="5", external_id="d-1")
        assert (await client.deposit(account, deposit)).accepted
        assert not (await client.deposit(account, deposit)).accepted
        assert [one.order for one in await client.orders(account)] == [receipt.order]
        assert (await client.cancel_order(account, receipt.order or 0)).status == "cancelled"
        with pytest.raises(NotFound):
            await client.account(world.bob_account)
        with pytest.raises(NotFound):
            await client.market("NO PE/%")
        async with client_of(world, port, secret="wrong") as stranger:
            with pytest.raises(Unauthorised):
                await stranger.accounts()
            with pytest.raises(Unauthorised):
                await anext(stranger.stream(["markets"]))


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="needs bash, curl and openssl"
)
async def test_the_reference_page_can_be_followed() -> None:
    """The example of the page, run as it stands there, places an order under its command id."""
    async with serving() as (world, port):
        world.clock.now = system_clock()
        await world.set_prices()
        page = (await world.call("GET", "/docs")).body.decode()
        found = re.search(r"<pre><code>(# an order with curl.*?)</code></pre>", page, re.DOTALL)
        assert found is not None
        script = html.unescape(found.group(1))
        for shown, real in (
            ("http://127.0.0.1:8080", f"http://127.0.0.1:{port}"),
            ('"account":7', f'"account":{world.ann_account}'),
            ("curl -X", "curl --silent --include -X"),
        ):
            assert script.count(shown) == 1
            script = script.replace(shown, real)
        variables = {"KEY": world.ann.key_id, "SECRET": world.ann.secret, "PATH": os.defpath}
        child = await asyncio.create_subprocess_exec(
            "bash", "-c", script, env=variables, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        assert out.startswith(b"HTTP/1.1 200 ") and b"plimsoll-command-id: " in out, out
        assert b'"accepted":true' in out, out


async def test_websockets_are_not_compressed_and_bounded() -> None:
    """Compression is not agreed to; a frame over the limit ends the connection with 1009."""
    async with (
        serving() as (_, port),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/v1/stream", compress=15) as wire,
    ):
        assert wire.compress == 0
        await wire.send_str(msgspec.json.encode({"op": "ping"}).decode())
        assert "ping" in await wire.receive_str()
        await wire.send_str("x" * 70_000)
        assert (await wire.receive()).data == 1009


async def test_slow_headers_are_cut_off() -> None:
    """A head that does not come to its end in time is not waited for; nor is silence."""
    async with serving(header_seconds=0.05) as (_, port):
        assert await raw(port, b"GET /health HTTP/1.1\r\nHost: a\r\nX: ") == b""
        assert await raw(port) == b""


async def test_slow_bodies_are_cut_off() -> None:
    """A body that stops coming is answered with 408."""
    async with serving(body_seconds=0.05) as (_, port):
        head = POST + b"Connection: close\r\nContent-Length: 9\r\n\r\n"
        assert (await raw(port, head, b"{")).startswith(b"HTTP/1.1 408 ")


async def test_endless_headers_are_cut_off() -> None:
    """A head without end is refused for its size, long before it fills the memory."""
    start, end = b"GET /health HTTP/1.1\r\n", b"y" * 4_000
    lines = [start, *(b"X-%d: " % number + end + b"\r\n" for number in range(200))]
    async with serving(header_seconds=1_000.0) as (_, port):
        for pieces in (lines, [start + b"X: ", *[end] * 200]):
            answer = await raw(port, *pieces)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02",
        b"GET /health HTTP/1.1\r\nHost a\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
    ],
)  # fmt: skip
async def test_broken_http_is_refused(data: bytes) -> None:
    """Bytes that are no HTTP, or HTTP with two readings: 4xx and the connection is closed."""
    async with serving(header_seconds=0.2) as (world, port):
        seq = world.node.last_seq
        answer = await raw(port, data)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert answer.count(b"HTTP/1.1") <= 1
        assert world.node.last_seq == seq


async def test_bytes_may_come_one_by_one_and_together() -> None:
    """A request split anywhere, and several in one packet, are answered the same, in order."""
    request = b"GET /v1/exchange HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /nope HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with serving() as (_, port):
        together = await raw(port, request + request + last)
        split = await raw(port, *(bytes([byte]) for byte in request + request + last))
        assert together == split
        assert [together.count(mark) for mark in (b" 200 ", b" 404 ")] == [2, 1]


async def test_forwarded_addresses_are_not_believed() -> None:
    """Who claims to be forwarded shares the limit of the address it comes from."""
    async with serving(address_rate=0.001, address_burst=2.0) as (_, port):
        statuses = []
        async with aiohttp.ClientSession() as session:
            for number in range(4):
                headers = {"X-Forwarded-For": f"198.51.100.{number}"}
                url = f"http://127.0.0.1:{port}/v1/exchange"
                async with session.get(url, headers=headers) as response:
                    statuses.append(response.status)
        assert statuses == [200, 200, 429, 429]
