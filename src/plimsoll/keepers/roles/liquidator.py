"""Liquidates accounts below their maintenance requirement, the largest requirement first."""

from __future__ import annotations

from typing import Final

from plimsoll.keepers import formulas
from plimsoll.keepers.access import Task
from plimsoll.keepers.mirror import Mirror
from plimsoll.keepers.roles.base import View
from plimsoll.keepers.rows import Account
from plimsoll.messages.keeping import Liquidate
from plimsoll.units import at_rate_floor, notional_floor

NAME: Final = "liquidator"


class Liquidator:
    """Judges every account at the oracle's prices."""

    name = NAME

    def candidates(self, view: View, now: int) -> list[Task]:
        mirror = view.mirror
        found: list[tuple[int, int, Task]] = []
        for account in mirror.accounts.values():
            if not account.known or account.liquidations > 0 or not _may(mirror, account, now):
                continue
            equity, needed = formulas.health(account, mirror.markets)
            if equity >= needed:
                continue
            task = Task(
                role=NAME,
                key=f"liquidate:{account.account}",
                command=Liquidate(account.account, view.keeper),
                reward=_share(mirror, account, equity),
                urgency=3,
            )
            found.append((-needed, account.account, task))
        found.sort(key=lambda one: one[:2])
        return [task for _, _, task in found[: view.settings.tasks_max]]


def _may(mirror: Mirror, account: Account, now: int) -> bool:
    """Whether a position of the account can be closed now: the switch, a price, the wait."""
    may = False
    for ident, held in account.positions.items():
        market = mirror.markets.get(ident)
        if held.base == 0 or market is None:
            continue
        if not market.oracle_valid(now):
            return False
        wait = market.number("liquidation_chunk_ms") if held.liquidated_ms > 0 else 0
        if market.number("liquidation") != 0 and now - held.liquidated_ms >= wait:
            may = True
    return may


def _share(mirror: Mirror, account: Account, equity: int) -> int:
    """About what the keeper gets if all is closed: a share of the penalty, which equity bounds."""
    total = 0
    for ident, held in account.positions.items():
        market = mirror.markets[ident]
        worth = notional_floor(market.oracle_price, abs(held.base))
        penalty = min(at_rate_floor(worth, market.number("liquidation_penalty")), max(0, equity))
        total += at_rate_floor(penalty, market.number("liquidation_keeper_share"))
    return total
