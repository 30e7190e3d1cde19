"""A script that moves vaults, a node that is followed while it is played, and what was kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from plimsoll.analytics.vault_history import VaultHistory
from plimsoll.analytics.vault_store import STORE_NAME, PointStore
from plimsoll.messages.commands import Command
from plimsoll.runtime.node import Node, NodeSettings
from plimsoll.runtime.pnl import Point
from tests.harness.vault_hours import (
    HOUR,
    MIDNIGHT,
    MINUTE,
    PRICE,
    accounts,
    exchange,
    first_account,
    oracle,
    traffic,
)
from tests.runtime.node_samples import Clock

SETTINGS = NodeSettings(snapshot_every=100, keep_snapshots=2)
Sent = list[tuple[int, Command, int]]


def script(hours: int, *, seed: int = 1, step: int = 20 * MINUTE) -> Sent:
    """Traffic from 22:30 on, over a midnight, with the time of each command."""
    clock = Clock(MIDNIGHT + 22 * HOUR + 30 * MINUTE)
    first = first_account()
    made = [(clock.now, *oracle(PRICE, clock.now))]
    made += [(clock.now, *one) for one in accounts(first)]
    return made + [(clock.now, *one) for one in traffic(seed, clock, first, hours, step)]


SCRIPT = script(8, step=4 * MINUTE)


@asynccontextmanager
async def opened(
    folder: Path, room: int = 10_000
) -> AsyncIterator[tuple[Node, VaultHistory, Clock]]:
    """A node that is followed with room for so many records, closed in order."""
    clock = Clock(SCRIPT[0][0])
    history = VaultHistory(folder)
    node = await Node.open(
        folder, bootstrap=exchange(), clock=clock, listen=history.listen, settings=SETTINGS
    )
    node.subscribe = partial(Node.subscribe, node, room)  # type: ignore[method-assign]
    history.follow(node)
    try:
        yield node, history, clock
    finally:
        await node.close()
        await history.close()


async def play(node: Any, clock: Clock, sent: Sent) -> None:
    """Send commands at their times; nearly all are accepted."""
    for now, command, principal in sent:
        clock.now = max(clock.now, now)
        await node.submit(command, principal=principal)


async def written(history: VaultHistory) -> None:
    """Wait until everything published by now is in the file."""
    await history.latest()
    await history.flush()


def kept(folder: Path) -> dict[tuple[str, int, int], Point]:
    """All points in a directory's file."""
    store = PointStore.read(folder / STORE_NAME)
    try:
        return store.everything()[1]
    finally:
        store.close()
