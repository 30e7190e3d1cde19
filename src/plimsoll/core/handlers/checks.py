"""What an order must pass before it is accepted. Spec: ORDER-002 … ORDER-013, ORDER-021."""

from __future__ import annotations

from typing import Final

from plimsoll.core import book, oracle, routing
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market, Position
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ACTIVE,
    ALREADY_EXPIRED,
    BASE_VAULT,
    BUY,
    CLIENT_ORDER_ID_IN_USE,
    EXCHANGE_MODE,
    GTC,
    HALTED,
    IN_LIQUIDATION,
    LIMIT,
    MARKET,
    MARKET_MODE,
    NORMAL,
    NOTIONAL_TOO_SMALL,
    OPEN_ORDERS_LIMIT,
    ORDER_COMBINATION,
    POST_NONE,
    POST_ONLY_CROSSES,
    POST_REJECT,
    PRICE_BAND,
    PRICE_NOT_ON_TICK,
    REDUCE_ONLY_NOTHING,
    RESTRICTED,
    SIZE_NOT_ON_STEP,
    TRIPPED,
    UNKNOWN_VAULT,
    VAULT_KIND,
    Reject,
)
from plimsoll.messages.params import MarketParams
from plimsoll.units import notional_floor

RULE_MARKET_NEEDS_IOC: Final = 1
RULE_LIMIT_NEEDS_PRICE: Final = 2
RULE_POST_NEEDS_RESTING_LIMIT: Final = 3
RULE_EXPIRY_NEEDS_GTC: Final = 4
RULE_DIRECTED_NEVER_RESTS: Final = 5
RULE_DELAYED_NEVER_RESTS: Final = 6


def adds_risk(row: Position, side: int, size: int, reduce_only: bool) -> bool:
    """Whether an order could open anything, counting what is open on its side already."""
    if reduce_only:
        return False
    resting = row.bid_size if side == BUY else row.ask_size
    return size + resting > row.closable(side)


def check_directed(state: State, market: Market, maker: int, tif: int) -> None:
    """Refuse an order directed at an account that is no hedged vault of its market, or one that
    would rest: a vault is asked once.

    Rejects: UNKNOWN_VAULT, VAULT_KIND, ORDER_COMBINATION.
    """
    vault = state.liquidity.of_account(maker)
    if vault is None:
        raise Reject(UNKNOWN_VAULT, maker, len(state.liquidity.vaults))
    if vault.market != market.ident:
        raise Reject(VAULT_KIND, vault.kind, BASE_VAULT)
    if tif == GTC:
        raise Reject(ORDER_COMBINATION, RULE_DIRECTED_NEVER_RESTS)


def check_combination(
    txn: Txn, kind: int, tif: int, price: int, post: int, expires_ms: int
) -> None:
    """Refuse fields that contradict each other."""
    if kind == MARKET and tif == GTC:
        raise Reject(ORDER_COMBINATION, RULE_MARKET_NEEDS_IOC)
    if kind == LIMIT and price == 0:
        raise Reject(ORDER_COMBINATION, RULE_LIMIT_NEEDS_PRICE)
    if post != POST_NONE and (kind != LIMIT or tif != GTC):
        raise Reject(ORDER_COMBINATION, RULE_POST_NEEDS_RESTING_LIMIT)
    if expires_ms != 0:
        if tif != GTC:
            raise Reject(ORDER_COMBINATION, RULE_EXPIRY_NEEDS_GTC)
        if expires_ms <= txn.now:
            raise Reject(ALREADY_EXPIRED, expires_ms, txn.now)


def check_grid(params: MarketParams, price: int, size: int) -> None:
    """Tick and step."""
    if price % params.tick != 0:
        raise Reject(PRICE_NOT_ON_TICK, price, params.tick)
    if size % params.step != 0:
        raise Reject(SIZE_NOT_ON_STEP, size, params.step)


def check_notional(market: Market, price: int, size: int) -> None:
    """Refuse what is worth less than the market's minimum."""
    worth = notional_floor(price, size)
    if worth < market.params.min_notional:
        raise Reject(NOTIONAL_TOO_SMALL, worth, market.params.min_notional)


def check_may_rest(txn: Txn, account: Account) -> None:
    """One counter for what rests, is in an auction or waits for a trigger, over all markets."""
    most = txn.state.globals.params.open_orders_max
    if account.open_orders() >= most:
        raise Reject(OPEN_ORDERS_LIMIT, account.open_orders(), most)


def check_client_id(account: Account, client_order_id: str) -> None:
    """Refuse a client order id that an open order of the account has."""
    if client_order_id != "" and client_order_id in account.client_orders:
        raise Reject(CLIENT_ORDER_ID_IN_USE, account.client_orders[client_order_id].ident)


def check_exchange(state: State) -> None:
    """Refuse what adds risk unless the breaker of the exchange is normal. BREAK-022."""
    mode = state.guard.breaker.mode
    if mode != NORMAL:
        raise Reject(EXCHANGE_MODE, mode, TRIPPED)


def check_not_liquidated(account: Account) -> None:
    """Refuse what adds risk while a liquidation of the account is in an auction."""
    if account.liquidations > 0:
        raise Reject(IN_LIQUIDATION, account.liquidations)


def check_mode_and_oracle(
    txn: Txn,
    account: Account,
    row: Position,
    market: Market,
    side: int,
    size: int,
    reduce_only: bool,
    tif: int,
) -> None:
    """A tighter mode, a liquidation and an invalid oracle refuse what adds risk, and only that.

    A restricted market takes orders that add risk unless they would rest: what they find there
    (the vAMM, while that reduces its position) is decided by ``routing``.
    """
    mode = market.effective_mode()
    if mode == HALTED:
        raise Reject(MARKET_MODE, mode, HALTED)
    risky = adds_risk(row, side, size, reduce_only)
    if risky and mode != ACTIVE and (mode != RESTRICTED or tif == GTC):
        raise Reject(MARKET_MODE, mode, ACTIVE)
    if reduce_only and row.closable(side) == 0:
        raise Reject(REDUCE_ONLY_NOTHING, row.base, size)
    if risky:
        check_exchange(txn.state)
        check_not_liquidated(account)
    if risky or txn.state.oracles[market.ident].price == 0:
        oracle.check_valid(txn.state, market, txn.now)


def limit_of(txn: Txn, market: Market, side: int, kind: int, price: int, post: int) -> int:
    """The worst price the order accepts; a post-only one moved or refused if it would take."""
    state = txn.state
    if kind == MARKET:
        return routing.worst_market_price(state, market, side, price)
    check_band(txn, market, price)
    if post == POST_NONE:
        return price
    valid = oracle.is_valid(state, market, txn.now)
    best = routing.best_opposite(state, market, side, valid)
    if best == 0 or not book.crosses(side, price, best):
        return price
    if post == POST_REJECT:
        raise Reject(POST_ONLY_CROSSES, price, best)
    moved = book.slide(side, price, best, market.params.tick)
    if moved < 1:
        raise Reject(POST_ONLY_CROSSES, price, best)
    check_band(txn, market, moved)
    return moved


def check_band(txn: Txn, market: Market, price: int) -> None:
    """Refuse a limit outside the band around the oracle."""
    edges = txn.state.oracles[market.ident]
    if price < edges.low:
        raise Reject(PRICE_BAND, price, edges.low)
    if price > edges.high:
        raise Reject(PRICE_BAND, price, edges.high)
