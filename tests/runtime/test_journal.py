"""The journal: what goes in comes out; what must not go in is refused; failed writes halt it."""

from __future__ import annotations

import errno
import pickle
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll import errors
from plimsoll.errors import (
    JournalCorrupt,
    JournalFormat,
    JournalRefused,
    JournalWriteFailed,
    PlimsollError,
)
from plimsoll.runtime import journal_files, journal_store
from plimsoll.runtime.journal import (
    Answer,
    Journal,
    JournalReader,
    Record,
    copy_until,
)
from plimsoll.runtime.journal_files import AckMark, scan_wal
from tests.runtime.journal_samples import (
    ANSWERS,
    BIRTH,
    COUNT,
    RECORDS,
    alter,
    copy_of,
    fill,
    fill_batch,
    make_answer,
    make_answers,
    make_record,
)

# --- round trip -----------------------------------------------------------------------------


@pytest.mark.parametrize("image", ["closed", "crashed"])
def test_round_trip(image: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Records, answers, meta entries and head come back, after a clean end and after a crash."""
    path = copy_of(request.getfixturevalue(image), tmp_path / "copy")
    with Journal.open(path) as journal:
        assert list(journal.read()) == RECORDS
        assert list(journal.read(7, 9)) == RECORDS[6:9]
        assert list(journal.read(COUNT + 1)) == []
        assert journal.answers(1, COUNT) == ANSWERS
        assert journal.find_answer(1, "id-7") == make_answer(RECORDS[6])
        assert journal.find_answer(2, "id-7") is None
        assert journal.birth() == BIRTH
        assert journal.head()[:2] == (COUNT, 1020)
        assert journal.head() == journal.head_at(COUNT)
        assert journal.epoch == 2
        report = journal.verify()
        assert report.ok
        assert report == (journal.head(), COUNT, len(ANSWERS), ())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(-(2**63) + 1, 2**63 - 1),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
            st.binary(max_size=300),
            st.one_of(st.just(b""), st.binary(min_size=16, max_size=32)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_content(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, str, bytes, bytes]]
) -> None:
    """Every value of every field survives, and equal histories give equal chains."""
    records, ts, names = [], 0, set()
    for seq, (step, principal, name, body, digest) in enumerate(rows, 1):
        ts += step
        client_id = name if (principal, name) not in names else ""
        names.add((principal, client_id))
        records.append(Record(seq, ts, principal, client_id, body, digest))
    heads = []
    for step in (1, 5):
        path = tmp_path_factory.mktemp("any") / "journal.db"
        with Journal.open(path, create=True) as journal:
            fill(journal, records, step)
        with JournalReader.open(path) as reader:
            assert list(reader.read()) == records
            for answer in make_answers(records):
                assert reader.find_answer(answer.principal, answer.client_id) == answer
            assert reader.verify().ok
            heads.append(reader.head())
    assert heads[0] == heads[1]


def test_chain_covers_birth(tmp_path: Path) -> None:
    """The same records under other genesis parameters make another chain."""
    chains = set()
    for value in (b"a", b"b"):
        with Journal.open(tmp_path / f"{value!r}.db", create=True, birth={"g": value}) as journal:
            fill(journal)
            chains.add(journal.head().chain)
    assert len(chains) == 2


def test_reader_beside_writer(tmp_path: Path) -> None:
    """A reader sees what is committed while the writer goes on, and cannot be asked for more."""
    path = tmp_path / "journal.db"
    with Journal.open(path, create=True) as journal:
        fill(journal, RECORDS[:8])
        with JournalReader.open(path) as reader:
            assert reader.head().seq == 8
            fill_batch(journal, 8, 16)
            assert list(reader.read()) == RECORDS[:16]
            with pytest.raises(JournalRefused, match="1 to 17 are not in"):
                list(reader.read(1, 17))


def test_long_journal_is_read_in_pieces(tmp_path: Path) -> None:
    """Reading and auditing go on across the internal chunks; the log is checkpointed on the way."""
    path = tmp_path / "journal.db"
    records = [make_record(seq, b"x" * 1000) for seq in range(1, 9001)]
    with Journal.open(path, create=True) as journal:
        fill(journal, records, step=3000)
        assert path.stat().st_size > 4 << 20
        assert list(journal.read(2000, 8500)) == records[1999:8500]
        assert journal.verify() == (journal.head(), 9000, 4500, ())


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "answers"),
    [
        ([], []),
        ([Record(2, 5, 0, "", b"")], []),
        ([Record(1, 5, 0, "", b""), Record(3, 5, 0, "", b"")], []),
        ([Record(1, -1, 0, "", b"")], []),
        ([Record(1, 5, 0, "", b""), Record(2, 4, 0, "", b"")], []),
        ([Record(1, 2**63, 0, "", b"")], []),
        ([Record(1, 5, 2**63, "", b"")], []),
        ([Record(1, 5, 0, "", bytes((1 << 20) + 1))], []),
        ([Record(1, 5, 0, "", b"", b"short")], []),
        ([Record(1, 5, 0, "x" * 129, b"")], []),
        ([Record(1, 5, 0, "\ud800", b"")], []),
        ([Record(1, 5, 0, "a", b"")], []),
        ([Record(1, 5, 0, "", b"")], [Answer(0, "", 1, bytes(32), b"")]),
        ([Record(1, 5, 0, "a", b"")], [Answer(1, "a", 1, bytes(32), b"")]),
        ([Record(1, 5, 0, "a", b"")], [Answer(0, "a", 1, b"", b"")]),
        ([Record(1, 5, 0, "a", b"")], [Answer(0, "a", 1, bytes(32), b"")] * 2),
    ],
)
def test_bad_batches_are_refused(
    tmp_path: Path, batch: list[Record], answers: list[Answer]
) -> None:
    """A batch against the rules is refused whole, and the journal goes on."""
    with Journal.open(tmp_path / "journal.db", create=True) as journal:
        with pytest.raises(JournalRefused):
            journal.append(batch, answers)
        assert journal.head().seq == 0
        fill(journal)
        assert list(journal.read()) == RECORDS


def test_a_client_id_is_used_once(tmp_path: Path) -> None:
    """A second record under a client id is stopped by the table and halts the journal."""
    path = tmp_path / "journal.db"
    again = Record(2, 5, 1, "id-1", b"other")
    with Journal.open(path, create=True) as journal:
        fill(journal, RECORDS[:1])
        with pytest.raises(JournalWriteFailed, match="UNIQUE"):
            journal.append([Record(2, 2000, 1, "id-1", b"other")], [make_answer(again)])
        with pytest.raises(JournalWriteFailed, match="no more writes"):
            fill_batch(journal, 1, 2)
    with Journal.open(path) as journal:
        assert list(journal.read()) == RECORDS[:1]


def test_meta_entries(tmp_path: Path) -> None:
    """Changeable entries change and persist; those of birth and the journal's own do not."""
    path = tmp_path / "journal.db"
    with Journal.open(path, create=True, birth=BIRTH) as journal:
        journal.set_meta("note", b"1")
        journal.set_meta("note", b"2")
        for key in ("genesis", "epoch", "answers_from"):
            with pytest.raises(JournalRefused, match="cannot be changed"):
                journal.set_meta(key, b"")
    with JournalReader.open(path) as reader:
        assert (reader.meta("note"), reader.meta("genesis")) == (b"2", b"parameters")
        assert reader.meta("nothing") is None


def test_pruned_answers(tmp_path: Path) -> None:
    """Answers go by age and by count, the rest stay, and a full check knows where they begin."""
    path = tmp_path / "journal.db"
    with Journal.open(path, create=True) as journal:
        fill(journal)
        assert journal.prune_answers(1005) == 5  # records 1 to 9; the answers of odd ones
        assert journal.find_answer(0, "id-9") is None
        assert journal.find_answer(2, "id-11") == make_answer(RECORDS[10])
        assert journal.prune_answers(1005) == 0
        assert journal.prune_answers(0, keep_at_most=10) == 10
        assert journal.answers_from() == 31
        assert journal.answers(1, COUNT) == make_answers(RECORDS[30:])
        assert journal.verify().ok
    with JournalReader.open(path) as reader:
        copy_until(reader, tmp_path / "fork.db", 35)
    with Journal.open(tmp_path / "fork.db") as fork:
        assert fork.verify().ok
        assert fork.answers(1, 35) == make_answers(RECORDS[30:35])


# --- failing writes -------------------------------------------------------------------------


def test_full_disk(tmp_path: Path) -> None:
    """A full disk gives a typed error, no head moves, no later write passes; reopening works."""
    path = tmp_path / "journal.db"
    with Journal.open(path, create=True) as journal:
        fill(journal, RECORDS[:8])
        journal._db.execute("PRAGMA max_page_count = 8")
        big = [make_record(9, bytes(100_000))]
        with pytest.raises(JournalWriteFailed, match=r"full.*free disk space"):
            journal.append(big, make_answers(big))
        assert journal.head().seq == 8
        with pytest.raises(JournalWriteFailed, match="no more writes"):
            fill_batch(journal, 8, 9)
        with pytest.raises(JournalWriteFailed, match="no more writes"):
            journal.set_meta("k", b"v")
    with Journal.open(path) as journal:
        assert list(journal.read()) == RECORDS[:8]
        fill_batch(journal, 8, COUNT)
        assert journal.verify().ok


def test_failing_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the mark cannot be written the batch is not acknowledged, though it may be there."""
    path = tmp_path / "journal.db"

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with Journal.open(path, create=True) as journal:
        monkeypatch.setattr(AckMark, "write", fail)
        with pytest.raises(JournalWriteFailed, match="Input/output"):
            fill_batch(journal, 0, 8)
        with pytest.raises(JournalWriteFailed, match="no more writes"):
            fill_batch(journal, 8, 16)
    monkeypatch.undo()
    with Journal.open(path) as journal:
        assert list(journal.read()) == RECORDS[:8]


def test_interrupted_append_stops_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception of any kind inside a transaction leaves nothing behind and halts."""
    path = tmp_path / "journal.db"

    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    with Journal.open(path, create=True) as journal:
        monkeypatch.setattr(journal_store, "next_chain", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fill_batch(journal, 0, 8)
        monkeypatch.undo()
        with pytest.raises(JournalWriteFailed, match="no more writes"):
            fill_batch(journal, 0, 8)
    with Journal.open(path) as journal:
        assert journal.head().seq == 0


# --- format ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("PRAGMA user_version = 99", "has format 99"),
        ("PRAGMA application_id = 7", "not a Plimsoll journal"),
        ("ALTER TABLE records ADD COLUMN extra TEXT", "tables"),
        ("DROP INDEX answers_by_client", "tables"),
    ],
)
def test_foreign_formats(closed: Path, tmp_path: Path, change: str, message: str) -> None:
    """A newer, a foreign and an altered file are refused by writer and reader."""
    path = copy_of(closed, tmp_path / "copy")
    alter(path, change)
    for opening in (Journal.open, JournalReader.open):
        with pytest.raises((JournalFormat, JournalCorrupt), match=message):
            opening(path)


def test_not_a_journal(tmp_path: Path) -> None:
    """A missing file, a foreign database, an unfinished one and rubbish each get a typed error."""
    path = tmp_path / "journal.db"
    for opening in (Journal.open, JournalReader.open):
        with pytest.raises(JournalFormat, match="no journal at"):
            opening(path)
    alter(path, "CREATE TABLE other (x)")
    with pytest.raises(JournalFormat, match="not a Plimsoll journal"):
        Journal.open(path, create=True)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)  # left as it was
    db.close()
    path.write_bytes(b"rubbish " * 1000)
    with pytest.raises(JournalCorrupt, match="not a database"):
        Journal.open(path, create=True)


def test_unfinished_creation_is_repeated(tmp_path: Path) -> None:
    """A file whose creation was cut short is refused for use and completed by the next creation."""
    path = tmp_path / "journal.db"
    alter(path, "PRAGMA journal_mode = WAL")
    with pytest.raises(JournalFormat):
        Journal.open(path)
    with Journal.open(path, create=True) as journal:
        fill(journal)
        assert journal.verify().ok


def test_durability_settings(tmp_path: Path) -> None:
    """Commits are synced: WAL mode with synchronous = FULL, and no hidden checkpoints."""
    with Journal.open(tmp_path / "journal.db", create=True) as journal:
        settings = ("journal_mode", "synchronous", "wal_autocheckpoint")
        found = [journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in settings]
        assert found == ["wal", 2, 0]


# --- the errors -----------------------------------------------------------------------------


def test_errors_say_what_to_do_and_travel() -> None:
    """Every error class has advice, and an error survives the way to another process."""
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    assert len(classes) > 10
    for kind in classes:
        assert issubclass(kind, PlimsollError)
        error = kind("it broke", remedy="Mend it.")
        copy = pickle.loads(pickle.dumps(error))
        assert (str(copy), type(copy)) == ("it broke. Mend it.", kind)
        assert len(kind.remedy) > 20
        assert str(kind("it broke")) == f"it broke. {kind.remedy}"
    corrupt = pickle.loads(pickle.dumps(JournalCorrupt("gap", seq=7)))
    assert corrupt.seq == 7


def test_empty_log_scans_as_empty(tmp_path: Path) -> None:
    """A missing, short or foreign log has no frames, which is not an error."""
    log = tmp_path / "journal.db-wal"
    assert scan_wal(log) == (0, 0, 0)
    for content in (b"", b"x" * 31, b"x" * 5000):
        log.write_bytes(content)
        assert scan_wal(log) == journal_files.WalScan(0, 0, 0)
