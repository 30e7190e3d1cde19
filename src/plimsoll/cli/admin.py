"""``plimsoll admin``: what an operator does: principals, markets, limits of the exchange."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import click
import msgspec

from plimsoll.cli import connection, output
from plimsoll.cli.app import USAGE, App, Failure, common, global_options
from plimsoll.cli.connection import Session
from plimsoll.cli.trading import client_id_option
from plimsoll.client.models import PrincipalInfo, Receipt
from plimsoll.config import Field, fixed_fields, market_fields
from plimsoll.decimal_text import DecimalTextError, parse_decimal
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import (
    Command,
    CreateMarket,
    CreatePrincipal,
    FundPool,
    FundVamm,
    Repeg,
    SetGlobalParams,
    SetMarketMode,
    SetMarketParams,
)
from plimsoll.messages.fields import FieldError
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
    """Operate an exchange: principals, markets, limits.

    Needs an operator's key: the one in the data directory (`plimsoll key create --principal 0
    --scopes read,trade,admin --data DIR` makes it), or the one that is set.
    """


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


# Values --------------------------------------------------------------------------------------


def _named(command: Command) -> dict[str, Any]:
    """The named form of a command. Errors: `Failure` for a value out of bounds."""
    try:
        return codec.to_named(codec.check_command(command))
    except FieldError as error:
        raise Failure(f"{error.field} {error.problem}", USAGE) from error


def _roles(text: str) -> int:
    """The mask of role names, separated by commas. Errors: `Failure`."""
    found = 0
    for word in (part.strip() for part in text.split(",")):
        if word not in codes.ROLES:
            raise Failure(f"there is no role {word!r}: {', '.join(codes.ROLES)}", USAGE)
        found |= codes.ROLES[word]
    return found


def _assignments(given: Iterable[str], fields: dict[str, Field], prefix: str) -> dict[str, Any]:
    """Values of NAME=VALUE, read as settings are written. Errors: `Failure`."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, raw = text.partition("=")
        field = fields.get(f"{prefix}.{name.strip()}")
        if not equals or field is None:
            raise Failure(
                f"{text!r} is not NAME=VALUE of a parameter; see `plimsoll params`", USAGE
            )
        found[name.strip()] = _value(field, raw.strip())
    return found


def _value(field: Field, raw: str) -> Any:
    try:
        return field.read(raw)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise Failure(f"{field.name} = {raw!r}: {error}", USAGE) from error


def _number(name: str, text: str, digits: int) -> int:
    """A decimal text, scaled. Errors: `Failure`."""
    try:
        return parse_decimal(text, digits)
    except DecimalTextError as error:
        raise Failure(f"{name} {text!r}: {error}", USAGE) from error


def _require_sound(values: GlobalParams | MarketParams) -> None:
    broken = [text for _, text in values.problems()]
    if broken:
        raise Failure("; ".join(broken), USAGE)


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
    command = _named(CreatePrincipal(name, _roles(roles)))

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
        return await session.client.command(_named(kind(found.market, *values)), client_id)

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
    value = _number("the amount", amount, QUOTE_DIGITS)
    _named(FundVamm(0, value))
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
    start = _value(fields.pop(f"{prefix}.price"), price)
    try:
        made = presets.market_params(name, start, _assignments(mine, fields, prefix))
    except RangeError as error:
        raise Failure(f"no vAMM and no open interest limit fit {name} at {price}", USAGE) from error
    _require_sound(made)
    command = _named(CreateMarket(made))

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
    value = _number("the amount", amount, QUOTE_DIGITS)
    _named(FundPool(0, POOLS[pool], value))
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
    value = _number("the peg", peg, PRICE_DIGITS)
    _named(Repeg(0, value))
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
    changes = _assignments(values, fields, prefix)

    async def work(session: Session) -> tuple[dict[str, Any], Receipt]:
        ident = (await session.client.market(name)).market
        before = await session.client.market_params(name)
        if before.keys() != MARKET_KNOWN:
            # Whatever is left out would fall back to its default unnoticed.
            raise Failure("this exchange has other parameters than this program knows")
        merged: dict[str, Any] = {**before, **changes}
        after = MarketParams(**merged)
        _require_sound(after)
        command = _named(SetMarketParams(ident, after))
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
    changes = _assignments(values, fields, "exchange")

    async def work(session: Session) -> tuple[dict[str, int], Receipt]:
        before = (await session.client.exchange()).limits
        if before.keys() != KNOWN:
            # Whatever is left out would fall back to its default unnoticed.
            raise Failure("this exchange has other limits than this program knows")
        after = GlobalParams(**{**before, **changes})
        _require_sound(after)
        return before, await session.client.command(_named(SetGlobalParams(after)), client_id)

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
