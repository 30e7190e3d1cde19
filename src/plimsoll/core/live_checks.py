"""What must hold of auctions, triggers, funding and escrow: the full sweep's part of the board.

Every function lists what it finds wrong as (invariant, value, limit); ``invariants`` halts on it.
"""

from __future__ import annotations

from plimsoll.core import margin
from plimsoll.core.rows import Account, Market
from plimsoll.core.state import State
from plimsoll.messages.codes import ABOVE, OF_LIQUIDATION
from plimsoll.units import PRICE_MAX

Fault = tuple[str, int, int]

LIVE_MOST = 256
"""Auctions that a market can be set to hold at most."""


def faults(state: State) -> list[Fault]:
    """Everything that is wrong, in a fixed order."""
    found: list[Fault] = []
    for market in state.markets:
        check_auctions(state, market, found)
        check_clearing(state, market, found)
        check_escrow(state, market, found)
    check_triggers(state, found)
    for account in state.accounts:
        check_counts(state, account, found)
    return found


def check_auctions(state: State, market: Market, found: list[Fault]) -> None:
    """U1, U3, U4: how many are live, that the timers know them, that none stands in the book."""
    board = state.board
    live = board.live[market.ident]
    if len(live) > LIVE_MOST:
        found.append(("U1", len(live), LIVE_MOST))
    for auction in live:
        known = board.auctions.get(auction.ident)
        if known is not auction or auction.market != market.ident:
            found.append(("U3", auction.ident, market.ident))
        if not board.ends.has(auction.ends_ms, auction.ident):
            found.append(("U3", auction.ident, auction.ends_ms))
        if len(auction.offers) > 0:
            due = auction.offers[0].due_ms
            if not board.offers_due.has(due, auction.ident):
                found.append(("U3", auction.ident, due))
        order = auction.order
        if order.remaining <= 0 or order.filled + order.remaining != order.size:
            found.append(("U3", order.remaining, order.size))
        if order.resting or auction.ident in state.orders:
            found.append(("U4", auction.ident, 0))


def check_triggers(state: State, found: list[Fault]) -> None:
    """U3, O9: the indexes know every trigger and every delayed order, an id is one thing only,
    nothing is left over."""
    board = state.board
    above = 0
    delayed = 0
    for ident in sorted(board.triggers):
        trigger = board.triggers[ident]
        if trigger.is_delayed():
            delayed += 1
            held = board.later[trigger.market].has(trigger.earliest_ms, ident)
            if not board.delayed_ends.has(trigger.order.expires_ms, ident):
                found.append(("U3", ident, trigger.order.expires_ms))
        elif trigger.direction == ABOVE:
            above += 1
            held = board.above[trigger.market].has(trigger.trigger_price, ident)
        else:
            held = board.below[trigger.market].has(PRICE_MAX - trigger.trigger_price, ident)
        if not held:
            found.append(("U3", ident, max(trigger.trigger_price, trigger.earliest_ms)))
        if ident in board.auctions or ident in state.orders:
            found.append(("O9", ident, 0))
    rising = 0
    falling = 0
    later = 0
    for market in range(len(state.markets)):
        rising += board.above[market].size()
        falling += board.below[market].size()
        later += board.later[market].size()
    if rising != above or rising + falling + later != len(board.triggers):
        found.append(("U3", rising + falling + later, len(board.triggers)))
    if later != delayed or board.delayed_ends.size() != delayed:
        found.append(("U3", board.delayed_ends.size(), delayed))
    lives = 0
    for live in board.live:
        lives += len(live)
    if lives != len(board.auctions) or board.ends.size() != lives:
        found.append(("U3", board.ends.size(), lives))


def check_counts(state: State, account: Account, found: list[Fault]) -> None:
    """O2: an account's counters are what is live of it."""
    auctions = 0
    liquidations = 0
    triggers = 0
    board = state.board
    for live in board.live:
        for auction in live:
            if auction.order.account is account:
                auctions += 1
                if auction.cause == OF_LIQUIDATION:
                    liquidations += 1
    if account.triggers > 0:
        for ident in sorted(board.triggers):
            if board.triggers[ident].order.account is account:
                triggers += 1
    if account.auctions != auctions or account.liquidations != liquidations:
        found.append(("O2", account.auctions, auctions))
    if account.triggers != triggers:
        found.append(("O2", account.triggers, triggers))


def check_clearing(state: State, market: Market, found: list[Fault]) -> None:
    """F1: the clearing account can pay what all positions would receive if they settled now."""
    owed = 0
    for account in state.accounts:
        row = account.position(market.ident)
        if row is not None and row.base != 0:
            owed += margin.funding_due(state, account, row)
    if market.clearing.cash() < owed:
        found.append(("F1", market.clearing.cash(), owed))


def check_escrow(state: State, market: Market, found: list[Fault]) -> None:
    """E4: escrow holds exactly the keeper fees of the orders that wait in this market."""
    held = 0
    for ident in sorted(state.orders):
        order = state.orders[ident]
        if order.market == market.ident:
            held += order.keeper_fee
    for auction in state.board.live[market.ident]:
        held += auction.order.keeper_fee
    if market.escrow.cash() != held:
        found.append(("E4", market.escrow.cash(), held))
