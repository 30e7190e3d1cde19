"""Where settings come from, and which one wins."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from plimsoll.api.limits import ApiSettings
from plimsoll.config.fields import PATHS, SECTIONS, Field, fixed_fields, market_fields
from plimsoll.config.sections import (
    ApiConfig,
    ClientConfig,
    Config,
    DataConfig,
    DemoConfig,
    FeedConfig,
    LogConfig,
)
from plimsoll.errors import ConfigError
from plimsoll.keepers.settings import KeeperSettings, MakerSettings
from plimsoll.messages.params import GlobalParams
from plimsoll.runtime import presets
from plimsoll.runtime.node_types import NodeSettings
from plimsoll.units import RangeError

FILE_NAME: Final = "plimsoll.toml"
ENV_FILE_NAME: Final = ".env"
ENV_PREFIX: Final = "PLIMSOLL_"
DEFAULT: Final = "default"
MASK: Final = "********"

_NOT_SETTINGS: Final = frozenset({"PLIMSOLL_PURE", "PLIMSOLL_REQUIRE_COMPILED"})
_SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9._:/-]{0,63}")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A value in force: ``text`` as one would write it, ``origin`` where it was written."""

    name: str
    value: Any
    text: str
    origin: str
    secret: bool = False

    @property
    def shown(self) -> Any:
        """The value, or a mask instead of a secret."""
        return MASK if self.secret and self.value else self.value


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings with their origins; ``file`` is the TOML file that was read, if any."""

    config: Config
    settings: tuple[Setting, ...]
    file: Path | None

    def origin(self, name: str) -> str:
        """Where a setting's value comes from; ``default`` also for what was never set."""
        return next((one.origin for one in self.settings if one.name == name), DEFAULT)


def effective(loaded: Loaded) -> list[Setting]:
    """Every setting in force, in the order of the sections."""
    return list(loaded.settings)


class _Value(msgspec.Struct, frozen=True):
    """A raw value: the setting's name, what was written, and where."""

    name: str
    raw: Any
    origin: str


def _flatten(prefix: str, table: Mapping[str, Any], origin: str) -> Iterator[_Value]:
    for name, raw in table.items():
        full = f"{prefix}.{name}" if prefix else name
        if isinstance(raw, Mapping):
            yield from _flatten(full, raw, origin)
        else:
            yield _Value(full, raw, origin)


def _from_toml(path: Path, *, in_data_dir: bool) -> list[_Value]:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"the file {path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file {path} is not TOML: {error}") from error
    found = []
    for one in _flatten("", table, str(path)):
        if in_data_dir and one.name == "data.dir":
            raise ConfigError(f"data.dir cannot be set in {path}, which is found by it")
        if one.name in PATHS and isinstance(one.raw, str) and one.raw:
            placed = path.parent / Path(one.raw).expanduser()
            one = _Value(one.name, str(placed), one.origin)  # noqa: PLW2901
        found.append(one)
    return found


def _from_environment(values: Mapping[str, str | None], where: str) -> Iterator[_Value]:
    for variable, raw in values.items():
        if not variable.startswith(ENV_PREFIX) or variable in _NOT_SETTINGS:
            continue
        origin = f"{where} {variable}"
        parts = variable.removeprefix(ENV_PREFIX).lower().split("__")
        if raw is None:
            raise ConfigError(f"{variable} in {where} has no value")
        if parts[0] == "markets" and len(parts) > 1:
            parts[1] = parts[1].upper().replace("_", "-")
        name = ".".join(parts)
        if len(parts) == 1:
            like = {setting.replace(".", "_"): setting for setting in fixed_fields()}
            near = difflib.get_close_matches(name, like, 1)
            hint = f"; did you mean {variable_of(like[near[0]])}" if near else ""
            raise ConfigError(f"{variable} ({where}) is no setting{hint}")
        yield _Value(name, raw, origin)


def variable_of(name: str) -> str:
    """The environment's name of a setting."""
    return ENV_PREFIX + name.replace(".", "__").replace("-", "_").upper()


def _from_sets(sets: Iterable[str]) -> Iterator[_Value]:
    for text in sets:
        name, equals, raw = text.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set {text!r} is not of the form section.key=value")
        yield _Value(name.strip(), raw.strip(), f"--set {name.strip()}")


# Loading -------------------------------------------------------------------------------------


def load(
    *,
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    sets: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Loaded:
    """The settings in force.

    ``flags`` are values of named flags by setting (None: not given), which win over ``sets``
    (``section.key=value``); ``folder`` is where ``plimsoll.toml`` and ``.env`` are looked for.
    Errors: `ConfigError` naming the setting and its origin.
    """
    here = folder if folder is not None else Path.cwd()
    later = _from_dotenv(here / ENV_FILE_NAME)
    later += _from_environment(os.environ if environ is None else environ, "environment")
    later += _from_sets(sets)
    later += [
        _Value(name, raw, "command line") for name, raw in (flags or {}).items() if raw is not None
    ]
    found, values = _find_file(file, here, later)
    return _build(values + later, found)


def _from_dotenv(path: Path) -> list[_Value]:
    if not path.is_file():
        return []
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file {path} cannot be read: {error}") from error
    return list(_from_environment(values, ENV_FILE_NAME))


def _find_file(
    named: Path | None, here: Path, later: list[_Value]
) -> tuple[Path | None, list[_Value]]:
    if named is not None:
        return named, _from_toml(named, in_data_dir=False)
    local = here / FILE_NAME
    if local.is_file():
        return local, _from_toml(local, in_data_dir=False)
    given = [str(one.raw) for one in later if one.name == "data.dir"]
    inside = Config(data=DataConfig(dir=given[-1] if given else "")).data_dir / FILE_NAME
    if inside.is_file():
        return inside, _from_toml(inside, in_data_dir=True)
    return None, []


def _unknown(name: str, origin: str, known: Iterable[str]) -> ConfigError:
    section, dot, rest = name.partition(".")
    meant = difflib.get_close_matches(section, SECTIONS, 1)
    if meant == ["markets"] and section != "markets":
        known = [f"markets.{rest}"]
    near = difflib.get_close_matches(f"{(meant or [section])[0]}{dot}{rest}", list(known), 1)
    hint = f"; did you mean {near[0]}" if near else ""
    return ConfigError(f"there is no setting {name} ({origin}){hint}")


def _field_of(one: _Value, fields: dict[str, Field]) -> Field:
    """The field of a value; a market's fields are added when it is first named."""
    if one.name in fields:
        return fields[one.name]
    section, _, rest = one.name.partition(".")
    symbol, _, leaf = rest.rpartition(".")
    if section == "markets" and leaf:
        if not _SYMBOL.fullmatch(symbol):
            raise ConfigError(f"{one.name} ({one.origin}) must be markets.SYMBOL.name")
        fields.update(market_fields(symbol))
        if one.name in fields:
            return fields[one.name]
    raise _unknown(one.name, one.origin, fields)


def _read(field: Field, one: _Value) -> Any:
    shown = MASK if field.secret else repr(one.raw) if isinstance(one.raw, str) else one.raw
    try:
        value = field.read(one.raw)
        if field.name.startswith("node."):
            # The class states its bounds itself, a field at a time.
            NodeSettings(**{field.name.partition(".")[2]: value})
        elif field.name.startswith("api.limits.") and value <= 0:
            raise ValueError("must be above 0")
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise ConfigError(f"{field.name} = {shown} ({one.origin}): {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{field.name} = {shown} ({one.origin}): {error.message}") from error
    return value


def _build(values: list[_Value], file: Path | None) -> Loaded:
    fields = fixed_fields()
    chosen: dict[str, tuple[Any, str]] = {}
    for one in values:
        field = _field_of(one, fields)
        chosen[field.name] = (_read(field, one), one.origin)
    settings = []
    for name, field in fields.items():
        if name.startswith("markets.") and name not in chosen:
            continue
        value, origin = chosen.get(name, (field.default, DEFAULT))
        text = MASK if field.secret and value else field.show(value)
        settings.append(
            Setting(name=name, value=value, text=text, origin=origin, secret=field.secret)
        )
    config = _assemble({one.name: one.value for one in settings})
    _check(config)
    return Loaded(config=config, settings=tuple(settings), file=file)


def _assemble(values: Mapping[str, Any]) -> Config:
    sections: dict[str, dict[str, Any]] = {}
    markets: dict[str, dict[str, int]] = {}
    for name, value in values.items():
        section, _, rest = name.partition(".")
        if section == "markets":
            symbol, _, leaf = rest.rpartition(".")
            markets.setdefault(symbol, {})[leaf] = value
        else:
            table, _, leaf = name.rpartition(".")
            sections.setdefault(table, {})[leaf] = value
    return Config(
        data=DataConfig(**sections["data"]),
        node=NodeSettings(**sections["node"]),
        api=ApiConfig(**sections["api"], limits=ApiSettings(**sections["api.limits"])),
        feed=FeedConfig(**sections["feed"]),
        demo=DemoConfig(**sections["demo"]),
        client=ClientConfig(**sections["client"]),
        keeper=KeeperSettings(
            **sections["keeper"], maker=MakerSettings(**sections["keeper.maker"])
        ),
        log=LogConfig(**sections["log"]),
        exchange=sections["exchange"],
        markets=markets,
    )


def _check(config: Config) -> None:
    """What single values cannot tell. Errors: `ConfigError`."""
    broken = [text for _, text in GlobalParams(**config.exchange).problems()]
    if broken:
        raise ConfigError(f"exchange: {'; '.join(broken)}")
    if config.exchange.get("admin_delay_ms", 0) > 0:
        raise ConfigError(
            "exchange.admin_delay_ms cannot be set at the start, when there is one operator",
            remedy="Make a second one, then `plimsoll admin params set admin_delay_ms=...`.",
        )
    if config.feed.kind == "file":
        if not config.feed.path:
            raise ConfigError("feed.kind is file, but feed.path names none")
        return
    overrides = config.market_overrides()
    prices = config.start_prices()
    for symbol in config.markets:
        if symbol not in prices:
            raise ConfigError(f"markets.{symbol} is configured, but not among feed.symbols")
    for symbol, price in prices.items():
        try:
            params = presets.market_params(symbol, price, overrides.get(symbol))
        except RangeError as error:
            raise ConfigError(
                f"markets.{symbol}: no vAMM and no open interest limit fit its price and imr"
            ) from error
        broken = [text for _, text in params.problems()]
        if broken:
            raise ConfigError(f"markets.{symbol}: {'; '.join(broken)}")
