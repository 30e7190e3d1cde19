"""Chapters of the gateway tour about signed orders: keys, parts, an order directed at a vault,
replays.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.client.signed import sign
from plimsoll.messages import signed_form
from plimsoll.messages.codes import (
    BUY,
    FROM_BOOK,
    FROM_HEDGED,
    FROM_VAMM,
    POST_REJECT,
    R_RELAY_FEE,
    SELL,
)
from plimsoll.messages.commands import SetSigner, SettleSigned
from plimsoll.messages.events import (
    Filled,
    OrderRested,
    SignedCancelled,
    SignedLapsed,
    SignedSettled,
    SignerSet,
    SpotSwapped,
    Transferred,
    VaultDeposited,
    VaultHedged,
)
from plimsoll.sim.scenarios.gateway_signing import (
    Ticket,
    allows,
    cancels,
    key_of,
    settled,
    settles,
    signer,
)
from plimsoll.sim.scenarios.gateway_stage import BTC, COIN, ETH, VAULT, coins, same_prices
from plimsoll.sim.scenarios.language import (
    Chapter,
    Check,
    Step,
    at_door,
    does,
    holds,
    in_order,
    may_not,
    never,
    saw,
    waits,
)
from plimsoll.sim.scenarios.orders import order
from plimsoll.sim.scenarios.scene import BASE, HOUR, MINUTE, PRICE, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import filled
from plimsoll.sim.scenarios.vault_stage import chapter, is_hedged, joins
from plimsoll.units import div_floor

TENTH: Final = div_floor(BASE, 10)
DAY: Final = 24 * HOUR

PARTS: Final = Ticket("nora", BUY, BASE, 60_600 * PRICE, min_fill=2 * TENTH, relay_fee=2 * USD,
                      tag="parts")  # fmt: skip
DIRECTED: Final = Ticket("nora", SELL, 5 * BASE, 2_970 * PRICE, ETH, relay_fee=USD, tag="vault",
                         directed=True)  # fmt: skip
WHOLE: Final = Ticket("nora", SELL, 2 * TENTH, 59_400 * PRICE, fok=True, tag="whole")
DROPPED: Final = Ticket("nora", BUY, 5 * TENTH, 60_600 * PRICE, tag="dropped")
BRIEF: Final = Ticket("nora", BUY, 3 * TENTH, 60_600 * PRICE, until=5 * MINUTE, tag="brief")
REVOKED: Final = DROPPED.but(tag="revoked")


def offers(size: int, price: int = 60_000 * PRICE, side: int = SELL, market: int = BTC) -> Step:
    """Mila rests an order."""
    verb = "offers" if side == SELL else "bids for"
    return does(f"mila {verb} {('BTC', 'ETH')[market]} in the book", "mila",
                lambda s: order(s, "mila", market, side, size, price=price, post=POST_REJECT),
                saw(OrderRested, 1))  # fmt: skip


def settling(text: str, ticket: Ticket, size: int, *expect: Check) -> Step:
    """Rhea settles a part; the events must say so."""
    return does(text, "rhea", lambda s: settles(s, ticket, size),
                saw(SignedSettled, 1, size=size, client_order_id=ticket.tag), *expect,
                note=lambda s, e: f"{filled(s, e)}; {settled(s, e)}")  # fmt: skip


def unsettled(text: str, ticket: Ticket, size: int, code: str, key: str = "") -> Step:
    """Rhea settles what may not be settled."""
    return may_not(text, "rhea", lambda s: settles(s, ticket, size, key), code,
                   never(SignedSettled), never(Filled), never(Transferred))  # fmt: skip


# Keys ---------------------------------------------------------------------------------------------


def _altered(scene: Scene, **fields: Any) -> SettleSigned:
    """A part of an order of which somebody changed fields after it was signed."""
    made = settles(scene, PARTS, 3 * TENTH)
    for name, value in fields.items():
        setattr(made.order, name, value)
    return made


def _rehashed(scene: Scene) -> SettleSigned:
    """The order with a larger fee and the hash that fits it; the signature is that of the other."""
    made = _altered(scene, relay_fee=9 * USD)
    made.order = signed_form.completed(made.order, scene.exchange, made.order.signature)
    return made


def forged(scene: Scene) -> SettleSigned:
    """The order with nora's key named, and signed by another."""
    made = settles(scene, PARTS, 3 * TENTH)
    made.order.signature = key_of("rhea").signature(made.order, scene.exchange)
    return made


def _elsewhere(scene: Scene) -> SettleSigned:
    """The same order, signed for another exchange."""
    made = settles(scene, PARTS, 3 * TENTH)
    made.order = sign(key_of("nora"), "another", made.order)
    return made


def keys() -> Chapter:
    """Whose signature counts, and what the door makes of a changed order."""
    return chapter(
        "A key signs, the door looks at the signature",
        "Only keys that the account allows; an order that was changed never becomes a record.",
        unsettled("rhea has an order of nora's, whose account knows no key yet", PARTS, 3 * TENTH,
                  "UNKNOWN_SIGNER"),
        does("nora lets her key sign for her account", "nora", lambda s: allows(s, "nora"),
             saw(SignerSet, 1, signer=signer("nora"), allowed=True),
             note=lambda s, _: signer("nora")),
        does("saying so again changes nothing", "nora", lambda s: allows(s, "nora"),
             saw(SignerSet, 1)),
        may_not("half a key is no key", "nora",
                lambda s: SetSigner(s.account("nora"), signer("nora")[:40], True), "BAD_FIELD",
                never(SignerSet)),
        unsettled("an order for nora's account that otis signed", PARTS, 3 * TENTH,
                  "UNKNOWN_SIGNER", key="otis"),
        may_not("alice is no relayer", "alice", lambda s: settles(s, PARTS, 3 * TENTH),
                "NOT_ALLOWED", never(SignedSettled)),
        at_door("rhea raises the limit on the way", "rhea",
                lambda s: _altered(s, price=61_000 * PRICE)),
        at_door("rhea writes herself a larger fee, and the hash that fits it", "rhea", _rehashed),
        at_door("rhea signs in nora's name with a key of her own", "rhea", forged),
        at_door("an order that nora signed for another exchange", "rhea", _elsewhere),
        at_door("the same order under another hash, to have it twice", "rhea",
                lambda s: _altered(s, order_hash=signer("nora")[-64:])),
        market=BTC,
    )  # fmt: skip


# Parts --------------------------------------------------------------------------------------------


def parts() -> Chapter:
    """One order in three parts: book, vAMM, both; the fee with the first."""
    return chapter(
        "A relayer settles an order in parts",
        "Each part exactly or not at all; the fee once; never more than was signed.",
        same_prices(),
        offers(3 * TENTH),
        unsettled("less than nora accepts for a part", PARTS, TENTH, "SIGNED_MIN_FILL"),
        settling("0.3 of nora's 1 BTC, from the book; rhea gets her fee", PARTS, 3 * TENTH,
                 saw(Filled, 1, source=FROM_BOOK, price=60_000 * PRICE),
                 saw(SignedSettled, 1, filled=3 * TENTH, relay_fee=2 * USD),
                 saw(Transferred, 1, reason=R_RELAY_FEE, amount=2 * USD)),
        settling("0.4 from the vAMM, and no second fee", PARTS, 4 * TENTH,
                 saw(Filled, 1, source=FROM_VAMM),
                 saw(SignedSettled, 1, filled=7 * TENTH, relay_fee=0),
                 never(Transferred, reason=R_RELAY_FEE)),
        unsettled("0.4 more would be more than nora signed", PARTS, 4 * TENTH, "SIGNED_OVERFILL"),
        offers(TENTH),
        settling("the rest, from book and vAMM", PARTS, 3 * TENTH,
                 saw(Filled, 1, source=FROM_BOOK, size=TENTH),
                 saw(Filled, 1, source=FROM_VAMM, size=2 * TENTH),
                 saw(SignedSettled, 1, filled=BASE, relay_fee=0),
                 holds("nora has her BTC", lambda s: s.base("nora", BTC) == BASE),
                 holds("rhea has her fee", lambda s: s.cash("rhea") == 2 * USD)),
        unsettled("a replay is refused: the order is done", PARTS, 3 * TENTH, "SIGNED_DONE"),
        unsettled("a fill-or-kill order is not divided", WHOLE, TENTH, "SIGNED_FOK"),
        settling("as a whole it is settled, without a fee", WHOLE, 2 * TENTH,
                 saw(Filled, 1, source=FROM_VAMM), never(Transferred, reason=R_RELAY_FEE)),
        market=BTC,
    )  # fmt: skip


def directed() -> Chapter:
    """A signed order may name the vault that fills it."""
    return chapter(
        "A signed order directed at a hedged vault",
        "Spot leg, fill and hedge in the record of the settlement.",
        same_prices(),
        does("lena brings 150 ETH into the vault", "lena",
             lambda s: joins(s, "lena", VAULT, 150 * COIN),
             saw(VaultDeposited, 1, vault=VAULT), note=lambda s, _: coins(150 * COIN)),
        *(
            settling(f"{size} ETH of nora's 5, by the vault", DIRECTED, size * BASE,
                     in_order(SpotSwapped, Filled, VaultHedged, SignedSettled),
                     saw(Filled, 1, source=FROM_HEDGED, size=size * BASE),
                     saw(SignedSettled, 1, relay_fee=fee),
                     holds("hedged", lambda s: is_hedged(s, VAULT)))
            for size, fee in ((2, USD), (3, 0))
        ),
        unsettled("that is all of it", DIRECTED, BASE, "SIGNED_DONE"),
    )  # fmt: skip


# Replays ------------------------------------------------------------------------------------------


def replays() -> Chapter:
    """What is cancelled, over, or signed by a key that counts no more, is settled no more."""
    return chapter(
        "Nothing is settled twice, or too late",
        "Done, cancelled, lapsed and forgotten, revoked: a replay meets one of them.",
        same_prices(),
        settling("0.1 of an order of nora's", DROPPED, TENTH, saw(SignedSettled, 1, filled=TENTH)),
        may_not("otis may not cancel it", "otis", lambda s: cancels(s, DROPPED), "NOT_OWNER"),
        does("nora cancels it", "nora", lambda s: cancels(s, DROPPED),
             saw(SignedCancelled, 1, filled=TENTH), note=settled),
        unsettled("rhea settles more of it", DROPPED, TENTH, "SIGNED_CANCELLED"),
        may_not("it cannot be cancelled twice", "nora", lambda s: cancels(s, DROPPED),
                "SIGNED_CANCELLED"),
        unsettled("an order good for 30 days is good for too long", DROPPED.but(until=30 * DAY),
                  TENTH, "SIGNED_VALIDITY"),
        unsettled("a fee of 11 USD is too large", DROPPED.but(relay_fee=11 * USD), TENTH,
                  "RELAY_FEE_TOO_LARGE"),
        settling("0.1 of an order that nora gave a few minutes", BRIEF, TENTH),
        waits("they pass, and the house forgets it", 6 * MINUTE,
              saw(SignedLapsed, 1, filled=TENTH), note=settled),
        unsettled("what is forgotten is refused by its time", BRIEF, TENTH, "ALREADY_EXPIRED"),
        settling("0.1 of one more", REVOKED, TENTH),
        does("nora takes the key back", "nora", lambda s: allows(s, "nora", allowed=False),
             saw(SignerSet, 1, allowed=False)),
        unsettled("that ends all it signed", REVOKED, TENTH, "UNKNOWN_SIGNER"),
        does("nora lets it sign again", "nora", lambda s: allows(s, "nora"), saw(SignerSet, 1)),
        does("and cancels what is left of the last one", "nora", lambda s: cancels(s, REVOKED),
             saw(SignedCancelled, 1, filled=TENTH)),
        market=BTC,
    )  # fmt: skip
