"""Maker vaults and spot over HTTP: the part of ``HttpClient`` that asks for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar
from urllib.parse import quote

from plimsoll.client import models
from plimsoll.client.models import Receipt, VaultPreview

T = TypeVar("T")


def path_part(text: str) -> str:
    """A path segment; dots alone would be taken for a folder."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _times(since: int | None, until: int | None) -> dict[str, Any]:
    given = {"from": since, "to": until}
    return {name: value for name, value in given.items() if value is not None}


class HttpVaults(ABC):
    """Vaults, shares, spot pools and firm quotes; how to ask is the client's."""

    async def vaults(self) -> list[models.VaultInfo]:
        return await self._get(list[models.VaultInfo], "/v1/vaults")

    async def vault(self, vault: int) -> models.VaultInfo:
        return await self._get(models.VaultInfo, f"/v1/vaults/{vault:d}")

    async def vault_quotes(self, vault: int) -> list[models.VaultQuoteInfo]:
        return await self._get(list[models.VaultQuoteInfo], f"/v1/vaults/{vault:d}/quotes")

    async def vault_unlocks(self, vault: int) -> list[models.UnlockInfo]:
        return await self._get(list[models.UnlockInfo], f"/v1/vaults/{vault:d}/unlocks")

    async def holdings(self, account: int) -> list[models.HoldingInfo]:
        return await self._get(list[models.HoldingInfo], f"/v1/accounts/{account:d}/vaults")

    async def pnl(self, since: int | None = None, until: int | None = None) -> list[models.PnlInfo]:
        return await self._get(list[models.PnlInfo], "/v1/pnl", _times(since, until))

    async def vault_pnl(
        self, vault: int, since: int | None = None, until: int | None = None
    ) -> models.PnlInfo:
        path = f"/v1/vaults/{vault:d}/pnl"
        return await self._get(models.PnlInfo, path, _times(since, until))

    async def vamm_pnl(
        self, symbol: str, since: int | None = None, until: int | None = None
    ) -> models.PnlInfo:
        path = f"/v1/vamms/{path_part(symbol)}/pnl"
        return await self._get(models.PnlInfo, path, _times(since, until))

    async def vault_history(
        self,
        vault: int,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[models.PnlPoint]:
        query = {"resolution": resolution, "limit": limit} | _times(since, until)
        return await self._get(list[models.PnlPoint], f"/v1/vaults/{vault:d}/history", query)

    async def vamm_history(
        self,
        symbol: str,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[models.PnlPoint]:
        query = {"resolution": resolution, "limit": limit} | _times(since, until)
        path = f"/v1/vamms/{path_part(symbol)}/history"
        return await self._get(list[models.PnlPoint], path, query)

    async def deposit_vault(
        self, vault: int, req: models.VaultDepositRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("POST", f"/v1/vaults/{vault:d}/deposits", client_id, req)

    async def withdraw_vault(
        self, vault: int, req: models.VaultWithdrawalRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("POST", f"/v1/vaults/{vault:d}/withdrawals", client_id, req)

    async def preview_deposit(self, vault: int, req: models.VaultDepositRequest) -> VaultPreview:
        path = f"/v1/vaults/{vault:d}/deposits/preview"
        return await self._call(VaultPreview, "POST", path, {}, req)

    async def preview_withdrawal(
        self, vault: int, req: models.VaultWithdrawalRequest
    ) -> VaultPreview:
        path = f"/v1/vaults/{vault:d}/withdrawals/preview"
        return await self._call(VaultPreview, "POST", path, {}, req)

    async def claim_unlocks(
        self, vault: int, req: models.ClaimRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("POST", f"/v1/vaults/{vault:d}/claims", client_id, req)

    async def trade_vault(
        self, vault: int, req: models.VaultTradeRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("POST", f"/v1/vaults/{vault:d}/trades", client_id, req)

    async def spot_pools(self) -> list[models.SpotPoolInfo]:
        return await self._get(list[models.SpotPoolInfo], "/v1/spot/pools")

    async def spot_quotes(self) -> list[models.FirmQuoteInfo]:
        return await self._get(list[models.FirmQuoteInfo], "/v1/spot/quotes")

    async def swap(self, req: models.SwapRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/spot/swaps", client_id, req)

    async def post_spot_quote(self, req: models.FirmQuoteRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/spot/quotes", client_id, req)

    async def cancel_spot_quote(self, account: int, quote: int, client_id: str = "") -> Receipt:
        path = f"/v1/spot/quotes/{quote:d}"
        return await self._send("DELETE", path, client_id, None, {"account": account})

    @abstractmethod
    async def _get(self, kind: type[T], path: str, query: dict[str, Any] | None = None) -> T: ...

    @abstractmethod
    async def _send(
        self,
        method: str,
        path: str,
        client_id: str,
        req: models.Request | dict[str, Any] | None,
        query: dict[str, Any] | None = None,
    ) -> Receipt: ...

    @abstractmethod
    async def _call(
        self,
        kind: type[T],
        method: str,
        path: str,
        query: dict[str, Any],
        req: models.Request | dict[str, Any] | None,
        client_id: str = "",
    ) -> T: ...
