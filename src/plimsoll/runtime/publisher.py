"""Events on their way to those who listen: each subscriber has a bounded buffer of its own.

Nobody slows the node down. A subscriber that does not keep up is cut off with a `Gap`; it then
reads the state again and subscribes anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plimsoll.messages.commands import Command
from plimsoll.messages.events import Event
from plimsoll.runtime.metrics import NodeMetrics


@dataclass(frozen=True, slots=True)
class Published:
    """The durable result of one command. ``ts`` in ms. ``events`` and ``command`` are shared: do
    not change them.
    """

    seq: int
    ts: int
    principal: int
    events: Sequence[Event]
    command: Command | None = field(default=None, compare=False)


Listener = Callable[[Published], None]
"""Called with one durable result after the other; an error of its own is the caller's failure."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Everything after record ``after_seq`` was missed; the subscription ends here."""

    after_seq: int


class Subscription:
    """What was published since `Publisher.subscribe`, as an async iterator for one reader.

    It ends after a `Gap`, or without one when the node stops or `close` is called.
    """

    def __init__(self, publisher: Publisher, maxsize: int, after_seq: int) -> None:
        self._publisher = publisher
        self._maxsize = maxsize
        self._buffer: deque[Published | Gap] = deque()
        self._wake = asyncio.Event()
        self._last_seq = after_seq
        self._ended = False

    @property
    def buffered(self) -> int:
        """How many items wait to be read."""
        return len(self._buffer)

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Published | Gap:
        while not self._buffer:
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._buffer.popleft()

    def close(self) -> None:
        """Stop listening and drop what was not read."""
        self._publisher.forget(self)
        self._buffer.clear()
        self.end()

    def offer(self, item: Published) -> bool:
        """Buffer an item; False, and the end, if there is no room."""
        fits = len(self._buffer) < self._maxsize
        if fits:
            self._buffer.append(item)
            self._last_seq = item.seq
        else:
            self._buffer.append(Gap(self._last_seq))
            self._ended = True
        self._wake.set()
        return fits

    def end(self) -> None:
        """No more items will come."""
        self._ended = True
        self._wake.set()


class Publisher:
    """Hands the results of durable commands to all subscribers. ``last_seq`` is the newest."""

    def __init__(self, last_seq: int, metrics: NodeMetrics) -> None:
        self.last_seq = last_seq
        self._metrics = metrics
        self._subscriptions: list[Subscription] = []
        self._ended = False

    def subscribe(self, maxsize: int) -> Subscription:
        """Listen from the next record on; ``maxsize`` (>= 1) items are buffered at most."""
        if maxsize < 1:
            raise ValueError(f"a subscription buffers at least 1 item, not {maxsize}")
        made = Subscription(self, maxsize, self.last_seq)
        if self._ended:
            made.end()
        else:
            self._subscriptions.append(made)
            self._metrics.subscribers = len(self._subscriptions)
        return made

    def publish(self, items: Sequence[Published]) -> None:
        """Hand on the results of one batch, in order."""
        for item in items:
            self.last_seq = item.seq
            slow = [one for one in self._subscriptions if not one.offer(item)]
            for one in slow:
                self.forget(one)
                self._metrics.subscribers_dropped += 1

    def forget(self, subscription: Subscription) -> None:
        """Stop handing items to a subscription."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._metrics.subscribers = len(self._subscriptions)

    def end(self) -> None:
        """Nothing more will be published; subscribers read what they have, then stop."""
        self._ended = True
        for one in self._subscriptions:
            one.end()
        self._subscriptions.clear()
        self._metrics.subscribers = 0
