"""Where spot is traded: pools that hold their reserves as balances, and firm quotes of desks.

A hedge is for an exact amount of the base and goes through one venue as a whole: the pools of the
vault's path (backwards to buy), or firm quotes, best first. ``plan`` changes nothing, and
``execute`` does what was planned, for as long as nothing was traded at the venue in between.

    of pools      SELL brings exact_in(amount)         BUY costs exact_out(amount)
    of a quote    SELL brings floor(amount · price)    BUY costs ceil(amount · price)

Amounts are in each asset's own smallest units. What is bought is rounded up in its cost and what is
sold is rounded down, hence what a desk's escrow holds is never too little.

Spec: docs/spec/22-spot.md, SPOT-010 … SPOT-016.
"""

from __future__ import annotations

from typing import final

from mypy_extensions import i64, mypyc_attr

from plimsoll.core import firm_quotes, ledger, spot, vault_money
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, SpotPool, Vault
from plimsoll.core.spot import Leg, PoolState
from plimsoll.core.state import USD, State
from plimsoll.core.store import Tally, Undo
from plimsoll.messages.codes import (
    BUY,
    R_SPOT_HEDGE,
    SELL,
    SPOT_AMOUNT_ZERO,
    SPOT_LIQUIDITY,
    SPOT_SLIPPAGE,
    VAULT_ASSETS,
    VENUE_FIRM,
    VENUE_POOL,
    Reject,
)
from plimsoll.messages.events import SpotSwapped
from plimsoll.units import RangeError


@final
class Hedge:
    """A planned spot leg: exactly ``amount`` of the base for ``quote`` of the collateral."""

    def __init__(self, venue: int, side: int, amount: int, quote: int) -> None:
        self.venue: int = venue
        self.side: int = side
        self.amount: int = amount
        self.quote: int = quote


# A hedge ------------------------------------------------------------------------------------------


def plan(state: State, vault: Vault, side: int, amount: int, now: int) -> Hedge:
    """The better way to trade exactly ``amount`` of base: the pools, unless firm quotes are better.

    Rejects: SPOT_AMOUNT_ZERO, SPOT_PATH, SPOT_LIQUIDITY (of the pools, if neither venue can).
    """
    if amount <= 0:
        raise Reject(SPOT_AMOUNT_ZERO, amount, 0)
    firm = firm_quotes.total(firm_quotes.takes(state, vault, side, amount, now))
    try:
        amounts = pool_amounts(pool_legs(state, vault, side), side, amount)
    except Reject:
        if firm == firm_quotes.NOTHING:
            raise
        return Hedge(VENUE_FIRM, side, amount, firm)
    pools = amounts[-1] if side == SELL else amounts[0]
    if firm != firm_quotes.NOTHING and (firm > pools if side == SELL else firm < pools):
        return Hedge(VENUE_FIRM, side, amount, firm)
    return Hedge(VENUE_POOL, side, amount, pools)


def execute(txn: Txn, vault: Vault, hedge: Hedge) -> None:
    """Trade what was planned; every limit is the caller's.

    Rejects: VAULT_ASSETS (base that the vault does not have), SPOT_SLIPPAGE (the venue moved).
    """
    state = txn.state
    if hedge.side == SELL:
        owned = vault_money.spot_base(state, vault)
        if owned < hedge.amount:
            raise Reject(VAULT_ASSETS, hedge.amount, owned)
    if hedge.venue == VENUE_FIRM:
        taken = firm_quotes.takes(state, vault, hedge.side, hedge.amount, txn.now)
        check_as_planned(firm_quotes.total(taken), hedge)
        for take in taken:
            firm_quotes.fill(txn, vault, take)
        return
    path = pool_legs(state, vault, hedge.side)
    amounts = pool_amounts(path, hedge.side, hedge.amount)
    check_as_planned(amounts[-1] if hedge.side == SELL else amounts[0], hedge)
    at = 0
    for step in path:
        swap(txn, vault.account, step, amounts[at], amounts[at + 1], R_SPOT_HEDGE, vault.market)
        at += 1


def check_as_planned(quote: int, hedge: Hedge) -> None:
    """Refuse a hedge whose venue was traded at since it was planned: ``SPOT_SLIPPAGE``."""
    if quote != hedge.quote:
        raise Reject(SPOT_SLIPPAGE, quote, hedge.quote)


def base_for_quote(state: State, vault: Vault, side: int, quote: int, now: int) -> int:
    """Base that ``quote`` is for, at the better venue: BUY, the most that costs at most as much;
    SELL, the least that brings at least as much.

    Rejects: SPOT_AMOUNT_ZERO, SPOT_PATH, SPOT_LIQUIDITY (of the pools, if neither venue can).
    """
    if quote <= 0:
        raise Reject(SPOT_AMOUNT_ZERO, quote, 0)
    firm = firm_quotes.base_for(state, vault, side, quote, now)
    try:
        path = pool_legs(state, vault, side)
        pools = most_out(path, quote) if side == BUY else pool_amounts(path, BUY, quote)[0]
    except Reject:
        if firm == 0:
            raise
        return firm
    if firm == 0:
        return pools
    return max(firm, pools) if side == BUY else min(firm, pools)


# Pools --------------------------------------------------------------------------------------------


def pool_state(pool: SpotPool) -> PoolState:
    """A pool as it is now."""
    account = pool.account
    return PoolState(
        pool.ident,
        pool.base,
        pool.quote,
        account.held(pool.base),
        account.held(pool.quote),
        pool.virtual_base,
        pool.virtual_quote,
        pool.fee,
    )


def pool_legs(state: State, vault: Vault, side: int) -> list[Leg]:
    """The legs of a vault's path: from base to the collateral, backwards to buy.

    Rejects: SPOT_PATH.
    """
    path = vault.params.path()
    base = vault_money.base_asset(state, vault)
    if side == BUY:
        path.reverse()
    pools = [pool_state(state.liquidity.pools[ident]) for ident in path]
    return spot.legs(pools, base, USD) if side == SELL else spot.legs(pools, USD, base)


def pool_amounts(path: list[Leg], side: int, amount: int) -> list[int]:
    """Amounts along a path: for exactly ``amount`` in (SELL) or out (BUY).

    Rejects: SPOT_LIQUIDITY (also for what no pool could hold), SPOT_AMOUNT_ZERO.
    """
    try:
        return spot.exact_in(path, amount) if side == SELL else spot.exact_out(path, amount)
    except RangeError:
        raise Reject(SPOT_LIQUIDITY, amount, path[-1].payable) from None


def most_out(path: list[Leg], amount: int) -> int:
    """The most that comes out of a path for at most ``amount`` in; never more than is there.

    Rejects: SPOT_LIQUIDITY, SPOT_AMOUNT_ZERO.
    """
    for step in path:
        try:
            amount = spot.amount_out(step, amount)
        except RangeError:
            raise Reject(SPOT_LIQUIDITY, amount, step.payable) from None
        except Reject as refusal:
            # The curve would give more than the pool really has: all of it, then.
            if refusal.code != SPOT_LIQUIDITY or step.payable <= 0 or step.x <= 0:
                raise
            amount = step.payable
    return amount


def swap(
    txn: Txn, account: Account, step: Leg, paid: int, given: int, reason: int, market: int
) -> None:
    """Move what a swap in one pool moves, and report it; ``step`` is the pool before it."""
    pool = txn.state.liquidity.pools[step.pool]
    ledger.transfer(txn, account, pool.account, step.asset_in, paid, reason, market)
    ledger.transfer(txn, pool.account, account, step.asset_out, given, reason, market)
    after = spot.leg(pool_state(pool), step.asset_in)
    txn.state.log.add(Swapped(step.x * step.y, after.x * after.y))
    txn.emit(
        SpotSwapped(
            step.pool,
            account.ident,
            step.asset_in,
            step.asset_out,
            paid,
            given,
            spot.fee_of(step, paid),
            pool.account.held(step.asset_in),
            pool.account.held(step.asset_out),
        )
    )


@final
@mypyc_attr(acyclic=True)
class Swapped(Undo):
    """A swap, for the check at the end of the command: products of the reserves around it."""

    def __init__(self, before: int, after: int) -> None:
        self.before: int = before
        self.after: int = after

    def undo(self) -> None:
        """The balances restore themselves."""

    def audit(self, check: Tally, stamp: i64) -> None:
        check.swapped(self.before, self.after)
