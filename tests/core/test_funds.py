"""Accounts and their money: open, deposit, withdraw, transfer, and in which order it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.messages import codes, commands
from plimsoll.messages.params import GlobalParams
from tests.harness.scenario import KEEPER, OPERATOR, ORACLE, Scenario

ALICE, BOB = 4, 5  # accounts
OWNER, OTHER = 3, 4  # principals


def refused(page: Scenario, command: commands.Command, sender: int) -> str:
    """Name of the refusal."""
    return codes.REJECTS[page.refuse(command, sender)[0]][0]


def test_genesis_and_markets_make_the_house() -> None:
    """ACCOUNT-001: four accounts of the operator, then six of every market; traders besides."""
    page = Scenario()
    kinds = [codes.ACCOUNT_KINDS[row.kind] for row in page.state.accounts]
    assert kinds == [
        "outside", "treasury", "keeper_pot", "vault", "trader", "trader", "trader",
        "vamm", "pool_adjustments", "pool_funding", "pool_insurance",
        "funding_clearing", "escrow",
    ]  # fmt: skip
    assert {row.owner for row in page.state.accounts if row.kind != codes.TRADER} == {OPERATOR}


def test_opening_accounts() -> None:
    """ACCOUNT-002: the next id, also by an operator for somebody else."""
    page = Scenario()
    page.do(commands.CreateAccount(OWNER, -1, "second"), OWNER)
    page.do(commands.CreateAccount(OWNER, -1, "third"), OPERATOR)
    made = page.state.accounts[-2:]
    assert [(row.owner, row.label, row.kind) for row in made] == [
        (OWNER, "second", codes.TRADER), (OWNER, "third", codes.TRADER),
    ]  # fmt: skip
    assert page.state.principals[OWNER].accounts == 3


@pytest.mark.parametrize(
    ("owner", "parent", "limits", "name", "numbers"),
    [
        (99, 98, {"accounts_max": 1}, "UNKNOWN_PRINCIPAL", (99, 6)),
        (OTHER, 98, {"accounts_max": 1}, "NOT_OWNER", (OTHER, OWNER)),
        (OWNER, 98, {"accounts_max": 13, "accounts_per_principal_max": 1}, "TOO_MANY", (13, 13)),
        (OWNER, 98, {"accounts_per_principal_max": 1}, "TOO_MANY", (1, 1)),
        (OWNER, 98, {}, "UNKNOWN_ACCOUNT", (98, 13)),
        (OWNER, BOB, {}, "NOT_OWNER", (BOB, OTHER)),
    ],
)
def test_accounts_are_refused_in_order(
    owner: int, parent: int, limits: dict[str, int], name: str, numbers: tuple[int, int]
) -> None:
    """ACCOUNT-002, ACCOUNT-003: each row has the faults of the rows below it."""
    page = Scenario()
    page.do(commands.SetGlobalParams(GlobalParams(**limits)), OPERATOR)
    code, value, limit, _ = page.refuse(commands.CreateAccount(owner, parent, ""), OWNER)
    assert (codes.REJECTS[code][0], (value, limit)) == (name, numbers)


def test_a_sub_account_has_no_sub_accounts() -> None:
    """ACCOUNT-003: one level; and only a trader's account is a parent."""
    page = Scenario()
    page.do(commands.CreateAccount(OWNER, ALICE, "sub"), OWNER)
    sub = len(page.state.accounts) - 1
    assert refused(page, commands.CreateAccount(OWNER, sub, ""), OWNER) == "ACCOUNT_KIND"
    assert refused(page, commands.CreateAccount(OPERATOR, 1, ""), OPERATOR) == "ACCOUNT_KIND"


def test_an_external_id_is_used_once_per_asset_and_direction() -> None:
    """ACCOUNT-004: for ever; told with the record that used it; a refused one is free."""
    page = Scenario()
    page.do(commands.CreateAsset("BTC", 8), OPERATOR)
    assert refused(page, commands.Withdraw(ALICE, 0, 10**18, "x"), OWNER) == "NOT_WITHDRAWABLE"
    page.do(commands.Deposit(ALICE, 0, 5, "x"), OPERATOR)
    used = page.seq
    assert page.refuse(commands.Deposit(BOB, 0, 6, "x"), OPERATOR) == (
        codes.EXTERNAL_ID_USED, used, 0, -1,
    )  # fmt: skip
    page.do(commands.Deposit(BOB, 1, 6, "x"), OPERATOR)
    page.do(commands.Withdraw(ALICE, 0, 5, "x"), OWNER)
    assert refused(page, commands.Withdraw(BOB, 0, 5, "x"), OTHER) == "EXTERNAL_ID_USED"
    for command, sender in (
        (commands.Deposit(ALICE, 0, 5, ""), OPERATOR),
        (commands.Withdraw(ALICE, 0, 5, ""), OWNER),
    ):
        assert refused(page, command, sender) == "BAD_FIELD"


DEPOSIT: list[tuple[str, dict[str, Any], int]] = [
    ("UNKNOWN_ACCOUNT", {"account": 99}, OWNER),
    ("NOT_OWNER", {"account": BOB}, OWNER),
    ("UNKNOWN_ASSET", {"asset": 9}, OWNER),
    ("NOT_ALLOWED", {}, OWNER),
    ("ACCOUNT_KIND", {"account": codes.OUTSIDE_ACCOUNT}, OPERATOR),
    ("BAD_FIELD", {"external_id": ""}, OPERATOR),
]


@pytest.mark.parametrize("first", range(len(DEPOSIT)), ids=[row[0] for row in DEPOSIT])
def test_deposits_are_refused_in_order(first: int) -> None:
    """ACCOUNT-005: each has the faults below it as far as one command can."""
    page = Scenario()
    values: dict[str, Any] = {"account": ALICE, "asset": 0, "amount": 5, "external_id": "n"}
    for name, change, _ in reversed(DEPOSIT[first:]):
        if name != "ACCOUNT_KIND" or DEPOSIT[first][0] == name:
            values.update(change)
    name, _, sender = DEPOSIT[first]
    assert refused(page, commands.Deposit(**values), sender) == name


def test_open_deposits_are_for_oneself() -> None:
    """ACCOUNT-005: a demonstration without a bridge; strangers stay out."""
    page = Scenario(limits=GlobalParams(open_deposits=1))
    page.do(commands.Deposit(ALICE, 0, 7, "mine"), OWNER)
    assert refused(page, commands.Deposit(BOB, 0, 7, "his"), OWNER) == "NOT_OWNER"
    page.do(commands.Deposit(codes.TREASURY_ACCOUNT, 0, 7, "house"), OPERATOR)
    page.play("""
        alice    has cash 1000.000007
        treasury has cash 0.000007
    """)


WITHDRAW: list[tuple[str, dict[str, Any], int]] = [
    ("UNKNOWN_ACCOUNT", {"account": 99}, OWNER),
    ("NOT_OWNER", {"account": BOB}, OWNER),
    ("UNKNOWN_ASSET", {"asset": 9}, OWNER),
    ("ACCOUNT_KIND", {"account": codes.KEEPER_ACCOUNT}, OPERATOR),
    ("BAD_FIELD", {"external_id": ""}, OWNER),
    ("NOT_WITHDRAWABLE", {"amount": 10**18}, OWNER),
]


@pytest.mark.parametrize("first", range(len(WITHDRAW)), ids=[row[0] for row in WITHDRAW])
def test_withdrawals_are_refused_in_order(first: int) -> None:
    """ACCOUNT-006: the owner only, not even an operator for somebody else."""
    page = Scenario()
    values: dict[str, Any] = {"account": ALICE, "asset": 0, "amount": 5, "external_id": "n"}
    for name, change, _ in reversed(WITHDRAW[first:]):
        if name != "ACCOUNT_KIND" or WITHDRAW[first][0] == name:
            values.update(change)
    name, _, sender = WITHDRAW[first]
    assert refused(page, commands.Withdraw(**values), sender) == name
    assert refused(page, commands.Withdraw(ALICE, 0, 1, "z"), OPERATOR) == "NOT_OWNER"


def test_the_treasury_pays_out_what_it_has() -> None:
    """ACCOUNT-006, ACCOUNT-008: to the unit.

    Findings: #83.
    """
    Scenario().play("""
        treasury deposit 10
        treasury withdraw 10.000001   -> NOT_WITHDRAWABLE 10000001 10000000
        treasury withdraw 10
        treasury has cash 0
    """)


TRANSFER: list[tuple[str, tuple[int, int, int, int], int]] = [
    ("UNKNOWN_ACCOUNT", (99, 98, 9, 1), OWNER),
    ("NOT_OWNER", (BOB, 98, 9, 1), OWNER),
    ("ACCOUNT_KIND", (1, 98, 9, 1), OPERATOR),
    ("UNKNOWN_ACCOUNT", (ALICE, 98, 9, 1), OWNER),
    ("NOT_OWNER", (ALICE, BOB, 9, 1), OWNER),
    ("SAME_ACCOUNT", (ALICE, ALICE, 9, 1), OWNER),
    ("UNKNOWN_ASSET", (ALICE, 13, 9, 10**18), OWNER),
    ("NOT_WITHDRAWABLE", (ALICE, 13, 0, 10**18), OWNER),
    ("INSUFFICIENT_BALANCE", (ALICE, 13, 1, 1), OWNER),
]


@pytest.mark.parametrize(("name", "values", "sender"), TRANSFER)
def test_transfers_are_refused_in_order(
    name: str, values: tuple[int, int, int, int], sender: int
) -> None:
    """ACCOUNT-007, ACCOUNT-008: source, target, same, asset, amount."""
    page = Scenario()
    page.do(commands.CreateAccount(OWNER, ALICE, "sub"), OWNER)
    page.do(commands.CreateAsset("BTC", 8), OPERATOR)
    if sender == OPERATOR:  # an operator who may also trade gets as far as the kind
        page.state.principals[OPERATOR].roles |= codes.ROLE_TRADER
    assert refused(page, commands.Transfer(*values), sender) == name


def test_other_assets_move_by_balance() -> None:
    """ACCOUNT-008: they are no collateral, so margin does not hold them."""
    page = Scenario().play("""
        bob    sell 9 @ 100
        alice  buy  9 @ 100
        oracle 91
    """)
    page.do(commands.CreateAsset("BTC", 8), OPERATOR)
    page.do(commands.Deposit(ALICE, 1, 50, "b"), OPERATOR)
    assert page.refuse(commands.Withdraw(ALICE, 1, 51, "w"), OWNER) == (
        codes.INSUFFICIENT_BALANCE, 51, 50, -1,
    )  # fmt: skip
    page.do(commands.Withdraw(ALICE, 1, 50, "w"), OWNER)
    assert page.account("alice").balances[1].amount == 0


@pytest.mark.parametrize("sender", [ORACLE, KEEPER])
def test_money_needs_a_role(sender: int) -> None:
    """AUTH-001: the oracle has none for money; the keeper has, but owns nothing here."""
    page = Scenario()
    name = refused(page, commands.Withdraw(ALICE, 0, 1, "w"), sender)
    assert name == ("NOT_ALLOWED" if sender == ORACLE else "NOT_OWNER")
