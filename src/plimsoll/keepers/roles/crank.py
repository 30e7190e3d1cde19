"""Upkeep: funding on the hour, markets nobody touched, hedges that miss a leg, and a Tick when
work stays undone."""

from __future__ import annotations

from typing import Final

from plimsoll.keepers import formulas
from plimsoll.keepers.access import Task
from plimsoll.keepers.mirror import Mirror
from plimsoll.keepers.roles.base import View
from plimsoll.keepers.rows import Market
from plimsoll.messages.commands import Tick
from plimsoll.messages.keeping import UpdateFunding, UpdateMarket
from plimsoll.messages.vaults import RehedgeVault
from plimsoll.units import step_floor

NAME: Final = "crank"
_FOLLOWING: Final = (
    "vamm_spread_steps", "repeg", "health_divergence_max", "health_imbalance_max", "auction",
    "funding_period_s", "liquidation",
)  # fmt: skip
"""Parameters that make a market keep averages; with all of them off there is nothing to do."""


class Crank:
    """Sends what nobody is paid for, and what everybody else left."""

    name = NAME

    def candidates(self, view: View, now: int) -> list[Task]:
        found: list[Task] = []
        for market in view.mirror.markets.values():
            ident = market.market
            if 0 < market.funding_due_ms <= now:
                found.append(
                    Task(
                        role=NAME,
                        key=f"funding:{ident}",
                        command=UpdateFunding(ident, view.keeper),
                        reward=market.number("keeper_flat_fee"),
                        urgency=1,
                    )
                )
            if _is_followed(market) and now - market.touched_ms >= view.settings.update_ms:
                # The window is in the key: a market that stays untouched is due again in the next.
                window = step_floor(now, view.settings.update_ms)
                command = UpdateMarket(ident, view.keeper)
                found.append(Task(role=NAME, key=f"market:{ident}:{window}", command=command))
        for vault in sorted(view.mirror.liquidity.unhedged):
            repair = RehedgeVault(vault, view.keeper)
            found.append(Task(role=NAME, key=f"rehedge:{vault}", command=repair))
        if _overdue(view.mirror, now - view.settings.backstop_ms):
            found.append(Task(role=NAME, key="tick", command=Tick(view.settings.tick_limit)))
        return found


def _is_followed(market: Market) -> bool:
    return any(market.number(name) != 0 for name in _FOLLOWING)


def _overdue(mirror: Mirror, since: int) -> bool:
    """Whether something was due at ``since`` (ms) already and is still there."""
    return (
        any(
            formulas.is_over(one, since) or 0 < one.offers_due_ms <= since
            for one in mirror.auctions.values()
        )
        or bool(mirror.book.expired(since))
        or any(0 < one.funding_due_ms <= since for one in mirror.markets.values())
        or mirror.liquidity.overdue(since)
        or mirror.delayed.overdue(since)
    )
