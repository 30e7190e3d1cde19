"""PnL and history of vaults and vAMMs on a node of this process: a part of ``LocalClient``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from plimsoll.client import models
from plimsoll.client.errors import bad_field, no_history, no_points
from plimsoll.client.vault_base import POINTS_MAX
from plimsoll.core.state import State
from plimsoll.messages.fields import TIME_MAX
from plimsoll.runtime import present_pnl, translate
from plimsoll.runtime.access import find_market, find_vault, outside_errors
from plimsoll.runtime.pnl import RESOLUTIONS, PnlReader
from plimsoll.runtime.present_pnl import Subject

T = TypeVar("T")


class LocalPnl(ABC):
    """What vaults earn, which everybody may see; ``_kept`` is what keeps it, if anything does."""

    _kept: PnlReader | None

    async def pnl(self, since: int | None = None, until: int | None = None) -> list[models.PnlInfo]:
        _check_times(since, until)
        subjects = await self._ask(present_pnl.subjects)
        with outside_errors():
            known = await self._reader().sources()
        found = [await self._between(one, since, until) for one in subjects if one.source in known]
        return [one for one in found if one is not None]

    async def vault_pnl(
        self, vault: int, since: int | None = None, until: int | None = None
    ) -> models.PnlInfo:
        return await self._pnl_of(await self._vault_subject(vault), since, until)

    async def vamm_pnl(
        self, symbol: str, since: int | None = None, until: int | None = None
    ) -> models.PnlInfo:
        return await self._pnl_of(await self._vamm_subject(symbol), since, until)

    async def vault_history(
        self,
        vault: int,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[models.PnlPoint]:
        subject = await self._vault_subject(vault)
        return await self._history_of(subject, resolution, since, until, limit)

    async def vamm_history(
        self,
        symbol: str,
        resolution: str = "hour",
        since: int | None = None,
        until: int | None = None,
        limit: int = 500,
    ) -> list[models.PnlPoint]:
        subject = await self._vamm_subject(symbol)
        return await self._history_of(subject, resolution, since, until, limit)

    async def _vault_subject(self, vault: int) -> Subject:
        return await self._ask(lambda state: present_pnl.of_vault(state, find_vault(state, vault)))

    async def _vamm_subject(self, symbol: str) -> Subject:
        return await self._ask(lambda state: present_pnl.of_vamm(state, find_market(state, symbol)))

    async def _pnl_of(
        self, subject: Subject, since: int | None, until: int | None
    ) -> models.PnlInfo:
        _check_times(since, until)
        found = await self._between(subject, since, until)
        if found is None:
            raise no_points(subject.source, until or 0)
        return found

    async def _between(
        self, subject: Subject, since: int | None, until: int | None
    ) -> models.PnlInfo | None:
        """None if nothing is known of it up to ``until``."""
        kept, source = self._reader(), subject.source
        with outside_errors():
            if until is None:
                end = (await kept.latest()).get(source)
            else:
                end = await kept.before(source, until)
            start = None if since is None else await kept.before(source, since)
        return None if end is None else present_pnl.pnl(subject, start, end)

    async def _history_of(
        self,
        subject: Subject,
        resolution: str,
        since: int | None,
        until: int | None,
        limit: int,
    ) -> list[models.PnlPoint]:
        _check_times(since, until)
        translate.word("resolution", resolution, tuple(RESOLUTIONS))
        most = translate.limit("limit", limit, POINTS_MAX)
        kept = self._reader()
        with outside_errors():
            found = await kept.points(subject.source, RESOLUTIONS[resolution], since, until, most)
        return [present_pnl.point(subject, one) for one in found]

    def _reader(self) -> PnlReader:
        if self._kept is None:
            raise no_history()
        return self._kept

    @abstractmethod
    async def _ask(self, ask: Callable[[State], T]) -> T: ...


def _check_times(since: int | None, until: int | None) -> None:
    for name, given in (("from", since), ("to", until)):
        if given is not None and not 0 <= given <= TIME_MAX:
            raise bad_field(name, f"must be a time in ms, 0 to {TIME_MAX}")
    if since is not None and until is not None and since > until:
        raise bad_field("from", "must not be later than to")
