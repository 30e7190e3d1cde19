"""``plimsoll vault``: shares of maker vaults, what they quote, trades with a hedged one."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from plimsoll.cli import connection, output
from plimsoll.cli.app import App, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.cli.order_report import print_order
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.cli.vault_breaker import breaker_rows, mode_text
from plimsoll.cli.vault_pnl import history, pnl
from plimsoll.cli.vault_shares import claim, deposit, preview, vault_argument, withdraw
from plimsoll.client.models import (
    AccountInfo,
    AssetInfo,
    HoldingInfo,
    PlaceOrderRequest,
    Receipt,
    VaultInfo,
    VaultTradeRequest,
)
from plimsoll.config import vault_fields


@click.group()
@common
def vault() -> None:
    """Maker vaults: deposit, withdraw, see what they are worth, trade with them.

    Amounts are in the vault's asset, shares are whole numbers.
    """


for _command in (deposit, withdraw, claim, preview, pnl, history):
    vault.add_command(_command)


# What they are -------------------------------------------------------------------------------


@vault.command("list")
@common
@click.pass_obj
def list_vaults(app: App) -> None:
    """Every vault."""

    async def work(session: Session) -> list[VaultInfo]:
        return await session.client.vaults()

    found = connection.run(app, work, private=False)
    rows = [
        (
            str(one.vault),
            one.kind,
            one.market or "",
            one.label,
            mode_text(one),
            f"{output.grouped(one.assets)} {one.asset}",
            output.grouped(one.share_price),
            output.grouped(one.payable),
            output.ppm_text(one.utilisation),
            str(one.holders),
        )
        for one in found
    ]
    names = ("vault", "kind", "market", "label", "mode", "worth", "share", "payable", "in use",
             "holders")  # fmt: skip
    output.show_rows(app, found, "Vaults", names, rows, left=5, none="no vaults")


@vault.command("show")
@vault_argument
@common
@click.pass_obj
def show(app: App, ident: int) -> None:
    """One vault: worth, shares, both legs of its hedge, parameters."""

    async def work(session: Session) -> tuple[VaultInfo, list[AssetInfo]]:
        return await session.client.vault(ident), (await session.client.exchange()).assets

    one, assets = connection.run(app, work, private=False)
    if app.json:
        output.print_json(one)
        return
    unit = one.asset
    whole = f"{output.grouped(one.effective_assets)} {unit}, {output.grouped(one.effective_supply)}"
    rows: list[tuple[str, str | Text]] = [
        ("kind", one.kind if one.market is None else f"{one.kind}, of {one.market}"),
        ("mode", mode_text(one)),
        ("worth", f"{output.grouped(one.assets)} {unit}"),
        ("shares", output.grouped(one.supply)),
        ("with the virtual part", whole),
        ("price of a share", f"{output.grouped(one.share_price)} smallest units"),
        ("brought by depositors", f"{output.grouped(one.liability)} {unit}"),
        ("can pay now", f"{output.grouped(one.payable)} {unit}"),
        ("in use", output.ppm_text(one.utilisation)),
        ("equity / cash", f"{output.grouped(one.equity)} / {output.grouped(one.cash)} USD"),
        ("prices", "fresh" if one.priced else "too old or too uncertain for deposits"),
        ("holders", str(one.holders)),
        ("waiting", f"{one.waiting} unlocks, {output.grouped(one.waiting_value)} {unit}"),
        ("account", str(one.account)),
        *breaker_rows(one),
    ]
    screen = output.console()
    screen.print(output.pairs(f"Vault {ident} ({one.label})", rows))
    if one.hedge is not None:
        _print_hedge(one)
    decimals = {asset.symbol: asset.decimals for asset in assets}
    fields = vault_fields(decimals[unit])
    params = [
        (name, fields[f"vault.{name}"].show(value))
        for name, value in one.params.items()
        if f"vault.{name}" in fields
    ]
    screen.print("", output.pairs("Parameters", params))


def _print_hedge(one: VaultInfo) -> None:
    hedge = one.hedge
    if hedge is None:
        return
    unit = hedge.base_asset
    ratio = "no position" if hedge.margin_ratio is None else output.ppm_text(hedge.margin_ratio)
    missing = Text(f"{output.grouped(hedge.unhedged)} {unit}")
    missing.stylize("" if hedge.unhedged == "0" else "yellow")
    sizes = f"{output.grouped(hedge.taker_buys)} / {output.grouped(hedge.taker_sells)}"
    rows: list[tuple[str, str | Text]] = [
        ("on spot", f"{output.grouped(hedge.spot)} {unit}"),
        ("position", output.gain(hedge.position)),
        ("brought by depositors", f"{output.grouped(hedge.net_base)} {unit}"),
        ("not hedged", missing),
        ("margin ratio", ratio),
        ("takers can buy / sell", sizes),
    ]
    output.console().print("", output.pairs("Hedge", rows))


@vault.command("quotes")
@vault_argument
@common
@click.pass_obj
def quotes(app: App, ident: int) -> None:
    """What a passive vault quotes, by market."""

    async def work(session: Session) -> Any:
        return await session.client.vault_quotes(ident)

    found = connection.run(app, work, private=False)
    rows = [
        (
            one.market,
            output.grouped(one.bid_size),
            Text(output.grouped(one.bid), style="green"),
            output.grouped(one.oracle_price),
            Text(output.grouped(one.ask), style="red"),
            output.grouped(one.ask_size),
            output.gain(one.position),
            str(one.params["weight"]),
            output.ppm_text(one.params["half_spread"]),
        )
        for one in found
    ]
    names = ("market", "size", "bid", "oracle", "ask", "size", "position", "weight", "half spread")
    output.show_rows(app, found, f"Quotes of vault {ident}", names, rows, none="no quotes")


@vault.command("waiting")
@vault_argument
@common
@click.pass_obj
def waiting(app: App, ident: int) -> None:
    """What waits to be paid out of a vault; whose it is only where it is yours."""

    async def work(session: Session) -> Any:
        return await session.client.vault_unlocks(ident)

    found = connection.run(app, work, private=False)
    rows = [
        (
            str(one.unlock),
            "" if one.account is None else str(one.account),
            "due" if one.due else utc(one.due_ms),
            output.grouped(one.value),
            output.grouped(one.shares),
        )
        for one in found
    ]
    names = ("unlock", "account", "paid at (UTC)", "value", "shares")
    output.show_rows(app, found, f"Waiting in vault {ident}", names, rows, left=3, none="none")


@vault.command("holdings")
@account_option
@common
@click.pass_obj
def holdings(app: App, account: int | None) -> None:
    """Your shares, what they are worth, and what waits to be paid."""

    async def work(session: Session) -> list[HoldingInfo]:
        return await session.client.holdings(await session.account(account))

    found = connection.run(app, work)
    rows = [
        (
            str(one.vault),
            one.kind,
            one.label,
            output.grouped(one.shares),
            f"{output.grouped(one.value)} {one.asset}",
            "yes" if one.allowed else "",
            str(len(one.unlocks)),
            _next_text(one),
        )
        for one in found
    ]
    names = ("vault", "kind", "label", "shares", "worth", "whitelist", "waiting", "next (UTC)")
    output.show_rows(app, found, "Holdings", names, rows, left=3, none="no shares")


def _next_text(one: HoldingInfo) -> str:
    if not one.unlocks:
        return ""
    first = one.unlocks[0]
    when = "due" if first.due else utc(first.due_ms)
    return f"{output.grouped(first.value)} {one.asset}, {when}"


# Trades --------------------------------------------------------------------------------------


@vault.command("trade")
@vault_argument
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("amount")
@click.option("--usd", is_flag=True, help="AMOUNT is USD: paid at most, or received at least.")
@click.option("--limit", default="0", help="Bound of the other amount: USD, or the size.")
@click.option("--reduce-only", is_flag=True, help="Only close a position.")
@account_option
@client_id_option
@common
@click.pass_obj
def trade(app: App, /, ident: int, side: Any, amount: str, usd: bool, **given: Any) -> None:
    """Trade AMOUNT with the hedged VAULT alone, all or nothing."""

    async def work(session: Session) -> tuple[Receipt, VaultInfo, AccountInfo]:
        owner = await session.account(given["account"])
        request = VaultTradeRequest(
            account=owner,
            side=side,
            amount=amount,
            exact="quote" if usd else "base",
            limit=given["limit"],
            reduce_only=given["reduce_only"],
        )
        receipt = await session.client.trade_vault(ident, request, given["client_id"])
        found = await session.client.vault(ident)
        return receipt, found, await session.client.account(owner)

    receipt, found, after = connection.run(app, work)
    output.require_accepted(app, receipt)
    market = found.market or ""
    held = next((one for one in after.positions if one.market == market), None)
    if app.json:
        output.print_json({"receipt": receipt, "position": held})
        return
    order = PlaceOrderRequest(
        account=after.account, market=market, side=side, type="market", size=receipt.filled
    )
    print_order(output.console(), order, receipt, after, held)
