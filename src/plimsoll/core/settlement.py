"""One fill becomes two positions: the only writer of what accounts hold.

Base moves one way, quote the other; realised PnL moves nothing and is a report. The entry cost is
reduced pro rata, toward zero, when a position shrinks; a flip starts a new one.

Spec: SETTLE-001 … SETTLE-005.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import fees, ledger
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market, Position
from plimsoll.messages.codes import BUY, FROM_BOOK, FROM_VAMM, R_SPREAD_SURPLUS, R_TRADE
from plimsoll.messages.events import Filled
from plimsoll.units import AMOUNT_MAX, LOT, div_ceil, div_floor, mul_div_toward_zero, require_range


@final
class Trade:
    """A fill about to be settled; ``quote`` is what taker and maker exchange."""

    def __init__(
        self,
        market: Market,
        side: int,
        taker: Account,
        maker: Account,
        taker_order: int,
        maker_order: int,
        price: int,
        size: int,
        quote: int,
    ) -> None:
        self.market: Market = market
        self.side: int = side
        self.taker: Account = taker
        self.maker: Account = maker
        self.taker_order: int = taker_order
        self.maker_order: int = maker_order
        self.price: int = price
        self.size: int = size
        self.quote: int = quote


def move(txn: Txn, account: Account, market: Market, base: int, cost: int) -> int:
    """Change a position by signed base and its signed cost; returns the realised PnL."""
    row = txn.state.position(account, market.ident)
    held = row.base
    after = held + base
    require_range(after, -AMOUNT_MAX, AMOUNT_MAX, "position")
    pnl = 0
    if held == 0 or (held > 0) == (base > 0):
        entry = row.entry_cost + cost
    elif (after >= 0) == (held > 0) or after == 0:
        released = mul_div_toward_zero(
            row.entry_cost, base if base > 0 else -base, held if held > 0 else -held
        )
        if after == 0:
            released = row.entry_cost
        entry = row.entry_cost - released
        pnl = -cost - released
    else:
        size = base if base > 0 else -base
        closing = mul_div_toward_zero(cost, held if held > 0 else -held, size)
        entry = cost - closing
        pnl = -closing - row.entry_cost
    require_range(entry, -AMOUNT_MAX, AMOUNT_MAX, "entry cost")
    row.hold(after, entry)
    grown = (max(0, after)) - (max(0, held))
    if grown != 0:
        market.add_interest(grown)
    if row.ro_bid > 0 or row.ro_ask > 0:
        txn.to_trim.append(row)
    return pnl


def settle(txn: Txn, trade: Trade) -> None:
    """Settle a fill between a taker and a resting order."""
    market = trade.market
    buy = trade.side == BUY
    payer = trade.taker if buy else trade.maker
    payee = trade.maker if buy else trade.taker
    ledger.pay(txn, payer, payee, trade.quote, R_TRADE, market.ident)
    taker_base = trade.size if buy else -trade.size
    taker_cost = trade.quote if buy else -trade.quote
    taker_pnl = move(txn, trade.taker, market, taker_base, taker_cost)
    maker_pnl = move(txn, trade.maker, market, -taker_base, -taker_cost)
    charged = fees.settle(txn, market, trade.taker, trade.maker, trade.quote)
    report(txn, trade, FROM_BOOK, charged, taker_pnl, maker_pnl)


def settle_vamm(txn: Txn, trade: Trade, plain: int) -> int:
    """Settle a fill against the vAMM: its leg is ``plain``, the spread goes to the adjustments.

    Returns the surplus.
    """
    market = trade.market
    buy = trade.side == BUY
    ident = market.ident
    if buy:
        surplus = trade.quote - plain
        ledger.pay(txn, trade.taker, trade.maker, plain, R_TRADE, ident)
        taker_base, taker_cost, maker_cost = trade.size, trade.quote, -plain
    else:
        surplus = plain - trade.quote
        ledger.pay(txn, trade.maker, trade.taker, plain, R_TRADE, ident)
        taker_base, taker_cost, maker_cost = -trade.size, -trade.quote, plain
    ledger.pay(txn, trade.taker, market.adjustments, surplus, R_SPREAD_SURPLUS, ident)
    taker_pnl = move(txn, trade.taker, market, taker_base, taker_cost)
    maker_pnl = move(txn, trade.maker, market, -taker_base, maker_cost)
    charged = fees.settle(txn, market, trade.taker, None, trade.quote)
    report(txn, trade, FROM_VAMM, charged, taker_pnl, maker_pnl)
    return surplus


def report(
    txn: Txn, trade: Trade, source: int, charged: fees.Charged, taker_pnl: int, maker_pnl: int
) -> None:
    """Emit the fill."""
    fill = txn.state.globals.take_fill()
    if not txn.recording:
        return
    market = trade.market.ident
    txn.emit(
        Filled(
            fill,
            market,
            trade.side,
            source,
            trade.taker.ident,
            trade.maker.ident,
            trade.taker_order,
            trade.maker_order,
            trade.price,
            trade.size,
            trade.quote,
            charged.fee,
            charged.rebate,
            taker_pnl,
            maker_pnl,
            held_by(trade.taker, market),
            held_by(trade.maker, market),
        )
    )


def held_by(account: Account, market: int) -> int:
    """Signed base an account holds in a market."""
    row: Position | None = account.position(market)
    return 0 if row is None else row.base


def average_price(side: int, quote: int, size: int) -> int:
    """Price of a fill for reports: rounded against the taker."""
    if side == BUY:
        return div_ceil(quote * LOT, size)
    return div_floor(quote * LOT, size)
