"""The words a scenario is written in: chapters of steps, each with what is expected to happen.

A step sends ordinary commands (or lets time pass, with prices and ticks) and states what the
events must be. Nothing here touches the exchange's state: `stage.Performance` sends the commands
and judges the expectations; a scenario reads the state only to compare figures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from plimsoll.messages.codes import REJECTS
from plimsoll.messages.commands import Command, Tick
from plimsoll.messages.events import Event, Rejected
from plimsoll.sim.scenarios.orders import prices
from plimsoll.sim.scenarios.scene import SECOND, Player, Scene
from plimsoll.units import div_floor

CODES: Final[Mapping[str, int]] = {name: code for code, (name, _, _) in REJECTS.items()}


# What is expected ---------------------------------------------------------------------------------

Check = Callable[[Scene, list[Event]], str]
"""Says what is wrong; empty if nothing is."""


def saw(kind: type[Event], times: int | None = None, **fields: Any) -> Check:
    """At least one (or exactly ``times``) events of a kind; a field is a value or a predicate."""

    def check(scene: Scene, events: list[Event]) -> str:
        count = sum(1 for event in events if isinstance(event, kind) and _fits(event, fields))
        if count == times or (times is None and count > 0):
            return ""
        wanted = "one" if times is None else str(times)
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in fields.items())
        return f"{kind.__name__}({shown}): {count} seen, {wanted} expected"

    return check


def _fits(event: Event, fields: Mapping[str, Any]) -> bool:
    for name, wanted in fields.items():
        value = getattr(event, name)
        if not (wanted(value) if callable(wanted) else value == wanted):
            return False
    return True


def _shown(value: Any) -> str:
    return "…" if callable(value) else str(value)


def never(kind: type[Event], **fields: Any) -> Check:
    """No event of that kind."""
    return saw(kind, 0, **fields)


def refused(name: str, times: int | None = None) -> Check:
    """A refusal with that code."""
    return saw(Rejected, times, code=CODES[name])


def quiet(scene: Scene, events: list[Event]) -> str:
    """Nothing was refused, or turned away at the door."""
    codes = [*scene.turned_away]
    codes += [REJECTS[event.code][0] for event in events if isinstance(event, Rejected)]
    return f"refused: {', '.join(codes)}" if codes else ""


def holds(text: str, test: Callable[[Scene], bool]) -> Check:
    """A comparison of figures."""

    def check(scene: Scene, events: list[Event]) -> str:
        return "" if test(scene) else f"not so: {text}"

    return check


def in_order(*kinds: type[Event]) -> Check:
    """Events of these kinds occur in this order, whatever is between them."""

    def check(scene: Scene, events: list[Event]) -> str:
        at = 0
        for event in events:
            if at < len(kinds) and isinstance(event, kinds[at]):
                at += 1
        return "" if at == len(kinds) else f"{kinds[at].__name__} is missing in its place"

    return check


# Steps --------------------------------------------------------------------------------------------

Sending = tuple[int, str, Command]
"""When (ms), who (a player's name, or `ORACLE`, `HOUSE`, `OPERATOR`), what."""

ORACLE: Final = "oracle"
HOUSE: Final = "house"
OPERATOR: Final = "operator"

Explain = Callable[[Scene, list[Event]], str]


@dataclass(frozen=True, slots=True)
class Step:
    """Commands, and what must come of them.

    ``label`` names the order that is made; ``note`` says in words what was seen; ``keep`` notes
    figures *before* the step; ``seconds`` is how long it is shown at speed 1; ``may_refuse``
    allows refusals that no expectation names.
    """

    text: str
    commands: Callable[[Scene], Iterable[Sending]]
    expect: tuple[Check, ...] = ()
    label: str = ""
    note: Explain | None = None
    keep: Callable[[Scene], Mapping[str, int]] | None = None
    seconds: float = 0.8
    may_refuse: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a scenario: its title, what to look at, the market that is shown, its steps."""

    title: str
    look: str
    steps: tuple[Step, ...]
    market: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scripted run. ``opening`` are the operator's first commands, ``prices`` the first oracle
    prices by market, ``start_ms`` its time zero."""

    name: str
    title: str
    start_ms: int
    opening: tuple[Command, ...]
    prices: tuple[int, ...]
    players: tuple[Player, ...]
    chapters: tuple[Chapter, ...] = field(default=())


# Making steps ---------------------------------------------------------------------------------

Order = Callable[[Scene], Command | Iterable[Command]]
"""Makes what a step sends, when it is sent; of several commands each after the one before it."""


def does(
    text: str,
    who: str,
    make: Order,
    *expect: Check,
    after: int = 200,
    label: str = "",
    note: Explain | None = None,
    keep: Callable[[Scene], Mapping[str, int]] | None = None,
    seconds: float = 0.8,
    may_refuse: bool = False,
) -> Step:
    """``who`` sends a command (or several in a row), ``after`` ms later."""

    def commands(scene: Scene) -> Iterator[Sending]:
        scene.now += after
        made = make(scene)
        for command in [made] if isinstance(made, Command) else made:
            yield scene.now, who, command

    return Step(text, commands, expect, label, note, keep, seconds, may_refuse)


def may_not(text: str, who: str, make: Order, code: str, *expect: Check, **more: Any) -> Step:
    """``who`` sends a command that must be refused with ``code``."""
    return does(text, who, make, refused(code), *expect, may_refuse=True, **more)


def at_door(text: str, who: str, make: Order, **more: Any) -> Step:
    """``who`` sends a command that the door turns away: it never becomes a record."""

    def check(scene: Scene, events: list[Event]) -> str:
        return "" if scene.turned_away and not events else "the door let it in"

    def note(scene: Scene, _events: list[Event]) -> str:
        said = "; ".join(scene.turned_away)
        return "turned away: " + re.sub("([0-9a-f]{8})[0-9a-f]{24,}", r"\1…", said)

    return does(text, who, make, check, note=note, may_refuse=True, **more)


def waits(
    text: str,
    ms: int,
    *expect: Check,
    every: int = 20 * SECOND,
    to: Mapping[int, int] | None = None,
    tick: bool = True,
    seconds: float = 3.0,
    note: Explain | None = None,
    keep: Callable[[Scene], Mapping[str, int]] | None = None,
) -> Step:
    """Time passes: prices every so often, moving to ``to`` in equal parts; ``tick``: due work
    is done by the house after each price."""

    def commands(scene: Scene) -> Iterator[Sending]:
        begun, first = scene.now, dict(scene.prices)
        parts = max(1, div_floor(ms + every - 1, every))
        for part in range(1, parts + 1):
            now = begun + div_floor(ms * part, parts)
            for market, target in (to or {}).items():
                moved = div_floor((target - first[market]) * part, parts)
                scene.prices[market] = first[market] + moved
            scene.now = now
            yield now, ORACLE, prices(scene)
            if tick:
                yield now, HOUSE, Tick(256)

    each = seconds / max(1, ms // every)
    return Step(text, commands, expect, "", note, keep, seconds=each, may_refuse=tick)


def priced(
    text: str,
    to: Mapping[int, int],
    *expect: Check,
    after: int = SECOND,
    note: Explain | None = None,
    keep: Callable[[Scene], Mapping[str, int]] | None = None,
) -> Step:
    """The oracle says a new price of one or more markets, and again those of the others."""

    def commands(scene: Scene) -> Iterator[Sending]:
        scene.now += after
        scene.prices.update(to)
        yield scene.now, ORACLE, prices(scene)

    return Step(text, commands, expect, "", note, keep)


def counted(*words: str) -> Explain:
    """A note that says how often each kind of event has occurred since the beginning."""

    def note(scene: Scene, _events: list[Event]) -> str:
        found = Counter(type(event).__name__ for _, _, event in scene.log)
        return ", ".join(f"{found[word]} {word}" for word in words)

    return note
