"""Plays a scenario on an exchange: sends its commands at its own time, judges its expectations.

``Performance.beats`` yields after every command, so that whoever shows it sets the pace; the run
itself depends on nothing but the scenario.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from plimsoll.errors import BadSignature
from plimsoll.messages.commands import (
    Command,
    CreateAccount,
    CreatePrincipal,
    Deposit,
)
from plimsoll.messages.events import (
    AccountCreated,
    DelayedPlaced,
    Event,
    OrderAccepted,
    PrincipalCreated,
    Proposed,
    WithdrawalHeld,
)
from plimsoll.messages.mechanisms import TriggerPlaced
from plimsoll.runtime import presets
from plimsoll.runtime.inline import InlineExchange
from plimsoll.sim.scenarios.language import (
    HOUSE,
    OPERATOR,
    ORACLE,
    Chapter,
    Check,
    Scenario,
    Sending,
    Step,
    quiet,
)
from plimsoll.sim.scenarios.orders import prices
from plimsoll.sim.scenarios.scene import Player, ScenarioBroken, Scene

USD: Final = 0
_HOUSE_PRINCIPALS: Final[Mapping[str, int]] = {
    OPERATOR: presets.OPERATOR,
    ORACLE: presets.ORACLE,
    HOUSE: presets.KEEPER,
}
_LABELLED: Final[Mapping[type[Event], str]] = {
    OrderAccepted: "order",
    TriggerPlaced: "order",
    DelayedPlaced: "order",
    AccountCreated: "account",
    WithdrawalHeld: "claim",
    Proposed: "proposal",
}
"""What a label of a step stands for, by the event that brings it about."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One command of a step was sent, or (``done``) a step has ended; ``seconds`` at speed 1."""

    chapter: int
    step: Step | None
    events: list[Event]
    seconds: float
    done: bool = False
    lines: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class ChapterResult:
    """How a chapter went; ``events`` is what happened in it, as (seq, ms, event)."""

    title: str
    failures: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    events: list[tuple[int, int, Event]] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether every expectation was met."""
        return not self.failures


class Performance:
    """One run of a scenario on an exchange that nothing has happened on yet."""

    def __init__(self, scenario: Scenario, exchange: InlineExchange) -> None:
        self.scenario = scenario
        self.exchange = exchange
        self.results = [ChapterResult(chapter.title) for chapter in scenario.chapters]
        players = [Player(p.name, p.deposit, p.role, p.others) for p in scenario.players]
        self.scene = Scene(
            lambda: exchange.state,
            exchange.check,
            players,
            scenario.start_ms,
            exchange.exchange_id,
        )

    @property
    def met(self) -> bool:
        """Whether every expectation of every chapter was met."""
        return all(result.met for result in self.results)

    def run(self) -> bool:
        """Play everything without a pause; whether all expectations were met.

        Errors: `ConfigError`, `NodeHalted`, `JournalError`.
        """
        for _ in self.beats():
            pass
        return self.met

    def beats(self) -> Iterator[Beat]:
        """Play, and yield after every command and every step. Errors: as ``run``."""
        self._open()
        for at, chapter in enumerate(self.scenario.chapters):
            yield from self._chapter(at, chapter)

    # --- opening ----------------------------------------------------------------------------

    def _open(self) -> None:
        now = self.scenario.start_ms
        for command in self.scenario.opening:
            self._must(command, presets.OPERATOR, now)
        for player in self.scene.players.values():
            self._enrol(player, now)
        self.scene.prices = dict(enumerate(self.scenario.prices))
        self._must(prices(self.scene), presets.ORACLE, now)

    def _enrol(self, player: Player, now: int) -> None:
        made = self._must(CreatePrincipal(player.name, player.role), presets.OPERATOR, now)
        player.principal = next(e.principal for e in made if isinstance(e, PrincipalCreated))
        opened = self._must(CreateAccount(player.principal, -1, player.name), presets.OPERATOR, now)
        player.account = next(e.account for e in opened if isinstance(e, AccountCreated))
        if player.deposit > 0:
            deposit = Deposit(player.account, USD, player.deposit, f"in/{player.name}")
            self._must(deposit, presets.OPERATOR, now)
        for asset, amount in player.others:
            deposit = Deposit(player.account, asset, amount, f"in/{player.name}")
            self._must(deposit, presets.OPERATOR, now)

    def _must(self, command: Command, principal: int, now: int) -> list[Event]:
        outcome = self.exchange.submit(command, principal, now)
        self.scene.opening += outcome.events
        if not outcome.accepted:
            rows = [event.row() for event in outcome.events]
            raise ScenarioBroken(f"the opening command {command.row()} is refused: {rows}")
        return outcome.events

    # --- chapters ---------------------------------------------------------------------------

    def _chapter(self, at: int, chapter: Chapter) -> Iterator[Beat]:
        result = self.results[at]
        yield Beat(at, None, [], 2.0, lines=(chapter.title, chapter.look))
        for step in chapter.steps:
            try:
                yield from self._step(at, result, step)
            except ScenarioBroken as error:
                failure = f"{step.text}: {error}"
                result.failures.append(failure)
                yield Beat(at, step, [], 0.0, done=True, failures=(failure,))
                return

    def _step(self, at: int, result: ChapterResult, step: Step) -> Iterator[Beat]:
        scene = self.scene
        if step.keep is not None:
            scene.figures.update(step.keep(scene))
        scene.turned_away.clear()
        found: list[Event] = []
        for sending in step.commands(scene):
            events = self._send(sending, result)
            found += events
            self._label(step.label, events)
            yield Beat(at, step, events, step.seconds)
        checks: tuple[Check, ...] = step.expect
        if not step.may_refuse:
            checks += (quiet,)
        wrong = [text for text in (check(scene, found) for check in checks) if text]
        failures = tuple(f"{step.text}: {text}" for text in wrong)
        lines = (step.note(scene, found),) if step.note is not None else ()
        result.failures += failures
        result.lines += lines
        yield Beat(at, step, [], 0.0, done=True, lines=lines, failures=failures)

    def _send(self, sending: Sending, result: ChapterResult) -> list[Event]:
        now, who, command = sending
        scene = self.scene
        scene.now = now
        principal = _HOUSE_PRINCIPALS.get(who, -1)
        if principal < 0:
            principal = scene.player(who).principal
        try:
            outcome = self.exchange.submit(command, principal, now)
        except BadSignature as error:
            scene.turned_away.append(error.message)
            return []
        events = [*outcome.events, *outcome.house]
        rows = [(self.exchange.seq, now, event) for event in events]
        scene.log += rows
        result.events += rows
        return events

    def _label(self, label: str, events: list[Event]) -> None:
        if not label:
            return
        for event in events:
            name = _LABELLED.get(type(event))
            if name is not None:
                self.scene.labels[label] = getattr(event, name)
                return
