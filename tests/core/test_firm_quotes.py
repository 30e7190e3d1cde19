"""Firm quotes of desks: what escrow holds, how they fill and end, and which venue a hedge takes."""

from __future__ import annotations

import pytest

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL, VENUE_FIRM, VENUE_POOL, Reject
from tests.harness.scenario import KEEPER, OPERATOR
from tests.harness.spot_scene import BTC, DOLLAR, ETH, NO_POOLS, SAT, UNIT, USD, SpotScene


def ended(page: SpotScene) -> list[tuple[int, int, int, str]]:
    """Firm quotes that ended in the last command: what was left, given back, and why."""
    return [
        (one.firm_quote, one.left, one.released, codes.DONE_REASONS[one.reason])
        for one in page.found
        if isinstance(one, events.FirmQuoteEnded)
    ]


def filled(page: SpotScene) -> list[tuple[int, int, int, int]]:
    """Fills of firm quotes in the last command: base, collateral, what is left."""
    return [
        (one.firm_quote, one.asset_amount, one.quote, one.left)
        for one in page.found
        if isinstance(one, events.FirmQuoteFilled)
    ]


def test_a_quote_holds_what_it_needs() -> None:
    """SPOT-017: the asset to sell it, the collateral to buy it, rounded down; one account for
    all, made with the first."""
    page = SpotScene()
    desk = page.accounts["desk"]
    first = page.quote(SELL, 2_010, 3 * UNIT)
    opened, posted = page.rows()
    holder = page.state.liquidity.escrow
    assert holder is not None
    assert opened[1:5] == [holder.ident, 0, codes.FIRM_ESCROW, -1]
    until = page.now + 60_000
    assert posted == [
        76, first, desk, ETH, ETH, SELL, 2_010 * DOLLAR, 3 * UNIT, 3 * UNIT, until,
    ]  # fmt: skip
    second = page.quote(BUY, 40_000, SAT + 1, asset=BTC)
    assert page.rows() == [
        [76, second, desk, BTC, USD, BUY, 40_000 * DOLLAR, SAT + 1, 40_000_000_400, until]
    ]
    (moved,) = [one for one in page.found if isinstance(one, events.Transferred)]
    assert (moved.debit, moved.credit, moved.amount) == (desk, holder.ident, 40_000_000_400)
    assert codes.REASONS[moved.reason] == "firm_escrow"
    assert page.escrow() == [40_000_000_400, 3 * UNIT, 0]
    assert page.state.liquidity.escrow is holder
    assert second > first


def test_faults_of_a_quote_in_their_order() -> None:
    """SPOT-017: with every later fault there too, the first one is told."""
    page = SpotScene()
    page.do(commands.CreateAsset("ODD", 13), OPERATOR)
    alice, bob = page.accounts["alice"], page.accounts["bob"]
    for _ in range(64):
        page.quote(SELL, 9_000, 1, name="alice")
    page.play("""
        bob   sell 1 @ 2000
        alice buy  1 @ 2000
        clock +31s
    """)
    sender = page.owner("alice")
    free_one = commands.CancelFirmQuote(alice, min(page.state.liquidity.quotes))
    told = page.told(
        commands.PostFirmQuote,
        [
            (sender, {"account": 99}),
            (sender, {"account": bob}),
            (sender, {"account": alice}),
            (sender, {"asset": USD}),
            (sender, {"asset": 3}),
            (sender, {"asset": ETH}),
            (sender, {"expires_ms": page.now + 1}),
            lambda: page.do(free_one, sender),
            (sender, {}),
            (sender, {"price": 5_000 * DOLLAR, "amount": 100 * UNIT}),
            lambda: page.oracle("2000"),
            (sender, {}),
            (sender, {"side": SELL}),
            (sender, {"price": 2**46 - 1, "amount": 2**62 - 1}),
        ],
        account=0, asset=9, side=BUY, price=1, amount=1, expires_ms=page.now,
    )  # fmt: skip
    assert told == [
        ("UNKNOWN_ACCOUNT", 99, 19),
        ("NOT_OWNER", bob, page.account("bob").owner),
        ("UNKNOWN_ASSET", 9, 4),
        ("SPOT_PATH", USD, USD),
        ("BASE_ASSET", 13, 12),
        ("ALREADY_EXPIRED", page.now, page.now),
        ("FIRM_QUOTES_FULL", 64, 64),
        ("SPOT_AMOUNT_ZERO", 1, 0),
        ("ORACLE_INVALID", 31_000, 30_000),
        ("NOT_WITHDRAWABLE", 500_000 * DOLLAR, 499_800 * DOLLAR),
        ("INSUFFICIENT_BALANCE", 100 * UNIT, 100 * UNIT - 63),
        ("AMOUNT_RANGE", 0, 2**62 - 1),
    ]


def test_only_so_many_stand_in_all() -> None:
    """SPOT-017, ADR 18: a hedge looks at every quote, so that desks together have a bound too."""
    page = SpotScene()
    for at in range(17):
        account = page.trader(f"desk{at}", "1000")
        for _ in range(64):
            command = commands.PostFirmQuote(account, ETH, BUY, DOLLAR, UNIT, page.now + 10**6)
            page.seq += 1
            accepted = page.engine.apply(command, page.seq, page.now, page.owner(f"desk{at}"))
            assert accepted == (at < 16)
    (last,) = page.engine.drain()[-1:]
    assert last.row()[:4] == [1, codes.FIRM_QUOTES_FULL, 1_024, 1_024]


def test_a_quote_is_taken_back() -> None:
    """SPOT-019: by its owner or an operator, also after its time; nobody else's, not twice."""
    page = SpotScene()
    one, two = page.quote(SELL, 2_010, UNIT), page.quote(BUY, 1_990, UNIT)
    desk, alice = page.accounts["desk"], page.accounts["alice"]
    told = page.told(
        commands.CancelFirmQuote,
        [
            (page.owner("alice"), {"account": 99}),
            (page.owner("alice"), {"account": desk}),
            (page.owner("alice"), {"account": alice}),
            (page.owner("desk"), {"account": desk, "quote": 77}),
        ],
        account=0, quote=one,
    )  # fmt: skip
    assert told == [
        ("UNKNOWN_ACCOUNT", 99, 19),
        ("NOT_OWNER", desk, page.owner("desk")),
        ("UNKNOWN_FIRM_QUOTE", one, 0),
        ("UNKNOWN_FIRM_QUOTE", 77, 0),
    ]
    page.do(commands.CancelFirmQuote(desk, one), page.owner("desk"))
    assert ended(page) == [(one, UNIT, UNIT, "cancelled")]
    page.now += 60_001
    page.do(commands.CancelFirmQuote(desk, two), OPERATOR)
    assert ended(page) == [(two, UNIT, 1_990 * DOLLAR, "cancelled")]
    (moved,) = [row for row in page.found if isinstance(row, events.Transferred)]
    assert codes.REASONS[moved.reason] == "firm_release"
    assert page.has("desk") == [500_000 * DOLLAR, 100 * UNIT, 5 * SAT]
    again = commands.CancelFirmQuote(desk, two)
    assert page.refuse(again, OPERATOR)[0] == codes.UNKNOWN_FIRM_QUOTE


def due(page: SpotScene) -> bool:
    """Whether a tick would find work now."""
    return page.engine.is_due(commands.Tick(1), page.now)


def test_quotes_end_with_their_time() -> None:
    """SPOT-020, HOUSE-001, HOUSE-002: live to the last millisecond, never filled after it, taken
    down by a tick, the soonest first, within its limit."""
    page = SpotScene(**NO_POOLS)
    late = page.quote(SELL, 2_000, UNIT, lasts=20)
    soon = page.quote(SELL, 2_001, 5 * UNIT, lasts=10)
    page.now += 20
    with pytest.raises(Reject):
        page.plan(BUY, 2 * UNIT)  # the quote that has enough is over, though it still stands
    assert page.plan(BUY, UNIT).quote == 2_000 * DOLLAR
    assert due(page)
    page.now += 1
    with pytest.raises(Reject):
        page.plan(BUY, UNIT)
    page.do(commands.Tick(1), KEEPER)
    assert ended(page) == [(soon, 5 * UNIT, 5 * UNIT, "expired")]
    assert due(page)
    page.do(commands.Tick(9), KEEPER)
    assert ended(page) == [(late, UNIT, UNIT, "expired")]
    assert not due(page)
    assert page.escrow() == [0, 0, 0]
    assert page.has("desk", ETH) == [100 * UNIT]


def test_a_hedge_fills_several_quotes() -> None:
    """SPOT-008, SPOT-018: best price first, then the oldest; one that is used up ends."""
    page = SpotScene(**NO_POOLS)
    dear = page.quote(SELL, 2_003, UNIT)
    old = page.quote(SELL, 2_001, UNIT)
    new = page.quote(SELL, 2_001, UNIT, name="alice")
    planned = page.hedge(BUY, 2 * UNIT + UNIT // 4)
    assert (planned.venue, planned.quote) == (VENUE_FIRM, 4_002 * DOLLAR + 500_750_000)
    assert filled(page) == [
        (old, UNIT, 2_001 * DOLLAR, 0),
        (new, UNIT, 2_001 * DOLLAR, 0),
        (dear, UNIT // 4, 500_750_000, UNIT * 3 // 4),
    ]
    assert ended(page) == [(old, 0, 0, "filled"), (new, 0, 0, "filled")]
    first = page.found[0]
    assert isinstance(first, events.Transferred)
    assert (codes.REASONS[first.reason], first.market) == ("firm_fill", 0)
    assert page.has(page.vault.account)[:2] == [
        195_497_250_000, 502 * UNIT + UNIT // 4,
    ]  # fmt: skip
    assert page.has("alice", USD, ETH) == [502_001 * DOLLAR, 99 * UNIT]
    assert page.has("desk", USD, ETH) == [502_501_750_000, 98 * UNIT]
    assert page.escrow() == [0, UNIT * 3 // 4, 0]


def test_a_desk_buys_with_what_escrow_holds() -> None:
    """SPOT-018: each part is paid rounded down; what that leaves over goes back to the desk."""
    page = SpotScene(**NO_POOLS)
    ident = page.quote(BUY, 1_999, UNIT)
    page.hedge(SELL, 333_333_333)
    assert filled(page) == [(ident, 333_333_333, 666_333_332, 666_666_667)]
    page.hedge(SELL, 333_333_334)
    assert filled(page) == [(ident, 333_333_334, 666_333_334, 333_333_333)]
    page.hedge(SELL, 333_333_333)
    assert filled(page) == [(ident, 333_333_333, 666_333_332, 0)]
    assert ended(page) == [(ident, 0, 2, "filled")]
    assert page.has("desk", USD, ETH) == [500_000 * DOLLAR - 1_998_999_998, 101 * UNIT]


def test_a_rest_that_brings_nothing_ends_its_quote() -> None:
    """SPOT-018: nobody sells for nothing, so a desk gets its cent back."""
    page = SpotScene(**NO_POOLS)
    ident = page.quote(BUY, 1, 2_500)
    assert page.escrow() == [2, 0, 0]
    page.hedge(SELL, 2_000)
    assert ended(page) == [(ident, 500, 0, "filled")]
    assert page.escrow() == [0, 0, 0]
    with pytest.raises(Reject):
        page.plan(SELL, 500)


@pytest.mark.parametrize(
    ("side", "desk", "venue", "quote"),
    [
        (BUY, 2_008, VENUE_FIRM, 2_008 * DOLLAR),
        (BUY, 2_009, VENUE_POOL, 2_008_026_082),
        (SELL, 1_993, VENUE_FIRM, 1_993 * DOLLAR),
        (SELL, 1_992, VENUE_POOL, 1_992_013_962),
    ],
)
def test_the_better_venue_hedges(side: int, desk: int, venue: int, quote: int) -> None:
    """SPOT-014: by what all of it costs or brings; firm quotes only where the vault wants them."""
    other = SELL if side == BUY else BUY
    page = SpotScene()
    page.quote(other, desk, UNIT)
    planned = page.plan(side, UNIT)
    assert (planned.venue, planned.quote) == (venue, quote)
    assert page.plan(side, 2 * UNIT).venue == VENUE_POOL  # the desk has one
    alone = SpotScene(firm_quotes=0)
    alone.quote(other, desk, UNIT)
    assert alone.plan(side, UNIT).venue == VENUE_POOL


def test_pools_win_ties() -> None:
    """SPOT-014: at the same price the vault need not wait for a desk."""
    for side, price in ((BUY, 2_008_026_082), (SELL, 1_992_013_962)):
        for off in (-1, 0, 1):
            page = SpotScene()
            other = SELL if side == BUY else BUY
            desk = commands.PostFirmQuote(
                page.accounts["desk"], ETH, other, price + off, UNIT, page.now + 1
            )
            page.do(desk, page.owner("desk"))
            better = off < 0 if side == BUY else off > 0
            assert page.plan(side, UNIT).venue == (VENUE_FIRM if better else VENUE_POOL)


def test_dust_at_a_good_price_is_passed_over() -> None:
    """SPOT-018: what has less than a sixteenth of a hedge does not take part, unless it completes
    it; so nobody makes a hedge long, or impossible, for next to nothing."""
    page = SpotScene(**NO_POOLS)
    dust = [page.quote(SELL, 2_000, UNIT // 16 - 1, name="alice") for _ in range(20)]
    good = page.quote(SELL, 2_005, 10 * UNIT)
    assert page.hedge(BUY, UNIT).quote == 2_005 * DOLLAR
    assert filled(page) == [(good, UNIT, 2_005 * DOLLAR, 9 * UNIT)]
    page.hedge(BUY, UNIT - 16)
    assert [one[0] for one in filled(page)] == dust[:16]
    # The last 4 do not suffice; the 5th part of the whole completes it at the other price.
    page.hedge(BUY, UNIT // 3)
    assert [one[0] for one in filled(page)] == [*dust[16:], good]
    last = page.quote(SELL, 2_004, UNIT)
    tail = page.quote(SELL, 2_004, UNIT // 100)
    page.hedge(BUY, UNIT + UNIT // 100)
    assert [one[0] for one in filled(page)] == [last, tail]
