"""A market as everybody sees it: its rules, prices, vAMM, pools and mechanisms."""

from __future__ import annotations

from plimsoll.client.mechanism_models import (
    AuctionInfo,
    FundingState,
    RepegTimerInfo,
    TrackingInfo,
)
from plimsoll.client.model_base import Response


class VammInfo(Response, kw_only=True, frozen=True):
    """A market's vAMM: quotes, the largest single fills, its position and what it earned.

    Spreads are ppm beside the reservation price; ``booked`` is what deleveraging moved otherwise
    than the curve says, ``repegs`` how often the peg moved.
    """

    bid: str
    ask: str
    bid_size: str
    ask_size: str
    reservation_price: str
    base: str
    capital: str
    equity: str
    pnl: str
    peg: str
    long_spread: int
    short_spread: int
    booked: str
    repegs: int


class MarketInfo(Response, kw_only=True, frozen=True):
    """One market: rules and present state. ``imr`` to ``price_band`` are ppm.

    ``mode`` is what the market allows: the operator's mode, restricted at least while a bound of
    its health is broken; ``unhealthy`` names those bounds. ``funding`` is None where it is off.
    """

    symbol: str
    market: int
    mode: str
    tick: str
    step: str
    min_notional: str
    imr: int
    mmr: int
    taker_fee: int
    maker_rebate: int
    price_band: int
    oracle_price: str | None
    oracle_valid: bool
    oracle_published_ms: int
    best_bid: str | None
    best_ask: str | None
    open_interest: str
    vamm: VammInfo | None
    pools: dict[str, str]
    operator_mode: str
    unhealthy: list[str]
    tracking: TrackingInfo
    repeg: RepegTimerInfo
    funding: FundingState | None
    auctions: list[AuctionInfo]
