"""Signed orders of the gateway tour: keys that are the same in every run, orders signed by them.

A step makes its order anew whenever it needs it: the same fields give the same hash and, Ed25519
being deterministic, the same signature.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from plimsoll.client.signed import Ed25519Key, make
from plimsoll.messages.commands import CancelSigned, MatchSigned, SetSigner, SettleSigned
from plimsoll.messages.events import Event, SignedCancelled, SignedLapsed, SignedSettled
from plimsoll.messages.gateway import SignedOrder
from plimsoll.sim.scenarios.gateway_stage import BTC, VAULT
from plimsoll.sim.scenarios.scene import HOUR, Scene
from plimsoll.sim.scenarios.sujiko_stage import base, dollars
from plimsoll.sim.scenarios.sujiko_tour import START_MS


@cache
def key_of(who: str) -> Ed25519Key:
    """Somebody's key, the same in every run: it signs nothing but a scripted scenario."""
    return Ed25519Key(hashlib.sha256(f"gateway-tour:{who}".encode()).hexdigest())


def signer(who: str) -> str:
    """The public key of somebody, as the exchange writes it."""
    return key_of(who).signer


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order somebody is about to sign; the fields are those of `SignedOrder`.

    ``account`` and ``fund`` are labels of accounts (empty: his own account, no fund); ``until``
    is its expiry in ms after the start of the tour.
    """

    who: str
    side: int
    size: int
    price: int
    market: int = BTC
    fok: bool = False
    min_fill: int = 0
    reduce_only: bool = False
    until: int = HOUR
    tag: str = ""
    relay_fee: int = 0
    account: str = ""
    fund: str = ""
    margin: int = 0
    directed: bool = False

    def but(self, **fields: Any) -> Ticket:
        """The same order with other fields."""
        return replace(self, **fields)


def signed(scene: Scene, ticket: Ticket, key: str = "") -> SignedOrder:
    """An order signed by its owner, or with the key of somebody else."""
    return make(
        key_of(key or ticket.who),
        scene.exchange,
        account=scene.account(ticket.account or ticket.who),
        market=ticket.market,
        side=ticket.side,
        fok=ticket.fok,
        price=ticket.price,
        size=ticket.size,
        min_fill=ticket.min_fill,
        reduce_only=ticket.reduce_only,
        expires_ms=START_MS + ticket.until,
        client_order_id=ticket.tag,
        relay_fee=ticket.relay_fee,
        fund=scene.account(ticket.fund) if ticket.fund else -1,
        margin=ticket.margin,
        maker=int(scene.vault(VAULT)["account"]) if ticket.directed else -1,
    )


# Commands -----------------------------------------------------------------------------------------


def allows(scene: Scene, who: str, account: str = "", *, allowed: bool = True) -> SetSigner:
    """Somebody's key may sign for his account (or one of his with a label), or no longer."""
    return SetSigner(scene.account(account or who), signer(who), allowed)


def settles(scene: Scene, ticket: Ticket, size: int, key: str = "") -> SettleSigned:
    """Rhea settles a part of an order."""
    return SettleSigned(signed(scene, ticket, key), size, scene.account("rhea"))


def matches(scene: Scene, taker: Ticket, maker: Ticket, size: int) -> MatchSigned:
    """Rhea settles two orders against each other."""
    return MatchSigned(signed(scene, taker), signed(scene, maker), size, scene.account("rhea"))


def cancels(scene: Scene, ticket: Ticket) -> CancelSigned:
    """The owner cancels an order for good."""
    return CancelSigned(signed(scene, ticket))


# Words --------------------------------------------------------------------------------------------


def settled(scene: Scene, events: list[Event]) -> str:
    """What became of signed orders in a step."""
    words: list[str] = []
    for one in events:
        if isinstance(one, SignedSettled):
            text = f"{one.order_hash[:8]}: {base(one.size)} now, {base(one.filled)} in all"
            for name in ("relay_fee", "margin", "released"):
                amount = getattr(one, name)
                text += f", {name.replace('_', ' ')} {dollars(amount)}" if amount else ""
            words.append(text)
        elif isinstance(one, SignedCancelled):
            words.append(f"{one.order_hash[:8]}: cancelled with {base(one.filled)} filled")
        elif isinstance(one, SignedLapsed):
            words.append(f"{one.order_hash[:8]}: lapsed with {base(one.filled)} filled")
    return "; ".join(words) or "nothing was settled"
