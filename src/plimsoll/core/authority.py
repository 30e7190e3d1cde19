"""Which roles may send which command: one table. Spec: AUTH-001 … AUTH-004."""

from __future__ import annotations

from typing import Final

from plimsoll.messages import commands
from plimsoll.messages.codes import (
    ROLE_DESK,
    ROLE_KEEPER,
    ROLE_LP,
    ROLE_OPERATOR,
    ROLE_ORACLE,
    ROLE_RELAYER,
    ROLE_TRADER,
)

_OWNERS: Final = ROLE_TRADER | ROLE_LP | ROLE_KEEPER | ROLE_DESK
"""Roles whose holders own accounts and trade on them."""

_HOUSE: Final = ROLE_KEEPER | ROLE_ORACLE | ROLE_OPERATOR
"""Roles that may do due work; whoever it is, the core checks that it is due."""

_HOLDERS: Final = _OWNERS | ROLE_RELAYER | ROLE_OPERATOR
"""Roles whose holders may have accounts: relayers are paid on theirs."""

MAY: Final[dict[int, int]] = {
    commands.CreatePrincipal.TAG: ROLE_OPERATOR,
    commands.SetGlobalParams.TAG: ROLE_OPERATOR,
    commands.CreateAsset.TAG: ROLE_OPERATOR,
    commands.CreateMarket.TAG: ROLE_OPERATOR,
    commands.SetMarketParams.TAG: ROLE_OPERATOR,
    commands.SetMarketMode.TAG: ROLE_OPERATOR,
    commands.FundVamm.TAG: ROLE_OPERATOR,
    commands.CreateAccount.TAG: _HOLDERS,
    commands.Deposit.TAG: _OWNERS | ROLE_OPERATOR,
    commands.Withdraw.TAG: _HOLDERS,
    commands.Transfer.TAG: _OWNERS | ROLE_RELAYER,
    commands.PlaceOrder.TAG: _OWNERS,
    commands.CancelOrder.TAG: _OWNERS | ROLE_OPERATOR,
    commands.CancelAll.TAG: _OWNERS | ROLE_OPERATOR,
    commands.AmendOrder.TAG: _OWNERS,
    commands.Batch.TAG: _OWNERS,
    commands.OraclePrices.TAG: ROLE_ORACLE,
    commands.Tick.TAG: _HOUSE,
    commands.FundPool.TAG: ROLE_OPERATOR,
    commands.Repeg.TAG: ROLE_OPERATOR,
    commands.PlaceTrigger.TAG: _OWNERS,
    commands.OfferAuction.TAG: _OWNERS,
    commands.SettleAuction.TAG: _HOUSE,
    commands.MatchLimit.TAG: _HOUSE,
    commands.FireTrigger.TAG: _HOUSE,
    commands.Liquidate.TAG: _HOUSE,
    commands.UpdateFunding.TAG: _HOUSE,
    commands.ExpireOrder.TAG: _HOUSE,
    commands.UpdateMarket.TAG: _HOUSE,
    commands.SettleFunding.TAG: _OWNERS | ROLE_OPERATOR,
    commands.CreateVault.TAG: ROLE_OPERATOR,
    commands.SetVaultParams.TAG: ROLE_OPERATOR,
    commands.SetVaultQuote.TAG: ROLE_OPERATOR,
    commands.SetVaultWhitelist.TAG: ROLE_OPERATOR,
    commands.SetVaultMode.TAG: ROLE_OPERATOR,
    commands.CreateSpotPool.TAG: ROLE_OPERATOR,
    commands.DepositVault.TAG: _OWNERS,
    commands.WithdrawVault.TAG: _OWNERS,
    commands.ClaimUnlocks.TAG: _OWNERS | ROLE_OPERATOR,
    commands.AddSpotLiquidity.TAG: _OWNERS | ROLE_OPERATOR,
    commands.RemoveSpotLiquidity.TAG: _OWNERS | ROLE_OPERATOR,
    commands.SwapSpot.TAG: _OWNERS,
    commands.PostFirmQuote.TAG: _OWNERS,
    commands.CancelFirmQuote.TAG: _OWNERS | ROLE_OPERATOR,
    commands.RehedgeVault.TAG: _HOUSE,
    commands.TradeVault.TAG: _OWNERS,
    commands.SetBreakerParams.TAG: ROLE_OPERATOR,
    commands.SetBreakerMode.TAG: ROLE_OPERATOR,
    commands.Propose.TAG: ROLE_OPERATOR,
    commands.ExecuteProposal.TAG: ROLE_OPERATOR,
    commands.CancelProposal.TAG: ROLE_OPERATOR,
    commands.SetSigner.TAG: _OWNERS,
    commands.PlaceDelayed.TAG: _OWNERS,
    commands.SettleSigned.TAG: ROLE_RELAYER,
    commands.MatchSigned.TAG: ROLE_RELAYER,
    commands.CancelSigned.TAG: _OWNERS | ROLE_OPERATOR,
    commands.ExecuteDelayed.TAG: _HOUSE,
    commands.ReviewBreaker.TAG: _OWNERS | _HOUSE,
    commands.ReleaseHeld.TAG: _OWNERS | _HOUSE,
    commands.CancelHeld.TAG: _HOLDERS,
}
"""tag -> mask of roles of which the sender needs one."""


def _mask_by_tag() -> list[int]:
    masks = [0] * (max(MAY) + 1)
    for tag in sorted(MAY):
        masks[tag] = MAY[tag]
    return masks


MASKS: Final[list[int]] = _mask_by_tag()
"""``MAY`` as a list, read once per command."""
