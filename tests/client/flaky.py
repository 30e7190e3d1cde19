"""An HTTP server that answers as told: properly, too late, not at all, or with garbage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from plimsoll.client import signing
from plimsoll.client.http import HttpClient
from plimsoll.client.models import ErrorInfo, Receipt
from plimsoll.client.signing import ApiKey

KEY = ApiKey(key_id="k1", secret="s3cret")
NOW = 1_700_000_000_000
RECEIPT = Receipt(seq=5, ts=NOW, accepted=True, order=1, status="resting")

Act = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: Any, status: int = 200, **headers: str) -> Act:
    """Answer with JSON, or with raw bytes."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)

    async def act(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(body=data, status=status, headers=headers)

    return act


def fault(status: int, **headers: str) -> Act:
    """Answer with an error."""
    info = ErrorInfo(code=9000 + status, name=f"CODE_{status}", message="m", field="f")
    return answer(info, status, **headers)


async def lose(request: web.Request) -> web.StreamResponse:
    """Drop the connection once the request was read, as if the reply had got lost."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def hang(request: web.Request) -> web.StreamResponse:
    """Never answer."""
    del request
    await asyncio.Event().wait()
    return web.Response()


class Flaky:
    """Acts out its script, one request after the other; the last act repeats.

    ``seen`` are (method, raw path with query, command id, body), ``bad`` what was wrong with
    signatures.
    """

    def __init__(self) -> None:
        self.script: list[Act] = []
        self.seen: list[tuple[str, str, str, bytes]] = []
        self.nonces: list[str] = []
        self.bad: list[str] = []
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._act)
        self.server = TestServer(app)

    def client(self, prefix: str = "", **more: Any) -> HttpClient:
        """A client of this server."""
        url = str(self.server.make_url(prefix or "/"))
        options = {"timeout": 5.0, "clock": lambda: NOW, **more}
        return HttpClient(url, KEY, **options)

    async def _act(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self._verify(request, body)
        ident = request.headers.get(signing.COMMAND_ID_HEADER, "")
        self.seen.append((request.method, request.raw_path, ident, body))
        act = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return await act(request)

    def _verify(self, request: web.Request, body: bytes) -> None:
        headers, (path, _, query) = request.headers, request.raw_path.partition("?")
        stamp, nonce = headers[signing.TIMESTAMP_HEADER], headers[signing.NONCE_HEADER]
        ident = headers.get(signing.COMMAND_ID_HEADER, "")
        expected = signing.signature(
            KEY.secret, stamp, nonce, request.method, path, query, body, ident
        )
        if not signing.matches(expected, headers[signing.SIGNATURE_HEADER]):
            self.bad.append(f"signature of {request.raw_path}")
        if headers[signing.KEY_HEADER] != "k1" or stamp != str(NOW) or not signing.is_nonce(nonce):
            self.bad.append(f"headers of {request.raw_path}")
        if nonce in self.nonces:
            self.bad.append("a nonce came twice")
        self.nonces.append(nonce)
