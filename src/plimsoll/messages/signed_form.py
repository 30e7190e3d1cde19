"""What a signed order is signed as: one text for each order and exchange, its hash, and the same
as typed data of EIP-712.

A line ``name=value`` for each field, in a fixed order, none left out; no value can hold a line
break. The exchange is part of it, so that an order for one exchange is none for another.

Spec: docs/spec/25-gateway.md, GATE-003, GATE-004.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from plimsoll.messages import codes
from plimsoll.messages.gateway import SignedOrder

HEADING: Final = "Plimsoll signed order 1"
"""The first line; another form of the text would have another number."""

UNSIGNED: Final = ("order_hash", "signature")
"""Fields that follow from the others."""

SIGNED: Final = tuple(name for name, _ in SignedOrder.FIELDS if name not in UNSIGNED)
"""The fields that are signed, in order."""

TYPES: Final[dict[str, str]] = {
    "id": "uint64",
    "any_id": "int64",
    "side": "string",
    "flag": "bool",
    "price": "uint64",
    "amount": "uint64",
    "amount0": "uint64",
    "time": "uint64",
    "client_id": "string",
    "signer": "string",
}
"""The type of EIP-712 for each kind of field."""

DOMAIN: Final = (("name", "string"), ("version", "string"), ("salt", "bytes32"))
TYPE_NAME: Final = "PlimsollOrder"


def text_of(order: SignedOrder, exchange: str) -> str:
    """The text an order is signed as on an exchange. Numbers are decimal, in the units of the
    command; flags are 0 or 1; the side is a word."""
    lines = [HEADING, f"exchange={exchange}"]
    for (name, kind), value in zip(SignedOrder.FIELDS, order.row(), strict=True):
        if name in SIGNED:
            shown = _value(kind, value)
            lines.append(f"{name}={int(shown) if isinstance(shown, bool) else shown}")
    return "\n".join(lines)


def hash_of(order: SignedOrder, exchange: str) -> str:
    """SHA-256 (lower-case hex) of the text."""
    return hashlib.sha256(text_of(order, exchange).encode()).hexdigest()


def typed_data(order: SignedOrder, exchange: str) -> dict[str, Any]:
    """What a wallet signs (``eth_signTypedData_v4``): the same fields, under a domain whose
    ``salt`` is the SHA-256 of the exchange's id."""
    fields = [(name, kind) for name, kind in SignedOrder.FIELDS if name in SIGNED]
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in DOMAIN],
            TYPE_NAME: [{"name": name, "type": TYPES[kind]} for name, kind in fields],
        },
        "primaryType": TYPE_NAME,
        "domain": {
            "name": "Plimsoll",
            "version": "1",
            "salt": "0x" + hashlib.sha256(exchange.encode()).hexdigest(),
        },
        "message": {
            name: _value(kind, value)
            for (name, kind), value in zip(fields, order.row()[: len(fields)], strict=True)
        },
    }


def completed(order: SignedOrder, exchange: str, signature: str = "") -> SignedOrder:
    """The order with its hash, and with a signature if one is given."""
    values: list[Any] = [*order.row()[: len(SIGNED)], hash_of(order, exchange), signature]
    return SignedOrder(*values)


def _value(kind: str, value: object) -> object:
    """A value as it is signed: the side is a word."""
    return codes.SIDES[1 if value else 0] if kind == "side" else value
