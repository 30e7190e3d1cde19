"""Records, answers and damage for the journal's tests."""

from __future__ import annotations

import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

from plimsoll.runtime.journal import (
    Answer,
    Journal,
    Record,
)

BIRTH = {"genesis": b"parameters", "code_version": b"1.0"}
COUNT = 40


def make_record(seq: int, body: bytes | None = None) -> Record:
    """The record with this number; odd ones have a client id."""
    client_id = f"id-{seq}" if seq % 2 else ""
    text = body if body is not None else b"body of %d" % seq * 5
    return Record(seq, 1000 + seq // 2, seq % 3, client_id, text, sha256(text).digest()[:16])


def make_answer(record: Record) -> Answer:
    """The answer to a record."""
    sent = sha256(record.body).digest()
    return Answer(record.principal, record.client_id, record.seq, sent, b"ok %d" % record.seq)


def make_answers(records: list[Record]) -> list[Answer]:
    """The answers to those records that have a client id."""
    return [make_answer(record) for record in records if record.client_id]


RECORDS = [make_record(seq) for seq in range(1, COUNT + 1)]
ANSWERS = make_answers(RECORDS)


def fill(journal: Journal, records: list[Record] = RECORDS, step: int = 8) -> None:
    """Append records in batches of ``step``."""
    for start in range(0, len(records), step):
        batch = records[start : start + step]
        journal.append(batch, make_answers(batch))


def fill_rest(journal: Journal) -> None:
    """Append what follows the first 16 of RECORDS."""
    for start in range(16, COUNT, 8):
        batch = RECORDS[start : start + 8]
        journal.append(batch, make_answers(batch))


def copy_of(source: Path, target: Path) -> Path:
    """Copy a journal's directory over ``target``; return the journal's path there."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target / "journal.db"


def alter(path: Path, *statements: str) -> None:
    """Change a journal behind its back."""
    db = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


def fill_batch(journal: Journal, start: int, end: int) -> None:
    """Append the records after ``start`` up to ``end``, as one batch."""
    journal.append(RECORDS[start:end], make_answers(RECORDS[start:end]))
