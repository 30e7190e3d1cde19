"""`plimsoll vault pnl` and `history`: what a depositor reads, and the check by replay."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from plimsoll.analytics.vault_store import STORE_NAME
from plimsoll.cli import output, pnl_tables
from plimsoll.client.models import PnlCauses, PnlInfo
from plimsoll.runtime import presets
from tests.analytics.kept import opened, play, script
from tests.cli.conftest import Run, as_json, failure
from tests.cli.live import ACCOUNT, PRICE, Live
from tests.harness import plain
from tests.harness.liquidity import liquidity
from tests.harness.vault_hours import MINUTE


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which vaults earned for thirty hours."""
    folder = tmp_path_factory.mktemp("played") / "data"

    async def work() -> None:
        async with opened(folder) as (node, _, clock):
            await play(node, clock, script(30, step=15 * MINUTE))

    asyncio.run(work())
    return folder


@pytest.fixture
def at_80(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of eighty columns."""
    monkeypatch.setattr(output, "WIDTH", 80)


def lines(text: str) -> dict[str, list[str]]:
    """The lines of a statement by their names; of a name that comes again, the first."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, rest = line.strip().partition("  ")
        if rest.strip():
            found.setdefault(name, rest.split())
    return found


def number(text: str) -> Decimal:
    """An amount as printed."""
    return Decimal(text.replace(",", ""))


@pytest.mark.usefixtures("at_80")
def test_a_statement_is_a_sum(run: Run, played: Path) -> None:
    """Net deposits, seven causes, NAV: they add up as printed, in eighty columns; the kept file
    is the replay's."""
    done = run("--data", played, "vault", "pnl", "--replay")
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 80
    first, _, last = done.stdout.rpartition("  all")
    for found in (lines(first), lines(last)):
        for at, nav in enumerate(found["NAV"]):
            names = [name.replace("_", " ") for name in pnl_tables.CAUSES]
            causes = [number(found[name][at]) for name in names]
            assert number(found["PnL (sum)"][at]) == sum(causes)
            assert number(found["net deposits"][at]) + sum(causes) == number(nav)
        assert found["check"] == ["exact"] * len(found["NAV"])
    assert len(lines(first)["NAV"]) == 3
    assert lines(last)["NAV"] == [f"{sum(map(number, lines(first)['NAV'])):,}"]
    assert "from their openings to 2023-11-1" in done.stdout
    assert "the kept file says the same up to" in done.stderr


@pytest.mark.usefixtures("at_80")
def test_one_vault_with_bars_and_a_chart(run: Run, played: Path) -> None:
    """The sum written out, a bar for what is not zero, and the price of a share with its axes."""
    done = run("--data", played, "vault", "pnl", 0, "--chart", "--replay")
    assert done.exit_code == 0, done.output
    rows = done.stdout.splitlines()
    assert max(map(len, rows)) <= 80
    assert rows[0] == "PnL by cause, USD: vault 0 makers, passive, USD"
    (spread,) = [line for line in rows if line.startswith("  spread")]
    (repeg,) = [line for line in rows if line.startswith("  repeg")]
    assert spread.count("█") > 5 and "│" in spread and "█" not in repeg
    (check,) = [line for line in rows if line.startswith("check")]
    flows, sign, pnl, _, nav, word = check.split()[1:]
    assert word == "exact" and sign in "+-"
    assert number(flows) + number(sign + pnl) == number(nav)
    at = next(at for at, line in enumerate(rows) if "price of a share" in line)
    assert "% since 2023-11-1" in rows[at]
    picture = rows[at + 1 :]
    assert len(picture) == pnl_tables.CHART_HEIGHT + 2
    assert sum("%" in line and "┤" in line for line in picture) == 3
    assert any(0x2800 < ord(sign) < 0x2900 for line in picture for sign in line)
    assert picture[-2].strip().startswith("└┬") and picture[-1].count(":") == 3


def test_since_and_until(run: Run, played: Path) -> None:
    """A length of time before the last record, or a time: each part begins where the other ends."""
    call = ("--data", played, "vault", "pnl", 0, "--replay", "--json")
    whole = as_json(run(*call))
    second = as_json(run(*call, "--since", "12h"))
    first = as_json(run(*call, "--until", "12h"))
    assert 12 * 3_600_000 <= second["to_ms"] - second["from_ms"] < 13 * 3_600_000
    assert first["to_ms"] == second["from_ms"] and first["nav"] == second["nav_before"]
    for name, amount in whole["causes"].items():
        assert Decimal(first["causes"][name]) + Decimal(second["causes"][name]) == Decimal(amount)
    at = as_json(run(*call, "--since", "2023-11-15T12:00", "--until", "2023-11-15 15:00:00+01:00"))
    assert at["to_ms"] <= 1_700_056_800_000 and 0 < at["from_ms"] <= 1_700_049_600_000
    text = run("--data", played, "vault", "pnl", "--replay", "--since", "1d").stdout
    assert "NAV before" in lines(text) and "from 2023-11-1" in text
    assert "neither a length of time" in run(*call, "--since", "yesterday").stderr
    assert "nothing is known of vault:0" in failure(run(*call, "--until", "2001-01-01"), 3)


def test_vamms_are_shown_when_asked_for(run: Run, played: Path) -> None:
    """Their PnL by cause, repegs among them, and its chart; they have no shares."""
    call = ("--data", played, "vault", "pnl", "--replay", "--json")
    assert [one["kind"] for one in as_json(run(*call))] == ["passive", "base", "quote"]
    vamm = as_json(run(*call, "--vamm"))[-1]
    assert (vamm["kind"], vamm["share_price"]) == ("vamm", None)
    assert vamm["causes"]["repeg"] != "0"
    text = run("--data", played, "vault", "pnl", "--replay", "--vamm", "--chart").stdout
    assert "vAMM BTC-USD: PnL since its opening, USD" in text
    assert text.count("price of a share") == 3
    assert "belongs to all vaults" in run(*call, "--vamm", 0).stderr


def test_history(run: Run, played: Path) -> None:
    """A line an hour or a day, the newest last; with --causes what was earned in each."""
    call = ("--data", played, "vault", "history", 1, "--replay")
    points = as_json(run(*call, "--limit", 5, "--json"))
    assert len(points) == 5 and points[0]["ts"] < points[4]["ts"]
    text = run(*call, "--limit", 5).stdout
    assert "vault 1 BTC-base, base, BTC, by hour" in text
    assert len(text.splitlines()) == 7 and points[4]["share_price"] in text
    days = run(*call, "--resolution", "day").stdout.splitlines()
    assert [line[:10] for line in days[2:]] == ["2023-11-14", "2023-11-15", "2023-11-16"]
    causes = run(*call, "--causes", "--limit", 4).stdout.splitlines()
    assert len(causes) == 6 and "inventory" in causes[1]
    earned = Decimal(points[4]["pnl"]) - Decimal(points[3]["pnl"])
    assert abs(number(causes[-1].split()[-1]) - earned) < Decimal("0.01")
    assert "no points" in run(*call, "--until", "2001-01-01").stdout
    assert "UNKNOWN_VAULT" in failure(run(*call[:-2], 9, "--replay"), 3)


def test_a_replay_finds_a_wrong_file(run: Run, played: Path, tmp_path: Path) -> None:
    """The command fails and names what is wrong; without a file there is nothing to compare."""
    shutil.copytree(played, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / STORE_NAME)) as db:
        db.execute("UPDATE points SET nav = nav + 1 WHERE source = 'vault:2' AND resolution > 9e6")
        db.commit()
    done = run("--data", tmp_path / "copy", "vault", "pnl", "--replay")
    assert "kept history is not that of the journal" in failure(done, 1)
    assert done.stderr.count("vault:2, the day") == 3
    (tmp_path / "copy" / STORE_NAME).unlink()
    done = run("--data", tmp_path / "copy", "vault", "pnl", "--replay")
    assert done.exit_code == 0 and "no kept file" in done.stderr
    assert "there is no journal" in failure(run("vault", "pnl", "--replay"), 2)


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """An exchange with three vaults and a spot pool."""
    made = Live()
    params = plain.market_params("BTC-USD", PRICE)
    for command in liquidity(params, 1, ACCOUNT, ACCOUNT + 1):
        made.submit(command, presets.OPERATOR)
    yield made
    made.stop()


def test_a_running_exchange(trade: Run) -> None:
    """Without a key; a deposit is in the next statement; what is not there is said."""
    assert trade("vault", "deposit", 0, "1234.5").exit_code == 0
    info = as_json(trade("vault", "pnl", 0, "--json"))
    assert (info["flows"], info["nav"]) == ("1234.5", "1234.5")
    text = trade("vault", "pnl").stdout
    assert lines(text)["net deposits"] == ["1,234.500000", "0", "0", "1,234.500000"]
    found = as_json(trade("vault", "pnl", 0, "--json", "--chart", "--since", "7d"))
    assert found["pnl"]["flows"] == "1234.5" and len(found["history"]) in (1, 2)
    assert trade("vault", "pnl", 0, "--chart").exit_code == 0
    assert "by hour" in trade("vault", "history", 0).stdout
    assert "UNKNOWN_VAULT" in failure(trade("vault", "pnl", 9), 3)


def info(**changes: Any) -> PnlInfo:
    """A passive vault that earned three dollars."""
    causes = dict.fromkeys(pnl_tables.CAUSES, "0") | {"spread": "3.000001", "fees": "-0.000001"}
    values = {
        "source": "vault:0", "kind": "passive", "vault": 0, "market": None, "label": "makers",
        "asset": "USD", "from_ms": None, "to_ms": 1_700_000_000_000, "seq": 7, "nav_before": "0",
        "flows": "10", "pnl": "3", "nav": "13", "causes": PnlCauses(**causes), "worth": "13",
        "supply": "10", "share_price_before": "1", "share_price": "1.3",
    }  # fmt: skip
    return PnlInfo(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "off"),
    [({}, 0), ({"nav": "13.000001"}, 1), ({"nav_before": "1"}, -1_000_000), ({"pnl": "4"}, 10**6)],
)
def test_a_sum_that_does_not_hold_is_seen(changes: dict[str, str], off: int) -> None:
    """By a millionth of a dollar: the check says so, in both views."""
    one = info(**changes)
    assert pnl_tables.difference(one) == off
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as shown:
        for part in (*pnl_tables.single(one, 80), *pnl_tables.statement([one], 80)):
            console.print(part)
    word = "exact" if off == 0 else "off by"
    assert shown.get().count(word) == 2


def test_amounts_are_neither_cut_nor_rounded() -> None:
    """Every digit is printed, with a sign where it is a gain."""
    assert pnl_tables.dollars(-1).plain == "-0.000001"
    assert pnl_tables.dollars(1_234_567_890_123, gain=True).plain == "+1,234,567.890123"
    assert pnl_tables.dollars(0, gain=True) == Text("0", style="dim")
