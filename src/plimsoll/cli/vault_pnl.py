"""``plimsoll vault pnl`` and ``history``: what vaults earn, by cause, and how they got there.

Commands of the group ``vault`` in ``vaults``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import click

from plimsoll.cli import connection, output, pnl_tables
from plimsoll.cli.app import FAILURE, USAGE, App, Failure, common
from plimsoll.cli.connection import Session
from plimsoll.cli.vault_shares import vault_argument
from plimsoll.client.models import PnlInfo, PnlPoint
from plimsoll.client.vault_base import POINTS_MAX

T = TypeVar("T")

_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_HOURS_MS: Final = 40 * _UNITS["d"]
"""A chart of a longer time is made of days."""


class PnlClient(Protocol):
    """What these commands ask of a client."""

    async def pnl(self, since: int | None = None, until: int | None = None) -> list[PnlInfo]:
        """See ``VaultClient``."""

    async def vault_pnl(
        self, vault: int, since: int | None = None, until: int | None = None
    ) -> PnlInfo:
        """See ``VaultClient``."""

    async def vault_history(
        self,
        vault: int,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[PnlPoint]:
        """See ``VaultClient``."""

    async def vamm_history(
        self,
        symbol: str,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[PnlPoint]:
        """See ``VaultClient``."""


class When(NamedTuple):
    """A time: ms UTC, or so long before now."""

    ms: int
    ago: bool

    def at(self, now: int) -> int:
        """It in ms UTC."""
        return max(0, now - self.ms) if self.ago else self.ms


class WhenType(click.ParamType[When]):
    """A length of time before now (``24h``), or a time (UTC)."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> When:
        if isinstance(value, When):
            return value
        if found := _SPAN.fullmatch(value):
            return When(int(found[1]) * _UNITS[found[2]], ago=True)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is neither a length of time (90m, 24h, 7d, 4w) nor a time (UTC), such "
                "as 2026-03-01 or 2026-03-01T12:00.",
                param,
                ctx,
            )
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return When(max(0, int(moment.timestamp() * 1_000)), ago=False)


since_option = click.option(
    "--since", type=WhenType(), metavar="WHEN", help="From when on: 24h, 7d, or a time (UTC)."
)
until_option = click.option(
    "--until", type=WhenType(), metavar="WHEN", help="Up to when, the same way."
)
replay_option = click.option(
    "--replay",
    is_flag=True,
    help="Compute it from the journal in the data directory, and check the kept file by it.",
)


def _times(since: When | None, until: When | None, now: int) -> tuple[int | None, int | None]:
    return since and since.at(now), until and until.at(now)


def _run(app: App, replay: bool, work: Callable[[PnlClient, int], Awaitable[T]]) -> T:
    """What ``work`` gives with a client and its time (ms): of the exchange, or of a replay."""
    if replay:
        return _replayed(app.data_dir, work)

    async def ask(session: Session) -> T:
        return await work(session.client, (await session.client.exchange()).ts)

    return connection.run(app, ask, private=False)


def _replayed(folder: Path, work: Callable[[PnlClient, int], Awaitable[T]]) -> T:
    from plimsoll.analytics import vault_replay
    from plimsoll.cli.journal_commands import progress_bar
    from plimsoll.runtime.recovery import JOURNAL_NAME

    if not (folder / JOURNAL_NAME).is_file():
        raise Failure(f"there is no journal in {folder}; name the directory with --data", USAGE)
    with progress_bar("replaying") as bar:
        found = vault_replay.replay(folder, bar)
    try:

        async def ask() -> T:
            return await work(found, found.ts)

        made = asyncio.run(ask())
    finally:
        found.close()
    click.echo(_comparison(found.compared, found.problems, found.seq), err=True)
    if found.problems:
        raise Failure("the kept history is not that of the journal; see above", FAILURE)
    return made


def _comparison(compared: int | None, problems: list[str], seq: int) -> str:
    if problems:
        return "\n".join(problems[:20])
    kept = "no kept file" if compared is None else f"the kept file says the same up to {compared:,}"
    return f"replayed {seq:,} records; {kept}"


# PnL -----------------------------------------------------------------------------------------


@click.command("pnl")
@click.argument("ident", metavar="[VAULT]", type=click.IntRange(0), required=False)
@click.option("--vamm", "vamms", is_flag=True, help="Also the vAMM of every market.")
@since_option
@until_option
@click.option("--chart", is_flag=True, help="Draw the price of a share, of a vAMM its PnL.")
@replay_option
@common
@click.pass_obj
def pnl(app: App, /, ident: int | None, vamms: bool, chart: bool, **given: Any) -> None:
    """What every vault, or VAULT, earned since its opening, by cause.

    Net deposits and the seven causes sum to the NAV, to the millionth of a dollar.
    """
    if ident is not None and vamms:
        raise click.UsageError("--vamm belongs to all vaults, not to one.")

    async def work(client: PnlClient, now: int) -> tuple[list[PnlInfo], list[list[PnlPoint]]]:
        since, until = _times(given["since"], given["until"], now)
        if ident is not None:
            found = [await client.vault_pnl(ident, since, until)]
        else:
            every = await client.pnl(since, until)
            found = [one for one in every if vamms or one.kind != "vamm"]
        if not chart:
            return found, []
        return found, [await _charted(client, one, since, until, now) for one in found]

    found, points = _run(app, given["replay"], work)
    if app.json:
        shown: Any = found if ident is None else found[0]
        if chart:
            shown = {"pnl": shown, "history": points if ident is None else points[0]}
        output.print_json(shown)
    elif not found:
        click.echo("no vaults")
    else:
        screen = output.console()
        parts = pnl_tables.single(found[0], screen.width)
        if ident is None:
            parts = pnl_tables.statement(found, screen.width)
        for part in parts:
            screen.print(part)
        for one, kept in zip(found, points, strict=bool(points)):
            screen.print("")
            for line in pnl_tables.chart(one, kept, screen.width):
                screen.print(line)
    if any(pnl_tables.difference(one) for one in found):
        raise Failure("the figures do not sum to the NAV", FAILURE)


async def _charted(
    client: PnlClient, one: PnlInfo, since: int | None, until: int | None, now: int
) -> list[PnlPoint]:
    """The points of a chart: hours, of a long time days."""

    async def ask(resolution: str) -> list[PnlPoint]:
        if one.vault is None:
            return await client.vamm_history(one.market or "", resolution, since, until, POINTS_MAX)
        return await client.vault_history(one.vault, resolution, since, until, POINTS_MAX)

    if since is not None and (until or now) - since > _HOURS_MS:
        return await ask("day")
    found = await ask("hour")
    return found if len(found) < POINTS_MAX else await ask("day")


# History -------------------------------------------------------------------------------------


@click.command("history")
@vault_argument
@click.option(
    "--resolution",
    type=click.Choice(["hour", "day"]),
    default="hour",
    show_default=True,
    help="A line for each hour or day (UTC).",
)
@since_option
@until_option
@click.option(
    "--limit",
    type=click.IntRange(1, POINTS_MAX),
    default=24,
    show_default=True,
    help="How many at most: the newest, with --since the first.",
)
@click.option("--causes", is_flag=True, help="What was earned in each, by cause.")
@replay_option
@common
@click.pass_obj
def history(
    app: App, /, ident: int, resolution: str, limit: int, causes: bool, **given: Any
) -> None:
    """The price of a share of VAULT and its worth, hour by hour or day by day."""

    async def work(client: PnlClient, now: int) -> tuple[PnlInfo, list[PnlPoint]]:
        since, until = _times(given["since"], given["until"], now)
        # What was earned needs the point before, too.
        most = min(limit + 1, POINTS_MAX) if causes else limit
        one = await client.vault_pnl(ident)
        return one, await client.vault_history(ident, resolution, since, until, most)

    one, found = _run(app, given["replay"], work)
    if app.json:
        output.print_json(found)
    elif len(found) <= causes:
        click.echo("no points in this range")
    else:
        made = pnl_tables.causes_by_time if causes else pnl_tables.history
        output.console().print(made(one, found, resolution))
