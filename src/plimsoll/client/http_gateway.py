"""The order gateway and what is held over HTTP: the part of ``HttpClient`` that asks for them."""

from __future__ import annotations

import re
from typing import Final

from plimsoll.client import models
from plimsoll.client.errors import bad_field
from plimsoll.client.http_guard import HttpGuard
from plimsoll.client.models import Receipt

_SIGNER: Final = re.compile(r"[a-z0-9]+:[a-z0-9]+")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class HttpGateway(HttpGuard):
    """Keys, signed orders, delayed orders; the breaker and what it holds."""

    async def signers(self, account: int) -> list[models.SignerInfo]:
        return await self._get(list[models.SignerInfo], f"/v1/accounts/{account:d}/signers")

    async def add_signer(self, account: int, signer: str, client_id: str = "") -> Receipt:
        request = models.SignerRequest(signer=signer)
        return await self._send("POST", f"/v1/accounts/{account:d}/signers", client_id, request)

    async def remove_signer(self, account: int, signer: str, client_id: str = "") -> Receipt:
        # It stands in the path as it is, which has no escapes.
        if _SIGNER.fullmatch(signer) is None:
            raise bad_field("signer", "is not the text of a key")
        path = f"/v1/accounts/{account:d}/signers/{signer}"
        return await self._send("DELETE", path, client_id, None)

    async def settle_signed(self, req: models.SettleSignedRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/signed/settle", client_id, req)

    async def match_signed(self, req: models.MatchSignedRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/signed/match", client_id, req)

    async def cancel_signed(self, order: models.SignedOrderForm, client_id: str = "") -> Receipt:
        request = models.CancelSignedRequest(order=order)
        return await self._send("POST", "/v1/signed/cancel", client_id, request)

    async def signed_order(self, order_hash: str) -> models.SignedInfo:
        if _HASH.fullmatch(order_hash) is None:
            raise bad_field("hash", "is not 64 hex digits in lower case")
        return await self._get(models.SignedInfo, f"/v1/signed/{order_hash}")

    async def signed_orders(self, account: int) -> list[models.SignedInfo]:
        return await self._get(list[models.SignedInfo], f"/v1/accounts/{account:d}/signed")

    async def place_delayed(self, req: models.PlaceDelayedRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/delayed", client_id, req)

    async def breaker(self) -> models.BreakerInfo:
        return await self._get(models.BreakerInfo, "/v1/breaker")

    async def held(self, account: int) -> list[models.HeldInfo]:
        return await self._get(list[models.HeldInfo], f"/v1/accounts/{account:d}/held")

    async def cancel_held(self, account: int, claim: int, client_id: str = "") -> Receipt:
        path = f"/v1/accounts/{account:d}/held/{claim:d}/cancel"
        return await self._send("POST", path, client_id, None)

    async def release_held(self, account: int, claim: int, client_id: str = "") -> Receipt:
        path = f"/v1/accounts/{account:d}/held/{claim:d}/release"
        return await self._send("POST", path, client_id, None)

    async def review_breaker(self, vault: int | None = None, client_id: str = "") -> Receipt:
        path = "/v1/breaker/review" if vault is None else f"/v1/vaults/{vault:d}/review"
        return await self._send("POST", path, client_id, None)
