"""How the exchange follows oracle and mark: validity, averages, deviation, confidence, volume.

    normalise  p toward the mark, at most by its confidence
    clip       p to a ± a/d
    average    a' = wavg(p, a, since, window - since): the newer price by the time that passed
    mark       middle of the averages of best bid and best ask

Pure formulas on integers. Prices 1e-6, ratios ppm, quote 1e-6. Time has no unit of its own: now,
ages and windows share one, whole seconds in the exchange. An average of 0 is none yet: the first
price becomes it. ``wavg`` is ``units.weighted_average``.

Spec: docs/spec/13-tracking.md, TRACK-001 … TRACK-014.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.messages.codes import BUY
from plimsoll.units import (
    PRICE_MAX,
    RATIO_SCALE,
    RangeError,
    at_rate_floor,
    div_floor,
    require_range,
    weighted_average,
)

# Validity of an oracle price, worst first: a class allows what every worse one allows.
NON_POSITIVE: Final = 0
TOO_VOLATILE: Final = 1
TOO_UNCERTAIN: Final = 2
STALE_FOR_MARGIN: Final = 3
TOO_FEW_POINTS: Final = 4
STALE_FOR_VAMM: Final = 5
STALE_AT_ONCE: Final = 6
VALID: Final = 7

# The least class an action needs.
FOR_VAMM_AT_ONCE: Final = VALID
FOR_VAMM: Final = STALE_AT_ONCE
FOR_ORACLE_ORDERS: Final = TOO_FEW_POINTS
FOR_MARGIN: Final = TOO_FEW_POINTS
FOR_LIQUIDATION: Final = TOO_FEW_POINTS
FOR_FUNDING: Final = STALE_FOR_MARGIN
FOR_PNL: Final = STALE_FOR_MARGIN
FOR_MATCHING: Final = STALE_FOR_MARGIN
FOR_TRIGGERS: Final = TOO_UNCERTAIN
FOR_CURVE: Final = TOO_VOLATILE

KEPT: Final = 10
"""Prices the median looks back on."""
MEDIAN_LEAST: Final = 3
NEAR_PREMIUM: Final = 10_000
"""1 %: how far the premium may move the centre of crossed quotes."""
LAG_LEAST: Final = 60


def validity(
    price: int,
    confidence: int,
    age: int,
    average: int,
    enough_points: bool,
    confidence_max: int,
    jump_max: int,
    stale_at_once: int,
    stale_for_vamm: int,
    stale_for_margin: int,
) -> int:
    """The class of a price: the worst that applies. Compare it with a ``FOR_...``.

    ``jump_max`` is a multiple in ppm, held against the whole part of the ratio between price and
    ``average`` (1 h); ages are stale *beyond* their limit.
    """
    if price <= 0:
        return NON_POSITIVE
    if average > 0:
        ratio = div_floor(max(price, average), min(price, average))
        if ratio * RATIO_SCALE > jump_max:
            return TOO_VOLATILE
    if div_floor(confidence * RATIO_SCALE, price) > confidence_max:
        return TOO_UNCERTAIN
    if age > stale_for_margin:
        return STALE_FOR_MARGIN
    if not enough_points:
        return TOO_FEW_POINTS
    if age > stale_for_vamm:
        return STALE_FOR_VAMM
    return STALE_AT_ONCE if age > stale_at_once else VALID


def normalised(reserve_price: int, oracle: int, confidence: int) -> int:
    """The oracle price moved toward the mark, to 2.5 bp of it, by at most its confidence.

    R > o: min(max(R - floor(R/4000), o), o + conf); else max(min(R + floor(R/4000), o), o - conf).
    """
    near = div_floor(reserve_price, 4_000)
    if reserve_price > oracle:
        return min(max(reserve_price - near, oracle), oracle + confidence)
    return max(min(reserve_price + near, oracle), oracle - confidence)


def sanitised(price: int, average: int, denominator: int) -> int:
    """The price, clipped to average ± floor(average/denominator). 0 for either: not clipped."""
    if average == 0 or denominator == 0:
        return price
    band = div_floor(average, denominator)
    return max(average - band, min(average + band, price))


def twap(price: int, average: int, updated: int, now: int, window: int) -> int:
    """wavg(price, average, since, max(1, window - since)), since = max(0, now - updated)."""
    since = max(0, now - updated)
    return weighted_average(price, average, since, max(1, window - since))


def oracle_twap(
    price: int, average: int, updated: int, now: int, window: int, mark: int, mark_updated: int
) -> int:
    """The oracle's average; a whole window replaces it.

    If the mark's average is newer by s, the oracle had been silent: the price is first
    wavg(mark, price, s, max(1, window - s)).
    """
    if average == 0:
        return price
    lag = mark_updated - updated
    if lag > 0 and mark > 0:
        price = weighted_average(mark, price, lag, max(1, window - lag))
    since = max(1 if window == 0 else 0, now - updated)
    return weighted_average(price, average, since, max(0, window - since))


def mark_twap(
    price: int, average: int, updated: int, now: int, window: int, oracle: int, oracle_updated: int
) -> int:
    """The average of one side's best quote.

    If the oracle's average is newer by more than max(60, window/60), nobody traded for long: the
    stored average is first wavg(oracle, average, lag, max(0, window - lag)), one unit closer.
    """
    if average == 0:
        return price
    lag = oracle_updated - updated
    if oracle > 0 and lag > max(LAG_LEAST, div_floor(window, 60)):
        closer = 1 if oracle > average else -1 if oracle < average else 0
        average = weighted_average(oracle, average, lag, max(0, window - lag), closer)
    return twap(price, average, updated, now, window)


def middle(bid: int, ask: int) -> int:
    """floor((bid + ask)/2)."""
    return div_floor(bid + ask, 2)


def deviation(old: int, price: int, funding: int, health: int, since: int, memory: int) -> int:
    """How far prices stray: the larger distance to the two averages, or what is left of the last.

    max(|p - funding|, |p - health|, floor(old·max(0, memory - since)/memory)); with ``memory`` 0
    the last distance alone.
    """
    change = max(abs(price - funding), abs(price - health))
    if memory == 0:
        return change
    return max(change, div_floor(old * max(0, memory - max(0, since)), memory))


def confidence_ratio(old: int, confidence: int, reserve_price: int, elapsed: int) -> int:
    """Confidence in ppm of the mark: rises at once, falls by 1/20 to 1/5 an update (seconds).

    max(floor(conf·1e6/R), old - floor(old/max(21 - elapsed, 5))); no time, no fall.
    """
    if elapsed > 0:
        old -= div_floor(old, max(21 - elapsed, 5))
    return max(div_floor(confidence * RATIO_SCALE, reserve_price), old)


def rolling_volume(old: int, quote: int, since: int, window: int) -> int:
    """floor(old·max(0, window - max(1, since))/window) + quote: traded of late on one side."""
    return div_floor(old * max(0, window - max(1, since)), window) + quote


@final
class Quotes:
    """A best bid and a best ask, ``bid <= ask``."""

    def __init__(self, bid: int, ask: int) -> None:
        self.bid: int = bid
        self.ask: int = ask


def trade_quotes(
    price: int,
    side: int,
    oracle: int,
    base_spread: int,
    long_spread: int,
    short_spread: int,
    tick: int,
    vamm_bid: int,
    vamm_ask: int,
) -> Quotes:
    """Best bid and ask as a trade shows them: one is its price, the other is estimated.

    A buy above the oracle leaves the bid at o - min(floor(o·min(base, short/2)/1e6), premium), at
    least the tick; other prices are their own estimate. Never worse than the vAMM's quotes, of
    which 0 is none. Mirrored for sells.
    """
    premium = price - oracle
    if side == BUY:
        bid = price
        if premium > 0:
            width = at_rate_floor(oracle, min(base_spread, div_floor(short_spread, 2)))
            bid = max(tick, oracle - min(width, premium))
        bid = max(bid, vamm_bid)
        return Quotes(bid, max(price, bid))
    ask = price
    if premium < 0:
        width = at_rate_floor(oracle, min(base_spread, div_floor(long_spread, 2)))
        ask = max(tick, oracle + min(width, -premium))
    if vamm_ask > 0:
        ask = min(ask, vamm_ask)
    return Quotes(min(price, ask), ask)


def is_near(price: int, oracle: int, divergence_max: int) -> bool:
    """Whether a resting quote is at most ``divergence_max`` (ppm) away from the oracle."""
    return abs(price - oracle) <= at_rate_floor(oracle, divergence_max)


def resting_quotes(
    bid: int,
    ask: int,
    vamm_bid: int,
    vamm_ask: int,
    oracle: int,
    mark_health: int,
    oracle_health: int,
) -> Quotes | None:
    """Best quotes of book and vAMM without a trade; 0 is none. None if a side has none.

    Crossed quotes collapse onto the one nearer to oracle + premium, the bid on a tie; the premium
    is that of the short averages, within 1 % of the oracle.
    """
    bid = max(bid, vamm_bid)
    if ask == 0 or 0 < vamm_ask < ask:
        ask = vamm_ask
    if bid == 0 or ask == 0:
        return None
    if bid > ask:
        most = at_rate_floor(oracle, NEAR_PREMIUM)
        centre = oracle + max(-most, min(most, mark_health - oracle_health))
        if abs(bid - centre) <= abs(ask - centre):
            return Quotes(bid, bid)
        return Quotes(ask, ask)
    return Quotes(bid, ask)


@final
class OracleTrack:
    """What is remembered of the oracle: averages, deviation (1e-6), confidence (ppm)."""

    def __init__(
        self, price: int, funding: int, health: int, deviation: int, confidence: int, updated: int
    ) -> None:
        self.price: int = price  # normalised and clipped
        self.funding: int = funding
        self.health: int = health
        self.deviation: int = deviation
        self.confidence: int = confidence
        self.updated: int = updated


@final
class MarkTrack:
    """What is remembered of the mark: averages of bid, ask and middle, deviation (1e-6)."""

    def __init__(
        self, bid: int, ask: int, funding: int, health: int, deviation: int, updated: int
    ) -> None:
        self.bid: int = bid
        self.ask: int = ask
        self.funding: int = funding  # the middle of bid and ask
        self.health: int = health
        self.deviation: int = deviation
        self.updated: int = updated


def follow_oracle(
    old: OracleTrack,
    mark: MarkTrack,
    now: int,
    price: int,
    confidence: int,
    reserve_price: int,
    funding_window: int,
    health_window: int,
    clamp: int,
    memory: int,
) -> OracleTrack:
    """Take an oracle price into the averages: normalise, clip, average.

    The deviation is that of the price before the clip, from the averages before the update.
    """
    require_range(price, 1, PRICE_MAX, "price")
    moved = normalised(reserve_price, price, confidence)
    used = sanitised(moved, old.funding, clamp)
    since = now - old.updated
    strayed = 0
    if old.funding > 0 and old.health > 0:
        strayed = deviation(old.deviation, moved, old.funding, old.health, since, memory)
    return OracleTrack(
        used,
        oracle_twap(used, old.funding, old.updated, now, funding_window,
                    mark.funding, mark.updated),
        oracle_twap(used, old.health, old.updated, now, health_window, mark.health, mark.updated),
        strayed,
        confidence_ratio(old.confidence, confidence, reserve_price, since),
        now,
    )  # fmt: skip


def follow_mark(
    old: MarkTrack,
    oracle: OracleTrack,
    now: int,
    price: int,
    quotes: Quotes,
    funding_window: int,
    health_window: int,
    clamp: int,
    memory: int,
) -> MarkTrack:
    """Take quotes into the averages; ``price`` is the trade's, or the middle without one.

    Refuses a bid above the ask. Clipped to averages a rounding apart they may still cross by as
    much: both are then the middle.
    """
    if not 0 < quotes.bid <= quotes.ask <= PRICE_MAX:
        raise RangeError(f"bid {quotes.bid} and ask {quotes.ask} are no quotes")
    bid = sanitised(quotes.bid, old.bid, clamp)
    ask = sanitised(quotes.ask, old.ask, clamp)
    if bid > ask:
        bid = ask = middle(bid, ask)
    strayed = 0
    if old.funding > 0 and old.health > 0:
        since = now - old.updated
        strayed = deviation(old.deviation, price, old.funding, old.health, since, memory)
    centre = middle(bid, ask)
    health = centre
    if old.health > 0:
        health = twap(centre, old.health, old.updated, now, health_window)
    bid = mark_twap(bid, old.bid, old.updated, now, funding_window, oracle.funding, oracle.updated)
    ask = mark_twap(ask, old.ask, old.updated, now, funding_window, oracle.funding, oracle.updated)
    return MarkTrack(bid, ask, middle(bid, ask), health, strayed, now)


def remembered(
    samples: list[tuple[int, int]], now: int, price: int, window: int
) -> list[tuple[int, int]]:
    """(time, price) of the last ten clipped prices within the window, the new one last."""
    kept = [sample for sample in samples if now - sample[0] <= window]
    return [*kept[1 - KEPT :], (now, price)]


def dampened(samples: list[tuple[int, int]]) -> int:
    """The median of what is remembered, rounded down; the last price while there are under three.

    For the repeg's target; never for margin or liquidation.
    """
    count = len(samples)
    if count == 0:
        raise RangeError("there is no price to take the median of")
    if count < MEDIAN_LEAST:
        return samples[count - 1][1]
    ordered = sorted([sample[1] for sample in samples])
    half = count >> 1
    if count & 1:
        return ordered[half]
    return middle(ordered[half - 1], ordered[half])


def steadied(last: int, median: int, clamp: int) -> int:
    """The last price, or the median when they are more than floor(median/clamp) apart.

    For the start of an auction.
    """
    return median if sanitised(last, median, clamp) != last else last
