"""What a row of the table of endpoints says: its parameters, its types, who may call it.

The rows themselves are in ``endpoints``.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from plimsoll.client.base import Client
from plimsoll.client.errors import bad_field
from plimsoll.runtime.keys import ADMIN, KEEPER

_WHOLE: Final = re.compile(r"(?:0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter in the path or the query: a whole number within bounds, or a text.

    ``default`` None and not ``required`` means that it may be left out without a value.
    """

    name: str
    text: str
    place: Literal["path", "query"] = "query"
    low: int | None = None
    high: int | None = None
    pattern: str = ""
    default: int | str | None = None
    required: bool = False

    def read(self, given: str | None) -> int | str | None:
        """The value of what was given. Raises ``BadField``."""
        if given is None:
            if self.required:
                raise bad_field(self.name, "is missing")
            return self.default
        if self.high is not None:
            return self._number(given)
        if re.fullmatch(self.pattern, given, re.ASCII) is None:
            raise bad_field(self.name, f"must match {self.pattern}")
        return given

    def _number(self, given: str) -> int:
        low, high = self.low or 0, self.high or 0
        if _WHOLE.fullmatch(given) is None or not low <= int(given) <= high:
            raise bad_field(self.name, f"must be a whole number, {low} to {high}")
        return int(given)

    def schema(self) -> dict[str, Any]:
        """Its JSON schema."""
        found: dict[str, Any]
        if self.high is not None:
            found = {"type": "integer", "minimum": self.low or 0, "maximum": self.high}
        else:
            found = {"type": "string", "pattern": f"^{self.pattern}$"}
        if self.default is not None:
            found["default"] = self.default
        return found


@dataclass(slots=True)
class Call:
    """A request that was let in and read: on whose behalf, with which values."""

    client: Client
    args: Mapping[str, Any]
    body: Any
    command_id: str
    scopes: frozenset[str] = frozenset()


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One row of the table. ``scope`` None: open to all; ``weight`` counts against the limits.

    A ``command`` may carry a command id and answers with a receipt, 422 if it was refused.
    ``request`` is the type of the body, ``text`` what the summary leaves open.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    response: Any
    request: Any = None
    text: str = ""
    scope: str | None = None
    weight: int = 1
    parameters: tuple[Parameter, ...] = ()
    command: bool = False

    @property
    def operation(self) -> str:
        """A name for programs: ``get_v1_markets_symbol``."""
        words = re.sub(r"[^a-z0-9]+", "_", self.path.lower()).strip("_")
        return f"{self.method.lower()}_{words}"

    @property
    def tag(self) -> str:
        """The group it is shown in."""
        if self.path.startswith("/v1/spot"):
            return "Spot"
        if "/vaults" in self.path:
            return "Vaults"
        if self.path.startswith("/v1/breaker") or "/held" in self.path:
            return "Breaker"
        if self.scope is None:
            return "Market data"
        if self.scope == ADMIN:
            return "Administration"
        if self.scope == KEEPER:
            return "Keepers"
        inner = "/orders/" in self.path or "/signers/" in self.path or "/signed" in self.path
        return "Trading" if self.path.endswith(_TRADING) or inner else "Accounts"


_TRADING: Final = ("/orders", "/quotes", "/triggers", "/offers", "/signers", "/delayed")
