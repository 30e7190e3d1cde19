"""What may leave the exchange: the bound, its window, what is counted and how it is valued."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.guard_params import BreakerParams
from tests.harness.outflow_page import ETH, HELD, PAID, TICK, WINDOW, OutflowPage
from tests.harness.scenario import OPERATOR
from tests.harness.vault_page import BASE, QUOTE, VaultPage

LIMITED = "RATE_LIMITED"


def strict(**more: int) -> OutflowPage:
    """Alice with 1,000; what is too much is refused."""
    plain: dict[str, Any] = {"locking": 0, "cooldown_ms": 0, "pause_cooldown_ms": 0}
    return OutflowPage(**{**plain, **more})


# The bound ----------------------------------------------------------------------------------------


def test_three_hundred_of_a_thousand() -> None:
    """BREAK-004: 70 % stay, equality passes; a window later it is 210 of 700."""
    page = strict()
    assert page.takes("alice", "300.000001") == LIMITED
    assert page.takes("alice", "300") == PAID
    assert page.takes("alice", "0.000001") == LIMITED
    page.waits(WINDOW)
    assert page.takes("alice", "210.000001") == LIMITED
    assert page.takes("alice", "210") == PAID


def test_the_numbers_of_the_refusal() -> None:
    """BREAK-009: what was asked, and what may leave."""
    page = strict()
    page.takes("alice", "100")
    command = page.withdrawal("alice", "201")
    assert page.refuse(command, page.owner("alice")) == (
        codes.RATE_LIMITED, 201_000_000, 200_000_000, -1,
    )  # fmt: skip


def test_fresh_money_may_leave_again() -> None:
    """BREAK-004: what came in within the window is netted."""
    page = strict()
    page.brings("alice", "500")
    assert page.takes("alice", "800.000001") == LIMITED
    assert page.takes("alice", "800") == PAID


def test_all_of_it_is_fresh() -> None:
    """BREAK-004: where nothing was there before the window, nothing is kept."""
    page = OutflowPage(cash="0", locking=0)
    page.brings("alice", "1000")
    page.waits(WINDOW - 1)
    assert page.takes("alice", "1000") == PAID


def test_below_the_threshold_nothing_is_limited() -> None:
    """BREAK-004: what was there before the window must be worth it."""
    page = strict(threshold=1_000_000_001)
    assert page.takes("alice", "301") == PAID
    page.limit(locking=0, threshold=1_000_000_000)
    assert page.takes("alice", "1") == LIMITED


def test_what_was_there_before_the_limits_counts() -> None:
    """BREAK-007: nothing has to flow before there is a bound; it is reported with the limits."""
    page = OutflowPage(limited=False)
    page.limit(locking=0)
    (said,) = [one for one in page.found if isinstance(one, events.BreakerParamsSet)]
    assert said.worth == 1_000_000_000
    page.waits(WINDOW)
    assert page.takes("alice", "500") == LIMITED


def test_without_limits_everything_may_leave() -> None:
    """BREAK-006, BREAK-009: and nothing is counted."""
    page = OutflowPage(limited=False)
    assert page.takes("alice", "1000") == PAID
    assert page.state.guard.breaker.flows == []
    assert page.state.guard.holder is None


def test_limits_that_keep_nothing() -> None:
    """BREAK-004: 0 % is no bound, but what flows is counted."""
    page = OutflowPage(retained=0)
    assert page.takes("alice", "400") == PAID
    page.limit(locking=0)
    assert page.takes("alice", "1") == LIMITED


def test_unsound_limits_are_refused() -> None:
    """BREAK-007: as a set."""
    page = OutflowPage(limited=False)
    bad = commands.SetBreakerParams(BreakerParams(tick_ms=7))
    assert page.refuse(bad, OPERATOR)[:2] == (codes.PARAMS_INVALID, 2)


def test_the_treasury_is_held_to_it_too() -> None:
    """BREAK-009: money of the exchange leaves by the same door."""
    page = strict()
    page.brings("treasury", "1000")
    page.waits(WINDOW)
    assert page.takes("treasury", "600.000001") == LIMITED
    assert page.takes("treasury", "600") == PAID
    assert page.takes("alice", "1") == LIMITED


# The window ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("within_tick", [0, TICK - 1])
def test_an_outflow_counts_until_its_tick_is_a_window_old(within_tick: int) -> None:
    """BREAK-003: to the millisecond, wherever in the tick it left."""
    page = strict()
    page.waits(within_tick)
    assert page.takes("alice", "300") == PAID
    page.waits(WINDOW - within_tick - 1)
    assert page.takes("alice", "1") == LIMITED
    page.waits(1)
    assert page.takes("alice", "210") == PAID


def test_two_ticks_leave_one_after_the_other() -> None:
    """BREAK-003: 300 in two halves; a window after the first, the second still counts."""
    page = strict()
    assert page.takes("alice", "150") == PAID
    page.waits(TICK)
    assert page.takes("alice", "150") == PAID
    page.waits(WINDOW - TICK)
    # 850 were there before the window: 595 stay, 700 are there.
    assert page.may_leave() == 105_000_000
    page.waits(TICK)
    assert page.may_leave() == 210_000_000


def test_a_refusal_counts_nothing() -> None:
    """BREAK-006, BREAK-009: the bound is for those who come after."""
    page = strict()
    for _ in range(5):
        assert page.takes("alice", "301") == LIMITED
    assert page.takes("alice", "300") == PAID


# Assets -------------------------------------------------------------------------------------------


def test_base_counts_at_the_oracle() -> None:
    """BREAK-002: 10 ETH at 100 and 1,000 USD are 2,000; 600 of it may leave, in either."""
    page = strict()
    page.brings("alice", "10", ETH)
    page.waits(WINDOW, "100")
    assert page.bound().worth == 2_000_000_000
    assert page.takes("alice", "6.000000001", ETH) == LIMITED
    assert page.takes("alice", "5", ETH) == PAID
    assert page.takes("alice", "100.000001") == LIMITED
    assert page.takes("alice", "100") == PAID


def test_base_that_leaves_is_rounded_up() -> None:
    """BREAK-002: a unit of ETH is worth less than a unit of USD, and counts as one."""
    page = strict()
    page.brings("alice", "1", ETH)
    page.waits(WINDOW, "100")
    assert page.takes("alice", "0.000000001", ETH) == PAID
    assert page.bound().worth == 1_099_999_999
    assert page.may_leave() == 1_099_999_999 - 770_000_000


def test_what_has_no_price_counts_nothing() -> None:
    """BREAK-002: and is not held back."""
    page = strict()
    page.do(commands.CreateAsset("NONE", 9), OPERATOR)
    page.brings("alice", "1000", 2)
    assert page.bound().worth == 1_000_000_000
    assert page.takes("alice", "300") == PAID
    assert page.takes("alice", "1000", 2) == PAID


@pytest.mark.parametrize("price", ["1", "40", "250"])
def test_a_price_alone_never_trips(price: str) -> None:
    """BREAK-002: neither what is there nor what has left is judged by another price than the other;
    after a third of the bound, two thirds are left of it, whatever the price."""
    page = OutflowPage(cash="0")
    page.brings("alice", "100", ETH)
    page.waits(WINDOW, "100")
    assert page.takes("alice", "10", ETH) == PAID
    page.oracle(price)
    assert page.now_mode == codes.NORMAL
    assert page.takes("alice", "20", ETH) == PAID
    assert page.takes("alice", "0.001", ETH) == HELD


def test_a_price_that_falls_does_not_widen_the_bound() -> None:
    """BREAK-002: base brought in while it was dear does not make what was there before vanish."""
    page = strict()
    page.brings("alice", "100", ETH)
    page.oracle("1")
    assert page.bound().total == 1_000_000_000
    assert page.takes("alice", "401") == LIMITED
    assert page.takes("alice", "400") == PAID  # 100 of it in the place of the ETH


def test_a_price_that_rises_does_not_widen_it_for_others() -> None:
    """BREAK-002: what leaves in ETH is measured by what the ETH are worth then."""
    page = strict()
    page.brings("alice", "10", ETH)
    page.waits(WINDOW, "100")
    page.oracle("150")
    assert page.may_leave() == 750_000_000
    assert page.takes("alice", "5.000000001", ETH) == LIMITED
    assert page.takes("alice", "5", ETH) == PAID


# What stays inside --------------------------------------------------------------------------------


def hedging_page() -> VaultPage:
    """The vaults with depositors, and limits."""
    page = VaultPage(eth="100", vault={"firm_quotes": 1})
    page.join("lp", BASE, "10")
    page.join("lp", QUOTE, "1000")
    page.do(commands.SetBreakerParams(BreakerParams(locking=0)), OPERATOR)
    return page


def may_leave(page: VaultPage) -> int:
    """What may leave, of anybody."""
    return OutflowPage.may_leave(page)  # type: ignore[arg-type]


def test_hedges_and_swaps_change_nothing() -> None:
    """BREAK-002: fills of vaults, their hedges, swaps and liquidity move between accounts."""
    page = hedging_page()
    before = may_leave(page)
    page.deal("alice", BASE, SELL, "4")
    page.deal("bob", QUOTE, BUY, "4")
    assert may_leave(page) == before
    page.swap("bob", SELL, "20")
    page.swap("alice", BUY, "5")
    assert may_leave(page) == before
    page.join("lp2", BASE, "3")
    page.deal("alice", BASE, BUY, "2")
    assert may_leave(page) == before


def test_firm_quotes_change_nothing() -> None:
    """BREAK-002: nor what a desk has in escrow, or pays for a hedge."""
    page = hedging_page()
    before = may_leave(page)
    desk = page.accounts["bob"]
    quote = commands.PostFirmQuote(desk, ETH, BUY, 100_000_000, 10**10, page.now + 60_000)
    page.do(quote, page.owner("bob"))
    assert may_leave(page) == before
    page.deal("alice", BASE, SELL, "4")
    (hedged,) = [one for one in page.found if isinstance(one, events.VaultHedged)]
    assert hedged.venue == codes.VENUE_FIRM
    assert may_leave(page) == before


def test_an_inflow_of_a_hedge_is_no_quota() -> None:
    """BREAK-002: base that a vault sells on spot does not let more leave (1,000; 300; a hedge of
    500; 301 is still too much)."""
    page = hedging_page()
    room = may_leave(page)
    page.deal("alice", BASE, SELL, "5")
    assert may_leave(page) == room


# Principals ---------------------------------------------------------------------------------------


def crowd(**more: int) -> OutflowPage:
    """A whale with 9,000 and two others with 500 each."""
    page = OutflowPage(traders="whale ann ben", cash="500", limited=False)
    page.brings("whale", "8500")
    page.limit(principal_share=500_000, **more)
    return page


def test_nobody_takes_all_that_may_leave() -> None:
    """BREAK-005: 3,000 may leave, half of it for one; there is room for the others."""
    page = crowd(locking=0)
    assert page.takes("whale", "1500.000001") == LIMITED
    assert page.takes("whale", "1500") == PAID
    assert page.takes("whale", "0.000001") == LIMITED
    assert page.takes("ann", "500") == PAID
    assert page.takes("ben", "500") == PAID


def test_the_part_is_of_a_principal_not_of_an_account() -> None:
    """BREAK-005: a second account of the whale's is no second part."""
    page = crowd(locking=0)
    owner = page.owner("whale")
    page.do(commands.CreateAccount(owner, -1, "second"), owner)
    second = len(page.state.accounts) - 1
    page.do(commands.Transfer(page.accounts["whale"], second, 0, 2_000_000_000), owner)
    page.accounts["second"] = second
    assert page.takes("whale", "1000") == PAID
    assert page.takes("second", "501") == LIMITED
    assert page.takes("second", "500") == PAID


def test_fresh_money_of_a_principal_is_its_own() -> None:
    """BREAK-005: what it brought in within the window it may take out again, and its part."""
    page = crowd(locking=0)
    page.brings("whale", "400")
    assert page.may_leave("whale") == 1_900_000_000
    assert page.takes("whale", "1900.000001") == LIMITED
    assert page.takes("whale", "1900") == PAID


def test_fresh_money_of_others_is_not() -> None:
    """BREAK-005."""
    page = crowd(locking=0)
    page.brings("ann", "400")
    assert page.may_leave("whale") == 1_500_000_000
    assert page.may_leave("ann") == 1_900_000_000


def test_a_part_comes_back_with_the_window() -> None:
    """BREAK-005: half of 30 % of what is left then."""
    page = crowd(locking=0)
    assert page.takes("whale", "1500") == PAID
    page.waits(WINDOW - 1)
    assert page.may_leave("whale") == 0
    page.waits(1)
    assert page.may_leave("whale") == 1_275_000_000


def test_a_whale_waits_for_the_next_window() -> None:
    """BREAK-010: more than is left of its part, and within the bound, is held; no breaker moves,
    and it does not use up what may leave."""
    page = crowd()
    assert page.takes("whale", "1000") == PAID
    assert page.takes("whale", "1500") == HELD
    assert page.now_mode == codes.NORMAL
    assert page.may_leave() == 2_000_000_000
    assert page.takes("ann", "500") == PAID
    (claim,) = page.claims()
    assert page.state.guard.held[claim].due_ms == page.now + WINDOW


def test_all_that_may_leave_is_too_much_for_one_and_trips_nothing() -> None:
    """BREAK-009: to the unit."""
    page = crowd()
    assert page.takes("whale", "3000") == LIMITED
    assert (page.now_mode, page.claims()) == (codes.NORMAL, [])
    assert page.takes("whale", "3000.000001") == HELD
    assert page.now_mode == codes.TRIPPED


def test_the_example_of_the_chapter() -> None:
    """BREAK-004, BREAK-005, BREAK-010 to BREAK-013: Alice and Bob of chapter 26."""
    page = OutflowPage(traders="alice bob", cash="400", limited=False)
    page.brings("alice", "200")
    page.limit(principal_share=500_000)
    assert page.takes("alice", "150") == PAID
    assert page.takes("alice", "100") == HELD
    assert page.now_mode == codes.NORMAL
    assert page.takes("bob", "150") == PAID
    assert page.takes("bob", "1") == HELD
    (move,) = [one for one in page.found if isinstance(one, events.BreakerMoved)]
    assert (move.value, move.limit) == (699_000_000, 700_000_000)
    page.waits(3 * 86_400_000)
    assert (page.bound().total, page.bound().worth) == (699_000_000, 699_000_000)
    page.tick()
    assert (page.now_mode, page.claims()) == (codes.NORMAL, [])
    assert (page.bound().worth, page.bound().kept) == (599_000_000, 489_300_000)
