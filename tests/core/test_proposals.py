"""Changes by two keys: what becomes of a proposal."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.messages import codes, events
from plimsoll.messages.commands import (
    CreatePrincipal,
    SetBreakerMode,
    SetGlobalParams,
    SetMarketMode,
    SetMarketParams,
    SetVaultMode,
    Tick,
)
from plimsoll.messages.guard import CancelProposal, ExecuteProposal, Propose
from plimsoll.messages.params import GlobalParams
from tests.harness.scenario import KEEPER, OPERATOR, Scenario
from tests.harness.two_keys import DELAY, EXPIRY, TwoKeys, replaced

# The delay itself ---------------------------------------------------------------------------------


def test_a_delay_needs_two_operators() -> None:
    """PROP-012: one operator could never make a second one, nor loosen anything, again."""
    page = Scenario()
    delayed = SetGlobalParams(GlobalParams(admin_delay_ms=1))
    refused = (codes.PARAMS_INVALID, 97, 0, -1)
    assert page.refuse(delayed, OPERATOR) == refused
    page.do(CreatePrincipal("keeper2", 127 & ~codes.ROLE_OPERATOR), OPERATOR)
    assert page.refuse(delayed, OPERATOR) == refused
    page.do(CreatePrincipal("second", codes.ROLE_OPERATOR), OPERATOR)
    page.do(delayed, OPERATOR)


def test_a_delay_is_lowered_by_itself() -> None:
    """PROP-012: raised at once, lowered after itself; what was announced before keeps its time."""
    page = TwoKeys()
    early = page.propose(page.setting("market_params", imr=90_000))
    lower = page.setting("global_params", admin_delay_ms=0)
    assert page.refused(lower) == ("NEEDS_PROPOSAL", 11, DELAY)
    made = page.propose(lower)
    page.now = made.ready_ms - 1
    wait = ("PROPOSAL_EARLY", page.now, made.ready_ms)
    assert page.refused(ExecuteProposal(made.proposal), page.second) == wait
    page.now = made.ready_ms
    page.execute(made.proposal)
    assert page.state.globals.params.admin_delay_ms == 0
    page.do(page.setting("global_params", admin_delay_ms=2 * DELAY), OPERATOR)
    page.execute(early.proposal)
    late = page.propose(page.setting("market_params", imr=80_000))
    assert late.ready_ms == page.now + 2 * DELAY


# What becomes of a proposal -----------------------------------------------------------------------


def test_the_life_of_a_proposal() -> None:
    """PROP-005 to PROP-009: announced, waited for, executed by another operator, and over."""
    page = TwoKeys()
    change = page.setting("market_params", imr=90_000)
    made = page.propose(change)
    ident = made.proposal
    assert made.row()[2:] == [
        OPERATOR,
        SetMarketParams.TAG,
        page.now + DELAY,
        page.now + DELAY + EXPIRY,
    ]
    assert page.state.markets[0].params.imr == 100_000
    execute = ExecuteProposal(ident)
    assert page.refused(execute, page.second) == ("PROPOSAL_EARLY", page.now, made.ready_ms)
    page.now = made.ready_ms
    assert page.refused(execute) == ("PROPOSAL_OWN", OPERATOR, OPERATOR)
    assert page.refused(execute, KEEPER)[0] == "NOT_ALLOWED"
    ended, done = page.do(execute, page.second)
    assert ended.row()[1:] == [ident, page.second, SetMarketParams.TAG, codes.PROPOSAL_EXECUTED]
    assert isinstance(done, events.MarketParamsSet)
    assert page.state.markets[0].params.imr == 90_000
    assert page.refused(execute, page.second) == ("UNKNOWN_PROPOSAL", ident, 0)


def test_the_last_moment() -> None:
    """PROP-009: until its expiry, and no later."""
    page = TwoKeys()
    change = page.setting("market_params", imr=90_000)
    first, again = page.propose(change), page.propose(page.setting("market_params", mmr=40_000))
    page.now = first.expires_ms
    page.execute(first.proposal)
    page.now += 1
    late = ("PROPOSAL_EXPIRED", page.now, again.expires_ms)
    assert page.refused(ExecuteProposal(again.proposal), page.second) == late


def test_first_things_first() -> None:
    """PROP-009: whose it is, then when, then what it replaces."""
    page = TwoKeys()
    made = page.propose(page.setting("market_params", imr=90_000))
    page.do(page.setting("market_params", imr=110_000), OPERATOR)
    execute = ExecuteProposal(made.proposal)
    assert page.refused(execute)[0] == "PROPOSAL_OWN"
    assert page.refused(execute, page.second)[0] == "PROPOSAL_EARLY"
    page.now = made.expires_ms + 1
    assert page.refused(execute, page.second)[0] == "PROPOSAL_EXPIRED"
    page.now = made.expires_ms
    assert page.refused(execute, page.second) == ("PROPOSAL_STALE", SetMarketParams.TAG, 0)


TIGHTENED: list[tuple[str, dict[str, int], dict[str, int]]] = [
    ("global_params", {"relay_fee_max": 10**9}, {"batch_max": 1}),
    ("market_params", {"imr": 90_000}, {"min_notional": 10**8}),
    ("vault_params", {"hedge_slippage": 60_000}, {"fill_max": 1}),
    ("quote_params", {"max_quote_size": 10**11}, {"half_spread": 60_000}),
    ("breaker_params", {"retained": 500_000}, {"threshold": 0}),
]


@pytest.mark.parametrize(("kind", "looser", "tighter"), TIGHTENED)
def test_what_was_tightened_meanwhile_stays_tight(
    kind: str, looser: dict[str, int], tighter: dict[str, int]
) -> None:
    """PROP-008: an old set would take back what it knows nothing of."""
    page = TwoKeys(breaker=True)
    made = page.propose(page.setting(kind, **looser))
    page.do(page.setting(kind, **tighter), OPERATOR)
    page.now = made.ready_ms
    stale = page.refused(ExecuteProposal(made.proposal), page.second)
    assert stale[0] == "PROPOSAL_STALE"


@pytest.mark.parametrize("cls", [SetMarketMode, SetVaultMode])
def test_a_mode_that_was_tightened_meanwhile_stays(cls: type[Any]) -> None:
    """PROP-008: who stopped it had a reason that the proposal does not know."""
    page = TwoKeys()
    page.do(cls(0, codes.RESTRICTED), OPERATOR)
    made = page.propose(cls(0, codes.ACTIVE))
    page.do(cls(0, codes.HALTED), OPERATOR)
    page.now = made.ready_ms
    assert page.refused(ExecuteProposal(made.proposal), page.second)[0] == "PROPOSAL_STALE"


def test_another_outflow_is_another_judgement() -> None:
    """PROP-008: a release that was meant for one trip is not good for the next."""
    page = TwoKeys(breaker=True)
    page.do(SetBreakerMode(codes.TRIPPED, 0), OPERATOR)
    made = page.propose(SetBreakerMode(codes.NORMAL, 0))
    page.now += 1
    page.do(SetBreakerMode(codes.TRIPPED, 0), OPERATOR)
    page.now = made.ready_ms
    stale = ("PROPOSAL_STALE", SetBreakerMode.TAG, 0)
    assert page.refused(ExecuteProposal(made.proposal), page.second) == stale


def test_two_proposals_of_one_set() -> None:
    """PROP-008: the second one was announced against what the first one has replaced."""
    page = TwoKeys()
    one = page.propose(page.setting("market_params", imr=90_000))
    two = page.propose(page.setting("market_params", open_interest_max=2 * 10**15))
    page.now = one.ready_ms
    page.execute(two.proposal)
    assert page.refused(ExecuteProposal(one.proposal), page.second)[0] == "PROPOSAL_STALE"


@pytest.mark.parametrize("own", [True, False])
def test_any_operator_takes_it_back(own: bool) -> None:
    """PROP-010: whoever sees something wrong stops it, at any time, and only operators do."""
    page = TwoKeys()
    made = page.propose(page.setting("market_params", imr=90_000))
    cancel = CancelProposal(made.proposal)
    assert page.refused(cancel, page.owner("alice"))[0] == "NOT_ALLOWED"
    who = OPERATOR if own else page.second
    event = page.cancel(made.proposal, who)
    assert event.row()[1:] == [made.proposal, who, SetMarketParams.TAG, codes.PROPOSAL_CANCELLED]
    assert page.refused(cancel) == ("UNKNOWN_PROPOSAL", made.proposal, 0)
    page.now = made.ready_ms
    assert page.refused(ExecuteProposal(made.proposal), page.second)[0] == "UNKNOWN_PROPOSAL"


def test_a_proposal_lapses() -> None:
    """PROP-011, HOUSE-002: by the next Tick after its expiry; the limit of the Tick holds."""
    page = TwoKeys()
    made = [page.propose(page.setting("market_params", imr=imr)) for imr in (90_000, 80_000)]
    page.now = made[0].expires_ms
    assert not page.engine.is_due(Tick(1), page.now)
    page.now += 1
    assert page.engine.is_due(Tick(1), page.now)
    for one in made:
        (event,) = [e for e in page.do(Tick(1), KEEPER) if isinstance(e, events.ProposalEnded)]
        assert event.row()[1:] == [one.proposal, KEEPER, SetMarketParams.TAG, codes.PROPOSAL_LAPSED]
    assert not page.engine.is_due(Tick(1), page.now)


def test_there_is_an_end_of_proposals() -> None:
    """PROP-005: at most 64 are open; one that is taken back makes room."""
    page = TwoKeys()
    made = [page.propose(CreatePrincipal(f"p{n}", 1)) for n in range(64)]
    one_more = Propose(CreatePrincipal("p64", 1))
    assert page.refused(one_more) == ("PROPOSALS_FULL", 64, 64)
    page.cancel(made[7].proposal, page.second)
    page.do(one_more, OPERATOR)


# Rules across sets --------------------------------------------------------------------------------


def test_the_band_holds_the_widest_quote() -> None:
    """ADMIN-005: also where the band moves, not the quote; a vault that does not quote is free."""
    page = TwoKeys(delay=0)
    page.do(page.setting("market_params", price_band=50_000, market_slippage=1), OPERATOR)
    narrow = page.setting("market_params", price_band=49_999, market_slippage=1)
    assert page.refused(narrow)[:2] == ("PARAMS_INVALID", 98)
    page.do(page.setting("quote_params", weight=0), OPERATOR)
    page.do(narrow, OPERATOR)


def test_an_expiry_can_be_met() -> None:
    """PROP-012: a delay with an expiry that nobody meets would lock every limit for ever."""
    for expiry, broken in ((9_999, [8]), (10_000, [])):
        params = replaced(GlobalParams(), admin_delay_ms=1, admin_expiry_ms=expiry)
        assert [number for number, _ in params.problems()] == broken
    assert GlobalParams(admin_delay_ms=0, admin_expiry_ms=0).problems() == []
