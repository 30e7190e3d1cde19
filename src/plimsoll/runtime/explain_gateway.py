"""Events of keys and signed orders in a sentence each, with their rules; see ``explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Values = dict[str, Any]
Rules = tuple[str, ...]
Teller = Callable[[Values], tuple[str, Rules]]


def _signer_set(v: Values) -> tuple[str, Rules]:
    if v["allowed"]:
        return f"{v['signer']} may sign orders of account {v['account']}.", ("GATE-001",)
    text = (
        f"{v['signer']} may sign orders of account {v['account']} no longer; what it signed and is "
        "not filled cannot be filled any more."
    )
    return text, ("GATE-002",)


def _settled(v: Values) -> tuple[str, Rules]:
    text = (
        f"{v['size']} {v['symbol']} of the signed order {v['order_hash']} were filled by order "
        f"{v['order']}, {v['filled']} in all"
    )
    rules: Rules = ("GATE-008", "GATE-009")
    if v["relay_fee"] != "0":
        text += f"; its relay fee, {v['relay_fee']} USD, went to account {v['relayer']}"
        rules = (*rules, "GATE-012")
    if v["margin"] != "0":
        text += f"; {v['margin']} USD of margin came from its fund"
        rules = (*rules, "GATE-011")
    # A relayer is not told.
    if v.get("released", "0") != "0":
        text += f"; {v['released']} USD went back to its fund"
        rules = (*rules, "GATE-013")
    return text + ".", rules


def _cancelled(v: Values) -> tuple[str, Rules]:
    text = f"The signed order {v['order_hash']} was cancelled; {v['filled']} of it were filled."
    return text, ("GATE-015",)


def _lapsed(v: Values) -> tuple[str, Rules]:
    text = (
        f"The signed order {v['order_hash']} is past its expiry and forgotten; {v['filled']} of it "
        "were filled."
    )
    return text, ("GATE-016",)


EXPLAIN: Final[dict[str, Teller]] = {
    "SignerSet": _signer_set,
    "SignedSettled": _settled,
    "SignedCancelled": _cancelled,
    "SignedLapsed": _lapsed,
}
"""Event -> its sentence and its rules."""
