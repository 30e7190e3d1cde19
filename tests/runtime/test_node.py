"""The node: answers only what is durable, and once, within its limits."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from plimsoll.errors import (
    ClientIdReused,
    ConfigError,
    NodeBusy,
)
from plimsoll.messages import codes
from plimsoll.messages.commands import Deposit, FundVamm
from plimsoll.messages.events import Rejected, Transferred
from plimsoll.messages.fields import FieldError
from plimsoll.runtime import durability, presets, sequencer
from plimsoll.runtime.durability import DiskStore
from plimsoll.runtime.node import (
    Gap,
    MemoryNode,
    NodeSettings,
    Published,
    Receipt,
    Subscription,
)
from plimsoll.runtime.recovery import state_hash_of
from tests.runtime.node_samples import (
    ALICE,
    BOB,
    FIRST_ACCOUNT,
    PRICE,
    START,
    Clock,
    Held,
    OpenNode,
    cash,
    deposit,
    exchange,
    journaled,
    limit_order,
    oracle,
)

BOOT = len(exchange())


def drained(subscription: Subscription) -> list[Published | Gap]:
    """What a subscription holds right now."""
    return list(subscription._buffer)


# --- durable first -------------------------------------------------------------------------


async def test_nothing_is_seen_before_its_commit(open_node: OpenNode, tmp_path: Path) -> None:
    """While the writer hangs there is no answer, no event, no state and no sequence number."""
    node = await open_node()
    listener = node.subscribe()
    assert isinstance(node._store, DiskStore)
    gate, reached = threading.Event(), threading.Event()
    node._store._writer._call(lambda _: reached.set() or gate.wait())
    assert reached.wait(10)
    first = asyncio.create_task(node.submit(deposit(5, "a"), principal=ALICE))
    await asyncio.sleep(0)
    asked = asyncio.create_task(node.query_at(cash))
    dry = asyncio.create_task(node.dry_run(deposit(1, "a"), ALICE))
    second = asyncio.create_task(node.submit(deposit(6, "b"), principal=ALICE))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not any(task.done() for task in (first, asked, dry, second))
    assert drained(listener) == [] and node.last_seq == BOOT
    assert len(journaled(tmp_path)) == BOOT
    gate.set()
    assert (await first).seq == BOOT + 1 and (await second).seq == BOOT + 2
    assert await asked in ((BOOT + 1, 5_000_000), (BOOT + 2, 11_000_000))
    assert isinstance((await dry)[0], Rejected)
    found = [item.seq for item in drained(listener)]  # type: ignore[union-attr]
    assert found == [BOOT + 1, BOOT + 2]
    assert len(journaled(tmp_path)) == BOOT + 2


async def test_commands_gather_behind_a_commit(memory: MemoryNode) -> None:
    """What arrives during a commit goes into the next one together, up to the limit."""
    memory._settings = replace(memory._settings, batch_max=40)
    held = Held(memory)
    tasks = [asyncio.create_task(memory.submit(deposit(1, "x0"), principal=ALICE))]
    await held.entered.wait()
    tasks += [
        asyncio.create_task(memory.submit(deposit(1, f"x{index}"), principal=ALICE))
        for index in range(1, 101)
    ]
    await asyncio.sleep(0)
    held.gate.set()
    receipts = await asyncio.gather(*tasks)
    assert [receipt.seq for receipt in receipts] == list(range(BOOT + 1, BOOT + 102))
    assert memory.metrics.batches == 1 + 1 + 3  # bootstrap, one alone, 40 + 40 + 20
    assert memory.metrics.batch_size.total == BOOT + 101


async def test_rejected_command_is_journaled(open_node: OpenNode, tmp_path: Path) -> None:
    """A refusal has a number and an answer, and leaves the state hash as it was."""
    node = await open_node()
    before = await node.query(state_hash_of)
    receipt = await node.submit(FundVamm(0, 1), principal=ALICE, client_id="no")
    assert not receipt.accepted and receipt.seq == BOOT + 1
    assert [event.row()[1] for event in receipt.events] == [codes.NOT_ALLOWED]
    assert await node.query(state_hash_of) == before
    assert node.metrics.rejected == {codes.NOT_ALLOWED: 1}
    assert (await node.submit(FundVamm(0, 1), principal=ALICE, client_id="no")).seq == receipt.seq
    assert len(journaled(tmp_path)) == BOOT + 1


async def test_bad_field_is_not_journaled(open_node: OpenNode, tmp_path: Path) -> None:
    """A command, sender or client id out of bounds is refused at the door, by name."""
    node = await open_node()
    with pytest.raises(FieldError, match="amount"):
        await node.submit(Deposit(FIRST_ACCOUNT, 0, 0, "a"), principal=ALICE)
    with pytest.raises(FieldError, match="amount"):
        await node.dry_run(Deposit(FIRST_ACCOUNT, 0, 2**70, "a"), ALICE)
    with pytest.raises(FieldError, match="principal"):
        await node.submit(deposit(1, "a"), principal=-1)
    for client_id in ("x" * 65, "a b", "ü"):
        with pytest.raises(FieldError, match="client_id"):
            await node.submit(deposit(1, "a"), principal=ALICE, client_id=client_id)
    assert node.metrics.refused == {"FieldError": 5}
    assert len(journaled(tmp_path)) == BOOT


async def test_cancelled_caller_changes_nothing(memory: MemoryNode) -> None:
    """A command is executed once taken, and its repeat gets the answer."""
    held = Held(memory)
    task = asyncio.create_task(memory.submit(deposit(5, "a"), principal=ALICE, client_id="c"))
    await held.entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    held.gate.set()
    again = await memory.submit(deposit(5, "a"), principal=ALICE, client_id="c")
    assert again.duplicate and again.accepted
    assert await memory.query(cash) == 5_000_000


# --- once ----------------------------------------------------------------------------------


def same(first: Receipt, repeat: Receipt) -> bool:
    """Whether a repeat got the first answer, marked as such."""
    rows = [[event.row() for event in receipt.events] for receipt in (first, repeat)]
    return (
        (first.seq, first.ts, first.accepted, rows[0])
        == (repeat.seq, repeat.ts, repeat.accepted, rows[1])
        and repeat.duplicate
        and not first.duplicate
    )


async def test_repeat_gets_the_first_answer(open_node: OpenNode, tmp_path: Path) -> None:
    """Also after a restart with and without a snapshot; the command acts once."""
    node = await open_node()
    first = await node.submit(deposit(5, "a"), principal=ALICE, client_id="c-1")
    assert any(isinstance(event, Transferred) for event in first.events)
    assert same(first, await node.submit(deposit(5, "a"), principal=ALICE, client_id="c-1"))
    await node.close()
    node = await open_node(clock=Clock(START + 99))
    assert same(first, await node.submit(deposit(5, "a"), principal=ALICE, client_id="c-1"))
    assert node.metrics.duplicates == 1 and node.metrics.commands == 0
    assert await node.query(cash) == 5_000_000
    assert len(journaled(tmp_path)) == BOOT + 1


async def test_repeat_in_flight_waits_for_the_first(memory: MemoryNode) -> None:
    """Two tasks, one command: one execution, one answer."""
    held = Held(memory)
    send = [
        asyncio.create_task(memory.submit(deposit(5, "a"), principal=ALICE, client_id="c"))
        for _ in range(3)
    ]
    await held.entered.wait()
    send.append(asyncio.create_task(memory.submit(deposit(5, "a"), principal=ALICE, client_id="c")))
    await asyncio.sleep(0)
    with pytest.raises(ClientIdReused):
        await memory.submit(deposit(6, "a"), principal=ALICE, client_id="c")
    held.gate.set()
    first, *repeats = await asyncio.gather(*send)
    assert all(same(first, repeat) for repeat in repeats)
    assert await memory.query(cash) == 5_000_000
    assert memory.last_seq == BOOT + 1


async def test_other_command_under_a_used_id_is_refused(open_node: OpenNode) -> None:
    """The id of one principal; another principal has ids of its own."""
    node = await open_node()
    await node.submit(deposit(5, "a"), principal=ALICE, client_id="c")
    with pytest.raises(ClientIdReused):
        await node.submit(deposit(6, "a"), principal=ALICE, client_id="c")
    other = await node.submit(deposit(6, "b", trader=1), principal=BOB, client_id="c")
    assert other.accepted and not other.duplicate
    assert node.metrics.refused == {"ClientIdReused": 1}
    assert await node.query(cash) == 5_000_000


async def test_equal_commands_without_ids_all_act(memory: MemoryNode) -> None:
    """Without a client id nothing is taken for a repeat."""
    order = limit_order(0, codes.BUY, -500, 1)
    await memory.submit(deposit(1000, "a"), principal=ALICE)
    await memory.submit(oracle(PRICE, START), principal=presets.ORACLE)
    receipts = [await memory.submit(order, principal=ALICE) for _ in range(3)]
    assert [(r.accepted, r.duplicate) for r in receipts] == [(True, False)] * 3
    assert await memory.query(lambda state: len(state.orders)) == 3


async def test_answer_too_long_to_keep(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repeat of a command with very many events is told that they are not kept."""
    monkeypatch.setattr(sequencer, "_ANSWER_EVENTS_MAX", 8)
    node = await open_node()
    first = await node.submit(deposit(5, "a"), principal=ALICE, client_id="c")
    again = await node.submit(deposit(5, "a"), principal=ALICE, client_id="c")
    assert first.complete and first.events
    assert (again.seq, again.accepted, again.complete, again.events) == (first.seq, True, False, [])


async def test_old_answers_are_pruned(open_node: OpenNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the retention time an id is free again; before it, it is not."""
    monkeypatch.setattr(durability, "PRUNE_EVERY", 1)
    clock = Clock()
    node = await open_node(clock=clock, settings=NodeSettings(answer_retention_ms=1_000))
    await node.submit(deposit(1, "a"), principal=ALICE, client_id="c")
    clock.now += 1_000
    for name in ("b1", "b2"):  # the second waits for the pruning after the first
        await node.submit(deposit(1, name), principal=ALICE)
    assert (await node.submit(deposit(1, "a"), principal=ALICE, client_id="c")).duplicate
    clock.now += 1
    for name in ("d1", "d2"):
        await node.submit(deposit(1, name), principal=ALICE)
    assert not (await node.submit(deposit(1, "f"), principal=ALICE, client_id="c")).duplicate


# --- limits --------------------------------------------------------------------------------


async def test_full_queue_is_busy(memory: MemoryNode) -> None:
    """No more commands wait than allowed; the next is refused at once, and a repeat is not."""
    memory._settings = replace(memory._settings, queue_max=2)
    held = Held(memory)
    tasks = [asyncio.create_task(memory.submit(deposit(1, "a"), principal=ALICE, client_id="a"))]
    await held.entered.wait()
    for name in ("b", "c"):
        send = memory.submit(deposit(1, name), principal=ALICE, client_id=name)
        tasks.append(asyncio.create_task(send))
    await asyncio.sleep(0)
    assert memory.health().queued == memory.metrics.queue_depth == 2
    with pytest.raises(NodeBusy):
        await memory.submit(deposit(1, "d"), principal=ALICE, client_id="d")
    repeat = asyncio.create_task(memory.submit(deposit(1, "c"), principal=ALICE, client_id="c"))
    asked = [asyncio.create_task(memory.query(cash)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NodeBusy):
        await memory.query(cash)
    held.gate.set()
    await asyncio.gather(*tasks, repeat, *asked)
    assert memory.metrics.refused == {"NodeBusy": 1}
    assert (await memory.submit(deposit(1, "d"), principal=ALICE, client_id="d")).accepted


@pytest.mark.parametrize(
    "wrong",
    [
        {"queue_max": 0}, {"batch_max": 0}, {"batch_max": 1 << 20}, {"snapshot_every": -1},
        {"keep_snapshots": 1}, {"answer_retention_ms": -1}, {"check_every": -1},
    ],
)  # fmt: skip
def test_settings_are_checked(wrong: dict[str, int]) -> None:
    """A setting that could not work is refused by name."""
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        NodeSettings(**wrong)


async def test_time_never_goes_back(open_node: OpenNode, tmp_path: Path) -> None:
    """A clock that does is held at the last stamp, counted, also across a restart."""
    clock = Clock()
    node = await open_node(clock=clock)
    stamps = []
    for index, now in enumerate((START + 5, START + 2, START + 5, START + 9)):
        clock.now = now
        stamps.append((await node.submit(deposit(1, f"t{index}"), principal=ALICE)).ts)
    assert [ts - START for ts in stamps] == [5, 5, 5, 9]
    assert (node.metrics.clock_clamps, node.metrics.clock_behind_ms_max) == (1, 3)
    await node.close()
    node = await open_node(clock=Clock(1))
    assert (await node.submit(deposit(1, "late"), principal=ALICE)).ts == START + 9
    assert node.metrics.clock_clamps == 1
    assert [record.ts - START for record in journaled(tmp_path)[BOOT:]] == [5, 5, 5, 9, 9]
