"""The node: opens, is read and listened to, halts and closes without misleading anybody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from plimsoll.core.state import State
from plimsoll.errors import (
    ConfigError,
    JournalLocked,
    JournalWriteFailed,
    NodeClosed,
    NodeHalted,
)
from plimsoll.messages.commands import CreateMarket, Deposit, FundVamm
from plimsoll.runtime import presets
from plimsoll.runtime.durability import DiskStore
from plimsoll.runtime.node import (
    Gap,
    MemoryNode,
    NodeSettings,
    Published,
    Status,
)
from plimsoll.runtime.recovery import replay, state_hash_of
from tests.runtime.node_samples import (
    ALICE,
    FIRST_ACCOUNT,
    PRICE,
    Clock,
    Held,
    OpenNode,
    cash,
    deposit,
    exchange,
    journaled,
    traffic,
)

BOOT = len(exchange())


# --- halting -------------------------------------------------------------------------------


async def test_broken_invariant_halts(open_node: OpenNode, tmp_path: Path) -> None:
    """Nothing of the batch is answered, published or journaled; a restart is sound again."""
    node = await open_node(settings=NodeSettings(check_every=1))
    listener = node.subscribe()
    held = Held(node)
    before = asyncio.create_task(node.submit(deposit(7, "a"), principal=ALICE))
    await held.entered.wait()
    batch = [
        asyncio.create_task(node.submit(deposit(1, f"b{i}"), principal=ALICE)) for i in range(3)
    ]
    asked = asyncio.create_task(node.query(cash))
    await asyncio.sleep(0)
    node._engine.state.accounts[FIRST_ACCOUNT].balances[0].amount += 1
    held.gate.set()
    assert (await before).seq == BOOT + 1
    for task in batch:
        with pytest.raises(NodeHalted, match="M2"):
            await task
    assert await asked  # asked of the state before the batch, which was durable
    health = node.health()
    assert health.status is Status.HALTED and "M2" in health.reason and health.seq == BOOT + 1
    for call in (node.submit(deposit(1, "z"), principal=ALICE), node.query(cash)):
        with pytest.raises(NodeHalted):
            await call
    with pytest.raises(NodeHalted):
        node.subscribe()
    assert [item.seq async for item in listener] == [BOOT + 1]  # type: ignore[union-attr]
    await node.close()
    assert len(journaled(tmp_path)) == BOOT + 1
    node = await open_node()
    assert await node.query(cash) == 7_000_000


async def test_failed_write_halts(open_node: OpenNode) -> None:
    """After a failed commit nobody is told that anything was done."""
    node = await open_node()
    listener = node.subscribe()
    assert isinstance(node._store, DiskStore)
    node._store._writer._call(lambda journal: setattr(journal, "_failure", OSError("disk gone")))
    tasks = [
        asyncio.create_task(node.submit(deposit(1, f"a{i}"), principal=ALICE)) for i in range(5)
    ]
    for task in tasks:
        with pytest.raises(NodeHalted, match="disk gone"):
            await task
    with pytest.raises(NodeHalted):
        await node.submit(deposit(1, "z"), principal=ALICE)
    assert [item async for item in listener] == []
    assert node.metrics.halted == 1 and node.last_seq == BOOT
    await node.close()
    node = await open_node()
    assert await node.query(cash) == 0


async def test_all_who_wait_learn_of_the_halt(memory: MemoryNode) -> None:
    """In flight, queued, repeats and queries: each gets the reason, none hangs."""
    held = Held(memory)
    held.failure = JournalWriteFailed("no space")
    first = asyncio.create_task(memory.submit(deposit(1, "a"), principal=ALICE, client_id="a"))
    await held.entered.wait()
    others = [
        asyncio.create_task(call)
        for call in (
            memory.submit(deposit(1, "a"), principal=ALICE, client_id="a"),
            memory.submit(deposit(1, "b"), principal=ALICE),
            memory.query(cash),
            memory.dry_run(deposit(1, "b"), ALICE),
        )
    ]
    await asyncio.sleep(0)
    held.gate.set()
    found = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(one) for one in found] == [NodeHalted] * 5
    assert all("no space" in str(one) for one in found)


async def test_failing_dry_run_halts(memory: MemoryNode) -> None:
    """A core that fails where it should refuse is not trusted any more."""
    memory._engine.state.accounts.clear()
    memory._engine.state.accounts.append(None)  # type: ignore[arg-type]
    with pytest.raises(NodeHalted):
        await memory.dry_run(Deposit(0, 0, 1, "a"), 0)
    with pytest.raises(NodeHalted):
        await memory.submit(deposit(1, "a"), principal=ALICE)


# --- reading -------------------------------------------------------------------------------


async def test_dry_run_tells_and_changes_nothing(memory: MemoryNode) -> None:
    """The events are those the command then has."""
    before = await memory.query(state_hash_of)
    told = await memory.dry_run(deposit(5, "a"), ALICE)
    assert await memory.query(state_hash_of) == before and memory.last_seq == BOOT
    done = await memory.submit(deposit(5, "a"), principal=ALICE)
    assert [event.row() for event in told] == [event.row() for event in done.events]


async def test_query_error_reaches_only_its_caller(memory: MemoryNode) -> None:
    """At once or between batches, a failing question harms nobody else."""

    def fail(_: State) -> int:
        raise LookupError("not here")

    with pytest.raises(LookupError):
        await memory.query(fail)
    held = Held(memory)
    task = asyncio.create_task(memory.submit(deposit(1, "a"), principal=ALICE))
    await held.entered.wait()
    bad, good = asyncio.create_task(memory.query(fail)), asyncio.create_task(memory.query(cash))
    gone = asyncio.create_task(memory.query(cash))
    await asyncio.sleep(0)
    gone.cancel()
    held.gate.set()
    with pytest.raises(LookupError):
        await bad
    assert (await task).accepted and await good == 1_000_000


async def test_subscriber_gets_everything_in_order(memory: MemoryNode) -> None:
    """Records, senders, times and events are those of the receipts."""
    listener = memory.subscribe()
    sent = [
        await memory.submit(deposit(1, f"a{i}", trader=i % 2), principal=ALICE + i % 2)
        for i in range(6)
    ]
    await memory.close()
    got = [item async for item in listener]
    assert got == [Published(r.seq, r.ts, ALICE + i % 2, r.events) for i, r in enumerate(sent)]


async def test_slow_subscriber_is_cut_off(memory: MemoryNode) -> None:
    """It learns where it lost track; the others and the node go on."""
    slow, quick = memory.subscribe(3), memory.subscribe()
    for index in range(5):
        await memory.submit(deposit(1, f"a{index}"), principal=ALICE)
    assert memory.metrics.subscribers_dropped == memory.metrics.subscribers == 1
    got = [item async for item in slow]
    first = [item.seq for item in got[:3]]  # type: ignore[union-attr]
    assert first == [BOOT + 1, BOOT + 2, BOOT + 3]
    assert got[3:] == [Gap(BOOT + 3)]
    assert quick.buffered == 5
    again = memory.subscribe(1)
    await memory.submit(deposit(1, "b"), principal=ALICE)
    assert (await anext(again)).seq == BOOT + 6  # type: ignore[union-attr]
    again.close()
    assert [item async for item in again] == [] and memory.metrics.subscribers == 1
    with pytest.raises(ValueError, match="at least 1"):
        memory.subscribe(0)


async def test_waiting_subscriber_wakes(memory: MemoryNode) -> None:
    """One that waits gets the next record, or the end."""
    listener = memory.subscribe()
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    await memory.submit(deposit(1, "a"), principal=ALICE)
    assert (await waiting).seq == BOOT + 1  # type: ignore[union-attr]
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    await memory.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


# --- opening and closing -------------------------------------------------------------------


async def test_second_node_is_refused(open_node: OpenNode) -> None:
    """One data directory, one node; after a close the next may have it."""
    node = await open_node()
    with pytest.raises(JournalLocked):
        await open_node()
    assert (await node.submit(deposit(1, "a"), principal=ALICE)).accepted
    await node.close()
    assert (await open_node()).last_seq == BOOT + 1


async def test_bootstrap_is_all_or_nothing(open_node: OpenNode, tmp_path: Path) -> None:
    """A refused command leaves an empty journal, and the next attempt starts afresh."""
    market = presets.market_params("BTC-USD", PRICE)
    with pytest.raises(ConfigError, match="refused"):
        await open_node(bootstrap=[*exchange(), CreateMarket(market)])
    assert journaled(tmp_path) == []
    node = await open_node()
    assert node.last_seq == BOOT
    assert {record.principal for record in journaled(tmp_path)} == {0}
    await node.close()
    assert (await open_node(bootstrap=[])).last_seq == BOOT


async def test_close_finishes_what_is_queued(open_node: OpenNode) -> None:
    """Commands taken before the close are executed, later ones refused; closing twice is fine."""
    node = await open_node()
    tasks = [
        asyncio.create_task(node.submit(deposit(1, f"a{i}"), principal=ALICE)) for i in range(50)
    ]
    await asyncio.sleep(0)
    await asyncio.gather(node.close(), node.close())
    assert all(receipt.accepted for receipt in await asyncio.gather(*tasks))
    assert node.health().status is Status.CLOSED
    for call in (node.submit(deposit(1, "z"), principal=ALICE), node.query(cash)):
        with pytest.raises(NodeClosed):
            await call


async def test_cancelled_loop_halts(memory: MemoryNode) -> None:
    """A node whose task is taken away says so instead of hanging."""
    held = Held(memory)
    task = asyncio.create_task(memory.submit(deposit(1, "a"), principal=ALICE))
    await held.entered.wait()
    assert memory._task is not None
    memory._task.cancel()
    with pytest.raises(NodeHalted, match="cancelled"):
        await task
    assert memory.health().status is Status.HALTED


async def test_memory_node_is_the_same_exchange(open_node: OpenNode, tmp_path: Path) -> None:
    """The same commands at the same times give the same receipts and the same hash."""
    clock = Clock()
    node = await open_node(bootstrap=exchange(4), clock=clock)
    twin = await MemoryNode.open(bootstrap=exchange(4), clock=clock)
    for command, principal in traffic(1, 300, clock):
        on_disk = await node.submit(command, principal=principal)
        in_memory = await twin.submit(command, principal=principal)
        assert [e.row() for e in on_disk.events] == [e.row() for e in in_memory.events]
        assert (on_disk.seq, on_disk.ts) == (in_memory.seq, in_memory.ts)
    assert await node.query(state_hash_of) == await twin.query(state_hash_of)
    await twin.close()


async def test_without_recording(open_node: OpenNode, tmp_path: Path) -> None:
    """No events and no digests, but the same state."""
    clock = Clock()
    node = await open_node(bootstrap=exchange(4), clock=clock, recording=False)
    twin = await MemoryNode.open(bootstrap=exchange(4), clock=clock)
    for command, principal in traffic(2, 100, clock):
        receipt = await node.submit(command, principal=principal)
        assert receipt.events == []
        assert receipt.accepted == (await twin.submit(command, principal=principal)).accepted
    live = await node.query(state_hash_of)
    assert live == await twin.query(state_hash_of)
    await node.close()
    assert all(record.digest == b"" for record in journaled(tmp_path))
    engine = replay(tmp_path / "data", use_snapshots=False)
    assert state_hash_of(engine.state) == live
    await twin.close()


async def test_metrics_count(open_node: OpenNode) -> None:
    """Counters add up."""
    node = await open_node()
    for index in range(5):
        await node.submit(deposit(1, f"a{index}"), principal=ALICE)
    await node.submit(FundVamm(0, 1), principal=ALICE)
    metrics = node.metrics
    assert (metrics.commands, metrics.accepted) == (BOOT + 6, BOOT + 5)
    assert metrics.batches == metrics.commit_seconds.count == sum(metrics.batch_size.counts) == 7
    assert metrics.batch_size.counts[0] == 6 and metrics.batch_size.total == BOOT + 6
    await node.close()
    node = await open_node()
    assert metrics.snapshots == 1 and node.metrics.recovered_records == 0
    assert node.metrics.recovery_seconds > 0
