"""The document says what the application does: routes, schemas, answers; and the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from starlette.routing import Route

from plimsoll.api import openapi
from plimsoll.api.dispatch import Path
from plimsoll.api.endpoints import ENDPOINTS, Endpoint
from plimsoll.messages.commands import COMMANDS
from tests.api.world import World

DOCUMENT = openapi.document(ENDPOINTS)
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one)


async def test_document_and_routes_agree(world: World) -> None:
    """Every route is in the document, with every method, and the document has no other."""
    served = await world.call("GET", "/openapi.json")
    assert served.json() == json.loads(msgspec.json.encode(DOCUMENT))
    found = set()
    for route in world.app.routes:
        if isinstance(route, Route):
            endpoint = route.endpoint
            methods = list(endpoint._methods) if isinstance(endpoint, Path) else ["GET"]
            found |= {(route.path, method.lower()) for method in methods}
    written = {(path, m) for path, operations in DOCUMENT["paths"].items() for m in operations}
    assert found == written
    assert len(found) == len(ENDPOINTS) + 4


def test_references_lead_somewhere() -> None:
    """Every $ref names a schema that is there, and every schema is used."""
    names = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    used = {one["$ref"] for one in walk(DOCUMENT) if isinstance(one.get("$ref"), str)}
    used |= {
        ref for one in walk(DOCUMENT) if "mapping" in one for ref in dict(one["mapping"]).values()
    }
    assert used == names


def test_requests_are_closed_and_patterns_plain() -> None:
    """Request objects take no unknown fields; patterns mean the same in every language."""
    schemas = [msgspec.json.schema(row.request) for row in ENDPOINTS if row.request]
    bodies = {one["$ref"] for schema in schemas for one in schema.get("anyOf", [schema])}
    assert len(bodies) > len(COMMANDS)
    for reference in bodies:
        schema = DOCUMENT["components"]["schemas"][reference.rsplit("/", 1)[-1]]
        assert schema["additionalProperties"] is False
    patterns = [one["pattern"] for one in walk(DOCUMENT) if isinstance(one.get("pattern"), str)]
    assert patterns
    assert not any("\\d" in pattern or "\\w" in pattern for pattern in patterns)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_answers_and_security_are_written_down(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    """Each operation names its errors with a schema, and whether it must be signed."""
    row = next((r for r in ENDPOINTS if (r.path, r.method.lower()) == (path, method)), None)
    assert {"200", "400", "405", "429", "431"} <= set(operation["responses"])
    for answer in operation["responses"].values():
        assert answer["description"]
        assert answer["content"]
    signed = {"signature": []} in operation["security"]
    assert signed == (row is not None and row.scope is not None)
    assert set(re.findall(r"\{(\w+)\}", path)) == {
        one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"
    }


@pytest.mark.parametrize("row", [pytest.param(row, id=row.operation) for row in ENDPOINTS])
async def test_answers_that_come_are_documented(world: World, row: Endpoint) -> None:
    """What simple mistakes give is among the answers of the operation."""
    known = DOCUMENT["paths"][row.path][row.method.lower()]["responses"]
    path = row.path.replace("{symbol}", "NO-PE").replace("{account}", "99").replace("{order}", "9")
    body = None if row.request is None else {"x": 1}
    for key in (None, world.ann):
        for query in ("", "x=1"):
            reply = await world.call(row.method, path, query, body, key=key)
            assert str(reply.status) in known
    wrong = await world.call("PUT", path)
    assert (wrong.status, row.method in wrong.headers["allow"].split(", ")) == (405, True)


class Links(HTMLParser):
    """Targets, references and outside addresses of a page, and whether its tags match."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {found["id"] or ""} if "id" in found else set()
        self.links |= {value for name in ("href", "src") if (value := found.get(name))}
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_reference_page_is_whole(world: World) -> None:
    """Well-formed, every inner link leads somewhere, nothing is loaded from elsewhere."""
    reply = await world.call("GET", "/docs")
    page = Links()
    page.feed(reply.body.decode())
    assert page.open == []
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    assert {link for link in page.links if not link.startswith("#")} == {"/openapi.json"}
    assert {row.operation for row in ENDPOINTS} <= page.ids
    assert "{{" not in reply.body.decode()
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    for word in (b"curl", b"openssl dgst", b"Plimsoll-Signature", b"/v1/stream"):
        assert word in reply.body


@pytest.mark.parametrize("path", ["/health", "/metrics", "/openapi.json", "/docs"])
async def test_pages_take_nothing_but_get(world: World, path: str) -> None:
    """No parameters, no other methods."""
    assert (await world.call("GET", path)).status == 200
    assert (await world.call("GET", path, "a=1")).status == 400
    reply = await world.call("POST", path, body={})
    assert (reply.status, reply.headers["allow"]) == (405, "GET")


async def test_metrics_count_what_happens(world: World) -> None:
    """Commands, refusals, requests by route and status, and each market's state."""
    await world.call("POST", "/v1/orders", body=world.order(), key=world.ann)
    await world.call("POST", "/v1/orders", body=world.order(size="0.0005"), key=world.ann)
    market = world.order(type="market", price=None)
    await world.call("POST", "/v1/orders", body=market, key=world.ann)
    world.clock.now += 2_000
    lines = set((await world.call("GET", "/metrics")).body.decode().splitlines())
    route = 'plimsoll_http_requests_total{method="POST",route="/v1/orders"'
    assert {
        'plimsoll_commands_total{outcome="rejected"} 1.0',
        'plimsoll_rejects_total{name="SIZE_NOT_ON_STEP"} 1.0',
        route + ',status="200"} 2.0',
        route + ',status="422"} 1.0',
        'plimsoll_oracle_age_seconds{market="BTC-USD"} 2.0',
        'plimsoll_open_interest{market="BTC-USD"} 0.01',
        f"plimsoll_seq {world.node.last_seq}.0",
        "plimsoll_queue_depth 0.0",
        "plimsoll_ws_connections 0.0",
    } <= lines
    assert any(line.startswith('plimsoll_vamm_pnl{market="BTC-USD"} 0.') for line in lines)
    assert any(line.startswith("plimsoll_commit_seconds_count") for line in lines)
