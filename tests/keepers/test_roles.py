"""What each role finds in a mirror, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.client.keeper_models import KeeperDue, KeeperRecord
from plimsoll.core import auction_price
from plimsoll.keepers import formulas
from plimsoll.keepers.access import Task
from plimsoll.keepers.average import PriceAverage
from plimsoll.keepers.mirror import Mirror
from plimsoll.keepers.roles import maker
from plimsoll.keepers.roles.base import Role, View
from plimsoll.keepers.roles.crank import Crank
from plimsoll.keepers.roles.filler import Filler
from plimsoll.keepers.roles.liquidator import Liquidator
from plimsoll.keepers.roles.maker import AuctionMaker
from plimsoll.keepers.roles.trigger import Triggerer
from plimsoll.keepers.rows import LiveAuction
from plimsoll.keepers.settings import KeeperSettings, MakerSettings
from plimsoll.messages.codes import BUY, SELL
from tests.keepers import fake
from tests.keepers.fake import NOW, ONE, PRICE, USD

KEEPER = 9


def find(role: Role, now: int = NOW, equity: int | None = None, **rows: Any) -> list[Task]:
    """What a role finds in a snapshot."""
    settings = rows.pop("settings", KeeperSettings())
    view = View(Mirror(fake.snapshot(**rows)), KEEPER, settings, equity)
    return role.candidates(view, now)


def rows(tasks: list[Task]) -> list[list[object]]:
    """The commands in their wire form."""
    return [one.command.row() for one in tasks]


def test_filler_settles_what_is_due() -> None:
    """Auctions whose time or offers are due; at its end itself an auction still runs."""
    auctions = [
        fake.auction(1),
        fake.auction(2, ends_ms=NOW + 4_999),
        fake.auction(3, offers_due_ms=NOW + 5_000),
        fake.auction(4, offers_due_ms=NOW + 5_001),
    ]
    found = find(Filler(), NOW + 5_000, auctions=auctions)
    assert sorted(rows(found)) == [[62, 2, KEEPER], [62, 3, KEEPER]]


def test_filler_matches_what_the_vamm_reached() -> None:
    """Limits at or through the quote, best first; none while the oracle is old."""
    quoted = fake.market(vamm_bid=PRICE - USD, vamm_ask=PRICE + USD)
    orders = [
        fake.order(1, "buy", PRICE + USD),
        fake.order(2, "buy", PRICE + 2 * USD),
        fake.order(3, "buy", PRICE + USD - 10_000),
        fake.order(4, "sell", PRICE - USD),
        fake.order(5, "sell", PRICE),
        fake.order(6, "buy", PRICE + 2 * USD, expires_ms=NOW - 1),
    ]
    found = find(Filler(), markets=[quoted], orders=orders)
    assert {one.key for one in found} == {"limit:1", "limit:2", "limit:4", "expire:6"}
    keys = [one.key for one in found]
    assert keys.index("limit:2") < keys.index("limit:1")
    switched_off = fake.market(vamm_ask=PRICE, params={"vamm_limits": 0})
    assert find(Filler(), markets=[switched_off], orders=orders[:1]) == []
    late = find(Filler(), NOW + 30_001, markets=[quoted], orders=orders)
    assert [one.key for one in late] == ["expire:6"]


def test_filler_expires_by_the_exchanges_time() -> None:
    """An order is over strictly after its time, with no buffer."""
    orders = [fake.order(1, "buy", 1, expires_ms=NOW), fake.order(2, "buy", 1, expires_ms=NOW - 1)]
    assert rows(find(Filler(), NOW, orders=orders)) == [[67, 2, KEEPER]]


def test_trigger_fires_what_is_reached() -> None:
    """At or past its price, in its direction, the furthest behind first."""
    waiting = [
        fake.trigger(1, PRICE, "above"),
        fake.trigger(2, PRICE + 1, "above"),
        fake.trigger(3, PRICE - USD, "above"),
        fake.trigger(4, PRICE, "below"),
        fake.trigger(5, PRICE - 1, "below"),
    ]
    found = find(Triggerer(), triggers=waiting)
    assert rows(found) == [[64, 3, KEEPER], [64, 1, KEEPER], [64, 4, KEEPER]]
    assert find(Triggerer(), NOW + 30_001, triggers=waiting) == []


def test_trigger_executes_delayed_orders() -> None:
    """DELAY-009: whose price has come, in the exchange's order; and what is over."""
    soon = NOW + 60_000
    waiting = [
        fake.delayed(4, NOW, soon),
        fake.delayed(2, NOW, soon),
        fake.delayed(3, NOW - 5, soon),
        fake.delayed(5, NOW + 1, soon),
        fake.delayed(6, NOW + 1, NOW + 2),
    ]
    found = find(Triggerer(), NOW + 2, delayed=waiting)
    assert rows(found) == [[71, 3, KEEPER], [71, 2, KEEPER], [71, 4, KEEPER]]
    assert {one.reward for one in found} == {10_000}
    over = [[71, 6, KEEPER]]
    assert rows(find(Triggerer(), NOW + 3, delayed=waiting[3:])) == over
    assert rows(find(Triggerer(), NOW + 30_001, delayed=waiting)) == over, "the price is stale"
    halted = fake.market(mode="halted")
    assert rows(find(Triggerer(), NOW + 3, markets=[halted], delayed=waiting)) == over
    few = KeeperSettings(tasks_max=2)
    triggers = [fake.trigger(1, PRICE, "above")]
    found = find(Triggerer(), delayed=waiting[:1], triggers=triggers, settings=few)
    assert rows(found) == [[71, 4, KEEPER], [64, 1, KEEPER]]


def test_mirror_follows_delayed_orders() -> None:
    """DELAY-009: placed, executed, refused, cancelled: as if a snapshot had told it."""
    mirror = Mirror(fake.snapshot(delayed=[fake.delayed(1, NOW, NOW + 9)]))
    placed = {"type": "DelayedPlaced", "market": 0, "expires_ms": NOW + 9}
    events: list[dict[str, Any]] = [
        placed | {"order": 2, "earliest_ms": NOW + 3},
        placed | {"order": 3, "earliest_ms": NOW + 3},
        {"type": "DelayedExecuted", "order": 1},
        {"type": "DelayedRefused", "order": 2},
        {"type": "OrderRemoved", "order": 2, "resting": False},
    ]
    mirror.apply(KeeperRecord(seq=11, ts=NOW, events=events))
    told = Mirror(fake.snapshot(delayed=[fake.delayed(3, NOW + 3, NOW + 9)]))
    assert mirror.differences(told) == []
    assert mirror.delayed.waiting == told.delayed.waiting
    assert len(mirror.differences(Mirror(fake.snapshot()))) == 1


def test_liquidator_ranks_by_requirement() -> None:
    """Below maintenance, strictly; the largest requirement first; not those under way."""
    accounts = [
        fake.account(21, -95 * USD, ONE),  # equity 5, requirement 5: healthy
        fake.account(22, -95 * USD - 1, ONE),
        fake.account(23, -1_900 * USD, 19 * ONE),
        fake.account(24, -1_900 * USD, 19 * ONE, liquidations=1),
        fake.account(25, 104 * USD, -ONE),
    ]
    found = find(Liquidator(), accounts=accounts)
    assert rows(found) == [[65, 23, KEEPER], [65, 22, KEEPER], [65, 25, KEEPER]]
    assert find(Liquidator(), NOW + 30_001, accounts=accounts) == []
    off = fake.market(params={"liquidation": 0})
    assert find(Liquidator(), markets=[off], accounts=accounts) == []


def test_liquidator_counts_funding() -> None:
    """Funding owed since the snapshot lowers equity."""
    mirror = Mirror(fake.snapshot(accounts=[fake.account(21, -95 * USD, ONE)]))
    view = View(mirror, KEEPER, KeeperSettings())
    assert Liquidator().candidates(view, NOW) == []
    event = {"type": "FundingUpdated", "market": 0, "rate_long": 1_000, "rate_short": 1_000}
    mirror.apply(KeeperRecord(seq=11, ts=NOW, events=[event]))
    assert rows(Liquidator().candidates(view, NOW)) == [[65, 21, KEEPER]]


def test_crank_funding_and_markets() -> None:
    """Funding when due, markets nobody touched for a while, and no Tick without need."""
    due = fake.market(funding_due_ms=NOW)
    assert rows(find(Crank(), markets=[due])) == [[66, 0, KEEPER]]
    assert find(Crank(), NOW - 1, markets=[due]) == []
    idle = find(Crank(), NOW + 60_000)
    assert rows(idle) == [[68, 0, KEEPER]]
    assert rows(find(Crank(), NOW + 60_001)) == [[68, 0, KEEPER]]


def test_crank_is_the_backstop() -> None:
    """Work that stayed undone for long calls for a Tick."""
    waiting = [fake.auction(1)]
    assert find(Crank(), NOW + 10_000, auctions=waiting) == []
    assert rows(find(Crank(), NOW + 10_001, auctions=waiting)) == [[61, 64]]
    over = [fake.delayed(1, NOW, NOW)]
    assert find(Crank(), NOW + 5_000, delayed=over) == []
    assert rows(find(Crank(), NOW + 5_001, delayed=over)) == [[61, 64]]


def test_crank_sees_to_vaults() -> None:
    """Hedges that miss a leg at once; what is due and stays undone by a Tick."""
    assert rows(find(Crank(), unhedged=[4, 2])) == [[70, 2, KEEPER], [70, 4, KEEPER]]
    due = KeeperDue(ident=5, due_ms=NOW)
    for name in ("unlocks", "firm_quotes"):
        assert find(Crank(), NOW + 4_999, **{name: [due]}) == []
        assert rows(find(Crank(), NOW + 5_001, **{name: [due]})) == [[61, 64]]


def test_mirror_follows_vaults() -> None:
    """What begins and ends in records counts as if a snapshot had told it."""
    mirror = Mirror(fake.snapshot(unhedged=[1], unlocks=[KeeperDue(ident=5, due_ms=NOW)]))
    seen = mirror.liquidity
    events = [
        {"type": "VaultModeSet", "vault": 1, "mode": "active", "before": "restricted", "cause": 0},
        {"type": "VaultModeSet", "vault": 2, "mode": "restricted", "before": "active", "cause": 9},
        {"type": "VaultModeSet", "vault": 3, "mode": "halted", "before": "active", "cause": 0},
        {"type": "UnlockPaid", "unlock": 5},
        {"type": "UnlockQueued", "unlock": 6, "due_ms": NOW + 1},
        {"type": "FirmQuotePosted", "firm_quote": 7, "expires_ms": NOW + 2},
        {"type": "FirmQuotePosted", "firm_quote": 8, "expires_ms": NOW + 3},
        {"type": "FirmQuoteEnded", "firm_quote": 7},
    ]
    mirror.apply(KeeperRecord(seq=11, ts=NOW, events=events))
    assert seen.unhedged == {2}
    assert seen.unlocks == {6: NOW + 1}
    assert seen.firm_quotes == {8: NOW + 3}
    assert not seen.overdue(NOW)
    assert seen.overdue(NOW + 1)


def offers(now: int = NOW, **more: Any) -> list[list[object]]:
    """What a maker worth 1,000 USD offers."""
    equity = more.pop("equity", 1_000 * USD)
    return rows(find(AuctionMaker(), now, equity, **more))


def test_maker_offers_at_its_quote() -> None:
    """As soon as the auction asks no better: 5 bp over the oracle of 100 is 100.05."""
    selling = [fake.auction(1, "buy")]
    # Two USD in five seconds: 0.05 after 125 ms.
    assert offers(NOW + 124, auctions=selling) == []
    assert offers(NOW + 125, auctions=selling) == [[46, KEEPER, 1, PRICE + 50_000, ONE]]
    buying = [fake.auction(2, "sell")]
    assert offers(NOW + 125, auctions=buying) == [[46, KEEPER, 2, PRICE - 50_000, ONE]]
    assert offers(NOW + 5_001, auctions=selling) == [], "over"
    assert offers(NOW + 125, auctions=selling, equity=0) == []


def test_maker_keeps_out_when_it_is_volatile() -> None:
    """Oracle more than 150 bp off its average: no offer; at 150 bp one."""
    mirror = Mirror(fake.snapshot(auctions=[fake.auction(1)]))
    view = View(mirror, KEEPER, KeeperSettings(), 1_000 * USD)
    average = mirror.averages[0]
    average.feed(NOW - 300_000, PRICE)
    for price, expected in ((PRICE * 10_150 // 10_000, 1), (PRICE * 10_151 // 10_000, 0)):
        mirror.markets[0].oracle_price = price
        mirror.auctions[1].end = mirror.auctions[1].limit = 2 * PRICE
        assert len(AuctionMaker().candidates(view, NOW + 4_000)) == expected


@pytest.mark.parametrize(
    ("base", "selling", "room"),
    [
        (0, True, 10 * ONE),
        (0, False, 10 * ONE),
        (4 * ONE, False, 6 * ONE),
        (4 * ONE, True, 14 * ONE),
        (9_500_000_000, False, 0),
        (9_500_000_000, True, 9_500_000_000),
        (-9_500_000_000, False, 9_500_000_000),
        (-9_500_000_000, True, 0),
        (-20 * ONE, True, 0),
    ],
)
def test_room_of_the_inventory(base: int, selling: bool, room: int) -> None:
    """1,000 USD once levered at 100: ten base; from 95 % on only the side that reduces."""
    row = Mirror(fake.snapshot()).markets[0]
    assert maker.room(MakerSettings(), row, base, 1_000 * USD, 1, selling) == room


@given(
    st.sampled_from((BUY, SELL)), st.integers(1, 10**6), st.integers(0, 10**5),
    st.integers(0, 12_000), st.integers(1, 1_000), st.integers(-(10**5), 10**5),
)  # fmt: skip
def test_price_of_an_auction(
    side: int, start: int, width: int, elapsed: int, tick: int, worst: int
) -> None:
    """The price keepers compute is the exchange's, at every time and for every limit."""
    start += 2 * 10**5
    end = start + width if side == BUY else start - width
    limit = max(1, end + worst)
    word = "buy" if side == BUY else "sell"
    live = LiveAuction(1, 7, 4, 0, word, ONE, start, end, limit, NOW, NOW + 5_000)
    exact = auction_price.price(side, start, end, elapsed, 5_000, tick)
    assert formulas.asked(live, tick, NOW + elapsed) == auction_price.limited(side, exact, limit)


def test_average_over_a_window() -> None:
    """Each price weighs as long as it held within the window."""
    average = PriceAverage(100)
    assert average.at(5) == 0
    average.feed(0, 10)
    assert average.at(50) == 10
    average.feed(50, 20)
    assert average.at(100) == 15
    assert average.at(125) == (10 * 25 + 20 * 75) // 100
    assert average.at(10_000) == 20
