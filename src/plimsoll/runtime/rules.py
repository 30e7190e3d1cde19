"""Which rules of the specification stand behind a refusal, and behind an order's end.

The chapters are in ``docs/spec``.
"""

from __future__ import annotations

from typing import Final

from plimsoll.messages import codes

REJECT_RULES: Final[dict[int, tuple[str, ...]]] = {
    codes.NOT_ALLOWED: ("AUTH-001", "AUTH-004"),
    codes.UNKNOWN_PRINCIPAL: ("AUTH-001",),
    codes.NOT_OWNER: ("AUTH-002",),
    codes.BAD_FIELD: ("MSG-002",),
    codes.AMOUNT_RANGE: ("MONEY-002", "SETTLE-005"),
    codes.BATCH_SIZE: ("ORDER-020",),
    codes.BATCH_ITEM: ("ORDER-020",),
    codes.PARAMS_INVALID: ("MSG-006",),
    codes.NAME_TAKEN: ("ADMIN-001", "ADMIN-003", "ADMIN-004"),
    codes.TOO_MANY: ("ACCOUNT-002", "ADMIN-001"),
    codes.UNKNOWN_ACCOUNT: ("AUTH-002",),
    codes.UNKNOWN_ASSET: ("ACCOUNT-005",),
    codes.EXTERNAL_ID_USED: ("ACCOUNT-004",),
    codes.NOT_WITHDRAWABLE: ("ACCOUNT-008", "MARGIN-007"),
    codes.INSUFFICIENT_BALANCE: ("ACCOUNT-006", "ADMIN-007"),
    codes.ACCOUNT_KIND: ("ACCOUNT-001",),
    codes.SAME_ACCOUNT: ("ACCOUNT-007",),
    codes.IN_LIQUIDATION: ("LIQ-001",),
    codes.UNKNOWN_MARKET: ("ORDER-002",),
    codes.UNKNOWN_ORDER: ("ORDER-018",),
    codes.PRICE_NOT_ON_TICK: ("ORDER-004",),
    codes.SIZE_NOT_ON_STEP: ("ORDER-004",),
    codes.NOTIONAL_TOO_SMALL: ("ORDER-005",),
    codes.OPEN_ORDERS_LIMIT: ("ORDER-006",),
    codes.CLIENT_ORDER_ID_IN_USE: ("ORDER-007",),
    codes.ALREADY_EXPIRED: ("ORDER-003",),
    codes.PRICE_BAND: ("ORDER-012", "ORACLE-007"),
    codes.POST_ONLY_CROSSES: ("ORDER-013", "BOOK-011"),
    codes.FOK_NOT_FILLABLE: ("ORDER-001", "ORDER-015"),
    codes.REDUCE_ONLY_NOTHING: ("ORDER-010",),
    codes.ORDER_COMBINATION: ("ORDER-003",),
    codes.AMEND_NOTHING: ("ORDER-019",),
    codes.AMEND_BELOW_FILLED: ("ORDER-019",),
    codes.KEEPER_FEE_TOO_LARGE: ("ORDER-002",),
    codes.TRIGGER_IMMEDIATE: ("ORDER-002",),
    codes.TRIGGER_NOT_REACHED: ("TRACK-003",),
    codes.ORDER_NOT_EXPIRED: ("UPKEEP-001",),
    codes.INSUFFICIENT_MARGIN: ("ORDER-016", "MARGIN-005"),
    codes.OPEN_INTEREST: ("ORDER-017", "SETTLE-004"),
    codes.MARKET_MODE: ("ORDER-009", "HEALTH-003"),
    codes.ORACLE_INVALID: ("ORDER-011", "ORACLE-008"),
    codes.ORACLE_NOT_POSITIVE: ("ORACLE-003",),
    codes.ORACLE_NOT_NEWER: ("ORACLE-004",),
    codes.ORACLE_FROM_FUTURE: ("ORACLE-004",),
    codes.ORACLE_TOO_VOLATILE: ("ORACLE-006",),
    codes.ORACLE_TOO_UNCERTAIN: ("ORACLE-005",),
    codes.VAMM_DISABLED: ("ADMIN-007", "VAMM-001"),
    codes.INSUFFICIENT_POOL: ("REPEG-009",),
    codes.REPEG_REDUNDANT: ("REPEG-008",),
    codes.REPEG_DIRECTION: ("REPEG-008",),
    codes.REPEG_PROFITABILITY: ("REPEG-008",),
    codes.VAMM_EQUITY: ("REPEG-009",),
    codes.LIMIT_NOT_REACHED: ("VAMM-010",),
    codes.UNKNOWN_AUCTION: ("AUCTION-005",),
    codes.AUCTION_PRICE_NOT_MET: ("AUCTION-003", "AUCTION-006"),
    codes.AUCTIONS_FULL: ("AUCTION-005",),
    codes.AUCTION_OWN: ("AUCTION-006", "BOOK-005"),
    codes.AUCTION_RUNNING: ("AUCTION-005",),
    codes.AUCTION_OFFERS_FULL: ("AUCTION-006",),
    codes.AUCTION_NOTHING: ("AUCTION-007",),
    codes.FUNDING_NOT_DUE: ("FUND-001",),
    codes.FUNDING_BLOCKED: ("FUND-007", "TRACK-003"),
    codes.FUNDING_OFF: ("FUND-001",),
    codes.SUFFICIENT_COLLATERAL: ("LIQ-001",),
    codes.PRICE_BANDS_BREACHED: ("HEALTH-005", "HEALTH-006"),
    codes.LIQUIDATION_WAIT: ("LIQ-005",),
    codes.LIQUIDATION_OFF: ("LIQ-001",),
    codes.NOTHING_TO_DO: ("UPKEEP-001",),
}
"""Reject code -> rules."""

DONE_RULES: Final[dict[str, tuple[str, ...]]] = {
    "filled": ("ROUTE-001",),
    "cancelled": ("ORDER-018",),
    "expired": ("BOOK-006", "UPKEEP-001"),
    "self_trade": ("BOOK-005",),
    "ioc_remainder": ("ORDER-015",),
    "no_liquidity": ("ORDER-015", "ROUTE-006"),
    "price_band": ("BOOK-007",),
    "maker_margin": ("BOOK-008", "MARGIN-008"),
    "reduce_only": ("BOOK-009", "BOOK-010"),
    "amended": ("ORDER-019",),
    "work_limit": ("ROUTE-003",),
    "slippage": ("ROUTE-002", "AUCTION-004"),
    "auctions_full": ("ORDER-015",),
    "restricted": ("HEALTH-003", "ORDER-009"),
    "taker_margin": ("ORDER-016", "MARGIN-005"),
    "liquidated": ("LIQ-001",),
    "recovered": ("LIQ-001", "LIQ-002"),
    "trigger_refused": ("ORDER-002",),
    "outbid": ("AUCTION-006", "AUCTION-007"),
    "bankrupt": ("LIQ-010",),
    "stale_oracle": ("ORACLE-008", "TRACK-003"),
}
"""Why an order, an offer, an auction or a liquidation ended -> rules."""

SOURCE_RULES: Final[dict[str, tuple[str, ...]]] = {
    "book": ("BOOK-002", "BOOK-004", "ROUTE-003"),
    "vamm": ("VAMM-010", "VAMM-011", "VAMM-012"),
    "auction": ("AUCTION-006", "AUCTION-007", "AUCTION-008"),
    "adl": ("LIQ-012", "LIQ-013"),
}
"""Where a fill's liquidity came from -> rules."""

HEALTH_RULES: Final[dict[str, tuple[str, ...]]] = {
    "mark_oracle": ("HEALTH-002", "HEALTH-003"),
    "mark_oracle_average": ("HEALTH-002", "HEALTH-003"),
    "mark_own_average": ("HEALTH-002", "HEALTH-003"),
    "imbalance": ("HEALTH-004",),
}
"""Bound of a market's health -> rules."""
