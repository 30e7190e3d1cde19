"""What the text of scanned modules tells about types, for the rules that need them.

Types are taken from annotations: of the class itself for ``self.x``, of the module and then of
all scanned modules for ``other.x``, of arguments, locals and return values for the rest. What
cannot be told from those is unknown.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

Annotation = ast.expr | None

HASHED = {
    "AbstractSet", "ChainMap", "Counter", "DefaultDict", "Dict", "FrozenSet", "Mapping",
    "MutableMapping", "MutableSet", "OrderedDict", "Set", "defaultdict", "dict", "frozenset", "set",
}  # fmt: skip
WRAPPERS = {"Annotated", "ClassVar", "Final", "Optional", "Required"}
SET_METHODS = {"copy", "difference", "intersection", "symmetric_difference", "union"}
TABLE_METHODS = {"items", "keys", "values"}
SET_TYPE = ast.Name("set")


def head_of(annotation: Annotation) -> str:
    """The outermost type: ``dict`` for ``Final[dict[int, int]]`` and for ``dict | None``."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return head_of(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.BinOp):
        heads = (head_of(annotation.left), head_of(annotation.right))
        return next((head for head in heads if head in HASHED), heads[0])
    if isinstance(annotation, ast.Subscript):
        head = head_of(annotation.value)
        return head_of(annotation.slice) if head in WRAPPERS else head
    if isinstance(annotation, ast.Attribute):
        return annotation.attr
    return annotation.id if isinstance(annotation, ast.Name) else ""


def item_of(annotation: Annotation) -> Annotation:
    """The type of ``x[i]``: the value of a mapping, the item of a sequence."""
    while isinstance(annotation, ast.BinOp):
        annotation = annotation.left
    if not isinstance(annotation, ast.Subscript):
        return None
    if head_of(annotation.value) in WRAPPERS:
        return item_of(annotation.slice)
    if isinstance(annotation.slice, ast.Tuple):
        return annotation.slice.elts[-1]
    return annotation.slice


class Declarations:
    """What scanned modules say about the types of attributes and of return values."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self.attributes: dict[str, list[Annotation]] = defaultdict(list)
        self.returns: dict[str, list[Annotation]] = defaultdict(list)
        self.by_class: dict[tuple[str, str], Annotation] = {}
        self.classes: set[str] = set()
        self.names: dict[str, Annotation] = {}
        for tree in trees:
            self._read_module(tree)

    def _read_module(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.names[node.target.id] = refine(node.annotation, node.value)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.names[node.targets[0].id] = literal_type(node.value)
        for inner in ast.walk(tree):
            if isinstance(inner, ast.FunctionDef):
                self.returns[inner.name].append(inner.returns)
            elif isinstance(inner, ast.ClassDef):
                self._read_class(inner)

    def _read_class(self, owner: ast.ClassDef) -> None:
        target: ast.expr
        self.classes.add(owner.name)
        for node in ast.walk(owner):
            if isinstance(node, ast.AnnAssign):
                target, declared = node.target, refine(node.annotation, node.value)
            elif isinstance(node, ast.Assign):
                target, declared = node.targets[0], literal_type(node.value)
                if declared is None:
                    continue
            else:
                continue
            name = target.id if isinstance(target, ast.Name) and node in owner.body else ""
            if isinstance(target, ast.Attribute) and is_self(target.value):
                name = target.attr
            if name and (owner.name, name) not in self.by_class:
                self.by_class[owner.name, name] = declared
                self.attributes[name].append(declared)

    def attribute(self, name: str) -> Annotation:
        """A hashed type if every class declares ``name`` so; else the first declaration."""
        return agreed(self.attributes.get(name, []))

    def returned(self, name: str) -> Annotation:
        """The same for what functions called ``name`` return."""
        return agreed(self.returns.get(name, []))


def agreed(declared: list[Annotation]) -> Annotation:
    """The first declaration if they all name hashed types, or all do not."""
    kinds = {head_of(annotation) in HASHED for annotation in declared}
    return declared[0] if len(kinds) == 1 else None


def is_self(node: ast.expr) -> bool:
    """Whether this is the name ``self``."""
    return isinstance(node, ast.Name) and node.id == "self"


def literal_type(value: ast.expr | None) -> Annotation:
    """The type of a display, a comprehension or a call of ``dict``, ``set``, ``frozenset``."""
    if isinstance(value, ast.Dict | ast.DictComp):
        return ast.Name("dict")
    if isinstance(value, ast.Set | ast.SetComp):
        return SET_TYPE
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func if value.func.id in HASHED else None
    return None


def refine(annotation: ast.expr, value: ast.expr | None) -> Annotation:
    """A bare ``Final`` takes its type from the value."""
    return literal_type(value) if head_of(annotation) in WRAPPERS else annotation


class Typed(ast.NodeVisitor):
    """Visits one module, knowing the types of names where it is."""

    def __init__(self, tree: ast.Module, project: Declarations) -> None:
        self.project = project
        self.module = Declarations([tree])
        self.classes: list[str] = []
        self.scopes: list[dict[str, Annotation]] = [self.module.names]

    def type_of(self, node: ast.expr) -> Annotation:
        """The annotation that describes ``node``, as far as the text tells."""
        if isinstance(node, ast.Name):
            return next((s[node.id] for s in reversed(self.scopes) if node.id in s), None)
        if isinstance(node, ast.Attribute):
            return self.type_of_attribute(node)
        if isinstance(node, ast.Subscript):
            return item_of(self.type_of(node.value))
        if isinstance(node, ast.Call):
            return literal_type(node) or self.type_of_call(node)
        if isinstance(node, ast.BinOp):
            sides = (self.type_of(node.left), self.type_of(node.right))
            return next((side for side in sides if head_of(side) in HASHED), None)
        if isinstance(node, ast.IfExp):
            return self.type_of(node.body) or self.type_of(node.orelse)
        if isinstance(node, ast.NamedExpr | ast.Starred):
            return self.type_of(node.value)
        return literal_type(node)

    def type_of_attribute(self, node: ast.Attribute) -> Annotation:
        if is_self(node.value) and self.classes:
            own = (self.classes[-1], node.attr)
            if own in self.module.by_class:
                return self.module.by_class[own]
        owner = head_of(self.type_of(node.value))
        if (owner, node.attr) in self.project.by_class:
            return self.project.by_class[owner, node.attr]
        if node.attr in self.module.attributes:
            declared = self.module.attributes[node.attr]
            return next((a for a in declared if head_of(a) in HASHED), declared[0])
        return self.project.attribute(node.attr)

    def type_of_call(self, node: ast.Call) -> Annotation:
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in TABLE_METHODS and not node.args:
                return SET_TYPE
            if node.func.attr in SET_METHODS and self.is_hashed(node.func.value):
                return SET_TYPE
            return self.project.returned(node.func.attr)
        return self.project.returned(node.func.id) if isinstance(node.func, ast.Name) else None

    def is_hashed(self, node: ast.expr) -> bool:
        """Whether walking ``node`` follows a hash table."""
        return head_of(self.type_of(node)) in HASHED

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.classes.append(node.name)
        self.generic_visit(node)
        self.classes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        self.scopes.append({a.arg: a.annotation for a in arguments})
        for inner in ast.walk(node):
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                self.scopes[-1][inner.target.id] = refine(inner.annotation, inner.value)
            elif isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name):
                known = self.type_of(inner.value)
                if known is not None:
                    self.scopes[-1][inner.targets[0].id] = known
        self.generic_visit(node)
        self.scopes.pop()
