"""Requests to commands: symbols to ids, decimal texts to integers, every refusal by its field.

Errors: ``client.errors.BadField``, naming the field as the request does (``items[2].size`` inside
a batch). What the exchange itself judges (grid, margin, mode, ownership) is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from plimsoll.client import models
from plimsoll.client.base import KEEPER_COMMANDS
from plimsoll.client.errors import BadField, bad_field
from plimsoll.client.models import BatchAmend, BatchCancel, BatchCancelAll, PlaceOrderRequest
from plimsoll.client.numbers import amount, fee, price, size
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import (
    AmendOrder,
    Batch,
    CancelAll,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    OfferAuction,
    PlaceOrder,
    PlaceTrigger,
    Transfer,
    Withdraw,
)
from plimsoll.messages.fields import LISTS, FieldError
from plimsoll.runtime.present import Catalogue

_NAMES: Final = {"kind": "type", "post": "post_only", "owner": "principal"}
"""Fields of commands that requests call otherwise."""

C = TypeVar("C", bound=Command)


def client_id(text: str) -> str:
    """A client id, checked."""
    try:
        codec.check_value("client_id", "client_id", text)
    except FieldError as error:
        raise bad_field(error.field, error.problem) from None
    return text


def limit(field: str, value: int, most: int) -> int:
    """How many are asked for: 1 to ``most``."""
    if not 1 <= value <= most:
        raise bad_field(field, f"must be 1 to {most}")
    return value


def word(field: str, value: str, words: tuple[str, ...]) -> int:
    """The number of a word."""
    if value not in words:
        raise bad_field(field, f"must be one of {', '.join(words)}")
    return words.index(value)


def market_of(symbol: str, names: Catalogue) -> int:
    """The market of a symbol."""
    if symbol not in names.symbols:
        raise bad_field("market", "names no market here")
    return names.symbols.index(symbol)


def asset(symbol: str, names: Catalogue, field: str = "asset") -> int:
    """The asset of a symbol."""
    if symbol not in names.assets:
        raise bad_field(field, "names no asset here")
    return names.assets.index(symbol)


def made(cls: type[C], *values: object) -> C:
    """A command of these values, if all are of the right type and within bounds."""
    try:
        command = codec.command_from_row([cls.TAG, *values])
    except FieldError as error:
        raise bad_field(_NAMES.get(error.field, error.field), error.problem) from None
    return cast(C, command)


def named(values: Mapping[str, Any]) -> Command:
    """The command of ``{"type": ..., fields...}``; numbers are scaled already."""
    try:
        return codec.named_command(values)
    except FieldError as error:
        # A name may be any text that somebody sent.
        raise bad_field(ascii(error.field)[1:-1], error.problem) from None


def keeper_command(values: Mapping[str, Any]) -> Command:
    """The command of ``named``, if it is one of those that keepers send."""
    if values.get("type") not in KEEPER_COMMANDS:
        raise bad_field("type", f"must be one of {', '.join(KEEPER_COMMANDS)}")
    return named(values)


def _kind_and_tif(req: PlaceOrderRequest | models.PlaceTriggerRequest) -> tuple[int, int]:
    """Kind and time in force of an order, with what is left out filled in."""
    kind = word("type", req.type, codes.KINDS)
    # A vault is asked once: what is directed at one never rests.
    passing = kind == codes.MARKET or getattr(req, "vault", None) is not None
    tif = req.tif if req.tif is not None else ("ioc" if passing else "gtc")
    if kind == codes.LIMIT and req.price is None:
        raise bad_field("price", "is needed for a limit order")
    return kind, word("tif", tif, codes.TIFS)


def place_trigger(req: models.PlaceTriggerRequest, names: Catalogue) -> PlaceTrigger:
    """The command of a trigger."""
    kind, tif = _kind_and_tif(req)
    return made(
        PlaceTrigger,
        req.account,
        market_of(req.market, names),
        word("side", req.side, codes.SIDES),
        kind,
        tif,
        0 if req.price is None else price("price", req.price),
        size("size", req.size),
        req.reduce_only,
        price("trigger_price", req.trigger_price),
        word("direction", req.direction, codes.DIRECTIONS),
        req.expires_ms,
        req.client_order_id,
    )


def offer(auction: int, req: models.OfferRequest) -> OfferAuction:
    """The command of an offer."""
    return made(
        OfferAuction, req.account, auction, price("price", req.price), size("size", req.size)
    )


def place_order(req: PlaceOrderRequest, names: Catalogue) -> PlaceOrder:
    """The command of an order."""
    kind, tif = _kind_and_tif(req)
    return made(
        PlaceOrder,
        req.account,
        market_of(req.market, names),
        word("side", req.side, codes.SIDES),
        kind,
        tif,
        0 if req.price is None else price("price", req.price),
        size("size", req.size),
        word("post_only", req.post_only, codes.POSTS),
        req.reduce_only,
        req.expires_ms,
        req.client_order_id,
        fee("keeper_fee", req.keeper_fee),
        -1 if req.vault is None else vault_account(req.vault, names),
    )


def vault_account(vault: int, names: Catalogue) -> int:
    """The account by which orders are directed at a vault."""
    if not 0 <= vault < len(names.vaults):
        raise bad_field("vault", "names no vault here")
    return names.vaults[vault][0]


def cancel_order(account: int, order: int, client_order_id: str) -> CancelOrder:
    """The command of a cancellation, by id or by client order id: exactly one of them."""
    if (order == 0) == (client_order_id == ""):
        raise bad_field("order", "or client_order_id is needed, one of them")
    return made(CancelOrder, account, order, client_order_id)


def cancel_all(account: int, market: str | None, names: Catalogue) -> CancelAll:
    """The command that cancels all orders of an account, in one market or (None) in all."""
    return made(CancelAll, account, -1 if market is None else market_of(market, names))


def amend_order(account: int, order: int, limit_price: str, total: str) -> AmendOrder:
    """The command of an amendment."""
    return made(AmendOrder, account, order, price("price", limit_price), size("size", total))


def batch(req: models.BatchRequest, names: Catalogue) -> Batch:
    """The command of a batch."""
    if not 1 <= len(req.items) <= LISTS["items"]:
        raise bad_field("items", f"must have 1 to {LISTS['items']} entries")
    commands: list[Command] = []
    for at, item in enumerate(req.items):
        try:
            commands.append(_batch_item(item, names))
        except BadField as error:
            where = f"items[{at}].{error.info.field}"
            text = error.info.message.removeprefix(f"{error.info.field} ")
            raise bad_field(where, text) from None
    return made(Batch, req.atomic, [command.row() for command in commands])


def _batch_item(item: Any, names: Catalogue) -> Command:
    if isinstance(item, PlaceOrderRequest):
        return place_order(item, names)
    if isinstance(item, BatchCancel):
        return cancel_order(item.account, item.order, item.client_order_id)
    if isinstance(item, BatchAmend):
        return amend_order(item.account, item.order, item.price, item.size)
    if isinstance(item, BatchCancelAll):
        return cancel_all(item.account, item.market, names)
    raise bad_field("action", "must be place, cancel, amend or cancel_all")


def create_account(principal: int, req: models.CreateAccountRequest) -> CreateAccount:
    """The command that opens an account for the principal."""
    if req.parent is not None and req.parent < 0:
        raise bad_field("parent", "must be an account")
    return made(CreateAccount, principal, -1 if req.parent is None else req.parent, req.label)


def deposit(account: int, req: models.DepositRequest, names: Catalogue) -> Deposit:
    """The command of a deposit."""
    ident, value = _money(req.asset, req.amount, names)
    return made(Deposit, account, ident, value, _external_id(req.external_id))


def withdraw(account: int, req: models.WithdrawRequest, names: Catalogue) -> Withdraw:
    """The command of a withdrawal."""
    ident, value = _money(req.asset, req.amount, names)
    return made(Withdraw, account, ident, value, _external_id(req.external_id))


def transfer(req: models.TransferRequest, names: Catalogue) -> Transfer:
    """The command of a transfer."""
    ident, value = _money(req.asset, req.amount, names)
    return made(Transfer, req.source, req.target, ident, value)


def _money(symbol: str, text: str, names: Catalogue) -> tuple[int, int]:
    ident = asset(symbol, names)
    return ident, amount("amount", text, names.decimals[ident])


def _external_id(text: str) -> str:
    if text == "":
        raise bad_field("external_id", "must not be empty")
    return text
