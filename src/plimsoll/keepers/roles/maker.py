"""Offers in auctions from an account of its own, around the oracle and within its limits."""

from __future__ import annotations

from typing import Final

from plimsoll.keepers import formulas
from plimsoll.keepers.access import Task
from plimsoll.keepers.mirror import Mirror
from plimsoll.keepers.roles.base import View
from plimsoll.keepers.rows import BUY, LiveAuction, Market
from plimsoll.keepers.settings import MakerSettings
from plimsoll.messages.keeping import OfferAuction
from plimsoll.units import (
    LOT,
    at_rate_floor,
    div_ceil,
    div_floor,
    mul_div_floor,
    notional_ceil,
    notional_floor,
    step_ceil,
    step_floor,
)

NAME: Final = "maker"
_BP: Final = 10_000


class AuctionMaker:
    """One offer an auction at a time, at the quote, as soon as the auction asks no better."""

    name = NAME

    def candidates(self, view: View, now: int) -> list[Task]:
        if view.keeper < 0 or view.equity is None or view.equity <= 0:
            return []
        found: list[Task] = []
        waiting = {one.auction for one in view.mirror.offers.values() if one.account == view.keeper}
        for auction in view.mirror.auctions.values():
            if auction.auction in waiting or auction.account == view.keeper:
                continue
            task = self._offer(view, auction, now)
            if task is not None:
                found.append(task)
        return found[: view.settings.tasks_max]

    def _offer(self, view: View, auction: LiveAuction, now: int) -> Task | None:
        mirror, settings = view.mirror, view.settings.maker
        market = mirror.markets[auction.market]
        if formulas.is_over(auction, now) or not market.oracle_valid(now):
            return None
        if is_volatile(mirror, market, now, settings.volatile_bp):
            return None
        selling = auction.side == BUY
        tick = market.number("tick")
        price = quote(market.oracle_price, selling, settings.aggressiveness_bp, tick)
        asked = formulas.asked(auction, tick, now)
        if price <= 0 or (price > asked if selling else price < asked):
            return None
        size = self._size(view, market, auction, selling)
        if size == 0 or notional_floor(price, size) < market.number("min_notional"):
            return None
        return Task(
            role=NAME,
            key=f"offer:{auction.auction}",
            command=OfferAuction(view.keeper, auction.auction, price, size),
            reward=at_rate_floor(notional_floor(price, size), market.number("maker_rebate")),
        )

    def _size(self, view: View, market: Market, auction: LiveAuction, selling: bool) -> int:
        """How much to offer (1e-9, on the step): what is left, within the limits of inventory."""
        settings = view.settings.maker
        row = view.mirror.accounts.get(view.keeper)
        held = row.positions.get(market.market) if row is not None else None
        base = held.base if held is not None else 0
        # Offers that wait may all be filled: they count as held on the side that opens.
        base += _waiting(view, market, selling)
        size = room(settings, market, base, view.equity or 0, len(view.mirror.markets), selling)
        if settings.offer_max > 0:
            size = min(size, mul_div_floor(settings.offer_max, LOT, market.oracle_price))
        return step_floor(min(size, auction.remaining), market.number("step"))


def quote(oracle: int, selling: bool, aggressiveness_bp: int, tick: int) -> int:
    """Own price, on the tick: so far from the oracle, rounded away from it."""
    if selling:
        return step_ceil(max(0, div_ceil(oracle * (_BP + aggressiveness_bp), _BP)), tick)
    return step_floor(max(0, div_floor(oracle * (_BP - aggressiveness_bp), _BP)), tick)


def is_volatile(mirror: Mirror, market: Market, now: int, most_bp: int) -> bool:
    """Whether the oracle is further from its average than allowed, of the smaller of the two."""
    average = mirror.averages[market.market].at(now)
    price = market.oracle_price
    if average <= 0 or price <= 0:
        return True
    return abs(price - average) * _BP > most_bp * min(price, average)


def limit(settings: MakerSettings, equity: int, markets: int) -> int:
    """Most notional (1e-6) to hold in a market: target leverage, divided by the markets."""
    most = mul_div_floor(max(0, equity), settings.leverage, 1_000_000 * max(1, markets))
    return min(most, settings.position_max) if settings.position_max > 0 else most


def room(
    settings: MakerSettings, market: Market, base: int, equity: int, markets: int, selling: bool
) -> int:
    """How much base may still be sold or bought.

    From ``full_at`` of the limit on the side that increases has no room; the other one may close
    what is held, and no more then.
    """
    price = market.oracle_price
    most = limit(settings, equity, markets)
    used = notional_ceil(price, abs(base))
    reduces = base > 0 if selling else base < 0
    if used >= at_rate_floor(most, settings.full_at):
        return abs(base) if reduces else 0
    free = mul_div_floor(most - used, LOT, price)
    return free + 2 * abs(base) if reduces else free


def _waiting(view: View, market: Market, selling: bool) -> int:
    """Own offers that wait in the market, signed as what they would make of the position."""
    total = 0
    for one in view.mirror.offers.values():
        auction = view.mirror.auctions.get(one.auction)
        if one.account != view.keeper or one.market != market.market or auction is None:
            continue
        if (auction.side == BUY) == selling:
            total += -one.remaining if selling else one.remaining
    return total
