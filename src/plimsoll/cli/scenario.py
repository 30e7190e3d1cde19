"""``plimsoll up --scenario``: a scripted run, in the live view or as text."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from plimsoll.analytics.vault_recorder import Recorder
from plimsoll.cli import screen
from plimsoll.cli.board import Board, Caption, look, look_guard, look_liquidity
from plimsoll.cli.figures import utc
from plimsoll.messages.codes import REJECTS
from plimsoll.messages.events import Event, Rejected
from plimsoll.runtime.inline import InlineExchange
from plimsoll.runtime.pnl import Point
from plimsoll.sim.scenarios import SCENARIOS, find
from plimsoll.sim.scenarios.stage import Beat, Performance

LIST: Final = "list"
FRAME_SECONDS: Final = 0.1
"""Pictures a second are bounded: a chapter of hours has thousands of commands."""


def names() -> list[str]:
    """One line per scenario: name and what it shows."""
    return [f"{name}  {SCENARIOS[name]().title}" for name in sorted(SCENARIOS)]


def run(name: str, speed: float, data_dir: Path | None, *, terminal: bool) -> bool:
    """Play a scenario; whether every expectation was met.

    ``speed`` multiplies the pace of the live view (0: no waiting); without a ``terminal`` the
    chapters are printed as they end. Errors: `ConfigError`, `NodeHalted`, `JournalError`.
    """
    recorder = Recorder()
    with InlineExchange(data_dir, listen=recorder.take) as exchange:
        performance = Performance(find(name), exchange)
        console = Console()
        if terminal and console.is_terminal:
            ended = asyncio.run(_show(performance, console, speed, recorder))
        else:
            ended = _print(performance)
        if not ended:
            click.echo("stopped before the end")
            return False
        for line in summary(performance):
            click.echo(line)
        return performance.met


def summary(performance: Performance) -> list[str]:
    """How each chapter went, and the hash of the state at the end."""
    lines: list[str] = []
    for number, result in enumerate(performance.results, 1):
        lines.append(f"{number:>2}  {'met   ' if result.met else 'FAILED'}  {result.title}")
        lines += [f"      {failure}" for failure in result.failures]
    exchange = performance.exchange
    met = sum(result.met for result in performance.results)
    lines.append(
        f"{met} of {len(performance.results)} chapters as expected, {exchange.seq:,} commands to "
        f"{utc(exchange.now)}"
    )
    lines.append(f"state_hash={exchange.state_hash()}")
    return lines


# Text ---------------------------------------------------------------------------------------------


def _print(performance: Performance) -> bool:
    refused: list[str] = []
    for beat in performance.beats():
        if beat.step is None:
            title, watch = beat.lines
            click.echo(f"\n{beat.chapter + 1}. {title}\n   {watch}")
            continue
        refused += [_refusal(event) for event in beat.events if isinstance(event, Rejected)]
        if beat.done:
            at = utc(performance.scene.now, "%H:%M:%S")
            click.echo(f"   {at}  {beat.step.text}")
            for line in (*dict.fromkeys(refused), *beat.lines):
                click.echo(f"             {line}")
            for failure in beat.failures:
                click.echo(f"   FAILED    {failure}")
            refused.clear()
    click.echo("")
    return True


def _refusal(event: Rejected) -> str:
    """A refusal with what was measured, in whole numbers."""
    name, value, limit = REJECTS[event.code]
    return f"refused: {name} ({value} {event.value}, {limit} {event.limit})"


# Live view ----------------------------------------------------------------------------------------


class _Picture:
    """Keeps a board up to date with a performance."""

    def __init__(self, performance: Performance, recorder: Recorder) -> None:
        self._performance = performance
        self._recorder = recorder
        self._scene = performance.scene
        self.board = Board(self._scene.now, "a scripted run in its own time")
        self.board.node.status = "running"
        self._step = ""

    def take(self, beat: Beat) -> None:
        """Note what a command did."""
        board, scene = self.board, self._scene
        chapter = self._performance.scenario.chapters[beat.chapter]
        if not board.markets:
            self.look()
        for event in beat.events:
            board.take(event, scene.now)
            self._refusal(event)
        if beat.step is None:
            self._step = ""
        elif beat.failures:
            board.alert = beat.failures[0][:90]
        elif beat.done:
            self._step = " · ".join((beat.step.text, *beat.lines))
        else:
            self._step = beat.step.text
            board.node.commands += 1
        title = f"{beat.chapter + 1}/{len(self._performance.results)}  {chapter.title}"
        board.caption = Caption(title, chapter.look, self._step)

    def _refusal(self, event: Event) -> None:
        if isinstance(event, Rejected):
            self.board.node.rejected += 1
            self._step += f" · refused: {REJECTS[event.code][0]}"

    def look(self) -> None:
        """Take over the state."""
        board, exchange = self.board, self._performance.exchange
        board.see(look(exchange.state, self._scene.now), self._scene.now)
        board.see_liquidity(look_liquidity(exchange.state, self._scene.now))
        board.see_guard(look_guard(exchange.state, self._scene.now))
        self._see_earnings()
        board.node.seq = exchange.seq
        board.node.uptime_ms = self._scene.now - self._performance.scenario.start_ms

    def _see_earnings(self) -> None:
        found, recorder = self.board.earnings, self._recorder
        hours: dict[str, list[Point]] = {}
        for point in recorder.closed:
            hours.setdefault(point.source, []).append(point)
        for source, points in hours.items():
            found.see_hours(source, points)
        found.see(recorder.points(), self._scene.now)


async def _show(
    performance: Performance, console: Console, speed: float, recorder: Recorder
) -> bool:
    """The live view; False if it was left before the end. The last picture waits for a key."""
    picture = _Picture(performance, recorder)
    with screen.Viewer(console) as viewer:
        drawn = 0.0
        for beat in performance.beats():
            picture.take(beat)
            viewer.select(performance.scenario.chapters[beat.chapter].market, at=beat.chapter)
            pause = beat.seconds / speed if speed > 0 else 0.0
            if pause < FRAME_SECONDS and time.monotonic() - drawn < FRAME_SECONDS:
                if await viewer.rest(pause):
                    return False
                continue
            picture.look()
            viewer.draw(picture.board)
            drawn = time.monotonic()
            if await viewer.rest(pause):
                return False
        picture.look()
        met = "every expectation was met" if performance.met else "expectations were NOT met"
        picture.board.note = f"{met}; q leaves"
        while speed > 0:
            viewer.draw(picture.board)
            if await viewer.rest(3_600.0):
                break
    return True
