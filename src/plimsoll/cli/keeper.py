"""``plimsoll keeper``: a keeper as a process of its own, over the API."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from plimsoll.cli.app import USAGE, App, Failure, common
from plimsoll.cli.connection import Session, Target, find_target, run_at
from plimsoll.client.errors import Forbidden
from plimsoll.config import LogConfig
from plimsoll.decimal_text import format_decimal
from plimsoll.keepers.health import listen, make_server
from plimsoll.keepers.runner import Runner, make_roles
from plimsoll.keepers.settings import ROLES, KeeperSettings

POT = -1
"""The account of rewards that go to the keepers' pot."""


@click.command("keeper")
@click.option("--url", help="Address of the exchange, such as http://127.0.0.1:8766.")
@click.option("--key-id", help="Id of an API key with the scopes read and keeper.")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File that holds the key's secret, instead of PLIMSOLL_CLIENT__SECRET.",
)
@click.option(
    "--account",
    type=click.IntRange(POT),
    help="Account that is paid; -1: the pot. By default the only one the key has.",
)
@click.option("--roles", help=f"Of {','.join(ROLES)}.")
@click.option("--interval-ms", type=click.IntRange(1), help="Between two looks for work.")
@click.option("--max-in-flight", type=click.IntRange(1), help="Commands without answer at once.")
@click.option(
    "--health-port",
    type=click.IntRange(-1, 65_535),
    help="Of /health and /metrics; 0: any free one, -1: none.",
)
@click.option("--dry-run", is_flag=True, help="Log what would be sent, send nothing.")
@click.option("--once", is_flag=True, help="Look once, wait for the answers, end.")
@common
@click.pass_obj
def keeper(
    app: App,
    url: str | None,
    key_id: str | None,
    secret_file: Path | None,
    account: int | None,
    roles: str | None,
    interval_ms: int | None,
    max_in_flight: int | None,
    health_port: int | None,
    dry_run: bool,
    once: bool,
) -> None:
    """Do what is due on an exchange, for a part of the fees.

    Settles auctions, matches limits with the vAMM, fires triggers, liquidates, cranks funding, and
    (role maker) offers in auctions from its own account. Everything is checked again by the
    exchange; several keepers may run at once. The section [keeper] of the settings holds all
    limits. Stop it with Ctrl-C or SIGTERM: it waits for its answers and prints what it earned.
    """
    config = app.load(
        client__url=url,
        client__key=key_id,
        client__secret=None if secret_file is None else _secret(secret_file),
        keeper__roles=roles,
        keeper__interval_ms=interval_ms,
        keeper__max_in_flight=max_in_flight,
        keeper__health_port=health_port,
        keeper__dry_run=True if dry_run else None,
    ).config
    make_roles(config.keeper.roles)
    if not config.client.key:
        raise Failure(
            "a keeper needs an API key of its own: `plimsoll key create --principal N --scopes "
            "read,trade,keeper` makes one; give it with --key-id and --secret-file, or as "
            "PLIMSOLL_CLIENT__KEY and PLIMSOLL_CLIENT__SECRET",
            USAGE,
        )
    target = find_target(config)
    log = msgspec.structs.replace(config.log, json=True) if app.json else config.log
    _log_to_stderr(log)

    async def work(session: Session) -> Runner:
        return await _run(session, config.keeper, account, once=once)

    _report(app, run_at(app, _patient(target), work))


def _secret(path: Path) -> str:
    text = path.read_text("utf-8").strip()
    if not text:
        raise Failure(f"{path} is empty", USAGE)
    return text


def _patient(target: Target) -> Target:
    """One attempt of the client each: the keeper itself repeats, under the same client id."""
    return msgspec.structs.replace(target, attempts=1)


def _log_to_stderr(config: LogConfig) -> None:
    from plimsoll.cli.screen import log_to

    log_to(sys.stderr, config)


async def _run(
    session: Session, settings: KeeperSettings, given: int | None, *, once: bool
) -> Runner:
    account = await _account(session, given)
    runner = Runner(session.client, account, settings)
    if once:
        await runner.run_once()
        return runner
    async with contextlib.AsyncExitStack() as stack:
        if settings.health_port >= 0:
            await stack.enter_async_context(_serving(runner, settings))
        stack.enter_context(_signals(runner))
        await runner.run()
    return runner


async def _account(session: Session, given: int | None) -> int:
    """The account that is paid: the one given or set, the only one there is, else the pot."""
    if given is not None:
        return given
    if session.target.account >= 0:
        return session.target.account
    try:
        owned = await session.client.accounts()
    except Forbidden as error:
        raise Failure(f"no account to be paid: {error}; name one with --account", USAGE) from error
    if not owned:
        return POT
    return await session.account(None)


@contextlib.asynccontextmanager
async def _serving(runner: Runner, settings: KeeperSettings) -> Any:
    """``/health`` and ``/metrics`` while this lasts."""
    with listen(settings.health_host, settings.health_port) as door:
        host, port = door.getsockname()[:2]
        click.echo(f"health at http://{host}:{port}/health", err=True)
        server = make_server(runner, host, port)
        task = asyncio.create_task(server.serve(sockets=[door]))
        try:
            yield
        finally:
            server.should_exit = True
            await task


@contextmanager
def _signals(runner: Runner) -> Iterator[None]:
    """SIGINT and SIGTERM end the keeper in good order while this lasts."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, runner.stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _report(app: App, runner: Runner) -> None:
    """What came of it, on stdout."""
    found = runner.statement.as_dict()
    if app.json:
        from plimsoll.cli.output import print_json

        print_json(found)
        return
    whom = "the keepers' pot" if runner.account < 0 else f"account {runner.account}"
    click.echo(f"rewards of {whom}: {format_decimal(found['total'], 6)} USD")
    for name, totals in found["roles"].items():
        click.echo(
            f"  {name}: {totals['sent']} sent, {totals['landed']} landed, "
            f"{totals['outcompeted']} outcompeted, {totals['other']} other, "
            f"{format_decimal(totals['reward'], 6)} USD"
        )
    for reason, amount in found["reasons"].items():
        click.echo(f"  {reason}: {format_decimal(amount, 6)} USD")
