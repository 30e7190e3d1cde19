"""The vAMM from its formulas, in exact fractions: curve, spread, reach, bounds.

k = sqrt_k² is exact, y' = floor(k/x'); a buyer pays floor((y' - y + 1)·peg/1e9) + 1 on the
reserves moved by the spread, and never less than floor(Δy·peg/1e9) + 1 on the real ones; a seller
gets the floors, the smaller of both.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, isqrt
from typing import NamedTuple

from plimsoll.messages.params import MarketParams
from tests.harness.exact import LOT, PPM, OutOfRange, down_to, to_zero

BUY = 0
SELL = 1


class Curve(NamedTuple):
    """A vAMM: reserves, root of k, peg, the traders' net base, the operator's capital."""

    x: int
    y: int
    sqrt_k: int
    peg: int
    net: int
    capital: int


class Quote(NamedTuple):
    """What a fill would do: the taker's money, the vAMM's money, the reserves after it."""

    taker: int
    own: int
    x: int
    y: int


def reservation_price(curve: Curve) -> int:
    """floor(y·peg/x)."""
    return floor(Fraction(curve.y, curve.x) * curve.peg)


def shown_price(curve: Curve, params: MarketParams, side: int) -> int:
    """Top quote for takers of a side: R·(1 ± spread), rounded down."""
    spread = Fraction(params.vamm_base_spread, PPM)
    factor = 1 + spread if side == BUY else 1 - spread
    return floor(reservation_price(curve) * factor)


def quoted_reserves(curve: Curve, params: MarketParams, side: int) -> tuple[int, int]:
    """Reserves a taker trades against; the two truncations belong to the formula."""
    spread = params.vamm_base_spread if side == BUY else -params.vamm_base_spread
    delta = 0
    if abs(spread) > 1:
        divisor = to_zero(Fraction(PPM, to_zero(Fraction(spread, 2))))
        delta = to_zero(Fraction(curve.y, divisor))
    y = curve.y + delta
    x = floor(Fraction(curve.sqrt_k**2, y))
    if side == BUY:
        return min(curve.x, x), max(curve.y, y)
    return max(curve.x, x), min(curve.y, y)


def after_swap(curve: Curve, x: int, y: int, side: int, size: int) -> tuple[int, int]:
    """Reserves after a trade against (x, y)."""
    if side == BUY and size >= x:
        raise OutOfRange(size)
    moved = x - size if side == BUY else x + size
    other = floor(Fraction(curve.sqrt_k**2, moved))
    if (other < y) if side == BUY else (other > y):
        raise OutOfRange(other)
    return moved, other


def price_fill(curve: Curve, params: MarketParams, side: int, size: int) -> Quote:
    """The money of a fill, and the curve after it."""
    x, y = quoted_reserves(curve, params, side)
    _, quoted = after_swap(curve, x, y, side, size)
    real_x, real_y = after_swap(curve, curve.x, curve.y, side, size)
    peg = Fraction(curve.peg, LOT)
    own = floor(abs(real_y - curve.y) * peg)
    if side == BUY:
        own += 1
        taker = max(own, floor((quoted - y + 1) * peg) + 1)
    else:
        taker = min(own, floor((y - quoted) * peg))
    # The curve itself, without any rounding, is never better for the vAMM by more than a unit.
    ideal = abs(Fraction(curve.sqrt_k**2, real_x) - Fraction(curve.sqrt_k**2, curve.x)) * peg
    if not -2 - peg < own - ideal < 2 + peg:
        raise AssertionError(f"plain quote {own} is far from the curve's {float(ideal)}")
    return Quote(taker, own, real_x, real_y)


def room(curve: Curve, params: MarketParams, side: int) -> int:
    """Largest fill that the bounds of the curve allow at once, on the step."""
    balanced = curve.x + curve.net
    reach = Fraction(params.vamm_concentration, PPM)
    if side == BUY:
        left = curve.x - floor(balanced / reach)
    else:
        left = floor(balanced * reach) - curve.x
    if left <= 0:
        return 0
    share = floor(Fraction(curve.x, params.vamm_max_fill_fraction))
    return down_to(min(share, floor(Fraction(left, 2))), params.step)


def reach_of(curve: Curve, params: MarketParams, side: int, limit: int) -> int:
    """Base that moves the quoted side to a limit; 0 when it is past it."""
    if limit <= 0:
        return 0
    inner = floor(Fraction(curve.sqrt_k**2 * PPM, limit))
    target = isqrt(floor(Fraction(inner * curve.peg, PPM)))
    x, _ = quoted_reserves(curve, params, side)
    return max(0, x - target if side == BUY else target - x)


def takes(curve: Curve, params: MarketParams, side: int, size: int, limit: int) -> int:
    """How much of an order the vAMM takes: one tick is kept from the limit."""
    edge = limit - params.tick if side == BUY else limit + params.tick
    reach = reach_of(curve, params, side, edge)
    return down_to(min(size, reach, room(curve, params, side)), params.step)
