"""The part of the live view that shows what vaults earn: share price, PnL, and its causes."""

from __future__ import annotations

from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from plimsoll.cli.board import Board
from plimsoll.cli.board_pnl import Earned
from plimsoll.cli.charts import sparkline
from plimsoll.cli.figures import fixed, short_usd, span
from plimsoll.cli.terminal_mechanisms import BAD, GOOD, LABEL

TITLE: Final = "vault PnL by cause, USD"
_ROOMY: Final = 100
_NARROW: Final = 8
_WIDE: Final = 24
_CAUSES: Final = {
    "spread": "spread",
    "fees": "fees",
    "funding": "funding",
    "inventory": "invent.",
    "hedge_slippage": "hedge",
    "bad_debt": "bad debt",
}
"""Cause -> its column. A vault has no curve to move: its ``repeg`` is 0."""


def lines_of(board: Board) -> int:
    """How many lines there are to show, the names of the columns included."""
    return len(board.earnings.rows) + 1 if board.earnings.rows else 0


def table(board: Board, width: int, height: int) -> RenderableType:
    """A line for every vault, as many as fit; a narrow one has the causes that there are."""
    rows, roomy = board.earnings.rows, width >= _ROOMY
    causes = [name for name in _CAUSES if roomy or any(one.causes[name] for one in rows)]
    grid = Table.grid(expand=True, padding=(0, 1, 0, 0))
    price = f"{'share price' if roomy else 'share'}, {span(max(one.span for one in rows))}"
    names = ["", price, "PnL", *(_CAUSES[name] for name in causes)]
    for at, _ in enumerate(names):
        grid.add_column(justify="left" if at < 2 else "right", no_wrap=True)
    grid.add_row(*(Text(name, style=LABEL) for name in names))
    shown = rows if len(rows) < height else rows[: max(1, height - 2)]
    for one in shown:
        gains = [_gain(one.pnl), *(_gain(one.causes[name]) for name in causes)]
        gains[0].stylize("bold")
        grid.add_row(_name(board, one), _price(one, _WIDE if roomy else _NARROW), *gains)
    if len(shown) < len(rows):
        grid.add_row(Text("…", style=LABEL), Text(f"{len(rows) - len(shown)} more", style=LABEL))
    return grid


def _name(board: Board, one: Earned) -> Text:
    kind = next((row["kind"] for row in board.vaults if row["vault"] == one.vault), "")
    return Text(f"{one.vault:>2} ", style=LABEL).append(kind, style="bold")


def _price(one: Earned, length: int) -> Text:
    """How the price of a share came to where it is."""
    if not one.prices or one.prices[0] <= 0:
        return Text("shut", style=BAD)
    first, last = one.prices[0], one.prices[-1]
    moved = 10**6 * (last - first) // first
    text = Text(sparkline(one.prices, length), style=_style(moved))
    return text.append(f" {'+' if moved > 0 else ''}{fixed(moved, 4, 3)}%")


def _gain(value: int) -> Text:
    """Dollars, with cents while they are few."""
    shown = fixed(value, 6, 2) if abs(value) < 10**9 else short_usd(value)
    return Text(f"{'+' if value > 0 else ''}{shown}" if value else "0", style=_style(value))


def _style(value: int) -> str:
    return GOOD if value > 0 else BAD if value < 0 else LABEL
