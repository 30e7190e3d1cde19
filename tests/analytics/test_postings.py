"""Events as ledger lines: nothing is missing, nothing is told twice."""

from __future__ import annotations

from collections import Counter

import pytest

from plimsoll.analytics import Line, Pools, Postings, UnknownMarketError
from plimsoll.core.engine import Engine, genesis
from plimsoll.messages import codes, events
from tests.harness.commands_gen import Generator
from tests.harness.guard_gen import GuardGenerator
from tests.harness.mechanism_gen import MechanismGenerator
from tests.harness.scenario import Scenario
from tests.harness.vault_gen import VaultGenerator

Balances = Counter[tuple[int, int]]


def post(balances: Balances, line: Line) -> None:
    """Book one line."""
    balances[line.debit, line.asset] -= line.amount
    balances[line.credit, line.asset] += line.amount


def actual(engine: Engine) -> dict[tuple[int, int], int]:
    """Balances that are not zero."""
    return {
        (account.ident, row.asset): row.amount
        for account in engine.state.accounts
        for row in account.balances
        if row.amount
    }


def lines_rebuild_every_balance(generator: Generator | MechanismGenerator, count: int) -> set[int]:
    """Run so many commands, compare balances every hundred; the reasons that were met."""
    engine = Engine(genesis())
    postings = Postings()
    balances: Balances = Counter()
    reasons: Counter[int] = Counter()
    for seq in range(1, count + 1):
        stamped = generator.next()
        engine.apply(stamped.command, seq, stamped.now, stamped.principal)
        found = engine.drain()
        generator.learn(stamped.command, found)
        for line in postings.lines(found):
            assert line.amount > 0
            post(balances, line)
            reasons[line.reason] += 1
        if seq % 100 == 0:
            assert {key: value for key, value in balances.items() if value} == actual(engine)
    for asset in range(5):
        assert sum(value for (_, of), value in balances.items() if of == asset) == 0
    return set(reasons)


def test_lines_of_random_runs_rebuild_every_balance() -> None:
    """MONEY-003, MONEY-004: after every hundred commands, and in the end by every reason."""
    met = lines_rebuild_every_balance(Generator(5), 5_000)
    met |= lines_rebuild_every_balance(MechanismGenerator(5), 8_000)
    met |= lines_rebuild_every_balance(VaultGenerator(6), 8_000)
    met |= lines_rebuild_every_balance(GuardGenerator(7), 12_000)
    missing = {codes.REASONS[reason] for reason in set(codes.REASONS) - met}
    # A random market is hardly ever flat when funding falls due.
    assert missing <= {"funding_sweep"}


def lines_of(page: Scenario) -> list[tuple[str, str, int, str]]:
    """The lines of the last command, in words."""
    names = {ident: name for name, ident in page.accounts.items()}
    for name in ("vamm", "adjustments", "insurance", "funding", "treasury", "keepers", "vault"):
        names[page.account(name).ident] = name
    market = page.state.markets[0]
    pools = Pools(market.adjustments.ident, market.funding.ident, market.insurance.ident)
    return [
        (names[line.debit], names[line.credit], line.amount, codes.REASONS[line.reason])
        for line in Postings({0: pools}).lines(page.found)
    ]


FEES = {"taker_fee": 500, "maker_rebate": 100, "split_vault": 50_000, "split_insurance": 250_000}


@pytest.mark.parametrize(("taker", "buyer", "seller"), [("buy", "bob", "alice"),
                                                        ("sell", "alice", "bob")])  # fmt: skip
def test_a_fill_from_the_book(taker: str, buyer: str, seller: str) -> None:
    """FEE-003, FEE-005: bob takes from alice; the buyer pays the seller, bob pays the rest."""
    maker = "sell" if taker == "buy" else "buy"
    page = Scenario(**FEES).play(f"""
        alice  {maker} 10 @ 100
        bob    {taker} 10 @ 100
    """)
    assert lines_of(page) == [
        (buyer, seller, 1_000_000_000, "trade"),
        ("bob", "alice", 100_000, "maker_rebate"),
        ("bob", "insurance", 100_000, "fee_insurance"),
        ("bob", "adjustments", 60_000, "fee_adjustments"),
        ("bob", "funding", 40_000, "fee_funding"),
        ("bob", "keepers", 40_000, "fee_keepers"),
        ("bob", "treasury", 140_000, "fee_treasury"),
        ("bob", "vault", 20_000, "fee_vault"),
    ]


@pytest.mark.parametrize(("side", "limit"), [("buy", "105"), ("sell", "95")])
def test_a_fill_from_the_vamm(side: str, limit: str) -> None:
    """VAMM-012: its leg is the plain quote, the surplus is the taker's."""
    page = Scenario(vamm_enabled=1).play(f"alice {side} 1 @ {limit} ioc")
    (fill,) = [e for e in page.found if isinstance(e, events.Filled)]
    plain = 100_010_002 if side == "buy" else 99_990_001
    trade = ("alice", "vamm") if side == "buy" else ("vamm", "alice")
    assert lines_of(page) == [
        (*trade, plain, "trade"),
        ("alice", "adjustments", fill.surplus, "spread_surplus"),
    ]
    assert fill.surplus == abs(fill.quote - plain) > 0


def test_a_fill_of_a_market_nobody_told_of_is_refused() -> None:
    """A history that begins in the middle needs the pools; silence would lose money."""
    page = Scenario().play("""
        alice  sell 1 @ 100
        bob    buy  1 @ 100
    """)
    with pytest.raises(UnknownMarketError) as caught:
        list(Postings().lines(page.found))
    assert caught.value.market == 0


def test_events_that_move_nothing_make_no_line() -> None:
    """MONEY-001: orders, prices and refusals leave the ledger alone."""
    page = Scenario().play("alice buy 1 @ 90")
    assert lines_of(page) == []
    page.play("alice withdraw 5000 -> NOT_WITHDRAWABLE")
    assert lines_of(page) == []
