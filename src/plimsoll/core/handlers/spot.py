"""Spot pools and firm quotes of desks.

Until a mechanism is there, each of its commands has nothing to do.
"""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.messages.codes import NOTHING_TO_DO, Reject
from plimsoll.messages.vaults import (
    AddSpotLiquidity,
    CancelFirmQuote,
    PostFirmQuote,
    RemoveSpotLiquidity,
    SwapSpot,
)


def add_liquidity(_txn: Txn, _cmd: AddSpotLiquidity) -> None:
    """Put assets into a pool.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_POOL, NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE.
    """
    raise Reject(NOTHING_TO_DO)


def remove_liquidity(_txn: Txn, _cmd: RemoveSpotLiquidity) -> None:
    """Take assets out of a pool.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_POOL, SPOT_LIQUIDITY.
    """
    raise Reject(NOTHING_TO_DO)


def swap(_txn: Txn, _cmd: SwapSpot) -> None:
    """Swap in a pool.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_POOL, SPOT_PATH, SPOT_LIQUIDITY, SPOT_AMOUNT_ZERO,
    SPOT_SLIPPAGE, NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE.
    """
    raise Reject(NOTHING_TO_DO)


def post_quote(_txn: Txn, _cmd: PostFirmQuote) -> None:
    """Offer to trade an asset for the collateral.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_ASSET, ALREADY_EXPIRED, FIRM_QUOTES_FULL,
    NOT_WITHDRAWABLE, INSUFFICIENT_BALANCE.
    """
    raise Reject(NOTHING_TO_DO)


def cancel_quote(_txn: Txn, _cmd: CancelFirmQuote) -> None:
    """Take a firm quote back. Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_FIRM_QUOTE."""
    raise Reject(NOTHING_TO_DO)
