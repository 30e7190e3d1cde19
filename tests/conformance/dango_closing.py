"""Adapters for what ``dango.json`` tells of liquidations in steps: through the whole engine.

Upstream's insurance may go below zero: here it starts with a balance, and the difference is
compared. Upstream's sizes do not count the penalty, which is a setting here, and its bankruptcy
prices are on no tick.
"""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events, mechanisms
from tests.conformance.cases import Case
from tests.conformance.dango_vault import Keeping
from tests.conformance.scaling import as_money, as_size, difference, money, signed
from tests.harness.scenario import OPERATOR, scaled

INSURANCE = "1000000"


class Closing(Keeping):
    """A scenario whose markets liquidate, with insurance to start with."""

    def __init__(self, case: Case) -> None:
        rates = case.given["params"]
        super().__init__(
            case,
            liquidation=1,
            liquidation_penalty=money(rates["liquidation_fee_rate"]),
            liquidation_buffer=money(rates["liquidation_buffer_ratio"]),
            liquidation_counts_penalty=0,
            liquidation_keeper_share=0,
        )

    def prepare(self) -> None:
        """Insurance that no loss uses up; what is given comes on top of it, in the first pair."""
        for ident in range(len(self.names)):
            self.fund(ident, INSURANCE)
        given = self.case.given.get("insurance_fund", "0")
        if money(given):
            self.fund(0, given)
        super().prepare()

    def fund(self, ident: int, amount: str) -> None:
        """Money into the insurance of a pair."""
        self.page.deposit("treasury", amount)
        command = commands.FundPool(ident, codes.POOL_INSURANCE, scaled(amount, 6))
        self.page.do(command, OPERATOR)

    def liquidate(self, number: int, step: dict[str, Any]) -> None:
        """The liquidation of a user, off the grid of prices."""
        for row in self.page.state.markets:
            row.params.tick = 1
        super().liquidate(number, step)

    def insured(self) -> str:
        """What insurance has beyond what it was prepared with."""
        gained = sorted(
            difference(row.insurance.cash(), scaled(INSURANCE, 6))
            for row in self.page.state.markets
        )
        assert len([amount for amount in gained if amount]) <= 1
        return as_money(gained[0] or gained[-1])


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
        for event in replay.filled()
        if event.source == source
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


def liquidation_scenario(case: Case) -> dict[str, Any]:
    """The liquidation, what users have after it, and what insurance gained or lost."""
    replay = Closing(case)
    return {
        "liquidation": liquidation(replay),
        "users": replay.users(),
        "insurance_fund": replay.insured(),
        "treasury": replay.cash("treasury"),
        "vault_share_supply": replay.supply(),
    }


ADAPTERS = {"liquidation.scenario": liquidation_scenario}
