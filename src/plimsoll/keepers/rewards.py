"""What keepers earned: of each call, and in all. Money 1e-6 quote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from plimsoll.client.models import Receipt
from plimsoll.decimal_text import parse_decimal

KEEPER_REASONS: Final = frozenset(
    ("keeper_flat", "keeper_extra", "keeper_liquidation", "keeper_surplus")
)
"""Reasons of transfers that pay keepers; their part of fees stands in the fills."""


def _money(value: Any) -> int:
    """An amount as receipts (decimal text) and the channel of keepers (whole number) say it."""
    return value if isinstance(value, int) else parse_decimal(value, 6, allow_negative=True)


def of_events(events: list[dict[str, Any]], account: int) -> dict[str, int]:
    """What an account was paid as a keeper in these events, by reason; nothing if nothing."""
    found: dict[str, int] = {}
    for event in events:
        kind = event.get("type")
        if kind == "Transferred" and event["credit"] == account:
            reason, amount = event["reason"], _money(event["amount"])
            if reason not in KEEPER_REASONS:
                continue
        elif kind == "Filled" and event.get("keeper") == account:
            reason, amount = "fee_keepers", _money(event["fee_keepers"])
        else:
            continue
        if amount > 0:
            found[reason] = found.get(reason, 0) + amount
    return found


@dataclass(slots=True)
class RoleTotals:
    """What a role did: calls sent, calls that landed, and what they brought."""

    sent: int = 0
    landed: int = 0
    outcompeted: int = 0
    other: int = 0
    reward: int = 0


class Statement:
    """Rewards by role and by reason. ``account`` -1 works for the pot and earns nothing."""

    def __init__(self, account: int) -> None:
        self.account = account
        self.roles: dict[str, RoleTotals] = {}
        self.reasons: dict[str, int] = {}

    def of(self, role: str) -> RoleTotals:
        """The totals of a role."""
        return self.roles.setdefault(role, RoleTotals())

    def book(self, role: str, receipt: Receipt) -> int:
        """Add what a call that landed brought; returns it."""
        if self.account < 0:
            return 0
        found = of_events(receipt.events, self.account)
        for reason, amount in found.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + amount
        total = sum(found.values())
        self.of(role).reward += total
        return total

    @property
    def total(self) -> int:
        """All rewards."""
        return sum(one.reward for one in self.roles.values())

    def as_dict(self) -> dict[str, Any]:
        """For reports: totals by role and by reason, whole numbers (1e-6)."""
        return {
            "account": self.account,
            "total": self.total,
            "reasons": dict(sorted(self.reasons.items())),
            "roles": {
                name: {
                    "sent": one.sent,
                    "landed": one.landed,
                    "outcompeted": one.outcompeted,
                    "other": one.other,
                    "reward": one.reward,
                }
                for name, one in sorted(self.roles.items())
            },
        }
