"""Spot pools in the state: liquidity, swaps of traders, hedges along a path, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import spot_venue
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL, TREASURY_ACCOUNT, VENUE_POOL, Reject
from tests.harness.scenario import OPERATOR
from tests.harness.spot_scene import (
    BOTH,
    BTC,
    BTC_USD,
    DOLLAR,
    ETH,
    ETH_BTC,
    ETH_USD,
    NO_POOLS,
    SAT,
    UNIT,
    USD,
    SpotScene,
)


def test_worked_swaps() -> None:
    """SPOT-003, SPOT-004, SPOT-012: the chapter's pool, 10 ETH in, then exactly 20,000 USD out."""
    page = SpotScene()
    assert page.swap("alice", ETH_USD, ETH, 10 * UNIT) == (10 * UNIT, 19_743_160_687)
    alice = page.accounts["alice"]
    (swapped,) = page.rows()
    assert swapped == [
        75, ETH_USD, alice, ETH, USD, 10 * UNIT, 19_743_160_687,
        30_000_000, 1_010 * UNIT, 1_980_256_839_313,
    ]  # fmt: skip
    moved = [one for one in page.found if isinstance(one, events.Transferred)]
    assert [codes.REASONS[one.reason] for one in moved] == ["spot_swap", "spot_swap"]
    assert page.has("alice") == [519_743_160_687, 90 * UNIT, 5 * SAT]
    fresh = SpotScene()
    out = fresh.swap("alice", ETH_USD, ETH, 20_000 * DOLLAR, out=True)
    assert out == (10_131_404_315, 20_000 * DOLLAR)


def test_liquidity_comes_and_goes() -> None:
    """SPOT-010: from the treasury and back, also one-sided; traders hold none of it."""
    page = SpotScene()
    before = page.has(page.state.accounts[TREASURY_ACCOUNT])
    add = commands.AddSpotLiquidity(TREASURY_ACCOUNT, ETH_USD, 5 * UNIT, 0)
    page.do(add, OPERATOR)
    assert page.rows() == [[74, ETH_USD, 1, ETH, USD, 5 * UNIT, 0]]
    assert page.pool(ETH_USD) == [1_005 * UNIT, 2_000_000 * DOLLAR]
    take = commands.RemoveSpotLiquidity(TREASURY_ACCOUNT, ETH_USD, 5 * UNIT, 7)
    page.do(take, OPERATOR)
    assert page.rows() == [[74, ETH_USD, 1, ETH, USD, -5 * UNIT, -7]]
    (first, second) = [one for one in page.found if isinstance(one, events.Transferred)]
    assert codes.REASONS[first.reason] == "spot_liquidity"
    assert (second.asset, second.amount) == (USD, 7)
    after = page.has(page.state.accounts[TREASURY_ACCOUNT])
    assert after == [before[0] + 7, before[1], before[2]]
    everything = commands.RemoveSpotLiquidity(
        TREASURY_ACCOUNT, ETH_USD, 1_000 * UNIT, 2_000_000 * DOLLAR - 7
    )
    page.do(everything, OPERATOR)
    assert page.pool(ETH_USD) == [0, 0]
    empty = commands.SwapSpot(page.accounts["alice"], ETH_USD, ETH, False, UNIT, 0)
    assert page.refuse(empty, page.owner("alice"))[:3] == (codes.SPOT_LIQUIDITY, 1, 0)


def exposed(page: SpotScene) -> None:
    """Give alice a position and let its price become stale."""
    page.play("""
        bob   sell 1 @ 2000
        alice buy  1 @ 2000
        clock +1h
    """)


def test_faults_of_a_swap_in_their_order() -> None:
    """SPOT-012, SPOT-013: with every later fault there too, the first one is told."""
    page = SpotScene()
    alice, bob = page.accounts["alice"], page.accounts["bob"]
    exposed(page)
    sender = page.owner("alice")
    told = page.told(
        commands.SwapSpot,
        [
            (sender, {"account": 99}),
            (sender, {"account": bob}),
            (sender, {"account": alice}),
            (sender, {"pool": ETH_USD}),
            (sender, {"asset_in": USD}),
            (sender, {"amount": 1, "exact_out": False}),
            (sender, {"amount": 600_000 * DOLLAR, "limit": 1_000 * UNIT}),
            (sender, {"limit": 0}),
            lambda: page.oracle("2000"),
            (sender, {}),
            (sender, {"asset_in": ETH, "amount": 100 * UNIT + 1}),
        ],
        account=0, pool=9, asset_in=BTC, exact_out=True, amount=1_000 * UNIT, limit=1,
    )  # fmt: skip
    assert told == [
        ("UNKNOWN_ACCOUNT", 99, 18),
        ("NOT_OWNER", bob, page.account("bob").owner),
        ("UNKNOWN_POOL", 9, 3),
        ("SPOT_PATH", BTC, ETH),
        ("SPOT_LIQUIDITY", 1_000 * UNIT, 1_000 * UNIT - 1),
        ("SPOT_AMOUNT_ZERO", 1, 0),
        ("SPOT_SLIPPAGE", 230_236_317_450, 1_000 * UNIT),
        ("ORACLE_INVALID", 3_600_000, 30_000),
        ("NOT_WITHDRAWABLE", 600_000 * DOLLAR, 499_800 * DOLLAR),
        ("INSUFFICIENT_BALANCE", 100 * UNIT + 1, 100 * UNIT),
    ]


def test_an_exact_amount_out_has_a_limit_too() -> None:
    """SPOT-012: the most that comes in; at the limit it passes."""
    page = SpotScene()
    alice = page.accounts["alice"]
    most = 10_131_404_315
    tight = commands.SwapSpot(alice, ETH_USD, ETH, True, 20_000 * DOLLAR, most - 1)
    refused = page.refuse(tight, page.owner("alice"))[:3]
    assert refused == (codes.SPOT_SLIPPAGE, most, most - 1)
    assert page.swap("alice", ETH_USD, ETH, 20_000 * DOLLAR, True, most)[0] == most
    assert page.swap("alice", ETH_USD, ETH, UNIT, limit=1)[0] == UNIT


def test_nothing_leaves_an_account_in_liquidation() -> None:
    """SPOT-013: nor comes its base into a pool while its positions are being closed."""
    page = SpotScene()
    page.account("alice").count_live(0, 1, 0)
    try:
        command = commands.SwapSpot(page.accounts["alice"], ETH_USD, ETH, False, UNIT, 0)
        page.state.log.begin()
        assert not page.engine.apply(command, 10_000, page.now, page.owner("alice"))
        (event,) = page.engine.drain()
    finally:
        page.account("alice").count_live(0, -1, 0)
    assert event.row()[1:3] == [codes.IN_LIQUIDATION, 1]


@pytest.mark.parametrize("kind", [commands.AddSpotLiquidity, commands.RemoveSpotLiquidity])
def test_faults_of_liquidity_in_their_order(kind: Any) -> None:
    """SPOT-010, SPOT-011: whose account, whose pool, how much."""
    page = SpotScene()
    alice, bob = page.accounts["alice"], page.accounts["bob"]
    trader = page.owner("alice")
    adding = kind is commands.AddSpotLiquidity
    much = 5_000_000 * DOLLAR
    told = page.told(
        kind,
        [
            (trader, {"account": 99}),
            (trader, {"account": bob}),
            (trader, {"account": alice}),
            (trader, {"pool": ETH_USD}),
            (OPERATOR, {}),
            (OPERATOR, {"account": codes.KEEPER_ACCOUNT}),
            (OPERATOR, {"account": TREASURY_ACCOUNT}),
            (OPERATOR, {"quote_amount": much}),
            (OPERATOR, {"quote_amount": 0, "base_amount": 2_000 * UNIT}),
        ],
        account=0, pool=9, base_amount=0, quote_amount=0,
    )  # fmt: skip
    holder = page.state.liquidity.pools[ETH_USD].account.ident
    assert told == [
        ("UNKNOWN_ACCOUNT", 99, 18),
        ("NOT_OWNER", bob, page.account("bob").owner),
        ("UNKNOWN_POOL", 9, 3),
        ("NOT_OWNER", holder, 0),
        ("NOT_OWNER", alice, trader),
        ("ACCOUNT_KIND", codes.KEEPER_POT, codes.TRADER),
        ("SPOT_AMOUNT_ZERO", 0, 0),
        ("NOT_WITHDRAWABLE", much, 0) if adding else ("SPOT_LIQUIDITY", much, 2_000_000 * DOLLAR),
        ("INSUFFICIENT_BALANCE", 2_000 * UNIT, 100 * UNIT)
        if adding
        else ("SPOT_LIQUIDITY", 2_000 * UNIT, 1_000 * UNIT),
    ]


def test_reserves_stay_amounts() -> None:
    """SPOT-010: what comes in and the virtual part together must be an amount."""
    page = SpotScene()
    page.do(commands.CreateSpotPool(ETH, USD, 1, 2**62 - 1 - 5, 0), OPERATOR)
    page.bring(TREASURY_ACCOUNT, ETH, 6)
    add = commands.AddSpotLiquidity(TREASURY_ACCOUNT, 3, 6, 0)
    assert page.refuse(add, OPERATOR)[0] == codes.AMOUNT_RANGE
    page.do(commands.AddSpotLiquidity(TREASURY_ACCOUNT, 3, 5, 0), OPERATOR)


# Hedges along a path ------------------------------------------------------------------------------


def test_a_hedge_through_one_pool() -> None:
    """SPOT-014: sold, the path brings; bought, it costs; and base is exact."""
    page = SpotScene()
    sold = page.plan(SELL, UNIT)
    assert (sold.venue, sold.side, sold.amount, sold.quote) == (
        VENUE_POOL, SELL, UNIT, 1_992_013_962,
    )  # fmt: skip
    assert page.plan(BUY, UNIT).quote == 2_008_026_082
    before = page.has(page.vault.account)
    page.execute(sold)
    after = page.has(page.vault.account)
    assert [one - two for one, two in zip(after, before, strict=True)] == [
        1_992_013_962, -UNIT, 0,
    ]  # fmt: skip
    moved = [one for one in page.found if isinstance(one, events.Transferred)]
    assert {codes.REASONS[one.reason] for one in moved} == {"spot_hedge"}
    assert {one.market for one in moved} == {0}


def test_a_hedge_through_two_pools() -> None:
    """SPOT-006, SPOT-014: leg by leg; of the asset in between nothing is left over."""
    page = SpotScene(**BOTH)
    planned = page.hedge(SELL, UNIT)
    assert planned.quote == 1_984_066_984
    (first, second) = page.rows()
    assert first[1:7] == [ETH_BTC, page.vault.account.ident, ETH, BTC, UNIT, 4_980_034]
    assert second[1:7] == [BTC_USD, page.vault.account.ident, BTC, USD, 4_980_034, 1_984_066_984]
    assert page.has(page.vault.account) == [201_984_066_984, 499 * UNIT, 0]
    fresh = SpotScene(**BOTH)
    assert fresh.hedge(BUY, UNIT).quote == 2_016_093_193
    (first, second) = fresh.rows()
    assert first[1:7] == [BTC_USD, page.vault.account.ident, USD, BTC, 2_016_093_193, 5_020_067]
    assert second[1:7] == [ETH_BTC, page.vault.account.ident, BTC, ETH, 5_020_067, UNIT]
    assert fresh.has(fresh.vault.account) == [197_983_906_807, 501 * UNIT, 0]


def refusal(page: SpotScene, side: int, amount: int) -> tuple[str, int, int]:
    """Why the vault cannot trade."""
    with pytest.raises(Reject) as caught:
        page.plan(side, amount)
    return codes.REJECTS[caught.value.code][0], caught.value.value, caught.value.limit


def test_what_no_venue_can() -> None:
    """SPOT-014: nothing, more than there is, more than any pool could hold, no way at all."""
    page = SpotScene(**BOTH)
    assert refusal(page, SELL, 0) == ("SPOT_AMOUNT_ZERO", 0, 0)
    assert refusal(page, SELL, 1) == ("SPOT_AMOUNT_ZERO", 1, 0)
    assert refusal(page, BUY, 1_000 * UNIT) == (
        "SPOT_LIQUIDITY", 1_000 * UNIT, 1_000 * UNIT - 1,
    )  # fmt: skip
    assert refusal(page, SELL, 2**62 - 1)[:2] == ("SPOT_LIQUIDITY", 2**62 - 1)
    nowhere = SpotScene(pool_1=-1)
    assert refusal(nowhere, SELL, UNIT) == ("SPOT_PATH", ETH, USD)
    assert refusal(nowhere, BUY, UNIT) == ("SPOT_PATH", USD, ETH)
    for side in (BUY, SELL):
        with pytest.raises(Reject) as caught:
            nowhere.base_for(side, DOLLAR)
        assert caught.value.code == codes.SPOT_PATH
        with pytest.raises(Reject) as caught:
            page.base_for(side, 0)
        assert caught.value.code == codes.SPOT_AMOUNT_ZERO


def test_a_vault_sells_only_what_it_has() -> None:
    """SPOT-016: no account of a vault owes base, whoever plans badly."""
    page = SpotScene()
    planned = page.plan(SELL, 500 * UNIT + 1)
    before = page.hash()
    page.begin()
    with pytest.raises(Reject) as caught:
        spot_venue.execute(page.engine.txn, page.vault, planned)
    assert (caught.value.code, caught.value.value, caught.value.limit) == (
        codes.VAULT_ASSETS, 500 * UNIT + 1, 500 * UNIT,
    )  # fmt: skip
    assert page.hash() == before


def test_a_plan_holds_until_the_venue_moves() -> None:
    """SPOT-016: what was planned is done or refused, never something else."""
    page = SpotScene()
    planned = page.plan(SELL, UNIT)
    page.swap("alice", ETH_USD, ETH, UNIT)
    page.begin()
    with pytest.raises(Reject) as caught:
        spot_venue.execute(page.engine.txn, page.vault, planned)
    assert caught.value.code == codes.SPOT_SLIPPAGE
    assert caught.value.value < caught.value.limit == planned.quote
    page.state.log.commit()


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_hedge_that_is_taken_back_leaves_no_trace(side: int) -> None:
    """SPOT-016: the hash is the one before, with two pools and with firm quotes."""
    for params in (BOTH, NO_POOLS):
        page = SpotScene(**params)
        page.quote(SELL if side == BUY else BUY, 2_000, UNIT)
        page.quote(SELL if side == BUY else BUY, 2_001, UNIT)
        planned = page.plan(side, UNIT + UNIT // 2)
        before = page.hash()
        page.begin()
        mark = page.state.log.open()
        spot_venue.execute(page.engine.txn, page.vault, planned)
        assert page.hash() != before
        page.state.log.rollback(mark)
        page.finish()
        assert page.hash() == before


def test_base_for_more_than_a_pool_has_is_all_of_it() -> None:
    """SPOT-015: virtual reserves are bought up to the last real unit, through two pools too."""
    page = SpotScene()
    for base, quote in ((ETH, BTC), (BTC, USD)):
        page.do(commands.CreateSpotPool(base, quote, 0, 10**12, 10**12), OPERATOR)
    page.do(commands.AddSpotLiquidity(TREASURY_ACCOUNT, 3, 7 * UNIT, 0), OPERATOR)
    page.do(commands.AddSpotLiquidity(TREASURY_ACCOUNT, 4, SAT, 0), OPERATOR)
    page.vault.set_params(page.vault.params.__class__(pool_1=3, pool_2=4))
    page.state.log.commit()
    # 1 BTC is all the second pool has, and buys less than 7 ETH of the first.
    out = page.base_for(BUY, 10**12)
    assert out == (10**12 + 7 * UNIT) * SAT // (10**12 + SAT) == 100_689_931
    assert page.plan(BUY, out).quote <= 10**12
    page.do(commands.AddSpotLiquidity(TREASURY_ACCOUNT, 4, 20 * SAT, 0), OPERATOR)
    page.do(commands.RemoveSpotLiquidity(TREASURY_ACCOUNT, 3, 7 * UNIT - 5, 0), OPERATOR)
    assert page.base_for(BUY, 10**11) == 5
    assert page.plan(BUY, 5).quote <= 10**11
