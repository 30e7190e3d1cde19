"""An exchange with its real API on a free port, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn

from plimsoll.analytics.vault_history import VaultHistory
from plimsoll.api.app import create_app
from plimsoll.api.server import make_server
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    Command,
    CreateAccount,
    CreatePrincipal,
    Deposit,
    OraclePrices,
    PricePoint,
)
from plimsoll.runtime import presets
from plimsoll.runtime.keys import SCOPES, KeyStore, StoredKey
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.node_types import system_clock
from plimsoll.units import PRICE_SCALE, QUOTE_SCALE
from tests.harness import plain

PRICE = 60_000 * PRICE_SCALE
TRADER = 3
ACCOUNT = 10
"""The trader's principal and account; a maker follows with the next numbers."""


class _Server(uvicorn.Server):
    """Leaves signals to the tests."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Live:
    """One market at 60,000 with a vAMM, a trader and a maker with 100,000 USD each."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def url(self) -> str:
        """Where the API listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def submit(self, command: Command, principal: int) -> None:
        """Have a command executed, from the tests' thread."""

        async def work() -> None:
            receipt = await self._node.submit(command, principal=principal)
            assert receipt.accepted, [event.row() for event in receipt.events]

        asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def publish_price(self) -> None:
        """A fresh oracle price, a little newer each time."""
        now = max(system_clock(), self._published + 1)
        self._published = now
        self.submit(OraclePrices([PricePoint(0, PRICE, 0, now)]), presets.ORACLE)

    def key_of(self, principal: int) -> StoredKey:
        """A key of a principal with all scopes, which the exchange knows from now on."""

        async def work() -> StoredKey:
            return self._keys.create(principal, SCOPES, "made", now_ms=system_clock())

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def halt(self) -> None:
        """Close the node, as if it had stopped."""
        asyncio.run_coroutine_threadsafe(self._node.close(), self._loop).result()

    def stop(self) -> None:
        """End everything."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._published = 0
        commands = plain.bootstrap({"BTC-USD": PRICE}, open_deposits=True)
        for index in range(2):
            commands.append(CreatePrincipal(f"trader-{index}", codes.ROLE_TRADER))
            commands.append(CreateAccount(TRADER + index, -1, f"account-{index}"))
            commands.append(Deposit(ACCOUNT + index, 0, 100_000 * QUOTE_SCALE, f"first-{index}"))
        kept = VaultHistory()
        self._node = await MemoryNode.open(bootstrap=commands, listen=kept.listen)
        kept.follow(self._node)
        keys = self._keys = KeyStore.open(":memory:")
        now = system_clock()
        self.trader: StoredKey = keys.create(TRADER, SCOPES, "trader", now_ms=now)
        self.maker: StoredKey = keys.create(TRADER + 1, SCOPES, "maker", now_ms=now)
        self.reader: StoredKey = keys.create(TRADER, ["read"], "reader", now_ms=now)
        self.operator: StoredKey = keys.create(0, SCOPES, "operator", now_ms=now)
        self._server = _Server(make_server(create_app(self._node, keys, kept=kept)).config)
        self._ready.set()
        await self._server.serve(sockets=[self._listener])
        await self._node.close()
        await kept.close()
        keys.close()
