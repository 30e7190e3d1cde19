"""Endpoints of the circuit breakers: what may leave the exchange, what is held.

Rows of the one table in ``endpoints``.
"""

from __future__ import annotations

from typing import Final

from plimsoll.api.parameters import ACCOUNT, CLAIM, VAULT
from plimsoll.api.table import Endpoint
from plimsoll.client import models
from plimsoll.runtime.keys import READ, TRADE, WITHDRAW

BREAKER: Final = (
    Endpoint(
        method="GET",
        path="/v1/breaker",
        summary="The breaker of the exchange: its mode, what may leave now, what is held",
        text="Signed with a key, it tells what of it is yours, too.",
        handler=lambda call: call.client.breaker(),
        response=models.BreakerInfo,
        weight=5,
    ),
    Endpoint(
        method="POST",
        path="/v1/breaker/review",
        summary="Let the breaker of the exchange leave its mode, if it may",
        handler=lambda call: call.client.review_breaker(None, call.command_id),
        response=models.Receipt,
        scope=TRADE,
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/vaults/{vault}/review",
        summary="Let the breaker of a vault leave its mode, if it may",
        handler=lambda call: call.client.review_breaker(call.args["vault"], call.command_id),
        response=models.Receipt,
        scope=TRADE,
        parameters=(VAULT,),
        command=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}/held",
        summary="Withdrawals of an account that are held",
        handler=lambda call: call.client.held(call.args["account"]),
        response=list[models.HeldInfo],
        scope=READ,
        weight=2,
        parameters=(ACCOUNT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/accounts/{account}/held/{claim}/cancel",
        summary="Take a withdrawal that is held back into the account",
        handler=lambda call: call.client.cancel_held(
            call.args["account"], call.args["claim"], call.command_id
        ),
        response=models.Receipt,
        scope=TRADE,
        parameters=(ACCOUNT, CLAIM),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/accounts/{account}/held/{claim}/release",
        summary="Have a withdrawal that is held paid out, once the breaker lets it",
        handler=lambda call: call.client.release_held(
            call.args["account"], call.args["claim"], call.command_id
        ),
        response=models.Receipt,
        scope=WITHDRAW,
        parameters=(ACCOUNT, CLAIM),
        command=True,
    ),
)
