"""How the crash test reaches a node in another process, and the first way: a socket of its own.

A line protocol over a Unix socket, one JSON object a line. Request: ``id``, ``principal``,
``client_id``, ``body`` (hex of the command's wire form). Reply: ``id`` and either ``seq``,
``accepted``, ``duplicate``, ``answer`` (hex), or ``error`` and ``text``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from plimsoll.core.state import State
from plimsoll.messages import codec
from plimsoll.runtime.journal import Record
from plimsoll.runtime.node import Receipt
from plimsoll.runtime.presets import VAMM_CAPITAL
from tests.runtime.node_samples import FIRST_ACCOUNT, FIRST_TRADER

ROOT = Path(__file__).resolve().parents[2]
_LINE_BYTES_MAX = 1 << 22
SERVER = "tests.harness.node_server"
START_SECONDS_MAX = 60.0


class LinkLost(Exception):
    """The connection ended; whether the request was executed is unknown."""


class Refused(Exception):
    """The node refused the request; ``name`` is the class of its error."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


@dataclass(frozen=True)
class Reply:
    """What the node answered. ``answer`` holds everything of the first answer; ``sends`` is how
    often the request went out for it.
    """

    seq: int
    duplicate: bool
    accepted: bool
    answer: bytes
    sends: int = 1


class Seat(NamedTuple):
    """Who a client is."""

    principal: int
    account: int


class Wire(Protocol):
    """A client's connection. Requests may overlap."""

    @property
    def lost(self) -> bool:
        """Whether another connection is needed."""

    async def request(self, principal: int, client_id: str, body: bytes) -> Reply:
        """Send a command and wait for its answer. Errors: `LinkLost`, `Refused`."""

    async def close(self) -> None:
        """Hang up."""


class Door(Protocol):
    """A way to start a node on ``data_dir`` and to reach it."""

    data_dir: Path
    capital: int
    """What the exchange was given (1e-6 USD) before the clients came."""
    oracle: bool
    """Whether clients may send prices."""
    life_seconds: float
    """Longest life of a node, from its first answer to its death."""
    start_seconds: tuple[float, float]
    """When a node that is killed while it starts is killed."""
    faults: list[str]
    """What nodes said was wrong."""

    async def prepare(self, clients: int) -> None:
        """Make what must be there before the first client."""

    async def start(self, *, wait: bool = True) -> NodeProcess:
        """Start a node; ``wait`` until it serves. Errors: RuntimeError."""

    async def connect(self, index: int) -> Wire:
        """A connection of a client. Errors: `LinkLost`."""

    def seat(self, index: int) -> Seat:
        """Who a client is."""

    def answer(self, state: State, record: Record, stored: Receipt) -> bytes:
        """What a client was told if the node told it what it stored."""


def reply_of(receipt: Receipt) -> Reply:
    """The reply that stands for a receipt of the node."""
    row = [receipt.seq, receipt.ts, receipt.accepted, codec.encode_events(receipt.events).hex()]
    return Reply(receipt.seq, receipt.duplicate, receipt.accepted, json.dumps(row).encode())


def child_environment() -> dict[str, str]:
    """Environment in which a child finds the package and the tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}


class Link:
    """One connection to the node; requests may overlap."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next = 0
        self._lost = False
        self._task = asyncio.create_task(self._read(reader))

    @classmethod
    async def connect(cls, address: Path) -> Link:
        """Errors: `LinkLost`."""
        try:
            streams = await asyncio.open_unix_connection(str(address), limit=_LINE_BYTES_MAX)
        except OSError as error:
            raise LinkLost(str(error)) from error
        return cls(*streams)

    async def request(self, principal: int, client_id: str, body: bytes) -> Reply:
        """Send a command and wait for its answer. Errors: `LinkLost`, `Refused`."""
        if self._lost:
            raise LinkLost("closed")
        self._next += 1
        ident = self._next
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[ident] = future
        line = json.dumps(
            {"id": ident, "principal": principal, "client_id": client_id, "body": body.hex()}
        )
        try:
            self._writer.write(line.encode() + b"\n")
            await self._writer.drain()
        except OSError as error:
            raise LinkLost(str(error)) from error
        reply = await future
        if "error" in reply:
            raise Refused(reply["error"], reply["text"])
        answer = bytes.fromhex(reply["answer"])
        return Reply(reply["seq"], reply["duplicate"], reply["accepted"], answer)

    @property
    def lost(self) -> bool:
        """Whether the connection has ended."""
        return self._lost

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await asyncio.wait([self._task])

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                if not line.endswith(b"\n"):
                    break  # cut in the middle: no answer
                reply = json.loads(line)
                future = self._waiting.pop(reply["id"])
                if not future.done():
                    future.set_result(reply)
        except OSError:
            pass  # the same as its end
        self._lost = True
        self._writer.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkLost("the node is gone"))
                future.exception()  # not everybody waits for it


class NodeProcess:
    """A node in a child process, to be killed."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    async def serving(self) -> None:
        """Wait until it serves; it is killed if it does not. Errors: RuntimeError."""
        try:
            await asyncio.wait_for(self._ready(), START_SECONDS_MAX)
        except BaseException:
            await self.kill()
            raise

    async def kill(self) -> None:
        """SIGKILL, at once."""
        if self._child.returncode is None:
            self._child.kill()
        await self._ended()

    async def stop(self) -> None:
        """SIGTERM: a clean close. Errors: RuntimeError if it was not clean."""
        self._child.terminate()
        await self._ended()
        self._require(self._child.returncode == 0)

    async def _ready(self) -> None:
        self._require(
            self._child.stdout is not None and await self._child.stdout.readline() == b"ready\n"
        )

    async def _ended(self) -> None:
        await self._child.communicate()

    def _require(self, sound: bool) -> None:
        if not sound:
            raise RuntimeError(f"the node ended with status {self._child.returncode}")


class SocketDoor:
    """A bare node behind the line protocol, without an API. ``faults_of`` go to the node."""

    capital = VAMM_CAPITAL
    oracle = True
    life_seconds = 0.3
    start_seconds = (0.1, 0.6)

    def __init__(self, data_dir: Path, *faults_of: str, snapshot_every: int = 500) -> None:
        self.data_dir = data_dir
        self.faults: list[str] = []
        self._address = data_dir.parent / "node.sock"
        self._options = (str(snapshot_every), *faults_of)
        self._clients = 0

    async def prepare(self, clients: int) -> None:
        self._clients = clients

    async def start(self, *, wait: bool = True) -> NodeProcess:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", SERVER, str(self.data_dir), str(self._address),
            str(self._clients), *self._options,
            stdout=asyncio.subprocess.PIPE, env=child_environment(), cwd=ROOT,
        )  # fmt: skip
        node = NodeProcess(child)
        if wait:
            await node.serving()
        return node

    async def connect(self, index: int) -> Link:
        del index
        return await Link.connect(self._address)

    def seat(self, index: int) -> Seat:
        return Seat(FIRST_TRADER + index, FIRST_ACCOUNT + index)

    def answer(self, state: State, record: Record, stored: Receipt) -> bytes:
        del state, record
        return reply_of(stored).answer
