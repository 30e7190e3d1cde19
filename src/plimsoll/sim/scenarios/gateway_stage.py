"""What the chapters of the gateway tour share: its markets, vault and pool, its people, words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    AddSpotLiquidity,
    Command,
    CreateAsset,
    CreateMarket,
    CreatePrincipal,
    CreateSpotPool,
    CreateVault,
    Deposit,
    FundPool,
    FundVamm,
    SetGlobalParams,
    SetVaultParams,
    Withdraw,
)
from plimsoll.messages.events import (
    BreakerMoved,
    Event,
    HeldReleased,
    VaultBreakerMoved,
    WithdrawalHeld,
)
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams
from plimsoll.messages.vault_params import VaultParams
from plimsoll.runtime import presets
from plimsoll.sim.scenarios.language import Step, priced
from plimsoll.sim.scenarios.orders import pool_kind
from plimsoll.sim.scenarios.scene import MINUTE, PRICE, USD, Player, Scene, keeper
from plimsoll.sim.scenarios.sujiko_stage import dollars

BTC: Final = 0
ETH: Final = 1

PRICES: Final[Mapping[str, int]] = {"BTC-USD": 60_000 * PRICE, "ETH-USD": 3_000 * PRICE}

COLLATERAL: Final = 0
ETHER: Final = 1
COIN: Final = 1_000_000_000
"""A whole ETH in its smallest units."""

VAULT: Final = 0
PASSIVE: Final = 1
POOL: Final = 0
POOL_FEE: Final = 500
POOL_BASE: Final = 1_200 * COIN
POOL_QUOTE: Final = 3_600_000 * USD
DEPTH: Final = 199
"""Virtual reserves of the pool for each real one: an attack moves its price by little."""

FLAT_FEE: Final = 5_000
"""What a keeper gets for an order he looked after, 1e-6 USD."""

_MARKET: Final[Mapping[str, Any]] = {
    "vamm_spread_steps": 0,
    "vamm_base_spread": 1_000,
    "repeg": 2,
    "health_divergence_max": 0,
    "health_imbalance_max": 0,
    "auction": 0,
    "funding_period_s": 0,
    "liquidation": 1,
    "liquidation_auction": 0,
    "keeper_flat_fee": FLAT_FEE,
    "delayed_ms": 5_000,
    "delayed_validity_max_ms": 10 * MINUTE,
}
"""No funding and no auctions: figures stay, and an order is worked off at once."""

_OF_MARKETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "BTC-USD": {},
    "ETH-USD": {"base_asset": ETHER, "vamm_enabled": 0, "vamm_limits": 0},
}
"""BTC has book and vAMM, ETH book and vault."""

WORTH: Final = 14_000_000 * USD
"""What everybody brings in, ETH at 3,000 USD: what the breaker guards."""
_RESERVE: Final = 778_000 * USD
"""What is left in the treasury, so that ``WORTH`` is a round figure."""

WINDOW: Final = 10 * MINUTE
COOLDOWN: Final = 20 * MINUTE
LIMITS: Final[Mapping[str, int]] = {
    "window_ms": WINDOW,
    "tick_ms": MINUTE,
    "retained": 850_000,
    "threshold": 1_000_000 * USD,
    "principal_share": 500_000,
    "locking": 1,
    "cooldown_ms": COOLDOWN,
    "pause_retained": 500_000,
    "pause_cooldown_ms": 30 * MINUTE,
}
"""Of 14 million 15 % may leave within ten minutes, 700 ETH; one principal may take half of it."""

VAULT_PARAMS: Final[Mapping[str, int]] = {"pool_1": POOL, "hedge_slippage": 20_000}

LP: Final = codes.ROLE_LP
PLAYERS: Final = (
    Player("nora", 300_000 * USD),
    Player("otis", 200_000 * USD),
    Player("rhea", 0, codes.ROLE_RELAYER),
    Player("mila", 500_000 * USD),
    Player("dana", 100_000 * USD),
    Player("alice", 300_000 * USD),
    Player("walt", 2_000 * USD),
    Player("lena", 0, LP, ((ETHER, 200 * COIN),)),
    Player("lars", 0, LP, ((ETHER, 20 * COIN),)),
    Player("sven", 0, LP, ((ETHER, 20 * COIN),)),
    Player("lucy", 100_000 * USD, LP),
    Player("mallory", 1_300_000 * USD),
    Player("mick", 1_300_000 * USD),
    Player("olga", 0, codes.ROLE_OPERATOR),
    keeper("kim"),
)
"""Two who sign, their relayer, a market maker, two takers, one with little, depositors, one
attacker under two names, a second operator, a keeper."""


def opening() -> tuple[Command, ...]:
    """The operator's commands: two markets, a spot pool with assets in it, two vaults."""
    capital = 1_000_000 * USD
    pools = 50_000 * USD
    treasury = codes.TREASURY_ACCOUNT
    total = capital + 4 * pools + POOL_QUOTE + _RESERVE
    found: list[Command] = [
        SetGlobalParams(GlobalParams()),
        CreatePrincipal("oracle", codes.ROLE_ORACLE),
        CreatePrincipal("keeper", codes.ROLE_KEEPER),
        CreateAsset("ETH", 9),
        Deposit(treasury, COLLATERAL, total, "genesis-capital"),
        Deposit(treasury, ETHER, POOL_BASE, "genesis-ether"),
    ]
    for market, (symbol, price) in enumerate(PRICES.items()):
        params = presets.market_params(symbol, price, {**_MARKET, **_OF_MARKETS[symbol]})
        found.append(CreateMarket(params))
        if params.vamm_enabled:
            found.append(FundVamm(market, capital))
        found += [FundPool(market, pool_kind(name), pools) for name in ("insurance", "adjustments")]
    found += [
        CreateSpotPool(ETHER, COLLATERAL, POOL_FEE, DEPTH * POOL_BASE, DEPTH * POOL_QUOTE),
        AddSpotLiquidity(treasury, POOL, POOL_BASE, POOL_QUOTE),
        CreateVault(codes.BASE_VAULT, ETH, "ETH-base", VaultParams(**VAULT_PARAMS)),
        CreateVault(codes.PASSIVE_VAULT, -1, "passive", VaultParams()),
    ]
    return tuple(found)


# Commands -----------------------------------------------------------------------------------------


def same_prices(text: str = "the oracle says the same prices again") -> Step:
    """Prices are fresh again."""
    return priced(text, {})


def takes_out(scene: Scene, who: str, asset: int, amount: int) -> Withdraw:
    """A withdrawal, under an external id of its own."""
    return Withdraw(scene.account(who), asset, amount, f"out/{who}/{scene.now}")


def vault_set(**more: int) -> SetVaultParams:
    """The vault's parameters with some of them changed."""
    return SetVaultParams(VAULT, VaultParams(**{**VAULT_PARAMS, **more}))


def limits(**more: int) -> BreakerParams:
    """The limits of the outflow with some of them changed."""
    return BreakerParams(**{**LIMITS, **more})


# Figures and words --------------------------------------------------------------------------------


def coins(amount: int) -> str:
    """An amount of ETH in words."""
    return f"{format_decimal(amount, 9)} ETH"


def money(asset: int, amount: int) -> str:
    """An amount of an asset in words."""
    return coins(amount) if asset == ETHER else f"{dollars(amount)} USD"


def guarded(scene: Scene, events: list[Event]) -> str:
    """What breakers and held withdrawals did in a step, in words."""
    words: list[str] = []
    for one in events:
        if isinstance(one, (BreakerMoved, VaultBreakerMoved)):
            whose = "the breaker" if isinstance(one, BreakerMoved) else "the vault's breaker"
            mode, before = (codes.BREAKER_MODES[at] for at in (one.mode, one.before))
            words.append(f"{whose}: {before} -> {mode} ({codes.BREAKER_CAUSES[one.cause]})")
        elif isinstance(one, WithdrawalHeld):
            words.append(f"held as claim {one.claim}: {money(one.asset, one.amount)}")
        elif isinstance(one, HeldReleased):
            what = "paid" if one.paid else "taken back"
            words.append(f"claim {one.claim} is {what}: {money(one.asset, one.amount)}")
    return "; ".join(words) or "nothing is held, no breaker moves"
