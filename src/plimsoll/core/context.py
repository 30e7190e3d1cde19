"""What a handler works with: the state, the stamp of the command, and the list of its events."""

from __future__ import annotations

from typing import final

from plimsoll.core.rows import Account, Market, Position
from plimsoll.core.state import State
from plimsoll.core.store import Undo
from plimsoll.messages.codes import KEEPER_ACCOUNT
from plimsoll.messages.events import Event


@final
class FeeParts:
    """Who got how much of the fee of the last fill."""

    def __init__(self) -> None:
        self.insurance: int = 0
        self.adjustments: int = 0
        self.funding: int = 0
        self.keepers: int = 0
        self.treasury: int = 0
        self.vault: int = 0


@final
class Trade(Undo):
    """A fill of the running command, for the averages and volumes; its undo forgets it.

    ``surplus`` is what the spread brought the adjustments pool (0 for a fill without the vAMM).
    """

    def __init__(
        self,
        trades: list[Trade],
        market: int,
        side: int,
        price: int,
        quote: int,
        surplus: int,
        source: int,
    ) -> None:
        self.trades: list[Trade] = trades
        self.market: int = market
        self.side: int = side
        self.price: int = price
        self.quote: int = quote
        self.surplus: int = surplus
        self.source: int = source

    def undo(self) -> None:
        # Once the market updates are done the list is empty, and the whole command is undone.
        if len(self.trades) > 0:
            self.trades.pop()


@final
class Txn:
    """One command in the making. Events roll back with the state."""

    def __init__(self, state: State) -> None:
        self.state: State = state
        self.events: list[Event] = []
        self.recording: bool = True
        self.seq: int = 0
        self.now: int = 0
        self.principal: int = 0
        self.roles: int = 0
        self.executing: bool = False  # a change that was proposed, and another key executes
        self.parts: FeeParts = FeeParts()
        self.keeper: Account | None = None  # who gets the keepers' part; None: the pot
        self.traded: list[Trade] = []  # fills the averages, volumes and quotes do not know yet
        self.to_trim: list[Position] = []  # positions whose reduce-only orders may be too many

    def emit(self, event: Event) -> None:
        """Add an event, unless nobody wants them."""
        if self.recording:
            self.events.append(event)

    def keeper_account(self) -> Account:
        """Who gets the keepers' part of a fee."""
        keeper = self.keeper
        return self.state.accounts[KEEPER_ACCOUNT] if keeper is None else keeper

    def has_traded(
        self, market: Market, side: int, price: int, quote: int, surplus: int, source: int
    ) -> None:
        """A fill happened, ``side`` being the taker's. Nothing where nobody follows prices."""
        if market.params.followed:
            trade = Trade(self.traded, market.ident, side, price, quote, surplus, source)
            self.traded.append(trade)
            self.state.log.entries.append(trade)

    def take_back(self, scope: int, mark: int) -> None:
        """Undo a scope (``state.log.open``) and forget its events, those since ``mark``."""
        self.state.log.rollback(scope)
        self.drop_events(mark)

    def drop_events(self, mark: int) -> None:
        """Forget the events since ``mark``."""
        events = self.events
        while len(events) > mark:
            events.pop()
