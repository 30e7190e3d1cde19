"""Trading fees: the taker's rounds up, the maker's rebate down, and the split is the whole.

Spec: FEE-001 … FEE-005.
"""

from __future__ import annotations

from plimsoll.core import ledger
from plimsoll.core.context import FeeParts, Txn
from plimsoll.core.rows import Account, Market
from plimsoll.messages.codes import TREASURY_ACCOUNT, VAULT, VAULT_ACCOUNT
from plimsoll.messages.params import MarketParams
from plimsoll.units import at_rate_ceil, at_rate_floor


def taker_fee(params: MarketParams, quote: int) -> int:
    """Fee of a taker on a notional, rounded up."""
    return at_rate_ceil(quote, params.taker_fee)


def maker_rebate(params: MarketParams, quote: int) -> int:
    """Rebate of a maker on a notional, rounded down."""
    return at_rate_floor(quote, params.maker_rebate)


def rebate_of(params: MarketParams, maker: Account, quote: int) -> int:
    """What a maker is paid on a notional; the passive vault trades without fees. FEE-003."""
    return 0 if maker.kind == VAULT else maker_rebate(params, quote)


def share(net: int, ratio: int) -> int:
    """A receiver's part of a fee, rounded down."""
    return at_rate_floor(net, ratio) if ratio > 0 else 0


def split(parts: FeeParts, params: MarketParams, net: int) -> None:
    """Divide ``net`` into its parts: every share rounds down, insurance takes the remainder, so
    that they sum to the whole."""
    parts.adjustments = share(net, params.split_adjustments)
    parts.funding = share(net, params.split_funding)
    parts.keepers = share(net, params.split_keepers)
    parts.treasury = share(net, params.split_treasury)
    parts.vault = share(net, params.split_vault)
    parts.insurance = (
        net - parts.adjustments - parts.funding - parts.keepers - parts.treasury - parts.vault
    )


def collect(txn: Txn, market: Market, taker: Account, net: int) -> None:
    """Split ``net`` = fee - rebate, paid by the taker, over its receivers; ``txn.parts`` tells."""
    parts = txn.parts
    split(parts, market.params, net)
    if net == 0:
        return
    accounts = txn.state.accounts
    ledger.move(taker, market.insurance, parts.insurance)
    ledger.move(taker, market.adjustments, parts.adjustments)
    ledger.move(taker, market.funding, parts.funding)
    ledger.move(taker, txn.keeper_account(), parts.keepers)
    ledger.move(taker, accounts[TREASURY_ACCOUNT], parts.treasury)
    ledger.move(taker, accounts[VAULT_ACCOUNT], parts.vault)
