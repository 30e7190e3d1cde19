"""Random changes by three operators, and a small model that knows who may do what when.

The model keeps what was announced, by whom and when, and what every set of parameters was then. It
says of each command whether it may pass, and of every parameter that got looser that two keys and
the whole delay were behind it.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, NamedTuple

from plimsoll.messages import codes, commands, events
from plimsoll.messages.changes import CAPPED, RECORDS, TIGHTER
from plimsoll.messages.fields import BOUNDS
from plimsoll.messages.guard import CancelProposal, ExecuteProposal, Propose
from tests.harness.scenario import KEEPER, OPERATOR
from tests.harness.two_keys import TwoKeys, named

HOUR = 3_600_000
KINDS = tuple(RECORDS)
MODES = ("market", "vault", "breaker")
OF_PROPOSALS = range(14_000, 15_000)
Values = dict[str, Any]


class Announced(NamedTuple):
    """A proposal as the model knows it."""

    by: int
    at: int
    delay: int
    expiry: int
    target: str
    then: Values
    change: commands.Command


def tightness(way: int, value: int) -> float:
    """A number that grows as a parameter gets tighter."""
    if way == CAPPED:
        return -value if value > 0 else float("-inf")
    return value * way


class Model:
    """The exchange, three operators, and what they have announced."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.page = TwoKeys(delay=HOUR, breaker=True)
        page = self.page
        page.change(commands.CreatePrincipal("third", codes.ROLE_OPERATOR))
        self.operators = (OPERATOR, page.second, len(page.state.principals) - 1)
        page.change(page.setting("global_params", admin_expiry_ms=2 * HOUR))
        self.known: dict[int, Announced] = {}
        self.met: Counter[str] = Counter()

    # What there is --------------------------------------------------------------------------

    def values(self, target: str) -> Values:
        """A set of parameters by name, or a mode with what belongs to it."""
        page = self.page
        if target in KINDS:
            return named(page.params_of(target))
        if target == "market":
            return {"mode": page.state.markets[0].mode}
        if target == "vault":
            return {"mode": page.state.liquidity.vaults[0].mode}
        row = page.state.guard.breaker
        return {"mode": row.mode, "since": row.since_ms, "grace": row.grace_ms}

    def everything(self) -> dict[str, Values]:
        """All of it."""
        return {target: self.values(target) for target in (*KINDS, *MODES)}

    def looser(self, target: str, before: Values, after: Values) -> list[str]:
        """The fields that allow more than before."""
        if target in MODES:
            opened = after["mode"] < before["mode"] or after.get("grace", 0) > self.page.now
            return ["mode"] if opened else []
        ways = TIGHTER[target]
        return [
            name
            for name in after
            if after[name] != before[name]
            and (ways[name] == 0 or tightness(ways[name], after[name])
                 < tightness(ways[name], before[name]))
        ]  # fmt: skip

    # Commands -------------------------------------------------------------------------------

    def change(self) -> tuple[str, commands.Command, Values]:
        """A random change: of what, the command, and what it would be afterwards."""
        rng, page = self.rng, self.page
        target = rng.choice((*KINDS, *KINDS, *MODES))
        before = self.values(target)
        if target in MODES:
            mode = rng.randrange(3)
            if target == "breaker":
                return target, commands.SetBreakerMode(mode, 0), {**before, "mode": mode}
            cls: Any = commands.SetMarketMode if target == "market" else commands.SetVaultMode
            return target, cls(0, mode), {"mode": mode}
        kinds = dict(RECORDS[target].FIELDS)
        steered = [name for name, way in TIGHTER[target].items() if way != 0]
        names = rng.sample(steered if rng.random() < 0.8 else list(kinds), rng.choice((1, 1, 2)))
        new = {name: self.value(name, kinds[name], before[name]) for name in names}
        for name in names:
            if TIGHTER[target][name] == CAPPED and rng.random() < 0.3:
                new[name] = 0
        return target, page.setting(target, **new), {**before, **new}

    def value(self, name: str, kind: str, old: Any) -> Any:
        """Another value of a parameter, near the old one."""
        if isinstance(old, str):
            return old
        low, high = BOUNDS[kind]
        step = 300_000 if name == "window_ms" else self.rng.choice((1, 1, 1, 7))
        return min(high, max(low, int(old) + step * self.rng.choice((-1, 1))))

    def step(self) -> None:
        """Some time and one command."""
        rng = self.rng
        self.page.now += rng.choice((0, 1, HOUR // 16, HOUR // 4))
        what = rng.random()
        if what < 0.35:
            self.direct()
        elif what < 0.6:
            self.announce()
        elif what < 0.9:
            self.execute()
        elif what < 0.95:
            self.cancel()
        else:
            self.apply(commands.Tick(rng.randint(1, 5)), KEEPER)
        assert sorted(self.known) == sorted(self.page.state.guard.proposals)

    def apply(self, command: commands.Command, by: int) -> str:
        """Send a command; the name of its refusal, empty if it passed."""
        before = self.everything()
        self.page.apply(command, by)
        refused = ""
        for event in self.page.found:
            if isinstance(event, events.Rejected):
                refused = codes.REJECTS[event.code][0]
            elif isinstance(event, events.ProposalEnded):
                gone = self.known.pop(event.proposal)
                if event.reason == codes.PROPOSAL_LAPSED:
                    assert self.page.now > gone.at + gone.delay + gone.expiry
                self.met[codes.PROPOSAL_ENDS[event.reason]] += 1
        if not isinstance(command, ExecuteProposal):
            for target, values in self.everything().items():
                # A breaker is released by its own rule, when its time is over.
                if target != "breaker" or not isinstance(command, commands.Tick):
                    loose = self.looser(target, before[target], values)
                    assert not loose, (command.row(), target, loose)
        self.met[refused or type(command).__name__] += 1
        return refused

    def direct(self) -> None:
        """A change by one key: it passes this check exactly if it loosens nothing."""
        target, command, after = self.change()
        loose = self.looser(target, self.values(target), after)
        refused = self.apply(command, self.rng.choice(self.operators))
        assert (refused == "NEEDS_PROPOSAL") == bool(loose), (command.row(), loose)

    def announce(self) -> None:
        """A proposal."""
        target, command, _ = self.change()
        then, limits, by = self.values(target), self.values("global_params"), self.someone()
        refused = self.apply(Propose(command), by)
        if not refused:
            (event,) = self.page.found
            assert isinstance(event, events.Proposed)
            delay, expiry = limits["admin_delay_ms"], limits["admin_expiry_ms"]
            self.known[event.proposal] = Announced(
                by, self.page.now, delay, expiry, target, then, command
            )

    def someone(self) -> int:
        """An operator."""
        return self.rng.choice(self.operators)

    def execute(self) -> None:
        """An execution: refused for the first thing that speaks against it, else done."""
        if not self.known:
            return
        ident, by = self.rng.choice(sorted(self.known)), self.someone()
        known = self.known[ident]
        now = self.page.now
        ready = known.at + known.delay
        wanted = ""
        if by == known.by:
            wanted = "PROPOSAL_OWN"
        elif now < ready:
            wanted = "PROPOSAL_EARLY"
        elif now > ready + known.expiry:
            wanted = "PROPOSAL_EXPIRED"
        elif self.values(known.target) != known.then:
            wanted = "PROPOSAL_STALE"
        refused = self.apply(ExecuteProposal(ident), by)
        assert refused == wanted or (not wanted and self.other_reason()), (refused, wanted)

    def other_reason(self) -> bool:
        """Whether the refusal is the change's own: other sets have moved since."""
        (event,) = self.page.found
        return isinstance(event, events.Rejected) and event.code not in OF_PROPOSALS

    def cancel(self) -> None:
        """A proposal taken back."""
        if self.known:
            ident = self.rng.choice(sorted(self.known))
            assert self.apply(CancelProposal(ident), self.someone()) == ""
