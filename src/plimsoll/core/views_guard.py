"""Read-only questions about breakers: what may leave the exchange, what is held, and how vaults
stand. Plain dicts of ints and texts, scaled as inside, like ``views``; values in 1e-6 quote.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import breaker, outflow, vault_guard, vault_money
from plimsoll.core.rows import Breaker, Held, Vault
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    BREAKER_CAUSES,
    BREAKER_MODES,
    NORMAL,
    PASSIVE_VAULT,
    PAUSED,
)
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.units import RangeError

View = dict[str, Any]


def breaker_view(state: State, now: int) -> View:
    """The breaker of the exchange: its mode and why nothing or something may leave now.

    ``worth`` is what is in the exchange, ``before`` what of it was there before the window,
    ``kept`` what has to stay (None while nothing is limited), ``may_leave`` the largest withdrawal
    that passes, ``part`` what one principal may take within a window (None: all of it).
    ``recovers_ms``: when it may leave its mode at the earliest (0: it is normal).
    """
    row = state.guard.breaker
    found = outflow.bound(state, now)
    limited = outflow.is_limited(state, found, now)
    shared = limited and found.shared
    return {
        "mode": BREAKER_MODES[row.mode],
        "since_ms": row.since_ms,
        "grace_until_ms": row.grace_ms if row.grace_ms > now else 0,
        "recovers_ms": 0 if row.mode == NORMAL else row.since_ms + cooldown_ms(state),
        "limited": limited,
        "worth": found.worth,
        "before": found.total,
        "kept": found.kept if limited else None,
        "pauses_below": found.paused_below if limited else None,
        "may_leave": outflow.may_leave(state, -1, now),
        "part": found.part if shared else None,
        "flows": flows_view(state, now),
        "held": held_view(state, now),
        "params": params_view(row),
    }


def cooldown_ms(state: State) -> int:
    """How long the mode of now lasts at least."""
    params = outflow.params_of(state)
    paused = state.guard.breaker.mode == PAUSED
    return params.pause_cooldown_ms if paused else params.cooldown_ms


def params_view(row: Breaker) -> View | None:
    """The limits by name, flags as 0 and 1; None before any were set."""
    if row.params is None:
        return None
    found: View = {}
    for field, value in zip(BreakerParams.FIELDS, row.params.row(), strict=True):
        found[field[0]] = (1 if value else 0) if field[1] == "flag" else value
    return found


def flows_view(state: State, now: int) -> list[View]:
    """What of each asset came in within the window, less what left (negative: more left), and what
    that is worth now; assets of which nothing moved are left out."""
    row = state.guard.breaker
    window = outflow.params_of(state).window_ms
    found: list[View] = []
    for asset in range(len(row.flows)):
        ticks = breaker.within(row.flows[asset], window, now)
        if len(ticks) == 0:
            continue
        net = breaker.net(ticks, window, now)
        found.append(
            {
                "asset": state.assets[asset].symbol,
                "net": net,
                "worth": outflow.value_floor(state, asset, net),
                "held": row.gone_of(asset),
                "since_ms": ticks[0][0],
            }
        )
    return found


def held_view(state: State, now: int, account: int = -1) -> list[View]:
    """Withdrawals that are held, of an account or (-1) of all, in the order of their claims."""
    board = state.guard
    rows = [board.held[ident] for ident in sorted(board.held)]
    return [
        claim_view(state, row, now) for row in rows if account < 0 or row.account.ident == account
    ]


def claim_view(state: State, row: Held, now: int) -> View:
    """A withdrawal that is held: by the bound of the exchange (``due_ms`` 0), or by its owner's
    part until then. ``payable``: anybody may have it paid out now."""
    return {
        "claim": row.ident,
        "account": row.account.ident,
        "asset": state.assets[row.asset].symbol,
        "amount": row.amount,
        "worth": row.worth,
        "held_by": "exchange" if row.due_ms == 0 else "part",
        "due_ms": row.due_ms,
        "payable": outflow.may_pay(state, row, now),
    }


def principal_view(state: State, principal: int, now: int) -> View:
    """What a principal took out within the window, less what it brought in, the largest withdrawal
    of it that passes now, and what of it is held."""
    board = state.guard
    rows = [board.held[ident] for ident in sorted(board.held)]
    return {
        "principal": principal,
        "taken": outflow.taken_by(state, principal, now),
        "may_leave": outflow.may_leave(state, principal, now),
        "held": [claim_view(state, row, now) for row in rows if row.account.owner == principal],
    }


def vault_breaker_view(state: State, vault: Vault, now: int) -> View:
    """The breaker of a vault: its mode, what is past its threshold now (``cause`` None: nothing is)
    and by how much, since when it has been calm and until when it has to be, the highest value of a
    share, and what was hedged within the window (``hedge_left`` None: that is not bounded).
    """
    row = vault.guard
    try:
        value = vault_guard.share_value(state, vault)
    except RangeError:
        value = 0
    found = vault_guard.measure(state, vault, value)
    hold = vault.params.breaker_hold_ms
    bounded = vault.kind != PASSIVE_VAULT and vault.params.hedge_window_max > 0
    ratio = vault_money.margin_ratio(state, vault)
    return {
        "mode": BREAKER_MODES[row.mode],
        "cause": None if found.mode == NORMAL else BREAKER_CAUSES[found.cause],
        "measured": found.value,
        "limit": found.limit,
        "calm_since_ms": row.calm_ms,
        "recovers_ms": 0 if row.calm_ms == 0 else row.calm_ms + hold,
        "margin_ratio": None if ratio == vault_money.NO_POSITION else ratio,
        "share_value": value,
        "high": row.high,
        "hedged": vault_guard.hedged_within(state, vault, now),
        "hedge_left": vault_guard.hedge_left(state, vault, now) if bounded else None,
    }
