"""Endpoints of the order gateway: keys, signed orders, delayed orders.

Rows of the one table in ``endpoints``.
"""

from __future__ import annotations

from typing import Final

from plimsoll.api.parameters import ACCOUNT, HASH, SIGNER
from plimsoll.api.table import Endpoint
from plimsoll.client import models
from plimsoll.runtime.keys import READ, TRADE

_SIGNED: Final = (
    "Signed are the whole numbers behind the terms, under the exchange's `exchange_id`; hash and "
    "signature are checked before anything else, and `BAD_SIGNATURE` refuses what does not fit."
)
_RELAYERS: Final = f"For principals with the role relayer. {_SIGNED}"

GATEWAY: Final = (
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}/signers",
        summary="The keys that may sign orders of an account",
        handler=lambda call: call.client.signers(call.args["account"]),
        response=list[models.SignerInfo],
        scope=READ,
        weight=2,
        parameters=(ACCOUNT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/accounts/{account}/signers",
        summary="Let a key sign orders of an account",
        handler=lambda call: call.client.add_signer(
            call.args["account"], call.body.signer, call.command_id
        ),
        response=models.Receipt,
        request=models.SignerRequest,
        scope=TRADE,
        parameters=(ACCOUNT,),
        command=True,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/accounts/{account}/signers/{signer}",
        summary="Let a key sign no longer; what it signed cannot be filled any more",
        handler=lambda call: call.client.remove_signer(
            call.args["account"], call.args["signer"], call.command_id
        ),
        response=models.Receipt,
        scope=TRADE,
        parameters=(ACCOUNT, SIGNER),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/signed/settle",
        summary="Fill exactly a part of a signed order where the exchange has liquidity",
        text=_RELAYERS,
        handler=lambda call: call.client.settle_signed(call.body, call.command_id),
        response=models.Receipt,
        request=models.SettleSignedRequest,
        scope=TRADE,
        weight=2,
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/signed/match",
        summary="Settle two signed orders against each other, at the maker's price",
        text=_RELAYERS,
        handler=lambda call: call.client.match_signed(call.body, call.command_id),
        response=models.Receipt,
        request=models.MatchSignedRequest,
        scope=TRADE,
        weight=2,
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/signed/cancel",
        summary="Cancel a signed order of yours for good; no signature is needed",
        handler=lambda call: call.client.cancel_signed(call.body.order, call.command_id),
        response=models.Receipt,
        request=models.CancelSignedRequest,
        scope=TRADE,
        command=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/signed/{hash}",
        summary="What was filled of a signed order, what is left, until when",
        text=(
            "For its owner, and for relayers who know its hash. Known is an order from its first "
            "fill or its cancellation until it expires."
        ),
        handler=lambda call: call.client.signed_order(call.args["hash"]),
        response=models.SignedInfo,
        scope=READ,
        parameters=(HASH,),
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}/signed",
        summary="What is known of the signed orders of an account",
        handler=lambda call: call.client.signed_orders(call.args["account"]),
        response=list[models.SignedInfo],
        scope=READ,
        weight=5,
        parameters=(ACCOUNT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/delayed",
        summary="Place an order that is executed at the first oracle price published later",
        text="It waits among the triggers of its account, and is cancelled as an order.",
        handler=lambda call: call.client.place_delayed(call.body, call.command_id),
        response=models.Receipt,
        request=models.PlaceDelayedRequest,
        scope=TRADE,
        command=True,
    ),
)
