"""Trades with one hedged vault, and the repair of its hedge.

Spec: docs/spec/24-spot-hedge.md, HEDGE-010, HEDGE-017, HEDGE-018.
"""

from __future__ import annotations

from plimsoll.core import (
    asset_units,
    auctions,
    book,
    margin,
    settlement,
    spot_hedge_vault,
    spot_venue,
    vault_guard,
)
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, checks, trading
from plimsoll.core.rows import Account, Market, Order, Position, Vault
from plimsoll.core.spot_venue import Hedge
from plimsoll.core.state import State
from plimsoll.core.vault_money import base_decimals
from plimsoll.messages.codes import (
    ACTIVE,
    BASE_VAULT,
    BUY,
    DONE_FILLED,
    FOK,
    MARKET,
    MARKET_MODE,
    PASSIVE_VAULT,
    PRICE_BAND,
    REDUCE_ONLY_NOTHING,
    SIZE_NOT_ON_STEP,
    SPOT_AMOUNT_ZERO,
    SPOT_SLIPPAGE,
    VAULT_KIND,
    Reject,
)
from plimsoll.messages.events import OrderAccepted
from plimsoll.messages.vaults import RehedgeVault, TradeVault
from plimsoll.units import div_ceil, step_floor


def hedged_vault(state: State, ident: int) -> Vault:
    """The vault, if it is hedged on spot. Rejects: UNKNOWN_VAULT, VAULT_KIND."""
    vault = state.liquidity.vault(ident)
    if vault.kind == PASSIVE_VAULT:
        raise Reject(VAULT_KIND, vault.kind, BASE_VAULT)
    return vault


def trade(txn: Txn, cmd: TradeVault) -> None:
    """Trade with a hedged vault at the price of its hedge, all or nothing. HEDGE-017.

    Rejects, in this order: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_VAULT, VAULT_KIND,
    those of ``spot_hedge_vault.check_open``, SIZE_NOT_ON_STEP, SPOT_AMOUNT_ZERO, those of
    ``spot_venue.base_for_quote``, NOTIONAL_TOO_SMALL, those of ``checks.check_mode_and_oracle``,
    those of ``spot_hedge_vault.offer``, SPOT_SLIPPAGE, PRICE_BAND, HEDGE_QUOTA, MIN_MARGIN_RATIO,
    VAULT_UTILISATION, INSUFFICIENT_MARGIN, OPEN_INTEREST.
    """
    account = access.own_trader(txn, cmd.account)
    state = txn.state
    vault = hedged_vault(state, cmd.vault)
    market = state.markets[vault.market]
    spot_hedge_vault.check_open(txn, vault, cmd.side, account)
    size = size_of(txn, market, vault, cmd)
    row = state.position(account, market.ident)
    if not cmd.reduce_only:
        checks.check_notional(market, state.oracles[market.ident].price, size)
    checks.check_mode_and_oracle(txn, account, row, market, cmd.side, size, cmd.reduce_only, FOK)
    draft = accept(txn, market, cmd, account, row, size)
    most = auctions.fillable(market, draft)
    if size > most:
        if cmd.reduce_only:
            raise Reject(REDUCE_ONLY_NOTHING, row.base, size)
        raise Reject(MARKET_MODE, market.effective_mode(), ACTIVE)
    hedge = spot_hedge_vault.offer(txn, vault, cmd.side, size)
    check_limit(cmd, hedge, size)
    if not settlement.within(cmd.side, hedge.quote, size, draft.price):
        raise Reject(PRICE_BAND, settlement.average_price(cmd.side, hedge.quote, size), draft.price)
    interest = market.open_interest
    risky = checks.adds_risk(row, cmd.side, size, cmd.reduce_only)
    equity = 0 if risky else margin.equity(state, account)
    vault_guard.fill(txn, draft, vault, hedge, size)
    book.trim_reduce_only(txn)
    book.report_done(txn, draft, DONE_FILLED)
    if risky:
        trading.check_outcome(txn, market, draft, interest, False)
    else:
        trading.check_solvent(txn, account, equity)


def size_of(txn: Txn, market: Market, vault: Vault, cmd: TradeVault) -> int:
    """The size on the step that a command asks for. HEDGE-018.

    For an amount of quote: the most that it buys, or the least that brings it.
    """
    state = txn.state
    step = market.params.step
    if not cmd.exact_quote:
        if cmd.amount % step != 0:
            raise Reject(SIZE_NOT_ON_STEP, cmd.amount, step)
        return cmd.amount
    decimals = base_decimals(state, vault)
    amount = spot_venue.base_for_quote(state, vault, cmd.side, cmd.amount, txn.now)
    if cmd.side == BUY:
        size = step_floor(asset_units.asset_to_base_floor(amount, decimals), step)
    else:
        size = div_ceil(asset_units.asset_to_base_ceil(amount, decimals), step) * step
    if size == 0:
        raise Reject(SPOT_AMOUNT_ZERO, cmd.amount, 0)
    return size


def check_limit(cmd: TradeVault, hedge: Hedge, size: int) -> None:
    """Refuse what is worse than the limit of the amount that was left open, or than the amount of
    quote that was given: the size on the step may go to another venue than that amount. HEDGE-018.

    Rejects: SPOT_SLIPPAGE.
    """
    buying = cmd.side == BUY
    if cmd.exact_quote and (hedge.quote > cmd.amount if buying else hedge.quote < cmd.amount):
        raise Reject(SPOT_SLIPPAGE, hedge.quote, cmd.amount)
    if cmd.limit == 0:
        return
    other = size if cmd.exact_quote else hedge.quote
    at_most = (cmd.side == BUY) != cmd.exact_quote
    if other > cmd.limit if at_most else other < cmd.limit:
        raise Reject(SPOT_SLIPPAGE, other, cmd.limit)


def accept(
    txn: Txn, market: Market, cmd: TradeVault, account: Account, row: Position, size: int
) -> Order:
    """The order that a trade is, accepted; its worst price is the edge of the band."""
    state = txn.state
    edges = state.oracles[market.ident]
    ident = state.globals.take_order()
    reduces = cmd.reduce_only
    side = cmd.side
    txn.emit(
        OrderAccepted(
            ident, account.ident, market.ident, side, MARKET, FOK, 0, size, reduces, 0, ""
        )
    )
    worst = edges.high if side == BUY else edges.low
    return Order(state.log, ident, account, row, side, worst, size, 0, reduces, 0, "", txn.now)


def rehedge(txn: Txn, cmd: RehedgeVault) -> None:
    """Bring the spot leg of a vault back to its position. HEDGE-010.

    Rejects: UNKNOWN_VAULT, VAULT_KIND, those of the keeper's account, and those of
    ``spot_hedge_vault.rehedge``.
    """
    vault = hedged_vault(txn.state, cmd.vault)
    access.take_keeper(txn, cmd.keeper)
    spot_hedge_vault.rehedge(txn, vault)
