"""What must hold of the breaker of the exchange: the full sweep's part of what it counts and holds.

Every function lists what it finds wrong as (invariant, value, limit); ``invariants`` halts on it.
"""

from __future__ import annotations

from plimsoll.core.live_checks import Fault
from plimsoll.core.rows import Ticks
from plimsoll.core.state import State
from plimsoll.messages.codes import NORMAL, PAUSED


def faults(state: State) -> list[Fault]:
    """Everything that is wrong, in a fixed order."""
    found: list[Fault] = []
    check_held(state, found)
    check_claims(state, found)
    for flows in state.guard.breaker.flows:
        check_ticks(flows, found)
    for principal in sorted(state.guard.outflows):
        check_ticks(state.guard.outflows[principal].flows, found)
    for vault in state.liquidity.vaults:
        check_ticks(vault.guard.hedges, found)
        if vault.guard.mode == NORMAL and vault.guard.calm_ms != 0:
            found.append(("C2", vault.guard.calm_ms, 0))
    if not NORMAL <= state.guard.breaker.mode <= PAUSED:
        found.append(("C2", state.guard.breaker.mode, PAUSED))
    return found


def check_held(state: State, found: list[Fault]) -> None:
    """C5: of every asset, the account for what is held has what the claims on it sum to, and as
    much of it counts as gone as the bound of the exchange holds."""
    board = state.guard
    held = [0] * len(state.assets)
    gone = [0] * len(state.assets)
    for ident in sorted(board.held):
        row = board.held[ident]
        held[row.asset] += row.amount
        if row.due_ms == 0:
            gone[row.asset] += row.amount
    for asset in range(len(state.assets)):
        has = 0 if board.holder is None else board.holder.held(asset)
        if has != held[asset]:
            found.append(("C5", has, held[asset]))
        if board.breaker.gone_of(asset) != gone[asset]:
            found.append(("C5", board.breaker.gone_of(asset), gone[asset]))


def check_claims(state: State, found: list[Fault]) -> None:
    """C6: every held withdrawal is in its timer, and counted with its owner."""
    board = state.guard
    claims: dict[int, int] = {}
    for ident in sorted(board.held):
        row = board.held[ident]
        claims[row.account.owner] = claims.get(row.account.owner, 0) + 1
        if row.amount <= 0 or not board.held_due.has(row.due_ms, ident):
            found.append(("C6", ident, row.due_ms))
    if board.held_due.size() != len(board.held):
        found.append(("C6", board.held_due.size(), len(board.held)))
    for principal in sorted(board.outflows):
        counted = board.outflows[principal].claims
        if counted != claims.get(principal, 0):
            found.append(("C6", counted, claims.get(principal, 0)))


def check_ticks(flows: Ticks, found: list[Fault]) -> None:
    """C7: what is counted stands in order of time, one sum a tick."""
    last = -1
    for start, _ in flows:
        if start <= last:
            found.append(("C7", start, last))
        last = start
