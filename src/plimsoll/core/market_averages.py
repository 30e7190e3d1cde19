"""What a market remembers of prices and trades: averages, deviations, samples, volumes.

Wires the formulas of ``tracking`` to the state: seconds instead of milliseconds, the vAMM's and
the book's quotes, the limits of the parameters. Nothing here raises for what a market can hold.

Spec: docs/spec/13-tracking.md, TRACK-015 … TRACK-019.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.core import curve, tracking
from plimsoll.core.context import Trade, Txn
from plimsoll.core.rows import Market, Oracle, Track
from plimsoll.core.state import State
from plimsoll.core.tracking import OracleTrack, Quotes
from plimsoll.messages.codes import BUY, FROM_ADL, FROM_VAMM
from plimsoll.units import AMOUNT_MAX, PRICE_MAX, div_floor

FUNDING_WINDOW: Final = 3_600
HEALTH_WINDOW: Final = 300
MEMORY: Final = 3_600
"""Seconds after which a deviation is forgotten."""
HOUR: Final = 3_600
DAY: Final = 86_400
QUOTES_NEAR: Final = 150_000
"""Resting orders more than 15 % from the oracle are no quotes."""


def seconds(now: int) -> int:
    """Whole seconds of a time in milliseconds."""
    return div_floor(now, 1_000)


def book_bid(state: State, market: Market) -> int:
    """The best bid of the book, 0 if there is none near the oracle."""
    return _near(state.books[market.ident].best_price(BUY), state.oracles[market.ident])


def book_ask(state: State, market: Market) -> int:
    """The best ask of the book, 0 if there is none near the oracle."""
    return _near(state.books[market.ident].best_price(1 - BUY), state.oracles[market.ident])


def _near(price: int, oracle: Oracle) -> int:
    """A quote of the book, 0 if it is none."""
    return price if tracking.is_near(price, oracle.price, QUOTES_NEAR) else 0


def mark(state: State, market: Market) -> int:
    """The mark: the vAMM's reservation price, else the middle of the book; 0 for none."""
    if market.params.vamm_enabled:
        row = state.vamms[market.ident]
        return curve.price(row.y, row.x, row.peg)
    bid = book_bid(state, market)
    ask = book_ask(state, market)
    return tracking.middle(bid, ask) if bid > 0 and ask > 0 else 0


def renewed(track: Track, market: Market, now_s: int) -> OracleTrack:
    """What is remembered of the oracle; nothing after a silence that resets its window."""
    old = track.oracle
    if now_s - old.updated > seconds(market.params.oracle_reset_ms):
        return OracleTrack(0, 0, 0, 0, 0, 0)
    return old


def sample(txn: Txn, market: Market) -> list[tuple[int, int]]:
    """The samples with the oracle price that was just accepted, clipped."""
    track = txn.state.tracks[market.ident]
    now_s = seconds(txn.now)
    old = renewed(track, market, now_s)
    price = txn.state.oracles[market.ident].price
    clipped = tracking.sanitised(price, old.funding, market.params.twap_clamp)
    return tracking.remembered(track.samples, now_s, clipped, FUNDING_WINDOW)


def follow_oracle(txn: Txn, market: Market, samples: list[tuple[int, int]]) -> None:
    """Take the price that was just accepted into the oracle's averages."""
    state = txn.state
    track = state.tracks[market.ident]
    row = state.oracles[market.ident]
    now_s = seconds(txn.now)
    reserve = mark(state, market)
    followed = tracking.follow_oracle(
        renewed(track, market, now_s),
        track.mark,
        now_s,
        row.price,
        row.confidence,
        reserve if reserve > 0 else row.price,
        FUNDING_WINDOW,
        HEALTH_WINDOW,
        market.params.twap_clamp,
        MEMORY,
    )
    track.follow_oracle(followed, samples)


def follow_resting(txn: Txn, market: Market) -> None:
    """Take the best quotes of book and vAMM into the mark's averages, at most once a second."""
    state = txn.state
    track = state.tracks[market.ident]
    if track.mark.updated == seconds(txn.now):
        return
    row = state.vamms[market.ident]
    quotes = tracking.resting_quotes(
        book_bid(state, market),
        book_ask(state, market),
        row.bid,
        row.ask,
        state.oracles[market.ident].price,
        track.mark.health,
        track.oracle.health,
    )
    if quotes is not None:
        take_quotes(txn, market, tracking.middle(quotes.bid, quotes.ask), quotes)


def take_quotes(txn: Txn, market: Market, price: int, quotes: Quotes) -> None:
    """Take quotes into the mark's averages; those of no price at all are left out."""
    if not 0 < quotes.bid <= quotes.ask <= PRICE_MAX:
        return
    track = txn.state.tracks[market.ident]
    now_s = seconds(txn.now)
    track.follow_mark(
        tracking.follow_mark(
            track.mark,
            track.oracle,
            now_s,
            price,
            quotes,
            FUNDING_WINDOW,
            HEALTH_WINDOW,
            market.params.twap_clamp,
            MEMORY,
        )
    )


@final
class Traded:
    """What a command traded in one market: quote by taker side, the last price, its side."""

    def __init__(self) -> None:
        self.buys: int = 0
        self.sells: int = 0
        self.surplus: int = 0
        self.price: int = 0  # 0: no fill at a price of the market
        self.side: int = BUY
        self.with_vamm: bool = False
        self.deleveraged: bool = False

    def add(self, trade: Trade) -> None:
        """Count a fill."""
        if trade.source == FROM_ADL:
            # Nobody chose the price, and nothing was taken from anybody's quote.
            self.deleveraged = True
            return
        if trade.side == BUY:
            self.buys += trade.quote
        else:
            self.sells += trade.quote
        self.surplus += trade.surplus
        self.price = trade.price
        self.side = trade.side
        if trade.source == FROM_VAMM:
            self.with_vamm = True


def traded(txn: Txn, market: int) -> Traded:
    """The sum of the running command's fills in a market."""
    found = Traded()
    for trade in txn.traded:
        if trade.market == market:
            found.add(trade)
    return found


def count(txn: Txn, market: Market, done: Traded) -> None:
    """Add a command's fills to the rolling volumes and the revenue since funding.

    Volumes fade once a second, however many trades fall into it.
    """
    track = txn.state.tracks[market.ident]
    now_s = seconds(txn.now)
    buys = track.buy_volume
    sells = track.sell_volume
    day = track.day_volume
    since = now_s - track.traded_s
    if since > 0:
        buys = tracking.rolling_volume(buys, 0, since, HOUR)
        sells = tracking.rolling_volume(sells, 0, since, HOUR)
        day = tracking.rolling_volume(day, 0, since, DAY)
    track.set_volumes(
        min(AMOUNT_MAX, buys + done.buys),
        min(AMOUNT_MAX, sells + done.sells),
        min(AMOUNT_MAX, day + done.buys + done.sells),
        now_s,
    )
    if done.surplus != 0:
        track.add_revenue(done.surplus)


def follow_trades(txn: Txn, market: Market, done: Traded) -> None:
    """Take the last fill of a command into the mark's averages.

    Where there is a vAMM its price counts only within the vAMM's quotes, at which anybody may
    trade; where there is none, fills do not count, the quotes that stay do. Two hands of one
    owner may trade with each other at any price of the band. UPDATE-007.
    """
    state = txn.state
    oracle = state.oracles[market.ident].price
    if done.price == 0 or oracle == 0:
        return
    if not market.params.vamm_enabled:
        follow_resting(txn, market)
        return
    row = state.vamms[market.ident]
    price = max(row.bid, min(row.ask, done.price))
    quotes = tracking.trade_quotes(
        price,
        done.side,
        oracle,
        market.params.vamm_base_spread,
        row.long_spread,
        row.short_spread,
        market.params.tick,
        row.bid,
        row.ask,
    )
    take_quotes(txn, market, price, quotes)
