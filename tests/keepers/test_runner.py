"""The runner: ticks, answers, dry runs, limits, its health and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from plimsoll.client.errors import Busy, Timeout
from plimsoll.client.models import ErrorInfo
from plimsoll.errors import ConfigError
from plimsoll.keepers.health import make_server, report
from plimsoll.keepers.runner import Runner, make_roles
from plimsoll.keepers.settings import KeeperSettings
from tests.keepers import fake
from tests.keepers.fake import NOW, PRICE, FakeClient

Make = Callable[..., Any]
KEEPER = 9


class Clock:
    """Time by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def make(clock: Clock) -> AsyncIterator[Make]:
    """Makes runners whose mirror is in step with a fake exchange of three due triggers."""
    made: list[tuple[Runner, asyncio.Task[None]]] = []

    async def build(
        client: FakeClient | None = None, *roles: str, **settings: Any
    ) -> tuple[Runner, FakeClient]:
        waiting = [fake.trigger(ident, PRICE, "above") for ident in (1, 2, 3)]
        client = client or FakeClient(fake.snapshot(triggers=waiting))
        given = KeeperSettings(roles=roles or ("trigger",), **settings)
        runner = Runner(client, KEEPER, given, clock=clock)
        made.append((runner, asyncio.create_task(runner.feed.run())))
        await runner.feed.reach(0)
        return runner, client

    yield build
    for runner, task in made:
        await runner.kill()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_tick_sends_and_settles(make: Make) -> None:
    """Each piece goes out once, under an id of its own; landed work rests."""
    runner, client = await make()
    assert await runner.tick() == 3
    await runner.drain(1_000)
    assert [one["order"] for one, _ in client.sent] == [1, 2, 3]
    assert len({ident for _, ident in client.sent}) == 3
    assert await runner.tick() == 0
    totals = runner.statement.of("trigger")
    assert (totals.sent, totals.landed, totals.other) == (3, 3, 0)


async def test_no_more_in_flight_than_allowed(make: Make) -> None:
    """While answers are out nothing is sent twice, and never more than the limit."""
    runner, client = await make(max_in_flight=2)
    client.gate.clear()
    assert await runner.tick() == 3
    await asyncio.sleep(0)
    assert (runner.in_flight, len(client.sent)) == (2, 2)
    assert await runner.tick() == 1
    assert len(client.sent) == 2
    client.gate.set()
    await runner.drain(1_000)
    await runner.tick()
    await runner.drain(1_000)
    assert [one["order"] for one, _ in client.sent] == [1, 2, 3]


async def test_a_dry_run_sends_nothing(make: Make) -> None:
    """It says what it would send, once per rest."""
    runner, client = await make(dry_run=True)
    assert await runner.tick() == 3
    assert await runner.tick() == 0
    assert client.sent == []
    assert b'plimsoll_keeper_would_send_total{role="trigger"} 3.0' in runner.metrics.render()


async def test_a_busy_tick_is_left_out(make: Make) -> None:
    """A tick that finds the one before still running does not wait for it."""
    client = FakeClient()
    runner, _ = await make(client, "maker")
    asked = asyncio.Event()

    async def slow(account: int) -> Any:
        asked.set()
        await asyncio.Event().wait()

    client.account = slow  # type: ignore[method-assign]
    first = asyncio.create_task(runner.tick())
    await asked.wait()
    assert await runner.tick() == -1
    first.cancel()
    assert b"plimsoll_keeper_busy_ticks_total 1.0" in runner.metrics.render()


async def test_lost_answers_keep_their_id(make: Make) -> None:
    """After a timeout or a 429 the same command goes out again under the same client id."""
    runner, client = await make(max_in_flight=1)
    info = ErrorInfo(code=0, name="BUSY", message="")
    client.answers = [Timeout("lost", client_id="a"), Busy(429, info)]
    await runner.tick()
    await runner.drain(5_000)
    assert len(client.sent) == 3
    assert len({ident for _, ident in client.sent}) == 1
    assert runner.statement.of("trigger").landed == 1


async def test_answers_decide_how_long_a_key_rests(make: Make, clock: Clock) -> None:
    """Outcompeted rests shortly, poison long, and neither is a failure of the process."""
    runner, client = await make(throttle_ms=1_000, poison_ms=60_000)
    client.answers = [fake.refusal("UNKNOWN_ORDER"), fake.refusal("INSUFFICIENT_MARGIN"),
                      fake.refusal("NOT_ALLOWED")]  # fmt: skip
    await runner.tick()
    await runner.drain(1_000)
    totals = runner.statement.of("trigger")
    assert (totals.outcompeted, totals.other) == (1, 2)
    clock.now += 1_000
    client.found = fake.snapshot(now=clock.now)
    blocked = {key: runner.throttle.blocked(f"trigger:{key}", clock.now) for key in (1, 2, 3)}
    assert blocked == {1: False, 2: True, 3: False}
    assert runner.throttle.blocked("trigger:2", clock.now + 58_999)
    text = runner.metrics.render().decode()
    assert 'outcome="poison",reason="INSUFFICIENT_MARGIN",role="trigger"} 1.0' in text


async def test_run_once() -> None:
    """Fetch, look, send, wait, end."""
    client = FakeClient(fake.snapshot(triggers=[fake.trigger(1, PRICE, "above")]))
    runner = Runner(client, KEEPER, KeeperSettings(roles=("trigger",)), clock=lambda: NOW)
    assert await runner.run_once() == 1
    assert [one["type"] for one, _ in client.sent] == ["FireTrigger"]


async def test_run_until_stopped() -> None:
    """A stop waits for the answers that are out, then everything ends."""
    client = FakeClient(fake.snapshot(triggers=[fake.trigger(1, PRICE, "above")]))
    client.gate.clear()
    settings = KeeperSettings(roles=("trigger",), interval_ms=1)
    runner = Runner(client, KEEPER, settings, clock=lambda: NOW)
    task = asyncio.create_task(runner.run())
    await fake.until(lambda: bool(client.sent))
    runner.stop()
    await asyncio.sleep(0)
    assert not task.done()
    client.gate.set()
    await asyncio.wait_for(task, 5)
    assert (runner.statement.of("trigger").landed, runner.in_flight) == (1, 0)


async def test_health(make: Make, clock: Clock) -> None:
    """Late ticks, a lagging mirror and a clock that is off are unhealthy, and say why."""
    runner, _ = await make()
    await runner.tick()
    await runner.drain(1_000)
    server = make_server(runner, "127.0.0.1", 0, clock)
    serving = asyncio.create_task(server.serve())
    await fake.until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as door:
        async with door.get("/health") as found:
            assert found.status == 200
        async with door.get("/metrics") as found:
            assert "plimsoll_keeper_tick_seconds_count" in await found.text()
        clock.now += 5 * 250 + 1
        async with door.get("/health") as found:
            assert found.status == 503
            assert "last tick" in (await found.json())["problems"][0]
    server.should_exit = True
    await serving
    await runner.tick()
    runner.feed.saw(99)
    await runner.tick()
    assert report(runner, clock.now)["ok"]
    clock.now += 5_001
    await runner.tick()
    (problem,) = report(runner, clock.now)["problems"]
    assert "behind for 5001 ms" in problem
    runner.feed.skew_ms = -6_000
    assert any("clock" in one for one in report(runner, clock.now)["problems"])


async def test_a_stuck_book_is_fetched_again(make: Make, clock: Clock) -> None:
    """The top of a book unchanged for a minute: subscribe and fetch anew, once a minute."""
    client = FakeClient(fake.snapshot(orders=[fake.order(1, "buy", PRICE)]))
    runner, _ = await make(client)
    for _ in range(3):
        clock.now += 30_000
        await runner.feed.reach(0)
        await runner.tick()
    await fake.until(lambda: runner.feed.counters.resyncs >= 2)
    assert (runner.watchdog.stuck, client.streams) == (1, 2)


async def test_ghosts_are_looked_for_in_time(make: Make, clock: Clock) -> None:
    """A comparison is due after its interval, and at once when the mirror asks for one."""
    runner, client = await make(check_ms=30_000)
    before = client.snapshots
    await runner.check_if_due()
    assert client.snapshots == before
    client.record(11, {"type": "MarketParamsSet", "market": 0})
    await runner.feed.reach(11)
    client.found = fake.snapshot(seq=11)
    await runner.check_if_due()
    assert client.snapshots == before + 1
    assert runner.feed.mirror is not None and not runner.feed.mirror.stale
    clock.now += 30_000
    await runner.check_if_due()
    assert client.snapshots == before + 2


def test_settings_that_cannot_be() -> None:
    """Unknown roles, no roles, and a maker without an account are refused by name."""
    with pytest.raises(ConfigError, match="jester"):
        make_roles(["filler", "jester"])
    with pytest.raises(ConfigError, match="nothing"):
        make_roles([])
    with pytest.raises(ConfigError, match="account"):
        Runner(FakeClient(), -1, KeeperSettings(roles=("maker",)))
