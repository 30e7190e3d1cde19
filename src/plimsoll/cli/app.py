"""What every command shares: the global options, the settings, and how failures end.

Exit codes: 0 done; 1 failure; 2 wrong usage (click's own, settings, malformed values); 3 refused
by the exchange, nothing was done; 4 the exchange is not reachable, busy, halted or did not answer.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from plimsoll.config import Loaded

FAILURE: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
UNREACHABLE: Final = 4

F = TypeVar("F", bound=Callable[..., Any])


class Failure(click.ClickException):
    """Ends the command with a line on stderr and an exit code."""

    def __init__(self, message: str, exit_code: int = FAILURE) -> None:
        super().__init__(message)
        # click reads it of the instance, but declares it of the class.
        vars(self)["exit_code"] = exit_code


@dataclass(slots=True)
class App:
    """The global options of this run; ``args`` is the whole command line, ``proposing`` whether an
    operator's commands are announced instead of sent.
    """

    file: Path | None = None
    data: Path | None = None
    sets: list[str] = field(default_factory=list)
    json: bool = False
    debug: bool = False
    args: list[str] = field(default_factory=list)
    proposing: bool = False

    def load(self, **flags: Any) -> Loaded:
        """The settings in force; flags are named ``section__key`` and None where not given.

        Errors: `ConfigError`.
        """
        from plimsoll.config import load

        named = {name.replace("__", "."): value for name, value in flags.items()}
        if self.data is not None:
            named["data.dir"] = str(self.data)
        return load(file=self.file, flags=named, sets=self.sets)

    @property
    def data_dir(self) -> Path:
        """The data directory. Errors: `ConfigError`."""
        return self.load().config.data_dir


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        app = ctx.ensure_object(App)
        if name == "sets":
            app.sets.extend(value)
        elif value not in (None, False):
            setattr(app, name, value)

    return callback


def global_options(*, hidden: bool, sets: bool = True) -> Callable[[F], F]:
    """The options that are valid before and behind every command's name; without ``sets`` all
    but ``--set``, for a command that has one of its own.
    """
    options = [
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="TOML file of settings.",
            callback=_remember("file"),
            expose_value=False,
            hidden=hidden,
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Data directory.",
            callback=_remember("data"),
            expose_value=False,
            hidden=hidden,
        ),
        click.option(
            "--set",
            multiple=True,
            metavar="SECTION.KEY=VALUE",
            help="Set a setting; may be repeated.",
            callback=_remember("sets"),
            expose_value=False,
            hidden=hidden,
        ),
        click.option(
            "--json",
            is_flag=True,
            help="One JSON document on stdout, nothing else.",
            callback=_remember("json"),
            expose_value=False,
        ),
        click.option(
            "--debug",
            is_flag=True,
            help="Show where a failure came from.",
            callback=_remember("debug"),
            expose_value=False,
            hidden=hidden,
        ),
    ]

    if not sets:
        del options[2]

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


common = global_options(hidden=True)
"""Decorator: the global options behind a command's name."""


def fail(error: Exception, *, debug: bool) -> NoReturn:
    """End with the line and the exit code that fit an error; raise it again if it is a bug."""
    from plimsoll.errors import ConfigError, PlimsollError
    from plimsoll.feeds.base import FeedError

    code = FAILURE
    if isinstance(error, ConfigError):
        code = USAGE
    elif isinstance(error, PlimsollError):
        code = _code_of(error)
    elif isinstance(error, OSError):
        if error.errno == errno.EPIPE:
            raise error
    elif not isinstance(error, FeedError):
        raise error
    if debug:
        traceback.print_exception(error)
    raise Failure(" ".join(str(error).split()), code) from error


def _code_of(error: Exception) -> int:
    from plimsoll.client import errors

    if isinstance(error, errors.BadField):
        return USAGE
    transient = (
        errors.Unreachable,
        errors.Timeout,
        errors.Busy,
        errors.Halted,
        errors.Failed,
    )
    if isinstance(error, transient):
        return UNREACHABLE
    return REFUSED if isinstance(error, errors.HttpProblem) else FAILURE
