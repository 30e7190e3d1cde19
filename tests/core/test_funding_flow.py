"""Funding through commands: when, how much, between whom, and what rounding leaves."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core import margin, tracking
from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, scaled

HOUR = 3_600
RULES: dict[str, Any] = {
    "funding_period_s": HOUR, "funding_clamp": 10, "keeper_flat_fee": 0,
    "oracle_max_age_ms": 86_400_000, "oracle_reset_ms": 86_400_000,
    "funding_paying_max": 1_000_000, "funding_receiving_max": 1_000_000,
}  # fmt: skip


START_S = 1_000 * HOUR


def page(**more: Any) -> Scenario:
    """Alice, bob and carol with 1,000 each at 100; the clock of funding runs since the hour."""
    made = Scenario(**{**RULES, **more})
    made.now = START_S * 1_000
    made.oracle("100")
    made.do(commands.UpdateFunding(0, -1), KEEPER)
    return made


def averages(made: Scenario, mark: str, index: str = "100") -> None:
    """Set the averages of an hour, as a history of prices would have."""
    track = made.state.tracks[0]
    price = scaled(mark, 6)
    old = track.mark
    track.follow_mark(tracking.MarkTrack(price, price, price, old.health, 0, old.updated))
    seen = track.oracle
    over = scaled(index, 6)
    track.follow_oracle(
        tracking.OracleTrack(over, over, seen.health, 0, 0, seen.updated), track.samples
    )
    made.state.log.commit()


def hour(made: Scenario, mark: str = "102.4") -> list[events.Event]:
    """An hour later, at averages whose premium of 2.4 makes 0.1 per base: funding."""
    made.now += HOUR * 1_000
    averages(made, mark)
    return made.do(commands.UpdateFunding(0, -1), KEEPER)


def only(made: Scenario, kind: type[Any]) -> Any:
    """The one event of a kind of the last command."""
    (found,) = [event for event in made.found if isinstance(event, kind)]
    return found


def settle(made: Scenario, name: str) -> None:
    """Settle an account's funding on its owner's word."""
    made.do(commands.SettleFunding(made.accounts[name]), made.owner(name))


def give(made: Scenario, amount: str) -> None:
    """Money for the funding pool."""
    made.deposit("treasury", amount)
    made.do(commands.FundPool(0, codes.POOL_FUNDING, scaled(amount, 6)), OPERATOR)


def clearing(made: Scenario) -> int:
    """What the clearing account holds."""
    return made.state.markets[0].clearing.cash()


def test_the_clock_starts_at_the_first_check() -> None:
    """FUND-010: the first check pays nothing; a period is over an hour after it."""
    made = Scenario(**RULES)
    made.now = START_S * 1_000
    made.oracle("100")
    made.do(commands.UpdateFunding(0, -1), KEEPER)
    assert made.state.rates[0].updated_s == START_S
    assert only(made, mechanisms.FundingSkipped).code == codes.FUNDING_NOT_DUE
    made.now += HOUR * 1_000 - 1_000
    refusal = made.refuse(commands.UpdateFunding(0, -1), KEEPER)
    assert refusal[:3] == (codes.FUNDING_NOT_DUE, 1, HOUR)
    off = Scenario(**{**RULES, "funding_period_s": 0})
    assert off.refuse(commands.UpdateFunding(0, -1), KEEPER)[:2] == (codes.FUNDING_OFF, 0)


def test_longs_pay_shorts() -> None:
    """FUND-005, FUND-011, FUND-015: 0.1 a base, booked at once, settled when asked."""
    made = page()
    made.play("bob sell 3 @ 100\nalice buy 3 @ 100 ioc")
    hour(made)
    said = only(made, mechanisms.FundingUpdated)
    assert (said.rate, said.rate_long, said.rate_short, said.pool) == (10**8, 10**8, 10**8, 0)
    made.play("alice has equity 999.7, cash 700\nbob has equity 1000.3, cash 1300")
    settle(made, "alice")
    assert clearing(made) == 300_000
    settle(made, "bob")
    made.play("alice has equity 999.7\nbob has equity 1000.3")
    assert clearing(made) == 0
    refusal = made.refuse(commands.SettleFunding(made.accounts["bob"]), made.owner("bob"))
    assert refusal[0] == codes.NOTHING_TO_DO
    refusal = made.refuse(commands.SettleFunding(made.accounts["bob"]), made.owner("alice"))
    assert refusal[0] == codes.NOT_OWNER


def test_funding_is_settled_before_a_position_changes() -> None:
    """FUND-015: a fill settles first; a new position owes nothing of the past."""
    made = page()
    made.play("bob sell 3 @ 100\nalice buy 3 @ 100 ioc")
    hour(made)
    made.play("bob sell 1 @ 100\nalice buy 1 @ 100 ioc\ncarol buy 1 @ 100\nbob sell 1 @ 100 ioc")
    made.play("alice has margin 999.7\ncarol has margin 1000")
    assert made.position("carol").funding_mark == made.state.rates[0].long


def test_the_vamms_leg_is_the_pools() -> None:
    """FUND-006, FUND-011: longs against the vAMM alone pay the pool; the vAMM has no funding."""
    made = page(vamm_enabled=1, vamm_peg=100_000_000)
    made.play("alice buy 3 market<=110")
    held = made.state.markets[0].vamm.cash()
    hour(made)
    assert only(made, mechanisms.FundingUpdated).pool == 300_000
    assert made.account("funding").cash() == 300_000
    settle(made, "alice")
    assert clearing(made) == 0
    assert made.state.markets[0].vamm.cash() == held


def test_the_pool_pays_a_third_at_most() -> None:
    """FUND-007, FUND-011: shorts against the vAMM are paid out of the pool, and it says so."""
    made = page(vamm_enabled=1, vamm_peg=100_000_000)
    give(made, "0.3")
    made.play("alice sell 3 market>=90")
    hour(made)
    said = only(made, mechanisms.FundingUpdated)
    assert said.pool == -100_000
    assert said.rate_short < 10**8
    settle(made, "alice")
    assert clearing(made) >= 0
    assert made.account("funding").cash() == 200_000


def test_a_restricted_market_skips_what_the_pool_would_pay() -> None:
    """FUND-012: the period is passed over, and the clock goes on; what it earns is booked."""
    made = page(vamm_enabled=1, vamm_peg=100_000_000)
    give(made, "300")
    made.play("alice sell 3 market>=90\nmode restricted")
    hour(made)
    said = only(made, mechanisms.FundingSkipped)
    assert (said.code, said.value) == (codes.MARKET_MODE, codes.RESTRICTED)
    assert made.state.rates[0].updated_s == START_S + HOUR
    assert made.account("funding").cash() == 300_000_000
    hour(made, "97.6")
    assert only(made, mechanisms.FundingUpdated).pool == 300_000


def test_no_average_no_funding() -> None:
    """FUND-012: a period without an average is passed over."""
    made = page()
    made.now += HOUR * 1_000
    averages(made, "0")
    made.do(commands.UpdateFunding(0, -1), KEEPER)
    assert only(made, mechanisms.FundingSkipped).code == codes.FUNDING_BLOCKED
    assert made.state.rates[0].updated_s == START_S + HOUR


def test_prices_that_are_no_good_block_it() -> None:
    """FUND-010: a price too far from its average is not booked upon, and the period stays due; a
    halt refuses; a price that is merely old does not."""
    made = page(oracle_max_age_ms=1_000)
    made.now += HOUR * 1_000
    averages(made, "102.4", "1000")
    refusal = made.refuse(commands.UpdateFunding(0, -1), KEEPER)
    assert refusal[:3] == (codes.FUNDING_BLOCKED, tracking.TOO_VOLATILE, tracking.FOR_FUNDING)
    averages(made, "102.4")
    made.play("mode halted")
    assert made.refuse(commands.UpdateFunding(0, -1), KEEPER)[0] == codes.MARKET_MODE
    made.play("mode active")
    made.do(commands.UpdateFunding(0, -1), KEEPER)
    assert only(made, mechanisms.FundingUpdated).rate == 10**8


def test_caps_of_both_sides() -> None:
    """FUND-003, FUND-011: the payers' cap bounds the rate, the receivers' what they get."""
    made = page(funding_paying_max=500, funding_receiving_max=100)
    made.play("bob sell 3 @ 100\nalice buy 3 @ 100 ioc")
    hour(made)
    said = only(made, mechanisms.FundingUpdated)
    assert (said.rate_long, said.rate_short) == (50_000_000, 10_000_000)
    assert said.pool == 120_000


def test_what_a_flat_market_leaves_goes_to_the_pool() -> None:
    """FUND-014: dust stays in clearing until nobody holds a position, then the next update."""
    made = page()
    made.play("bob sell 0.333 @ 100\nalice buy 0.333 @ 100 ioc")
    for _ in range(3):
        hour(made, "101.234567")
    made.play("bob buy 0.333 @ 100\nalice sell 0.333 @ 100 ioc")
    left = clearing(made)
    assert left > 0
    pool = made.account("funding").cash()
    hour(made)
    assert clearing(made) == 0
    assert made.account("funding").cash() == pool + left


def test_the_keeper_has_his_flat_fee() -> None:
    """FUND-016: for a period that was booked, out of the pot."""
    made = page(keeper_flat_fee=10_000)
    made.do(commands.CreateAccount(KEEPER, -1, "keeper"), OPERATOR)
    keeper = len(made.state.accounts) - 1
    made.state.accounts[codes.KEEPER_ACCOUNT].usd.add(7_000)
    made.account("outside").usd.add(-7_000)
    made.state.log.commit()
    made.now += HOUR * 1_000
    averages(made, "102.4")
    made.do(commands.UpdateFunding(0, keeper), KEEPER)
    assert made.state.accounts[keeper].cash() == 7_000


def test_the_average_of_a_day() -> None:
    """FUND-011: after a day of the same rate the average is that rate."""
    made = page()
    for _ in range(24 * 12):
        hour(made)
    assert abs(made.state.rates[0].average - 10**8) < 10**5


MARKS = st.lists(st.integers(-9_000_000, 9_000_000), min_size=1, max_size=5)
SIZES = st.lists(st.integers(-900, 900), min_size=3, max_size=3)


@settings(max_examples=40, deadline=None)
@given(marks=MARKS, sizes=SIZES, pool=st.integers(0, 10**6))
def test_lazy_is_eager(marks: list[int], sizes: list[int], pool: int) -> None:
    """FUND-008, FUND-013: whoever is settled each hour or once at the end differs by a unit a
    settlement; payments, pool and dust sum to zero; clearing never owes anything at the end.

    Findings: M-3.
    """
    ends = []
    for eager in (False, True):
        made = page(vamm_enabled=1, vamm_peg=100_000_000, vamm_base_spread=500)
        if pool:
            give(made, f"{pool // 10**6}.{pool % 10**6:06}")
        for name, thousandths in zip(("alice", "bob", "carol"), sizes, strict=True):
            if thousandths:
                side = codes.BUY if thousandths > 0 else codes.SELL
                order = made.place(name, side, abs(thousandths) * 10**7, 0, kind=codes.MARKET,
                                   tif=codes.IOC)  # fmt: skip
                made.do(order, made.owner(name))
        start = made.account("funding").cash()
        paid_in = {n: margin.settled(made.state, made.account(n)) for n in made.accounts}
        for mark in marks:
            hour(made, f"{(100_000_000 + mark) // 10**6}.{(100_000_000 + mark) % 10**6:06}")
            if eager:
                for name in made.accounts:
                    made.apply(commands.SettleFunding(made.accounts[name]), made.owner(name))
        for name in made.accounts:
            made.apply(commands.SettleFunding(made.accounts[name]), made.owner(name))
        came = {n: margin.settled(made.state, made.account(n)) - paid_in[n] for n in made.accounts}
        gained = made.account("funding").cash() - start
        assert sum(came.values()) + gained + clearing(made) == 0
        assert clearing(made) >= 0
        ends.append(came)
    for name in ends[0]:
        assert 0 <= ends[0][name] - ends[1][name] <= 2 * len(marks)
