"""Rows of the mechanisms: averages and timers, funding rates, auctions, triggers."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core.repeg import Timer, stopped
from plimsoll.core.rows.accounts import Account, Order
from plimsoll.core.rows.base import Row
from plimsoll.core.store import Undo, UndoLog
from plimsoll.core.tracking import MarkTrack, OracleTrack
from plimsoll.messages.codes import LATER


@final
class Track(Row):
    """How a market follows oracle and mark. The parts are replaced, never changed in place.

    ``samples`` are the last (second, price) of the oracle; volumes are quote of the last hour by
    taker side and of the last day; ``traded_s`` when they were last brought up to date;
    ``revenue`` is what the vAMM's spread and repegs brought the adjustments pool since funding.
    """

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.was: TrackWas | None = None
        self.market: int = market
        self.oracle: OracleTrack = OracleTrack(0, 0, 0, 0, 0, 0)
        self.mark: MarkTrack = MarkTrack(0, 0, 0, 0, 0, 0)
        self.samples: list[tuple[int, int]] = []
        self.timer: Timer = stopped()
        self.buy_volume: int = 0
        self.sell_volume: int = 0
        self.day_volume: int = 0
        self.traded_s: int = 0
        self.revenue: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = TrackWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def follow_oracle(self, oracle: OracleTrack, samples: list[tuple[int, int]]) -> None:
        """The oracle's averages after a price."""
        self.touch()
        self.oracle = oracle
        self.samples = samples

    def follow_mark(self, mark: MarkTrack) -> None:
        """The mark's averages after a trade or a look at the book."""
        self.touch()
        self.mark = mark

    def set_timer(self, timer: Timer) -> None:
        """The timer of the repeg event after a sample."""
        self.touch()
        self.timer = timer

    def set_volumes(self, buys: int, sells: int, day: int, now_s: int) -> None:
        """The rolling volumes after a trade."""
        self.touch()
        self.buy_volume = buys
        self.sell_volume = sells
        self.day_volume = day
        self.traded_s = now_s

    def add_revenue(self, amount: int) -> None:
        """Count what the vAMM earned (or a repeg cost)."""
        self.touch()
        self.revenue += amount

    def clear_revenue(self) -> None:
        """A new funding period begins."""
        self.touch()
        self.revenue = 0


@final
class TrackWas(Undo):
    """Saved ``Track``."""

    def __init__(self, row: Track) -> None:
        self.row: Track = row
        self.stamp: i64 = row.stamp
        self.oracle: OracleTrack = row.oracle
        self.mark: MarkTrack = row.mark
        self.samples: list[tuple[int, int]] = row.samples
        self.timer: Timer = row.timer
        self.buy_volume: int = row.buy_volume
        self.sell_volume: int = row.sell_volume
        self.day_volume: int = row.day_volume
        self.traded_s: int = row.traded_s
        self.revenue: int = row.revenue

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.oracle = row.oracle
        self.mark = row.mark
        self.samples = row.samples
        self.timer = row.timer
        self.buy_volume = row.buy_volume
        self.sell_volume = row.sell_volume
        self.day_volume = row.day_volume
        self.traded_s = row.traded_s
        self.revenue = row.revenue

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.oracle = self.oracle
        row.mark = self.mark
        row.samples = self.samples
        row.timer = self.timer
        row.buy_volume = self.buy_volume
        row.sell_volume = self.sell_volume
        row.day_volume = self.day_volume
        row.traded_s = self.traded_s
        row.revenue = self.revenue


@final
class Rates(Row):
    """Funding of a market: cumulative rates of both sides (1e-9 quote per base), the last one.

    ``updated_s`` is when funding was last booked or skipped (0: not yet); ``average`` is the rate
    of a period averaged over a day.
    """

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.was: RatesWas | None = None
        self.market: int = market
        self.long: int = 0
        self.short: int = 0
        self.last: int = 0
        self.average: int = 0
        self.updated_s: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = RatesWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def of(self, base: int) -> int:
        """The cumulative rate of a position's side; 0 for none."""
        if base > 0:
            return self.long
        return self.short if base < 0 else 0

    def advance(self, long: int, short: int, last: int, average: int, now_s: int) -> None:
        """Add the rates of a period."""
        self.touch()
        self.long += long
        self.short += short
        self.last = last
        self.average = average
        self.updated_s = now_s


@final
class RatesWas(Undo):
    """Saved ``Rates``."""

    def __init__(self, row: Rates) -> None:
        self.row: Rates = row
        self.stamp: i64 = row.stamp
        self.long: int = row.long
        self.short: int = row.short
        self.last: int = row.last
        self.average: int = row.average
        self.updated_s: int = row.updated_s

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.long = row.long
        self.short = row.short
        self.last = row.last
        self.average = row.average
        self.updated_s = row.updated_s

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.long = self.long
        row.short = self.short
        row.last = self.last
        row.average = self.average
        row.updated_s = self.updated_s


@final
class Offer:
    """A maker's offer in an auction, waiting for the end of its batch. Never changes."""

    def __init__(
        self, ident: int, account: Account, price: int, size: int, arrived_ms: int, due_ms: int
    ) -> None:
        self.ident: int = ident
        self.account: Account = account
        self.price: int = price
        self.size: int = size
        self.arrived_ms: int = arrived_ms
        self.due_ms: int = due_ms


@final
class Auction(Row):
    """A live auction. ``order`` is the taker: its price is the worst it accepts.

    ``start`` and ``end`` are frozen; ``bankruptcy`` is the price of deleveraging for a liquidation
    (0 for an order); ``offers`` is replaced, never changed in place.
    """

    def __init__(
        self,
        log: UndoLog,
        order: Order,
        cause: int,
        start: int,
        end: int,
        started_ms: int,
        ends_ms: int,
        bankruptcy: int,
    ) -> None:
        super().__init__(log)
        self.was: AuctionWas | None = None
        self.ident: int = order.ident
        self.order: Order = order
        self.market: int = order.market
        self.cause: int = cause
        self.start: int = start
        self.end: int = end
        self.started_ms: int = started_ms
        self.ends_ms: int = ends_ms
        self.bankruptcy: int = bankruptcy
        self.offers: list[Offer] = []
        # Made in this scope: taking it back forgets the auction.
        self.stamp = log.stamp

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = AuctionWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def set_offers(self, offers: list[Offer]) -> None:
        """Offers that wait."""
        self.touch()
        self.offers = offers


@final
class AuctionWas(Undo):
    """Saved ``Auction``."""

    def __init__(self, row: Auction) -> None:
        self.row: Auction = row
        self.stamp: i64 = row.stamp
        self.offers: list[Offer] = row.offers

    def take(self) -> None:
        """Save the values as they are now."""
        self.stamp = self.row.stamp
        self.offers = self.row.offers

    def undo(self) -> None:
        self.row.stamp = self.stamp
        self.row.offers = self.offers


@final
class Trigger:
    """An order that waits for the oracle. ``order`` is what will be placed. Never changes.

    With the direction ``LATER`` it is a delayed order: it waits for no price, but for one that was
    published at ``earliest_ms`` or later. ``maker`` directs it at a hedged vault (-1: at nobody).
    """

    def __init__(
        self,
        order: Order,
        kind: int,
        tif: int,
        trigger_price: int,
        direction: int,
        earliest_ms: int = 0,
        maker: int = -1,
    ) -> None:
        self.ident: int = order.ident
        self.order: Order = order
        self.market: int = order.market
        self.kind: int = kind
        self.tif: int = tif
        self.trigger_price: int = trigger_price
        self.direction: int = direction
        self.earliest_ms: int = earliest_ms
        self.maker: int = maker

    def is_delayed(self) -> bool:
        """Whether it waits for time, not for a price."""
        return self.direction == LATER
