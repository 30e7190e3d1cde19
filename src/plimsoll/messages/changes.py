"""Changes that an operator may propose, and which of them loosen a limit.

``TIGHTER`` decides for every parameter which way tightens it: the way that lets nobody do more,
and makes nobody pay or owe more. What is somebody's loss either way, or bounds nobody, has no
such way. A change of parameters tightens if every field that differs moves its tighter way.

The reasons behind the ways are a table of docs/spec/27-proposals.md, made of the comments here.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.messages import commands
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import Fields, GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams

CHANGES: Final[tuple[type[commands.Command], ...]] = (
    commands.CreatePrincipal,
    commands.SetGlobalParams,
    commands.CreateMarket,
    commands.SetMarketParams,
    commands.SetMarketMode,
    commands.FundVamm,
    commands.FundPool,
    commands.SetVaultParams,
    commands.SetVaultQuote,
    commands.SetVaultMode,
    commands.SetBreakerParams,
    commands.SetBreakerMode,
    commands.Withdraw,
    commands.AddSpotLiquidity,
    commands.RemoveSpotLiquidity,
)
"""Every command that may be proposed."""

BY_TAG: Final = {cls.TAG: cls for cls in CHANGES}

RECORDS: Final[dict[str, type[Any]]] = {
    "global_params": GlobalParams,
    "market_params": MarketParams,
    "vault_params": VaultParams,
    "quote_params": QuoteParams,
    "breaker_params": BreakerParams,
}
"""The sets of parameters that a change may carry, by the kind of its field."""

NO_LIMITS: Final = BreakerParams(retained=0, pause_retained=0)
"""What holds before the limits of the outflow are set for the first time."""


def from_row(row: list[Any]) -> commands.Command:
    """A change from its row, which was checked when it was proposed."""
    cls = BY_TAG[row[0]]
    values: list[Any] = []
    at = 1
    for _, kind in cls.FIELDS:
        value = row[at]
        at += 1
        values.append(RECORDS[kind](*value) if kind in RECORDS else value)
    return cls(*values)


UP: Final = 1
DOWN: Final = -1
NEITHER: Final = 0
CAPPED: Final = -2
"""Down, but 0 stands for no limit at all."""

TIGHTER: Final[dict[str, dict[str, int]]] = {
    "global_params": {
        "open_orders_max": DOWN,  # fewer orders
        "batch_max": DOWN,  # fewer orders in a command
        "accounts_max": DOWN,  # fewer accounts
        "accounts_per_principal_max": DOWN,  # fewer accounts
        "tick_work_max": NEITHER,  # less: liquidations wait; more: every other command does
        "oracle_future_max_ms": DOWN,  # fewer prices are believed
        "open_deposits": DOWN,  # off: only an operator vouches for what comes in
        "matches_max": NEITHER,  # less: large orders are cut off; more: commands take longer
        "signed_validity_max_ms": DOWN,  # signed orders lapse sooner
        "relay_fee_max": DOWN,  # traders pay less
        "admin_delay_ms": UP,  # what loosens is announced earlier
        "admin_expiry_ms": NEITHER,  # less: nothing can be executed; more: of what nobody recalls
    },
    "market_params": {
        "symbol": NEITHER,  # fixed
        "tick": NEITHER,  # may only get finer, and makes room between orders that rest
        "step": NEITHER,  # fixed
        "min_notional": UP,  # fewer orders; what reduces is exempt
        "imr": UP,  # smaller positions, less may be withdrawn
        "mmr": NEITHER,  # more: who was safe is liquidated; less: losses reach the insurance
        "taker_fee": NEITHER,  # more: takers pay; less: pools get it
        "maker_rebate": NEITHER,  # more: pools pay; less: makers get it
        "split_insurance": NEITHER,  # what one part gains another loses
        "split_adjustments": NEITHER,  # what one part gains another loses
        "split_funding": NEITHER,  # what one part gains another loses
        "split_keepers": NEITHER,  # what one part gains another loses
        "split_treasury": NEITHER,  # what one part gains another loses
        "split_vault": NEITHER,  # what one part gains another loses
        "open_interest_max": DOWN,  # smaller positions
        "price_band": DOWN,  # fewer prices are traded at
        "market_slippage": DOWN,  # market orders pay less
        "oracle_max_age_ms": DOWN,  # fewer prices are believed
        "oracle_confidence_max": DOWN,  # fewer prices are believed
        "oracle_jump_max": DOWN,  # fewer prices are believed
        "oracle_reset_ms": UP,  # it takes longer until any price is believed
        "vamm_enabled": NEITHER,  # fixed
        "vamm_sqrt_k": NEITHER,  # fixed
        "vamm_peg": NEITHER,  # fixed; a repeg moves it
        "vamm_base_spread": UP,  # the vAMM asks for more before it trades
        "vamm_max_spread": UP,  # the vAMM may ask for more before it trades
        "vamm_concentration": DOWN,  # the vAMM takes on less
        "vamm_max_fill_fraction": UP,  # the vAMM takes on less at a time
        "vamm_spread_steps": NEITHER,  # a choice of formulas
        "vamm_spread_adjustment": UP,  # the vAMM asks for more before it trades
        "twap_clamp": NEITHER,  # averages follow faster or slower
        "repeg": NEITHER,  # more: the pool pays; less: the vAMM loses to who knows the price
        "repeg_divergence": NEITHER,  # as repeg
        "repeg_after_ms": NEITHER,  # as repeg
        "health_divergence_max": CAPPED,  # the market is restricted sooner
        "health_imbalance_max": CAPPED,  # the market is restricted sooner
        "health_twap_max": NEITHER,  # more: liquidations at odd prices; less: none where needed
        "auction": NEITHER,  # whom market orders trade with
        "auction_ms": NEITHER,  # more: takers wait; less: makers cannot compete
        "auctions_max": DOWN,  # fewer orders
        "auctions_reserved": UP,  # fewer orders but those of liquidations
        "auctions_per_account": DOWN,  # fewer orders
        "auction_min_notional": UP,  # fewer orders
        "auction_full_to_vamm": NEITHER,  # whom market orders trade with
        "auction_batch_ms": NEITHER,  # who is first, or who offers best
        "funding_period_s": NEITHER,  # what one side pays the other gets
        "funding_clamp": NEITHER,  # what one side pays the other gets
        "funding_carry": NEITHER,  # what one side pays the other gets
        "funding_paying_max": NEITHER,  # what one side pays the other gets
        "funding_receiving_max": NEITHER,  # what one side does not get the pool keeps
        "liquidation": NEITHER,  # on: who was safe is liquidated; off: losses reach the insurance
        "liquidation_penalty": NEITHER,  # more: the liquidated pay; less: the insurance gets it
        "liquidation_buffer": NEITHER,  # how much of somebody's position is closed
        "liquidation_auction": NEITHER,  # at which prices somebody is closed
        "liquidation_keeper_share": NEITHER,  # what keepers gain the insurance loses
        "liquidation_chunk": NEITHER,  # how much of somebody's position is closed
        "liquidation_chunk_above": NEITHER,  # how much of somebody's position is closed
        "liquidation_chunk_ms": NEITHER,  # how fast somebody's position is closed
        "keeper_fee_max": DOWN,  # traders pay less
        "keeper_flat_fee": DOWN,  # traders pay less
        "vamm_limits": DOWN,  # off: the vAMM trades less
        "liquidation_counts_penalty": NEITHER,  # how much of somebody's position is closed
        "base_asset": NEITHER,  # what vaults hedge with, and what counts as worth
        "delayed_ms": UP,  # a price that is known already can be used less
        "delayed_validity_max_ms": DOWN,  # delayed orders lapse sooner
    },
    "vault_params": {
        "virtual_shares": NEITHER,  # fixed
        "virtual_assets": NEITHER,  # fixed
        "deposit_cap": CAPPED,  # less may be deposited
        "cooldown_ms": NEITHER,  # more: depositors are locked in; less: who knows leaves first
        "max_unlocks": NEITHER,  # less: depositors are locked in; more: more is due at once
        "min_at_maturity": NEITHER,  # what who leaves loses, who stays gains
        "deposit_fee": NEITHER,  # what who comes pays, who is there gets
        "withdrawal_fee": NEITHER,  # what who leaves pays, who stays gets
        "depositors_listed": UP,  # on: fewer may deposit
        "takers_listed": UP,  # on: fewer may trade with it
        "confidence_max": DOWN,  # no deposit and no exit at a doubtful price
        "margin_total": DOWN,  # off: margin that backs positions is not quoted with
        "min_margin_ratio": UP,  # smaller positions, less may be withdrawn
        "hedge_slippage": DOWN,  # no hedge at a doubtful price
        "fill_max": CAPPED,  # smaller fills
        "undirected": DOWN,  # off: fewer trade with it
        "firm_quotes": DOWN,  # off: it hedges with pools only
        "pool_1": NEITHER,  # whom it hedges with
        "pool_2": NEITHER,  # whom it hedges with
        "pool_3": NEITHER,  # whom it hedges with
        "util_max": DOWN,  # the breaker trips sooner
        "pause_margin_ratio": UP,  # the breaker pauses sooner
        "drawdown_max": CAPPED,  # the breaker trips sooner
        "breaker_hold_ms": UP,  # the breaker is released later
        "hedge_window_max": CAPPED,  # smaller fills
    },
    "quote_params": {
        "weight": NEITHER,  # what one market's part loses the others' gain
        "half_spread": UP,  # farther off the oracle; no more so where spread_skew is above 100 %
        "max_quote_size": DOWN,  # smaller quotes
        "max_skew": NEITHER,  # one side is farther off the oracle, the other nearer
        "size_skew": NEITHER,  # one side is smaller, the other larger
        "spread_skew": NEITHER,  # one side is farther off the oracle, the other nearer
        "max_position": CAPPED,  # smaller positions
    },
    "breaker_params": {
        "window_ms": UP,  # the same may leave in a longer time
        "tick_ms": NEITHER,  # a window is known to the tick only
        "retained": UP,  # less may leave
        "threshold": DOWN,  # less may leave
        "principal_share": DOWN,  # less may leave
        "locking": UP,  # on: what is too much is held, and the exchange restricted
        "cooldown_ms": UP,  # what is held stays longer
        "pause_retained": UP,  # it pauses sooner
        "pause_cooldown_ms": UP,  # it stays paused longer
    },
}
"""By the kind of a set: field -> the way that tightens it, and why."""


def loosens(way: int, old: int, new: int) -> bool:
    """Whether a change from ``old`` to another value is not the tighter way."""
    if way == CAPPED:
        return new == 0 or 0 < old < new
    return way == NEITHER or (new - old) * way < 0


def is_looser(kind: str, name: str, old: object, new: object) -> bool:
    """As ``loosens``, of a parameter by its name; what is no number has no tighter way."""
    if not isinstance(old, int) or not isinstance(new, int):
        return True
    return loosens(TIGHTER[kind].get(name, NEITHER), old, new)


def first_loosened(kind: str, fields: Fields, before: list[object], after: list[object]) -> int:
    """The place (from 1) of the first field that a change loosens; 0 if it only tightens."""
    for at, (name, _) in enumerate(fields):
        if before[at] != after[at] and is_looser(kind, name, before[at], after[at]):
            return at + 1
    return 0
