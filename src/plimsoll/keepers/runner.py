"""Runs the roles of one keeper: looks for work at every tick, sends it, learns from the answers.

A tick reads the mirror between two records, so that everything it sees belongs to one moment. It
never waits for answers: each command is a task of its own, at most ``max_in_flight`` at a time.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import stamina
import structlog

from plimsoll.client.models import Receipt
from plimsoll.decimal_text import format_decimal, parse_decimal
from plimsoll.errors import ConfigError, PlimsollError
from plimsoll.keepers import access, outcomes
from plimsoll.keepers.access import Clock, KeeperClient, Task
from plimsoll.keepers.feed import Feed
from plimsoll.keepers.metrics import KeeperMetrics
from plimsoll.keepers.mirror import Mirror
from plimsoll.keepers.outcomes import Outcome, Verdict
from plimsoll.keepers.rewards import Statement
from plimsoll.keepers.roles.base import Role, View
from plimsoll.keepers.roles.crank import Crank
from plimsoll.keepers.roles.filler import Filler
from plimsoll.keepers.roles.liquidator import NAME as LIQUIDATOR
from plimsoll.keepers.roles.liquidator import Liquidator
from plimsoll.keepers.roles.maker import NAME as MAKER
from plimsoll.keepers.roles.maker import AuctionMaker
from plimsoll.keepers.roles.trigger import Triggerer
from plimsoll.keepers.settings import KeeperSettings
from plimsoll.keepers.throttle import Throttle
from plimsoll.keepers.watchdog import Watchdog
from plimsoll.units import div_floor, notional_ceil

STALE_PAUSE_MS: Final = 1_000
"""Least time between two snapshots that the mirror asks for."""
OWN_MS: Final = 2_000
"""How old the worth of the maker's own account may be."""

_log = structlog.get_logger("plimsoll.keeper")


def system_clock() -> int:
    """Milliseconds UTC."""
    return div_floor(time.time_ns(), 1_000_000)


def make_roles(names: Sequence[str]) -> list[Role]:
    """The roles of these names. Errors: `ConfigError`."""
    known: dict[str, Callable[[], Role]] = {
        "filler": Filler,
        "crank": Crank,
        "liquidator": Liquidator,
        "trigger": Triggerer,
        "maker": AuctionMaker,
    }
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ConfigError(
            f"{', '.join(unknown) or 'nothing'} is no role of a keeper",
            remedy=f"Choose of {', '.join(known)}.",
        )
    return [known[name]() for name in dict.fromkeys(names)]


class Runner:
    """One keeper. ``account`` is paid (-1: the pot); ``ids`` makes client ids that are never used
    twice. ``run`` until ``stop``; or ``follow`` the exchange and call ``tick`` oneself.
    """

    def __init__(
        self,
        client: KeeperClient,
        account: int,
        settings: KeeperSettings | None = None,
        *,
        roles: Sequence[Role] | None = None,
        clock: Clock = system_clock,
        ids: Callable[[], str] = lambda: secrets.token_urlsafe(18),
    ) -> None:
        """Errors: `ConfigError`."""
        self.settings = settings or KeeperSettings()
        self.roles = list(roles) if roles is not None else make_roles(self.settings.roles)
        if account < 0 and any(role.name == MAKER for role in self.roles):
            raise ConfigError("the role maker needs an account of its own")
        self.account = account
        self.feed = Feed(client, clock)
        self.throttle = Throttle(self.settings.throttle_max)
        self.statement = Statement(account)
        self.metrics = KeeperMetrics()
        self.watchdog = Watchdog(self.feed, self.settings, clock())
        self._client = client
        self._clock = clock
        self._ids = ids
        self._mutex = asyncio.Lock()
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._equity: int | None = None
        self._equity_at = 0
        self._checked_at = clock()
        self._stopping = asyncio.Event()

    # --- life -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until ``stop``, then wait for the answers that are out.

        Failures of the network are logged, counted and outlived. Errors: `HttpProblem` where the
        key is refused.
        """
        follow = asyncio.create_task(self.feed.run())
        upkeep = asyncio.create_task(self._upkeep())
        ticks: set[asyncio.Task[int]] = set()
        try:
            while not self._stopping.is_set():
                tick = asyncio.create_task(self.tick())
                ticks.add(tick)
                tick.add_done_callback(ticks.discard)
                for done in (follow, upkeep):
                    if done.done():
                        done.result()
                await self._pause(self.settings.interval_ms)
        finally:
            self._stopping.set()
            self.feed.stop()
            upkeep.cancel()
            await self.drain(self.settings.stop_ms)
            await asyncio.gather(follow, upkeep, *ticks, return_exceptions=True)

    async def run_once(self) -> int:
        """Fetch, look once, send, wait for the answers; returns how many pieces were found.

        Errors: those of the client, if the exchange cannot be followed.
        """
        follow = asyncio.create_task(self.feed.run(retry=False))
        reached = asyncio.create_task(self.feed.reach(0))
        try:
            await asyncio.wait((reached, follow), return_when=asyncio.FIRST_COMPLETED)
            if follow.done():
                follow.result()
            found = await self.tick()
            await self.drain(self.settings.stop_ms)
            return found
        finally:
            reached.cancel()
            self.feed.stop()
            await asyncio.gather(follow, reached, return_exceptions=True)

    def stop(self) -> None:
        """End ``run`` after the tick at hand."""
        self._stopping.set()

    async def drain(self, most_ms: int) -> None:
        """Wait for the answers that are out, ``most_ms`` at most; what is left is given up."""
        if self._flying:
            _, left = await asyncio.wait(self._flying.values(), timeout=most_ms / 1_000)
            for one in left:
                one.cancel()

    async def kill(self) -> None:
        """End at once, as a process that dies: answers that are out are not waited for."""
        self.stop()
        self.feed.stop()
        flying = list(self._flying.values())
        for one in flying:
            one.cancel()
        await asyncio.gather(*flying, return_exceptions=True)

    @property
    def stopped(self) -> bool:
        """Whether it was told to end."""
        return self._stopping.is_set()

    @property
    def in_flight(self) -> int:
        """Commands that wait for their answer."""
        return len(self._flying)

    # --- a tick -----------------------------------------------------------------------------

    async def tick(self) -> int:
        """Look for work once and send it; returns how many pieces were found. Left out (-1) while
        the one before is not done.
        """
        if self._mutex.locked():
            self.metrics.busy.inc()
            return -1
        async with self._mutex:
            started = time.perf_counter()
            await self._learn_own()
            found = self._look()
            now = self._clock()
            self.watchdog.ticked(now)
            if self.watchdog.look(now):
                _log.warning("book stuck", since_ms=self.settings.stuck_ms)
                self.feed.reconnect()
            self.metrics.tick_seconds.observe(time.perf_counter() - started)
            self._gauges(now)
            return found

    def _look(self) -> int:
        mirror = self.feed.mirror
        if mirror is None:
            return 0
        now = self.feed.now()
        self.throttle.prune(now)
        view = View(mirror, self.account, self.settings, self._equity)
        found: list[Task] = []
        for role in self.roles:
            found.extend(
                task
                for task in role.candidates(view, now)
                if task.key not in self._flying and not self.throttle.blocked(task.key, now)
            )
        # Each role's own order stands among what is equally urgent.
        found.sort(key=lambda task: -task.urgency)
        for task in found:
            if self.settings.dry_run:
                self._pretend(task, now)
            elif len(self._flying) < self.settings.max_in_flight:
                self._send(task)
        return len(found)

    def _pretend(self, task: Task, now: int) -> None:
        _log.info("would send", role=task.role, command=task.name, row=task.command.row())
        self.metrics.would_send.labels(task.role).inc()
        self.throttle.block(task.key, now, self.settings.throttle_ms)

    def _send(self, task: Task) -> None:
        self.metrics.sent.labels(task.role, task.name).inc()
        self.statement.of(task.role).sent += 1
        sent = asyncio.create_task(self._deliver(task, self._ids()))
        self._flying[task.key] = sent

        def done(_: asyncio.Task[None]) -> None:
            self._flying.pop(task.key, None)

        sent.add_done_callback(done)

    async def _deliver(self, task: Task, client_id: str) -> None:
        """Send until there is an answer, always under one client id: it acts once."""
        try:
            receipt = await self._answer(task, client_id)
        except PlimsollError as error:
            self._settle(task, outcomes.judge_error(error), None)
            return
        self.feed.saw(receipt.seq)
        self._settle(task, outcomes.judge(receipt), receipt)

    async def _answer(self, task: Task, client_id: str) -> Receipt:
        async for attempt in stamina.retry_context(
            on=outcomes.is_worth_repeating,
            attempts=self.settings.attempts,
            timeout=None,
            wait_initial=0.1,
            wait_max=2.0,
        ):
            with attempt:
                return await access.send(self._client, task, client_id)
        raise RuntimeError("the attempts ended without an answer")

    def _settle(self, task: Task, verdict: Verdict, receipt: Receipt | None) -> None:
        """Count an answer, book its reward, and decide how long its key rests."""
        outcome, settings, now = verdict.outcome, self.settings, self.feed.now()
        self.metrics.answers.labels(task.role, outcome, verdict.reason).inc()
        totals, reward = self.statement.of(task.role), 0
        if receipt is not None and outcome is Outcome.LANDED:
            totals.landed += 1
            reward = self.statement.book(task.role, receipt)
            self.metrics.rewards.labels(task.role).inc(reward / 1_000_000)
            self.throttle.clear(task.key)
        elif outcome is Outcome.OUTCOMPETED:
            totals.outcompeted += 1
        else:
            totals.other += 1
        least = settings.liquidation_throttle_ms if task.role == LIQUIDATOR else 0
        told = 0 if receipt is None else outcomes.wait_told(receipt)
        rest = max(settings.throttle_ms, least, told)
        if outcome is Outcome.POISON:
            self.throttle.block(task.key, now, max(rest, settings.poison_ms))
        elif outcome not in (Outcome.LANDED, Outcome.OUTCOMPETED):
            self.throttle.strike(task.key, now, rest)
        else:
            self.throttle.block(task.key, now, rest)
        write = _log.warning if outcome in (Outcome.FAILED, Outcome.LOST) else _log.info
        write(
            "answer", role=task.role, command=task.name, key=task.key, outcome=str(outcome),
            reason=verdict.reason, reward_usd=format_decimal(reward, 6),
        )  # fmt: skip

    # --- beside the ticks -------------------------------------------------------------------

    async def _upkeep(self) -> None:
        """Compare with fresh snapshots: regularly, and when the mirror asks for it."""
        while not self._stopping.is_set():
            await self._pause(min(STALE_PAUSE_MS, self.settings.check_ms))
            await self.check_if_due()

    async def check_if_due(self) -> None:
        """Compare the mirror with a fresh snapshot if it is time, or if it is stale."""
        mirror, now = self.feed.mirror, self._clock()
        due = now - self._checked_at >= self.settings.check_ms
        if mirror is None or not (due or mirror.stale):
            return
        self._checked_at = now
        try:
            await self.feed.check()
        except PlimsollError as error:
            _log.warning("no snapshot to compare with", error=str(error))

    async def _learn_own(self) -> None:
        """What the maker's own account is worth, when that was last asked too long ago."""
        now = self._clock()
        wanted = any(role.name == MAKER for role in self.roles)
        if not wanted or (self._equity is not None and now - self._equity_at < OWN_MS):
            return
        self._equity_at = now
        try:
            found = await self._client.account(self.account)
        except PlimsollError as error:
            # Without knowing its worth the maker offers nothing.
            self._equity = None
            _log.warning("own account unknown", error=str(error))
            return
        self._equity = parse_decimal(found.equity, 6, allow_negative=True)

    def _gauges(self, now: int) -> None:
        metrics, feed = self.metrics, self.feed
        metrics.last_tick.set(now / 1_000)
        metrics.in_flight.set(len(self._flying))
        metrics.throttled.set(len(self.throttle))
        metrics.lag.set(feed.lag)
        metrics.behind.set(self.watchdog.behind_for(now) / 1_000)
        metrics.skew.set(feed.skew_ms / 1_000)
        metrics.stuck.set(self.watchdog.stuck_for(now) / 1_000)
        metrics.resyncs.set(feed.counters.resyncs)
        metrics.gaps.set(feed.counters.gaps)
        metrics.ghosts.set(feed.counters.ghosts)
        if feed.mirror is not None:
            metrics.orders.set(len(feed.mirror.book))
            metrics.auctions.set(len(feed.mirror.auctions))
            self._own_gauges(feed.mirror)

    def _own_gauges(self, mirror: Mirror) -> None:
        own = mirror.accounts.get(self.account)
        if self._equity is None or own is None:
            return
        notional = 0
        for ident, held in own.positions.items():
            market = mirror.markets.get(ident)
            if market is not None:
                notional += notional_ceil(market.oracle_price, abs(held.base))
                self.metrics.position.labels(market.symbol).set(held.base / 1_000_000_000)
        self.metrics.equity.set(self._equity / 1_000_000)
        if self._equity > 0:
            self.metrics.leverage.set(notional / self._equity)

    async def _pause(self, ms: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(ms / 1_000):
                await self._stopping.wait()
