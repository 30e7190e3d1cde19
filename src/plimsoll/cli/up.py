"""``plimsoll up``: the whole exchange in one process, with prices and traders if wanted."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import msgspec
from rich.console import Console

from plimsoll.cli import compose, scenario, screen
from plimsoll.cli.app import App, common
from plimsoll.cli.compose import Running, UpOptions
from plimsoll.cli.connection import DEMO_FILE
from plimsoll.cli.live_feeds import LiveFeed, Replayed, Synthetic
from plimsoll.cli.replay_prices import open_series
from plimsoll.config import DEFAULT, Loaded, LogConfig
from plimsoll.feeds import FilePrices


def options_of(
    loaded: Loaded, feed_files: Sequence[str] = (), symbol: str | None = None
) -> UpOptions:
    """What to run, from the settings. Errors: `ConfigError`, `FeedError`."""
    config = loaded.config
    files = tuple(feed_files) or ((config.feed.path,) if config.feed.kind == "file" else ())
    if symbol is None and files and len(config.feed.symbols) == 1:
        symbol = config.feed.symbols[0]
    feed: LiveFeed
    if files:
        series = open_series(files, symbol, "auto", "close")
        feed = Replayed(series, _speed(loaded, series))
    else:
        feed = Synthetic(config.start_prices(), config.feed.step_ms, config.feed.speed)
    return UpOptions(
        data_dir=config.data_dir,
        feed=feed,
        host=config.api.host,
        port=config.api.port,
        trusted_proxies=config.api.trusted_proxies,
        demo=config.demo.enabled,
        open_deposits=config.open_deposits,
        traders=config.demo.traders,
        vaults=config.demo.vaults,
        seed=config.demo.seed,
        feed_seed=config.feed.seed,
        overrides=config.market_overrides(),
        global_overrides=config.exchange,
        node=config.node,
        api=config.api.limits,
    )


def _speed(loaded: Loaded, series: Sequence[FilePrices]) -> float:
    """The speed that was set; if none was, one bar a second, so that prices stay fresh."""
    set_by = next(one.origin for one in loaded.settings if one.name == "feed.speed")
    if set_by != DEFAULT:
        return loaded.config.feed.speed
    return max(1.0, min(one.interval_ms for one in series) / 1_000)


@click.command("up")
@click.option("--host", help="Address the API listens on.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port of the API; 0 takes a free one.")
@click.option("--feed", "feed_files", multiple=True, metavar="FILE", help="Replay price files.")
@click.option("--symbol", help="Market of the files, instead of the symbol they name.")
@click.option(
    "--speed",
    type=click.FloatRange(0),
    help="Multiple of the feed's rhythm, 0 for no waiting; of files by default one bar a second.",
)
@click.option("--no-demo", is_flag=True, help="No demonstration traders and no demo client.")
@click.option(
    "--traders", type=click.IntRange(0, 500), help="Demonstration traders in each market."
)
@click.option("--seed", type=click.IntRange(0), help="Of the traders and of synthetic prices.")
@click.option("--plain", is_flag=True, help="Log lines instead of the live view.")
@click.option(
    "--scenario",
    "scenario_name",
    metavar="NAME",
    help="Play a scripted run instead, in its own time; 'list' names what there is.",
)
@click.option("--no-terminal", is_flag=True, help="Print a scripted run as text, and end with it.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the journal of a scripted run there (an empty directory).",
)
@common
@click.pass_obj
def up(
    app: App,
    host: str | None,
    port: int | None,
    feed_files: tuple[str, ...],
    symbol: str | None,
    speed: float | None,
    no_demo: bool,
    traders: int | None,
    seed: int | None,
    plain: bool,
    scenario_name: str | None,
    no_terminal: bool,
    data_dir: Path | None,
) -> None:
    """Run the exchange: node, price feed, house keeper, demonstration traders, API, live view.

    The first start opens the exchange in the data directory and makes a demonstration client
    there; later starts go on from the journal. Stop it with q, Ctrl-C or SIGTERM.

    With --scenario a script is played on an exchange of its own: the same view, the chapter on
    top, --speed times as fast; the code is 0 if everything happened as it should. The state's
    hash is the same each time; --data-dir keeps the journal, for `plimsoll verify`.
    """
    if scenario_name is not None:
        _play(scenario_name, speed, data_dir or app.data, terminal=not (no_terminal or plain))
        return
    if no_terminal or data_dir is not None:
        raise click.UsageError("--no-terminal and --data-dir belong to --scenario.")
    loaded = app.load(
        api__host=host,
        api__port=port,
        feed__speed=speed,
        feed__seed=seed,
        demo__seed=seed,
        demo__traders=traders,
        demo__enabled=False if no_demo else None,
    )
    program = command_name()
    if app.data is not None:
        program += f" --data {shlex.quote(str(app.data))}"
    options = replace(options_of(loaded, feed_files, symbol), program=program)
    log = loaded.config.log
    if app.json:
        log = msgspec.structs.replace(log, json=True)
    _run(options, log, plain or app.json)


def _play(name: str, speed: float | None, data_dir: Path | None, *, terminal: bool) -> None:
    if name == scenario.LIST:
        for line in scenario.names():
            click.echo(line)
        return
    if not scenario.run(name, 1.0 if speed is None else speed, data_dir, terminal=terminal):
        raise click.exceptions.Exit(1)


def command_name() -> str:
    """How to call this program from the same folder: by name, or by path if it is not on PATH."""
    called = Path(sys.argv[0])
    if called.name != "plimsoll" or shutil.which("plimsoll") is not None:
        return "plimsoll"
    return shlex.quote(os.path.relpath(called))


def _run(options: UpOptions, log: LogConfig, plain: bool) -> None:
    console = Console()
    if plain or not console.is_terminal:
        lines = screen.LineDisplay(log)
        asyncio.run(compose.run(options, lines))
        return
    view = screen.TerminalDisplay(options.data_dir, console, log)

    async def show(running: Running) -> None:
        console.print(usage(running), highlight=False)
        await view(running)

    try:
        asyncio.run(compose.run(options, show))
    finally:
        view.close()
    click.echo(f"stopped; the exchange is kept in {options.data_dir}")


def usage(running: Running) -> str:
    """How to use what is running, for people."""
    lines = [
        f"Plimsoll is up at {running.url}, data in {running.data_dir}",
        f"  {running.curl}",
    ]
    if running.client is not None:
        lines += [
            f"  {running.order_command}",
            f"  key and account of the demonstration client: {running.data_dir / DEMO_FILE}",
        ]
    return "\n".join(lines)
