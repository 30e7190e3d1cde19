"""The circuit breaker of the exchange: its limits and modes, withdrawals, what is held of them.

    normal       what the bound lets pass is paid; more is held and trips it (``locking``), or is
                 refused; what only exceeds its owner's part is held until the next window
    restricted   withdrawals are held; nothing adds risk, nobody joins a vault
    paused       nothing leaves, no vault either; spot stands still

Cancels, reductions, liquidations, deposits and transfers pass in every mode.

Spec: docs/spec/26-breaker.md, BREAK-001 … BREAK-015.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import breaker, ledger, outflow, vault_guard
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access
from plimsoll.core.handlers.admin import system_account
from plimsoll.core.invariants import require
from plimsoll.core.rows import Account, Held, Vault
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    BAD_FIELD,
    BREAKER_WAITS,
    CAUSE_OPERATOR,
    CAUSE_OUTFLOW,
    CAUSE_RECOVERED,
    EXCHANGE_MODE,
    HELD,
    HELD_WAITS,
    NORMAL,
    NOTHING_TO_DO,
    OUTSIDE_ACCOUNT,
    PARAMS_INVALID,
    PAUSED,
    R_HELD,
    R_HELD_BACK,
    R_HELD_PAID,
    R_WITHDRAWAL,
    RATE_LIMITED,
    TOO_MANY,
    TRIPPED,
    UNKNOWN_HELD,
    Reject,
)
from plimsoll.messages.events import BreakerMoved, BreakerParamsSet, HeldReleased, WithdrawalHeld
from plimsoll.messages.guard import (
    CancelHeld,
    ReleaseHeld,
    ReviewBreaker,
    SetBreakerMode,
    SetBreakerParams,
)
from plimsoll.units import RangeError

CLAIMS_MAX: Final = 64
"""Most withdrawals of a principal that are held at a time."""
LOOKED_AT: Final = 16
"""Held withdrawals that are due and looked at for one that may be paid."""


# What the operator sets ---------------------------------------------------------------------------


def set_params(txn: Txn, cmd: SetBreakerParams) -> None:
    """Replace the limits of the outflow; the first ones open the account for what is held.
    BREAK-007.

    Rejects: PARAMS_INVALID.
    """
    problems = cmd.params.problems()
    if len(problems) > 0:
        raise Reject(PARAMS_INVALID, problems[0][0])
    board = txn.state.guard
    if board.holder is None:
        board.use_holder(system_account(txn, HELD, "held"))
    board.breaker.set_params(cmd.params)
    worth = outflow.bound(txn.state, txn.now).worth
    txn.emit(BreakerParamsSet(breaker.fit(worth)))


def set_mode(txn: Txn, cmd: SetBreakerMode) -> None:
    """Set the mode of the exchange; its cooldown starts anew. A normal one may have a grace of at
    most a window, in which outflow is counted but not limited. BREAK-008.

    Rejects: BAD_FIELD (a grace in another mode, without limits, over, or too long).
    """
    if cmd.grace_until_ms > 0:
        params = txn.state.guard.breaker.params
        latest = 0 if params is None or cmd.mode != NORMAL else txn.now + params.window_ms
        if not txn.now < cmd.grace_until_ms <= latest:
            raise Reject(BAD_FIELD, cmd.grace_until_ms, latest)
    enter(txn, cmd.mode, CAUSE_OPERATOR, cmd.grace_until_ms, 0, cmd.grace_until_ms)


def enter(txn: Txn, mode: int, cause: int, value: int, limit: int, grace_ms: int = 0) -> None:
    """Move the breaker of the exchange and say why."""
    row = txn.state.guard.breaker
    before = row.mode
    row.set_mode(mode, txn.now, grace_ms)
    txn.emit(BreakerMoved(mode, before, cause, breaker.fit(value), breaker.fit(limit)))


# What the modes refuse ----------------------------------------------------------------------------


def check_mode(state: State, refused: int) -> None:
    """Refuse what is not allowed in ``refused`` or any tighter mode. Rejects: EXCHANGE_MODE."""
    mode = state.guard.breaker.mode
    if mode >= refused:
        raise Reject(EXCHANGE_MODE, mode, refused)


# Withdrawals --------------------------------------------------------------------------------------


def send_out(txn: Txn, account: Account, asset: int, amount: int) -> None:
    """Pay a withdrawal that may leave its account, hold it, or refuse it. BREAK-009 to BREAK-011.

    Rejects: EXCHANGE_MODE, RATE_LIMITED, TOO_MANY.
    """
    state = txn.state
    row = state.guard.breaker
    params = row.params
    if row.mode == NORMAL and params is None:
        pay(txn, account, asset, amount, R_WITHDRAWAL)
        return
    check_mode(state, PAUSED if params is not None and params.locking else TRIPPED)
    worth = outflow.value_ceil(state, asset, amount)
    found = outflow.bound(state, txn.now)
    limited = outflow.is_limited(state, found, txn.now)
    left = outflow.left_for(state, account, found, txn.now)
    if limited and found.part < worth <= found.may_leave() and worth > left:
        # More than a whole part would wait for ever; a tighter mode accepts it no more (C3).
        raise Reject(RATE_LIMITED, breaker.fit(worth), breaker.fit(left))
    if row.mode == TRIPPED:
        hold(txn, account, asset, amount, worth, 0, limited and worth > found.total - found.kept)
        judge_pause(txn)
        return
    if not limited:
        pay_counted(txn, account, asset, amount)
        return
    if worth <= left:
        pay_counted(txn, account, asset, amount)
        after = outflow.bound(state, txn.now)
        require(after.worth >= after.kept or worth == 0, "C4", after.worth, after.kept)
    elif params is None or not params.locking:
        raise Reject(RATE_LIMITED, breaker.fit(worth), breaker.fit(left))
    elif worth > found.may_leave():
        hold(txn, account, asset, amount, worth, 0, True)
        enter(txn, TRIPPED, CAUSE_OUTFLOW, found.worth - worth, found.kept)
        judge_pause(txn)
    else:
        hold(txn, account, asset, amount, worth, txn.now + params.window_ms, False)


def pay(txn: Txn, account: Account, asset: int, amount: int, reason: int) -> None:
    """Send an asset to the outside."""
    outside = txn.state.accounts[OUTSIDE_ACCOUNT]
    ledger.transfer(txn, account, outside, asset, amount, reason, -1)


def pay_counted(txn: Txn, account: Account, asset: int, amount: int) -> None:
    """Send an asset to the outside and count it."""
    outflow.count_out(txn, account, asset, amount)
    pay(txn, account, asset, amount, R_WITHDRAWAL)


def hold(
    txn: Txn, account: Account, asset: int, amount: int, worth: int, due_ms: int, over: bool
) -> None:
    """Hold a withdrawal back: it counts as gone, or (``due_ms`` > 0) is not counted yet; ``over``:
    it tripped the breaker, or would have at any time.

    Rejects: TOO_MANY.
    """
    board = txn.state.guard
    claims = board.outflow(account.owner).claims
    if claims >= CLAIMS_MAX:
        raise Reject(TOO_MANY, claims, CLAIMS_MAX)
    if due_ms == 0:
        outflow.count_out(txn, account, asset, amount)
    ledger.transfer(txn, account, holder(txn), asset, amount, R_HELD, -1)
    ident = txn.state.globals.take_sequence()
    board.hold(Held(ident, account, asset, amount, breaker.fit(worth), due_ms, over))
    txn.emit(WithdrawalHeld(ident, account.ident, asset, amount, breaker.fit(worth)))


def holder(txn: Txn) -> Account:
    """The account that has what is held."""
    found = txn.state.guard.holder
    if found is None:
        raise RuntimeError("nothing is held before there are limits")
    return found


def judge_pause(txn: Txn) -> None:
    """Pause a restricted exchange that less is left of than its limits say. BREAK-011."""
    found = outflow.bound(txn.state, txn.now)
    if found.pauses():
        enter(txn, PAUSED, CAUSE_OUTFLOW, found.worth, found.paused_below)


# What is held -------------------------------------------------------------------------------------


def find(txn: Txn, ident: int) -> Held:
    """A held withdrawal. Rejects: UNKNOWN_HELD."""
    row = txn.state.guard.held.get(ident)
    if row is None:
        raise Reject(UNKNOWN_HELD, ident)
    return row


def release(txn: Txn, cmd: ReleaseHeld) -> None:
    """Pay out a withdrawal that was held. BREAK-013.

    Rejects: UNKNOWN_HELD, HELD_WAITS, BREAKER_WAITS (it is not due), RATE_LIMITED.
    """
    row = find(txn, cmd.claim)
    mode = txn.state.guard.breaker.mode
    if mode != NORMAL:
        raise Reject(HELD_WAITS, mode, TRIPPED)
    if row.due_ms > txn.now:
        raise Reject(BREAKER_WAITS, txn.now, row.due_ms)
    if not outflow.may_pay(txn.state, row, txn.now):
        worth = outflow.value_ceil(txn.state, row.asset, row.amount)
        found = outflow.bound(txn.state, txn.now)
        left = outflow.left_for(txn.state, row.account, found, txn.now)
        raise Reject(RATE_LIMITED, breaker.fit(worth), breaker.fit(left))
    pay_held(txn, row)


def pay_held(txn: Txn, row: Held) -> None:
    """Pay out what may be paid; what was not counted when it was held is counted now."""
    txn.state.guard.let_go(row)
    if row.due_ms > 0:
        outflow.count_out(txn, row.account, row.asset, row.amount)
    pay(txn, holder(txn), row.asset, row.amount, R_HELD_PAID)
    txn.emit(HeldReleased(row.ident, row.account.ident, row.asset, row.amount, True))


def cancel_held(txn: Txn, cmd: CancelHeld) -> None:
    """Take a held withdrawal back; what counted as gone has come in again. One that tripped the
    breaker waits with those it stopped. BREAK-014.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_HELD, HELD_WAITS.
    """
    account = access.own(txn, cmd.account)
    row = find(txn, cmd.claim)
    if row.account is not account:
        raise Reject(UNKNOWN_HELD, cmd.claim)
    mode = txn.state.guard.breaker.mode
    if row.over and mode != NORMAL:
        raise Reject(HELD_WAITS, mode, TRIPPED)
    txn.state.guard.let_go(row)
    if row.due_ms == 0:
        outflow.count(txn, account, row.asset, row.amount, -row.worth)
    ledger.transfer(txn, holder(txn), account, row.asset, row.amount, R_HELD_BACK, -1)
    txn.emit(HeldReleased(row.ident, account.ident, row.asset, row.amount, False))


def payable(state: State, now: int) -> Held | None:
    """The first of the held withdrawals that are due which may be paid now; None. BREAK-013.

    Looks at the earliest ones only: one that the bound does not let pass must not cost every
    command a walk through all behind it.
    """
    board = state.guard
    if board.breaker.mode != NORMAL or board.held_due.size() == 0:
        return None
    for row in board.due_claims(now, LOOKED_AT):
        if outflow.may_pay(state, row, now):
            return row
    return None


# Recovery -----------------------------------------------------------------------------------------


def review(txn: Txn, cmd: ReviewBreaker) -> None:
    """Let a breaker leave its mode if it may, the exchange's (-1) or a vault's. BREAK-012,
    BREAK-018.

    Rejects: UNKNOWN_VAULT, NOTHING_TO_DO (it is normal), BREAKER_WAITS.
    """
    if cmd.vault >= 0:
        review_vault(txn, txn.state.liquidity.vault(cmd.vault))
        return
    row = txn.state.guard.breaker
    if row.mode == NORMAL:
        raise Reject(NOTHING_TO_DO)
    passed = txn.now - row.since_ms
    cooldown = cooldown_of(txn.state)
    if passed < cooldown:
        raise Reject(BREAKER_WAITS, passed, cooldown)
    if not recovers(txn.state, txn.now):
        found = outflow.bound(txn.state, txn.now)
        raise Reject(BREAKER_WAITS, breaker.fit(found.worth), breaker.fit(found.kept))
    recover(txn)


def cooldown_of(state: State) -> int:
    """How long the exchange stays in its mode at least."""
    params = outflow.params_of(state)
    paused = state.guard.breaker.mode == PAUSED
    return params.pause_cooldown_ms if paused else params.cooldown_ms


def recovers(state: State, now: int) -> bool:
    """Whether the exchange may leave a mode that is not normal: its cooldown is over and, of a
    restricted one, the outflow of the window is within the bound."""
    row = state.guard.breaker
    if now - row.since_ms < cooldown_of(state):
        return False
    return row.mode == PAUSED or outflow.bound(state, now).is_kept()


def recover(txn: Txn) -> None:
    """Leave a mode for the next looser one, whose cooldown starts."""
    row = txn.state.guard.breaker
    passed = txn.now - row.since_ms
    looser = NORMAL if row.mode == TRIPPED else TRIPPED
    enter(txn, looser, CAUSE_RECOVERED, passed, cooldown_of(txn.state))


def review_vault(txn: Txn, vault: Vault) -> None:
    """Judge a vault as with new prices; accepted if that changes its breaker."""
    row = vault.guard
    mode = row.mode
    calm = row.calm_ms
    found = vault_guard.judge(txn, vault)
    if row.mode != mode or row.calm_ms != calm:
        return
    if mode == NORMAL:
        raise Reject(NOTHING_TO_DO)
    if row.calm_ms == 0:
        raise Reject(BREAKER_WAITS, found.value, found.limit)
    raise Reject(BREAKER_WAITS, txn.now - row.calm_ms, vault.params.breaker_hold_ms)


# Due work -----------------------------------------------------------------------------------------


def is_due(state: State, now: int) -> bool:
    """Whether ``work_due`` would find work."""
    row = state.guard.breaker
    if row.mode != NORMAL:
        if recovers(state, now):
            return True
    elif state.guard.held_due.size() > 0 and payable(state, now) is not None:
        return True
    for vault in state.liquidity.vaults:
        if vault.guard.mode != NORMAL and vault_guard.is_due(vault, now):
            return True
    return False


def work_due(txn: Txn, limit: int) -> int:
    """Let breakers go that may, and pay what was held; at most ``limit`` pieces, returns how many.
    BREAK-015."""
    state = txn.state
    done = 0
    if limit > 0 and state.guard.breaker.mode != NORMAL and recovers(state, txn.now):
        recover(txn)
        done += 1
    for vault in state.liquidity.vaults:
        if done < limit and vault_guard.is_due(vault, txn.now):
            vault_guard.judge_alone(txn, vault)
            done += 1
    while done < limit:
        row = payable(state, txn.now)
        if row is None:
            break
        scope = state.log.open()
        mark = len(txn.events)
        try:
            pay_held(txn, row)
        except RangeError:
            # The outside cannot take more of this asset now.
            txn.take_back(scope, mark)
            break
        done += 1
    return done
