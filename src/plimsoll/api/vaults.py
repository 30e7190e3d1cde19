"""Endpoints of maker vaults and of spot: shares, trades with a vault, pools, firm quotes.

Rows of the one table in ``endpoints``.
"""

from __future__ import annotations

from typing import Final

from plimsoll.api.parameters import ACCOUNT, QUOTE, VAULT
from plimsoll.api.table import Endpoint, Parameter
from plimsoll.client import models
from plimsoll.messages.fields import ID_MAX
from plimsoll.runtime.keys import READ, TRADE

_DRY: Final = (
    "A dry run of the very command, so that the command does the same as long as nothing happens "
    "in between. A refusal is an answer too: `accepted` is false, `reject` says why."
)

VAULTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/vaults",
        summary="All maker vaults: worth, shares, what they can pay, their hedges",
        handler=lambda call: call.client.vaults(),
        response=list[models.VaultInfo],
        weight=5,
    ),
    Endpoint(
        method="GET",
        path="/v1/vaults/{vault}",
        summary="One vault",
        handler=lambda call: call.client.vault(call.args["vault"]),
        response=models.VaultInfo,
        parameters=(VAULT,),
    ),
    Endpoint(
        method="GET",
        path="/v1/vaults/{vault}/quotes",
        summary="How a passive vault quotes, by market",
        handler=lambda call: call.client.vault_quotes(call.args["vault"]),
        response=list[models.VaultQuoteInfo],
        weight=2,
        parameters=(VAULT,),
    ),
    Endpoint(
        method="GET",
        path="/v1/vaults/{vault}/unlocks",
        summary="What waits to be paid out of a vault",
        handler=lambda call: call.client.vault_unlocks(call.args["vault"]),
        response=list[models.UnlockInfo],
        weight=5,
        parameters=(VAULT,),
    ),
    Endpoint(
        method="GET",
        path="/v1/accounts/{account}/vaults",
        summary="What an account has in vaults: shares, their value, what waits",
        handler=lambda call: call.client.holdings(call.args["account"]),
        response=list[models.HoldingInfo],
        scope=READ,
        weight=2,
        parameters=(ACCOUNT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/vaults/{vault}/deposits",
        summary="Buy shares of a vault",
        handler=lambda call: call.client.deposit_vault(
            call.args["vault"], call.body, call.command_id
        ),
        response=models.Receipt,
        request=models.VaultDepositRequest,
        scope=TRADE,
        parameters=(VAULT,),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/vaults/{vault}/deposits/preview",
        summary="What a deposit would give now; changes nothing",
        text=_DRY,
        handler=lambda call: call.client.preview_deposit(call.args["vault"], call.body),
        response=models.VaultPreview,
        request=models.VaultDepositRequest,
        scope=READ,
        weight=5,
        parameters=(VAULT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/vaults/{vault}/withdrawals",
        summary="Give shares back",
        handler=lambda call: call.client.withdraw_vault(
            call.args["vault"], call.body, call.command_id
        ),
        response=models.Receipt,
        request=models.VaultWithdrawalRequest,
        scope=TRADE,
        parameters=(VAULT,),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/vaults/{vault}/withdrawals/preview",
        summary="What a withdrawal would give now; changes nothing",
        text=_DRY,
        handler=lambda call: call.client.preview_withdrawal(call.args["vault"], call.body),
        response=models.VaultPreview,
        request=models.VaultWithdrawalRequest,
        scope=READ,
        weight=5,
        parameters=(VAULT,),
    ),
    Endpoint(
        method="POST",
        path="/v1/vaults/{vault}/claims",
        summary="Pay out the unlocks of an account that are due",
        handler=lambda call: call.client.claim_unlocks(
            call.args["vault"], call.body, call.command_id
        ),
        response=models.Receipt,
        request=models.ClaimRequest,
        scope=TRADE,
        parameters=(VAULT,),
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/vaults/{vault}/trades",
        summary="Trade with a hedged vault alone, all or nothing",
        handler=lambda call: call.client.trade_vault(
            call.args["vault"], call.body, call.command_id
        ),
        response=models.Receipt,
        request=models.VaultTradeRequest,
        scope=TRADE,
        parameters=(VAULT,),
        command=True,
    ),
)

SPOT: Final = (
    Endpoint(
        method="GET",
        path="/v1/spot/pools",
        summary="All spot pools: assets, reserves, price, fee",
        handler=lambda call: call.client.spot_pools(),
        response=list[models.SpotPoolInfo],
        weight=2,
    ),
    Endpoint(
        method="GET",
        path="/v1/spot/quotes",
        summary="All firm quotes of desks; whose one is only where it is yours",
        handler=lambda call: call.client.spot_quotes(),
        response=list[models.FirmQuoteInfo],
        weight=5,
    ),
    Endpoint(
        method="POST",
        path="/v1/spot/swaps",
        summary="Swap in a spot pool",
        handler=lambda call: call.client.swap(call.body, call.command_id),
        response=models.Receipt,
        request=models.SwapRequest,
        scope=TRADE,
        command=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/spot/quotes",
        summary="Leave a firm quote, on which vaults hedge",
        handler=lambda call: call.client.post_spot_quote(call.body, call.command_id),
        response=models.Receipt,
        request=models.FirmQuoteRequest,
        scope=TRADE,
        command=True,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/spot/quotes/{quote}",
        summary="Take a firm quote back",
        handler=lambda call: call.client.cancel_spot_quote(
            call.args["account"], call.args["quote"], call.command_id
        ),
        response=models.Receipt,
        scope=TRADE,
        parameters=(
            QUOTE,
            Parameter(
                name="account", text="The account the quote is of.", high=ID_MAX, required=True
            ),
        ),
        command=True,
    ),
)
