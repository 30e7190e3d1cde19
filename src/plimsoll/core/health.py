"""Market health: how far prices are apart, when a market is restricted, and two price bands.

    divergence(p, r) = floor(|p - r|·1e6/r)          a fraction of the reference
    gap(mark, r)     = trunc((mark - r)·1e6/mark)    a signed fraction of the mark

    restricted  if  divergence(mark, oracle | oracle's or mark's 5 min average) > limit
                or  inventory ratio >= limit, while the vAMM holds anything
    fill        if  divergence(fill, oracle) < IMR  and  divergence(fill, average) < 50 %
    maker order is cancelled when it stands through the oracle by >= IMR

Prices are 1e-6, base 1e-9, ratios ppm. A reference of 0 means that there is none: what would be
measured against it is not measured. A limit with ``_LEAST`` counts as that if it is set lower.

Spec: docs/spec/15-repeg.md, HEALTH-001 … HEALTH-007.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.core.spread import inventory_ratio
from plimsoll.messages.codes import BUY
from plimsoll.units import RATIO_SCALE, div_floor, div_toward_zero

DIVERGENCE_MAX: Final = 200_000
"""Default: a mark more than 20 % away restricts the market."""
IMBALANCE_MAX: Final = 800_000
"""Default: a vAMM that holds 80 % of its open side restricts the market."""
DIVERGENCE_LEAST: Final = 100_000
"""A mark that is at most 10 % away restricts nothing, whatever is set."""
TWAP_DIVERGENCE_LEAST: Final = 500_000
"""An oracle or a fill less than 50 % from the average is believed, whatever is set."""

# What was found wrong
MARK_ORACLE: Final = 1
MARK_ORACLE_TWAP: Final = 2
MARK_MARK_TWAP: Final = 3
IMBALANCE: Final = 4
FILL_ORACLE: Final = 5
FILL_ORACLE_TWAP: Final = 6


@final
class Breach:
    """A bound that does not hold: which, what was measured (ppm), and against what."""

    def __init__(self, what: int, value: int, limit: int) -> None:
        self.what: int = what
        self.value: int = value
        self.limit: int = limit


def divergence(price: int, reference: int) -> int:
    """floor(|price - reference|·1e6/reference); any width. HEALTH-001."""
    return div_floor(abs(price - reference) * RATIO_SCALE, reference)


def gap(mark: int, reference: int) -> int:
    """(mark - reference)·1e6/mark toward zero: negative below the reference. HEALTH-001."""
    return div_toward_zero((mark - reference) * RATIO_SCALE, mark)


def mark_diverges(distance: int, limit: int) -> bool:
    """Whether a mark at this distance (either sign) is more than ``limit`` away. HEALTH-002."""
    return abs(distance) > max(limit, DIVERGENCE_LEAST)


def oracle_diverges(oracle: int, oracle_twap: int, limit: int) -> bool:
    """Whether the oracle is ``limit`` or more from its average: no liquidation. HEALTH-005."""
    if oracle_twap == 0:
        return False
    return divergence(oracle, oracle_twap) >= max(limit, TWAP_DIVERGENCE_LEAST)


def restricted_by(
    *,
    mark: int,
    oracle: int,
    oracle_twap: int,
    mark_twap: int,
    net: int,
    buy_room: int,
    sell_room: int,
    divergence_max: int,
    imbalance_max: int,
) -> list[Breach]:
    """Why the market is restricted now, with what was measured; empty when it is healthy.

    ``oracle_twap`` and ``mark_twap`` are the averages of 5 minutes; ``buy_room`` and
    ``sell_room`` what the concentration bounds leave. HEALTH-003, HEALTH-004.
    """
    found: list[Breach] = []
    against_oracle = _mark_against(MARK_ORACLE, mark, oracle, divergence_max)
    if against_oracle is not None:
        found.append(against_oracle)
    against_average = _mark_against(MARK_ORACLE_TWAP, mark, oracle_twap, divergence_max)
    if against_average is not None:
        found.append(against_average)
    against_itself = _mark_against(MARK_MARK_TWAP, mark, mark_twap, divergence_max)
    if against_itself is not None:
        found.append(against_itself)
    if net != 0:
        held = inventory_ratio(net, buy_room, sell_room)
        if held >= imbalance_max:
            found.append(Breach(IMBALANCE, held, imbalance_max))
    return found


def _mark_against(what: int, mark: int, reference: int, limit: int) -> Breach | None:
    """The breach of a mark that is too far from a reference."""
    if reference == 0:
        return None
    distance = divergence(mark, reference)
    if not mark_diverges(distance, limit):
        return None
    return Breach(what, distance, max(limit, DIVERGENCE_LEAST))


def better_than_both(side: int, price: int, oracle: int, oracle_twap: int) -> bool:
    """Whether a fill is better for its taker than oracle and average: no band then. HEALTH-006."""
    if side != BUY:
        return price > max(oracle, oracle_twap)
    return price < oracle and (oracle_twap == 0 or price < oracle_twap)


def fill_breach(
    price: int, oracle: int, oracle_twap: int, imr: int, twap_divergence_max: int
) -> Breach | None:
    """Why a fill at ``price`` is refused on either side; None within both bands. HEALTH-006."""
    if oracle != 0:
        distance = divergence(price, oracle)
        if distance >= imr:
            return Breach(FILL_ORACLE, distance, imr)
    if oracle_twap != 0:
        distance = divergence(price, oracle_twap)
        limit = max(twap_divergence_max, TWAP_DIVERGENCE_LEAST)
        if distance >= limit:
            return Breach(FILL_ORACLE_TWAP, distance, limit)
    return None


def maker_breaches(side: int, price: int, oracle: int, imr: int) -> bool:
    """Whether a resting order stands through the oracle by ``imr`` or more. HEALTH-007."""
    if oracle == 0:
        return False
    through = price > oracle if side == BUY else price < oracle
    return through and divergence(price, oracle) >= imr
