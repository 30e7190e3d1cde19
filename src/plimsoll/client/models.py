"""What is said to an exchange and what it answers: requests, responses, stream messages.

The one set of types of the HTTP interface, of every client and of the command line. Prices, sizes
and money are plain decimal texts (``"60000.5"``), ratios are ppm, times are ms since the epoch
(UTC), ids are whole numbers. Requests refuse fields they do not know; responses may grow. The
types of the mechanisms, of vaults and of keepers have files of their own and are found here too.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from plimsoll.client.keeper_models import (
    KeeperAccount,
    KeeperAuction,
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
from plimsoll.client.vault_models import (
    ClaimRequest,
    FirmQuoteInfo,
    FirmQuoteRequest,
    HedgeInfo,
    HoldingInfo,
    SpotPoolInfo,
    SwapRequest,
    UnlockInfo,
    VaultDepositRequest,
    VaultInfo,
    VaultPreview,
    VaultQuoteInfo,
    VaultTradeRequest,
    VaultWithdrawalRequest,
)

__all__ = [
    "AuctionInfo", "ClaimRequest", "Direction", "ExplainInfo", "ExplainLine", "FirmQuoteInfo",
    "FirmQuoteRequest", "FundingInfo", "FundingState", "HedgeInfo", "HoldingInfo", "KeeperAccount",
    "KeeperAuction", "KeeperMarket", "KeeperOrder", "KeeperPosition", "KeeperRecord",
    "KeeperSnapshot", "KeeperTrigger", "LiquidationInfo", "MarketInfo", "OfferRequest", "OrderType",
    "PlaceTriggerRequest", "PostOnly", "RejectInfo", "RepegInfo", "RepegTimerInfo", "Request",
    "Response", "Role", "Side", "Source", "SpotPoolInfo", "Status", "StreamType", "SwapRequest",
    "TimeInForce", "TrackingInfo", "TriggerInfo", "UnlockInfo", "VammInfo", "VaultDepositRequest",
    "VaultInfo", "VaultPreview", "VaultQuoteInfo", "VaultTradeRequest", "VaultWithdrawalRequest",
]  # fmt: skip


# Requests ------------------------------------------------------------------------------------


class PlaceOrderRequest(Request, kw_only=True):
    """An order.

    ``price`` is the limit, or the worst price of a market order (None: the market's slippage
    setting). ``tif`` None means gtc for a limit order and ioc for a market order. ``expires_ms``
    0 means never. ``keeper_fee`` (USD) is held back for the keeper of the first fill. ``vault``
    directs it at a hedged vault of its market; ``tif`` None is ioc then.
    """

    account: int
    market: str
    side: Side
    type: OrderType = "limit"
    tif: TimeInForce | None = None
    price: str | None = None
    size: str
    post_only: PostOnly = "none"
    reduce_only: bool = False
    expires_ms: int = 0
    client_order_id: str = ""
    keeper_fee: str = "0"
    vault: int | None = None


class AmendOrderRequest(Request, kw_only=True):
    """New limit and new total size (the filled part included) of an open order."""

    account: int
    price: str
    size: str


class BatchPlace(PlaceOrderRequest, kw_only=True, tag_field="action", tag="place"):
    """Place an order, as an item of a batch."""


class BatchCancel(Request, kw_only=True, tag_field="action", tag="cancel"):
    """Cancel by order id, or (``order`` 0) by client order id, as an item of a batch."""

    account: int
    order: int = 0
    client_order_id: str = ""


class BatchAmend(Request, kw_only=True, tag_field="action", tag="amend"):
    """Amend an order, as an item of a batch."""

    account: int
    order: int
    price: str
    size: str


class BatchCancelAll(Request, kw_only=True, tag_field="action", tag="cancel_all"):
    """Cancel all orders of an account (None: in every market), as an item of a batch."""

    account: int
    market: str | None = None


BatchItem = BatchPlace | BatchCancel | BatchAmend | BatchCancelAll
"""The field ``action`` (place, cancel, amend, cancel_all) tells them apart."""


class BatchRequest(Request, kw_only=True):
    """1 to 50 trading commands: all or nothing when ``atomic``, else each for itself."""

    atomic: bool
    items: list[BatchItem]


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
    an auction, whose id is that of the order); waiting (a trigger that waits for the oracle, an
    offer that waits for the end of its batch; ``order`` is the offer's own id then); cancelled
    (what is not filled was dropped); rejected (nothing happened, see ``reject``). For other
    commands ``status`` is done. ``events`` lists everything that happened; refused items of a
    batch that is not atomic are ``Rejected`` events with the number of the item.
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
    ``assets`` are by their ids.
    """

    name: str
    version: str
    build: str
    seq: int
    ts: int
    markets: list[str]
    limits: dict[str, int] = msgspec.field(default_factory=dict)
    assets: list[AssetInfo] = msgspec.field(default_factory=list)


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
