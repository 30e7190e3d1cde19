"""Amounts of an asset in its own decimals, and what they are in the units of a market.

A market counts base in 1e-9 and quote in 1e-6; an asset counts in 10^-decimals. Every conversion
is here, its rounding in its name: what the exchange gives rounds down, what it asks rounds up.

Spec: docs/spec/22-spot.md, SPOT-001.
"""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import BASE_ASSET, Reject
from plimsoll.units import div_ceil, div_floor, mul_div_ceil, mul_div_floor, require_range

BASE_DECIMALS: Final = 9
DECIMALS_MAX: Final = 12
"""Most decimals an asset may have that is the base of a market: 2^62 units are 4.6 million."""


def check_base_asset(decimals: int, step: int) -> None:
    """Refuse an asset of which a market's step (1e-9 base) is no whole number of units.

    Rejects: BASE_ASSET.
    """
    if decimals > DECIMALS_MAX:
        raise Reject(BASE_ASSET, decimals, DECIMALS_MAX)
    if decimals < BASE_DECIMALS and step % power(BASE_DECIMALS - decimals) != 0:
        raise Reject(BASE_ASSET, decimals, BASE_DECIMALS)


def power(exponent: int) -> int:
    """10^exponent for 0 <= exponent <= 18."""
    require_range(exponent, 0, 18, "decimals")
    value = 1
    for _ in range(exponent):
        value *= 10
    return value


def base_to_asset_floor(base: int, decimals: int) -> int:
    """Units of an asset in ``base`` (1e-9), rounded down; exact from 9 decimals up."""
    if decimals >= BASE_DECIMALS:
        return mul_div_floor(base, power(decimals - BASE_DECIMALS), 1)
    return div_floor(base, power(BASE_DECIMALS - decimals))


def base_to_asset_ceil(base: int, decimals: int) -> int:
    """Units of an asset in ``base`` (1e-9), rounded up; exact from 9 decimals up."""
    if decimals >= BASE_DECIMALS:
        return mul_div_ceil(base, power(decimals - BASE_DECIMALS), 1)
    return div_ceil(base, power(BASE_DECIMALS - decimals))


def asset_to_base_floor(amount: int, decimals: int) -> int:
    """Base (1e-9) in units of an asset, rounded down; exact up to 9 decimals."""
    if decimals <= BASE_DECIMALS:
        return mul_div_floor(amount, power(BASE_DECIMALS - decimals), 1)
    return div_floor(amount, power(decimals - BASE_DECIMALS))


def asset_to_base_ceil(amount: int, decimals: int) -> int:
    """Base (1e-9) in units of an asset, rounded up; exact up to 9 decimals."""
    if decimals <= BASE_DECIMALS:
        return mul_div_ceil(amount, power(BASE_DECIMALS - decimals), 1)
    return div_ceil(amount, power(decimals - BASE_DECIMALS))


def asset_value_floor(amount: int, decimals: int, price: int) -> int:
    """Quote (1e-6) of units of an asset at a price of the whole (1e-6), rounded down."""
    return mul_div_floor(amount, price, power(decimals))


def asset_value_ceil(amount: int, decimals: int, price: int) -> int:
    """Quote (1e-6) of units of an asset at a price of the whole (1e-6), rounded up."""
    return mul_div_ceil(amount, price, power(decimals))


def value_in_asset_floor(quote: int, decimals: int, price: int) -> int:
    """Units of an asset that a signed quote (1e-6) is worth at a price, toward minus infinity."""
    return div_floor(quote * power(decimals), price)


def price_of_fill_ceil(amount: int, decimals: int, quote: int) -> int:
    """Price of the whole (1e-6) of a fill of ``amount`` units for ``quote``, rounded up."""
    return mul_div_ceil(quote, power(decimals), amount)


def price_of_fill_floor(amount: int, decimals: int, quote: int) -> int:
    """Price of the whole (1e-6) of a fill of ``amount`` units for ``quote``, rounded down."""
    return mul_div_floor(quote, power(decimals), amount)
