"""What of vaults and spot a keeper sees to: missing legs, unlocks, firm quotes that are over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plimsoll.client.keeper_models import KeeperSnapshot

Event = Mapping[str, Any]


class Liquidity:
    """Vaults that miss a leg, and when unlocks and firm quotes are due (ms), by their ids."""

    def __init__(self, snapshot: KeeperSnapshot) -> None:
        self.unhedged = set(snapshot.unhedged)
        self.unlocks = {one.ident: one.due_ms for one in snapshot.unlocks}
        self.firm_quotes = {one.ident: one.due_ms for one in snapshot.firm_quotes}

    def handlers(self) -> dict[str, Callable[[Event], None]]:
        """Event type -> what keeps this up to date."""
        return {
            "VaultModeSet": self._mode,
            "UnlockQueued": self._queued,
            "UnlockPaid": self._paid,
            "FirmQuotePosted": self._posted,
            "FirmQuoteEnded": self._ended,
        }

    def overdue(self, since: int) -> bool:
        """Whether anything was due at ``since`` already and is still there."""
        return any(due <= since for due in self.unlocks.values()) or any(
            due < since for due in self.firm_quotes.values()
        )

    def _mode(self, event: Event) -> None:
        # A cause is the exchange's: a leg could not follow. The operator's changes have none.
        if event["mode"] == "active":
            self.unhedged.discard(event["vault"])
        elif event["cause"] != 0:
            self.unhedged.add(event["vault"])

    def _queued(self, event: Event) -> None:
        self.unlocks[event["unlock"]] = event["due_ms"]

    def _paid(self, event: Event) -> None:
        self.unlocks.pop(event["unlock"], None)

    def _posted(self, event: Event) -> None:
        self.firm_quotes[event["firm_quote"]] = event["expires_ms"]

    def _ended(self, event: Event) -> None:
        self.firm_quotes.pop(event["firm_quote"], None)
