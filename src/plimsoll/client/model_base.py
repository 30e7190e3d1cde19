"""Bases and words of everything that is said to an exchange and answered by it."""

from __future__ import annotations

from typing import Literal

import msgspec

Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market"]
TimeInForce = Literal["gtc", "ioc", "fok"]
PostOnly = Literal["none", "reject", "slide"]
Direction = Literal["above", "below"]
Status = Literal[
    "filled",
    "resting",
    "partially_filled",
    "auction",
    "waiting",
    "cancelled",
    "held",
    "rejected",
    "done",
]
Role = Literal["taker", "maker"]
Source = Literal["book", "vamm", "auction", "adl", "hedged", "signed"]
AuctionCause = Literal["order", "liquidation"]
StreamType = Literal["snapshot", "delta", "gap"]


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of what is sent."""


class Response(msgspec.Struct, kw_only=True, frozen=True):
    """Base of what is answered."""


class RejectInfo(Response, kw_only=True, frozen=True):
    """Why the exchange refused a command: what was measured against what.

    ``value`` and ``limit`` are the numbers as texts, in the unit their names suggest (money,
    prices and sizes as decimals); ``item`` is the item of the batch, -1 outside batches.
    """

    code: int
    name: str
    value: str
    limit: str
    value_is: str
    limit_is: str
    item: int = -1
