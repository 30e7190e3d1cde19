"""What operators do from the command line, against the real API."""

from __future__ import annotations

import asyncio
import itertools
import socket
from pathlib import Path

import pytest

from plimsoll.cli import demo_client
from plimsoll.cli.live_feeds import Synthetic
from plimsoll.client.http import HttpClient
from plimsoll.decimal_text import format_decimal
from plimsoll.messages.params import GlobalParams
from plimsoll.runtime import presets
from plimsoll.runtime.keys import KEYS_NAME, KeyStore, StoredKey
from plimsoll.runtime.node import MemoryNode
from tests.cli.conftest import Run, as_json, failure, write_demo
from tests.cli.live import PRICE, TRADER, Live

NAMES = itertools.count()


def set_key(monkeypatch: pytest.MonkeyPatch, key: StoredKey) -> None:
    """Configure a key as users do."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__KEY", key.key_id)
    monkeypatch.setenv("PLIMSOLL_CLIENT__SECRET", key.secret)


@pytest.fixture
def operate(run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch) -> Run:
    """As ``run``, with the operator's key."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    set_key(monkeypatch, exchange.operator)
    return run


@pytest.fixture
def symbol(operate: Run) -> str:
    """A market of the test's own."""
    name = f"SOL{next(NAMES)}-USD"
    as_json(operate("admin", "market", "create", name, "--price", "150", "--json"))
    return name


# Principals ----------------------------------------------------------------------------------


def test_a_trader_is_let_in(operate: Run, exchange: Live) -> None:
    """A principal is created with its roles, listed, and told how to get a key."""
    made = operate("admin", "principal", "create", "alice", "--role", "trader, lp")
    assert made.exit_code == 0, made.output
    ident = int(made.stdout.split()[1])
    assert made.stdout.startswith(f"principal {ident} created: alice, trader, lp")
    assert f"plimsoll key create --principal {ident}" in made.stderr
    found = as_json(operate("admin", "principal", "list", "--json"))
    assert {"principal": ident, "name": "alice", "roles": ["trader", "lp"]} in found
    listed = operate("admin", "principal", "list").stdout
    assert "alice" in listed and "trader, lp" in listed
    assert "NAME_TAKEN" in failure(operate("admin", "principal", "create", "alice"), 3)


def test_a_repeat_creates_nobody(operate: Run) -> None:
    """Under a client id the command acts once."""
    args = ("admin", "principal", "create", "bert", "--client-id", "bert-1")
    first, again = operate(*args), operate(*args)
    assert again.stdout.split()[1] == first.stdout.split()[1]
    assert "nothing was done twice" in again.stdout


# Markets -------------------------------------------------------------------------------------


def test_market_modes(operate: Run, symbol: str) -> None:
    """Any mode may follow any other, and shows."""
    for mode in ("halted", "reduce_only", "restricted", "active"):
        done = operate("admin", "market", "mode", symbol.lower(), mode)
        assert f"{symbol} is {mode}" in done.stdout
        assert as_json(operate("market", "show", symbol, "--json"))["mode"] == mode
    assert "UNKNOWN_MARKET" in failure(operate("admin", "market", "mode", "NO-PE", "halted"), 3)


def test_market_create_takes_parameters_as_people_write_them(operate: Run) -> None:
    """Defaults by the price, changed by name; settings of the client still have their place."""
    made = operate(
        "admin", "market", "create", "ada-usd", "--price", "0.5", "--set", "imr=20%",
        "--set", "min_notional=25", "--set", "client.attempts=3",
    )  # fmt: skip
    assert "market ADA-USD opened" in made.stdout, made.output
    found = as_json(operate("market", "show", "ADA-USD", "--json"))
    plain = presets.market_params("ADA-USD", 500_000, {"imr": 200_000})
    assert (found["imr"], found["mmr"], found["min_notional"]) == (200_000, plain.mmr, "25")
    assert found["tick"] == format_decimal(plain.tick, 6)
    assert found["vamm"]["reservation_price"] == "0.5"


def test_market_fund(operate: Run, symbol: str) -> None:
    """Capital goes from the treasury to the vAMM; what is not there is refused, in dollars."""
    text = failure(operate("admin", "market", "fund", symbol, "1000.25"), 3)
    assert "INSUFFICIENT_BALANCE" in text and "1000.25" in text
    as_json(operate("account", "deposit", "5000", "--account", 1, "--json"))
    done = operate("admin", "market", "fund", symbol, "1000.25")
    assert f"1,000.25 USD for the vAMM of {symbol}" in done.stdout
    assert as_json(operate("market", "show", symbol, "--json"))["vamm"]["capital"] == "1000.25"


# Limits --------------------------------------------------------------------------------------


def test_params_set_keeps_the_others(operate: Run, exchange: Live) -> None:
    """Old and new are shown, and what is not named stays as it was."""
    before = limits_of(exchange)
    found = as_json(
        operate("admin", "params", "set", "batch_max=20", "open_deposits=true", "--json")
    )
    assert found["receipt"]["accepted"]
    assert found["before"] == {"batch_max": 50, "open_deposits": 1}
    assert found["after"] == {"batch_max": 20, "open_deposits": 1}
    assert limits_of(exchange) == {**before, "batch_max": 20}
    rows = operate("admin", "params", "set", "batch_max=21").stdout.splitlines()
    assert [row.split() for row in rows if "batch_max" in row] == [["batch_max", "20", "21"]]


def limits_of(exchange: Live) -> dict[str, int]:
    """The limits in force."""

    async def ask() -> dict[str, int]:
        async with HttpClient(exchange.url) as client:
            return (await client.exchange()).limits

    return asyncio.run(ask())


def test_unknown_limits_are_not_overwritten(
    operate: Run, monkeypatch: pytest.MonkeyPatch, exchange: Live
) -> None:
    """A limit that this program does not know would be reset: it refuses instead."""
    before = limits_of(exchange)
    fewer = GlobalParams.FIELDS[:-1]
    monkeypatch.setattr("plimsoll.cli.admin.KNOWN", frozenset(name for name, _ in fewer))
    failure(operate("admin", "params", "set", "batch_max=5"), 1)
    assert limits_of(exchange) == before


@pytest.mark.parametrize(
    "args",
    [
        ("principal", "create", "zoe", "--role", "king"),
        ("principal", "create", "zoe", "--role", ""),
        ("principal", "create", "zoe the great"),
        ("principal", "create"),
        ("market", "mode", "BTC-USD", "open"),
        ("market", "create", "X-USD"),
        ("market", "create", "X-USD", "--price", "1e5"),
        ("market", "create", "X-USD", "--price", "0.000001"),
        ("market", "create", "X-USD", "--price", "10", "--set", "imr=2000%"),
        ("market", "create", "X-USD", "--price", "10", "--set", "mmr=50%"),
        ("market", "create", "X-USD", "--price", "10", "--set", "leverage=5"),
        ("market", "create", "X-USD", "--price", "10", "--set", "imr"),
        ("market", "create", "X-USD", "--price", "10", "--set", "client.attempt=3"),
        ("market", "create", "X USD", "--price", "10"),
        ("market", "fund", "BTC-USD", "-5"),
        ("market", "fund", "BTC-USD", "0"),
        ("market", "fund", "BTC-USD", "1.0000001"),
        ("params", "set"),
        ("params", "set", "batch_max"),
        ("params", "set", "batch_max=0"),
        ("params", "set", "batch_max=many"),
        ("params", "set", "patience=5"),
    ],
)
def test_malformed_values_exit_with_2(operate: Run, exchange: Live, args: tuple[str, ...]) -> None:
    """Nothing is sent that cannot be meant."""
    before = limits_of(exchange)
    failure(operate("admin", *args), 2)
    assert limits_of(exchange) == before
    assert "X-USD" not in operate("market", "list").stdout


# Keys ----------------------------------------------------------------------------------------


def store_key(folder: Path, exchange_key: StoredKey, scopes: str | None = None) -> None:
    """Put a key that the exchange knows into the key store of a data directory."""
    folder.mkdir(exist_ok=True)
    with KeyStore.open(folder / KEYS_NAME) as store:
        store._db.execute(
            "INSERT INTO keys VALUES (?, ?, ?, ?, 'x', 1, NULL)",
            (
                exchange_key.key_id,
                exchange_key.secret,
                exchange_key.principal,
                scopes or ",".join(sorted(exchange_key.scopes)),
            ),
        )


def test_the_operators_key_is_found_in_the_data_directory(
    run: Run, exchange: Live, tmp_path: Path
) -> None:
    """On the machine of the exchange --data is enough, also beside the demonstration's client."""
    folder = tmp_path / "there"
    write_demo(folder, exchange.url, exchange.trader)
    missing = failure(run("admin", "principal", "list", "--data", folder), 2)
    assert "plimsoll key create --principal 0 --scopes read,trade,admin" in missing
    store_key(folder, exchange.trader)
    store_key(folder, exchange.operator)
    found = as_json(run("--data", folder, "admin", "principal", "list", "--json"))
    assert [one["name"] for one in found][:3] == ["operator", "oracle", "keeper"]
    with KeyStore.open(folder / KEYS_NAME) as store:
        store.revoke(exchange.operator.key_id, now_ms=2)
    assert "key create" in failure(run("admin", "principal", "list", "--data", folder), 2)


def test_the_named_command_makes_the_operators_key(run: Run, tmp_path: Path) -> None:
    """What the refusal says works as it stands."""
    said = failure(run("admin", "principal", "list"), 2)
    words = said.partition("`plimsoll ")[2].partition(" --data DIR`")[0].split()
    made = as_json(run(*words, "--json"))
    assert (made["principal"], made["scopes"]) == (0, ["read", "trade", "admin"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    failure(run("admin", "principal", "list", "--set", f"client.url={nobody}"), 4)


def test_a_key_without_the_scope_or_the_role(
    run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door refuses a key without admin, the exchange a principal without the role."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    set_key(monkeypatch, exchange.reader)
    assert "scope admin" in failure(run("admin", "principal", "create", "eve"), 3)
    set_key(monkeypatch, exchange.trader)
    assert "NOT_ALLOWED" in failure(run("admin", "principal", "create", "eve"), 3)
    (own,) = as_json(run("admin", "principal", "list", "--json"))
    assert own["principal"] == TRADER


def test_keys_are_made_for_those_who_exist(operate: Run, exchange: Live) -> None:
    """A running exchange is asked whether there is such a principal."""
    assert "there is no principal 9999" in failure(operate("key", "create", "--principal", 9999), 1)
    assert not Path("data", KEYS_NAME).exists()
    made = operate("key", "create", "--principal", TRADER)
    assert "trader-0 (trader)" in made.stderr and "within a second" in made.stderr


def test_keys_without_anybody_to_ask(
    run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an operator's key, or an answer, the key is made and the line says what is open."""
    assert "no operator key" in run("key", "create", "--principal", 9999).stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    set_key(monkeypatch, exchange.operator)
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", nobody)
    made = run("key", "create", "--principal", 9999, "--json")
    assert "Not checked" in made.stderr and "cannot be reached" in made.stderr
    assert as_json(made)["principal"] == 9999
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    set_key(monkeypatch, exchange.trader)
    assert "no operator's" in run("key", "create", "--principal", 9999).stderr


async def test_the_demonstration_client_is_no_administrator(tmp_path: Path) -> None:
    """Its key trades and moves its money, and does nothing else."""
    commands = presets.bootstrap({"BTC-USD": PRICE}, open_deposits=True)
    async with await MemoryNode.open(bootstrap=commands) as node:
        with KeyStore.open(":memory:") as store:
            await demo_client.prepare(node, store, tmp_path, "http://127.0.0.1:1", 1)
            (key,) = store.keys()
    assert key.scopes == {"read", "trade", "withdraw"}


def test_a_market_opened_later_does_not_stop_the_feed() -> None:
    """After a restart the feed has no start for it, and goes on with the others."""
    feed = Synthetic({"BTC-USD": PRICE})
    batch = next(feed.batches({"BTC-USD": 0, "SOL-USD": 0}, 1))
    assert [tick.symbol for tick in batch.ticks] == ["BTC-USD"]
    again = next(feed.batches({"BTC-USD": PRICE, "SOL-USD": PRICE}, 1))
    assert [tick.symbol for tick in again.ticks] == ["BTC-USD", "SOL-USD"]
