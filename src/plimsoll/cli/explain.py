"""``plimsoll explain``: what a record did and why, from the exchange or from a journal."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from plimsoll.cli import connection, output
from plimsoll.cli.app import USAGE, App, Failure, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.client.models import ExplainInfo


@click.command()
@click.argument("seq", type=click.IntRange(1))
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Replay the journal there, instead of asking the exchange.",
)
@common
@click.pass_obj
def explain(app: App, seq: int, data_dir: Path | None) -> None:
    """What record SEQ did and why: what was measured, against which limit, by which rule.

    The exchange tells what is yours and of the last records only; a journal tells all.
    """
    found = _asked(app, seq) if data_dir is None else _replayed(data_dir, seq)
    if app.json:
        output.print_json(found)
        return
    screen = output.console()
    state = "" if found.accepted else ", refused"
    screen.print(Text(f"Record {found.seq}, {utc(found.ts)} UTC{state}", style="bold"))
    for line in found.lines:
        text = Text(f"  {line.text} ")
        screen.print(text.append(" ".join(line.rules), style="dim"))
    if not found.lines:
        click.echo("  nothing that you may see")


def _asked(app: App, seq: int) -> ExplainInfo:
    async def work(session: Session) -> ExplainInfo:
        return await session.client.explain(seq)

    return connection.run(app, work)


def _replayed(data_dir: Path, seq: int) -> ExplainInfo:
    from plimsoll.runtime import explain as explaining
    from plimsoll.runtime import recovery

    if not (data_dir / recovery.JOURNAL_NAME).is_file():
        raise Failure(f"there is no journal in {data_dir}", USAGE)
    return explaining.explain_journal(data_dir, seq)
