"""The part of the Client protocol about maker vaults and spot; see ``base``."""

from __future__ import annotations

from typing import Protocol

from plimsoll.client.models import (
    ClaimRequest,
    FirmQuoteInfo,
    FirmQuoteRequest,
    HoldingInfo,
    Receipt,
    SpotPoolInfo,
    SwapRequest,
    UnlockInfo,
    VaultDepositRequest,
    VaultInfo,
    VaultPreview,
    VaultQuoteInfo,
    VaultTradeRequest,
    VaultWithdrawalRequest,
)


class VaultClient(Protocol):
    """Vaults, shares, spot pools and firm quotes on behalf of one principal."""

    async def vaults(self) -> list[VaultInfo]:
        """Every vault, by id."""

    async def vault(self, vault: int) -> VaultInfo:
        """One vault. Raises ``NotFound``."""

    async def vault_quotes(self, vault: int) -> list[VaultQuoteInfo]:
        """How a passive vault quotes, by market. Raises ``NotFound``."""

    async def vault_unlocks(self, vault: int) -> list[UnlockInfo]:
        """What waits to be paid out of a vault, by account. Raises ``NotFound``."""

    async def holdings(self, account: int) -> list[HoldingInfo]:
        """What an account has in vaults. Raises ``NotFound``, also for somebody else's."""

    async def deposit_vault(
        self, vault: int, req: VaultDepositRequest, client_id: str = ""
    ) -> Receipt:
        """Buy shares of a vault. Raises ``NotFound`` for one that is not there."""

    async def withdraw_vault(
        self, vault: int, req: VaultWithdrawalRequest, client_id: str = ""
    ) -> Receipt:
        """Give shares back. Raises ``NotFound`` for a vault that is not there."""

    async def preview_deposit(self, vault: int, req: VaultDepositRequest) -> VaultPreview:
        """What this deposit would give now. Never changes anything. Raises ``NotFound``."""

    async def preview_withdrawal(self, vault: int, req: VaultWithdrawalRequest) -> VaultPreview:
        """What this withdrawal would give now. Never changes anything. Raises ``NotFound``."""

    async def claim_unlocks(self, vault: int, req: ClaimRequest, client_id: str = "") -> Receipt:
        """Pay out what is due of an account."""

    async def trade_vault(self, vault: int, req: VaultTradeRequest, client_id: str = "") -> Receipt:
        """Trade with a hedged vault alone."""

    async def spot_pools(self) -> list[SpotPoolInfo]:
        """Every spot pool, by id."""

    async def spot_quotes(self) -> list[FirmQuoteInfo]:
        """Every firm quote: by asset, the bids before the asks, best first."""

    async def swap(self, req: SwapRequest, client_id: str = "") -> Receipt:
        """Swap in a spot pool."""

    async def post_spot_quote(self, req: FirmQuoteRequest, client_id: str = "") -> Receipt:
        """Leave a firm quote; its id is in the receipt's ``FirmQuotePosted`` event."""

    async def cancel_spot_quote(self, account: int, quote: int, client_id: str = "") -> Receipt:
        """Take a firm quote back."""
