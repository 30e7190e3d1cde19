"""Spot pools: worked numbers, rounding for the pool, paths, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.core import asset_units, spot
from plimsoll.core.spot import Leg, PoolState
from plimsoll.messages import codes
from plimsoll.messages.codes import Reject
from plimsoll.units import RangeError

USD, ETH, BTC = 0, 1, 2
UNIT = 10**9
QUOTE = 10**6


def pool(ident: int = 0, base: int = ETH, quote: int = USD, **more: int) -> PoolState:
    """1,000 ETH and 2,000,000 USD with a fee of 0.3 % but for what is named."""
    values = {
        "base_reserve": 1_000 * UNIT,
        "quote_reserve": 2_000_000 * QUOTE,
        "virtual_base": 0,
        "virtual_quote": 0,
        "fee": 3_000,
        **more,
    }
    return PoolState(ident, base, quote, *values.values())


def refused(code: int, call: Callable[[], object]) -> tuple[int, int]:
    """The call is refused with this code; its two numbers."""
    with pytest.raises(Reject) as caught:
        call()
    assert caught.value.code == code
    return caught.value.value, caught.value.limit


def test_worked_swaps() -> None:
    """SPOT-003, SPOT-004: the numbers of the specification."""
    sell = spot.leg(pool(), ETH)
    assert spot.amount_out(sell, 10 * UNIT) == 19_743_160_687
    assert spot.amount_in(sell, 20_000 * QUOTE) == 10_131_404_315
    assert spot.fee_of(sell, 10 * UNIT) == 30_000_000
    buy = spot.leg(pool(fee=0), USD)
    assert spot.amount_out(buy, 2_000_000 * QUOTE) == 500 * UNIT
    assert spot.amount_in(buy, 500 * UNIT) == 2_000_000 * QUOTE


def test_virtual_reserves_flatten_the_price_and_are_never_paid() -> None:
    """SPOT-002, SPOT-005: nine times the reserves as virtual ones, the same real ones."""
    deep = pool(virtual_base=9_000 * UNIT, virtual_quote=18_000_000 * QUOTE, fee=0)
    sell = spot.leg(deep, ETH)
    shallow = spot.leg(pool(fee=0), ETH)
    assert spot.amount_out(sell, 10 * UNIT) > spot.amount_out(shallow, 10 * UNIT)
    assert spot.amount_in(sell, 2_000_000 * QUOTE) > 1_000 * UNIT
    wanted = 2_000_000 * QUOTE + 1
    assert refused(codes.SPOT_LIQUIDITY, lambda: spot.amount_in(sell, wanted)) == (
        wanted,
        2_000_000 * QUOTE,
    )
    value, limit = refused(codes.SPOT_LIQUIDITY, lambda: spot.amount_out(sell, 2_000 * UNIT))
    assert value > limit == 2_000_000 * QUOTE


def test_refused_amounts() -> None:
    """SPOT-003 to SPOT-005: nothing for something, all there is, an empty pool, a range."""
    sell = spot.leg(pool(), ETH)
    assert refused(codes.SPOT_AMOUNT_ZERO, lambda: spot.amount_out(sell, 0)) == (0, 0)
    assert refused(codes.SPOT_AMOUNT_ZERO, lambda: spot.amount_out(sell, 1)) == (1, 0)
    assert refused(codes.SPOT_AMOUNT_ZERO, lambda: spot.amount_in(sell, 0)) == (0, 0)
    most = 2_000_000 * QUOTE
    assert refused(codes.SPOT_LIQUIDITY, lambda: spot.amount_in(sell, most)) == (most, most - 1)
    empty = spot.leg(pool(base_reserve=0, quote_reserve=0), ETH)
    refused(codes.SPOT_LIQUIDITY, lambda: spot.amount_out(empty, UNIT))
    refused(codes.SPOT_LIQUIDITY, lambda: spot.amount_in(empty, 1))
    with pytest.raises(RangeError):
        spot.amount_out(sell, 2**62 - 1)


def test_paths_lead_somewhere() -> None:
    """SPOT-006: ETH to BTC to USD, and every way of naming none."""
    first = pool(0, ETH, BTC, quote_reserve=50 * UNIT)
    second = pool(1, BTC, USD, base_reserve=100 * UNIT, quote_reserve=4_000_000 * QUOTE)
    path = spot.legs([first, second], ETH, USD)
    assert [(one.asset_in, one.asset_out) for one in path] == [(ETH, BTC), (BTC, USD)]
    back = spot.legs([second, first], USD, ETH)
    amounts = spot.exact_in(path, UNIT)
    assert amounts[0] == UNIT
    assert amounts[1] == spot.amount_out(path[0], UNIT)
    assert amounts[2] == spot.amount_out(path[1], amounts[1])
    assert spot.exact_out(path, amounts[2])[0] <= UNIT
    assert spot.exact_out(back, UNIT)[-1] == UNIT
    for pools, given_asset, wanted in (
        ([], ETH, ETH),
        ([first], ETH, USD),
        ([second], ETH, USD),
        ([first, first], ETH, ETH),
        ([second, first, second], USD, BTC),
    ):
        refused(codes.SPOT_PATH, lambda p=pools, a=given_asset, b=wanted: spot.legs(p, a, b))


reserves = st.integers(1, 10**16)
virtuals = st.integers(0, 10**16)
fees = st.integers(0, spot.FEE_MAX)
amounts = st.integers(1, 10**15)


def legs(x: int, y: int, vx: int, vy: int, fee: int) -> tuple[Leg, Leg]:
    """Both directions of a pool with these reserves."""
    made = PoolState(0, ETH, USD, x, y, vx, vy, fee)
    return spot.leg(made, ETH), spot.leg(made, USD)


@given(x=reserves, y=reserves, vx=virtuals, vy=virtuals, fee=fees, amount=amounts)
def test_the_product_never_falls(x: int, y: int, vx: int, vy: int, fee: int, amount: int) -> None:
    """SPOT-002: whatever is swapped, with an exact amount in or out; and what is given is the
    exact curve, rounded down by less than a unit."""
    sell, _ = legs(x, y, vx, vy, fee)
    try:
        out = spot.amount_out(sell, amount)
    except Reject:
        assume(False)
    assert (sell.x + amount) * (sell.y - out) >= sell.x * sell.y
    net = amount * (10**6 - fee) // 10**6
    assert 0 <= Fraction(net * sell.y, sell.x + net) - out < 1
    asked = spot.amount_in(sell, out)
    assert (sell.x + asked) * (sell.y - out) >= sell.x * sell.y


@given(x=reserves, y=reserves, vx=virtuals, vy=virtuals, fee=fees, wanted=amounts)
def test_what_is_asked_is_enough_and_not_more(
    x: int, y: int, vx: int, vy: int, fee: int, wanted: int
) -> None:
    """SPOT-007: the amount asked for gives what was wanted; two units of net less do not."""
    sell, _ = legs(x, y, vx, vy, fee)
    assume(wanted <= y and wanted < sell.y)
    try:
        asked = spot.amount_in(sell, wanted)
        out = spot.amount_out(sell, asked)
    except (Reject, RangeError):
        assume(False)
    assert out >= wanted
    less = asked - 2
    if less > 0:
        net = less * (10**6 - fee) // 10**6
        assert net * sell.y // (sell.x + net) <= out
        assert Fraction(net * sell.y, sell.x + net) < wanted


@given(x=reserves, y=reserves, vx=virtuals, vy=virtuals, fee=fees, amount=amounts)
def test_there_and_back_never_gains(
    x: int, y: int, vx: int, vy: int, fee: int, amount: int
) -> None:
    """SPOT-007: out, then in again, through the pool as the first swap left it."""
    sell, _ = legs(x, y, vx, vy, fee)
    try:
        out = spot.amount_out(sell, amount)
        _, buy = legs(x + amount, y - out, vx, vy, fee)
        back = spot.amount_out(buy, out)
    except Reject:
        assume(False)
    assert back <= amount


@given(x=reserves, y=reserves, fee=fees, one=amounts, two=amounts)
def test_splitting_never_gains(x: int, y: int, fee: int, one: int, two: int) -> None:
    """SPOT-007: with no fee, two swaps give no more than one; a fee, which stays in the pool,
    leaves the second the worse."""
    sell, _ = legs(x, y, 0, 0, 0)
    try:
        whole = spot.amount_out(sell, one + two)
        first = spot.amount_out(sell, one)
        rest, _ = legs(x + one, y - first, 0, 0, 0)
        second = spot.amount_out(rest, two)
    except Reject:
        assume(False)
    assert first + second <= whole
    dear, _ = legs(x, y, 0, 0, fee)
    assert net_out(dear, one) <= first


def net_out(step: Leg, amount: int) -> int:
    """What goes out, 0 where a swap is refused."""
    try:
        return spot.amount_out(step, amount)
    except Reject:
        return 0


@pytest.mark.parametrize(
    ("decimals", "step", "holds"),
    [(9, 1, True), (12, 1, True), (13, 10**9, False), (8, 10, True), (8, 5, False),
     (0, 10**9, True), (6, 1_000_000, True), (6, 999, False)],
)  # fmt: skip
def test_which_assets_can_be_the_base_of_a_market(decimals: int, step: int, holds: bool) -> None:
    """SPOT-001: BASE_ASSET unless every size is a whole number of units."""
    if holds:
        asset_units.check_base_asset(decimals, step)
    else:
        refused(codes.BASE_ASSET, lambda: asset_units.check_base_asset(decimals, step))


@pytest.mark.parametrize("decimals", [0, 6, 8, 9, 10, 12])
@given(amount=st.integers(0, 10**15))
def test_units_round_as_they_say(decimals: int, amount: int) -> None:
    """SPOT-001: down and up enclose the exact ratio by less than a unit, in every direction."""
    base = Fraction(amount) * Fraction(10) ** (decimals - 9)
    asset = Fraction(amount) * Fraction(10) ** (9 - decimals)
    for exact, low, high in (
        (base, asset_units.base_to_asset_floor, asset_units.base_to_asset_ceil),
        (asset, asset_units.asset_to_base_floor, asset_units.asset_to_base_ceil),
    ):
        if exact <= 2**62 - 1:
            assert low(amount, decimals) <= exact <= high(amount, decimals)
            assert high(amount, decimals) - low(amount, decimals) == (exact.denominator != 1)


@given(amount=st.integers(1, 10**13), price=st.integers(1, 10**10), decimals=st.integers(0, 12))
def test_values_round_as_they_say(amount: int, price: int, decimals: int) -> None:
    """SPOT-001: a value, the amount it buys, and the price of a fill."""
    exact = Fraction(amount * price, 10**decimals)
    assume(exact <= 2**62 - 1)
    low = asset_units.asset_value_floor(amount, decimals, price)
    high = asset_units.asset_value_ceil(amount, decimals, price)
    assert low <= exact <= high <= low + 1
    assert asset_units.value_in_asset_floor(low, decimals, price) <= amount
    assert asset_units.value_in_asset_floor(high, decimals, price) >= amount
    assert asset_units.price_of_fill_floor(amount, decimals, low) <= price
    assert asset_units.price_of_fill_ceil(amount, decimals, high) >= price


def test_a_signed_worth_rounds_down() -> None:
    """SPOT-001: the reference's numbers: -100 at 3 is -33.333333334 base of 9 decimals."""
    assert asset_units.value_in_asset_floor(-100 * QUOTE, 9, 3 * QUOTE) == -33_333_333_334
    assert asset_units.value_in_asset_floor(250 * QUOTE, 9, 90 * QUOTE) == 2_777_777_777
