"""Answers: what a handler gave, or what went wrong, as status, headers and bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.types import Send

from plimsoll.client.errors import DOOR_CODES, INTERNAL, HttpProblem
from plimsoll.client.models import ErrorInfo, Receipt

_encoder: Final = msgspec.json.Encoder()

Header = tuple[bytes, bytes]

_JSON: Final[Header] = (b"content-type", b"application/json")
_ALWAYS: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = (_JSON,)

    async def send(self, send: Send, extra: Sequence[Header] = ()) -> None:
        """Send it, with the headers every answer has and ``extra`` ones."""
        length = (b"content-length", str(len(self.body)).encode())
        headers = [*self.headers, length, *_ALWAYS, *extra]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def of_result(found: Any, status: int = 200) -> Answer:
    """What a handler returned; a receipt of a refused command is a 422."""
    if isinstance(found, Answer):
        return found
    if isinstance(found, Receipt) and not found.accepted:
        status = 422
    return Answer(status, _encoder.encode(found))


def of_problem(error: HttpProblem, extra: Sequence[Header] = ()) -> Answer:
    """The ``ErrorInfo`` of a problem, with the headers its status asks for."""
    headers = [_JSON, *extra]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Plimsoll"))
    if error.retry_after is not None:
        seconds = max(1, math.ceil(error.retry_after))
        headers.append((b"retry-after", str(seconds).encode()))
    return Answer(error.status, _encoder.encode(error.info), tuple(headers))


def of_failure() -> Answer:
    """The answer where this program is at fault; what happened stands in the log only."""
    name = DOOR_CODES[INTERNAL]
    info = ErrorInfo(code=INTERNAL, name=name, message="an internal error, noted in the log")
    return Answer(500, _encoder.encode(info))
