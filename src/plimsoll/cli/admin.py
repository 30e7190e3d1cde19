"""``plimsoll admin``: what an operator does: principals, markets, limits of the exchange.

Vaults and spot pools are in ``admin_vaults``.
"""

from __future__ import annotations

from typing import Any, Final

import click

from plimsoll.cli import admin_guard, admin_vaults, connection, output
from plimsoll.cli.admin_values import (
    named,
    read_assignments,
    read_number,
    read_roles,
    read_value,
    require_sound,
)
from plimsoll.cli.app import USAGE, App, Failure, common, global_options
from plimsoll.cli.connection import Session
from plimsoll.cli.trading import client_id_option
from plimsoll.client.models import PrincipalInfo, Receipt
from plimsoll.config import fixed_fields, market_fields
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    CreateMarket,
    CreatePrincipal,
    FundPool,
    FundVamm,
    Repeg,
    SetGlobalParams,
    SetMarketMode,
    SetMarketParams,
)
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.runtime import presets
from plimsoll.runtime.present import PRICE_DIGITS, QUOTE_DIGITS
from plimsoll.units import RangeError

KNOWN: Final = frozenset(name for name, _ in GlobalParams.FIELDS)
"""Names of the limits of an exchange."""
MARKET_KNOWN: Final = frozenset(name for name, _ in MarketParams.FIELDS)
"""Names of the parameters of a market."""
POOLS: Final = {
    "adjustments": codes.POOL_ADJUSTMENTS,
    "funding": codes.POOL_FUNDING,
    "insurance": codes.POOL_INSURANCE,
}
"""Pools of a market that can be given money."""


@click.group()
@common
def admin() -> None:
    """Operate an exchange: principals, markets, limits, vaults, spot pools.

    Needs an operator's key: the one in the data directory (`plimsoll key create --principal 0
    --scopes read,trade,admin --data DIR` makes it), or the one that is set.
    """


for _command in (*admin_vaults.COMMANDS, *admin_guard.COMMANDS):
    admin.add_command(_command)


@admin.group()
@common
def principal() -> None:
    """Who may send commands: create, list."""


@admin.group()
@common
def market() -> None:
    """Markets: create, fund, mode."""


@admin.group()
@common
def params() -> None:
    """Limits of the exchange as a whole."""


# Principals ----------------------------------------------------------------------------------


@principal.command("create")
@click.argument("name")
@click.option(
    "--role", "roles", default="trader", show_default=True, help=f"Of {', '.join(codes.ROLES)}."
)
@client_id_option
@common
@click.pass_obj
def create_principal(app: App, name: str, roles: str, client_id: str) -> None:
    """Register NAME; several roles are separated by commas."""
    command = named(CreatePrincipal(name, read_roles(roles)))

    async def work(session: Session) -> Receipt:
        return await session.client.command(command, client_id)

    receipt = connection.run_operator(app, work)
    made = [one["principal"] for one in receipt.events if one["type"] == "PrincipalCreated"]
    ident = f" {made[0]}" if made else ""
    output.finish(app, receipt, f"principal{ident} created: {name}, {roles}")
    if made and not app.json:
        click.echo(f"`plimsoll key create --principal {made[0]}` makes its key", err=True)


@principal.command("list")
@common
@click.pass_obj
def list_principals(app: App) -> None:
    """Every principal with its roles."""

    async def work(session: Session) -> list[PrincipalInfo]:
        return await session.client.principals()

    found = connection.run_operator(app, work)
    if app.json:
        output.print_json(found)
        return
    rows = [(str(one.principal), one.name, ", ".join(one.roles)) for one in found]
    output.console().print(output.table("Principals", ("principal", "name", "roles"), rows, left=3))


# Markets -------------------------------------------------------------------------------------


def _about_market(app: App, symbol: str, client_id: str, kind: Any, *values: Any) -> Receipt:
    """Send a command whose first field is the market."""

    async def work(session: Session) -> Receipt:
        found = await session.client.market(symbol)
        return await session.client.command(named(kind(found.market, *values)), client_id)

    return connection.run_operator(app, work)


@market.command("mode")
@click.argument("symbol")
@click.argument("mode", type=click.Choice(codes.MODES))
@client_id_option
@common
@click.pass_obj
def set_mode(app: App, symbol: str, mode: str, client_id: str) -> None:
    """Say what the market SYMBOL allows: all, what adds no risk, reductions, nothing."""
    number = codes.MODES.index(mode)
    receipt = _about_market(app, symbol.upper(), client_id, SetMarketMode, number)
    output.finish(app, receipt, f"{symbol.upper()} is {mode}")


@market.command("fund")
@click.argument("symbol")
@click.argument("amount")
@client_id_option
@common
@click.pass_obj
def fund(app: App, symbol: str, amount: str, client_id: str) -> None:
    """Give the vAMM of SYMBOL capital, AMOUNT in USD, out of the treasury (account 1)."""
    value = read_number("the amount", amount, QUOTE_DIGITS)
    named(FundVamm(0, value))
    receipt = _about_market(app, symbol.upper(), client_id, FundVamm, value)
    output.finish(app, receipt, f"{output.grouped(amount)} USD for the vAMM of {symbol.upper()}")


@market.command("create")
@click.argument("symbol")
@click.option("--price", required=True, help="What the market is about to trade at.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Set a parameter, such as imr=5%; may be repeated.",
)
@client_id_option
@global_options(hidden=True, sets=False)
@click.pass_obj
def create_market(app: App, symbol: str, price: str, sets: tuple[str, ...], client_id: str) -> None:
    """Open the market SYMBOL, with parameters by its price and those that are set.

    See `plimsoll params` for the parameters. Its vAMM has no capital until `admin market fund`
    gives it some; its prices come from whoever holds the oracle's key.
    """
    name = symbol.upper()
    # A dot is what tells the settings of the client from parameters of the market.
    app.sets.extend(text for text in sets if "." in text.partition("=")[0])
    mine = [text for text in sets if "." not in text.partition("=")[0]]
    prefix = f"markets.{name}"
    fields = market_fields(name)
    start = read_value(fields.pop(f"{prefix}.price"), price)
    try:
        made = presets.market_params(name, start, read_assignments(mine, fields, prefix))
    except RangeError as error:
        raise Failure(f"no vAMM and no open interest limit fit {name} at {price}", USAGE) from error
    require_sound(made)
    command = named(CreateMarket(made))

    async def work(session: Session) -> Receipt:
        return await session.client.command(command, client_id)

    output.finish(app, connection.run_operator(app, work), f"market {name} opened")


@admin.command("fund-pool")
@click.argument("symbol")
@click.argument("pool", type=click.Choice(list(POOLS)))
@click.argument("amount")
@client_id_option
@common
@click.pass_obj
def fund_pool(app: App, symbol: str, pool: str, amount: str, client_id: str) -> None:
    """Give a POOL of the market SYMBOL money, AMOUNT in USD, out of the treasury (account 1)."""
    value = read_number("the amount", amount, QUOTE_DIGITS)
    named(FundPool(0, POOLS[pool], value))
    receipt = _about_market(app, symbol.upper(), client_id, FundPool, POOLS[pool], value)
    done = f"{output.grouped(amount)} USD for the {pool} pool of {symbol.upper()}"
    output.finish(app, receipt, done)


@admin.command("repeg")
@click.argument("symbol")
@click.argument("peg")
@client_id_option
@common
@click.pass_obj
def set_peg(app: App, symbol: str, peg: str, client_id: str) -> None:
    """Set the peg of the vAMM of SYMBOL, toward the oracle, at the adjustments pool's cost."""
    value = read_number("the peg", peg, PRICE_DIGITS)
    named(Repeg(0, value))
    receipt = _about_market(app, symbol.upper(), client_id, Repeg, value)
    output.finish(app, receipt, f"the peg of {symbol.upper()} is {output.grouped(peg)}")


@admin.command("set-market-params")
@click.argument("symbol")
@click.argument("values", metavar="NAME=VALUE...", nargs=-1, required=True)
@client_id_option
@common
@click.pass_obj
def set_market_params(app: App, symbol: str, values: tuple[str, ...], client_id: str) -> None:
    """Change parameters of the market SYMBOL; those that are not named stay as they are."""
    name = symbol.upper()
    prefix = f"markets.{name}"
    fields = market_fields(name)
    fields.pop(f"{prefix}.price")
    changes = read_assignments(values, fields, prefix)

    async def work(session: Session) -> tuple[dict[str, Any], Receipt]:
        ident = (await session.client.market(name)).market
        before = await session.client.market_params(name)
        if before.keys() != MARKET_KNOWN:
            # Whatever is left out would fall back to its default unnoticed.
            raise Failure("this exchange has other parameters than this program knows")
        merged: dict[str, Any] = {**before, **changes}
        after = MarketParams(**merged)
        require_sound(after)
        command = named(SetMarketParams(ident, after))
        return dict(before), await session.client.command(command, client_id)

    before, receipt = connection.run_operator(app, work)
    output.require_accepted(app, receipt)
    old = {one: before[one] for one in changes}
    if app.json:
        output.print_json({"receipt": receipt, "before": old, "after": changes})
        return
    rows = []
    for one, new in changes.items():
        show = fields[f"{prefix}.{one}"].show
        rows.append((one, show(old[one]), show(new)))
    title = f"{name}, record {receipt.seq}"
    output.console().print(output.table(title, ("parameter", "before", "now"), rows))


# Limits --------------------------------------------------------------------------------------


@params.command("set")
@click.argument("values", metavar="NAME=VALUE...", nargs=-1, required=True)
@client_id_option
@common
@click.pass_obj
def set_params(app: App, values: tuple[str, ...], client_id: str) -> None:
    """Change limits of the exchange; those that are not named stay as they are."""
    fields = fixed_fields()
    changes = read_assignments(values, fields, "exchange")

    async def work(session: Session) -> tuple[dict[str, int], Receipt]:
        before = (await session.client.exchange()).limits
        if before.keys() != KNOWN:
            # Whatever is left out would fall back to its default unnoticed.
            raise Failure("this exchange has other limits than this program knows")
        after = GlobalParams(**{**before, **changes})
        require_sound(after)
        return before, await session.client.command(named(SetGlobalParams(after)), client_id)

    before, receipt = connection.run_operator(app, work)
    output.require_accepted(app, receipt)
    old = {name: before[name] for name in changes}
    if app.json:
        output.print_json({"receipt": receipt, "before": old, "after": changes})
        return
    rows = []
    for name, new in changes.items():
        show = fields[f"exchange.{name}"].show
        rows.append((name, show(old[name]), show(new)))
    title = f"Limits, record {receipt.seq}"
    output.console().print(output.table(title, ("limit", "before", "now"), rows))


admin.add_command(admin_guard.proposing_group(admin))
