"""Failures of a client. A refusal by the exchange is none of them: it stands in the receipt.

    ClientError (plimsoll.errors)
    ├── HttpProblem      the exchange answered that it did not act: ``status`` and ``info``
    │   ├── BadField     400  a field is missing, malformed or out of bounds
    │   ├── Unauthorised 401  no key, an unknown key or a wrong signature
    │   ├── Forbidden    403  the key's scopes do not cover this
    │   ├── NotFound     404  no such market, account, vault or route (or not one of yours)
    │   ├── Conflict     409  the client id was used for another command
    │   ├── Busy         429  too much at once; ``retry_after`` in seconds
    │   ├── Halted       503  the exchange takes no commands
    │   └── Failed       5xx  the exchange failed: unknown outcome, as with Timeout
    ├── BadAnswer        the answer could not be understood
    ├── Unreachable      nothing reached the exchange: it did not act
    └── Timeout          unknown outcome: send again with the same ``client_id``

``LocalClient`` raises the same classes, so that code written for one client suits the other.
"""

from __future__ import annotations

from typing import Final

from plimsoll.client.models import ErrorInfo
from plimsoll.errors import ClientError
from plimsoll.messages.codes import (
    BAD_FIELD,
    UNKNOWN_ACCOUNT,
    UNKNOWN_HELD,
    UNKNOWN_MARKET,
    UNKNOWN_VAULT,
)

BAD_REQUEST: Final = 9400
UNAUTHENTICATED: Final = 9401
FORBIDDEN: Final = 9403
UNKNOWN_ROUTE: Final = 9404
METHOD_NOT_ALLOWED: Final = 9405
CLIENT_ID_REUSED: Final = 9409
BODY_TOO_LARGE: Final = 9413
MEDIA_TYPE: Final = 9415
TOO_MANY_REQUESTS: Final = 9429
INTERNAL: Final = 9500
HALTED: Final = 9503

DOOR_CODES: Final[dict[int, str]] = {
    BAD_REQUEST: "BAD_REQUEST",
    UNAUTHENTICATED: "UNAUTHENTICATED",
    FORBIDDEN: "FORBIDDEN",
    UNKNOWN_ROUTE: "UNKNOWN_ROUTE",
    METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
    CLIENT_ID_REUSED: "CLIENT_ID_REUSED",
    BODY_TOO_LARGE: "BODY_TOO_LARGE",
    MEDIA_TYPE: "MEDIA_TYPE",
    TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
    INTERNAL: "INTERNAL",
    HALTED: "HALTED",
}
"""Codes of ``ErrorInfo`` beside the exchange's own (``messages.codes``): code -> name."""


class HttpProblem(ClientError):
    """The exchange answered that it did not carry the request out."""

    remedy = "Correct the request; nothing was done."

    def __init__(self, status: int, info: ErrorInfo, *, retry_after: float | None = None) -> None:
        super().__init__(f"{info.name}: {info.message}")
        self.status = status
        self.info = info
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.status, self.info, self.retry_after))


def _rebuild(
    cls: type[HttpProblem], status: int, info: ErrorInfo, retry_after: float | None
) -> HttpProblem:
    return cls(status, info, retry_after=retry_after)


class BadField(HttpProblem):
    """400: a field is missing, malformed or out of bounds; ``info.field`` names it."""


class Unauthorised(HttpProblem):
    """401: no key, an unknown key, a wrong signature or a stale timestamp."""

    remedy = "Check the key, its secret and the clock of this machine."


class Forbidden(HttpProblem):
    """403: the key does not cover this."""

    remedy = "Use a key with the scope that is named."


class NotFound(HttpProblem):
    """404: there is no such thing, or it belongs to somebody else (the answer is the same)."""


class Conflict(HttpProblem):
    """409: the client id was used before, for another command."""

    remedy = "Nothing was done: send the command under a fresh client id."


class Busy(HttpProblem):
    """429: too much at once; ``retry_after`` (seconds) if the exchange names a time."""

    remedy = "Nothing was done: send again after a moment, with the same client id."


class Halted(HttpProblem):
    """503: the exchange takes no commands."""

    remedy = "Wait for the operator; commands without an answer may be sent again, same client id."


class Failed(HttpProblem):
    """500 and above: the exchange failed; whether it acted is unknown."""

    remedy = "Send the same command again with the same client id: it acts only once."


_BY_STATUS: Final[dict[int, type[HttpProblem]]] = {
    400: BadField,
    401: Unauthorised,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: Busy,
    503: Halted,
}


def problem(status: int, info: ErrorInfo, *, retry_after: float | None = None) -> HttpProblem:
    """The error of the class that fits the status."""
    other = Failed if status >= 500 else HttpProblem
    return _BY_STATUS.get(status, other)(status, info, retry_after=retry_after)


def bad_field(field: str, message: str) -> BadField:
    """A field at fault."""
    info = ErrorInfo(code=BAD_FIELD, name="BAD_FIELD", message=f"{field} {message}", field=field)
    return BadField(400, info)


def no_account(account: int) -> NotFound:
    """An account that is unknown, or somebody else's."""
    text = f"there is no account {account} of yours"
    info = ErrorInfo(code=UNKNOWN_ACCOUNT, name="UNKNOWN_ACCOUNT", message=text, field="account")
    return NotFound(404, info)


def no_market(symbol: str) -> NotFound:
    """A market that is unknown."""
    text = f"there is no market {symbol[:64]!r}"
    info = ErrorInfo(code=UNKNOWN_MARKET, name="UNKNOWN_MARKET", message=text, field="market")
    return NotFound(404, info)


def no_vault(vault: int) -> NotFound:
    """A vault that is unknown."""
    text = f"there is no vault {vault}"
    info = ErrorInfo(code=UNKNOWN_VAULT, name="UNKNOWN_VAULT", message=text, field="vault")
    return NotFound(404, info)


def no_signed(order_hash: str) -> NotFound:
    """A signed order of which nothing is known here, or that is somebody else's."""
    text = f"nothing is known of a signed order {order_hash[:64]!r} of yours"
    info = ErrorInfo(code=UNKNOWN_ROUTE, name="UNKNOWN_ROUTE", message=text, field="hash")
    return NotFound(404, info)


def no_claim(claim: int) -> NotFound:
    """A held withdrawal that is unknown, or of another account."""
    text = f"there is no held withdrawal {claim} of the account"
    info = ErrorInfo(code=UNKNOWN_HELD, name="UNKNOWN_HELD", message=text, field="claim")
    return NotFound(404, info)


def no_record(seq: int) -> NotFound:
    """A record that is unknown, or too long ago to be known here."""
    text = f"record {seq} is not among the recent ones; its journal knows it"
    info = ErrorInfo(code=UNKNOWN_ROUTE, name="UNKNOWN_ROUTE", message=text, field="seq")
    return NotFound(404, info)


def no_points(source: str, ts: int) -> NotFound:
    """A time before anything is known of a vault or vAMM."""
    text = f"nothing is known of {source} up to {ts} ms"
    info = ErrorInfo(code=UNKNOWN_ROUTE, name="UNKNOWN_ROUTE", message=text, field="to")
    return NotFound(404, info)


def no_history() -> NotFound:
    """A node that keeps no history of vaults."""
    text = "this node keeps no history of vaults"
    info = ErrorInfo(code=UNKNOWN_ROUTE, name="UNKNOWN_ROUTE", message=text)
    return NotFound(404, info)


class BadAnswer(ClientError):
    """The answer could not be understood: not JSON, or not what this version expects."""

    remedy = "Check that the address is a Plimsoll node of a matching version."


class Unreachable(ClientError):
    """The node could not be reached; it did nothing."""

    remedy = "Check the node's address and that it runs, then send again."


class Timeout(ClientError):
    """The answer was lost, so whether the command was carried out is unknown.

    ``client_id`` is the id it was sent under ("" for a read, which did nothing).
    """

    remedy = "Send the same command again with the same client id: it acts only once."

    def __init__(self, message: str, *, client_id: str = "", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.client_id = client_id
