"""One fill becomes two positions: the only writer of what accounts hold.

Base moves one way, quote the other; realised PnL moves nothing and is a report. The entry cost is
reduced pro rata, toward zero, when a position shrinks; a flip starts a new one.

Spec: SETTLE-001 … SETTLE-005.
"""

from __future__ import annotations

from plimsoll.core import fees, ledger
from plimsoll.core.context import Txn
from plimsoll.core.rows import Market, Order, Position
from plimsoll.messages.codes import BUY, FROM_BOOK, FROM_VAMM
from plimsoll.messages.events import Filled
from plimsoll.units import AMOUNT_MAX, LOT, div_ceil, div_floor, mul_div_toward_zero, require_range


def move(txn: Txn, market: Market, row: Position, base: int, cost: int) -> int:
    """Change a position by signed base and its signed cost; returns the realised PnL."""
    held = row.base
    after = held + base
    pnl = 0
    if held == 0 or (held > 0) == (base > 0):
        entry = row.entry_cost + cost
    elif after == 0:
        entry = 0
        pnl = -cost - row.entry_cost
    elif (after > 0) == (held > 0):
        released = mul_div_toward_zero(
            row.entry_cost, base if base > 0 else -base, held if held > 0 else -held
        )
        entry = row.entry_cost - released
        pnl = -cost - released
    else:
        closing = mul_div_toward_zero(
            cost, held if held > 0 else -held, base if base > 0 else -base
        )
        entry = cost - closing
        pnl = -closing - row.entry_cost
    if after > AMOUNT_MAX or after < -AMOUNT_MAX or entry > AMOUNT_MAX or entry < -AMOUNT_MAX:
        require_range(after, -AMOUNT_MAX, AMOUNT_MAX, "position")
        require_range(entry, -AMOUNT_MAX, AMOUNT_MAX, "entry cost")
    row.hold(after, entry)
    grown = (max(0, after)) - (max(0, held))
    if grown != 0:
        market.add_interest(grown)
    if row.ro_bid > 0 or row.ro_ask > 0:
        txn.to_trim.append(row)
    return pnl


def settle(txn: Txn, market: Market, taker: Order, maker: Order, size: int, quote: int) -> None:
    """Settle a fill between a taker and a resting order at its price."""
    if taker.side == BUY:
        ledger.move(taker.account, maker.account, quote)
        base = size
        cost = quote
    else:
        ledger.move(maker.account, taker.account, quote)
        base = -size
        cost = -quote
    taker_pnl = move(txn, market, taker.position, base, cost)
    maker_pnl = move(txn, market, maker.position, -base, -cost)
    fee = fees.taker_fee(market.params, quote)
    rebate = fees.maker_rebate(market.params, quote)
    ledger.move(taker.account, maker.account, rebate)
    fees.collect(txn, market, taker.account, fee - rebate)
    parts = txn.parts
    fill = txn.state.globals.take_fill()
    if not txn.recording:
        return
    txn.events.append(
        Filled(
            fill,
            market.ident,
            taker.side,
            FROM_BOOK,
            taker.account.ident,
            maker.account.ident,
            taker.ident,
            maker.ident,
            maker.price,
            size,
            quote,
            fee,
            rebate,
            taker_pnl,
            maker_pnl,
            taker.position.base,
            maker.position.base,
            0,
            parts.insurance,
            parts.adjustments,
            parts.funding,
            parts.keepers,
            parts.treasury,
            parts.vault,
        )
    )


def settle_vamm(txn: Txn, market: Market, taker: Order, size: int, quote: int, plain: int) -> int:
    """Settle a fill against the vAMM: its leg is ``plain``, the spread goes to the adjustments.

    Returns the surplus.
    """
    vamm = market.vamm
    held = txn.state.position(vamm, market.ident)
    if taker.side == BUY:
        surplus = quote - plain
        ledger.move(taker.account, vamm, plain)
        taker_pnl = move(txn, market, taker.position, size, quote)
        maker_pnl = move(txn, market, held, -size, -plain)
    else:
        surplus = plain - quote
        ledger.move(vamm, taker.account, plain)
        taker_pnl = move(txn, market, taker.position, -size, -quote)
        maker_pnl = move(txn, market, held, size, plain)
    ledger.move(taker.account, market.adjustments, surplus)
    fee = fees.taker_fee(market.params, quote)
    fees.collect(txn, market, taker.account, fee)
    parts = txn.parts
    fill = txn.state.globals.take_fill()
    if txn.recording:
        txn.events.append(
            Filled(
                fill,
                market.ident,
                taker.side,
                FROM_VAMM,
                taker.account.ident,
                vamm.ident,
                taker.ident,
                0,
                average_price(taker.side, quote, size),
                size,
                quote,
                fee,
                0,
                taker_pnl,
                maker_pnl,
                taker.position.base,
                held.base,
                surplus,
                parts.insurance,
                parts.adjustments,
                parts.funding,
                parts.keepers,
                parts.treasury,
                parts.vault,
            )
        )
    return surplus


def average_price(side: int, quote: int, size: int) -> int:
    """Price of a fill for reports: rounded against the taker."""
    if side == BUY:
        return div_ceil(quote * LOT, size)
    return div_floor(quote * LOT, size)
