"""Read-only answers about a state."""

from __future__ import annotations

from plimsoll.core import views
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import Scenario, market

LOT = 10**9


def page() -> Scenario:
    """Bob is long 2 at 100, the oracle says 105."""
    return Scenario(vamm_enabled=1).play("""
        alice  sell 2 @ 100
        bob    buy  2 @ 100
        oracle 105
        alice  buy  1 @ 99 as=low
        alice  buy  2 @ 98
        carol  sell 1 @ 106
        carol  sell 3 @ 107
    """)


def test_an_account() -> None:
    """MARGIN-001 to MARGIN-007: every number of the page, scaled as inside."""
    made = page()
    assert views.account_view(made.state, made.account("bob")) == {
        "account": 5, "owner": 4, "kind": "trader", "parent": -1, "label": "bob",
        "balances": {"USD": 800_000_000},
        "equity": 1_010_000_000, "margin": 1_000_000_000,
        "initial_requirement": 21_000_000, "maintenance_requirement": 10_500_000,
        "reserved": 0, "free": 989_000_000, "withdrawable": 989_000_000,
        "positions": [{
            "market": "X-USD", "base": 2 * LOT, "entry_price": 100_000_000,
            "entry_cost": 200_000_000, "oracle_price": 105_000_000, "value": 210_000_000,
            "unrealised_pnl": 10_000_000, "liquidation_price": 0,
        }],
        "open_orders": 0,
    }  # fmt: skip


def test_a_short_position() -> None:
    """MARGIN-002, MARGIN-009: the entry price is positive, the value is not."""
    made = page()
    (row,) = views.positions_view(made.state, made.account("alice"))
    assert (row["base"], row["entry_price"], row["value"], row["unrealised_pnl"]) == (
        -2 * LOT, 100_000_000, -210_000_000, -10_000_000,
    )  # fmt: skip
    assert row["liquidation_price"] == 571_428_571


def test_depth_and_orders() -> None:
    """BOOK-001: levels best first, at most as many as asked."""
    made = page()
    assert views.depth_view(made.state, made.state.markets[0], 1) == {
        "bids": [[99_000_000, LOT]], "asks": [[106_000_000, LOT]],
    }  # fmt: skip
    depth = views.depth_view(made.state, made.state.markets[0], 9)
    assert depth["bids"] == [[99_000_000, LOT], [98_000_000, 2 * LOT]]
    assert depth["asks"] == [[106_000_000, LOT], [107_000_000, 3 * LOT]]
    orders = views.orders_view(made.state, made.account("alice"))
    assert [row["client_order_id"] for row in orders] == ["low", ""]
    assert orders[0] == {
        "order": made.order_ids["low"], "account": 4, "market": "X-USD", "side": "buy",
        "price": 99_000_000, "size": LOT, "remaining": LOT, "filled": 0, "reduce_only": False,
        "expires_ms": 0, "client_order_id": "low", "age_ms": made.now,
    }  # fmt: skip


def test_a_market() -> None:
    """ORACLE-008, VAMM-003: prices, pools and the vAMM's own figures."""
    made = page()
    target = made.state.markets[0]
    view = views.market_view(made.state, target, made.now)
    assert (view["best_bid"], view["best_ask"]) == (99_000_000, 106_000_000)
    assert view["oracle_valid"]
    assert not views.market_view(made.state, target, made.now + 40_000)["oracle_valid"]
    assert view["open_interest"] == 2 * LOT
    assert view["vamm"]["reservation_price"] == 100_000_000
    assert (view["vamm"]["bid_size"], view["vamm"]["ask_size"]) == (100 * LOT, 100 * LOT)
    assert view["vamm"]["pnl"] == 0
    made.play("bob sell 1 @ 99 ioc")
    made.play("carol sell 1 market>=99.9")
    after = views.vamm_view(made.state, target)
    assert after is not None
    assert after["base"] == made.position("vamm").base
    assert views.vamm_view(*without_vamm()) is None
    assert views.band_view(made.state, target) == (94_500_000, 115_500_000)


def without_vamm() -> tuple[object, object]:
    """A state and its only market, which has no vAMM."""
    made = Scenario()
    return made.state, made.state.markets[0]


def test_look_ups_and_totals() -> None:
    """Names, owners and sums for monitoring."""
    made = page()
    assert views.market_by_symbol(made.state, "X-USD") is made.state.markets[0]
    assert views.market_by_symbol(made.state, "?") is None
    assert [a.label for a in views.accounts_of(made.state, made.owner("bob"))] == ["bob"]
    assert views.crossing_size(made.state, made.state.markets[0], BUY, 106_500_000) == LOT
    assert views.crossing_size(made.state, made.state.markets[0], SELL, 98_000_000) == 3 * LOT
    totals = views.totals(made.state)
    assert (totals["accounts"], totals["markets"], totals["open_orders"]) == (13, 1, 4)
    assert totals["deposited"] == 1_003_000 * 10**6
    assert (totals["treasury"], totals["keeper_pot"]) == (0, 0)


def test_entry_price_of_nothing_is_not_asked() -> None:
    """SETTLE-002: flat positions are not listed."""
    made = Scenario(market())
    made.oracle("100")
    made.play("""
        alice  sell 1 @ 100
        bob    buy  1 @ 100
        alice  buy  1 @ 100
        bob    sell 1 @ 100
    """)
    assert views.positions_view(made.state, made.account("bob")) == []
