"""A side of the book as a data structure, and its inverse operations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core.ladder import Book, Ladder
from plimsoll.core.rows import Account, Order, Position
from plimsoll.core.store import UndoLog
from plimsoll.messages.codes import BUY, SELL, TRADER


class Maker:
    """Makes orders of one account; ages only rise."""

    def __init__(self) -> None:
        self.log = UndoLog()
        self.account = Account(self.log, 0, 0, TRADER, -1, "")
        self.position = Position(self.log, 0, 0)
        self.last = 0

    def order(self, side: int, price: int, size: int, age: int) -> Order:
        """An order that has arrived but does not rest yet."""
        self.last += 1
        row = Order(self.log, self.last, self.account, self.position, side, price, size, 0,
                    False, 0, "", age)  # fmt: skip
        row.arrive(self.last)
        return row


def shape(ladder: Ladder) -> list[Any]:
    """Everything an iteration over the ladder can see, both ways."""
    seen: list[Any] = [list(ladder.keys)]
    for level in ladder.levels:
        ahead, back = [], []
        order = level.head
        while order is not None:
            ahead.append(order.ident)
            order = order.next
        order = level.tail
        while order is not None:
            back.append(order.ident)
            order = order.prev
        assert back == ahead[::-1]
        seen.append((level.key, level.price, level.total, ahead))
    return seen


def test_best_is_highest_bid_and_lowest_ask() -> None:
    """BOOK-001: price comes first, mirrored for both sides."""
    make = Maker()
    book = Book()
    assert (book.best_price(BUY), book.best_price(SELL)) == (0, 0)
    for price in (5, 7, 6):
        book.side(BUY).place(make.order(BUY, price, 1, 0))
        book.side(SELL).place(make.order(SELL, price + 10, 1, 0))
    assert (book.best_price(BUY), book.best_price(SELL)) == (7, 15)
    assert book.opposite(BUY) is book.asks
    assert book.opposite(SELL) is book.bids


entries = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=40
)


@given(entries=entries, sign=st.sampled_from([1, -1]))
def test_a_ladder_is_sorted_by_its_key(entries: list[tuple[int, int, int]], sign: int) -> None:
    """BOOK-002: price, then age, then larger size, then arrival; whatever came in between."""
    make = Maker()
    ladder = Ladder(sign)
    side = BUY if sign > 0 else SELL
    age = 0
    placed: list[Order] = []
    for price, size, pause in entries:
        age += pause
        order = make.order(side, price, size, age)
        ladder.place(order)
        placed.append(order)
    placed.sort(key=lambda o: (-sign * o.price, o.age, -o.priority_size, o.sequence))
    found = []
    for level in reversed(ladder.levels):
        order_: Order | None = level.head
        while order_ is not None:
            found.append(order_.ident)
            order_ = order_.next
    assert found == [order.ident for order in placed]
    assert sum(level.total for level in ladder.levels) == sum(o.remaining for o in placed)


@given(entries=entries, data=st.data())
def test_taking_out_and_putting_back_restores_every_place(
    entries: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    """MSG-004: inverse operations in reverse order leave the iteration order as it was."""
    make = Maker()
    ladder = Ladder(1)
    resting: list[Order] = []
    age = 0
    for price, size, pause in entries:
        age += pause
        order = make.order(BUY, price, size, age)
        ladder.place(order)
        resting.append(order)
    before = shape(ladder)
    taken = data.draw(st.lists(st.sampled_from(resting), unique_by=id))
    for order in taken:
        ladder.take(order)
        assert not order.resting
    for order in reversed(taken):
        ladder.put_back(order)
    assert shape(ladder) == before


def test_an_order_that_never_rested_is_refused() -> None:
    """A broken caller is noticed at once."""
    ladder = Ladder(1)
    order = Maker().order(BUY, 1, 1, 0)
    with pytest.raises(RuntimeError, match="taken out"):
        ladder.take(order)
    with pytest.raises(RuntimeError, match="put back"):
        ladder.put_back(order)
