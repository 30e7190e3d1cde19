"""The vault tour: what its events say, whatever the scenario itself expects of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from plimsoll.cli.main import cli
from plimsoll.messages import codes
from plimsoll.messages.events import (
    Event,
    Filled,
    OracleAccepted,
    Rejected,
    Transferred,
    UnlockPaid,
    UnlockQueued,
    VaultDeposited,
    VaultOpened,
    VaultQuoted,
    VaultShut,
    VaultSnapshot,
    VaultWithdrawn,
)
from plimsoll.runtime import recovery
from plimsoll.sim.scenarios.stage import Performance
from tests.sim.tour_log import chapter, of, refusals
from tests.sim.vault_log import (
    BASE_ETH,
    BASE_SOL,
    COIN,
    ETH,
    PASSIVE,
    QUOTE_ETH,
    SOL,
    USD,
    Replayed,
    holder,
    play,
)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "from plimsoll.cli import main; main()"
VIRTUAL = 10**6
DAY = 86_400_000


@pytest.fixture(scope="module")
def played() -> Performance:
    """The tour, played to its end."""
    return play()


def test_every_expectation_of_every_chapter_is_met(played: Performance) -> None:
    """Seventeen chapters, none with a failure, none without events but the last."""
    assert [result.failures for result in played.results] == [[] for _ in range(17)]
    assert all(result.events for result in played.results[:-1])
    assert played.met


def test_shares_and_values_follow_the_formulas(played: Performance) -> None:
    """Every deposit into and exit from every vault, recomputed: SHARE-002, SHARE-003."""
    supply: Counter[int] = Counter()
    kinds: Counter[tuple[int, bool]] = Counter()
    for _, _, one in played.scene.log:
        if isinstance(one, VaultDeposited):
            minted = one.amount * (supply[one.vault] + VIRTUAL) // (one.assets + VIRTUAL)
            assert one.shares == minted
            supply[one.vault] += minted
        elif isinstance(one, VaultWithdrawn):
            value = one.shares * (one.assets + VIRTUAL) // (supply[one.vault] + VIRTUAL)
            assert one.value == min(value, one.assets)
            supply[one.vault] -= one.shares
        else:
            continue
        assert one.supply == supply[one.vault]
        kinds[one.vault, isinstance(one, VaultDeposited)] += 1
    assert set(kinds) >= {
        (vault, joined) for vault in (PASSIVE, BASE_ETH, QUOTE_ETH) for joined in (True, False)
    }
    assert kinds[BASE_SOL, True] == 1


def test_the_first_depositor_loses_what_it_gives(played: Performance) -> None:
    """Mallory's one share is worth a ten-thousandth of the fees it sent to the vault at most."""
    result = chapter(played, 2)
    given = sum(fill.fee_vault for fill in of(result, Filled))
    first, second = of(result, VaultDeposited)
    assert (first.amount, first.shares) == (1, 1)
    assert given >= 40 * USD
    assert second.assets == given + 1
    after = second.assets + second.amount + VIRTUAL
    total = second.supply + VIRTUAL
    assert 10_000 * (after // total) < given
    assert second.amount - second.shares * after // total < USD // 100


def test_the_vault_quotes_every_market_and_keeps_the_spread(played: Performance) -> None:
    """Half a spread on either side of the oracle; bought at 2,997 what was sold at 3,003."""
    result = chapter(played, 3)
    spreads = {}
    for one in of(result, VaultQuoted):
        oracle = {0: 60_000 * USD, ETH: 3_000 * USD, SOL: 150 * USD}[one.market]
        assert oracle - one.bid == one.ask - oracle
        spreads[one.market] = (one.ask - oracle) * 1_000_000 // oracle
    assert spreads == {0: 500, ETH: 1_000, SOL: 2_000}
    sold, bought = of(result, Filled)
    vault = holder(played, PASSIVE)
    assert sold.maker == bought.maker == vault
    assert sold.quote - bought.quote == 12 * USD
    assert sold.maker_rebate == bought.maker_rebate == 0


def test_prices_and_new_quotes_are_one_record(played: Performance) -> None:
    """Each record of prices has the quotes that follow from it, and nobody fills in between."""
    result = chapter(played, 4)
    assert not of(result, Filled)
    by_record: dict[int, list[Event]] = {}
    for seq, _, event in result.events:
        by_record.setdefault(seq, []).append(event)
    priced = [
        found for found in by_record.values() if any(isinstance(e, OracleAccepted) for e in found)
    ]
    assert len(priced) == 3
    for found in priced:
        prices = {e.market: e.price for e in found if isinstance(e, OracleAccepted)}
        quotes = {e.market: e for e in found if isinstance(e, VaultQuoted)}
        assert set(quotes) == set(prices) == {0, ETH, SOL}
        assert all(quotes[at].bid < prices[at] < quotes[at].ask for at in prices)
        first = min(at for at, e in enumerate(found) if isinstance(e, VaultQuoted))
        assert all(isinstance(e, VaultQuoted) for e in found[first:])
    asks = [e.ask for found in priced for e in found if getattr(e, "market", 0) == ETH
            and isinstance(e, VaultQuoted)]  # fmt: skip
    assert asks == [3_003 * USD, 3_033_030_000, 3_003 * USD]


def test_inventory_skews_sizes_and_prices(played: Performance) -> None:
    """At s of the full skew: sizes 2·(1 ∓ s/2), spreads 10 bp·(1 ± 0.3·s), on the grid."""
    quoted = of(chapter(played, 5), VaultQuoted, market=ETH)
    held = 0
    seen = set()
    vault = holder(played, PASSIVE)
    for _, _, event in chapter(played, 5).events:
        if isinstance(event, Filled) and event.maker == vault:
            held += event.size if event.side == codes.SELL else -event.size
        elif isinstance(event, VaultQuoted) and event.market == ETH:
            skew = held / (4 * COIN)
            seen.add(skew)
            assert event.bid_size == 2 * COIN * (1 - skew / 2)
            assert event.ask_size == 2 * COIN * (1 + skew / 2)
            assert 0 <= 3_000 * USD * (1 - 0.001 * (1 + 0.3 * skew)) - event.bid < 10_000 + 1
            assert 0 <= event.ask - 3_000 * USD * (1 + 0.001 * (1 - 0.3 * skew)) < 10_000 + 1
    assert len(quoted) == 3
    assert seen == {0.0, 0.5, -0.125}


def test_unlocks_wait_for_their_own_day(played: Performance) -> None:
    """Each is due 24 hours after it was asked for, paid by the first work after that, in full."""
    result = chapter(played, 14)
    asked = {
        event.unlock: (now, event) for _, now, event in result.events
        if isinstance(event, UnlockQueued)
    }  # fmt: skip
    paid = {
        event.unlock: (now, event) for _, now, event in result.events
        if isinstance(event, UnlockPaid)
    }  # fmt: skip
    assert list(asked) == list(paid)
    assert len(asked) == 2
    for ident, (then, queued) in asked.items():
        now, payment = paid[ident]
        assert queued.due_ms == then + DAY <= now < then + DAY + 600_000
        assert (payment.paid, payment.cut) == (queued.value, 0)
    assert refusals(result) == {"UNLOCKS_FULL", "UNLOCK_NOT_DUE"}
    moved = of(result, Transferred, reason=codes.R_UNLOCK_PAID)
    assert {one.credit for one in moved} == {played.scene.account("lucy")}


def test_each_vault_leaves_one_snapshot_a_day(played: Performance) -> None:
    """With the first prices of a day: at the opening, and after midnight."""
    opened = [e for e in played.scene.opening if isinstance(e, VaultSnapshot)]
    later = [(now, e) for _, now, e in played.scene.log if isinstance(e, VaultSnapshot)]
    assert [e.vault for e in opened] == [e.vault for _, e in later] == list(range(4))
    first = min(now for _, now, e in played.scene.log
                if isinstance(e, OracleAccepted) and now >= later[0][1].day * DAY)  # fmt: skip
    assert {now for now, _ in later} == {first}
    assert {e.day for _, e in later} == {opened[0].day + 1}


def test_a_loss_before_maturity_cuts_the_unlock(played: Performance) -> None:
    """What is cut goes back to the vault; paid and cut are what was asked for."""
    result = chapter(played, 15)
    (queued,) = of(result, UnlockQueued)
    (payment,) = of(result, UnlockPaid)
    assert payment.paid + payment.cut == queued.value
    assert 0 < payment.cut < queued.value // 10
    (back,) = of(result, Transferred, reason=codes.R_UNLOCK_CUT)
    assert (back.credit, back.amount) == (holder(played, PASSIVE), payment.cut)


def test_a_vault_worth_nothing_refuses_both_ways_until_it_is_worth_something(
    played: Performance,
) -> None:
    """Shut and opened by prices; between them no quotes, no deposit, no exit."""
    result = chapter(played, 16)
    told = (VaultShut, VaultOpened, Rejected, VaultDeposited)
    story = [event for _, _, event in result.events if isinstance(event, told)]
    assert [type(event) for event in story] == [
        VaultDeposited, Rejected, VaultShut, Rejected, Rejected, VaultOpened, VaultDeposited,
    ]  # fmt: skip
    refused = [event.code for event in story if isinstance(event, Rejected)]
    assert refused == [codes.VAULT_MARGIN, codes.VAULT_SHUT, codes.VAULT_SHUT]
    (shut,) = of(result, VaultShut)
    (opened,) = of(result, VaultOpened)
    assert shut.assets + VIRTUAL <= 0 < opened.assets
    at = next(at for at, (_, _, e) in enumerate(result.events) if e is shut)
    until = next(at for at, (_, _, e) in enumerate(result.events) if e is opened)
    sizes = [(e.bid_size, e.ask_size) for _, _, e in result.events[at:until]
             if isinstance(e, VaultQuoted)]  # fmt: skip
    assert sizes == [(0, 0)]


def test_balances_are_the_sums_of_their_ledger_lines(played: Performance) -> None:
    """Postings of all events rebuild every balance in every asset, and sum to zero."""
    replayed = Replayed(played)
    replayed.take([event for _, _, event in played.scene.log])
    for account in played.exchange.state.accounts:
        for row in account.balances:
            assert replayed.books[account.ident, row.asset] == row.amount
    for asset in range(3):
        assert sum(amount for (_, at), amount in replayed.books.items() if at == asset) == 0
    played.exchange.check()


def test_hash_repeats_in_another_process_and_the_journal_verifies(
    played: Performance, tmp_path: Path
) -> None:
    """The last line is the state's hash, whatever the hash seed; a kept journal replays to it."""
    wanted = f"state_hash={played.exchange.state_hash()}"
    arguments = ["up", "--scenario", "vault-tour", "--no-terminal"]
    result = CliRunner().invoke(cli, [*arguments, "--data-dir", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == wanted
    assert recovery.verify(tmp_path).ok
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == wanted
