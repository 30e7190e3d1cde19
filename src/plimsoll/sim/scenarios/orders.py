"""Commands of players, as short as a script wants them. Prices 1e-6, sizes 1e-9."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plimsoll.messages.codes import ACCOUNT_KINDS, GTC, IOC, LIMIT, MARKET, POST_NONE
from plimsoll.messages.commands import (
    OfferAuction,
    OraclePrices,
    PlaceOrder,
    PlaceTrigger,
    PricePoint,
)
from plimsoll.messages.events import Event, Filled
from plimsoll.sim.scenarios.scene import ScenarioBroken, Scene


def prices(scene: Scene) -> OraclePrices:
    """The prices of all markets, published now."""
    rows = sorted(scene.prices.items())
    return OraclePrices([PricePoint(market, price, 0, scene.now) for market, price in rows])


def order(
    scene: Scene,
    who: str,
    market: int,
    side: int,
    size: int,
    *,
    price: int = 0,
    kind: int = LIMIT,
    tif: int = GTC,
    post: int = POST_NONE,
    reduce_only: bool = False,
    expires_ms: int = 0,
    keeper_fee: int = 0,
    maker: int = -1,
) -> PlaceOrder:
    """An order of a player; prices 1e-6, sizes 1e-9."""
    return PlaceOrder(
        scene.account(who),
        market,
        side,
        kind,
        tif,
        price,
        size,
        post,
        reduce_only,
        expires_ms,
        "",
        keeper_fee,
        maker,
    )


def market_order(
    scene: Scene, who: str, market: int, side: int, size: int, **more: Any
) -> PlaceOrder:
    """A market order of a player."""
    return order(scene, who, market, side, size, kind=MARKET, tif=IOC, **more)


def trigger(
    scene: Scene, who: str, market: int, side: int, size: int, at: int, direction: int
) -> PlaceTrigger:
    """A reduce-only market order that waits for the oracle."""
    return PlaceTrigger(
        scene.account(who), market, side, MARKET, IOC, 0, size, True, at, direction, 0, ""
    )


def answer(scene: Scene, who: str, auction: int, size: int = 0, better: int = 0) -> OfferAuction:
    """An offer at what an auction asks now, or ``better`` ticks better for its taker.

    ``size`` 0 takes all that is left. Errors: `ScenarioBroken` if the auction is not live.
    """
    market, live = _live(scene, auction)
    tick = int(scene.params(market).tick) * better
    price = live["price"] + (tick if live["side"] == "sell" else -tick)
    return OfferAuction(scene.account(who), auction, price, size or live["remaining"])


def _live(scene: Scene, auction: int) -> tuple[int, dict[str, Any]]:
    for market in range(len(scene.prices)):
        for row in scene.auctions(market):
            if row["auction"] == auction:
                return market, row
    raise ScenarioBroken(f"auction {auction} does not run")


def pool_kind(name: str) -> int:
    """The account kind of a pool: adjustments, funding, insurance."""
    return ACCOUNT_KINDS.index(f"pool_{name}")


def fills(events: Iterable[Event]) -> list[Filled]:
    """The fills among events."""
    return [event for event in events if isinstance(event, Filled)]
