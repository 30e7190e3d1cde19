"""Commands exactly at a bound, or one unit past it: the last millisecond, the last cent."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from tests.harness.world import ORACLE, START_MS, World

Made = tuple[commands.Command, int]


def taker(w: World, market: int, side: int, price: int, size: int, tif: int) -> Made:
    """A plain limit order of somebody."""
    account = w.account()
    order = commands.PlaceOrder(
        account, market, side, codes.LIMIT, tif, price, size, codes.POST_NONE, False, 0, ""
    )
    return order, w.sender(account)


def last_moment(w: World) -> Made | None:
    """A taker meets an order in the millisecond it expires, or in the next one."""
    due = [order for order in w.orders.values() if order.expires >= w.now]
    if not due:
        return None
    order = w.rng.choice(due)
    w.now = order.expires + w.rng.choice((0, 1))
    if w.chance(0.2):
        return commands.Tick(100), ORACLE
    return taker(w, order.market, 1 - order.side, order.price, order.remaining, codes.IOC)


def last_fresh_moment(w: World) -> Made | None:
    """An order is placed when the oracle is as old as it may be, or a millisecond older."""
    when = w.published + 30_000 + w.rng.choice((0, 1))
    if w.published < START_MS or when < w.now:
        return None
    w.now = when
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    price = w.eager_price(market, side)
    return taker(w, market, side, price, w.some_size(market), w.rng.choice((0, 1)))


def edge_of_band(w: World) -> Made | None:
    """A limit at the edge of the price band, or one tick past it."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    tick = w.params[market].tick
    band = w.rng.choice((80_000, 100_000, 120_000))
    price = w.prices[market] * (10**6 + w.rng.choice((-1, 1)) * band) // 10**6
    price = max(tick, price // tick * tick + w.rng.choice((-1, 0, 1, 2)) * tick)
    return taker(w, market, side, price, w.some_size(market), w.rng.choice((0, 1)))


def edge_of_oracle(w: World) -> Made | None:
    """Prices that are just acceptable, or just not."""
    points = w.walk()
    early = w.now + 5_000 + w.rng.choice((0, 1)) if w.chance(0.2) else 0
    for point in points:
        if early:
            point.published_ms = early
        elif w.chance(0.4):
            point.confidence = point.price * 20_000 // 10**6 + w.rng.choice((0, 1))
        else:
            point.published_ms = w.published + w.rng.choice((0, 1))
    return commands.OraclePrices(points), ORACLE


def smallest_worth(w: World) -> Made | None:
    """An order of just the least worth, or a step less."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    step = w.params[market].step
    price = w.passive_price(market, side)
    steps = -(-w.params[market].min_notional * 10**9 // (price * step))
    size = max(1, steps + w.rng.choice((-1, 0))) * step
    return taker(w, market, side, price, size, codes.GTC)


EDGES = (last_moment, last_moment, last_fresh_moment, edge_of_band, edge_of_oracle, smallest_worth)


def edge(w: World) -> Made | None:
    """One command at a bound, if there is one to be at."""
    return w.rng.choice(EDGES)(w)


def follow_up(w: World, command: commands.Command, found: list[events.Event]) -> Made | None:
    """After a refused withdrawal: all that may leave, or one unit more."""
    if not found or not isinstance(found[0], events.Rejected):
        return None
    refusal = found[0]
    wanted = (codes.NOT_WITHDRAWABLE, codes.INSUFFICIENT_BALANCE)
    if refusal.code not in wanted or refusal.limit < 1 or w.chance(0.7):
        return None
    amount = refusal.limit + w.rng.choice((0, 1))
    if isinstance(command, commands.Withdraw):
        again = commands.Withdraw(command.account, command.asset, amount, w.fresh_name())
        return again, w.sender(command.account)
    if isinstance(command, commands.Transfer):
        to = commands.Transfer(command.source, command.target, command.asset, amount)
        return to, w.sender(command.source)
    return None
