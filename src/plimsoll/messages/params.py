"""Parameters of the exchange and of a market: fields, bounds, and the rules they obey as a set.

``problems()`` returns every broken rule by number and text, so that a refusal names all of them
and the core can reject with the number of the first.
"""

from __future__ import annotations

from typing import ClassVar, Final, final

from plimsoll.units import AMOUNT_MAX, LOT, RATIO_SCALE

Fields = tuple[tuple[str, str], ...]
OPEN_ORDERS_MOST: Final = 1_000
"""Highest limit of open orders an account can be given."""
VALIDITY_MOST_MS: Final = 90 * 86_400_000
"""Longest a signed order may be good for, a change of parameters delayed, a proposal open."""
EXPIRY_LEAST_MS: Final = 10_000
"""Shortest a proposal may be open: what nobody can meet would lock the parameters for ever."""


@final
class GlobalParams:
    """Limits of the whole exchange.

    ``signed_validity_max_ms`` is how long a signed order may be good for, ``relay_fee_max`` (1e-6
    quote) the most one may offer its relayer. With ``admin_delay_ms`` > 0 changes that loosen a
    limit need a proposal, that delay, and another operator, within ``admin_expiry_ms`` after it.
    """

    FIELDS: ClassVar[Fields] = (
        ("open_orders_max", "count"),
        ("batch_max", "count"),
        ("accounts_max", "id"),
        ("accounts_per_principal_max", "count"),
        ("tick_work_max", "count"),
        ("oracle_future_max_ms", "time"),
        ("open_deposits", "flag"),
        ("matches_max", "count"),
        ("signed_validity_max_ms", "time"),
        ("relay_fee_max", "amount0"),
        ("admin_delay_ms", "time"),
        ("admin_expiry_ms", "time"),
    )

    def __init__(
        self,
        open_orders_max: int = 64,
        batch_max: int = 50,
        accounts_max: int = 1_000_000,
        accounts_per_principal_max: int = 1_000,
        tick_work_max: int = 256,
        oracle_future_max_ms: int = 5_000,
        open_deposits: int = 0,
        matches_max: int = 1_000,
        signed_validity_max_ms: int = 604_800_000,
        relay_fee_max: int = 10_000_000,
        admin_delay_ms: int = 0,
        admin_expiry_ms: int = 604_800_000,
    ) -> None:
        self.open_orders_max: int = open_orders_max
        self.batch_max: int = batch_max
        self.accounts_max: int = accounts_max
        self.accounts_per_principal_max: int = accounts_per_principal_max
        self.tick_work_max: int = tick_work_max
        self.oracle_future_max_ms: int = oracle_future_max_ms
        self.open_deposits: bool = open_deposits != 0
        self.matches_max: int = matches_max
        self.signed_validity_max_ms: int = signed_validity_max_ms
        self.relay_fee_max: int = relay_fee_max
        self.admin_delay_ms: int = admin_delay_ms
        self.admin_expiry_ms: int = admin_expiry_ms

    def problems(self) -> list[tuple[int, str]]:
        """Every broken rule: (number, text). Empty when the set is sound."""
        found: list[tuple[int, str]] = []
        if not 1 <= self.open_orders_max <= OPEN_ORDERS_MOST:
            found.append((1, "open_orders_max must be 1..1000"))
        if not 1 <= self.batch_max <= 50:
            found.append((2, "batch_max must be 1..50"))
        if not 1 <= self.tick_work_max <= 100_000:
            found.append((3, "tick_work_max must be 1..100000"))
        if self.accounts_max < 1 or self.accounts_per_principal_max < 1:
            found.append((4, "account limits must be positive"))
        if not 1 <= self.matches_max <= 100_000:
            found.append((5, "matches_max must be 1..100000"))
        if not 1 <= self.signed_validity_max_ms <= VALIDITY_MOST_MS:
            found.append((6, "signed_validity_max_ms must be 1 ms to 90 days"))
        if self.admin_delay_ms > VALIDITY_MOST_MS or self.admin_expiry_ms > VALIDITY_MOST_MS:
            found.append((7, "delay and expiry of proposals must be at most 90 days"))
        if self.admin_delay_ms > 0 and self.admin_expiry_ms < EXPIRY_LEAST_MS:
            found.append((8, "admin_expiry_ms must be ten seconds or more"))
        return found

    def row(self) -> list[object]:
        """The values in the order of ``FIELDS``."""
        return [
            self.open_orders_max,
            self.batch_max,
            self.accounts_max,
            self.accounts_per_principal_max,
            self.tick_work_max,
            self.oracle_future_max_ms,
            self.open_deposits,
            self.matches_max,
            self.signed_validity_max_ms,
            self.relay_fee_max,
            self.admin_delay_ms,
            self.admin_expiry_ms,
        ]


@final
class MarketParams:
    """Everything that can be set for one market.

    Prices and the peg are 1e-6 quote per base, sizes and reserves 1e-9 base, money 1e-6 quote,
    ratios and rates ppm, times ms (``_s``: seconds). What was added later has a default that
    switches it off; ``repeg`` is 0, 1 (what is free or earns, and the event) or 2 (paid at every
    check too); ``liquidation_chunk`` is the part closed at a time of positions worth more than
    ``liquidation_chunk_above``; ``vamm_limits`` lets resting orders be settled against the vAMM
    once its quote has reached them; ``base_asset`` is the asset that is its base, for hedges on
    spot (-1: none). A delayed order executes at a price published ``delayed_ms`` after it was
    placed, and later than it, and may wait ``delayed_validity_max_ms`` for it.
    """

    FIELDS: ClassVar[Fields] = (
        ("symbol", "name"),
        ("tick", "price"),
        ("step", "amount"),
        ("min_notional", "amount0"),
        ("imr", "ratio"),
        ("mmr", "ratio"),
        ("taker_fee", "ratio"),
        ("maker_rebate", "ratio"),
        ("split_insurance", "ratio"),
        ("split_adjustments", "ratio"),
        ("split_funding", "ratio"),
        ("split_keepers", "ratio"),
        ("split_treasury", "ratio"),
        ("split_vault", "ratio"),
        ("open_interest_max", "amount"),
        ("price_band", "ratio"),
        ("market_slippage", "ratio"),
        ("oracle_max_age_ms", "time"),
        ("oracle_confidence_max", "ratio"),
        ("oracle_jump_max", "multiple"),
        ("oracle_reset_ms", "time"),
        ("vamm_enabled", "flag"),
        ("vamm_sqrt_k", "amount"),
        ("vamm_peg", "price"),
        ("vamm_base_spread", "ratio"),
        ("vamm_max_spread", "ratio"),
        ("vamm_concentration", "multiple"),
        ("vamm_max_fill_fraction", "count"),
        ("vamm_spread_steps", "mask"),
        ("vamm_spread_adjustment", "percent"),
        ("twap_clamp", "count"),
        ("repeg", "small"),
        ("repeg_divergence", "ratio"),
        ("repeg_after_ms", "time"),
        ("health_divergence_max", "multiple"),
        ("health_imbalance_max", "ratio"),
        ("health_twap_max", "multiple"),
        ("auction", "flag"),
        ("auction_ms", "time"),
        ("auctions_max", "count"),
        ("auctions_reserved", "count"),
        ("auctions_per_account", "count"),
        ("auction_min_notional", "amount0"),
        ("auction_full_to_vamm", "flag"),
        ("auction_batch_ms", "time"),
        ("funding_period_s", "count"),
        ("funding_clamp", "count"),
        ("funding_carry", "count"),
        ("funding_paying_max", "ratio"),
        ("funding_receiving_max", "ratio"),
        ("liquidation", "flag"),
        ("liquidation_penalty", "ratio"),
        ("liquidation_buffer", "ratio"),
        ("liquidation_auction", "flag"),
        ("liquidation_keeper_share", "ratio"),
        ("liquidation_chunk", "ratio"),
        ("liquidation_chunk_above", "amount0"),
        ("liquidation_chunk_ms", "time"),
        ("keeper_fee_max", "amount0"),
        ("keeper_flat_fee", "amount0"),
        ("vamm_limits", "flag"),
        ("liquidation_counts_penalty", "flag"),
        ("base_asset", "any_id"),
        ("delayed_ms", "time"),
        ("delayed_validity_max_ms", "time"),
    )

    def __init__(
        self,
        symbol: str,
        tick: int,
        step: int,
        min_notional: int,
        imr: int,
        mmr: int,
        taker_fee: int,
        maker_rebate: int,
        split_insurance: int,
        split_adjustments: int,
        split_funding: int,
        split_keepers: int,
        split_treasury: int,
        split_vault: int,
        open_interest_max: int,
        price_band: int,
        market_slippage: int,
        oracle_max_age_ms: int,
        oracle_confidence_max: int,
        oracle_jump_max: int,
        oracle_reset_ms: int,
        vamm_enabled: int,
        vamm_sqrt_k: int,
        vamm_peg: int,
        vamm_base_spread: int,
        vamm_max_spread: int,
        vamm_concentration: int,
        vamm_max_fill_fraction: int,
        vamm_spread_steps: int = 0,
        vamm_spread_adjustment: int = 0,
        twap_clamp: int = 5,
        repeg: int = 0,
        repeg_divergence: int = 50_000,
        repeg_after_ms: int = 10_800_000,
        health_divergence_max: int = 0,
        health_imbalance_max: int = 0,
        health_twap_max: int = 500_000,
        auction: int = 0,
        auction_ms: int = 5_000,
        auctions_max: int = 32,
        auctions_reserved: int = 4,
        auctions_per_account: int = 4,
        auction_min_notional: int = 100_000_000,
        auction_full_to_vamm: int = 0,
        auction_batch_ms: int = 0,
        funding_period_s: int = 0,
        funding_clamp: int = 33,
        funding_carry: int = 0,
        funding_paying_max: int = 10_000,
        funding_receiving_max: int = 1_000,
        liquidation: int = 0,
        liquidation_penalty: int = 10_000,
        liquidation_buffer: int = 50_000,
        liquidation_auction: int = 0,
        liquidation_keeper_share: int = 200_000,
        liquidation_chunk: int = 1_000_000,
        liquidation_chunk_above: int = 0,
        liquidation_chunk_ms: int = 0,
        keeper_fee_max: int = 0,
        keeper_flat_fee: int = 10_000,
        vamm_limits: int = 0,
        liquidation_counts_penalty: int = 1,
        base_asset: int = -1,
        delayed_ms: int = 0,
        delayed_validity_max_ms: int = 3_600_000,
    ) -> None:
        self.symbol: str = symbol
        self.tick: int = tick
        self.step: int = step
        self.min_notional: int = min_notional
        self.imr: int = imr
        self.mmr: int = mmr
        self.taker_fee: int = taker_fee
        self.maker_rebate: int = maker_rebate
        self.split_insurance: int = split_insurance
        self.split_adjustments: int = split_adjustments
        self.split_funding: int = split_funding
        self.split_keepers: int = split_keepers
        self.split_treasury: int = split_treasury
        self.split_vault: int = split_vault
        self.open_interest_max: int = open_interest_max
        self.price_band: int = price_band
        self.market_slippage: int = market_slippage
        self.oracle_max_age_ms: int = oracle_max_age_ms
        self.oracle_confidence_max: int = oracle_confidence_max
        self.oracle_jump_max: int = oracle_jump_max
        self.oracle_reset_ms: int = oracle_reset_ms
        self.vamm_enabled: bool = vamm_enabled != 0
        self.vamm_sqrt_k: int = vamm_sqrt_k
        self.vamm_peg: int = vamm_peg
        self.vamm_base_spread: int = vamm_base_spread
        self.vamm_max_spread: int = vamm_max_spread
        self.vamm_concentration: int = vamm_concentration
        self.vamm_max_fill_fraction: int = vamm_max_fill_fraction
        self.vamm_spread_steps: int = vamm_spread_steps
        self.vamm_spread_adjustment: int = vamm_spread_adjustment
        self.twap_clamp: int = twap_clamp
        self.repeg: int = repeg
        self.repeg_divergence: int = repeg_divergence
        self.repeg_after_ms: int = repeg_after_ms
        self.health_divergence_max: int = health_divergence_max
        self.health_imbalance_max: int = health_imbalance_max
        self.health_twap_max: int = health_twap_max
        self.auction: bool = auction != 0
        self.auction_ms: int = auction_ms
        self.auctions_max: int = auctions_max
        self.auctions_reserved: int = auctions_reserved
        self.auctions_per_account: int = auctions_per_account
        self.auction_min_notional: int = auction_min_notional
        self.auction_full_to_vamm: bool = auction_full_to_vamm != 0
        self.auction_batch_ms: int = auction_batch_ms
        self.funding_period_s: int = funding_period_s
        self.funding_clamp: int = funding_clamp
        self.funding_carry: int = funding_carry
        self.funding_paying_max: int = funding_paying_max
        self.funding_receiving_max: int = funding_receiving_max
        self.liquidation: bool = liquidation != 0
        self.liquidation_penalty: int = liquidation_penalty
        self.liquidation_buffer: int = liquidation_buffer
        self.liquidation_auction: bool = liquidation_auction != 0
        self.liquidation_keeper_share: int = liquidation_keeper_share
        self.liquidation_chunk: int = liquidation_chunk
        self.liquidation_chunk_above: int = liquidation_chunk_above
        self.liquidation_chunk_ms: int = liquidation_chunk_ms
        self.keeper_fee_max: int = keeper_fee_max
        self.keeper_flat_fee: int = keeper_flat_fee
        self.vamm_limits: bool = vamm_limits != 0
        self.liquidation_counts_penalty: bool = liquidation_counts_penalty != 0
        self.base_asset: int = base_asset
        self.delayed_ms: int = delayed_ms
        self.delayed_validity_max_ms: int = delayed_validity_max_ms
        # Whether any mechanism looks at averages, volumes or the peg; derived.
        self.followed: bool = (
            vamm_spread_steps != 0
            or repeg != 0
            or health_divergence_max != 0
            or health_imbalance_max != 0
            or auction != 0
            or funding_period_s != 0
            or liquidation != 0
        )

    def problems(self) -> list[tuple[int, str]]:
        """Every broken rule: (number, text). Empty when the set is sound."""
        rules = (
            (1, self.symbol == "", "symbol must not be empty"),
            (2, self.tick < 1 or self.step < 1, "tick and step must be positive"),
            (
                3,
                self.tick * self.step % LOT != 0,
                "tick·step must be a multiple of 1e9 scaled units, so that notionals are exact",
            ),
            (4, not 0 < self.mmr < self.imr, "0 < mmr < imr"),
            (5, self.imr > RATIO_SCALE, "imr must be at most 100 %"),
            (6, self.maker_rebate > self.taker_fee, "maker_rebate must not exceed taker_fee"),
            (7, self.taker_fee >= self.mmr, "taker_fee must be below mmr"),
            (
                8,
                self.split_insurance
                + self.split_adjustments
                + self.split_funding
                + self.split_keepers
                + self.split_treasury
                + self.split_vault
                != RATIO_SCALE,
                "the fee split must sum to 100 %",
            ),
            (9, self.open_interest_max < 1, "open_interest_max must be positive"),
            (10, not 0 < self.price_band < RATIO_SCALE, "0 < price_band < 100 %"),
            (
                11,
                not 0 < self.market_slippage <= self.price_band,
                "0 < market_slippage <= price_band",
            ),
            (12, self.oracle_max_age_ms < 1, "oracle_max_age_ms must be positive"),
            (13, self.oracle_jump_max <= RATIO_SCALE, "oracle_jump_max must exceed 100 %"),
            (14, self.oracle_reset_ms < self.oracle_max_age_ms, "oracle_reset_ms below max age"),
        )
        found = [(n, text) for n, broken, text in rules if broken] + self.vamm_problems()
        if self.base_asset == 0:
            found.append((15, "base_asset must not be the collateral"))
        if self.delayed_validity_max_ms <= self.delayed_ms:
            found.append((16, "delayed_validity_max_ms must be above delayed_ms"))
        return found + self.mechanism_problems()

    def vamm_problems(self) -> list[tuple[int, str]]:
        """The broken rules of the vAMM's parameters; none are checked while it is off."""
        if not self.vamm_enabled:
            return []
        # Two roundings of at most one reserve unit and one quote unit stand against the taker
        # anyway; the spread on one step must be wider than both for a round trip to cost.
        spread_on_step = self.vamm_base_spread * self.vamm_peg * self.step
        rules = (
            (
                20,
                not 0 < self.vamm_base_spread < self.vamm_max_spread,
                "0 < vamm_base_spread < vamm_max_spread",
            ),
            (21, self.vamm_max_spread >= self.imr, "vamm_max_spread must be below imr"),
            (22, self.vamm_base_spread >= self.price_band, "vamm_base_spread must be below band"),
            (
                23,
                spread_on_step < 4 * LOT * RATIO_SCALE,
                "base spread on one step must be at least 4 quote units",
            ),
            (
                24,
                not RATIO_SCALE < self.vamm_concentration <= 1_414_200,
                "vamm_concentration must be above 1 and at most 1.4142",
            ),
            (25, self.vamm_max_fill_fraction < 1, "vamm_max_fill_fraction must be positive"),
            (26, self.vamm_sqrt_k < 1000 * self.step, "vamm_sqrt_k must be 1000 steps or more"),
            (27, self.vamm_sqrt_k > 2**60, "vamm_sqrt_k must be at most 2^60"),
            (
                28,
                8 * self.vamm_sqrt_k * self.vamm_peg > AMOUNT_MAX * LOT,
                "the vAMM's quote side is too large",
            ),
        )
        return [(n, text) for n, broken, text in rules if broken]

    def mechanism_problems(self) -> list[tuple[int, str]]:
        """The broken rules of averages, repeg, auctions, funding and liquidation."""
        period = self.funding_period_s
        margin = (RATIO_SCALE + self.liquidation_buffer) * self.mmr
        # What the smallest position pays a keeper for its liquidation must be worth the trouble.
        reward = self.min_notional * self.liquidation_penalty * self.liquidation_keeper_share
        rules = (
            (30, self.vamm_spread_steps > 255, "vamm_spread_steps is a sum of 1 to 128"),
            (
                31,
                self.vamm_spread_steps != 0 and 2 * self.vamm_base_spread > self.vamm_max_spread,
                "vamm_max_spread must be twice vamm_base_spread or more",
            ),
            (32, self.twap_clamp < 1, "twap_clamp must be positive"),
            (33, self.repeg > 2, "repeg is 0 (off), 1 (free, earning, event) or 2 (paid always)"),
            (34, self.repeg != 0 and self.repeg_divergence < 1, "repeg_divergence is positive"),
            (
                35,
                self.vamm_spread_steps != 0 and self.vamm_spread_steps < 128,
                "vamm_spread_steps must have the cap (128), without which a bid may be below zero",
            ),
            (40, self.auction and self.auction_ms < 1, "auction_ms must be positive"),
            (41, self.auction and not self.vamm_enabled, "auctions end at the vAMM's quote"),
            (45, self.vamm_limits and not self.vamm_enabled, "vamm_limits needs the vAMM"),
            (
                42,
                self.auctions_max > 256 or self.auctions_reserved >= max(1, self.auctions_max),
                "auctions_max must be 1..256 and exceed auctions_reserved",
            ),
            (43, self.auctions_per_account < 1, "auctions_per_account must be positive"),
            (44, self.auction_batch_ms > self.auction_ms, "auction_batch_ms within auction_ms"),
            (
                50,
                period != 0 and not 3_600 <= period <= 86_400,
                "funding_period_s is 0 (off) or 3600..86400",
            ),
            (51, self.funding_clamp < 1, "funding_clamp must be positive"),
            (
                52,
                self.funding_receiving_max > self.funding_paying_max,
                "funding_receiving_max must not exceed funding_paying_max",
            ),
            (
                60,
                self.liquidation and margin <= self.liquidation_penalty * RATIO_SCALE,
                "(1 + liquidation_buffer)·mmr must exceed liquidation_penalty",
            ),
            (
                61,
                self.liquidation and self.liquidation_penalty > self.mmr - self.taker_fee,
                "liquidation_penalty must be at most mmr - taker_fee",
            ),
            (
                62,
                self.liquidation_keeper_share > 200_000,
                "liquidation_keeper_share must be at most 20 %",
            ),
            (63, self.liquidation_chunk < 1, "liquidation_chunk must be positive"),
            (
                64,
                self.liquidation and 0 < reward < self.keeper_flat_fee * RATIO_SCALE * RATIO_SCALE,
                "a keeper must earn keeper_flat_fee or more on the smallest liquidation",
            ),
        )
        return [(n, text) for n, broken, text in rules if broken]

    def row(self) -> list[object]:
        """The values in the order of ``FIELDS``."""
        return [
            self.symbol,
            self.tick,
            self.step,
            self.min_notional,
            self.imr,
            self.mmr,
            self.taker_fee,
            self.maker_rebate,
            self.split_insurance,
            self.split_adjustments,
            self.split_funding,
            self.split_keepers,
            self.split_treasury,
            self.split_vault,
            self.open_interest_max,
            self.price_band,
            self.market_slippage,
            self.oracle_max_age_ms,
            self.oracle_confidence_max,
            self.oracle_jump_max,
            self.oracle_reset_ms,
            self.vamm_enabled,
            self.vamm_sqrt_k,
            self.vamm_peg,
            self.vamm_base_spread,
            self.vamm_max_spread,
            self.vamm_concentration,
            self.vamm_max_fill_fraction,
            self.vamm_spread_steps,
            self.vamm_spread_adjustment,
            self.twap_clamp,
            self.repeg,
            self.repeg_divergence,
            self.repeg_after_ms,
            self.health_divergence_max,
            self.health_imbalance_max,
            self.health_twap_max,
            self.auction,
            self.auction_ms,
            self.auctions_max,
            self.auctions_reserved,
            self.auctions_per_account,
            self.auction_min_notional,
            self.auction_full_to_vamm,
            self.auction_batch_ms,
            self.funding_period_s,
            self.funding_clamp,
            self.funding_carry,
            self.funding_paying_max,
            self.funding_receiving_max,
            self.liquidation,
            self.liquidation_penalty,
            self.liquidation_buffer,
            self.liquidation_auction,
            self.liquidation_keeper_share,
            self.liquidation_chunk,
            self.liquidation_chunk_above,
            self.liquidation_chunk_ms,
            self.keeper_fee_max,
            self.keeper_flat_fee,
            self.vamm_limits,
            self.liquidation_counts_penalty,
            self.base_asset,
            self.delayed_ms,
            self.delayed_validity_max_ms,
        ]
