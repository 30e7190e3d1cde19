"""``plimsoll replay-prices`` over real files: finishes, adds up, and repeats to the last bit."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plimsoll.cli.main import cli
from plimsoll.cli.replay_prices import market_symbol
from plimsoll.feeds import open_price_file
from plimsoll.messages import codec
from plimsoll.runtime import presets
from plimsoll.runtime.node import Node
from plimsoll.sim.replay import Replay, ReplaySettings

ROOT = Path(__file__).resolve().parents[2]
LEAN = ROOT / "tests" / "data" / "lean"
COINBASE = LEAN / "crypto" / "coinbase"
FUTURES = LEAN / "cryptofuture"
DAILY = COINBASE / "daily" / "btcusd_trade.zip"
CRASH = COINBASE / "minute" / "btcusd" / "20170904_trade.zip"
SHORT = FUTURES / "bybit" / "minute" / "btcusd" / "20221213_quote.zip"
HASH_LINE = re.compile(r"state_hash=[0-9a-f]{64}\Z")
COMMAND = "from plimsoll.cli import main; main()"


def replay_prices(*arguments: str) -> Result:
    """A run of the command in this process."""
    return CliRunner().invoke(cli, ["replay-prices", *arguments])


def last_line(*arguments: str) -> str:
    """The last line of a run in this process."""
    result = replay_prices(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.rstrip("\n").rsplit("\n", 1)[-1]


@pytest.mark.parametrize(
    "path",
    [
        CRASH,
        COINBASE / "minute" / "ethusd" / "20180404_quote.zip",
        COINBASE / "minute" / "btcusd" / "20161008_trade.zip",
        FUTURES / "binance" / "minute" / "btcusd" / "20221213_quote.zip",
        FUTURES / "bybit" / "minute" / "btcusdt" / "20221213_trade.zip",
        COINBASE / "daily" / "btcusd_trade.zip",
    ],
    ids=["crash", "quotes", "gaps", "binance", "bybit", "daily"],
)
def test_real_files_finish_cleanly(path: Path) -> None:
    """Every bar is replayed, every sweep passes, money and trades add up."""
    source = open_price_file(path)
    result = Replay(source).run()
    assert result.instants == source.report.rows
    assert result.checks >= 1
    tally = result.tally
    assert tally.oracle_accepted + sum(tally.oracle_refused.values()) == source.report.rows
    assert tally.fills["book"] > 0
    assert tally.fills["vamm"] > 0
    split = sum(amount for name, amount in tally.paid.items() if name.startswith("fee_"))
    assert split == tally.fees - tally.rebates
    assert tally.paid["maker_rebate"] == tally.rebates
    assert tally.volume["book"] > 0


def test_several_days_of_seconds_are_one_series() -> None:
    """The files of a market follow each other; a gap of hours stops nothing."""
    folder = COINBASE / "second" / "btcusd"
    files = [str(folder / f"2016100{day}_trade.zip") for day in (7, 8)]
    result = replay_prices(*files, "--json", "--traders", "3")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values["bars"] == values["inputs"][0]["rows"] == 4063 + 3453
    assert values["inputs"][0]["gaps"] > 7000
    assert HASH_LINE.match(f"state_hash={values['state_hash']}")


@pytest.mark.parametrize("path", [CRASH, DAILY], ids=["crash", "daily"])
def test_money_is_conserved_between_everybody(path: Path) -> None:
    """What traders brought, and the operator for vAMM and pools, is what everybody has."""
    result = Replay(open_price_file(path)).run()
    traders = sum(kind.equity for kind in result.kinds.values())
    brought = sum(kind.deposited for kind in result.kinds.values())
    (market,) = result.markets
    brought += presets.MARKET_CAPITAL + market.refilled + market.topped_up
    # What clearing holds is owed to traders, and in their equity.
    pools = sum(amount for name, amount in market.end["pools"].items() if name != "clearing")
    held = traders + market.end["vamm"]["equity"] + pools + result.keepers + result.treasury
    # Each position's value, and each payment of funding, is rounded against its holder by less
    # than one unit.
    positions = 1 + sum(kind.traders for kind in result.kinds.values())
    periods = result.tally.mechanism(0).funding
    assert -positions * (1 + periods) <= held - brought <= 0


def test_vamm_keeps_quoting_through_the_crash() -> None:
    """With every mechanism on it quotes both sides throughout, at no cost to insurance; without
    traders nobody holds anything, and it follows the oracle for nothing.
    """
    result = Replay(open_price_file(CRASH)).run()
    (market,), done = result.markets, result.tally.mechanism(0)
    assert market.inside_range_pct == 100.0
    assert done.repegs["revenue"] > 0
    assert done.auctions["order"] == sum(done.auction_ends.values()) > 0
    assert done.funding >= 23
    assert market.refills == done.bad_debt == 0
    alone = Replay(open_price_file(CRASH), ReplaySettings(traders=0)).run()
    assert alone.markets[0].inside_range_pct == 100.0
    assert set(alone.tally.mechanism(0).repegs) == {"free"}
    assert alone.tally.mechanism(0).repeg_cost == 0


def test_vamm_keeps_quoting_over_four_years_of_days() -> None:
    """Repegs of every kind, liquidations, deleveraging: it quotes to the end, on most days."""
    result = Replay(open_price_file(DAILY)).run()
    (market,), done = result.markets, result.tally.mechanism(0)
    assert market.bars == 1_318
    assert market.inside_range_pct > 90.0
    assert market.end["vamm"]["equity"] > 0
    assert min(done.repegs[name] for name in ("free", "revenue", "paid")) > 0
    assert done.liquidations > 0
    assert done.bad_debt == (done.bad_debt_insured + done.bad_debt_haircut + done.bad_debt_unpaid)
    assert sum(done.liquidated.values()) > 0
    assert market.topups <= done.repegs["unaffordable"]


def test_mechanisms_are_reported() -> None:
    """The plain report names what the mechanisms did, in the numbers that were counted."""
    result = replay_prices(str(CRASH), "--plain")
    values = dict(line.split("=", 1) for line in result.stdout.splitlines())
    done = Replay(open_price_file(CRASH, symbol="BTC-USD")).run().tally.mechanism(0)
    prefix = "markets.0.mechanisms"
    assert int(values[f"{prefix}.repegs.revenue"]) == done.repegs["revenue"]
    assert int(values[f"{prefix}.auctions.order"]) == done.auctions["order"]
    assert int(values[f"{prefix}.funding_updates"]) == done.funding
    for name in (
        "repegs.paid", "repegs.unaffordable", "restricted", "restricted_ms", "liquidations",
        "penalties", "deleveraged", "bad_debt", "bad_debt_unpaid",
    ):  # fmt: skip
        assert f"{prefix}.{name}" in values
    assert "markets.0.vamm.refills" in values


def test_every_type_of_order_is_seen() -> None:
    """A replayed day shows each type of order and each common way to end."""
    orders = Replay(open_price_file(SHORT)).run().tally
    wanted = {"limit gtc", "limit ioc", "limit fok", "market ioc", "reduce-only", "expiring"}
    assert wanted <= set(orders.orders)
    assert {"filled", "cancelled", "expired", "amended", "ioc_remainder"} <= set(orders.done)
    assert {"FOK_NOT_FILLABLE", "POST_ONLY_CROSSES"} <= set(orders.rejected)


def test_hash_repeats_in_another_process_with_another_hash_seed() -> None:
    """The last line is the state hash, and no order of hashing or of processes changes it."""
    here = last_line(str(SHORT), "--plain")
    assert HASH_LINE.match(here)
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "replay-prices", str(SHORT)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == here


def test_seed_and_traders_change_the_hash() -> None:
    """The hash stands for what was traded, not only for the prices."""
    lines = {
        last_line(str(SHORT), "--seed", "1"),
        last_line(str(SHORT), "--seed", "2"),
        last_line(str(SHORT), "--traders", "4"),
    }
    assert len(lines) == 3


def test_sweeps_change_nothing() -> None:
    """How often the invariants are swept has no influence on the run."""
    assert last_line(str(SHORT), "--check-every", "10") == last_line(
        str(SHORT), "--check-every", "0"
    )


def test_two_markets_run_together(tmp_path: Path) -> None:
    """Files of two markets make one exchange; a node continues from the journal of the run."""
    eth = COINBASE / "minute" / "ethusd" / "20170903_trade.zip"
    btc = COINBASE / "minute" / "btcusd" / "20170903_trade.zip"
    arguments = [str(btc), str(eth), "--traders", "2", "--journal", str(tmp_path), "--json"]
    result = replay_prices(*arguments)
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert [one["symbol"] for one in values["markets"]] == ["BTC-USD", "ETH-USD"]

    async def recovered() -> str:
        node = await Node.open(tmp_path)
        try:
            return await node.query(lambda state: codec.state_hash(state.dump()))
        finally:
            await node.close()

    assert asyncio.run(recovered()) == values["state_hash"]
    again = replay_prices(*arguments)
    assert again.exit_code == 2
    assert "holds a journal" in again.output


def test_ohlc_gives_four_prices_a_bar() -> None:
    """Open, low, high and close of a bar are instants of their own."""
    result = replay_prices(str(SHORT), "--path-mode", "ohlc", "--traders", "0", "--json")
    values = json.loads(result.stdout)
    assert values["bars"] == 4 * values["inputs"][0]["rows"]


def test_tables_for_people_end_with_the_hash() -> None:
    """The default report names what it counted and ends with the hash."""
    result = replay_prices(str(SHORT), "--traders", "3")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    for title in ("BTC-USD prices", "Flow", "Volume and fees", "BTC-USD at the end", "Traders"):
        assert title in [line.strip() for line in lines]
    assert "inside_range_pct" in result.stdout
    assert HASH_LINE.match(lines[-1])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["missing.csv"], "no such file"),
        ([str(COINBASE / "minute" / "btcusd" / "20170904_*.zip")], "several series"),
        ([str(SHORT), "--symbol", "no spaces please"], "cannot name a market"),
    ],
)
def test_bad_input_is_named_and_nothing_is_run(arguments: list[str], complaint: str) -> None:
    """An unusable file ends the command with code 1 and one line that says why."""
    result = replay_prices(*arguments)
    assert result.exit_code == 1
    assert complaint in result.output
    assert "Traceback" not in result.output
    assert "state_hash" not in result.output


@pytest.mark.parametrize(
    ("name", "market"),
    [
        ("BTCUSD", "BTC-USD"),
        ("btcusdt", "BTC-USD"),
        ("ETH-USD", "ETH-USD"),
        ("SOLUSDT-PERP", "SOL-USD"),
        ("DOGE_USDC", "DOGE-USD"),
        ("EURGBP", "EURGBP"),
    ],
)
def test_file_symbols_become_markets(name: str, market: str) -> None:
    """The quote currency is USD here, whichever dollar the file counts in."""
    assert market_symbol(name) == market
