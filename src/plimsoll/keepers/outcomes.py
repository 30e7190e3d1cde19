"""What an answer means to a keeper: paid, too late, too early, hopeless, or not known yet."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.client.errors import BadAnswer, Busy, Failed, Halted, HttpProblem, Timeout
from plimsoll.client.errors import Unreachable as Unreached
from plimsoll.client.models import Receipt


class Outcome(StrEnum):
    """Classes of answers. Being outcompeted is no failure: the work was done."""

    LANDED = "landed"
    OUTCOMPETED = "outcompeted"
    EARLY = "early"
    POISON = "poison"
    LATER = "later"
    LOST = "lost"
    FAILED = "failed"


class Verdict(NamedTuple):
    """An outcome and the name of its reason ("" where it landed)."""

    outcome: Outcome
    reason: str = ""


OUTCOMPETED: Final = frozenset((
    "UNKNOWN_ORDER", "UNKNOWN_AUCTION", "NOTHING_TO_DO", "FUNDING_NOT_DUE", "IN_LIQUIDATION",
    "SUFFICIENT_COLLATERAL", "LIQUIDATION_WAIT", "AUCTION_PRICE_NOT_MET", "AUCTION_NOTHING",
    "AUCTION_OFFERS_FULL",
))  # fmt: skip
"""Somebody else did it, or the chance is gone."""

EARLY: Final = frozenset((
    "AUCTION_RUNNING", "TRIGGER_NOT_REACHED", "LIMIT_NOT_REACHED", "ORDER_NOT_EXPIRED",
    "DELAYED_EARLY",
))  # fmt: skip
"""The price or the clock has not got there, or went back."""

POISON: Final = frozenset((
    "INSUFFICIENT_MARGIN", "REDUCE_ONLY_NOTHING", "OPEN_INTEREST", "VAMM_EQUITY", "MARKET_MODE",
    "AUCTION_OWN", "AUCTIONS_FULL", "OPEN_ORDERS_LIMIT", "LIQUIDATION_OFF", "FUNDING_OFF",
    "VAMM_DISABLED", "AMOUNT_RANGE", "NOTIONAL_TOO_SMALL", "PRICE_BAND", "INSUFFICIENT_POOL",
    "SPOT_PATH",
))  # fmt: skip
"""This piece of work fails as long as its account or market is as it is."""

LATER: Final = frozenset((
    "ORACLE_INVALID", "PRICE_BANDS_BREACHED", "FUNDING_BLOCKED",
    "HEDGE_SLIPPAGE", "SPOT_LIQUIDITY", "VAULT_CAPACITY",
))  # fmt: skip
"""Nobody can do it now."""


def judge(receipt: Receipt) -> Verdict:
    """The class of an answer. What is in no class is a failure: somebody should look."""
    if receipt.accepted:
        return Verdict(Outcome.LANDED)
    reason = receipt.reject.name if receipt.reject is not None else "NO_REASON"
    for names, outcome in (
        (OUTCOMPETED, Outcome.OUTCOMPETED),
        (EARLY, Outcome.EARLY),
        (POISON, Outcome.POISON),
        (LATER, Outcome.LATER),
    ):
        if reason in names:
            return Verdict(outcome, reason)
    return Verdict(Outcome.FAILED, reason)


def judge_error(error: Exception) -> Verdict:
    """The class of a failure to get an answer."""
    if isinstance(error, Busy | Halted):
        return Verdict(Outcome.LATER, error.info.name)
    if isinstance(error, Timeout | Failed | BadAnswer | Unreached):
        return Verdict(Outcome.LOST, type(error).__name__)
    if isinstance(error, HttpProblem):
        return Verdict(Outcome.FAILED, error.info.name)
    return Verdict(Outcome.FAILED, type(error).__name__)


def is_worth_repeating(error: Exception) -> bool | float:
    """Whether to send the same command again under the same client id, and after how many
    seconds if the exchange named a time.
    """
    if isinstance(error, Busy | Halted):
        return max(error.retry_after, 0.001) if error.retry_after is not None else True
    return isinstance(error, Timeout | Failed | BadAnswer | Unreached)


def wait_told(receipt: Receipt) -> int:
    """How many ms a refusal says to wait; 0 if it does not."""
    reject = receipt.reject
    if reject is None:
        return 0
    try:
        value, limit = int(reject.value), int(reject.limit)
    except ValueError:
        return 0
    if reject.name == "LIQUIDATION_WAIT":
        return max(0, limit - value)
    return max(0, value) * 1_000 if reject.name == "FUNDING_NOT_DUE" else 0
