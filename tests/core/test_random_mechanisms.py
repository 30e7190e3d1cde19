"""Random commands with every mechanism on, in front of an independent observer."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from plimsoll.messages import commands, events
from tests.harness.observer import Observer
from tests.harness.witness import Witness, Witnessed
from tests.random_mechanisms import MINIMUMS, RARE, missing

HARNESS = Path(__file__).resolve().parents[1] / "harness"
INDEPENDENT = (
    "observer", "observer_auctions", "observer_breaker", "observer_closing", "observer_curve",
    "observer_delayed", "observer_fills", "observer_funding", "observer_gateway", "observer_guard",
    "observer_hedges", "observer_losses", "observer_margin", "observer_money", "observer_orders",
    "observer_outflow", "observer_quotes", "observer_shares", "observer_signing", "observer_spot",
    "observer_vault_guard", "observer_vaults", "observer_verdicts",
)  # fmt: skip
COMMANDS = 12_000


@pytest.mark.parametrize("seed", [1, 2])
def test_no_event_breaks_a_rule(seed: int) -> None:
    """Every event obeys the rules, every book agrees, and enough of everything happens."""
    run = Witness(seed)
    run.run(COMMANDS)
    assert missing(run.counts, COMMANDS) == []


def test_a_breach_is_reported_with_its_reproduction() -> None:
    """Whoever sees a failure can see it again with one command."""
    run = Witness(3)
    run.run(300)
    trader = next(account for account, owner in run.generator.world.owners.items() if owner > 2)
    run.observer.cash[trader, 0] += 1
    with pytest.raises(Witnessed) as caught:
        run.compare()
    assert caught.value.ident == "M5"
    assert "python -m tests.random_mechanisms --seed 3 --commands 300" in str(caught.value)


def test_a_run_of_nothing_does_not_pass() -> None:
    """A generator that stops producing something is noticed."""
    enough = dict.fromkeys((*MINIMUMS, *RARE), 10**6)
    assert missing(enough, 200_000) == []
    names = (
        "event Liquidating", "fills adl", "fills auction", "event FundingUpdated", "fills hedged",
        "event VaultQuoted", "event UnlockPaid", "event SpotSwapped", "event FirmQuoteFilled",
        "fills signed", "paid relay_fee", "paid signed_release", "event SignedLapsed",
        "event DelayedExecuted by OraclePrices",
        "event BreakerMoved to restricted, outflow", "event BreakerMoved to paused, outflow",
        "event BreakerMoved to normal, recovered", "event HeldReleased, paid",
        "event VaultBreakerMoved to restricted, margin", "rejected NEEDS_PROPOSAL",
        "event ProposalEnded, executed, SetMarketParams",
    )  # fmt: skip
    for name in names:
        assert missing({**enough, name: 0}, 200_000), name


def test_the_observer_judges_every_event() -> None:
    """No event of the vocabulary passes unseen."""
    names = [event.__name__ for event in events.EVENTS]
    assert [name for name in names if not hasattr(Observer, f"on_{name}")] == []


def test_every_command_is_sent() -> None:
    """A command that no generator sends is tested by nobody."""
    sent = {name.split()[1] for name in (*MINIMUMS, *RARE) if name.startswith("did ")}
    names = {command.__name__ for command in commands.COMMANDS}
    # Those that open the exchange occur once, or a few times.
    once = {name for name in names - sent if name.startswith(("Create", "Fund", "SetGlobal"))}
    assert names - sent == once


@pytest.mark.parametrize("name", INDEPENDENT)
def test_the_observer_shares_no_code_with_the_core(name: str) -> None:
    """A witness that borrowed the core's arithmetic would repeat its mistakes."""
    for node in ast.walk(ast.parse(HARNESS.joinpath(f"{name}.py").read_text("utf-8"))):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            top = module.split(".")
            if top[0] == "plimsoll":
                assert top[1] == "messages", module
            if top[0] == "tests":
                assert top[2] in INDEPENDENT, module
