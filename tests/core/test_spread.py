"""The dynamic spread: each step by itself, then what holds for all of them together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plimsoll.core import curve, spread
from plimsoll.core.spread import Inputs, Spreads
from plimsoll.units import RangeError

USD = 10**6
BTC = 10**9
PEG = 60_000 * USD
SQRT_K = 833_333 * USD
ALL = spread.DEFAULT_STEPS | spread.REVENUE_RETREAT | spread.ADJUSTMENT


def inputs(**changes: Any) -> Inputs:
    """A calm market: flat, at the oracle's price, with a rich pool and nothing traded."""
    values: dict[str, Any] = {
        "steps": spread.DEFAULT_STEPS, "base_spread": 500, "max_spread": 20_000,
        "price": PEG, "peg": PEG, "y": SQRT_K, "terminal_y": SQRT_K, "net": 0,
        "buy_room": 100 * BTC, "sell_room": 100 * BTC, "gap": 0, "confidence": 0,
        "oracle_std": 0, "mark_std": 0, "long_volume": 0, "short_volume": 0, "volume_24h": 0,
        "equity": 10**40, "revenue": 0, "adjustment": 0,
    }  # fmt: skip
    return Inputs(**{**values, **changes})


def both(found: Spreads) -> tuple[int, int]:
    """Long and short."""
    return found.long, found.short


def after_anns_purchase(**changes: Any) -> Inputs:
    """Chapter 14's worked example."""
    x = SQRT_K - BTC
    y = curve.product_over(SQRT_K, x)
    values: dict[str, Any] = {
        "price": curve.price(y, x, PEG), "y": y, "net": BTC,
        "buy_room": 141_973_460_609, "sell_room": 173_583_264_300,
        "gap": 2_398, "confidence": 600, "oracle_std": 90 * USD, "mark_std": 120 * USD,
        "long_volume": 2 * 10**12, "short_volume": 5 * 10**11, "volume_24h": 10**13,
        "equity": 34_565_560,
    }  # fmt: skip
    return inputs(**{**values, **changes})


def test_worked_example() -> None:
    """SPREAD-001 … SPREAD-007, SPREAD-010, SPREAD-012: chapter 14, line by line."""
    given_ = after_anns_purchase()
    assert (given_.price, given_.y) == (60_144_259_673, 834_334_201_442)
    vol = spread.volatility(given_)
    assert both(vol) == (120, 30)
    assert spread.target_width(given_) == 20_000
    found = spread.retreat_from_oracle(given_, vol, Spreads(500, 500))
    assert both(found) == (500, 2_428)
    assert spread.inventory_ratio(BTC, given_.buy_room, given_.sell_room) == 7_043
    rooms = given_.buy_room, given_.sell_room
    assert spread.inventory_scale(BTC, *rooms, 500, 20_000) == 1_281_720
    found = spread.skew_by_inventory(given_, found, 20_000)
    assert both(found) == (640, 2_428)
    assert spread.leverage_scale(
        given_.y, SQRT_K, PEG, BTC, given_.price, given_.equity
    ) == 3_088_008  # fmt: skip
    found = spread.spreads(given_)
    assert both(found) == (1_976, 2_428)
    assert (found.ask(given_.price), found.bid(given_.price)) == (60_263_104_730, 59_998_229_410)
    assert both(spread.spreads(after_anns_purchase(equity=0))) == (4_172, 15_828)


def test_defaults_leave_out_revenue_and_adjustment() -> None:
    """SPREAD-001: 1, 2, 3, 4, 5 and 8 are on; with none both sides are the base spread."""
    on = [step for step in (1, 2, 4, 8, 16, 32, 64, 128) if inputs().has(step)]
    assert on == [
        spread.VOLATILITY, spread.TARGET, spread.ORACLE_RETREAT, spread.INVENTORY, spread.EQUITY,
        spread.CAP,
    ]  # fmt: skip
    plain = spread.spreads(after_anns_purchase(steps=0, revenue=-(10**9), adjustment=50))
    assert both(plain) == (500, 500)


@pytest.mark.parametrize(
    ("step", "changes", "off", "on"),
    [
        (spread.VOLATILITY, {"confidence": 3_000}, (500, 500), (3_000, 3_000)),
        (spread.ORACLE_RETREAT, {"gap": -900}, (500, 500), (900, 500)),
        (spread.INVENTORY, {"net": -BTC}, (500, 500), (500, 700)),
        (spread.EQUITY, {"equity": 0}, (500, 500), (5_000, 5_000)),
        (spread.REVENUE_RETREAT, {"revenue": -30 * USD}, (500, 500), (1_100, 1_100)),
        (spread.ADJUSTMENT, {"adjustment": 1}, (500, 500), (505, 505)),
        (spread.CAP, {"max_spread": 500}, (500, 500), (250, 250)),
    ],
)
def test_each_switch_is_one_step(
    step: int, changes: dict[str, int], off: tuple[int, int], on: tuple[int, int]
) -> None:
    """SPREAD-001, SPREAD-002: a step works alone, and does nothing when it is off."""
    assert both(spread.spreads(inputs(steps=0, **changes))) == off
    assert both(spread.spreads(inputs(steps=step, **changes))) == on
    others = ALL & ~step & ~spread.CAP
    assert both(spread.spreads(inputs(steps=others, **changes))) == off


def test_target_switch_widens_the_cap() -> None:
    """SPREAD-004: with step 2 a far oracle widens the target; without, max_spread holds."""
    far = {"gap": 50_000, "max_spread": 2_000}
    assert both(spread.spreads(inputs(**far))) == (495, 49_505)
    narrow = spread.spreads(inputs(steps=spread.DEFAULT_STEPS & ~spread.TARGET, **far))
    assert narrow.long + narrow.short == 2_000


def test_volatility_is_in_every_step_or_in_none() -> None:
    """SPREAD-002, SPREAD-005, SPREAD-009: retreat and adjustment use its vol_side."""
    steps = spread.ORACLE_RETREAT | spread.ADJUSTMENT
    shaken = {"gap": -2_000, "confidence": 3_000, "adjustment": -100}
    with_vol = spread.spreads(inputs(steps=steps | spread.VOLATILITY, **shaken))
    assert both(with_vol) == (3_000, 3_000)
    assert both(spread.spreads(inputs(steps=steps, **shaken))) == (500, 500)
    retreat = spread.ORACLE_RETREAT | spread.VOLATILITY
    assert spread.spreads(inputs(steps=retreat, gap=-2_000, confidence=3_000)).long == 5_000


@pytest.mark.parametrize(
    ("confidence", "vol"), [(0, 0), (19, 0), (2_500, 125), (2_501, 2_501), (50_000, 50_000)]
)
def test_small_confidence_counts_a_twentieth(confidence: int, vol: int) -> None:
    """SPREAD-003: above 2,500 ppm all of it."""
    assert both(spread.volatility(inputs(confidence=confidence))) == (vol, vol)


@pytest.mark.parametrize(
    ("volume", "day", "vol"),
    [(0, 0, 75), (1, 100, 75), (2, 100, 150), (50, 100, 3_750), (300, 100, 7_500), (1, 0, 7_500)],
)
def test_share_of_the_volume_is_clamped(volume: int, day: int, vol: int) -> None:
    """SPREAD-003: an eighth of the deviations (60,000 ppm), by 1 % to 100 %, for each side."""
    deviations = {"oracle_std": 1_600 * USD, "mark_std": 2_000 * USD, "volume_24h": day}
    assert both(spread.volatility(inputs(long_volume=volume, **deviations))) == (vol, 75)
    assert both(spread.volatility(inputs(short_volume=volume, **deviations))) == (75, vol)


def test_volatility_rounds_down_at_every_division() -> None:
    """SPREAD-003: 15 ppm of deviations are 7 halved, 1 in the end; the least share is 1 %."""
    odd = inputs(mark_std=900_000, long_volume=1, volume_24h=1)
    assert both(spread.volatility(odd)) == (1, 0)
    assert both(spread.volatility(inputs(mark_std=8 * PEG))) == (10_000, 10_000)


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, 20_000), ({"gap": 30_000}, 30_000), ({"gap": -30_000}, 30_000),
        ({"confidence": 10_001}, 20_002), ({"oracle_std": 1_800 * USD}, 30_000),
        ({"mark_std": 1_800 * USD}, 30_000),
        ({"mark_std": 1_800 * USD, "oracle_std": 1_800 * USD}, 30_000),
        ({"mark_std": 70_000 * USD}, 1_000_000), ({"gap": -3_000_000}, 1_000_000),
    ],
)  # fmt: skip
def test_target_follows_the_widest_doubt(changes: dict[str, int], target: int) -> None:
    """SPREAD-004: max_spread, gap, twice the confidence, the larger deviation; at most 1e6."""
    assert spread.target_width(inputs(**changes)) == target


def test_retreat_adds_the_volatility_of_its_side() -> None:
    """SPREAD-005: from a gap of one ppm on, only towards the oracle."""
    vol = Spreads(7, 9)
    for gap, found in ((-1, (8, 9)), (0, (7, 9)), (1, (7, 10))):
        assert both(spread.retreat_from_oracle(inputs(gap=gap), vol, vol)) == found


def test_nobody_trades_through_the_oracle() -> None:
    """SPREAD-005, SPREAD-012: the ask is not below the oracle, the bid not above it."""
    for gap in (-19_000, -501, 501, 19_000):
        oracle = PEG - PEG * gap // 10**6
        found = spread.spreads(inputs(gap=gap))
        assert found.bid(PEG) <= oracle <= found.ask(PEG)


@pytest.mark.parametrize(
    ("net", "rooms", "ratio"),
    [
        (0, (10, 10), 0), (3, (10, 20), 300_000), (-3, (20, 10), 300_000), (1, (3, 3), 333_333),
        (10, (10, 20), 1_000_000), (11, (10, 20), 1_000_000), (1, (0, 20), 1_000_000),
        (0, (0, 20), 1_000_000),
    ],
)  # fmt: skip
def test_ratio_is_of_the_smaller_room(net: int, rooms: tuple[int, int], ratio: int) -> None:
    """SPREAD-006: mirrored for both signs, full at the bound."""
    assert spread.inventory_ratio(net, *rooms) == ratio


def test_full_inventory_takes_the_target_or_ten_times() -> None:
    """SPREAD-006: the scale ends at target/side, never below ten."""
    assert spread.inventory_scale(10, 10, 10, 500, 20_000) == 40_000_000
    assert spread.inventory_scale(10, 10, 10, 5_000, 20_000) == 10_000_000
    assert spread.inventory_scale(1, 10, 10, 5_000, 20_000) == 2_000_000
    assert spread.inventory_scale(0, 0, 0, 500, 20_000) == 1_000_000
    assert spread.inventory_scale(10, 10, 10, 0, 20_000) == 20_000 * 10**6


@pytest.mark.parametrize(
    ("net", "y", "equity", "scale"),
    [(10, 40, 99, 1_100_001), (-10, -60, 99, 1_100_001), (10, 50, 99, 1_000_001),
     (10, 60, 99, 1_000_001), (10, 40, 1, 6_000_001), (10, 30, 1, 10_000_000)],
)  # fmt: skip
def test_leverage_is_what_stands_to_be_lost(net: int, y: int, equity: int, scale: int) -> None:
    """SPREAD-007: per unit of equity and one, between once and ten times."""
    assert spread.leverage_scale(y * 1_000, 0, USD, net * 1_000, 5 * USD, equity) == scale


def test_leverage_truncates_both_values_toward_zero() -> None:
    """SPREAD-007: minus one and a half is minus one."""
    assert spread.leverage_scale(0, 3, 500 * USD, 0, PEG, 9) == 1_100_001
    assert spread.leverage_scale(0, 20, 500 * USD, -3, 500 * USD, 99) == 1_090_001


@pytest.mark.parametrize(("net", "found"), [(1, (20, 10)), (-1, (10, 20)), (0, (10, 10))])
def test_the_risky_side_is_where_the_position_would_grow(net: int, found: tuple[int, int]) -> None:
    """SPREAD-006: one unit of base decides; a flat vAMM has none."""
    assert both(spread.scale_risky_side(net, Spreads(10, 10), 2_000_000)) == found


@pytest.mark.parametrize(("net", "found"), [(1, (1_000, 40)), (-1, (10, 1_000))])
def test_a_full_vamm_quotes_its_risky_side_at_the_target(net: int, found: tuple[int, int]) -> None:
    """SPREAD-006: the scale is made from the side it scales."""
    quoted = Spreads(10, 40) if net > 0 else Spreads(10, 5)
    full = spread.skew_by_inventory(inputs(net=net, buy_room=1, sell_room=1), quoted, 1_000)
    assert both(full) == found


def test_without_equity_both_sides_are_ten_times_as_wide() -> None:
    """SPREAD-007: at 0 and below; from one unit on, only the risky side."""
    for equity in (0, -(10**9)):
        assert both(spread.spreads(inputs(equity=equity, net=1))) == (5_000, 5_000)
    quoted = Spreads(500, 600)
    exposed = inputs(equity=1, net=BTC)
    assert both(spread.widen_by_leverage(exposed, quoted)) == (5_000, 600)
    assert both(spread.widen_by_leverage(inputs(equity=1), quoted)) == (500, 600)


@pytest.mark.parametrize(
    ("revenue", "amount"),
    [
        (10**9, 0), (-25 * USD, 0), (-25 * USD - 1, 1_000), (-26 * USD, 1_040),
        (-50 * USD, 2_000), (-51 * USD, 2_000), (-25_000 * USD, 2_000), (-(10**15), 2_000),
    ],
)  # fmt: skip
def test_losses_widen_by_a_width_per_25_usd(revenue: int, amount: int) -> None:
    """SPREAD-008: nothing up to 25 USD, a tenth of the target at most."""
    assert spread.revenue_retreat(1_000, 20_000, revenue) == amount


def test_a_narrow_spread_still_retreats_after_heavy_losses() -> None:
    """SPREAD-008: below -25,000 USD the width does not count."""
    assert spread.revenue_retreat(1, 20_000, -25_000 * USD) == 1_000
    assert spread.revenue_retreat(1, 20_000, -25_000 * USD - 1) == 2_000
    assert spread.revenue_retreat(1, 19_999, -25_000 * USD - 1) == 1_999


@pytest.mark.parametrize(("net", "found"), [(1, (1_541, 1_020)), (-1, (1_020, 1_541)),
                                            (0, (1_020, 1_020))])  # fmt: skip
def test_the_risky_side_takes_all_of_the_retreat(net: int, found: tuple[int, int]) -> None:
    """SPREAD-008: the other side half, rounded down; half each when flat."""
    given_ = inputs(net=net, revenue=-26_025_000)
    assert spread.revenue_retreat(1_000, 20_000, given_.revenue) == 1_041
    assert both(spread.retreat_after_losses(given_, Spreads(500, 500), 20_000)) == found


@pytest.mark.parametrize(
    ("side", "percent", "least", "found"),
    [(1_001, 50, 0, 1_502), (1_001, -50, 0, 501), (1_001, -100, 0, 1), (1_001, -100, 700, 700),
     (1_001, -200, 0, 1), (1_001, 0, 0, 1_001), (1, 1, 0, 2)],
)  # fmt: skip
def test_adjustment_widens_up_and_narrows_to_its_floor(
    side: int, percent: int, least: int, found: int
) -> None:
    """SPREAD-009: both roundings make the spread wider."""
    assert spread.adjusted(side, percent, least) == found


@given(long=st.integers(0, 10**12), short=st.integers(0, 10**12), target=st.integers(0, 10**6))
def test_cap_keeps_the_proportion(long: int, short: int, target: int) -> None:
    """SPREAD-010: the sum is the target, the larger side keeps its share within one unit."""
    found = spread.capped(long, short, target)
    if long + short <= target:
        assert both(found) == (long, short)
        return
    assert found.long + found.short == target
    assert min(both(found)) >= 0
    larger, was = (found.long, long) if long > short else (found.short, short)
    assert 0 <= larger * (long + short) - was * target < long + short
    if long != short:
        assert both(spread.capped(short, long, target)) == (found.short, found.long)


def test_cap_gives_a_tie_to_the_short_side() -> None:
    """SPREAD-010: the odd unit."""
    assert both(spread.capped(10, 10, 7)) == (3, 4)


def test_without_the_cap_a_spread_wider_than_the_price_is_refused() -> None:
    """SPREAD-011: 1e6 is the last that passes."""
    off = spread.DEFAULT_STEPS & ~spread.CAP
    assert spread.spreads(inputs(steps=off, gap=-999_500)).long == 999_500
    with pytest.raises(RangeError, match="wider than the price"):
        spread.spreads(inputs(steps=off, gap=-999_501))
    assert both(spread.spreads(inputs(gap=-999_501))) == (999_002, 499)


@pytest.mark.parametrize(
    "bad", [{"price": 0}, {"oracle_std": -1}, {"mark_std": -1}, {"long_volume": -1}]
)
def test_nonsense_is_refused(bad: dict[str, int]) -> None:
    """SPREAD-011: a typed error, not a strange quote."""
    with pytest.raises(RangeError):
        spread.spreads(inputs(**bad))


def changes() -> st.SearchStrategy[dict[str, int]]:
    """Anything a market can come to, and more."""
    wide = st.integers(0, 10**19)
    return st.fixed_dictionaries(
        {
            "steps": st.integers(0, 255).map(lambda steps: steps | spread.CAP),
            "base_spread": st.integers(1, 10_000),
            "max_spread": st.integers(1, 60_000),
            "price": st.integers(1, 2**46),
            "net": st.integers(-(10**15), 10**15),
            "buy_room": st.integers(0, 10**15),
            "sell_room": st.integers(0, 10**15),
            "gap": st.integers(-(10**20), 10**6),
            "confidence": st.integers(0, 2_000_000),
            "oracle_std": st.integers(0, 2**46),
            "mark_std": st.integers(0, 2**46),
            **dict.fromkeys(("long_volume", "short_volume", "volume_24h"), wide),
            "equity": st.sampled_from([-1, 0, 10**40]),
            "revenue": st.integers(-(10**12), 10**12),
            "adjustment": st.integers(-100, 500),
        }
    )


@settings(max_examples=150, deadline=None)
@given(market=changes(), equity=st.integers(-(10**18), 10**18), y=st.integers(1, 10**18))
def test_spreads_are_within_the_target(market: dict[str, int], equity: int, y: int) -> None:
    """SPREAD-011, SPREAD-012: nothing is refused, the price lies between the quotes."""
    given_ = inputs(**{**market, "equity": equity, "y": y})
    found = spread.spreads(given_)
    target = spread.target_width(given_)
    assert min(both(found)) >= 0
    assert found.long + found.short <= target <= 1_000_000
    assert 0 <= found.bid(given_.price) <= given_.price <= found.ask(given_.price)
    if found.long + found.short < target:
        assert min(both(found)) >= given_.base_spread


@settings(max_examples=150, deadline=None)
@given(market=changes())
def test_buyers_and_sellers_are_treated_alike(market: dict[str, int]) -> None:
    """SPREAD-001 … SPREAD-010: the mirrored market has the mirrored spreads."""
    mirrored = {
        **market, "net": -market["net"], "gap": -market["gap"],
        "buy_room": market["sell_room"], "sell_room": market["buy_room"],
        "long_volume": market["short_volume"], "short_volume": market["long_volume"],
    }  # fmt: skip
    found = spread.spreads(inputs(**market))
    assume(abs(found.long - found.short) != 1)  # the odd unit of a tie is the short side's
    assert both(spread.spreads(inputs(**mirrored))) == (found.short, found.long)


@settings(max_examples=100, deadline=None)
@given(small=st.integers(0, 10**12), more=st.integers(0, 10**12), side=st.integers(1, 50_000))
def test_more_inventory_is_never_cheaper(small: int, more: int, side: int) -> None:
    """SPREAD-006, SPREAD-007: the scales grow with |net| and fall with equity."""
    rooms = 10**12, 10**12
    scales = [spread.inventory_scale(net, *rooms, side, 20_000) for net in (small, small + more)]
    assert 1_000_000 <= scales[0] <= scales[1] <= max(10_000_000, 20_000 * 10**6 // side)
    poor, rich = (
        spread.leverage_scale(0, 0, PEG, small, PEG, equity) for equity in (more + 1, 2 * more + 2)
    )
    assert 1_000_001 <= rich <= poor <= 10_000_000


@settings(max_examples=100, deadline=None)
@given(confidence=st.integers(0, 10**6), std=st.integers(0, PEG), more=st.integers(0, 10**6))
def test_more_doubt_is_never_narrower(confidence: int, std: int, more: int) -> None:
    """SPREAD-003, SPREAD-004: in confidence, deviation and volume."""
    doubt = {"confidence": confidence, "mark_std": std, "oracle_std": 0, "long_volume": more}
    calm = inputs(volume_24h=10**7, **doubt)
    for name, value in doubt.items():
        shaken = inputs(volume_24h=10**7, **{**doubt, name: value + more})
        assert spread.volatility(shaken).long >= spread.volatility(calm).long
        assert spread.target_width(shaken) >= spread.target_width(calm)
