"""Delayed orders as a keeper sees them: what waits for a later price, and which may go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.client.keeper_models import KeeperDelayed
from plimsoll.keepers.rows import Market

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delayed:
    """A delayed order: executed at a price published at ``earliest_ms`` or later, until
    ``expires_ms``."""

    order: int
    market: int
    earliest_ms: int
    expires_ms: int

    def is_over(self, now: int) -> bool:
        """Whether it is past its expiry at ``now`` (ms)."""
        return self.expires_ms < now

    def may_go(self, market: Market, now: int) -> bool:
        """Whether the oracle's last price lets it go, in its market as it is."""
        fresh = market.mode != "halted" and market.oracle_valid(now)
        return fresh and market.published_ms >= self.earliest_ms


class DelayedOrders:
    """All delayed orders by id."""

    def __init__(self, found: list[KeeperDelayed]) -> None:
        self.waiting = {
            one.order: Delayed(one.order, one.market, one.earliest_ms, one.expires_ms)
            for one in found
        }

    def handlers(self) -> dict[str, Callable[[Event], None]]:
        """Event type -> what keeps this up to date; one that is refused is also removed."""
        return {"DelayedPlaced": self._placed, "DelayedExecuted": self._executed}

    def forget(self, order: int) -> None:
        """An order is done."""
        self.waiting.pop(order, None)

    def overdue(self, since: int) -> bool:
        """Whether one was past its expiry at ``since`` (ms) already."""
        return any(one.is_over(since) for one in self.waiting.values())

    def _placed(self, event: Event) -> None:
        order = event["order"]
        self.waiting[order] = Delayed(
            order, event["market"], event["earliest_ms"], event["expires_ms"]
        )

    def _executed(self, event: Event) -> None:
        self.forget(event["order"])
