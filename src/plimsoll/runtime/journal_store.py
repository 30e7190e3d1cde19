"""Writing a journal: appended batches are durable, chained and marked as acknowledged.

One process at a time may write (`plimsoll.runtime.lock`). An epoch, raised at each opening for
writing, shuts out a writer that slipped past the lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from plimsoll.errors import (
    JournalCorrupt,
    JournalError,
    JournalFormat,
    JournalLocked,
    JournalRefused,
    JournalWriteFailed,
)
from plimsoll.runtime import journal_schema as schema
from plimsoll.runtime.journal_files import AckMark, Mark, WalScan, scan_wal, sync_dir
from plimsoll.runtime.journal_format import (
    FORMAT_VERSION,
    META_BYTES_MAX,
    Answer,
    Head,
    Record,
    answer_checksum,
    check_batch,
    meta_checksum,
    next_chain,
)
from plimsoll.runtime.journal_reader import (
    ANSWERS_FROM,
    EPOCH,
    JournalTables,
    ack_path,
    lost_records,
)

_CHECKPOINT_BYTES = 4 << 20
_COMMIT_OVERHEAD_BYTES = 3 * 4096
_ROW_OVERHEAD_BYTES = 128
_COPY_CHUNK = 4096
_INSERT_RECORD = """
    INSERT INTO records (seq, ts, principal, client_id, body, digest, chain)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_INSERT_ANSWER = """
    INSERT INTO answers (principal, client_id, seq, body_hash, answer, checksum)
    VALUES (?, ?, ?, ?, ?, ?)"""


class Journal(JournalTables):
    """A journal open for writing. Belongs to the thread that opened it; a context manager.

    ``wal`` tells what opening found in the write-ahead log, ``epoch`` how often the journal has
    been opened for writing.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, mark: Mark | None, wal: WalScan) -> None:
        super().__init__(path, db, mark)
        self.wal = wal
        self.epoch = 0
        self._head = Head(0, 0, b"")
        self._ack: AckMark | None = None
        self._failure: BaseException | None = None
        self._unsaved_bytes = 0

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        create: bool = False,
        birth: Mapping[str, bytes] | None = None,
    ) -> Self:
        """Open a journal and verify its format, its last records and the acknowledgement mark.

        ``create`` makes the file if there is none, with ``birth`` as its unchangeable meta entries
        (genesis parameters, code version, time of creation), which root the hash chain.
        Errors: `JournalFormat`, `JournalCorrupt`, `JournalLocked`, `JournalReadFailed`,
        `JournalWriteFailed`.
        """
        path = Path(path)
        with schema.reading(path):
            mark = AckMark.read(ack_path(path))
            wal = scan_wal(path.with_name(path.name + "-wal"))
            is_new = not path.exists() or path.stat().st_size == 0
        if is_new and mark is not None and mark.seq > 0:
            raise lost_records(path, 0, mark)
        if is_new and not create:
            raise JournalFormat(f"there is no journal at {path}")
        if wal.is_damaged:
            raise JournalCorrupt(f"the write-ahead log of {path} is damaged before its end")
        db = schema.connect(path, create=create, read_only=False)
        journal = cls(path, db, mark, wal)
        try:
            journal._prepare(birth or {}, create=create)
            journal._head = journal._check_format()
            journal._check_ends(journal._head)
            journal._take_over()
        except BaseException:
            journal.close()
            raise
        return journal

    def _prepare(self, birth: Mapping[str, bytes], *, create: bool) -> None:
        if create and schema.is_empty(self._db, self.path):
            with self._transaction():
                schema.migrate(self._db, 0)
                for key, value in birth.items():
                    self._put_meta(key, value, birth=True)
                sync_dir(self.path.parent)
        elif (version := schema.format_version(self._db, self.path)) < FORMAT_VERSION:
            with self._transaction():
                schema.migrate(self._db, version)

    def _take_over(self) -> None:
        """Raise the epoch, which shuts out any earlier writer, and start the mark."""
        epoch = int.from_bytes(self.meta(EPOCH) or b"", "big") + 1
        with self._transaction():
            self._put_meta(EPOCH, epoch.to_bytes(8, "big"))
            self.epoch = epoch
            self._ack = AckMark(ack_path(self.path))
        self._advance_mark()

    def head(self) -> Head:
        """Last sequence number, its time in ms and chain hash; (0, 0, root) if empty."""
        return self._head

    def append(self, batch: Sequence[Record], answers: Sequence[Answer] = ()) -> None:
        """Append records and their answers in one transaction; durable on return.

        Errors: `JournalRefused` before anything is written; `JournalWriteFailed` or
        `JournalLocked` otherwise, after which this object takes no more writes.
        """
        self._require_writable()
        check_batch(batch, answers, after_seq=self._head.seq, after_ts=self._head.ts)
        self._checkpoint_if_due()
        with self._transaction():
            head = self._insert(batch, answers)
        self._head = head
        self._advance_mark()

    def fill_from(self, source: JournalTables, seq: int) -> None:
        """Fill this empty journal with records 1 to ``seq`` of another, and their answers.

        Errors: `JournalRefused` if this one is not empty or was born otherwise; else as
        `JournalTables.read` and `append`.
        """
        if self._head != source.head_at(0):
            raise JournalRefused(f"{self.path} cannot become a copy of {source.path}")
        for start in range(1, seq + 1, _COPY_CHUNK):
            end = min(seq, start + _COPY_CHUNK - 1)
            batch, answers = list(source.read(start, end)), source.answers(start, end)
            self._checkpoint_if_due()
            with self._transaction():
                head = self._insert(batch, answers)
                # Before the first answer is missing, not after: the copy may stop at any time.
                self._put_meta(ANSWERS_FROM, source.answers_from().to_bytes(8, "big"))
            self._head = head
        self._advance_mark()

    def prune_answers(self, before_ts: int, *, keep_at_most: int | None = None) -> int:
        """Forget answers that are too old; return how many. Their client ids may be used again.

        Too old is an answer to a record before ``before_ts`` (ms), or, if ``keep_at_most`` is
        given, before the newest that many records. Errors as for `append`.
        """
        first = self.first_seq_at(before_ts)
        if keep_at_most is not None:
            first = max(first, self._head.seq - keep_at_most + 1)
        if first <= self.answers_from():
            return 0
        with self._transaction():
            count = self._db.execute("DELETE FROM answers WHERE seq < ?", (first,)).rowcount
            self._put_meta(ANSWERS_FROM, first.to_bytes(8, "big"))
        return count

    def set_meta(self, key: str, value: bytes) -> None:
        """Store a changeable meta entry. Errors as for `append`."""
        if key in (EPOCH, ANSWERS_FROM) or key in self.birth():
            raise JournalRefused(f"the meta entry {key!r} cannot be changed")
        if len(value) > META_BYTES_MAX:
            raise JournalRefused(f"the meta entry {key!r} exceeds {META_BYTES_MAX} bytes")
        with self._transaction():
            self._put_meta(key, value)

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file. Errors: `JournalWriteFailed`."""
        self._require_writable()
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        self._unsaved_bytes = 0

    def close(self) -> None:
        """Close the files. Committed records are safe with or without it."""
        ack, self._ack = self._ack, None
        try:
            super().close()
        finally:
            if ack is not None:
                ack.close()

    def _advance_mark(self) -> None:
        try:
            if self._ack is not None:
                self._ack.write(self._head.seq, self._head.chain)
        except OSError as error:
            raise self._failed(error) from error

    def _insert(self, batch: Sequence[Record], answers: Sequence[Answer]) -> Head:
        chain, rows, size = self._head.chain, [], _COMMIT_OVERHEAD_BYTES
        for r in batch:
            chain = next_chain(chain, r)
            rows.append((r.seq, r.ts, r.principal, r.client_id, r.body, r.digest, chain))
            size += len(r.body) + _ROW_OVERHEAD_BYTES
        answer_rows = []
        for a in answers:
            checksum = answer_checksum(a)
            answer_rows.append((a.principal, a.client_id, a.seq, a.body_hash, a.answer, checksum))
            size += len(a.answer) + _ROW_OVERHEAD_BYTES
        self._db.executemany(_INSERT_RECORD, rows)
        self._db.executemany(_INSERT_ANSWER, answer_rows)
        self._unsaved_bytes += size
        return Head(batch[-1].seq, batch[-1].ts, chain)

    def _put_meta(self, key: str, value: bytes, *, birth: bool = False) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO meta (key, value, birth, checksum) VALUES (?, ?, ?, ?)",
            (key, value, birth, meta_checksum(key, value, birth=birth)),
        )

    def _checkpoint_if_due(self) -> None:
        # At the start of a batch, not the end: nobody waits on it to be acknowledged. SQLite's
        # own automatic checkpoint is off because it hides errors.
        if self._unsaved_bytes >= _CHECKPOINT_BYTES:
            self.checkpoint()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._require_writable()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._require_epoch()
            yield
            self._db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise self._failed(error) from error
        except BaseException as error:
            self._failed(error)
            raise

    def _require_epoch(self) -> None:
        if self.epoch == 0:
            return  # still opening
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (EPOCH,)).fetchone()
        if row is None or row[0] != self.epoch.to_bytes(8, "big"):
            raise JournalLocked(f"another writer has taken over {self.path}")

    def _require_writable(self) -> None:
        if self._failure is not None:
            raise JournalWriteFailed(
                f"the journal {self.path} takes no more writes after: {self._failure}"
            ) from self._failure

    def _failed(self, error: BaseException) -> JournalError:
        """Refuse all further writes: after a failed sync the state of the disk is unknown."""
        self._failure = error
        try:
            self._db.rollback()
        except sqlite3.Error as second:
            error.add_note(f"the rollback failed too: {second}")
        return JournalWriteFailed(f"writing the journal {self.path} failed: {error}")


def copy_until(source: JournalTables, target: Path | str, seq: int) -> Head:
    """Copy records 1 to ``seq``, their answers and the birth entries to a new journal.

    The copy has the same chain up to ``seq``; it appears at ``target`` complete or not at all.
    Returns its head. Errors: `JournalRefused` if ``target`` exists or the source ends before
    ``seq``; `JournalCorrupt` if a record to copy is damaged; `JournalWriteFailed`.
    """
    target = Path(target)
    partial = target.with_name(target.name + ".partial")
    if target.exists() or ack_path(target).exists():
        raise JournalRefused(f"{target} exists already", remedy="Choose another place.")
    _remove(partial)
    try:
        with Journal.open(partial, create=True, birth=source.birth()) as copy:
            copy.fill_from(source, seq)
            head = copy.head()
        partial.rename(target)
        ack_path(partial).rename(ack_path(target))
        sync_dir(target.parent)
    except OSError as error:
        raise JournalWriteFailed(f"copying the journal to {target} failed: {error}") from error
    finally:
        _remove(partial)
    return head


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", ack_path(path).name):
        path.with_name(name).unlink(missing_ok=True)
