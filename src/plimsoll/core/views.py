"""Read-only questions about a state. Answers are plain dicts of ints and texts, scaled as inside
(1e-6 quote, 1e-9 base, 1e-6 prices): whoever shows them to people formats them.

Interpreted callers use these; nothing in the core depends on them.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import (
    book,
    curve,
    margin,
    oracle,
    settlement,
    vamm,
    views_guard,
    views_mechanisms,
    views_vaults,
)
from plimsoll.core.rows import Account, Market, Order, SpotPool, Vault
from plimsoll.core.state import USD, State
from plimsoll.messages.codes import ACCOUNT_KINDS, BUY, MODES, SELL, SIDES

View = dict[str, Any]


def market_by_symbol(state: State, symbol: str) -> Market | None:
    """The market of a symbol; None if there is none."""
    for market in state.markets:
        if market.params.symbol == symbol:
            return market
    return None


def market_view(state: State, market: Market, now: int) -> View:
    """One market: prices, open interest, pools, mode, mechanisms. ``mode`` is what it allows."""
    ident = market.ident
    price = state.oracles[ident]
    sides = state.books[ident]
    return {
        "market": ident,
        "symbol": market.params.symbol,
        "mode": MODES[market.effective_mode()],
        "operator_mode": MODES[market.mode],
        "unhealthy": views_mechanisms.unhealthy(market),
        "oracle_price": price.price,
        "oracle_confidence": price.confidence,
        "oracle_published_ms": price.published_ms,
        "oracle_valid": oracle.is_valid(state, market, now),
        "best_bid": sides.best_price(BUY),
        "best_ask": sides.best_price(SELL),
        "open_interest": market.open_interest,
        "vamm": vamm_view(state, market),
        "pools": {
            "adjustments": market.adjustments.cash(),
            "funding": market.funding.cash(),
            "insurance": market.insurance.cash(),
            "clearing": market.clearing.cash(),
            "escrow": market.escrow.cash(),
        },
        "tracking": views_mechanisms.tracking_view(state, market),
        "repeg": views_mechanisms.repeg_view(state, market),
        "funding": views_mechanisms.funding_view(state, market, now),
        "auctions": views_mechanisms.auctions_view(state, market, now),
    }


def vamm_view(state: State, market: Market) -> View | None:
    """The vAMM: quotes, position, what it earned; None where it is off."""
    params = market.params
    if not params.vamm_enabled:
        return None
    row = state.vamms[market.ident]
    equity = margin.equity(state, market.vamm)
    return {
        "reservation_price": curve.price(row.y, row.x, row.peg),
        "bid": row.bid,
        "ask": row.ask,
        "bid_size": vamm.available(row, params, SELL),
        "ask_size": vamm.available(row, params, BUY),
        "base": -row.net,
        "capital": row.capital,
        "equity": equity,
        "pnl": equity - row.capital,
        "peg": row.peg,
        "long_spread": row.long_spread,
        "short_spread": row.short_spread,
        "booked": row.booked,
        "repegs": row.repegs,
    }


def depth_view(state: State, market: Market, levels: int) -> View:
    """The book's best levels: lists of [price, size], best first."""
    sides = state.books[market.ident]
    return {
        "bids": [[level.price, level.total] for level in sides.bids.levels[: -levels - 1 : -1]],
        "asks": [[level.price, level.total] for level in sides.asks.levels[: -levels - 1 : -1]],
    }


def order_view(order: Order, symbol: str) -> View:
    """One resting order."""
    return {
        "order": order.ident,
        "account": order.account.ident,
        "market": symbol,
        "side": SIDES[order.side],
        "price": order.price,
        "size": order.size,
        "remaining": order.remaining,
        "filled": order.filled,
        "reduce_only": order.reduce_only,
        "expires_ms": order.expires_ms,
        "client_order_id": order.client_order_id,
        "age_ms": order.age,
    }


def orders_view(state: State, account: Account) -> list[View]:
    """An account's open orders in order of arrival."""
    return [order_view(row, state.markets[row.market].params.symbol) for row in account.orders]


def positions_view(state: State, account: Account) -> list[View]:
    """An account's open positions with what they are worth at the oracle."""
    found: list[View] = []
    for row in account.positions:
        if row.base == 0:
            continue
        price = state.oracles[row.market].price
        size = row.base if row.base > 0 else -row.base
        worth = margin.value(row.base, price)
        found.append(
            {
                "market": state.markets[row.market].params.symbol,
                "base": row.base,
                "entry_price": entry_price(row.entry_cost, size),
                "entry_cost": row.entry_cost,
                "oracle_price": price,
                "value": worth,
                "unrealised_pnl": worth - row.entry_cost,
                "liquidation_price": margin.liquidation_price(state, account, row.market),
            }
        )
    return found


def entry_price(cost: int, size: int) -> int:
    """Average price of a cost over a size, rounded down; for display."""
    return settlement.average_price(SELL, cost if cost > 0 else -cost, size)


def account_view(state: State, account: Account) -> View:
    """An account: balances, equity, requirements, what is free and what may leave."""
    return {
        "account": account.ident,
        "owner": account.owner,
        "kind": ACCOUNT_KINDS[account.kind],
        "parent": account.parent,
        "label": account.label,
        "balances": {
            state.assets[row.asset].symbol: row.amount
            for row in account.balances
            if row.amount != 0 or row.asset == USD
        },
        "equity": margin.equity(state, account),
        "margin": margin.settled(state, account),
        "initial_requirement": margin.requirement(state, account, False),
        "maintenance_requirement": margin.requirement(state, account, True),
        "reserved": margin.reserved(state, account),
        "free": margin.free(state, account),
        "withdrawable": margin.withdrawable(state, account),
        "positions": positions_view(state, account),
        "open_orders": len(account.orders),
    }


def accounts_of(state: State, principal: int) -> list[Account]:
    """The accounts a principal owns, by id."""
    return [account for account in state.accounts if account.owner == principal]


def vault_view(state: State, vault: Vault, now: int) -> View:
    """One vault: what it is worth, its shares, what it can pay out, its hedge."""
    return views_vaults.vault_view(state, vault, now)


def vault_quotes_view(state: State, vault: Vault) -> list[View]:
    """How the passive vault quotes, by market."""
    return views_vaults.quotes_view(state, vault)


def spot_pool_view(state: State, pool: SpotPool) -> View:
    """A spot pool: reserves, virtual reserves, price."""
    return views_vaults.pool_view(state, pool)


def breaker_view(state: State, now: int) -> View:
    """The breaker of the exchange: its mode, what may leave now, what flowed and what is held."""
    return views_guard.breaker_view(state, now)


def band_view(state: State, market: Market) -> tuple[int, int]:
    """Lowest and highest price an order may have now."""
    edges = state.oracles[market.ident]
    return edges.low, edges.high


def crossing_size(state: State, market: Market, side: int, limit: int) -> int:
    """Size resting in the book that a taker of ``side`` could reach with this limit."""
    total = 0
    for level in reversed(state.books[market.ident].opposite(side).levels):
        if not book.crosses(side, limit, level.price):
            break
        total += level.total
    return total


def totals(state: State) -> View:
    """Sums for monitoring: accounts, orders, deposits, treasury."""
    outside = state.accounts[0]
    return {
        "principals": len(state.principals),
        "accounts": len(state.accounts),
        "markets": len(state.markets),
        "open_orders": len(state.orders),
        "deposited": -outside.cash(),
        "treasury": state.accounts[1].cash(),
        "keeper_pot": state.accounts[2].cash(),
    }
