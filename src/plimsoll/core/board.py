"""What waits beside the books as a data structure: live auctions and triggers, with their timers.

Every change leaves its inverse in the undo log. What an auction or a trigger does is decided in
``auctions`` and ``triggers``.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import mypyc_attr

from plimsoll.core.rows import Auction, Order, Trigger
from plimsoll.core.store import KeyIndex, Undo, UndoLog
from plimsoll.messages.codes import ABOVE, LATER, OF_LIQUIDATION
from plimsoll.units import PRICE_MAX, notional_floor

_TOP: Final = PRICE_MAX


@final
class Board:
    """Auctions by id, by market in order of start, by end; triggers by id and by price, those that
    only wait for a later price by when that may have been published, and by expiry.
    """

    def __init__(self, log: UndoLog) -> None:
        self.log: UndoLog = log
        self.auctions: dict[int, Auction] = {}
        self.live: list[list[Auction]] = []  # by market
        self.ends: KeyIndex = KeyIndex()
        self.offers_due: KeyIndex = KeyIndex()
        self.triggers: dict[int, Trigger] = {}
        self.above: list[KeyIndex] = []  # by market: the lowest price fires first
        self.below: list[KeyIndex] = []  # by market: keys are PRICE_MAX - price
        self.later: list[KeyIndex] = []  # by market: the earliest publication that lets it go
        self.delayed_ends: KeyIndex = KeyIndex()

    def add_market(self) -> None:
        """Room for one more market; taken back by ``drop_market``."""
        self.live.append([])
        self.above.append(KeyIndex())
        self.below.append(KeyIndex())
        self.later.append(KeyIndex())
        self.log.entries.append(MarketAdded(self))

    def drop_market(self) -> None:
        """Inverse of ``add_market``."""
        self.live.pop()
        self.above.pop()
        self.below.pop()
        self.later.pop()

    # Auctions -----------------------------------------------------------------------------------

    def start(self, auction: Auction) -> None:
        """Put an auction up; what its order may open is reserved at its limit."""
        self.link(auction, len(self.live[auction.market]))
        self.log.entries.append(Started(self, auction))
        self.reserve(auction.order, auction.order.remaining)

    def finish(self, auction: Auction) -> None:
        """Take an auction down with what is left of it; its offers must be gone."""
        at = self.unlink(auction)
        self.log.entries.append(Finished(self, auction, at))
        self.reserve(auction.order, -auction.order.remaining)

    def reserve(self, order: Order, size: int) -> None:
        """Count a signed part of an auction's order as open; a reduce-only one opens nothing."""
        if order.reduce_only or size == 0:
            return
        worth = notional_floor(order.price, size if size > 0 else -size)
        order.position.add_open(order.side, size, worth if size > 0 else -worth, False)

    def link(self, auction: Auction, at: int) -> None:
        """Enter an auction into the tables (not into the log)."""
        order = auction.order
        self.auctions[auction.ident] = auction
        self.live[auction.market].insert(at, auction)
        self.ends.add(auction.ends_ms, auction.ident)
        liquidating = 1 if auction.cause == OF_LIQUIDATION else 0
        order.account.count_live(1, liquidating, 0)
        if order.client_order_id != "":
            order.account.client_orders[order.client_order_id] = order

    def unlink(self, auction: Auction) -> int:
        """Take an auction out of the tables (not of the log); returns its place."""
        order = auction.order
        del self.auctions[auction.ident]
        live = self.live[auction.market]
        at = 0
        while live[at] is not auction:
            at += 1
        live.pop(at)
        self.ends.remove(auction.ends_ms, auction.ident)
        liquidating = 1 if auction.cause == OF_LIQUIDATION else 0
        order.account.count_live(-1, -liquidating, 0)
        if order.client_order_id != "":
            del order.account.client_orders[order.client_order_id]
        return at

    def await_offers(self, due_ms: int, ident: int) -> None:
        """An auction has offers that are due then; it must not be waiting for others."""
        self.offers_due.add(due_ms, ident)
        self.log.entries.append(DueAdded(self.offers_due, due_ms, ident))

    def offers_done(self, due_ms: int, ident: int) -> None:
        """The offers that were due then are worked off."""
        self.offers_due.remove(due_ms, ident)
        self.log.entries.append(DueRemoved(self.offers_due, due_ms, ident))

    # Triggers -----------------------------------------------------------------------------------

    def arm(self, trigger: Trigger) -> None:
        """Let a trigger wait."""
        self.hang(trigger)
        self.log.entries.append(Armed(self, trigger))

    def disarm(self, trigger: Trigger) -> None:
        """Take a trigger down."""
        self.unhang(trigger)
        self.log.entries.append(Disarmed(self, trigger))

    def hang(self, trigger: Trigger) -> None:
        """Enter a trigger into the tables (not into the log)."""
        order = trigger.order
        self.triggers[trigger.ident] = trigger
        if trigger.direction == ABOVE:
            self.above[trigger.market].add(trigger.trigger_price, trigger.ident)
        elif trigger.direction == LATER:
            self.later[trigger.market].add(trigger.earliest_ms, trigger.ident)
            self.delayed_ends.add(order.expires_ms, trigger.ident)
        else:
            self.below[trigger.market].add(_TOP - trigger.trigger_price, trigger.ident)
        order.account.count_live(0, 0, 1)
        if order.client_order_id != "":
            order.account.client_orders[order.client_order_id] = order

    def unhang(self, trigger: Trigger) -> None:
        """Take a trigger out of the tables (not of the log)."""
        order = trigger.order
        del self.triggers[trigger.ident]
        if trigger.direction == ABOVE:
            self.above[trigger.market].remove(trigger.trigger_price, trigger.ident)
        elif trigger.direction == LATER:
            self.later[trigger.market].remove(trigger.earliest_ms, trigger.ident)
            self.delayed_ends.remove(order.expires_ms, trigger.ident)
        else:
            self.below[trigger.market].remove(_TOP - trigger.trigger_price, trigger.ident)
        order.account.count_live(0, 0, -1)
        if order.client_order_id != "":
            del order.account.client_orders[order.client_order_id]

    def reached(self, market: int, price: int) -> Trigger | None:
        """A trigger of the market that the oracle price has reached, nearest first; None."""
        above = self.above[market]
        if above.size() > 0 and above.first_key() <= price:
            return self.triggers[above.first_id()]
        below = self.below[market]
        if below.size() > 0 and _TOP - below.first_key() >= price:
            return self.triggers[below.first_id()]
        return None

    def released(self, market: int, published_ms: int) -> Trigger | None:
        """A delayed order of the market that a price published then lets go, the one that was to
        go first; None."""
        later = self.later[market]
        if later.size() > 0 and later.first_key() <= published_ms:
            return self.triggers[later.first_id()]
        return None

    def lapsed(self, now: int) -> Trigger | None:
        """A delayed order past its expiry, the earliest first; None."""
        ends = self.delayed_ends
        if ends.size() > 0 and ends.first_key() < now:
            return self.triggers[ends.first_id()]
        return None


@final
@mypyc_attr(acyclic=True)
class MarketAdded(Undo):
    """The board got room for a market."""

    def __init__(self, board: Board) -> None:
        self.board: Board = board

    def undo(self) -> None:
        self.board.drop_market()


@final
@mypyc_attr(acyclic=True)
class Started(Undo):
    """An auction was put up."""

    def __init__(self, board: Board, auction: Auction) -> None:
        self.board: Board = board
        self.auction: Auction = auction

    def undo(self) -> None:
        self.board.unlink(self.auction)


@final
@mypyc_attr(acyclic=True)
class Finished(Undo):
    """An auction was taken down; ``at`` is where it stood."""

    def __init__(self, board: Board, auction: Auction, at: int) -> None:
        self.board: Board = board
        self.auction: Auction = auction
        self.at: int = at

    def undo(self) -> None:
        self.board.link(self.auction, self.at)


@final
@mypyc_attr(acyclic=True)
class DueAdded(Undo):
    """A pair entered a timer index."""

    def __init__(self, index: KeyIndex, key: int, ident: int) -> None:
        self.index: KeyIndex = index
        self.key: int = key
        self.ident: int = ident

    def undo(self) -> None:
        self.index.remove(self.key, self.ident)


@final
@mypyc_attr(acyclic=True)
class DueRemoved(Undo):
    """A pair left a timer index."""

    def __init__(self, index: KeyIndex, key: int, ident: int) -> None:
        self.index: KeyIndex = index
        self.key: int = key
        self.ident: int = ident

    def undo(self) -> None:
        self.index.add(self.key, self.ident)


@final
@mypyc_attr(acyclic=True)
class Armed(Undo):
    """A trigger came to wait."""

    def __init__(self, board: Board, trigger: Trigger) -> None:
        self.board: Board = board
        self.trigger: Trigger = trigger

    def undo(self) -> None:
        self.board.unhang(self.trigger)


@final
@mypyc_attr(acyclic=True)
class Disarmed(Undo):
    """A trigger was taken down."""

    def __init__(self, board: Board, trigger: Trigger) -> None:
        self.board: Board = board
        self.trigger: Trigger = trigger

    def undo(self) -> None:
        self.board.hang(self.trigger)
