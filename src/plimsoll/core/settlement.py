"""One fill becomes two positions: the only writer of what accounts hold.

Base moves one way, quote the other; realised PnL moves nothing and is a report. The entry cost is
reduced pro rata, toward zero, when a position shrinks; a flip starts a new one.

Spec: SETTLE-001 … SETTLE-005.
"""

from __future__ import annotations

from plimsoll.core import asset_units, fees, ledger, margin
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market, Order, Position
from plimsoll.messages.codes import BUY, FROM_BOOK, FROM_VAMM, HEDGED_VAULT, R_FUNDING, VAMM
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


def settle_funding(txn: Txn, market: Market, account: Account, row: Position) -> int:
    """Settle a position's funding against the clearing account; returns what it brought.

    Called before every change of a position. The vAMM has no funding: the pool is its leg.
    """
    state = txn.state
    due = state.rates[market.ident].of(row.base)
    if due == row.funding_mark or account.kind == VAMM:
        return 0
    brought = margin.funding_due(state, account, row)
    if brought == 0:
        # Less than a unit waits for more: nothing changes that no event tells.
        return 0
    row.mark_funding(due)
    if brought > 0:
        ledger.pay(txn, market.clearing, account, brought, R_FUNDING, market.ident)
    else:
        ledger.pay(txn, account, market.clearing, -brought, R_FUNDING, market.ident)
    return brought


def change(txn: Txn, market: Market, account: Account, row: Position, base: int, cost: int) -> int:
    """Settle funding, then change a position; returns the realised PnL of the change."""
    rates = txn.state.rates[market.ident]
    if row.funding_mark != rates.of(row.base):
        settle_funding(txn, market, account, row)
    pnl = move(txn, market, row, base, cost)
    due = rates.of(row.base)
    if due != row.funding_mark:
        row.mark_funding(due)
    if account.kind == HEDGED_VAULT:
        count_leg(txn, market, account, base)
    return pnl


def count_leg(txn: Txn, market: Market, account: Account, base: int) -> None:
    """Count a change of a hedged vault's position, which its spot leg makes up for. HEDGE-001."""
    state = txn.state
    vault = state.liquidity.hedged(account)
    if vault is not None:
        decimals = state.assets[market.params.base_asset].decimals
        amount = asset_units.base_to_asset_floor(abs(base), decimals)
        vault.count_unhedged(amount if base > 0 else -amount)


def settle(txn: Txn, market: Market, taker: Order, maker: Order, size: int, quote: int) -> None:
    """Settle a fill between a taker and a resting order at its price."""
    exchange(
        txn,
        market,
        taker,
        maker.account,
        maker.position,
        maker.ident,
        maker.price,
        size,
        quote,
        FROM_BOOK,
    )


def exchange(
    txn: Txn,
    market: Market,
    taker: Order,
    maker: Account,
    held: Position,
    maker_order: int,
    price: int,
    size: int,
    quote: int,
    source: int,
) -> int:
    """Settle a fill between two accounts; returns its id. A fee-free taker pays no rebate either,
    and the passive vault is paid none.

    ``held`` is the maker's position; ``maker_order`` 0 where there is none.
    """
    if taker.side == BUY:
        ledger.move(taker.account, maker, quote)
        base = size
        cost = quote
    else:
        ledger.move(maker, taker.account, quote)
        base = -size
        cost = -quote
    taker_pnl = change(txn, market, taker.account, taker.position, base, cost)
    maker_pnl = change(txn, market, maker, held, -base, -cost)
    fee = 0
    rebate = 0
    if not taker.fee_free:
        fee = fees.taker_fee(market.params, quote)
        rebate = fees.rebate_of(market.params, maker, quote)
        ledger.move(taker.account, maker, rebate)
    fees.collect(txn, market, taker.account, fee - rebate)
    txn.has_traded(market, taker.side, price, quote, 0, source)
    return report(
        txn,
        market,
        taker,
        maker,
        maker_order,
        source,
        price,
        size,
        quote,
        fee,
        rebate,
        taker_pnl,
        maker_pnl,
        held.base,
        0,
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
        taker_pnl = change(txn, market, taker.account, taker.position, size, quote)
        maker_pnl = change(txn, market, vamm, held, -size, -plain)
    else:
        surplus = plain - quote
        ledger.move(vamm, taker.account, plain)
        taker_pnl = change(txn, market, taker.account, taker.position, -size, -quote)
        maker_pnl = change(txn, market, vamm, held, size, plain)
    ledger.move(taker.account, market.adjustments, surplus)
    fee = 0 if taker.fee_free else fees.taker_fee(market.params, quote)
    fees.collect(txn, market, taker.account, fee)
    price = average_price(taker.side, quote, size)
    txn.has_traded(market, taker.side, price, quote, surplus, FROM_VAMM)
    report(
        txn,
        market,
        taker,
        vamm,
        0,
        FROM_VAMM,
        price,
        size,
        quote,
        fee,
        0,
        taker_pnl,
        maker_pnl,
        held.base,
        surplus,
    )
    return surplus


def report(
    txn: Txn,
    market: Market,
    taker: Order,
    maker: Account,
    maker_order: int,
    source: int,
    price: int,
    size: int,
    quote: int,
    fee: int,
    rebate: int,
    taker_pnl: int,
    maker_pnl: int,
    maker_base: int,
    surplus: int,
) -> int:
    """Number a fill and report it with everything it moved; returns its id."""
    parts = txn.parts
    fill = txn.state.globals.take_fill()
    if txn.recording:
        txn.events.append(
            Filled(
                fill,
                market.ident,
                taker.side,
                source,
                taker.account.ident,
                maker.ident,
                taker.ident,
                maker_order,
                price,
                size,
                quote,
                fee,
                rebate,
                taker_pnl,
                maker_pnl,
                taker.position.base,
                maker_base,
                surplus,
                parts.insurance,
                parts.adjustments,
                parts.funding,
                parts.keepers,
                parts.treasury,
                parts.vault,
                txn.keeper_account().ident,
            )
        )
    return fill


def average_price(side: int, quote: int, size: int) -> int:
    """Price of a fill for reports: rounded against the taker."""
    if side == BUY:
        return div_ceil(quote * LOT, size)
    return div_floor(quote * LOT, size)


def within(side: int, quote: int, size: int, limit: int) -> bool:
    """Whether an average price keeps the limit."""
    if side == BUY:
        return quote * LOT <= limit * size
    return quote * LOT >= limit * size
