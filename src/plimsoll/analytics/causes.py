"""Why money of a liquidity source moved: each reason of the ledger is a cause of PnL, or a flow.

    spread, fees, funding, inventory, hedge_slippage, repeg, bad_debt     what a source earned by
    flows                                                    what was brought to it, or taken out

``inventory`` has no reason: it is the move of a mark. ``trade`` is spread, but bad debt where
somebody was deleveraged. A reason that no source can meet stands here as ``NEVER``; one that is
not in the table has no cause, and is an error where it touches a source.

Spec: docs/spec/28-attribution.md, PNL-003.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plimsoll.messages import codes

SPREAD: Final = "spread"
FEES: Final = "fees"
FUNDING: Final = "funding"
INVENTORY: Final = "inventory"
HEDGE_SLIPPAGE: Final = "hedge_slippage"
REPEG: Final = "repeg"
BAD_DEBT: Final = "bad_debt"
CAUSES: Final = (SPREAD, FEES, FUNDING, INVENTORY, HEDGE_SLIPPAGE, REPEG, BAD_DEBT)

FLOWS: Final = "flows"
NEVER: Final = "never"

BY_REASON: Final[Mapping[str, str]] = {
    "deposit": NEVER,
    "withdrawal": NEVER,
    "transfer": NEVER,
    "trade": SPREAD,
    "maker_rebate": FEES,
    "fee_insurance": FEES,
    "fee_adjustments": FEES,
    "fee_funding": FEES,
    "fee_keepers": FEES,
    "fee_treasury": FEES,
    "fee_vault": FEES,
    "spread_surplus": SPREAD,
    "vamm_capital": FLOWS,
    "pool_capital": NEVER,
    "repeg_cost": REPEG,
    "repeg_revenue": REPEG,
    "funding_pool": NEVER,
    "funding": FUNDING,
    "funding_sweep": NEVER,
    "penalty": FEES,
    "keeper_liquidation": NEVER,
    "keeper_flat": FEES,
    "keeper_extra": NEVER,
    "extra_escrow": NEVER,
    "extra_refund": NEVER,
    "bad_debt": BAD_DEBT,
    "haircut": BAD_DEBT,
    "keeper_surplus": NEVER,
    "vault_deposit": FLOWS,
    "vault_withdrawal": FLOWS,
    "vault_unlock": FLOWS,
    "unlock_paid": NEVER,
    "unlock_cut": FEES,
    "vault_fee": FEES,
    "vault_residue": FLOWS,
    "spot_liquidity": NEVER,
    "spot_swap": NEVER,
    "spot_hedge": HEDGE_SLIPPAGE,
    "firm_escrow": NEVER,
    "firm_release": NEVER,
    "firm_fill": HEDGE_SLIPPAGE,
    "withdrawal_held": NEVER,
    "held_paid": NEVER,
    "held_back": NEVER,
    "relay_fee": NEVER,
    "signed_margin": NEVER,
    "signed_release": NEVER,
}
"""The cause of every reason, by its word in ``codes.REASONS``."""


class UnknownReasonError(LookupError):
    """Money of a source moved for a reason that has no cause."""

    def __init__(self, reason: int) -> None:
        word = codes.REASONS.get(reason, "not known")
        super().__init__(f"reason {reason} ({word}) is no cause of PnL")
        self.reason = reason


def cause_of(reason: int) -> str:
    """The cause a reason stands for, or ``flows``. Raises ``UnknownReasonError``."""
    found = BY_REASON.get(codes.REASONS.get(reason, ""), NEVER)
    if found == NEVER:
        raise UnknownReasonError(reason)
    return found


def cause_of_trade(source: int) -> str:
    """The cause of a fill, by where its liquidity came from (``codes.SOURCES``)."""
    return BAD_DEBT if source == codes.FROM_ADL else SPREAD
