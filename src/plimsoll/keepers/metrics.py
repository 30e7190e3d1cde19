"""What a keeper process exports to Prometheus, in a registry of its own."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class KeeperMetrics:
    """Counters and gauges of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.tick_seconds = Histogram(
            "plimsoll_keeper_tick_seconds",
            "Time to look for work",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.last_tick = self._gauge("last_tick_seconds", "When the last tick ended (Unix time)")
        self.busy = self._counter("busy_ticks", "Ticks left out: the one before was not done")
        self.sent = self._counter("sent", "Commands sent", "role", "command")
        self.answers = self._counter("answers", "Answers by outcome", "role", "outcome", "reason")
        self.rewards = self._counter("rewards_usd", "Rewards in USD", "role")
        self.would_send = self._counter("would_send", "Commands a dry run held back", "role")
        self.in_flight = self._gauge("in_flight", "Commands waiting for their answer")
        self.throttled = self._gauge("throttled", "Keys that rest")
        self.lag = self._gauge("lag_records", "Records the mirror is known to be behind")
        self.behind = self._gauge("behind_seconds", "How long the mirror has been behind")
        self.skew = self._gauge("clock_skew_seconds", "Exchange's clock less this machine's")
        self.stuck = self._gauge("top_stuck_seconds", "Since the top of the book last changed")
        self.resyncs = self._gauge("resyncs", "Snapshots the mirror began anew from")
        self.gaps = self._gauge("gaps", "Gaps in the stream of records")
        self.ghosts = self._gauge("ghosts", "Differences found by comparing with fresh snapshots")
        self.orders = self._gauge("book_orders", "Resting orders in the mirror")
        self.auctions = self._gauge("live_auctions", "Live auctions in the mirror")
        self.equity = self._gauge("equity_usd", "Worth of the keeper's own account")
        self.leverage = self._gauge("leverage", "Its positions' notional over its worth")
        self.position = self._gauge("position_base", "Its position", "market")

    def render(self) -> bytes:
        """All metrics as text."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"plimsoll_keeper_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"plimsoll_keeper_{name}", text, labels, registry=self.registry)
