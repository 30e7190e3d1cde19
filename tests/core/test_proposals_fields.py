"""Every parameter: the tighter way passes at once, the looser one waits for a second key."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.messages import changes
from plimsoll.messages.changes import CAPPED, DOWN, NEITHER, RECORDS, TIGHTER, UP
from plimsoll.messages.fields import BOUNDS
from plimsoll.messages.guard import SetBreakerParams
from tests.harness.two_keys import DELAY, TwoKeys, named, replaced

FIELDS = [(kind, name, of) for kind, cls in RECORDS.items() for name, of in cls.FIELDS]
DIRECTED = [(kind, name) for kind, name, _ in FIELDS if TIGHTER[kind][name] != NEITHER]
UNDIRECTED = [(kind, name, of) for kind, name, of in FIELDS if TIGHTER[kind][name] == NEITHER]
LIMITS = [(kind, name) for kind, name in DIRECTED if TIGHTER[kind][name] == CAPPED]
STEPS = {"window_ms": 300_000}
"""Where one is no step that the rules of the set allow."""


def number(kind: str, name: str) -> int:
    """The place of a field in its set, from 1."""
    return [one for one, _ in RECORDS[kind].FIELDS].index(name) + 1


def has_it(kind: str) -> TwoKeys:
    """A page on which a set of this kind is set."""
    return TwoKeys(breaker=kind == "breaker_params")


@pytest.mark.parametrize(("kind", "name"), DIRECTED, ids=str)
def test_the_tighter_way_passes_and_there_is_no_way_back(kind: str, name: str) -> None:
    """PROP-001, PROP-004: one step tighter by one key; the same step back needs two."""
    page = has_it(kind)
    before = named(page.params_of(kind))[name]
    step = STEPS.get(name, 1)
    after = before + (step if TIGHTER[kind][name] == UP else -step)
    page.do(page.setting(kind, **{name: after}), 0)
    assert named(page.params_of(kind))[name] == after
    # A delay that was raised holds for what comes after it.
    delay = after if name == "admin_delay_ms" else DELAY
    back = page.setting(kind, **{name: before})
    assert page.refused(back) == ("NEEDS_PROPOSAL", number(kind, name), delay)
    page.change(back)
    assert named(page.params_of(kind))[name] == before


def others(of: str, value: Any) -> list[Any]:
    """The values beside one, as far as the codec lets them through."""
    if isinstance(value, str):
        return [f"{value}x"]
    low, high = BOUNDS[of]
    return [one for one in (int(value) - 1, int(value) + 1) if low <= one <= high]


@pytest.mark.parametrize(("kind", "name", "of"), UNDIRECTED, ids=str)
def test_without_a_tighter_way_every_change_waits(kind: str, name: str, of: str) -> None:
    """PROP-001, PROP-004: what is somebody's loss either way is announced."""
    page = has_it(kind)
    values = others(of, named(page.params_of(kind))[name])
    assert values
    for value in values:
        # Whether the set is sound is judged after this.
        command = page.setting(kind, **{name: value})
        assert page.refused(command) == ("NEEDS_PROPOSAL", number(kind, name), DELAY)


@pytest.mark.parametrize(("kind", "name"), LIMITS, ids=str)
def test_a_limit_is_not_taken_away_at_once(kind: str, name: str) -> None:
    """PROP-004: 0 stands for no limit, which is the loosest of all."""
    page = has_it(kind)
    before = named(page.params_of(kind))[name]
    gone = page.setting(kind, **{name: 0})
    assert page.refused(gone) == ("NEEDS_PROPOSAL", number(kind, name), DELAY)
    page.change(gone)
    page.do(page.setting(kind, **{name: before}), 0)


@pytest.mark.parametrize("kind", RECORDS)
def test_a_set_that_is_set_again_passes(kind: str) -> None:
    """PROP-004: nothing changes, nothing is loosened."""
    page = has_it(kind)
    page.do(page.setting(kind), 0)


@pytest.mark.parametrize(
    ("kind", "tighter", "looser"),
    [
        ("global_params", {"batch_max": 1}, {"relay_fee_max": 10**9}),
        ("market_params", {"imr": 200_000}, {"open_interest_max": 10**16}),
        ("vault_params", {"fill_max": 1}, {"hedge_slippage": 60_000}),
        ("quote_params", {"half_spread": 60_000}, {"max_quote_size": 10**11}),
        ("breaker_params", {"retained": 900_000}, {"principal_share": 600_000}),
    ],
)
def test_what_tightens_does_not_carry_what_loosens(
    kind: str, tighter: dict[str, int], looser: dict[str, int]
) -> None:
    """PROP-004: one field that loosens is enough, whatever else the set tightens."""
    page = has_it(kind)
    mixed = page.setting(kind, **tighter, **looser)
    name, field, _ = page.refused(mixed)
    assert (name, RECORDS[kind].FIELDS[field - 1][0] in looser) == ("NEEDS_PROPOSAL", True)
    page.do(page.setting(kind, **tighter), 0)
    page.change(page.setting(kind, **looser))


def test_a_skew_above_all_turns_the_spread_around() -> None:
    """PROP-004: where a wider spread brings one side nearer to the taker, it is not tighter."""
    page = TwoKeys()
    page.do(page.setting("quote_params", half_spread=50_001), 0)
    page.change(page.setting("quote_params", half_spread=5_000, spread_skew=1_000_000))
    page.do(page.setting("quote_params", half_spread=5_001), 0)
    page.change(page.setting("quote_params", spread_skew=1_000_001))
    wider = page.setting("quote_params", half_spread=5_002)
    assert page.refused(wider) == ("NEEDS_PROPOSAL", 2, DELAY)


def test_quotes_in_a_further_market_begin_with_two_keys() -> None:
    """PROP-004: a market without quotes is one with the weight 0."""
    page = TwoKeys()
    page.change(page.setting("quote_params", weight=0))
    again = page.setting("quote_params", weight=1)
    assert page.refused(again)[:2] == ("NEEDS_PROPOSAL", 1)


def test_the_first_limits_of_the_outflow_pass() -> None:
    """PROP-004: any limit is tighter than none; hedges are counted no shorter than before."""
    limits = replaced(changes.NO_LIMITS, retained=700_000, tick_ms=60_000)
    page = TwoKeys()
    shorter = replaced(limits, window_ms=limits.window_ms - 60_000)
    assert page.refused(SetBreakerParams(shorter)) == ("NEEDS_PROPOSAL", 1, DELAY)
    page.do(SetBreakerParams(limits), 0)
    assert page.state.guard.breaker.params is not None
    looser = replaced(limits, retained=0)
    assert page.refused(SetBreakerParams(looser)) == ("NEEDS_PROPOSAL", 3, DELAY)


def test_ways_are_all_used() -> None:
    """The tables above are not empty for want of fields."""
    ways = {way for kind in TIGHTER.values() for way in kind.values()}
    assert ways == {UP, DOWN, NEITHER, CAPPED}
    assert len(FIELDS) > 100
