"""Commands that need no exchange: settings, keys, journal, reference, and the group itself."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from plimsoll.cli import main as entry
from plimsoll.cli.config_commands import commented
from plimsoll.cli.main import COMMANDS, LazyGroup
from plimsoll.config import MASK, fixed_fields, load
from plimsoll.errors import NodeError
from plimsoll.messages.codes import REJECTS
from plimsoll.messages.commands import Deposit
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.runtime import presets
from plimsoll.runtime.checks import registered
from plimsoll.runtime.keys import KeyStore
from plimsoll.runtime.node import Node
from tests.cli.conftest import Run, as_json, failure

HEAVY = ("rich", "msgspec", "aiohttp", "asyncio", "starlette", "uvicorn", "numpy", "sqlite3")


# The group -----------------------------------------------------------------------------------


def test_help_lists_every_command_and_imports_none() -> None:
    """`plimsoll --help` is quick because nothing heavy is loaded for it."""
    script = (
        "import sys\n"
        "from plimsoll.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    for name, (_, text) in COMMANDS.items():
        assert name in done.stdout and text in done.stdout


def test_entry_point() -> None:
    """What the installed script calls is the command line."""
    assert callable(entry) and entry.__module__ == "plimsoll.cli.main"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_there(name: str, run: Run) -> None:
    """Each name leads to a command with its own help."""
    result = run(name, "--help")
    assert result.exit_code == 0, result.output
    assert f"Usage: plimsoll {name}" in result.stdout


def test_missing_command_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is not installed is a clear line, not a traceback."""
    monkeypatch.setitem(COMMANDS, "bench", ("no_such_module:bench", ""))
    assert "this installation has no command bench" in failure(run("bench"), 1)


def test_missing_package_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that a command needs is named."""

    def refuse(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name="ccxt")

    monkeypatch.setattr(sys.modules["plimsoll.cli.main"], "import_module", refuse)
    assert "package ccxt" in failure(run("key", "list"), 1)


def test_misspelt_command_gets_a_hint(run: Run) -> None:
    """The nearest command is suggested."""
    assert "Did you mean verify?" in failure(run("verfy"), 2)


@pytest.mark.parametrize(
    ("error", "code"),
    [(NodeError("stopped"), 1), (PermissionError(13, "Permission denied", "x"), 1)],
)
def test_failures_of_the_world_are_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    """Whatever fails outside the program is a line; with --debug the place as well."""
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: _raising(error))
    failure(run("boom"), code)
    assert "Traceback" in run("--debug", "boom").stderr


def test_bugs_are_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program itself keeps its traceback."""
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: _raising(ZeroDivisionError("bug")))
    assert isinstance(run("boom").exception, ZeroDivisionError)


def _raising(error: Exception) -> click.Command:
    @click.command("boom")
    def boom() -> None:
        raise error

    return boom


# Settings ------------------------------------------------------------------------------------


def test_config_show(run: Run, tmp_path: Path) -> None:
    """Every setting with its origin; a bare `config` shows the same."""
    (tmp_path / "plimsoll.toml").write_text("[api]\nport = 9000\n", "utf-8")
    found = as_json(run("config", "show", "--json", "--set", "log.json=true"))
    assert set(found) == set(fixed_fields())
    assert found["api.port"]["value"] == 9000
    assert found["api.port"]["origin"].endswith("plimsoll.toml")
    assert found["log.json"] == {"value": True, "text": "true", "origin": "--set log.json"}
    assert found["data.dir"]["origin"] == "environment PLIMSOLL_DATA__DIR"
    text = run("config").stdout
    assert "api.port" in text and "9000" in text and "default" in text
    changed = run("config", "show", "--changed").stdout
    assert "api.port" in changed and "api.host" not in changed


def test_config_show_masks_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret never reaches the screen."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__SECRET", "hush-hush")
    for args in (("config",), ("config", "show", "--json"), ("config", "show", "--changed")):
        text = run(*args).output
        assert MASK in text and "hush" not in text


def test_config_path(run: Run, tmp_path: Path) -> None:
    """Which files count, before and after writing one."""
    before = as_json(run("config", "path", "--json"))
    assert before == {"file": None, "env_file": None, "data_dir": str(tmp_path / "data")}
    assert run("config", "init").exit_code == 0
    (tmp_path / ".env").write_text("", "utf-8")
    after = as_json(run("config", "path", "--json"))
    assert after["file"] == str(tmp_path / "plimsoll.toml")
    assert after["env_file"] == str(tmp_path / ".env")
    assert str(tmp_path / "data") in run("config", "path").stdout
    moved = as_json(run("--data", tmp_path / "other", "config", "path", "--json"))
    assert moved["data_dir"] == str(tmp_path / "other")


def test_config_init_keeps_what_is_there(run: Run, tmp_path: Path) -> None:
    """A file is replaced on request only."""
    path = tmp_path / "plimsoll.toml"
    path.write_text("[api]\nport = 1\n", "utf-8")
    assert "--force" in failure(run("config", "init"), 1)
    assert path.read_text("utf-8").startswith("[api]")
    assert run("config", "init", "--force").exit_code == 0
    assert path.read_text("utf-8") == commented()


def test_written_file_says_the_defaults(tmp_path: Path) -> None:
    """As written it changes nothing; with its # removed it states every default exactly."""
    assert tomllib.loads(commented()) == {}
    live = [line.removeprefix("# ") for line in commented().splitlines()[3:]]
    (tmp_path / "plimsoll.toml").write_text("\n".join(live), "utf-8")
    loaded = load(folder=tmp_path, environ={})
    plain = load(folder=tmp_path / "none", environ={}).config
    assert {one.name for one in loaded.settings if one.origin == "default"} == set()
    for section in ("node", "api", "feed", "demo", "client", "log", "exchange"):
        assert getattr(loaded.config, section) == getattr(plain, section)
    assert loaded.config.start_prices() == plain.start_prices()
    for symbol, price in presets.DEFAULT_PRICES.items():
        set_ = presets.market_params(symbol, price, loaded.config.market_overrides()[symbol])
        assert set_.row() == presets.market_params(symbol, price).row()


# Keys ----------------------------------------------------------------------------------------


def test_keys(run: Run, tmp_path: Path) -> None:
    """Made once with its secret, listed without it, revoked for good."""
    made = as_json(
        run("key", "create", "--principal", 3, "--scopes", "read,trade", "--label", "bot", "--json")
    )
    assert len(made["secret"]) == 64 and made["scopes"] == ["read", "trade"]
    assert stat.S_IMODE((tmp_path / "data" / "keys.db").stat().st_mode) == 0o600
    listed = run("key", "list")
    assert made["key_id"] in listed.stdout and made["secret"] not in listed.stdout
    assert made["secret"] not in run("key", "list", "--json").stdout
    assert "revoked" in run("key", "revoke", made["key_id"]).stdout
    (one,) = as_json(run("key", "list", "--json"))
    assert one["revoked_ms"] is not None
    assert "no active key" in failure(run("key", "revoke", made["key_id"]), 1)


def test_key_lines_fit_into_dotenv(run: Run, tmp_path: Path) -> None:
    """What `key create` prints is ready to be used."""
    result = run("key", "create", "--principal", 3)
    (tmp_path / ".env").write_text(result.stdout, "utf-8")
    client = load(folder=tmp_path, environ={}).config.client
    with KeyStore.open(tmp_path / "data" / "keys.db") as store:
        (stored,) = store.keys()
    assert (client.key, client.secret) == (stored.key_id, stored.secret)


def test_key_refusals(run: Run) -> None:
    """Missing stores and wrong scopes."""
    assert "--data" in failure(run("key", "list"), 2)
    assert "scopes" in failure(run("key", "create", "--principal", 3, "--scopes", "all"), 2)
    failure(run("key", "create"), 2)


# Journal -------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A data directory with the history of a small exchange, closed."""
    folder = tmp_path / "data"

    async def fill() -> None:
        commands = presets.bootstrap({"BTC-USD": 60_000 * 10**6}, open_deposits=True)
        node = await Node.open(folder, bootstrap=commands)
        async with node:
            for index in range(5):
                await node.submit(
                    Deposit(1, 0, 10**6, f"d-{index}"), principal=0, client_id=f"c-{index}"
                )

    asyncio.run(fill())
    return folder


def test_verify(run: Run, journal: Path) -> None:
    """A sound directory: the last line is the hash of the state, the same every time."""
    result = run("verify")
    assert result.exit_code == 0, result.output
    last = result.stdout.splitlines()[-1]
    assert last.startswith("state_hash=") and len(last) == len("state_hash=") + 64
    found = as_json(run("verify", "--json", "--data", journal))
    assert found["ok"] and last == f"state_hash={found['state_hash']}"
    assert found["answers"] == 5 and found["snapshots"][0]["problem"] == ""


def test_verify_finds_damage(run: Run, journal: Path) -> None:
    """Damage is told and is a failure, in both forms of output."""
    for path in (journal / "snapshots").iterdir():
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    assert "damaged" in failure(run("verify"), 1)
    assert not as_json(run("verify", "--json"), 1)["ok"]


def test_fork(run: Run, journal: Path, tmp_path: Path) -> None:
    """A fork holds the history up to the record, and is sound itself."""
    head = as_json(run("fork", "--at", 6, tmp_path / "fork", "--json"))
    assert head["seq"] == 6
    checked = as_json(run("--data", tmp_path / "fork", "verify", "--json"))
    assert checked["ok"] and checked["records"] == 6
    assert "6" in run("fork", "--at", 6, tmp_path / "again").stdout
    assert "no record 999" in failure(run("fork", "--at", 999, tmp_path / "x"), 1)
    failure(run("fork", "--at", 6, tmp_path / "fork"), 1)
    failure(run("fork", tmp_path / "y"), 2)


@pytest.mark.parametrize("args", [("verify",), ("fork", "--at", "1", "x")])
def test_no_journal(run: Run, args: tuple[str, ...]) -> None:
    """A directory without a journal is named, and nothing is made in it."""
    assert "--data" in failure(run(*args), 2)
    assert not Path("x").exists()


# Reference -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("rejects",), lambda: [name for name, _, _ in REJECTS.values()]),
        (("invariants",), lambda: [one.ident for one in registered()]),
        (("invariants", "--list"), lambda: [one.text for one in registered()]),
        (("params",), lambda: [name for name, _ in GlobalParams.FIELDS + MarketParams.FIELDS[1:]]),
        (("params",), lambda: [name for name, _ in VaultParams.FIELDS + QuoteParams.FIELDS]),
    ],
)
def test_reference_tables_are_complete(
    run: Run, args: tuple[str, ...], names: Callable[[], list[str]]
) -> None:
    """Every row of the vocabulary is on the screen, uncut."""
    result = run(*args)
    assert result.exit_code == 0, result.output
    for name in names():
        assert name in result.stdout


def test_reference_as_json(run: Run) -> None:
    """The same tables for programs."""
    assert len(as_json(run("rejects", "--json"))) == len(REJECTS)
    assert len(as_json(run("invariants", "--json"))) == len(registered())
    params = as_json(run("params", "--json"))
    assert len(params["market"]) == len(MarketParams.FIELDS) - 1
    (imr,) = [row for row in params["market"] if row["name"] == "imr"]
    assert (imr["BTC-USD"], imr["ETH-USD"], imr["most"]) == ("5%", "10%", "100%")


def test_version(run: Run) -> None:
    """Version, which build runs, and Python."""
    found = as_json(run("version", "--json"))
    assert found["build"] in ("compiled", "interpreted")
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    text = run("version").stdout
    assert found["build"] in text and found["version"] in text
