"""Withdrawals that are held: paid, taken back, waiting for a part; and a restart in between."""

from __future__ import annotations

import pytest

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import NORMAL, PAUSED, TRIPPED
from tests.core.test_breaker_modes import page_of_two, tripped
from tests.core.test_breaker_outflow import crowd
from tests.harness.outflow_page import COOLDOWN, HELD, PAID, WINDOW, OutflowPage
from tests.harness.scenario import KEEPER, OPERATOR

PAUSE = 604_800_000


def release(page: OutflowPage, claim: int) -> tuple[int, int, int, int]:
    """The refusal of a release."""
    return page.refuse(commands.ReleaseHeld(claim), KEEPER)


def test_what_is_held_waits_for_a_normal_mode() -> None:
    """BREAK-013: then anybody may have it paid; it does not count a second time."""
    page = tripped()
    (claim,) = page.claims()
    assert release(page, claim)[:3] == (codes.HELD_WAITS, TRIPPED, TRIPPED)
    page.mode(PAUSED)
    assert release(page, claim)[:3] == (codes.HELD_WAITS, PAUSED, TRIPPED)
    page.waits(COOLDOWN)
    page.mode(NORMAL)
    worth, before = page.bound().worth, page.account("outside").cash()
    page.do(commands.ReleaseHeld(claim), KEEPER)
    assert page.bound().worth == worth
    assert page.account("outside").cash() - before == 601_000_000
    assert page.may_leave() == 419_700_000
    (said,) = [one for one in page.found if isinstance(one, events.HeldReleased)]
    assert (said.claim, said.amount, said.paid) == (claim, 601_000_000, True)
    assert release(page, claim)[:2] == (codes.UNKNOWN_HELD, claim)


def test_its_owner_may_take_it_back_in_every_mode() -> None:
    """BREAK-014: it has come in again; up to all that may leave of what was there, to the unit."""
    for mode in (NORMAL, TRIPPED, PAUSED):
        page = tripped()
        assert page.takes("bob", "600") == HELD
        claim = page.claims()[-1]
        page.mode(mode)
        cancel = commands.CancelHeld(page.accounts["bob"], claim)
        page.do(cancel, page.owner("bob"))
        assert page.account("bob").cash() == 1_000_000_000
        assert (page.bound().worth, page.bound().total) == (1_399_000_000, 2_000_000_000)
        assert claim not in page.claims()
        assert page.refuse(cancel, page.owner("bob"))[:2] == (codes.UNKNOWN_HELD, claim)


def test_what_tripped_it_comes_back_in_a_normal_mode_only() -> None:
    """BREAK-014: neither restricted nor paused; then as if it had not been asked for."""
    page = tripped()
    (claim,) = page.claims()
    cancel = commands.CancelHeld(page.accounts["alice"], claim)
    assert page.refuse(cancel, page.owner("alice"))[:3] == (codes.HELD_WAITS, TRIPPED, TRIPPED)
    page.mode(PAUSED)
    assert page.refuse(cancel, page.owner("alice"))[:3] == (codes.HELD_WAITS, PAUSED, TRIPPED)
    page.restart()
    page.mode(NORMAL)
    page.do(cancel, page.owner("alice"))
    assert page.account("alice").cash() == 1_000_000_000
    assert (page.bound().worth, page.bound().total) == (2_000_000_000, 2_000_000_000)
    assert page.claims() == []
    assert page.refuse(cancel, page.owner("alice"))[:2] == (codes.UNKNOWN_HELD, claim)


def test_what_would_have_tripped_it_waits_with_it() -> None:
    """BREAK-014: a unit more than what may leave of what was there, asked for while restricted."""
    page = tripped()
    assert page.takes("bob", "600.000001") == HELD
    cancel = commands.CancelHeld(page.accounts["bob"], page.claims()[-1])
    assert page.refuse(cancel, page.owner("bob"))[:3] == (codes.HELD_WAITS, TRIPPED, TRIPPED)
    page.restart()
    page.waits(COOLDOWN)
    assert page.refuse(cancel, page.owner("bob"))[0] == codes.HELD_WAITS
    page.mode(NORMAL)
    page.do(cancel, page.owner("bob"))
    assert page.account("bob").cash() == 1_000_000_000


def test_nobody_else_may_take_it_back() -> None:
    """BREAK-014: neither another owner nor the operator, nor into another account."""
    page = tripped()
    (claim,) = page.claims()
    alice, bob = page.accounts["alice"], page.accounts["bob"]
    mine = commands.CancelHeld(bob, claim)
    assert page.refuse(mine, page.owner("bob"))[:2] == (codes.UNKNOWN_HELD, claim)
    theirs = commands.CancelHeld(alice, claim)
    assert page.refuse(theirs, page.owner("bob"))[0] == codes.NOT_OWNER
    assert page.refuse(theirs, OPERATOR)[0] == codes.NOT_OWNER


def test_taken_back_long_after_it_is_fresh_money() -> None:
    """BREAK-014: what was gone for more than a window comes in as a deposit does."""
    page = tripped()
    (claim,) = page.claims()
    page.waits(COOLDOWN)
    page.review()
    page.do(commands.CancelHeld(page.accounts["alice"], claim), page.owner("alice"))
    assert page.bound().total == 1_399_000_000
    assert page.may_leave() == 601_000_000 + 419_700_000


def test_what_is_held_for_a_part_is_not_gone() -> None:
    """BREAK-010, BREAK-014: it has not left, so that it does not come back either."""
    page = page_of_two(principal_share=100_000)
    assert page.takes("alice", "10") == PAID
    flows = page.state.guard.breaker.flows
    assert page.takes("alice", "60") == HELD
    assert page.now_mode == NORMAL
    assert page.may_leave() == 590_000_000
    assert page.may_leave("alice") == 50_000_000
    (claim,) = page.claims()
    page.do(commands.CancelHeld(page.accounts["alice"], claim), page.owner("alice"))
    assert page.may_leave("alice") == 50_000_000
    assert page.state.guard.breaker.flows == flows


def test_what_is_held_for_a_part_is_due_a_window_later() -> None:
    """BREAK-013, BREAK-015, HOUSE-002: the house pays it then, and it counts then."""
    page = page_of_two(principal_share=100_000)
    assert page.takes("alice", "20") == PAID
    assert page.takes("alice", "59.4") == HELD
    page.waits(WINDOW - 1)
    assert not page.engine.is_due(commands.Tick(1), page.now)
    page.waits(1)
    assert page.engine.is_due(commands.Tick(1), page.now)
    page.tick()
    assert page.claims() == []
    assert page.may_leave() == 594_000_000 - 59_400_000
    assert page.may_leave("alice") == 0


def test_more_than_a_whole_part_is_not_held() -> None:
    """BREAK-009: within the bound it would wait for ever; to the unit."""
    page = page_of_two(principal_share=100_000)
    ask = page.withdrawal("alice", "60.000001")
    refused = page.refuse(ask, page.owner("alice"))
    assert refused[:3] == (codes.RATE_LIMITED, 60_000_001, 60_000_000)
    assert page.takes("alice", "600") == "RATE_LIMITED"
    assert (page.takes("alice", "60"), page.claims()) == (PAID, [])
    assert page.takes("alice", "60.000001") == "RATE_LIMITED"
    assert page.takes("alice", "60") == HELD
    assert page.now_mode == NORMAL


def test_what_became_more_than_a_whole_part_is_never_paid() -> None:
    """BREAK-013, HOUSE-002: the bound would let it pass; it is taken back, and asked for in
    pieces."""
    page = page_of_two(principal_share=100_000)
    assert (page.takes("alice", "60"), page.takes("alice", "60")) == (PAID, HELD)
    (claim,) = page.claims()
    for _ in range(3):
        page.waits(WINDOW)
        assert not page.engine.is_due(commands.Tick(1), page.now)
        assert release(page, claim)[:3] == (codes.RATE_LIMITED, 60_000_000, 58_200_000)
    page.do(commands.CancelHeld(page.accounts["alice"], claim), page.owner("alice"))
    assert page.takes("alice", "58.2") == PAID


def test_held_for_its_part_it_is_paid_within_the_bound() -> None:
    """BREAK-013: due a window later, counted then, and as far as others left room, whatever his
    part is."""
    page = crowd()
    assert page.takes("whale", "1000") == PAID
    assert page.takes("whale", "1400") == HELD
    (claim,) = page.claims()
    release = commands.ReleaseHeld(claim)
    owner = page.owner("ann")
    refused = page.refuse(release, owner)
    assert refused[:3] == (codes.BREAKER_WAITS, page.now, page.now + WINDOW)
    page.waits(WINDOW)
    assert page.takes("whale", "1350") == PAID
    assert page.refuse(release, owner)[:3] == (codes.RATE_LIMITED, 1_400_000_000, 0)
    page.limit(principal_share=1_000_000)
    refused = page.refuse(release, owner)
    assert refused[:3] == (codes.RATE_LIMITED, 1_400_000_000, 1_350_000_000)
    page.waits(WINDOW)
    page.do(release, owner)
    assert page.bound().worth == 6_250_000_000
    assert page.may_leave() == 2_295_000_000 - 1_400_000_000
    page.limit(principal_share=500_000)
    assert page.may_leave("whale") == 0


def test_held_for_its_part_it_is_paid_within_the_part() -> None:
    """BREAK-013: the bound would let it pass; to the unit."""
    page = crowd()
    assert page.takes("whale", "1000") == PAID
    assert page.takes("whale", "1200") == HELD
    (claim,) = page.claims()
    release = commands.ReleaseHeld(claim)
    page.waits(WINDOW)
    assert page.takes("whale", "150.000001") == PAID
    refused = page.refuse(release, page.owner("ann"))
    assert refused[:3] == (codes.RATE_LIMITED, 1_200_000_000, 1_199_999_999)
    assert page.may_leave() == 2_700_000_000 - 150_000_001
    page.brings("whale", "0.000001")
    page.do(release, page.owner("ann"))
    assert page.may_leave("whale") == 0
    assert page.bound().worth == 7_650_000_000


# Nobody is stopped for nothing --------------------------------------------------------------------


@pytest.mark.parametrize("brought", ["1200", "3000"])
def test_money_that_came_and_went_trips_nobody(brought: str) -> None:
    """BREAK-003, BREAK-004: fresh money that leaves just before its inflow leaves the window leaves
    it with that. Else it would count as there before, and the next withdrawal of anybody, of a
    unit, would trip the exchange (or pause it, with 1.5 times what is in it)."""
    page = OutflowPage(
        traders="ann ben eve", cash="500", principal_share=500_000, pause_retained=400_000
    )
    page.waits(WINDOW)
    page.brings("eve", brought)
    page.waits(WINDOW - 1)
    assert page.takes("eve", brought) == PAID
    assert (page.bound().total, page.may_leave()) == (1_500_000_000, 450_000_000)
    page.waits(1)
    assert (page.bound().total, page.may_leave()) == (1_500_000_000, 450_000_000)
    assert page.may_leave("eve") == 225_000_000
    assert page.takes("ann", "0.000001") == PAID
    assert page.now_mode == NORMAL


def test_a_queue_leaves_room_for_others() -> None:
    """BREAK-013: of what waited for its part one principal is paid a part in a window, by the house
    and by whoever asks; the next withdrawal of another trips nothing."""
    page = OutflowPage(traders="whale ann ben", cash="500", limited=False)
    page.brings("whale", "8500")
    page.limit(principal_share=500_000, pause_retained=400_000)
    assert page.takes("whale", "1500") == PAID
    for _ in range(51):
        assert page.takes("whale", "50") == HELD
    page.waits(WINDOW)
    page.tick()
    assert len(page.claims()) == 51 - 25
    assert page.may_leave("whale") == 25_000_000
    assert release(page, page.claims()[0])[:3] == (codes.RATE_LIMITED, 50_000_000, 25_000_000)
    assert page.takes("ann", "500") == PAID
    assert page.takes("ben", "500") == PAID
    assert page.now_mode == NORMAL


def test_tripping_it_locks_what_did() -> None:
    """BREAK-011, BREAK-014: who restricts and pauses everybody with two requests has his money
    back when all others have theirs, not before."""
    page = OutflowPage(
        traders="ann ben eve", cash="500", principal_share=500_000, pause_retained=400_000
    )
    page.brings("eve", "4000")
    page.waits(WINDOW)
    assert page.takes("eve", "2000") == HELD
    assert page.takes("eve", "2400") == HELD
    assert page.now_mode == PAUSED
    claims = page.claims()
    back = [commands.CancelHeld(page.accounts["eve"], claim) for claim in claims]
    for wait, mode in ((0, PAUSED), (PAUSE, TRIPPED), (COOLDOWN - 1, TRIPPED)):
        page.waits(wait)
        page.apply(commands.ReviewBreaker(-1), KEEPER)
        for command in back:
            refused = page.refuse(command, page.owner("eve"))
            assert refused[:3] == (codes.HELD_WAITS, mode, TRIPPED)
    page.waits(1)
    assert page.review() == (0, 0, 0)
    assert page.now_mode == NORMAL
    for command in back:
        page.do(command, page.owner("eve"))
    assert page.account("eve").cash() == 4_500_000_000


def test_what_does_not_fit_does_not_stop_what_does() -> None:
    """BREAK-013, BREAK-015: the first of those that are due which may be paid is paid."""
    page = page_of_two(principal_share=900_000)
    assert (page.takes("alice", "50"), page.takes("alice", "520")) == (PAID, HELD)
    assert (page.takes("bob", "450"), page.takes("bob", "95")) == (PAID, HELD)
    page.waits(WINDOW)
    page.brings("bob", "1")
    page.limit(principal_share=1_000_000)
    assert page.takes("bob", "100") == PAID
    page.tick()
    assert [page.state.guard.held[claim].amount for claim in page.claims()] == [520_000_000]
    assert not page.engine.is_due(commands.Tick(1), page.now)
    page.waits(WINDOW)
    page.tick()
    assert (len(page.claims()), page.may_leave()) == (1, 391_800_000)


def test_it_goes_on_after_a_restart() -> None:
    """BREAK-001: modes, what is counted, and what is held are part of the state."""
    page = tripped(principal_share=900_000)
    page.restart()
    assert page.now_mode == TRIPPED
    assert page.takes("bob", "1") == HELD
    page.restart()
    page.waits(COOLDOWN - 1)
    assert page.review() == (codes.BREAKER_WAITS, COOLDOWN - 1, COOLDOWN)
    page.waits(1)
    page.restart()
    page.tick()
    assert (page.now_mode, page.claims()) == (NORMAL, [])
    page.takes("bob", "300")
    left = page.may_leave()
    page.restart()
    assert page.may_leave() == left


def test_the_keepers_account_needs_no_breaker() -> None:
    """BREAK-010: transfers, deposits and cancels pass while all else stands still."""
    page = page_of_two()
    owner = page.owner("alice")
    page.play("alice buy 1 @ 99 as=a1")
    page.do(commands.CreateAccount(owner, -1, "second"), owner)
    second = len(page.state.accounts) - 1
    page.mode(PAUSED)
    page.brings("alice", "5")
    page.do(commands.Transfer(page.accounts["alice"], second, 0, 1_000_000), owner)
    page.play("alice cancel a1")
