"""Presentation: every number of every event has its unit, every refusal its words."""

from __future__ import annotations

import pytest

from plimsoll.messages import codes, events
from plimsoll.messages.commands import PlaceOrder
from plimsoll.messages.events import Event, Filled, Rejected
from plimsoll.runtime import present, receipts
from plimsoll.runtime.present import Catalogue

NAMES = Catalogue(("BTC-USD",), ("USD", "GEM"), (6, 2), frozenset({1}))
AMOUNTS = ("price", "price0", "raw_price", "amount", "amount0", "signed")


@pytest.mark.parametrize("kind", events.EVENTS)
def test_no_amount_is_left_without_a_unit(kind: type[Event]) -> None:
    """An event that gets a new amount must say here what it is."""
    scaled = present.BASE_FIELDS | present.QUOTE_FIELDS
    special = {"Transferred": {"amount"}, "Rejected": {"value", "limit"}}
    special["OracleRefused"] = special["Rejected"]
    for name, unit in kind.FIELDS:
        if unit in AMOUNTS:
            assert name in scaled or name in special.get(kind.__name__, set())
        else:
            assert name not in scaled


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


def make_fill(taker: int, maker: int) -> Filled:
    """A fill of 2 BTC at 60,000."""
    values: dict[str, int] = {name: 0 for name, _ in Filled.FIELDS}
    values |= {"taker": taker, "maker": maker, "fill": 1, "taker_order": 9, "maker_order": 8}
    values |= {"price": 60_000_000_000, "size": 2_000_000_000, "quote": 120_000_000_000}
    return Filled(**values)


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


def test_answer_too_long_to_keep() -> None:
    """A repeat whose events were not kept still says that the command was accepted."""
    command = PlaceOrder(7, 0, 0, 0, 0, 1, 1, 0, False, 0, "")
    found = receipts.receipt_from(command, [], NAMES, seq=5, ts=6, accepted=True, duplicate=True)
    assert (found.accepted, found.status, found.order, found.seq) == (True, "done", None, 5)
