"""What a liquidity source holds, and what that is worth at the last oracle prices.

    worth = cash + Σ value(base) + funding due + floor(spot · price)

with the roundings of the core (MARGIN-002, FUND-005, HEDGE-008): against the source, each position
and the base on spot by itself. Money 1e-6 quote, base 1e-9, base on spot in its asset's units,
prices 1e-6, rates 1e-9.

Spec: docs/spec/28-attribution.md, PNL-001, PNL-002.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.analytics.causes import CAUSES, FLOWS
from plimsoll.messages.codes import BASE_VAULT, PASSIVE_VAULT
from plimsoll.units import (
    LOT,
    div_floor,
    mul_div_ceil,
    mul_div_floor,
    notional_ceil,
    notional_floor,
)

USD: Final = 0
UNKNOWN: Final = -1
VAMM_SOURCE: Final = -1
"""``Source.kind`` of a vAMM; of a vault it is the vault's kind."""
RATE_SCALE: Final = 1_000 * LOT
"""base (1e-9) x rate (1e-9) / RATE_SCALE is quote (1e-6)."""
SHARE_SCALE: Final = 1_000_000_000
"""Of the price of a share."""


class Market:
    """A market as sources see it: oracle price (0: none yet), cumulative rates, base asset."""

    __slots__ = ("base_asset", "decimals", "long", "price", "short")

    def __init__(self, base_asset: int = UNKNOWN, decimals: int = 0) -> None:
        self.price = 0
        self.long = 0
        self.short = 0
        self.base_asset = base_asset
        self.decimals = decimals

    def rate(self, base: int) -> int:
        """The cumulative rate of a position's side; 0 for none."""
        if base > 0:
            return self.long
        return self.short if base < 0 else 0

    def value_of(self, amount: int) -> int:
        """Units of the base asset at the oracle price, rounded down."""
        return mul_div_floor(amount, self.price, 10**self.decimals)

    def dump(self) -> list[int]:
        """All values, in the order of ``load``."""
        return [self.price, self.long, self.short, self.base_asset, self.decimals]

    @classmethod
    def load(cls, row: list[int]) -> Market:
        """A market from ``dump``."""
        made = cls(row[3], row[4])
        made.price, made.long, made.short = row[:3]
        return made


class Held:
    """A position: signed base, and the cumulative rate up to which its funding is settled."""

    __slots__ = ("base", "mark")

    def __init__(self, base: int, mark: int) -> None:
        self.base = base
        self.mark = mark


def value(base: int, price: int) -> int:
    """What a position is worth, rounded against its holder. MARGIN-002."""
    return notional_floor(price, base) if base >= 0 else -notional_ceil(price, -base)


def funding_due(base: int, moved: int) -> int:
    """What a position is paid (negative: pays) for a move of its side's rate. FUND-005."""
    if base == 0 or moved == 0:
        return 0
    if (base > 0) == (moved > 0):
        return -mul_div_ceil(abs(base), abs(moved), RATE_SCALE)
    return mul_div_floor(abs(base), abs(moved), RATE_SCALE)


class Source:
    """A vault or a vAMM since it was opened: what it holds, and how it came to it.

    ``market`` is its own, -1 for the passive vault; ``base_asset`` is what a hedged vault holds on
    spot. ``virtual_shares`` and ``virtual_assets`` are -1 where nobody told them.
    """

    def __init__(self, name: str, kind: int, ident: int, market: int, account: int) -> None:
        self.name = name
        self.kind = kind
        self.ident = ident
        self.market = market
        self.account = account
        self.base_asset = UNKNOWN
        self.virtual_shares = UNKNOWN
        self.virtual_assets = UNKNOWN
        self.supply = 0
        self.cash = 0
        self.spot = 0
        self.positions: dict[int, Held] = {}
        self.booked: dict[str, int] = dict.fromkeys((FLOWS, *CAUSES), 0)

    @property
    def hedged(self) -> bool:
        """Whether it holds base on spot beside its position."""
        return self.kind not in (VAMM_SOURCE, PASSIVE_VAULT)

    @property
    def asset(self) -> int:
        """The asset of its shares; of a base vault ``UNKNOWN`` until it has been named."""
        return self.base_asset if self.kind == BASE_VAULT else USD

    def book(self, cause: str, change: int) -> None:
        """A change of what it is worth, and why."""
        self.booked[cause] += change

    # What it is worth --------------------------------------------------------------------------

    def position_value(self, ident: int, market: Market) -> int:
        """A position with the funding that is due; of a vAMM there is none. FUND-006."""
        held = self.positions.get(ident)
        if held is None:
            return 0
        worth = value(held.base, market.price)
        if self.kind != VAMM_SOURCE:
            worth += funding_due(held.base, market.rate(held.base) - held.mark)
        return worth

    def spot_value(self, market: Market) -> int:
        """Base on spot at the oracle price, rounded down."""
        return market.value_of(self.spot) if self.spot else 0

    def equity(self, markets: dict[int, Market]) -> int:
        """Cash and positions, without the base on spot. MARGIN-001."""
        return self.cash + sum(
            self.position_value(ident, markets[ident]) for ident in self.positions
        )

    def nav(self, markets: dict[int, Market]) -> int:
        """Everything it holds."""
        spot = self.spot_value(markets[self.market]) if self.spot else 0
        return self.equity(markets) + spot

    def assets(self, markets: dict[int, Market]) -> int:
        """What it is worth in units of its own asset, without virtual assets. HEDGE-008."""
        if self.kind != BASE_VAULT:
            return self.nav(markets)
        equity = self.equity(markets)
        if equity == 0:
            return self.spot
        market = markets[self.market]
        return self.spot + div_floor(equity * 10**market.decimals, market.price)

    def share_price(self, assets: int) -> int | None:
        """Units of its asset (1e-9) that a share is worth; None for a vAMM, for a vault that is
        shut, and for one whose virtual shares are not known."""
        if self.kind == VAMM_SOURCE or self.virtual_shares == UNKNOWN:
            return None
        supply = self.supply + self.virtual_shares
        backing = assets + self.virtual_assets
        if supply == 0:
            return SHARE_SCALE
        return div_floor(backing * SHARE_SCALE, supply) if backing > 0 else None

    # What changes it ---------------------------------------------------------------------------

    def hold(self, ident: int, base: int, mark: int) -> None:
        """Its position in a market is now ``base``, settled up to ``mark``."""
        if base == 0:
            self.positions.pop(ident, None)
        else:
            self.positions[ident] = Held(base, mark)

    def dump(self) -> list[Any]:
        """All values, in the order of ``load``."""
        held = [[ident, row.base, row.mark] for ident, row in sorted(self.positions.items())]
        return [
            self.name, self.kind, self.ident, self.market, self.account, self.base_asset,
            self.virtual_shares, self.virtual_assets, self.supply, self.cash, self.spot, held,
            [self.booked[name] for name in (FLOWS, *CAUSES)],
        ]  # fmt: skip

    @classmethod
    def load(cls, row: list[Any]) -> Source:
        """A source from ``dump``."""
        made = cls(row[0], row[1], row[2], row[3], row[4])
        made.base_asset, made.virtual_shares, made.virtual_assets = row[5:8]
        made.supply, made.cash, made.spot = row[8:11]
        made.positions = {ident: Held(base, mark) for ident, base, mark in row[11]}
        made.booked = dict(zip((FLOWS, *CAUSES), row[12], strict=True))
        return made
