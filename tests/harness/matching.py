"""The auditor's matching: the naive book first, then the vAMM, and what fills do."""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.messages import codes, events
from tests.harness import naive_vamm
from tests.harness.exact import LOT, down_to, share_down, worth_down, worth_up
from tests.harness.model import BUY, Model
from tests.harness.naive_book import Resting, closable


class Order(NamedTuple):
    """An order on its way: what is asked for, before anything rests."""

    ident: int
    account: int
    market: int
    side: int
    price: int
    size: int
    left: int
    filled: int
    reduce_only: bool
    expires: int
    client: str
    kind: int
    tif: int
    post: int


class Matching(Model):
    """Taking liquidity and what it does to resting orders."""

    def remove(self, market: int, order: Resting, reason: int) -> None:
        """A resting order leaves."""
        self.books[market].drop(order.ident)
        self.events.append(
            events.OrderRemoved(
                order.ident, order.account, market, order.side, order.price, order.remaining,
                reason, True,
            )
        )  # fmt: skip

    def shrink(self, market: int, order: Resting, removed: int) -> None:
        """A resting order gets smaller without a fill."""
        smaller = order.shrunk(removed)
        self.books[market].change(smaller)
        self.events.append(
            events.OrderReduced(
                order.ident, order.account, market, order.side, order.price, smaller.remaining,
                removed,
            )
        )  # fmt: skip

    def trim(self) -> None:
        """Reduce-only orders never exceed the position they close."""
        for account, market in dict.fromkeys(self.to_trim):
            for order, keep in self.books[market].too_much(account, self.held(account, market)):
                self.count("trims")
                if keep == 0:
                    self.remove(market, order, codes.DONE_REDUCE_ONLY)
                else:
                    self.shrink(market, order, order.remaining - keep)
        self.to_trim = []

    def may_take(self, order: Order, left: int) -> int:
        """A reduce-only taker never trades through its position."""
        if not order.reduce_only:
            return left
        return min(left, closable(self.held(order.account, order.market), order.side))

    def take_book(self, order: Order) -> int:
        """Match against the book; returns what is left. ``complete`` tells of the work limit."""
        market, book, left = order.market, self.books[order.market], order.left
        met, self.complete = 0, True
        while left > 0:
            maker = book.next_maker(order.side, order.price)
            if maker is None:
                break
            if met == self.limits.matches_max:
                self.complete = False
                self.count("work limits")
                break
            met += 1
            reason = self.unfit(order, maker)
            if reason:
                self.remove(market, maker, reason)
                continue
            most = closable(self.held(maker.account, market), maker.side)
            offered = min(maker.remaining, most) if maker.reduce_only else maker.remaining
            size = min(self.may_take(order, left), offered)
            if self.venues[market].mode != codes.ACTIVE:
                size = min(size, closable(self.held(order.account, market), order.side))
            if size == 0:
                break
            quote = worth_down(maker.price, size)
            opening = not maker.reduce_only and size > most
            if not (
                self.maker_can_carry(market, maker, size, quote)
                if opening
                else self.stays_solvent(market, maker, size, quote)
            ):
                self.remove(market, maker, codes.DONE_MAKER_MARGIN)
                continue
            book.change(maker.traded(size))
            self.settle_book(order, maker, size, quote)
            left -= size
            if size == maker.remaining:
                self.remove(market, maker.traded(size), codes.DONE_FILLED)
        return left

    def unfit(self, order: Order, maker: Resting) -> int:
        """Why a resting order goes instead of being matched."""
        low, high = self.band(order.market)
        if self.accounts[maker.account].owner == self.accounts[order.account].owner:
            return codes.DONE_SELF_TRADE
        if 0 < maker.expires < self.now:
            return codes.DONE_EXPIRED
        if not low <= maker.price <= high:
            return codes.DONE_PRICE_BAND
        held = self.held(maker.account, order.market)
        if maker.reduce_only and closable(held, maker.side) == 0:
            return codes.DONE_REDUCE_ONLY
        return 0

    def maker_can_carry(self, market: int, maker: Resting, size: int, quote: int) -> bool:
        """Whether the maker meets its requirement after the fill, the order that much smaller."""
        book = self.books[market]
        rebate = share_down(quote, self.venues[market].params.maker_rebate)
        sign = 1 if maker.side == BUY else -1
        self.books[market] = book.copy()
        self.books[market].change(maker.traded(size))
        spare = self.free_if(maker.account, market, sign * size, rebate - sign * quote)
        self.books[market] = book
        return spare >= 0

    def stays_solvent(self, market: int, maker: Resting, size: int, quote: int) -> bool:
        """Whether a maker who closes can bear what the fill loses against the oracle."""
        price = self.feeds[market].price
        if maker.side == BUY:
            lost = quote - worth_down(price, size)
        else:
            lost = worth_up(price, size) - quote
        return lost <= 0 or self.equity(maker.account) >= lost

    def settle_book(self, order: Order, maker: Resting, size: int, quote: int) -> None:
        """Money, positions, fees and the report of a fill against a resting order."""
        market, sign = order.market, 1 if order.side == BUY else -1
        pair = (order.account, maker.account)
        payer, payee = pair if order.side == BUY else pair[::-1]
        self.shift(payer, payee, quote)
        taker_pnl = self.move(order.account, market, sign * size, sign * quote)
        maker_pnl = self.move(maker.account, market, -sign * size, -sign * quote)
        fee, rebate, parts = self.charge(market, order.account, maker.account, quote)
        self.report(
            order, codes.FROM_BOOK, maker.account, maker.ident, maker.price, size, quote,
            (fee, rebate, taker_pnl, maker_pnl), (0, *parts),
        )  # fmt: skip

    def report(
        self, order: Order, source: int, maker: int, maker_order: int, price: int, size: int,
        quote: int, amounts: tuple[int, int, int, int], parts: tuple[int, ...],
    ) -> None:  # fmt: skip
        """The fill as an event."""
        fill = self.next_fill
        self.next_fill += 1
        self.events.append(
            events.Filled(
                fill, order.market, order.side, source, order.account, maker, order.ident,
                maker_order, price, size, quote, *amounts, self.held(order.account, order.market),
                self.held(maker, order.market), *parts, codes.KEEPER_ACCOUNT,
            )
        )  # fmt: skip

    def take_vamm(self, order: Order, left: int) -> int:
        """Trade what is left against the vAMM, as far as it goes; returns what is left then."""
        market, side = order.market, order.side
        venue, curve = self.venues[market], self.curves[market]
        params = venue.params
        if left == 0 or not params.vamm_enabled or not self.fresh(market):
            return left
        low, high = self.band(market)
        limit = min(order.price, high) if side == BUY else max(order.price, low)
        size = naive_vamm.takes(curve, params, side, self.may_take(order, left), limit)
        if size <= 0:
            return left
        quote = naive_vamm.price_fill(curve, params, side, size)
        sign = 1 if side == BUY else -1
        reducing = min(size, max(0, -sign * curve.net))
        if reducing < size:
            restricted = venue.mode == codes.RESTRICTED
            spare = self.free_if(venue.vamm, market, -sign * size, sign * quote.own)
            if restricted or spare < 0:
                self.count("restricted fills" if restricted else "vamm capital refusals")
                size = down_to(reducing, params.step)
                if size == 0:
                    return left
                quote = naive_vamm.price_fill(curve, params, side, size)
        if sign * quote.taker * LOT > sign * limit * size:
            return left
        self.curves[market] = curve._replace(x=quote.x, y=quote.y, net=curve.net + sign * size)
        self.settle_vamm(order, size, quote)
        return left - size

    def settle_vamm(self, order: Order, size: int, quote: naive_vamm.Quote) -> None:
        """The vAMM's leg is the plain quote, the spread goes to the adjustments pool."""
        market, venue = order.market, self.venues[order.market]
        params, taker, vamm = venue.params, order.account, venue.vamm
        if order.side == BUY:
            sign, surplus = 1, quote.taker - quote.own
            self.shift(taker, vamm, quote.own)
            price = -(-quote.taker * LOT // size)
        else:
            sign, surplus = -1, quote.own - quote.taker
            self.shift(vamm, taker, quote.own)
            price = quote.taker * LOT // size
        self.shift(taker, venue.adjustments, surplus)
        taker_pnl = self.move(taker, market, sign * size, sign * quote.taker)
        maker_pnl = self.move(vamm, market, -sign * size, -sign * quote.own)
        fee, rebate, parts = self.charge(market, taker, -1, quote.taker)
        self.report(
            order, codes.FROM_VAMM, vamm, 0, price, size, quote.taker,
            (fee, rebate, taker_pnl, maker_pnl), (surplus, *parts),
        )  # fmt: skip
        curve = self.curves[market]
        self.events.append(
            events.VammMoved(
                market, curve.x, curve.y, curve.peg, curve.net, surplus,
                naive_vamm.shown_price(curve, params, 1 - BUY),
                naive_vamm.shown_price(curve, params, BUY),
            )
        )  # fmt: skip
