"""The OpenAPI 3.1 document, made from the table of endpoints and the types they use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

import plimsoll
from plimsoll.api.system import HealthInfo
from plimsoll.api.table import Endpoint, Parameter
from plimsoll.client.models import ErrorInfo, Receipt
from plimsoll.messages.fields import CLIENT_ID_MAX
from plimsoll.runtime.keys import SCOPES

REF_TEMPLATE: Final = "#/components/schemas/{name}"
TAGS: Final = (
    "Market data", "Trading", "Accounts", "Vaults", "Spot", "Breaker", "Keepers", "Administration",
    "System",
)  # fmt: skip

INTRODUCTION: Final = """\
The native interface of a Plimsoll exchange.

**Numbers.** Prices, sizes and money are decimal *strings* (`"60000.5"`), never floats; ratios are
parts per million, times milliseconds since the epoch (UTC), ids whole numbers.

**Commands** (all that changes something) answer with a `Receipt` once they are durable. A command
the exchange refuses is a `422` with a receipt whose `accepted` is false and whose `reject` names
code and numbers. Give a command a `Plimsoll-Command-Id` and it acts once however often you send
it: a repeat returns the first receipt, the same id with another command is a `409`.

**Requests are read strictly**: unknown or repeated fields, parameters and headers, percent
escapes, encoded bodies, numbers of the wrong type are refused, with the field at fault.
"""

SIGNING: Final = """\
HMAC-SHA256, hex, with the key's secret over seven lines joined by a line feed: timestamp, nonce,
METHOD, path, query (without `?`), hex SHA-256 of the body, command id (the text of
`Plimsoll-Command-Id`, an empty line without it and for the stream). Sent as four headers:
`Plimsoll-Key`, `Plimsoll-Timestamp` (ms, within 5 s of the server's clock), `Plimsoll-Nonce`
(1 to 36 of `A-Z a-z 0-9 _ -`, once per key), `Plimsoll-Signature`. Scopes: {scopes}.\
"""

_STATUSES: Final[dict[int, str]] = {
    400: "The request is malformed; `field` names what is at fault.",
    401: "Not signed, or the key, signature, timestamp or nonce is wrong.",
    403: "The key lacks the scope.",
    404: "No such path, market, vault or account (or not one of yours).",
    405: "The path has no such method.",
    408: "The body came too slowly.",
    409: "The command id was used for another command.",
    413: "The body is too long.",
    415: "The body is not plain JSON.",
    422: "The exchange refused the command; nothing changed.",
    429: "Too many requests, or the exchange is busy; see `Retry-After`.",
    431: "The headers are too long.",
    503: "The exchange is halted.",
}


def statuses_of(endpoint: Endpoint) -> list[int]:
    """Every status an endpoint may answer with, beside 200."""
    found = {400, 401, 405, 408, 413, 429, 431, 503}
    if endpoint.scope is not None:
        found.add(403)
    if endpoint.parameters or endpoint.scope is not None:
        found.add(404)
    if endpoint.request is not None:
        found.add(415)
    if endpoint.response is Receipt:
        found.add(422)
    if endpoint.command:
        found.add(409)
    return sorted(found)


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The whole document as plain values."""
    rows = list(endpoints)
    types: dict[str, Any] = {}
    for row in rows:
        types[repr(row.response)] = row.response
        types[repr(row.request)] = row.request
    types.pop(repr(None), None)
    wanted = [ErrorInfo, HealthInfo, *types.values()]
    schemas, components = msgspec.json.schema_components(wanted, ref_template=REF_TEMPLATE)
    by_type = {repr(kind): schema for kind, schema in zip(wanted, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, by_type)
    paths |= _system_paths(by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plimsoll",
            "version": plimsoll.__version__,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in TAGS],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Plimsoll-Signature",
                    "description": SIGNING.format(scopes=", ".join(SCOPES)),
                }
            },
        },
    }


def _operation(row: Endpoint, by_type: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": row.operation,
        "summary": row.summary,
        "tags": [row.tag],
        "description": _description(row),
        "responses": _responses(row, by_type),
    }
    parameters = [_parameter(one) for one in row.parameters]
    if row.command:
        parameters.append(_COMMAND_ID)
    if parameters:
        found["parameters"] = parameters
    if row.request is not None:
        content = {"application/json": {"schema": by_type[repr(row.request)]}}
        found["requestBody"] = {"required": True, "content": content}
    # An empty requirement says that a signature may be left out.
    found["security"] = [{}] if row.scope is None else [{"signature": []}]
    return found


def _description(row: Endpoint) -> str:
    text = f"Weight {row.weight}. No key needed."
    if row.scope is not None:
        text = f"Weight {row.weight}. Needs a key with the scope `{row.scope}`."
    return f"{text}\n\n{row.text}" if row.text else text


def _parameter(one: Parameter) -> dict[str, Any]:
    return {
        "name": one.name,
        "in": one.place,
        "required": one.required,
        "description": one.text,
        "schema": one.schema(),
    }


_COMMAND_ID: Final[dict[str, Any]] = {
    "name": "Plimsoll-Command-Id",
    "in": "header",
    "required": False,
    "description": "Makes the command act once however often it is sent; echoed in the answer.",
    "schema": {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{CLIENT_ID_MAX}}}$"},
}


def _responses(row: Endpoint, by_type: dict[str, Any]) -> dict[str, Any]:
    done = {"application/json": {"schema": by_type[repr(row.response)]}}
    found: dict[str, Any] = {"200": {"description": "Done.", "content": done}}
    for status in statuses_of(row):
        kind: Any = Receipt if status == 422 else ErrorInfo
        found[str(status)] = _json_response(_STATUSES[status], by_type[repr(kind)])
        if status == 429:
            found["429"]["headers"] = {
                "Retry-After": {
                    "description": "Seconds to wait.",
                    "schema": {"type": "integer", "minimum": 1},
                }
            }
    return found


def _json_response(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _system_paths(by_type: dict[str, Any]) -> dict[str, Any]:
    health = by_type[repr(HealthInfo)]
    error = by_type[repr(ErrorInfo)]

    def page(name: str, text: str, media: str, schema: Any) -> dict[str, Any]:
        responses = {"200": {"description": text, "content": {media: {"schema": schema}}}}
        for status in (400, 405, 429, 431):
            responses[str(status)] = _json_response(_STATUSES[status], error)
        operation = {"operationId": f"get_{name}", "summary": text, "tags": ["System"]}
        return {"get": {**operation, "security": [{}], "responses": responses}}

    found = {
        "/health": page("health", "Whether the node takes commands", "application/json", health),
        "/metrics": page("metrics", "Metrics for Prometheus", "text/plain", {"type": "string"}),
        "/openapi.json": page("openapi", "This document", "application/json", {"type": "object"}),
        "/docs": page("docs", "The reference, to be read", "text/html", {"type": "string"}),
    }
    found["/health"]["get"]["responses"]["503"] = _json_response("Halted or closed.", health)
    return found
