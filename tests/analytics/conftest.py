"""A directory whose history nothing interrupted, for others to be compared with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.analytics.kept import SCRIPT, opened, play


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the script was played without an interruption."""
    folder = tmp_path_factory.mktemp("whole") / "data"

    async def run() -> None:
        async with opened(folder) as (node, _, clock):
            await play(node, clock, SCRIPT)

    asyncio.run(run())
    return folder
