"""Where an order finds liquidity: the book, then the vAMM, each within its limit."""

from __future__ import annotations

import pytest

from plimsoll.core import routing, settlement, vamm
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import OPERATOR, Scenario, market, scaled

LOT = 10**9


def test_the_book_is_asked_before_the_vamm() -> None:
    """ROUTE-001: even where the vAMM's quote is better; the rest goes to the vAMM."""
    Scenario(vamm_enabled=1).play("""
        alice  sell 1 @ 100.5
        bob    buy  2 @ 101 ioc    -> 1 @ 100.5 alice, 1 @ 100.060015 vamm
        vamm   has  base -1
        carol  sell 2 @ 99 ioc     -> 2 @ 99.950012 vamm
    """)


def test_the_bids_are_asked_before_the_vamm() -> None:
    """ROUTE-001: the mirror image."""
    Scenario(vamm_enabled=1).play("""
        alice  buy  1 @ 99.5
        bob    sell 2 @ 99 ioc    -> 1 @ 99.5 alice, 1 @ 99.940014 vamm
        vamm   has  base 1
    """)


@pytest.mark.parametrize(
    ("words", "worst"),
    [
        ("buy 1 market", "101"),  # 1 % off the oracle
        ("sell 1 market", "99"),
        ("buy 1 market<=100.5", "100.5"),
        ("sell 1 market>=99.5", "99.5"),
        ("buy 1 market<=150", "110"),  # the band
        ("sell 1 market>=50", "90"),
    ],
)
def test_worst_price_of_a_market_order(words: str, worst: str) -> None:
    """ROUTE-002: its own, else the slippage setting; never outside the band."""
    page = Scenario().play(f"alice {words}   -> nothing")
    (removed,) = [e for e in page.found if isinstance(e, events.OrderRemoved)]
    assert removed.price == scaled(worst, 6)
    assert removed.reason == codes.DONE_NO_LIQUIDITY


@pytest.mark.parametrize(("side", "worst"), [(BUY, 101_000_000), (SELL, 99_000_000)])
def test_slippage_starts_at_the_vamm_quote(side: int, worst: int) -> None:
    """ROUTE-002: off the vAMM where there is one, floored (ceiled) to the tick."""
    page = Scenario(vamm_enabled=1)
    row = page.state.markets[0]
    assert routing.worst_market_price(page.state, row, side, 0) == worst


def test_one_maker_after_the_other_within_the_limit() -> None:
    """ROUTE-003: the smaller of the two offers, until the limit."""
    Scenario().play("""
        alice  sell 1 @ 101
        bob    sell 1 @ 102
        carol  buy  5 @ 101        -> 1 @ 101 alice
        book   has  bids 101:4, asks 102:1
        carol  cancel-all
        alice  buy  1 @ 99
        bob    buy  1 @ 98
        carol  sell 5 @ 99         -> 1 @ 99 alice
        book   has  bids 98:1, asks 99:4 102:1
    """)


def test_the_first_reason_to_pass_a_maker_over() -> None:
    """ROUTE-004: self-trade, expiry, band, in this order; each maker once."""
    page = Scenario().play("""
        alice  sell 1 @ 91 until=+5ms
        bob    sell 1 @ 91 until=+5ms
        carol  sell 1 @ 91
        clock  +6ms
        oracle 110
        alice  buy  1 @ 110 ioc    -> nothing
    """)
    reasons = [e.reason for e in page.found if isinstance(e, events.OrderRemoved) and e.resting]
    assert reasons == [codes.DONE_SELF_TRADE, codes.DONE_EXPIRED, codes.DONE_PRICE_BAND]


@pytest.mark.parametrize(("opens", "closes"), [("buy", "sell"), ("sell", "buy")])
def test_a_reduce_only_taker_never_turns_its_position(opens: str, closes: str) -> None:
    """ROUTE-005: what is left of the position bounds every fill."""
    Scenario(vamm_enabled=1).play(f"""
        bob    {closes} 2 @ 100 post
        alice  {opens} 2 @ 100           -> 2 @ 100 bob
        carol  {opens} 1 @ 100 post
        alice  {closes} 9 market reduce
        alice  has base 0
    """)


def test_the_vamm_needs_a_valid_oracle() -> None:
    """ROUTE-006: with a stale price reductions trade against the book only."""
    Scenario(vamm_enabled=1).play("""
        alice  buy  2 market
        clock  +31s
        alice  sell 1 market reduce   -> nothing
        bob    buy  1 @ 99            -> ORACLE_INVALID 31000 30000
    """)
    Scenario(vamm_enabled=1).play("""
        alice  buy  2 market
        bob    buy  1 @ 99
        clock  +31s
        alice  sell 2 @ 95 reduce ioc  -> 1 @ 99 bob
    """)


def test_one_fill_at_most_against_the_vamm() -> None:
    """ROUTE-007: a share of the reserve bounds it; the rest of a market order is dropped."""
    page = Scenario(vamm_enabled=1, cash="100000", vamm_sqrt_k=1_000 * LOT)
    page.play("""
        alice  buy  50 @ 110 ioc
        alice  has  base 10
    """)
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    assert fill.size == 10 * LOT


@pytest.mark.parametrize(("first", "second"), [("buy", "sell"), ("sell", "buy")])
def test_a_poor_vamm_only_reduces(first: str, second: str) -> None:
    """VAMM-013, ROUTE-007: without capital it takes back what it gave, floored, and no more."""
    page = Scenario(market(vamm_enabled=0), traders="alice bob", cash="100000")
    page.open(market(symbol="Y-USD", vamm_enabled=1), capital="100")
    page.oracle("100", 1)
    limit = {"buy": "105", "sell": "95"}
    page.play(f"""
        alice  {first} 5 @ {limit[first]} ioc eth
        alice  has base {"5" if first == "buy" else "-5"} eth
        bob    {first} 9 @ {limit[first]} ioc eth     -> nothing
        bob    {second} 9 @ {limit[second]} ioc eth
        bob    has base {"-9" if first == "buy" else "9"} eth
    """)


def test_a_vamm_without_capital_takes_only_the_reducing_part() -> None:
    """VAMM-013: 5 of 30 bring it to zero; the 25 beyond would need capital it lacks."""
    page = Scenario(market(), traders="alice bob", cash="100000")
    page.open(market(symbol="Y-USD", vamm_enabled=1), capital="60")
    page.oracle("100", 1)
    page.play("""
        alice  buy  5 @ 105 ioc eth
        bob    sell 30 @ 95 ioc eth
        bob    has base -5 eth
    """)


def test_the_average_price_keeps_the_limit() -> None:
    """ROUTE-007: quote·1e9 against limit·size, for each side."""
    assert settlement.within(BUY, 101, LOT, 101)
    assert not settlement.within(BUY, 102, LOT, 101)
    assert settlement.within(SELL, 101, LOT, 101)
    assert not settlement.within(SELL, 100, LOT, 101)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_roundings_that_break_the_limit_cancel_the_fill(side: int) -> None:
    """ROUTE-007: a tick below the roundings of one step: no fill rather than a bad one."""
    page = Scenario(vamm_enabled=1, price="5000", tick=1_000, min_notional=0)
    row, params = page.state.vamms[0], page.state.markets[0].params
    size = params.step
    tried = filled = 0
    for ticks in range(12):
        limit = row.ask + ticks * 1_000 if side == BUY else row.bid - ticks * 1_000
        tried += vamm.fillable(row, params, side, size, limit) == size
        command = page.place("alice", side, size, limit, tif=codes.IOC)
        for event in page.engine.dry_run(command, page.now, page.owner("alice")):
            if isinstance(event, events.Filled):
                filled += 1
                assert settlement.within(side, event.quote, size, limit)
    # A buyer pays two roundings, so that some fills would break his limit; a seller pays none.
    assert tried - filled == (3 if side == BUY else 0)
    assert filled > 0


@pytest.mark.parametrize(
    ("words", "price", "rests"),
    [
        ("buy 1 @ 100.1 post", "POST_ONLY_CROSSES 100100000 100100000", ""),
        ("buy 1 @ 100 post", "", "bids 100:1, asks -"),
        ("buy 1 @ 105 slide", "", "bids 100:1, asks -"),
        ("sell 1 @ 99.9 post", "POST_ONLY_CROSSES 99900000 99900000", ""),
        ("sell 1 @ 100 post", "", "bids -, asks 100:1"),
        ("sell 1 @ 95 slide", "", "bids -, asks 100:1"),
    ],
)
def test_post_only_stays_behind_the_vamm_quote(words: str, price: str, rests: str) -> None:
    """ROUTE-009, BOOK-011: the quotes 99.95 and 100.05 count as their next tick outward."""
    page = Scenario(vamm_enabled=1)
    page.play(f"alice {words}" + (f" -> {price}" if price else ""))
    if rests:
        page.play(f"book has {rests}")


def test_post_only_stays_behind_the_better_of_book_and_vamm() -> None:
    """ROUTE-009: and behind the book alone while the oracle price is stale."""
    page = Scenario(vamm_enabled=1, taker_fee=0)
    page.play("""
        alice  sell 1 @ 100
        bob    buy  1 @ 100.2 slide
        book   has  bids 99.9:1, asks 100:1
    """)
    page = Scenario(vamm_enabled=1)
    page.play("""
        bob    buy  1 @ 100          # will be closed by a sale that adds no risk
        alice  sell 1 @ 100          -> 1 @ 100 bob
        carol  buy  1 @ 99
        clock  +31s
        bob    sell 1 @ 99.5 post
        book   has  bids 99:1, asks 99.5:1
    """)


@pytest.mark.parametrize("size", ["1", "0.02", "7.5"])
def test_dry_run_and_fill_agree(size: str) -> None:
    """ROUTE-001: what is predicted is what happens, to the unit."""
    page = Scenario(vamm_enabled=1)
    command = page.place("alice", BUY, scaled(size, 9), 101_000_000, tif=codes.IOC)
    before = page.hash()
    said = page.engine.dry_run(command, page.now, page.owner("alice"))
    assert page.hash() == before
    done = page.do(command, page.owner("alice"))
    assert [event.row() for event in said] == [event.row() for event in done]


def test_halted_markets_do_not_trade_but_let_go() -> None:
    """ORDER-009, ORDER-018: cancels pass in every mode."""
    Scenario().play("""
        alice  buy 1 @ 99 as=a
        mode   halted
        bob    sell 1 @ 99     -> MARKET_MODE 3 3
        alice  cancel a
        mode   active
        bob    sell 1 @ 99
    """)


def test_an_operator_cancels_for_others_but_does_not_trade() -> None:
    """AUTH-003, ORDER-018: he may only take risk away."""
    page = Scenario().play("alice buy 1 @ 99 as=a")
    account = page.accounts["alice"]
    page.do(commands.CancelOrder(account, page.order_ids["a"], ""), OPERATOR)
    assert page.refuse(commands.AmendOrder(account, 1, 10**8, LOT), OPERATOR)[0] == 1001


@pytest.mark.parametrize(("first", "second"), [("sell", "buy"), ("buy", "sell")])
def test_a_taker_meets_a_bounded_number_of_makers(first: str, second: str) -> None:
    """ROUTE-003, ORDER-015: what is left at the limit is dropped, even of a GTC order."""
    limits = commands.GlobalParams(matches_max=2)
    page = Scenario(limits=limits).play(f"""
        alice  {first} 1 @ 100
        bob    {first} 1 @ 100
        alice  {first} 1 @ 100
        carol  {second} 2 @ 100       -> 1 @ 100 alice, 1 @ 100 bob
        bob    {first} 1 @ 100
        bob    {first} 1 @ 100
        carol  {second} 3 @ 100       -> 1 @ 100 alice, 1 @ 100 bob
    """)
    last = page.found[-1]
    assert isinstance(last, events.OrderRemoved)
    assert (last.reason, last.remaining) == (codes.DONE_WORK_LIMIT, LOT)
    page.play(f"carol {second} 2 @ 100 fok  -> FOK_NOT_FILLABLE 1000000000 2000000000")
