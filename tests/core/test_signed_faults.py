"""A fault at any step of a settlement leaves no trace: no fill, no fee, nothing known.

A step is a call of a function of the core, as in ``test_hedge_faults``.
"""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll import _build
from plimsoll.core import invariants
from plimsoll.core.handlers import gateway
from plimsoll.messages import commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.core.test_hedge_faults import Fault, as_code, failures
from tests.harness.signed_page import SignedPage

pytestmark = pytest.mark.skipif(
    _build.COMPILED, reason="compiled functions cannot be interrupted: the interpreted build runs"
)

WANTED = {
    "verify", "check_time", "known_of", "check_part", "fund_of", "check_closes", "begin",
    "check_may_leave", "transfer", "shift", "change", "collect", "finish", "withdrawable",
    "learnt", "fill", "learn", "emit", "take_order", "take_fill",
}  # fmt: skip
"""Steps that must be among those made to fail."""
REDUCES = {"equity", "opened", "freed", "check_solvent", "trim_reduce_only"}


def rich() -> SignedPage:
    """Fees, a vAMM, reduce-only orders that rest, positions that may be reduced."""
    page = SignedPage(taker_fee=500, maker_rebate=100, vamm_enabled=1)
    page.play("""
        bob sell 4 @ 100
        alice buy 4 @ 100
        alice sell 4 @ 105 reduce
        carol buy 1 @ 99.9
    """)
    return page


def settlement(page: SignedPage) -> commands.Command:
    """A reduction that takes the book and the vAMM, frees margin, and pays a fee."""
    order = page.sign(
        "alice", SELL, "3", "95", reduce_only=True, fund="alice2", relay_fee="1", margin="5"
    )
    return page.settling(order, "2")


def opening(page: SignedPage) -> commands.Command:
    """An order that opens with the margin it brings."""
    order = page.sign("alice", BUY, "3", "105", fund="alice2", relay_fee="1", margin="100")
    return page.settling(order, "2")


def match(page: SignedPage) -> commands.Command:
    """Alice reduces, Bob adds; both pay a fee and have a fund."""
    sells = page.sign("alice", SELL, "3", "95", reduce_only=True, fund="alice2", relay_fee="1")
    buys = page.sign("carol", BUY, "3", "99", fund="carol2", relay_fee="2", margin="7")
    return page.matching(sells, buys, "2")


@pytest.mark.parametrize(
    ("made", "attribute", "own"),
    [
        (settlement, "settle", {"place_under", "take_book", "take_vamm", *REDUCES}),
        (opening, "settle", {"place_under", "take_vamm", "check_outcome"}),
        (match, "match", {"check_pair", "exchange", "check_outcome", *REDUCES}),
    ],
    ids=["reduces", "opens", "match"],
)
def test_a_fault_in_a_settlement_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, made: Any, attribute: str, own: set[str]
) -> None:
    """GATE-009, GATE-010: refused as a whole wherever it fails, by refusal or by range."""
    page = rich()
    command = made(page)
    before = page.hash()
    original = getattr(gateway, attribute)
    at = 0
    while True:
        at += 1
        fault = Fault(original, at, failures()[at % 2])
        monkeypatch.setattr(gateway, attribute, fault)
        page.engine.apply(command, page.seq + 1, page.now, page.rita)
        found = page.engine.drain()
        invariants.check_full(page.state)
        if not fault.where:
            break
        assert len(found) == 1, fault.where
        refusal = found[0]
        assert isinstance(refusal, events.Rejected), fault.where
        assert refusal.code == as_code(fault.failure), fault.where
        assert page.hash() == before, fault.where
    assert at > 200
    assert WANTED | own <= set(fault.steps), (WANTED | own) - set(fault.steps)
    monkeypatch.setattr(gateway, attribute, original)
    other = rich()
    other.do(made(other), other.rita)
    assert other.hash() == page.hash()
