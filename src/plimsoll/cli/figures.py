"""Scaled integers as people read them: grouped digits, fixed decimals, signs, times."""

from __future__ import annotations

from datetime import UTC, datetime

from plimsoll.units import div_toward_zero


def fixed(value: int, scale_digits: int, decimals: int) -> str:
    """``value`` / 10**scale_digits with grouped digits, cut (toward zero) to ``decimals``."""
    kept = div_toward_zero(value, 10 ** max(0, scale_digits - decimals))
    kept *= 10 ** max(0, decimals - scale_digits)
    whole, part = divmod(abs(kept), 10**decimals)
    sign = "-" if kept < 0 else ""
    tail = f".{part:0{decimals}d}" if decimals else ""
    return f"{sign}{whole:,}{tail}"


def usd(value: int, decimals: int = 2) -> str:
    """Money in 1e-6 quote."""
    return fixed(value, 6, decimals)


def short_usd(value: int) -> str:
    """Money in 1e-6 quote in at most six characters or so: 950, 12.3k, 4.56M, 1.20B."""
    whole = abs(value) // 1_000_000
    sign = "-" if value < 0 else ""
    for limit, unit, name in ((10**9, 10**9, "B"), (10**6, 10**6, "M"), (10_000, 10**3, "k")):
        if whole >= limit:
            return f"{sign}{fixed(whole * 100 // unit, 2, 2 if unit > 10**3 else 1)}{name}"
    return f"{sign}{whole:,}"


def decimals_of(step: int, scale_digits: int) -> int:
    """How many decimals a multiple of ``step`` can have."""
    found = scale_digits
    while found > 0 and step % 10 == 0:
        step //= 10
        found -= 1
    return found


def bp(ppm: int, decimals: int = 1) -> str:
    """ppm as basis points."""
    return fixed(ppm, 2, decimals)


def utc(ts_ms: int, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Milliseconds UTC as text."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime(pattern)


def span(ms: int) -> str:
    """A length of time: 250 ms, 12 s, 3 min, 4 h, 2 d."""
    for unit, name in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")):
        if ms >= unit:
            return f"{fixed(ms * 10 // unit, 1, 1).removesuffix('.0')} {name}"
    return f"{ms} ms"
