"""The reference implementations' numbers, replayed; and the honesty of the adapters."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.__main__ import main
from tests.conformance.cases import VECTORS, Case, Disposition, load
from tests.conformance.run import ADAPTERS, compare, differences, replay, table

HERE = Path(__file__).parent
DISPOSITION = Disposition()
CASES = [case for path in sorted(VECTORS.glob("*.json")) for case in load(path)]
NOT_YET_MAX = 0
"""Cases of mechanisms that are not built: lower it when one is."""

ARITHMETIC_CALLS = {"abs", "divmod", "float", "int", "min", "pow", "round", "sum"}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case: Case) -> None:
    """VAMM, BOOK, ORDER, MARGIN, SETTLE, FEE: what others measured, to the unit."""
    found = replay(case, DISPOSITION)
    assert found.outcome != "failed", found.problem


def test_what_is_not_built_only_shrinks() -> None:
    """A subject leaves the table with its mechanism, and never comes back."""
    outcomes = Counter(replay(case, DISPOSITION).outcome for case in CASES)
    assert outcomes["not_yet"] == NOT_YET_MAX
    assert outcomes["passed"] >= 530


def test_what_is_not_yet_does_not_work_already() -> None:
    """Whoever builds a mechanism is told which cases it meets now."""
    met = [
        case.name
        for case in CASES
        if DISPOSITION.of(case).kind == "not_yet"
        and case.group in ADAPTERS
        and compare(case, DISPOSITION) == []
    ]
    assert met == []


def test_the_disposition_speaks_of_cases_that_exist() -> None:
    """A name that is misspelt would leave a case unguarded."""
    known = {case.name for case in CASES} | {case.group for case in CASES}
    assert [key for key in DISPOSITION.keys() if key not in known] == []  # noqa: SIM118
    assert [rule for rule in DISPOSITION.rules.values() if not rule.reason] == []
    assert [group for group in ADAPTERS if group not in known] == []


def test_ids_are_unique() -> None:
    """A disposition means one case."""
    assert [name for name, count in Counter(c.name for c in CASES).items() if count > 1] == []


ADAPTER_FILES = sorted(
    path.name for path in HERE.glob("*.py") if path.name.startswith(("drift_", "dango_", "perp_"))
)
"""Adapters, and what they share but for ``scaling``."""


def arithmetic(text: str) -> list[str]:
    """Arithmetic of an adapter on anything but constants."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr):
            if not (isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.AugAssign):
            if ast.unparse(node.target) != "self.page.now":
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            if not isinstance(node.operand, ast.Constant):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ARITHMETIC_CALLS:
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = [getattr(node, "module", None) or "", *names]
            if {"math", "decimal", "fractions", "operator"} & set(modules):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("name", ADAPTER_FILES)
def test_adapters_do_no_arithmetic(name: str) -> None:
    """They translate names and linear units; the core does the sums that are compared."""
    assert arithmetic(HERE.joinpath(name).read_text("utf-8")) == []


@pytest.mark.parametrize(
    "bad", ["a + b", "a * 2", "-a", "a //= b", "abs(a)", "sum(a)", "import math", "int(a) "]
)
def test_the_arithmetic_check_bites(bad: str) -> None:
    """Each way of doing sums is seen."""
    assert arithmetic(bad) != []
    assert arithmetic("a = f(10**6, -1, b | c)") == []


def test_every_adapter_file_is_checked() -> None:
    """Adapters live where the check looks."""
    modules = {f"{adapter.__module__.rpartition('.')[2]}.py" for adapter in ADAPTERS.values()}
    assert modules <= set(ADAPTER_FILES)
    used = {
        f"{node.module.rpartition('.')[2]}.py"
        for name in ADAPTER_FILES
        for node in ast.walk(ast.parse(HERE.joinpath(name).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests.conformance")
    }
    assert used <= {*ADAPTER_FILES, "cases.py", "desk.py", "scaling.py"}


def test_a_wrong_number_fails() -> None:
    """One unit is enough, and so is an answer that is missing; tolerance allows what it says."""
    case = next(case for case in CASES if case.name == "drift:reserve_price-001")
    wrong = case._replace(then={"reserve_price": "18807668639"})
    assert replay(wrong, DISPOSITION).outcome == "failed"
    assert replay(case._replace(then={"price": "1"}), DISPOSITION).problem == "price: not answered"
    assert differences({"a": "10"}, {"a": "11"}, 0)
    assert not differences({"a": "10"}, {"a": "11"}, 1)
    assert differences({"a": "10"}, {"a": "12"}, 1)
    unknown = case._replace(subject="nobody")
    assert replay(unknown, DISPOSITION).problem == "no adapter"


def test_a_case_that_breaks_is_not_inverted() -> None:
    """Another answer is one; no answer is a fault of the adapter."""
    case = next(case for case in CASES if case.name == "drift:auction_price-013")
    assert replay(case, DISPOSITION).outcome == "inverted"
    found = replay(case._replace(when={}), DISPOSITION)
    assert (found.outcome, found.problem) == ("failed", "raised KeyError: 'slot'")


def test_a_hedged_vault_buys_back_what_its_taker_has_not_paid_for() -> None:
    """HEDGE-006: the reference's maker cannot pay its hedge above its entry; ours never needs to
    wait for its gain, because both legs of a fill are paid at once."""
    case = next(case for case in CASES if case.name == "perp-v3:shbm-liveness-01")
    steps = case.when["steps"]
    case = case._replace(when={"steps": steps[:6]})
    assert steps[5]["error"] == {"name": "NotEnoughFreeCollateral", "args": {"trader": "maker"}}
    found = ADAPTERS[case.group](case)
    assert found["steps"][5] == {"error": None}
    assert found["positions"]["maker"] == {"margin": "0", "size": "0", "open_notional": "0"}
    assert found["positions"]["B"] == {"margin": "1000", "size": "1", "open_notional": "-120"}
    assert found["balances"] == {"base": {"maker": "1"}}


def test_the_report_counts_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0 when all pass, 1 for a failure, 2 for a file that is none."""
    assert main([str(VECTORS / "drift.json")]) == 0
    out = capsys.readouterr().out
    assert "drift:swap" in out
    assert out.splitlines()[-1].split()[0] == "total"
    bad = tmp_path / "drift.json"
    bad.write_text(
        '{"cases": [{"id": "x", "subject": "proportion", "when": {"op": "get_proportion",'
        ' "value": "1", "numerator": "1", "denominator": "1"}, "then": {"result": "2"}}]}'
    )
    assert main([str(bad)]) == 1
    assert "FAILED drift:x (proportion): result: '1', expected '2'" in capsys.readouterr().out
    bad.write_text("{}")
    assert main([str(bad)]) == 2
    assert main([str(tmp_path / "none.json")]) == 2


def test_the_table_has_a_row_for_every_subject() -> None:
    """Nothing is left out of the report."""
    lines = table(replay(case, DISPOSITION) for case in CASES)
    assert len(lines) == 2 + len({case.group for case in CASES})
