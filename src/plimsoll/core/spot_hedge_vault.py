"""Vaults hedged on spot: what they take in their market they trade on spot, in the same command.

    taker buys    the vault goes shorter in the market and buys as much base on spot
    taker sells   the vault goes longer in the market and sells as much base on spot

A base vault is held in base: what it sells it must have, what it buys back it must have sold. A
quote vault is the mirror: what it buys it must be able to pay, what it sells it must have bought.
Either way the taker's price is that of the hedge, spot plus position stay what depositors brought
(H1), and nothing of a fill stands unless all of it does: the caller opens a scope around it.

Sizes 1e-9 base, amounts in units of the base asset, quote 1e-6, ratios ppm.

Spec: docs/spec/24-spot-hedge.md, HEDGE-001 … HEDGE-012.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import asset_units, oracle, settlement, spot_venue, vault_money
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Order, Vault
from plimsoll.core.spot_venue import Hedge
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ACTIVE,
    BASE_VAULT,
    BUY,
    FROM_HEDGED,
    HALTED,
    HEDGE_SLIPPAGE,
    IN_LIQUIDATION,
    MIN_MARGIN_RATIO,
    NOT_WHITELISTED,
    NOTHING_TO_DO,
    RESTRICTED,
    SELL,
    TRIPPED,
    VAULT_CAPACITY,
    VAULT_MODE,
    Reject,
)
from plimsoll.messages.events import VaultHedged, VaultModeSet
from plimsoll.units import (
    RATIO_SCALE,
    RangeError,
    mul_div_ceil,
    mul_div_floor,
    step_floor,
)

REHEDGE: Final = 0
"""``VaultHedged.fill`` of a spot leg that no fill caused."""


# What a vault can take ----------------------------------------------------------------------------


def reduces(vault: Vault, side: int) -> bool:
    """Whether a fill of a taker of ``side`` brings a vault's position nearer to zero."""
    return (side == BUY) == (vault.kind == BASE_VAULT)


def capacity(state: State, vault: Vault, side: int, now: int) -> int:
    """The largest size on the market's step that a taker of ``side`` may trade with a vault.

    What it has to give: its position where the fill reduces it, else its base on spot, or what
    its money buys. HEDGE-003.
    """
    market = vault_money.market_of(state, vault)
    decimals = vault_money.base_decimals(state, vault)
    if reduces(vault, side):
        held = vault_money.position_base(vault)
        size = max(0, held if vault.kind == BASE_VAULT else -held)
    elif vault.kind == BASE_VAULT:
        size = asset_units.asset_to_base_floor(vault_money.payable(state, vault), decimals)
    else:
        money = vault_money.payable(state, vault)
        bought = 0 if money == 0 else spot_venue.base_for_quote(state, vault, BUY, money, now)
        size = asset_units.asset_to_base_floor(bought, decimals)
    if vault.params.fill_max > 0:
        size = min(size, vault.params.fill_max)
    return step_floor(size, market.params.step)


def check_open(txn: Txn, vault: Vault, side: int, taker: Account) -> None:
    """Refuse a fill that the vault's mode, whitelist or oracle does not allow. HEDGE-002.

    Where only its breaker restricts a vault, what improves its margin passes too: that is seen
    after the fill (``vault_guard``). Rejects: VAULT_MODE, IN_LIQUIDATION, NOT_WHITELISTED,
    ORACLE_INVALID.
    """
    state = txn.state
    mode = vault.effective_mode()
    if mode == HALTED or (mode != ACTIVE and not reduces(vault, side) and not may_ease(vault)):
        raise Reject(VAULT_MODE, mode, HALTED if reduces(vault, side) else RESTRICTED)
    if vault.account.liquidations > 0:
        raise Reject(IN_LIQUIDATION, vault.account.liquidations)
    if vault.params.takers_listed:
        row = state.liquidity.find(vault.ident, taker.ident)
        if row is None or not row.allowed:
            raise Reject(NOT_WHITELISTED, taker.ident, vault.ident)
    oracle.check_valid(state, vault_money.market_of(state, vault), txn.now)


def may_ease(vault: Vault) -> bool:
    """Whether a vault is restricted, and by nothing but its breaker."""
    return vault.guard.mode == TRIPPED and vault.mode == ACTIVE and vault.unhedged == 0


def offer(txn: Txn, vault: Vault, side: int, size: int) -> Hedge:
    """The spot leg of a fill of ``size`` with a taker of ``side``: what he pays or gets is its
    quote. Changes nothing. HEDGE-004, HEDGE-005.

    Rejects: VAULT_CAPACITY, those of ``spot_venue.plan``, HEDGE_SLIPPAGE.
    """
    state = txn.state
    most = capacity(state, vault, side, txn.now)
    if size > most:
        raise Reject(VAULT_CAPACITY, size, most)
    decimals = vault_money.base_decimals(state, vault)
    # Exact: a step of the market is a whole number of units (SPOT-001).
    amount = asset_units.base_to_asset_ceil(size, decimals)
    hedge = spot_venue.plan(state, vault, side, amount, txn.now)
    check_slippage(state, vault, hedge)
    return hedge


def check_slippage(state: State, vault: Vault, hedge: Hedge) -> None:
    """Refuse a hedge whose price is too far from the oracle, on either side: a price that is too
    good is paid for by somebody, too. HEDGE-005.

    Rejects: HEDGE_SLIPPAGE.
    """
    decimals = vault_money.base_decimals(state, vault)
    price = state.oracles[vault.market].price
    slippage = vault.params.hedge_slippage
    highest = mul_div_floor(price, RATIO_SCALE + slippage, RATIO_SCALE)
    lowest = mul_div_ceil(price, RATIO_SCALE - slippage, RATIO_SCALE)
    dearest = asset_units.price_of_fill_ceil(hedge.amount, decimals, hedge.quote)
    if dearest > highest:
        raise Reject(HEDGE_SLIPPAGE, dearest, highest)
    cheapest = asset_units.price_of_fill_floor(hedge.amount, decimals, hedge.quote)
    if cheapest < lowest:
        raise Reject(HEDGE_SLIPPAGE, cheapest, lowest)


# A fill -------------------------------------------------------------------------------------------


def fill(txn: Txn, taker: Order, vault: Vault, hedge: Hedge, size: int) -> None:
    """Fill ``size`` of a taker and hedge it: both legs, then the vault's margin. HEDGE-006.

    Raises in the middle, so the caller has a scope to roll back. Rejects: MIN_MARGIN_RATIO, and
    those of the venue.
    """
    state = txn.state
    market = vault_money.market_of(state, vault)
    before = vault_money.margin_ratio(state, vault)
    trade_spot(txn, vault, hedge)
    held = state.position(vault.account, market.ident)
    price = settlement.average_price(taker.side, hedge.quote, size)
    ident = settlement.exchange(
        txn, market, taker, vault.account, held, 0, price, size, hedge.quote, FROM_HEDGED
    )
    taker.fill(size)
    if not reduces(vault, taker.side):
        check_margin(state, vault, before)
    report(txn, vault, hedge, ident)


def trade_spot(txn: Txn, vault: Vault, hedge: Hedge) -> None:
    """The spot leg; the base it moved is missing its other leg until that follows."""
    spot_venue.execute(txn, vault, hedge)
    vault.count_unhedged(hedge.amount if hedge.side == BUY else -hedge.amount)


def check_margin(state: State, vault: Vault, before: int) -> None:
    """Refuse a fill after which the margin ratio is below the minimum, unless it improved it. One
    that reduces the position is never asked. HEDGE-007.

    Rejects: MIN_MARGIN_RATIO.
    """
    after = vault_money.margin_ratio(state, vault)
    least = vault.params.min_margin_ratio
    if after < least and after <= before:
        raise Reject(MIN_MARGIN_RATIO, after, least)


def report(txn: Txn, vault: Vault, hedge: Hedge, ident: int) -> None:
    """Say what was hedged."""
    state = txn.state
    txn.emit(
        VaultHedged(
            vault.ident,
            vault.market,
            ident,
            hedge.venue,
            hedge.side,
            vault_money.base_asset(state, vault),
            hedge.amount,
            hedge.quote,
            vault_money.utilisation(state, vault),
        )
    )


# A leg that came alone ----------------------------------------------------------------------------


def rehedge(txn: Txn, vault: Vault) -> None:
    """Trade on spot what is missing of a hedge, as far as the vault can. HEDGE-010.

    Rejects: NOTHING_TO_DO, and those of ``close_gap``.
    """
    if vault.unhedged == 0:
        raise Reject(NOTHING_TO_DO)
    close_gap(txn, vault)
    if vault.mode == ACTIVE and vault.unhedged == 0:
        # Told as in ``follow``, whatever its breaker says.
        txn.emit(VaultModeSet(vault.ident, ACTIVE, RESTRICTED, 0))


def close_gap(txn: Txn, vault: Vault) -> None:
    """The spot leg of what is unhedged (not 0), or as much of it as the vault can pay.

    Rejects: IN_LIQUIDATION, ORACLE_INVALID, VAULT_CAPACITY (nothing to pay with), those of
    ``spot_venue.plan``, HEDGE_SLIPPAGE.
    """
    state = txn.state
    gap = vault.unhedged
    if vault.account.liquidations > 0:
        raise Reject(IN_LIQUIDATION, vault.account.liquidations)
    oracle.check_valid(state, vault_money.market_of(state, vault), txn.now)
    if gap > 0:
        side = SELL
        amount = min(gap, vault_money.spot_base(state, vault))
    else:
        side = BUY
        amount = affordable(state, vault, -gap, txn.now)
    if amount <= 0:
        raise Reject(VAULT_CAPACITY, abs(gap), 0)
    hedge = spot_venue.plan(state, vault, side, amount, txn.now)
    check_slippage(state, vault, hedge)
    trade_spot(txn, vault, hedge)
    report(txn, vault, hedge, REHEDGE)


def affordable(state: State, vault: Vault, wanted: int, now: int) -> int:
    """How much of ``wanted`` base a vault can buy with the money it has."""
    money = max(0, vault.account.cash())
    if vault.kind != BASE_VAULT:
        money = min(money, vault_money.payable(state, vault))
    if money == 0:
        return 0
    return min(wanted, spot_venue.base_for_quote(state, vault, BUY, money, now))


def follow(txn: Txn, vault: Vault, missed: int) -> None:
    """Run the spot leg of a fill nobody asked the vault about (deleveraging); if that is not to
    be had now, the vault is restricted and a rehedge is due. ``missed``: unhedged before the fill.
    HEDGE-009.
    """
    scope = txn.state.log.open()
    mark = len(txn.events)
    cause = VAULT_CAPACITY
    try:
        close_gap(txn, vault)
    except (Reject, RangeError) as failure:
        if isinstance(failure, Reject):
            cause = failure.code
        txn.take_back(scope, mark)
    if vault.mode != ACTIVE:
        return
    if missed == 0 and vault.unhedged != 0:
        txn.emit(VaultModeSet(vault.ident, RESTRICTED, ACTIVE, cause))
    elif missed != 0 and vault.unhedged == 0:
        txn.emit(VaultModeSet(vault.ident, ACTIVE, RESTRICTED, 0))


def any_due(state: State) -> bool:
    """Whether any vault misses a leg."""
    for vault in state.liquidity.vaults:
        if vault.unhedged != 0 and vault.account.liquidations == 0:
            return True
    return False


def rehedge_due(txn: Txn, limit: int) -> int:
    """Rehedge the vaults that miss a leg, at most ``limit``; returns how many were tried."""
    state = txn.state
    tried = 0
    for vault in state.liquidity.vaults:
        if vault.unhedged == 0 or tried >= limit:
            continue
        tried += 1
        scope = state.log.open()
        mark = len(txn.events)
        try:
            rehedge(txn, vault)
        except (Reject, RangeError):
            txn.take_back(scope, mark)
    return tried


# Maintenance --------------------------------------------------------------------------------------


def sell_out(txn: Txn, vault: Vault) -> None:
    """Sell all base on spot, before the account of a vault is liquidated. HEDGE-011.

    Rejects: ORACLE_INVALID (also of a vault without a position), those of ``spot_venue.plan``,
    HEDGE_SLIPPAGE.
    """
    state = txn.state
    amount = vault_money.spot_base(state, vault)
    if amount == 0:
        return
    oracle.check_valid(state, vault_money.market_of(state, vault), txn.now)
    hedge = spot_venue.plan(state, vault, SELL, amount, txn.now)
    check_slippage(state, vault, hedge)
    trade_spot(txn, vault, hedge)
    report(txn, vault, hedge, REHEDGE)


def write_off(txn: Txn, vault: Vault) -> None:
    """After a liquidation: what a vault has now is its exposure, nothing is left to be hedged. It
    stays restricted until its operator opens it. HEDGE-011.
    """
    if vault.unhedged != 0:
        vault.count_base(vault.unhedged)
        vault.count_unhedged(-vault.unhedged)
    if vault.mode == ACTIVE:
        vault.set_mode(RESTRICTED)
        txn.emit(VaultModeSet(vault.ident, RESTRICTED, ACTIVE, MIN_MARGIN_RATIO))
