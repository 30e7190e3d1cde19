"""A made-up exchange for one keeper: a snapshot, records by hand, and answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from plimsoll.client.keeper_models import (
    KeeperAccount,
    KeeperAuction,
    KeeperDelayed,
    KeeperMarket,
    KeeperOrder,
    KeeperPosition,
    KeeperSnapshot,
    KeeperTrigger,
)
from plimsoll.client.models import AccountInfo, OfferRequest, Receipt, RejectInfo, StreamMessage

NOW = 1_700_000_000_000
USD = 1_000_000
ONE = 1_000_000_000
PRICE = 100 * USD
PARAMS: dict[str, int | str] = {
    "tick": 10_000, "step": 1_000_000, "min_notional": USD, "mmr": 50_000,
    "oracle_max_age_ms": 30_000, "taker_fee": 500, "maker_rebate": 100, "split_keepers": 100_000,
    "auction": 1, "auction_batch_ms": 0, "liquidation": 1, "liquidation_penalty": 10_000,
    "liquidation_keeper_share": 200_000, "liquidation_chunk_ms": 0, "keeper_flat_fee": 10_000,
    "funding_period_s": 3_600, "vamm_limits": 1,
}  # fmt: skip


def market(**more: Any) -> KeeperMarket:
    """X-USD at 100."""
    values: dict[str, Any] = {
        "market": 0, "symbol": "X-USD", "mode": "active", "unhealthy": [],
        "params": {**PARAMS, **more.pop("params", {})}, "oracle_price": PRICE,
        "oracle_confidence": 0, "oracle_published_ms": NOW, "oracle_valid": True, "best_bid": 0,
        "best_ask": 0, "reservation_price": PRICE, "vamm_bid": 0, "vamm_ask": 0,
        "vamm_bid_size": 0, "vamm_ask_size": 0, "vamm_net": 0, "open_interest": 0,
        "funding_due_ms": 0,
    }  # fmt: skip
    return KeeperMarket(**{**values, **more})


def order(ident: int, side: str, price: int, **more: Any) -> KeeperOrder:
    """A resting order of one base."""
    values: dict[str, Any] = {
        "order": ident, "account": 7, "owner": 4, "market": 0, "side": side, "price": price,
        "remaining": ONE, "age_ms": NOW, "priority_size": ONE, "sequence": ident,
        "reduce_only": False, "expires_ms": 0, "keeper_fee": 0,
    }  # fmt: skip
    return KeeperOrder(**{**values, **more})


def trigger(ident: int, price: int, direction: str, **more: Any) -> KeeperTrigger:
    """A market order that waits."""
    values: dict[str, Any] = {
        "order": ident, "account": 7, "owner": 4, "market": 0, "side": "buy", "type": "market",
        "price": 0, "size": ONE, "reduce_only": False, "trigger_price": price,
        "direction": direction, "expires_ms": 0,
    }  # fmt: skip
    return KeeperTrigger(**{**values, **more})


def delayed(ident: int, earliest_ms: int, expires_ms: int, **more: Any) -> KeeperDelayed:
    """A market order that waits for a later price."""
    values: dict[str, Any] = {
        "order": ident, "account": 7, "owner": 4, "market": 0, "side": "buy", "type": "market",
        "price": 0, "size": ONE, "reduce_only": False, "earliest_ms": earliest_ms,
        "expires_ms": expires_ms,
    }  # fmt: skip
    return KeeperDelayed(**{**values, **more})


def auction(ident: int, side: str = "buy", **more: Any) -> KeeperAuction:
    """A live auction of one base around the oracle, over in five seconds."""
    worst = PRICE * 102 // 100 if side == "buy" else PRICE * 98 // 100
    values: dict[str, Any] = {
        "auction": ident, "account": 7, "owner": 4, "market": 0, "side": side, "size": ONE,
        "remaining": ONE, "start": PRICE, "end": worst, "limit": worst, "started_ms": NOW,
        "ends_ms": NOW + 5_000, "cause": "order", "reduce_only": False, "bankruptcy": 0,
        "offers": 0, "offers_due_ms": 0, "keeper_fee": 0,
    }  # fmt: skip
    return KeeperAuction(**{**values, **more})


def account(ident: int, cash: int, base: int, **more: Any) -> KeeperAccount:
    """A trader with one position; what it is worth is for keepers to find out."""
    position = KeeperPosition(market=0, base=base, entry_cost=0, funding=0, liquidated_ms=0)
    values: dict[str, Any] = {
        "account": ident, "owner": ident, "cash": cash, "equity": 0, "maintenance": 0,
        "liquidations": 0, "positions": [position],
    }  # fmt: skip
    return KeeperAccount(**{**values, **more})


def snapshot(seq: int = 10, now: int = NOW, **rows: Any) -> KeeperSnapshot:
    """A snapshot with one market, and the rows that are named."""
    values: dict[str, Any] = {
        "markets": [market()], "orders": [], "triggers": [], "delayed": [], "auctions": [],
        "accounts": [], "unhedged": [], "unlocks": [], "firm_quotes": [],
    }  # fmt: skip
    return KeeperSnapshot(seq=seq, ts=now, now=now, keeper_pot=0, **{**values, **rows})


def refusal(name: str) -> Receipt:
    """A receipt that refuses."""
    info = RejectInfo(code=1, name=name, value="0", limit="0", value_is="", limit_is="")
    return Receipt(seq=11, ts=NOW, accepted=False, status="rejected", reject=info)


class FakeClient:
    """Answers from ``answers`` (an error is raised), then accepts all; remembers what was sent.

    ``gate`` holds commands back while it is closed.
    """

    def __init__(self, found: KeeperSnapshot | None = None) -> None:
        self.found = found or snapshot()
        self.sent: list[tuple[dict[str, Any], str]] = []
        self.answers: list[Receipt | Exception] = []
        self.queue: asyncio.Queue[StreamMessage | Exception | None] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.snapshots = 0
        self.streams = 0
        self.equity = "1000"

    async def keeper_snapshot(self) -> KeeperSnapshot:
        self.snapshots += 1
        return self.found

    async def keeper_command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        self.sent.append((values, client_id))
        await self.gate.wait()
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return Receipt(seq=self.found.seq, ts=NOW, accepted=True)

    async def offer(self, auction: int, req: OfferRequest, client_id: str = "") -> Receipt:
        values = {"type": "OfferAuction", "auction": auction, **msgspec.structs.asdict(req)}
        return await self.keeper_command(values, client_id)

    async def account(self, account: int) -> AccountInfo:
        return AccountInfo(
            account=account, owner=5, kind="trader", parent=None, label="", balances={},
            equity=self.equity, margin="0", initial_requirement="0", maintenance_requirement="0",
            reserved="0", free="0", withdrawable="0", positions=[], open_orders=0,
        )  # fmt: skip

    async def stream(self, channels: list[str]) -> AsyncIterator[StreamMessage]:
        assert channels == ["keeper"]
        self.streams += 1
        yield message("snapshot", self.found.seq)
        while True:
            found = await self.queue.get()
            if found is None:
                return
            if isinstance(found, Exception):
                raise found
            yield found

    def record(self, seq: int, *events: dict[str, Any]) -> None:
        """Publish a record."""
        rows = [{"seq": seq, "ts": NOW, "events": list(events)}]
        self.queue.put_nowait(message("delta", seq, rows))


def message(kind: Any, seq: int, records: list[Any] | None = None) -> StreamMessage:
    """A message of the keepers' channel."""
    return StreamMessage(
        channel="keeper", seq=seq, ts=NOW, type=kind, data={"records": records or []}
    )


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop work until something is so, five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)
