"""A run as named values, ready for JSON: money, prices and sizes as decimal text, ratios in ppm."""

from __future__ import annotations

from typing import Any, Final

from plimsoll.decimal_text import format_decimal
from plimsoll.feeds import FileReport
from plimsoll.sim.replay import MarketRun, ReplayResult
from plimsoll.sim.tally_mechanisms import MechanismTally
from plimsoll.units import div_floor

QUOTE: Final = 6
BASE: Final = 9
_TALLY_MONEY: Final = ("taker_fees", "maker_rebates")
_MECHANISM_MONEY: Final = (
    "repeg_cost",
    "repeg_revenue",
    "funding_pool_change",
    "penalties",
    "keeper_rewards",
    "bad_debt",
    "bad_debt_insured",
    "bad_debt_haircut",
    "bad_debt_unpaid",
)
_TALLY_MONEY_BY_NAME: Final = ("volume", "paid")


def money(value: int) -> str:
    """1e-6 quote (or a price) as decimal text."""
    return format_decimal(value, QUOTE)


def file_report(symbol: str, report: FileReport) -> dict[str, Any]:
    """What reading the files of one market found."""
    longest = report.longest_gap
    return {
        "symbol": symbol,
        "files": list(report.files),
        "layouts": list(report.layouts),
        "kind": report.kind,
        "time_unit": report.time_unit,
        "interval_ms": report.interval_ms,
        "rows": report.rows,
        "first_ms": report.first_ms,
        "last_ms": report.last_ms,
        "gaps": report.gap_count,
        "missing_bars": report.missing_bars,
        "longest_gap_ms": 0 if longest is None else longest.length_ms,
        "longest_gap_start_ms": 0 if longest is None else longest.start_ms,
        "bad_rows": report.bad_row_count,
        "bad_row_reasons": [f"{row.path}:{row.line}: {row.reason}" for row in report.bad_rows[:5]],
        "duplicates": report.duplicates,
        "out_of_order": report.out_of_order,
    }


def mechanisms(tally: MechanismTally) -> dict[str, Any]:
    """What the mechanisms of a market did; money and sizes as decimal text."""
    found = tally.as_dict()
    for name in _MECHANISM_MONEY:
        found[name] = money(found[name])
    found["deleveraged_size"] = format_decimal(found["deleveraged_size"], BASE)
    notional = found["liquidated_notional"]
    found["liquidated_notional"] = {name: money(amount) for name, amount in notional.items()}
    return found


def market(run: MarketRun, paid: dict[str, int], tally: MechanismTally) -> dict[str, Any]:
    """One market over a run; ``paid`` is what was paid there, by reason."""
    end = run.end
    vamm = end["vamm"]
    mean = div_floor(run.divergence_sum, run.bars) if run.bars else 0
    found: dict[str, Any] = {
        "symbol": run.symbol,
        "bars": run.bars,
        "price_first": money(run.price_first),
        "price_low": money(run.price_low),
        "price_high": money(run.price_high),
        "price_last": money(run.price_last),
        "open_interest": format_decimal(end["open_interest"], BASE),
        "pools": {name: money(amount) for name, amount in sorted(end["pools"].items())},
        "divergence_max_ppm": run.divergence_max,
        "divergence_max_at_ms": run.divergence_max_ms,
        "divergence_mean_ppm": mean,
        "inside_range_pct": round(run.inside_range_pct, 3),
        "mode": end["mode"],
        "mechanisms": mechanisms(tally),
        "vamm": None,
    }
    if vamm is not None:
        found["vamm"] = {
            "price": money(vamm["reservation_price"]),
            "base": format_decimal(vamm["base"], BASE),
            "capital": money(vamm["capital"]),
            "equity": money(vamm["equity"]),
            "pnl": money(vamm["pnl"]),
            "spread_surplus": money(paid.get("spread_surplus", 0)),
            "refills": run.refills,
            "refilled": money(run.refilled),
            "pool_topups": run.topups,
            "pool_topped_up": money(run.topped_up),
        }
    return found


def replay(result: ReplayResult) -> dict[str, Any]:
    """Everything a run did."""
    tally = result.tally.as_dict()
    for name in _TALLY_MONEY:
        tally[name] = money(tally[name])
    for name in _TALLY_MONEY_BY_NAME:
        tally[name] = {key: money(value) for key, value in tally[name].items()}
    traders = {
        kind: {
            "traders": run.traders,
            "deposited": money(run.deposited),
            "equity": money(run.equity),
            "pnl": money(run.pnl),
        }
        for kind, run in sorted(result.kinds.items())
    }
    return {
        "bars": result.instants,
        "first_ms": result.first_ms,
        "last_ms": result.last_ms,
        "invariant_sweeps": result.checks,
        **tally,
        "markets": [
            market(run, result.tally.paid_in(at), result.tally.mechanism(at))
            for at, run in enumerate(result.markets)
        ],
        "traders": traders,
        "treasury": money(result.treasury),
        "keepers": money(result.keepers),
        "seconds": round(result.seconds, 3),
        "bars_per_second": round(result.instants / max(result.seconds, 1e-9), 1),
        "state_hash": result.state_hash,
    }
