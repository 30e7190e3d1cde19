"""What tests of the tours ask a played scenario: a chapter, its events, its refusals."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes
from plimsoll.messages.events import Event, Rejected
from plimsoll.sim.scenarios.stage import ChapterResult, Performance


def chapter(played: Performance, number: int) -> ChapterResult:
    """A chapter by its number, all of whose expectations were met."""
    result = played.results[number - 1]
    assert not result.failures
    return result


def of(result: ChapterResult, kind: type[Event], **fields: Any) -> list[Any]:
    """The events of a kind in a chapter, in order."""
    return [
        event
        for _, _, event in result.events
        if isinstance(event, kind)
        and all(getattr(event, name) == value for name, value in fields.items())
    ]


def refusals(result: ChapterResult) -> set[str]:
    """Names of the refusals of a chapter."""
    return {codes.REJECTS[event.code][0] for event in of(result, Rejected)}
