"""Breakers of vaults: what shares have lost, and the quota of hedges."""

from __future__ import annotations

from typing import Any

from plimsoll.core import vault_guard
from plimsoll.messages import codes, commands
from plimsoll.messages.codes import BUY, CAUSE_DRAWDOWN, NORMAL, SELL, TRIPPED
from plimsoll.messages.vault_params import VaultParams
from tests.core.test_breaker_vaults import (
    HOLD,
    deal_refused,
    join_refused,
    mode,
    moves,
    page,
    refusal,
)
from tests.harness.outflow_page import WINDOW, limits
from tests.harness.scenario import OPERATOR
from tests.harness.vault_page import BASE, PASSIVE, QUOTE, VaultPage

# Drawdown -----------------------------------------------------------------------------------------


def lose(made: VaultPage, ident: int, amount: int) -> None:
    """Money that leaves a vault, as a loss would."""
    made.vault(ident).account.usd.amount -= amount
    made.state.accounts[codes.OUTSIDE_ACCOUNT].usd.amount += amount


def watched(**more: Any) -> VaultPage:
    """The passive vault may lose 10 % of the highest value of a share; it had 1,000 USD."""
    params = {"virtual_shares": 0, "virtual_assets": 0, "drawdown_max": 100_000}
    made = page(passive={**params, **more})
    made.prices("100")
    return made


def test_it_trips_when_a_share_has_lost_too_much() -> None:
    """BREAK-016: exactly 10 % is not too much."""
    made = watched()
    lose(made, PASSIVE, 100 * 10**6)
    made.prices("100")
    assert mode(made, PASSIVE) == NORMAL
    lose(made, PASSIVE, 1)
    made.prices("100")
    assert moves(made) == [(PASSIVE, TRIPPED, CAUSE_DRAWDOWN)]
    assert join_refused(made, PASSIVE) == "VAULT_MODE"
    made.leave("lp", PASSIVE, made.shares("lp", PASSIVE) // 2)


def test_losses_add_up() -> None:
    """BREAK-017: each is measured from the highest value, which nothing lowers but the operator."""
    made = watched()
    high = made.vault(PASSIVE).guard.high
    for _ in range(3):
        lose(made, PASSIVE, 33 * 10**6)
        made.prices("100")
        assert made.vault(PASSIVE).guard.high == high
    assert mode(made, PASSIVE) == NORMAL
    lose(made, PASSIVE, 2 * 10**6)
    made.prices("100")
    assert mode(made, PASSIVE) == TRIPPED


def test_deposits_and_exits_are_no_gain_and_no_loss() -> None:
    """BREAK-017: a share is worth what it was."""
    made = watched()
    high = made.vault(PASSIVE).guard.high
    made.join("lp2", PASSIVE, "500")
    made.leave("lp", PASSIVE, made.shares("lp", PASSIVE) // 2)
    made.prices("100")
    assert (mode(made, PASSIVE), made.vault(PASSIVE).guard.high) == (NORMAL, high)


def test_what_comes_back_is_the_end_of_it() -> None:
    """BREAK-018: the value of then, for long enough; it is still measured from the highest."""
    made = watched()
    high = made.vault(PASSIVE).guard.high
    lose(made, PASSIVE, 101 * 10**6)
    made.prices("100")
    lose(made, PASSIVE, -(2 * 10**6))
    made.prices("100")
    made.now += HOLD
    made.prices("100")
    assert (mode(made, PASSIVE), made.vault(PASSIVE).guard.high) == (NORMAL, high)
    lose(made, PASSIVE, 2 * 10**6)
    made.prices("100")
    assert mode(made, PASSIVE) == TRIPPED


def test_a_loss_that_stays_waits_for_the_operator() -> None:
    """BREAK-019: who opens the vault accepts it; the hold remains, and the next 10 % count anew."""
    made = watched()
    lose(made, PASSIVE, 200 * 10**6)
    made.prices("100")
    made.now += 100 * HOLD
    made.prices("100")
    assert mode(made, PASSIVE) == TRIPPED
    made.do(commands.SetVaultMode(PASSIVE, codes.ACTIVE), OPERATOR)
    assert made.vault(PASSIVE).guard.high == 800_000_000_000_000_000 // 10**9
    assert mode(made, PASSIVE) == TRIPPED
    made.now += HOLD
    made.prices("100")
    assert mode(made, PASSIVE) == NORMAL
    lose(made, PASSIVE, 80 * 10**6)
    made.prices("100")
    assert mode(made, PASSIVE) == NORMAL
    lose(made, PASSIVE, 10**6)
    made.prices("100")
    assert mode(made, PASSIVE) == TRIPPED


def test_opening_a_vault_that_never_tripped_changes_nothing() -> None:
    """BREAK-019: its losses still add up."""
    made = watched()
    high = made.vault(PASSIVE).guard.high
    lose(made, PASSIVE, 90 * 10**6)
    made.do(commands.SetVaultMode(PASSIVE, codes.ACTIVE), OPERATOR)
    assert made.vault(PASSIVE).guard.high == high


def test_a_vault_that_all_have_left_starts_anew() -> None:
    """BREAK-017: nobody has lost anything in it."""
    made = watched()
    made.leave("lp", PASSIVE)
    made.prices("100")
    assert made.vault(PASSIVE).guard.high == 0
    made.join("lp2", PASSIVE, "100")
    made.prices("100")
    assert made.vault(PASSIVE).guard.high > 0


def test_other_parameters_are_judged_at_once() -> None:
    """BREAK-017: a tighter threshold does not wait for prices."""
    made = watched()
    lose(made, PASSIVE, 60 * 10**6)
    made.prices("100")
    before = made.vault(PASSIVE).params
    names = [name for name, _ in before.FIELDS]
    values: dict[str, Any] = dict(zip(names, before.row(), strict=True))
    tighter = VaultParams(**{**values, "drawdown_max": 50_000})
    made.do(commands.SetVaultParams(PASSIVE, tighter), OPERATOR)
    assert moves(made) == [(PASSIVE, TRIPPED, CAUSE_DRAWDOWN)]


def test_restricted_the_passive_vault_only_quotes_to_reduce() -> None:
    """BREAK-020, PASSIVE-009: without a position, not at all."""
    made = watched()
    made.quote()
    assert len(made.vault(PASSIVE).account.orders) == 2
    lose(made, PASSIVE, 200 * 10**6)
    made.prices("100")
    assert made.vault(PASSIVE).account.orders == []


# The quota of hedges ------------------------------------------------------------------------------


def test_hedges_have_a_quota_of_their_own() -> None:
    """BREAK-021: of quote within the window, for what adds to the position."""
    made = page(vault={"hedge_window_max": 300 * 10**6})
    made.deal("alice", BASE, SELL, "2")
    used = vault_guard.hedged_within(made.state, made.vault(BASE), made.now)
    assert 190 * 10**6 < used <= 200 * 10**6
    command = made.trade_command("alice", BASE, SELL, "2")
    name, quote, left = refusal(made, command, made.owner("alice"))
    assert (name, left) == ("HEDGE_QUOTA", 300 * 10**6 - used)
    assert left < quote < 200 * 10**6
    made.deal("alice", BASE, BUY, "2")
    assert deal_refused(made, SELL, "2") == "HEDGE_QUOTA"
    made.deal("bob", QUOTE, BUY, "2")


def test_a_quota_comes_back_with_the_window() -> None:
    """BREAK-021: of four hours, as long as no limits are set."""
    made = page(vault={"hedge_window_max": 300 * 10**6})
    made.deal("alice", BASE, SELL, "2")
    start = made.now - made.now % 300_000
    made.now = start + WINDOW - 1
    made.oracle("100")
    assert deal_refused(made, SELL, "2") == "HEDGE_QUOTA"
    made.now += 1
    made.oracle("100")
    made.deal("alice", BASE, SELL, "2")


def test_a_hedge_that_may_not_be_is_not_counted() -> None:
    """BREAK-021: a refused fill leaves nothing behind."""
    made = page(vault={"hedge_window_max": 310 * 10**6, "util_max": 300_000})
    made.deal("alice", BASE, SELL, "2")
    ticks = list(made.vault(BASE).guard.hedges)
    assert deal_refused(made, SELL, "2") == "HEDGE_QUOTA"
    assert deal_refused(made, SELL, "1.01") == "VAULT_UTILISATION"
    assert made.vault(BASE).guard.hedges == ticks
    made.deal("alice", BASE, SELL, "1")


def test_what_users_take_out_never_stops_a_hedge() -> None:
    """BREAK-002, BREAK-021: long and short are still hedged when nothing may leave any more."""
    made = page()
    made.do(commands.SetBreakerParams(limits(retained=999_999, locking=0)), OPERATOR)
    taken = commands.Withdraw(made.accounts["bob"], 0, 9_000 * 10**6, "out")
    assert refusal(made, taken, made.owner("bob"))[0] == "RATE_LIMITED"
    made.deal("alice", BASE, SELL, "4")
    made.deal("alice", BASE, BUY, "4")
    made.deal("alice", QUOTE, BUY, "4")
