"""Signed orders between people and the exchange: terms in symbols and decimal texts, what is signed
in ids and whole numbers; and making one in a single call.

    key = Ed25519Key.generate()
    terms = SignedTerms(account=7, market="BTC-USD", side="buy", price="60000", size="1",
                        expires_ms=now + 60_000)
    form = await sign_terms(client, key, terms)          # hand it to any relayer
"""

from __future__ import annotations

from typing import Final

import msgspec

from plimsoll.client import signed
from plimsoll.client.base import Client
from plimsoll.client.errors import bad_field
from plimsoll.client.gateway_models import SignedOrderForm, SignedTerms
from plimsoll.client.numbers import BASE_DIGITS, amount, fee, price, size
from plimsoll.messages import codec
from plimsoll.messages.fields import FieldError
from plimsoll.messages.gateway import SignedOrder

_NAMES: Final = {"maker": "vault"}
"""Fields of signed orders that people call otherwise."""


def order_of(form: SignedOrderForm, market: int, maker: int, where: str = "") -> SignedOrder:
    """The order of a form; ``market`` is the id of its market, ``maker`` the account of its vault
    (-1: none). ``where`` stands before the names of fields in errors. Errors: `BadField`.
    """
    values = {
        "account": form.account,
        "market": market,
        "side": form.side,
        "fok": form.fok,
        "price": price(f"{where}price", form.price),
        "size": size(f"{where}size", form.size),
        "min_fill": amount(f"{where}min_fill", form.min_fill, BASE_DIGITS, least=0),
        "reduce_only": form.reduce_only,
        "expires_ms": form.expires_ms,
        "client_order_id": form.client_order_id,
        "relay_fee": fee(f"{where}relay_fee", form.relay_fee),
        "fund": -1 if form.fund is None else form.fund,
        "margin": fee(f"{where}margin", form.margin),
        "maker": maker,
        "signer": form.signer,
        "order_hash": form.order_hash,
        "signature": form.signature,
    }
    if form.fund is not None and form.fund < 0:
        raise bad_field(f"{where}fund", "must be an account")
    try:
        made: SignedOrder = codec.from_named(SignedOrder, values)
    except FieldError as error:
        raise bad_field(where + _NAMES.get(error.field, error.field), error.problem) from None
    return made


async def resolve(client: Client, terms: SignedTerms) -> tuple[int, int]:
    """The market of some terms, and the account of their vault (-1: none), as the exchange has
    them. Errors: `NotFound`.
    """
    market = (await client.market(terms.market)).market
    maker = -1 if terms.vault is None else (await client.vault(terms.vault)).account
    return market, maker


async def sign_terms(client: Client, key: signed.Key, terms: SignedTerms) -> SignedOrderForm:
    """A signed order of these terms, for the exchange of the client. Nothing is sent to it.

    Errors: `BadField`, `NotFound`, and those of the client.
    """
    exchange = (await client.exchange()).exchange_id
    market, maker = await resolve(client, terms)
    values = msgspec.structs.asdict(terms)
    plain = SignedOrderForm(**{**values, "signer": key.signer, "order_hash": "", "signature": ""})
    made = signed.sign(key, exchange, order_of(plain, market, maker))
    return msgspec.structs.replace(plain, order_hash=made.order_hash, signature=made.signature)
