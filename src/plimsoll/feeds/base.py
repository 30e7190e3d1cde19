"""Prices as every feed delivers them: ticks, bars, the source protocol and the typed errors."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, Protocol, runtime_checkable

PathMode = Literal["close", "ohlc"]


class FeedError(Exception):
    """A price source cannot be used. ``path`` and ``line`` (1-based) say where, when known."""

    def __init__(self, reason: str, *, path: str | None = None, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.line = line

    def __str__(self) -> str:
        if self.path is None:
            return self.reason
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.reason}"


class UnreadableFileError(FeedError):
    """The file is missing, damaged, too large, or not text."""


class UnknownLayoutError(FeedError):
    """No known layout fits the columns of the file."""


class BadRowsError(FeedError):
    """More rows are unusable than the caller allows; names the row that broke the limit."""


class MissingExtraError(FeedError):
    """The file needs an optional dependency that is not installed."""


class RowError(ValueError):
    """One row is unusable; its text is the reason. Readers count it and go on."""


@dataclass(frozen=True, slots=True)
class PriceTick:
    """A price at an instant: UTC milliseconds, quote in 1e-6.

    ``confidence`` is the half-width of the price's interval in 1e-6 quote, 0 if unknown.
    """

    ts_ms: int
    symbol: str
    price: int
    confidence: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """Prices of one interval: opens at ``ts_ms``, covers ``interval_ms``; prices in 1e-6 quote.

    ``volume`` is in 1e-9 of the unit the file counts in, normally base; quote bars have none (0).
    ``confidence`` is as in ``PriceTick``, at the close.
    """

    ts_ms: int
    interval_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    confidence: int = 0


@runtime_checkable
class PriceSource(Protocol):
    """Anything that yields the prices of its symbols in time order."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that may occur in ``ticks``."""
        ...

    def ticks(self) -> Iterator[PriceTick]:
        """A new pass over the prices, never going back in ``ts_ms``. Raises ``FeedError``."""
        ...


@dataclass(frozen=True, slots=True)
class MergedSource:
    """Several sources as one, by time; at equal times the earlier source comes first."""

    sources: Sequence[PriceSource]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of all sources, each once, in the order of the sources."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.symbols))

    def ticks(self) -> Iterator[PriceTick]:
        """A new pass over all sources; holds one tick per source. Raises ``FeedError``."""
        return heapq.merge(*(source.ticks() for source in self.sources), key=attrgetter("ts_ms"))


def bar_ticks(bar: Bar, symbol: str, path_mode: PathMode = "close") -> tuple[PriceTick, ...]:
    """The ticks that stand for ``bar``.

    ``close``: one tick. ``ohlc``: open, then low and high (high and low in a falling bar), then
    close. The close is stamped with the bar's last millisecond, as it is not known earlier.
    """
    last = bar.ts_ms + max(bar.interval_ms - 1, 0)
    close = PriceTick(last, symbol, bar.close, bar.confidence)
    if path_mode == "close":
        return (close,)
    rising = bar.close >= bar.open
    second, third = (bar.low, bar.high) if rising else (bar.high, bar.low)
    span = last - bar.ts_ms
    return (
        PriceTick(bar.ts_ms, symbol, bar.open, bar.confidence),
        PriceTick(bar.ts_ms + span // 3, symbol, second, bar.confidence),
        PriceTick(bar.ts_ms + 2 * span // 3, symbol, third, bar.confidence),
        close,
    )
