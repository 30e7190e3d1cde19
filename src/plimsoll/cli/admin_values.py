"""How operators write values, and the commands made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from plimsoll.cli.app import USAGE, Failure
from plimsoll.config import Field
from plimsoll.decimal_text import DecimalTextError, parse_decimal
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import Command
from plimsoll.messages.fields import FieldError
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams


def named(command: Command) -> dict[str, Any]:
    """The named form of a command. Errors: `Failure` for a value out of bounds."""
    try:
        return codec.to_named(codec.check_command(command))
    except FieldError as error:
        raise Failure(f"{error.field} {error.problem}", USAGE) from error


def read_roles(text: str) -> int:
    """The mask of role names, separated by commas. Errors: `Failure`."""
    found = 0
    for word in (part.strip() for part in text.split(",")):
        if word not in codes.ROLES:
            raise Failure(f"there is no role {word!r}: {', '.join(codes.ROLES)}", USAGE)
        found |= codes.ROLES[word]
    return found


def read_assignments(given: Iterable[str], fields: dict[str, Field], prefix: str) -> dict[str, Any]:
    """Values of NAME=VALUE, read as settings are written. Errors: `Failure`."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, raw = text.partition("=")
        field = fields.get(f"{prefix}.{name.strip()}")
        if not equals or field is None:
            raise Failure(
                f"{text!r} is not NAME=VALUE of a parameter; see `plimsoll params`", USAGE
            )
        found[name.strip()] = read_value(field, raw.strip())
    return found


def read_value(field: Field, raw: str) -> Any:
    """A value as settings are written. Errors: `Failure`."""
    try:
        return field.read(raw)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise Failure(f"{field.name} = {raw!r}: {error}", USAGE) from error


def read_number(name: str, text: str, digits: int) -> int:
    """A decimal text, scaled. Errors: `Failure`."""
    try:
        return parse_decimal(text, digits)
    except DecimalTextError as error:
        raise Failure(f"{name} {text!r}: {error}", USAGE) from error


def require_sound(
    values: GlobalParams | MarketParams | VaultParams | QuoteParams | BreakerParams,
) -> None:
    """Refuse a set that breaks a rule. Errors: `Failure`."""
    broken = [text for _, text in values.problems()]
    if broken:
        raise Failure("; ".join(broken), USAGE)
