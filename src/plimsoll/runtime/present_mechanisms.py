"""Auctions, triggers, averages, funding, repegs and liquidations as people see them; and the
snapshot of keepers, whose numbers stay whole.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from plimsoll.client.mechanism_models import LiquidationType, RepegType
from plimsoll.client.models import (
    AuctionInfo,
    FundingInfo,
    FundingState,
    KeeperRecord,
    KeeperSnapshot,
    LiquidationInfo,
    RepegInfo,
    RepegTimerInfo,
    TrackingInfo,
    TriggerInfo,
)
from plimsoll.core import views, views_mechanisms
from plimsoll.core.rows import Account, Market
from plimsoll.core.state import State
from plimsoll.messages import codec, codes
from plimsoll.messages.events import Event
from plimsoll.messages.mechanisms import (
    BadDebt,
    Deleveraged,
    FundingSkipped,
    FundingUpdated,
    Liquidating,
    LiquidationEnded,
    MarketReleased,
    MarketRestricted,
    Repegged,
    RepegUnaffordable,
)
from plimsoll.runtime.present_events import event as named_event
from plimsoll.runtime.present_text import (
    Catalogue,
    base_text,
    price_or_none,
    quote_text,
    rate_text,
)
from plimsoll.runtime.publisher import Published

View = views.View


# State ---------------------------------------------------------------------------------------


def auction(view: View) -> AuctionInfo:
    """A live auction from its view."""
    sizes = {name: base_text(view[name]) for name in ("size", "remaining")}
    prices = {name: quote_text(view[name]) for name in ("price", "start", "end", "limit")}
    return AuctionInfo(**{**view, **sizes, **prices})


def auctions(state: State, row: Market, now: int) -> list[AuctionInfo]:
    """The live auctions of a market at a time (ms), in order of their start."""
    return [auction(view) for view in views_mechanisms.auctions_view(state, row, now)]


def triggers(state: State, row: Account) -> list[TriggerInfo]:
    """An account's triggers and delayed orders by id."""
    return [
        TriggerInfo(
            **{
                **view,
                "price": price_or_none(view["price"]),
                "size": base_text(view["size"]),
                "trigger_price": price_or_none(view["trigger_price"]),
                "earliest_ms": view["earliest_ms"] or None,
                "vault": view["vault"] if view["vault"] >= 0 else None,
            }
        )
        for view in views_mechanisms.triggers_view(state, row)
    ]


def tracking(view: View) -> TrackingInfo:
    """Averages and volumes from their view."""
    averages = ("oracle_5min", "oracle_1h", "mark_5min", "mark_1h")
    money = ("oracle_deviation", "mark_deviation")
    volumes = ("buy_volume_1h", "sell_volume_1h", "volume_24h")
    values: dict[str, Any] = {name: price_or_none(view[name]) for name in averages}
    values |= {name: quote_text(view[name]) for name in (*money, *volumes)}
    return TrackingInfo(
        **values,
        confidence=view["confidence"],
        divergence=view["divergence"] if view["divergence"] >= 0 else None,
    )


def repeg_timer(view: View) -> RepegTimerInfo:
    """The timer of a repeg from its view."""
    return RepegTimerInfo(**view)


def funding_state(view: View | None) -> FundingState | None:
    """Funding of a market from its view; None where it is off."""
    if view is None:
        return None
    rates = ("rate", "average", "cumulative_long", "cumulative_short")
    values: dict[str, Any] = {name: rate_text(view[name]) for name in rates}
    values |= {name: view[name] for name in ("period_s", "updated_ms", "due_ms")}
    return FundingState(**values)


# History -------------------------------------------------------------------------------------


def funding(one: FundingUpdated | FundingSkipped, symbol: str, seq: int, ts: int) -> FundingInfo:
    """A funding period."""
    if isinstance(one, FundingSkipped):
        name = codes.REJECTS[one.code][0] if one.code in codes.REJECTS else str(one.code)
        return FundingInfo(
            symbol=symbol, seq=seq, ts=ts, skipped=True, seconds=one.seconds, reason=name
        )
    return FundingInfo(
        symbol=symbol,
        seq=seq,
        ts=ts,
        skipped=False,
        rate=rate_text(one.rate),
        rate_long=rate_text(one.rate_long),
        rate_short=rate_text(one.rate_short),
        pool=quote_text(one.pool),
        mark=quote_text(one.mark),
        oracle=quote_text(one.oracle),
        seconds=one.seconds,
    )


HEALTH: Final[dict[type[Event], RepegType]] = {
    Repegged: "repegged",
    RepegUnaffordable: "unaffordable",
    MarketRestricted: "restricted",
    MarketReleased: "released",
}
"""Events of the history of repegs and of a market's health -> type."""
LIQUIDATION: Final[dict[type[Event], LiquidationType]] = {
    Liquidating: "liquidating",
    LiquidationEnded: "ended",
    Deleveraged: "deleveraged",
    BadDebt: "bad_debt",
}
"""Events of the history of liquidations -> type."""


def repeg(one: Event, names: Catalogue, seq: int, ts: int) -> RepegInfo:
    """A repeg or a change of health."""
    shown = named_event(one, names)
    return RepegInfo(type=HEALTH[type(one)], seq=seq, ts=ts, **_known(RepegInfo, shown))


def liquidation(one: Event, names: Catalogue, seq: int, ts: int) -> LiquidationInfo:
    """A step of a liquidation, without whose it is."""
    shown = named_event(one, names)
    if "bankruptcy" in shown:
        shown["price"] = shown["bankruptcy"]
    kind = LIQUIDATION[type(one)]
    return LiquidationInfo(type=kind, seq=seq, ts=ts, **_known(LiquidationInfo, shown))


def _known(model: type[msgspec.Struct], shown: dict[str, Any]) -> dict[str, Any]:
    """The values that a model has fields for; ``type`` is its own."""
    fields = set(model.__struct_fields__) - {"type", "seq", "ts"}
    return {name: value for name, value in shown.items() if name in fields}


# Keepers -------------------------------------------------------------------------------------


def keeper_snapshot(state: State, seq: int, ts: int, now: int) -> KeeperSnapshot:
    """All that may be due after record ``seq``, in whole numbers."""
    view = views_mechanisms.keeper_snapshot_view(state, now)
    return msgspec.convert({"seq": seq, "ts": ts, "now": now, **view}, KeeperSnapshot)


def keeper_record(item: Published) -> KeeperRecord:
    """A published record as keepers get it, in whole numbers."""
    found = [codec.event_to_named(one) for one in item.events]
    return KeeperRecord(seq=item.seq, ts=item.ts, events=found)
