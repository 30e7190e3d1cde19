"""Commands nobody should send, within the bounds of the codec: a fifth of a random run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plimsoll.messages import codes, commands
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness.world import (
    KEEPER,
    MIXED,
    NOBODY,
    OPERATOR,
    ORACLE,
    START_MS,
    TRADERS,
    World,
)

AMOUNT_MAX = 2**62 - 1
PRICE_MAX = 2**46 - 1
Made = tuple[commands.Command, int]


def order_with(w: World, **given: int | str | bool) -> commands.PlaceOrder:
    """A plausible order with some fields replaced."""
    market = w.rng.randrange(3)
    side = w.rng.randrange(2)
    order = commands.PlaceOrder(
        w.account(), market, side, codes.LIMIT, w.rng.choice((codes.GTC, codes.IOC)),
        w.passive_price(market, side), w.some_size(market), codes.POST_NONE, False, 0, "",
    )  # fmt: skip
    for name, value in given.items():
        setattr(order, name, value)
    return order


def own(w: World, order: commands.PlaceOrder) -> Made:
    """Sent by its owner."""
    return order, w.sender(order.account)


def stranger(w: World) -> Made:
    """Somebody else's account, order or money; strangers to the exchange."""
    account = w.account()
    sender = w.rng.choice((*TRADERS, ORACLE, KEEPER, NOBODY, MIXED, OPERATOR, 17, 9_999, -1))
    order = w.order()
    choices: list[commands.Command] = [
        order_with(w, account=account),
        commands.CancelAll(account, -1),
        commands.Withdraw(account, 0, 10**6, w.fresh_name()),
        commands.Transfer(account, w.account(), 0, 10**6),
        commands.Deposit(account, 0, 10**6, w.fresh_name()),
        commands.CreateAccount(w.rng.choice(TRADERS), -1, "x"),
        commands.Tick(1),
    ]
    if order is not None:
        choices += [
            commands.CancelOrder(order.account, order.ident, ""),
            commands.CancelOrder(account, order.ident, ""),
            commands.AmendOrder(order.account, order.ident, order.price, 10**9),
        ]
    return w.rng.choice(choices), sender


def wrong_role(w: World) -> Made:
    """Commands of operators and oracles from anybody."""
    sender = w.rng.choice((*TRADERS, KEEPER, NOBODY, ORACLE))
    choices: list[commands.Command] = [
        commands.CreatePrincipal(w.fresh_name(), 127),
        commands.SetGlobalParams(GlobalParams()),
        commands.CreateAsset(w.fresh_name(), 6),
        commands.SetMarketMode(0, codes.HALTED),
        commands.FundVamm(0, 1),
        commands.SetMarketParams(0, w.params[0]),
        commands.OraclePrices(w.walk()),
        order_with(w),
    ]
    return w.rng.choice(choices), sender


def off_grid(w: World) -> Made:
    """Prices and sizes between the marks, and too little worth."""
    order = order_with(w)
    draw = w.rng.randrange(4)
    if draw == 0:
        order.price += 1
    elif draw == 1:
        order.size += w.rng.randint(1, 999)
    elif draw == 2:
        order.size = w.params[order.market].step
    else:
        order.size = 1
    return own(w, order)


def huge(w: World) -> Made:
    """Amounts at the edge of what can be said."""
    order = order_with(w)
    step, tick = w.params[order.market].step, w.params[order.market].tick
    draw = w.rng.randrange(6)
    if draw == 0:
        order.size = AMOUNT_MAX // step * step
    elif draw == 1:
        order.size = 2 ** w.rng.randint(45, 61) // step * step
    elif draw == 2:
        order.price = PRICE_MAX // tick * tick
    elif draw == 3:
        order.size, order.kind, order.tif = 2**61 // step * step, codes.MARKET, codes.IOC
        order.price = 0
    elif draw == 4:
        command = commands.Deposit(order.account, w.rng.randrange(2), AMOUNT_MAX, w.fresh_name())
        return command, OPERATOR
    else:
        command2 = commands.Withdraw(order.account, 0, AMOUNT_MAX, w.fresh_name())
        return command2, w.sender(order.account)
    return own(w, order)


def reused(w: World) -> Made:
    """External ids and client ids a second time, or empty."""
    account = w.account()
    used = f"n{w.rng.randint(max(1, w.serial - 60), max(1, w.serial))}"
    name = w.rng.choice((used, used, used, ""))
    choices: list[Made] = [
        (commands.Deposit(account, 0, 10**6, name), OPERATOR),
        (commands.Withdraw(account, 0, 1, name), w.sender(account)),
    ]
    order = w.order()
    if order is not None and order.client:
        again = order_with(w, account=order.account, client_order_id=order.client)
        choices.append(own(w, again))
    return w.rng.choice(choices)


def unknown(w: World) -> Made:
    """Ids that do not exist, and accounts of the wrong kind."""
    account = w.account()
    sender = w.sender(account)
    far = w.rng.choice((500, 2**31 - 1))
    system = w.rng.choice((0, 1, 2, 3, 4, 5, 7))
    choices: list[Made] = [
        (order_with(w, account=far), sender),
        (order_with(w, account=account, market=far), sender),
        (order_with(w, account=system), MIXED),
        (commands.CancelOrder(account, w.rng.choice((0, 1, 2**53 - 1)), ""), sender),
        (commands.CancelOrder(account, 0, "nosuch"), sender),
        (commands.CancelAll(account, far), sender),
        (commands.AmendOrder(account, 2**40, 10**9, 10**9), sender),
        (commands.Deposit(account, far, 1, w.fresh_name()), OPERATOR),
        (commands.Deposit(system, 0, 1, w.fresh_name()), OPERATOR),
        (commands.Withdraw(system, 0, 1, w.fresh_name()), OPERATOR),
        (commands.Withdraw(account, 7, 1, w.fresh_name()), sender),
        (commands.Transfer(account, account, 0, 1), sender),
        (commands.Transfer(account, far, 0, 1), sender),
        (commands.Transfer(account, account, 9, 1), sender),
        (commands.FundVamm(far, 1), OPERATOR),
        (commands.FundVamm(2, 1), OPERATOR),
        (commands.FundVamm(0, 10**15), OPERATOR),
        (commands.SetMarketMode(far, 0), OPERATOR),
        (commands.CreateAccount(far, -1, "x"), OPERATOR),
        (commands.CreateAccount(w.rng.choice(TRADERS), system, "x"), OPERATOR),
        (commands.CreateAccount(sender, far, "x"), sender),
    ]
    return w.rng.choice(choices)


def contradictory(w: World) -> Made:
    """Fields that do not go together."""
    order = order_with(w)
    draw = w.rng.randrange(7)
    if draw == 0:
        order.kind, order.tif = codes.MARKET, codes.GTC
    elif draw == 1:
        order.price = 0
    elif draw == 2:
        order.post, order.tif = codes.POST_REJECT, codes.IOC
    elif draw == 3:
        order.expires_ms, order.tif = w.now + 1_000, codes.IOC
    elif draw == 4:
        order.expires_ms, order.tif = w.now - w.rng.choice((0, 1, 10**6)), codes.GTC
    elif draw == 5:
        order.reduce_only = True
    else:
        order.price = w.on_tick(order.market, order.price * w.rng.choice((0.5, 0.88, 1.12, 3)))
    return own(w, order)


def bad_prices(w: World) -> Made:
    """Oracle prices that are old, early, negative, wild or vague."""
    points = w.walk()
    if w.now - w.published > 80_000_000:
        return commands.OraclePrices(points), ORACLE  # after a long silence anything goes: spare it
    for point in points:
        draw = w.rng.randrange(9)
        if draw == 0:
            point.price = w.rng.choice((0, -1, -AMOUNT_MAX, AMOUNT_MAX))
        elif draw == 1:
            point.published_ms = w.rng.choice((0, START_MS, w.published))
        elif draw == 2:
            point.published_ms = w.now + w.rng.choice((5_001, 10**9))
        elif draw == 3:
            point.price *= w.rng.choice((6, 1_000))
        elif draw == 4:
            point.price = point.price // 7
        elif draw == 5:
            point.confidence = w.rng.choice((point.price // 40, AMOUNT_MAX))
        elif draw == 6:
            point.market = w.rng.choice((3, 2**31 - 1))
        elif draw == 7:
            point.market = 0
    return commands.OraclePrices(points), ORACLE


def bad_batch(w: World) -> Made:
    """Batches that are too long, or full of refusals."""
    account = w.account()
    items: list[commands.Command] = []
    for _ in range(w.rng.choice((2, 3, 5, 13, 50))):
        maker = w.rng.choice((off_grid, huge, contradictory, stranger, unknown))
        item, _ = maker(w)
        if isinstance(item, commands.PlaceOrder):
            item.account = account
            items.append(item)
        else:
            items.append(order_with(w, account=account))
    return commands.Batch(w.chance(0.3), items), w.sender(account)


def bad_amend(w: World) -> Made:
    """Amendments of what is not there, to what is there already, or to nonsense."""
    order = w.order()
    if order is None:
        return off_grid(w)
    step, tick = w.params[order.market].step, w.params[order.market].tick
    price, size = w.rng.choice(
        (
            (order.price, max(1, order.remaining)),
            (order.price, 1),
            (order.price, step),
            (order.price + 1, max(1, order.remaining)),
            (order.price, max(1, order.remaining + 1)),
            (min(order.price * 2, PRICE_MAX) // tick * tick, max(1, order.remaining)),
            (order.price, AMOUNT_MAX // step * step),
            (w.eager_price(order.market, order.side), max(1, order.remaining * 3)),
        )
    )
    account = order.account if w.chance(0.9) else w.account()
    return commands.AmendOrder(account, order.ident, price, size), w.sender(account)


def bad_params(w: World) -> Made:
    """Parameter sets that break a rule, or the shape of a market."""
    market = w.rng.randrange(3)
    names = [name for name, _ in MarketParams.FIELDS]
    values: dict[str, Any] = dict(zip(names, w.params[market].row(), strict=True))
    name, value = w.rng.choice(
        (
            ("symbol", ""), ("symbol", "XYZ"), ("tick", 7), ("step", 3), ("mmr", 0), ("imr", 1),
            ("maker_rebate", 900), ("taker_fee", 30_000), ("split_vault", 1), ("price_band", 0),
            ("market_slippage", 0), ("market_slippage", 999_999), ("oracle_max_age_ms", 0),
            ("oracle_jump_max", 10**6), ("oracle_reset_ms", 1), ("vamm_base_spread", 0),
            ("vamm_max_spread", 60_000), ("vamm_concentration", 10**6), ("vamm_sqrt_k", 1),
            ("vamm_max_fill_fraction", 0), ("vamm_sqrt_k", 2**60), ("vamm_peg", 5),
        )
    )  # fmt: skip
    values[name] = value
    params = MarketParams(**values)
    if w.chance(0.3):
        return commands.CreateMarket(params), OPERATOR
    limits = GlobalParams(open_orders_max=w.rng.choice((0, 1_001)))
    if w.chance(0.2):
        return commands.SetGlobalParams(limits), OPERATOR
    if w.chance(0.2):
        name2 = w.rng.choice(("USD", "BTC"))
        return commands.CreateAsset(name2, 1), OPERATOR
    if w.chance(0.2):
        return commands.CreatePrincipal(w.rng.choice(("operator", "mixed")), 1), OPERATOR
    return commands.SetMarketParams(market, params), OPERATOR


ATTACKS: list[tuple[Callable[[World], Made], float]] = [
    (stranger, 3), (wrong_role, 1.5), (off_grid, 2), (huge, 2.5), (reused, 2), (unknown, 2),
    (contradictory, 3), (bad_prices, 1.5), (bad_batch, 0.7), (bad_amend, 2), (bad_params, 1),
]  # fmt: skip


def attack(w: World) -> Made:
    """One hostile command."""
    kinds = [kind for kind, _ in ATTACKS]
    weights = [weight for _, weight in ATTACKS]
    made: Made = w.rng.choices(kinds, weights)[0](w)
    return made
