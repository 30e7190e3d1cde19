"""Damage of any kind to a journal is noticed, named and survived as far as possible."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from plimsoll.errors import (
    JournalCorrupt,
    JournalError,
    JournalRefused,
)
from plimsoll.runtime.journal import (
    Answer,
    Head,
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
    make_answers,
)

FLIPS = 130


# --- damage ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 20, COUNT])
@pytest.mark.parametrize(
    "change",
    [
        "ts = ts + 1",
        "principal = principal + 1",
        "client_id = client_id || 'x'",
        "body = CAST(substr(body, 2) AS BLOB)",
        "body = CAST('B' || substr(body, 2) AS BLOB)",
        "digest = x''",
        "chain = zeroblob(32)",
        "seq = 1000 + seq",
    ],
)
def test_changed_field_is_found(closed: Path, tmp_path: Path, change: str, seq: int) -> None:
    """A change of any field of any record is found by reading and by the full check, with place."""
    path = copy_of(closed, tmp_path / "copy")
    alter(path, f"UPDATE records SET {change} WHERE seq = {seq}")
    with JournalReader.open(path, salvage=True) as reader:
        report = reader.verify()
        assert not report.ok
        assert report.records == seq - 1
        assert list(reader.read(1, seq - 1)) == RECORDS[: seq - 1]
        with pytest.raises(JournalCorrupt) as found:
            list(reader.read())
        assert found.value.seq == seq
        assert "plimsoll fork --at" in str(found.value)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE answers SET answer = x'00' WHERE seq = 7",
        "UPDATE answers SET principal = 9 WHERE seq = 7",
        "UPDATE answers SET client_id = 'id-8' WHERE seq = 7",
        "UPDATE answers SET seq = 8 WHERE seq = 7",
        "UPDATE answers SET seq = 99 WHERE seq = 7",
        "UPDATE answers SET body_hash = zeroblob(32) WHERE seq = 7",
        "DELETE FROM answers WHERE seq = 7",
    ],
)
def test_changed_answer_is_found(closed: Path, tmp_path: Path, change: str) -> None:
    """A changed answer is never given out, and the full check misses none."""
    path = copy_of(closed, tmp_path / "copy")
    alter(path, change)
    with Journal.open(path) as journal:
        report = journal.verify()
        assert not report.ok
        assert report.records == COUNT
        found = None
        with suppress(JournalCorrupt):
            found = journal.find_answer(1, "id-7")
        assert found is None


@pytest.mark.parametrize("key", ["genesis", "epoch"])
def test_changed_meta_entry_is_found(closed: Path, tmp_path: Path, key: str) -> None:
    """A changed meta entry stops the opening."""
    path = copy_of(closed, tmp_path / "copy")
    alter(path, f"UPDATE meta SET value = x'0000000000000009' WHERE key = '{key}'")
    with pytest.raises(JournalCorrupt, match=key):
        Journal.open(path)


def _outcome(path: Path, head: Head) -> bool:
    """True if everything is there unchanged, False if it was refused; fails on anything else."""
    try:
        with Journal.open(path) as journal:
            assert list(journal.read()) == RECORDS
            found = [journal.find_answer(a.principal, a.client_id) for a in ANSWERS]
            assert {type(answer) for answer in found} <= {Answer, type(None)}
            assert [a for a in found if a] == [a for a, b in zip(ANSWERS, found, strict=True) if b]
            report = journal.verify()
            if report.ok:
                assert found == ANSWERS
                assert journal.birth() == BIRTH
                assert report == (head, COUNT, len(ANSWERS), ())
            return report.ok
    except JournalError:
        return False


@pytest.mark.parametrize("image", ["closed", "crashed"])
def test_random_bit_flips(image: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """One flipped bit in any file is refused or harmless; nothing is changed or cut unnoticed."""
    source = request.getfixturevalue(image)
    with JournalReader.open(copy_of(source, tmp_path / "good")) as reader:
        head = reader.head()
    chance = random.Random(7)
    files = [source / "journal.db"] * 4 + [p for p in source.iterdir() if p.name != "journal.db"]
    refused = 0
    for _ in range(FLIPS):
        path = copy_of(source, tmp_path / "copy")
        victim = path.parent / chance.choice(files).name
        data = bytearray(victim.read_bytes())
        # Half of the flips where there is content: most of a small database is empty space.
        used = [i for i, byte in enumerate(data) if byte] if chance.random() < 0.5 else None
        place = chance.choice(used) if used else chance.randrange(len(data))
        data[place] ^= 1 << chance.randrange(8)
        victim.write_bytes(data)
        refused += not _outcome(path, head)
    assert FLIPS // 8 < refused < FLIPS


def test_every_truncation_of_the_log(crashed: Path, tmp_path: Path) -> None:
    """A write-ahead log cut anywhere before its last frame's end means lost records: refused."""
    size = (crashed / "journal.db-wal").stat().st_size
    for length in range(0, size, size // 40):
        path = copy_of(crashed, tmp_path / "copy")
        with (path.parent / "journal.db-wal").open("r+b") as log:
            log.truncate(length)
        with pytest.raises(JournalCorrupt, match=r"lost acknowledged records \d+ to 40"):
            Journal.open(path)


# --- torn tails and lost records ------------------------------------------------------------


def test_lost_tail_is_refused(closed: Path, tmp_path: Path) -> None:
    """A journal that ends before its mark is refused, and says what to do to accept the loss."""
    path = copy_of(closed, tmp_path / "copy")
    alter(path, "DELETE FROM records WHERE seq > 38", "DELETE FROM answers WHERE seq > 38")
    with pytest.raises(JournalCorrupt, match=r"records 39 to 40.*remove journal\.ack") as found:
        Journal.open(path)
    assert found.value.seq == 39
    path.with_suffix(".ack").unlink()
    with Journal.open(path) as journal:
        assert list(journal.read()) == RECORDS[:38]


@pytest.mark.parametrize("content", [None, b""])
def test_lost_file_is_not_replaced(closed: Path, tmp_path: Path, content: bytes | None) -> None:
    """A missing or emptied journal with a mark beside it is not silently created anew."""
    path = copy_of(closed, tmp_path / "copy")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="records 1 to 40"):
        Journal.open(path, create=True)


def test_other_history_of_the_same_length(closed: Path, tmp_path: Path) -> None:
    """Another journal put beside the mark of this one is refused, though it is long enough."""
    path = tmp_path / "journal.db"
    with Journal.open(path, create=True, birth={"genesis": b"other"}) as journal:
        fill(journal)
    shutil.copy(closed / "journal.ack", tmp_path)
    with pytest.raises(JournalCorrupt, match="not the one that was acknowledged"):
        Journal.open(path)


def test_mark_survives_one_bad_slot(tmp_path: Path) -> None:
    """With either slot spoilt the mark falls back to the other; each write spares the newest."""
    path = tmp_path / "journal.ack"
    for newest in (2, 3):
        mark = AckMark(path)
        mark.write(newest, b"c" * 32)
        mark.close()
    assert _left_by_one_bad_slot(path) == {2, 3}
    mark = AckMark(path)
    for newest in (4, 5):
        mark.write(newest, b"d" * 32)
    mark.close()
    assert AckMark.read(path) == (5, b"d" * 32)
    assert _left_by_one_bad_slot(path) == {4, 5}
    path.write_bytes(b"")
    assert AckMark.read(path) is None


def _left_by_one_bad_slot(path: Path) -> set[int]:
    """The marks read with one slot spoilt and with the other; the file is left intact."""
    good = path.read_bytes()
    left = []
    for offset in (0, 512):
        path.write_bytes(good[:offset] + bytes(20) + good[offset + 20 :])
        left.append(AckMark.read(path))
    path.write_bytes(good)
    return {mark.seq for mark in left if mark}


def test_torn_tail_is_cut_and_counted(crashed: Path, tmp_path: Path) -> None:
    """Frames of a transaction that never committed are dropped; opening tells how many."""
    path = copy_of(crashed, tmp_path / "copy")
    log = path.with_name("journal.db-wal")
    frames = scan_wal(log).committed
    page = 4096 + 24
    with log.open("r+b") as file:
        file.seek(32)
        first = bytearray(file.read(page))
        first[4:8] = bytes(4)  # not a commit frame
        file.seek(0, 2)
        file.write(first * 3 + first[: page // 2])
    with Journal.open(path) as journal:
        assert journal.wal == (frames, 3, 0)
        assert list(journal.read()) == RECORDS


def test_damage_inside_the_log_without_a_mark(crashed: Path, tmp_path: Path) -> None:
    """Without the mark too, a break before later commits is damage; in the last one it is torn."""
    source = crashed / "journal.db-wal"
    page = 4096 + 24
    commits = [
        index
        for index in range(scan_wal(source).committed)
        if any(source.read_bytes()[32 + index * page + 4 : 32 + index * page + 8])
    ]
    outcomes = []
    for index in commits:
        path = copy_of(crashed, tmp_path / "copy")
        path.with_suffix(".ack").unlink()
        log = path.with_name("journal.db-wal")
        data = bytearray(log.read_bytes())
        data[32 + index * page + 100] ^= 1
        log.write_bytes(data)
        try:
            with Journal.open(path) as journal:
                outcomes.append(journal.head().seq)
        except JournalCorrupt as error:
            assert "write-ahead log" in error.message
            outcomes.append(-1)
    assert outcomes == [-1, -1, 32]


# --- forks ----------------------------------------------------------------------------------


def test_copy_until(closed: Path, tmp_path: Path) -> None:
    """A copy has the same chain up to its end and goes on by itself; no target is overwritten."""
    target = tmp_path / "fork" / "journal.db"
    target.parent.mkdir()
    with JournalReader.open(copy_of(closed, tmp_path / "copy")) as reader:
        assert copy_until(reader, target, 25) == reader.head_at(25)
        with pytest.raises(JournalRefused, match="exists already"):
            copy_until(reader, target, 25)
        with pytest.raises(JournalRefused, match="41 are not in"):
            copy_until(reader, tmp_path / "longer.db", COUNT + 1)
    assert {path.name for path in target.parent.iterdir()} == {"journal.db", "journal.ack"}
    assert not list(tmp_path.glob("longer*"))
    with Journal.open(target) as fork:
        assert list(fork.read()) == RECORDS[:25]
        assert fork.answers(1, 25) == make_answers(RECORDS[:25])
        assert fork.birth() == BIRTH
        assert fork.mark is not None
        assert fork.mark.seq == 25
        fork.append([Record(26, 5000, 0, "", b"another way")])
        assert fork.verify().ok


def test_fork_saves_what_precedes_damage(closed: Path, tmp_path: Path) -> None:
    """From a damaged journal, refused by the node, everything before the damage can be copied."""
    path = copy_of(closed, tmp_path / "copy")
    alter(path, "UPDATE records SET body = x'00' WHERE seq = 39")
    with pytest.raises(JournalCorrupt, match="record 39"):
        Journal.open(path)
    with JournalReader.open(path, salvage=True) as reader:
        copy_until(reader, tmp_path / "saved.db", 38)
        with pytest.raises(JournalCorrupt, match="record 39"):
            copy_until(reader, tmp_path / "more.db", 39)
    with JournalReader.open(tmp_path / "saved.db") as saved:
        assert list(saved.read()) == RECORDS[:38]
    assert not (tmp_path / "more.db").exists()
