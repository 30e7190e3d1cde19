"""Endpoints about what guards the exchange: announced changes, limits of the outflow.

Rows of the one table in ``endpoints``. Everybody may see what is announced: the delay is there so
that who dislikes a change can leave before it.
"""

from __future__ import annotations

from typing import Final

from plimsoll.api.table import Endpoint
from plimsoll.client import models

GUARD: Final = (
    Endpoint(
        method="GET",
        path="/v1/proposals",
        summary="Changes that are announced: what they would move, from when they may be executed",
        text=(
            "While `admin_delay_ms` is set, what loosens a limit, moves the exchange's money or "
            "makes an operator or an oracle is proposed by one operator and executed by another "
            "after the delay. All of it is sent as a command: `Propose`, `ExecuteProposal`, "
            "`CancelProposal`."
        ),
        handler=lambda call: call.client.proposals(),
        response=list[models.ProposalInfo],
        weight=5,
    ),
    Endpoint(
        method="GET",
        path="/v1/breaker/params",
        summary="The limits of what may leave the exchange; empty if there are none",
        handler=lambda call: call.client.breaker_params(),
        response=dict[str, int],
    ),
)
