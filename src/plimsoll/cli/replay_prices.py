"""``plimsoll replay-prices``: the exchange over real price files, with demonstration traders."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plimsoll.cli.app import App, common
from plimsoll.cli.replay_report import render_plain, render_rich
from plimsoll.feeds import FeedError, FilePrices, MergedSource, PriceSource, open_price_file
from plimsoll.sim import report
from plimsoll.sim.population import TRADERS
from plimsoll.sim.replay import CHECK_EVERY, Replay, ReplayResult, ReplaySettings

WIDTH: Final = 120
"""Of the report where no terminal tells its own."""

_QUOTED: Final = re.compile(r"([A-Z0-9]{2,12}?)[-_/]?(?:USDT|USDC|USD)(?:[-_.]?PERP)?")
_SYMBOL: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


def market_symbol(name: str) -> str:
    """The market of a file's symbol: BTCUSD, btc_usdt and BTCUSDT-PERP are BTC-USD."""
    upper = name.upper()
    match = _QUOTED.fullmatch(upper)
    return f"{match.group(1)}-USD" if match else upper


def open_series(
    files: tuple[str, ...], symbol: str | None, fmt: str, path_mode: Literal["close", "ohlc"]
) -> list[FilePrices]:
    """One series per market; the files of one market are read in the order of their times.

    Errors: `FeedError`.
    """
    groups: dict[str, list[str]] = {}
    for name in files:
        found = symbol or market_symbol(open_price_file(name, fmt=fmt).symbol)
        if not _SYMBOL.fullmatch(found):
            raise FeedError(f"{found!r} cannot name a market: pass --symbol", path=name)
        groups.setdefault(found, []).append(name)
    return [
        open_price_file(names, symbol=market, fmt=fmt, path_mode=path_mode)
        for market, names in groups.items()
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    series: list[FilePrices]
    settings: ReplaySettings

    def source(self) -> PriceSource:
        return self.series[0] if len(self.series) == 1 else MergedSource(self.series)

    def count(self, path_mode: str) -> int:
        """How many prices there are; reads the files once."""
        each = [
            one.report.rows * (4 if one.kind == "bars" and path_mode == "ohlc" else 1)
            for one in self.series
        ]
        return sum(each)

    def run(self, total: int, shown: bool) -> ReplayResult:
        """Run, with a progress bar on stderr if ``shown``."""
        replay = Replay(self.source(), self.settings)
        if not shown:
            return replay.run()
        with ExitStack() as stack:
            bar = stack.enter_context(
                Progress(
                    TextColumn("{task.description}"),
                    BarColumn(),
                    MofNCompleteColumn(),
                    TimeRemainingColumn(),
                    console=Console(stderr=True),
                    transient=True,
                )
            )
            task = bar.add_task("replaying", total=total)
            return replay.run(lambda done: bar.update(task, completed=done))


@click.command("replay-prices")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--symbol", help="Market of all files, instead of the symbol they name.")
@click.option("--fmt", default="auto", show_default=True, help="Layout of the files.")
@click.option(
    "--traders",
    type=click.IntRange(0, 500),
    default=TRADERS,
    show_default=True,
    help="Demonstration traders per market.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the traders.")
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Multiple of recorded time; 0 is as fast as it goes.",
)
@click.option(
    "--path-mode",
    type=click.Choice(["close", "ohlc"]),
    default="close",
    show_default=True,
    help="Prices taken from a bar: its close, or open, low, high, close.",
)
@click.option(
    "--check-every",
    type=click.IntRange(0),
    default=CHECK_EVERY,
    show_default=True,
    help="Bars between full sweeps of the invariants; 0 sweeps at the end only.",
)
@click.option(
    "--journal",
    "journal_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the journal of the run in this directory.",
)
@click.option("--plain", is_flag=True, help="name=value lines instead of tables.")
@common
@click.pass_obj
def replay_prices(
    app: App,
    files: tuple[str, ...],
    symbol: str | None,
    fmt: str,
    traders: int,
    seed: int,
    speed: float,
    path_mode: Literal["close", "ohlc"],
    check_every: int,
    journal_dir: Path | None,
    plain: bool,
) -> None:
    """Run the exchange over price files, with traders, and report what happened.

    FILE is a price file, a directory or a pattern: CSV, .csv.gz, .zip or Parquet in any of the
    known layouts. Files of one market become one series. The last line of the output is
    state_hash=...: the same files, seed and number of traders give the same hash.
    """
    settings = ReplaySettings(traders, seed, speed, check_every, journal_dir)
    run = _Run(open_series(files, symbol, fmt, path_mode), settings)
    total = run.count(path_mode)
    found = [report.file_report(one.symbol, one.report) for one in run.series]
    result = run.run(total, Console(stderr=True).is_terminal and not plain)
    values: dict[str, Any] = {"inputs": found, **report.replay(result)}
    if app.json:
        click.echo(json.dumps(values, indent=2))
        return
    if plain:
        click.echo(render_plain(values))
    else:
        stdout = Console()
        if not stdout.is_terminal:
            stdout = Console(width=WIDTH)
        render_rich(stdout, found, result)
    click.echo(f"state_hash={result.state_hash}")
