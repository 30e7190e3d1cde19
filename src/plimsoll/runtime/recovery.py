"""Replay: the state of a data directory, at its end or at any record; proof of it; forks.

A replay compares the digest of the events of every record with the recorded one, so it either
gives the very state that was live or says where it would not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from plimsoll.core import invariants
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.load import load
from plimsoll.core.state import State
from plimsoll.errors import (
    BadSignature,
    JournalError,
    JournalRefused,
    ReplayDiverged,
    SnapshotError,
)
from plimsoll.messages import codec
from plimsoll.messages.events import Event
from plimsoll.messages.fields import FieldError
from plimsoll.runtime.identity import CODE_VERSION_KEY, exchange_id
from plimsoll.runtime.journal import Head, JournalReader, Record, copy_until
from plimsoll.runtime.journal_reader import JournalTables
from plimsoll.runtime.lock import DataDirLock
from plimsoll.runtime.publisher import Listener, Published
from plimsoll.runtime.sequencer import encode_answer
from plimsoll.runtime.signatures import Door
from plimsoll.runtime.snapshots import Skipped, Snapshot, SnapshotHeader, SnapshotStore
from plimsoll.runtime.verify_report import SnapshotCheck, VerifyReport

JOURNAL_NAME: Final = "journal.db"
SNAPSHOTS_NAME: Final = "snapshots"
_PROGRESS_EVERY: Final = 1_000
_ANSWERS_CHUNK: Final = 2_048

Progress = Callable[[int, int], None]
"""Called with the records done so far and all to be done."""

OnRecord = Callable[[Record, bool, list[Event]], None]
"""Called after each replayed record with whether it was accepted, and its events."""


class Recovered(NamedTuple):
    """The newest state of a journal. ``from_seq`` is the snapshot it started from (0: genesis),
    ``skipped`` the snapshots that could not be used."""

    engine: Engine
    head: Head
    from_seq: int
    skipped: tuple[Skipped, ...]
    seconds: float


def state_hash_of(state: State) -> str:
    """Hash (hex) of a state."""
    return codec.state_hash(state.dump())


def replay_records(
    engine: Engine,
    journal: JournalTables,
    from_seq: int,
    to_seq: int,
    *,
    progress: Progress | None = None,
    on_record: OnRecord | None = None,
) -> None:
    """Apply records ``from_seq`` to ``to_seq`` to the state before them.

    Errors: `ReplayDiverged` naming the first record whose events differ from the recorded ones,
    that cannot be read as a command, or that breaks an invariant; else as `JournalTables.read`.
    """
    if to_seq < from_seq:
        return
    total = to_seq - from_seq + 1
    for done, record in enumerate(journal.read(from_seq, to_seq), 1):
        accepted, events = _replay_one(engine, record)
        if on_record is not None:
            on_record(record, accepted, events)
        if progress is not None and (done % _PROGRESS_EVERY == 0 or done == total):
            progress(done, total)


def _replay_one(engine: Engine, record: Record) -> tuple[bool, list[Event]]:
    seq = record.seq
    try:
        command = codec.decode_command(record.body)
    except (FieldError, RecursionError) as error:
        raise ReplayDiverged(f"record {seq} is no command: {error}", seq=seq) from error
    try:
        accepted = engine.apply(command, seq, record.ts, record.principal)
    except Exception as error:  # whatever escapes the core: its state is not what was recorded
        raise ReplayDiverged(f"record {seq} cannot be applied: {error}", seq=seq) from error
    events = engine.drain()
    if record.digest and codec.digest(events) != record.digest:
        raise ReplayDiverged(f"record {seq} now has other events than recorded", seq=seq)
    return accepted, events


def recover(
    journal: JournalTables,
    snapshots: SnapshotStore | None,
    *,
    progress: Progress | None = None,
    listen: Listener | None = None,
) -> Recovered:
    """The newest state: newest usable snapshot and the records after it, which ``listen`` sees.

    Errors: as `replay_records`.
    """
    started = time.perf_counter()
    head = journal.head()
    engine, from_seq, skipped = _start(journal, snapshots, head.seq)
    replay_records(
        engine, journal, from_seq + 1, head.seq, progress=progress, on_record=_told(listen)
    )
    return Recovered(engine, head, from_seq, skipped, time.perf_counter() - started)


def _told(listen: Listener | None, after: int = 0) -> OnRecord | None:
    """Hands replayed records later than ``after`` on as they were published."""
    if listen is None:
        return None

    def on_record(record: Record, _accepted: bool, events: list[Event]) -> None:
        if record.seq > after:
            command = codec.decode_command(record.body)
            listen(Published(record.seq, record.ts, record.principal, events, command))

    return on_record


def _start(
    journal: JournalTables, snapshots: SnapshotStore | None, upto: int
) -> tuple[Engine, int, tuple[Skipped, ...]]:
    """An engine at the newest usable snapshot not after ``upto``, or at genesis."""
    if snapshots is None:
        return Engine(genesis()), 0, ()
    states: list[State] = []

    def valid(snapshot: Snapshot) -> bool:
        if snapshot.header.seq > upto:
            return False
        states[:] = [load_snapshot(snapshot, journal)]
        return True

    loaded = snapshots.load_newest(valid)
    if loaded.snapshot is None:
        return Engine(genesis()), 0, loaded.skipped
    return Engine(states[0]), loaded.snapshot.header.seq, loaded.skipped


def load_snapshot(snapshot: Snapshot, journal: JournalTables) -> State:
    """The state in a snapshot, proven to be of this journal and to have the hash it claims.

    Errors: `SnapshotError` saying why it cannot be used.
    """
    header, path = snapshot.header, snapshot.path
    if header.seq > journal.head().seq or journal.head_at(header.seq).chain != header.chain:
        raise SnapshotError(f"the snapshot {path} is not of this journal")
    try:
        state = load(codec.decode_state(snapshot.body))
    except Exception as error:  # a body of another version can fail in any way
        raise SnapshotError(f"the state in {path} cannot be read: {error}") from error
    if state_hash_of(state) != header.state_hash.hex():
        raise SnapshotError(f"the state in {path} has another hash than its header says")
    return state


def encode_snapshot(state: State, head: Head, code_version: str) -> tuple[SnapshotHeader, bytes]:
    """Header and body of a snapshot of a state after ``head``."""
    dump = state.dump()
    state_hash = bytes.fromhex(codec.state_hash(dump))
    header = SnapshotHeader(head.seq, head.ts, state_hash, head.chain, code_version)
    return header, codec.encode_state(dump)


def replay(
    data_dir: Path,
    upto: int | None = None,
    *,
    use_snapshots: bool = True,
    progress: Progress | None = None,
    on_record: OnRecord | None = None,
) -> Engine:
    """The engine as it stood after record ``upto`` (default: the last), also beside a live node.

    ``on_record`` sees every record replayed: pass ``use_snapshots=False`` to see all since
    genesis. Errors: `JournalRefused` if there is no such record; else as `recover`.
    """
    with JournalReader.open(data_dir / JOURNAL_NAME, salvage=upto is not None) as journal:
        end = _checked_seq(journal, upto)
        engine, from_seq, _ = _start(
            journal, _snapshots_in(data_dir) if use_snapshots else None, end
        )
        replay_records(engine, journal, from_seq + 1, end, progress=progress, on_record=on_record)
    return engine


def replay_after(
    data_dir: Path,
    after: int,
    upto: int | None,
    listen: Listener,
    *,
    progress: Progress | None = None,
) -> Engine:
    """As `replay`, and ``listen`` is told what each record later than ``after`` did: the replay
    starts from the newest usable snapshot that is not later, with 0 from genesis.
    """
    with JournalReader.open(data_dir / JOURNAL_NAME) as journal:
        end = _checked_seq(journal, upto)
        snapshots = _snapshots_in(data_dir) if after > 0 else None
        engine, from_seq, _ = _start(journal, snapshots, min(after, end))
        told = _told(listen, after)
        replay_records(engine, journal, from_seq + 1, end, progress=progress, on_record=told)
    return engine


def replay_record(data_dir: Path, seq: int) -> tuple[Published, State]:
    """What record ``seq`` did, and the state after it. Errors: as `replay`."""
    with JournalReader.open(data_dir / JOURNAL_NAME, salvage=True) as journal:
        end = _checked_seq(journal, seq)
        if end < 1:
            raise JournalRefused("records are numbered from 1")
        engine, from_seq, _ = _start(journal, _snapshots_in(data_dir), end - 1)
        found: list[Published] = []

        def keep(record: Record, _accepted: bool, events: list[Event]) -> None:
            if record.seq == end:
                found.append(Published(end, record.ts, record.principal, events))

        replay_records(engine, journal, from_seq + 1, end, on_record=keep)
    return found[0], engine.state


def fork(data_dir: Path, target: Path, at_seq: int, *, progress: Progress | None = None) -> Head:
    """Make a data directory that holds the history up to record ``at_seq`` and can go its own way.

    Snapshots up to there come along. Returns the head of the fork. Errors: `JournalRefused` if
    there is no such record or the target holds a journal; `JournalLocked` if a node uses the
    target; `JournalCorrupt` if a record to copy is damaged; `JournalWriteFailed`.
    """
    with JournalReader.open(data_dir / JOURNAL_NAME, salvage=True) as journal:
        end = _checked_seq(journal, at_seq)
        target.mkdir(parents=True, exist_ok=True)
        with DataDirLock.acquire(target):
            if progress is not None:
                progress(0, end)
            head = copy_until(journal, target / JOURNAL_NAME, end)
            _copy_snapshots(data_dir, target, end)
            if progress is not None:
                progress(end, end)
    return head


def _copy_snapshots(data_dir: Path, target: Path, upto: int) -> None:
    source = _snapshots_in(data_dir)
    if source is None:
        return
    copies = SnapshotStore(target / SNAPSHOTS_NAME, keep=max(2, len(source.list())))
    for path in reversed(source.list()):
        try:
            snapshot = source.load(path)
        except SnapshotError:
            continue  # a fork needs none of them; `verify` reports damage
        if snapshot.header.seq <= upto:
            copies.write(snapshot.header, snapshot.body)


def _checked_seq(journal: JournalTables, seq: int | None) -> int:
    last = journal.head().seq
    if seq is None:
        return last
    if not 0 <= seq <= last:
        raise JournalRefused(f"there is no record {seq}: the journal ends at {last}")
    return seq


def _snapshots_in(data_dir: Path) -> SnapshotStore | None:
    directory = data_dir / SNAPSHOTS_NAME
    return SnapshotStore(directory) if directory.is_dir() else None


def verify(data_dir: Path, *, progress: Progress | None = None) -> VerifyReport:
    """Check everything a data directory holds, by replay from genesis; damage is reported.

    The journal's pages, chain, mark and answers; the signatures of signed orders; the events of
    each record; every answer against the replay; every snapshot against the replayed state at its
    record; all invariants at the end.
    Errors: `JournalFormat`, `JournalReadFailed` if there is nothing that could be read.
    """
    started = time.perf_counter()
    report = VerifyReport()
    with closing(JournalReader.open(data_dir / JOURNAL_NAME, salvage=True)) as journal:
        # Snapshots first: a live node may write more of them during the audit.
        verifier = _Verifier(journal, report, _snapshots_in(data_dir))
        audit = journal.verify()
        report.problems += audit.problems
        report.records, report.answers = audit.records, audit.answers
        report.chain = audit.head.chain.hex()
        verifier.run(audit.records, progress)
    report.seconds = time.perf_counter() - started
    return report


class _Verifier:
    """A replay from genesis that checks answers and snapshots on its way."""

    def __init__(
        self, journal: JournalReader, report: VerifyReport, snapshots: SnapshotStore | None
    ) -> None:
        self.journal = journal
        self.report = report
        self.snapshots: dict[int, Snapshot] = {}
        self.answers: dict[int, bytes] = {}
        self.engine = Engine(genesis())
        self.door = Door(exchange_id(journal))
        if snapshots is None:
            return
        for path in snapshots.list():
            try:
                snapshot = snapshots.load(path)
            except SnapshotError as error:
                self.note(path, -1, error.message)
                continue
            self.snapshots[snapshot.header.seq] = snapshot

    def note(self, path: Path, seq: int, problem: str) -> None:
        self.report.snapshots.append(SnapshotCheck(path, seq, problem))

    def run(self, end: int, progress: Progress | None) -> None:
        report, state = self.report, self.engine.state
        try:
            report.code_version = (self.journal.meta(CODE_VERSION_KEY) or b"").decode()
            self.check_snapshot(0)
            replay_records(
                self.engine, self.journal, 1, end, progress=progress, on_record=self.check
            )
            invariants.check_full(state)
            report.state_hash = state_hash_of(state)
            if state_hash_of(load(state.dump())) != report.state_hash:
                report.problems.append("the final state does not survive dump and load")
        except (JournalError, ReplayDiverged) as error:
            report.problems.append(error.message)
        except invariants.InvariantBroken as error:
            report.problems.append(str(error))
        for seq, left in sorted(self.snapshots.items()):
            self.note(left.path, seq, "its record was not reached")

    def check(self, record: Record, accepted: bool, events: list[Event]) -> None:
        seq = record.seq
        self.report.digests += bool(record.digest)
        try:
            self.report.signatures += self.door.check(codec.decode_command(record.body))
        except BadSignature as error:
            self.report.problems.append(f"record {seq}: {error.message}")
        if seq % _ANSWERS_CHUNK == 1:
            stored = self.journal.answers(seq, seq + _ANSWERS_CHUNK - 1)
            self.answers = {answer.seq: answer.answer for answer in stored}
        answer = self.answers.get(seq)
        # Without a digest the node kept no events, so none can be compared.
        if answer is not None and record.digest:
            expected = encode_answer(record.ts, accepted=accepted, events=events)
            if answer != expected:
                self.report.problems.append(f"the answer to record {seq} is not its result")
        self.check_snapshot(seq)

    def check_snapshot(self, seq: int) -> None:
        snapshot = self.snapshots.pop(seq, None)
        if snapshot is None:
            return
        problem = ""
        try:
            load_snapshot(snapshot, self.journal)
            if snapshot.header.state_hash.hex() != state_hash_of(self.engine.state):
                problem = "its state is not that of the replay"
        except SnapshotError as error:
            problem = error.message
        self.note(snapshot.path, seq, problem)
