"""Every command the exchange understands: what can happen to it.

Plain final classes, so that the compiled core reads their fields directly. ``FIELDS`` gives the
kinds (and with them the bounds, see ``fields``) in the order of the constructor; ``row`` is the
wire form, the tag first. Tags and the order of fields are append-only.
"""

from __future__ import annotations

from typing import ClassVar, Final, final

from plimsoll.messages.base import Command
from plimsoll.messages.gateway import (
    CancelSigned,
    ExecuteDelayed,
    MatchSigned,
    PlaceDelayed,
    SetSigner,
    SettleSigned,
)
from plimsoll.messages.guard import (
    CancelHeld,
    CancelProposal,
    ExecuteProposal,
    Propose,
    ReleaseHeld,
    ReviewBreaker,
    SetBreakerMode,
    SetBreakerParams,
)
from plimsoll.messages.keeping import (
    ExpireOrder,
    FireTrigger,
    FundPool,
    Liquidate,
    MatchLimit,
    OfferAuction,
    PlaceTrigger,
    Repeg,
    SettleAuction,
    SettleFunding,
    UpdateFunding,
    UpdateMarket,
)
from plimsoll.messages.params import Fields, GlobalParams, MarketParams
from plimsoll.messages.vaults import (
    AddSpotLiquidity,
    CancelFirmQuote,
    ClaimUnlocks,
    CreateSpotPool,
    CreateVault,
    DepositVault,
    PostFirmQuote,
    RehedgeVault,
    RemoveSpotLiquidity,
    SetVaultMode,
    SetVaultParams,
    SetVaultQuote,
    SetVaultWhitelist,
    SwapSpot,
    TradeVault,
    WithdrawVault,
)


@final
class PricePoint:
    """One oracle price: 1e-6 quote per base, confidence half-width in the same unit, ms."""

    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("price", "raw_price"),
        ("confidence", "amount0"),
        ("published_ms", "time"),
    )

    def __init__(self, market: int, price: int, confidence: int, published_ms: int) -> None:
        self.market: int = market
        self.price: int = price
        self.confidence: int = confidence
        self.published_ms: int = published_ms

    def row(self) -> list[object]:
        """The values in the order of ``FIELDS``."""
        return [self.market, self.price, self.confidence, self.published_ms]


@final
class CreatePrincipal(Command):
    """Register a principal (somebody who may send commands) with a mask of roles."""

    TAG: ClassVar[int] = 1
    FIELDS: ClassVar[Fields] = (
        ("name", "name"),
        ("roles", "mask"),
    )

    def __init__(self, name: str, roles: int) -> None:
        self.name: str = name
        self.roles: int = roles

    def tag(self) -> int:
        return 1

    def row(self) -> list[object]:
        return [1, self.name, self.roles]


@final
class SetGlobalParams(Command):
    """Replace the limits of the whole exchange."""

    TAG: ClassVar[int] = 2
    FIELDS: ClassVar[Fields] = (("params", "global_params"),)

    def __init__(self, params: GlobalParams) -> None:
        self.params: GlobalParams = params

    def tag(self) -> int:
        return 2

    def row(self) -> list[object]:
        return [2, self.params.row()]


@final
class CreateAsset(Command):
    """Register an asset that balances can be kept in; ``decimals`` is its smallest unit."""

    TAG: ClassVar[int] = 3
    FIELDS: ClassVar[Fields] = (
        ("symbol", "name"),
        ("decimals", "small"),
    )

    def __init__(self, symbol: str, decimals: int) -> None:
        self.symbol: str = symbol
        self.decimals: int = decimals

    def tag(self) -> int:
        return 3

    def row(self) -> list[object]:
        return [3, self.symbol, self.decimals]


@final
class CreateMarket(Command):
    """Open a market: its vAMM account and its three pools are created with it."""

    TAG: ClassVar[int] = 4
    FIELDS: ClassVar[Fields] = (("params", "market_params"),)

    def __init__(self, params: MarketParams) -> None:
        self.params: MarketParams = params

    def tag(self) -> int:
        return 4

    def row(self) -> list[object]:
        return [4, self.params.row()]


@final
class SetMarketParams(Command):
    """Replace the parameters of a market; the symbol, the step and the vAMM's curve stay."""

    TAG: ClassVar[int] = 5
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("params", "market_params"),
    )

    def __init__(self, market: int, params: MarketParams) -> None:
        self.market: int = market
        self.params: MarketParams = params

    def tag(self) -> int:
        return 5

    def row(self) -> list[object]:
        return [5, self.market, self.params.row()]


@final
class SetMarketMode(Command):
    """Change what a market allows: active, restricted, reduce-only, halted."""

    TAG: ClassVar[int] = 6
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("mode", "mode"),
    )

    def __init__(self, market: int, mode: int) -> None:
        self.market: int = market
        self.mode: int = mode

    def tag(self) -> int:
        return 6

    def row(self) -> list[object]:
        return [6, self.market, self.mode]


@final
class FundVamm(Command):
    """Give a market's vAMM capital out of the treasury (1e-6 quote)."""

    TAG: ClassVar[int] = 7
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("amount", "amount"),
    )

    def __init__(self, market: int, amount: int) -> None:
        self.market: int = market
        self.amount: int = amount

    def tag(self) -> int:
        return 7

    def row(self) -> list[object]:
        return [7, self.market, self.amount]


@final
class CreateAccount(Command):
    """Open an account of the sender, or a sub-account (``parent`` >= 0) of one of its accounts."""

    TAG: ClassVar[int] = 20
    FIELDS: ClassVar[Fields] = (
        ("owner", "id"),
        ("parent", "any_id"),
        ("label", "name"),
    )

    def __init__(self, owner: int, parent: int, label: str) -> None:
        self.owner: int = owner
        self.parent: int = parent
        self.label: str = label

    def tag(self) -> int:
        return 20

    def row(self) -> list[object]:
        return [20, self.owner, self.parent, self.label]


@final
class Deposit(Command):
    """Bring an asset in from the outside world; ``external_id`` is used at most once."""

    TAG: ClassVar[int] = 21
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("asset", "id"),
        ("amount", "amount"),
        ("external_id", "external_id"),
    )

    def __init__(self, account: int, asset: int, amount: int, external_id: str) -> None:
        self.account: int = account
        self.asset: int = asset
        self.amount: int = amount
        self.external_id: str = external_id

    def tag(self) -> int:
        return 21

    def row(self) -> list[object]:
        return [21, self.account, self.asset, self.amount, self.external_id]


@final
class Withdraw(Command):
    """Send an asset to the outside world; ``external_id`` is used at most once."""

    TAG: ClassVar[int] = 22
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("asset", "id"),
        ("amount", "amount"),
        ("external_id", "external_id"),
    )

    def __init__(self, account: int, asset: int, amount: int, external_id: str) -> None:
        self.account: int = account
        self.asset: int = asset
        self.amount: int = amount
        self.external_id: str = external_id

    def tag(self) -> int:
        return 22

    def row(self) -> list[object]:
        return [22, self.account, self.asset, self.amount, self.external_id]


@final
class Transfer(Command):
    """Move an asset between two accounts of the same owner."""

    TAG: ClassVar[int] = 23
    FIELDS: ClassVar[Fields] = (
        ("source", "id"),
        ("target", "id"),
        ("asset", "id"),
        ("amount", "amount"),
    )

    def __init__(self, source: int, target: int, asset: int, amount: int) -> None:
        self.source: int = source
        self.target: int = target
        self.asset: int = asset
        self.amount: int = amount

    def tag(self) -> int:
        return 23

    def row(self) -> list[object]:
        return [23, self.source, self.target, self.asset, self.amount]


@final
class PlaceOrder(Command):
    """Place an order. ``price`` is the limit (0 for a market order without a worst price of its
    own); ``post`` none/reject/slide; ``expires_ms`` 0 for never; ``client_order_id`` may be
    empty; ``keeper_fee`` is held back for the keeper of the first fill; ``maker`` directs it at the
    hedged vault that has this account (-1: at nobody).
    """

    TAG: ClassVar[int] = 40
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("kind", "kind"),
        ("tif", "tif"),
        ("price", "price0"),
        ("size", "amount"),
        ("post", "post"),
        ("reduce_only", "flag"),
        ("expires_ms", "time"),
        ("client_order_id", "client_id"),
        ("keeper_fee", "amount0"),
        ("maker", "any_id"),
    )

    def __init__(
        self,
        account: int,
        market: int,
        side: int,
        kind: int,
        tif: int,
        price: int,
        size: int,
        post: int,
        reduce_only: bool,
        expires_ms: int,
        client_order_id: str,
        keeper_fee: int = 0,
        maker: int = -1,
    ) -> None:
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.kind: int = kind
        self.tif: int = tif
        self.price: int = price
        self.size: int = size
        self.post: int = post
        self.reduce_only: bool = reduce_only
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id
        self.keeper_fee: int = keeper_fee
        self.maker: int = maker

    def tag(self) -> int:
        return 40

    def row(self) -> list[object]:
        return [
            40,
            self.account,
            self.market,
            self.side,
            self.kind,
            self.tif,
            self.price,
            self.size,
            self.post,
            self.reduce_only,
            self.expires_ms,
            self.client_order_id,
            self.keeper_fee,
            self.maker,
        ]


@final
class CancelOrder(Command):
    """Cancel by order id, or (``order`` 0) by client order id."""

    TAG: ClassVar[int] = 41
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("order", "seq"),
        ("client_order_id", "client_id"),
    )

    def __init__(self, account: int, order: int, client_order_id: str) -> None:
        self.account: int = account
        self.order: int = order
        self.client_order_id: str = client_order_id

    def tag(self) -> int:
        return 41

    def row(self) -> list[object]:
        return [41, self.account, self.order, self.client_order_id]


@final
class CancelAll(Command):
    """Cancel every open order of an account, in one market or (-1) in all."""

    TAG: ClassVar[int] = 42
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("market", "any_id"),
    )

    def __init__(self, account: int, market: int) -> None:
        self.account: int = account
        self.market: int = market

    def tag(self) -> int:
        return 42

    def row(self) -> list[object]:
        return [42, self.account, self.market]


@final
class AmendOrder(Command):
    """Change the limit and/or the total size (filled part included) of an open order.

    A smaller size at the same price keeps the priority; anything else is placed anew under the
    same id.
    """

    TAG: ClassVar[int] = 43
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("order", "seq"),
        ("price", "price"),
        ("size", "amount"),
    )

    def __init__(self, account: int, order: int, price: int, size: int) -> None:
        self.account: int = account
        self.order: int = order
        self.price: int = price
        self.size: int = size

    def tag(self) -> int:
        return 43

    def row(self) -> list[object]:
        return [43, self.account, self.order, self.price, self.size]


@final
class Batch(Command):
    """Several trading commands in one: all or nothing when ``atomic``, else each for itself."""

    TAG: ClassVar[int] = 44
    FIELDS: ClassVar[Fields] = (
        ("atomic", "flag"),
        ("items", "items"),
    )

    def __init__(self, atomic: bool, items: list[Command]) -> None:
        self.atomic: bool = atomic
        self.items: list[Command] = items

    def tag(self) -> int:
        return 44

    def row(self) -> list[object]:
        return [44, self.atomic, [item.row() for item in self.items]]


@final
class OraclePrices(Command):
    """A batch of oracle prices, judged one by one; a bad one is refused alone."""

    TAG: ClassVar[int] = 60
    FIELDS: ClassVar[Fields] = (("prices", "prices"),)

    def __init__(self, prices: list[PricePoint]) -> None:
        self.prices: list[PricePoint] = prices

    def tag(self) -> int:
        return 60

    def row(self) -> list[object]:
        return [60, [point.row() for point in self.prices]]


@final
class Tick(Command):
    """Do overdue work (expired orders), at most ``limit`` pieces of it."""

    TAG: ClassVar[int] = 61
    FIELDS: ClassVar[Fields] = (("limit", "count"),)

    def __init__(self, limit: int) -> None:
        self.limit: int = limit

    def tag(self) -> int:
        return 61

    def row(self) -> list[object]:
        return [61, self.limit]


COMMANDS: Final[tuple[type[Command], ...]] = (
    CreatePrincipal,
    SetGlobalParams,
    CreateAsset,
    CreateMarket,
    SetMarketParams,
    SetMarketMode,
    FundVamm,
    CreateAccount,
    Deposit,
    Withdraw,
    Transfer,
    PlaceOrder,
    CancelOrder,
    CancelAll,
    AmendOrder,
    Batch,
    OraclePrices,
    Tick,
    FundPool,
    Repeg,
    PlaceTrigger,
    OfferAuction,
    SettleAuction,
    MatchLimit,
    FireTrigger,
    Liquidate,
    UpdateFunding,
    ExpireOrder,
    UpdateMarket,
    SettleFunding,
    CreateVault,
    SetVaultParams,
    SetVaultQuote,
    SetVaultWhitelist,
    SetVaultMode,
    CreateSpotPool,
    DepositVault,
    WithdrawVault,
    ClaimUnlocks,
    AddSpotLiquidity,
    RemoveSpotLiquidity,
    SwapSpot,
    PostFirmQuote,
    CancelFirmQuote,
    RehedgeVault,
    TradeVault,
    SetBreakerParams,
    SetBreakerMode,
    Propose,
    ExecuteProposal,
    CancelProposal,
    SetSigner,
    PlaceDelayed,
    SettleSigned,
    MatchSigned,
    CancelSigned,
    ExecuteDelayed,
    ReviewBreaker,
    ReleaseHeld,
    CancelHeld,
)
