"""Events of the order gateway. Sizes 1e-9 base, money 1e-6 quote, prices 1e-6, times ms."""

from __future__ import annotations

from typing import ClassVar, final

from mypy_extensions import mypyc_attr

from plimsoll.messages.base import Event
from plimsoll.messages.params import Fields


@final
@mypyc_attr(acyclic=True)
class SignerSet(Event):
    """A key may sign orders of an account, or no longer."""

    TAG: ClassVar[int] = 81
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("signer", "signer"),
        ("allowed", "flag"),
    )

    def __init__(self, account: int, signer: str, allowed: bool) -> None:
        self.account: int = account
        self.signer: str = signer
        self.allowed: bool = allowed

    def row(self) -> list[object]:
        return [81, self.account, self.signer, self.allowed]


@final
@mypyc_attr(acyclic=True)
class SignedSettled(Event):
    """A part of a signed order was filled: ``size`` of it by the order ``order``, ``filled`` in
    all. What moved with it: the relay fee, margin from its fund, margin that went back there.
    """

    TAG: ClassVar[int] = 82
    FIELDS: ClassVar[Fields] = (
        ("order_hash", "hash"),
        ("account", "id"),
        ("market", "id"),
        ("order", "seq"),
        ("size", "amount"),
        ("filled", "amount"),
        ("relayer", "id"),
        ("relay_fee", "amount0"),
        ("margin", "amount0"),
        ("released", "amount0"),
        ("client_order_id", "client_id"),
    )

    def __init__(
        self,
        order_hash: str,
        account: int,
        market: int,
        order: int,
        size: int,
        filled: int,
        relayer: int,
        relay_fee: int,
        margin: int,
        released: int,
        client_order_id: str,
    ) -> None:
        self.order_hash: str = order_hash
        self.account: int = account
        self.market: int = market
        self.order: int = order
        self.size: int = size
        self.filled: int = filled
        self.relayer: int = relayer
        self.relay_fee: int = relay_fee
        self.margin: int = margin
        self.released: int = released
        self.client_order_id: str = client_order_id

    def row(self) -> list[object]:
        return [
            82,
            self.order_hash,
            self.account,
            self.market,
            self.order,
            self.size,
            self.filled,
            self.relayer,
            self.relay_fee,
            self.margin,
            self.released,
            self.client_order_id,
        ]


@final
@mypyc_attr(acyclic=True)
class SignedCancelled(Event):
    """A signed order was cancelled; what was filled stands."""

    TAG: ClassVar[int] = 83
    FIELDS: ClassVar[Fields] = (
        ("order_hash", "hash"),
        ("account", "id"),
        ("filled", "amount0"),
    )

    def __init__(self, order_hash: str, account: int, filled: int) -> None:
        self.order_hash: str = order_hash
        self.account: int = account
        self.filled: int = filled

    def row(self) -> list[object]:
        return [83, self.order_hash, self.account, self.filled]


@final
@mypyc_attr(acyclic=True)
class SignedLapsed(Event):
    """A signed order that was known here is past its expiry, and forgotten."""

    TAG: ClassVar[int] = 84
    FIELDS: ClassVar[Fields] = (
        ("order_hash", "hash"),
        ("account", "id"),
        ("filled", "amount0"),
    )

    def __init__(self, order_hash: str, account: int, filled: int) -> None:
        self.order_hash: str = order_hash
        self.account: int = account
        self.filled: int = filled

    def row(self) -> list[object]:
        return [84, self.order_hash, self.account, self.filled]


@final
@mypyc_attr(acyclic=True)
class DelayedPlaced(Event):
    """An order waits for an oracle price published at ``earliest_ms`` or later."""

    TAG: ClassVar[int] = 85
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
        ("earliest_ms", "time"),
        ("expires_ms", "time"),
        ("client_order_id", "client_id"),
        ("maker", "any_id"),
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
        earliest_ms: int,
        expires_ms: int,
        client_order_id: str,
        maker: int,
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
        self.earliest_ms: int = earliest_ms
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id
        self.maker: int = maker

    def row(self) -> list[object]:
        return [
            85,
            self.order,
            self.account,
            self.market,
            self.side,
            self.kind,
            self.tif,
            self.price,
            self.size,
            self.reduce_only,
            self.earliest_ms,
            self.expires_ms,
            self.client_order_id,
            self.maker,
        ]


@final
@mypyc_attr(acyclic=True)
class DelayedExecuted(Event):
    """The price a delayed order waited for has come: it is placed under the same id."""

    TAG: ClassVar[int] = 86
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("oracle", "price"),
        ("published_ms", "time"),
    )

    def __init__(
        self, order: int, account: int, market: int, oracle: int, published_ms: int
    ) -> None:
        self.order: int = order
        self.account: int = account
        self.market: int = market
        self.oracle: int = oracle
        self.published_ms: int = published_ms

    def row(self) -> list[object]:
        return [86, self.order, self.account, self.market, self.oracle, self.published_ms]


@final
@mypyc_attr(acyclic=True)
class DelayedRefused(Event):
    """A delayed order was refused when its price came, and is done."""

    TAG: ClassVar[int] = 87
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("code", "code"),
        ("value", "signed"),
        ("limit", "signed"),
    )

    def __init__(
        self, order: int, account: int, market: int, code: int, value: int, limit: int
    ) -> None:
        self.order: int = order
        self.account: int = account
        self.market: int = market
        self.code: int = code
        self.value: int = value
        self.limit: int = limit

    def row(self) -> list[object]:
        return [87, self.order, self.account, self.market, self.code, self.value, self.limit]
