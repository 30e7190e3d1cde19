"""The auditor's own arithmetic: Python integers and fractions, with the exchange's stated range.

Nothing here comes from the package, so that a wrong rounding there cannot be wrong here too.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

LOT = 10**9
PPM = 10**6
AMOUNT_MAX = 2**62 - 1


class OutOfRange(Exception):
    """An amount leaves the range that the exchange promises to keep."""


class Wide:
    """Whether any amount of the command in hand left the range (set by ``fits``)."""

    seen: bool = False


def fits(amount: int) -> int:
    """The amount; remembered if it leaves the range."""
    if not -AMOUNT_MAX <= amount <= AMOUNT_MAX:
        Wide.seen = True
    return amount


def must_fit(amount: int) -> int:
    """The amount, or ``OutOfRange``."""
    if abs(fits(amount)) > AMOUNT_MAX:
        raise OutOfRange(amount)
    return amount


def worth_down(price: int, size: int) -> int:
    """Quote of a size at a price, rounded down."""
    return must_fit(price * size // LOT)


def worth_up(price: int, size: int) -> int:
    """Quote of a size at a price, rounded up."""
    return must_fit(-(-price * size // LOT))


def share_down(amount: int, ppm: int) -> int:
    """Millionths of an amount, rounded down."""
    return amount * ppm // PPM


def share_up(amount: int, ppm: int) -> int:
    """Millionths of an amount, rounded up."""
    return fits(-(-amount * ppm // PPM))


def to_zero(value: Fraction) -> int:
    """A fraction without its broken part."""
    return floor(value) if value >= 0 else ceil(value)


def down_to(value: int, grid: int) -> int:
    """The multiple of the grid at or below."""
    return value // grid * grid


def up_to(value: int, grid: int) -> int:
    """The multiple of the grid at or above."""
    return -(-value // grid) * grid
