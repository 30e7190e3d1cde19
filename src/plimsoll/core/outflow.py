"""What is in the exchange, what came and left within the window, and what may leave now.

All that is in it is what the outside world lacks: trades, hedges and swaps between accounts change
nothing. What came and left is counted in amounts and valued at the prices of now, so that a price
which moves, on purpose or not, neither uses up the bound nor widens it.

    worth = sum over assets of floor(inside·price)          inside = - outside - gone
    total = sum over assets of floor((inside - net)·price)  net    = what came less what left

The collateral counts 1:1, a base asset at the last oracle price of the first market of it (however
old), any other nothing.

Spec: docs/spec/26-breaker.md, BREAK-001 … BREAK-006.
"""

from __future__ import annotations

from plimsoll.core import asset_units, breaker
from plimsoll.core.breaker import Bound
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Held
from plimsoll.core.state import USD, State
from plimsoll.messages.codes import NORMAL, OUTSIDE_ACCOUNT
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.units import PRICE_SCALE, div_ceil, div_floor, mul_div_floor


def params_of(state: State) -> BreakerParams:
    """The limits of the outflow, or what stands for them while none are set."""
    found = state.guard.breaker.params
    return breaker.DEFAULTS if found is None else found


# Values -------------------------------------------------------------------------------------------


def prices(state: State) -> list[int]:
    """The price (1e-6) of the whole of every asset; 0: it counts nothing."""
    found = [-1] * len(state.assets)
    for market in state.markets:
        base = market.params.base_asset
        if 0 <= base < len(found) and found[base] < 0:
            found[base] = state.oracles[market.ident].price
    found[USD] = PRICE_SCALE
    return [max(0, price) for price in found]


def value_floor(state: State, asset: int, amount: int) -> int:
    """What an amount of an asset (signed) counts, toward minus infinity."""
    return div_floor(amount * prices(state)[asset], asset_units.power(state.assets[asset].decimals))


def value_ceil(state: State, asset: int, amount: int) -> int:
    """What an amount of an asset counts, rounded up."""
    return div_ceil(amount * prices(state)[asset], asset_units.power(state.assets[asset].decimals))


def bound(state: State, now: int) -> Bound:
    """What the exchange is worth, and what of it has to stay."""
    params = params_of(state)
    row = state.guard.breaker
    outside = state.accounts[OUTSIDE_ACCOUNT]
    known = prices(state)
    worth = 0
    total = 0
    for asset in range(len(known)):
        price = known[asset]
        if price == 0:
            continue
        unit = asset_units.power(state.assets[asset].decimals)
        inside = -outside.held(asset) - row.gone_of(asset)
        before = inside - breaker.net(row.flows_of(asset), params.window_ms, now)
        worth += div_floor(max(0, inside) * price, unit)
        total += div_floor(max(0, before) * price, unit)
    return Bound(worth, total, params)


def is_limited(state: State, found: Bound, now: int) -> bool:
    """Whether the bound is asked: limits are set, there is something to keep, and no grace."""
    row = state.guard.breaker
    return row.params is not None and found.active and now >= row.grace_ms


def taken_by(state: State, principal: int, now: int) -> int:
    """What a principal took out within the window, less what he brought in."""
    row = state.guard.outflows.get(principal)
    return 0 if row is None else breaker.net(row.flows, params_of(state).window_ms, now)


def may_leave(state: State, principal: int, now: int) -> int:
    """The largest withdrawal (1e-6 quote) that passes now, of a principal or (-1) of anybody;
    without a bound, all there is; 0 unless the breaker is normal."""
    found = bound(state, now)
    if state.guard.breaker.mode != NORMAL:
        return 0
    if not is_limited(state, found, now):
        return found.worth
    if principal < 0:
        return found.may_leave()
    return min(found.may_leave(), found.part_left(taken_by(state, principal, now)))


# Counting -----------------------------------------------------------------------------------------


def count(txn: Txn, account: Account, asset: int, amount: int, worth: int) -> None:
    """Count what came in (``amount`` > 0) or left (< 0); ``worth`` is what its owner took out (less
    than 0: brought in). Nothing is counted before there are limits.
    """
    state = txn.state
    row = state.guard.breaker
    params = row.params
    if params is None:
        return
    now = txn.now
    ticks = breaker.counted(row.flows_of(asset), params.window_ms, params.tick_ms, now, amount)
    row.set_flows(asset, ticks)
    if worth != 0:
        taken = state.guard.outflow(account.owner)
        taken.set_flows(breaker.counted(taken.flows, params.window_ms, params.tick_ms, now, worth))


def count_in(txn: Txn, account: Account, asset: int, amount: int) -> None:
    """Count what was brought in."""
    if txn.state.guard.breaker.params is not None:
        count(txn, account, asset, amount, -value_floor(txn.state, asset, amount))


def count_out(txn: Txn, account: Account, asset: int, amount: int) -> None:
    """Count what left: as far as its owner brought it within the window, with what he brought, so
    that both leave the window together; the rest now."""
    state = txn.state
    params = state.guard.breaker.params
    if params is None:
        return
    worth = value_ceil(state, asset, amount)
    left = worth
    rest = amount
    row = state.guard.outflow(account.owner)
    for start, value in breaker.within(row.flows, params.window_ms, txn.now):
        if value >= 0 or left == 0:
            continue
        part = min(left, -value)
        taken = rest if part == left else mul_div_floor(amount, part, worth)
        flows = state.guard.breaker.flows_of(asset)
        state.guard.breaker.set_flows(asset, breaker.counted_at(flows, start, -taken))
        row.set_flows(breaker.counted_at(row.flows, start, part))
        left -= part
        rest -= taken
    if rest > 0 or left > 0:
        count(txn, account, asset, -rest, left)


# What is held -------------------------------------------------------------------------------------


def may_pay(state: State, row: Held, now: int) -> bool:
    """Whether a held withdrawal could be paid out now: the breaker is normal, and what waited for
    its owner's part is due and within the bound."""
    if state.guard.breaker.mode != NORMAL or row.due_ms > now:
        return False
    if row.due_ms == 0:
        return True
    found = bound(state, now)
    worth = value_ceil(state, row.asset, row.amount)
    return not is_limited(state, found, now) or worth <= left_for(state, row.account, found, now)


def left_for(state: State, account: Account, found: Bound, now: int) -> int:
    """The largest withdrawal that the bound and its owner's part let pass."""
    taken = taken_by(state, account.owner, now)
    return min(found.may_leave(), found.part_left(taken))
