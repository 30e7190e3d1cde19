"""Fees of a fill and their split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import fees
from plimsoll.core.context import FeeParts
from plimsoll.messages import events
from tests.harness.scenario import Scenario, market

MIRROR = pytest.mark.parametrize(("buy", "sell"), [("buy", "sell"), ("sell", "buy")])


def test_the_fee_rounds_up_and_the_rebate_down() -> None:
    """FEE-001, FEE-002: against whoever pays, against whoever receives."""
    params = market(taker_fee=500, maker_rebate=100)
    assert [fees.taker_fee(params, quote) for quote in (0, 1, 2_000, 2_001)] == [0, 1, 1, 2]
    assert [fees.maker_rebate(params, quote) for quote in (0, 9_999, 10_000)] == [0, 0, 1]


@given(
    net=st.integers(0, 2**62 - 1),
    shares=st.lists(st.integers(0, 166_666), min_size=5, max_size=5),
)
def test_the_parts_sum_to_the_whole(net: int, shares: list[int]) -> None:
    """FEE-004: floors for all but insurance, which gets what is left, at least its share."""
    names = ("adjustments", "funding", "keepers", "treasury", "vault")
    split = {f"split_{name}": share for name, share in zip(names, shares, strict=True)}
    insurance = 1_000_000 - sum(shares)
    params = market(**split, split_insurance=insurance)
    parts = FeeParts()
    fees.split(parts, params, net)
    assert parts.insurance + sum(getattr(parts, name) for name in names) == net
    assert parts.insurance >= net * insurance // 1_000_000
    for name, share in zip(names, shares, strict=True):
        assert getattr(parts, name) == net * share // 1_000_000


@MIRROR
def test_a_fill_pays_everybody(buy: str, sell: str) -> None:
    """FEE-003, FEE-005: 1,000 traded: fee 0.5, rebate 0.1, the net of 0.4 by shares."""
    page = Scenario(
        taker_fee=500, maker_rebate=100, split_vault=50_000, split_insurance=250_000
    ).play(f"""
        alice  {sell} 10 @ 100
        bob    {buy} 10 @ 100
        bob    has margin 999.5
        alice  has margin 1000.1
        insurance has cash 0.1
        adjustments has cash 0.06
        funding  has cash 0.04
        keepers  has cash 0.04
        treasury has cash 0.14
        vault    has cash 0.02
    """)
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    assert (fill.taker_fee, fill.maker_rebate) == (500_000, 100_000)
    assert (fill.fee_insurance, fill.fee_adjustments, fill.fee_funding) == (100_000, 60_000, 40_000)
    assert (fill.fee_keepers, fill.fee_treasury, fill.fee_vault) == (40_000, 140_000, 20_000)


@MIRROR
def test_a_fill_from_the_vamm_has_no_rebate(buy: str, sell: str) -> None:
    """FEE-002, VAMM-012: the whole fee is split; the surplus joins the adjustments pool."""
    limit = {"buy": "110", "sell": "90"}[buy]
    page = Scenario(vamm_enabled=1, taker_fee=500, maker_rebate=100)
    page.play(f"alice {buy} 5 @ {limit} ioc")
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    assert fill.maker_rebate == 0
    assert fill.surplus > 0
    adjustments = page.account("adjustments").cash()
    assert adjustments == fill.surplus + fill.taker_fee * 15 // 100
    net = fill.quote - fill.surplus if buy == "buy" else fill.quote + fill.surplus
    earned = page.account("vamm").cash() - 1_000_000 * 10**6
    assert earned == (net if buy == "buy" else -net)
    assert page.value("alice", "margin", 0) == 1_000 * 10**6 - fill.taker_fee
