"""Damaged, empty and malicious price files end in a typed error that says where."""

from __future__ import annotations

import builtins
import gzip
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plimsoll.feeds import (
    BadRowsError,
    FeedError,
    MissingExtraError,
    UnknownLayoutError,
    UnreadableFileError,
    containers,
    files,
    open_price_file,
)

T0_S = 1_735_689_600
DAY_ZIP = Path(__file__).parents[1] / "data/lean/crypto/coinbase/minute/btcusd/20170904_trade.zip"


def test_missing_and_empty_files(tmp_path: Path) -> None:
    """Nothing to read is an error of its own, not an empty series."""
    with pytest.raises(UnreadableFileError, match="no such file"):
        open_price_file(tmp_path / "none.csv")
    with pytest.raises(UnreadableFileError, match="no price files"):
        open_price_file(tmp_path)
    with pytest.raises(UnreadableFileError, match="no price files"):
        open_price_file(str(tmp_path / "*.csv"))
    with pytest.raises(FeedError, match="0 files"):
        open_price_file([])
    for name, data in {
        "a.csv": b"",
        "b.csv": b"\n\n",
        "c.csv": b"ts,price\n",
        "d.csv.gz": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableFileError):
            open_price_file(tmp_path / name)


@pytest.mark.parametrize("name", ["junk.csv", "junk.zip", "junk.csv.gz", "junk.parquet"])
def test_binary_junk(tmp_path: Path, name: str) -> None:
    """Random bytes under any suffix are refused."""
    path = tmp_path / name
    path.write_bytes(random.Random(7).randbytes(5000))
    with pytest.raises(UnreadableFileError):
        open_price_file(path)


def test_nul_characters_are_not_text(tmp_path: Path) -> None:
    """A file of zero bytes is valid UTF-8, and still no table."""
    (tmp_path / "x.csv").write_bytes(b"ts,price\n" + bytes(100))
    with pytest.raises(UnreadableFileError, match="NUL"):
        open_price_file(tmp_path / "x.csv")


@pytest.mark.parametrize("kept", [10, 1000, 9000, -30])
def test_truncated_zip(tmp_path: Path, kept: int) -> None:
    """A download that broke off."""
    path = tmp_path / DAY_ZIP.name
    path.write_bytes(DAY_ZIP.read_bytes()[:kept])
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        list(open_price_file(path).ticks())


def test_corrupt_zip_member(tmp_path: Path) -> None:
    """Flipped bits are found by the archive's checks before the series ends."""
    data = bytearray(DAY_ZIP.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / DAY_ZIP.name
    path.write_bytes(bytes(data))
    with pytest.raises(FeedError):
        list(open_price_file(path).ticks())


def test_truncated_gzip(tmp_path: Path) -> None:
    """The rows before the break are not taken for the whole."""
    text = "ts,price\n" + "".join(f"{T0_S + i},{1 + i % 97}\n" for i in range(5000))
    packed = gzip.compress(text.encode())
    path = tmp_path / "x.csv.gz"
    path.write_bytes(packed[: len(packed) - 20])
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        list(open_price_file(path).ticks())


def test_encrypted_and_csv_less_zip(tmp_path: Path) -> None:
    """Archives that hold nothing readable."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(UnreadableFileError, match=r"holds no \.csv"):
        open_price_file(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", f"ts,price\n{T0_S},1\n")
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[6] |= 1  # the flag of encryption, in both headers
    data[central + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableFileError, match="encrypted"):
        open_price_file(path)


def test_zip_bomb_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    """A member above 2 GiB is not even opened."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", f"ts,price\n{T0_S},1\n")
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, (2 << 30) + 1)
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableFileError, match="unpacks to 2,147,483,649 bytes"):
        open_price_file(path)


def test_gzip_bomb_is_stopped_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gzip declares no size, so the limit is watched while reading."""
    monkeypatch.setattr(containers, "UNCOMPRESSED_BYTES_MAX", 3_000_000)
    row = f"{T0_S},1\n"
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(("ts,price\n" + row * 400_000).encode()))
    with pytest.raises(UnreadableFileError, match="more than 3,000,000 bytes"):
        list(open_price_file(path).ticks())


def test_endless_line_is_stopped(tmp_path: Path) -> None:
    """One line without end does not fill the memory."""
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"ts,price\n" + b"1" * (5 << 20)))
    with pytest.raises(UnreadableFileError, match="a line is longer"):
        open_price_file(path)


def test_endless_quoted_cell_is_stopped(tmp_path: Path) -> None:
    """A cell past the CSV reader's own limit is damage as well."""
    path = tmp_path / "x.csv"
    path.write_text('ts,price\n"' + "1" * 200_000 + '",1\n')
    with pytest.raises(UnreadableFileError, match="field larger"):
        open_price_file(path)


def test_newest_first_file_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these files are held in memory, hence the limit."""
    monkeypatch.setattr(files, "NEWEST_FIRST_LINES_MAX", 5)
    path = tmp_path / "x.csv"
    path.write_text("ts,price\n" + "".join(f"{T0_S - i},1\n" for i in range(6)))
    with pytest.raises(UnreadableFileError, match="newest row first"):
        list(open_price_file(path).ticks())


def bad_rows_file(folder: Path, bad: list[str]) -> Path:
    """Bars with ``bad`` between good ones: line 2 is good, line 3 bad, and so on."""
    lines = ["time,open,high,low,close,volume"]
    for i, text in enumerate(bad):
        lines += [f"{T0_S + 120 * i},5,6,4,5,1", text.replace("T", str(T0_S + 120 * i + 60))]
    path = folder / "bad.csv"
    path.write_text("\n".join([*lines, f"{T0_S + 120 * len(bad)},5,6,4,5,1"]))
    return path


def test_bad_rows_are_reported_and_never_used(tmp_path: Path) -> None:
    """Every kind of bad row, with its line and its reason."""
    reasons = {
        "T,nan,6,4,5,1": "price is not a finite number: 'nan'",
        "T,5,inf,4,5,1": "price is not a finite number: 'inf'",
        "T,5,6,-4,5,1": "price is negative: '-4'",
        "T,5,6,4,0,1": "price is zero at six decimals: '0'",
        "T,5,6,4,,1": "price is missing",
        "T,5,6,4,five,1": "price is not a number: 'five'",
        "T,5,6,4,5,-1": "volume is negative: '-1'",
        "T,5,4,6,5,1": "open or close is outside low .. high",
        "T,7,8,6,5,1": "open or close is outside low .. high",
        "T,3,6,4,5,1": "open or close is outside low .. high",
        "T,5,6,4,7,1": "open or close is outside low .. high",
        "T,5,6,4,5": "5 columns instead of 6",
        "T,5,6,4,5,1,9": "7 columns instead of 6",
        "2025-02-30,5,6,4,5,1": "time is not a date: '2025-02-30'",
        "17,5,6,4,5,1": "time is outside 1973 to 2099: '17'",
        ",5,6,4,5,1": "time is not a date: ''",
        '"T,5,6,4,5,1': "1 columns instead of 6",
    }
    prices = open_price_file(bad_rows_file(tmp_path, list(reasons)))
    assert {tick.price for tick in prices.ticks()} == {5_000_000}
    report = prices.report
    assert report.rows == len(reasons) + 1
    assert [bad.reason for bad in report.bad_rows] == list(reasons.values())
    assert [bad.line for bad in report.bad_rows] == [2 * i + 3 for i in range(len(reasons))]
    assert (report.gap_count, report.missing_bars) == (len(reasons), len(reasons))


def test_too_many_bad_rows_end_the_reading(tmp_path: Path) -> None:
    """The error names the row over the limit; with a higher limit the rest is read."""
    path = bad_rows_file(tmp_path, ["T,nan,6,4,5,1"] * 101)
    with pytest.raises(BadRowsError, match="101, 100 allowed: price is not a finite") as caught:
        list(open_price_file(path).ticks())
    assert (caught.value.line, caught.value.path) == (203, str(path))
    with pytest.raises(BadRowsError):
        _ = open_price_file(path, max_bad_rows=0).report
    assert open_price_file(path, max_bad_rows=101).report.rows == 102


def test_file_of_nothing_but_bad_rows(tmp_path: Path) -> None:
    """No series is made of it, whatever the limit."""
    path = tmp_path / "x.csv"
    path.write_text("ts,price\n" + f"{T0_S},nan\n" * 3)
    with pytest.raises(UnknownLayoutError, match=r"no usable row.*finite"):
        open_price_file(path, max_bad_rows=10)


@pytest.mark.parametrize(
    "text", ["hello world\n", "a,b,c\n1,2,3\n", "1,2\n3,4\n", "<html>\n<body>no</body>\n",
             "open,high,low,close\n1,1,1,1\n", "ts,price,x\n1,2\n"],
)  # fmt: skip
def test_unknown_layouts(tmp_path: Path, text: str) -> None:
    """No guess is made about columns nobody has named."""
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(UnknownLayoutError):
        open_price_file(path)


def test_bad_date_in_a_file_name(tmp_path: Path) -> None:
    """LEAN's date is part of the name."""
    path = tmp_path / "20171345_trade.csv"
    path.write_text("0,1,1,1,1,1\n60000,1,1,1,1,1\n")
    with pytest.raises(FeedError, match="bad date"):
        open_price_file(path)


def test_lean_time_past_midnight_is_bad(tmp_path: Path) -> None:
    """A day has 86,400,000 ms."""
    path = tmp_path / "20180405_trade.csv"
    path.write_text("0,1,1,1,1,1\n86399999,1,1,1,1,1\n86400000,1,1,1,1,1\n-1,1,1,1,1,1\n")
    report = open_price_file(path, interval_ms=1000).report
    assert [bad.line for bad in report.bad_rows] == [3, 4]


def test_one_sided_and_crossed_quotes_are_bad(tmp_path: Path) -> None:
    """No mid is made of half a quote."""
    path = tmp_path / "20180405_quote.csv"
    good = "1,1,1,1,5,2,2,2,2,5"
    path.write_text(f"0,{good}\n60000,,,,,,2,2,2,2,5\n120000,2,2,2,2,5,1,1,1,1,5\n180000,{good}\n")
    prices = open_price_file(path)
    assert [tick.price for tick in prices.ticks()] == [1_500_000] * 2
    assert [bad.reason for bad in prices.report.bad_rows] == [
        "one side of the quote is missing",
        "the quote is crossed at the close",
    ]


def test_parquet_without_polars_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    load = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "polars":
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"plimsoll\[data\]"):
        open_price_file(tmp_path / "x.parquet")


def test_bad_arguments() -> None:
    """Arguments are checked before any file is."""
    for arguments in ({"path_mode": "vwap"}, {"interval_ms": 0}, {"interval_ms": -1}):
        with pytest.raises(FeedError):
            open_price_file("x.csv", **arguments)
    with pytest.raises(FeedError, match="one date for 2 files"):
        open_price_file(["a.csv", "b.csv"], date="2025-01-01")


CELL = st.one_of(
    st.sampled_from(["", "nan", "-1", "0", "1e5", "5", "1735689600", "2025-01-01", '"', "open"]),
    st.text(max_size=8),
    st.integers(min_value=0, max_value=10**20).map(str),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=1, max_size=12), max_size=8), st.booleans())
def test_any_text_ends_in_a_series_or_a_typed_error(
    tmp_path: Path, rows: list[list[str]], named: bool
) -> None:
    """Nothing but FeedError escapes, and what is read is positive and in order."""
    header = [["ts", "open", "high", "low", "close"]] if named else []
    path = tmp_path / "20180405_x.csv"
    path.write_text("\n".join(",".join(row) for row in header + rows), errors="replace")
    try:
        ticks = list(open_price_file(path).ticks())
    except FeedError:
        return
    assert ticks
    assert all(tick.price > 0 for tick in ticks)
    assert [tick.ts_ms for tick in ticks] == sorted(tick.ts_ms for tick in ticks)
