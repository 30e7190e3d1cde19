"""Every endpoint in one table: what it takes, what it gives, who may call it, what it weighs.

The routes, the OpenAPI document and the reference page are made from this table. Handlers only
hand on: what a request means is the business of the client they call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from plimsoll.api.breaker import BREAKER
from plimsoll.api.gateway import GATEWAY
from plimsoll.api.guard import refused
from plimsoll.api.guard_routes import GUARD
from plimsoll.api.mechanisms import KEEPING, MECHANISM_DATA, MECHANISM_TRADING
from plimsoll.api.named import NamedCommand
from plimsoll.api.parameters import ACCOUNT, ORDER, SYMBOL, limit_of
from plimsoll.api.table import Call, Endpoint, Parameter
from plimsoll.api.vault_pnl import VAULT_PNL
from plimsoll.api.vaults import SPOT, VAULTS
from plimsoll.client import models
from plimsoll.client.base import DEPTH_MAX, FILLS_MAX, KEEPER_COMMANDS, TRADES_MAX
from plimsoll.client.errors import FORBIDDEN
from plimsoll.messages.fields import CLIENT_ID_MAX, ID_MAX
from plimsoll.runtime.keys import ADMIN, KEEPER, READ, TRADE, WITHDRAW

MARKET_DATA: Final = (
    Endpoint(
        method="GET",
        path="/v1/exchange",
        summary="Name, version, last command, symbols",
        handler=lambda call: call.client.exchange(),
        response=models.ExchangeInfo,
    ),
    Endpoint(
        method="GET",
        path="/v1/markets",
        summary="All markets: rules, prices, vAMM, pools",
        handler=lambda call: call.client.markets(),
        response=list[models.MarketInfo],
        weight=5,
    ),
    Endpoint(
        method="GET",
        path="/v1/markets/{symbol}",
        summary="One market",
        handler=lambda call: call.client.market(call.args["symbol"]),
        response=models.MarketInfo,
        parameters=(SYMBOL,),
    ),
    Endpoint(
        method="GET",
        path="/v1/markets/{symbol}/book",
        summary="The best levels of the order book",
        handler=lambda call: call.client.book(call.args["symbol"], call.args["depth"]),
        response=models.BookSnapshot,
        weight=2,
        parameters=(
            SYMBOL,
            Parameter(name="depth", text="Levels of each side.", low=1, high=DEPTH_MAX, default=20),
        ),
    ),
    Endpoint(
        method="GET",
        path="/v1/markets/{symbol}/trades",
        summary="The last public trades",
        handler=lambda call: call.client.trades(call.args["symbol"], call.args["limit"]),
        response=list[models.TradeInfo],
        weight=2,
        parameters=(SYMBOL, limit_of(TRADES_MAX)),
    ),
)

ACCOUNTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/accounts",
        summary="Your accounts",
        handler=lambda call: call.client.accounts(),
        response=list[models.AccountInfo],
        scope=READ,
        weight=10,
    ),
    Endpoint(
        method="POST",
        path="/v1/accounts",
        summary="Open an account or a sub-account",
        handler=lambda call: call.client.create_account(call.body, call.command_id),
        response=models.Receipt,
        request=models.CreateAccountRequest,
        scope=TRADE,
        weight=10,
        command=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}",
        summary="One account: balances, margin, positions",
        handler=lambda call: call.client.account(call.args["account"]),
        response=models.AccountInfo,
        scope=READ,
        weight=2,
        parameters=(ACCOUNT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/accounts/{account}/deposits",
        summary="Bring an asset in",
        handler=lambda call: call.client.deposit(call.args["account"], call.body, call.command_id),
        response=models.Receipt,
        request=models.DepositRequest,
        scope=TRADE,
        weight=5,
        parameters=(ACCOUNT,),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/accounts/{account}/withdrawals",
        summary="Send an asset out",
        handler=lambda call: call.client.withdraw(call.args["account"], call.body, call.command_id),
        response=models.Receipt,
        request=models.WithdrawRequest,
        scope=WITHDRAW,
        weight=5,
        parameters=(ACCOUNT,),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/transfers",
        summary="Move an asset between your accounts",
        handler=lambda call: call.client.transfer(call.body, call.command_id),
        response=models.Receipt,
        request=models.TransferRequest,
        scope=TRADE,
        weight=5,
        command=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}/fills",
        summary="The last fills of an account",
        handler=lambda call: call.client.fills(call.args["account"], call.args["limit"]),
        response=list[models.FillInfo],
        scope=READ,
        weight=5,
        parameters=(ACCOUNT, limit_of(FILLS_MAX)),
    ),
)

TRADING: Final = (
    Endpoint(
        method="POST",
        path="/v1/orders",
        summary="Place an order",
        handler=lambda call: call.client.place_order(call.body, call.command_id),
        response=models.Receipt,
        request=models.PlaceOrderRequest,
        scope=TRADE,
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/orders/batch",
        summary="Place, amend and cancel orders in one command",
        handler=lambda call: call.client.batch(call.body, call.command_id),
        response=models.Receipt,
        request=models.BatchRequest,
        scope=TRADE,
        weight=10,
        command=True,
    ),
    Endpoint(
        method="PATCH",
        path="/v1/orders/{order}",
        summary="Change an open order's limit and size",
        handler=lambda call: call.client.amend_order(
            call.args["order"], call.body, call.command_id
        ),
        response=models.Receipt,
        request=models.AmendOrderRequest,
        scope=TRADE,
        parameters=(ORDER,),
        command=True,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/orders/{order}",
        summary="Cancel an order by id, or (order 0) by client order id",
        handler=lambda call: call.client.cancel_order(
            call.args["account"],
            call.args["order"],
            call.args["client_order_id"] or "",
            client_id=call.command_id,
        ),
        response=models.Receipt,
        scope=TRADE,
        parameters=(
            ORDER,
            Parameter(
                name="account", text="The account the order is of.", high=ID_MAX, required=True
            ),
            Parameter(
                name="client_order_id",
                text="The id you gave the order; only with order 0.",
                pattern=f"[A-Za-z0-9_-]{{1,{CLIENT_ID_MAX}}}",
            ),
        ),
        command=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}/orders",
        summary="The open orders of an account",
        handler=lambda call: call.client.orders(call.args["account"]),
        response=list[models.OrderInfo],
        scope=READ,
        weight=5,
        parameters=(ACCOUNT,),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/accounts/{account}/orders",
        summary="Cancel all orders of an account",
        handler=lambda call: call.client.cancel_all(
            call.args["account"], call.args["market"], client_id=call.command_id
        ),
        response=models.Receipt,
        scope=TRADE,
        weight=5,
        parameters=(
            ACCOUNT,
            Parameter(
                name="market",
                text="Only those of this market.",
                pattern=SYMBOL.pattern,
            ),
        ),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/quotes",
        summary="What placing an order would give now; changes nothing",
        handler=lambda call: call.client.quote(call.body),
        response=models.Receipt,
        request=models.PlaceOrderRequest,
        scope=READ,
        weight=5,
    ),
)

_ALSO_NEEDED: Final = {
    "CreateAccount": TRADE,
    "Deposit": TRADE,
    "Withdraw": WITHDRAW,
    "Transfer": TRADE,
    "PlaceOrder": TRADE,
    "CancelOrder": TRADE,
    "CancelAll": TRADE,
    "AmendOrder": TRADE,
    "Batch": TRADE,
    "PlaceTrigger": TRADE,
    "OfferAuction": TRADE,
    "DepositVault": TRADE,
    "WithdrawVault": TRADE,
    "ClaimUnlocks": TRADE,
    "AddSpotLiquidity": TRADE,
    "RemoveSpotLiquidity": TRADE,
    "SwapSpot": TRADE,
    "TradeVault": TRADE,
    "PostFirmQuote": TRADE,
    "CancelFirmQuote": TRADE,
    "SetSigner": TRADE,
    "PlaceDelayed": TRADE,
    "SettleSigned": TRADE,
    "MatchSigned": TRADE,
    "CancelSigned": TRADE,
    "ReviewBreaker": TRADE,
    "CancelHeld": TRADE,
    "ReleaseHeld": WITHDRAW,
    **dict.fromkeys(KEEPER_COMMANDS, KEEPER),
}
"""Scopes of commands that have endpoints of their own: no way around them leads here."""


async def _command(call: Call) -> models.Receipt:
    values = msgspec.to_builtins(call.body)
    for kind in (values["type"], await _carried(call, values)):
        needed = _ALSO_NEEDED.get(kind, ADMIN)
        if needed not in call.scopes:
            raise refused(403, FORBIDDEN, f"{kind} needs a key with the scope {needed} too")
    return await call.client.command(values, call.command_id)


async def _carried(call: Call, values: Mapping[str, Any]) -> str:
    """The change that a command would propose or execute; empty if it carries none."""
    if values["type"] == "Propose":
        return str(values["change"]["type"])
    if values["type"] == "ExecuteProposal":
        for one in await call.client.proposals():
            if one.proposal == values["proposal"]:
                return str(one.change["type"])
    return ""


ADMINISTRATION: Final = (
    Endpoint(
        method="GET",
        path="/v1/principals",
        summary="Who may send commands, and their roles (you; an operator sees all)",
        handler=lambda call: call.client.principals(),
        response=list[models.PrincipalInfo],
        scope=ADMIN,
        weight=10,
    ),
    Endpoint(
        method="POST",
        path="/v1/commands",
        summary="Any command by its name",
        text=(
            "The roles of the key's principal decide which commands it may send. Commands that "
            "have an endpoint of their own need its scope too. All fields are required and "
            "numbers are whole numbers, scaled as inside the exchange: prices and money 1e-6, "
            "sizes and reserves 1e-9, ratios ppm, times ms. Enumerations are words or their "
            "numbers, flags true and false or 1 and 0."
        ),
        handler=_command,
        response=models.Receipt,
        request=NamedCommand,
        scope=ADMIN,
        weight=10,
        command=True,
    ),
)

ENDPOINTS: Final = (
    *MARKET_DATA,
    *MECHANISM_DATA,
    *ACCOUNTS,
    *TRADING,
    *MECHANISM_TRADING,
    *GATEWAY,
    *VAULTS,
    *VAULT_PNL,
    *SPOT,
    *GUARD,
    *BREAKER,
    *KEEPING,
    *ADMINISTRATION,
)
