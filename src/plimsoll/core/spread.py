"""The vAMM's dynamic spread: how far each side is quoted from the reservation price.

``long`` is what a buyer pays over the price, ``short`` what a seller gets below it. In order:

    1 volatility   side = max(base, vol_side),
                   vol_side = max(confc, floor(vol · clamp(volume_side/volume_24h, 1 %, 100 %)))
    2 target       max_spread, or the oracle's gap or deviation if that is wider; at most 100 %
    3 retreat      the side towards the oracle >= |gap| + vol_side
    4 inventory    risky side · min(most, 1 + most · |net|/room), most = max(10, target/side)
    5 equity       both sides · 10 if equity <= 0;
                   else risky side · min(10, 1 + (net·price - (y - y_T)·peg)/equity)
    6 revenue      + min(target/10, width · loss/25 USD), half of it on the safe side
    7 adjustment   ± percent, never below max(base, vol_side)
    8 cap          long + short <= target, in their proportion

Each step has a switch. The risky side is the one that would add to the traders' net position.
Ratios and spreads are ppm, scales are factors in ppm, prices and the peg 1e-6, base and reserves
1e-9, quote 1e-6. Every division rounds by itself, down unless its helper says otherwise. Nothing
is refused for its size; ``RangeError`` for a price of 0, for negative deviations or volumes, and
for spreads wider than the price.

Spec: docs/spec/14-spread.md, SPREAD-001 … SPREAD-012.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.core import curve
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import (
    LOT,
    QUOTE_SCALE,
    RATIO_SCALE,
    RangeError,
    div_ceil,
    div_floor,
    div_toward_zero,
    proportion,
)

VOLATILITY: Final = 1
TARGET: Final = 2
ORACLE_RETREAT: Final = 4
INVENTORY: Final = 8
EQUITY: Final = 16
REVENUE_RETREAT: Final = 32
ADJUSTMENT: Final = 64
CAP: Final = 128
DEFAULT_STEPS: Final = 159
"""All steps but 6 (revenue) and 7 (adjustment)."""

SCALE_MAX: Final = 10_000_000
"""The largest leverage scale, and the least that a full inventory may scale by: ten times."""
VOLUME_FACTOR_MIN: Final = 10_000
CONFIDENCE_TRUSTED: Final = 2_500
"""Up to this confidence only a twentieth of it is quoted."""
RETREAT_UNIT: Final = 25 * QUOTE_SCALE
"""A loss beyond this widens the spread by one width per unit."""
RETREAT_FULL: Final = 25_000 * QUOTE_SCALE


@final
class Spreads:
    """Distance of the ask (``long``) and of the bid (``short``) from the price, ppm."""

    def __init__(self, long: int, short: int) -> None:
        self.long: int = long
        self.short: int = short

    def ask(self, price: int) -> int:
        """Top quote for buyers, rounded down; what a fill costs comes from the reserves."""
        return curve.quoted(price, self.long, BUY)

    def bid(self, price: int) -> int:
        """Top quote for sellers, rounded down; what a fill yields comes from the reserves."""
        return curve.quoted(price, self.short, SELL)


@final
class Inputs:
    """What a spread is made of.

    ``base_spread`` is per side, ``max_spread`` the width of both; ``gap`` is
    (price - oracle)/price, ppm; the volumes are those of buyers and sellers in the last hour;
    ``net`` is the traders' base, ``buy_room`` and ``sell_room`` what the concentration bounds
    leave; ``equity`` is the balance of the adjustments pool; ``revenue`` what the vAMM earned
    since the last funding; ``adjustment`` whole percent.
    """

    def __init__(
        self,
        *,
        steps: int,
        base_spread: int,
        max_spread: int,
        price: int,
        peg: int,
        y: int,
        terminal_y: int,
        net: int,
        buy_room: int,
        sell_room: int,
        gap: int,
        confidence: int,
        oracle_std: int,
        mark_std: int,
        long_volume: int,
        short_volume: int,
        volume_24h: int,
        equity: int,
        revenue: int,
        adjustment: int,
    ) -> None:
        self.steps: int = steps
        self.base_spread: int = base_spread
        self.max_spread: int = max_spread
        self.price: int = price
        self.peg: int = peg
        self.y: int = y
        self.terminal_y: int = terminal_y
        self.net: int = net
        self.buy_room: int = buy_room
        self.sell_room: int = sell_room
        self.gap: int = gap
        self.confidence: int = confidence
        self.oracle_std: int = oracle_std
        self.mark_std: int = mark_std
        self.long_volume: int = long_volume
        self.short_volume: int = short_volume
        self.volume_24h: int = volume_24h
        self.equity: int = equity
        self.revenue: int = revenue
        self.adjustment: int = adjustment

    def has(self, step: int) -> bool:
        """Whether a step is switched on."""
        return self.steps & step != 0


def volatility(given: Inputs) -> Spreads:
    """vol_side = max(confc, floor(vol · factor)), vol = max(conf, std/4); SPREAD-003.

    std = floor(floor((oracle_std + mark_std) / price) / 2); confc = conf above 2,500 ppm, else
    floor(conf/20); factor = the side's share of the 24 h volume, within 1 % and 100 %.
    """
    deviation = proportion(given.oracle_std + given.mark_std, RATIO_SCALE, given.price)
    vol = max(given.confidence, div_floor(div_floor(deviation, 2), 4))
    least = given.confidence
    if least <= CONFIDENCE_TRUSTED:
        least = div_floor(least, 20)
    day = max(given.volume_24h, 1)
    return Spreads(
        max(least, proportion(vol, _share(given.long_volume, day), RATIO_SCALE)),
        max(least, proportion(vol, _share(given.short_volume, day), RATIO_SCALE)),
    )


def _share(volume: int, day: int) -> int:
    """A side's share of the day's volume, within 1 % and 100 %."""
    share = proportion(volume, RATIO_SCALE, day)
    return max(VOLUME_FACTOR_MIN, min(share, RATIO_SCALE))


def target_width(given: Inputs) -> int:
    """max(max_spread, |gap|, min(max(2·conf, floor(max(std)/price)), 1e6)), at most 1e6.

    The widest that both sides together may be; with step 2 off, ``max_spread``. SPREAD-004.
    """
    width = given.max_spread
    if given.has(TARGET):
        deviation = max(given.oracle_std, given.mark_std)
        unsure = max(2 * given.confidence, proportion(deviation, RATIO_SCALE, given.price))
        width = max(width, abs(given.gap))
        width = max(width, min(unsure, RATIO_SCALE))
    return min(width, RATIO_SCALE)


def retreat_from_oracle(given: Inputs, vol: Spreads, quoted: Spreads) -> Spreads:
    """The side towards the oracle stands off by |gap| + vol_side: nobody buys below it or
    sells above it, within the ppm of the gap's rounding. SPREAD-005."""
    if given.gap < 0:
        return Spreads(max(quoted.long, vol.long - given.gap), quoted.short)
    if given.gap > 0:
        return Spreads(quoted.long, max(quoted.short, vol.short + given.gap))
    return quoted


def inventory_ratio(net: int, buy_room: int, sell_room: int) -> int:
    """min(1e6, floor(|net|·1e6/m)), m = min(buy_room, sell_room): how full the vAMM is, ppm.

    Full if ``|net| >= m``. SPREAD-006.
    """
    room = min(buy_room, sell_room)
    held = abs(net)
    return RATIO_SCALE if held >= room else proportion(held, RATIO_SCALE, room)


def inventory_scale(net: int, buy_room: int, sell_room: int, side: int, target: int) -> int:
    """min(most, 1e6 + floor(most·ratio)), most = max(10e6, floor(target/side)); SPREAD-006.

    A full inventory takes the side to the target width, or to ten times, if that is more.
    """
    if net == 0:
        return RATIO_SCALE
    most = max(SCALE_MAX, proportion(target, RATIO_SCALE, max(side, 1)))
    ratio = inventory_ratio(net, buy_room, sell_room)
    return min(most, RATIO_SCALE + proportion(most, ratio, RATIO_SCALE))


def skew_by_inventory(given: Inputs, quoted: Spreads, target: int) -> Spreads:
    """Scale the risky side by the inventory. SPREAD-006."""
    side = quoted.long if given.net > 0 else quoted.short
    scale = inventory_scale(given.net, given.buy_room, given.sell_room, side, target)
    return scale_risky_side(given.net, quoted, scale)


def scale_risky_side(net: int, quoted: Spreads, scale: int) -> Spreads:
    """floor(side·scale/1e6) for long if net > 0, short if net < 0, none if flat. SPREAD-006."""
    if net > 0:
        return Spreads(proportion(quoted.long, scale, RATIO_SCALE), quoted.short)
    if net < 0:
        return Spreads(quoted.long, proportion(quoted.short, scale, RATIO_SCALE))
    return quoted


def leverage_scale(y: int, terminal_y: int, peg: int, net: int, price: int, equity: int) -> int:
    """min(10e6, 1e6 + floor(max(0, local - value)·1e6/(equity + 1)) + 1); SPREAD-007.

    value = trunc((y - y_T)·peg/1e9) is what closing along the curve returns, local =
    trunc(net·price/1e9) what the position is worth at the price; ``equity`` > 0.
    """
    value = div_toward_zero((y - terminal_y) * peg, LOT)
    local = div_toward_zero(net * price, LOT)
    exposed = proportion(max(0, local - value), RATIO_SCALE, equity + 1)
    return min(SCALE_MAX, RATIO_SCALE + exposed + 1)


def widen_by_leverage(given: Inputs, quoted: Spreads) -> Spreads:
    """Both sides · 10 without equity, else the risky side by the leverage. SPREAD-007."""
    if given.equity <= 0:
        return Spreads(
            proportion(quoted.long, SCALE_MAX, RATIO_SCALE),
            proportion(quoted.short, SCALE_MAX, RATIO_SCALE),
        )
    scale = leverage_scale(
        given.y, given.terminal_y, given.peg, given.net, given.price, given.equity
    )
    return scale_risky_side(given.net, quoted, scale)


def revenue_retreat(width: int, target: int, revenue: int) -> int:
    """min(floor(target/10), floor(width·|revenue|/25 USD)) below -25 USD, else 0; SPREAD-008.

    ``width`` is the base spread of both sides; below -25,000 USD it is floor(target/10).
    """
    if revenue >= -RETREAT_UNIT:
        return 0
    most = div_floor(target, 10)
    if revenue < -RETREAT_FULL:
        return most
    return min(most, proportion(width, -revenue, RETREAT_UNIT))


def retreat_after_losses(given: Inputs, quoted: Spreads, target: int) -> Spreads:
    """Add the retreat to the risky side and half of it to the other; half each if flat."""
    whole = revenue_retreat(2 * given.base_spread, target, given.revenue)
    half = div_floor(whole, 2)
    return Spreads(
        quoted.long + (whole if given.net > 0 else half),
        quoted.short + (whole if given.net < 0 else half),
    )


def adjusted(side: int, percent: int, least: int) -> int:
    """max(least, 1, side - floor(side·|p|/100)), or side + ceil(side·p/100); SPREAD-009."""
    if percent >= 0:
        moved = side + div_ceil(side * percent, 100)
    else:
        moved = side - div_floor(side * -percent, 100)
    moved = max(moved, least)
    return max(moved, 1)


def capped(long: int, short: int, target: int) -> Spreads:
    """If long + short > target: the larger (tie: short) = ceil(side·target/sum), the other the
    rest. The sum is then the target. SPREAD-010."""
    total = long + short
    if total <= target:
        return Spreads(long, short)
    if long > short:
        larger = div_ceil(long * target, total)
        return Spreads(larger, target - larger)
    larger = div_ceil(short * target, total)
    return Spreads(target - larger, larger)


def spreads(given: Inputs) -> Spreads:
    """The steps in their order. SPREAD-001, SPREAD-002, SPREAD-011.

    Raises ``RangeError`` if both sides together are wider than the price, which only happens
    with the cap switched off.
    """
    vol = volatility(given) if given.has(VOLATILITY) else Spreads(0, 0)
    base = given.base_spread
    target = target_width(given)
    quoted = Spreads(max(base, vol.long), max(base, vol.short))
    if given.has(ORACLE_RETREAT):
        quoted = retreat_from_oracle(given, vol, quoted)
    if given.has(INVENTORY):
        quoted = skew_by_inventory(given, quoted, target)
    if given.has(EQUITY):
        quoted = widen_by_leverage(given, quoted)
    if given.has(REVENUE_RETREAT):
        quoted = retreat_after_losses(given, quoted, target)
    if given.has(ADJUSTMENT) and given.adjustment != 0:
        quoted = Spreads(
            adjusted(quoted.long, given.adjustment, max(base, vol.long)),
            adjusted(quoted.short, given.adjustment, max(base, vol.short)),
        )
    if given.has(CAP):
        quoted = capped(quoted.long, quoted.short, target)
    if quoted.long + quoted.short > RATIO_SCALE:
        raise RangeError("the spreads are wider than the price")
    return quoted
