"""Fires triggers whose price the oracle has reached."""

from __future__ import annotations

from typing import Final

from plimsoll.keepers import formulas
from plimsoll.keepers.access import Task
from plimsoll.keepers.roles.base import View
from plimsoll.messages.keeping import FireTrigger
from plimsoll.units import mul_div_floor

NAME: Final = "trigger"


class Triggerer:
    """Fires what is reached, the furthest behind the oracle first."""

    name = NAME

    def candidates(self, view: View, now: int) -> list[Task]:
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
        return [task for _, _, task in found[: view.settings.tasks_max]]
