"""The only door for commands: every field is checked for type and bounds, and names itself."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plimsoll.messages import (
    codec,
    codes,
    commands,
    events,
    fields,
    guard_params,
    params,
    vault_params,
)
from plimsoll.messages.fields import FieldError
from plimsoll.runtime import presets

MARKET = presets.market_params("BTC-USD", 60_000_000_000)
SAMPLES: dict[str, object] = {
    **{kind: high for kind, (_, high) in fields.BOUNDS.items()},
    **dict.fromkeys(fields.TEXTS, "a-b_C.9"),
    "flag": True,
    "client_id": "a-b_C9",
    "global_params": params.GlobalParams().row(),
    "market_params": MARKET.row(),
    "vault_params": vault_params.VaultParams().row(),
    "quote_params": vault_params.QuoteParams().row(),
    "breaker_params": guard_params.BreakerParams().row(),
    "signed_order": [
        0,
        0,
        0,
        False,
        1,
        1,
        0,
        False,
        1,
        "mine",
        0,
        -1,
        0,
        -1,
        "ed25519:00",
        "00",
        "00",
    ],
    "change": [6, 0, 3],
    "prices": [[0, 1, 0, 0]],
    "items": [[42, 0, -1]],
}
"""A valid value of every kind."""

NEVER_NUMBERS: list[object] = [
    None, 1.0, 0.0, -1.5, math.nan, math.inf, "1", "", "NaN", b"1", [], [1], {}, {"a": 1},
]  # fmt: skip
NEVER_TEXT: list[object] = [None, 0, 1, True, 1.5, b"a", [], ["a"], {}]
NEVER_LISTS: list[object] = [None, 0, 1, True, 1.5, "ab", b"a", {}, {"a": 1}]


def sample(cls: type[Any]) -> list[Any]:
    """A valid row of a command."""
    return [cls.TAG, *[SAMPLES[kind] for _, kind in cls.FIELDS]]


def bad_values(kind: str) -> list[object]:
    """What a field of this kind must refuse."""
    if kind in fields.BOUNDS:
        low, high = fields.BOUNDS[kind]
        extra: list[object] = [low - 1, high + 1, -(2**63), 2**63, 2**64, 10**40, -(10**40)]
        booleans: list[object] = [] if kind == "flag" else [True, False]
        return NEVER_NUMBERS + extra + booleans
    if kind in fields.TEXTS:
        most = fields.TEXTS[kind]
        return [*NEVER_TEXT, "a" * (most + 1), "a b", "a\n", "é", "\x00", "a,b", "<a>"]
    if kind in codec.RECORDS:
        return [*NEVER_LISTS, [], [1], [None] * 50]
    if kind == "change":
        # A proposal, an order, a batch; a change that is none.
        return [*NEVER_LISTS, [], [None], [18, [6, 0, 3]], [41, 0, 0, ""], [99], [6, 0]]
    return [*NEVER_LISTS, [], [None], [[]], [[99]], [1], [[1, 2, 3]] * (fields.LISTS[kind] + 1)]


FIELDS = [
    (cls, index, name, kind)
    for cls in commands.COMMANDS
    for index, (name, kind) in enumerate(cls.FIELDS)
]


@pytest.mark.parametrize(
    ("cls", "index", "name", "kind"), FIELDS, ids=[f"{c.__name__}.{n}" for c, _, n, _ in FIELDS]
)
def test_every_field_refuses_what_it_cannot_be(
    cls: type[Any], index: int, name: str, kind: str
) -> None:
    """MSG-002: bool, float, digits as text, None, lists, one past each bound, 2^63, NaN."""
    good = sample(cls)
    assert codec.command_from_row(good).row() == good
    for value in bad_values(kind):
        row = [*good]
        row[index + 1] = value
        with pytest.raises(FieldError) as caught:
            codec.command_from_row(row)
        # A fault inside a list names the field in it.
        if kind in fields.BOUNDS or kind in fields.TEXTS:
            assert caught.value.field == name, repr(value)
        assert caught.value.problem


SETS: dict[type[Any], type[Any]] = {
    params.MarketParams: commands.CreateMarket,
    params.GlobalParams: commands.SetGlobalParams,
    vault_params.VaultParams: commands.SetVaultParams,
    vault_params.QuoteParams: commands.SetVaultQuote,
}
"""Sets of parameters -> a command whose last field each is."""


@pytest.mark.parametrize("cls", SETS)
def test_every_parameter_refuses_what_it_cannot_be(cls: type[Any]) -> None:
    """MSG-002: nested records name the parameter."""
    *front, good = sample(SETS[cls])
    for index, (name, kind) in enumerate(cls.FIELDS):
        for value in bad_values(kind):
            row = [*good]
            row[index] = value
            with pytest.raises(FieldError) as caught:
                codec.command_from_row([*front, row])
            assert caught.value.field == name, repr(value)


@pytest.mark.parametrize("index", range(4))
def test_every_part_of_a_price_refuses_what_it_cannot_be(index: int) -> None:
    """MSG-002: what the core judges itself (a price of zero or less) passes the codec."""
    name, kind = commands.PricePoint.FIELDS[index]
    for value in bad_values(kind):
        point: list[object] = [0, 1, 0, 0]
        point[index] = value
        with pytest.raises(FieldError) as caught:
            codec.command_from_row([commands.OraclePrices.TAG, [point]])
        assert caught.value.field == name
    assert codec.command_from_row([commands.OraclePrices.TAG, [[0, -5, 0, 0]]])


@pytest.mark.parametrize("kind", fields.BOUNDS)
def test_bounds_are_inclusive(kind: str) -> None:
    """MSG-002: both ends of every kind are values."""
    for value in fields.BOUNDS[kind]:
        assert codec.check_value("x", kind, value) == value


@pytest.mark.parametrize(
    "row",
    [None, 5, "x", [], {}, [None], [True], ["40"], [1.0], [99], [0], [-1], [[40]], [{}], [2**70]],
)
def test_unknown_tags_are_refused(row: object) -> None:
    """MSG-001: a tag is a known number, not something equal to it."""
    with pytest.raises(FieldError) as caught:
        codec.command_from_row(row)
    assert caught.value.field == "command"


@pytest.mark.parametrize("cls", commands.COMMANDS, ids=lambda cls: cls.__name__)
def test_rows_have_exactly_their_fields(cls: type[Any]) -> None:
    """MSG-001: one value too few or too many is not guessed at."""
    good = sample(cls)
    for row in (good[:-1], [*good, 0]):
        with pytest.raises(FieldError):
            codec.command_from_row(row)
    encoded = codec.encode_command(codec.command_from_row(good))
    assert codec.decode_command(encoded).row() == good
    assert codec.check_command(codec.command_from_row(good)).row() == good


@pytest.mark.parametrize("cls", commands.COMMANDS, ids=lambda cls: cls.__name__)
def test_named_form_is_the_row(cls: type[Any]) -> None:
    """MSG-001: words for enumerations, and back."""
    command = codec.command_from_row(sample(cls))
    named = codec.to_named(command)
    assert named["type"] == cls.__name__
    assert codec.named_command(msgspec.json.decode(msgspec.json.encode(named))).row() == (
        command.row()
    )
    with pytest.raises(FieldError, match="not known here"):
        codec.named_command({**named, "surprise": 1})
    for name in named:
        if name != "type":
            with pytest.raises(FieldError) as caught:
                codec.named_command({key: value for key, value in named.items() if key != name})
            assert (caught.value.field, caught.value.problem) == (name, "is missing")


def test_words_that_do_not_exist_are_refused() -> None:
    """MSG-002: the answer says which exist."""
    named = codec.to_named(codec.command_from_row(sample(commands.PlaceOrder)))
    with pytest.raises(FieldError, match="side: must be one of buy, sell"):
        codec.named_command({**named, "side": "long"})
    with pytest.raises(FieldError, match="type: is not a known command"):
        codec.named_command({**named, "type": "Place"})
    with pytest.raises(FieldError, match="cannot stand in a batch"):
        codec.command_from_row([44, True, [[61, 1]]])


@settings(max_examples=5_000, deadline=None)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_command_or_a_field_error(data: bytes) -> None:
    """MSG-002: decoding never raises anything else, and what passes encodes to itself."""
    with contextlib.suppress(FieldError):
        command = codec.decode_command(data)
        assert codec.command_from_row(command.row()).row() == command.row()


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9)
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=3), inner,
                                                                  max_size=3),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cls=st.sampled_from(commands.COMMANDS), data=st.data())
def test_rows_with_any_values_are_a_command_or_a_field_error(
    cls: type[Any], data: st.DataObject
) -> None:
    """MSG-002: a good row with some fields replaced by anything msgpack can say."""
    row = sample(cls)
    for index in range(1, len(row)):
        if data.draw(st.booleans()):
            row[index] = data.draw(values)
    with contextlib.suppress(FieldError):
        codec.decode_command(msgspec.msgpack.encode(row))


def test_deeply_nested_bytes_are_refused() -> None:
    """MSG-002: no recursion deep enough to hurt."""
    for data in (b"\x91" * 100_000, b"\x92\x2c" + b"\x91" * 5_000, b"\x81\xa1a" * 50_000):
        with pytest.raises(FieldError):
            codec.decode_command(data)


def test_tags_are_unique_and_rows_match_the_schema() -> None:
    """MSG-001: every message says its tag once, and the row has a value for every field."""
    assert len(codec.COMMAND_BY_TAG) == len(commands.COMMANDS)
    assert len(codec.EVENT_BY_TAG) == len(events.EVENTS)
    for cls in commands.COMMANDS:
        command = codec.command_from_row(sample(cls))
        assert command.tag() == cls.TAG
    for event_cls in events.EVENTS:
        values: dict[str, object] = {**dict.fromkeys(fields.TEXTS, "a"), "flag": True}
        row = [values.get(kind, 1) for _, kind in event_cls.FIELDS]
        event: Any = codec.event_from_row([event_cls.TAG, *row])
        assert event.row() == [event_cls.TAG, *row]
        assert [event.row()] == [e.row() for e in codec.decode_events(codec.encode_events([event]))]


def test_codes_reasons_and_names_are_unique() -> None:
    """MSG-004: every code has one name and says what its numbers are."""
    names = [name for name, _, _ in codes.REJECTS.values()]
    assert len(set(names)) == len(names)
    for name, value, limit in codes.REJECTS.values():
        assert getattr(codes, name) in codes.REJECTS
        assert value
        assert limit
    for table in (codes.REASONS, codes.DONE_REASONS):
        assert len(set(table.values())) == len(table)
