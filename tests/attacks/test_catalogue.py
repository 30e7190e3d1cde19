"""The catalogue and the tests say the same: every row once, every test named, every name a test."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CATALOGUE: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (HERE / "catalogue.toml").read_text(encoding="utf-8")
)
LAST = 89


def functions_here() -> set[str]:
    """Every test function of this directory as module.function, but those of this module."""
    found = set()
    for path in sorted(HERE.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.add(f"{path.stem}.{node.name}")
    return found


def test_every_row_once() -> None:
    """Rows 1 to 89, each exactly once, each with tests or the place of its test."""
    assert [row["number"] for row in CATALOGUE["row"]] == list(range(1, LAST + 1))
    for row in CATALOGUE["row"]:
        assert row["title"]
        assert ("tests" in row) != ("elsewhere" in row), row["number"]
        if "tests" in row:
            assert row["tests"] and row["expected"], row["number"]


def test_tests_and_rows_name_each_other() -> None:
    """Every test named exists, once; every test of the directory is named."""
    named = Counter(
        name
        for kind in ("row", "beyond")
        for row in CATALOGUE[kind]
        for name in row.get("tests", [])
    )
    assert [name for name, count in named.items() if count > 1] == []
    assert set(named) == functions_here()


def test_places_exist() -> None:
    """A place of a test elsewhere is there."""
    for row in CATALOGUE["row"]:
        place = row.get("elsewhere", "").partition(":")[0]
        if place.startswith("tests/"):
            assert (ROOT / place).exists(), row["number"]
