"""Oracle prices: which are taken over, and when the last one may be used.

Spec: ORACLE-001 … ORACLE-009. A refused price changes nothing; an older one is ignored.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import tracking
from plimsoll.core.context import Txn
from plimsoll.core.rows import Market, Oracle
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ORACLE_FROM_FUTURE,
    ORACLE_INVALID,
    ORACLE_NOT_NEWER,
    ORACLE_NOT_POSITIVE,
    ORACLE_TOO_UNCERTAIN,
    ORACLE_TOO_VOLATILE,
    UNKNOWN_MARKET,
    Reject,
)
from plimsoll.messages.commands import PricePoint
from plimsoll.messages.events import OracleAccepted, OracleRefused
from plimsoll.units import PRICE_MAX, RATIO_SCALE, div_floor

WINDOW: Final = 10


def judge(txn: Txn, point: PricePoint) -> OracleRefused | None:
    """Why a price is refused, with the numbers; None when it is good.

    Order of precedence: market, sign, time, future, confidence, volatility.
    """
    state = txn.state
    ident = point.market
    if ident < 0 or ident >= len(state.markets):
        return OracleRefused(ident, UNKNOWN_MARKET, ident, len(state.markets))
    params = state.markets[ident].params
    row = state.oracles[ident]
    price = point.price
    if price <= 0 or price > PRICE_MAX:
        return OracleRefused(ident, ORACLE_NOT_POSITIVE, price, 1)
    if point.published_ms <= row.published_ms:
        return OracleRefused(ident, ORACLE_NOT_NEWER, point.published_ms, row.published_ms)
    latest = txn.now + state.globals.params.oracle_future_max_ms
    if point.published_ms > latest:
        return OracleRefused(ident, ORACLE_FROM_FUTURE, point.published_ms, latest)
    widest = div_floor(price * params.oracle_confidence_max, RATIO_SCALE)
    if point.confidence > widest:
        return OracleRefused(ident, ORACLE_TOO_UNCERTAIN, point.confidence, widest)
    # After a long silence the window says nothing about what a price may be today.
    if len(row.window) > 0 and txn.now - row.accepted_ms <= params.oracle_reset_ms:
        mean = div_floor(sum(row.window), len(row.window))
        high = div_floor(mean * params.oracle_jump_max, RATIO_SCALE)
        low = div_floor(mean * RATIO_SCALE, params.oracle_jump_max)
        if price > high:
            return OracleRefused(ident, ORACLE_TOO_VOLATILE, price, high)
        if price < low:
            return OracleRefused(ident, ORACLE_TOO_VOLATILE, price, low)
    return None


def submit(txn: Txn, point: PricePoint) -> int:
    """Take a price over, or report why not: 0, or the code of the refusal."""
    refusal = judge(txn, point)
    if refusal is not None:
        txn.emit(refusal)
        return refusal.code
    row = txn.state.oracles[point.market]
    window = [*row.window[1 - WINDOW :], point.price]
    row.accept(point.price, point.confidence, point.published_ms, txn.now, window)
    row.set_band(txn.state.markets[point.market].params)
    txn.emit(OracleAccepted(point.market, point.price, point.confidence, point.published_ms))
    return 0


def age(row: Oracle, now: int) -> int:
    """Milliseconds since the price was published (never negative); -1 without a price."""
    if row.price == 0:
        return -1
    return now - row.published_ms if now > row.published_ms else 0


def is_valid(state: State, market: Market, now: int) -> bool:
    """Whether the last price is fresh enough for anything that adds risk."""
    old = age(state.oracles[market.ident], now)
    return 0 <= old <= market.params.oracle_max_age_ms


def check_valid(state: State, market: Market, now: int) -> None:
    """Reject with ``ORACLE_INVALID`` unless the last price is fresh enough."""
    if not is_valid(state, market, now):
        old = age(state.oracles[market.ident], now)
        raise Reject(ORACLE_INVALID, old, market.params.oracle_max_age_ms)


def class_of(state: State, market: Market, now: int) -> int:
    """What the last price is good for: a class of ``tracking``, compared with a ``FOR_...``.

    Stale for everything beyond ``oracle_max_age_ms``. ORACLE-009.
    """
    row = state.oracles[market.ident]
    params = market.params
    oldest = params.oracle_max_age_ms
    return tracking.validity(
        row.price,
        row.confidence,
        age(row, now),
        state.tracks[market.ident].oracle.funding,
        True,
        params.oracle_confidence_max,
        params.oracle_jump_max,
        oldest,
        oldest,
        oldest,
    )
