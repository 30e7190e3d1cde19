"""The vAMM of a market: a constant product curve priced by a peg, quoted with a spread.

    price = floor(y·peg/x)      long: x' = x - b, y' = floor(k/x'), q = floor((y'-y+1)·peg/1e9) + 1
                                short: x' = x + b, y' = floor(k/x'), q = floor((y-y')·peg/1e9)

Formulas and both roundings: docs/spec/04-vamm.md (VAMM-001 … VAMM-012), the rounding against the
taker. Reserves 1e-9, peg and prices 1e-6, quote 1e-6, spreads ppm. Pure: nothing is written here.
"""

from __future__ import annotations

from typing import final

from plimsoll.core.rows import Vamm
from plimsoll.messages.codes import BUY
from plimsoll.messages.params import MarketParams
from plimsoll.units import (
    LOT,
    PRICE_SCALE,
    RATIO_SCALE,
    RangeError,
    div_floor,
    div_toward_zero,
    isqrt,
    mul_div_floor,
    proportion,
    step_floor,
)


def price(y: int, x: int, peg: int) -> int:
    """Reservation price of the curve, rounded down."""
    return mul_div_floor(y, peg, x)


def product_over(sqrt_k: int, x: int) -> int:
    """floor(k / x) with k = sqrt_k²."""
    return mul_div_floor(sqrt_k, sqrt_k, x)


@final
class Swapped:
    """Reserves after a swap and the quote that goes with it."""

    def __init__(self, x: int, y: int, quote: int) -> None:
        self.x: int = x
        self.y: int = y
        self.quote: int = quote


def swap(x: int, y: int, sqrt_k: int, peg: int, side: int, size: int) -> Swapped:
    """Trade ``size`` base against reserves. Raises ``RangeError`` if the curve cannot.

    A buyer pays two roundings (one reserve unit, one quote unit), a seller none in his favour.
    """
    if side == BUY:
        if size >= x:
            raise RangeError("the trade is larger than the base reserve")
        after = x - size
        other = product_over(sqrt_k, after)
        if other < y:
            raise RangeError("the quote reserve moves the wrong way on dust")
        return Swapped(after, other, mul_div_floor(other - y + 1, peg, LOT) + 1)
    after = x + size
    other = product_over(sqrt_k, after)
    if other > y:
        raise RangeError("the quote reserve moves the wrong way on dust")
    return Swapped(after, other, mul_div_floor(y - other, peg, LOT))


def plain_quote(before: int, after: int, peg: int, side: int) -> int:
    """Quote of the move of the real quote reserve, without the spread (one unit up for buys)."""
    if side == BUY:
        return mul_div_floor(after - before, peg, LOT) + 1
    return mul_div_floor(before - after, peg, LOT)


@final
class Reserves:
    """Reserves quoted to one side."""

    def __init__(self, x: int, y: int) -> None:
        self.x: int = x
        self.y: int = y


def side_reserves(x: int, y: int, sqrt_k: int, side: int, spread: int) -> Reserves:
    """The reserves a taker of ``side`` trades against: the curve moved by the spread.

    Two truncations (half spread, its inverse) are part of the formula; the result never improves
    on the curve.
    """
    signed = spread if side == BUY else -spread
    moved = 0
    half = div_toward_zero(signed, 2)
    if half != 0:
        # |signed| > 1
        moved = div_toward_zero(y, div_toward_zero(RATIO_SCALE, half))
    quote = y + moved
    base = product_over(sqrt_k, quote)
    if side == BUY:
        return Reserves(min(x, base), max(y, quote))
    return Reserves(max(x, base), min(y, quote))


def quote_price(row: Vamm, params: MarketParams, side: int) -> int:
    """Top quote: what a taker of ``side`` faces for the first unit. For matching decisions."""
    mid = price(row.y, row.x, row.peg)
    spread = params.vamm_base_spread
    factor = RATIO_SCALE + spread if side == BUY else RATIO_SCALE - spread
    return mul_div_floor(mid, factor, RATIO_SCALE)


def open_side(row: Vamm, params: MarketParams, side: int) -> int:
    """How much base the concentration bounds still let takers of ``side`` trade."""
    terminal = row.x + row.net
    if side == BUY:
        left = row.x - proportion(terminal, RATIO_SCALE, params.vamm_concentration)
    else:
        left = proportion(terminal, params.vamm_concentration, RATIO_SCALE) - row.x
    return max(0, left)


def available(row: Vamm, params: MarketParams, side: int) -> int:
    """Largest single fill, floored to the step."""
    share = div_floor(row.x, params.vamm_max_fill_fraction)
    half = div_floor(open_side(row, params, side), 2)
    return step_floor(min(half, share), params.step)


def size_to_price(row: Vamm, params: MarketParams, side: int, limit: int) -> int:
    """Base that moves the side's quote up (down) to ``limit``; 0 when it is already past it."""
    if limit <= 0:
        return 0
    k = row.sqrt_k * row.sqrt_k
    target = isqrt(div_floor(div_floor(k * PRICE_SCALE, limit) * row.peg, PRICE_SCALE))
    quoted = side_reserves(row.x, row.y, row.sqrt_k, side, params.vamm_base_spread)
    size = quoted.x - target if side == BUY else target - quoted.x
    return max(0, size)


def fillable(row: Vamm, params: MarketParams, side: int, size: int, limit: int) -> int:
    """How much of an order with this limit the vAMM takes now, floored to the step.

    One tick is kept from the limit, so that the last unit is no worse than it.
    """
    edge = limit - params.tick if side == BUY else limit + params.tick
    reach = size_to_price(row, params, side, edge)
    most = available(row, params, side)
    most = min(most, reach)
    most = min(most, size)
    return step_floor(most, params.step) if most > 0 else 0


@final
class Plan:
    """A fill against the vAMM: the taker's quote, the plain one, and the curve after it."""

    def __init__(self, quote: int, plain: int, x: int, y: int) -> None:
        self.quote: int = quote
        self.plain: int = plain
        self.x: int = x
        self.y: int = y


def plan(row: Vamm, params: MarketParams, side: int, size: int) -> Plan:
    """Price a fill: the taker pays max(q, q0) or receives min(q, q0); q0 is the vAMM's own leg."""
    quoted = side_reserves(row.x, row.y, row.sqrt_k, side, params.vamm_base_spread)
    spread = swap(quoted.x, quoted.y, row.sqrt_k, row.peg, side, size)
    real = swap(row.x, row.y, row.sqrt_k, row.peg, side, size)
    plain = plain_quote(row.y, real.y, row.peg, side)
    quote = spread.quote
    if side == BUY:
        quote = max(plain, quote)
    else:
        quote = min(plain, quote)
    return Plan(quote, plain, real.x, real.y)


def terminal_quote_reserve(row: Vamm) -> int:
    """y_T: the quote reserve after all traders closed against the curve."""
    return product_over(row.sqrt_k, row.x + row.net)
