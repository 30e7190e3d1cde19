"""Replays cases and counts: passed, failed, inverted, unsupported, not yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from plimsoll.messages.codes import Reject
from plimsoll.units import RangeError
from tests.conformance import (
    dango_closing,
    dango_liquidation,
    dango_margin,
    dango_orders,
    dango_scenario,
    dango_vault,
    drift_funding_auctions,
    drift_orders,
    drift_repeg,
    drift_spread,
    drift_tracking,
    drift_vamm,
    perp_breaker,
    perp_gateway,
    perp_hedge,
)
from tests.conformance.cases import Case, Disposition

Adapter = Callable[[Case], dict[str, Any]]
ADAPTERS: dict[str, Adapter] = {
    **{f"drift:{name}": found for name, found in drift_vamm.ADAPTERS.items()},
    **{f"drift:{name}": found for name, found in drift_orders.ADAPTERS.items()},
    **{f"drift:{name}": found for name, found in drift_tracking.ADAPTERS.items()},
    **{f"drift:{name}": found for name, found in drift_spread.ADAPTERS.items()},
    **{f"drift:{name}": found for name, found in drift_funding_auctions.ADAPTERS.items()},
    **{f"drift:{name}": found for name, found in drift_repeg.ADAPTERS.items()},
    **{f"dango:{name}": found for name, found in dango_margin.ADAPTERS.items()},
    **{f"dango:{name}": found for name, found in dango_scenario.ADAPTERS.items()},
    **{f"dango:{name}": found for name, found in dango_liquidation.ADAPTERS.items()},
    **{f"dango:{name}": found for name, found in dango_orders.ADAPTERS.items()},
    **{f"dango:{name}": found for name, found in dango_vault.ADAPTERS.items()},
    **{f"dango:{name}": found for name, found in dango_closing.ADAPTERS.items()},
    **{f"perp-v3:{name}": found for name, found in perp_hedge.ADAPTERS.items()},
    **{f"perp-v3:{name}": found for name, found in perp_gateway.ADAPTERS.items()},
    **{f"perp-v3:{name}": found for name, found in perp_breaker.ADAPTERS.items()},
}
RAISED = "raised"
"""Begins a problem that is no answer at all: it does not count as another one."""
OUTCOMES = ("passed", "failed", "inverted", "unsupported", "not_yet")


class Outcome(NamedTuple):
    """What became of a case; ``problem`` says how it failed."""

    case: Case
    outcome: str
    problem: str = ""


def differences(said: dict[str, Any], expected: dict[str, Any], units: int) -> list[str]:
    """What differs in the fields that are expected; numbers may be ``units`` apart."""
    found = []
    for name, value in expected.items():
        if name not in said:
            found.append(f"{name}: not answered")
        elif said[name] != value and not close(said[name], value, units):
            found.append(f"{name}: {said[name]!r}, expected {value!r}")
    return found


def close(said: Any, expected: Any, units: int) -> bool:
    """Whether two texts of integers are at most ``units`` apart."""
    if units == 0 or not isinstance(said, str) or not isinstance(expected, str):
        return False
    return abs(int(said) - int(expected)) <= units


def compare(case: Case, disposition: Disposition) -> list[str]:
    """Run the case; what differs from what is expected."""
    adapter = ADAPTERS.get(case.group)
    if adapter is None:
        return ["no adapter"]
    units = disposition.of(case).units
    try:
        said = adapter(case)
    except (Reject, RangeError, AssertionError, ArithmeticError, LookupError, ValueError) as error:
        return [f"{RAISED} {type(error).__name__}: {error}"]
    return differences(said, disposition.expected(case), units)


def replay(case: Case, disposition: Disposition) -> Outcome:
    """One case, as its disposition says."""
    rule = disposition.of(case)
    if rule.kind in ("unsupported", "not_yet"):
        return Outcome(case, rule.kind)
    if rule.kind == "inverted" and case.group not in ADAPTERS:
        # What must not be given cannot be given before the mechanism is built.
        rule = disposition.rules.get(case.group, rule)
        if rule.kind == "not_yet":
            return Outcome(case, rule.kind)
    problems = compare(case, disposition)
    if rule.kind == "inverted":
        if not problems or problems == ["no adapter"]:
            return Outcome(case, "failed", "agrees, although it is said not to")
        if problems[0].startswith(RAISED):
            return Outcome(case, "failed", problems[0])
        return Outcome(case, "inverted")
    return Outcome(case, "failed" if problems else "passed", "; ".join(problems))


def table(outcomes: Iterable[Outcome]) -> list[str]:
    """Counts by subject, then the sum."""
    counts: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    for found in outcomes:
        counts.setdefault(found.case.group, Counter())[found.outcome] += 1
        total[found.outcome] += 1
    width = max([len(name) for name in counts] + [5])
    lines = [f"{'':{width}}" + "".join(f"{name.replace('_', ' '):>13}" for name in OUTCOMES)]
    for name, row in [*sorted(counts.items()), ("total", total)]:
        numbers = "".join(f"{row[outcome] or '':>13}" for outcome in OUTCOMES)
        lines.append(f"{name:{width}}{numbers}")
    return lines
