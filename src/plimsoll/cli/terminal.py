"""The terminal of ``plimsoll up``: a live view of one market at a time, drawn with Rich.

``render`` is a pure function of the board and the size of the screen; it has a layout for 80
columns and one with a side column from 118 on. Money, prices and sizes are cut, never rounded up.
"""

from __future__ import annotations

from typing import Final

from rich import box
from rich.console import Group, JustifyMethod, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from plimsoll.cli import terminal_guard as guard
from plimsoll.cli import terminal_mechanisms as more
from plimsoll.cli import terminal_pnl as earned
from plimsoll.cli import terminal_vaults as liquidity
from plimsoll.cli.board import Board, Caption, MarketBoard, Trade
from plimsoll.cli.figures import bp, fixed, short_usd, usd, utc
from plimsoll.units import div_floor, notional_floor

WIDE: Final = 118
SIDE_COLUMN: Final = 42
LEAST_BODY: Final = 7
"""Lines that book, tape and auctions keep, whatever else there is to show."""
LEAST_EARNED: Final = 12
"""And those that they keep when it is shown what vaults earn."""
_STRIP: Final = 6
_LABEL: Final = "grey62"
_BORDER: Final = "grey35"
_BID: Final = "green3"
_ASK: Final = "indian_red1"
_VAMM: Final = "medium_purple1"
_BAD: Final = "yellow3"
_HEDGED: Final = "dodger_blue1"
_SIGNED: Final = "orange3"
_SOURCES: Final = {
    "vamm": _VAMM,
    "book": _LABEL,
    "auction": more.AUCTION,
    "adl": _BAD,
    "hedged": _HEDGED,
    "signed": _SIGNED,
}
_TAPE: Final[tuple[JustifyMethod, ...]] = ("left", "right", "right", "left")
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def render(board: Board, selected: int, width: int, height: int) -> RenderableType:
    """The whole screen."""
    if not board.markets:
        return Text("waiting for the first market …", style=_LABEL)
    market = board.markets[selected % len(board.markets)]
    wide = width >= WIDE
    rows = [Layout(_header(board, selected, width), size=1)]
    if board.caption is not None:
        rows.append(Layout(_caption(board.caption), size=3))
    rows.append(Layout(_tiles(market), size=4))
    strip = [] if wide else [Layout(_strip(board, market), size=_STRIP)]
    # Header, caption, tiles, strip, footer; the rest is book, tape and the side column.
    used = 1 + 4 + 2 + (_STRIP if strip else 0) + (3 if board.caption else 0)
    room = max(5, height - used)
    vaults = _vaults(board, market, width, room)
    body = room - sum(one.size or 0 for one in vaults)
    rows.append(_body(board, selected % len(board.markets), width, body))
    rows += [*vaults, *strip, Layout(_footer(board), size=2)]
    root = Layout()
    root.split_column(*rows)
    return root


def _vaults(board: Board, market: MarketBoard, width: int, room: int) -> list[Layout]:
    """Vaults and spot pools, if there are any: a table, or a line where there is no room for it;
    and what vaults earn, where there is still more room.
    """
    count = liquidity.lines_of(board)
    if count == 0 or room <= LEAST_BODY:
        return []
    size = min(count + 2, room // 3, room - LEAST_BODY)
    if size < min(count + 2, 6):
        return [Layout(liquidity.line(board), size=1)]
    table = liquidity.table(board, market, width - 4, size - 2)
    found = [Layout(_panel(table, "vaults and spot pools"), size=size)]
    lines = earned.lines_of(board)
    left = min(lines + 2, room - size - LEAST_EARNED)
    if lines and left >= min(lines + 2, 5):
        made = earned.table(board, width - 4, left - 2)
        found.append(Layout(_panel(made, earned.TITLE), size=left))
    return found


def _body(board: Board, at: int, width: int, height: int) -> Layout:
    """Book, auctions over trades and, on a wide screen, the side column."""
    market = board.markets[at]
    wide = width >= WIDE
    book_width = (width - SIDE_COLUMN) // 2 if wide else width // 2
    middle_width = (width - SIDE_COLUMN if wide else width) - book_width
    body = Layout(size=height)
    columns = [
        Layout(_book(market, book_width - 4, height - 2), size=book_width),
        _middle(board, at, middle_width - 4, height),
    ]
    if wide:
        columns.append(Layout(_side(board, market, height), size=SIDE_COLUMN))
    body.split_row(*columns)
    return body


def _middle(board: Board, at: int, width: int, height: int) -> Layout:
    """Auctions, as many lines as there are (up to half), over the trades."""
    market = board.markets[at]
    lines = max(1, min(len(market.auctions), height // 2 - 2))
    if height < 8 and not market.auctions:
        return Layout(_tape(market, height - 2))
    column = Layout()
    title = f"auctions {len(market.auctions)}" if market.auctions else "auctions"
    if waiting := guard.waiting(board, at):
        title += f" · {waiting} delayed"
    column.split_column(
        Layout(_panel(more.auctions(market, board.now, width, lines), title), size=lines + 2),
        Layout(_tape(market, height - lines - 4), size=height - lines - 2),
    )
    return column


def _panel(content: RenderableType, title: str, border: str = _BORDER) -> Panel:
    return Panel(
        content,
        title=Text(title, style="bold"),
        title_align="left",
        border_style=border,
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _caption(caption: Caption) -> RenderableType:
    """The chapter of a scenario, what to look at, what happens now."""
    lines = Text(no_wrap=True, overflow="ellipsis")
    lines.append(f" {caption.title} ", style="bold black on khaki3").append("\n")
    lines.append(f" {caption.look}\n", style=_LABEL)
    lines.append(f" ▸ {caption.step}" if caption.step else "")
    return lines


def _header(board: Board, selected: int, width: int) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True)
    line.add_column(justify="right", no_wrap=True)
    tabs = Text(" PLIMSOLL ", style="bold white on dodger_blue3")
    for at, market in enumerate(board.markets):
        chosen = at == selected % len(board.markets)
        tabs.append(f"  {market.symbol}", style="bold underline" if chosen else _LABEL)
    running = board.node.status == "running"
    right = Text(utc(board.now, "%H:%M:%S UTC  "), style=_LABEL)
    right.append("● ", style=_BID if running else "bold red")
    right.append("live " if running else f"{board.node.status} ")
    said = guard.header(board, width - tabs.cell_len - right.cell_len - 2)
    line.add_row(tabs, said.append_text(right))
    return line


def _tiles(market: MarketBoard) -> RenderableType:
    """The market's figures: labels over values."""
    digits = market.price_digits
    rising = market.oracle >= market.oracle_before
    arrow = ("▲" if rising else "▼") if market.oracle_before else " "
    oracle = Text(f"{fixed(market.oracle, 6, digits)} {arrow}", style="bold")
    oracle.stylize(_BID if rising else _ASK)
    if not market.oracle_valid:
        oracle = Text(f"{fixed(market.oracle, 6, digits)} stale", style=_BAD)
    vamm = market.vamm
    bid = fixed(vamm["bid"], 6, digits) if vamm else "–"
    ask = fixed(vamm["ask"], 6, digits) if vamm else "–"
    off = market.divergence_ppm
    worth = notional_floor(market.oracle, market.open_interest)
    volume = sum(market.volume.values())
    part = div_floor(100 * market.volume["vamm"], volume) if volume else 0
    tiles = [
        ("oracle", oracle),
        ("vAMM bid", Text(bid, style=_BID)),
        ("vAMM ask", Text(ask, style=_ASK)),
        ("spread", Text(f"{bp(market.spread_ppm)} bp")),
        ("divergence", Text(f"{bp(off)} bp", style=_BAD if abs(off) > 2_000 else "")),
        ("open int.", Text(short_usd(worth))),
        ("vol (vAMM)", Text(f"{short_usd(volume)} {part}%")),
    ]
    grid = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for _ in tiles:
        grid.add_column(no_wrap=True)
    grid.add_row(*(Text(name, style=_LABEL) for name, _ in tiles))
    grid.add_row(*(value for _, value in tiles))
    title = market.symbol
    if market.mode != "active":
        title += f" · {market.mode}"
        title += f": {more.reasons(market)}" if market.unhealthy else ""
    return _panel(grid, title, _BAD if market.unhealthy else _BORDER)


def _bar(size: int, largest: int, width: int) -> str:
    """A bar in eighths of a character."""
    if largest <= 0 or width <= 0:
        return ""
    eighths = min(8 * width, div_floor(8 * width * size, largest))
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _ladder(market: MarketBoard, side: str, count: int) -> list[tuple[int, int, bool]]:
    """(price, size, is the vAMM) of the best ``count`` rows of a side, best first."""
    levels = market.bids if side == "bid" else market.asks
    rows = [(price, size, False) for price, size in levels[:count]]
    if market.vamm is not None and market.vamm[f"{side}_size"] > 0:
        rows.append((market.vamm[side], market.vamm[f"{side}_size"], True))
    rows.sort(key=lambda row: (-row[0] if side == "bid" else row[0], row[2]))
    return rows[:count]


def _book(market: MarketBoard, width: int, height: int) -> RenderableType:
    """Asks over bids, the oracle between them, a bar for each size."""
    half = max(1, (height - 1) // 2)
    asks, bids = _ladder(market, "ask", half), _ladder(market, "bid", half)
    largest = max((size for _, size, vamm in asks + bids if not vamm), default=0)
    room = max(4, width - 26)
    lines = [Text("") for _ in range(half - len(asks))]
    lines += [_book_line(market, row, _ASK, largest, room) for row in reversed(asks)]
    middle = f" oracle {fixed(market.oracle, 6, market.price_digits)} "
    lines.append(Text(middle.center(width, "─"), style=_LABEL))
    lines += [_book_line(market, row, _BID, largest, room) for row in bids]
    return _panel(Group(*lines[: max(1, height)]), "order book")


def _book_line(
    market: MarketBoard, row: tuple[int, int, bool], style: str, largest: int, room: int
) -> Text:
    price, size, vamm = row
    line = Text(no_wrap=True, overflow="crop")
    line.append(f"{fixed(price, 6, market.price_digits):>11}", style=style)
    line.append(f" {fixed(size, 9, min(market.size_digits, 4)):>11}  ")
    if vamm:
        # The whole curve stands behind it: a bar to scale would hide the book's.
        line.append("◆ vAMM".ljust(room, " ")[:room], style=_VAMM)
    else:
        line.append(_bar(size, largest, room), style=style)
    return line


def _tape(market: MarketBoard, height: int) -> RenderableType:
    """The last trades, newest first."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    for justify in _TAPE:
        grid.add_column(justify=justify, no_wrap=True)
    for trade in list(market.trades)[: max(1, height)]:
        grid.add_row(*_tape_cells(market, trade))
    empty = Text("no trades yet", style=_LABEL)
    return _panel(grid if market.trades else empty, "trades")


def _tape_cells(market: MarketBoard, trade: Trade) -> tuple[Text, ...]:
    style = _BID if trade.side == "buy" else _ASK
    price = fixed(trade.price, 6, market.price_digits)
    source = Text("◆ vAMM" if trade.source == "vamm" else trade.source, _SOURCES[trade.source])
    return (
        Text(utc(trade.ts, "%H:%M:%S"), style=_LABEL),
        Text(price.rjust(10), style=style),
        Text(fixed(trade.size, 9, min(market.size_digits, 4)).rjust(8)),
        source,
    )


def _money(value: int) -> Text:
    sign = "+" if value > 0 else ""
    style = _BID if value > 0 else _ASK if value < 0 else ""
    return Text(f"{sign}{usd(value)}", style=style)


def _gauge(market: MarketBoard, width: int) -> Text:
    """Where the vAMM's inventory stands between the ends of its capital's reach."""
    vamm = market.vamm
    half = max(3, width // 2 - 1)
    line = Text("─" * half + "┼" + "─" * half, style=_BORDER)
    if vamm is None or vamm["capital"] <= 0:
        return line
    worth = notional_floor(market.oracle, abs(vamm["base"]))
    # Ten times the capital is a long way for an inventory: the end of the scale.
    step = min(half, div_floor(half * worth, 10 * vamm["capital"]))
    at = half + (step if vamm["base"] > 0 else -step)
    line.plain = line.plain[:at] + "●" + line.plain[at + 1 :]
    line.stylize(_VAMM, at, at + 1)
    return line


def _vamm_rows(market: MarketBoard) -> list[tuple[str, Text]]:
    vamm = market.vamm
    if vamm is None:
        return [("vAMM", Text("off"))]
    base = fixed(vamm["base"], 9, min(market.size_digits, 4))
    return [
        ("position", Text(f"{base} {market.base_name}")),
        ("equity", Text(usd(vamm["equity"]))),
        ("PnL", _money(vamm["pnl"])),
    ]


def _strip(board: Board, market: MarketBoard) -> RenderableType:
    """The vAMM, averages, pools and the last of the mechanisms in four lines."""
    first = Text(no_wrap=True, overflow="ellipsis")
    for name, value in _vamm_rows(market):
        first.append(f"{name} ", style=_LABEL).append_text(value).append("   ")
    first.append_text(_gauge(market, 11))
    pools = Text(no_wrap=True, overflow="ellipsis")
    pools.append("pools  ", style=_LABEL)
    for name in ("insurance", "adjustments", "funding", "clearing"):
        pools.append(f"{name} ", style=_LABEL)
        pools.append(f"{short_usd(market.pools.get(name, 0))}   ")
    lines = (first, more.averages_line(market), pools, more.last_line(market, board.now))
    return _panel(Group(*lines), "vAMM")


def _side(board: Board, market: MarketBoard, height: int) -> RenderableType:
    """The column of a wide screen: as many panels as there is room for."""
    inner = SIDE_COLUMN - 4
    vamm = _vamm_rows(market)
    if market.vamm is not None:
        price = fixed(market.vamm["reservation_price"], 6, market.price_digits)
        vamm.insert(0, ("price", Text(price)))
    inventory = Group(more.pairs(vamm), more.spreads(market), _gauge(market, inner))
    pools = more.pool_rows(market)
    node = board.node
    counts = [
        ("commands", Text(f"{node.commands:,}")),
        ("rejected", Text(f"{node.rejected:,}")),
        ("record", Text(f"{node.seq:,}")),
        ("up", Text(_clock(node.uptime_ms))),
    ]
    panels: list[tuple[str, RenderableType, int]] = [
        ("vAMM", inventory, len(vamm) + 2),
        ("averages", more.averages(market), 4),
        ("pools", more.pairs(pools), max(1, len(pools))),
        ("funding", more.pairs([more.funding_row(market, board.now)]), 1),
        (f"repegs {market.repeg_count:,}", more.pairs(more.repeg_rows(market, 2)), 3),
        (f"liquidations {market.closing_count:,}", more.pairs(more.closing_rows(market, 9)), 2),
        ("breaker", more.pairs(guard.rows(board)), len(guard.rows(board))),
        ("node", more.pairs(counts), len(counts)),
    ]
    panels = [one for one in panels if one[2] > 0]
    column = Layout()
    shown: list[Layout] = []
    left = height
    for title, content, lines in panels:
        if lines + 2 > left:
            break
        shown.append(Layout(_panel(content, title), size=lines + 2))
        left -= lines + 2
    if shown:
        # The last one takes what is left over.
        shown[-1].size = None
    column.split_column(*shown)
    return column


def _clock(ms: int) -> str:
    seconds = ms // 1_000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _footer(board: Board) -> RenderableType:
    node = board.node
    share = div_floor(1_000 * node.rejected, node.commands) if node.commands else 0
    line = Text(" ", no_wrap=True, overflow="ellipsis")
    parts = (
        ("seq", f"{node.seq:,}"),
        ("", f"{node.rate:.1f} cmd/s"),
        ("queue", f"{node.queued}"),
        ("commit", f"{node.commit_ms:.1f} ms"),
        ("rejects", f"{node.rejected:,} ({fixed(share, 1, 1)}%)"),
        ("up", _clock(node.uptime_ms)),
    )
    for name, value in parts:
        line.append(f"{name} " if name else "", style=_LABEL)
        line.append(f"{value}  ")
    keys = Table.grid(expand=True)
    keys.add_column(no_wrap=True)
    keys.add_column(justify="right", no_wrap=True, overflow="ellipsis")
    left = Text(" ")
    for key, meaning in (("q", "quit"), ("tab", "next market")):
        left.append(f" {key} ", style="reverse").append(f" {meaning}  ", style=_LABEL)
    right = Text(board.alert, style=_BAD) if board.alert else Text(board.note, style=_LABEL)
    right.append(" ")
    keys.add_row(left, right)
    return Group(line, keys)
