"""Trading fees: the taker's rounds up, the maker's rebate down, and the split is the whole.

Spec: FEE-001 … FEE-005.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import ledger
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market
from plimsoll.messages.codes import KEEPER_ACCOUNT, TREASURY_ACCOUNT, VAULT_ACCOUNT
from plimsoll.messages.params import MarketParams
from plimsoll.units import at_rate_ceil, at_rate_floor


def taker_fee(params: MarketParams, quote: int) -> int:
    """Fee of a taker on a notional, rounded up."""
    return at_rate_ceil(quote, params.taker_fee)


def maker_rebate(params: MarketParams, quote: int) -> int:
    """Rebate of a maker on a notional, rounded down."""
    return at_rate_floor(quote, params.maker_rebate)


@final
class Parts:
    """Who gets how much of a fee. Every share rounds down, insurance takes the remainder, so
    the parts sum to the whole."""

    def __init__(self, params: MarketParams, net: int) -> None:
        self.adjustments: int = at_rate_floor(net, params.split_adjustments)
        self.funding: int = at_rate_floor(net, params.split_funding)
        self.keepers: int = at_rate_floor(net, params.split_keepers)
        self.treasury: int = at_rate_floor(net, params.split_treasury)
        self.vault: int = at_rate_floor(net, params.split_vault)
        self.insurance: int = (
            net - self.adjustments - self.funding - self.keepers - self.treasury - self.vault
        )


def collect(txn: Txn, market: Market, taker: Account, net: int) -> Parts:
    """Split ``net`` = fee - rebate, paid by the taker, over its receivers."""
    parts = Parts(market.params, net)
    accounts = txn.state.accounts
    ledger.move(taker, market.insurance, parts.insurance)
    ledger.move(taker, market.adjustments, parts.adjustments)
    ledger.move(taker, market.funding, parts.funding)
    ledger.move(taker, accounts[KEEPER_ACCOUNT], parts.keepers)
    ledger.move(taker, accounts[TREASURY_ACCOUNT], parts.treasury)
    ledger.move(taker, accounts[VAULT_ACCOUNT], parts.vault)
    return parts
