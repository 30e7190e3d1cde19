"""What a vault owes its depositors: what shares are given back for, in which asset, and when.

    worth   = floor(A·shares / S), at most what the vault is worth
    value   = worth - ceil(worth·fee)
    passive: all of the value at once, out of margin that is free
    hedged:  in the vault's asset; without a position the rest in the other one, at the oracle price

The virtual assets are nobody's and are never paid out. Amounts are smallest units of the asset
they are of, and round for the vault. Who may do what is decided in ``handlers.liquidity``.

Spec: docs/spec/21-shares.md, SHARE-015 … SHARE-023.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.core import asset_units, ledger, oracle, shares, vault_money
from plimsoll.core.context import Txn
from plimsoll.core.invariants import require
from plimsoll.core.rows import Account, Holding, Unlock, Vault
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    BASE_VAULT,
    PASSIVE_VAULT,
    QUOTE_VAULT,
    R_UNLOCK_CUT,
    R_UNLOCK_PAID,
    R_VAULT_UNLOCK,
    R_VAULT_WITHDRAWAL,
    VALUE_TOO_SMALL,
    VAULT_ASSETS,
    VAULT_MARGIN,
    Reject,
)
from plimsoll.messages.events import (
    UnlockPaid,
    UnlockQueued,
    VaultOpened,
    VaultShut,
    VaultSnapshot,
)
from plimsoll.units import (
    AMOUNT_MAX,
    at_rate_ceil,
    div_ceil,
    div_floor,
    mul_div_floor,
    require_range,
)

DAY_MS: Final = 86_400_000


def worth_of(state: State, vault: Vault) -> int:
    """``vault_money.assets``, as events and previews can state it. Raises ``RangeError``."""
    worth = vault_money.assets(state, vault)
    require_range(worth, -AMOUNT_MAX, AMOUNT_MAX, "worth of a vault")
    return worth


def worth_to_join(state: State, vault: Vault, worth: int) -> int:
    """The worth that a deposit is priced by: ``worth``, or what the vault will have once those who
    wait have borne their part of a loss, if that is more. SHARE-016.

    So a deposit changes neither what they bear nor gets a part of it.
    """
    params = vault.params
    if not params.min_at_maturity or vault.waiting == 0 or worth + params.virtual_assets <= 0:
        return worth
    supply = vault.supply + params.virtual_shares
    pooled = worth + params.virtual_assets + vault.unlocks.held(vault.asset)
    return max(worth, div_ceil(pooled * supply, supply + vault.waiting) - params.virtual_assets)


def check_price(state: State, vault: Vault, worth: int, supply: int) -> None:
    """V3: what a depositor did has not lowered the price of a share; ``worth`` and ``supply`` are
    from before it."""
    params = vault.params
    before = worth + params.virtual_assets
    after = vault_money.assets(state, vault) + params.virtual_assets
    kept = after * (supply + params.virtual_shares)
    least = before * (vault.supply + params.virtual_shares)
    # The first shares of a vault without virtual ones have no price to lower.
    require(kept >= least or supply + params.virtual_shares == 0, "V3", kept, least)


# Exits --------------------------------------------------------------------------------------------


@final
class Exit:
    """What shares are given back for: ``value`` after the ``fee``, of which ``own`` is paid in the
    vault's asset; ``other`` of the other asset stands for the ``missing`` rest of it.
    """

    def __init__(
        self, shares: int, worth: int, fee: int, own: int, missing: int, other: int
    ) -> None:
        self.shares: int = shares
        self.worth: int = worth
        self.fee: int = fee
        self.value: int = own + missing
        self.own: int = own
        self.missing: int = missing
        self.other: int = other

    def shares_of_own(self) -> int:
        """The shares, at most all, that are as much of them as ``own`` is of the whole worth; a
        later price of them is what ``own`` is compared with. At least 1."""
        return max(1, mul_div_floor(self.shares, self.own, self.worth))


def plan_exit(
    state: State, vault: Vault, given: int, owned: int, worth: int, min_value: int
) -> Exit:
    """How ``given`` shares of the ``owned`` ones would be paid; ``worth`` is the vault's now.

    Rejects: INSUFFICIENT_SHARES, VAULT_SHUT, VALUE_TOO_SMALL, VAULT_MARGIN, VAULT_ASSETS.
    """
    params = vault.params
    redeemed = shares.redeem(
        given, owned, worth, vault.supply, params.virtual_assets, params.virtual_shares, 0
    )
    gross = min(redeemed, max(0, worth))
    fee = at_rate_ceil(gross, params.withdrawal_fee)
    value = gross - fee
    least = max(1, min_value)
    if value < least:
        raise Reject(VALUE_TOO_SMALL, value, least)
    held = payable_now(state, vault)
    if value <= held:
        return Exit(given, gross, fee, value, 0, 0)
    if vault.kind == PASSIVE_VAULT:
        raise Reject(VAULT_MARGIN, value, held)
    if vault_money.position_base(vault) != 0:
        raise Reject(VAULT_ASSETS, value, held)
    missing = value - held
    return Exit(given, gross, fee, held, missing, in_other_asset(state, vault, missing))


def payable_now(state: State, vault: Vault) -> int:
    """``vault_money.payable``; nothing leaves a vault that is being liquidated."""
    return 0 if vault.account.liquidations > 0 else vault_money.payable(state, vault)


def in_other_asset(state: State, vault: Vault, missing: int) -> int:
    """What of the other asset is worth ``missing`` of a hedged vault's own, rounded down.

    Never more than a vault without a position holds of it: value is at most its worth.
    """
    decimals = vault_money.base_decimals(state, vault)
    price = state.oracles[vault.market].price
    if vault.kind == BASE_VAULT:
        return asset_units.asset_value_floor(missing, decimals, price)
    return asset_units.value_in_asset_floor(missing, decimals, price)


def pay_exit(txn: Txn, vault: Vault, row: Holding, account: Account, plan: Exit) -> None:
    """Pay out a planned exit: at once, or what is in the vault's own asset after the cooldown."""
    later = vault.params.cooldown_ms > 0
    target = vault.unlocks if later else account
    reason = R_VAULT_UNLOCK if later else R_VAULT_WITHDRAWAL
    ledger.transfer(txn, vault.account, target, vault.asset, plan.own, reason, vault.market)
    if plan.missing > 0:
        asset = vault_money.other_asset(txn.state, vault)
        ledger.transfer(
            txn, vault.account, account, asset, plan.other, R_VAULT_WITHDRAWAL, vault.market
        )
    count_paid(vault, plan)
    if later and plan.own > 0:
        queue(txn, vault, row, plan)


def count_paid(vault: Vault, plan: Exit) -> None:
    """Keep count of base that left, or that a depositor took money instead of.

    Base that a hedge is to sell is not sold any more once it is paid out; base that it is to buy
    need not be bought for who took its price.
    """
    if vault.kind == BASE_VAULT:
        settled = min(plan.missing, max(0, -vault.unhedged))
        vault.count_base(-plan.own - settled)
        if settled > 0:
            vault.count_unhedged(settled)
    elif vault.kind == QUOTE_VAULT and plan.other > 0:
        settled = min(plan.other, max(0, vault.unhedged))
        vault.count_unhedged(-settled)
        vault.count_base(settled - plan.other)


def queue(txn: Txn, vault: Vault, row: Holding, plan: Exit) -> None:
    """Let what is paid in the vault's own asset wait for the cooldown."""
    state = txn.state
    ident = state.globals.take_sequence()
    due = txn.now + vault.params.cooldown_ms
    unlock = Unlock(ident, plan.own, plan.shares_of_own(), due)
    state.liquidity.queue(row, unlock)
    txn.emit(
        UnlockQueued(ident, vault.ident, row.account, vault.asset, plan.own, unlock.shares, due)
    )


# Unlocks ------------------------------------------------------------------------------------------


def pay_first(txn: Txn, vault: Vault, row: Holding) -> None:
    """Pay the first unlock of a holding: its value, or what its shares would be worth now if that
    is less and the vault says so; the cut goes back to the vault."""
    state = txn.state
    paid = row.unlocks[0].value
    if vault.params.min_at_maturity:
        paid = min(paid, value_now(state, vault, row.unlocks[0].shares))
    unlock = state.liquidity.take_unlock(row)
    cut = unlock.value - paid
    owner = state.accounts[row.account]
    ledger.transfer(txn, vault.unlocks, owner, vault.asset, paid, R_UNLOCK_PAID, vault.market)
    ledger.transfer(txn, vault.unlocks, vault.account, vault.asset, cut, R_UNLOCK_CUT, vault.market)
    if cut > 0 and vault.kind == BASE_VAULT:
        vault.count_base(cut)
    txn.emit(UnlockPaid(unlock.ident, vault.ident, row.account, vault.asset, paid, cut))
    if cut > 0:
        judge_shut(txn, vault)


def value_now(state: State, vault: Vault, burnt: int) -> int:
    """What burnt shares would be worth at the last prices, however old these are, had none of
    those that wait been burnt: a loss since is borne by them as by those who stayed. SHARE-021.

        floor((A + all that waits) · burnt / (S + all shares that wait)), at least 0
    """
    params = vault.params
    supply = vault.supply + params.virtual_shares + vault.waiting
    worth = vault_money.assets(state, vault) + params.virtual_assets
    worth += vault.unlocks.held(vault.asset)
    return max(0, div_floor(worth * burnt, supply))


# Reports ------------------------------------------------------------------------------------------


def judge_shut(txn: Txn, vault: Vault) -> None:
    """Report that a vault has become worth nothing, or something again."""
    worth = worth_of(txn.state, vault)
    params = vault.params
    shut = shares.is_shut(worth, vault.supply, params.virtual_assets, params.virtual_shares)
    if shut == vault.shut:
        return
    vault.set_shut(shut)
    if shut:
        txn.emit(VaultShut(vault.ident, vault.asset, worth))
    else:
        txn.emit(VaultOpened(vault.ident, vault.asset, worth))


def snapshot(txn: Txn, vault: Vault) -> None:
    """Report what a vault is worth once a day (UTC), at prices that are all valid."""
    state = txn.state
    day = div_floor(txn.now, DAY_MS)
    if day == vault.snapshot_day:
        return
    for market in vault_money.exposed_markets(state, vault):
        if not oracle.is_valid(state, market, txn.now):
            return
    vault.set_snapshot_day(day)
    worth = worth_of(state, vault)
    txn.emit(VaultSnapshot(vault.ident, vault.asset, worth, vault.supply, vault.liability, day))
