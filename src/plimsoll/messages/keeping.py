"""Commands of the mechanisms: pools, triggers, auctions, and what keepers do.

``keeper`` is the account that a reward goes to; -1 gives it to the keepers' pot. Everything a
keeper says is judged anew: a wrong, late or repeated command costs nobody but its sender.
"""

from __future__ import annotations

from typing import ClassVar, final

from plimsoll.messages.base import Command
from plimsoll.messages.params import Fields


@final
class FundPool(Command):
    """Give a pool of a market money out of the treasury; ``pool`` is the account kind."""

    TAG: ClassVar[int] = 8
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("pool", "pool"),
        ("amount", "amount"),
    )

    def __init__(self, market: int, pool: int, amount: int) -> None:
        self.market: int = market
        self.pool: int = pool
        self.amount: int = amount

    def tag(self) -> int:
        return 8

    def row(self) -> list[object]:
        return [8, self.market, self.pool, self.amount]


@final
class Repeg(Command):
    """Set the peg of a vAMM by hand, toward a valid oracle price, at the pool's cost."""

    TAG: ClassVar[int] = 9
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("peg", "price"),
    )

    def __init__(self, market: int, peg: int) -> None:
        self.market: int = market
        self.peg: int = peg

    def tag(self) -> int:
        return 9

    def row(self) -> list[object]:
        return [9, self.market, self.peg]


@final
class PlaceTrigger(Command):
    """Leave an order that is placed once the oracle is at or past ``trigger_price``.
    ``direction`` above: a stop of a short, a take-profit of a long; below: the other way round.
    """

    TAG: ClassVar[int] = 45
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("kind", "kind"),
        ("tif", "tif"),
        ("price", "price0"),
        ("size", "amount"),
        ("reduce_only", "flag"),
        ("trigger_price", "price"),
        ("direction", "direction"),
        ("expires_ms", "time"),
        ("client_order_id", "client_id"),
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
        trigger_price: int,
        direction: int,
        expires_ms: int,
        client_order_id: str,
    ) -> None:
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.kind: int = kind
        self.tif: int = tif
        self.price: int = price
        self.size: int = size
        self.reduce_only: bool = reduce_only
        self.trigger_price: int = trigger_price
        self.direction: int = direction
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id

    def tag(self) -> int:
        return 45

    def row(self) -> list[object]:
        return [
            45,
            self.account,
            self.market,
            self.side,
            self.kind,
            self.tif,
            self.price,
            self.size,
            self.reduce_only,
            self.trigger_price,
            self.direction,
            self.expires_ms,
            self.client_order_id,
        ]


@final
class OfferAuction(Command):
    """Offer to take the other side of an auction, at what it asks now or better."""

    TAG: ClassVar[int] = 46
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("auction", "seq"),
        ("price", "price"),
        ("size", "amount"),
    )

    def __init__(self, account: int, auction: int, price: int, size: int) -> None:
        self.account: int = account
        self.auction: int = auction
        self.price: int = price
        self.size: int = size

    def tag(self) -> int:
        return 46

    def row(self) -> list[object]:
        return [46, self.account, self.auction, self.price, self.size]


@final
class SettleAuction(Command):
    """Work off the offers of an auction that are due, and end it when its time is over."""

    TAG: ClassVar[int] = 62
    FIELDS: ClassVar[Fields] = (
        ("auction", "seq"),
        ("keeper", "any_id"),
    )

    def __init__(self, auction: int, keeper: int) -> None:
        self.auction: int = auction
        self.keeper: int = keeper

    def tag(self) -> int:
        return 62

    def row(self) -> list[object]:
        return [62, self.auction, self.keeper]


@final
class MatchLimit(Command):
    """Settle a resting order against the vAMM, whose price has reached its limit."""

    TAG: ClassVar[int] = 63
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("keeper", "any_id"),
    )

    def __init__(self, order: int, keeper: int) -> None:
        self.order: int = order
        self.keeper: int = keeper

    def tag(self) -> int:
        return 63

    def row(self) -> list[object]:
        return [63, self.order, self.keeper]


@final
class FireTrigger(Command):
    """Place the order of a trigger whose price the oracle has reached."""

    TAG: ClassVar[int] = 64
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("keeper", "any_id"),
    )

    def __init__(self, order: int, keeper: int) -> None:
        self.order: int = order
        self.keeper: int = keeper

    def tag(self) -> int:
        return 64

    def row(self) -> list[object]:
        return [64, self.order, self.keeper]


@final
class Liquidate(Command):
    """Close as much of an account below its maintenance requirement as restores it."""

    TAG: ClassVar[int] = 65
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("keeper", "any_id"),
    )

    def __init__(self, account: int, keeper: int) -> None:
        self.account: int = account
        self.keeper: int = keeper

    def tag(self) -> int:
        return 65

    def row(self) -> list[object]:
        return [65, self.account, self.keeper]


@final
class UpdateFunding(Command):
    """Book the funding of the period that is over."""

    TAG: ClassVar[int] = 66
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("keeper", "any_id"),
    )

    def __init__(self, market: int, keeper: int) -> None:
        self.market: int = market
        self.keeper: int = keeper

    def tag(self) -> int:
        return 66

    def row(self) -> list[object]:
        return [66, self.market, self.keeper]


@final
class ExpireOrder(Command):
    """Remove a resting order whose time is over."""

    TAG: ClassVar[int] = 67
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("keeper", "any_id"),
    )

    def __init__(self, order: int, keeper: int) -> None:
        self.order: int = order
        self.keeper: int = keeper

    def tag(self) -> int:
        return 67

    def row(self) -> list[object]:
        return [67, self.order, self.keeper]


@final
class UpdateMarket(Command):
    """Bring a market's averages, peg, health and spreads up to date."""

    TAG: ClassVar[int] = 68
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("keeper", "any_id"),
    )

    def __init__(self, market: int, keeper: int) -> None:
        self.market: int = market
        self.keeper: int = keeper

    def tag(self) -> int:
        return 68

    def row(self) -> list[object]:
        return [68, self.market, self.keeper]


@final
class SettleFunding(Command):
    """Settle what an account owes of funding, or is owed, in all its markets."""

    TAG: ClassVar[int] = 69
    FIELDS: ClassVar[Fields] = (("account", "id"),)

    def __init__(self, account: int) -> None:
        self.account: int = account

    def tag(self) -> int:
        return 69

    def row(self) -> list[object]:
        return [69, self.account]
