"""The worked examples of the specification, as its chapters print them."""

from __future__ import annotations

from plimsoll.core import curve, margin
from plimsoll.messages.codes import BUY, IOC, ROLE_OPERATOR, ROLE_TRADER, SELL
from plimsoll.messages.commands import CancelAll, SetMarketMode
from plimsoll.messages.events import OracleAccepted, OracleRefused
from tests.spec.scene import ANN, ANN_ACCOUNT, BOB, BOB_ACCOUNT, BTC, USD, Scene, fills, order


def test_a_fill_and_its_fees() -> None:
    """MONEY-003, FEE-001 to FEE-005: chapter 3, every amount of a fill from the book."""
    scene = Scene()
    scene.order(BOB, SELL, 60_000_100_000, BTC // 2)
    (fill,) = fills(scene.order(ANN, BUY, 60_100 * USD, 123_000_000, tif=IOC))
    assert (fill.quote, fill.taker_fee, fill.maker_rebate) == (7_380_012_300, 3_690_007, 738_001)
    market = scene.market
    assert market.adjustments.cash() == fill.fee_adjustments == 442_800
    assert market.funding.cash() == scene.account(2).cash() == 295_200
    assert scene.account(1).cash() == fill.fee_treasury == 1_033_202
    assert market.insurance.cash() == fill.fee_insurance == 885_604
    assert scene.account(3).cash() == fill.fee_vault == 0
    assert scene.account(ANN_ACCOUNT).cash() == 2_616_297_693
    assert scene.account(BOB_ACCOUNT).cash() == 17_380_750_301
    assert sum(account.cash() for account in scene.state.accounts) == 0


def test_there_and_back_against_the_vamm() -> None:
    """VAMM-001 to VAMM-006, VAMM-011 to VAMM-014: chapter 4, long and short."""
    scene = Scene()
    row = scene.state.vamms[0]
    assert (row.x, row.y, row.bid, row.ask) == (833_333 * 10**6, row.x, 59_970 * USD, 60_030 * USD)
    ask = curve.side_reserves(row.x, row.y, row.sqrt_k, BUY, 500)
    assert (ask.x, ask.y) == (833_124_718_820, 833_541_333_250)
    (bought,) = fills(scene.order(ANN, BUY, 0, BTC))
    assert (bought.quote, bought.surplus, bought.taker_fee) == (
        60_102_144_421, 30_057_900, 30_051_073,
    )  # fmt: skip
    assert row.y == 834_334_201_442
    assert curve.price(row.y, row.x, row.peg) == 60_144_259_673
    bid = curve.side_reserves(row.x, row.y, row.sqrt_k, SELL, 500)
    assert (bid.x, bid.y) == (832_541_135_283, 834_125_617_892)
    (sold,) = fills(scene.order(ANN, SELL, 0, BTC))
    assert (sold.quote, sold.surplus) == (60_042_072_240, 30_014_280)
    assert (row.x, row.y, row.net) == (833_333 * 10**6, 833_333 * 10**6, 0)
    assert bought.taker_pnl + sold.taker_pnl == -60_072_181
    assert bought.surplus + sold.surplus == 60_072_180
    assert scene.market.vamm.cash() - row.capital == 1


def test_a_market_order_through_book_and_vamm() -> None:
    """BOOK-002, BOOK-004, ROUTE-001, ROUTE-002: chapter 5, who is filled in which order."""
    scene = Scene()
    for price, size in ((60_010, BTC // 10), (60_010, BTC // 5), (60_005, BTC // 20)):
        scene.order(BOB, SELL, price * USD, size)
    events = scene.order(ANN, BUY, 0, BTC // 2)
    assert [(fill.maker_order, fill.price, fill.size) for fill in fills(events)] == [
        (3, 60_005 * USD, 50_000_000),
        (2, 60_010 * USD, 200_000_000),
        (1, 60_010 * USD, 100_000_000),
        (0, 60_040_814_007, 150_000_000),
    ]
    assert fills(events)[-1].quote == 9_006_122_101
    assert events[-1].row()[5:7] == [60_630_300_000, 0]
    assert margin.requirement(scene.state, scene.account(ANN_ACCOUNT), False) == 1_500 * USD


def test_which_prices_are_believed() -> None:
    """ORACLE-002, ORACLE-005 to ORACLE-007: chapter 6, the bounds and one price on a bound."""
    scene = Scene()
    scene.oracle(61_000 * USD)
    scene.oracle(59_000 * USD)
    row = scene.state.oracles[0]
    assert (row.low, row.high) == (53_100 * USD, 64_900 * USD)
    for price, confidence, limit in (
        (300_001, 0, 300_000), (11_999, 0, 12_000), (60_000, 1_300, 1_200),
    ):  # fmt: skip
        (refused,) = scene.oracle(price * USD, confidence * USD)
        assert isinstance(refused, OracleRefused)
        assert refused.limit == limit * USD
    (accepted,) = scene.oracle(60_000 * USD, 1_200 * USD)
    assert isinstance(accepted, OracleAccepted)
    assert (row.low, row.high) == (54_000 * USD, 66_000 * USD)


def test_margin_of_a_long_with_orders() -> None:
    """MARGIN-001 to MARGIN-007, MARGIN-009: chapter 7, first half."""
    scene = Scene(vamm_enabled=0)
    scene.order(BOB, SELL, 60_000 * USD, BTC)
    scene.order(ANN, BUY, 60_000 * USD, BTC)
    scene.oracle(61_234_500_000)
    state, ann = scene.state, scene.account(ANN_ACCOUNT)
    assert ann.cash() == -50_030 * USD
    assert margin.equity(state, ann) == 11_204_500_000
    assert margin.requirement(state, ann, False) == 3_061_725_000
    assert margin.requirement(state, ann, True) == 1_530_862_500
    assert margin.settled(state, ann) == 9_970 * USD
    assert margin.withdrawable(state, ann) == margin.free(state, ann) == 8_142_775_000
    assert margin.liquidation_price(state, ann, 0) == 51_312_820_512
    scene.order(ANN, SELL, 61_500 * USD, 3 * BTC // 2)
    scene.order(ANN, BUY, 59_000 * USD, BTC // 5)
    assert margin.reserved(state, ann) == 1_537_500_000
    assert margin.free(state, ann) == 6_605_275_000


def test_closing_a_part_and_turning() -> None:
    """SETTLE-001 to SETTLE-004: chapter 7, second half, and the mirror image of the maker."""
    scene = Scene(vamm_enabled=0)
    scene.order(BOB, SELL, 60_000 * USD, BTC)
    scene.order(ANN, BUY, 60_000 * USD, BTC)
    scene.oracle(61_234_500_000)
    state = scene.state
    ann, bob = scene.account(ANN_ACCOUNT), scene.account(BOB_ACCOUNT)
    held, owed = ann.positions[0], bob.positions[0]
    scene.order(BOB, BUY, 61_200 * USD, 4 * BTC // 10)
    (part,) = fills(scene.order(ANN, SELL, 61_200 * USD, 4 * BTC // 10, tif=IOC))
    assert (part.taker_pnl, part.maker_pnl) == (480 * USD, -480 * USD)
    assert (held.entry_cost, ann.cash()) == (36_000 * USD, -25_562_240_000)
    assert margin.settled(state, ann) == 10_437_760_000
    scene.order(BOB, BUY, 61_000 * USD, BTC)
    (turn,) = fills(scene.order(ANN, SELL, 61_000 * USD, BTC, tif=IOC))
    assert (turn.taker_pnl, turn.maker_pnl) == (600 * USD, -600 * USD)
    assert (held.base, held.entry_cost) == (-4 * BTC // 10, -24_400 * USD)
    assert (owed.base, owed.entry_cost) == (4 * BTC // 10, 24_400 * USD)
    assert (ann.cash(), margin.settled(state, ann)) == (35_407_260_000, 11_007_260_000)
    assert margin.equity(scene.state, ann) == 10_913_460_000
    assert scene.market.open_interest == 4 * BTC // 10


def test_who_may_not() -> None:
    """AUTH-001, AUTH-002: chapter 8, role before content, owner before order."""
    scene = Scene()
    role = scene.refuse(SetMarketMode(99, 3), BOB)
    assert role == ("NOT_ALLOWED", ROLE_TRADER, ROLE_OPERATOR)
    owner = scene.refuse(order(ANN, BUY, 60_000 * USD, BTC // 10), BOB)
    assert owner == ("NOT_OWNER", ANN_ACCOUNT, ANN)
    assert scene.refuse(CancelAll(ANN_ACCOUNT, -1), BOB)[0] == "NOT_OWNER"
