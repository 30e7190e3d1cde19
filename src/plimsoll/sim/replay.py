"""The exchange over recorded prices: as fast as it goes, with traders, checked on the way.

For every instant of the source: one ``OraclePrices`` with all prices of that instant, the
commands of the traders of those markets, one ``Tick``. Before the next instant, if that is far
enough, the auctions that began are answered halfway and ended when their time is over. A price is
good until the next is due. The house does due work after each command. The operator gives a vAMM
that has lost nearly all of its capital new one, and an adjustments pool what it lacks for a repeg
that is due; how often is reported. The state after the last instant depends on the prices, the
traders' number and the seed alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from plimsoll.core import views
from plimsoll.feeds import FeedError, FilePrices, MergedSource, PriceSource, PriceTick
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    Command,
    Deposit,
    FundPool,
    FundVamm,
    OraclePrices,
    PricePoint,
    Tick,
)
from plimsoll.messages.mechanisms import RepegUnaffordable
from plimsoll.runtime import presets
from plimsoll.runtime.inline import InlineExchange
from plimsoll.sim.agents import AuctionMaker
from plimsoll.sim.population import TRADERS, USD, Trader, cast, enrol
from plimsoll.sim.sight import look
from plimsoll.sim.tally import Tally
from plimsoll.units import RATIO_SCALE, div_floor

CHECK_EVERY: Final = 500
END_MS: Final = 60_000
RESET_MS: Final = 86_400_000
TICK_WORK: Final = 256

Progress = Callable[[int], None]
"""Called with the number of prices done."""


def interval_of(source: PriceSource) -> int:
    """How long a price of a source stands (ms): its bars' length; 0 where it has none."""
    if isinstance(source, FilePrices):
        return source.interval_ms
    if isinstance(source, MergedSource):
        return max((interval_of(one) for one in source.sources), default=0)
    return 0


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How to run. ``speed`` 0 is as fast as it goes, else that multiple of the recorded time;
    ``check_every`` is in instants."""

    traders: int = TRADERS
    seed: int = 1
    speed: float = 0.0
    check_every: int = CHECK_EVERY
    journal_dir: Path | None = None


@dataclass(slots=True)
class MarketRun:
    """One market over the run. ``divergence_*`` are |vAMM - oracle| / oracle in ppm, taken after
    the traders of each bar have acted; ``inside`` counts bars in which the vAMM quoted both sides:
    with sizes, prices inside the band, and equity behind them.
    """

    symbol: str
    bars: int = 0
    inside: int = 0
    divergence_max: int = 0
    divergence_max_ms: int = 0
    divergence_sum: int = 0
    price_first: int = 0
    price_last: int = 0
    price_low: int = 0
    price_high: int = 0
    refills: int = 0
    refilled: int = 0
    topups: int = 0
    topped_up: int = 0
    end: dict[str, Any] = field(default_factory=dict)

    @property
    def inside_range_pct(self) -> float:
        """Share of bars in which the vAMM quoted both sides, in percent."""
        return 100.0 * self.inside / self.bars if self.bars else 0.0

    def see(self, view: dict[str, Any], band: tuple[int, int], now: int) -> None:
        """Take the market's figures, and its price band, at the end of a bar."""
        price, vamm = view["oracle_price"], view["vamm"]
        self.bars += 1
        self.price_first = self.price_first or price
        self.price_last = price
        self.price_low = min(self.price_low or price, price)
        self.price_high = max(self.price_high, price)
        if vamm is None or price == 0:
            return
        sizes = vamm["bid_size"] > 0 and vamm["ask_size"] > 0 and vamm["equity"] > 0
        reachable = band[0] <= vamm["bid"] and vamm["ask"] <= band[1]
        self.inside += sizes and reachable and view["oracle_valid"]
        off = div_floor(abs(vamm["reservation_price"] - price) * RATIO_SCALE, price)
        self.divergence_sum += off
        if off > self.divergence_max:
            self.divergence_max, self.divergence_max_ms = off, now


@dataclass(slots=True)
class KindRun:
    """The traders of one kind: how many, what they brought in, what they own at the end."""

    traders: int = 0
    deposited: int = 0
    equity: int = 0

    @property
    def pnl(self) -> int:
        """What they gained, marked at the oracle (1e-6 USD)."""
        return self.equity - self.deposited


@dataclass(slots=True)
class ReplayResult:
    """What a run did. ``seconds`` is wall time; everything else repeats to the last unit."""

    instants: int
    first_ms: int
    last_ms: int
    checks: int
    tally: Tally
    markets: list[MarketRun]
    kinds: dict[str, KindRun]
    treasury: int
    keepers: int
    seconds: float
    state_hash: str


class Replay:
    """One run; ``run`` may be called once."""

    def __init__(self, source: PriceSource, settings: ReplaySettings | None = None) -> None:
        self._source = source
        self._settings = settings or ReplaySettings()
        self._symbols = source.symbols
        self._index = {symbol: at for at, symbol in enumerate(self._symbols)}
        self._tally = Tally()
        self._markets = [MarketRun(symbol) for symbol in self._symbols]
        self._traders: list[list[Trader]] = [[] for _ in self._symbols]
        self._checks = 0
        self._lacking: dict[int, int] = {}
        self._brought = 0

    def run(self, progress: Progress | None = None) -> ReplayResult:
        """Run over the whole source.

        Errors: `FeedError` from the source, `NodeHalted`, `JournalError`, `ConfigError`.
        """
        started = time.perf_counter()
        settings = self._settings
        pace = _Pace(settings.speed)
        instants, prices, first_ms = 0, 0, 0
        with InlineExchange(settings.journal_dir, house_keeper=True) as exchange:
            for (ts_ms, ticks), (next_ms, _) in pairwise(self._and_end(exchange)):
                pace.wait(ts_ms)
                self._step(exchange, ts_ms, ticks)
                self._finish_auctions(exchange, ts_ms, next_ms)
                self._refill(exchange)
                self._look(exchange, ts_ms, ticks)
                first_ms = first_ms or ts_ms
                instants += 1
                prices += len(ticks)
                if settings.check_every and instants % settings.check_every == 0:
                    self._check(exchange)
                if progress is not None:
                    progress(prices)
            self._check(exchange)
            seconds = time.perf_counter() - started
            return self._result(exchange, instants, first_ms, seconds)

    def _instants(self, exchange: InlineExchange) -> Iterator[tuple[int, list[PriceTick]]]:
        """Ticks by time. The exchange opens at the first one, at the first price of each market."""
        opening: list[tuple[int, list[PriceTick]]] = []
        first: dict[str, int] = {}
        opened = False
        for ts_ms, group in groupby(self._source.ticks(), key=attrgetter("ts_ms")):
            ticks = list(group)
            if opened:
                yield ts_ms, ticks
                continue
            # Markets that start later wait for their first price: it is the vAMM's peg.
            opening.append((ts_ms, ticks))
            for tick in ticks:
                first.setdefault(tick.symbol, tick.price)
            if len(first) == len(self._symbols):
                opened = True
                self._open(exchange, first, opening[0][0])
                yield from opening
                opening.clear()
        if not opened:
            missing = sorted(set(self._symbols) - set(first))
            raise FeedError(f"no price of {', '.join(missing)}")

    def _and_end(self, exchange: InlineExchange) -> Iterator[tuple[int, list[PriceTick]]]:
        """The instants, and an empty one long after the last."""
        last = 0
        for ts_ms, ticks in self._instants(exchange):
            last = ts_ms
            yield ts_ms, ticks
        yield last + END_MS, []

    def _open(self, exchange: InlineExchange, first: dict[str, int], now: int) -> None:
        prices = {symbol: first[symbol] for symbol in self._symbols}
        age = max(presets.market_params(*one).oracle_max_age_ms for one in prices.items())
        age = max(age, interval_of(self._source))
        patience = {"oracle_max_age_ms": age, "oracle_reset_ms": max(RESET_MS, 2 * age)}
        overrides = dict.fromkeys(prices, patience)
        commands = presets.bootstrap(prices, open_deposits=False, overrides=overrides)
        exchange.bootstrap(commands, now)
        for trader in cast(self._symbols, self._settings.traders, self._settings.seed):
            steps = enrol(trader.name, trader.agent.DEPOSIT, None)
            try:
                command, principal = next(steps)
                while True:
                    command, principal = steps.send(self._submit(exchange, command, principal, now))
            except StopIteration as done:
                trader.principal, trader.account = done.value
            trader.deposited = trader.agent.DEPOSIT
            self._traders[trader.market].append(trader)

    def _submit(
        self, exchange: InlineExchange, command: Command, principal: int, now: int
    ) -> list[Any]:
        outcome = exchange.submit(command, principal, now)
        self._tally.count(outcome.accepted, outcome.events, now)
        if outcome.house:
            self._tally.count(accepted=True, events=outcome.house, now=now)
        for event in (*outcome.events, *outcome.house):
            if isinstance(event, RepegUnaffordable) and event.cost > event.budget:
                # A hundredth more: the cost per unit of the peg is rounded up.
                self._lacking[event.market] = div_floor(101 * event.cost, 100) - event.budget
        return outcome.events

    def _step(self, exchange: InlineExchange, now: int, ticks: Sequence[PriceTick]) -> None:
        """One instant: prices, traders, overdue work."""
        points: dict[int, PricePoint] = {}
        for tick in ticks:
            at = self._index[tick.symbol]
            points[at] = PricePoint(at, tick.price, tick.confidence, now)
        self._submit(exchange, OraclePrices(list(points.values())), presets.ORACLE, now)
        for market in points:
            for trader in self._traders[market]:
                self._decide(exchange, trader, now)
        self._submit(exchange, Tick(TICK_WORK), presets.KEEPER, now)

    def _decide(self, exchange: InlineExchange, trader: Trader, now: int) -> None:
        sight = look(exchange.state, trader.market, trader.account, now)
        for command in trader.agent.decide(sight, now, trader.rng):
            self._submit(exchange, command, trader.principal, now)

    def _finish_auctions(self, exchange: InlineExchange, now: int, next_ms: int) -> None:
        """Let makers answer the auctions of an instant, and end them, before the next one."""
        state = exchange.state
        for market in state.markets:
            length = market.params.auction_ms
            if not state.board.live[market.ident] or now + length + 1 >= next_ms:
                continue
            halfway = max(exchange.now, now + div_floor(length, 2))
            for trader in self._traders[market.ident]:
                if isinstance(trader.agent, AuctionMaker):
                    self._decide(exchange, trader, halfway)
        rest = max((row.ends_ms for rows in state.board.live for row in rows), default=0)
        if exchange.now < rest + 1 < next_ms:
            self._submit(exchange, Tick(TICK_WORK), presets.KEEPER, rest + 1)

    def _refill(self, exchange: InlineExchange) -> None:
        """What an operator brings in: capital for a vAMM that has less than a tenth of what it
        began with, and what an adjustments pool lacks for a repeg that is due.
        """
        state = exchange.state
        for market, run in enumerate(self._markets):
            seen = views.vamm_view(state, state.markets[market])
            if seen is not None and 10 * seen["equity"] < presets.VAMM_CAPITAL:
                amount = presets.VAMM_CAPITAL - seen["equity"]
                run.refills += 1
                run.refilled += amount
                self._bring(exchange, FundVamm(market, amount), amount)
            lacking = self._lacking.pop(market, 0)
            if lacking > 0:
                run.topups += 1
                run.topped_up += lacking
                pool = FundPool(market, codes.POOL_ADJUSTMENTS, lacking)
                self._bring(exchange, pool, lacking)

    def _bring(self, exchange: InlineExchange, command: Command, amount: int) -> None:
        """A command of the operator, with the money for it."""
        self._brought += 1
        deposit = Deposit(codes.TREASURY_ACCOUNT, USD, amount, f"operator/{self._brought}")
        for one in (deposit, command):
            self._submit(exchange, one, presets.OPERATOR, exchange.now)

    def _look(self, exchange: InlineExchange, now: int, ticks: Sequence[PriceTick]) -> None:
        """Take the figures of the markets that had a price."""
        state = exchange.state
        for market in {self._index[tick.symbol]: None for tick in ticks}:
            row = state.markets[market]
            view = views.market_view(state, row, exchange.now)
            self._markets[market].see(view, views.band_view(state, row), now)

    def _check(self, exchange: InlineExchange) -> None:
        exchange.check()
        self._checks += 1

    def _result(
        self, exchange: InlineExchange, instants: int, first_ms: int, seconds: float
    ) -> ReplayResult:
        state = exchange.state
        self._tally.close(exchange.now)
        for market, run in enumerate(self._markets):
            run.end = views.market_view(state, state.markets[market], exchange.now)
        kinds: dict[str, KindRun] = {}
        for trader in (one for traders in self._traders for one in traders):
            kind = kinds.setdefault(trader.kind, KindRun())
            kind.traders += 1
            kind.deposited += trader.deposited
            kind.equity += views.account_view(state, state.accounts[trader.account])["equity"]
        return ReplayResult(
            instants=instants,
            first_ms=first_ms,
            last_ms=exchange.now,
            checks=self._checks,
            tally=self._tally,
            markets=self._markets,
            kinds=kinds,
            treasury=state.accounts[1].cash(),
            keepers=state.accounts[2].cash(),
            seconds=seconds,
            state_hash=exchange.state_hash(),
        )


class _Pace:
    """Holds a run back to a multiple of the recorded time."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._started = 0.0
        self._first_ms = -1

    def wait(self, ts_ms: int) -> None:
        if self._speed <= 0:
            return
        if self._first_ms < 0:
            self._first_ms, self._started = ts_ms, time.monotonic()
        due = self._started + (ts_ms - self._first_ms) / 1000 / self._speed
        if (delay := due - time.monotonic()) > 0:
            time.sleep(delay)
