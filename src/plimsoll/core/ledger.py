"""Double entry: the only writer of balances. Every movement has a reason.

``transfer`` reports itself by a ``Transferred`` event. What a fill moves (quote, rebate, fee
parts, spread surplus) goes through ``move`` and is reported as a whole by ``Filled``, whose fields
say the reasons; ``analytics.postings`` turns both into the same ledger lines.

Spec: MONEY-001 … MONEY-004.
"""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Balance
from plimsoll.core.state import USD
from plimsoll.messages.events import Transferred
from plimsoll.units import AMOUNT_MAX, require_range


def shift(source: Balance, target: Balance, amount: int) -> None:
    """Take from one balance what is added to another. Raises ``RangeError``."""
    if amount < 0 or amount > AMOUNT_MAX:
        require_range(amount, 0, AMOUNT_MAX, "amount")
    source.add(-amount)
    target.add(amount)
    if source.amount < -AMOUNT_MAX or target.amount > AMOUNT_MAX:
        require_range(source.amount, -AMOUNT_MAX, AMOUNT_MAX, "balance")
        require_range(target.amount, -AMOUNT_MAX, AMOUNT_MAX, "balance")


def move(debit: Account, credit: Account, amount: int) -> None:
    """Move collateral; the caller reports it. 0 moves nothing."""
    if amount != 0:
        shift(debit.usd, credit.usd, amount)


def transfer(
    txn: Txn, debit: Account, credit: Account, asset: int, amount: int, reason: int, market: int
) -> None:
    """Move ``amount`` >= 0 of an asset and report it; 0 moves (and reports) nothing.

    Whether the debit may go negative is the caller's rule; that it fits 62 bits is checked here.
    Raises ``RangeError``.
    """
    if amount == 0:
        return
    state = txn.state
    shift(state.balance(debit, asset), state.balance(credit, asset), amount)
    txn.emit(Transferred(debit.ident, credit.ident, asset, amount, reason, market))


def pay(txn: Txn, debit: Account, credit: Account, amount: int, reason: int, market: int) -> None:
    """``transfer`` of the collateral."""
    transfer(txn, debit, credit, USD, amount, reason, market)
