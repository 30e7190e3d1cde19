"""The demonstration traders decide as described, and the same way for the same seed."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from plimsoll.messages import codes
from plimsoll.messages.commands import (
    AmendOrder,
    Batch,
    CancelAll,
    CancelOrder,
    Command,
    PlaceOrder,
)
from plimsoll.sim.agents import (
    BP,
    Arbitrageur,
    Explorer,
    MarketMaker,
    MomentumTrader,
    NoiseTaker,
)
from plimsoll.sim.population import cast
from plimsoll.sim.sight import OrderSight, Sight

PRICE = 60_000_000_000
TICK = 100_000
STEP = 1_000_000
NOW = 1_700_000_000_000


def sight(**changes: Any) -> Sight:
    """A calm BTC-USD market with an empty account of a million."""
    calm = Sight(
        now=NOW, market=0, account=9, tick=TICK, step=STEP, min_notional=10_000_000, imr=50_000,
        taker_fee=500, oracle=PRICE, oracle_valid=True, active=True, low=54_000_000_000,
        high=66_000_000_000, bid=0, ask=0, vamm_bid=59_970_000_000, vamm_ask=60_030_000_000,
        vamm_bid_size=8_000_000_000, vamm_ask_size=8_000_000_000, base=0,
        equity=1_000_000_000_000, free=1_000_000_000_000, orders=(),
    )  # fmt: skip
    return replace(calm, **changes)


def placed(commands: list[Command]) -> list[PlaceOrder]:
    """All orders placed, those of batches too."""
    found: list[PlaceOrder] = []
    for command in commands:
        items = command.items if isinstance(command, Batch) else [command]
        found += [item for item in items if isinstance(item, PlaceOrder)]
    return found


def test_maker_quotes_both_sides_around_the_oracle_post_only() -> None:
    """A ladder of post-only orders on the grid, bids under and asks over the oracle, one batch."""
    commands = MarketMaker().decide(sight(), NOW, Random(1))
    assert len(commands) == 1
    assert isinstance(commands[0], Batch)
    assert isinstance(commands[0].items[0], CancelAll)
    orders = placed(commands)
    bids = [one.price for one in orders if one.side == codes.BUY]
    asks = [one.price for one in orders if one.side == codes.SELL]
    assert len(bids) == len(asks) == MarketMaker.LEVELS
    assert max(bids) < PRICE < min(asks)
    assert all(one.post == codes.POST_SLIDE and one.tif == codes.GTC for one in orders)
    assert all(one.price % TICK == 0 and one.size % STEP == 0 for one in orders)


def test_maker_requotes_only_for_a_reason() -> None:
    """It leaves a good ladder alone, and replaces it when the price moved or an order is gone."""
    maker, rng = MarketMaker(), Random(1)
    ladder = placed(maker.decide(sight(), NOW, rng))
    rows = tuple(
        OrderSight(at, "buy", one.price, one.size, one.size, 0, "")
        for at, one in enumerate(ladder, 1)
    )
    assert maker.decide(sight(orders=rows), NOW + 1, rng) == []
    assert maker.decide(sight(orders=rows[1:]), NOW + 2, rng) != []
    moved = sight(orders=rows, oracle=PRICE + PRICE // 1_000)
    assert maker.decide(moved, NOW + 3, rng) != []


def test_maker_leans_against_its_inventory() -> None:
    """Long, it quotes lower than flat; at its limit it stops buying."""
    flat = placed(MarketMaker().decide(sight(), NOW, Random(1)))
    long = placed(MarketMaker().decide(sight(base=3_000_000_000), NOW, Random(1)))
    assert max(o.price for o in long if o.side == codes.BUY) < max(
        o.price for o in flat if o.side == codes.BUY
    )
    full = placed(MarketMaker().decide(sight(base=9_000_000_000), NOW, Random(1)))
    assert {one.side for one in full} == {codes.SELL}


def test_maker_leaves_when_the_oracle_is_stale() -> None:
    """Without a valid price it cancels what it has and places nothing."""
    row = OrderSight(1, "buy", PRICE, STEP, STEP, 0, "")
    commands = MarketMaker().decide(sight(oracle_valid=False, orders=(row,)), NOW, Random(1))
    assert [type(one) for one in commands] == [CancelAll]


@pytest.mark.parametrize(
    ("ask", "bid", "side"),
    [(59_900_000_000, 59_840_000_000, codes.BUY), (60_160_000_000, 60_100_000_000, codes.SELL)],
)
def test_arbitrageur_trades_the_vamm_toward_the_oracle(ask: int, bid: int, side: int) -> None:
    """An edge beyond the fee is taken with an IOC limit that leaves the fee standing."""
    seen = sight(vamm_ask=ask, vamm_bid=bid)
    orders = placed(Arbitrageur().decide(seen, NOW, Random(1)))
    assert orders
    for one in orders:
        assert (one.side, one.tif) == (side, codes.IOC)
        edge = PRICE - one.price if side == codes.BUY else one.price - PRICE
        assert edge * 1_000_000 >= PRICE * (seen.taker_fee + Arbitrageur.EDGE)


def test_arbitrageur_takes_stale_quotes_of_the_book() -> None:
    """A resting ask far under the oracle is bought."""
    orders = placed(Arbitrageur().decide(sight(ask=59_000_000_000), NOW, Random(1)))
    assert orders
    assert all(one.side == codes.BUY and one.price >= 59_000_000_000 for one in orders)


def test_arbitrageur_rests_inside_the_fee() -> None:
    """A divergence smaller than fee and edge is not worth trading."""
    near = sight(vamm_ask=PRICE - PRICE * 5 * BP // 1_000_000, vamm_bid=PRICE - PRICE // 1_000)
    assert Arbitrageur().decide(near, NOW, Random(1)) == []


def test_arbitrageur_stays_within_its_margin() -> None:
    """Without free margin it only closes what it holds."""
    poor = sight(vamm_ask=59_000_000_000, vamm_bid=58_000_000_000, free=0)
    assert Arbitrageur().decide(poor, NOW, Random(1)) == []
    short = replace(poor, base=-1_000_000_000)
    total = sum(one.size for one in placed(Arbitrageur().decide(short, NOW, Random(1))))
    assert 0 < total <= 1_000_000_000


def test_noise_taker_uses_market_and_ioc_orders_on_both_sides() -> None:
    """Over many decisions it buys and sells, by market and by limit, all immediate."""
    taker, rng = NoiseTaker(), Random(3)
    orders = [one for _ in range(400) for one in placed(taker.decide(sight(), NOW, rng))]
    assert {one.side for one in orders} == {codes.BUY, codes.SELL}
    assert {one.kind for one in orders} == {codes.LIMIT, codes.MARKET}
    assert {one.tif for one in orders} == {codes.IOC}
    assert len(orders) < 400


def test_noise_taker_closes_a_large_position() -> None:
    """Whenever it acts with too much on its hands it closes, reduce-only."""
    taker, rng = NoiseTaker(), Random(3)
    seen = sight(base=2_000_000_000)
    orders = [one for _ in range(50) for one in placed(taker.decide(seen, NOW, rng))]
    assert orders
    assert all(one.reduce_only and one.side == codes.SELL for one in orders)


def test_momentum_trader_follows_a_trend_and_leaves_a_range() -> None:
    """It buys a rising price, sells a falling one, and closes when the price goes nowhere."""
    for sign, side in ((1, codes.BUY), (-1, codes.SELL)):
        trader = MomentumTrader()
        orders: list[PlaceOrder] = []
        for at in range(trader.MEMORY):
            seen = sight(oracle=PRICE + sign * at * 10_000_000)
            orders = placed(trader.decide(seen, NOW, Random(1)))
        assert [one.side for one in orders] == [side]
    trader = MomentumTrader()
    for at in range(trader.MEMORY):
        seen = sight(oracle=PRICE + (at % 2) * 10_000_000, base=STEP * 500)
        orders = placed(trader.decide(seen, NOW, Random(1)))
    assert [one.reduce_only for one in orders] == [True]


def test_explorer_shows_every_kind_of_order() -> None:
    """One round holds FOK, expiring, named, amended, cancelled, reduce-only, post-only, atomic."""
    explorer, rng = Explorer(), Random(1)
    commands: list[Command] = []
    for at in range(1, 16):
        name = next((o.client_order_id for o in placed(commands[::-1]) if o.client_order_id), "")
        row = OrderSight(7, "sell", 60_240_000_000, 40 * STEP, 40 * STEP, 0, name)
        seen = sight(base=100 * STEP, orders=(row,) if name else ())
        commands += explorer.decide(seen, NOW + at, rng)
    orders = placed(commands)
    kinds = {type(one) for one in commands}
    assert {PlaceOrder, AmendOrder, CancelOrder, CancelAll, Batch} <= kinds
    assert {one.tif for one in orders} == {codes.GTC, codes.IOC, codes.FOK}
    assert any(one.expires_ms > NOW for one in orders)
    assert any(one.reduce_only and one.kind == codes.LIMIT for one in orders)
    assert any(one.post == codes.POST_REJECT for one in orders)
    assert any(isinstance(one, Batch) and one.atomic for one in commands)


def test_cast_is_the_same_for_a_seed_and_grows_without_change() -> None:
    """A trader's generator depends on the seed and its own name alone."""
    few, many = cast(["BTC-USD"], 3, 5), cast(["ETH-USD", "BTC-USD"], 20, 5)
    numbers = {one.name: one.rng.random() for one in many}
    assert [one.rng.random() for one in few] == [numbers[one.name] for one in few]
    other = cast(["BTC-USD"], 3, 6)
    assert other[0].rng.random() != cast(["BTC-USD"], 3, 5)[0].rng.random()
    assert len(numbers) == 40
