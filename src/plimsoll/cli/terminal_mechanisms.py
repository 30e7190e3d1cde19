"""The part of the live view that shows mechanisms: auctions, averages, pools, funding, repegs,
liquidations. Rows of labels and values, for the side column and for the strip of narrow screens.
"""

from __future__ import annotations

from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from plimsoll.cli.board import HOUR_MS, ClosingNote, MarketBoard
from plimsoll.cli.figures import bp, fixed, short_usd, usd, utc
from plimsoll.units import RATIO_SCALE, div_floor, div_toward_zero

LABEL: Final = "grey62"
GOOD: Final = "green3"
BAD: Final = "indian_red1"
WARN: Final = "yellow3"
VAMM: Final = "medium_purple1"
AUCTION: Final = "dodger_blue1"

POOLS: Final = ("adjustments", "funding", "insurance", "clearing")
_BOUNDS: Final = {
    "mark_oracle": "mark off oracle",
    "mark_oracle_average": "mark off oracle 5 min",
    "mark_own_average": "mark off its 5 min",
    "imbalance": "imbalance",
}
_CLOCK_CELLS: Final = 8
_RATE_DIGITS: Final = 4

Row = tuple[str, Text]


def pairs(rows: list[Row]) -> Table:
    """Labels to the left, values to the right."""
    grid = Table.grid(expand=True)
    grid.add_column(style=LABEL, no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    for name, value in rows:
        grid.add_row(name, value)
    return grid


def price(market: MarketBoard, value: int) -> str:
    """A price with the market's digits; a dash for none."""
    return fixed(value, 6, market.price_digits) if value > 0 else "–"


def reasons(market: MarketBoard) -> str:
    """Why a market is restricted, in words."""
    return ", ".join(_BOUNDS.get(name, name) for name in market.unhealthy)


def countdown(ms: int) -> str:
    """Time that is left, as hours, minutes, seconds."""
    left = (max(0, ms) + 999) // 1_000
    return f"{left // 3600:02d}:{left // 60 % 60:02d}:{left % 60:02d}"


def funding_clock(now: int) -> str:
    """Time to the next full hour."""
    return countdown(HOUR_MS - now % HOUR_MS)


# Auctions -----------------------------------------------------------------------------------------


def auctions(market: MarketBoard, now: int, width: int, height: int) -> RenderableType:
    """The live auctions, those that end first at the top: what they ask and how long they run."""
    live = sorted(market.auctions, key=lambda row: (row["ends_ms"], row["auction"]))
    if not live:
        return Text("no auction runs", style=LABEL)
    roomy = width >= 52
    # The last line says how many there was no room for.
    room = height if len(live) <= height else height - 1
    lines = [_auction(market, row, now, roomy) for row in live[: max(1, room)]]
    if len(live) > room:
        lines.append(Text(f"… and {len(live) - room} more", style=LABEL))
    return Group(*lines[: max(1, height)])


def _auction(market: MarketBoard, row: dict[str, Any], now: int, roomy: bool) -> Text:
    left = max(0, row["ends_ms"] - now)
    length = max(1, row["ends_ms"] - row["started_ms"])
    cells = min(_CLOCK_CELLS, div_floor(_CLOCK_CELLS * left + length - 1, length))
    buying = row["side"] == "buy"
    line = Text(no_wrap=True, overflow="crop")
    line.append(f"{row['auction']:>{5 if roomy else 4}} ", style=LABEL)
    line.append(f"{row['side']:<4} ", style=GOOD if buying else BAD)
    line.append(f"{fixed(row['remaining'], 9, min(market.size_digits, 3)):>{8 if roomy else 7}} ")
    line.append(f"{price(market, row['price']):>9}", style="bold")
    if roomy:
        line.append(f" →{price(market, row['end']):>9} ", style=LABEL)
        line.append("█" * cells + "░" * (_CLOCK_CELLS - cells), style=AUCTION)
    line.append(
        f" {fixed(left, 3, 1):>4}{'s' if roomy else ''}", style=WARN if left < 1_000 else ""
    )
    if row["cause"] == "liquidation":
        line.append(" liq", style=WARN)
    return line


# Averages, spreads, repegs ------------------------------------------------------------------------


def averages(market: MarketBoard) -> RenderableType:
    """Mark and oracle, now and on average."""
    grid = Table.grid(expand=True)
    grid.add_column(style=LABEL, no_wrap=True)
    for _ in range(2):
        grid.add_column(justify="right", no_wrap=True)
    seen = market.averages
    grid.add_row("", Text("mark", style=LABEL), Text("oracle", style=LABEL))
    for name, mark, oracle in (
        ("now", seen.get("mark", 0), market.oracle),
        ("5 min", seen.get("mark_5min", 0), seen.get("oracle_5min", 0)),
        ("1 h", seen.get("mark_1h", 0), seen.get("oracle_1h", 0)),
    ):
        grid.add_row(name, price(market, mark), price(market, oracle))
    return grid


def averages_line(market: MarketBoard) -> Text:
    """The same in one line."""
    seen = market.averages
    line = Text(no_wrap=True, overflow="ellipsis")
    for name, mark, oracle in (
        ("5 min", seen.get("mark_5min", 0), seen.get("oracle_5min", 0)),
        ("1 h", seen.get("mark_1h", 0), seen.get("oracle_1h", 0)),
    ):
        line.append(f"{name} ", style=LABEL)
        line.append(f"{price(market, mark)}", style=VAMM).append("/", style=LABEL)
        line.append(f"{price(market, oracle)}   ")
    return line.append_text(spreads(market))


def spreads(market: MarketBoard) -> Text:
    """How far the vAMM's quotes are from its price: of the ask, of the bid."""
    if market.vamm is None:
        return Text("")
    text = Text("spread ", style=LABEL)
    text.append(f"+{bp(market.vamm.get('long_spread', 0))}", style=BAD)
    text.append(" / ", style=LABEL)
    text.append(f"-{bp(market.vamm.get('short_spread', 0))}", style=GOOD)
    return text.append(" bp", style=LABEL)


def repeg_rows(market: MarketBoard, count: int) -> list[Row]:
    """The event's timer and the last repegs."""
    timer = market.repeg_timer
    elapsed, after = timer.get("elapsed_ms", 0), timer.get("after_ms", 0)
    clock = Text(f"{countdown(elapsed)} of {countdown(after)}", style=WARN if elapsed else LABEL)
    rows: list[Row] = [("event", clock)]
    for note in list(market.repegs)[:count]:
        moved = Text()
        moved.append(f"{price(market, note.mark)}→{price(market, note.oracle)} ")
        moved.append_text(_cost(note.cost, note.paid))
        rows.append((utc(note.ts, "%H:%M"), moved))
    return rows


def _cost(cost: int, paid: bool) -> Text:
    if not paid:
        return Text(f"due {short_usd(cost)}", style=WARN)
    if cost == 0:
        return Text("free", style=LABEL)
    return Text(
        f"{'-' if cost > 0 else '+'}{short_usd(abs(cost))}", style=BAD if cost > 0 else GOOD
    )


# Funding, pools, liquidations ---------------------------------------------------------------------


def rate(market: MarketBoard) -> Text:
    """The last funding rate as a percentage of the oracle price an interval."""
    seen = market.funding
    if seen is None or market.oracle <= 0:
        return Text("off", style=LABEL)
    # 1e-9 quote per base over 1e-6 prices, as a millionth of a percent.
    value = div_toward_zero(seen["rate"] * RATIO_SCALE, 10 * market.oracle)
    style = BAD if value > 0 else GOOD if value < 0 else ""
    return Text(f"{'+' if value > 0 else ''}{fixed(value, 6, _RATE_DIGITS)} %", style=style)


def due(market: MarketBoard, now: int) -> str:
    """Time to the next funding."""
    seen = market.funding
    if seen is None or seen["due_ms"] == 0:
        return funding_clock(now)
    return countdown(seen["due_ms"] - now)


def funding_row(market: MarketBoard, now: int) -> Row:
    """Countdown and the last rate."""
    return due(market, now), rate(market)


def pool_rows(market: MarketBoard) -> list[Row]:
    """The pools, and what funding still owes."""
    names = [name for name in POOLS if name in market.pools]
    return [(name, Text(usd(market.pools[name]))) for name in names]


def closing_rows(market: MarketBoard, count: int) -> list[Row]:
    """The last liquidations, deleveragings and bad debts."""
    rows = [
        (f"{utc(note.ts, '%H:%M')} {note.what}", _closing(market, note))
        for note in list(market.closings)[:count]
    ]
    return rows or [("none yet", Text(""))]


def _closing(market: MarketBoard, note: ClosingNote) -> Text:
    if note.what == "bad debt":
        return Text(f"{usd(note.amount)} USD", style=BAD)
    size = fixed(note.amount, 9, min(market.size_digits, 3))
    return Text(f"{size} of #{note.account}", style=WARN)


def last_line(market: MarketBoard, now: int) -> Text:
    """Funding, the last repeg and the last liquidation in one line."""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("funding ", style=LABEL).append_text(rate(market))
    line.append(" next ", style=LABEL).append(f"{due(market, now)}   ")
    line.append("repegs ", style=LABEL).append(f"{market.repeg_count:,}")
    if market.repegs:
        line.append(" ").append_text(_cost(market.repegs[0].cost, market.repegs[0].paid))
    line.append("   liquidations ", style=LABEL).append(f"{market.closing_count:,}")
    return line
