"""What is exported to Prometheus: the node's counters, the API's own, and the markets' state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from plimsoll.client.base import Client
from plimsoll.client.errors import HttpProblem
from plimsoll.client.models import BreakerInfo, MarketInfo, VaultInfo
from plimsoll.messages import codes
from plimsoll.runtime.metrics import Histogram
from plimsoll.runtime.node import NodeBase

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class ApiMetrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, node: NodeBase) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._node = node
        self._requests = Counter(
            "plimsoll_http_requests",
            "HTTP requests answered",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.connections = Gauge(
            "plimsoll_ws_connections", "Open WebSocket connections", registry=self.registry
        )
        self.stream_messages = Counter(
            "plimsoll_ws_messages", "Stream messages sent", registry=self.registry
        )
        self.stream_gaps = Counter(
            "plimsoll_ws_gaps", "Slow consumers that were resynchronised", registry=self.registry
        )
        self._markets = _Markets()
        self._breakers = _Breakers()
        self.registry.register(_NodeCollector(node))
        self.registry.register(self._markets)
        self.registry.register(self._breakers)

    def count(self, route: str, method: str, status: int) -> None:
        """Count an answered request; methods are those of HTTP, so that labels stay few."""
        known = method if method in _METHODS else "OTHER"
        self._requests.labels(route, known, str(status)).inc()

    async def render(self, client: Callable[[], Client], now_ms: int) -> bytes:
        """All metrics as text; without those of the state when the node does not answer."""
        self._markets.take([], now_ms)
        self._breakers.take(None, [])
        try:
            asked = client()
            self._markets.take(await asked.markets(), now_ms)
            self._breakers.take(await asked.breaker(), await asked.vaults())
        except HttpProblem:
            return generate_latest(self.registry)
        return generate_latest(self.registry)


_METHODS: Final = frozenset(("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"))


class _NodeCollector(Collector):
    """The node's counters, read when asked."""

    def __init__(self, node: NodeBase) -> None:
        self._node = node

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        found, health = self._node.metrics, self._node.health()
        commands = CounterMetricFamily(
            "plimsoll_commands", "Commands executed, by outcome", labels=("outcome",)
        )
        commands.add_metric(("accepted",), found.accepted)
        commands.add_metric(("rejected",), found.commands - found.accepted)
        yield commands
        rejects = CounterMetricFamily(
            "plimsoll_rejects", "Commands refused by the exchange, by reason", labels=("name",)
        )
        for code, count in sorted(found.rejected.items()):
            rejects.add_metric((codes.REJECTS.get(code, (str(code), "", ""))[0],), count)
        yield rejects
        refused = CounterMetricFamily(
            "plimsoll_refused", "Commands that got no sequence number, by error", labels=("error",)
        )
        for name, count in sorted(found.refused.items()):
            refused.add_metric((name,), count)
        yield refused
        yield CounterMetricFamily(
            "plimsoll_duplicates", "Commands answered from the journal", value=found.duplicates
        )
        yield GaugeMetricFamily("plimsoll_queue_depth", "Commands waiting", value=health.queued)
        yield GaugeMetricFamily("plimsoll_seq", "Last durable record", value=health.seq)
        halted = float(health.status == "halted")
        yield GaugeMetricFamily("plimsoll_halted", "1 when the node is halted", value=halted)
        yield _histogram(
            "plimsoll_commit_seconds", "Time to make a batch durable", found.commit_seconds
        )
        yield _histogram("plimsoll_batch_commands", "Commands in a batch", found.batch_size)


def _histogram(name: str, text: str, found: Histogram) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text)
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*found.bounds, float("inf")), found.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    family.add_metric((), buckets, found.total)
    return family


class _Markets(Collector):
    """The markets as they were when last looked at."""

    def __init__(self) -> None:
        self._markets: list[MarketInfo] = []
        self._now_ms = 0

    def take(self, markets: list[MarketInfo], now_ms: int) -> None:
        """Remember for the collection that follows."""
        self._markets, self._now_ms = markets, now_ms

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        # Exported numbers are for charts: a float's 53 bits are enough for those.
        age = _per_market("plimsoll_oracle_age_seconds", "Age of the oracle's price")
        price = _per_market("plimsoll_oracle_price", "The oracle's price")
        interest = _per_market("plimsoll_open_interest", "Open interest in base units")
        pnl = _per_market("plimsoll_vamm_pnl", "The vAMM's profit and loss in quote units")
        for one in self._markets:
            if one.oracle_price is not None:
                age.add_metric((one.symbol,), (self._now_ms - one.oracle_published_ms) / 1000)
                price.add_metric((one.symbol,), float(one.oracle_price))
            interest.add_metric((one.symbol,), float(one.open_interest))
            if one.vamm is not None:
                pnl.add_metric((one.symbol,), float(one.vamm.pnl))
        yield from (age, price, interest, pnl)


class _Breakers(Collector):
    """The breakers as they were when last looked at."""

    def __init__(self) -> None:
        self._breaker: BreakerInfo | None = None
        self._vaults: list[VaultInfo] = []

    def take(self, breaker: BreakerInfo | None, vaults: list[VaultInfo]) -> None:
        """Remember for the collection that follows."""
        self._breaker, self._vaults = breaker, vaults

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        found = self._breaker
        if found is not None:
            mode = float(codes.BREAKER_MODES.index(found.mode))
            yield GaugeMetricFamily("plimsoll_breaker_mode", _MODES_SAY, value=mode)
            gauges = {
                "plimsoll_breaker_worth": ("What is in the exchange, USD", found.worth),
                "plimsoll_breaker_may_leave": ("What may leave it now, USD", found.may_leave),
            }
            for name, (text, value) in gauges.items():
                yield GaugeMetricFamily(name, text, value=float(value))
            yield GaugeMetricFamily(
                "plimsoll_held_withdrawals", "Withdrawals that are held", value=len(found.held)
            )
        modes = GaugeMetricFamily("plimsoll_vault_breaker_mode", _MODES_SAY, labels=("vault",))
        for one in self._vaults:
            mode = float(codes.BREAKER_MODES.index(one.breaker.mode))
            modes.add_metric((str(one.vault),), mode)
        yield modes


_MODES_SAY: Final = "0 normal, 1 restricted, 2 paused"


def _per_market(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=("market",))
