"""Trading fees: the taker's rounds up, the maker's rebate down, and the split is the whole.

Spec: FEE-001 … FEE-005.
"""

from __future__ import annotations

from plimsoll.core import ledger
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market
from plimsoll.messages.codes import (
    KEEPER_ACCOUNT,
    R_FEE_ADJUSTMENTS,
    R_FEE_FUNDING,
    R_FEE_INSURANCE,
    R_FEE_KEEPERS,
    R_FEE_TREASURY,
    R_FEE_VAULT,
    R_MAKER_REBATE,
    TREASURY_ACCOUNT,
    VAULT_ACCOUNT,
)
from plimsoll.messages.params import MarketParams
from plimsoll.units import at_rate_ceil, at_rate_floor


def taker_fee(params: MarketParams, quote: int) -> int:
    """Fee of a taker on a notional, rounded up."""
    return at_rate_ceil(quote, params.taker_fee)


def maker_rebate(params: MarketParams, quote: int) -> int:
    """Rebate of a maker on a notional, rounded down."""
    return at_rate_floor(quote, params.maker_rebate)


def collect(txn: Txn, market: Market, taker: Account, fee: int, net: int) -> None:
    """Split ``net`` = fee - rebate, paid by the taker, over its receivers.

    Every share rounds down, insurance takes the remainder, so the parts sum to ``net``.
    """
    if net == 0:
        return
    state = txn.state
    params = market.params
    ident = market.ident
    adjustments = at_rate_floor(net, params.split_adjustments)
    funding = at_rate_floor(net, params.split_funding)
    keepers = at_rate_floor(net, params.split_keepers)
    treasury = at_rate_floor(net, params.split_treasury)
    vault = at_rate_floor(net, params.split_vault)
    insurance = net - adjustments - funding - keepers - treasury - vault
    ledger.pay(txn, taker, market.insurance, insurance, R_FEE_INSURANCE, ident)
    ledger.pay(txn, taker, market.adjustments, adjustments, R_FEE_ADJUSTMENTS, ident)
    ledger.pay(txn, taker, market.funding, funding, R_FEE_FUNDING, ident)
    ledger.pay(txn, taker, state.accounts[KEEPER_ACCOUNT], keepers, R_FEE_KEEPERS, ident)
    ledger.pay(txn, taker, state.accounts[TREASURY_ACCOUNT], treasury, R_FEE_TREASURY, ident)
    ledger.pay(txn, taker, state.accounts[VAULT_ACCOUNT], vault, R_FEE_VAULT, ident)


def settle(txn: Txn, market: Market, taker: Account, maker: Account | None, quote: int) -> Charged:
    """Charge the taker's fee; pay the maker's rebate out of it; split the rest."""
    fee = taker_fee(market.params, quote)
    rebate = 0
    if maker is not None:
        rebate = maker_rebate(market.params, quote)
        ledger.pay(txn, taker, maker, rebate, R_MAKER_REBATE, market.ident)
    collect(txn, market, taker, fee, fee - rebate)
    return Charged(fee, rebate)


class Charged:
    """What a fill cost the taker and brought the maker."""

    def __init__(self, fee: int, rebate: int) -> None:
        self.fee: int = fee
        self.rebate: int = rebate
