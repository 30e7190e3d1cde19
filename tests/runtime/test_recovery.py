"""Replay: the same state from any starting point, or a refusal that names the record."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from plimsoll.core.invariants import check_full
from plimsoll.errors import JournalFormat, JournalRefused, ReplayDiverged
from plimsoll.messages import codec
from plimsoll.messages.events import Event
from plimsoll.runtime.journal import Answer, Journal, JournalReader, Record
from plimsoll.runtime.node import Node, NodeSettings
from plimsoll.runtime.recovery import (
    JOURNAL_NAME,
    SNAPSHOTS_NAME,
    encode_snapshot,
    fork,
    recover,
    replay,
    state_hash_of,
    verify,
)
from plimsoll.runtime.snapshots import SnapshotStore
from tests.runtime.node_samples import FIRST_TRADER, Clock, deposit, exchange, traffic

COUNT = 300
EVERY = 60
SETTINGS = NodeSettings(snapshot_every=EVERY)
BOOT = len(exchange(4))
LAST = BOOT + COUNT


async def make(data_dir: Path, *, close: bool = True) -> tuple[list[str], Node]:
    """A data directory with traffic in it; the live state hash after each of its records."""
    clock = Clock()
    node = await Node.open(data_dir, bootstrap=exchange(4), clock=clock, settings=SETTINGS)
    hashes = [""] * BOOT + [await node.query(state_hash_of)]
    for number, (command, principal) in enumerate(traffic(7, COUNT, clock)):
        await node.submit(command, principal=principal, client_id=f"c-{number}")
        hashes.append(await node.query(state_hash_of))
    accepted = node.metrics.accepted - BOOT
    assert COUNT // 2 < accepted < COUNT, "the traffic should be mixed"
    if close:
        await node.close()
    return hashes, node


async def live_hash(data_dir: Path) -> tuple[str, int]:
    """Hash of the state a node finds, and how many records it replayed for it."""
    async with await Node.open(data_dir) as node:
        return await node.query(state_hash_of), node.metrics.recovered_records


def snapshots_of(data_dir: Path) -> SnapshotStore:
    """The snapshots in a data directory."""
    return SnapshotStore(data_dir / SNAPSHOTS_NAME, keep=9)


def damage(path: Path) -> None:
    """Flip one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def rewrite(
    source: Path,
    target: Path,
    change: Callable[[Record], Record],
    change_answer: Callable[[Answer], Answer] = lambda answer: answer,
) -> None:
    """A journal of other content whose hash chain is in order."""
    target.mkdir()
    with JournalReader.open(source / JOURNAL_NAME) as reader:
        records = [change(record) for record in reader.read()]
        answers = [change_answer(answer) for answer in reader.answers(1, LAST)]
        birth = reader.birth()
    with Journal.open(target / JOURNAL_NAME, create=True, birth=birth) as journal:
        journal.append(records, answers)


async def test_recovered_state_is_the_live_state(tmp_path: Path) -> None:
    """From the newest snapshot, from an older one and from genesis, and it goes on the same way."""
    hashes, _ = await make(tmp_path / "a")
    store = snapshots_of(tmp_path / "a")
    newest, older, *_ = store.list()
    assert store.load(newest).header.seq == LAST  # the clean close left it
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    (tmp_path / "b" / SNAPSHOTS_NAME / newest.name).unlink()
    shutil.rmtree(tmp_path / "c" / SNAPSHOTS_NAME)
    tails = [0, LAST - store.load(older).header.seq, LAST]
    ends = []
    for name, tail in zip("abc", tails, strict=True):
        clock = Clock(Clock().now + 10**6)
        async with await Node.open(tmp_path / name, clock=clock) as node:
            assert node.metrics.recovered_records == tail
            assert await node.query(state_hash_of) == hashes[-1]
            events = []
            for command, principal in traffic(8, 150, clock):
                receipt = await node.submit(command, principal=principal)
                events.append([event.row() for event in receipt.events])
            ends.append((await node.query(state_hash_of), events))
    assert ends[0] == ends[1] == ends[2]
    assert 0 < tails[1] <= EVERY


async def test_replay_up_to_any_record(tmp_path: Path) -> None:
    """With and without snapshots, beside a live node, the state is the one that was live then."""
    hashes, node = await make(tmp_path / "a", close=False)
    for seq in (BOOT, BOOT + 1, BOOT + EVERY, LAST - 7, LAST):
        for use in (True, False):
            engine = replay(tmp_path / "a", seq, use_snapshots=use)
            assert state_hash_of(engine.state) == hashes[seq]
            check_full(engine.state)
    assert state_hash_of(replay(tmp_path / "a").state) == hashes[-1]
    for seq in (-1, LAST + 1):
        with pytest.raises(JournalRefused):
            replay(tmp_path / "a", seq)
    await node.close()


async def test_replay_shows_every_record(tmp_path: Path) -> None:
    """History is rebuilt from what the listener of a replay sees."""
    await make(tmp_path / "a")
    seen: list[tuple[int, bool, bytes]] = []
    steps: list[tuple[int, int]] = []

    def listen(record: Record, accepted: bool, events: list[Event]) -> None:
        seen.append((record.seq, accepted, codec.digest(events)))

    replay(
        tmp_path / "a",
        use_snapshots=False,
        on_record=listen,
        progress=lambda done, total: steps.append((done, total)),
    )
    with JournalReader.open(tmp_path / "a" / JOURNAL_NAME) as reader:
        assert [(seq, digest) for seq, _, digest in seen] == [
            (record.seq, record.digest) for record in reader.read()
        ]
    assert {accepted for _, accepted, _ in seen} == {True, False}
    assert steps[-1] == (LAST, LAST)


async def test_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    """The next older one serves; with all damaged, genesis does."""
    hashes, _ = await make(tmp_path / "a")
    paths = snapshots_of(tmp_path / "a").list()
    damage(paths[0])
    with JournalReader.open(tmp_path / "a" / JOURNAL_NAME) as reader:
        found = recover(reader, snapshots_of(tmp_path / "a"))
    assert [skipped.path for skipped in found.skipped] == [paths[0]]
    assert 0 < found.from_seq < LAST and state_hash_of(found.engine.state) == hashes[-1]
    for path in paths[1:]:
        damage(path)
    assert await live_hash(tmp_path / "a") == (hashes[-1], LAST)


async def test_snapshot_of_another_history_is_passed_over(tmp_path: Path) -> None:
    """An intact snapshot is used only if its chain and its state hash are right."""
    hashes, _ = await make(tmp_path / "a")
    store = snapshots_of(tmp_path / "a")
    good = store.load(store.list()[0])
    for path in store.list():
        path.unlink()
    zeros = bytes(32)
    older = replay(tmp_path / "a", LAST - 1).state
    for header, body in (
        (replace(good.header, chain=zeros), good.body),
        (replace(good.header, state_hash=zeros), good.body),
        (good.header, codec.encode_state(older.dump())),
        (good.header, codec.encode_state([1, 2])),
        (good.header, b"?"),
        (replace(good.header, seq=LAST + 1), good.body),
    ):
        path = store.write(header, body)
        assert not verify(tmp_path / "a").ok
        assert await live_hash(tmp_path / "a") == (hashes[-1], LAST)
        for left in {path, *store.list()}:
            left.unlink()
    assert verify(tmp_path / "a").ok


async def test_other_events_than_recorded_are_refused(tmp_path: Path) -> None:
    """A replay that would give other events stops at that record; so does a node."""
    await make(tmp_path / "a")
    bad = LAST - 20

    def change(record: Record) -> Record:
        return replace(record, digest=bytes(16)) if record.seq == bad else record

    rewrite(tmp_path / "a", tmp_path / "b", change)
    for _ in range(2):  # a refused start lets go of the directory
        with pytest.raises(ReplayDiverged, match=str(bad)) as caught:
            await Node.open(tmp_path / "b")
        assert caught.value.seq == bad
    report = verify(tmp_path / "b")
    assert not report.ok and str(bad) in report.problems[0]
    assert report.digests == bad - 1
    assert state_hash_of(replay(tmp_path / "b", bad - 1).state)
    fork(tmp_path / "b", tmp_path / "c", bad - 1)
    async with await Node.open(tmp_path / "c") as node:
        assert node.last_seq == bad - 1


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x91\x01", codec.encode_command(deposit(1, "x"))])
async def test_other_command_than_recorded_is_refused(tmp_path: Path, body: bytes) -> None:
    """A body that is no command, or another one, cannot pass for the recorded one."""
    await make(tmp_path / "a")

    def change(record: Record) -> Record:
        return replace(record, body=body) if record.seq == BOOT + 2 else record

    rewrite(tmp_path / "a", tmp_path / "b", change)
    with pytest.raises(ReplayDiverged) as caught:
        await Node.open(tmp_path / "b")
    assert caught.value.seq == BOOT + 2


async def test_verify_of_a_sound_directory(tmp_path: Path) -> None:
    """Everything is counted and nothing is wrong, beside a live node and after it."""
    hashes, node = await make(tmp_path / "a", close=False)
    assert verify(tmp_path / "a").ok
    await node.close()
    steps: list[tuple[int, int]] = []
    report = verify(tmp_path / "a", progress=lambda done, total: steps.append((done, total)))
    assert report.ok and report.problems == []
    assert (report.records, report.digests, report.answers) == (LAST, LAST, COUNT)
    assert report.state_hash == hashes[-1]
    assert [check.seq for check in report.snapshots] == sorted(
        int(path.stem.split("-")[1]) for path in snapshots_of(tmp_path / "a").list()
    )
    assert len(report.snapshots) == 3 and steps[-1] == (LAST, LAST)


async def test_verify_finds_wrong_answers(tmp_path: Path) -> None:
    """An answer that was never given is found, though its checksum is right."""
    await make(tmp_path / "a")

    def change(answer: Answer) -> Answer:
        return replace(answer, answer=answer.answer + b"\0") if answer.seq == LAST else answer

    rewrite(tmp_path / "a", tmp_path / "b", lambda record: record, change)
    report = verify(tmp_path / "b")
    assert report.problems == [f"the answer to record {LAST} is not its result"]


async def test_verify_finds_wrong_snapshots(tmp_path: Path) -> None:
    """A snapshot that fits the journal and its own hash, but not the replay, is found."""
    await make(tmp_path / "a")
    store = snapshots_of(tmp_path / "a")
    header = store.load(store.list()[0]).header
    state = replay(tmp_path / "a", LAST - 1).state
    with JournalReader.open(tmp_path / "a" / JOURNAL_NAME) as reader:
        store.write(*encode_snapshot(state, reader.head(), header.code_version))
    damage(store.list()[1])
    report = verify(tmp_path / "a")
    assert report.problems == []
    problems = {check.seq: check.problem for check in report.snapshots}
    assert problems[LAST] == "its state is not that of the replay"
    assert "checksum" in problems[-1]
    assert list(problems.values()).count("") == 1


async def test_verify_finds_damage_in_the_journal(tmp_path: Path) -> None:
    """The report says what is wrong and which snapshots could not be reached; it never raises."""
    await make(tmp_path / "a")
    path = tmp_path / "a" / JOURNAL_NAME
    with JournalReader.open(path) as reader:
        body = next(reader.read(LAST - 50, LAST - 50)).body
    data = path.read_bytes()
    at = data.index(body)
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    report = verify(tmp_path / "a")
    assert not report.ok
    assert report.records == LAST - 51
    assert any("not reached" in check.problem for check in report.snapshots)
    with pytest.raises(JournalFormat):
        verify(tmp_path / "nowhere")


async def test_fork_goes_its_own_way(tmp_path: Path) -> None:
    """Up to the fork all is shared, answers and snapshots too; after it nothing is."""
    hashes, _ = await make(tmp_path / "a")
    at = BOOT + 2 * EVERY + 5
    steps: list[tuple[int, int]] = []
    older = snapshots_of(tmp_path / "a").list()[-1]
    at = max(at, int(older.stem.split("-")[1]) + 5)
    head = fork(tmp_path / "a", tmp_path / "b", at, progress=lambda *step: steps.append(step))
    assert head.seq == at and steps == [(0, at), (at, at)]
    assert verify(tmp_path / "b").ok
    async with await Node.open(tmp_path / "b", clock=Clock()) as node:
        assert 0 < node.metrics.recovered_records < at
        assert await node.query(state_hash_of) == hashes[at]
        number = at - BOOT - 1
        command, principal = list(traffic(7, number + 1, Clock()))[number]
        old = await node.submit(command, principal=principal, client_id=f"c-{number}")
        assert old.duplicate and old.seq == at
        new = await node.submit(deposit(1, "new"), principal=FIRST_TRADER, client_id="c-299")
        assert new.accepted and not new.duplicate and new.seq == at + 1
    assert verify(tmp_path / "b").ok
    assert await live_hash(tmp_path / "a") == (hashes[-1], 0)


async def test_fork_refuses(tmp_path: Path) -> None:
    """No record, no fork; no fork over another journal."""
    await make(tmp_path / "a")
    for seq in (-1, LAST + 1):
        with pytest.raises(JournalRefused):
            fork(tmp_path / "a", tmp_path / "b", seq)
    fork(tmp_path / "a", tmp_path / "b", 0)
    async with await Node.open(tmp_path / "b", bootstrap=exchange()) as node:
        assert node.last_seq == len(exchange())
    with pytest.raises(JournalRefused):
        fork(tmp_path / "a", tmp_path / "b", 5)


async def test_node_lives_without_snapshots(tmp_path: Path) -> None:
    """A disk that takes no snapshots costs time at the next start, nothing else."""
    clock = Clock()
    node = await Node.open(
        tmp_path / "a", bootstrap=exchange(), clock=clock, settings=NodeSettings(snapshot_every=5)
    )
    shutil.rmtree(tmp_path / "a" / SNAPSHOTS_NAME)
    (tmp_path / "a" / SNAPSHOTS_NAME).write_text("in the way")
    for index in range(20):
        await node.submit(deposit(1, f"d{index}"), principal=FIRST_TRADER)
    live = await node.query(state_hash_of)
    await node.close()
    assert node.metrics.snapshots == 0 and node.metrics.snapshot_failures > 0
    (tmp_path / "a" / SNAPSHOTS_NAME).unlink()
    assert (await live_hash(tmp_path / "a"))[0] == live
