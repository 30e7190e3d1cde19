"""Depositors of vaults: deposits, withdrawals, unlocks; and the repair of a hedge.

Until a mechanism is there, each of its commands has nothing to do.
"""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.vaults import (
    ClaimUnlocks,
    DepositVault,
    RehedgeVault,
    WithdrawVault,
)


def deposit(_txn: Txn, _cmd: DepositVault) -> None:
    """Buy shares of a vault.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_VAULT, VAULT_MODE, NOT_WHITELISTED,
    IN_LIQUIDATION, ORACLE_INVALID, ORACLE_TOO_UNCERTAIN, NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE,
    VAULT_CAP, VAULT_SHUT, SHARES_TOO_FEW, SHARES_LIMIT.
    """
    raise Reject(NOTHING_TO_DO)


def withdraw(_txn: Txn, _cmd: WithdrawVault) -> None:
    """Give shares back.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_VAULT, INSUFFICIENT_SHARES, UNLOCKS_FULL,
    ORACLE_INVALID, VAULT_SHUT, VALUE_TOO_SMALL, VAULT_MARGIN, VAULT_ASSETS, MIN_MARGIN_RATIO.
    """
    raise Reject(NOTHING_TO_DO)


def claim(_txn: Txn, _cmd: ClaimUnlocks) -> None:
    """Pay out what is due of an account.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_VAULT, UNLOCK_NOT_DUE.
    """
    raise Reject(NOTHING_TO_DO)


def rehedge(_txn: Txn, _cmd: RehedgeVault) -> None:
    """Bring the spot leg back to the position.

    Rejects: UNKNOWN_VAULT, VAULT_KIND, ORACLE_INVALID, NOTHING_TO_DO.
    """
    raise Reject(NOTHING_TO_DO)
