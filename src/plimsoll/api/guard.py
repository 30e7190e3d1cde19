"""Checks of raw input before anything is made of it: JSON, query strings, header lines.

Each refuses what could be read in two ways, by raising a problem that is the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from plimsoll.client.errors import (
    BAD_REQUEST,
    BODY_TOO_LARGE,
    DOOR_CODES,
    MEDIA_TYPE,
    HttpProblem,
    bad_field,
    problem,
)
from plimsoll.client.models import ErrorInfo
from plimsoll.messages.fields import FieldError

# An unfinished string reaches to the end, so that no input is scanned twice.
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)|[\[\]{}]', re.DOTALL)
_SHOWN: Final = 40


def refused(
    status: int,
    code: int,
    message: str,
    *,
    field: str | None = None,
    retry_after: float | None = None,
) -> HttpProblem:
    """An answer of the door: status, code by name, and what is wrong."""
    info = ErrorInfo(code=code, name=DOOR_CODES[code], message=message, field=field)
    return problem(status, info, retry_after=retry_after)


def bad_request(message: str, field: str | None = None) -> HttpProblem:
    """400: the request itself is malformed."""
    return refused(400, BAD_REQUEST, message, field=field)


def too_large(most: int) -> HttpProblem:
    """413: the body is longer than the limit."""
    return refused(413, BODY_TOO_LARGE, f"a body has at most {most} bytes")


def shown(text: str) -> str:
    """A piece of input as an answer may show it: short, printable ASCII."""
    return ascii(text[:_SHOWN])[1:-1]


class Headers:
    """The headers of a request that mean something here; each may stand at most once."""

    __slots__ = ("_values",)

    def __init__(self, lines: Iterable[tuple[bytes, bytes]], bytes_max: int) -> None:
        values: dict[bytes, bytes] = {}
        total = 0
        for name, value in lines:
            total += len(name) + len(value) + 4
            if name in _SINGLE and name in values:
                raise bad_request(f"the header {name.decode('ascii')} stands twice")
            values[name] = value
        if total > bytes_max:
            raise refused(431, BAD_REQUEST, f"headers have at most {bytes_max} bytes together")
        self._values = values

    def get(self, name: bytes) -> str | None:
        """The value as text, None if absent."""
        value = self._values.get(name)
        return None if value is None else value.decode("latin-1")

    def __contains__(self, name: bytes) -> bool:
        return name in self._values


_SINGLE: Final = frozenset(
    (
        b"host",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"transfer-encoding",
        b"plimsoll-key",
        b"plimsoll-timestamp",
        b"plimsoll-nonce",
        b"plimsoll-signature",
        b"plimsoll-command-id",
    )
)


def check_media(headers: Headers) -> None:
    """Refuse encoded bodies and anything but JSON."""
    if b"content-encoding" in headers:
        raise refused(415, MEDIA_TYPE, "bodies are sent as they are: no Content-Encoding")
    kind, _, parameter = (headers.get(b"content-type") or "").partition(";")
    charset = parameter.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise refused(415, MEDIA_TYPE, "the Content-Type is application/json, in UTF-8")


def read_query(raw: bytes, known: Iterable[str]) -> dict[str, str]:
    """The parameters of a query string, each known and given once, with no escapes."""
    if not raw:
        return {}
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        raise bad_request("the query has characters outside ASCII") from None
    if "%" in text or "+" in text:
        raise bad_request("no parameter needs a percent escape or a plus sign")
    allowed = frozenset(known)
    found: dict[str, str] = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if name not in allowed or not equals:
            raise bad_request(f"the parameter {shown(name)} is not known here", shown(name))
        if name in found:
            raise bad_request(f"the parameter {name} stands twice", name)
        found[name] = value
    return found


def check_depth(text: str, most: int) -> None:
    """Refuse JSON nested deeper than ``most``, before a recursive parser sees it."""
    if text.count("[") + text.count("{") <= most:
        return
    depth = 0
    for match in _STRUCTURE.finditer(text):
        mark = match.group()
        if mark in ("[", "{"):
            depth += 1
            if depth > most:
                raise bad_request(f"JSON may be nested {most} levels deep")
        elif mark in ("]", "}"):
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise FieldError(shown(name), "stands twice")
            seen.add(name)
    return found


# Numbers stay text: only names are looked at, and a long number costs nothing.
_names: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_int=str, parse_float=str)


def decode_body(body: bytes, decoder: msgspec.json.Decoder[Any], depth_max: int) -> Any:
    """The typed content of a JSON body; ``HttpProblem`` 400 for anything else."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("the body is not UTF-8") from None
    check_depth(text, depth_max)
    try:
        found = decoder.decode(text)
        _names.decode(text)
    except msgspec.ValidationError as error:
        field, message = _placed(str(error))
        raise bad_field(field, message) from None
    except FieldError as error:
        raise bad_field(error.field, error.problem) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise bad_request(f"the body is not JSON: {shown(str(error))}") from None
    return found


def _placed(text: str) -> tuple[str, str]:
    """Field and message of a validation error, ``Expected `int`, got `str` - at `$.account```."""
    message, _, place = text.partition(" - at `")
    field = place.rstrip("`").removeprefix("$").lstrip(".") or "body"
    return ascii(field[:64])[1:-1], ascii(message[:200])[1:-1]
