"""Dutch auctions: room, start, price, offers and their fills, the end.

The price's path is in ``auction_price``; what of an auction goes to the vAMM, and when, is decided
in ``handlers.auctions``. An auction's order is not in the book: what it may open is reserved by the
board. Prices 1e-6, sizes 1e-9, times ms; sides are the taker's unless said otherwise.

Spec: docs/spec/17-auctions.md, AUCTION-009 … AUCTION-021.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import auction_price, book, escrow, fees, margin, oracle, settlement, tracking
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Auction, Market, Offer, Order, Position
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ACTIVE,
    BUY,
    DONE_CANCELLED,
    DONE_PRICE_BAND,
    DONE_REDUCE_ONLY,
    DONE_RESTRICTED,
    DONE_SELF_TRADE,
    DONE_SLIPPAGE,
    DONE_STALE_ORACLE,
    DONE_TAKER_MARGIN,
    FROM_AUCTION,
    HALTED,
    INSUFFICIENT_MARGIN,
    NORMAL,
    OF_LIQUIDATION,
    OF_ORDER,
    SELL,
    Reject,
)
from plimsoll.messages.mechanisms import AuctionEnded, AuctionOffered, AuctionStarted, OfferDropped
from plimsoll.messages.params import MarketParams
from plimsoll.units import notional_floor, step_floor

OFFERS_MAX: Final = 64
"""Most offers that wait in one auction."""


# Room and start ---------------------------------------------------------------------------------


def most_orders(params: MarketParams) -> int:
    """How many auctions of orders a market may have: the rest is kept for liquidations."""
    return params.auctions_max - params.auctions_reserved


def of_orders(state: State, market: Market) -> int:
    """How many live auctions of a market are of orders."""
    count = 0
    for auction in state.board.live[market.ident]:
        if auction.cause == OF_ORDER:
            count += 1
    return count


def has_room(state: State, market: Market, account: Account, cause: int) -> bool:
    """Whether a market may have one more auction, of this account and cause."""
    params = market.params
    if len(state.board.live[market.ident]) >= params.auctions_max:
        return False
    if cause == OF_LIQUIDATION:
        return True
    if account.auctions - account.liquidations >= params.auctions_per_account:
        return False
    return of_orders(state, market) < most_orders(params)


def reference_price(txn: Txn, market: Market) -> int:
    """The oracle's price an auction starts from: steadied by the median of the last ones.

    Without a fresh price the average of 5 minutes, which is 0 where there is none.
    """
    state = txn.state
    track = state.tracks[market.ident]
    if not oracle.is_valid(state, market, txn.now):
        return track.oracle.health
    samples = track.samples
    if len(samples) == 0:
        return state.oracles[market.ident].price
    last = samples[len(samples) - 1][1]
    return tracking.steadied(last, tracking.dampened(samples), market.params.twap_clamp)


def start(txn: Txn, market: Market, order: Order, cause: int, bankruptcy: int) -> Auction:
    """Put up what is left of an order, whose price is the worst it accepts.

    The band is frozen here. The caller has checked that there is room. Without any oracle price
    the path is flat at the vAMM's quote.
    """
    state = txn.state
    row = state.vamms[market.ident]
    quote = row.ask if order.side == BUY else row.bid
    reference = reference_price(txn, market)
    first = quote
    if reference > 0:
        first = auction_price.start_price(order.side, reference, quote)
    ends = txn.now + market.params.auction_ms
    auction = Auction(state.log, order, cause, first, quote, txn.now, ends, bankruptcy)
    state.board.start(auction)
    txn.emit(
        AuctionStarted(
            auction.ident,
            order.account.ident,
            order.market,
            order.side,
            order.remaining,
            first,
            quote,
            order.price,
            txn.now,
            ends,
            cause,
            order.reduce_only,
        )
    )
    return auction


# Price ------------------------------------------------------------------------------------------


def price_now(auction: Auction, params: MarketParams, now: int) -> int:
    """What the taker accepts now, never past its worst price; on the tick."""
    order = auction.order
    asked = auction_price.price(
        order.side,
        auction.start,
        auction.end,
        now - auction.started_ms,
        auction.ends_ms - auction.started_ms,
        params.tick,
    )
    return auction_price.limited(order.side, asked, order.price)


def is_over(auction: Auction, now: int) -> bool:
    """Whether its time is over: at the end itself it still takes offers."""
    return now > auction.ends_ms


def fillable(market: Market, order: Order) -> int:
    """How much of an auction's order makers may fill now.

    A reduce-only one never goes through its position; in a tighter mode any order only reduces.
    """
    mode = market.effective_mode()
    if mode == HALTED:
        return 0
    if order.reduce_only or mode != ACTIVE:
        return min(order.remaining, order.position.closable(order.side))
    return order.remaining


def fillable_now(state: State, market: Market, order: Order) -> int:
    """``fillable``, and only what reduces unless the breaker of the exchange is normal: the order
    may be from before it tripped. BREAK-022."""
    most = fillable(market, order)
    if state.guard.breaker.mode != NORMAL:
        return min(most, order.position.closable(order.side))
    return most


def nothing_fillable(market: Market, order: Order) -> int:
    """Why nothing of an order can be filled."""
    if order.reduce_only and order.position.closable(order.side) == 0:
        return DONE_REDUCE_ONLY
    return DONE_RESTRICTED


# Open interest ----------------------------------------------------------------------------------


def interest_allows(market: Market, side: int, taker: Position, maker: Position, size: int) -> int:
    """The part of a fill that keeps the open interest within its bound, or does not raise it.

    Growth over size falls first, if at all, then rises one for one: what is too much comes off.
    """
    buyer, seller = (taker.base, maker.base) if side == BUY else (maker.base, taker.base)
    grown = max(0, buyer + size) - max(0, buyer) + max(0, seller - size) - max(0, seller)
    room = max(0, market.params.open_interest_max - market.open_interest)
    return size if grown <= room else size - (grown - room)


# Offers -----------------------------------------------------------------------------------------


def wait(txn: Txn, auction: Auction, one: Offer) -> None:
    """Let an offer wait for the end of the auction's batch."""
    if len(auction.offers) == 0:
        txn.state.board.await_offers(one.due_ms, auction.ident)
    auction.set_offers([*auction.offers, one])


def announce(txn: Txn, auction: Auction, one: Offer, asked: int) -> None:
    """Report an offer."""
    txn.emit(
        AuctionOffered(
            one.ident,
            auction.ident,
            one.account.ident,
            auction.market,
            one.price,
            one.size,
            asked,
        )
    )


def forget(txn: Txn, auction: Auction, one: Offer, remaining: int, reason: int) -> None:
    """Report what an offer could not fill."""
    if remaining > 0:
        txn.emit(
            OfferDropped(
                one.ident, auction.ident, one.account.ident, auction.market, remaining, reason
            )
        )


def take_waiting(txn: Txn, auction: Auction) -> list[Offer]:
    """Take the waiting offers out, best first."""
    found: list[Offer] = []
    if len(auction.offers) == 0:
        return found
    side = auction.order.side
    for one in auction.offers:
        at = len(found)
        while at > 0 and goes_before(side, one, found[at - 1]):
            at -= 1
        found.insert(at, one)
    txn.state.board.offers_done(auction.offers[0].due_ms, auction.ident)
    auction.set_offers([])
    return found


def goes_before(side: int, one: Offer, other: Offer) -> bool:
    """Better price for the taker, then earlier, then larger, then by id."""
    if one.price != other.price:
        return one.price < other.price if side == BUY else one.price > other.price
    if one.arrived_ms != other.arrived_ms:
        return one.arrived_ms < other.arrived_ms
    if one.size != other.size:
        return one.size > other.size
    return one.ident < other.ident


def fill_offer(txn: Txn, market: Market, auction: Auction, one: Offer, valid: bool) -> int:
    """Fill what an offer can of an auction, at the maker's price.

    Returns the size filled, or minus the reason why nothing was; ``valid``: the oracle may be
    used for what opens. Money 1e-6, rounded against the taker. Rejects: INSUFFICIENT_MARGIN (of
    the maker).
    """
    state = txn.state
    order = auction.order
    params = market.params
    maker = one.account
    if book.same_hands(maker, order.account):
        return -DONE_SELF_TRADE
    asked = price_now(auction, params, min(txn.now, auction.ends_ms))
    opposite = SELL if order.side == BUY else BUY
    if not auction_price.accepts(order.side, asked, opposite, one.price):
        return -DONE_SLIPPAGE
    band = state.oracles[market.ident]
    if not band.low <= one.price <= band.high:
        return -DONE_PRICE_BAND
    held = state.position(maker, market.ident)
    most = fillable_now(state, market, order)
    size = auction_price.fill_size(order.remaining, one.size, most, params.step)
    allowed = interest_allows(market, order.side, order.position, held, size)
    size = step_floor(allowed, params.step) if allowed > 0 else 0
    if size == 0:
        return -nothing_fillable(market, order)
    opens = size > order.position.closable(order.side)
    maker_opens = size > held.closable(opposite)
    if (opens or maker_opens) and not valid:
        return -DONE_STALE_ORACLE
    quote = auction_price.fill_quote(order.side, one.price, size)
    if maker_opens:
        check_maker(txn, market, order, maker, size, quote)
    elif margin.sinks(state, maker, market.ident, opposite, size, quote):
        raise Reject(INSUFFICIENT_MARGIN, margin.equity(state, maker), 0)
    if (
        not opens
        and not order.fee_free
        and margin.sinks(state, order.account, market.ident, order.side, size, quote)
    ):
        return -DONE_TAKER_MARGIN
    if opens and not taker_can_pay(txn, market, order, size, quote):
        return -DONE_TAKER_MARGIN
    settlement.exchange(txn, market, order, maker, held, 0, one.price, size, quote, FROM_AUCTION)
    count_fill(txn, order, size)
    return size


def count_fill(txn: Txn, order: Order, size: int) -> None:
    """A part of an auction's order was traded: what is reserved for it falls with it."""
    order.fill(size)
    txn.state.board.reserve(order, -size)
    escrow.after_fill(txn, order)


def check_maker(
    txn: Txn, market: Market, order: Order, maker: Account, size: int, quote: int
) -> None:
    """Refuse a maker who would not meet the initial requirement after the fill."""
    rebate = 0 if order.fee_free else fees.maker_rebate(market.params, quote)
    base, cash = (-size, quote) if order.side == BUY else (size, -quote)
    spare = margin.free_after(txn.state, maker, market.ident, base, cash + rebate, 0, 0, True)
    if spare < 0:
        have = margin.equity(txn.state, maker)
        raise Reject(INSUFFICIENT_MARGIN, have, have - spare)


def taker_can_pay(txn: Txn, market: Market, order: Order, size: int, quote: int) -> bool:
    """Whether the taker meets the initial requirement after the fill, its reservation released."""
    fee = 0 if order.fee_free else fees.taker_fee(market.params, quote)
    base, cash = (size, -quote) if order.side == BUY else (-size, quote)
    released, worth = (0, 0) if order.reduce_only else (size, notional_floor(order.price, size))
    spare = margin.free_after(
        txn.state,
        order.account,
        market.ident,
        base,
        cash - fee,
        -released,
        -worth,
        order.side == BUY,
    )
    return spare >= 0


# The end ----------------------------------------------------------------------------------------


def end(txn: Txn, market: Market, auction: Auction, reason: int) -> None:
    """Take an auction off the board and report it; what is left of it is cancelled."""
    take_down(txn, auction)
    report_end(txn, auction, reason)


def take_down(txn: Txn, auction: Auction) -> None:
    """Take an auction off the board; offers that wait are dropped."""
    for one in take_waiting(txn, auction):
        forget(txn, auction, one, one.size, DONE_CANCELLED)
    txn.state.board.finish(auction)


def report_end(txn: Txn, auction: Auction, reason: int) -> None:
    """Report the end of an auction that is off the board, and of its order."""
    order = auction.order
    escrow.refund(txn, order)
    txn.emit(
        AuctionEnded(
            auction.ident,
            order.account.ident,
            order.market,
            order.filled,
            order.remaining,
            reason,
        )
    )
    book.report_done(txn, order, reason)
