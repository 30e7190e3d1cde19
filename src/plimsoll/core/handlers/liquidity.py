"""Depositors of vaults: deposits, withdrawals, unlocks; and what new prices mean for vaults.

Spec: docs/spec/21-shares.md, SHARE-015 … SHARE-023.
"""

from __future__ import annotations

from plimsoll.core import depositors, ledger, passive_vault, shares, vault_guard, vault_money
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, breaker, checks, funds
from plimsoll.core.rows import Account, Vault
from plimsoll.messages.codes import (
    ACTIVE,
    BASE_VAULT,
    INSUFFICIENT_SHARES,
    MIN_MARGIN_RATIO,
    NOT_WHITELISTED,
    PASSIVE_VAULT,
    PAUSED,
    R_VAULT_DEPOSIT,
    R_VAULT_FEE,
    RESTRICTED,
    SHARES_TOO_FEW,
    UNLOCK_NOT_DUE,
    UNLOCKS_FULL,
    VAULT_CAP,
    VAULT_MODE,
    Reject,
)
from plimsoll.messages.events import VaultDeposited, VaultWithdrawn
from plimsoll.messages.vaults import (
    ClaimUnlocks,
    DepositVault,
    WithdrawVault,
)
from plimsoll.units import AMOUNT_MAX, RangeError, at_rate_ceil, require_range


def deposit(txn: Txn, cmd: DepositVault) -> None:
    """Buy shares of a vault. SHARE-015, SHARE-016.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_VAULT, EXCHANGE_MODE, VAULT_MODE,
    NOT_WHITELISTED, IN_LIQUIDATION, ORACLE_INVALID, ORACLE_TOO_UNCERTAIN, NOT_WITHDRAWABLE,
    INSUFFICIENT_BALANCE, VAULT_CAP, VAULT_SHUT, SHARES_LIMIT, SHARES_TOO_FEW.
    """
    state = txn.state
    account = access.own_trader(txn, cmd.account)
    vault = state.liquidity.vault(cmd.vault)
    check_may_deposit(txn, vault, account)
    vault_money.check_prices(txn, vault)
    funds.check_may_leave(txn, account, vault.asset, cmd.amount)
    liability = vault.liability + cmd.amount
    cap = vault.params.deposit_cap
    if 0 < cap < liability:
        raise Reject(VAULT_CAP, liability, cap)
    require_range(liability, 0, AMOUNT_MAX, "liability")
    worth = depositors.worth_of(state, vault)
    supply = vault.supply
    fee = at_rate_ceil(cmd.amount, vault.params.deposit_fee)
    priced = depositors.worth_to_join(state, vault, worth)
    minted = minted_for(vault, cmd.amount - fee, priced, cmd.min_shares)
    asset = vault.asset
    ledger.transfer(
        txn, account, vault.account, asset, cmd.amount - fee, R_VAULT_DEPOSIT, vault.market
    )
    ledger.transfer(txn, account, vault.account, asset, fee, R_VAULT_FEE, vault.market)
    state.liquidity.holding(vault.ident, account.ident).add_shares(minted)
    vault.issue(minted, liability)
    if vault.kind == BASE_VAULT:
        vault.count_base(cmd.amount)
    depositors.check_price(state, vault, worth, supply)
    txn.emit(
        VaultDeposited(
            vault.ident,
            account.ident,
            asset,
            cmd.amount,
            fee,
            minted,
            vault.supply,
            worth,
            liability,
        )
    )
    depositors.judge_shut(txn, vault)


def check_may_deposit(txn: Txn, vault: Vault, account: Account) -> None:
    """Refuse a depositor the vault does not take now.

    Rejects: EXCHANGE_MODE, VAULT_MODE, NOT_WHITELISTED, IN_LIQUIDATION (of the account, or of the
    vault).
    """
    checks.check_exchange(txn.state)
    mode = vault.effective_mode()
    if mode != ACTIVE:
        raise Reject(VAULT_MODE, mode, RESTRICTED)
    if vault.params.depositors_listed:
        row = txn.state.liquidity.find(vault.ident, account.ident)
        if row is None or not row.allowed:
            raise Reject(NOT_WHITELISTED, account.ident, vault.ident)
    checks.check_not_liquidated(account)
    checks.check_not_liquidated(vault.account)


def minted_for(vault: Vault, amount: int, worth: int, min_shares: int) -> int:
    """Shares for what is left of a deposit after its fee. Rejects: those of ``shares.mint``."""
    params = vault.params
    if amount == 0:
        raise Reject(SHARES_TOO_FEW, 0, max(1, min_shares))
    return shares.mint(
        amount, worth, vault.supply, params.virtual_assets, params.virtual_shares, min_shares
    )


def withdraw(txn: Txn, cmd: WithdrawVault) -> None:
    """Give shares back: in every mode of an operator, and by everybody who has any; only a breaker
    that is paused refuses it, the exchange's or the vault's. SHARE-017 to SHARE-020.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_VAULT, EXCHANGE_MODE, VAULT_MODE,
    INSUFFICIENT_SHARES, UNLOCKS_FULL, ORACLE_INVALID, ORACLE_TOO_UNCERTAIN, VAULT_SHUT,
    VALUE_TOO_SMALL, VAULT_MARGIN, VAULT_ASSETS, MIN_MARGIN_RATIO.
    """
    state = txn.state
    account = access.own(txn, cmd.account)
    vault = state.liquidity.vault(cmd.vault)
    breaker.check_mode(state, PAUSED)
    vault_guard.check_exit(vault)
    row = state.liquidity.find(vault.ident, account.ident)
    if row is None or cmd.shares > row.shares:
        raise Reject(INSUFFICIENT_SHARES, cmd.shares, 0 if row is None else row.shares)
    params = vault.params
    if params.cooldown_ms > 0 and len(row.unlocks) >= params.max_unlocks:
        raise Reject(UNLOCKS_FULL, len(row.unlocks), params.max_unlocks)
    vault_money.check_prices(txn, vault, True)
    worth = depositors.worth_of(state, vault)
    supply = vault.supply
    plan = depositors.plan_exit(state, vault, cmd.shares, row.shares, worth, cmd.min_value)
    row.add_shares(-cmd.shares)
    vault.issue(-cmd.shares, shares.liability_after(vault.liability, cmd.shares, supply))
    depositors.pay_exit(txn, vault, row, account, plan)
    check_margin(txn, vault)
    depositors.check_price(state, vault, worth, supply)
    txn.emit(
        VaultWithdrawn(
            vault.ident,
            account.ident,
            vault.asset,
            vault_money.other_asset(state, vault),
            cmd.shares,
            plan.value,
            plan.own if params.cooldown_ms == 0 else 0,
            plan.other,
            plan.fee,
            vault.supply,
            worth,
            vault.liability,
        )
    )
    depositors.judge_shut(txn, vault)


def check_margin(txn: Txn, vault: Vault) -> None:
    """Refuse an exit that leaves a hedged vault's position with too little behind it.

    Rejects: MIN_MARGIN_RATIO.
    """
    if vault.kind == PASSIVE_VAULT:
        return
    ratio = vault_money.cover_ratio(txn.state, vault)
    if ratio < vault.params.min_margin_ratio:
        raise Reject(MIN_MARGIN_RATIO, ratio, vault.params.min_margin_ratio)


def claim(txn: Txn, cmd: ClaimUnlocks) -> None:
    """Pay out what is due of an account. SHARE-021.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_VAULT, UNLOCK_NOT_DUE.
    """
    account = access.own_or_operator(txn, cmd.account)
    vault = txn.state.liquidity.vault(cmd.vault)
    row = txn.state.liquidity.find(vault.ident, account.ident)
    if row is None or len(row.unlocks) == 0:
        raise Reject(UNLOCK_NOT_DUE, 0, txn.now)
    if row.unlocks[0].due_ms > txn.now:
        raise Reject(UNLOCK_NOT_DUE, row.unlocks[0].due_ms, txn.now)
    while len(row.unlocks) > 0 and row.unlocks[0].due_ms <= txn.now:
        depositors.pay_first(txn, vault, row)


def pay_due(txn: Txn, limit: int) -> int:
    """Pay unlocks that are due, the earliest first, at most ``limit``; returns how many."""
    board = txn.state.liquidity
    done = 0
    while done < limit:
        row = board.due_unlock(txn.now)
        if row is None:
            break
        scope = txn.state.log.open()
        mark = len(txn.events)
        try:
            depositors.pay_first(txn, board.vaults[row.vault], row)
        except RangeError:
            txn.take_back(scope, mark)
            break
        done += 1
    return done


def after_prices(txn: Txn) -> None:
    """Judge every vault by new prices, and let the passive one quote by them. No price is refused
    because of a vault. SHARE-022, SHARE-023, PASSIVE-001, BREAK-017."""
    for vault in txn.state.liquidity.vaults:
        scope = txn.state.log.open()
        mark = len(txn.events)
        try:
            depositors.judge_shut(txn, vault)
            depositors.snapshot(txn, vault)
        except RangeError:
            txn.take_back(scope, mark)
        vault_guard.judge_alone(txn, vault)
        if vault.kind == PASSIVE_VAULT:
            passive_vault.requote(txn, vault)
