"""A node killed under load loses, doubles and changes nothing; and the judge would notice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests import kill9
from tests.harness.ack_client import Ack
from tests.harness.http_door import HttpDoor
from tests.harness.node_link import Door, SocketDoor

CLIENTS = 4


@pytest.mark.parametrize(("kind", "kills", "acked"), [(SocketDoor, 6, 100), (HttpDoor, 4, 50)])
async def test_killed_node_keeps_its_word(
    tmp_path: Path, kind: type[SocketDoor | HttpDoor], kills: int, acked: int
) -> None:
    """What clients were told is what the journal, the answers and the state say."""
    door = kind(tmp_path / "data")
    verdict, acks = await kill9.run(door, kills, CLIENTS, 11)
    assert verdict.ok, [str(verdict), *verdict.lost, *verdict.doubled, *verdict.changed]
    assert verdict.acked == len(acks) > acked and verdict.resent > 0
    assert {ack.sent.principal for ack in acks} >= {door.seat(i).principal for i in range(CLIENTS)}
    assert len(verdict.hashes) == 1 + len(kill9.ENVIRONMENTS)
    logs = [(tmp_path / f"acks-{index}.log").read_text("ascii") for index in range(CLIENTS)]
    assert sum(log.count("\n") for log in logs) == len(acks)
    judge_notices(door, acks)


def judge_notices(door: Door, acks: list[Ack]) -> None:
    """The judge finds each kind of broken word."""
    one = next(ack for ack in acks if ack.accepted and ack.sent.flow > 0)
    rest = [ack for ack in acks if ack is not one]
    assert kill9.judge(door, acks).lost == kill9.judge(door, acks).doubled == []
    for wrong in (replace(one, seq=one.seq + 1), replace(one, seq=10**9)):
        assert len(kill9.judge(door, [*rest, wrong]).lost) == 1
    for wrong in (replace(one, body_hash=b""), replace(one, answer_hash=b"")):
        assert len(kill9.judge(door, [*rest, wrong]).changed) == 1
    flow = replace(one, sent=replace(one.sent, flow=one.sent.flow + 1))
    assert len(kill9.judge(door, [*rest, flow]).doubled) == 1
    assert len(kill9.judge(door, rest).changed) == 1  # executed, and nobody was told


@pytest.mark.parametrize("kind", [SocketDoor, HttpDoor])
async def test_early_answers_are_found(tmp_path: Path, kind: type[SocketDoor | HttpDoor]) -> None:
    """A node that answers before its commit does not pass."""
    door = kind(tmp_path / "data", "ack-early", snapshot_every=0)
    verdict, _ = await kill9.run(door, 3, CLIENTS, 12)
    assert not verdict.ok and verdict.lost, verdict
