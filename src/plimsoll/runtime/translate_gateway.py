"""Requests to the order gateway to commands; see ``translate``."""

from __future__ import annotations

from typing import Final

from plimsoll.client import models
from plimsoll.client.errors import BadField, bad_field
from plimsoll.client.models import SignedOrderForm
from plimsoll.client.numbers import price, size
from plimsoll.client.signed_forms import order_of
from plimsoll.messages import codes
from plimsoll.messages.gateway import (
    CancelSigned,
    MatchSigned,
    PlaceDelayed,
    SetSigner,
    SettleSigned,
    SignedOrder,
)
from plimsoll.messages.guard import CancelHeld, ReleaseHeld, ReviewBreaker
from plimsoll.runtime.present_text import Catalogue
from plimsoll.runtime.translate import made, market_of, vault_account, word

POT: Final = -1
"""Relayer of what nobody is paid for: the keepers' pot."""


def set_signer(account: int, signer: str, *, allowed: bool) -> SetSigner:
    """The command that lets a key sign, or no longer."""
    return made(SetSigner, account, signer, allowed)


def settle(req: models.SettleSignedRequest, names: Catalogue) -> SettleSigned:
    """The command that fills a part of a signed order."""
    order = signed_order("order", req.order, names)
    return made(SettleSigned, order, size("size", req.size), _relayer(req.relayer))


def match(req: models.MatchSignedRequest, names: Catalogue) -> MatchSigned:
    """The command that settles two signed orders against each other."""
    taker = signed_order("taker", req.taker, names)
    maker = signed_order("maker", req.maker, names)
    return made(MatchSigned, taker, maker, size("size", req.size), _relayer(req.relayer))


def cancel(order: SignedOrderForm, names: Catalogue) -> CancelSigned:
    """The command that cancels a signed order."""
    return made(CancelSigned, signed_order("order", order, names))


def signed_order(field: str, form: SignedOrderForm, names: Catalogue) -> SignedOrder:
    """The order that stands in a field of a request, with its fields named from there."""
    try:
        where = market_of(form.market, names)
        maker = -1 if form.vault is None else vault_account(form.vault, names)
    except BadField as error:
        text = error.info.message.removeprefix(f"{error.info.field} ")
        raise bad_field(f"{field}.{error.info.field}", text) from None
    return order_of(form, where, maker, f"{field}.")


def _relayer(given: int | None) -> int:
    if given is not None and given < 0:
        raise bad_field("relayer", "must be an account")
    return POT if given is None else given


def place_delayed(req: models.PlaceDelayedRequest, names: Catalogue) -> PlaceDelayed:
    """The command of an order that waits for a later oracle price."""
    kind = word("type", req.type, codes.KINDS)
    if kind == codes.LIMIT and req.price is None:
        raise bad_field("price", "is needed for a limit order")
    return made(
        PlaceDelayed,
        req.account,
        market_of(req.market, names),
        word("side", req.side, codes.SIDES),
        kind,
        word("tif", req.tif, codes.TIFS),
        0 if req.price is None else price("price", req.price),
        size("size", req.size),
        req.reduce_only,
        req.expires_ms,
        req.client_order_id,
        -1 if req.vault is None else vault_account(req.vault, names),
    )


def review(vault: int) -> ReviewBreaker:
    """The command that lets the breaker of a vault or (-1) of the exchange go, if it may."""
    return made(ReviewBreaker, vault)


def cancel_held(account: int, claim: int) -> CancelHeld:
    """The command that takes a held withdrawal back."""
    return made(CancelHeld, account, claim)


def release_held(claim: int) -> ReleaseHeld:
    """The command that has a held withdrawal paid out."""
    return made(ReleaseHeld, claim)
