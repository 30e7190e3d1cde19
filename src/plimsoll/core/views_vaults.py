"""Read-only questions about vaults, who holds their shares, spot pools and firm quotes. Plain dicts
of ints and texts, scaled as inside, like ``views``: amounts of an asset in its smallest units.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.core import (
    asset_units,
    margin,
    oracle,
    shares,
    spot_hedge_vault,
    vault_money,
    views_guard,
)
from plimsoll.core.rows import Account, FirmQuote, Holding, Market, SpotPool, Unlock, Vault
from plimsoll.core.state import USD, State
from plimsoll.messages.codes import (
    BUY,
    MODES,
    PASSIVE_VAULT,
    SELL,
    SIDES,
    VAULT_KINDS,
    Reject,
)
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.units import RATIO_SCALE, RangeError, div_floor, mul_div_floor

View = dict[str, Any]

PRICE_SCALE: Final = 1_000_000_000
"""Of the price of a share (smallest units of the vault's asset), and of a pool's price."""


# Vaults -------------------------------------------------------------------------------------------


def is_priced(state: State, vault: Vault, now: int) -> bool:
    """Whether prices are fresh and sure enough to value a vault by, as for a deposit."""
    for market in vault_money.exposed_markets(state, vault):
        row = state.oracles[market.ident]
        widest = mul_div_floor(row.price, vault.params.confidence_max, RATIO_SCALE)
        if row.confidence > widest or not oracle.is_valid(state, market, now):
            return False
    return True


def share_price(vault: Vault, assets: int) -> int | None:
    """Smallest units of the asset a share is worth (1e-9), rounded down; None for a shut vault."""
    supply = vault.supply + vault.params.virtual_shares
    held = assets + vault.params.virtual_assets
    if supply == 0:
        return PRICE_SCALE
    return div_floor(held * PRICE_SCALE, supply) if held > 0 else None


def is_shut(vault: Vault, assets: int) -> bool:
    """Whether there are shares and nothing stands behind them."""
    params = vault.params
    return shares.is_shut(assets, vault.supply, params.virtual_assets, params.virtual_shares)


def vault_view(state: State, vault: Vault, now: int) -> View:
    """One vault: what it is worth, its shares, what it can pay out. ``mode`` is what it allows."""
    assets = vault_money.assets(state, vault)
    params = vault.params
    waiting = waiting_view(state, vault)
    return {
        "vault": vault.ident,
        "kind": VAULT_KINDS[vault.kind],
        "market": state.markets[vault.market].params.symbol if vault.market >= 0 else None,
        "asset": state.assets[vault.asset].symbol,
        "label": vault.label,
        "account": vault.account.ident,
        "mode": MODES[vault.effective_mode()],
        "operator_mode": MODES[vault.mode],
        "shut": is_shut(vault, assets),
        "priced": is_priced(state, vault, now),
        "supply": vault.supply,
        "liability": vault.liability,
        "assets": assets,
        "effective_assets": assets + params.virtual_assets,
        "effective_supply": vault.supply + params.virtual_shares,
        "share_price": share_price(vault, assets),
        "payable": vault_money.payable(state, vault),
        "utilisation": vault_money.utilisation(state, vault),
        "equity": margin.equity(state, vault.account),
        "cash": vault.account.cash(),
        "holders": len([row for row in state.liquidity.holdings[vault.ident] if row.shares > 0]),
        "waiting": len(waiting),
        "waiting_value": vault.unlocks.held(vault.asset),
        "hedge": hedge_view(state, vault, now),
        "breaker": views_guard.vault_breaker_view(state, vault, now),
        "params": params_view(params),
    }


def hedge_view(state: State, vault: Vault, now: int) -> View | None:
    """The two legs of a hedged vault, its margin ratio (None without a position), what of its hedge
    is missing, and how much a taker may buy or sell; None for the passive vault.
    """
    if vault.kind == PASSIVE_VAULT:
        return None
    ratio = vault_money.margin_ratio(state, vault)
    return {
        "base_asset": state.assets[vault_money.base_asset(state, vault)].symbol,
        "spot": vault_money.spot_base(state, vault),
        "position": vault_money.position_base(vault),
        "net_base": vault.net_base,
        "unhedged": vault.unhedged,
        "margin_ratio": None if ratio == vault_money.NO_POSITION else ratio,
        "taker_buys": capacity(state, vault, BUY, now),
        "taker_sells": capacity(state, vault, SELL, now),
    }


def capacity(state: State, vault: Vault, side: int, now: int) -> int:
    """The largest size a taker may trade with a hedged vault; 0 where no hedge is to be had."""
    try:
        return spot_hedge_vault.capacity(state, vault, side, now)
    except (Reject, RangeError):
        return 0


def params_view(params: VaultParams | QuoteParams) -> View:
    """All parameters by name; flags are 0 and 1."""
    view: View = {}
    for field, value in zip(params.FIELDS, params.row(), strict=True):
        view[field[0]] = (1 if value else 0) if field[1] == "flag" else value
    return view


def vaults_view(state: State, now: int) -> list[View]:
    """All vaults by id."""
    return [vault_view(state, vault, now) for vault in state.liquidity.vaults]


def quotes_view(state: State, vault: Vault) -> list[View]:
    """How the passive vault quotes: of each market where it was set to, in their order."""
    found: list[View] = []
    plain = QuoteParams().row()
    for market in state.markets:
        params = vault.quote(market.ident)
        if params is not None and (params.row() != plain or has_orders(vault, market)):
            found.append(quote_view(state, vault, market, params))
    return found


def has_orders(vault: Vault, market: Market) -> bool:
    """Whether a vault has orders in a market."""
    return any(order.market == market.ident for order in vault.account.orders)


def quote_view(state: State, vault: Vault, market: Market, params: QuoteParams) -> View:
    """The live orders of a vault in a market (0: none), its position, and its parameters there."""
    view: View = {
        "market": market.params.symbol,
        "bid_order": 0,
        "bid": 0,
        "bid_size": 0,
        "ask_order": 0,
        "ask": 0,
        "ask_size": 0,
    }
    for order in vault.account.orders:
        if order.market == market.ident:
            side = "bid" if order.side == BUY else "ask"
            view[f"{side}_order"] = order.ident
            view[side] = order.price
            view[f"{side}_size"] = order.remaining
    row = vault.account.position(market.ident)
    view["position"] = 0 if row is None else row.base
    view["oracle_price"] = state.oracles[market.ident].price
    view["params"] = params_view(params)
    return view


# Depositors ---------------------------------------------------------------------------------------


def unlock_view(account: int, unlock: Unlock, now: int) -> View:
    """A withdrawal that waits."""
    return {
        "unlock": unlock.ident,
        "account": account,
        "value": unlock.value,
        "shares": unlock.shares,
        "due_ms": unlock.due_ms,
        "due": unlock.due_ms <= now,
    }


def waiting_view(state: State, vault: Vault, now: int = 0) -> list[View]:
    """Who waits to be paid out of a vault, by account, each in the order of payment."""
    found: list[View] = []
    for row in state.liquidity.holdings[vault.ident]:
        found.extend([unlock_view(row.account, unlock, now) for unlock in row.unlocks])
    return found


def holding_view(state: State, vault: Vault, row: Holding, now: int) -> View:
    """What an account has in a vault. ``value`` is what the shares are worth now, before a fee."""
    return {
        "vault": vault.ident,
        "account": row.account,
        "kind": VAULT_KINDS[vault.kind],
        "label": vault.label,
        "asset": state.assets[vault.asset].symbol,
        "shares": row.shares,
        "value": value_of(vault, row.shares, vault_money.assets(state, vault)),
        "allowed": row.allowed,
        "unlocks": [unlock_view(row.account, unlock, now) for unlock in row.unlocks],
    }


def value_of(vault: Vault, owned: int, assets: int) -> int:
    """What shares would be given back for, at most what the vault is worth; 0 of a shut one."""
    params = vault.params
    if owned == 0 or assets <= 0:
        return 0
    found = shares.redeemed_floor(
        owned, assets, vault.supply, params.virtual_assets, params.virtual_shares
    )
    return min(found, assets)


def holdings_view(state: State, account: Account, now: int) -> list[View]:
    """What an account has in all vaults (also a place on a whitelist), by vault."""
    found: list[View] = []
    for vault in state.liquidity.vaults:
        row = state.liquidity.find(vault.ident, account.ident)
        if row is not None and not row.is_empty():
            found.append(holding_view(state, vault, row, now))
    return found


# Spot ---------------------------------------------------------------------------------------------


def pool_view(state: State, pool: SpotPool) -> View:
    """A spot pool: what it really has, its virtual reserves, and its price (1e-9 whole quote a
    whole base, rounded down; None while it is empty).
    """
    base, quote = state.assets[pool.base], state.assets[pool.quote]
    held, paid = pool.account.held(pool.base), pool.account.held(pool.quote)
    price: int | None = None
    if held + pool.virtual_base > 0:
        top = (paid + pool.virtual_quote) * asset_units.power(base.decimals) * PRICE_SCALE
        below = (held + pool.virtual_base) * asset_units.power(quote.decimals)
        price = div_floor(top, below)
    return {
        "pool": pool.ident,
        "account": pool.account.ident,
        "base": base.symbol,
        "quote": quote.symbol,
        "fee": pool.fee,
        "base_reserve": held,
        "quote_reserve": paid,
        "virtual_base": pool.virtual_base,
        "virtual_quote": pool.virtual_quote,
        "price": price,
    }


def pools_view(state: State) -> list[View]:
    """All spot pools by id."""
    return [pool_view(state, pool) for pool in state.liquidity.pools]


def firm_quote_view(state: State, quote: FirmQuote, now: int) -> View:
    """A desk's offer; ``side`` is the desk's."""
    held = USD if quote.side == BUY else quote.asset
    return {
        "quote": quote.ident,
        "account": quote.account.ident,
        "asset": state.assets[quote.asset].symbol,
        "side": SIDES[quote.side],
        "price": quote.price,
        "amount": quote.left,
        "held": quote.held,
        "held_asset": state.assets[held].symbol,
        "expires_ms": quote.expires_ms,
        "expired": quote.expires_ms < now,
    }


def firm_quotes_view(state: State, now: int) -> list[View]:
    """All firm quotes: by asset, the bids before the asks, best first."""
    return [firm_quote_view(state, quote, now) for quote in state.liquidity.offers]


def keeper_dues_view(state: State) -> View:
    """What of vaults and spot a keeper may have to see to: missing hedges, and what has a time."""
    board = state.liquidity
    unlocks: list[View] = []
    for held in board.holdings:
        for row in held:
            unlocks.extend([{"ident": one.ident, "due_ms": one.due_ms} for one in row.unlocks])
    return {
        "unhedged": [vault.ident for vault in board.vaults if vault.unhedged != 0],
        "unlocks": unlocks,
        "firm_quotes": [{"ident": one.ident, "due_ms": one.expires_ms} for one in board.offers],
    }
