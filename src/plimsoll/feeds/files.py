"""Price files of any known layout as a ``PriceSource``; start at ``open_price_file``."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Final

from plimsoll.feeds.base import (
    Bar,
    FeedError,
    PathMode,
    PriceTick,
    RowError,
    UnknownLayoutError,
    UnreadableFileError,
    bar_ticks,
)
from plimsoll.feeds.containers import SUFFIXES, csv_name, read_cells
from plimsoll.feeds.formats import (
    BY_NAME,
    COLUMN_NAMES,
    LAYOUTS,
    Head,
    Layout,
    Row,
    date_of_name,
    symbol_of,
)
from plimsoll.feeds.report import DEFAULT_TICK_GAP_MS, FileReport, Tally
from plimsoll.feeds.text import TimeParser, parse_date_text

SAMPLE_LINES: Final = 1000
NEWEST_FIRST_LINES_MAX: Final = 5_000_000
FILES_MAX: Final = 20_000
DEFAULT_MAX_BAD_ROWS: Final = 100
_PREAMBLE_LINES_MAX: Final = 5
_CELL_END: Final = "\x1f"

PathLike = str | Path


@dataclass(frozen=True, slots=True)
class _OpenedFile:
    """One file after its first lines were understood; rows start after ``head_lines``."""

    path: Path
    layout: Layout
    head: Head
    head_lines: int
    newest_first: bool
    first_ms: int
    interval_ms: int


def _is_preamble(cells: list[str]) -> bool:
    line = ",".join(cells).strip().lower()
    return line.startswith(("http://", "https://", "#")) or "cryptodatadownload.com" in line


def _read_head(path: Path, date_ms: int | None) -> tuple[Head, int, list[list[str]]]:
    """The head of the file, the count of lines before its rows, and its first rows."""
    sample = list(islice(read_cells(path), SAMPLE_LINES + _PREAMBLE_LINES_MAX))
    preamble = [",".join(cells) for cells in takewhile(_is_preamble, sample[:_PREAMBLE_LINES_MAX])]
    head_lines = len(preamble)
    header: tuple[str, ...] | None = None
    if head_lines < len(sample):
        names = tuple(cell.strip().lower() for cell in sample[head_lines])
        if COLUMN_NAMES.intersection(names):
            header = names
            head_lines += 1
    rows = [cells for cells in sample[head_lines:] if cells != [""]]
    if not rows:
        raise UnreadableFileError("the file has no rows", path=str(path))
    first = rows[0]
    if header is not None:
        first = next((cells for cells in rows if len(cells) == len(header)), first)
        if len(first) != len(header):
            reason = f"{len(header)} column names, but {len(first)} cells in the first row"
            raise UnknownLayoutError(reason, path=str(path), line=head_lines + 1)
    name = csv_name(path)
    known_date = date_ms if date_ms is not None else date_of_name(path, name)
    return Head(path, name, tuple(preamble), header, tuple(first), known_date), head_lines, rows


def _choose_layout(head: Head, fmt: str) -> Layout:
    if fmt != "auto":
        return BY_NAME[fmt]
    found = next((layout for layout in LAYOUTS if layout.matches(head)), None)
    if found is None:
        seen = ",".join(head.header or head.row)[:120]
        known = ", ".join(BY_NAME)
        reason = f"unknown layout: {seen!r}; known layouts: {known}"
        raise UnknownLayoutError(reason, path=str(head.path))
    return found


def _interval_of(times: Sequence[int]) -> int:
    """The bar length: the smallest step that nine in ten steps are multiples of; 0 if no steps.

    It must itself be one step in a hundred, as a single stray second divides every minute.
    """
    steps = Counter(abs(b - a) for a, b in pairwise(times) if a != b)
    total = sum(steps.values())
    for step in sorted(step for step, n in steps.items() if 100 * n >= total):
        if 10 * sum(n for other, n in steps.items() if other % step == 0) >= 9 * total:
            return step
    return steps.most_common(1)[0][0] if steps else 0


def _sample_times(head: Head, layout: Layout, rows: Sequence[list[str]], line: int) -> list[int]:
    """The times of the first rows that can be read; raises ``UnknownLayoutError`` if none can."""
    parse = layout.parser(head, TimeParser())
    times: list[int] = []
    first_reason = "no row could be read"
    for cells in reversed(rows):
        try:
            times.append(parse(cells)[0])
        except (RowError, IndexError) as error:
            first_reason = str(error)
    if not times:
        reason = f"no usable row in the first {len(rows)} as {layout.name}: {first_reason}"
        raise UnknownLayoutError(reason, path=str(head.path), line=line)
    times.reverse()
    return times


def _open_one(
    path: Path, fmt: str, date_ms: int | None, interval_ms: int | None, filtered: bool
) -> _OpenedFile | None:
    """The file ready to read; None if ``filtered`` and it does not look like ``fmt``."""
    head, head_lines, rows = _read_head(path, date_ms)
    if filtered and not BY_NAME[fmt].matches(head):
        return None
    layout = _choose_layout(head, fmt)
    times = _sample_times(head, layout, rows, head_lines + 1)
    falling = sum(1 if b < a else -1 for a, b in pairwise(times) if a != b) > 0
    interval = 0
    if layout.kind == "bars":
        interval = interval_ms or layout.interval_ms(head) or _interval_of(times)
        if interval <= 0:
            reason = "one row does not tell the length of a bar: pass interval_ms="
            raise FeedError(reason, path=str(path))
    first_ms = min(times)
    return _OpenedFile(path, layout, head, head_lines, falling, first_ms, interval)


def _numbered_rows(opened: _OpenedFile) -> Iterator[tuple[int, list[str]]]:
    """The rows in time order with their line numbers; newest-first files are held in memory."""
    cells_of_lines = islice(read_cells(opened.path), opened.head_lines, None)
    if not opened.newest_first:
        yield from enumerate(cells_of_lines, opened.head_lines + 1)
        return
    lines: list[str] = []
    for cells in cells_of_lines:
        if len(lines) >= NEWEST_FIRST_LINES_MAX:
            reason = f"newest row first, and longer than {NEWEST_FIRST_LINES_MAX:,} rows: split it"
            raise UnreadableFileError(reason, path=str(opened.path))
        lines.append(_CELL_END.join(cells))
    for back, line in enumerate(reversed(lines)):
        yield opened.head_lines + len(lines) - back, line.split(_CELL_END)


def _good_rows(opened: _OpenedFile, tally: Tally) -> Iterator[Row]:
    """The rows to use, in time order; ``tally`` counts all of them. Raises ``FeedError``."""
    times = TimeParser()
    parse = opened.layout.parser(opened.head, times)
    path = str(opened.path)
    width = len(opened.head.row)
    admit = tally.admit
    tally.start_file()
    for line, cells in _numbered_rows(opened):
        if len(cells) != width:
            if cells != [""]:
                tally.refuse(path, line, f"{len(cells)} columns instead of {width}")
            continue
        try:
            row = parse(cells)
        except RowError as error:
            tally.refuse(path, line, str(error))
            continue
        if admit(row, cells, path, line):
            yield row
    tally.units.update(times.units)


class FilePrices:
    """The prices of one series in one or more files; made by ``open_price_file``.

    ``ticks`` and ``bars`` start a new pass each, reading as they go. Rows that cannot be used are
    left out and listed in ``report``.
    """

    def __init__(
        self,
        opened: Sequence[_OpenedFile],
        symbol: str,
        path_mode: PathMode,
        max_bad_rows: int,
        gap_ms: int,
    ) -> None:
        self._files = tuple(opened)
        self._path_mode: PathMode = path_mode
        self._max_bad_rows = max_bad_rows
        self._gap_ms = gap_ms
        self._report: FileReport | None = None
        self.symbol = symbol
        self.layout = opened[0].layout.name
        self.kind = opened[0].layout.kind
        self.interval_ms = opened[0].interval_ms

    @property
    def symbols(self) -> tuple[str, ...]:
        """The one symbol of the series."""
        return (self.symbol,)

    @property
    def report(self) -> FileReport:
        """What a whole pass finds; reads the files unless a pass has ended before.

        Raises ``FeedError`` as ``ticks`` does.
        """
        if self._report is None:
            for _ in self._rows():
                pass
        if self._report is None:  # a pass that ends sets it, one that fails raises
            raise FeedError("the pass over the files did not end")
        return self._report

    def ticks(self) -> Iterator[PriceTick]:
        """The prices in time order: UTC ms, quote in 1e-6; bars as ``bar_ticks`` says.

        Raises ``FeedError`` for damage met on the way or too many bad rows.
        """
        symbol = self.symbol
        if self.kind == "bars" and self._path_mode == "ohlc":
            for bar in self.bars():
                yield from bar_ticks(bar, symbol, "ohlc")
            return
        # The tick of bar_ticks' close mode, without making the bar.
        last = max(self.interval_ms - 1, 0)
        for ts_ms, _, _, _, close, _, confidence in self._rows():
            yield PriceTick(ts_ms + last, symbol, close, confidence)

    def bars(self) -> Iterator[Bar]:
        """The bars in time order. Raises ``FeedError``, also where the files hold single prices."""
        if self.kind != "bars":
            raise FeedError("single prices, not bars", path=str(self._files[0].path))
        interval_ms = self.interval_ms
        for ts_ms, opened, high, low, close, volume, confidence in self._rows():
            yield Bar(ts_ms, interval_ms, opened, high, low, close, volume, confidence)

    def _rows(self) -> Iterator[Row]:
        tally = Tally(self.kind, self.interval_ms, self._gap_ms, self._max_bad_rows)
        for opened in self._files:
            yield from _good_rows(opened, tally)
        if tally.last_row is None:
            raise UnreadableFileError("no usable row", path=str(self._files[0].path))
        self._report = FileReport(
            files=tuple(str(opened.path) for opened in self._files),
            layouts=tuple(dict.fromkeys(opened.layout.name for opened in self._files)),
            kind=self.kind,
            time_unit="+".join(tally.units),
            interval_ms=self.interval_ms,
            rows=tally.rows,
            first_ms=tally.first_ms,
            last_ms=tally.last_row[0],
            gap_count=tally.gap_count,
            missing_bars=tally.missing_bars,
            longest_gap=tally.longest_gap,
            gaps=tuple(tally.gaps),
            bad_row_count=tally.bad_row_count,
            bad_rows=tuple(tally.bad_rows),
            duplicates=tally.duplicates,
            out_of_order=tally.out_of_order,
        )


def _expand(path: PathLike | Sequence[PathLike]) -> list[Path]:
    """The files meant by a path, a directory, a glob pattern, or a list of those."""
    if not isinstance(path, (str, Path)):
        return list(dict.fromkeys(file for part in path for file in _expand(part)))
    place = Path(path)
    if place.is_dir():
        files = [f for f in place.iterdir() if f.is_file() and f.name.lower().endswith(SUFFIXES)]
    elif not place.exists() and glob.has_magic(str(path)):
        # Path.glob takes no absolute pattern.
        files = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207
        files = [file for file in files if file.is_file()]
    else:
        return [place]
    if not files:
        raise UnreadableFileError(f"no price files ({', '.join(SUFFIXES)})", path=str(path))
    return sorted(files)


def _require_one_series(opened: Sequence[_OpenedFile], symbol: str | None) -> str:
    """The series' symbol. Raises ``FeedError`` where the files hold more than one series."""
    # Two layouts of one kind may follow each other (a vendor's change); trades and quotes may not.
    kinds = Counter((one.layout.kind, one.layout.name.endswith("quote")) for one in opened)
    if len(kinds) > 1:
        names = Counter(one.layout.name for one in opened)
        found = ", ".join(f"{name}: {n}" for name, n in names.items())
        raise FeedError(f"several series ({found}): choose one with fmt= or a narrower pattern")
    intervals = sorted({one.interval_ms for one in opened})
    if len(intervals) > 1:
        raise FeedError(f"bars of different lengths: {intervals} ms")
    if symbol is not None:
        return symbol
    symbols = sorted({symbol_of(one.head, one.layout) for one in opened})
    if len(symbols) > 1:
        found = ", ".join(symbols[:10])
        raise FeedError(f"several symbols ({found}): pass symbol= if they are one series")
    return symbols[0]


def _date_ms(day: date | str | None) -> int | None:
    if day is None or isinstance(day, str):
        try:
            return None if day is None else parse_date_text(day)
        except RowError as error:
            raise FeedError(f"date: {error}") from error
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(midnight.timestamp()) * 1000


def open_price_file(
    path: PathLike | Sequence[PathLike],
    *,
    symbol: str | None = None,
    fmt: str = "auto",
    date: date | str | None = None,
    path_mode: PathMode = "close",
    interval_ms: int | None = None,
    gap_ms: int | None = None,
    max_bad_rows: int = DEFAULT_MAX_BAD_ROWS,
) -> FilePrices:
    """Open a file, a directory, a glob pattern or a list of them as one series of prices.

    ``fmt`` names a layout of ``formats.LAYOUTS``; of a directory or pattern only files of that
    layout are taken. ``date`` is the day of a LEAN file whose name has none. ``interval_ms`` is
    the length of a bar where the rows do not tell. ``gap_ms`` is the silence reported as a gap:
    any missing bar, or a minute between single prices. Several files are read in the order of
    their first rows; times an earlier file covers are skipped and counted as duplicates.

    Raises ``FeedError``: now for files that cannot be read or understood, and while reading for
    damage and for more than ``max_bad_rows`` bad rows.
    """
    if fmt != "auto" and fmt not in BY_NAME:
        raise FeedError(f"unknown fmt {fmt!r}; one of: auto, {', '.join(BY_NAME)}")
    if path_mode not in ("close", "ohlc"):
        raise FeedError(f"unknown path_mode {path_mode!r}; one of: close, ohlc")
    if interval_ms is not None and interval_ms <= 0:
        raise FeedError(f"interval_ms must be positive, not {interval_ms}")
    paths = _expand(path)
    if not paths or len(paths) > FILES_MAX:
        raise FeedError(f"{len(paths)} files: pass 1 to {FILES_MAX:,}")
    day = _date_ms(date)
    if day is not None and len(paths) > 1:
        raise FeedError(f"one date for {len(paths)} files")
    # Of several files a fmt picks those that look like it; a single file is read as told.
    filtered = fmt != "auto" and len(paths) > 1
    found = [_open_one(one, fmt, day, interval_ms, filtered) for one in paths]
    opened = [one for one in found if one is not None]
    if not opened:
        raise FeedError(f"none of {len(paths)} files has the layout {fmt}")
    opened.sort(key=lambda one: one.first_ms)
    name = _require_one_series(opened, symbol)
    default_gap_ms = DEFAULT_TICK_GAP_MS if opened[0].layout.kind == "ticks" else 0
    gap = default_gap_ms if gap_ms is None else gap_ms
    return FilePrices(opened, name, path_mode, max_bad_rows, gap)
