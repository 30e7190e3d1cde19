"""Every event the exchange emits. Final, acyclic classes: made in the core, drained per batch.

``row`` is the wire form, the tag first, then the values in the order of ``FIELDS``. Amounts are
1e-6 quote or 1e-9 base, prices 1e-6. Tags and the order of fields are append-only.
"""

from __future__ import annotations

from typing import ClassVar, Final, final

from mypy_extensions import mypyc_attr

from plimsoll.messages.base import Event
from plimsoll.messages.gateway_events import (
    DelayedExecuted,
    DelayedPlaced,
    DelayedRefused,
    SignedCancelled,
    SignedLapsed,
    SignedSettled,
    SignerSet,
)
from plimsoll.messages.guard_events import (
    BreakerMoved,
    BreakerParamsSet,
    HeldReleased,
    ProposalEnded,
    Proposed,
    VaultBreakerMoved,
    WithdrawalHeld,
)
from plimsoll.messages.mechanisms import (
    AuctionEnded,
    AuctionOffered,
    AuctionStarted,
    BadDebt,
    Deleveraged,
    FundingSkipped,
    FundingUpdated,
    Liquidating,
    LiquidationEnded,
    MarketReleased,
    MarketRestricted,
    OfferDropped,
    Repegged,
    RepegUnaffordable,
    TriggerFired,
    TriggerPlaced,
    VammQuoted,
)
from plimsoll.messages.params import Fields
from plimsoll.messages.vault_events import (
    FirmQuoteEnded,
    FirmQuoteFilled,
    FirmQuotePosted,
    SpotLiquidityChanged,
    SpotPoolCreated,
    SpotSwapped,
    UnlockPaid,
    UnlockQueued,
    VaultCreated,
    VaultDeposited,
    VaultHedged,
    VaultModeSet,
    VaultOpened,
    VaultParamsSet,
    VaultQuoted,
    VaultQuoteSet,
    VaultRefused,
    VaultShut,
    VaultSnapshot,
    VaultWhitelistSet,
    VaultWithdrawn,
)


@final
@mypyc_attr(acyclic=True)
class Rejected(Event):
    """The command (or item ``item`` of a batch, else -1) was refused; numbers as ``codes.REJECTS``
    says.
    """

    TAG: ClassVar[int] = 1
    FIELDS: ClassVar[Fields] = (
        ("code", "code"),
        ("value", "signed"),
        ("limit", "signed"),
        ("item", "any_id"),
    )

    def __init__(self, code: int, value: int, limit: int, item: int) -> None:
        self.code: int = code
        self.value: int = value
        self.limit: int = limit
        self.item: int = item

    def row(self) -> list[object]:
        return [1, self.code, self.value, self.limit, self.item]


@final
@mypyc_attr(acyclic=True)
class PrincipalCreated(Event):
    """A principal was registered."""

    TAG: ClassVar[int] = 2
    FIELDS: ClassVar[Fields] = (
        ("principal", "id"),
        ("name", "name"),
        ("roles", "mask"),
    )

    def __init__(self, principal: int, name: str, roles: int) -> None:
        self.principal: int = principal
        self.name: str = name
        self.roles: int = roles

    def row(self) -> list[object]:
        return [2, self.principal, self.name, self.roles]


@final
@mypyc_attr(acyclic=True)
class GlobalParamsSet(Event):
    """The limits of the exchange were replaced."""

    TAG: ClassVar[int] = 3
    FIELDS: ClassVar[Fields] = ()

    def row(self) -> list[object]:
        return [3]


@final
@mypyc_attr(acyclic=True)
class AssetCreated(Event):
    """An asset was registered."""

    TAG: ClassVar[int] = 4
    FIELDS: ClassVar[Fields] = (
        ("asset", "id"),
        ("symbol", "name"),
        ("decimals", "small"),
    )

    def __init__(self, asset: int, symbol: str, decimals: int) -> None:
        self.asset: int = asset
        self.symbol: str = symbol
        self.decimals: int = decimals

    def row(self) -> list[object]:
        return [4, self.asset, self.symbol, self.decimals]


@final
@mypyc_attr(acyclic=True)
class MarketCreated(Event):
    """A market was opened, with these accounts."""

    TAG: ClassVar[int] = 5
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("symbol", "name"),
        ("vamm", "id"),
        ("adjustments", "id"),
        ("funding", "id"),
        ("insurance", "id"),
        ("clearing", "id"),
        ("escrow", "id"),
    )

    def __init__(
        self,
        market: int,
        symbol: str,
        vamm: int,
        adjustments: int,
        funding: int,
        insurance: int,
        clearing: int,
        escrow: int,
    ) -> None:
        self.market: int = market
        self.symbol: str = symbol
        self.vamm: int = vamm
        self.adjustments: int = adjustments
        self.funding: int = funding
        self.insurance: int = insurance
        self.clearing: int = clearing
        self.escrow: int = escrow

    def row(self) -> list[object]:
        return [
            5,
            self.market,
            self.symbol,
            self.vamm,
            self.adjustments,
            self.funding,
            self.insurance,
            self.clearing,
            self.escrow,
        ]


@final
@mypyc_attr(acyclic=True)
class MarketParamsSet(Event):
    """The parameters of a market were replaced."""

    TAG: ClassVar[int] = 6
    FIELDS: ClassVar[Fields] = (("market", "id"),)

    def __init__(self, market: int) -> None:
        self.market: int = market

    def row(self) -> list[object]:
        return [6, self.market]


@final
@mypyc_attr(acyclic=True)
class MarketModeSet(Event):
    """A market's mode changed."""

    TAG: ClassVar[int] = 7
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("mode", "mode"),
        ("before", "mode"),
    )

    def __init__(self, market: int, mode: int, before: int) -> None:
        self.market: int = market
        self.mode: int = mode
        self.before: int = before

    def row(self) -> list[object]:
        return [7, self.market, self.mode, self.before]


@final
@mypyc_attr(acyclic=True)
class AccountCreated(Event):
    """An account was opened."""

    TAG: ClassVar[int] = 8
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("owner", "id"),
        ("kind", "small"),
        ("parent", "any_id"),
        ("label", "name"),
    )

    def __init__(self, account: int, owner: int, kind: int, parent: int, label: str) -> None:
        self.account: int = account
        self.owner: int = owner
        self.kind: int = kind
        self.parent: int = parent
        self.label: str = label

    def row(self) -> list[object]:
        return [8, self.account, self.owner, self.kind, self.parent, self.label]


@final
@mypyc_attr(acyclic=True)
class Transferred(Event):
    """Money moved: one line of the ledger."""

    TAG: ClassVar[int] = 9
    FIELDS: ClassVar[Fields] = (
        ("debit", "id"),
        ("credit", "id"),
        ("asset", "id"),
        ("amount", "amount"),
        ("reason", "reason"),
        ("market", "any_id"),
    )

    def __init__(
        self,
        debit: int,
        credit: int,
        asset: int,
        amount: int,
        reason: int,
        market: int,
    ) -> None:
        self.debit: int = debit
        self.credit: int = credit
        self.asset: int = asset
        self.amount: int = amount
        self.reason: int = reason
        self.market: int = market

    def row(self) -> list[object]:
        return [9, self.debit, self.credit, self.asset, self.amount, self.reason, self.market]


@final
@mypyc_attr(acyclic=True)
class OrderAccepted(Event):
    """An order passed its checks and was given an id."""

    TAG: ClassVar[int] = 20
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("kind", "kind"),
        ("tif", "tif"),
        ("price", "price0"),
        ("size", "amount"),
        ("reduce_only", "flag"),
        ("expires_ms", "time"),
        ("client_order_id", "client_id"),
    )

    def __init__(
        self,
        order: int,
        account: int,
        market: int,
        side: int,
        kind: int,
        tif: int,
        price: int,
        size: int,
        reduce_only: bool,
        expires_ms: int,
        client_order_id: str,
    ) -> None:
        self.order: int = order
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.kind: int = kind
        self.tif: int = tif
        self.price: int = price
        self.size: int = size
        self.reduce_only: bool = reduce_only
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id

    def row(self) -> list[object]:
        return [
            20,
            self.order,
            self.account,
            self.market,
            self.side,
            self.kind,
            self.tif,
            self.price,
            self.size,
            self.reduce_only,
            self.expires_ms,
            self.client_order_id,
        ]


@final
@mypyc_attr(acyclic=True)
class OrderRested(Event):
    """What is left of an order rests in the book at ``price``."""

    TAG: ClassVar[int] = 21
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("price", "price"),
        ("remaining", "amount"),
    )

    def __init__(
        self,
        order: int,
        account: int,
        market: int,
        side: int,
        price: int,
        remaining: int,
    ) -> None:
        self.order: int = order
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.price: int = price
        self.remaining: int = remaining

    def row(self) -> list[object]:
        return [21, self.order, self.account, self.market, self.side, self.price, self.remaining]


@final
@mypyc_attr(acyclic=True)
class OrderReduced(Event):
    """A resting order became smaller without a fill (amended, or reduce-only trimmed)."""

    TAG: ClassVar[int] = 22
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("price", "price"),
        ("remaining", "amount"),
        ("removed", "amount"),
    )

    def __init__(
        self,
        order: int,
        account: int,
        market: int,
        side: int,
        price: int,
        remaining: int,
        removed: int,
    ) -> None:
        self.order: int = order
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.price: int = price
        self.remaining: int = remaining
        self.removed: int = removed

    def row(self) -> list[object]:
        return [
            22,
            self.order,
            self.account,
            self.market,
            self.side,
            self.price,
            self.remaining,
            self.removed,
        ]


@final
@mypyc_attr(acyclic=True)
class OrderRemoved(Event):
    """An order is done; ``remaining`` was not filled; ``resting`` tells whether it stood in the
    book.
    """

    TAG: ClassVar[int] = 23
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("price", "price0"),
        ("remaining", "amount0"),
        ("reason", "small"),
        ("resting", "flag"),
    )

    def __init__(
        self,
        order: int,
        account: int,
        market: int,
        side: int,
        price: int,
        remaining: int,
        reason: int,
        resting: bool,
    ) -> None:
        self.order: int = order
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.price: int = price
        self.remaining: int = remaining
        self.reason: int = reason
        self.resting: bool = resting

    def row(self) -> list[object]:
        return [
            23,
            self.order,
            self.account,
            self.market,
            self.side,
            self.price,
            self.remaining,
            self.reason,
            self.resting,
        ]


@final
@mypyc_attr(acyclic=True)
class Filled(Event):
    """Taker and maker traded ``size`` for ``quote``; everything the fill moved is in it.

    ``side`` is the taker's; ``maker_order`` is 0 for the vAMM; the PnL numbers are realised and a
    report; the bases are the positions after. Money: the buyer pays ``quote`` (with the vAMM,
    ``quote`` without the ``surplus``, which the taker pays to the adjustments pool), the taker
    pays the rebate to the maker and the fee parts to their receivers; ``keeper`` is the account
    that the keepers' part went to.
    """

    TAG: ClassVar[int] = 24
    FIELDS: ClassVar[Fields] = (
        ("fill", "seq"),
        ("market", "id"),
        ("side", "side"),
        ("source", "small"),
        ("taker", "id"),
        ("maker", "id"),
        ("taker_order", "seq"),
        ("maker_order", "seq"),
        ("price", "price0"),
        ("size", "amount"),
        ("quote", "amount0"),
        ("taker_fee", "amount0"),
        ("maker_rebate", "amount0"),
        ("taker_pnl", "signed"),
        ("maker_pnl", "signed"),
        ("taker_base", "signed"),
        ("maker_base", "signed"),
        ("surplus", "amount0"),
        ("fee_insurance", "amount0"),
        ("fee_adjustments", "amount0"),
        ("fee_funding", "amount0"),
        ("fee_keepers", "amount0"),
        ("fee_treasury", "amount0"),
        ("fee_vault", "amount0"),
        ("keeper", "id"),
    )

    def __init__(
        self,
        fill: int,
        market: int,
        side: int,
        source: int,
        taker: int,
        maker: int,
        taker_order: int,
        maker_order: int,
        price: int,
        size: int,
        quote: int,
        taker_fee: int,
        maker_rebate: int,
        taker_pnl: int,
        maker_pnl: int,
        taker_base: int,
        maker_base: int,
        surplus: int,
        fee_insurance: int,
        fee_adjustments: int,
        fee_funding: int,
        fee_keepers: int,
        fee_treasury: int,
        fee_vault: int,
        keeper: int,
    ) -> None:
        self.fill: int = fill
        self.market: int = market
        self.side: int = side
        self.source: int = source
        self.taker: int = taker
        self.maker: int = maker
        self.taker_order: int = taker_order
        self.maker_order: int = maker_order
        self.price: int = price
        self.size: int = size
        self.quote: int = quote
        self.taker_fee: int = taker_fee
        self.maker_rebate: int = maker_rebate
        self.taker_pnl: int = taker_pnl
        self.maker_pnl: int = maker_pnl
        self.taker_base: int = taker_base
        self.maker_base: int = maker_base
        self.surplus: int = surplus
        self.fee_insurance: int = fee_insurance
        self.fee_adjustments: int = fee_adjustments
        self.fee_funding: int = fee_funding
        self.fee_keepers: int = fee_keepers
        self.fee_treasury: int = fee_treasury
        self.fee_vault: int = fee_vault
        self.keeper: int = keeper

    def row(self) -> list[object]:
        return [
            24,
            self.fill,
            self.market,
            self.side,
            self.source,
            self.taker,
            self.maker,
            self.taker_order,
            self.maker_order,
            self.price,
            self.size,
            self.quote,
            self.taker_fee,
            self.maker_rebate,
            self.taker_pnl,
            self.maker_pnl,
            self.taker_base,
            self.maker_base,
            self.surplus,
            self.fee_insurance,
            self.fee_adjustments,
            self.fee_funding,
            self.fee_keepers,
            self.fee_treasury,
            self.fee_vault,
            self.keeper,
        ]


@final
@mypyc_attr(acyclic=True)
class VammMoved(Event):
    """The vAMM's reserves after a fill; ``net`` is the traders' net base against it."""

    TAG: ClassVar[int] = 25
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("x", "amount"),
        ("y", "amount"),
        ("peg", "price"),
        ("net", "signed"),
        ("surplus", "amount0"),
        ("bid", "price0"),
        ("ask", "price0"),
    )

    def __init__(
        self,
        market: int,
        x: int,
        y: int,
        peg: int,
        net: int,
        surplus: int,
        bid: int,
        ask: int,
    ) -> None:
        self.market: int = market
        self.x: int = x
        self.y: int = y
        self.peg: int = peg
        self.net: int = net
        self.surplus: int = surplus
        self.bid: int = bid
        self.ask: int = ask

    def row(self) -> list[object]:
        return [
            25,
            self.market,
            self.x,
            self.y,
            self.peg,
            self.net,
            self.surplus,
            self.bid,
            self.ask,
        ]


@final
@mypyc_attr(acyclic=True)
class OracleAccepted(Event):
    """A market's oracle price was taken over."""

    TAG: ClassVar[int] = 40
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("price", "price"),
        ("confidence", "amount0"),
        ("published_ms", "time"),
    )

    def __init__(self, market: int, price: int, confidence: int, published_ms: int) -> None:
        self.market: int = market
        self.price: int = price
        self.confidence: int = confidence
        self.published_ms: int = published_ms

    def row(self) -> list[object]:
        return [40, self.market, self.price, self.confidence, self.published_ms]


@final
@mypyc_attr(acyclic=True)
class OracleRefused(Event):
    """An oracle price was refused; nothing changed."""

    TAG: ClassVar[int] = 41
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("code", "code"),
        ("value", "signed"),
        ("limit", "signed"),
    )

    def __init__(self, market: int, code: int, value: int, limit: int) -> None:
        self.market: int = market
        self.code: int = code
        self.value: int = value
        self.limit: int = limit

    def row(self) -> list[object]:
        return [41, self.market, self.code, self.value, self.limit]


EVENTS: Final[tuple[type[Event], ...]] = (
    Rejected,
    PrincipalCreated,
    GlobalParamsSet,
    AssetCreated,
    MarketCreated,
    MarketParamsSet,
    MarketModeSet,
    AccountCreated,
    Transferred,
    OrderAccepted,
    OrderRested,
    OrderReduced,
    OrderRemoved,
    Filled,
    VammMoved,
    OracleAccepted,
    OracleRefused,
    VammQuoted,
    Repegged,
    RepegUnaffordable,
    MarketRestricted,
    MarketReleased,
    AuctionStarted,
    AuctionOffered,
    OfferDropped,
    AuctionEnded,
    TriggerPlaced,
    TriggerFired,
    FundingUpdated,
    FundingSkipped,
    Liquidating,
    LiquidationEnded,
    Deleveraged,
    BadDebt,
    VaultCreated,
    VaultParamsSet,
    VaultQuoteSet,
    VaultWhitelistSet,
    VaultModeSet,
    VaultDeposited,
    VaultWithdrawn,
    UnlockQueued,
    UnlockPaid,
    VaultQuoted,
    VaultHedged,
    VaultShut,
    VaultOpened,
    SpotPoolCreated,
    SpotLiquidityChanged,
    SpotSwapped,
    FirmQuotePosted,
    FirmQuoteFilled,
    FirmQuoteEnded,
    VaultSnapshot,
    VaultRefused,
    SignerSet,
    SignedSettled,
    SignedCancelled,
    SignedLapsed,
    DelayedPlaced,
    DelayedExecuted,
    DelayedRefused,
    BreakerParamsSet,
    BreakerMoved,
    VaultBreakerMoved,
    WithdrawalHeld,
    HeldReleased,
    Proposed,
    ProposalEnded,
)
