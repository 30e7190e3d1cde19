"""Changes by two keys: what is proposed is judged at once, and only announced."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import invariants
from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import changes, codec, codes, commands, events
from plimsoll.messages.commands import (
    CreateMarket,
    CreatePrincipal,
    FundVamm,
    SetBreakerMode,
    SetMarketMode,
    SetMarketParams,
    SetVaultMode,
    SetVaultParams,
    Tick,
    Withdraw,
)
from plimsoll.messages.guard import CancelProposal, ExecuteProposal, Propose, SetBreakerParams
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.vault_params import VaultParams
from tests.harness.scenario import KEEPER, OPERATOR, market, scaled
from tests.harness.two_keys import TREASURY, TwoKeys, always, rich
from tests.harness.vault_page import PASSIVE

# What is proposed is judged at once ---------------------------------------------------------------


def unsound(page: TwoKeys) -> list[tuple[commands.Command, tuple[str, int]]]:
    """Changes that could not be executed, and why."""
    return [
        (page.setting("global_params", batch_max=51), ("PARAMS_INVALID", 2)),
        (page.setting("market_params", mmr=100_000), ("PARAMS_INVALID", 4)),
        (page.setting("market_params", step=2_000_000), ("PARAMS_INVALID", 99)),
        (page.setting("vault_params", util_max=0), ("PARAMS_INVALID", 10)),
        (page.setting("quote_params", half_spread=200_000), ("PARAMS_INVALID", 98)),
        (page.setting("breaker_params", window_ms=1), ("PARAMS_INVALID", 1)),
        (SetMarketParams(9, page.params_of("market_params")), ("UNKNOWN_MARKET", 9)),
        (SetVaultParams(9, VaultParams()), ("UNKNOWN_VAULT", 9)),
        (SetMarketMode(9, 0), ("UNKNOWN_MARKET", 9)),
        (FundVamm(0, 10**15), ("INSUFFICIENT_BALANCE", 10**15)),
        (Withdraw(TREASURY, 0, 10**15, "w"), ("NOT_WITHDRAWABLE", 10**15)),
        (CreatePrincipal("second", 64), ("NAME_TAKEN", page.second)),
        (CreateMarket(market()), ("NAME_TAKEN", 0)),
    ]


def test_what_could_not_be_done_is_not_announced() -> None:
    """PROP-006: the change's own refusal, with its numbers; the state stays as it was."""
    page = TwoKeys(breaker=True)
    for change, wanted in unsound(page):
        assert page.refused(Propose(change))[:2] == wanted, change.row()
    assert page.state.guard.proposals == {}


def every_change(page: TwoKeys) -> list[commands.Command]:
    """A change of each kind that could be executed."""
    settings = [page.setting(kind) for kind in ("global_params", "market_params", "vault_params",
                                                "quote_params", "breaker_params")]  # fmt: skip
    modes = [SetMarketMode(0, 0), SetVaultMode(PASSIVE, 0), SetBreakerMode(0, 0)]
    return [*always(), *settings, *modes, CreatePrincipal("new", 1)]


def test_a_rehearsal_leaves_no_trace() -> None:
    """PROP-006: of every change only the announcement is left, and nothing at all once it is
    taken back."""
    page = rich(breaker=True)
    found = every_change(page)
    assert {type(one) for one in found} == set(changes.CHANGES)
    for change in found:
        before: list[Any] = page.state.dump()
        made = page.propose(change)
        page.cancel(made.proposal, page.second)
        after: list[Any] = page.state.dump()
        # A number is never given twice.
        assert after[0][2] == before[0][2] + 1
        after[0][2] -= 1
        assert after == before, change.row()


def test_a_change_that_is_refused_leaves_its_proposal() -> None:
    """PROP-009: all or nothing; it may be executed once it can be."""
    page = rich()
    made = page.propose(Withdraw(TREASURY, 0, scaled("5000", 6), "late"))
    other = page.propose(FundVamm(0, 1))
    page.now = made.ready_ms
    page.execute(other.proposal)
    refused = page.refused(ExecuteProposal(made.proposal), page.second)
    assert refused == ("NOT_WITHDRAWABLE", 5_000_000_000, 4_999_999_999)
    page.deposit("treasury", "1")
    page.execute(made.proposal)
    page.play("treasury has cash 0.999999")


def test_the_treasury_pays_whoever_executes() -> None:
    """PROP-002: the second key need not own the treasury; the payment is the one announced."""
    page = rich()
    outside = page.account("outside").cash()
    (event,) = page.change(Withdraw(TREASURY, 0, 7, "pay"))
    assert isinstance(event, events.Transferred)
    assert page.account("outside").cash() == outside + 7
    direct = Withdraw(TREASURY, 0, 7, "again")
    assert page.refused(direct, page.second)[0] == "NOT_OWNER"
    assert page.refused(Propose(Withdraw(TREASURY, 0, 7, "pay")))[0] == "EXTERNAL_ID_USED"


@pytest.mark.parametrize(
    "inner", [Propose(Tick(1)), ExecuteProposal(1), CancelProposal(1), Tick(1), SetBreakerParams]
)
def test_proposals_do_not_nest(inner: Any) -> None:
    """PROP-005: the core does not rely on the codec for it."""
    page = TwoKeys()
    change = Propose(SetBreakerParams(BreakerParams())) if inner is SetBreakerParams else inner
    before = page.hash()
    assert not page.engine.apply(Propose(change), 999, page.now, OPERATOR)
    (event,) = page.engine.drain()
    assert event.row() == [1, codes.BAD_FIELD, change.tag(), 0, -1]
    assert page.hash() == before


def test_an_execution_does_not_open_the_door_behind_it() -> None:
    """PROP-001: the next command needs a proposal again, whatever was executed before."""
    page = TwoKeys()
    page.change(page.setting("market_params", imr=90_000))
    assert page.refused(page.setting("market_params", imr=80_000))[0] == "NEEDS_PROPOSAL"
    made = page.propose(CreatePrincipal("x", 1))
    assert page.refused(page.setting("market_params", imr=80_000), page.second)[0] == (
        "NEEDS_PROPOSAL"
    )
    page.now = made.ready_ms
    page.do(CreatePrincipal("x", 1), OPERATOR)
    assert page.refused(ExecuteProposal(made.proposal), page.second)[0] == "NAME_TAKEN"
    assert page.refused(page.setting("market_params", imr=80_000))[0] == "NEEDS_PROPOSAL"


def test_a_dry_run_changes_nothing() -> None:
    """PROP-007: what a proposal or its execution would do can be asked before."""
    page = TwoKeys()
    change = page.setting("market_params", imr=90_000)
    before = page.hash()
    (event,) = page.engine.dry_run(Propose(change), page.now, OPERATOR)
    assert isinstance(event, events.Proposed)
    assert page.hash() == before
    made = page.propose(change)
    before = page.hash()
    ended, done = page.engine.dry_run(ExecuteProposal(made.proposal), made.ready_ms, page.second)
    assert (type(ended), type(done)) == (events.ProposalEnded, events.MarketParamsSet)
    assert page.hash() == before
    assert page.refused(change)[0] == "NEEDS_PROPOSAL"


def test_proposals_survive_a_restart() -> None:
    """PROP-007: dumped and loaded they are the same, and are executed and lapse as before."""
    page = rich(breaker=True)
    made = [page.propose(change) for change in every_change(page)]
    dumped = codec.decode_state(codec.encode_state(page.state.dump()))
    again = load(dumped)
    invariants.check_full(again)
    assert codec.state_hash(again.dump()) == page.hash()
    engine = Engine(again)
    for side in (page.engine, engine):
        for one in made[:6]:
            execute = ExecuteProposal(one.proposal)
            assert side.apply(execute, page.seq + 1, one.ready_ms, page.second), one.row()
        assert side.apply(Tick(256), page.seq + 1, made[0].expires_ms + 1, KEEPER)
    assert codec.state_hash(again.dump()) == page.hash()
    assert again.guard.proposals == {}
