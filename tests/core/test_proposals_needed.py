"""Changes by two keys: what needs a proposal, and the attacks it stands against."""

from __future__ import annotations

import pytest

from plimsoll.messages import codes, commands
from plimsoll.messages.commands import (
    AddSpotLiquidity,
    CreateMarket,
    CreatePrincipal,
    RemoveSpotLiquidity,
    SetBreakerMode,
    SetMarketMode,
    SetMarketParams,
    SetVaultMode,
    SetVaultParams,
    SetVaultQuote,
    Tick,
    Withdraw,
)
from plimsoll.messages.guard import ExecuteProposal, Propose
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness.scenario import KEEPER, OPERATOR, market
from tests.harness.two_keys import DELAY, NEEDED, TwoKeys, always, rich
from tests.harness.vault_page import PASSIVE

# What needs a proposal ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", always(), ids=lambda one: type(one).__name__)
def test_money_and_markets_need_two_keys(command: commands.Command) -> None:
    """PROP-002: whatever moves the exchange's money, and a market with an oracle of its own."""
    page = rich()
    assert page.refused(command) == NEEDED
    page.change(command)


def test_pools_do_not_lead_around_the_treasury() -> None:
    """PROP-002: an operator takes nothing out of a pool into an account of its own, and puts in
    what is its own as it likes."""
    page = rich()
    page.do(commands.CreateAccount(OPERATOR, -1, "mine"), OPERATOR)
    mine = len(page.state.accounts) - 1
    page.do(commands.Deposit(mine, 0, 10, "own"), OPERATOR)
    assert page.refused(RemoveSpotLiquidity(mine, 0, 0, 1)) == NEEDED
    kind = ("ACCOUNT_KIND", codes.TRADER, codes.TREASURY)
    assert page.refused(Propose(RemoveSpotLiquidity(mine, 0, 0, 1))) == kind
    page.do(AddSpotLiquidity(mine, 0, 0, 10), OPERATOR)


def test_traders_need_nobody() -> None:
    """PROP-002: the delay is the operators' alone, and no way to a trader's money."""
    page = TwoKeys()
    alice = page.accounts["alice"]
    page.do(Withdraw(alice, 0, 1, "w"), page.owner("alice"))
    refusal = ("ACCOUNT_KIND", codes.TRADER, codes.TREASURY)
    assert page.refused(Propose(Withdraw(alice, 0, 1, "x"))) == refusal
    assert page.refused(Propose(Withdraw(999, 0, 1, "x")))[0] == "UNKNOWN_ACCOUNT"


@pytest.mark.parametrize("roles", [codes.ROLE_OPERATOR, codes.ROLE_ORACLE, 127])
def test_nobody_makes_an_operator_or_an_oracle_alone(roles: int) -> None:
    """PROP-003: whoever could, would have both keys, or prices of its own."""
    page = TwoKeys()
    assert page.refused(CreatePrincipal("evil", roles)) == ("NEEDS_PROPOSAL", 2, DELAY)
    (event,) = page.change(CreatePrincipal("third", roles))
    assert event.row()[2:] == ["third", roles]


def test_other_principals_are_made_at_once() -> None:
    """PROP-003: who may neither change limits nor say prices."""
    page = TwoKeys()
    others = 127 & ~(codes.ROLE_OPERATOR | codes.ROLE_ORACLE)
    page.do(CreatePrincipal("all", others), OPERATOR)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_modes_only_tighten_at_once(before: int, after: int) -> None:
    """PROP-003: of a market and of a vault; a mode may be set again."""
    for cls in (SetMarketMode, SetVaultMode):
        page = TwoKeys()
        page.do(cls(0, before), OPERATOR)
        if after >= before:
            page.do(cls(0, after), OPERATOR)
        else:
            assert page.refused(cls(0, after)) == ("NEEDS_PROPOSAL", 2, DELAY)
            page.change(cls(0, after))


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("after", range(3))
def test_the_breaker_only_tightens_at_once(before: int, after: int) -> None:
    """PROP-003: no key alone lets a tripped exchange go."""
    page = TwoKeys(breaker=True)
    page.do(SetBreakerMode(before, 0), OPERATOR)
    if after >= before:
        page.do(SetBreakerMode(after, 0), OPERATOR)
    else:
        assert page.refused(SetBreakerMode(after, 0)) == ("NEEDS_PROPOSAL", 1, DELAY)
        page.change(SetBreakerMode(after, 0))
    assert page.state.guard.breaker.mode == after


def test_a_grace_is_announced() -> None:
    """PROP-003, PROP-006: outflow without a limit is never at hand; its time counts from when it
    may begin."""
    page = TwoKeys(breaker=True)
    soon = SetBreakerMode(codes.NORMAL, page.now + 60_000)
    assert page.refused(soon) == ("NEEDS_PROPOSAL", 2, DELAY)
    assert page.refused(Propose(soon))[0] == "BAD_FIELD"
    later = SetBreakerMode(codes.NORMAL, page.now + DELAY + 60_000)
    page.change(later)
    assert page.state.guard.breaker.grace_ms == page.now + 60_000
    page.do(SetBreakerMode(codes.NORMAL, 0), OPERATOR)
    assert page.state.guard.breaker.grace_ms == 0


def test_unknown_targets_are_told_first() -> None:
    """PROP-001: nothing is looser than what is not there."""
    page = TwoKeys()
    params = page.params_of("market_params")
    assert page.refused(SetMarketParams(9, params)) == ("UNKNOWN_MARKET", 9, 1)
    assert page.refused(SetMarketMode(9, 0))[0] == "UNKNOWN_MARKET"
    assert page.refused(SetVaultMode(9, 0))[0] == "UNKNOWN_VAULT"
    assert page.refused(SetVaultParams(9, VaultParams()))[0] == "UNKNOWN_VAULT"
    assert page.refused(SetVaultQuote(9, 0, QuoteParams()))[0] == "UNKNOWN_VAULT"
    assert page.refused(SetVaultQuote(PASSIVE, 9, QuoteParams()))[0] == "UNKNOWN_MARKET"


def test_without_a_delay_one_key_is_enough() -> None:
    """PROP-001, PROP-005: and nothing can be announced that would be at hand later."""
    page = rich(delay=0)
    for command in always():
        page.do(command, OPERATOR)
    loose = page.setting("market_params", imr=60_000)
    assert page.refused(Propose(loose))[0] == "NOTHING_TO_DO"
    page.do(loose, OPERATOR)


# The attacks it is for ----------------------------------------------------------------------------


def test_a_cap_is_not_raised_and_used() -> None:
    """PROP-001, PROP-009: no way leads past the bound of the outflow before the delay is over."""
    page = TwoKeys(breaker=True)
    lp = page.owner("lp")
    retained = page.params_of("breaker_params").retained
    worth = 10**6 * 10**6
    page.do(commands.Deposit(page.accounts["lp"], 0, worth, "big"), OPERATOR)
    page.now += page.params_of("breaker_params").window_ms
    page.oracle("100")
    much = Withdraw(page.accounts["lp"], 0, worth, "all")
    assert page.refused(much, lp)[0] == "RATE_LIMITED"
    openings = [
        {"retained": 0, "pause_retained": 0}, {"window_ms": 300_000, "tick_ms": 300_000},
        {"principal_share": 10**6}, {"threshold": 10**15}, {"cooldown_ms": 14_400_000},
    ]  # fmt: skip
    for opening in openings:
        assert page.refused(page.setting("breaker_params", **opening))[0] == "NEEDS_PROPOSAL"
    assert page.refused(SetBreakerMode(0, page.now + 1_000))[0] == "NEEDS_PROPOSAL"
    made = page.propose(page.setting("breaker_params", retained=0, pause_retained=0))
    for moment in (page.now, made.ready_ms - 1):
        page.now = moment
        assert page.refused(ExecuteProposal(made.proposal), page.second)[0] == "PROPOSAL_EARLY"
        page.oracle("100")
        assert page.refused(much, lp)[0] == "RATE_LIMITED"
    assert page.params_of("breaker_params").retained == retained
    page.now = made.ready_ms
    page.oracle("100")
    page.execute(made.proposal)
    page.do(much, lp)


def test_a_fake_oracle_is_not_at_hand() -> None:
    """PROP-002, PROP-003: market, oracle, asset of a vault and guards need the delay each."""
    page = TwoKeys(breaker=True)
    steps: list[commands.Command] = [
        CreatePrincipal("evil", codes.ROLE_ORACLE), CreateMarket(market(symbol="FAKE")),
        page.setting("market_params", base_asset=-1), page.setting("vault_params", pool_1=-1),
        page.setting("market_params", oracle_jump_max=10**9),
        page.setting("breaker_params", retained=0, pause_retained=0),
        page.setting("global_params", admin_delay_ms=0),
    ]  # fmt: skip
    for step in steps:
        for by in (OPERATOR, page.second):
            assert page.refused(step, by)[0] == "NEEDS_PROPOSAL"


def test_an_old_announcement_is_not_kept_for_later() -> None:
    """PROP-009, PROP-011: what was signed long ago and forgotten is worth nothing."""
    page = TwoKeys()
    made = page.propose(page.setting("market_params", imr=90_000))
    page.now = made.expires_ms + 1
    late = page.refused(ExecuteProposal(made.proposal), page.second)
    assert late[0] == "PROPOSAL_EXPIRED"
    page.do(Tick(10), KEEPER)
    assert page.state.guard.proposals == {}
