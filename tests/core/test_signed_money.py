"""What moves with a signed order: margin and relay fee, once, and what a reduction frees."""

from __future__ import annotations

from typing import Any

from plimsoll.core import margin, signed_orders
from plimsoll.messages import codes, commands
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import GlobalParams
from tests.harness.scenario import OPERATOR, market
from tests.harness.signed_page import SignedPage, key_of, stocked

LOT = 10**9


# Money --------------------------------------------------------------------------------------------


def test_margin_and_fee_move_once() -> None:
    """GATE-011, GATE-012: with the first part, from the fund; the later ones are free of both."""
    page = stocked()
    order = page.sign(
        "alice", BUY, "2", "100", fund="alice2", margin="300", relay_fee="2", min_fill="1"
    )
    event = page.settle(order, "1")
    assert page.moved() == [("signed_margin", 300 * 10**6), ("relay_fee", 2 * 10**6)]
    assert (event.margin, event.relay_fee, event.released) == (300 * 10**6, 2 * 10**6, 0)
    assert page.cash("alice2", "rita") == [198 * 10**6, 2 * 10**6]
    event = page.settle(order, "1")
    assert page.moved() == []
    assert (event.margin, event.relay_fee) == (0, 0)
    assert page.cash("alice", "alice2", "rita") == [1_100 * 10**6, 198 * 10**6, 2 * 10**6]


def test_margin_is_there_before_the_trade() -> None:
    """GATE-011: an account without money opens with what its order brings."""
    page = stocked()
    page.allow("alice2")
    page.play("alice2 pay alice 500")
    signer = key_of(page.accounts["alice2"])
    order = page.sign("alice2", BUY, "1", "100", fund="alice", margin="10", signer=signer)
    # A key reaches no account that it was not allowed for.
    assert page.refused(page.settling(order)) == ("UNKNOWN_SIGNER", 1, 0)
    page.allow("alice", signer)
    page.settle(order)
    assert page.cash("alice2") == [-90 * 10**6]
    poor = page.sign("alice2", BUY, "1", "100", fund="alice", margin="9.999999", signer=signer)
    assert page.refused(page.settling(poor)) == ("INSUFFICIENT_MARGIN", 19_999_999, 20_000_000)


def test_what_margin_moves_must_be_able_to_leave() -> None:
    """GATE-011: not more than is withdrawable, nor out of a liquidation or on a stale price."""
    page = stocked().play("alice2 buy 1 @ 100")
    order = page.sign("alice", BUY, "1", "100", fund="alice2", margin="490.000001")
    assert page.refused(page.settling(order)) == ("NOT_WITHDRAWABLE", 490_000_001, 490_000_000)
    assert page.refused(page.settling(page.sign("alice", BUY, "1", "100", margin="1"))) == (
        "SIGNED_FUND", -1, -1,
    )  # fmt: skip
    good = page.sign("alice", BUY, "1", "100", fund="alice2", margin="490")
    page.settle(good)
    assert margin.withdrawable(page.state, page.account("alice2")) == 0


def test_the_fee_goes_to_the_pot_when_no_relayer_is_named() -> None:
    """GATE-012: -1 is the keepers' pot, which the event names."""
    page = stocked()
    order = page.sign("alice", BUY, "1", "100", relay_fee="1")
    event = page.settle(order, relayer=-1)
    assert event.relayer == codes.KEEPER_ACCOUNT
    assert page.cash("keepers", "rita", "alice") == [10**6, 0, 899 * 10**6]


def test_the_fee_leaves_the_requirement_in_place() -> None:
    """GATE-012: taken after the trade, from what may leave then; else the whole is refused."""
    page = SignedPage(cash="100").play("bob deposit 10000\nbob sell 60 @ 100")
    order = page.sign("alice", BUY, "9.9", "100", relay_fee="1.000001")
    assert page.refused(page.settling(order)) == ("NOT_WITHDRAWABLE", 1_000_001, 10**6)
    assert page.known(order) is None
    page.settle(page.sign("alice", BUY, "9.9", "100", relay_fee="1"))
    assert margin.free(page.state, page.account("alice")) == 0


def test_a_lower_limit_of_fees_does_not_stop_what_was_paid() -> None:
    """GATE-012: the limit is one of fees that are due."""
    page = stocked()
    order = page.sign("alice", BUY, "2", "100", relay_fee="10")
    page.settle(order, "1")
    page.do(commands.SetGlobalParams(GlobalParams(relay_fee_max=0)), OPERATOR)
    page.settle(order, "1")
    other = page.sign("alice", BUY, "1", "100", relay_fee="10")
    assert page.refused(page.settling(other)) == ("RELAY_FEE_TOO_LARGE", 10**7, 0)
    assert page.cash("rita") == [10**7]


# What a reduction frees ---------------------------------------------------------------------------


def funded(bid: str = "99.9", cash: str = "100", **more: Any) -> SignedPage:
    """Alice long 4 at 100, with 500 in her other account unless told otherwise; Carol bids."""
    return SignedPage(cash=cash, **more).play(f"""
        bob deposit 100000
        carol deposit 100000
        bob sell 4 @ 100
        alice buy 4 @ 100
        carol buy 9 @ {bid}
    """)


def closing(page: SignedPage, size: str, **more: Any) -> Any:
    """Alice's reduction, with her second account as its fund."""
    return page.sign("alice", SELL, size, "99.9", reduce_only=True, fund="alice2", **more)


def test_a_reduction_keeps_the_margin_ratio() -> None:
    """GATE-013: what half of the position needed at the old ratio goes back to the fund."""
    page = funded()
    event = page.settle(closing(page, "2"))
    # 100 on 400 before; 99.8 on 200 after the trade lost 0.2: 50 stay.
    assert event.released == 49_800_000
    assert page.moved() == [("signed_release", 49_800_000)]
    assert margin.equity(page.state, page.account("alice")) == 50 * 10**6
    assert page.cash("alice2") == [549_800_000]


def test_the_worked_example() -> None:
    """GATE-012, GATE-013: what the chapter says of Ann's two halves."""
    page = funded()
    order = closing(page, "4", relay_fee="1")
    page.settle(order, "2")
    assert page.cash("alice2") == [548_800_000]
    page.settle(order, "2")
    assert page.cash("alice", "alice2", "rita") == [0, 598_600_000, 10**6]


def test_a_position_that_is_closed_frees_everything() -> None:
    """GATE-013: flat, all that may leave goes back; the fee is paid out of it then."""
    page = funded(second="0")
    event = page.settle(closing(page, "4", relay_fee="1"))
    assert page.moved() == [("signed_release", 99_600_000), ("relay_fee", 10**6)]
    assert event.released == 99_600_000
    assert page.cash("alice", "alice2", "rita") == [0, 98_600_000, 10**6]


def test_what_orders_reserve_is_not_freed() -> None:
    """GATE-013: flat, but with an order resting: its margin stays."""
    page = funded().play("alice buy 1 @ 95")
    assert page.settle(closing(page, "4")).released == 99_600_000 - 9_500_000
    page.play("alice has free 0, reserved 9.5")


def test_nothing_is_freed_below_the_initial_ratio() -> None:
    """GATE-013: what the positions were opened at counts, also where the price asks for less."""
    for money, freed in (("174.9", 0), ("180", 10 * 10**6)):
        page = SignedPage(cash=money).play("bob deposit 10000\ncarol deposit 10000")
        page.play("bob sell 4 @ 100\nalice buy 4 @ 100\noracle 60\ncarol buy 2 @ 60")
        order = page.sign("alice", SELL, "2", "60", reduce_only=True, fund="alice2")
        # Left of 174.9: 14.9 on 200, less than 10 %, though 12 would do at the price of 60.
        # Left of 180: 20 on 200; 10 were 5 % of 400, but 8 may leave.
        assert page.settle(order).released == min(freed, 8 * 10**6)


def test_a_worse_ratio_frees_nothing() -> None:
    """GATE-013: the loss of a reduction may be more of the margin than of the position."""
    for bid, freed in (("90.1", 0), ("92.5", 0), ("92.6", 100_000)):
        page = funded(bid, cash="30", imr=50_000, mmr=25_000)
        order = page.sign("alice", SELL, "1", bid, reduce_only=True, fund="alice2")
        # 30 on 400 before, 7.5 %: 22.5 have to stay on 300.
        assert page.settle(order).released == freed


def test_less_than_a_unit_is_skipped() -> None:
    """GATE-013: a reduction that frees nothing settles all the same."""
    page = funded()
    order = closing(page, "1")
    account = page.account("alice")
    for equity, cost, spare, freed in (
        (10**8, 4 * 10**8, 10**9, 0), (10**8 - 1, 4 * 10**8, 10**9, 1),
        (10**8 - 1, 4 * 10**8, 0, 0), (10**8, 4 * 10**8 + 1, 10**9, 1),
        (99, 400, 10**9, 10**6), (99, 400, 7, 7),
        (10**8, 0, 10**9, 0), (-5, 4 * 10**8, 10**9, 10**8),
    ):  # fmt: skip
        found = signed_orders.freed(page.state, account, equity, cost, spare)
        assert found == freed, (equity, cost)
    assert page.settle(order).released > 0


def test_a_release_never_takes_a_requirement() -> None:
    """GATE-013: after it, the account has its initial margin, or gave nothing back."""
    for size in ("0.001", "0.5", "1.234", "3.999", "4"):
        for money in ("1", "5", "41.999"):
            page = funded("94").play(f"oracle 95\nalice withdraw {money}")
            order = page.sign("alice", SELL, size, "94", reduce_only=True, fund="alice2")
            if page.settle(order).released:
                assert margin.free(page.state, page.account("alice")) >= 0


def test_nothing_is_freed_while_another_price_is_stale() -> None:
    """GATE-013: the release is skipped where money may not leave, and the reduction passes."""
    page = SignedPage(market(), market("2000", symbol="ETH-USD"))
    page.oracle("100")
    page.oracle("2000", 1)
    page.play("""
        bob sell 4 @ 100
        alice buy 4 @ 100
        carol buy 4 @ 100
        bob sell 0.1 @ 2000 eth
        alice buy 0.1 @ 2000 eth
        clock +30s
        oracle 100
    """)
    order = page.sign("alice", SELL, "4", "100", reduce_only=True, fund="alice2")
    page.now += page.state.markets[1].params.oracle_max_age_ms
    page.oracle("100")
    assert page.settle(order).released == 0
    page.oracle("2000", 1)
    page.play("carol buy 0.1 @ 2000 eth")
    other = page.sign("alice", SELL, "0.1", "2000", market=1, reduce_only=True, fund="alice2")
    assert page.settle(other).released == 1_000 * 10**6


def test_the_ratio_is_of_the_whole_account() -> None:
    """GATE-013: with a second position, its cost counts before and after."""
    page = SignedPage(market(), market("2000", symbol="ETH-USD"))
    page.oracle("100")
    page.oracle("2000", 1)
    page.play("""
        bob sell 4 @ 100
        alice buy 4 @ 100
        carol buy 4 @ 100
        bob sell 0.3 @ 2000 eth
        alice buy 0.3 @ 2000 eth
    """)
    order = page.sign("alice", SELL, "2", "100", reduce_only=True, fund="alice2")
    # 1000 on 400 + 600 before, on 200 + 600 after: 800 stay.
    assert page.settle(order).released == 200 * 10**6
    assert signed_orders.opened(page.account("alice")) == 800 * 10**6
    assert signed_orders.initial(page.state, page.account("alice")) == 80 * 10**6


def test_a_reduction_without_fund_frees_nothing() -> None:
    """GATE-013: there is nowhere for it to go."""
    page = funded()
    order = page.sign("alice", SELL, "4", "99.9", reduce_only=True)
    assert page.settle(order).released == 0
    assert page.moved() == []
