"""The policy of the passive vault's quotes: reference numbers, and what is not quoted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core import vault_quotes
from plimsoll.core.vault_quotes import Seen
from plimsoll.messages.vault_params import QuoteParams
from plimsoll.units import PRICE_MAX
from tests.harness.scenario import scaled

USD, LOT = 10**6, 10**9
PARAMS: dict[str, Any] = {"weight": 1, "half_spread": 10_000, "max_quote_size": 100 * LOT}
SKEWED = {"max_skew": 50 * LOT, "size_skew": 500_000, "spread_skew": 300_000}


def seen(**more: Any) -> Seen:
    """A market at 1,000 with a tick of 1 and the finest step that goes with it."""
    values = {"oracle": 1_000 * USD, "imr": 100_000, "tick": USD, "step": 1_000, "min_notional": 0,
              "best_bid": 0, "best_ask": 0, "low": 0, "high": PRICE_MAX}  # fmt: skip
    return Seen(**{**values, **more})


def quote(
    market: Seen, margin: str = "10000", position: str = "0", reducing: bool = False, **more: Any
) -> str:
    """What is quoted, as text."""
    params = QuoteParams(**{**PARAMS, **more})
    found = vault_quotes.quote(params, scaled(margin, 6), scaled(position, 9), market, reducing)
    bid = f"{found.bid_size / LOT:g} @ {found.bid / USD:g}" if found.bid_size else "-"
    ask = f"{found.ask_size / LOT:g} @ {found.ask / USD:g}" if found.ask_size else "-"
    return f"{bid} / {ask}"


@pytest.mark.parametrize(
    ("market", "more", "wanted"),
    [
        ({}, {}, "50 @ 990 / 50 @ 1010"),
        ({"best_ask": 995 * USD}, {}, "50 @ 990 / 50 @ 1010"),
        ({"best_ask": 990 * USD, "best_bid": 1015 * USD}, {}, "50 @ 989 / 50 @ 1016"),
        ({"oracle": 2_038_056_000}, {"margin": "5000", "half_spread": 50_000,
         "max_quote_size": 2 * LOT}, "2 @ 1936 / 2 @ 2140"),
        ({}, {"margin": "1000000", "max_quote_size": 5 * LOT}, "5 @ 990 / 5 @ 1010"),
        ({}, {"margin": "1000"}, "5 @ 990 / 5 @ 1010"),
        ({}, {**SKEWED}, "50 @ 990 / 50 @ 1010"),
        ({}, {"position": "30"}, "50 @ 990 / 50 @ 1010"),
        ({}, {**SKEWED, "position": "25"}, "37.5 @ 988 / 62.5 @ 1009"),
        ({}, {**SKEWED, "position": "-25"}, "62.5 @ 991 / 37.5 @ 1012"),
        ({}, {**SKEWED, "position": "50"}, "25 @ 987 / 75 @ 1007"),
        ({}, {**SKEWED, "position": "100"}, "25 @ 987 / 75 @ 1007"),
        ({}, {"max_skew": 50 * LOT, "spread_skew": 2 * USD, "position": "50"},
         "50 @ 970 / 50 @ 990"),
        ({"tick": USD >> 1, "step": 2_000, "best_bid": 1_012 * USD, "best_ask": 991_500_000},
         {**SKEWED, "max_skew": 20 * LOT, "position": "-10"}, "62.5 @ 991 / 37.5 @ 1012.5"),
    ],
)  # fmt: skip
def test_reference_quotes(market: dict[str, Any], more: dict[str, Any], wanted: str) -> None:
    """PASSIVE-003 to PASSIVE-006: 5,000 USD of a side at 10 % margin, clamps, caps, skew."""
    assert quote(seen(**market), **more) == wanted


def test_margin_is_divided_by_weight() -> None:
    """PASSIVE-003: a million over 4 and 3, each rounded down; what cannot be quoted counts."""
    weights = [QuoteParams(weight=4), QuoteParams(), QuoteParams(weight=3)]
    total = vault_quotes.total_weight(weights)
    parts = [vault_quotes.part_of(10**12, one.weight, total) for one in weights]
    assert (total, parts) == (7, [571_428_571_428, 0, 428_571_428_571])


def test_sizes_are_truncated_in_this_order() -> None:
    """PASSIVE-004: half of the margin, by oracle and requirement: 2,500 USD open 12.2665913,
    ``1.22665913 / 10 %``."""
    assert vault_quotes.base_size(5_000 * USD, 2_038_056_000, 100_000, 10**15) == 12_266_591_300
    assert vault_quotes.base_size(5_000 * USD + 1, 3, 333_333, 10**30) == (
        2_500 * USD * LOT // 3 * 10**6 // 333_333
    )
    assert vault_quotes.skew_of(-1, 3) == -333_333
    assert vault_quotes.times(-333_333, 500_000) == -166_666


@pytest.mark.parametrize(
    ("market", "more", "wanted"),
    [
        # Too small: the notional counts at the quote's own price; equality is placed.
        ({"min_notional": 49_500 * USD}, {}, "50 @ 990 / 50 @ 1010"),
        ({"min_notional": 49_500 * USD + 1}, {}, "- / 50 @ 1010"),
        ({"min_notional": 50_500 * USD + 1}, {}, "- / -"),
        # Sizes go down to the step, and may vanish.
        ({"step": 40 * LOT}, {}, "40 @ 990 / 40 @ 1010"),
        ({"step": 60 * LOT}, {}, "- / -"),
        ({"step": 40 * LOT}, {**SKEWED, "position": "25"}, "- / 40 @ 1009"),
        # Outside the band, below zero, beyond the largest price.
        ({"low": 991 * USD}, {}, "- / 50 @ 1010"),
        ({"low": 990 * USD, "high": 1_009 * USD}, {}, "50 @ 990 / -"),
        ({"best_ask": USD}, {}, "- / 50 @ 1010"),
        ({"oracle": PRICE_MAX}, {"max_quote_size": 1_000}, "1e-06 @ 6.96651e+07 / -"),
        # One tick for both sides: a bid at its own ask is no quote.
        ({"oracle": 1_000 * USD, "tick": USD}, {"half_spread": 0}, "- / -"),
        # No position beyond what is allowed, and none at all for the side that raises it.
        ({}, {"max_position": 60 * LOT, "position": "20"}, "40 @ 990 / 50 @ 1010"),
        ({}, {"max_position": 20 * LOT, "position": "20"}, "- / 40 @ 1010"),
        ({}, {"max_position": 20 * LOT, "position": "-30"}, "50 @ 990 / -"),
        # Only what reduces, and not through it.
        ({}, {"reducing": True, "position": "20"}, "- / 20 @ 1010"),
        ({}, {"reducing": True, "position": "-70"}, "50 @ 990 / -"),
        ({}, {"reducing": True}, "- / -"),
        # No margin, no quotes.
        ({}, {"margin": "0.000001"}, "- / -"),
    ],
)
def test_what_is_not_quoted(market: dict[str, Any], more: dict[str, Any], wanted: str) -> None:
    """PASSIVE-006 to PASSIVE-008: each side by itself."""
    assert quote(seen(**market), **more) == wanted


@given(
    st.integers(10**5, 10**12),
    st.integers(1, 999_999),
    st.integers(0, 10**15),
    st.integers(-(10**13), 10**13),
    st.tuples(st.integers(0, 10**13), st.integers(0, 10**6), st.integers(0, 3 * 10**6)),
    st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)),
    st.sampled_from([1, 100, 10**5]),
)
def test_quotes_never_cross(
    oracle: int, spread: int, part: int, position: int, skew: tuple[int, int, int],
    others: tuple[int, int], tick: int,
) -> None:  # fmt: skip
    """PASSIVE-005, PASSIVE-006: bid below ask, both on the tick and on their side of what others
    offer; sizes on the step, together no more than twice the base."""
    params = QuoteParams(1, spread, 10**12, skew[0], skew[1], skew[2])
    bid, ask = others[0] * tick, others[1] * tick
    market = Seen(oracle=oracle, imr=50_000, tick=tick, step=LOT, min_notional=0, best_bid=bid,
                  best_ask=ask, low=1, high=PRICE_MAX)  # fmt: skip
    if params.problems() or (ask and bid >= ask):
        return
    found = vault_quotes.quote(params, part, position, market, False)
    if found.bid_size and found.ask_size:
        assert found.bid < found.ask
    if found.bid_size:
        assert found.bid % tick == 0
        assert not 0 < ask <= found.bid
    if found.ask_size:
        assert found.ask % tick == 0
        assert found.ask > bid
    assert found.bid_size % LOT == found.ask_size % LOT == 0
    size = vault_quotes.base_size(part, oracle, 50_000, params.max_quote_size)
    assert found.bid_size + found.ask_size <= 2 * size
