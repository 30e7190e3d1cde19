"""The auditor's state: plain dictionaries of immutable values, copied before every command.

Money, positions, margin. Everything that could be stored as a sum is summed up on every use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from plimsoll.messages import codes
from plimsoll.messages.events import Event, Transferred
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness.exact import (
    down_to,
    fits,
    must_fit,
    share_down,
    share_up,
    up_to,
    worth_down,
    worth_up,
)
from tests.harness.naive_book import BUY, SELL, NaiveBook, Sums
from tests.harness.naive_vamm import Curve

USD = 0


class Refused(Exception):
    """The command is refused."""

    def __init__(self, code: int, value: int = 0, limit: int = 0, item: int = -1) -> None:
        super().__init__(code, value, limit, item)
        self.code, self.value, self.limit, self.item = code, value, limit, item


class Holder(NamedTuple):
    """An account's fixed facts."""

    owner: int
    kind: int
    parent: int
    label: str


class Venue(NamedTuple):
    """A market's settings and accounts."""

    params: MarketParams
    mode: int
    vamm: int
    adjustments: int
    funding: int
    insurance: int


class Feed(NamedTuple):
    """A market's last oracle price and the last ten."""

    price: int = 0
    confidence: int = 0
    published: int = 0
    accepted: int = 0
    window: tuple[int, ...] = ()


class Model:
    """What the exchange should hold, and its money rules."""

    def __init__(self) -> None:
        self.limits = GlobalParams()
        self.principals: list[tuple[str, int]] = [("operator", codes.ROLE_OPERATOR)]
        self.assets: list[str] = ["USD"]
        self.accounts: list[Holder] = [
            Holder(0, codes.OUTSIDE, -1, "outside"),
            Holder(0, codes.TREASURY, -1, "treasury"),
            Holder(0, codes.KEEPER_POT, -1, "keepers"),
            Holder(0, codes.VAULT, -1, "vault"),
        ]
        self.cash: dict[tuple[int, int], int] = {}
        self.base: dict[tuple[int, int], int] = {}
        self.cost: dict[tuple[int, int], int] = {}
        self.venues: list[Venue] = []
        self.curves: list[Curve] = []
        self.feeds: list[Feed] = []
        self.books: list[NaiveBook] = []
        self.next_order = self.next_sequence = self.next_fill = 1
        self.used: dict[str, int] = {}
        self.events: list[Event] = []
        self.to_trim: list[tuple[int, int]] = []
        self.counts: dict[str, int] = {}
        self.seq = self.now = self.principal = self.roles = 0

    def save(self) -> tuple[Any, ...]:
        """A copy of everything that a command may change."""
        return (
            (self.limits, self.next_order, self.next_sequence, self.next_fill),
            (list(self.principals), list(self.assets), list(self.accounts)),
            (dict(self.cash), dict(self.base), dict(self.cost)),
            (list(self.venues), list(self.curves), list(self.feeds)),
            [book.copy() for book in self.books],
            (len(self.used), list(self.events)),
        )

    def restore(self, saved: tuple[Any, ...]) -> None:
        """Back to a copy."""
        self.limits, self.next_order, self.next_sequence, self.next_fill = saved[0]
        self.principals, self.assets, self.accounts = saved[1]
        self.cash, self.base, self.cost = saved[2]
        self.venues, self.curves, self.feeds = saved[3]
        self.books = saved[4]
        while len(self.used) > saved[5][0]:
            self.used.popitem()
        self.events = saved[5][1]
        self.to_trim = []

    def count(self, what: str) -> None:
        """One more of something worth knowing about a run."""
        self.counts[what] = self.counts.get(what, 0) + 1

    # Money ----------------------------------------------------------------------------------

    def held(self, account: int, market: int) -> int:
        """Signed base."""
        return self.base.get((account, market), 0)

    def money(self, account: int, asset: int = USD) -> int:
        """A balance."""
        return self.cash.get((account, asset), 0)

    def shift(self, debit: int, credit: int, amount: int, asset: int = USD) -> None:
        """Move an amount between two accounts; some event of the caller's tells of it."""
        must_fit(amount)
        for account, change in ((debit, -amount), (credit, amount)):
            self.cash[account, asset] = must_fit(self.money(account, asset) + change)

    def pay(
        self, debit: int, credit: int, amount: int, reason: int, market: int, asset: int = USD
    ) -> None:
        """Move an amount and report it."""
        self.shift(debit, credit, amount, asset)
        self.events.append(Transferred(debit, credit, asset, amount, reason, market))

    def move(self, account: int, market: int, base: int, cost: int) -> int:
        """Change a position; returns the realised profit."""
        key = (account, market)
        held, entry = self.base.get(key, 0), self.cost.get(key, 0)
        after = must_fit(held + base)
        if held * base >= 0:  # opens or adds
            profit, entry = 0, entry + cost
        elif abs(base) <= abs(held):  # reduces: entry cost leaves pro rata, toward zero
            share = abs(entry) * abs(base) // abs(held)
            released = share if entry >= 0 else -share
            profit, entry = -cost - released, entry - released
        else:  # flips: closes all, opens the rest
            share = abs(cost) * abs(held) // abs(base)
            closing = share if cost >= 0 else -share
            profit, entry = -closing - entry, cost - closing
        self.base[key], self.cost[key] = after, must_fit(entry)
        self.to_trim.append(key)
        return profit

    def open_interest(self, market: int) -> int:
        """Sum of the longs."""
        return sum(base for (_, m), base in self.base.items() if m == market and base > 0)

    def charge(
        self, market: int, taker: int, maker: int, quote: int
    ) -> tuple[int, int, tuple[int, ...]]:
        """Fee of a fill, the maker's rebate (maker -1: none), and how the rest is split.

        The parts: insurance (what roundings leave), adjustments, funding, keepers, treasury, vault.
        """
        venue = self.venues[market]
        params = venue.params
        fee = share_up(quote, params.taker_fee)
        rebate = 0
        if maker >= 0:
            rebate = share_down(quote, params.maker_rebate)
            self.shift(taker, maker, rebate)
        shares = (
            (params.split_adjustments, venue.adjustments),
            (params.split_funding, venue.funding),
            (params.split_keepers, codes.KEEPER_ACCOUNT),
            (params.split_treasury, codes.TREASURY_ACCOUNT),
            (params.split_vault, codes.VAULT_ACCOUNT),
        )
        parts = [share_down(fee - rebate, ppm) for ppm, _ in shares]
        for part, (_, target) in zip(parts, shares, strict=True):
            self.shift(taker, target, part)
        insurance = fee - rebate - sum(parts)
        self.shift(taker, venue.insurance, insurance)
        return fee, rebate, (insurance, *parts)

    # Margin ---------------------------------------------------------------------------------

    def equity(self, account: int) -> int:
        """Cash plus positions at the oracle, each rounded against the holder."""
        total = self.money(account)
        for market, feed in enumerate(self.feeds):
            held = self.held(account, market)
            if held >= 0:
                total += worth_down(feed.price, held)
            else:
                total -= worth_up(feed.price, -held)
        return total

    def needed(self, account: int) -> int:
        """Initial requirement of the positions plus what is reserved for open orders."""
        total = 0
        for market, venue in enumerate(self.venues):
            held = self.held(account, market)
            imr = venue.params.imr
            total += share_up(worth_up(self.feeds[market].price, abs(held)), imr)
            total += share_up(opening_worth(held, self.books[market].sums(account)), imr)
        return total

    def free(self, account: int) -> int:
        """What the account could still put at risk; negative when it carries too much."""
        return fits(self.equity(account) - self.needed(account))

    def may_leave(self, account: int) -> int:
        """Withdrawable: free margin, but never unrealised profit."""
        settled = self.money(account) + sum(
            cost for (owner, _), cost in self.cost.items() if owner == account
        )
        return max(0, min(self.free(account), settled))

    def free_if(self, account: int, market: int, base: int, cash: int) -> int:
        """Free margin after a change of position and cash (the book as it stands)."""
        kept = dict(self.base), dict(self.cash)
        self.base[account, market] = self.held(account, market) + base
        self.cash[account, USD] = self.money(account) + cash
        found = self.free(account)
        self.base, self.cash = kept
        return found

    # Prices ---------------------------------------------------------------------------------

    def band(self, market: int) -> tuple[int, int]:
        """Lowest and highest price of a fill."""
        params, price = self.venues[market].params, self.feeds[market].price
        low = -(-price * (10**6 - params.price_band) // 10**6)
        high = price * (10**6 + params.price_band) // 10**6
        return up_to(low, params.tick), down_to(high, params.tick)

    def price_age(self, market: int) -> int:
        """Age of the oracle price; -1 without one."""
        feed = self.feeds[market]
        return max(0, self.now - feed.published) if feed.price else -1

    def fresh(self, market: int) -> bool:
        """Whether the price may be used for what adds risk."""
        return 0 <= self.price_age(market) <= self.venues[market].params.oracle_max_age_ms


def opening_worth(held: int, sums: Sums) -> int:
    """The larger side's notional (up) at its limits, of the part that can open."""
    worst = 0
    for size, worth, closes in (
        (sums.bid_size, sums.bid_worth, max(0, -held)),
        (sums.ask_size, sums.ask_worth, max(0, held)),
    ):
        if fits(size) > closes:
            worst = max(worst, -(-worth * (size - closes) // size))
    return fits(worst)


__all__ = ["BUY", "SELL", "Feed", "Holder", "Model", "Refused", "Venue"]
