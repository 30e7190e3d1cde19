"""The breakers of vaults: judged by prices and by their own hedged fills, and what they let pass.

    restricted   margin ratio < min_margin_ratio, utilisation > util_max, or a share worth more
                 than drawdown_max less than ever: what reduces passes, deposits do not
    paused       margin ratio < pause_margin_ratio: exits do not either

A breaker is left one mode at a time, once what keeps it has been over for ``breaker_hold_ms``.

Spec: docs/spec/26-breaker.md, BREAK-016 … BREAK-021.
"""

from __future__ import annotations

from plimsoll.core import breaker, depositors, outflow, spot_hedge_vault, vault_money
from plimsoll.core.breaker import Past
from plimsoll.core.context import Txn
from plimsoll.core.rows import Order, Vault
from plimsoll.core.spot_venue import Hedge
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    CAUSE_RECOVERED,
    HEDGE_QUOTA,
    NORMAL,
    PASSIVE_VAULT,
    PAUSED,
    REDUCE_ONLY,
    RESTRICTED,
    TRIPPED,
    VAULT_MODE,
    VAULT_UTILISATION,
    Reject,
)
from plimsoll.messages.events import VaultBreakerMoved
from plimsoll.units import RangeError

# What is measured ---------------------------------------------------------------------------------


def share_value(state: State, vault: Vault) -> int:
    """What a share is worth now (1e-9 units of the asset); 0 where nobody has any."""
    if vault.supply == 0:
        return 0
    params = vault.params
    worth = depositors.worth_of(state, vault) + params.virtual_assets
    return breaker.share_value(worth, vault.supply + params.virtual_shares)


def measure(state: State, vault: Vault, price: int) -> Past:
    """What of a vault is past its threshold; ``price`` is what a share is worth. BREAK-016."""
    ratio = vault_money.NO_POSITION
    if vault.kind != PASSIVE_VAULT:
        ratio = vault_money.margin_ratio(state, vault)
    high = vault.guard.high if vault.supply > 0 else 0
    return breaker.past(vault.params, ratio, vault_money.utilisation(state, vault), price, high)


# Judging ------------------------------------------------------------------------------------------


def judge(txn: Txn, vault: Vault) -> Past:
    """Measure a vault, keep the highest value of a share, and move the breaker: to a tighter mode
    at once, to a looser one when it has been calm for long enough. BREAK-017, BREAK-018.
    """
    row = vault.guard
    price = share_value(txn.state, vault)
    if (vault.supply == 0 or price > row.high) and row.high != price:
        row.set_high(price)
    found = measure(txn.state, vault, price)
    if found.mode > row.mode:
        enter(txn, vault, found.mode, found)
        row.set_calm(0)
    elif row.mode != NORMAL:
        wait(txn, vault, found)
    return found


def wait(txn: Txn, vault: Vault, found: Past) -> None:
    """Count how long a breaker that is not normal has been calm, and let it go."""
    row = vault.guard
    if not breaker.is_calm(row.mode, found):
        if row.calm_ms != 0:
            row.set_calm(0)
        return
    if row.calm_ms == 0:
        row.set_calm(txn.now)
    if txn.now - row.calm_ms < vault.params.breaker_hold_ms:
        return
    looser = NORMAL if row.mode == TRIPPED else TRIPPED
    held = Past(looser, CAUSE_RECOVERED, txn.now - row.calm_ms, vault.params.breaker_hold_ms)
    enter(txn, vault, looser, held)
    row.set_calm(txn.now if looser != NORMAL and found.mode == NORMAL else 0)


def enter(txn: Txn, vault: Vault, mode: int, found: Past) -> None:
    """Move a vault's breaker and say why."""
    before = vault.guard.mode
    vault.guard.set_mode(mode)
    txn.emit(VaultBreakerMoved(vault.ident, mode, before, found.cause, found.value, found.limit))


def is_due(vault: Vault, now: int) -> bool:
    """Whether a vault has been calm for long enough to be let go."""
    row = vault.guard
    if row.mode == NORMAL or row.calm_ms == 0:
        return False
    return now - row.calm_ms >= vault.params.breaker_hold_ms


def judge_alone(txn: Txn, vault: Vault) -> None:
    """Judge a vault; nothing else is refused because of it."""
    scope = txn.state.log.open()
    mark = len(txn.events)
    try:
        judge(txn, vault)
    except RangeError:
        txn.take_back(scope, mark)


def accept_loss(txn: Txn, vault: Vault) -> None:
    """The operator has opened the vault: if its breaker had tripped, a share is measured against
    what it is worth now. BREAK-019."""
    scope = txn.state.log.open()
    mark = len(txn.events)
    try:
        if vault.guard.mode != NORMAL:
            vault.guard.set_high(share_value(txn.state, vault))
        judge(txn, vault)
    except RangeError:
        txn.take_back(scope, mark)


def check_exit(vault: Vault) -> None:
    """Refuse an exit from a paused vault. Rejects: VAULT_MODE."""
    if vault.guard.mode == PAUSED:
        raise Reject(VAULT_MODE, vault.effective_mode(), REDUCE_ONLY)


# Fills --------------------------------------------------------------------------------------------


def fill(txn: Txn, taker: Order, vault: Vault, hedge: Hedge, size: int) -> None:
    """A hedged fill within the bounds of the vault's breaker: what adds to its position is counted,
    must have room in the window, and may not use more of what depositors brought than is allowed.
    BREAK-020, BREAK-021.

    Raises in the middle, so the caller has a scope to roll back. Rejects: HEDGE_QUOTA, those of
    ``spot_hedge_vault.fill``, VAULT_UTILISATION, VAULT_MODE (restricted, and not eased by it).
    """
    state = txn.state
    if spot_hedge_vault.reduces(vault, taker.side):
        spot_hedge_vault.fill(txn, taker, vault, hedge, size)
        judge(txn, vault)
        return
    left = hedge_left(state, vault, txn.now)
    if vault.params.hedge_window_max > 0 and hedge.quote > left:
        raise Reject(HEDGE_QUOTA, hedge.quote, left)
    before = vault_money.utilisation(state, vault)
    ratio = vault_money.margin_ratio(state, vault)
    spot_hedge_vault.fill(txn, taker, vault, hedge, size)
    if vault.guard.mode != NORMAL:
        check_eased(state, vault, ratio)
    after = vault_money.utilisation(state, vault)
    if after > vault.params.util_max and after > before:
        raise Reject(VAULT_UTILISATION, after, vault.params.util_max)
    limits = outflow.params_of(state)
    ticks = vault.guard.hedges
    window, tick = limits.window_ms, limits.tick_ms
    vault.guard.set_hedges(breaker.counted(ticks, window, tick, txn.now, hedge.quote))
    judge(txn, vault)


def check_eased(state: State, vault: Vault, before: int) -> None:
    """Refuse what adds to the position of a restricted vault, unless its margin is too low, has
    risen by it, and is all there is. BREAK-020.

    Rejects: VAULT_MODE.
    """
    params = vault.params
    after = vault_money.margin_ratio(state, vault)
    used = vault_money.utilisation(state, vault)
    price = share_value(state, vault)
    rest = breaker.past(params, vault_money.NO_POSITION, used, price, vault.guard.high)
    if before >= params.min_margin_ratio or after <= before or rest.mode != NORMAL:
        raise Reject(VAULT_MODE, vault.effective_mode(), RESTRICTED)


def hedged_within(state: State, vault: Vault, now: int) -> int:
    """The quote (1e-6) of hedges within the window, of fills that added to the position."""
    return breaker.net(vault.guard.hedges, outflow.params_of(state).window_ms, now)


def hedge_left(state: State, vault: Vault, now: int) -> int:
    """How much more quote may be hedged within the window, where that is bounded."""
    return max(0, vault.params.hedge_window_max - hedged_within(state, vault, now))
