"""Snapshots: written whole or not at all, damaged ones skipped, the newest valid ones kept."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.errors import SnapshotError
from plimsoll.runtime import snapshots
from plimsoll.runtime.snapshots import Snapshot, SnapshotHeader, SnapshotStore


def _header(seq: int) -> SnapshotHeader:
    return SnapshotHeader(seq, 1000 + seq, bytes([seq % 256]) * 32, b"c" * 32, "1.0+abc")


def _any(_: Snapshot) -> bool:
    return True


def _flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def test_round_trip(tmp_path: Path) -> None:
    """A snapshot comes back with every field, under a name that sorts by sequence number."""
    store = SnapshotStore(tmp_path / "snapshots")
    path = store.write(_header(7), b"state")
    assert path.name == "snapshot-0000000000000007.bin"
    loaded = store.load_newest(_any)
    assert loaded.snapshot == Snapshot(_header(7), b"state", path)
    assert loaded.skipped == ()


def test_every_bit_counts(tmp_path: Path) -> None:
    """A snapshot with any one bit flipped, or cut at any length, is refused."""
    store = SnapshotStore(tmp_path)
    path = store.write(_header(7), b"state")
    good = path.read_bytes()
    for bit in range(len(good) * 8):
        _flip(path, bit)
        with pytest.raises(SnapshotError):
            store.load(path)
        path.write_bytes(good)
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(SnapshotError):
            store.load(path)
    path.write_bytes(good + b"\0")
    with pytest.raises(SnapshotError):
        store.load(path)


@given(st.binary(max_size=200))
def test_hostile_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Arbitrary content, also behind a right magic, gives the typed error and nothing else."""
    store = SnapshotStore(tmp_path_factory.getbasetemp() / "hostile")
    path = store.directory / "snapshot-0000000000000001.bin"
    for content in (data, b"PLMSNAP\0" + data, b"PLMSNAP\0\0\0\0\x1a\0\1" + data):
        path.write_bytes(content)
        with pytest.raises(SnapshotError):
            store.load(path)


def test_damage_falls_back_to_the_one_before(tmp_path: Path) -> None:
    """Damaged and refused snapshots are skipped with a reason; the next older one is taken."""
    store = SnapshotStore(tmp_path, keep=4)
    paths = [store.write(_header(seq), b"state %d" % seq) for seq in (1, 2, 3, 4)]
    _flip(paths[3], random.Random(1).randrange(paths[3].stat().st_size * 8))
    loaded = store.load_newest(lambda snapshot: snapshot.header.seq != 3)
    assert loaded.snapshot is not None
    assert loaded.snapshot.header == _header(2)
    assert [skipped.path for skipped in loaded.skipped] == [paths[3], paths[2]]

    def refuse(snapshot: Snapshot) -> bool:
        raise SnapshotError(f"state hash of {snapshot.header.seq} differs")

    loaded = store.load_newest(refuse)
    assert loaded.snapshot is None
    assert loaded.skipped[-1].reason == "state hash of 1 differs"


def test_a_renamed_snapshot_is_refused(tmp_path: Path) -> None:
    """A snapshot under the name of another sequence number is not taken for it."""
    store = SnapshotStore(tmp_path)
    path = store.write(_header(7), b"state")
    other = path.rename(tmp_path / "snapshot-0000000000000009.bin")
    with pytest.raises(SnapshotError, match="not of its name"):
        store.load(other)


def test_keeps_the_newest_valid_ones(tmp_path: Path) -> None:
    """Old snapshots go, but as many valid ones as asked for stay, damaged ones not counted."""
    store = SnapshotStore(tmp_path, keep=2)
    paths = [store.write(_header(seq), b"s") for seq in (1, 2)]
    _flip(paths[1], 500)
    paths += [store.write(_header(3), b"s")]
    assert store.list() == tuple(reversed(paths))
    paths += [store.write(_header(4), b"s")]
    assert store.list() == (paths[3], paths[2])


def test_keep_below_two_is_refused(tmp_path: Path) -> None:
    """One snapshot alone is no safety: refused."""
    with pytest.raises(SnapshotError, match="at least 2"):
        SnapshotStore(tmp_path, keep=1)


@pytest.mark.parametrize("function", ["fsync", "sync_dir"])
def test_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """A write that fails gives the typed error and leaves the older snapshots and no debris."""
    store = SnapshotStore(tmp_path)
    store.write(_header(1), b"s")

    def fail(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os if function == "fsync" else snapshots, function, fail)
    with pytest.raises(SnapshotError, match="No space"):
        store.write(_header(2), b"s")
    monkeypatch.undo()
    assert not list(tmp_path.glob("*.partial"))
    assert store.load_newest(lambda s: s.header.seq == 1).snapshot is not None


def test_written_in_the_durable_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced before it gets its name, and the directory after that."""
    steps: list[str] = []

    def watch(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def watched(*args: object) -> object:
            steps.append(name)
            return real(*args)

        monkeypatch.setattr(owner, name, watched)

    for owner, name in ((os, "fsync"), (Path, "replace"), (snapshots, "sync_dir")):
        watch(owner, name)
    SnapshotStore(tmp_path).write(_header(1), b"s")
    assert steps == ["fsync", "replace", "sync_dir", "fsync"]


def test_leftovers_are_removed(tmp_path: Path) -> None:
    """What a killed writer left behind is not read and goes with the next write."""
    store = SnapshotStore(tmp_path)
    (tmp_path / "snapshot-0000000000000005.bin.partial").write_bytes(b"half")
    assert store.list() == ()
    path = store.write(_header(6), b"s")
    assert list(tmp_path.iterdir()) == [path]


def test_impossible_headers_are_refused(tmp_path: Path) -> None:
    """A header that the format cannot hold is refused before anything is written."""
    store = SnapshotStore(tmp_path)
    for header in (
        SnapshotHeader(-1, 0, b"", b"", ""),
        SnapshotHeader(1, 0, b"", b"", "x" * 70_000),
        SnapshotHeader(1, 0, b"", b"", "x" * 5_000),
        SnapshotHeader(1, 0, b"", b"", "\ud800"),
    ):
        with pytest.raises(SnapshotError):
            store.write(header, b"s")
    assert store.list() == ()
