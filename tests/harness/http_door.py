"""The crash test's way through everything: ``plimsoll up`` as a process, the SDK as its clients.

A client keeps its `HttpClient` over all deaths of the node. Every second one lets the SDK repeat
lost requests by itself; the others do it on their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sys
from collections import Counter
from pathlib import Path

import aiohttp
import msgspec
from stamina.instrumentation import set_on_retry_hooks

from plimsoll.client import errors, models
from plimsoll.client.http import HttpClient
from plimsoll.client.models import Receipt
from plimsoll.client.signing import COMMAND_ID_HEADER, ApiKey
from plimsoll.core.state import State
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import (
    CancelAll,
    CancelOrder,
    Command,
    CreateAccount,
    CreatePrincipal,
    Deposit,
    PlaceOrder,
    Withdraw,
)
from plimsoll.runtime import node as nodes
from plimsoll.runtime import presets
from plimsoll.runtime.journal import Record
from plimsoll.runtime.keys import KEYS_NAME, SCOPES, KeyStore
from plimsoll.runtime.node import Node, system_clock
from plimsoll.runtime.present import catalogue
from plimsoll.runtime.receipts import receipt_from
from tests.harness.node_link import LinkLost, NodeProcess, Refused, Reply, Seat, child_environment

# Below the ports that systems give to outgoing connections: while no node listens, a client of
# such a port could be connected to itself.
PORTS = range(20_000, 32_000)
SYMBOLS = tuple(presets.DEFAULT_PRICES)
_EARLY = (
    "from tests.harness.node_server import ack_early; ack_early(); "
    "from plimsoll.cli.main import main; main()"
)


def free_port() -> int:
    """A port nobody listens on. Errors: RuntimeError."""
    for port in random.sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError("no free port was found")


def answer_of(receipt: Receipt) -> bytes:
    """Everything of a receipt that every repeat must have, too."""
    plain = msgspec.json.encode(msgspec.structs.replace(receipt, duplicate=False))
    return msgspec.json.encode(msgspec.json.decode(plain, type=Receipt))


class CountingClient(HttpClient):
    """Counts, by command id, how often a request goes out: the HTTP library repeats some, too."""

    def __init__(self, url: str, key: ApiKey, attempts: int) -> None:
        super().__init__(url, key, attempts=attempts)
        self.sends: Counter[str] = Counter()

    async def _sign(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        self.sends[request.headers.get(COMMAND_ID_HEADER, "")] += 1
        return await super()._sign(request, send)


class HttpLink:
    """A client of the SDK that is asked for commands in their wire form."""

    lost = False  # the SDK connects again by itself

    def __init__(self, client: CountingClient) -> None:
        self._client = client

    async def request(self, principal: int, client_id: str, body: bytes) -> Reply:
        """Say the command in the words of the API. Errors: `LinkLost`, `Refused`."""
        del principal  # the key says it
        before = self._client.sends[client_id]
        try:
            receipt = await self._call(codec.decode_command(body), client_id)
        except errors.Conflict as error:
            raise Refused("ClientIdReused", error.message) from error
        except errors.Busy as error:
            raise Refused("NodeBusy", error.message) from error
        except errors.Halted as error:
            raise Refused("NodeClosed", error.message) from error
        except errors.HttpProblem as error:
            raise Refused(error.info.name, error.message) from error
        except (errors.Unreachable, errors.Timeout, errors.BadAnswer) as error:
            raise LinkLost(error.message) from error
        sends = self._client.sends[client_id] - before
        return Reply(receipt.seq, receipt.duplicate, receipt.accepted, answer_of(receipt), sends)

    async def close(self) -> None:
        await self._client.close()

    async def _call(self, command: Command, client_id: str) -> Receipt:
        client = self._client
        if isinstance(command, PlaceOrder):
            return await client.place_order(_order(command), client_id)
        if isinstance(command, CancelOrder):
            return await client.cancel_order(command.account, command.order, client_id=client_id)
        if isinstance(command, CancelAll):
            market = None if command.market < 0 else SYMBOLS[command.market]
            return await client.cancel_all(command.account, market, client_id)
        if isinstance(command, Deposit):
            paid = models.DepositRequest(
                amount=format_decimal(command.amount, 6), external_id=command.external_id
            )
            return await client.deposit(command.account, paid, client_id)
        if isinstance(command, Withdraw):
            wanted = models.WithdrawRequest(
                amount=format_decimal(command.amount, 6), external_id=command.external_id
            )
            return await client.withdraw(command.account, wanted, client_id)
        raise TypeError(f"{type(command).__name__} is not sent over HTTP here")


def _order(command: PlaceOrder) -> models.PlaceOrderRequest:
    market = command.kind == codes.MARKET
    return models.PlaceOrderRequest(
        account=command.account,
        market=SYMBOLS[command.market],
        side="buy" if command.side == codes.BUY else "sell",
        type="market" if market else "limit",
        price=None if market else format_decimal(command.price, 6),
        size=format_decimal(command.size, 9),
    )


class UpProcess(NodeProcess):
    """A running ``plimsoll up``. What it logs as an error is added to ``faults``."""

    def __init__(self, child: asyncio.subprocess.Process, faults: list[str]) -> None:
        super().__init__(child)
        self._faults = faults
        self._is_ready = asyncio.Event()
        # Somebody must read what it prints, or it would wait for that.
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        if self._child.stdout is None:
            raise RuntimeError("the node has no stdout")
        async for line in self._child.stdout:
            if b" event=ready " in line:
                self._is_ready.set()
            elif b"level=info" not in line:
                self._faults.append(f"the node said: {line.decode().strip()}")

    async def _ready(self) -> None:
        ready = asyncio.create_task(self._is_ready.wait())
        await asyncio.wait((ready, self._reading), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        self._require(self._is_ready.is_set())

    async def _ended(self) -> None:
        await self._reading
        await self._child.wait()


class HttpDoor:
    """The exchange as ``plimsoll up`` makes it, without its demonstration."""

    capital = presets.MARKET_CAPITAL * len(SYMBOLS)
    oracle = False  # prices come from the feed inside
    life_seconds = 0.6
    start_seconds = (0.1, 0.9)

    def __init__(self, data_dir: Path, *faults_of: str, snapshot_every: int = 500) -> None:
        self.data_dir = data_dir
        self.faults: list[str] = []
        self._port = free_port()
        self._seats: list[Seat] = []
        self._keys: list[ApiKey] = []
        self._program = ("-c", _EARLY) if "ack-early" in faults_of else ("-m", "plimsoll")
        self._settings = (
            "exchange.open_deposits=1", f"node.snapshot_every={snapshot_every}",
            "node.check_every=100",
        )  # fmt: skip

    async def prepare(self, clients: int) -> None:
        """A first start opens the exchange; then each client gets principal, account and key."""
        set_on_retry_hooks([])  # retries are what is tested here, not worth a word each
        node = await self.start()
        await node.stop()
        async with await Node.open(self.data_dir) as opened:
            for index in range(clients):
                self._seats.append(await _enrol(opened, f"client-{index}"))
        with KeyStore.open(self.data_dir / KEYS_NAME) as keys:
            for seat in self._seats:
                made = keys.create(seat.principal, SCOPES, "kill9", now_ms=system_clock())
                self._keys.append(made.api_key())

    async def start(self, *, wait: bool = True) -> UpProcess:
        settings = [word for one in self._settings for word in ("--set", one)]
        child = await asyncio.create_subprocess_exec(
            sys.executable, *self._program, "--data", str(self.data_dir), *settings,
            "up", "--no-demo", "--plain", "--port", str(self._port),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env=_environment(), cwd=self.data_dir.parent,
        )  # fmt: skip
        node = UpProcess(child, self.faults)
        if wait:
            await node.serving()
        return node

    async def connect(self, index: int) -> HttpLink:
        url = f"http://127.0.0.1:{self._port}"
        return HttpLink(CountingClient(url, self._keys[index], 1 + 2 * (index % 2)))

    def seat(self, index: int) -> Seat:
        return self._seats[index]

    def answer(self, state: State, record: Record, stored: nodes.Receipt) -> bytes:
        command = codec.decode_command(record.body)
        return answer_of(
            receipt_from(
                command,
                stored.events,
                catalogue(state),
                seq=stored.seq,
                ts=stored.ts,
                accepted=stored.accepted,
            )
        )


def _environment() -> dict[str, str]:
    """Ours, without settings of whoever runs the tests, but with the build."""
    found = {
        name: value
        for name, value in child_environment().items()
        if not name.startswith("PLIMSOLL_") or name == "PLIMSOLL_PURE"
    }
    return {**found, "PYTHONUNBUFFERED": "1"}


async def _enrol(node: Node, name: str) -> Seat:
    command = CreatePrincipal(name, codes.ROLE_TRADER)
    made = await node.submit(command, principal=presets.OPERATOR)
    principal: int = made.events[0].principal  # type: ignore[attr-defined]
    made = await node.submit(CreateAccount(principal, -1, name), principal=principal)
    account: int = made.events[0].account  # type: ignore[attr-defined]
    return Seat(principal, account)
