"""What an operator sets up: vaults, how they quote, who may use them, and spot pools.

Spec: docs/spec/21-shares.md, SHARE-010 … SHARE-013; docs/spec/22-spot.md, SPOT-009.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import asset_units, ledger, passive_vault, vault_guard
from plimsoll.core.context import Txn
from plimsoll.core.handlers.admin import RULE_BAND, RULE_SHAPE, system_account
from plimsoll.core.rows import Account, Vault
from plimsoll.core.spot import FEE_MAX
from plimsoll.core.state import USD, State
from plimsoll.messages.codes import (
    ACCOUNT_KIND,
    ACTIVE,
    BAD_FIELD,
    BASE_ASSET,
    BASE_VAULT,
    HEDGED_VAULT,
    PARAMS_INVALID,
    PASSIVE_VAULT,
    R_VAULT_RESIDUE,
    SPOT_PATH,
    SPOT_POOL,
    SPOT_POOL_EXISTS,
    TOO_MANY,
    TRADER,
    TREASURY_ACCOUNT,
    VAULT_ACCOUNT,
    VAULT_EXISTS,
    VAULT_KIND,
    VAULT_UNLOCKS,
    Reject,
)
from plimsoll.messages.events import (
    SpotPoolCreated,
    VaultCreated,
    VaultModeSet,
    VaultParamsSet,
    VaultQuoteSet,
    VaultWhitelistSet,
)
from plimsoll.messages.vault_params import VaultParams
from plimsoll.messages.vaults import (
    CreateSpotPool,
    CreateVault,
    SetVaultMode,
    SetVaultParams,
    SetVaultQuote,
    SetVaultWhitelist,
)

VAULTS_MAX: Final = 64
POOLS_MAX: Final = 256


def create(txn: Txn, cmd: CreateVault) -> None:
    """Open a vault with its accounts; the passive one takes over the account of the fees.

    Rejects: PARAMS_INVALID, TOO_MANY, VAULT_EXISTS, BAD_FIELD, UNKNOWN_MARKET, UNKNOWN_ASSET,
    BASE_ASSET, UNKNOWN_POOL, SPOT_PATH.
    """
    state = txn.state
    board = state.liquidity
    check_params(state, cmd.params)
    if len(board.vaults) >= VAULTS_MAX:
        raise Reject(TOO_MANY, len(board.vaults), VAULTS_MAX)
    asset = USD
    if cmd.kind == PASSIVE_VAULT:
        held = board.passive()
        if held is not None:
            raise Reject(VAULT_EXISTS, held.ident)
        if cmd.market >= 0:
            raise Reject(BAD_FIELD, cmd.market, -1)
        account = state.accounts[VAULT_ACCOUNT]
        clear(txn, account)
    else:
        base = check_base(state, cmd.market)
        check_path(state, cmd.params, base)
        if cmd.kind == BASE_VAULT:
            asset = base
        account = system_account(txn, HEDGED_VAULT, cmd.label)
    unlocks = system_account(txn, VAULT_UNLOCKS, cmd.label)
    row = board.add_vault(cmd.kind, cmd.market, asset, account, unlocks, cmd.label, cmd.params)
    txn.emit(VaultCreated(row.ident, cmd.kind, cmd.market, account.ident, unlocks.ident, cmd.label))


def clear(txn: Txn, account: Account) -> None:
    """Give the treasury what fees brought before there were depositors: it is theirs to share
    with nobody."""
    treasury = txn.state.accounts[TREASURY_ACCOUNT]
    ledger.pay(txn, account, treasury, account.cash(), R_VAULT_RESIDUE, -1)


def check_params(state: State, params: VaultParams) -> None:
    """Refuse a set that breaks a rule, or names a pool that is not there."""
    problems = params.problems()
    if len(problems) > 0:
        raise Reject(PARAMS_INVALID, problems[0][0])
    for pool in params.path():
        state.liquidity.pool(pool)


def check_base(state: State, market: int) -> int:
    """The asset that is a market's base. Rejects: UNKNOWN_MARKET, UNKNOWN_ASSET, BASE_ASSET."""
    params = state.market(market).params
    state.check_asset(params.base_asset)
    asset_units.check_base_asset(state.assets[params.base_asset].decimals, params.step)
    return params.base_asset


def check_path(state: State, params: VaultParams, base: int) -> None:
    """Refuse a path that does not lead from ``base`` to the collateral. None at all is fine."""
    asset = base
    for ident in params.path():
        pool = state.liquidity.pool(ident)
        if asset not in (pool.base, pool.quote):
            raise Reject(SPOT_PATH, asset, pool.base)
        asset = pool.quote if asset == pool.base else pool.base
    if asset not in (base, USD) or (asset == base and len(params.path()) > 0):
        raise Reject(SPOT_PATH, asset, USD)


def set_params(txn: Txn, cmd: SetVaultParams) -> None:
    """Replace a vault's parameters; its virtual shares and assets stay (rule 99).

    Rejects: UNKNOWN_VAULT, PARAMS_INVALID, UNKNOWN_POOL, SPOT_PATH.
    """
    state = txn.state
    row = state.liquidity.vault(cmd.vault)
    check_params(state, cmd.params)
    before = row.params
    if (
        before.virtual_shares != cmd.params.virtual_shares
        or before.virtual_assets != cmd.params.virtual_assets
    ):
        raise Reject(PARAMS_INVALID, RULE_SHAPE)
    if row.kind != PASSIVE_VAULT:
        check_path(state, cmd.params, state.markets[row.market].params.base_asset)
    row.set_params(cmd.params)
    txn.emit(VaultParamsSet(cmd.vault))
    vault_guard.judge_alone(txn, row)


def set_quote(txn: Txn, cmd: SetVaultQuote) -> None:
    """Replace how the passive vault quotes in a market; its widest quote stays within the price
    band (rule 98).

    Rejects: UNKNOWN_VAULT, VAULT_KIND, UNKNOWN_MARKET, PARAMS_INVALID.
    """
    state = txn.state
    row = passive(state, cmd.vault)
    market = state.market(cmd.market)
    problems = cmd.params.problems()
    if len(problems) > 0:
        raise Reject(PARAMS_INVALID, problems[0][0])
    if cmd.params.weight > 0 and cmd.params.widest() > market.params.price_band:
        raise Reject(PARAMS_INVALID, RULE_BAND)
    row.set_quote(cmd.market, cmd.params)
    txn.emit(VaultQuoteSet(cmd.vault, cmd.market))
    passive_vault.requote(txn, row)


def passive(state: State, ident: int) -> Vault:
    """The vault, if it is the passive one. Rejects: UNKNOWN_VAULT, VAULT_KIND."""
    row = state.liquidity.vault(ident)
    if row.kind != PASSIVE_VAULT:
        raise Reject(VAULT_KIND, row.kind, PASSIVE_VAULT)
    return row


def set_whitelist(txn: Txn, cmd: SetVaultWhitelist) -> None:
    """Let an account use a vault, or no longer. Rejects: UNKNOWN_VAULT, UNKNOWN_ACCOUNT,
    ACCOUNT_KIND."""
    state = txn.state
    state.liquidity.vault(cmd.vault)
    account = state.account(cmd.account)
    if account.kind != TRADER:
        raise Reject(ACCOUNT_KIND, account.kind, TRADER)
    state.liquidity.holding(cmd.vault, cmd.account).set_allowed(cmd.allowed)
    txn.emit(VaultWhitelistSet(cmd.vault, cmd.account, cmd.allowed))


def set_mode(txn: Txn, cmd: SetVaultMode) -> None:
    """Change what a vault allows. Whoever opens it has seen what it lost: a breaker that tripped
    measures from there (BREAK-019). Rejects: UNKNOWN_VAULT."""
    row = txn.state.liquidity.vault(cmd.vault)
    before = row.mode
    row.set_mode(cmd.mode)
    txn.emit(VaultModeSet(cmd.vault, cmd.mode, before, 0))
    if cmd.mode == ACTIVE:
        vault_guard.accept_loss(txn, row)
    if row.kind == PASSIVE_VAULT:
        passive_vault.requote(txn, row)


def create_pool(txn: Txn, cmd: CreateSpotPool) -> None:
    """Open an empty spot pool; a pair may have several, each with a fee of its own.

    Rejects: UNKNOWN_ASSET, SPOT_PATH (an asset with itself), BAD_FIELD, TOO_MANY, SPOT_POOL_EXISTS.
    """
    state = txn.state
    board = state.liquidity
    state.check_asset(cmd.base)
    state.check_asset(cmd.quote)
    if cmd.base == cmd.quote:
        raise Reject(SPOT_PATH, cmd.base, cmd.quote)
    for asset in (cmd.base, cmd.quote):
        decimals = state.assets[asset].decimals
        if decimals > asset_units.DECIMALS_MAX:
            raise Reject(BASE_ASSET, decimals, asset_units.DECIMALS_MAX)
    if cmd.fee > FEE_MAX:
        raise Reject(BAD_FIELD, cmd.fee, FEE_MAX)
    if len(board.pools) >= POOLS_MAX:
        raise Reject(TOO_MANY, len(board.pools), POOLS_MAX)
    pair = (cmd.base, cmd.quote)
    for other in board.pools:
        if other.fee == cmd.fee and other.base in pair and other.quote in pair:
            raise Reject(SPOT_POOL_EXISTS, other.ident)
    symbols = f"{state.assets[cmd.base].symbol}/{state.assets[cmd.quote].symbol}"
    account = system_account(txn, SPOT_POOL, symbols[:64])
    row = board.add_pool(account, cmd.base, cmd.quote, cmd.fee, cmd.virtual_base, cmd.virtual_quote)
    txn.emit(
        SpotPoolCreated(
            row.ident,
            account.ident,
            cmd.base,
            cmd.quote,
            cmd.fee,
            cmd.virtual_base,
            cmd.virtual_quote,
        )
    )
