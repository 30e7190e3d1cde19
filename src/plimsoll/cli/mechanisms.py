"""``plimsoll trigger``, ``auction``, ``funding``, ``repegs`` and ``liquidations``."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from plimsoll.cli import connection, output
from plimsoll.cli.app import App, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import span, utc
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.client.base import HISTORY_MAX
from plimsoll.client.models import OfferRequest, PlaceTriggerRequest, Receipt, TriggerInfo

limit_option = click.option(
    "--limit", type=click.IntRange(1, HISTORY_MAX), default=20, show_default=True
)


@click.group()
@common
def trigger() -> None:
    """Orders that wait for the oracle: stops and take-profits.

    Cancel them as any order: `plimsoll order cancel NUMBER`.
    """


@trigger.command("place")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("market")
@click.argument("size")
@click.option("--above", metavar="PRICE", help="Place it once the oracle is at or above this.")
@click.option("--below", metavar="PRICE", help="Place it once the oracle is at or below this.")
@click.option("--limit", metavar="PRICE", help="A limit order; without it a market order.")
@click.option("--worst", metavar="PRICE", help="Worst price of a market order.")
@click.option("--tif", type=click.Choice(["gtc", "ioc", "fok"]), help="Time in force.")
@click.option("--reduce-only", is_flag=True, help="Only close a position.")
@click.option("--expires-ms", type=click.IntRange(0), default=0, help="Time in ms UTC.")
@click.option("--client-order-id", default="", help="Your own name for the order.")
@account_option
@client_id_option
@common
@click.pass_obj
def place_trigger(app: App, /, side: str, market: str, size: str, **given: Any) -> None:
    """Leave an order to SIDE (buy or sell) SIZE of MARKET once the oracle reaches a price."""
    above, below, limit, worst = (given[one] for one in ("above", "below", "limit", "worst"))
    if (above is None) == (below is None):
        raise click.UsageError("name one price to wait for: --above or --below")
    if limit is not None and worst is not None:
        raise click.UsageError("--limit makes a limit order, --worst belongs to a market order")
    values = {
        "market": market.upper(),
        "side": side,
        "size": size,
        "trigger_price": above if below is None else below,
        "direction": "above" if below is None else "below",
        "type": "market" if limit is None else "limit",
        "price": worst if limit is None else limit,
        **{name: given[name] for name in ("tif", "reduce_only", "expires_ms", "client_order_id")},
    }

    async def work(session: Session) -> Receipt:
        owner = await session.account(given["account"])
        request = msgspec.convert({"account": owner, **values}, type=PlaceTriggerRequest)
        return await session.client.place_trigger(request, given["client_id"])

    receipt = connection.run(app, work)
    waits = f"{values['direction']} {output.grouped(str(values['trigger_price']))}"
    output.finish(app, receipt, f"trigger {receipt.order} waits for the oracle {waits}")


@trigger.command("list")
@account_option
@common
@click.pass_obj
def list_triggers(app: App, account: int | None) -> None:
    """Your triggers and delayed orders, oldest first."""

    async def work(session: Session) -> Any:
        return await session.client.triggers(await session.account(account))

    found = connection.run(app, work)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            str(one.order),
            one.market,
            output.side_text(one.side),
            waits_for(one),
            one.type,
            output.grouped(one.price),
            output.grouped(one.size),
            "yes" if one.reduce_only else "",
            one.client_order_id,
        )
        for one in found
    ]
    names = ("order", "market", "side", "oracle", "type", "price", "size", "reduce only", "your id")
    _print_rows("Triggers", names, rows, left=3, none="no triggers")


def waits_for(one: TriggerInfo) -> str:
    """The oracle's price that a trigger waits for, or from when on a price lets an order go."""
    if one.earliest_ms is not None:
        return f"later than {utc(one.earliest_ms - 1, '%H:%M:%S.%f')[:-3]}"
    return f"{one.direction} {output.grouped(one.trigger_price)}"


@click.group()
@common
def auction() -> None:
    """Auctions of market orders: see what they ask, take the other side."""


@auction.command("list")
@click.argument("symbol")
@common
@click.pass_obj
def list_auctions(app: App, symbol: str) -> None:
    """The live auctions of a market, with what they ask now."""

    async def work(session: Session) -> Any:
        return await session.client.auctions(symbol.upper())

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            str(one.auction),
            one.cause,
            output.side_text(one.side),
            output.grouped(one.remaining),
            output.grouped(one.price),
            output.grouped(one.start),
            output.grouped(one.end),
            output.grouped(one.limit),
            span(one.ms_left),
            str(one.offers),
        )
        for one in found
    ]
    names = ("auction", "of", "taker", "size", "asks", "start", "end", "worst", "left", "offers")
    _print_rows(f"Auctions of {symbol.upper()}", names, rows, left=3, none="no auctions")


@auction.command("offer")
@click.argument("ident", metavar="AUCTION", type=click.IntRange(1))
@click.argument("size")
@click.option("--price", required=True, help="What the auction asks now, or better for its taker.")
@account_option
@client_id_option
@common
@click.pass_obj
def offer(app: App, ident: int, size: str, price: str, account: int | None, client_id: str) -> None:
    """Offer to take the other side of AUCTION for SIZE."""

    async def work(session: Session) -> Receipt:
        request = OfferRequest(account=await session.account(account), price=price, size=size)
        return await session.client.offer(ident, request, client_id)

    receipt = connection.run(app, work)
    done = f"{receipt.status}, {output.grouped(receipt.filled)} filled"
    output.finish(app, receipt, f"offer {receipt.order} in auction {ident}: {done}")


@click.command()
@click.argument("symbol")
@limit_option
@common
@click.pass_obj
def funding(app: App, symbol: str, limit: int) -> None:
    """The last funding periods of a market, newest first."""

    async def work(session: Session) -> Any:
        return await session.client.funding(symbol.upper(), limit)

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            utc(one.ts),
            output.grouped(one.mark),
            output.grouped(one.oracle),
            one.reason or "" if one.skipped else output.gain(one.rate),
            "" if one.skipped else output.gain(one.rate_long),
            "" if one.skipped else output.gain(one.rate_short),
            "" if one.skipped else output.gain(one.pool),
        )
        for one in found
    ]
    names = ("time (UTC)", "mark", "oracle", "rate", "longs", "shorts", "pool (USD)")
    _print_rows(f"Funding of {symbol.upper()}", names, rows, left=1, none="no funding yet")


@click.command()
@click.argument("symbol")
@limit_option
@common
@click.pass_obj
def repegs(app: App, symbol: str, limit: int) -> None:
    """The last repegs of a market and the changes of its health, newest first."""

    async def work(session: Session) -> Any:
        return await session.client.repegs(symbol.upper(), limit)

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            utc(one.ts),
            one.type,
            one.cause or one.what or "",
            output.grouped(one.before),
            output.grouped(one.peg),
            "-" if one.cost is None else output.gain(one.cost),
            output.grouped(one.mark),
            output.grouped(one.oracle),
            "" if one.value is None else output.ppm_text(one.value),
        )
        for one in found
    ]
    names = ("time (UTC)", "what", "why", "before", "peg", "cost", "mark", "oracle", "measured")
    _print_rows(f"Repegs of {symbol.upper()}", names, rows, left=3, none="no repegs yet")


@click.command()
@limit_option
@common
@click.pass_obj
def liquidations(app: App, limit: int) -> None:
    """The last steps of liquidations in all markets, newest first."""

    async def work(session: Session) -> Any:
        return await session.client.liquidations(limit)

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            utc(one.ts),
            one.type.replace("_", " "),
            one.symbol or "",
            one.side or "",
            output.grouped(one.size),
            output.grouped(one.price),
            output.grouped(one.oracle),
            one.reason or "",
            output.grouped(one.loss),
        )
        for one in found
    ]
    names = ("time (UTC)", "what", "market", "side", "size", "price", "oracle", "reason", "loss")
    _print_rows("Liquidations", names, rows, left=4, none="no liquidations yet")


def _print_rows(
    title: str, names: tuple[str, ...], rows: list[tuple[Any, ...]], *, left: int, none: str
) -> None:
    if rows:
        output.console().print(output.table(title, names, rows, left=left))
    else:
        click.echo(none)
