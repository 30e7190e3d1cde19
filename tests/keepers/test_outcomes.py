"""Answers are put into classes: being outcompeted is no failure, and lost is not refused."""

from __future__ import annotations

import pytest

from plimsoll.client.errors import (
    BadField,
    Busy,
    Failed,
    Halted,
    Timeout,
    Unreachable,
    problem,
)
from plimsoll.client.models import ErrorInfo, Receipt, RejectInfo
from plimsoll.keepers import outcomes, rewards
from plimsoll.keepers.outcomes import Outcome
from plimsoll.messages import codes

NAMES = {name for name, _, _ in codes.REJECTS.values()}


def refused(name: str, value: str = "0", limit: str = "0") -> Receipt:
    """A receipt that refuses."""
    info = RejectInfo(code=1, name=name, value=value, limit=limit, value_is="", limit_is="")
    return Receipt(seq=1, ts=1, accepted=False, status="rejected", reject=info)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("UNKNOWN_ORDER", Outcome.OUTCOMPETED),
        ("UNKNOWN_AUCTION", Outcome.OUTCOMPETED),
        ("SUFFICIENT_COLLATERAL", Outcome.OUTCOMPETED),
        ("FUNDING_NOT_DUE", Outcome.OUTCOMPETED),
        ("AUCTION_PRICE_NOT_MET", Outcome.OUTCOMPETED),
        ("NOTHING_TO_DO", Outcome.OUTCOMPETED),
        ("TRIGGER_NOT_REACHED", Outcome.EARLY),
        ("DELAYED_EARLY", Outcome.EARLY),
        ("INSUFFICIENT_MARGIN", Outcome.POISON),
        ("ORACLE_INVALID", Outcome.LATER),
        ("NOT_ALLOWED", Outcome.FAILED),
    ],
)
def test_classes(name: str, outcome: Outcome) -> None:
    """The classes of the brief's examples."""
    assert outcomes.judge(refused(name)) == (outcome, name)


def test_accepted_is_landed() -> None:
    """Also the repeated answer to a command that was sent twice."""
    receipt = Receipt(seq=1, ts=1, accepted=True, duplicate=True)
    assert outcomes.judge(receipt).outcome is Outcome.LANDED


def test_classes_exist_and_do_not_overlap() -> None:
    """Every name is a code of the exchange, in one class only."""
    classes = (outcomes.OUTCOMPETED, outcomes.EARLY, outcomes.POISON, outcomes.LATER)
    assert set().union(*classes) <= NAMES
    assert len(set().union(*classes)) == sum(len(one) for one in classes)


INFO = ErrorInfo(code=0, name="NODE", message="")


@pytest.mark.parametrize(
    ("error", "outcome", "again"),
    [
        (problem(429, INFO, retry_after=2.0), Outcome.LATER, 2.0),
        (Busy(429, INFO), Outcome.LATER, True),
        (Halted(503, INFO), Outcome.LATER, True),
        (Failed(500, INFO), Outcome.LOST, True),
        (Timeout("lost", client_id="a"), Outcome.LOST, True),
        (Unreachable("away"), Outcome.LOST, True),
        (BadField(400, INFO), Outcome.FAILED, False),
    ],
)
def test_failures(error: Exception, outcome: Outcome, again: object) -> None:
    """Which failures are repeated under the same id, and after how long."""
    assert outcomes.judge_error(error).outcome is outcome
    assert outcomes.is_worth_repeating(error) == again


def test_waits_that_are_told() -> None:
    """What a refusal says about time is believed; other numbers are not times."""
    assert outcomes.wait_told(refused("LIQUIDATION_WAIT", "1000", "300000")) == 299_000
    assert outcomes.wait_told(refused("FUNDING_NOT_DUE", "12", "3600")) == 12_000
    assert outcomes.wait_told(refused("SUFFICIENT_COLLATERAL", "12.5", "3")) == 0


def test_rewards_of_a_call() -> None:
    """Only what went to the account, as a keeper; texts and whole numbers mean the same."""
    events = [
        {"type": "Transferred", "credit": 9, "reason": "keeper_flat", "amount": "0.01"},
        {"type": "Transferred", "credit": 9, "reason": "transfer", "amount": "5"},
        {"type": "Transferred", "credit": 8, "reason": "keeper_flat", "amount": "0.01"},
        {"type": "Filled", "keeper": 9, "fee_keepers": 250},
        {"type": "Filled", "keeper": 2, "fee_keepers": "1"},
        {"type": "Filled", "keeper": 9, "fee_keepers": "0.00075"},
    ]
    assert rewards.of_events(events, 9) == {"keeper_flat": 10_000, "fee_keepers": 1_000}
    statement = rewards.Statement(9)
    receipt = Receipt(seq=1, ts=1, accepted=True, events=events)
    assert statement.book("filler", receipt) == 11_000
    assert statement.as_dict()["roles"]["filler"]["reward"] == 11_000
    assert rewards.Statement(-1).book("filler", receipt) == 0
