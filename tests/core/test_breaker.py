"""Breakers as arithmetic: ticks, the bound of the outflow, thresholds of vaults."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import breaker
from plimsoll.core.breaker import Bound
from plimsoll.messages import codes
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.vault_params import VaultParams
from plimsoll.units import AMOUNT_MAX

WINDOW, TICK = 14_400_000, 300_000
START = 100 * WINDOW


def test_flows_of_one_tick_are_one_sum() -> None:
    """BREAK-003: by the start of the tick they fall into."""
    ticks = breaker.counted([], WINDOW, TICK, START + 1, 5)
    ticks = breaker.counted(ticks, WINDOW, TICK, START + TICK - 1, -7)
    assert ticks == [(START, -2)]
    ticks = breaker.counted(ticks, WINDOW, TICK, START + TICK, 4)
    assert ticks == [(START, -2), (START + TICK, 4)]


@pytest.mark.parametrize("within_tick", [0, 1, TICK - 1])
def test_a_tick_leaves_the_window_to_the_millisecond(within_tick: int) -> None:
    """BREAK-003: a window after its start, wherever in it something flowed."""
    ticks = breaker.counted([], WINDOW, TICK, START + within_tick, 5)
    assert breaker.net(ticks, WINDOW, START + WINDOW - 1) == 5
    assert breaker.net(ticks, WINDOW, START + WINDOW) == 0
    assert breaker.within(ticks, WINDOW, START + WINDOW - 1) == ticks
    assert breaker.within(ticks, WINDOW, START + WINDOW) == []


def test_every_tick_after_a_long_silence_is_on_the_grid() -> None:
    """BREAK-003: nothing that left the window moves the ticks that follow."""
    ticks = breaker.counted([], WINDOW, TICK, START + 7, 5)
    ticks = breaker.counted(ticks, WINDOW, TICK, START + 2 * WINDOW + 7, 3)
    assert ticks == [(START + 2 * WINDOW, 3)]


def test_a_coarser_grid_does_not_turn_time_around() -> None:
    """BREAK-003: what would start before the last tick is counted in that one."""
    ticks = breaker.counted([], WINDOW, TICK, START + 2 * TICK, 5)
    ticks = breaker.counted(ticks, WINDOW, 12 * TICK, START + 3 * TICK, 1)
    assert ticks == [(START + 2 * TICK, 6)]


def test_what_is_counted_stays_an_amount() -> None:
    """BREAK-003: a value without bounds is cut to what can be stored."""
    ticks = breaker.counted([], WINDOW, TICK, START, AMOUNT_MAX)
    assert breaker.counted(ticks, WINDOW, TICK, START, AMOUNT_MAX) == [(START, AMOUNT_MAX)]
    assert breaker.counted([], WINDOW, TICK, START, -(10**40)) == [(START, -AMOUNT_MAX)]


steps = st.lists(st.tuples(st.integers(0, WINDOW), st.integers(-100, 100)), max_size=40)


@given(steps)
def test_the_window_is_what_flowed_in_it(flows: list[tuple[int, int]]) -> None:
    """BREAK-003: the sum over the flows whose tick began less than a window ago, however many of
    them there were; the ticks stand in order."""
    now = START
    ticks: list[tuple[int, int]] = []
    seen: list[tuple[int, int]] = []
    for wait, amount in flows:
        now += wait
        ticks = breaker.counted(ticks, WINDOW, TICK, now, amount)
        seen.append((now - now % TICK, amount))
        expected = sum(part for start, part in seen if now - start < WINDOW)
        assert breaker.net(ticks, WINDOW, now) == expected
        assert all(one[0] < other[0] for one, other in pairwise(ticks))
        assert len(ticks) <= WINDOW // TICK


# The bound ----------------------------------------------------------------------------------------


def bound(worth: int, total: int, **more: int) -> Bound:
    """A bound of 70 %, half of the rest for one, unless named."""
    return Bound(worth, total, BreakerParams(**more))


def test_the_bound_keeps_a_part_of_what_was_there() -> None:
    """BREAK-004: rounded down, so that equality passes."""
    assert bound(1_000, 1_000).may_leave() == 300
    assert bound(700, 1_000).may_leave() == 0
    assert bound(600, 1_000).may_leave() == 0
    assert bound(999, 999).kept == 699
    assert bound(2_000, 1_000).may_leave() == 1_300  # fresh money may leave again


def test_a_principal_has_a_part_of_the_rest() -> None:
    """BREAK-005: less what it took out, more what it brought in; all of it at 100 %."""
    found = bound(1_000, 1_000)
    assert (found.part, found.part_left(0)) == (150, 150)
    assert (found.part_left(100), found.part_left(151), found.part_left(-500)) == (50, 0, 650)
    assert bound(1_000, 1_000, principal_share=1_000_000).part_left(10**9) == AMOUNT_MAX


@pytest.mark.parametrize(
    ("total", "more", "active"),
    [
        (1_000, {"threshold": 1_001}, False),
        (1_000, {"threshold": 1_000}, True),
        (0, {}, False),
        (-5, {}, False),
        (1, {}, True),
        (1_000, {"retained": 0, "pause_retained": 0}, False),
    ],
)
def test_when_there_is_a_bound(total: int, more: dict[str, int], active: bool) -> None:
    """BREAK-004: from the threshold on, and where something was there before the window."""
    assert bound(0, total, **more).active == active
    assert bound(-1, total, **more).is_kept() is not active


def test_what_pauses() -> None:
    """BREAK-011: strictly less than its part, and only where there is a bound."""
    assert not bound(400, 1_000).pauses()
    assert bound(399, 1_000).pauses()
    assert not bound(0, 1_000, pause_retained=0).pauses()
    assert not bound(399, 1_000, threshold=1_001).pauses()


# Thresholds of vaults -----------------------------------------------------------------------------

PARAMS = VaultParams(
    min_margin_ratio=500_000, pause_margin_ratio=200_000, util_max=900_000, drawdown_max=100_000
)


@pytest.mark.parametrize(
    ("ratio", "used", "price", "mode", "cause"),
    [
        (500_000, 900_000, 900, codes.NORMAL, codes.CAUSE_OPERATOR),
        (499_999, 900_000, 900, codes.TRIPPED, codes.CAUSE_MARGIN),
        (200_000, 0, 1_000, codes.TRIPPED, codes.CAUSE_MARGIN),
        (199_999, 0, 1_000, codes.PAUSED, codes.CAUSE_MARGIN),
        (-1, 0, 1_000, codes.PAUSED, codes.CAUSE_MARGIN),
        (500_000, 900_001, 1_000, codes.TRIPPED, codes.CAUSE_UTILISATION),
        (500_000, 900_000, 899, codes.TRIPPED, codes.CAUSE_DRAWDOWN),
        (400_000, 950_000, 100, codes.TRIPPED, codes.CAUSE_MARGIN),
    ],
)
def test_what_is_past_a_threshold(ratio: int, used: int, price: int, mode: int, cause: int) -> None:
    """BREAK-016: the gravest first; a threshold itself is not past it."""
    found = breaker.past(PARAMS, ratio, used, price, 1_000)
    assert (found.mode, found.cause) == (mode, cause)


def test_the_numbers_of_what_is_past() -> None:
    """BREAK-016: what was measured, and against what."""
    found = breaker.past(PARAMS, 10**6, 0, 899, 1_000)
    assert (found.value, found.limit) == (899, 900)
    found = breaker.past(PARAMS, 10**6, 950_000, 1_000, 1_000)
    assert (found.value, found.limit) == (950_000, 900_000)


def test_what_is_not_asked() -> None:
    """BREAK-016: a drawdown without a bound or a value to compare with; a pause at 0."""
    plain = VaultParams(min_margin_ratio=500_000)
    assert breaker.past(plain, 10**6, 0, 0, 1_000).mode == codes.NORMAL
    assert breaker.past(PARAMS, 10**6, 0, 0, 0).mode == codes.NORMAL
    assert breaker.past(plain, -5, 0, 0, 0).mode == codes.TRIPPED


def test_what_a_mode_waits_for() -> None:
    """BREAK-018: a paused vault for its margin alone, a restricted one for everything."""
    used = breaker.past(PARAMS, 10**6, 950_000, 1_000, 1_000)
    margin = breaker.past(PARAMS, 400_000, 0, 1_000, 1_000)
    fine = breaker.past(PARAMS, 10**6, 0, 1_000, 1_000)
    asked = (used, margin, fine)
    assert [breaker.is_calm(codes.PAUSED, one) for one in asked] == [True, False, True]
    assert [breaker.is_calm(codes.TRIPPED, one) for one in asked] == [False, False, True]


def test_the_value_of_a_share() -> None:
    """BREAK-016: rounded down; nothing without shares, or behind them; an amount in any case."""
    assert breaker.share_value(10, 3) == 3_333_333_333
    assert (breaker.share_value(0, 3), breaker.share_value(-5, 3)) == (0, 0)
    assert breaker.share_value(10, 0) == 0
    assert breaker.share_value(AMOUNT_MAX, 1) == AMOUNT_MAX
