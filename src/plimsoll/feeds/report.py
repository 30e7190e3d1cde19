"""What a pass over price files found: rows, gaps, and every row that was not used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plimsoll.feeds.base import BadRowsError
from plimsoll.feeds.formats import Kind, Row

LISTED_MAX: Final = 1000
DEFAULT_TICK_GAP_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without prices, UTC ms. Of bars: ``missing`` of them; single prices have 0."""

    start_ms: int
    end_ms: int
    missing: int

    @property
    def length_ms(self) -> int:
        """How long the stretch is, in ms."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not used; ``line`` is 1-based in ``path``."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """One whole pass. Times are UTC ms as the rows give them; of bars, their open times.

    ``rows`` counts the rows used. ``interval_ms`` is 0 for single prices. ``duplicates`` repeat
    the row before them, or a time an earlier file has covered; ``out_of_order`` go back in time.
    Neither is used. ``gaps`` and ``bad_rows`` list the first 1,000; the counts are complete.
    """

    files: tuple[str, ...]
    layouts: tuple[str, ...]
    kind: Kind
    time_unit: str
    interval_ms: int
    rows: int
    first_ms: int
    last_ms: int
    gap_count: int
    missing_bars: int
    longest_gap: Gap | None
    gaps: tuple[Gap, ...]
    bad_row_count: int
    bad_rows: tuple[BadRow, ...]
    duplicates: int
    out_of_order: int


class Tally:
    """Judges the rows of one pass in turn, and counts them."""

    def __init__(self, kind: Kind, interval_ms: int, gap_ms: int, max_bad_rows: int) -> None:
        self.rows = self.duplicates = self.out_of_order = 0
        self.first_ms = 0
        self.last_row: Row | None = None
        self.bad_row_count = self.gap_count = self.missing_bars = 0
        self.bad_rows: list[BadRow] = []
        self.gaps: list[Gap] = []
        self.longest_gap: Gap | None = None
        self.units: dict[str, None] = {}
        self._bars = kind == "bars"
        self._interval_ms = interval_ms
        self._gap_ms = gap_ms
        self._max_bad_rows = max_bad_rows
        self._next_ms = self._late_ms = 0
        self._covered_ms = -1
        self._last_cells: list[str] = []

    def start_file(self) -> None:
        """What the earlier files cover is theirs: rows of the next file up to there repeat it."""
        if self.last_row is not None:
            self._covered_ms = self.last_row[0]

    def refuse(self, path: str, line: int, reason: str) -> None:
        """Count a bad row. Raises ``BadRowsError`` when there are more than allowed."""
        self.bad_row_count += 1
        if len(self.bad_rows) < LISTED_MAX:
            self.bad_rows.append(BadRow(path, line, reason))
        if self.bad_row_count > self._max_bad_rows:
            limit = f"bad row {self.bad_row_count}, {self._max_bad_rows} allowed: {reason}"
            raise BadRowsError(limit, path=path, line=line)

    def admit(self, row: Row, cells: list[str], path: str, line: int) -> bool:
        """Whether ``row`` may be used. Raises ``BadRowsError`` as ``refuse`` does.

        ``cells`` is the row as written: trades of one instant may agree in all but their id.
        """
        ts_ms = row[0]
        repeated = cells == self._last_cells
        self._last_cells = cells
        if self._next_ms <= ts_ms <= self._late_ms and not repeated:
            return self._take(row)
        last = self.last_row
        if last is None:
            self.first_ms = ts_ms
            return self._take(row)
        if repeated or ts_ms <= self._covered_ms or (self._bars and row == last):
            self.duplicates += 1
            return False
        if ts_ms < last[0]:
            self.out_of_order += 1
            self.refuse(path, line, f"out of order: {last[0] - ts_ms} ms before the row above")
            return False
        if ts_ms < self._next_ms:
            same = ts_ms == last[0]
            reason = "same time, other prices" if same else "begins within the bar above"
            self.refuse(path, line, reason)
            return False
        if ts_ms > self._late_ms:
            self._note_gap(ts_ms)
        return self._take(row)

    def _take(self, row: Row) -> bool:
        self.rows += 1
        self.last_row = row
        self._next_ms = row[0] + self._interval_ms
        self._late_ms = self._next_ms + self._gap_ms
        return True

    def _note_gap(self, ts_ms: int) -> None:
        missing = (ts_ms - self._next_ms) // self._interval_ms if self._interval_ms else 0
        gap = Gap(self._next_ms, ts_ms, missing)
        self.gap_count += 1
        self.missing_bars += missing
        if len(self.gaps) < LISTED_MAX:
            self.gaps.append(gap)
        if self.longest_gap is None or gap.length_ms > self.longest_gap.length_ms:
            self.longest_gap = gap
