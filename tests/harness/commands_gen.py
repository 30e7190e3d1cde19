"""A seeded generator of random commands: a small market in full swing, a fifth of it hostile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness import edges_gen, hostile_gen
from tests.harness.world import KEEPER, LIMITS, OPERATOR, ORACLE, Stamped, World

HOSTILE = 0.2
EDGE = 0.03
Made = tuple[commands.Command, int]


def place(w: World, account: int, market: int, side: int, **given: int | str | bool) -> Made:
    """An order with defaults, sent by the owner of its account."""
    fields: dict[str, int | str | bool] = {
        "kind": codes.LIMIT,
        "tif": codes.GTC,
        "price": 0,
        "size": 0,
        "post": codes.POST_NONE,
        "reduce_only": False,
        "expires_ms": 0,
        "client_order_id": "",
        **given,
    }
    order = commands.PlaceOrder(account, market, side, **fields)  # type: ignore[arg-type]
    return order, w.sender(account)


def quote(w: World) -> Made:
    """A resting order: some post-only, some that expire, some with a client id."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    given: dict[str, int | str | bool] = {
        "price": w.passive_price(market, side),
        "size": w.some_size(market),
    }
    if w.chance(0.3):
        given["post"] = w.rng.choice((codes.POST_REJECT, codes.POST_SLIDE))
    if w.chance(0.25):
        given["expires_ms"] = w.now + w.rng.randint(1, 8_000)
    if w.chance(0.3):
        given["client_order_id"] = f"c{w.rng.randrange(12)}"
    return place(w, w.account(), market, side, **given)


def ladder(w: World) -> Made:
    """Orders at one round price in one millisecond, so that size and arrival decide."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    tick = w.params[market].tick
    coarse = max(tick, w.prices[market] // 500 // tick * tick)
    below = w.prices[market] // coarse * coarse
    price = below - coarse if side == codes.BUY else below + 2 * coarse
    made = [
        place(w, w.account(), market, side, price=price, size=w.some_size(market, 1.2, 4.0))
        for _ in range(w.rng.choice((1, 1, 2, 3)))
    ]
    w.at_once += made[1:]
    return made[0]


def stretch(w: World) -> Made:
    """As large a resting order as an account may just carry: the next move makes it too much."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    return place(
        w,
        w.account(),
        market,
        side,
        price=w.passive_price(market, side),
        size=w.some_size(market, 4.6, 6.3),
    )


def pile(w: World) -> Made:
    """A few more orders far away, for whom has the most open already."""
    if not w.orders:
        return quote(w)
    holders = [order.account for order in w.orders.values()]
    account = max(sorted(set(holders)), key=holders.count)
    made = []
    for _ in range(w.rng.randint(1, 4)):
        market, side = w.rng.randrange(3), w.rng.randrange(2)
        sign = -1 if side == codes.BUY else 1
        price = w.on_tick(market, w.prices[market] * (1 + sign * w.rng.uniform(0.02, 0.07)))
        size = w.some_size(market, 1.1, 2.5)
        made.append(place(w, account, market, side, price=price, size=size))
    w.at_once += made[1:]
    return made[0]


def take(w: World) -> Made:
    """A market order, sometimes with a worst price of its own."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    price = w.eager_price(market, side) if w.chance(0.4) else 0
    tif = codes.FOK if w.chance(0.3) else codes.IOC
    size = w.some_size(market, 1.2, 5.6)
    return place(w, w.account(), market, side, kind=codes.MARKET, tif=tif, price=price, size=size)


def cross(w: World) -> Made:
    """A limit order that wants to trade now."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    tif = w.rng.choice((codes.GTC, codes.IOC, codes.FOK, codes.FOK))
    size = w.some_size(market, 1.2, 5.3)
    return place(
        w, w.account(), market, side, tif=tif, price=w.eager_price(market, side), size=size
    )


def hit(w: World) -> Made:
    """A taker aimed at one resting order: same price, about its size."""
    order = w.order()
    if order is None:
        return take(w)
    step = w.params[order.market].step
    size = max(step, (order.remaining + w.rng.choice((-2, -1, 0, 0, 0, 1, 5)) * step))
    tif = w.rng.choice((codes.GTC, codes.IOC, codes.FOK))
    side = 1 - order.side
    account = order.account if w.chance(0.08) else w.account()
    return place(w, account, order.market, side, tif=tif, price=order.price, size=size)


def reduce(w: World) -> Made:
    """A reduce-only order, resting or taking, of less or more than the position."""
    held = w.holding()
    if held is None:
        return take(w)
    account, market, base = held
    side, step = w.closing_side(base), w.params[market].step
    part = w.rng.choice((0.2, 0.5, 1.0, 1.0, 1.7))
    size = max(step, int(abs(base) * part) // step * step)
    if w.chance(0.35):
        tif = w.rng.choice((codes.IOC, codes.FOK))
        return place(
            w, account, market, side, kind=codes.MARKET, tif=tif, size=size, reduce_only=True
        )
    price = w.passive_price(market, side)
    return place(w, account, market, side, price=price, size=size, reduce_only=True)


def close(w: World) -> Made:
    """A plain order that closes, or flips, a position."""
    held = w.holding()
    if held is None:
        return take(w)
    account, market, base = held
    step = w.params[market].step
    size = max(step, int(abs(base) * w.rng.choice((0.5, 1.0, 1.0, 1.3))) // step * step)
    return place(
        w, account, market, w.closing_side(base), kind=codes.MARKET, tif=codes.IOC, size=size
    )


def cancel(w: World) -> Made:
    """One order, by id or by client id."""
    order = w.order()
    if order is None:
        return quote(w)
    sender = OPERATOR if w.chance(0.05) else w.sender(order.account)
    if order.client and w.chance(0.7):
        return commands.CancelOrder(order.account, 0, order.client), sender
    return commands.CancelOrder(order.account, order.ident, ""), sender


def cancel_all(w: World) -> Made:
    """All orders of an account."""
    account = w.account()
    return commands.CancelAll(account, w.rng.choice((-1, 0, 1, 2))), w.sender(account)


def amend(w: World) -> Made:
    """Any change of an order: smaller, larger, elsewhere, across."""
    order = w.order()
    if order is None:
        return quote(w)
    market, step = order.market, w.params[order.market].step
    price = order.price
    if w.chance(0.5):
        price = w.passive_price(market, order.side) if w.chance(0.7) else w.some_price(market)
    part = w.rng.choice((0.3, 0.7, 1.0, 1.0, 1.5, 3.0))
    size = max(step, int(order.remaining * part) // step * step)
    return commands.AmendOrder(order.account, order.ident, price, size), w.sender(order.account)


def batch(w: World) -> Made:
    """Several commands of one sender; by chance all good or some bad."""
    account = w.account()
    sender = w.sender(account)
    items: list[commands.Command] = []
    for _ in range(w.rng.randint(1, 6)):
        maker = w.rng.choice((quote, ladder, hit, take, cancel, amend, reduce, cancel_all))
        item, _ = maker(w)
        if w.sender(item.account) != sender and w.chance(0.9):  # type: ignore[attr-defined]
            item.account = account  # type: ignore[attr-defined]
        items.append(item)
    return commands.Batch(w.chance(0.4), items), sender


def oracle(w: World) -> Made:
    """New prices."""
    return commands.OraclePrices(w.walk()), ORACLE


def tick(w: World) -> Made:
    """Overdue work."""
    return commands.Tick(w.rng.choice((0, 1, 3, 100))), w.rng.choice((KEEPER, ORACLE, OPERATOR))


def deposit(w: World) -> Made:
    """Money comes in; for whom the market was unkind too."""
    amount = int(10 ** w.rng.uniform(2, 5) * 10**6)
    asset = w.rng.choice((0, 0, 0, 1))
    account = w.account()
    sender = w.rng.choice((OPERATOR, w.sender(account)))
    return commands.Deposit(account, asset, amount, w.fresh_name()), sender


def withdraw(w: World) -> Made:
    """Money wants out, sometimes too much of it."""
    account = w.account()
    amount = int(10 ** w.rng.uniform(1, 5.3) * 10**6)
    asset = w.rng.choice((0, 0, 0, 1))
    return commands.Withdraw(account, asset, amount, w.fresh_name()), w.sender(account)


def transfer(w: World) -> Made:
    """Between accounts of one owner."""
    account = w.account()
    same = [a for a, owner in w.owners.items() if owner == w.sender(account)]
    amount = int(10 ** w.rng.uniform(1, 5) * 10**6)
    asset = w.rng.choice((0, 0, 0, 1))
    return (
        commands.Transfer(account, w.rng.choice(same), asset, amount),
        w.sender(account),
    )


def operate(w: World) -> Made:
    """The operator at work: modes, parameters, capital, the treasury."""
    market = w.rng.randrange(3)
    draw = w.rng.random()
    values: dict[str, Any]
    if draw < 0.25:
        mode = w.rng.choice((codes.RESTRICTED, codes.REDUCE_ONLY, codes.HALTED))
        return commands.SetMarketMode(market, mode), OPERATOR
    if draw < 0.5:
        values = dict(zip([n for n, _ in MarketParams.FIELDS], w.params[market].row(), strict=True))
        values["taker_fee"] = w.rng.choice((300, 500, 700))
        values["maker_rebate"] = w.rng.choice((0, 100, 250))
        values["price_band"] = w.rng.choice((80_000, 100_000, 120_000))
        values["vamm_base_spread"] = w.rng.choice((300, 500, 501, 900))
        values["split_vault"] = w.rng.choice((0, 50_000))
        values["split_insurance"] = 300_000 - values["split_vault"]
        return commands.SetMarketParams(market, MarketParams(**values)), OPERATOR
    if draw < 0.65:
        return commands.FundVamm(market, w.rng.randint(1, 3 * 10**9)), OPERATOR
    if draw < 0.75:
        account = commands.Withdraw(codes.TREASURY_ACCOUNT, 0, 10**6, w.fresh_name())
        return account, OPERATOR
    values = dict(zip([n for n, _ in GlobalParams.FIELDS], LIMITS.row(), strict=True))
    values["open_orders_max"] = w.rng.choice((6, 10, 10))
    values["open_deposits"] = int(w.chance(0.7))
    values["tick_work_max"] = w.rng.choice((2, 16))
    return commands.SetGlobalParams(GlobalParams(**values)), OPERATOR


def reopen(w: World) -> Made:
    """A market goes back to normal."""
    closed = [m for m in range(3) if w.modes[m] != codes.ACTIVE]
    market = w.rng.choice(closed or [0])
    return commands.SetMarketMode(market, codes.ACTIVE), OPERATOR


def open_account(w: World) -> Made:
    """One more account, until there are too many."""
    account = w.account()
    parent = w.rng.choice((-1, account))
    return commands.CreateAccount(w.sender(account), parent, w.fresh_name()), w.sender(account)


KINDS: list[tuple[Callable[[World], Made], float]] = [
    (quote, 20), (ladder, 5), (stretch, 6), (pile, 2), (take, 11), (cross, 7), (hit, 10),
    (reduce, 8), (close, 7), (cancel, 5), (cancel_all, 0.8), (amend, 8), (batch, 3), (oracle, 10),
    (tick, 2), (deposit, 1.2), (withdraw, 1.5), (transfer, 1.0), (operate, 0.5),
    (open_account, 0.05),
]  # fmt: skip


class Generator:
    """An endless stream of commands; tell it the events of each."""

    def __init__(self, seed: int, hostile: float = HOSTILE) -> None:
        self.world = World(seed)
        self.hostile = hostile
        self.queue = self.world.opening()
        self.kinds = [kind for kind, _ in KINDS]
        self.weights = [weight for _, weight in KINDS]

    def next(self) -> Stamped:
        """The next command."""
        if self.queue:
            return self.queue.pop(0)
        w = self.world
        if w.at_once:
            command, sender = w.at_once.pop()
            return Stamped(command, w.now, sender)
        at_bound = edges_gen.edge(w) if w.chance(EDGE) else None
        if at_bound is not None:
            return Stamped(at_bound[0], w.now, at_bound[1])
        w.advance()
        if w.now - w.published > 20_000 and w.chance(0.25):
            made = oracle(w)
        elif any(mode != codes.ACTIVE for mode in w.modes) and w.chance(0.06):
            made = reopen(w)
        elif w.chance(self.hostile):
            made = hostile_gen.attack(w)
        else:
            made = w.rng.choices(self.kinds, self.weights)[0](w)
        return Stamped(made[0], w.now, made[1])

    def learn(self, command: commands.Command, found: list[events.Event]) -> None:
        """Take over the events of the last command."""
        self.world.learn(found)
        made = edges_gen.follow_up(self.world, command, found)
        if made is not None:
            self.queue.append(Stamped(made[0], self.world.now, made[1]))
