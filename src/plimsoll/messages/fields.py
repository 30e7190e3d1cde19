"""What kinds of field a message may have, and the bounds of each.

Every message class lists its fields as ``FIELDS``: pairs of name and kind, in the order of its
constructor. The codec, the JSON forms and the documentation read that table, so a bound is
stated in one place. Kinds are bounds, not types: all numbers are Python ints.
"""

from __future__ import annotations

from typing import Final

from plimsoll.units import AMOUNT_MAX, PRICE_MAX, RATIO_SCALE

ID_MAX: Final = 2**31 - 1
SEQ_MAX: Final = 2**53 - 1
TIME_MAX: Final = 2**48 - 1
CLIENT_ID_MAX: Final = 36
NAME_MAX: Final = 64

BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "id": (0, ID_MAX),
    "any_id": (-1, ID_MAX),  # -1 means "all" or "none", as the message says
    "seq": (0, SEQ_MAX),
    "price": (1, PRICE_MAX),
    "price0": (0, PRICE_MAX),  # 0 means "not given"
    "raw_price": (-AMOUNT_MAX, AMOUNT_MAX),  # judged (and refused) by the core, one by one
    "amount": (1, AMOUNT_MAX),
    "amount0": (0, AMOUNT_MAX),
    "signed": (-AMOUNT_MAX, AMOUNT_MAX),
    "ratio": (0, RATIO_SCALE),
    "multiple": (0, 1000 * RATIO_SCALE),
    "time": (0, TIME_MAX),
    "count": (0, 1_000_000),
    "flag": (0, 1),
    "mask": (0, 2**16 - 1),
    "code": (0, 99_999),
    "breaker_mode": (0, 2),
    "cause": (0, 5),
    "side": (0, 1),
    "kind": (0, 1),
    "tif": (0, 2),
    "post": (0, 2),
    "mode": (0, 3),
    "direction": (0, 1),
    "vault_kind": (0, 2),
    "pool": (5, 7),
    "percent": (-100, 100),
    "reason": (0, 999),
    "small": (0, 255),
}
"""Inclusive bounds of every integer kind."""

TEXTS: Final[dict[str, int]] = {
    "client_id": CLIENT_ID_MAX,
    "name": NAME_MAX,
    "external_id": NAME_MAX,
    "hash": 64,
    "signer": 96,
    "signature": 160,
}
"""Longest length of every text kind; the alphabet is ``[A-Za-z0-9_.:/-]`` (may be empty)."""

LISTS: Final[dict[str, int]] = {"items": 50, "prices": 256}
"""Longest length of every list kind."""


class FieldError(ValueError):
    """A field of a message that is missing, of the wrong type or out of bounds.

    ``field`` names it, ``problem`` says what is wrong, so that an API can answer precisely.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
