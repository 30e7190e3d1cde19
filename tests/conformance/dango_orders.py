"""Adapters for single orders of ``dango.json``: matched in the engine, judged by the handlers."""

from __future__ import annotations

from typing import Any

from plimsoll.core import book, fees, margin, routing, views
from plimsoll.core.handlers import trading, triggers
from plimsoll.messages import codes, events
from plimsoll.messages.codes import BUY, SELL, Reject
from plimsoll.units import notional_floor
from tests.conformance.cases import Case
from tests.conformance.dango_margin import desk_of
from tests.conformance.dango_replay import DIRECTIONS, TIMES, Replay
from tests.conformance.desk import Desk
from tests.conformance.scaling import (
    as_money,
    as_size,
    difference,
    magnitude,
    money,
    negated,
    side_of,
    signed,
    size,
)

PAIR = "X"
PLENTY = "1000000000"
"""Makers upstream need no margin; here they have some, and the difference is compared."""
GONE = {
    codes.DONE_SELF_TRADE: "self-trade prevention",
    codes.DONE_PRICE_BAND: "price band",
}


class Match(Replay):
    """One taker's order against a book. Each order of it was placed when the oracle was there."""

    def prepare(self) -> None:
        """The accounts, the book in its order, then the oracle price of the match."""
        self.give(self.case.given["accounts"])
        for row in self.case.given["book"]:
            if row["user"] not in self.page.accounts:
                self.page.trader(row["user"], PLENTY)
            self.page.oracle(row["price"])
            self.place(-1, {**row, "pair": PAIR}, money(row["price"]))
        self.page.oracle(self.case.given["oracle_price"])
        when = self.case.when
        step = {"user": "taker", "pair": PAIR, **when}
        only = bool(when.get("reduce_only"))
        if when["kind"] == "market":
            self.slippage(step)
            self.place(-1, step, 0, kind=codes.MARKET, tif=codes.IOC, reduce_only=only)
        else:
            price, tif = money(when["limit_price"]), TIMES[when["time_in_force"]]
            self.place(-1, step, price, tif=tif, reduce_only=only)

    def had(self, name: str) -> int:
        """What an account had that the case says nothing of."""
        return 0 if name in ("vault", *self.case.given["accounts"]) else money(PLENTY)

    def outcome(self, name: str) -> dict[str, Any]:
        """Margin and position of an account."""
        cash = margin.settled(self.page.state, self.account(name))
        held = [
            {"size": row["size"], "entry_price": row["entry_price"]} for row in self.positions(name)
        ]
        return {
            "margin": as_money(difference(cash, self.had(name))),
            "position": held[0] if held else None,
        }


def order_match(case: Case) -> dict[str, Any]:
    """Fills, what is left, and what everybody has after it."""
    given = {**case.given, "pairs": {PAIR: case.given["params"]}}
    match = Match(case._replace(given=given, when={**case.when, "steps": []}))
    removed = [event for event in match.found if isinstance(event, events.OrderRemoved)]
    if [event.reason for event in removed] == [codes.DONE_NO_LIQUIDITY]:
        return {"error": "no liquidity at acceptable price"}
    interest = as_size(match.page.state.markets[0].open_interest)
    return {
        "users": {name: match.outcome(name) for name in case.then["users"]},
        "unfilled": match.unfilled(side_of(size(case.when["size"]))),
        "treasury": match.cash("treasury"),
        "fills": [
            {
                "maker": match.owner(event.maker),
                "size": as_size(signed(event.side, event.size)),
                "price": as_money(event.price),
                "taker_fee": as_money(event.taker_fee),
                "maker_fee": as_money(negated(event.maker_rebate)),
            }
            for event in match.filled()
        ],
        "long_oi": interest,
        "short_oi": interest,
        "cancelled_makers": [
            f"{match.owner(event.account)}@{as_money(event.price)} ({GONE[event.reason]})"
            for event in removed
            if event.resting and event.reason in GONE
        ],
    }


def margin_check(case: Case) -> dict[str, Any]:
    """Whether an account can carry an order; of two sizes, the largest it can, and a larger one."""
    sizes = {
        "accepted": case.when.get("order_size"),
        "order_of_max_size_accepted": case.then.get("max_order_size"),
        "order_of_bumped_size_accepted": case.then.get("bumped_size"),
    }
    found: dict[str, Any] = {}
    for name, amount in sizes.items():
        if amount is not None:
            found.update(tried(case, name, size(amount)))
    return found


def tried(case: Case, name: str, amount: int) -> dict[str, Any]:
    """One order at the oracle price against a fresh maker. What is held back is an order's."""
    desk, user = desk_of(case)
    pair = case.when["pair"]
    made = desk.markets[pair]
    price = desk.state.oracles[made.ident].price
    made.params.taker_fee = money(case.when["taker_fee_rate"])
    reserved = case.given["user"]["reserved_margin"]
    if money(reserved):
        desk.pair("RESERVED", money("1"), imr=money("1"))
        desk.rest(user, "RESERVED", size(reserved), money("1"))
    desk.rest(desk.trader("maker", money(PLENTY)), pair, negated(amount), price)
    before = margin.equity(desk.state, user)
    order = desk.draft(user, pair, amount, price)
    try:
        trading.execute(desk.txn, made, order, codes.LIMIT, codes.FOK, codes.POST_NONE)
    except Reject as refused:
        assert refused.code == codes.INSUFFICIENT_MARGIN, refused.code
        fee = fees.taker_fee(made.params, notional_floor(price, magnitude(amount)))
        return {
            name: False,
            "equity": as_money(before),
            "projected_initial_margin": as_money(refused.limit),
            "projected_fee": as_money(fee),
        }
    return {name: True}


def margin_release(case: Case) -> dict[str, Any]:
    """What a resting order still reserves after fills: an order whose margin is all its value."""
    desk = Desk()
    whole = size(case.given["order_size"])
    price = views.entry_price(money(case.given["reserved_margin"]), whole)
    made = desk.pair(PAIR, price, imr=money("1"), open_interest_max=10**18)
    maker = desk.trader("maker", money(PLENTY))
    resting = desk.rest(maker, PAIR, whole, price)
    for fill in case.when["fills"]:
        taker = desk.draft(desk.user("taker", money(PLENTY)), PAIR, negated(size(fill)), price)
        routing.take_book(desk.txn, made, taker, price)
    return {
        "reserved_margin_after": as_money(margin.reserved(desk.state, maker)),
        "order_size_after": as_size(resting.remaining),
    }


def order_target_price(case: Case) -> dict[str, Any]:
    """The worst price of a market order."""
    desk = Desk()
    slippage = money(case.when["max_slippage"])
    price = money(case.given["oracle_price"])
    made = desk.pair(PAIR, price, price_band=money("0.5"), market_slippage=slippage)
    side = BUY if case.when["is_bid"] else SELL
    return {"target_price": as_money(routing.worst_market_price(desk.state, made, side, 0))}


def order_price_constraint(case: Case) -> dict[str, Any]:
    """Whether a price is worse than the worst a taker accepts."""
    side = BUY if case.given["is_bid"] else SELL
    worst, price = money(case.given["target_price"]), money(case.when["exec_price"])
    return {"violated": not book.crosses(side, worst, price)}


def conditional(case: Case) -> dict[str, Any]:
    """Whether an oracle price sets a trigger off."""
    direction = DIRECTIONS[case.given["direction"]]
    trigger, price = money(case.given["trigger_price"]), money(case.when["oracle_price"])
    return {"triggered": triggers.is_reached(direction, trigger, price)}


ADAPTERS = {
    "order.match": order_match,
    "margin.check": margin_check,
    "margin.release": margin_release,
    "order.target_price": order_target_price,
    "order.price_constraint": order_price_constraint,
    "conditional": conditional,
}
