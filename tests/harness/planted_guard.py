"""Planted bugs of breakers and proposals: each breaks the interpreted core, and names the rule, or
those of which it is found to break one first.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_guard NAME

prints what ``planted_mechanisms`` prints, of a run with a gateway, breakers and proposals.
"""

from __future__ import annotations

import argparse
from typing import Any

from plimsoll.core import breaker, dispatch, load, outflow, proposals, vault_guard, vault_money
from plimsoll.core.guard_board import GuardBoard
from plimsoll.core.handlers import breaker as handlers
from plimsoll.core.handlers import checks
from plimsoll.core.handlers import proposals as proposing
from plimsoll.core.rows import Breaker, VaultGuard
from plimsoll.messages import changes, codes
from tests.harness.guard_gen import BusyGenerator
from tests.harness.planted_gateway import seen_by, unrefused
from tests.harness.planted_mechanisms import Bug, Original, always, nothing, witnessed

MOST = 2**62 - 1


# The exchange's breaker ---------------------------------------------------------------------------


def money_only(original: Original) -> Original:
    """What leaves in base assets is not seen."""
    return lambda state: [price if at == 0 else 0 for at, price in enumerate(original(state))]


def never_by_outflow(original: Original) -> Original:
    """Nothing that leaves trips it."""

    def enter(txn: Any, mode: int, cause: int, *given: int) -> None:
        if cause != codes.CAUSE_OUTFLOW:
            original(txn, mode, cause, *given)

    return enter


def never_pauses(original: Original) -> Original:
    """It never pauses by itself."""

    def enter(txn: Any, mode: int, cause: int, *given: int) -> None:
        if (mode, cause) != (codes.PAUSED, codes.CAUSE_OUTFLOW):
            original(txn, mode, cause, *given)

    return enter


def window_without_end(_: Original) -> Original:
    """What was counted once counts for ever."""
    return lambda ticks, window_ms, now: sum(amount for _, amount in ticks)


def claims_stay(original: Original) -> Original:
    """Who was paid can be paid again."""

    def let_go(self: Any, row: Any) -> None:
        original(self, row)
        self.held[row.ident] = row

    return let_go


def blocks_exits_first(original: Original) -> Original:
    """What only a pause may stop is stopped as soon as anything is."""
    return lambda state, refused: original(state, codes.TRIPPED)


def grace_without_end(original: Original) -> Original:
    """A grace lasts."""

    def set_mode(self: Any, mode: int, now: int, grace_ms: int) -> None:
        original(self, mode, now, grace_ms * 2)

    return set_mode


def straight_to_normal(original: Original) -> Original:
    """A paused exchange is normal again in one step."""

    def enter(txn: Any, mode: int, cause: int, *given: int) -> None:
        recovered = cause == codes.CAUSE_RECOVERED
        original(txn, codes.NORMAL if recovered else mode, cause, *given)

    return enter


# Vaults -------------------------------------------------------------------------------------------


def margin_does_not_count(original: Original) -> Original:
    """A vault's margin never trips it."""
    return lambda params, ratio, *given: original(params, MOST, *given)


def use_does_not_count(original: Original) -> Original:
    """A vault's utilisation never trips it."""
    return lambda params, ratio, used, *given: original(params, ratio, 0, *given)


def released_at_once(original: Original) -> Original:
    """A vault's breaker waits for nothing."""

    def wait(txn: Any, vault: Any, found: Any) -> None:
        hold, vault.params.breaker_hold_ms = vault.params.breaker_hold_ms, 0
        try:
            original(txn, vault, found)
        finally:
            vault.params.breaker_hold_ms = hold

    return wait


# Changes ------------------------------------------------------------------------------------------


def taken(*but: int) -> Any:
    """A proposal is taken without being refused for these reasons."""

    def planted(_: Original) -> Original:
        def take(txn: Any, cmd: Any) -> Any:
            row = proposing.find(txn.state, cmd.proposal)
            for code, holds in (
                (codes.PROPOSAL_OWN, row.principal == txn.principal),
                (codes.PROPOSAL_EARLY, txn.now < row.ready_ms),
                (codes.PROPOSAL_EXPIRED, txn.now > row.expires_ms),
                (codes.PROPOSAL_STALE, proposals.is_stale(txn.state, row)),
            ):
                if holds and code not in but:
                    raise codes.Reject(code)
            proposing.end(txn, row, codes.PROPOSAL_EXECUTED)
            txn.executing = True
            return row.change

        return take

    return planted


def money_passes(original: Original) -> Original:
    """One key moves money."""

    def loosened(state: Any, command: Any) -> int:
        found: int = original(state, command)
        return proposals.PASSES if found == proposals.ALWAYS else found

    return loosened


def no_cap_is_tight(original: Original) -> Original:
    """A bound that is taken away counts as tighter."""

    def loosens(way: int, old: int, new: int) -> bool:
        return False if way == changes.CAPPED and new == 0 else bool(original(way, old, new))

    return loosens


def only_the_first_counts(_: Original) -> Original:
    """The first field that changes says it for all."""

    def first_loosened(kind: str, fields: Any, before: Any, after: Any) -> int:
        for at, (name, _) in enumerate(fields):
            if before[at] != after[at]:
                looser = changes.is_looser(kind, name, before[at], after[at])
                return at + 1 if looser else 0
        return 0

    return first_loosened


def modes_pass(original: Original) -> Original:
    """A mode may be loosened with one key."""

    def loosened(state: Any, command: Any) -> int:
        name = type(command).__name__
        return proposals.PASSES if name.endswith("Mode") else int(original(state, command))

    return loosened


def proposals_are_ready(original: Original) -> Original:
    """A loaded proposal is ready."""

    def load_guard(state: Any, rows: Any) -> None:
        original(state, rows)
        for row in state.guard.proposals.values():
            row.ready_ms = 0

    return load_guard


PLANTED: dict[str, Bug] = {
    # C: the breaker of the exchange
    "no_bound": Bug("C4", outflow, "is_limited", always(False)),
    "bound_of_all": Bug("C1 C4", breaker.Bound, "may_leave", lambda _: lambda self: self.worth),
    "one_may_take_all": Bug("C4", breaker.Bound, "part_left", always(MOST)),
    "money_only": Bug("C1", outflow, "prices", money_only),
    "never_by_outflow": Bug("C1", handlers, "enter", never_by_outflow),
    "never_pauses": Bug("C1", handlers, "enter", never_pauses),
    "window_without_end": Bug("C1 C2 C4", breaker, "net", window_without_end),
    "nothing_is_counted": Bug("C4", outflow, "count", nothing),
    "deposits_do_not_count": Bug("C4", outflow, "count_in", nothing),
    "held_is_not_gone": Bug("C1 C4 C5", Breaker, "add_gone", nothing),
    "claims_stay": Bug("C5", GuardBoard, "let_go", claims_stay),
    "no_cooldown": Bug("C2", handlers, "cooldown_of", always(0)),
    "never_recovers": Bug("C2", handlers, "recovers", always(False)),
    "recovers_without_money": Bug("C2", breaker.Bound, "is_kept", always(True)),
    "straight_to_normal": Bug("C2", handlers, "enter", straight_to_normal),
    "grace_without_end": Bug("C2 C4", Breaker, "set_mode", grace_without_end),
    "risk_in_every_mode": Bug("C3", checks, "check_exchange", nothing),
    "pauses_stop_nothing": Bug("C3", handlers, "check_mode", nothing),
    "blocks_exits_first": Bug("C3", handlers, "check_mode", blocks_exits_first),
    # C, H: breakers of vaults, the quota of hedges
    "vaults_are_not_judged": Bug("C1", vault_guard, "judge_alone", nothing),
    "margin_does_not_count": Bug("C1", breaker, "past", margin_does_not_count),
    "use_does_not_count": Bug("C1", breaker, "past", use_does_not_count),
    "shares_have_no_past": Bug("C1", VaultGuard, "set_high", nothing),
    "fills_use_up_a_vault": Bug(
        "C1", vault_guard, "vault_money",
        seen_by(vault_money, "utilisation", lambda *_: 0),
    ),
    "adds_while_tripped": Bug("C1", vault_guard, "check_eased", nothing),
    "open_while_tripped": Bug("C3 V12", VaultGuard, "allows", always(codes.ACTIVE)),
    "released_at_once": Bug("C1", vault_guard, "wait", released_at_once),
    "never_released": Bug("C1 C2", vault_guard, "wait", nothing),
    "exits_while_paused": Bug("C3", vault_guard, "check_exit", nothing),
    "no_quota": Bug("H8", vault_guard, "hedge_left", always(MOST)),
    "hedges_are_forgotten": Bug("H8", VaultGuard, "set_hedges", nothing),
    # N: changes
    "one_key_for_all": Bug("N3 N4", proposing, "check_direct", nothing),
    "own_proposals": Bug("N4", proposing, "take", taken(codes.PROPOSAL_OWN)),
    "too_early": Bug("N3", proposing, "take", taken(codes.PROPOSAL_EARLY)),
    "too_late": Bug("N3", proposing, "take", taken(codes.PROPOSAL_EXPIRED)),
    "of_what_was": Bug("N3", proposing, "take", taken(codes.PROPOSAL_STALE)),
    "ready_at_once": Bug("N3", proposing, "ready_ms", lambda _: lambda txn: txn.now),
    "money_passes": Bug("N4", proposals, "loosened", money_passes),
    "modes_pass": Bug("N3", proposals, "loosened", modes_pass),
    "no_cap_is_tight": Bug("N3", changes, "loosens", no_cap_is_tight),
    "only_the_first_counts": Bug("N3", changes, "first_loosened", only_the_first_counts),
    "nothing_is_rehearsed": Bug("N2", dispatch, "rehearse", nothing),
    "announced_for_nothing": Bug(
        "N3", proposing, "check_proposable", unrefused(codes.NOTHING_TO_DO)
    ),
    "lapse_too_early": Bug(
        "N3", GuardBoard, "lapsed_proposal", lambda f: lambda self, now: f(self, now + 20_000)
    ),
    "never_lapse": Bug("N3", GuardBoard, "lapsed_proposal", always(None)),
    # D: the same again
    "proposals_are_ready": Bug("D2", load, "load_guard", proposals_are_ready),
}  # fmt: skip
"""Name -> bug."""


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    print(witnessed(PLANTED.get(parser.parse_args().name), BusyGenerator))


if __name__ == "__main__":
    main()
