"""Tables and their canonical dump."""

from __future__ import annotations

import pytest

from plimsoll.core.engine import genesis
from plimsoll.core.load import load
from plimsoll.messages import codec, codes, commands
from plimsoll.messages.codes import Reject
from tests.core.test_ladder import shape
from tests.harness.scenario import Scenario, market

LOT = 10**9


def page() -> Scenario:
    """A state with something of everything."""
    made = Scenario(market(vamm_enabled=1), market(symbol="Y-USD"))
    made.oracle("100", 0)
    made.oracle("100", 1)
    return made.play("""
        alice  sell 2 @ 101 as=a
        bob    sell 2 @ 101
        clock  +1ms
        carol  buy  1 @ 101 ioc
        alice  buy  3 @ 99 until=+500ms
        bob    buy  1 @ 99.5
        bob    buy  1 @ 90 eth
        carol  sell 1 @ 105 reduce
        alice  amend a 1.5 @ 101
        carol  buy  1 market<=105
    """)


@pytest.mark.parametrize(
    ("ask", "code"),
    [("account", codes.UNKNOWN_ACCOUNT), ("market", codes.UNKNOWN_MARKET),
     ("check_asset", codes.UNKNOWN_ASSET)],
)  # fmt: skip
@pytest.mark.parametrize("ident", [-1, 99])
def test_look_ups_refuse_what_is_not_there(ask: str, code: int, ident: int) -> None:
    """AUTH-002, ORDER-002: a negative id does not count from the end."""
    with pytest.raises(Reject) as caught:
        getattr(genesis(), ask)(ident)
    assert (caught.value.code, caught.value.value) == (code, ident)


def test_dump_and_load_is_the_identity() -> None:
    """NODE-006: derived rows, queues and timers included."""
    before = page().state
    after = load(codec.decode_state(codec.encode_state(before.dump())))
    assert after.dump() == before.dump()
    for one, two in zip(before.books, after.books, strict=True):
        assert shape(one.bids) == shape(two.bids)
        assert shape(one.asks) == shape(two.asks)
    for old, new in zip(before.accounts, after.accounts, strict=True):
        assert [order.ident for order in old.orders] == [order.ident for order in new.orders]
        assert sorted(old.client_orders) == sorted(new.client_orders)
    assert list(before.expiries.keys) == list(after.expiries.keys)
    assert [(r.low, r.high) for r in before.oracles] == [(r.low, r.high) for r in after.oracles]
    assert [(r.bid, r.ask) for r in before.vamms] == [(r.bid, r.ask) for r in after.vamms]
    sums = [
        [
            [(p.market, p.bid_size, p.bid_notional, p.ask_size, p.ask_notional, p.ro_bid, p.ro_ask)
             for p in account.positions if p.base or p.bid_size or p.ask_size or p.ro_ask]
            for account in state.accounts
        ]
        for state in (before, after)
    ]  # fmt: skip
    assert sums[0] == sums[1]
    assert [row.accounts for row in before.principals] == [row.accounts for row in after.principals]


def test_equal_states_have_equal_dumps_whatever_their_history() -> None:
    """NODE-006: it does not show who was touched first, nor what became of orders that are gone."""
    one, two = Scenario(), Scenario()
    one.play("""
        alice  buy 1 @ 90 as=x
        alice  cancel x
        bob    buy 1 @ 92 as=y
        bob    cancel y
        bob    buy 1 @ 91
    """)
    two.play("""
        bob    buy 1 @ 91 as=x
        bob    cancel x
        alice  buy 1 @ 93 as=y
        alice  cancel y
        bob    buy 1 @ 91
    """)
    assert one.state.dump() == two.state.dump()
    two.play("alice withdraw 1")
    assert one.hash() != two.hash()


def test_positions_stand_in_order_of_markets() -> None:
    """A walk over an account's markets does not depend on which was traded first."""
    made = Scenario(market(), market(symbol="Y-USD"))
    made.oracle("100", 0)
    made.oracle("100", 1)
    made.play("""
        alice  buy 1 @ 90 eth
        alice  buy 1 @ 90
    """)
    assert [row.market for row in made.account("alice").positions] == [0, 1]


def test_the_dump_holds_integers_and_texts_only() -> None:
    """What is hashed has one form."""

    def check(value: object) -> None:
        if isinstance(value, list):
            for item in value:
                check(item)
        else:
            assert isinstance(value, int | str), repr(value)

    check(page().state.dump())


def test_encoded_states_of_another_version_are_refused() -> None:
    """MSG-001: an old program does not guess at new bytes."""
    with pytest.raises(ValueError, match="state format 99"):
        codec.decode_state(codec._encoder.encode([99, []]))
    for data in (b"", b"\xc1", codec._encoder.encode(5)):
        with pytest.raises(ValueError, match="not an encoded state"):
            codec.decode_state(data)


def test_genesis_is_always_the_same() -> None:
    """The first hash of every journal."""
    one, two = genesis(), genesis()
    assert one.dump() == two.dump()
    assert genesis("other").dump() != one.dump()
    assert one.principals[0].roles == codes.ROLE_OPERATOR
    assert commands.COMMANDS[0].TAG == 1
