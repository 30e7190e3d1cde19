"""``/health`` and ``/metrics`` of a keeper, on a port of their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plimsoll.errors import ConfigError
from plimsoll.keepers.access import Clock
from plimsoll.keepers.metrics import MEDIA_TYPE
from plimsoll.keepers.runner import Runner, system_clock


def report(runner: Runner, now: int) -> dict[str, Any]:
    """How a keeper stands at ``now`` (own ms): ``ok``, and the problems if it is not."""
    feed, watchdog = runner.feed, runner.watchdog
    problems = watchdog.problems(now)
    return {
        "ok": not problems,
        "problems": problems,
        "roles": [role.name for role in runner.roles],
        "account": runner.account,
        "dry_run": runner.settings.dry_run,
        "seq": feed.mirror.seq if feed.mirror is not None else None,
        "lag_records": feed.lag,
        "tick_age_ms": watchdog.tick_age(now),
        "clock_skew_ms": feed.skew_ms,
        "top_stuck_ms": watchdog.stuck_for(now),
        "in_flight": runner.in_flight,
        "throttled": len(runner.throttle),
        "rewards": runner.statement.as_dict(),
    }


def make_app(runner: Runner, clock: Clock = system_clock) -> Starlette:
    """The application: 200 while all is well, 503 with the problems otherwise."""

    async def health(_: Request) -> JSONResponse:
        found = report(runner, clock())
        return JSONResponse(found, status_code=200 if found["ok"] else 503)

    async def metrics(_: Request) -> Response:
        return Response(runner.metrics.render(), media_type=MEDIA_TYPE)

    return Starlette(routes=[Route("/health", health), Route("/metrics", metrics)])


class _Server(uvicorn.Server):
    """Leaves the signals to the process, whose keeper ends in its own way."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket for the server (port 0: any free one). Errors: `ConfigError`."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error}",
            remedy="Choose another --health-port (0: any free one, -1: none).",
        ) from error


def make_server(
    runner: Runner, host: str, port: int, clock: Clock = system_clock
) -> uvicorn.Server:
    """A server, not yet started; set its ``should_exit`` to end it."""
    config = uvicorn.Config(
        make_app(runner, clock),
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    return _Server(config)
