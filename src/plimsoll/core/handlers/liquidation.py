"""Liquidation: close, charge, deleverage, cover."""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.commands import Liquidate


def liquidate(txn: Txn, cmd: Liquidate) -> None:
    """Liquidate."""
    raise Reject(NOTHING_TO_DO, cmd.tag(), txn.now)
