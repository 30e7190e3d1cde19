"""The part of the Client protocol about maker vaults and spot; see ``base``."""

from __future__ import annotations

from typing import Final, Protocol

from plimsoll.client.models import (
    ClaimRequest,
    FirmQuoteInfo,
    FirmQuoteRequest,
    HoldingInfo,
    PnlInfo,
    PnlPoint,
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

POINTS_MAX: Final = 1_000
"""Most points of a history in one answer."""


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

    async def pnl(self, since: int | None = None, until: int | None = None) -> list[PnlInfo]:
        """What every vault, then every vAMM, earned by cause, between the last points kept up to
        two times (ms UTC; None: its opening, and now). Without those of which nothing is known up
        to ``until``. Raises ``BadField``.
        """

    async def vault_pnl(
        self, vault: int, since: int | None = None, until: int | None = None
    ) -> PnlInfo:
        """As ``pnl``, of one vault. Raises ``NotFound``, also for times before its opening."""

    async def vamm_pnl(
        self, symbol: str, since: int | None = None, until: int | None = None
    ) -> PnlInfo:
        """As ``vault_pnl``, of the vAMM of a market."""

    async def vault_history(
        self,
        vault: int,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[PnlPoint]:
        """The last point of each ``hour`` or ``day`` (UTC) within two times (ms, both included),
        oldest first, at most ``limit`` (``POINTS_MAX``): from ``since`` on, without it the newest.
        Hours are kept for 90 days, days for ever. Raises ``NotFound``, ``BadField``.
        """

    async def vamm_history(
        self,
        symbol: str,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[PnlPoint]:
        """As ``vault_history``, of the vAMM of a market."""

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
