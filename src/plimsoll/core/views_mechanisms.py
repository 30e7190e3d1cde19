"""Read-only questions about the mechanisms: averages, repeg, funding, auctions, triggers, delayed
orders; and all that keepers need. Plain dicts of ints and texts, scaled as inside, like ``views``.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.core import (
    auctions,
    curve,
    funding,
    health,
    margin,
    market_averages,
    oracle,
    vamm,
    views_vaults,
)
from plimsoll.core.rows import Account, Auction, Market, Order, Trigger
from plimsoll.core.state import State
from plimsoll.messages.codes import BUY, DIRECTIONS, KINDS, MODES, SELL, SIDES, TIFS, TRADER
from plimsoll.units import div_floor

View = dict[str, Any]

CAUSES: Final = ("order", "liquidation")
"""Words of an auction's cause."""
BOUNDS: Final[dict[int, str]] = {
    health.MARK_ORACLE: "mark_oracle",
    health.MARK_ORACLE_TWAP: "mark_oracle_average",
    health.MARK_MARK_TWAP: "mark_own_average",
    health.IMBALANCE: "imbalance",
}
"""Words of the bounds of a market's health."""


def unhealthy(market: Market) -> list[str]:
    """The bounds of its health that are broken."""
    return [BOUNDS[what] for what in sorted(BOUNDS) if market.unhealthy & (1 << what)]


def tracking_view(state: State, market: Market) -> View:
    """Averages of 5 minutes and an hour (0: none yet), deviations, volumes."""
    track = state.tracks[market.ident]
    price = state.oracles[market.ident].price
    stands = market_averages.mark(state, market)
    far = price > 0 and stands > 0
    return {
        "mark": stands,
        "oracle_5min": track.oracle.health,
        "oracle_1h": track.oracle.funding,
        "mark_5min": track.mark.health,
        "mark_1h": track.mark.funding,
        "oracle_deviation": track.oracle.deviation,
        "mark_deviation": track.mark.deviation,
        "confidence": track.oracle.confidence,
        "divergence": health.divergence(stands, price) if far else -1,
        "buy_volume_1h": track.buy_volume,
        "sell_volume_1h": track.sell_volume,
        "volume_24h": track.day_volume,
    }


def repeg_view(state: State, market: Market) -> View:
    """The timer of the event of a repeg."""
    timer = state.tracks[market.ident].timer
    return {
        "elapsed_ms": timer.elapsed_ms,
        "after_ms": market.params.repeg_after_ms,
        "divergence_limit": market.params.repeg_divergence,
        "running": timer.sampled_ms >= 0,
    }


def funding_view(state: State, market: Market, now: int) -> View | None:
    """Rates (1e-9 quote per base) and when the next is due; None where funding is off."""
    period = market.params.funding_period_s
    if period == 0:
        return None
    row = state.rates[market.ident]
    now_s = div_floor(now, 1_000)
    due_s = funding.seconds_left(row.updated_s, period, now_s) if row.updated_s > 0 else 0
    due_ms = 0
    if row.updated_s > 0:
        due_ms = (row.updated_s + funding.seconds_left(row.updated_s, period, row.updated_s)) * 1000
    return {
        "rate": row.last,
        "average": row.average,
        "cumulative_long": row.long,
        "cumulative_short": row.short,
        "period_s": period,
        "updated_ms": row.updated_s * 1_000,
        "due_s": due_s,
        "due_ms": due_ms,
    }


def auction_view(auction: Auction, market: Market, now: int) -> View:
    """A live auction and what it asks now."""
    order = auction.order
    at = min(max(now, auction.started_ms), auction.ends_ms)
    return {
        "auction": auction.ident,
        "symbol": market.params.symbol,
        "side": SIDES[order.side],
        "size": order.size,
        "remaining": order.remaining,
        "price": auctions.price_now(auction, market.params, at),
        "start": auction.start,
        "end": auction.end,
        "limit": order.price,
        "started_ms": auction.started_ms,
        "ends_ms": auction.ends_ms,
        "ms_left": max(0, auction.ends_ms - now),
        "cause": CAUSES[auction.cause],
        "reduce_only": order.reduce_only,
        "offers": len(auction.offers),
    }


def auctions_view(state: State, market: Market, now: int) -> list[View]:
    """The live auctions of a market in order of their start."""
    return [auction_view(row, market, now) for row in state.board.live[market.ident]]


def trigger_view(state: State, trigger: Trigger) -> View:
    """A trigger or a delayed order; ``price`` 0 for a market order without a worst price.

    A delayed order has no ``trigger_price`` (0) and no ``direction`` (None), but ``earliest_ms``,
    which is 0 for a trigger. ``vault`` is the one it is directed at (-1: none).
    """
    order = trigger.order
    vault = state.liquidity.of_account(trigger.maker) if trigger.maker >= 0 else None
    return {
        "kind": "delayed" if trigger.is_delayed() else "trigger",
        "order": trigger.ident,
        "account": order.account.ident,
        "market": state.markets[trigger.market].params.symbol,
        "side": SIDES[order.side],
        "type": KINDS[trigger.kind],
        "tif": TIFS[trigger.tif],
        "price": order.price,
        "size": order.size,
        "reduce_only": order.reduce_only,
        "trigger_price": trigger.trigger_price,
        "direction": None if trigger.is_delayed() else DIRECTIONS[trigger.direction],
        "earliest_ms": trigger.earliest_ms,
        "expires_ms": order.expires_ms,
        "client_order_id": order.client_order_id,
        "vault": -1 if vault is None else vault.ident,
    }


def triggers_view(state: State, account: Account) -> list[View]:
    """An account's triggers and delayed orders by id."""
    if account.triggers == 0:
        return []
    triggers = state.board.triggers
    found: list[View] = []
    for ident in sorted(triggers):
        row = triggers[ident]
        if row.order.account is account:
            found.append(trigger_view(state, row))
    return found


# For keepers ------------------------------------------------------------------------------------


def keeper_view(state: State, market: Market, now: int) -> View:
    """A market as a keeper sees it: all parameters, prices, quotes, what is due."""
    params = market.params
    price = state.oracles[market.ident]
    sides = state.books[market.ident]
    due = funding_view(state, market, now)
    view: View = {
        "market": market.ident,
        "symbol": params.symbol,
        "mode": MODES[market.effective_mode()],
        "unhealthy": unhealthy(market),
        "params": params_view(market),
        "oracle_price": price.price,
        "oracle_confidence": price.confidence,
        "oracle_published_ms": price.published_ms,
        "oracle_valid": oracle.is_valid(state, market, now),
        "best_bid": sides.best_price(BUY),
        "best_ask": sides.best_price(SELL),
        "reservation_price": 0,
        "vamm_bid": 0,
        "vamm_ask": 0,
        "vamm_bid_size": 0,
        "vamm_ask_size": 0,
        "vamm_net": 0,
        "open_interest": market.open_interest,
        "funding_due_ms": 0 if due is None else max(1, due["due_ms"]),
    }
    if params.vamm_enabled:
        row = state.vamms[market.ident]
        view["reservation_price"] = curve.price(row.y, row.x, row.peg)
        view["vamm_bid"] = row.bid
        view["vamm_ask"] = row.ask
        view["vamm_bid_size"] = vamm.available(row, params, SELL)
        view["vamm_ask_size"] = vamm.available(row, params, BUY)
        view["vamm_net"] = row.net
    return view


def params_view(market: Market) -> View:
    """All parameters of a market by name; flags are 0 and 1."""
    view: View = {}
    for field, value in zip(market.params.FIELDS, market.params.row(), strict=True):
        view[field[0]] = (1 if value else 0) if field[1] == "flag" else value
    return view


def keeper_order_view(order: Order) -> View:
    """A resting order with what fixes its place."""
    return {
        "order": order.ident,
        "account": order.account.ident,
        "owner": order.account.owner,
        "market": order.market,
        "side": SIDES[order.side],
        "price": order.price,
        "remaining": order.remaining,
        "age_ms": order.age,
        "priority_size": order.priority_size,
        "sequence": order.sequence,
        "reduce_only": order.reduce_only,
        "expires_ms": order.expires_ms,
        "keeper_fee": order.keeper_fee,
    }


def keeper_trigger_view(trigger: Trigger) -> View:
    """A trigger with whose it is."""
    order = trigger.order
    return {
        "order": trigger.ident,
        "account": order.account.ident,
        "owner": order.account.owner,
        "market": trigger.market,
        "side": SIDES[order.side],
        "type": KINDS[trigger.kind],
        "price": order.price,
        "size": order.size,
        "reduce_only": order.reduce_only,
        "trigger_price": trigger.trigger_price,
        "direction": DIRECTIONS[trigger.direction],
        "expires_ms": order.expires_ms,
    }


def keeper_delayed_view(trigger: Trigger) -> View:
    """A delayed order with whose it is."""
    order = trigger.order
    return {
        "order": trigger.ident,
        "account": order.account.ident,
        "owner": order.account.owner,
        "market": trigger.market,
        "side": SIDES[order.side],
        "type": KINDS[trigger.kind],
        "price": order.price,
        "size": order.size,
        "reduce_only": order.reduce_only,
        "earliest_ms": trigger.earliest_ms,
        "expires_ms": order.expires_ms,
    }


def keeper_auction_view(auction: Auction) -> View:
    """An auction with whose it is and when its offers are due."""
    order = auction.order
    due = 0
    for offer in auction.offers:
        if due == 0 or offer.due_ms < due:
            due = offer.due_ms
    return {
        "auction": auction.ident,
        "account": order.account.ident,
        "owner": order.account.owner,
        "market": auction.market,
        "side": SIDES[order.side],
        "size": order.size,
        "remaining": order.remaining,
        "start": auction.start,
        "end": auction.end,
        "limit": order.price,
        "started_ms": auction.started_ms,
        "ends_ms": auction.ends_ms,
        "cause": CAUSES[auction.cause],
        "reduce_only": order.reduce_only,
        "bankruptcy": auction.bankruptcy,
        "offers": len(auction.offers),
        "offers_due_ms": due,
        "keeper_fee": order.keeper_fee,
    }


def keeper_account_view(state: State, account: Account) -> View:
    """What is needed to judge whether an account is to be liquidated."""
    positions: list[View] = [
        {
            "market": row.market,
            "base": row.base,
            "entry_cost": row.entry_cost,
            "funding": margin.funding_due(state, account, row),
            "liquidated_ms": row.liquidated_ms,
        }
        for row in account.positions
        if row.base != 0
    ]
    return {
        "account": account.ident,
        "owner": account.owner,
        "cash": account.cash(),
        "equity": margin.equity(state, account),
        "maintenance": margin.requirement(state, account, True),
        "liquidations": account.liquidations,
        "positions": positions,
    }


def keeper_snapshot_view(state: State, now: int) -> View:
    """Everything that may be due, by id: markets, orders, triggers, delayed orders, auctions,
    traders at risk."""
    orders = state.orders
    board = state.board
    waiting = [board.triggers[ident] for ident in sorted(board.triggers)]
    accounts: list[View] = [
        keeper_account_view(state, account)
        for account in state.accounts
        if account.kind == TRADER and has_position(account)
    ]
    live: list[View] = []
    for row in board.live:
        live.extend([keeper_auction_view(auction) for auction in row])
    return {
        "keeper_pot": state.accounts[2].cash(),
        "markets": [keeper_view(state, market, now) for market in state.markets],
        "orders": [keeper_order_view(orders[ident]) for ident in sorted(orders)],
        "triggers": [keeper_trigger_view(row) for row in waiting if not row.is_delayed()],
        "delayed": [keeper_delayed_view(row) for row in waiting if row.is_delayed()],
        "auctions": live,
        "accounts": accounts,
        **views_vaults.keeper_dues_view(state),
    }


def has_position(account: Account) -> bool:
    """Whether an account holds anything in any market."""
    return any(row.base != 0 for row in account.positions)
