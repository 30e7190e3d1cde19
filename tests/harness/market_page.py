"""A page of one market with a vAMM and money in its pools, for what market updates do."""

from __future__ import annotations

from typing import Any, TypeVar

from plimsoll.core.rows import Track, Vamm
from plimsoll.messages import codes, commands, events
from tests.harness.scenario import KEEPER, OPERATOR, Scenario

HOUR = 3_600_000
POOL = 100_000 * 10**6
E = TypeVar("E", bound=events.Event)


def page(pool: int = POOL, **changes: Any) -> Scenario:
    """Rich traders, a vAMM at 100 with 10,000 base, and money in the adjustments pool."""
    values = {"vamm_enabled": 1, "oracle_max_age_ms": HOUR, **changes}
    made = Scenario(cash="1000000", **values)
    made.deposit("treasury", "100000")
    if pool:
        made.do(commands.FundPool(0, codes.POOL_ADJUSTMENTS, pool), OPERATOR)
    return made


def of(made: Scenario, kind: type[E]) -> list[E]:
    """The events of one kind that the last command gave."""
    return [event for event in made.found if isinstance(event, kind)]


def later(made: Scenario, price: str, wait: int = 1_000) -> None:
    """An oracle price after a while, in ms."""
    made.now += wait
    made.oracle(price)


def row(made: Scenario) -> Vamm:
    """The vAMM."""
    return made.state.vamms[0]


def track(made: Scenario) -> Track:
    """What is remembered."""
    return made.state.tracks[0]


def reservation(vamm: Vamm) -> int:
    """The vAMM's price, from its rows alone."""
    return vamm.y * vamm.peg // vamm.x


def owed(vamm: Vamm, peg: int) -> int:
    """The cost of a move to ``peg``, toward zero."""
    exact = (vamm.y - vamm.sqrt_k**2 // (vamm.x + vamm.net)) * (peg - vamm.peg)
    return exact // 10**9 if exact >= 0 else -(-exact // 10**9)


def cash(made: Scenario, name: str) -> int:
    """Cash of a system account."""
    return made.account(name).cash()


def drain(made: Scenario) -> None:
    """Take from the vAMM, as if it never had it, all that its margin does not need."""
    spare = made.value("vamm", "free", 0)
    made.state.log.begin()
    made.account("vamm").usd.add(-spare)
    made.account("treasury").usd.add(spare)
    row(made).add_capital(-spare)
    made.state.log.commit()


def crank(made: Scenario) -> bool:
    """A keeper asks for an update."""
    return made.apply(commands.UpdateMarket(0, -1), KEEPER)
