"""Maker vaults, holdings, spot pools and firm quotes as people see them."""

from __future__ import annotations

from typing import Any, Final

from plimsoll.client.models import (
    FirmQuoteInfo,
    HedgeInfo,
    HoldingInfo,
    SpotPoolInfo,
    UnlockInfo,
    VaultBreakerInfo,
    VaultInfo,
    VaultPreview,
    VaultQuoteInfo,
)
from plimsoll.core import views, views_vaults
from plimsoll.core.rows import Account, Vault
from plimsoll.core.state import State
from plimsoll.decimal_text import format_decimal
from plimsoll.messages.events import Event, UnlockQueued, VaultDeposited, VaultWithdrawn
from plimsoll.runtime.present_text import Catalogue, base_text, price_or_none, quote_text

View = views.View

PRICE_DIGITS: Final = 9
"""Of the price of a share, and of that of a pool."""
_ASSET_MONEY: Final = ("liability", "assets", "effective_assets", "payable", "waiting_value")
_BASE_MONEY: Final = ("spot", "net_base", "unhedged")


def _decimals(state: State) -> dict[str, int]:
    return {asset.symbol: asset.decimals for asset in state.assets}


def _or_none(value: int | None, digits: int) -> str | None:
    return None if value is None else format_decimal(value, digits)


# Vaults --------------------------------------------------------------------------------------


def vault(state: State, row: Vault, now: int) -> VaultInfo:
    """One vault at a time (ms), by which prices may be too old."""
    view = views_vaults.vault_view(state, row, now)
    digits = _decimals(state)
    values: dict[str, Any] = {**view}
    values |= {name: format_decimal(view[name], digits[view["asset"]]) for name in _ASSET_MONEY}
    values |= {name: str(view[name]) for name in ("supply", "effective_supply")}
    values |= {name: quote_text(view[name]) for name in ("equity", "cash")}
    values["share_price"] = _or_none(view["share_price"], PRICE_DIGITS)
    values["hedge"] = _hedge(view["hedge"], digits)
    values["breaker"] = _breaker(view["breaker"])
    return VaultInfo(**values)


def _hedge(view: View | None, digits: dict[str, int]) -> HedgeInfo | None:
    if view is None:
        return None
    money = {name: format_decimal(view[name], digits[view["base_asset"]]) for name in _BASE_MONEY}
    sizes = {name: base_text(view[name]) for name in ("position", "taker_buys", "taker_sells")}
    return HedgeInfo(**{**view, **money, **sizes})


def _breaker(view: View) -> VaultBreakerInfo:
    left = view["hedge_left"]
    prices = {name: format_decimal(view[name], PRICE_DIGITS) for name in ("share_value", "high")}
    money = {"hedged": quote_text(view["hedged"])}
    return VaultBreakerInfo(
        **{**view, **prices, **money, "hedge_left": None if left is None else quote_text(left)}
    )


def vaults(state: State, now: int) -> list[VaultInfo]:
    """All vaults by id."""
    return [vault(state, row, now) for row in state.liquidity.vaults]


def quotes(state: State, row: Vault) -> list[VaultQuoteInfo]:
    """How a passive vault quotes, by market."""
    return [_quote(view) for view in views_vaults.quotes_view(state, row)]


def _quote(view: View) -> VaultQuoteInfo:
    values: dict[str, Any] = {**view}
    for side in ("bid", "ask"):
        size = view[f"{side}_size"]
        values[f"{side}_order"] = view[f"{side}_order"] or None
        values[side] = price_or_none(view[side])
        values[f"{side}_size"] = base_text(size) if size else None
    values["position"] = base_text(view["position"])
    values["oracle_price"] = price_or_none(view["oracle_price"])
    return VaultQuoteInfo(**values)


# Depositors ----------------------------------------------------------------------------------


def _unlock(view: View, digits: int, shown: bool) -> UnlockInfo:
    account = view["account"] if shown else None
    value = format_decimal(view["value"], digits)
    return UnlockInfo(**{**view, "account": account, "value": value, "shares": str(view["shares"])})


def unlocks(state: State, row: Vault, now: int, mine: frozenset[int]) -> list[UnlockInfo]:
    """What waits to be paid out of a vault; whose it is where the account is one of ``mine``."""
    digits = state.assets[row.asset].decimals
    found = views_vaults.waiting_view(state, row, now)
    return [_unlock(view, digits, view["account"] in mine) for view in found]


def holdings(state: State, row: Account, now: int) -> list[HoldingInfo]:
    """What an account has in vaults."""
    found: list[HoldingInfo] = []
    all_digits = _decimals(state)
    for view in views_vaults.holdings_view(state, row, now):
        digits = all_digits[view["asset"]]
        values: dict[str, Any] = {**view, "shares": str(view["shares"])}
        values["value"] = format_decimal(view["value"], digits)
        values["unlocks"] = [_unlock(one, digits, shown=True) for one in view["unlocks"]]
        found.append(HoldingInfo(**values))
    return found


def preview(found: list[Event], names: Catalogue, ident: int) -> VaultPreview:
    """What a deposit into the vault ``ident`` or a withdrawal from it would do, by its events."""
    asset = names.vaults[ident][1]
    digits = names.decimals[asset]
    values: dict[str, Any] = {}
    for event in found:
        if isinstance(event, VaultDeposited):
            values["amount"] = format_decimal(event.amount, digits)
        elif isinstance(event, VaultWithdrawn):
            values["value"] = format_decimal(event.value, digits)
            values["paid"] = format_decimal(event.paid, digits)
            values["other_asset"] = names.assets[event.other_asset]
            values["other"] = format_decimal(event.other, names.decimals[event.other_asset])
        elif isinstance(event, UnlockQueued):
            values["due_ms"] = event.due_ms
            continue
        else:
            continue
        values["fee"] = format_decimal(event.fee, digits)
        values["shares"] = str(event.shares)
    return VaultPreview(accepted=True, asset=names.assets[asset], **values)


# Spot ----------------------------------------------------------------------------------------


def pools(state: State) -> list[SpotPoolInfo]:
    """All spot pools by id."""
    return [_pool(view, _decimals(state)) for view in views_vaults.pools_view(state)]


def _pool(view: View, digits: dict[str, int]) -> SpotPoolInfo:
    values: dict[str, Any] = {**view, "price": _or_none(view["price"], PRICE_DIGITS)}
    for side in ("base", "quote"):
        for name in (f"{side}_reserve", f"virtual_{side}"):
            values[name] = format_decimal(view[name], digits[view[side]])
    return SpotPoolInfo(**values)


def firm_quotes(state: State, now: int, mine: frozenset[int]) -> list[FirmQuoteInfo]:
    """All firm quotes; whose one is, and what is held for it, where it is one of ``mine``."""
    digits = _decimals(state)
    found: list[FirmQuoteInfo] = []
    for view in views_vaults.firm_quotes_view(state, now):
        own = view["account"] in mine
        values: dict[str, Any] = {**view, "account": view["account"] if own else None}
        values["price"] = quote_text(view["price"])
        values["amount"] = format_decimal(view["amount"], digits[view["asset"]])
        held = format_decimal(view["held"], digits[view["held_asset"]])
        values["held"] = held if own else None
        found.append(FirmQuoteInfo(**values))
    return found
