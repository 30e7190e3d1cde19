"""Double entry: the only writer of balances. Every transfer carries its reason.

Spec: MONEY-001 … MONEY-004.
"""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.core.rows import Account
from plimsoll.core.state import USD
from plimsoll.messages.events import Transferred
from plimsoll.units import AMOUNT_MAX, require_range


def transfer(
    txn: Txn, debit: Account, credit: Account, asset: int, amount: int, reason: int, market: int
) -> None:
    """Move ``amount`` >= 0 from ``debit`` to ``credit``; 0 moves (and reports) nothing.

    Whether the debit may go negative is the caller's rule; that it fits 62 bits is checked here.
    Raises ``RangeError``.
    """
    if amount == 0:
        return
    require_range(amount, 0, AMOUNT_MAX, "amount")
    state = txn.state
    source = state.balance(debit, asset)
    target = state.balance(credit, asset)
    source.add(-amount)
    target.add(amount)
    require_range(source.amount, -AMOUNT_MAX, AMOUNT_MAX, "balance")
    require_range(target.amount, -AMOUNT_MAX, AMOUNT_MAX, "balance")
    txn.emit(Transferred(debit.ident, credit.ident, asset, amount, reason, market))


def pay(txn: Txn, debit: Account, credit: Account, amount: int, reason: int, market: int) -> None:
    """``transfer`` of the collateral."""
    transfer(txn, debit, credit, USD, amount, reason, market)
