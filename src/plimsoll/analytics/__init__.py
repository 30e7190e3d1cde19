"""What events mean in money: ledger lines, and what is built on them."""

from __future__ import annotations

from plimsoll.analytics.attribution import CAUSES, Attribution, Pnl, UnknownSourceError
from plimsoll.analytics.causes import UnknownReasonError
from plimsoll.analytics.postings import Line, Pools, Postings, UnknownMarketError

__all__ = [
    "CAUSES",
    "Attribution",
    "Line",
    "Pnl",
    "Pools",
    "Postings",
    "UnknownMarketError",
    "UnknownReasonError",
    "UnknownSourceError",
]
