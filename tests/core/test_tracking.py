"""Oracle and mark as the exchange follows them: classes, averages, quotes, deviation, median."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import tracking
from plimsoll.core.tracking import MarkTrack, OracleTrack, Quotes
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import RangeError

USD = 1_000_000
prices = st.integers(1, 10**12)
seconds = st.integers(0, 10_000)
windows = st.integers(1, 7_200)


def classify(price: int = 100 * USD, **fields: int) -> int:
    """A good price but for what is said: 2 %, five times, 2 s, 10 s and 30 s."""
    values = {"confidence": 0, "age": 0, "average": 100 * USD, "enough": 1, **fields}
    return tracking.validity(
        price, values["confidence"], values["age"], values["average"], values["enough"] == 1,
        20_000, 5 * USD, 2, 10, 30,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("price", "fields", "expected"),
    [
        (100, {}, tracking.VALID),
        (0, {"confidence": 10**9, "age": 99, "enough": 0}, tracking.NON_POSITIVE),
        (-1, {}, tracking.NON_POSITIVE),
        (600, {"confidence": 600 * USD, "age": 99}, tracking.TOO_VOLATILE),
        (599, {}, tracking.VALID),
        (16, {"average": 96 * USD}, tracking.TOO_VOLATILE),
        (600, {"average": 0}, tracking.VALID),
        (100, {"confidence": 2_000_100, "age": 99}, tracking.TOO_UNCERTAIN),
        (100, {"confidence": 2_000_099, "age": 2}, tracking.VALID),
        (100, {"age": 31, "enough": 0}, tracking.STALE_FOR_MARGIN),
        (100, {"age": 30, "enough": 0}, tracking.TOO_FEW_POINTS),
        (100, {"age": 30}, tracking.STALE_FOR_VAMM),
        (100, {"age": 11}, tracking.STALE_FOR_VAMM),
        (100, {"age": 10}, tracking.STALE_AT_ONCE),
        (100, {"age": 3}, tracking.STALE_AT_ONCE),
        (100, {"age": 2}, tracking.VALID),
    ],
)
def test_the_worst_class_wins(price: int, fields: dict[str, int], expected: int) -> None:
    """TRACK-002, TRACK-001: each bound to the unit, and the order of precedence."""
    assert classify(price * USD, **fields) == expected


def test_actions_need_a_least_class() -> None:
    """TRACK-003: what each class still allows, as the table says."""
    order = [
        tracking.NON_POSITIVE, tracking.TOO_VOLATILE, tracking.TOO_UNCERTAIN,
        tracking.STALE_FOR_MARGIN, tracking.TOO_FEW_POINTS, tracking.STALE_FOR_VAMM,
        tracking.STALE_AT_ONCE, tracking.VALID,
    ]  # fmt: skip
    assert order == sorted(set(order))
    needs = {
        "vamm at once": tracking.FOR_VAMM_AT_ONCE, "vamm": tracking.FOR_VAMM,
        "oracle orders": tracking.FOR_ORACLE_ORDERS, "margin": tracking.FOR_MARGIN,
        "liquidation": tracking.FOR_LIQUIDATION, "funding": tracking.FOR_FUNDING,
        "pnl": tracking.FOR_PNL, "matching": tracking.FOR_MATCHING,
        "triggers": tracking.FOR_TRIGGERS, "curve": tracking.FOR_CURVE,
    }  # fmt: skip
    added = [{name for name, least in needs.items() if least == found} for found in order]
    assert added == [
        set(), {"curve"}, {"triggers"}, {"funding", "pnl", "matching"},
        {"oracle orders", "margin", "liquidation"}, set(), {"vamm"}, {"vamm at once"},
    ]  # fmt: skip


@given(mark=prices, oracle=prices, confidence=prices)
def test_normalising_moves_toward_the_mark_within_the_confidence(
    mark: int, oracle: int, confidence: int
) -> None:
    """TRACK-004: between oracle and mark, at most the confidence away, short of the mark."""
    moved = tracking.normalised(mark, oracle, confidence)
    assert min(mark, oracle) <= moved <= max(mark, oracle)
    assert abs(moved - oracle) <= confidence
    gap = max(0, abs(mark - oracle) - mark // 4_000)
    assert abs(moved - oracle) == min(confidence, gap)
    assert tracking.normalised(mark, oracle, 0) == oracle


@given(price=prices, average=prices, denominator=st.integers(2, 20))
def test_clipping_keeps_a_band(price: int, average: int, denominator: int) -> None:
    """TRACK-005: inside nothing changes, outside the nearer edge; 0 is no band."""
    band = average // denominator
    used = tracking.sanitised(price, average, denominator)
    assert abs(used - average) <= band
    assert used == price or abs(price - average) > band == abs(used - average)
    assert (used - average) * (price - average) >= 0
    assert tracking.sanitised(price, 0, denominator) == price
    assert tracking.sanitised(price, average, 0) == price


@given(price=prices, average=prices, since=seconds, window=windows)
def test_an_average_stays_between(price: int, average: int, since: int, window: int) -> None:
    """TRACK-006: between old and new but for one unit; no time, no move; a window, nearly all."""
    found = tracking.twap(price, average, 100, 100 + since, window)
    assert min(price, average) - 1 <= found <= max(price, average) + 1
    assert tracking.twap(price, average, 100, 100, window) == average
    assert tracking.twap(price, average, 100, 40, window) == average


@given(low=prices, more=prices, average=prices, since=seconds, window=windows)
def test_a_higher_price_never_lowers_an_average(
    low: int, more: int, average: int, since: int, window: int
) -> None:
    """TRACK-006, TRACK-007: monotone in the price, but for the unit that keeps it moving."""
    below = tracking.twap(low, average, 0, since, window)
    assert tracking.twap(low + more, average, 0, since, window) >= below - 2
    below = tracking.oracle_twap(low, average, 0, since, window, 0, 0)
    assert tracking.oracle_twap(low + more, average, 0, since, window, 0, 0) >= below - 2


def test_a_whole_window_replaces_the_oracles_average() -> None:
    """TRACK-007, TRACK-001: and the mark stands in for an oracle that was silent."""
    assert tracking.oracle_twap(200, 100, 0, 3_600, 3_600, 500, 0) == 200
    assert tracking.oracle_twap(200, 0, 0, 0, 3_600, 500, 0) == 200
    assert tracking.oracle_twap(200, 100, 0, 0, 0, 500, 0) == 200
    assert tracking.oracle_twap(2_000, 1_000, 0, 3_600, 3_600, 4_000, 900) == 2_500 + 1
    assert tracking.oracle_twap(2_000, 1_000, 0, 3_600, 3_600, 4_000, 5_000) == 3_999
    assert tracking.oracle_twap(2_000, 1_000, 0, 3_600, 3_600, 0, 900) == 2_000
    assert tracking.oracle_twap(2_000, 1_000, 50, 3_650, 3_600, 4_000, 950) == 2_501
    assert tracking.oracle_twap(2_000, 1_000, 50, 950, 3_600, 4_000, 50) == 1_251


@pytest.mark.parametrize(
    ("lag", "above", "below"),
    [
        (60, 100_000, 300_000),
        (61, 101_695, 298_304),
        (3_600, 200_000, 200_000),
        (9_000, 200_000, 200_000),
    ],
)
def test_a_mark_without_trades_goes_to_the_oracle(lag: int, above: int, below: int) -> None:
    """TRACK-008: beyond a minute, by the share of the window, one unit closer."""
    for average, expected in ((100_000, above), (300_000, below)):
        found = tracking.mark_twap(500_000, average, 9, 9, 3_600, 200_000, 9 + lag)
        assert found == expected


def test_a_long_window_waits_longer_for_the_oracle() -> None:
    """TRACK-008: the sixtieth part of a window of more than an hour."""
    assert tracking.mark_twap(9, 100, 0, 0, 7_200, 200, 120) == 100
    assert tracking.mark_twap(9, 100, 0, 0, 7_200, 200, 121) == 102
    assert tracking.mark_twap(9, 0, 0, 0, 7_200, 200, 121) == 9
    assert tracking.mark_twap(9, 100, 0, 0, 3_600, 100, 61) == 100
    assert tracking.mark_twap(9, 100, 0, 0, 3_600, 0, 9_000) == 100


def test_the_worked_example() -> None:
    """TRACK-004 to TRACK-009, TRACK-011, TRACK-012: chapter 13, every line."""
    before = OracleTrack(0, 60_000 * USD, 60_000 * USD, 0, 1_000, 0)
    mark = MarkTrack(59_970 * USD, 60_030 * USD, 60_000 * USD, 60_000 * USD, 0, 0)
    oracle = tracking.follow_oracle(
        before, mark, 60, 80_000 * USD, 30 * USD, 60_000 * USD, 3_600, 300, 5, 3_600
    )
    assert tracking.normalised(60_000 * USD, 80_000 * USD, 30 * USD) == 79_970 * USD
    assert (oracle.price, oracle.updated) == (72_000 * USD, 60)
    assert (oracle.funding, oracle.health) == (60_200_000_001, 62_400_000_001)
    assert (oracle.deviation, oracle.confidence) == (19_970 * USD, 800)
    quotes = tracking.trade_quotes(
        80_100 * USD, BUY, 80_000 * USD, 500, 500, 500, 100_000, 59_970 * USD, 60_030 * USD
    )
    assert (quotes.bid, quotes.ask) == (79_980 * USD, 80_100 * USD)
    after = tracking.follow_mark(mark, oracle, 60, 80_100 * USD, quotes, 3_600, 300, 5, 3_600)
    assert (after.bid, after.ask) == (60_169_900_001, 60_230_100_001)
    assert (after.funding, after.health) == (60_200_000_001, 62_400_000_001)
    assert (after.deviation, after.updated) == (20_100 * USD, 60)


def test_tracks_measure_time_from_their_last_update() -> None:
    """TRACK-011, TRACK-012: a third of the memory leaves two thirds; 15 seconds take a sixth."""
    before, mark = OracleTrack(0, 100, 100, 900, 600, 50), MarkTrack(99, 101, 100, 100, 900, 50)
    oracle = tracking.follow_oracle(before, mark, 1_250, 100, 0, 100, 3_600, 300, 3, 3_600)
    assert oracle.deviation == 600
    assert tracking.follow_oracle(before, mark, 65, 100, 0, 100, 9, 9, 3, 0).confidence == 500
    after = tracking.follow_mark(mark, before, 1_250, 100, Quotes(99, 101), 3_600, 300, 3, 3_600)
    assert after.deviation == 600


def test_the_first_prices_are_the_averages() -> None:
    """TRACK-001, TRACK-011: nothing is clipped to, nor measured from, an average that is none."""
    nothing, unmarked = OracleTrack(0, 0, 0, 0, 0, 0), MarkTrack(0, 0, 0, 0, 0, 0)
    oracle = tracking.follow_oracle(
        nothing, unmarked, 10**9, 7 * USD, 0, 7 * USD, 3_600, 300, 3, 3_600
    )
    assert (oracle.price, oracle.funding, oracle.health) == (7 * USD, 7 * USD, 7 * USD)
    assert oracle.deviation == 0
    mark = tracking.follow_mark(
        unmarked, oracle, 10**9, 8 * USD, Quotes(6 * USD, 8 * USD), 3_600, 300, 3, 3_600
    )
    assert (mark.bid, mark.ask) == (6 * USD, 8 * USD)
    assert (mark.funding, mark.health, mark.deviation) == (7 * USD, 7 * USD, 0)


@pytest.mark.parametrize(("bid", "ask"), [(101, 100), (0, 100), (100, 2**46)])
def test_quotes_that_are_none_are_refused(bid: int, ask: int) -> None:
    """TRACK-008: crossed, missing or beyond the range of prices."""
    oracle, mark = OracleTrack(100, 100, 100, 0, 0, 0), MarkTrack(100, 100, 100, 100, 0, 0)
    with pytest.raises(RangeError, match="are no quotes"):
        tracking.follow_mark(mark, oracle, 1, 100, Quotes(bid, ask), 3_600, 300, 3, 0)


@pytest.mark.parametrize("price", [0, -1, 2**46])
def test_prices_that_are_none_are_refused(price: int) -> None:
    """TRACK-003: not even the averages take them."""
    oracle, mark = OracleTrack(100, 100, 100, 0, 0, 0), MarkTrack(100, 100, 100, 100, 0, 0)
    with pytest.raises(RangeError, match="price is"):
        tracking.follow_oracle(oracle, mark, 1, price, 0, 100, 3_600, 300, 3, 0)


def test_averages_a_rounding_apart_do_not_stop_the_mark() -> None:
    """TRACK-008: clipped quotes that cross become their middle."""
    oracle, mark = OracleTrack(100, 100, 100, 0, 0, 0), MarkTrack(303, 300, 301, 301, 0, 0)
    found = tracking.follow_mark(mark, oracle, 3_600, 900, Quotes(900, 900), 3_600, 300, 3, 0)
    assert (found.bid, found.ask, found.health) == (401, 401, 401)


SPREADS = (500, 600, 400, 10)


@pytest.mark.parametrize(
    ("side", "price", "vamm", "expected"),
    [
        (BUY, 1_010_000, (0, 0), (999_800, 1_010_000)),  # half the short spread
        (BUY, 1_000_100, (0, 0), (999_900, 1_000_100)),  # the premium
        (BUY, 990_000, (0, 0), (990_000, 990_000)),
        (BUY, 1_010_000, (999_900, 1), (999_900, 1_010_000)),
        (BUY, 990_000, (991_000, 1), (991_000, 991_000)),
        (SELL, 990_000, (0, 0), (990_000, 1_000_300)),  # half the long spread
        (SELL, 999_900, (0, 0), (999_900, 1_000_100)),
        (SELL, 1_010_000, (0, 0), (1_010_000, 1_010_000)),
        (SELL, 990_000, (1, 1_000_200), (990_000, 1_000_200)),
        (SELL, 1_010_000, (1, 1_009_000), (1_009_000, 1_009_000)),
    ],
)
def test_a_trade_tells_one_quote_and_lets_guess_the_other(
    side: int, price: int, vamm: tuple[int, int], expected: tuple[int, int]
) -> None:
    """TRACK-009: the spread is taken of the oracle, not compared with prices as a plain number."""
    found = tracking.trade_quotes(price, side, 1_000_000, *SPREADS, *vamm)
    assert (found.bid, found.ask) == expected
    dear = tracking.trade_quotes(price * 1_000, side, 10**9, *SPREADS, *[q * 1_000 for q in vamm])
    assert (dear.bid, dear.ask) == (expected[0] * 1_000, expected[1] * 1_000)


def test_the_base_spread_bounds_the_guess_and_the_tick_holds() -> None:
    """TRACK-009: base spread below half a side's spread; a bid of at least one tick."""
    found = tracking.trade_quotes(1_010_000, BUY, 1_000_000, 100, 600, 400, 10, 0, 0)
    assert found.bid == 999_900
    assert tracking.trade_quotes(20, BUY, 10, 500, 600, 400, 15, 0, 0).bid == 15


@given(
    price=prices, oracle=prices, side=st.sampled_from([BUY, SELL]), vamm=prices, width=prices,
    spread=st.integers(0, 100_000),
)  # fmt: skip
def test_quotes_of_a_trade_are_quotes(
    price: int, oracle: int, side: int, vamm: int, width: int, spread: int
) -> None:
    """TRACK-009: positive, in order, and no worse than the vAMM on the side that is guessed."""
    found = tracking.trade_quotes(
        price, side, oracle, spread, spread, spread, 1, vamm, vamm + width
    )
    assert 0 < found.bid <= found.ask
    assert found.bid >= vamm if side == BUY else found.ask <= vamm + width


def test_near_is_inclusive() -> None:
    """TRACK-010: 15 % on both sides, to the unit."""
    for price, near in ((85, True), (84, False), (115, True), (116, False)):
        assert tracking.is_near(price, 100, 150_000) is near
        assert tracking.is_near(price, 109, 0) is False


@pytest.mark.parametrize(
    ("book", "vamm", "premium", "expected"),
    [
        ((98, 102), (97, 103), 0, (98, 102)),
        ((98, 102), (99, 101), 0, (99, 101)),
        ((0, 102), (99, 0), 0, (99, 102)),
        ((98, 0), (0, 101), 0, (98, 101)),
        ((0, 102), (0, 103), 0, None),
        ((98, 0), (97, 0), 0, None),
        ((100, 100), (0, 0), 0, (100, 100)),
    ],
)
def test_quotes_without_a_trade(
    book: tuple[int, int], vamm: tuple[int, int], premium: int, expected: tuple[int, int] | None
) -> None:
    """TRACK-010: the better of book and vAMM on each side, or nothing."""
    found = tracking.resting_quotes(*book, *vamm, 100, 100 + premium, 100)
    assert (found and (found.bid, found.ask)) == expected


@pytest.mark.parametrize(
    ("premium", "expected"), [(0, 1_004), (-1, 1_004), (1, 1_004), (2, 1_004), (-2, 996),
                              (3, 1_004), (-50, 996)],
)  # fmt: skip
def test_crossed_quotes_collapse(premium: int, expected: int) -> None:
    """TRACK-010: onto the one nearer to oracle and premium, the bid on a tie."""
    found = tracking.resting_quotes(1_004, 996, 0, 0, 1_001, 5_000 + premium, 5_000)
    assert found is not None
    assert found.bid == found.ask == expected


@pytest.mark.parametrize(("premium", "expected"), [(900, 1_025), (-900, 985)])
def test_the_premium_is_clamped(premium: int, expected: int) -> None:
    """TRACK-010: 1 % of the oracle, 10 here: far premiums do not reach the farther quote."""
    high, low = (1_025, 994) if premium > 0 else (1_007, 985)
    found = tracking.resting_quotes(high, low, 0, 0, 1_000, 5_000 + premium, 5_000)
    assert found is not None
    assert found.bid == expected
    high, low = (1_027, 994) if premium > 0 else (1_007, 970)
    found = tracking.resting_quotes(high, low, 0, 0, 1_000, 5_000 + premium, 5_000)
    assert found is not None
    assert found.bid != expected


def test_the_deviation_fades_within_its_memory() -> None:
    """TRACK-011: the larger distance, or what time left of the last one; no memory, no past."""
    assert tracking.deviation(900, 110, 100, 80, 60, 0) == 30
    assert tracking.deviation(900, 70, 100, 80, 60, 0) == 30
    assert tracking.deviation(900, 110, 100, 80, 1_200, 3_600) == 600
    assert tracking.deviation(900, 110, 100, 80, -5, 3_600) == 900
    assert tracking.deviation(900, 110, 100, 80, 9_999, 3_600) == 30


@given(old=prices, price=prices, average=prices, since=seconds, memory=st.integers(0, 7_200))
def test_a_deviation_never_exceeds_what_was_seen(
    old: int, price: int, average: int, since: int, memory: int
) -> None:
    """TRACK-011: updates do not add up, however many there are."""
    change = abs(price - average)
    found = tracking.deviation(old, price, average, average, since, memory)
    assert change <= found <= max(old, change)
    assert tracking.deviation(found, price, average, average, since, memory) <= found


@pytest.mark.parametrize(
    ("elapsed", "expected"), [(0, 1_000), (1, 950), (11, 900), (16, 800), (99, 800)]
)
def test_confidence_falls_slowly_and_rises_at_once(elapsed: int, expected: int) -> None:
    """TRACK-012: by a twentieth to a fifth an update, never below the new one."""
    assert tracking.confidence_ratio(1_000, 0, 100 * USD, elapsed) == expected
    assert tracking.confidence_ratio(1_000, 110_000, 100 * USD, elapsed) == 1_100
    assert tracking.confidence_ratio(1_000, 92_000, 100 * USD, elapsed) == max(920, expected)


def test_volume_rolls_off() -> None:
    """TRACK-013: at least one second fades, a window fades all."""
    assert tracking.rolling_volume(3_600, 50, 0, 3_600) == 3_599 + 50
    assert tracking.rolling_volume(3_601, 50, 1_800, 3_600) == 1_800 + 50
    assert tracking.rolling_volume(3_600, 50, 3_601, 3_600) == 50


def test_ten_recent_prices_are_remembered() -> None:
    """TRACK-014: the last ten, the newest last, those beyond the window dropped."""
    samples: list[tuple[int, int]] = []
    for now in range(12):
        samples = tracking.remembered(samples, now, 100 + now, 3_600)
    assert samples == [(now, 100 + now) for now in range(2, 12)]
    assert tracking.remembered(samples, 3_610, 1, 3_600) == [(10, 110), (11, 111), (3_610, 1)]
    assert tracking.remembered(samples, 9_999, 1, 3_600) == [(9_999, 1)]


def median(*values: int) -> int:
    """The dampened price of these, in their order."""
    return tracking.dampened(list(enumerate(values)))


def test_one_wild_price_does_not_move_the_median() -> None:
    """TRACK-014: the middle of three and more, the last of fewer; even counts round down."""
    assert median(100, 101, 900) == 101
    assert median(100, 103, 900, 1) == 101
    assert median(100) == 100
    assert median(100, 900) == 900
    with pytest.raises(RangeError, match="no price"):
        median()


def test_an_auction_starts_at_the_median_after_a_jump() -> None:
    """TRACK-014: within the band the last price, beyond it the median."""
    assert [tracking.steadied(last, 100, 5) for last in (80, 100, 120)] == [80, 100, 120]
    assert [tracking.steadied(last, 100, 5) for last in (79, 121)] == [100, 100]
