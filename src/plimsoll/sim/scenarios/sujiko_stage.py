"""What the chapters of the Sujiko tour share: its markets, its people, a few figures in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes
from plimsoll.messages.codes import BUY, IOC
from plimsoll.messages.commands import (
    Command,
    CreateMarket,
    CreatePrincipal,
    Deposit,
    FundPool,
    FundVamm,
    PlaceOrder,
    SetGlobalParams,
)
from plimsoll.messages.events import Event
from plimsoll.messages.params import GlobalParams
from plimsoll.runtime import presets
from plimsoll.runtime.present_events import REPEG_OUTCOMES
from plimsoll.runtime.words import RESTRICTIONS
from plimsoll.sim.scenarios.orders import fills, order, pool_kind
from plimsoll.sim.scenarios.scene import PRICE, USD, Player, Scene, keeper
from plimsoll.units import RATIO_SCALE, div_floor, div_toward_zero

BTC: Final = 0
ETH: Final = 1
SOL: Final = 2
AVAX: Final = 3

PRICES: Final[Mapping[str, int]] = {
    "BTC-USD": 60_000 * PRICE,
    "ETH-USD": 3_000 * PRICE,
    "SOL-USD": 150 * PRICE,
    "AVAX-USD": 30 * PRICE,
}

MECHANISMS: Final[Mapping[str, Any]] = {
    "vamm_spread_steps": 159,
    "vamm_max_spread": 20_000,
    "repeg": 1,
    "repeg_divergence": 50_000,
    "repeg_after_ms": 10_800_000,
    "health_divergence_max": 200_000,
    "health_imbalance_max": 800_000,
    "auction": 1,
    "auction_ms": 5_000,
    "auctions_max": 32,
    "auctions_reserved": 4,
    "auctions_per_account": 4,
    "funding_period_s": 3_600,
    "liquidation": 1,
    "liquidation_auction": 1,
    "keeper_fee_max": 10 * USD,
}
"""Everything on, whatever the presets say: the tour shows each of them."""

OF_MARKETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "SOL-USD": {"imr": 100_000, "mmr": 50_000, "vamm_concentration": 1_050_000},
    "AVAX-USD": {"imr": 100_000, "mmr": 50_000},
}
"""A narrow curve for SOL, so that little inventory fills it."""

CAPITAL: Final = (1_000_000 * USD, 1_000_000 * USD, 1_000_000 * USD, 30_000 * USD)
ADJUSTMENTS: Final = (50_000 * USD, 500 * USD, 20_000 * USD, 1_000 * USD)
FUNDING: Final = (5_000 * USD, 0, 0, 0)

PIECES: Final = 8

FREE, EARNING, PAID = (REPEG_OUTCOMES.index(name) for name in ("free", "revenue", "paid"))
"""What comes of a repeg."""
OFF_ORACLE, IMBALANCE = (
    next(number for number, word in RESTRICTIONS.items() if word == name)
    for name in ("mark_oracle", "imbalance")
)
"""What restricts a market."""

CROWD: Final = tuple(f"crowd-{number}" for number in range(1, 8))
LATE: Final = "crowd-8"
WEAK: Final = tuple(f"weak-{number}" for number in range(1, 5))

PLAYERS: Final = (
    Player("alice", 1_000_000 * USD),
    Player("bob", 2_000_000 * USD),
    Player("carol", 1_000_000 * USD),
    Player("dan", 1_000_000 * USD),
    Player("mike", 5_000_000 * USD),
    Player("mary", 5_000_000 * USD),
    keeper("kim"),
    *(Player(name, 100_000 * USD) for name in (*CROWD, LATE)),
    *(Player(name, 1_000 * USD) for name in WEAK),
    Player("lena", 20_000 * USD),
    Player("otto", 20_000 * USD),
    Player("paul", 20_000 * USD),
)


def opening() -> tuple[Command, ...]:
    """The operator's commands: four markets, their capital, what is in their pools."""
    total = sum(CAPITAL) + sum(ADJUSTMENTS) + sum(FUNDING) + 500_000 * USD
    found: list[Command] = [
        SetGlobalParams(GlobalParams()),
        CreatePrincipal("oracle", codes.ROLE_ORACLE),
        CreatePrincipal("keeper", codes.ROLE_KEEPER),
        Deposit(codes.TREASURY_ACCOUNT, 0, total, "genesis-capital"),
    ]
    for market, (symbol, price) in enumerate(PRICES.items()):
        values = {**MECHANISMS, **OF_MARKETS.get(symbol, {})}
        found.append(CreateMarket(presets.market_params(symbol, price, values)))
        found.append(FundVamm(market, CAPITAL[market]))
        for name, amounts in (("adjustments", ADJUSTMENTS), ("funding", FUNDING)):
            if amounts[market] > 0:
                found.append(FundPool(market, pool_kind(name), amounts[market]))
    return tuple(found)


# Commands -----------------------------------------------------------------------------------------


def reaching(
    scene: Scene, who: str, market: int, side: int, size: int, ppm: int, **more: Any
) -> PlaceOrder:
    """An IOC limit order that may go ``ppm`` beyond the vAMM's price: no auction, no waiting."""
    price = scene.vamm(market)["reservation_price"]
    sign = 1 if side == BUY else -1
    edge = div_floor(price * (RATIO_SCALE + sign * ppm), RATIO_SCALE)
    limit = scene.tick(market, edge, up=side != BUY)
    return order(scene, who, market, side, size, price=limit, tif=IOC, **more)


def beside(scene: Scene, market: int, ppm: int) -> int:
    """The oracle price moved by signed ppm, on the grid."""
    moved = div_floor(scene.prices[market] * (RATIO_SCALE + ppm), RATIO_SCALE)
    return scene.tick(market, moved, up=False)


def closing(scene: Scene, who: str, market: int, ppm: int = 80_000) -> Iterator[Command]:
    """Reduce-only orders that close a position against the vAMM, in pieces it can take, at most
    ``ppm`` off the price it begins with."""
    limit = 0
    for _ in range(PIECES):
        held = scene.base(who, market)
        if held == 0:
            return
        side = codes.SELL if held > 0 else BUY
        made = reaching(scene, who, market, side, abs(held), ppm, reduce_only=True)
        limit = limit or made.price
        made.price = limit
        yield made


# Words --------------------------------------------------------------------------------------------


def base(size: int) -> str:
    """A size in words."""
    return format_decimal(size, 9)


def dollars(amount: int) -> str:
    """Money or a price, in cents."""
    return format_decimal(div_toward_zero(amount, 10_000), 2)


def percent(ppm: int) -> str:
    """ppm as percent with two digits."""
    return f"{format_decimal(div_toward_zero(ppm, 100), 2)} %"


def spreads(scene: Scene, market: int) -> str:
    """Both spreads in basis points."""
    row = scene.vamm(market)
    long, short = (format_decimal(row[f"{side}_spread"], 2) for side in ("long", "short"))
    return f"buyers pay {long} bp over the price, sellers get {short} bp less"


def divergence(scene: Scene, market: int) -> int:
    """|mark - oracle| / oracle in ppm."""
    price = scene.prices[market]
    off = abs(int(scene.vamm(market)["reservation_price"]) - price)
    return div_floor(off * RATIO_SCALE, price)


def filled(scene: Scene, events: list[Event]) -> str:
    """The fills of a step in words."""
    rows = [
        f"{base(one.size)} at {dollars(one.price)} ({codes.SOURCES[one.source]})"
        for one in fills(events)
    ]
    return "filled " + ", ".join(rows) if rows else "nothing was filled"


def pools(scene: Scene, market: int) -> str:
    """The three pools in words."""
    return ", ".join(
        f"{name} {dollars(scene.pool(market, name))}"
        for name in ("adjustments", "funding", "insurance")
    )
