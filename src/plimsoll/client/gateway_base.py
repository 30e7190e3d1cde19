"""The part of the Client protocol about the order gateway and what is held; see ``base``.

Signed orders are made with ``signed_forms.sign_terms``.
"""

from __future__ import annotations

from typing import Protocol

from plimsoll.client.models import (
    BreakerInfo,
    HeldInfo,
    MatchSignedRequest,
    PlaceDelayedRequest,
    Receipt,
    SettleSignedRequest,
    SignedInfo,
    SignedOrderForm,
    SignerInfo,
)


class GatewayClient(Protocol):
    """Keys, signed orders, delayed orders."""

    async def signers(self, account: int) -> list[SignerInfo]:
        """The keys that may sign orders of an account, in order of their text. Raises
        ``NotFound``.
        """

    async def add_signer(self, account: int, signer: str, client_id: str = "") -> Receipt:
        """Let a key sign orders of an account; one that may already changes nothing."""

    async def remove_signer(self, account: int, signer: str, client_id: str = "") -> Receipt:
        """Let a key sign no longer: what it signed and is not filled cannot be filled any more."""

    async def settle_signed(self, req: SettleSignedRequest, client_id: str = "") -> Receipt:
        """Fill exactly a part of a signed order where the exchange has liquidity."""

    async def match_signed(self, req: MatchSignedRequest, client_id: str = "") -> Receipt:
        """Settle a part of two signed orders against each other, at the maker's price."""

    async def cancel_signed(self, order: SignedOrderForm, client_id: str = "") -> Receipt:
        """Cancel a signed order for good; no signature is needed."""

    async def signed_order(self, order_hash: str) -> SignedInfo:
        """What is known of a signed order: to its owner, operators, and relayers, who have its
        hash of the order. Raises ``NotFound``, also while nothing is known of it.
        """

    async def signed_orders(self, account: int) -> list[SignedInfo]:
        """What is known of an account's signed orders, the earliest to expire first. Raises
        ``NotFound``.
        """

    async def place_delayed(self, req: PlaceDelayedRequest, client_id: str = "") -> Receipt:
        """Place an order that is executed at a later oracle price; see `Client.triggers`."""


class BreakerClient(Protocol):
    """What may leave the exchange, and withdrawals that are held."""

    async def breaker(self) -> BreakerInfo:
        """The breaker of the exchange, and what of it is about the principal."""

    async def held(self, account: int) -> list[HeldInfo]:
        """Withdrawals of an account that are held, oldest first. Raises ``NotFound``."""

    async def cancel_held(self, account: int, claim: int, client_id: str = "") -> Receipt:
        """Take a withdrawal that is held back into the account."""

    async def release_held(self, account: int, claim: int, client_id: str = "") -> Receipt:
        """Have a withdrawal of the account that is held paid out, once the breaker lets it."""

    async def review_breaker(self, vault: int | None = None, client_id: str = "") -> Receipt:
        """Let a breaker leave its mode if it may: the exchange's, or a vault's."""
