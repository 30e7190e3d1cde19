"""Finds code whose result depends on the order of a hash table (a rule of the determinism scan)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.tidy.typed import Declarations, Typed

Found = tuple[ast.AST, str]

TAKES_ORDER = {"deque", "enumerate", "filter", "iter", "list", "map", "reversed", "tuple", "zip"}
TAKES_ORDER_METHODS = {"extend", "fromkeys", "join", "writelines"}
ORDER_FREE = {"all", "any", "frozenset", "len", "max", "min", "set", "sorted", "sum"}
KEYED = {"max", "min", "sorted"}  # with key=, ties keep the order of the input


class HashOrder(Typed):
    """Collects what depends on the order of a hash table in one module."""

    def __init__(self, tree: ast.Module, project: Declarations) -> None:
        super().__init__(tree, project)
        self.found: list[Found] = []
        self.visit(tree)

    def report(self, node: ast.AST, source: ast.expr, how: str) -> None:
        if self.is_hashed(source):
            self.found.append((node, f"{how} takes the order of a hash table"))

    def visit_For(self, node: ast.For) -> None:
        self.report(node, node.iter, "a for loop")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.report(node.iter, node.iter, "a comprehension")
        self.generic_visit(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._visit_order_free(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        if isinstance(node.ctx, ast.Load):
            self.report(node, node.value, "unpacking")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Tuple | ast.List):
            self.report(node, node.value, "unpacking")
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self.report(node, node.value, "yield from")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        keyed = name in KEYED and any(keyword.arg == "key" for keyword in node.keywords)
        if isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name == "popitem":
                self.found.append((node, "popitem() takes the order of a hash table"))
            if name == "pop" and not node.args:
                self.report(node, node.func.value, "pop()")
            taking = name in TAKES_ORDER_METHODS
        else:
            taking = name in TAKES_ORDER or keyed
        if taking:
            for argument in node.args:
                self.report(node, argument, f"{name}() with key=" if keyed else f"{name}()")
        if name in ORDER_FREE and not keyed and len(node.args) == 1:
            self._visit_order_free(node.args[0])
            return
        self.generic_visit(node)

    def _visit_order_free(self, node: ast.expr) -> None:
        """Visit a comprehension whose own order does not matter: only what is inside counts."""
        if not isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp):
            self.visit(node)
            return
        self.visit(node.elt)
        for number, clause in enumerate(node.generators):
            if number:
                self.report(clause.iter, clause.iter, "a comprehension")
            for part in (clause.iter, *clause.ifs):
                self.visit(part)


def check(tree: ast.Module, project: Declarations) -> Iterator[Found]:
    """Every place of the module that depends on the order of a hash table."""
    yield from HashOrder(tree, project).found
