"""Events of auctions and triggers in a sentence each, with their rules; see ``explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from plimsoll.runtime.rules import DONE_RULES

Values = dict[str, Any]
Rules = tuple[str, ...]
Teller = Callable[[Values], tuple[str, Rules]]


def _auction_started(v: Values) -> tuple[str, Rules]:
    text = (
        f"Auction {v['auction']} of a {v['cause']}: {v['side']} {v['size']} {v['symbol']}, from "
        f"{v['start']} to {v['end']} within {v['ends_ms'] - v['started_ms']} ms, never past "
        f"{v['limit']}."
    )
    return text, ("AUCTION-001", "AUCTION-003", "AUCTION-004")


def _auction_offered(v: Values) -> tuple[str, Rules]:
    text = (
        f"Offer {v['offer']} of {v['size']} at {v['price']} in auction {v['auction']}, which asked "
        f"{v['asked']}."
    )
    return text, ("AUCTION-006",)


def _offer_dropped(v: Values) -> tuple[str, Rules]:
    reason = str(v["reason"])
    text = f"{v['remaining']} of offer {v['offer']} were dropped ({_said(reason)})."
    return text, DONE_RULES[reason]


def _auction_ended(v: Values) -> tuple[str, Rules]:
    reason = str(v["reason"])
    text = (
        f"Auction {v['auction']} is over ({_said(reason)}): {v['filled']} filled, "
        f"{v['remaining']} left."
    )
    return text, ("AUCTION-005", *DONE_RULES[reason])


def _trigger_placed(v: Values) -> tuple[str, Rules]:
    text = (
        f"Trigger {v['order']} waits to {v['side']} {v['size']} {v['symbol']} once the oracle is "
        f"at or {v['direction']} {v['trigger_price']}."
    )
    return text, ("ORDER-002",)


def _trigger_fired(v: Values) -> tuple[str, Rules]:
    text = (
        f"Trigger {v['order']} fired: the oracle is at {v['oracle']}, its price was "
        f"{v['trigger_price']}."
    )
    return text, ("TRACK-003",)


def _said(word: str) -> str:
    return word.replace("_", " ")


EXPLAIN: Final[dict[str, Teller]] = {
    "AuctionStarted": _auction_started,
    "AuctionOffered": _auction_offered,
    "OfferDropped": _offer_dropped,
    "AuctionEnded": _auction_ended,
    "TriggerPlaced": _trigger_placed,
    "TriggerFired": _trigger_fired,
}
"""Event -> its sentence and its rules."""
