"""Every real price file in tests/data opens with the facts a look into it gives."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from plimsoll.feeds import FeedError, Gap, UnknownLayoutError, open_price_file

LEAN = Path(__file__).parents[1] / "data" / "lean"
COINBASE = LEAN / "crypto" / "coinbase"
MINUTE_MS = 60_000
DAY_MS = 86_400_000

# file, rows, first and last row's time (UTC s), first and last close (quote)
FACTS = """
crypto/coinbase/daily/btcusd_trade 1318 1417392000 1534118400 370 6253.67
crypto/coinbase/daily/btcusd_quote 1332 1430092800 1545609600 219.59 4033.995
crypto/coinbase/minute/btcusd/20161007_trade 1419 1475798400 1475884740 611.9 617.98
crypto/coinbase/minute/btcusd/20161008_trade 1400 1475884800 1475971140 618.04 619.5
crypto/coinbase/minute/btcusd/20161009_trade 1397 1475971200 1476057540 619.48 617.42
crypto/coinbase/minute/btcusd/20170903_trade 1440 1504396800 1504483140 4652.69 4626.05
crypto/coinbase/minute/btcusd/20170903_quote 1438 1504396800 1504483080 4646.185 4626.045
crypto/coinbase/minute/btcusd/20170904_trade 1440 1504483200 1504569540 4626.05 4498.25
crypto/coinbase/minute/btcusd/20170904_quote 1438 1504483200 1504569480 4626.045 4476.975
crypto/coinbase/minute/btcusd/20180404_trade 1007 1522800000 1522860420 7422 6894.01
crypto/coinbase/minute/btcusd/20180404_quote 1437 1522800000 1522886280 7424.905 6791.675
crypto/coinbase/minute/btcusd/20180405_trade 1440 1522886400 1522972740 6778.01 6785.85
crypto/coinbase/minute/btcusd/20180405_quote 1436 1522886400 1522972680 6778.005 6782.605
crypto/coinbase/minute/btcusd/20180406_trade 1440 1522972800 1523059140 6785.85 6619.01
crypto/coinbase/minute/ethusd/20170903_trade 1440 1504396800 1504483140 354.84 353.06
crypto/coinbase/minute/ethusd/20170903_quote 1437 1504396800 1504483080 354.865 353.035
crypto/coinbase/minute/ethusd/20180404_trade 1009 1522800000 1522860720 416.15 380.07
crypto/coinbase/minute/ethusd/20180404_quote 1438 1522800000 1522886280 416.155 379.055
crypto/coinbase/minute/ethusd/20180405_trade 1440 1522886400 1522972740 378.02 381.55
crypto/coinbase/minute/ethusd/20180405_quote 1438 1522886400 1522972680 378.215 381.755
crypto/coinbase/second/btcusd/20161007_trade 4063 1475798404 1475884798 611.87 617.98
crypto/coinbase/second/btcusd/20161008_trade 3453 1475884801 1475971198 618.11 619.5
crypto/coinbase/second/btcusd/20161009_trade 4004 1475971201 1476057598 619.45 617.42
cryptofuture/binance/minute/btcusd/20221213_trade 1439 1670889600 1670975940 17207.6 17779.7
cryptofuture/binance/minute/btcusd/20221213_quote 1104 1670889600 1670975940 17207.55 17779.65
cryptofuture/bybit/minute/btcusd/20221213_trade 721 1670889600 1670932800 17210 17449
cryptofuture/bybit/minute/btcusd/20221213_quote 464 1670889600 1670932800 17210.25 17449.25
cryptofuture/bybit/minute/btcusdt/20221213_trade 721 1670889600 1670932800 17199 17435.5
cryptofuture/bybit/minute/btcusdt/20221213_quote 460 1670889600 1670932800 17199.25 17435.25
""".strip().splitlines()


def scaled(text: str) -> int:
    """Quote text in 1e-6."""
    return int(Decimal(text) * 10**6)


def raw_rows(path: Path) -> Iterator[list[Decimal]]:
    """The numbers of a zipped intraday file, read without the code under test."""
    with zipfile.ZipFile(path) as archive:
        for line in archive.read(archive.namelist()[0]).decode().split():
            yield [Decimal(cell) for cell in line.split(",")]


def test_facts_cover_every_price_file() -> None:
    """No real file is left out of the table above."""
    files = {path.relative_to(LEAN).as_posix() for path in LEAN.rglob("*.zip")}
    assert {fact.split()[0] + ".zip" for fact in FACTS} == files


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.split()[0])
def test_real_file(fact: str) -> None:
    """Count, times, prices, symbol and bar length are those of the file; no row is refused."""
    name, rows, first_s, last_s, first, last = fact.split()
    first_ms, last_ms = int(first_s) * 1000, int(last_s) * 1000
    prices = open_price_file(LEAN / f"{name}.zip")
    ticks = list(prices.ticks())
    report = prices.report
    assert (report.rows, report.first_ms, report.last_ms) == (int(rows), first_ms, last_ms)
    assert len(ticks) == report.rows
    assert (ticks[0].price, ticks[-1].price) == (scaled(first), scaled(last))
    folder = Path(name).parent.parent.name if "daily" not in name else "daily"
    assert prices.interval_ms == {"second": 1000, "minute": 60_000, "daily": DAY_MS}[folder]
    assert (ticks[0].ts_ms, ticks[-1].ts_ms) == (
        first_ms + prices.interval_ms - 1,
        last_ms + prices.interval_ms - 1,
    )
    symbol = "BTCUSDT" if "btcusdt" in name else "ETHUSD" if "ethusd" in name else "BTCUSD"
    assert prices.symbols == (symbol,) == (ticks[0].symbol,)
    assert (report.bad_row_count, report.duplicates, report.out_of_order) == (0, 0, 0)
    assert all(tick.confidence >= 0 for tick in ticks)
    assert any(tick.confidence for tick in ticks) == ("quote" in name)


@pytest.mark.parametrize("day", ["20161007", "20161008", "20161009"])
def test_every_bar_equals_the_text(day: str) -> None:
    """Prices are exact, volumes are rounded to 1e-9, nothing is scaled by 10,000."""
    path = COINBASE / "minute" / "btcusd" / f"{day}_trade.zip"
    midnight = open_price_file(path).report.first_ms // DAY_MS * DAY_MS
    expected = [
        (midnight + int(ms), *(int(p * 10**6) for p in ohlc),
         int((volume * 10**9).quantize(Decimal(1), ROUND_HALF_EVEN)))
        for ms, *ohlc, volume in raw_rows(path)
    ]  # fmt: skip
    bars = open_price_file(path).bars()
    assert [(b.ts_ms, b.open, b.high, b.low, b.close, b.volume) for b in bars] == expected


def test_quotes_are_mids_with_half_the_spread() -> None:
    """A quote bar is the mid of bid and ask; confidence is half the closing spread, rounded up."""
    path = COINBASE / "minute" / "btcusd" / "20170904_quote.zip"
    for row, bar in zip(raw_rows(path), open_price_file(path).bars(), strict=True):
        bids, asks = row[1:5], row[6:10]
        mids = [int((bid + ask) * 500_000) for bid, ask in zip(bids, asks, strict=True)]
        assert [bar.open, bar.high, bar.low, bar.close] == mids
        assert bar.confidence == int((asks[3] - bids[3]) * 500_000)
        assert bar.volume == 0


def test_mid_is_rounded_half_even_and_confidence_up(tmp_path: Path) -> None:
    """Where bid and ask add up to an odd number of millionths."""
    path = tmp_path / "20180405_quote.csv"
    lines = [
        f"{MINUTE_MS * i},{','.join([bid] * 4)},1,{','.join([ask] * 4)},1\n"
        for i, (bid, ask) in enumerate([("1.000000", "1.000001"), ("1.000001", "1.000002")])
    ]
    path.write_text("".join(lines))
    ticks = open_price_file(path).ticks()
    assert [(t.price, t.confidence) for t in ticks] == [(1_000_000, 1), (1_000_002, 1)]


def test_gaps_of_2016_days_are_reported() -> None:
    """Missing minutes of one day, against a count made from the raw text."""
    path = COINBASE / "minute" / "btcusd" / "20161009_trade.zip"
    report = open_price_file(path).report
    times = [report.first_ms // DAY_MS * DAY_MS + int(row[0]) for row in raw_rows(path)]
    gaps = [
        Gap(a + MINUTE_MS, b, (b - a) // MINUTE_MS - 1)
        for a, b in pairwise(times)
        if b > a + MINUTE_MS
    ]
    assert (report.gap_count, report.missing_bars) == (38, 43)
    assert list(report.gaps) == gaps
    assert report.longest_gap is not None
    assert report.longest_gap.length_ms == 3 * MINUTE_MS
    assert report.longest_gap.missing == 3


def test_gap_list_is_bounded_but_counts_are_complete() -> None:
    """The second file has more gaps than are listed."""
    report = open_price_file(COINBASE / "second" / "btcusd" / "20161007_trade.zip").report
    assert (report.gap_count, report.missing_bars, len(report.gaps)) == (3799, 82_332, 1000)


def test_directory_is_one_series_in_time_order() -> None:
    """All trade files of a folder follow each other; missing days are gaps."""
    prices = open_price_file(COINBASE / "minute" / "btcusd", fmt="lean-intraday-trade")
    ticks = list(prices.ticks())
    days = "20161007 20161008 20161009 20170903 20170904 20180404 20180405 20180406"
    assert " ".join(Path(file).name[:8] for file in prices.report.files) == days
    assert len(ticks) == prices.report.rows == 1419 + 1400 + 1397 + 1440 * 2 + 1007 + 1440 * 2
    assert all(a.ts_ms < b.ts_ms for a, b in pairwise(ticks))
    longest = prices.report.longest_gap
    assert longest is not None
    assert (longest.start_ms, longest.end_ms) == (1_476_057_600_000, 1_504_396_800_000)


def test_glob_and_list_in_any_order_give_the_same_series() -> None:
    """Files are read by their first time, however they are named."""
    folder = COINBASE / "minute" / "btcusd"
    by_glob = list(open_price_file(str(folder / "201610*_trade.zip")).ticks())
    names = [folder / f"201610{day}_trade.zip" for day in ("09", "07", "08")]
    assert by_glob == list(open_price_file(names).ticks())
    assert len(by_glob) == 1419 + 1400 + 1397


def test_trades_and_quotes_are_not_mixed() -> None:
    """A folder with both is refused unless one is chosen."""
    with pytest.raises(FeedError, match="several series"):
        open_price_file(COINBASE / "minute" / "btcusd")


def test_several_symbols_are_not_mixed() -> None:
    """Two pairs are two series."""
    with pytest.raises(FeedError, match="several symbols"):
        open_price_file(str(COINBASE / "minute" / "*" / "20170903_trade.zip"))


def test_different_bar_lengths_are_not_mixed() -> None:
    """Seconds and minutes of one pair are two series."""
    with pytest.raises(FeedError, match="different lengths"):
        open_price_file(str(COINBASE / "*" / "btcusd" / "20161007_trade.zip"))


@pytest.mark.parametrize("path", sorted(LEAN.rglob("*.csv")), ids=lambda p: "-".join(p.parts[-3:]))
def test_funding_rates_are_no_prices(path: Path) -> None:
    """Two columns without names are not taken for prices."""
    with pytest.raises(UnknownLayoutError):
        open_price_file(path)


def test_date_comes_from_the_argument_when_the_name_has_none(tmp_path: Path) -> None:
    """A renamed file needs date=, and then reads as before."""
    source = COINBASE / "minute" / "ethusd" / "20180405_trade.zip"
    copy = tmp_path / "minute" / "ethusd" / "day.zip"
    copy.parent.mkdir(parents=True)
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(copy, "w") as renamed:
        renamed.writestr("day.csv", archive.read(archive.namelist()[0]))
    with pytest.raises(FeedError, match="pass date="):
        open_price_file(copy)
    expected = list(open_price_file(source).ticks())
    for day in (date(2018, 4, 5), "2018-04-05", "20180405"):
        assert list(open_price_file(copy, date=day).ticks()) == expected
    with pytest.raises(FeedError, match="date"):
        open_price_file(copy, date="someday")
