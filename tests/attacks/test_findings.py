"""The table of findings and the tests say the same: each names the other."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FINDINGS: list[dict[str, Any]] = tomllib.loads(
    (HERE / "findings.toml").read_text(encoding="utf-8")
)["finding"]
PARTS = range(1, 6)
NAMED = re.compile(r"^Findings: (.*)\.$", re.MULTILINE)


def claims() -> dict[str, list[str]]:
    """What each test says it shows: the name of the test, as in the table -> ids of findings."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            match = NAMED.search(ast.get_docstring(node) or "")
            if match is None:
                continue
            place = f"{path.relative_to(ROOT).as_posix()}::"
            name = f"{path.stem}.{node.name}" if path.parent == HERE else place + node.name
            found[name] = match.group(1).split(", ")
    return found


def test_findings_and_tests_name_each_other() -> None:
    """Every test of the table is there and names its finding; who names one is in the table."""
    table = {(row["id"], test) for row in FINDINGS for test in row.get("tests", [])}
    said = {(ident, test) for test, idents in claims().items() for ident in idents}
    assert table == said, sorted(table ^ said)


def test_every_finding_has_one_answer() -> None:
    """Ids and numbers once; tests, or a reason."""
    idents = [row["id"] for row in FINDINGS]
    assert len(set(idents)) == len(idents)
    issues = [name for row in FINDINGS for name in row.get("also", []) if re.match("#|M-|H-", name)]
    assert len(set(issues + idents)) == len(issues + idents)
    for row in FINDINGS:
        assert row["part"] in PARTS and row["what"], row["id"]
        assert ("tests" in row) != ("none" in row), row["id"]
        assert row.get("tests") or row.get("none"), row["id"]


def test_the_audit_is_complete() -> None:
    """Both high findings, all twelve medium ones, and what concerns makers has its answer here."""
    named = {name for row in FINDINGS for name in (row["id"], *row.get("also", []))}
    for rank, last in (("H", 2), ("M", 12)):
        assert [n for n in range(1, last + 1) if f"{rank}-{n}" not in named] == []
