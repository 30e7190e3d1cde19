"""The Client protocol: everything one can do with an exchange, in process or over HTTP.

Commands return a ``Receipt`` once they are durable; a refusal by the exchange is a receipt with
``accepted`` false, never an exception. ``client_id`` (at most 36 of A-Z a-z 0-9 _ -) makes a
command act once however often it is sent; a repeat returns the stored receipt. Everything else
that can go wrong is in ``client.errors``.

Channels of ``stream``, each beginning with a snapshot:

    market:SYMBOL   snapshot and delta: the fields of ``MarketInfo``
    book:SYMBOL     snapshot: the fields of ``BookSnapshot``; delta: the same fields, only levels
                    that changed, size "0" where a level left
    trades:SYMBOL   snapshot and delta: {"trades": [TradeInfo, ...]}, oldest first
    auctions:SYMBOL snapshot: {"auctions": [AuctionInfo, ...]}; delta: {"auctions": those new or
                    changed, "removed": [ids]}
    account:ID      snapshot and delta: the fields of ``AccountInfo``
    orders:ID       snapshot: {"orders": [OrderInfo, ...]}; delta: {"orders": those new or changed,
                    "removed": [ids]}
    fills:ID        snapshot and delta: {"fills": [FillInfo, ...]}, oldest first
    triggers:ID     snapshot: {"triggers": [TriggerInfo, ...]}, delayed orders too; delta: those new
                    or changed, "removed": [ids]
    activity:ID     snapshot and delta: {"activity": [{"seq", "ts", "type", ...}, ...]}, oldest
                    first: what happens to keys, signed and delayed orders and held withdrawals
    breaker         snapshot: mode and "since_ms" of the exchange's breaker, {"vaults": [{"vault",
                    "mode"}, ...]} and the last {"moves": [...]}, oldest first; delta: the same
                    with the moves that are new
    keeper          snapshot: {"records": []}, deltas: {"records": [KeeperRecord, ...]}, every
                    record after the snapshot's ``seq``, none missing; for keepers and operators

Over the WebSocket (``/v1/stream``, signed like any GET when a private channel is wanted) the
client sends ``StreamRequest`` and gets ``StreamMessage``, or ``StreamFault`` for a channel that
cannot be served. After a lost connection, a missing message (the ``prev`` of a delta tells) or a
subscriber that was too slow, every channel gets a ``gap`` and then a fresh snapshot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, Protocol

from plimsoll.client.gateway_base import BreakerClient, GatewayClient
from plimsoll.client.guard_base import GuardClient
from plimsoll.client.models import (
    AccountInfo,
    AmendOrderRequest,
    AuctionInfo,
    BatchRequest,
    BookSnapshot,
    CreateAccountRequest,
    DepositRequest,
    ExchangeInfo,
    ExplainInfo,
    FillInfo,
    FundingInfo,
    KeeperSnapshot,
    LiquidationInfo,
    MarketInfo,
    OfferRequest,
    OrderInfo,
    PlaceOrderRequest,
    PlaceTriggerRequest,
    PrincipalInfo,
    Receipt,
    RepegInfo,
    StreamMessage,
    TradeInfo,
    TransferRequest,
    TriggerInfo,
    WithdrawRequest,
)
from plimsoll.client.vault_base import VaultClient

DEPTH_MAX: Final = 1_000
"""Most levels of a side of the book in one answer."""
TRADES_MAX: Final = 1_000
"""Most trades of a market in one answer."""
FILLS_MAX: Final = 500
"""Most fills of an account in one answer."""
HISTORY_MAX: Final = 500
"""Most funding periods or repegs of a market, or liquidations, in one answer."""
PUBLIC_CHANNELS: Final = ("market", "book", "trades", "auctions")
PRIVATE_CHANNELS: Final = ("account", "orders", "fills", "triggers", "activity")
BREAKER_CHANNEL: Final = "breaker"
KEEPER_CHANNEL: Final = "keeper"
KEEPER_COMMANDS: Final = (
    "SettleAuction",
    "MatchLimit",
    "FireTrigger",
    "ExecuteDelayed",
    "Liquidate",
    "UpdateFunding",
    "ExpireOrder",
    "UpdateMarket",
    "RehedgeVault",
    "Tick",
)
"""Commands that keepers send, by name."""


class Client(VaultClient, GuardClient, GatewayClient, BreakerClient, Protocol):
    """Access to an exchange on behalf of one principal."""

    async def exchange(self) -> ExchangeInfo:
        """Name, version, last command, symbols, limits, assets."""

    async def markets(self) -> list[MarketInfo]:
        """Every market, in the order they were opened."""

    async def market(self, symbol: str) -> MarketInfo:
        """One market. Raises ``NotFound``."""

    async def book(self, symbol: str, depth: int = 20) -> BookSnapshot:
        """The best levels of a book, 1 to ``DEPTH_MAX`` a side. Raises ``NotFound``."""

    async def trades(self, symbol: str, limit: int = 100) -> list[TradeInfo]:
        """The last public trades, newest first. Raises ``NotFound``."""

    async def market_params(self, symbol: str) -> dict[str, int | str]:
        """All parameters of a market by name, numbers scaled as ``SetMarketParams`` takes them.
        Raises ``NotFound``.
        """

    async def auctions(self, symbol: str) -> list[AuctionInfo]:
        """The live auctions of a market in order of their start. Raises ``NotFound``."""

    async def funding(self, symbol: str, limit: int = 100) -> list[FundingInfo]:
        """The last funding periods, newest first. Raises ``NotFound``."""

    async def repegs(self, symbol: str, limit: int = 100) -> list[RepegInfo]:
        """The last repegs and changes of health, newest first. Raises ``NotFound``."""

    async def liquidations(self, limit: int = 100) -> list[LiquidationInfo]:
        """The last steps of liquidations in all markets, newest first."""

    async def explain(self, seq: int) -> ExplainInfo:
        """What a recent record did and why, as far as one may see it. Raises ``NotFound``."""

    async def accounts(self) -> list[AccountInfo]:
        """The principal's accounts (an operator sees all), by id."""

    async def account(self, account: int) -> AccountInfo:
        """One account. Raises ``NotFound``, also for somebody else's."""

    async def create_account(self, req: CreateAccountRequest, client_id: str = "") -> Receipt:
        """Open an account; its id is in the receipt's ``AccountCreated`` event."""

    async def deposit(self, account: int, req: DepositRequest, client_id: str = "") -> Receipt:
        """Bring an asset into an account."""

    async def withdraw(self, account: int, req: WithdrawRequest, client_id: str = "") -> Receipt:
        """Send an asset out of an account."""

    async def transfer(self, req: TransferRequest, client_id: str = "") -> Receipt:
        """Move an asset between two accounts of the principal."""

    async def place_order(self, req: PlaceOrderRequest, client_id: str = "") -> Receipt:
        """Place an order."""

    async def place_trigger(self, req: PlaceTriggerRequest, client_id: str = "") -> Receipt:
        """Leave an order that is placed when the oracle reaches a price."""

    async def triggers(self, account: int) -> list[TriggerInfo]:
        """An account's triggers and delayed orders by id. Raises ``NotFound``."""

    async def offer(self, auction: int, req: OfferRequest, client_id: str = "") -> Receipt:
        """Offer to take the other side of an auction."""

    async def cancel_order(
        self, account: int, order: int = 0, client_order_id: str = "", client_id: str = ""
    ) -> Receipt:
        """Cancel one order (also in an auction, also a trigger), by id or (0) client order id."""

    async def cancel_all(
        self, account: int, market: str | None = None, client_id: str = ""
    ) -> Receipt:
        """Cancel all orders of an account, in one market or in all."""

    async def amend_order(self, order: int, req: AmendOrderRequest, client_id: str = "") -> Receipt:
        """Change an order's limit and total size."""

    async def batch(self, req: BatchRequest, client_id: str = "") -> Receipt:
        """Several trading commands in one."""

    async def orders(self, account: int) -> list[OrderInfo]:
        """An account's open orders in order of arrival. Raises ``NotFound``."""

    async def fills(self, account: int, limit: int = 100) -> list[FillInfo]:
        """An account's last fills, newest first. Raises ``NotFound``."""

    async def quote(self, req: PlaceOrderRequest) -> Receipt:
        """What placing this order would give now. Never changes anything."""

    async def principals(self) -> list[PrincipalInfo]:
        """Who may send commands, by id: the principal itself; an operator sees all."""

    async def command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        """Any command by its name, ``{"type": "CreatePrincipal", "name": "alice", "roles": 1}``,
        with all its fields; numbers are whole and scaled as ``messages.commands`` says. Whether
        the principal may send it is decided by its roles. Raises ``BadField``.
        """

    async def keeper_snapshot(self) -> KeeperSnapshot:
        """All that may be due, with whose it is. Raises ``Forbidden`` for who is no keeper."""

    async def keeper_command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        """One of ``KEEPER_COMMANDS`` by its name, ``{"type": "SettleAuction", "auction": 7,
        "keeper": 9}``; ``keeper`` is the account that is paid, -1 the pot. Raises ``BadField``.
        """

    def stream(self, channels: list[str]) -> AsyncIterator[StreamMessage]:
        """Messages of the channels until the client is closed or the iterator is dropped."""

    async def close(self) -> None:
        """Release connections; streams end."""
