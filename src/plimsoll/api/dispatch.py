"""One path of the API as an ASGI application: read, let in, parse, call, answer.

The order is fixed: what is cheap and protects the rest comes first, and nothing of a request is
interpreted before its signature has been checked over the bytes as they came.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from plimsoll.api import answers, guard
from plimsoll.api.answers import Answer
from plimsoll.api.auth import KEY_ID_MAX, Door, Signed
from plimsoll.api.guard import Headers, bad_request, refused
from plimsoll.api.limits import ApiSettings
from plimsoll.api.metrics import ApiMetrics
from plimsoll.api.table import Call, Endpoint
from plimsoll.client import signing
from plimsoll.client.base import Client
from plimsoll.client.errors import (
    BAD_REQUEST,
    METHOD_NOT_ALLOWED,
    UNAUTHENTICATED,
    UNKNOWN_ROUTE,
    HttpProblem,
    bad_field,
)
from plimsoll.messages.fields import CLIENT_ID_MAX

NOBODY: Final = -1
"""Principal of requests without a key: it owns nothing and may command nothing."""

_COMMAND_ID: Final = signing.COMMAND_ID_HEADER.lower().encode()
_PLAIN: Final = re.compile(r"[!-~]*")
_log = structlog.get_logger("plimsoll.api")


class Disconnected(Exception):
    """The other side went away before its request was complete."""


async def read_body(receive: Receive, headers: Headers, settings: ApiSettings) -> bytes:
    """The whole body. Raises 413 as soon as it is too long, 408 when it comes too slowly."""
    most = settings.body_bytes_max
    length = headers.get(b"content-length")
    if length is not None and (not length.isascii() or not length.isdigit()):
        raise bad_request("the Content-Length is not a number")
    if length is not None and (len(length) > 10 or int(length) > most):
        raise guard.too_large(most)
    message = await _receive(receive, settings)
    parts: list[bytes] = [message.get("body", b"")]
    total = len(parts[0])
    while message.get("more_body", False) and total <= most:
        message = await _receive(receive, settings)
        parts.append(message.get("body", b""))
        total += len(parts[-1])
    if total > most:
        raise guard.too_large(most)
    return b"".join(parts)


async def _receive(receive: Receive, settings: ApiSettings) -> Message:
    try:
        async with asyncio.timeout(settings.body_seconds):
            message = await receive()
    except TimeoutError:
        raise refused(408, BAD_REQUEST, "the body came too slowly") from None
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message


def host_of(scope: Scope) -> str:
    """The address a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else "local"


def target_of(scope: Scope) -> tuple[str, str]:
    """Path and query as they were sent. Raises 404 for an escaped path, which no path here needs
    and which could be read in two ways; 400 for a query of other than printable characters.
    """
    raw_path = scope.get("raw_path") or scope["path"].encode()
    path, query = raw_path.decode("latin-1"), scope.get("query_string", b"").decode("latin-1")
    if "%" in path or path != scope["path"] or _PLAIN.fullmatch(path) is None:
        raise refused(404, UNKNOWN_ROUTE, "no path here has escapes or unusual characters")
    if _PLAIN.fullmatch(query) is None:
        raise bad_request("the query has characters outside printable ASCII")
    return path, query


def signed_values(headers: Headers) -> tuple[str, str, str, str] | None:
    """Key, timestamp, nonce and signature; None without any of them. Raises 401 for some."""
    found = [
        headers.get(name)
        for name in (
            b"plimsoll-key",
            b"plimsoll-timestamp",
            b"plimsoll-nonce",
            b"plimsoll-signature",
        )
    ]
    given = [value for value in found if value is not None]
    if not given:
        return None
    if len(given) != 4 or len(given[0]) > KEY_ID_MAX or not given[0].isascii():
        raise refused(401, UNAUTHENTICATED, "a signed request has four Plimsoll headers")
    return given[0], given[1], given[2], given[3]


def command_id_of(headers: Headers) -> str:
    """The command id, "" without one. Raises the same 400 for a malformed one whatever the path,
    the method and the key: it is looked at before any of them.
    """
    given = headers.get(_COMMAND_ID)
    if given is not None and not signing.is_command_id(given):
        text = f"must be 1 to {CLIENT_ID_MAX} of A-Z a-z 0-9 _ -"
        raise bad_field(signing.COMMAND_ID_HEADER, text)
    return given or ""


class Path:
    """All endpoints of one path, by method."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        door: Door,
        settings: ApiSettings,
        metrics: ApiMetrics,
        client_of: Callable[[int], Client],
    ) -> None:
        self._methods = {endpoint.method: endpoint for endpoint in endpoints}
        self._decoders = {
            endpoint.method: msgspec.json.Decoder(endpoint.request)
            for endpoint in endpoints
            if endpoint.request is not None
        }
        self._allow = ", ".join(sorted(self._methods)).encode()
        self._route = endpoints[0].path
        self._door = door
        self._settings = settings
        self._metrics = metrics
        self._client_of = client_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        extra: list[tuple[bytes, bytes]] = []
        try:
            answer = await self._answer(scope, receive, extra)
        except HttpProblem as error:
            answer = answers.of_problem(error, self._headers_of(error))
        except Disconnected:
            return
        except Exception:  # noqa: BLE001 - the last resort: nobody sees a traceback
            _log.exception("request failed", method=method, route=self._route)
            answer = answers.of_failure()
        self._metrics.count(self._route, method, answer.status)
        await answer.send(send, extra)

    def _headers_of(self, error: HttpProblem) -> tuple[tuple[bytes, bytes], ...]:
        if error.status == 405:
            return ((b"allow", self._allow),)
        if error.status == 401:
            return ((b"plimsoll-time", str(self._door.time_ms()).encode()),)
        return ()

    async def _answer(
        self, scope: Scope, receive: Receive, extra: list[tuple[bytes, bytes]]
    ) -> Answer:
        endpoint = self._methods.get(scope["method"])
        headers = Headers(scope["headers"], self._settings.header_bytes_max)
        command_id = command_id_of(headers)
        path, query = target_of(scope)
        body = await read_body(receive, headers, self._settings)
        values = signed_values(headers)
        weight = 1 if endpoint is None else endpoint.weight
        principal, scopes = NOBODY, frozenset[str]()
        if values is not None:
            signed = Signed(*values, scope["method"], path, query, body, command_id)
            needed = None if endpoint is None else endpoint.scope
            key = self._door.verify(signed, host_of(scope), weight, needed)
            principal, scopes = key.principal, key.scopes
        else:
            self._door.anonymous(host_of(scope), weight)
        if endpoint is None:
            raise refused(405, METHOD_NOT_ALLOWED, "the path has no such method")
        if values is None and endpoint.scope is not None:
            raise refused(401, UNAUTHENTICATED, "this needs a signed request")
        if endpoint.command and command_id:
            extra.append((_COMMAND_ID, command_id.encode()))
        args, content = self._read(endpoint, scope, headers, body)
        call = Call(self._client_of(principal), args, content, command_id, scopes)
        return answers.of_result(await endpoint.handler(call))

    def _read(
        self, endpoint: Endpoint, scope: Scope, headers: Headers, body: bytes
    ) -> tuple[dict[str, Any], Any]:
        """The request's parameters and the content of its body, all of them checked."""
        args = self._arguments(endpoint, scope)
        content: Any = None
        decoder = self._decoders.get(endpoint.method)
        if decoder is not None:
            guard.check_media(headers)
            content = guard.decode_body(body, decoder, self._settings.json_depth_max)
        elif body:
            raise bad_request("this request has no body")
        return args, content

    @staticmethod
    def _arguments(endpoint: Endpoint, scope: Scope) -> dict[str, Any]:
        parameters = endpoint.parameters
        names = [one.name for one in parameters if one.place == "query"]
        query = guard.read_query(scope.get("query_string", b""), names)
        args: dict[str, Any] = {}
        for one in parameters:
            given = scope["path_params"] if one.place == "path" else query
            try:
                args[one.name] = one.read(given.get(one.name))
            except HttpProblem:
                if one.place == "query":
                    raise
                # Nothing is found under a name that nothing can have.
                text = f"there is no {one.name} {guard.shown(str(given.get(one.name)))}"
                raise refused(404, UNKNOWN_ROUTE, text, field=one.name) from None
        return args


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Any path that is not in the table."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4404, "reason": "no such path"})
        return
    error = refused(404, UNKNOWN_ROUTE, "there is no such path; see /docs")
    await answers.of_problem(error).send(send)
