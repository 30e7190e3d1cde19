"""The house keeper of an exchange in this process does due work as a node's does."""

from __future__ import annotations

from pathlib import Path

from plimsoll.messages import codes
from plimsoll.messages.commands import OraclePrices, PlaceOrder, PricePoint, Tick
from plimsoll.messages.events import OrderRemoved
from plimsoll.runtime import presets, recovery
from plimsoll.runtime.inline import InlineExchange
from plimsoll.sim.population import enrol
from plimsoll.units import PRICE_SCALE, QUOTE_SCALE

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
    """An expired order goes with the next command; the journal with the house's tick verifies."""
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
