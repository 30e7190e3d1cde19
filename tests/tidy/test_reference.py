"""The generated tables of the specification are those of the code, and leave nothing out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from plimsoll.messages import codes, events, guard_params, params, reference, vault_params
from plimsoll.messages.commands import COMMANDS
from tests.tidy.reference import MARKED, TABLES, pages, renewed

MESSAGES = Path(__file__).resolve().parents[2] / "src" / "plimsoll" / "messages"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_page_is_up_to_date(page: Path) -> None:
    """If this fails: python -m tests.tidy.reference."""
    text = page.read_text("utf-8")
    assert renewed(text) == text


def test_every_table_stands_in_exactly_one_page() -> None:
    """A table nobody shows, or two that could differ, would be noticed by nobody."""
    shown = [found[1] for page in pages() for found in MARKED.finditer(page.read_text("utf-8"))]
    assert sorted(shown) == sorted(TABLES)


def test_tables_name_everything_there_is() -> None:
    """Each command, event, code and parameter has its row, and each row its meaning."""
    for table, names in (
        (TABLES["commands"](), [one.__name__ for one in COMMANDS]),
        (TABLES["events"](), [one.__name__ for one in events.EVENTS]),
        (reference.rejects_table(), [name for name, _, _ in codes.REJECTS.values()]),
        (reference.params_table(params.MarketParams), dict(params.MarketParams.FIELDS)),
        (reference.params_table(vault_params.VaultParams), dict(vault_params.VaultParams.FIELDS)),
        (
            reference.params_table(guard_params.BreakerParams),
            dict(guard_params.BreakerParams.FIELDS),
        ),
    ):
        rows = table.splitlines()[2:]
        assert [row for row in rows if "|  |" in row] == []
        assert re.findall(r"\| `(\w+)` \|", table) == list(names)


@pytest.mark.parametrize(
    "kind",
    [
        params.GlobalParams,
        params.MarketParams,
        vault_params.VaultParams,
        vault_params.QuoteParams,
        guard_params.BreakerParams,
    ],
)
def test_every_rule_of_parameters_is_listed(kind: type[reference.Params]) -> None:
    """The table has the numbers that stand in the source of ``problems``."""
    module = kind.__module__.rpartition(".")[2]
    classes = ast.walk(ast.parse(MESSAGES.joinpath(f"{module}.py").read_text("utf-8")))
    source = next(
        node for node in classes if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    )
    numbers = [
        int(ast.literal_eval(node.elts[0]))
        for node in ast.walk(source)
        if isinstance(node, ast.Tuple)
        and isinstance(node.elts[0], ast.Constant)
        and isinstance(node.elts[0].value, int)
    ]
    rows = reference.rules_table(kind).splitlines()[2:]
    assert [int(row.split("|")[1]) for row in rows] == sorted(numbers)


def test_cells_cannot_break_the_table() -> None:
    """A bar in a text is escaped."""
    assert reference.table(("a", "b"), [("x|y", 1)]).endswith("| x\\|y | 1 |")
