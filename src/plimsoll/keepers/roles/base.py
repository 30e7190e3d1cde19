"""The interface of roles, and what they are given to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from plimsoll.keepers.access import Task
from plimsoll.keepers.mirror import Mirror
from plimsoll.keepers.settings import KeeperSettings


@dataclass(frozen=True, slots=True)
class View:
    """The exchange at one moment, and who is asking.

    ``keeper`` is the account rewards go to (-1: the pot); ``equity`` (1e-6) that account's worth,
    None as long as it is not known.
    """

    mirror: Mirror
    keeper: int
    settings: KeeperSettings
    equity: int | None = None


class Role(Protocol):
    """Finds work. Never waits, never changes what it is shown."""

    name: str

    def candidates(self, view: View, now: int) -> list[Task]:
        """What could be sent at ``now`` (the exchange's ms), most wanted first."""
