"""The determinism contract holds in the core, and each of its rules bites."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tests.tidy.determinism import PACKAGE, RULES, UNITS, scan, scanned_sources

ROWS_TEXT = """
class Row:
    def __init__(self):
        self.stamp = 0

class Order(Row):
    kind: int

    def __init__(self):
        self.size: int = 0

class Principal:
    def __init__(self):
        self.name: str = ""
"""

# rule -> snippets of core/sample.py (or of the module named) that must be caught.
CAUGHT: dict[str, list[str | tuple[str, str]]] = {
    "imports": [
        "import time",
        "from datetime import datetime",
        "import os.path",
        "import random",
        "from decimal import Decimal",
        "import threading, asyncio",
        "import math",
        "from math import sqrt",
        "import msgspec",
        "from plimsoll.errors import Failure",
        "from plimsoll import errors",
        "from . import book",
        "from plimsoll.units import *",
        ("messages/sample.py", "import uuid"),
        (UNITS, "import logging"),
    ],
    "builtins": [
        "a = hash(b)",
        "a = id(b)",
        "a = sorted(b, key=id)",
        "print(a)",
        "setattr(a, 'b', 1)",
        "object.__setattr__(a, 'b', 1)",
        "a.__dict__['b'] = 1",
        "a = open('b')",
        "a = eval('1')",
    ],
    "floats": [
        "a = float(b)",
        "a = 0.5",
        "def f(a: float) -> None: ...",
        "a = 1e9",
        "a = 2j",
        (UNITS, "a = 4.0e27"),
    ],
    "division": [
        "a = b / c",
        "a /= b",
        "a = b // c",
        "a //= b",
        "a = divmod(b, c)",
        "a = round(b, 2)",
        "a = 10 ** b",
        "a = 10 ** -2",
        (UNITS, "a = b / c"),
        ("messages/sample.py", "a = b // c"),
    ],
    "iteration": [
        "for a in {1, 2}: ...",
        "for a in set(b): ...",
        "for a in b.values(): ...",
        "for a, c in b.items(): ...",
        "a = [c for c in b.keys()]",
        "a = {c: 1 for c in set(b)}",
        "def f(a: dict[int, int]) -> None:\n    for b in a: ...",
        "def f(a: 'set[int] | None') -> None:\n    b = list(a)",
        "def f(a: frozenset[int]) -> None:\n    b = [*a]",
        "def f(a: set[int]) -> None:\n    b = a.pop()",
        "def f(a: set[str]) -> str:\n    return ','.join(a)",
        "def f(a: dict[int, set[int]]) -> None:\n    for b in a[1]: ...",
        "def f(a: set[int]) -> None:\n    b, c = a",
        "def f(a: set[int]) -> None:\n    b = a\n    for c in b: ...",
        "def f(a: set[int], b: set[int]) -> None:\n    for c in a | b: ...",
        "def f(a: dict[int, int]) -> int:\n    return min(a.values(), key=g)",
        "def f() -> set[int]: ...\nfor a in f(): ...",
        "a = b.popitem()",
        "TABLE: Final = {1: 2}\nfor a in TABLE: ...",
        """
        class Box:
            def __init__(self) -> None:
                self.orders: dict[int, int] = {}

            def walk(self) -> None:
                for order in self.orders: ...
        """,
        """
        class Box:
            def __init__(self) -> None:
                self.orders: dict[int, int] = {}

        def walk(box: Box) -> None:
            for order in box.orders: ...
        """,
    ],
    "asserts": ["assert a", (UNITS, "assert a")],
    "globals": [
        "cache = {}",
        "cache: dict[int, int] = {}",
        "seen = set()",
        "class A:\n    shared: list[int] = []",
        "def f() -> None:\n    global a\n    a = 1",
        "TABLE = {}\ndef f() -> None:\n    TABLE[1] = 2",
        "TABLE: Final[list[int]] = []\ndef f() -> None:\n    TABLE.append(1)",
        "class A:\n    TABLE = {}\n    def f(self) -> None:\n        self.TABLE[1] = 2",
    ],
    "rows": [
        "order.size = 1",
        "order.size += 1",
        "self.order.size = 1",
        "orders[0].kind = 1",
        "order.stamp, a = 1, 2",
        "del order.size",
        "for order.size in range(3): ...",
        "def f(order: Order) -> None:\n    order.size = 1",
        "def f(order: Order | None) -> None:\n    order.size = 1",
    ],
    "accounting": [
        ("core/ledger.py", "from mypy_extensions import i64"),
        ("core/margin.py", "import mypy_extensions"),
        ("core/fees.py", "from mypy_extensions import mypyc_attr, i32"),
        ("core/funding/rates.py", "from mypy_extensions import i64"),
        ("core/settlement.py", "from mypy_extensions import i64"),
        ("core/shares.py", "from mypy_extensions import i64"),
        ("core/passive_vault.py", "from mypy_extensions import i64"),
    ],
    "waivers": [
        "for a in set(b): ...  # det-ok:",
        "a = 1  # det-ok: nothing here needs it",
    ],
}

# rule -> the nearest innocent relatives of the above, which must pass.
PASSES: dict[str, list[str | tuple[str, str]]] = {
    "imports": [
        "from __future__ import annotations",
        "from typing import Final",
        "from collections.abc import Iterator",
        "from math import isqrt",
        "from mypy_extensions import i64",
        "from librt.vecs import vec",
        "from plimsoll.messages import commands",
        "from plimsoll.core.rows import Order",
        "from plimsoll.units import mul_div_floor",
        ("messages/sample.py", "import msgspec"),
        ("messages/sample.py", "from plimsoll.errors import Failure"),
    ],
    "builtins": [
        "def f(id: int) -> int:\n    return id",
        "a.hash(b)",
        "a = state_hash(b)",
        "a = b.id",
    ],
    "floats": ["a = 5", "a = '0.5'", "a = 10**9", (UNITS, "a = 4.0e27  # det-ok: a range guard")],
    "division": [
        "a = b % c",
        "a = mul_div_floor(b, c, d)",
        "a = b >> 1",
        "a = 2**62",
        "a = 10**DIGITS",
        (UNITS, "a = b // c"),
        (UNITS, "a = divmod(b, c)"),
    ],
    "iteration": [
        "for a in sorted(set(b)): ...",
        "for a in [1, 2]: ...",
        "for a in b: ...",
        "a = len(set(b))",
        "a = sum(c for c in b.values())",
        "a = max(b.values())",
        "a = {c for c in set(b)}",
        "a = sorted([c for c in b.values()])",
        "def f(a: dict[int, int]) -> bool:\n    return 1 in a",
        "def f(a: list[int]) -> None:\n    for b in a: ...",
        "def f(a: dict[int, list[int]]) -> None:\n    for b in a[1]: ...",
        "def f(a: list[int]) -> None:\n    b = a.pop()",
        "for a in b.values(): ...  # det-ok: each is changed by itself, order has no effect",
        """
        class Book:
            def __init__(self) -> None:
                self.orders: list[int] = []

        class Box:
            def __init__(self) -> None:
                self.orders: dict[int, int] = {}

            def walk(self, book: Book) -> None:
                for order in book.orders: ...
        """,
    ],
    "asserts": ["require(a, 'b')", "raise Failure('assert')"],
    "globals": [
        "TABLE: Final = {1: 2}\ndef f() -> int:\n    return TABLE[1]",
        "TABLE = {}\nTABLE[1] = 2",
        "NAMES = ('a', 'b')",
        "__all__ = ['a']",
        "def f() -> None:\n    cache = {}\n    cache[1] = 2",
    ],
    "rows": [
        "order.resize(1)",
        "a = order.size",
        "principal.name = 'a'",
        "order.colour = 1",
        "class Quote:\n    def __init__(self) -> None:\n        self.size = 1",
        "quote.size = 1  # det-ok: a Quote is a value, not a row",
        "class Quote:\n    size: int\ndef f(quote: Quote) -> None:\n    quote.size = 1",
        ("core/rows/accounts.py", ROWS_TEXT + "def f(a: Order) -> None:\n    a.size = 1"),
        ("messages/sample.py", "a.size = 1"),
    ],
    "accounting": [
        ("core/book.py", "from mypy_extensions import i64"),
        ("core/ledger.py", "from mypy_extensions import mypyc_attr"),
        ("core/market_fees.py", "from mypy_extensions import i64"),
    ],
    "waivers": ["for a in set(b): ...  # det-ok: only counted", "a = '# det-ok'"],
}


def rules_broken(sample: str | tuple[str, str]) -> set[str]:
    """The rules that one snippet breaks, scanned beside a small ``core/rows``."""
    path, text = sample if isinstance(sample, tuple) else ("core/sample.py", sample)
    return {
        breach.rule
        for breach in scan({"core/rows/accounts.py": ROWS_TEXT, path: textwrap.dedent(text)})
        if breach.path == path
    }


@pytest.mark.parametrize(
    ("rule", "sample"), [(rule, sample) for rule in CAUGHT for sample in CAUGHT[rule]]
)
def test_rule_catches(rule: str, sample: str | tuple[str, str]) -> None:
    """A snippet written to break a rule is reported under that rule."""
    assert rule in rules_broken(sample)


@pytest.mark.parametrize(
    ("rule", "sample"), [(rule, sample) for rule in PASSES for sample in PASSES[rule]]
)
def test_rule_lets_pass(rule: str, sample: str | tuple[str, str]) -> None:
    """An innocent relative of such a snippet is not reported."""
    assert rule not in rules_broken(sample)


def test_every_rule_has_samples_of_both_kinds() -> None:
    """A rule added without a self-test is noticed."""
    assert set(RULES) | {"waivers"} == set(CAUGHT) == set(PASSES)


@pytest.mark.parametrize(
    "text", ["import time  # det-ok: no", "assert a  # det-ok: no", "a = b / c  # det-ok: no"]
)
def test_some_rules_cannot_be_waived(text: str) -> None:
    """Clocks, asserts and float division have no excuse."""
    assert rules_broken(text) & {"imports", "asserts", "division"}


def test_breach_names_file_and_line() -> None:
    """A report leads to the place."""
    assert str(scan({"core/a.py": "\n\nassert a"})[0]).startswith("core/a.py:3: asserts: ")


def test_scan_covers_core_messages_and_units() -> None:
    """The scan reads the modules it is for, at any depth, and no others."""
    covered = set(scanned_sources())
    assert {"units.py", "messages/commands.py", "core/rows/accounts.py"} <= covered
    deep = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.glob("core/*/*.py")}
    assert deep <= covered
    assert all(path == UNITS or path.split("/")[0] in ("core", "messages") for path in covered)


def test_core_is_deterministic() -> None:
    """The contract holds: run ``python -m tests.tidy.determinism`` for this list."""
    assert [str(breach) for breach in scan(scanned_sources())] == []


def test_scan_runs_from_the_command_line() -> None:
    """CI runs it as a program, whose exit status agrees with what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.tidy.determinism"],
        cwd=PACKAGE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.splitlines()[-1]
    assert (done.returncode == 0) == (", 0 breaches" in last)
