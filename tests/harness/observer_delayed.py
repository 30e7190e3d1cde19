"""Delayed orders as the observer sees them, from their placing to their one attempt."""

from __future__ import annotations

from collections.abc import Callable

from plimsoll.messages import codes, commands, events
from tests.harness.observer_margin import AUCTION, ENTERING, TRIGGER, Order
from tests.harness.observer_money import LOT, Place, broken, down, must
from tests.harness.observer_verdicts import Rules, Verdicts


class Later:
    """A delayed order while it waits."""

    def __init__(self, e: events.DelayedPlaced) -> None:
        self.told = e
        self.earliest, self.expires = e.earliest_ms, e.expires_ms


class Delayed(Verdicts):
    """Every delayed order, from its placing to its one attempt."""

    def __init__(self) -> None:
        super().__init__()
        self.later: dict[int, Later] = {}
        self.tried: dict[int, Later] = {}  # in this command
        self.tries = 0

    def rules(self, c: commands.Command) -> Rules | None:
        """What may refuse a command, in order; None if nothing is foretold."""
        if isinstance(c, commands.PlaceDelayed):
            return self.rules_of_placing(c)
        if isinstance(c, commands.ExecuteDelayed):
            return self.rules_of_executing(c)
        return super().rules(c)

    # Placing ------------------------------------------------------------------------------------

    def earliest(self, market: int) -> int:
        """From when on a price lets an order go that is placed now."""
        place = self.places[market]
        return max(self.now, place.published) + max(1, place.params.delayed_ms)

    def rules_of_placing(self, c: commands.PlaceDelayed) -> Rules:
        """Who, where, what, until when, and how many."""
        yield from self.owned(c.account)
        yield codes.UNKNOWN_MARKET, c.market >= len(self.places)
        if c.market >= len(self.places):
            return
        place = self.places[c.market]
        unpriced = c.kind == codes.LIMIT and c.price == 0
        yield codes.ORDER_COMBINATION, c.tif == codes.GTC or unpriced
        yield from self.vault_rules(c.maker, c.market)
        yield codes.ALREADY_EXPIRED, c.expires_ms <= self.now
        latest = self.now + place.params.delayed_validity_max_ms
        yield codes.BAD_FIELD, not self.earliest(c.market) <= c.expires_ms <= latest
        yield from self.grid_rules(place, c.price, c.size)
        if not c.reduce_only:
            yield from self.worth_rules(place, c.price, c.size)
        most = self.limits.open_orders_max
        yield codes.OPEN_ORDERS_LIMIT, self.count(c.account) >= most
        yield codes.CLIENT_ORDER_ID_IN_USE, self.uses_client(c.account, c.client_order_id)
        yield codes.MARKET_MODE, place.mode == codes.HALTED

    def on_DelayedPlaced(self, e: events.DelayedPlaced) -> None:  # noqa: N802
        """A new id that waits, with the terms of its command."""
        c = self.command
        if not isinstance(c, commands.PlaceDelayed):
            broken("O11", "a delayed order nobody placed")
        told = (
            e.account, e.market, e.side, e.kind, e.tif, e.price, e.size, e.reduce_only,
            e.expires_ms, e.client_order_id, e.maker,
        )  # fmt: skip
        must(list(told) == c.row()[1:], "O11", f"order {e.order} is not what was placed")
        must(self.owner[e.account] == self.principal, "X4", f"{e.account} of somebody else")
        must(e.order > self.last_order, "O9", f"id {e.order} after {self.last_order}")
        self.last_order = e.order
        earliest = self.earliest(e.market)
        must(e.earliest_ms == earliest, "O11", f"earliest {e.earliest_ms}, is {earliest}")
        order = Order(e.order, e.account, e.market, e.side, e.price, e.size)
        order.kind, order.tif, order.reduce_only = e.kind, e.tif, e.reduce_only
        order.expires, order.client = e.expires_ms, e.client_order_id
        self.add(order, TRIGGER)
        self.later[e.order] = Later(e)
        self.judge_count(e.account)

    # Executing ----------------------------------------------------------------------------------

    def rules_of_executing(self, c: commands.ExecuteDelayed) -> Rules:
        """One that waits; its price has come and is good, or its time is over."""
        later = self.later.get(c.order)
        yield codes.UNKNOWN_ORDER, later is None
        yield from self.keeper_rules(c.keeper)
        if later is None or later.expires < self.now:
            return
        place = self.places[later.told.market]
        yield codes.MARKET_MODE, place.mode == codes.HALTED
        yield codes.DELAYED_EARLY, place.published < later.earliest
        certain = self.certain(later.told.market)
        # How far a price may be from its average is not known here.
        yield codes.ORACLE_INVALID, None if certain and not self.steady(place) else not certain

    def steady(self, place: Place) -> bool:
        """Whether no price of late was far from the others, so that none is from its average."""
        return max(place.window) < 2 * min(place.window)

    def try_later(self, ident: int, account: int, market: int) -> Order:
        """The one attempt of a delayed order: by a price that lets it go."""
        later, order = self.later.pop(ident, None), self.orders.get(ident)
        if later is None or order is None or order.where != TRIGGER:
            broken("O11", f"delayed order {ident} does not wait")
        told, place = later.told, self.places[market]
        must((told.account, told.market) == (account, market), "O11", f"order {ident} of others")
        must(later.expires >= self.now, "T1", f"order {ident} expires at {later.expires}")
        come = place.published >= later.earliest
        must(come, "O11", f"order {ident} at a price of {place.published}, {later.earliest} is due")
        must(place.mode != codes.HALTED, "C3", "a delayed order in a halted market")
        must(self.certain(market), "P3", f"a delayed order on a bad price of {market}")
        if isinstance(self.command, commands.ExecuteDelayed):
            must(self.command.order == ident, "O11", f"order {ident} executed unasked")
        else:
            kinds = (commands.Tick, commands.OraclePrices)
            must(isinstance(self.command, kinds), "O11", "executed by nobody")
            mine = (later.earliest, ident)
            rest = [
                (one.earliest, at) for at, one in self.later.items() if one.told.market == market
            ]
            must(not rest or mine < min(rest), "O11", f"order {ident} goes before its turn")
        self.tried[ident] = later
        self.tries += 1
        self.served.add(account)
        return order

    def on_DelayedExecuted(self, e: events.DelayedExecuted) -> None:  # noqa: N802
        """At the last price; the order enters under its id."""
        order = self.try_later(e.order, e.account, e.market)
        place = self.places[e.market]
        told = (e.oracle, e.published_ms)
        must(told == (place.price, place.published), "O11", f"at {told}")
        order.where = ENTERING

    def on_DelayedRefused(self, e: events.DelayedRefused) -> None:  # noqa: N802
        """It is done, for a reason that holds."""
        order = self.try_later(e.order, e.account, e.market)
        place = self.places[e.market]
        price = order.price or place.price
        held = self.size(order.account, order.market)
        closable = max(0, -held if order.side == codes.BUY else held)
        holds: dict[int, Callable[[], bool]] = {
            codes.REDUCE_ONLY_NOTHING: lambda: order.reduce_only and closable == 0,
            codes.MARKET_MODE: lambda: place.effective() != codes.ACTIVE,
            codes.ORACLE_INVALID: lambda: not self.fresh(e.market),
            codes.NOTIONAL_TOO_SMALL: lambda: (
                down(price * order.total, LOT) < place.params.min_notional
            ),
            codes.FOK_NOT_FILLABLE: lambda: order.tif == codes.FOK,
            codes.PRICE_BAND: lambda: not self.in_band(e.market, order.price),
            codes.IN_LIQUIDATION: lambda: self.liquidated(order.account),
        }  # fmt: skip
        must(e.code in codes.REJECTS, "O11", f"code {e.code}")
        check = holds.get(e.code)
        must(check is None or check(), "O11", f"order {e.order} is refused with {e.code}")

    def on_OrderRemoved(self, e: events.OrderRemoved) -> None:  # noqa: N802
        """One that waited ends with its attempt, its time, or a cancellation."""
        waits = self.later.pop(e.order, None)
        if waits is not None:
            self.tries += 1
            reasons = (codes.DONE_EXPIRED, codes.DONE_CANCELLED, codes.DONE_LIQUIDATED)
            must(e.reason in reasons, "O11", f"order {e.order} ends with {e.reason}")
            over = waits.expires < self.now
            must(e.reason != codes.DONE_EXPIRED or over, "T1", f"order {e.order} expires early")
        elif e.reason == codes.DONE_DELAYED_REFUSED:
            must(e.order in self.tried, "O11", f"order {e.order} is refused and was not tried")
        super().on_OrderRemoved(e)

    def entered(self, order: Order, fired: Order | None) -> None:
        """A delayed order enters with the terms it was placed with."""
        later = self.tried.get(order.ident)
        if later is None:
            return
        e = later.told
        told = (e.account, e.market, e.side, e.kind, e.tif, e.size, e.reduce_only)
        said = (
            order.account, order.market, order.side, order.kind, order.tif, order.total,
            order.reduce_only,
        )  # fmt: skip
        must(told == said, "O11", f"order {order.ident} is not what was placed")
        limit = e.kind == codes.LIMIT
        must(not limit or order.price == e.price, "B4", f"order {order.ident} at {order.price}")
        order.directed = e.maker

    # The end ------------------------------------------------------------------------------------

    def finish_delayed(self, told: int) -> None:
        """Every attempt came to an end; a house with time left leaves none that could go."""
        for ident in self.tried:
            order = self.orders.get(ident)
            gone = order is None or order.where == AUCTION
            must(gone, "O11", f"order {ident} was tried and still stands")
        self.tried.clear()
        tries, self.tries = self.tries, 0
        if not self.later:
            return
        if self.has_time(told):
            over = [ident for ident, one in self.later.items() if one.expires < self.now]
            must(not over, "O11", f"orders {over} outlive their time")
        if isinstance(self.command, commands.OraclePrices):
            time = tries < self.limits.tick_work_max
        else:
            # A hedge that is tried in vain costs time, and no word.
            time = self.has_time(told + sum(1 for vault in self.vaults if vault.missing))
        if not time:
            return
        for ident, later in self.later.items():
            place = self.places[later.told.market]
            may = place.mode != codes.HALTED and self.certain(later.told.market)
            goes = may and place.published >= later.earliest and self.steady(place)
            must(not goes, "O11", f"order {ident} could go, and waits")
