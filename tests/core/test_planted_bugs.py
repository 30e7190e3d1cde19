"""Every invariant is alive: a bug planted in the core makes exactly that one halt the exchange."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.core.invariants import REGISTRY
from tests.harness.planted import PLANTED
from tests.harness.planted_breaker import PLANTED as GUARD
from tests.harness.planted_liquidity import PLANTED as VAULTS
from tests.harness.planted_mechanisms import PLANTED as MECHANISMS
from tests.harness.planted_proposals import PLANTED as PROPOSALS
from tests.harness.planted_proposals import RULES as RULES_OF_PROPOSALS
from tests.harness.planted_rules import RULES
from tests.harness.planted_signed import PLANTED as SIGNED
from tests.harness.planted_spot import PLANTED as SPOT

ROOT = Path(__file__).resolve().parents[2]


def outcome(module: str, name: str) -> str:
    """What a run with this bug prints first."""
    paths = [str(ROOT / "src"), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-m", f"tests.harness.{module}", name],
        env={**os.environ, "PLIMSOLL_PURE": "1", "PYTHONPATH": os.pathsep.join(paths)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[0]


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bug_is_noticed(name: str) -> None:
    """The invariant named by the bug halts, in the check the registry promises."""
    ident = PLANTED[name].ident
    assert outcome("planted", name) == f"{ident} {REGISTRY[ident][0]}"


@pytest.mark.parametrize("name", SPOT)
def test_planted_bug_of_spot_is_noticed(name: str) -> None:
    """The same of pools, firm quotes and their escrow."""
    ident = SPOT[name].ident
    assert outcome("planted_spot", name) == f"{ident} {REGISTRY[ident][0]}"


@pytest.mark.parametrize("name", VAULTS)
def test_planted_bug_of_vaults_is_noticed(name: str) -> None:
    """The same of shares, unlocks, quotes and hedges."""
    ident = VAULTS[name].ident
    assert outcome("planted_liquidity", name) == f"{ident} {REGISTRY[ident][0]}"


@pytest.mark.parametrize("name", SIGNED)
def test_planted_bug_of_signed_orders_is_noticed(name: str) -> None:
    """The same of signed orders and the keys that sign them."""
    ident = SIGNED[name].ident
    assert outcome("planted_signed", name) == f"{ident} {REGISTRY[ident][0]}"


@pytest.mark.parametrize("name", GUARD)
def test_planted_bug_of_breakers_is_noticed(name: str) -> None:
    """The same of what breakers count, hold and let go."""
    ident = GUARD[name].ident
    assert outcome("planted_breaker", name) == f"{ident} {REGISTRY[ident][0]}"


@pytest.mark.parametrize("name", PROPOSALS)
def test_planted_bug_of_proposals_is_noticed(name: str) -> None:
    """The same of changes by two keys."""
    ident = PROPOSALS[name].ident
    assert outcome("planted_proposals", name) == f"{ident} {REGISTRY[ident][0]}"


@pytest.mark.parametrize("name", RULES_OF_PROPOSALS)
def test_broken_rule_of_proposals_is_noticed_by_the_model(name: str) -> None:
    """Who may do what when is not an invariant of a state, but of its history."""
    assert outcome("planted_proposals", name) == "difference"


@pytest.mark.parametrize("name", RULES)
def test_broken_rule_is_noticed_by_the_auditor(name: str) -> None:
    """What breaks no invariant, the independent model finds."""
    assert outcome("planted_rules", name) == "difference"


def test_nothing_halts_without_a_bug() -> None:
    """The same run on the sound core goes through."""
    assert outcome("planted", "none") == "none"
    assert outcome("planted_spot", "none") == "none"
    assert outcome("planted_liquidity", "none") == "none"
    assert outcome("planted_proposals", "none") == "none"
    assert outcome("planted_signed", "none") == "none"
    assert outcome("planted_breaker", "none") == "none"


def test_every_invariant_has_a_planted_bug() -> None:
    """No invariant is dead, and no bug names one that does not exist."""
    planted = {bug.ident for bug in [*PLANTED.values(), *SPOT.values(), *VAULTS.values()]}
    planted |= {bug.ident for bug in [*PROPOSALS.values(), *SIGNED.values(), *GUARD.values()]}
    assert planted <= set(REGISTRY)
    assert planted | {bug.ident for bug in MECHANISMS.values()} >= set(REGISTRY)
