"""Events of changes by two keys in a sentence each, with the rules behind them; see ``explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Values = dict[str, Any]
Rules = tuple[str, ...]
Teller = Callable[[Values], tuple[str, Rules]]

_ENDS: Final[dict[str, tuple[str, Rules]]] = {
    "executed": ("Proposal {proposal} ({change}) was executed by principal {principal}.",
                 ("PROP-009",)),
    "cancelled": ("Proposal {proposal} ({change}) was taken back by principal {principal}.",
                  ("PROP-010",)),
    "lapsed": ("Proposal {proposal} ({change}) lapsed: nobody executed it in time.",
               ("PROP-011",)),
}  # fmt: skip


def _proposed(v: Values) -> tuple[str, Rules]:
    text = (
        "Principal {principal} proposed {change}, as proposal {proposal}: another operator may "
        "execute it from {ready_ms} to {expires_ms}."
    )
    return text.format(**v), ("PROP-005", "PROP-007")


def _ended(v: Values) -> tuple[str, Rules]:
    text, rules = _ENDS[v["reason"]]
    return text.format(**v), rules


PUBLIC: Final = frozenset({"Proposed", "ProposalEnded"})
"""What is announced is announced to everybody."""

EXPLAIN: Final[dict[str, Teller]] = {"Proposed": _proposed, "ProposalEnded": _ended}
"""Event -> its sentence and its rules."""
