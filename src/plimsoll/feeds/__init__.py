"""Price sources: files of many layouts, and seeded synthetic prices."""

from __future__ import annotations

from plimsoll.feeds.base import (
    BadRowsError,
    Bar,
    FeedError,
    MergedSource,
    MissingExtraError,
    PathMode,
    PriceSource,
    PriceTick,
    UnknownLayoutError,
    UnreadableFileError,
    bar_ticks,
)
from plimsoll.feeds.files import FilePrices, open_price_file
from plimsoll.feeds.report import BadRow, FileReport, Gap
from plimsoll.feeds.synthetic import NO_JUMPS, Jumps, SyntheticFeed

__all__ = [
    "NO_JUMPS",
    "BadRow",
    "BadRowsError",
    "Bar",
    "FeedError",
    "FilePrices",
    "FileReport",
    "Gap",
    "Jumps",
    "MergedSource",
    "MissingExtraError",
    "PathMode",
    "PriceSource",
    "PriceTick",
    "SyntheticFeed",
    "UnknownLayoutError",
    "UnreadableFileError",
    "bar_ticks",
    "open_price_file",
]
