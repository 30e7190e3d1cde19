"""Circuit breakers as arithmetic: what is counted within a window, and the bounds it is held
against. Knows no state.

    tick  = now - now mod tick_ms           a tick leaves the window once now - tick >= window_ms
    total = worth - net flow of the window  what was there before it
    kept  = floor(total·retained)           a withdrawal of w passes where worth - w >= kept
    part  = floor((total - kept)·principal_share)

Amounts 1e-6 quote, ratios ppm, times ms.

Spec: docs/spec/26-breaker.md, BREAK-001 … BREAK-006, BREAK-016.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.messages.codes import (
    CAUSE_DRAWDOWN,
    CAUSE_MARGIN,
    CAUSE_OPERATOR,
    CAUSE_UTILISATION,
    NORMAL,
    PAUSED,
    TRIPPED,
)
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.vault_params import VaultParams
from plimsoll.units import AMOUNT_MAX, RATIO_SCALE, div_floor

DEFAULTS: Final = BreakerParams()
"""Window and cooldowns of an exchange whose operator never set any."""
SHARE_SCALE: Final = 1_000_000_000
"""Of the value of a share: smallest units of the vault's asset."""

Counted = list[tuple[int, int]]
"""Ticks: (start, amount), in order of time."""


# What is counted ----------------------------------------------------------------------------------


def within(ticks: Counted, window_ms: int, now: int) -> Counted:
    """The ticks that are in the window now."""
    return [each for each in ticks if now - each[0] < window_ms]


def net(ticks: Counted, window_ms: int, now: int) -> int:
    """The sum of what is in the window now."""
    total = 0
    for start, amount in ticks:
        if now - start < window_ms:
            total += amount
    return total


def counted(ticks: Counted, window_ms: int, tick_ms: int, now: int, amount: int) -> Counted:
    """The ticks in the window with an amount more in the running one."""
    found = within(ticks, window_ms, now)
    start = now - now % tick_ms
    last = len(found) - 1
    # Not before the last one, which may be of a finer grid than ticks are now.
    if last >= 0 and found[last][0] >= start:
        found[last] = (found[last][0], fit(found[last][1] + amount))
    else:
        found.append((start, fit(amount)))
    return found


def counted_at(ticks: Counted, start: int, amount: int) -> Counted:
    """The ticks with an amount more in the one that starts then; its place is made if there is
    none."""
    found: Counted = []
    added = False
    for each in ticks:
        if not added and each[0] >= start:
            added = True
            if each[0] == start:
                found.append((start, fit(each[1] + amount)))
                continue
            found.append((start, fit(amount)))
        found.append(each)
    if not added:
        found.append((start, fit(amount)))
    return found


def fit(value: int) -> int:
    """The nearest amount: what is valued may be more than that."""
    return max(-AMOUNT_MAX, min(AMOUNT_MAX, value))


# The bound of the outflow -------------------------------------------------------------------------


@final
class Bound:
    """What the exchange is worth, and how much of it has to stay."""

    def __init__(self, worth: int, total: int, params: BreakerParams) -> None:
        self.worth: int = worth
        self.total: int = total
        self.kept: int = part_of(total, params.retained)
        self.paused_below: int = part_of(total, params.pause_retained)
        self.part: int = part_of(total - self.kept, params.principal_share)
        self.active: bool = params.retained > 0 and total > 0 and total >= params.threshold
        self.shared: bool = params.principal_share < RATIO_SCALE

    def may_leave(self) -> int:
        """The largest withdrawal the bound lets pass now."""
        return max(0, self.worth - self.kept)

    def part_left(self, taken: int) -> int:
        """The largest withdrawal of a principal who took out ``taken`` (signed) within the window
        that his part lets pass; ``AMOUNT_MAX`` where he has the whole."""
        return max(0, self.part - taken) if self.shared else AMOUNT_MAX

    def is_kept(self) -> bool:
        """Whether as much is there as has to stay, where that is asked at all."""
        return not self.active or self.worth >= self.kept

    def pauses(self) -> bool:
        """Whether so little is left that more than new risk must stop."""
        return self.active and self.worth < self.paused_below


def part_of(amount: int, ppm: int) -> int:
    """``ppm`` millionths of an amount of any width, rounded down."""
    return div_floor(amount * ppm, RATIO_SCALE)


# Vaults -------------------------------------------------------------------------------------------


def share_value(assets: int, supply: int) -> int:
    """What a share is worth (1e-9 units of the asset), virtual ones included, rounded down; 0
    where nothing stands behind it, or there is none."""
    if assets <= 0 or supply == 0:
        return 0
    return min(AMOUNT_MAX, div_floor(assets * SHARE_SCALE, supply))


@final
class Past:
    """What of a vault is past its threshold: the cause, what was measured and against what, and
    the mode that asks for. ``CAUSE_OPERATOR`` and ``NORMAL``: nothing is.
    """

    def __init__(self, mode: int, cause: int, value: int, limit: int) -> None:
        self.mode: int = mode
        self.cause: int = cause
        self.value: int = value
        self.limit: int = limit


def past(params: VaultParams, ratio: int, utilisation: int, price: int, high: int) -> Past:
    """The first threshold that a vault is past, the gravest first: its margin ratio, its
    utilisation, and what a share is worth against the highest value one had (0: unknown)."""
    if params.pause_margin_ratio > 0 and ratio < params.pause_margin_ratio:
        return Past(PAUSED, CAUSE_MARGIN, ratio, params.pause_margin_ratio)
    if ratio < params.min_margin_ratio:
        return Past(TRIPPED, CAUSE_MARGIN, ratio, params.min_margin_ratio)
    if utilisation > params.util_max:
        return Past(TRIPPED, CAUSE_UTILISATION, utilisation, params.util_max)
    if params.drawdown_max > 0 and high > 0:
        least = high * (RATIO_SCALE - params.drawdown_max)
        if price * RATIO_SCALE < least:
            return Past(TRIPPED, CAUSE_DRAWDOWN, price, div_floor(least, RATIO_SCALE))
    return Past(NORMAL, CAUSE_OPERATOR, 0, 0)


def is_calm(mode: int, found: Past) -> bool:
    """Whether what keeps a vault in its mode is over: nothing is past its threshold; of a paused
    one, the margin is not."""
    if mode == PAUSED:
        return found.cause != CAUSE_MARGIN
    return found.mode == NORMAL
