"""Demonstration traders: each looks at one market and decides what to send.

Decisions depend on the sight, the trader's own generator and its own memory alone: the same seed
gives the same commands, live or in replay. Ratios are ppm, money 1e-6 quote, times ms.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from random import Random
from typing import ClassVar, Final, Protocol

from plimsoll.messages.codes import (
    BUY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    POST_NONE,
    POST_REJECT,
    POST_SLIDE,
    SELL,
)
from plimsoll.messages.commands import (
    AmendOrder,
    Batch,
    CancelAll,
    CancelOrder,
    Command,
    OfferAuction,
    PlaceOrder,
)
from plimsoll.sim.sight import Sight
from plimsoll.units import QUOTE_SCALE, RATIO_SCALE, div_floor, step_floor

USD: Final = QUOTE_SCALE
BP: Final = 100
"""A basis point in ppm."""


class Agent(Protocol):
    """A trader's mind. ``KIND`` groups traders in reports, ``DEPOSIT`` is what one starts with."""

    KIND: ClassVar[str]
    DEPOSIT: ClassVar[int]

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """The commands to send now, in order; none is fine."""
        ...


def order(
    sight: Sight,
    side: int,
    price: int,
    size: int,
    *,
    kind: int = LIMIT,
    tif: int = GTC,
    post: int = POST_NONE,
    reduce_only: bool = False,
    expires_ms: int = 0,
    name: str = "",
) -> PlaceOrder:
    """An order in the market of the sight."""
    return PlaceOrder(
        sight.account,
        sight.market,
        side,
        kind,
        tif,
        price,
        size,
        post,
        reduce_only,
        expires_ms,
        name,
    )


def close(sight: Sight) -> list[Command]:
    """A reduce-only market order over the whole position."""
    if sight.base == 0:
        return []
    side = SELL if sight.base > 0 else BUY
    size = abs(sight.base)
    return [order(sight, side, 0, size, kind=MARKET, tif=IOC, reduce_only=True)]


def taking(sight: Sight, side: int, size: int, slip: int) -> PlaceOrder:
    """An IOC limit order at most ``slip`` ppm beyond the oracle."""
    price = sight.down(sight.off(slip)) if side == BUY else sight.up(sight.off(-slip))
    return order(sight, side, price, size, tif=IOC)


class MarketMaker:
    """Quotes a two-sided post-only ladder around the oracle, moved against its inventory.

    One non-atomic batch replaces the whole ladder when the centre has moved by ``REQUOTE``, an
    order is gone, or the ladder is old. Without a valid oracle it leaves the book.
    """

    KIND: ClassVar[str] = "maker"
    DEPOSIT: ClassVar[int] = 1_000_000 * USD
    LEVELS: ClassVar[int] = 5
    LEVEL: ClassVar[int] = 4_000 * USD
    INVENTORY: ClassVar[int] = 400_000 * USD
    SKEW: ClassVar[int] = 6 * BP
    REQUOTE: ClassVar[int] = BP
    OLD_MS: ClassVar[int] = 30_000

    def __init__(self, half_spread: int = 2 * BP) -> None:
        self._half_spread = half_spread
        self._centre = 0
        self._quoted_ms = 0
        self._placed = 0

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """A new ladder, or nothing while the old one is good."""
        if not sight.oracle_valid or not sight.active:
            return [CancelAll(sight.account, sight.market)] if sight.orders else []
        held = max(-self.INVENTORY, min(self.INVENTORY, sight.held))
        skew = div_floor(self.SKEW * held, self.INVENTORY)
        centre = sight.off(-skew)
        moved = abs(centre - self._centre) * RATIO_SCALE > self._centre * self.REQUOTE
        whole = len(sight.orders) == self._placed > 0
        if whole and not moved and now - self._quoted_ms < self.OLD_MS:
            return []
        ladder = self._ladder(sight, centre, held, rng)
        self._centre, self._quoted_ms, self._placed = centre, now, len(ladder)
        return [Batch(False, [CancelAll(sight.account, sight.market), *ladder])]

    def _ladder(self, sight: Sight, centre: int, held: int, rng: Random) -> list[Command]:
        found: list[Command] = []
        offset = self._half_spread
        for level in range(self.LEVELS):
            notional = self.LEVEL * (level + 1)
            notional += div_floor(notional * rng.randrange(RATIO_SCALE), 2 * RATIO_SCALE)
            size = sight.size_for(notional)
            below = sight.down(div_floor(centre * (RATIO_SCALE - offset), RATIO_SCALE))
            above = sight.up(div_floor(centre * (RATIO_SCALE + offset), RATIO_SCALE))
            if size > 0 and held < self.INVENTORY:
                found.append(order(sight, BUY, below, size, post=POST_SLIDE))
            if size > 0 and held > -self.INVENTORY:
                found.append(order(sight, SELL, above, size, post=POST_SLIDE))
            offset += self._half_spread + rng.randrange(BP)
        return found


class AuctionMaker:
    """Answers auctions: takes the other side of whatever is asked ``EDGE`` beyond the oracle.

    Holds at most ``INVENTORY`` either way, and closes what is more than half of it.
    """

    KIND: ClassVar[str] = "auction-maker"
    DEPOSIT: ClassVar[int] = 1_000_000 * USD
    EDGE: ClassVar[int] = 2 * BP
    INVENTORY: ClassVar[int] = 300_000 * USD
    SHARE: ClassVar[int] = 2
    """It takes one part in so many of an auction, so that others and the vAMM get theirs."""

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """An offer for each auction worth it; without auctions, less inventory."""
        if not sight.oracle_valid or not sight.active:
            return []
        if not sight.auctions:
            return close(sight) if 2 * abs(sight.held) > self.INVENTORY else []
        found: list[Command] = []
        for live in sight.auctions:
            selling = live.side == "buy"
            edge = live.price - sight.oracle if selling else sight.oracle - live.price
            room = self.INVENTORY + (sight.held if selling else -sight.held)
            if edge * RATIO_SCALE < sight.oracle * self.EDGE or room <= 0 or sight.free <= 0:
                continue
            most = min(sight.size_for(room), max(sight.step, div_floor(live.remaining, self.SHARE)))
            size = step_floor(most, sight.step)
            if size > 0:
                found.append(OfferAuction(sight.account, live.auction, live.price, size))
        return found


class Arbitrageur:
    """Brings the vAMM, and stale quotes of the book, back to the oracle when that pays.

    An edge pays when it exceeds the taker fee by ``EDGE``. Its limit leaves that edge standing,
    so it never trades the price past the oracle. ``ROUNDS`` bounds the orders of one decision.
    """

    KIND: ClassVar[str] = "arbitrageur"
    DEPOSIT: ClassVar[int] = 5_000_000 * USD
    EDGE: ClassVar[int] = BP // 2
    ROUNDS: ClassVar[int] = 8

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """IOC orders up to the price at which the edge ends."""
        if not sight.oracle_valid or not sight.active:
            return []
        costs = sight.taker_fee + self.EDGE
        buy_limit, sell_limit = sight.down(sight.off(-costs)), sight.up(sight.off(costs))
        asks = [sight.ask, sight.vamm_ask if sight.vamm_ask_size > 0 else 0]
        bids = [sight.bid, sight.vamm_bid if sight.vamm_bid_size > 0 else 0]
        ask = min((price for price in asks if price > 0), default=0)
        if 0 < ask <= buy_limit:
            return self._sweep(sight, BUY, buy_limit, sight.oracle - ask, sight.vamm_ask_size)
        if max(bids) >= sell_limit:
            gap = max(bids) - sight.oracle
            return self._sweep(sight, SELL, sell_limit, gap, sight.vamm_bid_size)
        return []

    def _sweep(self, sight: Sight, side: int, limit: int, gap: int, offered: int) -> list[Command]:
        # One fill of a hundredth of the reserve moves the vAMM by two hundredths of its price.
        rounds = 1 + div_floor(gap * RATIO_SCALE, sight.oracle * 20_000)
        size = max(offered, sight.size_for(20_000 * USD))
        closing = -sight.base if side == BUY else sight.base
        room = closing
        if sight.free > 0:
            # Half of the free margin, so that the position survives what made it.
            notional = div_floor(sight.free * RATIO_SCALE, 2 * sight.imr)
            room = max(0, closing) + sight.size_for(notional)
        items: list[Command] = []
        for _ in range(min(rounds, self.ROUNDS)):
            part = step_floor(max(0, min(size, room)), sight.step)
            if part == 0:
                break
            items.append(order(sight, side, limit, part, tif=IOC))
            room -= part
        return items if len(items) < 2 else [Batch(False, items)]


class NoiseTaker:
    """Trades now and then without a reason, small mostly, and closes what has become large."""

    KIND: ClassVar[str] = "noise"
    DEPOSIT: ClassVar[int] = 100_000 * USD
    SMALLEST: ClassVar[int] = 50 * USD
    LARGEST_HELD: ClassVar[int] = 60_000 * USD

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """A market or IOC order, or nothing."""
        acts, side, doublings = rng.randrange(100), rng.randrange(2), rng.randrange(9)
        fine, style = rng.randrange(1_000), rng.randrange(100)
        if acts >= 40 or not sight.oracle_valid or not sight.active:
            return []
        if style < 10 or abs(sight.held) > self.LARGEST_HELD:
            return close(sight)
        size = sight.size_for(div_floor((self.SMALLEST << doublings) * (1_000 + fine), 1_000))
        if size == 0:
            return []
        if style < 70:
            return [order(sight, side, 0, size, kind=MARKET, tif=IOC)]
        return [taking(sight, side, size, 15 * BP)]


class BlockTaker:
    """Now and then wants more at the market than the book holds: the rest goes to an auction."""

    KIND: ClassVar[str] = "block"
    DEPOSIT: ClassVar[int] = 1_000_000 * USD
    BLOCK: ClassVar[int] = 80_000 * USD

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """A market order for a block, or out of the one it holds; mostly nothing."""
        acts, side, part = rng.randrange(100), rng.randrange(2), rng.randrange(1_000)
        if acts >= 5 or not sight.oracle_valid or not sight.active:
            return []
        if sight.base != 0:
            return close(sight)
        size = sight.size_for(div_floor(self.BLOCK * (1_000 + part), 1_000))
        return [order(sight, side, 0, size, kind=MARKET, tif=IOC)] if size > 0 else []


class MomentumTrader:
    """Follows the oracle while most of its path went one way, and steps aside when not."""

    KIND: ClassVar[str] = "momentum"
    DEPOSIT: ClassVar[int] = 250_000 * USD
    TARGET: ClassVar[int] = 40_000 * USD
    MEMORY: ClassVar[int] = 12

    def __init__(self) -> None:
        self._prices: deque[int] = deque(maxlen=self.MEMORY)

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """An IOC order toward the target, or a reduce-only one out of it."""
        if not sight.oracle_valid or not sight.active:
            return []
        prices = self._prices
        prices.append(sight.oracle)
        if len(prices) < self.MEMORY:
            return []
        path = sum(abs(after - before) for before, after in pairwise(prices))
        net = prices[-1] - prices[0]
        if 10 * abs(net) > 6 * path:
            wanted = self.TARGET if net > 0 else -self.TARGET
        elif 10 * abs(net) < 3 * path:
            return close(sight)
        else:
            return []
        short = wanted - sight.held
        size = sight.size_for(abs(short))
        # A tenth of the target is not worth a fee.
        if size == 0 or 10 * abs(short) < self.TARGET:
            return []
        return [taking(sight, BUY if short > 0 else SELL, size, 20 * BP)]


class Explorer:
    """Uses every kind of order in turn, also those that are bound to be refused."""

    KIND: ClassVar[str] = "explorer"
    DEPOSIT: ClassVar[int] = 250_000 * USD
    SIZE: ClassVar[int] = 1_500 * USD
    EXPIRY_MS: ClassVar[int] = 5_000

    def __init__(self) -> None:
        self._turn = -1

    def decide(self, sight: Sight, now: int, rng: Random) -> list[Command]:
        """The next step of the round."""
        if not sight.oracle_valid or not sight.active:
            return []
        self._turn += 1
        size = sight.size_for(self.SIZE + rng.randrange(self.SIZE))
        if size == 0 or self._turn == 0:
            # Whatever a former run left behind.
            return [CancelAll(sight.account, sight.market)]
        lap, turn = divmod(self._turn - 1, 14)
        name = f"explorer-{lap}"
        if turn < 7:
            return self._first_half(sight, turn, size, name, now)
        return self._second_half(sight, turn, size, name)

    def _first_half(self, sight: Sight, turn: int, size: int, name: str, now: int) -> list[Command]:
        above, below = sight.up(sight.off(40 * BP)), sight.down(sight.off(-40 * BP))
        if turn == 0:
            return [order(sight, BUY, above, size, tif=FOK)]
        if turn == 1:
            return [order(sight, BUY, below, size, expires_ms=now + self.EXPIRY_MS)]
        if turn == 2:
            return [order(sight, SELL, above, 2 * size, name=name)]
        if turn == 3:
            nearer = sight.up(sight.off(25 * BP))
            return self._amend(sight, name, nearer, 1, 1)
        if turn == 4:
            return self._amend(sight, name, 0, 1, 2)
        if turn == 5:
            return [CancelOrder(sight.account, 0, name)] if sight.own(name) else []
        half = step_floor(div_floor(max(0, sight.base), 2), sight.step)
        price = sight.up(sight.off(12 * BP))
        return [order(sight, SELL, price, half, reduce_only=True)] if half > 0 else []

    def _second_half(self, sight: Sight, turn: int, size: int, name: str) -> list[Command]:
        above, below = sight.up(sight.off(40 * BP)), sight.down(sight.off(-40 * BP))
        if turn == 7:
            return close(sight)
        if turn == 8:
            return [order(sight, SELL, sight.up(sight.off(8 * BP)), size, post=POST_REJECT)]
        if turn == 9:
            pair = [order(sight, BUY, below, size), order(sight, SELL, above, size)]
            return [Batch(True, [*pair])]
        if turn == 10:
            return [CancelAll(sight.account, sight.market)]
        if turn == 11:
            # Far more than there is at that price: a fill-or-kill order that is killed.
            return [order(sight, SELL, sight.up(sight.off(-BP)), 1_000 * size, tif=FOK)]
        if turn == 12:
            price = sight.down(sight.off(6 * BP))
            return [order(sight, BUY, price, size, name=f"{name}-cross")]
        # A post-only order that would take.
        return [order(sight, BUY, above, size, post=POST_REJECT)]

    @staticmethod
    def _amend(sight: Sight, name: str, price: int, part: int, of: int) -> list[Command]:
        row = sight.own(name)
        if row is None:
            return []
        size = row.filled + step_floor(div_floor(row.remaining * part, of), sight.step)
        price = price or row.price
        if size <= row.filled or (price == row.price and size == row.size):
            return []
        return [AmendOrder(sight.account, row.order, price, size)]
