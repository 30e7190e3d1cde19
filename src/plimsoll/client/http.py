"""HttpClient: the Client protocol over HTTP and WebSocket (the Python SDK).

Every request is signed anew whenever it is sent. Reads are repeated after failures of the network.
Commands always travel under a client id (one is made if none is given) and are repeated under the
same one, so that a lost reply never makes a second order.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Self, TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

import aiohttp
import msgspec
import stamina
from yarl import URL

from plimsoll.client import models, signing
from plimsoll.client.errors import (
    BadAnswer,
    HttpProblem,
    Timeout,
    Unreachable,
    bad_field,
    problem,
)
from plimsoll.client.http_gateway import HttpGateway
from plimsoll.client.http_vaults import path_part as _part
from plimsoll.client.models import ErrorInfo, Receipt
from plimsoll.client.signing import COMMAND_ID_HEADER, ApiKey
from plimsoll.client.socket import Socket
from plimsoll.errors import ClientError, ConfigError
from plimsoll.units import div_floor

T = TypeVar("T")

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
RETRY_AFTER_MAX: Final = 30.0
"""Longest wait (seconds) that a server can ask of this client."""
_GATEWAY: Final = (502, 504)


def system_clock() -> int:
    """Milliseconds since the epoch."""
    return div_floor(time.time_ns(), 1_000_000)


class HttpClient(HttpGateway):
    """Access to a node at ``url``, with a key for everything that is not public.

    ``timeout`` is the time (seconds) of one attempt, ``attempts`` how many there are at most.
    Open it where an event loop runs; close it, or use it as an async context manager.
    Errors: `ConfigError` for an address that is none.
    """

    def __init__(
        self,
        url: str,
        key: ApiKey | None = None,
        *,
        timeout: float = 10.0,
        attempts: int = 4,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.query or not _has_host(parts):
            raise ConfigError(f"{url!r} is not the address of a node, such as http://host:port")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.rstrip("/")
        self._key = key
        self._attempts = attempts
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._sockets: set[Socket] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        for socket in list(self._sockets):
            await socket.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    # --- reading ----------------------------------------------------------------------------

    async def exchange(self) -> models.ExchangeInfo:
        return await self._get(models.ExchangeInfo, "/v1/exchange")

    async def markets(self) -> list[models.MarketInfo]:
        return await self._get(list[models.MarketInfo], "/v1/markets")

    async def market(self, symbol: str) -> models.MarketInfo:
        return await self._get(models.MarketInfo, f"/v1/markets/{_part(symbol)}")

    async def book(self, symbol: str, depth: int = 20) -> models.BookSnapshot:
        path = f"/v1/markets/{_part(symbol)}/book"
        return await self._get(models.BookSnapshot, path, {"depth": depth})

    async def trades(self, symbol: str, limit: int = 100) -> list[models.TradeInfo]:
        path = f"/v1/markets/{_part(symbol)}/trades"
        return await self._get(list[models.TradeInfo], path, {"limit": limit})

    async def market_params(self, symbol: str) -> dict[str, int | str]:
        return await self._get(dict[str, int | str], f"/v1/markets/{_part(symbol)}/params")

    async def auctions(self, symbol: str) -> list[models.AuctionInfo]:
        return await self._get(list[models.AuctionInfo], f"/v1/markets/{_part(symbol)}/auctions")

    async def funding(self, symbol: str, limit: int = 100) -> list[models.FundingInfo]:
        path = f"/v1/markets/{_part(symbol)}/funding"
        return await self._get(list[models.FundingInfo], path, {"limit": limit})

    async def repegs(self, symbol: str, limit: int = 100) -> list[models.RepegInfo]:
        path = f"/v1/markets/{_part(symbol)}/repegs"
        return await self._get(list[models.RepegInfo], path, {"limit": limit})

    async def liquidations(self, limit: int = 100) -> list[models.LiquidationInfo]:
        return await self._get(list[models.LiquidationInfo], "/v1/liquidations", {"limit": limit})

    async def explain(self, seq: int) -> models.ExplainInfo:
        return await self._get(models.ExplainInfo, f"/v1/explain/{seq:d}")

    async def accounts(self) -> list[models.AccountInfo]:
        return await self._get(list[models.AccountInfo], "/v1/accounts")

    async def account(self, account: int) -> models.AccountInfo:
        return await self._get(models.AccountInfo, f"/v1/accounts/{account:d}")

    async def orders(self, account: int) -> list[models.OrderInfo]:
        return await self._get(list[models.OrderInfo], f"/v1/accounts/{account:d}/orders")

    async def triggers(self, account: int) -> list[models.TriggerInfo]:
        return await self._get(list[models.TriggerInfo], f"/v1/accounts/{account:d}/triggers")

    async def fills(self, account: int, limit: int = 100) -> list[models.FillInfo]:
        path = f"/v1/accounts/{account:d}/fills"
        return await self._get(list[models.FillInfo], path, {"limit": limit})

    async def principals(self) -> list[models.PrincipalInfo]:
        return await self._get(list[models.PrincipalInfo], "/v1/principals")

    async def quote(self, req: models.PlaceOrderRequest) -> Receipt:
        return await self._call(Receipt, "POST", "/v1/quotes", {}, req)

    # --- commands ---------------------------------------------------------------------------

    async def create_account(
        self, req: models.CreateAccountRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("POST", "/v1/accounts", client_id, req)

    async def deposit(
        self, account: int, req: models.DepositRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("POST", f"/v1/accounts/{account:d}/deposits", client_id, req)

    async def withdraw(
        self, account: int, req: models.WithdrawRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("POST", f"/v1/accounts/{account:d}/withdrawals", client_id, req)

    async def transfer(self, req: models.TransferRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/transfers", client_id, req)

    async def place_order(self, req: models.PlaceOrderRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/orders", client_id, req)

    async def place_trigger(self, req: models.PlaceTriggerRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/triggers", client_id, req)

    async def offer(self, auction: int, req: models.OfferRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", f"/v1/auctions/{auction:d}/offers", client_id, req)

    async def cancel_order(
        self, account: int, order: int = 0, client_order_id: str = "", client_id: str = ""
    ) -> Receipt:
        query: dict[str, Any] = {"account": account}
        if client_order_id:
            query["client_order_id"] = client_order_id
        return await self._send("DELETE", f"/v1/orders/{order:d}", client_id, None, query)

    async def cancel_all(
        self, account: int, market: str | None = None, client_id: str = ""
    ) -> Receipt:
        query = {} if market is None else {"market": market}
        path = f"/v1/accounts/{account:d}/orders"
        return await self._send("DELETE", path, client_id, None, query)

    async def amend_order(
        self, order: int, req: models.AmendOrderRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send("PATCH", f"/v1/orders/{order:d}", client_id, req)

    async def batch(self, req: models.BatchRequest, client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/orders/batch", client_id, req)

    async def command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/commands", client_id, values)

    # --- keepers ----------------------------------------------------------------------------

    async def keeper_snapshot(self) -> models.KeeperSnapshot:
        return await self._get(models.KeeperSnapshot, "/v1/keeper/snapshot")

    async def keeper_command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        return await self._send("POST", "/v1/keeper/commands", client_id, values)

    # --- streams ----------------------------------------------------------------------------

    async def stream(self, channels: list[str]) -> AsyncIterator[models.StreamMessage]:
        path = f"{self._prefix}/v1/stream"

        async def connect() -> aiohttp.ClientWebSocketResponse:
            return await self._open_session().ws_connect(
                URL(self._origin + path, encoded=True),
                heartbeat=20.0,
                max_msg_size=ANSWER_BYTES_MAX,
            )

        socket = Socket(connect, channels)
        self._sockets.add(socket)
        try:
            async for message in socket.messages():
                yield message
        finally:
            self._sockets.discard(socket)
            await socket.close()

    # --- inside -----------------------------------------------------------------------------

    async def _get(self, kind: type[T], path: str, query: dict[str, Any] | None = None) -> T:
        return await self._call(kind, "GET", path, query or {}, None)

    async def _send(
        self,
        method: str,
        path: str,
        client_id: str,
        req: models.Request | dict[str, Any] | None,
        query: dict[str, Any] | None = None,
    ) -> Receipt:
        ident = client_id or secrets.token_urlsafe(18)
        if not signing.is_command_id(ident):
            raise bad_field("client_id", "must be 1 to 36 letters, digits, - and _")
        return await self._call(Receipt, method, path, query or {}, req, ident)

    async def _call(
        self,
        kind: type[T],
        method: str,
        path: str,
        query: dict[str, Any],
        req: models.Request | dict[str, Any] | None,
        client_id: str = "",
    ) -> T:
        """Send until there is an answer or no attempt is left; the answer decoded."""
        body = b"" if req is None else msgspec.json.encode(req)
        unknown = False
        try:
            async for attempt in stamina.retry_context(
                on=_worth_another,
                attempts=self._attempts,
                timeout=None,
                wait_initial=0.1,
                wait_max=2.0,
                wait_jitter=0.1,
            ):
                with attempt:
                    try:
                        return await self._once(
                            kind, method, path, urlencode(query), body, client_id
                        )
                    except (Timeout, BadAnswer):
                        unknown = True
                        raise
        except ClientError as error:
            # An earlier attempt may have been carried out although the last one was not.
            final = isinstance(error, HttpProblem) and error.status not in (429, 503)
            if client_id and unknown and not final and not isinstance(error, Timeout):
                raise Timeout(error.message, client_id=client_id) from error
            raise
        raise RuntimeError("the attempts ended without an answer")

    async def _once(
        self, kind: type[T], method: str, path: str, query: str, body: bytes, client_id: str
    ) -> T:
        full = self._prefix + path
        headers = {"Content-Type": "application/json"} if body else {}
        if client_id:
            headers[COMMAND_ID_HEADER] = client_id
        url = URL(f"{self._origin}{full}{'?' + query if query else ''}", encoded=True)
        try:
            async with self._open_session().request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                data = await _read(response)
                after = response.headers.get("Retry-After")
                return _decode(kind, response.status, after, data, client_id)
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"{self._origin} cannot be reached: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            text = f"no answer from {self._origin}: {type(error).__name__} {error}".rstrip()
            raise Timeout(text, client_id=client_id, remedy=_remedy(client_id)) from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, middlewares=(self._sign,))
        return self._session

    async def _sign(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Sign each request as it is sent: the library itself repeats some on a fresh connection,
        and a nonce is good for one only.
        """
        if self._key is not None:
            content = request.body
            body = await content.as_bytes() if isinstance(content, aiohttp.Payload) else content
            url, nonce = request.url, secrets.token_urlsafe(18)
            path, query = url.raw_path, url.raw_query_string
            ident = request.headers.get(COMMAND_ID_HEADER, "")
            now, method = self._clock(), request.method
            request.headers.update(
                signing.headers(self._key, now, nonce, method, path, query, bytes(body), ident)
            )
        return await send(request)


def _has_host(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _remedy(client_id: str) -> str | None:
    return None if client_id else "Ask again: a read changes nothing."


async def _read(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        data += chunk
        if len(data) > ANSWER_BYTES_MAX:
            raise BadAnswer(f"the answer exceeds {ANSWER_BYTES_MAX} bytes")
    return bytes(data)


def _decode(kind: type[T], status: int, retry_after: str | None, data: bytes, client_id: str) -> T:
    """The answer, or the problem it reports. Errors: `HttpProblem`, `BadAnswer`, `Timeout`."""
    if status in _GATEWAY:
        raise Timeout(f"a gateway answered {status}", client_id=client_id)
    try:
        if status in (200, 201) or (status == 422 and kind is Receipt):
            return msgspec.json.decode(data, type=kind)
        info = msgspec.json.decode(data, type=ErrorInfo)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if status in (429, 503):
            # A proxy in front of the node refuses in its own words.
            info = ErrorInfo(code=0, name=f"HTTP_{status}", message="refused without details")
        else:
            raise BadAnswer(f"HTTP {status} with an answer that says nothing: {error}") from error
    raise problem(status, info, retry_after=_seconds(retry_after))


def _seconds(text: str | None) -> float | None:
    """Seconds of a Retry-After header; None for none and for dates."""
    try:
        found = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return min(found, RETRY_AFTER_MAX) if math.isfinite(found) and found >= 0 else None


def _worth_another(error: Exception) -> bool | float:
    """Whether another attempt may succeed, and after how many seconds if the server named it."""
    if isinstance(error, Timeout | Unreachable | BadAnswer):
        return True
    if isinstance(error, HttpProblem) and error.status in (429, 503):
        if error.retry_after is not None:
            return max(error.retry_after, 0.001)
        return error.status == 429
    return False
