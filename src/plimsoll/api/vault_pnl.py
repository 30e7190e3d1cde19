"""Endpoints of what vaults and vAMMs earn: PnL by cause, and the history of it.

Rows of the one table in ``endpoints``. Open to all, as what vaults are is (API-018).
"""

from __future__ import annotations

from typing import Final

from plimsoll.api.parameters import SYMBOL, VAULT
from plimsoll.api.table import Endpoint, Parameter
from plimsoll.client import models
from plimsoll.client.vault_base import POINTS_MAX
from plimsoll.messages.fields import TIME_MAX

_PNL: Final = (
    "From the last point kept up to `from` (without it the opening) to the last one up to `to` "
    "(without it now). `nav` equals `nav_before` plus `flows` plus the seven `causes`, exactly."
)
_HISTORY: Final = (
    "The last point of each hour or day (UTC), oldest first; the newest is of the present one. "
    "With `from` the first `limit` of them, without it the newest. Hours are kept for 90 days, "
    "days for ever."
)
_TIMES: Final = (
    Parameter(name="from", text="Not before this time, ms (UTC).", high=TIME_MAX),
    Parameter(name="to", text="Not after this time, ms (UTC).", high=TIME_MAX),
)
_WHICH: Final = (
    Parameter(
        name="resolution",
        text="A point for each `hour` or `day`.",
        pattern="(?:hour|day)",
        default="hour",
    ),
    *_TIMES,
    Parameter(name="limit", text="How many at most.", low=1, high=POINTS_MAX, default=500),
)

VAULT_PNL: Final = (
    Endpoint(
        method="GET",
        path="/v1/pnl",
        summary="What every vault and vAMM earned, by cause",
        text=_PNL,
        handler=lambda call: call.client.pnl(call.args["from"], call.args["to"]),
        response=list[models.PnlInfo],
        weight=10,
        parameters=_TIMES,
    ),
    Endpoint(
        method="GET",
        path="/v1/vaults/{vault}/pnl",
        summary="What a vault earned, by cause",
        text=_PNL,
        handler=lambda call: call.client.vault_pnl(
            call.args["vault"], call.args["from"], call.args["to"]
        ),
        response=models.PnlInfo,
        weight=2,
        parameters=(VAULT, *_TIMES),
    ),
    Endpoint(
        method="GET",
        path="/v1/vaults/{vault}/history",
        summary="Share price and PnL of a vault, by hour or day",
        text=_HISTORY,
        handler=lambda call: call.client.vault_history(
            call.args["vault"],
            call.args["resolution"],
            call.args["from"],
            call.args["to"],
            call.args["limit"],
        ),
        response=list[models.PnlPoint],
        weight=10,
        parameters=(VAULT, *_WHICH),
    ),
    Endpoint(
        method="GET",
        path="/v1/vamms/{symbol}/pnl",
        summary="What the vAMM of a market earned, by cause",
        text=_PNL,
        handler=lambda call: call.client.vamm_pnl(
            call.args["symbol"], call.args["from"], call.args["to"]
        ),
        response=models.PnlInfo,
        weight=2,
        parameters=(SYMBOL, *_TIMES),
    ),
    Endpoint(
        method="GET",
        path="/v1/vamms/{symbol}/history",
        summary="Worth and PnL of the vAMM of a market, by hour or day",
        text=_HISTORY,
        handler=lambda call: call.client.vamm_history(
            call.args["symbol"],
            call.args["resolution"],
            call.args["from"],
            call.args["to"],
            call.args["limit"],
        ),
        response=list[models.PnlPoint],
        weight=10,
        parameters=(SYMBOL, *_WHICH),
    ),
)
