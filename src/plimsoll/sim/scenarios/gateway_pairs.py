"""Chapters of the gateway tour: two signed orders against each other, and isolated margin."""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import (
    BUY,
    FROM_BOOK,
    FROM_SIGNED,
    R_RELAY_FEE,
    R_SIGNED_MARGIN,
    R_SIGNED_RELEASE,
    SELL,
)
from plimsoll.messages.commands import CreateAccount
from plimsoll.messages.events import (
    AccountCreated,
    Event,
    Filled,
    SignedSettled,
    SignerSet,
    Transferred,
)
from plimsoll.sim.scenarios.gateway_orders import TENTH, offers, settling, unsettled
from plimsoll.sim.scenarios.gateway_signing import Ticket, allows, matches, settled, settles
from plimsoll.sim.scenarios.gateway_stage import BTC, ETH, same_prices
from plimsoll.sim.scenarios.language import (
    Chapter,
    Check,
    Step,
    does,
    holds,
    may_not,
    never,
    priced,
    saw,
)
from plimsoll.sim.scenarios.scene import BASE, PRICE, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import dollars, filled
from plimsoll.sim.scenarios.vault_stage import chapter

ASKED: Final = Ticket("otis", SELL, 2 * BASE, 60_100 * PRICE, relay_fee=USD, tag="asked")
WANTED: Final = Ticket("nora", BUY, BASE, 60_200 * PRICE, relay_fee=USD, tag="wanted")
ISOLATED: Final = Ticket("nora", BUY, 20 * BASE, 3_030 * PRICE, ETH, relay_fee=USD,
                         tag="isolated", account="isolated", fund="nora",
                         margin=12_000 * USD)  # fmt: skip
CLOSING: Final = Ticket("nora", SELL, 20 * BASE, 3_000 * PRICE, ETH, reduce_only=True,
                        relay_fee=USD, tag="closing", account="isolated", fund="nora")  # fmt: skip
HALF: Final = 5 * TENTH
RISEN: Final = 3_030 * PRICE


# Two orders ---------------------------------------------------------------------------------------


def _matched(text: str, size: int, *expect: Check) -> Step:
    return does(text, "rhea", lambda s: matches(s, WANTED, ASKED, size),
                saw(Filled, 1, source=FROM_SIGNED, price=ASKED.price, size=size),
                saw(SignedSettled, 2, size=size), *expect,
                note=lambda s, e: f"{filled(s, e)}; {settled(s, e)}")  # fmt: skip


def _unmatched(text: str, taker: Ticket, maker: Ticket, code: str) -> Step:
    return may_not(text, "rhea", lambda s: matches(s, taker, maker, HALF), code,
                   never(SignedSettled), never(Filled))  # fmt: skip


def pairs() -> Chapter:
    """Both are verified, the price is the maker's, each pays its relay fee once."""
    return chapter(
        "Two signed orders are settled against each other",
        "At the maker's price, inside the band; book and vAMM are not asked.",
        same_prices(),
        does("otis lets his key sign for his account", "otis", lambda s: allows(s, "otis"),
             saw(SignerSet, 1)),
        _unmatched("two buyers do not meet", WANTED, ASKED.but(side=BUY), "SIGNED_SIDES"),
        _unmatched("nor do two markets", WANTED, ASKED.but(market=ETH), "SIGNED_MARKETS"),
        _unmatched("nor does nora meet herself", WANTED, WANTED.but(side=SELL), "SIGNED_SELF"),
        _unmatched("otis may not be paid more than nora's limit", WANTED,
                   ASKED.but(price=60_300 * PRICE), "SIGNED_PRICE"),
        _unmatched("nor do both agree on a price far from the oracle's",
                   WANTED.but(price=70_000 * PRICE), ASKED.but(price=69_000 * PRICE), "PRICE_BAND"),
        _matched("half a BTC of both, at otis's price; a fee of each", HALF,
                 saw(SignedSettled, 2, filled=HALF, relay_fee=USD),
                 saw(Transferred, 2, reason=R_RELAY_FEE)),
        _matched("another half: nora's is done, half of otis's is left", HALF,
                 saw(SignedSettled, 2, filled=BASE, relay_fee=0),
                 never(Transferred, reason=R_RELAY_FEE)),
        _unmatched("a replay is refused", WANTED, ASKED, "SIGNED_DONE"),
        market=BTC,
    )  # fmt: skip


# Isolated margin ----------------------------------------------------------------------------------


def _opens_account(scene: Scene) -> CreateAccount:
    return CreateAccount(scene.player("nora").principal, scene.account("nora"), "isolated")


def released(scene: Scene, events: list[Event]) -> str:
    """What went back to the fund, and what is left in the account."""
    back = sum(e.amount for e in events if isinstance(e, Transferred) and
               e.reason == R_SIGNED_RELEASE)  # fmt: skip
    return f"{dollars(back)} USD go back to nora's account"


def _reduces(text: str, size: int, *expect: Check) -> Step:
    return does(text, "rhea", lambda s: settles(s, CLOSING, size),
                saw(SignedSettled, 1, size=size, released=lambda a: a > 0),
                saw(Filled, 1, source=FROM_BOOK),
                saw(Transferred, 1, reason=R_SIGNED_RELEASE), *expect,
                note=lambda s, e: f"{filled(s, e)}; {released(s, e)}")  # fmt: skip


def isolated() -> Chapter:
    """Margin comes with the order, from a fund, and what a reduction frees goes back there."""
    return chapter(
        "Isolated margin comes with an order, and goes back",
        "Once in, with the first part; back so much that the margin ratio stays what it was.",
        same_prices(),
        does("nora opens an account for one trade", "nora", _opens_account,
             saw(AccountCreated, 1), label="isolated"),
        does("her key may sign for it", "nora", lambda s: allows(s, "nora", "isolated"),
             saw(SignerSet, 1)),
        unsettled("otis's account is no fund of nora's", ISOLATED.but(fund="otis"), BASE,
                  "SIGNED_FUND"),
        offers(20 * BASE, 3_000 * PRICE, market=ETH),
        settling("12 ETH: 12,000 USD of margin and the fee come from nora's account", ISOLATED,
                 12 * BASE, saw(SignedSettled, 1, margin=12_000 * USD, relay_fee=USD),
                 saw(Transferred, 1, reason=R_SIGNED_MARGIN, amount=12_000 * USD)),
        settling("8 more, with what is there", ISOLATED, 8 * BASE,
                 saw(SignedSettled, 1, margin=0, relay_fee=0),
                 never(Transferred, reason=R_SIGNED_MARGIN)),
        priced("ETH rises by 1 %", {ETH: RISEN}),
        offers(20 * BASE, RISEN, BUY, ETH),
        unsettled("21 ETH are more than there is to close", CLOSING.but(size=21 * BASE),
                  21 * BASE, "REDUCE_ONLY_NOTHING"),
        _reduces("8 of a reduce-only order over all of it", 8 * BASE,
                 saw(SignedSettled, 1, filled=8 * BASE, relay_fee=USD)),
        _reduces("the other 12: the account is flat, and empty", 12 * BASE,
                 saw(SignedSettled, 1, filled=20 * BASE, relay_fee=0),
                 holds("nothing is left", lambda s: s.cash("isolated") == 0)),
        priced("ETH comes back", {ETH: 3_000 * PRICE}),
    )  # fmt: skip
