"""Adapters for orders, triggers and the band that ``dango.json`` tells in steps."""

from __future__ import annotations

from typing import Any

from plimsoll.core import book, routing
from plimsoll.messages import codes, events
from plimsoll.messages.codes import BUY, SELL
from tests.conformance.cases import Case
from tests.conformance.dango_replay import Replay
from tests.conformance.desk import Desk
from tests.conformance.scaling import as_money, as_size, money, negated, signed, size


def reduce_only(case: Case) -> dict[str, Any]:
    """One trimming of resting reduce-only orders."""
    desk = Desk()
    desk.pair("X")
    user = desk.user("user", 0)
    row = desk.hold(user, "X", size(case.given["position_size"]), 0)
    names = {
        desk.rest(user, "X", size(o["size"]), money(o["price"]), reduce_only=True).ident: o["id"]
        for o in case.given["orders"]
    }
    desk.txn.to_trim.append(row)
    book.trim_reduce_only(desk.txn)
    left = [*desk.queue("X", BUY), *desk.queue("X", SELL)]
    gone = [event.order for event in desk.txn.events if isinstance(event, events.OrderRemoved)]
    return {
        "orders": [
            {"id": names[order.ident], "size": as_size(signed(order.side, order.remaining))}
            for order in sorted(left, key=lambda order: order.ident)
        ],
        "cancelled": [names[ident] for ident in sorted(gone)],
    }


def reduce_only_scenario(case: Case) -> dict[str, Any]:
    """Positions, resting orders and open interest at the end."""
    penalty = money(case.given["params"]["liquidation_fee_rate"])
    replay = Replay(case, liquidation=1, liquidation_keeper_share=0, liquidation_penalty=penalty)
    page = replay.page
    interest = as_size(page.state.markets[0].open_interest)
    found: dict[str, Any] = {
        "errors": replay.errors, "long_oi": interest, "short_oi": interest, "positions": {},
        "orders": {},
    }  # fmt: skip
    for name in page.accounts:
        base = page.position(name).base
        found["positions"][name] = as_size(base) if base else None
        orders = page.account(name).orders
        found["orders"][name] = [
            {
                "price": as_money(order.price),
                "size": as_size(order.remaining if order.side == BUY else negated(order.remaining)),
            }
            for order in orders
        ]
    for name in ("positions", "orders"):
        wanted = case.then.get(name, {})
        found[name] = {user: value for user, value in found[name].items() if user in wanted}
    return found


def account_scenario(case: Case) -> dict[str, Any]:
    """What users had after some steps, what every step said, and what there is at the end."""
    watch = {check["after_step"]: check["users"] for check in case.then.get("checks", [])}
    replay = Replay(case, watch)
    return {
        "checks": replay.seen,
        "errors": replay.errors,
        "step_results": replay.results,
        "users": replay.users(),
        "insurance_fund": replay.cash("insurance"),
        "treasury": replay.cash("treasury"),
    }


def price_band_scenario(case: Case) -> dict[str, Any]:
    """The last order's fills and what it threw out; positions at the end; refusals."""
    replay = Replay(case)
    gone = [
        event
        for event in replay.found
        if isinstance(event, events.OrderRemoved) and event.reason == codes.DONE_PRICE_BAND
    ]
    held = {name: replay.positions(name) for name in replay.page.accounts}
    return {
        "cancelled": [
            {"user": replay.owner(event.account), "price": as_money(event.price)} for event in gone
        ],
        "fills": [
            {
                "taker": replay.owner(event.taker),
                "maker": replay.owner(event.maker),
                "size": as_size(signed(event.side, event.size)),
                "price": as_money(event.price),
            }
            for event in replay.filled()
        ],
        "positions": {name: rows[0]["size"] if rows else None for name, rows in held.items()},
        "entry_prices": {
            name: held[name][0]["entry_price"] for name in case.then.get("entry_prices", [])
        },
        "unfilled": replay.unfilled(BUY),
        "errors": replay.errors,
    }


def conditional_scenario(case: Case) -> dict[str, Any]:
    """What the triggers sold, at which worst price, and what users have then."""
    replay = Replay(case)
    state = replay.page.state
    fills = replay.filled()
    return {
        "users": replay.users(),
        "fill_price": as_money(fills[0].price),
        "target_price": as_money(routing.worst_market_price(state, state.markets[0], SELL, 0)),
        "fills": [
            {
                "user": replay.owner(event.taker),
                "size": as_size(signed(event.side, event.size)),
                "price": as_money(event.price),
                "realized_pnl": as_money(event.taker_pnl),
            }
            for event in fills
        ],
    }


ADAPTERS = {
    "reduce_only": reduce_only,
    "reduce_only.scenario": reduce_only_scenario,
    "account.scenario": account_scenario,
    "price_band.scenario": price_band_scenario,
    "conditional.scenario": conditional_scenario,
}
