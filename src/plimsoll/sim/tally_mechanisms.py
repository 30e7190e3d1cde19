"""What the mechanisms of one market did in a run: repegs, restrictions, auctions, funding, losses.

Money 1e-6 quote, sizes 1e-9, times ms.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from plimsoll.messages.codes import (
    DONE_REASONS,
    FROM_ADL,
    FROM_AUCTION,
    FROM_VAMM,
    OF_LIQUIDATION,
    R_KEEPER_LIQUIDATION,
    R_PENALTY,
)
from plimsoll.messages.events import Event, Filled, Transferred
from plimsoll.messages.mechanisms import (
    AuctionEnded,
    AuctionOffered,
    AuctionStarted,
    BadDebt,
    Deleveraged,
    FundingSkipped,
    FundingUpdated,
    Liquidating,
    MarketReleased,
    MarketRestricted,
    Repegged,
    RepegUnaffordable,
    TriggerFired,
)
from plimsoll.runtime.present_events import REPEG_OUTCOMES
from plimsoll.runtime.words import RESTRICTIONS


@dataclass(slots=True)
class MechanismTally:
    """Counts and sums of one market."""

    repegs: Counter[str] = field(default_factory=Counter)
    repeg_cost: int = 0
    repeg_revenue: int = 0
    breaches: Counter[str] = field(default_factory=Counter)
    restricted: int = 0
    restricted_ms: int = 0
    restricted_since: int = -1
    auctions: Counter[str] = field(default_factory=Counter)
    auction_ends: Counter[str] = field(default_factory=Counter)
    offers: int = 0
    funding: int = 0
    funding_skipped: int = 0
    funding_pool: int = 0
    triggers: int = 0
    liquidations: int = 0
    liquidated: Counter[str] = field(default_factory=Counter)
    penalties: int = 0
    keeper_rewards: int = 0
    deleveraged: int = 0
    deleveraged_size: int = 0
    bad_debt: int = 0
    bad_debt_insured: int = 0
    bad_debt_haircut: int = 0
    bad_debt_unpaid: int = 0
    closing_orders: set[int] = field(default_factory=set)
    closing_accounts: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """A new command: whoever was liquidated by the last one trades for himself again."""
        self.closing_accounts.clear()

    def count(self, event: Event, now: int) -> None:
        """Count an event of this market that happened at ``now``."""
        if isinstance(event, Filled):
            self._fill(event)
        elif isinstance(event, Transferred):
            if event.reason == R_PENALTY:
                self.penalties += event.amount
            elif event.reason == R_KEEPER_LIQUIDATION:
                self.keeper_rewards += event.amount
        elif isinstance(event, Repegged):
            self.repegs[REPEG_OUTCOMES[event.outcome]] += 1
            self.repeg_cost += max(0, event.cost)
            self.repeg_revenue += max(0, -event.cost)
        elif isinstance(event, RepegUnaffordable):
            self.repegs["unaffordable"] += 1
        elif isinstance(event, TriggerFired):
            self.triggers += 1
        elif isinstance(event, (FundingUpdated, FundingSkipped)):
            self._funding(event)
        elif isinstance(event, (MarketRestricted, MarketReleased)):
            self._health(event, now)
        elif isinstance(event, (AuctionStarted, AuctionOffered, AuctionEnded)):
            self._auction(event)
        else:
            self._loss(event)

    def _fill(self, event: Filled) -> None:
        if event.taker in self.closing_accounts or event.taker_order in self.closing_orders:
            name = {FROM_AUCTION: "auction", FROM_VAMM: "vamm", FROM_ADL: "adl"}
            self.liquidated[name.get(event.source, "book")] += event.quote

    def _funding(self, event: FundingUpdated | FundingSkipped) -> None:
        if isinstance(event, FundingUpdated):
            self.funding += 1
            self.funding_pool += event.pool
        else:
            self.funding_skipped += 1

    def _health(self, event: MarketRestricted | MarketReleased, now: int) -> None:
        if isinstance(event, MarketRestricted):
            self.breaches[RESTRICTIONS[event.what]] += 1
            if self.restricted_since < 0:
                self.restricted += 1
                self.restricted_since = now
        elif self.restricted_since >= 0:
            self.restricted_ms += now - self.restricted_since
            self.restricted_since = -1

    def _auction(self, event: AuctionStarted | AuctionOffered | AuctionEnded) -> None:
        if isinstance(event, AuctionStarted):
            forced = event.cause == OF_LIQUIDATION
            self.auctions["liquidation" if forced else "order"] += 1
            if forced:
                self.closing_orders.add(event.auction)
        elif isinstance(event, AuctionOffered):
            self.offers += 1
        else:
            self.auction_ends[DONE_REASONS[event.reason]] += 1

    def _loss(self, event: Event) -> None:
        if isinstance(event, Liquidating):
            self.liquidations += 1
            self.closing_accounts.add(event.account)
        elif isinstance(event, Deleveraged):
            self.deleveraged += 1
            self.deleveraged_size += event.size
        elif isinstance(event, BadDebt):
            self.bad_debt += event.loss
            self.bad_debt_insured += event.insurance
            self.bad_debt_haircut += event.haircut
            self.bad_debt_unpaid += event.unpaid

    def close(self, now: int) -> None:
        """End a restriction that still lasts when the run does."""
        if self.restricted_since >= 0:
            self.restricted_ms += now - self.restricted_since
            self.restricted_since = now

    def as_dict(self) -> dict[str, Any]:
        """Everything by name, as whole numbers."""
        return {
            "repegs": {
                name: self.repegs[name] for name in ("free", "revenue", "paid", "unaffordable")
            },
            "repeg_cost": self.repeg_cost,
            "repeg_revenue": self.repeg_revenue,
            "restricted": self.restricted,
            "restricted_ms": self.restricted_ms,
            "breaches": dict(sorted(self.breaches.items())),
            "auctions": dict(sorted(self.auctions.items())),
            "auction_ends": dict(sorted(self.auction_ends.items())),
            "offers": self.offers,
            "funding_updates": self.funding,
            "funding_skipped": self.funding_skipped,
            "funding_pool_change": self.funding_pool,
            "triggers_fired": self.triggers,
            "liquidations": self.liquidations,
            "liquidated_notional": dict(sorted(self.liquidated.items())),
            "penalties": self.penalties,
            "keeper_rewards": self.keeper_rewards,
            "deleveraged": self.deleveraged,
            "deleveraged_size": self.deleveraged_size,
            "bad_debt": self.bad_debt,
            "bad_debt_insured": self.bad_debt_insured,
            "bad_debt_haircut": self.bad_debt_haircut,
            "bad_debt_unpaid": self.bad_debt_unpaid,
        }
