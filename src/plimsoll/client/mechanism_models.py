"""What is said about the mechanisms: triggers, auctions, repegs, funding, liquidations.

As in ``models``, prices, sizes and money are decimal texts, ratios ppm and times ms. Funding rates
are decimal texts of quote per base.
"""

from __future__ import annotations

from typing import Literal

from plimsoll.client.model_base import (
    AuctionCause,
    Direction,
    OrderType,
    Request,
    Response,
    Side,
    TimeInForce,
)

WaitingKind = Literal["trigger", "delayed"]
RepegType = Literal["repegged", "unaffordable", "restricted", "released"]
LiquidationType = Literal["liquidating", "ended", "deleveraged", "bad_debt"]

# Requests ------------------------------------------------------------------------------------


class PlaceTriggerRequest(Request, kw_only=True):
    """An order that is placed once the oracle is at or past ``trigger_price``.

    ``direction`` "above" fires at or above it, "below" at or below. ``type``, ``tif``, ``price``
    and ``size`` are those of the order, as in ``PlaceOrderRequest``. ``expires_ms`` 0 is never.
    """

    account: int
    market: str
    side: Side
    trigger_price: str
    direction: Direction
    size: str
    type: OrderType = "market"
    tif: TimeInForce | None = None
    price: str | None = None
    reduce_only: bool = False
    expires_ms: int = 0
    client_order_id: str = ""


class OfferRequest(Request, kw_only=True):
    """Take the other side of an auction at ``price``, which is what it asks now or better."""

    account: int
    price: str
    size: str


# Markets -------------------------------------------------------------------------------------


class AuctionInfo(Response, kw_only=True, frozen=True):
    """A live auction: ``side`` is the taker's, ``price`` what it asks now, ``limit`` its worst.

    It goes from ``start`` at ``started_ms`` to ``end`` at ``ends_ms``; ``ms_left`` 0 means that it
    is over and waits to be settled. ``offers`` counts the offers that wait.
    """

    auction: int
    symbol: str
    side: Side
    size: str
    remaining: str
    price: str
    start: str
    end: str
    limit: str
    started_ms: int
    ends_ms: int
    ms_left: int
    cause: AuctionCause
    reduce_only: bool
    offers: int


class TrackingInfo(Response, kw_only=True, frozen=True):
    """Averages of oracle and mark over 5 minutes and an hour, and what was traded of late.

    None where there is no average yet. ``divergence`` is the mark's distance from the oracle,
    ``confidence`` the oracle's uncertainty (both ppm). Volumes are USD, an hour by taker side.
    """

    oracle_5min: str | None
    oracle_1h: str | None
    mark_5min: str | None
    mark_1h: str | None
    oracle_deviation: str
    mark_deviation: str
    confidence: int
    divergence: int | None
    buy_volume_1h: str
    sell_volume_1h: str
    volume_24h: str


class RepegTimerInfo(Response, kw_only=True, frozen=True):
    """The event of a repeg: how long the mark has been away, and after how long it comes."""

    elapsed_ms: int
    after_ms: int
    divergence_limit: int
    running: bool


class FundingState(Response, kw_only=True, frozen=True):
    """Funding of a market: the last rate of a period and its average over a day, the sums of
    both sides since the beginning, and when the next is due (ms; 0: at once).
    """

    rate: str
    average: str
    cumulative_long: str
    cumulative_short: str
    period_s: int
    updated_ms: int
    due_ms: int


# History -------------------------------------------------------------------------------------


class FundingInfo(Response, kw_only=True, frozen=True):
    """A funding period: booked, or (``skipped``) why not. Rates are what a side pays (positive)
    or receives for a base; ``pool`` is what the funding pool received.
    """

    symbol: str
    seq: int
    ts: int
    skipped: bool
    rate: str = "0"
    rate_long: str = "0"
    rate_short: str = "0"
    pool: str = "0"
    mark: str | None = None
    oracle: str | None = None
    seconds: int = 0
    reason: str | None = None


class RepegInfo(Response, kw_only=True, frozen=True):
    """A repeg, one that the pool could not pay, or a change of the market's health.

    ``what``, ``value`` and ``limit`` (ppm) say which bound broke; ``cost`` is what the adjustments
    pool paid (negative: received).
    """

    type: RepegType
    symbol: str
    seq: int
    ts: int
    mark: str | None = None
    oracle: str | None = None
    before: str | None = None
    peg: str | None = None
    cost: str | None = None
    budget: str | None = None
    cause: str | None = None
    outcome: str | None = None
    what: str | None = None
    value: int | None = None
    limit: int | None = None


class LiquidationInfo(Response, kw_only=True, frozen=True):
    """A step of a liquidation as everybody may see it, without whose it is.

    ``price`` is the bankruptcy price, or that of the deleveraging.
    """

    type: LiquidationType
    seq: int
    ts: int
    symbol: str | None = None
    side: Side | None = None
    size: str | None = None
    price: str | None = None
    oracle: str | None = None
    reason: str | None = None
    loss: str | None = None
    insurance: str | None = None
    haircut: str | None = None
    unpaid: str | None = None


# Triggers and explanations -------------------------------------------------------------------


class TriggerInfo(Response, kw_only=True, frozen=True):
    """A trigger or a delayed order that waits; cancelled like any order, by its id or client order
    id.

    ``kind`` trigger: waits for the oracle at ``trigger_price``, in ``direction``. ``kind``
    delayed: for a price published at ``earliest_ms`` or later (ms; None for a trigger), until
    ``expires_ms``; ``vault`` is the vault it is directed at.
    """

    order: int
    account: int
    market: str
    side: Side
    type: OrderType
    tif: TimeInForce
    price: str | None
    size: str
    reduce_only: bool
    trigger_price: str | None
    direction: Direction | None
    expires_ms: int
    client_order_id: str
    kind: WaitingKind = "trigger"
    earliest_ms: int | None = None
    vault: int | None = None


class ExplainLine(Response, kw_only=True, frozen=True):
    """One thing that happened, in a sentence, and the rules of the specification it follows."""

    event: str
    text: str
    rules: list[str]


class ExplainInfo(Response, kw_only=True, frozen=True):
    """What a record did and why, as far as the one who asks may see it."""

    seq: int
    ts: int
    accepted: bool
    lines: list[ExplainLine]
