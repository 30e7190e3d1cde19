"""The vAMM of a market: how much it takes, at what quote, and where its curve stands after.

The formulas of the curve are in ``curve``. Pure: nothing is written here.

Spec: docs/spec/04-vamm.md, VAMM-007 … VAMM-014.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import curve
from plimsoll.core.rows import Vamm
from plimsoll.messages.codes import BUY
from plimsoll.messages.params import MarketParams
from plimsoll.units import (
    PRICE_SCALE,
    RATIO_SCALE,
    div_floor,
    isqrt,
    proportion,
    step_floor,
)


def quote_price(row: Vamm, side: int) -> int:
    """Top quote: what a taker of ``side`` faces for the first unit. For matching decisions."""
    return row.ask if side == BUY else row.bid


def open_side(row: Vamm, params: MarketParams, side: int) -> int:
    """How much base the concentration bounds still let takers of ``side`` trade."""
    terminal = row.x + row.net
    if side == BUY:
        left = row.x - proportion(terminal, RATIO_SCALE, params.vamm_concentration)
    else:
        left = proportion(terminal, params.vamm_concentration, RATIO_SCALE) - row.x
    return max(0, left)


def available(row: Vamm, params: MarketParams, side: int) -> int:
    """Largest single fill, floored to the step."""
    share = div_floor(row.x, params.vamm_max_fill_fraction)
    half = div_floor(open_side(row, params, side), 2)
    return step_floor(min(half, share), params.step)


def size_to_price(row: Vamm, side: int, limit: int) -> int:
    """Base that moves the side's quote up (down) to ``limit``; 0 when it is already past it."""
    if limit <= 0:
        return 0
    k = row.sqrt_k * row.sqrt_k
    target = isqrt(div_floor(div_floor(k * PRICE_SCALE, limit) * row.peg, PRICE_SCALE))
    quoted = curve.side_reserves(row.x, row.y, row.sqrt_k, side, row.spread(side))
    size = quoted.x - target if side == BUY else target - quoted.x
    return max(0, size)


def reaches(row: Vamm, side: int, limit: int) -> bool:
    """Whether a limit accepts the top quote: without that the vAMM is not asked at all."""
    return limit >= row.ask if side == BUY else limit <= row.bid


def fillable(row: Vamm, params: MarketParams, side: int, size: int, limit: int) -> int:
    """How much of an order with this limit the vAMM takes now, floored to the step.

    One tick is kept from the limit, so that the last unit is no worse than it.
    """
    if not reaches(row, side, limit):
        return 0
    most = available(row, params, side)
    edge = limit - params.tick if side == BUY else limit + params.tick
    reach = size_to_price(row, side, edge)
    most = min(most, reach)
    most = min(most, size)
    return step_floor(most, params.step) if most > 0 else 0


@final
class Plan:
    """A fill against the vAMM: the taker's quote, the plain one, and the curve after it."""

    def __init__(self, quote: int, plain: int, x: int, y: int) -> None:
        self.quote: int = quote
        self.plain: int = plain
        self.x: int = x
        self.y: int = y


def plan(row: Vamm, side: int, size: int) -> Plan:
    """Price a fill: the taker pays max(q, q0) or receives min(q, q0); q0 is the vAMM's own leg."""
    quoted = curve.side_reserves(row.x, row.y, row.sqrt_k, side, row.spread(side))
    spread = curve.swap(quoted.x, quoted.y, row.sqrt_k, row.peg, side, size)
    real = curve.swap(row.x, row.y, row.sqrt_k, row.peg, side, size)
    plain = curve.plain_quote(row.y, real.y, row.peg, side)
    quote = spread.quote
    if side == BUY:
        quote = max(plain, quote)
    else:
        quote = min(plain, quote)
    return Plan(quote, plain, real.x, real.y)


def reducing(net: int, side: int, size: int) -> int:
    """The part of a fill that brings the vAMM's position toward zero."""
    most = 0
    if side == BUY and net < 0:
        most = -net
    elif side != BUY and net > 0:
        most = net
    return min(size, most)


def terminal_quote_reserve(row: Vamm) -> int:
    """y_T: the quote reserve after all traders closed against the curve."""
    return curve.product_over(row.sqrt_k, row.x + row.net)
