"""Random commands against an independent model: the answers, the events and the whole states."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from plimsoll.messages import codes
from tests import random_mechanisms
from tests.harness.compare import Difference, Run
from tests.random_commands import MINIMUMS, UNREACHABLE, missing

HARNESS = Path(__file__).resolve().parents[1] / "harness"
INDEPENDENT = (
    "auditor", "exact", "matching", "model", "naive_book", "naive_vamm", "trading",
)  # fmt: skip
COMMANDS = 15_000


@pytest.mark.parametrize("seed", [1, 2])
def test_engine_and_auditor_agree(seed: int) -> None:
    """Every answer and state is what the independent model predicts, and enough of it happens."""
    run = Run(seed)
    run.run(COMMANDS)
    assert missing(run.counts, COMMANDS) == []


def test_a_difference_is_reported_with_its_reproduction() -> None:
    """Whoever sees a failure can see it again with one command."""
    run = Run(3)
    run.run(300)
    trader = next(account for account, owner in run.generator.world.owners.items() if owner > 2)
    run.auditor.cash[trader, 0] += 1
    with pytest.raises(Difference) as caught:
        run.compare_state()
    text = str(caught.value)
    assert f"balances of ({trader}, 0)" in text
    assert "python -m tests.random_commands --seed 3 --commands 300" in text


def test_a_run_of_nothing_does_not_pass() -> None:
    """A generator that stops producing something is noticed."""
    run = Run(4)
    run.run(2_000)
    assert missing(run.counts, 2_000) == []
    for name in ("fills vamm", "removed self_trade", "rejected PRICE_BAND"):
        assert [line for line in missing({**run.counts, name: 0}, 2_000) if name in line]


def test_every_reject_code_is_met() -> None:
    """No refusal of the vocabulary goes untested: one of the two random runs must meet it."""
    # No random run has vaults yet.
    names = {name for code, (name, _, _) in codes.REJECTS.items() if code < codes.UNKNOWN_VAULT}
    counted = (*MINIMUMS, *random_mechanisms.MINIMUMS, *random_mechanisms.RARE)
    met = {name.partition(" ")[2] for name in counted if name.startswith(("rejected", "oracle"))}
    assert names - met == set(UNREACHABLE)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_the_auditor_shares_no_code_with_the_core(name: str) -> None:
    """A model that borrowed the core's arithmetic would repeat its mistakes."""
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
            if top[:2] == ["tests", "harness"]:
                assert top[2] in INDEPENDENT, module
