"""Decimal text to fixed-point integers and back, for the edges of the system.

Only plain decimals such as ``-12.50`` are accepted. Nothing is rounded: a value that the scale
cannot hold is refused, with the reason by name.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from plimsoll.units import AMOUNT_MAX

SCALE_DIGITS_MAX: Final = 18
MAX_DIGITS_LIMIT: Final = 100

_PLAIN: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_NAN: Final = re.compile(r"[+-]?s?nan", re.IGNORECASE)
_INFINITY: Final = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_EXPONENT: Final = re.compile(r"[+-]?[0-9.]+e[+-]?[0-9]*", re.IGNORECASE)
_SHOWN_CHARACTERS: Final = 40


class Reason(Enum):
    """Why a text is not an accepted decimal number."""

    NOT_TEXT = "not text"
    EMPTY = "empty"
    TOO_LONG = "too long"
    WHITESPACE = "whitespace"
    NON_ASCII = "non-ASCII character"
    NAN = "not a number (NaN)"
    INFINITY = "infinity"
    EXPONENT = "exponent"
    UNDERSCORE = "underscore"
    PLUS_SIGN = "leading plus sign"
    NEGATIVE = "negative"
    SIGN_NOT_ALLOWED = "sign not allowed here"
    MALFORMED = "not a decimal number"
    TOO_MANY_DECIMALS = "too many decimals"
    OUT_OF_RANGE = "out of range"


class DecimalTextError(ValueError):
    """A text is not an accepted decimal number; ``reason`` says why."""

    def __init__(self, reason: Reason, shown: str) -> None:
        super().__init__(reason, shown)
        self.reason = reason
        self.shown = shown

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.shown}"


def _error(reason: Reason, text: object) -> DecimalTextError:
    if not isinstance(text, str):
        return DecimalTextError(reason, type(text).__name__)
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
    return DecimalTextError(reason, repr(shown))


def _reason_of(text: str) -> Reason:
    """Why ``text``, which is not a plain decimal, is refused."""
    if not text:
        return Reason.EMPTY
    if any(character.isspace() for character in text):
        return Reason.WHITESPACE
    if not text.isascii():
        return Reason.NON_ASCII
    if _NAN.fullmatch(text):
        return Reason.NAN
    if _INFINITY.fullmatch(text):
        return Reason.INFINITY
    if "_" in text:
        return Reason.UNDERSCORE
    if text[0] == "+":
        return Reason.PLUS_SIGN
    if _EXPONENT.fullmatch(text):
        return Reason.EXPONENT
    if "-" in text[1:] or "+" in text:
        return Reason.SIGN_NOT_ALLOWED
    return Reason.MALFORMED


def _check_scale(scale_digits: int) -> None:
    if not 0 <= scale_digits <= SCALE_DIGITS_MAX:
        raise ValueError(f"scale_digits must be 0 .. {SCALE_DIGITS_MAX}, not {scale_digits}")


def parse_decimal(
    text: str,
    scale_digits: int,
    *,
    max_digits: int = 19,
    allow_negative: bool = False,
) -> int:
    """The number ``text`` times 10**scale_digits, exactly.

    ``max_digits`` bounds all digits written, before and after the point. Zeros beyond the
    scale are accepted, other digits there are not. The result lies within AMOUNT_MAX either way.
    Raises ``DecimalTextError``, also for anything that is not a ``str``.
    """
    _check_scale(scale_digits)
    if not 1 <= max_digits <= MAX_DIGITS_LIMIT:
        raise ValueError(f"max_digits must be 1 .. {MAX_DIGITS_LIMIT}, not {max_digits}")
    if not isinstance(text, str):
        raise _error(Reason.NOT_TEXT, text)
    if len(text) > max_digits + 2:  # a sign and a point
        raise _error(Reason.TOO_LONG, text)
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise _error(_reason_of(text), text)
    sign, whole, decimals = match.group(1), match.group(2), match.group(3) or ""
    if sign and not allow_negative:
        raise _error(Reason.NEGATIVE, text)
    if len(whole) + len(decimals) > max_digits:
        raise _error(Reason.TOO_LONG, text)
    kept, beyond = decimals[:scale_digits], decimals[scale_digits:]
    if beyond.strip("0"):
        raise _error(Reason.TOO_MANY_DECIMALS, text)
    value = int(whole + kept.ljust(scale_digits, "0"))
    if value > AMOUNT_MAX:
        raise _error(Reason.OUT_OF_RANGE, text)
    return -value if sign else value


def format_decimal(value: int, scale_digits: int) -> str:
    """``value`` / 10**scale_digits as plain decimal text, without trailing zeros or exponent."""
    _check_scale(scale_digits)
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).rjust(scale_digits + 1, "0")
    point = len(digits) - scale_digits
    decimals = digits[point:].rstrip("0")
    return f"{sign}{digits[:point]}.{decimals}" if decimals else sign + digits[:point]
