"""Repegs end to end: what the oracle, trades, three hours and the operator do to the peg."""

from __future__ import annotations

import pytest

from plimsoll.core import market_update, repeg
from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.market_page import (
    HOUR,
    POOL,
    cash,
    crank,
    drain,
    later,
    of,
    owed,
    page,
    reservation,
    row,
    track,
)
from tests.harness.scenario import OPERATOR, ORACLE, Scenario, market, scaled

# Repeg ------------------------------------------------------------------------------------


def test_a_balanced_curve_follows_the_oracle_for_free() -> None:
    """REPEG-010: the target is the median of the last prices, the last one before there are 3."""
    made = page(repeg=1)
    later(made, "104")
    (moved,) = of(made, mechanisms.Repegged)
    assert (moved.outcome, moved.cause) == (repeg.FREE, codes.REPEG_OPPORTUNISTIC)
    assert (moved.before, moved.peg, moved.cost) == (100_000_000, 104_000_000, 0)
    assert (moved.mark, moved.oracle, moved.distance) == (100_000_000, 104_000_000, 0)
    assert (row(made).bid, row(made).ask, row(made).repegs) == (103_948_000, 104_052_000, 1)
    later(made, "110")
    assert row(made).peg == 104_000_000
    assert not of(made, mechanisms.Repegged)
    later(made, "108")
    assert row(made).peg == 106_000_000
    assert cash(made, "adjustments") == POOL


def test_what_earns_is_taken_from_the_vamm() -> None:
    """REPEG-011: after a purchase the mark returns to the oracle at the vAMM's expense."""
    made = page(repeg=1)
    twin = page()
    made.play("alice buy 50 market")
    twin.play("alice buy 50 market")
    (moved,) = of(made, mechanisms.Repegged)
    target = 100_000_000 * row(twin).x // row(twin).y
    cost = owed(row(twin), target)
    assert cost < 0
    assert (moved.outcome, moved.cost, moved.peg) == (repeg.REVENUE, cost, target)
    assert cash(made, "adjustments") == cash(twin, "adjustments") - cost
    assert cash(made, "vamm") == cash(twin, "vamm") + cost
    (fill,) = of(made, events.Filled)
    assert track(made).revenue == fill.surplus - cost
    (paid,) = [e for e in of(made, events.Transferred) if e.reason == codes.R_REPEG_REVENUE]
    assert paid.amount == -cost
    assert reservation(row(made)) in (99_999_999, 100_000_000)


def test_revenue_is_only_paid_out_of_free_equity() -> None:
    """REPEG-011: what the vAMM's margin needs stays with it."""
    made = page(repeg=0)
    made.play("alice buy 50 market")
    switched = market(vamm_enabled=1, oracle_max_age_ms=HOUR, repeg=1)
    made.do(commands.SetMarketParams(0, switched), OPERATOR)
    drain(made)
    later(made, "100")
    assert not of(made, mechanisms.Repegged)
    assert made.value("vamm", "free", 0) == 0
    made.deposit("treasury", "1000")
    made.do(commands.FundVamm(0, 1_000 * 10**6), OPERATOR)
    later(made, "100")
    assert of(made, mechanisms.Repegged)[0].outcome == repeg.REVENUE


def test_traders_net_long_and_a_rising_oracle_move_nothing_for_free() -> None:
    """REPEG-010: what costs waits for the event."""
    made = page(repeg=1)
    made.play("alice buy 50 market")
    peg, pool = row(made).peg, cash(made, "adjustments")
    for _ in range(5):
        later(made, "103")
        assert not of(made, mechanisms.Repegged)
    assert (row(made).peg, cash(made, "adjustments")) == (peg, pool)


def test_paid_repegs_at_every_check() -> None:
    """REPEG-010: with ``repeg`` 2 the pool pays at once, as far as it can."""
    made = page(repeg=2)
    made.play("alice buy 50 market")
    pool = cash(made, "adjustments")
    later(made, "103")
    (moved,) = of(made, mechanisms.Repegged)
    assert (moved.outcome, moved.cause) == (repeg.PAID, codes.REPEG_OPPORTUNISTIC)
    assert cash(made, "adjustments") == pool - moved.cost
    assert moved.cost > 0


def long_divergence(pool: int) -> Scenario:
    """Net long, and the oracle 6 % above the mark for exactly three hours."""
    made = page(pool=pool, repeg=1, oracle_max_age_ms=HOUR // 2)
    made.play("alice buy 50 market")
    for _ in range(7):
        later(made, "106", HOUR // 2)
        assert not of(made, mechanisms.Repegged)
    assert track(made).timer.elapsed_ms == 3 * HOUR
    return made


def test_the_event_is_paid_by_the_pool() -> None:
    """REPEG-007, REPEG-011: more than three hours of more than 5 %, and the mark is the oracle."""
    made = long_divergence(POOL)
    before = row(made)
    x, y, target = before.x, before.y, 106_000_000 * before.x // before.y
    cost = owed(before, target)
    pool, capital = cash(made, "adjustments"), cash(made, "vamm")
    later(made, "106")
    (moved,) = of(made, mechanisms.Repegged)
    assert (moved.outcome, moved.cause, moved.cost) == (repeg.PAID, codes.REPEG_EVENT, cost)
    assert (row(made).x, row(made).y, row(made).peg) == (x, y, target)
    assert cash(made, "adjustments") == pool - cost
    assert cash(made, "vamm") == capital + cost
    assert 0 <= 106_000_000 - reservation(row(made)) <= made.state.markets[0].params.tick
    assert (track(made).timer.elapsed_ms, track(made).timer.sampled_ms) == (0, -1)


def test_an_event_the_pool_cannot_pay_moves_nothing() -> None:
    """REPEG-013: told when it is due and once an hour; the timer goes on."""
    made = long_divergence(0)
    peg, pool = row(made).peg, cash(made, "adjustments")
    reports = []
    for _ in range(5):
        later(made, "106", HOUR // 2)
        reports.append(len(of(made, mechanisms.RepegUnaffordable)))
        if reports == [1]:
            (told,) = of(made, mechanisms.RepegUnaffordable)
            assert told.cost == owed(row(made), 106_000_000 * row(made).x // row(made).y)
            assert (told.budget, told.oracle, told.elapsed_ms) == (pool, 106_000_000, 3.5 * HOUR)
            assert told.mark == reservation(row(made))
    assert reports == [1, 0, 1, 0, 1]
    assert (row(made).peg, cash(made, "adjustments")) == (peg, pool)
    made.do(commands.FundPool(0, codes.POOL_ADJUSTMENTS, POOL), OPERATOR)
    made.now += 1_000
    assert crank(made)
    (moved,) = of(made, mechanisms.Repegged)
    assert moved.cause == codes.REPEG_EVENT


def test_a_price_that_is_none_stops_the_timer() -> None:
    """REPEG-006: a refused price neither advances nor clears it."""
    made = page(repeg=1, oracle_confidence_max=10_000)
    made.play("alice buy 50 market")
    later(made, "106")
    later(made, "106", 60_000)
    assert track(made).timer.elapsed_ms == 60_000
    made.now += 60_000
    unsure = commands.PricePoint(0, 106_000_000, 2_000_000, made.now)
    made.do(commands.OraclePrices([unsure]), ORACLE)
    assert (track(made).timer.elapsed_ms, track(made).timer.sampled_ms) == (60_000, -1)
    later(made, "106", 60_000)
    assert track(made).timer.elapsed_ms == 60_000
    later(made, "106", 60_000)
    assert track(made).timer.elapsed_ms == 120_000
    later(made, "101")
    assert track(made).timer.elapsed_ms == 0


def test_no_repeg_without_a_price_or_a_market() -> None:
    """REPEG-010: not on a stale price, not while halted."""
    made = page(repeg=1)
    stale = commands.PricePoint(0, 101_000_000, 0, made.now + 2_000)
    made.now += HOUR + 3_000
    made.do(commands.OraclePrices([stale]), ORACLE)
    assert not of(made, mechanisms.Repegged)
    made.play("mode halted")
    later(made, "102")
    assert not of(made, mechanisms.Repegged)
    made.play("mode active")
    later(made, "102")
    assert of(made, mechanisms.Repegged)


def test_a_peg_beyond_the_amounts_is_left() -> None:
    """REPEG-012: the curve's quote side keeps the bound of parameter rule 28."""
    made = page(
        repeg=1, vamm_sqrt_k=5 * 10**17, oracle_jump_max=1_000_000_000, open_interest_max=10**18,
        oracle_reset_ms=HOUR,
    )  # fmt: skip
    most = market_update.most_peg(row(made))
    assert most == (2**62 - 1) * 10**9 // (8 * 5 * 10**17)
    later(made, str(most // 10**6 + 1), HOUR + 1_000)
    assert not of(made, mechanisms.Repegged)
    for _ in range(2):
        later(made, str(most // 10**6))
    assert row(made).peg > 10**9


# By hand ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "peg", "refusal"),
    [
        ("100", "now", ("REPEG_REDUNDANT",)),
        ("104", "99", ("REPEG_DIRECTION",)),
        ("104", "102.5", ("REPEG_PROFITABILITY",)),
        ("104", "101", ("INSUFFICIENT_POOL",)),
        ("96", "99", ("VAMM_EQUITY",)),
        ("104", "9000000", ("BAD_FIELD",)),
    ],
)
def test_a_repeg_by_hand_is_refused(price: str, peg: str, refusal: tuple[str]) -> None:
    """REPEG-008, REPEG-014: each objection has its code."""
    made = page(pool=0, vamm_sqrt_k=10**14, oracle_confidence_max=30_000)
    made.play("alice buy 50 market")
    made.now += 1_000
    # Two on either side: the terminal price may go to the near edge only.
    point = commands.PricePoint(0, scaled(price, 6), 2_000_000, made.now)
    made.do(commands.OraclePrices([point]), ORACLE)
    drain(made)
    asked = row(made).peg if peg == "now" else scaled(peg, 6)
    code, _, _, _ = made.refuse(commands.Repeg(0, asked), OPERATOR)
    assert (codes.REJECTS[code][0],) == refusal


def test_a_repeg_by_hand_needs_a_vamm_a_price_and_a_market() -> None:
    """REPEG-014: before the peg itself is looked at."""
    bare = page(vamm_enabled=0)
    assert bare.refuse(commands.Repeg(0, 10**8), OPERATOR)[:2] == (codes.VAMM_DISABLED, 0)
    made = page()
    made.play("mode halted")
    assert made.refuse(commands.Repeg(0, 10**8), OPERATOR)[0] == codes.MARKET_MODE
    made.play("mode active")
    made.now += HOUR + 5
    assert made.refuse(commands.Repeg(0, 10**8), OPERATOR)[0] == codes.ORACLE_INVALID


def test_a_repeg_by_hand_is_booked_and_told() -> None:
    """REPEG-014: paid, and the quotes follow."""
    made = page()
    made.play("alice buy 50 market")
    later(made, "104")
    cost, pool = owed(row(made), 102_000_000), cash(made, "adjustments")
    made.do(commands.Repeg(0, 102_000_000), OPERATOR)
    (moved,) = of(made, mechanisms.Repegged)
    assert (moved.cause, moved.outcome, moved.cost) == (codes.REPEG_OPERATOR, repeg.PAID, cost)
    assert (moved.oracle, row(made).peg, row(made).repegs) == (104_000_000, 102_000_000, 1)
    assert cash(made, "adjustments") == pool - cost
    (quoted,) = of(made, mechanisms.VammQuoted)
    assert (quoted.bid, quoted.ask) == (row(made).bid, row(made).ask)
