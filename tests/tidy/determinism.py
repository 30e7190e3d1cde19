"""The determinism contract of the core, as a scan of its syntax trees.

``python -m tests.tidy.determinism`` scans ``core/``, ``messages/`` and ``units.py`` and prints
every breach. ``RULES`` lists the rules. A line may be exempted from those marked waivable by the
comment ``# det-ok: reason``; a waiver without a reason, or that nothing needs, is itself a breach.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tidy import hash_order
from tests.tidy.hash_order import Found
from tests.tidy.typed import Declarations, Typed, head_of, is_self

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "plimsoll"
WAIVER = "det-ok"
ROWS = "core/rows/"
UNITS = "units.py"

BANNED_MODULES = {
    "aiohttp", "asyncio", "concurrent", "contextvars", "datetime", "decimal", "fractions", "gc",
    "getpass", "glob", "importlib", "io", "locale", "logging", "multiprocessing", "os", "pathlib",
    "platform", "queue", "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3",
    "statistics", "structlog", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    "uuid", "weakref", "zoneinfo",
}  # fmt: skip
CORE_MAY_IMPORT = {
    "__future__", "abc", "bisect", "collections", "enum", "hashlib", "heapq", "itertools", "librt",
    "math", "mypy_extensions", "operator", "struct", "types", "typing",
    "plimsoll.core", "plimsoll.messages", "plimsoll.units",
}  # fmt: skip
INTEGER_MATH = {"comb", "gcd", "isqrt", "lcm"}
BANNED_CALLS = {
    "__import__", "breakpoint", "delattr", "eval", "exec", "globals", "hash", "id", "input",
    "locals", "open", "print", "setattr", "vars",
}  # fmt: skip
BANNED_ATTRIBUTES = {"__delattr__", "__dict__", "__hash__", "__setattr__"}
HIDDEN_DIVISIONS = {"divmod", "round"}
ACCOUNTING = {
    "fees", "funding", "ledger", "margin", "passive_vault", "settlement", "shares",
    "spot_hedge_vault",
}  # fmt: skip
MACHINE_INTEGERS = {"i16", "i32", "i64", "u8"}
CONTAINERS = {"OrderedDict", "bytearray", "defaultdict", "deque", "dict", "list", "set", "vec"}
MUTATORS = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse",
    "setdefault", "sort", "update",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Breach:
    """One place that breaks a rule."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True)
class Module:
    """A module under scan; ``path`` is relative to the package."""

    path: str
    tree: ast.Module
    waivers: Mapping[int, str]

    @property
    def in_messages(self) -> bool:
        return self.path.startswith("messages/")


@dataclass(frozen=True)
class Rows:
    """The classes of ``core/rows`` that derive from ``Row``, and their attributes."""

    classes: frozenset[str]
    attributes: frozenset[str]


@dataclass(frozen=True)
class Project:
    """What the rules must know about the other modules."""

    rows: Rows
    declarations: Declarations


def imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Pairs of module and name (empty for ``import module``) that a statement imports."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield from ((module, alias.name) for alias in node.names)


def check_imports(module: Module, _project: Project) -> Iterator[Found]:
    """Only modules that have no clock, chance, threads or I/O; the core and units by a list."""
    for node in ast.walk(module.tree):
        for name, part in imported(node):
            whole = f"{name}.{part}"
            known = any(f"{whole}.".startswith(f"{allowed}.") for allowed in CORE_MAY_IMPORT)
            if name.split(".")[0] in BANNED_MODULES or name.startswith(".") or part == "*":
                yield node, f"import of {name}"
            elif name == "math" and part not in INTEGER_MATH:
                yield node, "of math, only the integer functions, by name"
            elif not module.in_messages and not known:
                yield node, f"the core and units must not import {name}"


def check_builtins(module: Module, _project: Project) -> Iterator[Found]:
    """No builtin that reaches the outside, memory addresses or names by text."""
    for node in ast.walk(module.tree):
        used: list[ast.expr] = []
        if isinstance(node, ast.Call):  # called, or passed as in sorted(x, key=id)
            used = [node.func, *(keyword.value for keyword in node.keywords)]
        for name in used:
            if isinstance(name, ast.Name) and name.id in BANNED_CALLS:
                yield node, f"use of {name.id}"
        if isinstance(node, ast.Attribute) and node.attr in BANNED_ATTRIBUTES:
            yield node, f"use of {node.attr}"


def check_floats(module: Module, _project: Project) -> Iterator[Found]:
    """No floating point."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id in ("float", "complex"):
            yield node, f"use of {node.id}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node, f"the literal {node.value}"


def check_division(module: Module, _project: Project) -> Iterator[Found]:
    """Every division names its rounding."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.BinOp | ast.AugAssign):
            if isinstance(node.op, ast.Div):
                yield node, "/ makes a float"
            elif isinstance(node.op, ast.FloorDiv) and module.path != UNITS:
                yield node, "// outside units.py: use a helper that names its rounding"
            elif isinstance(node.op, ast.Pow) and not has_safe_exponent(node):
                yield node, "** with an exponent that may be negative makes a float"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id if module.path != UNITS else ""
            if name in HIDDEN_DIVISIONS:
                yield node, f"{name}() outside units.py: use a helper of units"


def has_safe_exponent(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether the exponent is a literal or a CONSTANT (literals carry no sign)."""
    exponent = node.right if isinstance(node, ast.BinOp) else node.value
    return isinstance(exponent, ast.Constant) or (
        isinstance(exponent, ast.Name) and exponent.id.isupper()
    )


def check_iteration(module: Module, project: Project) -> Iterator[Found]:
    """Nothing depends on the order of a hash table."""
    yield from hash_order.check(module.tree, project.declarations)


def check_asserts(module: Module, _project: Project) -> Iterator[Found]:
    """No assert."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            yield node, "python -O removes assert: use require() or raise"


def is_container(value: ast.expr | None) -> bool:
    """Whether the expression makes a list, dict, set or the like."""
    displays = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    if isinstance(value, ast.Call):
        made = value.func.value if isinstance(value.func, ast.Subscript) else value.func
        return isinstance(made, ast.Name) and made.id in CONTAINERS
    return isinstance(value, displays)


def containers_of(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Names that statements of a module or class body bind to containers."""
    for node in body:
        if isinstance(node, ast.AnnAssign | ast.Assign) and is_container(node.value):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and target.id != "__all__":
                yield node, target.id


def check_globals(module: Module, _project: Project) -> Iterator[Found]:
    """No state in modules or classes, apart from constant tables."""
    tables: set[str] = set()
    bodies = [module.tree.body]
    bodies += [node.body for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    for body in bodies:
        for node, name in containers_of(body):
            tables.add(name)
            if not name.isupper():
                yield node, f"{name} is shared mutable state (a constant table is UPPER_CASE)"
    for inner in ast.walk(module.tree):
        if isinstance(inner, ast.Global):
            yield inner, "global statement"
        elif isinstance(inner, ast.FunctionDef):
            yield from changes_of(inner, tables)


def changes_of(function: ast.FunctionDef, tables: set[str]) -> Iterator[Found]:
    """Where a function changes one of the module's constant tables."""
    for node in ast.walk(function):
        target: ast.expr | None = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            target = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = node.func.value if node.func.attr in MUTATORS else None
        if isinstance(target, ast.Attribute):  # Class.TABLE, self.TABLE
            name = target.attr if target.attr.isupper() else ""
        else:
            name = target.id if isinstance(target, ast.Name) else ""
        if name in tables and name.isupper():
            yield node, f"a function changes the constant table {name}"


class RowWrites(Typed):
    """Collects assignments to attributes that rows have, unless the owner is known to be no row."""

    def __init__(self, tree: ast.Module, project: Project) -> None:
        super().__init__(tree, project.declarations)
        self.rows = project.rows
        self.found: list[Found] = []
        self.visit(tree)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Judge an attribute that is assigned to or deleted."""
        written = not isinstance(node.ctx, ast.Load) and not is_self(node.value)
        if written and node.attr in self.rows.attributes:
            owner = head_of(self.type_of(node.value))
            if owner not in self.project.classes or owner in self.rows.classes:
                text = f"assignment to .{node.attr} of a row: use a method of {ROWS}"
                self.found.append((node, text))
        self.generic_visit(node)


def check_rows(module: Module, project: Project) -> Iterator[Found]:
    """Only ``core/rows`` assigns to attributes of rows."""
    if not module.path.startswith(ROWS) and module.path.startswith("core/"):
        yield from RowWrites(module.tree, project).found


def check_accounting(module: Module, _project: Project) -> Iterator[Found]:
    """Accounting knows no machine integers."""
    parts = set(Path(module.path).with_suffix("").parts)
    if not module.path.startswith("core/") or not parts & ACCOUNTING:
        return
    for node in ast.walk(module.tree):
        for name, part in imported(node):
            if name == "mypy_extensions" and part in MACHINE_INTEGERS | {"", "*"}:
                yield node, f"{part or name}: amounts never meet machine integers, which wrap"


@dataclass(frozen=True)
class Rule:
    """A rule, and whether ``# det-ok: reason`` exempts a line from it."""

    check: Callable[[Module, Project], Iterator[Found]]
    waivable: bool = False


RULES: Mapping[str, Rule] = {
    "imports": Rule(check_imports),
    "builtins": Rule(check_builtins),
    "floats": Rule(check_floats, waivable=True),
    "division": Rule(check_division),
    "iteration": Rule(check_iteration, waivable=True),
    "asserts": Rule(check_asserts),
    "globals": Rule(check_globals, waivable=True),
    "rows": Rule(check_rows, waivable=True),
    "accounting": Rule(check_accounting),
}


def read_waivers(text: str) -> dict[int, str]:
    """Line number to reason, for every waiver comment."""
    waivers: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        mark, colon, reason = token.string.lstrip("# ").partition(":")
        if token.type == tokenize.COMMENT and mark.strip() == WAIVER:
            waivers[token.start[0]] = reason.strip() if colon else ""
    return waivers


def read_rows(modules: Sequence[Module]) -> Rows:
    """The rows a project declares."""
    classes: set[str] = {"Row"}
    names: set[str] = set()
    body = [node for module in modules for node in module.tree.body]
    for node in (node for node in body if isinstance(node, ast.ClassDef)):
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if node.name not in classes and not bases & classes:
            continue
        classes.add(node.name)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                names.update([inner.attr] if is_self(inner.value) else [])
            elif isinstance(inner, ast.AnnAssign) and inner in node.body:
                names.update([inner.target.id] if isinstance(inner.target, ast.Name) else [])
    return Rows(frozenset(classes), frozenset(names))


def breaches_of(module: Module, project: Project) -> Iterator[Breach]:
    """Every breach of one module, and every waiver it does not need."""
    used: set[int] = set()
    for name, rule in RULES.items():
        for node, text in rule.check(module, project):
            first = getattr(node, "lineno", 1)
            last = getattr(node, "end_lineno", first)
            last = first if isinstance(node, ast.For) else last
            waived = {line for line in (first, last) if line in module.waivers}
            used |= waived
            if not (rule.waivable and waived):
                yield Breach(module.path, first, name, text)
    for line, reason in module.waivers.items():
        if not reason or line not in used:
            text = "unused" if reason else "no reason given"
            yield Breach(module.path, line, "waivers", text)


def scan(sources: Mapping[str, str]) -> list[Breach]:
    """All breaches in modules given as package-relative path and text."""
    modules = [
        Module(path, ast.parse(text, filename=path), read_waivers(text))
        for path, text in sorted(sources.items())
    ]
    rows = [module for module in modules if module.path.startswith(ROWS)]
    declarations = Declarations([module.tree for module in modules])
    project = Project(read_rows(rows), declarations)
    return sorted(breach for module in modules for breach in breaches_of(module, project))


def scanned_sources(package: Path = PACKAGE) -> dict[str, str]:
    """The modules the contract covers."""
    paths = [*package.glob(UNITS), *package.glob("messages/*.py"), *package.rglob("core/**/*.py")]
    return {path.relative_to(package).as_posix(): path.read_text("utf-8") for path in paths}


def main() -> int:
    """Scan the package; 1 if anything was found."""
    sources = scanned_sources()
    found = scan(sources)
    for breach in found:
        print(f"src/plimsoll/{breach}")
    print(f"{len(sources)} modules scanned, {len(found)} breaches of the determinism contract")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
