"""The market update end to end: averages, volumes, quotes, health."""

from __future__ import annotations

from plimsoll.core import health, spread
from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.market_page import (
    HOUR,
    POOL,
    cash,
    crank,
    later,
    of,
    page,
    reservation,
    row,
    track,
)
from tests.harness.scenario import KEEPER, OPERATOR, market

# Everything off ---------------------------------------------------------------------------


def test_without_mechanisms_nothing_is_remembered() -> None:
    """UPDATE-001: a market that looks at no average keeps none, and its quotes stay."""
    made = page()
    made.play("alice buy 10 market")
    later(made, "120")
    assert not of(made, mechanisms.VammQuoted)
    assert track(made).samples == []
    assert (track(made).oracle.price, track(made).mark.updated, track(made).traded_s) == (0, 0, 0)
    assert (row(made).repegs, row(made).long_spread, row(made).short_spread) == (0, 500, 500)
    assert not crank(made)


# Averages ---------------------------------------------------------------------------------


def test_an_oracle_price_enters_averages_and_samples() -> None:
    """TRACK-015: clipped to a fifth of the average, in whole seconds."""
    made = page(health_divergence_max=200_000, vamm_enabled=0)
    assert track(made).samples == [(1_000, 100_000_000)]
    assert track(made).oracle.funding == track(made).oracle.health == 100_000_000
    later(made, "150", 60_999)
    assert track(made).samples[1:] == [(1_060, 120_000_000)]
    # (120 · 60 + 100 · 240) / 300, and one unit toward the newer of the two
    assert abs(track(made).oracle.health - 104_000_000) <= 1
    assert abs(track(made).oracle.funding - 100_333_333) <= 1
    assert track(made).oracle.deviation == 50_000_000


def test_a_wash_in_the_book_does_not_move_the_mark() -> None:
    """UPDATE-007: two accounts trade at 9 % above the vAMM's quote; the average stays at it."""
    made = page(health_divergence_max=200_000, repeg=1)
    later(made, "100", 60_000)
    made.play("bob sell 1 @ 109\nalice buy 1 @ 109 fok")
    ask = row(made).ask
    for _ in range(30):
        made.now += 10_000
        made.play("bob sell 1 @ 109\nalice buy 1 @ 109 fok\noracle 100")
    assert track(made).mark.ask <= ask + 1  # an average rounds toward the newer price
    assert track(made).mark.health <= ask + 1


def test_averages_begin_anew_after_a_silence_that_resets_the_window() -> None:
    """TRACK-015: an old average says nothing about a price after ``oracle_reset_ms``."""
    made = page(vamm_enabled=0, repeg=1)
    later(made, "400", 86_400_000)
    assert track(made).oracle.funding == 120_000_000
    later(made, "400", 86_401_000)
    assert track(made).oracle.funding == 400_000_000
    assert track(made).samples == [(track(made).oracle.updated, 400_000_000)]


def test_the_mark_follows_book_and_vamm_once_a_second() -> None:
    """TRACK-016, UPDATE-006: the better of each side; nothing to do in a known second."""
    made = page(health_divergence_max=200_000)
    assert (track(made).mark.bid, track(made).mark.ask) == (99_950_000, 100_050_000)
    made.play("alice buy 1 @ 100 as=a")
    assert not crank(made)
    made.now += 300_000
    assert crank(made)
    assert abs(track(made).mark.bid - (99_950_000 * 3_300 + 100_000_000 * 300) // 3_600) <= 1
    assert track(made).mark.ask in (100_050_000, 100_050_001)
    assert made.refuse(commands.UpdateMarket(0, -1), KEEPER)[0] == codes.NOTHING_TO_DO


def test_far_orders_are_no_quotes() -> None:
    """TRACK-016: what rests more than 15 % from the oracle is left out."""
    made = page(vamm_enabled=0, health_divergence_max=200_000)
    made.play("alice buy 1 @ 99.9\nbob sell 1 @ 100.1")
    made.now += 1_000
    assert crank(made)
    assert track(made).mark.funding == 100_000_000
    made.play("oracle 118")
    before = track(made).mark.updated
    made.now += 1_000
    assert not crank(made)
    assert track(made).mark.updated == before


def test_a_trade_is_counted_and_remembered() -> None:
    """TRACK-017 to TRACK-019: volumes by taker side fade by the second; the last price counts."""
    made = page(health_divergence_max=200_000)
    made.now += 1_000
    made.play("""
        alice sell 3 @ 100 as=a
        bob   buy  2 @ 100 ioc -> 2 @ 100 alice
        bob   buy  1 @ 100 ioc -> 1 @ 100 alice
    """)
    assert track(made).buy_volume == track(made).day_volume == 300_000_000
    assert (track(made).sell_volume, track(made).traded_s) == (0, 1_001)
    assert track(made).mark.updated == 1_001
    made.now += 1_800_000
    made.play("carol sell 1 @ 99.5 ioc")
    (fill,) = of(made, events.Filled)
    assert track(made).buy_volume == 150_000_000
    assert track(made).sell_volume == fill.quote
    assert track(made).day_volume == 300_000_000 * 84_600 // 86_400 + fill.quote
    assert track(made).revenue == fill.surplus > 0


def test_revenue_begins_anew_with_funding() -> None:
    """TRACK-019: losses of repegs count against the surplus of spreads; undone with the rest."""
    made = page(repeg=2)
    made.play("alice buy 50 market")
    before = track(made).revenue
    later(made, "103")
    (moved,) = of(made, mechanisms.Repegged)
    assert track(made).revenue == before - moved.cost
    made.state.log.begin()
    track(made).clear_revenue()
    assert track(made).revenue == 0
    made.state.log.rollback(0)
    assert track(made).revenue == before - moved.cost


def test_fills_that_are_taken_back_are_not_counted() -> None:
    """TRACK-018: a refused item of a batch leaves no volume and no price."""
    made = page(health_divergence_max=200_000)
    made.now += 1_000
    made.play("alice sell 1 @ 100")
    refused = made.place("bob", codes.BUY, 10**9 * 5, 100_000_000, tif=codes.FOK)
    kept = made.place("bob", codes.BUY, 10**9, 99_900_000)
    made.do(commands.Batch(False, [refused, kept]), made.owner("bob"))
    assert of(made, events.Rejected)
    assert (track(made).buy_volume, track(made).traded_s) == (0, 0)
    made.play("bob buy 1 @ 100 ioc -> 1 @ 100 alice")
    assert track(made).buy_volume == 100_000_000


def test_a_dry_run_leaves_no_trade_behind() -> None:
    """UPDATE-003: what would be traded is forgotten, and the next command counts only its own."""
    made = page(vamm_spread_steps=159, repeg=1)
    before = made.hash()
    order = made.place("alice", codes.BUY, 10**9, 101_000_000, tif=codes.IOC)
    assert made.engine.dry_run(order, made.now + 5, made.owner("alice"))
    assert made.hash() == before
    made.play("alice buy 1 @ 101 ioc")
    (fill,) = of(made, events.Filled)
    assert track(made).buy_volume == fill.quote


# Quotes -----------------------------------------------------------------------------------


def test_one_sided_flow_skews_the_quotes() -> None:
    """UPDATE-004: buyers make buying dearer and leave selling as it was."""
    made = page(vamm_spread_steps=spread.INVENTORY | spread.EQUITY | spread.CAP)
    later(made, "100")
    assert (row(made).long_spread, row(made).short_spread) == (500, 500)
    widths = [500]
    for _ in range(4):
        made.now += 1_000
        made.play("alice buy 40 market")
        (quoted,) = of(made, mechanisms.VammQuoted)
        assert (quoted.bid, quoted.ask) == (row(made).bid, row(made).ask)
        assert quoted.price == reservation(row(made))
        widths.append(row(made).long_spread)
    assert widths == sorted(widths)
    assert widths[-1] > 4 * widths[0]
    assert row(made).short_spread == 500


def test_quotes_stand_off_from_the_oracle() -> None:
    """UPDATE-002, UPDATE-004: at once after a price, nobody buys below it from the vAMM."""
    made = page(vamm_spread_steps=spread.DEFAULT_STEPS)
    later(made, "100.5")
    (quoted,) = of(made, mechanisms.VammQuoted)
    assert 100_500_000 <= quoted.ask <= 100_700_000
    assert quoted.bid <= 99_950_000
    later(made, "99.5")
    (quoted,) = of(made, mechanisms.VammQuoted)
    assert 99_300_000 <= quoted.bid <= 99_500_000


def test_an_empty_pool_widens_both_sides_to_the_cap() -> None:
    """UPDATE-004: equity is the balance of the adjustments pool."""
    made = page(pool=0, vamm_spread_steps=spread.EQUITY | spread.CAP)
    assert (row(made).long_spread, row(made).short_spread) == (5_000, 5_000)
    made.do(commands.FundPool(0, codes.POOL_ADJUSTMENTS, POOL), OPERATOR)
    made.now += 1_000
    assert crank(made)
    assert (row(made).long_spread, row(made).short_spread) == (500, 500)
    (quoted,) = of(made, mechanisms.VammQuoted)
    assert (quoted.bid, quoted.ask) == (99_950_000, 100_050_000)


def test_unchanged_quotes_are_not_reported() -> None:
    """UPDATE-005: an event only when a quote or a spread changed."""
    made = page(vamm_spread_steps=spread.INVENTORY | spread.CAP)
    later(made, "100")
    assert not of(made, mechanisms.VammQuoted)


def test_spreads_need_the_cap() -> None:
    """UPDATE-004: parameters that could quote below zero are refused."""
    broken = [number for number, _ in market(vamm_enabled=1, vamm_spread_steps=127).problems()]
    assert broken == [35]


# Health -----------------------------------------------------------------------------------


def test_a_divergence_restricts_and_its_end_releases() -> None:
    """HEALTH-008, HEALTH-009: each broken bound is told with its numbers, once."""
    made = page(health_divergence_max=200_000)
    later(made, "120", 300_000)
    assert not of(made, mechanisms.MarketRestricted)
    later(made, "126", 300_000)
    told = [(e.what, e.value, e.limit) for e in of(made, mechanisms.MarketRestricted)]
    # The averages are of clipped prices, so that only the last price is that far away.
    assert told == [(health.MARK_ORACLE, 206_349, 200_000)]
    assert made.state.markets[0].effective_mode() == codes.RESTRICTED
    later(made, "126", 300_000)
    assert not [e for e in of(made, mechanisms.MarketRestricted) if e.what == health.MARK_ORACLE]
    assert made.state.markets[0].effective_mode() == codes.RESTRICTED
    found = []
    for _ in range(2):
        later(made, "101", 300_000)
        found += of(made, mechanisms.MarketReleased)
    (released,) = found
    assert (released.mark, released.oracle) == (100_000_000, 101_000_000)
    assert made.state.markets[0].effective_mode() == codes.ACTIVE


def test_an_unmeasured_bound_stays_as_it_was() -> None:
    """HEALTH-010: a silent oracle releases nobody."""
    made = page(health_divergence_max=200_000, health_imbalance_max=800_000)
    later(made, "130")
    assert of(made, mechanisms.MarketRestricted)
    made.now += 2 * HOUR
    assert crank(made)
    assert made.state.markets[0].unhealthy & (1 << health.MARK_ORACLE)
    assert not of(made, mechanisms.MarketReleased)


def test_an_inventory_at_its_bound_restricts() -> None:
    """HEALTH-008: the inventory ratio is judged at a trade."""
    made = page(health_imbalance_max=10_000)
    made.play("alice buy 30 market")
    told = [(e.what, e.limit) for e in of(made, mechanisms.MarketRestricted)]
    assert told == [(health.IMBALANCE, 10_000)]
    made.play("alice sell 30 market reduce")
    assert of(made, mechanisms.MarketReleased)


def test_switching_health_off_releases() -> None:
    """HEALTH-008: without bounds no market is restricted."""
    made = page(health_imbalance_max=1_000)
    made.play("alice buy 30 market")
    assert made.state.markets[0].unhealthy
    plain = market(vamm_enabled=1, oracle_max_age_ms=HOUR)
    made.do(commands.SetMarketParams(0, plain), OPERATOR)
    assert crank(made)
    assert of(made, mechanisms.MarketReleased)


def test_a_long_history_keeps_every_pool_and_the_curve() -> None:
    """REPEG-005, UPDATE-001: trades and prices for an hour; the sweep of invariants runs each."""
    made = page(
        pool=1_000_000, repeg=2, vamm_spread_steps=255, health_divergence_max=200_000,
        health_imbalance_max=800_000, taker_fee=500,
    )  # fmt: skip
    prices = ("103", "98", "112", "91", "107.3", "100", "84", "99.5")
    for number in range(48):
        later(made, prices[number % len(prices)], 75_000)
        side = "buy" if number % 5 < 3 else "sell"
        made.apply(
            made.command("alice", f"{side} {7 + number % 11} market".split(), 0),
            made.owner("alice"),
        )
        for pool in ("adjustments", "funding", "insurance"):
            assert cash(made, pool) >= 0
    assert row(made).repegs > 10
