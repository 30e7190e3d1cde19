"""The two sides of an order book as a data structure: levels in price order, orders within.

Matching is in ``book`` and ``routing``; here is only what keeps the order, and the inverse
operations that let a rollback put an order back exactly where it stood.
"""

from __future__ import annotations

from typing import final

from librt.vecs import append, pop, vec
from mypy_extensions import i64

from plimsoll.core.rows import Level, Order
from plimsoll.messages.codes import BUY


@final
class Ladder:
    """One side. ``keys`` ascends and its last entry is the best price."""

    def __init__(self, sign: int) -> None:
        self.sign: int = sign  # 1 for bids, -1 for asks
        self.keys: vec[i64] = vec[i64]()
        self.levels: list[Level] = []

    def find(self, key: i64) -> i64:
        """Index of the first key that is not below ``key``."""
        keys = self.keys
        low: i64 = 0
        high: i64 = len(keys)
        while low < high:
            middle = (low + high) >> 1
            if keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        return low

    def insert(self, level: Level) -> None:
        """Put a level in its place; its price must be new."""
        key: i64 = level.key
        at = self.find(key)
        self.keys = append(self.keys, key)
        keys = self.keys
        i: i64 = len(keys) - 1
        while i > at:
            keys[i] = keys[i - 1]
            i -= 1
        keys[at] = key
        self.levels.insert(at, level)

    def level_at(self, price: int) -> Level:
        """The level of a price, made if there is none."""
        key = price if self.sign > 0 else -price
        at = self.find(key)
        if at < len(self.keys) and self.keys[at] == key:
            return self.levels[at]
        level = Level(key, price)
        self.insert(level)
        return level

    def drop(self, level: Level) -> None:
        """Take an empty level out."""
        at = self.find(level.key)
        self.keys, _ = pop(self.keys, at)
        self.levels.pop(at)

    def best(self) -> Level | None:
        """The best level."""
        levels = self.levels
        n = len(levels)
        return levels[n - 1] if n > 0 else None

    def place(self, order: Order) -> None:
        """Link an order by priority: age, then larger size, then arrival.

        A new order is never older than what rests, so only the run of its own age is walked.
        """
        level = self.level_at(order.price)
        at = level.tail
        while at is not None and at.age == order.age and at.priority_size < order.priority_size:
            at = at.prev
        level.link(order, at)

    def put_back(self, order: Order) -> None:
        """Inverse of ``take``: link an order where its own links say it stood."""
        level = order.level
        if level is None:
            raise RuntimeError("an order that never rested cannot be put back")
        if level.head is None:
            self.insert(level)
        level.link(order, order.prev)

    def take(self, order: Order) -> None:
        """Unlink an order; an empty level goes too."""
        level = order.level
        if level is None:
            raise RuntimeError("an order that never rested cannot be taken out")
        level.unlink(order)
        if level.head is None:
            self.drop(level)


@final
class Book:
    """Both sides of a market."""

    def __init__(self) -> None:
        self.bids: Ladder = Ladder(1)
        self.asks: Ladder = Ladder(-1)

    def side(self, side: int) -> Ladder:
        """The ladder that orders of this side rest in."""
        return self.bids if side == BUY else self.asks

    def opposite(self, side: int) -> Ladder:
        """The ladder that orders of this side match against."""
        return self.asks if side == BUY else self.bids

    def best_price(self, side: int) -> int:
        """Best price of a side, 0 when empty."""
        level = self.side(side).best()
        return 0 if level is None else level.price
