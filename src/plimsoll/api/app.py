"""The application: node, key store and settings in; routes, documents and the stream out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import groupby
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route, WebSocketRoute

from plimsoll.api import docs, metrics, openapi, stream, system
from plimsoll.api.answers import Answer
from plimsoll.api.auth import Door
from plimsoll.api.dispatch import NOBODY, Path, not_found
from plimsoll.api.endpoints import ENDPOINTS
from plimsoll.api.feeds import Feeds
from plimsoll.api.limits import ApiSettings
from plimsoll.api.metrics import ApiMetrics
from plimsoll.api.stream import Streaming
from plimsoll.api.system import Page, health_of, page
from plimsoll.client.errors import HttpProblem
from plimsoll.runtime.access import outside_errors
from plimsoll.runtime.keys import KeyStore
from plimsoll.runtime.local import LocalClient
from plimsoll.runtime.node import NodeBase
from plimsoll.runtime.node_types import Clock, system_clock
from plimsoll.runtime.pnl import PnlReader
from plimsoll.runtime.recent import History

CLIENTS_MAX: Final = 10_000


class Api:
    """What the parts of one application share."""

    def __init__(
        self,
        node: NodeBase,
        keys: KeyStore,
        settings: ApiSettings,
        *,
        clock: Clock,
        history: History | None,
        kept: PnlReader | None = None,
    ) -> None:
        self.node = node
        self.settings = settings
        self.metrics = ApiMetrics(node)
        self.door = Door(keys, settings, clock)
        self._clock = clock
        self._given = history
        self._kept = kept
        self._own: History | None = None
        self._clients: dict[int, LocalClient] = {}
        self.feeds = Feeds(node, self.history, self.client_of, settings.conflate_seconds)
        self.streaming = Streaming(self.door, self.feeds, settings, self.metrics)

    def history(self) -> History:
        """Recent trades and fills, from the first request (or the start) on. Raises 503."""
        if self._given is not None:
            return self._given
        if self._own is None:
            with outside_errors():
                self._own = History(self.node)
        return self._own

    def client_of(self, principal: int) -> LocalClient:
        """A client acting for a principal."""
        client = self._clients.get(principal)
        if client is None:
            if len(self._clients) >= CLIENTS_MAX:
                self._clients.pop(next(iter(self._clients)))
            client = LocalClient(
                self.node, principal, self.history(), clock=self._clock, kept=self._kept
            )
            self._clients[principal] = client
        return client

    async def metrics_page(self) -> Answer:
        """All metrics."""
        text = await self.metrics.render(lambda: self.client_of(NOBODY), self._clock())
        return page(text, metrics.MEDIA_TYPE.encode())

    async def close(self) -> None:
        """End streams; the node and the keys belong to whoever made them."""
        self.streaming.close()
        await self.feeds.close()
        if self._own is not None:
            self._own.close()


def create_app(
    node: NodeBase,
    keys: KeyStore,
    settings: ApiSettings | None = None,
    *,
    clock: Clock = system_clock,
    history: History | None = None,
    kept: PnlReader | None = None,
) -> Starlette:
    """The ASGI application of a node.

    ``clock`` (ms UTC) is the node's. Without a ``history`` it keeps one of its own, from its start
    or its first request on. ``kept`` is the history of vaults, where one is kept. Its state holds
    the shared parts as ``api``.
    """
    api = Api(node, keys, settings or ApiSettings(), clock=clock, history=history, kept=kept)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # A node that has stopped is served all the same: its health says so.
        with suppress(HttpProblem):
            api.history()
        yield
        await api.close()

    app = Starlette(routes=routes(api), lifespan=lifespan)
    app.router.redirect_slashes = False
    app.router.default = not_found
    app.state.api = api
    return app


def routes(api: Api) -> list[BaseRoute]:
    """One route for each path of the table, the pages, and the stream."""
    found: list[BaseRoute] = []
    ordered = sorted(ENDPOINTS, key=lambda row: (row.path.count("{"), row.path))
    for path, rows in groupby(ordered, key=lambda row: row.path):
        one = Path(
            list(rows),
            door=api.door,
            settings=api.settings,
            metrics=api.metrics,
            client_of=api.client_of,
        )
        found.append(Route(path, one))
    found += [Route(one.path, one) for one in _pages(api)]
    found.append(WebSocketRoute(stream.PATH, api.streaming))
    return found


def _pages(api: Api) -> list[Page]:
    described = openapi.document(ENDPOINTS)
    document = page(msgspec.json.encode(described), b"application/json")
    reference = page(docs.render(described), system.HTML)

    async def health() -> Answer:
        return health_of(api.node)

    async def openapi_page() -> Answer:
        return document

    async def docs_page() -> Answer:
        return reference

    makers = {
        "/health": health,
        "/metrics": api.metrics_page,
        "/openapi.json": openapi_page,
        "/docs": docs_page,
    }
    return [
        Page(path, make, door=api.door, settings=api.settings, metrics=api.metrics)
        for path, make in makers.items()
    ]
