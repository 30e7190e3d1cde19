"""Liquidations with an auction: makers first, recovery, the end; and restricted markets."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events, mechanisms
from tests.core.test_liquidate import insure, liquidate, moved, only, page, refused
from tests.harness.scenario import KEEPER, Scenario, scaled

AUCTION: dict[str, Any] = {
    "vamm_enabled": 1, "vamm_peg": 2_000_000_000, "vamm_sqrt_k": 10_000 * 10**9, "auction": 1,
    "auction_min_notional": 0, "liquidation_auction": 1,
}  # fmt: skip


def long_ten(made: Scenario, own: str, price: str) -> Scenario:
    """Alice holds 10 from 2,000 against bob, then the oracle and the vAMM are at a price."""
    made.trader("alice", own)
    made.trader("carol", "50000")
    made.play("bob sell 10 @ 2000\nalice buy 10 @ 2000 ioc")
    made.oracle(price)
    made.do(commands.Repeg(0, scaled(price, 6)), 0)
    return made


def auction_of(made: Scenario) -> int:
    """The one live auction."""
    (found,) = made.state.board.live[0]
    return found.ident


def offer(made: Scenario, name: str, price: str, size: str) -> None:
    """An offer in it, filled at once."""
    made.do(
        commands.OfferAuction(
            made.accounts[name], auction_of(made), scaled(price, 6), scaled(size, 9)
        ),
        made.owner(name),
    )


def end(made: Scenario, price: str = "1800") -> None:
    """The time of the auction is over, at this oracle price."""
    ident = auction_of(made)
    made.now += 5_001
    made.oracle(price)
    made.do(commands.SettleAuction(ident, -1), KEEPER)


def test_what_the_book_leaves_is_put_up() -> None:
    """LIQ-017: to its bankruptcy price; meanwhile nobody liquidates again, and risk waits."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    made.play("carol buy 2 @ 1800")
    liquidate(made, "alice")
    started = only(made, mechanisms.AuctionStarted)
    assert (started.size, started.limit, started.cause) == (6 * 10**9, 1_782_000_000, 1)
    assert not [e for e in made.found if isinstance(e, mechanisms.LiquidationEnded)]
    assert moved(made, codes.R_PENALTY) == 3_600_000
    assert refused(made, "alice") == (codes.IN_LIQUIDATION, 1, 0)


def test_makers_fill_and_the_penalty_follows() -> None:
    """LIQ-019, LIQ-020: each fill is charged; with the last one the liquidation is over."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    liquidate(made, "alice")
    offer(made, "carol", "1800", "5")
    assert moved(made, codes.R_PENALTY) == 9_000_000
    assert made.account("alice").liquidations == 1
    offer(made, "carol", "1800", "3")
    ended = only(made, mechanisms.LiquidationEnded)
    assert ended.reason in (codes.DONE_FILLED, codes.DONE_RECOVERED)
    assert made.account("alice").liquidations == 0
    made.play("alice has margin 565.6, base 2")


def test_recovery_ends_it() -> None:
    """LIQ-019, LIQ-023: a deposit heals the account; at the end nothing more is closed."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    liquidate(made, "alice")
    made.deposit("alice", "5000")
    end(made)
    assert only(made, mechanisms.LiquidationEnded).reason == codes.DONE_RECOVERED
    assert only(made, mechanisms.AuctionEnded).reason == codes.DONE_RECOVERED
    made.play("alice has base 10")


def test_a_fill_that_restores_ends_it() -> None:
    """LIQ-019: what a deposit and a fill restore together is not closed any further."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    liquidate(made, "alice")
    made.deposit("alice", "400")
    offer(made, "carol", "1800", "5")
    assert only(made, mechanisms.LiquidationEnded).reason == codes.DONE_RECOVERED
    made.play("alice has base 5")


def test_the_rest_goes_to_the_vamm_at_the_end() -> None:
    """LIQ-017, LIQ-019: nobody offered; the vAMM's quote is within the limit."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    liquidate(made, "alice")
    end(made)
    assert [e.source for e in made.found if isinstance(e, events.Filled)] == [codes.FROM_VAMM]
    assert only(made, mechanisms.LiquidationEnded).reason == codes.DONE_FILLED
    assert moved(made, codes.R_PENALTY) == 14_400_000
    made.play("alice has base 2")


def test_the_stored_price_deleverages_at_the_end() -> None:
    """LIQ-019: the vAMM is out of reach by then; the other side is closed at the stored price."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    liquidate(made, "alice")
    made.now += 5_001
    made.oracle("1770")
    made.do(commands.Repeg(0, 1_770_000_000), 0)
    ident = auction_of(made)
    made.do(commands.SettleAuction(ident, -1), KEEPER)
    hits = [e for e in made.found if isinstance(e, mechanisms.Deleveraged)]
    assert {e.price for e in hits} == {1_782_000_000}
    made.play("alice has base 2, equity -24")
    liquidate(made, "alice")
    made.play("alice has base 0, cash 0")


def test_a_stale_price_ends_it_without_a_close() -> None:
    """LIQ-014, LIQ-019: nobody is closed on an old price."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    liquidate(made, "alice")
    made.now += 10_000_000
    made.do(commands.SettleAuction(auction_of(made), -1), KEEPER)
    assert only(made, mechanisms.LiquidationEnded).reason == codes.DONE_STALE_ORACLE
    made.play("alice has base 10")


def test_the_owner_may_reduce_meanwhile() -> None:
    """LIQ-019: the auction's fills never go through what is left of the position."""
    made = long_ten(page(**AUCTION), "2180", "1800")
    liquidate(made, "alice")
    made.play("carol buy 8 @ 1801\nalice sell 7 @ 1801 ioc reduce")
    end(made)
    assert made.position("alice").base >= 0
    assert made.account("alice").liquidations == 0


def test_no_auction_without_equity() -> None:
    """LIQ-017: an insolvent account is closed in one command."""
    made = long_ten(page(**AUCTION), "2180", "1700")
    liquidate(made, "alice")
    assert not [e for e in made.found if isinstance(e, mechanisms.AuctionStarted)]
    made.play("alice has base 0, cash 0")


def test_a_restricted_vamm_is_not_loaded_further() -> None:
    """LIQ-018: what would raise its position waits, unless other people's money is at stake."""
    made = long_ten(page(**{**AUCTION, "liquidation_auction": 0}), "2180", "1800")
    made.play("carol buy 1 @ 1800\nmode restricted")
    liquidate(made, "alice")
    assert only(made, mechanisms.LiquidationEnded).reason == codes.DONE_RESTRICTED
    made.play("alice has base 9")
    code, value, _ = refused(made, "alice")
    assert (code, value) == (codes.MARKET_MODE, codes.RESTRICTED)
    insure(made, "2000")
    made.oracle("1700")
    made.do(commands.Repeg(0, 1_710_000_000), 0)
    liquidate(made, "alice")
    assert codes.FROM_VAMM in [e.source for e in made.found if isinstance(e, events.Filled)]
    made.play("alice has base 0, cash 0")
