"""Funding: when it falls due, its rate, what a position pays, and the pool's part of it.

    premium = mark TWAP - oracle TWAP + oracle TWAP/carry, within ± oracle TWAP/clamp
    rate    = premium · 1000 / (periods a day), toward zero         rate > 0: longs pay shorts
    payment = |base|·|rate| / 1e12                  payers round up, receivers down
    pool    = payers·rate - receivers·rate          pays at most a third of itself an event

The vAMM has no payment of its own: the pool is its leg. Base and rates 1e-9, prices and quote
1e-6, ratios ppm; times in whole seconds. Functions that take a period treat one shorter than an
hour as an hour.

Spec: docs/spec/16-funding.md, FUND-001 … FUND-009.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.units import (
    AMOUNT_MAX,
    PPM_MAX,
    PRICE_MAX,
    div_floor,
    div_toward_zero,
    mul_div_ceil,
    mul_div_floor,
    refusal,
    require_range,
    step_floor,
)

HOUR: Final = 3_600
DAY: Final = 86_400
PAYMENT_SCALE: Final = 1_000_000_000_000
"""base (1e-9) x rate (1e-9) / PAYMENT_SCALE is quote (1e-6)."""

PAYERS_UP: Final = 0
"""Rounding of the exchange: who pays rounds up, who receives rounds down."""
TOWARD_ZERO: Final = 1
"""Rounding of the published reference: both sides are truncated."""

_PRICE_TO_RATE: Final = 1_000
_POOL_PART: Final = 3


def seconds_left(last: int, period: int, now: int) -> int:
    """Seconds from ``now`` until funding is due; 0 when it is.

    Periods are aligned: with d = last mod period the next is ``period - d`` after ``last``, or a
    whole period later if the last one came more than a third of a period late.
    """
    require_range(period, 1, AMOUNT_MAX, "period")
    late = last - step_floor(last, period)
    wait = period - late
    if late > div_floor(period, 3):
        wait += period
    return max(0, wait - (now - last))


def premium_max(oracle: int, clamp: int) -> int:
    """Largest premium that counts, in price units: oracle TWAP / clamp, rounded down."""
    require_range(oracle, 1, PRICE_MAX, "oracle TWAP")
    require_range(clamp, 1, AMOUNT_MAX, "clamp denominator")
    return div_floor(oracle, clamp)


def rate(mark: int, oracle: int, clamp: int, carry: int, period: int) -> int:
    """Funding rate of one period, 1e-9 quote per base, toward zero; positive: longs pay.

    ``mark`` and ``oracle`` are TWAPs. ``clamp`` divides the oracle's into the largest premium,
    ``carry`` into what is added to the premium (0: nothing). Refuses a period of over a day.
    """
    require_range(mark, 1, PRICE_MAX, "mark TWAP")
    require_range(carry, 0, AMOUNT_MAX, "carry denominator")
    most = premium_max(oracle, clamp)
    premium = mark - oracle
    if carry != 0:
        premium += div_floor(oracle, carry)
    periods = div_floor(DAY, max(HOUR, period))
    return div_toward_zero(capped(premium, most) * _PRICE_TO_RATE, periods)


def rate_max(oracle: int, ppm: int, period: int) -> int:
    """Cap of a side's rate: ``ppm`` of the oracle TWAP an hour, in 1e-9 a period, rounded down."""
    require_range(oracle, 1, PRICE_MAX, "oracle TWAP")
    require_range(ppm, 0, PPM_MAX, "rate cap")
    return div_floor(oracle * ppm * max(HOUR, period), _PRICE_TO_RATE * HOUR)


def capped(value: int, most: int) -> int:
    """``value`` brought within ``± most``."""
    return max(-most, min(value, most))


def relative(funding_rate: int, oracle: int) -> int:
    """A rate as a fraction of the oracle TWAP, in 1e-8, toward zero: how rates are published."""
    require_range(oracle, 1, PRICE_MAX, "oracle TWAP")
    return div_toward_zero(funding_rate * 100_000, oracle)


def payment(base: int, delta: int, rounding: int) -> int:
    """What funding brings a position of ``base``: quote 1e-6, negative if it pays.

    ``delta`` is the cumulative rate of its side less the one it was last settled at.
    """
    if rounding != PAYERS_UP and rounding != TOWARD_ZERO:
        raise refusal("payment", base, delta, rounding)
    if base == 0 or delta == 0:
        return 0
    size = abs(base)
    moved = abs(delta)
    if (base > 0) != (delta > 0):
        return mul_div_floor(size, moved, PAYMENT_SCALE)
    if rounding == PAYERS_UP:
        return -mul_div_ceil(size, moved, PAYMENT_SCALE)
    return -mul_div_floor(size, moved, PAYMENT_SCALE)


@final
class Settlement:
    """Rates of both sides for one event (1e-9), and what it brings the pool (1e-6, signed)."""

    def __init__(self, rate_long: int, rate_short: int, pool: int) -> None:
        self.rate_long: int = rate_long
        self.rate_short: int = rate_short
        self.pool: int = pool


def settle(
    funding_rate: int, receiving_max: int, longs: int, shorts: int, pool: int, rounding: int
) -> Settlement:
    """Split an event over longs, shorts and the pool, which holds ``pool`` before it.

    ``longs`` and ``shorts`` are the traders' sizes; the difference is held against the vAMM. The
    paying side has the full rate. The receiving one has at most ``receiving_max``, and less if
    the pool would pay over a third of itself:
    (third + what the payers bring - 1)·1e12 / receivers, rounded down.
    """
    if rounding != PAYERS_UP and rounding != TOWARD_ZERO:
        raise refusal("settle", funding_rate, rounding)
    require_range(receiving_max, 0, AMOUNT_MAX, "cap of the receiving side")
    require_range(longs, 0, AMOUNT_MAX, "longs")
    require_range(shorts, 0, AMOUNT_MAX, "shorts")
    require_range(pool, 0, AMOUNT_MAX, "pool")
    paying = abs(funding_rate)
    receiving = min(paying, receiving_max)
    payers = longs if funding_rate > 0 else shorts
    receivers = shorts if funding_rate > 0 else longs
    brought = mul_div_floor(payers, paying, PAYMENT_SCALE)
    gain = payers * paying - receivers * receiving
    if rounding == PAYERS_UP:
        change = div_floor(gain, PAYMENT_SCALE)
    else:
        change = div_toward_zero(gain, PAYMENT_SCALE)
    third = div_floor(pool, _POOL_PART)
    if change < -third:
        change = -third
        receiving = div_floor(max(0, third + brought - 1) * PAYMENT_SCALE, receivers)
    if funding_rate > 0:
        return Settlement(paying, receiving, change)
    return Settlement(-receiving, -paying, change)
