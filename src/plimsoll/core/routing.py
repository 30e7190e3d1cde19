"""Where an order finds liquidity: the book first, then hedged vaults, then the vAMM, each within
its limit.

A taker is worked off here; what rests and what is refused is decided by ``handlers.trading``.

Spec: ROUTE-001 … ROUTE-010.
"""

from __future__ import annotations

from plimsoll.core import book, escrow, fees, hedged, margin, oracle, settlement, vamm
from plimsoll.core.context import Txn
from plimsoll.core.rows import Market, Order
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ACTIVE,
    BUY,
    DONE_EXPIRED,
    DONE_FILLED,
    DONE_MAKER_MARGIN,
    DONE_NO_LIQUIDITY,
    DONE_PRICE_BAND,
    DONE_REDUCE_ONLY,
    DONE_RESTRICTED,
    DONE_SELF_TRADE,
    DONE_SLIPPAGE,
    DONE_STALE_ORACLE,
    HALTED,
    REDUCE_ONLY,
    RESTRICTED,
    SELL,
    VAULT,
)
from plimsoll.messages.events import VammMoved
from plimsoll.units import (
    AMOUNT_MAX,
    RATIO_SCALE,
    mul_div_ceil,
    mul_div_floor,
    notional_floor,
    step_ceil,
    step_floor,
)


def worst_market_price(state: State, market: Market, side: int, given: int) -> int:
    """Worst price of a market order, on the tick and never outside the band.

    Its own if given, else the slippage setting off the vAMM's quote (off the oracle where there
    is no vAMM).
    """
    params = market.params
    edges = state.oracles[market.ident]
    if given > 0:
        worst = given
    else:
        start = edges.price
        if params.vamm_enabled:
            start = vamm.quote_price(state.vamms[market.ident], side)
        if side == BUY:
            worst = mul_div_floor(start, RATIO_SCALE + params.market_slippage, RATIO_SCALE)
        else:
            worst = mul_div_ceil(start, RATIO_SCALE - params.market_slippage, RATIO_SCALE)
    if side == BUY:
        return step_floor(worst, params.tick) if worst < edges.high else edges.high
    return step_ceil(worst, params.tick) if worst > edges.low else edges.low


def work(txn: Txn, market: Market, taker: Order, maker: int) -> bool:
    """Fill what can be filled now: book, then hedged vaults (``maker`` as in ``hedged``), then
    vAMM. ``taker.price`` is the worst it accepts.

    Returns False if the book held more makers within the limit than one command may meet.
    """
    complete = take_book(txn, market, taker, taker.price)
    if complete and taker.remaining > 0:
        hedged.take(txn, market, taker, maker)
    if complete and taker.remaining > 0 and market.params.vamm_enabled:
        take_vamm(txn, market, taker)
    if len(txn.to_trim) > 0:
        book.trim_reduce_only(txn)
    return complete


def take_book(txn: Txn, market: Market, taker: Order, worst: int) -> bool:
    """Match against the book, best first, at the makers' prices, none worse than ``worst``; False
    at the work limit.

    In a tighter mode than active a taker only reduces here: one that opens skips the book.
    """
    sides = txn.state.books[market.ident]
    opening = market.effective_mode() == ACTIVE
    left = txn.state.globals.params.matches_max
    while taker.remaining > 0:
        maker = book.next_maker(sides, taker.side, worst)
        if maker is None:
            return True
        if left == 0:
            return False
        left -= 1
        reason = unfit(txn, taker, maker)
        if reason != 0:
            book.remove(txn, maker, reason)
            continue
        size = offer(taker)
        if not opening:
            size = min(size, taker.position.closable(taker.side))
        if size == 0:
            return True
        offered = offer(maker)
        size = min(size, offered)
        quote = notional_floor(maker.price, size)
        if not maker_can_pay(txn, market, taker, maker, size, quote):
            book.remove(txn, maker, DONE_MAKER_MARGIN)
            continue
        book.fill_maker(maker, size, quote)
        settlement.settle(txn, market, taker, maker, size, quote)
        taker.fill(size)
        if maker.keeper_fee > 0:
            escrow.after_fill(txn, maker)
        if maker.remaining == 0:
            book.remove(txn, maker, DONE_FILLED)
    return True


def unfit(txn: Txn, taker: Order, maker: Order) -> int:
    """Why a resting order must go instead of being matched; 0 if it may be matched."""
    if book.same_hands(maker.account, taker.account):
        return DONE_SELF_TRADE
    if 0 < maker.expires_ms < txn.now:
        return DONE_EXPIRED
    edges = txn.state.oracles[maker.market]
    if maker.price < edges.low or maker.price > edges.high:
        return DONE_PRICE_BAND
    if maker.reduce_only and offer(maker) == 0:
        return DONE_REDUCE_ONLY
    if maker.account.kind == VAULT:
        # It quotes around the oracle: what an old price said nobody may take. PASSIVE-010
        state = txn.state
        if not oracle.is_valid(state, state.markets[maker.market], txn.now):
            return DONE_STALE_ORACLE
    return 0


def offer(order: Order) -> int:
    """How much of an order can trade now: a reduce-only one never through its position."""
    if not order.reduce_only:
        return order.remaining
    return min(order.remaining, order.position.closable(order.side))


def maker_can_pay(
    txn: Txn, market: Market, taker: Order, maker: Order, size: int, quote: int
) -> bool:
    """Whether the maker meets the initial requirement after a fill that opens, or at least does
    not end up owing after one that closes."""
    if maker.reduce_only or size <= maker.position.closable(maker.side):
        state = txn.state
        return not margin.sinks(state, maker.account, market.ident, maker.side, size, quote)
    # A liquidation pays no fee, and its makers get no rebate.
    rebate = 0 if taker.fee_free else fees.rebate_of(market.params, maker.account, quote)
    paid = quote if maker.side == BUY else -quote
    return resting_can_pay(txn, market, maker, size, paid - rebate, quote)


def resting_can_pay(
    txn: Txn, market: Market, maker: Order, size: int, paid: int, released: int
) -> bool:
    """Whether a resting order's account has ``free >= 0`` after paying ``paid`` (signed) for a
    fill that releases ``released`` of its reservation's notional."""
    buying = maker.side == BUY
    spare = margin.free_after(
        txn.state,
        maker.account,
        market.ident,
        size if buying else -size,
        -paid,
        -size,
        -released,
        buying,
    )
    return spare >= 0


def mode_allows(market: Market, taker: Order) -> int:
    """How much of an order the market's mode lets the vAMM see.

    Restricted binds the vAMM (its position may not grow), reduce-only binds the taker.
    """
    mode = market.effective_mode()
    size = offer(taker)
    if mode == HALTED:
        return 0
    if mode == REDUCE_ONLY:
        return min(size, taker.position.closable(taker.side))
    return size


def take_vamm(
    txn: Txn, market: Market, taker: Order, most: int = AMOUNT_MAX, forced: bool = False
) -> int:
    """Trade what is left against the vAMM, as far as limit, bounds and its capital allow.

    At most ``most`` of base; ``forced``: restricted mode does not bind (a liquidation that cannot
    wait). Returns why something is left (a ``DONE_...``); 0 if nothing is.
    """
    state = txn.state
    params = market.params
    row = state.vamms[market.ident]
    edges = state.oracles[market.ident]
    limit = taker.price
    if taker.side == BUY and limit > edges.high:
        limit = edges.high
    elif taker.side == SELL and limit < edges.low:
        limit = edges.low
    wanted = offer(taker)
    if wanted == 0:
        return DONE_REDUCE_ONLY if taker.remaining > 0 else 0
    if not oracle.is_valid(state, market, txn.now):
        return DONE_STALE_ORACLE
    if not vamm.reaches(row, taker.side, limit):
        return DONE_SLIPPAGE
    allowed = mode_allows(market, taker)
    allowed = min(allowed, most)
    why = DONE_RESTRICTED if allowed < wanted else DONE_NO_LIQUIDITY
    size = vamm.fillable(row, params, taker.side, allowed, limit)
    if size < allowed:
        bound = vamm.available(row, params, taker.side)
        why = DONE_SLIPPAGE if size < bound else DONE_NO_LIQUIDITY
    if size == 0:
        return why
    plan = vamm.plan(row, taker.side, size)
    restricted = market.effective_mode() == RESTRICTED and not forced
    if restricted or not vamm_can_pay(txn, market, taker.side, size, plan):
        # What only reduces its position it can always do.
        least = step_floor(vamm.reducing(row.net, taker.side, size), params.step)
        if least < size:
            why = DONE_RESTRICTED if restricted else DONE_NO_LIQUIDITY
            size = least
            if size == 0:
                return why
            plan = vamm.plan(row, taker.side, size)
    if not settlement.within(taker.side, plan.quote, size, limit):
        return DONE_SLIPPAGE
    fill_vamm(txn, market, taker, size, plan)
    return why if taker.remaining > 0 else 0


def vamm_can_pay(txn: Txn, market: Market, side: int, size: int, plan: vamm.Plan) -> bool:
    """Whether the vAMM meets the initial requirement after a fill that raises its position."""
    state = txn.state
    if vamm.reducing(state.vamms[market.ident].net, side, size) == size:
        return True
    state.position(market.vamm, market.ident)  # the row must exist to be changed in thought
    base, cash = (-size, plan.plain) if side == BUY else (size, -plan.plain)
    return margin.free_after(state, market.vamm, market.ident, base, cash, 0, 0, True) >= 0


def fill_vamm(txn: Txn, market: Market, taker: Order, size: int, plan: vamm.Plan) -> int:
    """Settle a planned fill and move the curve; returns the surplus over the plain quote."""
    row = txn.state.vamms[market.ident]
    net = row.net + size if taker.side == BUY else row.net - size
    row.move(plan.x, plan.y, net)
    surplus = settlement.settle_vamm(txn, market, taker, size, plan.quote, plan.plain)
    taker.fill(size)
    if txn.recording:
        txn.events.append(
            VammMoved(market.ident, row.x, row.y, row.peg, row.net, surplus, row.bid, row.ask)
        )
    return surplus


def best_opposite(state: State, market: Market, side: int, with_vamm: bool) -> int:
    """Best price a post-only order of ``side`` must stay behind; 0 if there is none."""
    params = market.params
    best = state.books[market.ident].best_price(SELL if side == BUY else BUY)
    if not with_vamm or not params.vamm_enabled:
        return best
    quote = vamm.quote_price(state.vamms[market.ident], side)
    # Off the grid, the quote is taken to the first tick a resting order would cross it at.
    quote = step_ceil(quote, params.tick) if side == BUY else step_floor(quote, params.tick)
    if best == 0:
        return quote
    if side == BUY:
        return min(best, quote)
    return max(best, quote)
