"""Circuit breakers and what they hold, as the client's types; and what a move measured."""

from __future__ import annotations

from typing import Any, Final

from plimsoll.client.models import BreakerInfo, FlowInfo, HeldInfo, OutflowInfo
from plimsoll.core import views_guard
from plimsoll.core.rows import Account
from plimsoll.core.state import State
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes
from plimsoll.runtime.present_text import quote_text

View = dict[str, Any]

_MONEY: Final = ("worth", "before", "may_leave")
_OR_NONE: Final = ("kept", "pauses_below", "part")
SHARE_DIGITS: Final = 9
"""Of what a share is worth."""


def breaker(state: State, now: int, mine: frozenset[int], principal: int) -> BreakerInfo:
    """The breaker of the exchange at a time (ms); whose a held withdrawal is where the account is
    one of ``mine``, and what is about ``principal`` (-1: nobody).
    """
    view = views_guard.breaker_view(state, now)
    digits = decimals(state)
    values: dict[str, Any] = {**view}
    values |= {name: quote_text(view[name]) for name in _MONEY}
    values |= {name: None if view[name] is None else quote_text(view[name]) for name in _OR_NONE}
    values["flows"] = [_flow(one, digits) for one in view["flows"]]
    values["held"] = [held_one(one, digits, one["account"] in mine) for one in view["held"]]
    if principal >= 0:
        values["own"] = _own(views_guard.principal_view(state, principal, now), digits)
    return BreakerInfo(**values)


def held(state: State, row: Account, now: int) -> list[HeldInfo]:
    """Withdrawals of an account that are held, oldest first."""
    digits = decimals(state)
    found = views_guard.held_view(state, now, row.ident)
    return [held_one(one, digits, shown=True) for one in found]


def decimals(state: State) -> dict[str, int]:
    """Decimals of every asset by its symbol."""
    return {asset.symbol: asset.decimals for asset in state.assets}


def held_one(view: View, digits: dict[str, int], shown: bool) -> HeldInfo:
    """A withdrawal that is held, with its account if that may be ``shown``."""
    return HeldInfo(
        **{
            **view,
            "account": view["account"] if shown else None,
            "amount": format_decimal(view["amount"], digits[view["asset"]]),
            "worth": quote_text(view["worth"]),
        }
    )


def _flow(view: View, digits: dict[str, int]) -> FlowInfo:
    amounts = {name: format_decimal(view[name], digits[view["asset"]]) for name in ("net", "held")}
    return FlowInfo(**{**view, **amounts, "worth": quote_text(view["worth"])})


def _own(view: View, digits: dict[str, int]) -> OutflowInfo:
    money = {name: quote_text(view[name]) for name in ("taken", "may_leave")}
    found = [held_one(one, digits, shown=True) for one in view["held"]]
    return OutflowInfo(**{**view, **money, "held": found})


def standing(state: State) -> dict[str, Any]:
    """The modes of all breakers, and since when the exchange has been in its own."""
    row = state.guard.breaker
    vaults = [
        {"vault": vault.ident, "mode": codes.BREAKER_MODES[vault.guard.mode]}
        for vault in state.liquidity.vaults
    ]
    return {
        "mode": codes.BREAKER_MODES[row.mode],
        "since_ms": row.since_ms,
        "vaults": vaults,
    }


def measured(cause: int, value: int, limit: int) -> tuple[str, str]:
    """What a move of a breaker measured against what, as texts: money, ppm, the value of a share,
    or ms, by its cause.
    """
    if cause == codes.CAUSE_OUTFLOW:
        return quote_text(value), quote_text(limit)
    if cause == codes.CAUSE_DRAWDOWN:
        return format_decimal(value, SHARE_DIGITS), format_decimal(limit, SHARE_DIGITS)
    return str(value), str(limit)
