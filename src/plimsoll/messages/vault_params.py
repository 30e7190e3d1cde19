"""Parameters of a maker vault, and of its quotes in a market: bounds, and the rules of a set."""

from __future__ import annotations

from typing import ClassVar, Final, final

from plimsoll.messages.params import Fields
from plimsoll.units import RATIO_SCALE, div_ceil

COOLDOWN_MAX_MS: Final = 30 * 86_400_000
FEE_MAX: Final = 50_000
"""Highest fee on deposits and withdrawals, ppm."""


@final
class VaultParams:
    """Everything that can be set for one vault.

    Amounts are in smallest units of the vault's asset (1e-6 for the collateral), ratios ppm.
    ``virtual_shares`` and ``virtual_assets`` belong to nobody and are fixed when the vault is
    opened. ``margin_total`` lets a passive vault quote with all its margin instead of what is
    free; ``min_at_maturity`` pays an unlock the lower of its value at request and at maturity.
    Of a hedged vault: ``min_margin_ratio`` bounds its fills and withdrawals, ``hedge_slippage``
    the price of a hedge around the oracle, ``fill_max`` (1e-9 base, 0: none) a fill;
    ``pool_1`` to ``pool_3`` is its way on spot from base to the collateral (-1: none).
    Its breaker trips where more than ``util_max`` of what depositors brought is in use, below
    ``min_margin_ratio``, or where a share is worth ``drawdown_max`` (0: any) less than ever, and
    pauses below ``pause_margin_ratio`` (0: never); it is released once all is well again for
    ``breaker_hold_ms``. ``hedge_window_max`` (1e-6 quote; 0: none) bounds the hedges of fills that
    add to its position within a window of the outflow.
    """

    FIELDS: ClassVar[Fields] = (
        ("virtual_shares", "amount0"),
        ("virtual_assets", "amount0"),
        ("deposit_cap", "amount0"),
        ("cooldown_ms", "time"),
        ("max_unlocks", "small"),
        ("min_at_maturity", "flag"),
        ("deposit_fee", "ratio"),
        ("withdrawal_fee", "ratio"),
        ("depositors_listed", "flag"),
        ("takers_listed", "flag"),
        ("confidence_max", "ratio"),
        ("margin_total", "flag"),
        ("min_margin_ratio", "ratio"),
        ("hedge_slippage", "ratio"),
        ("fill_max", "amount0"),
        ("undirected", "flag"),
        ("firm_quotes", "flag"),
        ("pool_1", "any_id"),
        ("pool_2", "any_id"),
        ("pool_3", "any_id"),
        ("util_max", "ratio"),
        ("pause_margin_ratio", "ratio"),
        ("drawdown_max", "ratio"),
        ("breaker_hold_ms", "time"),
        ("hedge_window_max", "amount0"),
    )

    def __init__(
        self,
        virtual_shares: int = 1_000_000,
        virtual_assets: int = 1_000_000,
        deposit_cap: int = 0,
        cooldown_ms: int = 0,
        max_unlocks: int = 10,
        min_at_maturity: int = 0,
        deposit_fee: int = 0,
        withdrawal_fee: int = 0,
        depositors_listed: int = 0,
        takers_listed: int = 0,
        confidence_max: int = 10_000,
        margin_total: int = 0,
        min_margin_ratio: int = 500_000,
        hedge_slippage: int = 10_000,
        fill_max: int = 0,
        undirected: int = 0,
        firm_quotes: int = 0,
        pool_1: int = -1,
        pool_2: int = -1,
        pool_3: int = -1,
        util_max: int = 1_000_000,
        pause_margin_ratio: int = 0,
        drawdown_max: int = 0,
        breaker_hold_ms: int = 300_000,
        hedge_window_max: int = 0,
    ) -> None:
        self.virtual_shares: int = virtual_shares
        self.virtual_assets: int = virtual_assets
        self.deposit_cap: int = deposit_cap
        self.cooldown_ms: int = cooldown_ms
        self.max_unlocks: int = max_unlocks
        self.min_at_maturity: bool = min_at_maturity != 0
        self.deposit_fee: int = deposit_fee
        self.withdrawal_fee: int = withdrawal_fee
        self.depositors_listed: bool = depositors_listed != 0
        self.takers_listed: bool = takers_listed != 0
        self.confidence_max: int = confidence_max
        self.margin_total: bool = margin_total != 0
        self.min_margin_ratio: int = min_margin_ratio
        self.hedge_slippage: int = hedge_slippage
        self.fill_max: int = fill_max
        self.undirected: bool = undirected != 0
        self.firm_quotes: bool = firm_quotes != 0
        self.pool_1: int = pool_1
        self.pool_2: int = pool_2
        self.pool_3: int = pool_3
        self.util_max: int = util_max
        self.pause_margin_ratio: int = pause_margin_ratio
        self.drawdown_max: int = drawdown_max
        self.breaker_hold_ms: int = breaker_hold_ms
        self.hedge_window_max: int = hedge_window_max

    def problems(self) -> list[tuple[int, str]]:
        """Every broken rule: (number, text). Empty when the set is sound."""
        rules = (
            (
                1,
                (self.virtual_shares == 0) != (self.virtual_assets == 0),
                "virtual_shares and virtual_assets are both positive or both 0",
            ),
            (2, self.cooldown_ms > COOLDOWN_MAX_MS, "cooldown_ms must be at most 30 days"),
            (3, self.cooldown_ms > 0 and self.max_unlocks < 1, "a cooldown needs max_unlocks"),
            (
                4,
                self.min_at_maturity and self.cooldown_ms == 0,
                "min_at_maturity needs a cooldown",
            ),
            (
                5,
                self.deposit_fee > FEE_MAX or self.withdrawal_fee > FEE_MAX,
                "fees of depositors must be at most 5 %",
            ),
            (6, self.min_margin_ratio < 1, "min_margin_ratio must be positive"),
            (7, not 0 < self.hedge_slippage < RATIO_SCALE, "0 < hedge_slippage < 100 %"),
            (
                8,
                (self.pool_1 < 0 and self.pool_2 >= 0) or (self.pool_2 < 0 and self.pool_3 >= 0),
                "pools are named without a gap",
            ),
            (
                9,
                (self.pool_1 >= 0 and self.pool_1 in (self.pool_2, self.pool_3))
                or (self.pool_2 >= 0 and self.pool_2 == self.pool_3),
                "a path meets no pool twice",
            ),
            (10, self.util_max < 1, "util_max must be positive"),
            (
                11,
                self.pause_margin_ratio >= self.min_margin_ratio,
                "pause_margin_ratio must be below min_margin_ratio",
            ),
            (
                12,
                self.breaker_hold_ms > COOLDOWN_MAX_MS,
                "breaker_hold_ms must be at most 30 days",
            ),
        )
        return [(n, text) for n, broken, text in rules if broken]

    def path(self) -> list[int]:
        """The pools from base to the collateral; empty for none."""
        return [pool for pool in (self.pool_1, self.pool_2, self.pool_3) if pool >= 0]

    def row(self) -> list[object]:
        """The values in the order of ``FIELDS``."""
        return [
            self.virtual_shares,
            self.virtual_assets,
            self.deposit_cap,
            self.cooldown_ms,
            self.max_unlocks,
            self.min_at_maturity,
            self.deposit_fee,
            self.withdrawal_fee,
            self.depositors_listed,
            self.takers_listed,
            self.confidence_max,
            self.margin_total,
            self.min_margin_ratio,
            self.hedge_slippage,
            self.fill_max,
            self.undirected,
            self.firm_quotes,
            self.pool_1,
            self.pool_2,
            self.pool_3,
            self.util_max,
            self.pause_margin_ratio,
            self.drawdown_max,
            self.breaker_hold_ms,
            self.hedge_window_max,
        ]


@final
class QuoteParams:
    """How a passive vault quotes in one market.

    ``weight`` is its part of the margin among the weights of all markets; ``half_spread`` (ppm) is
    off the oracle; sizes are 1e-9 base. ``max_quote_size`` binds before the skew; ``max_skew``
    is the position at which the skew is full (0: no skew); ``max_position`` (0: none) is where
    the side that would raise it is no longer quoted.
    """

    FIELDS: ClassVar[Fields] = (
        ("weight", "count"),
        ("half_spread", "ratio"),
        ("max_quote_size", "amount0"),
        ("max_skew", "amount0"),
        ("size_skew", "ratio"),
        ("spread_skew", "multiple"),
        ("max_position", "amount0"),
    )

    def __init__(
        self,
        weight: int = 0,
        half_spread: int = 500,
        max_quote_size: int = 0,
        max_skew: int = 0,
        size_skew: int = 0,
        spread_skew: int = 0,
        max_position: int = 0,
    ) -> None:
        self.weight: int = weight
        self.half_spread: int = half_spread
        self.max_quote_size: int = max_quote_size
        self.max_skew: int = max_skew
        self.size_skew: int = size_skew
        self.spread_skew: int = spread_skew
        self.max_position: int = max_position

    def problems(self) -> list[tuple[int, str]]:
        """Every broken rule: (number, text). None are checked where the vault does not quote."""
        if self.weight == 0:
            return []
        widest = self.half_spread * (RATIO_SCALE + self.spread_skew)
        rules = (
            (1, not 0 < self.half_spread < RATIO_SCALE, "0 < half_spread < 100 %"),
            (2, self.max_quote_size < 1, "max_quote_size must be positive"),
            (
                3,
                widest >= RATIO_SCALE * RATIO_SCALE,
                "half_spread·(1 + spread_skew) must be below 100 %",
            ),
            (
                4,
                self.max_skew == 0 and (self.size_skew > 0 or self.spread_skew > 0),
                "a skew needs max_skew",
            ),
        )
        return [(n, text) for n, broken, text in rules if broken]

    def widest(self) -> int:
        """The farthest off the oracle a quote may be before it is set on the tick, ppm."""
        return div_ceil(self.half_spread * (RATIO_SCALE + self.spread_skew), RATIO_SCALE)

    def row(self) -> list[object]:
        """The values in the order of ``FIELDS``."""
        return [
            self.weight,
            self.half_spread,
            self.max_quote_size,
            self.max_skew,
            self.size_skew,
            self.spread_skew,
            self.max_position,
        ]
