"""Dutch auctions: offers, fills, the end."""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.commands import OfferAuction, SettleAuction


def offer(txn: Txn, cmd: OfferAuction) -> None:
    """Offer."""
    raise Reject(NOTHING_TO_DO, cmd.tag(), txn.now)


def settle(txn: Txn, cmd: SettleAuction) -> None:
    """Settle."""
    raise Reject(NOTHING_TO_DO, cmd.tag(), txn.now)
