"""Signed orders that a relayer fills where the exchange has liquidity: keys, parts, money, life."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import signed_orders
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import GlobalParams
from tests.harness.scenario import OPERATOR, scaled
from tests.harness.signed_page import HOUR, SignedPage, key_of, stocked

LOT = 10**9


# Keys ---------------------------------------------------------------------------------------------


def test_a_key_is_allowed_and_forbidden() -> None:
    """GATE-001: reported each time; saying it again changes nothing."""
    page = SignedPage()
    alice = page.accounts["alice"]
    before = page.hash()
    page.allow("alice")
    assert page.hash() == before
    page.allow("alice", key_of(7), allowed=False)
    assert page.hash() == before
    assert [event.row() for event in page.found] == [[81, alice, key_of(7), False]]
    page.allow("alice", key_of(1))
    assert page.state.gateway.signers_of(alice) == [key_of(1), key_of(alice)]
    page.allow("alice", key_of(alice), allowed=False)
    page.allow("alice", key_of(1), allowed=False)
    assert alice not in page.state.gateway.signers


def test_at_most_sixteen_keys() -> None:
    """GATE-001: the seventeenth is refused, until another one goes."""
    page = SignedPage()
    for number in range(100, 115):
        page.allow("alice", key_of(number))
    command = commands.SetSigner(page.accounts["alice"], key_of(200), True)
    assert page.refused(command, page.owner("alice")) == ("SIGNERS_FULL", 16, 16)
    page.allow("alice", key_of(100))
    page.allow("alice", key_of(100), allowed=False)
    page.do(command, page.owner("alice"))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", (0, 0)),
        ("a" * 64, (0, 0)),
        ("rsa:" + "a" * 64, (0, 0)),
        ("ed25519:" + "a" * 63, (71, 72)),
        ("ed25519:" + "a" * 65, (73, 72)),
        ("ed25519:" + "a" * 63 + "A", (71, 72)),
        ("ed25519:" + "g" + "a" * 63, (8, 72)),
        ("evm:" + "a" * 40, (0, 0)),
        ("evm:0x" + "a" * 39, (45, 46)),
        ("evm:0x" + "a" * 39 + "F", (45, 46)),
        ("Ed25519:" + "a" * 64, (0, 0)),
    ],
)
def test_a_key_has_one_form(text: str, numbers: tuple[int, int]) -> None:
    """GATE-001: scheme, digits in lower case, nothing else: texts compare as keys do."""
    page = SignedPage()
    command = commands.SetSigner(page.accounts["alice"], text, True)
    assert page.refused(command, page.owner("alice")) == ("BAD_FIELD", *numbers)


def test_both_schemes_are_known() -> None:
    """GATE-001: the forms are those of the schemes of the vocabulary."""
    page = SignedPage()
    page.allow("alice", "evm:0x" + "0123456789abcdef" * 2 + "01234567")
    forms = [prefix for prefix, _ in signed_orders.KEY_FORMS]
    for scheme, form in zip(codes.SIGNER_SCHEMES, forms, strict=True):
        assert form.startswith(scheme)


def test_only_the_owner_of_a_trading_account_lets_keys_sign() -> None:
    """GATE-001: as for any command on an account."""
    page = SignedPage()
    other = commands.SetSigner(page.accounts["alice"], key_of(1), True)
    assert page.refused(other, page.owner("bob"))[0] == "NOT_OWNER"
    house = commands.SetSigner(codes.TREASURY_ACCOUNT, key_of(1), True)
    page.do(commands.CreatePrincipal("both", codes.ROLE_OPERATOR | codes.ROLE_TRADER), OPERATOR)
    assert page.refused(house, len(page.state.principals) - 1)[0] == "NOT_OWNER"


def test_revoking_a_key_ends_all_its_orders() -> None:
    """GATE-002: those never seen, and the rest of those partly filled; other keys go on."""
    page = stocked()
    page.allow("alice", key_of(50))
    seen = page.sign("alice", BUY, "2", "100")
    fresh = page.sign("alice", BUY, "1", "100")
    other = page.sign("alice", BUY, "1", "100", signer=key_of(50))
    page.settle(seen, "1")
    page.allow("alice", allowed=False)
    for order in (seen, fresh):
        assert page.refused(page.settling(order, "1")) == ("UNKNOWN_SIGNER", 1, 0)
    page.settle(other)
    page.allow("alice", key_of(50), allowed=False)
    assert page.refused(page.settling(fresh)) == ("UNKNOWN_SIGNER", 0, 0)
    page.allow("alice")
    page.settle(seen, "1")


# Verification -------------------------------------------------------------------------------------


def test_the_first_fault_is_told() -> None:
    """GATE-007, GATE-009: repaired one by one, in the order of the chapter."""
    page = stocked().play("alice buy 1 @ 100 ioc")
    page.now += HOUR
    alice, bob2, limits = page.accounts["alice"], page.accounts["bob2"], GlobalParams()
    most, latest = limits.relay_fee_max, page.now + limits.signed_validity_max_ms
    big = 10**15
    order = page.sign(
        "alice", SELL, "3.000000001", "1", account=999, market=9, fok=True, min_fill=2 * LOT,
        reduce_only=True, expires_ms=page.now - 1, relay_fee=most + 1, fund=999, margin=big,
        maker=999, signer=key_of(9),
    )  # fmt: skip
    sent: dict[str, int] = {"size": 4 * LOT, "relayer": 999}
    for changes, refusal in (
        ({}, ("UNKNOWN_ACCOUNT", 999, len(page.state.accounts))),
        ({"relayer": alice}, ("NOT_OWNER", alice, page.owner("alice"))),
        ({"relayer": page.accounts["rita"]}, ("UNKNOWN_ACCOUNT", 999, len(page.state.accounts))),
        ({"account": codes.TREASURY_ACCOUNT}, ("ACCOUNT_KIND", codes.TREASURY, codes.TRADER)),
        ({"account": alice}, ("ALREADY_EXPIRED", page.now - 1, page.now)),
        ({"expires_ms": latest + 1}, ("SIGNED_VALIDITY", latest + 1, latest)),
        ({"expires_ms": latest}, ("UNKNOWN_SIGNER", 1, 0)),
        ({"signer": key_of(alice)}, ("SIGNED_FOK", 4 * LOT, 3 * LOT + 1)),
        ({"fok": False}, ("SIGNED_OVERFILL", 4 * LOT, 3 * LOT + 1)),
        ({"size": LOT}, ("SIGNED_MIN_FILL", LOT, 2 * LOT)),
        ({"size": 2 * LOT}, ("RELAY_FEE_TOO_LARGE", most + 1, most)),
        ({"relay_fee": most}, ("SIGNED_FUND", 999, -1)),
        ({"fund": alice}, ("SIGNED_FUND", alice, page.owner("alice"))),
        ({"fund": bob2}, ("SIGNED_FUND", bob2, page.owner("bob"))),
        ({"fund": codes.TREASURY_ACCOUNT}, ("SIGNED_FUND", codes.TREASURY_ACCOUNT, 0)),
        ({"fund": -1}, ("SIGNED_FUND", -1, -1)),
        ({"margin": 0}, ("UNKNOWN_MARKET", 9, 1)),
        ({"market": 0}, ("REDUCE_ONLY_NOTHING", LOT, 2 * LOT)),
        ({"size": LOT, "fund": page.accounts["alice2"], "margin": big, "min_fill": 0},
         ("NOT_WITHDRAWABLE", big, 500 * 10**6)),
        ({"fund": -1, "margin": 0}, ("UNKNOWN_VAULT", 999, 0)),
        ({"maker": -1}, ("PRICE_NOT_ON_TICK", 10**6 + 1, 100_000)),
        ({"reduce_only": False, "side": BUY, "price": 10**8}, ("ORACLE_INVALID", HOUR, 30_000)),
    ):  # fmt: skip
        given: dict[str, Any] = dict(changes)
        sent.update({name: given.pop(name) for name in ("size", "relayer") if name in given})
        order = page.changed(order, **{"price": 10**6 + 1, **given})
        command = commands.SettleSigned(order, sent["size"], sent["relayer"])
        assert page.refused(command) == refusal
    page.oracle("100")
    page.settle(order, "1")


def test_a_hash_stands_for_one_order() -> None:
    """GATE-007: what is known under it must be of this account, size and expiry."""
    page = stocked()
    order = page.sign("alice", BUY, "2", "100")
    page.settle(order, "1")
    for field, value in (("size", 3 * LOT), ("expires_ms", order.expires_ms + 1)):
        other = page.changed(order, **{field: value})
        other.order_hash = order.order_hash
        assert page.refused(page.settling(other, "1"))[0] == "SIGNED_TERMS"
    carol = page.accounts["carol"]
    other = page.changed(order, account=carol, signer=key_of(carol))
    other.order_hash = order.order_hash
    assert page.refused(page.settling(other, "1")) == ("SIGNED_TERMS", carol, order.account)
    assert page.refused(commands.CancelSigned(other), page.owner("carol"))[0] == "SIGNED_TERMS"


def test_only_a_relayer_settles() -> None:
    """GATE-009: neither the owner nor a keeper, nor the operator."""
    page = stocked()
    order = page.sign("alice", BUY, "1", "100")
    for sender in (page.owner("alice"), OPERATOR, 2):
        assert page.refused(page.settling(order), sender)[0] == "NOT_ALLOWED"


# Parts --------------------------------------------------------------------------------------------


def test_parts_add_up_to_the_whole() -> None:
    """GATE-008, GATE-014: each part is exact, the last one ends the order."""
    page = stocked()
    order = page.sign("alice", BUY, "2", "100")
    assert page.known(order) is None
    first = page.settle(order, "0.5")
    assert (first.size, first.filled, first.market, first.relayer) == (
        LOT // 2, LOT // 2, 0, page.accounts["rita"],
    )  # fmt: skip
    assert page.refused(page.settling(order, "1.6"))[:3] == (
        "SIGNED_OVERFILL", 16 * LOT // 10, 15 * LOT // 10,
    )  # fmt: skip
    assert page.settle(order, "1.5").filled == 2 * LOT
    assert page.refused(page.settling(order, "1")) == ("SIGNED_DONE", 2 * LOT, 2 * LOT)
    assert page.position("alice").base == 2 * LOT


def test_fill_or_kill_is_one_part() -> None:
    """GATE-008: all of it, once."""
    page = stocked()
    order = page.sign("alice", BUY, "2", "100", fok=True)
    assert page.refused(page.settling(order, "1")) == ("SIGNED_FOK", LOT, 2 * LOT)
    page.settle(order)
    assert page.refused(page.settling(order)) == ("SIGNED_DONE", 2 * LOT, 2 * LOT)


def test_no_part_is_smaller_than_allowed_but_the_last() -> None:
    """GATE-008: what is left when less than ``min_fill`` is left is filled as a whole."""
    page = stocked()
    order = page.sign("alice", BUY, "2.5", "100", min_fill="1")
    assert page.refused(page.settling(order, "0.9")) == ("SIGNED_MIN_FILL", 9 * LOT // 10, LOT)
    page.settle(order, "1")
    page.settle(order, "1")
    half = LOT // 2
    assert page.refused(page.settling(order, "0.4")) == ("SIGNED_MIN_FILL", 4 * LOT // 10, half)
    page.settle(order, "0.5")
    whole = page.sign("alice", BUY, "1", "100", min_fill="9")
    assert page.refused(page.settling(whole, "0.9"))[0] == "SIGNED_MIN_FILL"
    page.settle(whole)


def test_a_part_is_filled_exactly_or_not_at_all() -> None:
    """GATE-009: what the exchange cannot fill as a whole is refused, and costs nothing."""
    page = stocked("1")
    order = page.sign("alice", BUY, "2", "100", relay_fee="1")
    assert page.refused(page.settling(order)) == ("FOK_NOT_FILLABLE", LOT, 2 * LOT)
    assert page.known(order) is None
    page.settle(order, "1")
    assert page.cash("alice", "rita") == [scaled("899", 6), 10**6]


def test_the_limit_is_kept_and_the_better_price_is_the_owners() -> None:
    """GATE-009: filled at the makers' prices, none worse than the limit."""
    page = SignedPage().play("bob sell 1 @ 99\nbob sell 1 @ 100\nbob sell 1 @ 101")
    order = page.sign("alice", BUY, "3", "100")
    assert page.refused(page.settling(order))[0] == "FOK_NOT_FILLABLE"
    page.settle(order, "2")
    assert page.fills() == ["1 @ 99 bob", "1 @ 100 bob"]
    assert page.cash("alice") == [scaled("801", 6)]


def test_nothing_of_it_rests() -> None:
    """GATE-009: neither in the book nor in an auction, and no client id is taken."""
    page = stocked(vamm_enabled=1, auction=1, auction_min_notional=1_000_000)
    order = page.sign("alice", BUY, "1", "100", client_order_id="mine")
    page.play("alice buy 1 @ 90 as=mine")
    event = page.settle(order)
    assert event.client_order_id == "mine"
    assert len(page.account("alice").orders) == 1
    assert not page.state.board.auctions


def test_it_is_filled_by_the_vamm_where_there_is_one() -> None:
    """GATE-009: any liquidity of the exchange will do, within the limit."""
    page = SignedPage(vamm_enabled=1)
    order = page.sign("alice", BUY, "1", "105")
    page.settle(order)
    (fill,) = [event for event in page.found if isinstance(event, events.Filled)]
    assert (fill.source, fill.size) == (codes.FROM_VAMM, LOT)
    cheap = page.sign("alice", BUY, "1", "100")
    assert page.refused(page.settling(cheap))[0] == "FOK_NOT_FILLABLE"


def test_an_order_directed_at_nothing_is_refused() -> None:
    """GATE-009: the vault that is named must be there; the taker signed for it."""
    page = stocked()
    order = page.sign("alice", BUY, "1", "100", maker=page.accounts["bob"])
    assert page.refused(page.settling(order))[0] == "UNKNOWN_VAULT"


def test_it_is_placed_by_all_rules_of_orders() -> None:
    """GATE-009: step, tick, notional, band, mode, margin; the signature buys no exception."""
    page = stocked("60", "100")
    told = []
    for size, price, part in (
        ("1.0005", "100", ""), ("1", "100.05", ""), ("1", "100", "0.001"), ("1", "120", ""),
        ("61", "100", ""),
    ):  # fmt: skip
        order = page.sign("alice", BUY, size, price)
        told.append(page.refused(page.settling(order, part))[0])
    page.play("mode reduce_only")
    told.append(page.refused(page.settling(page.sign("alice", BUY, "1", "100")))[0])
    page.play("mode active\nclock +1h")
    told.append(page.refused(page.settling(page.sign("alice", BUY, "1", "100")))[0])
    assert told == [
        "SIZE_NOT_ON_STEP", "PRICE_NOT_ON_TICK", "NOTIONAL_TOO_SMALL", "PRICE_BAND",
        "FOK_NOT_FILLABLE", "MARKET_MODE", "ORACLE_INVALID",
    ]  # fmt: skip


def test_margin_is_judged_on_the_outcome() -> None:
    """GATE-009: what would open too much is refused as any order is."""
    page = SignedPage(cash="100").play("bob deposit 100000\nbob sell 60 @ 100")
    order = page.sign("alice", BUY, "11", "100")
    assert page.refused(page.settling(order)) == ("INSUFFICIENT_MARGIN", 10**8, 11 * 10**7)
    page.settle(order, "10")


# Reduce-only --------------------------------------------------------------------------------------


def test_halves_of_a_reduce_only_order_both_pass() -> None:
    """GATE-008, GATE-009: the part is compared with the position, not the whole order."""
    page = stocked().play("alice buy 1 @ 100\ncarol buy 2 @ 99")
    order = page.sign("alice", SELL, "1", "99", reduce_only=True)
    page.settle(order, "0.5")
    assert page.refused(page.settling(page.sign("alice", SELL, "1", "99", reduce_only=True))) == (
        "REDUCE_ONLY_NOTHING", LOT // 2, LOT,
    )  # fmt: skip
    page.settle(order, "0.5")
    assert page.position("alice").base == 0
    more = page.sign("alice", SELL, "1", "99", reduce_only=True)
    assert page.refused(page.settling(more)) == ("REDUCE_ONLY_NOTHING", 0, LOT)


def test_a_reduction_passes_without_fresh_price_and_margin() -> None:
    """GATE-009: as for any order that only closes."""
    page = stocked().play("alice buy 5 @ 100\ncarol buy 5 @ 99")
    page.play("clock +1h\nmode reduce_only")
    order = page.sign("alice", SELL, "5", "99", reduce_only=True)
    page.settle(order)
    assert page.position("alice").base == 0
