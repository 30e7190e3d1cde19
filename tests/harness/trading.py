"""The auditor's orders: entry checks, matching against the naive book and vAMM, amendments."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from tests.harness import naive_vamm
from tests.harness.exact import PPM, down_to, up_to, worth_down, worth_up
from tests.harness.matching import Matching, Order
from tests.harness.model import BUY, SELL, Holder, Refused, Venue
from tests.harness.naive_book import Resting, closable


class Trading(Matching):
    """Everything between an order and a position."""

    # Look-ups -------------------------------------------------------------------------------

    def holder(self, account: int) -> Holder:
        """A known account."""
        if not 0 <= account < len(self.accounts):
            raise Refused(codes.UNKNOWN_ACCOUNT, account, len(self.accounts))
        return self.accounts[account]

    def own(self, account: int) -> Holder:
        """An account of the sender."""
        holder = self.holder(account)
        if holder.owner != self.principal:
            raise Refused(codes.NOT_OWNER, account, holder.owner)
        return holder

    def own_trader(self, account: int) -> Holder:
        """A trading account of the sender."""
        holder = self.own(account)
        if holder.kind != codes.TRADER:
            raise Refused(codes.ACCOUNT_KIND, holder.kind, codes.TRADER)
        return holder

    def own_or_operator(self, account: int) -> Holder:
        """An account of the sender, or any for the operator."""
        return self.holder(account) if self.roles & codes.ROLE_OPERATOR else self.own(account)

    def venue(self, market: int) -> Venue:
        """A known market."""
        if not 0 <= market < len(self.venues):
            raise Refused(codes.UNKNOWN_MARKET, market, len(self.venues))
        return self.venues[market]

    def orders_of(self, account: int) -> list[tuple[int, Resting]]:
        """Market and order, by arrival."""
        found = [(m, o) for m, book in enumerate(self.books) for o in book.of(account)]
        return sorted(found, key=lambda pair: pair[1].sequence)

    # Commands -------------------------------------------------------------------------------

    def on_PlaceOrder(self, cmd: commands.PlaceOrder) -> None:  # noqa: N802
        """Checks in order of precedence, then work."""
        self.own_trader(cmd.account)
        venue = self.venue(cmd.market)
        self.check_fields(cmd)
        self.check_grid(venue, cmd.price, cmd.size)
        if not cmd.reduce_only:
            price = cmd.price or self.feeds[cmd.market].price
            self.check_worth(venue, price, cmd.size)
        mine = self.orders_of(cmd.account)
        if cmd.tif == codes.GTC and len(mine) >= self.limits.open_orders_max:
            raise Refused(codes.OPEN_ORDERS_LIMIT, len(mine), self.limits.open_orders_max)
        if cmd.client_order_id:
            for _, other in mine:
                if other.client == cmd.client_order_id:
                    raise Refused(codes.CLIENT_ORDER_ID_IN_USE, other.ident)
        self.check_allowed(cmd.account, cmd.market, cmd.side, cmd.size, cmd.reduce_only, cmd.tif)
        price = self.limit_of(cmd)
        ident = self.next_order
        self.next_order += 1
        shown = cmd.price if cmd.kind == codes.MARKET else price
        self.events.append(
            events.OrderAccepted(
                ident, cmd.account, cmd.market, cmd.side, cmd.kind, cmd.tif, shown, cmd.size,
                cmd.reduce_only, cmd.expires_ms, cmd.client_order_id,
            )
        )  # fmt: skip
        self.execute(
            Order(
                ident, cmd.account, cmd.market, cmd.side, price, cmd.size, cmd.size, 0,
                cmd.reduce_only, cmd.expires_ms, cmd.client_order_id, cmd.kind, cmd.tif, cmd.post,
            )
        )  # fmt: skip

    def on_CancelOrder(self, cmd: commands.CancelOrder) -> None:  # noqa: N802
        """By id or by client id."""
        self.own_or_operator(cmd.account)
        for market, order in self.orders_of(cmd.account):
            by_client = cmd.order == 0 and cmd.client_order_id not in ("", None)
            if order.ident == cmd.order or (by_client and order.client == cmd.client_order_id):
                self.remove(market, order, codes.DONE_CANCELLED)
                return
        raise Refused(codes.UNKNOWN_ORDER, cmd.order)

    def on_CancelAll(self, cmd: commands.CancelAll) -> None:  # noqa: N802
        """In one market or in all."""
        self.own_or_operator(cmd.account)
        if cmd.market >= 0:
            self.venue(cmd.market)
        for market, order in self.orders_of(cmd.account):
            if cmd.market in (-1, market):
                self.remove(market, order, codes.DONE_CANCELLED)

    def on_AmendOrder(self, cmd: commands.AmendOrder) -> None:  # noqa: N802
        """Shrinking keeps the place; anything else is a new arrival under the same id."""
        self.own_trader(cmd.account)
        found = [(m, o) for m, o in self.orders_of(cmd.account) if o.ident == cmd.order]
        if not found:
            raise Refused(codes.UNKNOWN_ORDER, cmd.order)
        market, old = found[0]
        venue = self.venues[market]
        if 0 < old.expires < self.now:
            raise Refused(codes.ALREADY_EXPIRED, old.expires, self.now)
        if (cmd.price, cmd.size) == (old.price, old.size):
            raise Refused(codes.AMEND_NOTHING, cmd.price, cmd.size)
        self.check_grid(venue, cmd.price, cmd.size)
        if cmd.size <= old.filled:
            raise Refused(codes.AMEND_BELOW_FILLED, cmd.size, old.filled)
        left = cmd.size - old.filled
        if not old.reduce_only:
            self.check_worth(venue, cmd.price, left)
        if cmd.price == old.price and cmd.size < old.size:
            self.shrink(market, old, old.remaining - left)
            return
        self.remove(market, old, codes.DONE_AMENDED)
        if len(self.orders_of(cmd.account)) >= self.limits.open_orders_max:
            count = len(self.orders_of(cmd.account))
            raise Refused(codes.OPEN_ORDERS_LIMIT, count, self.limits.open_orders_max)
        self.check_allowed(cmd.account, market, old.side, left, old.reduce_only, codes.GTC)
        self.check_band(market, cmd.price)
        self.execute(
            Order(
                old.ident, old.account, market, old.side, cmd.price, cmd.size, left, old.filled,
                old.reduce_only, old.expires, old.client, codes.LIMIT, codes.GTC, codes.POST_NONE,
            )
        )  # fmt: skip

    # Entry checks ---------------------------------------------------------------------------

    def check_fields(self, cmd: commands.PlaceOrder) -> None:
        """Fields that contradict each other."""
        limit, gtc = cmd.kind == codes.LIMIT, cmd.tif == codes.GTC
        if not limit and gtc:
            raise Refused(codes.ORDER_COMBINATION, 1)
        if limit and cmd.price == 0:
            raise Refused(codes.ORDER_COMBINATION, 2)
        if cmd.post != codes.POST_NONE and not (limit and gtc):
            raise Refused(codes.ORDER_COMBINATION, 3)
        if cmd.expires_ms and not gtc:
            raise Refused(codes.ORDER_COMBINATION, 4)
        if 0 < cmd.expires_ms <= self.now:
            raise Refused(codes.ALREADY_EXPIRED, cmd.expires_ms, self.now)

    def check_grid(self, venue: Venue, price: int, size: int) -> None:
        """Tick and step."""
        if price % venue.params.tick:
            raise Refused(codes.PRICE_NOT_ON_TICK, price, venue.params.tick)
        if size % venue.params.step:
            raise Refused(codes.SIZE_NOT_ON_STEP, size, venue.params.step)

    def check_worth(self, venue: Venue, price: int, size: int) -> None:
        """Smallest order."""
        worth = worth_down(price, size)
        if worth < venue.params.min_notional:
            raise Refused(codes.NOTIONAL_TOO_SMALL, worth, venue.params.min_notional)

    def opens(self, account: int, market: int, side: int, size: int, reduce_only: bool) -> bool:
        """Whether an order could open, with what rests on its side."""
        if reduce_only:
            return False
        sums = self.books[market].sums(account)
        resting = sums.bid_size if side == BUY else sums.ask_size
        return size + resting > closable(self.held(account, market), side)

    def check_allowed(
        self, account: int, market: int, side: int, size: int, reduce_only: bool, tif: int
    ) -> None:
        """Mode and oracle refuse what adds risk, and only that; restricted, only if it rests."""
        mode = self.venues[market].mode
        if mode == codes.HALTED:
            raise Refused(codes.MARKET_MODE, mode, codes.HALTED)
        risky = self.opens(account, market, side, size, reduce_only)
        if risky and mode != codes.ACTIVE and (mode != codes.RESTRICTED or tif == codes.GTC):
            raise Refused(codes.MARKET_MODE, mode, codes.ACTIVE)
        held = self.held(account, market)
        if reduce_only and closable(held, side) == 0:
            raise Refused(codes.REDUCE_ONLY_NOTHING, held, size)
        if (risky or self.feeds[market].price == 0) and not self.fresh(market):
            oldest = self.venues[market].params.oracle_max_age_ms
            raise Refused(codes.ORACLE_INVALID, self.price_age(market), oldest)

    def check_band(self, market: int, price: int) -> None:
        """A limit around the oracle."""
        low, high = self.band(market)
        if price < low:
            raise Refused(codes.PRICE_BAND, price, low)
        if price > high:
            raise Refused(codes.PRICE_BAND, price, high)

    def limit_of(self, cmd: commands.PlaceOrder) -> int:
        """The worst price the order accepts."""
        params = self.venues[cmd.market].params
        if cmd.kind == codes.MARKET:
            return self.worst_price(cmd.market, cmd.side, cmd.price)
        self.check_band(cmd.market, cmd.price)
        best = self.best_facing(cmd.market, cmd.side)
        if cmd.post == codes.POST_NONE or best == 0:
            return cmd.price
        if (cmd.price < best) if cmd.side == BUY else (cmd.price > best):
            return cmd.price
        moved = best - params.tick if cmd.side == BUY else best + params.tick
        if cmd.post == codes.POST_REJECT or moved < 1:
            raise Refused(codes.POST_ONLY_CROSSES, cmd.price, best)
        self.check_band(cmd.market, moved)
        return moved

    def worst_price(self, market: int, side: int, given: int) -> int:
        """Of a market order: given, or slippage off the vAMM (else the oracle), in the band."""
        params = self.venues[market].params
        low, high = self.band(market)
        start = self.feeds[market].price
        if params.vamm_enabled:
            start = naive_vamm.shown_price(self.curves[market], params, side)
        if side == BUY:
            worst = given or start * (PPM + params.market_slippage) // PPM
            return down_to(min(worst, high), params.tick)
        worst = given or -(-start * (PPM - params.market_slippage) // PPM)
        return up_to(max(worst, low), params.tick)

    def best_facing(self, market: int, side: int) -> int:
        """Best price a post-only order must stay behind: book, and the vAMM while it quotes."""
        params = self.venues[market].params
        best = self.books[market].best_price(SELL if side == BUY else BUY)
        if not params.vamm_enabled or not self.fresh(market):
            return best
        shown = naive_vamm.shown_price(self.curves[market], params, side)
        if side == BUY:
            quote = up_to(shown, params.tick)
            return min(best, quote) if best else quote
        return max(best, down_to(shown, params.tick))

    # Work -----------------------------------------------------------------------------------

    def execute(self, order: Order) -> None:
        """Fill, rest or drop, and judge the outcome."""
        market, account = order.market, order.account
        interest = self.open_interest(market)
        risky = self.opens(account, market, order.side, order.left, order.reduce_only)
        left = order.left
        stood = self.equity(account)
        if order.post == codes.POST_NONE:
            left = self.take_book(order)
            if self.complete:
                left = self.take_vamm(order, left)
            self.trim()
            if order.tif == codes.FOK and left > 0:
                raise Refused(codes.FOK_NOT_FILLABLE, order.left - left, order.left)
        filled = order.filled + order.left - left
        if left == 0:
            self.gone(order, 0, codes.DONE_FILLED)
        elif order.post == codes.POST_NONE and not self.complete:
            self.gone(order, left, codes.DONE_WORK_LIMIT)
        elif order.tif == codes.GTC:
            self.rest(order, left, filled)
        elif order.kind == codes.MARKET and filled == 0:
            self.gone(order, left, codes.DONE_NO_LIQUIDITY)
        else:
            self.gone(order, left, codes.DONE_IOC)
        if risky:
            spare = self.free(account)
            if spare < 0:
                equity = self.equity(account)
                raise Refused(codes.INSUFFICIENT_MARGIN, equity, equity - spare)
            most = self.venues[market].params.open_interest_max
            now_open = self.open_interest(market)
            if now_open > most and now_open > interest:
                raise Refused(codes.OPEN_INTEREST, now_open, most)
        elif left < order.left:
            equity = self.equity(account)
            if equity < min(0, stood):
                raise Refused(codes.INSUFFICIENT_MARGIN, equity, min(0, stood))

    def gone(self, order: Order, left: int, reason: int) -> None:
        """An order that does not rest is done."""
        self.events.append(
            events.OrderRemoved(
                order.ident, order.account, order.market, order.side, order.price, left, reason,
                False,
            )
        )  # fmt: skip

    def rest(self, order: Order, left: int, filled: int) -> None:
        """What is left rests; a reduce-only order must find something to reduce."""
        worth_up(order.price, left)  # what rests has a notional, reduce-only or not
        sequence = self.next_sequence
        self.next_sequence += 1
        resting = Resting(
            order.ident, order.account, order.side, order.price, order.size, left, filled,
            order.reduce_only, order.expires, order.client, self.now,
            order.left, sequence,
        )  # fmt: skip
        self.books[order.market].put(resting)
        self.events.append(
            events.OrderRested(
                order.ident, order.account, order.market, order.side, order.price, left
            )
        )
        if order.reduce_only:
            self.to_trim.append((order.account, order.market))
            self.trim()
            if self.books[order.market].find(order.ident) is None and filled == 0:
                held = self.held(order.account, order.market)
                raise Refused(codes.REDUCE_ONLY_NOTHING, held, order.size)
