"""Malformed requests in bulk; see ``tests.api.fuzz``."""

from __future__ import annotations

from tests.api import fuzz

REQUESTS = 20_000
SEED = 20_261


async def test_no_request_breaks_the_api() -> None:
    """Twenty thousand malformed requests: no 5xx, no traceback, no change by a refused one."""
    outcome = await fuzz.run(REQUESTS, SEED)
    assert outcome.problems == []
    assert (outcome.sent, outcome.server_errors, outcome.tracebacks) == (REQUESTS, 0, 0)
    assert {200, 400, 401, 404, 405, 409, 413, 415, 422, 431} <= set(outcome.statuses)
    # Far above what any of them takes: only a blow-up of parsing time gets there.
    assert outcome.max_ms < 5_000
