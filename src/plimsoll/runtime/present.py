"""The core's numbers as people and programs outside see them: the one place that formats them.

State, views and events go in, the types of ``client.models`` come out. Nothing is rounded here
except average prices, against the taker.
"""

from __future__ import annotations

from typing import Final

import plimsoll
from plimsoll import _build
from plimsoll.client.models import (
    AccountInfo,
    AssetInfo,
    BookSnapshot,
    ExchangeInfo,
    FillInfo,
    MarketInfo,
    OrderInfo,
    PositionInfo,
    PrincipalInfo,
    TradeInfo,
    VammInfo,
)
from plimsoll.core import oracle, views
from plimsoll.core.rows import Account, Market, Principal
from plimsoll.core.state import State
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes
from plimsoll.messages.events import Filled
from plimsoll.runtime import present_mechanisms
from plimsoll.runtime.present_events import (
    BASE_FIELDS,
    PPM_FIELDS,
    QUOTE_FIELDS,
    RATE_FIELDS,
    event,
    events,
    is_covered,
    measured,
    reject,
)
from plimsoll.runtime.present_text import (
    BASE_DIGITS,
    PRICE_DIGITS,
    QUOTE_DIGITS,
    Catalogue,
    base_text,
    catalogue,
    price_or_none,
    quote_text,
)

__all__ = [
    "BASE_DIGITS", "BASE_FIELDS", "PPM_FIELDS", "PRICE_DIGITS", "QUOTE_DIGITS", "QUOTE_FIELDS",
    "RATE_FIELDS", "Catalogue", "base_text", "catalogue", "event", "events", "is_covered",
    "measured", "price_or_none", "quote_text", "reject",
]  # fmt: skip

# State ---------------------------------------------------------------------------------------


def exchange(state: State, seq: int, ts: int, exchange_id: str) -> ExchangeInfo:
    """Name, version, build, last command, symbols, limits, what orders are signed for."""
    limits = state.globals.params
    return ExchangeInfo(
        name="plimsoll",
        version=plimsoll.__version__,
        build="compiled" if _build.COMPILED else "interpreted",
        seq=seq,
        ts=ts,
        markets=[market.params.symbol for market in state.markets],
        limits={name: int(getattr(limits, name)) for name, _ in limits.FIELDS},
        assets=[
            AssetInfo(asset=row.ident, symbol=row.symbol, decimals=row.decimals)
            for row in state.assets
        ],
        exchange_id=exchange_id,
    )


def principal(row: Principal) -> PrincipalInfo:
    """A principal with the words of its roles."""
    roles = [word for word, bit in codes.ROLES.items() if row.roles & bit]
    return PrincipalInfo(principal=row.ident, name=row.name, roles=roles)


def market(state: State, row: Market, now: int) -> MarketInfo:
    """One market at a time (ms), by which the oracle's price may be too old."""
    view = views.market_view(state, row, now)
    params = row.params
    return MarketInfo(
        symbol=params.symbol,
        market=row.ident,
        mode=view["mode"],
        tick=quote_text(params.tick),
        step=base_text(params.step),
        min_notional=quote_text(params.min_notional),
        imr=params.imr,
        mmr=params.mmr,
        taker_fee=params.taker_fee,
        maker_rebate=params.maker_rebate,
        price_band=params.price_band,
        oracle_price=price_or_none(view["oracle_price"]),
        oracle_valid=view["oracle_valid"],
        oracle_published_ms=view["oracle_published_ms"],
        best_bid=price_or_none(view["best_bid"]),
        best_ask=price_or_none(view["best_ask"]),
        open_interest=base_text(view["open_interest"]),
        vamm=_vamm(view["vamm"]),
        pools={name: quote_text(amount) for name, amount in view["pools"].items()},
        operator_mode=view["operator_mode"],
        unhealthy=view["unhealthy"],
        tracking=present_mechanisms.tracking(view["tracking"]),
        repeg=present_mechanisms.repeg_timer(view["repeg"]),
        funding=present_mechanisms.funding_state(view["funding"]),
        auctions=[present_mechanisms.auction(one) for one in view["auctions"]],
    )


def _vamm(view: views.View | None) -> VammInfo | None:
    if view is None:
        return None
    return VammInfo(
        bid=quote_text(view["bid"]),
        ask=quote_text(view["ask"]),
        bid_size=base_text(view["bid_size"]),
        ask_size=base_text(view["ask_size"]),
        reservation_price=quote_text(view["reservation_price"]),
        base=base_text(view["base"]),
        capital=quote_text(view["capital"]),
        equity=quote_text(view["equity"]),
        pnl=quote_text(view["pnl"]),
        peg=quote_text(view["peg"]),
        long_spread=view["long_spread"],
        short_spread=view["short_spread"],
        booked=quote_text(view["booked"]),
        repegs=view["repegs"],
    )


def book(state: State, row: Market, seq: int, now: int, depth: int) -> BookSnapshot:
    """The best ``depth`` levels of each side; the vAMM's quotes while it may trade."""
    view = views.depth_view(state, row, depth)
    quotes = views.vamm_view(state, row) if oracle.is_valid(state, row, now) else None
    return BookSnapshot(
        symbol=row.params.symbol,
        seq=seq,
        bids=[(quote_text(price), base_text(size)) for price, size in view["bids"]],
        asks=[(quote_text(price), base_text(size)) for price, size in view["asks"]],
        vamm_bid=None if quotes is None else quote_text(quotes["bid"]),
        vamm_ask=None if quotes is None else quote_text(quotes["ask"]),
    )


def order(view: views.View) -> OrderInfo:
    """An open order from its view."""
    sizes = {name: base_text(view[name]) for name in ("size", "remaining", "filled")}
    return OrderInfo(**{**view, **sizes, "price": quote_text(view["price"])})


def orders(state: State, row: Account) -> list[OrderInfo]:
    """An account's open orders in order of arrival."""
    return [order(view) for view in views.orders_view(state, row)]


def position(view: views.View) -> PositionInfo:
    """An open position from its view."""
    money = ("entry_price", "entry_cost", "oracle_price", "value", "unrealised_pnl")
    return PositionInfo(
        market=view["market"],
        base=base_text(view["base"]),
        liquidation_price=price_or_none(view["liquidation_price"]),
        **{name: quote_text(view[name]) for name in money},
    )


_ACCOUNT_MONEY: Final = (
    "equity",
    "margin",
    "initial_requirement",
    "maintenance_requirement",
    "reserved",
    "free",
    "withdrawable",
)


def account(state: State, row: Account) -> AccountInfo:
    """An account with its positions."""
    view = views.account_view(state, row)
    decimals = {asset.symbol: asset.decimals for asset in state.assets}
    return AccountInfo(
        account=view["account"],
        owner=view["owner"],
        kind=view["kind"],
        parent=view["parent"] if view["parent"] >= 0 else None,
        label=view["label"],
        balances={
            symbol: format_decimal(amount, decimals[symbol])
            for symbol, amount in view["balances"].items()
        },
        positions=[position(one) for one in view["positions"]],
        open_orders=view["open_orders"],
        **{name: quote_text(view[name]) for name in _ACCOUNT_MONEY},
    )


# Fills ---------------------------------------------------------------------------------------


def trade(event: Filled, symbol: str, seq: int, ts: int) -> TradeInfo:
    """A fill as the public sees it."""
    return TradeInfo(
        fill=event.fill,
        symbol=symbol,
        ts=ts,
        side=codes.SIDES[event.side],
        price=quote_text(event.price),
        size=base_text(event.size),
        quote=quote_text(event.quote),
        source=codes.SOURCES[event.source],
        seq=seq,
    )


def fill(event: Filled, ident: int, symbol: str, ts: int) -> FillInfo:
    """A fill as the account ``ident``, its taker or its maker, sees it."""
    taker = event.taker == ident
    return FillInfo(
        fill=event.fill,
        order=event.taker_order if taker else event.maker_order,
        account=ident,
        symbol=symbol,
        ts=ts,
        side=codes.SIDES[event.side if taker else 1 - event.side],
        price=quote_text(event.price),
        size=base_text(event.size),
        fee=quote_text(event.taker_fee if taker else 0),
        rebate=quote_text(0 if taker else event.maker_rebate),
        pnl=quote_text(event.taker_pnl if taker else event.maker_pnl),
        role="taker" if taker else "maker",
        source=codes.SOURCES[event.source],
    )
