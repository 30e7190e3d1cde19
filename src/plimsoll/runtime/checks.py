"""The registry of invariants, for those outside the core who list them."""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.core.invariants import REGISTRY


class Invariant(NamedTuple):
    """What must hold; ``when`` is ``command`` (after each) or ``full`` (in full sweeps)."""

    ident: str
    when: str
    text: str


def registered() -> list[Invariant]:
    """Every invariant there is."""
    return [Invariant(ident, when, text) for ident, (when, text) in REGISTRY.items()]
