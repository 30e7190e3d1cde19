"""Cases of the vector files, and what is expected of each."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors"
ASKED = ("returns", "expect", "error")
KINDS = ("tolerance", "inverted", "unsupported", "not_yet")


class Case(NamedTuple):
    """One case. ``suite`` is the file it stands in, without the ending."""

    suite: str
    ident: str
    subject: str
    given: dict[str, Any]
    when: dict[str, Any]
    then: dict[str, Any]

    @property
    def group(self) -> str:
        """Suite and subject: how reports and dispositions name it."""
        return f"{self.suite}:{self.subject}"

    @property
    def name(self) -> str:
        """Suite and id."""
        return f"{self.suite}:{self.ident}"


def load(path: Path) -> list[Case]:
    """The cases of a vector file, in its order."""
    data = json.loads(path.read_text("utf-8"))
    found = [*data["cases"], *data.get("derived_cases", [])]
    return [
        Case(
            path.stem,
            row["id"],
            row["subject"],
            row.get("given", {}),
            row.get("when", {}),
            expectation(row),
        )
        for row in found
    ]


def expectation(row: dict[str, Any]) -> dict[str, Any]:
    """What must hold after a case, and ``steps``: what is asked of its steps, if of any."""
    then: dict[str, Any] = row.get("then", {})
    steps = row.get("when", {}).get("steps", [])
    asked = [{name: step[name] for name in ASKED if name in step} for step in steps]
    return {"steps": asked, **then} if any(asked) else then


class Rule(NamedTuple):
    """How a case or subject is treated, and why."""

    kind: str
    reason: str
    units: int
    keys: tuple[str, ...]


EXACT = Rule("exact", "", 0, ())


class Disposition:
    """``disposition.toml``: whatever is not in it must be exact."""

    def __init__(self, path: Path = HERE / "disposition.toml") -> None:
        self.rules: dict[str, Rule] = {}
        self.without: dict[str, tuple[set[str], str]] = {}
        data = tomllib.loads(path.read_text("utf-8"))
        for kind in KINDS:
            for row in data.get(kind, []):
                rule = Rule(kind, row["reason"], row.get("units", 0), tuple(row["of"]))
                for key in rule.keys:
                    if key in self.rules:
                        raise ValueError(f"{key} is disposed of twice")
                    self.rules[key] = rule
        for row in data.get("without", []):
            for key in row["of"]:
                self.without[key] = (set(row["fields"]), row["reason"])

    def of(self, case: Case) -> Rule:
        """The rule of the case, else of its subject, else ``EXACT``."""
        return self.rules.get(case.name) or self.rules.get(case.group) or EXACT

    def expected(self, case: Case) -> dict[str, Any]:
        """What is compared: the expected values but for fields that are not ours."""
        dropped: set[str] = set()
        for key in (case.group, case.name):
            dropped |= self.without.get(key, (set(), ""))[0]
        return {name: pruned(value, dropped) for name, value in case.then.items()
                if name not in dropped}  # fmt: skip

    def keys(self) -> Iterator[str]:
        """Every key that is used."""
        yield from self.rules
        yield from self.without


def pruned(value: Any, dropped: set[str]) -> Any:
    """A value without the dropped fields at any depth."""
    if isinstance(value, dict):
        return {name: pruned(inner, dropped) for name, inner in value.items()
                if name not in dropped}  # fmt: skip
    if isinstance(value, list):
        return [pruned(inner, dropped) for inner in value]
    return value
