"""Every rule the observer judges by is alive: a bug planted in the core breaks exactly that one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.planted_gateway import PLANTED as GATEWAY
from tests.harness.planted_guard import PLANTED as GUARD
from tests.harness.planted_mechanisms import PLANTED
from tests.harness.planted_vaults import PLANTED as VAULTS

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = "MSEACPBOGLUFI"
OF_VAULTS = "VHKSEMDPTX"
OF_GATEWAY = "XEOBTD"
OF_GUARD = "CHND"


def outcome(module: str, name: str) -> list[str]:
    """What a run with this bug prints."""
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
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bug_is_noticed(name: str) -> None:
    """The rule named by the bug is the one that is found broken."""
    lines = outcome("planted_mechanisms", name)
    assert lines[0] == PLANTED[name].ident, lines[:4]


@pytest.mark.parametrize("name", VAULTS)
def test_planted_bug_of_vaults_is_noticed(name: str) -> None:
    """The rule of vaults, spot and desks that the bug names is the one that is found broken."""
    lines = outcome("planted_vaults", name)
    assert lines[0] == VAULTS[name].ident, lines[:4]


@pytest.mark.parametrize("name", GATEWAY)
def test_planted_bug_of_the_gateway_is_noticed(name: str) -> None:
    """A rule of signed or delayed orders that the bug names is the one found broken first."""
    lines = outcome("planted_gateway", name)
    assert lines[0] in GATEWAY[name].ident.split(), lines[:4]


@pytest.mark.parametrize("name", GUARD)
def test_planted_bug_of_guards_is_noticed(name: str) -> None:
    """A rule of breakers and changes that the bug names is the one that is found broken first."""
    lines = outcome("planted_guard", name)
    assert lines[0] in GUARD[name].ident.split(), lines[:4]


@pytest.mark.parametrize(
    "module", ["planted_mechanisms", "planted_vaults", "planted_gateway", "planted_guard"]
)
def test_nothing_is_found_without_a_bug(module: str) -> None:
    """The same run on the sound core goes through."""
    assert outcome(module, "none")[0] == "none"


def test_every_family_of_rules_has_a_planted_bug() -> None:
    """Money, solvency, fees, the vAMM, modes, prices, book, orders, margin, liquidation, auctions,
    funding, losses.
    """
    assert set(FAMILIES) <= {bug.ident[0] for bug in PLANTED.values()}


def test_every_family_of_rules_of_vaults_has_a_planted_bug() -> None:
    """Vaults, hedges, pools, what is held for others, fees, money, prices, times, owners."""
    assert set(OF_VAULTS) <= {bug.ident[0] for bug in VAULTS.values()}


def test_every_family_of_rules_of_gateway_and_guards_has_a_planted_bug() -> None:
    """Which part of which order, fees, orders, book, times; breakers, hedges, changes; restarts."""
    assert set(OF_GATEWAY) <= {bug.ident[0] for bug in GATEWAY.values()}
    assert set(OF_GUARD) <= {bug.ident[0] for bug in GUARD.values()}
