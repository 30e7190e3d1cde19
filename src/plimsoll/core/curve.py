"""The vAMM's curve: pure formulas on reserves, priced by a peg, quoted with a spread.

    price = floor(y·peg/x)      long: x' = x - b, y' = floor(k/x'), q = floor((y'-y+1)·peg/1e9) + 1
                                short: x' = x + b, y' = floor(k/x'), q = floor((y-y')·peg/1e9)

A buyer pays two roundings, a seller's quote rounds down. The reserve of a sell, floor(k/x'), may
give a seller one unit of reserve, which telescopes over a series and never makes a round trip
pay. Reserves 1e-9, peg and prices 1e-6, quote 1e-6, spreads ppm.

Spec: docs/spec/04-vamm.md, VAMM-001 … VAMM-006.
"""

from __future__ import annotations

from typing import final

from plimsoll.messages.codes import BUY
from plimsoll.units import (
    LOT,
    RATIO_SCALE,
    RangeError,
    div_toward_zero,
    mul_div_floor,
)


def price(y: int, x: int, peg: int) -> int:
    """Reservation price of the curve, rounded down."""
    return mul_div_floor(y, peg, x)


def quoted(mid: int, spread: int, side: int) -> int:
    """Top quote for takers of ``side``: the reservation price moved by the spread, down."""
    factor = RATIO_SCALE + spread if side == BUY else RATIO_SCALE - spread
    return mul_div_floor(mid, factor, RATIO_SCALE)


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
        moved = div_toward_zero(y, div_toward_zero(RATIO_SCALE, half))
    quote = y + moved
    base = product_over(sqrt_k, quote)
    if side == BUY:
        return Reserves(min(x, base), max(y, quote))
    return Reserves(max(x, base), min(y, quote))
