"""A naive twin of one market's order book: a plain list, searched and sorted on every use.

Priority is price, then age, then larger original size, then arrival. Orders are immutable; a
change replaces one. It knows nothing of levels, links, or indexes.
"""

from __future__ import annotations

from typing import NamedTuple

BUY = 0
SELL = 1


class Resting(NamedTuple):
    """A resting order."""

    ident: int
    account: int
    side: int
    price: int
    size: int
    remaining: int
    filled: int
    reduce_only: bool
    expires: int
    client: str
    age: int
    original: int
    sequence: int

    def shrunk(self, removed: int) -> Resting:
        """The order after a part was taken away without a fill; its priority stays."""
        return self._replace(size=self.size - removed, remaining=self.remaining - removed)

    def traded(self, size: int) -> Resting:
        """The order after a fill."""
        return self._replace(remaining=self.remaining - size, filled=self.filled + size)


class Sums(NamedTuple):
    """What an account has open in a market: sizes and notionals (of orders that may open)."""

    bid_size: int
    bid_worth: int
    ask_size: int
    ask_worth: int
    ro_bid: int
    ro_ask: int


def priority(order: Resting) -> tuple[int, int, int, int]:
    """Sorting key within a side, best first."""
    price = -order.price if order.side == BUY else order.price
    return (price, order.age, -order.original, order.sequence)


def closable(base: int, side: int) -> int:
    """How much an order of a side can close of a position."""
    return max(0, base if side == SELL else -base)


class NaiveBook:
    """Both sides in one list."""

    def __init__(self, orders: list[Resting] | None = None) -> None:
        self.orders: list[Resting] = orders or []

    def copy(self) -> NaiveBook:
        """The book as it is now (orders are immutable)."""
        return NaiveBook(list(self.orders))

    def ranked(self, side: int) -> list[Resting]:
        """The orders of a side, best priority first."""
        return sorted([o for o in self.orders if o.side == side], key=priority)

    def next_maker(self, taker_side: int, limit: int) -> Resting | None:
        """The order a taker meets next, if its price is within the limit."""
        facing = [o for o in self.orders if o.side != taker_side]
        if not facing:
            return None
        best = min(facing, key=priority)
        within = best.price <= limit if taker_side == BUY else best.price >= limit
        return best if within else None

    def best_price(self, side: int) -> int:
        """Best price of a side, 0 when it is empty."""
        prices = [o.price for o in self.orders if o.side == side]
        if not prices:
            return 0
        return max(prices) if side == BUY else min(prices)

    def find(self, ident: int) -> Resting | None:
        """The order of an id."""
        for order in self.orders:
            if order.ident == ident:
                return order
        return None

    def put(self, order: Resting) -> None:
        """Let an order rest."""
        self.orders.append(order)

    def drop(self, ident: int) -> None:
        """Take an order out."""
        self.orders = [o for o in self.orders if o.ident != ident]

    def change(self, order: Resting) -> None:
        """Put the new version of an order in the place of the old one."""
        self.orders = [order if o.ident == order.ident else o for o in self.orders]

    def of(self, account: int) -> list[Resting]:
        """An account's orders, by arrival."""
        return sorted((o for o in self.orders if o.account == account), key=lambda o: o.sequence)

    def sums(self, account: int) -> Sums:
        """What an account has open, summed up from its orders."""
        size = {BUY: 0, SELL: 0}
        worth = {BUY: 0, SELL: 0}
        reducing = {BUY: 0, SELL: 0}
        for order in self.orders:
            if order.account != account:
                continue
            if order.reduce_only:
                reducing[order.side] += order.remaining
            else:
                size[order.side] += order.remaining
                worth[order.side] += -(-order.price * order.remaining // 10**9)
        return Sums(size[BUY], worth[BUY], size[SELL], worth[SELL], reducing[BUY], reducing[SELL])

    def too_much(self, account: int, base: int) -> list[tuple[Resting, int]]:
        """Reduce-only orders that exceed the position, with what may stay of each (0: nothing).

        The best priority is kept longest.
        """
        found = []
        for side in (BUY, SELL):
            left = closable(base, side)
            mine = [o for o in self.ranked(side) if o.account == account and o.reduce_only]
            for order in mine:
                keep = min(order.remaining, left)
                left -= keep
                if keep < order.remaining:
                    found.append((order, keep))
        return found
