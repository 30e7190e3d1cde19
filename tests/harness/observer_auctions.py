"""Dutch auctions as the observer sees them: room, path, offers, one end."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.observer_curve import quotes
from tests.harness.observer_fills import Fills
from tests.harness.observer_margin import AUCTION, ENTERING, Order
from tests.harness.observer_money import LOT, broken, down, must, up
from tests.harness.observer_orders import items


class Offer:
    """What a maker offers, while it waits or is being filled."""

    def __init__(self, e: mechanisms.AuctionOffered, now: int) -> None:
        self.ident, self.account, self.price, self.left = e.offer, e.account, e.price, e.size
        self.size, self.arrived = e.size, now


class Live:
    """A live auction."""

    def __init__(self, e: mechanisms.AuctionStarted) -> None:
        self.told = e
        self.offers: dict[int, Offer] = {}

    def asked(self, now: int, tick: int) -> int:
        """The price of the path, on the tick in the taker's favour, never past the limit."""
        e = self.told
        length = e.ends_ms - e.started_ms
        part = min(now - e.started_ms, length)
        if e.side == codes.BUY:
            moved = down((e.end - e.start) * part, length) if length else e.end - e.start
            return min(e.limit, down(e.start + moved, tick) * tick)
        moved = down((e.start - e.end) * part, length) if length else e.start - e.end
        return max(e.limit, up(e.start - moved, tick) * tick)


class Auctions(Fills):
    """Every auction from its start to its one end."""

    def __init__(self) -> None:
        super().__init__()
        self.auctions: dict[int, Live] = {}
        self.last_offer = 0
        self.late: dict[int, Offer] = {}  # of an auction that is over: to be dropped at once

    def live_in(self, market: int) -> list[Live]:
        """The live auctions of a market."""
        return [live for live in self.auctions.values() if live.told.market == market]

    def on_AuctionStarted(self, e: mechanisms.AuctionStarted) -> None:  # noqa: N802
        """Room, size, band and time of a new auction."""
        order = self.orders.get(e.auction)
        if order is None:
            order = self.closing_order(e.auction, e.account, e.market)
        must(order.where == ENTERING and e.auction not in self.auctions, "U1", "started twice")
        p = self.places[e.market].params
        must(p.auction or e.cause == codes.OF_LIQUIDATION, "U1", "auctions are off")
        must((e.account, e.market, e.side) == (order.account, order.market, order.side), "U3", "")
        must(e.size == order.remaining > 0, "U3", f"size {e.size}, left {order.remaining}")
        must(e.limit == order.price, "B4", f"limit {e.limit}, order's {order.price}")
        must(e.reduce_only == order.reduce_only, "O6", "reduce-only is lost")
        times = (e.started_ms, e.ends_ms)
        must(times == (self.now, self.now + p.auction_ms), "U3", f"from {times}")
        bid, ask = quotes(self.places[e.market])
        must(e.end == (ask if e.side == codes.BUY else bid), "U2", f"end {e.end} at {bid}/{ask}")
        backwards = e.start > e.end if e.side == codes.BUY else e.start < e.end
        must(not backwards, "U2", f"from {e.start} to {e.end}")
        self.auctions[e.auction] = Live(e)
        order.where = AUCTION
        live = self.live_in(e.market)
        must(len(live) <= p.auctions_max, "U1", f"{len(live)} live")
        if e.cause == codes.OF_ORDER:
            orders = [one for one in live if one.told.cause == codes.OF_ORDER]
            most = p.auctions_max - p.auctions_reserved
            must(len(orders) <= most, "U1", f"{len(orders)} of orders, {most} at most")
            own = [
                one
                for one in self.auctions.values()
                if one.told.account == e.account and one.told.cause == codes.OF_ORDER
            ]
            must(len(own) <= p.auctions_per_account, "U1", f"{len(own)} of {e.account}")
            worth = down(self.places[e.market].price * e.size, LOT)
            must(worth >= p.auction_min_notional, "U1", f"worth {worth}")
            self.judge_count(e.account)
            self.judge_outcome(order)

    def on_AuctionOffered(self, e: mechanisms.AuctionOffered) -> None:  # noqa: N802
        """In time, at the price asked or better, by somebody else."""
        live = self.auctions.get(e.auction)
        if live is None:
            broken("U3", f"an offer for {e.auction}, which is not live")
        p = self.places[e.market].params
        must(e.offer > self.last_offer, "O9", f"offer {e.offer} after {self.last_offer}")
        self.last_offer = e.offer
        must(self.now <= live.told.ends_ms, "U3", f"an offer after {live.told.ends_ms}")
        asked = live.asked(self.now, p.tick)
        must(e.asked == asked, "U2", f"asked {e.asked}, path {asked}")
        good = e.price <= asked if live.told.side == codes.BUY else e.price >= asked
        must(good, "U2", f"offers {e.price}, asked {asked}")
        must(self.owner[e.account] != self.owner[live.told.account], "B5", "an offer to oneself")
        must(self.owner[e.account] == self.principal, "X4", "an offer of somebody else")
        must(e.price % p.tick == 0 and e.size % p.step == 0, "B2", "off the grid")
        low, high = self.band(e.market)
        must(low <= e.price <= high, "B7", f"offer {e.price} outside {low}..{high}")
        live.offers[e.offer] = Offer(e, self.now)

    def judge_offer(self, f: events.Filled, taker: Order) -> None:
        """A fill is of the best offer there is, at its own price, no later than it may be."""
        live = self.auctions.get(f.taker_order)
        if live is None or taker.where != AUCTION:
            broken("U3", f"fill {f.fill} of an auction that is not live")
        sign = 1 if f.side == codes.BUY else -1
        order = sorted(
            live.offers.values(), key=lambda o: (sign * o.price, o.arrived, -o.size, o.ident)
        )
        if not order or order[0].account != f.maker:
            broken("U6", f"fill {f.fill} is not of the best offer")
        one = order[0]
        must(f.price == one.price, "B4", f"price {f.price}, offer's {one.price}")
        must(f.size <= one.left, "U3", f"size {f.size} of {one.left}")
        rounded = up if f.side == codes.BUY else down
        must(f.quote == rounded(f.price * f.size, LOT), "E2", f"quote {f.quote}")
        tick = self.places[f.market].params.tick
        asked = live.asked(min(self.now, live.told.ends_ms), tick)
        good = f.price <= asked if f.side == codes.BUY else f.price >= asked
        must(good, "U2", f"fills at {f.price}, asked {asked}")
        must(f.maker_order == 0, "U4", f"maker's order {f.maker_order}")
        one.left -= f.size
        if one.left == 0:
            del live.offers[one.ident]

    def on_OfferDropped(self, e: mechanisms.OfferDropped) -> None:  # noqa: N802
        """What an offer could not fill."""
        live = self.auctions.get(e.auction)
        offers = self.late if live is None else live.offers
        one = offers.pop(e.offer, None)
        if one is None:
            broken("U3", f"offer {e.offer} is dropped and was not there")
        must(one.left == e.remaining > 0, "U3", f"offer {e.offer} has {one.left} left")

    def on_AuctionEnded(self, e: mechanisms.AuctionEnded) -> None:  # noqa: N802
        """Once, in time, with everything accounted for."""
        live = self.auctions.pop(e.auction, None)
        order = self.orders.get(e.auction)
        if live is None or order is None:
            broken("U3", f"auction {e.auction} ends, and was not live")
        self.late.update(live.offers)
        sums = (order.filled, order.remaining)
        must((e.filled, e.remaining) == sums, "U3", f"{e.filled} + {e.remaining}, {sums}")
        must(order.unsure or e.filled + e.remaining == order.total, "U3", f"of {order.total}")
        liquidating = live.told.cause == codes.OF_LIQUIDATION
        must((e.reason == codes.DONE_FILLED) == (e.remaining == 0), "U3", f"reason {e.reason}")
        early = self.now <= live.told.ends_ms
        if e.reason == codes.DONE_CANCELLED:
            must(not liquidating, "U4", "a liquidation is cancelled")
            kinds = (commands.CancelOrder, commands.CancelAll)
            must(any(isinstance(c, kinds) for c in items(self.command)), "U3", "by nobody")
        elif e.reason not in (
            codes.DONE_FILLED, codes.DONE_TAKER_MARGIN, codes.DONE_RECOVERED,
            codes.DONE_LIQUIDATED, codes.DONE_REDUCE_ONLY,
        ):  # fmt: skip
            must(not early, "U3", f"ends at {self.now} for {e.reason}, {live.told.ends_ms}")
        self.settle_refund(order)
        if liquidating:
            # Its last part begins with all funding settled; less than a unit leaves no event.
            for market in range(len(self.places)):
                self.hide(order.account, market)
        order.where = ENTERING
        order.opened = False
