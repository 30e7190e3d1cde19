"""Numbers and times of market-data files, to integers."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.feeds.base import RowError
from plimsoll.feeds.text import (
    TimeParser,
    parse_date_text,
    parse_price_text,
    parse_quantity_text,
)
from plimsoll.units import PRICE_MAX


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("42000.5", 42_000_500_000),
        ("300", 300_000_000),
        ("0.000001", 1),
        ("1e-05", 10),
        ("1.5E+3", 1_500_000_000),
        ("+7", 7_000_000),
        (".5", 500_000),
        ("5.", 5_000_000),
        (" 7.25 ", 7_250_000),
        ("6.1153319800000006", 6_115_332),
        ("0.0000025", 2),
        ("0.0000035", 4),
        ("0.00000250000001", 3),
        ("70368744.177663", PRICE_MAX),
    ],
)
def test_price_text_is_rounded_half_even(text: str, price: int) -> None:
    """Plain, exponent and over-long decimals become 1e-6 integers without a float."""
    assert parse_price_text(text) == price


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("  ", "missing"),
        ("nan", "not a finite number"),
        ("NaN", "not a finite number"),
        ("-inf", "not a finite number"),
        ("Infinity", "not a finite number"),
        ("-1.5", "negative"),
        ("0", "zero"),
        ("-0.0", "zero"),
        ("0.0000005", "zero"),
        ("1e-300", "zero"),
        ("70368744.177664", "too large"),
        ("1e999", "too large"),
        ("9" * 64, "too large"),
        ("9" * 65, "not a number"),
        ("1e1000", "not a number"),
        ("1_000", "not a number"),
        ("1.2.3", "not a number"),
        ("0x10", "not a number"),
        ("--1", "not a number"),
        (".", "not a number"),
        ("e5", "not a number"),
        ("٣.٥", "not a number"),
        ("\N{FULLWIDTH DIGIT ONE}", "not a number"),
    ],
)
def test_unusable_price_text_has_a_reason(text: str, reason: str) -> None:
    """What is no positive price is refused with the reason by name."""
    with pytest.raises(RowError, match=reason):
        parse_price_text(text)


@given(st.decimals(min_value="0.000001", max_value="70000000", allow_nan=False, places=12))
def test_price_text_agrees_with_decimal(value: Decimal) -> None:
    """The rounding is the one of ``decimal``, in plain and in exponent form."""
    scaled = int((value * 10**6).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert parse_price_text(format(value, "f")) == scaled
    assert parse_price_text(format(value, "e")) == scaled


def test_quantity_text_allows_zero_and_bounds() -> None:
    """Volumes are 1e-9 integers; zero is one, a negative or an absurd one is not."""
    assert parse_quantity_text("0") == 0
    assert parse_quantity_text("11.649296019999998") == 11_649_296_020
    with pytest.raises(RowError, match="volume is negative"):
        parse_quantity_text("-1")
    with pytest.raises(RowError, match="volume is too large"):
        parse_quantity_text("1e40")


@pytest.mark.parametrize(
    ("text", "ts_ms", "unit"),
    [
        ("1502942400", 1_502_942_400_000, "s"),
        ("1502942400.0", 1_502_942_400_000, "s"),
        ("1502942400.1239", 1_502_942_400_123, "s"),
        ("1502942400123", 1_502_942_400_123, "ms"),
        ("1502942400123.9", 1_502_942_400_123, "ms"),
        ("1502942400123999", 1_502_942_400_123, "us"),
        ("1502942400123999999", 1_502_942_400_123, "ns"),
        ("2017-08-17T04:00:00Z", 1_502_942_400_000, "date"),
        ("2017-08-17 04:00:00", 1_502_942_400_000, "date"),
        ("2017-08-17 06:00:00+02:00", 1_502_942_400_000, "date"),
        ("2017-08-17 04:00:00 UTC", 1_502_942_400_000, "date"),
        ("20170817 04:00", 1_502_942_400_000, "date"),
        ("20170817", 1_502_928_000_000, "date"),
        ("2017-08-17", 1_502_928_000_000, "date"),
        ("2017-08-17 12-AM", 1_502_928_000_000, "date"),
        ("2017-08-17 04-AM", 1_502_942_400_000, "date"),
        ("2017-08-17 12-PM", 1_502_971_200_000, "date"),
        ("2017-08-17 11-PM", 1_503_010_800_000, "date"),
    ],
)
def test_time_text_in_every_unit(text: str, ts_ms: int, unit: str) -> None:
    """The unit follows from the number's size; dates without an offset are UTC."""
    times = TimeParser()
    assert times(text) == ts_ms
    assert list(times.units) == [unit]


def test_time_unit_may_change_within_a_file() -> None:
    """Each number is judged by itself, so a file that moves from s to us is read right."""
    times = TimeParser()
    texts = ("1502942400", "1502942460", "1502942520000000", "1502942580")
    assert [times(text) for text in texts] == [1_502_942_400_000 + 60_000 * i for i in range(4)]
    assert list(times.units) == ["s", "us"]


@pytest.mark.parametrize(
    "text",
    ["", "0", "60000", "99999999999999999999", "-5", "nan", "2017-13-01", "20171301", "1e9",
     "2017-08-17 13-PM", "2017-08-17 0-AM", "99991231", "soon", "9" * 30],
)  # fmt: skip
def test_bad_time_text_is_refused(text: str) -> None:
    """No time is guessed from text that is none, or lies outside 1973 to 2099."""
    with pytest.raises(RowError, match="time is"):
        TimeParser()(text)


def test_date_text_bounds() -> None:
    """Dates before 1970 and after 2099 are refused."""
    assert parse_date_text("1970-01-01") == 0
    for text in ("1969-12-31", "2100-01-01", "0001-01-01 00:00:00+14:00"):
        with pytest.raises(RowError):
            parse_date_text(text)
