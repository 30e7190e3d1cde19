"""Random histories for the PnL by cause: engine, attribution, and the event log for the tally.

A history keeps of every command what a journal keeps: its time and the rows of its events. The
attribution reads them as the history of an exchange would, decoded; the tally reads the rows alone,
when everything has happened. At a few places the worth of every source is noted from the core's
state, and the attribution goes on from its own dump.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from plimsoll.analytics import Attribution, Pnl, UnknownReasonError
from plimsoll.core import margin, vault_money, views_vaults
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.rows import Vault
from plimsoll.core.state import State
from plimsoll.messages import codec, codes, commands, events
from tests.harness.hedge_world import HedgeWorld
from tests.harness.pnl_tally import Row, Tally, Unexplained
from tests.harness.vault_gen import VaultGenerator

PLACES = 4
HEDGE_EVERY = 8
DECIMALS = (9, 6, 8, 12)
Making = Callable[["History", int, int], None]


class Unequal(AssertionError):
    """Two ways to the same number lead to different ones."""


class Noted(NamedTuple):
    """A source as the core and the attribution have it, after the first ``at`` commands."""

    at: int
    source: str
    kind: str
    nav: int
    pnl: Pnl


def core_numbers(state: State, vault: Vault) -> tuple[int, int, int, int | None, int]:
    """What the core says of a vault: its worth in quote and in its asset, shares, their price."""
    if vault.kind == codes.PASSIVE_VAULT:
        nav = margin.equity(state, vault.account)
    else:
        nav = vault_money.maintenance_worth(state, vault)
    assets = vault_money.assets(state, vault)
    return nav, assets, vault.supply, views_vaults.share_price(vault, assets), vault.asset


class History:
    """One history: its log, and what was noted on the way."""

    def __init__(self, reader: type[Attribution] = Attribution) -> None:
        self.reader = reader
        self.attribution = reader()
        self.log: list[tuple[int, bytes]] = []
        self.events = 0
        self.noted: list[Noted] = []
        self.places: set[int] = set()

    def happened(
        self, state: State, ts: int, command: commands.Command, found: list[events.Event]
    ) -> None:
        """A command was applied."""
        told = codec.encode_events(found)
        self.log.append((ts, told))
        self.events += len(found)
        try:
            self.attribution.record(ts, codec.decode_events(told), command)
        except UnknownReasonError as problem:
            raise Unequal(f"command {len(self.log)}: {problem}") from None
        if len(self.log) in self.places:
            self.note(state)
            dumped = json.loads(json.dumps(self.attribution.dump()))
            self.attribution = self.reader.load(dumped)

    def note(self, state: State) -> None:
        """Every source as it is now. Raises ``Unequal`` if the attribution sees another one."""
        names = []
        for vault in state.liquidity.vaults:
            name = f"vault:{vault.ident}"
            names.append(name)
            nav, *core = core_numbers(state, vault)
            pnl = self.pnl(name)
            own = [pnl.worth, pnl.supply, pnl.share_price, pnl.asset]
            if own != core:
                raise Unequal(f"{name}: the core has {core}, the attribution {own}")
            kind = codes.VAULT_KINDS[vault.kind]
            self.noted.append(Noted(len(self.log), name, kind, nav, pnl))
        for market in state.markets:
            name = f"vamm:{market.ident}"
            names.append(name)
            nav = margin.equity(state, market.vamm)
            self.noted.append(Noted(len(self.log), name, "vamm", nav, self.pnl(name)))
        if self.attribution.sources() != names:
            raise Unequal(f"sources {self.attribution.sources()}, not {names}")

    def pnl(self, name: str) -> Pnl:
        """What the attribution says, whose own sum must hold."""
        try:
            return self.attribution.pnl(name)
        except RuntimeError as broken:
            raise Unequal(str(broken)) from None

    def rows(self) -> list[tuple[int, list[Row]]]:
        """The log, decoded."""
        return [(ts, msgspec.msgpack.decode(told)) for ts, told in self.log]


# Making them --------------------------------------------------------------------------------------


def random_commands(history: History, seed: int, count: int) -> None:
    """Everything an exchange does, by chance: the generator of all mechanisms, vaults and desks."""
    generator = VaultGenerator(seed)
    engine = Engine(genesis())
    for seq in range(1, count + 1):
        command, now, principal = generator.next()
        engine.apply(command, seq, now, principal)
        found = engine.drain()
        generator.learn(command, found)
        history.happened(engine.state, now, command, found)
    history.note(engine.state)


class HedgeHistory(HedgeWorld):
    """Hedged vaults among takers, prices and depositors, with an ear for each command."""

    def __init__(self, history: History, seed: int, decimals: int) -> None:
        self.history = history
        super().__init__(seed, decimals)

    def apply(self, command: commands.Command, principal: int) -> bool:
        accepted = super().apply(command, principal)
        self.history.happened(self.state, self.now, command, self.found)
        return accepted


def random_hedges(history: History, seed: int, count: int) -> None:
    """Hedges by pools and firm quotes, hour by hour; the asset has other decimals each time."""
    world = HedgeHistory(history, seed, DECIMALS[seed % len(DECIMALS)])
    while len(history.log) < count:
        world.run(10)
    history.note(world.state)


def making_of(seed: int) -> Making:
    """The kind of a history."""
    return random_hedges if seed % HEDGE_EVERY == 0 else random_commands


def make(
    seed: int, count: int, reader: type[Attribution] = Attribution, places: int = PLACES
) -> History:
    """A history of at least so many commands, with so many ``places`` beside its end."""
    history = History(reader)
    history.places = set(random.Random(seed).sample(range(1, count), min(places, count - 1)))
    making_of(seed)(history, seed, count)
    return history


# Comparing ----------------------------------------------------------------------------------------


def compare(history: History) -> None:
    """Core, attribution and tally at every place that was noted, to the unit.

    Raises ``Unequal``, or ``Unexplained`` for a log that cannot be.
    """
    tally = Tally(history.rows())
    for noted in history.noted:
        tally.follow(noted.at)
        name, pnl = noted.source, noted.pnl
        where = f"{name} after {noted.at} commands"
        worth = {"core": noted.nav, "attribution": pnl.nav, "log": tally.worth(name)}
        if len(set(worth.values())) > 1:
            raise Unequal(f"{where} is worth {worth}")
        own = tally.causes(name)
        for cause, told in {"flows": pnl.flows, **pnl.causes}.items():
            if own.pop(cause, 0) != told:
                found = tally.causes(name).get(cause, 0)
                raise Unequal(f"{where}: {cause} is {told}, from the log {found}")
        if own:
            raise Unequal(f"{where}: {own} has no place")
        if pnl.flows + sum(pnl.causes.values()) != noted.nav:
            raise Unequal(f"{where}: causes sum to {pnl.flows + sum(pnl.causes.values())}")


def totals(history: History) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """By kind of source and cause: what all made in the end, and for how many it is not 0."""
    sums: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    last = {noted.source: noted for noted in history.noted}
    for noted in last.values():
        for cause, amount in {"flows": noted.pnl.flows, **noted.pnl.causes}.items():
            sums[noted.kind, cause] += amount
            seen[noted.kind, cause] += amount != 0
    return sums, seen


__all__ = ["History", "Unequal", "Unexplained", "compare", "make", "totals"]
