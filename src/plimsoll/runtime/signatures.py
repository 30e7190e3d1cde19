"""The door of signed orders: what is signed is what is sent, by the key that it names.

A command with signed orders is looked at before it is stamped. From then on, and in every replay,
the core takes it that hash, signer and signature of an order fit its fields.

Spec: docs/spec/25-gateway.md, GATE-004, GATE-005.
"""

from __future__ import annotations

import re
from typing import Final

from plimsoll.client import evm
from plimsoll.errors import BadSignature, SchemeUnavailable
from plimsoll.messages import signed_form
from plimsoll.messages.commands import Command
from plimsoll.messages.gateway import CancelSigned, MatchSigned, SettleSigned, SignedOrder

_ED25519_SIGNER: Final = re.compile(r"ed25519:([0-9a-f]{64})")
_ED25519_SIGNATURE: Final = re.compile(r"[0-9a-f]{128}")
_EVM_SIGNER: Final = re.compile(r"evm:(0x[0-9a-f]{40})")
_EVM_SIGNATURE: Final = re.compile(r"0x[0-9a-f]{128}(?:1b|1c)")

_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half of the order of secp256k1: of the two signatures that fit, the one above it is refused."""

_FIELD: Final = 2**255 - 19
_EIGHTH: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""The y of half of the points of order 8; that of the others is minus it."""
_WEAK_Y: Final = frozenset({0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH})
"""The y of the points of small order. A signature by one of them fits more than one message."""

Orders = tuple[SignedOrder, ...]


class Door:
    """Checks the signed orders of commands for one exchange."""

    def __init__(self, exchange: str) -> None:
        """``exchange``: its id, which is part of what is signed."""
        self.exchange = exchange

    def check(self, command: Command) -> int:
        """Refuse a command with an order that is not what its key signed; the signatures checked.

        Errors: `BadSignature`, `SchemeUnavailable`.
        """
        if isinstance(command, SettleSigned):
            return self._check_all((command.order,))
        if isinstance(command, MatchSigned):
            return self._check_all((command.taker, command.maker))
        if isinstance(command, CancelSigned):
            # Its sender is known. Under another hash he would cancel somebody else's order.
            self._check_hash(command.order)
        return 0

    def _check_all(self, orders: Orders) -> int:
        for order in orders:
            self._check_hash(order)
            check_signature(order, self.exchange)
        return len(orders)

    def _check_hash(self, order: SignedOrder) -> None:
        if order.order_hash != signed_form.hash_of(order, self.exchange):
            raise BadSignature(
                f"the hash {order.order_hash or '(none)'} of a signed order is not that of its "
                f"fields on the exchange {self.exchange}"
            )


def check_signature(order: SignedOrder, exchange: str) -> None:
    """Refuse an order that its signer did not sign, in its one form, for this exchange.

    Errors: `BadSignature`, `SchemeUnavailable`.
    """
    signer = order.signer
    if found := _ED25519_SIGNER.fullmatch(signer):
        fits = _ed25519_fits(order, exchange, bytes.fromhex(found[1]))
    elif found := _EVM_SIGNER.fullmatch(signer):
        fits = _evm_fits(order, exchange, found[1])
    else:
        raise BadSignature(f"{signer or '(none)'} is not the text of a key")
    if not fits:
        raise BadSignature(f"the signature of the order {order.order_hash} is not by {signer}")


def _ed25519_fits(order: SignedOrder, exchange: str, key: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if _ED25519_SIGNATURE.fullmatch(order.signature) is None:
        return False
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if y >= _FIELD or y in _WEAK_Y:
        return False
    text = signed_form.text_of(order, exchange).encode()
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(order.signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _evm_fits(order: SignedOrder, exchange: str, address: str) -> bool:
    if _EVM_SIGNATURE.fullmatch(order.signature) is None:
        return False
    if int(order.signature[66:130], 16) > _HALF_ORDER:
        return False
    try:
        signer = evm.recover(signed_form.typed_data(order, exchange), order.signature)
    except ImportError as error:
        raise SchemeUnavailable(
            f"{order.signer} signs by EIP-712, which needs `plimsoll[evm]` to be installed"
        ) from error
    return signer == address
