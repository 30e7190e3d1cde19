"""Hand-written samples of every layout without a real file here. All numbers are made up."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plimsoll.feeds import (
    BadRowsError,
    Bar,
    FeedError,
    FilePrices,
    Gap,
    UnknownLayoutError,
    open_price_file,
)

T0_S = 1_735_689_600
"""1 January 2025, 00:00 UTC."""
T0 = T0_S * 1000
MINUTE = 60_000
HOUR = 3_600_000
KLINES_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
AGG_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"


def write(folder: Path, name: str, *lines: str) -> Path:
    """A file of ``lines``, packed as its name says."""
    path = folder / name
    data = "".join(line + "\n" for line in lines).encode()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name.removesuffix(".zip") + ".csv.CHECKSUM", "not this one")
            archive.writestr(name.removesuffix(".zip") + ".csv", data)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(data))
    else:
        path.write_bytes(data)
    return path


def closes(prices: FilePrices) -> list[tuple[int, int]]:
    """Times and prices of all ticks."""
    return [(tick.ts_ms, tick.price) for tick in prices.ticks()]


def kline(minute: int, close: str, unit: int) -> str:
    """One made-up kline; ``unit`` is the count of its time unit in a second."""
    opens = (T0_S + 60 * minute) * unit
    end = opens + 60 * unit - 1
    return f"{opens},100.0,120,90,{close},7.5,{end},800,3,1,2,0"


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize(("unit", "name"), [(1, "s"), (1000, "ms"), (10**6, "us")])
def test_binance_klines(tmp_path: Path, header: bool, unit: int, name: str) -> None:
    """Twelve columns, with or without names, in each unit of time."""
    lines = [kline(0, "110.1", unit), kline(1, "111.12345678", unit), kline(3, "99", unit)]
    path = write(tmp_path, "BTCUSDT-1m-2025-01.zip", *([KLINES_HEADER] if header else []), *lines)
    prices = open_price_file(path)
    assert (prices.layout, prices.symbol, prices.interval_ms) == (
        "binance-klines",
        "BTCUSDT",
        MINUTE,
    )
    assert closes(prices) == [
        (T0 + MINUTE - 1, 110_100_000),
        (T0 + 2 * MINUTE - 1, 111_123_457),
        (T0 + 4 * MINUTE - 1, 99_000_000),
    ]
    assert prices.report.time_unit == name
    assert prices.report.gaps == (Gap(T0 + 2 * MINUTE, T0 + 3 * MINUTE, 1),)
    first = Bar(T0, MINUTE, 100_000_000, 120_000_000, 90_000_000, 110_100_000, 7_500_000_000)
    assert next(prices.bars()) == first


def test_one_kline_tells_its_length_by_its_close_time(tmp_path: Path) -> None:
    """A single row is enough where it has both times."""
    path = write(tmp_path, "ETHUSDT-1m-2025-01-01.csv", kline(0, "110", 10**6))
    assert open_price_file(path).interval_ms == MINUTE


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("spot", [True, False])
def test_binance_agg_trades(tmp_path: Path, header: bool, spot: bool) -> None:
    """Seven columns of futures and eight of spot; trades of one instant stay in order."""
    tail, stamp = (",True", "000") if spot else ("", "")
    lines = [
        f"10,100.5,0.25,1,2,{T0}{stamp},true{tail}",
        f"11,100.6,0.5,3,3,{T0 + 7}{stamp},false{tail}",
        f"12,100.4,0.5,4,4,{T0 + 7}{stamp},false{tail}",
        f"13,100.4,0.5,5,5,{T0 + 7}{stamp},false{tail}",
        f"13,100.4,0.5,5,5,{T0 + 7}{stamp},false{tail}",
        f"14,101,1,6,9,{T0 + 60_008}{stamp},true{tail}",
    ]
    names = [AGG_HEADER + (",is_best_match" if spot else "")] if header else []
    path = write(tmp_path, "BTCUSDT-aggTrades-2025-01-01.csv.gz", *names, *lines)
    prices = open_price_file(path)
    assert (prices.layout, prices.symbol) == ("binance-aggtrades", "BTCUSDT")
    assert closes(prices) == [
        (T0, 100_500_000),
        (T0 + 7, 100_600_000),
        (T0 + 7, 100_400_000),
        (T0 + 7, 100_400_000),
        (T0 + 60_008, 101_000_000),
    ]
    report = prices.report
    assert (report.kind, report.interval_ms, report.duplicates) == ("ticks", 0, 1)
    assert report.gaps == (Gap(T0 + 7, T0 + 60_008, 0),)
    assert open_price_file(path, gap_ms=60_001).report.gap_count == 0
    with pytest.raises(FeedError, match="not bars"):
        next(prices.bars())


@pytest.mark.parametrize(
    ("header", "stamps"),
    [
        ("Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD",
         ["2025-01-01 02-AM", "2025-01-01 01-AM", "2025-01-01 12-AM"]),
        ("unix,date,symbol,open,high,low,close,Volume USD,Volume BTC",
         [f"{T0_S + 7200},2025-01-01 02:00:00", f"{T0 + HOUR},2025-01-01 01:00:00",
          f"{T0_S}.0,2025-01-01 00:00:00"]),
    ],
)  # fmt: skip
def test_crypto_data_download(tmp_path: Path, header: str, stamps: list[str]) -> None:
    """A URL, names, newest first; the base volume is found in either order of the columns."""
    volumes = "7,700" if header.endswith("USD") else "700,7"
    lines = [f"{stamp},BTCUSD,100,120,90,{110 + i},{volumes}" for i, stamp in enumerate(stamps)]
    path = write(tmp_path, "x.csv", "https://www.CryptoDataDownload.com", header, *lines)
    prices = open_price_file(path)
    assert (prices.layout, prices.symbol, prices.interval_ms) == (
        "cryptodatadownload",
        "BTCUSD",
        HOUR,
    )
    assert closes(prices) == [(T0 + (i + 1) * HOUR - 1, (112 - i) * 10**6) for i in range(3)]
    assert {bar.volume for bar in prices.bars()} == {7 * 10**9}


def test_line_numbers_of_a_newest_first_file(tmp_path: Path) -> None:
    """A bad row is named by its line in the file, not by its place in time."""
    lines = [f"{T0_S + 60 * i},X,1,1,1,1,5" for i in (4, 3, 2, 1, 0)]
    lines[1] = lines[1].replace(",1,1,5", ",1,-1,5")
    header = "unix,symbol,open,high,low,close,volume"
    report = open_price_file(
        write(tmp_path, "x.csv", "https://www.cryptodatadownload.com", header, *lines, "")
    ).report
    assert [(bad.line, bad.reason) for bad in report.bad_rows] == [(4, "price is negative: '-1'")]
    assert report.gaps == (Gap(T0 + 3 * MINUTE, T0 + 4 * MINUTE, 1),)


@pytest.mark.parametrize("header", [True, False])
def test_bitstamp_minutes(tmp_path: Path, header: bool) -> None:
    """Seconds, with or without names."""
    names = ["timestamp,open,high,low,close,volume"] if header else []
    lines = [f"{T0_S + 60 * i}{'.0' * (i % 2)},94000,94100.5,93900,94050,1.5" for i in range(3)]
    prices = open_price_file(write(tmp_path, "btcusd.csv", *names, *lines))
    assert (prices.layout, prices.symbol, prices.interval_ms) == ("bitstamp", "BTCUSD", MINUTE)
    assert closes(prices)[-1] == (T0 + 3 * MINUTE - 1, 94_050_000_000)


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_time_and_price_columns(tmp_path: Path, unit: int) -> None:
    """Two columns by name, in each unit; a confidence column is read, others are ignored."""
    lines = [f"note {i},{(T0_S + i) * unit},{100 + i}.5,0.25" for i in range(3)]
    prices = open_price_file(
        write(tmp_path, "sol.csv", "note,TS,Price,conf", *lines), symbol="SOL-USD"
    )
    assert (prices.layout, prices.symbols) == ("prices", ("SOL-USD",))
    assert closes(prices) == [(T0 + 1000 * i, (100 + i) * 10**6 + 500_000) for i in range(3)]
    assert {tick.confidence for tick in prices.ticks()} == {250_000}


def test_ohlc_columns_in_any_order(tmp_path: Path) -> None:
    """Names decide, not places; quoted cells, a byte-order mark and CRLF are understood."""
    path = tmp_path / "ada.csv"
    path.write_bytes(
        b'\xef\xbb\xbf"Close",low,HIGH,open,datetime\r\n'
        b'"2",1,3,2,2025-01-01T00:00:00Z\r\n2.5,1,3,2,2025-01-01T00:15:00Z\r\n\r\n'
    )
    prices = open_price_file(path)
    assert (prices.layout, prices.symbol, prices.interval_ms) == ("ohlcv", "ADA", 15 * MINUTE)
    bar = next(prices.bars())
    assert bar == Bar(T0, 15 * MINUTE, 2_000_000, 3_000_000, 1_000_000, 2_000_000)


def test_interval_is_found_in_spite_of_gaps_and_a_stray_time(tmp_path: Path) -> None:
    """Sparse bars: the step most steps are multiples of, not the most frequent one."""
    seconds = [0, 10, 15, 25, 35, 45, 55, 65, 75, 85, 95, 105, 115, 125, 128]
    lines = [f"{T0_S + s},1,1,1,1,1" for s in seconds]
    prices = open_price_file(write(tmp_path, "x.csv", *lines))
    assert prices.interval_ms == 5000
    assert [bad.reason for bad in prices.report.bad_rows] == ["begins within the bar above"]
    minutes = [60 * m for m in range(300)]
    lines = [f"{T0_S + s},1,1,1,1,1" for s in sorted([*minutes, 6001])]
    assert open_price_file(write(tmp_path, "y.csv", *lines)).interval_ms == MINUTE


def test_interval_of_a_single_bar_must_be_given(tmp_path: Path) -> None:
    """One row without a close time has no length of its own."""
    path = write(tmp_path, "x.csv", f"{T0_S},1,1,1,1,1")
    with pytest.raises(FeedError, match="interval_ms="):
        open_price_file(path)
    assert closes(open_price_file(path, interval_ms=1000)) == [(T0 + 999, 1_000_000)]


def test_ohlc_path_follows_the_direction_of_the_bar(tmp_path: Path) -> None:
    """A rising bar visits its low first, a falling one its high; times stay inside the bar."""
    lines = [f"{T0_S},100,130,80,120,1", f"{T0_S + 60},120,140,70,90,1"]
    path = write(tmp_path, "x.csv", *lines)
    assert closes(open_price_file(path, path_mode="ohlc")) == [
        (T0, 100_000_000),
        (T0 + 19_999, 80_000_000),
        (T0 + 39_999, 130_000_000),
        (T0 + 59_999, 120_000_000),
        (T0 + 60_000, 120_000_000),
        (T0 + 79_999, 140_000_000),
        (T0 + 99_999, 70_000_000),
        (T0 + 119_999, 90_000_000),
    ]


def test_duplicates_and_rows_out_of_order_are_left_out(tmp_path: Path) -> None:
    """Each kind of unused row is counted as what it is."""
    minutes = [0, 1, 1, 2, 1, 3]
    lines = [f"{T0_S + 60 * m},1,1,1,1,1" for m in minutes]
    lines.append(f"{T0_S + 180},2,2,2,2,1")
    report = open_price_file(write(tmp_path, "x.csv", *lines)).report
    assert (report.rows, report.duplicates, report.out_of_order) == (4, 1, 1)
    assert [(bad.line, bad.reason) for bad in report.bad_rows] == [
        (5, "out of order: 60000 ms before the row above"),
        (7, "same time, other prices"),
    ]


def test_overlapping_files_count_the_overlap_once(tmp_path: Path) -> None:
    """Where two files cover the same time the earlier one counts."""
    for name, span in (("b.csv", range(3, 9)), ("a.csv", range(5))):
        write(tmp_path, name, *(f"{T0_S + 60 * m},{m + 1},9,1,{m + 1},1" for m in span))
    prices = open_price_file(tmp_path, symbol="X")
    assert [price // 10**6 for _, price in closes(prices)] == list(range(1, 10))
    report = prices.report
    assert (report.rows, report.duplicates, report.bad_row_count, report.gap_count) == (9, 2, 0, 0)
    assert len(report.files) == 2


def test_trades_at_the_seam_of_two_files_are_kept(tmp_path: Path) -> None:
    """Two trades of one instant may lie on both sides of a seam."""
    write(tmp_path, "a.csv", "ts,price", f"{T0},1", f"{T0 + 5},2")
    write(tmp_path, "b.csv", "ts,price", f"{T0 + 5},3", f"{T0 + 9},4")
    prices = open_price_file(str(tmp_path / "*.csv"), symbol="X")
    assert [price // 10**6 for _, price in closes(prices)] == [1, 2, 3, 4]


def test_unit_may_change_between_files(tmp_path: Path) -> None:
    """Months in ms and in us follow each other."""
    write(tmp_path, "BTCUSDT-1m-2024-12.csv", kline(-2, "101", 1000), kline(-1, "102", 1000))
    write(tmp_path, "BTCUSDT-1m-2025-01.csv", kline(0, "103", 10**6), kline(1, "104", 10**6))
    report = open_price_file(tmp_path).report
    assert (report.rows, report.gap_count, report.time_unit) == (4, 0, "ms+us")


def test_rows_of_another_symbol_are_bad_rows(tmp_path: Path) -> None:
    """Two series in one file are never mixed."""
    lines = [f"{T0_S + i},{'BTC' if i != 1 else 'ETH'},5" for i in range(3)]
    prices = open_price_file(write(tmp_path, "x.csv", "time,symbol,price", *lines))
    assert prices.symbol == "BTC"
    assert len(closes(prices)) == 2
    assert prices.report.bad_rows[0].reason == "row of another symbol: 'ETH'"


def test_named_layout_is_read_as_told(tmp_path: Path) -> None:
    """fmt overrides the detection, and says so when nothing fits."""
    path = write(tmp_path, "x.csv", "timestamp,open,high,low,close,volume", f"{T0_S},1,1,1,1,1")
    assert open_price_file(path, fmt="ohlcv", interval_ms=1000).layout == "ohlcv"
    with pytest.raises(UnknownLayoutError, match="binance-aggtrades"):
        open_price_file(path, fmt="binance-aggtrades")
    with pytest.raises(FeedError, match="unknown fmt"):
        open_price_file(path, fmt="excel")


def test_reading_starts_before_the_file_ends(tmp_path: Path) -> None:
    """Rows are streamed: a bad end is met only when it is reached."""
    rows = [f"{T0_S + i},{1 + i % 7}" for i in range(200_000)]
    prices = open_price_file(write(tmp_path, "x.csv", "ts,price", *rows, *["x,y"] * 101))
    ticks: Iterator[object] = prices.ticks()
    for _ in range(1000):
        next(ticks)
    with pytest.raises(BadRowsError):
        for _ in ticks:
            pass


def test_parquet(tmp_path: Path) -> None:
    """The columns of a CSV, floats by their shortest text and times of any kind."""
    polars = pytest.importorskip("polars", reason="Parquet needs the extra plimsoll[data]")
    stamps = [datetime(2025, 1, 1, 0, minute, tzinfo=UTC) for minute in range(3)]
    for name, column in {
        "utc": stamps,
        "naive": [stamp.replace(tzinfo=None) for stamp in stamps],
        "seconds": [int(stamp.timestamp()) for stamp in stamps],
        "us": [int(stamp.timestamp()) * 10**6 for stamp in stamps],
    }.items():
        values = {"timestamp": column, "price": [0.1 + 0.2, 1e-05, None]}
        path = tmp_path / f"{name}.parquet"
        polars.DataFrame(values).write_parquet(path)
        prices = open_price_file(path)
        assert closes(prices) == [(T0, 300_000), (T0 + MINUTE, 10)], name
        assert [(bad.line, bad.reason) for bad in prices.report.bad_rows] == [
            (4, "price is missing")
        ]
