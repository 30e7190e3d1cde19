"""Writes the generated tables into the pages of the specification.

``python -m tests.tidy.reference`` brings all pages up to date. A table stands between
``<!-- generated: name -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

from plimsoll.core.authority import MAY
from plimsoll.core.invariants import REGISTRY
from plimsoll.messages import changes, reference
from plimsoll.messages.gateway import SignedOrder
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "docs" / "spec"


def meanings(*modules: str) -> dict[str, str]:
    """The first paragraph of every class's docstring in modules of the vocabulary, by name."""
    found = {}
    for module in modules:
        source = ROOT.joinpath("src", "plimsoll", "messages", module).read_text("utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                first, _, _ = (ast.get_docstring(node) or "").partition("\n\n")
                found[node.name] = " ".join(first.replace("``", "`").split())
    return found


WAYS = {
    changes.UP: "up",
    changes.DOWN: "down",
    changes.CAPPED: "down; 0 is none",
    changes.NEITHER: "none",
}


def reasons(kind: str) -> dict[str, str]:
    """Why each parameter of a set tightens the way it does, from the comments of the table."""
    text = ROOT.joinpath("src", "plimsoll", "messages", "changes.py").read_text("utf-8")
    _, _, table = text.partition("TIGHTER: Final")
    _, _, block = table.partition(f'"{kind}": {{\n')
    rows = block.partition("    },\n")[0].splitlines()
    found = [re.fullmatch(r' +"(\w+)": \w+,  # (.+)', row) for row in rows]
    return {row[1]: row[2] for row in found if row is not None}


def tighter_table(kind: str) -> str:
    """Every parameter of a set with the way that tightens it, and why."""
    why = reasons(kind)
    rows = [(f"`{name}`", WAYS[way], why[name]) for name, way in changes.TIGHTER[kind].items()]
    return reference.table(("parameter", "tighter", "because"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "commands": lambda: reference.commands_table(
        meanings("commands.py", "keeping.py", "vaults.py", "gateway.py", "guard.py")
    ),
    "events": lambda: reference.events_table(
        meanings(
            "events.py",
            "mechanisms.py",
            "vault_events.py",
            "gateway_events.py",
            "guard_events.py",
        )
    ),
    "kinds": reference.kinds_table,
    "words": reference.words_table,
    "rejects": reference.rejects_table,
    "global-params": lambda: reference.params_table(GlobalParams),
    "global-rules": lambda: reference.rules_table(GlobalParams),
    "market-params": lambda: reference.params_table(MarketParams),
    "market-rules": lambda: reference.rules_table(MarketParams),
    "vault-params": lambda: reference.params_table(VaultParams),
    "vault-rules": lambda: reference.rules_table(VaultParams),
    "quote-params": lambda: reference.params_table(QuoteParams),
    "quote-rules": lambda: reference.rules_table(QuoteParams),
    "breaker-params": lambda: reference.params_table(BreakerParams),
    "breaker-rules": lambda: reference.rules_table(BreakerParams),
    "signed-order": lambda: reference.params_table(SignedOrder),
    "tighter-global": lambda: tighter_table("global_params"),
    "tighter-market": lambda: tighter_table("market_params"),
    "tighter-vault": lambda: tighter_table("vault_params"),
    "tighter-quote": lambda: tighter_table("quote_params"),
    "tighter-breaker": lambda: tighter_table("breaker_params"),
    "roles": lambda: reference.roles_table(MAY),
    "invariants": lambda: reference.invariants_table(REGISTRY),
}

MARKED = re.compile(r"<!-- generated: ([a-z-]+) -->\n(.*?)<!-- end -->", re.DOTALL)


def renewed(text: str) -> str:
    """The page with every marked table as the code has it now."""
    return MARKED.sub(
        lambda found: f"<!-- generated: {found[1]} -->\n{TABLES[found[1]]()}\n<!-- end -->", text
    )


def pages() -> list[Path]:
    """All chapters, in order."""
    return sorted(SPEC.glob("*.md"))


def main() -> None:
    """Bring every page up to date; name those that changed."""
    for page in pages():
        before = page.read_text("utf-8")
        after = renewed(before)
        if after != before:
            page.write_text(after, "utf-8")
            print(f"renewed {page.name}")


if __name__ == "__main__":
    main()
