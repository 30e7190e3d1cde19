"""Keys, signed orders and delayed orders on the command line."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from plimsoll.messages import codes
from plimsoll.messages.commands import CreateAccount, CreatePrincipal
from plimsoll.runtime import presets
from tests.cli.conftest import Run, as_json, failure, write_demo
from tests.cli.live import ACCOUNT, Live

RELAYER, RELAYER_ACCOUNT = 5, 12


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """An exchange with a relayer, who has an account."""
    made = Live()
    made.publish_price()
    made.submit(CreatePrincipal("rita", codes.ROLE_RELAYER), presets.OPERATOR)
    made.submit(CreateAccount(RELAYER, -1, "rita"), RELAYER)
    yield made
    made.stop()


@pytest.fixture
def relay(trade: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """As ``trade``, by Rita, who relays."""
    rita = exchange.key_of(RELAYER)

    def call(*args: object) -> Result:
        with monkeypatch.context() as patch:
            patch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
            patch.setenv("PLIMSOLL_CLIENT__KEY", rita.key_id)
            patch.setenv("PLIMSOLL_CLIENT__SECRET", rita.secret)
            return trade(*args)

    return call


@pytest.fixture
def key(trade: Run, tmp_path: Path) -> Path:
    """A key that may sign for the trader's account."""
    path = tmp_path / "key.json"
    assert trade("signer", "new", path).exit_code == 0
    assert trade("signer", "add", path).exit_code == 0
    return path


@pytest.fixture
def sign(trade: Run, key: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a signed order in a file."""
    numbers = iter(range(100))

    def make(*more: object, side: str = "buy", limit: str = "60500") -> Path:
        made = trade(
            "signed", "make", side, "btc-usd", "0.02", "--limit", limit, "--key", key, *more
        )
        assert made.exit_code == 0, made.stderr
        path = tmp_path / f"order-{next(numbers)}.json"
        path.write_text(made.stdout)
        return path

    return make


def test_a_key_is_made_for_its_owner_only(run: Run, tmp_path: Path) -> None:
    """Mode 0600 from the first moment; the text is printed, the secret never; nothing is lost."""
    path = tmp_path / "key.json"
    made = run("signer", "new", path)
    secret = json.loads(path.read_text())["secret"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.stdout.strip() == json.loads(path.read_text())["signer"]
    assert secret not in made.output
    assert "there already" in failure(run("signer", "new", path), 2)
    assert json.loads(path.read_text())["secret"] == secret
    evm = as_json(run("signer", "new", tmp_path / "evm.json", "--scheme", "evm", "--json"))
    assert evm["signer"].startswith("evm:0x") and len(evm["signer"]) == 46


def test_a_key_that_others_can_read_is_not_used(trade: Run, key: Path) -> None:
    """And a file that is something else is named without what stands in it."""
    key.chmod(0o640)
    make = ("signed", "make", "buy", "BTC-USD", "0.02", "--limit", "60500", "--key", key)
    assert "chmod 600" in failure(trade(*make), 2)
    key.chmod(0o600)
    text = key.read_text()
    for broken in ("{}", "no json", text.replace("ed25519:", "ed25519:0"), text[:-30]):
        key.write_text(broken)
        message = failure(trade(*make), 2)
        assert json.loads(text)["secret"] not in message
    assert "cannot be read" in failure(trade(*make[:-1], key.with_name("none")), 2)


def test_keys_are_added_listed_and_removed(trade: Run, key: Path) -> None:
    """By their text or their file."""
    text = json.loads(key.read_text())["signer"]
    assert {"account": ACCOUNT, "signer": text} in as_json(trade("signer", "list", "--json"))
    assert text in trade("signer", "list").stdout
    assert "no longer" in trade("signer", "remove", text).stdout
    assert text not in trade("signer", "list").stdout
    assert "BAD_FIELD" in failure(trade("signer", "add", "rsa:1"), 3)


def test_an_order_is_signed_settled_and_done(
    trade: Run, relay: Run, sign: Callable[..., Path]
) -> None:
    """From the owner to the relayer to the exchange, in parts, once."""
    file = sign("--relay-fee", "1.5", "--client-order-id", "mine")
    form = json.loads(file.read_text())
    assert (form["account"], form["market"], form["relay_fee"]) == (ACCOUNT, "BTC-USD", "1.5")
    first = relay("signed", "settle", file, "--size", "0.01")
    assert first.exit_code == 0, first.stderr
    assert "settled: buy 0.01 BTC-USD at 60,0" in first.stdout
    assert "relay fee 1.5 USD" in first.stdout
    shown = as_json(trade("signed", "show", file, "--json"))
    assert (shown["status"], shown["left"]) == ("open", "0.01")
    # Without a size: all that is left.
    assert relay("signed", "settle", file).exit_code == 0
    assert as_json(relay("signed", "show", form["order_hash"], "--json"))["status"] == "filled"
    assert "SIGNED_DONE" in failure(relay("signed", "settle", file, "--size", "0.01"), 3)
    assert "filled" in trade("signed", "show").stdout
    assert "NOT_ALLOWED" in failure(trade("signed", "settle", sign(), "--pot"), 3)


def test_a_changed_order_is_refused(relay: Run, sign: Callable[..., Path]) -> None:
    """Whoever hands it on can change nothing."""
    file = sign()
    form = json.loads(file.read_text())
    file.write_text(json.dumps({**form, "price": "61000"}))
    message = failure(relay("signed", "settle", file, "--pot", "--size", "0.01"), 3)
    assert "BAD_SIGNATURE" in message and "signed make" in message
    file.write_text(json.dumps({**form, "more": 1}))
    assert "is no signed order" in failure(relay("signed", "settle", file), 2)


def test_an_order_is_cancelled(trade: Run, relay: Run, sign: Callable[..., Path]) -> None:
    """By its owner, before anybody has settled it."""
    file = sign()
    assert "cancelled, 0 of it were filled" in trade("signed", "cancel", file).stdout
    assert as_json(trade("signed", "show", file, "--json"))["status"] == "cancelled"
    message = failure(relay("signed", "settle", file, "--size", "0.01"), 3)
    assert "SIGNED_CANCELLED" in message


def test_two_orders_are_matched(
    run: Run, relay: Run, exchange: Live, sign: Callable[..., Path], tmp_path: Path
) -> None:
    """At the maker's price."""
    taker = sign()
    write_demo(tmp_path / "data", exchange.url, exchange.maker, ACCOUNT + 1)
    other = tmp_path / "other.json"
    run("signer", "new", other)
    run("signer", "add", other)
    made = run(
        "signed", "make", "sell", "BTC-USD", "0.02", "--limit", "60100", "--key", other
    ).stdout  # fmt: skip
    maker = tmp_path / "maker.json"
    maker.write_text(made)
    both = relay("signed", "match", taker, maker, "--size", "0.01", "--pot")
    assert "settled: buy 0.01 BTC-USD at 60,100" in both.stdout
    twice = ("--pot", "--relayer", RELAYER_ACCOUNT)
    wrong = relay("signed", "match", taker, maker, "--size", "0.01", *twice)
    assert "two answers" in failure(wrong, 2)


def test_an_unknown_order_is_no_failure_to_settle(trade: Run) -> None:
    """Nothing is known of an order that nobody has settled: exit code 3, with the reason."""
    assert "nothing is known" in failure(trade("signed", "show", "0" * 64), 3)
    assert "64 hex digits" in failure(trade("signed", "show", "xyz"), 2)


# Delayed orders ------------------------------------------------------------------------------


def test_a_delayed_order(trade: Run, exchange: Live) -> None:
    """Placed, listed among the orders, cancelled as one."""
    placed = trade("order", "buy", "BTC-USD", "0.01", "--delayed", "--expires", "60s")
    assert placed.exit_code == 0, placed.stderr
    assert "waits for an oracle price published at" in placed.stdout
    listed: list[dict[str, Any]] = as_json(trade("order", "list", "--json"))
    (one,) = [row for row in listed if row.get("kind") == "delayed"]
    assert one["expires_ms"] - one["earliest_ms"] < 60_000
    assert "Delayed orders" in trade("order", "list").stdout
    assert "later than" in trade("trigger", "list").stdout
    assert trade("order", "cancel", one["order"]).exit_code == 0
    assert as_json(trade("order", "list", "--json")) == []
    # With the next price it is executed.
    receipt = as_json(trade("order", "sell", "BTC-USD", "0.01", "--delayed", "--json"))
    assert receipt["status"] == "waiting"
    exchange.publish_price()
    assert as_json(trade("order", "list", "--json")) == []


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--post-only"], "never rests"),
        (["--tif", "gtc"], "never rests"),
        (["--keeper-fee", "1"], "never rests"),
        (["--limit", "1", "--worst", "1"], "--worst belongs"),
        (["--expires", "60"], "a length of time"),
        (["--expires", "60s", "--expires-ms", "5"], "two answers"),
    ],
)
def test_options_that_contradict_each_other(trade: Run, more: list[str], text: str) -> None:
    """Said before anything is sent."""
    result = trade("order", "buy", "BTC-USD", "0.01", "--delayed", *more)
    assert text in failure(result, 2)


def test_any_order_may_expire_from_now_on(trade: Run) -> None:
    """--expires is the same as --expires-ms, without a calculator."""
    trade("order", "buy", "BTC-USD", "0.01", "--limit", "58000", "--expires", "2h")
    (one,) = as_json(trade("order", "list", "--json"))
    assert one["expires_ms"] > 0
    trade("order", "cancel-all")
