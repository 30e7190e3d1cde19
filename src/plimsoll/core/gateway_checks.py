"""What must hold of signers and of signed orders: the full sweep's part of the gateway.

It lists what it finds wrong as (invariant, value, limit); ``invariants`` halts on it.
"""

from __future__ import annotations

from plimsoll.core.live_checks import Fault
from plimsoll.core.signed_orders import SIGNERS_MOST
from plimsoll.core.state import State
from plimsoll.messages.codes import TRADER


def faults(state: State) -> list[Fault]:
    """Everything that is wrong, in a fixed order."""
    found: list[Fault] = []
    check_timers(state, found)
    check_filled(state, found)
    check_signers(state, found)
    return found


def check_timers(state: State, found: list[Fault]) -> None:
    """G6: every signed order that is known is in both indexes and in its timer, nothing else is."""
    board = state.gateway
    for order_hash in sorted(board.signed):
        row = board.signed[order_hash]
        if board.by_ident.get(row.ident) is not row or row.order_hash != order_hash:
            found.append(("G6", row.ident, len(board.by_ident)))
        if not board.ends.has(row.expires_ms, row.ident):
            found.append(("G6", row.ident, row.expires_ms))
    known = len(board.signed)
    if len(board.by_ident) != known or board.ends.size() != known:
        found.append(("G6", board.ends.size(), known))


def check_filled(state: State, found: list[Fault]) -> None:
    """G7: no order is filled beyond its size; what is neither filled nor cancelled is not known."""
    board = state.gateway
    for order_hash in sorted(board.signed):
        row = board.signed[order_hash]
        if row.filled < 0 or row.filled > row.size or row.size < 1:
            found.append(("G7", row.filled, row.size))
        if row.filled == 0 and not row.cancelled:
            found.append(("G7", row.ident, 0))
        if row.cancelled and row.filled == row.size:
            found.append(("G7", row.ident, row.size))


def check_signers(state: State, found: list[Fault]) -> None:
    """G8: keys belong to accounts that trade; each stands once, in order, not too many of them."""
    board = state.gateway
    for ident in sorted(board.signers):
        keys = board.signers[ident]
        if not 1 <= len(keys) <= SIGNERS_MOST:
            found.append(("G8", len(keys), SIGNERS_MOST))
        if ident >= len(state.accounts) or state.accounts[ident].kind != TRADER:
            found.append(("G8", ident, len(state.accounts)))
        last = ""
        for key in keys:
            if key <= last:
                found.append(("G8", ident, len(keys)))
            last = key
