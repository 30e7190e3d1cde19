"""What a trader sees before deciding: one market and its own account, as plain numbers.

Taken from the state by ``look``, live and in replay alike. Prices 1e-6, sizes 1e-9 base, money
1e-6 quote, rates ppm; 0 stands for "there is none".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plimsoll.core import views
from plimsoll.units import LOT, RATIO_SCALE, div_floor, notional_floor, step_ceil, step_floor


@dataclass(frozen=True, slots=True)
class OrderSight:
    """An open order of one's own."""

    order: int
    side: str
    price: int
    size: int
    remaining: int
    filled: int
    client_order_id: str


@dataclass(frozen=True, slots=True)
class AuctionSight:
    """A live auction of somebody else: its taker's side, what is left, what it asks now."""

    auction: int
    side: str
    remaining: int
    price: int


@dataclass(frozen=True, slots=True)
class Sight:
    """One market and one account at an instant."""

    now: int
    market: int
    account: int
    tick: int
    step: int
    min_notional: int
    imr: int
    taker_fee: int
    oracle: int
    oracle_valid: bool
    active: bool
    low: int
    high: int
    bid: int
    ask: int
    vamm_bid: int
    vamm_ask: int
    vamm_bid_size: int
    vamm_ask_size: int
    base: int
    equity: int
    free: int
    orders: tuple[OrderSight, ...]
    auctions: tuple[AuctionSight, ...] = ()

    @property
    def held(self) -> int:
        """Signed value of the position at the oracle, toward zero."""
        worth = notional_floor(self.oracle, abs(self.base))
        return worth if self.base >= 0 else -worth

    def size_for(self, notional: int) -> int:
        """The size worth ``notional`` at the oracle, on the step; 0 if below the minimum."""
        if self.oracle <= 0 or notional < self.min_notional:
            return 0
        size = step_floor(div_floor(notional * LOT, self.oracle), self.step)
        # Half as much again: what is big enough at the oracle may be too small at a lower limit.
        return size if 2 * notional_floor(self.oracle, size) >= 3 * self.min_notional else 0

    def off(self, ppm: int) -> int:
        """The oracle price moved by signed ppm, off the grid."""
        return div_floor(self.oracle * (RATIO_SCALE + ppm), RATIO_SCALE)

    def down(self, price: int) -> int:
        """A price on the grid, at most ``price``, inside the band."""
        return step_floor(max(self.low, min(self.high, price)), self.tick)

    def up(self, price: int) -> int:
        """A price on the grid, at least ``price``, inside the band."""
        return step_ceil(max(self.low, min(self.high, price)), self.tick)

    def own(self, client_order_id: str) -> OrderSight | None:
        """One's open order of that id."""
        return next((row for row in self.orders if row.client_order_id == client_order_id), None)


def look(state: Any, market: int, account: int, now: int) -> Sight:
    """What the owner of ``account`` sees of ``market`` at ``now`` (ms)."""
    row = state.markets[market]
    params = row.params
    seen = views.market_view(state, row, now)
    vamm = seen["vamm"] or {"bid": 0, "ask": 0, "bid_size": 0, "ask_size": 0}
    low, high = views.band_view(state, row) if seen["oracle_price"] > 0 else (0, 0)
    owner = state.accounts[account]
    own = views.account_view(state, owner)
    position = owner.position(market)
    orders = [
        OrderSight(
            order.ident,
            "buy" if order.side == 0 else "sell",
            order.price,
            order.size,
            order.remaining,
            order.filled,
            order.client_order_id,
        )
        for order in owner.orders
        if order.market == market
    ]
    return Sight(
        now=now,
        market=market,
        account=account,
        tick=params.tick,
        step=params.step,
        min_notional=params.min_notional,
        imr=params.imr,
        taker_fee=params.taker_fee,
        oracle=seen["oracle_price"],
        oracle_valid=seen["oracle_valid"],
        active=seen["mode"] == "active",
        low=low,
        high=high,
        bid=seen["best_bid"],
        ask=seen["best_ask"],
        vamm_bid=vamm["bid"],
        vamm_ask=vamm["ask"],
        vamm_bid_size=vamm["bid_size"],
        vamm_ask_size=vamm["ask_size"],
        base=0 if position is None else position.base,
        equity=own["equity"],
        free=own["free"],
        orders=tuple(orders),
        auctions=tuple(
            AuctionSight(live["auction"], live["side"], live["remaining"], live["price"])
            for live in seen["auctions"]
            if state.board.auctions[live["auction"]].order.account.owner != owner.owner
        ),
    )
