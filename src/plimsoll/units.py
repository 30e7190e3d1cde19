"""Fixed-point numbers: scales, ranges, and every product and division of the exchange.

Amounts are integers: Base and FundingRate in 1e-9, Quote, Price and Ratio in 1e-6, Shares in 1.
Each helper names its rounding, and refuses with ``RangeError`` an argument or a result that
leaves its range, before anything else happens.

This module is compiled. The products are then made of 31-bit digits, because machine integers
wrap at 64 bits; interpreted, ``units_exact`` replaces those helpers by big-integer expressions
with the same ranges. Parameters are ``int`` and enter ``i64`` only after their range check, so a
value of any width is refused in the same way by both builds. A conditional expression that mixes
``i64`` with a literal goes through Python objects when compiled, hence the plain ``if`` here.
"""

from __future__ import annotations

from math import isqrt as _integer_sqrt
from typing import Final

from mypy_extensions import i64, mypyc_attr

BASE_SCALE: Final = 1_000_000_000
QUOTE_SCALE: Final = 1_000_000
PRICE_SCALE: Final = 1_000_000
RATIO_SCALE: Final = 1_000_000
RATE_SCALE: Final = 1_000_000_000
"""Funding rate: quote per base in 1e-9."""
LOT: Final = 1_000_000_000
"""price (1e-6) x base (1e-9) / LOT is quote (1e-6)."""

AMOUNT_MAX: Final = 4_611_686_018_427_387_903
"""2**62 - 1: the largest magnitude of a stored amount. The sum of two fits 64 bits."""
PRICE_MAX: Final = 70_368_744_177_663
"""2**46 - 1: the largest price, about 70 million USD."""
PPM_MAX: Final = 1_000_000_000
"""The largest ratio ``at_rate_*`` accepts: a factor of 1,000."""
I64_MAX: Final = 9_223_372_036_854_775_807

_DIGIT: Final = 2_147_483_648  # 2**31: the product of two digits and a carry fit 63 bits
_MASK: Final = 2_147_483_647
_SHOWN_BITS: Final = 256


@mypyc_attr(native_class=False)
class RangeError(ArithmeticError):
    """An argument or a result of fixed-point arithmetic is outside its range."""


def _show(value: int) -> str:
    # Python refuses to print very long integers, which would hide the real error.
    bits = value.bit_length()
    return str(value) if bits <= _SHOWN_BITS else f"<{bits}-bit integer>"


def refusal(helper: str, *arguments: int) -> RangeError:
    """The error for a call of ``helper`` whose arguments or result leave their range."""
    shown = ", ".join([_show(argument) for argument in arguments])
    return RangeError(f"{helper}({shown}) is out of range")


def require_range(value: int, low: int, high: int, name: str) -> None:
    """Raise ``RangeError`` unless ``low <= value <= high``."""
    if value < low or value > high:
        raise RangeError(f"{name} is {_show(value)}, outside {_show(low)} .. {_show(high)}")


def _mul_div(a: i64, b: i64, c: i64, up: bool) -> i64:
    """a*b/c for 0 <= a, b < 2**62 and 0 < c < 2**62; -1 if the result reaches 2**62."""
    a1 = a >> 31
    a0 = a & _MASK
    b1 = b >> 31
    b0 = b & _MASK
    t = a0 * b0
    p0 = t & _MASK
    t = a1 * b0 + (t >> 31)
    p2 = t >> 31
    t = a0 * b1 + (t & _MASK)
    p1 = t & _MASK
    high = a1 * b1 + p2 + (t >> 31)
    # floor(a*b / 2**62) < c is the same as floor(a*b / c) < 2**62.
    if high >= c:
        return -1
    if high == 0:
        t = (p1 << 31) | p0
        q = t // c
        rest = t - q * c
    elif c < _DIGIT:  # high < c, hence one digit as well
        t = (high << 31) | p1
        q1 = t // c
        t = ((t - q1 * c) << 31) | p0
        q0 = t // c
        q = (q1 << 31) + q0
        rest = t - q0 * c
    else:
        return _divide_long(high, p1, p0, c, up)
    if up and rest != 0:
        if q == AMOUNT_MAX:
            return -1
        q += 1
    return q


def _divide_long(high: i64, p1: i64, p0: i64, c: i64, up: bool) -> i64:
    """Knuth's algorithm D, two digits: (high, p1, p0) / c for 2**31 <= c < 2**62, high < c."""
    s: i64 = 0
    d = c
    if d < 70_368_744_177_664:  # 2**46
        d <<= 16
        s = 16
    if d < 18_014_398_509_481_984:  # 2**54
        d <<= 8
        s += 8
    if d < 288_230_376_151_711_744:  # 2**58
        d <<= 4
        s += 4
    if d < 1_152_921_504_606_846_976:  # 2**60
        d <<= 2
        s += 2
    if d < 2_305_843_009_213_693_952:  # 2**61
        d <<= 1
        s += 1
    t = (high << s) | (p1 >> (31 - s))
    p1 = ((p1 << s) & _MASK) | (p0 >> (31 - s))
    p0 = (p0 << s) & _MASK
    d1 = d >> 31
    d0 = d & _MASK
    # A first guess, at most two too large: t < d and d1 >= 2**30 bound it by 2**31 + 1, hence
    # its product with d0 by 2**62; and r stays below 2**32 - 1, because r >= 2**31 ends the loop.
    q1 = t // d1
    r = t - q1 * d1
    while q1 * d0 > (r << 31) + p1:
        q1 -= 1
        r += d1
    t = (r << 31) + p1 - q1 * d0
    q0 = t // d1
    r = t - q0 * d1
    while q0 * d0 > (r << 31) + p0:
        q0 -= 1
        r += d1
    q = (q1 << 31) + q0
    if up and (r << 31) + p0 - q0 * d0 != 0:
        if q == AMOUNT_MAX:
            return -1
        q += 1
    return q


def mul_div_floor(a: int, b: int, c: int) -> int:
    """a*b/c rounded down, exact. 0 <= a, b, result <= AMOUNT_MAX, 0 < c <= AMOUNT_MAX."""
    if 0 <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        q = _mul_div(a, b, c, False)
        if q >= 0:
            return q
    raise refusal("mul_div_floor", a, b, c)


def mul_div_ceil(a: int, b: int, c: int) -> int:
    """a*b/c rounded up, exact. 0 <= a, b, result <= AMOUNT_MAX, 0 < c <= AMOUNT_MAX."""
    if 0 <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        q = _mul_div(a, b, c, True)
        if q >= 0:
            return q
    raise refusal("mul_div_ceil", a, b, c)


def mul_div_signed_floor(a: int, b: int, c: int) -> int:
    """a*b/c rounded toward minus infinity. |a|, |result| <= AMOUNT_MAX, b >= 0, c > 0."""
    if -AMOUNT_MAX <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        if a >= 0:
            q = _mul_div(a, b, c, False)
            if q >= 0:
                return q
        else:
            q = _mul_div(-a, b, c, True)
            if q >= 0:
                return -q
    raise refusal("mul_div_signed_floor", a, b, c)


def mul_div_toward_zero(a: int, b: int, c: int) -> int:
    """a*b/c rounded toward zero. |a|, |result| <= AMOUNT_MAX, b >= 0, c > 0."""
    if -AMOUNT_MAX <= a <= AMOUNT_MAX and 0 <= b <= AMOUNT_MAX and 0 < c <= AMOUNT_MAX:
        if a >= 0:
            q = _mul_div(a, b, c, False)
            if q >= 0:
                return q
        else:
            q = _mul_div(-a, b, c, False)
            if q >= 0:
                return -q
    raise refusal("mul_div_toward_zero", a, b, c)


def _notional(price: i64, size: i64, up: bool) -> i64:
    """price*size/LOT for price <= PRICE_MAX; -1 if the result exceeds AMOUNT_MAX."""
    price_high = price // LOT
    # Beyond this price_high*size >= 2**62. Within it, price*size/LOT < 2**63 and cannot wrap.
    if price_high * (size >> 31) > _DIGIT:
        return -1
    price_low = price - price_high * LOT
    size_high = size // LOT
    # Only the product of the low parts leaves a remainder.
    rest = price_low * (size - size_high * LOT)
    if up:
        rest += LOT - 1
    value = price_high * size + price_low * size_high + rest // LOT
    if value > AMOUNT_MAX:
        return -1
    return value


def notional_floor(price: int, size: int) -> int:
    """Quote value (1e-6) of base ``size`` (1e-9) at ``price`` (1e-6), rounded down.

    0 <= price <= PRICE_MAX, 0 <= size, result <= AMOUNT_MAX.
    """
    if 0 <= price <= PRICE_MAX and 0 <= size <= AMOUNT_MAX:
        value = _notional(price, size, False)
        if value >= 0:
            return value
    raise refusal("notional_floor", price, size)


def notional_ceil(price: int, size: int) -> int:
    """Quote value (1e-6) of base ``size`` (1e-9) at ``price`` (1e-6), rounded up.

    0 <= price <= PRICE_MAX, 0 <= size, result <= AMOUNT_MAX.
    """
    if 0 <= price <= PRICE_MAX and 0 <= size <= AMOUNT_MAX:
        value = _notional(price, size, True)
        if value >= 0:
            return value
    raise refusal("notional_ceil", price, size)


def _at_rate(amount: i64, ppm: i64, up: bool) -> i64:
    """amount*ppm/10**6 for ppm <= PPM_MAX; -1 if the result exceeds AMOUNT_MAX."""
    whole = amount // RATIO_SCALE
    # Beyond this whole*ppm >= 2**62. Within it, the sums below stay under 2**63.
    if (whole >> 12) * ppm > 1_125_899_906_842_624:  # 2**50
        return -1
    rest = (amount - whole * RATIO_SCALE) * ppm
    if up:
        rest += RATIO_SCALE - 1
    value = whole * ppm + rest // RATIO_SCALE
    if value > AMOUNT_MAX:
        return -1
    return value


def at_rate_floor(amount: int, ppm: int) -> int:
    """``ppm`` millionths of ``amount``, rounded down. 0 <= amount, 0 <= ppm <= PPM_MAX."""
    if 0 <= amount <= AMOUNT_MAX and 0 <= ppm <= PPM_MAX:
        value = _at_rate(amount, ppm, False)
        if value >= 0:
            return value
    raise refusal("at_rate_floor", amount, ppm)


def at_rate_ceil(amount: int, ppm: int) -> int:
    """``ppm`` millionths of ``amount``, rounded up. 0 <= amount, 0 <= ppm <= PPM_MAX."""
    if 0 <= amount <= AMOUNT_MAX and 0 <= ppm <= PPM_MAX:
        value = _at_rate(amount, ppm, True)
        if value >= 0:
            return value
    raise refusal("at_rate_ceil", amount, ppm)


def div_floor(a: int, b: int) -> int:
    """a/b rounded toward minus infinity; any width. Refuses b == 0."""
    if b == 0:
        raise refusal("div_floor", a, b)
    return a // b


def div_ceil(a: int, b: int) -> int:
    """a/b rounded toward plus infinity; any width. Refuses b == 0."""
    if b == 0:
        raise refusal("div_ceil", a, b)
    return -(-a // b)


def div_toward_zero(a: int, b: int) -> int:
    """a/b rounded toward zero; any width. Refuses b == 0."""
    if b == 0:
        raise refusal("div_toward_zero", a, b)
    return a // b if (a >= 0) == (b > 0) else -(-a // b)


def isqrt(n: int) -> int:
    """The largest integer whose square is at most ``n``; any width. Refuses n < 0."""
    if n < 0:
        raise refusal("isqrt", n)
    return _integer_sqrt(n)


def step_floor(v: int, step: int) -> int:
    """The largest multiple of ``step`` that is <= v. 0 <= v <= AMOUNT_MAX, step > 0."""
    if 0 <= v <= AMOUNT_MAX and 0 < step <= AMOUNT_MAX:
        return v - v % step
    raise refusal("step_floor", v, step)


def step_ceil(v: int, step: int) -> int:
    """The smallest multiple of ``step`` that is >= v. 0 <= v, result <= AMOUNT_MAX, step > 0."""
    if 0 <= v <= AMOUNT_MAX and 0 < step <= AMOUNT_MAX:
        rest = v % step
        if rest == 0:
            return v
        if v - rest <= AMOUNT_MAX - step:
            return v - rest + step
    raise refusal("step_ceil", v, step)


def signed_step(v: int, step: int) -> int:
    """The multiple of ``step`` next to ``v`` on the side of zero. |v| <= AMOUNT_MAX, step > 0."""
    if -AMOUNT_MAX <= v <= AMOUNT_MAX and 0 < step <= AMOUNT_MAX:
        return v - v % step if v >= 0 else v + (-v) % step
    raise refusal("signed_step", v, step)


def weighted_average(d1: int, d2: int, w1: int, w2: int, bias: int | None = None) -> int:
    """(d1*w1 + d2*w2)/(w1 + w2) toward zero, plus ``bias``; any width, weights >= 0.

    A zero weight returns the other value as it is. Without ``bias``, one unit toward the newer
    value d2 is added when its weight exceeds 1, so that a slow average does not stall on the
    truncation. A negative bias never takes an average of zero below zero.
    """
    if w1 < 0 or w2 < 0:
        raise refusal("weighted_average", d1, d2, w1, w2)
    if w1 == 0:
        return d2
    if w2 == 0:
        return d1
    old = d1 * w1
    new = d2 * w2
    if bias is not None:
        shift = bias
    elif w2 > 1 and new != old:
        shift = 1 if new > old else -1
    else:
        shift = 0
    average = div_toward_zero(old + new, w1 + w2)
    return average if average == 0 and shift < 0 else average + shift


def proportion(v: int, n: int, d: int) -> int:
    """v*n/d rounded down; any width. Refuses v < 0, n < 0 or d <= 0."""
    if v < 0 or n < 0 or d <= 0:
        raise refusal("proportion", v, n, d)
    return v * n // d
