"""Signatures: fixed vectors, and what must change them."""

from __future__ import annotations

import pytest

from plimsoll.client import signing
from plimsoll.client.signing import ApiKey

KEY = ApiKey(key_id="k1", secret="s3cret")
VECTORS = [
    # Made with: printf ... | openssl dgst -sha256 -hmac s3cret
    (
        ("POST", "/v1/orders", "account=7&x=%20", b'{"a":1}', "c-1"),
        "e919688620deef28b89b2f3e83aca2e42a88d9b08043304670c99bd31b36a8c4",
    ),
    (
        ("POST", "/v1/orders", "account=7&x=%20", b'{"a":1}', ""),
        "13287b637363b498fd3ab28b65c26201fbf3e1172c86927c43b5310c7cf54d08",
    ),
    (
        ("GET", "/v1/accounts", "", b"", ""),
        "84aeb49cc684a962039da67742c46162e6f3af8e719fe1fbddc10131bc81ebc4",
    ),
]


@pytest.mark.parametrize(("request_", "expected"), VECTORS)
def test_vectors(request_: tuple[str, str, str, bytes, str], expected: str) -> None:
    """The signature is the one another HMAC implementation gives for the documented message."""
    assert signing.signature(KEY.secret, "1700000000000", "n-1", *request_) == expected


def test_headers_carry_what_was_signed() -> None:
    """A server that reads the four headers can compute the same signature."""
    found = signing.headers(KEY, 1_700_000_000_000, "n-1", "GET", "/v1/accounts", "", b"", "")
    assert found == {
        "Plimsoll-Key": "k1",
        "Plimsoll-Timestamp": "1700000000000",
        "Plimsoll-Nonce": "n-1",
        "Plimsoll-Signature": VECTORS[2][1],
    }


@pytest.mark.parametrize("at", range(8))
def test_every_part_counts(at: int) -> None:
    """Changing any part of a request changes its signature."""
    parts: list[str | bytes] = ["s", "1", "n", "GET", "/p", "q=1", b"body", "c"]
    before = signing.signature(*parts)  # type: ignore[arg-type]
    parts[at] = b"other" if at == 6 else "other"
    assert signing.signature(*parts) != before  # type: ignore[arg-type]


def test_parts_cannot_run_into_each_other() -> None:
    """A line break, which would let two requests share a message, is refused."""
    for path, command_id in (("/a\nb", ""), ("/a", "c\n")):
        with pytest.raises(ValueError, match="line break"):
            signing.signature("s", "1", "n", "GET", path, "", b"", command_id)


def test_method_is_signed_in_capitals() -> None:
    """Spelling of the method makes no difference."""
    assert signing.signature("s", "1", "n", "get", "/", "", b"", "") == signing.signature(
        "s", "1", "n", "GET", "/", "", b"", ""
    )


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a", True),
        ("A-z_9" * 7, True),
        ("", False),
        ("a" * 37, False),
        ("a b", False),
        ("é", False),
        ("a\n", False),
    ],
)
def test_nonce_alphabet(text: str, *, good: bool) -> None:
    """Nonces and command ids are 1 to 36 plain characters."""
    assert signing.is_nonce(text) is good
    assert signing.is_command_id(text) is good


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1700000000000", 1700000000000),
        ("0", 0),
        ("-1", None),
        ("1.0", None),
        ("", None),
        ("1" * 16, None),
        ("١٢", None),
        ("1\n", None),
    ],
)
def test_timestamps(text: str, value: int | None) -> None:
    """Only plain digits are a timestamp."""
    assert signing.read_timestamp(text) == value


def test_comparison_survives_any_text() -> None:
    """A hostile signature is unequal, not an error."""
    assert signing.matches("ab", "ab")
    assert not signing.matches("ab", "é")
    assert not signing.matches("ab", "\udcff")


def test_secret_does_not_show() -> None:
    """A key that is logged gives nothing away."""
    assert "s3cret" not in repr(KEY)
    assert "s3cret" not in f"{KEY}"
