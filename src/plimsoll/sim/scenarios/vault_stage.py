"""What the chapters of the vault tour share: its markets, vaults and pools, its people, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isqrt
from typing import Any, Final

from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes
from plimsoll.messages.codes import BUY, IOC
from plimsoll.messages.commands import (
    AddSpotLiquidity,
    Command,
    CreateAsset,
    CreateMarket,
    CreatePrincipal,
    CreateSpotPool,
    CreateVault,
    Deposit,
    DepositVault,
    FundPool,
    FundVamm,
    PlaceOrder,
    SetGlobalParams,
    SetVaultQuote,
    SwapSpot,
    TradeVault,
    WithdrawVault,
)
from plimsoll.messages.events import Event, FirmQuoteFilled, SpotSwapped, VaultHedged
from plimsoll.messages.params import GlobalParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.runtime import presets
from plimsoll.sim.scenarios.language import Chapter, Step, does, holds
from plimsoll.sim.scenarios.orders import order, pool_kind
from plimsoll.sim.scenarios.scene import HOUR, PRICE, USD, Player, Scene, keeper
from plimsoll.sim.scenarios.sujiko_stage import beside, dollars, filled
from plimsoll.units import RATIO_SCALE, div_floor, notional_floor

BTC: Final = 0
ETH: Final = 1
SOL: Final = 2

PRICES: Final[Mapping[str, int]] = {
    "BTC-USD": 60_000 * PRICE,
    "ETH-USD": 3_000 * PRICE,
    "SOL-USD": 150 * PRICE,
}

COLLATERAL: Final = 0
ETHER: Final = 1
SOLANA: Final = 2
COIN: Final = 1_000_000_000
"""A whole ETH or SOL in its smallest units."""

PASSIVE: Final = 0
BASE_ETH: Final = 1
QUOTE_ETH: Final = 2
BASE_SOL: Final = 3

DIGITS: Final[Mapping[int, int]] = {PASSIVE: 6, BASE_ETH: 9, QUOTE_ETH: 6, BASE_SOL: 9}
"""Decimals of a vault's asset."""

POOL_ETH: Final = 0
POOL_SOL: Final = 1
POOL_FEE: Final = 500
OF_POOL: Final[Mapping[int, int]] = {POOL_ETH: ETH, POOL_SOL: SOL}
"""The market a pool is spot for."""

_MARKET: Final[Mapping[str, Any]] = {
    "vamm_spread_steps": 0,
    "vamm_base_spread": 2_000,
    "repeg": 2,
    "health_divergence_max": 0,
    "health_imbalance_max": 0,
    "auction": 1,
    "funding_period_s": 0,
    "liquidation": 1,
    "liquidation_auction": 0,
}
"""A vAMM that is dearer than the vaults and follows the oracle, and no funding: figures stay."""

_OF_MARKETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "BTC-USD": {"split_vault": 100_000, "split_treasury": 250_000},
    "ETH-USD": {"base_asset": ETHER},
    "SOL-USD": {"base_asset": SOLANA, "vamm_enabled": 0, "auction": 0},
}
"""A part of the fees in BTC is the passive vault's; SOL has no vAMM."""

COOLDOWN: Final = 24 * HOUR
PASSIVE_PARAMS: Final[Mapping[str, int]] = {"cooldown_ms": COOLDOWN, "max_unlocks": 2}
_HEDGED: Final[Mapping[str, int]] = {"hedge_slippage": 10_000, "firm_quotes": 1}

_VAULTS: Final = (
    (codes.PASSIVE_VAULT, -1, "passive", VaultParams(**PASSIVE_PARAMS)),
    (codes.BASE_VAULT, ETH, "ETH-base", VaultParams(pool_1=POOL_ETH, undirected=1, **_HEDGED)),
    (codes.QUOTE_VAULT, ETH, "ETH-quote", VaultParams(pool_1=POOL_ETH, **_HEDGED)),
    (codes.BASE_VAULT, SOL, "SOL-base", VaultParams(pool_1=POOL_SOL, **_HEDGED)),
)

_POOLS: Final = (
    (ETHER, 2_000 * COIN, 6_000_000 * USD),
    (SOLANA, 20_000 * COIN, 3_000_000 * USD),
)
"""What is really in a pool; nine times as much is virtual."""

LP: Final = codes.ROLE_LP
PLAYERS: Final = (
    Player("lena", 0, LP, ((ETHER, 40 * COIN), (SOLANA, 400 * COIN))),
    Player("lars", 120_000 * USD, LP),
    Player("lucy", 60_000 * USD, LP),
    Player("mallory", 100_000 * USD),
    Player("alice", 1_000_000 * USD),
    Player("bob", 1_000_000 * USD),
    Player("walt", 1_600 * USD),
    Player("dora", 100_000 * USD, codes.ROLE_DESK, ((ETHER, 20 * COIN),)),
    Player("arno", 20_000_000 * USD, codes.ROLE_TRADER, ((ETHER, 5_000 * COIN),
                                                         (SOLANA, 50_000 * COIN))),
    keeper("kim"),
)  # fmt: skip
"""Depositors, an attacker, two takers, one with little, a desk, an arbitrageur, a keeper."""


def opening() -> tuple[Command, ...]:
    """The operator's commands: markets, spot pools with assets in them, four vaults."""
    found: list[Command] = [
        SetGlobalParams(GlobalParams()),
        CreatePrincipal("oracle", codes.ROLE_ORACLE),
        CreatePrincipal("keeper", codes.ROLE_KEEPER),
        CreateAsset("ETH", 9),
        CreateAsset("SOL", 9),
        Deposit(codes.TREASURY_ACCOUNT, COLLATERAL, 12_000_000 * USD, "genesis-capital"),
    ]
    for market, (symbol, price) in enumerate(PRICES.items()):
        params = presets.market_params(symbol, price, {**_MARKET, **_OF_MARKETS[symbol]})
        found.append(CreateMarket(params))
        if params.vamm_enabled:
            found.append(FundVamm(market, 1_000_000 * USD))
        names = ("insurance", "adjustments")
        found += [FundPool(market, pool_kind(name), 100_000 * USD) for name in names]
    for pool, (asset, base, quote) in enumerate(_POOLS):
        found += [
            Deposit(codes.TREASURY_ACCOUNT, asset, base, f"genesis-{asset}"),
            CreateSpotPool(asset, COLLATERAL, POOL_FEE, 9 * base, 9 * quote),
            AddSpotLiquidity(codes.TREASURY_ACCOUNT, pool, base, quote),
        ]
    found += [CreateVault(*each) for each in _VAULTS]
    return tuple(found)


# Commands -----------------------------------------------------------------------------------------


def joins(scene: Scene, who: str, vault: int, amount: int, least: int = 0) -> DepositVault:
    """A deposit into a vault."""
    return DepositVault(scene.account(who), vault, amount, least)


def leaves(scene: Scene, who: str, vault: int, part: int = RATIO_SCALE) -> WithdrawVault:
    """Shares given back: ``part`` (ppm) of what somebody has, all unless told otherwise."""
    given = div_floor(scene.shares(who, vault) * part, RATIO_SCALE)
    return WithdrawVault(scene.account(who), vault, given, 0)


def trades(
    scene: Scene,
    who: str,
    vault: int,
    side: int,
    amount: int,
    *,
    quote: bool = False,
    limit: int = 0,
) -> TradeVault:
    """A trade with a hedged vault alone; with ``quote`` the amount is USD."""
    return TradeVault(scene.account(who), vault, side, quote, amount, limit, False)


def directed(
    scene: Scene, who: str, vault: int, side: int, size: int, ppm: int, **more: Any
) -> PlaceOrder:
    """An IOC limit order, ``ppm`` worse than the oracle at most, directed at a hedged vault."""
    price = beside(scene, ETH, ppm if side == BUY else -ppm)
    maker = int(scene.vault(vault)["account"])
    return order(scene, who, ETH, side, size, price=price, tif=IOC, maker=maker, **more)


def takes_quote(scene: Scene, who: str, market: int, side: int) -> PlaceOrder:
    """An IOC order for all of the passive vault's quote on the other side, at its price."""
    quote = scene.quotes(PASSIVE, market)
    name = "ask" if side == BUY else "bid"
    return order(scene, who, market, side, quote[f"{name}_size"], price=quote[name], tif=IOC)


def quoting(market: int, **params: int) -> SetVaultQuote:
    """How the passive vault quotes in a market from now on."""
    return SetVaultQuote(PASSIVE, market, QuoteParams(**params))


def reserves(scene: Scene, pool: int) -> tuple[int, int]:
    """Base and quote of a pool, virtual parts included."""
    row = scene.spot(pool)
    base = row["base_reserve"] + row["virtual_base"]
    return base, row["quote_reserve"] + row["virtual_quote"]


def arbitrage(scene: Scene, who: str, pool: int, ppm: int = 0) -> Iterable[Command]:
    """Bring a pool to the oracle price, or ``ppm`` away from it."""
    base, quote = reserves(scene, pool)
    price = div_floor(scene.prices[OF_POOL[pool]] * (RATIO_SCALE + ppm), RATIO_SCALE)
    wanted = isqrt(div_floor(base * quote * COIN, price))
    amount = abs(wanted - base)
    if amount == 0:
        return
    buys = wanted < base
    asset = _POOLS[pool][0]
    yield SwapSpot(scene.account(who), pool, COLLATERAL if buys else asset, buys, amount, 0)


def levels(pool: int, text: str = "arno brings the pool to the oracle's price") -> Step:
    """A step in which the pool follows the oracle."""
    return does(text, "arno", lambda s: arbitrage(s, "arno", pool))


def sound(*steps: Step) -> tuple[Step, ...]:
    """The steps of a chapter, and at their end a sweep of all invariants."""
    last = does("all invariants hold", "kim", lambda s: [],
                holds("invariants", lambda s: s.sweep()))  # fmt: skip
    return (*steps, last)


def chapter(title: str, watch: str, *steps: Step, market: int = ETH) -> Chapter:
    """A chapter whose last step sweeps all invariants."""
    return Chapter(title, watch, sound(*steps), market)


# Figures and words --------------------------------------------------------------------------------


def worth(scene: Scene, vault: int) -> int:
    """What a vault is worth in its asset."""
    return int(scene.vault(vault)["assets"])


def util(scene: Scene, vault: int) -> int:
    """Utilisation of a vault, ppm."""
    return int(scene.vault(vault)["utilisation"])


def spot_base(scene: Scene, vault: int) -> int:
    """Base on spot of a hedged vault."""
    return int(scene.vault(vault)["hedge"]["spot"])


def position(scene: Scene, vault: int) -> int:
    """Signed position of a hedged vault, 1e-9."""
    return int(scene.vault(vault)["hedge"]["position"])


def earned(scene: Scene, vault: int) -> int:
    """What a base vault has beside its ETH: equity without the value of its position, 1e-6 USD."""
    held = notional_floor(scene.prices[ETH], position(scene, vault))
    return int(scene.vault(vault)["equity"]) - held


def is_hedged(scene: Scene, vault: int) -> bool:
    """H1: spot and position are what depositors brought of the base, and no leg is missing."""
    hedge = scene.vault(vault)["hedge"]
    whole = int(hedge["spot"]) + int(hedge["position"])
    return whole == int(hedge["net_base"]) and int(hedge["unhedged"]) == 0


def amount(vault: int, value: int) -> str:
    """An amount of a vault's asset in words."""
    name = {6: "USD", 9: "SOL" if vault == BASE_SOL else "ETH"}[DIGITS[vault]]
    return f"{format_decimal(value, DIGITS[vault])} {name}"


def standing(vault: int, scene: Scene) -> str:
    """The two legs of a hedged vault in words."""
    row = scene.vault(vault)
    hedge = row["hedge"]
    spot, held = (format_decimal(hedge[name], 9) for name in ("spot", "position"))
    part = format_decimal(row["utilisation"], 6)
    return f"vault: spot {spot}, position {held}, utilization {part}"


def hedged(scene: Scene, events: list[Event]) -> str:
    """The fills of a step with the spot leg of each vault's."""
    words: list[str] = [filled(scene, events)]
    for one in events:
        if isinstance(one, VaultHedged):
            verb = "buys" if one.side == BUY else "sells"
            where = "the pool" if one.venue == codes.VENUE_POOL else "the desk"
            words.append(
                f"vault {verb} {format_decimal(one.base_amount, 9)} for {dollars(one.quote)} "
                f"at {where}, {standing(one.vault, scene)}"
            )
    return "; ".join(words)


def spot_events(events: list[Event]) -> list[Event]:
    """What happened on spot."""
    return [event for event in events if isinstance(event, (SpotSwapped, FirmQuoteFilled))]
