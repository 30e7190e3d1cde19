"""Cross margin: equity, requirements, reservations, and what may leave an account."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core import margin
from plimsoll.messages import commands
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import mul_div_ceil
from tests.harness.scenario import Scenario, market

LOT = 10**9
MIRROR = pytest.mark.parametrize(("buy", "sell"), [("buy", "sell"), ("sell", "buy")])


def test_a_position_is_worth_what_its_holder_could_not_dispute() -> None:
    """MARGIN-002: longs round down, shorts up."""
    assert margin.value(1, 1_500_000_000) == 1
    assert margin.value(-1, 1_500_000_000) == -2
    assert margin.value(0, 5) == 0
    assert margin.value(3 * LOT, 100_000_000) == 300_000_000
    assert margin.value(-3 * LOT, 100_000_000) == -300_000_000


def test_a_ledger_page_long_and_short() -> None:
    """MARGIN-001, MARGIN-003, MARGIN-005, MARGIN-006: a trade at 100, then a rise of 5."""
    page = Scenario().play("""
        alice  sell 4 @ 100
        bob    buy  4 @ 100
        oracle 105
        bob    has  cash 600, base 4, entry 400, equity 1020, margin 1000, free 978
        alice  has  cash 1400, base -4, entry -400, equity 980, margin 1000, free 938
        bob    has  withdrawable 978
        alice  has  withdrawable 938
    """)
    for name in ("alice", "bob"):
        account = page.account(name)
        assert margin.requirement(page.state, account, False) == 42_000_000
        assert margin.requirement(page.state, account, True) == 21_000_000


@MIRROR
def test_unrealised_profit_never_leaves(buy: str, sell: str) -> None:
    """MARGIN-007: withdrawable is the smaller of margin and what is free."""
    price = "109" if buy == "buy" else "91"
    Scenario().play(f"""
        alice  {sell} 9 @ 100
        bob    {buy} 9 @ 100
        oracle {price}
        bob    has  equity 1081, margin 1000
        bob    withdraw 1000           -> NOT_WITHDRAWABLE
        carol  {buy} 9 @ {price}
        bob    {sell} 9 @ {price}      -> 9 @ {price} carol
        bob    has  margin 1081, withdrawable 1081
        bob    withdraw 1081.000001    -> NOT_WITHDRAWABLE 1081000001 1081000000
        bob    withdraw 1081
        bob    has  cash 0
    """)


@pytest.mark.parametrize(
    ("side", "other", "price"), [("buy", "sell", "150"), ("sell", "buy", "50")]
)
def test_margin_bounds_a_withdrawal_when_more_is_free(side: str, other: str, price: str) -> None:
    """MARGIN-007: 1,070 (1,090) are free after the gain of 100, but only 1,000 may leave."""
    Scenario().play(f"""
        alice  {other} 2 @ 100
        bob    {side} 2 @ 100
        oracle {price}
        bob    has  equity 1100, margin 1000, free {"1070" if side == "buy" else "1090"},
                    withdrawable 1000
        bob    withdraw 1000.000001    -> NOT_WITHDRAWABLE 1000000001 1000000000
        bob    withdraw 1000
    """)


@pytest.mark.parametrize(
    ("held", "size", "notional", "opens"),
    [
        (0, 10, 1_000, 1_000),
        (-5, 10, 1_000, 1_000),  # held on the same side: nothing closes
        (4, 10, 1_000, 600),
        (10, 10, 1_000, 0),
        (11, 10, 1_000, 0),
        (5, 0, 0, 0),
        (1, 3, 100, 67),  # up
    ],
)
def test_opening_part_of_open_orders(held: int, size: int, notional: int, opens: int) -> None:
    """MARGIN-004: n if nothing closes, 0 if all closes, else ceil(n·(s-c)/s)."""
    assert margin.opening_part(held, size, notional) == opens


@MIRROR
def test_the_larger_side_is_reserved(buy: str, sell: str) -> None:
    """MARGIN-004, ORDER-008: max of both sides at their limits, on the part that can open."""
    low, high = ("95", "105") if buy == "buy" else ("105", "95")
    cost = {"95": "28.5", "105": "31.5"}
    Scenario().play(f"""
        alice  {buy} 3 @ {low}
        alice  has  reserved {cost[low]}
        alice  {sell} 3 @ {high}
        alice  has  reserved 31.5, free 968.5
        alice  {sell} 1 @ {high}
        alice  has  reserved {"42" if high == "105" else "38"}
    """)


def test_reduce_only_orders_reserve_nothing() -> None:
    """MARGIN-004: they can only close."""
    Scenario().play("""
        alice  sell 2 @ 100
        bob    buy  2 @ 100
        bob    sell 2 @ 105 reduce
        bob    has  reserved 0
        bob    sell 2 @ 106
        bob    has  reserved 0
        bob    sell 1 @ 106
        bob    has  reserved 10.6
    """)


def test_margin_is_one_sum_over_all_markets() -> None:
    """MARGIN-001: a loss in one market is covered by a gain in another."""
    page = Scenario(market(), market(symbol="Y-USD"))
    page.oracle("100", 0)
    page.oracle("100", 1)
    page.play("""
        alice  sell 5 @ 100
        bob    buy  5 @ 100
        bob    sell 5 @ 100 eth
        alice  buy  5 @ 100 eth
        oracle 120
        oracle 120 eth
        bob    has  equity 1000, margin 1000, free 880
        alice  has  equity 1000
    """)


def test_an_account_of_its_own_isolates() -> None:
    """ACCOUNT-003: margin is not shared between accounts of one owner."""
    page = Scenario()
    owner = page.owner("alice")
    page.do(commands.CreateAccount(owner, page.accounts["alice"], "sub"), owner)
    page.accounts["sub"] = len(page.state.accounts) - 1
    page.play("""
        sub    buy 1 @ 100     -> INSUFFICIENT_MARGIN 0 10000000
        alice  pay sub 10
        sub    buy 1 @ 100
        sub    has free 0
        sub    pay alice 0.000001 -> NOT_WITHDRAWABLE 1 0
    """)


@pytest.mark.parametrize(
    ("side", "cash", "price"),
    [("buy", "200", "84.210526"), ("sell", "200", "114.285714"), ("buy", "2000", "0")],
)
def test_liquidation_price(side: str, cash: str, price: str) -> None:
    """MARGIN-009: where equity meets the maintenance requirement; 0 if nowhere above zero."""
    other = "sell" if side == "buy" else "buy"
    page = Scenario(cash=cash).play(f"""
        alice  {other} 10 @ 100
        bob    {side} 10 @ 100
    """)
    account = page.account("bob")
    found = margin.liquidation_price(page.state, account, 0)
    assert found == round(float(price) * 10**6)
    assert margin.liquidation_price(page.state, account, 1) == 0
    if found:
        row = page.position("bob")
        for step, covered in ((0, True), (-2 if side == "buy" else 2, False)):
            at = found + step + (1 if side == "buy" else 0)
            equity = account.cash() + margin.value(row.base, at)
            assert (equity * 20 * LOT >= abs(row.base) * at) is covered


quotes = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 200)), max_size=5)


def sums(orders: list[tuple[int, int]]) -> tuple[int, int]:
    """Size and notional of open orders."""
    return sum(size for size, _ in orders), sum(size * price for size, price in orders)


@given(base=st.integers(-60, 60), bids=quotes, asks=quotes, more=quotes)
def test_reservation_only_grows_with_orders(
    base: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]],
    more: list[tuple[int, int]],
) -> None:  # fmt: skip
    """MARGIN-004: another order never frees margin, on either side, whatever is held."""
    at_first = margin.reservation(base, *sums(bids), *sums(asks), 100_000)
    assert margin.reservation(base, *sums(bids + more), *sums(asks), 100_000) >= at_first
    assert margin.reservation(base, *sums(bids), *sums(asks + more), 100_000) >= at_first


@given(base=st.integers(-60, 60), bids=quotes, asks=quotes)
def test_reservation_is_symmetric(
    base: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]
) -> None:
    """MARGIN-004: long and short are mirror images."""
    one = margin.reservation(base, *sums(bids), *sums(asks), 100_000)
    two = margin.reservation(-base, *sums(asks), *sums(bids), 100_000)
    assert one == two


@given(size=st.integers(1, 1_000), price=st.integers(1, 10**9), imr=st.integers(1, 10**6))
def test_reservation_covers_the_requirement_of_a_fill_at_the_limit(
    size: int, price: int, imr: int
) -> None:
    """MARGIN-004, MARGIN-003: at its own price a filled order needs no more than it reserved."""
    notional = size * price
    reserved = margin.reservation(0, size, notional, 0, 0, imr)
    assert reserved == mul_div_ceil(notional, imr, 10**6)


ops = st.lists(
    st.tuples(st.sampled_from(["alice", "bob", "carol"]), st.sampled_from([BUY, SELL]),
              st.integers(96, 104), st.integers(1, 30), st.booleans()),
    max_size=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ops=ops)
def test_free_after_a_fill_is_free_after_the_fill(
    ops: list[tuple[str, int, int, int, bool]],
) -> None:
    """MARGIN-008, MARGIN-005: judged in thought as it is in fact; equities sum to deposits."""
    page = Scenario(taker_fee=0)
    for name, side, price, size, post in ops:
        command = page.place(name, side, size * LOT, price * 10**6, post=int(post))
        page.apply(command, page.owner(name))
    state = page.state
    total = 0
    for account in state.accounts:
        total += margin.equity(state, account)
        by_hand = (
            margin.equity(state, account)
            - margin.requirement(state, account, False)
            - margin.reserved(state, account)
        )
        assert margin.free(state, account) == by_hand
        assert margin.withdrawable(state, account) == max(
            0, min(by_hand, margin.settled(state, account))
        )
    assert total == 0  # the outside world owes what was deposited; prices are whole here
    alice = page.account("alice")
    page.state.position(alice, 0)
    said = margin.free_after(state, alice, 0, LOT, -100 * 10**6, 0, 0, True)
    state.log.begin()
    page.position("alice").hold(page.position("alice").base + LOT, 0)
    alice.usd.add(-100 * 10**6)
    assert margin.free(state, alice) == said
    state.log.rollback(0)


def test_nobody_closes_himself_into_a_debt() -> None:
    """MARGIN-010: a reduction may cost all there is, not more; as taker, and as maker."""
    Scenario().play("""
        bob    sell 95 @ 100
        alice  buy  95 @ 100
        oracle 91
        alice  has  equity 145
        carol  buy  95 @ 89
        alice  sell 95 @ 89 ioc         -> INSUFFICIENT_MARGIN -45000000 0
        alice  sell 72 @ 89 ioc         -> 72 @ 89 carol
        alice  has  equity 1
    """)
    Scenario().play("""
        bob    sell 95 @ 100
        alice  buy  95 @ 100
        oracle 91
        alice  sell 95 @ 89
        carol  buy  95 @ 89 ioc
        book   has  bids -, asks -
        alice  has  base 95, equity 145
    """)
