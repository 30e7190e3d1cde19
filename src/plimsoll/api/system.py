"""What the API says of itself: health, metrics, the OpenAPI document, the reference page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec
from starlette.types import Receive, Scope, Send

from plimsoll.api import answers
from plimsoll.api.answers import Answer
from plimsoll.api.auth import Door
from plimsoll.api.dispatch import host_of, target_of
from plimsoll.api.guard import Headers, bad_request, refused
from plimsoll.api.limits import ApiSettings
from plimsoll.api.metrics import ApiMetrics
from plimsoll.client.errors import METHOD_NOT_ALLOWED, HttpProblem
from plimsoll.runtime.node import NodeBase
from plimsoll.runtime.node_types import Status

HTML: Final = b"text/html; charset=utf-8"
_POLICY: Final = (
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class HealthInfo(msgspec.Struct, kw_only=True, frozen=True):
    """``live``: the process answers; ``ready``: the node takes commands; ``halted``: it stopped
    for good because of ``reason``. ``seq`` is the last durable record, ``queued`` what waits.
    """

    live: bool
    ready: bool
    halted: bool
    reason: str
    seq: int
    ts: int
    queued: int


def health_of(node: NodeBase) -> Answer:
    """200 while the node takes commands, else 503."""
    found = node.health()
    ready = found.status is Status.RUNNING
    info = HealthInfo(
        live=True,
        ready=ready,
        halted=found.status is Status.HALTED,
        reason=found.reason,
        seq=found.seq,
        ts=found.ts,
        queued=found.queued,
    )
    return answers.of_result(info, 200 if ready else 503)


def page(body: bytes, media: bytes) -> Answer:
    """A finished text."""
    headers = [(b"content-type", media)]
    if media == HTML:
        headers += [(b"content-security-policy", _POLICY), (b"referrer-policy", b"no-referrer")]
    return Answer(200, body, tuple(headers))


class Page:
    """A GET without parameters, open to all."""

    def __init__(
        self,
        path: str,
        make: Callable[[], Awaitable[Answer]],
        *,
        door: Door,
        settings: ApiSettings,
        metrics: ApiMetrics,
    ) -> None:
        self.path = path
        self._make = make
        self._door = door
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extra: Iterable[tuple[bytes, bytes]] = ()
        try:
            Headers(scope["headers"], self._settings.header_bytes_max)
            if target_of(scope)[1]:
                raise bad_request("this page has no parameters")
            self._door.anonymous(host_of(scope), 1)
            if scope["method"] != "GET":
                extra = ((b"allow", b"GET"),)
                raise refused(405, METHOD_NOT_ALLOWED, "this page can only be read")
            answer = await self._make()
        except HttpProblem as error:
            answer = answers.of_problem(error, tuple(extra))
        self._metrics.count(self.path, scope["method"], answer.status)
        await answer.send(send)
