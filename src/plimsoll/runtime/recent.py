"""Recent trades, fills and other happenings of a running node, in bounded memory.

Fed by what the node publishes, so it begins empty whenever a node starts: the journal keeps
commands, not events, and getting them back would mean a replay. Older trades and fills are the
business of the history database.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final, TypeVar

from plimsoll.client.base import FILLS_MAX, HISTORY_MAX, TRADES_MAX
from plimsoll.errors import NodeError
from plimsoll.messages.events import (
    BreakerMoved,
    DelayedExecuted,
    DelayedPlaced,
    DelayedRefused,
    Event,
    Filled,
    HeldReleased,
    SignedCancelled,
    SignedLapsed,
    SignedSettled,
    SignerSet,
    VaultBreakerMoved,
    WithdrawalHeld,
)
from plimsoll.messages.mechanisms import FundingSkipped, FundingUpdated
from plimsoll.runtime.node import Gap, NodeBase, Published, Subscription
from plimsoll.runtime.present_mechanisms import HEALTH, LIQUIDATION

ACCOUNTS_MAX: Final = 20_000
"""Accounts whose fills are kept; beyond it those that traded longest ago are forgotten."""
T = TypeVar("T")

RECORDS_MAX: Final = 10_000
"""Records that can be explained."""
ACTIVITY_MAX: Final = 100
"""Happenings of an account, and moves of breakers, that are kept."""

MOVES: Final = (BreakerMoved, VaultBreakerMoved)
"""Events of breakers, which everybody may see."""
ACTIVITY: Final = (
    SignerSet,
    SignedSettled,
    SignedCancelled,
    SignedLapsed,
    DelayedPlaced,
    DelayedExecuted,
    DelayedRefused,
    WithdrawalHeld,
    HeldReleased,
)
"""What happens to keys, signed and delayed orders and held withdrawals of an account."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A fill with the number and the time (ms) of its command."""

    seq: int
    ts: int
    event: Filled


@dataclass(frozen=True, slots=True)
class Happening:
    """Any event with the number and the time (ms) of its command."""

    seq: int
    ts: int
    event: Event


def accounts_of(event: Event) -> frozenset[int]:
    """The accounts that something of ``ACTIVITY`` happened to: its own and, of a settlement, the
    relayer's.
    """
    account: int = getattr(event, "account", -1)
    if isinstance(event, SignedSettled):
        return frozenset((account, event.relayer))
    return frozenset((account,))


class History:
    """The last ``TRADES_MAX`` trades of each market and ``FILLS_MAX`` fills of each account, of
    each market ``HISTORY_MAX`` funding periods and as many repegs, as many steps of liquidations,
    ``ACTIVITY_MAX`` happenings of each account and moves of breakers, and ``RECORDS_MAX`` whole
    records.

    ``complete`` turns False if the node published faster than this could read, which leaves a
    hole. Belongs to the event loop of its node; ``close`` ends it.
    """

    def __init__(self, node: NodeBase) -> None:
        """Listen from the next record on. Errors: `NodeClosed`, `NodeHalted`."""
        self.seq = node.last_seq
        self.complete = True
        self._node = node
        self._trades: dict[int, deque[Stamped]] = {}
        self._fills: OrderedDict[int, deque[Stamped]] = OrderedDict()
        self._funding: dict[int, deque[Happening]] = {}
        self._repegs: dict[int, deque[Happening]] = {}
        self._liquidations: deque[Happening] = deque(maxlen=HISTORY_MAX)
        self._activity: OrderedDict[int, deque[Happening]] = OrderedDict()
        self._moves: deque[Happening] = deque(maxlen=ACTIVITY_MAX)
        self._records: deque[Published] = deque(maxlen=RECORDS_MAX)
        self._subscription: Subscription = node.subscribe()
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="recent-fills")

    def trades(self, market: int, limit: int) -> list[Stamped]:
        """The last trades of a market, newest first."""
        return _newest(self._trades.get(market), limit)

    def fills(self, account: int, limit: int) -> list[Stamped]:
        """The last fills of an account, newest first."""
        return _newest(self._fills.get(account), limit)

    def funding(self, market: int, limit: int) -> list[Happening]:
        """The last funding periods of a market, newest first."""
        return _newest(self._funding.get(market), limit)

    def repegs(self, market: int, limit: int) -> list[Happening]:
        """The last repegs and changes of health of a market, newest first."""
        return _newest(self._repegs.get(market), limit)

    def liquidations(self, limit: int) -> list[Happening]:
        """The last steps of liquidations, newest first."""
        return _newest(self._liquidations, limit)

    def activity(self, account: int, limit: int) -> list[Happening]:
        """The last happenings of an account (see ``ACTIVITY``), newest first."""
        return _newest(self._activity.get(account), limit)

    def moves(self, limit: int) -> list[Happening]:
        """The last moves of breakers, newest first."""
        return _newest(self._moves, limit)

    def record(self, seq: int) -> Published | None:
        """A whole record, None if it is not (or no longer) kept."""
        if not self._records or not self._records[0].seq <= seq <= self._records[-1].seq:
            return None
        # Without a hole its place is known.
        at = seq - self._records[0].seq
        if at < len(self._records) and self._records[at].seq == seq:
            return self._records[at]
        return next((one for one in self._records if one.seq == seq), None)

    async def catch_up(self) -> None:
        """Take over all that is published by now, so that everybody sees his own fills."""
        while self._subscription.buffered:
            self._take(await anext(self._subscription))

    def add(self, item: Published) -> None:
        """Take over what one command did."""
        self.seq = item.seq
        self._records.append(item)
        for event in item.events:
            if isinstance(event, Filled):
                stamped = Stamped(item.seq, item.ts, event)
                trades = self._trades.setdefault(event.market, deque(maxlen=TRADES_MAX))
                trades.append(stamped)
                self._add_fill(event.taker, stamped)
                self._add_fill(event.maker, stamped)
            elif isinstance(event, FundingUpdated | FundingSkipped):
                self._add(self._funding, event.market, Happening(item.seq, item.ts, event))
            elif isinstance(event, tuple(HEALTH)):
                market: int = event.market  # type: ignore[attr-defined]
                self._add(self._repegs, market, Happening(item.seq, item.ts, event))
            elif isinstance(event, tuple(LIQUIDATION)):
                self._liquidations.append(Happening(item.seq, item.ts, event))
            elif isinstance(event, MOVES):
                self._moves.append(Happening(item.seq, item.ts, event))
            elif isinstance(event, ACTIVITY):
                one = Happening(item.seq, item.ts, event)
                for account in sorted(accounts_of(event)):
                    self._add_activity(account, one)

    def close(self) -> None:
        """Stop listening; what is kept stays readable."""
        self._subscription.close()
        self._task.cancel()

    @staticmethod
    def _add(kept: dict[int, deque[Happening]], market: int, one: Happening) -> None:
        kept.setdefault(market, deque(maxlen=HISTORY_MAX)).append(one)

    def _add_fill(self, account: int, stamped: Stamped) -> None:
        self._fills.setdefault(account, deque(maxlen=FILLS_MAX)).append(stamped)
        self._fills.move_to_end(account)
        if len(self._fills) > ACCOUNTS_MAX:
            self._fills.popitem(last=False)

    def _add_activity(self, account: int, one: Happening) -> None:
        self._activity.setdefault(account, deque(maxlen=ACTIVITY_MAX)).append(one)
        self._activity.move_to_end(account)
        if len(self._activity) > ACCOUNTS_MAX:
            self._activity.popitem(last=False)

    def _take(self, item: Published | Gap) -> None:
        if isinstance(item, Published):
            self.add(item)
            return
        self.complete = False
        try:
            self._subscription = self._node.subscribe()
            self.seq = self._node.last_seq
        except NodeError:
            # Halted or closed in the meantime: there is nothing more to listen to.
            self._subscription.close()

    async def _follow(self) -> None:
        while True:
            current = self._subscription
            async for item in current:
                self._take(item)
            if current is self._subscription:
                return


def _newest(kept: deque[T] | None, limit: int) -> list[T]:
    if kept is None or limit < 1:
        return []
    return [kept[-at] for at in range(1, min(limit, len(kept)) + 1)]
