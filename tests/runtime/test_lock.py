"""One node at a time on a data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.errors import JournalLocked
from plimsoll.runtime.journal import Journal, Record
from plimsoll.runtime.lock import LOCK_NAME, DataDirLock

SOURCE = Path(__file__).parents[2] / "src"
HOLD = """
import sys
from plimsoll.runtime.lock import DataDirLock
lock = DataDirLock.acquire(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_second_is_refused_and_told_who(tmp_path: Path) -> None:
    """While one holds the lock, another is refused with the holder's process id."""
    with (
        DataDirLock.acquire(tmp_path),
        pytest.raises(JournalLocked, match=f"process {os.getpid()} on .+, started 20"),
    ):
        DataDirLock.acquire(tmp_path)


def test_release_lets_the_next_one_in(tmp_path: Path) -> None:
    """After release, done twice without harm, the lock is free and names nobody."""
    lock = DataDirLock.acquire(tmp_path)
    lock.release()
    lock.release()
    assert (tmp_path / LOCK_NAME).read_text() == ""
    with DataDirLock.acquire(tmp_path):
        assert str(os.getpid()) in (tmp_path / LOCK_NAME).read_text()


def test_a_killed_holder_frees_it(tmp_path: Path) -> None:
    """A holder in another process shuts us out; killed with SIGKILL, it does not any more."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(JournalLocked, match=f"process {child.pid} "):
            DataDirLock.acquire(tmp_path)
    finally:
        child.kill()
        child.communicate()
    with DataDirLock.acquire(tmp_path):
        assert str(os.getpid()) in (tmp_path / LOCK_NAME).read_text()


def test_missing_directory_is_explained(tmp_path: Path) -> None:
    """A directory that is not there gives the typed error with advice."""
    with pytest.raises(JournalLocked, match="data directory exists"):
        DataDirLock.acquire(tmp_path / "nowhere")


def test_epoch_shuts_out_the_earlier_writer(tmp_path: Path) -> None:
    """A writer that slipped past the lock is refused once another has opened the journal."""
    path = tmp_path / "journal.db"
    with Journal.open(path, create=True) as first:
        first.append([Record(1, 5, 0, "", b"one")])
        with Journal.open(path) as second:
            assert (first.epoch, second.epoch) == (1, 2)
            with pytest.raises(JournalLocked, match="another writer"):
                first.append([Record(2, 5, 0, "", b"intruder")])
            second.append([Record(2, 6, 0, "", b"two")])
            assert [record.body for record in second.read()] == [b"one", b"two"]
