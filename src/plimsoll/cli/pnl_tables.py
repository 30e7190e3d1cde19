"""How PnL by cause is printed: a statement of several vaults, one vault with bars, its history.

Every statement reads as a sum from the top: what was brought, what was earned by each cause, what
it is worth. Amounts are whole millionths of a dollar and are neither cut nor rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from plimsoll.cli import charts, output
from plimsoll.cli.charts import Scale
from plimsoll.cli.figures import fixed, short_usd, utc
from plimsoll.client.models import PnlCauses, PnlInfo, PnlPoint

CAUSES: Final = tuple(field.name for field in msgspec.structs.fields(PnlCauses))
"""The causes, in the order they are shown."""
CHART_HEIGHT: Final = 8
_GOOD: Final = "green"
_BAD: Final = "red"
_RATIO_DIGITS: Final = 6
_LABELS: Final = 15
_TIGHT: Final = 100


def scaled(text: str, digits: int) -> int:
    """A decimal text as a whole number of its last digit."""
    sign = -1 if text.startswith("-") else 1
    whole, _, decimals = text.removeprefix("-").partition(".")
    return sign * int(whole + decimals.ljust(digits, "0"))


def micro(text: str) -> int:
    """Dollars as millionths."""
    return scaled(text, 6)


class Sums(NamedTuple):
    """The figures of one source, or of several together: 1e-6 USD."""

    before: int
    flows: int
    causes: dict[str, int]
    pnl: int
    nav: int

    @property
    def difference(self) -> int:
        """What is missing from NAV before + net deposits + causes = NAV; 0 always."""
        return (self.nav - self.before - self.flows - sum(self.causes.values())) or (
            self.pnl - sum(self.causes.values())
        )


def sums(one: PnlInfo) -> Sums:
    """The figures of a source."""
    return Sums(
        micro(one.nav_before),
        micro(one.flows),
        {name: micro(getattr(one.causes, name)) for name in CAUSES},
        micro(one.pnl),
        micro(one.nav),
    )


def difference(one: PnlInfo) -> int:
    """How far the figures are from summing to the NAV; 0 always."""
    return sums(one).difference


def _together(found: Sequence[Sums]) -> Sums:
    return Sums(
        sum(one.before for one in found),
        sum(one.flows for one in found),
        {name: sum(one.causes[name] for one in found) for name in CAUSES},
        sum(one.pnl for one in found),
        sum(one.nav for one in found),
    )


# Cells ---------------------------------------------------------------------------------------


def dollars(value: int, *, gain: bool = False) -> Text:
    """Dollars to the last digit, which are dim; with a sign and a colour where it is a gain."""
    if value == 0:
        return Text("0", style="dim")
    style = (_GOOD if value > 0 else _BAD) if gain else ""
    text = fixed(value, 6, 6)
    sign = "+" if gain and value > 0 else ""
    return Text(sign + text[:-4], style=style).append(text[-4:], style="dim")


def _label(name: str) -> str:
    return name.replace("_", " ")


def _check(one: Sums) -> Text:
    """Whether the sum holds, to the last digit."""
    if one.difference == 0:
        return Text("exact", style=_GOOD)
    return Text(f"off by {fixed(one.difference, 6, 6)}", style=_BAD)


def _ratio(before: str | None, after: str | None) -> int | None:
    """How a share price changed, 1e-6 of a percent."""
    if before is None or after is None or scaled(before, 9) == 0:
        return None
    start = scaled(before, 9)
    return 100 * 10**_RATIO_DIGITS * (scaled(after, 9) - start) // start


def _percent(value: int | None, decimals: int = 4) -> Text:
    if value is None:
        return Text("–", style="dim")
    style = _GOOD if value > 0 else _BAD if value < 0 else "dim"
    return Text(Scale(_RATIO_DIGITS, "%", signed=True).text(value, decimals), style=style)


def _name(one: PnlInfo) -> tuple[str, str]:
    """Who it is, in two lines."""
    if one.vault is None:
        return f"vAMM {one.market}", "no shares"
    return f"vault {one.vault} {one.label}".strip()[:20], f"{one.kind}, {one.asset}"


def _period(one: PnlInfo) -> str:
    start = "its opening" if one.from_ms is None else f"{utc(one.from_ms)}"
    return f"from {start} to {utc(one.to_ms)} UTC, record {one.seq:,}"


# Statements ----------------------------------------------------------------------------------


def statement(found: Sequence[PnlInfo], width: int) -> Iterator[RenderableType]:
    """All sources beside each other, as many as fit, and all of them together."""
    figures = [sums(one) for one in found]
    names = [_name(one) for one in found]
    shares = [_percent(_ratio(one.share_price_before, one.share_price)) for one in found]
    if len(found) > 1:
        figures.append(_together(figures))
        names.append(("all", "USD"))
        shares.append(Text(""))
    later = any(one.from_ms is not None for one in found)
    rows = _rows(figures, later=later)
    rows.append(("share price", shares))
    columns = [
        max(len(name[0]), len(name[1]), *(len(cells[at]) for _, cells in rows))
        for at, name in enumerate(names)
    ]
    yield Text("PnL by cause, USD", style="bold")
    yield Text(_period(found[0]).replace("its opening", "their openings"), style="dim")
    at = 0
    while at < len(names):
        first, room = at, width - _LABELS - 2
        while at < len(names) and (at == first or columns[at] <= room):
            room -= columns[at] + 2
            at += 1
        yield ""
        yield _block(names[first:at], [(label, cells[first:at]) for label, cells in rows])


def _rows(figures: Sequence[Sums], *, later: bool) -> list[tuple[str, list[Text]]]:
    """The lines of a statement, in the order of the sum."""
    lines: list[tuple[str, Callable[[Sums], Text]]] = [
        ("NAV before", lambda one: dollars(one.before)),
        ("net deposits", lambda one: dollars(one.flows)),
    ]
    if not later:
        del lines[0]
    rows = [(label, [cell(one) for one in figures]) for label, cell in lines]
    rows += [
        (f"  {_label(name)}", [dollars(one.causes[name], gain=True) for one in figures])
        for name in CAUSES
    ]
    rows.append(("PnL (sum)", [dollars(one.pnl, gain=True) for one in figures]))
    rows.append(("NAV", [dollars(one.nav) for one in figures]))
    rows.append(("check", [_check(one) for one in figures]))
    return rows


def _block(names: Sequence[tuple[str, str]], rows: Sequence[tuple[str, Sequence[Text]]]) -> Table:
    heads = ["", *(f"{first}\n{second}" for first, second in names)]
    made = output.table("", heads, [])
    made.title = None
    for label, cells in rows:
        style = "bold" if label.startswith(("PnL", "NAV")) else ""
        made.add_row(Text(label, style=style), *cells, style=style)
    return made


def single(one: PnlInfo, width: int) -> Iterator[RenderableType]:
    """One source, with a bar for every cause, and the sum written out."""
    figures = sums(one)
    yield Text(f"PnL by cause, USD: {', '.join(_name(one))}", style="bold")
    yield Text(_period(one), style="dim")
    yield ""
    rows = _rows([figures], later=one.from_ms is not None)
    amounts = max(len(cells[0]) for _, cells in rows)
    half = min(30, (width - _LABELS - amounts - 7) // 2)
    largest = max(map(abs, figures.causes.values()))
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column()
    made.add_column(justify="right", no_wrap=True)
    made.add_column(no_wrap=True)
    for label, cells in rows[:-1]:
        value = figures.causes.get(label.strip().replace(" ", "_"))
        shown = Text("")
        if value is not None and half >= 4:
            shown = charts.bar(value, largest, half, (_GOOD, _BAD))
        style = "bold" if label.startswith(("PnL", "NAV")) else ""
        made.add_row(label, cells[0], shown, style=style)
    yield made
    yield ""
    yield _equation(figures, later=one.from_ms is not None)
    if one.share_price is not None:
        yield _share_line(one)


def _equation(figures: Sums, *, later: bool) -> Text:
    """The sum, written out."""
    before = f"{fixed(figures.before, 6, 6)} + " if later else ""
    pnl = f"{'-' if figures.pnl < 0 else '+'} {fixed(abs(figures.pnl), 6, 6)}"
    text = Text("check         ", style="dim")
    text.append(f"{before}{fixed(figures.flows, 6, 6)} {pnl} = {fixed(figures.nav, 6, 6)}  ")
    return text.append_text(_check(figures))


def _share_line(one: PnlInfo) -> Text:
    change = _ratio(one.share_price_before, one.share_price)
    text = Text("a share       ", style="dim")
    text.append(f"{output.grouped(one.share_price)} smallest units of {one.asset}  ")
    return text.append_text(_percent(change))


# History -------------------------------------------------------------------------------------


def chart(one: PnlInfo, points: Sequence[PnlPoint], width: int) -> Iterator[Text]:
    """How the price of a share changed since the first point; of a vAMM, what it earned."""
    who = _name(one)[0]
    if one.vault is None:
        values = [(point.ts, micro(point.pnl)) for point in points]
        title, scale = f"{who}: PnL since its opening, USD", Scale(6, signed=True)
    else:
        priced = [(point.ts, point.share_price) for point in points if point.share_price]
        start = priced[0][1] if priced else None
        values = [(ts, _ratio(start, price) or 0) for ts, price in priced]
        title, scale = f"{who}: price of a share", Scale(_RATIO_DIGITS, "%", signed=True)
    if not values:
        yield Text(f"{who}: no points in this range", style="dim")
        return
    last = values[-1][1]
    text = Text(title, style="bold")
    if one.vault is not None:
        text.append("  ").append_text(_percent(last)).append(f" since {utc(values[0][0])}")
    yield text
    style = _GOOD if last > 0 else _BAD if last < 0 else ""
    yield from charts.line_chart(values, min(width, 110), CHART_HEIGHT, scale, style)


def history(one: PnlInfo, points: Sequence[PnlPoint], resolution: str) -> Table:
    """A line for every point."""
    before: str | None = None
    rows: list[tuple[str | Text, ...]] = []
    for point in points:
        rows.append(
            (
                utc(point.ts, _pattern(resolution)),
                output.grouped(point.share_price),
                _percent(_ratio(before, point.share_price)),
                fixed(micro(point.nav), 6, 2),
                fixed(micro(point.flows), 6, 2),
                _short(micro(point.pnl)),
            )
        )
        before = point.share_price
    names = ("last in (UTC)", "share price", "change", "NAV", "net deposits", "PnL")
    return output.table(_title(one, resolution), names, rows)


def causes_by_time(one: PnlInfo, points: Sequence[PnlPoint], resolution: str) -> Table:
    """What was earned by each cause between one point and the next."""
    rows: list[tuple[str | Text, ...]] = []
    for before, point in pairwise(points):
        changes = [
            micro(getattr(point.causes, name)) - micro(getattr(before.causes, name))
            for name in CAUSES
        ]
        cells = [_short(change) for change in (*changes, sum(changes))]
        rows.append((utc(point.ts, _pattern(resolution)), *cells))
    names = ("UTC", *map(_label, CAUSES), "PnL")
    made = output.table(_title(one, resolution), names, rows)
    made.columns[0].no_wrap = True
    return made


def _title(one: PnlInfo, resolution: str) -> str:
    return f"{', '.join(_name(one))}, by {resolution}"


def _pattern(resolution: str) -> str:
    return "%Y-%m-%d" if resolution == "day" else "%m-%d %H:%M"


def _short(value: int) -> Text:
    """A gain to the cent."""
    style = _GOOD if value > 0 else _BAD if value < 0 else "dim"
    sign = "+" if value > 0 else ""
    shown = fixed(value, 6, 2) if abs(value) < 10**11 else short_usd(value)
    return Text(sign + shown if value else "0", style=style)
