"""The house keeper of an exchange in this process does due work as a node's does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from plimsoll.messages import codes
from plimsoll.messages.commands import OraclePrices, PlaceOrder, PricePoint, Tick
from plimsoll.messages.events import OrderRemoved
from plimsoll.runtime import presets, recovery
from plimsoll.runtime.house import REST_MS, HouseKeeper
from plimsoll.runtime.inline import InlineExchange
from plimsoll.sim.population import enrol
from plimsoll.units import PRICE_SCALE, QUOTE_SCALE

if TYPE_CHECKING:
    from plimsoll.core.engine import Engine

NOW = 1_700_000_000_000
PRICE = 60_000 * PRICE_SCALE


def opened(exchange: InlineExchange) -> tuple[int, int]:
    """A market without mechanisms, a price, and a trader: principal and account."""
    overrides = {"BTC-USD": dict(presets.PLAIN)}
    exchange.bootstrap(
        presets.bootstrap({"BTC-USD": PRICE}, open_deposits=False, overrides=overrides), NOW
    )
    exchange.submit(OraclePrices([PricePoint(0, PRICE, 0, NOW)]), presets.ORACLE, NOW)
    steps = enrol("alice", 10_000 * QUOTE_SCALE, None)
    command, principal = next(steps)
    try:
        while True:
            command, principal = steps.send(exchange.submit(command, principal, NOW).events)
    except StopIteration as done:
        found: tuple[int, int] = done.value
        return found


def bid(account: int, expires_ms: int) -> PlaceOrder:
    """A bid that expires."""
    return PlaceOrder(
        account, 0, codes.BUY, codes.LIMIT, codes.GTC, 59_000 * PRICE_SCALE, 10**7,
        codes.POST_NONE, False, expires_ms, "",
    )  # fmt: skip


def test_due_work_follows_the_command_that_finds_it(tmp_path: Path) -> None:
    """HOUSE-003: an expired order goes with the next command; the journal verifies."""
    with InlineExchange(tmp_path, house_keeper=True) as exchange:
        principal, account = opened(exchange)
        assert exchange.submit(bid(account, NOW + 1_000), principal, NOW).house == []
        before = exchange.seq
        done = exchange.submit(bid(account, NOW + 9_000), principal, NOW + 1_001)
        assert [event.reason for event in done.house if isinstance(event, OrderRemoved)] == [
            codes.DONE_EXPIRED
        ]
        assert exchange.seq == before + 2
    assert recovery.verify(tmp_path).ok


def test_without_a_house_keeper_it_waits_for_a_tick() -> None:
    """Nothing is done but what is sent."""
    with InlineExchange() as exchange:
        principal, account = opened(exchange)
        exchange.submit(bid(account, NOW + 1_000), principal, NOW)
        before = exchange.seq
        done = exchange.submit(bid(account, NOW + 9_000), principal, NOW + 1_001)
        assert (done.house, exchange.seq) == ([], before + 1)
        events = exchange.submit(Tick(10), presets.KEEPER, NOW + 1_001).events
        assert [type(event) for event in events] == [OrderRemoved]


def test_work_that_cannot_be_done_is_tried_again_after_a_rest() -> None:
    """HOUSE-003: a tick without an event is followed by 250 ms without one."""

    class Due:
        """An engine in which something is always due."""

        def is_due(self, command: object, ts: int) -> bool:
            """Always."""
            return True

    keeper, engine, command = HouseKeeper(), cast("Engine", Due()), Tick(1)
    assert keeper.has_work(engine, command, NOW)
    keeper.worked([], NOW)
    assert not keeper.has_work(engine, command, NOW + REST_MS - 1)
    assert keeper.has_work(engine, command, NOW + REST_MS)
    keeper.worked([OrderRemoved(1, 0, 0, 0, 1, 1, codes.DONE_EXPIRED, True)], NOW + REST_MS)
    assert keeper.has_work(engine, command, NOW + REST_MS)
