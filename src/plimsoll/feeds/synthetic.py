"""Seeded prices without any data: correlated geometric Brownian motion with rare jumps.

The same arguments give the same integers on every machine: only additions, products, quotients
and square roots of floats are used, which IEEE 754 defines to the last bit, and no function of
the platform's mathematical library, which it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite, sqrt
from random import Random
from typing import Final

from plimsoll.feeds.base import FeedError, PriceTick
from plimsoll.units import PRICE_MAX

YEAR_MS: Final = 31_557_600_000
"""A Julian year of 365.25 days."""
PPM: Final = 1_000_000
DEFAULT_START_MS: Final = 1_735_689_600_000
"""1 January 2025, 00:00 UTC."""
_LOG_STEP_MAX: Final = 2.0
_EXP_TERMS: Final = 24


@dataclass(frozen=True, slots=True)
class Jumps:
    """Jumps that hit all symbols at once: how many a year, mean and deviation of the log move."""

    per_year: float = 12.0
    mean: float = -0.02
    deviation: float = 0.05


NO_JUMPS: Final = Jumps(per_year=0.0)


def _exp(value: float) -> float:
    """e**value by its series, for |value| <= 2."""
    total = term = 1.0
    for n in range(1, _EXP_TERMS):
        term = term * value / n
        total += term
    return total


def _normal(random: Random) -> float:
    """Twelve uniforms less six: mean 0, variance 1, within six deviations."""
    total = -6.0
    for _ in range(12):
        total += random.random()
    return total


class _Path:
    """The walk of one symbol; ``random`` is its own, so other symbols do not change it."""

    __slots__ = ("drift", "price", "random", "sigma", "symbol")

    def __init__(self, symbol: str, start: int, sigma: float, drift: float, random: Random) -> None:
        self.symbol = symbol
        self.price = float(start)
        self.sigma = sigma
        self.drift = drift
        self.random = random

    def move(self, log_move: float) -> None:
        bounded = max(-_LOG_STEP_MAX, min(_LOG_STEP_MAX, log_move))
        self.price = max(1.0, min(float(PRICE_MAX), self.price * _exp(bounded)))


class SyntheticFeed:
    """An endless ``PriceSource`` made from a seed.

    ``symbols`` gives each symbol's start price (1e-6 quote), which is the price of its first
    tick at ``start_ms``; every symbol then has a tick each ``step_ms``. ``annual_vol`` (0.6 is
    60 % a year) may differ by symbol; ``annual_drift`` is of the expected price without jumps;
    ``correlation`` (0 .. 1) is that of any two symbols; ``confidence_ppm`` of the price is every
    tick's confidence. Prices are rounded half to even and stay in 1 .. PRICE_MAX. A symbol's
    series does not depend on which other symbols there are. Raises ``FeedError`` for arguments
    out of range.
    """

    def __init__(
        self,
        symbols: Mapping[str, int],
        *,
        seed: int,
        start_ms: int = DEFAULT_START_MS,
        step_ms: int = 1000,
        annual_vol: float | Mapping[str, float] = 0.6,
        annual_drift: float = 0.0,
        correlation: float = 0.7,
        jumps: Jumps = NO_JUMPS,
        confidence_ppm: int = 0,
    ) -> None:
        volatility = annual_vol if isinstance(annual_vol, Mapping) else None
        self._vols: dict[str, float] = {}
        for name, start in symbols.items():
            # A float would most likely be meant in whole quote units.
            fits = type(start) is int and 0 < start <= PRICE_MAX
            _require(fits, f"start price of {name} must be an integer, 1 .. {PRICE_MAX}")
            if volatility is not None:
                _require(name in volatility, f"annual_vol has no {name}")
                self._vols[name] = float(volatility[name])
            elif not isinstance(annual_vol, Mapping):
                self._vols[name] = float(annual_vol)
        _require(bool(symbols), "symbols must not be empty")
        _require(all(0 <= v <= 10 for v in self._vols.values()), "annual_vol must be 0 .. 10")
        _require(step_ms > 0, "step_ms must be positive")
        _require(start_ms >= 0, "start_ms must not be negative")
        _require(-10 <= annual_drift <= 10, "annual_drift must be -10 .. 10")
        _require(0 <= correlation <= 1, "correlation must be 0 .. 1")
        _require(0 <= jumps.per_year * step_ms <= YEAR_MS, "jumps: at most one a step")
        _require(isfinite(jumps.mean), "jumps.mean must be finite")
        _require(0 <= jumps.deviation <= _LOG_STEP_MAX, "jumps.deviation must be 0 .. 2")
        _require(0 <= confidence_ppm <= PPM, "confidence_ppm must be 0 .. 1,000,000")
        # By name, so that the order of the mapping changes nothing.
        self._starts = dict(sorted(symbols.items()))
        self._seed = seed
        self._start_ms, self._step_ms = start_ms, step_ms
        self._drift = annual_drift
        self._correlation = correlation
        self._jumps = jumps
        self._confidence_ppm = confidence_ppm

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols, sorted: the order of ticks of one instant."""
        return tuple(self._starts)

    def ticks(self) -> Iterator[PriceTick]:
        """The prices from the start, without end; each call gives the same series."""
        years = self._step_ms / YEAR_MS
        market = Random(f"{self._seed}/market")
        paths = [self._path(symbol, start, years) for symbol, start in self._starts.items()]
        shared, own = sqrt(self._correlation), sqrt(1.0 - self._correlation)
        jumps, jump_chance = self._jumps, self._jumps.per_year * years
        ts_ms = self._start_ms
        while True:
            for path in paths:
                price = round(path.price)
                # ppm of the price, rounded up: a confidence that is asked for is never zero.
                confidence = -(-price * self._confidence_ppm // PPM)
                yield PriceTick(ts_ms, path.symbol, price, confidence)
            common, jumping, common_jump = _normal(market), market.random(), _normal(market)
            for path in paths:
                noise = shared * common + own * _normal(path.random)
                jump_noise = shared * common_jump + own * _normal(path.random)
                log_move = path.drift + path.sigma * noise
                if jumping < jump_chance:
                    log_move += jumps.mean + jumps.deviation * jump_noise
                path.move(log_move)
            ts_ms += self._step_ms

    def _path(self, symbol: str, start: int, years: float) -> _Path:
        vol = self._vols[symbol]
        drift = (self._drift - vol * vol / 2) * years
        return _Path(symbol, start, vol * sqrt(years), drift, Random(f"{self._seed}/{symbol}"))


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise FeedError(reason)
