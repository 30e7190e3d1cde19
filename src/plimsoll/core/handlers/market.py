"""A market's averages, peg, health and spreads: brought up to date, or set by the operator."""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.commands import Repeg, UpdateMarket


def after_trades(txn: Txn) -> None:
    """Bring the markets that a command traded in up to date."""
    txn.traded.clear()


def update(txn: Txn, cmd: UpdateMarket) -> None:
    """Bring a market up to date."""
    txn.state.market(cmd.market)
    raise Reject(NOTHING_TO_DO)


def repeg(txn: Txn, cmd: Repeg) -> None:
    """Set a peg by hand."""
    txn.state.market(cmd.market)
    raise Reject(NOTHING_TO_DO)
