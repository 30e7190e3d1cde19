"""The modes of the exchange: what trips it, what is held, how it is left."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import (
    CAUSE_OPERATOR,
    CAUSE_OUTFLOW,
    CAUSE_RECOVERED,
    NORMAL,
    PAUSED,
    TRIPPED,
)
from tests.harness.outflow_page import COOLDOWN, ETH, HELD, PAID, WINDOW, OutflowPage
from tests.harness.scenario import OPERATOR

LIMITED, STOPPED = "RATE_LIMITED", "EXCHANGE_MODE"
PAUSE = 604_800_000


def page_of_two(**more: Any) -> OutflowPage:
    """Alice and bob with 1,000 each."""
    return OutflowPage(traders="alice bob", **more)


def tripped(**more: int) -> OutflowPage:
    """Alice wanted 601 of 2,000."""
    page = page_of_two(**more)
    assert page.takes("alice", "601") == HELD
    assert page.now_mode == TRIPPED
    return page


# Tripping -----------------------------------------------------------------------------------------


def test_more_than_may_leave_is_held_and_trips() -> None:
    """BREAK-010: the command is accepted, the money is off the account, and nowhere else."""
    page = page_of_two()
    assert page.takes("alice", "600.000001") == HELD
    assert page.moves() == [(NORMAL, TRIPPED, CAUSE_OUTFLOW)]
    (move,) = [one for one in page.found if isinstance(one, events.BreakerMoved)]
    assert (move.value, move.limit) == (1_399_999_999, 1_400_000_000)
    (held,) = [one for one in page.found if isinstance(one, events.WithdrawalHeld)]
    assert (held.amount, held.worth) == (600_000_001, 600_000_001)
    holder = page.state.guard.holder
    assert holder is not None and (holder.kind, holder.cash()) == (codes.HELD, 600_000_001)
    assert page.account("alice").cash() == 399_999_999


def test_what_may_leave_to_the_unit_does_not_trip() -> None:
    """BREAK-010: and the unit after it does."""
    page = page_of_two()
    assert page.takes("alice", "600") == PAID
    assert page.now_mode == NORMAL
    assert page.takes("bob", "0.000001") == HELD
    assert page.now_mode == TRIPPED


def test_a_withdrawal_is_held_once() -> None:
    """BREAK-010: its external id is used."""
    page = page_of_two()
    command = page.withdrawal("alice", "601")
    page.do(command, page.owner("alice"))
    assert page.refuse(command, page.owner("alice"))[0] == codes.EXTERNAL_ID_USED


def test_while_it_is_restricted_every_withdrawal_is_held() -> None:
    """BREAK-010: also the smallest, also of what has no price."""
    page = tripped()
    page.do(commands.CreateAsset("NONE", 9), OPERATOR)
    page.brings("bob", "5", 2)
    assert page.takes("bob", "0.000001") == HELD
    assert page.takes("bob", "5", 2) == HELD
    assert page.moves() == []
    assert len(page.claims()) == 3


def test_what_an_account_may_not_let_go_is_not_held() -> None:
    """BREAK-009: the rules of a withdrawal come first."""
    page = tripped()
    assert page.takes("bob", "1000.000001") == "NOT_WITHDRAWABLE"
    assert page.takes("bob", "1", ETH) == "INSUFFICIENT_BALANCE"


def test_without_locking_a_restriction_refuses() -> None:
    """BREAK-009: there is nothing that would be held."""
    page = page_of_two(locking=0)
    page.mode(TRIPPED)
    assert page.takes("alice", "1") == STOPPED
    bare = OutflowPage(limited=False)
    bare.mode(TRIPPED)
    command = bare.withdrawal("alice", "1")
    assert bare.refuse(command, bare.owner("alice"))[:3] == (codes.EXCHANGE_MODE, TRIPPED, TRIPPED)


def test_nobody_has_any_number_of_claims() -> None:
    """BREAK-010: 64 of a principal."""
    page = tripped()
    for _ in range(63):
        assert page.takes("alice", "1") == HELD
    assert page.takes("alice", "1") == "TOO_MANY"
    assert page.takes("bob", "1") == HELD


# Pausing ------------------------------------------------------------------------------------------


def test_it_pauses_where_too_little_would_be_left() -> None:
    """BREAK-011: what is held counts as gone; strictly less than 40 % of 2,000."""
    page = page_of_two(pause_retained=400_000)
    assert page.takes("alice", "1000") == HELD
    assert page.takes("bob", "200") == HELD
    assert page.now_mode == TRIPPED
    assert page.takes("bob", "0.000001") == HELD
    assert page.moves() == [(TRIPPED, PAUSED, CAUSE_OUTFLOW)]
    assert page.takes("bob", "0.000001") == STOPPED


def test_one_withdrawal_may_trip_and_pause() -> None:
    """BREAK-011: both are told, one after the other."""
    page = OutflowPage(pause_retained=400_000)
    assert page.takes("alice", "601") == HELD
    assert page.moves() == [(NORMAL, TRIPPED, CAUSE_OUTFLOW), (TRIPPED, PAUSED, CAUSE_OUTFLOW)]


def test_limits_that_never_pause() -> None:
    """BREAK-011: 0 %."""
    page = OutflowPage(pause_retained=0)
    assert page.takes("alice", "1000") == HELD
    assert page.now_mode == TRIPPED


# Recovery -----------------------------------------------------------------------------------------


def test_it_recovers_after_its_cooldown() -> None:
    """BREAK-012: to the millisecond, by whoever asks; not before."""
    page = tripped()
    page.waits(COOLDOWN - 1)
    assert page.review() == (codes.BREAKER_WAITS, COOLDOWN - 1, COOLDOWN)
    page.waits(1)
    assert page.review() == (0, 0, 0)
    assert page.moves() == [(TRIPPED, NORMAL, CAUSE_RECOVERED)]
    assert page.review()[0] == codes.NOTHING_TO_DO


def test_it_recovers_only_within_its_bound() -> None:
    """BREAK-012: time alone is not enough: what was held since counts as an outflow."""
    page = tripped()
    page.waits(COOLDOWN - 1)
    assert page.takes("bob", "500") == HELD
    page.waits(1)
    code, worth, kept = page.review()
    assert (code, worth, kept) == (codes.BREAKER_WAITS, 899_000_000, 979_300_000)
    page.waits(WINDOW)
    assert page.review() == (0, 0, 0)


def test_money_that_comes_in_helps() -> None:
    """BREAK-012: the net outflow is what counts."""
    page = tripped()
    page.waits(COOLDOWN - 1)
    assert page.takes("bob", "500") == HELD
    page.brings("bob", "80.3")
    page.waits(1)
    assert page.review() == (0, 0, 0)


def test_a_pause_is_left_one_mode_at_a_time() -> None:
    """BREAK-012: after its own cooldown to restricted, whose cooldown starts anew."""
    page = OutflowPage(pause_retained=400_000)
    assert page.takes("alice", "1000") == HELD
    assert page.now_mode == PAUSED
    page.waits(PAUSE - 1)
    assert page.review() == (codes.BREAKER_WAITS, PAUSE - 1, PAUSE)
    page.waits(1)
    assert page.review() == (0, 0, 0)
    assert page.moves() == [(PAUSED, TRIPPED, CAUSE_RECOVERED)]
    assert page.review() == (codes.BREAKER_WAITS, 0, COOLDOWN)
    page.waits(COOLDOWN)
    page.tick()
    assert page.moves() == [(TRIPPED, NORMAL, CAUSE_RECOVERED)]


def test_the_house_lets_it_recover() -> None:
    """BREAK-015, HOUSE-002: it is due when its condition holds, not before, and then no more."""
    page = tripped()
    page.waits(COOLDOWN - 1)
    assert not page.engine.is_due(commands.Tick(1), page.now)
    page.waits(1)
    assert page.engine.is_due(commands.Tick(1), page.now)
    page.tick()
    assert page.now_mode == NORMAL
    assert page.claims() == []
    assert not page.engine.is_due(commands.Tick(1), page.now)


def test_what_does_not_recover_is_not_due() -> None:
    """BREAK-015, HOUSE-002: a house would look again and again."""
    page = tripped()
    page.waits(COOLDOWN)
    assert page.takes("bob", "500") == HELD
    assert not page.engine.is_due(commands.Tick(1), page.now)
    page.tick()
    assert page.now_mode == TRIPPED


def test_a_tick_does_no_more_than_it_may() -> None:
    """BREAK-015: a piece is a breaker that is let go, or a withdrawal that is paid."""
    page = tripped()
    assert page.takes("bob", "1") == HELD
    page.waits(COOLDOWN)
    page.tick(1)
    assert (page.now_mode, len(page.claims())) == (NORMAL, 2)
    page.tick(1)
    assert len(page.claims()) == 1
    page.tick(1)
    assert page.claims() == []


def test_a_second_breach_is_held_as_the_first() -> None:
    """BREAK-012: a thief does not get a part of every window: there is a cooldown in between."""
    page = tripped()
    page.waits(WINDOW)
    assert page.takes("alice", "1") == HELD
    page.waits(COOLDOWN - WINDOW)
    page.tick()
    assert page.now_mode == NORMAL
    assert page.takes("bob", "900") == HELD
    assert page.now_mode == TRIPPED


# The operator -------------------------------------------------------------------------------------


def test_the_operator_sets_any_mode() -> None:
    """BREAK-008: at once, and the cooldown starts with it, also in the same mode."""
    page = page_of_two()
    page.mode(PAUSED)
    assert page.moves() == [(NORMAL, PAUSED, CAUSE_OPERATOR)]
    page.mode(TRIPPED)
    page.waits(COOLDOWN - 1)
    page.mode(TRIPPED)
    page.waits(1)
    assert page.review() == (codes.BREAKER_WAITS, 1, COOLDOWN)
    page.mode(NORMAL)
    assert page.takes("alice", "1") == PAID


def test_without_limits_there_are_modes_too() -> None:
    """BREAK-008, BREAK-012: with the cooldowns of limits that nobody set."""
    page = OutflowPage(limited=False)
    page.mode(TRIPPED)
    page.waits(COOLDOWN - 1)
    assert page.review() == (codes.BREAKER_WAITS, COOLDOWN - 1, COOLDOWN)
    page.waits(1)
    assert page.review() == (0, 0, 0)


def test_opened_too_early_it_trips_again() -> None:
    """BREAK-008: the outflow of the window still counts."""
    page = tripped()
    page.mode(NORMAL)
    assert page.takes("bob", "1") == HELD
    assert page.now_mode == TRIPPED


def test_a_grace_counts_and_does_not_limit() -> None:
    """BREAK-008: until it is over, to the millisecond."""
    page = tripped()
    until = page.now + WINDOW
    page.mode(NORMAL, until)
    page.waits(WINDOW - 1)
    assert page.takes("bob", "900") == PAID
    page.waits(1)
    assert page.takes("bob", "1") == HELD


@pytest.mark.parametrize(("mode", "wait"), [(NORMAL, 0), (NORMAL, WINDOW + 1), (TRIPPED, 1)])
def test_a_grace_has_its_bounds(mode: int, wait: int) -> None:
    """BREAK-008: later than now, at most a window, and of a normal mode."""
    page = page_of_two()
    command = commands.SetBreakerMode(mode, page.now + wait)
    latest = page.now + WINDOW if mode == NORMAL else 0
    assert page.refuse(command, OPERATOR)[:3] == (codes.BAD_FIELD, page.now + wait, latest)


def test_a_grace_needs_limits() -> None:
    """BREAK-008."""
    page = OutflowPage(limited=False)
    command = commands.SetBreakerMode(NORMAL, page.now + 1)
    assert page.refuse(command, OPERATOR)[0] == codes.BAD_FIELD


def test_a_grace_ends_with_the_next_mode() -> None:
    """BREAK-008."""
    page = page_of_two()
    page.mode(NORMAL, page.now + WINDOW)
    page.mode(NORMAL)
    assert page.takes("alice", "601") == HELD
