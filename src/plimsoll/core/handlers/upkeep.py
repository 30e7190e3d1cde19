"""What keeps the exchange going: oracle prices and overdue work. Spec: UPKEEP-001 … 003."""

from __future__ import annotations

from plimsoll.core import book, oracle
from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.commands import ExpireOrder, MatchLimit, OraclePrices, Tick


def oracle_prices(txn: Txn, cmd: OraclePrices) -> None:
    """Judge a batch of prices one by one; a bad one is refused alone."""
    for point in cmd.prices:
        oracle.submit(txn, point)


def tick(txn: Txn, cmd: Tick) -> None:
    """Do overdue work, bounded by the command and by the exchange's own limit."""
    most = txn.state.globals.params.tick_work_max
    book.expire_due(txn, min(most, cmd.limit))


def match_limit(txn: Txn, cmd: MatchLimit) -> None:
    """Settle a resting order against the vAMM."""
    raise Reject(NOTHING_TO_DO, cmd.order, txn.now)


def expire_order(txn: Txn, cmd: ExpireOrder) -> None:
    """Remove an expired order."""
    raise Reject(NOTHING_TO_DO, cmd.order, txn.now)
