"""Who sends a request: signatures, the time window, nonces, scopes, and locks against guessing.

An unknown key and a wrong signature get the same answer after the same work. Guessing locks the
address; it also locks the key, but not for addresses from which the key was used rightly, so that
nobody can lock a stranger out.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Final

import msgspec

from plimsoll.api.guard import refused
from plimsoll.api.limits import ApiSettings, Buckets, LockOut, network_of
from plimsoll.client import signing
from plimsoll.client.errors import (
    FORBIDDEN,
    HALTED,
    TOO_MANY_REQUESTS,
    UNAUTHENTICATED,
    HttpProblem,
)
from plimsoll.runtime.keys import KeyStore, StoredKey

KEY_ID_MAX: Final = 64
_SEEN_MAX: Final = 10_000
_NOBODY: Final = "0" * 64  # what signatures of unknown keys are checked with


class Signed(msgspec.Struct, frozen=True):
    """What a signature covers, as received, and the four values that make it."""

    key_id: str
    timestamp: str
    nonce: str
    signature: str
    method: str
    path: str
    query: str
    body: bytes
    command_id: str


class Door:
    """Lets requests in: rate limits for everybody, signatures for those who claim a key."""

    def __init__(
        self,
        keys: KeyStore,
        settings: ApiSettings,
        clock: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock`` gives ms UTC and is what timestamps are compared with."""
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._by_key = Buckets(settings.key_rate, settings.key_burst)
        self._by_address = Buckets(settings.address_rate, settings.address_burst)
        self._locks = LockOut(settings.failures_max, settings.lockout_seconds)
        self._seen: dict[tuple[str, str], None] = {}

    def anonymous(self, host: str, weight: int) -> None:
        """Count a request without a key. Raises 429."""
        wait = self._by_address.take(network_of(host), weight, self._monotonic())
        if wait:
            raise _too_many("requests from this address", wait)

    def verify(self, request: Signed, host: str, weight: int, scope: str | None) -> StoredKey:
        """The key of a rightly signed request, whose nonce is used up by this.

        Raises 401 (form, time, signature, nonce), 403 (scope), 429 (rate, lock).
        """
        now = self._clock()
        self._check_form(request, now)
        address = network_of(host)
        instant = self._monotonic()
        wait = self._wait(request.key_id, address, instant)
        if wait:
            raise _too_many("wrong signatures", wait)
        key = self._identify(request, now)
        if key is None:
            self._locks.fail("address " + address, instant)
            self._locks.fail("key " + request.key_id, instant)
            # Guessing is not for free either.
            self.anonymous(host, weight)
            raise refused(401, UNAUTHENTICATED, "the key is unknown or the signature is wrong")
        self._remember(key.key_id, address)
        if scope is not None and scope not in key.scopes:
            raise refused(403, FORBIDDEN, f"this needs a key with the scope {scope}")
        wait = self._by_key.take(key.key_id, weight, instant)
        if wait:
            raise _too_many("requests with this key", wait)
        self._use_nonce(request, now)
        return key

    def time_ms(self) -> int:
        """The time timestamps are compared with."""
        return self._clock()

    def is_active(self, key_id: str) -> bool:
        """Whether a key that was let in before is still good."""
        return self._keys.find(key_id, now_ms=self._clock()) is not None

    def _check_form(self, request: Signed, now: int) -> None:
        stamp = signing.read_timestamp(request.timestamp)
        if stamp is None or not signing.is_nonce(request.nonce):
            raise refused(401, UNAUTHENTICATED, "the timestamp or the nonce is malformed")
        if abs(now - stamp) > self._settings.window_ms:
            most = self._settings.window_ms
            raise refused(
                401,
                UNAUTHENTICATED,
                f"the timestamp is more than {most} ms from this server's time, {now}",
            )

    def _wait(self, key_id: str, address: str, instant: float) -> float:
        wait = self._locks.wait("address " + address, instant)
        if (key_id, address) not in self._seen:
            wait = max(wait, self._locks.wait("key " + key_id, instant))
        return wait

    def _identify(self, request: Signed, now: int) -> StoredKey | None:
        key = self._keys.find(request.key_id, now_ms=now)
        expected = signing.signature(
            _NOBODY if key is None else key.secret,
            request.timestamp,
            request.nonce,
            request.method,
            request.path,
            request.query,
            request.body,
            request.command_id,
        )
        right = signing.matches(expected, request.signature)
        return key if right else None

    def _remember(self, key_id: str, address: str) -> None:
        if (key_id, address) not in self._seen:
            if len(self._seen) >= _SEEN_MAX:
                self._seen.pop(next(iter(self._seen)))
            self._seen[key_id, address] = None

    def _use_nonce(self, request: Signed, now: int) -> None:
        # The timestamp may lie a window ahead, and is then good for another window.
        until = now + 2 * self._settings.window_ms
        try:
            fresh = self._keys.use_nonce(request.key_id, request.nonce, now_ms=now, until_ms=until)
        except sqlite3.Error as error:
            raise refused(503, HALTED, "the key store cannot be written") from error
        if not fresh:
            raise refused(401, UNAUTHENTICATED, "the nonce was used before")


def _too_many(what: str, wait: float) -> HttpProblem:
    return refused(429, TOO_MANY_REQUESTS, f"too many {what}", retry_after=wait)
