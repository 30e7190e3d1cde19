"""The demonstration client: an account with play money and an API key, ready in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from plimsoll.cli.connection import DEMO_FILE
from plimsoll.errors import ConfigError
from plimsoll.messages.events import Event
from plimsoll.runtime.keys import READ, TRADE, WITHDRAW, KeyStore
from plimsoll.runtime.node import NodeBase
from plimsoll.sim.population import Enrolment, enrol, find
from plimsoll.units import QUOTE_SCALE

NAME: Final = "demo-client"
DEPOSIT: Final = 100_000 * QUOTE_SCALE
SCOPES: Final = (READ, TRADE, WITHDRAW)


class DemoClient(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs to trade: where, who, and on which account."""

    url: str
    key_id: str
    secret: str
    account: int

    def __repr__(self) -> str:
        return f"DemoClient(url={self.url!r}, key_id={self.key_id!r}, account={self.account})"


async def join(node: NodeBase, name: str, deposit: int) -> tuple[int, int]:
    """Principal and account of ``name``, made and funded if missing. Errors: `ConfigError`."""
    known = await node.query(lambda state: find(state, name))
    steps = enrol(name, deposit, known)
    return await _drive(node, steps)


async def _drive(node: NodeBase, steps: Enrolment) -> tuple[int, int]:
    try:
        command, principal = next(steps)
        while True:
            receipt = await node.submit(command, principal=principal)
            events: list[Event] = list(receipt.events)
            command, principal = steps.send(events)
    except StopIteration as done:
        found: tuple[int, int] = done.value
        return found


async def prepare(node: NodeBase, keys: KeyStore, data_dir: Path, url: str, now: int) -> DemoClient:
    """The client of this data directory; its file is written (mode 0600) when anything is new."""
    principal, account = await join(node, NAME, DEPOSIT)
    path = data_dir / DEMO_FILE
    before = _read(path)
    key = keys.find(before.key_id, now_ms=now) if before is not None else None
    if before is not None and key is not None and key.principal == principal:
        made = DemoClient(url=url, key_id=key.key_id, secret=key.secret, account=account)
    else:
        fresh = keys.create(principal, SCOPES, NAME, now_ms=now)
        made = DemoClient(url=url, key_id=fresh.key_id, secret=fresh.secret, account=account)
    if made != before:
        _write(path, msgspec.to_builtins(made))
    return made


def _read(path: Path) -> DemoClient | None:
    """The client of an earlier start, None if there is no file or it is of no use."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=DemoClient)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _write(path: Path, values: Any) -> None:
    """Replace the file in one step; it is never readable by others, nor half written."""
    partial = path.with_name(path.name + ".new")
    text = json.dumps(values, indent=2) + "\n"
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        partial.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error
