"""What vaults and vAMMs were worth and what they earned by: points, and whoever keeps them.

The keeper itself is ``analytics.vault_history``; clients of a node read it through ``PnlReader``.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from plimsoll.errors import PlimsollError

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
RESOLUTIONS: Final[dict[str, int]] = {"hour": HOUR_MS, "day": DAY_MS}
"""Word -> length (ms) of what there is one point for."""


class Point(NamedTuple):
    """A source of liquidity after record ``seq`` of the time ``ts`` (ms), since it was opened.

    ``nav == flows + sum(causes.values())``, all 1e-6 quote, signed. ``source`` is ``vault:<id>`` or
    ``vamm:<market>``; ``worth`` is in smallest units of its asset, ``share_price`` 1e-9 of them a
    share (None: shut, or a vAMM), ``price`` the oracle's (1e-6; 0: none).
    """

    source: str
    ts: int
    seq: int
    nav: int
    flows: int
    causes: dict[str, int]
    worth: int
    supply: int
    share_price: int | None
    price: int


class HistoryUnavailable(PlimsollError):
    """The kept history cannot be read now; ``again`` tells whether it can be soon."""

    remedy = "The exchange itself is not affected."

    def __init__(self, message: str, *, again: bool, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.again = again


class PnlReader(Protocol):
    """A kept history of all sources, up to the last published record.

    All raise `HistoryUnavailable`.
    """

    async def sources(self) -> list[str]:
        """Every source: vaults by id, then vAMMs by market."""

    async def latest(self) -> dict[str, Point]:
        """Every source as it is now, in the order of ``sources``."""

    async def before(self, source: str, ts: int) -> Point | None:
        """The last point kept that is not later than ``ts`` (ms); None if there is none."""

    async def points(
        self, source: str, resolution: int, since: int | None, until: int | None, limit: int
    ) -> list[Point]:
        """The last point of each hour or day (``resolution`` ms) that lies within the times (ms,
        both included), oldest first: at most ``limit``, from ``since`` on, without it the newest.
        """


def vault_source(vault: int) -> str:
    """The name of a vault among sources."""
    return f"vault:{vault}"


def vamm_source(market: int) -> str:
    """The name of a market's vAMM among sources."""
    return f"vamm:{market}"
