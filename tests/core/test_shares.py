"""Shares of vaults: the worked numbers, the ERC-4626 properties, and both shut doors."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plimsoll.core import shares
from plimsoll.messages import codes
from plimsoll.messages.codes import Reject

VS = 1_000_000
VA = 1_000_000
USD = 10**6


def minted(amount: int, assets: int, supply: int) -> int:
    """Shares of a deposit with the default virtual part."""
    return shares.minted_floor(amount, assets, supply, VA, VS)


def redeemed(given_back: int, assets: int, supply: int) -> int:
    """Value of shares with the default virtual part."""
    return shares.redeemed_floor(given_back, assets, supply, VA, VS)


@pytest.mark.parametrize(
    ("amount", "assets", "supply", "expected"),
    [
        (USD, 0, 0, 1_000_000),
        (5_000 * USD, 0, 0, 5_000_000_000),
        (USD, USD, 1_000_000, 1_000_000),
        (1, 2 * USD, 2_000_000, 1),
        (5_000 * USD, 10_000 * USD + 1, 1, 499_950),
    ],
)
def test_worked_deposits(amount: int, assets: int, supply: int, expected: int) -> None:
    """SHARE-001, SHARE-002: the numbers of the specification."""
    assert minted(amount, assets, supply) == expected
    assert shares.mint(amount, assets, supply, VA, VS, expected) == expected


@pytest.mark.parametrize(
    ("given_back", "assets", "supply", "expected"),
    [
        (1_000_000, USD, 1_000_000, USD),
        (2_500_000_000, 6_000 * USD, 5_000_000_000, 2_999_900_019),
        (2_500_000_000, 4_000 * USD, 5_000_000_000, 2_000_099_980),
        (5_000_000_000, 5_000 * USD, 5_000_000_000, 5_000 * USD),
        (499_950, 15_000 * USD + 1, 499_951, 4_999_996_633),
    ],
)
def test_worked_withdrawals(given_back: int, assets: int, supply: int, expected: int) -> None:
    """SHARE-003: the numbers of the specification; the last one is a victim of an inflation."""
    assert redeemed(given_back, assets, supply) == expected
    assert shares.redeem(given_back, given_back, assets, supply, VA, VS, expected) == expected


def test_without_virtual_shares_the_first_deposit_is_one_to_one() -> None:
    """SHARE-002: what the reference vectors use, in base units of 1e-9; a fall of the price does
    not move a hedged vault: (50 - 0.5·10)/90 + 0.5 = 1."""
    unit = 10**9
    assert shares.mint(unit, 0, 0, 0, 0, 0) == unit
    assert shares.mint(unit, 7 * unit, 0, 0, 0, 0) == unit
    assert shares.mint(unit, unit, unit, 0, 0, unit) == unit
    assert shares.redeem(unit, unit, 2 * unit, 2 * unit, 0, 0, 0) == unit


def refused(code: int, value: int, limit: int, function: object, *arguments: int) -> None:
    """The call is refused with exactly these numbers."""
    assert callable(function)
    with pytest.raises(Reject) as caught:
        function(*arguments)
    found = (caught.value.code, caught.value.value, caught.value.limit)
    assert found == (code, value, limit)


def test_refused_deposits() -> None:
    """SHARE-002: nothing, too few (SHARES_TOO_FEW), too many in all (SHARES_LIMIT)."""
    refused(codes.BAD_FIELD, 0, 1, shares.mint, 0, 0, 0, VA, VS, 0)
    refused(codes.SHARES_TOO_FEW, 0, 1, shares.mint, 1, 10**13, 0, VA, VS, 0)
    refused(codes.SHARES_TOO_FEW, 1_000_000, 1_000_001, shares.mint, USD, 0, 0, VA, VS, 1_000_001)
    most = shares.SHARES_MAX
    refused(codes.SHARES_LIMIT, most - 1, most, shares.mint, 2, most, most - 1, 0, 1, 0)
    assert shares.mint(1, most, most - 1, 0, 1, 0) == 1


def test_refused_withdrawals() -> None:
    """SHARE-003: INSUFFICIENT_SHARES, and VALUE_TOO_SMALL for what would burn them for nothing."""
    refused(codes.BAD_FIELD, 0, 1, shares.redeem, 0, 5, USD, 5, VA, VS, 0)
    refused(codes.INSUFFICIENT_SHARES, 6, 5, shares.redeem, 6, 5, USD, 9, VA, VS, 0)
    refused(codes.VALUE_TOO_SMALL, 0, 1, shares.redeem, 1, 1, -1, 1, VA, VS, 0)
    refused(codes.VALUE_TOO_SMALL, USD, USD + 1, shares.redeem, VS, VS, USD, VS, VA, VS, USD + 1)


@pytest.mark.parametrize("assets", [-VA, -VA - 1, -(2**62)])
def test_a_vault_without_worth_is_shut(assets: int) -> None:
    """SHARE-004: VAULT_SHUT both ways from minus the virtual assets down; a unit more opens it."""
    worth = max(assets + VA, -(2**62 - 1))
    refused(codes.VAULT_SHUT, worth, 0, shares.mint, USD, assets, VS, VA, VS, 0)
    refused(codes.VAULT_SHUT, worth, 0, shares.redeem, VS, VS, assets, VS, VA, VS, 0)
    assert minted(1, 1 - VA, 0) == VS
    assert redeemed(VS, 3 - VA, VS) == 1


amounts = st.integers(1, 10**15)
worths = st.integers(0, 10**16)
supplies = st.integers(0, 10**16)
virtuals = st.sampled_from([(VA, VS), (1, 1), (1, 10**6), (10**9, 10**9)])


@given(amount=amounts, assets=worths, supply=supplies, virtual=virtuals)
def test_rounding_is_the_vaults(
    amount: int, assets: int, supply: int, virtual: tuple[int, int]
) -> None:
    """SHARE-001: both conversions are the exact ratio, rounded down by less than one."""
    va, vs = virtual
    price = Fraction(assets + va, supply + vs)
    exact = amount / price
    assert 0 <= exact - shares.minted_floor(amount, assets, supply, va, vs) < 1
    part = min(amount, supply)
    value = shares.redeemed_floor(part, assets, supply, va, vs)
    assert 0 <= part * price - value < 1


@given(amount=amounts, assets=worths, supply=supplies, virtual=virtuals)
def test_a_round_trip_never_gains(
    amount: int, assets: int, supply: int, virtual: tuple[int, int]
) -> None:
    """SHARE-005: deposit and give back, or give back and deposit: never more than there was."""
    va, vs = virtual
    got = shares.minted_floor(amount, assets, supply, va, vs)
    back = shares.redeemed_floor(got, assets + amount, supply + got, va, vs)
    assert back <= amount
    assume(0 < amount <= supply)
    value = shares.redeemed_floor(amount, assets, supply, va, vs)
    again = shares.minted_floor(value, assets - value, supply - amount, va, vs)
    assert again <= amount


@given(amount=amounts, assets=worths, supply=supplies, virtual=virtuals)
def test_the_price_of_a_share_never_falls(
    amount: int, assets: int, supply: int, virtual: tuple[int, int]
) -> None:
    """SHARE-005: A'·S >= A·S', cross-multiplied, for both directions."""
    va, vs = virtual
    got = shares.minted_floor(amount, assets, supply, va, vs)
    assert (assets + amount + va) * (supply + vs) >= (assets + va) * (supply + got + vs)
    part = min(amount, supply)
    value = shares.redeemed_floor(part, assets, supply, va, vs)
    assert (assets - value + va) * (supply + vs) >= (assets + va) * (supply - part + vs)


@given(amount=amounts, more=amounts, assets=worths, supply=supplies)
def test_more_is_never_less(amount: int, more: int, assets: int, supply: int) -> None:
    """SHARE-001: monotone in what is given; splitting a deposit never mints more."""
    whole = minted(amount + more, assets, supply)
    first = minted(amount, assets, supply)
    second = minted(more, assets + amount, supply + first)
    assert first <= whole
    assert first + second <= whole
    assert minted(amount, assets + more, supply) <= first


steps = st.lists(st.tuples(st.booleans(), st.integers(1, 10**12)), max_size=12)


@given(steps=steps, assets=worths, others=supplies, virtual=virtuals)
def test_no_sequence_of_one_depositor_gains(
    steps: list[tuple[bool, int]], assets: int, others: int, virtual: tuple[int, int]
) -> None:
    """SHARE-005: whatever one account does without an event of the market, it ends with no more."""
    va, vs = virtual
    supply, owned, paid = others, 0, 0
    for deposits, number in [*steps, (False, 10**30)]:
        if deposits:
            got = shares.minted_floor(number, assets, supply, va, vs)
            assets, supply, owned, paid = assets + number, supply + got, owned + got, paid + number
        else:
            part = min(number, owned)
            value = shares.redeemed_floor(part, assets, supply, va, vs)
            assets, supply, owned, paid = assets - value, supply - part, owned - part, paid - value
    assert owned == 0
    assert paid >= 0


@settings(max_examples=300)
@given(seed=st.integers(1, 10**9), donation=st.integers(0, 10**15), victim=st.integers(1, 10**13))
def test_inflation_costs_the_attacker(seed: int, donation: int, victim: int) -> None:
    """SHARE-006: the victim loses at most ceil(A/S) and a unit, the attacker VS times as much
    beyond the three units that rounding may cost without any attack."""
    own = minted(seed, 0, 0)
    assets, supply = seed + donation, own
    price = -((assets + VA) // -(supply + VS))
    got = minted(victim, assets, supply)
    assets, supply = assets + victim, supply + got
    claim = redeemed(got, assets, supply)
    lost = victim - claim
    assert 0 <= lost <= price + 1
    # Rounding apart, every unit the victim loses has cost the attacker one a virtual share.
    given_up = seed + donation - redeemed(own, assets, supply)
    assert given_up >= VS * (lost - 3) - own * price // VS - 1


@given(liability=worths, supply=st.integers(1, 10**16), part=st.integers(0, 10**16))
def test_liability_never_rises(liability: int, supply: int, part: int) -> None:
    """SHARE-007: it falls by its share, rounded down, and the last share takes the rest."""
    part = min(part, supply)
    after = shares.liability_after(liability, part, supply)
    assert 0 <= after <= liability
    assert 0 <= after - Fraction(liability * (supply - part), supply) < 1
    assert shares.liability_after(liability, supply, supply) == 0


@pytest.mark.parametrize(
    ("held", "liability", "util"),
    [(0, 0, 0), (5, 0, 0), (10, 10, 0), (11, 10, 0), (0, 10, 1_000_000), (4, 10, 600_000),
     (2, 3, 333_334)],
)  # fmt: skip
def test_utilisation(held: int, liability: int, util: int) -> None:
    """SHARE-008: clamped, 0 without liability, rounded up."""
    assert shares.utilisation_ceil(held, liability) == util


@given(held=worths, liability=worths)
def test_utilisation_is_a_part(held: int, liability: int) -> None:
    """SHARE-008: in 0 .. 100 % whatever the balances."""
    assert 0 <= shares.utilisation_ceil(held, liability) <= 1_000_000
