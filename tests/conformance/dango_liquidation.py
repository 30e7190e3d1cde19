"""Adapters for the liquidation formulas of ``dango.json``.

Upstream rounds sizes to six decimals, so that is the step here, and has no penalty in its sizes.
A deficit is given as such: an account without a buffer whose equity is that much too low.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import liquidation, margin, solvency
from plimsoll.core.rows import Account
from tests.conformance.cases import Case
from tests.conformance.dango_margin import desk_of
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
)

STEP = 1_000


def settled_desk(case: Case) -> tuple[Desk, Account]:
    """The pairs and a user whose funding has been settled: that comes first."""
    desk, user = desk_of(case)
    solvency.settle_all(desk.txn, user)
    return desk, user


def trigger(case: Case) -> dict[str, Any]:
    """Whether the account may be liquidated."""
    desk, user = settled_desk(case)
    equity = margin.equity(desk.state, user)
    required = margin.requirement(desk.state, user, True)
    return {
        "liquidatable": liquidation.is_liquidatable(equity, required),
        "equity": as_money(equity),
        "maintenance_margin": as_money(required),
    }


def close_schedule(case: Case) -> dict[str, Any]:
    """What is closed for a deficit, and in which order."""
    desk, user = desk_of(case)
    names = {made.ident: name for name, made in desk.markets.items()}
    held = {row.market: side_of(row.base) for row in user.positions}
    holdings = [
        liquidation.Holding(
            market=row.market,
            size=magnitude(row.base),
            price=desk.state.oracles[row.market].price,
            mmr=desk.state.markets[row.market].params.mmr,
            penalty=0,
            buffer=0,
            step=STEP,
            min_notional=money(case.given["pairs"][names[row.market]]["min_order_size"]),
        )
        for row in user.positions
    ]
    required = margin.requirement(desk.state, user, True)
    equity = difference(required, money(case.when["deficit"]))
    return {
        "closes": [
            {
                "pair": names[close.market],
                "close_size": as_size(negated(signed(held[close.market], close.size))),
            }
            for close in liquidation.close_schedule(equity, required, holdings)
        ]
    }


def bankruptcy_price(case: Case) -> dict[str, Any]:
    """The price at which closing all of a position leaves nothing."""
    desk, user = settled_desk(case)
    made = desk.markets[case.when["pair"]]
    base = desk.state.position(user, made.ident).base
    equity = margin.equity(desk.state, user)
    oracle = desk.state.oracles[made.ident].price
    found = liquidation.bankruptcy_price(base, oracle, equity, 1)
    return {"equity": as_money(equity), "bankruptcy_price": as_money(found)}


ADAPTERS = {
    "liquidation.trigger": trigger,
    "liquidation.close_schedule": close_schedule,
    "liquidation.bankruptcy_price": bankruptcy_price,
}
