"""What came of a command, in one answer: order, fills, average price, fee, status, refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from plimsoll.client import models
from plimsoll.client.models import Status
from plimsoll.core.settlement import average_price
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    AmendOrder,
    Batch,
    CancelOrder,
    CancelSigned,
    Command,
    Liquidate,
    MatchSigned,
    OfferAuction,
    PlaceDelayed,
    PlaceOrder,
    PlaceTrigger,
    SettleSigned,
    Withdraw,
)
from plimsoll.messages.events import (
    DelayedPlaced,
    Event,
    Filled,
    OrderAccepted,
    OrderReduced,
    OrderRemoved,
    OrderRested,
    Rejected,
    WithdrawalHeld,
)
from plimsoll.messages.mechanisms import (
    AuctionEnded,
    AuctionOffered,
    AuctionStarted,
    OfferDropped,
    TriggerPlaced,
)
from plimsoll.messages.vaults import TradeVault
from plimsoll.runtime import present, present_gateway
from plimsoll.runtime.present import Catalogue
from plimsoll.runtime.present_vaults import refused_decimals


@dataclass(slots=True)
class Outcome:
    """What the events of one command say of one order; amounts as inside the exchange.

    Due work may follow in the same record, so that only the first order of ``account`` counts.
    """

    account: int = -1
    order: int | None = None
    filled: int = 0
    quote: int = 0
    fee: int = 0
    side: int = codes.BUY
    remaining: int | None = None
    stands: Status | None = None

    def read(self, found: Sequence[Event]) -> None:
        """Follow the order through the events."""
        for event in found:
            if isinstance(event, Filled):
                if event.taker_order == self.order:
                    self._count(event)
            elif isinstance(event, OrderAccepted):
                if self._is_mine(event):
                    self.order, self.remaining = event.order, event.size
            elif isinstance(event, TriggerPlaced | DelayedPlaced):
                if self._is_mine(event):
                    self.order, self.remaining, self.stands = event.order, event.size, "waiting"
            elif isinstance(event, OrderRested | OrderReduced):
                if event.order == self.order:
                    self.remaining, self.stands = event.remaining, "resting"
            elif isinstance(event, AuctionStarted):
                if event.auction == self.order:
                    self.remaining, self.stands = event.size, "auction"
            elif isinstance(event, AuctionEnded):
                if event.auction == self.order:
                    self.remaining, self.stands = event.remaining, None
            elif isinstance(event, OrderRemoved) and event.order == self.order:
                self.remaining, self.stands = event.remaining, None

    def read_offer(self, command: OfferAuction, found: Sequence[Event]) -> None:
        """Follow an offer through the events; its fills are those of its account as maker."""
        self.stands = "waiting"
        for event in found:
            if isinstance(event, Filled):
                if event.maker == command.account and event.taker_order == command.auction:
                    self._count(event)
                    self.fee -= event.taker_fee
                    self.remaining = max(0, (self.remaining or 0) - event.size)
            elif isinstance(event, AuctionOffered) and event.account == command.account:
                self.order, self.remaining = event.offer, event.size
            elif isinstance(event, OfferDropped) and event.offer == self.order:
                self.remaining, self.stands = event.remaining, None

    def _is_mine(self, event: OrderAccepted | TriggerPlaced | DelayedPlaced) -> bool:
        return event.account == self.account and self.order in (None, event.order)

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
        if self.stands is None:
            return "cancelled"
        return "partially_filled" if self.filled and self.stands == "resting" else self.stands

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


_OF_AN_ORDER: Final = (PlaceOrder, PlaceTrigger, PlaceDelayed, AmendOrder, CancelOrder, TradeVault)
"""Commands that one order comes of."""
_ACCOUNT_FIELDS: Final = ("account", "source", "target", "keeper", "relayer")


def accounts_of(command: Command) -> frozenset[int]:
    """The accounts a command names, which are the sender's wherever it is accepted."""
    if isinstance(command, Batch):
        return frozenset[int]().union(*(accounts_of(item) for item in command.items))
    if isinstance(command, CancelSigned):
        return frozenset((command.order.account,))
    # Whom a liquidation concerns is somebody else.
    fields = ("keeper",) if isinstance(command, Liquidate) else _ACCOUNT_FIELDS
    named = (getattr(command, name, None) for name in fields)
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
    about: frozenset[int] = frozenset(),
) -> models.Receipt:
    """The answer to ``command`` from its events.

    The events are those that concern the accounts the command names (see ``present.events``) and
    those it is ``about``. A repeated command whose first answer was too long to keep has no events:
    its status is done.
    """
    shown = present.events(found, names, accounts_of(command) | about)
    if present_gateway.is_relayed(command):
        shown = [present_gateway.without_owners_numbers(one) for one in shown]
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
    outcome = Outcome(getattr(command, "account", -1))
    claim = None
    if isinstance(command, Withdraw):
        claim = next((one.claim for one in found if isinstance(one, WithdrawalHeld)), None)
    elif found and isinstance(command, SettleSigned | MatchSigned):
        outcome.account = _signed_account(command)
        outcome.read(found)
    elif found and isinstance(command, OfferAuction):
        outcome.read_offer(command, found)
    elif found and isinstance(command, _OF_AN_ORDER):
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
        status=outcome.status() if claim is None else "held",
        claim=claim,
        events=shown,
    )


def _signed_account(command: SettleSigned | MatchSigned) -> int:
    """The account that trades as the taker."""
    signed = command.order if isinstance(command, SettleSigned) else command.taker
    return signed.account


def not_signed(seq: int, ts: int) -> models.Receipt:
    """The answer to a command with an order that is not what its key signed.

    It was refused at the door and is in no record: ``seq`` is the last one before it.
    """
    refusal = Rejected(codes.BAD_SIGNATURE, 0, 0, -1)
    return models.Receipt(
        seq=seq,
        ts=ts,
        accepted=False,
        status="rejected",
        reject=present.reject(refusal),
    )


def _refusal(
    command: Command, found: Sequence[Event], names: Catalogue
) -> models.RejectInfo | None:
    refused = [event for event in found if isinstance(event, Rejected)]
    if not refused:
        return None
    decimals = refused_decimals(command, refused[-1].code, names)
    shown = present.reject(refused[-1], decimals)
    if present_gateway.is_relayed(command) and shown.code in present_gateway.OWNERS_CODES:
        hidden = present_gateway.HIDDEN
        return msgspec.structs.replace(shown, value=hidden, limit=hidden)
    return shown
