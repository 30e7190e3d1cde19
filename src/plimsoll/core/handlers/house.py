"""The house keeper: what is due, done in one bounded ``Tick``, so that nothing waits for a keeper.

Expired orders and firm quotes first, then what depositors are owed, then liquidations and missing
hedges before fills: auctions, delayed orders, triggers, resting limits that the vAMM has reached. A
piece of work that is refused leaves no trace and does not stop the others.

Spec: docs/spec/20-keepers.md, HOUSE-001 … HOUSE-003.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import book, firm_quotes, funding, oracle, spot_hedge_vault, vamm
from plimsoll.core.context import Txn
from plimsoll.core.handlers import (
    auctions,
    breaker,
    delayed,
    gateway,
    liquidation,
    liquidity,
    proposals,
    triggers,
    upkeep,
)
from plimsoll.core.handlers import funding as funding_work
from plimsoll.core.rows import Market
from plimsoll.core.state import State
from plimsoll.messages.codes import BUY, HALTED, SELL
from plimsoll.messages.commands import Tick
from plimsoll.units import div_floor

ACCOUNTS_PER_PIECE: Final = 64
"""Accounts looked at for one piece of work: a look is cheap, a liquidation is not."""


def tick(txn: Txn, cmd: Tick) -> None:
    """Do overdue work, bounded by the command and by the exchange's own limit. HOUSE-001."""
    most = txn.state.globals.params.tick_work_max
    left = min(most, cmd.limit)
    left -= book.expire_due(txn, left)
    left -= firm_quotes.expire_quotes(txn, left)
    left -= delayed.expire_due(txn, left)
    left -= gateway.forget_due(txn, left)
    left -= proposals.lapse_due(txn, left)
    left -= breaker.work_due(txn, left)
    if left > 0:
        left -= funding_work.update_due(txn, left)
    if left > 0:
        left -= liquidity.pay_due(txn, left)
    liquidation.scan(txn, left * ACCOUNTS_PER_PIECE)
    if left > 0:
        left -= spot_hedge_vault.rehedge_due(txn, left)
    if left > 0:
        left -= auctions.work_due(txn, left)
    if left > 0:
        left -= delayed.execute_due(txn, left)
    if left > 0:
        left -= triggers.fire_due(txn, left)
    if left > 0:
        upkeep.match_due(txn, left)


def is_due(state: State, now: int, prices: bool) -> bool:
    """Whether a ``Tick`` would find work; ``prices``: oracle prices have just come. HOUSE-002.

    Reads a few numbers per market; accounts are looked at only after prices.
    """
    if state.expiries.size() > 0 and state.expiries.first_key() < now:
        return True
    if firm_quotes.has_expired(state, now):
        return True
    if state.guard.lapsed_proposal(now) is not None:
        return True
    if state.gateway.lapsed(now) is not None:
        return True
    if state.board.lapsed(now) is not None:
        return True
    if state.liquidity.due_unlock(now) is not None:
        return True
    if breaker.is_due(state, now):
        return True
    board = state.board
    if board.ends.size() > 0 and board.ends.first_key() < now:
        return True
    if board.offers_due.size() > 0 and board.offers_due.first_key() <= now:
        return True
    for market in state.markets:
        if market.mode != HALTED and market_is_due(state, market, now):
            return True
    return prices and (liquidation.any_due(state, now) or spot_hedge_vault.any_due(state))


def market_is_due(state: State, market: Market, now: int) -> bool:
    """Funding of a period that is over, a delayed order whose price has come, a trigger that is
    reached, a limit the vAMM has reached."""
    ident = market.ident
    params = market.params
    price = state.oracles[ident].price
    if price == 0:
        return False
    if params.funding_period_s > 0:
        second = div_floor(now, 1_000)
        last = state.rates[ident].updated_s
        if last == 0 or funding.seconds_left(last, params.funding_period_s, second) == 0:
            return True
    if not oracle.is_valid(state, market, now):
        return False
    if delayed.next_due(state, market, now) is not None:
        return True
    if state.board.reached(ident, price) is not None:
        return True
    if not params.vamm_limits:
        return False
    sides = state.books[ident]
    row = state.vamms[ident]
    bid = sides.best_price(BUY)
    ask = sides.best_price(SELL)
    return (bid > 0 and vamm.reaches(row, BUY, bid)) or (ask > 0 and vamm.reaches(row, SELL, ask))
