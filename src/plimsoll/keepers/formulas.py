"""What keepers compute for themselves. The exchange judges anew: being wrong costs a message.

Prices and money 1e-6, sizes 1e-9, ratios ppm, times ms; rounded as the exchange does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plimsoll.keepers.rows import BUY, Account, LiveAuction, Market, Waiting
from plimsoll.units import (
    at_rate_ceil,
    div_ceil,
    mul_div_floor,
    notional_ceil,
    notional_floor,
    step_ceil,
    step_floor,
)

_PAYMENT_SCALE: Final = 1_000_000_000_000
"""base (1e-9) x rate (1e-9) / _PAYMENT_SCALE is quote (1e-6)."""


def asked(auction: LiveAuction, tick: int, now: int) -> int:
    """What the taker of an auction accepts at ``now``: on the tick, never past its worst price."""
    duration = auction.ends_ms - auction.started_ms
    elapsed = min(max(0, now - auction.started_ms), duration)
    buying = auction.side == BUY
    span = auction.end - auction.start if buying else auction.start - auction.end
    moved = span if elapsed >= duration else mul_div_floor(span, elapsed, duration)
    if buying:
        return min(step_floor(auction.start + moved, tick), auction.limit)
    return max(step_ceil(auction.start - moved, tick), auction.limit)


def is_over(auction: LiveAuction, now: int) -> bool:
    """Whether an auction takes no more offers and waits to be ended."""
    return now > auction.ends_ms


def value(base: int, price: int) -> int:
    """Worth of a position, rounded against its holder."""
    return notional_floor(price, base) if base >= 0 else -notional_ceil(price, -base)


def health(account: Account, markets: Mapping[int, Market]) -> tuple[int, int]:
    """Equity and maintenance requirement at the oracle's prices."""
    equity, needed = account.cash, 0
    for ident, held in account.positions.items():
        market = markets.get(ident)
        if held.base == 0 or market is None:
            continue
        price = market.oracle_price
        equity += value(held.base, price) - held.funding
        worth = notional_ceil(price, abs(held.base))
        needed += at_rate_ceil(worth, market.number("mmr"))
    return equity, needed


def funding_owed(base: int, rate: int) -> int:
    """What a period's rate (1e-9 quote per base) makes a position owe: payers round up."""
    return div_ceil(base * rate, _PAYMENT_SCALE)


def is_reached(trigger: Waiting, oracle: int) -> bool:
    """Whether the oracle is at or past the price of a trigger."""
    if trigger.direction == "above":
        return oracle >= trigger.trigger_price
    return oracle <= trigger.trigger_price


def taker_fee(market: Market, quote: int) -> int:
    """The fee on a traded amount, rounded up."""
    return at_rate_ceil(quote, market.number("taker_fee"))


def keepers_share(market: Market, price: int, size: int) -> int:
    """About what the keeper who makes a fill is paid of its fee."""
    fee = taker_fee(market, notional_floor(price, size))
    return mul_div_floor(fee, market.number("split_keepers"), 1_000_000)
