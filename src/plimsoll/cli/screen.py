"""How a running exchange is shown: the live terminal view, or log lines; and where logs go."""

from __future__ import annotations

import asyncio
import logging
import sys
import termios
import traceback
import tty
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

import structlog
from rich.console import Console
from rich.live import Live

from plimsoll.cli.board import Board
from plimsoll.cli.compose import Running
from plimsoll.cli.connection import DEMO_FILE
from plimsoll.cli.figures import bp, fixed, short_usd
from plimsoll.cli.terminal import render
from plimsoll.config import LogConfig
from plimsoll.units import notional_floor

FRAME_SECONDS: Final = 0.5
LINE_SECONDS: Final = 5.0
LOG_NAME: Final = "plimsoll.log"

_log = structlog.get_logger("plimsoll.up")


def log_to(stream: TextIO, config: LogConfig, board_alert: _Alert | None = None) -> None:
    """Send all logs, ours and those of libraries, to ``stream``: key=value lines, or JSON.

    Tracebacks never show variables: they may hold the secrets of keys.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    if board_alert is not None:
        shared.append(board_alert)
    line: Any = structlog.processors.JSONRenderer()
    if not config.json:
        line = structlog.processors.LogfmtRenderer(
            key_order=["time", "level", "event"], drop_missing=True, bool_as_flag=False
        )
    trace = structlog.processors.ExceptionRenderer(plain_trace)
    least = logging.getLevelNamesMapping()[config.level.upper()]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(least),
        processors=[*shared, trace, line],
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                trace,
                line,
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(least, logging.WARNING))


def plain_trace(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None],
) -> str:
    """A traceback as one value: files, lines and the message, without any variable."""
    found = traceback.TracebackException.from_exception(exc_info[1], capture_locals=False)
    return "".join(found.format()).rstrip()


class _Alert:
    """A log processor that shows the last warning on the board."""

    def __init__(self) -> None:
        self.board: Board | None = None

    def __call__(
        self, _logger: Any, _name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if self.board is not None and event.get("level") in ("warning", "error", "critical"):
            self.board.alert = str(event.get("event", ""))[:60]
        return event


class LineDisplay:
    """Log lines on stdout: a summary of every market and of the node every five seconds."""

    def __init__(self, config: LogConfig) -> None:
        log_to(sys.stdout, config)

    async def __call__(self, running: Running) -> None:
        board = running.board
        announce(running)
        while True:
            await board.refresh()
            for market in board.markets:
                digits = market.price_digits
                vamm = market.vamm or {"bid": 0, "ask": 0}
                _log.info(
                    "market",
                    symbol=market.symbol,
                    oracle=fixed(market.oracle, 6, digits).replace(",", ""),
                    fresh=market.oracle_valid,
                    vamm_bid=fixed(vamm["bid"], 6, digits).replace(",", ""),
                    vamm_ask=fixed(vamm["ask"], 6, digits).replace(",", ""),
                    spread_bp=bp(market.spread_ppm),
                    divergence_bp=bp(market.divergence_ppm),
                    open_interest=short_usd(notional_floor(market.oracle, market.open_interest)),
                    volume_book=short_usd(market.volume["book"]),
                    volume_vamm=short_usd(market.volume["vamm"]),
                )
            node = board.node
            _log.info(
                "node",
                status=node.status,
                seq=node.seq,
                commands_per_s=round(node.rate, 1),
                queue=node.queued,
                commit_ms=round(node.commit_ms, 2),
                rejected=node.rejected,
            )
            await asyncio.sleep(LINE_SECONDS)


def announce(running: Running) -> None:
    """Say, as log lines, how to trade here."""
    _log.info("try", command=running.curl)
    if running.client is not None:
        _log.info("try", command=running.order_command)
        path = running.data_dir / DEMO_FILE
        _log.info("demo client", account=running.client.account, file=str(path))


class TerminalDisplay:
    """The live view. Logs go to a file in the data directory while it lasts."""

    def __init__(self, data_dir: Path, console: Console, config: LogConfig) -> None:
        self._console = console
        self._config = config
        self._alert = _Alert()
        self._files = ExitStack()
        data_dir.mkdir(parents=True, exist_ok=True)
        log = self._files.enter_context((data_dir / LOG_NAME).open("a", encoding="utf-8"))
        log_to(log, config, self._alert)

    def close(self) -> None:
        """Let go of the log file."""
        log_to(sys.stderr, self._config)
        self._files.close()

    async def __call__(self, running: Running) -> None:
        board = running.board
        self._alert.board = board
        announce(running)
        with Viewer(self._console) as viewer:
            while True:
                await board.refresh()
                viewer.draw(board)
                if await viewer.rest(FRAME_SECONDS):
                    return


class Viewer:
    """Draws boards full-screen and listens to the keys; the market shown is chosen with them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stack = ExitStack()
        self._selected = 0
        self._chosen_at = -1
        self._markets = 1

    def __enter__(self) -> Self:
        self._typed = self._stack.enter_context(_keys())
        live = Live(
            console=self._console, screen=True, auto_refresh=False, vertical_overflow="crop"
        )
        self._live = self._stack.enter_context(live)
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def select(self, market: int, at: int) -> None:
        """Show a market, once for each ``at``: what somebody chooses after that stays."""
        if at != self._chosen_at:
            self._selected, self._chosen_at = market, at

    def draw(self, board: Board) -> None:
        """Draw a board as large as the screen is now."""
        self._markets = max(1, len(board.markets))
        width, height = self._console.size
        self._live.update(render(board, self._selected, width, height), refresh=True)

    async def rest(self, seconds: float) -> bool:
        """Wait, or until a key is pressed; True if it is one to leave with."""
        try:
            key = await asyncio.wait_for(self._typed.get(), seconds)
        except TimeoutError:
            return False
        if key in ("\t", "n", " "):
            self._selected += 1
        elif key.isdecimal() and 0 < int(key) <= self._markets:
            self._selected = int(key) - 1
        return key in ("q", "Q", "\x1b", "\x03")


@contextmanager
def _keys() -> Iterator[asyncio.Queue[str]]:
    """Keys as they are pressed, unless stdin is no terminal; the terminal is left as it was."""
    found: asyncio.Queue[str] = asyncio.Queue(maxsize=100)
    if not sys.stdin.isatty():
        yield found
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()

    def read() -> None:
        text = sys.stdin.read(1)
        if text and not found.full():
            found.put_nowait(text)

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, read)
    try:
        yield found
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
