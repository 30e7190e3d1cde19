"""Who is liquidated: below the requirement, at prices good enough, and what of it may be closed.

Spec: docs/spec/18-liquidation.md, LIQ-001, LIQ-014, LIQ-019.
"""

from __future__ import annotations

from plimsoll.core import health, liquidation, margin, oracle, settlement, tracking, vault_money
from plimsoll.core.context import Txn
from plimsoll.core.liquidation import Holding
from plimsoll.core.rows import Account, Market
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    HALTED,
    ORACLE_INVALID,
    PRICE_BANDS_BREACHED,
    Reject,
)


def settle_all(txn: Txn, account: Account) -> int:
    """Settle the funding of every position; returns how many had any."""
    state = txn.state
    settled = 0
    for row in account.positions:
        if row.base != 0:
            before = row.funding_mark
            settlement.settle_funding(txn, state.markets[row.market], account, row)
            if row.funding_mark != before:
                settled += 1
    return settled


def is_due(state: State, account: Account) -> bool:
    """Whether an account is below its maintenance requirement, or flat and owes. LIQ-001."""
    if len(account.positions) == 0 or account.liquidations > 0:
        return False
    required = margin.requirement(state, account, True)
    return liquidation.is_liquidatable(worth(state, account), required)


def worth(state: State, account: Account) -> int:
    """What stands against the maintenance requirement: equity, and of a hedged vault the base it
    holds on spot too. HEDGE-011."""
    vault = state.liquidity.hedged(account)
    if vault is None:
        return margin.equity(state, account)
    return vault_money.maintenance_worth(state, vault)


def price_fault(state: State, market: Market, now: int) -> Reject | None:
    """Why the oracle price of a market may liquidate nobody; None if it may. LIQ-014."""
    row = state.oracles[market.ident]
    if oracle.class_of(state, market, now) < tracking.FOR_LIQUIDATION:
        return Reject(ORACLE_INVALID, oracle.age(row, now), market.params.oracle_max_age_ms)
    average = state.tracks[market.ident].oracle.health
    limit = market.params.health_twap_max
    if health.oracle_diverges(row.price, average, limit):
        limit = max(limit, health.TWAP_DIVERGENCE_LEAST)
        return Reject(PRICE_BANDS_BREACHED, health.divergence(row.price, average), limit)
    return None


def prices_fault(state: State, account: Account, now: int) -> Reject | None:
    """The first fault of a price the account is exposed to."""
    for row in account.positions:
        if row.base != 0:
            fault = price_fault(state, state.markets[row.market], now)
            if fault is not None:
                return fault
    return None


def is_flat(account: Account) -> bool:
    """Whether an account has no position."""
    return len([row for row in account.positions if row.base != 0]) == 0


def closable(market: Market) -> bool:
    """Whether positions of a market are closed by liquidations at all."""
    return market.params.liquidation and market.mode != HALTED


def holdings(state: State, account: Account) -> list[Holding]:
    """The positions that may be closed; those of other markets only count. LIQ-014."""
    found: list[Holding] = []
    for row in account.positions:
        market = state.markets[row.market]
        if row.base != 0 and closable(market):
            params = market.params
            found.append(
                Holding(
                    market=row.market,
                    size=abs(row.base),
                    price=state.oracles[row.market].price,
                    mmr=params.mmr,
                    penalty=params.liquidation_penalty if params.liquidation_counts_penalty else 0,
                    buffer=params.liquidation_buffer,
                    step=params.step,
                    min_notional=params.min_notional,
                    chunk=params.liquidation_chunk,
                    chunk_above=params.liquidation_chunk_above,
                )
            )
    return found


def recovered(state: State, account: Account) -> bool:
    """Whether equity covers (1+b)·MM of what is held. LIQ-019."""
    buffer = liquidation.account_buffer(holdings(state, account))
    equity = worth(state, account)
    required = margin.requirement(state, account, True)
    return liquidation.shortfall(equity, required, buffer) <= 0
