"""What happened in a run, counted from the events: orders, fills, fees, refusals, volume.

What the mechanisms did is counted by market, in ``tally_mechanisms``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from plimsoll.messages.codes import (
    DONE_REASONS,
    KINDS,
    R_DEPOSIT,
    REASONS,
    REJECTS,
    SOURCES,
    TIFS,
)
from plimsoll.messages.events import (
    Event,
    Filled,
    OracleAccepted,
    OracleRefused,
    OrderAccepted,
    OrderReduced,
    OrderRemoved,
    OrderRested,
    Rejected,
    Transferred,
)
from plimsoll.messages.mechanisms import LiquidationEnded
from plimsoll.sim.tally_mechanisms import MechanismTally


@dataclass(slots=True)
class Tally:
    """Counts and sums; money in 1e-6 quote. Refusals inside a batch are counted one by one."""

    commands: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    fills: Counter[str] = field(default_factory=Counter)
    volume: Counter[str] = field(default_factory=Counter)
    fees: int = 0
    rebates: int = 0
    paid: Counter[str] = field(default_factory=Counter)
    paid_by_market: Counter[tuple[int, str]] = field(default_factory=Counter)
    oracle_accepted: int = 0
    oracle_refused: Counter[str] = field(default_factory=Counter)
    liquidations_ended: Counter[str] = field(default_factory=Counter)
    mechanisms: dict[int, MechanismTally] = field(default_factory=dict)

    def count(self, accepted: bool, events: Iterable[Event], now: int = 0) -> None:
        """Count one command, which was applied at ``now`` (ms), and its events."""
        self.commands += 1
        self.accepted += accepted
        for one in self.mechanisms.values():
            one.begin()
        for event in events:
            self._count_event(event)
            market = getattr(event, "market", -1)
            if market >= 0:
                self.mechanism(market).count(event, now)

    def mechanism(self, market: int) -> MechanismTally:
        """What the mechanisms of a market did so far."""
        return self.mechanisms.setdefault(market, MechanismTally())

    def close(self, now: int) -> None:
        """The run is over at ``now``."""
        for one in self.mechanisms.values():
            one.close(now)

    def _count_event(self, event: Event) -> None:
        if isinstance(event, Filled):
            self._count_fill(event)
        elif isinstance(event, Transferred):
            if event.reason != R_DEPOSIT:
                self._pay(event.market, REASONS[event.reason], event.amount)
        elif isinstance(event, OrderAccepted):
            self._count_order(event)
        elif isinstance(event, OrderRemoved):
            self.done[DONE_REASONS[event.reason]] += 1
        elif isinstance(event, OrderRested):
            self.orders["rested"] += 1
        elif isinstance(event, OrderReduced):
            self.orders["reduced"] += 1
        elif isinstance(event, Rejected):
            self.rejected[REJECTS[event.code][0]] += 1
        elif isinstance(event, OracleAccepted):
            self.oracle_accepted += 1
        elif isinstance(event, LiquidationEnded):
            self.liquidations_ended[DONE_REASONS[event.reason]] += 1
        elif isinstance(event, OracleRefused):
            self.oracle_refused[REJECTS[event.code][0]] += 1

    def _count_fill(self, event: Filled) -> None:
        source = SOURCES[event.source]
        self.fills[source] += 1
        self.volume[source] += event.quote
        self.fees += event.taker_fee
        self.rebates += event.maker_rebate
        self._pay(event.market, "maker_rebate", event.maker_rebate)
        self._pay(event.market, "spread_surplus", event.surplus)
        self._pay(event.market, "fee_insurance", event.fee_insurance)
        self._pay(event.market, "fee_adjustments", event.fee_adjustments)
        self._pay(event.market, "fee_funding", event.fee_funding)
        self._pay(event.market, "fee_keepers", event.fee_keepers)
        self._pay(event.market, "fee_treasury", event.fee_treasury)
        self._pay(event.market, "fee_vault", event.fee_vault)

    def _pay(self, market: int, reason: str, amount: int) -> None:
        if amount:
            self.paid[reason] += amount
            self.paid_by_market[market, reason] += amount

    def _count_order(self, event: OrderAccepted) -> None:
        self.orders["accepted"] += 1
        self.orders[f"{KINDS[event.kind]} {TIFS[event.tif]}"] += 1
        if event.reduce_only:
            self.orders["reduce-only"] += 1
        if event.expires_ms > 0:
            self.orders["expiring"] += 1

    def paid_in(self, market: int) -> dict[str, int]:
        """What was paid in one market, by reason."""
        found = sorted(self.paid_by_market.items())
        return {reason: amount for (at, reason), amount in found if at == market}

    def as_dict(self) -> dict[str, Any]:
        """Everything, by sorted names; ready for JSON."""
        return {
            "commands": self.commands,
            "accepted": self.accepted,
            "refused": self.commands - self.accepted,
            "rejections": dict(sorted(self.rejected.items())),
            "orders": dict(sorted(self.orders.items())),
            "orders_done": dict(sorted(self.done.items())),
            "fills": dict(sorted(self.fills.items())),
            "volume": dict(sorted(self.volume.items())),
            "taker_fees": self.fees,
            "maker_rebates": self.rebates,
            "paid": dict(sorted(self.paid.items())),
            "oracle_accepted": self.oracle_accepted,
            "oracle_refused": dict(sorted(self.oracle_refused.items())),
            "liquidations_ended": dict(sorted(self.liquidations_ended.items())),
        }
