"""The breaker of a vault as people read it: its mode, why, and what is left of its hedges."""

from __future__ import annotations

from rich.text import Text

from plimsoll.cli import output
from plimsoll.cli.breaker import STYLES
from plimsoll.cli.figures import utc
from plimsoll.client.models import VaultInfo
from plimsoll.decimal_text import format_decimal

_SHARE_DIGITS = 9


def mode_text(one: VaultInfo) -> Text:
    """What a vault allows, and what it is that it does not allow everything."""
    if one.shut:
        return Text("shut", style="red")
    mode = one.breaker.mode
    if mode != "normal":
        return Text(f"{one.mode} (breaker {mode})", style=STYLES[mode])
    text = one.mode if one.mode == one.operator_mode else f"{one.mode} (hedge missing)"
    return Text(text, style="" if one.mode == "active" else "yellow")


def breaker_rows(one: VaultInfo) -> list[tuple[str, str | Text]]:
    """Rows of ``plimsoll vault show``."""
    found = one.breaker
    rows: list[tuple[str, str | Text]] = [("breaker", _why(one))]
    if found.calm_since_ms:
        until = f"calm since {utc(found.calm_since_ms)}, may leave at {utc(found.recovers_ms)} UTC"
        rows.append(("", until))
    value, high = output.grouped(found.share_value), output.grouped(found.high)
    rows.append(("share now / at its highest", f"{value} / {high} smallest units"))
    if one.hedge is not None:
        left = (
            "any more" if found.hedge_left is None else f"{output.grouped(found.hedge_left)} more"
        )
        rows.append(("hedged in the window", f"{output.grouped(found.hedged)} USD, {left} may be"))
    return rows


def _why(one: VaultInfo) -> Text:
    found = one.breaker
    text = Text(found.mode, style=STYLES[found.mode])
    if found.cause is None:
        return text
    measured, limit = (
        format_decimal(number, _SHARE_DIGITS)
        if found.cause == "drawdown"
        else output.ppm_text(number)
        for number in (found.measured, found.limit)
    )
    return text.append(f": {found.cause} {measured}, limit {limit}", style="")
