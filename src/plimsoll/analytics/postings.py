"""Events as ledger lines: every movement of money, with debit, credit and reason.

A transfer reports itself; what a fill moves stands in the fields of ``Filled`` (MONEY-004). Here
both become the same lines, so that balances, and what anybody earned by which cause, are sums
over lines. Amounts are whole units of the asset (USD 1e-6), never negative; 0 makes no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from plimsoll.messages.codes import (
    BUY,
    FROM_VAMM,
    R_FEE_ADJUSTMENTS,
    R_FEE_FUNDING,
    R_FEE_INSURANCE,
    R_FEE_KEEPERS,
    R_FEE_TREASURY,
    R_FEE_VAULT,
    R_MAKER_REBATE,
    R_SPREAD_SURPLUS,
    R_TRADE,
    TREASURY_ACCOUNT,
    VAULT_ACCOUNT,
)
from plimsoll.messages.events import Event, Filled, MarketCreated, Transferred

USD: Final = 0
"""The collateral: what fills are paid in."""


class Line(NamedTuple):
    """``amount`` of an asset left ``debit`` and entered ``credit``; ``market`` -1 is none."""

    debit: int
    credit: int
    asset: int
    amount: int
    reason: int
    market: int


class Pools(NamedTuple):
    """The accounts of a market that fills pay into."""

    adjustments: int
    funding: int
    insurance: int


class UnknownMarketError(LookupError):
    """A fill of a market whose creation was not among the events, nor its pools given."""

    def __init__(self, market: int) -> None:
        super().__init__(f"the pools of market {market} are not known")
        self.market = market


class Postings:
    """Turns events into lines. Learns the pools of a market from its ``MarketCreated``.

    Whoever begins in the middle of a history gives the pools of the markets that exist.
    """

    def __init__(self, pools: Mapping[int, Pools] | None = None) -> None:
        self._pools: dict[int, Pools] = dict(pools or {})

    def lines(self, events: Iterable[Event]) -> Iterator[Line]:
        """The lines of events, in the order the money moved. Raises ``UnknownMarketError``."""
        for event in events:
            yield from self.of(event)

    def of(self, event: Event) -> list[Line]:
        """The lines of one event, empty for one that moves nothing."""
        if isinstance(event, Filled):
            return self._of_fill(event)
        if isinstance(event, Transferred):
            return [
                Line(
                    event.debit,
                    event.credit,
                    event.asset,
                    event.amount,
                    event.reason,
                    event.market,
                )
            ]
        if isinstance(event, MarketCreated):
            self._pools[event.market] = Pools(event.adjustments, event.funding, event.insurance)
        return []

    def _of_fill(self, fill: Filled) -> list[Line]:
        pools = self._pools.get(fill.market)
        if pools is None:
            raise UnknownMarketError(fill.market)
        buying = fill.side == BUY
        quote = fill.quote
        if fill.source == FROM_VAMM:
            # The vAMM's leg is the plain quote; the surplus on top of it is the taker's to pay.
            quote = quote - fill.surplus if buying else quote + fill.surplus
        buyer, seller = (fill.taker, fill.maker) if buying else (fill.maker, fill.taker)
        moved = (
            (buyer, seller, quote, R_TRADE),
            (fill.taker, fill.maker, fill.maker_rebate, R_MAKER_REBATE),
            (fill.taker, pools.adjustments, fill.surplus, R_SPREAD_SURPLUS),
            (fill.taker, pools.insurance, fill.fee_insurance, R_FEE_INSURANCE),
            (fill.taker, pools.adjustments, fill.fee_adjustments, R_FEE_ADJUSTMENTS),
            (fill.taker, pools.funding, fill.fee_funding, R_FEE_FUNDING),
            (fill.taker, fill.keeper, fill.fee_keepers, R_FEE_KEEPERS),
            (fill.taker, TREASURY_ACCOUNT, fill.fee_treasury, R_FEE_TREASURY),
            (fill.taker, VAULT_ACCOUNT, fill.fee_vault, R_FEE_VAULT),
        )
        return [
            Line(debit, credit, USD, amount, reason, fill.market)
            for debit, credit, amount, reason in moved
            if amount != 0
        ]
