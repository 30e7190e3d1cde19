"""Two operators on the command line: a change that is refused, announced, seen, executed."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result

from plimsoll.cli.admin_guard import PROPOSABLE
from plimsoll.cli.announcing import propose_line
from plimsoll.runtime.keys import SCOPES, KeyStore, StoredKey
from tests.cli.conftest import Run, as_json, failure
from tests.cli.live import Live

Operate = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """An exchange of its own: there is no way back from a delay."""
    made = Live()
    yield made
    made.stop()


@pytest.fixture
def first(run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Commands of the first operator."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    return by(run, monkeypatch, exchange.operator)


def by(run: Run, monkeypatch: pytest.MonkeyPatch, key: StoredKey) -> Operate:
    """Commands with a key, as its holder has it in the environment."""

    def call(*args: object) -> Result:
        monkeypatch.setenv("PLIMSOLL_CLIENT__KEY", key.key_id)
        monkeypatch.setenv("PLIMSOLL_CLIENT__SECRET", key.secret)
        return run(*args)

    return call


@pytest.fixture
def second(first: Operate, run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Commands of the second operator, made as the specification says, and a delay of 1 ms."""
    principals = as_json(first("admin", "principal", "list", "--json"))
    found = [one["principal"] for one in principals if one["name"] == "second"]
    if not found:
        refused = failure(first("admin", "params", "set", "admin_delay_ms=1"), 3)
        assert "PARAMS_INVALID" in refused
        made = first("admin", "principal", "create", "second", "--role", "operator")
        found = [int(made.stdout.split()[1])]
        assert f"plimsoll key create --principal {found[0]}" in made.stderr
        first("admin", "params", "set", "admin_delay_ms=1")
    return by(run, monkeypatch, exchange.key_of(found[0]))


def number(result: Result) -> int:
    """The proposal that was announced."""
    assert result.exit_code == 0, result.output
    words = result.stdout.split()
    assert words[0] == "proposal", result.stdout
    return int(words[1].rstrip(":"))


def imr(operate: Operate) -> int:
    """A parameter in force."""
    found: int = as_json(operate("market", "show", "BTC-USD", "--json"))["imr"]
    return found


def test_a_refusal_offers_the_command_that_proposes_it(first: Operate, second: Operate) -> None:
    """What loosens is said by name; the line that is offered works as it stands."""
    said = failure(first("admin", "set-market-params", "btc-usd", "imr=4%", "mmr=2.5%"), 3)
    assert "NEEDS_PROPOSAL: imr gets looser, which needs two operators and 1 ms" in said
    offered = said.partition("propose it with `")[2].partition("`")[0]
    assert offered == "plimsoll admin propose set-market-params btc-usd imr=4% mmr=2.5%"
    before = imr(first)
    ident = number(first(*shlex.split(offered)[1:]))
    assert imr(first) == before
    assert "PROPOSAL_OWN" in failure(first("admin", "execute", ident), 3)
    shown = first("admin", "proposals").stdout
    for word in ("SetMarketParams BTC-USD  ready", "by operator (0), from ", " UTC"):
        assert word in shown, shown
    assert ["imr", "5%", "to", "4%", "looser"] in [row.split() for row in shown.splitlines()]
    done = second("admin", "execute", ident)
    assert f"proposal {ident} executed (SetMarketParams)" in done.stdout, done.output
    assert imr(first) == 40_000
    assert "UNKNOWN_PROPOSAL" in failure(second("admin", "execute", ident), 3)
    as_json(first("admin", "set-market-params", "BTC-USD", "imr=5%", "--json"))


def test_what_tightens_goes_through(first: Operate, second: Operate) -> None:
    """One key is enough for it, and the usual table is shown."""
    done = first("admin", "set-market-params", "BTC-USD", "price_band=9%")
    assert done.exit_code == 0, done.output
    assert "9%" in done.stdout and "now" in done.stdout


def test_a_proposal_is_taken_back(first: Operate, second: Operate) -> None:
    """By either operator; then nothing is announced."""
    ident = number(first("admin", "propose", "market", "mode", "BTC-USD", "active"))
    assert [one["proposal"] for one in as_json(first("admin", "proposals", "--json"))] == [ident]
    done = second("admin", "cancel-proposal", ident)
    assert f"proposal {ident} taken back" in done.stdout
    assert "nothing is announced" in first("admin", "proposals").stdout
    assert "UNKNOWN_PROPOSAL" in failure(first("admin", "cancel-proposal", ident), 3)


def test_what_cannot_be_done_is_not_announced(first: Operate, second: Operate) -> None:
    """The refusal is the change's own."""
    said = failure(first("admin", "propose", "market", "fund", "BTC-USD", "99999999"), 3)
    assert "INSUFFICIENT_BALANCE" in said


def test_a_proposal_acts_once(first: Operate, second: Operate) -> None:
    """Under a client id it is announced once, and the offered line leaves that id out."""
    args = ("admin", "propose", "principal", "create", "eve", "--client-id", "p-1")
    one, again = first(*args), first(*args)
    assert number(one) == number(again)
    assert "nothing was done twice" in again.stdout
    second("admin", "cancel-proposal", number(one))
    said = failure(
        first("admin", "principal", "create", "zoe", "--role", "oracle", "--client-id", "p-2"), 3
    )
    assert "this makes an operator or an oracle" in said
    assert "`plimsoll admin propose principal create zoe --role oracle`" in said


def test_json_is_the_receipt(first: Operate, second: Operate) -> None:
    """Of a refusal as of an announcement, and nothing else on stdout."""
    refused = as_json(first("admin", "market", "fund", "BTC-USD", "1", "--json"), 3)
    assert refused["reject"]["name"] == "NEEDS_PROPOSAL"
    made = as_json(first("admin", "propose", "params", "set", "batch_max=49", "--json"))
    (event,) = made["events"]
    assert event["type"] == "Proposed"
    second("admin", "cancel-proposal", event["proposal"])


def test_the_treasury_pays_with_two_keys(first: Operate, second: Operate) -> None:
    """Refused to one operator, announced with its amount, paid when the other one executes it."""
    as_json(first("account", "deposit", "100", "--account", 1, "--json"))
    said = failure(first("admin", "withdraw", "12.5", "--external-id", "rent"), 3)
    assert "Withdraw is a change of the exchange" in said
    assert "`plimsoll admin propose withdraw 12.5 --external-id rent`" in said
    ident = number(first("admin", "propose", "withdraw", "12.5", "--external-id", "rent"))
    assert "12.5 USD out of the treasury, rent" in first("admin", "proposals").stdout
    assert second("admin", "execute", ident).exit_code == 0


def test_the_breaker(first: Operate, second: Operate) -> None:
    """Its first limits are set at once with defaults for the rest; looser ones are announced; a
    grace is counted from when it may begin."""
    missing = failure(first("admin", "breaker-mode", "normal", "--grace", "1h"), 3)
    assert "grace_until_ms gets looser" in missing
    done = first("admin", "set-breaker", "retained=80%", "threshold=1000.5")
    assert [row.split() for row in done.stdout.splitlines()[-2:]] == [
        ["retained", "-", "80%"], ["threshold", "-", "1000.5"],
    ]  # fmt: skip
    said = failure(first("admin", "set-breaker", "retained=70%"), 3)
    assert "retained gets looser" in said
    first("admin", "set-breaker", "retained=85%")
    ident = number(first("admin", "propose", "set-breaker", "threshold=2000"))
    shown = first("admin", "proposals").stdout
    rows = [row.split() for row in shown.splitlines()]
    assert ["threshold", "1000.5", "to", "2000", "looser"] in rows
    second("admin", "cancel-proposal", ident)
    assert "the breaker is restricted" in first("admin", "breaker-mode", "restricted").stdout
    said = failure(first("admin", "breaker-mode", "normal"), 3)
    assert "mode gets looser" in said
    ident = number(first("admin", "propose", "breaker-mode", "normal", "--grace", "1h"))
    shown = first("admin", "proposals").stdout
    rows = [row.split() for row in shown.splitlines()]
    assert ["mode", "restricted", "to", "normal", "looser"] in rows
    assert any(row[:3] == ["grace_until_ms", "-", "to"] for row in rows)
    assert second("admin", "execute", ident).exit_code == 0


@pytest.mark.parametrize(
    "args",
    [
        ("execute", "x"), ("execute", "-1"), ("cancel-proposal", "x"), ("propose",),
        ("propose", "execute", "1"), ("propose", "create-asset", "X", "--decimals", "6"),
        ("set-breaker",), ("set-breaker", "retained"), ("set-breaker", "retained=100%"),
        ("set-breaker", "patience=1"), ("breaker-mode", "open"),
        ("breaker-mode", "normal", "--grace", "soon"), ("withdraw", "-1"),
        ("withdraw", "1", "--asset", "GOLD"),
    ],
)  # fmt: skip
def test_malformed_values_exit_with_2(first: Operate, args: tuple[str, ...]) -> None:
    """Nothing is sent that cannot be meant."""
    result = first("admin", *args)
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize("path", PROPOSABLE)
def test_every_change_can_be_announced(run: Run, path: str) -> None:
    """Each has its place in the group, with its own help."""
    plain = run("admin", *path.split(), "--help").output.partition("Options:")[2]
    proposed = run("admin", "propose", *path.split(), "--help")
    assert (proposed.exit_code, proposed.output.partition("Options:")[2]) == (0, plain)
    assert plain


def test_proposals_need_no_key(run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has money there may see what is about to change."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    assert run("admin", "proposals").exit_code == 0


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ("admin set-vault 1 fill_max=0", "plimsoll admin propose set-vault 1 fill_max=0"),
        ("--data d admin market mode X active --client-id c",
         "plimsoll --data d admin propose market mode X active"),
        ("admin withdraw 5 --client-id=c --asset ETH",
         "plimsoll admin propose withdraw 5 --asset ETH"),
        ("admin params set 'a b=1'", "plimsoll admin propose params set 'a b=1'"),
    ],
)  # fmt: skip
def test_the_offered_line(args: str, line: str) -> None:
    """Options before the group stay before it; a client id belongs to one command only."""
    assert propose_line(shlex.split(args)) == line


def test_a_delay_is_no_setting(run: Run) -> None:
    """An exchange begins with one operator, who could do nothing about it any more."""
    said = failure(run("config", "show", "--set", "exchange.admin_delay_ms=1000"), 2)
    assert "admin_delay_ms" in said and "second" in said


def test_keys_of_a_second_operator(tmp_path: Any) -> None:
    """Scopes as the specification names them make a key for all that is announced."""
    with KeyStore.open(tmp_path / "keys.db") as store:
        made = store.create(5, ["read", "trade", "withdraw", "admin"], "second", now_ms=1)
    assert made.scopes <= set(SCOPES)
