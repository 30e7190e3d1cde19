"""The generator of everything: orders, mechanisms, vaults, gateway, breakers, changes."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from plimsoll.messages.changes import BY_TAG
from tests.harness import (
    breaker_gen,
    change_gen,
    gateway_gen,
    guard_hostile,
    mechanism_gen,
    spot_gen,
)
from tests.harness.commands_gen import Made
from tests.harness.guard_world import OPERATORS, GuardWorld
from tests.harness.vault_gen import VaultGenerator
from tests.harness.vault_world import TREASURY
from tests.harness.world import Stamped

HOSTILE_HERE = 0.07
BY_ONE_KEY = 0.25
"""Part of the changes that are tried with one key although there is a delay."""

KINDS = [*gateway_gen.KINDS, *breaker_gen.KINDS, *change_gen.KINDS]
"""Beside those of ``vault_gen``: about a fifth of a run."""


class GuardGenerator(VaultGenerator):
    """An endless stream of commands; tell it the events of each."""

    world: GuardWorld

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.world = GuardWorld(seed)
        self.queue = self.world.opening()
        self.guarding = [kind for kind, _ in KINDS]
        self.guarding_weights = [weight for _, weight in KINDS]
        mine, others = sum(self.guarding_weights), sum(self.own_weights) + sum(self.weights)
        self.part = mine / (mine + others)
        self.opened = False
        self.by_one_key = BY_ONE_KEY

    def next(self) -> Stamped:
        """The next command."""
        w = self.world
        if not self.opened and not self.queue:
            self.opened = True
            self.queue = [Stamped(c, w.now, sender) for c, sender in gateway_gen.keys_of_all(w)]
        if self.queue or w.at_once:
            return self.by_two_keys(super().next())
        made: Made | None = None
        draw = w.rng.random()
        if draw < 0.25:
            made = self.due(w, draw)
        elif draw > 1 - self.part:
            made = self.of_guards(w)
        if made is None:
            return self.by_two_keys(super().next())
        return self.by_two_keys(Stamped(made[0], w.now, made[1]))

    def due(self, w: GuardWorld, draw: float) -> Made | None:
        """What somebody would do now: about a part of the time, each."""
        if draw < 0.1 and w.breaker != codes.NORMAL:
            if draw < 0.01:
                return breaker_gen.set_mode(w)
            return breaker_gen.last_run(w) if draw < 0.07 else breaker_gen.review(w)
        if draw < 0.03 and codes.PAUSED in w.guards:
            return breaker_gen.leave_paused(w)
        if draw < 0.12 and any(p.oracle_confidence_max < 1_000 for p in w.params):
            return change_gen.mend(w)
        if draw < 0.14 and w.claims:
            back = draw < 0.124 or w.breaker != codes.NORMAL
            return breaker_gen.take_back(w) if back else breaker_gen.release(w)
        if draw > 0.246 and w.proposals:
            return change_gen.take_down(w)
        if any(e.earliest_ms <= w.publications[e.market] for e in w.delayed.values()):
            return gateway_gen.execute(w) if draw < 0.2 else mechanism_gen.tick(w)
        if any(e.ready_ms <= w.now <= e.expires_ms for e in w.proposals.values()):
            return change_gen.execute(w)
        return change_gen.two_keys(w) if w.delay() and draw > 0.2485 else None

    def of_guards(self, w: GuardWorld) -> Made:
        """One of those for the gateway, breakers and changes."""
        if w.chance(HOSTILE_HERE):
            return guard_hostile.hostile(w)
        at_bound = guard_hostile.edge(w) if w.chance(0.05) else None
        if at_bound is not None:
            return at_bound
        w.advance()
        kind = w.rng.choices(self.guarding, self.guarding_weights)[0]
        self.by_one_key = 0.7 if kind is change_gen.some_fields else BY_ONE_KEY
        made: Made = kind(w)
        return made

    def stamped(self, made: Made) -> tuple[commands.Command, int, int]:
        """What is sent now."""
        return made[0], self.world.now, made[1]

    def by_two_keys(self, one: Stamped) -> Stamped:
        """A change of an operator's is proposed while that is needed, mostly."""
        w, command = self.world, one.command
        changes = command.tag() in BY_TAG and one.principal in OPERATORS
        if not changes or not w.delay() or w.chance(self.by_one_key):
            return one
        if isinstance(command, commands.Withdraw) and command.account != TREASURY:
            return one
        pools = (commands.AddSpotLiquidity, commands.RemoveSpotLiquidity)
        if isinstance(command, pools) and w.chance(0.7):
            # What is as quick with one key.
            return Stamped(*self.stamped(spot_gen.arbitrage(w)))
        return Stamped(commands.Propose(command), one.now, one.principal)

    def learn(self, command: commands.Command, found: list[events.Event]) -> None:
        """Take over the events of the last command."""
        w, change = self.world, command
        done = not any(isinstance(e, events.Rejected) for e in found)
        if done and isinstance(command, commands.ExecuteProposal):
            change = w.changes.get(command.proposal, command)
        super().learn(change, found)
        for event in found:
            if isinstance(event, events.Proposed) and isinstance(command, commands.Propose):
                w.changes[event.proposal] = command.change
            elif isinstance(event, events.GlobalParamsSet):
                w.globals = change.params  # type: ignore[attr-defined]
            elif isinstance(event, events.BreakerParamsSet):
                w.limits = change.params  # type: ignore[attr-defined]
            elif isinstance(event, events.VaultQuoteSet):
                w.quotes[event.market] = change.params  # type: ignore[attr-defined]
            elif isinstance(event, events.MarketParamsSet):
                w.params[event.market] = change.params  # type: ignore[attr-defined]
        again = guard_hostile.follow_up(w, command, found)
        if again is not None:
            self.queue.append(Stamped(again[0], w.now, again[1]))


class BusyGenerator(GuardGenerator):
    """Mostly commands for the gateway, breakers and changes."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.part = 0.6
