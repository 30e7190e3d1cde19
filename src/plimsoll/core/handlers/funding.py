"""Funding: a period is booked for everybody at once, and settled with each position when it moves.

    funding pool <-> clearing       what longs and shorts do not owe each other, at the update
    clearing <-> account            what a position owes or is owed, when it is settled

Spec: docs/spec/16-funding.md, FUND-010 … FUND-016.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import escrow, funding, ledger, market_update, oracle, solvency, tracking
from plimsoll.core.context import Txn
from plimsoll.core.funding import PAYERS_UP
from plimsoll.core.handlers import access
from plimsoll.core.rows import Market
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ACTIVE,
    FUNDING_BLOCKED,
    FUNDING_NOT_DUE,
    FUNDING_OFF,
    HALTED,
    KEEPER_ACCOUNT,
    MARKET_MODE,
    NOTHING_TO_DO,
    R_FUNDING_POOL,
    R_FUNDING_SWEEP,
    RESTRICTED,
    Reject,
)
from plimsoll.messages.commands import SettleFunding, UpdateFunding
from plimsoll.messages.mechanisms import FundingSkipped, FundingUpdated
from plimsoll.units import RangeError, div_floor

DAY: Final = funding.DAY


def update(txn: Txn, cmd: UpdateFunding) -> None:
    """Book the funding of a period that is over; pays the keeper's flat fee. FUND-010.

    Rejects: UNKNOWN_MARKET, NOT_OWNER and ACCOUNT_KIND (of ``keeper``), FUNDING_OFF,
    FUNDING_NOT_DUE, MARKET_MODE, FUNDING_BLOCKED.
    """
    market = txn.state.market(cmd.market)
    access.take_keeper(txn, cmd.keeper)
    if market.params.funding_period_s == 0:
        raise Reject(FUNDING_OFF, cmd.market)
    if book_period(txn, market):
        # Once a period at most: nobody can make it due.
        escrow.pay_flat(txn, market, txn.state.accounts[KEEPER_ACCOUNT])


def update_due(txn: Txn, limit: int) -> int:
    """Book what is due, at most ``limit`` markets; returns how many. What is refused waits."""
    done = 0
    for market in txn.state.markets:
        if done >= limit:
            break
        if market.params.funding_period_s == 0 or seconds_left(txn, market) > 0:
            continue
        if attempt(txn, market):
            done += 1
    return done


def attempt(txn: Txn, market: Market) -> bool:
    """Book a period in a scope of its own; False if it was refused."""
    log = txn.state.log
    scope = log.open()
    mark = len(txn.events)
    try:
        book_period(txn, market)
    except (Reject, RangeError):
        txn.take_back(scope, mark)
        return False
    return True


def seconds_left(txn: Txn, market: Market) -> int:
    """Seconds until funding is due; -1 where the clock has not been started. FUND-001."""
    last = txn.state.rates[market.ident].updated_s
    if last == 0:
        return -1
    return funding.seconds_left(last, market.params.funding_period_s, second(txn))


def second(txn: Txn) -> int:
    """The command's time in whole seconds."""
    return div_floor(txn.now, 1_000)


def book_period(txn: Txn, market: Market) -> bool:
    """Book, skip, or start the clock (which returns False). FUND-010 to FUND-014.

    Rejects: FUNDING_NOT_DUE, MARKET_MODE, FUNDING_BLOCKED.
    """
    state = txn.state
    ident = market.ident
    period = market.params.funding_period_s
    left = seconds_left(txn, market)
    if left > 0:
        raise Reject(FUNDING_NOT_DUE, left, period)
    if market.mode == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    if left < 0:
        state.rates[ident].advance(0, 0, 0, 0, second(txn))
        skip(txn, market, FUNDING_NOT_DUE, period, period)
        return False
    found = oracle.class_of(state, market, txn.now)
    if found < tracking.FOR_FUNDING:
        raise Reject(FUNDING_BLOCKED, found, tracking.FOR_FUNDING)
    settle_period(txn, market)
    market_update.update(txn, market, market_update.FUNDING)
    return True


def settle_period(txn: Txn, market: Market) -> None:
    """Find the rates and post the pool's part, or skip the period. FUND-011 to FUND-013."""
    state = txn.state
    params = market.params
    period = params.funding_period_s
    track = state.tracks[market.ident]
    mark = track.mark.funding
    index = track.oracle.funding
    track.clear_revenue()
    if mark == 0 or index == 0:
        pass_over(txn, market, FUNDING_BLOCKED, mark, index)
        return
    asked = funding.rate(mark, index, params.funding_clamp, params.funding_carry, period)
    rate = funding.capped(asked, funding.rate_max(index, params.funding_paying_max, period))
    receiving = funding.rate_max(index, params.funding_receiving_max, period)
    longs, shorts = sides(state, market)
    found = funding.settle(rate, receiving, longs, shorts, market.funding.cash(), PAYERS_UP)
    mode = market.effective_mode()
    if mode != ACTIVE and found.pool < 0:
        pass_over(txn, market, MARKET_MODE, mode, RESTRICTED)
        return
    post(txn, market, found.pool)
    rates = state.rates[market.ident]
    average = averaged(txn, market, rate)
    rates.advance(found.rate_long, found.rate_short, rate, average, second(txn))
    txn.emit(
        FundingUpdated(
            market.ident,
            rate,
            found.rate_long,
            found.rate_short,
            found.pool,
            mark,
            index,
            rates.long,
            rates.short,
            second(txn),
        )
    )
    sweep(txn, market)


def sides(state: State, market: Market) -> tuple[int, int]:
    """Base of the longs and of the shorts without the vAMM, whose leg the pool is. FUND-006."""
    base = -state.vamms[market.ident].net
    return market.open_interest - max(0, base), market.open_interest - max(0, -base)


def averaged(txn: Txn, market: Market, rate: int) -> int:
    """The rate of a period, averaged over a day."""
    rates = txn.state.rates[market.ident]
    return tracking.twap(rate, rates.average, rates.updated_s, second(txn), DAY)


def post(txn: Txn, market: Market, pool: int) -> None:
    """Move the pool's part (signed) between pool and clearing; positions are settled later."""
    if pool > 0:
        ledger.pay(txn, market.clearing, market.funding, pool, R_FUNDING_POOL, market.ident)
    else:
        ledger.pay(txn, market.funding, market.clearing, -pool, R_FUNDING_POOL, market.ident)


def pass_over(txn: Txn, market: Market, code: int, value: int, limit: int) -> None:
    """A period without funding: the clock goes on. FUND-012."""
    rates = txn.state.rates[market.ident]
    rates.advance(0, 0, 0, averaged(txn, market, 0), second(txn))
    skip(txn, market, code, value, limit)
    sweep(txn, market)


def skip(txn: Txn, market: Market, code: int, value: int, limit: int) -> None:
    """Report why there is no funding."""
    txn.emit(FundingSkipped(market.ident, code, value, limit, second(txn)))


def sweep(txn: Txn, market: Market) -> None:
    """Give the pool what roundings left in clearing, once nobody holds a position. FUND-014."""
    left = market.clearing.cash()
    if market.open_interest == 0 and left > 0:
        ledger.pay(txn, market.clearing, market.funding, left, R_FUNDING_SWEEP, market.ident)


def settle(txn: Txn, cmd: SettleFunding) -> None:
    """Settle every position of an account, on its owner's or an operator's word. FUND-015.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, NOTHING_TO_DO.
    """
    account = access.own_or_operator(txn, cmd.account)
    if solvency.settle_all(txn, account) == 0:
        raise Reject(NOTHING_TO_DO)
