"""Accounts and their money: open, deposit, withdraw, transfer.

Spec: ACCOUNT-001 … ACCOUNT-008.
"""

from __future__ import annotations

from plimsoll.core import ledger, margin, oracle, outflow
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, breaker, proposals
from plimsoll.core.rows import Account
from plimsoll.core.state import USD
from plimsoll.messages.codes import (
    ACCOUNT_KIND,
    BAD_FIELD,
    EXTERNAL_ID_USED,
    IN_LIQUIDATION,
    INSUFFICIENT_BALANCE,
    NOT_ALLOWED,
    NOT_OWNER,
    NOT_WITHDRAWABLE,
    OUTSIDE_ACCOUNT,
    R_DEPOSIT,
    R_TRANSFER,
    ROLE_OPERATOR,
    SAME_ACCOUNT,
    TOO_MANY,
    TRADER,
    TREASURY,
    UNKNOWN_PRINCIPAL,
    Reject,
)
from plimsoll.messages.commands import CreateAccount, Deposit, Transfer, Withdraw
from plimsoll.messages.events import AccountCreated


def create_account(txn: Txn, cmd: CreateAccount) -> None:
    """Open an account. Operators may open one for somebody else.

    Rejects: UNKNOWN_PRINCIPAL, NOT_OWNER, TOO_MANY, UNKNOWN_ACCOUNT, ACCOUNT_KIND.
    """
    state = txn.state
    operator = (txn.roles & ROLE_OPERATOR) != 0
    if cmd.owner >= len(state.principals):
        raise Reject(UNKNOWN_PRINCIPAL, cmd.owner, len(state.principals))
    if cmd.owner != txn.principal and not operator:
        raise Reject(NOT_OWNER, cmd.owner, txn.principal)
    limits = state.globals.params
    if len(state.accounts) >= limits.accounts_max:
        raise Reject(TOO_MANY, len(state.accounts), limits.accounts_max)
    owner = state.principals[cmd.owner]
    if owner.accounts >= limits.accounts_per_principal_max:
        raise Reject(TOO_MANY, owner.accounts, limits.accounts_per_principal_max)
    if cmd.parent >= 0:
        parent = state.account(cmd.parent)
        if parent.owner != cmd.owner:
            raise Reject(NOT_OWNER, cmd.parent, parent.owner)
        if parent.kind != TRADER or parent.parent >= 0:
            raise Reject(ACCOUNT_KIND, parent.kind, TRADER)
    account = state.add_account(cmd.owner, TRADER, cmd.parent, cmd.label)
    owner.count_account()
    txn.emit(AccountCreated(account.ident, cmd.owner, TRADER, cmd.parent, cmd.label))


def use_external_id(txn: Txn, direction: str, asset: int, external_id: str) -> None:
    """Refuse an external id that was used before in this direction and asset; remember it."""
    if external_id == "":
        raise Reject(BAD_FIELD, 0, 1)
    key = f"{direction}:{asset}:{external_id}"
    if key in txn.state.external_ids:
        raise Reject(EXTERNAL_ID_USED, txn.state.external_ids[key])
    txn.state.use_external_id(key, txn.seq)


def deposit(txn: Txn, cmd: Deposit) -> None:
    """Bring an asset in. An operator may for any trader and for the treasury; others for
    themselves and only while deposits are open (a demonstration without a bridge).

    Rejects: UNKNOWN_ACCOUNT, UNKNOWN_ASSET, NOT_OWNER, NOT_ALLOWED, ACCOUNT_KIND,
    EXTERNAL_ID_USED.
    """
    state = txn.state
    account = access.own_or_operator(txn, cmd.account)
    state.check_asset(cmd.asset)
    if (txn.roles & ROLE_OPERATOR) == 0 and not state.globals.params.open_deposits:
        raise Reject(NOT_ALLOWED, txn.roles, ROLE_OPERATOR)
    if account.kind != TRADER and account.kind != TREASURY:
        raise Reject(ACCOUNT_KIND, account.kind, TRADER)
    use_external_id(txn, "in", cmd.asset, cmd.external_id)
    outside = state.accounts[OUTSIDE_ACCOUNT]
    outflow.count_in(txn, account, cmd.asset, cmd.amount)
    ledger.transfer(txn, outside, account, cmd.asset, cmd.amount, R_DEPOSIT, -1)


def withdraw(txn: Txn, cmd: Withdraw) -> None:
    """Send an asset out; of the collateral at most what is withdrawable, and no more than the
    breaker lets go: the rest is held or refused (BREAK-009). What two operators have decided to
    take out of the treasury, either may execute.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_ASSET, ACCOUNT_KIND, NEEDS_PROPOSAL (of the
    treasury's), EXTERNAL_ID_USED, IN_LIQUIDATION, ORACLE_INVALID, NOT_WITHDRAWABLE,
    INSUFFICIENT_BALANCE, those of ``breaker.send_out``.
    """
    state = txn.state
    account = state.account(cmd.account) if txn.executing else access.own(txn, cmd.account)
    state.check_asset(cmd.asset)
    if account.kind != TRADER and account.kind != TREASURY:
        raise Reject(ACCOUNT_KIND, account.kind, TRADER)
    proposals.check_direct(txn, cmd)
    use_external_id(txn, "out", cmd.asset, cmd.external_id)
    check_may_leave(txn, account, cmd.asset, cmd.amount)
    breaker.send_out(txn, account, cmd.asset, cmd.amount)


def check_may_leave(txn: Txn, account: Account, asset: int, amount: int) -> None:
    """Refuse more than may leave an account: unrealised profit never does, nothing does on the
    strength of a stale price of a market the account is exposed to, or while it is liquidated."""
    if account.liquidations > 0:
        raise Reject(IN_LIQUIDATION, account.liquidations)
    if asset == USD:
        for row in account.positions:
            if row.base != 0 or row.has_orders():
                oracle.check_valid(txn.state, txn.state.markets[row.market], txn.now)
        most = margin.withdrawable(txn.state, account)
        if amount > most:
            raise Reject(NOT_WITHDRAWABLE, amount, most)
        return
    held = txn.state.balance(account, asset).amount
    if amount > held:
        raise Reject(INSUFFICIENT_BALANCE, amount, held)


def transfer(txn: Txn, cmd: Transfer) -> None:
    """Move an asset between two trading accounts of the sender.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, SAME_ACCOUNT, UNKNOWN_ASSET,
    IN_LIQUIDATION, ORACLE_INVALID, NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE.
    """
    source = access.own_trader(txn, cmd.source)
    target = access.own_trader(txn, cmd.target)
    if source is target:
        raise Reject(SAME_ACCOUNT, cmd.source, cmd.target)
    txn.state.check_asset(cmd.asset)
    check_may_leave(txn, source, cmd.asset, cmd.amount)
    ledger.transfer(txn, source, target, cmd.asset, cmd.amount, R_TRANSFER, -1)
