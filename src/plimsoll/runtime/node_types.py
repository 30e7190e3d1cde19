"""Settings and condition of a node, and its clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from plimsoll.errors import ConfigError
from plimsoll.runtime.journal_format import BATCH_RECORDS_MAX
from plimsoll.runtime.snapshots import KEEP_MIN

Clock = Callable[[], int]
"""Gives the time in ms UTC."""


def system_clock() -> int:
    """Milliseconds UTC, rounded down."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Limits of a node.

    ``queue_max``: commands that may wait; ``batch_max``: commands in one commit;
    ``snapshot_every``: records between snapshots (0: only at a clean close);
    ``answer_retention_ms``: how long a client id stays reserved and its answer can be had again
    (0: for ever); ``check_every``: records between full sweeps of the invariants (0: none);
    ``house_keeper``: due work is done right after the command that makes it due, by a ``Tick`` of
    the house, and not only when a keeper or the next tick comes.
    """

    queue_max: int = 10_000
    batch_max: int = 1_000
    snapshot_every: int = 100_000
    keep_snapshots: int = 3
    answer_retention_ms: int = 7 * 86_400_000
    check_every: int = 0
    house_keeper: bool = True

    def __post_init__(self) -> None:
        """Errors: `ConfigError`."""
        for name, least in (
            ("queue_max", 1), ("batch_max", 1), ("snapshot_every", 0),
            ("keep_snapshots", KEEP_MIN), ("answer_retention_ms", 0), ("check_every", 0),
        ):  # fmt: skip
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, not {getattr(self, name)}")
        # The house may add a record to each.
        if 2 * self.batch_max > BATCH_RECORDS_MAX:
            raise ConfigError(f"batch_max must be at most {BATCH_RECORDS_MAX // 2}")


class Status(StrEnum):
    """Whether a node takes commands."""

    RUNNING = "running"
    CLOSED = "closed"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class Health:
    """A node's condition; ``reason`` says why it halted, ``seq`` and ``ts`` (ms) where it is."""

    status: Status
    reason: str
    seq: int
    ts: int
    queued: int
