"""What came of a command, in one answer: order, fills, average price, fee, status, refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.client import models
from plimsoll.client.models import Status
from plimsoll.core.settlement import average_price
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    AmendOrder,
    Batch,
    CancelOrder,
    Command,
    FundVamm,
    PlaceOrder,
)
from plimsoll.messages.events import (
    Event,
    Filled,
    OrderAccepted,
    OrderReduced,
    OrderRemoved,
    OrderRested,
    Rejected,
)
from plimsoll.runtime import present
from plimsoll.runtime.present import Catalogue


@dataclass(slots=True)
class Outcome:
    """What the events of one command say of one order; amounts as inside the exchange."""

    order: int | None = None
    filled: int = 0
    quote: int = 0
    fee: int = 0
    side: int = codes.BUY
    remaining: int | None = None
    resting: bool = False

    def read(self, found: Sequence[Event]) -> None:
        """Follow the order through the events."""
        for event in found:
            if isinstance(event, Filled):
                if event.taker_order == self.order:
                    self._count(event)
            elif isinstance(event, OrderAccepted):
                self.order, self.remaining = event.order, event.size
            elif isinstance(event, OrderRested | OrderReduced):
                if event.order == self.order:
                    self.remaining, self.resting = event.remaining, True
            elif isinstance(event, OrderRemoved) and event.order == self.order:
                self.remaining, self.resting = event.remaining, False

    def _count(self, event: Filled) -> None:
        self.filled += event.size
        self.quote += event.quote
        self.fee += event.taker_fee
        self.side = event.side

    def status(self) -> Status:
        """The state of the order after an accepted command."""
        if self.order is None:
            return "done"
        if self.remaining == 0:
            return "filled"
        if not self.resting:
            return "cancelled"
        return "partially_filled" if self.filled else "resting"

    def average(self) -> str | None:
        """Average price of the fills, rounded against the taker; None without any."""
        if not self.filled:
            return None
        return present.quote_text(average_price(self.side, self.quote, self.filled))


def order_of(command: Command, found: Sequence[Event]) -> int | None:
    """The order a command is about, as far as the command or its events name it."""
    if isinstance(command, AmendOrder):
        return command.order
    if isinstance(command, CancelOrder):
        removed = [event.order for event in found if isinstance(event, OrderRemoved)]
        return removed[0] if removed else command.order or None
    return None


def accounts_of(command: Command) -> frozenset[int]:
    """The accounts a command names, which are the sender's wherever it is accepted."""
    if isinstance(command, Batch):
        return frozenset[int]().union(*(accounts_of(item) for item in command.items))
    named = (getattr(command, name, None) for name in ("account", "source", "target"))
    return frozenset(ident for ident in named if ident is not None)


def receipt_from(
    command: Command,
    found: Sequence[Event],
    names: Catalogue,
    *,
    seq: int,
    ts: int,
    accepted: bool,
    duplicate: bool = False,
) -> models.Receipt:
    """The answer to ``command`` from its events.

    The events are those that concern the accounts the command names (see ``present.events``).
    A repeated command whose first answer was too long to keep has no events: its status is done.
    """
    shown = present.events(found, names, accounts_of(command))
    if not accepted:
        return models.Receipt(
            seq=seq,
            ts=ts,
            accepted=False,
            duplicate=duplicate,
            status="rejected",
            reject=_refusal(command, found, names),
            events=shown,
        )
    outcome = Outcome()
    if found and isinstance(command, PlaceOrder | AmendOrder | CancelOrder):
        outcome.order = order_of(command, found)
        outcome.read(found)
    left = outcome.remaining
    return models.Receipt(
        seq=seq,
        ts=ts,
        accepted=True,
        duplicate=duplicate,
        order=outcome.order,
        filled=present.base_text(outcome.filled),
        average_price=outcome.average(),
        fee=present.quote_text(outcome.fee),
        remaining=None if left is None else present.base_text(left),
        status=outcome.status(),
        events=shown,
    )


def _refusal(
    command: Command, found: Sequence[Event], names: Catalogue
) -> models.RejectInfo | None:
    refused = [event for event in found if isinstance(event, Rejected)]
    if not refused:
        return None
    missing = 0 if isinstance(command, FundVamm) else len(names.decimals)
    asset = getattr(command, "asset", missing)
    decimals = names.decimals[asset] if asset < len(names.decimals) else None
    return present.reject(refused[-1], decimals)
