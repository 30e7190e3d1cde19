"""The part of the Client protocol about what guards the exchange; see ``base``.

Changes are proposed, executed and taken back with ``Client.command``: ``{"type": "Propose",
"change": {"type": "SetMarketMode", ...}}``, ``{"type": "ExecuteProposal", "proposal": 7}``,
``{"type": "CancelProposal", "proposal": 7}``.
"""

from __future__ import annotations

from typing import Protocol

from plimsoll.client.models import ProposalInfo


class GuardClient(Protocol):
    """Changes that are announced, and the limits of the outflow; everybody may see them."""

    async def proposals(self) -> list[ProposalInfo]:
        """Every open proposal, oldest first."""

    async def breaker_params(self) -> dict[str, int]:
        """The limits of the outflow by name, scaled as ``SetBreakerParams`` takes them; empty as
        long as none were set.
        """
