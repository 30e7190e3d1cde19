"""Repeg: moving the vAMM's price by its peg, what that costs, and when it is done.

    target peg      m* = max(1, floor(p·x/y))
    cost            C  = trunc((y - y_T)·(m' - m)/1e9)     > 0 the pool pays, < 0 it receives
    cost per peg    c1 = 0 if d = 0; ceil(d/1000) + 1 if d > 0; trunc(d/1000) - 1 if d < 0
                         with d = y - y_T: quote for 1.0 of peg, its magnitude rounded up

    c1 = 0                              free       m*
    c1 > 0, m* < m  or  c1 < 0, m* > m  revenue    m*, if the vAMM's account can spare it
    |trunc(B·1e6/c1)| > |m* - m|        paid       m*, on the event only; B: the pool's balance
    otherwise                                      the peg stays: there are no partial moves

The event: the mark was more than 5 % from a valid oracle price for more than 3 hours. Reserves
are 1e-9, pegs and prices 1e-6, quote 1e-6, divergences ppm, times ms.

Spec: docs/spec/15-repeg.md, REPEG-001 … REPEG-009.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.core import curve
from plimsoll.core.health import divergence
from plimsoll.units import (
    AMOUNT_MAX,
    LOT,
    PRICE_MAX,
    PRICE_SCALE,
    div_ceil,
    div_toward_zero,
    mul_div_floor,
    mul_div_toward_zero,
    require_range,
)

# Why it is asked
OPPORTUNISTIC: Final = 0
"""At every check: what costs nothing or earns."""
EVENT: Final = 1
"""After a long divergence: what the pool can pay as well."""

# What comes of it
UNCHANGED: Final = 0
FREE: Final = 1
REVENUE: Final = 2
PAID: Final = 3
NOT_DUE: Final = 4
UNAFFORDABLE: Final = 5
UNDERFUNDED: Final = 6

# Why an operator's repeg is refused
REDUNDANT: Final = 1
WRONG_DIRECTION: Final = 2
TERMINAL_PAST_BAND: Final = 3
MARK_PAST_BAND: Final = 4
POOL_SHORT: Final = 5
VAMM_SHORT: Final = 6

EVENT_DIVERGENCE: Final = 50_000
"""Default: the timer runs while the mark is more than 5 % from the oracle."""
EVENT_MS: Final = 10_800_000
"""Default: the event comes after more than 3 hours of it."""

_RESERVE_TO_QUOTE: Final = 1_000


def target_peg(price: int, x: int, y: int) -> int:
    """max(1, floor(price·x/y)): the peg at which the curve quotes ``price``. REPEG-001.

    Two floors may leave the reservation price under the target, by less than 1 + y/x units.
    """
    return max(1, mul_div_floor(price, x, y))


def cost(y: int, terminal_y: int, peg: int, new_peg: int) -> int:
    """trunc((y - y_T)·(m' - m)/1e9): what closing the net position gains or loses. REPEG-002.

    Positive: the adjustments pool pays the vAMM; negative: it receives.
    """
    distance = y - terminal_y
    if new_peg < peg:
        return mul_div_toward_zero(-distance, peg - new_peg, LOT)
    return mul_div_toward_zero(distance, new_peg - peg, LOT)


def cost_per_peg(y: int, terminal_y: int) -> int:
    """Quote for a move of the peg by 1.0, upward; its magnitude rounded up. REPEG-003."""
    distance = y - terminal_y
    if distance > 0:
        return div_ceil(distance, _RESERVE_TO_QUOTE) + 1
    if distance < 0:
        return div_toward_zero(distance, _RESERVE_TO_QUOTE) - 1
    return 0


@final
class Decision:
    """What a check of the peg came to.

    ``peg`` is the peg from now on, ``cost`` what the adjustments pool pays (negative: receives)
    for it; ``wanted`` is the cost of the target, also where the peg stays.
    """

    def __init__(self, outcome: int, peg: int, cost: int, wanted: int) -> None:
        self.outcome: int = outcome
        self.peg: int = peg
        self.cost: int = cost
        self.wanted: int = wanted

    def moves(self) -> bool:
        """Whether the peg moves."""
        return self.outcome == FREE or self.outcome == REVENUE or self.outcome == PAID


def decide(
    y: int, terminal_y: int, peg: int, target: int, budget: int, free: int, mode: int
) -> Decision:
    """The decision table. REPEG-004, REPEG-005.

    ``budget`` is the adjustments pool's balance, ``free`` the vAMM account's equity above its
    initial margin, out of which revenue is paid.
    """
    require_range(peg, 1, PRICE_MAX, "peg")
    require_range(target, 1, PRICE_MAX, "target peg")
    require_range(budget, 0, AMOUNT_MAX, "budget")
    if target == peg:
        return Decision(UNCHANGED, peg, 0, 0)
    wanted = cost(y, terminal_y, peg, target)
    each = cost_per_peg(y, terminal_y)
    if each == 0:
        return Decision(FREE, target, 0, wanted)
    if (each > 0) == (target < peg):
        if wanted < 0 and -wanted > free:
            return Decision(UNDERFUNDED, peg, 0, wanted)
        return Decision(REVENUE, target, wanted, wanted)
    if mode != EVENT:
        return Decision(NOT_DUE, peg, 0, wanted)
    bought = div_toward_zero(budget * PRICE_SCALE, each)
    if abs(bought) > abs(target - peg):
        return Decision(PAID, target, wanted, wanted)
    return Decision(UNAFFORDABLE, peg, 0, wanted)


@final
class Timer:
    """How long the mark has been away from a valid oracle price, without coming near it.

    ``sampled_ms`` is the time of the last sample, -1 if there is none or it was not valid.
    """

    def __init__(self, elapsed_ms: int, sampled_ms: int) -> None:
        self.elapsed_ms: int = elapsed_ms
        self.sampled_ms: int = sampled_ms


def stopped() -> Timer:
    """The timer before the first divergence, and after a repeg of the event."""
    return Timer(0, -1)


def step(timer: Timer, now: int, mark: int, oracle: int, limit: int, valid_for_ms: int) -> Timer:
    """The timer after a sample; ``oracle`` is 0 when there is no valid price. REPEG-006.

    Time counts between two valid samples that both diverge by more than ``limit``, at most
    ``valid_for_ms``, because without a newer price the oracle was valid no longer than that.
    """
    if oracle == 0:
        return Timer(timer.elapsed_ms, -1)
    if divergence(mark, oracle) <= limit:
        return stopped()
    if timer.sampled_ms < 0:
        return Timer(timer.elapsed_ms, now)
    require_range(now, timer.sampled_ms, AMOUNT_MAX, "time of the sample")
    return Timer(timer.elapsed_ms + min(now - timer.sampled_ms, valid_for_ms), now)


def is_due(timer: Timer, after_ms: int) -> bool:
    """Whether the divergence lasted more than ``after_ms``: the event. REPEG-007."""
    return timer.elapsed_ms > after_ms


@final
class Objection:
    """Why an operator's repeg is refused: what was measured, and against what."""

    def __init__(self, why: int, value: int, limit: int) -> None:
        self.why: int = why
        self.value: int = value
        self.limit: int = limit


def objection(
    *,
    x: int,
    y: int,
    terminal_x: int,
    terminal_y: int,
    peg: int,
    new_peg: int,
    oracle: int,
    confidence: int,
    budget: int,
    free: int,
) -> Objection | None:
    """Why an operator may not set ``new_peg``; None if he may. REPEG-008, REPEG-009.

    The terminal price moves toward the (valid) oracle price only, at most to the near edge of
    oracle ± confidence, and the mark at most to the far edge; then the money must be there.
    """
    require_range(peg, 1, PRICE_MAX, "peg")
    require_range(new_peg, 1, PRICE_MAX, "new peg")
    if new_peg == peg:
        return Objection(REDUNDANT, new_peg, peg)
    terminal = curve.price(terminal_y, terminal_x, new_peg)
    mark = curve.price(y, x, new_peg)
    low = oracle - confidence
    high = oracle + confidence
    if new_peg > peg:
        if terminal > oracle:
            return Objection(WRONG_DIRECTION, terminal, oracle)
        if terminal > low:
            return Objection(TERMINAL_PAST_BAND, terminal, low)
        if mark > high:
            return Objection(MARK_PAST_BAND, mark, high)
    else:
        if terminal < oracle:
            return Objection(WRONG_DIRECTION, terminal, oracle)
        if terminal < high:
            return Objection(TERMINAL_PAST_BAND, terminal, high)
        if mark < low:
            return Objection(MARK_PAST_BAND, mark, low)
    needed = cost(y, terminal_y, peg, new_peg)
    if needed > budget:
        return Objection(POOL_SHORT, needed, budget)
    if needed < 0 and -needed > free:
        return Objection(VAMM_SHORT, -needed, free)
    return None
