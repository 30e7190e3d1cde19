"""``plimsoll up`` as a process: trade over HTTP, stop it, kill it, start it again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plimsoll.cli import compose, live_feeds
from plimsoll.cli.compose import PartFailed, Running, UpOptions
from plimsoll.cli.connection import DEMO_FILE
from plimsoll.cli.live_feeds import Batch, Synthetic
from plimsoll.client import ApiKey, HttpClient
from plimsoll.client.models import AccountInfo, MarketInfo, PlaceOrderRequest, Receipt
from plimsoll.feeds import FeedError
from plimsoll.messages import codec
from plimsoll.messages.commands import OraclePrices
from plimsoll.runtime import recovery
from plimsoll.runtime.journal import JournalReader
from plimsoll.runtime.presets import DEFAULT_PRICES

ROOT = Path(__file__).resolve().parents[2]
BARS = ROOT / "tests/data/lean/cryptofuture/bybit/minute/btcusd/20221213_quote.zip"
COMMAND = (sys.executable, "-c", "from plimsoll.cli import main; main()")
WATCHDOG_SECONDS = 90.0


def environment() -> dict[str, str]:
    """Ours, without settings of whoever runs the tests."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}
    return {**found, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}


@dataclass
class Process:
    """A running ``plimsoll up`` and the lines it has printed."""

    child: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read lines until one matches."""
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"ended before {pattern!r}:\n{''.join(self.lines)}")

    def end(self, number: int) -> int:
        """Send a signal; the exit code once all is read."""
        self.child.send_signal(number)
        out, _ = self.child.communicate()
        self.lines.append(out)
        return self.child.returncode


@contextmanager
def up(data_dir: Path, *arguments: str) -> Iterator[Process]:
    """Start it on a free port; killed at the end if it still runs, or hangs."""
    command = [*COMMAND, "--data", str(data_dir), "up", "--port", "0", "--plain", *arguments]
    with subprocess.Popen(
        command, cwd=data_dir.parent, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as child:  # fmt: skip
        watchdog = threading.Timer(WATCHDOG_SECONDS, child.kill)
        watchdog.start()
        try:
            yield Process(child)
        finally:
            watchdog.cancel()
            child.kill()


def demo(data_dir: Path) -> dict[str, str | int]:
    """What the demonstration client's file holds."""
    found: dict[str, str | int] = json.loads((data_dir / DEMO_FILE).read_text())
    return found


def trade(data_dir: Path, side: str = "buy") -> tuple[Receipt, AccountInfo, MarketInfo]:
    """An order of 0.01 BTC that takes at once, through the API; its receipt, the account and the
    market."""
    client = demo(data_dir)
    account = int(client["account"])

    async def over_http() -> tuple[Receipt, AccountInfo, MarketInfo]:
        key = ApiKey(key_id=str(client["key_id"]), secret=str(client["secret"]))
        async with HttpClient(str(client["url"]), key) as http:
            # A market order might wait for its auction.
            order = PlaceOrderRequest(
                account=account, market="BTC-USD", side=side, type="limit", tif="ioc", size="0.01",
                price="63000" if side == "buy" else "57000",
            )  # type: ignore[arg-type]  # fmt: skip
            receipt = await http.place_order(order)
            return receipt, await http.account(account), await http.market("BTC-USD")

    return asyncio.run(over_http())


def ready(process: Process) -> tuple[int, str]:
    """Number of the last record when the node opened, and where the API listens."""
    seq = int(process.wait_for(r'event="node open".* seq=(\d+)').group(1))
    return seq, process.wait_for(r"event=ready url=(\S+)").group(1)


def test_start_trade_stop_and_start_again(tmp_path: Path) -> None:
    """An order fills, SIGTERM ends cleanly, and the next start has the same state to the bit."""
    data = tmp_path / "data"
    with up(data, "--traders", "2") as process:
        _, url = ready(process)
        file = data / DEMO_FILE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        client = demo(data)
        assert client["url"] == url
        receipt, account, market = trade(data)
        assert receipt.accepted
        assert (receipt.status, receipt.filled) == ("filled", "0.01")
        assert account.positions[0].base == "0.01"
        assert market.oracle_valid
        assert process.end(signal.SIGTERM) == 0
        last = int(re.findall(r"event=stopped seq=(\d+)", process.lines[-1])[0])
    before = recovery.verify(data)
    assert before.ok
    assert before.records == last >= receipt.seq
    state = recovery.replay(data).state
    prices = [row.price for row in state.oracles]
    with up(data, "--traders", "0") as process:
        seq, _ = ready(process)
        assert seq == last
        again = demo(data)
        assert {**again, "url": ""} == {**client, "url": ""}
        _, account, _ = trade(data, "sell")
        assert account.positions == []
        assert process.end(signal.SIGINT) == 0
    assert recovery.verify(data).ok
    assert codec.state_hash(recovery.replay(data, last).state.dump()) == before.state_hash
    assert first_prices_after(data, last) == prices


def first_prices_after(data: Path, seq: int) -> list[int]:
    """The first oracle prices recorded after ``seq``, by market."""
    with JournalReader.open(data / recovery.JOURNAL_NAME) as journal:
        for record in journal.read(seq + 1):
            command = codec.decode_command(record.body)
            if isinstance(command, OraclePrices):
                return [point.price for point in sorted(command.prices, key=lambda p: p.market)]
    raise AssertionError("no price was published")


def test_kill_and_start_again(tmp_path: Path) -> None:
    """What was acknowledged before a kill -9 is there after it."""
    data = tmp_path / "data"
    with up(data, "--traders", "8") as process:
        ready(process)
        receipt, account, _ = trade(data)
        assert receipt.accepted
        assert process.end(signal.SIGKILL) == -signal.SIGKILL
    with up(data, "--traders", "8") as process:
        seq, _ = ready(process)
        assert seq >= receipt.seq
        _, after, _ = trade(data)
        assert after.positions[0].base == "0.02"
        assert after.account == account.account
        assert process.end(signal.SIGTERM) == 0
    assert recovery.verify(data).ok


def test_recorded_prices_are_replayed_live(tmp_path: Path) -> None:
    """--feed publishes a file's prices, every one of them, with the present time."""
    data = tmp_path / "data"
    with up(data, "--feed", str(BARS), "--speed", "0", "--traders", "0") as process:
        ready(process)
        process.wait_for(r'event="feed ended"')
        assert process.end(signal.SIGTERM) == 0
    state = recovery.replay(data).state
    assert [row.params.symbol for row in state.markets] == ["BTC-USD"]
    assert state.oracles[0].price == 17_449_250_000  # the file's last close
    with JournalReader.open(data / recovery.JOURNAL_NAME) as journal:
        bodies = [codec.decode_command(record.body) for record in journal.read()]
    prices = [one.prices[0] for one in bodies if isinstance(one, OraclePrices)]
    assert len(prices) == 464
    assert prices[0].published_ms > 1_700_000_000_000


def test_without_demo_there_is_no_key_and_no_trader(tmp_path: Path) -> None:
    """--no-demo leaves nobody but the operator, the oracle and the keeper."""
    data = tmp_path / "data"
    with up(data, "--no-demo") as process:
        ready(process)
        assert process.end(signal.SIGTERM) == 0
    assert not (data / DEMO_FILE).exists()
    state = recovery.replay(data).state
    assert [row.name for row in state.principals] == ["operator", "oracle", "keeper"]
    assert state.globals.params.open_deposits == 0


def test_start_that_cannot_be_says_why(tmp_path: Path) -> None:
    """A port in use and a data directory in use end with one line and a code that is not 0."""
    data = tmp_path / "data"
    with up(data, "--traders", "0") as process, socket.create_server(("127.0.0.1", 0)) as taken:
        ready(process)
        port = str(taken.getsockname()[1])
        arguments = ["--data", str(tmp_path / "other"), "up", "--port", port, "--traders", "0"]
        other = subprocess.run(
            [*COMMAND, *arguments], env=environment(), capture_output=True, text=True, check=False
        )
        assert other.returncode == 2
        assert f"cannot listen on 127.0.0.1:{port}" in other.stderr
        arguments = ["--data", str(data), "up", "--port", "0"]
        same = subprocess.run(
            [*COMMAND, *arguments], env=environment(), capture_output=True, text=True, check=False
        )
        assert same.returncode == 1
        assert "in use" in same.stderr
        assert "Traceback" not in other.stderr + same.stderr
        assert process.end(signal.SIGTERM) == 0


@dataclass
class BrokenFeed:
    """Fails with ``error`` on every pass but the ones after ``failures``."""

    error: Exception
    failures: int
    passes: int = 0

    def describe(self) -> str:
        return "a broken feed"

    def first_prices(self) -> dict[str, int]:
        return dict(DEFAULT_PRICES)

    def batches(self, prices: Mapping[str, int], seed: int) -> Iterator[Batch]:
        self.passes += 1
        if self.passes <= self.failures:
            raise self.error
        return Synthetic(DEFAULT_PRICES, step_ms=10).batches(prices, seed)


async def fresh_price(running: Running) -> None:
    """Show nothing; return as soon as there is a price."""
    async for item in running.node.subscribe():
        happened = item.events  # type: ignore[union-attr]
        if any(type(event).__name__ == "OracleAccepted" for event in happened):
            return


async def test_a_feed_error_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices come as soon as the feed works again."""
    monkeypatch.setattr(live_feeds, "BACKOFF_SECONDS", (0.0,))
    feed = BrokenFeed(FeedError("the line is down"), failures=3)
    await compose.run(UpOptions(tmp_path, feed, traders=0), fresh_price)
    assert feed.passes == 4


async def test_a_part_that_fails_brings_all_down(tmp_path: Path) -> None:
    """The error names the part and the cause; the node has closed and can be opened again."""
    feed = BrokenFeed(ZeroDivisionError("a bug"), failures=1)

    async def wait(running: Running) -> None:
        await running.stop.wait()

    with pytest.raises(PartFailed, match="price feed: ZeroDivisionError: a bug"):
        await compose.run(UpOptions(tmp_path, feed, traders=0), wait)
    assert recovery.verify(tmp_path).ok
