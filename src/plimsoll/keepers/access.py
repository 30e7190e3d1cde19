"""What keepers use of a client, and the work they hand to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from plimsoll.client.models import (
    AccountInfo,
    KeeperSnapshot,
    OfferRequest,
    Receipt,
    StreamMessage,
)
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codec
from plimsoll.messages.commands import Command
from plimsoll.messages.keeping import OfferAuction

CHANNEL: Final = "keeper"

Clock = Callable[[], int]
"""Gives the time in ms UTC."""


class KeeperClient(Protocol):
    """The part of ``client.base.Client`` that keepers need."""

    async def keeper_snapshot(self) -> KeeperSnapshot:
        """All that may be due, at one record."""

    async def keeper_command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        """Send a keeper's command; the same client id acts once."""

    async def offer(self, auction: int, req: OfferRequest, client_id: str = "") -> Receipt:
        """Offer in an auction."""

    async def account(self, account: int) -> AccountInfo:
        """An account of one's own."""

    def stream(self, channels: list[str]) -> AsyncIterator[StreamMessage]:
        """Messages of channels."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work: the command, and what it is expected to bring (1e-6 quote).

    ``key`` names the work, not the attempt: while it is throttled nothing of this key is sent.
    Of two tasks the one with the larger ``urgency`` goes first.
    """

    role: str
    key: str
    command: Command
    reward: int = 0
    urgency: int = 0

    @property
    def name(self) -> str:
        """The command's name."""
        return type(self.command).__name__


async def send(client: KeeperClient, task: Task, client_id: str) -> Receipt:
    """Send a task's command. Errors: those of the client."""
    command = task.command
    if isinstance(command, OfferAuction):
        request = OfferRequest(
            account=command.account,
            price=format_decimal(command.price, 6),
            size=format_decimal(command.size, 9),
        )
        return await client.offer(command.auction, request, client_id)
    return await client.keeper_command(codec.to_named(command), client_id)
