"""Deleveraging: the order of it, what it may cost, reduce-only orders, and vAMMs."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.analytics.postings import Pools, Postings
from plimsoll.core import margin
from plimsoll.messages import codes, commands, mechanisms
from tests.core.test_liquidate import insure, liquidate, long_ten, moved, only, page
from tests.harness.scenario import KEEPER, Scenario, market, scaled

VAMM: dict[str, Any] = {
    "vamm_enabled": 1, "vamm_peg": 100_000_000, "vamm_sqrt_k": 1_000 * 10**9,
    "tick": 100_000, "imr": 100_000, "mmr": 50_000, "liquidation": 1, "price_band": 900_000,
    "market_slippage": 900_000, "oracle_jump_max": 10_000_000, "liquidation_buffer": 50_000,
    "liquidation_penalty": 10_000, "keeper_flat_fee": 0,
}  # fmt: skip


def small(capital: str, insurance: str = "0", traders: str = "alice bob") -> Scenario:
    """One market at 100 with a vAMM of the given capital, and traders with 1,000 each."""
    made = Scenario(traders=traders)
    params = market("100", symbol="V-USD", **VAMM)
    made.open(params, capital)
    made.oracle("100", 1)
    if scaled(insurance, 6):
        insure(made, insurance, 1)
    return made


def cash(made: Scenario) -> int:
    """Everything that is not outside."""
    return sum(row.cash() for row in made.state.accounts if row.kind != codes.OUTSIDE)


def all_out(made: Scenario, name: str) -> int:
    """Withdraw all an account may; what it was."""
    account = made.account(name)
    most = margin.withdrawable(made.state, account)
    if most:
        made.do(commands.Withdraw(account.ident, 0, most, f"all-{name}"), account.owner)
    return most


def test_who_gains_most_is_first() -> None:
    """LIQ-012, LIQ-013, LIQ-024: the highest short first, whoever opened first; then the next."""
    made = page(oracle_jump_max=5_000_000)
    made.trader("dan", "50000")
    made.trader("alice", "2180")
    made.play("bob sell 9 @ 2000\nalice buy 9 @ 2000 ioc")
    made.play("dan sell 1 @ 2001\nalice buy 1 @ 2001 ioc")
    made.oracle("1800")
    liquidate(made, "alice")
    hits = [e for e in made.found if isinstance(e, mechanisms.Deleveraged)]
    names = [made.state.accounts[e.counterparty].label for e in hits]
    assert names == ["dan", "bob"]
    assert hits[0].size == 10**9
    assert {e.price for e in hits} == {only(made, mechanisms.Liquidating).bankruptcy}


def test_reduce_only_orders_of_counterparties_shrink() -> None:
    """LIQ-024: what a counterparty can still close is all its reduce-only orders may be."""
    made = long_ten(page(), "2180", "1800")
    made.play("bob buy 10 @ 1200 reduce as=r")
    liquidate(made, "alice")
    assert made.order("r").remaining == 2 * 10**9


def test_nobody_pays_more_than_the_profit() -> None:
    """LIQ-025: a short that gained nothing is closed at the oracle; insurance bears the rest."""
    made = page()
    made.trader("carol", "50000")
    long_ten(made, "2800", "1750")
    # Bob leaves with his gain; carol is short from 1,750 now.
    made.play("carol sell 10 @ 1750\nbob buy 10 @ 1750 ioc")
    made.oracle("1700")
    liquidate(made, "alice")
    said = only(made, mechanisms.Liquidating)
    assert said.bankruptcy == 1_720_000_000
    hits = [e for e in made.found if isinstance(e, mechanisms.Deleveraged)]
    assert {e.counterparty for e in hits} == {made.accounts["carol"]}
    assert margin.equity(made.state, made.account("carol")) >= scaled("50000", 6)
    made.play("alice has cash 0, base 0")


def test_a_vamm_is_restored_in_the_command_of_the_price() -> None:
    """LIQ-027: solvent, below its requirement: the smallest close, at the oracle, to the target."""
    made = small("60")
    made.do(
        made.place("alice", codes.BUY, 4 * 10**9, 0, market=1, kind=codes.MARKET, tif=codes.IOC),
        made.owner("alice"),
    )
    before = cash(made)
    row = made.state.markets[1]
    held = made.position("alice", 1).base
    assert held == 4 * 10**9
    point = commands.PricePoint(1, 112_000_000, 0, made.published + 1)
    made.published += 1
    found = made.do(commands.OraclePrices([point]), 1)
    hits = [e for e in found if isinstance(e, mechanisms.Deleveraged)]
    assert hits and {e.account for e in hits} == {row.vamm.ident}
    assert {e.price for e in hits} == {112_000_000}
    equity = margin.equity(made.state, row.vamm)
    required = margin.requirement(made.state, row.vamm, True)
    assert equity * 1_000_000 >= required * 1_050_000
    closed = sum(e.size for e in hits)
    assert 0 < closed < held
    # A step less would not have been enough.
    step = row.params.step
    less = margin.value(-(held - closed + step), 112_000_000)
    assert -less * 50_000 * 1_050_000 > equity * 10**12 - 3 * 10**12
    assert cash(made) == before
    assert made.state.vamms[1].booked != 0


def winner(capital: str, insurance: str) -> tuple[Scenario, int]:
    """Alice wins more against a vAMM than it has: the price doubles in one step."""
    made = small(capital, insurance)
    made.do(
        made.place("alice", codes.BUY, 4 * 10**9, 0, market=1, kind=codes.MARKET, tif=codes.IOC),
        made.owner("alice"),
    )
    paid_in = cash(made)
    point = commands.PricePoint(1, 200_000_000, 0, made.published + 1)
    made.published += 1
    made.do(commands.OraclePrices([point]), 1)
    return made, paid_in


def test_a_winner_never_takes_what_is_not_there() -> None:
    """LIQ-022, LIQ-025, LIQ-027: capital, then insurance, then less profit; all of it paid."""
    for insurance in ("0", "100", "1000"):
        made, paid_in = winner("60", insurance)
        assert cash(made) == paid_in
        assert made.state.vamms[1].net == 0
        assert made.state.markets[1].vamm.cash() >= 0
        assert made.state.markets[1].insurance.cash() >= 0
        gone = all_out(made, "alice")
        # About 400 was won; 60 of capital and the insurance are all there is to win.
        least = min(390, 50 + int(insurance))
        assert scaled(str(1_000 + least), 6) <= gone <= scaled(str(1_000 + least + 12), 6)
        all_out(made, "bob")
        for row in made.state.accounts:
            assert row.cash() >= 0 or row.kind == codes.OUTSIDE, row.label


def test_money_that_is_there_is_paid() -> None:
    """LIQ-027: with enough insurance the winner is closed at the oracle, whole."""
    made, _ = winner("60", "1000")
    hits = [e for e in made.found if isinstance(e, mechanisms.Deleveraged)]
    assert {e.price for e in hits} == {200_000_000}
    assert sum(e.size for e in hits) == 4 * 10**9
    assert moved(made, codes.R_BAD_DEBT) > 0
    assert moved(made, codes.R_HAIRCUT) == 0


def test_a_vamm_with_capital_is_left_alone() -> None:
    """LIQ-027: nothing is due, nothing happens; with liquidations off neither."""
    made, _ = winner("1000000", "0")
    assert [type(e).__name__ for e in made.found if isinstance(e, mechanisms.Liquidating)] == []
    assert made.state.vamms[1].net == 4 * 10**9


def test_a_vamm_leg_follows_the_curve() -> None:
    """LIQ-017, LIQ-026: the vAMM's quote is worse than the limit, so it is deleveraged itself, at
    the bankruptcy price; what the curve would have paid is booked."""
    made = small("100000")
    house = made.state.markets[1].vamm
    made.do(
        made.place("alice", codes.BUY, 10 * 10**9, 0, market=1, kind=codes.MARKET, tif=codes.IOC),
        made.owner("alice"),
    )
    all_out(made, "alice")
    made.oracle("87", 1)
    row = made.state.vamms[1]
    made.do(commands.Repeg(1, 87_000_000), 0)
    assert row.net == 10 * 10**9
    liquidate(made, "alice")
    said = only(made, mechanisms.Liquidating)
    assert said.equity < 0 and said.bankruptcy > 87_000_000
    hit = only(made, mechanisms.Deleveraged)
    assert (hit.counterparty, hit.size, hit.price) == (house.ident, 10**10, said.bankruptcy)
    assert row.net == 0 and row.x == row.sqrt_k
    # Flat again: what it earned on the way is what was booked, but for dust.
    assert 0 <= house.cash() - row.capital + row.booked <= 20
    assert row.booked != 0
    made.play("alice has base 0 eth\nalice has cash 0")


SIDES = st.sampled_from([codes.BUY, codes.SELL])


@settings(max_examples=40, deadline=None)
@given(
    side=SIDES,
    own=st.integers(2_050, 4_000),
    price=st.integers(1_300, 2_700),
    bid=st.integers(0, 10),
    insurance=st.integers(0, 500),
    gap=st.integers(0, 60),
)
def test_properties_of_a_liquidation(
    side: int, own: int, price: int, bid: int, insurance: int, gap: int
) -> None:
    """LIQ-001, LIQ-017, LIQ-022, LIQ-025: only below the requirement; money is kept; nobody who
    was solvent is not; no pool below zero."""
    made = page(liquidation_penalty=10_000, liquidation_counts_penalty=1, liquidation_buffer=50_000)
    made.trader("alice", str(own))
    made.trader("carol", "50000")
    word, other = ("buy", "sell") if side == codes.BUY else ("sell", "buy")
    made.play(f"bob {other} 10 @ 2000\nalice {word} 10 @ 2000 ioc")
    made.account("treasury").usd.add(1_000_000_000 - insurance * 10**6)
    made.account("insurance").usd.add(insurance * 10**6 - 1_000_000_000)
    made.state.log.commit()
    made.oracle(str(price))
    if bid:
        at = price - gap if side == codes.BUY else price + gap
        made.play(f"carol {word} {bid} @ {at}")
    accounts = {name: made.account(name) for name in ("alice", "bob", "carol")}
    before = {name: margin.equity(made.state, row) for name, row in accounts.items()}
    total = cash(made)
    required = margin.requirement(made.state, accounts["alice"], True)
    held = [row.cash() for row in made.state.accounts]
    accepted = made.apply(commands.Liquidate(accounts["alice"].ident, -1), KEEPER)
    assert accepted == (before["alice"] < required)
    assert cash(made) == total
    house = made.state.markets[0]
    pools = Pools(house.adjustments.ident, house.funding.ident, house.insurance.ident)
    for line in Postings({0: pools}).lines(made.found):
        held[line.debit] -= line.amount
        held[line.credit] += line.amount
    assert held == [row.cash() for row in made.state.accounts]
    assert made.account("insurance").cash() >= 0
    for name, row in accounts.items():
        after = margin.equity(made.state, row)
        assert after >= 0 or before[name] < 0, name
        if name == "bob":
            assert after >= 0
    if accepted and made.position("alice").base == 0:
        assert accounts["alice"].cash() >= 0 or only(made, mechanisms.BadDebt).unpaid > 0


def outcome(long: bool, own: int, fall: int, bid: int, gap: int) -> tuple[int, ...]:
    """What a liquidation leaves: equity of all, insurance, what is held."""
    made = page(price_band=900_000, market_slippage=900_000)
    made.trader("alice", str(own))
    made.trader("carol", "50000")
    word, other = ("buy", "sell") if long else ("sell", "buy")
    price = 2_000 - fall if long else 2_000 + fall
    made.play(f"bob {other} 10 @ 2000\nalice {word} 10 @ 2000 ioc")
    made.oracle(str(price))
    if bid:
        made.play(f"carol {word} {bid} @ {price - gap if long else price + gap}")
    liquidate(made, "alice")
    assert made.position("alice").base == 0
    return (
        *(margin.equity(made.state, made.account(name)) for name in ("alice", "bob", "carol")),
        made.account("insurance").cash(),
    )


@settings(max_examples=20, deadline=None)
@given(
    own=st.integers(2_100, 4_000),
    over=st.integers(0, 100),
    bid=st.integers(0, 10),
    gap=st.integers(0, 40),
)
def test_long_and_short_are_mirrors(own: int, over: int, bid: int, gap: int) -> None:
    """LIQ-006, LIQ-008, LIQ-017: an insolvent long and short end alike, to the unit."""
    fall = own // 10 + 1 + over
    assert outcome(True, own, fall, bid, gap) == outcome(False, own, fall, bid, gap)
