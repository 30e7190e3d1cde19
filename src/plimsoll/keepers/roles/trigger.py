"""Fires triggers that the oracle has reached, executes delayed orders whose price has come."""

from __future__ import annotations

from typing import Final

from plimsoll.keepers import formulas
from plimsoll.keepers.access import Task
from plimsoll.keepers.roles.base import View
from plimsoll.messages.gateway import ExecuteDelayed
from plimsoll.messages.keeping import FireTrigger
from plimsoll.units import mul_div_floor

NAME: Final = "trigger"


class Triggerer:
    """Delayed orders first, in the order in which the exchange would execute them; then what is
    reached, the furthest behind the oracle first.
    """

    name = NAME

    def candidates(self, view: View, now: int) -> list[Task]:
        found = self._delayed(view, now) + self._reached(view, now)
        return found[: view.settings.tasks_max]

    def _delayed(self, view: View, now: int) -> list[Task]:
        """Those whose price has come, and those that are over: both are paid for."""
        found: list[tuple[int, int, Task]] = []
        for one in view.mirror.delayed.waiting.values():
            market = view.mirror.markets[one.market]
            if not one.is_over(now) and not one.may_go(market, now):
                continue
            task = Task(
                role=NAME,
                key=f"delayed:{one.order}",
                command=ExecuteDelayed(one.order, view.keeper),
                reward=market.number("keeper_flat_fee"),
                urgency=2,
            )
            found.append((one.earliest_ms, one.order, task))
        found.sort(key=lambda one: one[:2])
        return [task for _, _, task in found]

    def _reached(self, view: View, now: int) -> list[Task]:
        found: list[tuple[int, int, Task]] = []
        for trigger in view.mirror.triggers.values():
            market = view.mirror.markets[trigger.market]
            if market.mode == "halted" or not market.oracle_valid(now):
                continue
            if not formulas.is_reached(trigger, market.oracle_price):
                continue
            task = Task(
                role=NAME,
                key=f"trigger:{trigger.order}",
                command=FireTrigger(trigger.order, view.keeper),
                reward=market.number("keeper_flat_fee"),
                urgency=2,
            )
            distance = abs(market.oracle_price - trigger.trigger_price)
            found.append(
                (-mul_div_floor(distance, 1_000_000, market.oracle_price), trigger.order, task)
            )
        found.sort(key=lambda one: one[:2])
        return [task for _, _, task in found]
