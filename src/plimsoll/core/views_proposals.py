"""Read-only questions about changes that are announced. Plain dicts of ints and texts, scaled as
inside, like ``views``.
"""

from __future__ import annotations

from typing import Any, cast

from plimsoll.core import proposals
from plimsoll.core.rows import Proposal
from plimsoll.core.state import State
from plimsoll.messages import changes
from plimsoll.messages.codes import BREAKER_MODES, MODES
from plimsoll.messages.commands import SetMarketMode
from plimsoll.messages.guard import SetBreakerMode
from plimsoll.messages.vaults import SetVaultMode

View = dict[str, Any]


def proposals_view(state: State, now: int) -> list[View]:
    """All that are open, oldest first."""
    found = state.guard.proposals
    return [proposal_view(state, found[ident], now) for ident in sorted(found)]


def proposal_view(state: State, row: Proposal, now: int) -> View:
    """One proposal, with its change as a command and what that would move."""
    return {
        "proposal": row.ident,
        "principal": row.principal,
        "name": state.principals[row.principal].name,
        "change": row.change,
        "differences": differences(state, row),
        "ready_ms": row.ready_ms,
        "expires_ms": row.expires_ms,
        "status": status(state, row, now),
    }


def status(state: State, row: Proposal, now: int) -> str:
    """Whether it may be executed, by another operator than who proposed it."""
    if now > row.expires_ms:
        return "expired"
    if proposals.is_stale(state, row):
        return "stale"
    return "waiting" if now < row.ready_ms else "ready"


def differences(state: State, row: Proposal) -> list[View]:
    """Every parameter, or mode, that would change: from what it was when the change was proposed
    (None: nothing was set, or a market is new), to what, and whether that loosens it."""
    values = row.change.row()
    at = 0
    for _, kind in changes.BY_TAG[row.change.tag()].FIELDS:
        at += 1
        if kind in changes.TIGHTER:
            return of_set(kind, row.basis, cast(list[object], values[at]))
    if isinstance(row.change, SetMarketMode):
        return of_mode(MODES, row.basis, row.change.mode)
    if isinstance(row.change, SetVaultMode):
        return of_mode(MODES, row.basis, row.change.mode)
    if isinstance(row.change, SetBreakerMode):
        found = of_mode(BREAKER_MODES, row.basis, row.change.mode)
        grace = row.change.grace_until_ms
        return [*found, difference("grace_until_ms", row.basis[2], grace, grace > 0)]
    return []


def of_set(kind: str, before: list[object], after: list[object]) -> list[View]:
    """What differs between two sets of parameters."""
    found: list[View] = []
    first = len(before) == 0
    at = 0
    for name, unit in changes.RECORDS[kind].FIELDS:
        old = None if first else before[at]
        new = after[at]
        if first or old != new:
            loose = not first and proposals.is_looser(kind, at, before, after)
            if unit == "flag":
                old = None if old is None else int(cast(int, old))
                new = int(cast(int, new))
            found.append(difference(name, old, new, loose))
        at += 1
    return found


def of_mode(words: tuple[str, ...], before: list[object], after: int) -> list[View]:
    """A mode that would change."""
    old = cast(int, before[0])
    return [] if old == after else [difference("mode", words[old], words[after], after < old)]


def difference(name: str, before: object, after: object, loosens: bool) -> View:
    """One field that would change."""
    return {"field": name, "before": before, "after": after, "loosens": loosens}
