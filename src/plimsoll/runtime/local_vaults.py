"""Maker vaults and spot on a node of this process: the part of ``LocalClient`` about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

import msgspec

from plimsoll.client import models
from plimsoll.client.models import Receipt, VaultPreview
from plimsoll.core.state import State
from plimsoll.messages.commands import Command
from plimsoll.messages.events import Event, Rejected
from plimsoll.runtime import present_liquidity, translate_vaults
from plimsoll.runtime.access import find_account, find_vault, visible_accounts
from plimsoll.runtime.present import Catalogue, reject
from plimsoll.runtime.present_vaults import refused_decimals

T = TypeVar("T")


class LocalVaults(ABC):
    """Vaults, shares, spot pools and firm quotes; how to ask and to send is the client's."""

    principal: int

    async def vaults(self) -> list[models.VaultInfo]:
        now = self.now()
        return await self._ask(lambda state: present_liquidity.vaults(state, now))

    async def vault(self, vault: int) -> models.VaultInfo:
        now = self.now()
        return await self._ask(
            lambda state: present_liquidity.vault(state, find_vault(state, vault), now)
        )

    async def vault_quotes(self, vault: int) -> list[models.VaultQuoteInfo]:
        return await self._ask(
            lambda state: present_liquidity.quotes(state, find_vault(state, vault))
        )

    async def vault_unlocks(self, vault: int) -> list[models.UnlockInfo]:
        now = self.now()
        return await self._ask(
            lambda state: present_liquidity.unlocks(
                state, find_vault(state, vault), now, self._mine(state)
            )
        )

    async def holdings(self, account: int) -> list[models.HoldingInfo]:
        now = self.now()
        return await self._ask(
            lambda state: present_liquidity.holdings(
                state, find_account(state, self.principal, account), now
            )
        )

    async def deposit_vault(
        self, vault: int, req: models.VaultDepositRequest, client_id: str = ""
    ) -> Receipt:
        names = await self._names_with(vault=vault)
        return await self._send(translate_vaults.deposit(vault, req, names), client_id)

    async def withdraw_vault(
        self, vault: int, req: models.VaultWithdrawalRequest, client_id: str = ""
    ) -> Receipt:
        names = await self._names_with(vault=vault)
        return await self._send(translate_vaults.withdraw(vault, req, names), client_id)

    async def preview_deposit(self, vault: int, req: models.VaultDepositRequest) -> VaultPreview:
        names = await self._names_with(vault=vault)
        command = translate_vaults.deposit(vault, req, names)
        return await self._preview(command, vault, req.account, names)

    async def preview_withdrawal(
        self, vault: int, req: models.VaultWithdrawalRequest
    ) -> VaultPreview:
        names = await self._names_with(vault=vault)
        command = translate_vaults.withdraw(vault, req, names)
        return await self._preview(command, vault, req.account, names)

    async def claim_unlocks(
        self, vault: int, req: models.ClaimRequest, client_id: str = ""
    ) -> Receipt:
        names = await self._names_with(vault=vault)
        return await self._send(translate_vaults.claim(vault, req, names), client_id)

    async def trade_vault(
        self, vault: int, req: models.VaultTradeRequest, client_id: str = ""
    ) -> Receipt:
        names = await self._names_with(vault=vault)
        return await self._send(translate_vaults.trade(vault, req, names), client_id)

    async def spot_pools(self) -> list[models.SpotPoolInfo]:
        return await self._ask(present_liquidity.pools)

    async def spot_quotes(self) -> list[models.FirmQuoteInfo]:
        now = self.now()
        return await self._ask(
            lambda state: present_liquidity.firm_quotes(state, now, self._mine(state))
        )

    async def swap(self, req: models.SwapRequest, client_id: str = "") -> Receipt:
        names = await self._names_with(req.asset_in, pool=req.pool)
        return await self._send(translate_vaults.swap(req, names), client_id)

    async def post_spot_quote(self, req: models.FirmQuoteRequest, client_id: str = "") -> Receipt:
        names = await self._names_with(req.asset)
        return await self._send(translate_vaults.post_quote(req, names), client_id)

    async def cancel_spot_quote(self, account: int, quote: int, client_id: str = "") -> Receipt:
        return await self._send(translate_vaults.cancel_quote(account, quote), client_id)

    def _mine(self, state: State) -> frozenset[int]:
        return frozenset(row.ident for row in visible_accounts(state, self.principal))

    async def _preview(
        self, command: Command, vault: int, account: int, names: Catalogue
    ) -> VaultPreview:
        """What the command would do; the account must be one that the principal may see."""
        await self._ask(lambda state: find_account(state, self.principal, account).ident)
        found = await self._dry_run(command)
        shown = present_liquidity.preview(found, names, vault)
        refused = [event for event in found if isinstance(event, Rejected)]
        if not refused:
            return shown
        why = reject(refused[-1], refused_decimals(command, refused[-1].code, names))
        return msgspec.structs.replace(shown, accepted=False, reject=why)

    @abstractmethod
    def now(self) -> int: ...

    @abstractmethod
    async def _ask(self, ask: Callable[[State], T]) -> T: ...

    @abstractmethod
    async def _send(self, command: Command, client_id: str) -> Receipt: ...

    @abstractmethod
    async def _dry_run(self, command: Command) -> list[Event]: ...

    @abstractmethod
    async def _names_with(self, *symbols: str, vault: int = -1, pool: int = -1) -> Catalogue: ...
