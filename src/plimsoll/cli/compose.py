"""One process with everything: node, prices, house keeper, traders, API, and something to show it.

Every part is a task of one group. A part that fails brings the whole down, with its name in the
message; only a price feed is tried again. The node closes last, and leaves a snapshot.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import structlog
import uvicorn

from plimsoll.analytics.vault_history import VaultHistory
from plimsoll.api.app import create_app
from plimsoll.api.limits import ApiSettings
from plimsoll.api.server import make_server
from plimsoll.cli import demo_client, demo_vaults, live_feeds
from plimsoll.cli.board import NodeBoard
from plimsoll.cli.demo_client import DemoClient
from plimsoll.cli.live_feeds import LiveFeed
from plimsoll.errors import ConfigError, NodeBusy, PlimsollError
from plimsoll.messages.commands import Tick
from plimsoll.runtime import presets, presets_vaults
from plimsoll.runtime.keys import KEYS_NAME, KeyStore
from plimsoll.runtime.node import Node, NodeSettings
from plimsoll.runtime.node_types import Clock, system_clock
from plimsoll.sim.population import TRADERS, Trader, cast
from plimsoll.sim.sight import Sight, look

TICK_SECONDS: Final = 0.25
TICK_WORK: Final = 256
PERIODS: Final = {
    "maker": 1.0,
    "arbitrageur": 1.0,
    "auction-maker": 0.7,
    "block": 4.0,
    "noise": 2.0,
    "momentum": 2.0,
    "explorer": 3.0,
}
"""Mean seconds between two decisions of a live trader, by kind."""

_log = structlog.get_logger("plimsoll.up")


class PartFailed(PlimsollError):
    """A part of the running exchange failed, so all of it was stopped."""

    remedy = "Correct the cause and start again; nothing that was acknowledged is lost."


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What to run. ``port`` 0 takes a free one; ``demo`` adds traders and the demo client, with
    ``vaults`` also vaults, spot pools and who fills them; ``program`` is how other commands are
    called to reach this exchange.
    """

    data_dir: Path
    feed: LiveFeed
    host: str = "127.0.0.1"
    port: int = 0
    trusted_proxies: str = ""
    demo: bool = True
    open_deposits: bool = True
    house_keeper: bool = True
    vaults: bool = True
    traders: int = TRADERS
    seed: int = 1
    feed_seed: int = 1
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    global_overrides: Mapping[str, Any] = field(default_factory=dict)
    node: NodeSettings = field(default_factory=NodeSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    clock: Clock = system_clock
    program: str = "plimsoll"


@dataclass(frozen=True, slots=True)
class Running:
    """A started exchange, for whoever shows it; ``stop`` ends it."""

    node: Node
    board: NodeBoard
    url: str
    symbol: str
    data_dir: Path
    client: DemoClient | None
    stop: asyncio.Event
    order_command: str = ""

    @property
    def curl(self) -> str:
        """A first request, as one would type it."""
        return f"curl {self.url}/v1/markets/{self.symbol}"


Show = Callable[[Running], Awaitable[None]]
"""Shows a running exchange until it is stopped, or returns to stop it."""


class _Server(uvicorn.Server):
    """Leaves signals to the process it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(options: UpOptions, show: Show) -> None:
    """Run until told to stop. Errors: `PartFailed`, `ConfigError`, `JournalError`, `FeedError`."""
    async with AsyncExitStack() as stack:
        kept = VaultHistory(options.data_dir)
        stack.push_async_callback(kept.close)
        node = await _open_node(options, kept)
        stack.push_async_callback(node.close)
        keys = stack.enter_context(KeyStore.open(options.data_dir / KEYS_NAME))
        listener = stack.enter_context(_listen(options.host, options.port))
        url = _url(options.host, listener.getsockname()[1])
        app = create_app(node, keys, options.api, clock=options.clock, kept=kept)
        made = make_server(app, settings=options.api, trusted_proxies=options.trusted_proxies)
        server = _Server(made.config)
        client, traders, spot = None, [], -1
        if options.demo:
            client = await demo_client.prepare(node, keys, options.data_dir, url, options.clock())
            traders = await _join_traders(node, options)
            spot = await demo_vaults.prepare(node) if options.vaults else -1
        board = NodeBoard(node, options.clock, kept=kept)
        stop = asyncio.Event()
        stack.enter_context(_signals(stop))
        symbol = (await node.query(live_feeds.symbols))[0]
        example = f"{options.program} order buy {symbol} 0.01"
        board.note = f"{example}   {url}" if client is not None else url
        running = Running(
            node, board, url, symbol, options.data_dir, client, stop,
            example,
        )  # fmt: skip
        try:
            await _run_parts(options, running, traders, spot, server, listener, show)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        _log.info("stopping", seq=node.last_seq)
    _log.info("stopped", seq=node.last_seq)


async def _open_node(options: UpOptions, kept: VaultHistory) -> Node:
    path = options.data_dir
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the data directory {path} cannot be made: {error}") from error
    first = await asyncio.to_thread(options.feed.first_prices)
    commands = presets.bootstrap(
        first,
        open_deposits=options.open_deposits,
        overrides=options.overrides,
        global_overrides={
            name: value
            for name, value in options.global_overrides.items()
            if name != "open_deposits"
        },
    )
    if options.demo and options.vaults:
        commands += presets_vaults.open_vaults(first, options.overrides)
    if options.demo:
        commands += presets.outflow_limits()
    node = await Node.open(
        path,
        bootstrap=commands,
        settings=options.node,
        clock=options.clock,
        listen=kept.listen,
    )
    kept.follow(node)
    _log.info(
        "node open",
        data_dir=str(path),
        seq=node.last_seq,
        recovered_records=node.metrics.recovered_records,
        recovery_seconds=round(node.metrics.recovery_seconds, 3),
    )
    return node


async def _join_traders(node: Node, options: UpOptions) -> list[Trader]:
    symbols = await node.query(live_feeds.symbols)
    # After a restart the same traders go on, with other chances.
    traders = cast(symbols, options.traders, options.seed + node.last_seq)
    for trader in traders:
        trader.deposited = trader.agent.DEPOSIT
        trader.principal, trader.account = await demo_client.join(
            node, trader.name, trader.deposited
        )
    return traders


async def _run_parts(
    options: UpOptions,
    running: Running,
    traders: list[Trader],
    spot: int,
    server: uvicorn.Server,
    listener: socket.socket,
    show: Show,
) -> None:
    """All parts, each a task; returns when ``stop`` is set and they have ended."""
    node, stop = running.node, running.stop
    seed = options.feed_seed + node.last_seq
    parts: dict[str, Awaitable[None]] = {
        "price feed": live_feeds.publish(node, options.feed, seed, options.clock),
        "board": running.board.follow(),
    }
    if options.house_keeper:
        parts["house keeper"] = _keep_house(node)
    if spot >= 0:
        parts["spot trader"] = demo_vaults.arbitrage(node, spot)
    for trader in traders:
        parts[f"trader {trader.name}"] = _trade(node, trader, options.clock)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(_part("API server", _serve(server, listener, stop)))
        tasks = [group.create_task(_part(name, part), name=name) for name, part in parts.items()]
        await _until_started(server, serving)
        if not serving.done():
            _log.info("ready", url=running.url, feed=options.feed.describe(), traders=len(traders))
            showing = group.create_task(_part("display", show(running)))
            showing.add_done_callback(lambda _: stop.set())
            tasks.append(showing)
        await stop.wait()
        server.should_exit = True
        for task in tasks:
            task.cancel()


async def _part(name: str, work: Awaitable[None]) -> None:
    """A part's work; its failure says whose it is."""
    try:
        await work
    except Exception as error:
        _log.exception("part failed", part=name)
        raise PartFailed(f"{name}: {type(error).__name__}: {error}") from error


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure of a group, however deep."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


async def _serve(server: uvicorn.Server, listener: socket.socket, stop: asyncio.Event) -> None:
    await server.serve(sockets=[listener])
    if not stop.is_set():
        raise ConnectionError("the server ended by itself")


async def _until_started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    # The server offers a flag to look at and nothing to wait for.
    while not server.started and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _keep_house(node: Node) -> None:
    """Do overdue work four times a second."""
    while True:
        try:
            await node.submit(Tick(TICK_WORK), principal=presets.KEEPER)
        except NodeBusy:
            _log.warning("tick not sent", reason="the node is busy")
        await asyncio.sleep(TICK_SECONDS)


async def _trade(node: Node, trader: Trader, clock: Clock) -> None:
    """Let a trader decide again and again, at uneven intervals."""
    period = PERIODS[trader.kind]
    pace = Random(trader.name)
    while True:
        await asyncio.sleep(period * (0.5 + pace.random()))
        sight = await node.query(partial(_sight, trader, clock()))
        for command in trader.agent.decide(sight, sight.now, trader.rng):
            try:
                await node.submit(command, principal=trader.principal)
            except NodeBusy:
                _log.warning("order not sent", trader=trader.name, reason="the node is busy")


def _sight(trader: Trader, now: int, state: Any) -> Sight:
    return look(state, trader.market, trader.account, now)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything is started. Errors: `ConfigError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error}",
            remedy="Choose another port with --port (0 takes a free one).",
        ) from error


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set ``stop`` while this lasts."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
