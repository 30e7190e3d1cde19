"""A vAMM that cannot carry its position any more is deleveraged, like anybody else.

Spec: docs/spec/18-liquidation.md, LIQ-027.
"""

from __future__ import annotations

from plimsoll.core import closing, deleverage, liquidation, losses, margin, solvency
from plimsoll.core.context import Txn
from plimsoll.core.liquidation import Holding
from plimsoll.core.rows import Market, Position
from plimsoll.core.state import State
from plimsoll.messages.codes import DONE_FILLED, DONE_NO_LIQUIDITY, NOTHING_TO_DO, Reject
from plimsoll.messages.mechanisms import BadDebt


def is_due(state: State, market: Market) -> bool:
    """Whether a market's vAMM is below its maintenance requirement. LIQ-027."""
    if not market.params.vamm_enabled or not solvency.closable(market):
        return False
    account = market.vamm
    if len(account.positions) == 0 or state.oracles[market.ident].price == 0:
        return False
    required = margin.requirement(state, account, True)
    return liquidation.is_liquidatable(margin.equity(state, account), required)


def restore(txn: Txn, market: Market) -> None:
    """Close as much of a vAMM's position as restores it, against who gains from it. LIQ-027.

    While it is solvent at the oracle price; an insolvent one is insured first, and closed at what
    its bankruptcy price is then. Rejects: NOTHING_TO_DO.
    """
    state = txn.state
    account = market.vamm
    row = state.position(account, market.ident)
    equity = margin.equity(state, account)
    required = margin.requirement(state, account, True)
    reason = DONE_FILLED
    cash = account.cash()
    held = row.base
    if held != 0:
        price = state.oracles[market.ident].price
        size = close_size(market, row, price, equity, required)
        if equity < 0:
            paid = losses.insure(txn, market, account, -equity)
            if paid > 0:
                txn.emit(BadDebt(account.ident, market.ident, paid, paid, 0, 0))
        spent = min(0, margin.equity(state, account))
        tick = market.params.tick
        worst = liquidation.bankruptcy_price(row.base, price, spent, tick)
        order = closing.closing_order(txn, account, row, size, worst)
        closing.announce(txn, order, worst, equity, price)
        deleverage.close_out(txn, market, order, worst)
        if order.remaining > 0:
            reason = DONE_NO_LIQUIDITY
    closing.judge(txn, account, [market], [1], reason)
    if account.cash() == cash and row.base == held:
        raise Reject(NOTHING_TO_DO)


def close_size(market: Market, row: Position, price: int, equity: int, required: int) -> int:
    """How much of a vAMM's position is closed: no penalty, no chunks."""
    params = market.params
    held = Holding(
        market=market.ident,
        size=abs(row.base),
        price=price,
        mmr=params.mmr,
        penalty=0,
        buffer=params.liquidation_buffer,
        step=params.step,
        min_notional=params.min_notional,
    )
    return liquidation.close_schedule(equity, required, [held])[0].size
