"""Which changes of parameters loosen a limit: a decision for every field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.messages import changes, codec, commands
from plimsoll.messages.changes import CAPPED, DOWN, NEITHER, RECORDS, TIGHTER, UP
from plimsoll.messages.fields import BOUNDS, FieldError
from plimsoll.messages.guard import CancelProposal, ExecuteProposal, Propose
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams
from plimsoll.runtime import presets

ROWS: dict[str, list[object]] = {
    kind: presets.market_params("BTC-USD", 60_000_000_000).row()
    if kind == "market_params"
    else cls().row()
    for kind, cls in RECORDS.items()
}


@pytest.mark.parametrize("kind", RECORDS)
def test_every_field_has_a_decision(kind: str) -> None:
    """PROP-004: a parameter that is added without one fails here."""
    assert list(TIGHTER[kind]) == [name for name, _ in RECORDS[kind].FIELDS]
    assert set(TIGHTER[kind].values()) <= {UP, DOWN, NEITHER, CAPPED}


def test_every_set_that_a_change_carries_is_decided() -> None:
    """PROP-004: no change carries parameters of which nobody knows what loosens them."""
    carried = {kind for cls in changes.CHANGES for _, kind in cls.FIELDS if kind in codec.RECORDS}
    assert carried == set(RECORDS) == set(TIGHTER)


@pytest.mark.parametrize("kind", RECORDS)
def test_texts_have_no_tighter_way(kind: str) -> None:
    """PROP-004: only numbers can be tighter."""
    ways = TIGHTER[kind]
    assert [name for name, of in RECORDS[kind].FIELDS if of not in BOUNDS and ways[name]] == []


@pytest.mark.parametrize(
    ("way", "old", "new", "loose"),
    [
        (UP, 1, 2, False), (UP, 2, 1, True), (DOWN, 1, 2, True), (DOWN, 2, 1, False),
        (UP, 0, 1, False), (DOWN, 1, 0, False), (NEITHER, 1, 2, True), (NEITHER, 2, 1, True),
        (CAPPED, 5, 4, False), (CAPPED, 4, 5, True), (CAPPED, 5, 0, True), (CAPPED, 0, 5, False),
        (UP, False, True, False), (DOWN, False, True, True),
    ],
)  # fmt: skip
def test_ways(way: int, old: int, new: int, loose: bool) -> None:
    """PROP-004: a bound of which 0 stands for none is loosest there."""
    assert changes.loosens(way, old, new) is loose


@given(st.sampled_from([UP, DOWN, CAPPED]), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_what_is_tighter_is_an_order(way: int, a: int, b: int, c: int) -> None:
    """PROP-004: one way of two different values loosens, and step by step nothing gets looser."""
    if a != b:
        assert changes.loosens(way, a, b) is not changes.loosens(way, b, a)
    steps = [(x, y) for x, y in ((a, b), (b, c)) if x != y]
    if a != c and not any(changes.loosens(way, x, y) for x, y in steps):
        assert not changes.loosens(way, a, c)


@pytest.mark.parametrize("kind", RECORDS)
def test_nothing_changed_loosens_nothing(kind: str) -> None:
    """PROP-004: a set that is set again passes."""
    row = ROWS[kind]
    assert changes.first_loosened(kind, RECORDS[kind].FIELDS, row, list(row)) == 0


def test_the_first_field_is_told() -> None:
    """PROP-004: by its place from 1; what tightens before it does not matter."""
    before = GlobalParams().row()
    after = GlobalParams(open_orders_max=1, relay_fee_max=10**9, accounts_max=2_000_000).row()
    assert changes.first_loosened("global_params", GlobalParams.FIELDS, before, after) == 3


def samples() -> dict[str, Any]:
    """A value of every kind that a change has."""
    sets = {kind: RECORDS[kind](*row) for kind, row in ROWS.items()}
    numbers = {kind: high for kind, (_, high) in BOUNDS.items()}
    return {**numbers, **sets, "name": "x", "external_id": "x"}


@pytest.mark.parametrize("cls", changes.CHANGES, ids=lambda cls: cls.__name__)
def test_changes_survive_a_snapshot(cls: type[commands.Command]) -> None:
    """PROP-005: a change is the same after its row was written and read, and so is a proposal."""
    change = cls(*(samples()[kind] for _, kind in cls.FIELDS))
    assert changes.from_row(change.row()).row() == change.row()
    proposal = codec.decode_command(codec.encode_command(Propose(change)))
    assert proposal.row() == [Propose.TAG, change.row()]
    named = codec.to_named(proposal)
    assert codec.named_command(named).row() == proposal.row()


@pytest.mark.parametrize(
    "nested",
    [
        Propose(commands.SetMarketMode(0, 1)), ExecuteProposal(1), CancelProposal(1),
        commands.Tick(1), commands.Deposit(1, 0, 1, "x"), commands.Batch(True, []),
    ],
    ids=lambda one: type(one).__name__,
)  # fmt: skip
def test_what_is_no_change_is_not_proposed(nested: commands.Command) -> None:
    """PROP-005: no proposal within a proposal, and nothing that is not the operator's."""
    with pytest.raises(FieldError):
        codec.check_command(Propose(nested))


def test_no_limits_are_the_loosest() -> None:
    """PROP-004: whatever is set first tightens what holds before."""
    assert changes.NO_LIMITS.retained == 0
    assert changes.NO_LIMITS.problems() == []
    assert changes.NO_LIMITS.window_ms == BreakerParams().window_ms
