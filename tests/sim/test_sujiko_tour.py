"""The Sujiko tour: every chapter's events, the sums of money, and the same hash each time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from plimsoll.analytics.postings import Postings
from plimsoll.cli.main import cli
from plimsoll.core import health, repeg
from plimsoll.errors import ConfigError
from plimsoll.messages import codes
from plimsoll.messages.commands import CancelAll, CreatePrincipal
from plimsoll.messages.events import Filled, Rejected, Transferred
from plimsoll.messages.mechanisms import (
    AuctionEnded,
    AuctionOffered,
    AuctionStarted,
    BadDebt,
    Deleveraged,
    FundingUpdated,
    Liquidating,
    LiquidationEnded,
    MarketReleased,
    MarketRestricted,
    Repegged,
    RepegUnaffordable,
    TriggerFired,
)
from plimsoll.runtime import recovery
from plimsoll.runtime.inline import InlineExchange
from plimsoll.sim.scenarios import SCENARIOS, find
from plimsoll.sim.scenarios.language import Chapter, Scenario, does, holds, may_not, saw
from plimsoll.sim.scenarios.stage import Performance
from plimsoll.sim.scenarios.sujiko_stage import AVAX, BTC, ETH, SOL
from plimsoll.units import notional_floor
from tests.sim.tour_log import chapter, of, refusals

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "from plimsoll.cli import main; main()"
STEP = 1_000_000


@pytest.fixture(scope="module")
def played() -> Performance:
    """The tour, played to its end."""
    performance = Performance(find("sujiko-tour"), InlineExchange())
    performance.run()
    return performance


def test_every_expectation_of_every_chapter_is_met(played: Performance) -> None:
    """Twelve chapters, none with a failure, none without events but the last."""
    assert [result.failures for result in played.results] == [[] for _ in range(12)]
    assert all(result.events for result in played.results[:-1])
    assert played.met


def test_order_flow_is_book_then_auction_then_vamm(played: Performance) -> None:
    """One market order is filled 0.3 by the book, 0.4 in the auction and 0.3 by the vAMM."""
    result = chapter(played, 1)
    fills = of(result, Filled)
    assert [fill.source for fill in fills] == [codes.FROM_BOOK, codes.FROM_AUCTION, codes.FROM_VAMM]
    assert [fill.size for fill in fills] == [300 * STEP, 400 * STEP, 300 * STEP]
    (started,) = of(result, AuctionStarted)
    (ended,) = of(result, AuctionEnded)
    assert started.start == 60_000_000_000 < fills[1].price < started.end
    assert started.ends_ms - started.started_ms == 5_000
    assert ended.auction == started.auction == fills[2].taker_order
    assert (ended.filled, ended.remaining) == (1_000 * STEP, 0)
    times = {type(event): now for _, now, event in result.events}
    assert times[AuctionEnded] > started.ends_ms


def test_a_keeper_settles_the_limit_without_a_rebate(played: Performance) -> None:
    """The resting order pays its extra fee to the keeper; maker takes no rebate from the vAMM."""
    result = chapter(played, 2)
    (settled,) = of(result, Filled, source=codes.FROM_VAMM)
    kim = played.scene.account("kim")
    assert settled.maker_rebate == 0
    assert settled.keeper == kim
    (extra,) = of(result, Transferred, reason=codes.R_KEEPER_EXTRA)
    assert (extra.credit, extra.amount) == (kim, 1_000_000)
    assert refusals(result) == {
        "KEEPER_FEE_TOO_LARGE", "LIMIT_NOT_REACHED", "POST_ONLY_CROSSES", "FOK_NOT_FILLABLE",
        "OPEN_ORDERS_LIMIT",
    }  # fmt: skip
    assert [e.value for e in of(result, Rejected, code=codes.OPEN_ORDERS_LIMIT)] == [64]


def test_the_spread_skews_against_the_flow(played: Performance) -> None:
    """The steps' notes show the long spread growing with each purchase, the short one still."""
    quoted = [line.split() for line in chapter(played, 3).lines]
    long, short = ([float(words[at]) for words in quoted[:7]] for at in (2, 9))
    assert long == sorted(long)
    assert long[-1] > 4 * long[0]
    assert len(set(short)) == 1


def test_repegs_are_free_earning_unaffordable_and_paid(played: Performance) -> None:
    """In this order; the paid one costs what it was said to cost and comes from the pool."""
    result = chapter(played, 4)
    moves = of(result, Repegged, market=ETH)
    kinds = [move.outcome for move in moves if move.outcome != repeg.REVENUE or move.cost]
    assert [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] != kind][:3] == [
        repeg.FREE, repeg.REVENUE, repeg.PAID,
    ]  # fmt: skip
    (unpaid, *_) = of(result, RepegUnaffordable, market=ETH)
    assert unpaid.elapsed_ms > 10_800_000
    assert 60_000 < (unpaid.oracle - unpaid.mark) * 1_000_000 // unpaid.oracle < 70_000
    assert unpaid.cost > unpaid.budget > 0
    (paid,) = of(result, Repegged, outcome=repeg.PAID)
    assert paid.cause == codes.REPEG_EVENT
    assert paid.cost == unpaid.cost
    (payment,) = of(result, Transferred, reason=codes.R_REPEG_COST)
    assert payment.amount == paid.cost
    assert payment.market == ETH
    order = [type(event) for _, _, event in result.events]
    assert order.index(RepegUnaffordable) < max(
        at for at, kind in enumerate(order) if kind is Repegged
    )


def test_thirty_two_auctions_run_at_once(played: Performance) -> None:
    """28 of orders and 4 of liquidations live together; the 29th order finds no room."""
    result = chapter(played, 5)
    live: set[int] = set()
    most = 0
    for _, _, event in result.events:
        if isinstance(event, AuctionStarted):
            live.add(event.auction)
        elif isinstance(event, AuctionEnded):
            live.discard(event.auction)
        most = max(most, len(live))
    assert most == 32
    assert not live
    causes = Counter(event.cause for event in of(result, AuctionStarted))
    assert causes == {codes.OF_ORDER: 28, codes.OF_LIQUIDATION: 4}
    (full,) = of(result, Rejected, code=codes.AUCTIONS_FULL)
    assert (full.value, full.limit) == (28, 28)
    reasons = Counter(event.reason for event in of(result, AuctionEnded))
    assert reasons[codes.DONE_CANCELLED] == 1
    two = of(result, Filled, source=codes.FROM_AUCTION)
    assert len({fill.taker_order for fill in two}) == 1
    assert len({fill.maker for fill in two}) == 2
    assert len(of(result, AuctionOffered)) == 2


def test_triggers_fire_on_the_oracle(played: Performance) -> None:
    """The take profit fires above, the stop loss below its price; both close the position."""
    result = chapter(played, 6)
    profit, stop = of(result, TriggerFired)
    assert profit.oracle >= profit.trigger_price > stop.trigger_price >= stop.oracle
    assert refusals(result) == {"TRIGGER_NOT_REACHED"}
    sizes = {e.auction: e.size for e in of(result, AuctionStarted, cause=codes.OF_ORDER)}
    assert sizes == {profit.order: 400 * STEP, stop.order: 600 * STEP}


def test_funding_is_capped_and_goes_through_the_pool(played: Performance) -> None:
    """Longs pay on the hour, shorts get at most 0.1 % of the oracle, the pool the difference."""
    result = chapter(played, 7)
    booked = of(result, FundingUpdated, market=BTC)
    assert len(booked) == 2
    assert all(one.rate == one.rate_long > 0 for one in booked)
    capped = booked[-1]
    assert capped.rate_short == capped.oracle < capped.rate_long
    moved = {e.amount for e in of(result, Transferred, reason=codes.R_FUNDING_POOL, market=BTC)}
    assert moved >= {abs(one.pool) for one in booked}
    assert of(result, Transferred, reason=codes.R_FUNDING)


def test_restricted_mode_comes_and_goes(played: Performance) -> None:
    """25 % from the oracle restricts, an opening order is refused, a reduction passes."""
    result = chapter(played, 8)
    (breach,) = of(result, MarketRestricted, what=health.MARK_ORACLE)
    assert breach.market == ETH
    assert breach.value > breach.limit == 200_000
    kinds = [type(e) for _, _, e in result.events if getattr(e, "market", -1) == ETH]
    inside = kinds[kinds.index(MarketRestricted) : kinds.index(MarketReleased)]
    assert inside.count(Filled) == 1
    assert refusals(result) == {"MARKET_MODE"}
    (full,) = of(chapter(played, 9), MarketRestricted, market=SOL)
    assert full.what == health.IMBALANCE
    assert full.value >= full.limit == 800_000


def test_losses_fall_on_insurance_then_on_winners(played: Performance) -> None:
    """Auction and penalty; insurance for a bad debt; deleveraging; a haircut, insurance empty."""
    result = chapter(played, 10)
    order = [
        type(event)
        for _, _, event in result.events
        if isinstance(event, (AuctionStarted, BadDebt, Deleveraged, LiquidationEnded))
    ]
    assert order[0] is AuctionStarted
    insured, cut = of(result, BadDebt)
    assert insured.loss == insured.insurance
    assert cut.loss == cut.insurance + cut.haircut
    assert cut.haircut > 0 == cut.unpaid
    assert order.index(BadDebt) < order.index(Deleveraged)
    deleveraged, *at_the_oracle = of(result, Deleveraged)
    assert deleveraged.counterparty == played.scene.account("dan")
    assert {one.price for one in at_the_oracle} == {120_400_000}
    assert cut.account == played.scene.account("paul")
    (given,) = of(result, Transferred, reason=codes.R_HAIRCUT)
    assert (given.debit, given.amount) == (played.scene.account("alice"), cut.haircut)
    penalties = of(result, Transferred, reason=codes.R_PENALTY)
    rewards = of(result, Transferred, reason=codes.R_KEEPER_LIQUIDATION)
    assert len(penalties) >= 2
    assert 0 < 5 * sum(e.amount for e in rewards) <= sum(e.amount for e in penalties)
    worth = notional_floor(136_500_000, 100 * 10**9)
    assert penalties[0].amount == worth // 100
    assert played.scene.pool(SOL, "insurance") == 0
    assert played.scene.cash("lena") >= 0 == played.scene.cash("paul")


def test_the_vamm_is_deleveraged_with_the_price_that_needs_it(played: Performance) -> None:
    """All in the record of the oracle price: judged, closed against the winner, solvent after."""
    result = chapter(played, 11)
    (closing,) = of(result, Liquidating)
    (closed,) = of(result, Deleveraged)
    records = {
        seq for seq, _, e in result.events if isinstance(e, (Liquidating, Deleveraged))
    }  # fmt: skip
    assert len(records) == 1
    assert closed.counterparty == played.scene.account("bob")
    assert 0 <= closing.equity < closing.maintenance
    assert played.scene.vamm(AVAX)["equity"] >= 0


def test_balances_are_the_sums_of_their_ledger_lines(played: Performance) -> None:
    """Postings of all events rebuild every account's cash, and sum to zero."""
    books: Counter[int] = Counter()
    ledger = Postings()
    events = [*played.scene.opening, *(event for _, _, event in played.scene.log)]
    for line in ledger.lines(events):
        books[line.debit] -= line.amount
        books[line.credit] += line.amount
    for account in played.exchange.state.accounts:
        assert books[account.ident] == account.cash()
    assert sum(books.values()) == 0
    played.exchange.check()


def printed(*more: str) -> list[str]:
    """The lines of the command, in this process."""
    result = CliRunner().invoke(cli, ["up", "--scenario", "sujiko-tour", "--no-terminal", *more])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_hash_repeats_in_another_process_and_the_journal_verifies(
    played: Performance, tmp_path: Path
) -> None:
    """The last line is the state's hash, whatever the hash seed; a kept journal replays to it."""
    wanted = f"state_hash={played.exchange.state_hash()}"
    assert printed("--data-dir", str(tmp_path))[-1] == wanted
    assert recovery.verify(tmp_path).ok
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT / "src")}
    arguments = ["up", "--scenario", "sujiko-tour", "--no-terminal"]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == wanted


def test_list_names_the_scenarios() -> None:
    """``--scenario list`` names what there is; an unknown one is an error that names it too."""
    result = CliRunner().invoke(cli, ["up", "--scenario", "list"])
    assert [line.split()[0] for line in result.stdout.splitlines()] == sorted(SCENARIOS)
    wrong = CliRunner().invoke(cli, ["up", "--scenario", "nowhere", "--no-terminal"])
    assert wrong.exit_code == 2
    assert "sujiko-tour" in wrong.output
    with pytest.raises(ConfigError):
        find("nowhere")


def tiny(*steps: Any) -> Scenario:
    """A scenario of one chapter on the tour's markets."""
    whole = find("sujiko-tour")
    return Scenario(
        "tiny", "", whole.start_ms, whole.opening, whole.prices, whole.players,
        (Chapter("one", "", steps), Chapter("two", "", ())),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (does("x", "bob", lambda s: CancelAll(s.account("bob"), -1), saw(Filled)), "Filled"),
        (does("x", "bob", lambda s: [], holds("pigs fly", lambda s: False)), "pigs fly"),
        (does("x", "bob", lambda s: CreatePrincipal("y", 1)), "refused: NOT_ALLOWED"),
        (may_not("x", "bob", lambda s: CancelAll(s.account("bob"), -1), "NOT_OWNER"), "Rejected"),
        (does("x", "bob", lambda s: CancelAll(s.order("z"), -1)), "no order called 'z'"),
        (does("x", "nobody", lambda s: CancelAll(0, -1)), "nobody is called"),
    ],
)
def test_what_is_not_met_is_said(step: Any, said: str) -> None:
    """Each kind of expectation can fail, is reported in its chapter, and the run goes on."""
    performance = Performance(tiny(step), InlineExchange())
    assert not performance.run()
    (failure,) = performance.results[0].failures
    assert said in failure
    assert performance.results[1].met
