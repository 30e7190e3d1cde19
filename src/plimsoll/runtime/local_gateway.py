"""The order gateway and the breaker on a node of this process: a part of ``LocalClient``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from plimsoll.client import models
from plimsoll.client.errors import no_claim, no_signed
from plimsoll.client.models import Receipt, SignedOrderForm
from plimsoll.core.state import State
from plimsoll.messages.commands import Command
from plimsoll.runtime import present_breaker, present_gateway, translate_gateway
from plimsoll.runtime.access import find_account, find_vault, is_relayer, visible_accounts
from plimsoll.runtime.present import Catalogue

T = TypeVar("T")


class LocalGateway(ABC):
    """Keys, signed and delayed orders; the breaker and what it holds."""

    principal: int

    # Keys and orders ----------------------------------------------------------------------------

    async def signers(self, account: int) -> list[models.SignerInfo]:
        return await self._ask(
            lambda state: present_gateway.signers(
                state, find_account(state, self.principal, account)
            )
        )

    async def add_signer(self, account: int, signer: str, client_id: str = "") -> Receipt:
        await self._require_visible(account)
        command = translate_gateway.set_signer(account, signer, allowed=True)
        return await self._send(command, client_id)

    async def remove_signer(self, account: int, signer: str, client_id: str = "") -> Receipt:
        await self._require_visible(account)
        command = translate_gateway.set_signer(account, signer, allowed=False)
        return await self._send(command, client_id)

    async def settle_signed(self, req: models.SettleSignedRequest, client_id: str = "") -> Receipt:
        names = await self._names_for(req.order)
        return await self._send(translate_gateway.settle(req, names), client_id)

    async def match_signed(self, req: models.MatchSignedRequest, client_id: str = "") -> Receipt:
        names = await self._names_for(req.taker, req.maker)
        return await self._send(translate_gateway.match(req, names), client_id)

    async def cancel_signed(self, order: SignedOrderForm, client_id: str = "") -> Receipt:
        names = await self._names_for(order)
        return await self._send(translate_gateway.cancel(order, names), client_id)

    async def signed_order(self, order_hash: str) -> models.SignedInfo:
        def ask(state: State) -> models.SignedInfo:
            row = state.gateway.signed.get(order_hash)
            if row is None:
                raise no_signed(order_hash)
            own = state.accounts[row.account].owner == self.principal
            # A relayer who knows the hash has the order.
            if not own and not is_relayer(state, self.principal):
                raise no_signed(order_hash)
            return present_gateway.signed(row)

        return await self._ask(ask)

    async def signed_orders(self, account: int) -> list[models.SignedInfo]:
        return await self._ask(
            lambda state: present_gateway.signed_orders(
                state, find_account(state, self.principal, account)
            )
        )

    async def place_delayed(self, req: models.PlaceDelayedRequest, client_id: str = "") -> Receipt:
        vault = -1 if req.vault is None else req.vault
        names = await self._names_with(req.market, vault=vault)
        return await self._send(translate_gateway.place_delayed(req, names), client_id)

    # The breaker --------------------------------------------------------------------------------

    async def breaker(self) -> models.BreakerInfo:
        now = self.now()

        def ask(state: State) -> models.BreakerInfo:
            mine = frozenset(row.ident for row in visible_accounts(state, self.principal))
            return present_breaker.breaker(state, now, mine, self.principal)

        return await self._ask(ask)

    async def held(self, account: int) -> list[models.HeldInfo]:
        now = self.now()
        return await self._ask(
            lambda state: present_breaker.held(
                state, find_account(state, self.principal, account), now
            )
        )

    async def cancel_held(self, account: int, claim: int, client_id: str = "") -> Receipt:
        await self._require_visible(account)
        return await self._send(translate_gateway.cancel_held(account, claim), client_id)

    async def release_held(self, account: int, claim: int, client_id: str = "") -> Receipt:
        await self._require_visible(account)
        await self._ask(lambda state: _check_claim(state, account, claim))
        command = translate_gateway.release_held(claim)
        return await self._send(command, client_id, frozenset((account,)))

    async def review_breaker(self, vault: int | None = None, client_id: str = "") -> Receipt:
        if vault is not None:
            await self._ask(lambda state: find_vault(state, vault).ident)
        command = translate_gateway.review(-1 if vault is None else vault)
        return await self._send(command, client_id)

    async def _names_for(self, *forms: SignedOrderForm) -> Catalogue:
        """A catalogue with the markets and vaults of some orders."""
        vault = max(-1 if form.vault is None else form.vault for form in forms)
        return await self._names_with(*(form.market for form in forms), vault=vault)

    @abstractmethod
    def now(self) -> int: ...

    @abstractmethod
    async def _ask(self, ask: Callable[[State], T]) -> T: ...

    @abstractmethod
    async def _send(
        self, command: Command, client_id: str, about: frozenset[int] = frozenset()
    ) -> Receipt: ...

    @abstractmethod
    async def _require_visible(self, account: int) -> None: ...

    @abstractmethod
    async def _names_with(self, *symbols: str, vault: int = -1, pool: int = -1) -> Catalogue: ...


def _check_claim(state: State, account: int, claim: int) -> None:
    """Refuse a claim of another account; one that is over is for the exchange to judge, which may
    have answered the same command before. Errors: `NotFound`.
    """
    row = state.guard.held.get(claim)
    if row is not None and row.account.ident != account:
        raise no_claim(claim)
