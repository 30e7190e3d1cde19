"""The journal on its own thread: group commit, order, failure, asyncio."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from plimsoll.errors import (
    JournalFormat,
    JournalRefused,
    JournalWriteFailed,
)
from plimsoll.runtime.journal import (
    Answer,
    Head,
    Journal,
    JournalReader,
    JournalWriter,
    Record,
)
from tests.runtime.journal_samples import (
    BIRTH,
    COUNT,
    RECORDS,
    make_answers,
)

# --- the writer thread ----------------------------------------------------------------------


def test_writer_commits_in_order(tmp_path: Path) -> None:
    """Submissions are durable when their futures resolve, in order; close commits the rest."""
    path = tmp_path / "journal.db"
    order: list[int] = []
    with JournalWriter(path, create=True, birth=BIRTH) as writer:
        assert (writer.epoch, writer.recovered.seq) == (1, 0)
        for record in RECORDS[:20]:
            future = writer.submit([record], make_answers([record]))
            future.add_done_callback(lambda done: order.append(done.result()))
            assert not future.cancel()
        assert future.result() == 20
        with JournalReader.open(path) as reader:
            assert list(reader.read()) == RECORDS[:20]
        assert writer.set_meta("note", b"x").result() is None
        assert writer.prune_answers(1002).result() == 2
        last = writer.submit(RECORDS[20:], make_answers(RECORDS[20:]))
    assert last.result() == COUNT
    assert order == list(range(1, 21))
    assert writer.pending == 0
    with JournalReader.open(path) as reader:
        assert list(reader.read()) == RECORDS
        assert reader.meta("note") == b"x"
        assert reader.verify().ok


def test_writer_groups_what_has_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is submitted during a commit goes into the next one together."""
    sizes: list[int] = []
    append: Callable[..., None] = Journal.append
    with JournalWriter(tmp_path / "journal.db", create=True) as writer:

        def counting(journal: Journal, batch: list[Record], answers: list[Answer]) -> None:
            if not sizes:  # the rest arrives while the first commit is under way
                later.extend(writer.submit([r], make_answers([r])) for r in RECORDS[1:])
            sizes.append(len(batch))
            append(journal, batch, answers)

        later: list[object] = []
        monkeypatch.setattr(Journal, "append", counting)
        writer.submit(RECORDS[:1], make_answers(RECORDS[:1])).result()
    assert sizes == [1, COUNT - 1]


def test_writer_refuses_at_once(tmp_path: Path) -> None:
    """A batch out of order is refused where it is submitted and does not disturb the others."""
    with JournalWriter(tmp_path / "journal.db", create=True) as writer:
        first = writer.submit(RECORDS[:8], make_answers(RECORDS[:8]))
        with pytest.raises(JournalRefused, match="the next one is 9"):
            writer.submit(RECORDS[9:12], make_answers(RECORDS[9:12]))
        second = writer.submit(RECORDS[8:9], make_answers(RECORDS[8:9]))
        assert (first.result(), second.result()) == (8, 9)
    with pytest.raises(JournalRefused, match="closed"):
        writer.submit(RECORDS[9:12], make_answers(RECORDS[9:12]))


def test_writer_failure_reaches_everyone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed write every pending and later submission fails, and none is tried again."""
    path = tmp_path / "journal.db"
    calls: list[int] = []

    def fail(self: Journal, batch: object, answers: object) -> Head:
        calls.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    with JournalWriter(path, create=True) as writer:
        writer.submit(RECORDS[:8], make_answers(RECORDS[:8])).result()
        monkeypatch.setattr(Journal, "_insert", fail)
        futures = [writer.submit([r], make_answers([r])) for r in RECORDS[8:12]]
        for future in futures:
            with pytest.raises(JournalWriteFailed, match="disk I/O error"):
                future.result()
        monkeypatch.undo()
        with pytest.raises(JournalWriteFailed, match="no more writes"):
            writer.submit(RECORDS[12:13], make_answers(RECORDS[12:13])).result()
    assert len(calls) == 1
    with Journal.open(path) as journal:
        assert list(journal.read()) == RECORDS[:8]


def test_writer_that_cannot_open(tmp_path: Path) -> None:
    """A failure to open on the writer's thread is raised where the writer is made."""
    with pytest.raises(JournalFormat, match="no journal at"):
        JournalWriter(tmp_path / "journal.db")


def test_writer_under_asyncio(tmp_path: Path) -> None:
    """A coroutine awaits its batch; giving up the wait does not withdraw the record."""

    async def scenario(writer: JournalWriter) -> None:
        impatient = asyncio.wrap_future(writer.submit(RECORDS[:1], make_answers(RECORDS[:1])))
        impatient.cancel()
        batch = RECORDS[1:3]
        assert await asyncio.wrap_future(writer.submit(batch, make_answers(batch))) == 3

    path = tmp_path / "journal.db"
    with JournalWriter(path, create=True) as writer:
        asyncio.run(scenario(writer))
    with JournalReader.open(path) as reader:
        assert list(reader.read()) == RECORDS[:3]
