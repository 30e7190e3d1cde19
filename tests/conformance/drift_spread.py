"""Adapters for the spread subjects of ``drift.json``: names and linear units only."""

from __future__ import annotations

from typing import Any

from plimsoll.core import spread, vamm
from plimsoll.core.rows import Vamm
from plimsoll.core.store import UndoLog
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import RATIO_SCALE
from tests.conformance.cases import Case
from tests.conformance.drift_vamm import params_of
from tests.conformance.scaling import difference, whole

PER_SIDE = {"1000": 500, "300": 150, "250": 125, "100": 50}
"""The reference's base spread is the width of both sides; ours is per side."""

NAMES = {
    "max_spread": "max_spread", "price": "reserve_price", "peg": "peg_multiplier",
    "y": "quote_asset_reserve", "terminal_y": "terminal_quote_asset_reserve",
    "net": "base_asset_amount_with_amm", "gap": "last_oracle_reserve_price_spread_pct",
    "confidence": "last_oracle_conf_pct", "oracle_std": "oracle_std", "mark_std": "mark_std",
    "long_volume": "long_intensity_volume", "short_volume": "short_intensity_volume",
    "volume_24h": "volume_24h", "equity": "total_fee_minus_distributions",
    "revenue": "net_revenue_since_last_funding",
}  # fmt: skip
ALL_STEPS = (
    spread.DEFAULT_STEPS | spread.REVENUE_RETREAT | spread.ADJUSTMENT
)  # the reference has no switches


def room(given: dict[str, Any], side: int) -> int:
    """What a bound leaves: with a coefficient of one, the terminal reserve is the bound."""
    bound = "min_base_asset_reserve" if side == BUY else "max_base_asset_reserve"
    row = Vamm(UndoLog(), 0)
    row.x = whole(given["base_asset_reserve"])
    row.net = difference(whole(given[bound]), row.x)
    return vamm.open_side(row, params_of(vamm_concentration=RATIO_SCALE), side)


def inputs(given: dict[str, Any], base: int, steps: int, percent: str) -> spread.Inputs:
    """Inputs from the reference's names; what a case does not say is zero."""
    values = {name: whole(given.get(key, "0")) for name, key in NAMES.items()}
    bounded = "base_asset_reserve" in given
    return spread.Inputs(
        steps=steps,
        base_spread=base,
        buy_room=room(given, BUY) if bounded else 0,
        sell_room=room(given, SELL) if bounded else 0,
        adjustment=whole(given.get(percent, "0")),
        **values,
    )


def sides(found: spread.Spreads) -> dict[str, Any]:
    """Both spreads under the reference's names."""
    return {"long_spread": str(found.long), "short_spread": str(found.short)}


def full(case: Case) -> dict[str, Any]:
    """All steps."""
    base = PER_SIDE[case.given["base_spread"]]
    given = inputs(case.given, base, ALL_STEPS, "inventory_spread_adjustment_pct")
    return sides(spread.spreads(given))


def vol_spread(case: Case) -> dict[str, Any]:
    """The volatility part."""
    found = spread.volatility(inputs(case.when, 0, spread.VOLATILITY, ""))
    return {"long_vol_spread": str(found.long), "short_vol_spread": str(found.short)}


def inventory_ratio(case: Case) -> dict[str, Any]:
    """How full the vAMM is."""
    net = whole(case.given["base_asset_amount_with_amm"])
    ratio = spread.inventory_ratio(net, room(case.given, BUY), room(case.given, SELL))
    return {"inventory_ratio": str(ratio)}


def inventory_scale(case: Case) -> dict[str, Any]:
    """The scale of the risky side, and that side after it."""
    net = whole(case.given["base_asset_amount_with_amm"])
    side = whole(case.when["directional_spread"])
    target = whole(case.when["max_target_spread"])
    rooms = room(case.given, BUY), room(case.given, SELL)
    scale = spread.inventory_scale(net, *rooms, side, target)
    scaled = spread.scale_risky_side(net, spread.Spreads(side, side), scale)
    return {
        "inventory_scale": str(scale),
        "scaled_spread": str(scaled.long if net > 0 else scaled.short),
    }


def leverage_scale(case: Case) -> dict[str, Any]:
    """The scale by what the vAMM stands to lose against its equity."""
    given = inputs(case.given, 0, spread.EQUITY, "")
    scale = spread.leverage_scale(
        given.y, given.terminal_y, given.peg, given.net, given.price, given.equity
    )
    return {"leverage_scale": str(scale)}


def revenue_retreat(case: Case) -> dict[str, Any]:
    """What losses since the last funding add; the formula's width is the reference's."""
    amount = spread.revenue_retreat(
        whole(case.given["base_spread"]),
        whole(case.given["max_target_spread"]),
        whole(case.when["net_revenue_since_last_funding"]),
    )
    return {"retreat_amount": str(amount)}


def spread_adjustment(case: Case) -> dict[str, Any]:
    """The base spread of a curve that is never updated, adjusted for the market."""
    base = PER_SIDE[case.given["base_spread"]]
    found = spread.spreads(inputs(case.given, base, 0, ""))
    percent = whole(case.given["amm_spread_adjustment_pct"])
    return sides(
        spread.Spreads(
            spread.adjusted(found.long, percent, 0), spread.adjusted(found.short, percent, 0)
        )
    )


def spread_cap(case: Case) -> dict[str, Any]:
    """Both sides within a width."""
    long, short = whole(case.when["long_spread"]), whole(case.when["short_spread"])
    return sides(spread.capped(long, short, whole(case.given["max_spread"])))


ADAPTERS = {
    "spread": full,
    "vol_spread": vol_spread,
    "inventory_ratio": inventory_ratio,
    "inventory_scale": inventory_scale,
    "leverage_scale": leverage_scale,
    "revenue_retreat": revenue_retreat,
    "spread_adjustment": spread_adjustment,
    "spread_cap": spread_cap,
}
