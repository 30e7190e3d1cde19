"""The layouts of price files: one row of ``LAYOUTS`` each, a detector and a row parser.

A row parser turns cells into ``(ts_ms, open, high, low, close, volume, confidence)``; for single
prices the four prices are equal. It raises ``RowError`` for a row that must not be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from plimsoll.feeds.base import FeedError, RowError
from plimsoll.feeds.text import (
    TimeParser,
    parse_date_text,
    parse_price_text,
    parse_quantity_text,
    parse_spread_text,
    shown,
)

Row = tuple[int, int, int, int, int, int, int]
RowParser = Callable[[list[str]], Row]
Kind = Literal["bars", "ticks"]

_DAY_MS: Final = 86_400_000
_BOOLEANS: Final = frozenset(("true", "false"))
_TIME_NAMES: Final = (
    *("ts_ms", "ts", "timestamp", "open_time", "opentime", "unix", "unix_timestamp", "time"),
    *("transact_time", "datetime", "date"),
)
_PRICE_NAMES: Final = ("price", "mid", "mark_price", "index_price", "oracle_price", "close", "last")
_OHLC_NAMES: Final = ("open", "high", "low", "close")
_CONFIDENCE_NAMES: Final = ("confidence", "conf")
_QUOTE_ASSETS: Final = frozenset(("usd", "usdt", "usdc", "busd", "eur", "gbp", "jpy"))
COLUMN_NAMES: Final = frozenset((*_TIME_NAMES, *_PRICE_NAMES, *_OHLC_NAMES))

_INTERVALS: Final = {"second": 1000, "minute": 60_000, "hour": 3_600_000, "daily": _DAY_MS}
_LEAN_WORDS: Final = re.compile(r"(?<![a-z])(second|minute|hour|daily)(?![a-z])")


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a file before its rows are read. ``header`` is in lower case."""

    path: Path
    csv_name: str
    preamble: tuple[str, ...]
    header: tuple[str, ...] | None
    row: tuple[str, ...]
    date_ms: int | None


def _no_hint(head: Head) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of writing prices. ``interval_ms`` is 0 where only the rows can tell it."""

    name: str
    kind: Kind
    matches: Callable[[Head], bool]
    parser: Callable[[Head, TimeParser], RowParser]
    interval_ms: Callable[[Head], int] = _no_hint


def _bar(ts_ms: int, cells: list[str], first: int, volume: int) -> Row:
    opened = parse_price_text(cells[first])
    high = parse_price_text(cells[first + 1])
    low = parse_price_text(cells[first + 2])
    close = parse_price_text(cells[first + 3])
    if not (low <= opened <= high and low <= close <= high):
        raise RowError("open or close is outside low .. high")
    return ts_ms, opened, high, low, close, volume, 0


# --- Binance Vision -------------------------------------------------------------------------


def _is_klines(head: Head) -> bool:
    if head.header is not None:
        return len(head.header) == 12 and head.header[6].replace("_", "") == "closetime"
    return len(head.row) == 12 and head.row[0].isdecimal() and head.row[6].isdecimal()


def _klines(head: Head, time: TimeParser) -> RowParser:
    def parse(cells: list[str]) -> Row:
        return _bar(time(cells[0]), cells, 1, parse_quantity_text(cells[5]))

    return parse


def _klines_interval(head: Head) -> int:
    try:
        # The close time is the interval's last unit of time, whatever the unit is.
        return TimeParser()(str(int(head.row[6]) + 1)) - TimeParser()(head.row[0])
    except ValueError:
        return 0


def _is_agg_trades(head: Head) -> bool:
    if head.header is not None:
        return head.header[0].replace("_", "") in ("aggtradeid", "aggregatetradeid")
    row = head.row
    return (
        len(row) in (7, 8)
        and all(row[i].isdecimal() for i in (0, 3, 4, 5))
        and all(cell.strip().lower() in _BOOLEANS for cell in row[6:])
    )


def _agg_trades(head: Head, time: TimeParser) -> RowParser:
    def parse(cells: list[str]) -> Row:
        price = parse_price_text(cells[1])
        volume = parse_quantity_text(cells[2], "quantity")
        return time(cells[5]), price, price, price, price, volume, 0

    return parse


# --- LEAN -----------------------------------------------------------------------------------


def _lean(width: int, *, intraday: bool) -> Callable[[Head], bool]:
    def matches(head: Head) -> bool:
        if head.header is not None or len(head.row) != width:
            return False
        first = head.row[0]
        if intraday:
            return first.isdecimal() and len(first) <= 8 and int(first) < _DAY_MS
        return re.fullmatch(r"[0-9]{8} [0-9]{2}:[0-9]{2}(:[0-9]{2})?", first) is not None

    return matches


def _lean_interval(head: Head) -> int:
    folder = head.path.parent
    for name in (head.csv_name, head.path.name, folder.name, folder.parent.name):
        words = _LEAN_WORDS.findall(name.lower())
        if words:
            return _INTERVALS[words[-1]]
    return 0


def _lean_time(head: Head, time: TimeParser) -> Callable[[str], int]:
    if not head.row[0].isdecimal():
        return time
    if head.date_ms is None:
        reason = "times count from midnight, and the file name starts with no date: pass date="
        raise FeedError(reason, path=str(head.path))
    midnight = head.date_ms
    time.units["ms since midnight"] = None

    def parse(text: str) -> int:
        offset = int(text) if text.isdecimal() and len(text) <= 8 else _DAY_MS
        if offset >= _DAY_MS:
            raise RowError(f"time is not within a day: {shown(text)}")
        return midnight + offset

    return parse


def _lean_trade(head: Head, time: TimeParser) -> RowParser:
    parse_time = _lean_time(head, time)

    def parse(cells: list[str]) -> Row:
        return _bar(parse_time(cells[0]), cells, 1, parse_quantity_text(cells[5]))

    return parse


def _half_even(total: int) -> int:
    half = total >> 1
    return half + 1 if total & 1 and half & 1 else half


def _lean_quote(head: Head, time: TimeParser) -> RowParser:
    parse_time = _lean_time(head, time)

    def parse(cells: list[str]) -> Row:
        if not all(cells[1:]):
            raise RowError("one side of the quote is missing")
        ts_ms = parse_time(cells[0])
        _, *bids, _, _ = _bar(ts_ms, cells, 1, 0)
        _, *asks, _, _ = _bar(ts_ms, cells, 6, 0)
        width = asks[3] - bids[3]
        if width < 0:
            raise RowError("the quote is crossed at the close")
        opened, high, low, close = map(_half_even, map(int.__add__, bids, asks))
        return ts_ms, opened, high, low, close, 0, width + 1 >> 1

    return parse


# --- layouts with column names, and Bitstamp's without ----------------------------------------


def _is_bitstamp(head: Head) -> bool:
    if head.header is not None:
        return head.header == ("timestamp", *_OHLC_NAMES, "volume")
    return len(head.row) == 6 and re.fullmatch(r"[0-9]{9,}(\.0)?", head.row[0]) is not None


def _bitstamp(head: Head, time: TimeParser) -> RowParser:
    def parse(cells: list[str]) -> Row:
        return _bar(time(cells[0]), cells, 1, parse_quantity_text(cells[5]))

    return parse


def _column(head: Head, names: tuple[str, ...]) -> int | None:
    header = head.header or ()
    return next((header.index(name) for name in names if name in header), None)


def _volume_column(head: Head) -> int | None:
    """``volume``, or of ``volume btc`` and ``volume usd`` the one counted in base."""
    exact = _column(head, ("volume", "volume_base", "base_volume"))
    if exact is not None:
        return exact
    named = [(i, n[7:]) for i, n in enumerate(head.header or ()) if n.startswith("volume ")]
    return next((i for i, asset in named if asset not in _QUOTE_ASSETS), None)


def _is_ohlc(head: Head) -> bool:
    has_prices = all(name in (head.header or ()) for name in _OHLC_NAMES)
    return has_prices and _column(head, _TIME_NAMES) is not None


def _is_crypto_data_download(head: Head) -> bool:
    return bool(head.preamble) and _is_ohlc(head)


def _is_single_price(head: Head) -> bool:
    found = _column(head, _PRICE_NAMES) is not None and _column(head, _TIME_NAMES) is not None
    return found and not _is_ohlc(head)


def symbol_column(head: Head) -> int | None:
    """Where the file names the symbol of each row, if it does."""
    return _column(head, ("symbol", "ticker", "pair", "instrument"))


def _one_symbol(head: Head, parse: RowParser) -> RowParser:
    """Refuse rows of a second symbol: their prices are another series."""
    column = symbol_column(head)
    if column is None:
        return parse
    symbol = head.row[column]

    def parse_checked(cells: list[str]) -> Row:
        if cells[column] != symbol:
            raise RowError(f"row of another symbol: {shown(cells[column])}")
        return parse(cells)

    return parse_checked


def _require_column(head: Head, names: tuple[str, ...]) -> int:
    column = _column(head, names)
    if column is None:
        raise FeedError(f"no column named {' or '.join(names)}", path=str(head.path))
    return column


def _ohlc(head: Head, time: TimeParser) -> RowParser:
    at = _require_column(head, _TIME_NAMES)
    columns = [_require_column(head, (name,)) for name in _OHLC_NAMES]
    volume_at = _volume_column(head)

    def parse(cells: list[str]) -> Row:
        volume = parse_quantity_text(cells[volume_at]) if volume_at is not None else 0
        return _bar(time(cells[at]), [cells[column] for column in columns], 0, volume)

    return _one_symbol(head, parse)


def _single_price(head: Head, time: TimeParser) -> RowParser:
    at = _require_column(head, _TIME_NAMES)
    price_at = _require_column(head, _PRICE_NAMES)
    confidence_at = _column(head, _CONFIDENCE_NAMES)

    def parse(cells: list[str]) -> Row:
        price = parse_price_text(cells[price_at])
        width = parse_spread_text(cells[confidence_at]) if confidence_at is not None else 0
        return time(cells[at]), price, price, price, price, 0, width

    return _one_symbol(head, parse)


LAYOUTS: Final = (
    Layout("binance-klines", "bars", _is_klines, _klines, _klines_interval),
    Layout("binance-aggtrades", "ticks", _is_agg_trades, _agg_trades),
    Layout("lean-intraday-trade", "bars", _lean(6, intraday=True), _lean_trade, _lean_interval),
    Layout("lean-intraday-quote", "bars", _lean(11, intraday=True), _lean_quote, _lean_interval),
    Layout("lean-daily-trade", "bars", _lean(6, intraday=False), _lean_trade, _lean_interval),
    Layout("lean-daily-quote", "bars", _lean(11, intraday=False), _lean_quote, _lean_interval),
    Layout("cryptodatadownload", "bars", _is_crypto_data_download, _ohlc),
    Layout("bitstamp", "bars", _is_bitstamp, _bitstamp),
    Layout("ohlcv", "bars", _is_ohlc, _ohlc),
    Layout("prices", "ticks", _is_single_price, _single_price),
)
"""In the order they are tried. ``lean-daily`` has the hour files too; quotes become mid prices;
the last two take any CSV or Parquet with the column names."""
BY_NAME: Final = {layout.name: layout for layout in LAYOUTS}

_NAME_DATE: Final = re.compile(r"([0-9]{8})_")
_NAME_SYMBOL: Final = re.compile(
    r"([A-Z0-9]{4,20}(?:_[A-Z0-9]+)?)-(?:[0-9]+[smhdw]|1mo|aggTrades)-"
)


def date_of_name(path: Path, csv_name: str) -> int | None:
    """Epoch ms of the ``YYYYMMDD_`` a file name starts with. Raises ``FeedError`` if no date."""
    match = _NAME_DATE.match(path.name) or _NAME_DATE.match(csv_name)
    if match is None:
        return None
    try:
        return parse_date_text(match.group(1))
    except RowError as error:
        raise FeedError(f"file name starts with a bad date: {error}", path=str(path)) from error


def symbol_of(head: Head, layout: Layout) -> str:
    """The symbol in the file's own words, upper case: a column, the folder, or the file name."""
    column = symbol_column(head)
    if column is not None and head.row[column].strip():
        return head.row[column].strip().upper()
    if layout.name.startswith("lean-intraday"):
        return head.path.resolve().parent.name.upper()
    match = _NAME_SYMBOL.match(head.path.name) or _NAME_SYMBOL.match(head.csv_name)
    if match is not None:
        return match.group(1)
    return head.path.name.split(".")[0].removesuffix("_trade").removesuffix("_quote").upper()
