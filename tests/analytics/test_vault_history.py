"""The kept history of vaults: the same points live, after any restart, and in a replay."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from plimsoll.analytics.attribution import CAUSES
from plimsoll.analytics.vault_history import VaultHistory
from plimsoll.analytics.vault_replay import replay
from plimsoll.analytics.vault_store import STORE_NAME, read_checkpoint
from plimsoll.core import margin, vault_money
from plimsoll.messages.commands import Tick
from plimsoll.runtime import presets, recovery
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.pnl import DAY_MS, HOUR_MS, HistoryUnavailable
from tests.analytics.kept import SCRIPT, kept, opened, play, script, written
from tests.harness.vault_hours import (
    HOUR,
    exchange,
)
from tests.runtime.node_samples import Clock


async def test_the_script_moves_vaults(whole: Path) -> None:
    """PNL-009: every source earned something, by most causes, over hours and a midnight."""
    assert len(SCRIPT) > 350
    points = kept(whole)
    assert {source for source, _, _ in points} == {"vault:0", "vault:1", "vault:2", "vamm:0"}
    for source in ("vault:0", "vault:1", "vault:2"):
        assert len([1 for name, length, _ in points if (name, length) == (source, HOUR_MS)]) >= 8
        assert len([1 for name, length, _ in points if (name, length) == (source, DAY_MS)]) == 2
    earned = {name for point in points.values() for name in CAUSES if point.causes[name]}
    assert {"spread", "inventory", "hedge_slippage", "funding", "repeg"} <= earned


async def test_every_point_is_a_sum(whole: Path) -> None:
    """NAV is flows and causes, to the unit, of every point and of every difference of two."""
    for point in kept(whole).values():
        assert point.nav == point.flows + sum(point.causes.values())


async def test_the_last_point_is_the_state(whole: Path) -> None:
    """NAV, worth, shares and price of a share are what the core says at that record."""
    state = recovery.replay(whole).state
    points = kept(whole)
    for vault in state.liquidity.vaults:
        source = f"vault:{vault.ident}"
        last = max((p for p in points.values() if p.source == source), key=lambda p: p.seq)
        assert last.nav == vault_money.maintenance_worth(state, vault)
        assert (last.worth, last.supply) == (vault_money.assets(state, vault), vault.supply)
    (market,) = state.markets
    last = max((p for p in points.values() if p.source == "vamm:0"), key=lambda p: p.seq)
    assert last.nav == margin.equity(state, market.vamm)


async def test_a_replay_finds_the_same_points(whole: Path) -> None:
    """PNL-011: the kept file is what the journal alone gives, up to its last record."""
    found = replay(whole)
    assert found.problems == [] and found.compared == found.seq > len(SCRIPT)
    found.close()


async def test_a_replay_finds_what_is_wrong(whole: Path, tmp_path: Path) -> None:
    """A changed amount and a point that is missing are named."""
    shutil.copytree(whole, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / STORE_NAME)) as db:
        db.execute("UPDATE points SET spread = spread + 1 WHERE source = 'vault:0' AND ts = "
                   "(SELECT min(ts) FROM points WHERE source = 'vault:0')")  # fmt: skip
        db.execute("DELETE FROM points WHERE source = 'vamm:0' AND resolution = ?", (DAY_MS,))
        db.commit()
    found = replay(tmp_path / "data")
    assert len(found.problems) == 1 + 2
    assert "vamm:0, the day" in found.problems[0] and "only in the replay" in found.problems[0]
    assert "vault:0, the hour" in found.problems[2] and "should be" in found.problems[2]
    found.close()


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("part", [3, 2])
async def test_a_killed_node_goes_on(whole: Path, tmp_path: Path, part: int, flush: bool) -> None:
    """PNL-010: a copy of the files in the middle of the run, as a kill leaves them, opened again,
    ends with the points of a run that nothing interrupted."""
    half = len(SCRIPT) // part
    async with opened(tmp_path / "a") as (node, history, clock):
        await play(node, clock, SCRIPT[:half])
        await written(history)
        if not flush:
            # What was written last is some records old.
            await play(node, clock, SCRIPT[half : half + 40])
            half += 40
        shutil.copytree(tmp_path / "a", tmp_path / "b")
    async with opened(tmp_path / "b") as (node, history, clock):
        await play(node, clock, SCRIPT[half:])
    assert kept(tmp_path / "b") == kept(whole)


def no_file(path: Path) -> None:
    """It was deleted."""
    path.unlink()


def garbage(path: Path) -> None:
    """It is no database."""
    path.write_bytes(b"not a database at all" * 300)


def torn(path: Path) -> None:
    """A page in the middle is damaged."""
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)


def changed(path: Path, statement: str, *values: object) -> None:
    """A statement was executed on it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement, values)
        db.commit()


def other_attribution(path: Path) -> None:
    """The attribution is of another format."""
    row = json.dumps(["another", 1])
    changed(path, "UPDATE checkpoint SET attribution = ?", row)


@pytest.mark.parametrize(
    "damage",
    [
        no_file,
        garbage,
        torn,
        other_attribution,
        partial(changed, statement="PRAGMA user_version = 99"),
        partial(changed, statement="UPDATE checkpoint SET code = '0.0.0'"),
        partial(changed, statement="UPDATE checkpoint SET seq = seq + 1000000"),
        partial(changed, statement="UPDATE checkpoint SET chain = zeroblob(32)"),
        partial(changed, statement="DELETE FROM checkpoint"),
    ],
)
async def test_an_unusable_file_is_made_anew(
    whole: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """PNL-010: gone, damaged, of another version, beyond the journal's end, of another journal: the
    points are those of an uninterrupted run, with nothing left of what was there."""
    folder = tmp_path / "data"
    shutil.copytree(whole, folder)
    changed(folder / STORE_NAME, "INSERT INTO points SELECT 'vault:9', resolution, bucket, ts, seq,"
            " nav, flows, spread, fees, funding, inventory, hedge_slippage, repeg, bad_debt, worth,"
            " supply, share_price, price FROM points WHERE source = 'vault:0'")  # fmt: skip
    damage(folder / STORE_NAME)
    async with opened(folder) as (_, history, _clock):
        latest = await history.latest()
    assert kept(folder) == kept(whole)
    assert list(latest) == ["vault:0", "vault:1", "vault:2", "vamm:0"]


@pytest.mark.parametrize("killed", [False, True])
async def test_a_file_older_than_the_snapshot_catches_up(
    whole: Path, tmp_path: Path, killed: bool
) -> None:
    """PNL-010: recovery starts behind the checkpoint, with records after its snapshot or without:
    what lies between is read from the journal."""
    half, folder, copy = len(SCRIPT) // 3, tmp_path / "data", tmp_path / "killed"
    async with opened(folder) as (node, history, clock):
        await play(node, clock, SCRIPT[:half])
        await written(history)
        seq = node.last_seq
        with (
            closing(sqlite3.connect(folder / STORE_NAME)) as source,
            closing(sqlite3.connect(tmp_path / "old.db")) as target,
        ):
            source.backup(target)
        await play(node, clock, SCRIPT[half:])
        await asyncio.sleep(0.1)  # a snapshot may be on its way to the disk
        shutil.copytree(folder, copy)
    if killed:
        folder = copy
        for path in folder.glob(f"{STORE_NAME}-*"):
            path.unlink()
    shutil.copy(tmp_path / "old.db", folder / STORE_NAME)
    found = read_checkpoint(folder / STORE_NAME)
    assert found is not None and found.seq == seq
    async with opened(folder) as (node, history, _):
        replayed = node.metrics.recovered_records
        assert 0 < replayed < node.last_seq - seq if killed else replayed == 0
        assert (await history.latest())["vault:0"].seq == node.last_seq
    assert kept(folder) == kept(whole)


async def test_a_clean_restart_replays_nothing(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where checkpoint and snapshot are both at the end there is nothing to read."""
    shutil.copytree(whole, tmp_path / "data")
    monkeypatch.setattr(recovery, "replay_after", None)
    async with opened(tmp_path / "data") as (node, history, _):
        assert (await history.latest())["vault:1"].seq == node.last_seq
        await written(history)
    assert kept(tmp_path / "data") == kept(whole)


async def test_a_crash_is_followed_by_recovery_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records that recovery replays after the checkpoint are not replayed a second time."""
    async with opened(tmp_path / "a") as (node, history, clock):
        # Between two snapshots, so that recovery starts before the checkpoint.
        await play(node, clock, SCRIPT[:100])
        await written(history)
        await play(node, clock, SCRIPT[100:130])
        shutil.copytree(tmp_path / "a", tmp_path / "b")
    monkeypatch.setattr(recovery, "replay_after", None)
    async with opened(tmp_path / "b") as (node, history, _):
        assert node.metrics.recovered_records > 0
        assert (await history.latest())["vault:1"].seq == node.last_seq
        last = node.last_seq
    # Written, though nothing happened since.
    found = read_checkpoint(tmp_path / "b" / STORE_NAME)
    assert found is not None and found.seq == last


async def test_a_gap_is_read_from_the_journal(tmp_path: Path) -> None:
    """A node faster than its history: the missed records are read, and no point differs."""
    async with opened(tmp_path / "data", room=2) as (node, history, clock):
        await play(node, clock, SCRIPT[:100])
        assert (await history.latest())["vault:0"].seq == node.last_seq
        burst = [node.submit(Tick(1), principal=presets.KEEPER) for _ in range(50)]
        await asyncio.gather(*burst)
        assert node.metrics.subscribers_dropped >= 1
        await play(node, clock, SCRIPT[100:])
        assert (await history.latest())["vault:0"].seq == node.last_seq
    found = replay(tmp_path / "data")
    assert found.problems == [] and found.compared == found.seq
    found.close()


async def followed_in_memory() -> tuple[MemoryNode, VaultHistory, Clock]:
    """A node without a directory, followed from genesis on."""
    clock, history = Clock(SCRIPT[0][0]), VaultHistory()
    node = await MemoryNode.open(bootstrap=exchange(), clock=clock, listen=history.listen)
    history.follow(node)
    return node, history, clock


async def test_a_node_in_memory_has_the_same_history(whole: Path) -> None:
    """Its bootstrap commands are seen too; hours and days are kept while it lasts."""
    node, history, clock = await followed_in_memory()
    await play(node, clock, SCRIPT)
    points = kept(whole)
    for source in await history.sources():
        for length in (HOUR_MS, DAY_MS):
            expected = [
                p for (name, one, _), p in points.items() if (name, one) == (source, length)
            ]
            assert await history.points(source, length, None, None, 100) == expected
    await node.close()
    await history.close()


async def test_readers_see_everything_that_was_answered() -> None:
    """However much was published at once: what is read is as new as the newest answer."""
    node, history, _ = await followed_in_memory()
    for _ in range(3):
        burst = [node.submit(Tick(1), principal=presets.KEEPER) for _ in range(700)]
        await asyncio.gather(*burst)
        last = node.last_seq
        assert (await history.latest())["vault:0"].seq == last
    await node.close()
    await history.close()


async def test_a_hole_in_memory_is_no_history() -> None:
    """What cannot be read from anywhere is not made up: readers are told, for good."""
    clock, history = Clock(SCRIPT[0][0]), VaultHistory()
    node = await MemoryNode.open(bootstrap=exchange(), clock=clock)
    history.follow(node)
    with pytest.raises(HistoryUnavailable, match="were missed; there is no journal") as caught:
        await history.latest()
    assert not caught.value.again
    await node.submit(Tick(1), principal=presets.KEEPER)
    await node.close()
    await history.close()


async def test_hours_grow_old_and_days_stay(tmp_path: Path) -> None:
    """Hours of more than ninety days ago go; what is left is what a rebuild makes."""
    sent = script(100 * 24, seed=3, step=8 * HOUR)
    folder = tmp_path / "data"
    async with opened(folder) as (node, history, clock):
        for at in range(0, len(sent), 40):
            await play(node, clock, sent[at : at + 40])
            await written(history)
        now = clock.now
    points = kept(folder)
    hours = [bucket for name, length, bucket in points if (name, length) == ("vault:0", HOUR_MS)]
    days = [bucket for name, length, bucket in points if (name, length) == ("vault:0", DAY_MS)]
    assert 0 <= min(hours) - (now - now % HOUR_MS - 90 * DAY_MS) < DAY_MS
    assert now - min(days) >= 100 * DAY_MS
    (folder / STORE_NAME).unlink()
    async with opened(folder) as (node, history, _):
        await history.latest()
    assert kept(folder) == points
