"""Rows of a market: itself, its oracle, its vAMM."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core import curve
from plimsoll.core.rows.accounts import Account
from plimsoll.core.rows.base import Row
from plimsoll.core.store import Tally, Undo, UndoLog
from plimsoll.messages.codes import ACTIVE, BUY, RESTRICTED, SELL
from plimsoll.messages.params import MarketParams
from plimsoll.units import RATIO_SCALE, mul_div_ceil, mul_div_floor, step_ceil, step_floor


@final
class Market(Row):
    """A market: its parameters, mode, system accounts and open interest (sum of the longs)."""

    def __init__(
        self,
        log: UndoLog,
        ident: int,
        params: MarketParams,
        vamm: Account,
        adjustments: Account,
        funding: Account,
        insurance: Account,
        clearing: Account,
        escrow: Account,
    ) -> None:
        super().__init__(log)
        self.was: MarketWas | None = None
        self.ident: int = ident
        self.params: MarketParams = params
        self.vamm: Account = vamm
        self.adjustments: Account = adjustments
        self.funding: Account = funding
        self.insurance: Account = insurance
        self.clearing: Account = clearing
        self.escrow: Account = escrow
        self.mode: int = 0
        self.unhealthy: int = 0  # a bit for each broken bound of its health
        self.open_interest: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = MarketWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def effective_mode(self) -> int:
        """What the market allows: the operator's mode, restricted at least while unhealthy."""
        return self.mode if self.unhealthy == 0 or self.mode != ACTIVE else RESTRICTED

    def set_unhealthy(self, bounds: int) -> None:
        """Which bounds of its health are broken."""
        self.touch()
        self.unhealthy = bounds

    def set_params(self, params: MarketParams) -> None:
        """Replace the parameters (checked as a set before)."""
        self.touch()
        self.params = params

    def set_mode(self, mode: int) -> None:
        """Change what the market allows."""
        self.touch()
        self.mode = mode

    def add_interest(self, delta: int) -> None:
        """Change the open interest. Only settlement calls this."""
        self.touch()
        self.open_interest += delta


@final
class MarketWas(Undo):
    """Saved ``Market``."""

    def __init__(self, row: Market) -> None:
        self.row: Market = row
        self.stamp: i64 = row.stamp
        self.params: MarketParams = row.params
        self.mode: int = row.mode
        self.unhealthy: int = row.unhealthy
        self.open_interest: int = row.open_interest

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.params = row.params
        self.mode = row.mode
        self.unhealthy = row.unhealthy
        self.open_interest = row.open_interest

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.params = self.params
        row.mode = self.mode
        row.unhealthy = self.unhealthy
        row.open_interest = self.open_interest


@final
class Oracle(Row):
    """The last accepted price of a market and the window of the last ten accepted ones.

    ``low`` and ``high`` are the price band around it, derived, rounded inward to the tick.
    """

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.was: OracleWas | None = None
        self.market: int = market
        self.price: int = 0  # 0: none yet
        self.confidence: int = 0
        self.published_ms: int = 0
        self.accepted_ms: int = 0
        self.window: list[int] = []  # never changed in place
        self.low: int = 0
        self.high: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = OracleWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def accept(
        self, price: int, confidence: int, published_ms: int, now: int, window: list[int]
    ) -> None:
        """Take over a price that ``oracle`` has judged; ``set_band`` must follow."""
        self.touch()
        self.price = price
        self.confidence = confidence
        self.published_ms = published_ms
        self.accepted_ms = now
        self.window = window

    def set_band(self, params: MarketParams) -> None:
        """Derive the band from the price and the parameters."""
        self.touch()
        wide = params.price_band
        low = mul_div_ceil(self.price, RATIO_SCALE - wide, RATIO_SCALE)
        high = mul_div_floor(self.price, RATIO_SCALE + wide, RATIO_SCALE)
        self.low = step_ceil(low, params.tick)
        self.high = step_floor(high, params.tick)


@final
class OracleWas(Undo):
    """Saved ``Oracle``."""

    def __init__(self, row: Oracle) -> None:
        self.row: Oracle = row
        self.stamp: i64 = row.stamp
        self.price: int = row.price
        self.confidence: int = row.confidence
        self.published_ms: int = row.published_ms
        self.accepted_ms: int = row.accepted_ms
        self.window: list[int] = row.window
        self.low: int = row.low
        self.high: int = row.high

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.price = row.price
        self.confidence = row.confidence
        self.published_ms = row.published_ms
        self.accepted_ms = row.accepted_ms
        self.window = row.window
        self.low = row.low
        self.high = row.high

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.price = self.price
        row.confidence = self.confidence
        row.published_ms = self.published_ms
        row.accepted_ms = self.accepted_ms
        row.window = self.window
        row.low = self.low
        row.high = self.high


@final
class Vamm(Row):
    """The curve of a market. Reserves 1e-9; ``net`` is the traders' base held against it.

    ``long_spread`` and ``short_spread`` are what buyers and sellers are quoted beside the
    reservation price (ppm); ``bid`` and ``ask`` are the top quotes, derived. ``booked`` is what
    the curve would have paid and the account did not (deleveraging at another price, signed).
    """

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.was: VammWas | None = None
        self.market: int = market
        self.x: int = 0
        self.y: int = 0
        self.sqrt_k: int = 0
        self.peg: int = 0
        self.net: int = 0
        self.capital: int = 0  # given by the operator, 1e-6 quote
        self.booked: int = 0
        self.repegs: int = 0
        self.long_spread: int = 0
        self.short_spread: int = 0
        self.bid: int = 0
        self.ask: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = VammWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def set_curve(self, x: int, y: int, sqrt_k: int, peg: int, net: int) -> None:
        """Set the whole curve."""
        self.touch()
        self.sqrt_k = sqrt_k
        self.peg = peg
        self.move(x, y, net)

    def move(self, x: int, y: int, net: int) -> None:
        """The reserves and the net position after a swap, and the quotes that follow."""
        self.touch()
        self.x = x
        self.y = y
        self.net = net
        self.set_quotes()

    def set_peg(self, peg: int) -> None:
        """Repeg."""
        self.touch()
        self.peg = peg
        self.repegs += 1
        self.set_quotes()

    def set_spreads(self, long: int, short: int) -> None:
        """Replace the spreads of both sides, and the quotes that follow."""
        self.touch()
        self.long_spread = long
        self.short_spread = short
        self.set_quotes()

    def spread(self, side: int) -> int:
        """The spread that takers of ``side`` are quoted."""
        return self.long_spread if side == BUY else self.short_spread

    def set_quotes(self) -> None:
        """Derive the top quotes from the reserves."""
        self.touch()
        mid = curve.price(self.y, self.x, self.peg)
        self.bid = curve.quoted(mid, self.short_spread, SELL)
        self.ask = curve.quoted(mid, self.long_spread, BUY)

    def book(self, amount: int) -> None:
        """Count what the account did not get (or pay) of what the curve says."""
        self.touch()
        self.booked += amount

    def set_counts(self, booked: int, repegs: int) -> None:
        """Sums of a snapshot."""
        self.touch()
        self.booked = booked
        self.repegs = repegs

    def add_capital(self, amount: int) -> None:
        """Count capital given by the operator."""
        self.touch()
        self.capital += amount


@final
class VammWas(Undo):
    """Saved ``Vamm``."""

    def __init__(self, row: Vamm) -> None:
        self.row: Vamm = row
        self.stamp: i64 = row.stamp
        self.x: int = row.x
        self.y: int = row.y
        self.sqrt_k: int = row.sqrt_k
        self.peg: int = row.peg
        self.net: int = row.net
        self.capital: int = row.capital
        self.booked: int = row.booked
        self.repegs: int = row.repegs
        self.long_spread: int = row.long_spread
        self.short_spread: int = row.short_spread
        self.bid: int = row.bid
        self.ask: int = row.ask

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.x = row.x
        self.y = row.y
        self.sqrt_k = row.sqrt_k
        self.peg = row.peg
        self.net = row.net
        self.capital = row.capital
        self.booked = row.booked
        self.repegs = row.repegs
        self.long_spread = row.long_spread
        self.short_spread = row.short_spread
        self.bid = row.bid
        self.ask = row.ask

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.x = self.x
        row.y = self.y
        row.sqrt_k = self.sqrt_k
        row.peg = self.peg
        row.net = self.net
        row.capital = self.capital
        row.booked = self.booked
        row.repegs = self.repegs
        row.long_spread = self.long_spread
        row.short_spread = self.short_spread
        row.bid = self.bid
        row.ask = self.ask

    def audit(self, check: Tally, stamp: i64) -> None:
        check.vamm(self.row.market)
