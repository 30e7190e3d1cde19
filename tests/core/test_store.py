"""All or nothing: the undo log, its scopes, and the index of timers."""

from __future__ import annotations

import bisect
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core.rows import Order
from plimsoll.core.state import State
from plimsoll.core.store import KeyIndex, Undo
from plimsoll.messages.codes import BUY, SELL
from tests.core.test_ladder import shape
from tests.harness.scenario import Scenario


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), max_size=60))
def test_key_index_is_a_sorted_list(steps: list[tuple[bool, int, int]]) -> None:
    """UPKEEP-001: smallest key first, then smallest id, after any additions and removals."""
    index = KeyIndex()
    model: list[tuple[int, int]] = []
    for add, key, ident in steps:
        pair = (key, ident)
        assert index.has(key, ident) == (pair in model)
        if add and pair not in model:
            index.add(key, ident)
            bisect.insort(model, pair)
        elif not add and pair in model:
            index.remove(key, ident)
            model.remove(pair)
        assert index.size() == len(model)
        assert index.first_key() == (model[0][0] if model else -1)
        if model:
            assert index.first_id() == model[0][1]
    assert list(zip(index.keys, index.ids, strict=True)) == model[::-1]


def test_removing_a_pair_that_is_not_there_is_a_bug() -> None:
    """An index that has drifted from its rows does not go unnoticed."""
    index = KeyIndex()
    index.add(1, 2)
    for key, ident in ((1, 1), (1, 3), (0, 2), (2, 2)):
        with pytest.raises(RuntimeError, match="not in the index"):
            index.remove(key, ident)


def test_an_undo_that_does_not_say_how_is_refused() -> None:
    """Every entry of the log can be taken back."""
    with pytest.raises(RuntimeError, match="taken back"):
        Undo().undo()


def everything(state: State) -> list[Any]:
    """What any walk over the state can see, hash and iteration order included."""
    return [
        state.dump(),
        [[shape(book.bids), shape(book.asks)] for book in state.books],
        list(state.orders),
        [
            [
                [order.ident for order in account.orders],
                list(account.client_orders),
                [(b.asset, b.amount) for b in account.balances],
                [
                    (p.market, p.base, p.entry_cost, p.bid_size, p.bid_notional, p.ask_size,
                     p.ask_notional, p.ro_bid, p.ro_ask)
                    for p in account.positions
                ],
            ]
            for account in state.accounts
        ],
        sorted(state.external_ids.items()),
        [row.accounts for row in state.principals],
        list(zip(state.expiries.keys, state.expiries.ids, strict=True)),
        [(row.bid, row.ask) for row in state.vamms],
        [(row.low, row.high) for row in state.oracles],
        [row.stamp for row in state.accounts[4].balances],
    ]  # fmt: skip


def mapping_order_aside(seen: list[Any]) -> list[Any]:
    """The same without the order of mappings, which nothing iterates over."""
    kept = [*seen]
    kept[2] = sorted(kept[2])
    kept[3] = [[orders, sorted(clients), *rest] for orders, clients, *rest in kept[3]]
    return kept


class Machine:
    """Random changes of every kind of row, within nested scopes."""

    def __init__(self, data: st.DataObject) -> None:
        self.page = Scenario(traders="alice bob")
        self.state = self.page.state
        self.data = data
        self.serial = 0
        self.clock = 0

    def pick(self, *choices: Any) -> Any:
        """One of these."""
        return self.data.draw(st.sampled_from(choices))

    def step(self) -> None:
        """One change."""
        state = self.state
        resting = [state.orders[ident] for ident in sorted(state.orders)]
        kind = self.data.draw(st.integers(0, 9))
        account = state.accounts[4 + self.data.draw(st.integers(0, 1))]
        row = state.position(account, 0)
        if kind <= 2:
            self.rest(row)
        elif kind == 3 and resting:
            state.unrest(self.pick(*resting))
        elif kind == 4 and resting:
            order = self.pick(*resting)
            order.fill(1)
            row = order.position
            row.add_open(order.side, -1, -order.price, order.reduce_only)
            if order.remaining == 0:
                state.unrest(order)
        elif kind == 5 and resting:
            order = self.pick(*resting)
            if order.remaining > 1:
                order.shrink(1)
                order.position.add_open(order.side, -1, -order.price, order.reduce_only)
        elif kind == 6:
            state.balance(account, self.pick(0, 0, 2)).add(7)
            state.globals.take_fill()
        elif kind == 7:
            row.hold(row.base + 3, row.entry_cost - 5)
            state.markets[0].add_interest(3)
        elif kind == 8:
            self.grow()
        else:
            self.move_prices()

    def rest(self, row: Any) -> None:
        """A new order."""
        self.serial += 1
        self.clock += self.pick(0, 0, 1)
        ident = self.state.globals.take_order()
        order = Order(
            self.state.log, ident, self.state.accounts[row.account], row, self.pick(BUY, SELL),
            self.pick(1, 2, 3) * 10**9, self.pick(1, 2, 3), 0, self.pick(False, True),
            self.pick(0, 5, 6), self.pick("", f"c{self.serial}"), self.clock,
        )  # fmt: skip
        order.arrive(self.state.globals.take_sequence())
        self.state.rest(order)

    def grow(self) -> None:
        """Tables that grow."""
        state = self.state
        self.serial += 1
        what = self.pick("principal", "asset", "account", "market", "external")
        if what == "principal":
            state.add_principal(f"p{self.serial}", 1)
        elif what == "asset":
            state.add_asset(f"A{self.serial}", 6)
        elif what == "account":
            state.add_account(3, 0, -1, "more")
            state.principals[3].count_account()
        elif what == "market":
            state.add_market(state.markets[0].params, [state.accounts[4]] * 6)
        else:
            state.use_external_id(f"x{self.serial}", 1)

    def move_prices(self) -> None:
        """Rows with derived values."""
        state = self.state
        self.clock += 1
        price = self.pick(90, 100, 110) * 10**6
        state.oracles[0].accept(price, 1, self.clock, self.clock, [price])
        state.oracles[0].set_band(state.markets[0].params)
        state.markets[0].set_mode(self.pick(0, 1, 2, 3))
        k = 10**12
        state.vamms[0].set_curve(k, k, k, price, 0)
        state.vamms[0].set_spreads(500, 500)

    def run(self, depth: int) -> None:
        """Changes and inner scopes; some scopes stand, some are taken back."""
        for _ in range(self.data.draw(st.integers(1, 5))):
            if depth > 0 and self.data.draw(st.booleans()):
                before = everything(self.state)
                mark = self.state.log.open()
                self.run(depth - 1)
                if self.data.draw(st.booleans()):
                    self.state.log.rollback(mark)
                    after = everything(self.state)
                    assert mapping_order_aside(after) == mapping_order_aside(before)
            else:
                self.step()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_nested_scopes_restore_everything(data: st.DataObject) -> None:
    """MSG-004: after any rollback the state is the copy taken when its scope opened, walks too."""
    machine = Machine(data)
    machine.state.log.begin()
    before = everything(machine.state)
    machine.run(3)
    machine.state.log.rollback(0)
    assert mapping_order_aside(everything(machine.state)) == mapping_order_aside(before)
    machine.state.log.begin()
    machine.run(2)
    machine.state.log.commit()
    assert machine.state.log.entries == []
