"""Settings of the API, and the two counters that protect it: token buckets and lock-outs.

Both count per subject (a key, an address) in tables of bounded size, the least recently seen
subject leaving first. Their time is monotonic and given by the caller, in seconds.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from functools import lru_cache
from typing import Final

import msgspec

from plimsoll.client.signing import WINDOW_MS

SUBJECTS_MAX: Final = 100_000
_IPV6_NETWORK_BITS: Final = 64


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the API. Rates are weight a second, as the table of endpoints states weights.

    ``failures_max`` wrong signatures within ``lockout_seconds`` lock the address, and the key for
    addresses it was never used from, for ``lockout_seconds``.
    """

    body_bytes_max: int = 65_536
    header_bytes_max: int = 16_384
    header_seconds: float = 10.0
    body_seconds: float = 10.0
    json_depth_max: int = 8
    window_ms: int = WINDOW_MS
    key_rate: float = 1_000.0
    key_burst: float = 2_000.0
    address_rate: float = 200.0
    address_burst: float = 400.0
    failures_max: int = 10
    lockout_seconds: float = 60.0
    connections_max: int = 4_096
    ws_connections_max: int = 1_024
    ws_connections_per_address_max: int = 64
    ws_channels_max: int = 64
    ws_frame_bytes_max: int = 65_536
    ws_queue_max: int = 1_024
    ws_ops_rate: float = 10.0
    ws_ops_burst: float = 50.0
    ws_send_seconds: float = 10.0
    ws_resyncs_max: int = 8
    conflate_seconds: float = 0.25


class Buckets:
    """A token bucket for each subject: ``rate`` tokens a second, at most ``burst`` saved."""

    def __init__(self, rate: float, burst: float, subjects_max: int = SUBJECTS_MAX) -> None:
        self.rate = rate
        self.burst = burst
        self._subjects_max = subjects_max
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, subject: str, weight: float, now: float) -> float:
        """Take ``weight`` tokens: 0 if they were there, else the seconds to wait for them."""
        level, then = self._levels.get(subject, (self.burst, now))
        level = min(self.burst, level + (now - then) * self.rate)
        # More than a full bucket could never be taken: such a request empties it.
        needed = min(weight, self.burst)
        if level < needed:
            return (needed - level) / self.rate
        self._levels[subject] = (level - needed, now)
        self._levels.move_to_end(subject)
        if len(self._levels) > self._subjects_max:
            self._levels.popitem(last=False)
        return 0.0


class LockOut:
    """Who failed too often: ``failures_max`` failures within ``seconds`` lock for ``seconds``."""

    def __init__(self, failures_max: int, seconds: float, subjects_max: int = SUBJECTS_MAX) -> None:
        self._failures_max = failures_max
        self._seconds = seconds
        self._subjects_max = subjects_max
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, subject: str, now: float) -> float:
        """Seconds a subject has to wait; 0 if it is not locked."""
        count, end = self._failures.get(subject, (0, now))
        return end - now if count >= self._failures_max and end > now else 0.0

    def fail(self, subject: str, now: float) -> None:
        """Count a failure; the last one allowed starts the lock."""
        count, end = self._failures.get(subject, (0, now))
        if end <= now:
            count, end = 0, now + self._seconds
        count += 1
        if count >= self._failures_max:
            end = now + self._seconds
        self._failures[subject] = (count, end)
        self._failures.move_to_end(subject)
        if len(self._failures) > self._subjects_max:
            self._failures.popitem(last=False)


@lru_cache(maxsize=4_096)
def network_of(host: str) -> str:
    """What an address is counted under: itself, or for IPv6 its /64, which one customer owns."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        network = ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False)
        return str(network)
    return str(address)
