"""Who may touch which account. Spec: AUTH-002, AUTH-003."""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.core.rows import Account
from plimsoll.messages.codes import ACCOUNT_KIND, NOT_OWNER, ROLE_OPERATOR, TRADER, Reject


def own(txn: Txn, ident: int) -> Account:
    """The account, if the sender owns it."""
    account = txn.state.account(ident)
    if account.owner != txn.principal:
        raise Reject(NOT_OWNER, ident, account.owner)
    return account


def own_trader(txn: Txn, ident: int) -> Account:
    """The account, if the sender owns it and it may trade."""
    account = own(txn, ident)
    if account.kind != TRADER:
        raise Reject(ACCOUNT_KIND, account.kind, TRADER)
    return account


def own_or_operator(txn: Txn, ident: int) -> Account:
    """The account, if the sender owns it or is an operator (who may only take risk away)."""
    account = txn.state.account(ident)
    if account.owner != txn.principal and (txn.roles & ROLE_OPERATOR) == 0:
        raise Reject(NOT_OWNER, ident, account.owner)
    return account


def take_keeper(txn: Txn, ident: int) -> None:
    """Let an account of the sender's earn what this command pays a keeper; -1: the pot does."""
    txn.keeper = None if ident < 0 else own_trader(txn, ident)
