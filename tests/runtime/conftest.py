"""Journals to damage, as a clean end and as a crash leave them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plimsoll.runtime.journal import (
    Journal,
)
from tests.runtime.journal_samples import (
    BIRTH,
    RECORDS,
    fill,
    fill_rest,
)


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
