"""What a node counts: plain numbers for whoever exports them. Nothing here decides anything."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

BATCH_BOUNDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
"""Upper ends of the buckets of batch sizes, in commands."""

SECONDS_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Upper ends of the buckets of commit times, in seconds."""


class Histogram:
    """How many values fell into each bucket; the last bucket has no upper end."""

    __slots__ = ("bounds", "count", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """``bounds`` are the buckets' upper ends, included, in rising order."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.count = 0
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.count += 1
        self.total += value


def _histogram(bounds: tuple[float, ...]) -> Callable[[], Histogram]:
    return partial(Histogram, bounds)


@dataclass(slots=True)
class NodeMetrics:
    """Counters since the node was opened, and what its recovery took.

    ``rejected`` counts refused commands by reject code; ``refused`` counts what never got a
    sequence number, by the name of the error. ``queue_depth`` is the length at the last change.
    """

    commands: int = 0
    accepted: int = 0
    rejected: dict[int, int] = field(default_factory=dict)
    duplicates: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    queue_depth: int = 0
    batches: int = 0
    batch_size: Histogram = field(default_factory=_histogram(BATCH_BOUNDS))
    commit_seconds: Histogram = field(default_factory=_histogram(SECONDS_BOUNDS))
    clock_clamps: int = 0
    clock_behind_ms_max: int = 0
    snapshots: int = 0
    snapshot_failures: int = 0
    subscribers: int = 0
    subscribers_dropped: int = 0
    recovery_seconds: float = 0.0
    recovered_records: int = 0
    halted: int = 0

    def refuse(self, error: str) -> None:
        """Count a command that was not taken."""
        self.refused[error] = self.refused.get(error, 0) + 1

    def reject(self, code: int) -> None:
        """Count a command the core refused."""
        self.rejected[code] = self.rejected.get(code, 0) + 1
