"""What an operator sets: principals, assets, markets, parameters, modes, capital.

Spec: ADMIN-001 … ADMIN-008.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import ledger, margin
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ESCROW,
    FUNDING_CLEARING,
    INSUFFICIENT_BALANCE,
    NAME_TAKEN,
    PARAMS_INVALID,
    POOL_ADJUSTMENTS,
    POOL_FUNDING,
    POOL_INSURANCE,
    R_POOL_CAPITAL,
    R_VAMM_CAPITAL,
    ROLE_OPERATOR,
    TOO_MANY,
    TREASURY_ACCOUNT,
    VAMM,
    VAMM_DISABLED,
    Reject,
)
from plimsoll.messages.commands import (
    CreateAsset,
    CreateMarket,
    CreatePrincipal,
    FundPool,
    FundVamm,
    SetGlobalParams,
    SetMarketMode,
    SetMarketParams,
)
from plimsoll.messages.events import (
    AccountCreated,
    AssetCreated,
    GlobalParamsSet,
    MarketCreated,
    MarketModeSet,
    MarketParamsSet,
    PrincipalCreated,
)
from plimsoll.messages.params import MarketParams

ASSETS_MAX = 64
MARKETS_MAX = 1_000
PRINCIPALS_MAX = 1_000_000
RULE_SHAPE: Final = 99
RULE_BAND: Final = 98
RULE_KEYS: Final = 97


def create_principal(txn: Txn, cmd: CreatePrincipal) -> None:
    """Register a principal. Rejects: TOO_MANY, NAME_TAKEN."""
    state = txn.state
    if len(state.principals) >= PRINCIPALS_MAX:
        raise Reject(TOO_MANY, len(state.principals), PRINCIPALS_MAX)
    holder = state.principal_names.get(cmd.name)
    if holder is not None:
        raise Reject(NAME_TAKEN, holder)
    row = state.add_principal(cmd.name, cmd.roles)
    txn.emit(PrincipalCreated(row.ident, cmd.name, cmd.roles))


def set_global_params(txn: Txn, cmd: SetGlobalParams) -> None:
    """Replace the limits of the exchange. Rejects: PARAMS_INVALID (rule 97: a delay needs two
    operators, since none can be made without one to execute it)."""
    problems = cmd.params.problems()
    if len(problems) > 0:
        raise Reject(PARAMS_INVALID, problems[0][0])
    if cmd.params.admin_delay_ms > 0 and count_operators(txn.state) < 2:
        raise Reject(PARAMS_INVALID, RULE_KEYS)
    txn.state.globals.set_params(cmd.params)
    txn.emit(GlobalParamsSet())


def count_operators(state: State) -> int:
    """How many principals are operators; the search ends at two."""
    count = 0
    for row in state.principals:
        if (row.roles & ROLE_OPERATOR) != 0:
            count += 1
            if count == 2:
                break
    return count


def create_asset(txn: Txn, cmd: CreateAsset) -> None:
    """Register an asset. Rejects: TOO_MANY, NAME_TAKEN."""
    state = txn.state
    if len(state.assets) >= ASSETS_MAX:
        raise Reject(TOO_MANY, len(state.assets), ASSETS_MAX)
    for row in state.assets:
        if row.symbol == cmd.symbol:
            raise Reject(NAME_TAKEN, row.ident)
    made = state.add_asset(cmd.symbol, cmd.decimals)
    txn.emit(AssetCreated(made.ident, cmd.symbol, cmd.decimals))


def system_account(txn: Txn, kind: int, label: str) -> Account:
    """Open an account that belongs to the exchange (owner 0)."""
    account = txn.state.add_account(0, kind, -1, label)
    txn.emit(AccountCreated(account.ident, 0, kind, -1, label))
    return account


def create_market(txn: Txn, cmd: CreateMarket) -> None:
    """Open a market with its vAMM account and three pools. Rejects: PARAMS_INVALID, TOO_MANY,
    NAME_TAKEN."""
    state = txn.state
    params = cmd.params
    problems = params.problems()
    if len(problems) > 0:
        raise Reject(PARAMS_INVALID, problems[0][0])
    if len(state.markets) >= MARKETS_MAX:
        raise Reject(TOO_MANY, len(state.markets), MARKETS_MAX)
    for other in state.markets:
        if other.params.symbol == params.symbol:
            raise Reject(NAME_TAKEN, other.ident)
    accounts = [
        system_account(txn, VAMM, f"{params.symbol}/vamm"),
        system_account(txn, POOL_ADJUSTMENTS, f"{params.symbol}/adjustments"),
        system_account(txn, POOL_FUNDING, f"{params.symbol}/funding"),
        system_account(txn, POOL_INSURANCE, f"{params.symbol}/insurance"),
        system_account(txn, FUNDING_CLEARING, f"{params.symbol}/clearing"),
        system_account(txn, ESCROW, f"{params.symbol}/escrow"),
    ]
    market = state.add_market(params, accounts)
    if params.vamm_enabled:
        reserve = params.vamm_sqrt_k
        state.vamms[market.ident].set_curve(reserve, reserve, reserve, params.vamm_peg, 0)
        state.vamms[market.ident].set_spreads(params.vamm_base_spread, params.vamm_base_spread)
    txn.emit(
        MarketCreated(
            market.ident,
            params.symbol,
            accounts[0].ident,
            accounts[1].ident,
            accounts[2].ident,
            accounts[3].ident,
            accounts[4].ident,
            accounts[5].ident,
        )
    )


def same_shape(before: MarketParams, after: MarketParams) -> bool:
    """Whether what resting orders and the curve rely on stays as it was."""
    return (
        before.symbol == after.symbol
        and before.step == after.step
        and after.tick > 0
        and before.tick % after.tick == 0
        and before.vamm_enabled == after.vamm_enabled
        and before.vamm_sqrt_k == after.vamm_sqrt_k
        and before.vamm_peg == after.vamm_peg
        and before.base_asset in (-1, after.base_asset)
    )


def set_market_params(txn: Txn, cmd: SetMarketParams) -> None:
    """Replace a market's parameters; symbol, step and curve stay, the tick may only get finer.

    Rejects: UNKNOWN_MARKET, PARAMS_INVALID (rule 99: the shape would change; rule 98: the passive
    vault quotes wider than the band).
    """
    market = txn.state.market(cmd.market)
    problems = cmd.params.problems()
    if len(problems) > 0:
        raise Reject(PARAMS_INVALID, problems[0][0])
    if not same_shape(market.params, cmd.params):
        raise Reject(PARAMS_INVALID, RULE_SHAPE)
    vault = txn.state.liquidity.passive()
    quote = None if vault is None else vault.quote(cmd.market)
    if quote is not None and quote.weight > 0 and quote.widest() > cmd.params.price_band:
        raise Reject(PARAMS_INVALID, RULE_BAND)
    market.set_params(cmd.params)
    txn.state.oracles[cmd.market].set_band(cmd.params)
    if cmd.params.vamm_enabled:
        txn.state.vamms[cmd.market].set_spreads(
            cmd.params.vamm_base_spread, cmd.params.vamm_base_spread
        )
    txn.emit(MarketParamsSet(cmd.market))


def set_market_mode(txn: Txn, cmd: SetMarketMode) -> None:
    """Change what a market allows. Rejects: UNKNOWN_MARKET."""
    market = txn.state.market(cmd.market)
    before = market.mode
    market.set_mode(cmd.mode)
    txn.emit(MarketModeSet(cmd.market, cmd.mode, before))


def fund_vamm(txn: Txn, cmd: FundVamm) -> None:
    """Give the vAMM capital out of the treasury. Rejects: UNKNOWN_MARKET, VAMM_DISABLED,
    INSUFFICIENT_BALANCE."""
    state = txn.state
    market = state.market(cmd.market)
    if not market.params.vamm_enabled:
        raise Reject(VAMM_DISABLED, cmd.market)
    treasury = state.accounts[TREASURY_ACCOUNT]
    most = margin.withdrawable(state, treasury)
    if cmd.amount > most:
        raise Reject(INSUFFICIENT_BALANCE, cmd.amount, most)
    ledger.pay(txn, treasury, market.vamm, cmd.amount, R_VAMM_CAPITAL, cmd.market)
    state.vamms[cmd.market].add_capital(cmd.amount)


def fund_pool(txn: Txn, cmd: FundPool) -> None:
    """Give a pool money out of the treasury. Rejects: UNKNOWN_MARKET, INSUFFICIENT_BALANCE."""
    state = txn.state
    market = state.market(cmd.market)
    treasury = state.accounts[TREASURY_ACCOUNT]
    most = margin.withdrawable(state, treasury)
    if cmd.amount > most:
        raise Reject(INSUFFICIENT_BALANCE, cmd.amount, most)
    pool = market.insurance
    if cmd.pool == POOL_ADJUSTMENTS:
        pool = market.adjustments
    elif cmd.pool == POOL_FUNDING:
        pool = market.funding
    ledger.pay(txn, treasury, pool, cmd.amount, R_POOL_CAPITAL, cmd.market)
