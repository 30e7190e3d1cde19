"""What guards the exchange over HTTP: the part of ``HttpClient`` that asks for it."""

from __future__ import annotations

from plimsoll.client import models
from plimsoll.client.http_vaults import HttpVaults


class HttpGuard(HttpVaults):
    """Changes that are announced, and the limits of the outflow."""

    async def proposals(self) -> list[models.ProposalInfo]:
        return await self._get(list[models.ProposalInfo], "/v1/proposals")

    async def breaker_params(self) -> dict[str, int]:
        return await self._get(dict[str, int], "/v1/breaker/params")
