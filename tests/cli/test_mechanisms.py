"""Triggers, auctions, histories, explanations and the operator's tools on the command line."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from plimsoll.cli.mechanisms import waits_for
from plimsoll.client.models import TriggerInfo
from plimsoll.messages import codes
from plimsoll.messages.commands import CreatePrincipal
from plimsoll.runtime import presets
from plimsoll.runtime.inline import InlineExchange
from tests.cli.conftest import Run, as_json, failure
from tests.cli.live import ACCOUNT, Live


@pytest.fixture
def operate(run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch) -> Run:
    """As ``run``, with the operator's key."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    monkeypatch.setenv("PLIMSOLL_CLIENT__KEY", exchange.operator.key_id)
    monkeypatch.setenv("PLIMSOLL_CLIENT__SECRET", exchange.operator.secret)
    return run


def test_histories_and_lists_say_when_there_is_nothing(trade: Run) -> None:
    """Every list in both forms."""
    for args, none in (
        (("trigger", "list"), "no triggers"),
        (("auction", "list", "BTC-USD"), "no auctions"),
        (("funding", "BTC-USD"), "no funding yet"),
        (("repegs", "btc-usd"), "no repegs yet"),
        (("liquidations",), "no liquidations yet"),
    ):
        assert trade(*args).stdout.strip() == none
        assert as_json(trade(*args, "--json")) == []


def test_a_trigger_waits_for_one_price(trade: Run) -> None:
    """Exactly one of --above and --below; prices are checked at the door."""
    place = ("trigger", "place", "sell", "BTC-USD", "0.01")
    assert "--above or --below" in trade(*place).stderr
    assert "--above or --below" in trade(*place, "--above", "1", "--below", "2").stderr
    both = trade(*place, "--below", "5", "--limit", "4", "--worst", "3")
    assert "--worst belongs" in both.stderr
    assert "trigger_price" in failure(trade(*place, "--below", "zero"), 2)


def test_what_a_trigger_and_a_delayed_order_wait_for() -> None:
    """A price in a direction; or a time after which the price was published."""
    one = TriggerInfo(
        order=1, account=7, market="BTC-USD", side="buy", type="market", tif="ioc", price=None,
        size="1", reduce_only=False, trigger_price="60000", direction="above", expires_ms=0,
        client_order_id="",
    )  # fmt: skip
    assert waits_for(one) == "above 60,000"
    values = {"kind": "delayed", "trigger_price": None, "direction": None, "earliest_ms": 2_001}
    late = msgspec.structs.replace(one, **values)
    assert waits_for(late) == "later than 00:00:02.000"


def test_an_offer_to_no_auction(trade: Run) -> None:
    """Refused by the exchange: exit code 3."""
    result = trade("auction", "offer", "999999", "0.01", "--price", "60000")
    assert "rejected" in failure(result, 3)


def test_a_market_shows_its_mechanisms(trade: Run) -> None:
    """Spreads, averages, volumes, timer, pools."""
    text = trade("market", "show", "BTC-USD").stdout
    for words in ("reservation price", "5.0 / 5.0 bp", "oracle 5 min / 1 h", "repeg event",
                  "volume in 24 h", "clearing", "escrow"):  # fmt: skip
        assert words in text


def test_a_record_is_explained(trade: Run) -> None:
    """Over the API: what was measured, against what, by which rule."""
    placed = as_json(trade("order", "buy", "BTC-USD", "0.01", "--json"))["receipt"]
    text = " ".join(trade("explain", placed["seq"]).stdout.split())
    assert "from the vAMM" in text and "VAMM-011" in text
    refused = as_json(trade("order", "buy", "BTC-USD", "0.5", "--limit", "50", "--json"), 3)
    text = trade("explain", refused["seq"]).stdout
    assert "PRICE_BAND (price 50," in text and "ORDER-012" in text
    assert "not among the recent" in failure(trade("explain", 999_999), 3)


def test_a_journal_is_explained(run: Run, tmp_path: Path) -> None:
    """By replay, with everything that happened."""
    folder = tmp_path / "journal"
    commands = presets.bootstrap({"BTC-USD": 60_000_000_000}, open_deposits=True)
    with InlineExchange(folder) as exchange:
        exchange.bootstrap(commands, 1_700_000_000_000)
        exchange.submit(CreatePrincipal("alice", codes.ROLE_TRADER), 1, 1_700_000_000_001)
    text = run("explain", 2, "--data-dir", folder).stdout
    assert "Principal 1 is oracle." in text and "ADMIN-001" in text
    last = as_json(run("explain", len(commands) + 1, "--data-dir", folder, "--json"))
    assert not last["accepted"] and "NOT_ALLOWED" in last["lines"][0]["text"]
    assert "no record" in failure(run("explain", 99, "--data-dir", folder), 1)
    assert "no journal" in failure(run("explain", 1, "--data-dir", tmp_path), 2)


def test_an_operator_funds_a_pool(operate: Run) -> None:
    """Out of the treasury; the pool has it afterwards."""
    operate("account", "deposit", "500", "--account", 1)
    before = as_json(operate("market", "show", "BTC-USD", "--json"))["pools"]["insurance"]
    done = operate("admin", "fund-pool", "btc-usd", "insurance", "100")
    assert done.exit_code == 0, done.output
    assert "100 USD for the insurance pool of BTC-USD" in done.stdout
    after = as_json(operate("market", "show", "BTC-USD", "--json"))["pools"]["insurance"]
    assert float(after) - float(before) == 100
    assert "adjustments" in operate("admin", "fund-pool", "BTC-USD", "gold", "1").stderr


def test_an_operator_repegs_within_the_rules(operate: Run) -> None:
    """The peg that stands already is refused with its numbers."""
    assert "rejected, REPEG_REDUNDANT" in failure(operate("admin", "repeg", "BTC-USD", "60000"), 3)
    assert "the peg" in failure(operate("admin", "repeg", "BTC-USD", "much"), 2)


def test_an_operator_changes_parameters(operate: Run) -> None:
    """Those that are named, in the units of the settings; the others stay."""
    path = ("market", "show", "BTC-USD", "--json")
    before = as_json(operate(*path))
    changed = as_json(operate("admin", "set-market-params", "BTC-USD", "taker_fee=7bp", "--json"))
    assert (changed["before"], changed["after"]) == ({"taker_fee": 500}, {"taker_fee": 700})
    after = as_json(operate(*path))
    assert after["taker_fee"] == 700 and after["imr"] == before["imr"]
    operate("admin", "set-market-params", "BTC-USD", "taker_fee=5bp")
    wrong = operate("admin", "set-market-params", "BTC-USD", "mmr=90%")
    assert "0 < mmr < imr" in failure(wrong, 2)
    assert "plimsoll params" in failure(
        operate("admin", "set-market-params", "BTC-USD", "fee=1"), 2
    )


def test_accounts_are_the_traders_own(trade: Run) -> None:
    """Triggers of somebody else's account are not shown."""
    assert failure(trade("trigger", "list", "--account", ACCOUNT + 1), 3)
