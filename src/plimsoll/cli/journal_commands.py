"""``plimsoll verify`` and ``fork``: work on the journal of a data directory, live or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plimsoll.cli import output
from plimsoll.cli.app import FAILURE, USAGE, App, Failure, common
from plimsoll.runtime import recovery
from plimsoll.runtime.verify_report import VerifyReport


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while this lasts; nothing where stderr is no terminal."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _journal_dir(app: App) -> Path:
    folder = app.data_dir
    if not (folder / recovery.JOURNAL_NAME).is_file():
        raise Failure(f"there is no journal in {folder}; name the directory with --data", USAGE)
    return folder


def _report(found: VerifyReport) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "records": found.records,
        "digests": found.digests,
        "signatures": found.signatures,
        "answers": found.answers,
        "chain": found.chain,
        "code_version": found.code_version,
        "snapshots": [
            {"path": str(one.path), "seq": one.seq, "problem": one.problem}
            for one in found.snapshots
        ],
        "problems": found.problems,
        "seconds": round(found.seconds, 3),
        "state_hash": found.state_hash,
    }


@click.command()
@common
@click.pass_obj
def verify(app: App) -> None:
    """Check a data directory by a full replay: journal, answers, snapshots, invariants.

    The last line is state_hash=HEX, the proof of the state it ends in.
    """
    folder = _journal_dir(app)
    with progress_bar("replaying") as bar:
        found = recovery.verify(folder, progress=bar)
    if app.json:
        output.print_json(_report(found))
    else:
        _print_report(folder, found)
    if not found.ok:
        raise Failure("the data directory is damaged; see the problems above", FAILURE)


def _print_report(folder: Path, found: VerifyReport) -> None:
    click.echo(f"journal      {folder / recovery.JOURNAL_NAME}")
    click.echo(f"records      {found.records:,}, events of {found.digests:,} compared")
    click.echo(f"signatures   {found.signatures:,} checked")
    click.echo(f"answers      {found.answers:,}")
    good = sum(not one.problem for one in found.snapshots)
    click.echo(f"snapshots    {good} of {len(found.snapshots)} good")
    click.echo(f"written by   {found.code_version or 'unknown'}")
    click.echo(f"chain        {found.chain}")
    for problem in found.problems:
        click.secho(f"problem      {problem}", fg="red")
    for one in found.snapshots:
        if one.problem:
            click.secho(f"problem      {one.path}: {one.problem}", fg="red")
    rate = int(found.records / max(found.seconds, 1e-9))
    click.echo(f"time         {found.seconds:.2f} s, {rate:,} records/s")
    if found.ok:
        click.secho("everything is as it was written", fg="green")
    click.echo(f"state_hash={found.state_hash}")


@click.command()
@click.option("--at", "seq", type=click.IntRange(0), required=True, help="Last record to copy.")
@click.argument("target", metavar="DST", type=click.Path(path_type=Path, file_okay=False))
@common
@click.pass_obj
def fork(app: App, seq: int, target: Path) -> None:
    """Make a data directory DST with the history up to record --at, to go on from there."""
    folder = _journal_dir(app)
    with progress_bar("copying") as bar:
        head = recovery.fork(folder, target, seq, progress=bar)
    if app.json:
        output.print_json({"target": str(target), "seq": head.seq, "chain": head.chain.hex()})
        return
    click.echo(f"{target} holds the history up to record {head.seq}")
    click.echo(f"start it with: plimsoll --data {target} up")
