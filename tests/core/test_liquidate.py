"""Liquidation through commands: book, vAMM, the other side, penalty, bad debt."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, market, scaled

RULES: dict[str, Any] = {
    "tick": 1_000_000, "step": 1_000_000, "min_notional": 0, "imr": 100_000, "mmr": 50_000,
    "price_band": 500_000, "market_slippage": 500_000, "liquidation": 1,
    "liquidation_penalty": 1_000, "liquidation_buffer": 0, "liquidation_keeper_share": 0,
    "keeper_flat_fee": 0, "liquidation_counts_penalty": 0,
}  # fmt: skip


def page(**more: Any) -> Scenario:
    """Bob with 10,000 and nobody else; one market at 2,000, insured with 1,000."""
    made = Scenario(traders="", price="2000", **{**RULES, **more})
    made.trader("bob", "10000")
    insure(made, "1000")
    return made


def insure(made: Scenario, amount: str, ident: int = 0) -> None:
    """Money for the insurance pool of a market."""
    made.deposit("treasury", amount)
    made.do(commands.FundPool(ident, codes.POOL_INSURANCE, scaled(amount, 6)), OPERATOR)


def liquidate(made: Scenario, name: str, keeper: int = -1) -> list[events.Event]:
    """Liquidate an account; the events."""
    return made.do(commands.Liquidate(made.accounts[name], keeper), KEEPER)


def refused(made: Scenario, name: str) -> tuple[int, int, int]:
    """The refusal of a liquidation."""
    return made.refuse(commands.Liquidate(made.accounts[name], -1), KEEPER)[:3]


def only(made: Scenario, kind: type[Any]) -> Any:
    """The one event of a kind of the last command."""
    (found,) = [event for event in made.found if isinstance(event, kind)]
    return found


def moved(made: Scenario, reason: int) -> int:
    """What the last command moved for a reason."""
    return sum(
        e.amount for e in made.found if isinstance(e, events.Transferred) and e.reason == reason
    )


def long_ten(made: Scenario, margin: str, price: str) -> Scenario:
    """Alice with a margin holds 10 from 2,000 against bob; then the oracle moves."""
    made.trader("alice", margin)
    made.play("bob sell 10 @ 2000\nalice buy 10 @ 2000 ioc")
    made.oracle(price)
    return made


def short_ten(made: Scenario, margin: str, price: str) -> Scenario:
    """The mirror: alice is short."""
    made.trader("alice", margin)
    made.play("bob buy 10 @ 2000\nalice sell 10 @ 2000 ioc")
    made.oracle(price)
    return made


GOLDEN = [
    # margin, oracle, carol's bid, alice's cash afterwards, bob's, what insurance got
    ("2180", "1800", "8 @ 1800", "565.6", "10000", "14.4"),
    ("2180", "1800", "5 @ 1800", "511.6", "10654", "14.4"),
    ("2180", "1800", "", "421.6", "11744", "14.4"),
    ("2800", "1700", "10 @ 1700", "0", "10000", "-200"),
    ("2800", "1700", "4 @ 1700", "0", "11680", "-80"),
    ("2800", "1700", "", "0", "12800", "0"),
]


@pytest.mark.parametrize(("margin", "oracle", "bid", "alice", "bob", "insurance"), GOLDEN)
def test_the_worked_figures(
    margin: str, oracle: str, bid: str, alice: str, bob: str, insurance: str
) -> None:
    """LIQ-003, LIQ-006, LIQ-008, LIQ-009, LIQ-017: a long, with a full, a thin, an empty book."""
    made = long_ten(page(), margin, oracle)
    if bid:
        made.trader("carol", "50000")
        made.play(f"carol buy {bid}")
    liquidate(made, "alice")
    made.play(f"alice has margin {alice}\nbob has margin {bob}")
    assert made.account("insurance").cash() == scaled("1000", 6) + scaled(insurance, 6)


MIRROR = [
    ("2220", "2200", "5 @ 2200", "536.4", "10666", "17.6"),
    ("2700", "2300", "10 @ 2300", "0", "10000", "-300"),
    ("2700", "2300", "", "0", "12700", "0"),
]


@pytest.mark.parametrize(("deposit", "bought"), [("2160", 8), ("2159", 0)])
def test_a_maker_must_carry_what_it_gets_without_a_rebate(deposit: str, bought: int) -> None:
    """BOOK-008: a liquidation pays no fee, so no rebate helps who is met by it: 8 at 1,800 lose 800
    and need 1,360."""
    made = long_ten(page(taker_fee=20_000, maker_rebate=10_000), "3200", "1700")
    made.trader("carol", deposit)
    made.play("carol buy 8 @ 1800")
    liquidate(made, "alice")
    assert made.position("carol").base == bought * 10**9
    if not bought:
        removed = [e for e in made.found if isinstance(e, events.OrderRemoved)]
        assert codes.DONE_REASONS[removed[0].reason] == "maker_margin"


@pytest.mark.parametrize(("margin", "oracle", "ask", "alice", "bob", "insurance"), MIRROR)
def test_a_short_is_the_mirror(
    margin: str, oracle: str, ask: str, alice: str, bob: str, insurance: str
) -> None:
    """LIQ-006, LIQ-017: the same for a short."""
    made = short_ten(page(), margin, oracle)
    if ask:
        made.trader("carol", "50000")
        made.play(f"carol sell {ask}")
    liquidate(made, "alice")
    made.play(f"alice has margin {alice}\nbob has margin {bob}")
    assert made.account("insurance").cash() == scaled("1000", 6) + scaled(insurance, 6)


def two_markets(margin: str, eth: str, btc: str) -> Scenario:
    """Alice is long 10 ETH from 2,000 and 1 BTC from 50,000 against bob."""
    rules = {**RULES, "oracle_jump_max": 10_000_000}
    made = Scenario(market("2000", **rules), market("50000", symbol="Y-USD", **rules), traders="")
    made.trader("bob", "100000")
    made.trader("alice", margin)
    for ident, price in enumerate(("2000", "50000")):
        made.oracle(price, ident)
        insure(made, "1000", ident)
    made.play("bob sell 10 @ 2000\nalice buy 10 @ 2000 ioc")
    made.play("bob sell 1 @ 50000 eth\nalice buy 1 @ 50000 ioc eth")
    made.oracle(eth, 0)
    made.oracle(btc, 1)
    return made


def test_the_largest_requirement_first() -> None:
    """LIQ-002, LIQ-016: 0.1 BTC suffices, ETH is not touched."""
    made = two_markets("7065", "1900", "47000")
    liquidate(made, "alice")
    said = only(made, mechanisms.Liquidating)
    assert (said.market, said.size, said.bankruptcy) == (1, 10**8, 43_935_000_000)
    assert (said.equity, said.maintenance) == (3_065_000_000, 3_300_000_000)
    made.play("alice has margin 6453.8, base 10")
    assert moved(made, codes.R_PENALTY) == 4_700_000


def test_an_insolvent_account_is_closed_everywhere() -> None:
    """LIQ-006, LIQ-016: the second bankruptcy price is found from what the first close left."""
    made = two_markets("7065", "1800", "44000")
    liquidate(made, "alice")
    closes = [e for e in made.found if isinstance(e, mechanisms.Liquidating)]
    assert [(e.market, e.bankruptcy) for e in closes] == [(1, 44_935_000_000), (0, 1_800_000_000)]
    made.play("alice has cash 0, base 0")
    assert moved(made, codes.R_BAD_DEBT) == 0


def test_negative_margin_is_not_bad_debt() -> None:
    """LIQ-010: equity counts, not margin."""
    made = page(oracle_jump_max=5_000_000)
    made.trader("alice", "550")
    made.trader("carol", "50000")
    # Alice realises a loss of 2,000 and holds a profit of 2,000.
    made.deposit("alice", "2000")
    made.play("bob sell 10 @ 2000\nalice buy 10 @ 2000 ioc\ncarol buy 5 @ 2200")
    made.deposit("alice", "550")
    account = made.account("alice")
    made.do(commands.Withdraw(account.ident, 0, 1_100_000_000, "w"), made.owner("alice"))
    made.oracle("2000")
    # 2,000 left: take 3,450 away as a loss would, so that margin is -1,450.
    taken = made.account("treasury")
    account.usd.add(-3_450_000_000)
    taken.usd.add(3_450_000_000)
    made.state.log.commit()
    made.oracle("2200")
    made.play("alice has equity 550")
    liquidate(made, "alice")
    made.play("alice has margin -461, equity 539, base 5")
    assert moved(made, codes.R_PENALTY) == 11_000_000
    assert moved(made, codes.R_BAD_DEBT) == 0


def test_strictly_below() -> None:
    """LIQ-001, LIQ-014: at the requirement nobody is liquidated; both numbers are said."""
    made = long_ten(page(), "2900", "1800")
    assert refused(made, "alice") == (codes.SUFFICIENT_COLLATERAL, 900_000_000, 900_000_000)
    made.oracle("1799.999999")
    liquidate(made, "alice")


def test_who_and_when_not() -> None:
    """LIQ-014: a switch, a halt, a pool, a stale price and one far from its average refuse."""
    made = long_ten(page(), "2180", "1800")
    assert made.refuse(commands.Liquidate(codes.TREASURY_ACCOUNT, -1), KEEPER)[0] == (
        codes.ACCOUNT_KIND
    )
    made.play("mode halted")
    assert refused(made, "alice") == (codes.MARKET_MODE, codes.HALTED, codes.HALTED)
    made.play("mode active")
    made.now += 10_000_000
    assert refused(made, "alice")[0] == codes.ORACLE_INVALID
    off = long_ten(page(liquidation=0), "2180", "1800")
    assert refused(off, "alice") == (codes.LIQUIDATION_OFF, 0, 0)
    far = long_ten(page(oracle_jump_max=5_000_000), "2180", "900")
    code, value, limit = refused(far, "alice")
    assert (code, limit) == (codes.PRICE_BANDS_BREACHED, 500_000)
    assert value >= limit


def test_everything_that_stands_is_cancelled_first() -> None:
    """LIQ-015: resting orders go, for the reason they go."""
    made = long_ten(page(), "2180", "2000")
    made.play("alice sell 1 @ 2900\nalice buy 0.001 @ 1100")
    made.oracle("1800")
    liquidate(made, "alice")
    gone = [e.reason for e in made.found if isinstance(e, events.OrderRemoved)]
    assert gone == [codes.DONE_LIQUIDATED] * 2
    made.play("alice has orders 0")


def test_the_keeper_gets_a_part_of_the_penalty() -> None:
    """LIQ-009, LIQ-020: at most a fifth, to the account the keeper names."""
    made = page(liquidation_keeper_share=200_000)
    made.do(commands.CreateAccount(KEEPER, -1, "keeper"), OPERATOR)
    keeper = len(made.state.accounts) - 1
    long_ten(made, "2180", "1800")
    liquidate(made, "alice", keeper)
    assert made.state.accounts[keeper].cash() == 2_880_000
    assert moved(made, codes.R_PENALTY) == 14_400_000


def test_chunks_wait_while_there_is_equity() -> None:
    """LIQ-005, LIQ-016: a third now, the next after the pause, all of it once equity is gone."""
    made = page(
        liquidation_chunk=330_000, liquidation_chunk_above=10**9, liquidation_chunk_ms=300_000
    )
    long_ten(made, "2180", "1800")
    liquidate(made, "alice")
    made.play("alice has base 6.7")
    made.now += 299_999
    made.oracle("1800")
    assert refused(made, "alice") == (codes.LIQUIDATION_WAIT, 299_999, 300_000)
    made.now += 1
    made.oracle("1800")
    liquidate(made, "alice")
    assert made.position("alice").base < 6_700_000_000
    made.oracle("1700")
    liquidate(made, "alice")
    made.play("alice has base 0, cash 0")


def test_chunk_of_a_broke_account_does_not_wait() -> None:
    """LIQ-016: the pause is over as soon as other people's money is at stake."""
    made = page(
        liquidation_chunk=330_000, liquidation_chunk_above=10**9, liquidation_chunk_ms=300_000
    )
    long_ten(made, "2180", "1800")
    liquidate(made, "alice")
    made.oracle("1700")
    assert only(made, events.OracleAccepted).price == 1_700_000_000
    liquidate(made, "alice")
    made.play("alice has base 0")


def test_a_house_round_liquidates_and_leaves_the_rest() -> None:
    """LIQ-028: a round goes on where the last one stopped; refusals leave no trace."""
    from plimsoll.core.handlers import liquidation

    made = long_ten(page(), "2180", "1800")
    txn = made.engine.txn
    txn.now = made.now
    made.state.log.begin()
    count = len(made.state.accounts)
    assert liquidation.any_due(made.state, made.now)
    assert liquidation.scan(txn, 3) == 3
    assert made.state.globals.scanned == 3
    assert made.position("alice").base == 10 * 10**9
    assert liquidation.scan(txn, 10 * count) == count
    assert made.position("alice").base == 2 * 10**9
    assert liquidation.scan(txn, 0) == 0
    made.state.log.commit()
    made.engine.drain()


def test_a_vamm_takes_what_the_book_leaves() -> None:
    """LIQ-017, LIQ-018: the vAMM is asked within the limit, nobody is deleveraged then."""
    made = page(vamm_enabled=1, vamm_peg=2_000_000_000, vamm_sqrt_k=10_000 * 10**9)
    long_ten(made, "2180", "1800")
    made.do(commands.Repeg(0, 1_800_000_000), OPERATOR)
    liquidate(made, "alice")
    assert [f.partition(" @")[0] for f in made.fills()] == ["8"]
    assert not [e for e in made.found if isinstance(e, mechanisms.Deleveraged)]
    assert moved(made, codes.R_PENALTY) == 14_400_000


def test_a_flat_account_that_owes_is_swept() -> None:
    """LIQ-022: nobody keeps a debt that no position will ever pay."""
    made = long_ten(page(), "2180", "1700")
    made.trader("carol", "50000")
    made.play("carol buy 10 @ 1700\nalice sell 10 @ 1700 ioc reduce\nalice has cash -820")
    liquidate(made, "alice")
    said = only(made, mechanisms.BadDebt)
    assert (said.loss, said.insurance, said.haircut, said.unpaid) == (820_000_000,) * 2 + (0, 0)
    ended = only(made, mechanisms.LiquidationEnded)
    assert (ended.equity, ended.reason) == (0, codes.DONE_BANKRUPT)
    made.play("alice has cash 0")


def test_what_insurance_lacks_is_cut_from_profits() -> None:
    """LIQ-011, LIQ-021, LIQ-022: insurance first, then winners of this market, to the unit."""
    made = long_ten(page(), "2180", "1700")
    made.trader("carol", "50000")
    made.play("carol buy 10 @ 1700\nalice sell 10 @ 1700 ioc reduce")
    spare = made.account("insurance")
    made.account("treasury").usd.add(spare.cash() - 20_000_000)
    spare.usd.add(20_000_000 - spare.cash())
    made.state.log.commit()
    liquidate(made, "alice")
    said = only(made, mechanisms.BadDebt)
    assert (said.insurance, said.haircut, said.unpaid) == (20_000_000, 800_000_000, 0)
    made.play("alice has cash 0\nbob has cash 29200, margin 10000, equity 12200")
    made.play("carol has margin 50000")


def test_one_profit_is_cut_only_once() -> None:
    """LIQ-021: what a haircut took is profit no more, so the next loss does not find it again."""
    made = page()
    spare = made.account("insurance")
    made.account("treasury").usd.add(spare.cash())
    spare.usd.add(-spare.cash())
    made.state.log.commit()
    for name in ("alice", "dora"):
        made.trader(name, "2180")
        made.play(f"bob sell 10 @ 2000\n{name} buy 10 @ 2000 ioc")
    made.oracle("1700")
    made.trader("carol", "50000")
    left = 6_000
    for name in ("alice", "dora"):
        made.play(f"carol buy 10 @ 1700\n{name} sell 10 @ 1700 ioc reduce")
        liquidate(made, name)
        assert moved(made, codes.R_HAIRCUT) == 820 * 10**6
        left -= 820
        made.play(f"bob has margin 10000, equity {10_000 + left}")
        row = made.state.position(made.account("bob"), 0)
        assert -20 * 1700 * 10**6 - row.entry_cost == left * 10**6
