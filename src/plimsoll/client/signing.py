"""Signing of requests: the same function for the one who signs and the one who checks.

* ``Plimsoll-Key``: id of the key
* ``Plimsoll-Timestamp``: ms since the epoch, at most ``WINDOW_MS`` from the server's clock
* ``Plimsoll-Nonce``: 1 to 36 of A-Z a-z 0-9 _ -, once per key within the window
* ``Plimsoll-Signature``: hex HMAC-SHA256(secret, message), the message being the lines timestamp,
  nonce, METHOD, path, query, hex SHA-256(body) and command id, with path and query exactly as
  they are sent
* ``Plimsoll-Command-Id``: the last line of the message, empty where the header is not sent (as over
  the WebSocket), so that nobody on the way can make a repeat look like a new command
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

import msgspec

from plimsoll.messages.fields import CLIENT_ID_MAX

KEY_HEADER: Final = "Plimsoll-Key"
TIMESTAMP_HEADER: Final = "Plimsoll-Timestamp"
NONCE_HEADER: Final = "Plimsoll-Nonce"
SIGNATURE_HEADER: Final = "Plimsoll-Signature"
COMMAND_ID_HEADER: Final = "Plimsoll-Command-Id"

WINDOW_MS: Final = 5_000
"""How far a timestamp may be from the server's clock, either way."""

_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")
_COMMAND_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{CLIENT_ID_MAX}}}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key's id and its secret. The secret never shows in ``repr``."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"ApiKey(key_id={self.key_id!r}, secret=...)"


def is_nonce(text: str) -> bool:
    """Whether a text may be a nonce."""
    return _NONCE.fullmatch(text) is not None


def is_command_id(text: str) -> bool:
    """Whether a text may be a command id."""
    return _COMMAND_ID.fullmatch(text) is not None


def read_timestamp(text: str) -> int | None:
    """The ms of a timestamp header; None unless it is 1 to 15 plain digits."""
    return int(text) if text.isascii() and _TIMESTAMP.fullmatch(text) else None


def signature(
    secret: str,
    timestamp: str,
    nonce: str,
    method: str,
    path: str,
    query: str,
    body: bytes,
    command_id: str,
) -> str:
    """The hex signature of a request.

    ``timestamp`` is the header's text; ``path`` and ``query`` are raw (still percent-encoded, the
    query without its question mark); ``command_id`` is the header's text, "" without one. Raises
    ``ValueError`` for a line break in any of them, so that no two requests share a message.
    """
    digest = hashlib.sha256(body).hexdigest()
    parts = [timestamp, nonce, method.upper(), path, query, digest, command_id]
    if any("\n" in part for part in parts):
        raise ValueError("a line break cannot be signed")
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def headers(
    key: ApiKey,
    timestamp_ms: int,
    nonce: str,
    method: str,
    path: str,
    query: str,
    body: bytes,
    command_id: str,
) -> dict[str, str]:
    """The four headers that sign a request; that of a command id is up to the caller."""
    stamp = str(timestamp_ms)
    made = signature(key.secret, stamp, nonce, method, path, query, body, command_id)
    return {
        KEY_HEADER: key.key_id,
        TIMESTAMP_HEADER: stamp,
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: made,
    }


def matches(expected: str, given: str) -> bool:
    """Whether two signatures are equal, in constant time, whatever characters were given."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))
