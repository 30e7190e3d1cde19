"""The checks of the doors are alive: each notices a small fault, which is planted. X3, X4."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.door_checks import CHECKS
from tests.harness.planted_door import PLANTED

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """What a run of each bug on the interpreted program prints: name -> check."""
    paths = [str(ROOT / "src"), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.harness.planted_door", "all"],
        env={**os.environ, "PLIMSOLL_PURE": "1", "PYTHONPATH": os.pathsep.join(paths)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


def test_the_sound_doors_pass(outcomes: dict[str, str]) -> None:
    """API-031, GATE-004: every check, without a bug."""
    assert outcomes["none"] == "none"


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bug_of_a_door_is_noticed(outcomes: dict[str, str], name: str) -> None:
    """By the check that it names."""
    assert outcomes[name] == PLANTED[name].ident


def test_every_check_notices_something() -> None:
    """A check that no fault fails protects nothing."""
    assert {bug.ident for bug in PLANTED.values()} == set(CHECKS)
