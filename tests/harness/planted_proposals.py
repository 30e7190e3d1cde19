"""Planted bugs of changes by two keys: each breaks the interpreted core, and names who must notice.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_proposals NAME

runs random changes by three operators on the broken core and prints the id of the invariant that
halted it and the check that found it, ``difference`` if the model noticed, or ``none``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from plimsoll.core import invariants, proposals
from plimsoll.core.guard_board import GuardBoard
from plimsoll.core.handlers import proposals as handler
from plimsoll.messages import changes
from tests.harness.planted import Planted
from tests.harness.proposals_model import Model

SEEDS = range(3)
STEPS = 500


def timer_stays(_: Callable[..., Any]) -> Callable[..., Any]:
    """A proposal that is over is still in the timer."""

    def end_proposal(self: Any, row: Any) -> None:
        del self.proposals[row.ident]

    return end_proposal


def own_key_is_enough(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever proposed it may execute it."""

    def take(txn: Any, cmd: Any) -> Any:
        kept, txn.principal = txn.principal, -1
        found = original(txn, cmd)
        txn.principal = kept
        return found

    return take


def at_hand_at_once(_: Callable[..., Any]) -> Callable[..., Any]:
    """A proposal may be executed as soon as it was made."""

    def ready_ms(txn: Any) -> int:
        now: int = txn.now
        return now

    return ready_ms


def never_stale(_: Callable[..., Any]) -> Callable[..., Any]:
    """What was tightened since is replaced all the same."""
    return lambda state, row: False


def first_field_only(original: Callable[..., Any]) -> Callable[..., Any]:
    """A set is judged by the first field that moved."""

    def first_loosened(kind: str, schema: Any, before: list[Any], after: list[Any]) -> int:
        moved = [at for at in range(len(before)) if before[at] != after[at]][:1]
        seen = [after[at] if at in moved else before[at] for at in range(len(before))]
        found: int = original(kind, schema, before, seen)
        return found

    return first_loosened


def no_limit_is_small(original: Callable[..., Any]) -> Callable[..., Any]:
    """A limit of 0 counts as the tightest one."""

    def loosens(way: int, old: int, new: int) -> bool:
        found: bool = original(changes.DOWN if way == changes.CAPPED else way, old, new)
        return found

    return loosens


def modes_are_free(original: Callable[..., Any]) -> Callable[..., Any]:
    """A mode may be loosened by one key."""

    def loosened(state: Any, command: Any) -> int:
        if hasattr(command, "mode"):
            return proposals.PASSES
        found: int = original(state, command)
        return found

    return loosened


PLANTED: dict[str, Planted] = {
    "timer_stays": Planted("N3", GuardBoard, "end_proposal", timer_stays),
}
"""Name -> bug that breaks an invariant."""

RULES: dict[str, Planted] = {
    "own_key_is_enough": Planted("", handler, "take", own_key_is_enough),
    "at_hand_at_once": Planted("", handler, "ready_ms", at_hand_at_once),
    "never_stale": Planted("", proposals, "is_stale", never_stale),
    "first_field_only": Planted("", changes, "first_loosened", first_field_only),
    "no_limit_is_small": Planted("", changes, "loosens", no_limit_is_small),
    "modes_are_free": Planted("", proposals, "loosened", modes_are_free),
}
"""Name -> bug that only the model can notice."""


def found_by(name: str) -> str:
    """Plant a bug, run, and say who noticed."""
    if name != "none":
        bug = (PLANTED | RULES)[name]
        setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))
    try:
        for seed in SEEDS:
            model = Model(seed)
            for _ in range(STEPS):
                model.step()
    except invariants.InvariantBroken as broken:
        return f"{broken.ident} full"
    except AssertionError:
        return "difference"
    return "none"


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, *RULES, "none"])
    print(found_by(parser.parse_args().name))


if __name__ == "__main__":
    main()
