"""Plimsoll: the liquidity system of a perpetual-futures exchange."""

from __future__ import annotations

# First of all: it decides whether the compiled modules are loaded.
from plimsoll import _build as _build


def __getattr__(name: str) -> str:
    # Reading the metadata takes longer than all else here, so only who asks pays for it.
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("plimsoll")
    except PackageNotFoundError:
        return "0+unknown"
