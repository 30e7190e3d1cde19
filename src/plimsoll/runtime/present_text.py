"""Numbers as decimal texts, and what ids mean: what every presentation needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plimsoll.core.rows import Account, Market
from plimsoll.core.state import State
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes

BASE_DIGITS: Final = 9
QUOTE_DIGITS: Final = 6
PRICE_DIGITS: Final = 6
RATE_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What ids mean: symbols of markets, symbols and decimals of assets, account and asset of
    vaults, base and quote of spot pools; and which accounts belong to the exchange itself, so that
    anybody may see them in events. Only ever grows.
    """

    symbols: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    decimals: tuple[int, ...] = ()
    system: frozenset[int] = frozenset()
    vaults: tuple[tuple[int, int], ...] = ()
    pools: tuple[tuple[int, int], ...] = ()


def market_accounts(row: Market) -> tuple[Account, ...]:
    """The accounts of a market that belong to the exchange."""
    pools = (row.adjustments, row.funding, row.insurance)
    return (row.vamm, *pools, row.clearing, row.escrow)


def catalogue(state: State) -> Catalogue:
    """The names a state knows."""
    system = {
        codes.OUTSIDE_ACCOUNT,
        codes.TREASURY_ACCOUNT,
        codes.KEEPER_ACCOUNT,
        codes.VAULT_ACCOUNT,
    }
    for row in state.markets:
        system.update(one.ident for one in market_accounts(row))
    for vault in state.liquidity.vaults:
        system.update((vault.account.ident, vault.unlocks.ident))
    system.update(pool.account.ident for pool in state.liquidity.pools)
    if state.liquidity.escrow is not None:
        system.add(state.liquidity.escrow.ident)
    if state.guard.holder is not None:
        system.add(state.guard.holder.ident)
    return Catalogue(
        tuple(market.params.symbol for market in state.markets),
        tuple(asset.symbol for asset in state.assets),
        tuple(asset.decimals for asset in state.assets),
        frozenset(system),
        tuple((vault.account.ident, vault.asset) for vault in state.liquidity.vaults),
        tuple((pool.base, pool.quote) for pool in state.liquidity.pools),
    )


def base_text(size: int) -> str:
    """A size (1e-9) as decimal text."""
    return format_decimal(size, BASE_DIGITS)


def rate_text(rate: int) -> str:
    """A funding rate (1e-9 quote per base) as decimal text."""
    return format_decimal(rate, RATE_DIGITS)


def quote_text(amount: int) -> str:
    """Money or a price (1e-6) as decimal text."""
    return format_decimal(amount, QUOTE_DIGITS)


def price_or_none(price: int) -> str | None:
    """A price as decimal text; None for 0, which means that there is none."""
    return quote_text(price) if price != 0 else None
