"""Events of the mechanisms: quotes, repegs, health, auctions, triggers, funding, liquidation.

Amounts are 1e-6 quote or 1e-9 base, prices 1e-6, as everywhere.
"""

from __future__ import annotations

from typing import ClassVar, final

from mypy_extensions import mypyc_attr

from plimsoll.messages.base import Event
from plimsoll.messages.params import Fields


@final
@mypyc_attr(acyclic=True)
class VammQuoted(Event):
    """The vAMM quotes anew around its reservation price; spreads are ppm a side."""

    TAG: ClassVar[int] = 26
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("price", "price0"),
        ("bid", "price0"),
        ("ask", "price0"),
        ("long_spread", "ratio"),
        ("short_spread", "ratio"),
    )

    def __init__(
        self, market: int, price: int, bid: int, ask: int, long_spread: int, short_spread: int
    ) -> None:
        self.market: int = market
        self.price: int = price
        self.bid: int = bid
        self.ask: int = ask
        self.long_spread: int = long_spread
        self.short_spread: int = short_spread

    def row(self) -> list[object]:
        return [
            26,
            self.market,
            self.price,
            self.bid,
            self.ask,
            self.long_spread,
            self.short_spread,
        ]


@final
@mypyc_attr(acyclic=True)
class Repegged(Event):
    """The peg moved: the adjustments pool paid ``cost`` (negative: received).
    ``mark`` is the reservation price before, ``oracle`` the target, ``distance`` y - y_T (1e-9).
    """

    TAG: ClassVar[int] = 27
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("cause", "small"),
        ("outcome", "small"),
        ("before", "price"),
        ("peg", "price"),
        ("cost", "signed"),
        ("mark", "price0"),
        ("oracle", "price0"),
        ("distance", "signed"),
    )

    def __init__(
        self,
        market: int,
        cause: int,
        outcome: int,
        before: int,
        peg: int,
        cost: int,
        mark: int,
        oracle: int,
        distance: int,
    ) -> None:
        self.market: int = market
        self.cause: int = cause
        self.outcome: int = outcome
        self.before: int = before
        self.peg: int = peg
        self.cost: int = cost
        self.mark: int = mark
        self.oracle: int = oracle
        self.distance: int = distance

    def row(self) -> list[object]:
        return [
            27,
            self.market,
            self.cause,
            self.outcome,
            self.before,
            self.peg,
            self.cost,
            self.mark,
            self.oracle,
            self.distance,
        ]


@final
@mypyc_attr(acyclic=True)
class RepegUnaffordable(Event):
    """The event of a repeg is there and the adjustments pool cannot pay for it."""

    TAG: ClassVar[int] = 28
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("cost", "signed"),
        ("budget", "amount0"),
        ("mark", "price0"),
        ("oracle", "price0"),
        ("elapsed_ms", "time"),
    )

    def __init__(
        self, market: int, cost: int, budget: int, mark: int, oracle: int, elapsed_ms: int
    ) -> None:
        self.market: int = market
        self.cost: int = cost
        self.budget: int = budget
        self.mark: int = mark
        self.oracle: int = oracle
        self.elapsed_ms: int = elapsed_ms

    def row(self) -> list[object]:
        return [28, self.market, self.cost, self.budget, self.mark, self.oracle, self.elapsed_ms]


@final
@mypyc_attr(acyclic=True)
class MarketRestricted(Event):
    """A bound of a market's health is broken: which, what was measured, against what (ppm)."""

    TAG: ClassVar[int] = 29
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("what", "small"),
        ("value", "amount0"),
        ("limit", "amount0"),
    )

    def __init__(self, market: int, what: int, value: int, limit: int) -> None:
        self.market: int = market
        self.what: int = what
        self.value: int = value
        self.limit: int = limit

    def row(self) -> list[object]:
        return [29, self.market, self.what, self.value, self.limit]


@final
@mypyc_attr(acyclic=True)
class MarketReleased(Event):
    """A market is healthy again."""

    TAG: ClassVar[int] = 30
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("mark", "price0"),
        ("oracle", "price0"),
    )

    def __init__(self, market: int, mark: int, oracle: int) -> None:
        self.market: int = market
        self.mark: int = mark
        self.oracle: int = oracle

    def row(self) -> list[object]:
        return [30, self.market, self.mark, self.oracle]


@final
@mypyc_attr(acyclic=True)
class AuctionStarted(Event):
    """An auction runs: its price goes from ``start`` to ``end``, never past ``limit``.
    Its id is its order's; ``cause`` 0 is a market order, 1 a liquidation.
    """

    TAG: ClassVar[int] = 31
    FIELDS: ClassVar[Fields] = (
        ("auction", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("size", "amount"),
        ("start", "price"),
        ("end", "price"),
        ("limit", "price"),
        ("started_ms", "time"),
        ("ends_ms", "time"),
        ("cause", "small"),
        ("reduce_only", "flag"),
    )

    def __init__(
        self,
        auction: int,
        account: int,
        market: int,
        side: int,
        size: int,
        start: int,
        end: int,
        limit: int,
        started_ms: int,
        ends_ms: int,
        cause: int,
        reduce_only: bool,
    ) -> None:
        self.auction: int = auction
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.size: int = size
        self.start: int = start
        self.end: int = end
        self.limit: int = limit
        self.started_ms: int = started_ms
        self.ends_ms: int = ends_ms
        self.cause: int = cause
        self.reduce_only: bool = reduce_only

    def row(self) -> list[object]:
        return [
            31,
            self.auction,
            self.account,
            self.market,
            self.side,
            self.size,
            self.start,
            self.end,
            self.limit,
            self.started_ms,
            self.ends_ms,
            self.cause,
            self.reduce_only,
        ]


@final
@mypyc_attr(acyclic=True)
class AuctionOffered(Event):
    """A maker offers; ``asked`` is the price of the auction at that moment."""

    TAG: ClassVar[int] = 32
    FIELDS: ClassVar[Fields] = (
        ("offer", "seq"),
        ("auction", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("price", "price"),
        ("size", "amount"),
        ("asked", "price"),
    )

    def __init__(
        self, offer: int, auction: int, account: int, market: int, price: int, size: int, asked: int
    ) -> None:
        self.offer: int = offer
        self.auction: int = auction
        self.account: int = account
        self.market: int = market
        self.price: int = price
        self.size: int = size
        self.asked: int = asked

    def row(self) -> list[object]:
        return [
            32,
            self.offer,
            self.auction,
            self.account,
            self.market,
            self.price,
            self.size,
            self.asked,
        ]


@final
@mypyc_attr(acyclic=True)
class OfferDropped(Event):
    """What an offer could not fill is forgotten."""

    TAG: ClassVar[int] = 33
    FIELDS: ClassVar[Fields] = (
        ("offer", "seq"),
        ("auction", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("remaining", "amount"),
        ("reason", "small"),
    )

    def __init__(
        self, offer: int, auction: int, account: int, market: int, remaining: int, reason: int
    ) -> None:
        self.offer: int = offer
        self.auction: int = auction
        self.account: int = account
        self.market: int = market
        self.remaining: int = remaining
        self.reason: int = reason

    def row(self) -> list[object]:
        return [
            33,
            self.offer,
            self.auction,
            self.account,
            self.market,
            self.remaining,
            self.reason,
        ]


@final
@mypyc_attr(acyclic=True)
class AuctionEnded(Event):
    """An auction is over; ``remaining`` went to nobody."""

    TAG: ClassVar[int] = 34
    FIELDS: ClassVar[Fields] = (
        ("auction", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("filled", "amount0"),
        ("remaining", "amount0"),
        ("reason", "small"),
    )

    def __init__(
        self, auction: int, account: int, market: int, filled: int, remaining: int, reason: int
    ) -> None:
        self.auction: int = auction
        self.account: int = account
        self.market: int = market
        self.filled: int = filled
        self.remaining: int = remaining
        self.reason: int = reason

    def row(self) -> list[object]:
        return [
            34,
            self.auction,
            self.account,
            self.market,
            self.filled,
            self.remaining,
            self.reason,
        ]


@final
@mypyc_attr(acyclic=True)
class TriggerPlaced(Event):
    """A trigger waits for the oracle."""

    TAG: ClassVar[int] = 35
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
        ("trigger_price", "price"),
        ("direction", "direction"),
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
        trigger_price: int,
        direction: int,
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
        self.trigger_price: int = trigger_price
        self.direction: int = direction
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id

    def row(self) -> list[object]:
        return [
            35,
            self.order,
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
@mypyc_attr(acyclic=True)
class TriggerFired(Event):
    """The oracle reached a trigger: its order is placed under the same id."""

    TAG: ClassVar[int] = 36
    FIELDS: ClassVar[Fields] = (
        ("order", "seq"),
        ("account", "id"),
        ("market", "id"),
        ("trigger_price", "price"),
        ("oracle", "price"),
    )

    def __init__(
        self, order: int, account: int, market: int, trigger_price: int, oracle: int
    ) -> None:
        self.order: int = order
        self.account: int = account
        self.market: int = market
        self.trigger_price: int = trigger_price
        self.oracle: int = oracle

    def row(self) -> list[object]:
        return [36, self.order, self.account, self.market, self.trigger_price, self.oracle]


@final
@mypyc_attr(acyclic=True)
class FundingUpdated(Event):
    """Funding of a period: rates 1e-9 quote per base, averages of an hour, cumulative rates after.
    ``pool`` is what the funding pool received (negative: paid).
    """

    TAG: ClassVar[int] = 42
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("rate", "signed"),
        ("rate_long", "signed"),
        ("rate_short", "signed"),
        ("pool", "signed"),
        ("mark", "price"),
        ("oracle", "price"),
        ("long", "signed"),
        ("short", "signed"),
        ("seconds", "time"),
    )

    def __init__(
        self,
        market: int,
        rate: int,
        rate_long: int,
        rate_short: int,
        pool: int,
        mark: int,
        oracle: int,
        long: int,
        short: int,
        seconds: int,
    ) -> None:
        self.market: int = market
        self.rate: int = rate
        self.rate_long: int = rate_long
        self.rate_short: int = rate_short
        self.pool: int = pool
        self.mark: int = mark
        self.oracle: int = oracle
        self.long: int = long
        self.short: int = short
        self.seconds: int = seconds

    def row(self) -> list[object]:
        return [
            42,
            self.market,
            self.rate,
            self.rate_long,
            self.rate_short,
            self.pool,
            self.mark,
            self.oracle,
            self.long,
            self.short,
            self.seconds,
        ]


@final
@mypyc_attr(acyclic=True)
class FundingSkipped(Event):
    """A period without funding, and why."""

    TAG: ClassVar[int] = 43
    FIELDS: ClassVar[Fields] = (
        ("market", "id"),
        ("code", "code"),
        ("value", "signed"),
        ("limit", "signed"),
        ("seconds", "time"),
    )

    def __init__(self, market: int, code: int, value: int, limit: int, seconds: int) -> None:
        self.market: int = market
        self.code: int = code
        self.value: int = value
        self.limit: int = limit
        self.seconds: int = seconds

    def row(self) -> list[object]:
        return [43, self.market, self.code, self.value, self.limit, self.seconds]


@final
@mypyc_attr(acyclic=True)
class Liquidating(Event):
    """A position is being closed: ``side`` and ``size`` of the closing order."""

    TAG: ClassVar[int] = 50
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("market", "id"),
        ("side", "side"),
        ("size", "amount"),
        ("bankruptcy", "price"),
        ("limit", "price"),
        ("equity", "signed"),
        ("maintenance", "amount0"),
        ("oracle", "price"),
    )

    def __init__(
        self,
        account: int,
        market: int,
        side: int,
        size: int,
        bankruptcy: int,
        limit: int,
        equity: int,
        maintenance: int,
        oracle: int,
    ) -> None:
        self.account: int = account
        self.market: int = market
        self.side: int = side
        self.size: int = size
        self.bankruptcy: int = bankruptcy
        self.limit: int = limit
        self.equity: int = equity
        self.maintenance: int = maintenance
        self.oracle: int = oracle

    def row(self) -> list[object]:
        return [
            50,
            self.account,
            self.market,
            self.side,
            self.size,
            self.bankruptcy,
            self.limit,
            self.equity,
            self.maintenance,
            self.oracle,
        ]


@final
@mypyc_attr(acyclic=True)
class LiquidationEnded(Event):
    """An account's liquidation is over."""

    TAG: ClassVar[int] = 51
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("equity", "signed"),
        ("maintenance", "amount0"),
        ("reason", "small"),
    )

    def __init__(self, account: int, equity: int, maintenance: int, reason: int) -> None:
        self.account: int = account
        self.equity: int = equity
        self.maintenance: int = maintenance
        self.reason: int = reason

    def row(self) -> list[object]:
        return [51, self.account, self.equity, self.maintenance, self.reason]


@final
@mypyc_attr(acyclic=True)
class Deleveraged(Event):
    """A winner was closed against an account (or vAMM) that nobody else would take over."""

    TAG: ClassVar[int] = 52
    FIELDS: ClassVar[Fields] = (
        ("fill", "seq"),
        ("account", "id"),
        ("counterparty", "id"),
        ("market", "id"),
        ("size", "amount"),
        ("price", "price"),
    )

    def __init__(
        self, fill: int, account: int, counterparty: int, market: int, size: int, price: int
    ) -> None:
        self.fill: int = fill
        self.account: int = account
        self.counterparty: int = counterparty
        self.market: int = market
        self.size: int = size
        self.price: int = price

    def row(self) -> list[object]:
        return [52, self.fill, self.account, self.counterparty, self.market, self.size, self.price]


@final
@mypyc_attr(acyclic=True)
class BadDebt(Event):
    """A loss beyond a margin: what insurance paid, what winners gave up, what is left."""

    TAG: ClassVar[int] = 53
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("market", "id"),
        ("loss", "amount"),
        ("insurance", "amount0"),
        ("haircut", "amount0"),
        ("unpaid", "amount0"),
    )

    def __init__(
        self, account: int, market: int, loss: int, insurance: int, haircut: int, unpaid: int
    ) -> None:
        self.account: int = account
        self.market: int = market
        self.loss: int = loss
        self.insurance: int = insurance
        self.haircut: int = haircut
        self.unpaid: int = unpaid

    def row(self) -> list[object]:
        return [53, self.account, self.market, self.loss, self.insurance, self.haircut, self.unpaid]
