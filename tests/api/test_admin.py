"""Commands by name over HTTP: who may send which, and the types that document them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from plimsoll.api import openapi
from plimsoll.api.endpoints import ENDPOINTS
from plimsoll.api.named import NamedCommand
from plimsoll.client.base import KEEPER_COMMANDS
from plimsoll.client.signed import Ed25519Key, sign
from plimsoll.core.authority import MAY
from plimsoll.messages import codec, codes, fields
from plimsoll.messages.commands import (
    COMMANDS,
    Command,
    CreatePrincipal,
    PricePoint,
    SetMarketMode,
)
from plimsoll.messages.gateway import SignedOrder
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.runtime import presets
from plimsoll.runtime.identity import IN_MEMORY
from plimsoll.runtime.keys import ADMIN, KEEPER, SCOPES, TRADE, WITHDRAW, StoredKey
from tests.api.world import ANN, BOB, START_MS, World

NESTED = {
    "prices": PricePoint,
    "global_params": GlobalParams,
    "market_params": MarketParams,
    "vault_params": VaultParams,
    "quote_params": QuoteParams,
    "breaker_params": BreakerParams,
    "signed_order": SignedOrder,
}
RELAYER = 5
SIGNER = Ed25519Key("07" * 32)
SCHEMAS = openapi.document(ENDPOINTS)["components"]["schemas"]


def values_of(cls: type[Any], end: int) -> list[Any]:
    """Values of every field at the low (0) or high (1) end of its bounds."""
    found: list[Any] = []
    for _, kind in cls.FIELDS:
        if kind in fields.BOUNDS:
            bound = fields.BOUNDS[kind][end]
            found.append(bool(bound) if kind == "flag" else bound)
        elif kind in fields.TEXTS:
            found.append("aZ0_-"[:end] * fields.TEXTS[kind])
        elif kind == "change":
            found.append([SetMarketMode.TAG, *values_of(SetMarketMode, end)])
        elif kind == "items":
            found.append([[one.TAG, *values_of(one, end)] for one in codec.BATCHABLE])
        elif kind == "prices":
            found.append([values_of(PricePoint, end)] * fields.LISTS[kind])
        else:
            found.append(values_of(NESTED[kind], end))
    return found


def extreme(cls: type[Command], end: int) -> Command:
    """A command with every field at one end of its bounds."""
    return codec.command_from_row([cls.TAG, *values_of(cls, end)])


@pytest.fixture
async def peopled(world: World) -> World:
    """The world with a principal for the one role that nobody has in it."""
    made = CreatePrincipal("rita", codes.ROLE_RELAYER)
    await world.node.submit(made, principal=presets.OPERATOR)
    return world


def admitted(command: Command) -> Command:
    """The command with its orders rightly signed, so that the door of signed orders is open."""
    row = command.row()
    for at, (_, kind) in enumerate(type(command).FIELDS, 1):
        if kind == "signed_order":
            order = SignedOrder(*[*row[at][:-3], SIGNER.signer, "", ""])  # type: ignore[index]
            row[at] = sign(SIGNER, IN_MEMORY, order).row()
    return codec.command_from_row(row)


def key_for(world: World, mask: int, scopes: list[str] | None = None) -> StoredKey:
    """A key of a principal of ``bootstrap`` or the world that has one of these roles."""
    roles = {
        presets.OPERATOR: codes.ROLE_OPERATOR,
        presets.ORACLE: codes.ROLE_ORACLE,
        presets.KEEPER: codes.ROLE_KEEPER,
        ANN: codes.ROLE_TRADER,
        RELAYER: codes.ROLE_RELAYER,
    }
    ident = next(ident for ident, role in roles.items() if role & mask)
    return world.keys.create(ident, scopes or SCOPES, "some", now_ms=START_MS)


async def test_an_operator_opens_the_door_to_a_trader(world: World) -> None:
    """API-011: principal, account, money and key; then the trader trades."""
    named = {"type": "CreatePrincipal", "name": "carol", "roles": codes.ROLE_TRADER}
    made = await world.call("POST", "/v1/commands", body=named, key=world.operator)
    (event,) = made.json()["events"]
    assert (made.status, event["type"], event["name"]) == (200, "PrincipalCreated", "carol")
    carol = world.keys.create(event["principal"], ["read", TRADE], "carol", now_ms=START_MS)
    opened = {"type": "CreateAccount", "owner": event["principal"], "parent": -1, "label": "main"}
    reply = await world.call("POST", "/v1/commands", body=opened, key=world.operator)
    account = reply.json()["events"][0]["account"]
    money = {"asset": "USD", "amount": "5000", "external_id": "wire-1"}
    path = f"/v1/accounts/{account}/deposits"
    assert (await world.call("POST", path, body=money, key=world.operator)).status == 200
    placed = await world.call("POST", "/v1/orders", body=world.order(account), key=carol)
    assert placed.json()["status"] == "resting"


async def test_a_command_by_name_acts_once(world: World) -> None:
    """API-011: the command id counts here as everywhere."""
    named = {"type": "CreatePrincipal", "name": "carol", "roles": 1}
    first, again = [
        await world.call("POST", "/v1/commands", body=named, key=world.operator, command_id="c-1")
        for _ in range(2)
    ]
    assert {**first.json(), "duplicate": True} == again.json()
    fresh = await world.call("POST", "/v1/commands", body=named, key=world.operator)
    assert (fresh.status, fresh.json()["reject"]["name"]) == (422, "NAME_TAKEN")


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("cls", COMMANDS)
async def test_roles_decide(peopled: World, cls: type[Command], end: int) -> None:
    """API-011: each command is read at both ends of its bounds; its roles may send it."""
    world = peopled
    named = codec.to_named(admitted(extreme(cls, end)))
    allowed = key_for(world, MAY[cls.TAG])
    reply = await world.call("POST", "/v1/commands", body=named, key=allowed)
    assert reply.status in (200, 422), reply.body
    assert (reply.json()["reject"] or {}).get("name") != "NOT_ALLOWED"
    before = await world.state_hash()
    refused = await world.call(
        "POST", "/v1/commands", body=named, key=key_for(world, 127 & ~MAY[cls.TAG])
    )
    assert (refused.status, refused.json()["reject"]["name"]) == (422, "NOT_ALLOWED")
    assert await world.state_hash() == before


@pytest.mark.parametrize("cls", COMMANDS)
async def test_no_way_around_other_scopes(peopled: World, cls: type[Command]) -> None:
    """API-011: with admin alone, what trades or moves money stays closed."""
    world = peopled
    key = key_for(world, MAY[cls.TAG], [ADMIN])
    before = await world.state_hash()
    named = codec.to_named(extreme(cls, 1))
    reply = await world.call("POST", "/v1/commands", body=named, key=key)
    others = {"Withdraw": WITHDRAW, "CancelProposal": ADMIN, "ReviewBreaker": TRADE}
    others |= {"CancelHeld": TRADE, "ReleaseHeld": WITHDRAW}
    needed = others.get(cls.__name__, TRADE if cls.TAG in range(20, 60) else ADMIN)
    needed = KEEPER if cls.__name__ in KEEPER_COMMANDS else needed
    assert (reply.status == 403) == (needed != ADMIN)
    if reply.status == 403:
        assert f"scope {needed}" in reply.json()["message"]
        assert await world.state_hash() == before
        some = key_for(world, MAY[cls.TAG], [ADMIN, needed])
        assert (await world.call("POST", "/v1/commands", body=named, key=some)).status != 403


async def test_prices_and_ticks(world: World) -> None:
    """API-011: an oracle publishes and a keeper ticks, each with a key of its own."""
    world.clock.now += 1_000
    points = [{"market": 0, "price": 60_100_000_000, "confidence": 0, "published_ms": START_MS + 1}]
    named = {"type": "OraclePrices", "prices": points}
    reply = await world.call("POST", "/v1/commands", body=named, key=key_for(world, 8))
    assert reply.status == 200
    market = (await world.call("GET", "/v1/markets/BTC-USD")).json()
    assert market["oracle_price"] == "60100"
    tick = {"type": "Tick", "limit": 10}
    assert (
        await world.call("POST", "/v1/commands", body=tick, key=key_for(world, 4))
    ).status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "Explode"}, "type"),
        ({"type": None}, "type"),
        ({"roles": "trader"}, "roles"),
        ({"roles": 1.5}, "roles"),
        ({"roles": 2**16}, "roles"),
        ({"roles": True}, "roles"),
        ({"name": "a b"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": "a" * 65}, "name"),
        ({"nick": "a"}, "body"),
    ],
)
async def test_malformed_commands(world: World, change: dict[str, Any], field: str) -> None:
    """API-011: what the vocabulary does not read is a 400 with its field, and changes nothing."""
    before = await world.state_hash()
    named = {"type": "CreatePrincipal", "name": "carol", "roles": 1, **change}
    reply = await world.call("POST", "/v1/commands", body=named, key=world.operator)
    assert (reply.status, reply.json()["field"]) == (400, field)
    assert await world.state_hash() == before


async def test_a_refused_vamm_is_told_in_dollars(world: World) -> None:
    """The numbers of a refusal by the treasury are money, not scaled integers."""
    named = {"type": "FundVamm", "market": 0, "amount": 1_500_000}
    reply = await world.call("POST", "/v1/commands", body=named, key=world.operator)
    refused = reply.json()["reject"]
    assert (refused["name"], refused["value"], refused["limit"]) == (
        "INSUFFICIENT_BALANCE",
        "1.5",
        "0",
    )


async def test_principals(world: World) -> None:
    """API-012: an operator sees all with their roles, everybody else itself."""
    found = (await world.call("GET", "/v1/principals", key=world.operator)).json()
    assert found[0] == {"principal": 0, "name": "operator", "roles": ["operator"]}
    assert [one["name"] for one in found] == ["operator", "oracle", "keeper", "ann", "bob"]
    own = (await world.call("GET", "/v1/principals", key=world.bob)).json()
    assert own == [{"principal": BOB, "name": "bob", "roles": ["trader"]}]


# The document --------------------------------------------------------------------------------


def test_every_command_is_documented() -> None:
    """API-011: the body lists every command by its name, with all its fields."""
    document = openapi.document(ENDPOINTS)
    content = document["paths"]["/v1/commands"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    mapping = {cls.__name__: f"#/components/schemas/{cls.__name__}" for cls in COMMANDS}
    assert schema["discriminator"] == {"propertyName": "type", "mapping": mapping}
    assert [one["$ref"] for one in schema["anyOf"]] == list(mapping.values())
    for cls in (*COMMANDS, *NESTED.values()):
        names = [name for name, _ in cls.FIELDS]
        tag = ["type"] if cls in COMMANDS else []
        assert list(SCHEMAS[cls.__name__]["properties"]) == tag + names
        assert SCHEMAS[cls.__name__]["required"] == tag + names


@pytest.mark.parametrize("cls", [*COMMANDS, *NESTED.values()])
def test_scales_are_documented(cls: type[Any]) -> None:
    """API-011: whatever has a unit says it."""
    units = ("price", "price0", "raw_price", "amount", "amount0", "ratio", "multiple", "time")
    properties = SCHEMAS[cls.__name__]["properties"]
    for name, kind in cls.FIELDS:
        if kind in units:
            assert properties[name].get("description"), name


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("cls", COMMANDS)
def test_types_and_vocabulary_read_the_same(cls: type[Command], end: int) -> None:
    """API-011: what the documented type lets through is the command, in words and in numbers."""
    command = extreme(cls, end)
    named = codec.to_named(command)
    numbered = {
        name: int(value)  # type: ignore[call-overload]
        for (name, kind), value in zip(cls.FIELDS, command.row()[1:], strict=True)
        if kind in (*codec.WORDS, "flag")
    }
    for values in (named, {**named, **numbered}):
        read = msgspec.json.decode(msgspec.json.encode(values), type=NamedCommand)
        assert codec.named_command(msgspec.to_builtins(read)).row() == command.row()
