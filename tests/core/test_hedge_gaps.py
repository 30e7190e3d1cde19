"""Legs of hedged vaults that come alone: deleveraging, rehedges, and liquidation of a vault."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import solvency, vault_money
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import KEEPER, OPERATOR
from tests.harness.vault_page import BASE, QUOTE, VaultPage


def page(ident: int = BASE, **more: Any) -> VaultPage:
    """Alice trades 4 ETH against a vault on little money; the pool follows swaps only."""
    rules = {
        "liquidation": 1, "liquidation_penalty": 1_000, "liquidation_buffer": 0,
        "liquidation_keeper_share": 0,
    }  # fmt: skip
    made = VaultPage(eth="4000", cash="100000", virtual=("0", "0"), **{**rules, **more})
    made.join("lp", BASE, "10")
    made.join("lp", QUOTE, "1000")
    made.deal("alice", ident, SELL if ident == BASE else BUY, "4")
    made.arbitrage("bob")
    money = made.account("alice").cash()
    owed = -400 * 10**6 if ident == BASE else 400 * 10**6
    left = 70 * 10**6 - owed
    command = commands.Withdraw(made.accounts["alice"], 0, money - left, "out")
    made.do(command, made.owner("alice"))
    return made


def gap(made: VaultPage, ident: int) -> int:
    """What invariant H1 compares with ``unhedged``."""
    vault = made.vault(ident)
    held = vault_money.spot_base(made.state, vault) + vault_money.position_base(vault)
    return held - vault.net_base


def found(made: VaultPage, kind: type[events.Event]) -> list[Any]:
    """The last command's events of a kind."""
    return [event for event in made.found if isinstance(event, kind)]


@pytest.mark.parametrize(("ident", "price"), [(BASE, "113"), (QUOTE, "86")])
def test_deleveraging_runs_the_spot_leg(ident: int, price: str) -> None:
    """HEDGE-009, LIQ-012: with the pool at the oracle the other leg follows in the command."""
    made = page(ident)
    made.prices(price)
    made.arbitrage("bob")
    made.do(commands.Liquidate(made.accounts["alice"], -1), KEEPER)
    closed = sum(event.size for event in found(made, events.Deleveraged))
    assert closed > 0
    (hedged,) = found(made, events.VaultHedged)
    assert (hedged.fill, hedged.base_amount) == (0, closed)
    assert (gap(made, ident), made.vault(ident).unhedged) == (0, 0)
    assert not found(made, events.VaultModeSet)


@pytest.mark.parametrize(("ident", "price"), [(BASE, "113"), (QUOTE, "86")])
def test_a_leg_that_cannot_follow(ident: int, price: str) -> None:
    """HEDGE-009, HEDGE-010: the vault is restricted until it is rehedged, which is done once."""
    made = page(ident)
    made.prices(price)
    made.do(commands.Liquidate(made.accounts["alice"], -1), KEEPER)
    vault = made.vault(ident)
    closed = sum(event.size for event in found(made, events.Deleveraged))
    assert vault.unhedged == gap(made, ident) == (-closed if ident == BASE else closed)
    (turned,) = found(made, events.VaultModeSet)
    assert (turned.mode, turned.cause) == (codes.RESTRICTED, codes.HEDGE_SLIPPAGE)
    opens = made.trade_command("bob", ident, SELL if ident == BASE else BUY, "1")
    assert made.refuse(opens, made.owner("bob"))[0] == codes.VAULT_MODE
    rehedge = commands.RehedgeVault(ident, -1)
    assert made.refuse(rehedge, KEEPER)[0] == codes.HEDGE_SLIPPAGE
    made.arbitrage("bob")
    made.do(rehedge, KEEPER)
    (turned,) = found(made, events.VaultModeSet)
    assert (turned.mode, turned.before) == (codes.ACTIVE, codes.RESTRICTED)
    assert (vault.unhedged, gap(made, ident)) == (0, 0)
    assert made.refuse(rehedge, KEEPER)[0] == codes.NOTHING_TO_DO


def test_the_house_rehedges() -> None:
    """HEDGE-010, HOUSE-001: a tick after the prices does what a keeper would."""
    made = page()
    made.prices("113")
    made.do(commands.Liquidate(made.accounts["alice"], -1), KEEPER)
    made.arbitrage("bob")
    command = commands.OraclePrices([])
    assert made.engine.is_due(command, made.now)
    made.play("tick 50")
    assert made.vault(BASE).unhedged == 0


def test_what_can_be_rehedged() -> None:
    """HEDGE-010: which vaults and when: not the passive one, not at a stale price."""
    made = page()
    assert made.refuse(commands.RehedgeVault(0, -1), KEEPER)[0] == codes.VAULT_KIND
    assert made.refuse(commands.RehedgeVault(7, -1), KEEPER)[0] == codes.UNKNOWN_VAULT
    assert made.refuse(commands.RehedgeVault(BASE, -1), KEEPER)[0] == codes.NOTHING_TO_DO
    made.prices("113")
    made.do(commands.Liquidate(made.accounts["alice"], -1), KEEPER)
    made.now += 10**9
    assert made.refuse(commands.RehedgeVault(BASE, -1), KEEPER)[0] == codes.ORACLE_INVALID


def test_a_squeezed_quote_vault_is_not_liquidated() -> None:
    """HEDGE-011: its base on spot counts, however high the price goes."""
    made = page(QUOTE, health_twap_max=50_000_000)
    account = made.vault(QUOTE).account
    made.prices("400")
    assert not solvency.is_due(made.state, account)
    command = commands.Liquidate(account.ident, -1)
    assert made.refuse(command, KEEPER)[0] == codes.SUFFICIENT_COLLATERAL


def impoverish(made: VaultPage, amount: int) -> None:
    """Take money out of the base vault, as funding might."""
    made.vault(BASE).account.usd.amount -= amount
    made.state.accounts[codes.OUTSIDE_ACCOUNT].usd.amount += amount


def test_a_vault_below_its_margin_sells_its_base_first() -> None:
    """HEDGE-011: base to money, then its account is liquidated; what is left is its exposure."""
    made = page()
    made.deposit("alice", "5000")
    impoverish(made, 990 * 10**6)
    vault = made.vault(BASE)
    assert solvency.is_due(made.state, vault.account)
    made.do(commands.Liquidate(vault.account.ident, -1), KEEPER)
    kinds = [type(event).__name__ for event in made.found]
    assert kinds.index("VaultHedged") < kinds.index("Liquidating")
    assert vault_money.spot_base(made.state, vault) == 0
    assert vault.unhedged == 0
    assert vault.mode == codes.RESTRICTED
    for _ in range(20):
        if solvency.is_due(made.state, vault.account):
            made.do(commands.Liquidate(vault.account.ident, -1), KEEPER)
    assert not solvency.is_due(made.state, vault.account)
    assert (gap(made, BASE), vault.unhedged) == (0, 0)
    assert vault_money.maintenance_worth(made.state, vault) >= 0


def test_a_liquidation_waits_for_the_pool() -> None:
    """HEDGE-011: base is not dumped into a pool that is off."""
    made = page()
    impoverish(made, 990 * 10**6)
    made.swap("bob", SELL, "200")
    command = commands.Liquidate(made.vault(BASE).account.ident, -1)
    assert made.refuse(command, KEEPER)[0] == codes.HEDGE_SLIPPAGE


def test_the_operator_opens_it_again() -> None:
    """HEDGE-011, SHARE-013: a restriction of the operator's stays until the operator ends it."""
    made = page()
    made.deposit("alice", "5000")
    impoverish(made, 990 * 10**6)
    made.do(commands.Liquidate(made.vault(BASE).account.ident, -1), KEEPER)
    made.do(commands.SetVaultMode(BASE, codes.ACTIVE), OPERATOR)
    assert made.vault(BASE).mode == codes.ACTIVE
    assert made.vault(BASE).guard.mode == codes.TRIPPED  # it is still below its margin
