"""Market health: divergences, the conditions of the restricted mode, price bands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import health
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import PRICE_MAX, RangeError

USD = 1_000_000
prices = st.integers(1, PRICE_MAX)
ratios = st.integers(1, 1_000_000)


@pytest.mark.parametrize(
    ("price", "reference", "ppm"),
    [(105, 100, 50_000), (95, 100, 50_000), (100, 100, 0), (1, 3, 666_666), (PRICE_MAX, 1,
     (PRICE_MAX - 1) * 1_000_000)],
)  # fmt: skip
def test_divergence_is_a_fraction_of_the_reference(price: int, reference: int, ppm: int) -> None:
    """HEALTH-001: floor(|p - r|·1e6/r), of any size."""
    assert health.divergence(price, reference) == ppm


def test_gap_is_a_signed_fraction_of_the_mark() -> None:
    """HEALTH-001: toward zero, negative for a mark below."""
    assert health.gap(18_807_668_638, 18_907_668_639) == -5_316
    assert health.gap(33 * USD, 32 * USD) == 30_303
    assert health.gap(33 * USD, 34 * USD) == -30_303


@given(mark=prices, distance=st.integers(0, PRICE_MAX))
def test_the_measures_mirror(mark: int, distance: int) -> None:
    """HEALTH-001: as far above as below."""
    if distance <= mark:
        assert health.divergence(mark + distance, mark) == health.divergence(mark - distance, mark)
    assert health.gap(mark, mark + distance) == -health.gap(mark, mark - distance)


def test_without_a_reference_there_is_no_measure() -> None:
    """HEALTH-001: zero is no price."""
    with pytest.raises(RangeError):
        health.divergence(1, 0)
    with pytest.raises(RangeError):
        health.gap(0, 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("distance", "limit", "diverges"),
    [
        (200_000, 200_000, False),
        (200_001, 200_000, True),
        (100_000, 1, False),
        (100_001, 1, True),
    ],
)
def test_more_than_the_limit_diverges(
    distance: int, limit: int, diverges: bool, sign: int
) -> None:  # fmt: skip
    """HEALTH-002: strictly, and a limit under 10 % counts as 10 %."""
    assert health.mark_diverges(sign * distance, limit) is diverges


def restricted_by(**more: int) -> list[tuple[int, int, int]]:
    """The breaches of a market that is healthy but for what is given."""
    values: dict[str, Any] = {
        "mark": 100, "oracle": 100, "oracle_twap": 100, "mark_twap": 100, "net": 0,
        "buy_room": 100, "sell_room": 100, "divergence_max": health.DIVERGENCE_MAX,
        "imbalance_max": health.IMBALANCE_MAX, **more,
    }  # fmt: skip
    return [(found.what, found.value, found.limit) for found in health.restricted_by(**values)]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("oracle", health.MARK_ORACLE),
        ("oracle_twap", health.MARK_ORACLE_TWAP),
        ("mark_twap", health.MARK_MARK_TWAP),
    ],
)
@pytest.mark.parametrize("mark", [1_200, 800])
def test_each_reference_restricts(name: str, what: int, mark: int) -> None:
    """HEALTH-003: more than 20 % from any of the three, told with what was measured."""
    near = {"mark": mark, "oracle": mark, "oracle_twap": mark, "mark_twap": mark}
    assert restricted_by(**near | {name: 1_000}) == []
    beyond = mark + (1 if mark > 1_000 else -1)
    far = {"mark": beyond, "oracle": mark, "oracle_twap": mark, "mark_twap": mark}
    assert restricted_by(**far | {name: 1_000}) == [(what, 201_000, 200_000)]


def test_all_breaches_are_told() -> None:
    """HEALTH-003, HEALTH-004: in a fixed order; what is not there is not measured."""
    every = restricted_by(mark=200, net=90)
    assert [what for what, _, _ in every] == [
        health.MARK_ORACLE,
        health.MARK_ORACLE_TWAP,
        health.MARK_MARK_TWAP,
        health.IMBALANCE,
    ]
    assert restricted_by(mark=200, oracle=0, oracle_twap=0, mark_twap=0) == []
    assert restricted_by(mark=111, divergence_max=1)[0] == (health.MARK_ORACLE, 110_000, 100_000)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("net", "rooms", "breaches"),
    [
        (79, (100, 300), []),
        (80, (100, 300), [(health.IMBALANCE, 800_000, 800_000)]),
        (80, (300, 100), [(health.IMBALANCE, 800_000, 800_000)]),
        (500, (300, 100), [(health.IMBALANCE, 1_000_000, 800_000)]),
        (1, (0, 100), [(health.IMBALANCE, 1_000_000, 800_000)]),
        (0, (0, 0), []),
    ],
)
def test_a_full_vamm_restricts(
    net: int, rooms: tuple[int, int], breaches: list[tuple[int, int, int]], sign: int
) -> None:
    """HEALTH-004: from 80 % of the smaller open side, long or short; a flat vAMM never does."""
    assert restricted_by(net=sign * net, buy_room=rooms[0], sell_room=rooms[1]) == breaches


@pytest.mark.parametrize(
    ("oracle", "twap", "limit", "diverges"),
    [
        (149_999, 100_000, 500_000, False),
        (150_000, 100_000, 500_000, True),
        (50_000, 100_000, 500_000, True),
        (50_001, 100_000, 500_000, False),
        (149_999, 100_000, 1, False),
        (159_999, 100_000, 600_000, False),
        (150_000, 0, 500_000, False),
    ],
)
def test_a_wild_oracle_liquidates_nobody(
    oracle: int, twap: int, limit: int, diverges: bool
) -> None:  # fmt: skip
    """HEALTH-005: from the limit on, and a limit under 50 % counts as 50 %."""
    assert health.oracle_diverges(oracle, twap, limit) is diverges


@pytest.mark.parametrize(
    ("price", "oracle", "twap", "limit", "expected"),
    [
        (109_999, 100_000, 100_000, 500_000, None),
        (110_000, 100_000, 100_000, 500_000, (health.FILL_ORACLE, 100_000, 100_000)),
        (90_000, 100_000, 100_000, 500_000, (health.FILL_ORACLE, 100_000, 100_000)),
        (90_001, 100_000, 100_000, 500_000, None),
        (150_000, 150_000, 100_000, 500_000, (health.FILL_ORACLE_TWAP, 500_000, 500_000)),
        (149_999, 150_000, 100_000, 500_000, None),
        (149_999, 150_000, 100_000, 1, None),
        (150_000, 150_000, 100_000, 600_000, None),
        (50_000, 50_000, 100_000, 500_000, (health.FILL_ORACLE_TWAP, 500_000, 500_000)),
        (200_000, 0, 0, 500_000, None),
    ],
)
def test_the_bands_of_a_fill(
    price: int, oracle: int, twap: int, limit: int, expected: tuple[int, int, int] | None
) -> None:
    """HEALTH-006: the initial margin ratio (10 %) around the oracle, 50 % around the average."""
    found = health.fill_breach(price, oracle, twap, 100_000, limit)
    assert (found and (found.what, found.value, found.limit)) == expected


@pytest.mark.parametrize(
    ("side", "price", "oracle", "twap", "better"),
    [
        (BUY, 99, 100, 110, True),
        (BUY, 100, 100, 110, False),
        (BUY, 105, 100, 110, False),
        (BUY, 105, 110, 100, False),
        (BUY, 100, 110, 100, False),
        (BUY, 99, 100, 0, True),
        (SELL, 111, 100, 110, True),
        (SELL, 110, 100, 110, False),
        (SELL, 105, 110, 100, False),
        (SELL, 101, 100, 0, True),
    ],
)
def test_what_is_better_for_the_taker_needs_no_band(
    side: int, price: int, oracle: int, twap: int, better: bool
) -> None:
    """HEALTH-006: better than the oracle and the average, strictly."""
    assert health.better_than_both(side, price, oracle, twap) is better


@pytest.mark.parametrize(
    ("side", "price", "breaches"),
    [
        (BUY, 104_999_999, False),
        (BUY, 105_000_000, True),
        (BUY, 1, False),
        (SELL, 95_000_001, False),
        (SELL, 95_000_000, True),
        (SELL, 10**12, False),
    ],
)
def test_a_maker_through_the_oracle(side: int, price: int, breaches: bool) -> None:
    """HEALTH-007: from 5 % through it; how far away an order waits is its own affair."""
    assert health.maker_breaches(side, price, 100 * USD, 50_000) is breaches
    assert not health.maker_breaches(side, price, 0, 50_000)


@given(price=prices, oracle=prices, imr=ratios)
def test_a_maker_in_its_band_fills_in_the_band_of_the_oracle(
    price: int, oracle: int, imr: int
) -> None:
    """HEALTH-006, HEALTH-007: exactly one side of a price out of the band stands through."""
    breached = health.fill_breach(price, oracle, 0, imr, 0) is not None
    sides = [health.maker_breaches(side, price, oracle, imr) for side in (BUY, SELL)]
    assert sides.count(True) == (1 if breached else 0)
