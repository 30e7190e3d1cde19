"""Signed orders as the API takes them, with a key of the tests."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from plimsoll.client.models import SignedOrderForm
from plimsoll.client.signed import Ed25519Key, Key, sign
from plimsoll.client.signed_forms import order_of
from plimsoll.runtime.identity import IN_MEMORY

SIGNER: Final = Ed25519Key("07" * 32)
"""A key that no account has allowed yet."""


def signed_form(
    account: int, *, key: Key = SIGNER, where: str = IN_MEMORY, maker: int = -1, **terms: Any
) -> dict[str, Any]:
    """A body's signed order in market 0: to buy 0.01 at 60,100 unless told otherwise."""
    values: dict[str, Any] = {
        "account": account, "market": "BTC-USD", "side": "buy", "price": "60100", "size": "0.01",
        "signer": key.signer, "order_hash": "", "signature": "",
    }  # fmt: skip
    form = msgspec.convert({**values, **terms}, SignedOrderForm)
    made = sign(key, where, order_of(form, 0, maker))
    proof = {"order_hash": made.order_hash, "signature": made.signature}
    found: dict[str, Any] = msgspec.to_builtins(form)
    return {**found, **proof}
