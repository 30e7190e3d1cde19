"""Presentation: every number of every event has its unit, every refusal its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plimsoll.messages import codes, events, fields
from plimsoll.messages.commands import (
    Command,
    Liquidate,
    OfferAuction,
    PlaceDelayed,
    PlaceOrder,
    PlaceTrigger,
)
from plimsoll.messages.events import Event, Filled, Rejected
from plimsoll.messages.params import GlobalParams
from plimsoll.runtime import explain, present, receipts, rules
from plimsoll.runtime.present import Catalogue
from plimsoll.runtime.present_vaults import ASSET_OF
from plimsoll.runtime.presets import market_params

NAMES = Catalogue(("BTC-USD",), ("USD", "GEM"), (6, 2), frozenset({1}))
SPEC = Path(__file__).parents[2] / "docs" / "spec"
RULES = {
    rule
    for page in SPEC.glob("*.md")
    for rule in re.findall(r"^\*\*([A-Z]+-\d{3})\*\*", page.read_text("utf-8"), re.MULTILINE)
}
AMOUNTS = ("price", "price0", "raw_price", "amount", "amount0", "signed")
COUNTED = {
    "Transferred": {"amount"},  # in the asset's own unit
    "Rejected": {"value", "limit"},  # by their code
    "OracleRefused": {"value", "limit"},
    "FundingSkipped": {"value", "limit"},
    "MarketRestricted": {"value", "limit"},  # ppm
    "VaultDeposited": {"shares", "supply"},
    "VaultWithdrawn": {"shares", "supply"},
    "UnlockQueued": {"shares"},
    "VaultSnapshot": {"supply"},
    "VaultRefused": {"value", "limit"},
    "DelayedRefused": {"value", "limit"},
    "BreakerMoved": {"value", "limit"},  # by their cause
    "VaultBreakerMoved": {"value", "limit"},
}
FIRST = {"code": codes.PRICE_BAND, "reason": 1, "what": 1, "pool": 5}


def sample(kind: type[Event]) -> Event:
    """An event in which every number is 2, or the first word of its kind."""
    values: list[object] = []
    for name, unit in kind.FIELDS:
        if unit in fields.TEXTS:
            values.append("x")
        elif unit in ("global_params", "market_params"):
            sets = {"global_params": GlobalParams(), "market_params": market_params("X", 10**6)}
            values.append(sets[unit])
        elif unit == "flag":
            values.append(True)
        elif name in ("code", "reason", "what"):
            values.append(FIRST[name])
        else:
            values.append(0 if unit in ("id", "any_id") else 1)
    return kind(*values)


@pytest.mark.parametrize("kind", events.EVENTS)
def test_no_amount_is_left_without_a_unit(kind: type[Event]) -> None:
    """An event that gets a new amount must say here what it is; ids and times stay numbers."""
    scaled = present.BASE_FIELDS | present.QUOTE_FIELDS | present.RATE_FIELDS
    shown = present.event(sample(kind), NAMES)
    for name, unit in kind.FIELDS:
        if name in COUNTED.get(kind.__name__, set()):
            continue
        if unit in AMOUNTS:
            assert name in scaled or (kind.__name__, name) in ASSET_OF
            assert shown[name] in ("0.000001", "0.000000001"), name
        elif unit in ("id", "seq", "time", "ratio"):
            assert type(shown[name]) is int, name


@pytest.mark.parametrize("kind", events.EVENTS)
def test_every_event_can_be_explained(kind: type[Event]) -> None:
    """A sentence for everybody who may see the event, with rules that the specification has."""
    mine = frozenset({0, 1})
    told = explain.tell(sample(kind), NAMES, mine, everything=True)
    assert told is not None and told.event == kind.__name__
    assert told.text.endswith(".") and "{" not in told.text
    assert told.rules and set(told.rules) <= RULES


def test_every_refusal_and_every_end_has_its_rules() -> None:
    """No code of the vocabulary is without a rule, and no rule is made up."""
    assert rules.REJECT_RULES.keys() == codes.REJECTS.keys()
    assert rules.DONE_RULES.keys() == set(codes.DONE_REASONS.values())
    assert rules.SOURCE_RULES.keys() == set(codes.SOURCES)
    tables = (rules.REJECT_RULES, rules.DONE_RULES, rules.SOURCE_RULES, rules.HEALTH_RULES)
    for table in tables:
        for named in table.values():
            assert named and set(named) <= RULES, named


def test_explanations_do_not_say_who() -> None:
    """A stranger learns of a fill and a repeg, not of orders, accounts and refusals."""
    accepted = events.OrderAccepted(9, 8, 0, 0, 1, 1, 0, 10**9, False, 0, "")
    strange = [make_fill(8, 9), Rejected(codes.PRICE_BAND, 1, 2, -1), accepted]
    told = [explain.tell(one, NAMES, frozenset({7}), everything=False) for one in strange]
    assert [one is None for one in told] == [False, True, True]
    assert told[0] is not None
    assert "2 BTC-USD traded at 60000 for 120000 USD" in told[0].text
    assert "account" not in told[0].text


def test_measured_and_limit_are_in_the_sentence() -> None:
    """What was measured, against what, by which rule."""

    def text(one: Event) -> tuple[str, list[str]]:
        told = explain.tell(one, NAMES, frozenset({7}), everything=True)
        assert told is not None
        return told.text, told.rules

    said, by = text(Rejected(codes.INSUFFICIENT_MARGIN, 5_000_000, 9_000_000, -1))
    assert said == "Refused: INSUFFICIENT_MARGIN (equity 5, equity needed 9)."
    assert by == ["ORDER-016", "MARGIN-005"]
    said, by = text(events.MarketRestricted(0, 1, 250_000, 200_000))
    assert said == ("BTC-USD is restricted: mark oracle is at 250000 ppm, the bound is 200000 ppm.")
    assert by == ["HEALTH-002", "HEALTH-003"]
    said, _ = text(events.Repegged(0, 1, 3, 10**6, 2 * 10**6, 5 * 10**6, 7, 8, 9))
    assert "from 1 to 2 because the mark was away" in said and "pool paid 5 USD" in said
    said, _ = text(events.FundingUpdated(0, -5, 5, -5, 3 * 10**6, 1, 2, 0, 0, 3_600))
    assert "shorts pay longs: -0.000000005 USD a base" in said and "received 3 USD" in said


@pytest.mark.parametrize("code", sorted(codes.REJECTS))
def test_every_refusal_can_be_shown(code: int) -> None:
    """Both numbers of every code become texts, next to what they are."""
    shown = present.reject(Rejected(code, 3, 2, -1))
    assert shown.name == codes.REJECTS[code][0]
    assert shown.value and shown.limit


def test_units_of_refusals() -> None:
    """Prices, sizes, money, words and plain numbers are not mixed up."""
    show = present.measured
    assert show(codes.PRICE_BAND, 66_000_100_000, 1) == ("66000.1", "0.000001")
    assert show(codes.OPEN_INTEREST, 1_500_000_000, 1) == ("1.5", "0.000000001")
    assert show(codes.MARKET_MODE, codes.REDUCE_ONLY, codes.ACTIVE) == ("reduce_only", "active")
    assert show(codes.NOT_ALLOWED, 3, 0) == ("trader|lp", "none")
    assert show(codes.OPEN_ORDERS_LIMIT, 64, 64) == ("64", "64")
    assert show(codes.INSUFFICIENT_BALANCE, 150, 25, 2) == ("1.5", "0.25")


def make_fill(taker: int, maker: int, **more: int) -> Filled:
    """A fill of 2 BTC at 60,000."""
    values: dict[str, int] = {name: 0 for name, _ in Filled.FIELDS}
    values |= {"taker": taker, "maker": maker, "fill": 1, "taker_order": 9, "maker_order": 8}
    values |= {"price": 60_000_000_000, "size": 2_000_000_000, "quote": 120_000_000_000}
    return Filled(**{**values, **more})


def test_own_and_public_sides_of_a_fill_stay() -> None:
    """Only a stranger's side is hidden: not one's own, not the exchange's."""
    for taker, maker, hidden in ((7, 1, None), (7, 8, "maker"), (8, 7, "taker")):
        (shown,) = present.events([make_fill(taker, maker)], NAMES, frozenset({7}))
        for side in ("taker", "maker"):
            names = {name for name in shown if name.startswith(side)}
            assert len(names) == (0 if side == hidden else 5)
        assert (shown["size"], shown["price"], shown["symbol"]) == ("2", "60000", "BTC-USD")


def test_transfers_between_strangers_are_hidden() -> None:
    """Money that neither comes from nor goes to oneself or the exchange is not shown."""

    def shown(debit: int, credit: int) -> list[dict[str, object]]:
        one = events.Transferred(debit, credit, 1, 125, codes.R_TRADE, -1)
        return present.events([one], NAMES, frozenset({7}))

    assert shown(8, 9) == []
    assert "credit" not in shown(7, 8)[0] and shown(7, 8)[0]["amount"] == "1.25"
    assert shown(1, 8)[0]["debit"] == 1


def test_rewards_are_shown_to_whom_they_went() -> None:
    """The keeper of a fill is named to itself and where it is the pot."""
    for keeper, named in ((7, True), (8, False), (1, True)):
        one = make_fill(8, 9, keeper=keeper, fee_keepers=5)
        (shown,) = present.events([one], NAMES, frozenset({7}))
        assert ("keeper" in shown) == named
        assert shown["fee_keepers"] == "0.000005"


def test_deleveraging_shows_one_its_own_side() -> None:
    """The other account stays unknown; strangers see nothing."""
    one = events.Deleveraged(1, 7, 8, 0, 10**9, 10**6)
    (shown,) = present.events([one], NAMES, frozenset({7}))
    assert shown["account"] == 7 and "counterparty" not in shown
    assert present.events([one], NAMES, frozenset({5})) == []


def receipt(command: Command, *found: Event) -> tuple[object, ...]:
    """Status, order, filled and remaining of an accepted command."""
    made = receipts.receipt_from(command, found, NAMES, seq=1, ts=2, accepted=True)
    return made.status, made.order, made.filled, made.remaining


def test_a_market_order_in_an_auction() -> None:
    """The receipt says so, with the auction's id, what filled and what is offered."""
    command = PlaceOrder(7, 0, 0, 1, 1, 0, 3 * 10**9, 0, False, 0, "")
    accepted = events.OrderAccepted(9, 7, 0, 0, 1, 1, 0, 3 * 10**9, False, 0, "")
    fill = make_fill(7, 8)
    start = events.AuctionStarted(9, 7, 0, 0, 10**9, 5, 6, 7, 0, 5_000, 0, False)
    assert receipt(command, accepted, fill, start) == ("auction", 9, "2", "1")
    ended = events.AuctionEnded(9, 7, 0, 0, 10**9, 6)
    removed = events.OrderRemoved(9, 7, 0, 0, 0, 10**9, 6, False)
    assert receipt(command, accepted, fill, start, ended, removed)[0] == "cancelled"
    # What other orders did in the same record is not this one's.
    other = events.OrderAccepted(10, 8, 0, 0, 1, 1, 0, 10**9, False, 0, "")
    assert receipt(command, accepted, fill, start, other)[1] == 9


def test_a_trigger_and_an_offer_wait() -> None:
    """Neither is in the book; an offer's fills are those of its account as maker."""
    placed = PlaceTrigger(7, 0, 0, 1, 1, 0, 10**9, False, 5, 0, 0, "")
    made = events.TriggerPlaced(4, 7, 0, 0, 1, 1, 0, 10**9, False, 5, 0, 0, "")
    assert receipt(placed, made) == ("waiting", 4, "0", "1")
    offer = OfferAuction(7, 9, 5, 2 * 10**9)
    offered = events.AuctionOffered(11, 9, 7, 0, 5, 2 * 10**9, 5)
    assert receipt(offer, offered) == ("waiting", 11, "0", "2")
    assert receipt(offer, offered, make_fill(8, 7)) == ("filled", 11, "2", "0")
    dropped = events.OfferDropped(11, 9, 7, 0, 10**9, 19)
    half = make_fill(8, 7, size=10**9)
    assert receipt(offer, offered, half, dropped) == ("cancelled", 11, "1", "1")


def test_a_delayed_order_waits() -> None:
    """DELAY-001: as a trigger does; what is executed in the same record is another's."""
    placed = PlaceDelayed(7, 0, 0, 1, 1, 0, 10**9, False, 9, "", -1)
    made = events.DelayedPlaced(4, 7, 0, 0, 1, 1, 0, 10**9, False, 5, 9, "", -1)
    assert receipt(placed, made) == ("waiting", 4, "0", "1")
    other = events.OrderAccepted(3, 7, 0, 0, 1, 1, 0, 10**9, False, 0, "")
    assert receipt(placed, made, other) == ("waiting", 4, "0", "1")


def test_delayed_orders_are_explained() -> None:
    """DELAY-005: when it may go, at which price it went, or what it was refused for."""
    placed = events.DelayedPlaced(4, 7, 0, 0, 1, 1, 0, 10**9, False, 5, 9, "", -1)
    done = events.DelayedExecuted(4, 7, 0, 101 * 10**6, 6)
    over = events.DelayedRefused(4, 7, 0, codes.FOK_NOT_FILLABLE, 10**9, 2 * 10**9)
    told = [
        explain.tell(one, NAMES, frozenset({7}), everything=False) for one in (placed, done, over)
    ]
    texts = [one.text if one is not None else "" for one in told]
    assert "published at 5 or later" in texts[0] and "until 9" in texts[0]
    assert "101, published at 6" in texts[1]
    assert "FOK_NOT_FILLABLE (size fillable 1, size asked 2)" in texts[2]
    assert explain.tell(placed, NAMES, frozenset({8}), everything=False) is None


def test_a_liquidator_does_not_see_the_account() -> None:
    """The receipt of a liquidation shows the keeper's own account only."""
    assert receipts.accounts_of(Liquidate(8, 7)) == frozenset({7})


def test_answer_too_long_to_keep() -> None:
    """A repeat whose events were not kept still says that the command was accepted."""
    command = PlaceOrder(7, 0, 0, 0, 0, 1, 1, 0, False, 0, "")
    found = receipts.receipt_from(command, [], NAMES, seq=5, ts=6, accepted=True, duplicate=True)
    assert (found.accepted, found.status, found.order, found.seq) == (True, "done", None, 5)
