"""The observer's orders: where each stands, what it may still do, how it ends."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.observer_curve import Curves, quotes
from tests.harness.observer_margin import AUCTION, BOOK, ENTERING, TRIGGER, Order
from tests.harness.observer_money import PPM, broken, down, must, up

ENDED = "ended"
Terminal = events.OrderRemoved


def items(command: commands.Command) -> list[commands.Command]:
    """The command, or those of a batch."""
    return list(command.items) if isinstance(command, commands.Batch) else [command]


class Orders(Curves):
    """Orders by id, by account, and by book."""

    def __init__(self) -> None:
        super().__init__()
        self.book: dict[tuple[int, int], dict[int, Order]] = {}
        self.rests = 0
        self.rested: set[int] = set()
        self.rank: dict[int, tuple[int, int, int, int]] = {}
        self.waiting: dict[int, tuple[int, int]] = {}  # trigger -> price, direction
        self.refunds: list[tuple[int, int]] = []
        self.served: set[int] = set()  # whose orders ended or were fired in it
        self.filled: events.Filled | None = None

    def band(self, market: int) -> tuple[int, int]:
        """Lowest and highest price around the oracle."""
        place = self.places[market]
        p = place.params
        low = up(place.price * (PPM - p.price_band), PPM)
        high = down(place.price * (PPM + p.price_band), PPM)
        return up(low, p.tick) * p.tick, down(high, p.tick) * p.tick

    def worst(self, market: int, side: int, given: int) -> int:
        """The worst price of a market order."""
        place = self.places[market]
        p = place.params
        low, high = self.band(market)
        bid, ask = quotes(place) if p.vamm_enabled else (place.price, place.price)
        if side == codes.BUY:
            price = given or down(ask * (PPM + p.market_slippage), PPM)
            return min(high, down(price, p.tick) * p.tick)
        price = given or up(bid * (PPM - p.market_slippage), PPM)
        return max(low, up(price, p.tick) * p.tick)

    def add(self, order: Order, where: str) -> None:
        """A new order."""
        order.where = where
        self.orders[order.ident] = order
        self.by_account.setdefault(order.account, {})[order.ident] = order

    def drop(self, order: Order) -> None:
        """An order is done."""
        must(order.escrowed == 0, "E4", f"order {order.ident} ends with {order.escrowed} held")
        self.unbook(order)
        order.where = ENDED
        self.orders.pop(order.ident, None)
        self.by_account[order.account].pop(order.ident, None)
        self.waiting.pop(order.ident, None)

    def unbook(self, order: Order) -> None:
        """It no longer stands in the book."""
        if order.where == BOOK:
            del self.book[order.market, order.side][order.ident]
            del self.rank[order.ident]

    def count(self, account: int) -> int:
        """Orders, auctions and triggers of an account."""
        open_now = (BOOK, AUCTION, TRIGGER)
        return sum(1 for o in self.by_account.get(account, {}).values() if o.where in open_now)

    def judge_count(self, account: int) -> None:
        """One limit over all kinds."""
        most = self.limits.open_orders_max
        must(self.count(account) <= most, "O1", f"{account} has {self.count(account)} of {most}")

    def best(self, market: int, side: int) -> Order | None:
        """Who is first in a side of the book."""
        orders = self.book.get((market, side), {})
        return min(orders.values(), key=lambda o: self.rank[o.ident]) if orders else None

    # Entering -------------------------------------------------------------------------------

    def on_OrderAccepted(self, e: events.OrderAccepted) -> None:  # noqa: N802
        """A new id, or that of a trigger that was just fired."""
        fired = self.orders.get(e.order)
        if fired is not None:
            must(fired.where == ENTERING, "O9", f"id {e.order} used again")
            self.by_account[fired.account].pop(e.order)
        else:
            must(e.order > self.last_order, "O9", f"id {e.order} after {self.last_order}")
            self.last_order = e.order
        must(e.size > 0, "N1", f"size {e.size}")
        place = self.places[e.market]
        order = Order(e.order, e.account, e.market, e.side, e.price, e.size)
        order.kind, order.tif, order.reduce_only = e.kind, e.tif, e.reduce_only
        order.expires, order.ranked = e.expires_ms, (self.now, -e.size)
        order.client = e.client_order_id
        if isinstance(self.command, commands.TradeVault):
            order.price = self.band(e.market)[1 if e.side == codes.BUY else 0]
        elif e.kind == codes.MARKET:
            order.price = self.worst(e.market, e.side, e.price)
        else:
            low, high = self.band(e.market)
            kept = low <= e.price <= high or self.is_free(e)
            must(kept, "B7", f"limit {e.price} outside {low}..{high}")
        must(e.size % place.params.step == 0 and e.price % place.params.tick == 0, "B2", "grid")
        for item in items(self.command):
            if isinstance(item, commands.PlaceOrder) and fired is None:
                asked = (
                    item.account, item.market, item.side, item.size, item.client_order_id,
                    item.kind, item.tif, item.reduce_only,
                )  # fmt: skip
                said = (
                    e.account, e.market, e.side, e.size, e.client_order_id,
                    e.kind, e.tif, e.reduce_only,
                )  # fmt: skip
                slid = item.post == codes.POST_SLIDE
                if asked == said and (item.price == e.price or slid):
                    order.post, order.directed = item.post, item.maker
        owns = self.sent_for(e) or self.owner[e.account] == self.principal or fired is not None
        must(owns and self.kind[e.account] == codes.TRADER, "X4", f"{e.account} of somebody else")
        must(place.mode != codes.HALTED, "C3", "an order in a halted market")
        self.add(order, ENTERING)
        self.entered(order, fired)

    def sent_for(self, e: events.OrderAccepted) -> bool:
        """See ``Gateway``."""
        return False

    def is_free(self, e: events.OrderAccepted) -> bool:
        """See ``Gateway``."""
        return False

    def entered(self, order: Order, fired: Order | None) -> None:
        """See ``Delayed`` and ``Gateway``."""

    def on_OrderRested(self, e: events.OrderRested) -> None:  # noqa: N802
        """What is left of an entering order stands in the book, crossing nothing."""
        order = self.orders.get(e.order)
        if order is None or order.where != ENTERING:
            broken("B2", f"order {e.order} rests without having come")
        must(order.tif == codes.GTC and order.kind == codes.LIMIT, "B8", f"{e.order} may not rest")
        must((e.account, e.market, e.side) == (order.account, order.market, order.side), "B2", "")
        must(order.unsure or e.price == order.price, "B4", f"rests at {e.price}, {order.price}")
        if not order.unsure:
            must(e.remaining == order.remaining, "B4", f"rests with {e.remaining}")
        order.price, order.remaining = e.price, e.remaining
        self.rests += 1
        sign = -1 if order.side == codes.BUY else 1
        self.rank[e.order] = (sign * e.price, *order.ranked, self.rests)
        order.where = BOOK
        self.book.setdefault((e.market, e.side), {})[e.order] = order
        self.rested.add(e.market)
        self.judge_count(e.account)
        self.judge_outcome(order)

    def judge_crossed(self) -> None:
        """Once a command is done, no book is crossed."""
        for market in self.rested:
            bid, ask = self.best(market, codes.BUY), self.best(market, codes.SELL)
            if bid is not None and ask is not None:
                must(bid.price < ask.price, "B1", f"{bid.price} crosses {ask.price}")
        self.rested.clear()

    def no_debt(self, account: int, before: int, fees: int, what: str) -> None:
        """Who trades does not come to owe, and who owes does not come to owe more, but for fees."""
        after = self.equity(account) + fees + 2 + 2 * self.slack(account)
        must(after >= min(0, before), "S2", f"{account} has {after} after {what}, had {before}")

    def judge_outcome(self, order: Order) -> None:
        """An order that opened, or may, leaves an account that carries it; none leaves debt."""
        if order.before is not None:
            self.no_debt(order.account, order.before, order.fees, f"order {order.ident}")
            order.before, order.fees = None, 0
        if order.reduce_only:
            return
        bids, _, asks, _ = self.sums(order.account, order.market)
        held = self.size(order.account, order.market)
        rests = order.where in (BOOK, AUCTION)
        closes = -held if order.side == codes.BUY else held
        open_side = bids if order.side == codes.BUY else asks
        risky = rests and open_side > max(0, closes)
        if order.opened or risky:
            self.carries(order.account, f"order {order.ident}")
            must(self.fresh(order.market), "P3", f"order {order.ident} opens on a stale price")
        if risky and order.where == BOOK:
            mode = self.places[order.market].effective()
            must(mode == codes.ACTIVE, "C3", f"order {order.ident} rests in mode {mode}")

    # Changes and ends -----------------------------------------------------------------------

    def on_OrderReduced(self, e: events.OrderReduced) -> None:  # noqa: N802
        """Smaller without a fill."""
        order = self.orders.get(e.order)
        if order is None or order.where != BOOK:
            broken("B2", f"order {e.order} is not in the book")
        must(e.removed > 0 and e.remaining > 0, "B2", f"removed {e.removed}")
        must(order.remaining == e.remaining + e.removed, "B4", f"{order.remaining} before")
        order.remaining = e.remaining
        order.total -= e.removed

    def on_OrderRemoved(self, e: Terminal) -> None:  # noqa: N802
        """The end of an order: exactly once, with exactly what is left."""
        order = self.orders.get(e.order)
        if order is None:
            order = self.nobody(e)
        self.served.add(e.account)
        must(e.resting == (order.where == BOOK), "B2", f"{e.order} is {order.where}")
        must(order.where != AUCTION, "U3", f"auction {e.order} ends without its end")
        must(order.unsure or order.remaining == e.remaining, "U3", f"left {order.remaining}")
        done = (e.reason == codes.DONE_FILLED) == (e.remaining == 0)
        must(done, "U3", f"reason {e.reason}, {e.remaining} left")
        self.settle_refund(order)
        if e.reason == codes.DONE_EXPIRED:
            must(0 < order.expires <= self.now, "T1", f"{e.order} expires at {order.expires}")
            must(order.expires < self.now or not e.resting, "T1", f"{e.order} expires early")
        if e.reason == codes.DONE_CANCELLED:
            self.judge_cancel(order)
        if e.reason == codes.DONE_AMENDED:
            self.amended(order)
            return
        if order.where == ENTERING:
            self.judge_outcome(order)
        self.drop(order)

    def nobody(self, e: Terminal) -> Order:
        """An order that came from nowhere."""
        broken("B2", f"order {e.order} ends without having been")

    def judge_cancel(self, order: Order) -> None:
        """Only its owner, or an operator, cancels."""
        mine = self.owner[order.account] == self.principal or self.principal in self.operators
        asked = any(
            isinstance(item, (commands.CancelOrder, commands.CancelAll))
            for item in items(self.command)
        )
        must(mine and asked, "X4", f"order {order.ident} cancelled by {self.principal}")

    operators: set[int]

    def amended(self, order: Order) -> None:
        """It comes anew under its id."""
        asked = [
            item
            for item in items(self.command)
            if isinstance(item, commands.AmendOrder) and item.order == order.ident
        ]
        must(bool(asked), "X4", f"order {order.ident} amended by nobody")
        self.unbook(order)
        order.where = ENTERING
        order.unsure = len(asked) > 1
        order.remaining = asked[0].size - order.filled
        order.total, order.price = asked[0].size, asked[0].price
        order.ranked = (self.now, -order.remaining)
        order.opened, order.post = False, codes.POST_NONE

    # Triggers -------------------------------------------------------------------------------

    def reached(self, ident: int, price: int) -> bool:
        """Whether the oracle price is at or past a trigger."""
        at, direction = self.waiting[ident]
        return price >= at if direction == codes.ABOVE else price <= at

    def on_TriggerPlaced(self, e: mechanisms.TriggerPlaced) -> None:  # noqa: N802
        """A new id that waits."""
        must(e.order > self.last_order, "O9", f"id {e.order} after {self.last_order}")
        self.last_order = e.order
        order = Order(e.order, e.account, e.market, e.side, e.price, e.size)
        order.kind, order.tif, order.reduce_only = e.kind, e.tif, e.reduce_only
        order.expires, order.client = e.expires_ms, e.client_order_id
        must(self.owner[e.account] == self.principal, "X4", f"{e.account} of somebody else")
        self.add(order, TRIGGER)
        self.waiting[e.order] = (e.trigger_price, e.direction)
        must(not self.reached(e.order, self.places[e.market].price), "O10", "reached already")
        self.judge_count(e.account)

    def on_TriggerFired(self, e: mechanisms.TriggerFired) -> None:  # noqa: N802
        """The oracle is there; the order enters under its id."""
        order = self.orders.get(e.order)
        if order is None or order.where != TRIGGER:
            broken("O10", f"trigger {e.order} does not wait")
        self.served.add(e.account)
        place = self.places[e.market]
        must(e.oracle == place.price > 0, "O10", f"oracle {e.oracle}, is {place.price}")
        must(e.trigger_price == self.waiting[e.order][0], "O10", f"at {e.trigger_price}")
        must(self.reached(e.order, place.price), "O10", f"{e.order} fired at {place.price}")
        must(place.mode != codes.HALTED, "C3", "a trigger in a halted market")
        if isinstance(self.command, commands.Tick):
            must(self.fresh(e.market), "P3", "a trigger on a stale price")
        order.where = ENTERING

    # Extra fees of keepers ------------------------------------------------------------------

    def before_extra_escrow(self, e: events.Transferred) -> None:
        """Held for the order that has just come to wait."""
        mine = [o for o in self.by_account[e.debit].values() if o.market == e.market]
        order = max(mine, key=lambda o: o.ident)
        must(order.where in (BOOK, AUCTION) and not order.escrowed, "E4", f"order {order.ident}")
        must(e.amount <= self.places[e.market].params.keeper_fee_max, "E4", f"fee {e.amount}")
        order.escrowed = e.amount

    def after_extra_escrow(self, e: events.Transferred) -> None:
        """The account still carries what it has."""
        self.carries(e.debit, "an extra fee was held back")

    def after_keeper_extra(self, e: events.Transferred) -> None:
        """To the keeper of the fill."""
        must(e.credit == self.keeper(), "E4", f"an extra fee to {e.credit}")
        order = self.lately(e.amount)
        if order is None:
            broken("E4", f"an extra fee of {e.amount} without a fill")
        order.escrowed = 0

    def after_extra_refund(self, e: events.Transferred) -> None:
        """Back to who gave it."""
        order = self.lately(e.amount)
        if order is not None and order.account == e.credit:
            order.escrowed = 0
        else:
            self.refunds.append((e.credit, e.amount))

    def lately(self, amount: int) -> Order | None:
        """The order of the last fill for which this much was held."""
        if self.filled is None:
            return None
        for ident in (self.filled.taker_order, self.filled.maker_order):
            order = self.orders.get(ident)
            if order is not None and order.escrowed == amount:
                return order
        return None

    def settle_refund(self, order: Order) -> None:
        """What was given back before an order ended was its own."""
        if order.escrowed and (order.account, order.escrowed) in self.refunds:
            self.refunds.remove((order.account, order.escrowed))
            order.escrowed = 0

    def keeper(self) -> int:
        """The account that the command's rewards go to."""
        found = getattr(self.command, "keeper", -1)
        return codes.KEEPER_ACCOUNT if found < 0 else int(found)

    def before_keeper_flat(self, e: events.Transferred) -> None:
        """From whose order was looked after, if it can spare that; for funding from the pot."""
        if isinstance(self.command, commands.UpdateFunding):
            must(e.debit == codes.KEEPER_ACCOUNT, "E4", f"account {e.debit} pays for funding")
            return
        must(e.debit in self.served, "E4", f"account {e.debit} pays a keeper for nothing")
        spare = max(0, self.free(e.debit)) + self.slack(e.debit)
        must(e.amount <= spare, "E4", f"account {e.debit} pays {e.amount}, can spare {spare}")

    def after_keeper_flat(self, e: events.Transferred) -> None:
        """To the command's keeper, no more than is set."""
        must(e.credit == self.keeper() != codes.KEEPER_ACCOUNT, "E4", f"a flat fee to {e.credit}")
        must(self.owner[e.credit] == self.principal, "E4", "a flat fee to somebody else")
        must(e.amount <= self.places[e.market].params.keeper_flat_fee, "E4", f"flat {e.amount}")
