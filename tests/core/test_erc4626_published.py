"""Which published property of ERC-4626 vaults is which law here, or why it has no counterpart."""

from __future__ import annotations

import pytest

from tests.harness.erc4626_attacks import ALL

A16Z = (
    "prop_asset", "prop_totalAssets", "prop_convertToShares", "prop_convertToAssets",
    "prop_maxDeposit", "prop_previewDeposit", "prop_deposit",
    "prop_maxMint", "prop_previewMint", "prop_mint",
    "prop_maxWithdraw", "prop_previewWithdraw", "prop_withdraw",
    "prop_maxRedeem", "prop_previewRedeem", "prop_redeem",
    "prop_RT_deposit_redeem", "prop_RT_deposit_withdraw",
    "prop_RT_redeem_deposit", "prop_RT_redeem_mint",
    "prop_RT_mint_withdraw", "prop_RT_mint_redeem",
    "prop_RT_withdraw_mint", "prop_RT_withdraw_deposit",
)  # fmt: skip
"""erc4626-tests of a16z, by the names of the functions."""

CRYTIC = {
    "ERC4626-001": "verify_assetMustNotRevert",
    "ERC4626-002": "verify_totalAssetsMustNotRevert",
    "ERC4626-003": "verify_convertToAssetsMustNotRevert",
    "ERC4626-004": "verify_convertToSharesMustNotRevert",
    "ERC4626-005": "verify_maxDepositMustNotRevert",
    "ERC4626-006": "verify_maxMintMustNotRevert",
    "ERC4626-007": "verify_maxRedeemMustNotRevert",
    "ERC4626-008": "verify_maxWithdrawMustNotRevert",
    "ERC4626-009": "verify_redeemViaApprovalProxy",
    "ERC4626-010": "verify_withdrawViaApprovalProxy",
    "ERC4626-011": "verify_withdrawRequiresTokenApproval",
    "ERC4626-012": "verify_redeemRequiresTokenApproval",
    "ERC4626-013": "verify_previewDepositRoundingDirection",
    "ERC4626-014": "verify_previewMintRoundingDirection",
    "ERC4626-015": "verify_convertToSharesRoundingDirection",
    "ERC4626-016": "verify_previewRedeemRoundingDirection",
    "ERC4626-017": "verify_previewWithdrawRoundingDirection",
    "ERC4626-018": "verify_convertToAssetsRoundingDirection",
    "ERC4626-019": "verify_depositRoundingDirection",
    "ERC4626-020": "verify_mintRoundingDirection",
    "ERC4626-021": "verify_withdrawRoundingDirection",
    "ERC4626-022": "verify_redeemRoundingDirection",
    "ERC4626-023": "verify_maxDepositIgnoresSenderAssets",
    "ERC4626-024": "verify_maxMintIgnoresSenderAssets",
    "ERC4626-025": "verify_previewMintIgnoresSender",
    "ERC4626-026": "verify_previewDepositIgnoresSender",
    "ERC4626-027": "verify_previewWithdrawIgnoresSender",
    "ERC4626-028": "verify_previewRedeemIgnoresSender",
    "ERC4626-029": "verify_depositProperties",
    "ERC4626-030": "verify_mintProperties",
    "ERC4626-031": "verify_redeemProperties",
    "ERC4626-032": "verify_withdrawProperties",
    "ERC4626-033": "verify_sharePriceInflationAttack",
    "ERC4626-034": "verify_assetDecimalsLessThanVault",
    "ERC4626-035": "verify_withdrawRequiresTokenApproval",
    "ERC4626-036": "verify_redeemRequiresTokenApproval",
    "ERC4626-037": "verify_convertToSharesMustNotRevert",
}
"""The list of crytic's properties; three of them stand there twice."""

UNLISTED = {"verify_convertRoundTrip", "verify_convertRoundTrip2"}
"""In crytic's files, not in its list."""

WITHOUT = {
    "ERC4626-009": "shares are not transferable, so that nobody can be let spend somebody else's",
    "ERC4626-010": "shares are not transferable, so that nobody can be let spend somebody else's",
}
"""Published property -> why there is nothing like it here."""

PUBLISHED = [*A16Z, *CRYTIC]


def stands_for(name: str) -> list[str]:
    """The laws that a published property has become."""
    return [law for law, one in ALL.items() if name in one.published]


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_has_its_law_or_a_reason(name: str) -> None:
    """Twenty-four and thirty-seven, each adapted, or not, and never both."""
    assert (len(stands_for(name)) == 1) != (name in WITHOUT)


def test_nothing_is_claimed_that_was_not_published() -> None:
    """A law stands for properties that exist; the lists are as long as they were published."""
    claimed = {name for one in ALL.values() for name in one.published}
    assert claimed <= {*PUBLISHED, *UNLISTED}
    assert (len(A16Z), len(CRYTIC)) == (24, 37)
    assert len([name for name in A16Z if name.startswith("prop_RT_")]) == 8
