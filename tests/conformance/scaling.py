"""The only arithmetic adapters may use on the values of a case: units, signs and differences.

Everything here is linear: texts to scaled integers and back, a sign turned over, and what came to
a balance that was opened with an amount.
"""

from __future__ import annotations

from plimsoll.decimal_text import format_decimal, parse_decimal
from plimsoll.messages.codes import BUY, SELL

RATIO_OF = {"100000": 10, "10000": 100}
"""Denominator of a fraction -> factor to millionths."""


def whole(text: str) -> int:
    """An integer that is scaled already."""
    return int(text)


def size(text: str) -> int:
    """Base in 1e-9."""
    return parse_decimal(text, 9, allow_negative=True)


def money(text: str) -> int:
    """Quote, price or ratio in 1e-6."""
    return parse_decimal(text, 6, allow_negative=True)


def as_size(value: int) -> str:
    """1e-9 as decimal text."""
    return format_decimal(value, 9)


def as_money(value: int) -> str:
    """1e-6 as decimal text."""
    return format_decimal(value, 6)


def units_of(text: str) -> str:
    """How many units of 1e-18 an amount has, as text."""
    return format_decimal(parse_decimal(text, 18, allow_negative=True), 0)


def raw_size(text: str) -> int:
    """Base in 1e-9, a unit of 1e-18 taken for a whole coin."""
    return size(units_of(text))


def raw_money(text: str) -> int:
    """Quote in 1e-6, a unit of 1e-18 taken for a whole one."""
    return money(units_of(text))


def in_units(text: str) -> str:
    """A whole number of coins as that many units of 1e-18."""
    return format_decimal(parse_decimal(text, 0, allow_negative=True), 18)


def as_raw_size(value: int) -> str:
    """The inverse of ``raw_size``."""
    return in_units(as_size(value))


def as_raw_money(value: int) -> str:
    """The inverse of ``raw_money``."""
    return in_units(as_money(value))


def is_fine(text: str) -> bool:
    """Whether an amount has more decimals than a size here."""
    return len(text.partition(".")[2]) > 9


def fraction(text: str) -> int:
    """``60/100000`` in millionths."""
    over, _, under = text.partition("/")
    return int(over) * RATIO_OF[under]


def hours(text: str) -> int:
    """Hours in milliseconds."""
    return parse_decimal(text, 3) * 3_600


def seconds(text: str) -> int:
    """Seconds in milliseconds."""
    return parse_decimal(text, 3)


def as_seconds(value: int) -> str:
    """Milliseconds as text of seconds."""
    return format_decimal(value, 3)


def magnitude(value: int) -> int:
    """Without its sign."""
    return abs(value)


def negated(value: int) -> int:
    """The other sign."""
    return -value


def difference(after: int, before: int) -> int:
    """What came to a balance."""
    return after - before


def magnified(value: int, factor: int) -> int:
    """So many times an amount."""
    return value * factor


def side_of(value: int) -> int:
    """Buy for a positive size, sell for a negative one."""
    return BUY if value >= 0 else SELL


def signed(side: int, value: int) -> int:
    """A size with the sign of its side."""
    return value if side == BUY else -value
