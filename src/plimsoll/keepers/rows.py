"""What a keeper remembers of the exchange, row by row. Scales as in ``client.keeper_models``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

BUY: Final = "buy"
SELL: Final = "sell"


def opposite(side: str) -> str:
    """The other side."""
    return SELL if side == BUY else BUY


@dataclass(slots=True)
class Resting:
    """A resting order; ``age_ms``, ``priority_size`` and ``sequence`` fix its place at its price.

    The sequence of an order that came after the snapshot counts arrivals seen here: larger than
    all before it, as the exchange's own is, but not the same number.
    """

    order: int
    account: int
    market: int
    side: str
    price: int
    remaining: int
    age_ms: int
    priority_size: int
    sequence: int
    reduce_only: bool = False
    expires_ms: int = 0
    keeper_fee: int = 0

    def rank(self) -> tuple[int, int, int, int]:
        """Orders of a side sort by this: the first one is matched first."""
        key = -self.price if self.side == BUY else self.price
        return (key, self.age_ms, -self.priority_size, self.sequence)


@dataclass(slots=True)
class Draft:
    """An order of the record at hand that may come to rest; ``taken`` is what it took before."""

    reduce_only: bool = False
    expires_ms: int = 0
    taken: int = 0
    keeper_fee: int = 0


@dataclass(slots=True)
class Waiting:
    """A trigger: fired when the oracle is at or past ``trigger_price``."""

    order: int
    account: int
    market: int
    side: str
    size: int
    trigger_price: int
    direction: str
    reduce_only: bool = False
    expires_ms: int = 0


@dataclass(slots=True)
class LiveAuction:
    """A live auction; ``side`` is the taker's, ``limit`` its worst price."""

    auction: int
    account: int
    owner: int
    market: int
    side: str
    remaining: int
    start: int
    end: int
    limit: int
    started_ms: int
    ends_ms: int
    liquidation: bool = False
    reduce_only: bool = False
    offers_due_ms: int = 0
    keeper_fee: int = 0


@dataclass(slots=True)
class OwnOffer:
    """An offer that waits in an auction; ``remaining`` is what of it may still be filled."""

    offer: int
    auction: int
    account: int
    market: int
    remaining: int


@dataclass(slots=True)
class Held:
    """A position: signed base; ``funding`` is what it owes (negative: is owed)."""

    base: int
    funding: int = 0
    liquidated_ms: int = 0


@dataclass(slots=True)
class Account:
    """A trader's account. ``known``: its cash is known, so that it can be judged."""

    account: int
    owner: int = -1
    cash: int = 0
    known: bool = True
    liquidations: int = 0
    positions: dict[int, Held] = field(default_factory=dict)


@dataclass(slots=True)
class Market:
    """A market; ``params`` by name. Prices 0 mean none."""

    market: int
    symbol: str
    mode: str
    params: dict[str, Any]
    oracle_price: int = 0
    published_ms: int = 0
    vamm_bid: int = 0
    vamm_ask: int = 0
    vamm_bid_size: int = 0
    vamm_ask_size: int = 0
    vamm_net: int = 0
    funding_due_ms: int = 0
    touched_ms: int = 0
    """When something last brought it up to date: a price, a trade, a command of a keeper."""

    def number(self, name: str) -> int:
        """A parameter that is a number; 0 where the exchange does not know it."""
        return int(self.params.get(name, 0))

    def oracle_valid(self, now: int) -> bool:
        """Whether the oracle's price is fresh at ``now`` (ms)."""
        age = now - self.published_ms
        return self.oracle_price > 0 and 0 <= age <= self.number("oracle_max_age_ms")
