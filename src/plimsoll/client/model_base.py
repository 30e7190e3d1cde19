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
    "rejected",
    "done",
]
Role = Literal["taker", "maker"]
Source = Literal["book", "vamm", "auction", "adl", "hedged"]
AuctionCause = Literal["order", "liquidation"]
StreamType = Literal["snapshot", "delta", "gap"]


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of what is sent."""


class Response(msgspec.Struct, kw_only=True, frozen=True):
    """Base of what is answered."""
