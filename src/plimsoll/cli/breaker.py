"""``plimsoll breaker``, and the withdrawals of ``plimsoll account`` that are held."""

from __future__ import annotations

import click
from rich.text import Text

from plimsoll.cli import connection, output
from plimsoll.cli.app import App, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.client.models import BreakerInfo, HeldInfo, Receipt

STYLES = {"normal": "green", "restricted": "yellow", "paused": "bold red"}
claim_argument = click.argument("claim", type=click.IntRange(0))


@click.group()
@common
def breaker() -> None:
    """The circuit breaker: what may leave the exchange now, and what is held."""


@breaker.command("show")
@common
@click.pass_obj
def show(app: App) -> None:
    """The mode, what may leave now, what did within the window; with a key, your part of it."""

    async def work(session: Session) -> BreakerInfo:
        return await session.client.breaker()

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    screen = output.console()
    screen.print(output.pairs("Breaker", _rows(found)))
    if found.flows:
        flows = [
            (
                one.asset,
                output.gain(one.net),
                output.gain(one.worth),
                output.grouped(one.held),
                utc(one.since_ms),
            )
            for one in found.flows
        ]
        names = ("asset", "came less left", "worth (USD)", "held", "since (UTC)")
        screen.print("", output.table("Within the window", names, flows))
    if found.held:
        screen.print("", _held_table("Held", found.held))


def _rows(found: BreakerInfo) -> list[tuple[str, str | Text]]:
    mode = Text(found.mode, style=STYLES[found.mode])
    if found.since_ms:
        mode.append(f" since {utc(found.since_ms)} UTC", style="")
    rows: list[tuple[str, str | Text]] = [
        ("mode", mode),
        ("in the exchange", f"{output.grouped(found.worth)} USD"),
    ]
    if found.recovers_ms:
        rows.append(("recovers", f"not before {utc(found.recovers_ms)} UTC"))
    if found.kept is None:
        rows.append(("limit", "none is in force"))
    else:
        rows += [
            ("before the window", f"{output.grouped(found.before)} USD"),
            ("has to stay", f"{output.grouped(found.kept)} USD"),
        ]
    if found.grace_until_ms:
        rows.append(("grace", f"not limited until {utc(found.grace_until_ms)} UTC"))
    rows.append(("may leave now", f"{output.grouped(found.may_leave)} USD"))
    if found.part is not None:
        rows.append(("of it one principal", f"{output.grouped(found.part)} USD"))
    if found.own is not None:
        taken = found.own.taken
        what = "you brought in" if taken.startswith("-") else "you took out"
        rows += [
            (what, f"{output.grouped(taken.removeprefix('-'))} USD within the window"),
            ("you may take now", f"{output.grouped(found.own.may_leave)} USD"),
        ]
    return rows


def _held_table(title: str, found: list[HeldInfo]) -> object:
    rows = [
        (
            str(one.claim),
            "" if one.account is None else str(one.account),
            _waits_for(one),
            f"{output.grouped(one.amount)} {one.asset}",
            output.grouped(one.worth),
        )
        for one in found
    ]
    names = ("claim", "account", "waits for", "amount", "worth (USD)")
    return output.table(title, names, rows, left=3)


def _waits_for(one: HeldInfo) -> str:
    if one.payable:
        return "nothing: it is paid next"
    return "the breaker" if one.held_by == "exchange" else f"{utc(one.due_ms)} UTC"


@breaker.command("review")
@click.option("--vault", type=click.IntRange(0), help="The breaker of this vault.")
@client_id_option
@common
@click.pass_obj
def review(app: App, vault: int | None, client_id: str) -> None:
    """Let the breaker of the exchange, or of a vault, leave its mode if it may."""

    async def work(session: Session) -> Receipt:
        return await session.client.review_breaker(vault, client_id)

    receipt = connection.run(app, work)
    moved = [one["mode"] for one in receipt.events if one["type"].endswith("BreakerMoved")]
    whose = "the exchange" if vault is None else f"vault {vault}"
    done = f"is {moved[-1]}" if moved else "stays; its calm is counted from now"
    output.finish(app, receipt, f"the breaker of {whose} {done}")


# What is held --------------------------------------------------------------------------------


@click.command("held")
@account_option
@common
@click.pass_obj
def held(app: App, account: int | None) -> None:
    """Your withdrawals that are held."""

    async def work(session: Session) -> list[HeldInfo]:
        return await session.client.held(await session.account(account))

    found = connection.run(app, work)
    if app.json:
        output.print_json(found)
    elif found:
        output.console().print(_held_table("Held withdrawals", found))
    else:
        click.echo("nothing is held")


@click.command("held-cancel")
@claim_argument
@account_option
@client_id_option
@common
@click.pass_obj
def held_cancel(app: App, claim: int, account: int | None, client_id: str) -> None:
    """Take the held withdrawal CLAIM back into your account."""

    async def work(session: Session) -> Receipt:
        return await session.client.cancel_held(await session.account(account), claim, client_id)

    output.finish(app, connection.run(app, work), f"withdrawal {claim} went back to the account")


@click.command("held-release")
@claim_argument
@account_option
@client_id_option
@common
@click.pass_obj
def held_release(app: App, claim: int, account: int | None, client_id: str) -> None:
    """Have the held withdrawal CLAIM paid out, once the breaker lets it."""

    async def work(session: Session) -> Receipt:
        return await session.client.release_held(await session.account(account), claim, client_id)

    output.finish(app, connection.run(app, work), f"withdrawal {claim} was paid")


def held_text(receipt: Receipt) -> str:
    """What to say of a withdrawal that is held; empty for any other receipt."""
    if receipt.claim is None:
        return ""
    return f"held as claim {receipt.claim}, not paid yet; see `plimsoll account held`"
