"""The limit book as keepers know it: per market and side by price, age, size and arrival.

Built from the orders of a snapshot and kept by events; both ways give the same order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence

from plimsoll.keepers.rows import BUY, SELL, Resting


class OrderBook:
    """All resting orders by id, and the sides in the order in which they are matched."""

    def __init__(self, orders: Iterable[Resting] = ()) -> None:
        self._orders: dict[int, Resting] = {}
        self._sides: dict[tuple[int, str], list[Resting]] = {}
        self._expiring: dict[int, Resting] = {}
        for order in orders:
            self.add(order)

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order: int) -> bool:
        return order in self._orders

    def get(self, order: int) -> Resting | None:
        """The order of an id."""
        return self._orders.get(order)

    def add(self, order: Resting) -> None:
        """Let an order rest; one of the same id is replaced."""
        self.remove(order.order)
        self._orders[order.order] = order
        side = self._sides.setdefault((order.market, order.side), [])
        insort(side, order, key=Resting.rank)
        if order.expires_ms > 0:
            self._expiring[order.order] = order

    def remove(self, order: int) -> Resting | None:
        """Take an order out; None if it does not rest."""
        found = self._orders.pop(order, None)
        if found is None:
            return None
        side = self._sides[found.market, found.side]
        # Ranks differ among resting orders: the sequence is unique.
        del side[bisect_left(side, found.rank(), key=Resting.rank)]
        self._expiring.pop(order, None)
        return found

    def reduce(self, order: int, size: int) -> None:
        """A part was traded, which changes no place and pays or frees the extra fee; unknown
        orders are ignored.
        """
        found = self._orders.get(order)
        if found is not None:
            found.remaining -= size
            found.keeper_fee = 0

    def resize(self, order: int, remaining: int) -> None:
        """The owner made it smaller, which changes no place."""
        found = self._orders.get(order)
        if found is not None:
            found.remaining = remaining

    def side(self, market: int, side: str) -> Sequence[Resting]:
        """The orders of a side, the one that is matched first at the front."""
        return self._sides.get((market, side), ())

    def best(self, market: int, side: str) -> int:
        """Best price of a side; 0 when it is empty."""
        found = self.side(market, side)
        return found[0].price if found else 0

    def expired(self, now: int) -> list[Resting]:
        """Orders whose time is over at ``now`` (the exchange's ms), soonest first."""
        found = [one for one in self._expiring.values() if one.expires_ms < now]
        return sorted(found, key=lambda one: (one.expires_ms, one.order))

    def tops(self) -> list[tuple[int, int, int]]:
        """(market, best bid, best ask) of every market that has or had orders."""
        markets = sorted({market for market, _ in self._sides})
        return [(one, self.best(one, BUY), self.best(one, SELL)) for one in markets]

    def ladder(self) -> dict[tuple[int, str], list[tuple[int, int, int]]]:
        """(order, price, remaining) by market and side, in the order of matching."""
        return {
            key: [(one.order, one.price, one.remaining) for one in side]
            for key, side in self._sides.items()
            if side
        }

    def __iter__(self) -> Iterator[Resting]:
        return iter(self._orders.values())

    def last_sequence(self) -> int:
        """The latest arrival that rests; 0 for none."""
        return max((one.sequence for one in self._orders.values()), default=0)
