"""Liquidation: on a keeper's word, in rounds of the house, and of vAMMs after each price.

Spec: docs/spec/18-liquidation.md, LIQ-014, LIQ-027, LIQ-028.
"""

from __future__ import annotations

from plimsoll.core import closing, closing_vamm, solvency
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access
from plimsoll.core.rows import Account, Market
from plimsoll.core.state import State
from plimsoll.messages.codes import ACCOUNT_KIND, HEDGED_VAULT, TRADER, VAULT, Reject
from plimsoll.messages.commands import Liquidate
from plimsoll.units import RangeError


def liquidate(txn: Txn, cmd: Liquidate) -> None:
    """Liquidate an account. The keeper's part of the penalty goes to ``keeper``. LIQ-014.

    Rejects: UNKNOWN_ACCOUNT, ACCOUNT_KIND, NOT_OWNER (of ``keeper``), and those of
    ``closing.liquidate``.
    """
    account = txn.state.account(cmd.account)
    if not may_be_liquidated(account):
        raise Reject(ACCOUNT_KIND, account.kind, TRADER)
    access.take_keeper(txn, cmd.keeper)
    closing.liquidate(txn, account)


def may_be_liquidated(account: Account) -> bool:
    """Traders and vaults; vAMMs are deleveraged, pools hold nothing."""
    kind = account.kind
    return kind == TRADER or kind == VAULT or kind == HEDGED_VAULT


def is_on(state: State) -> bool:
    """Whether any market liquidates."""
    return len([row for row in state.markets if row.params.liquidation]) > 0


def scan(txn: Txn, limit: int) -> int:
    """Look at up to ``limit`` accounts, from where the last round stopped. LIQ-028.

    Liquidates what is below its requirement; what is refused leaves no trace. Returns how many
    were looked at.
    """
    state = txn.state
    count = len(state.accounts)
    most = min(limit, count)
    if most <= 0 or not is_on(state):
        return 0
    at = state.globals.scanned
    for _ in range(most):
        if at >= count:
            at = 0
        account = state.accounts[at]
        at += 1
        if may_be_liquidated(account) and solvency.is_due(state, account):
            attempt(txn, account)
    if at != state.globals.scanned:
        state.globals.set_scanned(at)
    return most


def any_due(state: State, now: int) -> bool:
    """Whether a round would find an account it can liquidate now."""
    if not is_on(state):
        return False
    for account in state.accounts:
        if not may_be_liquidated(account) or not solvency.is_due(state, account):
            continue
        if solvency.prices_fault(state, account, now) is None:
            return True
    return False


def attempt(txn: Txn, account: Account) -> None:
    """Liquidate an account in a scope of its own."""
    log = txn.state.log
    scope = log.open()
    mark = len(txn.events)
    try:
        closing.liquidate(txn, account)
    except (Reject, RangeError):
        take_back(txn, scope, mark)


def deleverage_vamms(txn: Txn) -> None:
    """Deleverage the vAMMs that new prices brought below their requirement. LIQ-027."""
    for market in txn.state.markets:
        if closing_vamm.is_due(txn.state, market):
            attempt_vamm(txn, market)


def attempt_vamm(txn: Txn, market: Market) -> None:
    """Deleverage a vAMM in a scope of its own: no price is refused because of it."""
    log = txn.state.log
    scope = log.open()
    mark = len(txn.events)
    try:
        closing_vamm.restore(txn, market)
    except (Reject, RangeError):
        take_back(txn, scope, mark)


def take_back(txn: Txn, scope: int, mark: int) -> None:
    """Undo a piece of work that was refused."""
    txn.to_trim.clear()
    txn.take_back(scope, mark)
