"""What a verification of a data directory found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class SnapshotCheck(NamedTuple):
    """One snapshot file and what is wrong with it ("" if nothing is)."""

    path: Path
    seq: int
    problem: str


@dataclass(slots=True)
class VerifyReport:
    """What `verify` found. ``digests`` of ``records`` were compared, ``signatures`` of signed
    orders checked; hashes are hex.
    """

    records: int = 0
    digests: int = 0
    signatures: int = 0
    answers: int = 0
    chain: str = ""
    state_hash: str = ""
    code_version: str = ""
    seconds: float = 0.0
    snapshots: list[SnapshotCheck] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written."""
        return not self.problems and not any(check.problem for check in self.snapshots)
