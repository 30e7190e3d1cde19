"""Adapters for the order gateways of ``perp-v3.json``: what is asked of their steps."""

from __future__ import annotations

from typing import Any

from plimsoll.core import margin
from plimsoll.messages import codes, events
from tests.conformance.cases import Case
from tests.conformance.perp_gateway_page import GatewayPage
from tests.conformance.scaling import (
    as_money,
    as_raw_money,
    as_raw_size,
    as_seconds,
    as_size,
    negated,
    whole,
)


class Gateway(GatewayPage):
    """Answers to what is asked, as far as we have them."""

    def ask_positions(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Margin, size, and quote paid (negative) or received for it."""
        found = {}
        for name, fields in asked.items():
            row = self.position(name)
            paid = negated(row.entry_cost)
            values = {
                "margin": as_money(margin.settled(self.state, self.page.account(name))),
                "size": as_raw_size(row.base) if self.in_units else as_size(row.base),
                "open_notional": as_raw_money(paid) if self.in_units else as_money(paid),
            }
            found[name] = {field: values[field] for field in fields if field in values}
        return found

    def ask_fund(self, asked: dict[str, Any]) -> dict[str, str]:
        """What is not margin."""
        return {name: as_money(self.state.accounts[self.fund(name)].cash()) for name in asked}

    def ask_balances(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What went back to a wallet: nothing does."""
        held = [row for row in self.page.found if isinstance(row, events.Transferred)]
        left = [row for row in held if row.credit == codes.OUTSIDE_ACCOUNT]
        return {token: {name: str(len(left)) for name in names} for token, names in asked.items()}

    def ask_filled(self, asked: list[dict[str, str]]) -> list[dict[str, str]]:
        """How much of an order is filled."""
        return [
            {"owner": row["owner"], "id": row["id"],
             "amount": as_size(self.state.gateway.signed[f"{row['owner']}/{row['id']}"].filled)}
            for row in asked
        ]  # fmt: skip

    def ask_events(self, asked: list[Any]) -> list[dict[str, str]]:
        """The last ones."""
        last = self.told.copy()
        while len(last) > len(asked):
            last.pop(0)
        return last

    def ask_order_count(self, asked: str) -> str:
        """Delayed orders that wait."""
        return str(len(self.state.board.triggers))

    def ask_order(self, asked: dict[str, str]) -> dict[str, str]:
        """One that waits."""
        order = self.orders[whole(asked["id"])]
        trigger = self.state.board.triggers[order]
        names = {account: name for name, account in self.page.accounts.items()}
        return {
            "id": self.number(order),
            "sender": names[trigger.order.account.ident],
            "created_at_s": as_seconds(trigger.order.age),
            "executable_at_s": as_seconds(trigger.earliest_ms),
        }

    def ask_nonce(self, asked: str) -> str:
        """The number of the next order."""
        return str(len(self.orders))


def gateway(case: Case) -> dict[str, Any]:
    """What became of a case."""
    return Gateway(case).outcome(case)


ADAPTERS = {
    **{f"order_gateway.{name}": gateway for name in ("execute", "purge", "create", "cancel")},
    **{
        f"order_gateway_v2.{name}": gateway
        for name in ("settle", "errors", "reduce_only", "cancel", "relay_fee", "margin",
                     "self_trade", "extreme_price")
    },
}  # fmt: skip
