"""What is said about maker vaults and spot: deposits, withdrawals, trades, pools, firm quotes.

As in ``models``, prices, sizes and money are decimal texts, ratios ppm and times ms. Amounts of an
asset are in its own decimals. Shares are whole numbers, which may be longer than JSON numbers of
many programs hold: they are texts too.
"""

from __future__ import annotations

from typing import Literal

from plimsoll.client.model_base import RejectInfo, Request, Response, Side

VaultKind = Literal["passive", "base", "quote"]
ExactTrade = Literal["base", "quote"]
ExactSwap = Literal["in", "out"]

# Requests ------------------------------------------------------------------------------------


class VaultDepositRequest(Request, kw_only=True):
    """Buy shares of a vault for ``amount`` of its asset; ``min_shares`` "0" is any number."""

    account: int
    amount: str
    min_shares: str = "0"


class VaultWithdrawalRequest(Request, kw_only=True):
    """Give ``shares`` back for their value, at least ``min_value`` of the vault's asset."""

    account: int
    shares: str
    min_value: str = "0"


class ClaimRequest(Request, kw_only=True):
    """Pay out the unlocks of an account that are due."""

    account: int


class VaultTradeRequest(Request, kw_only=True):
    """Trade a market with a hedged vault alone, all or nothing.

    ``exact`` "base": ``amount`` is the size; "quote": it is what is paid at most (buy) or received
    at least (sell). ``limit`` bounds the other amount the same way ("0": not at all). The receipt
    is that of an order.
    """

    account: int
    side: Side
    amount: str
    exact: ExactTrade = "base"
    limit: str = "0"
    reduce_only: bool = False


class SwapRequest(Request, kw_only=True):
    """Swap in a pool: exactly ``amount`` comes in, or (``exact`` "out") goes out; ``limit`` is the
    least that goes out, or the most that comes in ("0": any). ``asset_in`` is what comes in.
    """

    account: int
    pool: int
    asset_in: str
    amount: str
    exact: ExactSwap = "in"
    limit: str = "0"


class FirmQuoteRequest(Request, kw_only=True):
    """Offer to trade ``amount`` of an asset for USD at a price until a time; what that needs is
    held in escrow. ``side`` is yours.
    """

    account: int
    asset: str
    side: Side
    price: str
    amount: str
    expires_ms: int


# Vaults --------------------------------------------------------------------------------------


class HedgeInfo(Response, kw_only=True, frozen=True):
    """The two legs of a hedged vault: base on spot, and its position in the market.

    They sum to ``net_base``, what depositors brought, and ``unhedged``, what of a hedge is missing.
    ``margin_ratio`` (ppm) is None without a position. ``taker_buys`` and ``taker_sells`` are the
    largest sizes that can be traded with it now.
    """

    base_asset: str
    spot: str
    position: str
    net_base: str
    unhedged: str
    margin_ratio: int | None
    taker_buys: str
    taker_sells: str


class VaultBreakerInfo(Response, kw_only=True, frozen=True):
    """The breaker of a vault. ``cause`` is what is past its threshold now (None: nothing), with
    what was ``measured`` against what ``limit``, whole numbers as in `VaultBreakerMoved`.

    It has been calm since ``calm_since_ms`` and may be left from ``recovers_ms`` (0: not yet known,
    or it is normal). ``high`` is the highest ``share_value``: smallest units of the asset a share.
    ``hedged`` USD were hedged within the window, ``hedge_left`` more may be (None: any).
    """

    mode: str
    cause: str | None
    measured: int
    limit: int
    calm_since_ms: int
    recovers_ms: int
    margin_ratio: int | None
    share_value: str
    high: str
    hedged: str
    hedge_left: str | None


class VaultInfo(Response, kw_only=True, frozen=True):
    """A maker vault. ``mode`` is what it allows: the operator's mode, restricted at least while a
    hedge is missing. ``account`` is its own.

    ``assets`` is what it is worth, in its ``asset``; with the virtual part ``effective_assets`` and
    ``effective_supply``, whose quotient is ``share_price``: smallest units a share, rounded down
    (None while it is ``shut``, which is worth nothing). ``priced`` says whether prices are fresh
    and sure enough for deposits. ``liability`` is what depositors brought, ``payable`` what can be
    paid out now, ``utilisation`` (ppm) what of the liability is in use. ``equity`` and ``cash`` are
    USD. ``waiting`` unlocks are worth ``waiting_value``. ``params`` are whole numbers, scaled as
    `SetVaultParams` takes them.
    """

    vault: int
    kind: VaultKind
    market: str | None
    asset: str
    label: str
    account: int
    mode: str
    operator_mode: str
    shut: bool
    priced: bool
    supply: str
    liability: str
    assets: str
    effective_assets: str
    effective_supply: str
    share_price: str | None
    payable: str
    utilisation: int
    equity: str
    cash: str
    holders: int
    waiting: int
    waiting_value: str
    hedge: HedgeInfo | None
    breaker: VaultBreakerInfo
    params: dict[str, int]


class VaultQuoteInfo(Response, kw_only=True, frozen=True):
    """How a passive vault quotes in a market: its live orders (None: no order on that side), its
    position there, and its parameters as `SetVaultQuote` takes them.
    """

    market: str
    bid_order: int | None
    bid: str | None
    bid_size: str | None
    ask_order: int | None
    ask: str | None
    ask_size: str | None
    position: str
    oracle_price: str | None
    params: dict[str, int]


class UnlockInfo(Response, kw_only=True, frozen=True):
    """A withdrawal that waits to be paid; ``due`` once its time has come. ``account`` is None where
    it is somebody else's.
    """

    unlock: int
    account: int | None
    value: str
    shares: str
    due_ms: int
    due: bool


class HoldingInfo(Response, kw_only=True, frozen=True):
    """What an account has in a vault: shares, what they are worth now (before a fee), what waits to
    be paid; and whether it is on the whitelist.
    """

    vault: int
    account: int
    kind: VaultKind
    label: str
    asset: str
    shares: str
    value: str
    allowed: bool
    unlocks: list[UnlockInfo]


class VaultPreview(Response, kw_only=True, frozen=True):
    """What a deposit or a withdrawal would do now, from a dry run of the very command.

    A deposit of ``amount`` gives ``shares``. A withdrawal of ``shares`` is worth ``value``, of
    which ``paid`` comes at once in the vault's asset and the rest as ``other`` of ``other_asset``;
    with a cooldown all of it waits until ``due_ms``. ``fee`` stays in the vault. ``reject`` says
    why the exchange would refuse it (then everything is "0").
    """

    accepted: bool
    asset: str
    amount: str = "0"
    shares: str = "0"
    value: str = "0"
    paid: str = "0"
    other_asset: str | None = None
    other: str = "0"
    fee: str = "0"
    due_ms: int | None = None
    reject: RejectInfo | None = None


# Spot ----------------------------------------------------------------------------------------


class SpotPoolInfo(Response, kw_only=True, frozen=True):
    """A spot pool: what it really has, its virtual reserves, the fee (ppm of what comes in), and
    the price of a base in quote before it (None while it is empty).
    """

    pool: int
    account: int
    base: str
    quote: str
    fee: int
    base_reserve: str
    quote_reserve: str
    virtual_base: str
    virtual_quote: str
    price: str | None


class FirmQuoteInfo(Response, kw_only=True, frozen=True):
    """A desk's offer; ``side`` is the desk's, ``amount`` is left of it. ``account`` and what is
    held for it are None where it is somebody else's.
    """

    quote: int
    account: int | None
    asset: str
    side: Side
    price: str
    amount: str
    held: str | None
    held_asset: str
    expires_ms: int
    expired: bool
