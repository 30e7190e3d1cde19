"""Cross margin of an account: equity, requirements, reservation, what may leave.

    equity   = cash + sum(base * oracle) + funding due          (each product against the account)
    margin   = cash + sum(entry_cost) + funding due             = deposits + realised PnL
    reserved = sum over markets of the larger side's opening part at its limits, times imr
    free     = equity - initial requirement - reserved
    withdrawable = max(0, min(margin, free))

Spec: MARGIN-001 … MARGIN-010 (design: margin, reservation). Amounts 1e-6 quote; values of longs
round down, of shorts and all requirements up.
"""

from __future__ import annotations

from plimsoll.core import funding
from plimsoll.core.rows import Account, Position
from plimsoll.core.state import State
from plimsoll.messages.codes import BUY, VAMM
from plimsoll.units import (
    LOT,
    RATIO_SCALE,
    at_rate_ceil,
    div_floor,
    mul_div_ceil,
    notional_ceil,
    notional_floor,
)


def value(base: int, price: int) -> int:
    """What a position is worth at a price, rounded against its holder."""
    if base >= 0:
        return notional_floor(price, base)
    return -notional_ceil(price, -base)


def opening_part(held: int, size: int, notional: int) -> int:
    """Notional (up) of the part of open orders that would open; ``held`` is what they close."""
    if size <= held or size == 0:
        return 0
    if held <= 0:
        return notional
    return mul_div_ceil(notional, size - held, size)


def reserved_in(row: Position, imr: int) -> int:
    """Margin held back for the resting orders of one market."""
    return reservation(
        row.base, row.bid_size, row.bid_notional, row.ask_size, row.ask_notional, imr
    )


def reservation(
    base: int, bid_size: int, bid_notional: int, ask_size: int, ask_notional: int, imr: int
) -> int:
    """max(bids, asks) at their limits times imr (up), on the part that can open."""
    bids = opening_part(-base, bid_size, bid_notional)
    asks = opening_part(base, ask_size, ask_notional)
    most = max(asks, bids)
    return 0 if most == 0 else at_rate_ceil(most, imr)


def free(state: State, account: Account) -> int:
    """equity - initial requirement - reserved, signed."""
    return free_after(state, account, -1, 0, 0, 0, 0, True)


def free_after(
    state: State,
    account: Account,
    market: int,
    base: int,
    cash: int,
    open_size: int,
    open_notional: int,
    is_bid: bool,
) -> int:
    """``free`` as it would be after a change of one market (-1: none).

    The change: signed base and cash of a fill, and signed size and notional of the open orders
    of one side. The position row of the market must exist.
    """
    total = account.usd.amount + cash
    markets = state.markets
    oracles = state.oracles
    for row in account.positions:
        held = row.base
        bid_size = row.bid_size
        ask_size = row.ask_size
        bid_notional = row.bid_notional
        ask_notional = row.ask_notional
        ident = row.market
        if ident == market:
            held += base
            if is_bid:
                bid_size += open_size
                bid_notional += open_notional
            else:
                ask_size += open_size
                ask_notional += open_notional
        if held == 0 and bid_size == 0 and ask_size == 0 and row.base == 0:
            continue
        if row.funding_mark != state.rates[ident].of(row.base):
            total += funding_due(state, account, row)
        imr = markets[ident].params.imr
        price = oracles[ident].price
        if held > 0:
            total += notional_floor(price, held) - at_rate_ceil(notional_ceil(price, held), imr)
        elif held < 0:
            owed = notional_ceil(price, -held)
            total -= owed + at_rate_ceil(owed, imr)
        if bid_size != 0 or ask_size != 0:
            total -= reservation(held, bid_size, bid_notional, ask_size, ask_notional, imr)
    return total


def funding_due(state: State, account: Account, row: Position) -> int:
    """What funding would bring a position if it were settled now; nothing for a vAMM.

    Payers round up, receivers down; negative if it owes.
    """
    due = state.rates[row.market].of(row.base)
    if due == row.funding_mark or account.kind == VAMM:
        return 0
    return funding.payment(row.base, due - row.funding_mark, funding.PAYERS_UP)


def equity(state: State, account: Account) -> int:
    """Cash plus the value of the positions at the oracle, funding included."""
    total = account.cash()
    for row in account.positions:
        if row.base != 0:
            total += value(row.base, state.oracles[row.market].price)
            total += funding_due(state, account, row)
    return total


def sinks(state: State, account: Account, market: int, side: int, size: int, quote: int) -> bool:
    """Whether a fill would leave the account owing: it loses against the oracle, to below zero.

    Nobody closes himself into a debt, which others would have to bear; what is lost to fees is
    not counted.
    """
    price = state.oracles[market].price
    if side == BUY:
        lost = quote - notional_floor(price, size)
    else:
        lost = notional_ceil(price, size) - quote
    return lost > 0 and equity(state, account) < lost


def requirement(state: State, account: Account, maintenance: bool) -> int:
    """Initial or maintenance requirement of the positions (not of the orders)."""
    total = 0
    for row in account.positions:
        if row.base != 0:
            params = state.markets[row.market].params
            size = row.base if row.base > 0 else -row.base
            worth = notional_ceil(state.oracles[row.market].price, size)
            total += at_rate_ceil(worth, params.mmr if maintenance else params.imr)
    return total


def reserved(state: State, account: Account) -> int:
    """Margin held back for resting orders, over all markets."""
    total = 0
    for row in account.positions:
        total += reserved_in(row, state.markets[row.market].params.imr)
    return total


def settled(state: State, account: Account) -> int:
    """``margin``: cash, entry cost and funding due, that is deposits plus realised PnL."""
    total = account.cash()
    for row in account.positions:
        total += row.entry_cost + funding_due(state, account, row)
    return total


def withdrawable(state: State, account: Account) -> int:
    """What may leave the account: unrealised profit never does."""
    spare = free(state, account)
    own = settled(state, account)
    least = min(spare, own)
    return max(0, least)


def liquidation_price(state: State, account: Account, market: int) -> int:
    """Price of one market at which equity meets the maintenance requirement; 0 if none is > 0.

    The other markets stay where they are:
    price = (other requirement - other equity) / (base - |base|·mmr), rounded down.
    """
    row = account.position(market)
    if row is None or row.base == 0:
        return 0
    base = row.base
    size = base if base > 0 else -base
    price = state.oracles[market].price
    params = state.markets[market].params
    others = equity(state, account) - value(base, price)
    needed = requirement(state, account, True) - at_rate_ceil(
        notional_ceil(price, size), params.mmr
    )
    # Scale: quote·LOT·RATIO / (base·RATIO) is a price.
    over = (needed - others) * LOT * RATIO_SCALE
    under = base * RATIO_SCALE - size * params.mmr
    if under < 0:
        over = -over
        under = -under
    found = div_floor(over, under)
    return max(0, found)
