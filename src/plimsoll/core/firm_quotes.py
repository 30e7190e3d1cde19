"""Firm quotes of desks: which a hedge takes, what it moves, and how a quote ends.

A desk offers to trade an asset for the collateral at a price until a time, and escrow holds what
that needs. Whoever trades with it pays the cost rounded up, or gets the proceeds rounded down,
hence escrow never holds too little. A quote is live as long as ``expires_ms >= now``.

Spec: docs/spec/22-spot.md, SPOT-008, SPOT-015, SPOT-017 … SPOT-020.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.core import ledger, vault_money
from plimsoll.core.asset_units import asset_value_ceil, asset_value_floor
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, FirmQuote, Vault
from plimsoll.core.state import USD, State
from plimsoll.messages.codes import (
    BUY,
    DONE_EXPIRED,
    DONE_FILLED,
    R_FIRM_FILL,
    R_FIRM_RELEASE,
    SELL,
)
from plimsoll.messages.events import FirmQuoteEnded, FirmQuoteFilled
from plimsoll.units import AMOUNT_MAX, div_ceil

QUOTES_PER_HEDGE: Final = 16
"""Most firm quotes one hedge uses: those with less than this part of it are passed over."""

NOTHING: Final = -1
"""Instead of an amount of collateral: the venue cannot."""


@final
class Take:
    """What a hedge takes of one firm quote: base, and the collateral for it."""

    def __init__(self, offer: FirmQuote, amount: int, quote: int) -> None:
        self.offer: FirmQuote = offer
        self.amount: int = amount
        self.quote: int = quote


def quote_value(state: State, asset: int, side: int, price: int, amount: int) -> int:
    """Collateral for ``amount`` of an asset at a desk's price, for whoever trades with the desk:
    BUY pays it, rounded up; SELL gets it, rounded down."""
    decimals = state.assets[asset].decimals
    if side == BUY:
        return asset_value_ceil(amount, decimals, price)
    return asset_value_floor(amount, decimals, price)


def live_offers(state: State, vault: Vault, side: int, now: int) -> list[FirmQuote]:
    """Firm quotes a vault can trade with on its side, best first: none that is expired, and none
    at all unless its parameters say so."""
    if not vault.params.firm_quotes:
        return []
    asset = vault_money.base_asset(state, vault)
    offers = state.liquidity.best_offers(asset, SELL if side == BUY else BUY)
    return [one for one in offers if one.expires_ms >= now]


def takes(state: State, vault: Vault, side: int, amount: int, now: int) -> list[Take]:
    """What exactly ``amount`` of base takes of the firm quotes; empty if they are not enough."""
    return takes_of(state, live_offers(state, vault, side, now), side, amount)


def takes_of(state: State, offers: list[FirmQuote], side: int, amount: int) -> list[Take]:
    """What ``amount`` takes of offers, best first; empty if they are not enough.

    One that has less than a sixteenth of it is passed over unless it completes it: dust at a good
    price neither blocks a hedge nor makes it long.
    """
    found: list[Take] = []
    left = amount
    least = div_ceil(amount, QUOTES_PER_HEDGE)
    for offer in offers:
        part = min(left, offer.left)
        if part < left and part < least:
            continue
        found.append(Take(offer, part, quote_value(state, offer.asset, side, offer.price, part)))
        left -= part
        if left == 0:
            return found
    return []


def total(taken: list[Take]) -> int:
    """Collateral for everything taken; ``NOTHING`` if nothing is, or it brings nothing."""
    quote = sum_of(taken)
    return quote if 0 < quote <= AMOUNT_MAX else NOTHING


def sum_of(taken: list[Take]) -> int:
    """Collateral for everything taken, of any width."""
    quote = 0
    for take in taken:
        quote += take.quote
    return quote


def base_for(state: State, vault: Vault, side: int, quote: int, now: int) -> int:
    """Base that ``quote`` is for at the firm quotes, as in ``base_for_quote``; 0 if there is none.

    Found by halving, so that one unit more (less, to sell) is too much (too little).
    """
    offers = live_offers(state, vault, side, now)
    most = 0
    for offer in offers:
        most += offer.left
    if side == BUY:
        return halve(state, offers, side, quote, 0, min(most, AMOUNT_MAX) + 1)
    # The most that can be sold at all, then the least that brings enough.
    largest = halve(state, offers, side, AMOUNT_MAX, 0, min(most, AMOUNT_MAX) + 1)
    if sum_of(takes_of(state, offers, side, largest)) < quote:
        return 0
    return halve(state, offers, side, quote - 1, 0, largest) + 1


def halve(state: State, offers: list[FirmQuote], side: int, quote: int, low: int, high: int) -> int:
    """An amount that ``offers`` trade for at most ``quote`` while one unit more they do not (for
    so little, or at all). ``low`` is one they do, or 0, and ``high`` one they do not."""
    while high - low > 1:
        middle = (low + high) >> 1
        taken = takes_of(state, offers, side, middle)
        if len(taken) > 0 and sum_of(taken) <= quote:
            low = middle
        else:
            high = middle
    return low


def escrow(state: State) -> Account:
    """The account that holds what firm quotes need; there is one since the first of them."""
    account = state.liquidity.escrow
    if account is None:
        raise RuntimeError("a firm quote stands and nothing is held for it")
    return account


def fill(txn: Txn, vault: Vault, take: Take) -> None:
    """Trade with a desk; a quote that can bring nothing more ends."""
    state = txn.state
    offer = take.offer
    desk = offer.account
    holder = escrow(state)
    own = vault.account
    asset = offer.asset
    if offer.side == SELL:
        ledger.transfer(txn, holder, own, asset, take.amount, R_FIRM_FILL, vault.market)
        ledger.pay(txn, own, desk, take.quote, R_FIRM_FILL, vault.market)
        offer.fill(take.amount, take.amount)
    else:
        ledger.transfer(txn, own, desk, asset, take.amount, R_FIRM_FILL, vault.market)
        ledger.pay(txn, holder, own, take.quote, R_FIRM_FILL, vault.market)
        offer.fill(take.amount, take.quote)
    txn.emit(
        FirmQuoteFilled(
            offer.ident, desk.ident, vault.ident, asset, take.amount, take.quote, offer.left
        )
    )
    side = BUY if offer.side == SELL else SELL
    if quote_value(state, asset, side, offer.price, offer.left) == 0:
        end(txn, offer, DONE_FILLED)


def held_asset(offer: FirmQuote) -> int:
    """The asset that escrow has for a firm quote."""
    return offer.asset if offer.side == SELL else USD


def end(txn: Txn, offer: FirmQuote, reason: int) -> None:
    """Take a firm quote down and give back what is held for it."""
    desk = offer.account
    asset = held_asset(offer)
    released = offer.held
    ledger.transfer(txn, escrow(txn.state), desk, asset, released, R_FIRM_RELEASE, -1)
    txn.state.liquidity.end(offer)
    txn.emit(
        FirmQuoteEnded(offer.ident, desk.ident, offer.asset, asset, offer.left, released, reason)
    )


def expire_quotes(txn: Txn, limit: int) -> int:
    """End firm quotes whose time is over, soonest first, at most ``limit``; how many."""
    board = txn.state.liquidity
    done = 0
    while done < limit and has_expired(txn.state, txn.now):
        end(txn, board.quotes[board.quote_ends.first_id()], DONE_EXPIRED)
        done += 1
    return done


def has_expired(state: State, now: int) -> bool:
    """Whether the time of a firm quote is over."""
    ends = state.liquidity.quote_ends
    return ends.size() > 0 and ends.first_key() < now
