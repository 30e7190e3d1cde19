"""Who trades: the demonstration traders of each market, how they join, and what they own.

Joining is a conversation: ``enrol`` yields commands and is sent their events, so that the same
code serves a node (which is awaited) and an exchange in this process (which is called).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from plimsoll.core import views
from plimsoll.errors import ConfigError
from plimsoll.messages.codes import ROLE_TRADER
from plimsoll.messages.commands import Command, CreateAccount, CreatePrincipal, Deposit
from plimsoll.messages.events import AccountCreated, Event, PrincipalCreated
from plimsoll.sim.agents import (
    BP,
    Agent,
    Arbitrageur,
    AuctionMaker,
    BlockTaker,
    Explorer,
    MarketMaker,
    MomentumTrader,
    NoiseTaker,
)

USD: Final = 0
OPERATOR: Final = 0
TRADERS: Final = 10
"""How many traders a market has by default."""
TRADERS_MAX: Final = 500

_CAST: Final[tuple[Callable[[], Agent], ...]] = (
    MarketMaker,
    Arbitrageur,
    NoiseTaker,
    MomentumTrader,
    Explorer,
    AuctionMaker,
    BlockTaker,
    lambda: MarketMaker(3 * BP),
    NoiseTaker,
    NoiseTaker,
)

Enrolment = Generator[tuple[Command, int], list[Event], tuple[int, int]]
"""Yields (command, principal), is sent the events, returns (principal, account)."""


@dataclass(slots=True)
class Trader:
    """A trader of one market; ``principal`` and ``account`` are known once it has joined."""

    name: str
    market: int
    agent: Agent
    rng: Random
    principal: int = -1
    account: int = -1
    deposited: int = 0

    @property
    def kind(self) -> str:
        """The kind of its agent."""
        return self.agent.KIND


def cast(symbols: Sequence[str], per_market: int, seed: int) -> list[Trader]:
    """The traders of all markets in the order they act; markets are numbered as ``symbols``.

    Each has a generator of its own, seeded by ``seed`` and its name, so that one trader more
    changes nothing about the others.
    """
    if not 0 <= per_market <= TRADERS_MAX:
        raise ConfigError(f"traders must be 0 to {TRADERS_MAX} a market, not {per_market}")
    found: list[Trader] = []
    for market, symbol in enumerate(symbols):
        for index in range(per_market):
            agent = _CAST[index % len(_CAST)]()
            name = f"demo/{symbol}/{agent.KIND}-{index}"
            found.append(Trader(name, market, agent, Random(f"{seed}/{name}")))
    return found


def find(state: Any, name: str) -> tuple[int, int] | None:
    """Principal and first account of a name that has joined before."""
    principal = state.principal_names.get(name)
    if principal is None:
        return None
    accounts = views.accounts_of(state, principal)
    return (principal, accounts[0].ident) if accounts else (principal, -1)


def enrol(name: str, deposit: int, known: tuple[int, int] | None) -> Enrolment:
    """Make whatever is missing of a principal, its account, and its first deposit (1e-6 USD).

    Errors: `ConfigError` if a command is refused.
    """
    principal, account = known or (-1, -1)
    if principal < 0:
        events = yield CreatePrincipal(name, ROLE_TRADER), OPERATOR
        principal = _made(events, PrincipalCreated).principal
    if account < 0:
        events = yield CreateAccount(principal, -1, name[:64]), OPERATOR
        account = _made(events, AccountCreated).account
        # The name makes the id unique: a second deposit under it is refused.
        yield Deposit(account, USD, deposit, name[:64]), OPERATOR
    return principal, account


def _made(events: list[Event], kind: type[Any]) -> Any:
    made = next((event for event in events if isinstance(event, kind)), None)
    if made is None:
        rows = [event.row() for event in events]
        raise ConfigError(f"{kind.__name__} was expected, the exchange said {rows}")
    return made
