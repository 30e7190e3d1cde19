"""Making and signing orders for relayers: the keys, and the order in one call.

    key = Ed25519Key.generate()                    # its ``signer`` is what SetSigner allows
    order = make(key, exchange_id, account=7, market=0, side=BUY, price=60_000_000_000,
                 size=1_000_000_000, expires_ms=now + 60_000)

``exchange_id`` is that of ``Client.exchange()``. Whoever gets the order may settle it, to the
account it names, by the terms that were signed; nobody can change them.
"""

from __future__ import annotations

from typing import Any, Protocol

from plimsoll.client import evm
from plimsoll.messages import codec, signed_form
from plimsoll.messages.gateway import SignedOrder

DEFAULTS: dict[str, Any] = {
    "fok": False,
    "min_fill": 0,
    "reduce_only": False,
    "client_order_id": "",
    "relay_fee": 0,
    "fund": -1,
    "margin": 0,
    "maker": -1,
}
"""What is signed of a field that is not given."""


class Key(Protocol):
    """A key that signs orders."""

    @property
    def signer(self) -> str:
        """The public key as a command names it."""

    def signature(self, order: SignedOrder, exchange: str) -> str:
        """The signature of an order for an exchange."""


class Ed25519Key:
    """An Ed25519 key; its secret never shows in ``repr``."""

    def __init__(self, secret: str) -> None:
        """``secret``: 64 hex digits. Errors: `ValueError`."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
        self._signer = f"ed25519:{self._private.public_key().public_bytes_raw().hex()}"

    @classmethod
    def generate(cls) -> Ed25519Key:
        """A new key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate().private_bytes_raw().hex())

    @property
    def secret(self) -> str:
        """The 64 hex digits to keep; whoever has them signs."""
        return self._private.private_bytes_raw().hex()

    @property
    def signer(self) -> str:
        return self._signer

    def signature(self, order: SignedOrder, exchange: str) -> str:
        return self._private.sign(signed_form.text_of(order, exchange).encode()).hex()

    def __repr__(self) -> str:
        return f"Ed25519Key({self._signer})"


class EvmKey:
    """An Ethereum key, which signs by EIP-712. Needs the extra ``evm``.

    What ``signed_form.typed_data`` gives can be signed by any wallet instead.
    """

    def __init__(self, secret: str) -> None:
        """``secret``: 64 hex digits. Errors: `ValueError`, `ImportError` without the extra."""
        self._account = evm.account_of(bytes.fromhex(secret.removeprefix("0x")))

    @property
    def signer(self) -> str:
        return f"evm:{str(self._account.address).lower()}"

    def signature(self, order: SignedOrder, exchange: str) -> str:
        return evm.sign(self._account, signed_form.typed_data(order, exchange))

    def __repr__(self) -> str:
        return f"EvmKey({self.signer})"


def make(key: Key, exchange: str, **fields: Any) -> SignedOrder:
    """An order of these fields (names, units and bounds of ``SignedOrder``), hashed and signed.

    Errors: `FieldError` for a field that is missing, unknown or out of bounds; nothing is signed.
    """
    given = {**DEFAULTS, **fields, "signer": key.signer, "order_hash": "", "signature": ""}
    return sign(key, exchange, codec.from_named(SignedOrder, given))


def sign(key: Key, exchange: str, order: SignedOrder) -> SignedOrder:
    """The order with its hash and a signature; its ``signer`` must be the key's.

    Errors: `ValueError` for another signer.
    """
    if order.signer != key.signer:
        raise ValueError(f"the order names {order.signer}, which is not this key")
    return signed_form.completed(order, exchange, key.signature(order, exchange))
