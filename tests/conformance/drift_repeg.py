"""Adapters for the repeg and market health subjects of ``drift.json``."""

from __future__ import annotations

from typing import Any

from plimsoll.core import health, repeg
from plimsoll.units import AMOUNT_MAX
from tests.conformance.cases import Case
from tests.conformance.desk import SIDE
from tests.conformance.drift_orders import auction_limits
from tests.conformance.scaling import fraction, hours, money, whole


def repeg_cost(case: Case) -> dict[str, Any]:
    """The cost of a move of the peg, and of each unit of it."""
    y = whole(case.given["quote_asset_reserve"])
    terminal = whole(case.given["terminal_quote_asset_reserve"])
    if case.when["op"] == "per_peg_cost":
        return {"per_peg_cost": str(repeg.cost_per_peg(y, terminal))}
    peg = whole(case.given["peg_multiplier"])
    return {"cost": str(repeg.cost(y, terminal, peg, whole(case.when["new_peg"])))}


def peg_from_target(case: Case) -> dict[str, Any]:
    """The peg for a price."""
    x, y = whole(case.given["base_asset_reserve"]), whole(case.given["quote_asset_reserve"])
    return {"new_peg": str(repeg.target_peg(whole(case.when["target_price"]), x, y))}


def repeg_decision(case: Case) -> dict[str, Any]:
    """The table at the event; the vAMM's account can spare whatever it earns."""
    decision = repeg.decide(
        whole(case.given["quote_asset_reserve"]),
        whole(case.given["terminal_quote_asset_reserve"]),
        whole(case.given["peg_multiplier"]),
        whole(case.when["optimal_peg"]),
        whole(case.when["budget"]),
        AMOUNT_MAX,
        repeg.EVENT,
    )
    return {"use_optimal_peg": decision.moves(), "cost": str(decision.cost)}


def divergence(case: Case) -> dict[str, Any]:
    """How far mark and oracle are from the average, and whether that is too far."""
    op = case.when["op"]
    average = whole(case.given.get("last_oracle_price_twap_5min", "0"))
    if op == "is_oracle_too_divergent_from_twap5":
        limit = whole(case.given["max_divergence"])
        oracle = whole(case.when["oracle_price"])
        return {"too_divergent": health.oracle_diverges(oracle, average, limit)}
    if "divergence_pct" in case.when:
        distance = whole(case.when["divergence_pct"])
    else:
        distance = health.gap(whole(case.when["reserve_price"]), average)
    if op == "mark_vs_oracle_twap_5min_pct":
        return {"divergence_pct": str(distance)}
    limit = whole(case.given["mark_oracle_percent_divergence"])
    return {"too_divergent": health.mark_diverges(distance, limit)}


def fill_price_band(case: Case) -> dict[str, Any]:
    """Whether a fill's price is believed; without a direction there is nobody to favour."""
    price, oracle = whole(case.when["fill_price"]), whole(case.given["oracle_price"])
    average = whole(case.given["last_oracle_price_twap_5min"])
    taker = case.when["direction"]
    if taker is not None and health.better_than_both(SIDE[taker], price, oracle, average):
        return {"ok": True}
    imr = fraction(f"{case.given['margin_ratio_initial']}/10000")
    limit = whole(case.given["oracle_twap_5min_percent_divergence"])
    if health.fill_breach(price, oracle, average, imr, limit) is None:
        return {"ok": True}
    return {"error": "PriceBandsBreached"}


def maker_price_band(case: Case) -> dict[str, Any]:
    """Whether a resting order stands too far through the oracle."""
    imr = fraction(f"{case.given['margin_ratio_initial']}/10000")
    price, oracle = whole(case.when["limit_price"]), whole(case.given["oracle_price"])
    return {"breaches": health.maker_breaches(SIDE[case.when["direction"]], price, oracle, imr)}


def sujiko_limits(case: Case) -> dict[str, Any]:
    """The repeg event after a long divergence, and the restriction by a wide one."""
    op = case.when["op"]
    if op == "divergence_trigger":
        mark, oracle = money(case.given["mark_price"]), money(case.given["oracle_price"])
        timer = repeg.stopped()
        for now in (0, hours(case.when["hours_continuously_above_5pct"])):
            timer = repeg.step(timer, now, mark, oracle, repeg.EVENT_DIVERGENCE, AMOUNT_MAX)
        return {"repeg": repeg.is_due(timer, repeg.EVENT_MS)}
    if op != "restricted_by_divergence":
        return auction_limits(case)
    found = health.restricted_by(
        mark=whole(case.given["mark_price"]),
        oracle=whole(case.given["oracle_price"]),
        oracle_twap=0,
        mark_twap=0,
        net=0,
        buy_room=0,
        sell_room=0,
        divergence_max=health.DIVERGENCE_MAX,
        imbalance_max=health.IMBALANCE_MAX,
    )
    return {"restricted": found != []}


ADAPTERS = {
    "repeg_cost": repeg_cost,
    "peg_from_target": peg_from_target,
    "repeg_decision": repeg_decision,
    "divergence": divergence,
    "fill_price_band": fill_price_band,
    "maker_price_band": maker_price_band,
    "sujiko_limits": sujiko_limits,
}
