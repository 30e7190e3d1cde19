"""Rows of a keeper's mirror from those of a snapshot."""

from __future__ import annotations

from plimsoll.client.keeper_models import (
    KeeperAccount,
    KeeperAuction,
    KeeperMarket,
    KeeperOrder,
    KeeperTrigger,
)
from plimsoll.keepers.rows import Account, Held, LiveAuction, Market, Resting, Waiting


def market(found: KeeperMarket, now: int) -> Market:
    """A market; ``now`` (ms) counts as the last time it was touched."""
    return Market(
        market=found.market,
        symbol=found.symbol,
        mode=found.mode,
        params=dict(found.params),
        oracle_price=found.oracle_price,
        published_ms=found.oracle_published_ms,
        vamm_bid=found.vamm_bid,
        vamm_ask=found.vamm_ask,
        vamm_net=found.vamm_net,
        funding_due_ms=found.funding_due_ms,
        touched_ms=now,
    )


def resting(found: KeeperOrder) -> Resting:
    """A resting order."""
    return Resting(
        order=found.order,
        account=found.account,
        market=found.market,
        side=found.side,
        price=found.price,
        remaining=found.remaining,
        age_ms=found.age_ms,
        priority_size=found.priority_size,
        sequence=found.sequence,
        reduce_only=found.reduce_only,
        expires_ms=found.expires_ms,
        keeper_fee=found.keeper_fee,
    )


def waiting(found: KeeperTrigger) -> Waiting:
    """A trigger."""
    return Waiting(
        order=found.order,
        account=found.account,
        market=found.market,
        side=found.side,
        size=found.size,
        trigger_price=found.trigger_price,
        direction=found.direction,
        reduce_only=found.reduce_only,
        expires_ms=found.expires_ms,
    )


def auction(found: KeeperAuction) -> LiveAuction:
    """A live auction."""
    return LiveAuction(
        auction=found.auction,
        account=found.account,
        owner=found.owner,
        market=found.market,
        side=found.side,
        remaining=found.remaining,
        start=found.start,
        end=found.end,
        limit=found.limit,
        started_ms=found.started_ms,
        ends_ms=found.ends_ms,
        liquidation=found.cause == "liquidation",
        reduce_only=found.reduce_only,
        offers_due_ms=found.offers_due_ms,
        keeper_fee=found.keeper_fee,
    )


def account(found: KeeperAccount) -> Account:
    """An account and what it holds."""
    return Account(
        account=found.account,
        owner=found.owner,
        cash=found.cash,
        liquidations=found.liquidations,
        positions={
            one.market: Held(one.base, one.funding, one.liquidated_ms) for one in found.positions
        },
    )
