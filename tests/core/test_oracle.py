"""Oracle prices: which are taken over, the band they set, and when they may be used."""

from __future__ import annotations

import pytest

from plimsoll.core import margin, oracle, tracking
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY
from tests.harness.scenario import OPERATOR, ORACLE, Scenario, market

LOT = 10**9
PRICE = 100_000_000


def judged(page: Scenario, *points: tuple[int, int, int, int]) -> list[str]:
    """What became of each point: ok, or the name of the refusal."""
    command = commands.OraclePrices([commands.PricePoint(*point) for point in points])
    page.do(command, ORACLE)
    return [
        codes.REJECTS[event.code][0] if isinstance(event, events.OracleRefused) else "ok"
        for event in page.found
    ]


def test_points_are_judged_one_by_one() -> None:
    """ORACLE-001: a bad one is refused alone, in its place; a second of a market counts too."""
    page = Scenario(market(), market(symbol="Y-USD"))
    said = judged(
        page, (0, PRICE, 0, 10), (5, PRICE, 0, 10), (1, 0, 0, 10), (1, PRICE, 0, 11),
        (0, PRICE, 0, 10), (0, PRICE + 1, 0, 11),
    )  # fmt: skip
    assert said == [
        "ok", "UNKNOWN_MARKET", "ORACLE_NOT_POSITIVE", "ok", "ORACLE_NOT_NEWER", "ok",
    ]  # fmt: skip
    assert [row.price for row in page.state.oracles] == [PRICE + 1, PRICE]


FAULTS = [
    ("UNKNOWN_MARKET", {"market": 9}),
    ("ORACLE_NOT_POSITIVE", {"price": -5}),
    ("ORACLE_NOT_NEWER", {"published": 1}),
    ("ORACLE_FROM_FUTURE", {"published": 9_000_000}),
    ("ORACLE_TOO_UNCERTAIN", {"confidence": 10**12}),
    ("ORACLE_TOO_VOLATILE", {"price": 501_000_000}),
]


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=[name for name, _ in FAULTS])
def test_the_first_fault_of_a_price_is_told(first: int) -> None:
    """ORACLE-002: of several faults the documented first one."""
    page = Scenario()
    point = {"market": 0, "price": PRICE, "confidence": 0, "published": page.now + 1}
    for _, change in reversed(FAULTS[first:]):
        point.update(change)
    said = judged(page, tuple(point.values()))  # type: ignore[arg-type]
    assert said == [FAULTS[first][0]]


@pytest.mark.parametrize(
    ("price", "said"),
    [(-1, "ORACLE_NOT_POSITIVE"), (0, "ORACLE_NOT_POSITIVE"), (1, "ok"), (2**46 - 1, "ok"),
     (2**46, "ORACLE_NOT_POSITIVE")],
)  # fmt: skip
def test_bounds_of_a_price(price: int, said: str) -> None:
    """ORACLE-003: 1 to 2^46 - 1; the first price of a market is not compared with anything."""
    assert judged(Scenario(market()), (0, price, 0, 5)) == [said]


def test_time_only_moves_forward() -> None:
    """ORACLE-004: after the last accepted one, at most five seconds ahead of now."""
    page = Scenario(market())
    latest = page.now + 5_000
    assert judged(page, (0, PRICE, 0, 7)) == ["ok"]
    assert judged(page, (0, PRICE, 0, 7), (0, PRICE, 0, 6)) == ["ORACLE_NOT_NEWER"] * 2
    assert judged(page, (0, PRICE, 0, latest + 1)) == ["ORACLE_FROM_FUTURE"]
    assert judged(page, (0, PRICE, 0, latest)) == ["ok"]


def test_confidence_is_bounded_by_the_price() -> None:
    """ORACLE-005: at most floor(price·2 %)."""
    page = Scenario(market())
    assert judged(page, (0, 149, 3, 1), (0, 149, 2, 1)) == ["ORACLE_TOO_UNCERTAIN", "ok"]


def test_a_jump_is_measured_against_the_mean_of_ten() -> None:
    """ORACLE-006: floor(mean)·5 and floor(mean/5), both allowed; the oldest leaves the window."""
    page = Scenario(market())
    for at in range(10):
        assert judged(page, (0, 100, 0, at + 1)) == ["ok"]
    assert judged(page, (0, 501, 0, 20)) == ["ORACLE_TOO_VOLATILE"]
    assert judged(page, (0, 19, 0, 20)) == ["ORACLE_TOO_VOLATILE"]
    assert judged(page, (0, 20, 0, 20)) == ["ok"]
    assert judged(page, (0, 461, 0, 21)) == ["ORACLE_TOO_VOLATILE"]  # mean 92 now
    assert judged(page, (0, 460, 0, 21)) == ["ok"]
    assert page.state.oracles[0].window == [100] * 8 + [20, 460]


def test_after_a_long_silence_the_window_is_not_asked() -> None:
    """ORACLE-006: a day since the last acceptance still counts, a millisecond more does not."""
    page = Scenario()
    page.now += 86_400_000
    assert judged(page, (0, 900_000_000, 0, page.now)) == ["ORACLE_TOO_VOLATILE"]
    page.now += 1
    assert judged(page, (0, 900_000_000, 0, page.now)) == ["ok"]


def test_the_band_is_rounded_inward_to_the_tick() -> None:
    """ORACLE-007: ceil and up for the low edge, floor and down for the high one."""
    page = Scenario(market(price_band=100_000, tick=100_000))
    judged(page, (0, 100_000_555, 0, 1))
    row = page.state.oracles[0]
    # 90.0004995 -> 90.1 and 110.0006105 -> 110.0
    assert (row.low, row.high) == (90_100_000, 110_000_000)
    assert row.accepted_ms == page.now
    (event,) = page.found
    assert event.row()[1:] == [0, 100_000_555, 0, 1]


def test_a_price_is_valid_for_thirty_seconds() -> None:
    """ORACLE-008: by publication; one from the near future has age zero; none is never valid."""
    page = Scenario(market())
    target = page.state.markets[0]
    assert oracle.age(page.state.oracles[0], page.now) == -1
    assert not oracle.is_valid(page.state, target, page.now)
    judged(page, (0, PRICE, 0, page.now + 4_000))
    assert oracle.age(page.state.oracles[0], page.now) == 0
    for now, valid in ((page.now, True), (page.now + 34_000, True), (page.now + 34_001, False)):
        assert oracle.is_valid(page.state, target, now) is valid


def test_positions_are_valued_at_the_last_price_however_old() -> None:
    """ORACLE-008: margin needs a price, not a fresh one; money leaves on a fresh one only."""
    page = Scenario().play("""
        alice  sell 2 @ 100
        bob    buy  2 @ 100
        oracle 110
        clock  +48h
        bob    has equity 1020
        bob    withdraw 1     -> ORACLE_INVALID
        carol  withdraw 1000
        oracle 110
        bob    withdraw 970
    """)
    assert margin.requirement(page.state, page.account("bob"), False) == 22_000_000


@pytest.mark.parametrize("words", ["buy 1 @ 99", "buy 1 @ 99 reduce", "buy 1 market"])
def test_before_the_first_price_there_are_no_orders(words: str) -> None:
    """ORDER-011: any order needs a price that there has ever been."""
    page = Scenario(market(min_notional=0))
    refusal = "REDUCE_ONLY_NOTHING" if "reduce" in words else "ORACLE_INVALID -1 30000"
    page.play(f"alice {words} -> {refusal}")


def test_a_refused_price_keeps_the_band_and_age() -> None:
    """ORACLE-001: it changes nothing at all."""
    page = Scenario()
    before = page.hash()
    page.now += 10
    assert judged(page, (0, 600_000_000, 0, page.now)) == ["ORACLE_TOO_VOLATILE"]
    assert page.hash() == before
    command = page.place("alice", BUY, LOT, 110_000_000)
    page.do(command, page.owner("alice"))


def test_the_class_of_the_last_price() -> None:
    """ORACLE-009: none, good, stale beyond the oldest, uncertain once the limit is lowered."""
    page = Scenario(market(oracle_max_age_ms=30_000))
    row = page.state.markets[0]

    def found(wait: int = 0) -> int:
        return oracle.class_of(page.state, row, page.now + wait)

    assert found() == tracking.NON_POSITIVE
    page.now += 1
    assert judged(page, (0, PRICE, 1_000_000, page.now)) == ["ok"]
    assert (found(), found(30_000)) == (tracking.VALID, tracking.VALID)
    assert found(30_001) == tracking.STALE_FOR_MARGIN
    page.do(commands.SetMarketParams(0, market(oracle_confidence_max=9_999)), OPERATOR)
    assert found() == tracking.TOO_UNCERTAIN
