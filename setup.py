"""Compiles the core with mypyc where that is possible; everything else is in pyproject.toml.

The same ``.py`` files run interpreted, so a missing compiler must never stop an installation:

* ``PLIMSOLL_PURE=1`` skips compilation;
* a failure of mypyc or of the C compiler leaves the interpreted package, with a warning
  (``pip install -v`` shows it; ``plimsoll version`` says which build runs);
* ``PLIMSOLL_REQUIRE_COMPILED=1`` turns that warning into an error, for CI and for wheels.

The extension modules share one library, so they are installed all together or not at all.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = Path("src", "plimsoll")
LIBRARY = "plimsoll__mypyc"
COMMANDS = {"bdist_wheel", "build", "build_ext", "develop", "editable_wheel", "install"}
IN_PLACE = {"develop", "editable_wheel", "--inplace", "-i"}


def is_set(variable: str) -> bool:
    """Whether the environment sets ``variable`` to anything but a form of no."""
    return os.environ.get(variable, "").strip().lower() not in ("", "0", "false", "no")


def compiled_sources() -> list[str]:
    """The modules to compile: fixed point, the vocabulary, and every module of the core."""
    names = ("fields", "params", "base", "keeping", "mechanisms", "commands", "events", "codes")
    names += ("vault_params", "vaults", "vault_events", "gateway", "gateway_events", "guard")
    names += ("guard_params", "guard_events", "changes")
    wanted = [PACKAGE / "units.py", *(PACKAGE / "messages" / f"{name}.py" for name in names)]
    wanted += sorted((PACKAGE / "core").rglob("*.py"))
    return [str(path) for path in wanted if path.exists() and path.name != "__init__.py"]


def give_up(reason: str) -> None:
    """Warn that the package will run interpreted; raise if that is not wanted."""
    text = f"plimsoll: {reason}; the core will run interpreted, about ten times slower"
    if is_set("PLIMSOLL_REQUIRE_COMPILED"):
        raise SystemExit(f"{text} (refused: PLIMSOLL_REQUIRE_COMPILED is set)")
    print(f"{'*' * 78}\nWARNING: {text}\n{'*' * 78}", file=sys.stderr, flush=True)


def remove_stale() -> None:
    """Delete extension modules an earlier build left beside the sources: they would win."""
    for pattern in ("*.so", "*.pyd"):
        stale = [*PACKAGE.parent.glob(f"*__mypyc{pattern}"), *(PACKAGE / "core").rglob(pattern)]
        stale += [*PACKAGE.glob(f"units{pattern}"), *(PACKAGE / "messages").glob(pattern)]
        for path in stale:
            path.unlink()


def extensions() -> list[Extension]:
    """The extension modules, or none when mypyc cannot make them."""
    sources = compiled_sources()
    if not sources:
        return []
    try:
        from mypyc.build import mypycify

        # No configuration file: the strictness of the type check is a matter for CI.
        made = mypycify(
            ["--config-file=", "--ignore-missing-imports", *sources],
            opt_level="3",
            group_name=LIBRARY.removesuffix("__mypyc"),
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 - mypyc exits on a type error
        give_up(f"mypyc failed ({type(error).__name__}: {error})")
        return []
    for extension in made:
        extension.optional = True
        # A new warning of some later compiler is no reason to run interpreted.
        extension.extra_compile_args = [
            flag for flag in extension.extra_compile_args if flag not in ("-Werror", "/WX")
        ]
        if sys.platform == "linux":
            # All modules are one library: calls within it need not go through the linker's table
            # and may be inlined.
            extension.extra_compile_args.append("-fno-semantic-interposition")
            extension.extra_link_args = ["-Wl,-Bsymbolic"]
    return made


class AllOrNothing(build_ext):
    """Builds every extension module, or leaves none behind."""

    def build_extensions(self) -> None:
        """Build; if one module fails, remove what the others produced."""
        self.failed: list[str] = []
        super().build_extensions()
        outputs = [Path(self.get_ext_fullpath(ext.name)) for ext in self.extensions]
        if self.failed or not all(path.exists() for path in outputs):
            for path in outputs:
                path.unlink(missing_ok=True)
            give_up(f"the C compiler failed ({'; '.join(self.failed) or 'no output'})")

    def build_extension(self, ext: Extension) -> None:
        """Build one module; a failure is remembered, and the rest is not tried."""
        if self.failed:
            return
        try:
            super().build_extension(ext)
        except Exception as error:  # noqa: BLE001 - compilers fail in many ways
            self.failed.append(f"{ext.name}: {error}")


def modules_to_build() -> list[Extension]:
    """Extension modules, made only for commands that install or build."""
    if not COMMANDS.intersection(sys.argv):
        return []
    if IN_PLACE.intersection(sys.argv):
        remove_stale()
    return [] if is_set("PLIMSOLL_PURE") else extensions()


setup(ext_modules=modules_to_build(), cmdclass={"build_ext": AllOrNothing})
