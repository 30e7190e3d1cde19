"""The products of ``units`` as big-integer expressions, for the interpreted package.

Interpreted, these are several times faster than the digit-wise forms, which exist only because
compiled machine integers wrap. Ranges, results and error texts are the same. Not compiled.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from plimsoll.units import (
    AMOUNT_MAX,
    LOT,
    PPM_MAX,
    PRICE_MAX,
    RATIO_SCALE,
    refusal,
)

REPLACED: Final = (
    "mul_div_floor",
    "mul_div_ceil",
    "mul_div_signed_floor",
    "mul_div_toward_zero",
    "notional_floor",
    "notional_ceil",
    "at_rate_floor",
    "at_rate_ceil",
)

_LOWEST: Final = -AMOUNT_MAX


def replace_in(module: ModuleType) -> None:
    """Put the functions of this module in place of those of ``module`` (``units``)."""
    for name in REPLACED:
        setattr(module, name, globals()[name])


def mul_div_floor(a: int, b: int, c: int) -> int:
    """a*b/c rounded down."""
    if 0 <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        q = a * b // c
        if q <= AMOUNT_MAX:
            return q
    raise refusal("mul_div_floor", a, b, c)


def mul_div_ceil(a: int, b: int, c: int) -> int:
    """a*b/c rounded up."""
    if 0 <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        q = (a * b + c - 1) // c
        if q <= AMOUNT_MAX:
            return q
    raise refusal("mul_div_ceil", a, b, c)


def mul_div_signed_floor(a: int, b: int, c: int) -> int:
    """a*b/c rounded toward minus infinity."""
    if _LOWEST <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        q = a * b // c
        if _LOWEST <= q <= AMOUNT_MAX:
            return q
    raise refusal("mul_div_signed_floor", a, b, c)


def mul_div_toward_zero(a: int, b: int, c: int) -> int:
    """a*b/c rounded toward zero."""
    if _LOWEST <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        q = a * b // c if a >= 0 else -(-a * b // c)
        if _LOWEST <= q <= AMOUNT_MAX:
            return q
    raise refusal("mul_div_toward_zero", a, b, c)


def notional_floor(price: int, size: int) -> int:
    """price*size/LOT rounded down."""
    if 0 <= price <= PRICE_MAX and 0 <= size <= AMOUNT_MAX:
        value = price * size // LOT
        if value <= AMOUNT_MAX:
            return value
    raise refusal("notional_floor", price, size)


def notional_ceil(price: int, size: int) -> int:
    """price*size/LOT rounded up."""
    if 0 <= price <= PRICE_MAX and 0 <= size <= AMOUNT_MAX:
        value = (price * size + LOT - 1) // LOT
        if value <= AMOUNT_MAX:
            return value
    raise refusal("notional_ceil", price, size)


def at_rate_floor(amount: int, ppm: int) -> int:
    """amount*ppm/10**6 rounded down."""
    if 0 <= amount <= AMOUNT_MAX and 0 <= ppm <= PPM_MAX:
        value = amount * ppm // RATIO_SCALE
        if value <= AMOUNT_MAX:
            return value
    raise refusal("at_rate_floor", amount, ppm)


def at_rate_ceil(amount: int, ppm: int) -> int:
    """amount*ppm/10**6 rounded up."""
    if 0 <= amount <= AMOUNT_MAX and 0 <= ppm <= PPM_MAX:
        value = (amount * ppm + RATIO_SCALE - 1) // RATIO_SCALE
        if value <= AMOUNT_MAX:
            return value
    raise refusal("at_rate_ceil", amount, ppm)
