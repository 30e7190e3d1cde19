"""Placing, cancelling and amending orders: what rests, what is dropped, what is judged."""

from __future__ import annotations

import pytest

from plimsoll.core.handlers import checks
from plimsoll.core.rows import Position
from plimsoll.core.store import UndoLog
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import Scenario, market

LOT = 10**9
MIRROR = pytest.mark.parametrize(("buy", "sell"), [("buy", "sell"), ("sell", "buy")])


def kinds(page: Scenario) -> list[str]:
    """The events of the last command by name."""
    return [type(event).__name__ for event in page.found]


def dropped(page: Scenario) -> list[str]:
    """Why orders of the last command did not rest."""
    return [
        codes.DONE_REASONS[event.reason]
        for event in page.found
        if isinstance(event, events.OrderRemoved) and not event.resting
    ]


def test_what_is_not_filled() -> None:
    """ORDER-001, ORDER-015: GTC rests, IOC is dropped, FOK is refused as a whole."""
    page = Scenario().play("""
        alice  sell 1 @ 100
        bob    buy  2 @ 100 fok      -> FOK_NOT_FILLABLE 1000000000 2000000000
        bob    buy  2 @ 100 ioc      -> 1 @ 100 alice
    """)
    assert dropped(page) == ["ioc_remainder"]
    page.play("bob buy 1 market  -> nothing")
    assert dropped(page) == ["no_liquidity"]
    page.play("bob buy 1 @ 100")
    assert kinds(page) == ["OrderAccepted", "OrderRested"]
    page.play("alice sell 1 @ 100 fok   -> 1 @ 100 bob")
    assert dropped(page) == ["filled"]


def test_ids_are_given_once() -> None:
    """ORDER-014: the next id, also after an order is done; a refused one uses none."""
    page = Scenario().play("""
        alice  buy 1 @ 90 as=a
        alice  buy 1 @ 200      -> PRICE_BAND
        alice  cancel a
        alice  buy 1 @ 90 as=b
    """)
    assert page.order_ids["b"] == page.order_ids["a"] + 1


@pytest.mark.parametrize("words", ["buy 1 @ 105 slide", "buy 1 @ 105 post"])
def test_the_accepted_price_is_the_price_it_will_have(words: str) -> None:
    """ORDER-014, ORDER-013: a slid order is reported with its new price."""
    page = Scenario().play("bob sell 1 @ 101")
    if "post" in words:
        page.play(f"alice {words} -> POST_ONLY_CROSSES 105000000 101000000")
        return
    page.play(f"alice {words}")
    accepted = page.found[0]
    assert isinstance(accepted, events.OrderAccepted)
    assert accepted.price == 100_900_000


def test_sliding_out_of_the_band_is_refused() -> None:
    """ORDER-013: the moved price is judged like any other."""
    page = Scenario(oracle_jump_max=10_000_000)
    page.play("""
        bob    sell 1 @ 90
        oracle 101
    """)
    # The best ask, 90, is below the band of 90.9 to 111.1 now.
    page.play("alice buy 1 @ 91 slide -> PRICE_BAND 89900000 90900000")


def test_sliding_below_the_first_tick_is_refused() -> None:
    """ORDER-013: a price must be positive."""
    tiny = market(tick=1, step=10**9, price_band=999_999, min_notional=0)
    page = Scenario(tiny)
    page.oracle("0.000002")
    page.place("bob", SELL, LOT, 1)
    page.do(page.place("bob", SELL, LOT, 1), page.owner("bob"))
    slide = page.place("alice", BUY, LOT, 1, post=codes.POST_SLIDE)
    assert page.refuse(slide, page.owner("alice")) == (codes.POST_ONLY_CROSSES, 1, 1, -1)


@pytest.mark.parametrize(
    ("base", "resting", "side", "size", "adds"),
    [
        (0, 0, BUY, 1, True),
        (-1, 0, BUY, 1, False),
        (-1, 0, BUY, 2, True),
        (-2, 1, BUY, 1, False),
        (-2, 2, BUY, 1, True),
        (1, 0, BUY, 1, True),
        (0, 0, SELL, 1, True),
        (1, 0, SELL, 1, False),
        (1, 1, SELL, 1, True),
        (-1, 0, SELL, 1, True),
    ],
)
def test_what_adds_risk(base: int, resting: int, side: int, size: int, adds: bool) -> None:
    """ORDER-008: unless it can only close, counting what rests on its side; never reduce-only."""
    row = Position(UndoLog(), 0, 0)
    row.hold(base, 0)
    row.add_open(side, resting, resting, False)
    assert checks.adds_risk(row, side, size, False) is adds
    assert checks.adds_risk(row, side, size, True) is False


@pytest.mark.parametrize("mode", ["restricted", "reduce_only"])
@MIRROR
def test_a_tighter_mode_lets_risk_go(mode: str, buy: str, sell: str) -> None:
    """ORDER-009: reductions pass, also against resting orders, which stay."""
    number = codes.MODES.index(mode)
    Scenario().play(f"""
        bob    {sell} 2 @ 100
        alice  {buy} 2 @ 100
        carol  {buy} 1 @ 100 as=c
        mode   {mode}
        bob    {sell} 1 @ 100       -> MARKET_MODE {number} 0
        alice  {sell} 3 @ 100       -> MARKET_MODE {number} 0
        alice  {sell} 1 @ 100       -> 1 @ 100 carol
        alice  {sell} 1 @ 100 reduce
        carol  cancel c             -> UNKNOWN_ORDER
        mode   halted
        alice  {sell} 1 @ 100 reduce -> MARKET_MODE 3 3
    """)


@MIRROR
def test_reduce_only_needs_something_to_reduce(buy: str, sell: str) -> None:
    """ORDER-010: nothing held, the wrong side, or nothing left beside better orders."""
    page = Scenario()
    page.play(f"""
        alice  {buy} 1 @ 100 reduce        -> REDUCE_ONLY_NOTHING 0 1000000000
        bob    {sell} 1 @ 100
        alice  {buy} 1 @ 100               -> 1 @ 100 bob
        alice  {buy} 1 @ 100 reduce        -> REDUCE_ONLY_NOTHING
        alice  {sell} 1 @ 100 reduce
        alice  {sell} 1 @ {"101" if buy == "buy" else "99"} reduce  -> REDUCE_ONLY_NOTHING
        alice  has orders 1
    """)


def test_a_smaller_order_may_be_reduce_only() -> None:
    """ORDER-005: the minimum is for what opens, so that every position can be closed."""
    Scenario(min_notional=50_000_000).play("""
        alice  sell 0.499 @ 100   -> NOTIONAL_TOO_SMALL 49900000 50000000
        alice  sell 0.5 @ 100
        bob    buy  0.6 market    -> 0.5 @ 100 alice
        bob    sell 0.1 @ 100     -> NOTIONAL_TOO_SMALL
        bob    sell 0.1 @ 100 reduce
        bob    buy  0.4 market    -> NOTIONAL_TOO_SMALL 40000000 50000000
    """)


def test_open_orders_are_counted_over_all_markets() -> None:
    """ORDER-006: one counter; what cannot rest is not counted."""
    limits = commands.GlobalParams(open_orders_max=3)
    page = Scenario(market(), market(symbol="Y-USD"), limits=limits)
    page.oracle("100", 0)
    page.oracle("100", 1)
    page.play("""
        alice  buy 1 @ 90 as=a
        alice  buy 1 @ 91
        alice  buy 1 @ 90 eth
        alice  buy 1 @ 90 eth      -> OPEN_ORDERS_LIMIT 3 3
        alice  buy 1 @ 90 ioc eth
        bob    buy 1 @ 90 eth
        alice  cancel a
        alice  buy 1 @ 90
    """)


def test_a_client_order_id_is_free_again_when_the_order_is_done() -> None:
    """ORDER-007: unique among the open orders of an account."""
    page = Scenario().play("""
        alice  buy 1 @ 90 as=x
        alice  buy 1 @ 90 ioc as=x    -> CLIENT_ORDER_ID_IN_USE 1 0
        bob    buy 1 @ 90 as=x
        alice  cancel-all
        alice  buy 1 @ 90 as=x
    """)
    account = page.accounts["alice"]
    page.do(commands.CancelOrder(account, 0, "x"), page.owner("alice"))
    refused = page.refuse(commands.CancelOrder(account, 0, "x"), page.owner("alice"))
    assert refused == (codes.UNKNOWN_ORDER, 0, 0, -1)


def test_an_order_of_somebody_else_is_unknown() -> None:
    """ORDER-018: ids are looked up among the orders of the account."""
    page = Scenario().play("alice buy 1 @ 90 as=x")
    ident = page.order_ids["x"]
    refused = page.refuse(commands.CancelOrder(page.accounts["bob"], ident, ""), page.owner("bob"))
    assert refused == (codes.UNKNOWN_ORDER, ident, 0, -1)


def test_cancel_all_of_one_market_or_of_all() -> None:
    """ORDER-018: in order of arrival; finding none is fine."""
    page = Scenario(market(), market(symbol="Y-USD"))
    page.oracle("100", 0)
    page.oracle("100", 1)
    page.play("""
        alice  buy 1 @ 90
        alice  buy 1 @ 90 eth
        alice  buy 1 @ 91
        bob    buy 1 @ 90
    """)
    account = page.accounts["alice"]
    page.do(commands.CancelAll(account, 1), page.owner("alice"))
    page.play("""
        alice  has  orders 2
        book   has  bids -, asks - eth
    """)
    page.do(commands.CancelAll(account, -1), page.owner("alice"))
    gone = [e.price for e in page.found if isinstance(e, events.OrderRemoved)]
    assert gone == [90_000_000, 91_000_000]
    assert page.do(commands.CancelAll(account, -1), page.owner("alice")) == []
    page.play("book has bids 90:1, asks -")


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("buy 1 @ 99.95", "PRICE_NOT_ON_TICK 99950000 100000"),
        ("sell 1 market>=99.95", "PRICE_NOT_ON_TICK 99950000 100000"),
        ("buy 1.0005 @ 99", "SIZE_NOT_ON_STEP 1000500000 1000000"),
        ("buy 1.001 @ 99.9", ""),
    ],
)
def test_prices_and_sizes_stand_on_the_grid(words: str, outcome: str) -> None:
    """ORDER-004: multiples of tick and step, for worst prices too."""
    Scenario().play(f"alice {words}" + (f" -> {outcome}" if outcome else ""))


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("buy 1 @ 90", ""),
        ("sell 1 @ 110", ""),
        ("buy 1 @ 89.9", "PRICE_BAND 89900000 90000000"),
        ("sell 1 @ 110.1", "PRICE_BAND 110100000 110000000"),
        ("sell 1 @ 89.9 ioc", "PRICE_BAND 89900000 90000000"),
        ("buy 1 market<=150", ""),
    ],
)
def test_limits_stand_within_the_band(words: str, outcome: str) -> None:
    """ORDER-012: both edges included; the worst price of a market order is moved instead."""
    Scenario().play(f"alice {words}" + (f" -> {outcome}" if outcome else ""))


@MIRROR
def test_margin_is_judged_on_the_outcome(buy: str, sell: str) -> None:
    """ORDER-016: a taker is refused as a whole; what only closes is never refused for margin."""
    page = Scenario(cash="100", taker_fee=500)
    page.play(f"""
        carol  deposit 10000
        carol  {sell} 20 @ 100
        alice  {buy} 10 @ 100       -> INSUFFICIENT_MARGIN 99500000 100000000
        alice  {buy} 9.9 @ 100      -> 9.9 @ 100 carol
        alice  {buy} 0.1 @ 100      -> INSUFFICIENT_MARGIN
        carol  {buy} 9.9 @ 100 post -> POST_ONLY_CROSSES
        carol  cancel-all
        carol  {buy} 9.9 @ 100
        oracle {"91" if buy == "buy" else "109"}
        alice  {sell} 1 @ 100       -> 1 @ 100 carol
    """)


@MIRROR
def test_open_interest_is_judged_on_the_outcome(buy: str, sell: str) -> None:
    """ORDER-017: only an order that adds risk and raises it past the cap is refused."""
    Scenario(open_interest_max=2 * LOT).play(f"""
        alice  {sell} 3 @ 100
        bob    {buy} 2.001 @ 100 -> OPEN_INTEREST 2001000000 2000000000
        bob    {buy} 2 @ 100     -> 2 @ 100 alice
        carol  {buy} 1 @ 100     -> OPEN_INTEREST
        bob    {sell} 1 @ 100 post  -> nothing
        carol  {buy} 1 @ 100     -> OPEN_INTEREST
    """)


@MIRROR
def test_positions_change_hands_above_a_lowered_cap(buy: str, sell: str) -> None:
    """ORDER-017: what does not raise the open interest is not refused for it."""
    page = Scenario().play(f"""
        alice  {sell} 3 @ 100
        bob    {buy} 3 @ 100
        bob    {sell} 1 @ 100
    """)
    page.do(commands.SetMarketParams(0, market(open_interest_max=LOT)), 0)
    page.play(f"carol {buy} 1 @ 100  -> 1 @ 100 bob")
    assert page.state.markets[0].open_interest == 3 * LOT
