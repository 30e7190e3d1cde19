"""Follows records one by one and notes the last point of every hour.

Live, after a restart and in a replay the same class sees the same records, so the points are the
same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from plimsoll.analytics.attribution import Attribution
from plimsoll.analytics.vault_store import Checkpoint, bucket_of
from plimsoll.runtime import recovery
from plimsoll.runtime.journal import JournalReader
from plimsoll.runtime.pnl import HOUR_MS, Point
from plimsoll.runtime.publisher import Published

CLOSED_MAX: Final = 10_000
"""Points that a replay or a catching-up holds in memory before it writes them."""


class Recorder:
    """The attribution after record ``seq``, and the points that are not written yet.

    ``closed`` are the last points of hours that are over, oldest first.
    """

    def __init__(self, start: Checkpoint | None = None) -> None:
        """Begin at genesis or at a checkpoint. Errors: `ValueError` and others for one of another
        format.
        """
        self._attribution = Attribution() if start is None else Attribution.load(start.attribution)
        self.seq = 0 if start is None else start.seq
        self.ts = 0 if start is None else start.ts
        self.closed: list[Point] = []
        self._hour_ends = bucket_of(self.ts, HOUR_MS) + HOUR_MS

    def take(self, item: Published) -> None:
        """Take over the next record. Errors: whatever the attribution raises; then it is spoilt."""
        if item.ts >= self._hour_ends:
            if self.seq > 0:
                self.closed += self.points()
            self._hour_ends = bucket_of(item.ts, HOUR_MS) + HOUR_MS
        self._attribution.record(item.ts, item.events, item.command)
        self.seq, self.ts = item.seq, item.ts

    def sources(self) -> list[str]:
        """Vaults by id, then vAMMs by market."""
        return self._attribution.sources()

    def points(self) -> list[Point]:
        """Every source as it is now."""
        return [self._point(source) for source in self._attribution.sources()]

    def newer(self) -> list[Point]:
        """All points that are not written yet, the present one included."""
        return [*self.closed, *self.points()]

    def checkpoint(self) -> Checkpoint:
        """Where it is; the place in the journal's chain is for others to fill in."""
        return Checkpoint(self.seq, self.ts, b"", self._attribution.dump())

    def _point(self, source: str) -> Point:
        found = self._attribution.pnl(source)
        return Point(
            source=source,
            ts=self.ts,
            seq=self.seq,
            nav=found.nav,
            flows=found.flows,
            causes=found.causes,
            worth=found.worth,
            supply=found.supply,
            share_price=found.share_price,
            price=found.price,
        )


def chain_at(data_dir: Path, seq: int) -> bytes:
    """The hash of a record in the chain of a directory's journal. Errors: `JournalError`."""
    with JournalReader.open(data_dir / recovery.JOURNAL_NAME, salvage=True) as journal:
        return journal.head_at(seq).chain
