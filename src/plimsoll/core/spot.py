"""Spot pools: constant product with a fee and optional virtual reserves. Pure arithmetic.

    x, y   reserves of what comes in and goes out, virtual ones included
    out  = floor(net·y / (x + net))    net = floor(in·(1 - fee))
    in   = ceil(net / (1 - fee))       net = ceil(x·out / (y - out))

What comes in is rounded up and what goes out down, so that (x + in)·(y - out) >= x·y. Only real
reserves can be paid out; virtual ones make the price move less. Amounts are in each asset's own
smallest units. A path is worked off leg by leg, forward for an exact amount in, backward for an
exact amount out; no pool stands in it twice, hence a quote is what the swap does.

Spec: docs/spec/22-spot.md, SPOT-002 … SPOT-008.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.messages.codes import SPOT_AMOUNT_ZERO, SPOT_LIQUIDITY, SPOT_PATH, Reject
from plimsoll.units import (
    AMOUNT_MAX,
    RATIO_SCALE,
    at_rate_floor,
    mul_div_ceil,
    mul_div_floor,
    require_range,
)

FEE_MAX: Final = 100_000
"""Highest fee of a pool, ppm."""


@final
class PoolState:
    """A pool at one moment: its assets, real and virtual reserves, and the fee (ppm)."""

    def __init__(
        self,
        ident: int,
        base: int,
        quote: int,
        base_reserve: int,
        quote_reserve: int,
        virtual_base: int,
        virtual_quote: int,
        fee: int,
    ) -> None:
        self.ident: int = ident
        self.base: int = base
        self.quote: int = quote
        self.base_reserve: int = base_reserve
        self.quote_reserve: int = quote_reserve
        self.virtual_base: int = virtual_base
        self.virtual_quote: int = virtual_quote
        self.fee: int = fee


@final
class Leg:
    """A pool as a swap meets it: the asset that comes in and the one that goes out."""

    def __init__(
        self, pool: int, asset_in: int, asset_out: int, x: int, y: int, payable: int, fee: int
    ) -> None:
        self.pool: int = pool
        self.asset_in: int = asset_in
        self.asset_out: int = asset_out
        self.x: int = x
        self.y: int = y
        self.payable: int = payable
        self.fee: int = fee


def leg(pool: PoolState, asset_in: int) -> Leg:
    """The pool seen from an asset that comes in. Rejects: SPOT_PATH (it is not of the pool)."""
    base = pool.base_reserve + pool.virtual_base
    quote = pool.quote_reserve + pool.virtual_quote
    require_range(base, 0, AMOUNT_MAX, "reserve")
    require_range(quote, 0, AMOUNT_MAX, "reserve")
    if asset_in == pool.base:
        return Leg(pool.ident, pool.base, pool.quote, base, quote, pool.quote_reserve, pool.fee)
    if asset_in == pool.quote:
        return Leg(pool.ident, pool.quote, pool.base, quote, base, pool.base_reserve, pool.fee)
    raise Reject(SPOT_PATH, asset_in, pool.base)


def legs(pools: list[PoolState], asset_in: int, asset_out: int) -> list[Leg]:
    """The legs of a path through pools, from one asset to another.

    Rejects: SPOT_PATH (no pool, one twice, or the assets do not meet).
    """
    found: list[Leg] = []
    asset = asset_in
    for pool in pools:
        for before in found:
            if before.pool == pool.ident:
                raise Reject(SPOT_PATH, asset, asset_out)
        step = leg(pool, asset)
        found.append(step)
        asset = step.asset_out
    if asset != asset_out or len(found) == 0:
        raise Reject(SPOT_PATH, asset, asset_out)
    return found


def amount_out(step: Leg, amount_in: int) -> int:
    """What goes out for exactly ``amount_in``, rounded down. SPOT-003.

    Rejects: SPOT_LIQUIDITY, SPOT_AMOUNT_ZERO.
    """
    net = at_rate_floor(amount_in, RATIO_SCALE - step.fee)
    if step.x <= 0 or step.y <= 0:
        raise Reject(SPOT_LIQUIDITY, 1, 0)
    require_range(step.x + amount_in, 0, AMOUNT_MAX, "reserve")
    given = mul_div_floor(net, step.y, step.x + net)
    if given <= 0:
        raise Reject(SPOT_AMOUNT_ZERO, amount_in, 0)
    if given > step.payable:
        raise Reject(SPOT_LIQUIDITY, given, step.payable)
    return given


def amount_in(step: Leg, wanted: int) -> int:
    """What must come in for exactly ``wanted`` to go out, rounded up. SPOT-004.

    Rejects: SPOT_LIQUIDITY, SPOT_AMOUNT_ZERO.
    """
    if wanted <= 0:
        raise Reject(SPOT_AMOUNT_ZERO, 0, wanted)
    if step.x <= 0 or wanted >= step.y or wanted > step.payable:
        raise Reject(SPOT_LIQUIDITY, wanted, max(0, min(step.payable, step.y - 1)))
    net = mul_div_ceil(step.x, wanted, step.y - wanted)
    asked = mul_div_ceil(net, RATIO_SCALE, RATIO_SCALE - step.fee)
    require_range(step.x + asked, 0, AMOUNT_MAX, "reserve")
    return asked


def exact_in(path: list[Leg], amount: int) -> list[int]:
    """Amounts along a path for exactly ``amount`` in: what comes in, then what each leg gives.

    Rejects: SPOT_LIQUIDITY, SPOT_AMOUNT_ZERO.
    """
    amounts = [amount]
    for step in path:
        amount = amount_out(step, amount)
        amounts.append(amount)
    return amounts


def exact_out(path: list[Leg], wanted: int) -> list[int]:
    """Amounts along a path for exactly ``wanted`` out: what comes in, then what each leg gives.

    Rejects: SPOT_LIQUIDITY, SPOT_AMOUNT_ZERO.
    """
    amounts = [0] * len(path)
    amounts.append(wanted)
    at = len(path)
    while at > 0:
        at -= 1
        amounts[at] = amount_in(path[at], amounts[at + 1])
    return amounts


def fee_of(step: Leg, amount: int) -> int:
    """What of ``amount`` in is the fee, for reports: rounded up."""
    return amount - at_rate_floor(amount, RATIO_SCALE - step.fee)
