"""Decimal texts of requests to whole numbers, every refusal by its field."""

from __future__ import annotations

from typing import Final

from plimsoll.client.errors import bad_field
from plimsoll.decimal_text import DecimalTextError, format_decimal, parse_decimal
from plimsoll.units import AMOUNT_MAX, PRICE_MAX

BASE_DIGITS: Final = 9
QUOTE_DIGITS: Final = 6
PRICE_DIGITS: Final = 6


def amount(field: str, text: str, digits: int, most: int = AMOUNT_MAX, least: int = 1) -> int:
    """A positive decimal text (with ``least`` 0 also nothing) times 10**digits, exactly.

    Errors: `BadField`.
    """
    try:
        value = parse_decimal(text, digits)
    except DecimalTextError as error:
        raise bad_field(field, f"is not a number with up to {digits} decimals: {error}") from None
    if value < least:
        raise bad_field(field, "must be above 0")
    if value > most:
        raise bad_field(field, f"must be at most {format_decimal(most, digits)}")
    return value


def fee(field: str, text: str) -> int:
    """Money in 1e-6, or nothing."""
    return amount(field, text, QUOTE_DIGITS, least=0)


def price(field: str, text: str) -> int:
    """A price in 1e-6."""
    return amount(field, text, PRICE_DIGITS, PRICE_MAX)


def size(field: str, text: str) -> int:
    """A size in 1e-9 base."""
    return amount(field, text, BASE_DIGITS)
