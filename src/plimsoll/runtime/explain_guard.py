"""Events of circuit breakers in a sentence each, with the rules behind them; see ``explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Values = dict[str, Any]
Rules = tuple[str, ...]
Teller = Callable[[Values], tuple[str, Rules]]

PUBLIC: Final = frozenset({"BreakerParamsSet", "BreakerMoved", "VaultBreakerMoved"})
"""Events that everybody may see."""

_WHY: Final[dict[str, tuple[str, Rules]]] = {
    "operator": ("by the operator", ("BREAK-008",)),
    "outflow": (
        "because {value} USD would be left, and {limit} USD have to stay",
        ("BREAK-009", "BREAK-011"),
    ),
    "recovered": ("after {value} ms, of which {limit} ms had to pass", ("BREAK-012",)),
}
_WHY_OF_VAULT: Final[dict[str, tuple[str, Rules]]] = {
    "operator": ("by the operator", ("BREAK-019",)),
    "recovered": ("after {value} ms of calm, of which {limit} ms had to pass", ("BREAK-018",)),
    "margin": ("because its margin ratio is {value} ppm, the least is {limit} ppm", ("BREAK-016",)),
    "utilisation": (
        "because {value} ppm of what depositors brought are in use, the most is {limit} ppm",
        ("BREAK-016",),
    ),
    "drawdown": (
        "because a share is worth {value}, the least after its highest value is {limit}",
        ("BREAK-016",),
    ),
}


def _moved(v: Values) -> tuple[str, Rules]:
    why, rules = _WHY.get(str(v["cause"]), ("{value} against {limit}", ("BREAK-008",)))
    text = "The breaker of the exchange is {mode}, it was {before}, " + why + "."
    return text.format(**v), rules


def _vault_moved(v: Values) -> tuple[str, Rules]:
    why, rules = _WHY_OF_VAULT.get(str(v["cause"]), ("{value} against {limit}", ("BREAK-017",)))
    text = "The breaker of vault {vault} is {mode}, it was {before}, " + why + "."
    return text.format(**v), (*rules, "BREAK-017")


def _held(v: Values) -> tuple[str, Rules]:
    text = (
        "A withdrawal of {amount} from account {account}, worth {worth} USD, is held as claim "
        "{claim} until the breaker lets it go."
    )
    return text.format(**v), ("BREAK-009", "BREAK-010")


def _released(v: Values) -> tuple[str, Rules]:
    if v["paid"]:
        text = "The held withdrawal {claim} of account {account} was paid: {amount}."
        return text.format(**v), ("BREAK-013",)
    text = "The held withdrawal {claim} went back to account {account}: {amount}."
    return text.format(**v), ("BREAK-014",)


def _params_set(v: Values) -> tuple[str, Rules]:
    text = "The limits of the outflow were replaced; {worth} USD are in the exchange."
    return text.format(**v), ("BREAK-007",)


EXPLAIN: Final[dict[str, Teller]] = {
    "BreakerParamsSet": _params_set,
    "BreakerMoved": _moved,
    "VaultBreakerMoved": _vault_moved,
    "WithdrawalHeld": _held,
    "HeldReleased": _released,
}
"""Event -> its sentence and its rules."""
