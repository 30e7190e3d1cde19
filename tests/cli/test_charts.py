"""Charts in text: every value where it belongs, and nothing wider than the terminal."""

from __future__ import annotations

import pytest

from plimsoll.cli.charts import Scale, bar, line_chart, sparkline

HOUR = 3_600_000
START = 1_699_920_000_000
"""2023-11-14 00:00 UTC."""
USD = Scale(6)


def rows(points: list[tuple[int, int]], width: int, height: int, scale: Scale = USD) -> list[str]:
    """The lines of a chart."""
    return [line.plain for line in line_chart(points, width, height, scale, "")]


def dots(line: str) -> int:
    """How many dots of a line are set."""
    return sum((ord(sign) - 0x2800).bit_count() for sign in line if 0x2800 <= ord(sign) < 0x2900)


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([], 5, ""),
        ([7], 5, "▄"),
        ([7, 7, 7], 5, "▄▄▄"),
        ([0, 7], 5, "▁█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([-7, 0, 7], 9, "▁▅█"),
        # The last of each part.
        ([9, 0, 9, 7], 2, "▁█"),
        ([1, 2], 0, ""),
    ],
)
def test_sparklines(values: list[int], width: int, expected: str) -> None:
    """From the lowest to the highest; never more signs than there are values, or room."""
    assert sparkline(values, width) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "    │    "),
        (100, "    │████"),
        (-100, "████│    "),
        (50, "    │██  "),
        (-50, "  ██│    "),
        (1, "    │▏   "),
        (-1, "   ▐│    "),
        (60, "    │██▍ "),
        (-60, "  ██│    "),
        (-65, " ▐██│    "),
    ],
)
def test_bars(value: int, expected: str) -> None:
    """To the right above zero, to the left below; what is not zero is seen."""
    assert bar(value, 100, 4, ("green", "red")).plain == expected


def test_bars_of_nothing() -> None:
    """Where all are zero there is only the middle."""
    assert bar(0, 0, 3, ("", "")).plain == "   │   "


def test_a_rising_line() -> None:
    """From the lower left to the upper right, values and times on the axes."""
    found = rows([(START, 0), (START + 10 * HOUR, 100 * 10**6)], 40, 5)
    assert [len(line) for line in found[:-1]] == [40] * 6
    picture = [line[5:] for line in found[:5]]
    assert [line[:5] for line in found[:5]] == ["100 ┤", "    │", " 50 ┤", "    │", "  0 ┤"]
    places = [min(at for at, sign in enumerate(line) if sign != " ") for line in picture]
    assert places == sorted(places, reverse=True) and places[4] == 0
    assert picture[0].rstrip() == picture[0]
    assert found[5] == "    └┬" + "─" * 16 + "┬" + "─" * 16 + "┬"
    assert found[6].split() == ["00:00", "05:00", "10:00"]


def test_a_falling_line_mirrors_a_rising_one() -> None:
    """The same number of dots in each line, from the other side."""
    up = rows([(START, 0), (START + HOUR, 10**6)], 30, 4)
    down = rows([(START, 10**6), (START + HOUR, 0)], 30, 4)
    assert [dots(line) for line in up[:4]] == [dots(line) for line in reversed(down[:4])]


def test_a_level_line_and_a_single_point() -> None:
    """One value is written once, in the middle; there is a line all the same."""
    for points in ([(START, 5)], [(START, 5), (START + HOUR, 5), (START + 2 * HOUR, 5)]):
        found = rows(points, 40, 5)
        assert [("0.000005" in line, dots(line) > 0) for line in found[:5]] == [
            (False, False), (False, False), (True, True), (False, False), (False, False),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 5_000_000_000, ["5,000", "0"]),
        (0, 30_000_000, ["30", "0"]),
        (1_000_000, 3_000_000, ["3.0", "1.0"]),
        (1_000_000, 1_000_700, ["1.00070", "1.00000"]),
        (-3, 4, ["0.000004", "-0.000003"]),
    ],
)
def test_decimals_tell_values_apart(low: int, high: int, expected: list[str]) -> None:
    """As few as do."""
    found = rows([(START, low), (START + HOUR, high)], 60, 7)
    assert [found[at].split()[0] for at in (0, 6)] == expected


def test_signs_and_units() -> None:
    """Of changes: a sign above zero and the unit behind the number."""
    found = rows([(START, -2), (START + HOUR, 2)], 60, 5, Scale(0, "%", signed=True))
    assert [found[at].split()[0] for at in (0, 2, 4)] == ["+2%", "0%", "-2%"]


@pytest.mark.parametrize(
    ("hours", "words"),
    [(2, ["00:00", "01:00", "02:00"]), (48, ["11-14", "11-15", "11-16"]),
     (24 * 40, ["11-14", "12-04", "12-24"])],
)  # fmt: skip
def test_times_fit_the_span(hours: int, words: list[str]) -> None:
    """Minutes within a day, with the day for some of them, then days."""
    line = rows([(START, 0), (START + hours * HOUR, 1)], 80, 4)[-1]
    assert [word for word in line.split() if word in words] == words
    assert (":" in line) == (hours < 24 * 14)


@pytest.mark.parametrize("width", [14, 20, 33, 50, 80, 120])
@pytest.mark.parametrize("count", [1, 2, 3, 50, 1_000])
def test_nothing_is_wider_than_asked(width: int, count: int) -> None:
    """Any number of points in any width, with a dot in every column the line goes through."""
    points = [(START + at * HOUR, (at * 7_919) % 1_000) for at in range(count)]
    found = rows(points, width, 6)
    assert len(found) == 8
    assert max(map(len, found)) <= max(width, 13)
    picture = [
        line[len(found[6]) - len(found[6].lstrip()) + 1 :].ljust(width) for line in found[:6]
    ]
    drawn = [any(line[at] != " " for line in picture) for at in range(len(found[6].strip()) - 1)]
    assert all(drawn)
