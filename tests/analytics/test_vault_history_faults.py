"""What goes wrong with the kept history harms neither the exchange nor its readers."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from plimsoll.analytics import vault_history
from plimsoll.analytics.attribution import Attribution
from plimsoll.analytics.vault_replay import replay
from plimsoll.analytics.vault_store import STORE_NAME, PointStore, read_checkpoint
from plimsoll.runtime import recovery
from plimsoll.runtime.pnl import HOUR_MS, HistoryUnavailable
from tests.analytics.kept import SCRIPT, kept, opened, play, written


async def test_readers_wait_and_are_told(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the journal is read there is no answer, then the right one; never an old one."""
    folder = tmp_path / "data"
    shutil.copytree(whole, folder)
    (folder / STORE_NAME).unlink()
    gate = threading.Event()
    read = recovery.replay_after

    def slow(*args: Any, **more: Any) -> Any:
        gate.wait(20)
        return read(*args, **more)

    monkeypatch.setattr(recovery, "replay_after", slow)
    monkeypatch.setattr(vault_history, "WAIT_SECONDS", 0.05)
    async with opened(folder) as (node, history, _):
        with pytest.raises(HistoryUnavailable, match="brought up to record") as caught:
            await history.latest()
        assert caught.value.again
        monkeypatch.setattr(vault_history, "WAIT_SECONDS", 20.0)
        gate.set()
        assert (await history.latest())["vault:0"].seq == node.last_seq


async def test_closing_does_not_wait_for_a_long_replay(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops at the next record and goes on from where it had written."""
    folder = tmp_path / "data"
    shutil.copytree(whole, folder)
    (folder / STORE_NAME).unlink()
    monkeypatch.setattr(vault_history, "CHECKPOINT_RECORDS", 50)
    taken: list[int] = []
    take = vault_history.Recorder.take

    def counted(self: Any, item: Any) -> None:
        take(self, item)
        taken.append(item.seq)
        if item.seq == 120:
            history._closing = True

    monkeypatch.setattr(vault_history.Recorder, "take", counted)
    async with opened(folder) as (_, history, _clock):
        await asyncio.wait(history._tasks[:1])
    assert taken[-1] == 120
    found = read_checkpoint(folder / STORE_NAME)
    assert found is not None and found.seq == 99
    monkeypatch.undo()
    async with opened(folder) as (node, history, _):
        assert (await history.latest())["vault:0"].seq == node.last_seq
    assert kept(folder) == kept(whole)


async def test_a_fault_in_the_attribution_stops_the_history_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange goes on; readers are told why; what was written before stays as it was."""

    def broken(*_: Any) -> None:
        raise LookupError("reason 99 is no cause")

    async with opened(tmp_path / "data") as (node, history, clock):
        await play(node, clock, SCRIPT[:100])
        await written(history)
        seq = node.last_seq
        monkeypatch.setattr(Attribution, "record", broken)
        await play(node, clock, SCRIPT[100:110])
        with pytest.raises(HistoryUnavailable, match="reason 99 is no cause"):
            await history.points("vault:0", HOUR_MS, None, None, 5)
        assert node.last_seq > seq
    found = read_checkpoint(tmp_path / "data" / STORE_NAME)
    assert found is not None and found.seq == seq
    # A restart in which it still fails, and one in which it does not.
    async with opened(tmp_path / "data") as (node, history, clock):
        await play(node, clock, SCRIPT[110:115])
        with pytest.raises(HistoryUnavailable):
            await history.latest()
    monkeypatch.undo()
    async with opened(tmp_path / "data") as (node, history, _):
        assert (await history.latest())["vault:0"].seq == node.last_seq
    found_again = replay(tmp_path / "data")
    assert found_again.problems == []
    found_again.close()


async def test_figures_that_contradict_themselves_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A NAV that is not the sum of its causes is neither answered nor written, for any source."""

    def broken(*_: Any) -> None:
        raise RuntimeError("vault:0 is worth 5, booked 6")

    async with opened(tmp_path / "data") as (node, history, clock):
        await play(node, clock, SCRIPT[:60])
        await written(history)
        seq = node.last_seq
        monkeypatch.setattr(Attribution, "pnl", broken)
        await play(node, clock, SCRIPT[60:62])
        await history.flush()
        for call in (history.latest(), history.before("vault:1", 5), history.sources()):
            with pytest.raises(HistoryUnavailable, match="is worth 5, booked 6"):
                await call
        await play(node, clock, SCRIPT[62:70])
    found = read_checkpoint(tmp_path / "data" / STORE_NAME)
    assert found is not None and found.seq == seq


async def test_what_cannot_be_written_is_written_later(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk loses nothing: readers see it all the same, the file gets it when it can."""
    write = PointStore.write

    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with opened(tmp_path / "data") as (node, history, clock):
        await play(node, clock, SCRIPT[:150])
        await written(history)
        monkeypatch.setattr(PointStore, "write", full)
        await play(node, clock, SCRIPT[150:300])
        await history.flush()
        await history.flush()
        seen = await history.points("vault:0", HOUR_MS, None, None, 100)
        monkeypatch.setattr(PointStore, "write", write)
        await history.flush()
        assert await history.points("vault:0", HOUR_MS, None, None, 100) == seen
        await play(node, clock, SCRIPT[300:])
    assert kept(tmp_path / "data") == kept(whole)


async def test_commits_do_not_wait_for_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands are answered while a write takes its time."""
    write, gate = PointStore.write, threading.Event()

    def slow(self: PointStore, *args: Any) -> None:
        gate.wait(20)
        write(self, *args)

    async with opened(tmp_path / "data") as (node, history, clock):
        monkeypatch.setattr(PointStore, "write", slow)
        await play(node, clock, SCRIPT[:20])
        await history.latest()
        task = asyncio.ensure_future(history.flush())
        await play(node, clock, SCRIPT[20:60])
        assert not task.done()
        gate.set()
        await task
