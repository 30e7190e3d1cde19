"""What must hold of spot pools, firm quotes and their escrow.

The functions of the full sweep list what they find wrong as (invariant, value, limit);
``invariants`` halts on it.
"""

from __future__ import annotations

from plimsoll.core.state import USD, State
from plimsoll.core.vault_board import ranks_before
from plimsoll.messages.codes import (
    FIRM_ESCROW,
    HEDGED_VAULT,
    HELD,
    SELL,
    SPOT_POOL,
    VAULT_UNLOCKS,
)

Fault = tuple[str, int, int]


def must_not_owe(kind: int, asset: int) -> bool:
    """S1: whether an account of this kind may never be negative in an asset."""
    if kind == HEDGED_VAULT:
        return asset != USD
    return kind in (SPOT_POOL, FIRM_ESCROW, VAULT_UNLOCKS, HELD)


def faults(state: State) -> list[Fault]:
    """Everything that is wrong, in a fixed order."""
    found: list[Fault] = []
    check_balances(state, found)
    check_escrow(state, found)
    check_offers(state, found)
    return found


def check_balances(state: State, found: list[Fault]) -> None:
    """S1: what is held for others, or to hedge with, is there."""
    for account in state.accounts:
        found += [
            ("S1", row.amount, 0)
            for row in account.balances
            if row.amount < 0 and must_not_owe(account.kind, row.asset)
        ]


def check_escrow(state: State, found: list[Fault]) -> None:
    """E5: of every asset, escrow holds the sum of what is held for the firm quotes."""
    board = state.liquidity
    holder = board.escrow
    for asset in range(len(state.assets)):
        needed = 0
        for offer in board.offers:
            if (offer.asset if offer.side == SELL else USD) == asset:
                needed += offer.held
        held = 0 if holder is None else holder.held(asset)
        if held != needed:
            found.append(("E5", held, needed))


def check_offers(state: State, found: list[Fault]) -> None:
    """X2: the offers are sorted, each of something, in the table and in the timer."""
    board = state.liquidity
    for at in range(len(board.offers)):
        offer = board.offers[at]
        if at > 0 and not ranks_before(board.offers[at - 1], offer):
            found.append(("X2", offer.ident, at))
        if board.quotes.get(offer.ident) is not offer or offer.left <= 0 or offer.held < 0:
            found.append(("X2", offer.ident, offer.left))
        if not board.quote_ends.has(offer.expires_ms, offer.ident):
            found.append(("X2", offer.ident, offer.expires_ms))
    size = board.quote_ends.size()
    if len(board.quotes) != len(board.offers) or size != len(board.offers):
        found.append(("X2", size, len(board.offers)))
