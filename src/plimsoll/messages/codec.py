"""Messages to and from their wire forms: msgpack rows (journal) and named JSON (API, logs).

The only door through which a command from outside becomes an object: every field is checked
for type and bounds by its kind, so that what reaches the core has been range-checked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from plimsoll.messages import (
    changes,
    codes,
    commands,
    events,
    fields,
    gateway,
    guard_params,
    params,
    vault_params,
)
from plimsoll.messages.fields import FieldError

FORMAT_VERSION: Final = 3
"""Of the rows in journals and snapshots. Rows only ever grow at their end."""

COMMAND_BY_TAG: Final = {cls.TAG: cls for cls in commands.COMMANDS}
COMMAND_BY_NAME: Final = {cls.__name__: cls for cls in commands.COMMANDS}
EVENT_BY_TAG: Final = {cls.TAG: cls for cls in events.EVENTS}
BATCHABLE: Final = (
    commands.PlaceOrder,
    commands.CancelOrder,
    commands.CancelAll,
    commands.AmendOrder,
)

_BATCHABLE_TAGS: Final = tuple(cls.TAG for cls in BATCHABLE)
_TEXT: Final = re.compile(r"[A-Za-z0-9_.:/-]*\Z")
_STRICT_TEXT: Final = re.compile(r"[A-Za-z0-9_-]*\Z")
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder()

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "side": codes.SIDES,
    "kind": codes.KINDS,
    "tif": codes.TIFS,
    "post": codes.POSTS,
    "mode": codes.MODES,
    "direction": codes.DIRECTIONS,
    "vault_kind": codes.VAULT_KINDS,
    "breaker_mode": codes.BREAKER_MODES,
    "cause": codes.BREAKER_CAUSES,
}
"""The words of each kind of enumeration, by their numbers."""

RECORDS: Final[dict[str, type[Any]]] = {
    "global_params": params.GlobalParams,
    "market_params": params.MarketParams,
    "vault_params": vault_params.VaultParams,
    "quote_params": vault_params.QuoteParams,
    "breaker_params": guard_params.BreakerParams,
    "signed_order": gateway.SignedOrder,
}
"""Records within a message, each a field of its own kind."""


def check_value(name: str, kind: str, value: object) -> object:
    """The value if its type and bounds fit the kind, else ``FieldError`` naming the field."""
    bounds = fields.BOUNDS.get(kind)
    if bounds is not None:
        if kind == "flag" and isinstance(value, bool):
            return value
        if not isinstance(value, int) or isinstance(value, bool):
            raise FieldError(name, f"must be a whole number, not {type(value).__name__}")
        if not bounds[0] <= value <= bounds[1]:
            raise FieldError(name, f"must be {bounds[0]} to {bounds[1]}")
        return bool(value) if kind == "flag" else value
    if kind in fields.TEXTS:
        if not isinstance(value, str):
            raise FieldError(name, f"must be text, not {type(value).__name__}")
        if len(value) > fields.TEXTS[kind]:
            raise FieldError(name, f"must be at most {fields.TEXTS[kind]} characters")
        if not (_STRICT_TEXT if kind == "client_id" else _TEXT).match(value):
            raise FieldError(name, "has characters outside letters, digits and -_.:/")
        return value
    return _check_nested(name, kind, value)


def _check_nested(name: str, kind: str, value: object) -> object:
    if kind in RECORDS:
        return _record(RECORDS[kind], value, name)
    if kind == "change":
        return _change(name, value)
    if not isinstance(value, list | tuple):
        raise FieldError(name, "must be a list")
    if not 1 <= len(value) <= fields.LISTS[kind]:
        raise FieldError(name, f"must have 1 to {fields.LISTS[kind]} entries")
    if kind == "prices":
        return [_record(commands.PricePoint, item, name) for item in value]
    for item in value:
        # Looked at before the item is built: a batch in a batch would nest without end.
        if isinstance(item, list | tuple) and item and item[0] not in _BATCHABLE_TAGS:
            raise FieldError(name, f"{_tag_name(item[0])} cannot stand in a batch")
    return [command_from_row(item) for item in value]


def _change(name: str, value: object) -> commands.Command:
    """A command that may be proposed."""
    if isinstance(value, commands.Command):
        value = value.row()
    # Looked at before it is built: a proposal in a proposal would nest without end.
    tag = value[0] if isinstance(value, list | tuple) and value else None
    if not isinstance(tag, int) or tag not in changes.BY_TAG:
        raise FieldError(name, "must be a change that may be proposed")
    return command_from_row(value)


def _record(cls: type[Any], value: object, name: str) -> Any:
    if isinstance(value, cls):
        value = value.row()
    if not isinstance(value, list | tuple):
        raise FieldError(name, "must be a list of values")
    return _construct(cls, value)


def _construct(cls: type[Any], values: list[Any] | tuple[Any, ...]) -> Any:
    schema = cls.FIELDS
    if len(values) != len(schema):
        raise FieldError(cls.__name__, f"has {len(values)} values, needs {len(schema)}")
    checked = [
        check_value(name, kind, value) for (name, kind), value in zip(schema, values, strict=True)
    ]
    return cls(*checked)


def command_from_row(row: object) -> commands.Command:
    """A checked command from ``[tag, values…]``. Raises ``FieldError``."""
    if not isinstance(row, list | tuple) or not row:
        raise FieldError("command", "must be a non-empty list")
    tag = row[0]
    if not isinstance(tag, int) or isinstance(tag, bool) or tag not in COMMAND_BY_TAG:
        raise FieldError("command", f"{_tag_name(tag)} is not known")
    command: commands.Command = _construct(COMMAND_BY_TAG[tag], row[1:])
    return command


def _tag_name(tag: object) -> str:
    # Whatever a stranger sent: its text could be endless.
    return f"tag {tag}" if isinstance(tag, int) and abs(tag) < 10**9 else "that tag"


def encode_command(command: commands.Command) -> bytes:
    """The msgpack row of a command."""
    return _encoder.encode(command.row())


def decode_command(data: bytes) -> commands.Command:
    """A checked command from its msgpack row. Raises ``FieldError``, whatever the bytes."""
    try:
        row = _decoder.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise FieldError("command", f"is not msgpack: {error}") from None
    return command_from_row(row)


def check_command(command: commands.Command) -> commands.Command:
    """The same command rebuilt with every field checked. Raises ``FieldError``."""
    return command_from_row(command.row())


def encode_events(found: list[events.Event]) -> bytes:
    """The msgpack list of event rows."""
    return _encoder.encode([event.row() for event in found])


def event_from_row(row: list[Any]) -> events.Event:
    """An event from ``[tag, values…]`` (trusted: it was written by this codec)."""
    event: events.Event = EVENT_BY_TAG[row[0]](*row[1:])
    return event


def decode_events(data: bytes) -> list[events.Event]:
    """The events of ``encode_events``."""
    return [event_from_row(row) for row in _decoder.decode(data)]


def digest(found: list[events.Event]) -> bytes:
    """16 bytes that stand for the events of one command, to compare a replay with history."""
    return hashlib.blake2b(encode_events(found), digest_size=16).digest()


def state_hash(dump: object) -> str:
    """SHA-256 (hex) of a state's dump: nested lists of ints and texts in canonical order."""
    return hashlib.sha256(_encoder.encode(dump)).hexdigest()


def encode_state(dump: object) -> bytes:
    """A state's dump with the format version in front."""
    return _encoder.encode([FORMAT_VERSION, dump])


def decode_state(data: bytes) -> list[Any]:
    """The dump of ``encode_state``. Raises ``ValueError`` for another format version."""
    try:
        version, dump = _decoder.decode(data)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise ValueError(f"not an encoded state: {error}") from None
    if version != FORMAT_VERSION:
        raise ValueError(f"state format {version}, this version reads {FORMAT_VERSION}")
    found: list[Any] = dump
    return found


# Named forms ---------------------------------------------------------------------------------


def to_named(message: Any) -> dict[str, Any]:
    """A message as a dict of field names, enumerations as words; JSON-ready."""
    values = message.row()
    if hasattr(type(message), "TAG"):
        values = values[1:]
    named: dict[str, Any] = {}
    for (name, kind), value in zip(type(message).FIELDS, values, strict=True):
        words = WORDS.get(kind)
        if words is not None:
            named[name] = words[value]
        elif kind == "flag":
            named[name] = bool(value)
        elif kind == "items":
            named[name] = [to_named(item) for item in message.items]
        elif kind == "prices":
            named[name] = [to_named(item) for item in message.prices]
        elif kind in RECORDS:
            named[name] = to_named(getattr(message, name))
        elif kind == "change":
            named[name] = to_named(message.change)
        else:
            named[name] = value
    return {"type": type(message).__name__, **named} if hasattr(type(message), "TAG") else named


def event_to_named(event: events.Event) -> dict[str, Any]:
    """An event as named values; codes and reasons come with their words."""
    named = to_named(event)
    if isinstance(event, events.Rejected | events.OracleRefused):
        name, value, limit = codes.REJECTS.get(event.code, (str(event.code), "value", "limit"))
        named["name"] = name
        named["value_is"] = value
        named["limit_is"] = limit
    elif isinstance(event, events.Transferred):
        named["reason"] = codes.REASONS[event.reason]
    elif isinstance(
        event,
        events.OrderRemoved
        | events.OfferDropped
        | events.AuctionEnded
        | events.LiquidationEnded
        | events.FirmQuoteEnded,
    ):
        named["reason"] = codes.DONE_REASONS[event.reason]
    elif isinstance(event, events.Filled):
        named["source"] = codes.SOURCES[event.source]
    elif isinstance(event, events.AccountCreated):
        named["kind"] = codes.ACCOUNT_KINDS[event.kind]
    return named


def from_named(cls: type[Any], values: Mapping[str, Any]) -> Any:
    """A checked message of class ``cls`` from named values. Unknown names are refused."""
    row: list[Any] = []
    for name, kind in cls.FIELDS:
        if name not in values:
            raise FieldError(name, "is missing")
        value = values[name]
        words = WORDS.get(kind)
        if words is not None and isinstance(value, str):
            if value not in words:
                raise FieldError(name, f"must be one of {', '.join(words)}")
            value = words.index(value)
        elif kind in RECORDS and isinstance(value, Mapping):
            value = from_named(RECORDS[kind], value)
        elif kind == "change" and isinstance(value, Mapping):
            value = named_command(value)
        elif kind == "prices" and isinstance(value, list):
            value = [
                from_named(commands.PricePoint, item) if isinstance(item, Mapping) else item
                for item in value
            ]
        elif kind == "items" and isinstance(value, list):
            value = [
                named_command(item).row() if isinstance(item, Mapping) else item for item in value
            ]
        row.append(value)
    known = {name for name, _ in cls.FIELDS}
    for name in sorted(str(key) for key in values):
        if name not in known and name != "type":
            raise FieldError(name[:64], "is not known here")
    return _construct(cls, row)


def named_command(values: Mapping[str, Any]) -> commands.Command:
    """A checked command from ``{"type": …, fields…}``. Raises ``FieldError``."""
    cls = COMMAND_BY_NAME.get(str(values.get("type", "")))
    if cls is None:
        raise FieldError("type", "is not a known command")
    command: commands.Command = from_named(cls, values)
    return command
