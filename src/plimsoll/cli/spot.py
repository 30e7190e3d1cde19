"""``plimsoll spot``: the pools in which vaults hedge, and firm quotes of desks."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from plimsoll.cli import connection, output
from plimsoll.cli.app import App, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.client.models import FirmQuoteRequest, Receipt, SwapRequest
from plimsoll.runtime.node_types import system_clock


@click.group()
@common
def spot() -> None:
    """Spot pools and firm quotes, on which hedged vaults trade their other leg."""


@spot.command("pools")
@common
@click.pass_obj
def pools(app: App) -> None:
    """Every pool: reserves, price, fee."""

    async def work(session: Session) -> Any:
        return await session.client.spot_pools()

    found = connection.run(app, work, private=False)
    rows = [
        (
            str(one.pool),
            f"{one.base}/{one.quote}",
            output.grouped(one.price),
            output.ppm_text(one.fee),
            f"{output.grouped(one.base_reserve)} {one.base}",
            f"{output.grouped(one.quote_reserve)} {one.quote}",
            output.grouped(one.virtual_base),
            output.grouped(one.virtual_quote),
        )
        for one in found
    ]
    names = ("pool", "pair", "price", "fee", "base", "quote", "virtual base", "virtual quote")
    output.show_rows(app, found, "Spot pools", names, rows, left=2, none="no pools")


@spot.command("quotes")
@common
@click.pass_obj
def quotes(app: App) -> None:
    """Every firm quote; whose it is only where it is yours."""

    async def work(session: Session) -> Any:
        return await session.client.spot_quotes()

    found = connection.run(app, work, private=False)
    rows = [
        (
            str(one.quote),
            one.asset,
            output.side_text(one.side),
            output.grouped(one.price),
            output.grouped(one.amount),
            Text("expired", style="yellow") if one.expired else utc(one.expires_ms),
            "" if one.account is None else str(one.account),
        )
        for one in found
    ]
    names = ("quote", "asset", "desk", "price", "amount", "until (UTC)", "account")
    output.show_rows(app, found, "Firm quotes", names, rows, left=3, none="no firm quotes")


@spot.command("swap")
@click.argument("pool", type=click.IntRange(0))
@click.argument("asset", metavar="ASSET_IN")
@click.argument("amount")
@click.option(
    "--out", "exact_out", is_flag=True, help="AMOUNT is what goes out, not what comes in."
)
@click.option("--limit", default="0", help="The least that goes out, or with --out the most in.")
@account_option
@client_id_option
@common
@click.pass_obj
def swap(app: App, /, pool: int, asset: str, amount: str, exact_out: bool, **given: Any) -> None:
    """Swap AMOUNT of ASSET_IN in POOL."""

    async def work(session: Session) -> Receipt:
        request = SwapRequest(
            account=await session.account(given["account"]),
            pool=pool,
            asset_in=asset.upper(),
            amount=amount,
            exact="out" if exact_out else "in",
            limit=given["limit"],
        )
        return await session.client.swap(request, given["client_id"])

    receipt = connection.run(app, work)
    done = next((one for one in receipt.events if one["type"] == "SpotSwapped"), None)
    text = f"swapped in pool {pool}"
    if done is not None:
        text = (
            f"{output.grouped(done['amount_in'])} into pool {pool}, "
            f"{output.grouped(done['amount_out'])} out"
        )
    output.finish(app, receipt, text)


@spot.command("quote")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("asset")
@click.argument("amount")
@click.option("--price", required=True, help="USD a whole of the asset.")
@click.option(
    "--seconds", type=click.IntRange(1), default=60, show_default=True, help="How long it stands."
)
@account_option
@client_id_option
@common
@click.pass_obj
def quote(app: App, /, side: Any, asset: str, amount: str, **given: Any) -> None:
    """Offer to SIDE (buy or sell) AMOUNT of ASSET for USD; what that needs is held in escrow."""

    async def work(session: Session) -> Receipt:
        request = FirmQuoteRequest(
            account=await session.account(given["account"]),
            asset=asset.upper(),
            side=side,
            price=given["price"],
            amount=amount,
            expires_ms=system_clock() + 1_000 * given["seconds"],
        )
        return await session.client.post_spot_quote(request, given["client_id"])

    receipt = connection.run(app, work)
    made = next((one for one in receipt.events if one["type"] == "FirmQuotePosted"), None)
    ident = "" if made is None else f" {made['firm_quote']}"
    output.finish(
        app, receipt, f"firm quote{ident}: {side} {output.grouped(amount)} {asset.upper()}"
    )


@spot.command("cancel")
@click.argument("ident", metavar="QUOTE", type=click.IntRange(1))
@account_option
@client_id_option
@common
@click.pass_obj
def cancel(app: App, ident: int, account: int | None, client_id: str) -> None:
    """Take a firm quote back, with what is held for it."""

    async def work(session: Session) -> Receipt:
        owner = await session.account(account)
        return await session.client.cancel_spot_quote(owner, ident, client_id)

    output.finish(app, connection.run(app, work), f"firm quote {ident} cancelled")
