"""A market's averages, peg, health and spreads: brought up to date, or set by the operator.

Spec: docs/spec/13-tracking.md, UPDATE-001 … UPDATE-006; docs/spec/15-repeg.md, REPEG-014.
"""

from __future__ import annotations

from plimsoll.core import margin, market_update, oracle, tracking, vamm
from plimsoll.core import repeg as pegs
from plimsoll.core.context import Txn
from plimsoll.core.repeg import Decision, Objection
from plimsoll.core.rows import Market
from plimsoll.messages.codes import (
    BAD_FIELD,
    HALTED,
    INSUFFICIENT_POOL,
    MARKET_MODE,
    NOTHING_TO_DO,
    ORACLE_INVALID,
    REPEG_DIRECTION,
    REPEG_OPERATOR,
    REPEG_PROFITABILITY,
    REPEG_REDUNDANT,
    VAMM_DISABLED,
    VAMM_EQUITY,
    Reject,
)
from plimsoll.messages.commands import Repeg, UpdateMarket


def after_trades(txn: Txn) -> None:
    """Bring the markets that a command traded in up to date, each once."""
    done: list[int] = []
    for trade in txn.traded:
        if trade.market not in done:
            done.append(trade.market)
            market_update.update(txn, txn.state.markets[trade.market], market_update.TRADE)
    txn.traded.clear()


def update(txn: Txn, cmd: UpdateMarket) -> None:
    """Bring a market up to date. Rejects: UNKNOWN_MARKET, NOTHING_TO_DO (nothing changed)."""
    state = txn.state
    market = state.market(cmd.market)
    before = len(state.log.entries)
    market_update.update(txn, market, market_update.CRANK)
    if len(state.log.entries) == before:
        raise Reject(NOTHING_TO_DO)


def repeg(txn: Txn, cmd: Repeg) -> None:
    """Set a peg by hand; what it costs is decided as for any other repeg.

    Rejects: UNKNOWN_MARKET, VAMM_DISABLED, MARKET_MODE, ORACLE_INVALID, BAD_FIELD (the curve's
    amounts), REPEG_REDUNDANT, REPEG_DIRECTION, REPEG_PROFITABILITY, INSUFFICIENT_POOL,
    VAMM_EQUITY.
    """
    state = txn.state
    market = state.market(cmd.market)
    if not market.params.vamm_enabled:
        raise Reject(VAMM_DISABLED, cmd.market)
    if market.mode == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    source = state.oracles[cmd.market]
    if oracle.class_of(state, market, txn.now) < tracking.STALE_FOR_VAMM:
        raise Reject(ORACLE_INVALID, oracle.age(source, txn.now), market.params.oracle_max_age_ms)
    row = state.vamms[cmd.market]
    if not market_update.within_bounds(row, cmd.peg):
        raise Reject(BAD_FIELD, cmd.peg, market_update.most_peg(row))
    terminal = vamm.terminal_quote_reserve(row)
    cost = pegs.cost(row.y, terminal, row.peg, cmd.peg)
    against = pegs.objection(
        x=row.x,
        y=row.y,
        terminal_x=row.x + row.net,
        terminal_y=terminal,
        peg=row.peg,
        new_peg=cmd.peg,
        oracle=source.price,
        confidence=source.confidence,
        budget=market.adjustments.cash(),
        free=max(0, margin.free(state, market.vamm)) if cost < 0 else 0,
    )
    if against is not None:
        raise refusal(against)
    outcome = pegs.PAID if cost > 0 else pegs.REVENUE if cost < 0 else pegs.FREE
    decision = Decision(outcome, cmd.peg, cost, cost)
    market_update.book_repeg(txn, market, row, decision, REPEG_OPERATOR, source.price)
    settle_quotes(txn, market)


def settle_quotes(txn: Txn, market: Market) -> None:
    """Health and quotes after a repeg by hand."""
    row = txn.state.vamms[market.ident]
    market_update.judge_health(txn, market)
    market_update.quote(txn, market)
    market_update.report_quotes(txn, market, row)


def refusal(against: Objection) -> Reject:
    """The reject of an objection."""
    why = against.why
    code = REPEG_PROFITABILITY
    if why == pegs.REDUNDANT:
        code = REPEG_REDUNDANT
    elif why == pegs.WRONG_DIRECTION:
        code = REPEG_DIRECTION
    elif why == pegs.POOL_SHORT:
        code = INSUFFICIENT_POOL
    elif why == pegs.VAMM_SHORT:
        code = VAMM_EQUITY
    return Reject(code, against.value, against.limit)
