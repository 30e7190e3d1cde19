"""The server: uvicorn with limits that hold before a request reaches the application."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from plimsoll.api.limits import ApiSettings

KEEP_ALIVE_SECONDS: Final = 30
SHUTDOWN_SECONDS: Final = 5
_CHUNK_BYTES: Final = 65_536


def protocol(settings: ApiSettings) -> type[asyncio.Protocol]:
    """The HTTP protocol with a deadline for the head of a request and a bound on its size."""
    most = settings.header_bytes_max + _CHUNK_BYTES

    class BoundedHttp(HttpToolsProtocol):
        """Closes connections that do not finish their headers in time or in size."""

        _between = True
        _head_bytes = 0
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._expect_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_complete()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._deadline is None and self._between:
                self._expect_head()
            super().data_received(data)
            if self._deadline is not None:
                self._head_bytes += len(data)
                if self._head_bytes > most:
                    self.send_400_response("Headers are too long.")

        def on_headers_complete(self) -> None:
            self._between = False
            self._head_complete()
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._between = True
            super().on_message_complete()

        def _expect_head(self) -> None:
            self._head_bytes = 0
            self._deadline = self.loop.call_later(settings.header_seconds, self._give_up)

        def _head_complete(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _give_up(self) -> None:
            self._deadline = None
            if not self.transport.is_closing():
                self.transport.close()

    return BoundedHttp


def make_server(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    settings: ApiSettings | None = None,
    trusted_proxies: str = "",
) -> uvicorn.Server:
    """A server, not yet started; set its ``should_exit`` to end it.

    ``trusted_proxies``: addresses (comma separated) whose ``X-Forwarded-For`` is believed.
    """
    limits = settings or ApiSettings()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol(limits),
        loop="auto" if sys.platform != "win32" else "asyncio",
        ws="websockets-sansio",
        ws_max_size=limits.ws_frame_bytes_max,
        ws_per_message_deflate=False,
        limit_concurrency=limits.connections_max,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
    )
    return uvicorn.Server(config)


async def serve(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    settings: ApiSettings | None = None,
    trusted_proxies: str = "",
) -> None:
    """Serve until the task is cancelled or the process is told to end."""
    server = make_server(app, host, port, settings=settings, trusted_proxies=trusted_proxies)
    await server.serve()
