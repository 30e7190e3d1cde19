"""Adapters for the margin, fill and order subjects of ``dango.json``: human units, linear only."""

from __future__ import annotations

from typing import Any

from plimsoll.core import fees, margin, routing, views
from plimsoll.core.handlers import checks, trading
from plimsoll.core.rows import Account
from plimsoll.messages import codes, events
from plimsoll.messages.codes import BUY, SELL, Reject
from plimsoll.units import notional_floor
from tests.conformance.cases import Case
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
from tests.harness.scenario import market

RATIOS = {"initial_margin_ratio": "imr", "maintenance_margin_ratio": "mmr"}


def desk_of(case: Case) -> tuple[Desk, Account]:
    """The pairs, and a user who traded his positions at their entry prices."""
    desk = Desk()
    for name, pair in case.given["pairs"].items():
        ratios = {ours: money(pair[theirs]) for theirs, ours in RATIOS.items() if theirs in pair}
        desk.pair(name, money(pair["oracle_price"]), **ratios)
    given = case.given["user"]
    user = desk.user("user", money(given.get("margin", "0")))
    for row in given["positions"]:
        accrue(desk, row["pair"], size(row.get("entry_funding_per_unit", "0")))
        desk.fill(user, row["pair"], size(row["size"]), money(row["entry_price"]))
    for name, pair in case.given["pairs"].items():
        accrue(desk, name, size(pair.get("funding_per_unit", "0")))
    return desk, user


def accrue(desk: Desk, pair: str, rate: int) -> None:
    """Bring the cumulative rate of both sides to ``rate``."""
    rates = desk.state.rates[desk.markets[pair].ident]
    delta = difference(rate, rates.long)
    rates.advance(delta, delta, 0, 0, 0)


def margin_equity(case: Case) -> dict[str, Any]:
    """Equity at the oracle."""
    desk, user = desk_of(case)
    return {"equity": as_money(margin.equity(desk.state, user))}


def margin_maintenance(case: Case) -> dict[str, Any]:
    """The maintenance requirement."""
    desk, user = desk_of(case)
    return {"maintenance_margin": as_money(margin.requirement(desk.state, user, True))}


def margin_initial(case: Case) -> dict[str, Any]:
    """The initial requirement once the projected size is held."""
    desk, user = desk_of(case)
    pair = case.when["projected_pair"]
    held = desk.state.position(user, desk.markets[pair].ident).base
    missing = difference(size(case.when["projected_size"]), held)
    if missing:
        desk.fill(user, pair, missing, money(case.given["pairs"][pair]["oracle_price"]))
    return {"initial_margin": as_money(margin.requirement(desk.state, user, False))}


def margin_reserved(case: Case) -> dict[str, Any]:
    """What one order that opens reserves."""
    amount = size(case.when["opening_size"])
    notional = notional_floor(money(case.when["limit_price"]), magnitude(amount))
    imr = money(case.given["initial_margin_ratio"])
    bid, ask = (amount, 0), (0, magnitude(amount))
    sums = (bid[0], notional, 0, 0) if side_of(amount) == BUY else (0, 0, ask[1], notional)
    return {"required_margin": as_money(margin.reservation(0, *sums, imr))}


def margin_available(case: Case) -> dict[str, Any]:
    """What is free; the reservation is that of an order whose notional is given at full margin."""
    desk, user = desk_of(case)
    held_back = money(case.given["user"]["reserved_margin"])
    if held_back:
        desk.pair("RESERVED", money("1"), imr=money("1"))
        desk.rest(user, "RESERVED", size(case.given["user"]["reserved_margin"]), money("1"))
    free = margin.free(desk.state, user)
    return {"available_margin": as_money(max(0, free))}


def liq_price(case: Case) -> dict[str, Any]:
    """The price of a pair at which equity is the maintenance requirement."""
    desk, user = desk_of(case)
    ident = desk.markets[case.when["pair"]].ident
    found = margin.liquidation_price(desk.state, user, ident)
    return {"liq_price": as_money(found) if found else None}


def order_decompose(case: Case) -> dict[str, Any]:
    """What of an order closes: what a reduce-only one could trade. The rest opens."""
    desk = Desk()
    desk.pair("X")
    user = desk.user("user", 0)
    row = desk.hold(user, "X", size(case.given["position_size"]), 0)
    whole = size(case.when["order_size"])
    order = desk.draft(user, "X", whole, 1, reduce_only=True)
    closing = routing.offer(order)
    held = row.closable(order.side)
    opening = margin.opening_part(held, order.remaining, order.remaining)
    return {
        "closing_size": as_size(signed(order.side, closing)),
        "opening_size": as_size(signed(order.side, opening)),
    }


def fill_fee(case: Case) -> dict[str, Any]:
    """A taker's fee; a negative rate is a maker's rebate."""
    rate = money(case.given["fee_rate"])
    quote = notional_floor(money(case.when["exec_price"]), magnitude(size(case.when["fill_size"])))
    if side_of(rate) == BUY:
        return {"fee": as_money(fees.taker_fee(market(taker_fee=rate), quote))}
    rebate = fees.maker_rebate(market(maker_rebate=magnitude(rate)), quote)
    return {"fee": as_money(negated(rebate))}


def fill_settle(case: Case) -> dict[str, Any]:
    """A fill on a position; open interest is reported for the side the user stands on."""
    desk = Desk()
    desk.pair("X")
    user = desk.user("user", 0)
    given = case.given["position"]
    if given is not None:
        desk.fill(user, "X", size(given["size"]), money(given["entry_price"]))
    before = margin.settled(desk.state, user)
    accrue(desk, "X", size(case.given["pair_state"]["funding_per_unit"]))
    amount = size(case.when["closing_size"]) or size(case.when["opening_size"])
    desk.fill(user, "X", amount, money(case.when["fill_price"]))
    fill = [event for event in desk.txn.events if isinstance(event, events.Filled)][-1]
    row = desk.state.position(user, 0)
    interest = as_size(desk.markets["X"].open_interest)
    long = side_of(row.base) == BUY
    return {
        "realized_pnl": as_money(fill.taker_pnl),
        "margin_delta": as_money(difference(margin.settled(desk.state, user), before)),
        "position": None
        if row.base == 0
        else {
            "size": as_size(row.base),
            "entry_price": as_money(views.entry_price(row.entry_cost, magnitude(row.base))),
        },
        "pair_state": {
            "long_oi": interest if long else "0",
            "short_oi": "0" if long else interest,
        },
    }


def refusal(check: Any, *arguments: Any) -> int:
    """Code of the refusal of a check, 0 if it passes."""
    try:
        check(*arguments)
    except Reject as refused:
        return refused.code
    return 0


def price_band(case: Case) -> dict[str, Any]:
    """The band around the oracle, both edges included."""
    desk = Desk()
    deviation = money(case.given["max_limit_price_deviation"])
    made = desk.pair("X", money(case.given["oracle_price"]), price_band=deviation)
    edges = desk.state.oracles[made.ident]
    code = refusal(checks.check_band, desk.txn, made, money(case.when["limit_price"]))
    return {
        "accepted": code != codes.PRICE_BAND,
        "lower_bound": as_money(edges.low),
        "upper_bound": as_money(edges.high),
    }


def oi_limit(case: Case) -> dict[str, Any]:
    """An order against a fresh maker; positions of the house make the open interest before it."""
    desk = Desk()
    cap = size(case.given["max_abs_oi"])
    made = desk.pair("X", 10**6, open_interest_max=cap, min_notional=0)
    opening = size(case.when["opening_size"])
    side = side_of(opening)
    owner = desk.state.add_principal("owner", codes.ROLE_TRADER).ident
    user = desk.state.add_account(owner, codes.TRADER, -1, "user")
    user.usd.add(money("1000000000"))
    maker = desk.user("maker", money("1000000000"))
    stands = size(case.given["long_oi" if side == BUY else "short_oi"])
    if opening == 0:
        # Only an order that closes has no opening size: it closes what stands.
        desk.hold(user, "X", stands, stands)
        opening, side = negated(stands), SELL
    else:
        desk.hold(desk.user("house", 0), "X", stands, stands)
    desk.rest(maker, "X", negated(opening), 10**6)
    order = desk.draft(user, "X", opening, 10**6)
    code = refusal(trading.execute, desk.txn, made, order, codes.LIMIT, codes.FOK, codes.POST_NONE)
    assert code in (0, codes.OPEN_INTEREST), code
    return {"accepted": code == 0}


def order_min_size(case: Case) -> dict[str, Any]:
    """The smallest notional, at the oracle."""
    desk = Desk()
    price = money(case.given["oracle_price"])
    made = desk.pair("X", price, min_notional=money(case.given["min_order_size"]))
    amount = magnitude(size(case.when["order_size"]))
    return {"accepted": refusal(checks.check_notional, made, price, amount) == 0}


ADAPTERS = {
    "margin.equity": margin_equity,
    "margin.maintenance": margin_maintenance,
    "margin.initial": margin_initial,
    "margin.reserved": margin_reserved,
    "margin.available": margin_available,
    "liq_price": liq_price,
    "order.decompose": order_decompose,
    "fill.fee": fill_fee,
    "fill.settle": fill_settle,
    "price_band": price_band,
    "oi.limit": oi_limit,
    "order.min_size": order_min_size,
}
