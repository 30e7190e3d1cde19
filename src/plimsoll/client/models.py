"""What is said to an exchange and what it answers: requests, responses, stream messages.

The one set of types of the HTTP interface, of every client and of the command line. Prices, sizes
and money are plain decimal texts (``"60000.5"``), ratios are ppm, times are ms since the epoch
(UTC), ids are whole numbers. Requests refuse fields they do not know; responses may grow. The
types of the mechanisms, of vaults and of keepers have files of their own and are found here too.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from plimsoll.client.breaker_models import (
    BreakerInfo,
    BreakerMode,
    FlowInfo,
    HeldBy,
    HeldInfo,
    OutflowInfo,
)
from plimsoll.client.gateway_models import (
    CancelSignedRequest,
    Immediate,
    MatchSignedRequest,
    PlaceDelayedRequest,
    SettleSignedRequest,
    SignedInfo,
    SignedOrderForm,
    SignedStatus,
    SignedTerms,
    SignerInfo,
    SignerRequest,
)
from plimsoll.client.guard_models import ProposalDifference, ProposalInfo, ProposalStatus
from plimsoll.client.keeper_models import (
    KeeperAccount,
    KeeperAuction,
    KeeperDelayed,
    KeeperMarket,
    KeeperOrder,
    KeeperPosition,
    KeeperRecord,
    KeeperSnapshot,
    KeeperTrigger,
)
from plimsoll.client.market_models import MarketInfo, VammInfo
from plimsoll.client.mechanism_models import (
    AuctionInfo,
    ExplainInfo,
    ExplainLine,
    FundingInfo,
    FundingState,
    LiquidationInfo,
    OfferRequest,
    PlaceTriggerRequest,
    RepegInfo,
    RepegTimerInfo,
    TrackingInfo,
    TriggerInfo,
)
from plimsoll.client.model_base import (
    Direction,
    OrderType,
    PostOnly,
    RejectInfo,
    Request,
    Response,
    Role,
    Side,
    Source,
    Status,
    StreamType,
    TimeInForce,
)
from plimsoll.client.order_models import (
    AmendOrderRequest,
    BatchAmend,
    BatchCancel,
    BatchCancelAll,
    BatchItem,
    BatchPlace,
    BatchRequest,
    PlaceOrderRequest,
)
from plimsoll.client.pnl_models import PnlCauses, PnlInfo, PnlKind, PnlPoint
from plimsoll.client.vault_models import (
    ClaimRequest,
    FirmQuoteInfo,
    FirmQuoteRequest,
    HedgeInfo,
    HoldingInfo,
    SpotPoolInfo,
    SwapRequest,
    UnlockInfo,
    VaultBreakerInfo,
    VaultDepositRequest,
    VaultInfo,
    VaultPreview,
    VaultQuoteInfo,
    VaultTradeRequest,
    VaultWithdrawalRequest,
)

__all__ = [
    "AmendOrderRequest", "AuctionInfo", "BatchAmend", "BatchCancel", "BatchCancelAll", "BatchItem",
    "BatchPlace", "BatchRequest", "BreakerInfo", "BreakerMode", "CancelSignedRequest",
    "ClaimRequest", "Direction", "ExplainInfo", "ExplainLine", "FirmQuoteInfo", "FirmQuoteRequest",
    "FlowInfo", "FundingInfo", "FundingState", "HedgeInfo", "HeldBy", "HeldInfo", "HoldingInfo",
    "Immediate", "KeeperAccount", "KeeperAuction", "KeeperDelayed", "KeeperMarket", "KeeperOrder",
    "KeeperPosition", "KeeperRecord", "KeeperSnapshot", "KeeperTrigger", "LiquidationInfo",
    "MarketInfo", "MatchSignedRequest", "OfferRequest", "OrderType", "OutflowInfo",
    "PlaceDelayedRequest", "PlaceOrderRequest", "PlaceTriggerRequest", "PnlCauses", "PnlInfo",
    "PnlKind", "PnlPoint", "PostOnly", "ProposalDifference", "ProposalInfo", "ProposalStatus",
    "RejectInfo", "RepegInfo", "RepegTimerInfo", "Request", "Response", "Role",
    "SettleSignedRequest", "Side", "SignedInfo", "SignedOrderForm", "SignedStatus", "SignedTerms",
    "SignerInfo", "SignerRequest", "Source", "SpotPoolInfo", "Status", "StreamType", "SwapRequest",
    "TimeInForce", "TrackingInfo", "TriggerInfo", "UnlockInfo", "VammInfo", "VaultBreakerInfo",
    "VaultDepositRequest", "VaultInfo", "VaultPreview", "VaultQuoteInfo", "VaultTradeRequest",
    "VaultWithdrawalRequest",
]  # fmt: skip


# Requests ------------------------------------------------------------------------------------


class CreateAccountRequest(Request, kw_only=True):
    """Open an account, or a sub-account of ``parent``."""

    label: str = ""
    parent: int | None = None


class DepositRequest(Request, kw_only=True):
    """Bring an asset in; an ``external_id`` counts once for ever."""

    asset: str = "USD"
    amount: str
    external_id: str


class WithdrawRequest(Request, kw_only=True):
    """Send an asset out; an ``external_id`` counts once for ever."""

    asset: str = "USD"
    amount: str
    external_id: str


class TransferRequest(Request, kw_only=True):
    """Move an asset between two accounts of the same owner."""

    source: int
    target: int
    asset: str = "USD"
    amount: str


class StreamRequest(Request, kw_only=True):
    """What a client sends over the WebSocket: channels to add or to drop."""

    op: Literal["subscribe", "unsubscribe"]
    channels: list[str]


# Responses -----------------------------------------------------------------------------------


class ErrorInfo(Response, kw_only=True, frozen=True):
    """Why a request was not carried out; ``field`` names the field at fault, if one is."""

    code: int
    name: str
    message: str
    field: str | None = None


class Receipt(Response, kw_only=True, frozen=True):
    """The durable answer to a command (or, from ``quote``, what the answer would be now).

    For a command about one order: its id, ``filled``, ``average_price`` (rounded against the
    taker) and ``fee`` (paid as taker) of what this command traded, and what ``remaining`` of it
    was not filled. ``status``: filled; resting (in the book, this command traded nothing);
    partially_filled (a part was traded, the rest is in the book); auction (the rest is offered in
    an auction, whose id is that of the order); waiting (a trigger or a delayed order that waits for
    the oracle, an offer that waits for the end of its batch; ``order`` is the offer's own id then);
    cancelled (what is not filled was dropped); held (a withdrawal that waits for the breaker, as
    ``claim``); rejected (nothing happened, see ``reject``). For other commands ``status`` is done.
    ``events`` lists everything that happened; refused items of a batch that is not atomic are
    ``Rejected`` events with the number of the item.
    """

    seq: int
    ts: int
    accepted: bool
    duplicate: bool = False
    order: int | None = None
    filled: str = "0"
    average_price: str | None = None
    fee: str = "0"
    remaining: str | None = None
    status: Status = "done"
    claim: int | None = None
    reject: RejectInfo | None = None
    events: list[dict[str, Any]] = msgspec.field(default_factory=list)


class BookSnapshot(Response, kw_only=True, frozen=True):
    """The best levels of a book as (price, size), best first, and the vAMM's quotes beside them."""

    symbol: str
    seq: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    vamm_bid: str | None = None
    vamm_ask: str | None = None


class TradeInfo(Response, kw_only=True, frozen=True):
    """A public trade; ``side`` is the taker's."""

    fill: int
    symbol: str
    ts: int
    side: Side
    price: str
    size: str
    quote: str
    source: Source
    seq: int


class FillInfo(Response, kw_only=True, frozen=True):
    """One account's side of a trade. ``pnl`` is what the fill realised, before the fee."""

    fill: int
    order: int
    account: int
    symbol: str
    ts: int
    side: Side
    price: str
    size: str
    fee: str
    rebate: str
    pnl: str
    role: Role
    source: Source


class OrderInfo(Response, kw_only=True, frozen=True):
    """An open order; ``age_ms`` is the time that counts for its priority."""

    order: int
    account: int
    market: str
    side: Side
    price: str
    size: str
    remaining: str
    filled: str
    reduce_only: bool
    expires_ms: int
    client_order_id: str
    age_ms: int


class PositionInfo(Response, kw_only=True, frozen=True):
    """An open position. ``liquidation_price`` is None where no positive price liquidates."""

    market: str
    base: str
    entry_price: str
    entry_cost: str
    oracle_price: str
    value: str
    unrealised_pnl: str
    liquidation_price: str | None


class AccountInfo(Response, kw_only=True, frozen=True):
    """An account: balances, what it is worth, what is required, what is free and may leave."""

    account: int
    owner: int
    kind: str
    parent: int | None
    label: str
    balances: dict[str, str]
    equity: str
    margin: str
    initial_requirement: str
    maintenance_requirement: str
    reserved: str
    free: str
    withdrawable: str
    positions: list[PositionInfo]
    open_orders: int


class PrincipalInfo(Response, kw_only=True, frozen=True):
    """Somebody who may send commands, and in which roles (words)."""

    principal: int
    name: str
    roles: list[str]


class AssetInfo(Response, kw_only=True, frozen=True):
    """Something that accounts hold; amounts of it have so many ``decimals``."""

    asset: int
    symbol: str
    decimals: int


class ExchangeInfo(Response, kw_only=True, frozen=True):
    """Who answers: version, build (compiled or interpreted), last command, symbols traded, and
    the limits of the exchange as a whole (by the names of ``SetGlobalParams``; flags 0 and 1).
    ``assets`` are by their ids. ``exchange_id`` is part of what is signed of a signed order.
    """

    name: str
    version: str
    build: str
    seq: int
    ts: int
    markets: list[str]
    limits: dict[str, int] = msgspec.field(default_factory=dict)
    assets: list[AssetInfo] = msgspec.field(default_factory=list)
    exchange_id: str = ""


class StreamMessage(Response, kw_only=True, frozen=True):
    """One message of a channel; see ``client.base`` for the channels and their data.

    ``gap`` says that messages may be missing since ``seq``; a new snapshot follows. ``prev`` of a
    delta is the ``seq`` of the channel's message before it, by which a reader notices a missing
    one. It is None for what begins anew, and in process, where none can get lost.
    """

    channel: str
    seq: int
    ts: int
    type: StreamType
    data: dict[str, Any]
    prev: int | None = None


class StreamFault(Response, kw_only=True, frozen=True):
    """What the server sends when a channel cannot be served; the channel is not subscribed."""

    error: ErrorInfo
    channel: str | None = None
