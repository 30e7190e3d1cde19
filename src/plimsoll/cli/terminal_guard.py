"""The part of the live view about the circuit breaker: a word in the header, a panel beside."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from plimsoll.cli.board import Board, Guard
from plimsoll.cli.figures import short_usd
from plimsoll.cli.terminal_mechanisms import BAD, GOOD, LABEL, WARN

_STYLES: Final = {"normal": GOOD, "restricted": f"bold {WARN}", "paused": f"bold {BAD}"}


def header(board: Board, room: int) -> Text:
    """The mode, and what may leave now; as much of it as there is room for.

    A breaker that has nothing to say says nothing: normal, and without limits.
    """
    found = board.guard
    if found is None or (found.mode == "normal" and not found.limited):
        return Text("")
    mode = Text(found.mode, style=_STYLES[found.mode])
    if found.held:
        mode.append(f", {found.held} held", style=WARN)
    short = mode.copy()
    whole = Text("breaker ", style=LABEL).append_text(mode)
    if found.limited:
        short.append(f"  {short_usd(found.may_leave)}").append(" may leave", style=LABEL)
        whole.append("  may leave ", style=LABEL).append(_quota(found))
    for made in (whole, short, mode):
        if made.append("  ").cell_len <= room:
            return made
    return Text("")


def rows(board: Board) -> list[tuple[str, Text]]:
    """The same in full, for a panel."""
    found = board.guard
    if found is None:
        return []
    leave = Text(_quota(found) if found.limited else "no limit")
    held = Text(str(found.held), style=WARN if found.held else "")
    return [
        ("mode", Text(found.mode, style=_STYLES[found.mode])),
        ("may leave", leave),
        ("held", held),
    ]


def waiting(board: Board, selected: int) -> int:
    """How many delayed orders wait in a market."""
    counts = () if board.guard is None else board.guard.delayed
    return counts[selected] if selected < len(counts) else 0


def _quota(found: Guard) -> str:
    return f"{short_usd(found.may_leave)} of {short_usd(found.worth)}"
