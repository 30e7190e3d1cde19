"""Streams of a node: snapshots of what is asked for, then what changes, in the order it happened.

State (market, book, auctions, account, orders, triggers) is read again when something was published
and sent if it differs from what was sent last; a slow reader therefore skips steps but never sees a
wrong state. Trades, fills, what happens to an account's orders and withdrawals at the gateway and
the breaker, moves of breakers and (to keepers) whole records are sent one by one. One that falls
too far behind gets a gap and new snapshots.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final, Protocol

import msgspec

from plimsoll.client.base import (
    BREAKER_CHANNEL,
    KEEPER_CHANNEL,
    PRIVATE_CHANNELS,
    PUBLIC_CHANNELS,
)
from plimsoll.client.errors import bad_field
from plimsoll.client.models import StreamMessage, StreamType
from plimsoll.core.rows import Market
from plimsoll.core.state import State
from plimsoll.messages.events import Event, Filled
from plimsoll.runtime import present, present_breaker, present_mechanisms
from plimsoll.runtime.access import find_account, find_market, outside_errors, require_keeper
from plimsoll.runtime.node import Gap, NodeBase, Published, Subscription
from plimsoll.runtime.present import Catalogue
from plimsoll.runtime.recent import ACTIVITY, MOVES, Happening, History, Stamped, accounts_of

CHANNELS_MAX: Final = 200
BOOK_LEVELS: Final = 100
"""Levels a side that a book channel keeps up."""
RECENT: Final = 100
"""Trades or fills in a snapshot."""

Data = dict[str, Any]

_ONE_BY_ONE: Final = {
    "trades": "trades",
    "fills": "fills",
    "activity": "activity",
    BREAKER_CHANNEL: "moves",
    KEEPER_CHANNEL: "records",
}
"""Channels whose messages list what happened -> the name of the list."""


class Viewer(Protocol):
    """On whose behalf a stream reads, and at what time (ms)."""

    principal: int

    def now(self) -> int:
        """The time a command would have now."""


class Channel:
    """One channel of a stream and what was sent of it last."""

    def __init__(self, name: str, kind: str, symbol: str, account: int) -> None:
        self.name = name
        self.kind = kind
        self.symbol = symbol
        self.account = account
        self.sent: Data = {}
        self.seq = 0

    def read(self, state: State, principal: int, seq: int, now: int) -> Data:
        """The channel's state as its snapshot says it. Errors: `NotFound`, `Forbidden`."""
        if self.kind == KEEPER_CHANNEL:
            require_keeper(state, principal)
            return {"records": []}
        if self.kind == BREAKER_CHANNEL:
            return present_breaker.standing(state)
        if self.kind in PRIVATE_CHANNELS:
            row = find_account(state, principal, self.account)
            if self.kind == "orders":
                return {"orders": msgspec.to_builtins(present.orders(state, row))}
            if self.kind == "triggers":
                waiting = present_mechanisms.triggers(state, row)
                return {"triggers": msgspec.to_builtins(waiting)}
            return _plain(present.account(state, row)) if self.kind == "account" else {}
        market: Market = find_market(state, self.symbol)
        if self.kind == "market":
            return _plain(present.market(state, market, now))
        if self.kind == "book":
            return _plain(present.book(state, market, seq, now, BOOK_LEVELS))
        if self.kind == "auctions":
            live = present_mechanisms.auctions(state, market, now)
            return {"auctions": msgspec.to_builtins(live)}
        return {}

    def change(self, found: Data) -> Data | None:
        """What to send to one who has what was sent last; None if nothing differs."""
        before, self.sent = self.sent, found
        if self.kind == "book":
            return _book_change(before, found)
        if self.kind == "orders":
            return _rows_change(before, found, "orders", "order")
        if self.kind == "triggers":
            return _rows_change(before, found, "triggers", "order")
        if self.kind == "auctions":
            return _rows_change(before, found, "auctions", "auction")
        return found if found != before else None

    def picked(self, items: Sequence[Published], names: Catalogue) -> list[Data]:
        """The trades, fills, happenings or records of these commands that belong here."""
        new = [item for item in items if item.seq > self.seq]
        if self.kind == KEEPER_CHANNEL:
            return [_plain(present_mechanisms.keeper_record(item)) for item in new]
        found: list[Data] = []
        for item in new:
            for event in item.events:
                shown = self.shown(event, item.seq, item.ts, names)
                if shown is not None:
                    found.append(shown)
        return found

    def shown(self, event: Event, seq: int, ts: int, names: Catalogue) -> Data | None:
        """An event as it is sent one by one; None for one that does not belong here."""
        if self.kind in ("trades", "fills"):
            return self._fill(event, seq, ts, names) if isinstance(event, Filled) else None
        if self.kind == BREAKER_CHANNEL:
            if not isinstance(event, MOVES):
                return None
            made = present.event(event, names)
            del made["type"]
            return {"seq": seq, "ts": ts, "vault": None, **made}
        if not isinstance(event, ACTIVITY) or self.account not in accounts_of(event):
            return None
        mine = frozenset((self.account,))
        return next(
            ({"seq": seq, "ts": ts, **one} for one in present.events([event], names, mine)), None
        )

    def _fill(self, event: Filled, seq: int, ts: int, names: Catalogue) -> Data | None:
        symbol = names.symbols[event.market]
        if self.kind == "fills" and self.account in (event.taker, event.maker):
            return _plain(present.fill(event, self.account, symbol, ts))
        if self.kind == "trades" and symbol == self.symbol:
            return _plain(present.trade(event, symbol, seq, ts))
        return None


def parse_channel(name: str) -> Channel:
    """The channel of a name such as ``book:BTC-USD`` or ``fills:7``. Errors: `BadField`."""
    kind, colon, rest = str(name).partition(":")
    if name in (KEEPER_CHANNEL, BREAKER_CHANNEL):
        return Channel(name, kind, "", -1)
    if colon and kind in PUBLIC_CHANNELS and rest:
        return Channel(name, kind, rest, -1)
    if colon and kind in PRIVATE_CHANNELS and rest.isascii() and rest.isdigit() and len(rest) < 11:
        return Channel(name, kind, "", int(rest))
    raise bad_field("channels", f"has {str(name)[:80]!r}, which is not a channel")


class Stream:
    """The messages of some channels to one reader."""

    def __init__(
        self, viewer: Viewer, node: NodeBase, history: History, channels: Sequence[str]
    ) -> None:
        self._viewer = viewer
        self._node = node
        self._history = history
        self._names = list(dict.fromkeys(channels))
        self._channels: list[Channel] = []
        self._closed = False
        self._subscription: Subscription | None = None
        self._since = 0

    def close(self) -> None:
        """End the messages, also for one who waits for the next."""
        self._closed = True
        if self._subscription is not None:
            self._subscription.close()

    async def messages(self) -> AsyncGenerator[StreamMessage, None]:
        """Snapshots, then changes, until closed or the node stops."""
        if not 1 <= len(self._names) <= CHANNELS_MAX:
            raise bad_field("channels", f"must have 1 to {CHANNELS_MAX} entries")
        self._channels = [parse_channel(name) for name in self._names]
        while not self._closed:
            with outside_errors():
                self._subscription = subscription = self._node.subscribe()
            self._since = self._node.last_seq
            last: Published | Gap | None = None
            try:
                for message in await self._snapshots():
                    yield message
                async for item in subscription:
                    items = [item]
                    while subscription.buffered:
                        items.append(await anext(subscription))
                    last = items[-1]
                    for message in await self._changes(items):
                        yield message
            finally:
                subscription.close()
            if not isinstance(last, Gap):
                return
            for channel in self._channels:
                yield self._message(channel, last.after_seq, "gap", {})

    async def _snapshots(self) -> list[StreamMessage]:
        await self._history.catch_up()
        seq, found, names = await self._read()
        made: list[StreamMessage] = []
        for channel, data in zip(self._channels, found, strict=True):
            if channel.kind == KEEPER_CHANNEL:
                # Everything published after the subscription began comes one by one.
                channel.seq = self._since
                made.append(self._message(channel, channel.seq, "snapshot", data))
            elif channel.kind in _ONE_BY_ONE:
                channel.seq = self._history.seq
                recent = {_ONE_BY_ONE[channel.kind]: self._recent(channel, names)}
                made.append(self._message(channel, channel.seq, "snapshot", data | recent))
            else:
                channel.seq, channel.sent = seq, data
                made.append(self._message(channel, seq, "snapshot", data))
        return made

    def _recent(self, channel: Channel, names: Catalogue) -> list[Data]:
        """What happened lately, oldest first."""
        history, kind = self._history, channel.kind
        kept: list[Stamped] | list[Happening]
        if kind == "trades":
            kept = history.trades(names.symbols.index(channel.symbol), RECENT)
        elif kind == "fills":
            kept = history.fills(channel.account, RECENT)
        elif kind == "activity":
            kept = history.activity(channel.account, RECENT)
        else:
            kept = history.moves(RECENT)
        made = [channel.shown(one.event, one.seq, one.ts, names) for one in kept]
        return [one for one in reversed(made) if one is not None]

    async def _changes(self, items: Sequence[Published | Gap]) -> list[StreamMessage]:
        published = [item for item in items if isinstance(item, Published)]
        if not published:
            return []
        seq, found, names = await self._read()
        made: list[StreamMessage] = []
        for channel, data in zip(self._channels, found, strict=True):
            if channel.kind in _ONE_BY_ONE:
                picked = channel.picked(published, names)
                channel.seq = max(channel.seq, published[-1].seq)
                if picked:
                    change = data | {_ONE_BY_ONE[channel.kind]: picked}
                    made.append(self._message(channel, channel.seq, "delta", change))
            elif (changed := channel.change(data)) is not None:
                channel.seq = seq
                made.append(self._message(channel, seq, "delta", changed))
        return made

    async def _read(self) -> tuple[int, list[Data], Catalogue]:
        now, principal = self._viewer.now(), self._viewer.principal

        def ask(state: State) -> tuple[list[Data], Catalogue]:
            seq = self._node.last_seq
            found = [channel.read(state, principal, seq, now) for channel in self._channels]
            return found, present.catalogue(state)

        with outside_errors():
            seq, (found, names) = await self._node.query_at(ask)
        return seq, found, names

    def _message(self, channel: Channel, seq: int, kind: StreamType, data: Data) -> StreamMessage:
        ts = self._node.health().ts
        return StreamMessage(channel=channel.name, seq=seq, ts=ts, type=kind, data=data)


def _plain(model: msgspec.Struct) -> Data:
    found: Data = msgspec.to_builtins(model)
    return found


def _book_change(before: Data, found: Data) -> Data | None:
    change = dict(found)
    for side in ("bids", "asks"):
        old, new = dict(before.get(side, ())), dict(found[side])
        left = [(price, "0") for price in old if price not in new]
        change[side] = left + [(p, size) for p, size in new.items() if old.get(p) != size]
    quotes = ("vamm_bid", "vamm_ask")
    same = not change["bids"] and not change["asks"]
    return None if same and all(before.get(q) == found[q] for q in quotes) else change


def _rows_change(before: Data, found: Data, rows: str, ident: str) -> Data | None:
    old = {row[ident]: row for row in before.get(rows, ())}
    new = {row[ident]: row for row in found[rows]}
    changed = [row for key, row in new.items() if old.get(key) != row]
    removed = [key for key in old if key not in new]
    return {rows: changed, "removed": removed} if changed or removed else None
