"""Planted bugs of breakers: each breaks the interpreted core and names who must notice.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_breaker NAME

runs withdrawals that are paid, held, taken back and released, and a vault that trips and recovers,
on the broken core; prints the id of the invariant that halted it and the check that found it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from plimsoll.core import breaker, invariants, outflow
from plimsoll.core.breaker import Bound
from plimsoll.core.guard_board import GuardBoard
from plimsoll.core.handlers import breaker as handler
from plimsoll.core.rows import Breaker, Outflow, VaultGuard
from plimsoll.messages import commands
from plimsoll.messages.codes import SELL
from tests.harness.outflow_page import COOLDOWN, WINDOW, OutflowPage
from tests.harness.planted import Planted
from tests.harness.vault_page import BASE, VaultPage

Original = Callable[..., Any]


def calm_goes_on(original: Original) -> Original:
    """A breaker that was released still counts how long it has been calm."""

    def set_calm(self: Any, since_ms: int) -> None:
        if since_ms != 0:
            original(self, since_ms)

    return set_calm


def any_mode(original: Original) -> Original:
    """A mode that there is not."""

    def set_mode(self: Any, mode: int, now: int, grace_ms: int) -> None:
        original(self, mode * 4, now, grace_ms)

    return set_mode


def everything_may_leave(_: Original) -> Original:
    """What there is may leave, whatever has to stay."""

    def may_leave(self: Any) -> int:
        return max(0, int(self.worth))

    return may_leave


def outflow_is_forgotten(_: Original) -> Original:
    """What is held counts as gone, and goes on counting when it is released."""

    def let_go(self: Any, row: Any) -> None:
        del self.held[row.ident]
        self.held_due.remove(row.due_ms, row.ident)
        self.outflow(row.account.owner).count_claim(-1)

    return let_go


def half_is_held(original: Original) -> Original:
    """What is released is paid but for a unit of it."""

    def pay(txn: Any, account: Any, asset: int, amount: int, reason: int) -> None:
        original(txn, account, asset, amount - 1, reason)

    return pay


def timer_is_late(original: Original) -> Original:
    """The timer of what is held is a millisecond late."""

    def hold(self: Any, row: Any) -> None:
        original(self, row)
        self.held_due.remove(row.due_ms, row.ident)
        self.held_due.add(row.due_ms + 1, row.ident)

    return hold


def claims_are_not_counted(_: Original) -> Original:
    """Nobody counts what is held of a principal."""

    def count_claim(self: Any, count: int) -> None:
        self.touch()

    return count_claim


def a_sum_for_every_flow(_: Original) -> Original:
    """Flows of one tick stand beside one another."""

    def counted(ticks: Any, window_ms: int, tick_ms: int, now: int, amount: int) -> Any:
        return [*breaker.within(ticks, window_ms, now), (now - now % tick_ms, amount)]

    return counted


PLANTED: dict[str, Planted] = {
    "calm_goes_on": Planted("C2", VaultGuard, "set_calm", calm_goes_on),
    "any_mode": Planted("C2", Breaker, "set_mode", any_mode),
    "everything_may_leave": Planted("C4", Bound, "may_leave", everything_may_leave),
    "outflow_is_forgotten": Planted("C5", GuardBoard, "let_go", outflow_is_forgotten),
    "half_is_held": Planted("C5", handler, "pay", half_is_held),
    "timer_is_late": Planted("C6", GuardBoard, "hold", timer_is_late),
    "claims_are_not_counted": Planted("C6", Outflow, "count_claim", claims_are_not_counted),
    "a_sum_for_every_flow": Planted("C7", breaker, "counted", a_sum_for_every_flow),
}
"""Name -> bug."""


class Watch:
    """Which check was at work when something broke."""

    when = "full"


def watched(page: Any, watch: Watch) -> Any:
    """The page, telling the watch."""
    apply = page.apply

    def told(command: Any, principal: int) -> bool:
        watch.when = "command"
        try:
            return bool(apply(command, principal))
        except invariants.InvariantBroken:
            watch.when = "command" if page.engine.halted else "full"
            raise

    page.apply = told
    return page


def withdraw(page: OutflowPage) -> None:
    """Paid, held, taken back; held for its owner's part; recovered and released."""
    page.takes("alice", "100")
    page.takes("alice", "50")
    page.takes("alice", "500")
    page.takes("bob", "10")
    first, second = page.claims()
    page.do(commands.CancelHeld(page.accounts["bob"], second), page.owner("bob"))
    page.waits(COOLDOWN)
    page.review()
    page.do(commands.ReleaseHeld(first), page.owner("bob"))
    page.waits(WINDOW)
    page.limit(principal_share=500_000)
    page.takes("alice", "150")
    page.takes("alice", "100")
    page.waits(WINDOW)
    page.tick()
    assert outflow.bound(page.state, page.now).is_kept()


def trip(page: VaultPage) -> None:
    """A vault falls below its margin, and is above it again for long enough."""
    page.join("lp", BASE, "10")
    page.deal("alice", BASE, SELL, "4")
    page.prices("45")
    page.prices("90")
    page.now += 300_000
    page.prices("91")


def halted_by(name: str) -> str:
    """Plant a bug, run, and say which invariant halted the exchange in which check."""
    if name != "none":
        bug = PLANTED[name]
        setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))
    watch = Watch()
    try:
        withdraw(watched(OutflowPage(traders="alice bob"), watch))
        trip(watched(VaultPage(vault={"min_margin_ratio": 500_000}), watch))
    except invariants.InvariantBroken as broken:
        return f"{broken.ident} {watch.when}"
    return "none"


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    print(halted_by(parser.parse_args().name))


if __name__ == "__main__":
    main()
