"""Funding: booked a period, settled a position."""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.commands import SettleFunding, UpdateFunding


def update(txn: Txn, cmd: UpdateFunding) -> None:
    """Book."""
    raise Reject(NOTHING_TO_DO, cmd.tag(), txn.now)


def settle(txn: Txn, cmd: SettleFunding) -> None:
    """Settle."""
    raise Reject(NOTHING_TO_DO, cmd.tag(), txn.now)
