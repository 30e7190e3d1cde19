"""Dutch auctions: an offer comes, a batch of offers is worked off, the time is over.

Spec: docs/spec/17-auctions.md, AUCTION-012 … AUCTION-021.
"""

from __future__ import annotations

from plimsoll.core import (
    auction_price,
    auctions,
    book,
    closing,
    escrow,
    margin,
    market_update,
    oracle,
    routing,
)
from plimsoll.core.auctions import OFFERS_MAX
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, checks
from plimsoll.core.rows import Account, Auction, Market, Offer, Order
from plimsoll.messages.codes import (
    AUCTION_NOTHING,
    AUCTION_OFFERS_FULL,
    AUCTION_OWN,
    AUCTION_PRICE_NOT_MET,
    AUCTION_RUNNING,
    BUY,
    DONE_FILLED,
    DONE_IOC,
    DONE_MAKER_MARGIN,
    DONE_NO_LIQUIDITY,
    DONE_OUTBID,
    DONE_RESTRICTED,
    DONE_TAKER_MARGIN,
    HALTED,
    MARKET_MODE,
    NORMAL,
    OF_LIQUIDATION,
    SELL,
    UNKNOWN_AUCTION,
    Reject,
)
from plimsoll.messages.commands import OfferAuction, SettleAuction
from plimsoll.units import RangeError


def find(txn: Txn, ident: int) -> Auction:
    """A live auction, or ``UNKNOWN_AUCTION``."""
    auction = txn.state.board.auctions.get(ident)
    if auction is None:
        raise Reject(UNKNOWN_AUCTION, ident)
    return auction


# Offers -----------------------------------------------------------------------------------------


def offer(txn: Txn, cmd: OfferAuction) -> None:
    """Offer to take the other side of an auction.

    Rejects, in this order: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_AUCTION,
    PRICE_NOT_ON_TICK, SIZE_NOT_ON_STEP, MARKET_MODE, AUCTION_OWN, AUCTION_PRICE_NOT_MET,
    PRICE_BAND, AUCTION_NOTHING, EXCHANGE_MODE, IN_LIQUIDATION, ORACLE_INVALID,
    AUCTION_OFFERS_FULL, INSUFFICIENT_MARGIN.
    """
    account = access.own_trader(txn, cmd.account)
    auction = find(txn, cmd.auction)
    market = txn.state.market(auction.market)
    params = market.params
    if auctions.is_over(auction, txn.now):
        raise Reject(UNKNOWN_AUCTION, cmd.auction)
    checks.check_grid(params, cmd.price, cmd.size)
    if market.effective_mode() == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    if book.same_hands(account, auction.order.account):
        raise Reject(AUCTION_OWN, account.ident, account.owner)
    if len(auction.offers) > 0 and auction.offers[0].due_ms <= txn.now:
        # Those who came before are served before.
        work_offers(txn, market, auction)
        auction = find(txn, cmd.auction)
    check_offer(txn, market, auction, account, cmd.price, cmd.size)
    ident = txn.state.globals.take_sequence()
    due = min(txn.now + params.auction_batch_ms, auction.ends_ms)
    if len(auction.offers) > 0:
        due = auction.offers[0].due_ms
    one = Offer(ident, account, cmd.price, cmd.size, txn.now, due)
    asked = auctions.price_now(auction, params, txn.now)
    auctions.announce(txn, auction, one, asked)
    if params.auction_batch_ms > 0 or len(auction.offers) > 0:
        # A batch that was begun is not overtaken, whatever its length is now.
        auctions.wait(txn, auction, one)
        return
    done = take(txn, market, auction, one)
    if done < 0 and done != -DONE_TAKER_MARGIN:
        raise Reject(AUCTION_NOTHING, cmd.size, 0)
    conclude(txn, market, auction, one, done)
    book.trim_reduce_only(txn)


def check_offer(
    txn: Txn, market: Market, auction: Auction, account: Account, price: int, size: int
) -> None:
    """Refuse an offer that could not be filled."""
    order = auction.order
    asked = auctions.price_now(auction, market.params, txn.now)
    if price > asked if order.side == BUY else price < asked:
        raise Reject(AUCTION_PRICE_NOT_MET, price, asked)
    checks.check_band(txn, market, price)
    left = auctions.fillable_now(txn.state, market, order)
    if left < market.params.step:
        raise Reject(AUCTION_NOTHING, size, left)
    row = txn.state.position(account, market.ident)
    opposite = SELL if order.side == BUY else BUY
    opens = checks.adds_risk(row, opposite, size, False)
    if opens:
        checks.check_exchange(txn.state)
        checks.check_not_liquidated(account)
        most = min(size, left)
        quote = auction_price.fill_quote(order.side, price, most)
        auctions.check_maker(txn, market, order, account, most, quote)
    if opens or left > order.position.closable(order.side):
        oracle.check_valid(txn.state, market, txn.now)
    if len(auction.offers) >= OFFERS_MAX:
        raise Reject(AUCTION_OFFERS_FULL, len(auction.offers), OFFERS_MAX)
    for one in auction.offers:
        if one.account is account:
            raise Reject(AUCTION_OFFERS_FULL, 1, 1)


def take(txn: Txn, market: Market, auction: Auction, one: Offer) -> int:
    """Fill what an offer can; size, or minus the reason. A liquidation is charged for it."""
    order = auction.order
    before = order.filled
    valid = oracle.is_valid(txn.state, market, txn.now)
    done = auctions.fill_offer(txn, market, auction, one, valid)
    if done > 0 and auction.cause == OF_LIQUIDATION:
        closing.after_fill(txn, market, order, before)
    return done


def conclude(txn: Txn, market: Market, auction: Auction, one: Offer, done: int) -> None:
    """Report what an offer could not fill, and end an auction that nothing is left of."""
    order = auction.order
    if done > 0:
        auctions.forget(txn, auction, one, one.size - done, DONE_IOC)
    else:
        auctions.forget(txn, auction, one, one.size, -done)
    if auction.ident not in txn.state.board.auctions:
        return
    if order.remaining == 0:
        auctions.end(txn, market, auction, DONE_FILLED)
    elif done == -DONE_TAKER_MARGIN:
        auctions.end(txn, market, auction, DONE_TAKER_MARGIN)


def work_offers(txn: Txn, market: Market, auction: Auction) -> None:
    """Work off every waiting offer, best first; what is left of each is forgotten."""
    state = txn.state
    for one in auctions.take_waiting(txn, auction):
        if auction.ident not in state.board.auctions:
            auctions.forget(txn, auction, one, one.size, DONE_OUTBID)
            continue
        scope = state.log.open()
        mark = len(txn.events)
        try:
            done = take(txn, market, auction, one)
        except (Reject, RangeError):
            # What one maker cannot carry must not keep the others from the auction.
            txn.take_back(scope, mark)
            done = -DONE_MAKER_MARGIN
        conclude(txn, market, auction, one, done)
    book.trim_reduce_only(txn)


# The end ----------------------------------------------------------------------------------------


def settle(txn: Txn, cmd: SettleAuction) -> None:
    """Work off the offers that are due, and end an auction whose time is over.

    Rejects: UNKNOWN_AUCTION, those of the keeper's account, AUCTION_RUNNING.
    """
    auction = find(txn, cmd.auction)
    access.take_keeper(txn, cmd.keeper)
    due = len(auction.offers) > 0 and auction.offers[0].due_ms <= txn.now
    if not due and not auctions.is_over(auction, txn.now):
        length = auction.ends_ms - auction.started_ms
        raise Reject(AUCTION_RUNNING, txn.now - auction.started_ms, length)
    advance(txn, auction)


def advance(txn: Txn, auction: Auction) -> None:
    """Work off what waits; end the auction, at its keeper's reward, if its time is over."""
    market = txn.state.markets[auction.market]
    work_offers(txn, market, auction)
    if auction.ident in txn.state.board.auctions and auctions.is_over(auction, txn.now):
        finish(txn, market, auction)
        if auction.cause != OF_LIQUIDATION:
            escrow.pay_flat(txn, market, auction.order.account)


def finish(txn: Txn, market: Market, auction: Auction) -> None:
    """The time is over: repeg check, then the vAMM for what is left, and what that leaves ends."""
    market_update.update(txn, market, market_update.AUCTION)
    if auction.cause == OF_LIQUIDATION:
        closing.finish(txn, market, auction)
        return
    auctions.take_down(txn, auction)
    reason = take_rest(txn, market, auction.order)
    auctions.report_end(txn, auction, reason)
    book.trim_reduce_only(txn)


def take_rest(txn: Txn, market: Market, order: Order) -> int:
    """Trade what an auction left against the vAMM, if the account can carry that.

    The order is off the board: nothing is reserved for it. Returns why the order is done.
    """
    state = txn.state
    if market.effective_mode() == HALTED:
        return DONE_RESTRICTED
    held = order.position
    closable = held.closable(order.side)
    before = order.filled
    equity = margin.equity(state, order.account)
    vamm = state.position(market.vamm, market.ident)
    allowed = auctions.interest_allows(market, order.side, held, vamm, order.remaining)
    if state.guard.breaker.mode != NORMAL:
        allowed = min(allowed, closable)
    if allowed <= 0:
        return DONE_RESTRICTED
    scope = state.log.open()
    mark = len(txn.events)
    reason = routing.take_vamm(txn, market, order, allowed)
    size = order.filled - before
    left = margin.equity(state, order.account)
    sunk = size > 0 and left < 0 and left < equity
    if sunk or (size > closable and margin.free(state, order.account) < 0):
        txn.take_back(scope, mark)
        return DONE_TAKER_MARGIN
    if size > 0:
        escrow.after_fill(txn, order)
    return reason if order.remaining > 0 else DONE_FILLED


def work_due(txn: Txn, limit: int) -> int:
    """Work off batches that are due and end auctions that are over, soonest first.

    At most ``limit`` pieces; returns how many.
    """
    board = txn.state.board
    done = 0
    while done < limit:
        ident = next_due(txn)
        if ident == 0:
            break
        work_one(txn, board.auctions[ident])
        done += 1
    return done


def next_due(txn: Txn) -> int:
    """The auction that is due next, by time, then id; 0 if none is."""
    board = txn.state.board
    ends = board.ends
    offers = board.offers_due
    over = ends.size() > 0 and ends.first_key() < txn.now
    due = offers.size() > 0 and offers.first_key() <= txn.now
    if over and due:
        first = (ends.first_key(), ends.first_id())
        other = (offers.first_key(), offers.first_id())
        return first[1] if first < other else other[1]
    if due:
        return offers.first_id()
    return ends.first_id() if over else 0


def work_one(txn: Txn, auction: Auction) -> None:
    """One piece of work, in a scope of its own; what cannot be finished ends without the vAMM."""
    log = txn.state.log
    scope = log.open()
    mark = len(txn.events)
    try:
        advance(txn, auction)
    except (Reject, RangeError):
        txn.to_trim.clear()
        txn.take_back(scope, mark)
        market = txn.state.markets[auction.market]
        auctions.end(txn, market, auction, DONE_NO_LIQUIDITY)
