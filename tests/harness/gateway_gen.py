"""Random commands for the order gateway: keys, signed orders, orders that wait for a later price.

Hashes and signatures are mere texts here: they are checked at the door, which is tested elsewhere.
"""

from __future__ import annotations

import hashlib
from typing import Any

from plimsoll.messages import codes, commands
from plimsoll.messages.gateway import SignedOrder
from tests.harness.commands_gen import Made
from tests.harness.guard_world import RELAYER, GuardWorld, Paper
from tests.harness.vault_world import LAST
from tests.harness.world import KEEPER, OPERATOR

MARKETS = (0, 0, 1, 1, 2, LAST)
KEYS = tuple(
    f"ed25519:{digest}" if at % 3 else f"evm:0x{digest[:40]}"
    for at, digest in enumerate(hashlib.sha256(b"key%d" % at).hexdigest() for at in range(20))
)


# Keys ---------------------------------------------------------------------------------------------


def set_signer(w: GuardWorld) -> Made:
    """Somebody lets a key sign, or no longer."""
    account = w.account()
    if w.chance(0.25) and w.signers.get(account):
        gone = commands.SetSigner(account, w.rng.choice(w.signers[account]), False)
        return gone, w.sender(account)
    key, allowed = w.rng.choice(KEYS), w.chance(0.9)
    if w.chance(0.6):
        # For all of an owner's accounts: one pays for the other.
        for other in w.siblings(account):
            w.at_once.append((commands.SetSigner(other, key, allowed), w.sender(account)))
    return commands.SetSigner(account, key, allowed), w.sender(account)


def many_keys(w: GuardWorld) -> Made:
    """All keys for one account: more than it may have."""
    account = w.account()
    made: list[Made] = [(commands.SetSigner(account, key, True), w.sender(account)) for key in KEYS]
    w.at_once += made[1:]
    return made[0]


# Signed orders ------------------------------------------------------------------------------------


def seal(order: SignedOrder) -> SignedOrder:
    """Give an order the hash of its terms, and something that looks like a signature."""
    terms = repr(order.row()[:-2])
    order.order_hash = hashlib.sha256(terms.encode()).hexdigest()
    order.signature = order.order_hash * 2
    return order


def on_step(w: GuardWorld, market: int, size: float) -> int:
    """A size of the grid."""
    step = w.params[market].step
    return max(step, int(size) // step * step)


def draft(w: GuardWorld, account: int, market: int, side: int, **given: Any) -> SignedOrder:
    """A signed order with some fields given, the others as they come."""
    size = given.get("size") or w.some_size(market, 1.4, 3.9)
    least = w.rng.choice((0, 0, 0, size // 5, size // 2, size)) if w.chance(0.6) else 0
    fund, margin = -1, 0
    siblings = w.siblings(account)
    if siblings and w.chance(0.6):
        fund = w.rng.choice(siblings)
        margin = int(10 ** w.rng.uniform(0, 3.3) * 10**6) if w.chance(0.7) else 0
    longest = w.globals.signed_validity_max_ms
    keys: list[str] | tuple[str, ...] = w.signers.get(account) or KEYS
    fund = given.get("fund", fund)
    if fund >= 0 and w.chance(0.97):
        keys = [key for key in keys if key in w.signers.get(fund, ())] or keys
    vaults = [v.holder for v in w.vaults[1:] if v.market == market]
    fields: dict[str, Any] = {
        "fok": w.chance(0.15),
        "price": given.get("price") or w.eager_price(market, side),
        "size": size,
        "min_fill": least,
        "reduce_only": False,
        "expires_ms": w.now + min(longest, w.rng.choice((300, 4_000, 30_000, 200_000, longest))),
        "client_order_id": f"s{w.rng.randrange(99)}" if w.chance(0.3) else "",
        "relay_fee": w.rng.choice((0, 1, 50_000, 400_000, w.globals.relay_fee_max)),
        "fund": fund,
        "margin": margin,
        "maker": w.rng.choice(vaults) if vaults and w.chance(0.2) else -1,
        "signer": w.rng.choice(keys),
        **given,
    }
    return seal(
        SignedOrder(account, market, side, order_hash="", signature="", **fields),
    )


def reducing(w: GuardWorld) -> SignedOrder | None:
    """A reduce-only order for a position, mostly with an account that its margin goes back to."""
    held = [
        (a, m, b)
        for (a, m), b in w.base.items()
        if b and a in w.owners and w.signers.get(a) and (w.siblings(a) or w.chance(0.3))
    ]
    if not held:
        return None
    account, market, base = w.rng.choice(held)
    size = on_step(w, market, abs(base) * w.rng.choice((0.3, 1.0, 1.0, 1.5)))
    return draft(w, account, market, w.closing_side(base), size=size, reduce_only=True)


def fresh(w: GuardWorld) -> Paper:
    """A new order, by somebody whose key is known mostly."""
    order = reducing(w) if w.chance(0.3) else None
    if order is None:
        market = w.rng.choice(MARKETS[:4] if w.chance(0.7) else MARKETS)
        account = w.signing_account() if w.chance(0.97) else w.account()
        order = draft(w, account, market, w.rng.randrange(2))
    return w.keep(spoilt(w, order) if w.chance(0.08) else order)


def spoilt(w: GuardWorld, order: SignedOrder) -> SignedOrder:
    """An order with one thing wrong, or just right."""
    longest, dearest = w.globals.signed_validity_max_ms, w.globals.relay_fee_max
    draw, off = w.rng.randrange(6), w.rng.choice((0, 1))
    if draw == 0:
        order.expires_ms = w.now + longest + off
    elif draw == 1:
        order.relay_fee = dearest + off
    elif draw == 2:
        order.fund, order.margin = -1, off
    elif draw == 3:
        order.fund = w.rng.choice((order.account, 1, 3, 9_999, w.account()))
    elif draw == 4:
        order.signer = w.rng.choice(KEYS)
    else:
        order.expires_ms = max(0, w.now - off)
    return seal(order)


def copied(order: SignedOrder) -> SignedOrder:
    """The same order once more."""
    return SignedOrder(*order.row())  # type: ignore[arg-type]


def altered(w: GuardWorld) -> Made:
    """Other terms under the hash of an order that is known: what the door would not let pass."""
    known = [p for p in w.live() if p.filled and p.left() > 0] or w.live()
    if not known:
        return settle(w)
    paper = w.rng.choice(known)
    other, step = copied(paper.order), w.params[paper.order.market].step
    draw = w.rng.randrange(3)
    if draw == 0:
        other.size += step * w.rng.choice((1, 1, 10_000))
    elif draw == 1:
        other.expires_ms += 1
    else:
        other.account = w.signing_account()
        other.signer = w.rng.choice(w.signers.get(other.account) or KEYS)
        other.fund, other.margin = -1, 0
    if w.chance(0.2):
        return commands.CancelSigned(other), w.sender(other.account)
    return commands.SettleSigned(other, part_of(w, paper), relayer(w)), RELAYER


def part_of(w: GuardWorld, paper: Paper) -> int:
    """All that is left of an order, a part of it, or a step too much."""
    order, left = paper.order, max(1, paper.left())
    if order.fok and w.chance(0.9):
        return order.size
    step = w.params[order.market].step
    part = on_step(w, order.market, left * w.rng.choice((0.2, 0.5, 0.5, 1.0, 1.0)))
    if part < left and w.chance(0.9):
        # No less than it accepts.
        part = min(left, -(-max(part, order.min_fill) // step) * step)
    return part if w.chance(0.96) else left + step


def relayer(w: GuardWorld) -> int:
    """Where the fee goes: an account of the relayer's, the pot, seldom somebody else's."""
    draw = w.rng.random()
    if draw < 0.8 and w.relayers:
        return w.rng.choice(w.relayers)
    return -1 if draw < 0.97 else w.rng.choice((w.account(), 0, 1, 2, 9_999))


def settle(w: GuardWorld) -> Made:
    """A relayer fills a part of an order where there is liquidity."""
    known = w.live()
    paper = w.rng.choice(known) if known and w.chance(0.45) else fresh(w)
    command = commands.SettleSigned(paper.order, part_of(w, paper), relayer(w))
    if w.chance(0.05):
        w.at_once.append((command, RELAYER))  # twice
    return command, RELAYER


def counterpart(w: GuardWorld, one: Paper) -> Paper:
    """An order that an order can be settled against, or nearly."""
    order = one.order
    known = [
        p
        for p in w.live()
        if p.order.market == order.market and p.order.side != order.side and p is not one
    ]
    if known and w.chance(0.4):
        return w.rng.choice(known)
    owner = w.owners.get(order.account, -1)
    others = [a for a, keys in w.signers.items() if keys and w.owners.get(a) != owner]
    account = w.rng.choice(others) if others else w.signing_account()
    if w.chance(0.05):
        account = w.rng.choice([order.account, *w.siblings(order.account)])
    side = 1 - order.side if w.chance(0.97) else order.side
    market = order.market if w.chance(0.98) else w.rng.choice(MARKETS)
    part = 1.0 if order.fok else w.rng.choice((0.5, 1.0, 1.0, 2.0))
    size = on_step(w, market, one.left() * part)
    price = w.on_tick(market, w.prices[market] * (1 + w.rng.gauss(0, 0.002)))
    given: dict[str, Any] = {"size": size, "price": price, "fok": w.chance(0.04)}
    if w.chance(0.8):
        given["min_fill"] = 0
    return w.keep(draft(w, account, market, side, **given))


def match(w: GuardWorld) -> Made:
    """A relayer settles two orders against each other."""
    known = w.live()
    one = w.rng.choice(known) if known and w.chance(0.4) else fresh(w)
    other = counterpart(w, one)
    size = min(part_of(w, one), other.left() if w.chance(0.8) else part_of(w, other))
    command = commands.MatchSigned(one.order, other.order, size, relayer(w))
    if w.chance(0.04):
        w.at_once.append((command, RELAYER))
    return command, RELAYER


def at_the_band(w: GuardWorld) -> Made:
    """Two orders that agree on a price at the edge of the band, or a tick past it."""
    market, side = w.rng.choice(MARKETS), w.rng.randrange(2)
    one, other = w.signing_account(), w.signing_account()
    p, sign = w.params[market], 1 if side == codes.BUY else -1
    edge = w.prices[market] * (10**6 + sign * p.price_band) // 10**6 // p.tick * p.tick
    price = edge + p.tick * w.rng.choice((-1, 0, 1, 2))
    size = on_step(w, market, w.some_size(market, 1.2, 2.5))
    given: dict[str, Any] = {"size": size, "min_fill": 0, "fund": -1, "margin": 0, "fok": False}
    limit = w.on_tick(market, price * (1 + sign * 0.3))
    taker = w.keep(draft(w, one, market, side, price=limit, **given))
    maker = w.keep(draft(w, other, market, 1 - side, price=price, **given))
    return commands.MatchSigned(taker.order, maker.order, size, relayer(w)), RELAYER


def round_trip(w: GuardWorld) -> Made:
    """Isolated margin: it comes with an order, and goes back with the one that closes."""
    able = [a for a, keys in w.signers.items() if keys and w.siblings(a)]
    if not able:
        return set_signer(w)
    account, market, side = w.rng.choice(able), w.rng.randrange(2), w.rng.randrange(2)
    fund, size = w.rng.choice(w.siblings(account)), w.some_size(market, 2.0, 4.0)
    margin = int(10 ** w.rng.uniform(2, 3.5) * 10**6)
    opens = w.keep(draft(w, account, market, side, size=size, fund=fund, margin=margin, fok=False))
    back = 1 - side
    closes = w.keep(
        draft(w, account, market, back, size=size, fund=fund, margin=0, reduce_only=True, fok=False)
    )
    half = on_step(w, market, size // 2)
    for paper, part in ((closes, size - half), (closes, half), (opens, size - half)):
        w.at_once.append((commands.SettleSigned(paper.order, max(1, part), relayer(w)), RELAYER))
    return commands.SettleSigned(opens.order, half, relayer(w)), RELAYER


def cancel(w: GuardWorld) -> Made:
    """An owner cancels an order: one that lives, or one that is over."""
    known = w.live()
    if known and w.chance(0.8):
        order = w.rng.choice(known).order
    elif w.over:
        order = w.rng.choice(w.over)
    else:
        order = fresh(w).order
    if w.chance(0.25):
        # Tried again, once it is cancelled.
        w.at_once.append((commands.SettleSigned(order, order.size, relayer(w)), RELAYER))
    sender = OPERATOR if w.chance(0.1) else w.sender(order.account)
    return commands.CancelSigned(order), sender


def replay(w: GuardWorld) -> Made:
    """A relayer tries an order that is over."""
    if not w.over:
        return settle(w)
    order = w.rng.choice(w.over[-20:])
    size = order.size if w.chance(0.6) else on_step(w, order.market, order.size // 3)
    return commands.SettleSigned(order, size, relayer(w)), RELAYER


# Delayed orders -----------------------------------------------------------------------------------


def delay(w: GuardWorld) -> Made:
    """An order for a later price: sometimes one that closes, one for a vault, one with no time."""
    held = w.holding() if w.chance(0.35) else None
    if held is not None:
        account, market, base = held
        side = w.closing_side(base)
        size = on_step(w, market, abs(base) * w.rng.choice((0.4, 1.0, 1.3)))
    else:
        account, market, side = w.account(), w.rng.choice(MARKETS), w.rng.randrange(2)
        size = w.some_size(market, 1.3, 4.3)
    limit = w.chance(0.5)
    price = w.eager_price(market, side) if limit or w.chance(0.15) else 0
    vaults = [v.holder for v in w.vaults[1:] if v.market == market]
    p = w.params[market]
    wait = w.rng.choice((p.delayed_ms + 3_000, 15_000, 30_000, p.delayed_validity_max_ms))
    if w.chance(0.06):
        wait = w.rng.choice((0, 1, p.delayed_ms, p.delayed_validity_max_ms + 1))
    command = commands.PlaceDelayed(
        account, market, side, codes.LIMIT if limit else codes.MARKET,
        w.rng.choice((codes.IOC, codes.FOK)), price, size, held is not None and w.chance(0.8),
        w.now + wait, f"d{w.rng.randrange(9)}" if w.chance(0.2) else "",
        w.rng.choice(vaults) if vaults and w.chance(0.2) else -1,
    )  # fmt: skip
    if w.chance(0.2):
        # Another one behind it.
        again = commands.PlaceDelayed(*command.row()[1:])  # type: ignore[arg-type]
        again.client_order_id, again.side = "", 1 - side
        again.reduce_only = False
        w.at_once.append((again, w.sender(account)))
    return command, w.sender(account)


def execute(w: GuardWorld) -> Made:
    """A keeper executes a delayed order: one whose price has come, or any."""
    if not w.delayed and w.chance(0.8):
        return delay(w)
    account, sender = w.keeper()
    ready = [i for i, e in w.delayed.items() if e.earliest_ms <= w.publications[e.market]]
    old = [i for i, e in w.delayed.items() if e.expires_ms < w.now]
    if ready and w.chance(0.7):
        ident = w.rng.choice(ready)
    elif old and w.chance(0.5):
        ident = w.rng.choice(old)
    else:
        ident = w.rng.choice(list(w.delayed)) if w.delayed and w.chance(0.95) else 1
    return commands.ExecuteDelayed(ident, account), sender


def drop(w: GuardWorld) -> Made:
    """Somebody does not want to wait any longer."""
    if not w.delayed:
        return delay(w)
    e = w.rng.choice(list(w.delayed.values()))
    if w.chance(0.1):
        return commands.CancelAll(e.account, w.rng.choice((-1, e.market))), w.sender(e.account)
    if e.client_order_id and w.chance(0.5):
        return commands.CancelOrder(e.account, 0, e.client_order_id), w.sender(e.account)
    return commands.CancelOrder(e.account, e.order, ""), w.sender(e.account)


def keys_of_all(w: GuardWorld) -> list[Made]:
    """A key for every account to begin with."""
    return [
        (commands.SetSigner(account, KEYS[w.owners[account] % len(KEYS)], True), w.sender(account))
        for account in w.owners
        if w.owners[account] != KEEPER
    ]


KINDS = [
    (set_signer, 0.9), (many_keys, 0.02), (settle, 5.5), (match, 4), (round_trip, 0.35),
    (at_the_band, 0.3), (altered, 0.5), (cancel, 0.9), (replay, 0.9), (delay, 3.2), (execute, 2),
    (drop, 0.4),
]  # fmt: skip
