"""What events mean in money: ledger lines, and what is built on them."""

from __future__ import annotations

from plimsoll.analytics.postings import Line, Pools, Postings, UnknownMarketError

__all__ = ["Line", "Pools", "Postings", "UnknownMarketError"]
