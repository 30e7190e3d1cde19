"""LocalClient: the Client protocol on a node of this process, on behalf of one principal.

The HTTP interface calls this too, so everything it refuses is refused here. Reads show a principal
its own accounts and an operator all of them; somebody else's account and one that does not exist
give the same answer.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import msgspec

from plimsoll.client import models
from plimsoll.client.base import DEPTH_MAX, FILLS_MAX, HISTORY_MAX, TRADES_MAX
from plimsoll.client.errors import no_record
from plimsoll.client.models import Receipt
from plimsoll.core import views_mechanisms
from plimsoll.core.state import State
from plimsoll.errors import BadSignature
from plimsoll.messages.commands import Command
from plimsoll.messages.events import Event, Rejected
from plimsoll.messages.mechanisms import FundingSkipped, FundingUpdated
from plimsoll.runtime import explain, present, present_mechanisms, receipts, translate
from plimsoll.runtime.access import (
    find_account,
    find_market,
    is_operator,
    outside_errors,
    require_keeper,
    visible_accounts,
    visible_principals,
)
from plimsoll.runtime.local_gateway import LocalGateway
from plimsoll.runtime.local_guard import LocalGuard
from plimsoll.runtime.local_pnl import LocalPnl
from plimsoll.runtime.local_vaults import LocalVaults
from plimsoll.runtime.node import NodeBase
from plimsoll.runtime.node_types import Clock, system_clock
from plimsoll.runtime.pnl import PnlReader
from plimsoll.runtime.present import Catalogue
from plimsoll.runtime.recent import History
from plimsoll.runtime.streams import Stream

T = TypeVar("T")


class LocalClient(LocalVaults, LocalPnl, LocalGuard, LocalGateway):
    """A principal's access to a node. Many may share one node and one ``history``. Keep it: it
    remembers names and accounts, so that a command need not wait for a read first.

    ``clock`` (ms UTC) is the node's: it decides whether a market's oracle price counts as fresh.
    ``kept`` is the history of vaults, where one is kept.
    """

    def __init__(
        self,
        node: NodeBase,
        principal: int,
        history: History,
        *,
        clock: Clock = system_clock,
        kept: PnlReader | None = None,
    ) -> None:
        self.principal = principal
        self._node = node
        self._history = history
        self._clock = clock
        self._kept = kept
        self._names = Catalogue()
        self._visible: set[int] = set()
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()

    # --- reading ----------------------------------------------------------------------------

    async def exchange(self) -> models.ExchangeInfo:
        ts = self._node.health().ts
        seq, ident = self._node.last_seq, self._node.exchange_id
        return await self._ask(lambda state: present.exchange(state, seq, ts, ident))

    async def markets(self) -> list[models.MarketInfo]:
        now = self.now()
        return await self._ask(
            lambda state: [present.market(state, row, now) for row in state.markets]
        )

    async def market(self, symbol: str) -> models.MarketInfo:
        now = self.now()
        return await self._ask(lambda state: present.market(state, find_market(state, symbol), now))

    async def book(self, symbol: str, depth: int = 20) -> models.BookSnapshot:
        levels, now = translate.limit("depth", depth, DEPTH_MAX), self.now()
        with outside_errors():
            seq, found = await self._node.query_at(
                lambda state: present.book(state, find_market(state, symbol), 0, now, levels)
            )
        return msgspec.structs.replace(found, seq=seq)

    async def trades(self, symbol: str, limit: int = 100) -> list[models.TradeInfo]:
        most = translate.limit("limit", limit, TRADES_MAX)
        market = await self._ask(lambda state: find_market(state, symbol).ident)
        await self._history.catch_up()
        return [
            present.trade(one.event, symbol, one.seq, one.ts)
            for one in self._history.trades(market, most)
        ]

    async def market_params(self, symbol: str) -> dict[str, int | str]:
        return await self._ask(
            lambda state: views_mechanisms.params_view(find_market(state, symbol))
        )

    async def auctions(self, symbol: str) -> list[models.AuctionInfo]:
        now = self.now()
        return await self._ask(
            lambda state: present_mechanisms.auctions(state, find_market(state, symbol), now)
        )

    async def funding(self, symbol: str, limit: int = 100) -> list[models.FundingInfo]:
        most = translate.limit("limit", limit, HISTORY_MAX)
        market = await self._ask(lambda state: find_market(state, symbol).ident)
        await self._history.catch_up()
        return [
            present_mechanisms.funding(one.event, symbol, one.seq, one.ts)
            for one in self._history.funding(market, most)
            if isinstance(one.event, FundingUpdated | FundingSkipped)
        ]

    async def repegs(self, symbol: str, limit: int = 100) -> list[models.RepegInfo]:
        most = translate.limit("limit", limit, HISTORY_MAX)
        market = await self._ask(lambda state: find_market(state, symbol).ident)
        names = await self._names_with(symbol)
        await self._history.catch_up()
        return [
            present_mechanisms.repeg(one.event, names, one.seq, one.ts)
            for one in self._history.repegs(market, most)
        ]

    async def liquidations(self, limit: int = 100) -> list[models.LiquidationInfo]:
        most = translate.limit("limit", limit, HISTORY_MAX)
        await self._history.catch_up()
        found = self._history.liquidations(most)
        names = await self._names_covering([one.event for one in found])
        return [present_mechanisms.liquidation(one.event, names, one.seq, one.ts) for one in found]

    async def explain(self, seq: int) -> models.ExplainInfo:
        await self._history.catch_up()
        item = self._history.record(seq)
        if item is None:
            raise no_record(seq)
        everything = await self._ask(lambda state: is_operator(state, self.principal))
        mine = await self._ask(
            lambda state: frozenset(row.ident for row in visible_accounts(state, self.principal))
        )
        names = await self._names_covering(list(item.events))
        sender = item.principal == self.principal
        return explain.explain(item, names, mine, everything, sender=sender)

    async def accounts(self) -> list[models.AccountInfo]:
        return await self._ask(
            lambda state: [
                present.account(state, row) for row in visible_accounts(state, self.principal)
            ]
        )

    async def account(self, account: int) -> models.AccountInfo:
        return await self._ask(
            lambda state: present.account(state, find_account(state, self.principal, account))
        )

    async def orders(self, account: int) -> list[models.OrderInfo]:
        return await self._ask(
            lambda state: present.orders(state, find_account(state, self.principal, account))
        )

    async def triggers(self, account: int) -> list[models.TriggerInfo]:
        return await self._ask(
            lambda state: present_mechanisms.triggers(
                state, find_account(state, self.principal, account)
            )
        )

    async def fills(self, account: int, limit: int = 100) -> list[models.FillInfo]:
        most = translate.limit("limit", limit, FILLS_MAX)
        symbols = await self._ask(lambda state: self._symbols_for(state, account))
        await self._history.catch_up()
        return [
            present.fill(one.event, account, symbols[one.event.market], one.ts)
            for one in self._history.fills(account, most)
        ]

    async def principals(self) -> list[models.PrincipalInfo]:
        return await self._ask(
            lambda state: [
                present.principal(row) for row in visible_principals(state, self.principal)
            ]
        )

    # --- commands ---------------------------------------------------------------------------

    async def create_account(
        self, req: models.CreateAccountRequest, client_id: str = ""
    ) -> Receipt:
        return await self._send(translate.create_account(self.principal, req), client_id)

    async def deposit(
        self, account: int, req: models.DepositRequest, client_id: str = ""
    ) -> Receipt:
        await self._require_visible(account)
        names = await self._names_with(req.asset)
        return await self._send(translate.deposit(account, req, names), client_id)

    async def withdraw(
        self, account: int, req: models.WithdrawRequest, client_id: str = ""
    ) -> Receipt:
        await self._require_visible(account)
        names = await self._names_with(req.asset)
        return await self._send(translate.withdraw(account, req, names), client_id)

    async def transfer(self, req: models.TransferRequest, client_id: str = "") -> Receipt:
        return await self._send(
            translate.transfer(req, await self._names_with(req.asset)), client_id
        )

    async def place_order(self, req: models.PlaceOrderRequest, client_id: str = "") -> Receipt:
        names = await self._names_with(req.market, vault=_vault_of(req))
        return await self._send(translate.place_order(req, names), client_id)

    async def place_trigger(self, req: models.PlaceTriggerRequest, client_id: str = "") -> Receipt:
        names = await self._names_with(req.market)
        return await self._send(translate.place_trigger(req, names), client_id)

    async def offer(self, auction: int, req: models.OfferRequest, client_id: str = "") -> Receipt:
        return await self._send(translate.offer(auction, req), client_id)

    async def cancel_order(
        self, account: int, order: int = 0, client_order_id: str = "", client_id: str = ""
    ) -> Receipt:
        return await self._send(translate.cancel_order(account, order, client_order_id), client_id)

    async def cancel_all(
        self, account: int, market: str | None = None, client_id: str = ""
    ) -> Receipt:
        await self._require_visible(account)
        names = self._names if market is None else await self._names_with(market)
        return await self._send(translate.cancel_all(account, market, names), client_id)

    async def amend_order(
        self, order: int, req: models.AmendOrderRequest, client_id: str = ""
    ) -> Receipt:
        command = translate.amend_order(req.account, order, req.price, req.size)
        return await self._send(command, client_id)

    async def batch(self, req: models.BatchRequest, client_id: str = "") -> Receipt:
        wanted = {getattr(item, "market", None) for item in req.items} - {None}
        vault = max(map(_vault_of, req.items), default=-1)
        names = await self._names_with(*sorted(map(str, wanted)), vault=vault)
        return await self._send(translate.batch(req, names), client_id)

    async def command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        made = translate.named(values)
        if getattr(made, "asset", 0) >= len(self._names.decimals):
            # A refusal names no asset, but may have to show an amount of one.
            self._names = await self._ask(present.catalogue)
        await self._names_with(vault=getattr(made, "vault", -1), pool=getattr(made, "pool", -1))
        return await self._send(made, client_id)

    async def quote(self, req: models.PlaceOrderRequest) -> Receipt:
        names = await self._names_with(req.market, vault=_vault_of(req))
        command = translate.place_order(req, names)
        found = await self._dry_run(command)
        accepted = not any(isinstance(event, Rejected) for event in found)
        return receipts.receipt_from(
            command,
            found,
            await self._names_covering(found),
            seq=self._node.last_seq,
            ts=self.now(),
            accepted=accepted,
        )

    # --- keepers ----------------------------------------------------------------------------

    async def keeper_snapshot(self) -> models.KeeperSnapshot:
        now = self.now()

        def ask(state: State) -> models.KeeperSnapshot:
            require_keeper(state, self.principal)
            ts = self._node.health().ts
            return present_mechanisms.keeper_snapshot(state, self._node.last_seq, ts, now)

        return await self._ask(ask)

    async def keeper_command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        return await self._send(translate.keeper_command(values), client_id)

    # --- streams ----------------------------------------------------------------------------

    def stream(self, channels: list[str]) -> AsyncIterator[models.StreamMessage]:
        """Errors, at the first message: `BadField` for what is not a channel, `NotFound` for what
        does not exist or one may not see.
        """
        made = Stream(self, self._node, self._history, channels)
        self._streams.add(made)
        return made.messages()

    async def close(self) -> None:
        """End the streams. The node and the history belong to whoever made them."""
        for stream in list(self._streams):
            stream.close()

    # --- shared with streams ----------------------------------------------------------------

    def now(self) -> int:
        """The time (ms) a command would have now."""
        return max(self._clock(), self._node.health().ts)

    # --- inside -----------------------------------------------------------------------------

    def _symbols_for(self, state: State, account: int) -> tuple[str, ...]:
        find_account(state, self.principal, account)
        return present.catalogue(state).symbols

    async def _require_visible(self, account: int) -> None:
        """Refuse a path with an account that is not the principal's. Errors: `NotFound`."""
        if account not in self._visible:
            await self._ask(lambda state: find_account(state, self.principal, account).ident)
            self._visible.add(account)

    async def _names_with(self, *symbols: str, vault: int = -1, pool: int = -1) -> Catalogue:
        """A catalogue with these markets, assets, vault and pool, unless nobody knows them."""
        names = self._names
        known = (*names.symbols, *names.assets)
        missing = vault >= len(names.vaults) or pool >= len(names.pools)
        if missing or not all(symbol in known for symbol in symbols):
            self._names = await self._ask(present.catalogue)
        return self._names

    async def _names_covering(self, found: list[Event]) -> Catalogue:
        if not present.is_covered(self._names, found):
            self._names = await self._ask(present.catalogue)
        return self._names

    async def _ask(self, ask: Callable[[State], T]) -> T:
        with outside_errors():
            return await self._node.query(ask)

    async def _dry_run(self, command: Command) -> list[Event]:
        with outside_errors():
            return await self._node.dry_run(command, self.principal)

    async def _send(
        self, command: Command, client_id: str, about: frozenset[int] = frozenset()
    ) -> Receipt:
        translate.client_id(client_id)
        try:
            with outside_errors():
                done = await self._node.submit(
                    command, principal=self.principal, client_id=client_id
                )
        except BadSignature:
            return receipts.not_signed(self._node.last_seq, self.now())
        return receipts.receipt_from(
            command,
            done.events,
            await self._names_covering(done.events),
            seq=done.seq,
            ts=done.ts,
            accepted=done.accepted,
            duplicate=done.duplicate,
            about=about,
        )


def _vault_of(item: Any) -> int:
    """The vault an order is directed at; -1 for none."""
    vault: int | None = getattr(item, "vault", None)
    return -1 if vault is None else vault
