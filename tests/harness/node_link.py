"""How the crash test reaches a node in another process: the one class to replace for another door.

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
from typing import Any

from plimsoll.messages import codec
from plimsoll.runtime.node import Receipt

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
    """What the node answered. ``answer`` holds everything of the first answer."""

    seq: int
    duplicate: bool
    accepted: bool
    answer: bytes


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

    @classmethod
    async def start(
        cls, data_dir: Path, address: Path, *options: str, wait: bool = True
    ) -> NodeProcess:
        """Start a node on a data directory; ``wait`` until it serves. Errors: RuntimeError."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", SERVER, str(data_dir), str(address), *options,
            stdout=asyncio.subprocess.PIPE, env=child_environment(), cwd=ROOT,
        )  # fmt: skip
        node = cls(child)
        if wait:
            try:
                await asyncio.wait_for(node._serving(), START_SECONDS_MAX)
            except BaseException:
                await node.kill()
                raise
        return node

    async def _serving(self) -> None:
        if self._child.stdout is None or await self._child.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the node ended with status {await self._child.wait()}")

    async def kill(self) -> None:
        """SIGKILL, at once."""
        if self._child.returncode is None:
            self._child.kill()
        await self._child.communicate()

    async def stop(self) -> None:
        """SIGTERM: a clean close. Errors: RuntimeError if it was not clean."""
        self._child.terminate()
        await self._child.communicate()
        if self._child.returncode != 0:
            raise RuntimeError(f"the node ended with status {self._child.returncode}")
