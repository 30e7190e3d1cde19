"""A node behind the line protocol of `node_link`, for tests only; run as a program.

Arguments: data directory, socket, number of traders, records between snapshots, and perhaps
``ack-early``. It prints ``ready`` once it serves and closes cleanly on SIGTERM.

With ``ack-early`` it has the mistake that the crash test is there to find: it answers before the
commit.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import structlog

from plimsoll.core.state import State
from plimsoll.errors import NodeError
from plimsoll.messages import codec
from plimsoll.messages.fields import FieldError
from plimsoll.runtime.durability import DiskStore
from plimsoll.runtime.journal import Answer, Record
from plimsoll.runtime.node import Node, NodeSettings
from tests.harness.node_link import reply_of
from tests.runtime.node_samples import exchange

_LINE_BYTES_MAX = 1 << 22
LATE_SECONDS = 0.02


async def _execute(node: Node, request: dict[str, Any]) -> dict[str, Any]:
    try:
        command = codec.decode_command(bytes.fromhex(request["body"]))
        receipt = await node.submit(
            command, principal=request["principal"], client_id=request["client_id"]
        )
    except (NodeError, FieldError) as error:
        return {"id": request["id"], "error": type(error).__name__, "text": str(error)}
    reply = reply_of(receipt)
    return {
        "id": request["id"],
        "seq": reply.seq,
        "accepted": reply.accepted,
        "duplicate": reply.duplicate,
        "answer": reply.answer.hex(),
    }


async def _serve(node: Node, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    tasks: set[asyncio.Task[None]] = set()

    async def answer(request: dict[str, Any]) -> None:
        reply = await _execute(node, request)
        writer.write(json.dumps(reply).encode() + b"\n")

    try:
        while line := await reader.readline():
            task = asyncio.create_task(answer(json.loads(line)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    except (OSError, asyncio.CancelledError):
        pass  # the other side is gone, or this one goes
    finally:
        writer.close()


async def main(data_dir: Path, address: Path, traders: int, snapshot_every: int) -> None:
    """Serve until SIGTERM."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    node = await Node.open(
        data_dir,
        bootstrap=exchange(traders),
        settings=NodeSettings(snapshot_every=snapshot_every, check_every=100),
    )
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(node, reader, writer))
        connections.add(task)
        await task

    server = await asyncio.start_unix_server(accept, str(address), limit=_LINE_BYTES_MAX)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()
    for task in connections:
        task.cancel()
    await node.close()


def ack_early() -> None:
    """Make the node answer at once and write a little later."""

    async def commit(store: DiskStore, records: list[Record], answers: list[Answer]) -> None:
        store._writer._call(lambda _: time.sleep(LATE_SECONDS))
        store._writer.submit(records, answers)

    close = DiskStore.close

    async def close_late(store: DiskStore, state: State | None, seq: int) -> None:
        await asyncio.wrap_future(store._writer._call(lambda _: None))
        await close(store, state, seq)

    DiskStore.commit = commit  # type: ignore[method-assign]
    DiskStore.close = close_late  # type: ignore[method-assign]


if __name__ == "__main__":
    Path(sys.argv[2]).unlink(missing_ok=True)  # a killed node left it
    if "ack-early" in sys.argv:
        ack_early()
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
