"""What a vault is worth, what of it can be paid out, and how far it is from its margin.

    passive    assets = equity                              payable = min(margin, equity - IM)
    base       assets = base + floor(equity / price)        payable = base
    quote      assets = equity + floor(base · price)        payable = margin

``equity`` and ``margin`` are those of the vault's own account (MARGIN-001); the base a hedged vault
holds on spot is no part of them. Amounts are in smallest units of the vault's asset, signed where
a vault may owe; every value rounds against the vault. A position of a hedged vault is in its own
market only.

Spec: docs/spec/23-passive-vault.md, docs/spec/24-spot-hedge.md.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import asset_units, margin, oracle, shares
from plimsoll.core.context import Txn
from plimsoll.core.rows import Market, Vault
from plimsoll.core.state import USD, State
from plimsoll.messages.codes import (
    BASE_VAULT,
    ORACLE_TOO_UNCERTAIN,
    PASSIVE_VAULT,
    Reject,
)
from plimsoll.units import (
    AMOUNT_MAX,
    RATIO_SCALE,
    div_floor,
    mul_div_floor,
    notional_ceil,
)

NO_POSITION: Final = AMOUNT_MAX
"""Margin ratio (ppm) of a vault that has no position."""


def market_of(state: State, vault: Vault) -> Market:
    """The market of a hedged vault."""
    return state.markets[vault.market]


def base_asset(state: State, vault: Vault) -> int:
    """The asset a hedged vault hedges with: the base of its market."""
    return market_of(state, vault).params.base_asset


def base_decimals(state: State, vault: Vault) -> int:
    """Decimals of the asset a hedged vault hedges with."""
    return state.assets[base_asset(state, vault)].decimals


def other_asset(state: State, vault: Vault) -> int:
    """What a vault can pay in besides its own asset: the collateral, or the base of its market."""
    if vault.kind == PASSIVE_VAULT or vault.kind == BASE_VAULT:
        return USD
    return base_asset(state, vault)


def spot_base(state: State, vault: Vault) -> int:
    """Base on spot of a hedged vault, in its asset's units; 0 for the passive vault."""
    if vault.kind == PASSIVE_VAULT:
        return 0
    return vault.account.held(base_asset(state, vault))


def spot_value(state: State, vault: Vault) -> int:
    """What the base on spot is worth at the oracle price (1e-6 quote, rounded down)."""
    held = spot_base(state, vault)
    if held == 0:
        return 0
    price = state.oracles[vault.market].price
    return asset_units.asset_value_floor(held, base_decimals(state, vault), price)


def position_base(vault: Vault) -> int:
    """Signed base (1e-9) of a hedged vault's position."""
    row = vault.account.position(vault.market)
    return 0 if row is None else row.base


def assets(state: State, vault: Vault) -> int:
    """What a vault is worth in its asset, signed, without virtual assets."""
    equity = margin.equity(state, vault.account)
    if vault.kind == PASSIVE_VAULT:
        return equity
    if vault.kind == BASE_VAULT:
        if equity == 0:
            return spot_base(state, vault)
        price = state.oracles[vault.market].price
        worth = asset_units.value_in_asset_floor(equity, base_decimals(state, vault), price)
        return spot_base(state, vault) + worth
    return equity + spot_value(state, vault)


def payable(state: State, vault: Vault) -> int:
    """What of its own asset a vault can pay out now, >= 0.

    The passive vault's quotes do not hold its depositors back: they are cut down when they fill.
    """
    account = vault.account
    if vault.kind == BASE_VAULT:
        return max(0, spot_base(state, vault))
    settled = margin.settled(state, account)
    if vault.kind == PASSIVE_VAULT:
        spare = margin.equity(state, account) - margin.requirement(state, account, False)
        settled = min(settled, spare)
    return max(0, settled)


def utilisation(state: State, vault: Vault) -> int:
    """Part of what depositors brought that is in use (ppm, rounded up); 0 for the passive vault."""
    if vault.kind == PASSIVE_VAULT:
        return 0
    return shares.utilisation_ceil(payable(state, vault), vault.liability)


def account_worth(state: State, vault: Vault) -> int:
    """What the margin of a hedged vault is judged by (1e-6 quote, signed): its equity, and for a
    quote vault its pledged base too."""
    equity = margin.equity(state, vault.account)
    if vault.kind == BASE_VAULT:
        return equity
    return equity + spot_value(state, vault)


def margin_ratio(state: State, vault: Vault) -> int:
    """``account_worth`` over the entry notional of the position (ppm, rounded down, signed).

    Of a quote vault the lower of that and of the ratio to the position's value at the oracle
    price. ``NO_POSITION`` without a position.
    """
    row = vault.account.position(vault.market)
    if row is None or row.base == 0 or row.entry_cost == 0:
        return NO_POSITION
    worth = account_worth(state, vault)
    ratio = div_floor(worth * RATIO_SCALE, abs(row.entry_cost))
    if vault.kind != BASE_VAULT:
        value = notional_ceil(state.oracles[vault.market].price, abs(row.base))
        ratio = min(ratio, div_floor(worth * RATIO_SCALE, value))
    return max(-AMOUNT_MAX, min(AMOUNT_MAX, ratio))


def maintenance_worth(state: State, vault: Vault) -> int:
    """What stands against the maintenance requirement of a hedged vault: its equity and all of its
    base on spot, at the oracle price."""
    return margin.equity(state, vault.account) + spot_value(state, vault)


def cover_ratio(state: State, vault: Vault) -> int:
    """What is behind the position of a hedged vault once somebody has left (ppm, rounded down).

    Of a quote vault its margin ratio, which money that leaves lowers. Base that leaves a base
    vault does not touch that, so that all it has is set against the position's value at the
    oracle price. ``NO_POSITION`` without a position.
    """
    if vault.kind != BASE_VAULT:
        return margin_ratio(state, vault)
    base = position_base(vault)
    if base == 0:
        return NO_POSITION
    value = notional_ceil(state.oracles[vault.market].price, abs(base))
    ratio = div_floor(maintenance_worth(state, vault) * RATIO_SCALE, value)
    return max(-AMOUNT_MAX, min(AMOUNT_MAX, ratio))


def exposed_markets(state: State, vault: Vault) -> list[Market]:
    """The markets whose price a vault's worth depends on, in their order."""
    if vault.kind == PASSIVE_VAULT:
        return [
            state.markets[row.market]
            for row in vault.account.positions
            if row.base != 0 or row.has_orders()
        ]
    other = vault.account.cash() if vault.kind == BASE_VAULT else spot_base(state, vault)
    if other == 0 and position_base(vault) == 0:
        return []
    return [market_of(state, vault)]


def check_prices(txn: Txn, vault: Vault, leaving: bool = False) -> None:
    """Refuse to value a vault by prices that are too old or too uncertain. Who is ``leaving`` need
    not wait for that of a market in which the passive vault only quotes.

    Rejects: ORACLE_INVALID, ORACLE_TOO_UNCERTAIN.
    """
    state = txn.state
    for market in exposed_markets(state, vault):
        held = vault.account.position(market.ident)
        if leaving and vault.kind == PASSIVE_VAULT and (held is None or held.base == 0):
            continue
        oracle.check_valid(state, market, txn.now)
        row = state.oracles[market.ident]
        widest = mul_div_floor(row.price, vault.params.confidence_max, RATIO_SCALE)
        if row.confidence > widest:
            raise Reject(ORACLE_TOO_UNCERTAIN, row.confidence, widest)
