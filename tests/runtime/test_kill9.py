"""A node killed under load loses, doubles and changes nothing; and the judge would notice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests import kill9

KILLS = 6
CLIENTS = 4


async def test_killed_node_keeps_its_word(tmp_path: Path) -> None:
    """What clients were told is what the journal, the answers and the state say."""
    data_dir = tmp_path / "data"
    verdict, acks = await kill9.run(data_dir, KILLS, CLIENTS, 11)
    assert verdict.ok, verdict
    assert verdict.acked == len(acks) > 100 and verdict.resent > 0
    assert len(verdict.hashes) == 1 + len(kill9.ENVIRONMENTS)
    logs = [(tmp_path / f"acks-{index}.log").read_text("ascii") for index in range(CLIENTS)]
    assert sum(log.count("\n") for log in logs) == len(acks)

    # The judge notices each kind of broken word.
    one = next(ack for ack in acks if ack.accepted and ack.sent.flow > 0)
    rest = [ack for ack in acks if ack is not one]
    assert kill9.judge(data_dir, acks).lost == kill9.judge(data_dir, acks).doubled == []
    for wrong in (replace(one, seq=one.seq + 1), replace(one, seq=10**9)):
        assert len(kill9.judge(data_dir, [*rest, wrong]).lost) == 1
    for wrong in (replace(one, body_hash=b""), replace(one, answer_hash=b"")):
        assert len(kill9.judge(data_dir, [*rest, wrong]).changed) == 1
    flow = replace(one, sent=replace(one.sent, flow=one.sent.flow + 1))
    assert len(kill9.judge(data_dir, [*rest, flow]).doubled) == 1
    assert len(kill9.judge(data_dir, rest).changed) == 1  # executed, and nobody was told


async def test_early_answers_are_found(tmp_path: Path) -> None:
    """A node that answers before its commit does not pass."""
    verdict, _ = await kill9.run(tmp_path / "data", 3, CLIENTS, 12, "ack-early", snapshot_every=0)
    assert not verdict.ok and verdict.lost, verdict
