"""Changes of the exchange that are announced: what is answered about them."""

from __future__ import annotations

from typing import Any, Literal

from plimsoll.client.model_base import Response

ProposalStatus = Literal["waiting", "ready", "stale", "expired"]


class ProposalDifference(Response, kw_only=True, frozen=True):
    """A parameter or a mode that a proposal changes: from what it was when that was proposed (None:
    nothing was set) to what, numbers scaled as in the command, flags 0 and 1, modes as words.
    """

    field: str
    before: int | str | None
    after: int | str
    loosens: bool


class ProposalInfo(Response, kw_only=True, frozen=True):
    """A change that was proposed by ``principal`` and waits for another operator to execute it.

    ``change`` is the command by its name, with numbers scaled as in ``POST /v1/commands``.
    ``status``: waiting until ``ready_ms``; ready from then until ``expires_ms``; stale, if what it
    replaces is no longer what it was, so that it cannot be executed any more; expired.
    """

    proposal: int
    principal: int
    name: str
    change: dict[str, Any]
    differences: list[ProposalDifference]
    ready_ms: int
    expires_ms: int
    status: ProposalStatus
