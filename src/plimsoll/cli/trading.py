"""``plimsoll order``: buy, sell, quote, list, amend, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from plimsoll.cli import connection, output
from plimsoll.cli.app import App, common
from plimsoll.cli.connection import Session
from plimsoll.cli.delayed import delayed_table, place_delayed
from plimsoll.cli.order_report import print_order
from plimsoll.cli.spans import read_span
from plimsoll.client.models import (
    AmendOrderRequest,
    OrderInfo,
    PlaceOrderRequest,
    PositionInfo,
    Receipt,
    TriggerInfo,
)
from plimsoll.runtime.node_types import system_clock

F = TypeVar("F", bound=Callable[..., Any])

account_option = click.option("--account", type=click.IntRange(0), help="Your account's number.")
client_id_option = click.option(
    "--client-id", default="", help="Makes the command act once, however often it is sent."
)


def order_options(function: F) -> F:
    """The options of everything that describes an order."""
    options = [
        click.argument("market"),
        click.argument("size"),
        click.option("--limit", metavar="PRICE", help="Limit order; without it a market order."),
        click.option("--worst", metavar="PRICE", help="Worst price of a market order."),
        click.option("--tif", type=click.Choice(["gtc", "ioc", "fok"]), help="Time in force."),
        click.option(
            "--post-only",
            is_flag=False,
            flag_value="reject",
            default="none",
            type=click.Choice(["none", "reject", "slide"]),
            help="Never take liquidity: be rejected, or slide behind the best price.",
        ),
        click.option("--reduce-only", is_flag=True, help="Only close a position."),
        click.option("--expires-ms", type=click.IntRange(0), default=0, help="Time in ms UTC."),
        click.option("--client-order-id", default="", help="Your own name for the order."),
        click.option("--keeper-fee", default="0", help="Held back for whoever fills it first."),
        click.option("--vault", type=click.IntRange(0), help="Direct it at this hedged vault."),
        account_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _request(account: int, side: str, market: str, size: str, given: dict[str, Any]) -> Any:
    limit, worst = given["limit"], given["worst"]
    if limit is not None and worst is not None:
        raise click.UsageError("--limit makes a limit order, --worst belongs to a market order")
    values = {
        "account": account,
        "market": market.upper(),
        "side": side,
        "type": "market" if limit is None else "limit",
        "tif": given["tif"],
        "price": worst if limit is None else limit,
        "size": size,
        "post_only": given["post_only"],
        "reduce_only": given["reduce_only"],
        "expires_ms": given["expires_ms"],
        "client_order_id": given["client_order_id"],
        "keeper_fee": given["keeper_fee"],
        "vault": given["vault"],
    }
    return msgspec.convert(values, type=PlaceOrderRequest)


def _position(positions: list[PositionInfo], market: str) -> PositionInfo | None:
    return next((one for one in positions if one.market == market), None)


def placing_options(function: F) -> F:
    """The options of commands that place an order."""
    options = [
        order_options,
        click.option("--expires", metavar="TIME", help="From now on, as 60s or 2h."),
        click.option(
            "--delayed",
            is_flag=True,
            help="Executed at the first oracle price published later, or not at all.",
        ),
        client_id_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _place(app: App, side: str, market: str, size: str, given: dict[str, Any]) -> None:
    if given["expires"] is not None:
        if given["expires_ms"]:
            raise click.UsageError("--expires and --expires-ms are two answers to one question")
        given["expires_ms"] = system_clock() + read_span("--expires", given["expires"])
    if given["delayed"]:
        place_delayed(app, side, market, size, given)
        return
    account, client_id = given["account"], given["client_id"]

    async def work(session: Session) -> tuple[Receipt, Any, Any]:
        request = _request(await session.account(account), side, market, size, given)
        receipt = await session.client.place_order(request, client_id)
        if not receipt.accepted:
            return receipt, request, None
        return receipt, request, await session.client.account(request.account)

    receipt, request, after = connection.run(app, work)
    output.require_accepted(app, receipt)
    held = _position(after.positions, request.market)
    if app.json:
        output.print_json({"receipt": receipt, "position": held})
    else:
        print_order(output.console(), request, receipt, after, held)


@click.group()
@common
def order() -> None:
    """Buy and sell; list, amend and cancel orders; quotes.

    Sizes, prices and money are decimal numbers: `plimsoll order buy BTC-USD 0.01 --limit 60000`.
    """


@order.command("buy")
@placing_options
@common
@click.pass_obj
def buy(app: App, /, market: str, size: str, **given: Any) -> None:
    """Buy SIZE of MARKET."""
    _place(app, "buy", market, size, given)


@order.command("sell")
@placing_options
@common
@click.pass_obj
def sell(app: App, /, market: str, size: str, **given: Any) -> None:
    """Sell SIZE of MARKET."""
    _place(app, "sell", market, size, given)


@order.command("place")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@placing_options
@common
@click.pass_obj
def place(app: App, /, side: str, market: str, size: str, **given: Any) -> None:
    """Place an order: the same as buy and sell, with the side as a word."""
    _place(app, side, market, size, given)


@order.command("quote")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@order_options
@common
@click.pass_obj
def quote(app: App, /, side: str, market: str, size: str, **given: Any) -> None:
    """What an order would give now; changes nothing."""

    async def work(session: Session) -> tuple[Receipt, Any]:
        request = _request(await session.account(given["account"]), side, market, size, given)
        return await session.client.quote(request), request

    receipt, request = connection.run(app, work)
    output.require_accepted(app, receipt)
    if app.json:
        output.print_json({"receipt": receipt})
    else:
        print_order(output.console(), request, receipt, None, None)


@order.command("list")
@account_option
@common
@click.pass_obj
def list_orders(app: App, account: int | None) -> None:
    """Your open orders, oldest first, and delayed ones behind them."""

    async def work(session: Session) -> tuple[list[OrderInfo], list[TriggerInfo]]:
        owner = await session.account(account)
        waiting = await session.client.triggers(owner)
        delayed = [one for one in waiting if one.kind == "delayed"]
        return await session.client.orders(owner), delayed

    found, delayed = connection.run(app, work)
    if app.json:
        output.print_json([*found, *delayed])
        return
    rows = [
        (
            str(one.order),
            one.market,
            output.side_text(one.side),
            output.grouped(one.price),
            output.grouped(one.size),
            output.grouped(one.filled),
            "yes" if one.reduce_only else "",
            one.client_order_id,
        )
        for one in found
    ]
    names = ("order", "market", "side", "price", "size", "filled", "reduce only", "your id")
    screen = output.console()
    if rows:
        screen.print(output.table("Open orders", names, rows, left=3))
    if delayed:
        if rows:
            screen.print()
        screen.print(delayed_table(delayed))
    if not rows and not delayed:
        click.echo("no open orders")


@order.command("amend")
@click.argument("ident", metavar="ORDER", type=click.IntRange(1))
@click.option("--limit", metavar="PRICE", help="New limit; without it the old one stays.")
@click.option("--size", help="New total size, the filled part included.")
@account_option
@client_id_option
@common
@click.pass_obj
def amend(
    app: App,
    ident: int,
    limit: str | None,
    size: str | None,
    account: int | None,
    client_id: str,
) -> None:
    """Change the limit or the total size of an open order."""
    if limit is None and size is None:
        raise click.UsageError("nothing to change: pass --limit, --size or both")

    async def work(session: Session) -> Receipt:
        owner = await session.account(account)
        price, total = limit, size
        if price is None or total is None:
            known = {one.order: one for one in await session.client.orders(owner)}
            if ident not in known:
                raise click.UsageError(f"order {ident} is not open; see `plimsoll order list`")
            price = known[ident].price if price is None else price
            total = known[ident].size if total is None else total
        request = AmendOrderRequest(account=owner, price=price, size=total)
        return await session.client.amend_order(ident, request, client_id)

    _print_done(app, connection.run(app, work), f"order {ident} amended")


@order.command("cancel")
@click.argument("ident", metavar="[ORDER]", type=click.IntRange(1), required=False)
@click.option("--client-order-id", default="", help="Your own name for the order.")
@account_option
@client_id_option
@common
@click.pass_obj
def cancel(
    app: App, ident: int | None, client_order_id: str, account: int | None, client_id: str
) -> None:
    """Cancel one order, by its number or by your own name for it."""
    if (ident is None) == (client_order_id == ""):
        raise click.UsageError("name one order: its number, or --client-order-id")

    async def work(session: Session) -> Receipt:
        owner = await session.account(account)
        return await session.client.cancel_order(owner, ident or 0, client_order_id, client_id)

    receipt = connection.run(app, work)
    _print_done(app, receipt, f"order {receipt.order or ident or client_order_id} cancelled")


@order.command("cancel-all")
@click.option("--market", help="Only in this market.")
@account_option
@client_id_option
@common
@click.pass_obj
def cancel_all(app: App, market: str | None, account: int | None, client_id: str) -> None:
    """Cancel all your orders."""
    symbol = None if market is None else market.upper()

    async def work(session: Session) -> Receipt:
        owner = await session.account(account)
        return await session.client.cancel_all(owner, symbol, client_id)

    receipt = connection.run(app, work)
    gone = sum(event["type"] == "OrderRemoved" for event in receipt.events)
    _print_done(app, receipt, f"{gone} {'order' if gone == 1 else 'orders'} cancelled")


def _print_done(app: App, receipt: Receipt, text: str) -> None:
    output.require_accepted(app, receipt)
    if app.json:
        output.print_json(receipt)
    else:
        again = " (sent before; nothing was done twice)" if receipt.duplicate else ""
        click.echo(f"{text}{again}")
