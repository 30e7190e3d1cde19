"""Every rule of the specification has a test, and every code that is cited exists.

A test claims a rule by its code in the docstring or the name. ``rules.toml`` does it for tests
that say what they protect in words of their own.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "docs" / "spec"
CLAIMS = Path(__file__).with_name("rules.toml")

PREFIXES = (
    "UNIT", "MSG", "MONEY", "FEE", "ACCOUNT", "VAMM", "BOOK", "ORDER", "ROUTE", "ORACLE", "UPKEEP",
    "MARGIN", "SETTLE", "AUTH", "ADMIN", "INV", "NODE", "API", "FEED", "FUND", "AUCTION",
    "SPREAD", "REPEG", "HEALTH", "UPDATE",
    "TRACK", "LIQ", "TRIGGER", "KEEPER", "SHARE", "SPOT", "HOUSE", "PASSIVE", "HEDGE",
    "DELAY", "GATE",
    "BREAK",
    "PROP",
    "PNL",
)  # fmt: skip
CODE = re.compile(rf"\b({'|'.join(PREFIXES)})-(\d{{3}})\b")
DEFINED = re.compile(r"^\*\*([A-Z]+-\d{3})\*\*", re.MULTILINE)
BETWEEN = re.compile(r"\s*(?:…|\.\.\.?|to|–)\s*(?:[A-Z]+-)?(\d{3})\b")


def cited(text: str) -> set[str]:
    """The codes a text names; of a range (``FEE-001 to FEE-003``) all within it."""
    found = set()
    for match in CODE.finditer(text):
        first = last = int(match[2])
        if until := BETWEEN.match(text, match.end()):
            last = int(until[1])
        found |= {f"{match[1]}-{number:03}" for number in range(first, last + 1)}
    return found


def definitions() -> list[str]:
    """The rules, in the order they stand in the chapters."""
    return [
        code for page in sorted(SPEC.glob("*.md")) for code in DEFINED.findall(page.read_text())
    ]


def all_tests() -> Iterator[tuple[str, str, str]]:
    """File, name and docstring of every test."""
    for path in sorted(ROOT.joinpath("tests").rglob("test_*.py")):
        if path == Path(__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and node.name.startswith("test_"):
                name = path.relative_to(ROOT / "tests").as_posix()
                yield name, node.name, ast.get_docstring(node) or ""


def claims() -> dict[str, list[str]]:
    """What ``rules.toml`` says: code -> tests, as ``file::name``."""
    return tomllib.loads(CLAIMS.read_text("utf-8"))["rules"]


def test_codes_are_defined_once_and_without_gaps() -> None:
    """A code names one rule; the numbers of a prefix begin at 1 and miss none."""
    found = definitions()
    assert [code for code, count in Counter(found).items() if count > 1] == []
    for prefix in PREFIXES:
        numbers = [int(code.rpartition("-")[2]) for code in found if code.startswith(prefix + "-")]
        assert numbers == list(range(1, len(numbers) + 1)) != [], prefix


def test_every_rule_has_a_test() -> None:
    """A rule nobody checks is a wish."""
    covered = set(claims()).union(*(cited(name + " " + text) for _, name, text in all_tests()))
    assert [code for code in definitions() if code not in covered] == []


def test_every_cited_code_exists() -> None:
    """No module, test or page sends its reader to a rule that is not there."""
    known = set(definitions())
    pages = [*ROOT.joinpath("src").rglob("*.py"), *ROOT.joinpath("tests").rglob("*.py")]
    pages += [*ROOT.joinpath("docs").rglob("*.md"), ROOT / "README.md"]
    assert [
        f"{page.relative_to(ROOT)}: {code}"
        for page in pages
        if page != Path(__file__)
        for code in sorted(cited(page.read_text("utf-8")) - known)
    ] == []


def test_claims_name_tests_and_rules_that_exist() -> None:
    """A claim goes when its test or its rule goes."""
    names = {f"{file}::{name}" for file, name, _ in all_tests()}
    known = set(definitions())
    assert [code for code in claims() if code not in known] == []
    assert [name for claimed in claims().values() for name in claimed if name not in names] == []


def test_ranges_are_understood() -> None:
    """The forms in which docstrings cite."""
    assert cited("FEE-001 … FEE-002, BOOK-002.") == {"FEE-001", "FEE-002", "BOOK-002"}
    assert cited("UPKEEP-001 … 003") == {"UPKEEP-001", "UPKEEP-002", "UPKEEP-003"}
    assert cited("ROUTE-008 to 009; SHA-256") == {"ROUTE-008", "ROUTE-009"}
