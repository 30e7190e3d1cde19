"""What keeps the exchange going: oracle prices and overdue work. Spec: UPKEEP-001 … 003."""

from __future__ import annotations

from plimsoll.core import book, oracle
from plimsoll.core.context import Txn
from plimsoll.messages.commands import OraclePrices, Tick


def oracle_prices(txn: Txn, cmd: OraclePrices) -> None:
    """Judge a batch of prices one by one; a bad one is refused alone."""
    for point in cmd.prices:
        oracle.submit(txn, point)


def tick(txn: Txn, cmd: Tick) -> None:
    """Do overdue work, bounded by the command and by the exchange's own limit."""
    most = txn.state.globals.params.tick_work_max
    book.expire_due(txn, min(most, cmd.limit))
