"""Commands of the order gateway: orders signed by their owners and settled by relayers, and
orders that wait for a later oracle price.
"""

from __future__ import annotations

from typing import ClassVar, final

from plimsoll.messages.base import Command
from plimsoll.messages.params import Fields


@final
class SignedOrder:
    """An order its owner signed; a relayer settles it, in one fill (``fok``) or in parts.

    ``price`` is its limit, ``size`` (1e-9 base) the whole of it, ``min_fill`` the least of a part;
    it is good until ``expires_ms``. ``relay_fee`` (1e-6 quote) is paid once, with the first fill.
    ``margin`` is moved to the account from ``fund``, an account of the same owner (-1: none), with
    the first fill; what a reduction frees goes back there. ``maker`` directs it at the hedged vault
    that has this account (-1: at nobody). All of that is signed. ``order_hash`` stands for it,
    ``signer`` is the public key; both are checked against ``signature`` before a command is
    accepted for execution.
    """

    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("fok", "flag"),
        ("price", "price"),
        ("size", "amount"),
        ("min_fill", "amount0"),
        ("reduce_only", "flag"),
        ("expires_ms", "time"),
        ("client_order_id", "client_id"),
        ("relay_fee", "amount0"),
        ("fund", "any_id"),
        ("margin", "amount0"),
        ("maker", "any_id"),
        ("signer", "signer"),
        ("order_hash", "hash"),
        ("signature", "signature"),
    )

    def __init__(
        self,
        account: int,
        market: int,
        side: int,
        fok: bool,
        price: int,
        size: int,
        min_fill: int,
        reduce_only: bool,
        expires_ms: int,
        client_order_id: str,
        relay_fee: int,
        fund: int,
        margin: int,
        maker: int,
        signer: str,
        order_hash: str,
        signature: str,
    ) -> None:
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.fok: bool = fok
        self.price: int = price
        self.size: int = size
        self.min_fill: int = min_fill
        self.reduce_only: bool = reduce_only
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id
        self.relay_fee: int = relay_fee
        self.fund: int = fund
        self.margin: int = margin
        self.maker: int = maker
        self.signer: str = signer
        self.order_hash: str = order_hash
        self.signature: str = signature

    def row(self) -> list[object]:
        """The values in the order of ``FIELDS``."""
        return [
            self.account,
            self.market,
            self.side,
            self.fok,
            self.price,
            self.size,
            self.min_fill,
            self.reduce_only,
            self.expires_ms,
            self.client_order_id,
            self.relay_fee,
            self.fund,
            self.margin,
            self.maker,
            self.signer,
            self.order_hash,
            self.signature,
        ]


@final
class SetSigner(Command):
    """Let a key sign orders of an account, or no longer."""

    TAG: ClassVar[int] = 31
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("signer", "signer"),
        ("allowed", "flag"),
    )

    def __init__(self, account: int, signer: str, allowed: bool) -> None:
        self.account: int = account
        self.signer: str = signer
        self.allowed: bool = allowed

    def tag(self) -> int:
        return 31

    def row(self) -> list[object]:
        return [31, self.account, self.signer, self.allowed]


@final
class PlaceDelayed(Command):
    """Place an order that executes at the first oracle price published later, and only then.

    As ``PlaceOrder``, but that nothing of it rests: ``tif`` is IOC or FOK. It lapses at
    ``expires_ms``.
    """

    TAG: ClassVar[int] = 55
    FIELDS: ClassVar[Fields] = (
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
        reduce_only: bool,
        expires_ms: int,
        client_order_id: str,
        maker: int,
    ) -> None:
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
        self.maker: int = maker

    def tag(self) -> int:
        return 55

    def row(self) -> list[object]:
        return [
            55,
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
            self.maker,
        ]


@final
class SettleSigned(Command):
    """Fill exactly ``size`` of a signed order where the exchange has liquidity; its relay fee goes
    to ``relayer``, an account of the sender's (-1: to the keepers' pot).
    """

    TAG: ClassVar[int] = 56
    FIELDS: ClassVar[Fields] = (
        ("order", "signed_order"),
        ("size", "amount"),
        ("relayer", "any_id"),
    )

    def __init__(self, order: SignedOrder, size: int, relayer: int) -> None:
        self.order: SignedOrder = order
        self.size: int = size
        self.relayer: int = relayer

    def tag(self) -> int:
        return 56

    def row(self) -> list[object]:
        return [56, self.order.row(), self.size, self.relayer]


@final
class MatchSigned(Command):
    """Settle ``size`` of two signed orders against each other, at the maker's price."""

    TAG: ClassVar[int] = 57
    FIELDS: ClassVar[Fields] = (
        ("taker", "signed_order"),
        ("maker", "signed_order"),
        ("size", "amount"),
        ("relayer", "any_id"),
    )

    def __init__(self, taker: SignedOrder, maker: SignedOrder, size: int, relayer: int) -> None:
        self.taker: SignedOrder = taker
        self.maker: SignedOrder = maker
        self.size: int = size
        self.relayer: int = relayer

    def tag(self) -> int:
        return 57

    def row(self) -> list[object]:
        return [57, self.taker.row(), self.maker.row(), self.size, self.relayer]


@final
class CancelSigned(Command):
    """Cancel a signed order for good, by its owner (no signature is needed)."""

    TAG: ClassVar[int] = 58
    FIELDS: ClassVar[Fields] = (("order", "signed_order"),)

    def __init__(self, order: SignedOrder) -> None:
        self.order: SignedOrder = order

    def tag(self) -> int:
        return 58

    def row(self) -> list[object]:
        return [58, self.order.row()]


@final
class ExecuteDelayed(Command):
    """Execute a delayed order whose oracle price has come; ``keeper`` is paid (-1: the pot)."""

    TAG: ClassVar[int] = 71
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("keeper", "any_id"),
    )

    def __init__(self, order: int, keeper: int) -> None:
        self.order: int = order
        self.keeper: int = keeper

    def tag(self) -> int:
        return 71

    def row(self) -> list[object]:
        return [71, self.order, self.keeper]
