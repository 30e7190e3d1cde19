"""The vault tour played once, and its log read: chapters, records, balances from events alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

from plimsoll.analytics.postings import Postings
from plimsoll.messages import codes
from plimsoll.messages.events import (
    Event,
    Filled,
    FirmQuoteFilled,
    OracleAccepted,
    SpotSwapped,
    Transferred,
    VaultCreated,
)
from plimsoll.runtime.inline import InlineExchange
from plimsoll.sim.scenarios import find
from plimsoll.sim.scenarios.stage import Performance

ETH, SOL = 1, 2
PASSIVE, BASE_ETH, QUOTE_ETH, BASE_SOL = range(4)
COIN = 10**9
USD = 10**6


@cache
def play() -> Performance:
    """The tour, played to its end; once, for all who read it."""
    performance = Performance(find("vault-tour"), InlineExchange())
    performance.run()
    return performance


def holder(played: Performance, vault: int) -> int:
    """The account of a vault."""
    (made,) = [
        one for one in played.scene.opening if isinstance(one, VaultCreated) and one.vault == vault
    ]
    return made.holder


def records(played: Performance) -> Iterator[tuple[int, list[Event]]]:
    """The events of each command after the opening: (seq, events)."""
    seq, found = 0, []
    for number, _, event in played.scene.log:
        if number != seq and found:
            yield seq, found
            found = []
        seq = number
        found.append(event)
    yield seq, found


class Replayed:
    """Balances and positions from events alone: (account, asset) and (account, market)."""

    def __init__(self, played: Performance) -> None:
        self.books: Counter[tuple[int, int]] = Counter()
        self.base: Counter[tuple[int, int]] = Counter()
        self.price: dict[int, int] = {}
        self._ledger = Postings()
        self.take(played.scene.opening)

    def take(self, events: list[Event]) -> None:
        """Book the events of a command."""
        for line in self._ledger.lines(events):
            self.books[line.debit, line.asset] -= line.amount
            self.books[line.credit, line.asset] += line.amount
        for event in events:
            if isinstance(event, Filled):
                signed = event.size if event.side == codes.BUY else -event.size
                self.base[event.taker, event.market] += signed
                self.base[event.maker, event.market] -= signed
            elif isinstance(event, OracleAccepted):
                self.price[event.market] = event.price

    def net(self, account: int, market: int) -> int:
        """Base on spot and in the position; ETH and SOL have the number of their market."""
        return self.books[account, market] + self.base[account, market]


def spot_leg(found: list[Event], account: int) -> int:
    """Base that an account bought (negative: sold) on spot in a record."""
    total = 0
    for event in found:
        if isinstance(event, SpotSwapped) and event.account == account:
            total += event.amount_out if event.asset_out else -event.amount_in
        elif isinstance(event, FirmQuoteFilled):
            total += event.asset_amount * (1 if sells(found, event) else -1)
    return total


def sells(found: list[Event], quote: FirmQuoteFilled) -> bool:
    """Whether a desk sold: what it gets is not the asset."""
    return not any(
        isinstance(event, Transferred)
        and (event.asset, event.credit) == (quote.asset, quote.account)
        for event in found
    )


def value(replayed: Replayed, account: int, price: int) -> int:
    """Cash and position at a price."""
    return replayed.books[account, 0] + replayed.base[account, ETH] * price // COIN
