"""Spot pools and firm quotes of desks: liquidity, swaps, quotes posted and taken back.

A pool belongs to the owner of its account, which is the exchange: operators give it assets and
take them out, from and to an account of their own or the treasury. Whoever gives assets chooses
their ratio, and thereby the price.

Spec: docs/spec/22-spot.md, SPOT-010 … SPOT-019.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import asset_units, firm_quotes, ledger, spot, spot_venue
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, breaker
from plimsoll.core.handlers.admin import system_account
from plimsoll.core.handlers.funds import check_may_leave
from plimsoll.core.rows import Account, FirmQuote, SpotPool
from plimsoll.core.state import USD
from plimsoll.messages.codes import (
    ACCOUNT_KIND,
    ALREADY_EXPIRED,
    BASE_ASSET,
    BUY,
    DONE_CANCELLED,
    FIRM_ESCROW,
    FIRM_QUOTES_FULL,
    NOT_OWNER,
    PAUSED,
    R_FIRM_ESCROW,
    R_SPOT_LIQUIDITY,
    R_SPOT_SWAP,
    ROLE_OPERATOR,
    SELL,
    SPOT_AMOUNT_ZERO,
    SPOT_LIQUIDITY,
    SPOT_PATH,
    SPOT_SLIPPAGE,
    TRADER,
    TREASURY,
    UNKNOWN_FIRM_QUOTE,
    Reject,
)
from plimsoll.messages.events import FirmQuotePosted, SpotLiquidityChanged
from plimsoll.messages.vaults import (
    AddSpotLiquidity,
    CancelFirmQuote,
    PostFirmQuote,
    RemoveSpotLiquidity,
    SwapSpot,
)

QUOTES_MAX: Final = 64
"""Firm quotes an account may have at a time."""
QUOTES_IN_ALL: Final = 1_024
"""Firm quotes of all accounts together."""


# Pools --------------------------------------------------------------------------------------------


def own_pool(txn: Txn, ident: int, pool: int) -> tuple[Account, SpotPool]:
    """The account that gives or gets assets, and the pool, if both are the sender's to use.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_POOL, NOT_OWNER (of the pool),
    EXCHANGE_MODE.
    """
    operator = (txn.roles & ROLE_OPERATOR) != 0
    account = txn.state.account(ident)
    if account.kind != TREASURY or not operator:
        if account.owner != txn.principal:
            raise Reject(NOT_OWNER, ident, account.owner)
        if account.kind != TRADER:
            raise Reject(ACCOUNT_KIND, account.kind, TRADER)
    row = txn.state.liquidity.pool(pool)
    holder = row.account
    if holder.owner != txn.principal and not operator:
        raise Reject(NOT_OWNER, holder.ident, holder.owner)
    breaker.check_mode(txn.state, PAUSED)
    return account, row


def add_liquidity(txn: Txn, cmd: AddSpotLiquidity) -> None:
    """Put assets into a pool, in any ratio; of the collateral at most what may leave the account.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_POOL, NOT_OWNER (of the pool),
    SPOT_AMOUNT_ZERO, IN_LIQUIDATION, ORACLE_INVALID, NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE.
    """
    account, pool = own_pool(txn, cmd.account, cmd.pool)
    if cmd.base_amount == 0 and cmd.quote_amount == 0:
        raise Reject(SPOT_AMOUNT_ZERO)
    for asset, amount in ((pool.base, cmd.base_amount), (pool.quote, cmd.quote_amount)):
        if amount > 0:
            check_may_leave(txn, account, asset, amount)
            ledger.transfer(txn, account, pool.account, asset, amount, R_SPOT_LIQUIDITY, -1)
    # What a pool holds, virtual reserves included, is an amount too.
    spot.leg(spot_venue.pool_state(pool), pool.base)
    txn.emit(
        SpotLiquidityChanged(
            pool.ident, account.ident, pool.base, pool.quote, cmd.base_amount, cmd.quote_amount
        )
    )


def remove_liquidity(txn: Txn, cmd: RemoveSpotLiquidity) -> None:
    """Take assets out of a pool, in any ratio; never virtual ones.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_POOL, NOT_OWNER (of the pool),
    SPOT_AMOUNT_ZERO, SPOT_LIQUIDITY.
    """
    account, pool = own_pool(txn, cmd.account, cmd.pool)
    if cmd.base_amount == 0 and cmd.quote_amount == 0:
        raise Reject(SPOT_AMOUNT_ZERO)
    for asset, amount in ((pool.base, cmd.base_amount), (pool.quote, cmd.quote_amount)):
        held = pool.account.held(asset)
        if amount > held:
            raise Reject(SPOT_LIQUIDITY, amount, held)
        ledger.transfer(txn, pool.account, account, asset, amount, R_SPOT_LIQUIDITY, -1)
    txn.emit(
        SpotLiquidityChanged(
            pool.ident, account.ident, pool.base, pool.quote, -cmd.base_amount, -cmd.quote_amount
        )
    )


def swap(txn: Txn, cmd: SwapSpot) -> None:
    """Swap in one pool between the assets of a trading account; of the collateral at most what
    may leave the account.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_POOL, EXCHANGE_MODE, SPOT_PATH,
    SPOT_LIQUIDITY, SPOT_AMOUNT_ZERO, SPOT_SLIPPAGE, IN_LIQUIDATION, ORACLE_INVALID,
    NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE.
    """
    account = access.own_trader(txn, cmd.account)
    pool = txn.state.liquidity.pool(cmd.pool)
    breaker.check_mode(txn.state, PAUSED)
    step = spot.leg(spot_venue.pool_state(pool), cmd.asset_in)
    side = BUY if cmd.exact_out else SELL
    paid, given = spot_venue.pool_amounts([step], side, cmd.amount)
    if cmd.limit > 0:
        if cmd.exact_out and paid > cmd.limit:
            raise Reject(SPOT_SLIPPAGE, paid, cmd.limit)
        if not cmd.exact_out and given < cmd.limit:
            raise Reject(SPOT_SLIPPAGE, given, cmd.limit)
    check_may_leave(txn, account, cmd.asset_in, paid)
    spot_venue.swap(txn, account, step, paid, given, R_SPOT_SWAP, -1)


# Firm quotes --------------------------------------------------------------------------------------


def post_quote(txn: Txn, cmd: PostFirmQuote) -> None:
    """Offer to trade an asset for the collateral. What it needs leaves the account for escrow: the
    asset to sell it, ``floor(amount · price)`` of the collateral to buy it.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_ASSET, SPOT_PATH (the collateral for
    itself), BASE_ASSET, ALREADY_EXPIRED, FIRM_QUOTES_FULL, SPOT_AMOUNT_ZERO (it would pay nothing),
    IN_LIQUIDATION, ORACLE_INVALID, NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE.
    """
    state = txn.state
    account = access.own_trader(txn, cmd.account)
    state.check_asset(cmd.asset)
    if cmd.asset == USD:
        raise Reject(SPOT_PATH, cmd.asset, USD)
    decimals = state.assets[cmd.asset].decimals
    if decimals > asset_units.DECIMALS_MAX:
        raise Reject(BASE_ASSET, decimals, asset_units.DECIMALS_MAX)
    if cmd.expires_ms <= txn.now:
        raise Reject(ALREADY_EXPIRED, cmd.expires_ms, txn.now)
    count = count_of(state.liquidity.offers, account)
    if count >= QUOTES_MAX:
        raise Reject(FIRM_QUOTES_FULL, count, QUOTES_MAX)
    # A hedge looks at all of them.
    if len(state.liquidity.offers) >= QUOTES_IN_ALL:
        raise Reject(FIRM_QUOTES_FULL, len(state.liquidity.offers), QUOTES_IN_ALL)
    # Asked of a seller too: what any part of a quote costs is an amount, whoever trades with it.
    other = SELL if cmd.side == BUY else BUY
    worth = firm_quotes.quote_value(state, cmd.asset, other, cmd.price, cmd.amount)
    if worth == 0:
        raise Reject(SPOT_AMOUNT_ZERO, cmd.amount, 0)
    asset, needed = (USD, worth) if cmd.side == BUY else (cmd.asset, cmd.amount)
    check_may_leave(txn, account, asset, needed)
    holder = use_escrow(txn)
    ledger.transfer(txn, account, holder, asset, needed, R_FIRM_ESCROW, -1)
    offer = FirmQuote(
        state.log,
        state.globals.take_sequence(),
        account,
        cmd.asset,
        cmd.side,
        cmd.price,
        cmd.amount,
        needed,
        cmd.expires_ms,
    )
    state.liquidity.post(offer)
    txn.emit(
        FirmQuotePosted(
            offer.ident,
            account.ident,
            cmd.asset,
            asset,
            cmd.side,
            cmd.price,
            cmd.amount,
            needed,
            cmd.expires_ms,
        )
    )


def count_of(offers: list[FirmQuote], account: Account) -> int:
    """How many firm quotes of an account stand."""
    count = 0
    for offer in offers:
        if offer.account is account:
            count += 1
    return count


def use_escrow(txn: Txn) -> Account:
    """The account that holds what firm quotes need; made with the first of them."""
    board = txn.state.liquidity
    holder = board.escrow
    if holder is None:
        holder = system_account(txn, FIRM_ESCROW, "firm-quotes")
        board.use_escrow(holder)
    return holder


def cancel_quote(txn: Txn, cmd: CancelFirmQuote) -> None:
    """Take a firm quote back, expired or not, with what is held for it.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_FIRM_QUOTE.
    """
    account = access.own_or_operator(txn, cmd.account)
    offer = txn.state.liquidity.quotes.get(cmd.quote)
    if offer is None or offer.account is not account:
        raise Reject(UNKNOWN_FIRM_QUOTE, cmd.quote)
    firm_quotes.end(txn, offer, DONE_CANCELLED)
