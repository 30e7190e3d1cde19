"""Changes that are announced, as the client's types."""

from __future__ import annotations

from typing import Any

from plimsoll.client.models import ProposalDifference, ProposalInfo
from plimsoll.core import views_proposals
from plimsoll.core.state import State
from plimsoll.messages import codec


def proposals(state: State, now: int) -> list[ProposalInfo]:
    """Every open proposal at a time (ms), oldest first."""
    return [_proposal(view) for view in views_proposals.proposals_view(state, now)]


def _proposal(view: dict[str, Any]) -> ProposalInfo:
    shown = {
        "change": codec.to_named(view["change"]),
        "differences": [ProposalDifference(**one) for one in view["differences"]],
    }
    return ProposalInfo(**{**view, **shown})


def breaker_params(state: State) -> dict[str, int]:
    """The limits of the outflow by name; empty as long as none were set."""
    params = state.guard.breaker.params
    if params is None:
        return {}
    return {name: int(getattr(params, name)) for name, _ in params.FIELDS}
