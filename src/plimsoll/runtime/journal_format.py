"""What a journal is made of: records, answers, the hash chain, the tables and their limits.

Pure definitions and arithmetic on bytes, no files. The hash chain is

    chain_0 = SHA-256(domain || birth entries of the meta table)
    chain_i = SHA-256(chain_{i-1} || canonical encoding of every field of record i)

so the chain at a sequence number names the whole history up to it, parameters of genesis included.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from plimsoll.errors import JournalCorrupt, JournalRefused

APPLICATION_ID = 0x504C4D4A  # "PLMJ", shown by file(1) and checked at open

# Limits: a caller that exceeds one is wrong, and finds out before anything is written.
CLIENT_ID_BYTES_MAX = 128
BODY_BYTES_MAX = 1 << 20
ANSWER_BYTES_MAX = 1 << 20
META_BYTES_MAX = 16 << 20
BATCH_RECORDS_MAX = 1 << 16
DIGEST_BYTES = range(16, 33)
INT64_MAX = (1 << 63) - 1

# Entry i brings a file from format i to i + 1 (`PRAGMA user_version`). Append only.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE records (
            seq INTEGER PRIMARY KEY,
            ts INTEGER NOT NULL,
            principal INTEGER NOT NULL,
            client_id TEXT NOT NULL,
            body BLOB NOT NULL,
            digest BLOB NOT NULL,
            chain BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE answers (
            seq INTEGER PRIMARY KEY,
            principal INTEGER NOT NULL,
            client_id TEXT NOT NULL,
            body_hash BLOB NOT NULL,
            answer BLOB NOT NULL,
            checksum BLOB NOT NULL
        ) STRICT""",
        "CREATE UNIQUE INDEX answers_by_client ON answers (principal, client_id)",
        """CREATE TABLE meta (
            key TEXT PRIMARY KEY,
            value BLOB NOT NULL,
            birth INTEGER NOT NULL,
            checksum BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)
FORMAT_VERSION = len(MIGRATIONS)

_DOMAIN = b"plimsoll journal 1\0"
_RECORD = struct.Struct(">QqqIIH")
_ANSWER = struct.Struct(">QqIII")
_META = struct.Struct(">BIQ")


@dataclass(frozen=True, slots=True)
class Record:
    """One command as it entered the node.

    ``seq`` counts 1, 2, 3 … without gaps; ``ts`` is in milliseconds UTC and never decreases;
    ``principal`` is a signed 64-bit id; ``client_id`` is the client's own id of the command, ""
    for none; ``body`` is opaque; ``digest`` is a digest (16 to 32 bytes) of the resulting events,
    or b"".
    """

    seq: int
    ts: int
    principal: int
    client_id: str
    body: bytes
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the command ``client_id`` of ``principal``, which became record ``seq``.

    ``body_hash`` identifies what the client sent, so that a repeat can be told from another
    command under the same id.
    """

    principal: int
    client_id: str
    seq: int
    body_hash: bytes
    answer: bytes


class Head(NamedTuple):
    """The end of a journal: last sequence number (0: empty), its time in ms, chain hash."""

    seq: int
    ts: int
    chain: bytes


def root_chain(birth: Mapping[str, bytes]) -> bytes:
    """Chain hash before the first record, from the birth entries of the meta table."""
    hasher = sha256(_DOMAIN)
    for key in sorted(birth):
        hasher.update(meta_checksum(key, birth[key], birth=True))
    return hasher.digest()


def next_chain(chain: bytes, record: Record) -> bytes:
    """Chain hash after ``record``, given the one before it."""
    client = record.client_id.encode()
    head = _RECORD.pack(
        record.seq, record.ts, record.principal, len(client), len(record.body), len(record.digest)
    )
    return sha256(b"".join((chain, head, client, record.body, record.digest))).digest()


def answer_checksum(answer: Answer) -> bytes:
    """Checksum over every field of an answer."""
    client = answer.client_id.encode()
    head = _ANSWER.pack(
        answer.seq, answer.principal, len(client), len(answer.body_hash), len(answer.answer)
    )
    return sha256(b"".join((head, client, answer.body_hash, answer.answer))).digest()


def meta_checksum(key: str, value: bytes, *, birth: bool) -> bytes:
    """Checksum over one entry of the meta table."""
    name = key.encode()
    return sha256(b"".join((_META.pack(birth, len(name), len(value)), name, value))).digest()


def check_batch(
    batch: Sequence[Record], answers: Iterable[Answer], *, after_seq: int, after_ts: int
) -> None:
    """Refuse a batch that would break the journal's rules; ``after_*`` describe its head.

    Errors: `JournalRefused`, naming the first offending record.
    """
    if not 0 < len(batch) <= BATCH_RECORDS_MAX:
        raise JournalRefused(f"a batch holds 1 to {BATCH_RECORDS_MAX} records, not {len(batch)}")
    seq, ts = after_seq, after_ts
    named: dict[int, tuple[int, str]] = {}
    for record in batch:
        seq += 1
        if record.seq != seq:
            raise JournalRefused(f"record {record.seq} out of order: the next one is {seq}")
        if not ts <= record.ts <= INT64_MAX:
            raise JournalRefused(f"record {seq} goes back in time: {record.ts} after {ts} ms")
        ts = record.ts
        _check_record(record)
        if record.client_id:
            named[seq] = (record.principal, record.client_id)
    for answer in answers:
        # pop: a second answer to one record is as wrong as an answer to none
        if named.pop(answer.seq, None) != (answer.principal, answer.client_id):
            raise JournalRefused(f"the answer to record {answer.seq} belongs to no such command")
        if len(answer.answer) > ANSWER_BYTES_MAX or len(answer.body_hash) not in DIGEST_BYTES:
            raise JournalRefused(f"the answer to record {answer.seq} has a field of a wrong size")
    if named:
        raise JournalRefused(f"record {next(iter(named))} has a client id but no answer")


def _check_record(record: Record) -> None:
    if not -INT64_MAX <= record.principal <= INT64_MAX:
        raise JournalRefused(f"record {record.seq}: principal is not a 64-bit number")
    if len(record.body) > BODY_BYTES_MAX:
        raise JournalRefused(f"record {record.seq}: body exceeds {BODY_BYTES_MAX} bytes")
    if record.digest and len(record.digest) not in DIGEST_BYTES:
        raise JournalRefused(f"record {record.seq}: digest of {len(record.digest)} bytes")
    if not record.client_id:
        return
    try:
        size = len(record.client_id.encode())
    except UnicodeEncodeError:
        raise JournalRefused(f"record {record.seq}: client id is not valid text") from None
    if size > CLIENT_ID_BYTES_MAX:
        raise JournalRefused(f"record {record.seq}: client id exceeds {CLIENT_ID_BYTES_MAX} bytes")


def record_from_row(row: Sequence[Any], previous: Head) -> tuple[Record, Head]:
    """Record and new head from a row (seq, ts, principal, client_id, body, digest, chain).

    Errors: `JournalCorrupt` if the row does not follow ``previous`` in sequence, time and chain.
    """
    expected = previous.seq + 1
    seq, ts, principal, client_id, body, digest, stored = row
    if seq != expected:
        raise JournalCorrupt(f"record {expected} is missing (next is {seq})", seq=expected)
    # A damaged row can come back with other column types than the table declares.
    types = (type(ts), type(principal), type(client_id), type(body), type(digest), type(stored))
    if types != (int, int, str, bytes, bytes, bytes):
        raise JournalCorrupt(f"record {seq} has a field of a wrong type", seq=seq)
    record = Record(seq, ts, principal, client_id, body, digest)
    chain = next_chain(previous.chain, record)
    if chain != stored:
        raise JournalCorrupt(f"record {seq} does not fit the hash chain", seq=seq)
    if ts < previous.ts:
        raise JournalCorrupt(f"record {seq} goes back in time", seq=seq)
    return record, Head(seq, ts, chain)


def answer_from_row(row: Sequence[Any]) -> Answer:
    """Answer from a row (principal, client_id, seq, body_hash, answer, checksum).

    Errors: `JournalCorrupt` if a field or the checksum is not what was written.
    """
    types = tuple(type(value) for value in row)
    if types != (int, str, int, bytes, bytes, bytes):
        raise JournalCorrupt(f"the answer to record {row[2]} has a field of a wrong type")
    answer = Answer(*row[:5])
    if answer.seq < 1 or answer_checksum(answer) != row[5]:
        raise JournalCorrupt(f"the answer to record {answer.seq} is damaged", seq=answer.seq)
    return answer
