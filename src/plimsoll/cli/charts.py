"""Charts in text: a sparkline, a line with axes of values and times, bars around zero.

Values are scaled integers; nothing here rounds what is printed as a number elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.text import Text

from plimsoll.cli.figures import fixed, utc

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_BRAILLE: Final = 0x2800
# The dots of a braille character, by column and row from the top.
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_AXIS: Final = "grey62"
_MINUTE: Final = 60_000
_DAY: Final = 1_440 * _MINUTE


class Scale(NamedTuple):
    """How values are written on an axis: digits of the scaled integers, what follows, and whether
    those above zero have a sign.
    """

    digits: int
    unit: str = ""
    signed: bool = False

    def text(self, value: int, decimals: int) -> str:
        """A value, cut to some decimals."""
        sign = "+" if self.signed and value > 0 else ""
        return f"{sign}{fixed(value, self.digits, decimals)}{self.unit}"


def sparkline(values: Sequence[int], width: int) -> str:
    """The last value of each of ``width`` equal parts, between the lowest and the highest."""
    if not values or width < 1:
        return ""
    count = min(width, len(values))
    picked = [values[(at + 1) * len(values) // count - 1] for at in range(count)]
    low, high = min(picked), max(picked)
    if low == high:
        return _LEVELS[3] * count
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[_place(value, low, high, top)] for value in picked)


def _place(value: int, low: int, high: int, steps: int) -> int:
    """The nearest of ``steps`` + 1 places from ``low`` to ``high``."""
    return (2 * steps * (value - low) + (high - low)) // (2 * (high - low)) if high > low else 0


def bar(value: int, largest: int, half: int, styles: tuple[str, str]) -> Text:
    """A bar from the middle of 2 * ``half`` + 1 characters to the right, or to the left below 0."""
    eighths = 8 * half * abs(value) // largest if largest > 0 else 0
    whole, part = divmod(max(eighths, 1) if value else 0, 8)
    if value < 0:
        # No character fills a part from the right: the nearest half does.
        shown = ("▐" if part >= 4 or whole == 0 else "") + "█" * whole
        left = Text(shown.rjust(half)[-half:], style=styles[1])
        return left.append("│", style=_AXIS).append(" " * half)
    shown = "█" * whole + (_EIGHTHS[part] if part else "")
    middle = Text(" " * half).append("│", style=_AXIS)
    return middle.append(shown[:half].ljust(half), style=styles[0])


def line_chart(
    points: Sequence[tuple[int, int]], width: int, height: int, scale: Scale, style: str
) -> list[Text]:
    """(time in ms, value) as a line of braille dots, ``height`` + 2 lines of ``width``, with three
    values and up to three times (UTC) on its axes; between two points it is straight.
    """
    low, high = min(value for _, value in points), max(value for _, value in points)
    ticks = _value_ticks(low, high, height, scale)
    margin = max(len(text) for text in ticks.values())
    columns = max(2, width - margin - 2)
    cells = _plotted(points, columns, height, low, high)
    lines: list[Text] = []
    for row in range(height):
        label = ticks.get(row, "")
        text = Text(f"{label:>{margin}} {'┤' if label else '│'}", style=_AXIS)
        lines.append(text.append(cells[row], style=style))
    marks, times = _time_axis(points[0][0], points[-1][0], columns)
    lines.append(Text(" " * (margin + 1) + "└" + marks, style=_AXIS))
    lines.append(Text(" " * (margin + 2) + times, style=_AXIS))
    return lines


def _plotted(
    points: Sequence[tuple[int, int]], columns: int, height: int, low: int, high: int
) -> list[str]:
    """The rows of the picture, from the top."""
    first, last = points[0][0], points[-1][0]
    right, bottom = 2 * columns - 1, 4 * height - 1
    cells = [[0] * columns for _ in range(height)]
    if last == first:
        # One point: a level line, so that there is something to see.
        points, last = [points[0], (first + 1, points[0][1])], first + 1
    before: tuple[int, int] | None = None
    for ts, value in points:
        x = _place(ts, first, last, right)
        y = bottom - _place(value, low, high, bottom) if low < high else 4 * (height // 2) + 1
        for at, level in _between(before or (x, y), (x, y)):
            cells[level // 4][at // 2] |= _DOTS[at % 2][level % 4]
        before = (x, y)
    return ["".join(chr(_BRAILLE + dots) if dots else " " for dots in row) for row in cells]


def _between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots of a straight line, both ends included."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    if steps == 0:
        return [end]
    return [
        (
            start[0] + (2 * at * (end[0] - start[0]) + steps) // (2 * steps),
            start[1] + (2 * at * (end[1] - start[1]) + steps) // (2 * steps),
        )
        for at in range(steps + 1)
    ]


def _value_ticks(low: int, high: int, height: int, scale: Scale) -> dict[int, str]:
    """Row -> value, at the top, in the middle and at the bottom, with as few decimals as tell
    them apart; only in the middle where all values are the same.
    """
    middle = height // 2
    if low == high:
        return {middle: scale.text(low, scale.digits)}
    rows = {0: high, middle: high - (high - low) * middle // max(1, height - 1), height - 1: low}
    decimals = 0
    while decimals < scale.digits and high - low < 20 * 10 ** (scale.digits - decimals):
        decimals += 1
    return {row: scale.text(value, decimals) for row, value in rows.items()}


def _time_axis(first: int, last: int, columns: int) -> tuple[str, str]:
    """The marks below a picture, and the times at them."""
    span = last - first
    pattern = (
        "%m-%d" if span > 14 * _DAY else "%m-%d %H:%M" if span > 20 * 60 * _MINUTE else "%H:%M"
    )
    size = len(utc(first, pattern))
    if columns < size:
        return "─" * columns, ""
    places = [0] if span == 0 or columns < 2 * size + 3 else [0, columns - 1]
    if span and columns >= 4 * size + 6:
        places.insert(1, columns // 2)
    marks, line = ["─"] * columns, ""
    for place in places:
        marks[place] = "┬"
        text = utc(first + span * place // max(1, columns - 1), pattern)
        start = min(max(place - size // 2, 0), columns - size)
        line = line.ljust(start) + text
    return "".join(marks), line
