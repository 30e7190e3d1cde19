"""The client: protocol, types and errors, and the HTTP implementation (the Python SDK)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plimsoll.client.base import Client
from plimsoll.client.signing import ApiKey

if TYPE_CHECKING:
    from plimsoll.client.http import HttpClient

__all__ = ["ApiKey", "Client", "HttpClient"]


def __getattr__(name: str) -> Any:
    # The node shares these types; only who talks HTTP waits for the HTTP library.
    if name != "HttpClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from plimsoll.client.http import HttpClient

    return HttpClient
