"""Which build runs, and how the environment chooses it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import plimsoll
from plimsoll import _build, units, units_exact

PACKAGE = Path(_build.__file__).parent


def test_interpreted_package_uses_one_liners() -> None:
    """Interpreted, the helpers are the big-integer ones, wherever they are imported from."""
    if _build.COMPILED:
        pytest.skip("the compiled build runs")
    for name in units_exact.REPLACED:
        assert getattr(units, name) is getattr(units_exact, name)


def run_python(code: str, **variables: str) -> str:
    """The output of ``code`` in a new interpreter that finds the package under test."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join(sys.path), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def fake_package(folder: Path) -> Path:
    """A copy of the package's foundation with an unusable extension module beside units.py."""
    package = folder / "plimsoll"
    package.mkdir()
    for name in ("__init__.py", "_build.py", "units.py", "units_exact.py"):
        shutil.copy(PACKAGE / name, package / name)
    (package / f"units{sysconfig.get_config_var('EXT_SUFFIX')}").write_bytes(b"not a library")
    return package


def test_pure_variable_ignores_extension_modules(tmp_path: Path) -> None:
    """With PLIMSOLL_PURE=1 the source runs although an extension module lies next to it."""
    fake_package(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import plimsoll.units as u; from plimsoll import _build\n"
        "print(u.__file__, u.mul_div_floor.__module__, _build.COMPILED, _build.describe())"
    )
    file, home, compiled, *description = run_python(code, PLIMSOLL_PURE="1").split()
    assert Path(file) == tmp_path / "plimsoll" / "units.py"
    assert home == "plimsoll.units_exact"
    assert compiled == "False"
    assert " ".join(description) == "interpreted (PLIMSOLL_PURE is set)"


def test_extension_modules_come_first_without_the_variable(tmp_path: Path) -> None:
    """Without the variable the extension module is taken, here visibly so because it is broken."""
    fake_package(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "try:\n    import plimsoll\nexcept ImportError as error:\n    print(error.path or error)"
    )
    assert "units" in run_python(code, PLIMSOLL_PURE="0")


def test_describe_names_the_build() -> None:
    """The description starts with the build that runs."""
    word = "compiled" if _build.COMPILED else "interpreted"
    assert _build.describe().startswith(f"{word} (")


def test_version() -> None:
    """The version is text, and other unknown attributes are errors."""
    assert plimsoll.__version__
    with pytest.raises(AttributeError):
        plimsoll.no_such_attribute  # noqa: B018
