"""Delayed orders on the command line: ``plimsoll order buy ... --delayed``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click
import msgspec
from rich.table import Table

from plimsoll.cli import connection, output
from plimsoll.cli.app import App
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.client.models import PlaceDelayedRequest, Receipt
from plimsoll.client.models import TriggerInfo as Waiting
from plimsoll.runtime.node_types import system_clock

WAITS_MS: Final = 60_000
"""How long one waits if nothing is said."""
_TIME: Final = "%H:%M:%S.%f"


def place_delayed(app: App, side: str, market: str, size: str, given: dict[str, Any]) -> None:
    """Place an order that waits for a later oracle price."""
    if given["post_only"] != "none" or given["keeper_fee"] != "0" or given["tif"] == "gtc":
        raise click.UsageError(
            "a delayed order never rests: --post-only, --keeper-fee and --tif gtc do not go with it"
        )
    limit, worst = given["limit"], given["worst"]
    if limit is not None and worst is not None:
        raise click.UsageError("--limit makes a limit order, --worst belongs to a market order")
    values = {
        "market": market.upper(),
        "side": side,
        "size": size,
        "type": "market" if limit is None else "limit",
        "price": worst if limit is None else limit,
        "tif": given["tif"] or "ioc",
        "expires_ms": given["expires_ms"] or system_clock() + WAITS_MS,
        **{name: given[name] for name in ("reduce_only", "client_order_id", "vault")},
    }

    async def work(session: Session) -> Receipt:
        owner = await session.account(given["account"])
        request = msgspec.convert({"account": owner, **values}, type=PlaceDelayedRequest)
        return await session.client.place_delayed(request, given["client_id"])

    receipt = connection.run(app, work)
    placed = [one for one in receipt.events if one["type"] == "DelayedPlaced"]
    when = f" {time_text(placed[0]['earliest_ms'])} or later" if placed else " later"
    text = f"delayed order {receipt.order} waits for an oracle price published at{when}"
    output.finish(app, receipt, f"{text}, until {time_text(values['expires_ms'])}")


def time_text(ts_ms: int) -> str:
    """A time of day to the ms, UTC."""
    return utc(ts_ms, _TIME)[:-3]


def delayed_table(found: Sequence[Waiting]) -> Table:
    """Delayed orders of an account."""
    rows = [
        (
            str(one.order),
            one.market,
            output.side_text(one.side),
            output.grouped(one.price),
            output.grouped(one.size),
            time_text(one.earliest_ms or 0),
            utc(one.expires_ms, "%H:%M:%S"),
            one.client_order_id,
        )
        for one in found
    ]
    names = ("order", "market", "side", "price", "size", "published from", "until", "your id")
    return output.table("Delayed orders (UTC)", names, rows, left=3)
