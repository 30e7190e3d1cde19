"""Shares of maker vaults on the command line: deposit, withdraw, claim, preview.

Commands of the group ``vault`` in ``vaults``.
"""

from __future__ import annotations

from typing import Any

import click

from plimsoll.cli import connection, output
from plimsoll.cli.app import USAGE, App, Failure, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.client.models import (
    ClaimRequest,
    Receipt,
    VaultDepositRequest,
    VaultPreview,
    VaultWithdrawalRequest,
)

vault_argument = click.argument("ident", metavar="VAULT", type=click.IntRange(0))
min_shares_option = click.option(
    "--min-shares", default="0", help="Refuse it for fewer shares than this."
)
min_value_option = click.option(
    "--min-value", default="0", help="Refuse it for less of the vault's asset than this."
)


@click.command("deposit")
@vault_argument
@click.argument("amount")
@min_shares_option
@account_option
@client_id_option
@common
@click.pass_obj
def deposit(
    app: App, ident: int, amount: str, min_shares: str, account: int | None, client_id: str
) -> None:
    """Buy shares of VAULT for AMOUNT of its asset."""

    async def work(session: Session) -> Receipt:
        owner = await session.account(account)
        request = VaultDepositRequest(account=owner, amount=amount, min_shares=min_shares)
        return await session.client.deposit_vault(ident, request, client_id)

    receipt = connection.run(app, work)
    made = _event(receipt, "VaultDeposited")
    shares = f" for {output.grouped(str(made['shares']))} shares" if made else ""
    output.finish(app, receipt, f"deposited {output.grouped(amount)} into vault {ident}{shares}")


@click.command("withdraw")
@vault_argument
@click.argument("shares", required=False)
@click.option("--all", "everything", is_flag=True, help="All your shares.")
@min_value_option
@account_option
@client_id_option
@common
@click.pass_obj
def withdraw(app: App, /, ident: int, shares: str | None, everything: bool, **given: Any) -> None:
    """Give SHARES of VAULT back for what they are worth."""
    if (shares is None) != everything:
        raise click.UsageError("say how many shares, or --all")

    async def work(session: Session) -> Receipt:
        owner = await session.account(given["account"])
        number = shares or await _all_shares(session, owner, ident)
        request = VaultWithdrawalRequest(account=owner, shares=number, min_value=given["min_value"])
        return await session.client.withdraw_vault(ident, request, given["client_id"])

    receipt = connection.run(app, work)
    output.finish(app, receipt, _withdrawn(receipt, ident))


async def _all_shares(session: Session, account: int, ident: int) -> str:
    for one in await session.client.holdings(account):
        if one.vault == ident and one.shares != "0":
            return one.shares
    raise Failure(f"account {account} has no shares of vault {ident}", USAGE)


def _withdrawn(receipt: Receipt, ident: int) -> str:
    made, queued = _event(receipt, "VaultWithdrawn"), _event(receipt, "UnlockQueued")
    if made is None:
        return f"withdrew from vault {ident}"
    text = f"{output.grouped(str(made['shares']))} shares of vault {ident} given back"
    text += f" for {output.grouped(made['value'])}"
    if queued is not None:
        text += f", {output.grouped(queued['value'])} of it paid at {utc(queued['due_ms'])} UTC"
    elif made["other"] != "0":
        text += f", {output.grouped(made['paid'])} of it in the vault's asset"
    return text


def _event(receipt: Receipt, kind: str) -> dict[str, Any] | None:
    return next((one for one in receipt.events if one["type"] == kind), None)


@click.command("claim")
@vault_argument
@account_option
@client_id_option
@common
@click.pass_obj
def claim(app: App, ident: int, account: int | None, client_id: str) -> None:
    """Have what is due of yours paid out of VAULT."""

    async def work(session: Session) -> Receipt:
        request = ClaimRequest(account=await session.account(account))
        return await session.client.claim_unlocks(ident, request, client_id)

    receipt = connection.run(app, work)
    paid = [one for one in receipt.events if one["type"] == "UnlockPaid"]
    output.finish(app, receipt, f"{len(paid)} unlocks of vault {ident} paid")


@click.group()
@common
def preview() -> None:
    """What a deposit or a withdrawal would give now; changes nothing."""


@preview.command("deposit")
@vault_argument
@click.argument("amount")
@min_shares_option
@account_option
@common
@click.pass_obj
def preview_deposit(
    app: App, ident: int, amount: str, min_shares: str, account: int | None
) -> None:
    """What AMOUNT of its asset would give in VAULT."""

    async def work(session: Session) -> VaultPreview:
        owner = await session.account(account)
        request = VaultDepositRequest(account=owner, amount=amount, min_shares=min_shares)
        return await session.client.preview_deposit(ident, request)

    found = connection.run(app, work)
    rows = [("shares", found.shares), ("fee", f"{found.fee} {found.asset}")]
    _print_preview(app, found, f"Deposit of {output.grouped(amount)} {found.asset}", rows)


@preview.command("withdraw")
@vault_argument
@click.argument("shares")
@min_value_option
@account_option
@common
@click.pass_obj
def preview_withdrawal(
    app: App, ident: int, shares: str, min_value: str, account: int | None
) -> None:
    """What SHARES of VAULT would be given back for."""

    async def work(session: Session) -> VaultPreview:
        owner = await session.account(account)
        request = VaultWithdrawalRequest(account=owner, shares=shares, min_value=min_value)
        return await session.client.preview_withdrawal(ident, request)

    found = connection.run(app, work)
    unit = found.asset
    rows = [("value", f"{found.value} {unit}"), ("paid at once", f"{found.paid} {unit}")]
    if found.other != "0":
        rows.append(("and", f"{found.other} {found.other_asset}"))
    if found.due_ms is not None:
        rows.append(("the rest at (UTC)", utc(found.due_ms)))
    rows.append(("fee", f"{found.fee} {unit}"))
    _print_preview(app, found, f"Withdrawal of {output.grouped(shares)} shares", rows)


def _print_preview(app: App, found: VaultPreview, title: str, rows: list[tuple[str, str]]) -> None:
    """A preview; one that would be refused ends as the refusal would."""
    if app.json and found.accepted:
        output.print_json(found)
    elif found.accepted:
        output.console().print(output.pairs(title, rows))
    else:
        output.refuse(app, found, found.reject)
