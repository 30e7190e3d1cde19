"""Default parameters, and the commands that turn an empty exchange into a running one.

Everything here becomes ordinary commands in the journal: a replay needs nothing but the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from plimsoll.core.spread import DEFAULT_STEPS
from plimsoll.decimal_text import format_decimal
from plimsoll.errors import ConfigError
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    Command,
    CreateMarket,
    CreatePrincipal,
    Deposit,
    FundPool,
    FundVamm,
    SetBreakerParams,
    SetGlobalParams,
)
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.units import LOT, PRICE_SCALE, QUOTE_SCALE, RATIO_SCALE, div_floor, step_floor

OPERATOR: Final = 0
ORACLE: Final = 1
KEEPER: Final = 2
"""Principals of every exchange that ``bootstrap`` makes."""

LEAST_PRICE: Final = 50_000
"""Below five cents the default depth would need more base than a vAMM may hold."""

VAMM_CAPITAL: Final = 1_000_000 * QUOTE_SCALE
VAMM_DEPTH: Final = 50_000_000 * QUOTE_SCALE
"""Capital and sqrt_k·price of a vAMM by default."""

POOLS: Final[dict[int, int]] = {
    codes.POOL_ADJUSTMENTS: 100_000 * QUOTE_SCALE,
    codes.POOL_FUNDING: 20_000 * QUOTE_SCALE,
    codes.POOL_INSURANCE: 100_000 * QUOTE_SCALE,
}
"""What the pools of a market begin with. An empty adjustments pool quotes ten times the width."""

OUTFLOW: Final[dict[str, int]] = {"principal_share": RATIO_SCALE}
"""Limits of the outflow of the demonstration, beside the defaults: within 4 hours, in ticks of 5
minutes, 70 % have to stay, and whoever wants more waits 3 days. Most of it is one depositor's, so
that one principal may take all that may leave."""

MARKET_CAPITAL: Final = VAMM_CAPITAL + sum(POOLS.values())
"""What the operator brings in for a market: the vAMM's capital and the pools'."""

_COMMON: Final[dict[str, Any]] = {
    "min_notional": 10 * QUOTE_SCALE,
    "taker_fee": 500,
    "maker_rebate": 100,
    "split_insurance": 300_000,
    "split_adjustments": 150_000,
    "split_funding": 100_000,
    "split_keepers": 100_000,
    "split_treasury": 350_000,
    "split_vault": 0,
    "price_band": 100_000,
    "market_slippage": 10_000,
    "oracle_max_age_ms": 30_000,
    "oracle_confidence_max": 20_000,
    "oracle_jump_max": 5_000_000,
    "oracle_reset_ms": 86_400_000,
    "vamm_enabled": 1,
    "vamm_base_spread": 500,
    "vamm_max_spread": 20_000,
    "vamm_concentration": 1_207_100,
    "vamm_max_fill_fraction": 100,
    "vamm_spread_steps": DEFAULT_STEPS,
    "repeg": 1,
    "health_divergence_max": 200_000,
    "health_imbalance_max": 800_000,
    "auction": 1,
    "funding_period_s": 3_600,
    "liquidation": 1,
    "liquidation_auction": 1,
    "keeper_fee_max": 20 * QUOTE_SCALE,
    "vamm_limits": 1,
}

PLAIN: Final[dict[str, int]] = {
    "vamm_spread_steps": 0,
    "repeg": 0,
    "health_divergence_max": 0,
    "health_imbalance_max": 0,
    "auction": 0,
    "auction_batch_ms": 0,
    "funding_period_s": 0,
    "liquidation": 0,
    "liquidation_auction": 0,
    "keeper_fee_max": 0,
    "vamm_limits": 0,
}
"""Overrides that switch every mechanism off: book, base spread, fees and margin alone."""

_WITHOUT_VAMM: Final[dict[str, int]] = {"auction": 0, "vamm_limits": 0, "liquidation_auction": 0}
"""What needs the vAMM's quotes, and goes with it."""

_KNOWN: Final[dict[str, dict[str, Any]]] = {
    "BTC-USD": {"tick": 100_000, "step": 1_000_000, "imr": 50_000, "mmr": 25_000},
    "ETH-USD": {"tick": 10_000, "step": 1_000_000, "imr": 100_000, "mmr": 50_000},
}

DEFAULT_PRICES: Final[dict[str, int]] = {
    "BTC-USD": 60_000 * PRICE_SCALE,
    "ETH-USD": 3_000 * PRICE_SCALE,
}
"""Markets of a new exchange, with the price the synthetic feed starts at."""


def grid(price: int) -> dict[str, Any]:
    """Tick of 1e-4 to 1e-5 of the price and a step that keeps notionals exact, as powers of ten."""
    tick = 1
    while tick * 100_000 <= price:
        tick *= 10
    step = 1
    while tick * step < LOT:
        step *= 10
    # A step worth more than a cent would be exact too, but no finer than anybody needs.
    while step * price < 10_000 * LOT:
        step *= 10
    return {"tick": tick, "step": step, "imr": 100_000, "mmr": 50_000}


def market_params(
    symbol: str, price: int, overrides: Mapping[str, Any] | None = None
) -> MarketParams:
    """Default parameters of a market around a start price (1e-6), with overrides by name.

    Raises ``ConfigError`` below ``LEAST_PRICE``.
    """
    if price < LEAST_PRICE:
        raise ConfigError(
            f"{symbol} at {format_decimal(price, 6)} is too cheap for a market of its own",
            remedy="Quote a contract on a thousand (or a million) units of it instead.",
        )
    values: dict[str, Any] = {"symbol": symbol, **_COMMON, **_KNOWN.get(symbol, grid(price))}
    if (overrides or {}).get("vamm_enabled") == 0:
        values.update(_WITHOUT_VAMM)
    values.update(overrides or {})
    step = values["step"]
    values.setdefault("vamm_peg", price)
    values.setdefault("vamm_sqrt_k", step_floor(div_floor(VAMM_DEPTH * LOT, price), step))
    cap = div_floor(4 * VAMM_CAPITAL * 1_000_000, values["imr"])
    values.setdefault("open_interest_max", step_floor(div_floor(cap * LOT, price), step))
    return MarketParams(**values)


def bootstrap(
    prices: Mapping[str, int],
    *,
    open_deposits: bool,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    global_overrides: Mapping[str, Any] | None = None,
    pools: Mapping[int, int] = POOLS,
) -> list[Command]:
    """Commands of the operator that open an exchange with one market per price.

    Creates the principals ``ORACLE`` and ``KEEPER``, brings in the operator's capital and gives
    every vAMM and every pool (kind -> amount) its share.
    """
    limits = {"open_deposits": int(open_deposits), **(global_overrides or {})}
    commands: list[Command] = [
        SetGlobalParams(GlobalParams(**limits)),
        CreatePrincipal("oracle", codes.ROLE_ORACLE),
        CreatePrincipal("keeper", codes.ROLE_KEEPER),
    ]
    capital = (VAMM_CAPITAL + sum(pools.values())) * len(prices)
    commands.append(Deposit(codes.TREASURY_ACCOUNT, 0, capital, "genesis-capital"))
    for index, (symbol, price) in enumerate(prices.items()):
        params = market_params(symbol, price, (overrides or {}).get(symbol))
        commands.append(CreateMarket(params))
        if params.vamm_enabled:
            commands.append(FundVamm(index, VAMM_CAPITAL))
        commands += [FundPool(index, pool, amount) for pool, amount in pools.items()]
    return commands


def outflow_limits() -> list[Command]:
    """The command that limits what may leave the demonstration."""
    return [SetBreakerParams(BreakerParams(**OUTFLOW))]
