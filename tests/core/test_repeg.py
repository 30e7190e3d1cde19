"""Repeg: target, cost, the decision table, the timer of the event, an operator's repeg."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import curve, repeg
from plimsoll.core.repeg import EVENT, OPPORTUNISTIC, Decision, Timer
from plimsoll.units import AMOUNT_MAX, LOT, PRICE_MAX, RangeError

USD = 1_000_000
K = 833_333_000_000
PEG = 60_000 * USD
X, Y = 823_333_000_000, 843_454_457_539
"""The curve at the defaults after the traders bought 10 BTC; y_T is K."""

reserves = st.integers(K * 7 // 10, K * 14 // 10)
pegs = st.integers(1, 10**12)
budgets = st.integers(0, 10**15)
H = 3_600_000


def decide(budget: int, target: int, mode: int = EVENT, free: int = AMOUNT_MAX) -> Decision:
    """A decision on the curve of the example."""
    return repeg.decide(Y, K, PEG, target, budget, free, mode)


def test_the_example_of_the_chapter() -> None:
    """REPEG-001 to REPEG-005: chapter 15, the event at 65,000 and the revenue at 57,000."""
    assert curve.product_over(K, X) == Y
    assert curve.price(Y, X, PEG) == 61_466_341_628
    target = repeg.target_peg(65_000 * USD, X, Y)
    assert target == 63_449_359_383
    assert repeg.cost_per_peg(Y, K) == 10_121_459
    assert repeg.cost(Y, K, PEG, target) == 34_912_544_531
    assert decide(50_000 * USD, target, OPPORTUNISTIC).outcome == repeg.NOT_DUE
    assert decide(30_000 * USD, target).outcome == repeg.UNAFFORDABLE
    assert decide(34_912_549_572, target).outcome == repeg.UNAFFORDABLE
    paid = decide(50_000 * USD, target)
    assert (paid.outcome, paid.peg, paid.cost) == (repeg.PAID, target, 34_912_544_531)
    assert 50_000 * USD - paid.cost == 15_087_455_469
    assert curve.price(Y, X, target) == 64_999_999_999
    earned = decide(0, repeg.target_peg(57_000 * USD, X, Y), OPPORTUNISTIC)
    assert (earned.outcome, earned.peg, earned.cost) == (
        repeg.REVENUE,
        55_640_207_459,
        -44_127_455_082,
    )


@given(price=st.integers(1, 10**13), x=reserves, y=reserves)
def test_the_target_quotes_the_price(price: int, x: int, y: int) -> None:
    """REPEG-001: never above it, and less than 1 + y/x units under it."""
    peg = repeg.target_peg(price, x, y)
    quoted = curve.price(y, x, peg)
    if peg > 1:
        assert quoted <= price
    assert (price - quoted) * x < x + y


def test_the_peg_never_vanishes() -> None:
    """REPEG-001: at least one unit."""
    assert repeg.target_peg(0, K, K) == 1


@pytest.mark.parametrize(
    ("distance", "delta", "cost"),
    [
        (1_500, LOT, 1_500),
        (1, LOT - 1, 0),
        (-1, LOT - 1, 0),
        (3, -LOT // 2, -1),
        (-3, -LOT // 2, 1),
    ],
)
def test_cost_is_cut_toward_zero(distance: int, delta: int, cost: int) -> None:
    """REPEG-002: trunc((y - y_T)·(m' - m)/1e9), whatever the signs."""
    assert repeg.cost(K + distance, K, 2 * LOT, 2 * LOT + delta) == cost


@given(y=reserves, terminal=reserves, peg=pegs, new=pegs)
def test_cost_is_the_same_for_both_sides(y: int, terminal: int, peg: int, new: int) -> None:
    """REPEG-002: mirrored positions, and the way back, have the opposite cost."""
    there = repeg.cost(y, terminal, peg, new)
    assert repeg.cost(terminal, y, peg, new) == -there
    assert repeg.cost(y, terminal, new, peg) == -there


@given(net=st.integers(-K // 10, K // 10), peg=pegs, new=pegs)
def test_cost_is_what_the_positions_gain(net: int, peg: int, new: int) -> None:
    """REPEG-002: the value of closing everything on the curve rises by it, but for one unit."""
    y = curve.product_over(K, K - net)
    gain = (y - K) * new // LOT - (y - K) * peg // LOT
    assert abs(gain - repeg.cost(y, K, peg, new)) <= 1


@pytest.mark.parametrize(
    ("distance", "each"),
    [(0, 0), (1, 2), (1_000, 2), (1_001, 3), (-1, -1), (-1_000, -2), (-1_999, -2), (-2_000, -3)],
)
def test_cost_per_peg_is_rounded_away_from_zero(distance: int, each: int) -> None:
    """REPEG-003: at least the true cost of 1.0 of peg; more than it where that is whole."""
    assert repeg.cost_per_peg(K + distance, K) == each
    assert abs(each) * 1_000 >= abs(distance)


@pytest.mark.parametrize(
    ("y", "target", "mode", "outcome", "cost"),
    [
        (100, 60, OPPORTUNISTIC, repeg.FREE, 0),
        (100, 40, OPPORTUNISTIC, repeg.FREE, 0),
        (101, 50, EVENT, repeg.UNCHANGED, 0),
        (101, 49, OPPORTUNISTIC, repeg.REVENUE, -1),
        (99, 51, OPPORTUNISTIC, repeg.REVENUE, -1),
        (101, 49, EVENT, repeg.REVENUE, -1),
        (101, 51, OPPORTUNISTIC, repeg.NOT_DUE, 0),
        (99, 49, OPPORTUNISTIC, repeg.NOT_DUE, 0),
        (101, 51, EVENT, repeg.PAID, 1),
        (99, 49, EVENT, repeg.PAID, 1),
        (101, 53, EVENT, repeg.UNAFFORDABLE, 0),
        (99, 47, EVENT, repeg.UNAFFORDABLE, 0),
    ],
)
def test_each_row_of_the_table(y: int, target: int, mode: int, outcome: int, cost: int) -> None:
    """REPEG-004: two dollars in the pool, 100 in the terminal reserve, in either direction."""
    found = repeg.decide(
        y * LOT, 100 * LOT, 50 * USD, target * USD, 2 * USD, AMOUNT_MAX, mode
    )  # fmt: skip
    assert (found.outcome, found.cost) == (outcome, cost * USD)
    assert found.moves() == (found.outcome in (repeg.FREE, repeg.REVENUE, repeg.PAID))
    assert found.peg == (target * USD if found.moves() else 50 * USD)
    assert found.wanted == repeg.cost(y * LOT, 100 * LOT, 50 * USD, target * USD)


def test_a_budget_of_exactly_the_move_does_not_suffice() -> None:
    """REPEG-004: the comparison is strict; one more unit of movement decides."""
    each, delta = repeg.cost_per_peg(101 * LOT, 100 * LOT), USD
    assert each == USD + 1
    exactly, enough = each, -(-each * (delta + 1) // USD)
    for budget, outcome in (
        (exactly, repeg.UNAFFORDABLE),
        (enough - 1, repeg.UNAFFORDABLE),
        (enough, repeg.PAID),
    ):
        found = repeg.decide(
            101 * LOT, 100 * LOT, 50 * USD, 50 * USD + delta, budget, AMOUNT_MAX, EVENT
        )
        assert found.outcome == outcome


def test_revenue_leaves_the_vamm_its_margin() -> None:
    """REPEG-004: the account pays what it has above its initial margin, not a unit more."""
    target = repeg.target_peg(57_000 * USD, X, Y)
    for mode in (OPPORTUNISTIC, EVENT):
        assert decide(0, target, mode, 44_127_455_082).outcome == repeg.REVENUE
        short = decide(0, target, mode, 44_127_455_081)
        assert (short.outcome, short.peg, short.cost) == (repeg.UNDERFUNDED, PEG, 0)
        assert short.wanted == -44_127_455_082


def test_a_vamm_below_its_margin_is_still_paid() -> None:
    """REPEG-004, REPEG-009: what it has above its margin bounds what it pays, not what it gets."""
    assert decide(50_000 * USD, repeg.target_peg(65_000 * USD, X, Y), EVENT, -1).cost > 0
    assert objection(new_peg=PEG + 1, free=-AMOUNT_MAX) is None


def test_nothing_to_pay_needs_no_margin() -> None:
    """REPEG-004, REPEG-009: a revenue that is cut to zero passes whatever the account has."""
    found = repeg.decide(K + 1, K, PEG, PEG - 1, 0, -1, OPPORTUNISTIC)
    assert (found.outcome, found.peg, found.cost) == (repeg.REVENUE, PEG - 1, 0)
    more = {"x": K, "y": K + 1, "new_peg": PEG - 1, "oracle": PEG - 1, "confidence": 0}
    assert objection(**more, free=-1) is None


@given(y=reserves, terminal=reserves, peg=pegs, target=pegs, budget=budgets)
def test_the_pool_is_never_overdrawn(
    y: int, terminal: int, peg: int, target: int, budget: int
) -> None:
    """REPEG-005: C <= B, all or nothing; a richer pool never does less, and the mirror the same."""
    found = repeg.decide(y, terminal, peg, target, budget, AMOUNT_MAX, EVENT)
    assert found.cost <= budget
    assert (found.peg, found.cost) == (
        (target, found.wanted) if found.moves() else (peg, 0)
    )  # fmt: skip
    if found.outcome == repeg.PAID:
        assert found.cost >= 0
        richer = repeg.decide(y, terminal, peg, target, budget + 1, AMOUNT_MAX, EVENT)
        assert richer.outcome == repeg.PAID
    mild = repeg.decide(y, terminal, peg, target, budget, AMOUNT_MAX, OPPORTUNISTIC)
    if mild.moves():
        assert (mild.outcome, mild.cost) == (found.outcome, found.cost)
        assert mild.cost <= 0


@pytest.mark.parametrize(
    ("peg", "target", "budget"),
    [(0, 1, 0), (1, 0, 0), (PRICE_MAX + 1, 1, 0), (1, PRICE_MAX + 1, 0), (1, 2, -1)],
)
def test_arguments_out_of_range_are_refused(peg: int, target: int, budget: int) -> None:
    """REPEG-004: a pool below zero or a peg of nothing is no input."""
    with pytest.raises(RangeError):
        repeg.decide(Y, K, peg, target, budget, AMOUNT_MAX, EVENT)


def run(*samples: tuple[int, int, int], valid_for: int = AMOUNT_MAX) -> Timer:
    """The timer after samples of (time, mark, oracle; 0: not valid)."""
    timer = repeg.stopped()
    for now, mark, oracle in samples:
        timer = repeg.step(timer, now, mark, oracle, repeg.EVENT_DIVERGENCE, valid_for)
    return timer


@pytest.mark.parametrize(
    ("last", "due"), [(3 * H - 1, False), (3 * H, False), (3 * H + 1, True), (10 * H, True)]
)
@pytest.mark.parametrize("mark", [106, 94])
def test_the_event_comes_after_more_than_three_hours(last: int, due: bool, mark: int) -> None:
    """REPEG-007: strictly more, on either side of the oracle."""
    assert repeg.is_due(run((0, mark, 100), (last, mark, 100)), repeg.EVENT_MS) is due


@pytest.mark.parametrize("mark", [105, 95, 100])
def test_five_percent_is_not_more_than_five_percent(mark: int) -> None:
    """REPEG-006: a valid sample at 5 % or nearer clears the timer; it begins anew after it."""
    assert not repeg.is_due(run((0, mark, 100), (10 * H, mark, 100)), repeg.EVENT_MS)
    timer = run((0, 106, 100), (3 * H, 106, 100), (3 * H, mark, 100))
    assert (timer.elapsed_ms, timer.sampled_ms) == (0, -1)
    timer = run((0, 106, 100), (3 * H, mark, 100), (4 * H, 106, 100), (5 * H, 106, 100))
    assert timer.elapsed_ms == H


@pytest.mark.parametrize(("mark", "elapsed"), [(1_050_000, 0), (1_050_001, H), (949_999, H)])
def test_one_millionth_more_is_more(mark: int, elapsed: int) -> None:
    """REPEG-006: 50,000 ppm clears, 50,001 runs."""
    assert run((0, mark, USD), (H, mark, USD)).elapsed_ms == elapsed


def test_invalid_samples_neither_advance_nor_clear() -> None:
    """REPEG-006: the time around them does not count, what was counted stays."""
    timer = run((0, 106, 100), (2 * H, 106, 100), (3 * H, 106, 0))
    assert timer.elapsed_ms == 2 * H
    timer = run((0, 106, 100), (2 * H, 106, 100), (3 * H, 106, 0), (9 * H, 106, 100))
    assert timer.elapsed_ms == 2 * H
    timer = repeg.step(timer, 10 * H, 106, 100, repeg.EVENT_DIVERGENCE, AMOUNT_MAX)
    assert timer.elapsed_ms == 3 * H
    assert run((0, 106, 0), (9 * H, 106, 0)).elapsed_ms == 0


def test_a_silence_counts_no_longer_than_a_price_is_valid() -> None:
    """REPEG-006: hours without any sample are not hours of a valid price."""
    assert run((0, 106, 100), (9 * H, 106, 100), valid_for=30_000).elapsed_ms == 30_000
    assert run((0, 106, 100), (20_000, 106, 100), valid_for=30_000).elapsed_ms == 20_000


def test_the_timer_is_a_value() -> None:
    """REPEG-007: a step leaves its input alone; an unaffordable event stays due."""
    before = Timer(3 * H, 5 * H)
    after = repeg.step(before, 5 * H + 1, 106, 100, repeg.EVENT_DIVERGENCE, AMOUNT_MAX)
    assert (before.elapsed_ms, before.sampled_ms) == (3 * H, 5 * H)
    assert repeg.is_due(after, repeg.EVENT_MS)
    again = repeg.step(after, 5 * H + 2, 106, 100, repeg.EVENT_DIVERGENCE, AMOUNT_MAX)
    assert repeg.is_due(again, repeg.EVENT_MS)
    assert not repeg.is_due(repeg.stopped(), repeg.EVENT_MS)


def test_samples_come_in_order() -> None:
    """REPEG-006: time that goes back is refused."""
    with pytest.raises(RangeError):
        run((10, 106, 100), (9, 106, 100))


@given(
    times=st.lists(st.integers(0, H), min_size=1, max_size=12),
    marks=st.lists(st.sampled_from([94, 100, 106]), min_size=12, max_size=12),
    valid=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_the_timer_never_counts_more_than_passed(
    times: list[int], marks: list[int], valid: list[bool]
) -> None:
    """REPEG-006: the intervals whose two ends are valid and diverge, since the last clear."""
    now, expected, open_since = 0, 0, -1
    timer = repeg.stopped()
    for wait, mark, is_valid in zip(times, marks, valid, strict=False):
        now += wait
        timer = repeg.step(timer, now, mark, 100 if is_valid else 0, 50_000, AMOUNT_MAX)
        if not is_valid:
            open_since = -1
        elif mark == 100:
            expected, open_since = 0, -1
        else:
            expected += now - open_since if open_since >= 0 else 0
            open_since = now
        assert timer.elapsed_ms == expected <= now


def objection(**more: int) -> repeg.Objection | None:
    """The objection to a peg on the curve of the example: terminal price = peg, mark above it."""
    values: dict[str, Any] = {
        "x": X, "y": Y, "terminal_x": K, "terminal_y": K, "peg": PEG, "new_peg": 63_000 * USD,
        "oracle": 64_000 * USD, "confidence": 1_000 * USD, "budget": AMOUNT_MAX,
        "free": AMOUNT_MAX, **more,
    }  # fmt: skip
    return repeg.objection(**values)


UP_MARK = 64_539_658_710
"""floor(y·63,000/x)."""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"new_peg": PEG}, (repeg.REDUNDANT, PEG, PEG)),
        ({}, None),
        (
            {"new_peg": 63_000_000_001},
            (repeg.TERMINAL_PAST_BAND, 63_000_000_001, 63_000_000_000),
        ),
        ({"oracle": 63_000 * USD - 1}, (repeg.WRONG_DIRECTION, 63_000 * USD, 62_999_999_999)),
        ({"oracle": 63_000 * USD, "confidence": UP_MARK}, (repeg.TERMINAL_PAST_BAND, 63_000 * USD,
                                                           63_000 * USD - UP_MARK)),
        ({"oracle": UP_MARK, "confidence": 0}, None),
        ({"oracle": UP_MARK - 1, "confidence": 0}, (repeg.MARK_PAST_BAND, UP_MARK, UP_MARK - 1)),
        ({"budget": 30_364_372_617}, None),
        ({"budget": 30_364_372_616}, (repeg.POOL_SHORT, 30_364_372_617, 30_364_372_616)),
    ],
)  # fmt: skip
def test_an_operator_moves_the_peg_up(
    changes: dict[str, int], expected: tuple[int, int, int] | None
) -> None:
    """REPEG-008, REPEG-009: redundant, direction, near edge, far edge, cost; each to the unit."""
    found = objection(**changes)
    assert (found and (found.why, found.value, found.limit)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        (
            {"oracle": 54_500 * USD, "new_peg": 55_000 * USD},
            (repeg.TERMINAL_PAST_BAND, 55_000 * USD, 55_500 * USD),
        ),
        ({"oracle": 55_000 * USD + 1}, (repeg.WRONG_DIRECTION, 55_000 * USD, 55_000 * USD + 1)),
        (
            {"oracle": 55_000 * USD, "confidence": 1},
            (repeg.TERMINAL_PAST_BAND, 55_000 * USD, 55_000 * USD + 1),
        ),
        ({"free": 50_607_287_695}, None),
        ({"free": 50_607_287_694}, (repeg.VAMM_SHORT, 50_607_287_695, 50_607_287_694)),
    ],
)
def test_an_operator_moves_the_peg_down(
    changes: dict[str, int], expected: tuple[int, int, int] | None
) -> None:
    """REPEG-008, REPEG-009: the mirror; the vAMM's account pays the revenue."""
    given_ = {"new_peg": 55_000 * USD, "oracle": 54_000 * USD, "budget": 0, **changes}
    found = objection(**given_)
    assert (found and (found.why, found.value, found.limit)) == expected


def test_a_mark_pushed_below_the_band_is_refused() -> None:
    """REPEG-008: traders net short have their mark under the terminal price."""
    y = curve.product_over(K, K + 10 * LOT)
    more = {"x": K + 10 * LOT, "y": y, "new_peg": 55_000 * USD, "confidence": 0}
    mark = curve.price(y, K + 10 * LOT, 55_000 * USD)
    assert objection(**more, oracle=mark) is None
    found = objection(**more, oracle=mark + 1)
    assert found is not None
    assert (found.why, found.value, found.limit) == (repeg.MARK_PAST_BAND, mark, mark + 1)


@pytest.mark.parametrize(("peg", "new"), [(0, 1), (1, 0), (PRICE_MAX + 1, 1), (1, PRICE_MAX + 1)])
def test_an_operators_peg_has_the_range_of_prices(peg: int, new: int) -> None:
    """REPEG-008: 1 to 2^46 - 1, both included."""
    with pytest.raises(RangeError):
        objection(peg=peg, new_peg=new)
    assert objection(peg=1, new_peg=2, oracle=PRICE_MAX, confidence=0) is None
    assert objection(peg=2, new_peg=1, oracle=0, confidence=0) is None
