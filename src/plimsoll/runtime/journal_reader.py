"""Reading a journal: records verified against the hash chain, answers, meta entries, full audit.

The journal stores opaque records and knows nothing of the core. SQLite gives atomic commits and
recovery from torn writes; the hash chain, not SQLite, decides whether the content is what was
written; the acknowledgement mark tells a cut tail from a lost one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from plimsoll.errors import JournalCorrupt, JournalError, JournalFormat, JournalRefused
from plimsoll.runtime import journal_schema as schema
from plimsoll.runtime.journal_files import AckMark, Mark
from plimsoll.runtime.journal_format import (
    INT64_MAX,
    Answer,
    Head,
    Record,
    answer_from_row,
    meta_checksum,
    record_from_row,
    root_chain,
)

EPOCH = "epoch"
ANSWERS_FROM = "answers_from"

_TAIL_CHECKED = 64  # records whose chain is verified at open
_READ_CHUNK = 2048  # records per query, so that no reader holds a checkpoint back for long
_AUDIT_CHUNK = 1 << 14
_PROBLEMS_MAX = 100

_SELECT_RECORDS = """
    SELECT seq, ts, principal, client_id, body, digest, chain
    FROM records WHERE seq BETWEEN ? AND ? ORDER BY seq"""
_SELECT_ANSWERS = """
    SELECT principal, client_id, seq, body_hash, answer, checksum
    FROM answers WHERE seq BETWEEN ? AND ? ORDER BY seq"""
_SELECT_ANSWER = """
    SELECT principal, client_id, seq, body_hash, answer, checksum
    FROM answers WHERE principal = ? AND client_id = ?"""


class AuditReport(NamedTuple):
    """Result of a full scan. ``head`` is the last record up to which all is well."""

    head: Head
    records: int
    answers: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found wrong."""
        return not self.problems


class JournalTables:
    """What reader and writer share. Belongs to the thread that opened it; a context manager."""

    def __init__(self, path: Path, db: sqlite3.Connection, mark: Mark | None) -> None:
        self.path = path
        self.mark = mark  # of acknowledged records, as found at open
        self._db = db
        self._root = b""

    def _check_format(self) -> Head:
        """Verify tables and meta entries; return the head as stored."""
        schema.check(self._db, self.path)
        self._root = root_chain(self.birth())
        return self._read_head()

    def _check_ends(self, head: Head) -> None:
        """Verify the mark, the first record and the last ones."""
        self._check_mark(head)
        for start, end in ((1, 1), (max(1, head.seq - _TAIL_CHECKED), head.seq)):
            for _ in self.read(start, min(end, head.seq)):
                pass

    def _check_mark(self, head: Head) -> None:
        mark = self.mark
        if mark is None or mark.seq == 0:
            return
        if mark.seq > head.seq:
            raise lost_records(self.path, head.seq, mark)
        if self.head_at(mark.seq).chain != mark.chain:
            raise JournalCorrupt(
                f"record {mark.seq} of {self.path} is not the one that was acknowledged",
                seq=mark.seq,
            )

    def head(self) -> Head:
        """Last sequence number, its time and chain hash; (0, 0, root) if empty."""
        return self._read_head()

    def head_at(self, seq: int) -> Head:
        """The head as it stood after record ``seq``. Errors: `JournalCorrupt` if it is missing."""
        if seq == 0:
            return Head(0, 0, self._root)
        rows = self._rows("SELECT seq, ts, chain FROM records WHERE seq = ?", (seq,))
        if not rows:
            raise JournalCorrupt(f"record {seq} is missing", seq=seq)
        return self._as_head(rows[0])

    def read(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Record]:
        """Records ``from_seq`` to ``to_seq`` (both included; default: to the head at the call).

        Each record is verified against the hash chain before it is yielded.
        Errors: `JournalCorrupt` naming the record; `JournalRefused` if the range is not there.
        """
        last = self.head().seq
        end = last if to_seq is None else to_seq
        if from_seq < 1 or end > last:
            raise JournalRefused(f"records {from_seq} to {end} are not in {self.path}")
        previous = self.head_at(from_seq - 1)
        while previous.seq < end:
            rows = self._rows(
                _SELECT_RECORDS,
                (previous.seq + 1, min(end, previous.seq + _READ_CHUNK)),
            )
            if not rows:
                raise JournalCorrupt(f"record {previous.seq + 1} is missing", seq=previous.seq + 1)
            for row in rows:
                record, previous = record_from_row(row, previous)
                yield record

    def find_answer(self, principal: int, client_id: str) -> Answer | None:
        """The stored answer to a client's command, or None. Errors: `JournalCorrupt`."""
        rows = self._rows(
            _SELECT_ANSWER,
            (principal, client_id),
        )
        return answer_from_row(rows[0]) if rows else None

    def answers(self, from_seq: int, to_seq: int) -> list[Answer]:
        """Stored answers to the records in a range, in order. Errors: `JournalCorrupt`."""
        rows = self._rows(
            _SELECT_ANSWERS,
            (from_seq, to_seq),
        )
        return [answer_from_row(row) for row in rows]

    def answers_from(self) -> int:
        """First sequence number whose answer has not been pruned."""
        return int.from_bytes(self.meta(ANSWERS_FROM) or b"\1", "big")

    def meta(self, key: str) -> bytes | None:
        """A meta entry, or None. Errors: `JournalCorrupt`."""
        return {name: value for name, value, _ in self._meta_rows()}.get(key)

    def check_pages(self) -> list[str]:
        """SQLite's own findings on the file's structure (`PRAGMA integrity_check`), if any."""
        found = [str(row[0]) for row in self._rows("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def _meta_rows(self) -> list[tuple[str, bytes, bool]]:
        rows = self._rows("SELECT key, value, birth, checksum FROM meta ORDER BY key")
        for key, value, birth, checksum in rows:
            if (type(key), type(value), birth in (0, 1)) != (str, bytes, True) or (
                checksum != meta_checksum(key, value, birth=bool(birth))
            ):
                raise JournalCorrupt(f"the meta entry {key!r} of {self.path} is damaged")
        return [(key, value, bool(birth)) for key, value, birth, _ in rows]

    def birth(self) -> dict[str, bytes]:
        """The meta entries given at creation, which root the hash chain."""
        return {key: value for key, value, birth in self._meta_rows() if birth}

    def _read_head(self) -> Head:
        rows = self._rows("SELECT seq, ts, chain FROM records ORDER BY seq DESC LIMIT 1")
        return self._as_head(rows[0]) if rows else Head(0, 0, self._root)

    def _as_head(self, row: Sequence[Any]) -> Head:
        if tuple(type(value) for value in row) != (int, int, bytes) or row[0] < 1:
            raise JournalCorrupt(f"record {row[0]} of {self.path} has a damaged field")
        return Head(*row)

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with schema.reading(self.path):
            return self._db.execute(sql, parameters).fetchall()

    def verify(self) -> AuditReport:
        """Scan everything: pages, mark, chain, answers. Damage is reported, not raised."""
        problems: list[str] = []
        good, answers = Head(0, 0, self._root), 0
        try:
            problems += self.check_pages()
            head = self._read_head()
            while good.seq < head.seq:
                end = min(head.seq, good.seq + _AUDIT_CHUNK)
                answers += self._audit(good.seq + 1, end, problems)
                good = self.head_at(end)
            self._check_ends(self._check_format())
            if self.answers(head.seq + 1, INT64_MAX) or self.answers(-INT64_MAX, 0):
                problems.append("there are answers to records that do not exist")
        except JournalError as error:
            problems.append(error.message)
            if isinstance(error, JournalCorrupt) and error.seq and error.seq > good.seq + 1:
                good = self._last_good(good, error.seq - 1)
        return AuditReport(good, good.seq, answers, tuple(problems[:_PROBLEMS_MAX]))

    def _audit(self, start: int, end: int, problems: list[str]) -> int:
        """Verify a range of records and their answers; return how many answers there are."""
        stored: dict[int, Answer] | None = None
        horizon = INT64_MAX
        try:
            horizon = self.answers_from()
            stored = {answer.seq: answer for answer in self.answers(start, end)}
        except JournalError as error:
            problems.append(error.message)
        for record in self.read(start, end):
            if stored is None:
                continue
            if not _is_answered(record, stored.get(record.seq), horizon):
                problems.append(f"the answer to record {record.seq} is missing or wrong")
        return len(stored or ())

    def _last_good(self, known: Head, seq: int) -> Head:
        try:
            return self.head_at(seq) if seq <= self._read_head().seq else known
        except JournalError:
            return known  # the damage is already in the report

    def first_seq_at(self, ts: int) -> int:
        """First record not older than ``ts`` ms (head + 1 if none), by bisection over time."""
        low, high = 1, self.head().seq + 1
        while low < high:
            middle = low + (high - low >> 1)
            if self.head_at(middle).ts < ts:
                low = middle + 1
            else:
                high = middle
        return low

    def close(self) -> None:
        """Close the files. Committed records are safe with or without it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class JournalReader(JournalTables):
    """A journal open for reading only, beside its writer or without one."""

    @classmethod
    def open(cls, path: Path | str, *, salvage: bool = False) -> Self:
        """Open and verify format, acknowledgement mark and last records.

        ``salvage`` skips the latter two, to read what precedes the damage in a damaged journal.
        Errors: `JournalFormat`, `JournalCorrupt`, `JournalLocked`, `JournalReadFailed`.
        """
        path = Path(path)
        if not path.exists():
            raise JournalFormat(f"there is no journal at {path}")
        with schema.reading(path):
            # Before the head: a live writer may advance both in between.
            mark = AckMark.read(ack_path(path))
        db = schema.connect(path, create=False, read_only=True)
        journal = cls(path, db, mark)
        try:
            head = journal._check_format()
            if not salvage:
                journal._check_ends(head)
        except BaseException:
            db.close()
            raise
        return journal


def _is_answered(record: Record, answer: Answer | None, horizon: int) -> bool:
    if answer is None:
        return not record.client_id or record.seq < horizon
    return (answer.principal, answer.client_id) == (record.principal, record.client_id)


def lost_records(path: Path, last: int, mark: Mark) -> JournalCorrupt:
    """The error for a journal that ends at ``last``, before its mark."""
    return JournalCorrupt(
        f"the journal {path} lost acknowledged records {last + 1} to {mark.seq}",
        seq=last + 1,
        remedy="Restore a backup that holds them. To accept the loss, keep a copy of the data "
        f"directory, remove {ack_path(path).name} and start again.",
    )


def ack_path(path: Path) -> Path:
    """Where the acknowledgement mark of a journal lies."""
    return path.with_suffix(".ack")
