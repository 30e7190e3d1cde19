"""The PnL of random histories, made again from their event logs; and that the judge is awake."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from plimsoll.analytics import attribution
from plimsoll.analytics.attribution import Attribution
from plimsoll.analytics.causes import FEES, FLOWS, FUNDING, HEDGE_SLIPPAGE, INVENTORY, SPREAD
from plimsoll.messages import codes, events
from tests import vault_pnl
from tests.harness import pnl_history
from tests.harness.pnl_history import History, Unequal, Unexplained
from tests.harness.pnl_tally import OPENED, Row, Tally

COUNT = 900
HEDGES, COMMANDS = 8, 11
"""Seeds: hedges alone, and a bit of everything."""


@pytest.mark.parametrize("seed", [HEDGES, 2 * HEDGES, COMMANDS, COMMANDS + 1])
def test_the_log_alone_says_the_same(seed: int) -> None:
    """PNL-002, PNL-008: worth and causes of every source, at the end and on the way, in the core,
    in the attribution that was dumped and loaded there, and from the rows."""
    history = pnl_history.make(seed, COUNT)
    pnl_history.compare(history)
    assert len(history.log) >= COUNT
    assert len({noted.at for noted in history.noted}) == pnl_history.PLACES + 1


def test_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """PNL-002: as CI calls it, only shorter: totals by cause, and what never occurred."""
    vault_pnl.main(["--seed", "3", "--histories", "4", "--commands", "600"])
    report = capsys.readouterr().out
    assert "4 histories" in report
    assert all(cause in report for cause in vault_pnl.CAUSES)


def test_a_run_that_tests_nothing_fails() -> None:
    """PNL-002: a cause that never occurred is missed, and one that cannot be is noticed."""
    musts = sum(len(names) for names in vault_pnl.MUST.values())
    assert len(vault_pnl.problems(Counter())) == musts
    seen = Counter({(kind, name): 1 for kind in vault_pnl.MUST for name in vault_pnl.CAUSES})
    never = sum(len(names) for names in vault_pnl.NEVER.values())
    assert len(vault_pnl.problems(seen)) == never
    for kind, names in vault_pnl.MUST.items():
        assert sorted((*names, *vault_pnl.NEVER[kind])) == sorted(vault_pnl.CAUSES)


# Planted: in the attribution ----------------------------------------------------------------------


class HedgesAreSpread(Attribution):
    """A wrong cause, which no sum shows."""

    def _pay(self, source: Any, e: Any, cause: str, amount: int) -> None:
        super()._pay(source, e, SPREAD if cause == HEDGE_SLIPPAGE else cause, amount)


class MissesAUnit(Attribution):
    """A unit too little with every price, in its own sum as well."""

    def _on_oracle(self, e: events.OracleAccepted) -> None:
        super()._on_oracle(e)
        for source in self._sources.values():
            if source.positions:
                source.cash -= 1
                source.book(INVENTORY, -1)


class BooksAUnitTwice(Attribution):
    """A cause that does not sum to the worth."""

    def _on_deposited(self, e: events.VaultDeposited) -> None:
        super()._on_deposited(e)
        self._sources[f"vault:{e.vault}"].book(FEES, 1)


class RoundsElsewhere(Attribution):
    """The unit that a price rounds away is called spread."""

    def _on_oracle(self, e: events.OracleAccepted) -> None:
        super()._on_oracle(e)
        for source in self._sources.values():
            if e.market in source.positions:
                source.book(INVENTORY, 1)
                source.book(SPREAD, -1)


class KeepsNoFee(Attribution):
    """The fee of who leaves is forgotten."""

    def _on_withdrawn(self, e: events.VaultWithdrawn) -> None:
        self._sources[f"vault:{e.vault}"].supply = e.supply


class SettlesNothing(Attribution):
    """What was due is due again after it was paid."""

    def _settle(self, source: Any, ident: int) -> None:
        return


class ForgetsMarks(Attribution):
    """A dump without the marks of funding."""

    def dump(self) -> list[Any]:
        dumped = super().dump()
        for row in dumped[5]:
            row[11] = [[ident, base, 0] for ident, base, _ in row[11]]
        return dumped


class FundingIsAFlow(Attribution):
    """Funding is taken for money that somebody brought."""

    def _on_funding(self, e: events.FundingUpdated) -> None:
        before = {name: source.booked[FUNDING] for name, source in self._sources.items()}
        super()._on_funding(e)
        for name, source in self._sources.items():
            moved = source.booked[FUNDING] - before[name]
            source.book(FUNDING, -moved)
            source.book(FLOWS, moved)


@pytest.mark.parametrize(
    ("reader", "seed", "words"),
    [
        (HedgesAreSpread, HEDGES, "spread is"),
        (MissesAUnit, HEDGES, "the core has"),
        (BooksAUnitTwice, HEDGES, "booked"),
        (RoundsElsewhere, COMMANDS, "spread is"),
        (KeepsNoFee, COMMANDS, "flows is"),
        (SettlesNothing, HEDGES, "spread is|is worth|the core has"),
        (ForgetsMarks, HEDGES, "is worth|the core has|booked"),
        (FundingIsAFlow, HEDGES, "flows is"),
    ],
)
def test_a_fault_of_the_attribution_is_noticed(
    reader: type[Attribution], seed: int, words: str
) -> None:
    """PNL-002: a wrong cause by the tally, a wrong worth by the core, a wrong sum by both."""
    with pytest.raises(Unequal, match=words):
        pnl_history.compare(pnl_history.make(seed, COUNT, reader))


def test_losses_of_others_that_are_called_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """PNL-005: a deleveraged vault or vAMM did not earn a spread."""
    monkeypatch.setattr(attribution, "cause_of_trade", lambda _: SPREAD)
    made = (pnl_history.make(seed, 3 * COUNT) for seed in range(COMMANDS, COMMANDS + 5))
    noticed = 0
    for history in made:
        try:
            pnl_history.compare(history)
        except Unequal as problem:
            assert "spread is" in str(problem)
            noticed += 1
    assert noticed


# Planted: in the log ------------------------------------------------------------------------------


def history_without(tag: int, reason: int = -1) -> History:
    """A history in whose log the second half has no event of a kind any more."""
    history = pnl_history.make(HEDGES, COUNT, places=COUNT // 4)
    vaults = {row[4] for _, rows in history.rows() for row in rows if row[0] == OPENED}

    def is_meant(row: Row) -> bool:
        """A transfer is, if it is of a vault and has the reason."""
        if row[0] != tag or reason < 0:
            return bool(row[0] == tag)
        return row[5] == reason and bool(vaults & {row[1], row[2]})

    left = 0
    for at in range(len(history.log) // 2, len(history.log)):
        ts, told = history.log[at]
        rows: list[Row] = msgspec.msgpack.decode(told)
        kept = [row for row in rows if not is_meant(row)]
        left += len(rows) - len(kept)
        history.log[at] = (ts, msgspec.msgpack.encode(kept))
    assert left, "there is none"
    return history


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        (events.OracleAccepted.TAG, -1),
        (events.FundingUpdated.TAG, -1),
        (events.Transferred.TAG, codes.R_FUNDING),
        (events.Transferred.TAG, codes.R_SPOT_HEDGE),
        (events.Transferred.TAG, codes.R_VAULT_WITHDRAWAL),
    ],
)
def test_events_that_are_missing_are_noticed(tag: int, reason: int) -> None:
    """PNL-008: the log is all there is, and every line of it counts."""
    history = history_without(tag, reason)
    with pytest.raises((Unequal, Unexplained)):
        pnl_history.compare(history)


def test_money_without_a_cause_is_noticed() -> None:
    """PNL-003: the tally has a table of its own, with no place for the rest."""
    opened = [60, 0, 0, -1, 3, 4, "p"]
    tally = Tally([(0, [opened, [9, 7, 3, 0, 5, codes.R_TRANSFER, -1]])])
    with pytest.raises(Unexplained, match="reason 3"):
        tally.follow(1)
