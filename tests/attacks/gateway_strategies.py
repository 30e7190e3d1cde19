"""Signed orders in the arena: keys, orders, relayers; and what a gang does with them at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, final

from plimsoll.core import margin
from plimsoll.core.rows import Account, Signed
from plimsoll.messages import codes, commands, events, signed_form
from plimsoll.messages.gateway import SignedOrder
from tests.attacks.arena import ANYBODY, LOT, OPERATOR, USD, Arena, Person, around, sized

EXCHANGE = "arena"
MINUTE = 60_000
RELAYS = ANYBODY | codes.ROLE_RELAYER
NAMES = [name for name, _ in SignedOrder.FIELDS]
MOST = 60
"""Largest size in base."""


def key_of(number: int) -> str:
    """A well-formed key that nobody has the secret of."""
    return f"ed25519:{number:064x}"


@final
class Gate:
    """The order gateway of an arena. Hashes are real; signatures, which the core never sees used,
    are left out: what is not refused by the core alone is refused at the door (``test_gateway``).
    """

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.made = 0

    # People ---------------------------------------------------------------------------------

    def trader(self, cash: int) -> Person:
        """Somebody whose key signs for an account of his."""
        return self.allow(self.arena.person(cash))

    def relayer(self, cash: int = 0) -> Person:
        """Somebody who settles signed orders, and may do anything else a trader may."""
        return self.allow(self.arena.person(cash, RELAYS))

    def beside(self, who: Person, cash: int) -> Person:
        """One more account of somebody's, with a key of its own."""
        return self.allow(self.arena.account_of(who.owner, cash))

    def fund_of(self, who: Person, cash: int) -> Person:
        """One more account of somebody's, for which his key may sign too."""
        return self.allow(self.arena.account_of(who.owner, cash), key_of(who.ident))

    def allow(self, who: Person, key: str = "", allowed: bool = True) -> Person:
        """Let a key sign for an account, or no longer."""
        command = commands.SetSigner(who.ident, key or key_of(who.ident), allowed)
        self.arena.must(command, who.owner)
        return who

    # Orders ---------------------------------------------------------------------------------

    def sign(self, who: Person, side: int, size: int, price: int, **more: Any) -> SignedOrder:
        """An order that is good for a minute; every one is another."""
        self.made += 1
        values: dict[str, Any] = {
            "account": who.ident, "market": 0, "side": side, "fok": False, "price": price,
            "size": size, "min_fill": 0, "reduce_only": False,
            "expires_ms": self.arena.now + MINUTE, "client_order_id": f"s{self.made}",
            "relay_fee": 0, "fund": -1, "margin": 0, "maker": -1, "signer": key_of(who.ident),
            "order_hash": "", "signature": "", **more,
        }  # fmt: skip
        return signed_form.completed(SignedOrder(**values), EXCHANGE)

    def settle(self, by: Person, order: SignedOrder, size: int = 0, to: int = -2) -> bool:
        """Fill a part (all) of an order, the fee to oneself."""
        target = by.ident if to == -2 else to
        command = commands.SettleSigned(order, size or order.size, target)
        return self.arena.send(command, by.owner)

    def match(
        self, by: Person, taker: SignedOrder, maker: SignedOrder, size: int = 0, to: int = -2
    ) -> bool:
        """Settle two orders against each other, the fees to oneself."""
        target = by.ident if to == -2 else to
        command = commands.MatchSigned(taker, maker, size or taker.size, target)
        return self.arena.send(command, by.owner)

    def cancel(self, who: Person, order: SignedOrder) -> bool:
        """The owner cancels."""
        return self.arena.send(commands.CancelSigned(order), who.owner)

    # Looking --------------------------------------------------------------------------------

    def known(self, order: SignedOrder) -> Signed | None:
        """What is known of an order."""
        return self.arena.state.gateway.signed.get(order.order_hash)

    def filled(self, order: SignedOrder) -> int:
        """How much of an order is filled, as far as that is known."""
        row = self.known(order)
        return 0 if row is None else row.filled

    def told(self) -> list[events.SignedSettled]:
        """What the last command settled."""
        return self.arena.of(events.SignedSettled)

    def free(self, account: Account) -> int:
        """Equity above the initial requirement and what orders reserve (1e-6)."""
        return margin.free(self.arena.state, account)


def with_terms(order: SignedOrder, **fields: Any) -> SignedOrder:
    """The order with other values, under the hash that it had."""
    values = dict(zip(NAMES, order.row(), strict=True))
    return SignedOrder(**{**values, **fields})


def resigned(order: SignedOrder, **fields: Any) -> SignedOrder:
    """The order with other values, signed anew."""
    return signed_form.completed(with_terms(order, **fields), EXCHANGE)


def parts_of(rng: random.Random, size: int, step: int, most: int = 5) -> list[int]:
    """A size cut into up to ``most`` parts on the grid."""
    left = size // step
    found: list[int] = []
    while left > 0 and len(found) < most - 1:
        found.append(rng.randint(1, left))
        left -= found[-1]
    return [part * step for part in [*found, left] if part > 0]


# Random strategies --------------------------------------------------------------------------------


@final
class Pad:
    """The orders a gang has signed, to be used again in any way it likes."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.orders: list[SignedOrder] = []


Action = Callable[[random.Random, Pad, Person, list[Person]], bool]


def write(rng: random.Random, pad: Pad, who: Person, gang: list[Person]) -> bool:
    """Sign something, with any combination of terms."""
    arena = pad.gate.arena
    fund = rng.choice([-1, -1, rng.choice(gang).ident])
    size = sized(rng, MOST)
    pad.orders.append(pad.gate.sign(
        who, rng.randrange(2), size, around(rng, arena.price, rng.choice([5_000, 95_000])),
        fok=rng.random() < 0.2, min_fill=rng.choice([0, 0, size // 2]),
        reduce_only=rng.random() < 0.4, relay_fee=rng.choice([0, 0, USD, 10 * USD]), fund=fund,
        margin=rng.choice([0, rng.randint(1, 2_000) * USD]) if fund >= 0 else 0,
        expires_ms=arena.now + rng.choice([1, 2_000, MINUTE]),
    ))  # fmt: skip
    return True


def settle(rng: random.Random, pad: Pad, who: Person, gang: list[Person]) -> bool:
    """Fill a part of any order, also of one that is done, cancelled, or expired."""
    del gang
    if not pad.orders:
        return False
    order = rng.choice(pad.orders)
    return pad.gate.settle(who, order, rng.choice(parts_of(rng, order.size, 10**6)))


def pair(rng: random.Random, pad: Pad, who: Person, gang: list[Person]) -> bool:
    """Match any two, or write one that meets another."""
    if not pad.orders:
        return False
    taker = rng.choice(pad.orders)
    if rng.random() < 0.3:
        maker = rng.choice(pad.orders)
    else:
        other = rng.choice(gang)
        maker = pad.gate.sign(other, 1 - taker.side, taker.size, taker.price)
        pad.orders.append(maker)
    size = rng.choice([taker.size, rng.choice(parts_of(rng, taker.size, 10**6))])
    return pad.gate.match(who, taker, maker, size)


def call_off(rng: random.Random, pad: Pad, who: Person, gang: list[Person]) -> bool:
    """Cancel an order of the gang's, by its owner or by another."""
    del gang
    return bool(pad.orders) and pad.gate.cancel(who, rng.choice(pad.orders))


def change_keys(rng: random.Random, pad: Pad, who: Person, gang: list[Person]) -> bool:
    """Forbid a key, or allow it again; also one of somebody else's."""
    key = key_of(rng.choice([who, rng.choice(gang)]).ident)
    command = commands.SetSigner(who.ident, key, rng.random() < 0.7)
    return pad.gate.arena.send(command, who.owner)


def delay(rng: random.Random, pad: Pad, who: Person, gang: list[Person]) -> bool:
    """Leave an order for the next price; it may be cancelled like any other."""
    del gang
    arena = pad.gate.arena
    kind = rng.choice([codes.MARKET, codes.LIMIT])
    price = around(rng, arena.price, 40_000) if kind == codes.LIMIT else 0
    command = commands.PlaceDelayed(
        who.ident, 0, rng.randrange(2), kind, rng.choice([codes.IOC, codes.FOK]), price,
        sized(rng, MOST), rng.random() < 0.3, arena.now + MINUTE, "", -1,
    )  # fmt: skip
    return arena.send(command, who.owner)


AT_THE_GATE: list[Action] = [
    write, write, write, settle, settle, settle, settle, pair, pair, pair, pair, call_off,
    change_keys, delay,
]  # fmt: skip


def act(rng: random.Random, pad: Pad, gang: list[Person]) -> bool:
    """One thing that one of them does at the gateway."""
    return rng.choice(AT_THE_GATE)(rng, pad, rng.choice(gang), gang)


def endow(arena: Arena, who: Person, amount: int) -> None:
    """Money of the operator's for somebody who is watched already: what it brings is not gain."""
    arena.put(who.ident, amount)
    arena.brought += amount


def limits(arena: Arena, **changes: Any) -> None:
    """Other limits of the exchange."""
    params = arena.state.globals.params
    values = dict(zip([name for name, _ in params.FIELDS], params.row(), strict=True))
    made = type(params)(**{**values, **changes})
    arena.must(commands.SetGlobalParams(made), OPERATOR)


def base(size: int) -> int:
    """Whole base in lots."""
    return size * LOT
