"""A channel's state as its messages give it: what a reader knows, kept for those who join later.

The same arithmetic serves every client: begin with a snapshot, apply each delta.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.client.base import BREAKER_CHANNEL, KEEPER_CHANNEL
from plimsoll.client.models import StreamMessage

Data = dict[str, Any]

RECENT: Final = 100
"""Trades, fills or happenings that are kept."""


class Mirror:
    """State of one channel after the messages so far; None before the first snapshot."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.seq = 0
        self.ts = 0
        self.data: Data | None = None

    def apply(self, message: StreamMessage) -> None:
        """Take over a message."""
        self.seq, self.ts = message.seq, message.ts
        if message.type == "gap":
            self.data = None
        elif message.type == "snapshot" or self.data is None:
            self.data = dict(message.data)
        else:
            self.data = self._merged(self.data, message.data)

    def _merged(self, before: Data, change: Data) -> Data:
        if self._kind == "book":
            merged = {**before, **change}
            for side, best_first in (("bids", True), ("asks", False)):
                merged[side] = merge_levels(before[side], change[side], descending=best_first)
            return merged
        if self._kind == "orders":
            return {"orders": _merge_rows(before, change, "orders", "order")}
        if self._kind == "auctions":
            return {"auctions": _merge_rows(before, change, "auctions", "auction")}
        if self._kind == "markets":
            return {"markets": _merge_rows(before, change, "markets", "symbol")}
        if self._kind == "triggers":
            return {"triggers": _merge_rows(before, change, "triggers", "order")}
        if self._kind == BREAKER_CHANNEL:
            return {**change, "moves": [*before["moves"], *change["moves"]][-RECENT:]}
        if self._kind == KEEPER_CHANNEL:
            # Who joins later begins after the last record.
            return {"records": []}
        if self._kind in ("trades", "fills", "activity"):
            return {self._kind: [*before[self._kind], *change[self._kind]][-RECENT:]}
        return dict(change)


def merge_levels(before: list[Any], change: list[Any], *, descending: bool) -> list[list[str]]:
    """Levels after a change; size "0" takes a level away."""
    levels = dict(before) | dict(change)
    left = [[price, size] for price, size in levels.items() if size != "0"]
    return sorted(left, key=lambda level: _order_of(level[0]), reverse=descending)


def _order_of(price: str) -> tuple[int, str]:
    """Sorts plain decimal texts by value without making numbers of them."""
    whole, _, decimals = price.partition(".")
    return int(whole), decimals


def _merge_rows(before: Data, change: Data, field: str, ident: str) -> list[Data]:
    removed = set(change.get("removed", ()))
    rows = {row[ident]: row for row in before[field]}
    rows |= {row[ident]: row for row in change[field]}
    return [row for row in rows.values() if row[ident] not in removed]
