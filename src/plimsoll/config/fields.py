"""Every setting that exists: its name, its default, how its value is read and written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any, Final, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from plimsoll.config.sections import Config
from plimsoll.decimal_text import format_decimal, parse_decimal
from plimsoll.messages.fields import BOUNDS
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams

_RATIO_UNITS: Final = (("%", 4), ("bps", 2), ("bp", 2), ("x", 6))
_QUOTE_NAMES: Final = frozenset(
    {"min_notional", "auction_min_notional", "liquidation_chunk_above", "keeper_fee_max"}
    | {"keeper_flat_fee", "relay_fee_max", "hedge_window_max", "threshold"}
)

SECTIONS: Final = (
    "data", "node", "api", "feed", "demo", "client", "keeper", "log", "exchange", "markets",
)  # fmt: skip


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that exists. ``read`` makes its value of a text or of what TOML gave."""

    name: str
    default: Any
    read: Callable[[Any], Any]
    show: Callable[[Any], str]
    description: str = ""

    @property
    def secret(self) -> bool:
        """Whether its value is never shown."""
        return self.name == "client.secret"


PATHS: Final = ("data.dir", "feed.path")
"""Settings that are paths: in a TOML file they are relative to the file."""


def _reader(kind: Any) -> Callable[[Any], Any]:
    """Reads a value of a Python type."""

    def read(raw: Any) -> Any:
        if isinstance(raw, Decimal):
            raw = float(raw)
        if isinstance(raw, str) and _is_tuple(kind):
            raw = [part.strip() for part in raw.split(",") if part.strip()]
        value = msgspec.convert(raw, type=kind, strict=not isinstance(raw, str))
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("must be finite")
        return value

    return read


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind.__origin__ if hasattr(kind, "__metadata__") else kind) is tuple


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _section_fields(prefix: str, section: Any) -> Iterator[Field]:
    kinds = get_type_hints(type(section), include_extras=True)
    for name, kind in kinds.items():
        default = getattr(section, name)
        if isinstance(default, msgspec.Struct):
            yield from _section_fields(f"{prefix}.{name}", default)
            continue
        notes = [one.description for one in getattr(kind, "__metadata__", ()) if one.description]
        yield Field(
            name=f"{prefix}.{name}",
            default=default,
            read=_reader(kind),
            show=_text,
            description=notes[-1] if notes else "",
        )


def _decimal(digits: int, low: int, high: int) -> Callable[[Any], int]:
    def read(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
            raise TypeError("must be a decimal number")
        text = raw if isinstance(raw, str) else format(raw, "f" if isinstance(raw, Decimal) else "")
        return _bounded(parse_decimal(text, digits, max_digits=40), low, high, digits)

    return read


def _bounded(value: int, low: int, high: int, digits: int = 0) -> int:
    if not low <= value <= high:
        shown = f"{format_decimal(low, digits)} to {format_decimal(high, digits)}"
        raise ValueError(f"must be {shown}")
    return value


def read_ratio(raw: Any, low: int = 0, high: int = BOUNDS["multiple"][1]) -> int:
    """ppm of a whole number (ppm already) or of a text with a unit: "5%", "2.5bp", "1.2x".

    Raises ``ValueError`` (also for what ppm cannot hold exactly) and ``TypeError``.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise TypeError('must be ppm as a whole number, or text such as "5%", "5bp" or "1.5x"')
    if isinstance(raw, int):
        return _bounded(raw, low, high)
    text, digits = raw.strip(), 0
    for unit, found in _RATIO_UNITS:
        if text.endswith(unit):
            text, digits = text.removesuffix(unit).rstrip(), found
            break
    if digits == 0 and "." in text:
        raise ValueError('needs a unit, such as "5%", "5bp" or "1.5x"')
    return _bounded(parse_decimal(text, digits), low, high)


def show_ratio(ppm: int) -> str:
    """ppm as people write ratios: bp below 1 %, multiples from 100 % on."""
    if ppm > 1_000_000:
        return format_decimal(ppm, 6) + "x"
    if ppm >= 10_000 or ppm == 0:
        return format_decimal(ppm, 4) + "%"
    return format_decimal(ppm, 2) + "bp"


def param_digits(name: str, kind: str) -> int | None:
    """Decimals of a parameter that is a price, a size or money; None for the others."""
    if kind == "price":
        return 6
    if kind in ("amount", "amount0"):
        return 6 if name in _QUOTE_NAMES else 9
    return None


def param_field(
    prefix: str, name: str, kind: str, default: Any = None, digits: int | None = None
) -> Field:
    """The setting of a parameter; ``digits`` where its decimals are others than its name says."""
    full = f"{prefix}.{name}"
    if digits is None:
        digits = param_digits(name, kind)
    low, high = BOUNDS[kind]
    read: Callable[[Any], Any]
    if digits is not None:
        return Field(
            name=full,
            default=default,
            read=_decimal(digits, low, high),
            show=lambda value: format_decimal(value, digits),
        )
    if kind in ("ratio", "multiple"):
        return Field(
            name=full,
            default=default,
            read=lambda raw: read_ratio(raw, low, high),
            show=show_ratio,
        )
    read = _reader(bool) if kind == "flag" else _reader(Annotated[int, Meta(ge=low, le=high)])
    return Field(
        name=full,
        default=default,
        read=lambda raw: int(read(raw)),
        show=(lambda value: _text(bool(value))) if kind == "flag" else _text,
    )


def fixed_fields() -> dict[str, Field]:
    """Every setting but those of markets, by name."""
    found: list[Field] = []
    defaults = Config()
    for section in ("data", "node", "api", "feed", "demo", "client", "keeper", "log"):
        found += _section_fields(section, getattr(defaults, section))
    limits = GlobalParams()
    found += [
        param_field("exchange", name, kind, getattr(limits, name))
        for name, kind in GlobalParams.FIELDS
    ]
    return {one.name: one for one in found}


def market_fields(symbol: str) -> dict[str, Field]:
    """The settings of a market, by name: its start price and its parameters."""
    fields = [("price", "price"), *(one for one in MarketParams.FIELDS if one[0] != "symbol")]
    found = [param_field(f"markets.{symbol}", name, kind) for name, kind in fields]
    return {one.name: one for one in found}


def vault_fields(decimals: int) -> dict[str, Field]:
    """The parameters of a vault whose asset has so many decimals, by name (``vault.name``)."""
    digits = {"virtual_shares": 0, "virtual_assets": decimals, "deposit_cap": decimals}
    plain = VaultParams()
    found = [
        param_field("vault", name, kind, getattr(plain, name), digits.get(name))
        for name, kind in VaultParams.FIELDS
    ]
    return {one.name: one for one in found}


def quote_fields() -> dict[str, Field]:
    """How a vault quotes in a market, by name (``quote.name``)."""
    plain = QuoteParams()
    found = [
        param_field("quote", name, kind, getattr(plain, name)) for name, kind in QuoteParams.FIELDS
    ]
    return {one.name: one for one in found}


def breaker_fields() -> dict[str, Field]:
    """The limits of the outflow, by name (``breaker.name``)."""
    plain = BreakerParams()
    found = [
        param_field("breaker", name, kind, getattr(plain, name))
        for name, kind in BreakerParams.FIELDS
    ]
    return {one.name: one for one in found}
