"""Read-only answers about auctions, triggers, health and funding."""

from __future__ import annotations

from plimsoll.core import views, views_mechanisms
from plimsoll.core.rows import Auction, Order, Trigger
from plimsoll.messages.codes import BELOW, BUY, IOC, MARKET, SELL
from tests.harness.delaying import delay
from tests.harness.mechanics import arm
from tests.harness.scenario import Scenario
from tests.harness.vault_page import BASE, VaultPage

LOT = 10**9


def page() -> Scenario:
    """A market with a vAMM; alice has a row in it."""
    return Scenario(vamm_enabled=1).play("""
        alice  sell 2 @ 100
        bob    buy  2 @ 100
    """)


def make_order(made: Scenario, ident: int, side: int) -> Order:
    """An order of alice that is not in the book."""
    state = made.state
    account = made.account("alice")
    row = state.position(account, 0)
    return Order(
        state.log, ident, account, row, side, 104_000_000, 2 * LOT, LOT, False, 0, "mine", 0
    )


def test_an_auction_and_what_it_asks() -> None:
    """AUCTION-003, AUCTION-004: the price goes from start to end and stays at the limit."""
    made = page()
    auction = Auction(
        made.state.log, make_order(made, 77, BUY), 0, 100_000_000, 110_000_000, 1_000, 6_000, 0
    )
    market = made.state.markets[0]
    seen = [views_mechanisms.auction_view(auction, market, now) for now in (0, 2_000, 9_000)]
    assert [one["price"] for one in seen] == [100_000_000, 102_000_000, 104_000_000]
    assert [one["ms_left"] for one in seen] == [6_000, 4_000, 0]
    assert (seen[0]["auction"], seen[0]["remaining"], seen[0]["cause"]) == (77, LOT, "order")
    made.state.board.start(auction)
    assert views_mechanisms.auctions_view(made.state, market, 2_000) == [seen[1]]
    assert views.market_view(made.state, market, 2_000)["auctions"] == [seen[1]]
    (row,) = views_mechanisms.keeper_snapshot_view(made.state, 2_000)["auctions"]
    assert (row["owner"], row["limit"], row["offers_due_ms"]) == (
        made.owner("alice"), 104_000_000, 0,
    )  # fmt: skip


def test_triggers_of_an_account() -> None:
    """A trigger is shown to its account with what it waits for, and to no other."""
    made = page()
    state = made.state
    state.board.arm(Trigger(make_order(made, 78, SELL), MARKET, IOC, 90_000_000, BELOW))
    (row,) = views_mechanisms.triggers_view(state, made.account("alice"))
    assert (row["order"], row["direction"], row["trigger_price"], row["type"]) == (
        78, "below", 90_000_000, "market",
    )  # fmt: skip
    assert views_mechanisms.triggers_view(state, made.account("bob")) == []
    assert len(views_mechanisms.keeper_snapshot_view(state, 0)["triggers"]) == 1


def test_a_delayed_order_is_shown_among_triggers() -> None:
    """DELAY-001: with its times and no price to wait for; keepers get it in a list of its own."""
    made = page()
    armed = arm(made, "alice", SELL, "1", "90", direction=BELOW)
    ident = delay(made, "alice", SELL, "1", client_order_id="mine")
    times = (made.now + 1, made.now + 60_000)
    first, row = views_mechanisms.triggers_view(made.state, made.account("alice"))
    assert (first["order"], first["kind"], first["earliest_ms"]) == (armed, "trigger", 0)
    assert (row["order"], row["kind"], row["client_order_id"]) == (ident, "delayed", "mine")
    assert (row["direction"], row["trigger_price"], row["vault"]) == (None, 0, -1)
    assert (row["earliest_ms"], row["expires_ms"]) == times
    found = views_mechanisms.keeper_snapshot_view(made.state, 0)
    assert [one["order"] for one in found["triggers"]] == [armed]
    (keeper,) = found["delayed"]
    assert (keeper["order"], keeper["owner"]) == (ident, made.owner("alice"))
    assert (keeper["earliest_ms"], keeper["expires_ms"]) == times


def test_the_vault_of_a_delayed_order_is_shown() -> None:
    """DELAY-003: by its number, as orders name it."""
    made = VaultPage()
    maker = made.vault(BASE).account.ident
    delay(made, "alice", SELL, "1", maker=maker)
    (row,) = views_mechanisms.triggers_view(made.state, made.account("alice"))
    assert row["vault"] == BASE


def test_broken_bounds_have_names() -> None:
    """HEALTH-003: the mode is what the market allows, beside the operator's."""
    made = page()
    market = made.state.markets[0]
    market.set_unhealthy(1 << 1 | 1 << 4)
    view = views.market_view(made.state, market, made.now)
    assert (view["mode"], view["operator_mode"]) == ("restricted", "active")
    assert view["unhealthy"] == ["mark_oracle", "imbalance"]


def test_funding_is_due_at_the_aligned_time() -> None:
    """FUND-001: the next period ends on a multiple of the period; off is None."""
    made = page()
    market = made.state.markets[0]
    assert views_mechanisms.funding_view(made.state, market, made.now) is None
    market.params.funding_period_s = 3_600
    first = views_mechanisms.funding_view(made.state, market, made.now)
    assert first is not None and first["due_ms"] == 0
    made.state.rates[0].advance(7, 8, 9, 10, 3_600 * 100 + 60)
    found = views_mechanisms.funding_view(made.state, market, 3_600_000 * 100 + 90_000)
    assert found is not None
    assert (found["due_ms"], found["due_s"]) == (3_600_000 * 101, 3_510)
    assert (found["rate"], found["average"], found["cumulative_short"]) == (9, 10, 8)
