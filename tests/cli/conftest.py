"""The command line, run as users run it, and an exchange for it to talk to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from plimsoll.cli.main import cli
from plimsoll.runtime.keys import StoredKey
from tests.cli.live import ACCOUNT, Live

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """One exchange for the tests of a module."""
    made = Live()
    yield made
    made.stop()


@pytest.fixture
def exchange(server: Live) -> Live:
    """The exchange with a fresh price."""
    server.publish_price()
    return server


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls the command line in an empty folder; ``data`` in it is the data directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("KEY", "SECRET", "URL", "ACCOUNT"):
        monkeypatch.delenv(f"PLIMSOLL_CLIENT__{name}", raising=False)
    monkeypatch.setenv("PLIMSOLL_DATA__DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="plimsoll")

    return call


@pytest.fixture
def trade(run: Run, exchange: Live, tmp_path: Path) -> Run:
    """As ``run``, beside a data directory in which `plimsoll up` left its demonstration client."""
    write_demo(tmp_path / "data", exchange.url, exchange.trader)
    return run


def write_demo(folder: Path, url: str, key: StoredKey, account: int = ACCOUNT) -> None:
    """The file that `plimsoll up` leaves for clients."""
    folder.mkdir(exist_ok=True)
    values = {"url": url, "key_id": key.key_id, "secret": key.secret, "account": account}
    (folder / "demo-client.json").write_text(json.dumps(values), "utf-8")


def as_json(result: Result, exit_code: int = 0) -> Any:
    """The one JSON document on stdout."""
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def failure(result: Result, exit_code: int) -> str:
    """The one line on stderr of a command that failed, without a traceback."""
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]
