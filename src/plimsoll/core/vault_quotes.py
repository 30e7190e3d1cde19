"""How a passive vault quotes in a market: sizes by its margin, prices by the oracle. Pure policy.

    part      = margin · weight / total weight          half = part / 2
    size      = min(half / oracle / imr, max_quote_size)
    skew      = position / max_skew, within -1 .. 1; 0 without max_skew
    bid, ask  = oracle · (1 - half_spread · (1 + skew · spread_skew)), down to the tick,
                oracle · (1 + half_spread · (1 - skew · spread_skew)), up to it
    sizes     = size · (1 - skew · size_skew), size · (1 + skew · size_skew), down to the step

Every product and quotient is truncated toward zero in this order, ratios to ppm. A price that
would cross the other side of the book is moved a tick behind it. Sizes 1e-9 base, prices 1e-6.

Spec: docs/spec/23-passive-vault.md, PASSIVE-003 … PASSIVE-008.
"""

from __future__ import annotations

from typing import final

from plimsoll.messages.vault_params import QuoteParams
from plimsoll.units import (
    LOT,
    PRICE_MAX,
    RATIO_SCALE,
    div_floor,
    div_toward_zero,
    mul_div_floor,
    step_floor,
)


@final
class Seen:
    """What of a market the policy looks at; ``best_bid`` and ``best_ask`` are those of others (0:
    none), ``low`` and ``high`` the price band."""

    def __init__(
        self,
        *,
        oracle: int,
        imr: int,
        tick: int,
        step: int,
        min_notional: int,
        best_bid: int,
        best_ask: int,
        low: int,
        high: int,
    ) -> None:
        self.oracle: int = oracle
        self.imr: int = imr
        self.tick: int = tick
        self.step: int = step
        self.min_notional: int = min_notional
        self.best_bid: int = best_bid
        self.best_ask: int = best_ask
        self.low: int = low
        self.high: int = high


@final
class Quotes:
    """Both sides; a side that is not quoted has size 0 and price 0."""

    def __init__(self, bid: int, bid_size: int, ask: int, ask_size: int) -> None:
        self.bid: int = bid if bid_size > 0 else 0
        self.bid_size: int = bid_size
        self.ask: int = ask if ask_size > 0 else 0
        self.ask_size: int = ask_size


def total_weight(quotes: list[QuoteParams]) -> int:
    """The weights of all markets, also of those that cannot be quoted now."""
    total = 0
    for params in quotes:
        total += params.weight
    return total


def part_of(margin: int, weight: int, total: int) -> int:
    """The margin of one market, rounded down; 0 <= weight <= total, 0 < total."""
    return mul_div_floor(margin, weight, total)


def base_size(part: int, oracle: int, imr: int, most: int) -> int:
    """What half of a market's margin opens at the oracle price, at most ``most``."""
    half = div_floor(part, 2)
    opened = div_floor(div_floor(half * LOT, oracle) * RATIO_SCALE, imr)
    return min(opened, most)


def skew_of(position: int, max_skew: int) -> int:
    """How full of inventory the vault is: ppm of ``max_skew``, signed, at most all of it."""
    if max_skew == 0:
        return 0
    return max(-RATIO_SCALE, min(RATIO_SCALE, div_toward_zero(position * RATIO_SCALE, max_skew)))


def times(value: int, ratio: int) -> int:
    """A signed value times a signed ratio in ppm, toward zero."""
    return div_toward_zero(value * ratio, RATIO_SCALE)


def quote(params: QuoteParams, part: int, position: int, market: Seen, reducing: bool) -> Quotes:
    """Both sides for a market's part of the margin; ``reducing``: only what makes ``position``
    smaller, and no more than it."""
    size = base_size(part, market.oracle, market.imr, params.max_quote_size)
    skew = skew_of(position, params.max_skew)
    tilt = times(skew, params.size_skew)
    lean = times(skew, params.spread_skew)
    bid = bid_price(market, times(params.half_spread, RATIO_SCALE + lean))
    ask = ask_price(market, times(params.half_spread, RATIO_SCALE - lean))
    if bid >= ask:
        return Quotes(0, 0, 0, 0)
    bid_size = times(size, RATIO_SCALE - tilt)
    ask_size = times(size, RATIO_SCALE + tilt)
    if params.max_position > 0:
        bid_size = min(bid_size, max(0, params.max_position - position))
        ask_size = min(ask_size, max(0, params.max_position + position))
    if reducing:
        bid_size = min(bid_size, max(0, -position))
        ask_size = min(ask_size, max(0, position))
    return Quotes(bid, placeable(market, bid, bid_size), ask, placeable(market, ask, ask_size))


def bid_price(market: Seen, spread: int) -> int:
    """The bid, below the asks of others; 0 or less where there is no room for one."""
    raw = market.oracle - times(market.oracle, spread)
    price = raw - raw % market.tick
    if 0 < market.best_ask <= price:
        return market.best_ask - market.tick
    return price


def ask_price(market: Seen, spread: int) -> int:
    """The ask, above the bids of others."""
    raw = market.oracle + times(market.oracle, spread)
    over = raw % market.tick
    price = raw if over == 0 else raw - over + market.tick
    if market.best_bid > 0 and price <= market.best_bid:
        return market.best_bid + market.tick
    return price


def placeable(market: Seen, price: int, size: int) -> int:
    """A size on the step; 0 if its price is outside the band or it is worth too little."""
    if not max(1, market.low) <= price <= min(PRICE_MAX, market.high):
        return 0
    whole = step_floor(size, market.step)
    return whole if whole > 0 and price * whole >= market.min_notional * LOT else 0
