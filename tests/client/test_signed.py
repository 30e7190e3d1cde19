"""Making and signing orders: what is signed, in which words, and what is refused."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from plimsoll.client import models
from plimsoll.client.signed import DEFAULTS, Ed25519Key, EvmKey, make, sign
from plimsoll.messages import codes, signed_form
from plimsoll.messages.commands import SettleSigned
from plimsoll.messages.fields import FieldError
from plimsoll.messages.gateway import SignedOrder
from plimsoll.runtime.signatures import Door
from tests.client.samples import World

FIELDS: dict[str, Any] = {
    "account": 4, "market": 0, "side": "sell", "price": 60_000_000_000, "size": 1_000_000_000,
    "expires_ms": 1_700_000_060_000,
}  # fmt: skip
TEXT = """Plimsoll signed order 1
exchange=memory
account=4
market=0
side=sell
fok=0
price=60000000000
size=1000000000
min_fill=0
reduce_only=1
expires_ms=1700000060000
client_order_id=
relay_fee=0
fund=-1
margin=0
maker=-1
signer=ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"""
RFC_8032 = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
"""The secret of the first test of RFC 8032, section 7.1."""


def test_the_text_that_is_signed() -> None:
    """GATE-003: a line a field, the exchange first; the hash is that of the text."""
    order = make(Ed25519Key(RFC_8032), "memory", **FIELDS, reduce_only=True)
    assert signed_form.text_of(order, "memory") == TEXT
    assert order.order_hash == hashlib.sha256(TEXT.encode()).hexdigest()
    assert Door("memory").check(SettleSigned(order, 1, -1)) == 1


def test_a_key_is_made_and_kept() -> None:
    """The secret gives the same key again, and does not show itself."""
    key = Ed25519Key.generate()
    assert Ed25519Key(key.secret).signer == key.signer
    assert key.secret not in repr(key)
    assert Ed25519Key.generate().signer != key.signer
    with pytest.raises(ValueError):
        Ed25519Key("00")
    evm = EvmKey("0x" + "46" * 32)
    assert evm.signer == "evm:0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"
    assert "46" * 32 not in repr(evm)


def test_what_a_wallet_signs() -> None:
    """GATE-004: EIP-712, every signed field by its name, the exchange in the domain."""
    order = make(EvmKey("46" * 32), "memory", **FIELDS, client_order_id="x")
    data = signed_form.typed_data(order, "memory")
    assert data["primaryType"] == "PlimsollOrder"
    assert data["domain"] == {
        "name": "Plimsoll", "version": "1",
        "salt": "0x" + hashlib.sha256(b"memory").hexdigest(),
    }  # fmt: skip
    assert [one["name"] for one in data["types"]["PlimsollOrder"]] == list(signed_form.SIGNED)
    message = data["message"]
    assert list(message) == list(signed_form.SIGNED)
    assert (message["side"], message["fok"], message["fund"]) == ("sell", False, -1)
    assert message["signer"] == order.signer
    assert Door("memory").check(SettleSigned(order, 1, -1)) == 1


def test_nothing_out_of_bounds_is_signed() -> None:
    """GATE-003: a missing, unknown or impossible field is named before anything is signed."""
    key = Ed25519Key(RFC_8032)
    for changes, field in (
        ({"size": 0}, "size"), ({"side": "up"}, "side"), ({"colour": 1}, "colour"),
        ({"client_order_id": "a\nb"}, "client_order_id"), ({"price": 1.5}, "price"),
    ):  # fmt: skip
        with pytest.raises(FieldError) as caught:
            make(key, "memory", **{**FIELDS, **changes})
        assert caught.value.field == field
    with pytest.raises(FieldError):
        make(key, "memory", account=4)
    order = make(key, "memory", **FIELDS)
    assert {name: getattr(order, name) for name in DEFAULTS} == DEFAULTS
    with pytest.raises(ValueError, match="not this key"):
        sign(Ed25519Key.generate(), "memory", order)
    assert sign(key, "memory", order).row() == order.row()


async def test_a_client_learns_the_exchange_and_of_a_bad_signature(world: World) -> None:
    """GATE-004, GATE-006: the id is in ``exchange``; what was not signed for it is a refusal."""
    info: models.ExchangeInfo = await world.alice.exchange()
    assert info.exchange_id == "memory"
    order = make(Ed25519Key(RFC_8032), "elsewhere", **FIELDS)
    values = {
        "type": "SettleSigned", "size": 1, "relayer": -1,
        "order": dict(zip([name for name, _ in SignedOrder.FIELDS], order.row(), strict=True)),
    }  # fmt: skip
    receipt = await world.alice.command(values)
    assert (receipt.accepted, receipt.status, receipt.seq) == (False, "rejected", info.seq)
    assert receipt.reject is not None
    assert (receipt.reject.code, receipt.reject.name) == (codes.BAD_SIGNATURE, "BAD_SIGNATURE")
    order = make(Ed25519Key(RFC_8032), info.exchange_id, **FIELDS)
    values["order"] = dict(zip([n for n, _ in SignedOrder.FIELDS], order.row(), strict=True))
    passed = (await world.alice.command(values)).reject
    assert passed is not None
    assert passed.name == "NOT_ALLOWED"
