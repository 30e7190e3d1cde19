"""Vaults and spot pools of the demonstration: the commands that open them, after ``bootstrap``.

One passive vault quotes in every market. A market whose base is known gets that asset, a spot pool
of it, and a base and a quote vault that hedge there. All of it is the operator's play money.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from plimsoll.messages import codes
from plimsoll.messages.commands import Command, CreateAsset, Deposit, SetMarketParams
from plimsoll.messages.params import MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.messages.vaults import (
    AddSpotLiquidity,
    CreateSpotPool,
    CreateVault,
    SetVaultQuote,
)
from plimsoll.runtime.presets import market_params
from plimsoll.units import LOT, QUOTE_SCALE, div_floor, step_floor

BASES: Final[dict[str, tuple[str, int]]] = {"BTC-USD": ("BTC", 8), "ETH-USD": ("ETH", 9)}
"""Symbol and decimals of the base of a market."""

POOL: Final = 1_000_000 * QUOTE_SCALE
"""What a pool has of each asset; with its virtual reserves it is ten times as deep."""
VIRTUAL: Final = 9
POOL_FEE: Final = 300
QUOTED: Final = 20_000 * QUOTE_SCALE
"""What the passive vault quotes at most on a side."""
HALF_SPREAD: Final = 1_000
SLIPPAGE: Final = 5_000


def amount_for(usd: int, price: int, decimals: int) -> int:
    """Smallest units of an asset that are worth ``usd`` (1e-6) at a price of the whole (1e-6)."""
    return div_floor(usd * int(10**decimals), price)


def virtual_assets(price: int, decimals: int) -> int:
    """What 1 USD is of an asset at a price: the virtual assets of a vault that is held in it."""
    return max(1, amount_for(QUOTE_SCALE, price, decimals))


def open_vaults(
    prices: Mapping[str, int], overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Command]:
    """Commands of the operator, for markets that ``bootstrap`` opened with the same arguments."""
    made: list[Command] = [CreateVault(codes.PASSIVE_VAULT, -1, "makers", VaultParams())]
    assets = 0
    for market, (symbol, price) in enumerate(prices.items()):
        given = dict((overrides or {}).get(symbol) or {})
        params = market_params(symbol, price, given)
        made += _quotes(market, params, price)
        if symbol in BASES and params.step % _grain(symbol) == 0:
            assets += 1
            made.append(CreateAsset(*BASES[symbol]))
            with_base = market_params(symbol, price, {**given, "base_asset": assets})
            made.append(SetMarketParams(market, with_base))
            made += _hedged(market, symbol, price, assets)
    return made


def _grain(symbol: str) -> int:
    """What the market's step is a multiple of, so that every size can be hedged exactly."""
    return int(10 ** max(0, 9 - BASES[symbol][1]))


def _quotes(market: int, params: MarketParams, price: int) -> list[Command]:
    """How the passive vault quotes in a market; not at all where its band leaves no room."""
    size = step_floor(div_floor(QUOTED * LOT, price), params.step)
    if params.price_band < HALF_SPREAD or size == 0:
        return []
    quote = QuoteParams(weight=1, half_spread=HALF_SPREAD, max_quote_size=size)
    return [SetVaultQuote(0, market, quote)]


def _hedged(market: int, symbol: str, price: int, asset: int) -> list[Command]:
    """A pool at the market's start price, and the two vaults that hedge in it."""
    name, decimals = BASES[symbol]
    base = amount_for(POOL, price, decimals)
    pool = asset - 1
    treasury = codes.TREASURY_ACCOUNT
    hedged = {"pool_1": pool, "hedge_slippage": SLIPPAGE, "undirected": 1, "firm_quotes": 1}
    in_base = VaultParams(virtual_assets=virtual_assets(price, decimals), **hedged)
    in_quote = VaultParams(**hedged)
    return [
        Deposit(treasury, asset, base, f"genesis-spot-{name}"),
        Deposit(treasury, 0, POOL, f"genesis-spot-{name}"),
        CreateSpotPool(asset, 0, POOL_FEE, VIRTUAL * base, VIRTUAL * POOL),
        AddSpotLiquidity(treasury, pool, base, POOL),
        CreateVault(codes.BASE_VAULT, market, f"{name}-base", in_base),
        CreateVault(codes.QUOTE_VAULT, market, f"{name}-quote", in_quote),
    ]
