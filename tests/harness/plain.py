"""An exchange with every mechanism off and nothing in its pools, for tests of what remains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.messages.commands import Command
from plimsoll.messages.params import MarketParams
from plimsoll.runtime import presets
from plimsoll.runtime.presets import bootstrap as defaults


def market_params(
    symbol: str, price: int, overrides: Mapping[str, Any] | None = None
) -> MarketParams:
    """``presets.market_params`` with every mechanism off but for what is named."""
    return presets.market_params(symbol, price, {**presets.PLAIN, **(overrides or {})})


def bootstrap(
    prices: Mapping[str, int],
    *,
    open_deposits: bool,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Command]:
    """``presets.bootstrap`` with every mechanism off but for what is named, and empty pools."""
    given = overrides or {}
    return defaults(
        prices,
        open_deposits=open_deposits,
        overrides={symbol: {**presets.PLAIN, **given.get(symbol, {})} for symbol in prices},
        pools={},
    )
