"""Where an order finds liquidity: the book first, then the vAMM, each within its limit.

Spec: ROUTE-001 … ROUTE-009. A taker is worked off here; what rests and what is refused is
decided by ``handlers.trading``.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import book, margin, oracle, settlement, vamm
from plimsoll.core.context import Txn
from plimsoll.core.fees import maker_rebate
from plimsoll.core.rows import Account, Market, Order
from plimsoll.core.settlement import Trade
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    BUY,
    DONE_EXPIRED,
    DONE_FILLED,
    DONE_MAKER_MARGIN,
    DONE_PRICE_BAND,
    DONE_REDUCE_ONLY,
    DONE_SELF_TRADE,
    SELL,
)
from plimsoll.messages.events import VammMoved
from plimsoll.messages.params import MarketParams
from plimsoll.units import (
    LOT,
    RATIO_SCALE,
    mul_div_ceil,
    mul_div_floor,
    notional_floor,
    step_ceil,
    step_floor,
)


@final
class Taker:
    """An order being worked off. ``limit`` is the worst price it accepts."""

    def __init__(
        self,
        account: Account,
        market: Market,
        order: int,
        side: int,
        limit: int,
        size: int,
        reduce_only: bool,
    ) -> None:
        self.account: Account = account
        self.market: Market = market
        self.order: int = order
        self.side: int = side
        self.limit: int = limit
        self.remaining: int = size
        self.filled: int = 0
        self.reduce_only: bool = reduce_only

    def count(self, size: int) -> None:
        """A part was traded."""
        self.remaining -= size
        self.filled += size


@final
class Band:
    """Prices a fill may have: around the last oracle price, both ends included."""

    def __init__(self, low: int, high: int) -> None:
        self.low: int = low
        self.high: int = high


def band(state: State, market: Market) -> Band:
    """The price band of a market; the ends are rounded inward to the tick."""
    price = state.oracles[market.ident].price
    params = market.params
    low = mul_div_ceil(price, RATIO_SCALE - params.price_band, RATIO_SCALE)
    high = mul_div_floor(price, RATIO_SCALE + params.price_band, RATIO_SCALE)
    return Band(step_ceil(low, params.tick), step_floor(high, params.tick))


def worst_market_price(state: State, market: Market, side: int, given: int) -> int:
    """Worst price of a market order: its own if given, else the slippage setting off the vAMM's
    quote (off the oracle where there is no vAMM); never outside the band."""
    params = market.params
    edges = band(state, market)
    if given > 0:
        worst = given
    else:
        start = state.oracles[market.ident].price
        if params.vamm_enabled != 0:
            start = vamm.quote_price(state.vamms[market.ident], params, side)
        if side == BUY:
            worst = mul_div_floor(start, RATIO_SCALE + params.market_slippage, RATIO_SCALE)
        else:
            worst = mul_div_ceil(start, RATIO_SCALE - params.market_slippage, RATIO_SCALE)
    if side == BUY:
        return step_floor(min(edges.high, worst), params.tick)
    return step_ceil(max(edges.low, worst), params.tick)


def work(txn: Txn, taker: Taker) -> None:
    """Fill what can be filled now: book, then vAMM."""
    take_book(txn, taker)
    if taker.remaining > 0:
        take_vamm(txn, taker)
    if len(txn.to_trim) > 0:
        book.trim_reduce_only(txn)


def clamp_reduce_only(txn: Txn, taker: Taker) -> int:
    """How much the taker may trade now: a reduce-only one never through its position."""
    if not taker.reduce_only:
        return taker.remaining
    held = settlement.held_by(taker.account, taker.market.ident)
    most = book.closable(held, taker.side)
    return min(taker.remaining, most)


def take_book(txn: Txn, taker: Taker) -> None:
    """Match against the book, best first, at the makers' prices."""
    state = txn.state
    market = taker.market
    ident = market.ident
    edges = band(state, market)
    while taker.remaining > 0:
        maker = book.next_maker(state, ident, taker.side, taker.limit)
        if maker is None:
            return
        reason = unfit(txn, taker, maker, edges)
        if reason != 0:
            book.remove(txn, maker, reason)
            continue
        size = clamp_reduce_only(txn, taker)
        if size == 0:
            return
        offered = maker_size(txn, maker)
        size = min(size, offered)
        quote = notional_floor(maker.price, size)
        if not maker_can_pay(txn, market, maker, size, quote):
            book.remove(txn, maker, DONE_MAKER_MARGIN)
            continue
        book.fill_maker(txn, maker, size, quote)
        settlement.settle(
            txn,
            Trade(
                market,
                taker.side,
                taker.account,
                maker.account,
                taker.order,
                maker.ident,
                maker.price,
                size,
                quote,
            ),
        )
        taker.count(size)
        if maker.remaining == 0:
            book.remove(txn, maker, DONE_FILLED)


def unfit(txn: Txn, taker: Taker, maker: Order, edges: Band) -> int:
    """Why a resting order must go instead of being matched; 0 if it may be matched."""
    if maker.account is taker.account:
        return DONE_SELF_TRADE
    if maker.account.owner == taker.account.owner:
        return DONE_SELF_TRADE
    if 0 < maker.expires_ms < txn.now:
        return DONE_EXPIRED
    if maker.price < edges.low or maker.price > edges.high:
        return DONE_PRICE_BAND
    if maker.reduce_only and maker_size(txn, maker) == 0:
        return DONE_REDUCE_ONLY
    return 0


def maker_size(txn: Txn, maker: Order) -> int:
    """How much of a resting order can be matched now."""
    if not maker.reduce_only:
        return maker.remaining
    held = settlement.held_by(maker.account, maker.market)
    most = book.closable(held, maker.side)
    return min(maker.remaining, most)


def maker_can_pay(txn: Txn, market: Market, maker: Order, size: int, quote: int) -> bool:
    """Whether the maker meets the initial requirement after a fill that opens."""
    if maker.reduce_only:
        return True
    account = maker.account
    held = settlement.held_by(account, market.ident)
    if size <= book.closable(held, maker.side):
        return True
    rebate = maker_rebate(market.params, quote)
    buy = maker.side == BUY
    change = margin.Change(
        market.ident,
        size if buy else -size,
        rebate - quote if buy else rebate + quote,
        -size,
        -quote,
        buy,
    )
    return margin.free(txn.state, account, change) >= 0


def take_vamm(txn: Txn, taker: Taker) -> None:
    """Trade what is left against the vAMM, as far as limit, bounds and its capital allow."""
    state = txn.state
    market = taker.market
    params = market.params
    if params.vamm_enabled == 0 or not oracle.is_valid(state, market, txn.now):
        return
    if taker.account.owner == market.vamm.owner and taker.account is market.vamm:
        return
    row = state.vamms[market.ident]
    edges = band(state, market)
    limit = taker.limit
    if taker.side == BUY and limit > edges.high:
        limit = edges.high
    elif taker.side == SELL and limit < edges.low:
        limit = edges.low
    size = vamm.fillable(row, params, taker.side, clamp_reduce_only(txn, taker), limit)
    if size == 0:
        return
    planned = vamm.plan(row, params, taker.side, size)
    if not vamm_can_pay(txn, market, taker.side, size, planned):
        # What only reduces its position it can always do.
        size = step_floor(vamm_reducing(row.net, taker.side, size), params.step)
        if size == 0:
            return
        planned = vamm.plan(row, params, taker.side, size)
    if not within(taker.side, planned.quote, size, limit):
        return
    fill_vamm(txn, taker, size, planned)


def within(side: int, quote: int, size: int, limit: int) -> bool:
    """Whether an average price keeps the limit."""
    if side == BUY:
        return quote * LOT <= limit * size
    return quote * LOT >= limit * size


def vamm_reducing(net: int, side: int, size: int) -> int:
    """The part of a fill that brings the vAMM's position toward zero."""
    most = 0
    if side == BUY and net < 0:
        most = -net
    elif side == SELL and net > 0:
        most = net
    return min(size, most)


def vamm_can_pay(txn: Txn, market: Market, side: int, size: int, planned: vamm.Plan) -> bool:
    """Whether the vAMM meets the initial requirement after a fill that raises its position."""
    row = txn.state.vamms[market.ident]
    if vamm_reducing(row.net, side, size) == size:
        return True
    buy = side == BUY
    change = margin.Change(
        market.ident,
        -size if buy else size,
        planned.plain if buy else -planned.plain,
        0,
        0,
        True,
    )
    # The row must exist for the change to be seen.
    txn.state.position(market.vamm, market.ident)
    return margin.free(txn.state, market.vamm, change) >= 0


def fill_vamm(txn: Txn, taker: Taker, size: int, planned: vamm.Plan) -> None:
    """Settle a planned fill and move the curve."""
    state = txn.state
    market = taker.market
    row = state.vamms[market.ident]
    net = row.net + size if taker.side == BUY else row.net - size
    row.move(planned.x, planned.y, net)
    price = settlement.average_price(taker.side, planned.quote, size)
    surplus = settlement.settle_vamm(
        txn,
        Trade(
            market,
            taker.side,
            taker.account,
            market.vamm,
            taker.order,
            0,
            price,
            size,
            planned.quote,
        ),
        planned.plain,
    )
    taker.count(size)
    if txn.recording:
        bid = vamm.quote_price(row, market.params, SELL)
        ask = vamm.quote_price(row, market.params, BUY)
        txn.emit(VammMoved(market.ident, row.x, row.y, row.peg, row.net, surplus, bid, ask))


def best_opposite(state: State, market: Market, side: int, with_vamm: bool) -> int:
    """Best price a post-only order of ``side`` must stay behind; 0 if there is none."""
    params: MarketParams = market.params
    best = state.books[market.ident].best_price(SELL if side == BUY else BUY)
    if not with_vamm or params.vamm_enabled == 0:
        return best
    quote = vamm.quote_price(state.vamms[market.ident], params, side)
    # Off the grid quotes are taken to the tick that a resting order could first cross.
    quote = step_ceil(quote, params.tick) if side == BUY else step_floor(quote, params.tick)
    if best == 0:
        return quote
    if side == BUY:
        return min(best, quote)
    return max(best, quote)
