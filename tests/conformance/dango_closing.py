"""Adapters for what ``dango.json`` tells of liquidations in steps: through the whole engine.

Upstream's insurance may go below zero: here it starts with a balance, and the difference is
compared. Upstream's sizes do not count the penalty, which is a setting here.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import margin, views
from plimsoll.messages import codes, commands, events, mechanisms
from tests.conformance.cases import Case
from tests.conformance.dango_scenario import RULES, Replay
from tests.conformance.scaling import as_money, as_size, difference, magnitude, money, signed
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, market, scaled

INSURANCE = "1000000"


class Closing(Replay):
    """A scenario whose markets liquidate; the events of the liquidation are kept."""

    def __init__(self, case: Case) -> None:
        rates = case.given["params"]
        self.names = list(case.given["pairs"])
        made = []
        for name, pair in case.given["pairs"].items():
            rules = {ours: convert(pair[theirs]) for theirs, (ours, convert) in RULES.items()}
            made.append(
                market(
                    symbol=name,
                    taker_fee=money(rates["taker_fee_rate"]),
                    maker_rebate=magnitude(money(rates["maker_fee_rate"])),
                    liquidation=1,
                    liquidation_penalty=money(rates["liquidation_fee_rate"]),
                    liquidation_buffer=money(rates["liquidation_buffer_ratio"]),
                    liquidation_counts_penalty=0,
                    liquidation_keeper_share=0,
                    oracle_jump_max=money("10"),
                    **rules,
                )
            )
        self.page = Scenario(*made, traders="")
        self.errors: list[dict[str, Any]] = []
        self.found: list[events.Event] = []
        for ident in range(len(self.names)):
            self.page.deposit("treasury", INSURANCE)
            fund = commands.FundPool(ident, codes.POOL_INSURANCE, scaled(INSURANCE, 6))
            self.page.do(fund, OPERATOR)
        for number, step in enumerate(case.when["steps"]):
            work = getattr(self, step["op"], None)
            if work is None:
                raise LookupError(f"no step {step['op']}")
            work(number, step)
            self.page.now += 1

    def set_oracle(self, number: int, step: dict[str, Any]) -> None:
        """New prices."""
        for name, price in step["prices"].items():
            self.page.oracle(price, self.names.index(name))

    def place(self, number: int, step: dict[str, Any], price: int, **more: Any) -> None:
        """An order in its pair."""
        super().place(number, step, price, market=self.names.index(step["pair"]), **more)

    def liquidate(self, number: int, step: dict[str, Any]) -> None:
        """The liquidation of a user."""
        command = commands.Liquidate(self.page.accounts[step["user"]], -1)
        self.found = self.page.do(command, KEEPER)

    def owner(self, ident: int) -> str:
        """The name of an account."""
        return self.page.state.accounts[ident].label


def fills(replay: Closing, source: int) -> list[dict[str, Any]]:
    """The fills of the liquidation from the book or by deleveraging."""
    return [
        {
            "pair": replay.names[event.market],
            "maker" if source == codes.FROM_BOOK else "counterparty": replay.owner(event.maker),
            "size": as_size(signed(event.side, event.size)),
            "price": as_money(event.price),
            "realized_pnl": as_money(event.taker_pnl),
            **(
                {}
                if source == codes.FROM_BOOK
                else {"counterparty_realized_pnl": as_money(event.maker_pnl)}
            ),
        }
        for event in replay.found
        if isinstance(event, events.Filled) and event.source == source
    ]


def moved(replay: Closing, reason: int) -> str:
    """What the liquidation moved for a reason, at most once."""
    found = [
        event.amount
        for event in replay.found
        if isinstance(event, events.Transferred) and event.reason == reason
    ]
    assert len(found) <= 1
    return as_money(found[0]) if found else "0"


def liquidation(replay: Closing) -> dict[str, Any]:
    """What the liquidation said and did."""
    closes = [event for event in replay.found if isinstance(event, mechanisms.Liquidating)]
    return {
        "equity": as_money(closes[0].equity),
        "maintenance_margin": as_money(closes[0].maintenance),
        "closes": [
            {
                "pair": replay.names[event.market],
                "close_size": as_size(signed(event.side, event.size)),
                "bankruptcy_price": as_money(event.bankruptcy),
                "limit_price": as_money(event.limit),
            }
            for event in closes
        ],
        "book_fills": fills(replay, codes.FROM_BOOK),
        "adl": fills(replay, codes.FROM_ADL),
        "liquidation_fee": moved(replay, codes.R_PENALTY),
        "bad_debt": moved(replay, codes.R_BAD_DEBT),
    }


def user(replay: Closing, name: str) -> dict[str, Any]:
    """Margin and positions of a user, in order of the pairs' names."""
    state = replay.page.state
    account = replay.page.account(name)
    return {
        "margin": as_money(margin.settled(state, account)),
        "positions": [
            {
                "pair": replay.names[row.market],
                "size": as_size(row.base),
                "entry_price": as_money(views.entry_price(row.entry_cost, magnitude(row.base))),
            }
            for row in account.positions
            if row.base != 0
        ],
    }


def liquidation_scenario(case: Case) -> dict[str, Any]:
    """The liquidation, what users have after it, and what insurance gained or lost."""
    replay = Closing(case)
    gained = sorted(
        difference(row.insurance.cash(), scaled(INSURANCE, 6)) for row in replay.page.state.markets
    )
    assert len([amount for amount in gained if amount]) <= 1
    return {
        "liquidation": liquidation(replay),
        "users": {name: user(replay, name) for name in case.then["users"]},
        "insurance_fund": as_money(gained[0] or gained[-1]),
    }


ADAPTERS = {"liquidation.scenario": liquidation_scenario}
