"""Numbers and times as market-data files write them, to integers.

Unlike ``plimsoll.decimal_text``, which refuses what the scale cannot hold, market data may carry
more decimals than the scale, or exponents: those are rounded half to even, in integers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from plimsoll.feeds.base import RowError
from plimsoll.units import PRICE_MAX

PRICE_DIGITS: Final = 6
QUANTITY_DIGITS: Final = 9
QUANTITY_MAX: Final = 10**30

_POWERS: Final[tuple[int, ...]] = tuple(10**n for n in range(QUANTITY_DIGITS + 1))
_FAST_DIGITS: Final = 18
_TEXT_MAX: Final = 64
_SHOWN: Final = 40
_DECIMAL: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?")
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_YEAR_2100_S: Final = 4_102_444_800
_UNITS: Final = (
    # name, first value accepted, end of range, multiplier to ms, divisor to ms; 1973 to 2100
    ("s", 10**8, _YEAR_2100_S, 1000, 1),
    ("ms", 10**11, _YEAR_2100_S * 10**3, 1, 1),
    ("us", 10**14, _YEAR_2100_S * 10**6, 1, 1000),
    ("ns", 10**17, _YEAR_2100_S * 10**9, 1, 1_000_000),
)
_FRACTION: Final = re.compile(r"([0-9]{9,19})\.([0-9]{0,12})")
_HOUR_AM_PM: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{1,2})-([AP]M)")


def shown(text: str) -> str:
    """``text`` quoted and cut, for messages."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _parse_scaled(text: str, digits: int, name: str) -> int:
    head, _, tail = text.partition(".")
    room = digits - len(tail)
    written = head + tail
    plain = room >= 0 and head and written.isdecimal() and written.isascii()
    if plain and len(written) <= _FAST_DIGITS:
        return int(written) * _POWERS[room]
    return _parse_any(text, digits, name)


def _parse_any(text: str, digits: int, name: str) -> int:
    """Signs, exponents and surplus decimals; half to even. Raises ``RowError``."""
    text = text.strip(" ")
    if not text:
        raise RowError(f"{name} is missing")
    if _NOT_FINITE.fullmatch(text):
        raise RowError(f"{name} is not a finite number: {shown(text)}")
    match = _DECIMAL.fullmatch(text) if len(text) <= _TEXT_MAX else None
    whole, decimals = (match.group(2), match.group(3) or "") if match else ("", "")
    if match is None or not whole + decimals:
        raise RowError(f"{name} is not a number: {shown(text)}")
    mantissa = int(whole + decimals)
    if match.group(1) == "-" and mantissa:
        raise RowError(f"{name} is negative: {shown(text)}")
    shift = int(match.group(4) or 0) - len(decimals) + digits
    if shift >= 0:
        factor: int = 10**shift
        return mantissa * factor
    divisor: int = 10**-shift
    quotient, remainder = divmod(mantissa, divisor)
    twice = 2 * remainder
    if twice > divisor or (twice == divisor and quotient % 2 == 1):
        quotient += 1
    return quotient


def parse_price_text(text: str) -> int:
    """A price in 1e-6, rounded half to even; raises ``RowError`` unless in 1 .. PRICE_MAX."""
    value = _parse_scaled(text, PRICE_DIGITS, "price")
    if 0 < value <= PRICE_MAX:
        return value
    if value > 0:
        raise RowError(f"price is too large: {shown(text)}")
    raise RowError(f"price is zero at six decimals: {shown(text)}")


def parse_quantity_text(text: str, name: str = "volume") -> int:
    """A quantity in 1e-9, rounded half to even, zero allowed; raises ``RowError``."""
    value = _parse_scaled(text, QUANTITY_DIGITS, name)
    if value > QUANTITY_MAX:
        raise RowError(f"{name} is too large: {shown(text)}")
    return value


def parse_spread_text(text: str) -> int:
    """A half-width in 1e-6 quote, rounded half to even, zero allowed; raises ``RowError``."""
    value = _parse_scaled(text, PRICE_DIGITS, "confidence")
    if value > PRICE_MAX:
        raise RowError(f"confidence is too large: {shown(text)}")
    return value


def parse_date_text(text: str) -> int:
    """An ISO date or time (UTC unless it names an offset) to epoch ms; raises ``RowError``.

    Also accepts ``20171231 23:59`` and ``2019-10-17 09-AM``. Finer parts round down.
    """
    cleaned = text.strip(" ").removesuffix(" UTC")
    match = _HOUR_AM_PM.fullmatch(cleaned)
    try:
        if match:
            hour = int(match.group(2))
            if not 1 <= hour <= 12:
                raise RowError(f"time is not a date: {shown(text)}")
            moment = datetime.fromisoformat(match.group(1))
            moment += timedelta(hours=hour % 12 + (12 if match.group(3) == "PM" else 0))
        else:
            moment = datetime.fromisoformat(cleaned)
    except (ValueError, OverflowError) as error:
        if isinstance(error, RowError):
            raise
        raise RowError(f"time is not a date: {shown(text)}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ts_ms = (moment - _EPOCH) // _MILLISECOND
    if not 0 <= ts_ms < _YEAR_2100_S * 1000:
        raise RowError(f"time is outside 1970 to 2099: {shown(text)}")
    return ts_ms


class TimeParser:
    """Epoch numbers in s, ms, us or ns, or dates, to epoch milliseconds (rounded down).

    The unit follows from the size of each number (the ranges for 1973 to 2099 do not overlap), so
    a file that changes its unit half-way is read right. ``units`` is what has been met so far.
    """

    __slots__ = ("_divisor", "_end", "_first", "_multiplier", "units")

    def __init__(self) -> None:
        self.units: dict[str, None] = {}
        self._first = self._end = 0
        self._multiplier = self._divisor = 1

    def __call__(self, text: str) -> int:
        """``text`` as epoch milliseconds; raises ``RowError``."""
        if text.isdecimal() and len(text) <= 20 and text.isascii():
            value = int(text)
            if self._first <= value < self._end:
                return value * self._multiplier // self._divisor
            return self._sniff(value, text)
        match = _FRACTION.fullmatch(text)
        if match is None:
            ts_ms = parse_date_text(text)
            self.units["date"] = None
            return ts_ms
        whole = int(match.group(1))
        ts_ms = self._sniff(whole, text)
        if self._multiplier == 1000:
            ts_ms += int(match.group(2).ljust(3, "0")[:3])
        return ts_ms

    def _sniff(self, value: int, text: str) -> int:
        for unit, first, end, multiplier, divisor in _UNITS:
            if first <= value < end:
                self._first, self._end = first, end
                self._multiplier, self._divisor = multiplier, divisor
                self.units[unit] = None
                return value * multiplier // divisor
        if len(text) == 8:
            ts_ms = parse_date_text(text)
            self.units["date"] = None
            return ts_ms
        raise RowError(f"time is outside 1973 to 2099: {shown(text)}")
