"""What must hold of proposals: the full sweep's part of changes by two keys.

It lists what it finds wrong as (invariant, value, limit); ``invariants`` halts on it.
"""

from __future__ import annotations

from plimsoll.core.live_checks import Fault
from plimsoll.core.proposals import OPEN_MOST
from plimsoll.core.state import State
from plimsoll.messages.changes import BY_TAG
from plimsoll.messages.codes import ROLE_OPERATOR


def faults(state: State) -> list[Fault]:
    """N3: everything that is wrong, in order of id."""
    found: list[Fault] = []
    board = state.guard
    count = len(board.proposals)
    if count > OPEN_MOST or board.proposal_ends.size() != count:
        found.append(("N3", count, board.proposal_ends.size()))
    for ident in sorted(board.proposals):
        row = board.proposals[ident]
        if row.ident != ident or not board.proposal_ends.has(row.expires_ms, ident):
            found.append(("N3", ident, row.expires_ms))
        if row.ready_ms >= row.expires_ms:
            found.append(("N3", row.ready_ms, row.expires_ms))
        if row.change.tag() not in BY_TAG:
            found.append(("N3", ident, row.change.tag()))
        if not is_operator(state, row.principal):
            found.append(("N3", ident, row.principal))
    return found


def is_operator(state: State, ident: int) -> bool:
    """Whether a principal may propose."""
    if ident >= len(state.principals):
        return False
    return (state.principals[ident].roles & ROLE_OPERATOR) != 0
