"""What guards the exchange, on a node of this process: a part of ``LocalClient``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from plimsoll.client import models
from plimsoll.core.state import State
from plimsoll.runtime import present_proposals

T = TypeVar("T")


class LocalGuard(ABC):
    """Changes that are announced, and the limits of the outflow, which everybody may see."""

    async def proposals(self) -> list[models.ProposalInfo]:
        now = self.now()
        return await self._ask(lambda state: present_proposals.proposals(state, now))

    async def breaker_params(self) -> dict[str, int]:
        return await self._ask(present_proposals.breaker_params)

    @abstractmethod
    def now(self) -> int: ...

    @abstractmethod
    async def _ask(self, ask: Callable[[State], T]) -> T: ...
