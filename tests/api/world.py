"""A small exchange behind the API, all in this process, with clocks in the test's hand."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.applications import Starlette

from plimsoll.analytics.vault_history import VaultHistory
from plimsoll.api.app import create_app
from plimsoll.api.limits import ApiSettings
from plimsoll.client import signing
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import (
    CreateAccount,
    CreatePrincipal,
    Deposit,
    OraclePrices,
    PricePoint,
)
from plimsoll.runtime.keys import SCOPES, KeyStore, StoredKey
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.presets import DEFAULT_PRICES, KEEPER, OPERATOR, ORACLE
from plimsoll.units import QUOTE_SCALE
from tests.harness import plain

START_MS = 1_800_000_000_000
ANN, BOB = 3, 4
"""Principals of two traders."""
RICH = 1_000_000 * QUOTE_SCALE
OPEN_LIMITS: dict[str, Any] = {
    "key_rate": 1e9,
    "key_burst": 1e9,
    "address_rate": 1e9,
    "address_burst": 1e9,
    "failures_max": 10**9,
}
"""Settings under which limits never interfere."""


class ManualClock:
    """Milliseconds UTC that pass only when told to."""

    def __init__(self) -> None:
        self.now = START_MS

    def __call__(self) -> int:
        return self.now


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as plain values."""
        return msgspec.json.decode(self.body)


class World:
    """Node, keys, application; accounts of two traders; requests straight into the application."""

    def __init__(
        self, node: MemoryNode, keys: KeyStore, app: Starlette, clock: ManualClock
    ) -> None:
        self.node = node
        self.keys = keys
        self.app = app
        self.clock = clock
        self.ann = keys.create(ANN, SCOPES, "ann", now_ms=START_MS)
        self.bob = keys.create(BOB, SCOPES, "bob", now_ms=START_MS)
        self.operator = keys.create(OPERATOR, SCOPES, "operator", now_ms=START_MS)
        self.keeper = keys.create(KEEPER, SCOPES, "keeper", now_ms=START_MS)
        self.ann_account = -1
        self.bob_account = -1
        self._nonces = itertools.count()

    def nonce(self) -> str:
        """One that was not used before."""
        return f"n{next(self._nonces)}"

    def sign(
        self,
        key: StoredKey,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        *,
        nonce: str | None = None,
        at: int | None = None,
        command_id: str = "",
    ) -> dict[str, str]:
        """The four headers of a signed request; ``command_id`` is signed, not among them."""
        stamp = self.clock.now if at is None else at
        used = nonce or self.nonce()
        pair = key.api_key()
        return signing.headers(pair, stamp, used, method, path, query, body, command_id)

    async def call(
        self,
        method: str,
        path: str,
        query: str = "",
        body: Any = None,
        *,
        key: StoredKey | None = None,
        command_id: str = "",
        host: str = "192.0.2.1",
    ) -> Reply:
        """A well-formed request, signed if a key is given."""
        raw = b"" if body is None else msgspec.json.encode(body)
        headers: dict[str, str] = {}
        if key is not None:
            headers = self.sign(key, method, path, query, raw, command_id=command_id)
        if body is not None:
            headers["content-type"] = "application/json"
        if command_id:
            headers["plimsoll-command-id"] = command_id
        return await self.raw(method, path, query, raw, list(headers.items()), host=host)

    async def raw(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        headers: list[tuple[str, str]] | None = None,
        *,
        host: str = "192.0.2.1",
        decoded: str | None = None,
    ) -> Reply:
        """Any request; ``decoded`` is the path as a server would have decoded it."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path if decoded is None else decoded,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": query.encode("utf-8", "surrogatepass"),
            "root_path": "",
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
                for name, value in headers or ()
            ],
            "client": (host, 50_000),
            "server": ("test", 80),
        }
        sent: list[dict[str, Any]] = []
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        return Reply(
            start["status"],
            {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(part.get("body", b"") for part in sent[1:]),
        )

    async def set_prices(self, prices: dict[str, int] | None = None) -> None:
        """Fresh oracle prices, now."""
        now = self.clock.now
        points = [
            PricePoint(at, price, 0, now)
            for at, price in enumerate((prices or DEFAULT_PRICES).values())
        ]
        await self.node.submit(OraclePrices(points), principal=ORACLE)

    async def state_hash(self) -> str:
        """Of the node's state."""
        return await self.node.query(lambda state: codec.state_hash(state.dump()))

    def order(self, account: int | None = None, **changes: Any) -> dict[str, Any]:
        """A small order that can be placed."""
        return {
            "account": self.ann_account if account is None else account,
            "market": "BTC-USD",
            "side": "buy",
            "price": "59000",
            "size": "0.01",
            **changes,
        }


@asynccontextmanager
async def open_world(
    settings: ApiSettings | None = None, keys: KeyStore | None = None
) -> AsyncIterator[World]:
    """A running exchange with two funded traders and fresh prices."""
    clock = ManualClock()
    setup = [
        *plain.bootstrap(DEFAULT_PRICES, open_deposits=True),
        CreatePrincipal("ann", codes.ROLE_TRADER),
        CreatePrincipal("bob", codes.ROLE_TRADER),
    ]
    kept = VaultHistory()
    async with await MemoryNode.open(bootstrap=setup, clock=clock, listen=kept.listen) as node:
        kept.follow(node)
        store = keys or KeyStore.open(":memory:")
        limits = settings or ApiSettings(**OPEN_LIMITS)
        app = create_app(node, store, limits, clock=clock, kept=kept)
        world = World(node, store, app, clock)
        world.ann_account = await _fund(node, ANN)
        world.bob_account = await _fund(node, BOB)
        await world.set_prices()
        try:
            yield world
        finally:
            await app.state.api.close()
            await kept.close()
            if keys is None:
                store.close()


async def _fund(node: MemoryNode, principal: int) -> int:
    made = await node.submit(CreateAccount(principal, -1, "main"), principal=principal)
    account: int = made.events[0].account  # type: ignore[attr-defined]
    deposit = Deposit(account, 0, RICH, f"first-{principal}")
    receipt = await node.submit(deposit, principal=principal)
    if not receipt.accepted:
        raise RuntimeError(f"the deposit was refused: {receipt.events}")
    return account
