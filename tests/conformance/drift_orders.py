"""Adapters for the book, order, position and fee subjects of ``drift.json``."""

from __future__ import annotations

from typing import Any

from plimsoll.core import book, fees, margin, settlement
from plimsoll.core.handlers import checks
from plimsoll.core.rows import Position
from plimsoll.core.store import UndoLog
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import GlobalParams
from plimsoll.units import signed_step, step_ceil, step_floor
from tests.conformance.cases import Case
from tests.conformance.desk import SIDE, Desk
from tests.conformance.scaling import (
    as_money,
    difference,
    fraction,
    magnitude,
    money,
    negated,
    size,
    whole,
)
from tests.harness.mechanics import arm, auction_page
from tests.harness.scenario import KEEPER, Scenario, market


def order_rounding(case: Case) -> dict[str, Any]:
    """Steps toward zero, ticks against the taker."""
    op = case.when["op"]
    if op == "round_price_to_tick":
        step = step_floor if SIDE[case.when["direction"]] == BUY else step_ceil
        return {"price": str(step(whole(case.when["price"]), whole(case.given["tick_size"])))}
    value = whole(case.when["base_asset_amount"])
    step = step_floor if op == "round_base_down_to_step" else signed_step
    rounded = step(value, whole(case.given["step_size"]))
    return {"base_asset_amount": str(rounded), "remainder": str(difference(value, rounded))}


def risk_increasing(case: Case) -> dict[str, Any]:
    """Whether an order could open anything."""
    row = Position(UndoLog(), 0, 0)
    row.hold(whole(case.given["position_base"]), 0)
    row.add_open(BUY, whole(case.given["open_bids"]), 0, False)
    row.add_open(SELL, magnitude(whole(case.given["open_asks"])), 0, False)
    side, amount = SIDE[case.when["direction"]], whole(case.when["order_size"])
    reduce_only = bool(case.when["reduce_only"])
    return {"risk_increasing": checks.adds_risk(row, side, amount, reduce_only)}


def post_only_slide(case: Case) -> dict[str, Any]:
    """One tick behind the vAMM's quote."""
    side = SIDE[case.when["direction"]]
    quote = whole(case.given["amm_ask" if side == BUY else "amm_bid"])
    price = whole(case.when["limit_price"])
    return {"price": str(book.slide(side, price, quote, whole(case.given["tick_size"])))}


def order_expiry(case: Case) -> dict[str, Any]:
    """Whether overdue work removes the order at this time."""
    if "trigger" in case.given["order_type"]:
        return {"expired": trigger_expires(case)}
    desk = Desk()
    desk.pair("X")
    user = desk.user("user", 0)
    desk.rest(user, "X", 1, 1, expires_ms=whole(case.given["max_ts"]))
    desk.txn.now = whole(case.when["now"])
    return {"expired": book.expire_due(desk.txn, 9) == 1}


def trigger_expires(case: Case) -> bool:
    """Whether overdue work removes a trigger that still waits."""
    page = Scenario()
    page.now = 0
    more = {"kind": codes.LIMIT, "tif": codes.GTC, "price": money("100")}
    ident = arm(page, "alice", BUY, "1", "110", expires_ms=whole(case.given["max_ts"]), **more)
    page.now = whole(case.when["now"])
    page.do(commands.Tick(9), KEEPER)
    return ident not in page.state.board.triggers


def wide_page(price: str = "20") -> Scenario:
    """A book that takes prices far from the oracle."""
    wide = {"price_band": 900_000, "market_slippage": 900_000, "tick": 10_000}
    page = Scenario(market(step=100_000_000, **wide), cash="1000000")
    page.oracle(price)
    return page


def take(page: Scenario, name: str, order: commands.Command) -> dict[int, list[int]]:
    """Fills of an order: taker order -> maker orders. Nothing if it is refused."""
    found: dict[int, list[int]] = {}
    page.apply(order, page.owner(name))
    for event in page.found:
        if isinstance(event, events.Filled):
            found.setdefault(event.taker_order, []).append(event.maker_order)
    return found


def accepted(page: Scenario) -> int:
    """The id of the order that was just placed."""
    (event,) = [event for event in page.found if isinstance(event, events.OrderAccepted)]
    return event.order


def role(page: Scenario, name: str, row: dict[str, Any], side: int) -> commands.Command:
    """A maker or taker at one price; a market order cannot rest."""
    post = codes.POST_REJECT if row["post_only"] else codes.POST_NONE
    if row["type"] == "market":
        kind = {"kind": codes.MARKET, "tif": codes.IOC}
        return page.place(name, side, size("1"), money("20"), post=post, **kind)
    return page.place(name, side, size("1"), money("20"), post=post)


def maker_taker_roles(case: Case) -> dict[str, Any]:
    """Whether two crossing orders match, the maker's placed first."""
    page = wide_page()
    page.apply(role(page, "alice", case.given["maker"], BUY), page.owner("alice"))
    fills = take(page, "bob", role(page, "bob", case.given["taker"], SELL))
    return {"allowed": bool(fills)}


def dlob_match(case: Case) -> dict[str, Any]:
    """Market orders, oldest first, against resting makers."""
    page = wide_page()
    side = SIDE[case.given["taker_side"]]
    names: dict[int, str] = {}
    for row in case.given["resting_makers"]:
        other = SELL if side == BUY else BUY
        order = page.place("alice", other, size(row["size"]), money(row["price"]))
        page.do(order, page.owner("alice"))
        names[accepted(page)] = row["id"]
    fills = []
    for row in case.given["takers_by_age"]:
        worst = money(row["limit"]) if row["limit"] else 0
        kind = {"kind": codes.MARKET, "tif": codes.IOC}
        found = take(page, "bob", page.place("bob", side, size(row["size"]), worst, **kind))
        fills.extend(
            {"taker": row["id"], "makers": [names[maker] for maker in makers]}
            for makers in found.values()
        )
    return {"fills": fills}


def auction_limits(case: Case) -> dict[str, Any]:
    """One more auction where so many are live, and the bound of an extra fee."""
    most = {"auctions_reserved": 0, "auctions_per_account": 99, "auction_min_notional": 0}
    if case.when["op"] == "set_extra_keeper_fee":
        most["keeper_fee_max"] = whole(case.given["extra_fee_cap_lamports"])
    page = auction_page(**most)
    fee = whole(case.when.get("lamports", "0"))
    kind = {"kind": codes.MARKET, "tif": codes.IOC}
    order = page.place("alice", BUY, size("0.1"), 0, keeper_fee=fee, **kind)
    for _ in range(whole(case.given.get("live_auctions_in_market", "0"))):
        page.do(order, page.owner("alice"))
    if page.apply(order, page.owner("alice")):
        return {"ok": True}
    refused = [event.code for event in page.found if isinstance(event, events.Rejected)]
    assert refused == [codes.AUCTIONS_FULL], refused
    return {"error": "MaxAuctions"}


def book_depth(case: Case) -> dict[str, Any]:
    """What a seller of a whole size gets from the bids; nothing if they are not enough."""
    levels = case.given.get("levels", case.given.get("resting_makers", []))
    page = wide_page(as_money(whole(levels[0]["price"])))
    for row in levels:
        amount = whole(row["amount"]) if "amount" in row else size(row["size"])
        page.do(page.place("alice", BUY, amount, whole(row["price"])), page.owner("alice"))
    kind = {"kind": codes.MARKET, "tif": codes.FOK}
    wanted = whole(case.when["amount"]) if "amount" in case.when else size(case.when["size"])
    fills = take(page, "bob", page.place("bob", SELL, wanted, 0, **kind))
    got = magnitude(page.position("bob").entry_cost)
    price = settlement.average_price(SELL, got, wanted)
    return {"quote_asset_amount": str(got), "estimated_price": str(price) if fills else None}


def sujiko_book(case: Case) -> dict[str, Any]:
    """Priority, post-only pairs, and the number of open orders."""
    op = case.when["op"]
    if op == "sort":
        return {"order": sorted_book(case)}
    page = Scenario(market(min_notional=0), limits=GlobalParams())
    page.oracle("100")
    if op == "can_match":
        for role, name in (("maker", "alice"), ("taker", "bob")):
            row = case.given[role]
            post = codes.POST_REJECT if row["post_only"] else codes.POST_NONE
            command = page.place(name, SIDE[row["side"]], size("1"), money(row["price"]), post=post)
            page.apply(command, page.owner(name))
        matched = any(isinstance(event, events.Filled) for event in page.found)
        return {"allowed": matched}
    count = whole(case.given["open_orders_of_trader"])
    order = page.place("alice", BUY, size("0.001"), money("90"))
    for _ in range(count):
        page.do(order, page.owner("alice"))
    if page.apply(order, page.owner("alice")):
        return {"ok": True}
    refused = [event.code for event in page.found if isinstance(event, events.Rejected)]
    assert refused == [codes.OPEN_ORDERS_LIMIT], refused
    return {"error": "MaxOpenOrders"}


def sorted_book(case: Case) -> list[str]:
    """The ids of a side, best first; orders arrive in order of their time."""
    desk = Desk()
    desk.pair("X")
    names: dict[int, str] = {}
    side = SIDE[case.given["side"]]
    user = desk.user("user", 0)
    for row in sorted(case.given["orders"], key=lambda row: whole(row["time"])):
        amount = size(row["size"])
        order = desk.rest(
            user,
            "X",
            amount if side == BUY else negated(amount),
            money(row["price"]),
            age=whole(row["time"]),
        )
        names[order.ident] = row["id"]
    return [names[order.ident] for order in desk.queue("X", side)]


def book_order(case: Case) -> dict[str, Any]:
    """Where a new maker's price stands among the prices."""
    side = SIDE[case.when["side"]]
    word = "bids" if side == BUY else "asks"
    desk = Desk()
    desk.pair("X")
    user = desk.user("user", 0)
    for price in [*case.given[word], case.when["price"]]:
        desk.rest(user, "X", 1 if side == BUY else negated(1), whole(price))
    return {word: [str(order.price) for order in desk.queue("X", side)]}


def position_update(case: Case) -> dict[str, Any]:
    """A fill on a position: the account's cash is what the reference calls quote amount."""
    desk = Desk()
    desk.pair("X", open_interest_max=10**12)
    user = desk.user("user", whole(case.given["position_quote"]))
    entry = negated(whole(case.given["position_entry"]))
    row = desk.hold(user, "X", whole(case.given["position_base"]), entry)
    quote = magnitude(whole(case.when["delta_quote"]))
    desk.exchange(user, "X", whole(case.when["delta_base"]), quote)
    (fill,) = [event for event in desk.txn.events if isinstance(event, events.Filled)]
    return {
        "position_base": str(row.base),
        "position_quote": str(user.cash()),
        "position_entry": str(negated(row.entry_cost)),
        "pnl": str(fill.taker_pnl),
        "margin": str(margin.settled(desk.state, user)),
    }


def fees_match(case: Case) -> dict[str, Any]:
    """Fee up, rebate down, and all of the rest for one receiver."""
    quote = whole(case.when["quote_asset_amount"])
    rates = {
        name: fraction(case.given[key])
        for name, key in (("taker_fee", "taker_fee"), ("maker_rebate", "maker_rebate"))
        if key in case.given
    }
    params = market(**{"taker_fee": 0, "maker_rebate": 0, **rates})
    if case.when["op"] == "taker_fee":
        return {"fee": str(fees.taker_fee(params, quote))}
    if case.when["op"] == "maker_rebate":
        return {"fee": str(fees.maker_rebate(params, quote))}
    desk = Desk()
    desk.pair("X", **rates)
    user = desk.user("user", 0)
    desk.exchange(user, "X", 1, quote)
    (fill,) = [event for event in desk.txn.events if isinstance(event, events.Filled)]
    return {
        "user_fee": str(fill.taker_fee),
        "maker_rebate": str(fill.maker_rebate),
        "fee_to_market": str(difference(fill.taker_fee, fill.maker_rebate)),
    }


ADAPTERS = {
    "order_rounding": order_rounding,
    "risk_increasing": risk_increasing,
    "post_only_slide": post_only_slide,
    "order_expiry": order_expiry,
    "sujiko_book": sujiko_book,
    "maker_taker_roles": maker_taker_roles,
    "dlob_match": dlob_match,
    "book_depth": book_depth,
    "book_order": book_order,
    "position_update": position_update,
    "fees_match": fees_match,
}
