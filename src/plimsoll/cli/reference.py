"""``plimsoll version``, ``rejects``, ``params`` and ``invariants``: what this build knows."""

from __future__ import annotations

import platform
from typing import Any

import click

from plimsoll.cli.app import App, common


@click.command()
@common
@click.pass_obj
def version(app: App) -> None:
    """Version, build and Python."""
    import plimsoll
    from plimsoll import _build

    values = {
        "version": plimsoll.__version__,
        "build": "compiled" if _build.COMPILED else "interpreted",
        "python": platform.python_version(),
    }
    if app.json:
        from plimsoll.cli import output

        output.print_json(values)
        return
    click.echo(f"plimsoll {values['version']}")
    click.echo(f"core: {_build.describe()}")
    click.echo(f"python {values['python']} ({platform.python_implementation()})")


@click.command()
@click.option("--list", "listed", is_flag=True, help="List them (the default).")
@common
@click.pass_obj
def invariants(app: App, listed: bool) -> None:
    """What must hold after every command, and in every full sweep."""
    from plimsoll.cli import output
    from plimsoll.runtime.checks import registered

    found = registered()
    if app.json:
        output.print_json([one._asdict() for one in found])
        return
    rows = [(one.ident, one.when, one.text) for one in found]
    output.console().print(output.table("Invariants", ("id", "checked", "says"), rows, left=3))


@click.command()
@common
@click.pass_obj
def rejects(app: App) -> None:
    """Why commands are refused: codes, names and the two numbers each one carries."""
    from plimsoll.cli import output
    from plimsoll.messages.codes import REJECTS

    if app.json:
        output.print_json(
            [
                {"code": code, "name": name, "value_is": value, "limit_is": limit}
                for code, (name, value, limit) in REJECTS.items()
            ]
        )
        return
    rows = [(str(code), name, value, limit) for code, (name, value, limit) in REJECTS.items()]
    names = ("code", "name", "value is", "limit is")
    output.console().print(output.table("Reject codes", names, rows, left=4))


@click.command()
@common
@click.pass_obj
def params(app: App) -> None:
    """Parameters of markets, vaults and the exchange: defaults and bounds, as settings are written.

    A market's stand in the settings as markets.SYMBOL.name, the exchange's as exchange.name. A
    vault's are given to `plimsoll admin`; its amounts are shown for an asset of six decimals.
    """
    from plimsoll.cli import output
    from plimsoll.runtime import presets

    market, exchange = _market_rows(), _exchange_rows()
    vault, quote = _vault_rows()
    breaker = _breaker_rows()
    if app.json:
        all_rows = {
            "market": market, "exchange": exchange, "vault": vault, "quote": quote,
            "breaker": breaker,
        }  # fmt: skip
        output.print_json(all_rows)
        return
    screen = output.console()
    names = ["name", "kind", "least", "most", *presets.DEFAULT_PRICES]
    rows = [[str(row[name]) for name in names] for row in market]
    screen.print(output.table("Parameters of a market", names, rows, left=2))
    names = ["name", "kind", "least", "most", "default"]
    for title, found in (
        ("Parameters of the exchange", exchange),
        ("Parameters of a vault", vault),
        ("Parameters of a passive vault's quotes in a market", quote),
        ("Limits of what may leave the exchange", breaker),
    ):
        rows = [[str(row[name]) for name in names] for row in found]
        screen.print("", output.table(title, names, rows, left=2))


def _market_rows() -> list[dict[str, Any]]:
    from plimsoll.config import market_fields
    from plimsoll.messages.fields import BOUNDS
    from plimsoll.messages.params import MarketParams
    from plimsoll.runtime import presets

    sets = {name: presets.market_params(name, at) for name, at in presets.DEFAULT_PRICES.items()}
    shows = {one.name.rpartition(".")[2]: one.show for one in market_fields("BTC-USD").values()}
    rows = []
    for name, kind in MarketParams.FIELDS:
        if name == "symbol":
            continue
        low, high = (shows[name](bound) for bound in BOUNDS[kind])
        values = {symbol: shows[name](getattr(one, name)) for symbol, one in sets.items()}
        rows.append({"name": name, "kind": kind, "least": low, "most": high, **values})
    return rows


def _exchange_rows() -> list[dict[str, Any]]:
    from plimsoll.config import fixed_fields
    from plimsoll.messages.params import GlobalParams

    return _rows_of(GlobalParams.FIELDS, fixed_fields(), "exchange")


def _breaker_rows() -> list[dict[str, Any]]:
    from plimsoll.config import breaker_fields
    from plimsoll.messages.guard_params import BreakerParams

    return _rows_of(BreakerParams.FIELDS, breaker_fields(), "breaker")


def _vault_rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    from plimsoll.config import quote_fields, vault_fields
    from plimsoll.messages.vault_params import QuoteParams, VaultParams

    vault = _rows_of(VaultParams.FIELDS, vault_fields(decimals=6), "vault")
    return vault, _rows_of(QuoteParams.FIELDS, quote_fields(), "quote")


def _rows_of(schema: Any, fields: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
    from plimsoll.messages.fields import BOUNDS

    rows = []
    for name, kind in schema:
        field = fields[f"{prefix}.{name}"]
        low, high = (field.show(bound) for bound in BOUNDS[kind])
        rows.append(
            {"name": name, "kind": kind, "least": low, "most": high,
             "default": field.show(field.default)}
        )  # fmt: skip
    return rows
