"""Journals to damage, as a clean end and as a crash leave them; nodes on disk and in memory."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plimsoll.runtime.journal import (
    Journal,
)
from plimsoll.runtime.node import MemoryNode, Node
from tests.runtime.journal_samples import (
    BIRTH,
    RECORDS,
    fill,
    fill_rest,
)
from tests.runtime.node_samples import Clock, OpenNode, exchange


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a journal of RECORDS, closed."""
    directory = tmp_path_factory.mktemp("closed")
    with Journal.open(directory / "journal.db", create=True, birth=BIRTH) as journal:
        fill(journal)
    return directory


@pytest.fixture(scope="session")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the same journal as a crash leaves it: half in the write-ahead log."""
    directory = tmp_path_factory.mktemp("crashed")
    live = tmp_path_factory.mktemp("live") / "journal.db"
    with Journal.open(live, create=True, birth=BIRTH) as journal:
        fill(journal, RECORDS[:16])
        journal.checkpoint()
        fill_rest(journal)
        for path in live.parent.iterdir():
            if not path.name.endswith("-shm"):
                shutil.copy(path, directory)
    return directory


@pytest.fixture
async def open_node(tmp_path: Path) -> AsyncIterator[OpenNode]:
    """Opens nodes on one data directory and closes what is left open."""
    opened: list[Node] = []

    async def call(**options: Any) -> Node:
        options = {"bootstrap": exchange(), "clock": Clock(), **options}
        opened.append(await Node.open(tmp_path / "data", **options))
        return opened[-1]

    yield call
    for node in opened:
        await node.close()


@pytest.fixture
async def memory() -> AsyncIterator[MemoryNode]:
    """A node without a disk."""
    async with await MemoryNode.open(bootstrap=exchange(), clock=Clock()) as node:
        yield node
