"""What stood before the exchange was restricted: auctions, resting orders, triggers, batches."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, NORMAL, PAUSED, SELL, TRIPPED
from tests.core import test_match_limit as limits
from tests.harness.mechanics import arm, auction_page, do_offer, live, offer, refusal, removals
from tests.harness.mechanics import settle as settle_auction
from tests.harness.scenario import KEEPER, OPERATOR, Scenario


def set_mode(page: Scenario, mode: int) -> None:
    """The operator sets the mode of the exchange."""
    page.do(commands.SetBreakerMode(mode, 0), OPERATOR)


def auctioned(first: str = "") -> tuple[Scenario, int]:
    """Bob's market order for 2 in an auction; ``first`` is played before."""
    page = auction_page()
    page.play(first)
    page.play("bob buy 2 market")
    (auction,) = live(page)
    return page, auction


def test_an_auction_from_before_opens_nothing() -> None:
    """BREAK-022: neither by offers nor at its end."""
    page, auction = auctioned()
    set_mode(page, TRIPPED)
    for name in ("alice", "carol"):
        made = offer(page, name, auction, "100", "1")
        assert refusal(page, made, page.owner(name))[0] == "AUCTION_NOTHING"
    page.now += 5_001
    page.play("oracle 100")
    assert settle_auction(page, auction) == []
    assert removals(page) == [codes.DONE_RESTRICTED]
    page.play("bob has base 0")


def test_an_auction_from_before_still_reduces() -> None:
    """BREAK-022: as far as it closes; the rest is cancelled."""
    page, auction = auctioned("alice buy 1 @ 100\nbob sell 1 @ 100")
    set_mode(page, TRIPPED)
    assert refusal(page, offer(page, "dave", auction, "100", "1"), page.owner("dave"))[:2] == (
        "EXCHANGE_MODE", TRIPPED,
    )  # fmt: skip
    assert do_offer(page, "alice", auction, "100", "1") == ["1 @ 100 alice"]
    page.play("bob has base 0")
    page.now += 5_001
    page.play("oracle 100")
    settle_auction(page, auction)
    assert removals(page) == [codes.DONE_RESTRICTED]
    page.play("bob has base 0")


def test_what_an_auction_closes_may_go_to_the_vamm() -> None:
    """BREAK-022: the vAMM is asked for no more than what closes."""
    page, auction = auctioned("alice buy 1 @ 100\nbob sell 1 @ 100")
    set_mode(page, PAUSED)
    page.now += 5_001
    page.play("oracle 100")
    assert len(settle_auction(page, auction)) == 1
    page.play("bob has base 0")


def test_an_offer_that_waits_opens_nothing_either() -> None:
    """BREAK-022: the batch of before meets the mode of now."""
    page = auction_page(auction_batch_ms=400)
    page.play("bob buy 2 market")
    (auction,) = live(page)
    page.do(offer(page, "alice", auction, "100", "2"), page.owner("alice"))
    set_mode(page, TRIPPED)
    page.now += 500
    assert settle_auction(page, auction) == []
    page.play("bob has base 0")


def test_a_resting_order_is_filled_by_those_who_reduce() -> None:
    """BREAK-022: it was placed before; who opens is refused, and cannot rest anew."""
    page = auction_page()
    page.play("""
        alice  buy  2 @ 99
        bob    buy  1 @ 100
        carol  sell 1 @ 100
    """)
    set_mode(page, TRIPPED)
    page.play("""
        carol  sell 1 @ 99      -> EXCHANGE_MODE 1 1
        dave   buy  1 @ 98      -> EXCHANGE_MODE 1 1
        bob    sell 1 @ 99      -> 1 @ 99 alice
        alice  has  base 1
    """)
    set_mode(page, PAUSED)
    page.play("carol buy 1 @ 101 ioc -> 1 @ 100.060015 vamm")


def test_a_limit_that_the_vamm_reaches_waits() -> None:
    """BREAK-022: it would open; what it closes is filled."""
    page = limits.before()
    ident = limits.rest(page)
    limits.come(page)
    set_mode(page, TRIPPED)
    asked = refusal(page, commands.MatchLimit(ident, -1), KEEPER)
    assert asked == ("EXCHANGE_MODE", TRIPPED, TRIPPED)
    page.do(commands.Tick(10), KEEPER)
    assert page.fills() == []
    set_mode(page, NORMAL)
    assert limits.match(page, ident).size > 0


def test_a_trigger_that_opens_is_refused_when_it_fires() -> None:
    """BREAK-022, TRIGGER-005: one that closes is not."""
    page = auction_page(auction=0)
    page.play("alice buy 1 @ 100\nbob sell 1 @ 100")
    opening = arm(page, "carol", BUY, "1", "101")
    closing = arm(page, "bob", BUY, "1", "101", reduce_only=True)
    set_mode(page, TRIPPED)
    page.play("oracle 102")
    page.do(commands.FireTrigger(opening, -1), KEEPER)
    assert removals(page) == [codes.DONE_TRIGGER_REFUSED]
    page.do(commands.FireTrigger(closing, -1), KEEPER)
    page.play("bob has base 0")


def test_triggers_are_set_in_every_mode() -> None:
    """BREAK-022: they open nothing before they fire."""
    page = auction_page()
    set_mode(page, PAUSED)
    arm(page, "carol", BUY, "1", "101")


def test_a_batch_does_what_it_may() -> None:
    """BREAK-022: each order by itself."""
    page = auction_page()
    page.play("alice buy 1 @ 100\nbob sell 1 @ 100")
    set_mode(page, TRIPPED)
    opens = page.place("alice", BUY, 10**9, 99 * 10**6)
    closes = page.place("alice", SELL, 10**9, 101 * 10**6)
    page.do(commands.Batch(False, [opens, closes]), page.owner("alice"))
    refused = [one for one in page.found if isinstance(one, events.Rejected)]
    assert [(one.code, one.item) for one in refused] == [(codes.EXCHANGE_MODE, 0)]
    page.play("alice has orders 1")


def test_an_order_is_not_made_larger() -> None:
    """BREAK-022: amended, it is placed anew; smaller, it keeps its place."""
    page = auction_page()
    page.play("alice buy 2 @ 99 as=a1")
    set_mode(page, TRIPPED)
    account, ident = page.accounts["alice"], page.order_ids["a1"]
    larger = commands.AmendOrder(account, ident, 99 * 10**6, 3 * 10**9)
    dearer = commands.AmendOrder(account, ident, 100 * 10**6, 10**9)
    for amended in (larger, dearer):
        assert refusal(page, amended, page.owner("alice"))[0] == "EXCHANGE_MODE"
    page.do(commands.AmendOrder(account, ident, 99 * 10**6, 10**9), page.owner("alice"))


def test_a_liquidation_passes_in_every_mode() -> None:
    """BREAK-001, BREAK-022: and finds what rests, and the vAMM."""
    for mode in (TRIPPED, PAUSED):
        page = auction_page(liquidation=1, keeper_flat_fee=0, cash="1000")
        page.play("bob sell 95 @ 100\nalice buy 95 @ 100")
        page.oracle("92")
        set_mode(page, mode)
        page.do(commands.Liquidate(page.accounts["alice"], -1), KEEPER)
        assert any(type(one).__name__ == "Liquidating" for one in page.found)
