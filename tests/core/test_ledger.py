"""Double entry: what one balance loses another gains, within 62 bits, with a reason."""

from __future__ import annotations

import pytest

from plimsoll.core import ledger
from plimsoll.core.context import Txn
from plimsoll.messages import codes, commands, events
from plimsoll.units import AMOUNT_MAX, RangeError
from tests.harness.scenario import OPERATOR, Scenario


def test_what_leaves_one_balance_enters_another() -> None:
    """MONEY-001, MONEY-003: and every asset sums to zero, the outside world included."""
    page = Scenario().play("""
        alice   withdraw 250.5
        alice   has cash 749.5
        outside has cash -2749.5
    """)
    page.do(commands.CreateAsset("BTC", 8), OPERATOR)
    page.do(commands.Deposit(page.accounts["bob"], 1, 77, "btc"), OPERATOR)
    for asset in (0, 1):
        rows = [account.balances for account in page.state.accounts]
        assert sum(row[asset].amount for row in rows if len(row) > asset) == 0


@pytest.mark.parametrize("amount", [-1, AMOUNT_MAX + 1])
def test_an_amount_is_neither_negative_nor_too_large(amount: int) -> None:
    """MONEY-001, MONEY-002: refused before anything moves."""
    page = Scenario()
    alice, bob = page.account("alice"), page.account("bob")
    with pytest.raises(RangeError):
        ledger.move(alice, bob, amount)
    assert alice.cash() == bob.cash() == 1_000_000_000


def test_nothing_moves_and_reports_nothing() -> None:
    """MONEY-001: an amount of zero leaves no line."""
    page = Scenario()
    txn = Txn(page.state)
    ledger.pay(txn, page.account("alice"), page.account("bob"), 0, codes.R_TRANSFER, -1)
    ledger.move(page.account("alice"), page.account("bob"), 0)
    assert txn.events == []
    assert page.account("alice").cash() == 1_000_000_000


def test_balances_end_at_62_bits() -> None:
    """MONEY-002: at the limit is in, past it the command is refused and takes nothing."""
    page = Scenario(cash="0")
    account = page.accounts["alice"]
    page.do(commands.Deposit(account, 0, AMOUNT_MAX - 1, "a"), OPERATOR)
    page.do(commands.Deposit(account, 0, 1, "b"), OPERATOR)
    refused = page.refuse(commands.Deposit(account, 0, 1, "c"), OPERATOR)
    assert refused == (codes.AMOUNT_RANGE, 0, AMOUNT_MAX, -1)
    # The outside world is at its limit too, so nobody else can deposit.
    refused = page.refuse(commands.Deposit(page.accounts["bob"], 0, 1, "d"), OPERATOR)
    assert refused[0] == codes.AMOUNT_RANGE
    page.do(commands.Withdraw(account, 0, 1, "e"), page.owner("alice"))


def test_every_movement_has_its_reason() -> None:
    """MONEY-004: one event, with both sides, asset, amount, reason and market."""
    page = Scenario(vamm_enabled=1)
    a, b, owner = page.accounts["alice"], page.accounts["bob"], page.owner("alice")
    page.do(commands.CreateAccount(owner, a, "sub"), owner)
    sub = len(page.state.accounts) - 1
    vamm = page.account("vamm").ident
    for command, sender, row in (
        (commands.Deposit(b, 0, 5, "x"), OPERATOR, [0, b, 0, 5, codes.R_DEPOSIT, -1]),
        (commands.Withdraw(a, 0, 6, "x"), owner, [a, 0, 0, 6, codes.R_WITHDRAWAL, -1]),
        (commands.Transfer(a, sub, 0, 7), owner, [a, sub, 0, 7, codes.R_TRANSFER, -1]),
        (commands.Deposit(1, 0, 8, "y"), OPERATOR, [0, 1, 0, 8, codes.R_DEPOSIT, -1]),
        (commands.FundVamm(0, 8), OPERATOR, [1, vamm, 0, 8, codes.R_VAMM_CAPITAL, 0]),
    ):
        (event,) = page.do(command, sender)
        assert isinstance(event, events.Transferred)
        assert event.row()[1:] == row
    assert page.state.vamms[0].capital == 1_000_000 * 10**6 + 8
