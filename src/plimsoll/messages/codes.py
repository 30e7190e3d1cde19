"""Enumerations of the vocabulary: sides, kinds, reasons, roles, and every reject code.

Numbers are append-only: they stand in journals. A reject code carries two numbers, ``value``
(what was measured) and ``limit`` (what it was measured against); ``REJECTS`` names both.
"""

from __future__ import annotations

from typing import Final

# Sides and orders
BUY: Final = 0
SELL: Final = 1

LIMIT: Final = 0
MARKET: Final = 1

GTC: Final = 0
IOC: Final = 1
FOK: Final = 2

POST_NONE: Final = 0
POST_REJECT: Final = 1
POST_SLIDE: Final = 2

SIDES: Final = ("buy", "sell")
KINDS: Final = ("limit", "market")
TIFS: Final = ("gtc", "ioc", "fok")
POSTS: Final = ("none", "reject", "slide")

# A trigger waits for the oracle at or above, or at or below its price
ABOVE: Final = 0
BELOW: Final = 1
DIRECTIONS: Final = ("above", "below")
# A delayed order waits for a later price, whatever it is
LATER: Final = 2

# Market modes: each one allows less than the one before
ACTIVE: Final = 0
RESTRICTED: Final = 1
REDUCE_ONLY: Final = 2
HALTED: Final = 3
MODES: Final = ("active", "restricted", "reduce_only", "halted")

# Account kinds
TRADER: Final = 0
OUTSIDE: Final = 1
TREASURY: Final = 2
KEEPER_POT: Final = 3
VAMM: Final = 4
POOL_ADJUSTMENTS: Final = 5
POOL_FUNDING: Final = 6
POOL_INSURANCE: Final = 7
VAULT: Final = 8
FUNDING_CLEARING: Final = 9
ESCROW: Final = 10
HEDGED_VAULT: Final = 11
SPOT_POOL: Final = 12
VAULT_UNLOCKS: Final = 13
FIRM_ESCROW: Final = 14
HELD: Final = 15
ACCOUNT_KINDS: Final = (
    "trader",
    "outside",
    "treasury",
    "keeper_pot",
    "vamm",
    "pool_adjustments",
    "pool_funding",
    "pool_insurance",
    "vault",
    "funding_clearing",
    "escrow",
    "hedged_vault",
    "spot_pool",
    "vault_unlocks",
    "firm_escrow",
    "held",
)

# Maker vaults: quoting around the oracle, or hedged on spot, held in base or in the collateral
PASSIVE_VAULT: Final = 0
BASE_VAULT: Final = 1
QUOTE_VAULT: Final = 2
VAULT_KINDS: Final = ("passive", "base", "quote")

# Where a hedge was made
VENUE_POOL: Final = 0
VENUE_FIRM: Final = 1
VENUES: Final = ("pool", "firm")

# Circuit breakers, of the exchange and of each vault: each mode allows less than the one before
NORMAL: Final = 0
TRIPPED: Final = 1
PAUSED: Final = 2
BREAKER_MODES: Final = ("normal", "restricted", "paused")

# What moved a breaker
CAUSE_OPERATOR: Final = 0
CAUSE_OUTFLOW: Final = 1
CAUSE_RECOVERED: Final = 2
CAUSE_MARGIN: Final = 3
CAUSE_UTILISATION: Final = 4
CAUSE_DRAWDOWN: Final = 5
BREAKER_CAUSES: Final = ("operator", "outflow", "recovered", "margin", "utilisation", "drawdown")

# How a proposal ended
PROPOSAL_EXECUTED: Final = 0
PROPOSAL_CANCELLED: Final = 1
PROPOSAL_LAPSED: Final = 2
PROPOSAL_ENDS: Final = ("executed", "cancelled", "lapsed")

# Schemes of the keys that orders are signed with, by what a signer's text begins with
SIGNER_SCHEMES: Final = ("ed25519:", "evm:")

# Well-known accounts, created at genesis in this order
OUTSIDE_ACCOUNT: Final = 0
TREASURY_ACCOUNT: Final = 1
KEEPER_ACCOUNT: Final = 2
VAULT_ACCOUNT: Final = 3

# Roles of principals, a bit each
ROLE_TRADER: Final = 1
ROLE_LP: Final = 2
ROLE_KEEPER: Final = 4
ROLE_ORACLE: Final = 8
ROLE_RELAYER: Final = 16
ROLE_DESK: Final = 32
ROLE_OPERATOR: Final = 64
ROLES: Final[dict[str, int]] = {
    "trader": ROLE_TRADER,
    "lp": ROLE_LP,
    "keeper": ROLE_KEEPER,
    "oracle": ROLE_ORACLE,
    "relayer": ROLE_RELAYER,
    "desk": ROLE_DESK,
    "operator": ROLE_OPERATOR,
}

# Why money moved
R_DEPOSIT: Final = 1
R_WITHDRAWAL: Final = 2
R_TRANSFER: Final = 3
R_TRADE: Final = 10
R_MAKER_REBATE: Final = 11
R_FEE_INSURANCE: Final = 12
R_FEE_ADJUSTMENTS: Final = 13
R_FEE_FUNDING: Final = 14
R_FEE_KEEPERS: Final = 15
R_FEE_TREASURY: Final = 16
R_FEE_VAULT: Final = 17
R_SPREAD_SURPLUS: Final = 18
R_VAMM_CAPITAL: Final = 19
R_POOL_CAPITAL: Final = 20
R_REPEG_COST: Final = 21
R_REPEG_REVENUE: Final = 22
R_FUNDING_POOL: Final = 23
R_FUNDING: Final = 24
R_FUNDING_SWEEP: Final = 25
R_PENALTY: Final = 26
R_KEEPER_LIQUIDATION: Final = 27
R_KEEPER_FLAT: Final = 28
R_KEEPER_EXTRA: Final = 29
R_EXTRA_ESCROW: Final = 30
R_EXTRA_REFUND: Final = 31
R_BAD_DEBT: Final = 32
R_HAIRCUT: Final = 33
R_KEEPER_SURPLUS: Final = 34
R_VAULT_DEPOSIT: Final = 35
R_VAULT_WITHDRAWAL: Final = 36
R_VAULT_UNLOCK: Final = 37
R_UNLOCK_PAID: Final = 38
R_UNLOCK_CUT: Final = 39
R_VAULT_FEE: Final = 40
R_VAULT_RESIDUE: Final = 41
R_SPOT_LIQUIDITY: Final = 42
R_SPOT_SWAP: Final = 43
R_SPOT_HEDGE: Final = 44
R_FIRM_ESCROW: Final = 45
R_FIRM_RELEASE: Final = 46
R_FIRM_FILL: Final = 47
R_HELD: Final = 48
R_HELD_PAID: Final = 49
R_HELD_BACK: Final = 50
R_RELAY_FEE: Final = 51
R_SIGNED_MARGIN: Final = 52
R_SIGNED_RELEASE: Final = 53
REASONS: Final[dict[int, str]] = {
    R_DEPOSIT: "deposit",
    R_WITHDRAWAL: "withdrawal",
    R_TRANSFER: "transfer",
    R_TRADE: "trade",
    R_MAKER_REBATE: "maker_rebate",
    R_FEE_INSURANCE: "fee_insurance",
    R_FEE_ADJUSTMENTS: "fee_adjustments",
    R_FEE_FUNDING: "fee_funding",
    R_FEE_KEEPERS: "fee_keepers",
    R_FEE_TREASURY: "fee_treasury",
    R_FEE_VAULT: "fee_vault",
    R_SPREAD_SURPLUS: "spread_surplus",
    R_VAMM_CAPITAL: "vamm_capital",
    R_POOL_CAPITAL: "pool_capital",
    R_REPEG_COST: "repeg_cost",
    R_REPEG_REVENUE: "repeg_revenue",
    R_FUNDING_POOL: "funding_pool",
    R_FUNDING: "funding",
    R_FUNDING_SWEEP: "funding_sweep",
    R_PENALTY: "penalty",
    R_KEEPER_LIQUIDATION: "keeper_liquidation",
    R_KEEPER_FLAT: "keeper_flat",
    R_KEEPER_EXTRA: "keeper_extra",
    R_EXTRA_ESCROW: "extra_escrow",
    R_EXTRA_REFUND: "extra_refund",
    R_BAD_DEBT: "bad_debt",
    R_HAIRCUT: "haircut",
    R_KEEPER_SURPLUS: "keeper_surplus",
    R_VAULT_DEPOSIT: "vault_deposit",
    R_VAULT_WITHDRAWAL: "vault_withdrawal",
    R_VAULT_UNLOCK: "vault_unlock",
    R_UNLOCK_PAID: "unlock_paid",
    R_UNLOCK_CUT: "unlock_cut",
    R_VAULT_FEE: "vault_fee",
    R_VAULT_RESIDUE: "vault_residue",
    R_SPOT_LIQUIDITY: "spot_liquidity",
    R_SPOT_SWAP: "spot_swap",
    R_SPOT_HEDGE: "spot_hedge",
    R_FIRM_ESCROW: "firm_escrow",
    R_FIRM_RELEASE: "firm_release",
    R_FIRM_FILL: "firm_fill",
    R_HELD: "withdrawal_held",
    R_HELD_PAID: "held_paid",
    R_HELD_BACK: "held_back",
    R_RELAY_FEE: "relay_fee",
    R_SIGNED_MARGIN: "signed_margin",
    R_SIGNED_RELEASE: "signed_release",
}

# Where a fill's liquidity came from
FROM_BOOK: Final = 0
FROM_VAMM: Final = 1
FROM_AUCTION: Final = 2
FROM_ADL: Final = 3
FROM_HEDGED: Final = 4
FROM_SIGNED: Final = 5
SOURCES: Final = ("book", "vamm", "auction", "adl", "hedged", "signed")

# Why an auction or a repeg happens
OF_ORDER: Final = 0
OF_LIQUIDATION: Final = 1
REPEG_OPPORTUNISTIC: Final = 0
REPEG_EVENT: Final = 1
REPEG_OPERATOR: Final = 2

# Why an order left the book or was not rested
DONE_FILLED: Final = 1
DONE_CANCELLED: Final = 2
DONE_EXPIRED: Final = 3
DONE_SELF_TRADE: Final = 4
DONE_IOC: Final = 5
DONE_NO_LIQUIDITY: Final = 6
DONE_PRICE_BAND: Final = 7
DONE_MAKER_MARGIN: Final = 8
DONE_REDUCE_ONLY: Final = 9
DONE_AMENDED: Final = 10
DONE_WORK_LIMIT: Final = 11
DONE_SLIPPAGE: Final = 12
DONE_AUCTIONS_FULL: Final = 13
DONE_RESTRICTED: Final = 14
DONE_TAKER_MARGIN: Final = 15
DONE_LIQUIDATED: Final = 16
DONE_RECOVERED: Final = 17
DONE_TRIGGER_REFUSED: Final = 18
DONE_OUTBID: Final = 19
DONE_BANKRUPT: Final = 20
DONE_STALE_ORACLE: Final = 21
DONE_DELAYED_REFUSED: Final = 22
DONE_REASONS: Final[dict[int, str]] = {
    DONE_FILLED: "filled",
    DONE_CANCELLED: "cancelled",
    DONE_EXPIRED: "expired",
    DONE_SELF_TRADE: "self_trade",
    DONE_IOC: "ioc_remainder",
    DONE_NO_LIQUIDITY: "no_liquidity",
    DONE_PRICE_BAND: "price_band",
    DONE_MAKER_MARGIN: "maker_margin",
    DONE_REDUCE_ONLY: "reduce_only",
    DONE_AMENDED: "amended",
    DONE_WORK_LIMIT: "work_limit",
    DONE_SLIPPAGE: "slippage",
    DONE_AUCTIONS_FULL: "auctions_full",
    DONE_RESTRICTED: "restricted",
    DONE_TAKER_MARGIN: "taker_margin",
    DONE_LIQUIDATED: "liquidated",
    DONE_RECOVERED: "recovered",
    DONE_TRIGGER_REFUSED: "trigger_refused",
    DONE_OUTBID: "outbid",
    DONE_BANKRUPT: "bankrupt",
    DONE_STALE_ORACLE: "stale_oracle",
    DONE_DELAYED_REFUSED: "delayed_refused",
}

# Reject codes, in ranges per subsystem
# 10xx vocabulary and authority
NOT_ALLOWED: Final = 1001
UNKNOWN_PRINCIPAL: Final = 1002
NOT_OWNER: Final = 1003
BAD_FIELD: Final = 1004
AMOUNT_RANGE: Final = 1005
BATCH_SIZE: Final = 1006
BATCH_ITEM: Final = 1007
PARAMS_INVALID: Final = 1008
NAME_TAKEN: Final = 1009
TOO_MANY: Final = 1010
# 20xx accounts and balances
UNKNOWN_ACCOUNT: Final = 2001
UNKNOWN_ASSET: Final = 2002
EXTERNAL_ID_USED: Final = 2003
NOT_WITHDRAWABLE: Final = 2004
INSUFFICIENT_BALANCE: Final = 2005
ACCOUNT_KIND: Final = 2006
SAME_ACCOUNT: Final = 2007
IN_LIQUIDATION: Final = 2008
# 30xx orders
UNKNOWN_MARKET: Final = 3001
UNKNOWN_ORDER: Final = 3002
PRICE_NOT_ON_TICK: Final = 3003
SIZE_NOT_ON_STEP: Final = 3004
NOTIONAL_TOO_SMALL: Final = 3005
OPEN_ORDERS_LIMIT: Final = 3006
CLIENT_ORDER_ID_IN_USE: Final = 3007
ALREADY_EXPIRED: Final = 3008
PRICE_BAND: Final = 3009
POST_ONLY_CROSSES: Final = 3010
FOK_NOT_FILLABLE: Final = 3011
REDUCE_ONLY_NOTHING: Final = 3012
ORDER_COMBINATION: Final = 3013
AMEND_NOTHING: Final = 3014
AMEND_BELOW_FILLED: Final = 3015
KEEPER_FEE_TOO_LARGE: Final = 3018
TRIGGER_IMMEDIATE: Final = 3019
TRIGGER_NOT_REACHED: Final = 3020
ORDER_NOT_EXPIRED: Final = 3021
# 40xx risk
INSUFFICIENT_MARGIN: Final = 4001
OPEN_INTEREST: Final = 4002
# 50xx markets and oracle
MARKET_MODE: Final = 5001
ORACLE_INVALID: Final = 5002
ORACLE_NOT_POSITIVE: Final = 5003
ORACLE_NOT_NEWER: Final = 5004
ORACLE_FROM_FUTURE: Final = 5005
ORACLE_TOO_VOLATILE: Final = 5006
ORACLE_TOO_UNCERTAIN: Final = 5007
# 60xx vAMM
VAMM_DISABLED: Final = 6001
INSUFFICIENT_POOL: Final = 6002
REPEG_REDUNDANT: Final = 6003
REPEG_DIRECTION: Final = 6004
REPEG_PROFITABILITY: Final = 6005
VAMM_EQUITY: Final = 6006
LIMIT_NOT_REACHED: Final = 6007
# 70xx auctions
UNKNOWN_AUCTION: Final = 7001
AUCTION_PRICE_NOT_MET: Final = 7002
AUCTIONS_FULL: Final = 7003
AUCTION_OWN: Final = 7004
AUCTION_RUNNING: Final = 7005
AUCTION_OFFERS_FULL: Final = 7006
AUCTION_NOTHING: Final = 7007
# 80xx funding
FUNDING_NOT_DUE: Final = 8001
FUNDING_BLOCKED: Final = 8002
FUNDING_OFF: Final = 8003
# 90xx liquidation and keepers
SUFFICIENT_COLLATERAL: Final = 9001
PRICE_BANDS_BREACHED: Final = 9002
LIQUIDATION_WAIT: Final = 9003
LIQUIDATION_OFF: Final = 9004
NOTHING_TO_DO: Final = 9005
# 100xx vaults
UNKNOWN_VAULT: Final = 10001
VAULT_KIND: Final = 10002
VAULT_EXISTS: Final = 10003
VAULT_SHUT: Final = 10004
VAULT_MODE: Final = 10005
NOT_WHITELISTED: Final = 10006
SHARES_TOO_FEW: Final = 10007
VALUE_TOO_SMALL: Final = 10008
SHARES_LIMIT: Final = 10009
INSUFFICIENT_SHARES: Final = 10010
UNLOCKS_FULL: Final = 10011
VAULT_CAP: Final = 10012
VAULT_MARGIN: Final = 10013
MIN_MARGIN_RATIO: Final = 10014
VAULT_ASSETS: Final = 10015
HEDGE_SLIPPAGE: Final = 10016
VAULT_CAPACITY: Final = 10017
UNLOCK_NOT_DUE: Final = 10018
# 110xx spot
UNKNOWN_POOL: Final = 11001
SPOT_POOL_EXISTS: Final = 11002
SPOT_LIQUIDITY: Final = 11003
SPOT_AMOUNT_ZERO: Final = 11004
SPOT_SLIPPAGE: Final = 11005
SPOT_PATH: Final = 11006
UNKNOWN_FIRM_QUOTE: Final = 11007
FIRM_QUOTES_FULL: Final = 11008
BASE_ASSET: Final = 11009
# 120xx order gateway
UNKNOWN_SIGNER: Final = 12001
SIGNED_DONE: Final = 12002
SIGNED_CANCELLED: Final = 12003
SIGNED_OVERFILL: Final = 12004
SIGNED_FOK: Final = 12005
SIGNED_MIN_FILL: Final = 12006
SIGNED_SIDES: Final = 12007
SIGNED_MARKETS: Final = 12008
SIGNED_SELF: Final = 12009
SIGNED_PRICE: Final = 12010
RELAY_FEE_TOO_LARGE: Final = 12011
SIGNED_VALIDITY: Final = 12012
SIGNED_TERMS: Final = 12013
SIGNED_FUND: Final = 12014
SIGNERS_FULL: Final = 12015
DELAYED_EARLY: Final = 12016
BAD_SIGNATURE: Final = 12017
# 130xx circuit breakers
RATE_LIMITED: Final = 13001
EXCHANGE_MODE: Final = 13002
UNKNOWN_HELD: Final = 13003
HELD_WAITS: Final = 13004
BREAKER_WAITS: Final = 13005
VAULT_UTILISATION: Final = 13006
HEDGE_QUOTA: Final = 13007
# 140xx changes of parameters
NEEDS_PROPOSAL: Final = 14001
UNKNOWN_PROPOSAL: Final = 14002
PROPOSAL_EARLY: Final = 14003
PROPOSAL_EXPIRED: Final = 14004
PROPOSAL_OWN: Final = 14005
PROPOSAL_STALE: Final = 14006
PROPOSALS_FULL: Final = 14007

REJECTS: Final[dict[int, tuple[str, str, str]]] = {
    NOT_ALLOWED: ("NOT_ALLOWED", "roles the principal has", "roles that may send this"),
    UNKNOWN_PRINCIPAL: ("UNKNOWN_PRINCIPAL", "principal", "principals known"),
    NOT_OWNER: ("NOT_OWNER", "account", "its owner"),
    BAD_FIELD: ("BAD_FIELD", "value", "bound"),
    AMOUNT_RANGE: ("AMOUNT_RANGE", "0", "largest amount"),
    BATCH_SIZE: ("BATCH_SIZE", "items", "most items"),
    BATCH_ITEM: ("BATCH_ITEM", "tag of the item", "0"),
    PARAMS_INVALID: ("PARAMS_INVALID", "number of the rule", "0"),
    NAME_TAKEN: ("NAME_TAKEN", "holder of the name", "0"),
    TOO_MANY: ("TOO_MANY", "count", "most"),
    UNKNOWN_ACCOUNT: ("UNKNOWN_ACCOUNT", "account", "accounts known"),
    UNKNOWN_ASSET: ("UNKNOWN_ASSET", "asset", "assets known"),
    EXTERNAL_ID_USED: ("EXTERNAL_ID_USED", "0", "0"),
    NOT_WITHDRAWABLE: ("NOT_WITHDRAWABLE", "amount asked", "amount withdrawable"),
    INSUFFICIENT_BALANCE: ("INSUFFICIENT_BALANCE", "amount asked", "balance"),
    ACCOUNT_KIND: ("ACCOUNT_KIND", "kind of the account", "kind needed"),
    SAME_ACCOUNT: ("SAME_ACCOUNT", "account", "account"),
    IN_LIQUIDATION: ("IN_LIQUIDATION", "auctions of its liquidation", "0"),
    UNKNOWN_MARKET: ("UNKNOWN_MARKET", "market", "markets known"),
    UNKNOWN_ORDER: ("UNKNOWN_ORDER", "order", "0"),
    PRICE_NOT_ON_TICK: ("PRICE_NOT_ON_TICK", "price", "tick"),
    SIZE_NOT_ON_STEP: ("SIZE_NOT_ON_STEP", "size", "step"),
    NOTIONAL_TOO_SMALL: ("NOTIONAL_TOO_SMALL", "notional", "minimum"),
    OPEN_ORDERS_LIMIT: ("OPEN_ORDERS_LIMIT", "open orders", "most"),
    CLIENT_ORDER_ID_IN_USE: ("CLIENT_ORDER_ID_IN_USE", "order using it", "0"),
    ALREADY_EXPIRED: ("ALREADY_EXPIRED", "expiry", "now"),
    PRICE_BAND: ("PRICE_BAND", "price", "edge of the band"),
    POST_ONLY_CROSSES: ("POST_ONLY_CROSSES", "price", "best opposite price"),
    FOK_NOT_FILLABLE: ("FOK_NOT_FILLABLE", "size fillable", "size asked"),
    REDUCE_ONLY_NOTHING: ("REDUCE_ONLY_NOTHING", "position", "size asked"),
    ORDER_COMBINATION: ("ORDER_COMBINATION", "number of the rule", "0"),
    AMEND_NOTHING: ("AMEND_NOTHING", "price", "size"),
    AMEND_BELOW_FILLED: ("AMEND_BELOW_FILLED", "size asked", "size filled"),
    KEEPER_FEE_TOO_LARGE: ("KEEPER_FEE_TOO_LARGE", "fee offered", "most"),
    TRIGGER_IMMEDIATE: ("TRIGGER_IMMEDIATE", "trigger price", "oracle price"),
    TRIGGER_NOT_REACHED: ("TRIGGER_NOT_REACHED", "oracle price", "trigger price"),
    ORDER_NOT_EXPIRED: ("ORDER_NOT_EXPIRED", "expiry", "now"),
    INSUFFICIENT_MARGIN: ("INSUFFICIENT_MARGIN", "equity", "equity needed"),
    OPEN_INTEREST: ("OPEN_INTEREST", "open interest", "most"),
    MARKET_MODE: ("MARKET_MODE", "mode", "loosest mode refused"),
    ORACLE_INVALID: ("ORACLE_INVALID", "age in ms", "oldest allowed"),
    ORACLE_NOT_POSITIVE: ("ORACLE_NOT_POSITIVE", "price", "1"),
    ORACLE_NOT_NEWER: ("ORACLE_NOT_NEWER", "published", "last published"),
    ORACLE_FROM_FUTURE: ("ORACLE_FROM_FUTURE", "published", "latest allowed"),
    ORACLE_TOO_VOLATILE: ("ORACLE_TOO_VOLATILE", "price", "bound"),
    ORACLE_TOO_UNCERTAIN: ("ORACLE_TOO_UNCERTAIN", "confidence", "widest allowed"),
    VAMM_DISABLED: ("VAMM_DISABLED", "market", "0"),
    INSUFFICIENT_POOL: ("INSUFFICIENT_POOL", "amount needed", "balance of the pool"),
    REPEG_REDUNDANT: ("REPEG_REDUNDANT", "peg asked", "peg"),
    REPEG_DIRECTION: ("REPEG_DIRECTION", "terminal price", "oracle price"),
    REPEG_PROFITABILITY: ("REPEG_PROFITABILITY", "price after", "edge of the oracle band"),
    VAMM_EQUITY: ("VAMM_EQUITY", "amount needed", "free equity"),
    LIMIT_NOT_REACHED: ("LIMIT_NOT_REACHED", "limit", "vAMM quote"),
    UNKNOWN_AUCTION: ("UNKNOWN_AUCTION", "auction", "0"),
    AUCTION_PRICE_NOT_MET: ("AUCTION_PRICE_NOT_MET", "price offered", "price asked now"),
    AUCTIONS_FULL: ("AUCTIONS_FULL", "live auctions", "most"),
    AUCTION_OWN: ("AUCTION_OWN", "account", "owner"),
    AUCTION_RUNNING: ("AUCTION_RUNNING", "elapsed ms", "duration ms"),
    AUCTION_OFFERS_FULL: ("AUCTION_OFFERS_FULL", "offers waiting", "most"),
    AUCTION_NOTHING: ("AUCTION_NOTHING", "size offered", "size fillable"),
    FUNDING_NOT_DUE: ("FUNDING_NOT_DUE", "seconds left", "period"),
    FUNDING_BLOCKED: ("FUNDING_BLOCKED", "what was measured", "limit"),
    FUNDING_OFF: ("FUNDING_OFF", "market", "0"),
    SUFFICIENT_COLLATERAL: ("SUFFICIENT_COLLATERAL", "equity", "maintenance requirement"),
    PRICE_BANDS_BREACHED: ("PRICE_BANDS_BREACHED", "divergence ppm", "limit ppm"),
    LIQUIDATION_WAIT: ("LIQUIDATION_WAIT", "ms since the last part", "ms between parts"),
    LIQUIDATION_OFF: ("LIQUIDATION_OFF", "market", "0"),
    NOTHING_TO_DO: ("NOTHING_TO_DO", "0", "0"),
    UNKNOWN_VAULT: ("UNKNOWN_VAULT", "vault", "vaults known"),
    VAULT_KIND: ("VAULT_KIND", "kind of the vault", "kind needed"),
    VAULT_EXISTS: ("VAULT_EXISTS", "vault", "0"),
    VAULT_SHUT: ("VAULT_SHUT", "effective assets", "0"),
    VAULT_MODE: ("VAULT_MODE", "mode", "loosest mode refused"),
    NOT_WHITELISTED: ("NOT_WHITELISTED", "account", "vault"),
    SHARES_TOO_FEW: ("SHARES_TOO_FEW", "shares", "fewest accepted"),
    VALUE_TOO_SMALL: ("VALUE_TOO_SMALL", "value", "least accepted"),
    SHARES_LIMIT: ("SHARES_LIMIT", "shares outstanding", "most"),
    INSUFFICIENT_SHARES: ("INSUFFICIENT_SHARES", "shares asked", "shares owned"),
    UNLOCKS_FULL: ("UNLOCKS_FULL", "unlocks waiting", "most"),
    VAULT_CAP: ("VAULT_CAP", "liability after", "cap"),
    VAULT_MARGIN: ("VAULT_MARGIN", "amount asked", "amount that may leave"),
    MIN_MARGIN_RATIO: ("MIN_MARGIN_RATIO", "margin ratio ppm", "least ppm"),
    VAULT_ASSETS: ("VAULT_ASSETS", "amount needed", "amount held"),
    HEDGE_SLIPPAGE: ("HEDGE_SLIPPAGE", "price of the hedge", "edge around the oracle"),
    VAULT_CAPACITY: ("VAULT_CAPACITY", "size asked", "size possible"),
    UNLOCK_NOT_DUE: ("UNLOCK_NOT_DUE", "due", "now"),
    UNKNOWN_POOL: ("UNKNOWN_POOL", "pool", "pools known"),
    SPOT_POOL_EXISTS: ("SPOT_POOL_EXISTS", "pool", "0"),
    SPOT_LIQUIDITY: ("SPOT_LIQUIDITY", "amount needed", "reserve"),
    SPOT_AMOUNT_ZERO: ("SPOT_AMOUNT_ZERO", "amount in", "amount out"),
    SPOT_SLIPPAGE: ("SPOT_SLIPPAGE", "amount", "limit"),
    SPOT_PATH: ("SPOT_PATH", "asset", "asset expected"),
    UNKNOWN_FIRM_QUOTE: ("UNKNOWN_FIRM_QUOTE", "quote", "0"),
    FIRM_QUOTES_FULL: ("FIRM_QUOTES_FULL", "quotes open", "most"),
    BASE_ASSET: ("BASE_ASSET", "decimals of the asset", "most"),
    UNKNOWN_SIGNER: ("UNKNOWN_SIGNER", "signers of the account", "0"),
    SIGNED_DONE: ("SIGNED_DONE", "size filled", "size of the order"),
    SIGNED_CANCELLED: ("SIGNED_CANCELLED", "size filled", "size of the order"),
    SIGNED_OVERFILL: ("SIGNED_OVERFILL", "size asked", "size left"),
    SIGNED_FOK: ("SIGNED_FOK", "size asked", "size of the order"),
    SIGNED_MIN_FILL: ("SIGNED_MIN_FILL", "size asked", "least accepted"),
    SIGNED_SIDES: ("SIGNED_SIDES", "side", "side"),
    SIGNED_MARKETS: ("SIGNED_MARKETS", "market of the taker", "market of the maker"),
    SIGNED_SELF: ("SIGNED_SELF", "account of the maker", "owner of both"),
    SIGNED_PRICE: ("SIGNED_PRICE", "price of the maker", "limit of the taker"),
    RELAY_FEE_TOO_LARGE: ("RELAY_FEE_TOO_LARGE", "fee offered", "most"),
    SIGNED_VALIDITY: ("SIGNED_VALIDITY", "expiry", "latest allowed"),
    SIGNED_TERMS: ("SIGNED_TERMS", "account", "account of the hash"),
    SIGNED_FUND: ("SIGNED_FUND", "account", "its owner"),
    SIGNERS_FULL: ("SIGNERS_FULL", "signers of the account", "most"),
    DELAYED_EARLY: ("DELAYED_EARLY", "published", "earliest"),
    BAD_SIGNATURE: ("BAD_SIGNATURE", "0", "0"),
    RATE_LIMITED: ("RATE_LIMITED", "amount", "amount that may leave"),
    EXCHANGE_MODE: ("EXCHANGE_MODE", "mode of the breaker", "loosest mode refused"),
    UNKNOWN_HELD: ("UNKNOWN_HELD", "claim", "0"),
    HELD_WAITS: ("HELD_WAITS", "mode of the breaker", "loosest mode refused"),
    BREAKER_WAITS: ("BREAKER_WAITS", "what was measured", "limit"),
    VAULT_UTILISATION: ("VAULT_UTILISATION", "utilisation ppm", "most ppm"),
    HEDGE_QUOTA: ("HEDGE_QUOTA", "quote to be hedged", "quote left in the window"),
    NEEDS_PROPOSAL: ("NEEDS_PROPOSAL", "number of the field that loosens, or 0", "delay in ms"),
    UNKNOWN_PROPOSAL: ("UNKNOWN_PROPOSAL", "proposal", "0"),
    PROPOSAL_EARLY: ("PROPOSAL_EARLY", "now", "earliest"),
    PROPOSAL_EXPIRED: ("PROPOSAL_EXPIRED", "now", "latest"),
    PROPOSAL_OWN: ("PROPOSAL_OWN", "principal", "who proposed it"),
    PROPOSAL_STALE: ("PROPOSAL_STALE", "tag of the change", "0"),
    PROPOSALS_FULL: ("PROPOSALS_FULL", "proposals open", "most"),
}
"""code -> (name, what ``value`` is, what ``limit`` is)."""


class Reject(Exception):
    """The command is refused; the engine rolls back and reports the code with its numbers."""

    def __init__(self, code: int, value: int = 0, limit: int = 0, item: int = -1) -> None:
        super().__init__(code, value, limit, item)
        self.code: int = code
        self.value: int = value
        self.limit: int = limit
        self.item: int = item
