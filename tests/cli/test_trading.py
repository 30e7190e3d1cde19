"""Orders, accounts and markets from the command line, against the real API."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Run, as_json, failure, write_demo
from tests.cli.live import ACCOUNT, Live


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> None:
    """Each test begins without open orders and positions of the trader."""
    if "trade" not in request.fixturenames:
        return
    trade: Run = request.getfixturevalue("trade")
    as_json(trade("order", "cancel-all", "--json"))
    for position in as_json(trade("account", "show", "--json"))["positions"]:
        side = "sell" if not position["base"].startswith("-") else "buy"
        size = position["base"].removeprefix("-")
        as_json(trade("order", side, "BTC-USD", size, "--reduce-only", "--json"))


def test_buying_needs_no_setup(trade: Run) -> None:
    """Beside a running demonstration, the first order works and tells the whole story."""
    result = trade("order", "buy", "BTC-USD", "0.01")
    assert result.exit_code == 0, result.output
    text = result.stdout
    for words in ("filled", "0.01 BTC-USD at 60,0", "from the vAMM", "fee ", "vAMM       earned"):
        assert words in text
    assert "position   0.01 BTC-USD, entry 60,0" in text
    assert "equity " in text and result.stderr == ""


def test_json_of_an_order(trade: Run) -> None:
    """Receipt and position after, as one document."""
    found = as_json(trade("order", "sell", "btc-usd", "0.02", "--json"))
    assert found["receipt"]["status"] == "filled"
    assert found["receipt"]["filled"] == "0.02"
    assert found["position"]["base"] == "-0.02"


def test_global_options_stand_anywhere(trade: Run) -> None:
    """--json before the command means the same as behind it."""
    assert as_json(trade("--json", "order", "list")) == []
    assert as_json(trade("order", "list", "--json")) == []
    assert as_json(trade("order", "--json", "list")) == []


def test_limit_order_rests_is_amended_and_cancelled(trade: Run) -> None:
    """The life of a resting order."""
    placed = as_json(
        trade("order", "buy", "BTC-USD", "0.01", "--limit", "59000", "--post-only", "--json")
    )["receipt"]
    assert placed["status"] == "resting"
    ident = placed["order"]
    listed = trade("order", "list")
    assert "59,000" in listed.stdout and str(ident) in listed.stdout
    amended = trade("order", "amend", ident, "--limit", "59100.5")
    assert (amended.exit_code, amended.stdout) == (0, f"order {ident} amended\n")
    (order,) = as_json(trade("order", "list", "--json"))
    assert (order["price"], order["size"]) == ("59100.5", "0.01")
    assert f"order {ident} cancelled" in trade("order", "cancel", ident).stdout
    assert trade("order", "list").stdout == "no open orders\n"


def test_resting_order_is_reported_as_such(trade: Run) -> None:
    """People see that nothing was bought yet."""
    text = trade("order", "place", "buy", "BTC-USD", "0.01", "--limit", "59000").stdout
    assert "resting  buy 0.01 BTC-USD at 59,000" in text
    assert "in book    0.01" in text and "position   none in BTC-USD" in text
    assert "fee" not in text


def test_cancel_by_own_name_and_all(trade: Run) -> None:
    """Own names of orders and cancel-all."""
    for name, price in (("a", "59000"), ("b", "59001"), ("c", "59002")):
        as_json(
            trade(
                "order", "buy", "BTC-USD", "0.01", "--limit", price, "--client-order-id", name,
                "--json",
            )
        )  # fmt: skip
    assert as_json(trade("order", "cancel", "--client-order-id", "b", "--json"))["accepted"]
    assert trade("order", "cancel-all", "--market", "btc-usd").stdout == "2 orders cancelled\n"


def test_dropped_remainder_says_why(trade: Run) -> None:
    """An order that finds nothing at its price tells what became of it."""
    result = trade("order", "buy", "BTC-USD", "0.01", "--limit", "59000", "--tif", "ioc")
    assert result.exit_code == 0
    assert "dropped    0.01: ioc remainder" in result.stdout


def test_quote_changes_nothing(trade: Run) -> None:
    """A quote shows the price and leaves no position."""
    text = trade("order", "quote", "buy", "BTC-USD", "0.5").stdout
    assert "would be filled" in text and "on average" in text and "position" not in text
    quoted = as_json(trade("order", "quote", "buy", "BTC-USD", "0.5", "--json"))["receipt"]
    assert quoted["filled"] == "0.5"
    assert as_json(trade("account", "show", "--json"))["positions"] == []


def test_book_fills_name_their_source(trade: Run, exchange: Live, tmp_path: Path) -> None:
    """A fill against a maker is told from one against the vAMM."""
    write_demo(tmp_path / "maker", exchange.url, exchange.maker, ACCOUNT + 1)
    maker = ("--data", tmp_path / "maker")
    as_json(trade(*maker, "order", "sell", "BTC-USD", "0.01", "--limit", "60000", "--json"))
    text = trade("order", "buy", "BTC-USD", "0.01").stdout
    assert "0.01 at 60,000 from the book" in text and "vAMM" not in text
    as_json(trade(*maker, "order", "cancel-all", "--json"))


def test_client_id_acts_once(trade: Run) -> None:
    """The same client id twice is one order; another order under it is refused."""
    first = ("order", "buy", "BTC-USD", "0.01", "--client-id", "once-1")
    before = as_json(trade(*first, "--json"))["receipt"]
    again = as_json(trade(*first, "--json"))["receipt"]
    assert (again["duplicate"], again["order"]) == (True, before["order"])
    assert "nothing was done twice" in trade(*first).stdout
    other = trade("order", "buy", "BTC-USD", "0.02", "--client-id", "once-1")
    assert "CLIENT_ID_REUSED" in failure(other, 3)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("order", "buy", "BTC-USD", "100", "--limit", "59000"), "INSUFFICIENT_MARGIN (4001)"),
        (("order", "buy", "BTC-USD", "0.0015"), "SIZE_NOT_ON_STEP"),
        (("order", "buy", "BTC-USD", "0.01", "--limit", "59000.05"), "use a multiple of the tick"),
        (("order", "sell", "BTC-USD", "0.01", "--reduce-only"), "REDUCE_ONLY_NOTHING"),
        (("order", "cancel", "999999"), "see `plimsoll order list`"),
        (("account", "withdraw", "10000000"), "NOT_WITHDRAWABLE"),
        (("account", "transfer", str(ACCOUNT), str(ACCOUNT), "1"), "SAME_ACCOUNT"),
        (("account", "show", "1"), "no account 1 of yours"),
        (("market", "show", "NONE-USD"), "no market"),
    ],
)
def test_refusals_exit_with_3(trade: Run, args: tuple[str, ...], words: str) -> None:
    """What the exchange refuses is one line with the reason, and exit code 3."""
    assert words in failure(trade(*args), 3)


def test_refused_receipt_as_json(trade: Run) -> None:
    """With --json the receipt of a refusal is on stdout all the same."""
    result = trade("order", "buy", "BTC-USD", "100", "--limit", "59000", "--json")
    assert as_json(result, 3)["reject"]["name"] == "INSUFFICIENT_MARGIN"
    assert "INSUFFICIENT_MARGIN" in failure(result, 3)


@pytest.mark.parametrize(
    "args",
    [
        ("order", "buy", "BTC-USD", "ten"),
        ("order", "buy", "BTC-USD", "-1"),
        ("order", "buy", "NONE-USD", "1"),
        ("order", "buy", "BTC-USD"),
        ("order", "buy", "BTC-USD", "1", "--limit", "1", "--worst", "1"),
        ("order", "buy", "BTC-USD", "1", "--tif", "now"),
        ("order", "cancel"),
        ("order", "amend", "1"),
        ("order", "amend", "999999", "--limit", "1"),
        ("account", "deposit", "1e3"),
        ("book", "BTC-USD", "--depth", "0"),
        ("--set", "api.prot=1", "order", "list"),
        ("order", "list", "--set", "api.port=x"),
        ("nothing",),
    ],
)
def test_wrong_usage_exits_with_2(trade: Run, args: tuple[str, ...]) -> None:
    """Malformed values, options and settings are usage errors."""
    failure(trade(*args), 2)


def test_accounts(trade: Run) -> None:
    """Open, fund, list, transfer, withdraw."""
    made = as_json(trade("account", "create", "--label", "second", "--json"))
    (ident,) = [e["account"] for e in made["events"] if e["type"] == "AccountCreated"]
    paid = trade("account", "deposit", "500", "--account", ident)
    assert "deposited 500 USD" in paid.output
    moved = trade("account", "transfer", ACCOUNT, ident, "25.5")
    assert "moved 25.5 USD" in moved.stdout
    assert "withdrew 100 USD" in trade("account", "withdraw", "100", "--account", ident).stdout
    assert as_json(trade("account", "show", ident, "--json"))["equity"] == "425.5"
    listed = trade("account", "list").stdout
    assert "second" in listed and "425.5" in listed
    shown = trade("account", "show", ident).stdout
    assert "withdrawable" in shown and "(second)" in shown
    again = ("account", "deposit", "1", "--external-id", "wire-77", "--account", ident)
    assert trade(*again).exit_code == 0
    assert "EXTERNAL_ID_USED" in failure(trade(*again), 3)


def test_show_account_with_position(trade: Run) -> None:
    """Positions stand below the balances."""
    as_json(trade("order", "buy", "BTC-USD", "0.03", "--json"))
    text = trade("account", "show").stdout
    assert "Positions" in text and "0.03" in text and "liquidated at" in text


def test_public_commands_need_no_key(run: Run, exchange: Live) -> None:
    """Markets, book and trades are for everybody."""
    here = ("--set", f"client.url={exchange.url}")
    (market,) = as_json(run(*here, "market", "list", "--json"))
    assert market["symbol"] == "BTC-USD"
    assert "BTC-USD" in run(*here, "market", "list").stdout
    shown = run(*here, "market", "show", "btc-usd").stdout
    assert "initial margin" in shown and "5%" in shown and "Pools" in shown and "vAMM" in shown
    assert as_json(run(*here, "market", "show", "BTC-USD", "--json"))["tick"] == "0.1"
    book = run(*here, "book", "BTC-USD").stdout
    assert "vAMM ask" in book and "vAMM bid" in book
    assert as_json(run(*here, "book", "BTC-USD", "--json"))["symbol"] == "BTC-USD"
    assert run(*here, "trades", "BTC-USD").exit_code == 0
    assert isinstance(as_json(run(*here, "trades", "BTC-USD", "--limit", 1, "--json")), list)


def test_book_shows_levels_and_trades_their_source(trade: Run) -> None:
    """What was ordered is in the book, what was traded is in the trades."""
    as_json(trade("order", "buy", "BTC-USD", "0.011", "--limit", "59000", "--json"))
    text = trade("book", "BTC-USD").stdout
    assert "59,000" in text and "0.011" in text
    as_json(trade("order", "buy", "BTC-USD", "0.012", "--json"))
    assert as_json(trade("trades", "BTC-USD", "--limit", 1, "--json"))[0]["size"] == "0.012"
    assert "vamm" in trade("trades", "BTC-USD", "--limit", 1).stdout


def test_key_from_environment_beats_the_demo_file(
    run: Run, exchange: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings decide; the account is found when there is only one."""
    write_demo(tmp_path / "data", "http://127.0.0.1:1", exchange.trader)
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    assert "PLIMSOLL_CLIENT__KEY" in failure(run("account", "list"), 2)
    monkeypatch.setenv("PLIMSOLL_CLIENT__KEY", exchange.maker.key_id)
    assert "client.secret" in failure(run("account", "list"), 2)
    monkeypatch.setenv("PLIMSOLL_CLIENT__SECRET", exchange.maker.secret)
    assert as_json(run("account", "show", "--json"))["account"] == ACCOUNT + 1


def test_several_accounts_must_be_named(run: Run, exchange: Live, tmp_path: Path) -> None:
    """Nothing is guessed: whoever has many accounts says which."""
    write_demo(tmp_path / "data", exchange.url, exchange.operator, account=-1)
    assert "--account ID" in failure(run("account", "show"), 2)
    shown = run("account", "show", "--set", f"client.account={ACCOUNT}", "--json")
    assert as_json(shown)["account"] == ACCOUNT


def test_wrong_key_and_missing_scope(run: Run, exchange: Live, tmp_path: Path) -> None:
    """The door's refusals are refusals: exit code 3 and what to do."""
    write_demo(tmp_path / "data", exchange.url, exchange.reader)
    assert "FORBIDDEN" in failure(run("order", "buy", "BTC-USD", "0.01"), 3)
    bad = ("--set", "client.key=pk_none", "--set", "client.secret=x")
    text = failure(run("--set", f"client.url={exchange.url}", *bad, "account", "list"), 3)
    assert "UNAUTHENTICATED" in text and "Check the key" in text


def test_unreachable_exits_with_4(run: Run, exchange: Live, tmp_path: Path) -> None:
    """Nobody listening: what to start, and exit code 4."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    write_demo(tmp_path / "data", url, exchange.trader)
    assert "plimsoll up" in failure(run("account", "list"), 4)
    debug = run("account", "list", "--debug")
    assert debug.exit_code == 4 and "Traceback" in debug.stderr


def test_lost_answer_names_the_client_id(run: Run, exchange: Live, tmp_path: Path) -> None:
    """When the outcome is unknown, the line says how to ask again without ordering twice."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        write_demo(tmp_path / "data", url, exchange.trader)
        quick = ("--set", "client.timeout_seconds=0.05", "--set", "client.attempts=1")
        result = run(*quick, "order", "buy", "BTC-USD", "1", "--client-id", "mine-1")
    assert "--client-id mine-1" in failure(result, 4)


def test_unusable_demo_file(run: Run, tmp_path: Path) -> None:
    """A damaged file is named, with the way out."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo-client.json").write_text("{", "utf-8")
    assert "demo-client.json" in failure(run("account", "list"), 2)


def test_nobody_without_a_key(run: Run) -> None:
    """Without any key the line says where one comes from."""
    assert "plimsoll key create" in failure(run("order", "list"), 2)


def test_stopped_exchange_exits_with_4(run: Run, tmp_path: Path) -> None:
    """A node that takes no commands is told from one that refuses."""
    live = Live()
    try:
        write_demo(tmp_path / "data", live.url, live.trader)
        live.halt()
        once = ("--set", "client.attempts=1")
        failure(run(*once, "order", "buy", "BTC-USD", "0.01"), 4)
    finally:
        live.stop()
