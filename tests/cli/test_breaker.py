"""What may leave, and what is held, on the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plimsoll.messages import codes
from plimsoll.messages.commands import Deposit, SetBreakerMode, SetBreakerParams
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.runtime import presets
from tests.cli.conftest import Run, as_json, failure
from tests.cli.live import ACCOUNT, Live

KEPT = {"retained": 990_000, "pause_retained": 400_000}


@pytest.fixture
def limited(exchange: Live) -> Iterator[Live]:
    """99 % have to stay; afterwards the breaker is normal again, without limits in force."""
    exchange.submit(SetBreakerParams(BreakerParams(**KEPT)), presets.OPERATOR)
    exchange.submit(SetBreakerMode(codes.NORMAL, 0), presets.OPERATOR)
    yield exchange
    exchange.submit(SetBreakerMode(codes.NORMAL, 0), presets.OPERATOR)


def test_what_may_leave(trade: Run, run: Run, limited: Live) -> None:
    """The mode, the bound, one's own part; without a key what is everybody's."""
    text = trade("breaker", "show").stdout
    for words in ("mode", "normal", "has to stay", "may leave now", "you may take now"):
        assert words in text
    found = as_json(trade("breaker", "show", "--json"))
    assert (found["mode"], found["limited"]) == ("normal", True)
    assert found["own"]["principal"] == 3
    elsewhere = ("--data", "elsewhere", "--set", f"client.url={limited.url}")
    assert as_json(run(*elsewhere, "breaker", "show", "--json")).get("own") is None
    assert "you may take now" not in run(*elsewhere, "breaker", "show").stdout


def test_a_withdrawal_is_held_and_taken_back(trade: Run, limited: Live) -> None:
    """The answer says that it was not paid, and where it is."""
    done = trade("account", "withdraw", "90000")
    assert done.exit_code == 0, done.stderr
    assert "held as claim" in done.stdout and "account held" in done.stdout
    (one,) = as_json(trade("account", "held", "--json"))
    assert (one["account"], one["amount"]) == (ACCOUNT, "90000")
    for words in ("Held withdrawals", "the breaker", "90,000 USD"):
        assert words in trade("account", "held").stdout
    assert "restricted" in trade("breaker", "show").stdout
    waits = failure(trade("account", "held-release", one["claim"]), 3)
    assert "HELD_WAITS" in waits and "held-cancel" in waits
    assert "BREAKER_WAITS" in failure(trade("breaker", "review"), 3)
    assert "EXCHANGE_MODE" in failure(
        trade("order", "buy", "BTC-USD", "0.01", "--limit", "59000"), 3
    )
    # What tripped the breaker waits with those it stopped; what was only held meanwhile does not.
    assert "HELD_WAITS" in failure(trade("account", "held-cancel", one["claim"]), 3)
    assert "held as claim" in trade("account", "withdraw", "2").stdout
    small = as_json(trade("account", "held", "--json"))[-1]
    assert "went back" in trade("account", "held-cancel", small["claim"]).stdout
    assert "UNKNOWN_HELD" in failure(trade("account", "held-cancel", small["claim"]), 3)
    limited.submit(SetBreakerMode(codes.NORMAL, 0), presets.OPERATOR)
    assert trade("account", "held").stdout.strip() == "nothing is held"
    limited.submit(Deposit(ACCOUNT, 0, 90_000 * 10**6, "again"), presets.OPERATOR)


def test_a_withdrawal_that_is_paid_says_so(trade: Run, limited: Live) -> None:
    """Within the bound nothing is different."""
    assert "withdrew 1 USD" in trade("account", "withdraw", "1").stdout


def test_nothing_to_review(trade: Run, exchange: Live) -> None:
    """A breaker that is normal; a vault that is not there."""
    assert "NOTHING_TO_DO" in failure(trade("breaker", "review"), 3)
    assert "no vault 7" in failure(trade("breaker", "review", "--vault", "7"), 3)
