"""Price of a Dutch auction: from the better of oracle and vAMM quote to the quote.

    start = min(oracle, ask) for a buyer, max(oracle, bid) for a seller        end = ask, bid
    buy :   p(e) = start + floor((end - start)·min(e, T)/T)       then down to the tick
    sell:   p(e) = start - floor((start - end)·min(e, T)/T)       then up to the tick

Best to worst for the taker; where the quote is the better price already, the path is flat. Times
are milliseconds since the start (any unit will do), prices 1e-6, sizes 1e-9, quote 1e-6; sides are
the taker's unless said otherwise.

Spec: docs/spec/17-auctions.md, AUCTION-001 … AUCTION-008.
"""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import BUY
from plimsoll.units import (
    AMOUNT_MAX,
    mul_div_floor,
    notional_ceil,
    notional_floor,
    require_range,
    step_ceil,
    step_floor,
)

DURATION_MS: Final = 5_000
"""How long every auction runs."""


def start_price(side: int, oracle: int, quote: int) -> int:
    """First price: the better of oracle and vAMM quote. The quote is the last one."""
    return min(oracle, quote) if side == BUY else max(oracle, quote)


def price(side: int, start: int, end: int, elapsed: int, duration: int, tick: int) -> int:
    """What the taker accepts after ``elapsed``; the end price from ``duration`` on.

    The band is frozen at creation. Raises ``RangeError`` for a time before the start and for a
    band that improves with time, which ``start_price`` never makes.
    """
    require_range(elapsed, 0, AMOUNT_MAX, "elapsed time")
    span = end - start if side == BUY else start - end
    require_range(span, 0, AMOUNT_MAX, "width of the auction's band")
    moved = span
    if elapsed < duration:
        moved = mul_div_floor(span, elapsed, duration)
    if side == BUY:
        return step_floor(start + moved, tick)
    return step_ceil(start - moved, tick)


def limited(side: int, asked: int, worst: int) -> int:
    """The auction's price, never past the worst one the order accepts."""
    return min(asked, worst) if side == BUY else max(asked, worst)


def complete(elapsed: int, duration: int) -> bool:
    """Whether the auction is over: at ``duration`` itself it still runs, at its end price."""
    require_range(elapsed, 0, AMOUNT_MAX, "elapsed time")
    return duration == 0 or elapsed > duration


def accepts(side: int, asked: int, offer_side: int, offer_price: int) -> bool:
    """Whether a maker's offer is valid: of the other side, and no worse than the price now."""
    if offer_side == side:
        return False
    return offer_price <= asked if side == BUY else offer_price >= asked


def fill_size(remaining: int, offered: int, most: int, step: int) -> int:
    """Size of a fill: the least of remainder, offer and other limits, floored to the step."""
    size = min(offered, most)
    return step_floor(min(remaining, size), step)


def fill_quote(side: int, offer_price: int, size: int) -> int:
    """Quote of a fill at the maker's price: a buying taker pays up, a selling one gets down."""
    if side == BUY:
        return notional_ceil(offer_price, size)
    return notional_floor(offer_price, size)
