"""What the terminal shows: markets, trades, what the mechanisms did, the node itself.

``Board`` holds it and is told what happens; ``NodeBoard`` gathers it from a running node.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from plimsoll.cli.board_pnl import Earnings
from plimsoll.cli.figures import decimals_of
from plimsoll.core import views
from plimsoll.messages.codes import SIDES, SOURCES
from plimsoll.messages.events import Event, Filled
from plimsoll.messages.mechanisms import (
    BadDebt,
    Deleveraged,
    Liquidating,
    Repegged,
    RepegUnaffordable,
)
from plimsoll.runtime.node import Gap, NodeBase
from plimsoll.runtime.pnl import PnlReader
from plimsoll.units import RATIO_SCALE, div_toward_zero

TRADES_KEPT: Final = 100
NOTES_KEPT: Final = 20
DEPTH: Final = 40
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill of the tape; ``side`` is the taker's."""

    ts: int
    side: str
    price: int
    size: int
    source: str


@dataclass(frozen=True, slots=True)
class RepegNote:
    """A repeg, or (``paid`` False) one that the pool could not pay; ``cost`` < 0 was earned."""

    ts: int
    mark: int
    oracle: int
    cost: int
    paid: bool = True


@dataclass(frozen=True, slots=True)
class ClosingNote:
    """Something of a liquidation: ``what`` is liquidated, deleveraged or bad debt; ``amount`` is
    a size (1e-9), of bad debt money (1e-6).
    """

    ts: int
    what: str
    account: int
    amount: int


@dataclass(slots=True)
class MarketBoard:
    """One market. ``volume`` is by source since the board was made, 1e-6 quote."""

    symbol: str
    price_digits: int
    size_digits: int
    oracle: int = 0
    oracle_valid: bool = False
    oracle_before: int = 0
    mode: str = ""
    open_interest: int = 0
    pools: dict[str, int] = field(default_factory=dict)
    vamm: dict[str, int] | None = None
    bids: list[list[int]] = field(default_factory=list)
    asks: list[list[int]] = field(default_factory=list)
    unhealthy: list[str] = field(default_factory=list)
    auctions: list[dict[str, Any]] = field(default_factory=list)
    averages: dict[str, int] = field(default_factory=dict)
    funding: dict[str, int] | None = None
    repeg_timer: dict[str, Any] = field(default_factory=dict)
    repegs: deque[RepegNote] = field(default_factory=lambda: deque(maxlen=NOTES_KEPT))
    repeg_count: int = 0
    closings: deque[ClosingNote] = field(default_factory=lambda: deque(maxlen=NOTES_KEPT))
    closing_count: int = 0
    trades: deque[Trade] = field(default_factory=lambda: deque(maxlen=TRADES_KEPT))
    volume: Counter[str] = field(default_factory=Counter)

    @property
    def base_name(self) -> str:
        """What is traded: BTC of BTC-USD."""
        return self.symbol.partition("-")[0]

    @property
    def spread_ppm(self) -> int:
        """Best ask less best bid, vAMM included, over the oracle; 0 if a side is missing."""
        bid, ask = self.best("bid"), self.best("ask")
        if not (bid and ask and self.oracle):
            return 0
        return div_toward_zero((ask - bid) * RATIO_SCALE, self.oracle)

    @property
    def divergence_ppm(self) -> int:
        """How far the vAMM's price is above (below) the oracle."""
        if self.vamm is None or not self.oracle:
            return 0
        off = self.vamm["reservation_price"] - self.oracle
        return div_toward_zero(off * RATIO_SCALE, self.oracle)

    def best(self, side: str) -> int:
        """Best price of book and vAMM; 0 if there is none."""
        levels = self.bids if side == "bid" else self.asks
        prices = [levels[0][0]] if levels else []
        if self.vamm is not None and self.vamm[f"{side}_size"] > 0:
            prices.append(self.vamm[side])
        return (max if side == "bid" else min)(prices, default=0)

    def take(self, event: Event, ts: int) -> None:
        """Note what happened: a fill goes on the tape, repegs and liquidations on their lists."""
        if isinstance(event, Filled):
            source = SOURCES[event.source]
            self.volume[source] += event.quote
            self.trades.appendleft(Trade(ts, SIDES[event.side], event.price, event.size, source))
        elif isinstance(event, Repegged):
            self.repegs.appendleft(RepegNote(ts, event.mark, event.oracle, event.cost))
            self.repeg_count += 1
        elif isinstance(event, RepegUnaffordable):
            self.repegs.appendleft(RepegNote(ts, event.mark, event.oracle, event.cost, paid=False))
        elif isinstance(event, Liquidating):
            self.closings.appendleft(ClosingNote(ts, "liquidated", event.account, event.size))
            self.closing_count += 1
        elif isinstance(event, Deleveraged):
            self.closings.appendleft(ClosingNote(ts, "deleveraged", event.counterparty, event.size))
        elif isinstance(event, BadDebt):
            self.closings.appendleft(ClosingNote(ts, "bad debt", event.account, event.loss))

    def see(self, view: dict[str, Any]) -> None:
        """Take over a look at the market: ``views.market_view`` with its depth."""
        if view["oracle_price"] != self.oracle:
            self.oracle_before = self.oracle
        self.oracle = view["oracle_price"]
        self.oracle_valid = view["oracle_valid"]
        self.mode, self.unhealthy = view["mode"], view["unhealthy"]
        self.open_interest = view["open_interest"]
        self.pools, self.vamm = view["pools"], view["vamm"]
        self.bids, self.asks = view["bids"], view["asks"]
        self.auctions, self.averages = view["auctions"], view["tracking"]
        self.funding, self.repeg_timer = view["funding"], view["repeg"]


@dataclass(slots=True)
class NodeFigures:
    """The node since the board was made; ``rate`` is commands a second, lately."""

    status: str = "starting"
    seq: int = 0
    commands: int = 0
    rejected: int = 0
    queued: int = 0
    rate: float = 0.0
    commit_ms: float = 0.0
    uptime_ms: int = 0


@dataclass(frozen=True, slots=True)
class Caption:
    """What a scripted run shows: ``title`` of the chapter, what to ``look`` at, the last ``step``
    in words.
    """

    title: str
    look: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """The breaker of the exchange: its mode, what may leave now (1e-6 quote; only that, where it is
    ``limited``) of what is there, how many withdrawals are held; and how many delayed orders wait
    in each market.
    """

    mode: str
    limited: bool
    may_leave: int
    worth: int
    held: int
    delayed: tuple[int, ...]


class Board:
    """What is shown. ``note`` is a line for people, such as where the API listens; ``caption``
    the running chapter of a scenario."""

    def __init__(self, now: int, note: str = "") -> None:
        self.note = note
        self.alert = ""
        self.caption: Caption | None = None
        self.now = now
        self.markets: list[MarketBoard] = []
        self.vaults: list[dict[str, Any]] = []
        self.pools: list[dict[str, Any]] = []
        self.guard: Guard | None = None
        self.earnings = Earnings()
        self.node = NodeFigures()

    def take(self, event: Event, ts: int) -> None:
        """Note an event, if it is of a market that was looked at before."""
        market = getattr(event, "market", -1)
        if 0 <= market < len(self.markets):
            self.markets[market].take(event, ts)

    def see(self, seen: list[dict[str, Any]], now: int) -> None:
        """Take over a look (see ``look``) at all markets."""
        while len(self.markets) < len(seen):
            view = seen[len(self.markets)]
            price_digits = max(decimals_of(view["tick"], 6), 1)
            size_digits = decimals_of(view["step"], 9)
            self.markets.append(MarketBoard(view["symbol"], price_digits, size_digits))
        for market, view in zip(self.markets, seen, strict=True):
            market.see(view)
        self.now = now

    def see_guard(self, seen: Guard) -> None:
        """Take over a look (see ``look_guard``) at the breaker and at what is delayed."""
        self.guard = seen

    def see_liquidity(self, seen: dict[str, list[dict[str, Any]]]) -> None:
        """Take over a look (see ``look_liquidity``) at vaults and spot pools."""
        self.vaults, self.pools = seen["vaults"], seen["pools"]


class NodeBoard(Board):
    """Follows a node."""

    def __init__(
        self,
        node: NodeBase,
        clock: Callable[[], int],
        note: str = "",
        kept: PnlReader | None = None,
    ) -> None:
        super().__init__(clock(), note)
        self._node = node
        self._kept = kept
        self._clock = clock
        self._started = self.now
        self._last = (self._started, 0, 0, 0.0)

    async def follow(self) -> None:
        """Read fills until the node stops; a board too slow to follow misses some and goes on."""
        while True:
            async for item in self._node.subscribe():
                if isinstance(item, Gap):
                    break
                for event in item.events:
                    self.take(event, item.ts)
            else:
                return

    async def refresh(self) -> None:
        """Take a look at the state and the counters. Errors: as `NodeBase.query`."""
        now = self._clock()
        self.see(await self._node.query(lambda state: look(state, now)), now)
        self.see_liquidity(await self._node.query(lambda state: look_liquidity(state, now)))
        self.see_guard(await self._node.query(lambda state: look_guard(state, now)))
        if self._kept is not None:
            await self.earnings.ask(self._kept, now)
        self._count(now)

    def _count(self, now: int) -> None:
        metrics, health = self._node.metrics, self._node.health()
        commits, seconds = metrics.commit_seconds.count, metrics.commit_seconds.total
        then, commands, commits_before, seconds_before = self._last
        found = self.node
        if now - then >= 1_000 or then == self._started:
            elapsed = max(now - then, 1) / 1_000
            found.rate = (metrics.commands - commands) / elapsed
            if commits > commits_before:
                found.commit_ms = 1_000 * (seconds - seconds_before) / (commits - commits_before)
            self._last = (now, metrics.commands, commits, seconds)
        found.status = health.status.value
        found.seq, found.queued = health.seq, health.queued
        found.commands = metrics.commands
        found.rejected = sum(metrics.rejected.values())
        found.uptime_ms = now - self._started


def look(state: Any, now: int) -> list[dict[str, Any]]:
    """All markets of a state, with the best levels of their books."""
    found: list[dict[str, Any]] = []
    for market in state.markets:
        view = views.market_view(state, market, now)
        view |= views.depth_view(state, market, DEPTH)
        view["tick"], view["step"] = market.params.tick, market.params.step
        found.append(view)
    return found


def look_guard(state: Any, now: int) -> Guard:
    """The breaker of a state, and its delayed orders by market."""
    view = views.breaker_view(state, now)
    delayed = [0] * len(state.markets)
    for trigger in state.board.triggers.values():
        if trigger.is_delayed():
            delayed[trigger.market] += 1
    return Guard(
        mode=view["mode"],
        limited=view["limited"],
        may_leave=view["may_leave"],
        worth=view["worth"],
        held=len(view["held"]),
        delayed=tuple(delayed),
    )


def look_liquidity(state: Any, now: int) -> dict[str, list[dict[str, Any]]]:
    """All vaults and spot pools of a state, with the decimals of their assets."""
    digits = {asset.symbol: asset.decimals for asset in state.assets}
    vaults: list[dict[str, Any]] = []
    for vault in state.liquidity.vaults:
        view = views.vault_view(state, vault, now)
        view["decimals"] = digits[view["asset"]]
        if view["hedge"] is not None:
            view["base_decimals"] = digits[view["hedge"]["base_asset"]]
        view["quotes"] = views.vault_quotes_view(state, vault)
        vaults.append(view)
    pools: list[dict[str, Any]] = []
    for pool in state.liquidity.pools:
        view = views.spot_pool_view(state, pool)
        view["decimals"] = (digits[view["base"]], digits[view["quote"]])
        pools.append(view)
    return {"vaults": vaults, "pools": pools}
