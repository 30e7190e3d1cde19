"""Attacks on what is signed: fields, keys, exchanges and signatures changed between the signer and
the exchange. Nothing of it gets past the door, so that the core never sees another order.
"""

from __future__ import annotations

import random
from typing import Any

from plimsoll.client.signed import Ed25519Key, EvmKey, Key, sign
from plimsoll.errors import BadSignature
from plimsoll.messages import commands, signed_form
from plimsoll.messages.gateway import SignedOrder
from plimsoll.runtime.signatures import Door
from tests.attacks.arena import BUY, LOT, PRICE, SELL, USD, every
from tests.attacks.gateway_strategies import NAMES, with_terms

HERE, THERE = "exchange-1", "exchange-2"
KEYS: list[Key] = [Ed25519Key(f"{n:064x}") for n in (1, 2)] + [EvmKey(f"{n:064x}") for n in (1, 2)]


def order_of(rng: random.Random, key: Key, exchange: str = HERE) -> SignedOrder:
    """An order with anything in it, signed."""
    values: dict[str, Any] = {
        "account": rng.randint(3, 9), "market": rng.randrange(3), "side": rng.choice([BUY, SELL]),
        "fok": rng.random() < 0.5, "price": PRICE + rng.randrange(9), "size": rng.randint(1, 9) *
        LOT, "min_fill": rng.randrange(3), "reduce_only": rng.random() < 0.5,
        "expires_ms": rng.randint(10**6, 10**7), "client_order_id": rng.choice(["", "a", "b-1"]),
        "relay_fee": rng.choice([0, USD]), "fund": rng.choice([-1, 3]),
        "margin": rng.choice([0, USD]), "maker": rng.choice([-1, 4]), "signer": key.signer,
        "order_hash": "", "signature": "",
    }  # fmt: skip
    return sign(key, exchange, SignedOrder(**values))


def changed(rng: random.Random, name: str, value: Any) -> Any:
    """Another value of a field, near the old one."""
    if name == "signer":
        return rng.choice([key.signer for key in KEYS if key.signer != value])
    if isinstance(value, bool):
        return not value
    if name == "side":
        return 1 - value
    if isinstance(value, int):
        return value + rng.choice([1, 1, 10**6])
    return f"{value}1"


def passes(door: Door, order: SignedOrder) -> bool:
    """Whether the door lets a settlement of the order in; a match has the same answer."""
    other = order_of(random.Random(0), KEYS[0])
    both = [
        commands.SettleSigned(order, order.size, -1),
        commands.MatchSigned(order, other, order.size, -1),
        commands.MatchSigned(other, order, order.size, -1),
    ]
    answers = set()
    for command in both:
        try:
            door.check(command)
            answers.add(True)
        except BadSignature:
            answers.add(False)
    (answer,) = answers
    return answer


def test_no_term_is_changed_on_the_way() -> None:
    """Not one field can be changed, whether the hash is left or made anew, nor can the order be
    taken to another exchange."""
    seen: set[str] = set()

    def play(rng: random.Random) -> None:
        order = order_of(rng, rng.choice(KEYS))
        assert passes(Door(HERE), order)
        assert not passes(Door(THERE), order)
        moved = signed_form.completed(order, THERE, order.signature)
        assert not passes(Door(THERE), moved)
        name = rng.choice([one for one in NAMES if one not in signed_form.UNSIGNED])
        seen.add(name)
        value = changed(rng, name, getattr(order, name))
        left = with_terms(order, **{name: value})
        made = signed_form.completed(left, HERE, order.signature)
        assert made.order_hash != order.order_hash
        for forged in (left, made):
            assert not passes(Door(HERE), forged), name

    every(play, 300)
    assert seen == set(signed_form.SIGNED)


def test_no_signature_stands_for_another() -> None:
    """The signature of another order, by another key, of the other scheme, or a second one that
    fits the same order, is none; and an order has one hash, so that it has one state."""

    def play(rng: random.Random) -> None:
        key, thief = rng.sample(KEYS, 2)
        order, other = order_of(rng, key), order_of(rng, key)
        stolen = order_of(rng, thief)
        forgeries = [
            with_terms(order, signature=thief.signature(with_terms(order, signer=thief.signer),
                                                        HERE)),
            with_terms(order, signature=thief.signature(order, HERE)),
            with_terms(order, signature=stolen.signature),
            with_terms(order, signature=""),
            with_terms(order, signature=order.signature.upper()),
            with_terms(order, signature=twisted(order)),
            with_terms(order, order_hash=stolen.order_hash),
            with_terms(order, order_hash=order.order_hash.upper()),
            with_terms(order, order_hash=""),
        ]  # fmt: skip
        if other.order_hash != order.order_hash:
            forgeries.append(with_terms(order, signature=other.signature))
        assert passes(Door(HERE), order)
        for at, forged in enumerate(forgeries):
            if forged.row() != order.row():
                assert not passes(Door(HERE), forged), at

    every(play, 100)


def twisted(order: SignedOrder) -> str:
    """The other signature that the same point and key have."""
    text = order.signature
    if order.signer.startswith("evm:"):
        whole = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
        second = whole - int(text[66:130], 16)
        return f"{text[:66]}{second:064x}{'1b' if text[130:] == '1c' else '1c'}"
    whole = 2**252 + 27742317777372353535851937790883648493
    second = int.from_bytes(bytes.fromhex(text[64:]), "little") + whole
    return text[:64] + second.to_bytes(32, "little").hex()


def test_cancelling_names_only_ones_own() -> None:
    """Nobody cancels an order of somebody else's by giving its hash to one of his own: what is
    cancelled is what its fields say, and these are the sender's account (checked by the core)."""

    def play(rng: random.Random) -> None:
        victim = order_of(rng, KEYS[0])
        mine = with_terms(order_of(rng, KEYS[1]), order_hash=victim.order_hash)
        try:
            Door(HERE).check(commands.CancelSigned(mine))
        except BadSignature:
            return
        assert mine.row()[:15] == victim.row()[:15]

    every(play, 300)
