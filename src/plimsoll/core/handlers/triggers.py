"""Trigger orders: wait for the oracle, then be placed."""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.commands import FireTrigger, PlaceTrigger


def place(txn: Txn, cmd: PlaceTrigger) -> None:
    """Place."""
    raise Reject(NOTHING_TO_DO, cmd.tag(), txn.now)


def fire(txn: Txn, cmd: FireTrigger) -> None:
    """Fire."""
    raise Reject(NOTHING_TO_DO, cmd.tag(), txn.now)
