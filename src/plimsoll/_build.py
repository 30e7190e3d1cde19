"""Which build runs: the compiled extension modules, or the same source files interpreted.

Extension modules are preferred where they exist. ``PLIMSOLL_PURE=1`` in the environment makes
Python load the ``.py`` files lying next to them: for debugging, and to compare the two builds.

The package imports this module before any other of its own, and importing it makes the choice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Final

PURE_VARIABLE: Final = "PLIMSOLL_PURE"
_PACKAGE: Final = __name__.rpartition(".")[0]


class _SourceFinder(MetaPathFinder):
    """Finds the modules of this package as source files only."""

    def __init__(self) -> None:
        self._folders: dict[str, FileFinder] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if path is None or not fullname.startswith(_PACKAGE + "."):
            return None
        for folder in path:
            finder = self._folders.get(folder)
            if finder is None:
                finder = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))
                self._folders[folder] = finder
            spec = finder.find_spec(fullname, target)
            # Without a loader it is a folder without __init__.py: left to the usual finders.
            if spec is not None and spec.loader is not None:
                return spec
        return None

    def invalidate_caches(self) -> None:
        for finder in self._folders.values():
            finder.invalidate_caches()


def pure_requested() -> bool:
    """Whether the environment asks for the interpreted build."""
    return os.environ.get(PURE_VARIABLE, "").strip().lower() not in ("", "0", "false", "no")


def _activate() -> bool:
    """Choose the build; returns whether it is the compiled one."""
    if pure_requested():
        sys.meta_path.insert(0, _SourceFinder())
    from plimsoll import units

    if not (units.__file__ or "").endswith(".py"):
        return True
    from plimsoll import units_exact

    units_exact.replace_in(units)
    return False


COMPILED: Final = _activate()
"""Whether the compiled modules run."""


def describe() -> str:
    """``compiled`` or ``interpreted``, followed by the reason in parentheses."""
    if COMPILED:
        return "compiled (extension modules found)"
    if pure_requested():
        return f"interpreted ({PURE_VARIABLE} is set)"
    return "interpreted (no extension modules for this Python)"
