"""Prices for a running node: synthetic ones without end, or a file replayed against the clock.

Every price is published with the time at which it is sent: a replayed file keeps its rhythm (times
``speed``), not its dates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Protocol

import structlog

from plimsoll.errors import ConfigError, NodeBusy
from plimsoll.feeds import FeedError, MergedSource, PriceSource, PriceTick, SyntheticFeed
from plimsoll.feeds.files import FilePrices
from plimsoll.messages.commands import OraclePrices, PricePoint
from plimsoll.runtime import presets
from plimsoll.runtime.node import NodeBase
from plimsoll.runtime.node_types import Clock

STEP_MS: Final = 1_000
CONFIDENCE_PPM: Final = 100
BACKOFF_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)

_log = structlog.get_logger("plimsoll.feed")


class LiveFeed(Protocol):
    """Where a node's prices come from."""

    def describe(self) -> str:
        """What the feed is, for people."""
        ...

    def first_prices(self) -> dict[str, int]:
        """The price each market opens at. Raises ``FeedError``."""
        ...

    def batches(self, prices: Mapping[str, int], seed: int) -> Iterator[Batch]:
        """Prices to publish, from ``prices`` (the last ones known) on. Raises ``FeedError``."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Prices of one instant, due ``due_ms`` after the first batch."""

    due_ms: int
    ticks: Sequence[PriceTick]


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Seeded random prices, one a second, which go on from where the market stands."""

    start: Mapping[str, int]
    step_ms: int = STEP_MS
    speed: float = 1.0

    def describe(self) -> str:
        return "synthetic prices"

    def first_prices(self) -> dict[str, int]:
        return dict(self.start)

    def batches(self, prices: Mapping[str, int], seed: int) -> Iterator[Batch]:
        source = SyntheticFeed(
            # A market that was opened later may have neither a price nor a start.
            {
                symbol: price or self.start[symbol]
                for symbol, price in prices.items()
                if price or symbol in self.start
            },
            seed=seed,
            start_ms=0,
            step_ms=self.step_ms,
            confidence_ppm=CONFIDENCE_PPM,
        )
        return _batches(source, self.speed, -1)


@dataclass(slots=True)
class Replayed:
    """Recorded prices at ``speed`` times their rhythm (0: no waiting); after an error it goes on
    behind the last price sent.
    """

    series: Sequence[FilePrices]
    speed: float
    _sent_ms: int = field(default=-1, init=False)

    def describe(self) -> str:
        names = ", ".join(one.symbol for one in self.series)
        return f"recorded prices of {names} at {self.speed:g} times their rhythm"

    def first_prices(self) -> dict[str, int]:
        return {one.symbol: next(one.ticks()).price for one in self.series}

    def batches(self, prices: Mapping[str, int], seed: int) -> Iterator[Batch]:
        del seed
        missing = [one.symbol for one in self.series if one.symbol not in prices]
        if missing:
            raise ConfigError(
                f"this exchange has no market {', '.join(missing)}, only {', '.join(prices)}",
                remedy="Name one with --symbol, or use another --data-dir.",
            )
        source = self.series[0] if len(self.series) == 1 else MergedSource(self.series)
        for batch in _batches(source, self.speed, self._sent_ms):
            yield batch
            self._sent_ms = batch.ticks[0].ts_ms


def _batches(source: PriceSource, speed: float, after_ms: int) -> Iterator[Batch]:
    first = -1
    for ts_ms, group in groupby(source.ticks(), key=attrgetter("ts_ms")):
        ticks = list(group)
        if ts_ms <= after_ms:
            continue
        first = ts_ms if first < 0 else first
        yield Batch(round((ts_ms - first) / speed) if speed > 0 else 0, ticks)


def symbols(state: Any) -> list[str]:
    """The markets' symbols, in their order."""
    return [row.params.symbol for row in state.markets]


def last_prices(state: Any) -> dict[str, int]:
    """Symbol to last oracle price (0: none yet), in the order of the markets."""
    return {row.params.symbol: state.oracles[row.ident].price for row in state.markets}


async def publish(node: NodeBase, feed: LiveFeed, seed: int, clock: Clock) -> None:
    """Send the feed's prices until it ends. Feed errors are logged and tried again, later each
    time; everything else goes to the caller.
    """
    failures = 0

    def sent() -> None:
        nonlocal failures
        failures = 0

    while True:
        try:
            await _pass(node, feed, seed, clock, sent)
        except FeedError as error:
            wait = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            failures += 1
            _log.error("feed failed", error=str(error), retry_in_seconds=wait)
            await asyncio.sleep(wait)
        else:
            _log.warning("feed ended", feed=feed.describe())
            return


async def _pass(
    node: NodeBase, feed: LiveFeed, seed: int, clock: Clock, sent: Callable[[], None]
) -> None:
    """Send the feed's batches, each when it is due."""
    loop = asyncio.get_running_loop()
    prices = await node.query(last_prices)
    index = {symbol: at for at, symbol in enumerate(prices)}
    batches = feed.batches(prices, seed)
    started = loop.time()
    last = 0
    # Reading a file may take a while: not on the event loop.
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        await asyncio.sleep(max(0.0, started + batch.due_ms / 1_000 - loop.time()))
        # The oracle takes no two prices of one millisecond.
        while (now := clock()) <= last:  # noqa: ASYNC110 - a clock has no event
            await asyncio.sleep((last + 1 - now) / 1_000)
        last = now
        points = {
            tick.symbol: PricePoint(index[tick.symbol], tick.price, tick.confidence, now)
            for tick in batch.ticks
        }
        try:
            await node.submit(OraclePrices(list(points.values())), principal=presets.ORACLE)
        except NodeBusy:
            _log.warning("price not sent", reason="the node is busy")
        sent()
