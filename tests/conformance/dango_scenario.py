"""Adapters for what ``dango.json`` tells in steps: reduce-only orders through the whole engine."""

from __future__ import annotations

from typing import Any

from plimsoll.core import book
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.conformance.cases import Case
from tests.conformance.desk import Desk
from tests.conformance.scaling import (
    as_money,
    as_size,
    magnitude,
    money,
    negated,
    side_of,
    signed,
    size,
)
from tests.harness.scenario import KEEPER, Scenario, market

RULES = {
    "initial_margin_ratio": ("imr", money),
    "maintenance_margin_ratio": ("mmr", money),
    "tick_size": ("tick", money),
    "min_order_size": ("min_notional", money),
    "max_limit_price_deviation": ("price_band", money),
    "max_market_slippage": ("market_slippage", money),
    "max_abs_oi": ("open_interest_max", size),
}
TIMES = {"post_only": codes.GTC, "gtc": codes.GTC, "ioc": codes.IOC}


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


class Replay:
    """Steps of a scenario as commands. Order of arrival: each step in a millisecond of its own."""

    def __init__(self, case: Case) -> None:
        (pair,) = case.given["pairs"].values()
        rules = {ours: convert(pair[theirs]) for theirs, (ours, convert) in RULES.items()}
        rates = case.given["params"]
        rules["taker_fee"] = money(rates["taker_fee_rate"])
        rules["maker_rebate"] = magnitude(money(rates["maker_fee_rate"]))
        penalty = money(rates.get("liquidation_fee_rate", "0"))
        rules.update(liquidation=1, liquidation_penalty=penalty, liquidation_keeper_share=0)
        self.page = Scenario(market(**rules), traders="")
        self.errors: list[dict[str, Any]] = []
        for number, step in enumerate(case.when["steps"]):
            work = getattr(self, step["op"], None)
            if work is None:
                raise LookupError(f"no step {step['op']}")
            work(number, step)
            self.page.now += 1

    def set_oracle(self, number: int, step: dict[str, Any]) -> None:
        """A new price."""
        for price in step["prices"].values():
            self.page.oracle(price)

    def deposit(self, number: int, step: dict[str, Any]) -> None:
        """Money; the first makes the account."""
        if step["user"] not in self.page.accounts:
            self.page.trader(step["user"])
        self.page.deposit(step["user"], step["amount"])

    def limit(self, number: int, step: dict[str, Any]) -> None:
        """A limit order."""
        post = codes.POST_REJECT if step["time_in_force"] == "post_only" else codes.POST_NONE
        self.place(
            number, step, money(step["price"]), tif=TIMES[step["time_in_force"]], post=post,
            reduce_only=bool(step.get("reduce_only")),
        )  # fmt: skip

    def market(self, number: int, step: dict[str, Any]) -> None:
        """A market order; its slippage is the market's setting."""
        params = self.page.state.markets[0].params
        assert money(step["max_slippage"]) == params.market_slippage
        self.place(number, step, 0, kind=codes.MARKET, tif=codes.IOC)

    def place(self, number: int, step: dict[str, Any], price: int, **more: Any) -> None:
        """An order of a signed size."""
        amount = size(step["size"])
        user = step["user"]
        command = self.page.place(user, side_of(amount), magnitude(amount), price, **more)
        if not self.page.apply(command, self.page.owner(user)):
            self.errors.append({"step": number, "error": self.page.found[0].row()})

    def liquidate(self, number: int, step: dict[str, Any]) -> None:
        """The liquidation of a user."""
        self.page.do(commands.Liquidate(self.page.accounts[step["user"]], -1), KEEPER)

    def cancel_all(self, number: int, step: dict[str, Any]) -> None:
        """All orders of a user."""
        account = self.page.accounts[step["user"]]
        self.page.do(commands.CancelAll(account, -1), self.page.owner(step["user"]))


def reduce_only_scenario(case: Case) -> dict[str, Any]:
    """Positions, resting orders and open interest at the end."""
    replay = Replay(case)
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


ADAPTERS = {"reduce_only": reduce_only, "reduce_only.scenario": reduce_only_scenario}
