"""A fault at any step of a withdrawal, or of what is held, leaves no trace.

A step is a call of a function of the core, as in ``test_hedge_faults``.
"""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll import _build
from plimsoll.core.handlers import breaker
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import NORMAL, TRIPPED
from tests.core.test_hedge_faults import Fault, as_code, failures
from tests.harness.outflow_page import COOLDOWN, ETH, HELD, TICK, WINDOW, OutflowPage
from tests.harness.scenario import KEEPER

pytestmark = pytest.mark.skipif(
    _build.COMPILED, reason="compiled functions cannot be interrupted: the interpreted build runs"
)


def rich(**more: Any) -> OutflowPage:
    """Money and ETH, a part for each, and something that left before."""
    page = OutflowPage(traders="alice bob", principal_share=500_000, **more)
    page.brings("alice", "5", ETH)
    page.waits(WINDOW, "100")
    page.takes("bob", "10")
    return page


def tripped() -> OutflowPage:
    """Something is held."""
    page = rich(pause_retained=300_000)
    page.takes("alice", "1000")
    assert page.now_mode == TRIPPED
    return page


def paid() -> tuple[OutflowPage, commands.Command, str, set[str]]:
    """A withdrawal of ETH that may leave."""
    page = rich()
    wanted = {"bound", "taken_by", "count_out", "set_flows", "outflow", "pay", "transfer", "shift"}
    return page, page.withdrawal("alice", "1", ETH), "send_out", wanted


def fresh() -> tuple[OutflowPage, commands.Command, str, set[str]]:
    """A withdrawal of ETH, a part of which is counted with money that came a tick before."""
    page = rich()
    page.brings("alice", "30")
    page.waits(TICK, "100")
    return page, page.withdrawal("alice", "1", ETH), "send_out", {"counted_at", "counted", "pay"}


def trips() -> tuple[OutflowPage, commands.Command, str, set[str]]:
    """One that is held, trips, and pauses."""
    page = rich(pause_retained=690_000)
    wanted = {"hold", "count_out", "transfer", "take_sequence", "enter", "set_mode", "judge_pause",
              "emit"}  # fmt: skip
    return page, page.withdrawal("alice", "1000"), "send_out", wanted


def waits() -> tuple[OutflowPage, commands.Command, str, set[str]]:
    """One that is held for its owner's part."""
    page = rich()
    page.takes("alice", "100")
    return page, page.withdrawal("alice", "300"), "send_out", {"hold", "part_left", "transfer"}


def taken_back() -> tuple[OutflowPage, commands.Command, str, set[str]]:
    """One that its owner takes back: not the one that tripped the breaker."""
    page = tripped()
    assert page.takes("alice", "1", ETH) == HELD
    cancel = commands.CancelHeld(page.accounts["alice"], page.claims()[-1])
    return page, cancel, "cancel_held", {"let_go", "count", "transfer", "emit"}


def released() -> tuple[OutflowPage, commands.Command, str, set[str]]:
    """One that is paid when all is normal again."""
    page = tripped()
    page.waits(COOLDOWN)
    page.review()
    assert page.now_mode == NORMAL
    release = commands.ReleaseHeld(page.claims()[0])
    return page, release, "release", {"may_pay", "let_go", "pay", "transfer", "emit"}


@pytest.mark.parametrize("make", [paid, fresh, trips, waits, taken_back, released])
def test_a_fault_changes_nothing(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    """BREAK-009, BREAK-013, BREAK-014: the page compares the hash after every refusal."""
    page, command, attribute, wanted = make()
    original = getattr(breaker, attribute)
    dump = page.state.dump()
    steps: list[str] = []
    at = 0
    while True:
        at += 1
        failure = failures()[at % 2]
        fault = Fault(original, at, failure)
        monkeypatch.setattr(breaker, attribute, fault)
        principal = page.owner("alice")
        accepted = page.apply(command, principal)
        if not fault.where:
            assert accepted
            steps = fault.steps
            break
        assert not accepted, fault.where
        (event,) = page.found
        assert isinstance(event, events.Rejected)
        assert event.code == as_code(failure), fault.where
        assert page.state.dump() == dump
    assert wanted <= set(steps), wanted - set(steps)


def test_a_payment_that_fails_does_not_stop_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """BREAK-015: it leaves no trace; the breaker has recovered all the same."""
    page = tripped()
    page.waits(COOLDOWN)
    original = breaker.pay_held
    for at in range(1, 200):
        page.restart()
        fault = Fault(original, at, failures()[1])
        monkeypatch.setattr(breaker, "pay_held", fault)
        dump = page.state.dump()
        page.do(commands.Tick(10), KEEPER)
        assert page.now_mode == NORMAL
        assert len(page.claims()) == bool(fault.where)
        if not fault.where:
            return
        page.restart_from(dump)
    raise AssertionError(codes.TOO_MANY)
