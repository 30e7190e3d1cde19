"""The core's numbers as people and programs outside see them: the one place that formats them.

State, views and events go in, the types of ``client.models`` come out. Nothing is rounded here
except average prices, against the taker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plimsoll
from plimsoll import _build
from plimsoll.client.models import (
    AccountInfo,
    BookSnapshot,
    ExchangeInfo,
    FillInfo,
    MarketInfo,
    OrderInfo,
    PositionInfo,
    PrincipalInfo,
    RejectInfo,
    TradeInfo,
    VammInfo,
)
from plimsoll.core import oracle, views
from plimsoll.core.rows import Account, Market, Principal
from plimsoll.core.state import State
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codec, codes
from plimsoll.messages.events import Event, Filled, Rejected, Transferred

BASE_DIGITS: Final = 9
QUOTE_DIGITS: Final = 6
PRICE_DIGITS: Final = 6

BASE_FIELDS: Final = frozenset(
    {"size", "remaining", "removed", "taker_base", "maker_base", "x", "y", "net"}
)
"""Fields of events that are sizes."""
QUOTE_FIELDS: Final = frozenset(
    {"quote", "taker_fee", "maker_rebate", "taker_pnl", "maker_pnl", "surplus"}
    | {"fee_insurance", "fee_adjustments", "fee_funding", "fee_keepers", "fee_treasury"}
    | {"fee_vault", "price", "peg", "bid", "ask", "confidence"}
)
"""Fields of events that are money or prices."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What ids mean: symbols of markets, symbols and decimals of assets; and which accounts belong
    to the exchange itself, so that anybody may see them in events. Only ever grows.
    """

    symbols: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    decimals: tuple[int, ...] = ()
    system: frozenset[int] = frozenset()


def catalogue(state: State) -> Catalogue:
    """The names a state knows."""
    system = {
        codes.OUTSIDE_ACCOUNT,
        codes.TREASURY_ACCOUNT,
        codes.KEEPER_ACCOUNT,
        codes.VAULT_ACCOUNT,
    }
    for row in state.markets:
        system.update(one.ident for one in (row.vamm, row.adjustments, row.funding, row.insurance))
    return Catalogue(
        tuple(market.params.symbol for market in state.markets),
        tuple(asset.symbol for asset in state.assets),
        tuple(asset.decimals for asset in state.assets),
        frozenset(system),
    )


def base_text(size: int) -> str:
    """A size (1e-9) as decimal text."""
    return format_decimal(size, BASE_DIGITS)


def quote_text(amount: int) -> str:
    """Money or a price (1e-6) as decimal text."""
    return format_decimal(amount, QUOTE_DIGITS)


def price_or_none(price: int) -> str | None:
    """A price as decimal text; None for 0, which means that there is none."""
    return quote_text(price) if price != 0 else None


# State ---------------------------------------------------------------------------------------


def exchange(state: State, seq: int, ts: int) -> ExchangeInfo:
    """Name, version, build, last command, symbols, limits."""
    limits = state.globals.params
    return ExchangeInfo(
        name="plimsoll",
        version=plimsoll.__version__,
        build="compiled" if _build.COMPILED else "interpreted",
        seq=seq,
        ts=ts,
        markets=[market.params.symbol for market in state.markets],
        limits={name: int(getattr(limits, name)) for name, _ in limits.FIELDS},
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


# Refusals and events -------------------------------------------------------------------------


def _mode(value: int) -> str:
    return codes.MODES[value]


def _kind(value: int) -> str:
    return codes.ACCOUNT_KINDS[value]


def _roles(value: int) -> str:
    return "|".join(name for name, bit in codes.ROLES.items() if value & bit) or "none"


_SHOWN: Final[dict[int, tuple[Callable[[int], str], Callable[[int], str]]]] = {
    codes.NOT_ALLOWED: (_roles, _roles),
    codes.NOT_WITHDRAWABLE: (quote_text, quote_text),
    codes.ACCOUNT_KIND: (_kind, _kind),
    codes.PRICE_NOT_ON_TICK: (quote_text, quote_text),
    codes.SIZE_NOT_ON_STEP: (base_text, base_text),
    codes.NOTIONAL_TOO_SMALL: (quote_text, quote_text),
    codes.PRICE_BAND: (quote_text, quote_text),
    codes.POST_ONLY_CROSSES: (quote_text, quote_text),
    codes.FOK_NOT_FILLABLE: (base_text, base_text),
    codes.REDUCE_ONLY_NOTHING: (base_text, base_text),
    codes.AMEND_NOTHING: (quote_text, base_text),
    codes.AMEND_BELOW_FILLED: (base_text, base_text),
    codes.INSUFFICIENT_MARGIN: (quote_text, quote_text),
    codes.OPEN_INTEREST: (base_text, base_text),
    codes.MARKET_MODE: (_mode, _mode),
    codes.ORACLE_NOT_POSITIVE: (quote_text, quote_text),
    codes.ORACLE_TOO_VOLATILE: (quote_text, quote_text),
    codes.ORACLE_TOO_UNCERTAIN: (quote_text, quote_text),
}
"""code -> how its two numbers are shown; where a code is missing they are plain whole numbers."""


def measured(code: int, value: int, limit: int, decimals: int | None = None) -> tuple[str, str]:
    """The two numbers of a refusal as texts; ``decimals`` are those of the asset it is about."""
    if code == codes.INSUFFICIENT_BALANCE and decimals is not None:
        return format_decimal(value, decimals), format_decimal(limit, decimals)
    show = _SHOWN.get(code)
    if show is None:
        return str(value), str(limit)
    return show[0](value), show[1](limit)


def reject(event: Rejected, decimals: int | None = None) -> RejectInfo:
    """A refusal with its numbers and what they are."""
    name, value_is, limit_is = codes.REJECTS[event.code]
    value, limit = measured(event.code, event.value, event.limit, decimals)
    return RejectInfo(
        code=event.code,
        name=name,
        value=value,
        limit=limit,
        value_is=value_is,
        limit_is=limit_is,
        item=event.item,
    )


def event(one: Event, names: Catalogue) -> dict[str, Any]:
    """An event as named values: amounts as decimal texts, codes as words, ``symbol`` added."""
    shown = codec.event_to_named(one)
    for name in shown:
        if name in BASE_FIELDS:
            shown[name] = base_text(shown[name])
        elif name in QUOTE_FIELDS:
            shown[name] = quote_text(shown[name])
    if isinstance(one, Transferred):
        shown["amount"] = format_decimal(one.amount, names.decimals[one.asset])
    elif "code" in shown:
        shown["value"], shown["limit"] = measured(shown["code"], shown["value"], shown["limit"])
    known = shown.get("market", -1)
    if "symbol" not in shown and 0 <= known < len(names.symbols):
        shown["symbol"] = names.symbols[known]
    return shown


def events(found: Iterable[Event], names: Catalogue, mine: frozenset[int]) -> list[dict[str, Any]]:
    """Events as named values, as the owner of the accounts ``mine`` may see them.

    What happened to other traders' orders and accounts is left out, and so is, of shared events,
    who the other side was and what it made of it.
    """
    seen = mine | names.system
    shown = [event(one, names) for one in found]
    return [one for one in shown if _keep_visible(one, seen)]


def _keep_visible(shown: dict[str, Any], seen: frozenset[int]) -> bool:
    """Take out of an event what others may not see; False if nothing is left."""
    if shown["type"] == "Filled":
        for side in ("taker", "maker"):
            if shown[side] not in seen:
                for name in [name for name in shown if name.startswith(side)]:
                    del shown[name]
    elif shown["type"] == "Transferred":
        hidden = [side for side in ("debit", "credit") if shown[side] not in seen]
        for side in hidden:
            del shown[side]
        return len(hidden) < 2
    elif shown["type"] != "AccountCreated" and "account" in shown:
        return shown["account"] in seen
    return True


def is_covered(names: Catalogue, found: Sequence[Event]) -> bool:
    """Whether the catalogue knows every market and asset that the events name."""
    return all(
        getattr(one, "market", -1) < len(names.symbols)
        and getattr(one, "asset", -1) < len(names.decimals)
        for one in found
    )
