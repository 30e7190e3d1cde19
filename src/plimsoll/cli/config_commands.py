"""``plimsoll config``: every setting with its origin, and a file to start from."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from plimsoll.cli import output
from plimsoll.cli.app import App, Failure, common
from plimsoll.config import (
    DEFAULT,
    ENV_FILE_NAME,
    FILE_NAME,
    Config,
    Field,
    effective,
    fixed_fields,
    market_fields,
    variable_of,
)
from plimsoll.runtime import presets


@click.group(invoke_without_command=True)
@common
@click.pass_context
def config(ctx: click.Context) -> None:
    """Settings: show values and origins, write a file.

    Defaults < TOML file < .env < environment < options. The file is --config FILE, else
    plimsoll.toml in this directory, else the one in the data directory.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@config.command("show")
@click.option("--changed", is_flag=True, help="Only what is not a default.")
@common
@click.pass_obj
def show(app: App, changed: bool = False) -> None:
    """Every setting in force and where it came from; secrets are masked."""
    found = [one for one in effective(app.load()) if not changed or one.origin != DEFAULT]
    if app.json:
        output.print_json(
            {one.name: {"value": one.shown, "text": one.text, "origin": one.origin}
             for one in found}
        )  # fmt: skip
        return
    rows = [(one.name, one.text, one.origin) for one in found]
    names = ("setting", "value", "origin")
    output.console().print(output.table("Settings", names, rows, left=3))


@config.command("path")
@common
@click.pass_obj
def path(app: App) -> None:
    """Which files are read, and where the data are."""
    loaded = app.load()
    data, env = loaded.config.data_dir, Path.cwd() / ENV_FILE_NAME
    values = {
        "file": None if loaded.file is None else str(loaded.file.absolute()),
        "env_file": str(env) if env.is_file() else None,
        "data_dir": str(data.absolute()),
    }
    if app.json:
        output.print_json(values)
        return
    click.echo(f"settings   {values['file'] or 'no file; `plimsoll config init` writes one'}")
    click.echo(f".env       {values['env_file'] or 'none'}")
    click.echo(f"data       {values['data_dir']}")


@config.command("init")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), default=FILE_NAME)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common
@click.pass_obj
def init(app: App, target: Path, force: bool) -> None:
    """Write a TOML file with every setting at its default, as comments."""
    try:
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(commented())
    except FileExistsError as error:
        raise Failure(f"{target} is there already; --force replaces it") from error
    if app.json:
        output.print_json({"written": str(target)})
    else:
        click.echo(f"{target} written; remove the # of what you want to change")


# The file ------------------------------------------------------------------------------------


def commented() -> str:
    """A TOML file of all defaults: without its # signs it says the same as no file."""
    lines = [
        "# Settings of Plimsoll. Every line shows a default; remove the # to change it.",
        f"# The same settings by environment: {variable_of('api.port')}=8080; by option:",
        "# --set api.port=8080. Ratios: ppm, or text with a unit (5%, 5bp, 1.5x).",
    ]
    tables: dict[str, list[Field]] = {}
    for field in fixed_fields().values():
        tables.setdefault(field.name.rpartition(".")[0], []).append(field)
    for table, fields in tables.items():
        lines += ["", *_about(table), f"# [{table}]"]
        for field in fields:
            if field.description:
                lines.append(f"# # {field.description}")
            lines.append(f"# {field.name.rpartition('.')[2]} = {_toml(field, field.default)}")
    for symbol, price in presets.DEFAULT_PRICES.items():
        lines += ["", *_market(symbol, price)]
    return "\n".join(lines) + "\n"


def _about(table: str) -> Iterator[str]:
    if table == "exchange":
        yield "# # Limits of the whole exchange; used when it is first started."
        return
    section: Any = Config()
    for name in table.split("."):
        section = getattr(section, name)
    for line in (inspect.getdoc(type(section)) or "").splitlines():
        yield f"# # {line}".rstrip()


def _market(symbol: str, price: int) -> Iterator[str]:
    values: dict[str, int] = {"price": price}
    params = presets.market_params(symbol, price)
    yield f"# # The market {symbol}: start price and parameters; used when it is first opened."
    yield f'# [markets."{symbol}"]'
    for field in market_fields(symbol).values():
        name = field.name.rpartition(".")[2]
        value = values[name] if name in values else getattr(params, name)
        yield f"# {name} = {_toml(field, value)}"


def _toml(field: Field, value: Any) -> str:
    """A value as TOML: what is no number, flag or list for TOML goes as text."""
    text = field.show(value)
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if text in ("true", "false") or (isinstance(value, int | float) and text == str(value)):
        return text
    return json.dumps(text)
