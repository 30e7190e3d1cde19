"""What ``dango.json`` tells in steps, as commands to the whole engine.

A market order's slippage is a setting of the market here, and never past the price band.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import margin, views
from plimsoll.core.rows import Account
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY
from plimsoll.messages.params import MarketParams
from plimsoll.units import RATIO_SCALE
from tests.conformance.cases import Case
from tests.conformance.desk import Desk
from tests.conformance.scaling import (
    as_money,
    as_size,
    difference,
    magnitude,
    money,
    side_of,
    signed,
    size,
)
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, market

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
DIRECTIONS = {"above": codes.ABOVE, "below": codes.BELOW}
ERRORS = {codes.PRICE_BAND: "deviates too far"}
FINE = {"tick": 1_000_000, "step": 1_000}
"""A step of six decimals, as upstream rounds; its tick is then a whole unit."""
SLIPPAGE_RULE = 11
"""Of the rules of a market's parameters: its slippage is within its band."""


def rebate(rate: int) -> int:
    """A maker's rebate; makers never pay here."""
    return 0 if side_of(rate) == BUY else magnitude(rate)


def params_of(case: Case, name: str, pair: dict[str, Any], **more: Any) -> MarketParams:
    """A market by the rules of a case: fees go to the treasury by its rate, the rest to the
    vault."""
    rates = case.given["params"]
    treasury = money(rates.get("protocol_fee_rate", "0"))
    given = {
        ours: convert(pair[theirs]) for theirs, (ours, convert) in RULES.items() if theirs in pair
    }
    rules: dict[str, Any] = {
        **FINE,
        "symbol": name,
        "min_notional": 0,
        "taker_fee": money(rates["taker_fee_rate"]),
        "maker_rebate": rebate(money(rates["maker_fee_rate"])),
        "split_insurance": 0,
        "split_adjustments": 0,
        "split_funding": 0,
        "split_keepers": 0,
        "split_treasury": treasury,
        "split_vault": difference(RATIO_SCALE, treasury),
        "oracle_jump_max": money("1000"),
        **given,
        **more,
    }
    made = market(**rules)
    return slipping(made, made.market_slippage)


def slipping(params: MarketParams, slippage: int) -> MarketParams:
    """Parameters with another slippage of market orders; of one past the band, the band binds."""
    values = dict(zip([name for name, _ in MarketParams.FIELDS], params.row(), strict=True))
    values["market_slippage"] = slippage
    made = MarketParams(**values)  # type: ignore[arg-type]
    if SLIPPAGE_RULE in [number for number, _ in made.problems()]:
        values["market_slippage"] = params.price_band
        made = MarketParams(**values)  # type: ignore[arg-type]
    return made


class Replay:
    """Steps of a scenario as commands. Order of arrival: each step in a millisecond of its own.

    ``found`` has the events of the last order, ``results`` what every step said, ``seen`` what
    users had after the steps in ``watch``.
    """

    def __init__(self, case: Case, watch: dict[str, Any] | None = None, **more: Any) -> None:
        self.case = case
        self.names = list(case.given["pairs"])
        pairs = case.given["pairs"].items()
        made = [params_of(case, name, pair, **more) for name, pair in pairs]
        self.page = Scenario(*made, traders="")
        self.errors: list[dict[str, Any]] = []
        self.found: list[events.Event] = []
        self.results: list[dict[str, Any]] = []
        self.seen: list[dict[str, Any]] = []
        self.prepare()
        for number, step in enumerate(case.when["steps"]):
            work = getattr(self, step["op"], None)
            if work is None:
                raise LookupError(f"no step {step['op']}")
            said = work(number, step) or {}
            self.results.append({"op": step["op"], **said})
            for name, users in (watch or {}).items():
                if name == str(number):
                    shown = {user: self.user(user, fields) for user, fields in users.items()}
                    self.seen.append({"after_step": name, "users": shown})
            self.page.now += 1

    # What a case begins with ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Accounts and orders that are given instead of traded."""
        self.give(self.case.given.get("accounts", {}))
        for row in self.case.given.get("book", []):
            self.page.oracle(row["price"], self.names.index(row["pair"]))
            self.limit(-1, {**row, "time_in_force": "gtc"})

    def give(self, accounts: dict[str, Any]) -> None:
        """Money, which may be negative, and positions against a counterparty of no case."""
        state = self.page.state
        for name in accounts:
            if name not in ("vault", *self.page.accounts):
                self.page.trader(name)
        state.log.begin()
        desk = Desk(state)
        desk.markets = dict(zip(self.names, state.markets, strict=True))
        for name, given in accounts.items():
            account = self.account(name)
            desk.credit(account, money(given["margin"]))
            for row in given["positions"]:
                pair = row.get("pair", self.names[0])
                desk.fill(account, pair, size(row["size"]), money(row["entry_price"]))
        state.log.commit()

    # Steps ---------------------------------------------------------------------------------------

    def set_oracle(self, number: int, step: dict[str, Any]) -> None:
        """New prices."""
        for name, price in step["prices"].items():
            self.page.oracle(price, self.names.index(name))

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

    def market(self, number: int, step: dict[str, Any]) -> dict[str, Any]:
        """A market order."""
        self.slippage(step)
        self.place(number, step, 0, kind=codes.MARKET, tif=codes.IOC)
        fills = [
            {
                "maker": self.owner(event.maker),
                "size": as_size(signed(event.side, event.size)),
                "price": as_money(event.price),
                "taker_fee": as_money(event.taker_fee),
                "maker_pnl": as_money(event.maker_pnl),
                "taker_pnl": as_money(event.taker_pnl),
            }
            for event in self.filled()
        ]
        return {"fills": fills, "unfilled": self.unfilled(side_of(size(step["size"])))}

    def slippage(self, step: dict[str, Any]) -> None:
        """Set the market's slippage to that of an order."""
        ident = self.names.index(step["pair"])
        made = slipping(self.page.state.markets[ident].params, money(step["max_slippage"]))
        self.page.do(commands.SetMarketParams(ident, made), OPERATOR)

    def place(self, number: int, step: dict[str, Any], price: int, **more: Any) -> None:
        """An order of a signed size in its pair."""
        amount = size(step["size"])
        user = step["user"]
        pair = self.names.index(step["pair"])
        command = self.page.place(
            user, side_of(amount), magnitude(amount), price, market=pair, **more
        )
        if not self.page.apply(command, self.page.owner(user)):
            (refused,) = self.page.found
            assert isinstance(refused, events.Rejected)
            said = ERRORS.get(refused.code, codes.REJECTS[refused.code][0])
            self.errors.append({"step": str(number), "error": said})
        self.found = self.page.found

    def conditional(self, number: int, step: dict[str, Any]) -> None:
        """A reduce-only market order at a trigger."""
        self.slippage(step)
        amount = size(step["size"])
        command = commands.PlaceTrigger(
            self.page.accounts[step["user"]], self.names.index(step["pair"]), side_of(amount),
            codes.MARKET, codes.IOC, 0, magnitude(amount), True, money(step["trigger_price"]),
            DIRECTIONS[step["trigger_direction"]], 0, "",
        )  # fmt: skip
        self.page.do(command, self.page.owner(step["user"]))

    def process_conditional_orders(self, number: int, step: dict[str, Any]) -> None:
        """The housekeeping that sets triggers off."""
        self.found = self.page.do(commands.Tick(100), KEEPER)

    def liquidate(self, number: int, step: dict[str, Any]) -> None:
        """The liquidation of a user."""
        ident = self.account(step["user"]).ident
        self.found = self.page.do(commands.Liquidate(ident, -1), KEEPER)

    def cancel_all(self, number: int, step: dict[str, Any]) -> None:
        """All orders of a user."""
        account = self.page.accounts[step["user"]]
        self.page.do(commands.CancelAll(account, -1), self.page.owner(step["user"]))

    # What came of it -----------------------------------------------------------------------------

    def account(self, name: str) -> Account:
        """A user, or the account of the vault."""
        return self.page.account(name)

    def owner(self, ident: int) -> str:
        """The name of an account."""
        return "vault" if ident == codes.VAULT_ACCOUNT else self.page.state.accounts[ident].label

    def filled(self) -> list[events.Filled]:
        """The fills of the last order or liquidation."""
        return [event for event in self.found if isinstance(event, events.Filled)]

    def unfilled(self, side: int) -> str:
        """What the last order left, resting or not."""
        for event in self.found:
            if isinstance(event, events.OrderRested):
                return as_size(signed(side, event.remaining))
            if isinstance(event, events.OrderRemoved) and not event.resting:
                return as_size(signed(side, event.remaining))
        return "0"

    def positions(self, name: str) -> list[dict[str, Any]]:
        """The positions of a user, in order of the pairs' names."""
        return [
            {
                "pair": self.names[row.market],
                "size": as_size(row.base),
                "entry_price": as_money(views.entry_price(row.entry_cost, magnitude(row.base))),
            }
            for row in self.account(name).positions
            if row.base != 0
        ]

    def user(self, name: str, fields: Any) -> dict[str, Any]:
        """What is asked of a user."""
        state = self.page.state
        account = self.account(name)
        found = {
            "margin": as_money(margin.settled(state, account)),
            "positions": self.positions(name),
            "reserved_margin": as_money(margin.reserved(state, account)),
            "open_order_count": str(len(account.orders)),
        }
        return {field: found[field] for field in fields}

    def users(self) -> dict[str, Any]:
        """What is asked of all users at the end."""
        wanted = self.case.then.get("users", {})
        return {name: self.user(name, fields) for name, fields in wanted.items()}

    def cash(self, name: str) -> str:
        """What an account of the house has."""
        return as_money(self.page.account(name).cash())
