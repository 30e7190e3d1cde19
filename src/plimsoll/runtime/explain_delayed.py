"""Events of delayed orders in a sentence each, with the rules behind them; see ``explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Values = dict[str, Any]
Rules = tuple[str, ...]
Teller = Callable[[Values], tuple[str, Rules]]


def _plain(text: str, *rules: str) -> Teller:
    """A sentence with the values of the event in it."""
    return lambda v: (text.format(**v), rules)


EXPLAIN: Final[dict[str, Teller]] = {
    "DelayedPlaced": _plain(
        "Order {order} waits to {side} {size} {symbol} at the first oracle price published at "
        "{earliest_ms} or later, until {expires_ms}.",
        "DELAY-001",
        "DELAY-003",
    ),
    "DelayedExecuted": _plain(
        "Delayed order {order} is executed: the oracle is at {oracle}, published at "
        "{published_ms}.",
        "DELAY-004",
        "DELAY-005",
    ),
    "DelayedRefused": _plain(
        "Delayed order {order} was refused for good: {name} "
        "({value_is} {value}, {limit_is} {limit}).",
        "DELAY-005",
    ),
}
"""Event -> its sentence and its rules."""
