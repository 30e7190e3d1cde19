"""``plimsoll account``: list, show, create, deposit, withdraw, transfer."""

from __future__ import annotations

import secrets
from typing import Any

import click

from plimsoll.cli import connection, output
from plimsoll.cli.app import App, common
from plimsoll.cli.breaker import held, held_cancel, held_release, held_text
from plimsoll.cli.connection import Session
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.client.models import (
    AccountInfo,
    CreateAccountRequest,
    DepositRequest,
    Receipt,
    TransferRequest,
    WithdrawRequest,
)

asset_option = click.option("--asset", default="USD", show_default=True, help="What is moved.")
external_option = click.option(
    "--external-id", help="Of the payment; counts once for ever. A fresh one if not given."
)


@click.group()
@common
def account() -> None:
    """Accounts: create, fund, show, transfer."""


for _command in (held, held_cancel, held_release):
    account.add_command(_command)


@account.command("list")
@common
@click.pass_obj
def list_accounts(app: App) -> None:
    """Your accounts (an operator's: all)."""

    async def work(session: Session) -> list[AccountInfo]:
        return await session.client.accounts()

    found = connection.run(app, work)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            str(one.account),
            one.kind,
            one.label,
            output.grouped(one.equity),
            output.grouped(one.free),
            str(len(one.positions)),
            str(one.open_orders),
        )
        for one in found
    ]
    names = ("account", "kind", "label", "equity", "free", "positions", "orders")
    output.console().print(output.table("Accounts (USD)", names, rows, left=3))


@account.command("show")
@click.argument("ident", metavar="[ACCOUNT]", type=click.IntRange(0), required=False)
@account_option
@common
@click.pass_obj
def show(app: App, ident: int | None, account: int | None) -> None:
    """One account: money, margin, positions."""

    async def work(session: Session) -> AccountInfo:
        return await session.client.account(
            await session.account(account if ident is None else ident)
        )

    found = connection.run(app, work)
    if app.json:
        output.print_json(found)
    else:
        _print_account(found)


def _print_account(one: AccountInfo) -> None:
    title = f"Account {one.account}" + (f" ({one.label})" if one.label else "")
    rows: list[tuple[str, Any]] = [
        (f"balance {asset}", output.grouped(amount)) for asset, amount in one.balances.items()
    ]
    rows += [
        ("equity", output.grouped(one.equity)),
        ("free for new positions", output.grouped(one.free)),
        ("withdrawable", output.grouped(one.withdrawable)),
        ("initial margin", output.grouped(one.initial_requirement)),
        ("maintenance margin", output.grouped(one.maintenance_requirement)),
        ("reserved by orders", output.grouped(one.reserved)),
        ("open orders", str(one.open_orders)),
    ]
    screen = output.console()
    screen.print(output.pairs(title, rows))
    if not one.positions:
        return
    held = [
        (
            position.market,
            output.gain(position.base),
            output.grouped(position.entry_price),
            output.grouped(position.oracle_price),
            output.gain(position.unrealised_pnl),
            output.grouped(position.liquidation_price),
        )
        for position in one.positions
    ]
    names = ("market", "size", "entry", "oracle", "unrealised", "liquidated at")
    screen.print("", output.table("Positions", names, held))


@account.command("create")
@click.option("--label", default="", help="Your name for it.")
@click.option("--parent", type=click.IntRange(0), help="Make it a sub-account of this one.")
@client_id_option
@common
@click.pass_obj
def create(app: App, label: str, parent: int | None, client_id: str) -> None:
    """Open an account."""

    async def work(session: Session) -> Receipt:
        request = CreateAccountRequest(label=label, parent=parent)
        return await session.client.create_account(request, client_id)

    receipt = connection.run(app, work)
    made = [event["account"] for event in receipt.events if event["type"] == "AccountCreated"]
    output.finish(app, receipt, f"account {made[0]} opened" if made else "account opened")


@account.command("deposit")
@click.argument("amount")
@asset_option
@external_option
@account_option
@client_id_option
@common
@click.pass_obj
def deposit(
    app: App, amount: str, asset: str, external_id: str | None, account: int | None, client_id: str
) -> None:
    """Bring AMOUNT in from outside."""
    ident = external_id or _fresh_id()

    async def work(session: Session) -> Receipt:
        owner = await session.account(account)
        request = DepositRequest(asset=asset, amount=amount, external_id=ident)
        return await session.client.deposit(owner, request, client_id)

    output.finish(app, connection.run(app, work), f"deposited {amount} {asset}")


@account.command("withdraw")
@click.argument("amount")
@asset_option
@external_option
@account_option
@client_id_option
@common
@click.pass_obj
def withdraw(
    app: App, amount: str, asset: str, external_id: str | None, account: int | None, client_id: str
) -> None:
    """Send AMOUNT out."""
    ident = external_id or _fresh_id()

    async def work(session: Session) -> Receipt:
        owner = await session.account(account)
        request = WithdrawRequest(asset=asset, amount=amount, external_id=ident)
        return await session.client.withdraw(owner, request, client_id)

    receipt = connection.run(app, work)
    done = held_text(receipt) or f"withdrew {amount} {asset}"
    output.finish(app, receipt, done)


@account.command("transfer")
@click.argument("source", type=click.IntRange(0))
@click.argument("target", type=click.IntRange(0))
@click.argument("amount")
@asset_option
@client_id_option
@common
@click.pass_obj
def transfer(app: App, source: int, target: int, amount: str, asset: str, client_id: str) -> None:
    """Move AMOUNT from your account SOURCE to your account TARGET."""

    async def work(session: Session) -> Receipt:
        request = TransferRequest(source=source, target=target, asset=asset, amount=amount)
        return await session.client.transfer(request, client_id)

    text = f"moved {amount} {asset} from account {source} to account {target}"
    output.finish(app, connection.run(app, work), text)


def _fresh_id() -> str:
    return f"cli-{secrets.token_hex(12)}"
