"""Decimal text at the edges: exact round trips, and refusals by name."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.decimal_text import DecimalTextError, Reason, format_decimal, parse_decimal
from plimsoll.units import AMOUNT_MAX

amounts = st.integers(min_value=-AMOUNT_MAX, max_value=AMOUNT_MAX)


@given(value=amounts, scale=st.integers(min_value=0, max_value=18))
def test_round_trip(value: int, scale: int) -> None:
    """Formatting and parsing give the value back, at every scale."""
    text = format_decimal(value, scale)
    assert parse_decimal(text, scale, allow_negative=True) == value


@given(value=amounts, scale=st.integers(min_value=0, max_value=18))
def test_format_is_plain_and_exact(value: int, scale: int) -> None:
    """The text has the exact value, no exponent, and no zeros at the end of its decimals."""
    text = format_decimal(value, scale)
    with localcontext() as context:
        context.prec = 60
        assert Decimal(text) == Decimal(value).scaleb(-scale)
    assert set(text) <= set("-.0123456789")
    assert "." not in text or text[-1] not in "0."
    assert text != "-0"


likely = st.text(alphabet="0123456789.-+eE_ nafi\u0661", max_size=24)


@given(text=st.one_of(st.text(max_size=24), likely), scale=st.integers(min_value=0, max_value=9))
def test_any_text_is_a_value_or_a_typed_refusal(text: str, scale: int) -> None:
    """No text raises anything else, and no refusable text is taken for a number."""
    try:
        value = parse_decimal(text, scale, allow_negative=True)
    except DecimalTextError as error:
        refused = error
    else:
        assert Decimal(text) * 10**scale == value
        return
    assert isinstance(refused.reason, Reason)
    assert refused.reason.value in str(refused)


@pytest.mark.parametrize(
    ("text", "scale", "want"),
    [
        ("1", 6, 1_000_000),
        ("0.1", 9, 100_000_000),
        ("0.00000001", 9, 10),
        ("97000.5", 6, 97_000_500_000),
        ("1.500000000000", 6, 1_500_000),
        ("007", 0, 7),
        ("4611686018427.387903", 6, AMOUNT_MAX),
        ("0", 9, 0),
    ],
)
def test_parse(text: str, scale: int, want: int) -> None:
    """Accepted forms: digits, with or without decimals, zeros beyond the scale."""
    assert parse_decimal(text, scale) == want


@pytest.mark.parametrize(
    ("value", "scale", "want"),
    [
        (10, 9, "0.00000001"),
        (1_500_000, 6, "1.5"),
        (-1_500_000, 6, "-1.5"),
        (-1, 6, "-0.000001"),
        (100, 0, "100"),
        (0, 9, "0"),
        (100_000_000, 6, "100"),
    ],
)
def test_format(value: int, scale: int, want: str) -> None:
    """Plain text without trailing zeros and without an exponent."""
    assert format_decimal(value, scale) == want


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ("1" * 20, Reason.TOO_LONG),
        ("1" * 100_000, Reason.TOO_LONG),
        ("0." + "0" * 19, Reason.TOO_LONG),
        (" 1", Reason.WHITESPACE),
        ("1\n", Reason.WHITESPACE),
        ("1 000", Reason.WHITESPACE),
        ("1\u00a0", Reason.WHITESPACE),
        ("\u0661\u0662", Reason.NON_ASCII),
        ("\uff11", Reason.NON_ASCII),
        ("\u22121", Reason.NON_ASCII),
        ("NaN", Reason.NAN),
        ("-nan", Reason.NAN),
        ("sNaN", Reason.NAN),
        ("inf", Reason.INFINITY),
        ("-Infinity", Reason.INFINITY),
        ("1e5", Reason.EXPONENT),
        ("1E-7", Reason.EXPONENT),
        ("-1.5e+3", Reason.EXPONENT),
        ("1_000", Reason.UNDERSCORE),
        ("1_0e5", Reason.UNDERSCORE),
        ("+1", Reason.PLUS_SIGN),
        ("-1", Reason.NEGATIVE),
        ("-0", Reason.NEGATIVE),
        ("--1", Reason.SIGN_NOT_ALLOWED),
        ("1-", Reason.SIGN_NOT_ALLOWED),
        ("1+1", Reason.SIGN_NOT_ALLOWED),
        (".5", Reason.MALFORMED),
        ("5.", Reason.MALFORMED),
        ("1.2.3", Reason.MALFORMED),
        ("1,5", Reason.MALFORMED),
        ("0x10", Reason.MALFORMED),
        ("-", Reason.MALFORMED),
        ("1\x00", Reason.MALFORMED),
        ("true", Reason.MALFORMED),
        ("0.0000001", Reason.TOO_MANY_DECIMALS),
        ("1.00000010", Reason.TOO_MANY_DECIMALS),
        ("4611686018427.387904", Reason.OUT_OF_RANGE),
        ("9999999999999999999", Reason.OUT_OF_RANGE),
    ],
)
def test_refusals(text: str, reason: Reason) -> None:
    """Every other text is refused with the reason by name."""
    with pytest.raises(DecimalTextError) as caught:
        parse_decimal(text, 6)
    assert caught.value.reason is reason
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [True, False, None, 1, 1.5, b"1", Decimal(1), ["1"]])
def test_only_text_is_parsed(value: object) -> None:
    """Booleans, numbers and bytes are not text."""
    with pytest.raises(DecimalTextError) as caught:
        parse_decimal(value, 6)  # type: ignore[arg-type]
    assert caught.value.reason is Reason.NOT_TEXT


def test_negative_where_allowed() -> None:
    """A leading minus is a sign only where the caller allows it; the range is symmetric."""
    assert parse_decimal("-1.5", 6, allow_negative=True) == -1_500_000
    assert parse_decimal("-0", 6, allow_negative=True) == 0
    assert parse_decimal("-4611686018427.387903", 6, allow_negative=True) == -AMOUNT_MAX
    with pytest.raises(DecimalTextError) as caught:
        parse_decimal("-4611686018427.387904", 6, allow_negative=True)
    assert caught.value.reason is Reason.OUT_OF_RANGE


def test_max_digits_counts_every_digit() -> None:
    """The limit is on digits before and after the point together."""
    assert parse_decimal("12.34", 6, max_digits=4) == 12_340_000
    for text in ("12.345", "12345", "-12.345"):
        with pytest.raises(DecimalTextError) as caught:
            parse_decimal(text, 6, max_digits=4, allow_negative=True)
        assert caught.value.reason is Reason.TOO_LONG


@pytest.mark.parametrize("scale", [-1, 19])
def test_scale_of_the_caller_is_checked(scale: int) -> None:
    """A scale no amount can have is a mistake of the caller."""
    with pytest.raises(ValueError, match="scale_digits"):
        parse_decimal("1", scale)
    with pytest.raises(ValueError, match="scale_digits"):
        format_decimal(1, scale)


@pytest.mark.parametrize("max_digits", [0, 101])
def test_max_digits_of_the_caller_is_checked(max_digits: int) -> None:
    """A digit limit that is no limit is a mistake of the caller."""
    with pytest.raises(ValueError, match="max_digits"):
        parse_decimal("1", 6, max_digits=max_digits)
