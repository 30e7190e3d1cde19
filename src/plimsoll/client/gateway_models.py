"""What is said about the order gateway: keys, signed orders and what became of them, delayed
orders.

As in ``models``, prices, sizes and money are decimal texts and times ms. What is signed of an order
are the whole numbers behind them (``messages.signed_form``).
"""

from __future__ import annotations

from typing import Literal

from plimsoll.client.model_base import OrderType, Request, Response, Side

SignedStatus = Literal["open", "filled", "cancelled"]
Immediate = Literal["ioc", "fok"]

# Keys ----------------------------------------------------------------------------------------


class SignerRequest(Request, kw_only=True):
    """A key that may sign orders of an account: ``ed25519:`` and 64 hex digits of the public key,
    or ``evm:0x`` and 40 of the address, in lower case.
    """

    signer: str


class SignerInfo(Response, kw_only=True, frozen=True):
    """A key that may sign orders of an account."""

    account: int
    signer: str


# Signed orders -------------------------------------------------------------------------------


class SignedTerms(Request, kw_only=True):
    """The terms of an order that its owner signs, for a relayer to settle.

    ``price`` is its limit and ``size`` the whole of it, filled at once (``fok``) or in parts of
    ``min_fill`` at least. ``relay_fee`` (USD) is paid with the first fill, once. ``margin`` (USD)
    moves from ``fund``, another account of the owner's, with the first fill; what a reduction frees
    goes back there. ``vault`` directs it at a hedged vault of its market.
    """

    account: int
    market: str
    side: Side
    price: str
    size: str
    expires_ms: int
    fok: bool = False
    min_fill: str = "0"
    reduce_only: bool = False
    client_order_id: str = ""
    relay_fee: str = "0"
    fund: int | None = None
    margin: str = "0"
    vault: int | None = None


class SignedOrderForm(SignedTerms, kw_only=True):
    """A signed order, as it is handed on: the terms, the key, and the proof.

    ``order_hash`` is the SHA-256 of what is signed, in hex; the exchange works it out anew. To
    cancel an order no ``signature`` is needed.
    """

    signer: str
    order_hash: str
    signature: str = ""


class SettleSignedRequest(Request, kw_only=True):
    """Fill exactly ``size`` of an order where the exchange has liquidity. The relay fee goes to
    ``relayer``, an account of yours (None: the keepers' pot).
    """

    order: SignedOrderForm
    size: str
    relayer: int | None = None


class MatchSignedRequest(Request, kw_only=True):
    """Settle ``size`` of two orders against each other at the price of ``maker``."""

    taker: SignedOrderForm
    maker: SignedOrderForm
    size: str
    relayer: int | None = None


class CancelSignedRequest(Request, kw_only=True):
    """Cancel a signed order for good."""

    order: SignedOrderForm


class SignedInfo(Response, kw_only=True, frozen=True):
    """What is known of a signed order: from its first fill or its cancellation until it expires.

    ``left`` may still be filled. An order of which nothing is known was never filled here, or is
    past its expiry, when nobody can settle it any more.
    """

    order_hash: str
    account: int
    status: SignedStatus
    size: str
    filled: str
    left: str
    expires_ms: int


# Delayed orders ------------------------------------------------------------------------------


class PlaceDelayedRequest(Request, kw_only=True):
    """An order that is executed at the first oracle price that is published later, or not at all.

    ``price`` is the limit, or the worst price of a market order. It ends at ``expires_ms``; nothing
    of it rests. ``vault`` directs it at a hedged vault of its market.
    """

    account: int
    market: str
    side: Side
    type: OrderType = "limit"
    tif: Immediate = "ioc"
    price: str | None = None
    size: str
    reduce_only: bool = False
    expires_ms: int
    client_order_id: str = ""
    vault: int | None = None
