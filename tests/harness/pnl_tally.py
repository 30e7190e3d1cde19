"""PnL by cause recomputed from the rows of the event log, by other means than ``analytics``.

Everything is an exact whole number of FINE parts (1e-12) of a unit of quote (1e-6): then price
times base, rate times base, and price times units of an asset are all whole. A source is worth

    worth = exact worth - rest        rest: what rounding takes off each of its parts

and every event adds its textbook amount (base · move of the price, what it cost against the price,
base · rate, ...) less the change of ``rest`` to one cause. No worth is ever computed to find a
cause; only the sums are turned into units, of which they must be whole numbers.

Rows are ``[tag, values…]`` as chapter 2 has them; nothing of the package is imported.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

Row = list[Any]
FINE = 10**12
USD = 0
PASSIVE, BASE = 0, 1
VAMM = -1
BUY = 0
FROM_VAMM, FROM_ADL = 1, 3
HOUSE_VAULT = 3
ASSET, MARKET, TRANSFER, FILL, PRICE, RATES = 4, 5, 9, 24, 40, 42
OPENED, BROUGHT, TAKEN, HEDGED = 60, 65, 66, 70

TRADED, SETTLED = 10, 24
REASONS = {
    19: "flows", 35: "flows", 36: "flows", 37: "flows", 41: "flows",
    26: "fees", 28: "fees", 39: "fees", 40: "fees",
    24: "funding",
    21: "repeg", 22: "repeg",
    32: "bad_debt", 33: "bad_debt",
    44: "hedge_slippage", 47: "hedge_slippage",
}  # fmt: skip
"""What each reason of a ``Transferred`` means to a source."""


class Unexplained(AssertionError):
    """The log tells of something that has no cause, or that cannot be."""


class Tallied:
    """One source: what it holds, and what each cause brought, in FINE parts."""

    def __init__(self, name: str, kind: int, market: int) -> None:
        self.name = name
        self.kind = kind
        self.market = market
        self.cash = 0
        self.spot = 0
        self.base: dict[int, int] = {}
        self.due: dict[int, int] = {}  # FINE parts of funding that nobody has settled
        self.parts: Counter[str] = Counter()
        self.rest = 0


class Tally:
    """All sources of a log, row by row."""

    def __init__(self, log: list[tuple[int, list[Row]]]) -> None:
        self.log = log
        self.at = 0
        self.decimals = {USD: 6}
        self.prices: dict[int, int] = {}
        self.rates: dict[int, tuple[int, int]] = {}
        self.bases = self.find_bases()
        self.names: dict[str, Tallied] = {}
        self.owners: dict[int, Tallied] = {}
        self.hedges = 0

    def find_bases(self) -> dict[int, int]:
        """Which asset is the base of a market: the whole log is there to look it up in."""
        found: dict[int, int] = {}
        markets: dict[int, tuple[int, int]] = {}
        for _, rows in self.log:
            for row in rows:
                if row[0] == OPENED:
                    markets[row[1]] = (row[2], row[3])
                elif row[0] == HEDGED:
                    found[row[2]] = row[6]
                elif row[0] in (BROUGHT, TAKEN) and markets[row[1]][0] == BASE:
                    found[markets[row[1]][1]] = row[3]
        return found

    def follow(self, until: int) -> None:
        """Take in the commands before the place ``until``."""
        for _, rows in self.log[self.at : until]:
            for row in rows:
                self.take(row)
        self.at = max(self.at, until)

    def take(self, row: Row) -> None:
        """One event."""
        tag = row[0]
        if tag == FILL:
            self.fill(row)
        elif tag == TRANSFER:
            self.transfer(row)
        elif tag == PRICE:
            self.reprice(row[1], row[2])
        elif tag == RATES:
            self.accrue(row[1], row[8], row[9])
        elif tag == TAKEN:
            self.keep_fee(row)
        elif tag == ASSET:
            self.decimals[row[1]] = row[3]
        elif tag == MARKET:
            self.prices[row[1]] = 0
            self.rates[row[1]] = (0, 0)
            self.open(Tallied(f"vamm:{row[1]}", VAMM, row[1]), row[3])
        elif tag == OPENED:
            self.open(Tallied(f"vault:{row[1]}", row[2], row[3]), row[4])

    def open(self, source: Tallied, account: int) -> None:
        """A source begins with nothing."""
        self.names[source.name] = source
        self.owners[account] = source

    # Exact amounts -------------------------------------------------------------------------------

    def unit_worth(self, market: int) -> int:
        """FINE parts that a unit of a market's base asset is worth."""
        return self.prices[market] * self.scale(market)

    def scale(self, market: int) -> int:
        """FINE parts of quote (1e-6) in price (1e-6) times a unit of a market's base asset."""
        return int(10 ** (12 - self.decimals[self.bases[market]]))

    def add(self, source: Tallied, cause: str, exact: int) -> None:
        """An event brought ``exact``; what rounding takes off more, or less, than before is its."""
        rest = sum(base * self.prices[at] * 1_000 % FINE for at, base in source.base.items())
        rest += sum(due % FINE for due in source.due.values())
        if source.spot:
            rest += source.spot * self.unit_worth(source.market) % FINE
        source.parts[cause] += exact - (rest - source.rest)
        source.rest = rest

    # Events --------------------------------------------------------------------------------------

    def transfer(self, row: Row) -> None:
        """A line of the ledger."""
        _, debit, credit, asset, amount, reason, market = row[:7]
        for account, signed in ((debit, -amount), (credit, amount)):
            source = self.owners.get(account)
            if source is None:
                continue
            cause = REASONS.get(reason)
            if cause is None:
                raise Unexplained(f"{source.name}: money moved for reason {reason}")
            if asset == USD:
                source.cash += signed
                paid = source.due.pop(market, 0) if reason == SETTLED else 0
                self.add(source, cause, signed * FINE - paid)
            elif source.market >= 0 and asset == self.bases.get(source.market):
                source.spot += signed
                self.add(source, cause, signed * self.unit_worth(source.market))

    def fill(self, row: Row) -> None:
        """A trade: against the price, and its fees."""
        (_, _, market, side, kind, taker, maker, _, _, _, size, quote, fee, rebate, _, _,
         taker_base, maker_base, surplus, *_, vault_fee, _) = row[:26]  # fmt: skip
        cause = "bad_debt" if kind == FROM_ADL else "spread"
        sign = 1 if side == BUY else -1
        plain = quote - sign * surplus if kind == FROM_VAMM else quote
        self.trade(taker, market, sign * size, sign * quote, cause, taker_base)
        self.trade(maker, market, -sign * size, -sign * plain, cause, maker_base)
        for account, amount in ((taker, -fee), (maker, rebate), (HOUSE_VAULT, vault_fee)):
            source = self.owners.get(account)
            if source is not None and amount:
                source.cash += amount
                self.add(source, "fees", amount * FINE)

    def trade(
        self, account: int, market: int, base: int, cost: int, cause: str, after: int
    ) -> None:
        """Base for money: worth the difference to the price."""
        source = self.owners.get(account)
        if source is None:
            return
        held = source.base.get(market, 0) + base
        if held != after:
            raise Unexplained(f"{source.name} holds {held} of market {market}, told {after}")
        source.base[market] = held
        source.cash -= cost
        # What is due here is less than a unit: who trades forgets it.
        lost = source.due.pop(market, 0)
        self.add(source, cause, base * self.prices[market] * 1_000 - cost * FINE - lost)

    def reprice(self, market: int, price: int) -> None:
        """A price moves what is held; the first one gives what was brought before it its worth."""
        moved, first = price - self.prices[market], self.prices[market] == 0
        self.prices[market] = price
        for source in self.names.values():
            base = source.base.get(market, 0)
            if base:
                self.add(source, "inventory", base * moved * 1_000)
            if source.spot and source.market == market:
                cause = "flows" if first else "inventory"
                self.add(source, cause, source.spot * moved * self.scale(market))

    def accrue(self, market: int, longs: int, shorts: int) -> None:
        """A period of funding: sums of both sides' rates after it."""
        before, self.rates[market] = self.rates[market], (longs, shorts)
        for source in self.names.values():
            base = source.base.get(market, 0)
            if base and source.kind != VAMM:
                rate = longs - before[0] if base > 0 else shorts - before[1]
                source.due[market] = source.due.get(market, 0) - base * rate
                self.add(source, "funding", -base * rate)

    def keep_fee(self, row: Row) -> None:
        """Who left took the fee, too, and gave it back."""
        source, fee = self.names[f"vault:{row[1]}"], row[9]
        if source.kind == BASE:
            fee = fee * self.unit_worth(source.market) // FINE
        source.parts["flows"] -= fee * FINE
        source.parts["fees"] += fee * FINE

    # The end -------------------------------------------------------------------------------------

    def worth(self, name: str) -> int:
        """What a source holds, at the last prices, each part rounded down."""
        source = self.names[name]
        found = source.cash
        for market, base in source.base.items():
            found += base * self.prices[market] * 1_000 // FINE
        found += sum(due // FINE for due in source.due.values())
        if source.spot:
            found += source.spot * self.unit_worth(source.market) // FINE
        return found

    def causes(self, name: str) -> dict[str, int]:
        """What each cause brought, and ``flows``, in units. Raises ``Unexplained``."""
        found = {}
        for cause, parts in self.names[name].parts.items():
            units, rest = divmod(parts, FINE)
            if rest:
                raise Unexplained(f"{name}: {cause} is {parts} parts, no whole units")
            found[cause] = units
        return found
