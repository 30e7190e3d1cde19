"""The house keeper: what is due, in which order, how much of it."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY
from tests.harness.mechanics import arm, auction_page, live
from tests.harness.scenario import KEEPER, Scenario


def tick(page: Scenario, limit: int = 100) -> list[str]:
    """Do due work; the kinds of events."""
    page.do(commands.Tick(limit), KEEPER)
    return [type(event).__name__ for event in page.found]


def due(page: Scenario, prices: bool = False) -> bool:
    """Whether a tick would find work now."""
    command: commands.Command = commands.OraclePrices([]) if prices else commands.Tick(1)
    return page.engine.is_due(command, page.now)


def busy(**more: Any) -> Scenario:
    """An order that expires, an auction that ends and a trigger that is reached, all due."""
    page = auction_page(vamm_limits=1, **more)
    soon = page.place("alice", BUY, 10**9, 95 * 10**6, expires_ms=page.now + 10)
    page.do(soon, page.owner("alice"))
    page.play("bob buy 1 market")
    arm(page, "carol", BUY, "1", "101", kind=codes.LIMIT, price=90 * 10**6, tif=codes.GTC)
    assert not due(page)
    page.now += 5_001
    page.play("oracle 102")
    return page


def test_everything_due_is_done_in_one_tick_in_its_order() -> None:
    """HOUSE-001, HOUSE-002: expired orders, then auctions, then triggers; then nothing is due."""
    page = busy()
    assert due(page)
    kinds = tick(page)
    order = ["OrderRemoved", "AuctionEnded", "TriggerFired"]
    assert [kind for kind in kinds if kind in order][:1] == ["OrderRemoved"]
    assert kinds.index("AuctionEnded") < kinds.index("TriggerFired")
    assert live(page) == []
    assert not due(page)
    assert tick(page) == []


def test_a_tick_does_no_more_than_it_may() -> None:
    """HOUSE-001: one piece at a time, until nothing is left."""
    page = busy()
    pieces = 0
    while due(page):
        assert tick(page, 1) != []
        pieces += 1
    assert pieces == 3


def test_a_trigger_waits_for_a_fresh_price() -> None:
    """HOUSE-002: what a stale price shows is not due."""
    page = auction_page()
    arm(page, "carol", BUY, "1", "101")
    page.play("oracle 102")
    assert due(page)
    page.now += 60_000
    assert not due(page)


def test_an_account_below_its_requirement_is_due_after_prices() -> None:
    """HOUSE-002: accounts are looked at when prices came, not after every command."""
    page = auction_page(liquidation=1, cash="1000", keeper_flat_fee=0)
    page.play("""
        bob    sell 95 @ 100
        alice  buy  95 @ 100
    """)
    assert not due(page, prices=True)
    page.oracle("92")
    assert due(page, prices=True)
    assert not due(page)
    assert "Liquidating" in tick(page)


def test_funding_is_due_at_the_end_of_a_period() -> None:
    """HOUSE-002: the first look starts the clock."""
    page = auction_page(funding_period_s=3_600)
    assert due(page)
    tick(page)
    assert not due(page)
    page.now += 3_600_000 * 2
    page.play("oracle 100")
    assert due(page)
    assert "FundingUpdated" in tick(page)


def test_refused_work_leaves_the_rest_alone() -> None:
    """HOUSE-001: a limit that cannot be filled does not stop the auction beside it."""
    page = busy()
    state = page.hash()
    kinds = tick(page, 2)
    assert kinds and page.hash() != state
    assert any(isinstance(event, events.AuctionEnded) for event in page.found)
