"""What guards the exchange, from the command line: changes by two keys, limits of the outflow, the
treasury's payments. Commands of the group ``admin``.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

import click

from plimsoll.cli import connection, output
from plimsoll.cli.admin_values import named, read_assignments, read_number, require_sound
from plimsoll.cli.app import USAGE, App, Failure, common
from plimsoll.cli.breaker import held_text
from plimsoll.cli.connection import Session
from plimsoll.cli.proposals_table import Names, print_all
from plimsoll.cli.spans import read_span
from plimsoll.cli.trading import client_id_option
from plimsoll.client.models import ProposalInfo, Receipt
from plimsoll.config import breaker_fields
from plimsoll.messages import codes
from plimsoll.messages.commands import Withdraw
from plimsoll.messages.guard import (
    CancelProposal,
    ExecuteProposal,
    SetBreakerMode,
    SetBreakerParams,
)
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.runtime.node_types import system_clock

KNOWN: Final = frozenset(name for name, _ in BreakerParams.FIELDS)
"""Names of the limits of the outflow."""
proposal_argument = click.argument("ident", metavar="PROPOSAL", type=click.IntRange(0))


# Proposals -----------------------------------------------------------------------------------


@click.command("proposals")
@common
@click.pass_obj
def proposals(app: App) -> None:
    """Changes that are announced: what they would move, from when; needs no key."""

    async def work(session: Session) -> tuple[list[ProposalInfo], Names]:
        client = session.client
        found = await client.proposals()
        assets = {one.vault: one.asset for one in await client.vaults()}
        pools = {one.pool: (one.base, one.quote) for one in await client.spot_pools()}
        return found, Names(await client.exchange(), assets, pools)

    found, names = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
    elif found:
        print_all(output.console(), found, names)
    else:
        click.echo("nothing is announced")


@click.command("execute")
@proposal_argument
@client_id_option
@common
@click.pass_obj
def execute(app: App, ident: int, client_id: str) -> None:
    """Execute the PROPOSAL of another operator, once its delay is over."""
    receipt = _send(app, ExecuteProposal(ident), client_id)
    ended = [one for one in receipt.events if one["type"] == "ProposalEnded"]
    what = f" ({ended[0]['change']})" if ended else ""
    output.finish(app, receipt, f"proposal {ident} executed{what}")


@click.command("cancel-proposal")
@proposal_argument
@client_id_option
@common
@click.pass_obj
def cancel_proposal(app: App, ident: int, client_id: str) -> None:
    """Take a PROPOSAL back, your own or another operator's."""
    output.finish(app, _send(app, CancelProposal(ident), client_id), f"proposal {ident} taken back")


def _send(app: App, command: Any, client_id: str) -> Receipt:
    """Send a command with the operator's key."""
    values = named(command)

    async def work(session: Session) -> Receipt:
        return await session.client.command(values, client_id)

    return connection.run_operator(app, work)


# What may leave ------------------------------------------------------------------------------


@click.command("set-breaker")
@click.argument("values", metavar="NAME=VALUE...", nargs=-1, required=True)
@client_id_option
@common
@click.pass_obj
def set_breaker(app: App, values: tuple[str, ...], client_id: str) -> None:
    """Change limits of what may leave the exchange; those that are not named stay as they are.

    The first time what is not named gets its default; see `plimsoll params`.
    """
    fields = breaker_fields()
    changes = read_assignments(values, fields, "breaker")

    async def work(session: Session) -> tuple[dict[str, int], Receipt]:
        before = await session.client.breaker_params()
        if before and before.keys() != KNOWN:
            # Whatever is left out would fall back to its default unnoticed.
            raise Failure("this exchange has other limits than this program knows")
        after = BreakerParams(**{**before, **changes})
        require_sound(after)
        return before, await session.client.command(named(SetBreakerParams(after)), client_id)

    before, receipt = connection.run_operator(app, work)
    output.require_accepted(app, receipt)
    old = {name: before.get(name) for name in changes}
    if app.json:
        output.print_json({"receipt": receipt, "before": old, "after": changes})
        return
    rows = []
    for name, new in changes.items():
        show = fields[f"breaker.{name}"].show
        rows.append((name, "-" if old[name] is None else show(old[name]), show(new)))
    title = f"Outflow, record {receipt.seq}"
    output.console().print(output.table(title, ("limit", "before", "now"), rows))


@click.command("breaker-mode")
@click.argument("mode", type=click.Choice(codes.BREAKER_MODES))
@click.option(
    "--grace",
    metavar="TIME",
    help="With normal: outflow is not limited for so long (30min, 2h); at most the window.",
)
@client_id_option
@common
@click.pass_obj
def breaker_mode(app: App, mode: str, grace: str | None, client_id: str) -> None:
    """Set the breaker: normal; restricted (nothing adds risk, withdrawals are held); paused."""
    length = 0 if grace is None else read_span("--grace", grace)

    async def work(session: Session) -> Receipt:
        until = 0
        if length > 0:
            limits = (await session.client.exchange()).limits
            # What is proposed begins no sooner than its delay is over.
            wait = limits.get("admin_delay_ms", 0) if app.proposing else 0
            until = system_clock() + wait + length
        command = SetBreakerMode(codes.BREAKER_MODES.index(mode), until)
        return await session.client.command(named(command), client_id)

    output.finish(app, connection.run_operator(app, work), f"the breaker is {mode}")


@click.command("withdraw")
@click.argument("amount")
@click.option("--asset", default="USD", show_default=True, help="What is sent out.")
@click.option("--external-id", help="Your name for the payment; counts once for ever.")
@client_id_option
@common
@click.pass_obj
def withdraw(app: App, amount: str, asset: str, external_id: str | None, client_id: str) -> None:
    """Send AMOUNT out of the treasury (account 1). The key needs the scope withdraw too."""
    ident = external_id or secrets.token_hex(8)
    symbol = asset.upper()

    async def work(session: Session) -> Receipt:
        known = {one.symbol: one for one in (await session.client.exchange()).assets}
        if symbol not in known:
            raise Failure(f"there is no asset {symbol!r}: {', '.join(known)}", USAGE)
        one = known[symbol]
        value = read_number("the amount", amount, one.decimals)
        command = Withdraw(codes.TREASURY_ACCOUNT, one.asset, value, ident)
        return await session.client.command(named(command), client_id)

    receipt = connection.run_operator(app, work)
    done = held_text(receipt) or f"{output.grouped(amount)} {symbol} out of the treasury, {ident}"
    output.finish(app, receipt, done)


COMMANDS: Final = (
    proposals,
    execute,
    cancel_proposal,
    set_breaker,
    breaker_mode,
    withdraw,
)

PROPOSABLE: Final = (
    "principal create",
    "market create",
    "market fund",
    "market mode",
    "params set",
    "set-market-params",
    "fund-pool",
    "set-vault",
    "set-vault-quote",
    "vault-mode",
    "add-spot-liquidity",
    "remove-spot-liquidity",
    "set-breaker",
    "breaker-mode",
    "withdraw",
)
"""Commands of ``admin`` that can be announced instead of done."""


def proposing_group(admin: click.Group) -> click.Group:
    """The group ``propose``: the same commands, announced instead of done."""

    @click.group("propose")
    @common
    @click.pass_obj
    def propose(app: App) -> None:
        """Announce a change; another operator executes it after the delay.

        Takes the commands of `plimsoll admin` as they are: `plimsoll admin propose market mode
        BTC-USD active`. See `plimsoll admin proposals`.
        """
        app.proposing = True

    for path in PROPOSABLE:
        *outer, name = path.split()
        source, target = admin, propose
        for part in outer:
            found = source.commands[part]
            if not isinstance(found, click.Group):
                raise TypeError(f"{part} has no commands")
            source = found
            if part not in target.commands:
                target.add_command(click.Group(part, help=found.help))
            inner = target.commands[part]
            if not isinstance(inner, click.Group):
                raise TypeError(f"{part} has no commands")
            target = inner
        target.add_command(source.commands[name])
    return propose
