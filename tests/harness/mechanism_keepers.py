"""What keepers send: right and wrong, in time, too early, and for what is over."""

from __future__ import annotations

from plimsoll.messages import codes, commands
from tests.harness.commands_gen import Made
from tests.harness.mechanism_world import MechanismWorld
from tests.harness.world import OPERATOR


def settle(w: MechanismWorld) -> Made:
    """A keeper settles an auction: the oldest, any, or one that is over."""
    account, sender = w.keeper()
    if w.auctions and w.chance(0.95):
        over = [a for a, e in w.auctions.items() if e.ends_ms < w.now]
        ident = over[0] if over else w.rng.choice(list(w.auctions))
    else:
        ident = w.rng.choice([*w.gone, 1])
    return commands.SettleAuction(ident, account), sender


def match(w: MechanismWorld) -> Made:
    """A keeper settles a resting order against the vAMM."""
    account, sender = w.keeper()
    best: list[int] = []
    for market in range(2):
        for side in range(2):
            mine = [o for o in w.orders.values() if o.market == market and o.side == side]
            if mine:
                sign = -1 if side == codes.BUY else 1
                best.append(min(mine, key=lambda o: sign * o.price).ident)
    if not best or w.chance(0.2):
        order = w.order()
        best = [order.ident if order is not None else 1]
    return commands.MatchLimit(w.rng.choice(best), account), sender


def fire(w: MechanismWorld) -> Made:
    """A keeper fires a trigger: one that is reached, or any."""
    account, sender = w.keeper()
    ready = [
        ident
        for ident, e in w.triggers.items()
        if (w.prices[e.market] >= e.trigger_price) == (e.direction == codes.ABOVE)
    ]
    if ready and w.chance(0.8):
        return commands.FireTrigger(w.rng.choice(ready), account), sender
    ident = w.rng.choice(list(w.triggers)) if w.triggers else 1
    return commands.FireTrigger(ident if w.chance(0.9) else 1, account), sender


def liquidate(w: MechanismWorld) -> Made:
    """A keeper liquidates the weakest account, or tries anybody."""
    account, sender = w.keeper()
    draw = w.rng.random()
    if draw < 0.75:
        victim = w.weakest()
    elif draw < 0.97:
        victim = w.account()
    else:
        victim = w.rng.choice((0, 1, 2, 3, 4, 7, 9_999))
    return commands.Liquidate(victim, account), sender


def funding(w: MechanismWorld) -> Made:
    """A keeper books funding."""
    account, sender = w.keeper()
    market = w.rng.randrange(3) if w.chance(0.97) else 7
    return commands.UpdateFunding(market, account), sender


def settle_funding(w: MechanismWorld) -> Made:
    """Somebody wants to see his funding."""
    held = w.holding()
    account = held[0] if held is not None else w.account()
    return commands.SettleFunding(account), w.sender(account) if w.chance(0.9) else OPERATOR


def expire(w: MechanismWorld) -> Made:
    """A keeper removes an expired order, or one that is not."""
    account, sender = w.keeper()
    old = [o.ident for o in w.orders.values() if 0 < o.expires < w.now]
    order = w.order()
    if old and w.chance(0.8):
        ident = w.rng.choice(old)
    else:
        ident = order.ident if order is not None else 1
    return commands.ExpireOrder(ident, account), sender


def update_market(w: MechanismWorld) -> Made:
    """A keeper cranks a market."""
    account, sender = w.keeper()
    return commands.UpdateMarket(w.rng.choice((0, 0, 1, 1, 2, 9)), account), sender
