"""The repository keeps its own rules of form: sizes, words, links, and doors of the core."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
LINE_LENGTH_MAX = 100

# Catalogues: one small class after the other, read like a table. Splitting them would hide
# whether the vocabulary is complete.
CATALOGUES = {
    "src/plimsoll/messages/codes.py": 600,
    "src/plimsoll/messages/commands.py": 800,
    "src/plimsoll/messages/events.py": 800,
    "src/plimsoll/messages/mechanisms.py": 800,
    "src/plimsoll/messages/params.py": 600,
    "src/plimsoll/messages/vault_events.py": 900,
    "src/plimsoll/messages/vaults.py": 600,
}

FORBIDDEN_WORDS = re.compile(r"\b(?:TODO|FIXME|XXX)\b|pragma:\s*no\s*cover")
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/~}*-])/(?:home|root|Users|work|mnt|tmp)/[\w.]")
WINDOWS_PATH = re.compile(r"\b[A-Z]:\\{1,2}Users\b")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)

SKIPPED_FOLDERS = {"__pycache__", "build", "dist", "node_modules", "vendor"}
TEXT_SUFFIXES = {
    ".cfg", ".css", ".html", ".ini", ".js", ".md", ".mjs", ".py", ".sh", ".sql", ".toml", ".txt",
    ".yaml", ".yml",
}  # fmt: skip
TEXT_NAMES = {"Dockerfile", "Makefile", "NOTICE", "run"}

CORE_DOORS = {"plimsoll.core.rows", "plimsoll.core.views"}
BEHIND_THE_DOORS = ("core", "runtime")


def repository_files() -> Iterator[Path]:
    """All files of the repository, without environments, caches and what was built."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED_FOLDERS
            and not name.endswith(".egg-info")
            and (not name.startswith(".") or name in (".ci", ".github"))
        )
        yield from (Path(folder, name) for name in sorted(files))


def name_of(path: Path) -> str:
    """The path as written in reports."""
    return path.relative_to(ROOT).as_posix()


def texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Name and content of the text files, of these suffixes if any are given."""
    for path in repository_files():
        if path.suffix in (suffixes or TEXT_SUFFIXES) or (not suffixes and path.name in TEXT_NAMES):
            yield name_of(path), path.read_text("utf-8")


def sources() -> Iterator[tuple[str, str]]:
    """The modules of the package."""
    return ((name, text) for name, text in texts(".py") if name.startswith("src/"))


def long_modules(name: str, text: str) -> Iterator[str]:
    """The module, if it has too many lines."""
    count, limit = len(text.splitlines()), CATALOGUES.get(name, MODULE_LINES_MAX)
    if count > limit:
        yield f"{name}: {count} lines, at most {limit}"


def long_functions(name: str, text: str) -> Iterator[str]:
    """Functions with too many lines, the docstring not counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            first = node.body[0]
            if ast.get_docstring(node) is not None:
                count -= (first.end_lineno or first.lineno) - first.lineno + 1
            if count > FUNCTION_LINES_MAX:
                yield f"{name}:{node.lineno}: {node.name}: {count} lines"


def long_lines(name: str, text: str) -> Iterator[str]:
    """Lines that are too long; an URL cannot be broken."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_LENGTH_MAX and "://" not in line:
            yield f"{name}:{number}: {len(line)} characters"


def forbidden_words(name: str, text: str) -> Iterator[str]:
    """Marks of unfinished or untested code."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := FORBIDDEN_WORDS.search(line):
            yield f"{name}:{number}: {found.group()}"


def asserts(name: str, text: str) -> Iterator[str]:
    """Statements that ``python -O`` would remove."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert):
            yield f"{name}:{node.lineno}: assert"


def bare_excepts(name: str, text: str) -> Iterator[str]:
    """Handlers that would catch even a cancelled task or an interrupt."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{name}:{node.lineno}: bare except"


def machine_paths(name: str, text: str) -> Iterator[str]:
    """Paths that exist on somebody's machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := ABSOLUTE_PATH.search(line) or WINDOWS_PATH.search(line):
            yield f"{name}:{number}: {found.group()}"


def dead_links(name: str, text: str) -> Iterator[str]:
    """Relative links of a Markdown page that lead nowhere."""
    for target in LINK.findall(CODE.sub("", text)):
        path = target.partition("#")[0]
        if not path or "://" in path or path.startswith("mailto:"):
            continue
        if not (ROOT / name).parent.joinpath(path).exists():
            yield f"{name}: {target}"


def silent_tests(name: str, text: str) -> Iterator[str]:
    """Tests that do not say what they protect."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_") and ast.get_docstring(node) is None:
            yield f"{name}:{node.lineno}: {node.name}"


def core_imports(name: str, text: str) -> Iterator[str]:
    """Imports of core modules other than views and rows, from outside core and runtime."""
    if name.split("/")[2] in BEHIND_THE_DOORS:
        return
    for node in ast.walk(ast.parse(text)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "plimsoll.core":
            modules = [f"plimsoll.core.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            if f"{module}.".startswith("plimsoll.core.") and module not in CORE_DOORS:
                yield f"{name}:{getattr(node, 'lineno', 1)}: {module}"


def test_modules_are_short() -> None:
    """No module is longer than a reader's patience."""
    assert [line for name, text in texts(".py") for line in long_modules(name, text)] == []


def test_functions_are_short() -> None:
    """Each function fits on a screen."""
    found = [
        line
        for name, text in texts(".py")
        if name not in CATALOGUES
        for line in long_functions(name, text)
    ]
    assert found == []


def test_lines_are_short() -> None:
    """Two files fit side by side."""
    assert [line for name, text in texts(".py") for line in long_lines(name, text)] == []


def test_nothing_is_left_for_later() -> None:
    """What ships is finished, or written down as a known limitation."""
    assert [line for name, text in sources() for line in forbidden_words(name, text)] == []


def test_no_asserts_in_the_package() -> None:
    """Checks that protect money survive ``python -O``."""
    assert [line for name, text in sources() for line in asserts(name, text)] == []


def test_no_bare_except() -> None:
    """Nothing swallows cancellation."""
    assert [line for name, text in texts(".py") for line in bare_excepts(name, text)] == []


def test_every_test_says_what_it_protects() -> None:
    """A failing test explains itself."""
    names = ((name, text) for name, text in texts(".py") if name.startswith("tests/"))
    assert [line for name, text in names for line in silent_tests(name, text)] == []


def test_no_machine_paths() -> None:
    """Everything works in any folder of any machine."""
    assert [line for name, text in texts() for line in machine_paths(name, text)] == []


def test_no_dead_links() -> None:
    """Every relative link in every page leads to a file."""
    assert [line for name, text in texts(".md") for line in dead_links(name, text)] == []


def test_core_is_entered_by_its_doors() -> None:
    """Outside core and runtime, only ``core.views`` and ``core.rows`` are imported."""
    assert [line for name, text in sources() for line in core_imports(name, text)] == []


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "NOTICE", ".ci/run"]
)
def test_expected_files_exist(name: str) -> None:
    """The files everybody looks for are there and not empty."""
    assert ROOT.joinpath(name).stat().st_size > 0


def test_changelog_has_a_place_for_the_next_entry() -> None:
    """Whoever changes behaviour finds where to say so."""
    assert "\n## Unreleased\n" in ROOT.joinpath("CHANGELOG.md").read_text("utf-8")


def test_catalogues_exist() -> None:
    """An exemption from the length of modules goes when its module goes."""
    assert [name for name in CATALOGUES if not ROOT.joinpath(name).exists()] == []


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        (long_modules, "a\n" * 401, "a\n" * 400),
        (long_functions, "def f():\n" + "    a\n" * 60, "def f():\n" + "    a\n" * 59),
        (long_lines, "a" * 101, "a" * 100),
        (forbidden_words, "# TO" + "DO: later", "# todos are a word of Spanish"),
        (forbidden_words, "a  # pragma: " + "no cover", "a  # no cover is needed"),
        (asserts, "assert a", "require(a)"),
        (bare_excepts, "try:\n    a\nexcept:\n    b", "try:\n    a\nexcept OSError:\n    b"),
        (silent_tests, "def test_a():\n    b", "def test_a():\n    'Says.'\ndef b():\n    c"),
        (machine_paths, "see /ho" + "me/ann/x", "see ~/x and https://x.org/home/ann"),
        (machine_paths, "cd /t" + "mp/x", "network/tmp/x and /tmp"),
        (dead_links, "[a](missing.md)", "[a](README.md#b) [c](https://x.org) `[d](e)`"),
        (core_imports, "from plimsoll.core import engine", "from plimsoll.core import views"),
        (core_imports, "import plimsoll.core.engine", "import plimsoll.core.rows"),
        (core_imports, "from plimsoll.core.book import x", "from plimsoll.core.views import x"),
    ],
)
def test_check_bites(check: object, bad: str, good: str) -> None:
    """Each check reports what it is for, and lets its nearest relative pass."""
    name = "src/plimsoll/api/a.py" if check is core_imports else "a.md"
    assert callable(check)
    assert list(check(name, bad)) != []
    assert list(check(name, good)) == []
