"""A seeded generator of random commands over markets with every mechanism on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plimsoll.messages import codes, commands, events, mechanisms
from plimsoll.messages.params import MarketParams
from tests.harness import commands_gen as plain
from tests.harness import hostile_gen
from tests.harness import mechanism_keepers as keepers
from tests.harness.commands_gen import Made
from tests.harness.mechanism_world import MechanismWorld
from tests.harness.world import KEEPER, OPERATOR, ORACLE, TRADERS, Stamped, World

HOSTILE = 0.06
AMOUNT_MAX = 2**62 - 1
PRICE_MAX = 2**46 - 1
Maker = Callable[[Any], Made]


def market_order(w: MechanismWorld) -> Made:
    """A market order that goes into an auction, sometimes with an extra fee for keepers."""
    market, side = w.rng.randrange(2), w.rng.randrange(2)
    price = w.eager_price(market, side) if w.chance(0.3) else 0
    made, sender = plain.place(
        w, w.account(), market, side, kind=codes.MARKET, tif=codes.IOC, price=price,
        size=w.some_size(market, 1.8, 4.8), keeper_fee=extra(w),
        client_order_id=f"m{w.rng.randrange(9)}" if w.chance(0.2) else "",
    )  # fmt: skip
    return made, sender


def extra(w: MechanismWorld) -> int:
    """An extra fee: mostly none, sometimes too much."""
    draw = w.rng.random()
    if draw < 0.75:
        return 0
    return w.rng.randint(1, 2_000_000) if draw < 0.97 else w.rng.choice((5_000_001, AMOUNT_MAX))


def rest(w: MechanismWorld) -> Made:
    """A resting order, sometimes with an extra fee, around the price."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    return plain.place(
        w, w.account(), market, side, price=w.passive_price(market, side),
        size=w.some_size(market, 1.5, 4.6), keeper_fee=extra(w),
        expires_ms=w.now + w.rng.randint(1, 20_000) if w.chance(0.25) else 0,
    )  # fmt: skip


def leveraged(w: MechanismWorld) -> Made:
    """About as large a position as an account may just carry."""
    account, market, side = w.account(), w.rng.randrange(3), w.rng.randrange(2)
    equity, needed = w.worth(account)
    free = max(0, equity - 2 * needed)
    part = w.rng.choice((0.3, 0.6, 0.85, 0.95))
    worth = free * 10**6 // w.params[market].imr * part
    step = w.params[market].step
    size = max(step, int(worth * 10**9 / w.prices[market]) // step * step)
    return plain.place(
        w, account, market, side, kind=codes.MARKET, tif=codes.IOC, size=size, price=0
    )


def big_quote(w: MechanismWorld) -> Made:
    """Liquidity for those: a large order near the oracle."""
    market, side = w.rng.randrange(3), w.rng.randrange(2)
    return plain.place(
        w, w.account(), market, side, price=w.passive_price(market, side),
        size=w.some_size(market, 3.5, 5.5),
    )  # fmt: skip


def trigger(w: MechanismWorld) -> Made:
    """A stop or a take-profit; sometimes an entry, sometimes one that is reached already."""
    held = w.holding() if w.chance(0.6) else None
    if held is not None:
        account, market, base = held
        side = w.closing_side(base)
        step = w.params[market].step
        size = max(step, int(abs(base) * w.rng.choice((0.5, 1.0, 1.5))) // step * step)
    else:
        account, market, side = w.account(), w.rng.randrange(3), w.rng.randrange(2)
        size = w.some_size(market, 1.2, 4.2)
    direction = w.rng.randrange(2)
    away = w.rng.expovariate(1 / 0.004) * (1 if direction == codes.ABOVE else -1)
    if w.chance(0.08):
        away = -away
    price = w.on_tick(market, w.prices[market] * (1 + away) + w.params[market].tick)
    limit = w.chance(0.4)
    tif = w.rng.choice((codes.GTC, codes.IOC)) if limit else w.rng.choice((codes.IOC, codes.FOK))
    expires = w.now + w.rng.randint(100, 60_000) if limit and w.chance(0.2) else 0
    return (
        commands.PlaceTrigger(
            account, market, side, codes.LIMIT if limit else codes.MARKET, tif,
            w.eager_price(market, side) if limit else 0, size, held is not None and w.chance(0.8),
            price, direction, expires if tif == codes.GTC else 0,
            f"t{w.rng.randrange(9)}" if w.chance(0.15) else "",
        ),
        w.sender(account),
    )  # fmt: skip


def asked(w: MechanismWorld, e: mechanisms.AuctionStarted) -> int:
    """About what an auction asks now."""
    part = min(1.0, (w.now - e.started_ms) / max(1, e.ends_ms - e.started_ms))
    return int(e.start + (e.end - e.start) * part)


def offer(w: MechanismWorld) -> Made:
    """An offer for a live auction: at what it asks, better, or worse."""
    running = w.running() if w.chance(0.95) else list(w.auctions.values())
    if not running:
        return market_order(w)
    e = w.rng.choice(running)
    tick, step = w.params[e.market].tick, w.params[e.market].step
    better = -1 if e.side == codes.BUY else 1
    away = w.rng.choice((0, 0, 1, 2, 5, 30, 200, -1, -3)) * tick * better
    price = max(tick, (asked(w, e) // tick + (e.side == codes.SELL)) * tick + away)
    size = max(step, int(e.size * w.rng.choice((0.2, 0.5, 1.0, 1.0, 2.0))) // step * step)
    account = e.account if w.chance(0.03) else w.account()
    return commands.OfferAuction(account, e.auction, price, size), w.sender(account)


def repeg(w: MechanismWorld) -> Made:
    """The operator moves a peg, mostly a little toward the oracle."""
    market = w.rng.choice((0, 0, 1, 1, 2))
    peg = w.pegs[market] or 1
    draw = w.rng.random()
    if draw < 0.5:
        # Where the mark is furthest from the oracle, most of the way: what that costs is felt.
        gaps = [w.prices[at] / max(1, w.marks[at]) - 1 for at in range(2)]
        market = max(range(2), key=lambda at: abs(gaps[at]))
        part = w.rng.choice((0.1, 0.5, 0.8, 0.97))
        peg = max(1, int(w.pegs[market] * (1 + part * gaps[market])))
    elif draw < 0.65:
        peg = max(1, int(peg * (1 + w.rng.gauss(0, 0.002))))
    elif draw < 0.8:
        peg = max(1, int(peg * (1 + w.rng.gauss(0, 0.08))))
    elif draw < 0.85:
        peg = w.rng.choice((1, PRICE_MAX))
    return commands.Repeg(market, peg), OPERATOR


def fund_pool(w: MechanismWorld) -> Made:
    """The operator gives a pool money."""
    kinds = (codes.POOL_ADJUSTMENTS, codes.POOL_FUNDING, codes.POOL_INSURANCE)
    amount = w.rng.randint(1, 3 * 10**8) if w.chance(0.95) else AMOUNT_MAX
    return commands.FundPool(w.rng.choice((0, 1, 2, 9)), w.rng.choice(kinds), amount), OPERATOR


def cash_out(w: MechanismWorld) -> Made:
    """Take out about all that an account could spare, profit that is not realised included."""
    held = w.holding()
    account = held[0] if held is not None else w.account()
    equity, needed = w.worth(account)
    amount = int((equity - 2 * needed) * w.rng.choice((0.5, 0.8, 0.95, 1.0)))
    return commands.Withdraw(account, 0, max(1, amount), w.fresh_name()), w.sender(account)


def cancel_live(w: MechanismWorld) -> Made:
    """Cancel an auction or a trigger, or all of an account."""
    live: list[tuple[int, int]] = [(e.account, e.auction) for e in w.auctions.values()]
    live += [(e.account, e.order) for e in w.triggers.values()]
    if not live:
        return plain.cancel_all(w)
    account, ident = w.rng.choice(live)
    if w.chance(0.1):
        return commands.CancelAll(account, w.rng.choice((-1, 0, 1))), w.sender(account)
    return commands.CancelOrder(account, ident, ""), w.sender(account)


def tick(w: MechanismWorld) -> Made:
    """The house at work, with limits."""
    limit = w.rng.choice((0, 1, 2, 5, 100))
    return commands.Tick(limit), w.rng.choice((KEEPER, ORACLE, OPERATOR))


def crash(w: MechanismWorld) -> Made:
    """A market falls or jumps, by more than most can carry."""
    points = w.walk()
    market = w.rng.randrange(3)
    step = w.rng.choice((-1, 1)) * w.rng.uniform(0.02, 0.09)
    w.drift[market] = max(-0.5, min(0.5, w.drift[market] + step))
    points[market].price = max(1, int(points[market].price * (1 + step)))
    return commands.OraclePrices(points), ORACLE


def shock(w: MechanismWorld) -> Made:
    """A price far from its average: it liquidates nobody, and is gone with the next one."""
    points = w.walk()
    market = w.rng.randrange(3)
    points[market].price = int(points[market].price * w.rng.choice((0.42, 0.6, 1.55, 2.1)))
    account, sender = w.keeper()
    for held in sorted(w.base):
        if held[1] == market and w.base[held] and w.chance(0.3):
            w.at_once.append((commands.Liquidate(held[0], account), sender))
    w.at_once = w.at_once[-3:]
    return commands.OraclePrices(points), ORACLE


def changed(w: MechanismWorld, market: int, **new: int) -> commands.SetMarketParams:
    """A market's parameters with some replaced."""
    names = [name for name, _ in MarketParams.FIELDS]
    values: dict[str, Any] = dict(zip(names, w.params[market].row(), strict=True))
    values.update(new)
    return commands.SetMarketParams(market, MarketParams(**values))


def blocked(w: MechanismWorld) -> Made:
    """Funding falls due while the last price is too uncertain by what was just decided."""
    market = w.rng.randrange(3)
    back = changed(w, market)
    w.at_once = [(back, OPERATOR), (commands.UpdateFunding(market, -1), KEEPER)]
    return changed(w, market, oracle_confidence_max=1), OPERATOR


def settings(w: MechanismWorld) -> Made:
    """The operator changes what a market does."""
    market = w.rng.randrange(3)
    if w.chance(0.35):
        mode = w.rng.choice((codes.RESTRICTED, codes.REDUCE_ONLY, codes.HALTED))
        return commands.SetMarketMode(market, mode), OPERATOR
    values: dict[str, int] = {}
    values["taker_fee"] = w.rng.choice((300, 500, 700))
    values["maker_rebate"] = w.rng.choice((0, 100, 250))
    values["keeper_flat_fee"] = w.rng.choice((0, 5_000, 10_000))
    values["liquidation"] = int(w.chance(0.93))
    values["funding_period_s"] = w.rng.choice((3_600, 3_600, 7_200))
    if market < 2:
        values["liquidation_penalty"] = w.rng.choice((5_000, 10_000))
        values["liquidation_auction"] = int(w.chance(0.5))
        values["auction_batch_ms"] = w.rng.choice((0, 300, 800))
        values["repeg"] = w.rng.choice((1, 2))
        values["vamm_limits"] = int(w.chance(0.85))
    elif w.chance(0.3):
        values["funding_period_s"] = 0
    return changed(w, market, **values), OPERATOR


def hostile(w: MechanismWorld) -> Made:
    """Values at the edge of what can be said, and what nobody should send."""
    account, sender = w.keeper()
    anybody = w.rng.choice((*TRADERS, ORACLE, KEEPER, OPERATOR))
    some = w.account()
    tick = w.params[0].tick
    top = PRICE_MAX // tick * tick
    size = AMOUNT_MAX // w.params[0].step * w.params[0].step
    live = w.rng.choice(list(w.auctions)) if w.auctions else 3
    choices: list[Made] = [
        (commands.OfferAuction(some, live, top, size), w.sender(some)),
        (commands.OfferAuction(some, live, tick, size), w.sender(some)),
        (commands.OfferAuction(some, live, tick + 1, 1), w.sender(some)),
        (commands.OfferAuction(some, 2**53 - 1, top, size), w.sender(some)),
        (commands.SettleAuction(2**53 - 1, account), sender),
        (commands.FireTrigger(2**53 - 1, account), sender),
        (commands.MatchLimit(2**53 - 1, account), sender),
        (commands.ExpireOrder(2**53 - 1, account), sender),
        (commands.SettleAuction(live, some), sender),
        (commands.Liquidate(some, account), w.sender(some)),
        (commands.SettleFunding(some), anybody),
        (commands.Repeg(0, w.pegs[0]), anybody),
        (commands.FundPool(0, codes.POOL_INSURANCE, AMOUNT_MAX), anybody),
        (commands.UpdateFunding(0, some), anybody),
        (
            commands.PlaceTrigger(
                some, w.rng.randrange(3), 0, codes.MARKET, codes.IOC, 0, size, False, top, 0, 0, ""
            ),
            w.sender(some),
        ),
        (
            commands.PlaceTrigger(
                some, 0, 0, codes.MARKET, w.rng.choice((codes.GTC, codes.IOC)), 0,
                w.params[0].step, False, top, 0, w.rng.choice((0, 5)), "",
            ),
            w.sender(some),
        ),
    ]  # fmt: skip
    return w.rng.choice(choices)


KINDS: list[tuple[Maker, float]] = [
    (rest, 12), (big_quote, 8), (market_order, 12), (leveraged, 8), (trigger, 5), (offer, 14),
    (keepers.settle, 6), (keepers.match, 4), (keepers.fire, 2.5), (keepers.liquidate, 6),
    (keepers.funding, 1.2), (keepers.settle_funding, 0.8), (keepers.expire, 1.2),
    (keepers.update_market, 1.5), (repeg, 1.6), (fund_pool, 0.25), (cancel_live, 2), (tick, 7),
    (crash, 0.5), (shock, 0.25), (settings, 0.3), (cash_out, 1.0),
    (plain.pile, 1.5), (plain.open_account, 0.15), (plain.quote, 4), (plain.take, 2),
    (plain.cross, 3), (plain.hit, 4), (plain.reduce, 4), (plain.close, 3), (plain.cancel, 2),
    (plain.amend, 3), (plain.batch, 1.5), (plain.oracle, 12), (plain.deposit, 1.2),
    (plain.withdraw, 1.5), (plain.transfer, 0.6), (plain.ladder, 1.5),
]  # fmt: skip


class MechanismGenerator:
    """An endless stream of commands; tell it the events of each."""

    def __init__(self, seed: int, hostile: float = HOSTILE) -> None:
        self.world = MechanismWorld(seed)
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
        w.advance()
        if w.long_pause and w.chance(0.1):
            made = blocked(w)
        elif w.now - w.published > 20_000 and w.chance(0.4):
            made = plain.oracle(w)
        elif any(mode != codes.ACTIVE for mode in w.modes) and w.chance(0.05):
            made = plain.reopen(w)
        elif w.chance(self.hostile):
            made = hostile(w) if w.chance(0.6) else hostile_gen.attack(w)
        else:
            made = w.rng.choices(self.kinds, self.weights)[0](w)
        w.long_pause = False
        return Stamped(made[0], w.now, made[1])

    def learn(self, command: commands.Command, found: list[events.Event]) -> None:
        """Take over the events of the last command."""
        self.world.learn(found)
        c = command
        changed = isinstance(c, commands.SetMarketParams) and c.market < 3
        if changed and any(isinstance(e, events.MarketParamsSet) for e in found):
            self.world.params[c.market] = c.params  # type: ignore[attr-defined]


__all__ = ["MechanismGenerator", "World"]
