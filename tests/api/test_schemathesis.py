"""An independent reader of the OpenAPI document tries every operation and checks each answer."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from plimsoll.api import openapi
from plimsoll.api.endpoints import ENDPOINTS
from plimsoll.client.signing import COMMAND_ID_HEADER
from tests.api.test_server import serving
from tests.api.world import World

EXAMPLES = {GenerationMode.POSITIVE: 15, GenerationMode.NEGATIVE: 8}
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(openapi.document(ENDPOINTS)))
# Every request is rightly signed below, so signatures are not among what may be wrong.
del DOCUMENT["components"]["securitySchemes"]
for _operations in DOCUMENT["paths"].values():
    for _operation in _operations.values():
        del _operation["security"]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CASES = [
    pytest.param(found.ok(), mode, id=f"{found.ok().label} {mode.value}")
    for found in SCHEMA.get_all_operations()
    for mode in EXAMPLES
    # Where nothing is asked for, nothing can be wrong.
    if mode is GenerationMode.POSITIVE or found.ok().path_parameters or found.ok().body
]


class Signing(requests.auth.AuthBase):
    """Signs what is about to be sent, as it is."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        target = urlsplit(request.path_url)
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else body
        method = request.method or "GET"
        ident = request.headers.get(COMMAND_ID_HEADER, "")
        shown = ident.decode("latin-1") if isinstance(ident, bytes) else ident
        request.headers.update(
            self._world.sign(
                self._world.ann, method, target.path, target.query, raw, command_id=shown
            )
        )
        return request


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[World, str]]:
    """A server in a thread of its own: this client is not asynchronous."""
    started: queue.Queue[tuple[World, int, asyncio.AbstractEventLoop, asyncio.Event]]
    started = queue.Queue()

    async def run() -> None:
        async with serving() as (world, port):
            stop = asyncio.Event()
            started.put((world, port, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    world, port, loop, stop = started.get(timeout=30)
    yield world, f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(stop.set)
    thread.join(timeout=30)


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_answers_conform(operation: Any, mode: GenerationMode, server: tuple[World, str]) -> None:
    """Sound and unsound requests: documented status, media type and schema; bad data refused."""
    world, url = server
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    session = requests.Session()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES[mode],
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        response = case.call(base_url=url, session=session, auth=Signing(world))
        case.validate_response(response, checks=checks)

    try:
        attempt()
    finally:
        session.close()
