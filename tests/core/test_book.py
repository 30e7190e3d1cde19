"""The limit order book: who is next, what may stay, and what leaves for which reason."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core import book
from plimsoll.core.rows import Order
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import KEEPER, Scenario

LOT = 10**9


def removed(page: Scenario) -> list[tuple[int, str, int]]:
    """Orders that left in the last command: id, reason, remaining."""
    return [
        (e.order, codes.DONE_REASONS[e.reason], e.remaining)
        for e in page.found
        if isinstance(e, events.OrderRemoved)
    ]


@pytest.mark.parametrize(
    ("side", "limit", "price", "accepts"),
    [(BUY, 100, 100, True), (BUY, 100, 101, False), (SELL, 100, 100, True), (SELL, 100, 99, False)],
)
def test_a_limit_accepts_its_own_price_or_better(
    side: int, limit: int, price: int, accepts: bool
) -> None:
    """BOOK-004: a buyer pays at most, a seller gets at least his limit."""
    assert book.crosses(side, limit, price) is accepts


def test_price_then_age_then_size_then_arrival_for_asks() -> None:
    """BOOK-002, BOOK-004: and every fill is at the maker's price."""
    Scenario(traders="alice bob carol dave erin").play("""
        alice  sell 1 @ 101
        bob    sell 1 @ 102
        clock  +1ms
        carol  sell 1 @ 101
        dave   sell 2 @ 101          # same age, larger
        bob    sell 2 @ 101          # same age and size, later
        clock  +1ms
        carol  sell 1 @ 100.5
        erin   buy  7 @ 103 ioc  -> 1 @ 100.5 carol, 1 @ 101 alice, 2 @ 101 dave,
                                    2 @ 101 bob, 1 @ 101 carol
        book   has  bids -, asks 102:1
    """)


def test_price_then_age_then_size_then_arrival_for_bids() -> None:
    """BOOK-002, BOOK-004: the mirror image."""
    Scenario(traders="alice bob carol dave erin").play("""
        alice  buy  1 @ 99
        bob    buy  1 @ 98
        clock  +1ms
        carol  buy  1 @ 99
        dave   buy  2 @ 99
        bob    buy  2 @ 99
        clock  +1ms
        carol  buy  1 @ 99.5
        erin   sell 7 @ 97 ioc  -> 1 @ 99.5 carol, 1 @ 99 alice, 2 @ 99 dave,
                                   2 @ 99 bob, 1 @ 99 carol
        book   has  bids 98:1, asks -
    """)


def test_a_partial_fill_keeps_the_place() -> None:
    """BOOK-002: priority goes by the original size; what is left stays in front."""
    Scenario().play("""
        alice  sell 3 @ 101 as=a
        bob    sell 2 @ 101
        carol  buy  2 @ 101 ioc     -> 2 @ 101 alice
        carol  buy  2 @ 101 ioc     -> 1 @ 101 alice, 1 @ 101 bob
        book   has  bids -, asks 101:1
    """)


@pytest.mark.parametrize(("first", "second"), [("sell", "buy"), ("buy", "sell")])
def test_self_trade_expires_the_maker(first: str, second: str) -> None:
    """BOOK-005: the taker goes on to the next; nothing is traded with oneself."""
    page = Scenario()
    page.play(f"""
        alice  {first} 1 @ 100 as=mine
        bob    {first} 1 @ 100
        alice  {second} 1 @ 100    -> 1 @ 100 bob
        book   has  bids -, asks -
        alice  has  orders 0
    """)
    assert (page.order_ids["mine"], "self_trade", LOT) in removed(page)


def test_self_trade_counts_all_accounts_of_an_owner() -> None:
    """BOOK-005: a sub-account is the same trader."""
    page = Scenario()
    owner = page.owner("alice")
    page.do(commands.CreateAccount(owner, page.accounts["alice"], "sub"), owner)
    page.accounts["sub"] = len(page.state.accounts) - 1
    page.deposit("sub", "1000")
    page.play("""
        alice  sell 1 @ 100
        sub    buy  1 @ 100 ioc   -> nothing
        sub    has  base 0
        book   has  bids -, asks -
    """)


def test_an_expired_order_is_not_matched() -> None:
    """BOOK-006, UPKEEP-003: it leaves when met; the last millisecond of its life still trades."""
    page = Scenario().play("""
        alice  sell 1 @ 100 until=+5ms as=a
        alice  sell 1 @ 100.5 until=+5ms as=b
        clock  +5ms
        bob    buy 1 @ 101 ioc    -> 1 @ 100 alice
        clock  +1ms
        bob    buy 1 @ 101 ioc    -> nothing
    """)
    assert removed(page)[0] == (page.order_ids["b"], "expired", LOT)


def test_a_tick_expires_the_soonest_first_and_no_more_than_asked() -> None:
    """UPKEEP-002: bounded work, by due time, then by id."""
    page = Scenario().play("""
        alice  buy 1 @ 99 until=+30ms as=late
        alice  buy 1 @ 98 until=+10ms as=soon
        alice  buy 1 @ 97 until=+20ms as=next
        clock  +10ms
        tick   1
    """)
    assert removed(page) == []  # its last millisecond
    page.play("""
        clock  +15ms
        tick   1
    """)
    assert [row[0] for row in removed(page)] == [page.order_ids["soon"]]
    page.play("tick 9")
    assert [row[0] for row in removed(page)] == [page.order_ids["next"]]
    page.play("""
        tick   9
        alice  has orders 1
    """)


def test_a_tick_does_no_more_than_the_exchange_allows() -> None:
    """UPKEEP-002: the command's limit is capped by the exchange's own."""
    page = Scenario(limits=commands.GlobalParams(tick_work_max=2))
    page.play("\n".join(f"alice buy 1 @ {90 + n} until=+1ms" for n in range(4)))
    page.now += 5
    page.do(commands.Tick(1_000), KEEPER)
    assert len(removed(page)) == 2


@pytest.mark.parametrize(
    ("side", "price", "other", "oracle"),
    [("sell", "101", "buy", "120"), ("buy", "99", "sell", "80")],
)
def test_an_order_outside_the_band_leaves_when_met(
    side: str, price: str, other: str, oracle: str
) -> None:
    """BOOK-007, ROUTE-004: a price the oracle has left behind is not traded at."""
    page = Scenario()
    page.play(f"""
        alice  {side} 1 @ {price} as=old
        oracle {oracle}
        bob    {other} 1 @ {oracle} ioc   -> nothing
    """)
    assert removed(page)[0] == (page.order_ids["old"], "price_band", LOT)


@pytest.mark.parametrize(("first", "second"), [("sell", "buy"), ("buy", "sell")])
def test_a_maker_without_margin_is_passed_over(first: str, second: str) -> None:
    """BOOK-008, MARGIN-008: an order its owner can no longer carry leaves, the next one trades."""
    page = Scenario(imr=500_000, mmr=200_000)
    page.play(f"""
        alice  {first} 15 @ 100 as=poor
        alice  has free 250
        bob    {first} 1 @ 100
    """)
    # A loss that no command of the vocabulary can cause while she may not trade.
    page.state.log.begin()
    page.account("alice").usd.add(-400_000_000)
    page.account("outside").usd.add(400_000_000)
    page.state.log.commit()
    page.play(f"carol {second} 1 @ 100  -> 1 @ 100 bob")
    assert removed(page)[0] == (page.order_ids["poor"], "maker_margin", 15 * LOT)


@pytest.mark.parametrize(
    ("side", "price", "best", "slid"),
    [
        (BUY, 101, 0, 101),
        (BUY, 99, 100, 99),
        (BUY, 100, 100, 90),
        (BUY, 150, 100, 90),
        (SELL, 101, 100, 101),
        (SELL, 100, 100, 110),
        (SELL, 50, 100, 110),
    ],
)
def test_slide_goes_one_tick_behind_the_opposite(
    side: int, price: int, best: int, slid: int
) -> None:
    """BOOK-011: only a price that would take is moved."""
    assert book.slide(side, price, best, 10) == slid


@pytest.mark.parametrize(("side", "sign"), [("sell", 1), ("buy", -1)])
def test_reduce_only_orders_share_the_position(side: str, sign: int) -> None:
    """BOOK-009, BOOK-010: best price first keep what they can close; the rest is cut or leaves."""
    other = "buy" if side == "sell" else "sell"
    page = Scenario()
    page.play(f"""
        bob    {side} 5 @ 100
        alice  {other} 5 @ 100             -> 5 @ 100 bob
        alice  {side} 3 @ {100 + 2 * sign} reduce as=far
        alice  {side} 3 @ {100 + sign} reduce as=near
    """)
    near, far = page.order("near"), page.order("far")
    assert (near.remaining, far.remaining) == (3 * LOT, 2 * LOT)
    page.play(f"""
        carol  {other} 4 @ {100 + sign} ioc   -> 3 @ {100 + sign} alice
        alice  has base {2 * sign}, orders 1
        carol  {other} 2 @ {100 + 2 * sign}   -> 2 @ {100 + 2 * sign} alice
        alice  has base 0, orders 0
    """)


def test_reduce_only_orders_leave_with_the_position() -> None:
    """BOOK-010, ROUTE-008: closing by other means takes them out."""
    page = Scenario().play("""
        bob    sell 2 @ 100
        alice  buy  2 @ 100
        alice  sell 2 @ 105 reduce as=exit
        carol  buy  2 @ 99
        alice  sell 2 @ 99      -> 2 @ 99 carol
        alice  has base 0, orders 0
    """)
    assert (page.order_ids["exit"], "reduce_only", 2 * LOT) in removed(page)


orders = st.lists(
    st.tuples(st.sampled_from(["alice", "bob", "carol"]), st.sampled_from([BUY, SELL]),
              st.integers(95, 105), st.integers(1, 9), st.integers(0, 1), st.booleans()),
    max_size=25,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(orders=orders)
def test_the_book_is_sorted_and_uncrossed_after_anything(
    orders: list[tuple[str, int, int, int, int, bool]],
) -> None:
    """BOOK-002, BOOK-012: whatever was placed and filled, each level is sorted by its key."""
    page = Scenario(cash="100000")
    for name, side, price, size, pause, reduce_only in orders:
        page.now += pause
        command = page.place(name, side, size * LOT, price * 10**6, reduce_only=reduce_only)
        page.apply(command, page.owner(name))
    sides = page.state.books[0]
    for ladder, sign in ((sides.bids, -1), (sides.asks, 1)):
        found: list[tuple[int, ...]] = []
        for level in reversed(ladder.levels):
            order: Order | None = level.head
            while order is not None:
                found.append((sign * order.price, order.age, -order.priority_size, order.sequence))
                order = order.next
        assert found == sorted(found)
    bid, ask = sides.best_price(BUY), sides.best_price(SELL)
    assert not bid or not ask or bid < ask
