"""Endpoints of the mechanisms: auctions, triggers, funding, repegs, liquidations; and of keepers.

Rows of the one table in ``endpoints``.
"""

from __future__ import annotations

from typing import Final

import msgspec

from plimsoll.api.named import KeeperCommand
from plimsoll.api.parameters import ACCOUNT, AUCTION, SEQ, SYMBOL, limit_of
from plimsoll.api.table import Call, Endpoint
from plimsoll.client import models
from plimsoll.client.base import HISTORY_MAX
from plimsoll.runtime.keys import KEEPER, READ, TRADE

MECHANISM_DATA: Final = (
    Endpoint(
        method="GET",
        path="/v1/markets/{symbol}/params",
        summary="All parameters of a market, as `SetMarketParams` takes them",
        handler=lambda call: call.client.market_params(call.args["symbol"]),
        response=dict[str, int | str],
        parameters=(SYMBOL,),
    ),
    Endpoint(
        method="GET",
        path="/v1/markets/{symbol}/auctions",
        summary="The live auctions of a market, with what they ask now",
        handler=lambda call: call.client.auctions(call.args["symbol"]),
        response=list[models.AuctionInfo],
        weight=2,
        parameters=(SYMBOL,),
    ),
    Endpoint(
        method="GET",
        path="/v1/markets/{symbol}/funding",
        summary="The last funding periods, booked or skipped",
        handler=lambda call: call.client.funding(call.args["symbol"], call.args["limit"]),
        response=list[models.FundingInfo],
        weight=2,
        parameters=(SYMBOL, limit_of(HISTORY_MAX)),
    ),
    Endpoint(
        method="GET",
        path="/v1/markets/{symbol}/repegs",
        summary="The last repegs and changes of the market's health",
        handler=lambda call: call.client.repegs(call.args["symbol"], call.args["limit"]),
        response=list[models.RepegInfo],
        weight=2,
        parameters=(SYMBOL, limit_of(HISTORY_MAX)),
    ),
    Endpoint(
        method="GET",
        path="/v1/liquidations",
        summary="The last steps of liquidations, without whose they are",
        handler=lambda call: call.client.liquidations(call.args["limit"]),
        response=list[models.LiquidationInfo],
        weight=2,
        parameters=(limit_of(HISTORY_MAX),),
    ),
    Endpoint(
        method="GET",
        path="/v1/explain/{seq}",
        summary="What a recent record did and why, as far as you may see it",
        handler=lambda call: call.client.explain(call.args["seq"]),
        response=models.ExplainInfo,
        scope=READ,
        weight=5,
        parameters=(SEQ,),
    ),
)

MECHANISM_TRADING: Final = (
    Endpoint(
        method="POST",
        path="/v1/triggers",
        summary="Leave an order that is placed when the oracle reaches a price",
        handler=lambda call: call.client.place_trigger(call.body, call.command_id),
        response=models.Receipt,
        request=models.PlaceTriggerRequest,
        scope=TRADE,
        command=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}/triggers",
        summary="The triggers of an account; cancel them as orders",
        handler=lambda call: call.client.triggers(call.args["account"]),
        response=list[models.TriggerInfo],
        scope=READ,
        weight=2,
        parameters=(ACCOUNT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/auctions/{auction}/offers",
        summary="Take the other side of an auction, at what it asks now or better",
        handler=lambda call: call.client.offer(call.args["auction"], call.body, call.command_id),
        response=models.Receipt,
        request=models.OfferRequest,
        scope=TRADE,
        parameters=(AUCTION,),
        command=True,
    ),
)

_SCALED: Final = (
    "Numbers are whole numbers, scaled as inside the exchange: prices and money 1e-6, sizes 1e-9, "
    "ratios ppm, times ms."
)


async def _keeper_command(call: Call) -> models.Receipt:
    return await call.client.keeper_command(msgspec.to_builtins(call.body), call.command_id)


KEEPING: Final = (
    Endpoint(
        method="GET",
        path="/v1/keeper/snapshot",
        summary="All that may be due: markets, orders, triggers, auctions, accounts at risk",
        text=f"For principals with the role keeper or operator. {_SCALED}",
        handler=lambda call: call.client.keeper_snapshot(),
        response=models.KeeperSnapshot,
        scope=KEEPER,
        weight=20,
    ),
    Endpoint(
        method="POST",
        path="/v1/keeper/commands",
        summary="Do work that is due; the first who does it is paid",
        text=f"The field `keeper` is the account that is paid, -1 the keepers' pot. {_SCALED}",
        handler=_keeper_command,
        response=models.Receipt,
        request=KeeperCommand,
        scope=KEEPER,
        command=True,
    ),
)
